//! The knowledge base: what APIs without a body here own, and which release fits which allocation.
//!
//! One set holds every version of every fact; a lookup names the package versions of the file that asks.

pub mod annotation;
pub mod catalog;
mod compiled;
mod contract;
pub mod hints;
mod load;
pub mod own;
mod path;
pub mod schema;
mod sound;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::ir::{Name, TypeRef};
use crate::language::Language;
use crate::summary::{AccessPath, Basis, FamilyId, ResultContract, Summary, Throws};
use crate::target::TargetSet;
use compiled::Functions;
use hints::Hints;
use own::OwnText;
use schema::{Asks, FamilyKind, MemberKind, ModelFile, Naming, NullRelease, Toolchain};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);
    };
}

index!(
    /// A model file that Dart code can import.
    PackId
);
index!(
    /// A class of a pack, in one of its versions.
    TypeId
);
index!(
    /// A function, member or symbol, in one of its versions.
    ModelId
);
index!(
    /// A variable of a pack.
    VariableId
);

/// An allocator family.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Family {
    /// `dart.malloc`
    pub name: Name,
    /// How messages call such memory.
    pub title: String,
    /// What kind of resource.
    pub kind: FamilyKind,
    /// The calls that release it, the usual one first.
    pub release_with: Vec<String>,
    /// What its release does with null.
    pub null: NullRelease,
    /// Releasing it again does nothing.
    pub idempotent: bool,
    /// Releasing what is not of the family, or is released already, does nothing.
    pub lenient: bool,
    /// Values that stand for "none".
    pub invalid: Vec<i64>,
    /// An arena can allocate such memory instead.
    pub arena: bool,
    /// Each library may have an allocator of its own by that name.
    pub per_library: bool,
    /// That it is not released is no mistake by itself.
    pub kept: bool,
    /// Native code may call it until it is closed; the pointer by which it does leads to no owner.
    pub callback: bool,
    /// There are no more than so many at a time.
    pub slots: Option<u32>,
    /// How such memory comes about where no call makes it that a program writes.
    pub made: Option<String>,
    /// Only code in that language can release it.
    pub language: Option<Language>,
    /// The values that own such memory are copied with it wherever they are passed or assigned.
    pub copied: bool,
    /// What it is concluded from that there is such memory, where nothing states it.
    pub concluded: Option<String>,
}

/// A Dart class of an API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeInfo {
    /// The name.
    pub name: Name,
    /// Names of its type parameters.
    pub params: Vec<Name>,
    /// Supertypes with arguments.
    pub supertypes: Vec<TypeRef>,
    /// For an extension: the type it extends.
    pub on: Option<TypeRef>,
    /// Objects of the class allocate memory of this family.
    pub allocator: Option<FamilyId>,
    /// Objects of the class are nothing but an address.
    pub pointer: bool,
    /// Objects of the class are views on native memory.
    pub view: bool,
    /// Only native code knows what objects of the class are, and makes them.
    pub opaque: bool,
    /// Objects of the class are exceptions that only a mistake in the program causes.
    pub mistake: bool,
    /// Classes that extend it are test doubles: they stand in for what they implement.
    pub test_double: bool,
    /// A variable of such a type keeps its object alive to the end of its scope.
    pub keeps_alive: bool,
    /// Methods that no entry describes call native functions of which nothing is known.
    pub native: bool,
    /// Objects of the class stand for native functions: a pointer to one is a callback.
    pub function: bool,
    /// For a class that only marks a native width: the Dart type that reading one gives. Where the result type of a
    /// function turns out to be such a class, this type is meant (`Pointer<Int32>.value` has the type `T` = `Int32`,
    /// which reads as `int`).
    pub reads_as: Option<TypeRef>,
    /// How much is in an object of the class never changes.
    pub fixed: bool,
    /// The size in bytes of a native type, of an element of a typed list.
    pub size: Option<Size>,
    /// The pack, in which the names of its types are looked up.
    pub pack: PackId,
}

/// The size of a type in bytes, over all targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// On the target where it is smallest.
    pub least: u32,
    /// On the target where it is largest, as far as that is known.
    pub most: Option<u32>,
}

/// What a function has to do with sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Sizing {
    /// The argument is a number of bytes.
    Bytes(AccessPath),
    /// The argument is a number of elements.
    Elements(AccessPath),
    /// The argument is how many elements the call goes on from `this`.
    Index(AccessPath),
    /// The result is the size of the type argument.
    SizeOf,
}

/// What settles a future.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// What is all passed, and of which one fails where the future does: closures that throw, the future that is the
    /// receiver, the futures in a collection (`[*]`).
    pub by: Vec<AccessPath>,
    /// The parameter of those closures that makes the future fail: nothing holds of one that names it.
    pub fails_with: Option<u16>,
    /// The argument with which that does not hold.
    pub unless: Option<AccessPath>,
}

/// A modelled function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// As people write it: `CoTaskMemFree`, `malloc.free`.
    pub name: Name,
    /// Which kind of member.
    pub kind: MemberKind,
    /// Type parameters.
    pub type_params: Vec<Name>,
    /// Parameters in order; empty where they are not known.
    pub params: Vec<ParamInfo>,
    /// The result's type.
    pub returns: Option<TypeRef>,
    /// The contract.
    pub summary: Summary,
    /// The result is a native function or its address, and its symbol is the constant string at this path. `this` and a
    /// path to a pointer mean: the symbol of the native function there.
    pub symbol_at: Option<AccessPath>,
    /// What the native function that it gives was looked up in, and ends with.
    pub function_of: Option<AccessPath>,
    /// What it has to do with sizes.
    pub sizing: Option<Sizing>,
    /// The argument that says that the native function it gives is called as a leaf.
    pub leaf: Option<AccessPath>,
    /// What it asks the receiver, changing nothing.
    pub asks: Option<Asks>,
    /// What settles the future that it gives, whatever becomes of the receiver.
    pub settled: Option<Settled>,
    /// What it goes on to need when it has returned, until the future that it gives is waited for.
    pub later: Vec<AccessPath>,
    /// Where it holds.
    pub targets: TargetSet,
    /// The source of the facts.
    pub source: Option<String>,
    /// The pack, in which the names of its types are looked up; `None` for symbols.
    pub pack: Option<PackId>,
}

impl FunctionInfo {
    /// A function of which nothing is known.
    fn unknown() -> Self {
        Self {
            name: Name::default(),
            kind: MemberKind::Function,
            type_params: Vec::new(),
            params: Vec::new(),
            returns: None,
            summary: Summary {
                outcomes: SmallVec::new(),
                throws: Throws::Possibly,
                throws_when: None,
                runs: Vec::new(),
                basis: Basis::Guess,
                made: Vec::new(),
                ended: Vec::new(),
                read: Vec::new(),
                always_reads: false,
            },
            symbol_at: None,
            function_of: None,
            sizing: None,
            leaf: None,
            asks: None,
            settled: None,
            later: Vec::new(),
            targets: TargetSet::ALL,
            source: None,
            pack: None,
        }
    }
}

/// A parameter of a modelled function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamInfo {
    /// Its name.
    pub name: Name,
    /// Passed by name.
    pub named: bool,
}

/// A variable of a pack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VariableInfo {
    /// The name; a static one's without its class.
    pub name: Name,
    /// Its type.
    pub ty: TypeRef,
    /// Its value, where that matters.
    pub value: Option<ResultContract>,
    /// The pack, in which the names of its type are looked up.
    pub pack: PackId,
}

/// What a name of a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// A class or extension.
    Type(TypeId),
    /// A variable or constant.
    Variable(VariableId),
    /// A function, or a getter outside classes (then its [`FunctionInfo::kind`] says so).
    Function(ModelId),
}

/// The versions of packages as one package of the project resolves them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Sorted by name.
    packages: Vec<(Name, Version)>,
}

impl Versions {
    /// The version of a package.
    #[must_use]
    pub fn get(&self, package: &str) -> Option<&Version> {
        let at = self.packages.binary_search_by(|(name, _)| name.as_str().cmp(package)).ok()?;
        self.packages.get(at).map(|(_, version)| version)
    }
}

impl<N: Into<Name>> FromIterator<(N, Version)> for Versions {
    /// Of two versions for one name the later one counts.
    fn from_iter<I: IntoIterator<Item = (N, Version)>>(pairs: I) -> Self {
        let by_name: BTreeMap<Name, Version> =
            pairs.into_iter().map(|(name, version)| (name.into(), version)).collect();
        Self { packages: by_name.into_iter().collect() }
    }
}

/// What is wrong with a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl std::error::Error for ModelError {}

/// Every model, ready to be asked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ModelSet {
    families: Vec<Family>,
    #[serde(with = "compiled::sorted")]
    family_ids: FxHashMap<Name, FamilyId>,
    requirements: Vec<Requirement>,
    equivalences: Vec<SameFamilies>,
    packs: Vec<PackNames>,
    types: Vec<TypeInfo>,
    /// By type.
    members: Vec<Members>,
    variables: Vec<VariableInfo>,
    #[serde(skip)]
    functions: Functions,
    /// Those that say what settles the future which they give.
    settling: Vec<ModelId>,
    #[serde(with = "compiled::sorted")]
    symbols: FxHashMap<Name, Vec<(RequirementId, ModelId)>>,
    hints: Hints,
    namings: Vec<Naming>,
    toolchains: Vec<Toolchain>,
    /// Named constants, for conditions.
    constants: BTreeMap<String, i64>,
    /// The first of the functions that the project itself describes.
    #[serde(skip)]
    own: Option<u32>,
    #[serde(skip)]
    errors: Vec<ModelError>,
}

/// The version of the schema that this program reads.
pub(crate) const SCHEMA: u32 = 1;

/// What a class declares.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Members {
    #[serde(with = "compiled::sorted")]
    by_name: FxHashMap<Name, Vec<Member>>,
}

/// Two families that are one.
#[derive(Debug, Serialize, Deserialize)]
struct SameFamilies {
    families: [FamilyId; 2],
    targets: TargetSet,
    requirement: RequirementId,
}

/// The names of a pack.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PackNames {
    id: Name,
    uris: Vec<String>,
    exports: Vec<PackId>,
    imports: Vec<PackId>,
    symbol_wrappers: Option<RequirementId>,
    supersedes: bool,
    copies_declare: Vec<Name>,
    #[serde(with = "compiled::sorted")]
    names: FxHashMap<Name, Vec<(RequirementId, Item)>>,
    /// Extensions by what they declare.
    #[serde(with = "compiled::sorted")]
    extension_members: FxHashMap<Name, Vec<(RequirementId, MemberKind, TypeId, ModelId)>>,
}

/// What a name is in a class.
#[derive(Debug, Serialize, Deserialize)]
enum Member {
    Function(RequirementId, MemberKind, ModelId),
    Static(RequirementId, VariableId),
}

/// A place in the set's list of requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RequirementId(u16);

/// The package versions in which a fact holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Requirement {
    package: Option<Name>,
    default_version: Option<Version>,
    versions: Option<VersionReq>,
}

impl Requirement {
    /// A version that is neither known nor assumed meets every requirement.
    fn met_by(&self, versions: &Versions) -> bool {
        let Some(wanted) = &self.versions else { return true };
        let known = self.package.as_deref().and_then(|package| versions.get(package));
        known.or(self.default_version.as_ref()).is_none_or(|version| matches_release(wanted, version))
    }
}

/// Whether a version meets a requirement; a pre-release counts as the release it leads to, whose API it has.
fn matches_release(wanted: &VersionReq, version: &Version) -> bool {
    wanted.matches(&Version::new(version.major, version.minor, version.patch))
}

impl ModelSet {
    /// The models that are part of the program.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static LOADED: OnceLock<ModelSet> = OnceLock::new();
        LOADED.get_or_init(|| compiled::read().unwrap_or_else(read_builtin_files))
    }

    /// A set that knows nothing.
    #[must_use]
    pub fn empty() -> &'static Self {
        static EMPTY: OnceLock<ModelSet> = OnceLock::new();
        EMPTY.get_or_init(Self::default)
    }

    /// The models that are part of the program and those of the user (path and text), whose facts come first.
    ///
    /// What is wrong with a file is left out, and listed in [`errors`](Self::errors).
    #[must_use]
    pub fn with_user_files(files: &[OwnText<'_>]) -> Self {
        let builtin = compiled::read().unwrap_or_else(read_builtin_files);
        load::add(builtin, files)
    }

    /// The same, and what conventions tell of the project (path and text) where all of these say nothing.
    #[must_use]
    pub fn with_conventions(conventions: (&str, &str), files: &[OwnText<'_>]) -> Self {
        let builtin = compiled::read().unwrap_or_else(read_builtin_files);
        let set = load::add_conventions(builtin, conventions.0, conventions.1);
        if files.is_empty() { set } else { load::add(set, files) }
    }

    /// What could not be loaded, file by file.
    #[must_use]
    pub fn errors(&self) -> &[ModelError] {
        &self.errors
    }

    /// All families; a [`FamilyId`] is a place in this list.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// What names hint at.
    #[must_use]
    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// What settles the future that a member of that name gives, where models say so of one; of several, one of them does.
    pub fn settled_by<'m>(&'m self, member: &'m str) -> impl Iterator<Item = &'m Settled> + use<'m> {
        let known = self.settling.iter().map(|id| self.function(*id));
        known
            .filter(move |known| known.name.rsplit('.').next() == Some(member))
            .filter_map(|known| known.settled.as_ref())
    }

    /// The rules by which libraries name their functions.
    #[must_use]
    pub fn namings(&self) -> &[Naming] {
        &self.namings
    }

    /// What compilers that make native libraries do with all that these hand out.
    #[must_use]
    pub fn toolchains(&self) -> &[Toolchain] {
        &self.toolchains
    }

    /// The family of an id of this set.
    #[must_use]
    pub fn family(&self, id: FamilyId) -> &Family {
        &self.families[usize::from(id.0)]
    }

    /// The family of a name.
    #[must_use]
    pub fn family_named(&self, name: &str) -> Option<FamilyId> {
        self.family_ids.get(name).copied()
    }

    /// The targets on which memory of one family may be released as the other's.
    ///
    /// What merely works (`tolerated`) counts too.
    #[must_use]
    pub fn same_on(&self, a: FamilyId, b: FamilyId, versions: &Versions) -> TargetSet {
        if a == b {
            return TargetSet::ALL;
        }
        let concerns = |id| self.equivalences.iter().any(|same| same.families.contains(&id));
        if !concerns(a) || !concerns(b) {
            return TargetSet::NONE;
        }
        let edges: Vec<&SameFamilies> =
            self.equivalences.iter().filter(|same| self.meets(versions, same.requirement)).collect();
        let mut reached = vec![TargetSet::NONE; self.families.len()];
        reached[usize::from(a.0)] = TargetSet::ALL;
        // Each round carries every family one edge further.
        loop {
            let before = reached.clone();
            for edge in &edges {
                let [one, other] = edge.families.map(|family| usize::from(family.0));
                let both = reached[one].or(reached[other]).and(edge.targets);
                reached[one] = reached[one].or(both);
                reached[other] = reached[other].or(both);
            }
            if reached == before {
                return reached[usize::from(b.0)];
            }
        }
    }

    /// The pack that an import of a URI brings in.
    #[must_use]
    pub fn pack_for_uri(&self, uri: &str) -> Option<PackId> {
        let covers = |known: &String| *known == uri || (known.ends_with('/') && uri.starts_with(known.as_str()));
        let at = self.packs.iter().position(|pack| pack.uris.iter().any(covers))?;
        Some(PackId(at as u32))
    }

    /// The pack of a name: `dart-ffi`.
    #[must_use]
    pub fn pack_named(&self, id: &str) -> Option<PackId> {
        self.packs.iter().position(|pack| pack.id == id).map(|at| PackId(at as u32))
    }

    /// Whether the pack's facts beat the bodies where the package lies in the project.
    #[must_use]
    pub fn supersedes(&self, pack: PackId) -> bool {
        self.pack(pack).supersedes
    }

    /// The packs of which [`supersedes`](Self::supersedes) holds.
    pub fn superseding_packs(&self) -> impl Iterator<Item = PackId> + '_ {
        (0..self.packs.len() as u32).map(PackId).filter(|pack| self.supersedes(*pack))
    }

    /// The names that a copy of the pack's package declares; empty where copies are not looked for.
    #[must_use]
    pub fn names_of_copies(&self, pack: PackId) -> &[Name] {
        &self.pack(pack).copies_declare
    }

    /// A name outside classes that an import of the pack brings in, re-exports included.
    #[must_use]
    pub fn lookup(&self, pack: PackId, name: &str, versions: &Versions) -> Option<Item> {
        let found = self.with_exports(pack).find_map(|pack| self.first_met(pack.names.get(name)?, versions));
        found.or_else(|| self.symbol_wrapper(self.pack(pack), name, versions).map(Item::Function))
    }

    /// The type that a name means in the texts of a pack's entries.
    #[must_use]
    pub fn type_named(&self, pack: PackId, name: &str, versions: &Versions) -> Option<TypeId> {
        let imported = self.pack(pack).imports.iter();
        std::iter::once(&pack).chain(imported).find_map(|&pack| match self.lookup(pack, name, versions) {
            Some(Item::Type(ty)) => Some(ty),
            _ => None,
        })
    }

    /// The size of the native type of that name.
    #[must_use]
    pub fn native_size(&self, name: &str) -> Option<Size> {
        self.types.iter().find(|ty| ty.name == name && ty.size.is_some()).and_then(|ty| ty.size)
    }

    /// The class whose objects allocate memory of a family.
    #[must_use]
    pub fn type_of_allocator(&self, family: FamilyId) -> Option<TypeId> {
        let at = self.types.iter().position(|ty| ty.allocator == Some(family))?;
        Some(TypeId(at as u32))
    }

    /// The class of an id of this set.
    #[must_use]
    pub fn ty(&self, id: TypeId) -> &TypeInfo {
        &self.types[id.0 as usize]
    }

    /// The variable of an id of this set.
    #[must_use]
    pub fn variable(&self, id: VariableId) -> &VariableInfo {
        &self.variables[id.0 as usize]
    }

    /// A member that a class declares itself.
    ///
    /// A constructor is a [`MemberKind::Function`], the unnamed one is called `new`; static members are members too;
    /// an operator is found by its sign (`+`, `[]=`).
    #[must_use]
    pub fn member(&self, ty: TypeId, name: &str, kind: MemberKind, versions: &Versions) -> Option<ModelId> {
        self.members_named(ty, name).iter().find_map(|member| match member {
            Member::Function(requirement, of, id) if *of == kind && self.meets(versions, *requirement) => Some(*id),
            _ => None,
        })
    }

    /// A static variable of a class.
    #[must_use]
    pub fn static_variable(&self, ty: TypeId, name: &str, versions: &Versions) -> Option<VariableId> {
        self.members_named(ty, name).iter().find_map(|member| match member {
            Member::Static(requirement, id) if self.meets(versions, *requirement) => Some(*id),
            _ => None,
        })
    }

    /// The extensions that an import of the pack brings in and that have the member.
    #[must_use]
    pub fn extensions_with(
        &self,
        pack: PackId,
        member: &str,
        kind: MemberKind,
        versions: &Versions,
    ) -> Vec<(TypeId, ModelId)> {
        let all = self.with_exports(pack).filter_map(|pack| pack.extension_members.get(member)).flatten();
        let fitting = all.filter(|(requirement, of, ..)| *of == kind && self.meets(versions, *requirement));
        fitting.map(|&(_, _, ty, id)| (ty, id)).collect()
    }

    /// A native symbol.
    #[must_use]
    pub fn symbol(&self, name: &str, versions: &Versions) -> Option<ModelId> {
        self.first_met(self.symbols.get(name)?, versions)
    }

    /// The function of an id of this set.
    #[must_use]
    pub fn function(&self, id: ModelId) -> &FunctionInfo {
        self.functions.get(id)
    }

    fn pack(&self, id: PackId) -> &PackNames {
        &self.packs[id.0 as usize]
    }

    /// A pack and those that it exports, directly or not.
    fn with_exports(&self, pack: PackId) -> impl Iterator<Item = &PackNames> {
        let mut order = vec![pack];
        let mut next = 0;
        while let Some(&id) = order.get(next) {
            for &exported in &self.pack(id).exports {
                if !order.contains(&exported) {
                    order.push(exported);
                }
            }
            next += 1;
        }
        order.into_iter().map(|id| self.pack(id))
    }

    fn meets(&self, versions: &Versions, requirement: RequirementId) -> bool {
        self.requirements.get(usize::from(requirement.0)).is_none_or(|requirement| requirement.met_by(versions))
    }

    fn first_met<T: Copy>(&self, candidates: &[(RequirementId, T)], versions: &Versions) -> Option<T> {
        candidates.iter().find(|(requirement, _)| self.meets(versions, *requirement)).map(|(_, value)| *value)
    }

    fn members_named(&self, ty: TypeId, name: &str) -> &[Member] {
        self.members.get(ty.0 as usize).and_then(|members| members.by_name.get(name)).map_or(&[], Vec::as_slice)
    }

    fn symbol_wrapper(&self, pack: &PackNames, name: &str, versions: &Versions) -> Option<ModelId> {
        if !self.meets(versions, pack.symbol_wrappers?) {
            return None;
        }
        self.symbol(name, versions).or_else(|| self.symbol(&format!("{name}W"), versions))
    }
}

/// Reads a model file. What its entries refer to is checked when the set is made.
pub fn parse_file(path: &str, text: &str) -> Result<ModelFile, ModelError> {
    load::parse_file(path, text)
}

/// What the files of the program say, read from their texts.
#[must_use]
pub fn read_builtin_files() -> ModelSet {
    load::load(BUILTIN)
}

/// The compiled form of [`read_builtin_files`], to be kept in [`COMPILED`].
#[must_use]
pub fn compile(set: &ModelSet) -> Vec<u8> {
    compiled::write(set)
}

/// Where the compiled models lie in the repository.
pub const COMPILED: &str = "rules/models.bin";

/// The files that are part of the program.
const BUILTIN: &[(&str, &str)] = &[
    ("rules/models/arkffi.toml", include_str!("../rules/models/arkffi.toml")),
    ("rules/models/boringssl.toml", include_str!("../rules/models/boringssl.toml")),
    ("rules/models/bun.toml", include_str!("../rules/models/bun.toml")),
    ("rules/models/c-periphery.toml", include_str!("../rules/models/c-periphery.toml")),
    ("rules/models/cgo.toml", include_str!("../rules/models/cgo.toml")),
    ("rules/models/corefoundation.toml", include_str!("../rules/models/corefoundation.toml")),
    ("rules/models/cpp.toml", include_str!("../rules/models/cpp.toml")),
    ("rules/models/curl.toml", include_str!("../rules/models/curl.toml")),
    ("rules/models/dart-async.toml", include_str!("../rules/models/dart-async.toml")),
    ("rules/models/dart-convert.toml", include_str!("../rules/models/dart-convert.toml")),
    ("rules/models/dart-core.toml", include_str!("../rules/models/dart-core.toml")),
    ("rules/models/dart-ffi.toml", include_str!("../rules/models/dart-ffi.toml")),
    ("rules/models/dart-io.toml", include_str!("../rules/models/dart-io.toml")),
    ("rules/models/dart-isolate.toml", include_str!("../rules/models/dart-isolate.toml")),
    ("rules/models/dart-typed-data.toml", include_str!("../rules/models/dart-typed-data.toml")),
    ("rules/models/duckdb.toml", include_str!("../rules/models/duckdb.toml")),
    ("rules/models/ecmascript.toml", include_str!("../rules/models/ecmascript.toml")),
    ("rules/models/families.toml", include_str!("../rules/models/families.toml")),
    ("rules/models/ffmpeg.toml", include_str!("../rules/models/ffmpeg.toml")),
    ("rules/models/glib.toml", include_str!("../rules/models/glib.toml")),
    ("rules/models/gtk.toml", include_str!("../rules/models/gtk.toml")),
    ("rules/models/hints.toml", include_str!("../rules/models/hints.toml")),
    ("rules/models/koffi.toml", include_str!("../rules/models/koffi.toml")),
    ("rules/models/libc.toml", include_str!("../rules/models/libc.toml")),
    ("rules/models/libgit2.toml", include_str!("../rules/models/libgit2.toml")),
    ("rules/models/libserialport.toml", include_str!("../rules/models/libserialport.toml")),
    ("rules/models/libsodium.toml", include_str!("../rules/models/libsodium.toml")),
    ("rules/models/libusb.toml", include_str!("../rules/models/libusb.toml")),
    ("rules/models/llama.toml", include_str!("../rules/models/llama.toml")),
    ("rules/models/mpv.toml", include_str!("../rules/models/mpv.toml")),
    ("rules/models/objectbox.toml", include_str!("../rules/models/objectbox.toml")),
    ("rules/models/onnxruntime.toml", include_str!("../rules/models/onnxruntime.toml")),
    ("rules/models/opus.toml", include_str!("../rules/models/opus.toml")),
    ("rules/models/package-ffi-leak-tracker.toml", include_str!("../rules/models/package-ffi-leak-tracker.toml")),
    ("rules/models/package-ffi.toml", include_str!("../rules/models/package-ffi.toml")),
    ("rules/models/package-jni.toml", include_str!("../rules/models/package-jni.toml")),
    ("rules/models/package-mocktail.toml", include_str!("../rules/models/package-mocktail.toml")),
    ("rules/models/package-objective_c.toml", include_str!("../rules/models/package-objective_c.toml")),
    ("rules/models/package-path.toml", include_str!("../rules/models/package-path.toml")),
    ("rules/models/package-quiver.toml", include_str!("../rules/models/package-quiver.toml")),
    ("rules/models/package-win32.toml", include_str!("../rules/models/package-win32.toml")),
    ("rules/models/pdfium.toml", include_str!("../rules/models/pdfium.toml")),
    ("rules/models/rust-std.toml", include_str!("../rules/models/rust-std.toml")),
    ("rules/models/sdl.toml", include_str!("../rules/models/sdl.toml")),
    ("rules/models/sqlite3.toml", include_str!("../rules/models/sqlite3.toml")),
    ("rules/models/tflite.toml", include_str!("../rules/models/tflite.toml")),
    ("rules/models/tree-sitter.toml", include_str!("../rules/models/tree-sitter.toml")),
    ("rules/models/whisper.toml", include_str!("../rules/models/whisper.toml")),
    ("rules/models/win32-derived.toml", include_str!("../rules/models/win32-derived.toml")),
    ("rules/models/win32.toml", include_str!("../rules/models/win32.toml")),
    ("rules/models/zlib.toml", include_str!("../rules/models/zlib.toml")),
];

/// The paths and texts of the files that are part of the program.
#[must_use]
pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
    BUILTIN
}

/// ``, did you mean `x`?`` where a known name is near, else nothing.
pub(crate) fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 2.max(name.len() / 3) => format!(", did you mean `{known}`?"),
        _ => String::new(),
    }
}
