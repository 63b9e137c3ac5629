//! Headers of functions and methods.

use super::{BodySource, FileLowering, body};
use crate::ir::{ClassId, Flavor, Function, FunctionId, FunctionKind, Incomplete, Name, TypeRef};
use crate::parse::NodeId;

/// The class whose members are being lowered.
pub(super) struct Owner {
    pub(super) class: ClassId,
    pub(super) name: Name,
    /// The type of `this`.
    pub(super) this: TypeRef,
    /// There are no objects of it.
    pub(super) is_namespace: bool,
}

impl FileLowering<'_> {
    /// Lowers a function or a method.
    pub(super) fn function(&mut self, node: NodeId, owner: Option<&Owner>, in_error: bool) -> Option<FunctionId> {
        self.function_in(node, node, self.tree.child(node, "name"), owner, in_error)
    }

    /// Lowers a function whose declaration is `around` it: `const f = () => …`.
    pub(super) fn function_in(
        &mut self,
        around: NodeId,
        node: NodeId,
        name: Option<NodeId>,
        owner: Option<&Owner>,
        in_error: bool,
    ) -> Option<FunctionId> {
        let tree = self.tree;
        let kind = match owner {
            Some(_) if name.is_some_and(|name| tree.text(name) == "constructor") => FunctionKind::Constructor,
            _ if tree.has_token(node, "get") => FunctionKind::Getter,
            _ if tree.has_token(node, "set") => FunctionKind::Setter,
            _ => FunctionKind::Function,
        };
        let mut function = self.new_function(kind, around, name);
        if kind == FunctionKind::Constructor {
            function.name = Name::default();
        }
        let is_plain = owner.is_none_or(|owner| owner.is_namespace);
        function.is_static = is_plain || tree.has_token(node, "static");
        self.header(node, &mut function);
        self.join(&mut function, owner);
        let unpacked = self.parameters(node, &mut function);
        let body = tree.child(node, "body");
        function.is_external = body.is_none();
        Some(self.add(function, around, in_error, body.map(BodySource::Body), &unpacked))
    }

    /// What a declaration says of a function beside its parameters.
    pub(super) fn header(&self, node: NodeId, function: &mut Function) {
        let tree = self.tree;
        function.result = self.annotated(node, "return_type");
        function.type_params = self.type_params(node);
        let generates = tree.kind(node).starts_with("generator") || tree.has_token(node, "*");
        function.flavor = match (tree.has_token(node, "async"), generates) {
            (true, true) => Flavor::AsyncStar,
            (true, false) => Flavor::Async,
            (false, true) => Flavor::SyncStar,
            (false, false) => Flavor::Sync,
        };
    }

    /// Gives a function its class: qualified name and `this`.
    pub(super) fn join(&self, function: &mut Function, owner: Option<&Owner>) {
        let own: Name = match function.kind {
            FunctionKind::Setter => format!("{}=", function.name).into(),
            FunctionKind::Constructor => owner.map_or(Name::default(), |owner| owner.name.clone()),
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
        unpacked: &[super::parameters::Unpacked],
    ) -> FunctionId {
        if in_error || self.tree.is_broken(node) {
            function.incomplete = Some(Incomplete::SyntaxError);
        } else if self.tree.height(node) > self.depth {
            function.incomplete = Some(Incomplete::TooDeep);
        }
        let whole = function.incomplete.is_none();
        let id = self.push_function(function);
        if let (true, Some(source)) = (whole, source) {
            body::lower(self, id, source, unpacked);
        }
        id
    }
}
