//! The documents that the client holds open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::convert::{Encoding, Lines};

/// An open document.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// As the client writes it.
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) text: Arc<str>,
}

/// The open documents that are files, by their paths without links.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    open: BTreeMap<PathBuf, Buffer>,
}

impl Buffers {
    pub(super) fn open(&mut self, path: PathBuf, buffer: Buffer) {
        self.open.insert(path, buffer);
    }

    pub(super) fn close(&mut self, path: &Path) -> Option<Buffer> {
        self.open.remove(path)
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Buffer> {
        self.open.get(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Buffer)> {
        self.open.iter()
    }

    /// Applies changes in their order; the new text, where that document is open.
    pub(super) fn change(
        &mut self,
        path: &Path,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> Option<Arc<str>> {
        let buffer = self.open.get_mut(path)?;
        let mut text = buffer.text.to_string();
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    text.clone_from(&whole.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let lines = Lines::of(&text);
                    let start = lines.offset(&text, part.range.start, encoding);
                    let end = lines.offset(&text, part.range.end, encoding).max(start);
                    text.replace_range(start..end, &part.text);
                }
            }
        }
        buffer.version = version;
        buffer.text = text.into();
        Some(Arc::clone(&buffer.text))
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{Position, Range, TextDocumentContentChangePartial};

    use super::*;

    /// A change in the client's words, by characters of the text.
    fn part(
        lines: &Lines,
        text: &str,
        from: usize,
        to: usize,
        new: &str,
        encoding: Encoding,
    ) -> TextDocumentContentChangeEvent {
        let at = |offset: usize| lines.position(text, offset as u32, encoding);
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(TextDocumentContentChangePartial {
            range: Range { start: at(from), end: at(to) },
            text: new.to_owned(),
            ..TextDocumentContentChangePartial::default()
        })
    }

    #[test]
    fn changes_are_applied_in_their_order_and_each_to_the_text_before_it() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let path = PathBuf::from("/a.dart");
            let mut text = "a\u{1f600}b\r\nc\u{e9}d\n".to_owned();
            let mut buffers = Buffers::default();
            let uri = Uri("file:///a.dart".into());
            buffers.open(path.clone(), Buffer { uri, version: 1, text: text.as_str().into() });
            let mut changes = Vec::new();
            for (from, to, new) in
                [("b", "c", "x\u{1f601}\n"), ("\u{e9}", "d", ""), ("a", "a", "\u{1f600}"), ("\n", "\n", "y")]
            {
                let (start, end) = (text.find(from).unwrap_or(0), text.find(to).unwrap_or(0));
                changes.push(part(&Lines::of(&text), &text, start, end, new, encoding));
                text.replace_range(start..end, new);
            }
            let changed = buffers.change(&path, 2, &changes, encoding);
            assert_eq!(changed.as_deref(), Some(&*text), "{encoding:?}");
            assert_eq!(buffers.get(&path).map(|buffer| buffer.version), Some(2));
        }
    }

    #[test]
    fn a_range_that_lies_beyond_the_text_is_its_end() {
        let path = PathBuf::from("/a.dart");
        let mut buffers = Buffers::default();
        buffers.open(path.clone(), Buffer { uri: Uri("file:///a.dart".into()), version: 1, text: "ab".into() });
        let at = |line, character| Position { line, character };
        let change = TextDocumentContentChangePartial {
            range: Range { start: at(0, 1), end: at(9, 9) },
            text: "c".into(),
            ..TextDocumentContentChangePartial::default()
        };
        let change = TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change);
        assert_eq!(buffers.change(&path, 2, &[change], Encoding::Utf16).as_deref(), Some("ac"));
    }
}
