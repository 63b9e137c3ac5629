//! Source text and places in it. No I/O: text is handed in by the caller.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::language::Language;

pub mod tokens;

/// Which file of a workspace, by its place in the sorted list of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

impl FileId {
    /// The id as an index into the workspace's files.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A half-open range of bytes.
///
/// Within an [`ir::Function`](crate::ir::Function) spans count from the function's
/// [`base`](crate::ir::Function::base), everywhere else from the start of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end` in bytes.
    #[must_use]
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// This span, counted from `base` instead of from the start of the file.
    #[must_use]
    pub fn relative_to(self, base: u32) -> Self {
        Self::new(self.start.saturating_sub(base), self.end.saturating_sub(base))
    }

    /// This span, counted from the start of the file, when it was counted from `base`.
    #[must_use]
    pub fn absolute_from(self, base: u32) -> Self {
        Self::new(self.start.saturating_add(base), self.end.saturating_add(base))
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share at least one byte.
    #[must_use]
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A place in a file of the workspace; bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// Bytes from the start of that file.
    pub span: Span,
}

/// One file's text and what is known of it without parsing.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its id in the workspace.
    pub id: FileId,
    /// Path relative to the working directory where possible, with `/`, without a leading `./`.
    pub path: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// The language, by its file name.
    pub language: Language,
    /// Few files have something to show: made when it is first asked for.
    lines: Arc<OnceLock<LineIndex>>,
}

impl SourceFile {
    /// A file of the workspace with its line index.
    #[must_use]
    pub fn new(id: FileId, path: Arc<str>, text: Arc<str>, language: Language) -> Self {
        Self { id, path, text, language, lines: Arc::default() }
    }

    /// The line index.
    #[must_use]
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    /// The text of `span`; empty when the span does not lie on character boundaries of this file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Line and column of a byte offset, as people count: both from 1, the column in UTF-16 units.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.lines().line(offset);
        let start = self.lines().start(line);
        let before = self.text.get(start as usize..offset as usize).unwrap_or("");
        Position { line: line + 1, column: 1 + before.encode_utf16().count() as u32, offset }
    }
}

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in UTF-16 units, from 1.
    pub column: u32,
    /// Byte offset in the file, from 0.
    pub offset: u32,
}

/// Where each line of a text begins.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Arc<[u32]>,
}

impl LineIndex {
    /// Finds the lines of `text` (`\n` and `\r\n` both end one).
    #[must_use]
    pub fn new(text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1);
        Self { starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The line of a byte offset, from 0.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        (self.starts.partition_point(|&start| start <= offset) - 1) as u32
    }

    /// The byte offset at which a line (from 0) begins; the last line's for a line beyond the end.
    #[must_use]
    pub fn start(&self, line: u32) -> u32 {
        let last = self.starts.len() - 1;
        self.starts[(line as usize).min(last)]
    }
}
