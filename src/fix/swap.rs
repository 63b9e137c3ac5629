//! Another release in the place of a wrong one; a release that goes.

use super::page::Page;
use super::{Change, Release};
use crate::source::Span;

/// Calls the right release where the wrong one is called with the pointer alone.
pub(super) fn release_otherwise(
    page: &Page<'_, '_>,
    place: Span,
    written: &str,
    release: &Release,
) -> Option<(String, Change)> {
    let chain = page.around(place)?;
    let call = *chain.last()?;
    let tree = page.tree;
    if tree.kind(call) != "call_expression" {
        return None;
    }
    let (function, arguments) = (tree.child(call, "function")?, tree.child(call, "arguments")?);
    let name = page.text_of(function);
    let mut given = tree.named_children(arguments);
    let argument = given.next().filter(|_| given.next().is_none())?;
    if tree.kind(argument) == "named_argument" || !(name == written || name.ends_with(&format!(".{written}"))) {
        return None;
    }
    let right = page.release(release, None)?;
    (right != name).then(|| (right.clone(), Change { span: tree.span(function), text: right }))
}

/// Takes out a release that is a statement of its own, where the first one stands before it on every way to it.
pub(super) fn drop_second(page: &Page<'_, '_>, place: Span, first: Span) -> Option<Change> {
    let chain = page.around(place)?;
    let (at, placed) = page.placed(&chain)?;
    let tree = page.tree;
    if tree.kind(placed.statement) != "expression_statement" || at + 2 != chain.len() {
        return None;
    }
    let before = page.around(first)?;
    let (at, dominating) = page.placed(&before)?;
    let is_before = tree.span(dominating.statement).end <= tree.span(placed.statement).start;
    if tree.kind(dominating.statement) != "expression_statement" || at + 2 != before.len() || !is_before {
        return None;
    }
    // What stands in a list has run before all that comes after it there; in a function of its own not even once.
    let within = chain.iter().position(|&node| node == dominating.list)?;
    let is_same_function = !chain.iter().skip(within).any(|&node| tree.kind(node) == "function_expression");
    let is_last = page.statements(placed.list).len() > 1;
    (is_same_function && is_last).then(|| Change { span: page.whole_line(placed.statement), text: String::new() })
}
