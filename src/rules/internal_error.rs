//! `internal_error`: ffilint failed on a file.

use super::{Part, Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "internal_error",
    level: Level::Warning,
    on: true,
    cwe: None,
    fix: None,
    summary: "a file, or a part of it, that could not be analysed because of a fault in ffilint",
    page: include_str!("../../rules/internal_error.md"),
};

pub(super) fn word(part: Part, reason: &str) -> Words {
    let (what, label) = match part {
        Part::File => ("this file", "not analysed"),
        Part::Some => ("a part of this file", "not analysed to the end"),
    };
    Words {
        message: format!("ffilint failed on {what}, which was left out: {reason}"),
        label: label.into(),
        help: "report this with the file, or list the file under `skip` in `ffilint.toml`".into(),
    }
}
