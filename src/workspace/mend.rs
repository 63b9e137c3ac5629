//! Applying fixes: round by round, each one checked in memory before it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Options, Report, Scope, Workspace};
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::fix;
use crate::models::ModelSet;
use crate::source::{FileId, SourceFile, Span};
use crate::violation::Confidence;

/// A fix may make room for another one; none needs more rounds than this.
const MOST_ROUNDS: usize = 24;

/// How many texts are checked at most.
const MOST_CHECKS: usize = 256;

/// What came of applying fixes.
#[derive(Debug)]
pub struct Mended {
    /// What was found at first.
    pub before: Report,
    /// What is found in the new texts.
    pub after: Report,
    /// The files with a new text, in the order of the files.
    pub changed: Vec<Changed>,
    /// How many fixes were applied.
    pub applied: usize,
    /// The fixes that were not applied, and why.
    pub refused: Vec<Refusal>,
}

/// A file with a new text.
#[derive(Debug)]
pub struct Changed {
    /// Its path from the project's folder.
    pub key: Arc<str>,
    /// Its path as reports show it.
    pub path: Arc<str>,
    /// The text it had.
    pub old: Arc<str>,
    /// The text it is to have.
    pub new: Arc<str>,
}

/// A fix that was not applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The file.
    pub path: String,
    /// The line of the finding, from 1.
    pub line: u32,
    /// The rule.
    pub rule: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// How many findings there are of each kind, so that one more is seen.
type Counts = BTreeMap<(&'static str, String, String), usize>;

/// A fix that is to be tried.
#[derive(Clone)]
struct Candidate {
    file: FileId,
    reach: Span,
    fix: Fix,
    finding: (&'static str, String, String),
    fingerprint: String,
    line: u32,
}

/// What one run of fixes remembers.
struct Trial<'m> {
    models: &'m ModelSet,
    options: Options,
    checks: usize,
    refused: BTreeMap<String, Refusal>,
}

impl Workspace {
    /// Applies the fixes of what is shown. A fix counts only where the new text parses as well as the old one, the
    /// finding is gone from it, and none is new: not even one that would not be shown.
    #[must_use]
    pub fn mend(mut self, models: &ModelSet, options: &Options, most: Applicability) -> Mended {
        let before = self.check(models, options);
        let old: Vec<Arc<str>> = self.sources.iter().map(|source| Arc::clone(&source.text)).collect();
        let wide = Options { scope: Scope::Project, min_confidence: Confidence::Low, ..options.clone() };
        let mut trial = Trial { models, options: wide, checks: 0, refused: BTreeMap::new() };
        let (mut after, mut applied) = (before.clone(), 0);
        for _ in 0..MOST_ROUNDS {
            let open = candidates(&after, most, &trial.refused);
            if open.is_empty() {
                break;
            }
            let base: Vec<Arc<str>> = self.sources.iter().map(|source| Arc::clone(&source.text)).collect();
            let known = counts(&self.check(models, &trial.options));
            let mut accepted = Vec::new();
            self.settle(&base, &known, &mut accepted, open, &mut trial);
            self.write(&base, &accepted);
            if !accepted.is_empty() {
                applied += accepted.len();
                after = self.check(models, options);
            }
        }
        let changed = self.sources.iter().zip(&self.keys).zip(old).filter(|((source, _), old)| source.text != *old);
        let changed = changed.map(|((source, key), old)| Changed {
            key: Arc::clone(key),
            path: Arc::clone(&source.path),
            old,
            new: Arc::clone(&source.text),
        });
        // Where the finding stands in the last text: the one that it was tried in is nowhere.
        let mut refused: Vec<Refusal> = Vec::with_capacity(trial.refused.len());
        for (fingerprint, refusal) in trial.refused {
            let place = after.diagnostics.iter().find(|found| found.fingerprint == fingerprint);
            let place = place.map(|found| found.primary.location);
            let source = place.and_then(|place| Some((after.sources.get(place.file.index())?, place)));
            let line = source.map_or(refusal.line, |(source, place)| source.position(place.span.start).line);
            refused.push(Refusal { line, ..refusal });
        }
        refused.sort();
        Mended { before, changed: changed.collect(), after, applied, refused }
    }

    /// Finds out which of the open fixes can be applied beside those that are accepted.
    fn settle(
        &mut self,
        base: &[Arc<str>],
        known: &Counts,
        accepted: &mut Vec<Candidate>,
        mut open: Vec<Candidate>,
        trial: &mut Trial<'_>,
    ) {
        let together: Vec<Candidate> = accepted.iter().chain(&open).cloned().collect();
        let fault = match trial.checks < MOST_CHECKS {
            true => self.fault(base, known, &together, trial),
            false => Some("too many texts were checked; run it once more"),
        };
        let Some(reason) = fault else {
            *accepted = together;
            return;
        };
        if open.len() > 1 {
            let rest = open.split_off(open.len() / 2);
            self.settle(base, known, accepted, open, trial);
            self.settle(base, known, accepted, rest, trial);
            return;
        }
        for Candidate { finding: (rule, path, _), fingerprint, line, .. } in open {
            trial.refused.insert(fingerprint, Refusal { path, line, rule, reason });
        }
    }

    /// What speaks against a set of fixes, if anything does.
    fn fault(
        &mut self,
        base: &[Arc<str>],
        known: &Counts,
        fixes: &[Candidate],
        trial: &mut Trial<'_>,
    ) -> Option<&'static str> {
        trial.checks += 1;
        if !self.write(base, fixes) {
            return Some("its edits do not fit the text");
        }
        let files: BTreeSet<FileId> = fixes.iter().map(|candidate| candidate.file).collect();
        let is_damaged = files.iter().any(|file| {
            let (old, new) = (base.get(file.index()), self.sources.get(file.index()));
            old.zip(new).is_none_or(|(old, new)| fix::syntax_errors(&new.text) > fix::syntax_errors(old))
        });
        if is_damaged {
            return Some("the new text does not parse");
        }
        let names = files
            .iter()
            .find_map(|file| fix::scope_fault(base.get(file.index())?, &self.sources.get(file.index())?.text));
        if names.is_some() {
            return names;
        }
        let found = counts(&self.check(trial.models, &trial.options));
        let mut allowed = known.clone();
        for candidate in fixes {
            let count = allowed.entry(candidate.finding.clone()).or_default();
            *count = count.saturating_sub(1);
        }
        let mut more =
            found.iter().filter(|(kind, count)| allowed.get(*kind).is_none_or(|most| most < *count)).peekable();
        more.peek()?;
        let is_mended = more.all(|(kind, count)| known.get(kind).is_none_or(|before| count > before));
        Some(if is_mended {
            "something else would be found in the new text"
        } else {
            "it is still found in the new text"
        })
    }

    /// Gives the files the texts that they have after some fixes. Whether all of them fit.
    fn write(&mut self, base: &[Arc<str>], fixes: &[Candidate]) -> bool {
        let mut fits = true;
        for (source, old) in self.sources.iter_mut().zip(base) {
            let edits = fixes.iter().filter(|candidate| candidate.file == source.id).flat_map(|found| &found.fix.edits);
            let new = match fix::edited(old, edits) {
                Some(new) if new != **old => new.into(),
                Some(_) => Arc::clone(old),
                None => {
                    fits = false;
                    Arc::clone(old)
                }
            };
            if new != source.text {
                *source = SourceFile::new(source.id, Arc::clone(&source.path), new, source.language);
            }
        }
        fits
    }
}

/// The fixes that can be tried in one round, from the last of each file to the first: what is released first then stands
/// first in a `finally` that a later one made.
fn candidates(report: &Report, most: Applicability, refused: &BTreeMap<String, Refusal>) -> Vec<Candidate> {
    let mut chosen: Vec<Candidate> = Vec::new();
    for diagnostic in report.diagnostics.iter().rev().filter(|found| !refused.contains_key(&found.fingerprint)) {
        let Some(fix) = diagnostic.fix.as_ref().filter(|fix| may_apply(fix, most)) else { continue };
        let file = diagnostic.primary.location.file;
        let Some(source) = report.sources.get(file.index()) else { continue };
        if fix.edits.is_empty() || fix.edits.iter().any(|edit| edit.location.file != file) {
            continue;
        }
        let spans = || fix.edits.iter().map(|edit| edit.location.span);
        let start = spans().map(|span| span.start).min().unwrap_or_default();
        let reach = Span::new(start, spans().map(|span| span.end).max().unwrap_or_default());
        let is_apart =
            |other: &Candidate| other.file != file || other.reach.end < reach.start || reach.end < other.reach.start;
        // Each was named in the same text: two new variables of one name wait for each other.
        let is_of_another_name = |other: &Candidate| {
            other.file != file || !fix.title.starts_with(fix::KEEPING) || other.fix.title != fix.title
        };
        if chosen.iter().all(|other| is_apart(other) && is_of_another_name(other)) {
            chosen.push(Candidate {
                file,
                reach,
                fix: fix.clone(),
                finding: kind(diagnostic, report),
                fingerprint: diagnostic.fingerprint.clone(),
                line: source.position(diagnostic.primary.location.span.start).line,
            });
        }
    }
    chosen
}

/// Whether a fix is of a kind that is asked for.
#[must_use]
pub fn may_apply(fix: &Fix, most: Applicability) -> bool {
    match fix.applicability {
        Applicability::Safe => true,
        Applicability::Unsafe => most == Applicability::Unsafe,
        Applicability::Display => false,
    }
}

fn counts(report: &Report) -> Counts {
    let mut counts = Counts::new();
    let suppressed = report.suppressed.iter().map(|suppressed| &suppressed.diagnostic);
    for diagnostic in report.diagnostics.iter().chain(suppressed) {
        *counts.entry(kind(diagnostic, report)).or_default() += 1;
    }
    counts
}

fn kind(diagnostic: &Diagnostic, report: &Report) -> (&'static str, String, String) {
    let source = report.sources.get(diagnostic.primary.location.file.index());
    let path = source.map_or_else(String::new, |source| source.path.to_string());
    (diagnostic.rule, path, diagnostic.function.clone())
}
