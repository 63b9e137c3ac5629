//! Patterns: tests, bindings and destructuring.

use smallvec::smallvec;

use super::Body;
use crate::ir::{Base, BlockId, Cond, Const, CopyKind, LocalId, Name, Op, Operand, Place, Projection, TypeRef};
use crate::lower::target::Target;
use crate::parse::NodeId;
use crate::source::Span;

/// Parentheses leave no node of their own, so the tree's height does not bound them.
const MAX_NESTING: u32 = 100;

/// What a bare name in a pattern is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// A constant to compare with.
    Match,
    /// A new variable, which is final or not.
    Declare {
        /// `final (a, b) = …`
        is_final: bool,
    },
    /// A variable to assign.
    Assign,
}

/// A pattern whose operators and parentheses, which have no nodes, are found.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Or(Vec<Pattern>),
    And(Vec<Pattern>),
    /// An operator and what to compare with.
    Relational(Name, NodeId),
    /// `p as T`
    Cast(Box<Pattern>, Option<NodeId>, NodeId),
    /// `p?`
    NullCheck(Box<Pattern>, NodeId),
    /// `p!`
    NullAssert(Box<Pattern>, NodeId),
    /// Any other kind.
    Node(NodeId),
    /// Nested too deep, or broken.
    Opaque,
}

/// The children of a node, read as pattern tokens.
struct Tokens {
    nodes: Vec<NodeId>,
    at: usize,
    depth: u32,
}

impl Tokens {
    fn peek(&self) -> Option<NodeId> {
        self.nodes.get(self.at).copied()
    }
}

impl Body<'_, '_> {
    pub(super) fn pattern_declaration(&mut self, node: NodeId) {
        let is_final = self.tree.has_token(node, "final");
        self.destructure(node, &["final", "var"], Binding::Declare { is_final });
    }

    /// `(a, b) = (b, a)`
    pub(super) fn pattern_assignment(&mut self, node: NodeId) -> Operand {
        self.destructure(node, &[], Binding::Assign)
    }

    fn destructure(&mut self, node: NodeId, after: &[&str], binding: Binding) -> Operand {
        let Some(&value) = self.operands(node).last() else { return Operand::Const(Const::Other) };
        let value = self.expression(value);
        let pattern = self.pattern_after(node, after);
        self.match_pattern(&pattern, value.clone(), binding, None);
        value
    }

    /// The pattern among the children of `node`, behind the first of these tokens, or from the start.
    pub(super) fn pattern_after(&self, node: NodeId, tokens: &[&str]) -> Pattern {
        let tree = self.tree;
        let mut nodes: Vec<NodeId> =
            tree.children(node).filter(|&child| !tree.kind(child).ends_with("comment")).collect();
        if !tokens.is_empty()
            && let Some(at) = nodes.iter().position(|&child| tokens.contains(&tree.kind(child)))
        {
            nodes.drain(..=at);
        }
        self.alternatives(&mut Tokens { nodes, at: 0, depth: 0 })
    }

    fn alternatives(&self, tokens: &mut Tokens) -> Pattern {
        self.separated(tokens, "||", Self::conjunction, Pattern::Or)
    }

    fn conjunction(&self, tokens: &mut Tokens) -> Pattern {
        self.separated(tokens, "&&", Self::primary, Pattern::And)
    }

    fn separated(
        &self,
        tokens: &mut Tokens,
        separator: &str,
        part: fn(&Self, &mut Tokens) -> Pattern,
        join: fn(Vec<Pattern>) -> Pattern,
    ) -> Pattern {
        let first = part(self, tokens);
        let mut parts = vec![first];
        while tokens.peek().is_some_and(|next| self.tree.kind(next) == separator) {
            tokens.at += 1;
            parts.push(part(self, tokens));
        }
        match parts.len() {
            1 => parts.pop().unwrap_or(Pattern::Opaque),
            _ => join(parts),
        }
    }

    fn primary(&self, tokens: &mut Tokens) -> Pattern {
        let tree = self.tree;
        let Some(node) = tokens.peek() else { return Pattern::Opaque };
        tokens.at += 1;
        let inner = |body: &Self| {
            let nodes = tree.children(node).filter(|&child| !tree.kind(child).ends_with("comment")).collect();
            // A primary, possibly in parentheses.
            Box::new(body.primary(&mut Tokens { nodes, at: 0, depth: 0 }))
        };
        match tree.kind(node) {
            "(" => {
                if tokens.depth >= MAX_NESTING {
                    tokens.at = tokens.nodes.len();
                    return Pattern::Opaque;
                }
                tokens.depth += 1;
                let pattern = self.alternatives(tokens);
                tokens.depth -= 1;
                // The closing parenthesis.
                tokens.at += 1;
                pattern
            }
            "relational_operator" | "equality_operator" => {
                let Some(value) = tokens.peek() else { return Pattern::Opaque };
                tokens.at += 1;
                Pattern::Relational(self.name_of(node), value)
            }
            "cast_pattern" => Pattern::Cast(inner(self), tree.child(node, "type"), node),
            "null_check_pattern" => Pattern::NullCheck(inner(self), node),
            "null_assert_pattern" => Pattern::NullAssert(inner(self), node),
            _ => Pattern::Node(node),
        }
    }

    /// Goes on in the current block where the value fits, to `fail` where it does not. Without `fail` the pattern
    /// cannot fail but by throwing.
    pub(super) fn match_pattern(&mut self, pattern: &Pattern, value: Operand, binding: Binding, fail: Option<BlockId>) {
        if self.current.build.is_full() {
            return;
        }
        match pattern {
            Pattern::Or(parts) => {
                let fits = self.current.build.block();
                let last = parts.len().saturating_sub(1);
                for (index, part) in parts.iter().enumerate() {
                    let next = if index == last { fail } else { Some(self.current.build.block()) };
                    self.match_pattern(part, value.clone(), binding, next);
                    self.current.build.goto(fits);
                    if let Some(next) = next.filter(|_| index != last) {
                        self.current.build.start(next);
                    }
                }
                self.current.build.start(fits);
            }
            Pattern::And(parts) => {
                for part in parts {
                    self.match_pattern(part, value.clone(), binding, fail);
                }
            }
            Pattern::Relational(operator, with) => self.match_relational(operator, *with, value, fail),
            Pattern::Cast(inner, ty, node) => {
                let span = self.span(*node);
                let ty = ty.and_then(|ty| self.file.type_ref(ty));
                let value = self.cast_to(value, ty, span);
                self.match_pattern(inner, value, binding, fail);
            }
            Pattern::NullCheck(inner, node) => {
                let span = self.span(*node);
                self.refuse(Cond::IsNull(value.clone()), fail, span);
                self.match_pattern(inner, value, binding, fail);
            }
            Pattern::NullAssert(inner, node) => {
                let span = self.span(*node);
                let to = self.temp(span);
                self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::NonNull }, span);
                self.match_pattern(inner, Operand::Local(to), binding, fail);
            }
            Pattern::Node(node) => self.match_node(*node, value, binding, fail),
            Pattern::Opaque => self.require(Cond::Opaque, fail, Span::default()),
        }
    }

    fn match_node(&mut self, node: NodeId, value: Operand, binding: Binding, fail: Option<BlockId>) {
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "variable_pattern" => self.match_variable(node, value, binding, fail),
            "constant_pattern" => match binding {
                Binding::Match => self.match_constant(node, value, fail),
                Binding::Declare { .. } | Binding::Assign => self.assign_name(node, value),
            },
            "list_pattern" => {
                self.require(Cond::Opaque, fail, span);
                self.match_elements(node, "[", value, binding, fail);
            }
            "map_pattern" => {
                self.require(Cond::Opaque, fail, span);
                self.match_entries(node, value, binding, fail);
            }
            "record_pattern" => {
                self.require(Cond::Is(value.clone(), TypeRef::named(TypeRef::RECORD)), fail, span);
                self.match_fields(node, value, binding, fail);
            }
            "object_pattern" => {
                let cond = self.written_type(node).map(|ty| Cond::Is(value.clone(), ty));
                self.require(cond.unwrap_or(Cond::Opaque), fail, span);
                self.match_fields(node, value, binding, fail);
            }
            "rest_pattern" => {}
            // A tree in error: whatever stands here is a value to compare with.
            _ => {
                let other = self.expression(node);
                self.require(Cond::Equals(value, other), fail, span);
            }
        }
    }

    fn match_variable(&mut self, node: NodeId, value: Operand, binding: Binding, fail: Option<BlockId>) {
        let tree = self.tree;
        let span = self.span(node);
        let ty = tree.child_of_kind(node, "type").and_then(|ty| self.file.type_ref(ty));
        if let (Some(ty), true) = (&ty, fail.is_some()) {
            self.require(Cond::Is(value.clone(), ty.clone()), fail, span);
        }
        let Some(name) = tree.child(node, "name").filter(|&name| tree.text(name) != "_") else { return };
        let is_final = tree.has_token(node, "final") || binding == Binding::Declare { is_final: true };
        // The alternatives of `||` and the cases of one body bind the same variable.
        let known = self.current.scopes.last().and_then(|scope| scope.get(tree.text(name)).copied());
        let local = match known {
            Some(local) => local,
            None => self.declare(name, ty, is_final),
        };
        self.current.build.copy(local, value, span);
    }

    fn match_constant(&mut self, node: NodeId, value: Operand, fail: Option<BlockId>) {
        let span = self.span(node);
        let text = self.tree.text(node);
        // `_` fits everything.
        if text == "_" {
            return;
        }
        let cond = match self.pattern_constant(node) {
            Operand::Const(Const::Null) => Cond::IsNull(value),
            other => Cond::Equals(value, other),
        };
        self.require(cond, fail, span);
    }

    fn pattern_constant(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let parts: Vec<NodeId> = tree.children(node).filter(|&child| !tree.kind(child).ends_with("comment")).collect();
        let kinds: Vec<&str> = parts.iter().map(|&part| tree.kind(part)).collect();
        match (kinds.as_slice(), parts.as_slice()) {
            (["-", number], [_, node]) if number.ends_with("literal") => match self.expression(*node) {
                Operand::Const(Const::Int(number)) => Operand::Const(Const::Int(number.wrapping_neg())),
                other => other,
            },
            (["identifier", ".", "identifier"], [base, _, name]) => {
                let base = self.expression(*base);
                self.constant_member(base, *name, span)
            }
            (["qualified_name"], [name]) => self.qualified_constant(*name),
            ([kind], [only]) if *kind != "const" => self.expression(*only),
            // `const …`: a value whose identity does not matter.
            _ => Operand::Const(Const::Other),
        }
    }

    /// `Foo.bar`, `prefix.Foo.bar`
    fn qualified_constant(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let names: Vec<NodeId> = tree
            .children(node)
            .filter(|&child| matches!(tree.kind(child), "type_identifier" | "identifier" | "new"))
            .collect();
        let Some((&first, rest)) = names.split_first() else { return Operand::Const(Const::Other) };
        let mut value = match self.lookup(tree.text(first)) {
            Some(local) => Operand::Local(local),
            None => {
                let place = Place { base: Base::Name(self.name_of(first)), path: Default::default() };
                let span = self.span(first);
                self.current.build.load(place, false, span)
            }
        };
        for &name in rest {
            value = self.constant_member(value, name, span);
        }
        value
    }

    fn constant_member(&mut self, of: Operand, name: NodeId, span: Span) -> Operand {
        let base = Base::Local(self.current.build.as_local(of, span));
        let path = [Projection::Field(self.name_of(name))].into_iter().collect();
        self.current.build.load(Place { base, path }, false, span)
    }

    /// A bare name in an assignment.
    fn assign_name(&mut self, node: NodeId, value: Operand) {
        let text = self.tree.text(node);
        if text == "_" {
            return;
        }
        let span = self.span(node);
        let target = match self.lookup(text) {
            Some(local) => Target::Local(local),
            None => Target::Place(Place { base: Base::Name(self.name_of(node)), path: Default::default() }),
        };
        self.current.write(target, value, span);
    }

    fn match_relational(&mut self, operator: &Name, with: NodeId, value: Operand, fail: Option<BlockId>) {
        let other = self.expression(with);
        let span = self.span(with);
        let equals = |value: Operand, other: Operand| match other {
            Operand::Const(Const::Null) => Cond::IsNull(value),
            other => Cond::Equals(value, other),
        };
        match operator.as_str() {
            "==" => self.require(equals(value, other), fail, span),
            "!=" => self.refuse(equals(value, other), fail, span),
            _ => {
                let holds = self.operate(operator.clone(), value, other, span);
                self.require(Cond::IsTrue(holds), fail, span);
            }
        }
    }

    /// The parts of a pattern between its brackets, by the commas.
    fn parts(&self, node: NodeId, open: &str) -> Vec<Vec<NodeId>> {
        let tree = self.tree;
        let inside = tree.children(node).skip_while(|&child| tree.kind(child) != open).skip(1);
        let mut parts = vec![Vec::new()];
        let mut depth = 0_u32;
        for child in inside.filter(|&child| !tree.kind(child).ends_with("comment")) {
            match tree.kind(child) {
                "(" => depth += 1,
                ")" | "]" | "}" if depth == 0 => break,
                ")" => depth -= 1,
                "," if depth == 0 => {
                    parts.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if let Some(part) = parts.last_mut() {
                part.push(child);
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn match_part(
        &mut self,
        part: Vec<NodeId>,
        of: &Operand,
        name: Option<Name>,
        binding: Binding,
        fail: Option<BlockId>,
    ) {
        let span = match (part.first(), part.last()) {
            (Some(&first), Some(&last)) => Span::new(self.span(first).start, self.span(last).end),
            _ => return,
        };
        let pattern = self.alternatives(&mut Tokens { nodes: part, at: 0, depth: 0 });
        let to = self.element(of, name, span);
        self.match_pattern(&pattern, Operand::Local(to), binding, fail);
    }

    fn element(&mut self, of: &Operand, name: Option<Name>, span: Span) -> LocalId {
        let to = self.temp(span);
        // A pattern reads a member as `.name` would.
        let op = match (name, of) {
            (Some(name), Operand::Local(local)) => {
                let from = Place { base: Base::Local(*local), path: smallvec![Projection::Field(name)] };
                Op::Load { to, from, null_aware: false }
            }
            (name, of) => Op::Element { to, of: of.clone(), name },
        };
        self.current.build.push(op, span);
        to
    }

    fn match_elements(&mut self, node: NodeId, open: &str, value: Operand, binding: Binding, fail: Option<BlockId>) {
        let tree = self.tree;
        for part in self.parts(node, open) {
            match part.as_slice() {
                &[rest] if tree.kind(rest) == "rest_pattern" => {
                    let mut nodes: Vec<NodeId> = tree.children(rest).collect();
                    nodes.retain(|&child| tree.kind(child) != "...");
                    // The rest is a part of the collection: it holds the same elements.
                    if !nodes.is_empty() {
                        let pattern = self.alternatives(&mut Tokens { nodes, at: 0, depth: 0 });
                        self.match_pattern(&pattern, value.clone(), binding, fail);
                    }
                }
                _ => self.match_part(part, &value, None, binding, fail),
            }
        }
    }

    fn match_entries(&mut self, node: NodeId, value: Operand, binding: Binding, fail: Option<BlockId>) {
        let tree = self.tree;
        for mut part in self.parts(node, "{") {
            let Some(colon) = part.iter().position(|&child| tree.kind(child) == ":") else { continue };
            let pattern = part.split_off(colon + 1);
            if let Some(&key) = part.first() {
                self.expression(key);
            }
            self.match_part(pattern, &value, None, binding, fail);
        }
    }

    /// The fields of a record or object pattern: `a`, `name: a`, `:var name`.
    fn match_fields(&mut self, node: NodeId, value: Operand, binding: Binding, fail: Option<BlockId>) {
        let tree = self.tree;
        let mut position = 0;
        for mut part in self.parts(node, "(") {
            let name = match part.first().map(|&first| (first, tree.kind(first))) {
                Some((label, "label")) => {
                    part.remove(0);
                    tree.child_of_kind(label, "identifier").map(|name| self.name_of(name))
                }
                Some((_, ":")) => {
                    part.remove(0);
                    self.bound_name(&part)
                }
                _ => {
                    position += 1;
                    Some(Name::from(format!("${position}")))
                }
            };
            self.match_part(part, &value, name, binding, fail);
        }
    }

    /// The variable of `:var name`, `:name`, `:final name?`, which is also the field's name.
    fn bound_name(&self, part: &[NodeId]) -> Option<Name> {
        let tree = self.tree;
        let is_name = |&node: &NodeId| tree.kind(node) == "identifier";
        part.iter().flat_map(|&node| tree.descendants(node)).filter(is_name).last().map(|name| self.name_of(name))
    }

    /// Goes on where the condition holds.
    fn require(&mut self, cond: Cond, fail: Option<BlockId>, span: Span) {
        let Some(fail) = fail else { return };
        let next = self.current.build.block();
        self.current.build.branch(cond, next, fail, span);
        self.current.build.start(next);
    }

    /// Goes on where the condition does not hold.
    fn refuse(&mut self, cond: Cond, fail: Option<BlockId>, span: Span) {
        let Some(fail) = fail else { return };
        let next = self.current.build.block();
        self.current.build.branch(cond, fail, next, span);
        self.current.build.start(next);
    }
}
