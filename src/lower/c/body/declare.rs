//! Local variables and parameters: where they live, and what runs when their scope ends.

use super::call::NAMED_CASTS;
use super::place::place;
use super::{Body, Cleanup, Storage, Variable};
use crate::ir::{Base, Const, CopyKind, LocalId, Name, Op, Operand, Projection, TypeRef};
use crate::lower::c::types::{Declared, unqualified};
use crate::parse::c::MarkerKind;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

impl Body<'_, '_> {
    /// A declaration among statements.
    pub(super) fn local_declaration(&mut self, node: NodeId) {
        let tree = self.tree;
        let ty = self.file.declared_type(node);
        let words: Vec<&str> = tree
            .children(node)
            .filter(|&child| tree.kind(child) == "storage_class_specifier")
            .map(|child| tree.text(child))
            .collect();
        let cleanup = self.written_cleanup(node);
        let declarators: Vec<NodeId> =
            tree.fields(node, "declarator").filter(|&declarator| tree.is_named(declarator)).collect();
        for declarator in declarators {
            if let Some(binding) = self.structured_binding(declarator) {
                self.destructure(binding, tree.child(declarator, "value"), Operand::Const(Const::Other));
                continue;
            }
            let declared = self.file.declarator(declarator, ty.clone());
            if let Some(function) = declared.function {
                self.maybe_object(declared, function);
                continue;
            }
            let value = tree.child(declarator, "value").or_else(|| tree.child(node, "value"));
            if words.contains(&"static") || words.contains(&"thread_local") {
                self.static_variable(declared, value);
            } else if !words.contains(&"extern") {
                self.variable(declared, value, declarator, cleanup.clone());
            }
        }
    }

    /// `T x(a, b);` reads as the prototype of a function: in a body it is an object.
    fn maybe_object(&mut self, declared: Declared, function: NodeId) {
        let tree = self.tree;
        let (Some(name), Some(ty)) = (declared.name, declared.ty) else { return };
        if !self.file.is_cpp || tree.kind(name) != "identifier" || !self.file.is_class_like(&ty) {
            return;
        }
        let Some(list) = tree.child(function, "parameters") else { return };
        let params: Vec<NodeId> = tree.named_children(list).collect();
        // `T x();` is a prototype indeed; `T x(static_cast<P>(p))` is none.
        let cast = |param: NodeId| tree.child(param, "type").filter(|&ty| is_named_cast(tree, ty));
        let has_declarator = |&param: &NodeId| tree.child(param, "declarator").is_some() && cast(param).is_none();
        if params.is_empty() || params.iter().any(has_declarator) {
            return;
        }
        let span = self.span(name);
        let mut args = Vec::new();
        for param in params {
            let value = match tree.child(param, "type") {
                Some(cast) if is_named_cast(tree, cast) => {
                    let inner = tree.child(param, "declarator");
                    let name = inner.and_then(|inner| {
                        tree.descendants(inner).find(|&at| matches!(tree.kind(at), "identifier" | "type_identifier"))
                    });
                    let value = name.map_or(Operand::Const(Const::Other), |name| self.named_value(name));
                    match self.file.template_arguments(cast).into_iter().next().map(unqualified) {
                        Some(ty) => self.copy_as(value, CopyKind::Cast(ty), self.span(param)),
                        None => value,
                    }
                }
                Some(ty) if matches!(tree.kind(ty), "type_identifier" | "qualified_identifier") => self.named_value(ty),
                _ => Operand::Const(Const::Other),
            };
            args.push(crate::ir::Arg { name: None, value, span: self.span(param) });
        }
        let object = self.declare_object(self.name_of(name), Some(ty.clone()), span);
        let callee = crate::ir::Callee::New { ty: unqualified(ty), name: None };
        let value = self.current.build.call(callee, Vec::new(), args, span, span);
        self.current.build.copy(object, value, span);
        self.on_leaving(Cleanup::End(object));
    }

    /// A name that the grammar took for a type's.
    fn named_value(&mut self, node: NodeId) -> Operand {
        let name = self.tree.text(node);
        let span = self.span(node);
        match self.lookup(name) {
            Some(variable) => match variable.storage {
                Storage::Memory => {
                    self.current.build.load(place(Base::Local(variable.local), [Projection::Pointee]), false, span)
                }
                Storage::Static(name) => self.current.build.load(place(Base::Name(name), []), false, span),
                _ => Operand::Local(variable.local),
            },
            None => self.current.build.load(place(Base::Name(name.into()), []), false, span),
        }
    }

    fn declare_object(&mut self, name: Name, ty: Option<TypeRef>, span: Span) -> LocalId {
        let local = self.current.build.variable(name.clone(), ty.clone().map(unqualified), false, span);
        self.bind(name, Variable { local, ty, storage: Storage::Object });
        local
    }

    fn variable(&mut self, declared: Declared, value: Option<NodeId>, declarator: NodeId, cleanup: Option<MarkerKind>) {
        let tree = self.tree;
        let Some(name_node) = declared.name else { return };
        let name = self.name_of(name_node);
        let mut ty = declared.ty.map(unqualified);
        if ty.as_ref().is_none_or(|ty| ty.name == "auto") {
            ty = value.and_then(|value| self.type_of(value)).or(ty);
        }
        let span = self.span(declarator);
        let name_span = self.span(name_node);
        let storage = match self.storage(&name, ty.as_ref(), value) {
            Storage::Value if matches!(cleanup, Some(MarkerKind::Cleanup(_, true))) => Storage::Memory,
            storage => storage,
        };
        match storage {
            Storage::Memory if ty.as_ref().is_some_and(is_reference) => {
                let address = value.map(|value| self.referred(value));
                let local = self.current.build.variable(name.clone(), ty.clone(), false, name_span);
                self.bind(name, Variable { local, ty, storage });
                if let Some(address) = address {
                    self.current.build.copy(local, address, span);
                }
            }
            Storage::Memory => {
                // The name is known from its declarator on: `T* p = malloc(sizeof *p)`.
                let local = self.current.build.variable(name.clone(), ty.clone(), false, name_span);
                self.bind(name, Variable { local, ty: ty.clone(), storage });
                self.current.build.push(Op::Stack { to: local, ty: ty.clone(), by_address: false }, name_span);
                match value {
                    Some(list) if tree.kind(list) == "initializer_list" && !self.is_scalar(ty.as_ref()) => {
                        self.fill(place(Base::Local(local), []), list, ty.as_ref(), 0);
                    }
                    Some(text) if ty.as_ref().is_some_and(|ty| ty.name == "[]") => {
                        // `char s[] = "…"`: a copy of the text.
                        let _ = text;
                    }
                    Some(value) => {
                        let value = self.initial(value, ty.as_ref());
                        let to = place(Base::Local(local), [Projection::Pointee]);
                        self.current.build.push(Op::Store { to: Box::new(to), value }, span);
                    }
                    None => {}
                }
                self.clean_up(local, cleanup, true);
            }
            Storage::Object => {
                let alias = ty.as_ref().is_some_and(is_reference);
                let plain = ty.as_ref().map(Self::referent);
                let local = self.current.build.variable(name.clone(), ty.clone(), false, name_span);
                self.bind(name, Variable { local, ty, storage });
                let value = self.object_value(plain.as_ref(), value, declarator, alias, name_span);
                self.current.build.copy(local, value, span);
                if !alias {
                    self.on_leaving(Cleanup::End(local));
                }
            }
            _ => {
                let local = self.current.build.variable(name.clone(), ty.clone(), false, name_span);
                self.bind(name, Variable { local, ty: ty.clone(), storage });
                if let Some(value) = value {
                    let value = self.initial(value, ty.as_ref());
                    self.current.build.copy(local, value, span);
                }
                self.clean_up(local, cleanup, false);
            }
        }
    }

    /// What an object is at first.
    fn object_value(
        &mut self,
        ty: Option<&TypeRef>,
        value: Option<NodeId>,
        declarator: NodeId,
        is_alias: bool,
        name_span: Span,
    ) -> Operand {
        let tree = self.tree;
        let Some(ty) = ty.filter(|ty| ty.name != "auto") else {
            return value.map_or(Operand::Const(Const::Other), |value| self.expression(value));
        };
        match value {
            None => {
                let callee = crate::ir::Callee::New { ty: ty.clone(), name: None };
                self.current.build.call(callee, Vec::new(), Vec::new(), name_span, name_span)
            }
            Some(list) if matches!(tree.kind(list), "argument_list" | "initializer_list") => {
                self.construct(ty.clone(), Some(list), declarator)
            }
            Some(value) if is_alias => self.address_or_value(value),
            Some(value) => self.value_for(value, Some(ty)),
        }
    }

    /// `T x(v)`, `T x{v}`, `T x = v` of a scalar.
    fn initial(&mut self, value: NodeId, ty: Option<&TypeRef>) -> Operand {
        let tree = self.tree;
        if !matches!(tree.kind(value), "argument_list" | "initializer_list") {
            return self.value_for(value, ty);
        }
        let items: Vec<NodeId> = tree.named_children(value).collect();
        match items.as_slice() {
            [] if ty.is_some_and(|ty| self.file.is_pointer(ty)) => Operand::Const(Const::Null),
            [] => Operand::Const(Const::Int(0)),
            [only] => self.value_for(*only, ty),
            _ => self.listed(value, None),
        }
    }

    fn is_scalar(&self, ty: Option<&TypeRef>) -> bool {
        let Some(ty) = ty else { return false };
        let ty = self.file.resolved(ty);
        ty.name == "*" || crate::lower::c::types::is_builtin(&ty.name) || self.file.enums.contains(&ty.name)
    }

    /// Where a variable lives.
    fn storage(&mut self, name: &str, ty: Option<&TypeRef>, value: Option<NodeId>) -> Storage {
        let tree = self.tree;
        let is_addressed = self.current.addressed.contains(name);
        let is_dotted = self.is_dotted(name, ty);
        let Some(ty) = ty else {
            // `auto`: of what is not known.
            let literal = value.is_some_and(|value| matches!(tree.kind(value), "lambda_expression"));
            return if literal { Storage::Value } else { Storage::Object };
        };
        let resolved = self.file.resolved(ty);
        match resolved.name.as_str() {
            "[]" => return Storage::Memory,
            "&" | "&&" => {
                let inner = Self::referent(&resolved);
                let inner = self.file.resolved(&inner);
                let is_scalar = inner.name == "*"
                    || (crate::lower::c::types::is_builtin(&inner.name) && inner.name != "auto")
                    || (!self.file.is_class_like(&inner) && inner.name != "auto");
                return if is_scalar { Storage::Memory } else { Storage::Object };
            }
            "auto" => return Storage::Object,
            _ => {}
        }
        if self.file.is_cpp {
            // `ObxId id = 0`: an unknown name that is a number after all.
            let is_number = value.is_some_and(|value| {
                matches!(
                    tree.kind(value),
                    "number_literal"
                        | "true"
                        | "false"
                        | "null"
                        | "char_literal"
                        | "sizeof_expression"
                        | "unary_expression"
                ) || self.is_zero(value)
            });
            if self.file.is_class_like(ty) && !is_number && !self.is_type_param(ty) {
                return Storage::Object;
            }
        } else if is_dotted || self.is_aggregate(ty) {
            return Storage::Memory;
        }
        if is_addressed || is_dotted { Storage::Memory } else { Storage::Value }
    }

    /// Whether `x.f` is written of a variable. In Objective-C that of a pointer is a property of the object behind it.
    fn is_dotted(&self, name: &str, ty: Option<&TypeRef>) -> bool {
        let is_object = || self.file.prepared.is_objective && ty.is_some_and(|ty| self.file.is_pointer(ty));
        self.current.dotted.contains(name) && !is_object()
    }

    fn is_type_param(&self, ty: &TypeRef) -> bool {
        let function = self.file.unit.functions.get(self.current.id.index());
        function.is_some_and(|function| function.type_params.contains(&ty.name))
    }

    /// What a reference to `value` holds: the address of a variable or place, or the object itself.
    fn referred(&mut self, value: NodeId) -> Operand {
        let tree = self.tree;
        let inner = self.without_parentheses(value);
        match tree.kind(inner) {
            "identifier"
            | "field_expression"
            | "subscript_expression"
            | "pointer_expression"
            | "qualified_identifier" => self.address_of(inner),
            _ => self.expression(inner),
        }
    }

    /// An alias of an object: of one in memory its address.
    fn address_or_value(&mut self, value: NodeId) -> Operand {
        let tree = self.tree;
        let inner = self.without_parentheses(value);
        match tree.kind(inner) {
            "pointer_expression" if tree.has_token(inner, "*") => {
                tree.child(inner, "argument").map_or(super::OTHER, |pointer| self.expression(pointer))
            }
            _ => self.expression(inner),
        }
    }

    /// `in_memory`: the local holds the variable's address.
    fn clean_up(&mut self, local: LocalId, cleanup: Option<MarkerKind>, in_memory: bool) {
        if let Some(MarkerKind::Cleanup(function, by_address)) = cleanup {
            let read = in_memory && !by_address;
            self.on_leaving(Cleanup::Call { function: function.into(), local, read });
        }
    }

    /// `g_autofree`, `__attribute__((cleanup(f)))`
    fn written_cleanup(&self, node: NodeId) -> Option<MarkerKind> {
        let span = self.tree.span(node);
        self.file.markers(span.start, span.end).find(|marker| matches!(marker, MarkerKind::Cleanup(..))).cloned()
    }

    fn static_variable(&mut self, declared: Declared, value: Option<NodeId>) {
        let Some(name_node) = declared.name else { return };
        let name = self.name_of(name_node);
        let function = self.file.unit.functions.get(self.current.id.index()).map(|function| function.qualified.clone());
        let full: Name = format!("{}::{name}", function.unwrap_or_default()).into();
        let ty = declared.ty;
        let known = self.file.unit.variables.iter().any(|variable| variable.name == full);
        self.bind(
            name,
            Variable { local: LocalId(0), ty: ty.clone().map(unqualified), storage: Storage::Static(full.clone()) },
        );
        if known {
            return;
        }
        let initializer = value.map(|value| self.file.initializer(name_node, value, ty.as_ref()));
        self.file.hoist(full, ty, initializer, name_node);
    }

    /// Parameters that must live in memory get a variable there; those that are objects end with the function.
    pub(super) fn settle_parameters(&mut self) {
        let Some(function) = self.file.unit.functions.get(self.current.id.index()) else { return };
        let params: Vec<LocalId> = function.params.iter().map(|param| param.local).collect();
        for param in params {
            let Some(local) = self.current.build.local(param).cloned() else { continue };
            if local.name.is_empty() {
                continue;
            }
            let storage = match &local.ty {
                Some(ty) => self.storage(&local.name, Some(ty), None),
                None => Storage::Value,
            };
            let is_reference = local.ty.as_ref().is_some_and(is_reference);
            match storage {
                Storage::Memory if !is_reference => {
                    let ty = local.ty.clone();
                    let copy = self.current.build.variable(local.name.clone(), ty.clone(), false, local.span);
                    self.current.build.push(Op::Stack { to: copy, ty: ty.clone(), by_address: false }, local.span);
                    let to = place(Base::Local(copy), [Projection::Pointee]);
                    let value = Operand::Local(param);
                    self.current.build.push(Op::Store { to: Box::new(to), value }, local.span);
                    self.bind(local.name, Variable { local: copy, ty, storage: Storage::Memory });
                }
                storage => {
                    let is_object = storage == Storage::Object && !is_reference;
                    self.bind(local.name, Variable { local: param, ty: local.ty.as_ref().cloned(), storage });
                    if is_object && local.ty.as_ref().is_some_and(|ty| ty.name != "auto") {
                        self.on_leaving(Cleanup::End(param));
                    }
                }
            }
        }
    }

    /// `if (T* p = f())`: declares and gives the value.
    pub(super) fn declared_condition(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let ty = self.file.declared_type(node);
        let Some(declarator) = tree.child(node, "declarator") else { return super::OTHER };
        let declared = self.file.declarator(declarator, ty);
        let value = tree.child(node, "value").or_else(|| tree.child(declarator, "value"));
        let name = declared.name.map(|name| self.name_of(name));
        self.variable(declared, value, declarator, None);
        match name.and_then(|name| self.lookup(&name)) {
            Some(variable) => match variable.storage {
                Storage::Memory => {
                    let span = self.span(node);
                    self.current.build.load(place(Base::Local(variable.local), [Projection::Pointee]), false, span)
                }
                _ => Operand::Local(variable.local),
            },
            None => super::OTHER,
        }
    }

    pub(super) fn is_pointer_declaration(&mut self, node: NodeId) -> bool {
        let ty = self.file.declared_type(node);
        let Some(declarator) = self.tree.child(node, "declarator") else { return false };
        self.file.declarator(declarator, ty).ty.is_some_and(|ty| self.file.is_pointer(&ty))
    }

    /// `auto [a, b] = …`
    fn structured_binding(&self, declarator: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let mut at = declarator;
        for _ in 0..4 {
            if tree.kind(at) == "structured_binding_declarator" {
                return Some(at);
            }
            at = tree.child(at, "declarator").or_else(|| tree.child_of_kind(at, "structured_binding_declarator"))?;
        }
        None
    }

    fn destructure(&mut self, binding: NodeId, value: Option<NodeId>, of: Operand) {
        let tree = self.tree;
        let of = match value {
            Some(value) => self.expression(value),
            None => of,
        };
        let names: Vec<NodeId> = tree.named_children(binding).collect();
        for (index, name_node) in names.into_iter().enumerate() {
            let (name, span) = (self.name_of(name_node), self.span(name_node));
            let to = self.current.build.variable(name.clone(), None, false, span);
            self.bind(name, Variable { local: to, ty: None, storage: Storage::Object });
            let element: Name = format!("${}", index + 1).into();
            self.current.build.push(Op::Element { to, of: of.clone(), name: Some(element) }, span);
        }
    }

    /// The variable of `for (T x : c)`.
    pub(super) fn loop_variable(&mut self, node: NodeId, of: Operand) {
        let tree = self.tree;
        let Some(declarator) = tree.child(node, "declarator") else { return };
        let span = self.span(declarator);
        if let Some(binding) = self.structured_binding(declarator) {
            let element = self.temp(span);
            self.current.build.push(Op::Element { to: element, of, name: None }, span);
            self.destructure(binding, None, Operand::Local(element));
            return;
        }
        let ty = self.file.declared_type(node);
        let declared = self.file.declarator(declarator, ty);
        let Some(name_node) = declared.name else { return };
        let name = self.name_of(name_node);
        let ty = declared.ty.map(unqualified);
        let is_reference = ty.as_ref().is_some_and(is_reference);
        let plain = ty.as_ref().map(Self::referent);
        let needs_memory = self.current.addressed.contains(&name)
            && plain.as_ref().is_some_and(|ty| self.is_scalar(Some(ty)) && ty.name != "auto");
        let element = if needs_memory {
            self.temp(span)
        } else {
            self.current.build.variable(name.clone(), ty.clone(), false, span)
        };
        self.current.build.push(Op::Element { to: element, of, name: None }, span);
        if needs_memory {
            let local = self.current.build.variable(name.clone(), ty.clone(), false, span);
            self.current.build.push(Op::Stack { to: local, ty: plain.clone(), by_address: false }, span);
            let to = place(Base::Local(local), [Projection::Pointee]);
            self.current.build.push(Op::Store { to: Box::new(to), value: Operand::Local(element) }, span);
            self.bind(name, Variable { local, ty: plain, storage: Storage::Memory });
            return;
        }
        let is_object = plain.as_ref().is_none_or(|ty| self.file.is_class_like(ty) || ty.name == "auto");
        let storage = if is_object { Storage::Object } else { Storage::Value };
        self.bind(name, Variable { local: element, ty: plain.clone(), storage });
        if is_object && !is_reference && plain.is_some_and(|ty| ty.name != "auto") {
            self.on_leaving(Cleanup::End(element));
        }
    }

    /// A named value moved out by `return x;`, so that its destructor does not run.
    pub(super) fn returned(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let inner = self.without_parentheses(node);
        let ty = self.file.unit.functions.get(self.current.id.index()).and_then(|function| function.result.clone());
        if tree.kind(inner) == "identifier"
            && let Some(variable) = self.current.find(tree.text(inner)).cloned()
            && variable.storage == Storage::Object
            && !variable.ty.as_ref().is_some_and(is_reference)
        {
            return self.copy_as(Operand::Local(variable.local), CopyKind::Move, span);
        }
        // A reference is the address of what is named.
        if ty.as_ref().is_some_and(|ty| is_reference(ty) && self.is_scalar(ty.args.first())) {
            return self.referred(node);
        }
        self.value_for(node, ty.as_ref())
    }

    pub(super) fn catch_variable(&mut self, params: NodeId, exception: LocalId) {
        let tree = self.tree;
        let Some(param) = tree.named_children(params).next() else { return };
        let Some((Some(name_node), ty)) = self.file.parameter(param) else { return };
        let (name, span) = (self.name_of(name_node), self.span(name_node));
        let local = self.current.build.variable(name.clone(), ty.clone(), false, span);
        self.bind(name, Variable { local, ty, storage: Storage::Object });
        self.current.build.copy(local, Operand::Local(exception), span);
    }
}

fn is_reference(ty: &TypeRef) -> bool {
    matches!(ty.name.as_str(), "&" | "&&")
}

/// `static_cast<T>` where the grammar saw a type.
fn is_named_cast(tree: &Tree<'_>, node: NodeId) -> bool {
    let name = tree.child(node, "name").map_or("", |name| tree.text(name));
    tree.kind(node) == "template_type" && NAMED_CASTS.contains(&name)
}
