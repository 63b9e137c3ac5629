//! `unclosed_callable`: a function that was made callable for native code, and is never closed.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::{Missing, Subject};

pub(super) static RULE: Rule = Rule {
    name: "unclosed_callable",
    level: Level::Warning,
    on: true,
    cwe: Some(772),
    fix: None,
    summary: "a function that was made callable for native code and is not closed",
    page: include_str!("../../rules/unclosed_callable.md"),
};

pub(super) fn word(subject: &Subject, missing: &Missing, context: &Context<'_>) -> Words {
    let words = super::unclosed_handle::word(subject, missing, context);
    match missing {
        Missing::Everywhere => Words {
            label: match &subject.held_by {
                Some(name) => format!("only `{name}` could close it"),
                None => "nothing can close it any more".into(),
            },
            help: "close it when native code is done with it, in the function that it calls at the latest".into(),
            ..words
        },
        _ => words,
    }
}

pub(super) fn word_field(
    subject: &Subject,
    field: &str,
    class: &str,
    dispose: Option<&str>,
    context: &Context<'_>,
) -> Words {
    super::leaked_field::word(subject, field, class, dispose, context)
}
