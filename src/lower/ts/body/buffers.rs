//! Buffers that nothing but their addresses is ever taken of: they are collected when the function is left, whoever still
//! has the address (`ffi.ptr(buffer)` does not keep the buffer).

use super::Body;
use crate::ir::{LocalId, Op, Operand};
use crate::parse::NodeId;
use crate::source::Span;
use crate::vocabulary::vocabulary;

impl Body<'_, '_> {
    /// A variable that begins with such a buffer, and is never named again but for its address, is memory of the function.
    pub(super) fn note_buffer(&mut self, name: NodeId, value: NodeId, local: LocalId) {
        if self.makes_buffer(value) && self.file.is_only_addressed(name) {
            let span = self.span(name);
            self.current.build.push(Op::Stack { to: local, ty: None, by_address: true }, span);
            self.buffers.insert((self.current.id, local));
        }
    }

    /// The address that a call gives of such a buffer.
    pub(super) fn address(&mut self, call: NodeId, span: Span) -> Option<Operand> {
        let argument = self.file.addressed(call)?;
        let function = self.tree.child(call, "function")?;
        self.file.library_of(function)?;
        if self.tree.kind(argument) != "identifier" {
            return self.unnamed(argument);
        }
        let local = self.current.find(self.tree.text(argument))?;
        self.buffers
            .contains(&(self.current.id, local))
            .then(|| Operand::Local(self.current.build.copy_of(Operand::Local(local), span)))
    }

    /// The address of a buffer that nothing ever names: `ptr(new Uint8Array(4))`.
    fn unnamed(&mut self, argument: NodeId) -> Option<Operand> {
        if !self.makes_buffer(argument) {
            return None;
        }
        let span = self.span(argument);
        let to = self.temp(span);
        self.current.build.push(Op::Stack { to, ty: None, by_address: true }, span);
        Some(Operand::Local(to))
    }

    /// `new ArrayBuffer(n)`, `new Uint8Array([1, 2])`, `Schema.create({ … })`
    fn makes_buffer(&self, value: NodeId) -> bool {
        let tree = self.tree;
        let text = |node: Option<NodeId>| node.map(|node| tree.text(node)).unwrap_or_default();
        match tree.kind(value) {
            "new_expression" => match text(tree.child(value, "constructor")) {
                name if vocabulary().buffers.iter().any(|known| known == name) => true,
                // One of another's memory is named by that.
                name if vocabulary().views.iter().any(|known| known == name) => {
                    let mut given = tree.child(value, "arguments").into_iter().flat_map(|all| tree.named_children(all));
                    given.next().is_none_or(|first| {
                        let view = matches!(tree.kind(first), "new_expression") && self.makes_buffer(first);
                        view || matches!(tree.kind(first), "number" | "array")
                    })
                }
                _ => false,
            },
            "call_expression" => tree.child(value, "function").is_some_and(|function| {
                let makes = text(tree.child(function, "property"));
                if !vocabulary().makes_buffer(makes) {
                    return false;
                }
                let library = tree.child(function, "object").and_then(|schema| self.file.schema(schema));
                library.is_some_and(|library| library.buffers.iter().any(|known| known == makes))
            }),
            _ => false,
        }
    }
}
