//! Abstract values: what a local can hold on one path.

use crate::ir::Name;
use crate::link::{ClassRef, FuncRef};
use crate::models::{ModelId, VariableId};
use crate::summary::{FamilyId, StatusKind};
use crate::target::TargetSet;

/// A value nothing is known of but its identity: equal symbols are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Symbol(pub(super) u64);

impl Symbol {
    /// The symbol that `parts` stand for: the same parts give the same symbol.
    pub(super) fn of(parts: impl std::hash::Hash) -> Self {
        use std::hash::Hasher;
        let mut hasher = rustc_hash::FxHasher::default();
        parts.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// The view on the memory that the value leads to, of which no more is known than of the value.
    pub(super) fn view(self) -> Self {
        Self::of((self, "view"))
    }
}

/// An abstract object: what one site made, the newest of it or the ones from earlier rounds of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId {
    /// Its origin, by its place in the analysis's list.
    pub(super) origin: u32,
    /// From an earlier round of a loop.
    pub(super) older: bool,
}

/// Where in an object's memory a pointer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Offset {
    /// To its start: what a release takes.
    Start,
    /// Behind its start.
    Inside,
    /// Behind its start, unless it was moved on by nothing.
    Perhaps,
    /// Nobody knows where.
    Somewhere,
}

/// What a local holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// Something.
    Symbol(Symbol),
    /// The language's null.
    Null,
    /// The null pointer.
    NullPointer,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Str(Name),
    /// A pointer to an object.
    Pointer(ObjectId, Offset),
    /// A view on an object's memory, at the field path so far (`a.b`, empty at its start).
    View(ObjectId, Name),
    /// The integer address of an object.
    Address(ObjectId),
    /// One of the elements that an object's memory holds; nobody knows which. The key is that of [`Path::elements`].
    ///
    /// [`Path::elements`]: super::path::Path::elements
    Element(ObjectId, Name),
    /// An allocator that allocates memory of that family, and the variable it is.
    Allocator(FamilyId, VariableId),
    /// A pointer to the function that releases memory of that family.
    Releaser(FamilyId),
    /// An arena.
    Scope(ObjectId),
    /// A closure, by its place in the analysis's list.
    Closure(u32),
    /// A function of the program.
    Function(FuncRef),
    /// The constructor that a class has without declaring one.
    Constructor(ClassRef),
    /// A modelled function, and the value it was torn off.
    Model(ModelId, Option<Box<Value>>),
    /// A native function.
    Native(Option<Name>),
    /// A native function that the analysed function was given.
    Callback,
    /// A function that can be called as long as an object is there: one of a library, what leads to a callback.
    Lent(Box<Value>, ObjectId),
    /// True on these targets.
    TargetTest(TargetSet),
    /// The status of a call.
    Status(Symbol, StatusKind),
    /// True when the status is a success (or a failure).
    StatusTest(Symbol, bool),
}

impl Value {
    /// The object whose memory the value leads to.
    pub(super) fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Pointer(object, _) | Self::View(object, _) | Self::Address(object) | Self::Scope(object) => {
                Some(*object)
            }
            _ => None,
        }
    }

    /// The function that it is, whoever lends it.
    pub(super) fn function(&self) -> &Self {
        match self {
            Self::Lent(function, _) => function,
            value => value,
        }
    }

    /// Whether it is a function, or the address of one.
    pub(super) fn is_function(&self) -> bool {
        matches!(self.function(), Self::Releaser(_) | Self::Native(_) | Self::Function(_) | Self::Closure(_))
    }

    /// The object without which the value is nothing.
    pub(super) fn needs(&self) -> Option<ObjectId> {
        match self {
            Self::Lent(_, lender) => Some(*lender),
            value => value.object(),
        }
    }

    /// Whether ownership hangs on it: paths that differ in such a value are kept apart.
    pub(super) fn matters(&self) -> bool {
        !matches!(
            self,
            Self::Symbol(_)
                | Self::Null
                | Self::NullPointer
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Str(_)
                | Self::Status(..)
                | Self::StatusTest(..)
        )
    }

    /// Whether it is some null.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::NullPointer)
    }
}
