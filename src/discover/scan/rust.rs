//! Rust.

use super::{By, Called, Cursor, Declared, Defined, Scanned, hash, is_word_start};

pub(super) fn scan(text: &[u8]) -> Scanned {
    let mut scanner = Scanner {
        cursor: Cursor { bytes: text, at: 0 },
        out: Scanned::default(),
        scopes: Vec::new(),
        head: Head::None,
        last: Last::default(),
        is_marked: false,
        symbol: Symbol::None,
        depth: 0,
        nesting: 0,
    };
    scanner.run();
    scanner.out
}

/// What a block that is about to open belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    None,
    /// `fn name`, up to its body.
    Function(u64),
    /// `impl …` and `trait …`: the last type named outside `<>`, and whether `where` ended it.
    Type {
        name: u64,
        is_done: bool,
    },
}

/// `#[export_name = "…"]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    None,
    Expected,
    Is(u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// The word, where it is the last token.
    word: Option<u64>,
    by: Option<By>,
    /// The word before `::`.
    path: u64,
    byte: u8,
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    out: Scanned,
    /// The class of each open brace; 0 for none.
    scopes: Vec<u64>,
    head: Head,
    last: Last,
    is_marked: bool,
    symbol: Symbol,
    /// Of `<>` in a head.
    depth: usize,
    /// Of `()` and `[]` in one.
    nesting: usize,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while !self.cursor.is_at_end() {
            let byte = self.cursor.peek(0);
            match byte {
                byte if byte.is_ascii_whitespace() => self.cursor.at += 1,
                b'/' if self.cursor.peek(1) == b'/' => self.cursor.skip_past(b'\n'),
                b'/' if self.cursor.peek(1) == b'*' => self.comment(),
                b'"' => {
                    self.cursor.at += 1;
                    let text = self.cursor.quoted(b'"', false);
                    if self.symbol == Symbol::Expected {
                        self.symbol = Symbol::Is(hash(text));
                    }
                    self.last = Last::default();
                }
                b'\'' => self.character(),
                byte if is_word_start(byte) => self.word(),
                byte if byte.is_ascii_digit() => {
                    self.cursor.skip_number();
                    self.last = Last::default();
                }
                _ => {
                    self.cursor.at += 1;
                    self.punctuation(byte);
                }
            }
        }
    }

    /// `/* /* */ */`
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while !self.cursor.is_at_end() {
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.cursor.at += 2;
                }
                (b'*', b'/') => {
                    depth = depth.saturating_sub(1);
                    self.cursor.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.cursor.at += 1,
            }
        }
    }

    /// `'x'`, `'\n'`, `'é'`, or a lifetime.
    fn character(&mut self) {
        self.cursor.at += 1;
        self.last = Last::default();
        if self.cursor.peek(0) == b'\\' {
            self.cursor.quoted(b'\'', true);
            return;
        }
        let length = match self.cursor.peek(0) {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        if self.cursor.peek(length) == b'\'' {
            self.cursor.at += length + 1;
        } else {
            self.cursor.word();
        }
    }

    fn word(&mut self) {
        let word = self.cursor.word();
        if self.is_raw_string(word) {
            return;
        }
        let name = hash(word);
        let before = self.last;
        let by = match before.byte {
            b'.' => By::Member,
            b':' => By::Path(before.path),
            _ => By::Name,
        };
        self.last = Last { word: Some(name), by: Some(by), path: 0, byte: 0 };
        match word {
            b"fn" => {
                self.cursor.skip_space();
                let start = self.cursor.at;
                let name = self.cursor.word();
                if self.cursor.at > start {
                    self.head = Head::Function(hash(name));
                }
                self.last = Last::default();
            }
            b"impl" | b"trait" if !matches!(self.head, Head::Function(_)) => {
                self.head = Head::Type { name: 0, is_done: false };
                self.depth = 0;
            }
            b"struct" | b"enum" | b"union" | b"type" => {
                self.cursor.skip_space();
                let name = self.cursor.word();
                if !name.is_empty() {
                    self.out.types.push(hash(name));
                }
            }
            b"macro_rules" => {
                let mut ahead = self.cursor;
                ahead.skip_space();
                if ahead.peek(0) == b'!' {
                    ahead.at += 1;
                    ahead.skip_space();
                    let name = hash(ahead.word());
                    self.out.defines.push(Defined { name, class: 0, lead: 0, is_exported: false, is_local: false });
                    self.cursor = ahead;
                }
            }
            b"no_mangle" | b"ffi_export" => self.is_marked = true,
            b"export_name" => {
                self.is_marked = true;
                self.symbol = Symbol::Expected;
            }
            b"for" => {}
            b"where" => {
                if let Head::Type { is_done, .. } = &mut self.head {
                    *is_done = true;
                }
            }
            _ => match &mut self.head {
                Head::Type { name: last, is_done: false } if self.depth == 0 => *last = name,
                _ if self.cursor.peek(0) == b'!' && self.cursor.peek(1) != b'=' => {
                    self.out.calls.push(Called { name, by });
                }
                _ => {}
            },
        }
    }

    /// `r#"…"#`, `br"…"`, and `r#name`.
    fn is_raw_string(&mut self, prefix: &[u8]) -> bool {
        if !matches!(prefix, b"r" | b"br" | b"cr") {
            return false;
        }
        let hashes = self.cursor.rest().iter().take_while(|byte| **byte == b'#').count();
        if self.cursor.peek(hashes) != b'"' {
            if hashes == 1 {
                self.cursor.at += 1;
                return true;
            }
            return false;
        }
        self.cursor.at += hashes + 1;
        let mut end = vec![b'"'];
        end.resize(hashes + 1, b'#');
        let found = memchr::memmem::find(self.cursor.rest(), &end);
        self.cursor.at = found.map_or(self.cursor.bytes.len(), |found| self.cursor.at + found + end.len());
        self.last = Last::default();
        true
    }

    fn punctuation(&mut self, byte: u8) {
        let before = std::mem::take(&mut self.last);
        match byte {
            b':' if self.cursor.peek(0) == b':' => {
                self.cursor.at += 1;
                if let Some(word) = before.word {
                    self.out.paths.push(word);
                }
                if let (b'<', Some(name), Some(by)) = (self.cursor.peek(0), before.word, before.by) {
                    // `f::<T>(…)`; of `Vec::<T>::new()` only the path counts.
                    if self.cursor.calls_with_types() {
                        self.out.calls.push(Called { name, by });
                    }
                }
                self.last = Last { path: before.word.unwrap_or(0), byte: b':', ..Last::default() };
            }
            b'.' => self.last.byte = b'.',
            b'[' => self.nesting += 1,
            b')' | b']' => self.nesting = self.nesting.saturating_sub(1),
            b'(' => {
                self.nesting += 1;
                if let (Some(name), Some(by)) = (before.word, before.by) {
                    self.out.calls.push(Called { name, by });
                }
            }
            b'<' => self.depth += 1,
            b'>' => self.depth = self.depth.saturating_sub(1),
            b'{' => {
                self.nesting = 0;
                let class = match std::mem::replace(&mut self.head, Head::None) {
                    Head::Function(name) => {
                        self.define(name);
                        0
                    }
                    Head::Type { name, .. } => name,
                    Head::None => 0,
                };
                self.scopes.push(class);
            }
            b'}' => {
                self.scopes.pop();
                self.head = Head::None;
            }
            // `[u8; 4]` ends nothing.
            b';' if self.nesting == 0 => {
                if let Head::Function(name) = self.head {
                    self.out.declares.push(Declared { name, is_exported: true, is_marked: false });
                    self.head = Head::None;
                }
                if !matches!(self.head, Head::Type { .. }) {
                    self.is_marked = false;
                    self.symbol = Symbol::None;
                }
            }
            _ => {}
        }
    }

    fn define(&mut self, name: u64) {
        let is_exported = std::mem::take(&mut self.is_marked);
        let symbol = std::mem::replace(&mut self.symbol, Symbol::None);
        let class = self.scopes.last().copied().unwrap_or(0);
        let defined = Defined { name, class, lead: 0, is_exported, is_local: false };
        self.out.defines.push(defined);
        if let Symbol::Is(symbol) = symbol {
            self.out.defines.push(Defined { name: symbol, class: 0, ..defined });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn functions_calls_and_exports_are_seen() {
        let text = r##"
            use other::thing;
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn exported<'a>(p: [u8; 4], c: char) -> i32 where T: Into<u8> {
                let a = r#"fn no() {"#; /* /* fn no2() {} */ */
                let c = '{'; let d: &'static str = "fn no3() {";
                bare(1); x.member(2); thing::by_path(3); gen::<u8>(4); mac!(5)
            }
            #[export_name = "other_name"]
            extern "C" fn inner() {}
            extern "C" { fn imported(a: i32); }
            impl<T: Copy> Drop for Holder<T> where T: X { fn drop(&mut self) { self.free() } }
            mod m { impl Plain { pub fn new() -> Self { Self { a: 1 } } } }
            macro_rules! mac { ($e:expr) => { $e } }
            fn last() {}
        "##;
        let scanned = super::super::scan(text.as_bytes(), Language::Rust);
        let defined = |class: &str, name: &str| {
            let class = if class.is_empty() { 0 } else { hash(class.as_bytes()) };
            let name = hash(name.as_bytes());
            scanned.defines.iter().find(|d| d.name == name && d.class == class).map(|d| d.is_exported)
        };
        assert_eq!(defined("", "exported"), Some(true));
        assert_eq!((defined("", "inner"), defined("", "other_name")), (Some(true), Some(true)));
        assert_eq!((defined("Holder", "drop"), defined("Plain", "new")), (Some(false), Some(false)));
        assert_eq!((defined("", "last"), defined("", "mac")), (Some(false), Some(false)));
        for name in ["no", "no2", "no3"] {
            assert_eq!(defined("", name), None, "{name}");
        }
        assert_eq!(scanned.declares, [Declared { name: hash(b"imported"), is_exported: true, is_marked: false }]);
        let called = |name: &str| scanned.calls.iter().find(|c| c.name == hash(name.as_bytes())).map(|c| c.by);
        assert_eq!(called("bare"), Some(By::Name));
        assert_eq!(called("member"), Some(By::Member));
        assert_eq!(called("by_path"), Some(By::Path(hash(b"thing"))));
        assert_eq!((called("gen"), called("mac")), (Some(By::Name), Some(By::Name)));
    }
}
