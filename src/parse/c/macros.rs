//! Macros that stand for attributes, and those that stand for statements: the one become blanks, the other get the
//! semicolon that the grammar wants.

use super::lex::{Kind, Token, tokens};
use super::names::{
    CLOSES_C, OPENS_C, attribute, declares, is_keyword, is_primitive, is_shouting, is_type, takes_arguments,
};
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
    let opens = live.iter().filter(|token| OPENS_C.contains(&token.text(text))).count();
    let closes = live.iter().filter(|token| CLOSES_C.contains(&token.text(text))).count();
    let mut pass = Pass {
        text,
        live,
        partner: partners(live),
        is_cpp: dialect == Dialect::Cpp,
        regions: opens == closes,
        defines,
        edits,
        opaque,
        markers: Vec::new(),
        gone: vec![false; live.len()],
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
    /// For each opening bracket the token that closes it.
    partner: Vec<u32>,
    is_cpp: bool,
    /// Macros that open and close `extern "C"` come in pairs.
    regions: bool,
    defines: &'a Defines<'a>,
    edits: &'a mut Edits,
    opaque: &'a mut Vec<Span>,
    markers: Vec<Marker>,
    /// Tokens that are blanks now.
    gone: Vec<bool>,
}

impl<'t> Pass<'_, 't> {
    /// Looks at one token; gives the next to look at.
    fn step(&mut self, at: usize) -> usize {
        let Some(token) = self.live.get(at).filter(|token| token.kind == Kind::Identifier) else { return at + 1 };
        let word = token.text(self.text);
        if takes_arguments(word)
            && let Some(close) = self.group(at + 1)
        {
            self.attribute_with_arguments(word, at, close);
            return close + 1;
        }
        if let Some(kind) = self.defined_attribute(word) {
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
            "EXTERN_C" => {
                self.blank_tokens(at, at, MarkerKind::ExternC(false));
                return at + 1;
            }
            _ if OPENS_C.contains(&word) || CLOSES_C.contains(&word) => {
                self.blank_tokens(at, at, MarkerKind::Nothing);
                if self.is_cpp && self.regions {
                    let sign: &[u8] = if OPENS_C.contains(&word) { b"extern \"C\" {" } else { b"}" };
                    self.edits.write(token.start, sign);
                }
                return at + 1;
            }
            _ => {}
        }
        if let Some(kind) = attribute(word)
            && let Some(next) = self.attribute_by_name(at, kind)
        {
            return next;
        }
        if is_shouting(word) && !self.is_type_here(word) {
            return self.shouting(at);
        }
        // `static int av_cold f(`: a word between a type and a name.
        if self.is_plain_name(at) && !declares(word) && at > 0 && self.ends_type(at - 1) && self.names_function(at + 1)
        {
            self.blank_tokens(at, at, MarkerKind::Nothing);
        }
        at + 1
    }

    fn word(&self, at: usize) -> &'t str {
        self.live.get(at).map_or("", |token| token.text(self.text))
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
        self.live.get(at).is_some_and(|token| token.kind == Kind::Identifier) && !is_keyword(self.word(at))
    }

    fn is_type_here(&self, word: &str) -> bool {
        is_type(word)
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
                self.is(before, b';') || self.is(before, b'{') || self.is(before, b'}') || self.is_label_colon(before)
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
        is_primitive(self.word(index)) && self.gone.get(index) == Some(&false)
    }

    /// `name (`
    fn names_function(&self, at: usize) -> bool {
        self.is_plain_name(at) && !declares(self.word(at)) && self.is(at + 1, b'(')
    }

    /// A macro of this file whose every definition is made of attributes; whether it takes arguments.
    fn defined_attribute(&self, word: &str) -> Option<(MarkerKind, bool)> {
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
        if all == MarkerKind::Nothing && attribute(word) == Some(MarkerKind::Export) {
            all = MarkerKind::Export;
        }
        Some((all, false))
    }

    fn attribute_with_arguments(&mut self, word: &str, at: usize, close: usize) {
        let (Some(open), Some(end)) = (self.live.get(at + 1), self.live.get(close)) else { return };
        let inner = self.text.get(open.end..end.start).unwrap_or("");
        let kinds = match word {
            "__attribute__" | "__attribute" | "__declspec" | "_declspec" => attributes_in(inner),
            _ if super::names::is_sal(word) => vec![MarkerKind::Annotation(word.into(), vec![inner.trim().into()])],
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
                _ => matches!(sign, b'~' | b'*' | b':' | b'[') || self.is_attribute_place(at),
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
        let next = self.word(at + 1);
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
        // `FOO int f(`
        if starts && declares(next) && next != "const" {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        if starts && next == "const" && self.follows_type_and_name(at + 1) {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // `int FOO f(`
        if at > 0 && self.ends_type(at - 1) && self.names_function(at + 1) {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // `FOO Bar baz(` and `Bar FOO baz(`
        if self.is_plain_name(at + 1) && self.follows_type_and_name(at) && starts {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        if at > 0 && self.is_plain_name(at - 1) && self.is_start(at - 1) && self.names_function(at + 1) {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // `f() FOO {`
        if at > 0 && self.is(at - 1, b')') && self.is(at + 1, b'{') {
            self.blank_tokens(at, at, MarkerKind::Nothing);
            return at + 1;
        }
        // A line of its own: `Q_OBJECT`.
        let is_alone = starts
            && self
                .live
                .get(at + 1)
                .is_some_and(|next| next.kind == Kind::Identifier && !is_keyword_operator(next.text(self.text)))
            && !self.same_line(at, at + 1);
        if is_alone {
            self.blank_tokens(at, at, MarkerKind::Nothing);
        }
        at + 1
    }

    /// `type * & name (` from `at + 1` on, `at` before it.
    fn follows_type_and_name(&self, at: usize) -> bool {
        let mut index = at + 1;
        if matches!(self.word(index), "const" | "struct") {
            index += 1;
        }
        if !self.is_plain_name(index) {
            return false;
        }
        index += 1;
        while self.is(index, b'*') || self.is(index, b'&') {
            index += 1;
        }
        self.is_plain_name(index) && (self.is(index + 1, b'(') || self.is(index + 1, b';') || self.is(index + 1, b'='))
    }

    /// `FOO(x)` without a semicolon gets one; before a declaration on its line it is an attribute.
    fn shouting_call(&mut self, at: usize, close: usize, starts: bool) -> usize {
        let Some(next) = self.live.get(close + 1) else { return at + 1 };
        let follows = next.kind == Kind::Identifier && !is_keyword_operator(next.text(self.text))
            || (next.is(b'}') && !self.same_line(close, close + 1))
            || next.is(b'#');
        if !starts || !follows {
            return at + 1;
        }
        let Some(end) = self.live.get(close).map(|token| token.end) else { return at + 1 };
        // The byte after it becomes the semicolon, if that cuts no comment and joins no directive to the line.
        let is_blank =
            |at: usize| self.edits.bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
        let next_line = self.text.get(end + 1..).unwrap_or("").trim_start_matches([' ', '\t']);
        if is_blank(end) && !next_line.starts_with('#') {
            self.edits.write(end, b";");
        }
        if let Some(token) = self.live.get(at) {
            self.opaque.push(Span::new(token.start as u32, end as u32));
        }
        at + 1
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

/// For each opening parenthesis the token that closes it; 0 where none does. A closing brace closes what was left open
/// since its partner.
fn partners(live: &[Token]) -> Vec<u32> {
    let mut partners = vec![0; live.len()];
    let mut open: Vec<usize> = Vec::new();
    let is = |index: &usize, sign: u8| live.get(*index).is_some_and(|token| token.is(sign));
    for (index, token) in live.iter().enumerate() {
        if token.is(b'(') || token.is(b'{') {
            open.push(index);
        } else if token.is(b')') && open.last().is_some_and(|last| is(last, b'(')) {
            if let Some(partner) = open.pop().and_then(|open| partners.get_mut(open)) {
                *partner = index as u32;
            }
        } else if token.is(b'}') {
            while open.pop().is_some_and(|last| !is(&last, b'{')) {}
        }
    }
    partners
}

/// What a macro's body says if it is made of attributes alone.
fn attributes_of(body: &str) -> Option<MarkerKind> {
    let tokens = tokens(body);
    let (mut extern_c, mut export, mut local) = (false, false, false);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let word = token.text(body);
        match (token.kind, word) {
            (Kind::Identifier, "extern") => {
                if tokens.get(at + 1).is_some_and(|next| next.text(body) == "\"C\"") {
                    extern_c = true;
                    at += 1;
                }
            }
            (Kind::Identifier, "static") => local = true,
            (
                Kind::Identifier,
                "inline" | "const" | "virtual" | "noexcept" | "override" | "final" | "constexpr" | "volatile",
            ) => {}
            (Kind::Identifier, _) if takes_arguments(word) && tokens.get(at + 1).is_some_and(|next| next.is(b'(')) => {
                let close = partners(&tokens).get(at + 1).copied().unwrap_or(0) as usize;
                if close <= at {
                    return None;
                }
                let inner =
                    tokens.get(at + 1).zip(tokens.get(close)).and_then(|(open, close)| body.get(open.end..close.start));
                export |= attributes_in(inner.unwrap_or("")).contains(&MarkerKind::Export);
                at = close;
            }
            (Kind::Identifier, _) => match attribute(word)? {
                MarkerKind::Export => export = true,
                _ => {}
            },
            (Kind::Sign(b'['), _) => {
                // `[[nodiscard]]`
                let length = tokens.iter().skip(at).position(|token| token.is(b']'))?;
                at += length + usize::from(tokens.get(at + length + 1).is_some_and(|token| token.is(b']')));
            }
            _ => return None,
        }
        at += 1;
    }
    Some(match (extern_c, export, local) {
        (true, export, _) => MarkerKind::ExternC(export),
        (_, true, _) => MarkerKind::Export,
        (_, _, true) => MarkerKind::Local,
        _ => MarkerKind::Nothing,
    })
}

/// The attributes in `((…))` or `(…)`, the outer parentheses left out.
fn attributes_in(inner: &str) -> Vec<MarkerKind> {
    let tokens = tokens(inner);
    let mut kinds = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.kind != Kind::Identifier {
            continue;
        }
        let word = token.text(inner);
        let plain = word.trim_matches('_');
        let mut arguments = Vec::new();
        if tokens.get(at).is_some_and(|next| next.is(b'(')) {
            at += 1;
            while let Some(argument) = tokens.get(at).filter(|token| !token.is(b')')) {
                if matches!(argument.kind, Kind::Identifier | Kind::Literal) {
                    arguments.push(argument.text(inner).trim_matches('"').to_owned());
                }
                at += 1;
            }
        }
        match plain {
            "visibility" if arguments.iter().any(|argument| argument == "default") => kinds.push(MarkerKind::Export),
            "dllexport" | "used" | "export_name" => kinds.push(MarkerKind::Export),
            "malloc" | "ownership_returns" | "ownership_takes" | "ownership_holds" | "warn_unused_result"
            | "returns_nonnull" => {
                kinds.push(MarkerKind::Annotation(plain.to_owned(), arguments));
            }
            "cleanup" => kinds.extend(arguments.into_iter().next().map(|function| MarkerKind::Cleanup(function, true))),
            _ => {}
        }
    }
    kinds
}
