//! Macros of a file that write out structs: `DEFINE_HANDLE(Image)`.

use rustc_hash::FxHashMap;

use super::brackets::{in_body, partners};
use super::lex::{Kind, Token, tokens};
use super::prepare::Define;
use crate::source::Span;

/// The most calls of such macros that are written out in one file.
const MAX_EXPANSIONS: usize = 1_000;

/// What a call of a macro outside of functions stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The declarations.
    pub text: String,
    /// The call.
    pub span: Span,
}

/// What the macros that declare structs stand for where they are called. Macros in their bodies stay as they are.
pub(super) fn expansions(text: &str, live: &[Token], defines: &[Define]) -> Vec<Expansion> {
    let mut structs: FxHashMap<&str, Option<&Define>> = FxHashMap::default();
    for define in defines.iter().filter(|define| define.params.is_some() && declares_struct(&define.body)) {
        // Which of two is meant nobody knows.
        structs.entry(&define.name).and_modify(|known| *known = None).or_insert(Some(define));
    }
    if structs.is_empty() {
        return Vec::new();
    }
    let (partners, in_body) = (partners(live), in_body(text, live));
    let at = |index: usize| live.get(index);
    let starts = |index: usize| {
        let before = index.checked_sub(1).and_then(at);
        before.is_none_or(|before| [b';', b'{', b'}', b')'].iter().any(|sign| before.is(*sign)))
    };
    let calls = live.iter().enumerate().filter(|(index, token)| {
        token.kind == Kind::Identifier && in_body.get(*index) == Some(&false) && starts(*index)
    });
    let written = calls.filter_map(|(index, token)| {
        let define = structs.get(token.text(text)).copied().flatten()?;
        let open = at(index + 1).filter(|open| open.is(b'('))?;
        let close = at(partners.get(index + 1).copied()? as usize).filter(|close| close.is(b')'))?;
        let given = arguments(text.get(open.end..close.start)?);
        Some(Expansion { text: expand(define, &given)?, span: Span::new(token.start as u32, close.end as u32) })
    });
    written.take(MAX_EXPANSIONS).collect()
}

fn declares_struct(body: &str) -> bool {
    body.contains('{') && body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "struct")
}

/// The arguments of a call, split where the preprocessor does.
fn arguments(written: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for token in tokens(written) {
        match token.kind {
            Kind::Sign(b'(') => depth += 1,
            Kind::Sign(b')') => depth = depth.saturating_sub(1),
            Kind::Sign(b',') if depth == 0 => {
                arguments.extend(written.get(start..token.start).map(str::trim));
                start = token.end;
            }
            _ => {}
        }
    }
    arguments.extend(written.get(start..).map(str::trim));
    arguments
}

/// The body of a macro with its arguments in it; nothing where one is made a string.
fn expand(define: &Define, given: &[&str]) -> Option<String> {
    let params = define.params.as_deref()?;
    if params.len() != given.len() || params.iter().any(|param| param == "...") {
        return None;
    }
    let body = tokens(&define.body);
    let mut written = String::with_capacity(define.body.len());
    let (mut last, mut pastes, mut index) = (0, false, 0);
    while let Some(token) = body.get(index) {
        index += 1;
        if token.is(b'#') {
            body.get(index).filter(|next| next.is(b'#') && next.start == token.end)?;
            index += 1;
            pastes = true;
            continue;
        }
        if token.start > last && !pastes {
            written.push(' ');
        }
        let word = token.text(&define.body);
        let param = params.iter().position(|param| param == word).filter(|_| token.kind == Kind::Identifier);
        written.push_str(param.and_then(|param| given.get(param)).copied().unwrap_or(word));
        (last, pastes) = (token.end, false);
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use crate::parse::Limits;
    use crate::parse::c::{Dialect, prepare};

    fn written(text: &str) -> Vec<String> {
        let prepared = prepare(text, Dialect::Cpp, &Limits::default());
        prepared.map_or_else(|_| Vec::new(), |prepared| prepared.expansions.into_iter().map(|it| it.text).collect())
    }

    #[test]
    fn a_macro_that_declares_a_struct_is_written_out() {
        let define =
            "#define WRAP(TYPE, NAME) \\\n  typedef TYPE *NAME##_CPP; \\\n  typedef struct NAME { TYPE *ptr; } NAME;\n";
        let text =
            format!("{define}WRAP(std::vector<lib::Box>, Boxes)\nWRAP(lib::Image, Image)\nvoid f() {{ WRAP(a, b) }}");
        assert_eq!(
            written(&text),
            [
                "typedef std::vector<lib::Box> *Boxes_CPP; typedef struct Boxes { std::vector<lib::Box> *ptr; } Boxes;",
                "typedef lib::Image *Image_CPP; typedef struct Image { lib::Image *ptr; } Image;",
            ]
        );
    }

    #[test]
    fn what_is_not_clear_is_left_alone() {
        for text in [
            "#define S(N) struct N { int a; };\n#define S(N) struct N { int b; };\nS(A)",
            "#define S(N) struct N { int a; };\nS(A, B)\nint x = S(A);",
            "#define S(N) struct N { const char *name = #N; };\nS(A)",
            "#define S(...) struct __VA_ARGS__ { int a; };\nS(A)",
        ] {
            assert!(written(text).is_empty(), "{text}");
        }
    }
}
