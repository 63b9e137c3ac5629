//! `premature_finalization`: native code uses what a finalizer may release at that moment.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "premature_finalization",
    level: Level::Warning,
    on: true,
    cwe: Some(416),
    fix: None,
    summary: "a pointer that a finalizer may release while native code uses it",
    page: include_str!("../../rules/premature_finalization.md"),
};

pub(super) fn word(class: &str, between: Option<&str>, pointer: &str, call: &str) -> Words {
    let help = match between {
        Some(owner) => format!("take the `{class}` into a variable before, or let `{owner}` implement `Finalizable`"),
        None => format!("let `{class}` implement `Finalizable`"),
    };
    Words {
        message: format!("the finalizer of `{class}` may release `{pointer}` while `{call}` uses it"),
        label: "nothing keeps the object alive from here on".into(),
        help,
    }
}

pub(super) fn word_attached(pointer: Option<&str>, call: &str) -> Words {
    let pointer = pointer.map_or_else(|| "a pointer".to_owned(), |name| format!("the pointer `{name}`"));
    Words {
        message: format!("`{call}` attaches a finalizer to {pointer}, not to an object that lives as long"),
        label: "a copy of the pointer keeps nothing alive".into(),
        help: "attach it to an object that implements `Finalizable` and that all code takes the pointer from".into(),
    }
}
