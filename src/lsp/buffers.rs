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
