//! `string_buffer_size`: a block that is too small for its text.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    name: "string_buffer_size",
    level: Level::Error,
    on: true,
    cwe: Some(131),
    fix: None,
    summary: "a block that is too small for its text",
    page: include_str!("../../rules/string_buffer_size.md"),
};

pub(super) fn word(call: &str, element: Option<&str>) -> Words {
    match element {
        Some(element) => Words {
            message: format!(
                "`{call}` gets the `length` of a string for text in UTF-8, which may need three times as much"
            ),
            label: format!("as many bytes of `{element}` as the string has UTF-16 code units"),
            help: "count the encoded bytes, `utf8.encode(text).length + 1`, or let `toNativeUtf8` do it".into(),
        },
        None => Words {
            message: format!("memory from `{call}` has no room for the terminator that is written here"),
            label: "one element behind the block".into(),
            help: "allocate one element more".into(),
        },
    }
}
