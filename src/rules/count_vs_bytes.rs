//! `count_vs_bytes`: a number of elements where bytes are wanted, or the reverse.

use super::{Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Miscount;

pub(super) static RULE: Rule = Rule {
    name: "count_vs_bytes",
    level: Level::Warning,
    on: true,
    cwe: Some(131),
    fix: None,
    summary: "an element count where bytes are wanted, or the reverse",
    page: include_str!("../../rules/count_vs_bytes.md"),
};

pub(super) fn word(call: &str, element: &str, wrong: Miscount) -> Words {
    let multiply = format!("multiply the number of elements by `sizeOf<{element}>()`");
    let (message, label, help) = match wrong {
        Miscount::TooFewBytes { bytes, somewhere } => {
            let verb = if bytes == 1 { "holds" } else { "hold" };
            let everywhere = if somewhere { " on every target" } else { "" };
            (
                format!("`{call}` takes bytes, and {} {verb} no `{element}`{everywhere}", counted(bytes)),
                format!("{} for elements of type `{element}`", counted(bytes)),
                multiply,
            )
        }
        Miscount::PartOfElement { bytes } => (
            format!("`{call}` takes bytes, and {} are no whole number of `{element}`", counted(bytes)),
            format!("{} for elements of type `{element}`", counted(bytes)),
            multiply,
        ),
        Miscount::LengthAsBytes => (
            format!("`{call}` takes bytes, but gets the length of a string or list for `{element}` elements"),
            "smaller than the elements need".into(),
            multiply,
        ),
        Miscount::ElementsAsBytes => (
            format!("`{call}` takes bytes, but gets a number of `{element}` elements"),
            "smaller than the elements need".into(),
            multiply,
        ),
        Miscount::BytesAsElements => (
            format!("`{call}` takes a number of `{element}` elements, but gets a number of bytes"),
            "larger than the elements need".into(),
            format!("leave out `sizeOf<{element}>()`"),
        ),
    };
    Words { message, label, help }
}

/// `1 byte`, `2 bytes`.
fn counted(bytes: i64) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}
