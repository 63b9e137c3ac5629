//! Literals → constants.

use crate::ir::{Const, Name};

/// What a string literal says: prefix and quotes dropped, simple escapes resolved.
pub(in crate::lower::c) fn unquoted(text: &str) -> Name {
    let Some(start) = text.find('"') else { return text.into() };
    if text.get(..start).is_some_and(|prefix| prefix.ends_with('R')) {
        let inner = text.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
        return inner.map_or(text, |(inner, _)| inner).into();
    }
    let inner = text.get(start + 1..).unwrap_or("");
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some('\n') | None => {}
            Some(other) => out.push(other),
        }
    }
    out.into()
}

/// The value of a character literal.
pub(in crate::lower::c) fn character(text: &str) -> Const {
    let inner = text.split_once('\'').map_or("", |(_, rest)| rest.strip_suffix('\'').unwrap_or(rest));
    let mut chars = inner.chars();
    let value = match (chars.next(), chars.next(), chars.next()) {
        (Some(c), None, _) => Some(i64::from(u32::from(c))),
        (Some('\\'), Some(escape), None) => match escape {
            'n' => Some(10),
            't' => Some(9),
            'r' => Some(13),
            '0' => Some(0),
            '\\' | '\'' | '"' => Some(i64::from(u32::from(escape))),
            _ => None,
        },
        _ => None,
    };
    value.map_or(Const::Other, Const::Int)
}
