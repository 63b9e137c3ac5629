//! Positions and URIs, in the protocol's words and in ours. Nothing else knows what a column counts.

use std::path::{Path, PathBuf};

use gen_lsp_types::{Position, PositionEncodingKind, Range, Uri};
use url::Url;

use crate::source::Span;

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 units.
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// The one to use with a client: bytes are no work, and UTF-16 every client has.
    pub(super) fn chosen(offered: &[PositionEncodingKind]) -> Self {
        let first = offered.iter().find_map(|kind| match kind {
            PositionEncodingKind::UTF8 => Some(Self::Utf8),
            PositionEncodingKind::UTF32 => Some(Self::Utf32),
            _ => None,
        });
        match first {
            Some(Self::Utf8) => Self::Utf8,
            Some(other) if !offered.contains(&PositionEncodingKind::UTF16) => other,
            _ => Self::Utf16,
        }
    }

    pub(super) fn name(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// How many columns a piece of text takes.
    fn columns(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Utf32 => text.chars().count(),
        }
    }

    fn columns_of(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// Where the lines of a text begin, as the protocol has them: `\n`, `\r\n` and `\r` each end one.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let is_half = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            if !is_half {
                starts.push(at as u32 + 1);
            }
        }
        Self { starts }
    }

    /// The position of a byte of the text; that of the text's end for what lies beyond.
    pub(super) fn position(&self, text: &str, offset: u32, encoding: Encoding) -> Position {
        let offset = (offset as usize).min(text.len());
        let line = self.starts.partition_point(|&start| start as usize <= offset).saturating_sub(1);
        let before = text.get(self.start(line)..offset).unwrap_or("");
        Position { line: line as u32, character: encoding.columns(before) as u32 }
    }

    pub(super) fn range(&self, text: &str, span: Span, encoding: Encoding) -> Range {
        Range { start: self.position(text, span.start, encoding), end: self.position(text, span.end, encoding) }
    }

    /// The byte at a position; what lies behind the end of a line is its end, what lies inside a character its start.
    pub(super) fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if line >= self.starts.len() {
            return text.len();
        }
        let start = self.start(line);
        let end = self.starts.get(line + 1).map_or(text.len(), |next| *next as usize);
        let content = text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r']);
        let (mut column, wanted) = (0, position.character as usize);
        for (at, character) in content.char_indices() {
            column += encoding.columns_of(character);
            if column > wanted {
                return start + at;
            }
        }
        start + content.len()
    }

    fn start(&self, line: usize) -> usize {
        self.starts.get(line).map_or(0, |start| *start as usize)
    }
}

/// The file that a URI names, where it names one.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let url = Url::parse(uri.as_ref()).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

/// The URI of a file; `None` for a path that is not absolute.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    Some(Uri(Url::from_file_path(path).ok()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\u{e9}\u{1f600}b\r\nx\ry\n\u{1f600}";

    #[test]
    fn positions_and_bytes_lead_to_each_other_in_every_encoding() {
        let lines = Lines::of(TEXT);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (offset, _) in TEXT.char_indices().chain([(TEXT.len(), ' ')]) {
                // Between the two characters that end a line there is no place.
                if TEXT.get(..offset).is_some_and(|before| before.ends_with('\r')) && TEXT[offset..].starts_with('\n') {
                    continue;
                }
                let position = lines.position(TEXT, offset as u32, encoding);
                assert_eq!(lines.offset(TEXT, position, encoding), offset, "{encoding:?} {position:?}");
            }
        }
    }

    #[test]
    fn columns_count_what_the_encoding_says() {
        let lines = Lines::of(TEXT);
        let at = TEXT.find('b').unwrap_or_default() as u32;
        let column = |encoding| lines.position(TEXT, at, encoding).character;
        assert_eq!([Encoding::Utf8, Encoding::Utf16, Encoding::Utf32].map(column), [7, 4, 3]);
        assert_eq!(lines.position(TEXT, TEXT.len() as u32, Encoding::Utf16), Position { line: 3, character: 2 });
    }

    #[test]
    fn positions_that_are_none_lead_to_the_nearest_place() {
        let lines = Lines::of(TEXT);
        let offset = |line, character, encoding| lines.offset(TEXT, Position { line, character }, encoding);
        assert_eq!(offset(0, 99, Encoding::Utf16), TEXT.find('\r').unwrap_or_default(), "the end of the line");
        assert_eq!(offset(0, 3, Encoding::Utf16), 3, "the start of the character");
        assert_eq!(offset(9, 0, Encoding::Utf16), TEXT.len());
    }

    #[test]
    fn the_clients_best_encoding_is_taken() {
        use PositionEncodingKind as Kind;
        assert_eq!(Encoding::chosen(&[]), Encoding::Utf16);
        assert_eq!(Encoding::chosen(&[Kind::UTF16]), Encoding::Utf16);
        assert_eq!(Encoding::chosen(&[Kind::UTF16, Kind::UTF8]), Encoding::Utf8);
        assert_eq!(Encoding::chosen(&[Kind::UTF32]), Encoding::Utf32);
        assert_eq!(Encoding::chosen(&[Kind::UTF32, Kind::UTF16]), Encoding::Utf16);
    }

    #[test]
    fn uris_and_paths_lead_to_each_other() {
        let path = Path::new("/a b/ä#.dart");
        let uri = uri_of(path);
        assert_eq!(uri.as_ref().map(|uri| uri.0.as_str()), Some("file:///a%20b/%C3%A4%23.dart"));
        assert_eq!(uri.as_ref().and_then(path_of).as_deref(), Some(path));
        assert_eq!(path_of(&Uri("file:///a%3Ab/c.dart".into())), Some(PathBuf::from("/a:b/c.dart")));
        assert_eq!(path_of(&Uri("untitled:Untitled-1".into())), None);
    }
}
