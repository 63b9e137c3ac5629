//! What would mend a violation, as far as a rule can say it: which release, of what, instead of what.
//!
//! Only what an allocator of Dart's own gave is ever released by a fix. Who releases memory that native code made, or
//! may have kept, turns a leak into a crash.

use super::Context;
use super::{double_free, leak_on_some_path, leak_on_throw, leaked_allocation, leaked_field, leaked_temporary};
use super::{mismatched_deallocator, mixed_allocator_names};
use crate::fix::{Release, Remedy};
use crate::language::Language;
use crate::violation::{StepKind, Subject, Violation, ViolationKind};

/// What would mend it, if anything is known to.
#[must_use]
pub fn remedy(violation: &Violation, context: &Context<'_>) -> Option<Remedy> {
    let unit = context.program.units.get(violation.function.unit as usize)?;
    if unit.language != Language::Dart || unit.file != violation.at.file {
        return None;
    }
    let context = &Context { language: Language::Dart, ..*context };
    match &violation.kind {
        ViolationKind::Mismatched { subject, release, through: None, is_cell: false, .. } => {
            mismatched_deallocator::remedy(violation, context.own_release(subject)?, release)
        }
        ViolationKind::MixedNames { allocator, release, .. } => mixed_allocator_names::remedy(allocator, release),
        ViolationKind::ReleasedTwice { managed: false, .. } => double_free::remedy(violation),
        ViolationKind::LeakedTemporary { subject, .. } => {
            leaked_temporary::remedy(context.own_release(subject)?, lent_to(violation)?)
        }
        ViolationKind::Leaked { subject } => {
            leaked_allocation::remedy(subject, context.own_release(subject)?, lent_to(violation)?)
        }
        ViolationKind::LeakedOnPath { subject, released: true, .. } => {
            leak_on_some_path::remedy(subject, context.own_release(subject)?)
        }
        ViolationKind::LeakedOnThrow { subject, released: true, .. } => {
            leak_on_throw::remedy(subject, context.own_release(subject)?)
        }
        ViolationKind::Unreleased { subject, field, class, dispose: Some(dispose) } => {
            leaked_field::remedy(context.own_release(subject)?, field, class, dispose)
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
    /// The releases of memory that an allocator of Dart's own gave.
    fn own_release(&self, subject: &Subject) -> Option<Release> {
        let family = self.family(subject.family).filter(|family| family.arena)?;
        let usual = self.release_of(subject.family, &subject.made_by)?.to_owned();
        (subject.release.is_none() && usual.contains('.'))
            .then(|| Release { calls: family.release_with.clone(), usual })
    }
}
