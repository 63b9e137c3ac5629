//! Whether names mean the same after a fix: what compiled must still compile.

use std::collections::{BTreeMap, BTreeSet};

use crate::parse::{Limits, NodeId, Tree, dart};

/// What is wrong with the names of a text.
#[derive(Default)]
struct Names<'t> {
    /// How often a block declares a name that it has already.
    twice: usize,
    /// What functions declare.
    declared: BTreeSet<&'t str>,
    /// How often a name is used where no function declares it.
    unknown: BTreeMap<&'t str, usize>,
}

/// What imports make known, whatever a function of the file calls like that.
const IMPORTED: [&str; 3] = ["calloc", "malloc", "using"];

/// What a new text does to names that the old one did not do.
#[must_use]
pub fn fault(old: &str, new: &str) -> Option<&'static str> {
    let parsed = |text| dart::parse(text, &Limits::default()).ok();
    let (Some(before), Some(after)) = (parsed(old), parsed(new)) else { return Some("the new text does not parse") };
    let (before, after) = (names(&before.tree, old), names(&after.tree, new));
    if after.twice > before.twice {
        return Some("a name would be declared twice");
    }
    let is_new = |(name, count): (&&str, &usize)| {
        let is_variable = before.declared.contains(name) || after.declared.contains(name);
        is_variable && !IMPORTED.contains(name) && before.unknown.get(*name).is_none_or(|most| count > most)
    };
    after.unknown.iter().any(is_new).then_some("a name would be used where it is not known")
}

fn names<'t>(tree: &Tree<'_>, text: &'t str) -> Names<'t> {
    let mut walk = Walk { tree, text, scopes: Vec::new(), found: Names::default() };
    walk.run();
    walk.found
}

/// The way through a tree, scope by scope.
struct Walk<'w, 't> {
    tree: &'w Tree<'w>,
    text: &'t str,
    scopes: Vec<(NodeId, Vec<(&'t str, u32)>)>,
    found: Names<'t>,
}

impl<'t> Walk<'_, 't> {
    /// Goes through all nodes without recursion: a file may be nested deeply.
    fn run(&mut self) {
        let tree = self.tree;
        for node in tree.descendants(tree.root()) {
            let start = tree.span(node).start;
            while self.scopes.last().is_some_and(|(scope, _)| tree.span(*scope).end <= start) {
                self.scopes.pop();
            }
            if opens(tree.kind(node)) {
                let names = self.declared_in(node);
                let mut sorted: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                sorted.sort_unstable();
                let all = sorted.len();
                sorted.dedup();
                self.found.twice += all - sorted.len();
                self.found.declared.extend(names.iter().map(|(name, _)| *name));
                self.scopes.push((node, names));
            }
            if tree.kind(node) == "identifier" && !matches!(tree.field(node), Some("name" | "property" | "label")) {
                let name = self.slice(node);
                let is_known =
                    |names: &[(&str, u32)]| names.iter().any(|&(known, from)| known == name && from <= start);
                if !self.scopes.iter().any(|(_, names)| is_known(names)) {
                    *self.found.unknown.entry(name).or_default() += 1;
                }
            }
        }
    }

    fn slice(&self, node: NodeId) -> &'t str {
        let span = self.tree.span(node);
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The names that a scope declares itself, not those of scopes within it, and from where on.
    fn declared_in(&self, scope: NodeId) -> Vec<(&'t str, u32)> {
        let tree = self.tree;
        let (mut names, mut open) = (Vec::new(), tree.children(scope).collect::<Vec<_>>());
        while let Some(node) = open.pop() {
            let kind = tree.kind(node);
            let is_name =
                kind == "identifier" && matches!(tree.field(node), Some("name" | "exception" | "stack_trace"));
            if is_name {
                names.push((self.slice(node), tree.span(node).start));
            }
            if kind == "formal_parameter" && tree.named_children(node).count() == 1 {
                names.extend(tree.named_children(node).map(|name| (self.slice(name), tree.span(name).start)));
            }
            if !opens(kind) && !matches!(kind, "annotation" | "arguments" | "type") {
                open.extend(tree.children(node));
            }
        }
        names
    }
}

/// Whether a node is a scope of names.
fn opens(kind: &str) -> bool {
    matches!(
        kind,
        "block"
            | "for_statement"
            | "switch_statement_case"
            | "switch_statement_default"
            | "switch_expression_case"
            | "function_expression"
            | "function_declaration"
            | "method_declaration"
            | "local_function_declaration"
            | "try_statement"
            | "for_element"
            | "if_statement"
            | "if_element"
    )
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn names_stay_what_they_are() {
        let old = "int f(int a) { final b = a; g(b); return b; }";
        assert_eq!(fault(old, old), None);
        assert_eq!(fault(old, "int f(int a) { final b = a; final c = b; g(c); return b; }"), None);
        assert!(fault(old, "int f(int a) { final b = a; final b = 2; g(b); return b; }").is_some());
        assert!(fault(old, "int f(int a) { try { final b = a; g(b); } finally {} return b; }").is_some());
        assert!(fault(old, "int f(int a) { final b = a; g(b); h((arena) => arena(b)); return b; }").is_none());
        assert!(fault(old, "int f(int a) { final c = h(b), b = a; g(b); return b; }").is_some());
    }
}
