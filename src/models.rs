//! The knowledge base: what APIs without a body here own, and which release fits which allocation.
//!
//! One set holds every version of every fact; a lookup names the package versions of the file that asks.

pub mod schema;

use serde::{Deserialize, Serialize};

use crate::ir::{Name, TypeRef};
use crate::summary::{FamilyId, Summary};
use crate::target::TargetSet;
use schema::{FamilyKind, MemberKind, NullRelease};

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
#[derive(Clone, Debug)]
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
    /// Values that stand for "none".
    pub invalid: Vec<i64>,
}

/// A Dart class of an API.
#[derive(Clone, Debug)]
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
    /// The pack, in which the names of its types are looked up.
    pub pack: PackId,
}

/// A modelled function.
#[derive(Clone, Debug)]
pub struct FunctionInfo {
    /// As people write it: `CoTaskMemFree`, `malloc.free`.
    pub name: Name,
    /// Which kind of member.
    pub kind: MemberKind,
    /// Type parameters.
    pub type_params: Vec<Name>,
    /// Parameter names in order; `None` in the second place for positional ones, else required or not.
    pub params: Vec<ParamInfo>,
    /// The result's type.
    pub returns: Option<TypeRef>,
    /// The contract.
    pub summary: Summary,
    /// Where it holds.
    pub targets: TargetSet,
    /// The source of the facts.
    pub source: Option<String>,
    /// The pack, in which the names of its types are looked up; `None` for symbols.
    pub pack: Option<PackId>,
}

/// A parameter of a modelled function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    /// Its name.
    pub name: Name,
    /// Passed by name.
    pub named: bool,
}

/// Every fact the tool knows.
#[derive(Debug, Default)]
pub struct ModelSet {
    families: Vec<Family>,
}

impl ModelSet {
    /// The families.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }
}
