//! What can be told of a value from how it is written: whether it copies, whether it is plain memory.

use syn::{BinOp, Expr, UnOp};

use super::Body;
use crate::lower::rust::types;

/// An expression without its parentheses.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Paren(it) => &it.expr,
            Expr::Group(it) => &it.expr,
            other => return other,
        };
    }
}

/// The last name of the path that is called.
pub(super) fn called(expr: &Expr) -> Option<&syn::PathSegment> {
    match expr {
        Expr::Call(call) => match bare(&call.func) {
            Expr::Path(it) => it.path.segments.last(),
            _ => None,
        },
        _ => None,
    }
}

/// `Box::from_raw(p)`, `Box::new(x)`
pub(super) fn is_box(expr: &Expr) -> bool {
    let Expr::Call(call) = bare(expr) else { return false };
    match bare(&call.func) {
        Expr::Path(it) => it.path.segments.iter().any(|it| it.ident == "Box"),
        _ => false,
    }
}

/// `slice::from_raw_parts(p, n)`, `str::from_utf8(s)`, `CStr::from_ptr(p)`: functions of the types that only refer.
fn gives_view(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    match bare(&call.func) {
        Expr::Path(it) => it
            .path
            .segments
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|it| it.ident == "slice" || it.ident == "str" || it.ident == "CStr"),
        _ => false,
    }
}

/// `ptr::null()`, `ptr::null_mut()`
pub(super) fn is_null(expr: &Expr) -> bool {
    called(bare(expr)).is_some_and(|it| it.ident == "null" || it.ident == "null_mut")
}

/// `MaybeUninit::<T>::uninit()`
pub(super) fn is_uninit(expr: &Expr) -> bool {
    let Expr::Call(call) = bare(expr) else { return false };
    match bare(&call.func) {
        Expr::Path(it) => {
            let mut names = it.path.segments.iter().rev().map(|it| &it.ident);
            let constructor = names.next().is_some_and(|it| it == "uninit" || it == "zeroed");
            constructor && names.next().is_some_and(|it| it == "MaybeUninit")
        }
        _ => false,
    }
}

/// Whether a value is a number, a boolean or a raw pointer by how it is written.
pub(super) fn is_plain(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Lit(it) => {
            matches!(
                it.lit,
                syn::Lit::Int(_) | syn::Lit::Float(_) | syn::Lit::Bool(_) | syn::Lit::Char(_) | syn::Lit::Byte(_)
            )
        }
        Expr::Unary(it) => matches!(it.op, UnOp::Neg(_)) && is_plain(&it.expr),
        Expr::Cast(it) => types::type_ref(&it.ty).is_some_and(|ty| types::is_plain(&ty)),
        other => is_null(other),
    }
}

/// Methods whose results nothing ends with: by the conventions of the standard library they give a number, a
/// boolean, a raw pointer or a view.
const PLAIN_METHODS: &[&str] = &[
    "add",
    "addr",
    "as_bytes",
    "as_c_str",
    "as_mut",
    "as_mut_ptr",
    "as_mut_slice",
    "as_ptr",
    "as_ref",
    "as_slice",
    "as_str",
    "byte_add",
    "byte_sub",
    "bytes",
    "capacity",
    "cast",
    "cast_const",
    "cast_mut",
    "chars",
    "contains",
    "count",
    "ends_with",
    "eq",
    "from_ref",
    "get_mut",
    "get_unchecked",
    "into_raw",
    "is_empty",
    "is_err",
    "is_none",
    "is_null",
    "is_ok",
    "is_some",
    "iter",
    "iter_mut",
    "leak",
    "len",
    "offset",
    "offset_from",
    "starts_with",
    "sub",
    "to_bits",
    "wrapping_add",
    "wrapping_offset",
    "wrapping_sub",
];

/// Functions of which the same holds.
const PLAIN_FUNCTIONS: &[&str] = &[
    "addr_of",
    "align_of",
    "drop",
    "forget",
    "from_mut",
    "from_ptr",
    "from_ref",
    "into_raw",
    "leak",
    "null",
    "null_mut",
    "size_of",
    "size_of_val",
];

impl Body<'_> {
    /// Whether nothing ends with a value, as far as its text tells.
    pub(super) fn copies(&mut self, expr: &Expr) -> bool {
        match bare(expr) {
            Expr::Lit(_) | Expr::Reference(_) | Expr::RawAddr(_) | Expr::Closure(_) | Expr::Range(_) => true,
            Expr::Unary(it) => match it.op {
                // Nothing but a box lets its content out.
                UnOp::Deref(_) => match bare(&it.expr) {
                    inner @ Expr::Path(_) => self.copies(inner),
                    inner => !is_box(inner),
                },
                _ => self.copies(&it.expr) || matches!(it.op, UnOp::Not(_)),
            },
            Expr::Cast(_) | Expr::Index(_) => true,
            Expr::Binary(it) => match it.op {
                // Text is concatenated by `+`.
                BinOp::Add(_) => !matches!(bare(&it.right), Expr::Reference(_)),
                _ => true,
            },
            Expr::Path(it) => match it.path.get_ident() {
                Some(name) if name == "None" => true,
                Some(name) => match self.lookup(&name.to_string()) {
                    Some(local) => !self.current.owned.contains(&local),
                    None => is_constant(&name.to_string()),
                },
                None => it.path.segments.last().is_some_and(|it| is_constant(&it.ident.to_string())),
            },
            Expr::MethodCall(it) => PLAIN_METHODS.binary_search(&it.method.to_string().as_str()).is_ok(),
            call @ Expr::Call(_) if gives_view(call) => true,
            call @ Expr::Call(_) => called(call).is_some_and(|it| {
                let name = it.ident.to_string();
                PLAIN_FUNCTIONS.binary_search(&name.as_str()).is_ok() || self.file.plain_calls.contains(name.as_str())
            }),
            Expr::Field(it) => self.is_behind_reference(&it.base),
            Expr::Struct(it) => types::of_path(&it.path).is_some_and(|ty| self.file.is_copy(&ty)),
            Expr::Macro(it) => it.mac.path.segments.last().is_some_and(|it| {
                ["addr_of", "addr_of_mut", "cfg", "matches", "line", "concat", "env", "include_str", "stringify"]
                    .iter()
                    .any(|name| it.ident == name)
            }),
            Expr::Tuple(it) => it.elems.iter().all(|element| matches!(bare(element), Expr::Lit(_))),
            Expr::Repeat(it) => matches!(bare(&it.expr), Expr::Lit(_)),
            Expr::Unsafe(it) => self.block_copies(&it.block),
            Expr::Block(it) => self.block_copies(&it.block),
            _ => false,
        }
    }

    /// `unsafe { value }`
    fn block_copies(&mut self, block: &syn::Block) -> bool {
        match block.stmts.as_slice() {
            [syn::Stmt::Expr(value, None)] => self.copies(value),
            _ => false,
        }
    }

    /// What is behind a reference or raw pointer cannot be moved out: it copies, or the program does not compile.
    fn is_behind_reference(&mut self, base: &Expr) -> bool {
        let mut base = bare(base);
        while let Expr::Field(it) = base {
            base = bare(&it.base);
        }
        match base {
            Expr::Unary(it) => matches!(it.op, UnOp::Deref(_)),
            Expr::Path(it) => it.path.get_ident().is_some_and(|name| {
                let local = self.lookup(&name.to_string());
                let ty = local.and_then(|local| self.current.build.local(local)).and_then(|local| local.ty.as_ref());
                ty.is_some_and(|ty| ty.name == "&")
            }),
            _ => false,
        }
    }
}

/// `MAX_LENGTH`
fn is_constant(name: &str) -> bool {
    name.len() > 1 && !name.contains(|c: char| c.is_lowercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_are_sorted() {
        assert!(super::PLAIN_METHODS.is_sorted());
        assert!(super::PLAIN_FUNCTIONS.is_sorted());
    }
}
