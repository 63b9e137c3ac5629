//! `ffilint ownership` and `ffilint doctor`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::args::{DoctorArguments, OwnershipArguments};
use super::{CLEAN, FAILURE, Fallible, complain, threads, write_out};
use crate::config::{self, Config};
use crate::discover::{self, Problem, Project, Root};
use crate::language::Language;
use crate::models::ModelSet;
use crate::models::catalog::{self, basis_word};
use crate::summary::Basis;
use crate::workspace::{Options, Workspace};
use crate::{render, rules, workspace};

/// Says what is known of a name, or lists the bindings of which nothing is.
pub(super) fn ownership(arguments: &OwnershipArguments) -> Fallible<u8> {
    let (name, paths) = match (arguments.unknown, arguments.names.as_slice()) {
        (true, paths) => (None, paths),
        (false, [name, paths @ ..]) => (Some(name.as_str()), paths),
        (false, []) => return Err("name a function, or write `--unknown` for all of which nothing is known".into()),
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let pool = workspace::pool(threads(arguments.jobs.unwrap_or(0), false));
    let pool = pool.map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| tell(name, &paths, arguments.isolated))
}

fn tell(name: Option<&str>, paths: &[PathBuf], isolated: bool) -> Fallible<u8> {
    let (roots, missing) = projects(paths, isolated)?;
    let mut meant = None;
    let mut text = String::new();
    for (_, config, project) in roots {
        let options = Options { targets: config.targets, check_vendored: config.check_vendored, ..Options::default() };
        let workspace = Workspace::new(project);
        match name {
            None => {
                text.push_str(&render::ownership::unknown(&workspace.unknown_ownership(ModelSet::builtin(), &options)))
            }
            Some(name) => {
                let known = workspace.ownership(ModelSet::builtin(), &options, name);
                match known.is_there {
                    true => text.push_str(&render::ownership::known(name, &known)),
                    false => meant = Some(known.meant),
                }
            }
        }
    }
    write_out(&text)?;
    for Problem { path, reason } in &missing {
        complain(&format!("cannot read {path}: {reason}"));
    }
    match (name, meant) {
        (Some(name), Some(meant)) if text.is_empty() => {
            Err(format!("nothing here and no model is called `{}`{meant}", config::short(name)))
        }
        _ => Ok(if missing.is_empty() { CLEAN } else { FAILURE }),
    }
}

type Projects = (Vec<(Root, Config, Project)>, Vec<Problem>);

fn projects(paths: &[PathBuf], isolated: bool) -> Fallible<Projects> {
    let cwd = std::env::current_dir().and_then(|cwd| cwd.canonicalize());
    let cwd = cwd.map_err(|error| format!("cannot find the working directory: {error}"))?;
    let (roots, missing) = discover::roots(&cwd, paths);
    let read = |root: Root| {
        let config = match isolated {
            true => Config::default(),
            false => Config::load(&root.folder, &rules::names()).map_err(|error| error.to_string())?,
        };
        let project = discover::read(&root, &cwd, &config);
        Ok((root, config, project))
    };
    Ok((roots.into_iter().map(read).collect::<Fallible<_>>()?, missing))
}

/// Says what was found and read, and what the models are made of.
pub(super) fn doctor(arguments: &DoctorArguments) -> Fallible<u8> {
    let pool = workspace::pool(0).map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| {
        let (roots, missing) = projects(&arguments.paths, arguments.isolated)?;
        let mut text = format!("ffilint {}\n", env!("CARGO_PKG_VERSION"));
        let mut own = Vec::new();
        for (root, _, project) in roots {
            describe(&mut text, &root.folder, &project);
            own.extend(project.models.texts);
        }
        let own: Vec<(&str, &str)> = own.iter().map(|file| (&*file.path, &*file.text)).collect();
        count_models(&mut text, &own);
        write_out(&text)?;
        for Problem { path, reason } in &missing {
            complain(&format!("cannot read {path}: {reason}"));
        }
        Ok(if missing.is_empty() { CLEAN } else { FAILURE })
    })
}

fn describe(text: &mut String, folder: &Path, project: &Project) {
    let config = match folder.join(config::FILE_NAME).is_file() {
        true => format!("with {}", config::FILE_NAME),
        false => format!("no {}", config::FILE_NAME),
    };
    let _ = writeln!(text, "project {} ({config})", render::clean(&folder.display().to_string()));
    for language in Language::ALL {
        let of = |file: &&discover::Found| file.language == *language;
        if let Some(read) = project.read.get(language) {
            let chosen = project.files.iter().filter(of).count();
            let _ = writeln!(text, "  {}: {read} read, {chosen} that can touch FFI", language.title());
        }
    }
    for package in &project.packages {
        let of_models = |(name, version): (&String, &semver::Version)| format!("{name} {version}");
        let versions: Vec<String> =
            package.versions.iter().filter(|(name, _)| is_modelled(name)).map(of_models).collect();
        let versions = if versions.is_empty() { "no modelled package".into() } else { versions.join(", ") };
        let _ = writeln!(text, "  package {}: {}", render::clean(&package.name), render::clean(&versions));
    }
    for file in &project.models.texts {
        let _ = writeln!(text, "  models in {}", render::clean(&file.path));
    }
    for Problem { path, reason } in &project.problems {
        let _ = writeln!(text, "  skipped {}: {}", render::clean(path), render::clean(reason));
    }
}

/// Whether models speak of a package's versions.
fn is_modelled(package: &str) -> bool {
    ModelSet::builtin().pack_for_uri(&format!("package:{package}/")).is_some()
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

fn count_models(text: &mut String, own: &[(&str, &str)]) {
    let catalog = catalog::read(own);
    let mut packs: BTreeMap<(bool, &str), BTreeMap<Basis, usize>> = BTreeMap::new();
    for entry in &catalog.entries {
        let pack = packs.entry((!entry.is_own, entry.pack.as_str())).or_default();
        *pack.entry(entry.basis()).or_default() += entry.names().count();
    }
    let total = |basis: Basis| packs.values().filter_map(|pack| pack.get(&basis)).sum::<usize>();
    let all: usize = BASES.iter().map(|basis| total(*basis)).sum();
    let _ = writeln!(text, "models: {all} functions and {} families in {} packs", catalog.families, packs.len());
    let line = |of: &dyn Fn(Basis) -> usize| {
        let parts = BASES.iter().map(|basis| (basis_word(*basis), of(*basis))).filter(|(_, number)| *number > 0);
        parts.map(|(word, number)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "  by basis: {}", line(&total));
    for ((is_builtin, pack), bases) in &packs {
        let whose = if *is_builtin { "" } else { " (the project's)" };
        let of = |basis: Basis| bases.get(&basis).copied().unwrap_or(0);
        let _ = writeln!(text, "  {}{whose}: {}", render::clean(pack), line(&of));
    }
}
