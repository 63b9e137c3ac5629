//! What stands at the top of a file: directives, classes, functions, variables, typedefs.

use super::FileLowering;
use crate::ir::{FunctionKind, TypeAlias, Variable};
use crate::parse::NodeId;

use super::functions::{Member, Owner};

impl FileLowering<'_> {
    /// Lowers the whole file.
    pub(super) fn declarations(&mut self) {
        for (node, in_error) in self.outside_errors(self.tree.root()) {
            self.declaration(node, in_error);
        }
    }

    /// The children of a node with those of `ERROR` nodes in their place, and whether they stand in one.
    pub(super) fn outside_errors(&self, node: NodeId) -> Vec<(NodeId, bool)> {
        let tree = self.tree;
        let mut found = Vec::new();
        let in_error = tree.kind(node) == "ERROR";
        let mut open: Vec<(NodeId, bool)> = vec![(node, in_error)];
        let mut expand = true;
        while let Some((node, in_error)) = open.pop() {
            if !expand && tree.kind(node) != "ERROR" {
                found.push((node, in_error));
                continue;
            }
            let in_error = in_error || tree.kind(node) == "ERROR";
            let from = open.len();
            open.extend(tree.named_children(node).map(|child| (child, in_error)));
            if let Some(children) = open.get_mut(from..) {
                children.reverse();
            }
            expand = false;
        }
        found
    }

    fn declaration(&mut self, node: NodeId, in_error: bool) {
        match self.tree.kind(node) {
            "library_name" | "import_or_export" | "part_directive" | "part_of_directive" => self.directive(node),
            "class_declaration"
            | "mixin_declaration"
            | "enum_declaration"
            | "extension_declaration"
            | "extension_type_declaration" => self.class(node, in_error),
            "function_declaration"
            | "getter_declaration"
            | "setter_declaration"
            | "external_function_declaration"
            | "external_getter_declaration"
            | "external_setter_declaration" => {
                self.function(Member { node, holder: node, owner: None, in_error });
            }
            "top_level_variable_declaration" | "external_variable_declaration" => {
                let variables = self.variables(Member { node, holder: node, owner: None, in_error });
                self.unit.variables.extend(variables);
            }
            "type_alias" => self.alias(node),
            _ => {}
        }
    }

    fn alias(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(name) = tree.child_of_kind(node, "type_identifier") else { return };
        let ty = tree.child_of_kind(node, "type").and_then(|ty| self.type_ref(ty));
        let target = match tree.child_of_kind(node, "formal_parameter_list") {
            Some(list) => Some(self.type_of_parameters(ty, list)),
            None => ty,
        };
        let Some(target) = target else { return };
        let type_params =
            tree.child_of_kind(node, "type_parameters").map_or(Vec::new(), |params| self.type_params(params));
        self.unit.aliases.push(TypeAlias { name: self.name(name), type_params, target });
    }

    /// The variables of one declaration, their initializers added to the unit's functions.
    pub(super) fn variables(&mut self, member: Member<'_>) -> Vec<Variable> {
        let tree = self.tree;
        let Member { node, holder, owner, in_error } = member;
        let ty = tree.child_of_kind(holder, "type").and_then(|ty| self.type_ref(ty));
        let annotations = self.annotations(node);
        let is_const = tree.has_token(holder, "const");
        let lists = tree.named_children(holder).filter(|&child| {
            matches!(
                tree.kind(child),
                "static_final_declaration_list" | "initialized_identifier_list" | "identifier_list"
            )
        });
        let mut variables = Vec::new();
        for item in lists.flat_map(|list| tree.named_children(list)) {
            let name = match tree.kind(item) {
                "identifier" => Some(item),
                _ => tree.child(item, "name"),
            };
            let Some(name) = name else { continue };
            let variable = Variable {
                name: self.name(name),
                ty: ty.clone(),
                is_static: owner.is_none() || is_const || tree.has_token(holder, "static"),
                is_final: is_const || tree.has_token(holder, "final"),
                is_late: tree.has_token(holder, "late"),
                is_const,
                initializer: None,
                annotations: annotations.clone(),
                span: tree.span(name),
            };
            let initializer =
                tree.child(item, "value").map(|value| self.initializer(item, name, value, &variable, owner, in_error));
            variables.push(Variable { initializer, ..variable });
        }
        variables
    }

    fn initializer(
        &mut self,
        node: NodeId,
        name: NodeId,
        value: NodeId,
        variable: &Variable,
        owner: Option<&Owner>,
        in_error: bool,
    ) -> crate::ir::FunctionId {
        let mut function = self.new_function(FunctionKind::Initializer, node, Some(name));
        function.is_static = variable.is_static;
        function.result = variable.ty.clone();
        self.join(&mut function, owner);
        self.add(function, node, in_error, Some(super::BodySource::Expression(value)))
    }
}
