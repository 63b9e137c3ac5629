//! What an expression comes to, as far as the file says it: through names, casts, members of constants, and functions that do
//! nothing but give it.

use rustc_hash::FxHashMap;

use super::FileLowering;
use crate::ir::Name;
use crate::parse::NodeId;
use crate::vocabulary::vocabulary;

/// How many names, casts, members and functions are looked through: names may lead in a circle.
const MAX_NAMES: usize = 16;

impl FileLowering<'_> {
    /// The expression that says what an expression is: itself, where nothing in the file says more.
    pub(super) fn value_behind(&self, node: NodeId) -> NodeId {
        self.behind_within(node, &mut MAX_NAMES.clone())
    }

    fn behind_within(&self, mut node: NodeId, left: &mut usize) -> NodeId {
        while let Some(less) = left.checked_sub(1) {
            *left = less;
            let Some(next) = self.next_behind(node, left) else { break };
            node = next;
        }
        node
    }

    fn next_behind(&self, node: NodeId, left: &mut usize) -> Option<NodeId> {
        let tree = self.tree;
        match tree.kind(node) {
            "as_expression" | "satisfies_expression" | "parenthesized_expression" | "non_null_expression" => {
                tree.named_children(node).next()
            }
            "identifier" | "shorthand_property_identifier" => tree.child(self.declarator_behind(node)?, "value"),
            "member_expression" => {
                let (object, name) = (tree.child(node, "object")?, tree.child(node, "property")?);
                self.member_of(object, &self.property_name(name), left)
            }
            "call_expression" => {
                let (function, arguments) = (tree.child(node, "function")?, tree.child(node, "arguments")?);
                match tree.named_children(arguments).next() {
                    Some(given) => self.gives_back(function).then_some(given),
                    None => self.given_by(function, left),
                }
            }
            _ => None,
        }
    }

    /// The value of a member of a constant object, of a class itself, or of a namespace.
    fn member_of(&self, object: NodeId, name: &str, left: &mut usize) -> Option<NodeId> {
        let tree = self.tree;
        let owner = self.behind_within(object, left);
        let owner = match tree.kind(owner) {
            "object" | "class" => owner,
            "identifier" => self.class_behind(owner)?,
            _ => return None,
        };
        let mut known = self.members.borrow_mut();
        let members = known.entry(owner).or_insert_with(|| self.members_by_name(owner));
        members.get(name).copied()
    }

    fn members_by_name(&self, owner: NodeId) -> FxHashMap<Name, NodeId> {
        let tree = self.tree;
        let all = if tree.kind(owner) == "object" { Some(owner) } else { tree.child(owner, "body") };
        let mut members = FxHashMap::default();
        let mut note = |name: Option<NodeId>, value: Option<NodeId>| {
            if let (Some(name), Some(value)) = (name, value) {
                members.entry(self.property_name(name)).or_insert(value);
            }
        };
        for member in all.into_iter().flat_map(|all| tree.named_children(all)) {
            match tree.kind(member) {
                "pair" => note(tree.child(member, "key"), tree.child(member, "value")),
                "shorthand_property_identifier" => note(Some(member), Some(member)),
                "public_field_definition" if tree.has_token(member, "static") => {
                    note(tree.child(member, "name"), tree.child(member, "value"));
                }
                "export_statement" => {
                    let declared = tree.child(member, "declaration").into_iter();
                    for declarator in declared.flat_map(|declared| tree.named_children(declared)) {
                        note(tree.child(declarator, "name"), tree.child(declarator, "value"));
                    }
                }
                _ => {}
            }
        }
        members
    }

    /// Whether a function of the language gives back the object that it is given: `Object.freeze`.
    fn gives_back(&self, function: NodeId) -> bool {
        let tree = self.tree;
        let object = tree.child(function, "object").filter(|&object| tree.kind(object) == "identifier");
        vocabulary().unchanged.iter().any(|known| known == tree.text(function))
            && object.is_some_and(|object| !self.declares(object))
    }

    /// What a call without arguments gives, where the function does nothing else.
    fn given_by(&self, function: NodeId, left: &mut usize) -> Option<NodeId> {
        let function = match self.tree.kind(function) {
            "identifier" => self.function_behind(function).unwrap_or_else(|| self.behind_within(function, left)),
            _ => self.behind_within(function, left),
        };
        self.returned(function)
    }

    /// The value that a function without parameters does nothing but return.
    pub(super) fn returned(&self, function: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let is_plain = matches!(tree.kind(function), "function_declaration" | "function_expression" | "arrow_function")
            && !tree.has_token(function, "async")
            && tree.child(function, "parameter").is_none();
        let params = tree.child(function, "parameters").filter(|_| is_plain)?;
        if tree.named_children(params).next().is_some() {
            return None;
        }
        let body = tree.child(function, "body")?;
        if tree.kind(body) != "statement_block" {
            return Some(body);
        }
        let mut statements = tree.named_children(body).filter(|&one| tree.kind(one) != "comment");
        let only = statements.next().filter(|&one| tree.kind(one) == "return_statement")?;
        if statements.next().is_some() {
            return None;
        }
        tree.named_children(only).next()
    }

    /// The object that an expression is.
    pub(super) fn object_behind(&self, node: NodeId) -> Option<NodeId> {
        Some(self.value_behind(node)).filter(|&value| self.tree.kind(value) == "object")
    }

    /// What another file of the project gives that an expression is: its module, and the name there, with those of the
    /// members that lead to it (`shapes.Point`).
    pub(super) fn imported_behind(&self, node: NodeId) -> Option<(Name, Name)> {
        let tree = self.tree;
        let mut node = self.value_behind(node);
        // `table()`, where the function does nothing but give the table.
        if tree.kind(node) == "call_expression" {
            let none_given = tree.child(node, "arguments").is_some_and(|all| tree.named_children(all).next().is_none());
            node = tree.child(node, "function").filter(|_| none_given)?;
        }
        let mut path: Vec<Name> = Vec::new();
        while tree.kind(node) == "member_expression" {
            path.push(self.property_name(tree.child(node, "property")?));
            if path.len() > MAX_NAMES {
                return None;
            }
            node = tree.child(node, "object")?;
        }
        if !matches!(tree.kind(node), "identifier" | "shorthand_property_identifier") || self.declares(node) {
            return None;
        }
        let imported = self.imported.get(tree.text(node)).filter(|imported| imported.module.starts_with('.'))?;
        path.extend(imported.name.clone());
        path.reverse();
        match path.as_slice() {
            [] => None,
            [only] => Some((imported.module.clone(), only.clone())),
            path => Some((imported.module.clone(), path.join(".").into())),
        }
    }
}
