//! A project that was checked, and what it takes to check it again after a small change of one file.
//!
//! What changed is lowered, resolved and followed again, with its callers where that changed its contract; places behind
//! the change move. What only the whole program shows (fields of classes, callbacks, types that are inferred from
//! bodies) stays as it was found until the next whole check.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashSet;

use super::link::Glue;
use super::links::LinkList;
use super::words::{Told, Worded};
use super::{Lowered, Options, Report, Workspace, damage, flow_options};
use crate::diagnostic::Diagnostic;
use crate::flow::{self, OfferedRelease};
use crate::ir::{FunctionId, Unit};
use crate::language::Language;
use crate::link::{FuncRef, Program, Tables};
use crate::lower;
use crate::models::ModelSet;
use crate::models::catalog::Entry;
use crate::source::{FileId, Location, SourceFile, Span};
use crate::suppress::Comments;
use crate::violation::Violation;

/// A project that was checked.
pub struct Standing {
    pub(super) parts: Parts,
    report: Report,
    /// Whether the last change was one of bodies alone.
    of_bodies: bool,
    /// Files of which more changed than bodies.
    pub(super) astray: FxHashSet<FileId>,
    /// The models one by one, once somebody asks who says something.
    pub(super) catalog: OnceLock<Vec<Arc<Entry>>>,
    /// Stands where a unit is changed.
    pub(super) nothing: Arc<Unit>,
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").field("files", &self.parts.program.units.len()).finish_non_exhaustive()
    }
}

/// What a check has of a project.
pub(super) struct Parts {
    /// The models, where they are not the program's own alone.
    pub(super) own: Option<ModelSet>,
    pub(super) program: Program,
    pub(super) tables: Tables,
    pub(super) results: flow::Results,
    pub(super) offered: Vec<OfferedRelease>,
    pub(super) glue: Glue,
    pub(super) generated: FxHashSet<FileId>,
    pub(super) comments: Comments,
    /// Findings that are not about memory: models that are wrong, faults of ffilint.
    pub(super) apart: Vec<Diagnostic>,
    pub(super) signatures: Vec<Violation>,
    pub(super) worded: Worded,
}

/// A stretch of a file that has another text.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// Where it begins.
    start: u32,
    /// Where it ended.
    old_end: u32,
    /// Where it ends.
    new_end: u32,
}

impl Standing {
    pub(super) fn new(parts: Parts, report: Report) -> Self {
        Self {
            parts,
            report,
            of_bodies: true,
            astray: FxHashSet::default(),
            catalog: OnceLock::new(),
            nothing: Arc::new(Unit::empty(FileId(0), Language::Dart)),
        }
    }

    /// What is found after a file got another text, which [`Workspace::set_text`] was told before.
    ///
    /// Where more changed than bodies, findings only move with the text. To be called on a thread of a pool.
    pub fn follow(&mut self, workspace: &Workspace, key: &str, models: &ModelSet, options: &Options) -> Report {
        let Some(source) = workspace.source(key) else { return self.report.clone() };
        let Some(before) = self.report.sources.get_mut(source.id.index()) else { return self.report.clone() };
        let Some(change) = Change::between(&before.text, &source.text) else { return self.report.clone() };
        *before = source.clone();
        let Parts { program, comments, .. } = &mut self.parts;
        if let Some(at) = program.units.iter().position(|unit| unit.file == source.id) {
            let mut unit = std::mem::replace(&mut program.units[at], Arc::clone(&self.nothing));
            let is_astray = self.astray.contains(&source.id) && lower::lowers_alone(source.language);
            let now = Arc::make_mut(&mut unit);
            let around = Around::of(now, change);
            now.shift(|span| change.moved(span));
            let changed = match is_astray {
                true => None,
                false => renew(now, around, workspace, source, options),
            };
            if changed.is_none() {
                self.astray.insert(source.id);
            }
            self.of_bodies = changed.as_ref().is_some_and(|changed| !changed.is_empty());
            let changed = changed.unwrap_or_default();
            comments.renew(&unit, source);
            let problem = damage(&unit, source).filter(|_| !workspace.is_others(source.id, options));
            self.report.damaged.retain(|problem| *problem.path != *source.path);
            self.report.damaged.extend(problem);
            self.report.damaged.sort();
            let again: Vec<Span> = changed.iter().map(|function| unit.function(*function).span).collect();
            program.units[at] = Arc::clone(&unit);
            self.shift(source.id, change, &again);
            self.analyse(at as u32, unit, &changed, models, options);
        } else {
            self.shift(source.id, change, &[]);
        }
        let Parts { own, program, results, offered, glue, generated, comments, apart, signatures, worded, .. } =
            &mut self.parts;
        let models = own.as_ref().unwrap_or(models);
        let told = Told { program, models, offered, glue, generated };
        let violations = results.all(program);
        let known = std::mem::take(worded);
        let (found, kept) = workspace.words(&told, violations.iter().chain(&*signatures), known, options);
        *worded = kept;
        let found = found.into_iter().chain(apart.iter().cloned()).collect();
        (self.report.diagnostics, self.report.suppressed) = workspace.arrange(found, comments.clone(), options);
        self.report.clone()
    }

    /// What is linked to what.
    #[must_use]
    pub fn links(&self, workspace: &Workspace, options: &Options) -> LinkList {
        workspace.linked(&self.parts.program, Vec::new(), LinkList::default(), options)
    }

    /// Whether the last change was one of bodies alone: then it was followed.
    #[must_use]
    pub fn was_of_bodies(&self) -> bool {
        self.of_bodies
    }

    /// Resolves and follows the functions of a unit whose bodies changed.
    fn analyse(&mut self, at: u32, unit: Arc<Unit>, changed: &[FunctionId], models: &ModelSet, options: &Options) {
        let Parts { own, program, tables, results, .. } = &mut self.parts;
        let models = own.as_ref().unwrap_or(models);
        if changed.is_empty() {
            return;
        }
        program.renew(tables, models, at, unit, changed);
        let changed: Vec<FuncRef> = changed.iter().map(|function| FuncRef { unit: at, function: *function }).collect();
        results.renew(program, models, &flow_options(options), &changed);
    }

    /// Moves what lies behind a change; what was said of the functions `again` is to be said anew.
    fn shift(&mut self, file: FileId, change: Change, again: &[Span]) {
        let Parts { results, glue, apart, signatures, worded, .. } = &mut self.parts;
        let mut tell = |place: &mut Location| {
            if place.file == file {
                place.span = change.moved(place.span);
            }
        };
        results.places(&mut tell);
        signatures.iter_mut().for_each(|violation| violation.places(&mut tell));
        apart.iter_mut().for_each(|diagnostic| diagnostic.places(&mut tell));
        glue.spans_mut(file).for_each(|span| *span = change.moved(*span));
        worded.places(&mut tell, |place| place.file != file || !again.iter().any(|span| span.overlaps(place.span)));
    }
}

/// Where a change lies.
#[derive(Clone, Copy)]
enum Around {
    /// In one function, or a closure in it.
    Function(FunctionId),
    /// Between functions.
    Nothing,
    /// Across the bounds of one.
    Bounds,
}

impl Around {
    fn of(unit: &Unit, change: Change) -> Self {
        let functions = (0..).map(FunctionId).zip(&unit.functions);
        let mut touched = functions.filter(|(_, function)| function.parent.is_none() && change.touches(function.span));
        match (touched.next(), touched.next()) {
            (None, _) => Self::Nothing,
            (Some((id, function)), None) if change.is_within(function.span) => Self::Function(id),
            _ => Self::Bounds,
        }
    }
}

/// Brings a unit, whose places are right already, up to a change of its file; the functions outside closures whose
/// bodies changed, nothing where more did.
fn renew(
    unit: &mut Unit,
    around: Around,
    workspace: &Workspace,
    source: &SourceFile,
    options: &Options,
) -> Option<Vec<FunctionId>> {
    if !lower::lowers_alone(source.language) {
        let Lowered::Unit(new) = workspace.lower_one(source, &options.limits) else { return None };
        return unit.merge(&new);
    }
    match around {
        // What is between functions is seen when all is checked again.
        Around::Nothing => Some(Vec::new()),
        Around::Bounds => None,
        Around::Function(id) => {
            let lowered = lower::again(unit, id, &source.text, &options.limits)?;
            unit.graft(id, lowered);
            Some(vec![id])
        }
    }
}

impl Change {
    /// What differs between two texts; nothing where they are the same.
    fn between(old: &str, new: &str) -> Option<Self> {
        if old == new {
            return None;
        }
        let (old, new) = (old.as_bytes(), new.as_bytes());
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - start;
        let same = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let as_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Some(Self { start: as_u32(start), old_end: as_u32(old.len() - same), new_end: as_u32(new.len() - same) })
    }

    fn touches(self, span: Span) -> bool {
        self.start < span.end && span.start < self.old_end.max(self.start + 1)
    }

    fn is_within(self, span: Span) -> bool {
        span.start < self.start && self.old_end < span.end
    }

    fn moved(self, span: Span) -> Span {
        let behind = |at: u32| at - self.old_end + self.new_end;
        // What is put where something begins comes before it, what is put where it ends comes after it.
        let begins_behind = span.start >= self.old_end && (span.start > self.start || span.end > span.start);
        let start = if begins_behind { behind(span.start) } else { span.start.min(self.new_end) };
        let ends_behind = span.end >= self.old_end && span.end > self.start;
        let end = if ends_behind { behind(span.end) } else { span.end.min(self.new_end) };
        Span::new(start, end.max(start))
    }
}
