//! Memory that crosses the boundary, and nothing on either side that could release it.
//!
//! This is a fact about the program and not about one function: it is looked for when all contracts are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::Options;
use super::summaries::Summaries;
use crate::ir::{Name, Op};
use crate::language::Language;
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::summary::{
    AccessPath, EffectKind, FamilyId, FamilyRef, Guard, Made, Ownership, Root, Step as PathStep, Summary,
};
use crate::target::TargetSet;
use crate::violation::{Confidence, Step, StepKind, Subject, Violation, ViolationKind};

/// Where a native function is called from another language.
struct Crossing {
    symbol: Name,
    at: Location,
    /// The unit that calls.
    from: u32,
}

/// What an exported function hands out.
struct Gift {
    family: FamilyId,
    made: Option<Made>,
}

/// The exports whose memory nobody can release.
pub(super) fn without_release(
    program: &Program,
    models: &ModelSet,
    options: &Options,
    summaries: &Summaries,
    found: &[Violation],
) -> Vec<Violation> {
    let crossings = crossings(program);
    if crossings.is_empty() {
        return Vec::new();
    }
    let named = named_symbols(program).collect();
    let search = Search { program, models, options, releasing: releasing(program, models, summaries, &named), named };
    let mut violations = Vec::new();
    let mut told: FxHashSet<(u32, FamilyId)> = FxHashSet::default();
    for (function, crossing) in &crossings {
        let Some(gift) = summaries.get(*function).and_then(|summary| gift(&summary)) else { continue };
        if !search.needs_export(&gift, crossing) || told.contains(&(function.unit, gift.family)) {
            continue;
        }
        let targets = search.unreleased_on(*function, &gift, crossing);
        if targets.is_empty() || search.is_reported(*function, &gift, found) || search.has_gaps(*function) {
            continue;
        }
        told.insert((function.unit, gift.family));
        violations.push(search.violation(*function, crossing, gift, targets));
    }
    violations
}

/// The native functions that another language calls, and the first such call.
fn crossings(program: &Program) -> BTreeMap<FuncRef, Crossing> {
    let of_unit = |unit: u32| {
        let from = &program.units[unit as usize];
        let mut crossings: BTreeMap<FuncRef, Crossing> = BTreeMap::new();
        for (function, resolved) in from.functions.iter().zip(&program.resolved[unit as usize]) {
            for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
                for (statement, target) in block.ops.iter().zip(targets) {
                    let (Op::Call(_), Some(symbol)) = (&statement.op, target.symbol()) else { continue };
                    for callee in program.definitions(symbol, unit) {
                        if program.units[callee.unit as usize].language.shares_with() == from.language.shares_with() {
                            continue;
                        }
                        let at = Location { file: from.file, span: statement.span.absolute_from(function.base) };
                        crossings.entry(callee).or_insert(Crossing { symbol: symbol.clone(), at, from: unit });
                    }
                }
            }
        }
        crossings
    };
    let units = (0..program.units.len() as u32).into_par_iter().with_max_len(8).map(of_unit);
    let mut crossings = BTreeMap::new();
    for (callee, crossing) in units.collect::<Vec<_>>().into_iter().flatten() {
        crossings.entry(callee).or_insert(crossing);
    }
    crossings
}

/// What a function hands out for certain, as its result or through its parameters; of several families none.
fn gift(summary: &Summary) -> Option<Gift> {
    let mut found: Option<(FamilyId, AccessPath)> = None;
    let mut note = |ownership: &Ownership, what: AccessPath| match (ownership, &found) {
        (Ownership::Owned(FamilyRef::Family(family)), None) => {
            found = Some((*family, what));
            true
        }
        (Ownership::Owned(FamilyRef::Family(family)), Some((known, _))) => family == known,
        _ => false,
    };
    for outcome in summary.outcomes.iter().filter(|outcome| !matches!(outcome.guard, Guard::Throws)) {
        let result = &outcome.result;
        let is_pointer = !matches!(
            result.ownership,
            Ownership::Unknown | Ownership::Null | Ownership::Constant(_) | Ownership::Status(_)
        );
        if is_pointer && !note(&result.ownership, AccessPath::root(Root::Result)) {
            return None;
        }
        for effect in &outcome.effects {
            if let EffectKind::Fill(contract) = &effect.kind
                && matches!(effect.on.root, Root::Param(_))
                && *effect.on.steps == [PathStep::Pointee]
                && !note(&contract.ownership, effect.on.clone())
            {
                return None;
            }
        }
    }
    let (family, what) = found?;
    let made = summary.made.iter().find(|made| made.what == what).cloned();
    Some(Gift { family, made })
}

struct Search<'a> {
    program: &'a Program,
    models: &'a ModelSet,
    options: &'a Options,
    /// The exports of native code that may release something: by symbol, with the contract where it is known.
    releasing: Vec<(&'a Name, Option<Arc<Summary>>)>,
    /// The native symbols that the code on the other side names.
    named: FxHashSet<&'a Name>,
}

impl Search<'_> {
    /// Whether native code of the project must offer the release: it is a construct of a language, no function that a
    /// library exports; or who calls would have to look it up.
    fn needs_export(&self, gift: &Gift, crossing: &Crossing) -> bool {
        let family = self.models.family(gift.family);
        let from = &self.program.units[crossing.from as usize];
        let is_kept_by_language = family.language.is_some();
        matches!(family.kind, FamilyKind::Memory | FamilyKind::Pair | FamilyKind::Refcount)
            && (is_kept_by_language || (!from.language.is_native() && family.per_library))
    }

    /// The targets on which nothing releases the gift.
    fn unreleased_on(&self, function: FuncRef, gift: &Gift, crossing: &Crossing) -> TargetSet {
        let declared = self.program.function(function);
        let mut left = self.options.targets.and(declared.targets).and(self.program.file(function.unit).targets);
        left = left.and(self.program.file(crossing.from).targets);
        let own = self.program.units[crossing.from as usize].language.allocator();
        if let Some(own) = own.and_then(|own| self.models.family_named(own)) {
            left = left.minus(self.same(gift.family, own, crossing));
        }
        for (symbol, summary) in &self.releasing {
            if left.is_empty() {
                break;
            }
            let releases = match summary {
                Some(summary) => self.releases(summary, symbol, gift, crossing),
                None => TargetSet::ALL,
            };
            left = left.minus(releases);
        }
        for &symbol in &self.named {
            if left.is_empty() {
                break;
            }
            if !self.program.definitions(symbol, crossing.from).is_empty() {
                continue;
            }
            let model = self.models.symbol(symbol, self.program.versions(crossing.from));
            let contract = model.map(|model| &self.models.function(model).summary);
            let releases = match contract.or_else(|| self.program.known_contract(symbol)) {
                Some(summary) => self.releases(summary, symbol, gift, crossing),
                None if self.may_release(symbol) => TargetSet::ALL,
                None => TargetSet::NONE,
            };
            left = left.minus(releases);
        }
        left
    }

    /// The targets on which a function may release the gift.
    fn releases(&self, summary: &Summary, symbol: &str, gift: &Gift, crossing: &Crossing) -> TargetSet {
        let mut targets = TargetSet::NONE;
        for effect in summary.outcomes.iter().flat_map(|outcome| &outcome.effects) {
            targets = targets.or(match &effect.kind {
                EffectKind::Release(FamilyRef::Family(family)) | EffectKind::MayRelease(Some(family)) => {
                    self.same(gift.family, *family, crossing)
                }
                EffectKind::Release(_) | EffectKind::MayRelease(None) | EffectKind::Take => TargetSet::ALL,
                EffectKind::Escape if self.may_release(symbol) => TargetSet::ALL,
                _ => TargetSet::NONE,
            });
        }
        targets
    }

    fn may_release(&self, symbol: &str) -> bool {
        self.models.hints().says(Hint::Releases, symbol)
    }

    fn same(&self, one: FamilyId, other: FamilyId, crossing: &Crossing) -> TargetSet {
        // What differs by a length alone is released by the same name.
        if self.models.family(one).release_with == self.models.family(other).release_with {
            return TargetSet::ALL;
        }
        self.models.same_on(one, other, self.program.versions(crossing.from))
    }

    /// Whether a finding says already that what the function hands out is released by the wrong call, or that nobody can
    /// tell who must release it.
    fn is_reported(&self, function: FuncRef, gift: &Gift, found: &[Violation]) -> bool {
        let file = self.program.units[function.unit as usize].file;
        let span = self.program.function(function).span;
        let made = gift.made.as_ref().map(|made| made.location);
        let inside = |step: &Step| {
            step.location.file == file && span.contains(step.location.span) || Some(step.location) == made
        };
        found.iter().any(|violation| match violation.kind {
            ViolationKind::Mismatched { .. } | ViolationKind::ReleasedWithoutLength { .. } => {
                violation.trace.iter().any(inside)
            }
            ViolationKind::Inconsistent { .. } | ViolationKind::Contradicted { .. } => violation.function == function,
            _ => false,
        })
    }

    /// Whether what could not be read, near the function, may define the release: macros that write functions, errors.
    fn has_gaps(&self, function: FuncRef) -> bool {
        let language = self.program.units[function.unit as usize].language;
        let folder = |unit: u32| self.program.file(unit).path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let near = |unit: u32| language == Language::Rust || folder(unit) == folder(function.unit);
        (0_u32..).zip(&self.program.units).any(|(unit, from)| {
            from.language.shares_with() == language.shares_with()
                && near(unit)
                && from
                    .opaque
                    .iter()
                    .chain(&from.errors)
                    .any(|gap| !from.functions.iter().any(|one| one.span.contains(*gap)))
        })
    }

    fn violation(&self, function: FuncRef, crossing: &Crossing, gift: Gift, targets: TargetSet) -> Violation {
        let unit = &self.program.units[function.unit as usize];
        let declared = self.program.function(function);
        let at = Location { file: unit.file, span: declared.name_span };
        let symbol = crossing.symbol.clone();
        let made_by = gift.made.as_ref().map_or_else(|| symbol.clone(), |made| made.by.clone());
        let mut trace: Vec<Step> = Vec::new();
        if let Some(made) = gift.made {
            let kind = StepKind::Allocated { by: made.by, family: gift.family };
            trace.push(Step { kind, location: made.location });
        }
        trace.push(Step { kind: StepKind::Received { from: symbol.clone() }, location: crossing.at });
        let subject = Subject { family: gift.family, origin: symbol.clone(), made_by, held_by: None, release: None };
        // A C function that nobody names may lie in a file that was not parsed.
        let confidence = if unit.language == Language::Rust { Confidence::High } else { Confidence::Medium };
        let kind = ViolationKind::NoReleaseExported { subject, function: symbol };
        Violation { kind, function, at, trace, targets, confidence }
    }
}

/// The exports that may release what they are given; most do not, and each gift is held against all that do.
fn releasing<'a>(
    program: &'a Program,
    models: &ModelSet,
    summaries: &Summaries,
    named: &FxHashSet<&Name>,
) -> Vec<(&'a Name, Option<Arc<Summary>>)> {
    let mut all = Vec::new();
    for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, unit)| unit.language.is_native()) {
        for export in &from.exports {
            let summary = summaries.get(FuncRef { unit, function: export.function });
            let may = match &summary {
                Some(summary) => summary.outcomes.iter().flat_map(|outcome| &outcome.effects).any(|effect| {
                    matches!(
                        effect.kind,
                        EffectKind::Release(_) | EffectKind::MayRelease(_) | EffectKind::Take | EffectKind::Escape
                    )
                }),
                // Not looked into: nothing calls it, a finalizer perhaps does.
                None => named.contains(&export.symbol) || models.hints().says(Hint::Releases, &export.symbol),
            };
            if may {
                all.push((&export.symbol, summary));
            }
        }
    }
    all
}

/// The native symbols that code on the other side of the boundary names, to call them or for their address.
pub(super) fn named_symbols(program: &Program) -> impl Iterator<Item = &Name> {
    let units = program.units.iter().zip(&program.resolved);
    let dart = units.filter(|(unit, _)| !unit.language.is_native());
    dart.flat_map(|(_, resolved)| resolved).flat_map(|resolved| {
        let targets = resolved.targets.iter().flatten().filter_map(Target::symbol);
        let types = resolved.types.iter().filter_map(|ty| match ty {
            Ty::Address { symbol, .. } | Ty::NativeFunction { symbol: Some(symbol), .. } => Some(symbol),
            _ => None,
        });
        targets.chain(types)
    })
}
