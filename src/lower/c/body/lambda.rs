//! Lambdas: functions of their own. What they capture is shared with the function around them, captures by copy too:
//! a copied pointer leads to the same memory.

use super::{Body, FunctionFrame, OTHER, Storage, Variable, put_back};
use crate::ir::{FunctionId, FunctionKind, Name, Op, Operand};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    pub(super) fn lambda(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let Some(body) = tree.child(node, "body") else { return OTHER };
        let span = self.span(node);
        let captures = tree.child(node, "captures");
        let initialized: Vec<NodeId> = captures
            .into_iter()
            .flat_map(|captures| tree.named_children(captures))
            .filter(|&capture| tree.kind(capture) == "lambda_capture_initializer")
            .collect();
        // `[p = std::move(q)]`: a variable of its own around the lambda.
        self.open_scope();
        for capture in initialized {
            let (Some(left), Some(right)) = (tree.child(capture, "left"), tree.child(capture, "right")) else {
                continue;
            };
            let ty = self.type_of(right);
            let value = self.expression(right);
            let (name, at) = (self.name_of(left), self.span(left));
            let local = self.current.build.variable(name.clone(), ty.clone(), true, at);
            self.bind(name, Variable { local, ty, storage: Storage::Object });
            self.current.build.copy(local, value, at);
        }
        let function = self.closure(node, body);
        self.close_scope(span);
        let to = self.temp(span);
        self.current.build.push(Op::Closure { to, body: function }, span);
        Operand::Local(to)
    }

    fn closure(&mut self, node: NodeId, body: NodeId) -> FunctionId {
        if let Some(&known) = self.current.lambdas.get(&node) {
            return known;
        }
        let tree = self.tree;
        let first = Span::new(tree.span(node).start, tree.span(node).start + 1);
        let mut function = self.file.new_function(FunctionKind::Closure, node, Name::default(), first);
        function.parent = Some(self.current.id);
        if let Some(parent) = self.file.unit.functions.get(self.current.id.index()) {
            function.qualified = parent.qualified.clone();
            function.class = parent.class;
            function.is_static = parent.is_static;
            function.targets = parent.targets;
        }
        if let Some(declarator) = tree.child(node, "declarator") {
            self.file.parameters(declarator, &mut function);
            let result = tree.child_of_kind(declarator, "trailing_return_type");
            let result = result.and_then(|ty| tree.named_children(ty).next());
            function.result = result.and_then(|ty| self.file.described_type(ty));
        }
        let id = self.file.push_function(function);
        self.current.lambdas.insert(node, id);
        let mut inner = FunctionFrame::new(self.file, id);
        inner.addressed = self.current.addressed.clone();
        inner.dotted = self.current.dotted.clone();
        let parent = std::mem::replace(&mut self.current, inner);
        self.outer.push(parent);
        self.open_scope();
        self.settle_parameters();
        self.block(body);
        let end = tree.span(body).end;
        let brace = Span::new(end.saturating_sub(1), end).relative_to(self.current.base);
        self.current.build.jump_return(None, brace);
        self.close_scope(brace);
        if let Some(parent) = self.outer.pop() {
            let FunctionFrame { id, build, captures, .. } = std::mem::replace(&mut self.current, parent);
            put_back(self.file, id, build, captures);
        }
        id
    }
}
