//! Native types as tables of bindings name them, in the words of `dart:ffi`, which are the IR's for native types.

use super::FileLowering;
use crate::ir::{Const, Name, Spelling, TypeRef};
use crate::parse::NodeId;

/// The library whose native types those are.
const NATIVE: &str = "dart:ffi";

/// Constants of `FFIType`, their codes, and the words that Bun and Deno use: each means the same wherever it is used.
///
/// * ArkFFI: `docs/en/api/ffi-type.mdx`. Several C types share a code; a constant is taken for the type it is named for.
/// * Bun: <https://bun.com/docs/runtime/ffi#ffi-types>
/// * Deno: <https://docs.deno.com/runtime/fundamentals/ffi/#supported-types>
const WORDS: [(&[&str], &str); 18] = [
    (&["b", "bool"], "Bool"),
    (&["c", "char", "int8_t", "i8"], "Int8"),
    (&["uint8_t", "u8"], "Uint8"),
    (&["int16_t", "i16"], "Int16"),
    (&["uint16_t", "u16"], "Uint16"),
    (&["i", "int", "int32", "int32_t", "i32"], "Int32"),
    (&["uint32", "uint32_t", "u32"], "Uint32"),
    (&["l", "int64", "int64_t", "i64", "i64_fast"], "Int64"),
    (&["uint64", "uint64_t", "u64", "u64_fast"], "Uint64"),
    (&["isize"], "IntPtr"),
    (&["usize"], "Size"),
    (&["f", "float", "f32"], "Float"),
    (&["d", "double", "f64"], "Double"),
    (&["v", "void"], "Void"),
    (&["s", "CString", "cstring"], "Char"),
    (&["p", "ptr", "pointer", "buffer"], "Pointer"),
    (&["k", "callback", "function"], "NativeFunction"),
    (&["napi_env", "napi_value"], "Handle"),
];

impl FileLowering<'_> {
    /// The native type that a word or code names.
    pub(super) fn native_type(&mut self, word: &str) -> Option<TypeRef> {
        let (_, name) = WORDS.iter().find(|(words, _)| words.contains(&word))?;
        Some(match *name {
            "Char" | "NativeFunction" => self.pointer_to(name),
            "Pointer" => self.pointer_to("Void"),
            name => self.of_native(name),
        })
    }

    fn pointer_to(&mut self, name: &str) -> TypeRef {
        {
            let args = vec![self.of_native(name)];
            self.of_native("Pointer").but(|ty| ty.args = args)
        }
    }

    /// A type of that library.
    pub(super) fn of_native(&mut self, name: &str) -> TypeRef {
        TypeRef::from(Spelling { prefix: Some(self.behind(NATIVE)), ..Spelling::named(name) })
    }

    /// The word by which a type is named in a table: `'i32'`, `FFIType.i32`.
    pub(super) fn type_word(&self, node: NodeId) -> Option<Name> {
        let tree = self.tree;
        match tree.kind(node) {
            "member_expression" => {
                let object = tree.child(node, "object").filter(|&object| tree.kind(object) == "identifier")?;
                let is_types = self.real_name(tree.text(object)) == "FFIType";
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
