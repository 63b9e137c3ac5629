//! What stands outside functions.

use super::types::{Declared, joined};
use super::{FileLowering, Scope};
use crate::ir::{Name, TypeRef};
use crate::parse::NodeId;
use crate::parse::c::Truth;

impl FileLowering<'_> {
    /// The declarations that are children of `node`.
    pub(super) fn declarations(&mut self, node: NodeId) {
        let tree = self.tree;
        if tree.depth(node) > self.depth {
            return;
        }
        for child in tree.named_children(node) {
            self.declaration(child);
        }
    }

    fn declaration(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            "function_definition" => self.function_definition(node),
            "declaration" => self.plain_declaration(node),
            "type_definition" => self.type_definition(node),
            "alias_declaration" => {
                let target = tree.child(node, "type").and_then(|ty| self.described_type(ty));
                if let (Some(name), Some(target)) = (tree.child(node, "name"), target) {
                    self.alias(tree.text(name).into(), target);
                }
            }
            "struct_specifier" | "union_specifier" | "class_specifier" | "enum_specifier" => {
                self.specifier(node);
            }
            "namespace_definition" => self.namespace(node),
            "linkage_specification" => self.linkage_specification(node),
            "template_declaration" => self.template(node),
            "preproc_if" | "preproc_ifdef" => self.conditional(node, &mut |file, part| file.declaration(part)),
            "field_declaration" => self.field_declaration(node),
            "friend_declaration" => {
                // A friend defined here is a function of the namespace; one declared says nothing.
                if let Some(function) = tree.child_of_kind(node, "function_definition") {
                    self.within(|scope| scope.class = None, |file| file.function_definition(function));
                }
            }
            "ERROR" => self.within(|scope| scope.in_error = true, |file| file.declarations(node)),
            "expression_statement" | "attributed_statement" => {}
            "declaration_list" => self.declarations(node),
            _ => {}
        }
    }

    /// Walks the branches of `#if … #endif`, each under its targets.
    pub(super) fn conditional(&mut self, node: NodeId, visit: &mut dyn FnMut(&mut Self, NodeId)) {
        let tree = self.tree;
        if tree.depth(node) > self.depth {
            return;
        }
        let mut before = Truth::TRUE;
        let mut at = Some(node);
        while let Some(branch) = at {
            let says = self.prepared.conditions.get(&tree.span(branch).start).copied();
            let says = says.unwrap_or(Truth::UNKNOWN);
            let truth = before.and(says);
            before = before.and(says.negated());
            let next = tree.child(branch, "alternative");
            let condition = tree.child(branch, "condition").or_else(|| tree.child(branch, "name"));
            let parts: Vec<NodeId> =
                tree.named_children(branch).filter(|&part| Some(part) != next && Some(part) != condition).collect();
            let change = |scope: &mut Scope| {
                scope.targets = scope.targets.and(truth.may);
                scope.is_conditional |= !truth.is_known();
            };
            if !truth.may.is_empty() {
                self.within(change, |file| {
                    for part in parts {
                        visit(file, part);
                    }
                });
            }
            at = next;
        }
    }

    fn namespace(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(body) = tree.child(node, "body") else { return };
        let names: Vec<Name> = match tree.child(node, "name") {
            Some(name) => tree.text(name).split("::").map(|part| part.trim().into()).collect(),
            None => Vec::new(),
        };
        let change = |scope: &mut Scope| {
            scope.is_local |= names.is_empty();
            scope.path.extend(names);
        };
        self.within(change, |file| file.declarations(body));
    }

    fn linkage_specification(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_cpp = tree.child(node, "value").is_some_and(|value| tree.text(value).contains("C++"));
        let Some(body) = tree.child(node, "body") else { return };
        let is_single = tree.kind(body) != "declaration_list";
        let span = tree.span(node);
        let is_marked = is_single && self.markers(span.start, tree.span(body).start).any(super::functions::is_export);
        let change = |scope: &mut Scope| {
            scope.extern_c = !is_cpp;
            scope.is_marked |= is_marked;
        };
        self.within(change, |file| file.declaration(body));
    }

    fn template(&mut self, node: NodeId) {
        let tree = self.tree;
        let params = tree.child(node, "parameters");
        let named = params.into_iter().flat_map(|params| tree.named_children(params)).filter_map(|param| {
            let kinds = ["type_identifier", "identifier"];
            let plain = || kinds.iter().find_map(|kind| tree.child_of_kind(param, kind));
            tree.child(param, "name").or_else(plain).map(|name| Name::new(tree.text(name)))
        });
        let names: Vec<Name> = named.collect();
        let parts: Vec<NodeId> = tree.named_children(node).filter(|&part| Some(part) != params).collect();
        let change = |scope: &mut Scope| scope.type_params.extend(names);
        self.within(change, |file| {
            for part in parts {
                file.declaration(part);
            }
        });
    }

    /// Variables, prototypes and what is declared along with them.
    pub(super) fn plain_declaration(&mut self, node: NodeId) {
        let tree = self.tree;
        let ty = self.declared_type(node);
        let declarators: Vec<NodeId> =
            tree.fields(node, "declarator").filter(|&declarator| tree.is_named(declarator)).collect();
        for declarator in declarators {
            let declared = self.declarator(declarator, ty.clone());
            if declared.function.is_some() {
                self.prototype(node, declared);
            } else {
                self.variable(node, declarator, declared);
            }
        }
    }

    fn type_definition(&mut self, node: NodeId) {
        let tree = self.tree;
        let declarators: Vec<NodeId> =
            tree.fields(node, "declarator").filter(|&declarator| tree.is_named(declarator)).collect();
        // `typedef struct { … } T;`: the struct's name is the alias's.
        if let (Some(specifier), Some(first)) = (tree.child(node, "type"), declarators.first())
            && tree.child(specifier, "body").is_some()
            && tree.child(specifier, "name").is_none()
            && matches!(tree.kind(*first), "type_identifier" | "primitive_type")
        {
            self.tags.insert(specifier, tree.text(*first).into());
        }
        let ty = self.declared_type(node);
        for declarator in declarators {
            let Declared { name, ty, function } = self.declarator(declarator, ty.clone());
            let target = match function {
                Some(function) => Some(self.function_type(function, ty)),
                None => ty,
            };
            let target: Option<TypeRef> = target.map(super::types::unqualified);
            if let (Some(name), Some(target)) = (name, target) {
                let name: Name = tree.text(name).into();
                if target.name != name {
                    self.alias(name, target);
                }
            }
        }
    }

    /// The name as seen from outside: with the namespaces and classes around it.
    pub(super) fn qualified(&self, name: &str) -> Name {
        joined(&self.scope.path, name)
    }
}

impl FileLowering<'_> {
    /// Types declared in a body.
    pub(super) fn local_types(&mut self, node: NodeId) {
        self.declaration(node);
    }
}
