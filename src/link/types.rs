//! Computing with types: substitution, unification, joins, and what the SDK's own collections give.

use super::{Signature, Ty};
use crate::ir::Name;

/// Type parameters and what stands for them.
pub(super) type Bindings = Vec<(Name, Ty)>;

/// The largest type that is kept, in nodes: inference would otherwise build ever larger ones (`x = [x]`).
const MAX_NODES: usize = 96;

/// Depth beyond which operations on types stop; deeper ones are never built (see [`bounded`]).
pub(super) const MAX_DEPTH: usize = 24;

/// The type, unless it is too large to be kept.
pub(super) fn bounded(ty: Ty) -> Ty {
    let mut left = MAX_NODES;
    if fits(&ty, &mut left, MAX_DEPTH) { ty } else { Ty::Unknown }
}

fn fits(ty: &Ty, left: &mut usize, depth: usize) -> bool {
    if *left == 0 || depth == 0 {
        return false;
    }
    *left -= 1;
    match ty {
        Ty::Class(_, args) | Ty::Model(_, args) | Ty::Sdk(_, args) => args.iter().all(|arg| fits(arg, left, depth - 1)),
        Ty::Function(result, params) => {
            fits(result, left, depth - 1) && params.iter().all(|param| fits(param, left, depth - 1))
        }
        Ty::NativeFunction { result: inner, .. } | Ty::Address { pointer: inner, .. } | Ty::Pointer(inner) => {
            fits(inner, left, depth - 1)
        }
        Ty::Record(fields) => fields.iter().all(|(_, field)| fits(field, left, depth - 1)),
        _ => true,
    }
}

/// `ty` with its type parameters replaced; the result may be too large to keep.
pub(super) fn substitute(ty: &Ty, bindings: &[(Name, Ty)]) -> Ty {
    if bindings.is_empty() {
        return ty.clone();
    }
    let all = |args: &[Ty]| args.iter().map(|arg| substitute(arg, bindings)).collect();
    match ty {
        Ty::Parameter(name) => match bindings.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, ty)) => ty.clone(),
            None => ty.clone(),
        },
        Ty::Class(class, args) => Ty::Class(*class, all(args)),
        Ty::Model(class, args) => Ty::Model(*class, all(args)),
        Ty::Sdk(name, args) => Ty::Sdk(name.clone(), all(args)),
        Ty::Function(result, params) => Ty::Function(Box::new(substitute(result, bindings)), all(params)),
        Ty::NativeFunction { symbol, result } => {
            Ty::NativeFunction { symbol: symbol.clone(), result: Box::new(substitute(result, bindings)) }
        }
        Ty::Address { symbol, pointer } => {
            Ty::Address { symbol: symbol.clone(), pointer: Box::new(substitute(pointer, bindings)) }
        }
        Ty::Pointer(to) => Ty::Pointer(Box::new(substitute(to, bindings))),
        Ty::Record(fields) => {
            Ty::Record(fields.iter().map(|(name, field)| (name.clone(), substitute(field, bindings))).collect())
        }
        other => other.clone(),
    }
}

/// A signature with its type parameters replaced.
pub(super) fn substitute_signature(signature: &Signature, bindings: &[(Name, Ty)]) -> Signature {
    Signature {
        params: signature.params.iter().map(|param| bounded(substitute(param, bindings))).collect(),
        result: bounded(substitute(&signature.result, bindings)),
    }
}

/// The type parameters `params` bound to `args`; those without an argument are unknown.
pub(super) fn bind(params: &[Name], args: &[Ty]) -> Bindings {
    let of = |at: usize| args.get(at).cloned().unwrap_or_default();
    params.iter().enumerate().map(|(at, name)| (name.clone(), of(at))).collect()
}

/// Whether a type says something about values.
pub(super) fn says_something(ty: &Ty) -> bool {
    !matches!(ty, Ty::Unknown | Ty::Void)
}

/// The type of a value that comes from two ways; null has no say.
pub(super) fn join(a: &Ty, b: &Ty) -> Ty {
    if a == b {
        return a.clone();
    }
    match (a, b) {
        // The type of `null` is `Null`; a function without result has no value.
        (Ty::Void, other) | (other, Ty::Void) => other.clone(),
        (Ty::Class(x, xs), Ty::Class(y, ys)) if x == y && xs.len() == ys.len() => Ty::Class(*x, join_args(xs, ys)),
        (Ty::Model(x, xs), Ty::Model(y, ys)) if x == y && xs.len() == ys.len() => Ty::Model(*x, join_args(xs, ys)),
        (Ty::Sdk(x, xs), Ty::Sdk(y, ys)) if x == y && xs.len() == ys.len() => Ty::Sdk(x.clone(), join_args(xs, ys)),
        (Ty::Function(x, xs), Ty::Function(y, ys)) if xs.len() == ys.len() => {
            Ty::Function(Box::new(join(x, y)), join_args(xs, ys))
        }
        (Ty::NativeFunction { result: x, .. }, Ty::NativeFunction { result: y, .. }) => {
            Ty::NativeFunction { symbol: symbol_of_both(a, b), result: Box::new(join(x, y)) }
        }
        (Ty::Address { pointer: x, symbol: f }, Ty::Address { pointer: y, symbol: g }) => match join(x, y) {
            Ty::Unknown => Ty::Unknown,
            joined if f == g => Ty::Address { symbol: f.clone(), pointer: Box::new(joined) },
            joined => joined,
        },
        (Ty::Address { pointer, .. }, other) | (other, Ty::Address { pointer, .. }) => join(pointer, other),
        (Ty::Pointer(x), Ty::Pointer(y)) => Ty::Pointer(Box::new(join(x, y))),
        (Ty::Record(xs), Ty::Record(ys)) if xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| x.0 == y.0) => {
            Ty::Record(xs.iter().zip(ys).map(|((name, x), (_, y))| (name.clone(), join(x, y))).collect())
        }
        _ => Ty::Unknown,
    }
}

fn symbol_of_both(a: &Ty, b: &Ty) -> Option<Name> {
    match (a, b) {
        (Ty::NativeFunction { symbol: Some(x), .. }, Ty::NativeFunction { symbol: Some(y), .. }) if x == y => {
            Some(x.clone())
        }
        _ => None,
    }
}

/// Arguments of the same class: what one side leaves open (`nullptr`, `[]`) the other says.
fn join_args(xs: &[Ty], ys: &[Ty]) -> Vec<Ty> {
    let one = |x: &Ty, y: &Ty| match (x, y) {
        (Ty::Unknown | Ty::Void, other) | (other, Ty::Unknown | Ty::Void) => other.clone(),
        (x, y) => join(x, y),
    };
    xs.iter().zip(ys).map(|(x, y)| one(x, y)).collect()
}

/// A declared type, made narrower by what is known of the values: a function type by the native function that is
/// stored there, a pointer by its symbol. `None` when the declared type stands.
pub(super) fn refined(declared: &Ty, value: &Ty) -> Option<Ty> {
    match (declared, value) {
        (Ty::Function(result, _), Ty::NativeFunction { symbol, result: known }) => {
            let result = if says_something(known) { known.clone() } else { result.clone() };
            Some(Ty::NativeFunction { symbol: symbol.clone(), result })
        }
        (Ty::Model(class, _), Ty::Address { pointer, symbol }) => match &**pointer {
            Ty::Model(of, _) if of == class => {
                Some(Ty::Address { symbol: symbol.clone(), pointer: Box::new(declared.clone()) })
            }
            _ => None,
        },
        (Ty::Unknown, value) if says_something(value) => Some(value.clone()),
        _ => None,
    }
}

/// What a future holds; other types hold themselves.
pub(super) fn awaited(ty: &Ty) -> Ty {
    match ty {
        Ty::Sdk(name, args) if name == "Future" => args.first().cloned().unwrap_or_default(),
        other => other.clone(),
    }
}

/// What a loop over the value gives.
pub(super) fn element(ty: &Ty) -> Ty {
    match ty {
        Ty::Sdk(name, args) if name != "Map" && name != "Future" => args.first().cloned().unwrap_or_default(),
        _ => Ty::Unknown,
    }
}

/// The SDK's collections and futures.
const SDK: [&str; 9] = ["Completer", "Future", "Iterable", "Iterator", "List", "Map", "MapEntry", "Set", "Stream"];

/// A type of `dart:core` or `dart:async` that needs no model.
pub(super) fn core_type(name: &str, mut args: Vec<Ty>) -> Option<Ty> {
    Some(match name {
        "int" | "double" | "num" | "bool" => Ty::Scalar,
        "String" => Ty::String,
        "void" | "Null" | "Never" => Ty::Void,
        "dynamic" | "Object" => Ty::Unknown,
        "FutureOr" => args.pop().unwrap_or_default(),
        "Function" if args.is_empty() => Ty::Function(Box::default(), Vec::new()),
        "Function" => {
            let result = args.remove(0);
            Ty::Function(Box::new(result), args)
        }
        name => {
            let class = sdk_class(name)?;
            args.resize_with(if class.starts_with("Map") { 2 } else { 1 }, Ty::default);
            Ty::Sdk(class.into(), args)
        }
    })
}

/// The class that stands for a class whose values are [`Ty::Sdk`].
pub(super) fn sdk_class(name: &str) -> Option<&'static str> {
    match name {
        "HashMap" | "LinkedHashMap" | "SplayTreeMap" => Some("Map"),
        "HashSet" | "LinkedHashSet" | "SplayTreeSet" => Some("Set"),
        name => SDK.iter().find(|class| **class == name).copied(),
    }
}

/// The type of a member of an SDK collection, read or called; `closure` is what a closure argument returns.
pub(super) fn sdk_member(name: &str, args: &[Ty], member: &str, closure: Option<&Ty>) -> Ty {
    let arg = |at: usize| args.get(at).cloned().unwrap_or_default();
    let sdk = |name: &str, args: Vec<Ty>| Ty::Sdk(name.into(), args);
    let made = || closure.cloned().unwrap_or_default();
    match (name, member) {
        ("Map", "[]" | "remove" | "putIfAbsent" | "update") => arg(1),
        ("Map", "keys") => sdk("Iterable", vec![arg(0)]),
        ("Map", "values") => sdk("Iterable", vec![arg(1)]),
        ("Map", "entries") => sdk("Iterable", vec![sdk("MapEntry", vec![arg(0), arg(1)])]),
        ("MapEntry", "key") => arg(0),
        ("MapEntry", "value") => arg(1),
        ("Iterator", "current") => arg(0),
        ("Completer", "future") => sdk("Future", vec![arg(0)]),
        ("Future", "then") => sdk("Future", vec![awaited(&made())]),
        ("Future", "whenComplete" | "catchError" | "timeout") => sdk("Future", vec![arg(0)]),
        ("List" | "Set" | "Iterable", "join") => Ty::String,
        ("List" | "Set" | "Iterable", "elementAtOrNull" | "firstOrNull" | "lastOrNull" | "singleOrNull") => arg(0),
        ("List" | "Set" | "Iterable", "skipWhile") => sdk("Iterable", vec![arg(0)]),
        ("List", "getRange") => sdk("Iterable", vec![arg(0)]),
        ("List", "asMap") => sdk("Map", vec![Ty::Scalar, arg(0)]),
        ("Stream", "join") => sdk("Future", vec![Ty::String]),
        (_, "length" | "isEmpty" | "isNotEmpty" | "contains" | "containsKey" | "indexOf") => Ty::Scalar,
        ("List" | "Set" | "Iterable", "first" | "last" | "single" | "elementAt" | "[]" | "removeLast" | "removeAt") => {
            arg(0)
        }
        ("List" | "Set" | "Iterable", "firstWhere" | "lastWhere" | "singleWhere" | "reduce" | "lookup") => arg(0),
        ("List" | "Set" | "Iterable", "where" | "take" | "skip" | "reversed" | "followedBy" | "takeWhile") => {
            sdk("Iterable", vec![arg(0)])
        }
        ("List" | "Set" | "Iterable", "indexed") => {
            sdk("Iterable", vec![Ty::Record(vec![("$1".into(), Ty::Scalar), ("$2".into(), arg(0))])])
        }
        ("List" | "Set" | "Iterable", "nonNulls") => sdk("Iterable", vec![arg(0)]),
        ("List" | "Set" | "Iterable", "toList" | "sublist" | "+") => sdk("List", vec![arg(0)]),
        ("List" | "Set" | "Iterable", "toSet" | "union" | "difference" | "intersection") => sdk("Set", vec![arg(0)]),
        ("List" | "Set" | "Iterable", "map") => sdk("Iterable", vec![made()]),
        ("List" | "Set" | "Iterable", "expand") => sdk("Iterable", vec![element(&made())]),
        ("List" | "Set" | "Iterable", "fold") => made(),
        ("List" | "Set" | "Iterable", "iterator") => sdk("Iterator", vec![arg(0)]),
        ("Stream", "where" | "take" | "skip" | "asBroadcastStream" | "distinct" | "handleError") => {
            sdk("Stream", vec![arg(0)])
        }
        ("Stream", "map") => sdk("Stream", vec![made()]),
        ("Stream", "first" | "last" | "single" | "firstWhere") => sdk("Future", vec![arg(0)]),
        ("Stream", "toList") => sdk("Future", vec![sdk("List", vec![arg(0)])]),
        _ => Ty::Unknown,
    }
}

/// What the parameters of a closure receive that an SDK collection's member is given.
pub(super) fn sdk_closure_params(name: &str, args: &[Ty], member: &str) -> Vec<Ty> {
    let arg = |at: usize| args.get(at).cloned().unwrap_or_default();
    match (name, member) {
        ("Map", "forEach" | "map" | "removeWhere") => vec![arg(0), arg(1)],
        ("Future", "then") => vec![arg(0)],
        ("List" | "Set" | "Iterable", "fold") => vec![Ty::Unknown, arg(0)],
        ("List" | "Set" | "Iterable", "reduce" | "sort") => vec![arg(0), arg(0)],
        ("List" | "Set" | "Iterable" | "Stream", _) => vec![arg(0)],
        _ => Vec::new(),
    }
}

/// The result of a static member or constructor of an SDK class.
pub(super) fn sdk_static(name: &str, member: &str, args: &[Ty], given: &[Ty], closure: Option<&Ty>) -> Ty {
    let first = || args.first().cloned().filter(says_something);
    let item = match (name, member) {
        ("List", "generate") => first().or_else(|| closure.cloned()),
        ("List", "filled") => first().or_else(|| given.get(1).cloned()),
        ("List" | "Set", "of" | "from" | "unmodifiable") => first().or_else(|| given.first().map(element)),
        ("Future", "value") => first().or_else(|| given.first().map(awaited)),
        ("Future", "sync" | "microtask" | "new") => first().or_else(|| closure.map(awaited)),
        ("Future", "delayed") => first().or_else(|| closure.map(awaited)),
        ("Future", "wait") => {
            let items = given.first().map(element).map(|future| awaited(&future)).unwrap_or_default();
            return Ty::Sdk("Future".into(), vec![Ty::Sdk("List".into(), vec![items])]);
        }
        ("Completer", _) => first(),
        ("List" | "Set" | "Iterable" | "Stream", "empty" | "new" | "fromIterable" | "value") => first(),
        ("Map", _) => {
            let mut args = args.to_vec();
            args.resize_with(2, Ty::default);
            return Ty::Sdk("Map".into(), args);
        }
        _ => return Ty::Unknown,
    };
    Ty::Sdk(name.into(), vec![item.unwrap_or_default()])
}

/// The type of a record with these fields: positional ones in their order, then those that have a name in the order of the
/// names, in which they are written as one likes.
pub(super) fn record(fields: impl Iterator<Item = (Option<Name>, Ty)>) -> Ty {
    let (mut all, mut named) = (Vec::new(), Vec::new());
    for (label, ty) in fields {
        match label {
            Some(label) => named.push((label, ty)),
            None => all.push((format!("${}", all.len() + 1).into(), ty)),
        }
    }
    named.sort_by(|one, other| one.0.cmp(&other.0));
    all.extend(named);
    Ty::Record(all)
}
