//! A variable for memory that is allocated in an argument, and its release.

use super::bound::Way;
use super::page::{Page, Placed};
use super::{Change, release};
use crate::parse::NodeId;
use crate::source::Span;

/// The name of the variable, and the edits.
pub(super) fn keep(page: &Page<'_, '_>, place: Span, way: &Way, unsure: bool) -> Option<(String, Vec<Change>)> {
    let chain = page.around(place)?;
    let allocation = *chain.last()?;
    let at = once_from(page, &chain)?;
    let around = page.function(&chain)?;
    let before = Span::new(page.tree.span(*chain.get(at)?).start, place.start);
    if page.text_of(allocation).contains("?.") || may_act(page.slice(before)) {
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
    let changes = match page.is_list(list) {
        true => in_list(page, &kept, &chain, at, placed, unsure)?,
        false => vec![braced(page, &kept, body)?],
    };
    Some((name.clone(), changes))
}

/// Whether what stands before an allocation in its statement may do something, which must stay before it: a call that has
/// ended, unless it only casts or allocates, an assignment in an argument, an `await`.
fn may_act(before: &str) -> bool {
    const PLAIN: [&str; 4] = [".cast()", ".toNativeUtf8()", ".toNativeUtf16()", ".toDartString()"];
    let rest = PLAIN.iter().fold(before.to_owned(), |text, call| text.replace(call, ""));
    ["++", "--", "await "].iter().any(|act| rest.contains(act)) || rest.contains(')')
}

/// What is kept, and how it is written.
struct Kept<'a> {
    place: Span,
    name: &'a str,
    declared: String,
    release: String,
}

/// The statement or the body of an arrow that runs an expression just once whenever it runs, by its place in the chain.
fn once_from(page: &Page<'_, '_>, chain: &[NodeId]) -> Option<usize> {
    let tree = page.tree;
    for at in (1..chain.len()).rev() {
        let (node, outer) = (*chain.get(at)?, *chain.get(at - 1)?);
        if page.is_statement(node) {
            return Some(at);
        }
        let is_first = || tree.named_children(outer).next() == Some(node);
        let field = tree.field(node);
        let allowed = match tree.kind(outer) {
            "conditional_expression" | "logical_and_expression" | "logical_or_expression" | "if_null_expression" => {
                is_first()
            }
            "if_statement" | "switch_statement" | "switch_expression" => field == Some("condition"),
            "if_element"
            | "for_element"
            | "while_statement"
            | "do_statement"
            | "for_statement"
            | "assertion"
            | "switch_expression_case"
            | "function_expression_body"
            | "yield_statement"
            | "yield_each_statement"
            | "throw_expression" => false,
            "function_body" => return Some(at - 1),
            _ => true,
        };
        if !allowed {
            return None;
        }
    }
    None
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
