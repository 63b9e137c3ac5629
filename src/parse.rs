//! Text → flat syntax tree and syntax errors. Never fails, never recurses.
//!
//! Tree-sitter's tree is walked once by a cursor into a [`Tree`] of plain arrays and dropped at once: lowering then
//! moves through it without `parent()` and `next_sibling()`, which cost about a microsecond each.

use std::fmt;
use std::time::{Duration, Instant};

use crate::source::Span;
use fields::FieldKinds;

pub mod c;
pub mod dart;
mod fields;
mod grammar;
pub mod rust;
pub mod ts;

/// How much of a file is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes. The largest real one seen is 3.97 MB.
    pub bytes: usize,
    /// Longest time one parse may take. Only the last resort, as it depends on the machine's load: the frontends
    /// count work first.
    pub time: Duration,
    /// How many levels of nesting may lie below a function's declaration before its body is left out.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 * 1024 * 1024, time: Duration::from_secs(60), depth: 1000 }
    }
}

/// A file's syntax.
#[derive(Debug)]
pub struct Parsed<'t> {
    /// The tree.
    pub tree: Tree<'t>,
    /// The outermost stretches that could not be parsed, and (empty) the places of missing tokens, in order.
    pub errors: Vec<Span>,
}

/// Why a file was not parsed at all. Displays as what it is, what the limit is and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is larger than the limit.
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A NUL byte: a binary file, or text in UTF-16.
    Binary {
        /// Where the NUL byte is.
        offset: usize,
    },
    /// Runs of bytes on one line that no source has so long or so many of, and on which the parser takes quadratic
    /// time.
    OddRun {
        /// Line, from 1.
        line: usize,
        /// How long the last run is, at least.
        bytes: usize,
    },
    /// A run of brackets or other signs that cannot be closed, on which the parser takes quadratic time.
    Unclosed {
        /// Line, from 1.
        line: usize,
        /// What is repeated.
        sign: char,
        /// How often, at least.
        times: usize,
    },
    /// The parser had more to do than any real file of that size asks for.
    TooCostly {
        /// The line it got to, from 1.
        line: usize,
    },
    /// The parser did not finish in time.
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// Brackets nested deeper than any real source, on which the parser would run out of stack.
    TooDeep {
        /// The line of the innermost bracket allowed, from 1.
        line: usize,
        /// The limit in levels.
        limit: usize,
    },
    /// The grammar does not fit the parser it was built with.
    Grammar,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "the file has {bytes} bytes, more than the limit of {limit}; name it under `skip` in ffilint.toml"
                )
            }
            Self::Binary { offset } => write!(
                f,
                "there is a NUL byte at offset {offset}: the file is binary or UTF-16; save it as UTF-8 or name it under `skip` in ffilint.toml"
            ),
            Self::OddRun { line, bytes } => write!(
                f,
                "up to line {line} there are too long runs of control, backtick or non-ASCII bytes, the last of {bytes} or \
                 more, which take quadratic time to read; break them up or name the file under `skip` in ffilint.toml"
            ),
            Self::Unclosed { line, sign, times } => write!(
                f,
                "line {line} repeats `{sign}` {times} times or more and nothing closes them: the file is damaged; repair \
                 or name it under `skip` in ffilint.toml"
            ),
            Self::TooCostly { line } => write!(
                f,
                "parsing takes too much work, given up at line {line}; long lines with syntax errors are the usual \
                 cause: repair it or name it under `skip` in ffilint.toml"
            ),
            Self::TooSlow { limit } => write!(
                f,
                "parsing took longer than the limit of {} ms; the file may be damaged: repair or name it under `skip` in ffilint.toml",
                limit.as_millis()
            ),
            Self::TooDeep { line, limit } => write!(
                f,
                "brackets nest deeper than the limit of {limit} levels at line {line}; name the file under `skip` in \
                 ffilint.toml"
            ),
            Self::Grammar => write!(f, "the grammar does not fit the parser; this build of ffilint is broken"),
        }
    }
}

impl std::error::Error for Refused {}

/// A node of a [`Tree`]; ids are in pre-order, the root is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// A syntax tree, flattened. Extras (comments) and anonymous tokens are nodes too.
#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    comments: Vec<NodeId>,
    names: &'static Names,
}

/// The names a grammar gives to kinds of nodes and to fields, by their numbers.
#[derive(Debug)]
struct Names {
    /// The last one is `ERROR`, whose number in tree-sitter is `u16::MAX`.
    kinds: Vec<&'static str>,
    /// Which of them are comments.
    comments: Vec<bool>,
    fields: Vec<&'static str>,
    field_kinds: FieldKinds,
}

impl Names {
    fn of(language: &'static tree_sitter::Language, node_types: &str) -> Self {
        let kinds = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let fields = 0..=u16::try_from(language.field_count()).unwrap_or(u16::MAX);
        let kinds: Vec<_> = kinds.map(|id| language.node_kind_for_id(id).unwrap_or("")).chain(["ERROR"]).collect();
        let is_comment = |kind: &&str| {
            matches!(*kind, "comment" | "documentation_comment" | "line_comment" | "block_comment" | "html_comment")
        };
        Self {
            comments: kinds.iter().map(is_comment).collect(),
            kinds,
            fields: fields.map(|id| language.field_name_for_id(id).unwrap_or("")).collect(),
            field_kinds: FieldKinds::of(language, node_types),
        }
    }

    fn is_comment(&self, kind: u16) -> bool {
        self.comments.get(usize::from(kind)).copied().unwrap_or_default()
    }
}

/// Tree-sitter's number of the kind `ERROR`.
const ERROR: u16 = u16::MAX;

/// A node whose children are being copied.
struct Open {
    node: usize,
    /// Those that are still to come, with the one at hand.
    children: u32,
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
    /// Copies tree-sitter's tree by one walk of a cursor.
    ///
    /// Texts of nodes come from `text`, which may differ from what the parser read as long as the bytes have the
    /// same meaning.
    ///
    /// `None` if it is not done at the deadline.
    fn flatten(
        tree: &tree_sitter::Tree,
        text: &'t str,
        names: &'static Names,
        deadline: Instant,
    ) -> Option<(Self, Vec<Span>)> {
        let mut nodes: Vec<Node> = Vec::with_capacity(tree.root_node().descendant_count());
        let mut errors = Vec::new();
        let mut comments = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        let mut open_errors = 0_usize;
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            let span = Span::new(node.start_byte() as u32, node.end_byte() as u32);
            let kind = node.kind_id();
            let is_error = kind == ERROR;
            // A missing token is empty.
            let is_missing = span.start == span.end && node.is_missing();
            if (is_error || is_missing) && open_errors == 0 {
                errors.push(span);
            }
            open_errors += usize::from(is_error);
            if nodes.len() % 4096 == 4095 && Instant::now() >= deadline {
                return None;
            }
            let parent = open.last().and_then(|open: &Open| nodes.get(open.node));
            let field = match parent.is_some_and(|parent| names.field_kinds.possible(parent.kind, kind)) {
                true => cursor.field_id().map_or(0, |id| id.get()),
                false => 0,
            };
            if names.is_comment(kind) {
                comments.push(NodeId(nodes.len() as u32));
            }
            let children = node.child_count();
            open.push(Open { node: nodes.len(), children });
            nodes.push(Node {
                kind,
                field,
                named: node.is_named(),
                broken: is_error || is_missing,
                start: span.start,
                end: span.end,
                subtree_end: 0,
                depth: open.len() as u32 - 1,
                height: 0,
            });
            // A cursor asks its way: where there is none is known from the number of children, at less cost.
            if children > 0 && cursor.goto_first_child() {
                continue;
            }
            loop {
                let Some(Open { node, .. }) = open.pop() else {
                    return Some((Self { text, nodes, comments, names }, errors));
                };
                open_errors -= usize::from(nodes[node].kind == ERROR);
                nodes[node].subtree_end = nodes.len() as u32;
                let Node { broken, height, .. } = nodes[node];
                let Some(around) = open.last_mut() else { continue };
                let parent = &mut nodes[around.node];
                parent.broken |= broken;
                parent.height = parent.height.max(height + 1);
                around.children = around.children.saturating_sub(1);
                if around.children > 0 && cursor.goto_next_sibling() {
                    break;
                }
                cursor.goto_parent();
            }
        }
    }

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
        self.names.kinds.get(usize::from(self.node(node).kind)).copied().unwrap_or("ERROR")
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
            id => self.names.fields.get(usize::from(id)).copied(),
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

    /// Its distance from the root.
    #[must_use]
    pub fn depth(&self, node: NodeId) -> u32 {
        self.node(node).depth
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

    /// All comments, in source order.
    #[must_use]
    pub fn comments(&self) -> &[NodeId] {
        &self.comments
    }

    fn is_comment(&self, node: NodeId) -> bool {
        self.names.is_comment(self.node(node).kind)
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }
}
