//! What is known of a text: whether it may be any, and which bytes are its encoding.

use super::engine::Engine;
use super::settled::MAX_STEPS;
use super::sizes::length_of;
use crate::ir::{Base, Block, Callee, Cond, LocalId, LocalKind, Op, Operand, Place, Projection, Terminator};
use crate::link::{FuncRef, Target};
use crate::models::hints::Hint;

impl Engine<'_> {
    /// Whether nobody can say what characters a string has: it was given to the function, or kept somewhere.
    pub(super) fn is_any_text(&self, function: FuncRef, text: LocalId, depth: u32) -> bool {
        if depth > MAX_STEPS || self.looks_at_units(function, text) || self.compares_length(function, text) {
            return false;
        }
        let mut writes = self.writes(function, text);
        let kind = self.program.function(function).locals.get(text.index()).map(|local| local.kind);
        match (writes.next(), writes.next()) {
            (None, _) => match kind {
                Some(LocalKind::Captured) => {
                    self.captured(function, text).is_some_and(|(outer, text)| self.is_any_text(outer, text, depth + 1))
                }
                kind => kind == Some(LocalKind::Param),
            },
            (Some(Op::Copy { from: Operand::Local(from), .. }), None) => self.is_any_text(function, *from, depth + 1),
            (Some(load @ Op::Load { from, .. }), None) => self.keeps_text(function, load, from),
            (Some(Op::Element { .. }), None) => true,
            _ => false,
        }
    }

    /// Whether a string is read from a variable, a field or a list that may hold any.
    fn keeps_text(&self, function: FuncRef, load: &Op, from: &Place) -> bool {
        if matches!(from.path.first(), Some(Projection::Index(_))) {
            return true;
        }
        let body = self.program.function(function);
        let targets = &self.program.resolved(function).targets;
        let target = body.blocks.iter().zip(targets).find_map(|(block, targets)| {
            let at = block.ops.iter().position(|statement| std::ptr::eq(&statement.op, load))?;
            targets.get(at)
        });
        let Some(Target::Field(variable) | Target::Static(variable)) = target else { return false };
        let unit = &self.program.units[variable.unit as usize];
        let is_constant = self.program.variable(*variable).initializer.is_some_and(|initial| {
            let constant = |block: &Block| matches!(block.end, Terminator::Return(Some(Operand::Const(_))));
            unit.function(initial).blocks.iter().any(constant)
        });
        !is_constant
    }

    /// Whether the code units of a string are looked at, or it is encoded a byte each: such code knows its text.
    fn looks_at_units(&self, function: FuncRef, text: LocalId) -> bool {
        let is_it = |operand: &Operand| *operand == Operand::Local(text);
        let body = self.program.function(function);
        let mut targets = self.program.resolved(function).targets.iter();
        body.blocks.iter().any(|block| {
            let targets = targets.next().unwrap_or_default();
            block.ops.iter().zip(targets).any(|(statement, target)| match &statement.op {
                Op::Load { from, .. } => match (&from.base, from.path.first()) {
                    (Base::Local(base), Some(Projection::Field(name))) if *base == text => {
                        self.models.hints().says(Hint::CountsUnits, name)
                    }
                    _ => false,
                },
                Op::Call(call) => match (&call.callee, target) {
                    (Callee::Method { receiver, name }, _) if is_it(receiver) => {
                        self.models.hints().says(Hint::CountsUnits, name)
                    }
                    (_, Target::Model(model)) if call.args.iter().any(|arg| is_it(&arg.value)) => {
                        self.models.hints().says(Hint::SingleBytes, &self.models.function(*model).name)
                    }
                    _ => false,
                },
                _ => false,
            })
        })
    }

    /// Whether the length of a string is held against another number: that of its encoding, perhaps.
    fn compares_length(&self, function: FuncRef, text: LocalId) -> bool {
        let body = self.program.function(function);
        let ops = || body.blocks.iter().flat_map(|block| &block.ops).map(|statement| &statement.op);
        let lengths: Vec<LocalId> = ops()
            .filter_map(|op| match op {
                Op::Load { to, from, .. } => length_of(from).filter(|of| *of == text).map(|_| *to),
                _ => None,
            })
            .collect();
        let is_length = |operand: &Operand| matches!(operand, Operand::Local(local) if lengths.contains(local));
        let held = |one: &Operand, other: &Operand| is_length(one) && matches!(other, Operand::Local(_));
        let either = |left: &Operand, right: &Operand| held(left, right) || held(right, left);
        let compared = |op: &Op| {
            matches!(op, Op::Binary { op, left, right, .. }
                if ["==", "!=", "<", "<=", ">", ">="].contains(&op.as_str()) && either(left, right))
        };
        let equal = |block: &Block| matches!(&block.end, Terminator::Branch { cond: Cond::Equals(left, right), .. } if either(left, right));
        ops().any(compared) || body.blocks.iter().any(equal)
    }
}
