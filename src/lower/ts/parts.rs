//! `const { a, b: { c } } = f()` outside functions: what is taken apart, and its parts, each a variable with its value.

use super::{BodySource, FileLowering};
use crate::ir::build::Builder;
use crate::ir::{Base, FunctionKind, Name, Place, Projection, Variable};
use crate::parse::NodeId;

/// The most parts of one pattern that are told apart.
const MAX_PARTS: usize = 1_000;
/// How deep patterns in patterns are followed.
const MAX_DEPTH: usize = 16;

/// A variable of a pattern: where it is named, and the members that lead to it.
pub(super) struct Part {
    name: NodeId,
    path: Vec<Name>,
}

impl FileLowering<'_> {
    /// The variables of a pattern that takes plain members, no defaults and no rest.
    pub(super) fn parts(&self, pattern: NodeId) -> Option<Vec<Part>> {
        let tree = self.tree;
        let mut parts = Vec::new();
        let mut open: Vec<(NodeId, Vec<Name>)> = vec![(pattern, Vec::new())];
        while let Some((pattern, path)) = open.pop() {
            if tree.kind(pattern) != "object_pattern" || path.len() > MAX_DEPTH {
                return None;
            }
            let from = open.len();
            for part in tree.named_children(pattern) {
                let (key, inner) = match tree.kind(part) {
                    "shorthand_property_identifier_pattern" => (part, part),
                    "pair_pattern" => (tree.child(part, "key")?, tree.child(part, "value")?),
                    _ => return None,
                };
                if tree.kind(key) == "computed_property_name" || parts.len() >= MAX_PARTS {
                    return None;
                }
                let path: Vec<Name> = path.iter().cloned().chain([self.property_name(key)]).collect();
                match tree.kind(inner) {
                    "identifier" | "shorthand_property_identifier_pattern" => parts.push(Part { name: inner, path }),
                    _ => open.push((inner, path)),
                }
            }
            open.get_mut(from..)?.reverse();
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// Variables for the parts, and one that no program can name for what they are parts of.
    pub(super) fn taken_apart(&mut self, declarator: NodeId, value: NodeId, parts: Vec<Part>) {
        let Some(first) = parts.first() else { return };
        let owner = self.namespace_owner();
        let whole = Name::new(format!("{{{}}}", self.tree.text(first.name)));
        let mut function = self.new_function(FunctionKind::Initializer, declarator, None);
        function.is_static = true;
        function.name = whole.clone();
        self.join(&mut function, owner.as_ref());
        let initializer = self.add(function, declarator, false, Some(BodySource::Expression(value)), &[]);
        let variable = self.variable(first.name, true);
        self.add_variable(Variable { name: whole.clone(), initializer: Some(initializer), ..variable });
        for Part { name, path } in parts {
            let mut function = self.new_function(FunctionKind::Initializer, name, Some(name));
            function.is_static = true;
            self.join(&mut function, owner.as_ref());
            let span = self.span_in(name, function.base);
            let mut build = Builder::new(std::mem::take(&mut function.locals));
            // A namespace gives what is in it as its member.
            let mut steps = owner.iter().map(|owner| owner.name.clone()).chain([whole.clone()]).chain(path);
            let base = Base::Name(steps.next().unwrap_or_default());
            let mut given = build.load(Place { base, path: Default::default() }, false, span);
            for member in steps {
                let base = Base::Local(build.as_local(given, span));
                let path = [Projection::Field(member)].into_iter().collect();
                given = build.load(Place { base, path }, false, span);
            }
            build.jump_return(Some(given), span);
            let built = build.finish();
            (function.locals, function.blocks) = (built.locals, built.blocks);
            let initializer = self.push_function(function);
            let variable = self.variable(name, true);
            self.add_variable(Variable { initializer: Some(initializer), ..variable });
        }
    }
}
