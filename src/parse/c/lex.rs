//! C text → tokens, as far as the preparation before parsing needs them.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    /// A number, string or character.
    Literal,
    /// One sign; `::`, `->` and the like are several.
    Sign(u8),
    /// A whole line of the preprocessor, with the lines it continues on.
    Directive,
}

/// A token; comments are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn text<'t>(&self, source: &'t str) -> &'t str {
        source.get(self.start..self.end).unwrap_or("")
    }

    pub(super) fn is(&self, sign: u8) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// All tokens.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens: Vec<Token> = Vec::with_capacity(bytes.len() / 5);
    let (mut at, mut line_is_empty) = (0, true);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b'\n' => {
                line_is_empty = true;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' | 0xb | 0xc => {
                at += 1;
                continue;
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => {
                at += 2;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = end_of_line(bytes, at);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = end_of_comment(bytes, at);
                continue;
            }
            b'#' if line_is_empty => {
                at = end_of_directive(bytes, at);
                Kind::Directive
            }
            b'"' | b'\'' => {
                at = end_of_quoted(bytes, at);
                Kind::Literal
            }
            b'0'..=b'9' => {
                at = end_of_number(bytes, at);
                Kind::Literal
            }
            _ if is_word(byte) => {
                at += bytes.get(at..).unwrap_or(&[]).iter().take_while(|&&byte| is_word(byte)).count();
                match bytes.get(at) {
                    Some(b'"') if matches!(bytes.get(start..at), Some(b"R" | b"u8R" | b"LR" | b"uR" | b"UR")) => {
                        at = end_of_raw_string(source, at);
                        Kind::Literal
                    }
                    Some(b'"' | b'\'') if matches!(bytes.get(start..at), Some(b"L" | b"u" | b"U" | b"u8")) => {
                        at = end_of_quoted(bytes, at);
                        Kind::Literal
                    }
                    _ => Kind::Identifier,
                }
            }
            sign => {
                at += 1;
                Kind::Sign(sign)
            }
        };
        line_is_empty = false;
        tokens.push(Token { kind, start, end: at });
        if kind == Kind::Directive {
            line_is_empty = true;
        }
    }
    tokens
}

/// The comments, those of lines of the preprocessor too.
pub(in crate::parse) fn comments(source: &str) -> Vec<(usize, usize)> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    for token in tokens(source) {
        comments_between(bytes, at, token.start, &mut found);
        if token.kind == Kind::Directive {
            comments_between(bytes, token.start, token.end, &mut found);
        }
        at = token.end;
    }
    comments_between(bytes, at, bytes.len(), &mut found);
    found
}

fn comments_between(bytes: &[u8], from: usize, to: usize, found: &mut Vec<(usize, usize)>) {
    let mut at = from;
    while at < to {
        let start = at;
        at = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'/')) => end_of_line(bytes, at),
            (Some(b'/'), Some(b'*')) => end_of_comment(bytes, at),
            (Some(b'"'), _) => {
                at = end_of_quoted(bytes, at);
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        found.push((start, at));
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some(length) = memchr::memchr(b'\n', rest) else { return bytes.len() };
        let end = at + length;
        let continued = bytes.get(at..end).is_some_and(|line| line.trim_ascii_end().last() == Some(&b'\\'));
        if !continued {
            return end;
        }
        at = end + 1;
    }
}

fn end_of_comment(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from + 2..).unwrap_or(&[]);
    memchr::memmem::find(rest, b"*/").map_or(bytes.len(), |length| from + length + 4)
}

/// A directive ends with its line; a comment in it may lead on to other lines.
fn end_of_directive(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'\n' => return at,
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => at + 2,
            b'\\' if bytes.get(at + 1) == Some(&b'\r') && bytes.get(at + 2) == Some(&b'\n') => at + 3,
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_comment(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => return end_of_line(bytes, at),
            b'"' => end_of_quoted(bytes, at),
            _ => at + 1,
        };
    }
    bytes.len()
}

/// A quote that is not closed ends with its line.
fn end_of_quoted(bytes: &[u8], from: usize) -> usize {
    let quote = bytes.get(from).copied().unwrap_or(b'"');
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_number(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        let before = bytes.get(at.wrapping_sub(1)).copied().unwrap_or(0);
        let next_is_word = bytes.get(at + 1).is_some_and(|&next| is_word(next));
        match byte {
            b'.' => at += 1,
            b'\'' if next_is_word => at += 1,
            b'+' | b'-' if matches!(before, b'e' | b'E' | b'p' | b'P') && !is_hex(bytes, from, at) => at += 1,
            _ if is_word(byte) => at += 1,
            _ => break,
        }
    }
    at
}

/// `0x1e + 2`: the `e` is a digit, unless the number has a `p`.
fn is_hex(bytes: &[u8], from: usize, to: usize) -> bool {
    bytes.get(from..to).is_some_and(|number| {
        (number.starts_with(b"0x") || number.starts_with(b"0X"))
            && !number.iter().any(|byte| matches!(byte, b'p' | b'P'))
    })
}

/// `R"x( … )x"`, from its quote on.
fn end_of_raw_string(source: &str, quote: usize) -> usize {
    let rest = source.get(quote + 1..).unwrap_or("");
    let Some((delimiter, body)) = rest.split_once('(').filter(|(delimiter, _)| delimiter.len() <= 16) else {
        return end_of_quoted(source.as_bytes(), quote);
    };
    let close = format!("){delimiter}\"");
    let start = source.len() - body.len();
    memchr::memmem::find(body.as_bytes(), close.as_bytes()).map_or(source.len(), |at| start + at + close.len())
}
