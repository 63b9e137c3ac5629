//! What a project asks of the linter: `ffilint.toml`, or `ffilint:` in `analysis_options.yaml`.
//!
//! An unknown key, an unknown name or a wrong type is an error that names file, line and, where it can, what was meant.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::Gitignore;
use serde::Deserialize;

use crate::discover::{Disk, MISSING, models};
use crate::target::TargetSet;

mod convert;
mod kinds;
pub(crate) mod options;
#[cfg(test)]
pub(crate) mod schema;
mod written;

pub use options::ANALYSIS_OPTIONS;
use options::Includes;
use written::{Document, Layer};

/// The name of the file.
pub const FILE_NAME: &str = "ffilint.toml";

/// A larger file was not written by a person.
const MAX_BYTES: u64 = 1024 * 1024;

/// A project's wishes, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Levels of rules that differ from the default.
    pub rules: BTreeMap<String, Setting>,
    /// The platforms the project is built for; all where it does not say.
    pub targets: TargetSet,
    /// Files that are read but not reported.
    pub exclude: Gitignore,
    /// Files and folders that are not read.
    pub skip: Gitignore,
    /// The least confidence that is shown.
    pub min_confidence: Option<Certainty>,
    /// Whether findings in vendored native files are shown.
    pub check_vendored: bool,
    /// The models that the project brings.
    pub models: ModelSources,
    /// The file of the baseline.
    pub baseline: Option<PathBuf>,
    /// Rules that say nothing of some files.
    pub per_file: Vec<PerFile>,
    /// Further folders whose native code is read.
    pub native: Vec<PathBuf>,
    /// Names of methods by which the owner of an object is done with it, beside those that are known.
    pub dispose: Vec<String>,
    /// Whether `analyzer: exclude:` of the packages hides reports.
    pub analyzer: bool,
    /// What is said, key by key, and where.
    pub said: Vec<Said>,
    /// The files that say it, the nearest first.
    pub files: Vec<PathBuf>,
    /// What a person may want to know of the files that were asked for it.
    pub notes: Vec<String>,
    /// What a person must know of them: what somebody asks for may be lost. Of which file, and what.
    pub warnings: Vec<(PathBuf, String)>,
}

/// Rules that say nothing of some files.
#[derive(Clone, Debug)]
pub struct PerFile {
    /// The files.
    pub files: Gitignore,
    /// The rules; empty where it is all of them.
    pub rules: Vec<String>,
}

impl PerFile {
    /// Whether it is about a file.
    #[must_use]
    pub fn is_about(&self, path: &Path) -> bool {
        speaks_of(&self.files, path)
    }
}

/// Whether patterns match a file or a folder it is in.
#[must_use]
pub fn speaks_of(patterns: &Gitignore, path: &Path) -> bool {
    // What lies outside the folder they count from is none of theirs.
    path.starts_with(patterns.path()) && patterns.matched_path_or_any_parents(path, false).is_ignore()
}

/// A key, what it is set to, and where that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The key, with the table before it: `rules.double_free`.
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

/// The models that a project brings: those in its configuration, and the files that this names.
#[derive(Clone, Debug, Default)]
pub struct ModelSources {
    /// The file of the configuration and its text, where it says anything of models.
    pub config: Option<(PathBuf, Arc<str>)>,
    /// Whether models may stand in that text, too: it is TOML.
    pub is_toml: bool,
    /// The files it names, as written, and where: bytes of its text.
    pub files: Vec<(String, std::ops::Range<usize>)>,
}

/// What a project wants of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// Do not report.
    Off,
    /// Report as style.
    Note,
    /// Report as a warning.
    Warning,
    /// Report as an error.
    Error,
}

/// How sure a finding must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Everything.
    Low,
    /// The default.
    Medium,
    /// Only what is resolved at both ends.
    High,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            targets: TargetSet::ALL,
            exclude: Gitignore::empty(),
            skip: Gitignore::empty(),
            min_confidence: None,
            check_vendored: false,
            models: ModelSources::default(),
            baseline: None,
            per_file: Vec::new(),
            native: Vec::new(),
            dispose: Vec::new(),
            analyzer: false,
            said: Vec::new(),
            files: Vec::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the configuration of a project's folder; the defaults where there is none.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or says something that is not understood.
    pub fn load(root: &Path, known_rules: &[&str]) -> Result<Self, ConfigError> {
        Self::find(&Disk::default(), root, &[], known_rules)
    }

    /// Finds the configuration of a project of which some paths are named: `ffilint.toml` of its folder, else `ffilint:`
    /// in the `analysis_options.yaml` of its folder, else in the nearest one above all that is named.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or says something that is not understood.
    pub fn find(disk: &Disk, root: &Path, named: &[PathBuf], known_rules: &[&str]) -> Result<Self, ConfigError> {
        let mut includes = Includes::new(disk, root);
        let documents = match read_toml(disk, &root.join(FILE_NAME))? {
            Some(document) => vec![document],
            None => read_yaml(&mut includes, root, named)?,
        };
        let notes = includes.notes.into_iter().map(|(path, reason)| format!("{}: {reason}", path.display())).collect();
        let warnings = includes.warnings.into_iter().collect();
        let config = Self { analyzer: true, notes, warnings, ..Self::of(&documents, known_rules)? };
        if let Some((path, line, message)) = models::first_fault(disk, &config.models, root) {
            return Err(ConfigError { path, line: Some(line), message });
        }
        Ok(config)
    }

    /// Understands the text of an `ffilint.toml`; its globs count from the folder of `path`.
    ///
    /// # Errors
    ///
    /// When something in it is not understood.
    pub fn parse(text: &str, path: &Path, known_rules: &[&str]) -> Result<Self, ConfigError> {
        Self::of(&[Document::of_toml(path, text)], known_rules)
    }

    /// Whether a key is set: `targets`, `rules.double_free`.
    #[must_use]
    pub fn says(&self, key: &str) -> bool {
        self.said.iter().any(|said| said.key == key)
    }

    /// What files say together, the first counting most.
    fn of(documents: &[Document], known_rules: &[&str]) -> Result<Self, ConfigError> {
        let mut all = Layer::default();
        for document in documents {
            all.add(document.read(known_rules)?);
        }
        Ok(Self { files: documents.iter().map(|document| document.path().to_path_buf()).collect(), ..all.into() })
    }
}

/// The configuration in TOML, where there is one.
fn read_toml(disk: &Disk, path: &Path) -> Result<Option<Document>, ConfigError> {
    let fail = |message: String| ConfigError { path: path.to_path_buf(), line: None, message };
    let bytes = match disk.read_bytes_up_to(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(reason) if reason == MISSING => return Ok(None),
        Err(reason) => return Err(fail(format!("cannot be read: {reason}"))),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', good).count();
        ConfigError { line: u32::try_from(line).ok(), ..fail("not UTF-8; save it as UTF-8".into()) }
    })?;
    Ok(Some(Document::of_toml(path, &text)))
}

/// What the `analysis_options.yaml` that counts and those it includes say, the nearest first.
fn read_yaml(includes: &mut Includes<'_>, root: &Path, named: &[PathBuf]) -> Result<Vec<Document>, ConfigError> {
    let mut found = Vec::new();
    let above = above_all(named).into_iter().flat_map(|path| path.ancestors()).filter(|path| !path.is_file());
    for folder in [root].into_iter().chain(above) {
        if !folder.starts_with(root) {
            break;
        }
        for link in includes.chain(&folder.join(ANALYSIS_OPTIONS)) {
            found.extend(Document::of_yaml(link)?);
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The innermost path that is above all of some.
fn above_all(paths: &[PathBuf]) -> Option<&Path> {
    let (first, rest) = paths.split_first()?;
    first.ancestors().find(|above| rest.iter().all(|path| path.starts_with(above)))
}

/// The set of targets a name stands for.
///
/// # Errors
///
/// When the name is not known: what to say to the person.
pub fn parse_target(name: &str) -> Result<TargetSet, String> {
    TargetSet::from_name(name).ok_or_else(|| {
        let known: Vec<_> = TargetSet::names().collect();
        let meant = meant(name, known.iter().copied());
        format!("there is no target `{}`{meant}; known are {}", short(name), known.join(", "))
    })
}

/// `; did you mean …?` for the nearest known word, or nothing.
pub fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let word = short(word);
    let word = word.as_ref();
    let nearest = known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.8);
    nearest.map_or_else(String::new, |(_, candidate)| format!("; did you mean `{candidate}`?"))
}

/// A word as a message may quote it: on one line, at most 60 characters long.
#[must_use]
pub fn short(word: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    if word.chars().nth(LONGEST).is_none() {
        return word.into();
    }
    word.chars().take(LONGEST - 1).chain(['…']).collect::<String>().into()
}

/// A file of settings that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<u32>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let parsed = Config::parse(text, Path::new("ffilint.toml"), &["double_free", "leaked_allocation"]);
        parsed.err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn empty_file_is_valid() {
        assert_eq!(error(""), "");
    }

    #[test]
    fn mistakes_name_the_line_and_what_was_meant() {
        assert_eq!(
            error("\nexlude = []"),
            "ffilint.toml:2: unknown key `exlude`; did you mean `exclude`?; known are rules, targets, exclude, skip, \
             per-file-ignores, min-confidence, check-vendored, models, project, classes, baseline, pack, family, \
             equivalence, constants, type, variable, function"
        );
        assert_eq!(
            error("[rules]\ndouble_fre = \"off\""),
            "ffilint.toml:2: there is no rule `double_fre`; did you mean `double_free`?; `ffilint rules` lists them"
        );
        assert_eq!(
            error("[rules]\n\ndouble_free = \"of\""),
            "ffilint.toml:3: unknown value `of`; did you mean `off`?; known are off, note, warning, error"
        );
        assert!(error("targets = [\"windos\"]").contains("did you mean `windows`?"));
        assert!(
            error("targets = [3]").starts_with("ffilint.toml:1: `targets` is a list of platforms, and `3` is none")
        );
    }

    #[test]
    fn mistakes_are_told_briefly_and_with_their_line() {
        assert_eq!(error("\ntargets = []").get(..16), Some("ffilint.toml:2: "));
        for glob in ["[", "{a", "", "# all"] {
            let said = error(&format!("exclude = [\n  \"ok\",\n  \"{glob}\",\n]"));
            assert!(said.starts_with(&format!("ffilint.toml:3: `{glob}` is no pattern: ")), "{said}");
        }
        let long = "x".repeat(100_000);
        for text in [
            format!("{long} = 1"),
            format!("[rules]\n{long} = \"off\""),
            format!("[rules]\ndouble_free = \"{long}\""),
            format!("targets = [\"{long}\"]"),
            format!("skip = [\"{long}[\"]"),
            format!("skip = \"{long}\""),
            format!("{long} = 1\n{long} = 2"),
        ] {
            let said = error(&text);
            assert!((20..400).contains(&said.len()) && said.starts_with("ffilint.toml:"), "{said:.500}");
        }
    }

    #[test]
    fn wishes_are_kept() {
        let text =
            "targets = [\"windows\"]\nmin-confidence = \"high\"\ncheck-vendored = true\n[rules]\ndouble_free = \"off\"";
        let config = Config::parse(text, Path::new("ffilint.toml"), &["double_free"]).unwrap_or_default();
        assert_eq!(config.targets, TargetSet::WINDOWS);
        assert_eq!(config.rules.get("double_free"), Some(&Setting::Off));
        assert_eq!(config.min_confidence, Some(Certainty::High));
        assert!(config.check_vendored);
        assert!(error("check-vendored = 1").ends_with("and `1` is none: write `check-vendored = true`"));
    }
}
