//! How blocks end.

use serde::{Deserialize, Serialize};

use super::{BlockId, Operand, TypeRef};
use crate::target::TargetSet;

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Terminator {
    /// On to another block.
    Goto(BlockId),
    /// Two ways.
    Branch {
        /// What decides.
        cond: Cond,
        /// When it holds.
        then: BlockId,
        /// When it does not.
        otherwise: BlockId,
        /// How the text at [`Block::end_span`](super::Block::end_span) relates to the condition.
        written: Written,
    },
    /// Leaves the function with a result.
    Return(Option<Operand>),
    /// An explicit throw. Goes to the block's handler.
    Throw(Option<Operand>),
    /// Throws the exception in flight again: the end of a `finally` entered by one, `rethrow`, no `on` clause fits.
    /// Goes to the block's handler with the grade the exception had.
    Resume,
    /// Cannot be reached.
    Unreachable,
}

/// How a branch's source text relates to its [`Cond`]: what one may tell a person of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Written {
    /// It is the condition.
    AsIs,
    /// It is the opposite of the condition: `!=`, `is!`.
    Negated,
    /// It is no condition but implies one: `?.`, a loop over a collection, a pattern.
    Implied,
}

/// What a branch depends on. Negation swaps the edges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cond {
    /// A boolean.
    IsTrue(Operand),
    /// Is the value the language's null (not `nullptr`, which is a value to compare with)?
    IsNull(Operand),
    /// Are the two equal (`==`)?
    Equals(Operand, Operand),
    /// Is the value of that type?
    Is(Operand, TypeRef),
    /// Does the build or run target one of these?
    Target(TargetSet),
    /// Anything else: loops over collections, patterns.
    Opaque,
}
