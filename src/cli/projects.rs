//! The projects that a command speaks of: where they are, what configures them, and what of them is read.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Fallible, complain};
use crate::config::{Config, FILE_NAME};
use crate::discover::{self, Caps, Disk, Problem, Project, Root};
use crate::models::ModelSet;
use crate::rules;
use crate::suppress::baseline::Baseline;
use crate::workspace::{Workspace, models};

/// The name of the file of the baseline, beside the configuration, where that names no other.
pub(super) const BASELINE: &str = "ffilint-baseline.txt";

/// A larger file is no baseline.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

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
        let config = configuration(&disk, &root, isolated)?;
        tell_warnings(&config);
        let project = discover::read_from(&disk, &root, cwd, &config, &Caps::default());
        // A file of models may be called like a configuration.
        let models = config.models.files.iter().map(|(name, _)| discover::normalize(&root.folder.join(name)));
        let models: Vec<PathBuf> = models.collect();
        let is_project = |inner: &Root| !models.contains(&inner.folder.join(FILE_NAME));
        let inside = root.inside(&project).into_iter().filter(is_project);
        waiting.extend(inside.map(|inner| (inner, disk.clone())));
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

pub(super) fn configuration(disk: &Disk, root: &Root, isolated: bool) -> Fallible<Config> {
    match isolated {
        true => Ok(Config::default()),
        false => {
            let found = Config::find(disk, &root.folder, &root.named, &rules::names());
            let config = found.map_err(|error| error.to_string())?;
            models::check_entries(&config.models).map_err(|error| error.to_string())?;
            Ok(config)
        }
    }
}

/// What is to be checked, and the models to check it with.
pub(super) fn workspace(project: Project, baseline: Option<ReadBaseline>) -> (Workspace, &'static ModelSet) {
    // Where nothing touches native memory, nobody asks what calls do to it.
    let asks = !project.files.is_empty() || !project.models.texts.is_empty();
    let models = if asks { ModelSet::builtin() } else { ModelSet::empty() };
    let workspace = Workspace::new(project);
    let workspace = match baseline {
        Some(read) => workspace.with_baseline(read.baseline, read.path, read.text),
        None => workspace,
    };
    (workspace, models)
}

/// A baseline and the file it stands in.
#[derive(Clone)]
pub(super) struct ReadBaseline {
    pub(super) baseline: Baseline,
    /// As reports show it.
    path: Arc<str>,
    pub(super) text: Arc<str>,
}

/// Where the baseline of a project is.
pub(super) fn baseline_path(root: &Root, config: &Config, named: Option<&Path>) -> PathBuf {
    match (named, &config.baseline) {
        (Some(named), _) => named.to_path_buf(),
        (None, Some(path)) => root.folder.join(path),
        (None, None) => root.folder.join(BASELINE),
    }
}

/// Reads a baseline; nothing where there is no such file.
pub(super) fn read_baseline(disk: &Disk, path: &Path, cwd: &Path) -> Fallible<Option<ReadBaseline>> {
    let fail = |why: &str| format!("cannot read {}: {why}", path.display());
    // It may be a link, wherever that leads.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let text = match disk.read_bytes_up_to(&real, MOST_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| fail("not UTF-8"))?,
        Err(reason) if reason == discover::MISSING => return Ok(None),
        Err(reason) => return Err(fail(&reason)),
    };
    let baseline = Baseline::parse(&text).map_err(|(line, message)| format!("{}:{line}: {message}", path.display()))?;
    let shown = real.strip_prefix(cwd).map_or(path, |below| below).display().to_string().replace('\\', "/");
    Ok(Some(ReadBaseline { baseline, path: shown.into(), text: text.into() }))
}
