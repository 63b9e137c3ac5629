//! What would mend a violation, as far as a rule can say it: which release, of what, instead of what.
//!
//! What an allocator of Dart's own gave is released by that, what native code made by the one function that is meant for
//! it, where the program binds that. Who releases such memory otherwise, or what native code may have kept, turns a leak
//! into a crash.

use rustc_hash::FxHashMap;

use super::Context;
use super::{double_free, leak_on_some_path, leak_on_throw, leaked_allocation, leaked_field, leaked_struct_field};
use super::{leaked_temporary, mismatched_deallocator, mixed_allocator_names};
use crate::fix::{Release, Remedy};
use crate::language::Language;
use crate::link::FuncRef;
use crate::models::schema::FamilyKind;

use crate::source::Location;
use crate::violation::{Missing, StepKind, Subject, Violation, ViolationKind};

/// What would mend each of a program's violations. What a function loses more than once is told together.
#[must_use]
pub fn remedies(violations: &[&Violation], context: &Context<'_>) -> Vec<Option<Remedy>> {
    let mut all: Vec<Option<Remedy>> = violations.iter().map(|violation| remedy(violation, context)).collect();
    let mut lost: FxHashMap<FuncRef, Vec<Location>> = FxHashMap::default();
    for (violation, remedy) in violations.iter().zip(&all) {
        if remedy.as_ref().is_some_and(fits_arena) {
            lost.entry(violation.function).or_default().push(violation.at);
        }
    }
    for (violation, remedy) in violations.iter().zip(&mut all) {
        if let (Some(places), true) = (lost.get(&violation.function), remedy.as_ref().is_some_and(fits_arena)) {
            let places = places.clone();
            *remedy = remedy.take().map(|alone| Remedy::Arena { places, alone: Box::new(alone) });
        }
    }
    all
}

/// Whether an arena could release it: what an allocator of Dart's own gave, and nobody may have kept.
fn fits_arena(remedy: &Remedy) -> bool {
    match remedy {
        Remedy::Keep { release, unsure: None } | Remedy::ReleaseAtEnd { release, unsure: None, .. } => {
            release.bound.is_empty()
        }
        _ => false,
    }
}

/// What would mend it, if anything is known to.
fn remedy(violation: &Violation, context: &Context<'_>) -> Option<Remedy> {
    let unit = context.program.units.get(violation.function.unit as usize)?;
    if unit.language != Language::Dart || unit.file != violation.at.file {
        return None;
    }
    let context = &Context { language: Language::Dart, ..*context };
    let release = |subject| context.known_release(violation, subject);
    match &violation.kind {
        ViolationKind::Mismatched { subject, release: written, through: None, is_cell: false, .. } => {
            mismatched_deallocator::remedy(violation, release(subject)?, written)
        }
        ViolationKind::MixedNames { allocator, release, .. } => mixed_allocator_names::remedy(allocator, release),
        ViolationKind::ReleasedTwice { managed: false, .. } => double_free::remedy(violation),
        ViolationKind::ReleasedTwice { managed: true, .. } => double_free::remedy_managed(violation),
        ViolationKind::LeakedTemporary { subject, .. } => {
            leaked_temporary::remedy(release(subject)?, lent_to(violation)?)
        }
        ViolationKind::Leaked { subject } | ViolationKind::UnclosedHandle { subject, missing: Missing::Everywhere } => {
            leaked_allocation::remedy(subject, release(subject)?, lent_to(violation)?)
        }
        ViolationKind::LeakedOnPath { subject, released: true, .. } => {
            leak_on_some_path::remedy(subject, release(subject)?)
        }
        ViolationKind::LeakedOnPath { subject, released: false, .. } => {
            leak_on_some_path::remedy_handed(violation, subject, release(subject)?)
        }
        ViolationKind::LeakedOnThrow { subject, released: true, .. } => {
            leak_on_throw::remedy(subject, release(subject)?)
        }
        ViolationKind::LeakedOnThrow { subject, released: false, .. } => {
            leak_on_throw::remedy_handed(violation, subject, release(subject)?)
        }
        ViolationKind::LeakedField { subject, field, container: Some(container), release: Some(_) } => {
            let is_whole = context.family(subject.family).is_some_and(|family| family.kind == FamilyKind::Contents);
            let field = (!is_whole).then(|| field.to_string());
            leaked_struct_field::remedy(violation, field, container, release(subject)?)
        }
        ViolationKind::Unreleased { subject, field, class, dispose: Some(dispose) } => {
            leaked_field::remedy(release(subject)?, field, class, dispose)
        }
        _ => None,
    }
}

/// Whom it is lent to, where nothing shows that he only borrows it. No answer where it goes to more than borrowers.
fn lent_to(violation: &Violation) -> Option<Option<String>> {
    let mut unsure = None;
    for step in &violation.trace {
        match &step.kind {
            StepKind::Lent { to, assumed: Some(_) } => unsure = unsure.or_else(|| Some(to.to_string())),
            StepKind::Viewed
            | StepKind::Stored { .. }
            | StepKind::Orphaned { .. }
            | StepKind::Registered { .. }
            | StepKind::Taken { .. }
            | StepKind::Kept { .. } => return None,
            _ => {}
        }
    }
    Some(unsure)
}

impl Context<'_> {
    /// The releases of memory that the program can call.
    fn known_release(&self, violation: &Violation, subject: &Subject) -> Option<Release> {
        self.own_release(subject).or_else(|| self.bound_release(violation, subject))
    }

    /// The native release that Dart code binds: the one that the library of the memory offers, or the only one of a family
    /// that is the same for everybody.
    fn bound_release(&self, violation: &Violation, subject: &Subject) -> Option<Release> {
        let family = self.family(subject.family)?;
        let symbol = match self.offered_for(violation, Language::Dart) {
            Some(offered) => offered,
            None if family.per_library || family.arena => return None,
            None => self.release_of(subject.family, &subject.made_by)?,
        };
        if subject.release.is_some() || symbol.contains('.') {
            return None;
        }
        let bound =
            self.program.links().iter().filter(|link| link.symbol.as_deref() == Some(symbol)).filter_map(|link| {
                let unit = self.program.units.get(link.function.unit as usize)?;
                (unit.language == Language::Dart).then_some(Location { file: unit.file, span: link.span })
            });
        let bound: Vec<Location> = bound.collect();
        let calls = vec![symbol.to_owned()];
        (!bound.is_empty()).then(|| Release { calls, usual: symbol.to_owned(), bound })
    }

    /// The releases of memory that an allocator of Dart's own gave.
    fn own_release(&self, subject: &Subject) -> Option<Release> {
        let family = self.family(subject.family).filter(|family| family.arena)?;
        let usual = self.release_of(subject.family, &subject.made_by)?.to_owned();
        (subject.release.is_none() && usual.contains('.')).then(|| Release {
            calls: family.release_with.clone(),
            usual,
            bound: Vec::new(),
        })
    }
}
