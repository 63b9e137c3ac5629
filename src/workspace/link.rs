//! What discovery knows of a file, in the link stage's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::discover::{Crate, Package, Project, shown};
use crate::ir::Unit;
use crate::link::{CrateContext, FileContext, PackageContext, Program, Target};
use crate::models::{ModelSet, Versions};

use super::Links;

/// Where each file of a project lies, in the order of its files.
pub(super) fn contexts(project: &Project) -> Vec<FileContext> {
    let packages: Vec<_> = project.packages.iter().map(|package| context_of(package, project)).collect();
    let crates: Vec<_> = project.crates.iter().map(|krate| crate_context_of(krate, project)).collect();
    let context = |file: &crate::discover::Found| FileContext {
        path: Arc::clone(&file.key),
        package: file.package.and_then(|package| packages.get(package).cloned()),
        krate: file.krate.and_then(|krate| crates.get(krate).cloned()),
        targets: file.targets,
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
pub(super) fn program(units: Vec<Unit>, contexts: &[FileContext], models: &ModelSet) -> Program {
    let contexts: Vec<_> = units.iter().filter_map(|unit| contexts.get(unit.file.index()).cloned()).collect();
    Program::link(units, &contexts, models)
}

/// How many native symbols the program calls, with and without something known of them.
pub(super) fn count(program: &Program) -> Links {
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    let targets = program.resolved.iter().flatten().flat_map(|resolved| resolved.targets.iter().flatten());
    for target in targets {
        if let Target::Native { symbol: Some(symbol), model } = target {
            *known.entry(symbol).or_default() |= model.is_some();
        }
    }
    let resolved = known.values().filter(|known| **known).count();
    Links { resolved, unresolved: known.len() - resolved }
}
