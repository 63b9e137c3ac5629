//! Calls of functions and methods.

use syn::{Expr, PathArguments};

use super::chain::{Found, callee_name};
use super::{Body, copies};
use crate::ir::{Arg, Base, Callee, Const, Operand, Place, Projection, TypeRef};
use crate::lower::rust::types;
use crate::source::Span;

/// Methods that take their receiver apart and hand on what is in it.
const ADAPTERS: &[&str] = &[
    "and_then",
    "await",
    "expect",
    "expect_err",
    "map",
    "map_err",
    "ok",
    "ok_or",
    "ok_or_else",
    "or_else",
    "unwrap",
    "unwrap_err",
    "unwrap_or",
    "unwrap_or_default",
    "unwrap_or_else",
    "unwrap_unchecked",
];

impl Body<'_> {
    /// A call whose callee is a path.
    pub(super) fn call(&mut self, it: &syn::ExprCall, at: Span) -> Operand {
        let Expr::Path(path) = copies::bare(&it.func) else { return Operand::Const(Const::Other) };
        let name = callee_name(path);
        let simple = types::simple(&name);
        if let (Some(only), true) = (it.args.first(), it.args.len() == 1 && matches!(simple, "Some" | "Ok")) {
            return self.consume(only);
        }
        let type_args = path_arguments(&path.path);
        if let ("size_of", [ty], true) = (simple, type_args.as_slice(), it.args.is_empty()) {
            return Operand::SizeOf(ty.clone());
        }
        let name_span = path.path.segments.last().map_or(at, |it| self.between(it.ident.span(), it.ident.span()));
        let ident = path.path.get_ident().map(ToString::to_string);
        let local = ident.and_then(|ident| self.lookup(&ident));
        let callee = match local {
            Some(local) if self.is_in_memory(local) => {
                Callee::Value(self.current.build.load(super::memory::pointee(local), false, name_span))
            }
            Some(local) => Callee::Value(Operand::Local(local)),
            None => Callee::Name(name.clone()),
        };
        let args = self.arguments(it.args.iter());
        let result = self.current.build.call(callee, type_args, args, name_span, at);
        if local.is_none() && never_returns(&name) {
            self.end_path(at);
        }
        result
    }

    /// A call of a value: `(self.callback)(x)`, `f()(x)`.
    pub(super) fn value_call(&mut self, it: &syn::ExprCall, callee: Operand, at: Span) -> Operand {
        let args = self.arguments(it.args.iter());
        let name_span = self.at(&it.func);
        self.current.build.call(Callee::Value(callee), Vec::new(), args, name_span, at)
    }

    pub(super) fn method_call(&mut self, it: &syn::ExprMethodCall, receiver: Found, at: Span) -> Operand {
        let method = it.method.to_string();
        if let Some(value) = self.uninitialised(&receiver, &method, at) {
            return value;
        }
        let receiver_at = self.at(&it.receiver);
        let receiver = match receiver {
            // An array in memory is its address.
            Found::Place(Place { base: Base::Local(local), path })
                if path.as_slice() == [Projection::Pointee] && self.is_array(local) =>
            {
                Operand::Local(local)
            }
            found => self.read(found, receiver_at),
        };
        if outlives_statement(&it.receiver, &method)
            && let Operand::Local(local) = receiver
        {
            self.current.temporaries.push(local);
        }
        let type_args = it.turbofish.as_ref().map(types::generic_arguments).unwrap_or_default();
        let args = self.arguments(it.args.iter());
        let name_span = self.between(it.method.span(), it.method.span());
        let callee = Callee::Method { receiver, name: method.into() };
        self.current.build.call(callee, type_args, args, name_span, at)
    }

    /// Memory that is not yet initialised is the variable's own: `x.as_mut_ptr()` is its address, `x.assume_init()`
    /// reads it, `x.write(v)` writes it.
    fn uninitialised(&mut self, receiver: &Found, method: &str, at: Span) -> Option<Operand> {
        let Found::Place(place @ Place { base: Base::Local(local), path }) = receiver else { return None };
        if path.as_slice() != [Projection::Pointee] || !self.is_uninit_memory(*local) {
            return None;
        }
        match method {
            "as_mut_ptr" | "as_ptr" => Some(Operand::Local(*local)),
            "assume_init" | "assume_init_read" => Some(self.current.build.load(place.clone(), false, at)),
            _ => None,
        }
    }

    fn is_uninit_memory(&self, local: crate::ir::LocalId) -> bool {
        let ty = self.current.build.local(local).and_then(|local| local.ty.as_ref());
        self.is_in_memory(local) && ty.is_none_or(|ty| types::simple(&ty.name) == "MaybeUninit")
    }

    fn is_array(&self, local: crate::ir::LocalId) -> bool {
        let ty = self.current.build.local(local).and_then(|local| local.ty.as_ref());
        self.is_in_memory(local) && ty.is_none_or(|ty| ty.name == "[]")
    }

    pub(super) fn arguments<'a>(&mut self, args: impl Iterator<Item = &'a Expr>) -> Vec<Arg> {
        args.map(|arg| {
            let value = self.consume(arg);
            Arg { name: None, value, span: self.at(arg) }
        })
        .collect()
    }
}

/// Whether a method's result may refer to a receiver that is a value of its own: it ends with the statement. What
/// takes its receiver (by the conventions of the standard library) leaves nothing to end.
fn outlives_statement(receiver: &Expr, method: &str) -> bool {
    if ADAPTERS.binary_search(&method).is_ok() || method.starts_with("into") {
        return false;
    }
    let mut at = copies::bare(receiver);
    loop {
        at = match at {
            Expr::Try(it) => copies::bare(&it.expr),
            Expr::Await(it) => copies::bare(&it.base),
            Expr::MethodCall(it) if ADAPTERS.binary_search(&it.method.to_string().as_str()).is_ok() => {
                copies::bare(&it.receiver)
            }
            // What a constructor or another function gives; what a method gives is more often a view of its receiver.
            Expr::Call(_) => return true,
            Expr::Macro(it) => {
                return it.mac.path.is_ident("format") || it.mac.path.is_ident("vec");
            }
            Expr::MethodCall(it) => {
                let name = it.method.to_string();
                return ["to_owned", "to_string", "to_vec", "clone", "into", "collect"].contains(&name.as_str());
            }
            _ => return false,
        };
    }
}

/// Type arguments of the last segment that has any: `size_of::<T>()`, `Vec::<T>::new()`.
pub(super) fn path_arguments(path: &syn::Path) -> Vec<TypeRef> {
    let found = path.segments.iter().rev().find(|it| matches!(it.arguments, PathArguments::AngleBracketed(_)));
    found.map(|it| types::arguments(&it.arguments)).unwrap_or_default()
}

/// Functions that end the process.
fn never_returns(name: &str) -> bool {
    matches!(
        name,
        "process::exit"
            | "process::abort"
            | "std::process::exit"
            | "std::process::abort"
            | "unreachable_unchecked"
            | "hint::unreachable_unchecked"
            | "std::hint::unreachable_unchecked"
            | "panic::resume_unwind"
            | "std::panic::resume_unwind"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_sorted() {
        assert!(super::ADAPTERS.is_sorted());
    }
}
