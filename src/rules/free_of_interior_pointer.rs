//! `free_of_interior_pointer`: released by a pointer that is not the block's start.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "free_of_interior_pointer",
    level: Level::Error,
    on: true,
    cwe: Some(761),
    fix: None,
    summary: "memory released by a pointer that does not lead to its start",
    page: include_str!("../../rules/free_of_interior_pointer.md"),
};

pub(super) fn word(origin: &str, release: &str, certain: bool) -> Words {
    let lies = if certain { "lies" } else { "may lie" };
    Words {
        message: format!("memory from `{origin}` is released by a pointer that {lies} behind its start"),
        label: format!("`{release}` takes the pointer that `{origin}` gave, no other"),
        help: format!("keep the pointer that `{origin}` gave and release that one"),
    }
}
