//! `--add-ignore`: a comment at each finding that is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Fallible, complain, file};
use crate::config::Config;
use crate::discover::{self, Caps, Disk, Root};
use crate::projects::{self, ReadBaseline};
use crate::rules;
use crate::source::{FileId, SourceFile};
use crate::suppress;
use crate::workspace::{Options, Report};

/// What to silence, and how the project is checked.
pub(super) struct Silencing<'a> {
    pub(super) reason: &'a str,
    pub(super) root: &'a Root,
    pub(super) disk: &'a Disk,
    pub(super) cwd: &'a Path,
    pub(super) config: &'a Config,
    pub(super) options: &'a Options,
    pub(super) baseline: Option<ReadBaseline>,
}

/// Lines, from 0, with the rules that speak there.
type Lines = BTreeMap<u32, BTreeSet<&'static str>>;

/// More lines than a person looks at one by one are dropped in fewer rounds than this.
const MOST_ROUNDS: usize = 6;

/// Writes the comments, and gives the report of what is left. A line whose finding a comment does not silence, in the
/// middle of a string or a macro, stays as it is.
pub(super) fn add(report: Report, silencing: &Silencing<'_>) -> Fallible<Report> {
    let reason = silencing.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if !reason.starts_with(|first: char| first.is_alphanumeric()) {
        // In Dart's form what begins with a comma would be one more name.
        return Err("--add-ignore: say why nothing is wrong, in words: --add-ignore=REASON".into());
    }
    let mut open = findings(&report);
    let mut dropped: Vec<(FileId, u32)> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        if open.is_empty() {
            break;
        }
        let mut disk = silencing.disk.clone();
        let mut written: BTreeMap<FileId, Written> = BTreeMap::new();
        for (id, lines) in &open {
            let Some(source) = report.sources.get(id.index()) else { continue };
            let new = with_comments(source, lines, &reason);
            disk.put(silencing.cwd.join(&*source.path), new.text.as_bytes().into());
            written.insert(*id, new);
        }
        let after = checked(&disk, silencing);
        let before = dropped.len();
        for (id, new) in &written {
            let Some(source) = report.sources.get(id.index()) else { continue };
            let left = left_in(&after, &source.path);
            let is_damaged = is_damaged(&after, &source.path) && !is_damaged(&report, &source.path);
            let is_left = |line: &&u32| is_damaged || new.places.get(line).is_none_or(|place| left.contains(place));
            let lines = open.get(id).into_iter().flat_map(BTreeMap::keys).filter(is_left);
            dropped.extend(lines.map(|line| (*id, *line)));
        }
        if dropped.len() == before {
            write(&report, &written, silencing)?;
            tell(&report, &dropped);
            return Ok(after);
        }
        for (id, line) in &dropped {
            open.entry(*id).and_modify(|lines| drop(lines.remove(line)));
        }
        open.retain(|_, lines| !lines.is_empty());
    }
    dropped.extend(open.iter().flat_map(|(id, lines)| lines.keys().map(|line| (*id, *line))));
    tell(&report, &dropped);
    Ok(report)
}

/// The lines of findings that a comment could silence.
fn findings(report: &Report) -> BTreeMap<FileId, Lines> {
    let mut lines: BTreeMap<FileId, Lines> = BTreeMap::new();
    for diagnostic in report.diagnostics.iter().filter(|diagnostic| rules::is_of_the_code(diagnostic.rule)) {
        let location = diagnostic.primary.location;
        if let Some(source) = report.sources.get(location.file.index()) {
            let line = source.lines().line(location.span.start);
            lines.entry(location.file).or_default().entry(line).or_default().insert(diagnostic.rule);
        }
    }
    lines
}

fn write(report: &Report, written: &BTreeMap<FileId, Written>, silencing: &Silencing<'_>) -> Fallible<()> {
    for (id, new) in written {
        if let Some(source) = report.sources.get(id.index()) {
            file::write(&silencing.cwd.join(&*source.path), &new.text)?;
        }
    }
    Ok(())
}

/// Says which lines have no comment.
fn tell(report: &Report, dropped: &[(FileId, u32)]) {
    for (id, line) in dropped.iter().collect::<BTreeSet<_>>() {
        if let Some(source) = report.sources.get(id.index()) {
            let line = line + 1;
            complain(&format!("{}:{line}: left as it is: a comment cannot silence what is found there", source.path));
        }
    }
}

fn checked(disk: &Disk, silencing: &Silencing<'_>) -> Report {
    let Silencing { root, cwd, config, options, baseline, .. } = silencing;
    let project = discover::read_from(disk, root, cwd, config, &Caps::default());
    let (workspace, models) = projects::workspace(project, baseline.clone());
    workspace.check(models, options)
}

/// The lines of a file, from 0, that still have a finding which a comment could silence.
fn left_in(report: &Report, path: &str) -> BTreeSet<u32> {
    let lines = report.diagnostics.iter().filter(|diagnostic| rules::is_of_the_code(diagnostic.rule)).filter_map(
        |diagnostic| {
            let location = diagnostic.primary.location;
            let source = report.sources.get(location.file.index()).filter(|source| &*source.path == path)?;
            Some(source.lines().line(location.span.start))
        },
    );
    lines.collect()
}

fn is_damaged(report: &Report, path: &str) -> bool {
    report.damaged.iter().any(|problem| problem.path == path)
}

/// A text with comments.
struct Written {
    text: String,
    /// Where lines that have one now are, from 0.
    places: BTreeMap<u32, u32>,
}

/// A file's text with a comment above each of these lines.
fn with_comments(source: &SourceFile, lines: &Lines, reason: &str) -> Written {
    let end = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let all: Vec<&str> = source.text.split_inclusive('\n').collect();
    let mut comments: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (line, names) in lines {
        let names: Vec<&str> = names.iter().copied().collect();
        let (first, comment) = suppress::comment_for(source, *line, &names, reason);
        comments.entry(first as usize).or_default().push(format!("{comment}{end}"));
    }
    let (mut text, mut places, mut added) = (String::new(), BTreeMap::new(), 0);
    for (number, line) in (0..).zip(&all) {
        for comment in comments.remove(&(number as usize)).into_iter().flatten() {
            text.push_str(&comment);
            added += 1;
        }
        if lines.contains_key(&number) {
            places.insert(number, number + added);
        }
        text.push_str(line);
    }
    Written { text, places }
}
