//! Arguments and constructor calls.

use super::Body;
use crate::ir::{Arg, Callee, Operand, TypeRef};
use crate::parse::NodeId;

impl Body<'_, '_> {
    pub(super) fn arguments(&mut self, node: NodeId) -> Vec<Arg> {
        let tree = self.tree;
        let nodes = self.operands(node);
        let mut args = Vec::with_capacity(nodes.len());
        let mut last = None;
        for (index, &argument) in nodes.iter().enumerate() {
            let (name, value) = match tree.kind(argument) {
                "named_argument" => {
                    let label = tree.child_of_kind(argument, "label");
                    let name = label.and_then(|label| tree.child_of_kind(label, "identifier"));
                    let value = self.operands(argument).into_iter().find(|&it| tree.kind(it) != "label");
                    (name.map(|name| self.name_of(name)), value.unwrap_or(argument))
                }
                _ => (None, argument),
            };
            let operand = self.expression(value);
            let operand = self.settled_among(operand, index, &nodes, &mut last);
            args.push(Arg { name, value: operand, span: self.span(value) });
        }
        args
    }

    /// `new T.name(…)`, `const T(…)`, `T<A>.name(…)`
    pub(super) fn construction(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let written = match tree.kind(node) {
            "constructor_invocation" => self.written_type(node),
            _ => tree.child(node, "type").and_then(|ty| self.file.type_ref(ty)),
        };
        let ty = written.unwrap_or_else(|| TypeRef::named("dynamic"));
        let constructor = tree.child(node, "constructor");
        let name_span = constructor.or_else(|| tree.child(node, "type")).map_or(span, |name| self.span(name));
        let args = match tree.child(node, "arguments") {
            Some(arguments) => self.arguments(arguments),
            None => Vec::new(),
        };
        let name = constructor.and_then(|name| self.constructor_name(name));
        self.current.build.call(Callee::New { ty, name }, Vec::new(), args, name_span, span)
    }
}
