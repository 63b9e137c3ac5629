//! Messages, collections and blocks.

use super::{Given, Kind, NEAR, Pass, is_operand, is_variable};

/// What the pieces of a message are.
enum Piece {
    /// `name:` or `:`, from token to token; the last is the colon.
    Keyword(usize, usize),
    /// A name without arguments.
    Unary(usize),
}

impl Pass<'_, '_> {
    /// `[a b: c d: e]` → `(a   , c  , e)`; other brackets stay.
    pub(super) fn message(&mut self, open: usize) -> usize {
        let Some(close) = self.group(open) else { return open + 1 };
        let before = open.checked_sub(1).and_then(|at| self.live.get(at));
        // `x[…]`, `x[…][…]`
        let follows_operand = before.is_some_and(|before| match before.kind {
            Kind::Identifier => {
                let word = before.text(self.text);
                (is_operand(word) && word != "in") || matches!(word, "delete" | "operator" | "new")
            }
            Kind::Sign(b']') => true,
            _ => false,
        });
        if follows_operand {
            return open + 1;
        }
        let pieces = self.pieces(open, close);
        if pieces.is_empty() {
            return open + 1;
        }
        for piece in pieces {
            match piece {
                Piece::Keyword(from, colon) => {
                    self.blank(from, colon);
                    self.edits.write(self.start(colon), b",");
                }
                Piece::Unary(at) => {
                    let start = self.start(at);
                    let length = self.end(at) - start;
                    self.blank(at, at);
                    let has_room = start.checked_sub(1).and_then(|at| self.edits.bytes.get(at)) == Some(&b' ');
                    if has_room {
                        self.edits.write(start - 1, b",0");
                    } else if length >= 2 {
                        self.edits.write(start, b",0");
                    }
                }
            }
        }
        self.edits.write(self.start(open), b"(");
        self.edits.write(self.start(close), b")");
        self.give(open, Given::Values);
        open + 1
    }

    /// The pieces of a message; none where the brackets hold no message.
    fn pieces(&mut self, open: usize, close: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let (mut at, mut follows_operand, mut conditionals) = (open + 1, false, 0_usize);
        while at < close {
            let Some(token) = self.live.get(at) else { break };
            let is_colon = |at: usize| self.is(at, b':');
            if is_colon(at) && is_colon(at + 1) && self.end(at) == self.start(at + 1) {
                // `a::b`
                (at, follows_operand) = (at + 2, false);
                continue;
            }
            let mut next = self.brackets.behind(at);
            let is_scoped = is_colon(at + 1) && is_colon(at + 2) && self.end(at + 1) == self.start(at + 2);
            let is_keyword_piece = is_colon(at + 1) && !is_scoped && conditionals == 0;
            match token.kind {
                Kind::Identifier if pieces.is_empty() && follows_operand => {
                    if is_keyword_piece {
                        pieces.push(Piece::Keyword(at, at + 1));
                        (next, follows_operand) = (at + 2, false);
                    } else if at + 1 == close {
                        pieces.push(Piece::Unary(at));
                    } else if !self.is(open + 1, b'(') || self.brackets.behind(open + 1) != at {
                        // Behind `(T)` it is the receiver.
                        return Vec::new();
                    }
                }
                Kind::Identifier if !pieces.is_empty() && is_keyword_piece => {
                    pieces.push(Piece::Keyword(at, at + 1));
                    (next, follows_operand) = (at + 2, false);
                }
                Kind::Identifier => follows_operand = is_operand(token.text(self.text)),
                Kind::Literal | Kind::Sign(b')' | b']' | b'}') => follows_operand = true,
                // `[A<B *> new]`
                Kind::Sign(b'<') if pieces.is_empty() && at == open + 2 => {
                    let Some(end) = self.generic(at) else { return Vec::new() };
                    self.blank(at, end);
                    (next, follows_operand) = (end + 1, true);
                }
                Kind::Sign(b'?') => (conditionals, follows_operand) = (conditionals + 1, false),
                Kind::Sign(b':') if conditionals > 0 => (conditionals, follows_operand) = (conditionals - 1, false),
                Kind::Sign(b':') if !pieces.is_empty() => pieces.push(Piece::Keyword(at, at)),
                Kind::Sign(b'(' | b'[' | b'{') => follows_operand = next > at + 1,
                _ => follows_operand = false,
            }
            at = next;
        }
        pieces
    }

    /// `@[a, b]`, `@{a: b}` → `(a, b)`.
    pub(super) fn collection(&mut self, open: usize) {
        let Some(close) = self.group(open) else { return };
        let (mut at, mut conditionals) = (open + 1, 0_usize);
        while at < close {
            match self.live.get(at).map(|token| token.kind) {
                Some(Kind::Sign(b'?')) => conditionals += 1,
                Some(Kind::Sign(b':')) if self.is(at + 1, b':') => at += 1,
                Some(Kind::Sign(b':')) if conditionals > 0 => conditionals -= 1,
                Some(Kind::Sign(b':')) if self.is(open, b'{') => self.edits.write(self.start(at), b","),
                // A comma at the end.
                Some(Kind::Sign(b',')) if at + 1 == close => self.blank(at, at),
                _ => {}
            }
            at = self.brackets.behind(at);
        }
        self.edits.write(self.start(open), b"(");
        self.edits.write(self.start(close), b")");
        if close == open + 1 {
            // The sign before it gives the room.
            self.edits.write(self.start(open).saturating_sub(1), b"(0");
            self.given.insert(self.start(open).saturating_sub(1) as u32, Given::Values);
        }
        self.give(open, Given::Values);
    }

    /// `^(…) {…}` → `(a, b)`, its names; `(^name)` in types → `(*name)`.
    pub(super) fn block(&mut self, at: usize) -> usize {
        let Some(open) = self.body_of_block(at) else {
            if at > 0 && self.is(at - 1, b'(') {
                self.edits.write(self.start(at), b"*");
            }
            return at + 1;
        };
        let Some(close) = self.group(open) else { return at + 1 };
        let (start, end) = (self.start(at), self.end(close));
        if !self.has_whole_conditions(start, end) {
            return at + 1;
        }
        let names: Vec<(usize, usize)> = self
            .live
            .iter()
            .take(close)
            .skip(open + 1)
            .filter(|token| token.kind == Kind::Identifier && is_variable(token.text(self.text)))
            .map(|token| (token.start, token.end))
            .collect();
        self.edits.blank(start, end);
        self.edits.write(start, b"(");
        self.edits.write(end - 1, b")");
        let mut is_first = true;
        for (index, (from, to)) in names.iter().enumerate() {
            let until = names.get(index + 1).map_or(end - 1, |next| next.0);
            // Room for the comma before the next name.
            let gap = self.edits.bytes.get(*to..until).unwrap_or(&[]);
            let room = gap.iter().position(|byte| *byte == b' ');
            if room.is_none() && index + 1 < names.len() {
                continue;
            }
            self.edits.write(*from, self.text.get(*from..*to).unwrap_or_default().as_bytes());
            if let Some(room) = room.filter(|_| index + 1 < names.len()) {
                self.edits.write(to + room, b",");
            }
            is_first = false;
        }
        if is_first {
            self.edits.write(start + 1, b"0");
        }
        self.give(at, Given::Names);
        close + 1
    }

    /// Where the body of a block opens: behind its result's type and its parameters.
    fn body_of_block(&self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        while next < at + NEAR {
            match self.live.get(next)?.kind {
                Kind::Identifier | Kind::Sign(b'*' | b'<' | b'>' | b',') => next += 1,
                Kind::Sign(b'(') => {
                    next = self.group(next)? + 1;
                    return self.is(next, b'{').then_some(next);
                }
                Kind::Sign(b'{') => return Some(next),
                _ => return None,
            }
        }
        None
    }

    /// Whether every `#if` in a stretch of text ends in it.
    fn has_whole_conditions(&self, start: usize, end: usize) -> bool {
        let mut depth = 0_usize;
        for line in self.text.get(start..end).unwrap_or_default().lines() {
            let Some(directive) = line.trim_start().strip_prefix('#').map(str::trim_start) else { continue };
            if directive.starts_with("if") {
                depth += 1;
            } else if directive.starts_with("endif") {
                let Some(less) = depth.checked_sub(1) else { return false };
                depth = less;
            }
        }
        depth == 0
    }
}
