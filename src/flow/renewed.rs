//! What an analysis found, function by function, and functions that are analysed again after a change of their bodies.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::reach::Reach;
use super::summaries::Summaries;
use super::{MAX_RECURSION, Options, analyse_function, closures_by_parent, guarded, settle_recursion};
use crate::ir::{FunctionId, FunctionKind};
use crate::link::{FuncRef, Program};
use crate::models::ModelSet;
use crate::source::Location;
use crate::violation::{Violation, ViolationKind};

/// What an analysis found, function by function.
pub struct Results {
    pub(super) summaries: Summaries,
    pub(super) reach: Reach,
    /// By unit and function: the closures written directly in it.
    pub(super) closures: Vec<Vec<Vec<FunctionId>>>,
    /// By the functions that were analysed, in their order; only those with violations.
    pub(super) by_root: Vec<(FuncRef, Vec<Violation>)>,
    /// What is wrong with fields, by all that is known of them.
    pub(super) of_fields: Vec<Violation>,
    /// What the whole program shows.
    pub(super) others: Vec<Violation>,
    /// Exports whose memory nothing releases.
    pub(super) unreleased: Vec<Violation>,
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Results").field("by_root", &self.by_root).finish_non_exhaustive()
    }
}

/// Functions that are analysed after a change of one at most: those that call it, and those that call these.
const MOST_AGAIN: usize = 200;

impl Results {
    /// Analyses functions again whose bodies changed, and their callers where that changed their contracts.
    ///
    /// What only the whole program shows stays as it was found.
    pub fn renew(&mut self, program: &Program, models: &ModelSet, options: &Options, changed: &[FuncRef]) {
        let units: FxHashSet<u32> = changed.iter().map(|function| function.unit).collect();
        for unit in units {
            let from = &program.units[unit as usize];
            self.summaries.grow(unit, from.functions.len());
            self.closures[unit as usize] = closures_by_parent(from);
        }
        let mut waiting: BTreeSet<(usize, FuncRef)> = BTreeSet::new();
        let mut seen = FxHashSet::default();
        let wait =
            |waiting: &mut BTreeSet<_>, function: FuncRef| waiting.insert((program.component(function), function));
        for function in changed {
            wait(&mut waiting, *function);
        }
        // Callees first.
        while let Some((component, first)) = waiting.pop_first() {
            let is_root = |function: &&FuncRef| program.function(**function).parent.is_none();
            let together: Vec<FuncRef> = program.of_component(component).iter().filter(is_root).copied().collect();
            let group =
                if together.len() <= MAX_RECURSION && together.contains(&first) { together } else { vec![first] };
            let group: Vec<FuncRef> = group
                .into_iter()
                .filter(|function| self.reach.has(program, *function) && seen.insert(*function))
                .collect();
            if seen.len() > MOST_AGAIN {
                return;
            }
            for function in self.renew_together(program, models, options, &group) {
                for caller in program.callers(function) {
                    let outermost = program.units[caller.unit as usize].outermost(caller.function);
                    let caller = FuncRef { function: outermost, ..*caller };
                    if !seen.contains(&caller) {
                        wait(&mut waiting, caller);
                    }
                }
            }
        }
    }

    /// Analyses functions that call each other; those whose contract changed.
    fn renew_together(
        &mut self,
        program: &Program,
        models: &ModelSet,
        options: &Options,
        group: &[FuncRef],
    ) -> Vec<FuncRef> {
        // What is not known yet is not asked for.
        let before: Vec<_> = group.iter().map(|function| self.summaries.take(*function)).collect();
        let (summaries, closures) = (&self.summaries, &self.closures);
        let recursion = guarded(|| settle_recursion(program, models, options, summaries, group)).ok().flatten();
        let analyse = |function: &FuncRef| {
            let analyse =
                || analyse_function(program, models, options, summaries, recursion.as_ref(), closures, *function);
            (*function, guarded(analyse).unwrap_or_default())
        };
        let found: Vec<_> = group.iter().map(analyse).collect();
        let mut changed = Vec::new();
        for ((function, found), before) in found.into_iter().zip(before) {
            let summary = program.stated().of(function, found.summary.as_deref()).map(Arc::new).or(found.summary);
            if summary != before {
                changed.push(function);
            }
            if let Some(summary) = summary {
                self.summaries.set(function, summary);
            }
            let violations = found.noted.map(|noted| noted.violations).unwrap_or_default();
            match self.by_root.binary_search_by_key(&function, |(root, _)| *root) {
                Ok(at) if violations.is_empty() => drop(self.by_root.remove(at)),
                Ok(at) => self.by_root[at].1 = violations,
                Err(_) if violations.is_empty() => {}
                Err(at) => self.by_root.insert(at, (function, violations)),
            }
        }
        changed
    }

    /// All violations but those of exports without a release, in the order of files, functions and places; each once.
    pub(super) fn violations(&self, program: &Program) -> Vec<Violation> {
        let mut all: Vec<Violation> = self.by_root.iter().flat_map(|(_, violations)| violations).cloned().collect();
        // What a field is known to receive says more than its type.
        let is_told = |of_type: &Violation| self.of_fields.iter().any(|other| other.at == of_type.at);
        all.retain(|found| !matches!(found.kind, ViolationKind::MismatchedType { .. }) || !is_told(found));
        all.extend(self.of_fields.iter().chain(&self.others).cloned());
        each_once(program, all)
    }

    /// All violations, each once.
    #[must_use]
    pub fn all(&self, program: &Program) -> Vec<Violation> {
        let mut all = self.violations(program);
        all.extend(self.unreleased.iter().cloned());
        all
    }

    /// Every place that is told.
    pub fn places(&mut self, tell: &mut dyn FnMut(&mut Location)) {
        let by_root = self.by_root.iter_mut().flat_map(|(_, violations)| violations);
        let all = by_root.chain(&mut self.of_fields).chain(&mut self.others).chain(&mut self.unreleased);
        all.for_each(|violation| violation.places(tell));
        self.summaries.places(tell);
    }
}

/// A function that is run where it is called shows what is wrong in it there as well.
fn each_once(program: &Program, violations: Vec<Violation>) -> Vec<Violation> {
    let mut seen: FxHashMap<Location, Vec<usize>> = FxHashMap::default();
    let mut distinct: Vec<Violation> = Vec::with_capacity(violations.len());
    let mut contents = FxHashSet::default();
    for mut violation in violations {
        // What a function puts into the blocks that it gives out is told for the first of those that are lost.
        if let (ViolationKind::LeakedField { release: None, .. }, Some(made)) =
            (&violation.kind, violation.trace.first())
            && !contents.insert(made.location)
        {
            continue;
        }
        violation.function = around(program, &violation);
        let there = seen.entry(violation.at).or_default();
        let same = |index: &usize| distinct[*index].kind == violation.kind && distinct[*index].trace == violation.trace;
        if !there.iter().any(same) {
            there.push(distinct.len());
            distinct.push(violation);
        }
    }
    distinct
}

/// The function that a violation is written in: that which was analysed may have run another one in place.
fn around(program: &Program, violation: &Violation) -> FuncRef {
    let holds = |function: &crate::ir::Function| {
        function.span.start <= violation.at.span.start && violation.at.span.end <= function.span.end
    };
    let is_there = program.units[violation.function.unit as usize].file == violation.at.file;
    if is_there && holds(program.function(violation.function)) {
        return violation.function;
    }
    let Some(unit) = program.unit_of(violation.at.file) else { return violation.function };
    let written = program.units[unit as usize]
        .functions
        .iter()
        .enumerate()
        .filter(|(_, function)| function.kind != FunctionKind::Closure && function.has_blocks() && holds(function));
    let innermost = written.min_by_key(|(_, function)| function.span.end - function.span.start);
    innermost.map_or(violation.function, |(index, _)| FuncRef { unit, function: FunctionId(index as u32) })
}
