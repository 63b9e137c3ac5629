//! `leaked_struct_field`: the container is released while memory its field owns is not.

use super::{Context, Rule, Words, steps};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::{StepKind, Subject, Violation};

pub(super) static RULE: Rule = Rule {
    name: "leaked_struct_field",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory that a released or lost struct or array alone led to",
    page: include_str!("../../rules/leaked_struct_field.md"),
};

pub(super) fn word(
    subject: &Subject,
    field: &str,
    container: Option<&str>,
    release: Option<&str>,
    context: &Context<'_>,
) -> Words {
    let noun = context.noun(subject);
    let Some(release) = release else {
        let container = container.map_or_else(|| "its container".into(), |name| format!("`{name}`"));
        return Words {
            message: format!("{noun} in {} is never released, nor is its container", steps::field(field)),
            label: format!("lost with {container}"),
            help: format!("{} before {container} is released", context.release_advice(subject)),
        };
    };
    let message = match (field, container) {
        // An out-parameter, a cell.
        ("*", Some(name)) => format!("{noun} that `{name}` points to is not released before `{name}` is"),
        _ => format!("{noun} in {} is not released before its container is", steps::field(field)),
    };
    let container = container.map_or_else(|| "the block that holds it".into(), |name| format!("`{name}`"));
    Words {
        message,
        label: format!("lost when `{release}` releases {container}"),
        help: format!("{} before {container} is released", context.release_advice(subject)),
    }
}

/// It goes before its block does.
pub(super) fn remedy(
    violation: &Violation,
    field: Option<String>,
    container: &str,
    release: Release,
) -> Option<Remedy> {
    let orphaned = violation.trace.iter().find(|step| matches!(step.kind, StepKind::Orphaned { .. }))?;
    let stored = violation.trace.iter().find(|step| matches!(step.kind, StepKind::Stored { .. }));
    let (stored, before) = (stored.map(|step| step.location), orphaned.location);
    Some(Remedy::ReleaseBefore { container: container.to_owned(), field, release, stored, before })
}
