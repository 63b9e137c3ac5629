//! What ArkTS adds to TypeScript, and `using`, in words that the grammar knows: same length, same lines.
//!
//! `struct` components become classes, `Column() { … }` a call and a block, the attributes behind such a block a call of
//! their own, decorators before functions are blanked
//! (<https://developer.huawei.com/consumer/en/doc/harmonyos-guides/arkts-basic-syntax-overview>).

/// Words before `(…) {` that begin a statement.
const STATEMENTS: [&[u8]; 8] = [b"if", b"for", b"while", b"switch", b"catch", b"with", b"function", b"await"];

/// Words behind which a `{` begins an object, and a `/` a regular expression.
const BEFORE_VALUES: [&[u8]; 10] =
    [b"return", b"case", b"typeof", b"in", b"of", b"new", b"delete", b"void", b"throw", b"default"];

/// What a pair of braces holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    /// Members of a class, an interface, an enumeration.
    Members,
    /// An object or a pattern.
    Object,
    /// Statements.
    Statements,
    /// The children of a component.
    Children,
    /// An expression within a text.
    Substitution,
}

/// A token as far as it decides what the next one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Word(usize, usize),
    Value,
    /// The byte of a sign.
    Sign(u8),
    /// A `)` whose `(` stands behind the word at these bytes, if behind one.
    Closed(Option<(usize, usize)>),
    /// A `}` of that kind.
    Brace(Braces),
    Arrow,
}

/// Words without which there is nothing of that in a file.
const SIGNS: [&str; 2] = ["using ", "struct "];

/// Whether there may be anything of that in a file: one of the words, or a decorator, whose name begins with a capital.
fn may_have_any(text: &[u8]) -> bool {
    let is_decorator = |at: usize| text.get(at + 1).is_some_and(u8::is_ascii_uppercase);
    SIGNS.iter().any(|sign| memchr::memmem::find(text, sign.as_bytes()).is_some())
        || memchr::memchr_iter(b'@', text).any(is_decorator)
}

/// The text with what the grammar does not know written otherwise; nothing where there is nothing of that.
pub(super) fn written_plainly(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !may_have_any(bytes) {
        return None;
    }
    let mut walk = Walk {
        text: bytes,
        at: 0,
        plain: bytes.to_vec(),
        braces: Vec::new(),
        parens: Vec::new(),
        last: Last::Nothing,
        is_class: false,
        before_word: Last::Nothing,
        decorators: None,
    };
    while walk.at < bytes.len() {
        walk.step();
    }
    (walk.plain != bytes).then_some(walk.plain)
}

struct Walk<'t> {
    text: &'t [u8],
    at: usize,
    plain: Vec<u8>,
    braces: Vec<Braces>,
    /// The word before each open parenthesis, and what stood before that word.
    parens: Vec<(Option<(usize, usize)>, Last)>,
    last: Last,
    /// A word that begins a class has been read, and its `{` not yet.
    is_class: bool,
    /// What stood before the last word.
    before_word: Last,
    /// Where decorators begin behind which nothing else has come so far.
    decorators: Option<usize>,
}

impl Walk<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word_at(&self, (start, end): (usize, usize)) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    fn step(&mut self) {
        match *self.rest() {
            [] => {}
            [byte, ..] if byte.is_ascii_whitespace() => self.at += 1,
            [b'/', b'/', ..] => self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len()),
            [b'/', b'*', ..] => {
                let end = memchr::memmem::find(self.rest().get(2..).unwrap_or_default(), b"*/");
                self.at = end.map_or(self.text.len(), |end| self.at + end + 4);
            }
            [quote @ (b'"' | b'\''), ..] => {
                self.at += 1;
                self.skip_quoted(quote);
                self.last = Last::Value;
            }
            [b'`', ..] => {
                self.at += 1;
                self.template();
            }
            [b'/', ..] if self.wants_value() => self.regex(),
            [byte, ..] if is_word(byte) => self.word(),
            [b'=', b'>', ..] => {
                self.at += 2;
                self.last = Last::Arrow;
            }
            [byte, ..] => self.sign(byte),
        }
    }

    /// Whether a value comes next, not an operator behind one.
    fn wants_value(&self) -> bool {
        match self.last {
            Last::Nothing | Last::Arrow => true,
            Last::Word(start, end) => BEFORE_VALUES.contains(&self.word_at((start, end))),
            Last::Value | Last::Closed(_) => false,
            Last::Sign(sign) => sign != b']',
            Last::Brace(kind) => kind != Braces::Object,
        }
    }

    fn skip_quoted(&mut self, quote: u8) {
        while let Some(&byte) = self.text.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote || byte == b'\n' {
                return;
            }
        }
    }

    fn template(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            match (byte, self.text.get(self.at + 1)) {
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    self.last = Last::Value;
                    return;
                }
                (b'$', Some(b'{')) => {
                    self.at += 2;
                    self.braces.push(Braces::Substitution);
                    self.last = Last::Nothing;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    fn regex(&mut self) {
        self.at += 1;
        let mut in_class = false;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            match byte {
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.last = Last::Value;
    }

    fn word(&mut self) {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        let end = self.at;
        let begins_statement = self.begins_statement(start);
        let is_member_name = self.last == Last::Sign(b'.');
        match self.text.get(start..end).unwrap_or_default() {
            b"struct" if begins_statement && self.is_followed_by_word() => {
                self.plain[start..end].copy_from_slice(b"class ");
                self.is_class = true;
            }
            b"using" if begins_statement && self.is_followed_by_word() => {
                self.plain[start..end].copy_from_slice(b"const");
                // `await using`
                if let Last::Word(from, to) = self.last
                    && self.word_at((from, to)) == b"await"
                {
                    self.plain[from..to].fill(b' ');
                }
            }
            b"class" | b"interface" | b"enum" if !is_member_name && self.last != Last::Sign(b':') => {
                self.is_class = true;
            }
            b"function" => {
                if let Some(from) = self.decorators.take() {
                    for byte in &mut self.plain[from..start] {
                        if !byte.is_ascii_whitespace() {
                            *byte = b' ';
                        }
                    }
                }
            }
            _ => {}
        }
        if self.parens.is_empty()
            && !matches!(self.text.get(start..end), Some(b"export" | b"async" | b"default"))
            && !matches!(self.last, Last::Sign(b'@' | b'.'))
        {
            self.decorators = None;
        }
        self.before_word = self.last;
        self.last = Last::Word(start, end);
    }

    /// Whether a statement may begin at a byte.
    fn begins_statement(&self, at: usize) -> bool {
        match self.last {
            Last::Nothing | Last::Brace(_) | Last::Sign(b';' | b'{') => true,
            Last::Word(from, to) if matches!(self.word_at((from, to)), b"export" | b"default" | b"await") => true,
            // `@Component struct A`, `@Component({ … }) struct A`
            Last::Word(..) | Last::Closed(_) if self.decorators.is_some() && self.parens.is_empty() => true,
            // A new line, where a statement ends without a sign.
            Last::Word(_, end) => self.text.get(end..at).is_some_and(|gap| gap.contains(&b'\n')),
            Last::Value | Last::Closed(_) | Last::Sign(b']') => {
                let before = self.text.get(..at).unwrap_or_default();
                let gap = before.iter().rev().take_while(|byte| byte.is_ascii_whitespace());
                gap.into_iter().any(|byte| *byte == b'\n')
            }
            _ => false,
        }
    }

    fn is_followed_by_word(&self) -> bool {
        let rest = self.rest();
        let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let next = rest.get(space).copied().unwrap_or(0);
        space > 0 && is_word(next) && !next.is_ascii_digit()
    }

    fn sign(&mut self, byte: u8) {
        let at = self.at;
        self.at += 1;
        match byte {
            b'@' if self.decorators.is_none() => self.decorators = Some(at),
            b'@' | b'.' | b'(' | b')' | b'{' | b'}' => {}
            _ if self.parens.is_empty() => self.decorators = None,
            _ => {}
        }
        match byte {
            b'(' => {
                let word = match self.last {
                    Last::Word(start, end) => Some((start, end)),
                    _ => None,
                };
                self.parens.push((word, self.before_word));
                self.last = Last::Sign(b'(');
            }
            b')' => {
                let (word, before) = self.parens.pop().unwrap_or((None, Last::Nothing));
                self.before_word = before;
                self.last = Last::Closed(word);
            }
            b'{' => self.open(at),
            b'}' => {
                let kind = self.braces.pop().unwrap_or(Braces::Statements);
                if kind == Braces::Substitution {
                    return self.template();
                }
                self.last = Last::Brace(kind);
            }
            // Attributes of the component whose children have just ended, or that a function of attributes is about.
            b'.' if matches!(self.last, Last::Brace(Braces::Children))
                || (self.last == Last::Sign(b'{') && self.braces.last() == Some(&Braces::Statements)) =>
            {
                self.plain[at] = b' ';
                self.last = Last::Sign(b';');
            }
            byte => self.last = Last::Sign(byte),
        }
    }

    fn open(&mut self, at: usize) {
        let kind = if std::mem::take(&mut self.is_class) {
            Braces::Members
        } else {
            match self.last {
                Last::Closed(Some(word)) if self.is_component(word) => {
                    // `Column() {` → `Column();{`: there is room for the sign where they are apart.
                    match self.plain.get_mut(at.wrapping_sub(1)) {
                        Some(gap) if gap.is_ascii_whitespace() && *gap != b'\n' => {
                            *gap = b';';
                            Braces::Children
                        }
                        _ => Braces::Statements,
                    }
                }
                Last::Sign(b';' | b'{' | b'}') | Last::Nothing | Last::Arrow | Last::Closed(_) | Last::Brace(_) => {
                    Braces::Statements
                }
                Last::Word(start, end) if !BEFORE_VALUES.contains(&self.word_at((start, end))) => Braces::Statements,
                _ => Braces::Object,
            }
        };
        self.braces.push(kind);
        self.last = Last::Sign(b'{');
    }

    /// Whether `name(…) {` is a component with children: it stands among statements, and its name is neither that of a
    /// statement nor one that is being declared.
    fn is_component(&self, (start, end): (usize, usize)) -> bool {
        let word = self.word_at((start, end));
        let inside = matches!(self.braces.last(), Some(Braces::Statements | Braces::Children));
        let declares = match self.before_word {
            Last::Word(from, to) => matches!(self.word_at((from, to)), b"function" | b"new" | b"get" | b"set"),
            Last::Sign(sign) => matches!(sign, b'*' | b'=' | b'(' | b',' | b':' | b'?' | b'&' | b'|'),
            _ => false,
        };
        inside && !declares && word.first().is_some_and(|first| is_word(*first)) && !STATEMENTS.contains(&word)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}
