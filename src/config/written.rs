//! A configuration as it is written: its keys, and what of it is not understood.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::convert::Piece;
use super::options::Link;
use super::{
    Certainty, Config, ConfigError, FILE_NAME, ModelSources, PerFile, Said, Setting, convert, kinds, meant,
    parse_target, short,
};
use crate::discover::normalize;
use crate::source::LineIndex;
use crate::target::TargetSet;

/// Stands for every rule.
const ALL: &str = "all";

/// Tables whose keys are set one by one; the others are set as a whole.
const TABLES: [&str; 4] = ["rules", "project", "classes", "baseline"];

/// A project's wishes. Keys that hold models (`[[function]]`, `[[family]]`, …) are described in `rules/README.md`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "ffilint.toml"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    /// The level of each rule that is to have another one than its own; `ffilint rules` lists them.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Setting>"))]
    rules: BTreeMap<String, Spanned<Setting>>,
    /// The platforms the project is built for: windows, linux, android, macos, ios, ohos, and posix for the four in the
    /// middle. All where it does not say; what files and packages say of themselves counts as well.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    targets: Option<Spanned<Vec<Spanned<String>>>>,
    /// Files that are read and not reported, as patterns of a `.gitignore`.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    exclude: Option<Vec<Spanned<String>>>,
    /// Files and folders that are not read, as patterns of a `.gitignore`.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    skip: Option<Vec<Spanned<String>>>,
    /// Files, as patterns of a `.gitignore`, and the rules that say nothing of them; `all` is every rule.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, Vec<String>>>"))]
    per_file_ignores: Option<BTreeMap<Spanned<String>, Vec<Spanned<String>>>>,
    /// The least confidence that is shown.
    min_confidence: Option<Certainty>,
    /// Whether findings in native files that others wrote are shown.
    check_vendored: Option<bool>,
    /// Files with models of the project's own.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    models: Option<Vec<Spanned<String>>>,
    /// What belongs to the project.
    project: Option<RawProject>,
    /// What is known of the project's classes.
    classes: Option<RawClasses>,
    /// The findings that are known and not reported.
    baseline: Option<RawBaseline>,
    // What stands in these is read as a model file is, and described there.
    #[cfg_attr(test, schemars(skip))]
    pack: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    family: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    equivalence: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    constants: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    r#type: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    variable: Option<IgnoredAny>,
    #[cfg_attr(test, schemars(skip))]
    function: Option<IgnoredAny>,
}

/// `[project]`
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Project"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawProject {
    /// Further folders whose native code is read, outside the project too.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    native: Option<Vec<Spanned<String>>>,
}

/// `[classes]`
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Classes"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawClasses {
    /// Names of methods by which the owner of an object is done with it, beside `dispose`, `close` and the like.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    dispose: Option<Vec<Spanned<String>>>,
}

/// `[baseline]`
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Baseline"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBaseline {
    /// The file; `ffilint-baseline.txt` where it does not say.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    path: Option<Spanned<String>>,
}

impl Raw {
    fn speaks_of_models(&self) -> bool {
        self.models.is_some() || self.entries().into_iter().any(|(_, is_there)| is_there)
    }

    /// The keys that hold models, and whether they are there.
    fn entries(&self) -> [(&'static str, bool); 7] {
        [
            ("pack", self.pack.is_some()),
            ("family", self.family.is_some()),
            ("equivalence", self.equivalence.is_some()),
            ("constants", self.constants.is_some()),
            ("type", self.r#type.is_some()),
            ("variable", self.variable.is_some()),
            ("function", self.function.is_some()),
        ]
    }
}

/// What one file says, or several together.
#[derive(Default)]
pub(super) struct Layer {
    rules: BTreeMap<String, Setting>,
    targets: Option<TargetSet>,
    exclude: Option<Gitignore>,
    skip: Option<Gitignore>,
    per_file: Option<Vec<PerFile>>,
    min_confidence: Option<Certainty>,
    check_vendored: Option<bool>,
    models: Option<ModelSources>,
    native: Option<Vec<PathBuf>>,
    dispose: Option<Vec<String>>,
    baseline: Option<PathBuf>,
    said: Vec<Said>,
}

impl Layer {
    /// Adds what counts less.
    pub(super) fn add(&mut self, less: Self) {
        for (rule, setting) in less.rules {
            self.rules.entry(rule).or_insert(setting);
        }
        self.targets = self.targets.or(less.targets);
        self.exclude = self.exclude.take().or(less.exclude);
        self.skip = self.skip.take().or(less.skip);
        self.per_file = self.per_file.take().or(less.per_file);
        self.min_confidence = self.min_confidence.or(less.min_confidence);
        self.check_vendored = self.check_vendored.or(less.check_vendored);
        self.models = self.models.take().or(less.models);
        self.native = self.native.take().or(less.native);
        self.dispose = self.dispose.take().or(less.dispose);
        self.baseline = self.baseline.take().or(less.baseline);
        let all = format!("rules.{ALL}");
        let says_all = self.said.iter().any(|known| known.key == all);
        for said in less.said {
            let is_covered = says_all && said.key.starts_with("rules.");
            if !is_covered && !self.said.iter().any(|known| known.key == said.key) {
                self.said.push(said);
            }
        }
    }
}

impl From<Layer> for Config {
    fn from(all: Layer) -> Self {
        let defaults = Self::default();
        Self {
            rules: all.rules,
            targets: all.targets.unwrap_or(defaults.targets),
            exclude: all.exclude.unwrap_or(defaults.exclude),
            skip: all.skip.unwrap_or(defaults.skip),
            min_confidence: all.min_confidence,
            check_vendored: all.check_vendored.unwrap_or(defaults.check_vendored),
            models: all.models.unwrap_or_default(),
            baseline: all.baseline,
            per_file: all.per_file.unwrap_or_default(),
            native: all.native.unwrap_or_default(),
            dispose: all.dispose.unwrap_or_default(),
            said: all.said,
            ..Self::default()
        }
    }
}

/// The part of a file that is for us, as TOML.
pub(super) struct Document {
    path: PathBuf,
    /// What it says of files counts from here.
    base: PathBuf,
    toml: String,
    /// The whole file.
    file: Arc<str>,
    /// Where pieces of the TOML stand in the file, where that is not TOML itself.
    pieces: Option<Vec<Piece>>,
}

/// What is wrong, and at which byte of the TOML.
type Wrong = (usize, String);

impl Document {
    pub(super) fn of_toml(path: &Path, text: &str) -> Self {
        let base = path.parent().unwrap_or(path).to_path_buf();
        Self { path: path.to_path_buf(), base, toml: text.to_owned(), file: text.into(), pieces: None }
    }

    /// Nothing where the file does not speak of us.
    pub(super) fn of_yaml(link: Link) -> Result<Option<Self>, ConfigError> {
        let Link { path, base, text } = link;
        match convert::convert(&text) {
            Ok(Some(made)) => {
                Ok(Some(Self { path, base, toml: made.text, file: text.into(), pieces: Some(made.pieces) }))
            }
            Ok(None) => Ok(None),
            Err((line, message)) => {
                Err(ConfigError { path, line: line.and_then(|line| u32::try_from(line).ok()), message })
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The piece of the file that a part of the TOML was made of, where that is not TOML itself.
    fn piece(&self, at: usize) -> Option<&Piece> {
        self.pieces.as_ref()?.iter().rev().find(|piece| piece.start <= at)
    }

    /// The bytes of the file that a part of the TOML stands for.
    fn place(&self, part: Range<usize>) -> Range<usize> {
        match &self.pieces {
            None => part,
            Some(_) => self.piece(part.start).map_or(0..0, |piece| piece.bytes.clone()),
        }
    }

    fn line(&self, lines: &LineIndex, at: usize) -> u32 {
        line_of(lines, self.place(at..at).start)
    }

    /// Understands it.
    pub(super) fn read(&self, known_rules: &[&str]) -> Result<Layer, ConfigError> {
        let lines = LineIndex::new(&self.file);
        let fail = |offset: Option<usize>, message: String| {
            let behind = offset.and_then(|offset| self.piece(offset)?.behind);
            let written = behind.map(|at| format!("; it is written in line {}", line_of(&lines, at)));
            ConfigError {
                path: self.path.clone(),
                line: offset.map(|offset| self.line(&lines, offset)),
                message: message + &written.unwrap_or_default(),
            }
        };
        let raw: Raw = toml::from_str(&self.toml).map_err(|error| {
            let at = error.span().map(|span| span.start);
            fail(at, kinds::explain(&self.toml, at, error.message(), self.pieces.is_none()))
        })?;
        let said = self.said(&lines);
        let layer = self.layer(raw, known_rules).map_err(|(at, message)| fail(Some(at), message))?;
        Ok(Layer { said, ..layer })
    }

    fn layer(&self, raw: Raw, known_rules: &[&str]) -> Result<Layer, Wrong> {
        let models = self.models(&raw)?;
        let rules = levels(raw.rules, known_rules)?;
        let base = &self.base;
        let patterns = |said: Option<Vec<Spanned<String>>>| said.map(|said| globs(base, &said)).transpose();
        let native = raw.project.and_then(|project| project.native);
        let dispose = raw.classes.and_then(|classes| classes.dispose);
        Ok(Layer {
            rules,
            targets: raw.targets.map(targets).transpose()?,
            exclude: patterns(raw.exclude)?,
            skip: patterns(raw.skip)?,
            per_file: raw.per_file_ignores.map(|said| per_file(base, said, known_rules)).transpose()?,
            min_confidence: raw.min_confidence,
            check_vendored: raw.check_vendored,
            models,
            native: native.map(|native| folders(base, &native)).transpose()?,
            dispose: dispose.map(names).transpose()?,
            baseline: raw.baseline.and_then(|baseline| baseline.path).map(|path| file(base, &path)).transpose()?,
            said: Vec::new(),
        })
    }

    /// The models that it brings or names.
    fn models(&self, raw: &Raw) -> Result<Option<ModelSources>, Wrong> {
        let is_toml = self.pieces.is_none();
        if let Some((key, _)) = raw.entries().into_iter().find(|(_, is_there)| *is_there && !is_toml) {
            let at = self.toml.find(&format!("\"{key}\" = ")).unwrap_or(0);
            let advice = format!("write them into a file and name that in `models`, or use {FILE_NAME}");
            return Err((at, format!("`{key}`: models are written in TOML; {advice}")));
        }
        if !raw.speaks_of_models() {
            return Ok(None);
        }
        let file = |text: &Spanned<String>| (text.get_ref().clone(), self.place(text.span()));
        let files = raw.models.iter().flatten().map(file).collect();
        Ok(Some(ModelSources { config: Some((self.path.clone(), Arc::clone(&self.file))), is_toml, files }))
    }

    /// Its keys one by one.
    fn said(&self, lines: &LineIndex) -> Vec<Said> {
        let (Ok(places), Ok(values)) = (DeTable::parse(&self.toml), toml::from_str::<toml::Table>(&self.toml)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, place) in places.get_ref() {
            let Some(value) = values.get(key.get_ref().as_ref()) else { continue };
            let said = |key: String, value: &toml::Value, at: usize| Said {
                key,
                value: value.to_string(),
                path: self.path.clone(),
                line: self.line(lines, at),
            };
            match (place.get_ref(), value) {
                (DeValue::Table(inner), toml::Value::Table(values)) if TABLES.contains(&key.get_ref().as_ref()) => {
                    let inner = inner.iter().filter_map(|(name, _)| {
                        let value = values.get(name.get_ref().as_ref())?;
                        Some(said(format!("{}.{}", key.get_ref(), name.get_ref()), value, name.span().start))
                    });
                    found.extend(inner);
                }
                _ => found.push(said(key.get_ref().to_string(), value, key.span().start)),
            }
        }
        found.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        found
    }
}

/// The level of each rule that is named; `all` stands for the others.
fn levels(said: BTreeMap<String, Spanned<Setting>>, known_rules: &[&str]) -> Result<BTreeMap<String, Setting>, Wrong> {
    let mut rules = BTreeMap::new();
    let all = said.get(ALL).map(|setting| *setting.get_ref());
    rules.extend(all.into_iter().flat_map(|all| known_rules.iter().map(move |rule| ((*rule).to_owned(), all))));
    for (name, setting) in said.into_iter().filter(|(name, _)| name != ALL) {
        known_rule(&name, setting.span().start, known_rules)?;
        rules.insert(name, setting.into_inner());
    }
    Ok(rules)
}

fn line_of(lines: &LineIndex, at: usize) -> u32 {
    lines.line(u32::try_from(at).unwrap_or(u32::MAX)) + 1
}

fn known_rule(name: &str, at: usize, known_rules: &[&str]) -> Result<(), Wrong> {
    if known_rules.contains(&name) {
        return Ok(());
    }
    let meant = meant(name, known_rules.iter().copied());
    Err((at, format!("there is no rule `{}`{meant}; `ffilint rules` lists them", short(name))))
}

fn targets(names: Spanned<Vec<Spanned<String>>>) -> Result<TargetSet, Wrong> {
    let start = names.span().start;
    let mut targets = TargetSet::NONE;
    for name in names.into_inner() {
        let set = parse_target(name.get_ref()).map_err(|message| (name.span().start, message))?;
        targets = targets.or(set);
    }
    if targets.is_empty() {
        return Err((start, "`targets` is empty; name at least one, or leave the key out".into()));
    }
    Ok(targets)
}

fn per_file(
    base: &Path,
    said: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    known_rules: &[&str],
) -> Result<Vec<PerFile>, Wrong> {
    let one = |(pattern, listed): (Spanned<String>, Vec<Spanned<String>>)| {
        let files = globs(base, std::slice::from_ref(&pattern))?;
        if listed.is_empty() {
            return Err((pattern.span().start, "no rule is listed; list some, or `all`".into()));
        }
        let mut rules = Vec::new();
        for name in &listed {
            if name.get_ref() != ALL {
                known_rule(name.get_ref(), name.span().start, known_rules)?;
                rules.push(name.get_ref().clone());
            }
        }
        if rules.len() < listed.len() {
            rules.clear();
        }
        Ok(PerFile { files, rules })
    };
    said.into_iter().map(one).collect()
}

fn folders(base: &Path, said: &[Spanned<String>]) -> Result<Vec<PathBuf>, Wrong> {
    let folder = |folder: &Spanned<String>| match folder.get_ref().trim() {
        "" => Err((folder.span().start, "`native` names folders; this is none".to_owned())),
        written => Ok(normalize(&base.join(written))),
    };
    said.iter().map(folder).collect()
}

fn file(base: &Path, written: &Spanned<String>) -> Result<PathBuf, Wrong> {
    match written.get_ref().trim() {
        "" => Err((written.span().start, "`path` of `[baseline]` names a file; this is none".to_owned())),
        path => Ok(base.join(path)),
    }
}

fn names(said: Vec<Spanned<String>>) -> Result<Vec<String>, Wrong> {
    let name = |name: Spanned<String>| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
        let text = name.get_ref();
        let is_name = text.chars().all(is_part) && text.starts_with(|letter: char| !letter.is_ascii_digit());
        match is_name {
            true => Ok(name.into_inner()),
            false => Err((name.span().start, format!("`{}` is no name of a method", short(text)))),
        }
    };
    said.into_iter().map(name).collect()
}

fn globs(root: &Path, globs: &[Spanned<String>]) -> Result<Gitignore, Wrong> {
    let mut builder = GitignoreBuilder::new(root);
    builder.allow_unclosed_class(false);
    for glob in globs {
        let text = glob.get_ref();
        let fail = |why: String| (glob.span().start, format!("`{}` is no pattern: {why}", short(text)));
        // In a `.gitignore` such lines are comments and spaces.
        if text.trim().is_empty() || text.starts_with('#') {
            return Err(fail("it matches nothing".into()));
        }
        if let Some(why) = matches_nothing(text, root) {
            return Err(fail(why));
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

/// Why a pattern can match nothing below a folder.
fn matches_nothing(pattern: &str, root: &Path) -> Option<String> {
    let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
    let counts = "patterns count from the folder of the file they stand in";
    let parts: Vec<&str> = pattern.split('/').collect();
    if parts.contains(&"..") {
        return Some(format!("{counts}, and it leaves that"));
    }
    if parts.contains(&".") {
        return Some(format!("in patterns `.` is no folder; {counts} without it"));
    }
    let is_drive =
        |part: &&str| part.len() == 2 && part.ends_with(':') && part.starts_with(|c: char| c.is_ascii_alphabetic());
    let below = Path::new(pattern).strip_prefix(root).ok().filter(|_| root.is_absolute() && root.parent().is_some());
    if let Some(below) = below {
        return Some(format!("{counts}: write `/{}`", short(&below.display().to_string())));
    }
    (parts.first().is_some_and(is_drive) || parts.first() == Some(&"~")).then(|| counts.to_owned())
}
