//! `ffilint.toml`: what a project asks of the linter.
//!
//! An unknown key, an unknown name or a wrong type is an error that names file, line and, where it can, what was meant.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::discover;
use crate::source::LineIndex;
use crate::target::TargetSet;

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
    /// The file of the baseline, from the folder of the configuration.
    pub baseline: Option<PathBuf>,
}

/// The models that a project brings: those in its configuration, and the files that this names.
#[derive(Clone, Debug, Default)]
pub struct ModelSources {
    /// The file of the configuration and its text, where it says anything of models.
    pub config: Option<(PathBuf, Arc<str>)>,
    /// The files it names, as written, and where: bytes of its text.
    pub files: Vec<(String, std::ops::Range<usize>)>,
}

/// What a project wants of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
        }
    }
}

impl Config {
    /// Reads the `ffilint.toml` of a folder; the defaults where there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or says something that is not understood.
    pub fn load(root: &Path, known_rules: &[&str]) -> Result<Self, ConfigError> {
        let path = root.join(FILE_NAME);
        let fail = |message: String| ConfigError { path: path.clone(), line: None, message };
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => return Err(fail("not a regular file".into())),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(fail(format!("has {} bytes, more than the limit of {MAX_BYTES}", metadata.len())));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            _ => {}
        }
        let bytes =
            std::fs::read(&path).map_err(|error| fail(format!("cannot be read: {}", discover::in_words(&error))))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = 1 + memchr::memchr_iter(b'\n', good).count();
            ConfigError { line: u32::try_from(line).ok(), ..fail("not UTF-8; save it as UTF-8".into()) }
        })?;
        Self::parse(&text, &path, known_rules)
    }

    /// Understands the text of an `ffilint.toml`; its globs count from the folder of `path`.
    ///
    /// # Errors
    ///
    /// When something in it is not understood.
    pub fn parse(text: &str, path: &Path, known_rules: &[&str]) -> Result<Self, ConfigError> {
        let lines = LineIndex::new(text);
        let fail = |offset: Option<usize>, message: String| ConfigError {
            path: path.to_path_buf(),
            line: offset.map(|offset| lines.line(u32::try_from(offset).unwrap_or(u32::MAX)) + 1),
            message,
        };
        let raw: Raw = toml::from_str(text)
            .map_err(|error| fail(error.span().map(|span| span.start), explain(error.message())))?;

        let mut config =
            Self { min_confidence: raw.min_confidence, check_vendored: raw.check_vendored, ..Self::default() };
        if raw.speaks_of_models() {
            config.models.config = Some((path.to_path_buf(), text.into()));
            config.models.files = raw.models.into_iter().map(written).collect();
        }
        config.baseline = raw.baseline.and_then(|baseline| baseline.path);
        for (name, setting) in raw.rules {
            if !known_rules.contains(&name.as_str()) {
                let meant = meant(&name, known_rules.iter().copied());
                let message = format!("there is no rule `{}`{meant}; `ffilint rules` lists them", short(&name));
                return Err(fail(Some(setting.span().start), message));
            }
            config.rules.insert(name, setting.into_inner());
        }
        if let Some(names) = raw.targets {
            config.targets = TargetSet::NONE;
            let start = names.span().start;
            for name in names.into_inner() {
                let set = parse_target(name.get_ref()).map_err(|message| fail(Some(name.span().start), message))?;
                config.targets = config.targets.or(set);
            }
            if config.targets.is_empty() {
                return Err(fail(Some(start), "`targets` is empty; name at least one, or leave the key out".into()));
            }
        }
        config.exclude = globs(path, &raw.exclude).map_err(|(at, message)| fail(Some(at), message))?;
        config.skip = globs(path, &raw.skip).map_err(|(at, message)| fail(Some(at), message))?;
        Ok(config)
    }
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

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    rules: BTreeMap<String, Spanned<Setting>>,
    targets: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    skip: Vec<Spanned<String>>,
    min_confidence: Option<Certainty>,
    #[serde(default)]
    check_vendored: bool,
    /// Files with models.
    #[serde(default)]
    models: Vec<Spanned<String>>,
    baseline: Option<RawBaseline>,
    // What stands in these is read as a model file is.
    pack: Option<IgnoredAny>,
    family: Option<IgnoredAny>,
    equivalence: Option<IgnoredAny>,
    constants: Option<IgnoredAny>,
    r#type: Option<IgnoredAny>,
    variable: Option<IgnoredAny>,
    function: Option<IgnoredAny>,
}

/// `[baseline]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBaseline {
    path: Option<PathBuf>,
}

impl Raw {
    fn speaks_of_models(&self) -> bool {
        let entries = [
            &self.pack,
            &self.family,
            &self.equivalence,
            &self.constants,
            &self.r#type,
            &self.variable,
            &self.function,
        ];
        !self.models.is_empty() || entries.into_iter().any(Option::is_some)
    }
}

/// A text, and where it stands.
fn written(text: Spanned<String>) -> (String, std::ops::Range<usize>) {
    let span = text.span();
    (text.into_inner(), span)
}

fn globs(path: &Path, globs: &[Spanned<String>]) -> Result<Gitignore, (usize, String)> {
    let root = path.parent().unwrap_or(path);
    let mut builder = GitignoreBuilder::new(root);
    builder.allow_unclosed_class(false);
    for glob in globs {
        let text = glob.get_ref();
        let fail = |why: String| (glob.span().start, format!("`{}` is no pattern: {why}", short(text)));
        // In a `.gitignore` such lines are comments and spaces.
        if text.trim().is_empty() || text.starts_with('#') {
            return Err(fail("it matches nothing".into()));
        }
        builder.add_line(None, text).map_err(|error| match error {
            ignore::Error::Glob { err, .. } => fail(err),
            error => fail(error.to_string()),
        })?;
    }
    // Each is a pattern; together they may still be too large.
    let start = globs.first().map_or(0, |glob| glob.span().start);
    builder.build().map_err(|error| (start, error.to_string()))
}

/// Serde's words for an unknown key or value, with the nearest known one.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    match (unknown, quoted.next()) {
        (true, Some(word)) => {
            let word_kind = if message.starts_with("unknown field") { "key" } else { "value" };
            let known: Vec<_> = quoted.collect();
            let meant = meant(word, known.iter().copied());
            format!("unknown {word_kind} `{}`{meant}; known are {}", short(word), known.join(", "))
        }
        _ => shorten_quoted(&message.trim().replace('\n', "; ")),
    }
}

/// Shortens what stands between quotes of any kind: keys and values of the file.
fn shorten_quoted(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(open) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(open);
        let quote = if quoted.starts_with('`') { '`' } else { '"' };
        let inner = quoted.get(1..).unwrap_or("");
        let close = inner.find(quote).unwrap_or(inner.len());
        let (inner, after) = inner.split_at(close);
        text.push_str(before);
        text.push(quote);
        text.push_str(&short(inner));
        if let Some(after) = after.get(1..) {
            text.push(quote);
            rest = after;
        } else {
            rest = "";
        }
    }
    text.push_str(rest);
    text
}

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
             min-confidence, check-vendored, models, baseline, pack, family, equivalence, constants, type, variable, function"
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
        assert!(error("targets = 3").starts_with("ffilint.toml:1: invalid type"));
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
        assert!(error("check-vendored = 1").starts_with("ffilint.toml:1: invalid type"));
    }
}
