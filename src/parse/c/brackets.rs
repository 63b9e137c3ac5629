//! Which brackets belong together, and what they hold.

use super::lex::{Kind, Token};
use super::names::OPENS_C;

/// For each opening parenthesis the token that closes it; 0 where none does. A closing brace closes what was left open
/// since its partner.
pub(super) fn partners(live: &[Token]) -> Vec<u32> {
    let mut partners = vec![0; live.len()];
    let mut open: Vec<usize> = Vec::new();
    let is = |index: &usize, sign: u8| live.get(*index).is_some_and(|token| token.is(sign));
    for (index, token) in live.iter().enumerate() {
        if token.is(b'(') || token.is(b'{') {
            open.push(index);
        } else if token.is(b')') && open.last().is_some_and(|last| is(last, b'(')) {
            if let Some(partner) = open.pop().and_then(|open| partners.get_mut(open)) {
                *partner = index as u32;
            }
        } else if token.is(b'}') {
            while open.pop().is_some_and(|last| !is(&last, b'{')) {}
        }
    }
    partners
}

/// Whether each token stands in the body of a function: within braces that no namespace or type opens.
pub(super) fn in_body(text: &str, live: &[Token]) -> Vec<bool> {
    let mut inside = vec![false; live.len()];
    let mut open: Vec<bool> = Vec::new();
    let mut bodies = 0_usize;
    let mut opens_scope = false;
    let mut last: Option<&Token> = None;
    for (index, token) in live.iter().enumerate() {
        if let Some(inside) = inside.get_mut(index) {
            *inside = bodies > 0;
        }
        match token.kind {
            Kind::Sign(b'{') => {
                let is_body = !opens_scope || last.is_some_and(|last| last.is(b')'));
                bodies += usize::from(is_body);
                open.push(is_body);
                opens_scope = false;
            }
            Kind::Sign(b'}') => {
                bodies -= usize::from(open.pop() == Some(true));
                opens_scope = false;
            }
            Kind::Sign(b';') => opens_scope = false,
            Kind::Identifier => {
                opens_scope |= matches!(token.text(text), "namespace" | "class" | "struct" | "union" | "enum")
                    || OPENS_C.contains(&token.text(text));
            }
            Kind::Literal if last.is_some_and(|last| last.text(text) == "extern") => opens_scope = true,
            _ => {}
        }
        last = Some(token);
    }
    inside
}
