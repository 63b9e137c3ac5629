//! Buffers that nothing but their addresses is ever taken of: they are collected when the function is left, whoever still
//! has the address (`ffi.ptr(buffer)` does not keep the buffer).

use rustc_hash::FxHashSet;

use super::Body;
use crate::ir::{LocalId, Op, Operand};
use crate::parse::NodeId;
use crate::source::Span;

/// What gives the address of a buffer.
const ADDRESS: &str = "ptr";

/// The classes whose objects have memory of their own, or are views on the memory of another.
const VIEWS: [&str; 12] = [
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
    "Float32Array",
    "Float64Array",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
];

/// What makes a buffer of a struct's description.
const CREATE: &str = "create";

impl Body<'_, '_> {
    /// A variable that begins with such a buffer, and is never named again but for its address, is memory of the function.
    pub(super) fn note_buffer(&mut self, name: NodeId, value: NodeId, local: LocalId) {
        if self.makes_buffer(value) && self.is_only_addressed(name) {
            let span = self.span(name);
            self.current.build.push(Op::Stack { to: local, ty: None, by_address: true }, span);
            self.buffers.insert((self.current.id, local));
        }
    }

    /// The address that a call gives of such a buffer.
    pub(super) fn address(&mut self, function: NodeId, arguments: NodeId, span: Span) -> Option<Operand> {
        if let Some(buffer) = self.unnamed(function, arguments) {
            return Some(buffer);
        }
        let argument = self.addressed(function, arguments)?;
        let local = self.current.find(self.tree.text(argument))?;
        self.buffers
            .contains(&(self.current.id, local))
            .then(|| Operand::Local(self.current.build.copy_of(Operand::Local(local), span)))
    }

    /// The address of a buffer that nothing ever names: `ptr(new Uint8Array(4))`.
    fn unnamed(&mut self, function: NodeId, arguments: NodeId) -> Option<Operand> {
        let (name, module) = self.file.origin(function)?;
        let mut given = self.tree.named_children(arguments);
        let (argument, others) = (given.next()?, given.next());
        if name != ADDRESS || module.is_none() || others.is_some() || !self.makes_buffer(argument) {
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
                "ArrayBuffer" => true,
                // One of another's memory is named by that.
                name if VIEWS.contains(&name) => {
                    let mut given = tree.child(value, "arguments").into_iter().flat_map(|all| tree.named_children(all));
                    given.next().is_none_or(|first| {
                        let view = matches!(tree.kind(first), "new_expression") && self.makes_buffer(first);
                        view || matches!(tree.kind(first), "number" | "array")
                    })
                }
                _ => false,
            },
            "call_expression" => tree.child(value, "function").is_some_and(|function| {
                text(tree.child(function, "property")) == CREATE
                    && tree.child(function, "object").is_some_and(|schema| self.file.is_schema(schema))
            }),
            _ => false,
        }
    }

    /// Whether a variable is named nowhere but as what the address is taken of.
    fn is_only_addressed(&self, name: NodeId) -> bool {
        let tree = self.tree;
        let Some(around) = self.file.unit.functions.get(self.current.id.index()).map(|function| function.span) else {
            return false;
        };
        let inside = || tree.descendants(tree.root()).filter(|&node| around.contains(tree.span(node)));
        let calls = inside().filter(|&node| tree.kind(node) == "call_expression");
        let addressed: FxHashSet<NodeId> = calls
            .filter_map(|call| self.addressed(tree.child(call, "function")?, tree.child(call, "arguments")?))
            .collect();
        let is_named = |node: &NodeId| {
            matches!(tree.kind(*node), "identifier" | "shorthand_property_identifier")
                && tree.text(*node) == tree.text(name)
        };
        let mut named = inside().filter(is_named).filter(|&node| node != name);
        named.all(|node| addressed.contains(&node))
    }

    /// The name that a call takes the address of: `ptr(buffer)`, `ffi.ptr(buffer)`.
    fn addressed(&self, function: NodeId, arguments: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let (name, module) = self.file.origin(function)?;
        let mut given = tree.named_children(arguments);
        let argument = given.next().filter(|&argument| tree.kind(argument) == "identifier")?;
        (name == ADDRESS && module.is_some() && given.next().is_none()).then_some(argument)
    }
}
