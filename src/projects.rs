//! Projects as every driver has them: what configures them, what lies in them, their baseline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, ConfigError, FILE_NAME};
use crate::discover::{self, Disk, Project, Root};
use crate::models::ModelSet;
use crate::rules;
use crate::suppress::baseline::Baseline;
use crate::workspace::{Workspace, models};

/// What to tell the person.
type Fallible<T> = Result<T, String>;

/// The name of the file of the baseline, beside the configuration, where that names no other.
pub(crate) const BASELINE: &str = "ffilint-baseline.txt";

/// A larger file is no baseline.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The projects that lie in one. A file of models may be called like a configuration: that makes no project.
pub(crate) fn inside(root: &Root, config: &Config, project: &Project) -> Vec<Root> {
    let models = config.models.files.iter().map(|(name, _)| discover::normalize(&root.folder.join(name)));
    let models: Vec<PathBuf> = models.collect();
    root.inside(project).into_iter().filter(|inner| !models.contains(&inner.folder.join(FILE_NAME))).collect()
}

pub(crate) fn configuration(disk: &Disk, root: &Root, isolated: bool) -> Result<Config, ConfigError> {
    if isolated {
        return Ok(Config::default());
    }
    let config = Config::find(disk, &root.folder, &root.named, &rules::names())?;
    models::check_entries(&config.models)?;
    Ok(config)
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
    pub(crate) text: Arc<str>,
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
