//! Which declaration a name means, and where a declaration is used: an index of the whole file, made when it is first asked.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::FileLowering;
use super::modules::DEFAULT;
use crate::ir::Name;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

/// Members that lead to what others know by its name.
const MAX_STEPS: usize = 4;

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Names<'t> {
    declared: FxHashMap<&'t str, Vec<Declared>>,
    /// Where names are written, in order.
    named: FxHashMap<&'t str, Vec<NodeId>>,
    /// What an address is taken of.
    addressed: FxHashSet<NodeId>,
    /// What objects are the values of, by the last step to it.
    around: FxHashMap<NodeId, u32>,
    steps: Vec<Step>,
}

/// A step to a value: a variable, a class, a property.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// What gives it its name.
    name: NodeId,
    /// The step before, where the name is that of a member.
    within: Option<u32>,
}

/// One declaration of a name.
#[derive(Clone, Copy, Debug)]
struct Declared {
    /// Where it is known.
    scope: Span,
    /// Its `variable_declarator`, where it is one of a single name.
    declarator: Option<NodeId>,
    /// The class or function that it declares.
    whole: Option<NodeId>,
}

impl<'t> Names<'t> {
    fn of(file: &FileLowering<'t>) -> Self {
        let tree = file.tree;
        let mut names = Self::default();
        let root = tree.span(tree.root());
        // Scopes and declarations that the walk is in, innermost last; whether a scope is that of a function.
        let mut scopes: Vec<(Span, bool)> = vec![(root, true)];
        // The steps to what the walk is in.
        let mut inside: Vec<(NodeId, u32)> = Vec::new();
        for node in tree.descendants(tree.root()) {
            let span = tree.span(node);
            while scopes.len() > 1 && scopes.last().is_some_and(|(scope, _)| scope.end <= span.start) {
                scopes.pop();
            }
            while inside.last().is_some_and(|&(at, _)| tree.span(at).end <= span.start) {
                inside.pop();
            }
            let scope = scopes.last().map_or(root, |(scope, _)| *scope);
            let kind = tree.kind(node);
            match kind {
                "identifier" | "shorthand_property_identifier" => {
                    names.named.entry(tree.text(node)).or_default().push(node);
                }
                "variable_declarator" => {
                    let Some(name) = tree.child(node, "name") else { continue };
                    // Others name it by its namespace.
                    let within = inside.last().filter(|(at, _)| matches!(tree.kind(*at), "internal_module" | "module"));
                    inside.push((node, names.step(name, within.map(|&(_, step)| step))));
                    match tree.kind(name) {
                        "identifier" => names.declare(tree.text(name), scope, Some(node)),
                        _ => names.declare_all(tree, name, scope),
                    }
                }
                // `var` is known in the whole function.
                "variable_declaration" => {
                    let function = scopes.iter().rev().find(|(_, is_function)| *is_function);
                    let function = function.map_or(root, |(scope, _)| *scope);
                    if function != scope {
                        let all = tree.named_children(node).filter(|&at| tree.kind(at) == "variable_declarator");
                        for name in all.filter_map(|at| tree.child(at, "name")) {
                            names.declare_all(tree, name, function);
                        }
                    }
                }
                "object" => {
                    names.around.extend(inside.last().map(|&(_, step)| (node, step)));
                }
                "pair" => {
                    let within = inside.last().map(|&(_, step)| step);
                    if let (Some(within), Some(key)) = (within, tree.child(node, "key")) {
                        inside.push((node, names.step(key, Some(within))));
                    }
                }
                "public_field_definition" if tree.has_token(node, "static") => {
                    let within = inside.last().map(|&(_, step)| step);
                    if let (Some(within), Some(name)) = (within, tree.child(node, "name")) {
                        inside.push((node, names.step(name, Some(within))));
                    }
                }
                // `export default { … }`
                "export_statement" => {
                    if let Some(value) = tree.child(node, "value") {
                        inside.push((value, names.step(node, None)));
                    }
                }
                "call_expression" => names.addressed.extend(file.addressed(node)),
                "required_parameter" | "optional_parameter" => {
                    if let Some(pattern) = tree.child(node, "pattern") {
                        names.declare_all(tree, pattern, scope);
                    }
                }
                "class_declaration"
                | "abstract_class_declaration"
                | "enum_declaration"
                | "function_signature"
                | "internal_module"
                | "module" => {
                    if let Some(name) = tree.child(node, "name") {
                        names.declare_whole(tree.text(name), scope, node);
                        inside.push((node, names.step(name, None)));
                    }
                }
                _ => {}
            }
            let is_function = matches!(
                kind,
                "function_declaration"
                    | "generator_function_declaration"
                    | "function_expression"
                    | "generator_function"
                    | "arrow_function"
                    | "method_definition"
            );
            if kind == "for_in_statement"
                && tree.child(node, "kind").is_some()
                && let Some(pattern) = tree.child(node, "left")
            {
                names.declare_all(tree, pattern, span);
            }
            if is_function {
                if let Some(name) = tree.child(node, "name").filter(|_| kind != "method_definition") {
                    let known = if kind.ends_with("declaration") { scope } else { span };
                    names.declare_whole(tree.text(name), known, node);
                }
                if let Some(name) = tree.child(node, "parameter") {
                    names.declare(tree.text(name), span, None);
                }
            }
            if kind == "catch_clause"
                && let Some(pattern) = tree.child(node, "parameter")
            {
                names.declare_all(tree, pattern, span);
            }
            let is_block = matches!(
                kind,
                "statement_block"
                    | "for_statement"
                    | "for_in_statement"
                    | "catch_clause"
                    | "switch_body"
                    | "class_body"
            );
            if is_function || is_block {
                scopes.push((span, is_function));
            }
        }
        for all in names.declared.values_mut() {
            all.sort_by_key(|declared| declared.scope.start);
        }
        names
    }

    fn declare(&mut self, name: &'t str, scope: Span, declarator: Option<NodeId>) {
        self.declared.entry(name).or_default().push(Declared { scope, declarator, whole: None });
    }

    fn declare_whole(&mut self, name: &'t str, scope: Span, node: NodeId) {
        self.declared.entry(name).or_default().push(Declared { scope, declarator: None, whole: Some(node) });
    }

    fn step(&mut self, name: NodeId, within: Option<u32>) -> u32 {
        self.steps.push(Step { name, within });
        (self.steps.len() - 1) as u32
    }

    /// Everything that a pattern names.
    fn declare_all(&mut self, tree: &Tree<'t>, pattern: NodeId, scope: Span) {
        for name in tree.descendants(pattern) {
            if matches!(tree.kind(name), "identifier" | "shorthand_property_identifier_pattern") {
                self.declare(tree.text(name), scope, None);
            }
        }
    }

    /// The innermost declaration of a name that is known at a place: of several in one scope the last before it.
    fn at(&self, tree: &Tree<'_>, name: &str, place: Span) -> Option<Declared> {
        let all = self.declared.get(name)?;
        let end = all.partition_point(|declared| declared.scope.start <= place.start);
        let mut around = all.get(..end)?.iter().rev().filter(|declared| declared.scope.contains(place)).peekable();
        let scope = around.peek()?.scope;
        let mut inside = around.take_while(|declared| declared.scope == scope).peekable();
        let last = inside.peek().copied();
        let is_before = |declared: &&Declared| {
            declared.declarator.is_none_or(|declarator| tree.span(declarator).start < place.start)
        };
        inside.find(is_before).or(last).copied()
    }
}

impl<'t> FileLowering<'t> {
    fn names(&self) -> &Names<'t> {
        self.names.get_or_init(|| Names::of(self))
    }

    /// The declaration of the single variable that a name means, where it is declared before.
    pub(super) fn declarator_behind(&self, name: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let place = tree.span(name);
        let declarator = self.names().at(tree, tree.text(name), place)?.declarator?;
        // What a declaration contains does not come after it: it may name itself.
        (tree.span(declarator).end <= place.start).then_some(declarator)
    }

    /// Whether the file declares what a name means.
    pub(super) fn declares(&self, name: NodeId) -> bool {
        self.names().at(self.tree, self.tree.text(name), self.tree.span(name)).is_some()
    }

    /// The class or namespace that a name means.
    pub(super) fn class_behind(&self, name: NodeId) -> Option<NodeId> {
        let is_one = |kind: &str| kind.ends_with("class_declaration") || matches!(kind, "internal_module" | "module");
        self.whole_behind(name).filter(|&node| is_one(self.tree.kind(node)))
    }

    /// The function declaration that a name means.
    pub(super) fn function_behind(&self, name: NodeId) -> Option<NodeId> {
        self.whole_behind(name).filter(|&node| self.tree.kind(node) == "function_declaration")
    }

    fn whole_behind(&self, name: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        self.names().at(tree, tree.text(name), tree.span(name))?.whole
    }

    /// By what name others know the object: that of its variable, with those of the members that lead to it
    /// (`shapes.point`, `Shapes.Point`).
    pub(super) fn constant_around(&self, object: NodeId) -> Option<Name> {
        let names = self.names();
        let Some(mut step) = names.around.get(&object).and_then(|&at| names.steps.get(at as usize)) else {
            return self.given_by.clone();
        };
        let mut path: SmallVec<[Name; 2]> = SmallVec::new();
        loop {
            path.push(match self.tree.kind(step.name) {
                "export_statement" => DEFAULT.into(),
                _ => self.property_name(step.name),
            });
            match step.within.and_then(|at| names.steps.get(at as usize)) {
                Some(_) if path.len() >= MAX_STEPS => return None,
                Some(within) => step = within,
                None => break,
            }
        }
        path.reverse();
        match path.as_slice() {
            [only] => Some(only.clone()),
            path => Some(path.join(".").into()),
        }
    }

    /// Whether the variable that `name` declares is named nowhere but as what the address is taken of.
    pub(super) fn is_only_addressed(&self, name: NodeId) -> bool {
        let tree = self.tree;
        let names = self.names();
        let Some(scope) = names.at(tree, tree.text(name), tree.span(name)).map(|declared| declared.scope) else {
            return false;
        };
        let named = names.named.get(tree.text(name)).map_or(&[][..], Vec::as_slice);
        let from = named.partition_point(|&at| tree.span(at).start < scope.start);
        let inside = named.get(from..).unwrap_or_default().iter().take_while(|&&at| tree.span(at).start < scope.end);
        inside.filter(|&&at| at != name).all(|at| names.addressed.contains(at))
    }

    /// What a call takes the address of: `ptr(buffer)`, `ffi.ptr(buffer)`.
    pub(super) fn addressed(&self, call: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let (function, arguments) = (tree.child(call, "function")?, tree.child(call, "arguments")?);
        let mut given = tree.named_children(arguments);
        let argument = given.next()?;
        if given.next().is_some() {
            return None;
        }
        let (library, name) = self.library_named(function)?;
        library.addresses.iter().any(|known| known.as_str() == &*name).then_some(argument)
    }
}
