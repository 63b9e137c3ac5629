//! Parameters, and what they are taken apart into.

use super::FileLowering;
use crate::ir::{DefaultValue, Function, Initializes, Local, LocalId, LocalKind, Name, Param};
use crate::parse::NodeId;

/// A parameter that is taken apart.
pub(super) type Unpacked = (LocalId, NodeId);

impl FileLowering<'_> {
    /// Adds the parameters of a function's declaration; gives those that its body takes apart.
    pub(super) fn parameters(&self, node: NodeId, function: &mut Function) -> Vec<Unpacked> {
        let tree = self.tree;
        let mut unpacked = Vec::new();
        // `x => …`
        if let Some(name) = tree.child(node, "parameter") {
            self.parameter(function, name, name, None);
        }
        let list = tree.child(node, "parameters").into_iter().flat_map(|list| tree.named_children(list));
        for param in list {
            let Some(pattern) = tree.child(param, "pattern").or_else(|| tree.child(param, "name")) else { continue };
            if tree.kind(pattern) == "this" {
                continue;
            }
            let local = self.parameter(function, param, pattern, tree.child(param, "value"));
            if !matches!(tree.kind(pattern), "identifier") {
                unpacked.push((local, pattern));
            }
        }
        unpacked
    }

    fn parameter(&self, function: &mut Function, node: NodeId, pattern: NodeId, value: Option<NodeId>) -> LocalId {
        let tree = self.tree;
        let name = if tree.kind(pattern) == "identifier" { self.name(pattern) } else { Name::default() };
        let local = LocalId(function.locals.len() as u32);
        let is_field = tree.child_of_kind(node, "accessibility_modifier").is_some() || tree.has_token(node, "readonly");
        let span = self.span_in(pattern, function.base);
        function.locals.push(Local {
            name: name.clone(),
            kind: LocalKind::Param,
            ty: self.annotated(node, "type"),
            is_final: false,
            span,
        });
        let default = value.and_then(|value| match tree.kind(value) {
            "identifier" => Some(DefaultValue::Name(Name::new(tree.text(value)))),
            _ => self.constant(value).map(DefaultValue::Const),
        });
        let required = value.is_none() && tree.kind(node) != "optional_parameter";
        let initializes = is_field.then_some(Initializes::Field);
        function.params.push(Param { local, name, named: false, required, initializes, default });
        local
    }
}
