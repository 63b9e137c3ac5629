//! Headers of functions and members.

use super::{BodySource, FileLowering, body};
use crate::ir::{ClassId, Function, FunctionId, FunctionKind, Incomplete, Name, TypeRef};
use crate::parse::NodeId;
use crate::source::Span;

/// The class whose members are being lowered.
pub(super) struct Owner {
    pub(super) class: ClassId,
    /// The name members are known under: the class's, for an unnamed extension its `on` type's.
    pub(super) name: Name,
    /// The type of `this`.
    pub(super) this: TypeRef,
    /// Whether it can have constructors.
    pub(super) constructible: bool,
}

/// A declaration of a function or of variables.
#[derive(Clone, Copy)]
pub(super) struct Member<'o> {
    /// The whole of it, with its annotations.
    pub(super) node: NodeId,
    /// What holds the signature and the words before it: `declaration`, `method_signature` or the whole.
    pub(super) holder: NodeId,
    pub(super) owner: Option<&'o Owner>,
    /// Whether it stands inside a syntax error.
    pub(super) in_error: bool,
}

impl FileLowering<'_> {
    /// Lowers a function, accessor, operator or constructor.
    pub(super) fn function(&mut self, member: Member<'_>) -> Option<FunctionId> {
        let tree = self.tree;
        let Member { node, holder, owner, in_error } = member;
        let signature = tree.named_children(holder).find(|&child| tree.kind(child).ends_with("_signature"))?;
        let names: Vec<NodeId> = tree.fields(signature, "name").filter(|&name| tree.kind(name) != ".").collect();
        let kind = self.function_kind(signature, &names, owner)?;

        let mut function = self.new_function(kind, node, names.first().copied());
        match kind {
            FunctionKind::Constructor | FunctionKind::Factory => {
                self.name_constructor(&mut function, signature, &names)
            }
            FunctionKind::Operator => self.name_operator(&mut function, signature),
            _ => {}
        }
        let external = tree.child_of_kind(holder, "external").is_some();
        function.is_static = owner.is_none() || kind == FunctionKind::Factory || tree.has_token(holder, "static");
        function.result = tree.child(signature, "return_type").and_then(|ty| self.type_ref(ty));
        function.annotations = self.annotations(node);
        if let Some(params) = tree.child_of_kind(signature, "type_parameters") {
            function.type_params = self.type_params(params);
        }
        self.join(&mut function, owner);
        if let Some(list) = tree.child_of_kind(signature, "formal_parameter_list") {
            self.parameters(list, &mut function);
        }

        let body = self.body_of(node);
        if let Some(body) = body {
            function.flavor = self.flavor(body);
        }
        let initializers =
            tree.named_children(holder).find(|&child| matches!(tree.kind(child), "initializers" | "redirection"));
        let redirects = tree.kind(signature) == "redirecting_factory_constructor_signature";
        let redirect = redirects.then_some(signature);
        function.is_external = external || (body.is_none() && kind != FunctionKind::Constructor && !redirects);
        let source = BodySource::Function { body, initializers, redirect };
        let source = (!function.is_external).then_some(source);
        let id = self.add(function, node, in_error, source);
        self.bind(id);
        Some(id)
    }

    /// The `function_body` of a declaration, unless native code stands for it.
    pub(super) fn body_of(&self, node: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        tree.child(node, "body").filter(|&body| tree.child_of_kind(body, "native").is_none())
    }

    /// Gives a function its class: qualified name and `this`.
    pub(super) fn join(&self, function: &mut Function, owner: Option<&Owner>) {
        let own: Name = match function.kind {
            FunctionKind::Setter => format!("{}=", function.name).into(),
            FunctionKind::Operator => format!("operator {}", function.name).into(),
            FunctionKind::Constructor | FunctionKind::Factory if function.name.is_empty() => {
                owner.map_or(Name::default(), |owner| owner.name.clone())
            }
            _ => function.name.clone(),
        };
        match owner {
            Some(owner) => function.join(owner.class, &owner.name, &own, &owner.this),
            None => function.qualified = own,
        }
    }

    /// Adds a function whose header stands and lowers its body, if it has one that can be lowered.
    pub(super) fn add(
        &mut self,
        mut function: Function,
        node: NodeId,
        in_error: bool,
        source: Option<BodySource>,
    ) -> FunctionId {
        if in_error || self.tree.is_broken(node) {
            function.incomplete = Some(Incomplete::SyntaxError);
        } else if self.tree.height(node) > self.depth {
            function.incomplete = Some(Incomplete::TooDeep);
        }
        let whole = function.incomplete.is_none();
        let id = self.push_function(function);
        if let (true, Some(source)) = (whole, source) {
            body::lower(self, id, source);
        }
        id
    }

    fn function_kind(&self, signature: NodeId, names: &[NodeId], owner: Option<&Owner>) -> Option<FunctionKind> {
        let tree = self.tree;
        let own_name = |name: &NodeId| owner.is_some_and(|owner| owner.constructible && tree.text(*name) == owner.name);
        Some(match tree.kind(signature) {
            "getter_signature" => FunctionKind::Getter,
            "setter_signature" => FunctionKind::Setter,
            "operator_signature" => FunctionKind::Operator,
            "factory_constructor_signature" | "redirecting_factory_constructor_signature" => FunctionKind::Factory,
            // `f();` in a class is read as a constructor, `C() {…}` as a function: the class's name decides.
            "constructor_signature" if !tree.has_token(signature, "new") => match names {
                [name] if !own_name(name) => FunctionKind::Function,
                _ => FunctionKind::Constructor,
            },
            "constructor_signature" | "constant_constructor_signature" => FunctionKind::Constructor,
            "function_signature" => match names {
                [name] if own_name(name) && tree.child(signature, "return_type").is_none() => FunctionKind::Constructor,
                _ => FunctionKind::Function,
            },
            _ => return None,
        })
    }

    /// `C`, `C.name`, `C.new`, `new`, `new name`: keeps the part that tells constructors apart.
    fn name_constructor(&self, function: &mut Function, signature: NodeId, names: &[NodeId]) {
        let tree = self.tree;
        let bare =
            tree.children(signature).take(2).any(|child| tree.kind(child) == "new" && tree.field(child).is_none());
        let part = if bare { names.first() } else { names.get(1) };
        function.name = part.map_or(Name::default(), |&part| self.name(part));
        if function.name == "new" {
            function.name = Name::default();
        }
        if let (Some(&first), Some(&last)) = (names.first(), names.last()) {
            function.name_span = Span::new(tree.span(first).start, tree.span(last).end);
        }
    }

    fn name_operator(&self, function: &mut Function, signature: NodeId) {
        let tree = self.tree;
        let Some(operator) = tree.child(signature, "operator") else { return };
        function.name_span = tree.span(operator);
        let unary = tree
            .child_of_kind(signature, "formal_parameter_list")
            .is_some_and(|list| tree.named_children(list).next().is_none());
        function.name = match tree.text(operator) {
            // The same sign names two operators.
            "-" if unary => Name::new("unary-"),
            operator => operator.into(),
        };
    }
}
