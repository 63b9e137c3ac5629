//! The model files that a project names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::NOT_A_FILE;
use super::{Disk, MISSING, normalize, shown};
use crate::config::{self, ModelSources};
use crate::source::LineIndex;

/// The models that a project brings, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFiles {
    /// The configuration, where it says anything of models, then the files it names, in that order.
    pub texts: Vec<ModelText>,
    /// Names of methods by which the owner of an object is done with it, as the configuration says.
    pub dispose: Vec<String>,
}

/// A file with models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelText {
    /// Its path relative to the working directory, with `/`.
    pub path: Arc<str>,
    /// Its path relative to the project's folder, with `/`.
    pub key: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// It is the configuration.
    pub is_config: bool,
    /// Whether models stand in it: not in a configuration that is YAML, which names files of them.
    pub has_entries: bool,
}

/// What is wrong with the model files that a configuration names: the file that names the first of them, the line, from 1,
/// and why.
pub(crate) fn first_fault(disk: &Disk, sources: &ModelSources, folder: &Path) -> Option<(PathBuf, u32, String)> {
    let (path, text) = sources.config.as_ref()?;
    let mut known = vec![path.clone()];
    for (written, span) in &sources.files {
        let named = file(path, written, folder);
        let wrong = match read_file(disk, &named, written) {
            _ if known.contains(&named) => format!("`{}` is named twice among the model files", config::short(written)),
            Ok(_) => {
                known.push(named);
                continue;
            }
            Err(message) => message,
        };
        let at = u32::try_from(span.start).unwrap_or(u32::MAX);
        return Some((path.clone(), LineIndex::new(text).line(at) + 1, wrong));
    }
    None
}

/// The file that a configuration names.
fn file(config: &Path, written: &str, folder: &Path) -> PathBuf {
    normalize(&config.parent().unwrap_or(folder).join(written))
}

/// Reads the files that a configuration names; their paths count from its folder. What cannot be read was told with the
/// configuration.
pub(super) fn read(disk: &Disk, sources: &ModelSources, folder: &Path, cwd: &Path) -> ModelFiles {
    let mut files = ModelFiles::default();
    let Some((path, text)) = &sources.config else { return files };
    let model_text = |path: &Path, text: Arc<str>| {
        let (key, path) = (shown(path, folder).into(), shown(path, cwd).into());
        ModelText { path, key, text, is_config: false, has_entries: true }
    };
    let (is_config, has_entries) = (true, sources.is_toml);
    files.texts.push(ModelText { is_config, has_entries, ..model_text(path, Arc::clone(text)) });
    for (written, _) in &sources.files {
        let named = file(path, written, folder);
        if let Ok(read) = read_file(disk, &named, written) {
            files.texts.push(model_text(&named, read.into()));
        }
    }
    files
}

fn read_file(disk: &Disk, path: &Path, written: &str) -> Result<String, String> {
    let name = config::short(written);
    disk.read_text(path).map_err(|reason| {
        let advice = match reason.as_str() {
            MISSING if disk.hides(path) && path.exists() => "; git has not staged it".to_owned(),
            MISSING => nearest(path, written),
            NOT_A_FILE => "; name each file of models".to_owned(),
            _ => String::new(),
        };
        format!("cannot read the models in `{name}`: {reason}{advice}")
    })
}

/// The file beside it that may have been meant.
fn nearest(path: &Path, written: &str) -> String {
    let beside = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = beside.into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    let last = written.rsplit('/').next().unwrap_or(written);
    config::meant(last, names.iter().map(String::as_str))
}
