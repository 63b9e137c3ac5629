//! Places: what is read, written and pointed to.

use smallvec::SmallVec;

use super::{Body, OTHER, Storage};
use crate::ir::{Base, Const, CopyKind, LocalId, Name, Op, Operand, Place, Projection, UseKind};
use crate::parse::NodeId;
use crate::source::Span;

/// What an assignment writes to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A variable that its local holds.
    Local(LocalId),
    /// Memory.
    Place(Place),
}

pub(super) fn place(base: Base, path: impl IntoIterator<Item = Projection>) -> Place {
    Place { base, path: path.into_iter().collect::<SmallVec<[Projection; 1]>>() }
}

impl Body<'_, '_> {
    /// The place that an expression names.
    pub(super) fn target(&mut self, node: NodeId) -> Target {
        let tree = self.tree;
        let node = self.without_parentheses(node);
        match tree.kind(node) {
            "identifier" | "field_identifier" => self.named_target(tree.text(node)),
            "qualified_identifier" => {
                let name = self.written_path(node);
                Target::Place(place(Base::Name(name), []))
            }
            "field_expression" => Target::Place(self.field_place(node)),
            "subscript_expression" => Target::Place(self.element_place(node)),
            "pointer_expression" if tree.has_token(node, "*") => {
                let span = self.span(node);
                let pointer = tree.child(node, "argument").map_or(OTHER, |argument| self.expression(argument));
                let pointer = self.current.build.as_local(pointer, span);
                Target::Place(place(Base::Local(pointer), [Projection::Pointee]))
            }
            _ => {
                let span = self.span(node);
                let value = self.expression(node);
                let value = self.current.build.as_local(value, span);
                Target::Place(place(Base::Local(value), [Projection::Pointee]))
            }
        }
    }

    fn named_target(&mut self, name: &str) -> Target {
        match self.lookup(name) {
            Some(variable) => match variable.storage {
                Storage::Value | Storage::Object => Target::Local(variable.local),
                Storage::Memory => Target::Place(place(Base::Local(variable.local), [Projection::Pointee])),
                Storage::Static(name) => Target::Place(place(Base::Name(name), [])),
            },
            None => Target::Place(place(Base::Name(name.into()), [])),
        }
    }

    /// Where the parts of an aggregate lie: `x` of `x.f`, as a place to add steps to.
    pub(super) fn aggregate(&mut self, node: NodeId) -> Place {
        let tree = self.tree;
        let node = self.without_parentheses(node);
        match tree.kind(node) {
            "identifier" => {
                let name = tree.text(node);
                match self.lookup(name) {
                    Some(variable) => match variable.storage {
                        Storage::Static(name) => place(Base::Name(name), []),
                        _ => place(Base::Local(variable.local), []),
                    },
                    None => place(Base::Name(name.into()), []),
                }
            }
            "qualified_identifier" => place(Base::Name(self.written_path(node)), []),
            "field_expression" => self.field_place(node),
            "subscript_expression" => self.element_place(node),
            "pointer_expression" if tree.has_token(node, "*") => {
                let span = self.span(node);
                let pointer = tree.child(node, "argument").map_or(OTHER, |argument| self.expression(argument));
                place(Base::Local(self.current.build.as_local(pointer, span)), [])
            }
            _ => {
                let span = self.span(node);
                let value = self.expression(node);
                place(Base::Local(self.current.build.as_local(value, span)), [])
            }
        }
    }

    /// `x.f`, `p->f`
    pub(super) fn field_place(&mut self, node: NodeId) -> Place {
        let tree = self.tree;
        let (Some(argument), Some(field)) = (tree.child(node, "argument"), tree.child(node, "field")) else {
            return place(Base::Name(Name::default()), []);
        };
        let name = self.field_name(field);
        let mut of = if tree.has_token(node, ".") {
            self.aggregate(argument)
        } else {
            let span = self.span(argument);
            let pointer = self.expression(argument);
            place(Base::Local(self.current.build.as_local(pointer, span)), [])
        };
        of.path.push(Projection::Field(name));
        of
    }

    pub(super) fn field_name(&self, field: NodeId) -> Name {
        let tree = self.tree;
        match tree.kind(field) {
            "template_method" | "template_function" => {
                tree.child(field, "name").map_or(Name::default(), |name| self.name_of(name))
            }
            "dependent_name" => tree.named_children(field).next().map_or(Name::default(), |name| self.field_name(name)),
            "qualified_identifier" => {
                let path = self.file.path(field);
                path.last.map_or(Name::default(), |last| self.name_of(last))
            }
            "destructor_name" => "~".into(),
            _ => self.name_of(field),
        }
    }

    /// `p[i]`; of an array inside a struct or array, one more step.
    fn element_place(&mut self, node: NodeId) -> Place {
        let tree = self.tree;
        let Some(argument) = tree.child(node, "argument") else { return place(Base::Name(Name::default()), []) };
        let mut of = if self.is_array(argument) {
            self.aggregate(argument)
        } else {
            let span = self.span(argument);
            let pointer = self.expression(argument);
            place(Base::Local(self.current.build.as_local(pointer, span)), [])
        };
        let index = tree.child(node, "index").or_else(|| {
            let list = tree.child(node, "indices")?;
            tree.named_children(list).next()
        });
        let index = index.map_or(OTHER, |index| self.expression(index));
        of.path.push(Projection::Index(Box::new(index)));
        of
    }

    /// Reads a place; an array's value is its address.
    pub(super) fn read(&mut self, target: Target, is_array: bool, span: Span) -> Operand {
        match target {
            Target::Local(local) => Operand::Local(local),
            Target::Place(place) if is_array => self.address_of_place(place, span),
            Target::Place(place) => self.current.build.load(place, false, span),
        }
    }

    pub(super) fn write(&mut self, target: Target, value: Operand, span: Span) {
        match target {
            Target::Local(local) => self.current.build.copy(local, value, span),
            Target::Place(to) => self.current.build.push(Op::Store { to: Box::new(to), value }, span),
        }
    }

    /// `&x`
    pub(super) fn address_of(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let inner = self.without_parentheses(node);
        match tree.kind(inner) {
            "identifier" => {
                let name = tree.text(inner);
                match self.lookup(name) {
                    Some(variable) => match variable.storage {
                        Storage::Static(name) => self.address(place(Base::Name(name), []), span),
                        _ => {
                            let from = Operand::Local(variable.local);
                            self.copy_as(from, CopyKind::Same, span)
                        }
                    },
                    None => self.address(place(Base::Name(name.into()), []), span),
                }
            }
            "this" | "call_expression" => self.expression(inner),
            _ => match self.target(inner) {
                Target::Local(local) => self.copy_as(Operand::Local(local), CopyKind::Same, span),
                Target::Place(place) => self.address_of_place(place, span),
            },
        }
    }

    /// `&*p` is `p`.
    fn address_of_place(&mut self, of: Place, span: Span) -> Operand {
        match (&of.base, of.path.as_slice()) {
            (Base::Local(local), [] | [Projection::Pointee]) => {
                let local = *local;
                self.copy_as(Operand::Local(local), CopyKind::Same, span)
            }
            _ => self.address(of, span),
        }
    }

    pub(super) fn assignment(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else { return OTHER };
        let operator = tree.child(node, "operator").map_or("=", |operator| tree.text(operator));
        if operator == "=" {
            let ty = self.type_of(left);
            let value = self.value_for(right, ty.as_ref());
            let target = self.target(left);
            if self.is_property(left) {
                self.current.build.push(Op::Use { value: value.clone(), kind: UseKind::Escape }, span);
            }
            self.write(target, value.clone(), span);
            return value;
        }
        let is_pointer = self.is_pointer(left);
        let amount = self.expression(right);
        let target = self.target(left);
        let old = self.read(target.clone(), false, span);
        let operator = operator.strip_suffix('=').unwrap_or(operator);
        let new = self.stepped(old, operator, amount, is_pointer, span);
        self.write(target, new.clone(), span);
        new
    }

    /// `x.f` of an object of Objective-C, as far as one can tell: setting it sends a message.
    fn is_property(&mut self, node: NodeId) -> bool {
        let tree = self.tree;
        let node = self.without_parentheses(node);
        if !self.file.prepared.is_objective || tree.kind(node) != "field_expression" || !tree.has_token(node, ".") {
            return false;
        }
        let of = tree.child(node, "argument").and_then(|argument| self.type_of(argument));
        of.is_none_or(|ty| !self.is_aggregate(&ty))
    }

    /// `x++`, `--x`
    pub(super) fn update(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let Some(argument) = tree.child(node, "argument") else { return OTHER };
        let operator = tree.child(node, "operator");
        let is_prefix = operator.is_some_and(|operator| tree.span(operator).start < tree.span(argument).start);
        let sign = if operator.is_some_and(|operator| tree.text(operator) == "--") { "-" } else { "+" };
        let is_pointer = self.is_pointer(argument);
        let target = self.target(argument);
        let mut old = self.read(target.clone(), false, span);
        if !is_prefix && matches!(target, Target::Local(_)) {
            old = Operand::Local(self.current.build.copy_of(old, span));
        }
        let new = self.stepped(old.clone(), sign, Operand::Const(Const::Int(1)), is_pointer, span);
        self.write(target, new.clone(), span);
        if is_prefix { new } else { old }
    }

    fn stepped(&mut self, old: Operand, operator: &str, by: Operand, is_pointer: bool, span: Span) -> Operand {
        if is_pointer && matches!(operator, "+" | "-") {
            return self.copy_as(old, CopyKind::Interior, span);
        }
        self.binary(operator, old, by, span)
    }
}
