//! How deep the parser and everything after it would recurse, measured on tokens without recursion.
//!
//! Brackets nest, and so do signs and words that stand before, between or after operands: `!!x`, `A<B<C>>`,
//! `|a| |b| c`, `a = b = c`, `a.b().c()`, `a + b + c`. All that can lie on one path through the tree is added up.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree, token_stream};

use super::Lines;
use crate::source::Span;

/// What a level that the parser itself recurses for weighs; chains of operators and calls, which only make the tree
/// deep, weigh one.
const LEVEL: usize = 4;

/// What an item may weigh for each level that brackets may nest: a level of `if a.b() { … }` has nine.
const HEAVIEST: usize = 10;

/// The verdict on an item.
pub(super) enum Nesting {
    /// It can be parsed.
    Fits,
    /// Its chains and prefixes are too long; they are counted generously.
    Chains,
    /// Its brackets nest too deep, from here on.
    Brackets(proc_macro2::Span),
}

/// One level of brackets.
struct Level {
    rest: token_stream::IntoIter,
    is_brace: bool,
    /// What the statement or element so far adds to a path.
    chain: usize,
    /// The heaviest bracket inside it.
    inner: usize,
    /// `<` that are open: they go on over commas.
    angles: usize,
    /// The most that were open in the statement.
    most_angles: usize,
    /// Closures begun, for their parameters have commas.
    pipes: usize,
    heaviest: usize,
    before: Before,
}

/// What the token before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, a sign or a word that wants an operand.
    Nothing,
    Operand,
    Literal,
    Brace,
    Else,
    /// A sign that the next one may belong to.
    Sign(char, bool),
}

impl Level {
    fn new(rest: token_stream::IntoIter, is_brace: bool) -> Self {
        Self {
            rest,
            is_brace,
            chain: 0,
            inner: 0,
            angles: 0,
            most_angles: 0,
            pipes: 0,
            heaviest: 0,
            before: Before::Nothing,
        }
    }

    fn settle(&mut self) {
        let weight = self.chain + self.inner + LEVEL * (self.most_angles + self.pipes);
        self.heaviest = self.heaviest.max(weight);
    }

    /// A comma: generic arguments and closures may go on.
    fn next_element(&mut self) {
        self.settle();
        (self.chain, self.inner, self.most_angles) = (0, 0, self.angles);
    }

    /// `;`, `=>` or the end of a block that stands for itself.
    fn next_statement(&mut self) {
        self.next_element();
        (self.angles, self.most_angles, self.pipes) = (0, 0, 0);
    }
}

/// Measures an item.
pub(super) fn measure(piece: &[TokenTree], depth: usize) -> Nesting {
    let all: TokenStream = piece.iter().cloned().collect();
    let mut levels = vec![Level::new(all.into_iter(), true)];
    loop {
        let Some(level) = levels.last_mut() else { return Nesting::Fits };
        match level.rest.next() {
            Some(TokenTree::Group(group)) => {
                if level.before == Before::Brace {
                    level.next_statement();
                }
                level.chain += 1;
                let is_brace = group.delimiter() == Delimiter::Brace;
                level.before = if is_brace { Before::Brace } else { Before::Operand };
                if levels.len() > depth {
                    return Nesting::Brackets(group.span_open());
                }
                levels.push(Level::new(group.stream().into_iter(), is_brace));
            }
            Some(token) => level.token(&token),
            None => {
                level.settle();
                let weight = level.heaviest + LEVEL;
                levels.pop();
                match levels.last_mut() {
                    Some(outer) => outer.inner = outer.inner.max(weight),
                    None if weight > HEAVIEST * (depth + 2) => return Nesting::Chains,
                    None => return Nesting::Fits,
                }
            }
        }
    }
}

impl Level {
    fn token(&mut self, token: &TokenTree) {
        match token {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let goes_on = matches!(word.as_str(), "else" | "as");
                if self.before == Before::Brace && !goes_on {
                    self.next_statement();
                }
                self.word(&word);
            }
            TokenTree::Literal(_) => {
                if self.before == Before::Brace {
                    self.next_statement();
                }
                self.before = Before::Literal;
            }
            TokenTree::Punct(sign) => self.sign(sign.as_char(), sign.spacing() == Spacing::Joint),
            TokenTree::Group(_) => {}
        }
    }

    fn word(&mut self, word: &str) {
        let before = self.before;
        self.before = Before::Nothing;
        match word {
            "else" => {
                self.chain += 1;
                self.before = Before::Else;
            }
            "if" if before == Before::Else => self.chain += 1,
            "as" => self.chain += 1,
            "if" | "while" | "match" | "for" | "loop" | "return" | "break" | "yield" | "move" | "async" | "unsafe"
            | "let" | "dyn" | "impl" | "fn" | "const" | "mut" | "ref" | "static" | "try" | "in" | "extern" | "raw"
            | "become" | "box" | "do" | "gen" | "use" => {
                self.chain += LEVEL;
                // `const` and `move` before a block or operand; `raw` and `gen` may be names.
                if matches!(word, "raw" | "gen" | "box" | "do" | "try") {
                    self.before = Before::Operand;
                }
            }
            _ => self.before = Before::Operand,
        }
    }

    fn sign(&mut self, sign: char, joint: bool) {
        let previous = self.before;
        let after_operand = matches!(previous, Before::Operand | Before::Literal | Before::Brace)
            || matches!(previous, Before::Sign('?', _));
        let joined = match previous {
            Before::Sign(before, true) => Some(before),
            _ => None,
        };
        self.before = Before::Sign(sign, joint);
        match sign {
            ';' => self.next_statement(),
            ',' => self.next_element(),
            '#' | '\'' => {
                if previous == Before::Brace && self.is_brace {
                    self.next_statement();
                }
                self.before = Before::Nothing;
            }
            '<' if previous == Before::Literal => self.chain += 1,
            '<' => {
                self.angles += 1;
                self.most_angles = self.most_angles.max(self.angles);
            }
            '>' if joined == Some('=') => self.next_statement(),
            '>' if joined == Some('-') => self.chain += LEVEL,
            '>' => {
                self.angles = self.angles.saturating_sub(1);
                self.before = Before::Operand;
            }
            '|' if !after_operand => self.pipes += 1,
            '=' if matches!(joined, Some('=' | '!' | '<' | '>')) => self.chain += 1,
            '=' | '@' => self.chain += LEVEL,
            '!' | '&' | '*' | '-' | '.' if !after_operand => self.chain += LEVEL,
            '$' | '~' => {}
            _ => self.chain += 1,
        }
    }
}

/// The stretches between tokens, where comments are.
pub(super) fn gaps(tokens: TokenStream, lines: &Lines, offset: u32, end: u32) -> Vec<Span> {
    let mut gaps = Vec::new();
    let mut at = offset;
    let mut open = vec![(tokens.into_iter(), None::<proc_macro2::Span>)];
    let mut pass = |span: proc_macro2::Span| {
        let (start, stop) = (offset + lines.start(span), offset + lines.end(span));
        if start > at {
            gaps.push(Span::new(at, start));
        }
        at = at.max(stop);
    };
    while let Some((tokens, close)) = open.last_mut() {
        match tokens.next() {
            Some(TokenTree::Group(group)) => {
                pass(group.span_open());
                open.push((group.stream().into_iter(), Some(group.span_close())));
            }
            Some(token) => pass(token.span()),
            None => {
                if let Some(close) = close.take() {
                    pass(close);
                }
                open.pop();
            }
        }
    }
    if end > at {
        gaps.push(Span::new(at, end));
    }
    gaps
}
