//! The models that the project brings, and what is wrong with them.

use std::sync::Arc;

use super::Workspace;
use crate::config::{ConfigError, FILE_NAME, ModelSources};
use crate::conventions::{self, Arity};
use crate::diagnostic::Diagnostic;
use crate::discover::{ModelFiles, ModelText};
use crate::ir::Unit;
use crate::language::Language;
use crate::link::{Program, stated};
use crate::models::catalog::CONVENTIONS;
use crate::models::own::OwnText;
use crate::models::schema::Family;
use crate::models::{ModelSet, SCHEMA, Versions, own, suggest};
use crate::rules;
use crate::source::{FileId, Location, SourceFile, Span};
use crate::summary::{EffectKind, FamilyRef};

/// The name of what the configuration says of names.
const NAMES: &str = "(names)";

/// The name of the models that comments make up.
const COMMENTS: &str = "(comments)";

/// What of the project's models the engine keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnModels {
    files: ModelFiles,
    /// The files of models as places are told in them; they follow the sources.
    pub(super) sources: Vec<SourceFile>,
    /// What the configuration says of names, as a file of models.
    hints: Option<String>,
}

/// Texts and hints make it up.
impl PartialEq for OwnModels {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files && self.hints == other.hints
    }
}

impl OwnModels {
    pub(super) fn new(files: ModelFiles, after: usize) -> Self {
        let source = |(at, text): (usize, &ModelText)| {
            let id = FileId(u32::try_from(after + at).unwrap_or(u32::MAX));
            // No step of a trace lies in such a file, so that nobody asks for its language.
            SourceFile::new(id, Arc::clone(&text.path), Arc::clone(&text.text), Language::Dart)
        };
        let sources = files.texts.iter().enumerate().map(source).collect();
        let quoted: Vec<String> = files.dispose.iter().map(|name| format!("{name:?}")).collect();
        let hints = format!("schema = {SCHEMA}\n[hints]\ndisposes = [{}]\n", quoted.join(", "));
        Self { hints: (!quoted.is_empty()).then_some(hints), files, sources }
    }

    fn texts(&self) -> Vec<OwnText<'_>> {
        let hints = self.hints.as_ref().map(|text| OwnText { path: NAMES, text, is_config: false, without: &[] });
        self.files.texts.iter().map(own_text).chain(hints).collect()
    }
}

impl Workspace {
    /// The models of a run, where they are not `models` alone: with the project's own and those that comments make up.
    pub(super) fn models_with_own(&self, units: &[Arc<Unit>], models: &ModelSet) -> Option<ModelSet> {
        self.models_and_conventions(units, models).0
    }

    /// The same, and what conventions tell of the project.
    pub(super) fn models_and_conventions(
        &self,
        units: &[Arc<Unit>],
        models: &ModelSet,
    ) -> (Option<ModelSet>, Option<String>) {
        let mut texts = self.own.texts();
        let mut set = (!texts.is_empty()).then(|| ModelSet::with_user_files(&texts));
        let misfits = set.as_ref().map_or_else(Vec::new, |set| misfits(&texts, units, set));
        if misfits.iter().any(|of_file| !of_file.is_empty()) {
            for (text, misfits) in texts.iter_mut().zip(&misfits) {
                text.without = misfits;
            }
            set = Some(ModelSet::with_user_files(&texts));
        }
        let of_comments = stated::families(units, set.as_ref().unwrap_or(models));
        if let Some(text) = &of_comments {
            texts.push(OwnText { path: COMMENTS, text, is_config: false, without: &[] });
            set = Some(ModelSet::with_user_files(&texts));
        }
        let concluded = conventions::models(units, set.as_ref().unwrap_or(models));
        if let Some(text) = &concluded {
            set = Some(ModelSet::with_conventions((CONVENTIONS, text), &texts));
        }
        (set, concluded)
    }

    /// What is wrong with the models and the comments of the project.
    pub(super) fn invalid_models(&self, program: &Program, models: &ModelSet) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let arity = Arity::new(if self.own.sources.is_empty() { &[] } else { &program.units });
        for (source, file) in self.own.sources.iter().zip(&self.own.files.texts) {
            let at_line = |line: u32, message: &str| {
                let location = Location { file: source.id, span: line_of(source, line) };
                rules::invalid_model(location, &file.key, message)
            };
            let errors = models.errors().iter().filter(|error| error.path == *file.path);
            found.extend(errors.map(|error| at_line(error.line, &error.message)));
            let read = own::read(own_text(file)).0;
            for entry in read.iter().flat_map(|read| &read.function) {
                let line = source.position(as_u32(entry.span().start)).line;
                let messages = arity.wrong(entry.get_ref(), models);
                found.extend(messages.iter().map(|message| at_line(line, message)));
            }
            for family in read.iter().flat_map(|read| &read.family) {
                let line = source.position(as_u32(family.span().start)).line;
                let messages = wrong_releases(family.get_ref(), program, models);
                found.extend(messages.iter().map(|message| at_line(line, message)));
            }
        }
        for (unit, span, message) in &program.stated().errors {
            let Some(unit) = program.units.get(*unit as usize) else { continue };
            found.push(rules::invalid_model(Location { file: unit.file, span: *span }, self.key(unit.file), message));
        }
        found
    }

    /// The project's files of models: path and text.
    #[must_use]
    pub fn own_texts(&self) -> Vec<OwnText<'_>> {
        self.own.texts()
    }
}

/// What keeps the entries in a configuration itself from being read: what stands there may not be lost.
///
/// # Errors
///
/// The first fault.
pub(crate) fn check_entries(sources: &ModelSources) -> Result<(), ConfigError> {
    let Some((path, text)) = sources.config.as_ref().filter(|_| sources.is_toml) else { return Ok(()) };
    let text = OwnText { path: FILE_NAME, text, is_config: true, without: &[] };
    match own::read(text).1.into_iter().min_by_key(|fault| fault.line) {
        Some(fault) => Err(ConfigError { path: path.clone(), line: Some(fault.line), message: fault.message }),
        None => Ok(()),
    }
}

/// A file as models are read from it.
#[must_use]
pub(crate) fn own_text(file: &ModelText) -> OwnText<'_> {
    let text = if file.has_entries { &*file.text } else { "" };
    OwnText { path: &file.path, text, is_config: file.is_config, without: &[] }
}

/// The entries of each file that do not fit what is bound, by where they begin.
fn misfits(texts: &[OwnText<'_>], units: &[Arc<Unit>], models: &ModelSet) -> Vec<Vec<usize>> {
    let arity = Arity::new(units);
    let of_file = |text: &OwnText<'_>| {
        let entries = own::read(*text).0.into_iter().flat_map(|file| file.function);
        entries
            .filter(|entry| !arity.wrong(entry.get_ref(), models).is_empty())
            .map(|entry| entry.span().start)
            .collect()
    };
    texts.iter().map(of_file).collect()
}

/// The releases of a family of the project that do not release it.
fn wrong_releases(family: &Family, program: &Program, models: &ModelSet) -> Vec<String> {
    let Some(id) = models.family_named(&family.name).filter(|_| family.language.is_none()) else { return Vec::new() };
    let versions = Versions::default();
    let is_symbol = |call: &&String| call.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let wrong = |call: &String| {
        let (call, name) = (call.as_str(), family.name.as_str());
        if let Some(model) = models.symbol(call, &versions) {
            let summary = &models.function(model).summary;
            let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
            let releases = effects.any(|effect| match effect.kind {
                EffectKind::Release(FamilyRef::Family(of)) => of == id || !models.same_on(of, id, &versions).is_empty(),
                EffectKind::Release(_) | EffectKind::MayRelease(_) => true,
                _ => false,
            });
            return (!releases)
                .then(|| format!("family `{name}` is released with `{call}`, of which a model says otherwise"));
        }
        let mut functions = program.units.iter().flat_map(|unit| unit.functions.iter().map(move |f| (unit, f)));
        let native = program.links().iter().any(|link| link.symbol.as_deref() == Some(call))
            || functions.clone().any(|(unit, function)| unit.language.is_native() && function.name == call);
        if native {
            return Some(format!(
                "no `[[function]]` says that `{call}` releases `{name}`: add one with `effects = [{{ on = \"arg0\", \
                 release = \"{name}\" }}]`"
            ));
        }
        if functions.any(|(_, function)| function.name == call || function.qualified == call) {
            return None;
        }
        let names = program.units.iter().flat_map(|unit| unit.functions.iter().map(|function| function.name.as_str()));
        let symbols = program.links().iter().filter_map(|link| link.symbol.as_deref());
        let near = suggest(call, names.chain(symbols).filter(|name| !name.is_empty()));
        Some(format!("nothing here and no model is called `{call}`, with which family `{name}` is released{near}"))
    };
    family.release_with.iter().filter(is_symbol).filter_map(wrong).collect()
}

/// A line, from 1, without the blanks around it.
fn line_of(source: &SourceFile, line: u32) -> Span {
    let start = source.lines().start(line.saturating_sub(1));
    let text = source.text.get(start as usize..).unwrap_or_default();
    let text = text.split('\n').next().unwrap_or_default();
    let start = start + as_u32(text.len() - text.trim_start().len());
    Span::new(start, start + as_u32(text.trim().len()))
}

fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
