//! Types as written → [`TypeRef`].

use rustc_hash::FxHashSet;
use syn::{Expr, GenericArgument, Lit, PathArguments, PointerMutability, Type};

use super::written;
use crate::ir::{Name, TypeRef};

/// A type as written; `None` for one the compiler is asked to find (`_`) and for macros.
pub(super) fn type_ref(ty: &Type) -> Option<TypeRef> {
    Some(match ty {
        Type::Array(it) => {
            let length = TypeRef::named(length(&it.len));
            around("[]", vec![type_ref(&it.elem)?, length])
        }
        Type::Slice(it) => around("[]", vec![type_ref(&it.elem)?]),
        Type::FnPtr(it) => {
            let result = written::result(&it.output).and_then(type_ref).unwrap_or_else(unit);
            let mut args = vec![result];
            args.extend(it.inputs.iter().map(|input| type_ref(&input.ty).unwrap_or_else(unknown)));
            around("*", vec![around("Function", args)])
        }
        Type::Group(it) => return type_ref(&it.elem),
        Type::Paren(it) => return type_ref(&it.elem),
        Type::Never(_) => TypeRef::named("!"),
        Type::Path(it) => of_path(&it.path)?,
        Type::Ptr(it) => {
            let inner = type_ref(&it.elem).unwrap_or_else(unknown);
            let is_const = matches!(it.mutability, PointerMutability::Const(_));
            around("*", vec![if is_const { constant(inner) } else { inner }])
        }
        Type::Reference(it) => {
            let inner = type_ref(&it.elem).unwrap_or_else(unknown);
            around("&", vec![if it.mutability.is_some() { inner } else { constant(inner) }])
        }
        Type::Tuple(it) if it.elems.is_empty() => unit(),
        Type::Tuple(it) => around("Record", it.elems.iter().map(|ty| type_ref(ty).unwrap_or_else(unknown)).collect()),
        Type::TraitObject(it) => around("dyn", bounds(it.bounds.iter())),
        Type::ImplTrait(it) => around("impl", bounds(it.bounds.iter())),
        _ => return None,
    })
}

/// The type a path names. `Option` of a function pointer is the pointer that may be null.
pub(super) fn of_path(path: &syn::Path) -> Option<TypeRef> {
    let last = path.segments.last()?;
    let args = arguments(&last.arguments);
    if last.ident == "Option"
        && let [only] = args.as_slice()
        && only.name == "*"
        && only.args.first().is_some_and(|to| to.name == "Function")
    {
        return Some(only.but(|ty| ty.nullable = true));
    }
    Some(TypeRef::applied(path_name(path), args))
}

/// A path as written, generic arguments dropped.
pub(super) fn path_name(path: &syn::Path) -> Name {
    match path.get_ident() {
        Some(ident) => Name::new(ident.to_string()),
        None => path.segments.iter().map(|it| it.ident.to_string()).collect::<Vec<_>>().join("::").into(),
    }
}

/// The types among the generic arguments of one segment.
pub(super) fn arguments(arguments: &PathArguments) -> Vec<TypeRef> {
    match arguments {
        PathArguments::None => Vec::new(),
        PathArguments::AngleBracketed(it) => generic_arguments(it),
        PathArguments::Parenthesized(it) => {
            let result = written::result(&it.output).and_then(type_ref).unwrap_or_else(unit);
            let inputs = it.inputs.iter().map(|input| type_ref(&input.ty).unwrap_or_else(unknown));
            std::iter::once(result).chain(inputs).collect()
        }
    }
}

/// `<A, 3, B = C>`: lifetimes are left out.
pub(super) fn generic_arguments(arguments: &syn::AngleBracketedGenericArguments) -> Vec<TypeRef> {
    let argument = |argument: &GenericArgument| match argument {
        GenericArgument::Type(ty) => Some(type_ref(ty).unwrap_or_else(unknown)),
        GenericArgument::Const(value) => Some(TypeRef::named(length(value))),
        _ => None,
    };
    arguments.args.iter().filter_map(argument).collect()
}

fn bounds<'b>(bounds: impl Iterator<Item = &'b syn::TypeParamBound>) -> Vec<TypeRef> {
    let of = |bound: &syn::TypeParamBound| match bound {
        syn::TypeParamBound::Trait(it) => of_path(&it.path),
        _ => None,
    };
    bounds.filter_map(of).collect()
}

fn length(value: &Expr) -> String {
    match value {
        Expr::Lit(it) => match &it.lit {
            Lit::Int(number) => number.base10_digits().to_owned(),
            _ => "_".to_owned(),
        },
        Expr::Path(it) => path_name(&it.path).to_string(),
        _ => "_".to_owned(),
    }
}

fn around(name: &str, args: Vec<TypeRef>) -> TypeRef {
    TypeRef::applied(name, args)
}

/// A type that must not be written to.
pub(super) fn constant(inner: TypeRef) -> TypeRef {
    around("const", vec![inner])
}

/// `&T` or `&mut T`.
pub(super) fn reference(inner: TypeRef, mutable: bool) -> TypeRef {
    around("&", vec![if mutable { inner } else { constant(inner) }])
}

fn unit() -> TypeRef {
    TypeRef::named("()")
}

fn unknown() -> TypeRef {
    TypeRef::named("_")
}

/// The last part of a path.
pub(super) fn simple(name: &str) -> &str {
    name.rsplit_once("::").map_or(name, |(_, last)| last)
}

/// Whether a value of the type may be used again after it was used; `known` are types of the file that may.
pub(super) fn is_copy(ty: &TypeRef, known: &FxHashSet<Name>) -> bool {
    let name = simple(&ty.name);
    match name {
        // A `&mut` cannot be used twice, but nothing ends with it.
        "*" | "&" | "!" | "()" | "NonNull" | "PhantomData" | "const" => true,
        "Record" => ty.args.iter().all(|arg| is_copy(arg, known)),
        "[]" | "Option" | "MaybeUninit" => ty.args.first().is_some_and(|arg| is_copy(arg, known)),
        _ => is_scalar_name(name) || known.contains(name),
    }
}

/// Whether a variable of the type is plain memory: its address may be taken to be written through.
pub(super) fn is_plain(ty: &TypeRef) -> bool {
    matches!(simple(&ty.name), "*" | "NonNull" | "MaybeUninit") || is_scalar_name(simple(&ty.name))
}

fn is_scalar_name(name: &str) -> bool {
    matches!(
        name,
        "i8" | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "f32"
            | "f64"
            | "bool"
            | "char"
    ) || (name.starts_with("c_") && name.len() > 2)
        || (name.ends_with("_t") && name.starts_with(|c: char| c.is_ascii_lowercase()))
}
