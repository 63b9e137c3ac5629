//! `unused_suppression`: a comment that silences nothing.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) const NAME: &str = "unused_suppression";

pub(super) static RULE: Rule = Rule {
    name: NAME,
    level: Level::Warning,
    on: true,
    cwe: None,
    fix: None,
    summary: "a comment that silences nothing",
    page: include_str!("../../rules/unused_suppression.md"),
};

pub(super) fn word(rule: &str) -> Words {
    Words {
        message: format!("nothing of `{rule}` is found here that the comment would silence"),
        label: "of no use".into(),
        help: "remove the name, and the comment where it is the only one".into(),
    }
}
