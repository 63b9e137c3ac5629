//! The projects that a command speaks of, and what of them is read.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::{Fallible, complain};
use crate::config::Config;
use crate::discover::{self, Caps, Disk, Problem, Project, Root};
use crate::projects::{configuration, inside};

/// A project that was read, and what it was read with.
pub(super) struct Opened {
    pub(super) root: Root,
    pub(super) disk: Disk,
    pub(super) config: Config,
    pub(super) project: Project,
}

/// The projects around the named paths and those that lie in them, read from the disk, and the paths that cannot be.
pub(super) fn read(cwd: &Path, paths: &[PathBuf], isolated: bool) -> Fallible<(Vec<Opened>, Vec<Problem>)> {
    let (roots, missing) = discover::roots(cwd, paths);
    let roots = roots.into_iter().map(|root| (root, Disk::default())).collect();
    Ok((read_all(roots, cwd, isolated)?, missing))
}

/// Reads projects and those that lie in them. All are read before anything is done with one: what is wrong with the
/// configuration of one leaves the others as they are.
pub(super) fn read_all(roots: Vec<(Root, Disk)>, cwd: &Path, isolated: bool) -> Fallible<Vec<Opened>> {
    let mut waiting = VecDeque::from(roots);
    let mut all: Vec<Opened> = Vec::new();
    while let Some((root, disk)) = waiting.pop_front() {
        if all.iter().any(|other| other.root.folder == root.folder) {
            continue;
        }
        let config = configuration(&disk, &root, isolated).map_err(|error| error.to_string())?;
        tell_warnings(&config);
        let project = discover::read_from(&disk, &root, cwd, &config, &Caps::default());
        let inside = inside(&root, &config, &project);
        waiting.extend(inside.into_iter().map(|inner| (inner, disk.clone())));
        all.push(Opened { root, disk, config, project });
    }
    all.sort_by(|a, b| a.root.folder.cmp(&b.root.folder));
    Ok(all)
}

/// Says what in a configuration could not be read and is gone without.
pub(super) fn tell_warnings(config: &Config) {
    for (path, reason) in &config.warnings {
        complain(&format!("{}: {reason}", path.display()));
    }
}

pub(super) fn working_directory() -> Fallible<PathBuf> {
    let cwd = std::env::current_dir().and_then(|cwd| cwd.canonicalize());
    cwd.map_err(|error| format!("cannot find the working directory: {error}"))
}
