//! A release that is missing: at the end of a scope, in a `finally`.

use super::bound::Way;
use super::keep::is_awaited;
use super::known::is_pointer;
use super::lifetime::Life;
use super::page::{Page, Placed};
use super::{Change, lifetime};
use crate::parse::NodeId;
use crate::source::Span;

/// A variable that gets an allocation, and the rest of its scope.
pub(super) struct Scope {
    pub(super) chain: Vec<NodeId>,
    pub(super) placed: Placed,
    /// The statements after its declaration.
    pub(super) rest: Vec<NodeId>,
    /// The call that releases it.
    pub(super) call: String,
    /// The same as a statement.
    pub(super) release: String,
}

impl Scope {
    /// The scope of the variable whose declaration is around an allocation.
    pub(super) fn of(page: &Page<'_, '_>, place: Span, variable: &str, way: &Way) -> Option<Self> {
        let (chain, placed) = declaration(page, place, variable)?;
        let call = page.release(way, place, chain.last().copied())?;
        let given = way.argument(variable, page.declared_type(&chain, variable, way).as_deref());
        let release = format!("{call}({given});");
        Some(Self { rest: page.rest(placed), chain, placed, call, release })
    }

    /// The uses of the memory in the scope up to a place; no answer where something may keep it.
    pub(super) fn life(&self, page: &Page<'_, '_>, way: &Way, until: u32) -> Option<Life> {
        let statements: Vec<NodeId> = std::iter::once(self.placed.statement).chain(self.rest.iter().copied()).collect();
        lifetime::of(page, &self.chain, way, lifetime::Region { statements: &statements, until })
    }

    /// The blanks before each of its statements.
    pub(super) fn indent<'p>(&self, page: &Page<'p, '_>) -> &'p str {
        page.indent(page.tree.span(self.placed.statement).start)
    }
}

/// The variable's declaration around its allocation: the chain of nodes to it, and its place.
fn declaration(page: &Page<'_, '_>, place: Span, variable: &str) -> Option<(Vec<NodeId>, Placed)> {
    let tree = page.tree;
    let chain = page.around(place)?;
    let (at, placed) = page.placed(&chain)?;
    if tree.kind(placed.statement) != "local_variable_declaration" {
        return None;
    }
    // `final a = …, b = …;`: what comes after the first has a node of its own.
    let (declaration, inner) = (*chain.get(at + 1)?, chain.get(at + 2).copied());
    let later = inner.filter(|&node| tree.kind(node) == "initialized_identifier");
    let declared = later.unwrap_or(declaration);
    let first = at + if later.is_some() { 3 } else { 2 };
    let name = tree.child(declared, "name").filter(|&name| page.text_of(name) == variable)?;
    let is_late = page.text_of(placed.statement).trim_start().starts_with("late ");
    // What is declared to be something else cannot be given to a release.
    if tree.child_of_kind(declaration, "type").is_some_and(|ty| !is_pointer(page.text_of(ty))) {
        return None;
    }
    if tree.kind(declaration) != "initialized_variable_declaration"
        || is_late
        || may_be_null(page, placed.statement, name, tree.span(declared))
    {
        return None;
    }
    // What is allocated must be what is declared, by casts at most: not something in it, nor one of two.
    let plain = chain.iter().skip(first).all(|&node| {
        let casts = ["call_expression", "member_expression", "instantiation_expression", "as_expression"];
        casts.contains(&tree.kind(node))
    });
    let is_written_once = !writes(page, placed, variable);
    (plain && is_written_once && tree.span(name).start < place.start).then_some((chain, placed))
}

/// Whether a declared variable may be null, which no release takes: `Pointer<Utf8>? p`, `final p = text?.toNativeUtf8()`.
fn may_be_null(page: &Page<'_, '_>, statement: NodeId, name: NodeId, declared: Span) -> bool {
    let (statement, name) = (page.tree.span(statement), page.tree.span(name));
    let before = page.slice(Span::new(statement.start, name.start));
    let ty = before.split('=').next().unwrap_or_default();
    let ty = if before.contains('=') { ty.trim_end().rsplit_once(' ').map_or(ty, |(ty, _)| ty) } else { ty };
    ty.trim_end().ends_with('?') || page.slice(Span::new(name.end, declared.end)).contains("?.")
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
pub(super) fn at_end(page: &Page<'_, '_>, place: Span, variable: &str, way: &Way) -> Option<(String, Vec<Change>)> {
    let scope = Scope::of(page, place, variable, way)?;
    // One that is released somewhere would be released twice on that way.
    if !scope.life(page, way, u32::MAX)?.releases.is_empty() {
        return None;
    }
    if !can_end_in_finally(page, &scope.chain, &scope.rest, variable) {
        return None;
    }
    let rest = after_check(page, &scope.rest, variable, way)?;
    let changes = match (rest, jumps(page, rest)) {
        _ if page.is_on_one_line(scope.placed.list) => match page.is_outermost_on_line(&scope.chain, scope.placed.list)
        {
            true => vec![on_lines(page, &scope, rest)?],
            false => return None,
        },
        ([], _) => vec![after(page, scope.rest.last().copied().unwrap_or(scope.placed.statement), &scope)],
        ([.., last], jumps) => match into_last_finally(page, rest, &scope.release) {
            Some(change) => vec![change],
            None if jumps => {
                let before = page.before(scope.placed.list, *rest.first()?)?;
                let stretch = Span::new(page.start_after(before), page.with_comment(page.tree.span(*last).end));
                if !page.begins_line(stretch.start) {
                    return None;
                }
                vec![in_try(page, stretch, &[], &scope.release)]
            }
            None => vec![after(page, *last, &scope)],
        },
    };
    Some((scope.call, changes))
}

fn after(page: &Page<'_, '_>, last: NodeId, scope: &Scope) -> Change {
    let end = page.with_comment(page.tree.span(last).end);
    Change { span: Span::new(end, end), text: format!("\n{}{}", scope.indent(page), scope.release) }
}

/// A block on one line becomes one of several.
fn on_lines(page: &Page<'_, '_>, scope: &Scope, rest: &[NodeId]) -> Option<Change> {
    let span = page.tree.span(scope.placed.list);
    let indent = page.indent(span.start);
    let unit = page.unit(indent);
    let (mut lines, mut open) = (Vec::new(), false);
    let jumps = jumps(page, rest);
    for statement in page.statements(scope.placed.list) {
        if jumps && rest.first() == Some(&statement) {
            lines.push(format!("{unit}try {{"));
            open = true;
        }
        lines.push(format!("{unit}{}{}", if open { unit } else { "" }, page.text_of(statement)));
    }
    if open {
        lines.push(format!("{unit}}} finally {{"));
        lines.push(format!("{unit}{unit}{}", scope.release));
        lines.push(format!("{unit}}}"));
    } else {
        lines.push(format!("{unit}{}", scope.release));
    }
    let lines: String = lines.iter().map(|line| format!("{indent}{line}\n")).collect();
    Some(Change { span, text: format!("{{\n{lines}{indent}}}") })
}

/// The statements after the question whether the allocation failed, where its release may not take null. No answer
/// where it is asked later.
fn after_check<'r>(page: &Page<'_, '_>, rest: &'r [NodeId], variable: &str, way: &Way) -> Option<&'r [NodeId]> {
    if way.native.is_none() {
        return Some(rest);
    }
    let asks = |&&node: &&NodeId| {
        let tree = page.tree;
        tree.descendants(node).any(|inner| {
            let text = page.text_of(inner);
            tree.kind(inner) == "equality_expression"
                && page.mentions(inner, variable)
                && (text.contains("nullptr") || text.contains("address"))
        })
    };
    let asked = rest.iter().filter(asks).count();
    let is_first = rest.first().is_some_and(|first| {
        let leaves = page.tree.child(*first, "consequence").is_some_and(|then| jumps(page, &[then]));
        asks(&first) && leaves && page.tree.child(*first, "alternative").is_none()
    });
    match asked {
        0 => Some(rest),
        1 if is_first => rest.get(1..),
        _ => None,
    }
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
pub(super) fn always(page: &Page<'_, '_>, place: Span, variable: &str, way: &Way) -> Option<(String, Vec<Change>)> {
    let scope = Scope::of(page, place, variable, way)?;
    let life = scope.life(page, way, u32::MAX)?;
    let Scope { chain, placed, rest, .. } = scope;
    if !can_end_in_finally(page, &chain, &rest, variable) || after_check(page, &rest, variable, way)?.len() < rest.len()
    {
        return None;
    }
    let found = releases(page, &rest, variable, way);
    // One under another name would stay.
    if found.len() != life.releases.len() {
        return None;
    }
    // As it is written today.
    let first = *found.first()?;
    let call = page.text_of(page.tree.child(first, "function")?).to_owned();
    let release = format!("{};", page.text_of(first));
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
    if !page.begins_line(stretch.start) {
        return None;
    }
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
pub(super) fn releases(page: &Page<'_, '_>, rest: &[NodeId], variable: &str, way: &Way) -> Vec<NodeId> {
    let tree = page.tree;
    let is_release = |&node: &NodeId| {
        let Some(function) = tree.child(node, "function") else { return false };
        let name = page.text_of(function);
        let native = way.native.as_ref().map(|native| native.call.as_str());
        let mut calls = way.calls.iter().map(String::as_str).chain(native);
        let is_known = calls.any(|call| name == call || name.ends_with(&format!(".{call}")));
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
    if tree.child_of_kind(caught, "catch_clause").is_some()
        || before.is_empty()
        || page.is_on_one_line(tree.child(caught, "body")?)
    {
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
