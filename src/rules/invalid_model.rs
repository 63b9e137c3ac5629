//! `invalid_model`: the project says something of ownership that cannot be understood.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "invalid_model",
    level: Level::Error,
    on: true,
    cwe: None,
    fix: None,
    summary: "a model or an ownership annotation of the project that is wrong",
    page: include_str!("../../rules/invalid_model.md"),
};

pub(super) fn word(reason: &str) -> Words {
    Words {
        message: reason.trim_end_matches('.').to_owned(),
        label: "left out".into(),
        help: "correct it; `ffilint explain invalid_model` says what may stand there".into(),
    }
}
