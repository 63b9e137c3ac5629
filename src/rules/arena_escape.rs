//! `arena_escape`: an arena's memory gets out of it.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::{Leaving, Subject};

pub(super) static RULE: Rule = Rule {
    name: "arena_escape",
    level: Level::Error,
    on: true,
    cwe: Some(416),
    fix: None,
    summary: "an arena's memory that leaves the arena and is gone by then",
    page: include_str!("../../rules/arena_escape.md"),
};

pub(super) fn word(subject: &Subject, leaving: &Leaving, context: &Context<'_>) -> Words {
    let noun = context.noun(subject);
    let (message, label, help) = match leaving {
        Leaving::Returned => (
            format!("{noun} leaves its arena as a result, and is released by then"),
            "the arena ends with this".to_owned(),
            "return a copy, or let the caller pass the arena",
        ),
        Leaving::ReturnedClosure => (
            format!("{noun} is captured by a closure that outlives its arena"),
            "the closure runs after the arena's end".to_owned(),
            "copy what the closure needs before the arena ends",
        ),
        Leaving::Kept(name) => (
            format!("{noun} is kept in `{name}` beyond its arena"),
            format!("`{name}` lives on, the memory does not"),
            "keep a copy, or allocate it outside the arena and release it by hand",
        ),
        Leaving::Captured(call) => (
            format!("{noun} is captured by code that `{call}` runs after its arena's end"),
            "nothing keeps the arena open until this has run".to_owned(),
            "let the callback of the arena return or await the future, or copy what is needed",
        ),
        Leaving::Lazy(call) => (
            format!("{noun} is captured by the lazy result of `{call}`, which leaves its arena"),
            "its closure runs when the result is walked, after the arena's end".to_owned(),
            "walk the result before the arena ends: return a list",
        ),
        Leaving::Unawaited => (
            format!("{noun} is used by asynchronous code that goes on after its arena's end"),
            "nothing waits for this, so the arena does not either".to_owned(),
            "let the callback of the arena return or await the future",
        ),
    };
    Words { message, label, help: help.into() }
}
