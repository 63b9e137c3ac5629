//! A variable for memory that is allocated in an argument, and its release.

use super::bound::Way;
use super::page::{Page, Placed};
use super::{Change, hoist, lifetime, release};
use crate::parse::NodeId;
use crate::source::Span;

/// The name of the variable, and the edits.
pub(super) fn keep(page: &Page<'_, '_>, place: Span, way: &Way, unsure: bool) -> Option<(String, Vec<Change>)> {
    let chain = page.around(place)?;
    let allocation = *chain.last()?;
    let at = hoist::to(page, &chain)?;
    let around = page.function(&chain)?;
    if page.text_of(allocation).contains("?.") || !ends_in_time(page, &chain, at, way, unsure)? {
        return None;
    }
    if page.is_generator(around) || page.may_work_later(around) {
        return None;
    }
    let name = page.free_name(&chain, &numbered(page, &chain, allocation));
    let call = page.release(way, place, Some(allocation))?;
    let ty = page.tree.child(allocation, "function").and_then(|function| way.given_by(page.text_of(function)));
    let release = format!("{call}({});", way.argument(&name, ty));
    let declared = format!("final {name} = {};", page.moved_out(allocation, *chain.get(at)?));
    let kept = Kept { place, name: &name, declared, release };
    let body = *chain.get(at)?;
    if page.tree.kind(body) == "function_body" {
        return Some((name.clone(), vec![arrow(page, &kept, &chain, at)?]));
    }
    let list = *chain.get(at.checked_sub(1)?)?;
    let placed = Placed { statement: body, list };
    if page.is_async(around) && page.tree.kind(body) == "return_statement" && !is_awaited(page, body) {
        return None;
    }
    // What stands on one line with others is taken apart as a whole, or not at all.
    let is_apart = match page.is_list(list) {
        true => page.is_on_one_line(list) || page.begins_line(page.tree.span(body).start),
        false => !chain.iter().any(|&node| page.is_list(node) && page.is_on_one_line(node)),
    };
    if !is_apart {
        return None;
    }
    let changes = match page.is_list(list) {
        true if page.is_on_one_line(list) => vec![on_lines(page, &kept, &chain, placed, unsure)?],
        true => in_list(page, &kept, &chain, at, placed, unsure)?,
        false => vec![braced(page, &kept, body)?],
    };
    Some((name.clone(), changes))
}

/// Whether nothing needs the memory when it is released: after the statement, or at the end of its list where what the
/// call gives may lead into it.
fn ends_in_time(page: &Page<'_, '_>, chain: &[NodeId], at: usize, way: &Way, unsure: bool) -> Option<bool> {
    let body = *chain.get(at)?;
    let list = *chain.get(at.checked_sub(1)?)?;
    let is_listed = page.is_list(list) && page.tree.kind(body) == "local_variable_declaration";
    let statements = if is_listed { page.statements(list) } else { vec![body] };
    let region = lifetime::Region { statements: &statements, until: page.tree.span(*statements.last()?).end };
    let life = lifetime::of(page, chain, way, region)?;
    Some(life.releases.is_empty() && (life.names.is_empty() || is_listed && unsure))
}

/// What is kept, and how it is written.
struct Kept<'a> {
    place: Span,
    name: &'a str,
    declared: String,
    release: String,
}

fn in_list(
    page: &Page<'_, '_>,
    kept: &Kept<'_>,
    chain: &[NodeId],
    at: usize,
    placed: Placed,
    unsure: bool,
) -> Option<Vec<Change>> {
    let tree = page.tree;
    let span = tree.span(placed.statement);
    let indent = page.indent(span.start);
    if tree.kind(placed.statement) == "local_variable_declaration" {
        if page.text_of(placed.statement).trim_start().starts_with("late ") {
            return None;
        }
        let waits = page.own_descendants(placed.statement).iter().any(|&node| tree.kind(node) == "await_expression");
        if unsure || waits {
            let last = *page.statements(placed.list).last()?;
            let stretch = Span::new(span.start, page.with_comment(tree.span(last).end));
            if !release::can_end_in_finally(page, chain, &page.rest(placed), kept.name) {
                return None;
            }
            return Some(vec![in_try(page, kept, stretch)]);
        }
        let text =
            format!("{}\n{indent}{}", kept.declared, page.deeper(span, &[(kept.place, kept.name.to_owned())], ""));
        let end = page.with_comment(span.end);
        let release = Change { span: Span::new(end, end), text: format!("\n{indent}{}", kept.release) };
        return Some(vec![Change { span, text }, release]);
    }
    if let Some(changes) = in_open_try(page, kept, chain, at, placed) {
        return Some(changes);
    }
    Some(vec![in_try(page, kept, Span::new(span.start, page.with_comment(span.end)))])
}

/// A block on one line becomes one of several.
fn on_lines(page: &Page<'_, '_>, kept: &Kept<'_>, chain: &[NodeId], placed: Placed, unsure: bool) -> Option<Change> {
    let (tree, span) = (page.tree, page.tree.span(placed.list));
    let is_declaration = tree.kind(placed.statement) == "local_variable_declaration";
    let waits = page.own_descendants(placed.statement).iter().any(|&node| tree.kind(node) == "await_expression");
    let is_late = page.text_of(placed.statement).starts_with("late ");
    if !page.is_outermost_on_line(chain, placed.list) || is_declaration && (unsure || waits || is_late) {
        return None;
    }
    let indent = page.indent(span.start);
    let unit = page.unit(indent);
    let mut lines = Vec::new();
    for statement in page.statements(placed.list) {
        if statement != placed.statement {
            lines.push(page.text_of(statement).to_owned());
            continue;
        }
        let text = page.deeper(tree.span(statement), &[(kept.place, kept.name.to_owned())], "");
        lines.push(kept.declared.clone());
        match is_declaration {
            true => lines.extend([text, kept.release.clone()]),
            false => lines.extend([
                "try {".to_owned(),
                format!("{unit}{text}"),
                "} finally {".to_owned(),
                format!("{unit}{}", kept.release),
                "}".to_owned(),
            ]),
        }
    }
    let lines: String = lines.iter().map(|line| format!("{indent}{unit}{line}\n")).collect();
    Some(Change { span, text: format!("{{\n{lines}{indent}}}") })
}

/// Where the statement is all that a `try` with a `finally` does, that can release it too.
fn in_open_try(
    page: &Page<'_, '_>,
    kept: &Kept<'_>,
    chain: &[NodeId],
    at: usize,
    placed: Placed,
) -> Option<Vec<Change>> {
    let tree = page.tree;
    let (outer, list) = (*chain.get(at.checked_sub(2)?)?, *chain.get(at.checked_sub(3)?)?);
    if tree.kind(outer) != "try_statement" || !page.is_list(list) || page.statements(placed.list).len() != 1 {
        return None;
    }
    let release = release::into_finally(page, outer, &kept.release)?;
    let start = tree.span(outer).start;
    let before = Change { span: Span::new(start, start), text: format!("{}\n{}", kept.declared, page.indent(start)) };
    let within = Change { span: kept.place, text: kept.name.to_owned() };
    Some(vec![before, within, release])
}

fn in_try(page: &Page<'_, '_>, kept: &Kept<'_>, stretch: Span) -> Change {
    let indent = page.indent(stretch.start);
    let unit = page.unit(indent);
    let inner = page.deeper(stretch, &[(kept.place, kept.name.to_owned())], unit);
    let text = format!(
        "{}\n{indent}try {{\n{indent}{unit}{inner}\n{indent}}} finally {{\n{indent}{unit}{}\n{indent}}}",
        kept.declared, kept.release
    );
    Change { span: stretch, text }
}

/// A statement that is the body of another one becomes a block.
fn braced(page: &Page<'_, '_>, kept: &Kept<'_>, statement: NodeId) -> Option<Change> {
    // An `else if` is best left in its chain.
    if matches!(page.tree.kind(statement), "if_statement" | "local_variable_declaration") {
        return None;
    }
    let span = page.tree.span(statement);
    // The statement may stand on the line of the one that it belongs to, or on the next.
    let line = page.line_start(span.start);
    let is_alone = page.slice(Span::new(line, span.start)).trim().is_empty();
    let own = page.indent(span.start);
    let unit = page.unit(own);
    let outer = if is_alone { own.strip_suffix(unit).unwrap_or(own) } else { own };
    let indent = format!("{outer}{unit}");
    let inner = page.deeper(span, &[(kept.place, kept.name.to_owned())], unit);
    let text = format!(
        "{{\n{indent}{}\n{indent}try {{\n{indent}{unit}{inner}\n{indent}}} finally {{\n{indent}{unit}{}\n{indent}}}\n{outer}}}",
        kept.declared, kept.release
    );
    if !is_alone {
        return Some(Change { span, text });
    }
    let before = page.slice(Span::new(0, span.start));
    let start = before.trim_end().len() as u32;
    let is_comment = page.slice(Span::new(page.line_start(start), start)).contains("//");
    (!is_comment).then(|| Change { span: Span::new(start, span.end), text: format!(" {text}") })
}

/// `=> f(…);` becomes a block.
fn arrow(page: &Page<'_, '_>, kept: &Kept<'_>, chain: &[NodeId], at: usize) -> Option<Change> {
    let tree = page.tree;
    let around = page.function(chain)?;
    let (body, expression) = (*chain.get(at)?, *chain.get(at + 1)?);
    let owner = page.tree.span(*chain.get(at.checked_sub(1)?)?).start;
    let is_closure = page.tree.kind(*chain.get(at.checked_sub(1)?)?) == "function_expression";
    // A block among the members of a line would be odd.
    if !is_closure && !page.begins_line(owner) {
        return None;
    }
    let written = page.text_of(body);
    let sign = written.find("=>")?;
    let is_async = page.is_async(around);
    let result = page.result_type(around)?;
    let is_setter =
        tree.descendants(*chain.get(at.checked_sub(1)?)?).take(6).any(|n| tree.kind(n) == "setter_signature");
    let gives = match result {
        "void" | "Future<void>" | "FutureOr<void>" => "",
        "" if is_setter => "",
        // What is not written may be nothing.
        "" => return None,
        _ if is_async && tree.kind(first_inner(page, expression)) != "await_expression" => return None,
        _ => "return ",
    };
    let span = tree.span(body);
    let indent = page.indent(tree.span(*chain.get(at.checked_sub(1)?)?).start);
    let unit = page.unit(indent);
    let inner = page.deeper(tree.span(expression), &[(kept.place, kept.name.to_owned())], unit);
    let marks = written.get(..sign)?;
    let text = format!(
        "{marks}{{\n{indent}{unit}{}\n{indent}{unit}try {{\n{indent}{unit}{unit}{gives}{inner};\n{indent}{unit}}} \
         finally {{\n{indent}{unit}{unit}{}\n{indent}{unit}}}\n{indent}}}",
        kept.declared, kept.release
    );
    Some(Change { span, text })
}

/// `unary_expression` stands around each `await_expression`.
fn first_inner(page: &Page<'_, '_>, node: NodeId) -> NodeId {
    match page.tree.kind(node) {
        "unary_expression" => page.tree.named_children(node).next().unwrap_or(node),
        _ => node,
    }
}

/// Whether what a `return` gives is there already.
pub(super) fn is_awaited(page: &Page<'_, '_>, statement: NodeId) -> bool {
    let value = page.tree.named_children(statement).next();
    value.is_none_or(|value| page.tree.kind(first_inner(page, value)) == "await_expression")
}

/// What a variable is best called that stands beside others of the same statement: the first has no number.
fn numbered(page: &Page<'_, '_>, chain: &[NodeId], allocation: NodeId) -> String {
    let wanted = wanted_name(page, allocation);
    let statement =
        chain.iter().rev().find(|&&node| page.is_statement(node) || page.tree.kind(node) == "function_body");
    let span = page.tree.span(allocation);
    let calls = statement.into_iter().flat_map(|&node| page.tree.descendants(node));
    let same = calls.filter(|&node| {
        let is_before = page.tree.kind(node) == "call_expression" && page.tree.span(node).end <= span.start;
        is_before && wanted_name(page, node) == wanted && page.text_of(node) == page.text_of(allocation)
    });
    match same.count() {
        0 => wanted,
        before => format!("{wanted}{}", before + 1),
    }
}

/// What a variable for an allocation is best called.
fn wanted_name(page: &Page<'_, '_>, allocation: NodeId) -> String {
    const SUFFIX: &str = "Pointer";
    let tree = page.tree;
    let function = tree.child(allocation, "function");
    let object = function.and_then(|function| tree.child(function, "object"));
    let method = function.and_then(|function| tree.child(function, "property")).map_or("", |name| page.text_of(name));
    let base = match object.map(|object| (tree.kind(object), object)) {
        // What another library gives is best called by what it is.
        Some(_) if !method.starts_with("toNative") => method,
        Some(("identifier", object)) => page.text_of(object),
        Some(("member_expression", object)) => tree.child(object, "property").map_or("", |name| page.text_of(name)),
        Some(("string_literal", _)) => "text",
        Some(_) => "",
        None => match function.filter(|&function| tree.kind(function) == "identifier").map(|name| page.text_of(name)) {
            Some("calloc" | "malloc") | None => "",
            Some(name) => name,
        },
    };
    let base = base.trim_start_matches(['_', '$']);
    let mut name: String = base.chars().take(1).flat_map(char::to_lowercase).collect();
    // Dart writes `buf_new` as `bufNew`.
    for (before, c) in base.chars().zip(base.chars().skip(1)).filter(|(_, c)| *c != '_') {
        if before == '_' { name.extend(c.to_uppercase()) } else { name.push(c) }
    }
    match name.as_str() {
        "" | "this" | "super" => "pointer".to_owned(),
        name if name.to_lowercase().ends_with("pointer") || name.ends_with("Ptr") => name.to_owned(),
        name => format!("{name}{SUFFIX}"),
    }
}
