//! The whole preparation of a file.

use rustc_hash::{FxHashMap, FxHashSet};

use super::chains::{Directive, Walk};
use super::conditions::{Truth, integer};
use super::expansions::{Expansion, expansions};
use super::lex::{self, Kind, Token, tokens};
use super::objective::{self, Given};
use super::{Defines, Dialect, Edits, data, macros};
use crate::source::Span;

/// A file ready to be parsed.
#[derive(Debug)]
pub struct Prepared {
    /// What the parser reads: as long as the file, every byte in its place.
    pub text: String,
    /// The grammar it is for.
    pub dialect: Dialect,
    /// The attributes that became blanks, in order.
    pub markers: Vec<Marker>,
    /// `#include`s, in order.
    pub includes: Vec<Include>,
    /// `#define`s, in order.
    pub defines: Vec<Define>,
    /// What the remaining `#if`, `#elif` and `#else` say, by where they begin; `#elif` alone, not that `#if` failed.
    pub conditions: FxHashMap<u32, Truth>,
    /// The `#if` chains that remain.
    pub(super) kept: Vec<Span>,
    /// What was left out without knowing.
    pub opaque: Vec<Span>,
    /// The file has signs of Objective-C.
    pub is_objective: bool,
    /// Parentheses that stand for values of Objective-C of which nothing is known, by where they open.
    pub given: FxHashMap<u32, Given>,
    /// `#pragma pack(n)`: from where on, and how many.
    pub packs: Vec<(u32, Option<u32>)>,
    /// Calls of the file's own macros that declare structs, in order.
    pub expansions: Vec<Expansion>,
}

/// An attribute that became blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Where it was.
    pub span: Span,
    /// What it says.
    pub kind: MarkerKind,
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// Nothing of interest.
    Nothing,
    /// The symbol is exported.
    Export,
    /// `extern "C"`, and exported if true.
    ExternC(bool),
    /// `static`
    Local,
    /// An attribute by its name, with its arguments.
    Annotation(String, Vec<String>),
    /// The loop here is a macro's: `for_each(element, collection)`.
    ForEach,
    /// So many stars between `new T` and `[n]`.
    Stars(u32),
    /// Called with the variable's address (true) or value when its scope ends.
    Cleanup(String, bool),
}

/// An `#include`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The path; angle brackets are kept.
    pub path: String,
    /// The directive.
    pub span: Span,
}

/// A `#define`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Define {
    /// The name.
    pub name: String,
    /// The parameters of a function-like macro.
    pub params: Option<Vec<String>>,
    /// What it stands for.
    pub body: String,
    /// The directive.
    pub span: Span,
}

/// Chains that begin at `cut` are not kept whole.
pub(super) fn prepare(text: &str, dialect: Dialect, cut: &FxHashSet<u32>) -> Prepared {
    let mut tokens = tokens(text);
    let objective = objective::rewrite(text, &tokens, dialect);
    let text = objective.as_ref().map_or(text, |objective| objective.text.as_str());
    if objective.is_some() {
        tokens = lex::tokens(text);
    }
    let mut edits = Edits { bytes: text.as_bytes().to_vec() };
    data::blank(text, &mut tokens, &mut edits);
    let is_cpp = dialect == Dialect::Cpp;
    let (all_defines, includes) = directives(text, &tokens);
    let numbers = numbers(text, &tokens, &all_defines);
    let chains = Walk { source: text, tokens: &tokens, is_cpp, numbers: &numbers, cut }.run(&mut edits);
    let is_dead = |at: usize| {
        let index = tokens.partition_point(|token| token.start < at);
        chains.dead.get(index).copied().unwrap_or_default()
    };
    let includes = includes.into_iter().filter(|include| !is_dead(include.span.start as usize)).collect();
    let packs = packs(text, &tokens, &chains.dead);
    let live: Vec<Token> = tokens
        .iter()
        .zip(&chains.dead)
        .filter(|(token, dead)| !**dead && token.kind != Kind::Directive)
        .map(|(token, _)| *token)
        .collect();
    let by_name: FxHashMap<&str, Vec<&str>> = {
        let mut by_name: Defines<'_> = FxHashMap::default();
        for define in &all_defines {
            let body = if define.params.is_none() { define.body.as_str() } else { FUNCTION_LIKE };
            by_name.entry(define.name.as_str()).or_default().push(body);
        }
        by_name
    };
    let mut opaque = chains.opaque();
    let markers = macros::blank(text, &live, dialect, &by_name, &mut edits, &mut opaque);
    drop(by_name);
    drop(numbers);
    let defines: Vec<Define> = all_defines.into_iter().filter(|define| !is_dead(define.span.start as usize)).collect();
    let expansions = expansions(text, &live, &defines);
    let is_objective = objective.is_some();
    // Blanks replace whole tokens, which end on the boundaries of characters.
    let text = String::from_utf8(edits.bytes).unwrap_or_else(|_| text.to_owned());
    let (given, left_out) = objective.map_or_else(Default::default, |objective| (objective.given, objective.opaque));
    opaque.extend(left_out);
    opaque.sort_unstable_by_key(|span| (span.start, span.end));
    let kept = chains.kept();
    Prepared {
        text,
        dialect,
        markers,
        includes,
        defines,
        conditions: chains.conditions,
        kept,
        opaque,
        is_objective,
        given,
        packs,
        expansions,
    }
}

/// Stands for the body of a function-like macro where only attributes are asked for.
const FUNCTION_LIKE: &str = "()";

fn directives(text: &str, tokens: &[Token]) -> (Vec<Define>, Vec<Include>) {
    let (mut defines, mut includes) = (Vec::new(), Vec::new());
    for token in tokens.iter().filter(|token| token.kind == Kind::Directive) {
        let directive = Directive::of(token.text(text));
        let span = Span::new(token.start as u32, token.end as u32);
        match directive.name {
            "include" | "include_next" | "import" => {
                let rest = directive.rest;
                let path = match rest.as_bytes().first() {
                    Some(b'"') => rest.get(1..).and_then(|rest| rest.split('"').next()),
                    Some(b'<') => rest.split_inclusive('>').next(),
                    _ => None,
                };
                includes.extend(path.map(|path| Include { path: path.to_owned(), span }));
            }
            "define" => defines.extend(define(directive.rest, span)),
            _ => {}
        }
    }
    (defines, includes)
}

fn define(rest: &str, span: Span) -> Option<Define> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return None;
    }
    let (params, body) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((params, body)) => {
            let params = params.split(',').map(|param| param.trim().to_owned());
            (Some(params.filter(|param| !param.is_empty()).collect()), body)
        }
        None => (None, rest),
    };
    // Comments and continued lines are no part of it.
    let mut plain = String::new();
    let mut last = 0;
    let body = body.replace("\\\r\n", " ").replace("\\\n", " ");
    for token in tokens(&body) {
        if token.start > last && !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(token.text(&body));
        last = token.end;
    }
    Some(Define { name: name.to_owned(), params, body: plain, span })
}

/// Names defined once, to an integer, which no build can define in another way.
fn numbers<'d>(text: &'d str, tokens: &[Token], defines: &'d [Define]) -> FxHashMap<&'d str, i64> {
    let mut numbers: FxHashMap<&str, i64> = FxHashMap::default();
    let asked =
        tokens.iter().filter(|token| token.kind == Kind::Directive).map(|token| Directive::of(token.text(text)));
    let mut several: FxHashSet<&str> = asked
        .filter(|directive| matches!(directive.name, "ifndef" | "ifdef"))
        .filter_map(|directive| directive.rest.split_whitespace().next())
        .collect();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for define in defines {
        if !seen.insert(&define.name) {
            several.insert(&define.name);
        }
        if let (None, Some(value)) = (&define.params, integer(&define.body)) {
            numbers.insert(&define.name, value);
        }
    }
    numbers.retain(|name, _| !several.contains(name));
    numbers
}

fn packs(text: &str, tokens: &[Token], dead: &[bool]) -> Vec<(u32, Option<u32>)> {
    let mut stack: Vec<Option<u32>> = Vec::new();
    let mut current = None;
    let mut packs = Vec::new();
    for (token, dead) in tokens.iter().zip(dead) {
        if *dead || token.kind != Kind::Directive {
            continue;
        }
        let directive = Directive::of(token.text(text));
        let Some(arguments) = directive.rest.strip_prefix("pack").filter(|_| directive.name == "pragma") else {
            continue;
        };
        let arguments = arguments.trim().trim_start_matches('(').trim_end_matches(')');
        let mut number = None;
        for argument in arguments.split(',').map(str::trim) {
            match argument {
                "push" => stack.push(current),
                "pop" => number = Some(stack.pop().flatten()),
                "" => number = Some(None),
                digits => number = digits.parse::<u32>().ok().map(Some).or(number),
            }
        }
        if let Some(number) = number {
            current = number;
            packs.push((token.end as u32, current));
        }
    }
    packs
}
