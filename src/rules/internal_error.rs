//! `internal_error`: ffilint failed on a file.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "internal_error",
    level: Level::Warning,
    cwe: None,
    summary: "a file that could not be analysed because of a fault in ffilint",
    page: include_str!("../../rules/internal_error.md"),
};

pub(super) fn word(reason: &str) -> Words {
    Words {
        message: format!("ffilint failed on this file, which was left out: {reason}"),
        label: "not analysed".into(),
        help: "report this with the file, or list the file under `skip` in `ffilint.toml`".into(),
    }
}
