//! C and C++, and what of Objective-C is the same.

use crate::language::Language;

use super::{By, Called, Cursor, Declared, Defined, Include, Scanned, hash, is_word, is_word_start};

/// Scopes that `#else` restores as they were at `#if`; deeper ones are only cut off.
const MOST_RESTORED: usize = 64;

pub(super) fn scan(text: &[u8], language: Language) -> Scanned {
    let mut scanner = Scanner {
        cursor: Cursor { bytes: text, at: 0 },
        is_c: language.is_plain_c(),
        is_objective: language.is_objective(),
        out: Scanned::default(),
        scopes: Vec::new(),
        conditions: Vec::new(),
        item: Item::default(),
        last: Last::default(),
        parens: 0,
        is_extern_c: false,
    };
    scanner.run();
    scanner.out
}

/// Words before parentheses that name nothing.
const ATTRIBUTES: [&[u8]; 12] = [
    b"__attribute__",
    b"__declspec",
    b"alignas",
    b"decltype",
    b"noexcept",
    b"throw",
    b"requires",
    b"explicit",
    b"_Alignas",
    b"__asm__",
    b"__asm",
    b"asm",
];

/// What an open brace opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// A namespace, or `extern "C"`.
    Outer { is_extern_c: bool },
    /// A class, by its name.
    Class(u64),
    /// A function's body, or a block in it.
    Body,
    /// An initializer or an enum: what it is part of goes on behind it.
    Inner,
}

/// What a declaration said so far.
#[derive(Clone, Copy, Debug, Default)]
struct Item<'a> {
    /// The word before its first parentheses, with the class before `::`.
    callee: Option<(&'a [u8], u64)>,
    /// `: a(1), b{2}` of a constructor.
    initializes: bool,
    assigns: bool,
    is_local: bool,
    is_typedef: bool,
    is_marked: bool,
    is_extern_c: bool,
    lead: u64,
    kind: Kind,
    /// The name behind `class`.
    class: &'a [u8],
    has_bases: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Class,
    Enum,
    Namespace,
    Extern,
}

/// What stands before the place.
#[derive(Clone, Copy, Debug, Default)]
struct Last<'a> {
    /// The word, where it is the last token.
    word: Option<&'a [u8]>,
    /// How that word was reached.
    by: Option<By>,
    /// The class before `::` before that word.
    class: u64,
    byte: u8,
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    is_c: bool,
    is_objective: bool,
    out: Scanned,
    scopes: Vec<Scope>,
    conditions: Vec<(usize, Vec<Scope>)>,
    item: Item<'a>,
    last: Last<'a>,
    parens: u32,
    /// Between `G_BEGIN_DECLS` and `G_END_DECLS`.
    is_extern_c: bool,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        let mut starts_line = true;
        while !self.cursor.is_at_end() {
            let byte = self.cursor.peek(0);
            match byte {
                b'\n' => {
                    starts_line = true;
                    self.cursor.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {
                    self.cursor.at += 1;
                    continue;
                }
                b'/' if self.cursor.peek(1) == b'/' => {
                    self.cursor.skip_past(b'\n');
                    starts_line = true;
                    continue;
                }
                b'/' if self.cursor.peek(1) == b'*' => {
                    self.cursor.at += 2;
                    let end = memchr::memmem::find(self.cursor.rest(), b"*/");
                    self.cursor.at = end.map_or(self.cursor.bytes.len(), |end| self.cursor.at + end + 2);
                    continue;
                }
                b'#' if starts_line => {
                    self.directive();
                    continue;
                }
                b'@' | b'-' | b'+' if self.is_objective && self.is_outside() && self.objective(byte) => continue,
                b'"' => {
                    self.cursor.at += 1;
                    self.string();
                }
                b'\'' => {
                    self.cursor.at += 1;
                    self.cursor.quoted(b'\'', true);
                    self.last = Last::default();
                }
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
            starts_line = false;
        }
    }

    /// Whether the next thing is a declaration outside functions and classes.
    fn is_outside(&self) -> bool {
        let item = &self.item;
        let is_fresh = item.callee.is_none() && item.kind == Kind::None && item.lead == 0 && !item.assigns;
        is_fresh && self.parens == 0 && !matches!(self.scopes.last(), Some(Scope::Body | Scope::Inner))
    }

    /// Declarations of objects, and the heads of methods: what of them is skipped.
    fn objective(&mut self, byte: u8) -> bool {
        let rest = self.cursor.rest();
        let behind = |words: &[u8]| rest.get(1..).is_some_and(|rest| rest.starts_with(words));
        let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let is_forward = || rest.get(..line).is_some_and(|line| line.contains(&b';'));
        let length = if byte != b'@' {
            // A method, whose body is like that of a function.
            let Some(end) = memchr::memchr2(b'{', b';', rest) else { return false };
            if rest.get(end) == Some(&b'{') {
                self.scopes.push(Scope::Body);
            }
            end + 1
        } else if behind(b"interface") || (behind(b"protocol") && !is_forward()) {
            memchr::memmem::find(rest, b"@end").map_or(rest.len(), |end| end + 4)
        } else if behind(b"implementation") {
            rest.get(..line).and_then(|line| memchr::memchr(b'{', line)).unwrap_or(line)
        } else {
            return false;
        };
        self.cursor.at += length;
        self.item = Item::default();
        self.last = Last::default();
        true
    }

    fn is_in_body(&self) -> bool {
        self.scopes.last() == Some(&Scope::Body)
    }

    fn string(&mut self) {
        let prefix = self.last.word.unwrap_or_default();
        if matches!(prefix, b"R" | b"u8R" | b"uR" | b"UR" | b"LR") {
            let start = self.cursor.at;
            let length = self.cursor.rest().iter().take(20).position(|byte| *byte == b'(').unwrap_or(0);
            let delimiter = self.cursor.bytes.get(start..start + length).unwrap_or_default();
            let end: Vec<u8> = [b")", delimiter, b"\""].concat();
            let found = memchr::memmem::find(self.cursor.rest(), &end);
            self.cursor.at = found.map_or(self.cursor.bytes.len(), |found| start + found + end.len());
        } else {
            let text = self.cursor.quoted(b'"', true);
            if self.item.kind == Kind::Extern && text == b"C" {
                self.item.is_extern_c = true;
            } else if text == b"default" && self.parens > 0 && !self.is_in_body() {
                // visibility("default")
                self.item.is_marked = true;
            }
        }
        self.last = Last::default();
    }

    fn word(&mut self) {
        let word = self.cursor.word();
        let before = self.last;
        let (by, class) = match before.byte {
            b'.' => (By::Member, 0),
            // `::`, after a word or at the start.
            b':' => (By::Path(before.class), before.class),
            _ => (By::Name, 0),
        };
        self.last = Last { word: Some(word), by: Some(by), class, byte: 0 };
        if self.cursor.peek(0) == b'<' && self.cursor.calls_with_types() {
            self.out.calls.push(Called { name: hash(word), by });
        }
        if self.is_in_body() || self.parens > 0 {
            if word == b"dllexport" {
                self.item.is_marked = true;
            }
            return;
        }
        match word {
            b"static" | b"inline" | b"__inline" | b"__inline__" | b"_Noreturn" => {
                self.item.is_local |= word != b"_Noreturn";
            }
            b"typedef" | b"using" | b"friend" => self.item.is_typedef = true,
            b"extern" => self.item.kind = Kind::Extern,
            b"namespace" => self.item.kind = Kind::Namespace,
            b"enum" => self.item.kind = Kind::Enum,
            b"class" | b"struct" | b"union" if self.item.kind != Kind::Enum => self.item.kind = Kind::Class,
            b"final" | b"override" | b"const" | b"noexcept" => {}
            _ => {
                if is_declarations_begin(word) {
                    self.is_extern_c = true;
                } else if word.ends_with(b"END_DECLS") {
                    self.is_extern_c = false;
                } else if is_capital(word) && self.item.callee.is_none() {
                    self.item.is_marked |= is_export_macro(word);
                    self.item.lead = hash(word);
                }
                if self.item.kind == Kind::Class && !self.item.has_bases {
                    self.item.class = word;
                }
            }
        }
    }

    fn punctuation(&mut self, byte: u8) {
        let before = std::mem::take(&mut self.last);
        self.last.byte = match byte {
            b'-' if self.cursor.peek(0) == b'>' => {
                self.cursor.at += 1;
                b'.'
            }
            b':' if self.cursor.peek(0) == b':' => {
                self.cursor.at += 1;
                self.last.class = before.word.map_or(0, hash);
                b':'
            }
            // `A<T>::f`: the class is not seen.
            b'.' => b'.',
            b'~' => {
                // `A::~A`: a member of `A` all the same.
                self.last = before;
                return;
            }
            _ => 0,
        };
        if let (b'(', Some(word), Some(by)) = (byte, before.word, before.by) {
            self.open(word, by, before.class);
        }
        if self.is_in_body() {
            match byte {
                b'{' => self.scopes.push(Scope::Body),
                b'}' => self.close(),
                _ => {}
            }
            return;
        }
        match byte {
            b'(' => self.parens += 1,
            b')' => self.parens = self.parens.saturating_sub(1),
            b'{' => self.open_brace(before.word.is_some()),
            b'}' => self.close(),
            b';' if self.parens == 0 => self.end_item(),
            // No declaration has this: something before it does not balance.
            b';' if self.scopes.last() != Some(&Scope::Inner) => {
                self.parens = 0;
                self.item = Item::default();
            }
            b'=' if self.parens == 0 && self.item.callee.is_none_or(|(name, _)| name != b"operator") => {
                self.item.assigns = true;
            }
            b':' if self.parens == 0 && self.last.byte == 0 => {
                self.item.initializes |= self.item.callee.is_some();
                self.item.has_bases = true;
                let is_access = matches!(before.word, Some(b"public" | b"private" | b"protected"));
                if is_access && self.item.callee.is_none() {
                    self.item = Item::default();
                }
            }
            _ => {}
        }
    }

    /// `word(`: a call, or the name of what is declared.
    fn open(&mut self, word: &'a [u8], by: By, class: u64) {
        let is_item = !self.is_in_body() && self.parens == 0 && !self.item.initializes && !self.item.assigns;
        if !is_item {
            if self.is_in_body() || self.item.initializes || self.item.assigns {
                self.out.calls.push(Called { name: hash(word), by });
            }
            return;
        }
        if !ATTRIBUTES.contains(&word) && self.item.callee.is_none_or(|(name, _)| is_capital(name)) {
            self.item.callee = Some((word, class));
        }
    }

    fn open_brace(&mut self, follows_word: bool) {
        if self.parens > 0 {
            // A lambda or a list among arguments; parentheses that never close must not swallow the file.
            self.scopes.push(Scope::Inner);
            return;
        }
        let item = self.item;
        if let (Some((name, class)), false) = (item.callee, item.assigns || item.is_typedef) {
            let name_of_last = self.cursor.bytes.get(..self.cursor.at.saturating_sub(1)).unwrap_or_default();
            let is_member = item.initializes && follows_word && !name_of_last.ends_with(b"try");
            if is_member {
                // `: field{1}`
                self.scopes.push(Scope::Inner);
                return;
            }
            self.define(name, class);
            self.scopes.push(Scope::Body);
            return;
        }
        let scope = match item.kind {
            Kind::Namespace => Scope::Outer { is_extern_c: false },
            Kind::Extern if item.is_extern_c && !item.assigns => Scope::Outer { is_extern_c: true },
            Kind::Class if !item.assigns => {
                let name = hash(item.class);
                self.out.types.push(name);
                Scope::Class(name)
            }
            Kind::Extern | Kind::Class | Kind::Enum | Kind::None => Scope::Inner,
        };
        self.scopes.push(scope);
        if scope != Scope::Inner {
            self.item = Item::default();
        }
    }

    fn define(&mut self, name: &'a [u8], class: u64) {
        let item = self.item;
        let class = match self.scopes.last() {
            Some(Scope::Class(class)) => *class,
            _ => class,
        };
        let is_c_linkage = !self.is_c && (item.is_extern_c || self.is_in_extern_c());
        self.out.defines.push(Defined {
            name: hash(name),
            class,
            lead: item.lead,
            is_exported: (item.is_marked || is_c_linkage) && !item.is_local,
            is_local: item.is_local,
        });
    }

    fn is_in_extern_c(&self) -> bool {
        self.is_extern_c || self.scopes.contains(&Scope::Outer { is_extern_c: true })
    }

    fn close(&mut self) {
        let closed = self.scopes.pop();
        let is_outside = !self.is_in_body();
        if is_outside && matches!(closed, Some(Scope::Body | Scope::Outer { .. }) | None) {
            self.item = Item::default();
            self.parens = 0;
        } else if let Some(Scope::Class(_)) = closed {
            self.item = Item::default();
        }
    }

    fn end_item(&mut self) {
        let item = std::mem::take(&mut self.item);
        let is_inside = matches!(self.scopes.last(), Some(Scope::Class(_) | Scope::Inner));
        if let (Some((name, _)), false) = (item.callee, item.assigns || item.is_typedef || is_inside) {
            let is_exported = item.is_marked || item.is_extern_c || self.is_in_extern_c();
            self.out.declares.push(Declared { name: hash(name), is_exported, is_marked: item.is_marked });
        }
    }

    /// A line of the preprocessor, with those it goes on in.
    fn directive(&mut self) {
        self.cursor.at += 1;
        let line = self.line();
        let mut cursor = Cursor { bytes: line, at: 0 };
        cursor.skip_space();
        match cursor.word() {
            b"include" | b"import" | b"include_next" => {
                cursor.skip_space();
                let (close, is_angled) = if cursor.peek(0) == b'<' { (b'>', true) } else { (b'"', false) };
                if matches!(cursor.peek(0), b'<' | b'"') {
                    cursor.at += 1;
                    let path = String::from_utf8_lossy(cursor.quoted(close, true)).into_owned();
                    self.out.includes.push(Include { path, is_angled });
                }
            }
            b"define" => self.macro_definition(cursor),
            b"if" | b"ifdef" | b"ifndef" => {
                let kept = if self.scopes.len() <= MOST_RESTORED { self.scopes.clone() } else { Vec::new() };
                self.conditions.push((self.scopes.len(), kept));
            }
            b"else" | b"elif" | b"elifdef" => {
                if let Some((length, kept)) = self.conditions.last() {
                    if kept.len() == *length {
                        self.scopes.clone_from(kept);
                    } else {
                        self.scopes.truncate(*length);
                    }
                }
            }
            b"endif" => drop(self.conditions.pop()),
            _ => {}
        }
    }

    /// The rest of the line, joined lines included. A comment that goes on behind its end is skipped too.
    fn line(&mut self) -> &'a [u8] {
        let start = self.cursor.at;
        let bytes = self.cursor.bytes;
        while !self.cursor.is_at_end() {
            let rest = self.cursor.rest();
            let Some(found) = memchr::memchr2(b'\n', b'/', rest) else {
                self.cursor.at = bytes.len();
                break;
            };
            self.cursor.at += found;
            let end = self.cursor.at;
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (b'\n', _) => {
                    let line = bytes.get(start..end).unwrap_or_default();
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if !line.ends_with(b"\\") {
                        return line;
                    }
                    self.cursor.at += 1;
                }
                (b'/', b'/') => {
                    self.cursor.at = memchr::memchr(b'\n', self.cursor.rest()).map_or(bytes.len(), |n| end + n);
                    return bytes.get(start..end).unwrap_or_default();
                }
                (b'/', b'*') => {
                    let close = memchr::memmem::find(self.cursor.rest(), b"*/");
                    self.cursor.at = close.map_or(bytes.len(), |close| end + close + 2);
                }
                _ => self.cursor.at += 1,
            }
        }
        bytes.get(start..).unwrap_or_default()
    }

    fn macro_definition(&mut self, mut cursor: Cursor<'a>) {
        cursor.skip_space();
        let name = cursor.word();
        let body = cursor.rest();
        if cursor.peek(0) != b'(' {
            let says = |word: &[u8]| memchr::memmem::find(body, word).is_some();
            if says(b"dllexport") || says(b"visibility(\"default\")") || says(b"visibility (\"default\")") {
                self.out.markers.push(hash(name));
            }
            return;
        }
        cursor.skip_past(b')');
        let mut is_member = false;
        while !cursor.is_at_end() {
            let byte = cursor.peek(0);
            if is_word_start(byte) {
                let word = cursor.word();
                if cursor.peek(0) == b'(' {
                    let by = if is_member { By::Member } else { By::Name };
                    self.out.calls.push(Called { name: hash(word), by });
                }
                is_member = false;
            } else if is_word(byte) {
                cursor.skip_number();
            } else {
                is_member = matches!(byte, b'.' | b'>');
                cursor.at += 1;
            }
        }
    }
}

fn is_capital(word: &[u8]) -> bool {
    word.len() > 2 && word.iter().all(|byte| !byte.is_ascii_lowercase())
}

fn is_declarations_begin(word: &[u8]) -> bool {
    word.ends_with(b"BEGIN_DECLS") || word.ends_with(b"EXTERN_C_START") || word.ends_with(b"EXTERN_C_BEGIN")
}

/// Words that mark exports by custom: `FFI_PLUGIN_EXPORT`, `FOO_API`, `JNIEXPORT`, `EMSCRIPTEN_KEEPALIVE`.
fn is_export_macro(word: &[u8]) -> bool {
    let says = |part: &[u8]| memchr::memmem::find(word, part).is_some();
    says(b"EXPORT") || says(b"KEEPALIVE") || word.ends_with(b"_API") || word.ends_with(b"_DLL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Scanned {
        super::super::scan(text.as_bytes(), Language::Cpp)
    }

    fn defines(scanned: &Scanned, class: &str, name: &str) -> bool {
        find(scanned, class, name).is_some()
    }

    fn find(scanned: &Scanned, class: &str, name: &str) -> Option<Defined> {
        let class = if class.is_empty() { 0 } else { hash(class.as_bytes()) };
        let name = hash(name.as_bytes());
        scanned.defines.iter().copied().find(|defined| defined.name == name && defined.class == class)
    }

    fn calls(scanned: &Scanned, name: &str) -> Option<By> {
        scanned.calls.iter().find(|called| called.name == hash(name.as_bytes())).map(|called| called.by)
    }

    #[test]
    fn definitions_of_all_forms_are_seen() {
        let text = r#"
            FFI_PLUGIN_EXPORT intptr_t sum(intptr_t a, intptr_t b) { return a + b; }
            static inline struct node *make(void) { return 0; }
            __attribute__((visibility("default"))) __attribute__((used)) int *seen(void (*f)(int)) { return g(1); }
            extern "C" { API(int) in_c(int a); DART(char*) made(int a) { return h(a); } }
            extern "C" int one() noexcept { return 1; }
            namespace a::b {
            template <class T> auto Two() -> T { return p->m<T>(1); }
            class EXPORTED Foo final : public Base<int> {
             public:
              Foo() : a_{1}, b_(two(2)) { init(); }
              virtual ~Foo() = default;
              int bar() const override { return x.y(); }
              int baz();
              enum E { A, B };
             private:
              int a_{0};
            };
            int Foo::baz() { if (a) { for (;;) {} } return q::r(); }
            Foo::~Foo() { close(); }
            }
            enum K { X = f(1) };
            int table[] = { one(), 2 };
            void after(void) {}
        "#;
        let scanned = scanned(text);
        for (class, name) in [
            ("", "sum"),
            ("", "make"),
            ("", "seen"),
            ("", "made"),
            ("", "one"),
            ("", "Two"),
            ("Foo", "Foo"),
            ("Foo", "bar"),
            ("Foo", "baz"),
            ("", "after"),
        ] {
            assert!(defines(&scanned, class, name), "{class}::{name} in {scanned:?}");
        }
        let exported = |name: &str| find(&scanned, "", name).is_some_and(|defined| defined.is_exported);
        assert!(exported("sum") && exported("seen") && exported("made") && exported("one"));
        assert!(!exported("make") && !exported("Two") && !exported("after"));
        assert_eq!(calls(&scanned, "g"), Some(By::Name));
        assert_eq!(calls(&scanned, "m"), Some(By::Member));
        assert_eq!(calls(&scanned, "y"), Some(By::Member));
        assert_eq!(calls(&scanned, "two"), Some(By::Name));
        assert_eq!(calls(&scanned, "init"), Some(By::Name));
        assert_eq!(calls(&scanned, "r"), Some(By::Path(hash(b"q"))));
        assert_eq!(calls(&scanned, "close"), Some(By::Name));
        assert_eq!(scanned.types, [hash(b"Foo")]);
        assert!(scanned.declares.contains(&Declared { name: hash(b"in_c"), is_exported: true, is_marked: false }));
    }

    #[test]
    fn comments_strings_and_conditions_lead_nowhere() {
        let text = "// int a() {\n/* int b() { */\nconst char *s = \"int c() {\"; char q = '{';\n\
                    auto r = R\"x(int d() { )\" )x\";\n#define E(x) \\\n  called(x); x.member(1)\n\
                    #define API __declspec(dllexport)\n#include \"p/h.h\" // {\n#include <v.h>\n\
                    #ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return 1'000;\n}\nint last() { return 0; }\n";
        let scanned = scanned(text);
        for name in ["a", "b", "c", "d"] {
            assert!(!defines(&scanned, "", name), "{name}");
        }
        assert!(defines(&scanned, "", "f") && defines(&scanned, "", "last"), "{scanned:?}");
        assert_eq!((calls(&scanned, "called"), calls(&scanned, "member")), (Some(By::Name), Some(By::Member)));
        assert_eq!(scanned.markers, [hash(b"API")]);
        let includes: Vec<_> = scanned.includes.iter().map(|i| (i.path.as_str(), i.is_angled)).collect();
        assert_eq!(includes, [("p/h.h", false), ("v.h", true)]);
    }

    #[test]
    fn hostile_text_costs_little() {
        let deep = format!("{}#if A\n#else\n", "{".repeat(200)).repeat(5_000);
        for text in [deep, "\"\\".repeat(500_000), "f(".repeat(500_000), "/*".repeat(500_000), "#".repeat(500_000)] {
            let start = std::time::Instant::now();
            scanned(&text);
            assert!(start.elapsed().as_secs() < 10);
        }
    }
}
