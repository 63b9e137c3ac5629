//! Documentation that may say who owns what.

use crate::ir::{Annotation, Const};

/// Words of such a documentation.
const WORDS: [&str; 5] = ["transfer", "free", "release", "own", "caller"];

/// The longest text kept, in bytes.
const LONGEST: usize = 2_000;

/// The text above a declaration as an annotation, if it may speak of ownership.
pub(super) fn ownership(mut text: String) -> Option<Annotation> {
    let lower = text.to_lowercase();
    if !WORDS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or(0));
    Some(Annotation { name: "doc".into(), type_args: Vec::new(), args: vec![(None, Const::Str(text.into()))] })
}
