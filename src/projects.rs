//! The projects that a command speaks of: where they are, what configures them, and what of them is read.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, FILE_NAME};
use crate::discover::{self, Caps, Disk, Problem, Project, Root};
use crate::models::ModelSet;
use crate::rules;
use crate::suppress::baseline::Baseline;
use crate::workspace::Workspace;

/// What to tell the person.
type Fallible<T> = Result<T, String>;

/// The name of the file of the baseline, beside the configuration, where that names no other.
pub(crate) const BASELINE: &str = "ffilint-baseline.txt";

/// A larger file is no baseline.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A project that was read, and what it was read with.
pub(crate) struct Opened {
    pub(crate) root: Root,
    pub(crate) disk: Disk,
    pub(crate) config: Config,
    pub(crate) project: Project,
}

/// The projects around the named paths and those that lie in them, read from the disk, and the paths that cannot be.
pub(crate) fn read(cwd: &Path, paths: &[PathBuf], isolated: bool) -> Fallible<(Vec<Opened>, Vec<Problem>)> {
    let (roots, missing) = discover::roots(cwd, paths);
    let roots = roots.into_iter().map(|root| (root, Disk::default())).collect();
    Ok((read_all(roots, cwd, isolated)?, missing))
}

/// Reads projects and those that lie in them. All are read before anything is done with one: what is wrong with the
/// configuration of one leaves the others as they are.
pub(crate) fn read_all(roots: Vec<(Root, Disk)>, cwd: &Path, isolated: bool) -> Fallible<Vec<Opened>> {
    let mut waiting = VecDeque::from(roots);
    let mut all: Vec<Opened> = Vec::new();
    while let Some((root, disk)) = waiting.pop_front() {
        if all.iter().any(|other| other.root.folder == root.folder) {
            continue;
        }
        let config = configuration(&disk, &root, isolated)?;
        let project = discover::read_from(&disk, &root, cwd, &config, &Caps::default());
        let inside = inside(&root, &config, &project);
        waiting.extend(inside.into_iter().map(|inner| (inner, disk.clone())));
        all.push(Opened { root, disk, config, project });
    }
    all.sort_by(|a, b| a.root.folder.cmp(&b.root.folder));
    Ok(all)
}

/// The projects that lie in one. A file of models may be called like a configuration: that makes no project.
pub(crate) fn inside(root: &Root, config: &Config, project: &Project) -> Vec<Root> {
    let models = config.models.files.iter().map(|(name, _)| discover::normalize(&root.folder.join(name)));
    let models: Vec<PathBuf> = models.collect();
    root.inside(project).into_iter().filter(|inner| !models.contains(&inner.folder.join(FILE_NAME))).collect()
}

pub(crate) fn working_directory() -> Fallible<PathBuf> {
    let cwd = std::env::current_dir().and_then(|cwd| cwd.canonicalize());
    cwd.map_err(|error| format!("cannot find the working directory: {error}"))
}

pub(crate) fn configuration(disk: &Disk, root: &Root, isolated: bool) -> Fallible<Config> {
    match isolated {
        true => Ok(Config::default()),
        false => {
            let found = Config::find(disk, &root.folder, &root.named, &rules::names());
            found.map_err(|error| error.to_string())
        }
    }
}

/// What is to be checked, and the models to check it with.
pub(crate) fn workspace(project: Project, baseline: Option<ReadBaseline>) -> (Workspace, &'static ModelSet) {
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
pub(crate) struct ReadBaseline {
    pub(crate) baseline: Baseline,
    /// As reports show it.
    path: Arc<str>,
    text: Arc<str>,
}

/// Where the baseline of a project is.
pub(crate) fn baseline_path(root: &Root, config: &Config, named: Option<&Path>) -> PathBuf {
    match (named, &config.baseline) {
        (Some(named), _) => named.to_path_buf(),
        (None, Some(path)) => root.folder.join(path),
        (None, None) => root.folder.join(BASELINE),
    }
}

/// Reads a baseline; nothing where there is no such file.
pub(crate) fn read_baseline(disk: &Disk, path: &Path, cwd: &Path) -> Fallible<Option<ReadBaseline>> {
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
