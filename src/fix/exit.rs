//! A release on the one way out that does not hand memory over: before a `throw` or a `return`, in a `catch`.
//!
//! Elsewhere somebody else becomes the owner, so that a `finally` would take it from him.

use super::Change;
use super::bound::Way;
use super::page::Page;
use super::release::Scope;
use crate::parse::NodeId;
use crate::source::Span;

/// A release where something throws.
pub(super) fn on_throw(
    page: &Page<'_, '_>,
    place: Span,
    variable: &str,
    way: &Way,
    thrown: Span,
) -> Option<(String, Vec<Change>)> {
    let scope = Scope::of(page, place, variable, way)?;
    let is_throw = |node: &NodeId| page.tree.kind(*node) == "throw_expression";
    let throws = scope.rest.iter().flat_map(|&node| page.own_descendants(node)).filter(is_throw).count();
    if !scope.life(page, way, thrown.end)?.releases.is_empty() {
        return None;
    }
    let before = if throws == 1 { before_exit(page, &scope, variable, thrown) } else { None };
    let change = before.or_else(|| {
        let thrower = Thrower::of(page, &scope, variable, thrown)?;
        into_catch(page, &scope, &thrower).or_else(|| in_catch(page, &scope, &thrower))
    })?;
    Some((scope.call, vec![change]))
}

/// A release on the path that a condition opens, or that ends with a jump.
pub(super) fn on_path(
    page: &Page<'_, '_>,
    place: Span,
    variable: &str,
    way: &Way,
    (exit, branch): (Option<Span>, Option<(Span, bool)>),
) -> Option<(String, Vec<Change>)> {
    let scope = Scope::of(page, place, variable, way)?;
    let until = exit.or(branch.map(|(condition, _)| condition))?;
    let released = scope.life(page, way, until.end)?.releases;
    if !released.iter().all(|&span| is_elsewhere(page, span, until)) {
        return None;
    }
    let before = exit.and_then(|exit| before_exit(page, &scope, variable, exit));
    let change = before.or_else(|| {
        let (condition, holds) = branch?;
        on_branch(page, &scope, variable, condition, holds)
    })?;
    Some((scope.call, vec![change]))
}

/// Whether a release is one of a way that ends there and is not that to a place.
fn is_elsewhere(page: &Page<'_, '_>, release: Span, place: Span) -> bool {
    let chain = page.enclosing(release);
    let placed = page.placed(&chain).map(|(_, placed)| placed);
    placed.is_some_and(|placed| {
        let leaves = page.statements(placed.list).last().is_some_and(|&last| is_jump(page, last));
        leaves && !page.tree.span(placed.list).contains(place)
    })
}

/// What throws while the variable owns the memory, and the statements around it of which that is certain.
struct Thrower {
    /// The list that they stand in: of the variable's scope, or of a `try` in it.
    list: NodeId,
    statements: Vec<NodeId>,
    /// The statement that throws, by its place among them.
    at: usize,
    /// The last statement before the memory is handed over.
    last: usize,
    /// In its own statement nothing else is given the pointer.
    is_alone: bool,
}

impl Thrower {
    fn of(page: &Page<'_, '_>, scope: &Scope, variable: &str, thrown: Span) -> Option<Self> {
        let tree = page.tree;
        if page.function(&scope.chain).is_none_or(|around| page.is_generator(around)) {
            return None;
        }
        // On the way there nothing may have given it away: a statement that is skipped at times could have.
        let is_plain = |&node: &NodeId| {
            matches!(tree.kind(node), "expression_statement" | "local_variable_declaration")
                || passes(page, node, variable).is_empty()
        };
        let (mut list, mut statements) = (scope.placed.list, scope.rest.clone());
        loop {
            let at = statements.iter().position(|&statement| tree.span(statement).contains(thrown))?;
            let node = *statements.get(at)?;
            if !statements.get(..at)?.iter().all(is_plain) {
                return None;
            }
            let is_alone = passes(page, node, variable).iter().all(|&given| is_lent(page, given, node, thrown));
            let is_try = tree.kind(node) == "try_statement";
            let body = tree.child(node, "body").filter(|&body| is_try && tree.span(body).contains(thrown));
            let is_caught = tree.child_of_kind(node, "catch_clause").is_some();
            if let Some(body) = body.filter(|_| !is_alone && !is_caught) {
                (list, statements) = (body, page.statements(body));
                continue;
            }
            if !(is_alone || is_try && is_caught) {
                return None;
            }
            // The next that is given the pointer itself is who takes it over, for all that is known here.
            let handed = statements.iter().skip(at + 1).position(|&node| !passes(page, node, variable).is_empty())?;
            return Some(Self { list, statements, at, last: at + handed, is_alone });
        }
    }
}

/// Whether a pointer is given to what throws, to the same function once more, or to what is asked before.
fn is_lent(page: &Page<'_, '_>, given: NodeId, statement: NodeId, thrown: Span) -> bool {
    let tree = page.tree;
    let span = tree.span(given);
    if thrown.contains(span) {
        return true;
    }
    let callee = |node: NodeId| tree.child(node, "function").map(|function| page.text_of(function));
    let chain = page.enclosing(span);
    let thrower = page.around(thrown).and_then(|chain| callee(*chain.last()?));
    let is_alike = thrower.is_some() && chain.iter().any(|&node| callee(node) == thrower);
    let is_asked =
        span.end <= thrown.start && page.placed(&chain).is_some_and(|(_, placed)| placed.statement == statement);
    is_alike || is_asked
}

/// Where a variable itself is given to something, not only what it points to.
fn passes(page: &Page<'_, '_>, statement: NodeId, variable: &str) -> Vec<NodeId> {
    let tree = page.tree;
    let is_it = |&node: &NodeId| tree.kind(node) == "identifier" && page.text_of(node) == variable;
    let reads = |node: &NodeId| {
        let rest = page.text.get(tree.span(*node).end as usize..).unwrap_or_default();
        let is_read = [".ref.", ".ref =", ".value", "[", " == nullptr", " != nullptr"];
        is_read.iter().any(|read| rest.starts_with(read))
    };
    tree.descendants(statement).filter(is_it).filter(|node| !reads(node)).collect()
}

/// One release more in a `catch` that is there: of everything, and thrown again.
fn into_catch(page: &Page<'_, '_>, scope: &Scope, thrower: &Thrower) -> Option<Change> {
    let tree = page.tree;
    let node = *thrower.statements.get(thrower.at)?;
    if tree.kind(node) != "try_statement" || tree.child_of_kind(node, "type").is_some() {
        return None;
    }
    let mut clauses = tree.children(node).filter(|&child| tree.kind(child) == "catch_clause");
    clauses.next().filter(|_| clauses.next().is_none())?;
    let block = tree.children(node).find(|&child| tree.kind(child) == "block" && tree.field(child) != Some("body"))?;
    let statements = page.statements(block);
    let (first, last) = (*statements.first()?, *statements.last()?);
    if tree.kind(last) != "rethrow_statement" {
        return None;
    }
    let start = tree.span(first).start;
    let text = format!("{}\n{}", scope.release, page.indent(start));
    Some(Change { span: Span::new(start, start), text })
}

/// A `try` around all that can throw before the memory is handed over.
fn in_catch(page: &Page<'_, '_>, scope: &Scope, thrower: &Thrower) -> Option<Change> {
    let (Thrower { list, statements: rest, .. }, release) = (thrower, &scope.release);
    if page.is_on_one_line(*list) || !thrower.is_alone {
        return None;
    }
    let ends = [thrower.last, thrower.at];
    let fits = |&(start, last): &(usize, usize)| {
        let (within, after) = (rest.get(start..=last).unwrap_or_default(), rest.get(last + 1..).unwrap_or_default());
        let names = within.iter().flat_map(|&statement| declared(page, statement));
        !names.into_iter().any(|name| after.iter().any(|&node| page.mentions(node, name)))
    };
    let stretches = ends.into_iter().flat_map(|last| (0..=thrower.at).map(move |start| (start, last)));
    let (start, last) = stretches.into_iter().find(fits)?;
    let end = page.with_comment(page.tree.span(*rest.get(last)?).end);
    let start = match page.before(*list, *rest.get(start)?) {
        Some(before) => page.start_after(before),
        None => page.tree.span(*rest.get(start)?).start,
    };
    let stretch = Span::new(start, end);
    if !page.begins_line(start) {
        return None;
    }
    let indent = page.indent(stretch.start);
    let unit = page.unit(indent);
    let inner = page.deeper(stretch, &[], unit);
    let inner = inner.trim_end();
    let text = format!(
        "try {{\n{indent}{unit}{inner}\n{indent}}} catch (_) {{\n{indent}{unit}{release}\n{indent}{unit}rethrow;\n{indent}}}"
    );
    Some(Change { span: stretch, text })
}

/// The names that a statement declares in its list.
fn declared<'p>(page: &Page<'p, '_>, statement: NodeId) -> Vec<&'p str> {
    let tree = page.tree;
    if !matches!(tree.kind(statement), "local_variable_declaration" | "local_function_declaration") {
        return Vec::new();
    }
    let names = page.own_descendants(statement).into_iter().filter(|&node| tree.field(node) == Some("name"));
    names.map(|node| page.text_of(node)).collect()
}

/// A release before a statement that leaves the function, or the round of a loop.
fn before_exit(page: &Page<'_, '_>, scope: &Scope, variable: &str, exit: Span) -> Option<Change> {
    let tree = page.tree;
    let chain = page.around(exit)?;
    let at = chain.iter().rposition(|&node| page.is_statement(node))?;
    let statement = *chain.get(at)?;
    let is_jump = is_jump(page, statement) && !uses(page, scope, statement, variable);
    let within = chain.get(..at)?;
    if !is_jump || !is_open(page, scope, within, statement) || !is_owned(page, scope, variable, within, statement) {
        return None;
    }
    Some(before(page, statement, *chain.get(at.checked_sub(1)?)?, &scope.release))
        .filter(|_| tree.span(statement).start > tree.span(scope.placed.statement).end)
}

fn is_jump(page: &Page<'_, '_>, statement: NodeId) -> bool {
    let tree = page.tree;
    match tree.kind(statement) {
        "return_statement" | "rethrow_statement" | "break_statement" | "continue_statement" => true,
        "expression_statement" => {
            tree.named_children(statement).next().is_some_and(|inner| tree.kind(inner) == "throw_expression")
        }
        _ => false,
    }
}

/// Whether a statement needs the memory, or what leads into it.
fn uses(page: &Page<'_, '_>, scope: &Scope, statement: NodeId, variable: &str) -> bool {
    let leads_in = |text: &str| {
        [".ref;", ".asTypedList(", ".cast", " + ", ".elementAt("].iter().any(|way| text.contains(way))
            || text.trim_end_matches(';').ends_with(variable)
    };
    let views = scope.rest.iter().filter(|&&node| page.mentions(node, variable) && leads_in(page.text_of(node)));
    let names: Vec<&str> = views.flat_map(|&node| declared(page, node)).collect();
    page.mentions(statement, variable) || names.iter().any(|name| page.mentions(statement, name))
}

/// Whether the way from the variable's list to a statement leaves the variable's scope with it: no `try` that may go
/// on, no function of its own, and of a loop only by what does not merely end that.
fn is_open(page: &Page<'_, '_>, scope: &Scope, chain: &[NodeId], statement: NodeId) -> bool {
    let ends_loop = matches!(page.tree.kind(statement), "break_statement" | "continue_statement");
    let mut within = chain.iter().skip_while(|&&node| node != scope.placed.list);
    within.next().is_some()
        && within.all(|&node| match page.tree.kind(node) {
            "try_statement" | "function_expression" | "local_function_declaration" => false,
            "for_statement" | "while_statement" | "do_statement" | "switch_statement" => !ends_loop,
            _ => true,
        })
}

/// Whether nothing that runs at times only was given the pointer before a statement.
fn is_owned(page: &Page<'_, '_>, scope: &Scope, variable: &str, chain: &[NodeId], statement: NodeId) -> bool {
    let start = page.tree.span(statement).start;
    let given = scope.rest.iter().flat_map(|&node| passes(page, node, variable));
    let mut before = given.filter(|&node| page.tree.span(node).end <= start);
    before.all(|node| {
        let around = page.enclosing(page.tree.span(node));
        page.placed(&around).is_some_and(|(_, placed)| chain.contains(&placed.list))
    })
}

/// A statement more before one, with braces where that stands alone.
fn before(page: &Page<'_, '_>, statement: NodeId, outer: NodeId, release: &str) -> Change {
    let span = page.tree.span(statement);
    let indent = page.indent(span.start);
    if page.is_list(outer) {
        let line = page.slice(Span::new(page.line_start(span.start), span.start));
        let gap = if line.trim().is_empty() { format!("\n{indent}") } else { " ".to_owned() };
        return Change { span: Span::new(span.start, span.start), text: format!("{release}{gap}") };
    }
    let head = page.indent(page.tree.span(outer).start);
    let inner = format!("{head}{}", page.unit(head));
    let text = page.text_of(statement);
    let before = page.slice(Span::new(0, span.start)).trim_end().len() as u32;
    let line = page.slice(Span::new(page.line_start(before), before));
    let start = if line.contains("//") { span.start } else { before };
    let blank = if start == before { " " } else { "" };
    Change { span: Span::new(start, span.end), text: format!("{blank}{{\n{inner}{release}\n{inner}{text}\n{head}}}") }
}

/// A release in the arm of an `if`: before it jumps, else at its end; an `else` where there is none.
fn on_branch(page: &Page<'_, '_>, scope: &Scope, variable: &str, condition: Span, holds: bool) -> Option<Change> {
    let tree = page.tree;
    let chain = page.around(condition)?;
    let at = chain.iter().rposition(|&node| tree.kind(node) == "if_statement")?;
    let branch = *chain.get(at)?;
    let is_its = tree.child(branch, "condition").is_some_and(|found| tree.span(found) == condition);
    let within = chain.get(..at)?;
    if !is_its || !is_open(page, scope, within, branch) || !is_owned(page, scope, variable, within, branch) {
        return None;
    }
    let arm = tree.child(branch, if holds { "consequence" } else { "alternative" });
    let Some(arm) = arm else {
        let then = tree.child(branch, "consequence").filter(|&then| tree.kind(then) == "block" && !holds)?;
        let (end, indent) = (tree.span(then).end, page.indent(tree.span(branch).start));
        let text = format!(" else {{\n{indent}{}{}\n{indent}}}", page.unit(indent), scope.release);
        return Some(Change { span: Span::new(end, end), text });
    };
    let last = *page.statements(arm).last().filter(|_| tree.kind(arm) == "block")?;
    if !passes(page, arm, variable).is_empty() {
        return None;
    }
    let is_jump = is_jump(page, last);
    if is_jump && !uses(page, scope, last, variable) {
        let within: Vec<NodeId> = chain.iter().copied().take(at + 1).chain([arm]).collect();
        return is_open(page, scope, &within, last).then(|| before(page, last, arm, &scope.release));
    }
    let (end, indent) = (page.with_comment(tree.span(last).end), page.indent(tree.span(last).start));
    (!is_jump).then(|| Change { span: Span::new(end, end), text: format!("\n{indent}{}", scope.release) })
}
