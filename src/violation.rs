//! What the analysis found, as typed facts. The words are made in [`rules`](crate::rules).

mod trace;

use crate::config::Certainty;
use crate::ir::Name;
use crate::language::Language;
use crate::link::FuncRef;
use crate::source::Location;
use crate::summary::FamilyId;
use crate::target::TargetSet;

pub use trace::{Step, StepKind, Unseen};

/// One fact worth telling a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// What is wrong.
    pub kind: ViolationKind,
    /// The function it is in.
    pub function: FuncRef,
    /// Where the person must act.
    pub at: Location,
    /// How it came to that, in order of time.
    pub trace: Vec<Step>,
    /// The targets on which it holds.
    pub targets: TargetSet,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Violation {
    /// Every place that it tells.
    pub fn places(&mut self, tell: &mut dyn FnMut(&mut Location)) {
        tell(&mut self.at);
        self.trace.iter_mut().for_each(|step| tell(&mut step.location));
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess by name.
    Low,
    /// One end rests on a convention or a model of lower standing.
    Medium,
    /// Both ends are resolved: a body was seen or a documented model says so.
    High,
}

impl From<Certainty> for Confidence {
    fn from(least: Certainty) -> Self {
        match least {
            Certainty::Low => Self::Low,
            Certainty::Medium => Self::Medium,
            Certainty::High => Self::High,
        }
    }
}

/// The memory (or other resource) a violation is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its family.
    pub family: FamilyId,
    /// The call that allocated it or gave it, as written: `calloc`, `HeapAlloc`, `toNativeUtf8`.
    pub origin: Name,
    /// The call that allocated it; another than `origin` where a function of the program hands it out.
    pub made_by: Name,
    /// The variable or field that holds it, where one does.
    pub held_by: Option<Name>,
    /// The member that releases it, where an object of the program has it.
    pub release: Option<Name>,
}

/// The kinds of violation.
#[derive(Clone, Debug, PartialEq)]
pub enum ViolationKind {
    /// Released by the release of another family.
    Mismatched {
        /// The memory.
        subject: Subject,
        /// The release, as written: `malloc.free`.
        release: Name,
        /// The call that leads to it, where it is not the release itself.
        through: Option<Name>,
        /// The family it releases.
        released_as: FamilyId,
        /// The memory is a cell, and what lies in it is what the release is for.
        is_cell: bool,
    },
    /// An object of a type that only native code makes is released by the release of another family.
    MismatchedType {
        /// The type.
        ty: Name,
        /// The native function that releases them.
        right: Name,
        /// The release, as written.
        release: Name,
        /// The family it releases.
        released_as: FamilyId,
    },
    /// Never released, on no path.
    Leaked {
        /// The memory.
        subject: Subject,
    },
    /// A setter puts new memory where that of the call before is.
    Replaced {
        /// The memory.
        subject: Subject,
        /// The field or variable.
        owner: Name,
        /// The setter.
        setter: Name,
    },
    /// A setter puts a new object where that of the call before is, and such objects own memory.
    ReplacedObject {
        /// The memory.
        subject: Subject,
        /// The class of the objects.
        class: Name,
        /// The field or variable.
        owner: Name,
        /// The setter.
        setter: Name,
        /// The method that ends an object.
        dispose: Name,
    },
    /// The block that held it was released or lost, and nothing else leads to it.
    LeakedField {
        /// The memory.
        subject: Subject,
        /// The field that held it; an element's step is `[]`.
        field: Name,
        /// The variable that held the block.
        container: Option<Name>,
        /// The release of the block, as written; nothing where it is lost as well.
        release: Option<Name>,
    },
    /// A field of a class receives it, and nothing in the program releases what the field leads to.
    Unreleased {
        /// The memory.
        subject: Subject,
        /// The field.
        field: Name,
        /// Its class.
        class: Name,
        /// The method that should release it.
        dispose: Option<Name>,
    },
    /// A class inherits a field that owns it, and overrides the method that releases it without calling that.
    Overridden {
        /// The memory.
        subject: Subject,
        /// The field.
        field: Name,
        /// The class.
        class: Name,
        /// The class that the field is of.
        base: Name,
        /// The method.
        dispose: Name,
    },
    /// The only variable or field that led to it was written over.
    Overwritten {
        /// The memory.
        subject: Subject,
        /// The variable or field.
        owner: Name,
    },
    /// Handed straight to a call that only borrows it; nobody can release it any more.
    LeakedTemporary {
        /// The memory.
        subject: Subject,
        /// The call.
        passed_to: Name,
    },
    /// Released or handed over on one path and not on another.
    LeakedOnPath {
        /// The memory.
        subject: Subject,
        /// How the bad path ends.
        exit: Exit,
        /// Another path releases it; else another path only hands it over.
        released: bool,
    },
    /// Not released when something throws.
    LeakedOnThrow {
        /// The memory.
        subject: Subject,
        /// What throws.
        thrower: Thrower,
        /// Another path releases it; else others only hand it over.
        released: bool,
    },
    /// An arena that is made by hand is not ended.
    UnreleasedArena {
        /// The arena.
        subject: Subject,
        /// Which paths do not end it.
        missing: Missing,
    },
    /// A handle or a reference is not closed.
    UnclosedHandle {
        /// The handle.
        subject: Subject,
        /// Which paths do not close it.
        missing: Missing,
    },
    /// An arena's memory is used after the arena.
    EscapedArena {
        /// The memory.
        subject: Subject,
        /// How it gets out of the arena.
        leaving: Leaving,
    },
    /// Released although already released.
    ReleasedTwice {
        /// An arena or a finalizer does the other release, later.
        managed: bool,
        /// The memory.
        subject: Option<Subject>,
        /// The second release, as written.
        release: Name,
    },
    /// Given to a finalizer although an arena or a finalizer will release it already.
    RegisteredTwice {
        /// The memory.
        subject: Option<Subject>,
        /// The call that registers it, as written.
        registration: Name,
    },
    /// Used although released.
    UsedAfterRelease {
        /// The memory.
        subject: Option<Subject>,
        /// What is done with it.
        usage: Usage,
    },
    /// Released although code that was started before, and goes on later, needs it.
    ReleasedEarly {
        /// The variable that holds the memory.
        held: Option<Name>,
        /// What it is of.
        family: FamilyId,
        /// The release, as written.
        release: Name,
        /// The call that started the code, as written.
        needed_by: Name,
    },
    /// Used although a call ended what it was borrowed for.
    UsedAfterEnd {
        /// The call that lent it, as written.
        origin: Name,
        /// The call that ended it, as written.
        by: Name,
        /// What is done with it.
        usage: Usage,
    },
    /// Released by a pointer that does not lead to its start.
    ReleasedInside {
        /// The call that allocated it, as written.
        origin: Name,
        /// The release, as written.
        release: Name,
        /// The pointer lies behind the start for certain.
        certain: bool,
    },
    /// A pointer that a finalizer may release while it is used: nothing keeps the object alive that the finalizer hangs on.
    Unkept {
        /// The class of that object.
        class: Name,
        /// The class of the object that it was read from.
        between: Option<Name>,
        /// Where the pointer was found: the fields on the way to it.
        pointer: Name,
        /// The call that gets the pointer.
        call: Name,
    },
    /// A finalizer hangs on a pointer, which is no object that anything keeps alive.
    AttachedToPointer {
        /// The pointer, as it is called.
        pointer: Option<Name>,
        /// The call that attaches it.
        call: Name,
    },
    /// A number of elements where bytes are wanted, or the reverse.
    Miscounted {
        /// The call that allocates, as written.
        call: Name,
        /// The type of the elements.
        element: Name,
        /// What is wrong.
        wrong: Miscount,
    },
    /// An element is reached that lies behind the end of its block, or before its start.
    OutOfBounds {
        /// The call that allocated the block, as written.
        call: Name,
        /// Which.
        beyond: Beyond,
    },
    /// A block that is too small for the text that is to be in it.
    ShortText {
        /// The call that allocates, as written.
        call: Name,
        /// The type of its elements, where it was asked for by the length of a string; none where there is no room for
        /// the terminator alone.
        element: Option<Name>,
    },
    /// Released by the name of another allocator that is the same call underneath.
    MixedNames {
        /// The memory.
        subject: Subject,
        /// The allocator that gave it.
        allocator: Name,
        /// The release, as written.
        release: Name,
    },
    /// Points to what is gone when its scope ends.
    Dangling {
        /// The variable, or the temporary's making call, as written.
        of: Name,
        /// It is a temporary value.
        temporary: bool,
        /// What is done with the pointer.
        usage: Usage,
        /// Native code passed it to a callback that runs after the native call has returned.
        handed: bool,
    },
    /// Released although native code keeps the pointer.
    ReleasedRetained {
        /// The memory.
        subject: Option<Subject>,
        /// The call that keeps it, as written.
        keeper: Name,
        /// The release, as written.
        release: Name,
        /// It is Dart that keeps it, and native code that releases it.
        by_dart: bool,
    },
    /// An exported function returns memory that its caller must release, and on another path memory that it must not
    /// release, or must release otherwise.
    Inconsistent {
        /// The memory that must be released.
        subject: Subject,
        /// The function, by its symbol.
        function: Name,
        /// What the other path returns.
        other: Given,
    },
    /// What is said of a function's result is not what its body returns.
    Contradicted {
        /// The function, by its symbol.
        function: Name,
        /// Who says it.
        saying: Saying,
        /// It says that the caller must release it.
        must_release: bool,
        /// What the body returns.
        given: Given,
    },
    /// An exported function hands out memory that nothing on either side releases.
    NoReleaseExported {
        /// The memory.
        subject: Subject,
        /// The function, by its symbol.
        function: Name,
    },
    /// Released by a call that needs its length and does not get it.
    ReleasedWithoutLength {
        /// The memory.
        subject: Subject,
        /// The exported function that releases it, as written where it is called.
        release: Name,
        /// The release in it.
        by: Name,
    },
    /// A binding gives a symbol another native type than its definition has.
    Misbound {
        /// The symbol; for a layout the struct as the binding names it.
        symbol: Name,
        /// The definition's language.
        language: Option<Language>,
        /// In what they differ.
        disagreement: Disagreement,
    },
    /// Released although somebody else owns it.
    ReleasedBorrowed {
        /// The call that gave the pointer, as written.
        origin: Name,
        /// Why it is not the caller's.
        owner: Owner,
        /// The release, as written.
        release: Name,
    },
}

/// In what a binding and its definition differ.
#[derive(Clone, Debug, PartialEq)]
pub enum Disagreement {
    /// How many parameters there are.
    Arity {
        /// In the binding.
        bound: usize,
        /// In the definition.
        defined: usize,
    },
    /// The type of a parameter or of the result.
    Value {
        /// Which.
        slot: Slot,
        /// The binding's type.
        bound: Name,
        /// The definition's type.
        defined: Name,
        /// What of it does not fit.
        differing: Differing,
    },
    /// Which arguments are variadic: those after so many parameters, where there are any.
    Variadic {
        /// In the binding.
        bound: Option<usize>,
        /// In the definition.
        defined: Option<usize>,
    },
    /// How a callback is called that the symbol takes.
    Callback {
        /// The symbol's parameter, from 0.
        param: usize,
        /// In what what Dart gives differs from what native code calls.
        differs: Box<Disagreement>,
    },
    /// Where the fields of a struct lie.
    Layout {
        /// The struct, as the definition names it.
        defined: Name,
        /// What does not fit.
        misfit: LayoutMisfit,
        /// On targets of 32 bits only.
        is_narrow: bool,
    },
}

/// What of two types does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differing {
    /// What they are, or how wide.
    Kind,
    /// How wide they are, on targets of 32 bits only.
    NarrowWidth,
    /// Their signs: what one reads as negative is a large number for the other.
    Sign {
        /// The binding's is signed.
        bound_is_signed: bool,
    },
}

/// A place in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A parameter, from 0.
    Param(usize),
    /// The result.
    Result,
}

/// In what two layouts differ.
#[derive(Clone, Debug, PartialEq)]
pub enum LayoutMisfit {
    /// A field is signed in one and not in the other.
    Sign {
        /// The binding's field.
        bound: Name,
        /// The binding's field is signed.
        bound_is_signed: bool,
    },
    /// A field has another width, kind or place.
    Field {
        /// The binding's field.
        bound: Name,
        /// The definition's field that lies there, if one does.
        defined: Option<Name>,
    },
    /// One is larger than the other.
    Size {
        /// The binding's bytes.
        bound: u64,
        /// The definition's bytes.
        defined: u64,
    },
}

/// How something lies beyond its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// A constant index.
    Index {
        /// Which.
        index: i64,
        /// How many elements there are.
        room: i64,
    },
    /// A view of that many elements.
    View {
        /// How many.
        count: i64,
        /// How many there are.
        room: i64,
    },
    /// A view of so many elements more than there are.
    LongerView {
        /// How many.
        more: i64,
    },
    /// The index is the number of elements.
    Count {
        /// How much more it is.
        more: i64,
    },
    /// A loop's last round has the number of elements as its index.
    LastRound {
        /// How much more it is.
        more: i64,
    },
    /// A loop's last round has a constant index.
    LastIndex {
        /// Which.
        index: i64,
        /// How many elements there are.
        room: i64,
    },
}

/// What is wrong with the size of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miscount {
    /// That many bytes are less than one element.
    TooFewBytes {
        /// How many.
        bytes: i64,
        /// Only on targets where the element is wider than elsewhere.
        somewhere: bool,
    },
    /// That many bytes are no whole number of elements.
    PartOfElement {
        /// How many.
        bytes: i64,
    },
    /// The length of a string or a list of wider elements where bytes are wanted.
    LengthAsBytes,
    /// Elements are counted where bytes are wanted.
    ElementsAsBytes,
    /// Bytes are counted where elements are wanted.
    BytesAsElements,
}

/// Whose memory is that a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The caller's, to be released as memory of that family.
    Owned(FamilyId),
    /// Nobody's.
    Static,
    /// Somebody else's.
    Borrowed,
}

/// Who says something of a function beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saying {
    /// An attribute of its declaration, or its documentation in fixed words.
    Declaration,
    /// A model.
    Model,
}

/// Where a release is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// Everywhere.
    Everywhere,
    /// On a path that ends so, while others have it.
    OnPath(Exit),
    /// When this throws.
    OnThrow(Thrower),
}

/// How memory gets out of its arena.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaving {
    /// Returned from the code that the arena is open for.
    Returned,
    /// Captured by a closure that is returned.
    ReturnedClosure,
    /// Stored in a variable or field that lives on.
    Kept(Name),
    /// Captured by a closure that this call runs after the arena's end.
    Captured(Name),
    /// Captured by the lazy result of this call.
    Lazy(Name),
    /// Used by asynchronous code that nothing waits for.
    Unawaited,
}

/// How a path leaves a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `return`
    Return,
    /// Off the end.
    End,
    /// The loop goes round again.
    NextRound,
}

/// What throws.
#[derive(Clone, Debug, PartialEq)]
pub enum Thrower {
    /// A `throw` in this function.
    Throw,
    /// A callee that is known to throw.
    Callee(Name),
    /// `await`
    Await,
}

/// What is done with released memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Usage {
    /// Read through.
    Read,
    /// Written through.
    Write,
    /// Given to a call.
    Pass(Name),
    /// Read or written through by a member of what holds it, or by a function that is given that.
    Within(Name),
    /// Returned to the caller.
    Return,
    /// Left where the caller finds it: in that field or out-parameter.
    Leave(Name),
}

/// Who owns borrowed memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Owner {
    /// The library that gave it.
    Library,
    /// The library that gave it, as far as names or documentation tell.
    Supposed,
    /// It is static: nobody releases it, ever.
    Static,
    /// The object that the named value is.
    Value(Name),
    /// The function whose variable it is.
    Variable(Name),
    /// The callee that took it, as written.
    Taker(Name),
    /// The arena that will release it.
    Arena,
    /// The finalizer that will release it.
    Finalizer,
    /// It is no memory: the address of a function.
    Function,
}
