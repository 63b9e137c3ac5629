//! What one function does to its parameters, its result and its fields: the contract a caller relies on.
//!
//! Models are compiled to the same type, so that a call of a body that is here and of one that is not are one thing.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::ir::{Const, Name};
use crate::source::Location;
use crate::target::TargetSet;

/// An allocator family, by its place in the model set's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FamilyId(pub u16);

/// Where in a call something is: a root and up to three steps into memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessPath {
    /// The start.
    pub root: Root,
    /// The steps.
    pub steps: SmallVec<[Step; 2]>,
}

impl AccessPath {
    /// The longest path that is followed.
    pub const MAX_STEPS: usize = 3;

    /// The root itself.
    #[must_use]
    pub fn root(root: Root) -> Self {
        Self { root, steps: SmallVec::new() }
    }
}

/// The start of an [`AccessPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Root {
    /// A positional parameter, from 0.
    Param(u16),
    /// A parameter passed by name.
    Named(Name),
    /// The receiver.
    This,
    /// The result.
    Result,
    /// A variable that outlives the call.
    Static(Name),
}

/// A step of an [`AccessPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// The memory a pointer leads to.
    Pointee,
    /// A named field.
    Field(Name),
    /// Every element.
    Elements,
}

/// Everything a caller needs to know of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Summary {
    /// What can happen; at most [`Summary::MAX_OUTCOMES`]. Never empty, except for a function that never returns or throws.
    pub outcomes: SmallVec<[Outcome; 1]>,
    /// Whether an exception may leave it.
    pub throws: Throws,
    /// What an argument satisfies whenever it throws.
    pub throws_when: Option<Box<ArgumentTest>>,
    /// Closure parameters that it runs, and how.
    pub runs: Vec<ClosureRun>,
    /// Where the facts come from.
    pub basis: Basis,
    /// Where in its body, or in those it calls, the memory it hands out was allocated; for stories only.
    pub made: Vec<Made>,
    /// Where in its body, or in those it calls, it releases or keeps what it is given; for stories only.
    pub ended: Vec<Made>,
    /// Where Dart code reads through what fields lead to that the caller can reach; for stories only.
    pub read: Vec<Made>,
    /// It reads them whenever it is called: nothing decides whether it gets there.
    pub always_reads: bool,
}

/// Where memory that a function hands out was allocated, or where memory that it was given ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Made {
    /// What the caller receives (the result, or something below it or below an argument), or what it passed.
    pub what: AccessPath,
    /// The call that did it, as written there; the variable that keeps it.
    pub by: Name,
    /// That call.
    pub location: Location,
    /// The native functions that handed it on since, inner ones first, and where they were called.
    pub through: Vec<(Name, Location)>,
    /// Where it is known from that this call did it: what a body hands on is known no better.
    pub basis: Basis,
    /// The place is worth showing: generated code only hands on.
    pub shown: bool,
}

impl Made {
    /// Whether two ways to the same place begin alike.
    #[must_use]
    pub fn same_start(&self, other: &Self) -> bool {
        self.what == other.what && self.by == other.by && self.location == other.location
    }
}

impl Summary {
    /// The most outcomes that are kept apart.
    pub const MAX_OUTCOMES: usize = 4;

    /// Whether it is an assumption that what a root leads to is only borrowed.
    #[must_use]
    pub fn assumes(&self, root: &Root) -> bool {
        let mut effects = self.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.any(|effect| effect.on.root == *root && effect.kind == EffectKind::BorrowAssumed)
    }

    /// Whether an effect or a result is about what a root leads to.
    #[must_use]
    pub fn speaks_of(&self, root: &Root) -> bool {
        self.outcomes.iter().any(|outcome| {
            outcome.effects.iter().any(|effect| effect.on.root == *root)
                || outcome.result.ownership.path().is_some_and(|path| path.root == *root)
        })
    }

    /// Whether what the receiver leads to is read, written or looked at.
    #[must_use]
    pub fn uses_pointee(&self) -> bool {
        let receiver = |path: &AccessPath| path.root == Root::This;
        self.outcomes.iter().any(|outcome| {
            let stored = |effect: &Effect| matches!(&effect.kind, EffectKind::StoreInto(into) if receiver(into));
            let read = match &outcome.result.ownership {
                Ownership::Pointee(of) | Ownership::View(of) => receiver(of),
                _ => false,
            };
            read || outcome.effects.iter().any(stored)
        })
    }
}

/// One way a call can end, and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Outcome {
    /// When this is what happens.
    pub guard: Guard,
    /// Where.
    pub targets: TargetSet,
    /// What happens to memory the caller can reach. An argument that no effect names is borrowed.
    pub effects: Vec<Effect>,
    /// What the result is.
    pub result: ResultContract,
}

/// Under which observation of the caller an [`Outcome`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Guard {
    /// Always.
    Always,
    /// The result is null.
    ResultNull,
    /// The result is not null.
    ResultNonNull,
    /// The result equals the constant.
    ResultEquals(Const),
    /// The status that the result stands for is success.
    Success,
    /// … is failure.
    Failure,
    /// The call throws.
    Throws,
    /// An argument satisfies a test.
    Argument(ArgumentTest),
}

/// A test of an argument's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArgumentTest {
    /// Which argument.
    pub arg: AccessPath,
    /// What it must satisfy.
    pub test: ValueTest,
}

/// What a value must satisfy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValueTest {
    /// Has all bits of the constant.
    Has(i64),
    /// Lacks some bit of the constant.
    Lacks(i64),
    /// Equals the constant.
    Equals(i64),
    /// Differs from the constant.
    Differs(i64),
    /// Is null.
    Null,
    /// Is not null.
    NonNull,
}

/// Something done to memory the caller can reach.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Effect {
    /// To what.
    pub on: AccessPath,
    /// What.
    pub kind: EffectKind,
}

/// The kinds of [`Effect`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EffectKind {
    /// Reads or writes it during the call, keeps nothing.
    Borrow,
    /// Does not look at what it leads to.
    Untouched,
    /// Lends it to a native function of which nothing is known: that this only borrows it is an assumption.
    BorrowAssumed,
    /// Releases it as memory of a family.
    Release(FamilyRef),
    /// Releases it on some paths only, in a way the caller cannot observe; as memory of which family, where all of these
    /// agree and nothing that the caller passed decides which paths they are.
    MayRelease(Option<FamilyId>),
    /// Becomes its owner.
    Take,
    /// Keeps the address without owning it; where, as far as that is known.
    Hold(Option<AccessPath>),
    /// Puts it where another path of the caller leads.
    StoreInto(AccessPath),
    /// Fills the place with memory.
    Fill(ResultContract),
    /// Registers that `by` will release it (an arena, a finalizer).
    ReleaseLater {
        /// What releases it.
        by: AccessPath,
        /// As memory of which family; `None` when the registered action is not known.
        family: Option<FamilyRef>,
        /// The object by which it can be withdrawn.
        key: Option<AccessPath>,
    },
    /// Withdraws what releases it later.
    Detach,
    /// Releases everything registered with it.
    ReleaseAll,
    /// The result is a value that owns it from here on, and releases it as memory of that family when its scope ends.
    Adopt(FamilyId),
    /// The value that owns it ends: releases it as memory of the family, unless it was moved out.
    Drop(FamilyId),
    /// The value that owns it gives it up: whoever holds the address is its owner.
    Disown,
    /// Lets it go where the analysis cannot follow.
    Escape,
}

/// What a pointer-like result is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResultContract {
    /// Who must release it.
    pub ownership: Ownership,
    /// Whether it may be null.
    pub nullable: bool,
    /// It is there on some paths of the callee only, and the caller may know on which.
    pub sometimes: bool,
    /// What an argument must satisfy for it to be there.
    pub when: Option<Box<ArgumentTest>>,
}

impl ResultContract {
    /// Nothing is known of the result.
    pub const UNKNOWN: Self = Self { ownership: Ownership::Unknown, nullable: true, sometimes: false, when: None };
}

/// Who must release the memory a value leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ownership {
    /// Not known, or no pointer.
    Unknown,
    /// The caller, by the family's release.
    Owned(FamilyRef),
    /// Another object; valid while that lives.
    Borrowed {
        /// The owner, where it is known.
        from: Option<AccessPath>,
        /// Calls that end its validity before the owner's end.
        until: Vec<Name>,
        /// A part of the owner's value: it ends with the memory that this lies in.
        part: bool,
    },
    /// Nobody, ever.
    Static,
    /// The same pointer as another path.
    Alias(AccessPath),
    /// An address inside the block another path points to.
    Interior(AccessPath),
    /// A view on the memory another path points to (a struct reference, a typed list).
    View(AccessPath),
    /// The value stored in the memory another path points to.
    Pointee(AccessPath),
    /// The integer address of what another path points to.
    Address(AccessPath),
    /// A native function; its symbol where it is known.
    NativeFunction(Option<Name>),
    /// The address of a native function that releases memory of that family (`malloc.nativeFree`).
    Releaser(FamilyId),
    /// A value that owns memory of that family and releases it when its scope ends (Rust's `CString`, a smart pointer).
    Value(FamilyId),
    /// A new arena or scope of that family.
    Scope(FamilyId),
    /// The scope of that family that a caller opened around this code; see [`ClosureRun::ambient`].
    Ambient(FamilyId),
    /// Always null.
    Null,
    /// A number: true on these targets, false elsewhere.
    TargetTest(TargetSet),
    /// A number that says whether the call succeeded.
    Status(StatusKind),
    /// A test of a status: true when it is a success (or a failure).
    StatusTest {
        /// The status.
        of: AccessPath,
        /// True means success.
        success: bool,
    },
    /// A test of a pointer: true when it is null (or when it is not).
    NullTest {
        /// The pointer.
        of: AccessPath,
        /// True means null.
        null: bool,
    },
    /// A constant.
    Constant(Const),
}

impl Ownership {
    /// The path that a result is told by.
    #[must_use]
    pub fn path(&self) -> Option<&AccessPath> {
        match self {
            Self::Alias(path)
            | Self::Interior(path)
            | Self::View(path)
            | Self::Pointee(path)
            | Self::Address(path)
            | Self::Owned(FamilyRef::Allocator(path, _))
            | Self::Borrowed { from: Some(path), .. }
            | Self::StatusTest { of: path, .. }
            | Self::NullTest { of: path, .. } => Some(path),
            _ => None,
        }
    }
}

/// How a result tells success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StatusKind {
    /// 0 is success.
    Zero,
    /// Anything but 0 is success.
    NonZero,
    /// 0 and above is success (HRESULT, libgit2).
    NonNegative,
}

/// Which family memory is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FamilyRef {
    /// A family by name.
    Family(FamilyId),
    /// That of the allocator object a path leads to; the family when nothing was passed.
    Allocator(AccessPath, Option<FamilyId>),
}

/// A closure parameter that the callee runs itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClosureRun {
    /// The parameter.
    pub closure: AccessPath,
    /// How often and when.
    pub times: RunTimes,
    /// What the closure's parameters receive.
    pub gives: Vec<Given>,
    /// The closure's result is the call's.
    pub returned: bool,
    /// A scope of that family is open around it, and ends when it is done.
    pub ambient: Option<FamilyId>,
}

/// How often a closure runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunTimes {
    /// Exactly once before the call returns (or, for a future, before the future completes).
    Once,
    /// Once before the call returns, if what its first parameter receives is there: `Option::map`.
    Maybe,
    /// Any number of times before the call returns.
    Many,
    /// After the call returned, or never.
    Later,
    /// After the code that made the call: a timer, a microtask. Nothing waits for it but what waits for the result.
    Detached,
    /// Whenever the result is walked.
    Lazy,
}

/// What a closure's parameter receives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Given {
    /// A new scope of that family, which ends when the closure is done.
    Scope(FamilyId),
    /// An element of the receiver or of an argument.
    Element(AccessPath),
    /// The value of a path.
    Value(AccessPath),
    /// Something.
    Unknown,
}

/// Whether an exception may leave a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Throws {
    /// Never.
    Never,
    /// Nobody can say.
    Possibly,
    /// It has a way that throws explicitly.
    Known,
    /// It never returns.
    Always,
}

/// How far a fact can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Guessed from a name.
    Guess,
    /// Derived from metadata by rule.
    MetadataDerived,
    /// A convention or policy: a naming rule, an unlinked native function borrows its arguments.
    Convention,
    /// From memory, unverified.
    Recall,
    /// From memory, and a second source agrees.
    RecallChecked,
    /// Stated in machine-readable metadata.
    MetadataExplicit,
    /// Read in the documentation or the source.
    DocsRead,
    /// Concluded from the body.
    Body,
}
