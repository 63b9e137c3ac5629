//! Data written as source: images, fonts, shaders, models.
//!
//! Real ones have three megabytes of `0x7f, …`, which take the parser a second and say nothing of memory.

use super::Edits;
use super::lex::{Kind, Token};

/// How many tokens between two braces make them data. Written by hand there are fewer, and those cost little.
const LEAST: usize = 2_048;

/// Blanks the numbers between braces but for the first one, and takes them from the tokens.
pub(super) fn blank(text: &str, tokens: &mut Vec<Token>, edits: &mut Edits) {
    let mut gone: Vec<(usize, usize)> = Vec::new();
    let mut open = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign(b'{') => open = Some(at),
            Kind::Sign(b'}') => {
                // The brace and the first number stay.
                let run = open.take().map(|open| (open + 2, at)).filter(|(from, _)| at.saturating_sub(*from) >= LEAST);
                gone.extend(run);
            }
            Kind::Sign(b',' | b'-') => {}
            Kind::Literal if is_number(text, token) => {}
            _ => open = None,
        }
    }
    for (from, to) in gone.iter().rev() {
        // A sign before the first number stays with it.
        let signs = tokens.iter().skip(from - 1).take_while(|token| token.is(b'-')).count();
        let from = from + signs;
        if let (Some(first), Some(end)) = (tokens.get(from), tokens.get(*to)) {
            edits.blank(first.start, end.start);
            tokens.drain(from..*to);
        }
    }
}

fn is_number(text: &str, token: &Token) -> bool {
    text.as_bytes().get(token.start).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'\'')
}
