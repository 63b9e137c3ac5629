//! `leak_on_some_path`: released on one path and not on another.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::{Exit, Subject};

pub(super) static RULE: Rule = Rule {
    name: "leak_on_some_path",
    level: Level::Warning,
    cwe: Some(401),
    summary: "memory released on one path and not on another",
    page: include_str!("../../rules/leak_on_some_path.md"),
};

pub(super) fn word(subject: &Subject, exit: Exit, context: &Context<'_>) -> Words {
    let released = context.released(subject.family);
    let place = match exit {
        Exit::Return => "before this return",
        Exit::End => "on the path that ends here",
        Exit::NextRound => "before the next round of the loop",
    };
    Words {
        message: format!("{} is {released} on another path, but not {place}", context.noun(subject)),
        label: format!("not {released} on this path"),
        help: format!("{} on this path too, or in a `finally` around all of them", context.release_advice(subject)),
    }
}
