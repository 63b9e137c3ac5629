//! What stands at the top of a module: functions, classes, variables, and statements.

use super::modules::DEFAULT;
use super::{BodySource, FileLowering, body};
use crate::ir::{Function, FunctionKind, Incomplete, Name, TypeAlias, Variable};
use crate::parse::NodeId;
use crate::source::Span;

impl FileLowering<'_> {
    /// Lowers the whole file.
    pub(super) fn module(&mut self) {
        self.directives();
        let tree = self.tree;
        let mut statements = Vec::new();
        for (node, in_error) in self.outside_errors(tree.root()) {
            self.declaration(node, in_error, &mut statements);
        }
        self.statements(statements);
    }

    /// The children of a node with those of `ERROR` nodes in their place, and whether they stand in one.
    pub(super) fn outside_errors(&self, node: NodeId) -> Vec<(NodeId, bool)> {
        let tree = self.tree;
        let mut found = Vec::new();
        let mut open: Vec<(NodeId, bool)> = tree.named_children(node).map(|child| (child, false)).collect();
        open.reverse();
        while let Some((node, in_error)) = open.pop() {
            if tree.kind(node) != "ERROR" {
                found.push((node, in_error));
                continue;
            }
            let from = open.len();
            open.extend(tree.named_children(node).map(|child| (child, true)));
            if let Some(children) = open.get_mut(from..) {
                children.reverse();
            }
        }
        found
    }

    pub(super) fn declaration(&mut self, node: NodeId, in_error: bool, statements: &mut Vec<NodeId>) {
        let tree = self.tree;
        match tree.kind(node) {
            "import_statement" | "import_alias" | "hash_bang_line" | "empty_statement" => {}
            "export_statement" => match tree.child(node, "declaration").or_else(|| tree.child(node, "value")) {
                Some(value) if tree.has_token(node, DEFAULT) && self.is_nameless(value) => {
                    self.nameless(node, value, in_error);
                }
                Some(declared) => self.declaration(declared, in_error, statements),
                // `export default struct { … }`, `export default function () {}`
                None => {
                    for child in tree.named_children(node).filter(|&child| tree.kind(child) != "export_clause") {
                        self.declaration(child, in_error, statements);
                    }
                }
            },
            "ambient_declaration" => {
                let is_namespace = |kind: &str| matches!(kind, "internal_module" | "module");
                for child in tree.named_children(node).filter(|&child| !is_namespace(tree.kind(child))) {
                    self.declaration(child, in_error, statements);
                }
            }
            "class_declaration" | "abstract_class_declaration" | "class" | "interface_declaration" => {
                self.class(node, in_error);
            }
            "function_declaration" | "generator_function_declaration" => {
                self.given_table(node);
                let owner = self.namespace_owner();
                let function = self.function(node, owner.as_ref(), in_error);
                self.join_namespace(function);
            }
            "lexical_declaration" | "variable_declaration" => self.variables(node, in_error, statements),
            "type_alias_declaration" => self.alias(node),
            "function_signature" | "enum_declaration" | "decorator" => {}
            "internal_module" | "module" => self.namespace(node, in_error),
            // `namespace a {}`, where nothing is exported
            "expression_statement" if tree.child_of_kind(node, "internal_module").is_some() => {
                if let Some(namespace) = tree.child_of_kind(node, "internal_module") {
                    self.namespace(namespace, in_error);
                }
            }
            "string" | "identifier" | "namespace_export" => {}
            _ if in_error => {}
            _ => statements.push(node),
        }
    }

    /// Whether what is exported is a value without a name.
    fn is_nameless(&self, value: NodeId) -> bool {
        let tree = self.tree;
        !matches!(tree.kind(value), "identifier" | "class") && tree.child(value, "name").is_none()
    }

    /// `export default (a) => b`: a function that others import, or a variable.
    fn nameless(&mut self, node: NodeId, value: NodeId, in_error: bool) {
        let name = Name::new(DEFAULT);
        if is_function(self.tree.kind(value)) {
            let function = self.function(value, None, in_error);
            if let Some(function) = function.and_then(|id| self.unit.functions.get_mut(id.index())) {
                function.name = name.clone();
                function.qualified = name;
            }
            return;
        }
        let mut function = self.new_function(FunctionKind::Initializer, node, None);
        function.is_static = true;
        function.name = name.clone();
        function.qualified = name.clone();
        self.constant_table(value);
        let initializer = self.add(function, node, in_error, Some(BodySource::Expression(value)), &[]);
        let variable = Variable { name, initializer: Some(initializer), ..self.variable(node, true) };
        self.unit.variables.push(Variable { span: self.first_token(node), ..variable });
    }

    /// `function table() { return { … } }`
    fn given_table(&mut self, function: NodeId) {
        let tree = self.tree;
        if let (Some(given), Some(name)) = (self.returned(function), tree.child(function, "name")) {
            self.given_by = Some(self.name(name));
            self.constant_table(given);
            self.given_by = None;
        }
    }

    fn alias(&mut self, node: NodeId) {
        let tree = self.tree;
        let (Some(name), Some(value)) = (tree.child(node, "name"), tree.child(node, "value")) else { return };
        let Some(target) = self.type_ref(value) else { return };
        self.unit.aliases.push(TypeAlias { name: self.name(name), type_params: self.type_params(node), target });
    }

    fn variables(&mut self, node: NodeId, in_error: bool, statements: &mut Vec<NodeId>) {
        let tree = self.tree;
        let is_const = tree.child(node, "kind").is_some_and(|kind| tree.kind(kind) == "const");
        let owner = self.namespace_owner();
        for declarator in tree.named_children(node).filter(|&child| tree.kind(child) == "variable_declarator") {
            let Some(name) = tree.child(declarator, "name") else { continue };
            let value = tree.child(declarator, "value");
            if tree.kind(name) != "identifier" {
                let parts = value.filter(|_| is_const && !in_error).and_then(|value| Some((value, self.parts(name)?)));
                match parts {
                    Some((value, parts)) => self.taken_apart(declarator, value, parts),
                    None => self.unpacked(declarator, name, value, statements),
                }
                continue;
            }
            if let Some(value) = value.filter(|_| is_const) {
                if is_function(tree.kind(value)) {
                    if let Some(given) = self.returned(value) {
                        self.constant_table(given);
                    }
                    let function = self.function_in(declarator, value, Some(name), owner.as_ref(), in_error);
                    self.join_namespace(function);
                    continue;
                }
                self.constant_table(value);
            }
            let ty = self.annotated(declarator, "type");
            let initializer = value.map(|value| {
                let mut function = self.new_function(FunctionKind::Initializer, declarator, Some(name));
                function.is_static = true;
                function.result.clone_from(&ty);
                self.join(&mut function, owner.as_ref());
                self.add(function, declarator, in_error, Some(BodySource::Expression(value)), &[])
            });
            let variable = self.variable(name, is_const);
            self.add_variable(Variable { ty, initializer, ..variable });
        }
    }

    pub(super) fn variable(&self, name: NodeId, is_final: bool) -> Variable {
        Variable {
            name: self.name(name),
            ty: None,
            is_static: true,
            is_final,
            is_late: false,
            is_const: false,
            initializer: None,
            annotations: Vec::new(),
            span: self.tree.span(name),
        }
    }

    /// `const { a, b } = f()`: variables that the module's statements fill.
    fn unpacked(&mut self, node: NodeId, pattern: NodeId, value: Option<NodeId>, statements: &mut Vec<NodeId>) {
        let tree = self.tree;
        let names = tree
            .descendants(pattern)
            .filter(|&name| matches!(tree.kind(name), "shorthand_property_identifier_pattern" | "identifier"));
        let variables: Vec<Variable> = names.map(|name| self.variable(name, false)).collect();
        for variable in variables {
            self.add_variable(variable);
        }
        if value.is_some() {
            statements.push(node);
        }
    }

    /// What the module does when it is loaded, as a function of its own.
    pub(super) fn statements(&mut self, statements: Vec<NodeId>) {
        let tree = self.tree;
        let (Some(&first), Some(&last)) = (statements.first(), statements.last()) else { return };
        let span = Span::new(tree.span(first).start, tree.span(last).end);
        let name = self.namespace_owner().map_or_else(|| Name::new("module"), |owner| owner.name);
        let mut function =
            Function::empty(FunctionKind::Function, Name::default(), name, span, self.first_token(first));
        function.is_static = true;
        let broken = statements.iter().any(|&node| tree.is_broken(node));
        if broken {
            function.incomplete = Some(Incomplete::SyntaxError);
        } else if statements.iter().any(|&node| tree.height(node) > self.depth) {
            function.incomplete = Some(Incomplete::TooDeep);
        }
        let whole = function.incomplete.is_none();
        let id = self.push_function(function);
        if whole {
            body::lower_statements(self, id, &statements);
        }
    }
}

/// Whether an expression is a function.
fn is_function(kind: &str) -> bool {
    matches!(kind, "arrow_function" | "function_expression" | "generator_function")
}
