//! `ffilint baseline create` and `ffilint baseline prune`.

use std::path::Path;
use std::sync::Arc;

use super::args::{BaselineArguments, BaselineCommand};
use super::check::tell_unreadable;
use super::projects::{self, Opened, working_directory};
use super::{CLEAN, FAILURE, Fallible, file, on_threads, write_out};
use crate::discover;
use crate::projects::{baseline_path, read_baseline, workspace};
use crate::rules;
use crate::source::Location;
use crate::suppress::baseline::without;
use crate::workspace::{Options, Scope};

pub(super) fn baseline(command: &BaselineCommand) -> Fallible<u8> {
    let (arguments, prunes) = match command {
        BaselineCommand::Create(arguments) => (arguments, false),
        BaselineCommand::Prune(arguments) => (arguments, true),
    };
    on_threads(None, false, || {
        let cwd = working_directory()?;
        let (projects, missing) = projects::read(&cwd, &arguments.paths, false)?;
        tell_unreadable(missing.iter());
        if arguments.baseline.is_some() && projects.len() > 1 {
            return Err("--baseline: the paths are of several projects; name those of one".into());
        }
        for opened in projects {
            let told = if prunes { prune(opened, &cwd, arguments)? } else { create(opened, &cwd, arguments)? };
            write_out(&format!("{told}\n"))?;
        }
        Ok(if missing.is_empty() { CLEAN } else { FAILURE })
    })
}

/// Writes all that is found now.
fn create(Opened { root, config, project, .. }: Opened, cwd: &Path, arguments: &BaselineArguments) -> Fallible<String> {
    let path = baseline_path(&root, &config, arguments.baseline.as_deref());
    let (workspace, models) = workspace(project, None);
    let report = workspace.check(models, &Options { scope: Scope::Project, ..Options::of(&config) });
    let baseline = workspace.baseline_of(report.diagnostics.iter());
    file::write(&path, &baseline.written())?;
    Ok(format!("{}: {}", shown(&path, cwd), entries(baseline.len())))
}

/// Removes what fits nothing any more.
fn prune(
    Opened { root, disk, config, project }: Opened,
    cwd: &Path,
    arguments: &BaselineArguments,
) -> Fallible<String> {
    let path = baseline_path(&root, &config, arguments.baseline.as_deref());
    let Some(read) = read_baseline(&disk, &path, cwd)? else {
        let create = "`ffilint baseline create` writes one";
        return Err(format!("cannot read {}: {}; {create}", path.display(), discover::MISSING));
    };
    let (text, before) = (Arc::clone(&read.text), read.baseline.len());
    let (workspace, models) = workspace(project, Some(read));
    let mut options = Options { scope: Scope::Project, ..Options::of(&config) };
    options.rules.remove(rules::STALE_BASELINE_ENTRY);
    let report = workspace.check(models, &options);
    let stale = report.diagnostics.iter().filter(|found| found.rule == rules::STALE_BASELINE_ENTRY);
    let lines = stale.filter_map(|found| {
        let Location { file, span } = found.primary.location;
        Some(report.sources.get(file.index())?.position(span.start).line)
    });
    let lines: Vec<u32> = lines.collect();
    if !lines.is_empty() {
        file::write(&path, &without(&text, &lines))?;
    }
    let left = before.saturating_sub(lines.len());
    Ok(format!("{}: {} removed, {left} left", shown(&path, cwd), entries(lines.len())))
}

fn entries(count: usize) -> String {
    format!("{count} {}", if count == 1 { "entry" } else { "entries" })
}

fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
