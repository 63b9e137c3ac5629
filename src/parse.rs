//! Text → flat syntax tree and syntax errors. Never fails, never recurses.
//!
//! Tree-sitter's tree is walked once by a cursor into a [`Tree`] of plain arrays and dropped at once: lowering then
//! moves through it without `parent()` and `next_sibling()`, which cost about a microsecond each.

use crate::source::Span;

pub mod dart;

/// A node of a [`Tree`]; ids are in pre-order, the root is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// A syntax tree, flattened. Extras (comments) and anonymous tokens are nodes too.
#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    kinds: &'static [&'static str],
    fields: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: u16,
    /// 0 for none, else the grammar's field id.
    field: u16,
    named: bool,
    /// A syntax error or a missing token lies in this subtree.
    broken: bool,
    start: u32,
    end: u32,
    /// One past the last node of this subtree.
    subtree_end: u32,
    /// Distance from the root.
    depth: u32,
    /// How many levels lie below this node.
    height: u32,
}

impl<'t> Tree<'t> {
    /// The root.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The whole text.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.text
    }

    /// The grammar's name of the node's kind; for a token its text (`"late"`, `"("`).
    #[must_use]
    pub fn kind(&self, node: NodeId) -> &'static str {
        self.kinds[usize::from(self.node(node).kind)]
    }

    /// Whether the node is a rule of the grammar rather than a token.
    #[must_use]
    pub fn is_named(&self, node: NodeId) -> bool {
        self.node(node).named
    }

    /// The name of the field the node fills in its parent.
    #[must_use]
    pub fn field(&self, node: NodeId) -> Option<&'static str> {
        match self.node(node).field {
            0 => None,
            id => Some(self.fields[usize::from(id)]),
        }
    }

    /// Its bytes of the file.
    #[must_use]
    pub fn span(&self, node: NodeId) -> Span {
        let node = self.node(node);
        Span::new(node.start, node.end)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self, node: NodeId) -> &'t str {
        let node = self.node(node);
        self.text.get(node.start as usize..node.end as usize).unwrap_or("")
    }

    /// Whether a syntax error or a missing token lies in it.
    #[must_use]
    pub fn is_broken(&self, node: NodeId) -> bool {
        self.node(node).broken
    }

    /// How many levels lie below it.
    #[must_use]
    pub fn height(&self, node: NodeId) -> u32 {
        self.node(node).height
    }

    /// All children, tokens and comments included, in order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<'_, 't> {
        let end = self.node(node).subtree_end;
        let mut next = node.0 + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = NodeId(next);
                next = self.node(child).subtree_end;
                child
            })
        })
    }

    /// The children that are rules of the grammar, comments left out.
    pub fn named_children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<'_, 't> {
        self.children(node).filter(|&child| self.is_named(child) && !self.is_comment(child))
    }

    /// The first child that fills `field`.
    #[must_use]
    pub fn child(&self, node: NodeId, field: &str) -> Option<NodeId> {
        self.children(node).find(|&child| self.field(child) == Some(field))
    }

    /// All children that fill `field`.
    pub fn fields<'a>(&'a self, node: NodeId, field: &'a str) -> impl Iterator<Item = NodeId> + use<'a, 't> {
        self.children(node).filter(move |&child| self.field(child) == Some(field))
    }

    /// The first child of a kind.
    #[must_use]
    pub fn child_of_kind(&self, node: NodeId, kind: &str) -> Option<NodeId> {
        self.children(node).find(|&child| self.kind(child) == kind)
    }

    /// Whether a token of that text is a direct child.
    #[must_use]
    pub fn has_token(&self, node: NodeId, token: &str) -> bool {
        self.children(node).any(|child| !self.is_named(child) && self.kind(child) == token)
    }

    /// All nodes below `node`, itself first, in source order.
    pub fn descendants(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<'_, 't> {
        (node.0..self.node(node).subtree_end).map(NodeId)
    }

    fn is_comment(&self, node: NodeId) -> bool {
        matches!(self.kind(node), "comment" | "documentation_comment" | "line_comment" | "block_comment")
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }
}
