//! Another release in the place of a wrong one; a release that goes.

use super::Change;
use super::bound::Way;
use super::page::Page;
use crate::source::Span;

/// Calls the right release where the wrong one is called with the pointer alone.
pub(super) fn release_otherwise(
    page: &Page<'_, '_>,
    place: Span,
    written: &str,
    way: &Way,
) -> Option<(String, Vec<Change>)> {
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
    let right = page.release(way, place, None)?;
    if right == name {
        return None;
    }
    let mut changes = vec![Change { span: tree.span(function), text: right.clone() }];
    let now = page.text_of(argument);
    let fitting = way.argument(now, page.declared_type(&chain, now, way).as_deref());
    if fitting != now {
        changes.push(Change { span: tree.span(argument), text: fitting });
    }
    Some((right, changes))
}

/// The finalizer that was attached lets go first: `finalizer.attach(this, p, detach: this)` has said by what.
pub(super) fn detach_before(page: &Page<'_, '_>, place: Span, attached: Span) -> Option<(String, Change)> {
    let tree = page.tree;
    let attaching = page.around(attached)?;
    let call = *attaching.last()?;
    let function = tree.child(call, "function").filter(|&function| tree.kind(function) == "member_expression")?;
    let finalizer = tree.child(function, "object").filter(|&object| tree.kind(object) == "identifier")?;
    let key = page.named_argument(call, "detach")?;
    let chain = page.around(place)?;
    let (at, placed) = page.placed(&chain)?;
    if page.text_of(tree.child(function, "property")?) != "attach" || at + 2 != chain.len() {
        return None;
    }
    let (finalizer, span) = (page.text_of(finalizer), tree.span(placed.statement));
    // `this` is the same object in all methods of a class, a variable the same in its function alone.
    let shared = match key {
        "this" => chain.iter().rposition(|&node| tree.kind(node) == "class_body"),
        _ => chain.iter().rposition(|&node| matches!(tree.kind(node), "function_body" | "function_expression_body")),
    };
    let shared = *chain.get(shared?)?;
    let names_finalizer = !page.is_local(finalizer, place) && !page.is_local(finalizer, attached);
    let reaches = tree.span(shared).contains(attached) && (key != "this" || names_finalizer);
    if !reaches || !key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
        return None;
    }
    let call = format!("{finalizer}.detach({key})");
    let text = format!("{call};\n{}", page.indent(span.start));
    Some((call, Change { span: Span::new(span.start, span.start), text }))
}

/// Whether a call does nothing but to release: `calloc.free(p)`, `library.close(this.p)`.
fn is_plain_release(page: &Page<'_, '_>, call: crate::parse::NodeId) -> bool {
    let tree = page.tree;
    let is_path = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
    let (Some(function), Some(arguments)) = (tree.child(call, "function"), tree.child(call, "arguments")) else {
        return false;
    };
    let mut given = tree.named_children(arguments);
    let pointer = given.next().filter(|_| given.next().is_none()).map_or("(", |node| page.text_of(node));
    let name = pointer.strip_prefix("this.").unwrap_or(pointer);
    is_path(page.text_of(function)) && is_path(name) && !name.contains('.')
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
    if !is_plain_release(page, *chain.last()?) {
        return None;
    }
    // What stands in a list has run before all that comes after it there; in a function of its own not even once.
    let within = chain.iter().position(|&node| node == dominating.list)?;
    let is_same_function = !chain.iter().skip(within).any(|&node| tree.kind(node) == "function_expression");
    let is_last = page.statements(placed.list).len() > 1;
    (is_same_function && is_last).then(|| Change { span: page.whole_line(placed.statement), text: String::new() })
}
