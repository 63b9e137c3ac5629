//! A release of what a field holds: in the method that ends its object, or before the block that it lies in goes.

use super::Change;
use super::bound::Way;
use super::known::is_pointer;
use super::page::Page;
use crate::parse::NodeId;
use crate::source::Span;

/// How a class declares a field.
struct Field<'p> {
    name: &'p str,
    ty: Option<&'p str>,
    is_nullable: bool,
    /// It begins as `nullptr`.
    is_empty: bool,
    /// It may get another value.
    is_final: bool,
}

/// A release in the method of a class.
pub(super) fn in_method(
    page: &Page<'_, '_>,
    (class, field, method): (&str, &str, &str),
    way: impl Fn(Span) -> Option<Way>,
) -> Option<(String, Change)> {
    let tree = page.tree;
    let is_class = |&node: &NodeId| tree.kind(node) == "class_declaration" && is_named(page, node, class);
    let class = tree.children(tree.root()).find(is_class)?;
    let members: Vec<NodeId> = tree.children(tree.child(class, "body")?).collect();
    let declared = field_of(page, &members, field)?;
    let signature = |&member: &NodeId| {
        let mut all = tree.descendants(member).take_while(|&node| tree.kind(node) != "function_body");
        all.find(|&node| tree.kind(node) == "function_signature" && is_named(page, node, method))
    };
    let (found, signature) = members.iter().find_map(|member| Some((*member, signature(member)?)))?;
    let body = tree.descendants(found).find(|&node| tree.kind(node) == "function_body")?;
    let way = way(tree.span(body))?;
    let call = page.release(&way, tree.span(body), None)?;
    let lines = lines(page, found, &declared, &call, &way);
    let indent = page.indent(tree.span(found).start);
    let inner = format!("{indent}{}", page.unit(indent));
    let Some(block) = tree.child_of_kind(body, "block") else {
        return Some((call, opened(page, body, signature, &inner, &lines)?));
    };
    let statements = page.statements(block);
    // What is only begun here, in a closure or in a method that need not end with this one, may use it later.
    let is_begun = |&node: &NodeId| match tree.kind(node) {
        "function_expression" | "local_function_declaration" => true,
        "call_expression" => tree.child(node, "function").is_some_and(|function| {
            let name = page.text_of(function);
            let is_known = matches!(name, "print" | "debugPrint") || page.known.bound(name).is_some();
            tree.kind(function) == "identifier" && !is_known
        }),
        _ => false,
    };
    if page.text_of(body).starts_with("async") || tree.descendants(block).any(|node| is_begun(&node)) {
        return None;
    }
    // One that leaves early would not come by.
    let leaves =
        |&node: &NodeId| matches!(tree.kind(node), "return_statement" | "throw_expression" | "rethrow_statement");
    let early = page.own_descendants(block).into_iter().filter(leaves).filter(|node| statements.last() != Some(node));
    if early.count() > 0 {
        return None;
    }
    let Some(&last) = statements.last() else {
        let text = page.text_of(block);
        let is_bare = text.strip_prefix('{')?.strip_suffix('}')?.trim().is_empty();
        let text = lines.iter().map(|line| format!("\n{inner}{line}")).collect::<String>();
        let span = tree.span(block);
        return is_bare.then(|| (call, Change { span, text: format!("{{{text}\n{indent}}}") }));
    };
    if page.is_on_one_line(block) {
        let before = statements.iter().map(|&node| page.text_of(node).to_owned());
        let all = before.chain(lines).map(|line| format!("\n{inner}{line}")).collect::<String>();
        let is_above = page.text_of(last).starts_with("super.") || tree.kind(last) == "return_statement";
        return (!is_above).then(|| (call, Change { span: tree.span(block), text: format!("{{{all}\n{indent}}}") }));
    }
    let (span, indent) = (tree.span(last), page.indent(tree.span(last).start));
    let is_above = page.text_of(last).starts_with("super.");
    if tree.kind(last) == "return_statement" || is_above {
        let text = lines.iter().map(|line| format!("{line}\n{indent}")).collect();
        return Some((call, Change { span: Span::new(span.start, span.start), text }));
    }
    let end = page.with_comment(span.end);
    let text = lines.iter().map(|line| format!("\n{indent}{line}")).collect();
    Some((call, Change { span: Span::new(end, end), text }))
}

fn is_named(page: &Page<'_, '_>, node: NodeId, name: &str) -> bool {
    page.tree.child(node, "name").is_some_and(|found| page.text_of(found) == name)
}

/// The only field of that name whose memory is there for certain when the object ends, or may be asked for.
fn field_of<'p>(page: &Page<'p, '_>, members: &[NodeId], field: &str) -> Option<Field<'p>> {
    let tree = page.tree;
    let of_member = |&member: &NodeId| {
        let names = tree.descendants(member).filter(|&node| tree.kind(node) == "initialized_identifier");
        let is_field = tree.children(member).any(|node| tree.kind(node) == "declaration");
        let mut names = names.filter(|&node| is_field && is_named(page, node, field));
        names.next().map(|name| (member, name))
    };
    let (member, identifier) = members.iter().find_map(of_member)?;
    let (declared, written) = (page.text_of(member), page.text_of(identifier));
    let ty = tree.children(member).find(|&node| tree.kind(node) == "declaration");
    let ty = ty.and_then(|node| tree.child_of_kind(node, "type")).map(|ty| page.text_of(ty));
    let before = declared.split_once(field)?.0;
    let is_late = before.split_whitespace().any(|word| word == "late") && !written.contains('=');
    // What may not be there yet cannot be released without a question, which nothing answers.
    if is_late && !is_set_by_constructor(page, members, field) {
        return None;
    }
    let name = page.text_of(tree.child(identifier, "name")?);
    let is_empty = written.trim_end().ends_with("nullptr");
    let is_nullable = ty.is_some_and(|ty| ty.ends_with('?'));
    let is_final = before.split_whitespace().any(|word| word == "final");
    // A list of pointers is no pointer.
    let holds_one = match ty {
        Some(ty) => is_pointer(ty),
        None => written.split_once('=').is_none_or(|(_, value)| !value.trim_start().starts_with(['[', '{', '<'])),
    };
    holds_one.then_some(Field { name, ty, is_nullable, is_empty, is_final })
}

/// Whether every constructor gives a field its value, on every way.
fn is_set_by_constructor(page: &Page<'_, '_>, members: &[NodeId], field: &str) -> bool {
    let tree = page.tree;
    let is_constructor = |&&member: &&NodeId| {
        tree.descendants(member)
            .take_while(|&node| tree.kind(node) != "function_body")
            .any(|node| matches!(tree.kind(node), "constructor_signature" | "constant_constructor_signature"))
    };
    let sets = |member: &NodeId| {
        let block = tree.descendants(*member).find(|&node| tree.kind(node) == "function_body");
        let block = block.and_then(|body| tree.child_of_kind(body, "block"));
        let statements = block.map(|block| page.statements(block)).unwrap_or_default();
        statements.into_iter().any(|node| {
            let text = page.text_of(node);
            let text = text.strip_prefix("this.").unwrap_or(text);
            text.strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with("= "))
        })
    };
    let mut constructors = members.iter().filter(is_constructor).peekable();
    constructors.peek().is_some() && constructors.all(sets)
}

/// The statements that release a field.
fn lines(page: &Page<'_, '_>, method: NodeId, field: &Field<'_>, call: &str, way: &Way) -> Vec<String> {
    let &Field { name, ty, is_nullable, is_empty, is_final } = field;
    let release = |pointer: &str| format!("{call}({});", way.argument(pointer, ty.map(|ty| ty.trim_end_matches('?'))));
    if is_nullable {
        // A field is not known to be there by a question alone: it may change.
        let public = name.trim_start_matches('_');
        let wanted = if public == name { format!("{name}Pointer") } else { public.to_owned() };
        let local = match page.mentions(method, &wanted) {
            true => format!("{wanted}ToRelease"),
            false => wanted,
        };
        let mut lines = vec![format!("final {local} = {name};"), format!("if ({local} != null) {}", release(&local))];
        // Who calls it once more finds nothing left.
        lines.extend((!is_final).then(|| format!("{name} = null;")));
        return lines;
    }
    // What native code takes, it need not take empty.
    let mut lines = match is_empty && way.native.is_some() {
        true => vec![format!("if ({name} != nullptr) {}", release(name))],
        false => vec![release(name)],
    };
    lines.extend((is_empty && !is_final).then(|| format!("{name} = nullptr;")));
    lines
}

/// `void dispose() => close();` becomes a block.
fn opened(page: &Page<'_, '_>, body: NodeId, signature: NodeId, inner: &str, lines: &[String]) -> Option<Change> {
    let tree = page.tree;
    let result = tree.child(signature, "return_type").map(|ty| page.text_of(ty));
    let expression = tree.named_children(body).last()?;
    let written = page.text_of(body);
    if result != Some("void") || !written.starts_with("=>") {
        return None;
    }
    let first = format!("{};", page.text_of(expression));
    let above = first.starts_with("super.");
    let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
    all.insert(if above { all.len() } else { 0 }, &first);
    let all = all.iter().map(|line| format!("{inner}{line}\n")).collect::<String>();
    let outer = page.indent(tree.span(signature).start);
    Some(Change { span: tree.span(body), text: format!("{{\n{all}{outer}}}") })
}

/// What a block alone leads to.
#[derive(Clone, Copy)]
pub(super) struct Lost<'l> {
    /// The variable of the block.
    pub(super) container: &'l str,
    /// The field, or the block itself where its contents are released by it.
    pub(super) field: Option<&'l str>,
    /// Where the memory is put there; not in this file, where nothing is inside.
    pub(super) stored: Option<Option<Span>>,
    /// The release of the block.
    pub(super) before: Span,
}

/// A release before the block is released.
pub(super) fn before_container(
    page: &Page<'_, '_>,
    place: Span,
    lost: &Lost<'_>,
    way: &Way,
) -> Option<(String, Change)> {
    let tree = page.tree;
    let chain = page.around(lost.before)?;
    let (at, placed) = page.placed(&chain)?;
    let is_plain = tree.kind(placed.statement) == "expression_statement" && at + 2 == chain.len();
    let releases = page.mentions(placed.statement, lost.container);
    if !is_plain || !releases || page.is_on_one_line(placed.list) {
        return None;
    }
    let allocation = page.enclosing(place).into_iter().rev().find(|&node| tree.span(node) == place);
    let call = page.release(way, lost.before, allocation)?;
    let pointer = match lost.field {
        None => way.argument(lost.container, page.declared_type(&chain, lost.container, way).as_deref()),
        Some(field) => {
            // Only what is put there on every way is there for certain.
            let stored = page.enclosing(lost.stored??);
            let (_, storing) = page.placed(&stored)?;
            let is_certain = chain.contains(&storing.list)
                && tree.span(storing.statement).end <= tree.span(placed.statement).start
                && matches!(tree.kind(storing.statement), "expression_statement" | "local_variable_declaration");
            let path = match field {
                "*" => format!("{}.value", lost.container),
                field => format!("{}.ref.{field}", lost.container),
            };
            let is_path = is_certain && !path.contains('[') && page.text_of(storing.statement).starts_with(&path);
            way.argument(is_path.then_some(&path)?, None)
        }
    };
    let span = tree.span(placed.statement);
    let text = format!("{call}({pointer});\n{}", page.indent(span.start));
    Some((call, Change { span: Span::new(span.start, span.start), text }))
}
