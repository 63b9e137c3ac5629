//! `unknown_rule`: a comment that is to silence a rule that does not exist.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "unknown_rule",
    level: Level::Warning,
    on: true,
    cwe: None,
    fix: None,
    summary: "a comment that is to silence a rule that does not exist",
    page: include_str!("../../rules/unknown_rule.md"),
};

pub(super) fn word(reason: &str) -> Words {
    Words {
        message: reason.to_owned(),
        label: "silences nothing".into(),
        help: "name a rule; `ffilint rules` lists them".into(),
    }
}
