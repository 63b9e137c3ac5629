//! `@implementation`: methods become blanks, functions of C between them stay.

use super::{Kind, Pass, QUALIFIERS};

/// Where in an `@implementation` the pass is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items {
    /// Brackets that are open.
    depth: usize,
    /// A declaration begins here.
    begins: bool,
}

impl Pass<'_, '_> {
    /// `@implementation A (B) { … }`, `@implementation A : B`: the head becomes blanks.
    pub(super) fn open_implementation(&mut self, at: usize) -> usize {
        // `@`, the word and the name.
        let mut end = at + 3;
        if self.is(end, b':') {
            end += 2;
        }
        if self.is(end, b'(') {
            end = self.brackets.behind(end);
        }
        if self.is(end, b'<') {
            end = self.generic(end).map_or(end, |close| close + 1);
        }
        if self.is(end, b'{') {
            end = self.brackets.behind(end);
        }
        self.blank(at, end - 1);
        self.implementation = Some(Items { depth: 0, begins: true });
        end
    }

    /// Blanks a method; gives the token behind it. Else keeps account of where declarations begin.
    pub(super) fn method(&mut self, at: usize) -> Option<usize> {
        let items = self.implementation?;
        let token = self.live.get(at)?;
        if items.begins && items.depth == 0 && (token.is(b'-') || token.is(b'+')) {
            let mut end = at;
            while end < self.live.len() && !self.is(end, b'{') && !self.is(end, b';') && !self.is(end, b'@') {
                end = match self.is(end, b'(') {
                    true => self.brackets.behind(end),
                    false => end + 1,
                };
            }
            let close = if self.is(end, b'{') { self.brackets.partner(end).unwrap_or(end) } else { end };
            let close = if self.is(end, b'@') { end - 1 } else { close };
            self.blank(at, close);
            return Some(close + 1);
        }
        let (depth, begins) = match token.kind {
            Kind::Sign(b'{' | b'(' | b'[') => (items.depth + 1, false),
            Kind::Sign(b'}') => (items.depth.saturating_sub(1), items.depth <= 1),
            Kind::Sign(b')' | b']') => (items.depth.saturating_sub(1), false),
            Kind::Sign(b';') => (items.depth, items.depth == 0),
            Kind::Sign(b'@') => (items.depth, items.begins),
            Kind::Identifier if QUALIFIERS.contains(&token.text(self.text)) => (items.depth, items.begins),
            _ => (items.depth, false),
        };
        self.implementation = Some(Items { depth, begins });
        None
    }
}
