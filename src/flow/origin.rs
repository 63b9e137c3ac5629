//! Where the objects of the analysis come from.

use super::value::ObjectId;
use crate::ir::{BlockId, LocalId, Name};
use crate::link::VarRef;
use crate::source::Location;
use crate::summary::{Basis, FamilyId};
use crate::target::TargetSet;
use crate::violation::Owner;

/// Where an object comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The call, as written.
    pub(super) by: Name,
    /// The call that allocated it, here or in a callee.
    pub(super) made_by: Name,
    pub(super) location: Location,
    pub(super) basis: Basis,
    pub(super) family: Option<FamilyId>,
    /// For borrowed memory: whose it is.
    pub(super) owner: Owner,
    /// Where the call exists.
    pub(super) targets: TargetSet,
    /// The basis is good enough to hold a leak against the program.
    pub(super) leak_matters: bool,
    /// The origin of the block it came in.
    pub(super) part_of: Option<u32>,
    /// It is not there on every path of the callee, and the caller may know on which.
    pub(super) sometimes: bool,
}

/// What makes an origin: one of the things at a place in a frame, or a field of another object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum OriginKey {
    Site(Site, Role),
    Entry(LocalId),
    Field(ObjectId, Name),
    Static(VarRef),
}

/// Which of the things that one operation makes or meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// What it gives.
    Result,
    /// What an effect puts into memory, by the effect's number.
    Filled(u16),
    /// What a closure that it runs is given, or gives back, by the parameter's or closure's number.
    Passed(u16),
    Returned(u16),
    /// What it runs in place gives.
    Inner,
    /// The arena that is open while a closure runs.
    Ambient,
    /// The cell that stands for the variable behind a C++ reference, by the argument's number.
    Lent(u16),
    /// What such a variable holds afterwards: for certain, or perhaps.
    Written,
    Rewritten,
    /// What is read from memory of which nothing was known.
    Loaded,
    /// What is released and was not known before, and a literal that is.
    Released,
    Literal,
    /// A value of its own that is made of another one.
    Copied,
    /// A struct by value.
    Struct,
    /// An object of a class.
    Instance,
}

/// A place in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Site {
    pub(super) frame: u32,
    pub(super) block: BlockId,
    pub(super) op: u32,
}
