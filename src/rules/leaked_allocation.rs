//! `leaked_allocation`: owned memory that no path releases.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "leaked_allocation",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory that no path releases or hands over",
    page: include_str!("../../rules/leaked_allocation.md"),
};

pub(super) fn word(subject: &Subject, context: &Context<'_>) -> Words {
    let released = context.released(subject.family);
    let label = match &subject.held_by {
        Some(name) => format!("`{name}` is its only owner and does not release it"),
        None => format!("never {released}"),
    };
    Words {
        message: format!("{} is never {released}", context.noun(subject)),
        label,
        help: format!("{} on every path, best {}", context.release_advice(subject), context.on_every_way_out()),
    }
}

/// A release at the end of the variable's scope.
pub(super) fn remedy(subject: &Subject, release: Release, unsure: Option<String>) -> Option<Remedy> {
    let variable = subject.held_by.as_ref()?.to_string();
    Some(Remedy::ReleaseAtEnd { variable, release, unsure })
}
