//! `leak_on_throw`: something throws between allocation and release.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::{StepKind, Subject, Thrower, Violation};

pub(super) static RULE: Rule = Rule {
    name: "leak_on_throw",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory that is not released when something throws",
    page: include_str!("../../rules/leak_on_throw.md"),
};

pub(super) fn word(subject: &Subject, thrower: &Thrower, released: bool, context: &Context<'_>) -> Words {
    let when = context.on_throw(thrower);
    let label = match thrower {
        Thrower::Throw => "a `throw` skips the release".to_owned(),
        Thrower::Callee(name) => format!("an exception of `{name}` skips the release"),
        Thrower::Await => format!("an error of the awaited {} skips the release", context.future()),
    };
    let place = match (released, thrower) {
        (true, _) => context.on_every_way_out(),
        // Where all goes well somebody else gets it: a `finally` would take it from him.
        (false, Thrower::Throw) => "before the `throw`",
        (false, _) => "in a `catch` that rethrows, for otherwise it is handed over",
    };
    Words {
        message: format!("{} is not {} {when}", context.noun(subject), context.released(subject.family)),
        label,
        help: format!("{} {place}", context.release_advice(subject)),
    }
}

/// The release that is there moves into a `finally`.
pub(super) fn remedy(subject: &Subject, release: Release) -> Option<Remedy> {
    Some(Remedy::ReleaseAlways { variable: subject.held_by.as_ref()?.to_string(), release })
}

/// A release where it throws: otherwise somebody else becomes the owner.
pub(super) fn remedy_handed(violation: &Violation, subject: &Subject, release: Release) -> Option<Remedy> {
    let thrown = violation.trace.iter().rev().find(|step| matches!(step.kind, StepKind::Thrown(_)))?.location;
    Some(Remedy::ReleaseOnThrow { variable: subject.held_by.as_ref()?.to_string(), release, thrown })
}
