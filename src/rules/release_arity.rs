//! `release_arity`: released without the length that the release needs.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "release_arity",
    level: Level::Error,
    on: true,
    cwe: Some(762),
    fix: None,
    summary: "release of memory without the length that its release needs",
    page: include_str!("../../rules/release_arity.md"),
};

pub(super) fn word(subject: &Subject, release: &str, by: &str, context: &Context<'_>) -> Words {
    let title = context.family(subject.family).map_or("memory with a length", |family| family.title.as_str());
    let right = context.release_of(subject.family, &subject.made_by).unwrap_or(by);
    // The same name releases a value and a slice.
    let how = if right == by { format!("`{right}` of a slice") } else { format!("`{right}`") };
    Words {
        message: format!("`{release}` releases {title} without its length"),
        label: format!("`{by}` in `{release}` gets a pointer and no length"),
        help: format!("let `{release}` take the length as well and release with {how}"),
    }
}
