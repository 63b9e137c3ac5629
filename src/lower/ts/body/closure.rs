//! Function expressions and local functions: functions of their own that capture by reference.

use super::super::parameters::Unpacked;
use super::{Body, Frame};
use crate::ir::{FunctionId, FunctionKind, Local, LocalKind, Name, Op, Operand};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    pub(super) fn function_expression(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let Some(body) = self.closure(node, |_| {}) else { return Self::other() };
        let to = self.temp(span);
        self.current.build.push(Op::Closure { to, body }, span);
        Operand::Local(to)
    }

    /// `function f(x) { … }` in a body: a variable that code before it may name.
    pub(super) fn local_function(&mut self, node: NodeId) {
        let Some(name) = self.tree.child(node, "name") else { return };
        let to = self.declare(name, None, true);
        let span = self.span(node);
        if let Some(body) = self.closure(node, |_| {}) {
            self.current.build.push(Op::Closure { to, body }, span);
        }
    }

    /// A function in a body; `before` adds what comes before its own code.
    pub(super) fn closure(&mut self, node: NodeId, before: impl FnOnce(&mut Self)) -> Option<FunctionId> {
        if let Some(&known) = self.current.closures.get(&node) {
            return Some(known);
        }
        let tree = self.tree;
        let body = tree.child(node, "body")?;
        let mut function = self.file.new_function(FunctionKind::Closure, node, tree.child(node, "name"));
        function.parent = Some(self.current.id);
        function.name = Name::default();
        if let Some(parent) = self.file.unit.functions.get(self.current.id.index()) {
            function.qualified = parent.qualified.clone();
            function.class = parent.class;
            function.is_static = parent.is_static;
        }
        self.file.header(node, &mut function);
        if tree.kind(node) != "arrow_function" {
            // It has a `this` of its own, which nobody knows.
            function.locals.push(Local {
                name: Name::new("this"),
                kind: LocalKind::Variable,
                ty: None,
                is_final: true,
                span: Span::default(),
            });
        }
        let unpacked: Vec<Unpacked> = self.file.parameters(node, &mut function);
        let id = self.file.push_function(function);
        self.current.closures.insert(node, id);
        let inner = Frame::new(&mut self.file.unit, id);
        let parent = std::mem::replace(&mut self.current, inner);
        self.outer.push(parent);
        before(self);
        self.function_body(body, &unpacked);
        if let Some(parent) = self.outer.pop() {
            std::mem::replace(&mut self.current, parent).put_back(&mut self.file.unit);
        }
        Some(id)
    }
}
