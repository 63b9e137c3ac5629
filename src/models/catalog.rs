//! The entries of model files one by one, with what people want to know of them: pack, place, source, basis.

use super::load::{line_at, parse_file, version, version_requirement};
use super::own::OwnText;
use super::path::param;
use super::schema::{FunctionModel, ModelFile, Pack};
use super::{ModelSet, Requirement, Versions, builtin_files, own};
use crate::ir::Name;
use crate::source::LineIndex;
use crate::summary::{Basis, Summary};

/// The file and the pack of what conventions tell.
pub const CONVENTIONS: &str = "(conventions)";

/// An entry and where it stands.
#[derive(Debug)]
pub struct Entry {
    /// The pack.
    pub pack: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The project's own.
    pub is_own: bool,
    /// The sources of the whole pack.
    pub sources: Vec<String>,
    /// What it says.
    pub model: FunctionModel,
    requirement: Requirement,
}

impl Entry {
    /// The names and symbols that it describes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let FunctionModel { name, names, symbol, symbols, .. } = &self.model;
        name.iter().chain(names).chain(symbol).chain(symbols).map(String::as_str)
    }

    /// Conventions tell it: nobody wrote it down.
    #[must_use]
    pub fn is_concluded(&self) -> bool {
        self.path == CONVENTIONS
    }

    /// Whether it holds for the versions of packages that a project resolves.
    #[must_use]
    pub fn holds_for(&self, versions: &Versions) -> bool {
        self.requirement.met_by(versions)
    }

    /// How far it is trusted.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.model.basis.unwrap_or(Basis::DocsRead)
    }
}

/// The entries about functions.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Those of the project's files first, then those of the program.
    pub entries: Vec<Entry>,
    /// How many families there are.
    pub families: usize,
}

/// Reads the project's files (path and text), those of the program, and what conventions tell of the project.
#[must_use]
pub fn read(own_files: &[OwnText<'_>], conventions: Option<&str>) -> Catalog {
    let mut catalog = Catalog::default();
    for own @ OwnText { path, text, .. } in own_files {
        own::read(*own).0.into_iter().for_each(|file| catalog.add(path, text, file, true));
    }
    for (path, text) in builtin_files() {
        parse_file(path, text).into_iter().for_each(|file| catalog.add(path, text, file, false));
    }
    if let Some(text) = conventions {
        parse_file(CONVENTIONS, text).into_iter().for_each(|file| catalog.add(CONVENTIONS, text, file, false));
    }
    catalog
}

impl Catalog {
    fn add(&mut self, path: &str, text: &str, file: ModelFile, is_own: bool) {
        self.families += file.family.len();
        self.entries.extend(of_file(path, text, file, is_own));
    }
}

/// The contract that an entry describes.
#[must_use]
pub fn contract(entry: &Entry, models: &ModelSet) -> Option<Summary> {
    let model = &entry.model;
    let has_facts = model.result.is_some() || !model.effects.is_empty() || model.status.is_some();
    if let Some(symbol) = model.wraps.as_deref().filter(|_| !has_facts) {
        let id = models.symbol(symbol, &Versions::default())?;
        return Some(models.function(id).summary.clone());
    }
    let params = model.params.iter().map(|text| param(text)).collect::<Result<Vec<_>, _>>().ok()?;
    models.contract(model, &params).ok()
}

fn of_file(path: &str, text: &str, file: ModelFile, is_own: bool) -> Vec<Entry> {
    let Pack { id, sources, package, default_version, .. } = file.pack.unwrap_or_default();
    let of_pack = Requirement {
        package: package.as_deref().map(Name::new),
        default_version: default_version.and_then(|text| version(&text).ok()),
        versions: None,
    };
    let lines = LineIndex::new(text);
    let entry = |entry: toml::Spanned<FunctionModel>| {
        let line = line_at(&lines, entry.span().start);
        let model = entry.into_inner();
        let versions = model.versions.as_deref().and_then(|text| version_requirement(text).ok());
        let requirement = Requirement { versions, ..of_pack.clone() };
        Entry { pack: id.clone(), path: path.to_owned(), line, is_own, sources: sources.clone(), model, requirement }
    };
    file.function.into_iter().map(entry).collect()
}

/// The word for a basis in a model file.
#[must_use]
pub fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::Guess => "guess",
        Basis::MetadataDerived => "metadata-derived",
        Basis::Convention => "convention",
        Basis::Recall => "recall",
        Basis::RecallChecked => "recall-checked",
        Basis::MetadataExplicit => "metadata-explicit",
        Basis::DocsRead => "docs-read",
        Basis::Body => "body",
    }
}
