//! What discovery knows of a file, in the link stage's words.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::Diagnostic;
use crate::discover::{Crate, Package, Project, shown};
use crate::ir::Unit;
use crate::link::{CrateContext, FileContext, PackageContext, Program, Tables, Target};
use crate::models::{ModelSet, Versions};
use crate::source::{FileId, Span};
use crate::target::TargetSet;

/// Where each file of a project lies, in the order of its files.
pub(super) fn contexts(project: &Project) -> Vec<FileContext> {
    let packages: Vec<_> = project.packages.iter().map(|package| context_of(package, project)).collect();
    let crates: Vec<_> = project.crates.iter().map(|krate| crate_context_of(krate, project)).collect();
    let context = |file: &crate::discover::Found| FileContext {
        path: Arc::clone(&file.key),
        package: file.package.and_then(|package| packages.get(package).cloned()),
        krate: file.krate.and_then(|krate| crates.get(krate).cloned()),
        is_vendored: file.vendored,
        targets: if file.language.is_native() { file.targets } else { TargetSet::ALL },
        narrow: file.narrow,
        speaks_of: if file.language.is_native() { TargetSet::ALL } else { file.targets },
    };
    project.files.iter().map(context).collect()
}

fn context_of(package: &Package, project: &Project) -> PackageContext {
    PackageContext {
        name: package.name.as_str().into(),
        root: shown(&package.folder, &project.folder).into(),
        versions: Arc::new(
            package.versions.iter().map(|(name, version)| (name.as_str(), version.clone())).collect::<Versions>(),
        ),
    }
}

fn crate_context_of(krate: &Crate, project: &Project) -> CrateContext {
    CrateContext {
        name: krate.name.as_str().into(),
        root: shown(&krate.folder, &project.folder).into(),
        lib: krate.lib.as_ref().map(|lib| shown(lib, &project.folder).into()),
    }
}

/// Links the units; contexts stand in the order of the workspace's files.
pub(super) fn program(units: Vec<Arc<Unit>>, contexts: &[FileContext], models: &ModelSet) -> (Program, Tables) {
    let contexts: Vec<_> = units.iter().filter_map(|unit| contexts.get(unit.file.index()).cloned()).collect();
    Program::with_tables(units, &contexts, models)
}

/// The functions that stand at the boundary: what lies behind them only is the work of other tools.
pub(super) struct Glue {
    /// By native file: the spans of its exported functions.
    exported: FxHashMap<FileId, Vec<Span>>,
}

impl Glue {
    /// The exported functions of a program: marked so, or called by their symbol from another language.
    pub(super) fn of(program: &Program) -> Self {
        let mut called: FxHashSet<&str> = FxHashSet::default();
        let dart = program.units.iter().zip(&program.resolved).filter(|(unit, _)| !unit.language.is_native());
        for target in dart.flat_map(|(_, resolved)| resolved).flat_map(|resolved| resolved.targets.iter().flatten()) {
            if let Target::Native { symbol: Some(symbol), .. } = target {
                called.insert(symbol);
            }
        }
        let mut exported: FxHashMap<FileId, Vec<Span>> = FxHashMap::default();
        for unit in program.units.iter().filter(|unit| unit.language.is_native()) {
            let spans = exported.entry(unit.file).or_default();
            let reached = unit.exports.iter().filter(|export| export.is_marked || called.contains(&*export.symbol));
            spans.extend(reached.map(|export| unit.function(export.function).span));
        }
        Self { exported }
    }

    /// Every span of a file.
    pub(super) fn spans_mut(&mut self, file: FileId) -> impl Iterator<Item = &mut Span> {
        self.exported.get_mut(&file).into_iter().flatten()
    }

    /// Whether a finding has to do with the boundary: its place is in another language, or a step of it lies in an
    /// exported function.
    pub(super) fn concerns(&self, diagnostic: &Diagnostic) -> bool {
        let Some(spans) = self.exported.get(&diagnostic.primary.location.file) else { return true };
        if spans.is_empty() {
            return false;
        }
        let places = diagnostic.trace.iter().map(|step| step.location).chain([diagnostic.primary.location]);
        places.into_iter().any(|place| {
            let spans = self.exported.get(&place.file);
            spans.is_some_and(|spans| {
                spans.iter().any(|span| span.start <= place.span.start && place.span.end <= span.end)
            })
        })
    }
}
