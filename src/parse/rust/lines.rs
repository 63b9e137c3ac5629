//! Where in a text its tokens lie.

use memchr::memchr_iter;
use proc_macro2::{LineColumn, Span};

/// The lines of a text that was read into tokens.
///
/// proc-macro2 counts characters. Asked for bytes, it searches a map that every answer makes larger; the line and the
/// column it finds in a list.
#[derive(Debug, Default)]
pub struct Lines {
    /// Where each line begins, bytes of the text.
    starts: Vec<u32>,
    /// The text, unless all characters are of one byte.
    wide: Option<Box<str>>,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        Self { starts: starts.collect(), wide: (!text.is_ascii()).then(|| text.into()) }
    }

    /// Where a token begins, bytes of the text.
    #[must_use]
    pub fn start(&self, token: Span) -> u32 {
        self.byte(token.start())
    }

    /// Where a token ends, bytes of the text.
    #[must_use]
    pub fn end(&self, token: Span) -> u32 {
        self.byte(token.end())
    }

    fn byte(&self, at: LineColumn) -> u32 {
        let line = self.starts.get(at.line.saturating_sub(1)).copied().unwrap_or(0);
        let Some(text) = &self.wide else { return line + at.column as u32 };
        let rest = text.get(line as usize..).unwrap_or("");
        line + rest.char_indices().nth(at.column).map_or(rest.len(), |(at, _)| at) as u32
    }
}
