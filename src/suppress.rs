//! What keeps a finding from being shown: a comment in the source, or an entry of the baseline.
//!
//! Both speak of findings that were found: what they silence is known, and so is what they silence no longer.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, TraceKind};
use crate::ir::Unit;
use crate::language::Language;
use crate::rules;
use crate::source::{FileId, Location, SourceFile, Span};

pub mod baseline;
mod comments;

use comments::{Extent, Mark};

/// A finding that is not shown, and what keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// The finding.
    pub diagnostic: Diagnostic,
    /// What keeps it.
    pub by: By,
}

/// What keeps a finding from being shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A comment, and why its author says that nothing is wrong.
    Comment {
        /// The name of the rule in the comment.
        location: Location,
        /// What follows the names.
        reason: Option<String>,
    },
    /// An entry of the baseline.
    Baseline,
}

/// The comment that silences rules at a line, from 0: the line to put it above, and its text with its indentation.
#[must_use]
pub fn comment_for(source: &SourceFile, line: u32, rules: &[&str], reason: &str) -> (u32, String) {
    let text_of = |line: u32| {
        let rest = source.text.get(source.lines().start(line) as usize..).unwrap_or_default();
        rest.split('\n').next().unwrap_or_default()
    };
    let text = text_of(line);
    let indent = text.get(..text.len() - text.trim_start().len()).unwrap_or_default();
    // A comment above may speak of the very next line: Dart's own form and those of other tools do.
    let above = (0..line).rev().take_while(|line| text_of(*line).trim_start().starts_with("//")).count();
    let first = line - above as u32;
    let comment = if source.language == Language::Dart && first == line {
        let names: Vec<String> = rules.iter().map(|name| format!("ffilint/{name}")).collect();
        format!("{indent}// ignore: {} {reason}", names.join(", "))
    } else {
        format!("{indent}// ffilint: ignore[{}] {reason}", rules.join(", "))
    };
    (first, comment)
}

/// The comments of a project that silence findings.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    files: FxHashMap<FileId, Vec<Noted>>,
    /// Files of which a part was not understood: what is in it nobody can call unused.
    gaps: Vec<FileId>,
    wrong: Vec<(Location, String)>,
}

#[derive(Clone, Debug)]
struct Noted {
    mark: Mark,
    used: bool,
}

impl Comments {
    /// The comments of all files.
    #[must_use]
    pub fn read(units: &[Arc<Unit>], sources: &[SourceFile]) -> Self {
        let mut all = Self::default();
        for unit in units {
            if let Some(source) = sources.get(unit.file.index()) {
                all.add(unit, source);
            }
        }
        all
    }

    fn add(&mut self, unit: &Unit, source: &SourceFile) {
        if unit.comments.is_empty() {
            return;
        }
        let read = comments::read(&unit.comments, unit.language, source);
        let at = |span: Span| Location { file: unit.file, span };
        self.wrong.extend(read.wrong.into_iter().map(|(span, reason)| (at(span), reason)));
        if unit.has_gaps() {
            self.gaps.push(unit.file);
        }
        let noted = read.marks.into_iter().map(|mark| Noted { mark, used: false });
        self.files.insert(unit.file, noted.collect());
    }

    /// Reads those of one file again.
    pub fn renew(&mut self, unit: &Unit, source: &SourceFile) {
        self.files.remove(&unit.file);
        self.gaps.retain(|file| *file != unit.file);
        self.wrong.retain(|(location, _)| location.file != unit.file);
        self.add(unit, source);
    }

    /// What silences a finding: at its place, where the memory is allocated, where it is released, or where it comes
    /// from one function to the next: of what a native function allocates a caller in Dart sees no more than that.
    pub fn silence(&mut self, diagnostic: &Diagnostic, sources: &[SourceFile]) -> Option<By> {
        let counts = |kind| matches!(kind, TraceKind::Allocate | TraceKind::Transfer | TraceKind::Release);
        let steps = diagnostic.trace.iter().filter(|step| counts(step.kind));
        let mut found = None;
        for place in [diagnostic.primary.location].into_iter().chain(steps.map(|step| step.location)) {
            let Some((noted, source)) = self.files.get_mut(&place.file).zip(sources.get(place.file.index())) else {
                continue;
            };
            let line = source.lines().line(place.span.start);
            let fits = |mark: &Mark| {
                mark.rule == diagnostic.rule
                    && match mark.extent {
                        Extent::Line(of) => of == line,
                        Extent::File => true,
                    }
            };
            for noted in noted.iter_mut().filter(|noted| fits(&noted.mark)) {
                noted.used = true;
                let location = Location { file: place.file, span: noted.mark.span };
                found.get_or_insert(By::Comment { location, reason: noted.mark.reason.clone() });
            }
        }
        found
    }

    /// What is wrong with the comments themselves, after all findings were seen. Whether one is of no use is not known
    /// where only a part of what could be found was looked for.
    #[must_use]
    pub fn faults(&self, keys: &[std::sync::Arc<str>], everything_seen: bool) -> Vec<Diagnostic> {
        let key = |file: FileId| keys.get(file.index()).map_or("", |key| key);
        let wrong =
            self.wrong.iter().map(|(location, reason)| rules::unknown_rule(*location, key(location.file), reason));
        let mut found: Vec<Diagnostic> = wrong.collect();
        for (file, noted) in &self.files {
            for Noted { mark, used } in noted {
                let location = Location { file: *file, span: mark.span };
                if !used && everything_seen && !self.gaps.contains(file) {
                    found.push(rules::unused_suppression(location, key(*file), &mark.rule));
                }
                if *used && mark.reason.is_none() {
                    found.push(rules::suppression_without_reason(location, key(*file), &mark.rule));
                }
            }
        }
        found
    }
}
