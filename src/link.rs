//! Names → what they are: libraries, scopes, types, callees, and the call graph.
//!
//! Resolution is by declared types, constructor calls and imports, never by spelling alone.

use smallvec::SmallVec;

use crate::ir::{FunctionId, Name, Unit};
use crate::models::{ModelId, PackId, TypeId, VariableId};

/// A function of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncRef {
    /// The unit, by its place in [`Program::units`].
    pub unit: u32,
    /// The function in it.
    pub function: FunctionId,
}

/// A class of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassRef {
    /// The unit.
    pub unit: u32,
    /// The class in it.
    pub class: crate::ir::ClassId,
}

/// A variable of the program: outside classes, or a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarRef {
    /// The unit.
    pub unit: u32,
    /// The class, for a field.
    pub class: Option<crate::ir::ClassId>,
    /// Its place in [`Unit::variables`] or [`Class::fields`](crate::ir::Class::fields).
    pub index: u32,
}

/// The whole project, linked.
#[derive(Debug)]
pub struct Program {
    /// The units, in the order of their files.
    pub units: Vec<Unit>,
    /// What each unit's functions refer to: one entry a function.
    pub resolved: Vec<Vec<Resolved>>,
    /// The call graph's strongly connected components, callees before callers.
    pub components: Vec<Vec<FuncRef>>,
}

/// What a function's names turned out to be.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The type of each local.
    pub types: Vec<Ty>,
    /// For each block, for each operation: what it refers to. [`Target::Unknown`] for operations that refer to nothing.
    pub targets: Vec<Vec<Target>>,
    /// The type of the result, declared or inferred (for an async function what the future holds).
    pub result: Ty,
}

/// What a call, a load, a store or an operator refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Target {
    /// Not known, or nothing to know.
    #[default]
    Unknown,
    /// Functions of the program: the one meant, or all that an overridden member may be.
    Functions(Box<Functions>),
    /// A function whose body is not here but whose facts are.
    Model(ModelId),
    /// A native function.
    Native {
        /// The symbol, where it is a constant.
        symbol: Option<Name>,
        /// Its facts, where there are some.
        model: Option<ModelId>,
    },
    /// The constructor that a class has without writing one.
    DefaultConstructor(ClassRef),
    /// An instance field, read or written (also for an implicit `this`: then the operation's base is a free name).
    Field(VarRef),
    /// A variable outside functions and instances.
    Static(VarRef),
    /// A variable of a pack.
    Variable(VariableId),
    /// A class, an extension or an import prefix: a name without a value of its own.
    Namespace,
    /// A function of the program as a value.
    TearOff(FuncRef),
    /// A modelled function as a value; its receiver is the operation's.
    ModelTearOff(ModelId),
}

/// Functions that a call may reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Functions {
    /// The functions; never empty.
    pub candidates: SmallVec<[FuncRef; 1]>,
    /// Whether there can be no others (a static member, a private or sealed hierarchy seen in full).
    pub complete: bool,
    /// The call passes no receiver, though the callee is an instance member: `this` is meant.
    pub implicit_this: bool,
    /// A model for the same function: the project contains the package that the model describes.
    pub model: Option<ModelId>,
}

/// A type as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Not known, or `dynamic`.
    #[default]
    Unknown,
    /// A class of the program with its arguments.
    Class(ClassRef, Vec<Ty>),
    /// A class of a pack with its arguments.
    Model(TypeId, Vec<Ty>),
    /// `int`, `double`, `num`, `bool`: holds no memory.
    Scalar,
    /// `String`.
    String,
    /// `void`, `Null`, `Never`.
    Void,
    /// A Dart function; its result and its positional parameters.
    Function(Box<Ty>, Vec<Ty>),
    /// A native function: calls of it cross the boundary.
    NativeFunction {
        /// The symbol, where it is a constant.
        symbol: Option<Name>,
        /// What it returns.
        result: Box<Ty>,
    },
    /// A record: fields by name (`$1` …).
    Record(Vec<(Name, Ty)>),
    /// The future, list, iterable, stream or map of SDK libraries: its name and arguments.
    Sdk(Name, Vec<Ty>),
    /// A class's or extension's own name, for static members and constructors.
    ClassName(ClassRef),
    /// The same for a class of a pack.
    ModelName(TypeId),
    /// An import prefix of the unit: its place among the unit's prefixes.
    Prefix(Name),
    /// The names of a pack under a prefix that no unit owns.
    PackPrefix(PackId),
    /// A type parameter.
    Parameter(Name),
    /// A class of a library that is not here and not modelled.
    External(Name),
}
