//! `suppression_without_reason`: a comment that silences a finding and does not say why.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "suppression_without_reason",
    level: Level::Note,
    on: true,
    cwe: None,
    fix: None,
    summary: "a comment that silences a finding and does not say why",
    page: include_str!("../../rules/suppression_without_reason.md"),
};

pub(super) fn word(rule: &str) -> Words {
    Words {
        message: format!("the comment that silences `{rule}` does not say why"),
        label: "a reason may follow the names".into(),
        help: "write behind the names why nothing is wrong here".into(),
    }
}
