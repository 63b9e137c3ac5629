//! `ffilint doctor`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::args::{DoctorArguments, LinksFormat};
use super::projects::{self, Opened, working_directory};
use super::{CLEAN, FAILURE, Fallible, complain, write_out};
use crate::config::Config;
use crate::discover::{self, Problem, Project, Root};
use crate::language::Language;
use crate::models::ModelSet;
use crate::models::catalog::{self, basis_word};
use crate::models::own::OwnText;
use crate::render::ownership::json::{
    Examined, ExaminedLanguage, ExaminedPackage, ExaminedProject, ExaminedSkip, examined,
};
use crate::summary::Basis;
use crate::target::TargetSet;
use crate::{render, workspace};

/// Says what was found and read, and what the models are made of.
pub(super) fn doctor(arguments: &DoctorArguments) -> Fallible<u8> {
    let pool = workspace::pool(0).map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| {
        let (projects, missing) = projects::read(&working_directory()?, &arguments.paths, arguments.isolated)?;
        let mut own = Vec::new();
        for Opened { project, .. } in &projects {
            own.extend(project.models.texts.iter().map(workspace::models::own_text));
        }
        let of_project = (!own.is_empty()).then(|| ModelSet::with_user_files(&own));
        let models = of_project.as_ref().unwrap_or_else(|| ModelSet::builtin());
        let mut found = Examined {
            projects: projects
                .iter()
                .map(|Opened { root, config, project, .. }| describe(root, config, project, models))
                .collect(),
            ..Examined::default()
        };
        count_models(&mut found, &own);
        let text = match arguments.format {
            LinksFormat::Full => full(&found),
            LinksFormat::Json => examined(&found).map_err(|error| format!("cannot write JSON: {error}"))?,
        };
        write_out(&text)?;
        for Problem { path, reason } in &missing {
            complain(&format!("cannot read {path}: {reason}"));
        }
        Ok(if missing.is_empty() { CLEAN } else { FAILURE })
    })
}

fn describe(root: &Root, config: &Config, project: &Project, models: &ModelSet) -> ExaminedProject {
    let language = |language: &'static Language| {
        let of = |file: &&discover::Found| file.language == *language;
        let read = *project.read.get(language)?;
        Some((language.title(), ExaminedLanguage { read, chosen: project.files.iter().filter(of).count() }))
    };
    // Models speak of its versions.
    let is_modelled = |package: &str| models.pack_for_uri(&format!("package:{package}/")).is_some();
    let package = |package: &discover::Package| {
        let known = package.versions.iter().filter(|(name, _)| is_modelled(name));
        let versions = known.map(|(name, version)| (name.to_string(), version.to_string())).collect();
        ExaminedPackage { name: package.name.to_string(), versions, targets: package.built_for.to_names() }
    };
    let skip = |problem: &Problem| ExaminedSkip { path: problem.path.clone(), reason: problem.reason.to_string() };
    ExaminedProject {
        folder: root.folder.display().to_string(),
        configuration: config.files.iter().map(|path| discover::shown(path, &root.folder)).collect(),
        languages: Language::ALL.iter().filter_map(language).collect(),
        packages: project.packages.iter().map(package).collect(),
        models: project.models.texts.iter().map(|file| file.path.to_string()).collect(),
        skipped: project.problems.iter().map(skip).collect(),
    }
}

fn count_models(found: &mut Examined, own: &[OwnText<'_>]) {
    let catalog = catalog::read(own, None);
    let mut packs: BTreeMap<(bool, &str), BTreeMap<Basis, usize>> = BTreeMap::new();
    for entry in &catalog.entries {
        let pack = packs.entry((!entry.is_own, entry.pack.as_str())).or_default();
        *pack.entry(entry.basis()).or_default() += entry.names().count();
    }
    found.families = catalog.families;
    found.packs = packs.iter().map(|((is_builtin, id), of)| ((*id).to_owned(), !is_builtin, of.clone())).collect();
}

/// From what may be trusted most.
const BASES: [Basis; 7] = [
    Basis::DocsRead,
    Basis::MetadataExplicit,
    Basis::RecallChecked,
    Basis::Recall,
    Basis::Convention,
    Basis::MetadataDerived,
    Basis::Guess,
];

fn full(found: &Examined) -> String {
    let mut text = format!("ffilint {}\n", env!("CARGO_PKG_VERSION"));
    for project in &found.projects {
        let config = match project.configuration.as_slice() {
            [] => "no configuration".to_owned(),
            files => format!("with {}", files.join(", ")),
        };
        let _ = writeln!(text, "project {} ({})", render::clean(&project.folder), render::clean(&config));
        for language in Language::ALL {
            if let Some(ExaminedLanguage { read, chosen }) = project.languages.get(language.title()) {
                let _ = writeln!(text, "  {}: {read} read, {chosen} that can touch FFI", language.title());
            }
        }
        for package in &project.packages {
            let versions: Vec<String> =
                package.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
            let versions = if versions.is_empty() { "no modelled package".into() } else { versions.join(", ") };
            let everywhere = package.targets == TargetSet::ALL.to_names();
            let built = if everywhere { String::new() } else { format!("; built for {}", package.targets.join(", ")) };
            let _ = writeln!(text, "  package {}: {}{built}", render::clean(&package.name), render::clean(&versions));
        }
        for path in &project.models {
            let _ = writeln!(text, "  models in {}", render::clean(path));
        }
        for ExaminedSkip { path, reason } in &project.skipped {
            let _ = writeln!(text, "  skipped {}: {}", render::clean(path), render::clean(reason));
        }
    }
    let total = |basis: Basis| found.packs.iter().filter_map(|(.., of)| of.get(&basis)).sum::<usize>();
    let all: usize = BASES.iter().map(|basis| total(*basis)).sum();
    let _ = writeln!(text, "models: {all} functions and {} families in {} packs", found.families, found.packs.len());
    let line = |of: &dyn Fn(Basis) -> usize| {
        let parts = BASES.iter().map(|basis| (basis_word(*basis), of(*basis))).filter(|(_, number)| *number > 0);
        parts.map(|(word, number)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "  by basis: {}", line(&total));
    for (pack, is_own, bases) in &found.packs {
        let whose = if *is_own { " (the project's)" } else { "" };
        let of = |basis: Basis| bases.get(&basis).copied().unwrap_or(0);
        let _ = writeln!(text, "  {}{whose}: {}", render::clean(pack), line(&of));
    }
    text
}
