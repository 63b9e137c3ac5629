//! A native release as a file can call it: how its binding is named, and through what the file reaches it.

use super::page::Page;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

/// How a release is written in the file at hand.
#[derive(Debug)]
pub(super) struct Way {
    /// All releases of the family.
    pub(super) calls: Vec<String>,
    /// The one of the allocator that gave the memory, or the symbol.
    pub(super) usual: String,
    /// The binding, where native code releases it.
    pub(super) native: Option<Native>,
}

/// A binding that is called.
#[derive(Debug)]
pub(super) struct Native {
    /// The function with all that stands before it.
    pub(super) call: String,
    /// The type of its parameter.
    takes: String,
    /// What the functions beside it give.
    gives: Vec<(String, String)>,
}

/// Where a symbol is bound.
pub(super) struct Home<'h, 'p, 's> {
    /// The file.
    pub(super) page: &'h Page<'p, 's>,
    /// It is the file at hand.
    pub(super) is_same: bool,
    /// What names the symbol there.
    pub(super) link: Span,
    /// The symbol.
    pub(super) symbol: &'h str,
}

/// A function that a library or a class declares.
struct Declared<'p> {
    node: NodeId,
    name: &'p str,
    is_static: bool,
    /// The type of what it gives; nothing for what is held in a variable.
    gives: &'p str,
    /// The type of its only parameter.
    takes: Option<&'p str>,
}

impl Way {
    /// What is given to the release: the pointer, cast where its type may be another one.
    pub(super) fn argument(&self, pointer: &str, ty: Option<&str>) -> String {
        match &self.native {
            Some(native) if ty.map(plain_type) != Some(plain_type(&native.takes)) => match pointer.ends_with(".cast()")
            {
                true => pointer.to_owned(),
                false => format!("{pointer}.cast()"),
            },
            _ => pointer.to_owned(),
        }
    }

    /// The type of what a function gives that is bound beside the release.
    pub(super) fn given_by(&self, function: &str) -> Option<&str> {
        let last = function.rsplit('.').next()?;
        let gives = &self.native.as_ref()?.gives;
        gives.iter().find(|(name, _)| name == last).map(|(_, ty)| ty.as_str())
    }
}

/// A type without the prefixes of imports and without blanks.
fn plain_type(ty: &str) -> String {
    let mut plain = String::new();
    for c in ty.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '.' => plain.truncate(plain.rfind(['<', ',', '(']).map_or(0, |at| at + 1)),
            c => plain.push(c),
        }
    }
    plain
}

/// How a bound symbol is called at a place of a file.
pub(super) fn native(page: &Page<'_, '_>, place: Span, home: &Home<'_, '_, '_>) -> Option<Native> {
    let Home { page: there, is_same, link, symbol } = *home;
    let tree = there.tree;
    let around = there.enclosing(link);
    let class = around.iter().rposition(|&node| is_class_body(tree, node));
    let scope = class.and_then(|at| around.get(at).copied()).unwrap_or_else(|| tree.root());
    let all: Vec<Declared<'_>> = tree.children(scope).filter_map(|member| declared(there, member)).collect();
    let release = all.iter().find(|one| one.name == symbol && one.takes.is_some());
    let release = release.or_else(|| all.iter().find(|one| tree.span(one.node).contains(link)))?;
    let takes = release.takes.filter(|takes| takes.contains("Pointer"))?;
    if release.name.starts_with('_') && !is_same {
        return None;
    }
    let beside: Vec<&str> = all.iter().filter(|one| one.is_static == release.is_static).map(|one| one.name).collect();
    let gives = all.iter().map(|one| (one.name.to_owned(), one.gives.to_owned())).collect();
    let name_of_class = class.and_then(|at| around.get(at.checked_sub(1)?)).and_then(|&node| tree.child(node, "name"));
    let is_here = is_same && tree.span(scope).contains(place);
    let before = match (class, is_here) {
        (_, true) => String::new(),
        (Some(_), false) => {
            let name_of_class = name_of_class.map(|name| there.text_of(name))?;
            let fits = |before: &str| match release.is_static {
                true => before.rsplit('.').next() == Some(name_of_class),
                false => !before.is_empty(),
            };
            reached(page, release.name, &beside, fits)?
        }
        (None, false) => {
            let before = reached(page, release.name, &beside, |before| page.is_prefix(before))?;
            if !page.lets_in(release.name, &beside) {
                return None;
            }
            before
        }
    };
    if before.is_empty() && page.is_local(release.name, place) {
        return None;
    }
    Some(Native { call: format!("{before}{}", release.name), takes: takes.to_owned(), gives })
}

fn is_class_body(tree: &Tree<'_>, node: NodeId) -> bool {
    matches!(tree.kind(node), "class_body" | "extension_body" | "mixin_body" | "enum_body" | "extension_type_body")
}

/// What a member of a library or class declares: a function, or a variable that holds a bound one.
fn declared<'p>(page: &Page<'p, '_>, member: NodeId) -> Option<Declared<'p>> {
    let tree = page.tree;
    if tree.descendants(member).take(12).any(|node| is_class_body(tree, node)) {
        return None;
    }
    let is_static = page.text_of(member).split_whitespace().take(2).any(|word| word == "static");
    if let Some(signature) = tree.descendants(member).find(|&node| tree.kind(node) == "function_signature") {
        let name = page.text_of(tree.child(signature, "name")?);
        let gives = tree.child(signature, "return_type").map_or("", |ty| page.text_of(ty));
        let parameters = tree.child(signature, "parameters")?;
        let mut given = tree.descendants(parameters).filter(|&node| tree.kind(node) == "formal_parameter");
        let only = given.next().filter(|_| given.next().is_none() && !page.text_of(parameters).contains(['{', '[']));
        let takes = only.and_then(|only| tree.child_of_kind(only, "type")).map(|ty| page.text_of(ty));
        return Some(Declared { node: member, name, is_static, gives, takes });
    }
    let text = page.text_of(member);
    if !(text.contains("lookupFunction") || text.contains("asFunction")) {
        return None;
    }
    let holds = |&node: &NodeId| matches!(tree.kind(node), "initialized_identifier" | "static_final_declaration");
    let name = tree.descendants(member).find(holds).and_then(|node| tree.child(node, "name"))?;
    Some(Declared { node: member, name: page.text_of(name), is_static, gives: "", takes: parameter_of_last(text) })
}

/// The type of the only parameter of the last function type in a text: the Dart type of `lookupFunction<C, Dart>`.
fn parameter_of_last(text: &str) -> Option<&str> {
    const FUNCTION: &str = "Function(";
    let parameters = text.get(text.rfind(FUNCTION)? + FUNCTION.len()..)?;
    let parameter = parameters.split_once(')')?.0.trim().trim_end_matches(',');
    let depth = |upto: &str| upto.matches('<').count().saturating_sub(upto.matches('>').count());
    let is_one = parameter.match_indices(',').all(|(at, _)| depth(parameter.get(..at).unwrap_or_default()) > 0);
    let ty = match parameter.rfind('>') {
        Some(end) => parameter.get(..=end)?,
        None => parameter.split(' ').next()?,
    };
    (is_one && !ty.is_empty()).then_some(ty)
}

/// What stands before the functions of a library or class where the file calls one of them: nothing, `ffi.`, `library.`.
fn reached(page: &Page<'_, '_>, name: &str, beside: &[&str], fits: impl Fn(&str) -> bool) -> Option<String> {
    let tree = page.tree;
    let mut found = None;
    for call in tree.descendants(tree.root()).filter(|&node| tree.kind(node) == "call_expression") {
        let Some(function) = tree.child(call, "function") else { continue };
        let written = page.text_of(function);
        let (before, last) = written.rsplit_once('.').unwrap_or(("", written));
        let is_plain = before.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'));
        let object = before.split('.').next().unwrap_or_default();
        let is_there = object.is_empty() || !page.is_variable(object) && object != "super";
        if !is_plain || !is_there || !fits(before) || !(last == name || beside.contains(&last)) {
            continue;
        }
        let before = if before.is_empty() { String::new() } else { format!("{before}.") };
        if last == name {
            return Some(before);
        }
        found = found.or(Some(before));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{parameter_of_last, plain_type};

    #[test]
    fn types_are_compared_without_prefixes() {
        assert_eq!(plain_type("ffi.Pointer<ffi.Pointer<bindings.Buf>>"), plain_type("Pointer<Pointer<Buf>>"));
        assert_ne!(plain_type("Pointer<Buf>"), plain_type("Pointer<Void>"));
    }

    #[test]
    fn the_parameter_of_a_bound_function_is_read() {
        let text = "final f = l.lookupFunction<Void Function(Pointer<Void>), void Function(Pointer<Void> p)>('f');";
        assert_eq!(parameter_of_last(text), Some("Pointer<Void>"));
        assert_eq!(parameter_of_last("x<void Function(Pointer<Map<A, B>>)>"), Some("Pointer<Map<A, B>>"));
        assert_eq!(parameter_of_last("x<void Function(Pointer<Void>, int)>"), None);
        assert_eq!(parameter_of_last("x<void Function()>"), None);
    }
}
