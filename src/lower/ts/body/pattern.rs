//! Patterns: what takes objects and arrays apart.

use super::Body;
use crate::ir::{Cond, Name, Op, Operand, TypeRef};
use crate::parse::NodeId;

impl Body<'_, '_> {
    /// Gives a value to a name or a pattern: declares them (constant or not), or assigns where `declares` is nothing.
    pub(super) fn unpack(&mut self, node: NodeId, value: Operand, declares: Option<bool>) {
        self.unpack_typed(node, value, declares, None);
    }

    pub(super) fn unpack_typed(&mut self, node: NodeId, value: Operand, declares: Option<bool>, ty: Option<TypeRef>) {
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "identifier" | "shorthand_property_identifier_pattern" | "undefined" => match declares {
                Some(is_final) if self.is_declared_here() => {
                    let local = self.declare(node, ty, is_final);
                    self.current.build.copy(local, value, span);
                }
                _ => match self.lookup(tree.text(node)) {
                    Some(local) => self.current.build.copy(local, value, span),
                    None => {
                        let to = self.free(tree.text(node).into(), span);
                        self.current.build.push(Op::Store { to: Box::new(to), value }, span);
                    }
                },
            },
            "object_pattern" => {
                for part in tree.named_children(node) {
                    self.unpack_property(part, &value, declares);
                }
            }
            "array_pattern" => {
                for part in tree.named_children(node) {
                    let element = self.element(&value, None, part);
                    self.unpack(part, element, declares);
                }
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else { return };
                let value = self.or_default(value, right);
                self.unpack(left, value, declares);
            }
            "rest_pattern" => {
                if let Some(inner) = tree.named_children(node).next() {
                    self.unpack(inner, value, declares);
                }
            }
            _ if declares.is_none() => {
                let mut exit = None;
                let target = self.target(node, &mut exit);
                self.current.write(target, value, span);
                self.drop_chain(exit);
            }
            _ => {}
        }
    }

    fn unpack_property(&mut self, part: NodeId, value: &Operand, declares: Option<bool>) {
        let tree = self.tree;
        match tree.kind(part) {
            "shorthand_property_identifier_pattern" => {
                let name = Name::new(tree.text(part));
                let element = self.element(value, Some(name), part);
                self.unpack(part, element, declares);
            }
            "pair_pattern" => {
                let (Some(key), Some(inner)) = (tree.child(part, "key"), tree.child(part, "value")) else { return };
                let name = self.name_of(key);
                let element = self.element(value, Some(name), key);
                self.unpack(inner, element, declares);
            }
            "object_assignment_pattern" => {
                let Some(left) = tree.child(part, "left") else { return };
                let name = Name::new(tree.text(left));
                let element = self.element(value, Some(name), left);
                self.unpack(part, element, declares);
            }
            _ => self.unpack(part, value.clone(), declares),
        }
    }

    fn element(&mut self, of: &Operand, name: Option<Name>, at: NodeId) -> Operand {
        let span = self.span(at);
        // A property is read as `of.name` reads it.
        if let Some(name) = name {
            return self.load_member(of.clone(), name, span);
        }
        let to = self.temp(span);
        self.current.build.push(Op::Element { to, of: of.clone(), name: None }, span);
        Operand::Local(to)
    }

    fn or_default(&mut self, value: Operand, default: NodeId) -> Operand {
        let span = self.span(default);
        let (absent, there, join) = self.three_blocks();
        let result = self.temp(span);
        self.current.build.branch(Cond::IsNull(value.clone()), absent, there, span);
        self.current.build.start(there);
        self.current.build.copy(result, value, span);
        self.current.build.goto(join);
        self.current.build.start(absent);
        let default = self.expression(default);
        self.current.build.copy(result, default, span);
        self.current.build.continue_in(join);
        Operand::Local(result)
    }

    /// Whether declarations are variables of the function: those at the top of a module are its own.
    fn is_declared_here(&self) -> bool {
        self.current.scopes.len() > 1 || !self.outer.is_empty()
    }
}
