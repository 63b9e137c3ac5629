//! The cure for line comments that the grammar reads too far.
//!
//! In tree-sitter-dart 0.3.0 a `//` comment that contains `/*` swallows everything up to a later `*/`, mostly without
//! an error. Generated bindings copy C comments and so have them: one real file loses 9,344 lines.

use crate::parse::Tree;

/// Whether a line comment spans several lines.
pub(super) fn swallows(tree: &Tree<'_>) -> bool {
    tree.comments().iter().any(|&node| {
        let text = tree.text(node);
        text.starts_with("//") && memchr::memchr(b'\n', text.as_bytes()).is_some()
    })
}

/// The text with `/*` in `//` comments overwritten by spaces: same length, same lines.
pub(super) fn blank_block_openers(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let mut lexer = Lexer { text: text.as_bytes(), at: 0, open: Vec::new() };
    while let Some(line_comment) = lexer.next_line_comment() {
        let mut at = line_comment.start + 2;
        while at + 1 < line_comment.end {
            // `//*` opens a block comment too, for the grammar.
            if bytes.get(at..at + 2) == Some(b"/*") {
                bytes[at..at + 2].fill(b' ');
                at += 1;
            }
            at += 1;
        }
        if bytes.get(line_comment.start + 2) == Some(&b'*') {
            bytes[line_comment.start + 2] = b' ';
        }
    }
    bytes
}

/// As much of Dart's lexical grammar as tells comments, strings and code apart.
struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    /// The strings and interpolations around `at`, innermost last.
    open: Vec<Open>,
}

#[derive(Clone, Copy)]
enum Open {
    Str {
        quote: u8,
        triple: bool,
        raw: bool,
    },
    /// `${`, with the number of braces opened inside.
    Interpolation {
        braces: usize,
    },
}

impl Lexer<'_> {
    fn next_line_comment(&mut self) -> Option<std::ops::Range<usize>> {
        while self.at < self.text.len() {
            match self.open.last().copied() {
                Some(Open::Str { quote, triple, raw }) => self.in_string(quote, triple, raw),
                Some(Open::Interpolation { .. }) | None => {
                    if self.rest().starts_with(b"//") {
                        let start = self.at;
                        self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
                        return Some(start..self.at);
                    }
                    self.in_code();
                }
            }
        }
        None
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    fn in_string(&mut self, quote: u8, triple: bool, raw: bool) {
        match self.rest() {
            [b'\\', _, ..] if !raw => self.at += 2,
            [b'$', b'{', ..] if !raw => {
                self.at += 2;
                self.open.push(Open::Interpolation { braces: 0 });
            }
            [a, b, c, ..] if triple && [*a, *b, *c] == [quote; 3] => {
                self.at += 3;
                self.open.pop();
            }
            // A line end leaves a single-line string unterminated.
            [byte, ..] if !triple && (*byte == quote || *byte == b'\n') => {
                self.at += 1;
                self.open.pop();
            }
            _ => self.at += 1,
        }
    }

    fn in_code(&mut self) {
        match *self.rest() {
            [b'/', b'*', ..] => self.skip_block_comment(),
            [quote @ (b'"' | b'\''), ..] => {
                let triple = self.rest().starts_with(&[quote; 3]);
                let raw = self.at > 0
                    && self.text.get(self.at - 1) == Some(&b'r')
                    && !self.at.checked_sub(2).and_then(|at| self.text.get(at)).is_some_and(|&byte| is_word(byte));
                self.at += if triple { 3 } else { 1 };
                self.open.push(Open::Str { quote, triple, raw });
            }
            [brace @ (b'{' | b'}'), ..] => {
                self.at += 1;
                match (self.open.last_mut(), brace) {
                    (Some(Open::Interpolation { braces }), b'{') => *braces += 1,
                    (Some(Open::Interpolation { braces: 0 }), _) => {
                        self.open.pop();
                    }
                    (Some(Open::Interpolation { braces }), _) => *braces -= 1,
                    _ => {}
                }
            }
            _ => self.at += 1,
        }
    }

    /// Block comments nest in Dart.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.rest() {
                [b'/', b'*', ..] => (depth, self.at) = (depth + 1, self.at + 2),
                [b'*', b'/', ..] => (depth, self.at) = (depth - 1, self.at + 2),
                [] => return,
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}
