//! `double_free`: released although already released.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::Remedy;
use crate::violation::{Confidence, Owner, Step, StepKind, Subject, Violation};

pub(super) static RULE: Rule = Rule {
    name: "double_free",
    level: Level::Error,
    on: true,
    cwe: Some(415),
    fix: Some(Applicability::Safe),
    summary: "memory released twice on one path",
    page: include_str!("../../rules/double_free.md"),
};

pub(super) fn word(subject: Option<&Subject>, release: &str, managed: bool, context: &Context<'_>) -> Words {
    let (noun, released) = match subject {
        Some(subject) => (context.noun(subject), context.released(subject.family)),
        None => ("memory".to_owned(), "released"),
    };
    if managed {
        return Words {
            message: format!("{noun} is {released} by hand although its arena or finalizer does it as well"),
            label: format!("`{release}` is one release; the other comes later"),
            help: "leave the release to the arena or finalizer".into(),
        };
    }
    Words {
        message: format!("{noun} is {released} twice"),
        label: format!("`{release}` is the second release"),
        help: "release it in one place only".into(),
    }
}

/// What will be released already is given to a finalizer.
pub(super) fn word_registered(subject: Option<&Subject>, registration: &str, context: &Context<'_>) -> Words {
    let noun = subject.map_or_else(|| "memory".to_owned(), |subject| context.noun(subject));
    Words {
        message: format!("{noun} is given to a finalizer although its arena or another finalizer releases it"),
        label: format!("`{registration}` registers a second release"),
        help: "leave the release to one of the two".into(),
    }
}

/// What comes second on every way goes; a condition on the way may say that it comes first on another.
pub(super) fn remedy(violation: &Violation) -> Option<Remedy> {
    let mut before = violation.trace.iter().filter(|step| step.location != violation.at);
    if before.any(|step| matches!(step.kind, StepKind::Branched { .. })) {
        return None;
    }
    let is_first = |step: &&Step| matches!(step.kind, StepKind::Released { .. }) && step.location != violation.at;
    let first = violation.trace.iter().find(is_first)?.location;
    Some(Remedy::DropSecond { first, safe: violation.confidence == Confidence::High })
}

/// The finalizer lets go before somebody else releases it. An arena cannot.
pub(super) fn remedy_managed(violation: &Violation) -> Option<Remedy> {
    let is_attached = |step: &&Step| matches!(step.kind, StepKind::Registered { with: Owner::Finalizer });
    let attached = violation.trace.iter().find(is_attached)?.location;
    Some(Remedy::DetachBefore { attached })
}
