//! Conditions → edges.

use super::Body;
use crate::ir::{BlockId, Cond, Const, Name, Operand, TypeRef, Written};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    /// Ends the current block by the condition `node`.
    pub(super) fn condition(&mut self, mut node: NodeId, mut then: BlockId, mut otherwise: BlockId) {
        let tree = self.tree;
        loop {
            match tree.kind(node) {
                "parenthesized_expression" => {
                    let Some(inner) = tree.named_children(node).next() else { break };
                    node = inner;
                }
                "unary_expression" if tree.has_token(node, "!") => {
                    let Some(inner) = tree.child(node, "argument") else { break };
                    std::mem::swap(&mut then, &mut otherwise);
                    node = inner;
                }
                _ => break,
            }
        }
        let span = self.span(node);
        let operator = tree.child(node, "operator").map_or("", |operator| tree.kind(operator));
        let sides = (tree.child(node, "left"), tree.child(node, "right"));
        match (tree.kind(node), operator, sides) {
            ("binary_expression", "&&", (Some(left), Some(right))) => {
                let next = self.current.build.block();
                self.condition(left, next, otherwise);
                self.current.build.start(next);
                self.condition(right, then, otherwise);
            }
            ("binary_expression", "||", (Some(left), Some(right))) => {
                let next = self.current.build.block();
                self.condition(left, then, next);
                self.current.build.start(next);
                self.condition(right, then, otherwise);
            }
            ("binary_expression", "==" | "===", (Some(left), Some(right))) => {
                self.equality(left, right, [then, otherwise], Written::AsIs, span);
            }
            ("binary_expression", "!=" | "!==", (Some(left), Some(right))) => {
                self.equality(left, right, [otherwise, then], Written::Negated, span);
            }
            ("binary_expression", "instanceof", (Some(left), Some(right))) => {
                let value = self.expression(left);
                let is_free = tree.kind(right) == "identifier" && self.lookup(tree.text(right)).is_none();
                let cond = match is_free {
                    true => Cond::Is(value, TypeRef::named(tree.text(right))),
                    false => Cond::Opaque,
                };
                self.current.build.branch_written(cond, then, otherwise, span, Written::AsIs);
            }
            ("sequence_expression", ..) => {
                let parts: Vec<NodeId> = tree.named_children(node).collect();
                let Some((&last, before)) = parts.split_last() else { return };
                for &part in before {
                    self.expression(part);
                }
                self.condition(last, then, otherwise);
            }
            _ => {
                let value = self.expression(node);
                self.is_true(value, then, otherwise, span);
            }
        }
    }

    fn is_true(&mut self, value: Operand, then: BlockId, otherwise: BlockId, span: Span) {
        match value {
            Operand::Const(Const::Bool(true)) => self.current.build.goto(then),
            Operand::Const(Const::Bool(false) | Const::Null | Const::Int(0)) => self.current.build.goto(otherwise),
            value => self.current.build.branch_written(Cond::IsTrue(value), then, otherwise, span, Written::AsIs),
        }
    }

    /// `edges`: where the two are the same, where not.
    fn equality(&mut self, left: NodeId, right: NodeId, edges: [BlockId; 2], written: Written, span: Span) {
        let [same, other] = edges;
        if let Some((asked, kind)) = self.kind_asked(left, right) {
            let value = self.expression(asked);
            let cond = Self::kind_test(value, &kind);
            return self.current.build.branch_written(cond, same, other, span, written);
        }
        let value = self.expression(left);
        let value = self.settled(value, &[right]);
        let with = self.expression(right);
        match (value, with) {
            (value, Operand::Const(Const::Null)) | (Operand::Const(Const::Null), value) => {
                self.current.build.branch_written(Cond::IsNull(value), same, other, span, written);
            }
            // An address that is 0 is none: a number is true unless it is 0.
            (value @ Operand::Local(_), Operand::Const(Const::Int(0)))
            | (Operand::Const(Const::Int(0)), value @ Operand::Local(_)) => {
                let written = if written == Written::AsIs { Written::Negated } else { Written::AsIs };
                self.current.build.branch_written(Cond::IsTrue(value), other, same, span, written);
            }
            (value, with) => {
                self.current.build.branch_written(Cond::Equals(value, with), same, other, span, written);
            }
        }
    }

    /// `typeof value === 'kind'`: the value, and the word for its kind.
    fn kind_asked(&self, left: NodeId, right: NodeId) -> Option<(NodeId, Name)> {
        let tree = self.tree;
        [(left, right), (right, left)].into_iter().find_map(|(asked, with)| {
            let is_asked = tree.kind(asked) == "unary_expression" && tree.has_token(asked, "typeof");
            match self.file.constant(with)? {
                Const::Str(kind) if is_asked => Some((tree.child(asked, "argument")?, kind)),
                _ => None,
            }
        })
    }

    /// What `typeof` gives: <https://tc39.es/ecma262/#sec-typeof-operator>.
    fn kind_test(value: Operand, kind: &str) -> Cond {
        let ty = match kind {
            "undefined" => return Cond::IsNull(value),
            "number" | "bigint" => "num",
            "string" => "String",
            "boolean" => "bool",
            "object" => TypeRef::OBJECT,
            _ => return Cond::Opaque,
        };
        Cond::Is(value, TypeRef::named(ty))
    }

    /// A condition where its value is wanted: one path for each outcome.
    pub(super) fn truth(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let (then, otherwise, join) = self.three_blocks();
        self.condition(node, then, otherwise);
        self.current.build.outcome(then, otherwise, join, span)
    }

    /// `a && b`, `a || b`, `a ?? b` where the value is wanted: one of the two.
    pub(super) fn either(&mut self, node: NodeId, operator: &str) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else {
            return Self::other();
        };
        let value = self.expression(left);
        let left_span = self.span(left);
        let (first, second, join) = self.three_blocks();
        let (cond, then, otherwise) = match operator {
            "??" => (Cond::IsNull(value.clone()), second, first),
            "&&" => (Cond::IsTrue(value.clone()), second, first),
            _ => (Cond::IsTrue(value.clone()), first, second),
        };
        self.current.build.branch(cond, then, otherwise, left_span);
        let result = self.temp(span);
        self.current.build.start(first);
        self.current.build.copy(result, value, left_span);
        self.current.build.goto(join);
        self.current.build.start(second);
        let other = self.expression(right);
        let right_span = self.span(right);
        self.current.build.copy(result, other, right_span);
        self.current.build.continue_in(join);
        Operand::Local(result)
    }
}
