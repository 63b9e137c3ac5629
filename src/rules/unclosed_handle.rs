//! `unclosed_handle`: a handle or a reference that is not closed on every path.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::violation::{Missing, Subject};

pub(super) static RULE: Rule = Rule {
    name: "unclosed_handle",
    level: Level::Warning,
    on: true,
    cwe: Some(772),
    fix: Some(Applicability::Unsafe),
    summary: "a handle or a reference that is not closed on every path",
    page: include_str!("../../rules/unclosed_handle.md"),
};

pub(super) fn word(subject: &Subject, missing: &Missing, context: &Context<'_>) -> Words {
    let closed = context.released(subject.family);
    let when = match missing {
        Missing::Everywhere => format!("never {closed}"),
        Missing::OnPath(exit) => format!("not {closed} {}", context.on_way(*exit)),
        Missing::OnThrow(thrower) => format!("not {closed} {}", context.on_throw(thrower)),
    };
    let label = match (missing, &subject.held_by) {
        (Missing::Everywhere, Some(name)) => format!("`{name}` alone leads to it"),
        (Missing::Everywhere, None) => format!("never {closed}"),
        (Missing::OnPath(_), _) => format!("{closed} or handed over on one path and not on another"),
        (Missing::OnThrow(_), _) => "an exception skips the release".into(),
    };
    Words {
        message: format!("{} is {when}", context.noun(subject)),
        label,
        help: format!("{} on every path, best {}", context.release_advice(subject), context.on_every_way_out()),
    }
}
