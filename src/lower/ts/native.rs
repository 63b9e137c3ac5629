//! Native types as tables of bindings name them, in the words of `dart:ffi`, which are the IR's for native types.

use super::FileLowering;
use crate::ir::{Const, Name, Spelling, TypeRef};
use crate::parse::NodeId;
use crate::vocabulary::{Library, vocabulary};

/// The library whose native types those are.
const NATIVE: &str = "dart:ffi";

impl FileLowering<'_> {
    /// The native type that a word or code names.
    pub(super) fn native_type(&mut self, word: &str) -> Option<TypeRef> {
        let name = vocabulary().type_of(word)?;
        let Some((outer, inner)) = name.split_once('<') else { return Some(self.of_native(name)) };
        let args = vec![self.of_native(inner.trim_end_matches('>'))];
        Some(self.of_native(outer).but(|ty| ty.args = args))
    }

    /// A type of that library.
    pub(super) fn of_native(&mut self, name: &str) -> TypeRef {
        TypeRef::from(Spelling { prefix: Some(self.behind(NATIVE)), ..Spelling::named(name) })
    }

    /// The word by which a type is named in a table: `'i32'`, `FFIType.i32`.
    pub(super) fn type_word(&self, node: NodeId, library: &Library) -> Option<Name> {
        let tree = self.tree;
        match tree.kind(node) {
            "member_expression" => {
                let object = tree.child(node, "object").filter(|&object| tree.kind(object) == "identifier")?;
                let is_types = library.types.as_deref() == Some(&*self.imported_name(tree.text(object)));
                is_types.then(|| tree.child(node, "property").map(|name| self.property_name(name)))?
            }
            _ => match self.constant(node)? {
                Const::Str(word) => Some(word),
                _ => None,
            },
        }
    }
}

/// Whether a native type is an address.
pub(super) fn is_address(ty: &TypeRef) -> bool {
    ty.name == "Pointer"
}

/// Whether a native type is a number that nobody takes for an address: tables name one of eight bytes where a text comes back.
pub(super) fn is_number(ty: &TypeRef) -> bool {
    ty.prefix.is_some() && !matches!(ty.name.as_str(), "Pointer" | "Handle" | "Int64" | "Uint64" | "IntPtr" | "Size")
}
