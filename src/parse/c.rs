//! C and C++ text → tree.
//!
//! The grammars know no preprocessor, and glue code is full of it: the plugin template's own `FFI_PLUGIN_EXPORT int f()`
//! is a syntax error. So the text is prepared first, every byte keeping its place: macros that stand for attributes
//! become blanks and are remembered, `#if` chains are sorted out, other directives become blanks.

use rustc_hash::{FxHashMap, FxHashSet};

use super::grammar::{self, Grammar};
use super::{Limits, Parsed, Refused};
use crate::source::Span;

mod chains;
mod conditions;
mod lex;
mod macros;
mod names;
mod prepare;

pub use conditions::{Truth, integer};
pub use prepare::{Define, Include, Marker, MarkerKind, Prepared};

/// Which of the two grammars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// C.
    C,
    /// C++.
    Cpp,
}

/// Readies a file for [`parse`].
///
/// # Errors
///
/// A file that breaks one of the limits is refused.
pub fn prepare(text: &str, dialect: Dialect, limits: &Limits) -> Result<Prepared, Refused> {
    grammar::check(text, limits)?;
    let prepared = prepare::prepare(text, dialect, &FxHashSet::default());
    if prepared.kept.is_empty() {
        return Ok(prepared);
    }
    // A chain of whole statements may still stand where the grammar allows none: then one branch of it must do.
    let (_, errors) = grammar::flatten(grammar_of(dialect), prepared.text.as_bytes(), &prepared.text, limits.time)?;
    let cut: FxHashSet<u32> = errors.iter().filter_map(|&error| innermost(&prepared.kept, error)).collect();
    if cut.is_empty() {
        return Ok(prepared);
    }
    let again = prepare::prepare(text, dialect, &cut);
    let (_, fewer) = grammar::flatten(grammar_of(dialect), again.text.as_bytes(), &again.text, limits.time)?;
    Ok(if fewer.len() < errors.len() { again } else { prepared })
}

/// Parses a prepared file.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'p>(prepared: &'p Prepared, limits: &Limits) -> Result<Parsed<'p>, Refused> {
    let text = prepared.text.as_str();
    let (tree, errors) = grammar::flatten(grammar_of(prepared.dialect), text.as_bytes(), text, limits.time)?;
    Ok(Parsed { tree, errors })
}

fn grammar_of(dialect: Dialect) -> Grammar {
    match dialect {
        Dialect::C => Grammar::C,
        Dialect::Cpp => Grammar::Cpp,
    }
}

/// The smallest chain that an error lies in or touches, by where it begins.
fn innermost(chains: &[Span], error: Span) -> Option<u32> {
    let touches = |chain: &&Span| chain.start <= error.end && error.start <= chain.end;
    chains.iter().filter(touches).min_by_key(|chain| chain.end - chain.start).map(|chain| chain.start)
}

/// Bytes of the text to be, changed in place.
struct Edits {
    bytes: Vec<u8>,
}

impl Edits {
    /// Blanks a stretch, lines kept.
    fn blank(&mut self, start: usize, end: usize) {
        for byte in self.bytes.iter_mut().take(end).skip(start) {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Blanks a stretch into a single line.
    fn blank_line(&mut self, start: usize, end: usize) {
        for byte in self.bytes.iter_mut().take(end).skip(start) {
            *byte = b' ';
        }
    }

    /// Writes at a place.
    fn write(&mut self, start: usize, text: &[u8]) {
        for (byte, &new) in self.bytes.iter_mut().skip(start).zip(text) {
            *byte = new;
        }
    }
}

/// What a macro of the file is defined to.
type Defines<'t> = FxHashMap<&'t str, Vec<&'t str>>;
