//! `leak_on_some_path`: released or handed over on one path and not on another.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::{Exit, StepKind, Subject, Violation};

pub(super) static RULE: Rule = Rule {
    name: "leak_on_some_path",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory released or handed over on one path and not on another",
    page: include_str!("../../rules/leak_on_some_path.md"),
};

pub(super) fn word(subject: &Subject, exit: Exit, released_elsewhere: bool, context: &Context<'_>) -> Words {
    let released = context.released(subject.family);
    let advice = context.release_advice(subject);
    let paths = context.on_way(exit);
    if released_elsewhere {
        return Words {
            message: format!("{} is not {released} {paths}", context.noun(subject)),
            label: format!("{released} on one path and not on another"),
            help: format!("{advice} on the other path too, or {}", context.on_every_way_out()),
        };
    }
    Words {
        message: format!("{} is not {released} or handed over {paths}", context.noun(subject)),
        label: "handed over on one path and lost on another".into(),
        help: format!("{advice} on the path that does not hand it over"),
    }
}

/// One release for every path.
pub(super) fn remedy(subject: &Subject, release: Release) -> Option<Remedy> {
    Some(Remedy::ReleaseAlways { variable: subject.held_by.as_ref()?.to_string(), release })
}

/// A release on the path that hands it to nobody.
pub(super) fn remedy_handed(violation: &Violation, subject: &Subject, release: Release) -> Option<Remedy> {
    let variable = subject.held_by.as_ref()?.to_string();
    let steps = || violation.trace.iter().rev();
    let exit = steps().find(|step| matches!(step.kind, StepKind::Exited(_))).map(|step| step.location);
    let branch = steps().find_map(|step| match step.kind {
        StepKind::Branched { holds } => Some((step.location, holds)),
        _ => None,
    });
    Some(Remedy::ReleaseOnPath { variable, release, exit, branch })
}
