//! What names mean in a Dart file: which are taken, which are known at a place, and through which import.

use super::bound::Way;
use super::page::Page;
use crate::parse::NodeId;
use crate::source::Span;

/// What exports the allocators whose releases are written.
const ALLOCATORS: &str = "package:ffi/ffi.dart";

impl<'p> Page<'p, '_> {
    /// Whether an identifier of that name stands below a node.
    pub(super) fn mentions(&self, node: NodeId, name: &str) -> bool {
        self.tree.descendants(node).any(|inner| {
            matches!(self.tree.kind(inner), "identifier" | "identifier_dollar_escaped" | "type_identifier")
                && self.text_of(inner) == name
        })
    }

    /// A name that no identifier of the outermost function around a place has.
    pub(super) fn free_name(&self, chain: &[NodeId], wanted: &str) -> String {
        let outermost = chain.iter().position(|&node| self.tree.kind(node) == "function_body");
        let root = outermost.and_then(|at| chain.get(at.checked_sub(1)?).copied());
        let root = root.unwrap_or_else(|| self.tree.root());
        let numbered = (2..100).map(|number| format!("{wanted}{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !self.mentions(root, name)).unwrap_or_else(|| format!("{wanted}ToRelease"))
    }

    /// Where a name is declared: as a variable, a parameter, a function.
    fn declarations(&self, name: &str) -> impl Iterator<Item = NodeId> {
        self.tree.descendants(self.tree.root()).filter(move |&node| {
            self.tree.kind(node) == "identifier" && self.text_of(node) == name && self.is_declared(node)
        })
    }

    fn is_declared(&self, name: NodeId) -> bool {
        // `(arena) {…}`: the name of a parameter without a type stands alone.
        let is_parameter = || {
            let chain = self.enclosing(self.tree.span(name));
            chain.iter().rev().take(2).any(|&outer| self.tree.kind(outer) == "formal_parameter")
        };
        matches!(self.tree.field(name), Some("name" | "exception" | "stack_trace")) || is_parameter()
    }

    /// The outermost function that a declaration is inside of, its parameters included.
    fn function_of(&self, declaration: NodeId) -> Option<NodeId> {
        let chain = self.enclosing(self.tree.span(declaration));
        let inside = chain.iter().position(|&node| {
            matches!(
                self.tree.kind(node),
                "function_body" | "formal_parameter_list" | "function_expression" | "function_expression_body"
            )
        })?;
        // The parameters belong to the signature, which stands beside the body.
        let outer = chain.iter().take(inside).rev();
        outer.copied().find(|&node| !self.tree.kind(node).ends_with("_signature"))
    }

    /// The body of the class whose member a declaration is.
    fn class_of(&self, declaration: NodeId) -> Option<NodeId> {
        let chain = self.enclosing(self.tree.span(declaration));
        chain.into_iter().rev().find(|&node| self.tree.kind(node).ends_with("_body"))
    }

    /// Whether the file has a function of that name that is written in Dart.
    pub(super) fn has_body(&self, name: &str) -> bool {
        let tree = self.tree;
        self.declarations(name).any(|node| {
            let chain = self.enclosing(tree.span(node));
            let signature = chain.iter().rposition(|&outer| tree.kind(outer) == "function_signature");
            let owner = signature.and_then(|at| chain.get(at.checked_sub(1)?));
            owner.is_some_and(|&owner| {
                // What does no more than call a binding is one.
                tree.child_of_kind(owner, "function_body")
                    .is_some_and(|body| !self.text_of(body).contains(&format!("_{name}(")))
            })
        })
    }

    /// Whether a name means something of its own in the function around a place.
    pub(super) fn is_local(&self, name: &str, place: Span) -> bool {
        let mut owners = self.declarations(name).filter_map(|node| self.function_of(node));
        owners.any(|owner| self.tree.span(owner).contains(place))
    }

    /// Whether a function of the file has a variable of that name.
    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.declarations(name).any(|node| self.function_of(node).is_some())
    }

    /// Whether an import makes names known under a prefix; no prefix always does.
    pub(super) fn is_prefix(&self, prefix: &str) -> bool {
        prefix.is_empty() || self.imports().any(|import| words(import).windows(2).any(|pair| pair == ["as", prefix]))
    }

    /// Whether the imports that make known what is bound beside a function do not leave out the function.
    pub(super) fn lets_in(&self, name: &str, beside: &[&str]) -> bool {
        self.imports().all(|import| {
            let words = words(import);
            let shows = words.contains(&"show") && words.iter().any(|word| beside.contains(word));
            let is_named = words.contains(&name);
            if words.contains(&"hide") { !is_named } else { !shows || is_named }
        })
    }

    fn imports(&self) -> impl Iterator<Item = &'p str> {
        let root = self.tree.root();
        let imports = self.tree.children(root).filter(|&node| self.tree.kind(node) == "import_or_export");
        imports.map(|node| self.text_of(node))
    }

    /// The type of a variable, as far as its declaration tells: written, or given by a function bound beside the release.
    pub(super) fn declared_type(&self, chain: &[NodeId], variable: &str, way: &Way) -> Option<String> {
        let tree = self.tree;
        let outermost = chain.iter().find(|&&node| tree.kind(node) == "function_body")?;
        let mut found = tree.descendants(*outermost).filter(|&node| {
            tree.kind(node) == "initialized_variable_declaration"
                && tree.child(node, "name").is_some_and(|name| self.text_of(name) == variable)
        });
        let declared = found.next().filter(|_| found.next().is_none())?;
        if let Some(ty) = tree.child_of_kind(declared, "type") {
            return Some(self.text_of(ty).to_owned());
        }
        let value = tree.child(declared, "value").filter(|&value| tree.kind(value) == "call_expression")?;
        let function = tree.child(value, "function")?;
        if tree.kind(function) == "instantiation_expression" {
            let is_own = tree.child(function, "function").is_some_and(|allocator| {
                matches!(self.text_of(allocator).rsplit('.').next(), Some("calloc" | "malloc"))
            });
            let element = tree.child(function, "type_arguments").filter(|_| is_own)?;
            return Some(format!("Pointer{}", self.text_of(element)));
        }
        way.given_by(self.text_of(function)).map(str::to_owned)
    }

    /// How an allocator is called here: with the prefix of its import, if that has one.
    pub(super) fn visible(&self, object: &str, place: Span) -> Option<String> {
        let root = self.tree.root();
        // In another function it may mean what it wants.
        let is_other = |node: NodeId| {
            let owner = self.function_of(node).or_else(|| self.class_of(node));
            owner.is_none_or(|owner| self.tree.span(owner).contains(place))
        };
        if self.declarations(object).any(is_other) {
            return None;
        }
        let found = self.imports().filter_map(|import| passes(import, object)).next();
        match found {
            Some(prefix) if prefix.is_empty() => Some(object.to_owned()),
            Some(prefix) => Some(format!("{prefix}.{object}")),
            // Something else that is imported hands it on: what is used here can be used once more.
            None => self.mentions(root, object).then(|| object.to_owned()),
        }
    }
}

fn words(import: &str) -> Vec<&str> {
    import.trim_end_matches(';').split([' ', '\n', '\r', '\t', ',']).filter(|word| !word.is_empty()).collect()
}

/// The prefix under which an import makes an allocator known, empty for none.
fn passes(import: &str, object: &str) -> Option<String> {
    let rest = import.trim_start().strip_prefix("import")?.trim_start();
    let rest = rest.get(1..)?.strip_prefix(ALLOCATORS)?.get(1..)?.trim_end_matches(';');
    let (mut prefix, mut shown, mut hidden, mut mode) = (String::new(), None, false, "");
    for word in words(rest) {
        match (word, mode) {
            ("as" | "show" | "hide" | "deferred", _) => {
                mode = word;
                if word == "show" {
                    shown = shown.or(Some(false));
                }
            }
            (word, "as") => word.clone_into(&mut prefix),
            (word, "show") if word == object => shown = Some(true),
            (word, "hide") if word == object => hidden = true,
            _ => {}
        }
    }
    (shown != Some(false) && !hidden && mode != "deferred").then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn imports_make_names_known() {
        let of = |import: &str| passes(import, "calloc");
        assert_eq!(of("import 'package:ffi/ffi.dart';").as_deref(), Some(""));
        assert_eq!(of("import \"package:ffi/ffi.dart\" as ffi;").as_deref(), Some("ffi"));
        assert_eq!(of("import 'package:ffi/ffi.dart' show Utf8, calloc;").as_deref(), Some(""));
        assert_eq!(of("import 'package:ffi/ffi.dart' show Utf8;"), None);
        assert_eq!(of("import 'package:ffi/ffi.dart' hide calloc;"), None);
        assert_eq!(of("import 'dart:ffi';"), None);
    }
}
