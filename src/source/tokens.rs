//! Source text as the tokens it is made of: what is the same however a formatter lays it out.
//!
//! Blanks, line breaks and comments are no tokens, and neither is a comma before a closing bracket: `dart format`
//! (<https://github.com/dart-lang/dart_style>) changes these alone. `clang-format` and `rustfmt` may also break long
//! texts, sort includes and put braces around a body: what they change so is other code.

use crate::language::Language;

/// The tokens of a piece of a file, in order. Signs are tokens one by one: `>>` is two.
#[must_use]
pub fn tokens(text: &str, language: Language) -> Vec<&str> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, depth: 0, language };
    let mut tokens: Vec<&str> = Vec::with_capacity(text.len() / 4);
    while let Some(token) = lexer.next_token() {
        if matches!(token, ")" | "]" | "}") && tokens.last() == Some(&",") {
            tokens.pop();
        }
        tokens.push(token);
    }
    tokens
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// How many interpolations are open.
    depth: usize,
    language: Language,
}

/// What is nested deeper is text like any other.
const MOST_INTERPOLATIONS: usize = 32;

impl<'t> Lexer<'t> {
    fn next_token(&mut self) -> Option<&'t str> {
        self.skip_what_is_none();
        let start = self.at;
        let byte = *self.bytes.get(start)?;
        match byte {
            b'"' => self.quoted(false),
            b'\'' if self.language != Language::Rust || self.is_character() => self.quoted(false),
            _ if is_word(byte) => self.word(),
            _ => self.at += 1,
        }
        // What ends in the middle of an escape.
        self.at = self.at.min(self.bytes.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.text.get(start..self.at)
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip_what_is_none(&mut self) {
        loop {
            let rest = self.rest();
            match rest {
                [byte, ..] if byte.is_ascii_whitespace() || *byte == 0xb => self.at += 1,
                // A line of C that goes on in the next.
                [b'\\', b'\n' | b'\r', ..] => self.at += 1,
                [b'/', b'/', ..] => self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                [b'/', b'*', ..] => self.block_comment(),
                _ => return,
            }
        }
    }

    /// In Dart and Rust they nest.
    fn block_comment(&mut self) {
        let nests = matches!(self.language, Language::Dart | Language::Rust);
        let mut depth = 0_usize;
        loop {
            match self.rest() {
                [] => return,
                [b'/', b'*', ..] if nests || depth == 0 => {
                    depth += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// A word or a number; with the text after it where it only says of what kind that is.
    fn word(&mut self) {
        let start = self.at;
        let is_number = self.bytes.get(start).is_some_and(u8::is_ascii_digit);
        while let Some(&byte) = self.bytes.get(self.at) {
            // `1'000` in C++.
            let divides =
                is_number && byte == b'\'' && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_alphanumeric);
            if !is_word(byte) && !divides {
                break;
            }
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        match (self.language, self.rest()) {
            (Language::Dart, [b'\'' | b'"', ..]) if word == b"r" => self.quoted(true),
            (Language::Dart, _) => {}
            (Language::Rust, [b'"' | b'#', ..]) if matches!(word, b"r" | b"br" | b"cr") => self.raw_of_rust(),
            (Language::Rust, [b'"' | b'\'', ..]) if matches!(word, b"b" | b"c") => self.quoted(false),
            (Language::Rust, _) => {}
            (_, [b'"', ..]) if matches!(word, b"R" | b"u8R" | b"LR" | b"uR" | b"UR") => self.raw_of_cpp(),
            (_, [b'"' | b'\'', ..]) if matches!(word, b"L" | b"u" | b"U" | b"u8") => self.quoted(false),
            _ => {}
        }
    }

    /// Whether an apostrophe of Rust begins a character, not a lifetime.
    fn is_character(&self) -> bool {
        let mut letters = self.text.get(self.at + 1..).unwrap_or_default().chars();
        letters.next() == Some('\\') || letters.next() == Some('\'')
    }

    fn quoted(&mut self, is_raw: bool) {
        let Some(&quote) = self.bytes.get(self.at) else { return };
        let is_triple = self.language == Language::Dart && self.rest().starts_with(&[quote; 3]);
        self.at += if is_triple { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' if !is_raw => self.at += 2,
                b'$' if self.language == Language::Dart && !is_raw && self.rest().starts_with(b"${") => {
                    self.interpolation();
                }
                byte if byte == quote && (!is_triple || self.rest().starts_with(&[quote; 3])) => {
                    self.at += if is_triple { 3 } else { 1 };
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
    }

    /// `${…}` in a text of Dart; there may be texts in it.
    fn interpolation(&mut self) {
        self.at += 2;
        if self.depth == MOST_INTERPOLATIONS {
            return;
        }
        self.depth += 1;
        let mut braces = 1_usize;
        while braces > 0 {
            match self.next_token() {
                Some("{") => braces += 1,
                Some("}") => braces -= 1,
                Some(_) => {}
                None => break,
            }
        }
        self.depth -= 1;
    }

    /// `r#"…"#`
    fn raw_of_rust(&mut self) {
        let hashes = self.rest().iter().take_while(|byte| **byte == b'#').count();
        // `r#type` is a word.
        if self.bytes.get(self.at + hashes) != Some(&b'"') {
            return;
        }
        let end = format!("\"{}", "#".repeat(hashes));
        self.at += hashes + 1;
        self.skip_past(&end);
    }

    /// `R"x(…)x"`
    fn raw_of_cpp(&mut self) {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let Some((mark, _)) = rest.split_once('(') else { return self.quoted(false) };
        let end = format!("){mark}\"");
        self.skip_past(&end);
    }

    fn skip_past(&mut self, end: &str) {
        let rest = self.rest();
        self.at += memchr::memmem::find(rest, end.as_bytes()).map_or(rest.len(), |at| at + end.len());
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str, language: Language) {
        assert_eq!(tokens(one, language), tokens(other, language), "{one}\n{other}");
    }

    #[test]
    fn layout_is_none() {
        same("f(a, [b, c])", "f(\n  a, // what\n  [\n    b,\n    c,\n  ],\n)", Language::Dart);
        same("a..b()..c = {1: 2}", "a\n  ..b()\n  /* x /* y */ z */\n  ..c = {\n    1: 2,\n  }", Language::Dart);
        same("f(a, b)", "f(a,\n  /* x /* y */ b)", Language::C);
        same("a = b + c;", "a = b \\\n + c;", Language::C);
        same("f::<'a>(x, 'b')", "f::<'a>(\n    x,\n    'b',\n)", Language::Rust);
    }

    #[test]
    fn what_stands_in_texts_counts() {
        let differ =
            |one: &str, other: &str, language| assert_ne!(tokens(one, language), tokens(other, language), "{one}");
        differ("'a  b'", "'a b'", Language::Dart);
        differ("'''a\n'b' // c'''", "'''a\n'b' '''", Language::Dart);
        differ("r'\\' // c", "r'\\'", Language::Rust);
        differ("r#\"a\" // b\"#", "r#\"a\" \"#", Language::Rust);
        differ("R\"x(a)\" // b)x\"", "R\"x(a)\" )x\"", Language::Cpp);
        differ("f(a, b)", "f(a b)", Language::Dart);
        differ("a b", "ab", Language::C);
    }

    #[test]
    fn texts_end_where_they_end() {
        same("r'\\' + a", "r'\\'\n+ a // b", Language::Dart);
        same("'${m['a}']} //' + b", "'${m['a}']} //' /* c */ + b", Language::Dart);
        same("\"\\\"\" + b", "\"\\\"\" // \"\n + b", Language::C);
        same("1'000 + b", "1'000 // '\n + b", Language::Cpp);
        same("'\\'' + b", "'\\'' // '\n + b", Language::Rust);
        same("'\u{1f600}' + b", "'\u{1f600}' // '\n + b", Language::Rust);
        let deep = "'${".repeat(100_000);
        for cut in
            [&deep, "'", "\"\\", "'${", "/*", "/* /*", "r#\"", "R\"", "R\"x(", "'\\", "r#", "\u{1f600}'\u{1f600}"]
        {
            for language in Language::ALL {
                let _ = tokens(cut, *language);
            }
        }
    }
}
