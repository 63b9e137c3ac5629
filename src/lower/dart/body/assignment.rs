//! Assignments, increments and cascades.

use super::Body;
use super::chain::Head;
use crate::ir::{Base, BlockId, Cond, Const, Name, Operand, Place, Projection};
use crate::lower::target::Target;
use crate::parse::NodeId;
use crate::source::Span;

const OPERATORS: [&str; 14] = ["=", "+=", "-=", "*=", "/=", "%=", "~/=", "<<=", ">>=", ">>>=", "&=", "^=", "|=", "??="];

impl Body<'_, '_> {
    pub(super) fn assignment(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let (value, exit) = self.open_assignment(node);
        self.close_chain(value, exit, span)
    }

    /// The value assigned, and where a `?.` leads that finds nothing to assign to.
    pub(super) fn open_assignment(&mut self, node: NodeId) -> (Operand, Option<BlockId>) {
        let tree = self.tree;
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else {
            return (Operand::Const(Const::Other), None);
        };
        let operator = tree.child(node, "operator").map_or("=", |operator| tree.kind(operator));
        let span = self.span(node);
        let mut exit = None;
        let target = self.target(left, None, &mut exit);
        (self.assign(target, operator, right, span), exit)
    }

    /// What an assignable expression names; for a cascade section, seen from its receiver.
    pub(super) fn target(&mut self, node: NodeId, receiver: Option<Operand>, exit: &mut Option<BlockId>) -> Target {
        let (base, links) = self.links(node);
        let head = match (receiver, base) {
            (Some(receiver), _) => Head::Value(receiver),
            (None, Some(base)) => self.head(base),
            (None, None) => Head::Value(Operand::Const(Const::Other)),
        };
        let Some((last, before)) = links.split_last() else {
            return match head {
                Head::Free(name, _) => Target::Place(Place { base: Base::Name(name), path: Default::default() }),
                head => {
                    let span = self.span(node);
                    let value = self.value_of(head);
                    Target::Local(self.current.build.as_local(value, span))
                }
            };
        };
        let head = self.follow(head, before, exit);
        match self.place(head, last, exit) {
            Some(place) => Target::Place(place),
            None => {
                let span = self.span(node);
                Target::Local(self.temp(span))
            }
        }
    }

    fn assign(&mut self, target: Target, operator: &str, right: NodeId, span: Span) -> Operand {
        let target = self.settled_target(target, right);
        match operator.strip_suffix('=') {
            None | Some("") => {
                let value = self.expression(right);
                self.current.write(target, value, span)
            }
            Some("??") => self.assign_if_null(target, right, span),
            Some(operator) => {
                let value = self.current.read(&target, span);
                let value = self.settled(value, &[right]);
                let other = self.expression(right);
                let result = self.operate(Name::new(operator), value, other, span);
                self.current.write(target, result, span)
            }
        }
    }

    fn assign_if_null(&mut self, target: Target, right: NodeId, span: Span) -> Operand {
        let value = self.current.read(&target, span);
        let (is_null, is_value, join) = self.three_blocks();
        self.current.build.branch(Cond::IsNull(value.clone()), is_null, is_value, span);
        let result = match target {
            Target::Local(local) => local,
            Target::Place(_) => self.temp(span),
        };
        let is_place = matches!(target, Target::Place(_));
        self.current.build.start(is_value);
        if is_place {
            self.current.build.copy(result, value, span);
        }
        self.current.build.goto(join);
        self.current.build.start(is_null);
        let fallback = self.expression(right);
        let written = self.current.write(target, fallback, span);
        if is_place {
            self.current.build.copy(result, written, span);
        }
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

    pub(super) fn postfix(&mut self, node: NodeId) -> Operand {
        match self.tree.child_of_kind(node, "increment_operator") {
            Some(step) => self.increment(node, step, false),
            None => self.only_operand(node),
        }
    }

    /// `++x`, `x++`
    pub(super) fn increment(&mut self, node: NodeId, step: NodeId, prefix: bool) -> Operand {
        let span = self.span(node);
        let (value, exit) = self.open_increment(node, step, prefix);
        self.close_chain(value, exit, span)
    }

    /// See [`Self::open_assignment`].
    pub(super) fn open_increment(&mut self, node: NodeId, step: NodeId, prefix: bool) -> (Operand, Option<BlockId>) {
        let Some(&left) = self.operands(node).first() else { return (Operand::Const(Const::Other), None) };
        let span = self.span(node);
        let operator = if self.tree.text(step) == "--" { "-" } else { "+" };
        let mut exit = None;
        let target = self.target(left, None, &mut exit);
        let mut old = self.current.read(&target, span);
        if !prefix && matches!(target, Target::Local(_)) {
            old = Operand::Local(self.current.build.copy_of(old, span));
        }
        let new = self.operate(Name::new(operator), old.clone(), Operand::Const(Const::Int(1)), span);
        let written = self.current.write(target, new, span);
        (if prefix { written } else { old }, exit)
    }

    /// `a..b = 1..c()`: the value is the receiver.
    pub(super) fn cascade(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let operands = self.operands(node);
        let Some((&receiver, sections)) = operands.split_first() else { return Operand::Const(Const::Other) };
        let value = self.expression(receiver);
        let value = self.settled(value, sections);
        let receiver_span = self.span(receiver);
        let end = self.current.build.block();
        for &section in sections {
            if tree.has_token(section, "?..") {
                let next = self.current.build.block();
                self.current.build.branch(Cond::IsNull(value.clone()), end, next, receiver_span);
                self.current.build.start(next);
            }
            self.cascade_section(section, value.clone());
        }
        self.current.build.continue_in(end);
        value
    }

    fn cascade_section(&mut self, section: NodeId, receiver: Operand) {
        let tree = self.tree;
        let operands = self.operands(section);
        let span = self.span(section);
        let operator = tree.children(section).map(|child| tree.kind(child)).find(|kind| OPERATORS.contains(kind));
        let mut exit = None;
        match (operands.as_slice(), operator) {
            ([target, right, ..], Some(operator)) => {
                let target = self.target(*target, Some(receiver), &mut exit);
                self.assign(target, operator, *right, span);
            }
            ([selector, ..], _) => {
                let (_, links) = self.links(*selector);
                self.follow(Head::Value(receiver), &links, &mut exit);
            }
            ([], _) => {}
        }
        self.drop_chain(exit);
    }
}
