//! Function expressions and local functions: functions of their own that capture by reference.

use super::{Body, Frame};
use crate::ir::{Const, FunctionId, FunctionKind, Name, Op, Operand};
use crate::parse::NodeId;

impl Body<'_, '_> {
    pub(super) fn function_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let Some(body) = tree.child(node, "body") else { return Operand::Const(Const::Other) };
        let function = self.closure(node, node, None, body);
        let span = self.span(node);
        let to = self.temp(span);
        self.current.build.push(Op::Closure { to, body: function }, span);
        Operand::Local(to)
    }

    /// `int f(x) { … }` in a body: a variable that its own body may name.
    pub(super) fn local_function(&mut self, node: NodeId) {
        let tree = self.tree;
        let (Some(signature), Some(body)) =
            (tree.child_of_kind(node, "function_signature"), tree.child_of_kind(node, "function_body"))
        else {
            return;
        };
        let Some(name) = tree.child(signature, "name") else { return };
        let to = self.declare(name, None, true);
        let function = self.closure(node, signature, Some(name), body);
        let span = self.span(node);
        self.current.build.push(Op::Closure { to, body: function }, span);
    }

    fn closure(&mut self, node: NodeId, signature: NodeId, name: Option<NodeId>, body: NodeId) -> FunctionId {
        if let Some(&known) = self.current.closures.get(&node) {
            return known;
        }
        let tree = self.tree;
        let mut function = self.file.new_function(FunctionKind::Closure, node, name);
        function.parent = Some(self.current.id);
        function.name = Name::default();
        if let Some(parent) = self.file.unit.functions.get(self.current.id.index()) {
            function.qualified = parent.qualified.clone();
            function.class = parent.class;
            function.is_static = parent.is_static;
        }
        function.flavor = self.file.flavor(body);
        function.result = tree.child(signature, "return_type").and_then(|ty| self.file.type_ref(ty));
        if let Some(types) = tree.child_of_kind(signature, "type_parameters") {
            function.type_params = self.file.type_params(types);
        }
        if let Some(params) = tree.child_of_kind(signature, "formal_parameter_list") {
            self.file.parameters(params, &mut function);
        }
        let id = self.file.push_function(function);
        self.current.closures.insert(node, id);
        let inner = Frame::new(&mut self.file.unit, id);
        let parent = std::mem::replace(&mut self.current, inner);
        self.outer.push(parent);
        self.function_body(body);
        if let Some(parent) = self.outer.pop() {
            std::mem::replace(&mut self.current, parent).put_back(&mut self.file.unit);
        }
        id
    }
}
