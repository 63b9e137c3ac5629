//! What is known of who owns what, for machines. The structs are the format; `rules/README.md` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{contract_in_words, model};
use crate::models::catalog::basis_word;
use crate::summary::Basis;
use crate::target::TargetSet;
use crate::workspace::ownership::{Fact, From, Known, Place, Unknowns};

/// What `ffilint doctor` found.
#[derive(Debug, Default)]
pub struct Examined {
    /// The projects.
    pub projects: Vec<ExaminedProject>,
    /// For each pack, the project's own first: its name, whether it is the project's, how many functions by basis.
    pub packs: Vec<(String, bool, BTreeMap<Basis, usize>)>,
    /// How many families there are.
    pub families: usize,
}

/// A project, as `ffilint doctor` sees it.
#[derive(Debug, Default, Serialize)]
pub struct ExaminedProject {
    /// Its folder.
    pub folder: String,
    /// The files that configure it, the one that counts most first.
    pub configuration: Vec<String>,
    /// By language.
    pub languages: BTreeMap<&'static str, ExaminedLanguage>,
    /// Its packages: of each the versions of those that models speak of.
    pub packages: Vec<ExaminedPackage>,
    /// Its files of models.
    pub models: Vec<String>,
    /// What could not be read.
    pub skipped: Vec<ExaminedSkip>,
}

/// How many files of a language there are.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ExaminedLanguage {
    /// That were read.
    pub read: usize,
    /// That can touch FFI.
    pub chosen: usize,
}

/// A package of a project.
#[derive(Debug, Serialize)]
pub struct ExaminedPackage {
    /// Its name.
    pub name: String,
    /// The versions of the packages that models speak of.
    pub versions: BTreeMap<String, String>,
    /// The platforms it is built for.
    pub targets: Vec<&'static str>,
}

/// What could not be read.
#[derive(Debug, Serialize)]
pub struct ExaminedSkip {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

#[derive(Serialize)]
struct Document<T> {
    version: u32,
    #[serde(flatten)]
    told: T,
}

#[derive(Serialize)]
struct OfName<'a> {
    name: &'a str,
    projects: Vec<KnownHere<'a>>,
}

#[derive(Serialize)]
struct KnownHere<'a> {
    bindings: Vec<Spot<'a>>,
    facts: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Spot<'a> {
    path: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Told<'a> {
    from: &'static str,
    place: Option<Spot<'a>>,
    pack: Option<&'a str>,
    basis: &'static str,
    sources: Vec<&'a str>,
    targets: Vec<&'static str>,
    /// Absent where a body was not understood.
    contract: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Unclear<'a> {
    projects: Vec<UnclearHere<'a>>,
}

#[derive(Serialize)]
struct UnclearHere<'a> {
    called: usize,
    unused: usize,
    computed: usize,
    bindings: Vec<Binding<'a>>,
}

#[derive(Serialize)]
struct Binding<'a> {
    symbol: &'a str,
    uses: usize,
    first: Spot<'a>,
    call: &'a str,
    gives_pointer: bool,
    pointers: &'a [usize],
    defined: bool,
    model: String,
}

#[derive(Serialize)]
struct Health<'a> {
    tool: &'static str,
    projects: &'a [ExaminedProject],
    models: Models<'a>,
}

#[derive(Serialize)]
struct Models<'a> {
    functions: usize,
    families: usize,
    basis: BTreeMap<&'static str, usize>,
    packs: Vec<Pack<'a>>,
}

#[derive(Serialize)]
struct Pack<'a> {
    id: &'a str,
    own: bool,
    basis: BTreeMap<&'static str, usize>,
}

/// What is known of one name, project by project.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn known(name: &str, all: &[Known]) -> Result<String, serde_json::Error> {
    let here = |known: &'_ Known| known.bindings.len() + known.facts.len() > 0;
    let projects = all.iter().filter(|known| here(known)).map(|known| KnownHere {
        bindings: known.bindings.iter().map(spot).collect(),
        facts: known.facts.iter().map(|fact| told(fact, known)).collect(),
    });
    written(OfName { name, projects: projects.collect() })
}

fn told<'a>(fact: &'a Fact, known: &Known) -> Told<'a> {
    let (from, place, entry) = match &fact.from {
        From::Comment(place) => ("comment", Some(spot(place)), None),
        From::Body(place) => ("body", Some(spot(place)), None),
        From::Declaration(place) => ("declaration", place.as_ref().map(spot), None),
        From::Convention => ("convention", None, None),
        From::Model(entry) if entry.is_concluded() => ("convention", None, Some(entry)),
        From::Model(entry) => {
            let from = if entry.is_own { "project" } else { "model" };
            (from, Some(Spot { path: &entry.path, line: entry.line }), Some(entry))
        }
    };
    let sources = entry.map(|entry| match &entry.model.source {
        Some(source) => vec![source.as_str()],
        None => entry.sources.iter().map(String::as_str).collect(),
    });
    Told {
        from,
        place,
        pack: entry.map(|entry| entry.pack.as_str()),
        basis: basis_word(fact.basis()),
        sources: sources.unwrap_or_default(),
        targets: if fact.targets == TargetSet::ALL { Vec::new() } else { fact.targets.to_names() },
        contract: fact.contract.as_ref().map(|contract| contract_in_words(contract, &known.families)),
    }
}

/// The bindings of which nothing is known, project by project.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn unknown(all: &[Unknowns]) -> Result<String, serde_json::Error> {
    let projects = all.iter().map(|unknowns| UnclearHere {
        called: unknowns.called,
        unused: unknowns.unused,
        computed: unknowns.computed,
        bindings: unknowns
            .bindings
            .iter()
            .map(|unknown| Binding {
                symbol: &unknown.symbol,
                uses: unknown.uses,
                first: spot(&unknown.first),
                call: &unknown.shown,
                gives_pointer: unknown.gives_pointer,
                pointers: &unknown.pointers,
                defined: unknown.is_defined,
                model: model(unknown),
            })
            .collect(),
    });
    written(Unclear { projects: projects.collect() })
}

/// What was found and read, and what the models are made of.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn examined(examined: &Examined) -> Result<String, serde_json::Error> {
    let words = |of: &BTreeMap<Basis, usize>| of.iter().map(|(basis, count)| (basis_word(*basis), *count)).collect();
    let mut total: BTreeMap<Basis, usize> = BTreeMap::new();
    for (basis, count) in examined.packs.iter().flat_map(|(.., of)| of) {
        *total.entry(*basis).or_default() += count;
    }
    let pack = |(id, own, of): &'_ (String, bool, BTreeMap<Basis, usize>)| (id.clone(), *own, words(of));
    let packs: Vec<(String, bool, BTreeMap<&'static str, usize>)> = examined.packs.iter().map(pack).collect();
    written(Health {
        tool: env!("CARGO_PKG_VERSION"),
        projects: &examined.projects,
        models: Models {
            functions: total.values().sum(),
            families: examined.families,
            basis: words(&total),
            packs: packs.iter().map(|(id, own, basis)| Pack { id, own: *own, basis: basis.clone() }).collect(),
        },
    })
}

fn spot(place: &Place) -> Spot<'_> {
    Spot { path: &place.path, line: place.line }
}

fn written<T: Serialize>(told: T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(&Document { version: 1, told })?;
    text.push('\n');
    Ok(text)
}
