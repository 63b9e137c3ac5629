//! Values as they are before what comes later changes the variable they stand for.

use super::Body;
use crate::ir::Operand;
use crate::parse::NodeId;

/// Nodes looked at to find out whether evaluating them assigns a local; larger ones are taken to do so.
const ASSIGNMENT_SEARCH: usize = 1000;

impl Body<'_, '_> {
    /// A variable's value as it is now, where evaluating `later` may assign it.
    pub(super) fn settled(&mut self, value: Operand, later: &[NodeId]) -> Operand {
        let Operand::Local(local) = value else { return value };
        let named = self.current.build.local(local).is_some_and(|local| !local.name.is_empty());
        if !named || !later.iter().any(|&node| self.assigns(node)) {
            return value;
        }
        let span = later.first().map_or_else(Default::default, |&node| self.span(node));
        Operand::Local(self.current.build.copy_of(value, span))
    }

    fn assigns(&self, node: NodeId) -> bool {
        let tree = self.tree;
        if matches!(tree.kind(node), "arrow_function" | "function_expression" | "identifier") {
            return false;
        }
        let mut nodes = tree.descendants(node);
        let found = nodes.by_ref().take(ASSIGNMENT_SEARCH).any(|node| {
            matches!(tree.kind(node), "assignment_expression" | "augmented_assignment_expression" | "update_expression")
        });
        found || nodes.next().is_some()
    }
}
