//! `out_of_bounds_access`: an element behind the end of its block.

use super::{Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Beyond;

pub(super) static RULE: Rule = Rule {
    name: "out_of_bounds_access",
    level: Level::Error,
    on: true,
    cwe: Some(787),
    fix: None,
    summary: "an element that lies behind the end of its block",
    page: include_str!("../../rules/out_of_bounds_access.md"),
};

pub(super) fn word(call: &str, beyond: Beyond) -> Words {
    let (message, label, help) = match beyond {
        Beyond::Index { index, room } => (
            format!("index {index} is out of bounds: memory from `{call}` has {}", elements(room)),
            "outside the block".to_owned(),
            if index < 0 { "start at 0".into() } else { format!("allocate {} elements", index.saturating_add(1)) },
        ),
        Beyond::View { count, room } => (
            format!("a view of {} is longer than the memory from `{call}`, which has {room}", elements(count)),
            "reaches behind the block".to_owned(),
            "view no more elements than were allocated".into(),
        ),
        Beyond::LongerView { more } => (
            format!("a view is {} longer than the memory from `{call}`", elements(more)),
            "reaches behind the block".to_owned(),
            "view no more elements than were allocated".into(),
        ),
        Beyond::Count { more } => (
            format!(
                "the index is {}the number of elements that `{call}` allocated: the last one is one less",
                past(more)
            ),
            "behind the block".to_owned(),
            format!("allocate {} more", elements(more.saturating_add(1))),
        ),
        Beyond::LastRound { more } => (
            format!(
                "the loop's last index is {}the number of elements that `{call}` allocated: the last one is one less",
                past(more)
            ),
            "behind the block in the last round".to_owned(),
            "end the loop before".into(),
        ),
        Beyond::LastIndex { index, room } => (
            format!("the loop's last index is {index}, and memory from `{call}` has {}", elements(room)),
            "behind the block in the last round".to_owned(),
            "end the loop before".into(),
        ),
    };
    Words { message, label, help }
}

/// `1 element`, `2 elements`.
fn elements(count: i64) -> String {
    format!("{count} element{}", if count == 1 { "" } else { "s" })
}

/// How much more than a number.
fn past(more: i64) -> String {
    if more == 0 { String::new() } else { format!("{more} more than ") }
}
