//! Macros that stand for attributes, and those that stand for statements: the one become blanks, the other get the
//! semicolon that the grammar wants.

use super::attributes::{attributes_in, attributes_of};
use super::brackets::{in_body, partners};
use super::lex::{Kind, Token};
use super::names::{CLOSES_C, OPENS_C, Word, attribute, takes_arguments};
use super::prepare::{Marker, MarkerKind};
use super::{Defines, Dialect, Edits};
use crate::source::Span;

/// Blanks the attributes among the live tokens.
pub(super) fn blank(
    text: &str,
    live: &[Token],
    dialect: Dialect,
    defines: &Defines<'_>,
    edits: &mut Edits,
    opaque: &mut Vec<Span>,
) -> Vec<Marker> {
    let words = live.iter().map(|token| match token.kind {
        Kind::Identifier => Word::of(token.text(text)),
        _ => Word::default(),
    });
    let names = || live.iter().filter(|token| token.kind == Kind::Identifier).map(|token| token.text(text));
    let (opens, closes) = names().fold((0_usize, 0_usize), |(opens, closes), name| {
        (opens + usize::from(OPENS_C.contains(&name)), closes + usize::from(CLOSES_C.contains(&name)))
    });
    let mut pass = Pass {
        text,
        live,
        words: words.collect(),
        partner: partners(live),
        in_body: in_body(text, live),
        is_cpp: dialect == Dialect::Cpp,
        has_regions: opens + closes > 0,
        regions: opens == closes,
        defines,
        edits,
        opaque,
        markers: Vec::new(),
        gone: vec![false; live.len()],
        ended: None,
    };
    let mut at = 0;
    while at < live.len() {
        at = pass.step(at).max(at + 1);
    }
    pass.markers
}

struct Pass<'a, 't> {
    text: &'t str,
    live: &'a [Token],
    /// What is known of each token that is an identifier.
    words: Vec<Word>,
    /// For each opening bracket the token that closes it.
    partner: Vec<u32>,
    /// For each token whether it stands in a function's body.
    in_body: Vec<bool>,
    is_cpp: bool,
    /// Macros open or close `extern "C"`.
    has_regions: bool,
    /// They come in pairs.
    regions: bool,
    defines: &'a Defines<'a>,
    edits: &'a mut Edits,
    opaque: &'a mut Vec<Span>,
    markers: Vec<Marker>,
    /// Tokens that are blanks now.
    gone: Vec<bool>,
    /// The last token of a macro call that got a semicolon.
    ended: Option<usize>,
}

impl<'t> Pass<'_, 't> {
    /// Looks at one token; gives the next to look at.
    fn step(&mut self, at: usize) -> usize {
        if self.is(at, b'{') && at > 0 && self.is(at - 1, b'=') && self.is(at + 1, b'}') {
            // `f(T t = {})`: no default value to the grammar.
            if self.is_cpp && (self.is(at + 2, b',') || self.is(at + 2, b')')) {
                let start = self.live.get(at).map_or(0, |token| token.start);
                self.blank_tokens(at, at + 1, MarkerKind::Nothing);
                self.edits.write(start, b"0");
            }
            return at + 2;
        }
        let Some(token) = self.live.get(at).filter(|token| token.kind == Kind::Identifier) else { return at + 1 };
        let (word, known) = (token.text(self.text), self.known(at));
        if takes_arguments(word, known)
            && let Some(close) = self.group(at + 1)
        {
            self.attribute_with_arguments(word, at, close);
            return close + 1;
        }
        if let Some(kind) = self.defined_attribute(word, known) {
            let end = self.group(at + 1).filter(|_| kind.1).unwrap_or(at);
            self.blank_tokens(at, end, kind.0);
            return end + 1;
        }
        match word {
            "g_autoptr" | "g_auto" | "g_autolist" | "g_autoslist" => {
                if let Some(close) = self.group(at + 1) {
                    self.autoptr(word, at, close);
                    return close + 1;
                }
            }
            "g_autofree" => {
                self.blank_tokens(at, at, MarkerKind::Cleanup("g_free".into(), false));
                return at + 1;
            }
            // systemd's, which many projects took over.
            "_cleanup_free_" => {
                self.blank_tokens(at, at, MarkerKind::Cleanup("free".into(), false));
                return at + 1;
            }
            "EXTERN_C" => {
                self.blank_tokens(at, at, MarkerKind::ExternC(false));
                return at + 1;
            }
            _ if self.has_regions && (OPENS_C.contains(&word) || CLOSES_C.contains(&word)) => {
                self.blank_tokens(at, at, MarkerKind::Nothing);
                if self.is_cpp && self.regions {
                    let sign: &[u8] = if OPENS_C.contains(&word) { b"extern \"C\" {" } else { b"}" };
                    self.edits.write(token.start, sign);
                }
                return at + 1;
            }
            _ => {}
        }
        if let Some(next) = self.pointer_to_function(at).or_else(|| self.conventions_of_alias(at)) {
            return next;
        }
        if let Some(kind) = attribute(word, known)
            && let Some(next) = self.attribute_by_name(at, kind)
        {
            return next;
        }
        if let Some(next) = self.grammar_gap(at, word) {
            return next;
        }
        if word == "auto" && !self.is_cpp && self.is_plain_name(at + 1) && self.is(at + 2, b'=') {
            // C23: the grammar of C wants a type.
            self.edits.write(token.start, b"Auto");
            return at + 1;
        }
        if self.is_plain_name(at)
            && !known.declares()
            && let Some(next) = self.head(at)
        {
            return next;
        }
        if known.is_macro() {
            return self.shouting(at);
        }
        // `static int av_cold f(`, `const char *CALL f(`: a word between a type and a name.
        if self.is_plain_name(at)
            && !known.declares()
            && at > 0
            && self.ends_type(at - 1)
            && self.names_function(at + 1)
        {
            self.blank_tokens(at, at, MarkerKind::Nothing);
        }
        at + 1
    }

    /// `T (CALL *name)(`, `T (CALLP name)(`: the word before the star or name.
    fn pointer_to_function(&mut self, at: usize) -> Option<usize> {
        let word = self.word(at);
        if at < 2
            || !self.is(at - 1, b'(')
            || !self.known(at).is_shouting()
            || !(self.is_plain_name(at - 2) || self.ends_type(at - 2) || self.is(at - 2, b'*'))
        {
            return None;
        }
        if self.is(at + 1, b'*') && self.is_plain_name(at + 2) && self.is(at + 3, b')') && self.is(at + 4, b'(') {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return Some(at + 1);
        }
        if self.is_plain_name(at + 1) && self.is(at + 2, b')') && self.is(at + 3, b'(') && word.ends_with('P') {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            let start = self.live.get(at).map_or(0, |token| token.start);
            self.edits.write(start, b"*");
            return Some(at + 1);
        }
        None
    }

    /// What the grammars cannot read although it is plain C or C++.
    fn grammar_gap(&mut self, at: usize, word: &str) -> Option<usize> {
        // `new char*[n]`, `new char*(p)`: the stars are remembered.
        if word == "new" && self.is_cpp {
            let mut end = at + 1;
            while self.live.get(end).is_some_and(|token| token.kind == Kind::Identifier) || self.is(end, b':') {
                end += 1;
            }
            let stars = (end..end + 4).take_while(|&index| self.is(index, b'*')).count();
            if end > at + 1 && stars > 0 && b"[({".iter().any(|open| self.is(end + stars, *open)) {
                self.blank_tokens(end, end + stars - 1, MarkerKind::Stars(stars as u32));
                if self.word(at + 1) == "const" {
                    self.blank_tokens(at + 1, at + 1, MarkerKind::Nothing);
                }
                return Some(end);
            }
        }
        // `list_for_each(a, b) {`: a loop whose head nobody knows; what is no loop is a condition.
        if self.in_body.get(at) == Some(&true)
            && word.len() >= 5
            && self.is_plain_name(at)
            && self.is_start(at)
            && let Some(close) = self.group(at + 1)
            && self.is(close + 1, b'{')
        {
            let start = self.live.get(at).map_or(0, |token| token.start);
            let lower = word.to_ascii_lowercase();
            let loops =
                lower.contains("each") || lower.contains("for") || lower.contains("loop") || lower.contains("iter");
            let kind = if loops { MarkerKind::ForEach } else { MarkerKind::Nothing };
            self.blank_tokens(at, at, kind);
            self.edits.write(start, if loops { b"while" } else { b"if" });
            return Some(at + 1);
        }
        // `STACK_OF(T) *s`
        if matches!(word, "STACK_OF" | "LHASH_OF")
            && let Some(close) = self.group(at + 1)
        {
            self.blank_tokens(at, at + 1, MarkerKind::Nothing);
            self.blank_tokens(close, close, MarkerKind::Nothing);
            return Some(at + 2);
        }
        let is_text = |index: usize| {
            self.live
                .get(index)
                .is_some_and(|token| token.kind == Kind::Literal && token.text(self.text).ends_with('"'))
        };
        // `"%" PRId64 "\n"`
        if at > 0 && is_text(at - 1) && self.is_plain_name(at) && !(self.is_cpp && word.starts_with('_')) && word != "s"
        {
            let ends = is_text(at + 1) || self.is(at + 1, b',') || self.is(at + 1, b')');
            if ends {
                self.blank_tokens(at, at, MarkerKind::Nothing);
                return Some(at + 1);
            }
        }
        // `f(SIZED(n) void *p)`
        if self.known(at).is_shouting()
            && at > 0
            && (self.is(at - 1, b'(') || self.is(at - 1, b','))
            && let Some(close) = self.group(at + 1)
            && (self.known(close + 1).declares() && !self.is(close + 2, b'('))
        {
            self.blank_tokens(at, close, MarkerKind::Nothing);
            return Some(close + 1);
        }
        None
    }

    /// `using F = T __stdcall(A);`: the grammar wants the pointer.
    fn conventions_of_alias(&mut self, at: usize) -> Option<usize> {
        let token = *self.live.get(at)?;
        let is_convention =
            matches!(self.word(at), "__stdcall" | "__cdecl" | "__fastcall" | "WINAPI" | "CALLBACK" | "APIENTRY");
        if !is_convention || at < 4 || !self.is(at + 1, b'(') || !self.is(at - 2, b'=') || self.word(at - 4) != "using"
        {
            return None;
        }
        self.blank_tokens(at, at, MarkerKind::Nothing);
        self.edits.write(token.start, b"(*)");
        Some(at + 1)
    }

    /// The words a declaration begins with, where there are more than a type and a name.
    fn head(&mut self, at: usize) -> Option<usize> {
        let before = self.before(at).map_or("", |before| self.word(before));
        let in_params = matches!(before, "(" | ",");
        let starts = self.is_start(at) || matches!(before, "static" | "extern" | "inline" | "virtual" | "constexpr");
        if !(starts || (in_params && self.known(at).is_shouting())) {
            return None;
        }
        let is_name = |index: usize| self.is_plain_name(index) && !self.known(index).declares();
        let mut end = at;
        while end < at + 16 && is_name(end) {
            end += 1;
        }
        let count = end - at;
        let next = self.word(end);
        // `local int f(`, `FOO const char* f(`
        let is_const = next == "const";
        let after_const = is_const
            && (self.known(end + 1).declares() || (is_name(end + 1) && (is_name(end + 2) || self.is(end + 2, b'*'))));
        let declares_next = self.known(end).declares() && !is_const && !matches!(next, "volatile" | "auto");
        if (declares_next || after_const) && !self.is_label_before(at) {
            // A lone type may stand before `static` or `struct` in no language.
            self.blank_each(at, end);
            return Some(end);
        }
        if starts {
            let stars = (end..end + 4).take_while(|&index| self.is(index, b'*') || self.is(index, b'&')).count();
            let is_declared = matches!(next, "(" | ";" | "=" | "[" | ",");
            if stars == 0 && count >= 3 && is_declared {
                let kept = (at..end - 1).rev().find(|&index| !self.known(index).is_macro());
                let kept = kept.unwrap_or(end - 2);
                self.blank_each(at, kept);
                self.blank_each(kept + 1, end - 1);
                return Some(end);
            }
            let ends = |index: usize| {
                self.is(index, b'(') || self.is(index, b';') || self.is(index, b'=') || self.is(index, b'[')
            };
            if stars > 0 && count >= 2 && is_name(end + stars) && ends(end + stars + 1) {
                self.blank_each(at, end - 1);
                return Some(end);
            }
            // `import("x") extern int f();`
            if count == 1
                && !self.known(at).is_shouting()
                && let Some(close) = self.group(at + 1)
                && !self.same_line(close, close + 1)
                && ((self.known(close + 1).declares() && !matches!(self.word(close + 1), "const" | "volatile"))
                    || self.is(close + 1, b'}'))
            {
                return Some(self.shouting_call(at, close, true));
            }
            if count == 1
                && let Some(close) = self.group(at + 1)
                && self.known(close + 1).declares()
                && !matches!(self.word(close + 1), "const" | "volatile" | "auto")
                && self.same_line(close, close + 1)
                && !self.known(at).is_shouting()
            {
                self.blank_tokens(at, close, MarkerKind::Nothing);
                return Some(close + 1);
            }
            return None;
        }
        // `(OUT Mat* m, IN Mat n)`
        let pointer =
            count == 2 && (self.is(end, b'*') || self.is(end, b'&')) && (is_name(end + 1) || self.is(end + 1, b'*'));
        if count >= 3 || pointer {
            let last = if pointer { end - 1 } else { end - 2 };
            self.blank_each(at, last);
            return Some(end);
        }
        None
    }

    /// `case FOO int`: no declaration.
    fn is_label_before(&self, at: usize) -> bool {
        at > 0 && matches!(self.word(at - 1), "case" | "goto" | "return")
    }

    fn blank_each(&mut self, from: usize, to: usize) {
        for index in from..to {
            let word = self.word(index);
            let kind = match attribute(word, self.known(index)) {
                Some(kind) => kind,
                None if word.to_ascii_uppercase().contains("EXPORT") => MarkerKind::Export,
                None => MarkerKind::Nothing,
            };
            self.blank_tokens(index, index, kind);
        }
    }

    fn word(&self, at: usize) -> &'t str {
        self.live.get(at).map_or("", |token| token.text(self.text))
    }

    fn known(&self, at: usize) -> Word {
        self.words.get(at).copied().unwrap_or_default()
    }

    fn is(&self, at: usize, sign: u8) -> bool {
        self.live.get(at).is_some_and(|token| token.is(sign))
    }

    /// The token that closes the parenthesis at `at`.
    fn group(&self, at: usize) -> Option<usize> {
        if !self.is(at, b'(') {
            return None;
        }
        self.partner.get(at).map(|&close| close as usize).filter(|&close| close > at)
    }

    fn is_plain_name(&self, at: usize) -> bool {
        self.live.get(at).is_some_and(|token| token.kind == Kind::Identifier) && !self.known(at).is_keyword()
    }

    /// The last token before that is no blank.
    fn before(&self, at: usize) -> Option<usize> {
        (0..at).rev().take(64).find(|&index| self.gone.get(index) == Some(&false))
    }

    /// Whether a declaration or statement can begin here.
    fn is_start(&self, at: usize) -> bool {
        match self.before(at) {
            None => true,
            Some(before) => {
                self.ended == Some(before)
                    || self.is(before, b';')
                    || self.is(before, b'{')
                    || self.is(before, b'}')
                    || self.is_label_colon(before)
            }
        }
    }

    /// `public:`; not `a ? B : C`, not `class A : B`.
    fn is_label_colon(&self, at: usize) -> bool {
        self.is(at, b':')
            && at > 0
            && matches!(self.word(at - 1), "public" | "private" | "protected" | "default" | "slots" | "signals")
    }

    /// `int` or `int*` ends here.
    fn ends_type(&self, at: usize) -> bool {
        let mut index = at;
        while self.is(index, b'*') && index > 0 {
            index -= 1;
        }
        self.known(index).is_primitive() && self.gone.get(index) == Some(&false)
    }

    /// `name (`
    fn names_function(&self, at: usize) -> bool {
        self.is_plain_name(at) && !self.known(at).declares() && self.is(at + 1, b'(')
    }

    /// A macro of this file whose every definition is made of attributes; whether it takes arguments.
    fn defined_attribute(&self, word: &str, known: Word) -> Option<(MarkerKind, bool)> {
        let bodies = self.defines.get(word)?;
        let mut all = MarkerKind::Nothing;
        for body in bodies {
            match (attributes_of(body)?, &all) {
                (MarkerKind::Nothing, _) => {}
                (kind @ MarkerKind::ExternC(_), _) => all = kind,
                (_, MarkerKind::ExternC(false)) => all = MarkerKind::ExternC(true),
                (kind, MarkerKind::Nothing) => all = kind,
                _ => {}
            }
        }
        if all == MarkerKind::Nothing && attribute(word, known) == Some(MarkerKind::Export) {
            all = MarkerKind::Export;
        }
        Some((all, false))
    }

    fn attribute_with_arguments(&mut self, word: &str, at: usize, close: usize) {
        let (Some(open), Some(end)) = (self.live.get(at + 1), self.live.get(close)) else { return };
        let inner = self.text.get(open.end..end.start).unwrap_or("");
        let kinds = match word {
            "__attribute__" | "__attribute" | "__declspec" | "_declspec" => attributes_in(inner),
            _ => Vec::new(),
        };
        self.blank_tokens(at, close, MarkerKind::Nothing);
        let span = Span::new(self.live.get(at).map_or(0, |token| token.start) as u32, end.end as u32);
        self.markers.extend(kinds.into_iter().map(|kind| Marker { span, kind }));
    }

    /// `g_autoptr(T) x` becomes `T* x`.
    fn autoptr(&mut self, word: &str, at: usize, close: usize) {
        let (Some(open), Some(end)) = (self.live.get(at + 1), self.live.get(close)) else { return };
        let ty = self.text.get(open.end..end.start).unwrap_or("").trim();
        let cleanup = match word {
            "g_autoptr" => MarkerKind::Cleanup(format!("glib_autoptr_cleanup_{ty}"), true),
            "g_auto" => MarkerKind::Cleanup(format!("glib_auto_cleanup_{ty}"), true),
            "g_autolist" => MarkerKind::Cleanup(format!("glib_listautoptr_cleanup_{ty}"), true),
            _ => MarkerKind::Cleanup(format!("glib_slistautoptr_cleanup_{ty}"), true),
        };
        self.blank_tokens(at, at + 1, cleanup);
        self.blank_tokens(close, close, MarkerKind::Nothing);
        if word != "g_auto" {
            self.edits.write(end.start, b"*");
        }
    }

    /// An attribute known by its name, where it can be one; gives the next token to look at.
    fn attribute_by_name(&mut self, at: usize, kind: MarkerKind) -> Option<usize> {
        let next = self.live.get(at + 1)?;
        // `X_API(int) f(`: the type stays.
        if next.is(b'(')
            && !matches!(kind, MarkerKind::Annotation(..))
            && let Some(close) = self.group(at + 1)
            && self.is_plain_name(close + 1)
            && (self.is_start(at) || matches!(self.word(at.wrapping_sub(1)), "extern" | "static"))
            && self.same_line(close, close + 1)
        {
            self.blank_tokens(at, at + 1, kind);
            self.blank_tokens(close, close, MarkerKind::Nothing);
            return Some(at + 2);
        }
        let declares_next = match next.kind {
            Kind::Identifier => true,
            Kind::Literal => false,
            Kind::Sign(sign) => match kind {
                MarkerKind::Annotation(..) => true,
                _ => {
                    matches!(sign, b'~' | b'*' | b':' | b'[')
                        || self.is_attribute_place(at)
                        || self.word(at).ends_with("NULLABLE")
                        || self.word(at).ends_with("NONNULL")
                }
            },
            Kind::Directive => false,
        };
        if !declares_next || matches!(self.word(at + 1), "and" | "or") {
            return None;
        }
        // `FOO_API::x`, `case FOO_API:`
        if next.is(b':') && (self.is(at + 2, b':') || self.word(at.wrapping_sub(1)) == "case") {
            return None;
        }
        self.blank_tokens(at, at, kind);
        Some(at + 1)
    }

    /// After a parameter list: `void f() NOEXCEPT;`, in a function pointer: `(WINAPI* f)`.
    fn is_attribute_place(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        before.is_some_and(|before| self.is(before, b')')) && (self.is(at + 1, b'{') || self.is(at + 1, b';'))
    }

    fn same_line(&self, left: usize, right: usize) -> bool {
        let (Some(left), Some(right)) = (self.live.get(left), self.live.get(right)) else { return false };
        self.text.get(left.end..right.start).is_some_and(|between| !between.contains('\n'))
    }

    /// A word in capitals that nobody knows.
    fn shouting(&mut self, at: usize) -> usize {
        let starts =
            self.is_start(at) || matches!(self.word(at.wrapping_sub(1)), "static" | "extern" | "inline" | "virtual");
        // `class FOO Bar {`
        if matches!(self.word(at.wrapping_sub(1)), "class" | "struct" | "union")
            && self.is_plain_name(at + 1)
            && (self.is(at + 2, b'{') || self.is(at + 2, b':') || self.is(at + 2, b';') || self.word(at + 2) == "final")
        {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        if let Some(close) = self.group(at + 1) {
            return self.shouting_call(at, close, starts);
        }
        // `int FOO f(`, `* FOO f(`
        let after_star = at > 0 && self.is(at - 1, b'*') && !starts;
        if at > 0 && (self.ends_type(at - 1) || after_star) && self.names_function(at + 1) {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // `f() FOO {`
        if at > 0 && self.is(at - 1, b')') && self.is(at + 1, b'{') {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // A line of its own: `Q_OBJECT`, `END_WRAP`.
        let follows = match self.live.get(at + 1) {
            None => true,
            Some(next) if next.kind == Kind::Identifier => {
                next.text(self.text) == "const" || !is_keyword_operator(next.text(self.text))
            }
            // `{ A }` may be an enum.
            Some(next) => {
                next.is(b'~')
                    || next.is(b'#')
                    || (next.is(b'*') && self.in_body.get(at) == Some(&true))
                    || (next.is(b'}') && self.before(at).is_none_or(|before| !self.is(before, b'{')))
            }
        };
        if starts && follows && (at + 1 >= self.live.len() || !self.same_line(at, at + 1)) {
            self.blank_tokens(at, at, MarkerKind::Nothing);
        }
        at + 1
    }

    /// `FOO(x)` without a semicolon gets one; around the type of a function it is an attribute.
    fn shouting_call(&mut self, at: usize, close: usize, starts: bool) -> usize {
        let next_line = !self.same_line(close, close + 1);
        let after_condition =
            next_line && at > 0 && (self.is(at - 1, b')') || matches!(self.word(at - 1), "else" | "do"));
        let after_static = matches!(self.word(at.wrapping_sub(1)), "static" | "extern" | "inline");
        if (starts || after_static) && self.wraps_type(at + 1, close) {
            self.blank_tokens(at, at + 1, attribute(self.word(at), self.known(at)).unwrap_or(MarkerKind::Nothing));
            self.blank_tokens(close, close, MarkerKind::Nothing);
            return at + 2;
        }
        let follows = match self.live.get(close + 1) {
            None => true,
            // Outside functions `FOO(x);` declares something that nobody knows.
            Some(next) if next.is(b';') && self.in_body.get(at) == Some(&false) => true,
            Some(next) => {
                next.kind == Kind::Identifier && !is_keyword_operator(next.text(self.text))
                    || (next.is(b'}') && next_line)
                    || (next.is(b'*') && next_line)
                    || next.is(b'#')
            }
        };
        if !(starts || after_condition) || !follows {
            return at + 1;
        }
        let (Some(first), Some(end)) = (self.live.get(at), self.live.get(close).map(|token| token.end)) else {
            return at + 1;
        };
        self.opaque.push(Span::new(first.start as u32, end as u32));
        // The byte after it becomes the semicolon, if that cuts no comment and joins no directive to the line.
        if self.in_body.get(at) == Some(&false) {
            self.blank_tokens(at, close, MarkerKind::Nothing);
            return close + 1;
        }
        let is_blank = self.text.as_bytes().get(end).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        let below = self.text.get(end + 1..).unwrap_or("").trim_start_matches([' ', '\t', '\r', '\n']);
        let joins = below.starts_with('#') && self.text.as_bytes().get(end) == Some(&b'\n');
        if is_blank && !joins {
            self.edits.write(end, b";");
            self.ended = Some(close);
        } else {
            self.blank_tokens(at, close, MarkerKind::Nothing);
        }
        at + 1
    }

    /// `FOO(int) f(int a) {`: the macro stands around the type of a declaration.
    fn wraps_type(&self, open: usize, close: usize) -> bool {
        let inside = open + 1..close;
        let is_type = !inside.is_empty()
            && inside.len() <= 5
            && inside.clone().all(|index| {
                self.is(index, b'*') || self.live.get(index).is_some_and(|token| token.kind == Kind::Identifier)
            });
        if !is_type || !self.names_function(close + 1) {
            return false;
        }
        let Some(end) = self.group(close + 2) else { return false };
        let is_declared = |index: usize| self.is_plain_name(index) || self.is(index, b'*');
        let first = close + 3;
        let outside = self.in_body.get(open) == Some(&false);
        self.is(end + 1, b'{')
            || (self.known(first).declares() && !self.is(first + 1, b'('))
            || (outside && self.known(first).is_sal())
            || ((outside || self.is(end + 1, b';')) && self.is_plain_name(first) && is_declared(first + 1))
    }

    fn blank_tokens(&mut self, from: usize, to: usize, kind: MarkerKind) {
        let (Some(first), Some(last)) = (self.live.get(from), self.live.get(to)) else { return };
        self.edits.blank(first.start, last.end);
        for gone in self.gone.iter_mut().take(to + 1).skip(from) {
            *gone = true;
        }
        if kind != MarkerKind::Nothing {
            self.markers.push(Marker { span: Span::new(first.start as u32, last.end as u32), kind });
        }
    }
}

/// Words that cannot follow a finished statement.
fn is_keyword_operator(word: &str) -> bool {
    matches!(word, "else" | "and" | "or" | "not" | "const" | "noexcept" | "override" | "final" | "while")
}
