//! `unreleased_arena`: an arena that is made by hand and not ended.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::{Missing, Subject};

pub(super) static RULE: Rule = Rule {
    name: "unreleased_arena",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: None,
    summary: "an arena made by hand that is not released on every path",
    page: include_str!("../../rules/unreleased_arena.md"),
};

pub(super) fn word(subject: &Subject, missing: &Missing, context: &Context<'_>) -> Words {
    let made = &subject.origin;
    let release = context.release_of(subject.family, &subject.origin).unwrap_or("its release");
    let message = match missing {
        Missing::Everywhere => format!("`{made}` is never released, and neither is what is allocated in it"),
        Missing::OnPath(exit) => format!("`{made}` is not released {}", context.on_way(*exit)),
        Missing::OnThrow(thrower) => format!("`{made}` is not released {}", context.on_throw(thrower)),
    };
    let label = match (missing, &subject.held_by) {
        (Missing::Everywhere, Some(name)) => format!("nothing calls `{release}` on `{name}`"),
        (Missing::Everywhere, None) => format!("nothing calls `{release}` on it"),
        (Missing::OnPath(_), _) => "released on one path and not on another".into(),
        (Missing::OnThrow(_), _) => "an exception skips the release".into(),
    };
    Words {
        message,
        label,
        help: format!("call `{release}` in a `finally`, or let `using` make and release the arena"),
    }
}
