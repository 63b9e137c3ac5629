//! What assignments write, in languages whose assignments have a value.

use super::frame::Frame;
use crate::ir::{LocalId, Op, Operand, Place};
use crate::source::Span;

/// What an assignment writes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Local(LocalId),
    Place(Place),
}

impl Frame {
    pub(super) fn read(&mut self, target: &Target, span: Span) -> Operand {
        match target {
            Target::Local(local) => Operand::Local(*local),
            Target::Place(place) => self.build.load(place.clone(), false, span),
        }
    }

    /// Writes; the value of the assignment is the variable itself where there is one, so that a test of it is known
    /// to be about the variable.
    pub(super) fn write(&mut self, target: Target, value: Operand, span: Span) -> Operand {
        match target {
            Target::Local(to) => {
                self.build.copy(to, value, span);
                Operand::Local(to)
            }
            Target::Place(to) => {
                self.build.push(Op::Store { to: Box::new(to), value: value.clone() }, span);
                value
            }
        }
    }
}
