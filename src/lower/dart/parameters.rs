//! Formal parameters.

use super::FileLowering;
use crate::ir::{Const, DefaultValue, Flavor, Function, Initializes, Local, LocalId, LocalKind, Param};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// Parameters of functions, methods, closures (a `formal_parameter_list`): pushes [`Param`]s and their locals.
    /// `function.base` must be set.
    pub(crate) fn parameters(&self, node: NodeId, function: &mut Function) {
        let tree = self.tree;
        for child in tree.named_children(node) {
            match tree.kind(child) {
                "formal_parameter" => self.parameter(child, function, Group { named: false, required: true }),
                "optional_formal_parameters" => self.optional_parameters(child, function),
                _ => {}
            }
        }
    }

    /// `[…]` or `{…}`.
    pub(super) fn optional_parameters(&self, node: NodeId, function: &mut Function) {
        let tree = self.tree;
        let named = tree.has_token(node, "{");
        let mut required = false;
        for child in tree.children(node) {
            match tree.kind(child) {
                "required" => required = true,
                "formal_parameter" => self.parameter(child, function, Group { named, required }),
                "," => required = false,
                _ if tree.field(child) == Some("default_value") => {
                    let default = match tree.kind(child) {
                        "identifier" => DefaultValue::Name(tree.text(child).into()),
                        _ => DefaultValue::Const(self.constant(child).unwrap_or(Const::Other)),
                    };
                    if let Some(param) = function.params.last_mut() {
                        param.default = Some(default);
                    }
                }
                _ => {}
            }
        }
    }

    fn parameter(&self, node: NodeId, function: &mut Function, group: Group) {
        let tree = self.tree;
        let field = tree.child_of_kind(node, "field_formal_parameter");
        let inner = field.or_else(|| tree.child_of_kind(node, "super_formal_parameter"));
        let initializes = inner.map(|_| if field.is_some() { Initializes::Field } else { Initializes::Super });
        let holder = inner.unwrap_or(node);
        let Some(name) = tree.child(holder, "name").or_else(|| tree.child_of_kind(holder, "identifier")) else {
            return;
        };

        let local = LocalId(function.locals.len() as u32);
        let span = self.span_in(name, function.base);
        function.locals.push(Local {
            name: self.name(name),
            kind: LocalKind::Param,
            ty: self.formal_type(holder),
            is_final: tree.has_token(holder, "final"),
            span,
        });
        let Group { named, required } = group;
        function.params.push(Param { local, name: self.name(name), named, required, initializes, default: None });
    }

    /// `async`, `async*`, `sync*` of a `function_body` or `function_expression_body`.
    pub(crate) fn flavor(&self, body: NodeId) -> Flavor {
        let tree = self.tree;
        let first = tree.children(body).map(|child| tree.kind(child));
        first
            .filter_map(|kind| match kind {
                "async" => Some(Flavor::Async),
                "async*" => Some(Flavor::AsyncStar),
                "sync*" => Some(Flavor::SyncStar),
                _ => None,
            })
            .next()
            .unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
struct Group {
    named: bool,
    required: bool,
}
