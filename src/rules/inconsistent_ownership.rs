//! `inconsistent_ownership`: one function gives memory that must be released, and memory that must not.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::{Given, Saying, Subject};

pub(super) static RULE: Rule = Rule {
    name: "inconsistent_ownership",
    level: Level::Error,
    on: true,
    cwe: Some(763),
    fix: None,
    summary: "exported function whose result must be released on one path only",
    page: include_str!("../../rules/inconsistent_ownership.md"),
};

pub(super) fn word(subject: &Subject, function: &str, other: Given, context: &Context<'_>) -> Words {
    let what = match other {
        Given::Owned(_) => "memory of another allocator",
        given => memory(given),
    };
    let made = &subject.made_by;
    let help = match other {
        Given::Owned(_) => format!("allocate what `{function}` returns with `{made}` on every path"),
        _ => format!("return a copy that `{made}` allocates on every path, or null"),
    };
    Words {
        message: format!("`{function}` returns {} on one path and {what} on another", context.noun_made(subject)),
        label: format!("{what} is returned here: no caller can tell what to release"),
        help,
    }
}

pub(super) fn word_contradicted(function: &str, saying: Saying, must_release: bool, given: Given) -> Words {
    let who = match saying {
        Saying::Declaration => "the declaration",
        Saying::Model => "the model",
    };
    let says = if must_release { "must be released" } else { "must not be released" };
    let gives = match given {
        Given::Owned(_) => "memory that the caller must release",
        given => memory(given),
    };
    Words {
        message: format!("{who} of `{function}` says that its result {says}, and the body returns {gives}"),
        label: format!("{gives} is returned here"),
        help: format!("correct {who} of `{function}`, or its body"),
    }
}

fn memory(given: Given) -> &'static str {
    match given {
        Given::Owned(_) => "memory that must be released",
        Given::Static => "static memory",
        Given::Borrowed => "memory that somebody else owns",
    }
}
