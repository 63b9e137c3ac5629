//! The steps of a violation's trace: how it came to that.

use super::{Exit, Given, Leaving, Owner, Thrower, Usage};
use crate::ir::Name;
use crate::source::Location;
use crate::summary::FamilyId;

/// A step of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What happened.
    pub kind: StepKind,
    /// Where.
    pub location: Location,
}

/// What happened at a step.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Allocated, or received as owned.
    Allocated {
        /// By which call.
        by: Name,
        /// As which family.
        family: FamilyId,
    },
    /// Received as owned from a function of the program.
    Received {
        /// Which.
        from: Name,
    },
    /// Native code passes it to a Dart function.
    CalledBack {
        /// What it calls, as written.
        by: Name,
    },
    /// An arena is made.
    Opened {
        /// By which call.
        by: Name,
    },
    /// Something is put into an arena, or may be.
    Filled {
        /// By which call.
        by: Name,
    },
    /// Gets out of its arena.
    Left(Leaving),
    /// Received as somebody else's.
    Borrowed {
        /// From which call.
        from: Name,
        /// Whose it is.
        owner: Owner,
    },
    /// What was borrowed ends.
    Ended {
        /// With which call.
        by: Name,
    },
    /// Lent to a call.
    Lent {
        /// Which call.
        to: Name,
        /// Nothing shows that it only borrows: that is an assumption.
        assumed: Option<Unseen>,
    },
    /// Memory is asked for by its size.
    Asked {
        /// By which call.
        by: Name,
    },
    /// Read by a function that was given what holds it.
    Read {
        /// Which.
        by: Name,
    },
    /// Stored in a field of native memory.
    Stored {
        /// The field.
        into: Name,
    },
    /// A branch that opens the path.
    Branched {
        /// Whether its condition held as it is written; the location is the condition.
        holds: bool,
    },
    /// Defined.
    Defined {
        /// Which symbol or struct.
        name: Name,
    },
    /// Released.
    Released {
        /// By which call.
        by: Name,
        /// As which family.
        family: FamilyId,
    },
    /// The block that held it was released.
    Orphaned {
        /// The variable that held the block.
        container: Option<Name>,
        /// The field that held the memory; an element's step is `[]`.
        field: Name,
        /// The release, as written.
        by: Name,
    },
    /// The variable or field that led to it was written over.
    Overwritten {
        /// Which.
        owner: Name,
    },
    /// A method that should release it does not.
    Missed {
        /// Which.
        by: Name,
    },
    /// Another path releases it.
    ReleasedElsewhere {
        /// By which call.
        by: Name,
    },
    /// Registered for a later release.
    Registered {
        /// With what.
        with: Owner,
    },
    /// Native code keeps its address.
    Kept {
        /// Which call, or where it is kept.
        by: Name,
    },
    /// The value it belongs to ended with its scope.
    Dropped {
        /// The variable.
        of: Name,
    },
    /// Somebody became its owner.
    Taken {
        /// Which call.
        by: Name,
    },
    /// A pointer into it was moved on.
    Moved,
    /// A view of it is returned, and nothing that leads to its start.
    Viewed,
    /// The number it was asked for with counts elements: an argument of the call, or the end of a loop.
    Counted {
        /// Which call.
        by: Option<Name>,
    },
    /// Returned to the caller, and whose it is then.
    Given {
        /// Whose.
        given: Given,
    },
    /// A call starts what goes on later.
    Started {
        /// Which.
        by: Name,
    },
    /// Used.
    Used(Usage),
    /// A native call fails.
    Failed {
        /// Which.
        by: Name,
    },
    /// Something throws here.
    Thrown(Thrower),
    /// The path leaves the function here.
    Exited(Exit),
}

/// What is not in sight where something is taken to be lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// The function itself: native, neither linked nor modelled.
    Itself,
    /// A function that it lends it on to.
    Callee,
}
