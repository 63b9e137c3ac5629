//! `new`, `delete` and objects by value.

use super::place::place;
use super::{Body, OTHER};
use crate::ir::{Arg, Base, Callee, Op, Operand, Projection, TypeRef};
use crate::lower::c::types::{is_builtin, wrapped};
use crate::parse::NodeId;
use crate::parse::c::MarkerKind;
use crate::source::Span;

impl Body<'_, '_> {
    /// An object of `ty` made from a list of arguments or initial values.
    pub(super) fn construct(&mut self, ty: TypeRef, list: Option<NodeId>, node: NodeId) -> Operand {
        let span = self.span(node);
        let args = self.arguments(list);
        self.current.build.call(Callee::New { ty, name: None }, Vec::new(), args, span, span)
    }

    /// `new T(…)`, `new T[n]`, `new (place) T`
    pub(super) fn new_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let written = tree.child(node, "type");
        let mut ty = written.and_then(|ty| self.file.specifier(ty)).unwrap_or_else(|| TypeRef::named("auto"));
        let name_span = written.map_or(span, |ty| self.span(ty));
        let declarator = tree.child(node, "declarator");
        let list = tree.child(node, "arguments");
        let stars = declarator.or(list).map_or(0, |after| {
            let start = tree.span(after).start;
            let count = |marker: &MarkerKind| if let MarkerKind::Stars(count) = marker { *count } else { 0 };
            self.file.markers(start, start).map(count).sum::<u32>()
        });
        for _ in 0..stars.min(8) {
            ty = wrapped("*", ty);
        }
        let mut args = self.arguments(tree.child(node, "placement"));
        if let Some(declarator) = declarator {
            let mut count: Option<Operand> = None;
            let mut at = Some(declarator);
            while let Some(dimension) = at {
                if let Some(length) = tree.child(dimension, "length") {
                    let length_span = self.span(length);
                    let length = self.expression(length);
                    count = Some(match count {
                        Some(before) => self.binary("*", before, length, length_span),
                        None => length,
                    });
                }
                at = tree.child_of_kind(dimension, "new_declarator");
            }
            if let Some(value) = count {
                args.push(Arg { name: None, value, span: self.span(declarator) });
            }
            // The elements' initial values: only their effects.
            self.arguments(list);
            return self.current.build.call(Callee::Name("new[]".into()), vec![ty], args, name_span, span);
        }
        let is_object = !is_builtin(&ty.name) && ty.name != "*" && !self.file.enums.contains(&ty.name);
        let simple = ty.name.rsplit("::").next().unwrap_or(&ty.name).to_owned();
        let pointer = self.current.build.call(Callee::Name("new".into()), vec![ty], args, name_span, span);
        let args = self.arguments(list);
        if is_object {
            let callee = Callee::Method { receiver: pointer.clone(), name: simple.into() };
            self.current.build.call(callee, Vec::new(), args, name_span, span);
        } else if let (Operand::Local(block), [first]) = (&pointer, args.as_slice()) {
            let to = place(Base::Local(*block), [Projection::Pointee]);
            self.current.build.push(Op::Store { to: Box::new(to), value: first.value.clone() }, span);
        }
        pointer
    }

    /// `delete p`, `delete[] p`
    pub(super) fn delete_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let Some(argument) = tree.named_children(node).last() else { return OTHER };
        let value = self.expression(argument);
        let name = if tree.has_token(node, "[") { "delete[]" } else { "delete" };
        let start = span.start;
        let name_span = Span::new(start, (start + 6).min(span.end));
        let args = vec![Arg { name: None, value, span: self.span(argument) }];
        self.current.build.call(Callee::Name(name.into()), Vec::new(), args, name_span, span)
    }
}
