//! `--fix` and `--diff`: what is mended, what is written, and what is said about it.

use std::path::Path;

use super::args::CheckArguments;
use super::{Fallible, complain, file, write_out};
use crate::diagnostic::Applicability;
use crate::discover;
use crate::language::Language;
use crate::models::ModelSet;
use crate::workspace::mend::{Changed, Mended, may_apply};
use crate::workspace::{Options, Report, Workspace};

/// Wishes that cannot be granted.
pub(super) fn refuse(arguments: &CheckArguments) -> Fallible<()> {
    let fixing = arguments.fixing;
    if fixing.fix && arguments.staged {
        return Err("--fix: what git has staged is not what is on disk; run it without --staged, then stage".into());
    }
    if fixing.fix && arguments.stdin_filename.is_some() {
        return Err(
            "--fix: what comes in on stdin is not what is on disk; run it on the file, or ask for --diff".into()
        );
    }
    let to_stdout = |format: &String| !format.contains('=') || format.ends_with("=-");
    if fixing.diff && arguments.format.iter().any(to_stdout) {
        return Err("--diff: stdout is for the difference; write the report to a file: `--format FORMAT=PATH`".into());
    }
    if fixing.unsafe_fixes && !fixing.fix && !fixing.diff {
        return Err("--unsafe-fixes: say what to do with them; add --fix or --diff".into());
    }
    Ok(())
}

/// Mends a project; the report on what is left, or for `--diff` on what is there.
pub(super) fn mend(
    workspace: Workspace,
    models: &ModelSet,
    options: &Options,
    folder: &Path,
    arguments: &CheckArguments,
    count: &mut Count,
) -> Fallible<Report> {
    let most = if arguments.fixing.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
    let mended = workspace.mend(models, options, most);
    if arguments.fixing.diff {
        write_out(&mended.changed.iter().map(difference).collect::<String>())?;
        let lines = OnDisk::of(&mended.changed);
        tell_refused(&mended, &lines);
        tell_unfixed(&mended.after, most, &lines);
        count.add(&mended);
        return Ok(mended.before);
    }
    for changed in &mended.changed {
        replace(folder, changed)?;
    }
    tell_refused(&mended, &OnDisk::of(&[]));
    count.add(&mended);
    let waiting = mended.after.diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_ref());
    let waiting = waiting.filter(|fix| may_apply(fix, Applicability::Unsafe) && !may_apply(fix, most)).count();
    if waiting > 0 {
        complain(&format!("{waiting} more can be fixed with --unsafe-fixes; look at what that changes"));
    }
    Ok(mended.after)
}

/// How much was mended in all projects, which is told once.
#[derive(Debug, Default)]
pub(super) struct Count {
    findings: usize,
    files: usize,
}

impl Count {
    fn add(&mut self, mended: &Mended) {
        self.findings += mended.applied;
        self.files += mended.changed.len();
    }

    /// Tells it, where something was to be mended.
    pub(super) fn tell(&self, arguments: &CheckArguments) {
        let did = match (arguments.fixing.diff, arguments.fixing.fix) {
            (true, _) => "would fix",
            (false, true) => "fixed",
            (false, false) => return,
        };
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (findings, files) = (self.findings, self.files);
        complain(&format!("{did} {findings} finding{} in {files} file{}", plural(findings), plural(files)));
    }
}

fn tell_refused(mended: &Mended, lines: &OnDisk<'_>) {
    for refusal in &mended.refused {
        let line = lines.line(&refusal.path, refusal.line);
        complain(&format!("{}:{line}: {} is not fixed: {}", refusal.path, refusal.rule, refusal.reason));
    }
}

/// What nothing is offered for.
fn tell_unfixed(report: &Report, most: Applicability, lines: &OnDisk<'_>) {
    for diagnostic in &report.diagnostics {
        let location = diagnostic.primary.location;
        let Some(source) = report.sources.get(location.file.index()) else { continue };
        let reason = match &diagnostic.fix {
            None => "there is no fix",
            Some(fix) if may_apply(fix, most) => continue,
            Some(_) => "its fix is one of --unsafe-fixes",
        };
        let line = lines.line(&source.path, source.position(location.span.start).line);
        complain(&format!("{}:{line}: {}: {reason}", source.path, diagnostic.rule));
    }
}

/// Which lines of texts that nobody wrote are which ones on disk.
struct OnDisk<'c> {
    changed: &'c [Changed],
}

impl<'c> OnDisk<'c> {
    fn of(changed: &'c [Changed]) -> Self {
        Self { changed }
    }

    /// The line on disk of a line of the new text. A line that is only deeper than it was is the same.
    fn line(&self, path: &str, line: u32) -> u32 {
        let Some(changed) = self.changed.iter().find(|changed| *changed.path == *path) else { return line };
        let trimmed = |text: &'c str| text.lines().map(str::trim).collect::<Vec<_>>();
        let (old, new) = (trimmed(&changed.old), trimmed(&changed.new));
        let at = line.saturating_sub(1) as usize;
        let steps = similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new);
        let step = steps.into_iter().find(|step| step.new_range().contains(&at));
        step.map_or(line, |step| {
            let (old, new) = (step.old_range(), step.new_range());
            let at = old.start + (at - new.start).min(old.len().saturating_sub(1));
            u32::try_from(at + 1).unwrap_or(line)
        })
    }
}

fn difference(changed: &Changed) -> String {
    let difference = similar::TextDiff::from_lines(&*changed.old, &*changed.new);
    difference.unified_diff().header(&format!("a/{}", changed.path), &format!("b/{}", changed.path)).to_string()
}

/// Writes a new text in the place of the one that was read.
fn replace(folder: &Path, changed: &Changed) -> Fallible<()> {
    const MARK: &str = "\u{feff}";
    let path = folder.join(&*changed.key);
    let fail = |why: &str| format!("cannot fix {}: {why}", changed.path);
    let there = discover::read_source(&path, Language::Dart).map_err(|reason| fail(&reason))?;
    if there != *changed.old {
        return Err(fail("it was changed in the meantime"));
    }
    let is_marked = std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(MARK.as_bytes()));
    let mark = if is_marked { MARK } else { "" };
    file::write(&path, &format!("{mark}{}", changed.new))
}
