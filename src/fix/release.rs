//! A release that is missing: at the end of a scope, in a `finally`, in a method.

use super::keep::is_awaited;
use super::page::{Page, Placed};
use super::{Change, Release};
use crate::parse::NodeId;
use crate::source::Span;

/// The variable's declaration around its allocation: the chain of nodes to it, and its place.
fn declaration(page: &Page<'_, '_>, place: Span, variable: &str) -> Option<(Vec<NodeId>, Placed)> {
    let tree = page.tree;
    let chain = page.around(place)?;
    let (at, placed) = page.placed(&chain)?;
    if tree.kind(placed.statement) != "local_variable_declaration" {
        return None;
    }
    let declared = *chain.get(at + 1)?;
    let name = tree.child(declared, "name").filter(|&name| page.text_of(name) == variable)?;
    let is_alone = tree.kind(declared) == "initialized_variable_declaration"
        && tree.child_of_kind(declared, "initialized_identifier").is_none();
    let is_late = page.text_of(placed.statement).trim_start().starts_with("late ");
    if may_be_null(page, placed.statement, name) {
        return None;
    }
    // What is allocated must be what is declared, by casts at most: not something in it, nor one of two.
    let plain = chain.iter().skip(at + 2).all(|&node| {
        let casts = ["call_expression", "member_expression", "instantiation_expression", "as_expression"];
        casts.contains(&tree.kind(node))
    });
    let is_written_once = !writes(page, placed, variable);
    (is_alone && !is_late && plain && is_written_once && tree.span(name).start < place.start).then_some((chain, placed))
}

/// Whether a declared variable may be null, which no release takes: `Pointer<Utf8>? p`, `final p = text?.toNativeUtf8()`.
fn may_be_null(page: &Page<'_, '_>, statement: NodeId, name: NodeId) -> bool {
    let (statement, name) = (page.tree.span(statement), page.tree.span(name));
    let ty = page.slice(Span::new(statement.start, name.start));
    ty.trim_end().ends_with('?') || page.slice(Span::new(name.end, statement.end)).contains("?.")
}

/// Whether the variable gets something else in the rest of its scope.
fn writes(page: &Page<'_, '_>, placed: Placed, variable: &str) -> bool {
    let tree = page.tree;
    page.rest(placed).into_iter().any(|statement| {
        tree.descendants(statement).any(|node| {
            let left = (tree.kind(node) == "assignment_expression").then(|| tree.child(node, "left")).flatten();
            left.is_some_and(|left| page.text_of(left) == variable)
        })
    })
}

/// Whether the rest of a scope can stand in a `try` with a `finally` that releases what it used.
pub(super) fn can_end_in_finally(page: &Page<'_, '_>, chain: &[NodeId], rest: &[NodeId], name: &str) -> bool {
    let Some(around) = page.function(chain) else { return false };
    if page.is_generator(around) {
        return false;
    }
    let leaves = |node: &NodeId| page.tree.kind(*node) == "return_statement";
    let mut returns = rest.iter().flat_map(|&statement| page.own_descendants(statement)).filter(leaves);
    match (page.may_work_later(around), page.is_async(around)) {
        (true, _) => returns.next().is_none(),
        (false, true) => returns.all(|node| !page.mentions(node, name) || is_awaited(page, node)),
        (false, false) => true,
    }
}

/// Whether control may leave the statements before their end.
fn jumps(page: &Page<'_, '_>, statements: &[NodeId]) -> bool {
    let leaves = |node: NodeId| {
        matches!(
            page.tree.kind(node),
            "return_statement"
                | "break_statement"
                | "continue_statement"
                | "rethrow_statement"
                | "throw_expression"
                | "await_expression"
        )
    };
    statements.iter().flat_map(|&statement| page.own_descendants(statement)).any(leaves)
}

/// A release at the end of the scope.
pub(super) fn at_end(
    page: &Page<'_, '_>,
    place: Span,
    variable: &str,
    with: &Release,
) -> Option<(String, Vec<Change>)> {
    let (chain, placed) = declaration(page, place, variable)?;
    let call = page.release(with, chain.last().copied())?;
    let release = format!("{call}({variable});");
    let rest = page.rest(placed);
    if !can_end_in_finally(page, &chain, &rest, variable) {
        return None;
    }
    let indent = page.indent(page.tree.span(placed.statement).start);
    let Some(last) = rest.last() else {
        let end = page.with_comment(page.tree.span(placed.statement).end);
        return Some((call, vec![Change { span: Span::new(end, end), text: format!("\n{indent}{release}") }]));
    };
    if let Some(change) = into_last_finally(page, &rest, &release) {
        return Some((call, vec![change]));
    }
    let stretch = Span::new(page.start_after(placed.statement), page.with_comment(page.tree.span(*last).end));
    if jumps(page, &rest) {
        return Some((call, vec![in_try(page, stretch, &[], &release)]));
    }
    let end = stretch.end;
    Some((call, vec![Change { span: Span::new(end, end), text: format!("\n{indent}{release}") }]))
}

fn in_try(page: &Page<'_, '_>, stretch: Span, replaced: &[(Span, String)], release: &str) -> Change {
    let indent = page.indent(stretch.start);
    let unit = page.unit(indent);
    let inner = page.deeper(stretch, replaced, unit);
    let inner = inner.trim_end();
    let text = format!("try {{\n{indent}{unit}{inner}\n{indent}}} finally {{\n{indent}{unit}{release}\n{indent}}}");
    Change { span: stretch, text }
}

/// One release more in the `finally` that ends a scope, where nothing but declarations stands before its `try`.
fn into_last_finally(page: &Page<'_, '_>, rest: &[NodeId], release: &str) -> Option<Change> {
    let (last, before) = rest.split_last()?;
    let is_declaration = |node: &NodeId| page.tree.kind(*node) == "local_variable_declaration";
    before.iter().all(is_declaration).then(|| into_finally(page, *last, release)).flatten()
}

/// One release more in a `finally`, where there is one and nothing catches before it.
pub(super) fn into_finally(page: &Page<'_, '_>, node: NodeId, release: &str) -> Option<Change> {
    let list = finally_of(page, node)?;
    if page.tree.child_of_kind(node, "catch_clause").is_some() {
        return None;
    }
    let last = page.tree.span(*page.statements(list).last()?);
    let (indent, end) = (page.indent(last.start), page.with_comment(last.end));
    Some(Change { span: Span::new(end, end), text: format!("\n{indent}{release}") })
}

/// The block of a `finally`.
fn finally_of(page: &Page<'_, '_>, node: NodeId) -> Option<NodeId> {
    let tree = page.tree;
    if tree.kind(node) != "try_statement" {
        return None;
    }
    tree.child_of_kind(tree.child_of_kind(node, "finally_clause")?, "block")
}

/// One release in a `finally` instead of those on some paths.
pub(super) fn always(
    page: &Page<'_, '_>,
    place: Span,
    variable: &str,
    with: &Release,
) -> Option<(String, Vec<Change>)> {
    let (chain, placed) = declaration(page, place, variable)?;
    let rest = page.rest(placed);
    if !can_end_in_finally(page, &chain, &rest, variable) {
        return None;
    }
    let found = releases(page, &rest, variable, with);
    // As it is written today.
    let call = page.text_of(page.tree.child(*found.first()?, "function")?).to_owned();
    let release = format!("{call}({variable});");
    if let Some(changes) = moved_into_try(page, &rest, &found) {
        return Some((call, changes));
    }
    let mut removed = Vec::new();
    for release in found {
        let chain = page.around(page.tree.span(release))?;
        removed.push((removable(page, &chain, placed.list)?, String::new()));
    }
    let last = *rest.last()?;
    if let Some(change) = into_last_finally(page, &rest, &release) {
        let removed = removed.into_iter().map(|(span, text)| Change { span, text });
        return Some((call, removed.chain([change]).collect()));
    }
    let mut stretch = Span::new(page.start_after(placed.statement), page.with_comment(page.tree.span(last).end));
    // A release that is the last statement goes with the end of its line, one that is the first from its start on.
    for (span, _) in &mut removed {
        *span = Span::new(span.start.max(stretch.start), span.end);
        stretch.end = stretch.end.max(span.end);
    }
    let all_gone =
        page.slice(stretch).trim().len() <= removed.iter().map(|(span, _)| page.slice(*span).trim().len()).sum();
    if all_gone {
        return None;
    }
    let newline = page.slice(stretch).ends_with('\n');
    let mut change = in_try(page, stretch, &removed, &release);
    if newline {
        change.text.push('\n');
    }
    Some((call, vec![change]))
}

/// The calls below some statements that release the variable.
fn releases(page: &Page<'_, '_>, rest: &[NodeId], variable: &str, with: &Release) -> Vec<NodeId> {
    let tree = page.tree;
    let is_release = |&node: &NodeId| {
        let Some(function) = tree.child(node, "function") else { return false };
        let name = page.text_of(function);
        let is_known = with.calls.iter().any(|call| name == call || name.ends_with(&format!(".{call}")));
        let given = tree.child(node, "arguments").and_then(|arguments| tree.named_children(arguments).next());
        is_known && given.is_some_and(|given| page.text_of(given).split('.').next() == Some(variable))
    };
    rest.iter().flat_map(|&node| tree.descendants(node)).filter(is_release).collect()
}

/// The stretch of a release that can go: a statement of its own that all who come by run, once.
fn removable(page: &Page<'_, '_>, chain: &[NodeId], scope: NodeId) -> Option<Span> {
    let tree = page.tree;
    let (at, placed) = page.placed(chain)?;
    let is_plain = tree.kind(placed.statement) == "expression_statement" && at + 2 == chain.len();
    // A block with nothing left in it would be odd.
    let leaves_some = page.statements(placed.list).len() > 1;
    let is_inner = chain.iter().skip_while(|&&node| node != scope).any(|&node| {
        let kind = tree.kind(node);
        matches!(kind, "function_expression" | "for_statement" | "while_statement" | "do_statement")
    });
    (is_plain && leaves_some && !is_inner).then(|| page.whole_line(placed.statement))
}

/// Where the release stands in the `finally` of a `try` that begins too late, the `try` begins with the allocation.
fn moved_into_try(page: &Page<'_, '_>, rest: &[NodeId], found: &[NodeId]) -> Option<Vec<Change>> {
    let tree = page.tree;
    let [release] = found else { return None };
    let at = rest
        .iter()
        .position(|&node| finally_of(page, node).is_some_and(|list| tree.span(list).contains(tree.span(*release))))?;
    let (before, caught) = (rest.get(..at)?, *rest.get(at)?);
    if tree.child_of_kind(caught, "catch_clause").is_some() || before.is_empty() {
        return None;
    }
    let closing = finally_of(page, caught)?;
    let declares = |node: &NodeId| {
        let names = tree.descendants(*node).filter(|&inner| tree.field(inner) == Some("name"));
        names.map(|name| page.text_of(name)).collect::<Vec<_>>()
    };
    let names: Vec<&str> = before.iter().flat_map(declares).collect();
    let after = rest.get(at + 1..)?;
    let is_used = |name: &&str| page.mentions(closing, name) || after.iter().any(|&node| page.mentions(node, name));
    if names.iter().any(is_used) {
        return None;
    }
    let body = tree.child(caught, "body")?;
    let inner = *page.statements(body).first()?;
    let (first, last) = (tree.span(*before.first()?), tree.span(*before.last()?));
    let stretch = Span::new(first.start, last.end);
    let indent = page.indent(tree.span(caught).start);
    let moved = page.deeper(stretch, &[], page.unit(indent));
    let start = tree.span(inner).start;
    let insert = Change { span: Span::new(start, start), text: format!("{moved}\n{indent}{}", page.unit(indent)) };
    let gap = Span::new(stretch.start, tree.span(caught).start);
    // Comments between the two would be lost.
    let between = page.slice(Span::new(last.end, gap.end)).trim();
    between.is_empty().then(|| vec![Change { span: gap, text: String::new() }, insert])
}

/// A release in the method of a class.
pub(super) fn in_method(
    page: &Page<'_, '_>,
    class: &str,
    field: &str,
    method: &str,
    with: &Release,
) -> Option<(String, Change)> {
    let tree = page.tree;
    let named = |node: NodeId, name: &str| tree.child(node, "name").is_some_and(|found| page.text_of(found) == name);
    let class =
        tree.children(tree.root()).find(|&node| tree.kind(node) == "class_declaration" && named(node, class))?;
    let members: Vec<NodeId> = tree.children(tree.child(class, "body")?).collect();
    let declares = |member: &NodeId| {
        let names = tree.descendants(*member).filter(|&node| tree.kind(node) == "initialized_identifier");
        tree.descendants(*member).any(|node| tree.kind(node) == "declaration")
            && names.filter(|&node| named(node, field)).count() == 1
    };
    // What may be null, or may not be there yet, cannot be released without a question.
    let declared = page.text_of(*members.iter().find(|member| declares(member))?);
    let before = declared.split_once(field)?.0.trim();
    let is_late = before.split_whitespace().any(|word| word == "late") && !declared.contains('=');
    if before.ends_with('?') || is_late {
        return None;
    }
    let is_method = |member: &NodeId| {
        let signature = tree.descendants(*member).find(|&node| tree.kind(node) == "function_signature");
        signature.is_some_and(|signature| named(signature, method))
    };
    let found = *members.iter().find(|member| is_method(member))?;
    let body = tree.descendants(found).find(|&node| tree.kind(node) == "function_body")?;
    let block = tree.child_of_kind(body, "block")?;
    let call = page.release(with, None)?;
    let release = format!("{call}({field});");
    let statements = page.statements(block);
    let last = *statements.last()?;
    let (span, indent) = (tree.span(last), page.indent(tree.span(last).start));
    let is_above = page.text_of(last).starts_with("super.");
    if tree.kind(last) == "return_statement" || is_above {
        let text = format!("{release}\n{indent}");
        return Some((call, Change { span: Span::new(span.start, span.start), text }));
    }
    let end = page.with_comment(span.end);
    Some((call, Change { span: Span::new(end, end), text: format!("\n{indent}{release}") }))
}
