//! The serde mirror of a model file. An unknown key is an error with file and line.
//!
//! The words are those of the whole tool: owned, borrowed, static, release, take, hold, escape, targets.
//! `rules/README.md` describes the schema for people; a test holds the two together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::hints::Hint;
use crate::language::Language;
use crate::summary::{Basis, RunTimes, StatusKind, Throws};

/// A model file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// The version of this schema; 1.
    pub schema: u32,
    /// What the file is about. Absent in `families.toml`.
    pub pack: Option<Pack>,
    /// Allocator families.
    #[serde(default)]
    pub family: Vec<Spanned<Family>>,
    /// Rules by which a library names its functions.
    #[serde(default)]
    pub naming: Vec<Spanned<Naming>>,
    /// What compilers that make native libraries do with all that these hand out.
    #[serde(default)]
    pub toolchain: Vec<Spanned<Toolchain>>,
    /// Families that are one and the same somewhere.
    #[serde(default)]
    pub equivalence: Vec<Spanned<Equivalence>>,
    /// Named constants of the API.
    #[serde(default)]
    pub constants: BTreeMap<String, i64>,
    /// What names hint at.
    #[serde(default)]
    pub hints: BTreeMap<Hint, Vec<String>>,
    /// Classes of the API.
    #[serde(default, rename = "type")]
    pub types: Vec<Spanned<TypeModel>>,
    /// Variables outside classes.
    #[serde(default)]
    pub variable: Vec<Spanned<VariableModel>>,
    /// Functions, members and native symbols.
    #[serde(default)]
    pub function: Vec<Spanned<FunctionModel>>,
}

/// The entries that a configuration may hold, to describe them.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its fields are asked for")]
pub(crate) struct Entries {
    /// A model: the pack that the entries are in.
    pack: Option<Pack>,
    /// Models: allocator families.
    family: Option<Vec<Family>>,
    /// Models: families that are one.
    equivalence: Option<Vec<Equivalence>>,
    /// Models: numbers by name.
    constants: Option<BTreeMap<String, i64>>,
    /// Models: classes.
    r#type: Option<Vec<TypeModel>>,
    /// Models: variables.
    variable: Option<Vec<VariableModel>>,
    /// Models: functions.
    function: Option<Vec<FunctionModel>>,
}

/// `[pack]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The name of the pack: `dart-ffi`.
    pub id: String,
    /// Dart: the URIs that bring the names in (`dart:ffi`; a trailing `/` takes all libraries of a package:
    /// `package:ffi/`). Absent for packs of native symbols.
    #[serde(default)]
    pub uris: Vec<String>,
    /// The package whose version the entries' `versions` speak of.
    pub package: Option<String>,
    /// The version that is assumed where the project names none.
    pub default_version: Option<String>,
    /// Packs whose Dart names these URIs export as well.
    #[serde(default)]
    pub exports: Vec<String>,
    /// Packs whose types the texts of this file name (`Pointer<Utf8>` in a pack that does not declare `Pointer`).
    #[serde(default)]
    pub imports: Vec<String>,
    /// Versions in which a function that this pack does not list wraps the native symbol of its name, or of its name
    /// and a `W`, argument by argument (`*` for all versions). Such a name gets the symbol's facts.
    pub symbol_wrappers: Option<String>,
    /// Where the project contains the package, other packages of it see these entries, not the declarations they speak
    /// of: for code whose bodies end in native functions that say less.
    #[serde(default)]
    pub supersedes: bool,
    /// Names by which a copy of the package under another name is known: a library that declares them all is one, and
    /// treated as the package itself.
    #[serde(default)]
    pub copies_declare: Vec<String>,
    /// Where the functions exist; the default of their own `targets`.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The native library of the symbols: `sqlite3`. For people.
    pub library: Option<String>,
    /// Where the facts were read.
    pub sources: Vec<String>,
}

/// `[[family]]`
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Unique name: `dart.malloc`.
    pub name: String,
    /// How messages call such memory: ``package:ffi `malloc` ``.
    pub title: String,
    /// What kind of resource.
    pub kind: FamilyKind,
    /// The calls that release it, as people write them, the usual one first.
    pub release_with: Vec<String>,
    /// What its release does with null.
    #[serde(default)]
    pub null: NullRelease,
    /// Releasing it again does nothing.
    #[serde(default)]
    pub idempotent: bool,
    /// Releasing what is not of the family, or is released already, does nothing.
    #[serde(default)]
    pub lenient: bool,
    /// Values that stand for "none".
    #[serde(default)]
    pub invalid: Vec<i64>,
    /// An arena can allocate such memory instead.
    #[serde(default)]
    pub arena: bool,
    /// Each library may have an allocator of its own by that name, and can alone release what it made.
    #[serde(default)]
    pub per_library: bool,
    /// That it is not released is no mistake by itself: programs keep it as long as they run, or there is often nothing
    /// in it.
    #[serde(default)]
    pub kept: bool,
    /// Native code may call it until it is closed, and what it may call leads to no owner.
    #[serde(default)]
    pub callback: bool,
    /// There are no more than so many at a time: one that is not closed is missing elsewhere.
    pub slots: Option<u32>,
    /// How such memory comes about where no call makes it that a program writes: `returned as a struct`.
    pub made: Option<String>,
    /// Only code in that language can release it, and people say how by a construct of the language.
    #[serde(default)]
    pub language: Option<Language>,
    /// The values that own such memory are copied with it wherever they are passed or assigned.
    #[serde(default)]
    pub copied: bool,
    /// What it is concluded from that there is such memory, where nothing states it: a finding about it is of medium
    /// confidence at most, and says so.
    pub concluded: Option<String>,
    /// Where this was read.
    pub source: String,
}

/// `[[naming]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// What the names of functions and types begin with: `git_`.
    pub prefix: String,
    /// The argument that is filled with what a function makes.
    pub out: u16,
    /// The release of a type, `{}` standing for its name: `{}_free`.
    pub release: String,
    /// How the functions tell success: as in a function's `status`.
    pub status: Option<StatusKind>,
    /// Where this was read.
    pub source: String,
}

/// `[[toolchain]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// The types that the bindings of a library declare which was made by it.
    pub declares: Vec<String>,
    /// What pointers lead to that its functions make, as a native type's name.
    pub gives: String,
    /// The known function that releases them.
    pub release: String,
    /// How it is told to people: "cgo hands out C strings …".
    pub because: String,
    /// Where this was read.
    pub source: String,
}

/// What kind of resource a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FamilyKind {
    /// A block of memory.
    Memory,
    /// A handle.
    Handle,
    /// A reference count.
    Refcount,
    /// What a struct holds; the struct itself stays its owner's.
    Contents,
    /// A release that takes a second argument.
    Pair,
    /// An arena: releases what was allocated in it.
    Scope,
}

/// What a release does with null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NullRelease {
    /// Nothing.
    #[default]
    Noop,
    /// Throws.
    Throws,
    /// Must not be.
    Invalid,
}

/// `[[equivalence]]`
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Equivalence {
    /// The families.
    pub families: Vec<String>,
    /// Where they are one; absent means everywhere.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The package on whose version it depends.
    pub package: Option<String>,
    /// The versions: `>=2.0.0`.
    pub versions: Option<String>,
    /// The version that is assumed where the project names none.
    pub default_version: Option<String>,
    /// The same thing, or merely working.
    #[serde(default)]
    pub level: EquivalenceLevel,
    /// Where this was read.
    pub source: String,
}

/// How much the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EquivalenceLevel {
    /// Documented: no finding at all.
    #[default]
    Same,
    /// Works today, undocumented: no error.
    Tolerated,
}

/// `[[type]]`: a Dart class of the API; exactly one of `name` and `names`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TypeModel {
    /// The name.
    pub name: Option<String>,
    /// Several classes with the same facts.
    #[serde(default)]
    pub names: Vec<String>,
    /// Names of its type parameters.
    #[serde(default)]
    pub params: Vec<String>,
    /// Supertypes, with arguments: `Pointer<NativeType>`.
    #[serde(default)]
    pub supertypes: Vec<String>,
    /// For an extension: the type it extends.
    pub on: Option<String>,
    /// Package versions that have it.
    pub versions: Option<String>,
    /// An object of this class allocates memory of that family (an [`FamilyKind::Scope`] family for arenas).
    pub allocator: Option<String>,
    /// An object of this class is nothing but an address (an extension type over a pointer, a handle).
    #[serde(default)]
    pub pointer: bool,
    /// An object of this class is a view on native memory (a struct, a union).
    #[serde(default)]
    pub view: bool,
    /// Only native code knows what an object of this class is, and makes it (`Opaque`).
    #[serde(default)]
    pub opaque: bool,
    /// An exception that only a mistake in the program causes: what it skips is not held against the program.
    #[serde(default)]
    pub mistake: bool,
    /// A class that extends this one is a test double: it stands in for what it implements.
    #[serde(default)]
    pub test_double: bool,
    /// A variable whose type is the class or one that extends it keeps its object alive to the end of its scope.
    #[serde(default)]
    pub keeps_alive: bool,
    /// A method that no entry describes calls a native function of which nothing is known.
    #[serde(default)]
    pub native: bool,
    /// An object of this class stands for a native function: a pointer to it is a callback.
    #[serde(default)]
    pub function: bool,
    /// A native type that only marks a width: the Dart type that reading one from memory gives (`int` for `Int32`).
    /// Where a result type turns out to be such a class, this type is meant.
    pub reads_as: Option<String>,
    /// How much is in an object of this class never changes.
    #[serde(default)]
    pub fixed: bool,
    /// The size in bytes of a native type; of an element of a typed list.
    pub size: Option<u32>,
    /// The size on the target where it is largest, where that differs: then `size` is the smallest.
    pub size_at_most: Option<u32>,
}

/// `[[variable]]`: a Dart variable outside classes, or a static one (`Class.name`).
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VariableModel {
    /// The name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Package versions that have it.
    pub versions: Option<String>,
    /// Its value, where that matters.
    pub value: Option<ResultModel>,
}

/// `[[function]]`: exactly one of `name`, `names`, `symbol` and `symbols`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FunctionModel {
    /// Dart: `function`, `Class.member`, `Class.new` (the unnamed constructor), `Class.named`, `Class.operator +`.
    pub name: Option<String>,
    /// Dart: several with the same facts.
    #[serde(default)]
    pub names: Vec<String>,
    /// Native: the exported symbol.
    pub symbol: Option<String>,
    /// Native: several with the same facts.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// Which kind of member.
    #[serde(default)]
    pub kind: MemberKind,
    /// Dart: the native symbol that this wrapper calls argument by argument. An entry that gives no `result`, `effects`
    /// and `status` of its own has the symbol's.
    pub wraps: Option<String>,
    /// Package versions.
    pub versions: Option<String>,
    /// Targets; absent means the pack's, or all.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Dart: names of type parameters.
    #[serde(default)]
    pub type_params: Vec<String>,
    /// Dart: parameters by name: `x` positional, `[x]` optional positional, `{x}` named; native: names, for messages.
    #[serde(default)]
    pub params: Vec<String>,
    /// Dart: the result's type, over the type parameters of function and class.
    pub returns: Option<String>,
    /// What the result is.
    pub result: Option<ResultModel>,
    /// Alternatives of `result` by argument, first match wins, `result` else.
    #[serde(default)]
    pub results: Vec<ConditionalResult>,
    /// How the result tells success; then `outcome = "success"` effects hold on success only. An entry has effects with an
    /// `outcome` or with a `when`, not both.
    pub status: Option<StatusKind>,
    /// What happens to arguments. An argument not named is borrowed for the call.
    #[serde(default)]
    pub effects: Vec<EffectModel>,
    /// Closure arguments that are run.
    #[serde(default)]
    pub runs: Vec<RunModel>,
    /// The argument at this path is a number of bytes: the size of the block that the call gives.
    pub bytes: Option<String>,
    /// The argument at this path is a number of elements: of the block that the call gives, or of what `this` leads to.
    pub elements: Option<String>,
    /// The argument at this path is how many elements the call goes on from `this`.
    pub index: Option<String>,
    /// The result is the size in bytes of the type argument.
    #[serde(default)]
    pub size_of: bool,
    /// The argument at this path says that the native function that the call gives is called as a leaf: no object of Dart
    /// is collected while it runs.
    pub leaf: Option<String>,
    /// What it asks the receiver, changing nothing.
    pub asks: Option<Asks>,
    /// What settles the future that it gives.
    pub settled: Option<SettledModel>,
    /// The arguments (paths) that it goes on to need when it has returned, until the future that it gives is waited for.
    #[serde(default)]
    pub later: Vec<String>,
    /// Whether it throws.
    pub throws: Option<Throws>,
    /// What an argument satisfies whenever it throws.
    pub throws_when: Option<ConditionModel>,
    /// The call ends the process: nothing after it happens, and nothing is left to be released.
    #[serde(default)]
    pub ends_process: bool,
    /// How far these facts can be trusted; the default is `docs-read`.
    pub basis: Option<Basis>,
    /// Where they were read.
    pub source: Option<String>,
    /// Something a reader should know.
    pub note: Option<String>,
}

/// What a member asks an object: asked again, the answer is the same until the object changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// How much is in it.
    Length,
    /// Whether there is nothing in it.
    Empty,
    /// Whether there is anything in it.
    Filled,
    /// Something else of what is in it.
    Contents,
}

/// What settles a future, whatever becomes of anything else.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettledModel {
    /// What does, all of it passed, or nothing is said: it fails where one of them fails. Closures, the future that is
    /// `this`, or the futures in a collection (`arg0[*]`).
    pub by: Vec<String>,
    /// The parameter, by its place, with which those closures make it fail: of one that names it nothing is said.
    pub fails_with: Option<u16>,
    /// The argument with which nothing is said.
    pub unless: Option<String>,
}

/// Which kind of member a Dart function model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A function, method, operator or constructor.
    #[default]
    Function,
    /// A getter.
    Getter,
    /// A setter; its value is `arg0`.
    Setter,
}

/// What a result is: exactly one key beside `nullable` and `until`.
///
/// Paths are written `this`, `result`, `arg0`, `arg:name`, with steps `.*` (pointee), `.field`, `[*]` (elements).
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResultModel {
    /// The caller's, of a family.
    pub owned: Option<String>,
    /// The caller's, of the family of the allocator object at that path (`this`, `arg:allocator`);
    /// with `default` the family where the argument is absent.
    pub owned_by: Option<String>,
    /// See `owned_by`.
    pub default: Option<String>,
    /// Borrowed from the owner at that path, or from `library`, `module`, `process`, `system` or `thread`.
    pub borrowed: Option<String>,
    /// Calls that end the validity of a borrowed result.
    #[serde(default)]
    pub until: Vec<String>,
    /// Nobody's, ever.
    #[serde(default, rename = "static")]
    pub is_static: bool,
    /// The same pointer as that path.
    pub alias: Option<String>,
    /// An address inside that path's block.
    pub interior: Option<String>,
    /// A view on that path's block.
    pub view: Option<String>,
    /// What is stored in that path's block.
    pub pointee: Option<String>,
    /// The integer address of that path.
    pub address: Option<String>,
    /// A native function; its symbol is the constant string at that path.
    pub native_function: Option<String>,
    /// What it was looked up in, and ends with.
    pub of: Option<String>,
    /// The address of a native function that releases memory of that family.
    pub releaser: Option<String>,
    /// A new scope of that family.
    pub scope: Option<String>,
    /// The scope of that family that is open around this code.
    pub ambient: Option<String>,
    /// Always null.
    #[serde(default)]
    pub null: bool,
    /// True on these targets, false elsewhere.
    pub target: Option<Vec<String>>,
    /// Tells whether the status at that path is a success.
    pub succeeded: Option<String>,
    /// Tells whether the status at that path is a failure.
    pub failed: Option<String>,
    /// Tells whether the pointer at that path is null.
    pub is_null: Option<String>,
    /// Tells whether the pointer at that path is not null.
    pub is_not_null: Option<String>,
    /// A constant integer.
    pub constant: Option<i64>,
    /// Not known, or no pointer.
    #[serde(default)]
    pub unknown: bool,
    /// A value that owns memory of that family and releases it when its scope ends.
    pub value: Option<String>,
    /// Whether it may be null.
    #[serde(default)]
    pub nullable: bool,
}

/// A result that depends on an argument.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConditionalResult {
    /// The condition.
    pub when: ConditionModel,
    /// The result under it.
    pub result: ResultModel,
}

/// A condition on an argument: exactly one key beside `arg`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConditionModel {
    /// The argument's path: `arg0`.
    pub arg: String,
    /// Has all bits of the constant (a number or a name from `constants`).
    pub has: Option<ConstantModel>,
    /// Lacks a bit of it.
    pub lacks: Option<ConstantModel>,
    /// Equals it.
    pub equals: Option<ConstantModel>,
    /// Differs from it.
    pub differs: Option<ConstantModel>,
    /// Is null or not passed (true), or is not null (false).
    pub null: Option<bool>,
}

/// A constant by value or name.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum ConstantModel {
    /// By value.
    Value(i64),
    /// By a name from `constants`.
    Name(String),
}

/// What happens to an argument: `on`, exactly one of the effects, and when.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EffectModel {
    /// To what: a path.
    pub on: String,
    /// Releases it as memory of that family.
    pub release: Option<String>,
    /// Releases it as memory of the allocator object at that path.
    pub release_by: Option<String>,
    /// Becomes its owner.
    #[serde(default)]
    pub take: bool,
    /// Keeps the address for good, without owning.
    #[serde(default)]
    pub hold: bool,
    /// Uses it during the call only; to say so outright.
    #[serde(default)]
    pub borrow: bool,
    /// Does not look at what it leads to: the length of a view.
    #[serde(default)]
    pub untouched: bool,
    /// Lets it go where nobody follows.
    #[serde(default)]
    pub escape: bool,
    /// Stores it into that path.
    pub store_into: Option<String>,
    /// Fills the place with this.
    pub fill: Option<ResultModel>,
    /// Will be released by the scope or finalizer at that path.
    pub release_later: Option<String>,
    /// The family of `release_later`, where it is known. Else it is that of the native function at the path.
    pub family: Option<String>,
    /// The object by which a `release_later` can be withdrawn: a path.
    pub key: Option<String>,
    /// Withdraws what releases it later.
    #[serde(default)]
    pub detach: bool,
    /// Releases everything registered with it.
    #[serde(default)]
    pub release_all: bool,
    /// The result is a value that owns it from here on, and releases it as memory of that family when its scope ends.
    pub adopt: Option<String>,
    /// The value that owns it ends: it is released as memory of that family.
    pub drop: Option<String>,
    /// The value that owns it gives it up: whoever holds the address is its owner.
    #[serde(default)]
    pub disown: bool,
    /// On which argument values.
    pub when: Option<ConditionModel>,
    /// On success only, on failure only, or always.
    #[serde(default)]
    pub outcome: OutcomeModel,
}

/// When an effect happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeModel {
    /// Whatever the result.
    #[default]
    Always,
    /// When the status says success (without a status: when the result is not null).
    Success,
    /// When it says failure.
    Failure,
}

/// A closure argument that is run.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunModel {
    /// Its path: `arg0`.
    pub closure: String,
    /// How often and when.
    pub times: RunTimes,
    /// What its parameters receive: `scope:dart.arena`, `element:this`, `value:arg0`, `unknown`.
    #[serde(default)]
    pub gives: Vec<String>,
    /// The call's result is the closure's.
    #[serde(default)]
    pub returned: bool,
    /// A scope of that family is open while it runs, and ends with it.
    pub ambient: Option<String>,
}
