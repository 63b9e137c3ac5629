//! Conditions → edges.

use super::Body;
use crate::ir::{BlockId, Cond, Const, Operand, Written};
use crate::parse::NodeId;

impl Body<'_, '_> {
    /// Ends the current block by the condition `node`.
    pub(super) fn condition(&mut self, mut node: NodeId, mut then: BlockId, mut otherwise: BlockId) {
        let tree = self.tree;
        loop {
            match tree.kind(node) {
                "parenthesized_expression" => {
                    let Some(&inner) = self.operands(node).first() else { break };
                    node = inner;
                }
                "unary_expression" if tree.child_of_kind(node, "negation_operator").is_some() => {
                    let Some(&inner) = self.operands(node).first() else { break };
                    std::mem::swap(&mut then, &mut otherwise);
                    node = inner;
                }
                _ => break,
            }
        }
        let span = self.span(node);
        match tree.kind(node) {
            kind @ ("logical_and_expression" | "logical_or_expression") => {
                self.short_circuit(node, kind, then, otherwise);
            }
            "equality_expression" => self.equality(node, then, otherwise),
            "type_test_expression" => self.type_test(node, then, otherwise),
            "conditional_expression" => self.conditional_condition(node, then, otherwise),
            "if_null_expression" => self.if_null_condition(node, then, otherwise),
            _ => {
                let value = self.expression(node);
                self.is_true(value, then, otherwise, span);
            }
        }
    }

    fn is_true(&mut self, value: Operand, then: BlockId, otherwise: BlockId, span: crate::source::Span) {
        match value {
            Operand::Const(Const::Bool(true)) => self.current.build.goto(then),
            Operand::Const(Const::Bool(false)) => self.current.build.goto(otherwise),
            value => self.current.build.branch_written(Cond::IsTrue(value), then, otherwise, span, Written::AsIs),
        }
    }

    /// `a && b && c` leans left; its operands are found in a loop.
    fn short_circuit(&mut self, node: NodeId, kind: &str, then: BlockId, otherwise: BlockId) {
        let tree = self.tree;
        let mut parts = Vec::new();
        let mut at = node;
        while tree.kind(at) == kind {
            let operands = self.operands(at);
            let (Some(&left), Some(&right)) = (operands.first(), operands.get(1)) else { break };
            parts.push(right);
            at = left;
        }
        parts.push(at);
        let last = parts.remove(0);
        for part in parts.into_iter().rev() {
            let next = self.current.build.block();
            if kind == "logical_and_expression" {
                self.condition(part, next, otherwise);
            } else {
                self.condition(part, then, next);
            }
            self.current.build.start(next);
        }
        self.condition(last, then, otherwise);
    }

    fn equality(&mut self, node: NodeId, mut then: BlockId, mut otherwise: BlockId) {
        let tree = self.tree;
        let span = self.span(node);
        let operands = self.operands(node);
        let (Some(&left), Some(&right)) = (operands.first(), operands.get(1)) else { return };
        let negated = tree.child(node, "operator").is_some_and(|operator| tree.text(operator) == "!=");
        if negated {
            std::mem::swap(&mut then, &mut otherwise);
        }
        let written = if negated { Written::Negated } else { Written::AsIs };
        if tree.kind(left) == "super" {
            let value = self.super_operator("==".into(), right, span);
            self.current.build.branch_written(Cond::IsTrue(value), then, otherwise, span, written);
            return;
        }
        let value = self.expression(left);
        let value = self.settled(value, &[right]);
        let other = self.expression(right);
        let cond = match (value, other) {
            (value, Operand::Const(Const::Null)) | (Operand::Const(Const::Null), value) => Cond::IsNull(value),
            (value, other) => Cond::Equals(value, other),
        };
        self.current.build.branch_written(cond, then, otherwise, span, written);
    }

    fn type_test(&mut self, node: NodeId, mut then: BlockId, mut otherwise: BlockId) {
        let tree = self.tree;
        let span = self.span(node);
        let value = self.only_operand(node);
        let test = tree.child_of_kind(node, "type_test");
        let negated = test
            .and_then(|test| tree.child_of_kind(test, "is_operator"))
            .is_some_and(|operator| tree.text(operator).ends_with('!'));
        if negated {
            std::mem::swap(&mut then, &mut otherwise);
        }
        let ty = test.and_then(|test| tree.named_children(test).find(|&child| tree.kind(child) != "is_operator"));
        let cond = match ty.and_then(|ty| self.file.type_ref(ty)) {
            Some(ty) => Cond::Is(value, ty),
            None => Cond::Opaque,
        };
        let written = if negated { Written::Negated } else { Written::AsIs };
        self.current.build.branch_written(cond, then, otherwise, span, written);
    }

    /// `a ? b : c` as a condition.
    fn conditional_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let tree = self.tree;
        let (holds, fails) = (self.current.build.block(), self.current.build.block());
        if let Some(&condition) = self.operands(node).first() {
            self.condition(condition, holds, fails);
        }
        for (block, field) in [(holds, "consequence"), (fails, "alternative")] {
            self.current.build.start(block);
            if let Some(part) = tree.child(node, field) {
                self.condition(part, then, otherwise);
            }
        }
    }

    /// `a ?? b` as a condition.
    fn if_null_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let operands = self.operands(node);
        let (Some(&left), Some(&right)) = (operands.first(), operands.get(1)) else { return };
        let span = self.span(left);
        let value = self.expression(left);
        let (is_null, is_value) = (self.current.build.block(), self.current.build.block());
        self.current.build.branch(Cond::IsNull(value.clone()), is_null, is_value, span);
        self.current.build.start(is_value);
        self.is_true(value, then, otherwise, span);
        self.current.build.start(is_null);
        self.condition(right, then, otherwise);
    }

    /// A condition where its value is wanted: one path for each outcome.
    pub(super) fn truth(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let (then, otherwise, join) = self.three_blocks();
        self.condition(node, then, otherwise);
        self.current.build.outcome(then, otherwise, join, span)
    }
}
