//! Variables outside functions.

use super::FileLowering;
use super::types::{Declared, unqualified};
use crate::ir::{Name, TypeRef, Variable};
use crate::parse::NodeId;

impl FileLowering<'_> {
    pub(super) fn variable(&mut self, node: NodeId, declarator: NodeId, declared: Declared) {
        let tree = self.tree;
        let Some(name) = declared.name else { return };
        let path = self.path(name);
        let Some(last) = path.last else { return };
        let own = super::types::joined(&path.scope, tree.text(last));
        let full = self.qualified(&own);
        let value = tree.child(declarator, "value").or_else(|| tree.child(node, "value"));
        let ty = declared.ty;
        let is_extern = tree
            .children(node)
            .any(|child| tree.kind(child) == "storage_class_specifier" && tree.text(child) == "extern");
        if let Some(ty) = &ty {
            self.globals.insert(own.clone(), unqualified(ty.clone()));
            self.globals.insert(full.clone(), unqualified(ty.clone()));
        }
        if is_extern && value.is_none() {
            return;
        }
        let initializer = value.map(|value| self.initializer(name, value, ty.as_ref()));
        self.hoist(full, ty, initializer, last);
    }

    /// Adds a variable of the unit.
    pub(super) fn hoist(
        &mut self,
        name: Name,
        ty: Option<TypeRef>,
        initializer: Option<crate::ir::FunctionId>,
        node: NodeId,
    ) {
        let is_final = ty.as_ref().is_some_and(|ty| ty.name == "const");
        self.unit.variables.push(Variable {
            name,
            ty: ty.map(unqualified),
            is_static: true,
            is_final,
            is_late: false,
            is_const: false,
            initializer,
            annotations: Vec::new(),
            span: self.tree.span(node),
        });
    }
}
