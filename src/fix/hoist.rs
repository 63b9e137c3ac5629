//! Whether an allocation can move in front of its statement: it runs once whenever that runs, and nothing is read or
//! done in another order that could tell.

use super::page::Page;
use crate::parse::NodeId;

/// What an expression depends on, or does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// Nothing.
    Fixed,
    /// Variables of the function.
    Locals,
    /// A name of the class or library, which may be a getter.
    Names,
    /// Properties and elements.
    Properties,
    /// Calls.
    Calls,
    /// It writes variables, or waits.
    Writes,
}

/// Expressions of which each part runs once, whatever the others give.
const PLAIN: [&str; 27] = [
    "call_expression",
    "arguments",
    "named_argument",
    "member_expression",
    "parenthesized_expression",
    "index_expression",
    "instantiation_expression",
    "type_cast_expression",
    "type_test_expression",
    "unary_expression",
    "await_expression",
    "null_assertion_expression",
    "additive_expression",
    "multiplicative_expression",
    "equality_expression",
    "relational_expression",
    "bitwise_or_expression",
    "bitwise_xor_expression",
    "bitwise_and_expression",
    "shift_expression",
    "list_literal",
    "record_literal",
    "record_field",
    "template_substitution",
    "string_literal",
    "initialized_variable_declaration",
    "new_expression",
];

/// The statement or the body of an arrow that runs an expression just once whenever it runs, by its place in the chain;
/// nowhere else may it stand before.
pub(super) fn to(page: &Page<'_, '_>, chain: &[NodeId]) -> Option<usize> {
    let at = once_from(page, chain)?;
    let allocation = *chain.last()?;
    let moved = effect(page, allocation);
    let mut before = Effect::Fixed;
    for pair in chain.get(at..)?.windows(2) {
        let [outer, inner] = pair else { return None };
        let start = page.tree.span(*inner).start;
        for earlier in page.tree.named_children(*outer).filter(|&node| page.tree.span(node).end <= start) {
            before = before.max(stands_before(page, *outer, earlier));
        }
    }
    let fits = match moved {
        Effect::Fixed | Effect::Locals => before <= Effect::Properties,
        Effect::Names | Effect::Properties => before <= Effect::Names,
        Effect::Calls => before <= Effect::Locals,
        Effect::Writes => before == Effect::Fixed,
    };
    fits.then_some(at)
}

fn once_from(page: &Page<'_, '_>, chain: &[NodeId]) -> Option<usize> {
    let tree = page.tree;
    for at in (1..chain.len()).rev() {
        let (node, outer) = (*chain.get(at)?, *chain.get(at - 1)?);
        if page.is_statement(node) {
            return (!declares_several(page, node)).then_some(at);
        }
        let is_first = || tree.named_children(outer).next() == Some(node);
        let field = tree.field(node);
        let allowed = match tree.kind(outer) {
            "conditional_expression"
            | "logical_and_expression"
            | "logical_or_expression"
            | "if_null_expression"
            | "cascade"
            | "null_aware_member_expression" => is_first(),
            "if_statement" | "switch_statement" => field == Some("condition"),
            "assignment_expression" => {
                let operator = tree.child(outer, "operator").map(|operator| page.text_of(operator));
                let left = tree.child(outer, "left").map_or("?", |left| page.text_of(left));
                field == Some("right") && operator == Some("=") && !left.contains('?')
            }
            "call_expression" => {
                let function = tree.child(outer, "function").map_or("?.", |function| page.text_of(function));
                field != Some("arguments") || !(function.contains("?.") || function.contains("?["))
            }
            "expression_statement" | "return_statement" | "local_variable_declaration" => true,
            "function_body" => return Some(at - 1),
            kind => PLAIN.contains(&kind) || kind.starts_with("string_literal"),
        };
        if !allowed {
            return None;
        }
    }
    None
}

/// `final a = …, b = …;`: what comes later may read what comes first.
fn declares_several(page: &Page<'_, '_>, statement: NodeId) -> bool {
    let tree = page.tree;
    tree.kind(statement) == "local_variable_declaration"
        && tree.named_children(statement).any(|list| tree.child_of_kind(list, "initialized_identifier").is_some())
}

/// What an expression is that runs before another one in the same node.
fn stands_before(page: &Page<'_, '_>, outer: NodeId, node: NodeId) -> Effect {
    let tree = page.tree;
    let is_path = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
    match (tree.kind(outer), tree.field(node)) {
        // The function that is called, and what it belongs to.
        ("call_expression", Some("function")) => match tree.kind(node) {
            "instantiation_expression" | "identifier" => Effect::Fixed,
            // What is there to be called is held in a variable; what lies deeper may come from a getter.
            "member_expression" if is_path(page.text_of(node)) => {
                let written = page.text_of(node);
                let depth = written.strip_prefix("this.").unwrap_or(written).matches('.').count();
                if depth > 1 { Effect::Properties } else { Effect::Fixed }
            }
            _ => effect(page, node),
        },
        ("initialized_variable_declaration" | "named_argument" | "record_field", _) => Effect::Fixed,
        ("assignment_expression", Some("left")) => match tree.named_children(node).count() {
            1 => Effect::Fixed,
            _ => effect(page, node),
        },
        _ => effect(page, node),
    }
}

/// What an expression depends on at most, or does.
fn effect(page: &Page<'_, '_>, node: NodeId) -> Effect {
    let tree = page.tree;
    let (mut most, mut labelled) = (Effect::Fixed, 0);
    for inner in tree.descendants(node) {
        let kind = tree.kind(inner);
        if kind == "label" {
            labelled = tree.span(inner).end;
        }
        if tree.span(inner).end <= labelled {
            continue;
        }
        let own = match kind {
            "identifier" | "identifier_dollar_escaped" if tree.field(inner) == Some("property") => Effect::Fixed,
            "identifier" | "identifier_dollar_escaped" => named(page, inner),
            "member_expression" | "assignable_expression" if is_called(page, inner) => Effect::Fixed,
            "member_expression" | "index_expression" | "assignable_expression" => Effect::Properties,
            "call_expression" if is_quiet(page, inner) => Effect::Fixed,
            "assignment_expression" | "postfix_expression" | "await_expression" | "throw_expression" => Effect::Writes,
            "unary_expression" if page.text_of(inner).starts_with(['+', '-']) => Effect::Writes,
            // What it is known to be after it stays unknown before.
            "null_assertion_expression" | "type_cast_expression" | "type_test_expression" => Effect::Calls,
            _ if is_silent(kind) => Effect::Fixed,
            _ => Effect::Calls,
        };
        most = most.max(own);
    }
    most
}

/// What a name stands for.
fn named(page: &Page<'_, '_>, node: NodeId) -> Effect {
    let (name, span) = (page.text_of(node), page.tree.span(node));
    if matches!(name, "calloc" | "malloc") {
        return Effect::Fixed;
    }
    if page.is_local(name, span) { Effect::Locals } else { Effect::Names }
}

fn is_silent(kind: &str) -> bool {
    const SILENT: [&str; 18] = [
        "this",
        "super",
        "true",
        "false",
        "null_literal",
        "instantiation_expression",
        "arguments",
        "named_argument",
        "label",
        "parenthesized_expression",
        "additive_expression",
        "multiplicative_expression",
        "equality_expression",
        "relational_expression",
        "template_substitution",
        "escape_sequence",
        "type",
        "list_literal",
    ];
    SILENT.contains(&kind)
        || kind.starts_with("string_literal")
        || kind.starts_with("raw_string")
        || kind.starts_with("template_chars")
        || kind.starts_with("type_")
        || kind.ends_with("_operator")
        || kind.ends_with("_literal")
        || !kind.contains(|c: char| c.is_alphabetic())
}

/// Whether a member is the function of a call, which is looked at itself.
fn is_called(page: &Page<'_, '_>, node: NodeId) -> bool {
    page.tree.field(node) == Some("function")
}

/// Whether a call allocates or casts and does no more.
fn is_quiet(page: &Page<'_, '_>, call: NodeId) -> bool {
    const QUIET: [&str; 4] = ["cast", "toNativeUtf8", "toNativeUtf16", "toDartString"];
    let Some(function) = page.tree.child(call, "function") else { return false };
    let function = match page.tree.kind(function) {
        "instantiation_expression" => page.tree.child(function, "function").unwrap_or(function),
        _ => function,
    };
    let written = page.text_of(function);
    let last = written.rsplit('.').next().unwrap_or_default();
    QUIET.contains(&last) && written.contains('.') || matches!(last, "calloc" | "malloc")
}
