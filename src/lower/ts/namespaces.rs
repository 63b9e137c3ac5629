//! `namespace N { … }`: a class whose members belong to the class itself. What stands in it names them without it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::FileLowering;
use super::functions::Owner;
use crate::ir::{Class, ClassId, ClassKind, FunctionId, Name, TypeRef, Variable};
use crate::parse::NodeId;

/// Namespaces in namespaces that are followed; nesting in the input must not decide the stack.
const MAX_NESTED: usize = 32;

/// The classes of a file by name, as far as they were looked at.
#[derive(Debug, Default)]
pub(super) struct ClassNames {
    known: FxHashMap<Name, ClassId>,
    next: usize,
}

/// A namespace that is being lowered.
#[derive(Debug)]
pub(super) struct Namespace {
    class: ClassId,
    name: Name,
    /// Its functions and variables.
    members: FxHashSet<Name>,
}

impl FileLowering<'_> {
    /// Lowers a namespace. What is only declared (`declare namespace`) has no bodies, and is none.
    pub(super) fn namespace(&mut self, node: NodeId, in_error: bool) {
        let tree = self.tree;
        let (Some(name), Some(body)) = (tree.child(node, "name"), tree.child(node, "body")) else { return };
        if tree.kind(name) == "string" {
            return;
        }
        if self.namespaces.len() >= MAX_NESTED {
            self.unit.opaque.push(tree.span(node));
            return;
        }
        let name = match self.namespaces.last() {
            Some(outer) => Name::new(format!("{}.{}", outer.name, tree.text(name))),
            None => self.name(name),
        };
        let mut members = FxHashSet::default();
        for (child, _) in self.outside_errors(body) {
            self.members_of(&name, child, &mut members);
        }
        // One that is opened again is the same.
        let known = self.class_called(&name);
        let class = known.unwrap_or(ClassId(self.unit.classes.len() as u32));
        if known.is_none() {
            self.unit.classes.push(Class {
                name: name.clone(),
                kind: ClassKind::Class,
                type_params: Vec::new(),
                supertype: None,
                implements: Vec::new(),
                mixins: Vec::new(),
                is_abstract: true,
                fields: Vec::new(),
                members: Vec::new(),
                span: tree.span(node),
                name_span: tree.child(node, "name").map_or_else(Default::default, |name| tree.span(name)),
            });
        }
        self.namespaces.push(Namespace { class, name, members });
        let mut statements = Vec::new();
        for (child, child_in_error) in self.outside_errors(body) {
            self.declaration(child, in_error || child_in_error, &mut statements);
        }
        self.statements(statements);
        self.namespaces.pop();
    }

    fn class_called(&mut self, name: &str) -> Option<ClassId> {
        let ClassNames { known, next } = &mut self.class_names;
        for (at, class) in self.unit.classes.iter().enumerate().skip(*next) {
            known.entry(class.name.clone()).or_insert(ClassId(at as u32));
        }
        *next = self.unit.classes.len();
        known.get(name).copied()
    }

    /// The names of the functions and variables that a statement of a namespace declares; notes namespaces in it.
    fn members_of(&mut self, namespace: &str, node: NodeId, members: &mut FxHashSet<Name>) {
        let tree = self.tree;
        let declared = match tree.kind(node) {
            "export_statement" => tree.child(node, "declaration"),
            "expression_statement" => tree.child_of_kind(node, "internal_module"),
            _ => Some(node),
        };
        let Some(declared) = declared else { return };
        match tree.kind(declared) {
            "function_declaration" | "generator_function_declaration" => {
                members.extend(tree.child(declared, "name").map(|name| self.name(name)));
            }
            "internal_module" | "module" => {
                let inner = tree.child(declared, "name").map(|name| tree.text(name));
                self.nested.extend(inner.map(|inner| Name::new(format!("{namespace}.{inner}"))));
            }
            "lexical_declaration" | "variable_declaration" => {
                for pattern in tree.named_children(declared).filter_map(|one| tree.child(one, "name")) {
                    let names = tree.descendants(pattern);
                    let names = names.filter(|&name| {
                        matches!(tree.kind(name), "identifier" | "shorthand_property_identifier_pattern")
                    });
                    members.extend(names.map(|name| self.name(name)));
                }
            }
            _ => {}
        }
    }

    /// The namespace that a free name is a member of, where one around it has such a member.
    pub(super) fn namespace_of(&self, name: &str) -> Option<Name> {
        let namespace = self.namespaces.iter().rev().find(|namespace| namespace.members.contains(name))?;
        Some(namespace.name.clone())
    }

    /// The namespace in another one that a name means: `A.B`, or `B` inside `A`.
    pub(super) fn nested_namespace(&self, text: &str) -> Option<Name> {
        if self.nested.is_empty() {
            return None;
        }
        let inside = self.namespaces.iter().rev().map(|outer| Name::new(format!("{}.{text}", outer.name)));
        inside.chain([Name::new(text)]).find(|name| self.nested.contains(name))
    }

    /// The owner of what is declared now outside classes.
    pub(super) fn namespace_owner(&self) -> Option<Owner> {
        let Namespace { class, name, .. } = self.namespaces.last()?;
        Some(Owner { class: *class, name: name.clone(), this: TypeRef::named(name), is_namespace: true })
    }

    /// Adds a function that is declared outside classes to the namespace around it.
    pub(super) fn join_namespace(&mut self, function: Option<FunctionId>) {
        let class = self.namespaces.last().map(|namespace| namespace.class);
        if let Some(class) = class.and_then(|class| self.unit.classes.get_mut(class.index())) {
            class.members.extend(function);
        }
    }

    /// Adds a variable that is declared outside classes to the module, or to the namespace around it.
    pub(super) fn add_variable(&mut self, variable: Variable) {
        let class = self.namespaces.last().map(|namespace| namespace.class);
        match class.and_then(|class| self.unit.classes.get_mut(class.index())) {
            Some(class) => class.fields.push(variable),
            None => self.unit.variables.push(variable),
        }
    }
}
