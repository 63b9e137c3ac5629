//! Objective-C in C and C++ text: what the grammars cannot read becomes what they can, every byte keeping its place.
//!
//! Plugins define what Dart binds on macOS and iOS as plain C functions between `@interface` and `@implementation`.
//! Those functions are what counts here; methods and declarations of objects become blanks. Where a function sends a
//! message or makes a block, nothing is known of what becomes of the values in it, so that `[a b: c d: e]` is written
//! `(a   , c  , e)` and remembered as [`Given`]: a value of which nothing is known, made of values that go away.

use rustc_hash::FxHashMap;

use super::lex::{Kind, Token};
use super::names::Word;
use super::{Dialect, Edits};
use crate::source::Span;

mod brackets;
mod implementation;
mod sent;

use brackets::Brackets;

/// What is in the parentheses that Objective-C became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Receiver and arguments of a message, or what a collection or a number is made of.
    Values,
    /// The names in a block: it may read and write these variables, at any time.
    Names,
}

/// Text of which Objective-C is gone.
pub(super) struct Rewritten {
    pub(super) text: String,
    /// The parentheses that stand for values of which nothing is known, by where they open.
    pub(super) given: FxHashMap<u32, Given>,
    /// Statements that were left out.
    pub(super) opaque: Vec<Span>,
}

/// Rewrites a file that has signs of Objective-C; nothing for others.
pub(super) fn rewrite(text: &str, all: &[Token], dialect: Dialect) -> Option<Rewritten> {
    let is_import = |token: &Token| {
        token.kind == Kind::Directive
            && token.text(text).trim_start_matches('#').trim_start_matches([' ', '\t']).starts_with("import")
    };
    if !all.iter().any(|token| token.is(b'@') || is_import(token)) {
        return None;
    }
    let live: Vec<Token> = all.iter().filter(|token| token.kind != Kind::Directive).copied().collect();
    let mut pass = Pass {
        text,
        live: &live,
        brackets: Brackets::new(&live),
        is_cpp: dialect == Dialect::Cpp,
        edits: Edits { bytes: text.as_bytes().to_vec() },
        given: FxHashMap::default(),
        opaque: Vec::new(),
        implementation: None,
    };
    let mut at = 0;
    while at < live.len() {
        at = pass.step(at).max(at + 1);
    }
    // What was written is ASCII over whole tokens.
    let text = String::from_utf8(pass.edits.bytes).ok()?;
    Some(Rewritten { text, given: pass.given, opaque: pass.opaque })
}

/// Tokens that are looked over for what a construct is.
const NEAR: usize = 64;

/// Qualifiers and attributes without meaning to ownership.
const QUALIFIERS: [&str; 24] = [
    "CF_RETURNS_NOT_RETAINED",
    "CF_RETURNS_RETAINED",
    "NS_ASSUME_NONNULL_BEGIN",
    "NS_ASSUME_NONNULL_END",
    "NS_DESIGNATED_INITIALIZER",
    "NS_REQUIRES_SUPER",
    "NS_RETURNS_NOT_RETAINED",
    "NS_RETURNS_RETAINED",
    "NS_SWIFT_SENDABLE",
    "NS_SWIFT_UNAVAILABLE",
    "NS_UNAVAILABLE",
    "_Nonnull",
    "_Null_unspecified",
    "_Nullable",
    "__autoreleasing",
    "__block",
    "__bridge",
    "__bridge_retained",
    "__bridge_transfer",
    "__kindof",
    "__strong",
    "__unsafe_unretained",
    "__weak",
    "objc_externally_retained",
];

/// `typedef NS_ENUM(NSInteger, Name) { … };`
const ENUMS: [&str; 7] =
    ["CF_CLOSED_ENUM", "CF_ENUM", "CF_OPTIONS", "NS_CLOSED_ENUM", "NS_ENUM", "NS_ERROR_ENUM", "NS_OPTIONS"];

struct Pass<'a, 't> {
    text: &'t str,
    live: &'a [Token],
    brackets: Brackets,
    is_cpp: bool,
    edits: Edits,
    given: FxHashMap<u32, Given>,
    opaque: Vec<Span>,
    /// Within `@implementation`.
    implementation: Option<implementation::Items>,
}

impl Pass<'_, '_> {
    /// Looks at one token; gives the next to look at.
    fn step(&mut self, at: usize) -> usize {
        if let Some(next) = self.method(at) {
            return next;
        }
        let Some(token) = self.live.get(at) else { return at + 1 };
        match token.kind {
            Kind::Sign(b'@') => self.at_sign(at),
            Kind::Sign(b'[') => self.message(at),
            Kind::Sign(b'^') => self.block(at),
            Kind::Identifier => self.word(at),
            _ => at + 1,
        }
    }

    fn at_sign(&mut self, at: usize) -> usize {
        let Some(next) = self.live.get(at + 1) else { return at + 1 };
        if next.kind == Kind::Identifier {
            return self.at_word(at, next.text(self.text));
        }
        self.blank(at, at);
        match next.kind {
            Kind::Sign(b'(') => self.give(at + 1, Given::Values),
            Kind::Sign(b'[' | b'{') => self.collection(at + 1),
            _ => return at + 1,
        }
        at + 2
    }

    /// `@word`
    fn at_word(&mut self, at: usize, word: &str) -> usize {
        match word {
            "interface" => self.blank_to_end(at),
            "protocol" if self.is(at + 2, b'(') => self.text_value(at),
            "protocol" if self.is_forward(at + 2) => self.blank_statement(at),
            "protocol" => self.blank_to_end(at),
            "implementation" => self.open_implementation(at),
            "end" => {
                self.implementation = None;
                self.blank(at, at + 1);
                at + 2
            }
            "class" | "import" | "compatibility_alias" | "synthesize" | "dynamic" | "property" => {
                self.blank_statement(at)
            }
            "selector" | "encode" => self.text_value(at),
            "available" => {
                let end = self.group(at + 2).unwrap_or(at + 1);
                self.blank(at, at);
                if end > at + 1 {
                    self.blank(at + 2, end);
                }
                end + 1
            }
            "synchronized" => {
                let end = self.group(at + 2).unwrap_or(at + 1);
                self.blank(at, end);
                end + 1
            }
            "catch" => {
                // Only the way without an exception is followed.
                let body = self.group(at + 2).unwrap_or(at + 1) + 1;
                let end = if self.is(body, b'{') { self.group(body).unwrap_or(body) } else { body - 1 };
                self.blank(at, end);
                self.leave_out(at, end);
                end + 1
            }
            "throw" => {
                let end = self.blank_statement(at);
                let (start, close) = (self.start(at), self.start(end.saturating_sub(1)));
                let room = self.edits.bytes.get(start..close).is_some_and(|room| {
                    room.len() >= ABORT.len() && room.iter().take(ABORT.len()).all(|byte| *byte == b' ')
                });
                if room {
                    self.edits.write(start, ABORT);
                }
                // The statement itself keeps its end.
                self.edits.write(close, b";");
                end
            }
            // `@autoreleasepool`, `@try` and `@finally` leave their blocks.
            "autoreleasepool" | "try" | "finally" => {
                self.blank(at, at + 1);
                at + 2
            }
            "optional" | "required" | "public" | "private" | "protected" | "package" => {
                self.blank(at, at + 1);
                at + 2
            }
            _ => {
                self.blank(at, at);
                at + 1
            }
        }
    }

    fn word(&mut self, at: usize) -> usize {
        let Some(token) = self.live.get(at) else { return at + 1 };
        let word = token.text(self.text);
        if QUALIFIERS.contains(&word) {
            self.blank(at, at);
        } else if word == "for" {
            self.enumeration(at);
        } else if ENUMS.contains(&word) {
            return self.enumerators(at);
        } else if matches!(word, "FOUNDATION_EXPORT" | "FOUNDATION_EXTERN" | "UIKIT_EXTERN") {
            self.blank(at, at);
            self.edits.write(token.start, b"extern");
        } else if at > 0 && self.is(at - 1, b'.') && Word::of(word).is_keyword() {
            // `object.class`
            self.edits.write(token.start, b"_");
        } else if (word == "id" || (!self.is_cpp && word.starts_with(|c: char| c.is_ascii_uppercase())))
            && self.is(at + 1, b'<')
            && let Some(close) = self.generic(at + 1)
        {
            self.blank(at + 1, close);
            return close + 1;
        }
        at + 1
    }

    /// `for (T x in xs)`: a loop of C++, in C one that knows no elements.
    fn enumeration(&mut self, at: usize) {
        let Some(close) = self.group(at + 1) else { return };
        let mut inside = at + 2;
        let mut found = None;
        while inside < close {
            match self.live.get(inside) {
                Some(token) if token.is(b';') => return,
                Some(token) if token.kind == Kind::Identifier && token.text(self.text) == "in" => found = Some(inside),
                _ => {}
            }
            inside = self.brackets.behind(inside).max(inside + 1);
        }
        let Some(found) = found.filter(|found| *found > at + 2) else { return };
        if self.is_cpp && found > at + 3 {
            self.blank(found, found);
            self.edits.write(self.start(found), b":");
            return;
        }
        let (start, end) = (self.start(at), self.end(found));
        let is_one_line = self.text.get(start..end).is_some_and(|text| !text.contains('\n'));
        if is_one_line && end - start >= WHILE.len() {
            self.edits.blank(start, end);
            self.edits.write(start, WHILE);
        }
    }

    /// `typedef NS_ENUM(T, Name)` → `enum Name`.
    fn enumerators(&mut self, at: usize) -> usize {
        let Some(close) = self.group(at + 1) else { return at + 1 };
        let is_name = self.live.get(close - 1).is_some_and(|name| name.kind == Kind::Identifier);
        if !is_name || !self.is(close + 1, b'{') {
            return at + 1;
        }
        let is_typedef = at > 0 && self.live.get(at - 1).is_some_and(|before| before.text(self.text) == "typedef");
        self.blank(if is_typedef { at - 1 } else { at }, close);
        self.edits.write(self.start(at), b"enum");
        let (start, end) = (self.start(close - 1), self.end(close - 1));
        let name = self.text.get(start..end).unwrap_or_default();
        self.edits.write(start, name.as_bytes());
        close + 1
    }

    /// `<…>` of types alone: where it closes.
    fn generic(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.live.iter().enumerate().skip(open).take(NEAR) {
            match token.kind {
                Kind::Sign(b'<') => depth += 1,
                Kind::Sign(b'>') if depth > 1 => depth -= 1,
                Kind::Sign(b'>') => return Some(at),
                Kind::Sign(b'*' | b',') | Kind::Identifier => {}
                _ => return None,
            }
        }
        None
    }

    /// `A, B;`
    fn is_forward(&self, from: usize) -> bool {
        let rest = self.live.iter().skip(from).take(NEAR);
        let end = rest.into_iter().find(|token| token.kind != Kind::Identifier && !token.is(b','));
        end.is_some_and(|token| token.is(b';')) && !self.is(from + 1, b'<')
    }

    /// An expression of which only matters that it is one: `@selector(…)`.
    fn text_value(&mut self, at: usize) -> usize {
        let end = self.group(at + 2).unwrap_or(at + 1);
        self.blank(at, end);
        self.edits.write(self.start(at), b"\"\"");
        end + 1
    }

    /// Blanks through `@end`.
    fn blank_to_end(&mut self, at: usize) -> usize {
        let is_end =
            |at: usize| self.is(at, b'@') && self.live.get(at + 1).is_some_and(|token| token.text(self.text) == "end");
        let end = (at..self.live.len()).find(|at| is_end(*at)).map_or(self.live.len(), |at| at + 1);
        self.blank(at, end);
        end + 1
    }

    /// Blanks through `;`.
    fn blank_statement(&mut self, at: usize) -> usize {
        let mut end = at;
        while end < self.live.len() && !self.is(end, b';') {
            end = self.brackets.behind(end).max(end + 1);
        }
        self.blank(at, end);
        end + 1
    }

    fn leave_out(&mut self, from: usize, to: usize) {
        self.opaque.push(Span::new(self.start(from) as u32, self.end(to) as u32));
    }

    /// Notes parentheses as a value of which nothing is known.
    fn give(&mut self, open: usize, given: Given) {
        self.given.insert(self.start(open) as u32, given);
    }

    /// The token that closes what opens here.
    fn group(&self, open: usize) -> Option<usize> {
        self.brackets.partner(open)
    }

    fn is(&self, at: usize, sign: u8) -> bool {
        self.live.get(at).is_some_and(|token| token.is(sign))
    }

    fn start(&self, at: usize) -> usize {
        self.live.get(at).map_or(self.text.len(), |token| token.start)
    }

    fn end(&self, at: usize) -> usize {
        self.live.get(at).map_or(self.text.len(), |token| token.end)
    }

    /// Blanks tokens; directives and comments between them stay.
    fn blank(&mut self, from: usize, to: usize) {
        for token in self.live.iter().take(to + 1).skip(from) {
            self.edits.blank(token.start, token.end);
        }
    }
}

/// An exception that is thrown is seldom caught: it ends the program.
const ABORT: &[u8] = b"abort()";
const WHILE: &[u8] = b"while(";

/// Whether a word can be an operand: the name of a value or a type.
fn is_operand(word: &str) -> bool {
    !Word::of(word).is_keyword() || matches!(word, "this" | "NULL" | "nullptr" | "true" | "false" | "TRUE" | "FALSE")
}

/// Whether a word can be the name of a variable.
fn is_variable(word: &str) -> bool {
    let word = Word::of(word);
    !word.is_keyword() && !word.is_primitive()
}

#[cfg(test)]
mod tests;
