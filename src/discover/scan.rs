//! A look at a native file without parsing it: which names it defines, declares and calls.
//!
//! It decides what is parsed, and nothing else: a name too many costs a parse, a name missed costs a summary. Names are
//! kept as hashes; texts are dropped at once.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::language::Language;

mod c;
mod rust;

/// What a file says at a glance. Names are hashes; lists are sorted and free of doubles where order means nothing.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Functions with a body.
    pub(super) defines: Vec<Defined>,
    /// Functions without one, outside classes.
    pub(super) declares: Vec<Declared>,
    /// Calls.
    pub(super) calls: Vec<Called>,
    /// Classes, structs and the like that have a body.
    pub(super) types: Vec<u64>,
    /// Names before a `::`.
    pub(super) paths: Vec<u64>,
    /// Macros that mark exports: `#define API __attribute__((visibility("default")))`.
    pub(super) markers: Vec<u64>,
    /// Included files.
    pub(super) includes: Vec<Include>,
    /// Its declarations may say who owns what.
    pub(super) states_contracts: bool,
}

/// A function with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Defined {
    /// Its name, or the symbol it is exported under.
    pub(super) name: u64,
    /// The class it is a member of; 0 for none.
    pub(super) class: u64,
    /// The last word in capitals before it: it may be a marker that another file defines. 0 for none.
    pub(super) lead: u64,
    /// It is marked as exported, or `extern "C"` in C++.
    pub(super) is_exported: bool,
    /// `static` or `inline`: other files cannot call it.
    pub(super) is_local: bool,
}

/// A function without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Declared {
    /// Its name.
    pub(super) name: u64,
    /// It is marked as exported, or `extern "C"`.
    pub(super) is_exported: bool,
    /// It is marked as exported.
    pub(super) is_marked: bool,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called {
    /// What is called.
    pub(super) name: u64,
    /// How.
    pub(super) by: By,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// `f()`.
    Name,
    /// `x.f()`, `x->f()`.
    Member,
    /// `q::f()`, by the hash of `q`.
    Path(u64),
}

/// `#include`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Include {
    /// As written.
    pub(super) path: String,
    /// Between `<` and `>`.
    pub(super) is_angled: bool,
}

/// How a declaration begins to say who owns what.
const CONTRACTS: [&[u8]; 5] = [b"ownership_", b"(transfer ", b"malloc(", b"malloc (", b"malloc__"];

/// The same in a comment of any language.
const COMMENT: &[u8] = b"ffilint:";

/// Looks at a file.
pub(super) fn scan(text: &[u8], language: Language) -> Scanned {
    let mut scanned = match language {
        Language::Rust => rust::scan(text),
        _ => c::scan(text, language),
    };
    let states = |words: &&[u8]| memchr::memmem::find(text, words).is_some();
    scanned.states_contracts = states(&COMMENT) || (language != Language::Rust && CONTRACTS.iter().any(states));
    scanned.defines.sort_unstable();
    scanned.defines.dedup();
    scanned.declares.sort_unstable();
    scanned.declares.dedup();
    scanned.calls.sort_unstable();
    scanned.calls.dedup();
    for names in [&mut scanned.types, &mut scanned.paths, &mut scanned.markers] {
        names.sort_unstable();
        names.dedup();
    }
    scanned.includes.sort_unstable();
    scanned.includes.dedup();
    scanned
}

/// The hash of a name; never 0, which means none.
pub(super) fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish().max(1)
}

pub(super) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Bytes with a place in them. Beyond the end there are zeros.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Moves behind the next occurrence of a byte, or to the end.
    fn skip_past(&mut self, byte: u8) {
        self.at = memchr::memchr(byte, self.rest()).map_or(self.bytes.len(), |found| self.at + found + 1);
    }

    fn skip_space(&mut self) {
        while self.peek(0).is_ascii_whitespace() {
            self.at += 1;
        }
    }

    /// The word that begins here.
    fn word(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A number: `1`, `0xff'ff`, `1.5e-3`.
    fn skip_number(&mut self) {
        loop {
            let byte = self.peek(0);
            let goes_on = is_word(byte)
                || (byte == b'.' && self.peek(1) != b'.' && !is_word_start(self.peek(1)))
                || (byte == b'\'' && self.peek(1).is_ascii_alphanumeric());
            if !goes_on {
                return;
            }
            self.at += 1;
        }
    }

    /// What is between quotes, the first of which has been read; a line's end ends it where `stays` is set.
    fn quoted(&mut self, quote: u8, stays: bool) -> &'a [u8] {
        let start = self.at;
        while !self.is_at_end() {
            match self.peek(0) {
                b'\\' => self.at += 2,
                b'\n' if stays => break,
                byte if byte == quote => {
                    let inner = self.bytes.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return inner;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Whether type arguments that begin here, at `<`, are followed by an open parenthesis.
    fn calls_with_types(&self) -> bool {
        const LONGEST: usize = 160;
        let mut depth = 0_usize;
        for ahead in 0..LONGEST {
            match self.peek(ahead) {
                b'<' => depth += 1,
                b'>' => depth = depth.saturating_sub(1),
                b':' | b',' | b'*' | b'&' | b'\'' | b'[' | b']' => {}
                byte if is_word(byte) || byte == b' ' => {}
                _ => return false,
            }
            if depth == 0 {
                return self.peek(ahead + 1) == b'(';
            }
        }
        false
    }
}
