//! The ownership IR: what every frontend lowers to, and all that later stages see of a program.
//!
//! Plain data. One [`Unit`] a file; functions are control-flow graphs of three-address operations.
//! A frontend resolves nothing beyond the file's own local variables: a free name stays a [`Name`], a member stays
//! a member of an operand, and the [`link`](crate::link) stage finds out what they are. Frontends know no allocator.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::language::Language;
use crate::source::{FileId, Span};
use crate::target::TargetSet;

pub mod bodies;
mod body;
pub mod build;
mod call;
mod control;
mod empty;
mod name;
pub mod print;
mod recent;
pub mod stated;
mod types;
mod visit;

pub use body::{Body, Kept};
pub use call::{Arg, Call, Callee};
pub use control::{Cond, Terminator, Written};
pub use name::Name;
pub use types::{Spelling, TypeRef};
pub use visit::{visit_operands, written};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into its list.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// A function of a [`Unit`], by its place in [`Unit::functions`].
    FunctionId
);
index!(
    /// A class of a [`Unit`], by its place in [`Unit::classes`].
    ClassId
);
index!(
    /// A local of a [`Function`], by its place in [`Body::locals`].
    LocalId
);
index!(
    /// A block of a [`Function`], by its place in [`Body::blocks`].
    BlockId
);

/// Everything one file contributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The file it came from.
    pub file: FileId,
    /// The language it is written in.
    pub language: Language,
    /// `library`, `import`, `export`, `part` and `part of`.
    pub directives: Directives,
    /// Functions, members, initializers and closures, in source order.
    pub functions: Vec<Function>,
    /// Classes, mixins, enums, extensions and extension types.
    pub classes: Vec<Class>,
    /// Variables outside classes.
    pub variables: Vec<Variable>,
    /// `typedef X = …`.
    pub aliases: Vec<TypeAlias>,
    /// A member is only meant where it is said whose it is (`this.member`): a bare name means no member.
    pub qualifies_members: bool,
    /// Layouts of the structs declared for native use.
    pub layouts: Vec<StructLayout>,
    /// Declarations that name a native symbol.
    pub bindings: Vec<Binding>,
    /// Definitions that native code or Dart can look up by symbol.
    pub exports: Vec<Export>,
    /// Comments that carry directives for tools (`// ignore:`, `// ffilint:`), whole and in order.
    pub comments: Vec<Comment>,
    /// Whether the header says that a generator wrote the file.
    pub generated: bool,
    /// Syntax errors: what could not be parsed. Functions that overlap one carry [`Incomplete::SyntaxError`].
    pub errors: Vec<Span>,
    /// What was parsed but not understood: macros that are not written out, assembler.
    pub opaque: Vec<Span>,
}

impl Unit {
    /// Whether some code of the file was not understood: what it does to the file's classes nobody knows.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        !self.errors.is_empty() || self.functions.iter().any(|function| function.incomplete.is_some())
    }

    /// Whether nothing that was declared here was understood, since all of it is broken.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        !self.errors.is_empty()
            && self.functions.iter().all(|function| function.incomplete.is_some())
            && self.classes.is_empty()
            && self.variables.is_empty()
            && self.bindings.is_empty()
            && self.aliases.is_empty()
            && self.layouts.is_empty()
    }
}

impl Unit {
    /// The function of an id.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }

    /// The function that a closure is written in, outside of closures; for another function itself.
    #[must_use]
    pub fn outermost(&self, id: FunctionId) -> FunctionId {
        let mut at = id;
        for _ in 0..self.functions.len() {
            match self.functions.get(at.index()).and_then(|function| function.parent) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }
}

/// How a file joins libraries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Directives {
    /// `library a.b;`
    pub library: Option<Name>,
    /// `part of 'uri';` or `part of a.b;`
    pub part_of: Option<PartOf>,
    /// `part 'uri';`
    pub parts: Vec<Name>,
    /// `import …;`
    pub imports: Vec<Import>,
    /// `export …;`
    pub exports: Vec<Import>,
    /// Names by which a file gives what it declares to others (`default`), and what they are in it.
    pub gives: Vec<(Name, Name)>,
}

/// What a part belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PartOf {
    /// By the URI of the library's file.
    Uri(Name),
    /// By the library's name.
    Library(Name),
}

/// One `import` or `export`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// The URI, of several that for programs with native code (`if (dart.library.ffi) 'other.dart'`).
    pub uri: Name,
    /// `if (condition) 'other.dart'`: the other URIs, where the condition may hold beside native code.
    pub conditional: Vec<Name>,
    /// `as prefix`.
    pub prefix: Option<Name>,
    /// `show a, b`; empty means everything.
    pub show: Vec<Name>,
    /// `hide a, b`.
    pub hide: Vec<Name>,
    /// `{ a as b }` of TypeScript: what it is called here, and there. Beside what `show` names.
    pub renames: Vec<(Name, Name)>,
}

/// A class, mixin, enum, extension or extension type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// The name; empty for an unnamed extension.
    pub name: Name,
    /// Which kind of declaration.
    pub kind: ClassKind,
    /// Names of its type parameters.
    pub type_params: Vec<Name>,
    /// `extends`; for an extension its `on` type, for an extension type its representation type.
    pub supertype: Option<TypeRef>,
    /// `implements`, and a mixin's `on` types.
    pub implements: Vec<TypeRef>,
    /// `with`.
    pub mixins: Vec<TypeRef>,
    /// `abstract`, `sealed` or `interface`.
    pub is_abstract: bool,
    /// Fields, static ones included. An extension type's representation field is the first.
    pub fields: Vec<Variable>,
    /// Methods, accessors, operators and constructors.
    pub members: Vec<FunctionId>,
    /// The whole declaration, bytes of the file.
    pub span: Span,
    /// The name alone, bytes of the file.
    pub name_span: Span,
}

/// The kinds of [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClassKind {
    /// `class`; in native languages a struct, class or union
    Class,
    /// `mixin` (a `mixin class` is a [`ClassKind::Class`]); in Rust a trait
    Mixin,
    /// `enum`
    Enum,
    /// `extension … on …`; in Rust an `impl` whose type is declared elsewhere
    Extension,
    /// `extension type`
    ExtensionType,
}

/// A field or a variable outside functions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub name: Name,
    /// The declared type.
    pub ty: Option<TypeRef>,
    /// `static`; true for variables outside classes.
    pub is_static: bool,
    /// `final` or `const`.
    pub is_final: bool,
    /// `late`.
    pub is_late: bool,
    /// `const`.
    pub is_const: bool,
    /// A function that computes and returns the initial value.
    pub initializer: Option<FunctionId>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// The name, bytes of the file.
    pub span: Span,
}

/// `@Name<T>(args)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// The name, prefix dropped.
    pub name: Name,
    /// Type arguments.
    pub type_args: Vec<TypeRef>,
    /// Arguments that are constants, in order; named ones carry their name.
    pub args: Vec<(Option<Name>, Const)>,
}

/// `typedef name<params> = target`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypeAlias {
    /// The new name.
    pub name: Name,
    /// Its type parameters.
    pub type_params: Vec<Name>,
    /// What it stands for.
    pub target: TypeRef,
}

/// The native layout of a struct or union as its declaration gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StructLayout {
    /// The class that declares it.
    pub class: ClassId,
    /// A union instead of a struct.
    pub is_union: bool,
    /// `@Packed(n)`.
    pub packed: Option<u32>,
    /// Fields in order: name and native type (the annotation's, else the declared one).
    pub fields: Vec<(Name, TypeRef)>,
    /// The fields do not tell the whole layout: bit fields, alignments, fields under conditions.
    pub is_partial: bool,
}

/// A declaration that names a native symbol directly (`@Native`, `@FfiNative`, an entry of a table of TypeScript, a C
/// prototype, Rust's `extern "C"` block).
///
/// Bindings made by calls (`lookupFunction`, `asFunction`) are found by the link stage from what the calls are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The bound function of this unit.
    pub function: FunctionId,
    /// The symbol.
    pub symbol: Name,
    /// The asset or library, where the declaration names one.
    pub library: Option<Name>,
    /// The native signature, as a function type.
    pub signature: Option<TypeRef>,
    /// `isLeaf: true`.
    pub is_leaf: bool,
}

/// A definition under a symbol that another language can look up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// The defining function of this unit.
    pub function: FunctionId,
    /// The symbol.
    pub symbol: Name,
    /// Where the definition is compiled.
    pub targets: TargetSet,
    /// It is marked as an export (`no_mangle`, an export macro), not only visible like every function of C.
    pub is_marked: bool,
}

/// A comment kept because a tool may be addressed by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// The text from the comment sign on.
    pub text: Name,
    /// Bytes of the file.
    pub span: Span,
    /// Nothing but white space before it on its line.
    pub alone: bool,
}

/// One function, member, initializer or closure.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The simple name; a closure's is empty; a constructor's is the part after the dot, empty for the unnamed one.
    pub name: Name,
    /// The name people know: `Class.member`, `Class.Class`, `Class.named`, `Class.x=`, `Class.operator []=`;
    /// a closure carries its member's.
    pub qualified: Name,
    /// Which kind of function.
    pub kind: FunctionKind,
    /// The class it is a member of.
    pub class: Option<ClassId>,
    /// The function a closure is written in.
    pub parent: Option<FunctionId>,
    /// `static`, top-level, or a factory: there is no `this`.
    pub is_static: bool,
    /// `external` or without a body.
    pub is_external: bool,
    /// Only its own file can name it (C's `static`, unnamed namespaces).
    pub is_local: bool,
    /// Takes more arguments than it has parameters (`...`).
    pub is_variadic: bool,
    /// Where it is compiled.
    pub targets: TargetSet,
    /// Synchronous, asynchronous or a generator.
    pub flavor: Flavor,
    /// Names of its type parameters.
    pub type_params: Vec<Name>,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// The declared result type.
    pub result: Option<TypeRef>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// What it does: its locals, captures and blocks, which are read as if they stood here.
    pub body: Kept,
    /// Where the function begins, bytes of the file. All spans inside count from here.
    pub base: u32,
    /// The whole declaration, bytes of the file.
    pub span: Span,
    /// The name (the first token where there is none), bytes of the file.
    pub name_span: Span,
    /// Why the body was not lowered in full. Such a function gives no findings.
    pub incomplete: Option<Incomplete>,
}

/// The kinds of [`Function`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionKind {
    /// A function or method.
    Function,
    /// `get x`
    Getter,
    /// `set x`
    Setter,
    /// A generative constructor; its initializer list is the start of its body.
    Constructor,
    /// A factory constructor.
    Factory,
    /// Runs when an object's life ends: C++'s `~T`, Rust's `drop` of an `impl Drop`. The name is `~`.
    Destructor,
    /// `operator +`; the name is the operator.
    Operator,
    /// A function expression or local function.
    Closure,
    /// The initial value of a field or variable; returns it.
    Initializer,
}

/// How a function runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flavor {
    /// Runs to its end when called.
    #[default]
    Sync,
    /// `async`: the caller gets a future.
    Async,
    /// `sync*`: the caller gets a lazy iterable.
    SyncStar,
    /// `async*`: the caller gets a stream.
    AsyncStar,
}

/// Why a function could not be lowered in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Incomplete {
    /// It overlaps a syntax error.
    SyntaxError,
    /// Nested deeper than the limit.
    TooDeep,
    /// More blocks than the limit.
    TooLarge,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its local.
    pub local: LocalId,
    /// The name by which it is passed when `named`.
    pub name: Name,
    /// Passed by name.
    pub named: bool,
    /// Must be passed.
    pub required: bool,
    /// `this.x` or `super.x`: what the value initialises.
    pub initializes: Option<Initializes>,
    /// The default, where it is a constant or a name.
    pub default: Option<DefaultValue>,
}

/// What a parameter is when nothing is passed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// A constant.
    Const(Const),
    /// The value of a free name (`Allocator allocator = malloc`).
    Name(Name),
}

/// What an initializing formal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initializes {
    /// `this.x`; the store is also written out at the start of the body.
    Field,
    /// `super.x`; the argument is also written out in the super call.
    Super,
}

/// A local of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Local {
    /// The name; empty for a temporary.
    pub name: Name,
    /// What it is.
    pub kind: LocalKind,
    /// The declared type.
    pub ty: Option<TypeRef>,
    /// `final`: assigned once.
    pub is_final: bool,
    /// Where it is declared, counted from [`Function::base`].
    pub span: Span,
}

/// The kinds of [`Local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocalKind {
    /// `this`
    This,
    /// A parameter.
    Param,
    /// A declared variable.
    Variable,
    /// A variable of an enclosing function, shared with it.
    Captured,
    /// The value of a subexpression; assigned once, or once per branch of a conditional expression.
    Temporary,
}

/// A captured variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The parent's local.
    pub outer: LocalId,
    /// This function's local.
    pub inner: LocalId,
}

/// A straight run of operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The operations.
    pub ops: Vec<Statement>,
    /// How it ends.
    pub end: Terminator,
    /// Where the block's last operation or condition ends in the source, counted from [`Function::base`].
    pub end_span: Span,
    /// Where an exception thrown by any operation in it goes; `None` leaves the function.
    pub handler: Option<BlockId>,
}

/// An operation with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The operation.
    pub op: Op,
    /// The expression it stands for, counted from [`Function::base`].
    pub span: Span,
}

/// A value that costs nothing to name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// A local.
    Local(LocalId),
    /// A constant.
    Const(Const),
    /// The size of a type in bytes.
    SizeOf(TypeRef),
    /// The length of a local's value, in its own units.
    Length(LocalId),
    /// Arithmetic on operands that are constants, sizes, lengths or locals.
    Arith(Box<Arith>),
}

/// Arithmetic on two operands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arith {
    /// What is done.
    pub op: ArithOp,
    /// With the left and the right one.
    pub sides: [Operand; 2],
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Const {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string without interpolation, its quotes and escapes resolved.
    Str(Name),
    /// A constant whose value does not matter.
    Other,
}

/// Arithmetic in an [`Operand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArithOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `|`
    Or,
    /// `&`
    And,
    /// `<<`
    Shl,
}

/// What is read or written by [`Op::Load`] and [`Op::Store`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Where it starts.
    pub base: Base,
    /// The steps from there. Frontends emit at most one for source languages with views (Dart), more for native ones:
    /// `p->a.b` and `x.a.b` are two steps from the address that the base holds, `p->a->b` is two operations.
    pub path: SmallVec<[Projection; 1]>,
}

/// The root of a [`Place`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Base {
    /// The value of a local.
    Local(LocalId),
    /// A free name: a member of the class, a variable, a class, an import prefix, a function. Link resolves it.
    Name(Name),
    /// A member of the superclass: `super.x` (the name is in the path).
    Super,
    /// A name written with its type: `Foo<int>.x`, `.x` with the context type unknown (`None`).
    Type(Option<TypeRef>),
}

/// A step of a [`Place`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Projection {
    /// A named member: a field, a getter, a setter, a struct field.
    Field(Name),
    /// The memory a pointer leads to, in languages that spell it (`*p`).
    Pointee,
    /// An element.
    Index(Box<Operand>),
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// A call of anything.
    Call(Box<Call>),
    /// `to = from`.
    Copy {
        /// The local written.
        to: LocalId,
        /// The value.
        from: Operand,
        /// How it is copied.
        kind: CopyKind,
    },
    /// `to = from` through a place: member, element, free name.
    Load {
        /// The local written.
        to: LocalId,
        /// What is read.
        from: Place,
        /// `a?.b`, `a?[b]`: reached only when the receiver is not null; the frontend has branched already.
        null_aware: bool,
    },
    /// `to = value` through a place.
    Store {
        /// What is written.
        to: Box<Place>,
        /// The value.
        value: Operand,
    },
    /// An operator of two operands that is no plain arithmetic of the frontend's knowing. `==` gives a boolean.
    Binary {
        /// The local written.
        to: LocalId,
        /// The operator as written.
        op: Name,
        /// Left operand.
        left: Operand,
        /// Right operand.
        right: Operand,
    },
    /// A new list, set, map or record.
    Aggregate {
        /// The local written.
        to: LocalId,
        /// Which kind.
        kind: AggregateKind,
        /// The elements; record fields carry their name or `$1`, map entries appear as key then value.
        /// A long table of constants may leave the constants out.
        items: Vec<(Option<Name>, Operand)>,
    },
    /// One more element for an aggregate in the making (collection-if, collection-for, spreads).
    Insert {
        /// The aggregate.
        into: LocalId,
        /// The element, or what is spread.
        value: Operand,
        /// `...value`
        spread: bool,
    },
    /// A closure value.
    Closure {
        /// The local written.
        to: LocalId,
        /// Its body; what it captures stands there.
        body: FunctionId,
    },
    /// A value is used without going anywhere: a condition, an interpolation, an operand of arithmetic.
    Use {
        /// The value.
        value: Operand,
        /// What is done with it.
        kind: UseKind,
    },
    /// The exception in flight, at the start of a handler.
    Catch {
        /// The local that receives it.
        to: LocalId,
    },
    /// The next element of what a `for`-in, a pattern or a destructuring takes apart.
    Element {
        /// The local written.
        to: LocalId,
        /// The collection, record or object.
        of: Operand,
        /// The field name or `$1` of a record or object pattern.
        name: Option<Name>,
    },
    /// `await`, `yield`: other code runs.
    Suspend {
        /// Receives the awaited value.
        to: Option<LocalId>,
        /// What is awaited or yielded.
        value: Operand,
        /// Which of the two.
        kind: SuspendKind,
    },
    /// The local's scope ends: destructors run, unless its value was moved out.
    ScopeEnd(LocalId),
    /// `to` becomes the address of fresh memory for a variable of this function that lives until it returns. Frontends
    /// write out so the variables whose address counts: taken (`&x`), arrays, structs. They are read and written as
    /// places below the local.
    Stack {
        /// The local that holds the address from here on.
        to: LocalId,
        /// The variable's type.
        ty: Option<TypeRef>,
        /// Nothing but its address is ever known: where that goes on, no copy of the variable does.
        by_address: bool,
    },
    /// `to = &of`: the address of a place, nothing is read.
    Address {
        /// The local written.
        to: LocalId,
        /// The place.
        of: Place,
    },
}

/// How [`Op::Copy`] copies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CopyKind {
    /// The same value.
    Same,
    /// The source gives it up (Rust, C++ `std::move`).
    Move,
    /// `as T`, a C cast.
    Cast(TypeRef),
    /// `x!`: from here on it is not null.
    NonNull,
    /// An address inside the block the source points to.
    Interior,
}

/// What [`Op::Aggregate`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregateKind {
    /// `[…]`
    List,
    /// `{…}`
    Set,
    /// `{k: v}`
    Map,
    /// `(a, b: c)`
    Record,
}

/// What [`Op::Use`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UseKind {
    /// The value is looked at.
    Read,
    /// The value is written through.
    Write,
    /// The value is handed on.
    Pass,
    /// The value goes where the frontend cannot follow: a macro, assembler.
    Escape,
}

/// Why [`Op::Suspend`] suspends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SuspendKind {
    /// `await`; may throw.
    Await,
    /// `yield`, `yield*`
    Yield,
}
