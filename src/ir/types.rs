//! Types as they are written.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::recent::Recent;
use super::{Name, body};

/// A type as written, with its arguments.
///
/// A function type is named `Function` and carries the result first, then the positional parameters; a record type is
/// named `Record`. A type that was not written is an absent [`TypeRef`], never an empty one.
///
/// Native languages spell out what Dart has classes for: `*` is a pointer to its argument, `&` a reference, `[]` an
/// array (its second argument is named by the constant length), `const` is its argument, not to be written.
/// TypeScript's `Promise<T>` is a `Future<T>`, `T[]` a `List<T>`, `number` (an address, too) no type at all; the native types
/// of its tables are those of `dart:ffi`, which a unit that has such imports under a prefix.
/// Builtin types of C are named by their shortest usual form (`unsigned int`, `long long`), tags without `struct`.
///
/// Bindings write the same few types in every line: it is a pointer to what those made lately on the same thread share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeRef(Arc<Spelling>);

/// What a [`TypeRef`] consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Spelling {
    /// `prefix.` before the name.
    pub prefix: Option<Name>,
    /// The name.
    pub name: Name,
    /// Type arguments in order.
    pub args: Vec<TypeRef>,
    /// A trailing `?`.
    pub nullable: bool,
    /// The name of the field, where the type is that of a record's named one.
    pub label: Option<Name>,
}

impl Spelling {
    /// A plain type without prefix or arguments.
    #[must_use]
    pub fn named(name: impl Into<Name>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

thread_local! {
    static RECENT: RefCell<Recent<TypeRef>> = RefCell::default();
}

impl TypeRef {
    /// The type that all records are of, whatever their fields.
    pub const RECORD: &'static str = "Record";

    /// The type that everything is of but nothing at all.
    pub const OBJECT: &'static str = "Object";

    /// A plain type without prefix or arguments.
    #[must_use]
    pub fn named(name: impl Into<Name>) -> Self {
        Spelling::named(name).into()
    }

    /// A type with arguments and without prefix.
    #[must_use]
    pub fn applied(name: impl Into<Name>, args: Vec<TypeRef>) -> Self {
        Spelling { args, ..Spelling::named(name) }.into()
    }

    /// The same, but for something.
    #[must_use]
    pub fn but(&self, change: impl FnOnce(&mut Spelling)) -> Self {
        let mut spelling = Spelling::clone(self);
        change(&mut spelling);
        spelling.into()
    }
}

impl From<Spelling> for TypeRef {
    fn from(mut spelling: Spelling) -> Self {
        spelling.args.shrink_to_fit();
        RECENT.with_borrow_mut(|recent| match recent.known(&spelling) {
            Some(known) => known,
            None => recent.keep::<Spelling>(Self(Arc::new(spelling))),
        })
    }
}

impl Deref for TypeRef {
    type Target = Spelling;

    fn deref(&self) -> &Spelling {
        &self.0
    }
}

impl Borrow<Spelling> for TypeRef {
    fn borrow(&self) -> &Spelling {
        &self.0
    }
}

impl Serialize for TypeRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match body::place_of_type(self, Arc::as_ptr(&self.0) as usize) {
            Some(place) => serializer.serialize_u32(place),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TypeRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match body::reads() {
            true => body::type_at(u32::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no such type")),
            false => Spelling::deserialize(deserializer).map(Self::from),
        }
    }
}
