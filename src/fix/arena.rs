//! `using((arena) {…})` around a function that loses more than one allocation.

use super::bound::Way;
use super::page::{Around, Page};
use super::{Change, lifetime};
use crate::parse::NodeId;
use crate::source::Span;

/// What releases what it gave when its scope ends.
const USING: &str = "using";

/// All allocations of a function that are lost come from an arena. Not where only one is lost: there a `try` says the
/// same with less, and in another run it would say it once more.
pub(super) fn wrap(
    page: &Page<'_, '_>,
    place: Span,
    places: impl Iterator<Item = Span>,
    way: &Way,
) -> Option<Vec<Change>> {
    let tree = page.tree;
    let chain = page.around(place)?;
    let around = page.function(&chain)?;
    let using = page.visible(USING, place)?;
    let mut chains: Vec<Vec<NodeId>> = Vec::new();
    for place in places {
        let chain = page.around(place)?;
        if page.function(&chain).is_some_and(|other| other.body == around.body) {
            chains.push(chain);
        }
    }
    let block = tree.child_of_kind(around.body, "block")?;
    if chains.len() < 2 || !can_be_wrapped(page, &chain, around) {
        return None;
    }
    let statements = page.statements(block);
    let region = lifetime::Region { statements: &statements, until: tree.span(block).end };
    // What outlives the block, or is released on some way, is no matter for an arena; nor is the rest then.
    let ends =
        |chain: &Vec<NodeId>| lifetime::of(page, chain, way, region).is_some_and(|life| life.releases.is_empty());
    if !chains.iter().all(ends) {
        return None;
    }
    let returns = gives_value(page, block);
    let is_fitting = match (returns, page.result_type(around)) {
        (true, result) => result.is_some_and(|result| !result.is_empty() && result != "void"),
        (false, result) => result.is_none_or(|result| result.is_empty() || result == "void"),
    };
    if !is_fitting {
        return None;
    }
    let arena = page.free_name(&chain, "arena");
    let mut replaced = Vec::new();
    for chain in &chains {
        replaced.push(allocated(page, chain, &arena)?);
    }
    replaced.sort_by_key(|(span, _)| span.start);
    let (first, last) = (tree.span(*statements.first()?), tree.span(*statements.last()?));
    if page.is_on_one_line(block) {
        return None;
    }
    // Comments before the first statement belong to it.
    let opened = tree.span(block).start + 1;
    let between = page.slice(Span::new(opened, first.start));
    let start = opened + (between.len() - between.trim_start().len()) as u32;
    let stretch = Span::new(start, page.with_comment(last.end));
    let after = page.slice(Span::new(stretch.end, tree.span(block).end.saturating_sub(1)));
    if !after.trim().is_empty() {
        return None;
    }
    let indent = page.indent(start);
    let unit = page.unit(indent);
    let inner = page.deeper(stretch, &replaced, unit);
    let given = if returns { "return " } else { "" };
    let text = format!("{given}{using}(({arena}) {{\n{indent}{unit}{inner}\n{indent}}});");
    Some(vec![Change { span: stretch, text }])
}

/// Whether the body of a function can be that of a closure which runs at once.
fn can_be_wrapped(page: &Page<'_, '_>, chain: &[NodeId], around: Around) -> bool {
    let tree = page.tree;
    if page.is_async(around) || page.is_generator(around) || page.may_work_later(around) {
        return false;
    }
    let Some(at) = chain.iter().position(|&node| node == around.body) else { return false };
    let Some(&owner) = at.checked_sub(1).and_then(|at| chain.get(at)) else { return false };
    // What a closure writes is no longer known not to be null.
    let is_parameter = |&node: &NodeId| tree.kind(node) == "formal_parameter";
    let parameters = tree.descendants(owner).take_while(|&node| node != around.body).filter(is_parameter);
    let names: Vec<&str> =
        parameters.filter_map(|node| tree.named_children(node).last()).map(|n| page.text_of(n)).collect();
    let writes = tree.descendants(around.body).any(|node| {
        let written = match tree.kind(node) {
            "assignment_expression" => tree.child(node, "left"),
            "postfix_expression" | "unary_expression" | "prefix_expression" if moves(page.text_of(node)) => {
                tree.named_children(node).find(|&inner| names.contains(&page.text_of(inner)))
            }
            _ => None,
        };
        written.is_some_and(|written| names.contains(&page.text_of(written)))
    });
    !writes && !tree.descendants(owner).take(8).any(|node| tree.kind(node) == "constructor_signature")
}

fn moves(text: &str) -> bool {
    text.contains("++") || text.contains("--")
}

/// Whether a function returns something.
fn gives_value(page: &Page<'_, '_>, block: NodeId) -> bool {
    let nodes = page.own_descendants(block);
    nodes
        .iter()
        .any(|&node| page.tree.kind(node) == "return_statement" && page.tree.named_children(node).next().is_some())
}

/// The same allocation from an arena.
fn allocated(page: &Page<'_, '_>, chain: &[NodeId], arena: &str) -> Option<(Span, String)> {
    let tree = page.tree;
    let call = *chain.last().filter(|&&node| tree.kind(node) == "call_expression")?;
    // In each round of a loop it would wait for the end of the function.
    let repeats = chain
        .iter()
        .rev()
        .take_while(|&&node| !matches!(tree.kind(node), "function_body" | "function_expression_body"));
    let mut repeats = repeats.map(|&node| tree.kind(node));
    if repeats.any(|kind| matches!(kind, "for_statement" | "while_statement" | "do_statement" | "for_element")) {
        return None;
    }
    let (function, arguments) = (tree.child(call, "function")?, tree.child(call, "arguments")?);
    let written = page.text_of(function);
    if tree.kind(function) == "instantiation_expression" {
        let mut allocator = tree.child(function, "function")?;
        if tree.child(allocator, "property").is_some_and(|method| page.text_of(method) == "allocate") {
            allocator = tree.child(allocator, "object")?;
        }
        let name = page.text_of(allocator).rsplit('.').next()?;
        return matches!(name, "calloc" | "malloc").then(|| (tree.span(allocator), arena.to_owned()));
    }
    if !(written.ends_with(".toNativeUtf8") || written.ends_with(".toNativeUtf16")) || written.contains("?.") {
        return None;
    }
    let given = tree.named_children(arguments).next();
    let span = given.map_or(tree.span(arguments), |given| tree.span(given));
    let text = format!("allocator: {arena}");
    Some((span, if given.is_some() { text } else { format!("({text})") }))
}
