//! Calls and the casts of C++ that look like calls.

use super::{Body, OTHER};
use crate::ir::{Arg, Callee, CopyKind, Operand, TypeRef};
use crate::lower::c::types::unqualified;
use crate::parse::NodeId;
use crate::source::Span;

/// Functions that give back what they are given, as it is: casts in all but name.
const GIVES_ARGUMENT: [&str; 5] = ["std::move", "std::forward", "std::ref", "std::cref", "std::as_const"];

/// The casts that are written like templates.
pub(super) const NAMED_CASTS: [&str; 4] = ["static_cast", "reinterpret_cast", "const_cast", "dynamic_cast"];

impl Body<'_, '_> {
    pub(super) fn call(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let Some(function) = tree.child(node, "function") else { return OTHER };
        let function = match tree.kind(self.without_parentheses(function)) {
            "parenthesized_expression" => function,
            _ => self.without_parentheses(function),
        };
        let list = tree.child(node, "arguments");
        if let Some(value) = self.special_call(function, list, span) {
            return value;
        }
        if tree.kind(function) == "field_expression" {
            return self.method_call(function, list, span);
        }
        let name_span = self.callee_span(function);
        // `T(x)` and `T{x}` make an object.
        if self.file.is_cpp
            && matches!(tree.kind(function), "identifier" | "qualified_identifier" | "template_function")
            && let Some(ty) = self.constructed(function)
        {
            return self.construct(ty, list, node);
        }
        let type_args = match tree.kind(function) {
            "template_function" | "qualified_identifier" => {
                let last = self.file.path(function).last.unwrap_or(function);
                self.file.template_arguments(last)
            }
            _ => Vec::new(),
        };
        let callee = self.callee_of(function);
        let args = self.arguments(list);
        self.current.build.call(callee, type_args, args, name_span, span)
    }

    /// `x.f(…)`, `p->f(…)`
    fn method_call(&mut self, function: NodeId, list: Option<NodeId>, span: Span) -> Operand {
        let tree = self.tree;
        let (Some(argument), Some(field)) = (tree.child(function, "argument"), tree.child(function, "field")) else {
            return OTHER;
        };
        let name = self.field_name(field);
        let type_args = match tree.kind(field) {
            "template_method" => self.file.template_arguments(field),
            _ => Vec::new(),
        };
        let inner = self.without_parentheses(argument);
        let receiver = match tree.kind(inner) {
            "pointer_expression" if tree.has_token(inner, "*") && tree.has_token(function, ".") => {
                tree.child(inner, "argument").map_or(OTHER, |pointer| self.expression(pointer))
            }
            _ if tree.has_token(function, ".") && self.is_memory_variable(inner) => self.address_of(inner),
            _ => self.expression(inner),
        };
        if let Operand::Local(local) = receiver
            && tree.has_token(function, ".")
            && self.makes_temporary(inner)
        {
            self.current.temporaries.push(local);
        }
        let args = self.arguments(list);
        let name_span = self.span(field);
        self.current.build.call(Callee::Method { receiver, name }, type_args, args, name_span, span)
    }

    /// A variable that lives in memory: methods get its address.
    fn is_memory_variable(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        tree.kind(node) == "identifier"
            && self.lookup(tree.text(node)).is_some_and(|variable| {
                variable.storage == super::Storage::Memory
                    && variable.ty.as_ref().is_none_or(|ty| !self.file.is_pointer(&Self::referent(ty)))
            })
    }

    /// Whether an expression gives what may be an object that dies with the statement: `f(…)`, `T{…}`.
    fn makes_temporary(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        match tree.kind(node) {
            "compound_literal_expression" => true,
            "call_expression" => {
                let function = tree.child(node, "function").filter(|_| self.file.is_cpp);
                function.is_some_and(|function| {
                    let name = self.written_path(function);
                    self.cast_kind(function).is_none() && !GIVES_ARGUMENT.contains(&name.as_str())
                })
            }
            _ => false,
        }
    }

    /// A statement that is nothing but an object, which dies with it: `std::unique_ptr<T>{p};`
    pub(super) fn end_object(&mut self, node: NodeId, value: &Operand) {
        let tree = self.tree;
        let Operand::Local(object) = value else { return };
        let function = tree.child(node, "function");
        let is_object = match (tree.kind(node), function) {
            ("compound_literal_expression", _) => true,
            ("call_expression", Some(function)) => {
                let last = self.file.path(function).last.unwrap_or(function);
                tree.kind(last) == "template_function" || self.constructed(function).is_some()
            }
            _ => false,
        };
        if self.file.is_cpp && is_object && self.makes_temporary(node) {
            self.current.temporaries.push(*object);
        }
    }

    /// The type that `T(…)` makes, when the name is surely one of a type.
    fn constructed(&mut self, function: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let name = self.written_path(function);
        if self.current.find(&name).is_some() || !self.file.is_cpp {
            return None;
        }
        let is_known = self.file.classes_by_name.contains_key(&name)
            && self.file.by_simple_name(&name).is_none()
            && !self.file.enums.contains(&name);
        if !is_known {
            return None;
        }
        let last = self.file.path(function).last.unwrap_or(function);
        let args = match tree.kind(last) {
            "template_function" | "template_type" => self.file.template_arguments(last),
            _ => Vec::new(),
        };
        Some(TypeRef::applied(&name, args))
    }

    /// Casts, `std::move`, and what else is written like a call.
    fn special_call(&mut self, function: NodeId, list: Option<NodeId>, span: Span) -> Option<Operand> {
        let tree = self.tree;
        if self.cast_kind(function).is_some() {
            let ty = self.file.template_arguments(function).into_iter().next().map(unqualified);
            let value = tree.named_children(list?).next()?;
            return Some(self.cast(ty, value, span));
        }
        // `int(x)`, `(T*)(x)`
        if tree.kind(function) == "primitive_type" {
            let value = tree.named_children(list?).next()?;
            return Some(self.cast(Some(TypeRef::named(tree.text(function))), value, span));
        }
        if !matches!(tree.kind(function), "qualified_identifier" | "identifier") {
            return None;
        }
        match self.written_path(function).as_str() {
            "std::move" => {
                let value = tree.named_children(list?).next()?;
                let value = self.expression(value);
                Some(self.copy_as(value, CopyKind::Move, span))
            }
            name if GIVES_ARGUMENT.contains(&name) => {
                let value = tree.named_children(list?).next()?;
                Some(self.expression(value))
            }
            "std::addressof" | "__builtin_addressof" => {
                let value = tree.named_children(list?).next()?;
                Some(self.address_of(value))
            }
            // `va_arg(ap, T)`: the second is a type.
            "va_arg" | "offsetof" | "__builtin_offsetof" => {
                let list = list?;
                let args: Vec<Arg> = tree
                    .named_children(list)
                    .take(1)
                    .map(|argument| Arg { name: None, value: self.expression(argument), span: self.span(argument) })
                    .collect();
                let name = self.name_of(function);
                let name_span = self.span(function);
                Some(self.current.build.call(Callee::Name(name), Vec::new(), args, name_span, span))
            }
            _ => None,
        }
    }

    /// `static_cast`, `reinterpret_cast`, `const_cast`, `dynamic_cast`
    pub(super) fn cast_kind(&self, function: NodeId) -> Option<&'static str> {
        let tree = self.tree;
        if tree.kind(function) != "template_function" {
            return None;
        }
        let name = tree.child(function, "name").map_or("", |name| tree.text(name));
        NAMED_CASTS.into_iter().find(|&cast| cast == name)
    }

    pub(super) fn arguments(&mut self, list: Option<NodeId>) -> Vec<Arg> {
        let tree = self.tree;
        let Some(list) = list else { return Vec::new() };
        let nodes: Vec<NodeId> = tree.named_children(list).collect();
        nodes
            .into_iter()
            .map(|argument| {
                let value = match tree.kind(argument) {
                    "compound_statement" => {
                        self.escape_all(argument);
                        OTHER
                    }
                    "initializer_list" => self.listed(argument, None),
                    _ => self.expression(argument),
                };
                Arg { name: None, value, span: self.span(argument) }
            })
            .collect()
    }

    pub(super) fn callee_span(&self, function: NodeId) -> Span {
        let tree = self.tree;
        let last = match tree.kind(function) {
            "qualified_identifier" => self.file.path(function).last.unwrap_or(function),
            _ => function,
        };
        let name = match tree.kind(last) {
            "template_function" | "template_type" => tree.child(last, "name").unwrap_or(last),
            _ => last,
        };
        self.span(name)
    }
}
