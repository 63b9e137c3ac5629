//! Assignments and increments.

use super::Body;
use super::chain::Head;
use crate::ir::{Base, BlockId, Cond, Const, Name, Operand, Projection};
use crate::lower::target::Target;
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    pub(super) fn assignment(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else {
            return Self::other();
        };
        let span = self.span(node);
        if matches!(tree.kind(left), "object_pattern" | "array_pattern") {
            let value = self.expression(right);
            self.unpack(left, value.clone(), None);
            return value;
        }
        let mut exit = None;
        let target = self.target(left, &mut exit);
        let target = self.settled_target(target, right);
        let operator = tree.child(node, "operator").map_or("=", |operator| tree.kind(operator));
        let value = match operator.strip_suffix('=') {
            None | Some("") => {
                let value = self.expression(right);
                self.current.write(target, value, span)
            }
            Some(operator @ ("??" | "||" | "&&")) => self.assign_perhaps(target, operator, right, span),
            Some(operator) => {
                let value = self.current.read(&target, span);
                let value = self.settled(value, &[right]);
                let other = self.expression(right);
                let result = self.operate(Name::new(operator), value, other, span);
                self.current.write(target, result, span)
            }
        };
        self.drop_chain(exit);
        value
    }

    /// What an assignable expression names.
    pub(super) fn target(&mut self, mut node: NodeId, exit: &mut Option<BlockId>) -> Target {
        let tree = self.tree;
        while matches!(
            tree.kind(node),
            "parenthesized_expression" | "non_null_expression" | "as_expression" | "satisfies_expression"
        ) {
            let Some(inner) = tree.named_children(node).next() else { break };
            node = inner;
        }
        let span = self.span(node);
        match tree.kind(node) {
            "member_expression" | "subscript_expression" => match self.place(node, exit) {
                Some(place) => Target::Place(place),
                None => Target::Local(self.temp(span)),
            },
            _ => match self.follow(node, exit) {
                Head::Free(name, span) => Target::Place(self.free(name, span)),
                head => {
                    let value = self.value_of(head);
                    Target::Local(self.current.build.as_local(value, span))
                }
            },
        }
    }

    /// `a ??= b`, `a ||= b`, `a &&= b`
    fn assign_perhaps(&mut self, target: Target, operator: &str, right: NodeId, span: Span) -> Operand {
        let value = self.current.read(&target, span);
        let (assigns, keeps, join) = self.three_blocks();
        let result = self.temp(span);
        let (cond, then, otherwise) = match operator {
            "??" => (Cond::IsNull(value.clone()), assigns, keeps),
            "&&" => (Cond::IsTrue(value.clone()), assigns, keeps),
            _ => (Cond::IsTrue(value.clone()), keeps, assigns),
        };
        self.current.build.branch(cond, then, otherwise, span);
        self.current.build.start(keeps);
        self.current.build.copy(result, value, span);
        self.current.build.goto(join);
        self.current.build.start(assigns);
        let fallback = self.expression(right);
        let written = self.current.write(target, fallback, span);
        self.current.build.copy(result, written, span);
        self.current.build.continue_in(join);
        Operand::Local(result)
    }

    /// `a[i] = i++`: what the target is made of was read before the right side.
    fn settled_target(&mut self, target: Target, right: NodeId) -> Target {
        let Target::Place(mut place) = target else { return target };
        if let Base::Local(base) = place.base {
            let span = self.span(right);
            let base = self.settled(Operand::Local(base), &[right]);
            place.base = Base::Local(self.current.build.as_local(base, span));
        }
        for step in &mut place.path {
            if let Projection::Index(index) = step {
                **index = self.settled((**index).clone(), &[right]);
            }
        }
        Target::Place(place)
    }

    /// `++x`, `x++`
    pub(super) fn increment(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let Some(argument) = tree.child(node, "argument") else { return Self::other() };
        let span = self.span(node);
        let operator = if tree.has_token(node, "--") { "-" } else { "+" };
        let is_prefix = tree.children(node).next().is_some_and(|first| !tree.is_named(first));
        let mut exit = None;
        let target = self.target(argument, &mut exit);
        let mut old = self.current.read(&target, span);
        if !is_prefix && matches!(target, Target::Local(_)) {
            old = Operand::Local(self.current.build.copy_of(old, span));
        }
        let new = self.operate(Name::new(operator), old.clone(), Operand::Const(Const::Int(1)), span);
        let written = self.current.write(target, new, span);
        self.drop_chain(exit);
        if is_prefix { written } else { old }
    }
}
