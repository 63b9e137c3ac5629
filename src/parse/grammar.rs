//! The one way of running a tree-sitter grammar: work counted, a deadline as the last resort, the tree flattened.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tree_sitter::{Language, ParseOptions, Parser};

use super::{Limits, Names, Refused, Tree};
use crate::source::Span;

/// How often the parser may ask whether to go on, which it does every 100 steps: plainly and for each byte. Real files
/// take 0.02 to 0.08 for each byte, the worst valid one found (20,000 parentheses around a value) 0.16.
const STEPS: usize = 10_000;
const BYTES_A_STEP: usize = 4;

/// The sum, over these questions in an error state, of the bytes to the end of the line. A million takes about a second.
const ERROR_COST: usize = 3_000_000;

/// A grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    Dart,
    C,
    Cpp,
    TypeScript,
    /// TypeScript with elements (`<a>…</a>`), which has no casts by `<T>x`.
    Tsx,
}

const GRAMMARS: usize = 5;

impl Grammar {
    fn language(self) -> (Language, &'static str) {
        match self {
            Self::Dart => (tree_sitter_dart::LANGUAGE.into(), tree_sitter_dart::NODE_TYPES),
            Self::C => (tree_sitter_c::LANGUAGE.into(), tree_sitter_c::NODE_TYPES),
            Self::Cpp => (tree_sitter_cpp::LANGUAGE.into(), tree_sitter_cpp::NODE_TYPES),
            Self::TypeScript => {
                (tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), tree_sitter_typescript::TYPESCRIPT_NODE_TYPES)
            }
            Self::Tsx => (tree_sitter_typescript::LANGUAGE_TSX.into(), tree_sitter_typescript::TSX_NODE_TYPES),
        }
    }

    /// Whether its lexer looks at the rest of the line for each token once it is in an error state. Those of C, C++ and
    /// TypeScript stay linear.
    fn is_slow_in_errors(self) -> bool {
        self == Self::Dart
    }
}

/// What every grammar refuses.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Refused> {
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if text.len() > limit {
        return Err(Refused::TooLarge { bytes: text.len(), limit });
    }
    match memchr::memchr(0, text.as_bytes()) {
        Some(offset) => Err(Refused::Binary { offset }),
        None => Ok(()),
    }
}

/// Parses `source` and copies the tree; texts of nodes come from `text`.
pub(super) fn flatten<'t>(
    grammar: Grammar,
    source: &[u8],
    text: &'t str,
    time: Duration,
) -> Result<(Tree<'t>, Vec<Span>), Refused> {
    thread_local! {
        static PARSERS: RefCell<[Option<Parser>; GRAMMARS]> = const { RefCell::new([const { None }; GRAMMARS]) };
    }
    static LANGUAGES: [OnceLock<Language>; GRAMMARS] = [const { OnceLock::new() }; GRAMMARS];
    static NAMES: [OnceLock<Names>; GRAMMARS] = [const { OnceLock::new() }; GRAMMARS];
    let (Some(language), Some(names)) = (LANGUAGES.get(grammar as usize), NAMES.get(grammar as usize)) else {
        return Err(Refused::Grammar);
    };
    let language = language.get_or_init(|| grammar.language().0);
    let names = names.get_or_init(|| Names::of(language, grammar.language().1));

    PARSERS.with_borrow_mut(|slots| {
        let slot = slots.get_mut(grammar as usize).ok_or(Refused::Grammar)?;
        if slot.is_none() {
            let mut parser = Parser::new();
            parser.set_language(language).map_err(|_| Refused::Grammar)?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut().ok_or(Refused::Grammar)?;
        let deadline = Instant::now() + time;
        let mut work = Work { source, steps: 0, error_cost: 0, counts_lines: grammar.is_slow_in_errors() };
        let mut given_up = None;
        let mut go_on = |state: &tree_sitter::ParseState| {
            if work.is_too_much(state) {
                let before = source.get(..state.current_byte_offset()).unwrap_or(source);
                given_up = Some(Refused::TooCostly { line: 1 + memchr::memchr_iter(b'\n', before).count() });
            } else if Instant::now() >= deadline {
                given_up = Some(Refused::TooSlow { limit: time });
            }
            if given_up.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let mut read = |at: usize, _| source.get(at..).unwrap_or(&[]);
        let Some(tree) = parser.parse_with_options(&mut read, None, Some(options)) else {
            // Else the next parse would go on with this text.
            parser.reset();
            return Err(given_up.unwrap_or(Refused::TooSlow { limit: time }));
        };
        Tree::flatten(&tree, text, names, deadline).ok_or(Refused::TooSlow { limit: time })
    })
}

/// How much the parser has done, in numbers that no other load of the machine changes.
struct Work<'s> {
    source: &'s [u8],
    steps: usize,
    error_cost: usize,
    counts_lines: bool,
}

impl Work<'_> {
    /// Whether there is more than any real file asks for.
    fn is_too_much(&mut self, state: &tree_sitter::ParseState) -> bool {
        self.steps += 1;
        if self.counts_lines && state.has_error() {
            let rest = self.source.get(state.current_byte_offset()..).unwrap_or(&[]);
            self.error_cost += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
        self.error_cost > ERROR_COST || self.steps > STEPS + self.source.len() / BYTES_A_STEP
    }
}
