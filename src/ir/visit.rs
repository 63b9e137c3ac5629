//! What an operation reads and writes.

use super::{Callee, LocalId, Op, Operand, Place, Projection};

/// Calls `visit` with every operand an operation reads.
pub fn visit_operands<'a>(op: &'a Op, visit: &mut dyn FnMut(&'a Operand)) {
    match op {
        Op::Call(call) => {
            match &call.callee {
                Callee::Method { receiver: operand, .. } | Callee::Value(operand) => visit(operand),
                Callee::Name(_)
                | Callee::New { .. }
                | Callee::Super(_)
                | Callee::SuperConstructor(_)
                | Callee::ThisConstructor(_)
                | Callee::Shorthand(_) => {}
            }
            call.args.iter().for_each(|arg| visit(&arg.value));
        }
        Op::Copy { from: operand, .. }
        | Op::Use { value: operand, .. }
        | Op::Element { of: operand, .. }
        | Op::Suspend { value: operand, .. }
        | Op::Insert { value: operand, .. } => visit(operand),
        Op::Load { from, .. } => visit_place(from, visit),
        Op::Store { to, value } => {
            visit_place(to, visit);
            visit(value);
        }
        Op::Binary { left, right, .. } => {
            visit(left);
            visit(right);
        }
        Op::Aggregate { items, .. } => items.iter().for_each(|(_, item)| visit(item)),
        Op::Address { of, .. } => visit_place(of, visit),
        Op::Closure { .. } | Op::Catch { .. } | Op::ScopeEnd(_) | Op::Stack { .. } => {}
    }
}

fn visit_place<'a>(place: &'a Place, visit: &mut dyn FnMut(&'a Operand)) {
    for step in &place.path {
        if let Projection::Index(operand) = step {
            visit(operand);
        }
    }
}

impl Op {
    /// The place that an operation reads, writes or takes the address of.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Load { from: place, .. } | Self::Address { of: place, .. } => Some(place),
            Self::Store { to, .. } => Some(to),
            _ => None,
        }
    }
}

/// The local an operation writes.
#[must_use]
pub fn written(op: &Op) -> Option<LocalId> {
    match op {
        Op::Call(call) => Some(call.result),
        Op::Copy { to, .. }
        | Op::Load { to, .. }
        | Op::Binary { to, .. }
        | Op::Aggregate { to, .. }
        | Op::Closure { to, .. }
        | Op::Catch { to }
        | Op::Stack { to, .. }
        | Op::Address { to, .. }
        | Op::Element { to, .. } => Some(*to),
        Op::Suspend { to, .. } => *to,
        Op::Store { .. } | Op::Insert { .. } | Op::Use { .. } | Op::ScopeEnd(_) => None,
    }
}
