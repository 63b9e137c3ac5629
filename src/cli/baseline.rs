//! `ffilint baseline create` and `ffilint baseline prune`.

use std::path::Path;

use super::args::{BaselineArguments, BaselineCommand};
use super::check::{baseline_path, configuration, open, read_baseline, tell_unreadable, working_directory};
use super::{CLEAN, FAILURE, Fallible, file, on_threads, write_out};
use crate::config::{Certainty, Config};
use crate::discover::{self, Disk, Root};
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
        let (roots, missing) = discover::roots(&cwd, &arguments.paths);
        tell_unreadable(missing.iter());
        if arguments.baseline.is_some() && roots.len() > 1 {
            return Err("--baseline: the paths are of several projects; name those of one".into());
        }
        for root in &roots {
            let told = if prunes { prune(root, &cwd, arguments)? } else { create(root, &cwd, arguments)? };
            write_out(&format!("{told}\n"))?;
        }
        Ok(if missing.is_empty() { CLEAN } else { FAILURE })
    })
}

/// Writes all that is found now.
fn create(root: &Root, cwd: &Path, arguments: &BaselineArguments) -> Fallible<String> {
    let config = configuration(root, false)?;
    let path = baseline_path(root, &config, arguments.baseline.as_deref());
    let (workspace, models) = open(&Disk::default(), root, cwd, &config, None);
    let report = workspace.check(models, &options(&config));
    let baseline = workspace.baseline_of(report.diagnostics.iter());
    file::write(&path, &baseline.written())?;
    Ok(format!("{}: {}", shown(&path, cwd), entries(baseline.len())))
}

/// Removes what fits nothing any more.
fn prune(root: &Root, cwd: &Path, arguments: &BaselineArguments) -> Fallible<String> {
    let config = configuration(root, false)?;
    let path = baseline_path(root, &config, arguments.baseline.as_deref());
    let Some(read) = read_baseline(&path, cwd)? else {
        let create = "`ffilint baseline create` writes one";
        return Err(format!("cannot read {}: {}; {create}", path.display(), discover::MISSING));
    };
    let (text, before) = (read.text.clone(), read.baseline.len());
    let (workspace, models) = open(&Disk::default(), root, cwd, &config, Some(read));
    let mut options = options(&config);
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

/// All of the project that its configuration asks for.
fn options(config: &Config) -> Options {
    Options {
        rules: config.rules.clone(),
        targets: config.targets,
        as_built: !config.says("targets"),
        min_confidence: config.min_confidence.unwrap_or(Certainty::Medium).into(),
        check_vendored: config.check_vendored,
        scope: Scope::Project,
        ..Options::default()
    }
}

fn entries(count: usize) -> String {
    format!("{count} {}", if count == 1 { "entry" } else { "entries" })
}

fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
