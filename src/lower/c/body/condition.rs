//! Conditions → edges.

use super::{Body, OTHER};
use crate::ir::{BlockId, Cond, Const, Operand, Written};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    /// Ends the current block by the condition `node`.
    pub(super) fn condition(&mut self, mut node: NodeId, mut then: BlockId, mut otherwise: BlockId) {
        let tree = self.tree;
        loop {
            match tree.kind(node) {
                "parenthesized_expression" if self.given(node).is_none() => {
                    let Some(inner) = tree.named_children(node).next() else { break };
                    if tree.kind(inner) == "compound_statement" {
                        break;
                    }
                    node = inner;
                }
                "unary_expression" if tree.has_token(node, "!") || tree.has_token(node, "not") => {
                    let Some(inner) = tree.child(node, "argument") else { break };
                    std::mem::swap(&mut then, &mut otherwise);
                    node = inner;
                }
                // `__builtin_expect(c, 1)`, `likely(c)`, `G_LIKELY(c)`: the condition is the argument.
                "call_expression" => match self.expected(node) {
                    Some(inner) => node = inner,
                    None => break,
                },
                "condition_clause" => {
                    if let Some(initializer) = tree.child(node, "initializer") {
                        self.statement(initializer);
                    }
                    let Some(value) = tree.child(node, "value") else { break };
                    node = value;
                }
                _ => break,
            }
        }
        // What is told of the branch is told of what stands behind the negations.
        let span = self.span(node);
        match tree.kind(node) {
            "binary_expression" => {
                let operator = tree.child(node, "operator").map_or("", |operator| tree.text(operator));
                match operator {
                    "&&" | "and" => self.short_circuit(node, true, then, otherwise),
                    "||" | "or" => self.short_circuit(node, false, then, otherwise),
                    "==" => self.equality(node, then, otherwise, Written::AsIs),
                    "!=" | "not_eq" => self.equality(node, otherwise, then, Written::Negated),
                    _ => {
                        let value = self.expression(node);
                        self.value_condition(value, false, then, otherwise, span);
                    }
                }
            }
            "comma_expression" => {
                if let Some(left) = tree.child(node, "left") {
                    self.effect(left);
                }
                match tree.child(node, "right") {
                    Some(right) => self.condition(right, then, otherwise),
                    None => self.current.build.goto(otherwise),
                }
            }
            // `if (T* p = f())`
            "declaration" => {
                let value = self.declared_condition(node);
                let is_pointer = self.is_pointer_declaration(node);
                self.value_condition(value, is_pointer, then, otherwise, span);
            }
            _ => {
                let is_pointer = self.is_pointer(node);
                let value = self.expression(node);
                self.value_condition(value, is_pointer, then, otherwise, span);
            }
        }
    }

    pub(super) fn value_condition(
        &mut self,
        value: Operand,
        is_pointer: bool,
        then: BlockId,
        otherwise: BlockId,
        span: Span,
    ) {
        match value {
            Operand::Const(Const::Bool(true)) => self.current.build.goto(then),
            Operand::Const(Const::Bool(false) | Const::Null | Const::Int(0)) => self.current.build.goto(otherwise),
            Operand::Const(Const::Int(_)) => self.current.build.goto(then),
            value if is_pointer => {
                // What stands there says "not null".
                self.current.build.branch_written(Cond::IsNull(value), otherwise, then, span, Written::Negated);
            }
            value => self.current.build.branch_written(Cond::IsTrue(value), then, otherwise, span, Written::AsIs),
        }
    }

    fn expected(&self, node: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let function = tree.child(node, "function")?;
        let name = tree.text(function);
        let known = matches!(
            name,
            "__builtin_expect"
                | "likely"
                | "unlikely"
                | "LIKELY"
                | "UNLIKELY"
                | "G_LIKELY"
                | "G_UNLIKELY"
                | "__builtin_expect_with_probability"
        );
        if !known {
            return None;
        }
        tree.named_children(tree.child(node, "arguments")?).next()
    }

    /// `a && b && c` leans left; its operands are found in a loop.
    fn short_circuit(&mut self, node: NodeId, is_and: bool, then: BlockId, otherwise: BlockId) {
        let tree = self.tree;
        let signs = if is_and { ["&&", "and"] } else { ["||", "or"] };
        let mut parts = Vec::new();
        let mut at = node;
        while tree.kind(at) == "binary_expression" && signs.iter().any(|sign| tree.has_token(at, sign)) {
            let (Some(left), Some(right)) = (tree.child(at, "left"), tree.child(at, "right")) else { break };
            parts.push(right);
            at = left;
        }
        parts.push(at);
        let last = parts.remove(0);
        for part in parts.into_iter().rev() {
            let next = self.current.build.block();
            if is_and {
                self.condition(part, next, otherwise);
            } else {
                self.condition(part, then, next);
            }
            self.current.build.start(next);
        }
        self.condition(last, then, otherwise);
    }

    fn equality(&mut self, node: NodeId, then: BlockId, otherwise: BlockId, written: Written) {
        let tree = self.tree;
        let span = self.span(node);
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else {
            self.current.build.goto(otherwise);
            return;
        };
        let (left_pointer, right_pointer) = (self.is_pointer(left), self.is_pointer(right));
        let value = |body: &mut Self, node: NodeId, other_is_pointer: bool| match body.is_zero(node) {
            true if other_is_pointer || tree.kind(body.without_parentheses(node)) != "number_literal" => {
                Operand::Const(Const::Null)
            }
            _ => body.expression(node),
        };
        let first = value(self, left, right_pointer);
        let second = value(self, right, left_pointer);
        let cond = match (first, second) {
            (value, Operand::Const(Const::Null)) | (Operand::Const(Const::Null), value) => Cond::IsNull(value),
            (value, other) => Cond::Equals(value, other),
        };
        self.current.build.branch_written(cond, then, otherwise, span, written);
    }

    /// A condition where its value is wanted: one path for each outcome.
    pub(super) fn truth(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        if !self.current.build.is_live() {
            return OTHER;
        }
        let (then, otherwise, join) = self.three_blocks();
        self.condition(node, then, otherwise);
        let result = self.temp(span);
        for (block, outcome) in [(then, true), (otherwise, false)] {
            self.current.build.start(block);
            self.current.build.copy(result, Operand::Const(Const::Bool(outcome)), span);
            self.current.build.goto(join);
        }
        self.current.build.start(join);
        Operand::Local(result)
    }
}
