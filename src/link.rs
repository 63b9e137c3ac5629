//! Names → what they are: libraries, scopes, types, callees, and the call graph.
//!
//! Resolution is by declared types, constructor calls and imports, never by spelling alone.
//! What cannot be found stays [`Target::Unknown`] and [`Ty::Unknown`].
//!
//! `libraries` joins files, `scope` looks names up, `classes` knows hierarchies and members, `types` computes with
//! types, `resolve` (with `operations`, `calls`, `native` and `promotion`) walks functions, `graph` orders them. `links` lists what names
//! native symbols, `abi` says what crosses the boundary there, `callbacks` finds what native code calls in return.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::ir::{Class, ClassId, Function, FunctionId, Name, Statement, Unit, Variable};
use crate::models::{ModelId, ModelSet, PackId, TypeId, VariableId, Versions};
use crate::summary::Summary;
use crate::target::TargetSet;
use callbacks::Callbacks;
pub use declared::states_contracts;
use exports::Exports;
pub use exports::is_aside;
use graph::CallGraph;
pub use interned::Types;
pub use links::{Calls, Form, Link, Standing};
pub use opaque::TypeRelease;
pub use renewed::Tables;
pub use resolved::{Resolved, Targets};
use stated::Stated;

pub mod abi;
mod allocators;
pub mod callbacks;
mod calls;
mod classes;
mod declared;
mod env;
mod exports;
mod foreign;
mod graph;
mod interned;
mod libraries;
mod links;
mod lists;
mod members;
mod native;
mod opaque;
mod opened;
mod operations;
mod promotion;
mod renewed;
mod resolve;
mod resolved;
mod scalars;
mod scope;
pub mod stated;
mod types;

/// Where a file lies: its project-relative path and its Dart package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContext {
    /// The path, with `/` between its parts.
    pub path: Arc<str>,
    /// The package it belongs to.
    pub package: Option<PackageContext>,
    /// The crate it belongs to, for Rust.
    pub krate: Option<CrateContext>,
    /// It is part of somebody else's library, whose calls are followed a few steps only.
    pub is_vendored: bool,
    /// The platforms it is built for, as far as its path tells.
    pub targets: TargetSet,
    /// The platforms that a Dart file speaks of by its path, its package and the libraries it opens: what is built for
    /// none of them is not what it binds.
    pub speaks_of: TargetSet,
    /// Whether the Android build that it is part of has targets of 32 bits; nothing where no such build is here.
    pub narrow: Option<bool>,
}

impl FileContext {
    /// The platforms its code can run on: a federated plugin's packages say theirs in their names.
    #[must_use]
    pub fn reached(&self) -> TargetSet {
        let name = self.package.as_ref().map_or("", |package| &*package.name);
        let of_package = match name.rsplit_once('_').map(|(_, last)| last) {
            Some("windows" | "win32") => TargetSet::WINDOWS,
            Some("linux") => TargetSet::LINUX,
            Some("android") => TargetSet::ANDROID,
            Some("macos") => TargetSet::MACOS,
            Some("ios") => TargetSet::IOS,
            Some("darwin" | "foundation") => TargetSet::MACOS.or(TargetSet::IOS),
            Some("ohos") => TargetSet::OHOS,
            _ => return self.targets,
        };
        // What lists its platforms knows them better than its name does.
        let is_listed = self.speaks_of != TargetSet::ALL && self.speaks_of.contains(of_package);
        self.targets.and(if is_listed { self.speaks_of } else { of_package })
    }
}

/// A crate of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateContext {
    /// The name by which code says it.
    pub name: Arc<str>,
    /// The project-relative path of the folder with `Cargo.toml`; empty for the project's own root.
    pub root: Arc<str>,
    /// The project-relative path of its `lib.rs`, where it has one.
    pub lib: Option<Arc<str>>,
}

/// A Dart package of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageContext {
    /// The name its `pubspec.yaml` gives.
    pub name: Arc<str>,
    /// The project-relative path of the folder with `pubspec.yaml`; empty for the project's own root.
    pub root: Arc<str>,
    /// The versions of packages that it resolves.
    pub versions: Arc<Versions>,
}

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
    pub class: ClassId,
}

/// A variable of the program: outside classes, or a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarRef {
    /// The unit.
    pub unit: u32,
    /// The class, for a field.
    pub class: Option<ClassId>,
    /// Its place in [`Unit::variables`] or [`Class::fields`](crate::ir::Class::fields).
    pub index: u32,
}

/// The whole project, linked.
#[derive(Debug)]
pub struct Program {
    /// The units, in the order of their files.
    pub units: Vec<Arc<Unit>>,
    /// What each unit's functions refer to: one entry a function.
    pub resolved: Vec<Vec<Resolved>>,
    graph: CallGraph,
    files: Vec<FileContext>,
    versions: Vec<Arc<Versions>>,
    facts: Facts,
    exports: Exports,
    links: Vec<Link>,
    declared: declared::Declared,
    stated: Stated,
    callbacks: Callbacks,
    released_types: FxHashMap<ClassRef, TypeRelease>,
    dart_fields: FxHashSet<Name>,
}

/// What is known of the program's declarations.
#[derive(Clone, Debug, Default)]
struct Facts {
    /// By unit and function.
    signatures: Vec<Vec<Signature>>,
    /// By unit and variable.
    variables: Vec<Vec<Ty>>,
    /// By unit, class and field.
    fields: Vec<Vec<Vec<Ty>>>,
    /// By unit and class.
    supertypes: Vec<Vec<Vec<Ty>>>,
    /// The symbols of bound functions.
    bindings: FxHashMap<FuncRef, Name>,
    /// Of classes that are allocators: the bodies of their own that allocate.
    allocations: FxHashMap<ClassRef, Vec<FuncRef>>,
    /// Variables that hold one function as long as the program runs: `final open = bindings.open;`
    held: FxHashMap<VarRef, FuncRef>,
}

impl Facts {
    fn variable_type(&self, variable: VarRef) -> &Ty {
        let unit = variable.unit as usize;
        match variable.class {
            Some(class) => &self.fields[unit][class.index()][variable.index as usize],
            None => &self.variables[unit][variable.index as usize],
        }
    }

    fn variable_type_mut(&mut self, variable: VarRef) -> &mut Ty {
        let unit = variable.unit as usize;
        match variable.class {
            Some(class) => &mut self.fields[unit][class.index()][variable.index as usize],
            None => &mut self.variables[unit][variable.index as usize],
        }
    }

    /// The bodies that allocate for a function because a value in it is an allocator of the program.
    fn allocations_in(&self, resolved: &Resolved, add: &mut dyn FnMut(FuncRef)) {
        if self.allocations.is_empty() {
            return;
        }
        let receivers = resolved.targets.iter().flatten().filter_map(|target| match target {
            Target::Via(via) => match &via.receiver {
                Receiver::Static(variable) | Receiver::Field(variable) => Some(self.variable_type(*variable)),
                _ => None,
            },
            _ => None,
        });
        for ty in resolved.types.iter().chain(resolved.defaults()).chain(receivers) {
            if let Ty::Class(class, _) = ty {
                self.allocations.get(class).into_iter().flatten().for_each(|function| add(*function));
            }
        }
    }
}

/// The types of a function's parameters and of its calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signature {
    /// The parameters' types, in order.
    pub params: Vec<Ty>,
    /// The type of a call: for an async function a future.
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
    /// A place in memory, reached from the operation's base by its path.
    Memory,
    /// An extension named for its member: `Ext(x)` is `x`.
    ExtensionOverride,
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
    /// A call whose receiver is not the operand that stands there: `calloc<Uint8>(3)` calls `call` of the value of the
    /// variable `calloc`.
    Via(Box<Via>),
}

impl Target {
    /// The native symbol that an operation calls.
    #[must_use]
    pub fn symbol(&self) -> Option<&Name> {
        match self.called() {
            Self::Native { symbol, .. } => symbol.as_ref(),
            _ => None,
        }
    }

    /// What is called in the end, whatever its receiver is.
    #[must_use]
    pub fn called(&self) -> &Self {
        match self {
            Self::Via(via) => &via.target,
            other => other,
        }
    }
}

/// A call on a value that must be read first.
#[derive(Clone, Debug, PartialEq)]
pub struct Via {
    /// Where the receiver is read.
    pub receiver: Receiver,
    /// What is called on it; never [`Target::Via`].
    pub target: Target,
}

/// Where the receiver of an implicit call is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Receiver {
    /// The operand of [`Callee::Value`](crate::ir::Callee::Value).
    Operand,
    /// `this` of the caller.
    This,
    /// A variable of the program, outside instances.
    Static(VarRef),
    /// A variable of a pack.
    Variable(VariableId),
    /// An instance field of the operand that stands as the receiver, of `this` where the callee is a free name.
    Field(VarRef),
    /// The result of a getter; its own receiver is the operand that stands there, `this` where the callee is a free name.
    Getter(Target),
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
    /// The address of a native symbol (`lookup('f')`, `Native.addressOf(f)`); otherwise the pointer type.
    Address {
        /// The symbol.
        symbol: Name,
        /// The pointer type.
        pointer: Box<Ty>,
    },
    /// A record: fields by name (`$1` …).
    Record(Vec<(Name, Ty)>),
    /// The future, list, iterable, stream or map of SDK libraries: its name and arguments.
    Sdk(Name, Vec<Ty>),
    /// A class's or extension's own name, for static members and constructors.
    ClassName(ClassRef),
    /// The same for a class of a pack.
    ModelName(TypeId),
    /// The same for a class of [`Ty::Sdk`].
    SdkName(Name),
    /// An import prefix of the unit.
    Prefix(Name),
    /// The names of a pack under a prefix that no unit owns.
    PackPrefix(PackId),
    /// A type parameter.
    Parameter(Name),
    /// A class of a library that is not here and not modelled.
    External(Name),
    /// An address or a reference in a native language, and what it leads to.
    Pointer(Box<Ty>),
}

impl Ty {
    /// The type that values have: the pointer type of an address.
    #[must_use]
    pub fn value_type(&self) -> &Self {
        match self {
            Self::Address { pointer, .. } => pointer,
            other => other,
        }
    }
}

impl Program {
    /// Links units; `contexts` has one entry for each, in the same order.
    #[must_use]
    pub fn link(units: Vec<Arc<Unit>>, contexts: &[FileContext], models: &ModelSet) -> Self {
        Self::with_tables(units, contexts, models).0
    }

    /// The same, with what a [change of bodies](Self::renew) asks for.
    #[must_use]
    pub fn with_tables(mut units: Vec<Arc<Unit>>, contexts: &[FileContext], models: &ModelSet) -> (Self, Tables) {
        let mut files = contexts.to_vec();
        files.resize_with(units.len(), || FileContext {
            path: "".into(),
            package: None,
            krate: None,
            is_vendored: false,
            targets: TargetSet::ALL,
            speaks_of: TargetSet::ALL,
            narrow: None,
        });
        opened::narrow(&units, &mut files);
        exports::adopt_prototypes(&mut units);
        let mut environment = env::Env::new(&units, &files, models);
        let allocations = environment.allocations();
        let mut exports = Exports::new(&units, &files);
        let declared = declared::Declared::new(&units, models);
        let (resolved, mut links) = environment.resolve(&mut exports, &declared);
        let (mut facts, tables) = environment.into_tables();
        facts.allocations = allocations;
        let versions = files.iter().map(env::versions_of).collect();
        let definitions = |symbol: &Name, unit: u32| exports.definitions(&files, symbol, unit);
        let graph = CallGraph::new(&units, &resolved, &facts, &definitions);
        let callbacks = Callbacks::default();
        let stated = Stated::new(&units, &files, &links, &declared, models);
        stated.mark(&mut links);
        let released_types = FxHashMap::default();
        let layouts = units.iter().filter(|unit| !unit.language.is_native()).flat_map(|unit| &unit.layouts);
        let dart_fields = layouts.flat_map(|layout| &layout.fields).map(|(name, _)| name.clone()).collect();
        let mut program = Self {
            units,
            resolved,
            graph,
            files,
            versions,
            facts,
            exports,
            links,
            declared,
            stated,
            callbacks,
            released_types,
            dart_fields,
        };
        program.released_types = opaque::releases(&program, models);
        program.callbacks = callbacks::find(&program, models);
        (program, tables)
    }

    /// Drops the program on all threads: a large one consists of millions of allocations.
    pub fn dismantle(self) {
        let Self { units, resolved, facts, .. } = self;
        rayon::join(
            || units.into_par_iter().for_each(drop),
            || {
                resolved.into_par_iter().for_each(drop);
                drop(facts);
            },
        );
    }

    /// Whether a struct that Dart declares has a field of that name.
    #[must_use]
    pub fn is_dart_field(&self, name: &str) -> bool {
        self.dart_fields.contains(name)
    }

    /// A function.
    #[must_use]
    pub fn function(&self, function: FuncRef) -> &Function {
        self.units[function.unit as usize].function(function.function)
    }

    /// What a function's names turned out to be.
    #[must_use]
    pub fn resolved(&self, function: FuncRef) -> &Resolved {
        &self.resolved[function.unit as usize][function.function.index()]
    }

    /// A class.
    #[must_use]
    pub fn class(&self, class: ClassRef) -> &Class {
        &self.units[class.unit as usize].classes[class.class.index()]
    }

    /// A variable or field.
    #[must_use]
    pub fn variable(&self, variable: VarRef) -> &Variable {
        let unit = &self.units[variable.unit as usize];
        match variable.class {
            Some(class) => &unit.classes[class.index()].fields[variable.index as usize],
            None => &unit.variables[variable.index as usize],
        }
    }

    /// The function that computes a variable's initial value.
    #[must_use]
    pub fn initializer(&self, variable: VarRef) -> Option<FuncRef> {
        let function = self.variable(variable).initializer?;
        Some(FuncRef { unit: variable.unit, function })
    }

    /// The type of a variable or field, declared or inferred.
    #[must_use]
    pub fn variable_type(&self, variable: VarRef) -> &Ty {
        self.facts.variable_type(variable)
    }

    /// Of a class that is an allocator: the bodies, its own and its subclasses', that allocate.
    #[must_use]
    pub fn allocations(&self, class: ClassRef) -> &[FuncRef] {
        self.facts.allocations.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The types of a function's parameters and of its calls.
    #[must_use]
    pub fn signature(&self, function: FuncRef) -> &Signature {
        &self.facts.signatures[function.unit as usize][function.function.index()]
    }

    /// What a class extends, mixes in and implements, nearest first; for an extension the type it extends.
    #[must_use]
    pub fn supertypes(&self, class: ClassRef) -> &[Ty] {
        &self.facts.supertypes[class.unit as usize][class.class.index()]
    }

    /// A class, and what it extends, mixes in and implements of the program's classes, nearest first, each once.
    #[must_use]
    pub fn ancestors(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut found = vec![class];
        let mut at = 0;
        while let Some(class) = found.get(at).copied() {
            at += 1;
            for ty in self.supertypes(class) {
                if let Ty::Class(super_class, _) = ty
                    && !found.contains(super_class)
                {
                    found.push(*super_class);
                }
            }
        }
        found
    }

    /// The classes of which a class has the bodies: its superclass and mixins, not what it only implements.
    pub fn bases(&self, class: ClassRef) -> impl DoubleEndedIterator<Item = ClassRef> + use<'_> {
        let declared = self.class(class);
        let with_bodies = usize::from(declared.supertype.is_some()) + declared.mixins.len();
        self.supertypes(class).iter().take(with_bodies).filter_map(|ty| match ty {
            Ty::Class(base, _) => Some(*base),
            _ => None,
        })
    }

    /// The operations of a function in the order of its blocks, each with what it refers to.
    pub fn operations(&self, function: FuncRef) -> impl Iterator<Item = (&Statement, &Target)> + Clone {
        let blocks = self.function(function).blocks.iter().zip(&self.resolved(function).targets);
        blocks.flat_map(|(block, targets)| block.ops.iter().zip(targets))
    }

    /// The functions of Dart, closures among them, that are not generated.
    pub fn written_by_hand(&self) -> impl Iterator<Item = FuncRef> + use<'_> {
        let units = (0_u32..).zip(&self.units).filter(|(_, unit)| !unit.language.is_native() && !unit.generated);
        units.flat_map(|(unit, from)| {
            (0..from.functions.len() as u32).map(move |id| FuncRef { unit, function: FunctionId(id) })
        })
    }

    /// The native symbol that a function declaration binds.
    #[must_use]
    pub fn bound_symbol(&self, function: FuncRef) -> Option<&Name> {
        self.facts.bindings.get(&function)
    }

    /// The call graph's strongly connected components, callees before callers.
    pub fn components(&self) -> impl Iterator<Item = &[FuncRef]> {
        self.graph.components.iter()
    }

    /// The functions of a component, by its place among [`Self::components`].
    #[must_use]
    pub fn of_component(&self, component: usize) -> &[FuncRef] {
        self.graph.components.get(component)
    }

    /// The component that a function is in, by its place in [`Self::components`].
    pub(crate) fn component(&self, function: FuncRef) -> usize {
        self.graph.component(function)
    }

    /// Everything whose summary a function's own depends on: what it may call, its closures, initial values that it
    /// computes. Sorted, each once.
    #[must_use]
    pub fn callees(&self, function: FuncRef) -> &[FuncRef] {
        self.graph.callees(function)
    }

    /// The functions that may call a function, or hand it on. Sorted, each once.
    #[must_use]
    pub fn callers(&self, function: FuncRef) -> &[FuncRef] {
        self.graph.callers(function)
    }

    /// The definitions behind a native symbol that a unit names; empty where there are none here.
    #[must_use]
    pub fn definitions(&self, symbol: &str, unit: u32) -> SmallVec<[FuncRef; 1]> {
        self.exports.definitions(&self.files, symbol, unit)
    }

    /// The same for one group of targets after the other.
    #[must_use]
    pub fn definitions_by_target(&self, symbol: &str, unit: u32) -> Vec<(TargetSet, SmallVec<[FuncRef; 1]>)> {
        self.exports.by_target(&self.files, symbol, unit)
    }

    /// Every place that names a native symbol, by file and place.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The Dart functions that native code is given.
    #[must_use]
    pub fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// What comments or the native declarations of a symbol say of its contract.
    #[must_use]
    pub fn known_contract(&self, symbol: &str) -> Option<&Summary> {
        self.stated_contract(symbol).or_else(|| self.declared_contract(symbol))
    }

    /// What the native declarations of a symbol say of its contract.
    #[must_use]
    pub fn declared_contract(&self, symbol: &str) -> Option<&Summary> {
        self.declared.get(symbol)
    }

    /// What the project itself says of its functions.
    #[must_use]
    pub fn stated(&self) -> &Stated {
        &self.stated
    }

    /// What comments in the source say of a symbol, for calls that lead to no body.
    #[must_use]
    pub fn stated_contract(&self, symbol: &str) -> Option<&Summary> {
        self.stated.contract(symbol)
    }

    /// The package versions that count for a unit.
    #[must_use]
    pub fn versions(&self, unit: u32) -> &Versions {
        &self.versions[unit as usize]
    }

    /// The unit of a file.
    pub(crate) fn unit_of(&self, file: crate::source::FileId) -> Option<u32> {
        self.units.iter().position(|unit| unit.file == file).map(|unit| unit as u32)
    }

    /// Where a unit's file lies.
    #[must_use]
    pub fn file(&self, unit: u32) -> &FileContext {
        &self.files[unit as usize]
    }
}
