//! Headers of functions and methods.

use syn::spanned::Spanned;
use syn::{FnArg, Pat, ReceiverKind, Visibility};

use super::{FileLowering, attributes, body, items, types, written};
use crate::ir::{
    ClassId, Export, Flavor, Function, FunctionId, FunctionKind, Local, LocalId, LocalKind, Name, Param, TypeRef,
};
use crate::source::Span;

/// The class whose members are being lowered.
pub(super) struct Owner {
    pub(super) class: ClassId,
    /// The name members are known under.
    pub(super) name: Name,
    /// The type of `Self`.
    pub(super) this: TypeRef,
    /// Whether this is `impl Drop`.
    pub(super) drops: bool,
}

/// A parameter whose pattern the body takes apart.
pub(super) struct Taken<'p> {
    /// The whole parameter.
    pub(super) local: LocalId,
    /// Its pattern.
    pub(super) pattern: &'p Pat,
}

impl FileLowering {
    /// Lowers a function, method or declaration. `None` where an unknown condition decides between it and one that is
    /// there already.
    pub(super) fn function(
        &mut self,
        attributes: &[syn::Attribute],
        visibility: &Visibility,
        signature: &syn::Signature,
        block: Option<&syn::Block>,
        owner: Option<&Owner>,
    ) -> Option<FunctionId> {
        let simple = Name::new(signature.ident.to_string());
        let span = self.extent(attributes, visibility, signature, block);
        let drops = owner.is_some_and(|owner| owner.drops) && simple == "drop";
        let kind = if drops { FunctionKind::Destructor } else { FunctionKind::Function };
        let name_span = self.span(signature.ident.span(), signature.ident.span());
        let mut function = self.new_function(kind, simple.clone(), span, name_span);
        if drops {
            function.name = Name::new("~");
        }
        if let Some(owner) = owner {
            function.class = Some(owner.class);
            function.qualified = self.qualified(&format!("{}::{simple}", owner.name));
        }
        if !self.is_first(&function) {
            self.unit.opaque.push(span);
            return None;
        }
        function.is_external = block.is_none();
        function.is_variadic = signature.variadic.is_some();
        function.flavor = if signature.asyncness.is_some() { Flavor::Async } else { Flavor::Sync };
        function.type_params = items::type_params(&signature.generics);
        function.result = written::result(&signature.output).and_then(types::type_ref);
        function.annotations = attributes::annotations(attributes);
        let taken = self.parameters(&mut function, signature, owner);

        let symbol = attributes::exported_symbol(attributes, &simple).filter(|_| has_native_abi(signature));
        let targets = function.targets;
        let class = function.class;
        let id = self.push_function(function);
        if let (Some(symbol), true) = (symbol, block.is_some()) {
            self.unit.exports.push(Export { function: id, symbol, targets, is_marked: true });
        }
        if let Some(class) = class.and_then(|class| self.unit.classes.get_mut(class.index())) {
            class.members.push(id);
        }
        if let Some(block) = block {
            body::lower_function(self, id, &taken, block);
        }
        Some(id)
    }

    /// From the first attribute that is no documentation to the end.
    fn extent(
        &self,
        attributes: &[syn::Attribute],
        visibility: &Visibility,
        signature: &syn::Signature,
        block: Option<&syn::Block>,
    ) -> Span {
        let attribute = attributes.iter().find(|it| !it.path().is_ident("doc")).map(|it| it.pound_token.span);
        let visibility = match visibility {
            Visibility::Public(it) => Some(it.span),
            Visibility::Restricted(it) => Some(it.pub_token.span),
            Visibility::Inherited => None,
        };
        let words = [
            signature.constness.as_ref().map(|it| it.span),
            signature.asyncness.as_ref().map(|it| it.span),
            match &signature.safety {
                syn::Safety::Safe(it) => Some(it.span),
                syn::Safety::Unsafe(it) => Some(it.span),
                syn::Safety::Default => None,
            },
            signature.abi.as_ref().map(|it| it.extern_token.span),
        ];
        let first = attribute.or(visibility).or(words.into_iter().flatten().next());
        let last = match (block, &signature.output) {
            (Some(block), _) => block.brace_token.span.close(),
            (None, syn::ReturnType::Type(_, ty)) => ty.span(),
            (None, syn::ReturnType::Default) => signature.paren_token.span.close(),
        };
        self.span(first.unwrap_or(signature.fn_token.span), last)
    }

    /// Whether this is the first definition of its name here. Several are possible under conditions that are not about
    /// targets; the first one stands for all.
    fn is_first(&mut self, function: &Function) -> bool {
        let scope = self.scope;
        let key = (function.class, function.qualified.clone());
        match self.defined.get_mut(&key) {
            Some(known) if scope.uncertain && !scope.is_apart_from(*known) => false,
            Some(known) => {
                *known = known.or(scope.targets);
                true
            }
            None => {
                self.defined.insert(key, scope.targets);
                true
            }
        }
    }

    fn parameters<'p>(
        &self,
        function: &mut Function,
        signature: &'p syn::Signature,
        owner: Option<&Owner>,
    ) -> Vec<Taken<'p>> {
        let base = function.base;
        let mut taken = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    function.is_static = false;
                    let this = owner.map_or_else(|| TypeRef::named("Self"), |owner| owner.this.clone());
                    let ty = match &receiver.kind {
                        ReceiverKind::Value => this,
                        ReceiverKind::Reference(_, _, mutable) => types::reference(this, mutable.is_some()),
                        ReceiverKind::Typed(_, ty) => types::type_ref(ty).unwrap_or(this),
                        _ => types::reference(this, true),
                    };
                    let span = self.span(receiver.self_token.span, receiver.self_token.span).relative_to(base);
                    let name = Name::new("self");
                    let is_final = receiver.mutability.is_none();
                    function.locals.push(Local { name, kind: LocalKind::This, ty: Some(ty), is_final, span });
                }
                FnArg::Typed(typed) => {
                    let local = LocalId(function.locals.len() as u32);
                    let (name, is_final, place) = match typed.pat.as_ref() {
                        Pat::Ident(it) if it.by_ref.is_none() && it.subpat.is_none() => {
                            (Name::new(it.ident.to_string()), it.mutability.is_none(), it.ident.span())
                        }
                        pattern => {
                            taken.push(Taken { local, pattern });
                            (Name::default(), true, pattern.span())
                        }
                    };
                    let span = self.span(place, place).relative_to(base);
                    let ty = types::type_ref(&typed.ty);
                    function.locals.push(Local { name: name.clone(), kind: LocalKind::Param, ty, is_final, span });
                    function.params.push(Param {
                        local,
                        name,
                        named: false,
                        required: true,
                        initializes: None,
                        default: None,
                    });
                }
            }
        }
        taken
    }
}

/// Whether others can call it: `extern "C"`, `"C-unwind"`, `"system"`, `"stdcall"` …, not Rust's own convention.
fn has_native_abi(signature: &syn::Signature) -> bool {
    signature.abi.as_ref().is_some_and(|abi| abi.name.as_ref().is_none_or(|name| !name.value().starts_with("Rust")))
}
