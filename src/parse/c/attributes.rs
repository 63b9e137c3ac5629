//! Attributes in the bodies of macros and in `__attribute__((…))`.

use super::brackets::partners;
use super::lex::{Kind, tokens};
use super::names::{Word, attribute, takes_arguments};
use super::prepare::MarkerKind;

/// What a macro's body says if it is made of attributes alone.
pub(super) fn attributes_of(body: &str) -> Option<MarkerKind> {
    let tokens = tokens(body);
    let (mut extern_c, mut export, mut local, mut cleanup) = (false, false, false, None);
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
            (Kind::Identifier, _)
                if takes_arguments(word, Word::of(word)) && tokens.get(at + 1).is_some_and(|next| next.is(b'(')) =>
            {
                let close = partners(&tokens).get(at + 1).copied().unwrap_or(0) as usize;
                if close <= at {
                    return None;
                }
                let inner =
                    tokens.get(at + 1).zip(tokens.get(close)).and_then(|(open, close)| body.get(open.end..close.start));
                let said = attributes_in(inner.unwrap_or(""));
                export |= said.contains(&MarkerKind::Export);
                cleanup = said.into_iter().find(|kind| matches!(kind, MarkerKind::Cleanup(..))).or(cleanup);
                at = close;
            }
            (Kind::Identifier, _) => export |= attribute(word, Word::of(word))? == MarkerKind::Export,
            (Kind::Sign(b'['), _) => {
                // `[[nodiscard]]`
                let length = tokens.iter().skip(at).position(|token| token.is(b']'))?;
                at += length + usize::from(tokens.get(at + length + 1).is_some_and(|token| token.is(b']')));
            }
            _ => return None,
        }
        at += 1;
    }
    if cleanup.is_some() {
        return cleanup;
    }
    Some(match (extern_c, export, local) {
        (true, export, _) => MarkerKind::ExternC(export),
        (_, true, _) => MarkerKind::Export,
        (_, _, true) => MarkerKind::Local,
        _ => MarkerKind::Nothing,
    })
}

/// The attributes in `((…))` or `(…)`, the outer parentheses left out.
pub(super) fn attributes_in(inner: &str) -> Vec<MarkerKind> {
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
            "malloc" | "ownership_returns" | "ownership_takes" | "ownership_holds" => {
                kinds.push(MarkerKind::Annotation(plain.to_owned(), arguments));
            }
            "cleanup" => kinds.extend(arguments.into_iter().next().map(|function| MarkerKind::Cleanup(function, true))),
            _ => {}
        }
    }
    kinds
}
