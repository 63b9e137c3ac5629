//! `leaked_temporary`: an allocation passed straight to a call that only borrows.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "leaked_temporary",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory allocated in an argument, where nobody can release it",
    page: include_str!("../../rules/leaked_temporary.md"),
};

pub(super) fn word(subject: &Subject, passed_to: &str, context: &Context<'_>) -> Words {
    let noun = context.noun(subject);
    let released = context.released(subject.family);
    let advice = context.release_advice(subject);
    let arena = if context.can_use_arena(subject.family) { ", or allocate it in an arena" } else { "" };
    Words {
        message: format!("{noun} is passed straight to `{passed_to}` and never {released}"),
        label: "no variable keeps it".into(),
        help: format!("keep it in a variable and {advice} after the call{arena}"),
    }
}

/// A variable, and a release after the call.
pub(super) fn remedy(release: Release, unsure: Option<String>) -> Option<Remedy> {
    Some(Remedy::Keep { release, unsure })
}
