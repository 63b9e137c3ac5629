//! `--add-ignore`: a comment at each finding that is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::check::{ReadBaseline, open};
use super::{Fallible, complain, file};
use crate::config::Config;
use crate::discover::{Disk, Root};
use crate::language::Language;
use crate::rules;
use crate::source::{FileId, SourceFile};
use crate::workspace::{Options, Report};

/// What to silence, and how the project is checked.
pub(super) struct Silencing<'a> {
    pub(super) reason: &'a str,
    pub(super) root: &'a Root,
    pub(super) cwd: &'a Path,
    pub(super) config: &'a Config,
    pub(super) options: &'a Options,
    pub(super) baseline: Option<ReadBaseline>,
}

/// Writes the comments, and gives the report of what is left. A file whose findings a comment does not silence, in the
/// middle of a string or a macro, stays as it is.
pub(super) fn add(report: Report, silencing: &Silencing<'_>) -> Fallible<Report> {
    let reason = silencing.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err("--add-ignore: say why nothing is wrong: --add-ignore=REASON".into());
    }
    let mut lines: BTreeMap<FileId, BTreeMap<u32, BTreeSet<&str>>> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        let location = diagnostic.primary.location;
        let Some(source) = report.sources.get(location.file.index()) else { continue };
        if rules::find(diagnostic.rule).is_some_and(|rule| rule.cwe.is_some()) {
            let line = source.lines().line(location.span.start);
            lines.entry(location.file).or_default().entry(line).or_default().insert(diagnostic.rule);
        }
    }
    let mut disk = Disk::default();
    let mut written: Vec<(FileId, String)> = Vec::new();
    for (id, lines) in &lines {
        let Some(source) = report.sources.get(id.index()) else { continue };
        let text = with_comments(source, lines, &reason);
        disk.put(silencing.cwd.join(&*source.path), text.as_bytes().into());
        written.push((*id, text));
    }
    if written.is_empty() {
        return Ok(report);
    }
    let after = checked(&disk, silencing);
    let mut left = Disk::default();
    for (id, text) in written {
        let Some(source) = report.sources.get(id.index()) else { continue };
        let path = silencing.cwd.join(&*source.path);
        if shows(&after, &source.path) || is_damaged(&after, &source.path) && !is_damaged(&report, &source.path) {
            complain(&format!("{}: left as it is: a comment cannot silence all findings there", source.path));
        } else {
            file::write(&path, &text)?;
            left.put(path, text.into_bytes().into());
        }
    }
    Ok(checked(&left, silencing))
}

fn checked(disk: &Disk, silencing: &Silencing<'_>) -> Report {
    let Silencing { root, cwd, config, options, baseline, .. } = silencing;
    let (workspace, models) = open(disk, root, cwd, config, baseline.clone());
    workspace.check(models, options)
}

/// Whether a report has a finding in a file that a comment could silence.
fn shows(report: &Report, path: &str) -> bool {
    report.diagnostics.iter().any(|diagnostic| {
        let source = report.sources.get(diagnostic.primary.location.file.index());
        source.is_some_and(|source| &*source.path == path)
            && rules::find(diagnostic.rule).is_some_and(|rule| rule.cwe.is_some())
    })
}

fn is_damaged(report: &Report, path: &str) -> bool {
    report.damaged.iter().any(|problem| problem.path == path)
}

/// A file's text with a comment above each of these lines.
fn with_comments(source: &SourceFile, lines: &BTreeMap<u32, BTreeSet<&str>>, reason: &str) -> String {
    let end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let all: Vec<&str> = source.text.split_inclusive('\n').collect();
    let mut comments: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (line, names) in lines {
        let line = *line as usize;
        let indent = all.get(line).map_or("", |text| text.get(..text.len() - text.trim_start().len()).unwrap_or(""));
        let names: Vec<&str> = names.iter().copied().collect();
        // A comment above may speak of the very next line: Dart's own form and those of other tools do.
        let above = all.get(..line).unwrap_or_default().iter().rev();
        let first = line - above.take_while(|text| text.trim_start().starts_with("//")).count();
        let comment = if source.language == Language::Dart && first == line {
            let names: Vec<String> = names.iter().map(|name| format!("ffilint/{name}")).collect();
            format!("// ignore: {} {reason}", names.join(", "))
        } else {
            format!("// ffilint: ignore[{}] {reason}", names.join(", "))
        };
        comments.entry(first).or_default().push(format!("{indent}{comment}{end}"));
    }
    let mut text = String::new();
    for (number, line) in all.iter().enumerate() {
        comments.remove(&number).into_iter().flatten().for_each(|comment| text.push_str(&comment));
        text.push_str(line);
    }
    text
}
