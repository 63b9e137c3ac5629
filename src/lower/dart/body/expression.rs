//! Expressions → operands: each subexpression in Dart's order of evaluation.

use super::Body;
use crate::ir::{
    Base, Callee, Const, CopyKind, Name, Op, Operand, Place, Projection, Spelling, SuspendKind, TypeRef, UseKind,
};
use crate::parse::NodeId;

/// Nodes looked at to find out whether evaluating them assigns a local; larger ones are taken to do so.
const ASSIGNMENT_SEARCH: usize = 1000;

impl Body<'_, '_> {
    /// Lowers an expression; the operand is its value.
    pub(super) fn expression(&mut self, node: NodeId) -> Operand {
        if self.current.build.is_full() {
            return Operand::Const(Const::Other);
        }
        let tree = self.tree;
        match tree.kind(node) {
            "identifier" | "identifier_dollar_escaped" => self.identifier(node),
            "this" | "super" => self.this_value(),
            "null_literal" => Operand::Const(Const::Null),
            "true" => Operand::Const(Const::Bool(true)),
            "false" => Operand::Const(Const::Bool(false)),
            "decimal_integer_literal" | "hex_integer_literal" => self.constant(node),
            "decimal_floating_point_literal" | "symbol_literal" => Operand::Const(Const::Other),
            "string_literal" => self.string(node),
            "list_literal" => self.list(node),
            "set_or_map_literal" => self.set_or_map(node),
            "record_literal" => self.record(node),
            "parenthesized_expression" => self.only_operand(node),
            "function_expression" => self.function_expression(node),
            "new_expression" | "const_object_expression" | "constructor_invocation" => self.construction(node),
            "switch_expression" => self.switch_expression(node),
            "call_expression"
            | "member_expression"
            | "index_expression"
            | "null_aware_member_expression"
            | "null_aware_index_expression"
            | "null_assertion_expression"
            | "instantiation_expression"
            | "assignable_expression"
            | "constructor_tearoff"
            | "static_member_shorthand" => self.chain(node),
            "cascade" => self.cascade(node),
            "unary_expression" => self.unary(node),
            "postfix_expression" => self.postfix(node),
            "await_expression" => self.await_expression(node),
            "bitwise_or_expression"
            | "bitwise_xor_expression"
            | "bitwise_and_expression"
            | "shift_expression"
            | "additive_expression"
            | "multiplicative_expression"
            | "relational_expression" => self.binary(node),
            "logical_or_expression" | "logical_and_expression" | "equality_expression" | "type_test_expression" => {
                self.truth(node)
            }
            "conditional_expression" => self.conditional(node),
            "if_null_expression" => self.if_null(node),
            "type_cast_expression" => self.cast(node),
            "assignment_expression" => self.assignment(node),
            "pattern_assignment" => self.pattern_assignment(node),
            "throw_expression" => self.throw_expression(node),
            "named_argument" | "record_field" => self.last_operand(node),
            "type" | "void_type" | "type_arguments" | "label" => Operand::Const(Const::Other),
            _ => self.unknown(node),
        }
    }

    /// Lowers an expression whose value nobody wants.
    pub(super) fn effect(&mut self, node: NodeId) {
        let tree = self.tree;
        let exit = match tree.kind(node) {
            "parenthesized_expression" => {
                for inner in self.operands(node) {
                    self.effect(inner);
                }
                None
            }
            "call_expression" | "member_expression" | "null_aware_member_expression" => self.open_chain(node).1,
            "assignment_expression" => self.open_assignment(node).1,
            "postfix_expression" | "unary_expression" => match tree.child_of_kind(node, "increment_operator") {
                // Without its value `x++` is `++x`.
                Some(step) => self.open_increment(node, step, true).1,
                None => {
                    self.expression(node);
                    None
                }
            },
            "conditional_expression" => {
                let (then, otherwise, join) = self.three_blocks();
                if let Some(&condition) = self.operands(node).first() {
                    self.condition(condition, then, otherwise);
                }
                for (block, field) in [(then, "consequence"), (otherwise, "alternative")] {
                    self.current.build.start(block);
                    if let Some(part) = tree.child(node, field) {
                        self.effect(part);
                    }
                    self.current.build.goto(join);
                }
                Some(join)
            }
            _ => {
                self.expression(node);
                None
            }
        };
        self.drop_chain(exit);
    }

    /// What no rule covers is evaluated for its effects.
    fn unknown(&mut self, node: NodeId) -> Operand {
        for child in self.operands(node) {
            self.expression(child);
        }
        Operand::Const(Const::Other)
    }

    pub(super) fn only_operand(&mut self, node: NodeId) -> Operand {
        match self.operands(node).first() {
            Some(&inner) => self.expression(inner),
            None => Operand::Const(Const::Other),
        }
    }

    fn last_operand(&mut self, node: NodeId) -> Operand {
        match self.operands(node).last() {
            Some(&inner) => self.expression(inner),
            None => Operand::Const(Const::Other),
        }
    }

    fn constant(&self, node: NodeId) -> Operand {
        Operand::Const(self.file.constant(node).unwrap_or(Const::Other))
    }

    fn identifier(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        // `$this` in a string reads as an identifier.
        match self.lookup(tree.text(node)) {
            Some(local) => Operand::Local(local),
            None => {
                let span = self.span(node);
                self.current.build.load(
                    Place { base: Base::Name(self.name_of(node)), path: Default::default() },
                    false,
                    span,
                )
            }
        }
    }

    pub(super) fn this_value(&mut self) -> Operand {
        self.this().map_or(Operand::Const(Const::Other), Operand::Local)
    }

    fn string(&mut self, node: NodeId) -> Operand {
        if let Some(text) = self.file.string(node) {
            return Operand::Const(Const::Str(text));
        }
        let tree = self.tree;
        for part in tree.named_children(node) {
            for substitution in tree.named_children(part).filter(|&it| tree.kind(it) == "template_substitution") {
                for inner in self.operands(substitution) {
                    let value = self.expression(inner);
                    let span = self.span(inner);
                    self.current.build.push(Op::Use { value, kind: UseKind::Read }, span);
                }
            }
        }
        // Known to be a string, so that what is called on it can be resolved.
        let span = self.span(node);
        let to = self.current.build.typed_temp(TypeRef::named("String"), span);
        self.current.build.copy(to, Operand::Const(Const::Other), span);
        Operand::Local(to)
    }

    /// A variable's value as it is now, where evaluating `later` may assign it.
    pub(super) fn settled(&mut self, value: Operand, later: &[NodeId]) -> Operand {
        let Operand::Local(local) = value else { return value };
        let named = self.current.build.local(local).is_some_and(|local| !local.name.is_empty());
        if !named || !later.iter().any(|&node| self.assigns(node)) {
            return value;
        }
        let span = later.first().map_or_else(Default::default, |&node| self.span(node));
        Operand::Local(self.current.build.copy_of(value, span))
    }

    /// The same for the value of one of several nodes; `last` remembers the last of them that assigns.
    pub(super) fn settled_among(
        &mut self,
        value: Operand,
        index: usize,
        nodes: &[NodeId],
        last: &mut Option<usize>,
    ) -> Operand {
        let Operand::Local(local) = value else { return value };
        if self.current.build.local(local).is_none_or(|local| local.name.is_empty()) {
            return value;
        }
        let last = *last.get_or_insert_with(|| nodes.iter().rposition(|&node| self.assigns(node)).unwrap_or(0));
        let Some(&node) = nodes.get(index).filter(|_| index < last) else { return value };
        let span = self.span(node);
        Operand::Local(self.current.build.copy_of(value, span))
    }

    fn assigns(&self, node: NodeId) -> bool {
        let tree = self.tree;
        if tree.kind(node) == "function_expression" {
            return false;
        }
        let mut nodes = tree.descendants(node);
        let found = nodes.by_ref().take(ASSIGNMENT_SEARCH).any(|node| {
            matches!(tree.kind(node), "assignment_expression" | "increment_operator" | "pattern_assignment")
        });
        found || nodes.next().is_some()
    }

    /// Operators of one kind lean left: `a + b + c` is walked down in a loop.
    pub(super) fn binary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let mut spine = vec![node];
        let mut first = node;
        while let Some(&left) = self.operands(first).first() {
            first = left;
            if !is_binary(tree.kind(left)) {
                break;
            }
            spine.push(left);
        }
        let mut left = if tree.kind(first) == "super" { None } else { Some(self.expression(first)) };
        for node in spine.into_iter().rev() {
            let operators: Vec<Name> = tree.fields(node, "operator").map(|operator| self.name_of(operator)).collect();
            let operands = self.operands(node);
            let span = self.span(node);
            for (operator, &right) in operators.into_iter().zip(operands.iter().skip(1)) {
                left = Some(match left.take() {
                    Some(value) => {
                        let value = self.settled(value, &[right]);
                        let right = self.expression(right);
                        self.operate(operator, value, right, span)
                    }
                    None => self.super_operator(operator, right, span),
                });
            }
        }
        left.unwrap_or(Operand::Const(Const::Other))
    }

    /// `super + right`
    pub(super) fn super_operator(&mut self, operator: Name, right: NodeId, span: crate::source::Span) -> Operand {
        let value = self.expression(right);
        let arg = crate::ir::Arg { name: None, value, span: self.span(right) };
        self.current.build.call(Callee::Super(operator), Vec::new(), vec![arg], span, span)
    }

    /// An operator on two values; integers fold.
    pub(super) fn operate(&mut self, op: Name, left: Operand, right: Operand, span: crate::source::Span) -> Operand {
        if let (Operand::Const(Const::Int(left)), Operand::Const(Const::Int(right))) = (&left, &right)
            && let Some(value) = fold(&op, *left, *right)
        {
            return Operand::Const(Const::Int(value));
        }
        let to = self.temp(span);
        self.current.build.push(Op::Binary { to, op, left, right }, span);
        Operand::Local(to)
    }

    fn unary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        if let Some(inner) = tree.child_of_kind(node, "await_expression") {
            return self.await_expression(inner);
        }
        if let Some(step) = tree.child_of_kind(node, "increment_operator") {
            return self.increment(node, step, true);
        }
        if tree.child_of_kind(node, "negation_operator").is_some() {
            return self.truth(node);
        }
        let Some(&inner) = self.operands(node).first() else { return Operand::Const(Const::Other) };
        let span = self.span(node);
        let operator = tree.child_of_kind(node, "prefix_operator").map_or("-", |operator| tree.text(operator));
        if tree.kind(inner) == "super" {
            let name = if operator == "-" { "unary-" } else { "~" };
            return self.current.build.call(Callee::Super(Name::new(name)), Vec::new(), Vec::new(), span, span);
        }
        if let Some(value) = self.file.constant(node) {
            return Operand::Const(value);
        }
        let value = self.expression(inner);
        // As binary operators: `-x` is `0 - x`, `~x` is `x ^ -1`.
        match operator {
            "-" => self.operate(Name::new("-"), Operand::Const(Const::Int(0)), value, span),
            _ => self.operate(Name::new("^"), value, Operand::Const(Const::Int(-1)), span),
        }
    }

    fn await_expression(&mut self, node: NodeId) -> Operand {
        let value = self.only_operand(node);
        let span = self.span(node);
        let to = self.temp(span);
        self.current.build.push(Op::Suspend { to: Some(to), value, kind: SuspendKind::Await }, span);
        Operand::Local(to)
    }

    fn conditional(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (then, otherwise, join) = self.three_blocks();
        if let Some(&condition) = self.operands(node).first() {
            self.condition(condition, then, otherwise);
        }
        let result = self.temp(span);
        for (block, field) in [(then, "consequence"), (otherwise, "alternative")] {
            self.current.build.start(block);
            if let Some(value) = tree.child(node, field) {
                let value = self.expression(value);
                let span = tree.child(node, field).map_or(span, |value| self.span(value));
                self.current.build.copy(result, value, span);
            }
            self.current.build.goto(join);
        }
        self.current.build.start(join);
        Operand::Local(result)
    }

    pub(super) fn three_blocks(&mut self) -> (crate::ir::BlockId, crate::ir::BlockId, crate::ir::BlockId) {
        let build = &mut self.current.build;
        (build.block(), build.block(), build.block())
    }

    fn if_null(&mut self, node: NodeId) -> Operand {
        let operands = self.operands(node);
        let (Some(&left), Some(&right)) = (operands.first(), operands.get(1)) else {
            return self.only_operand(node);
        };
        let span = self.span(node);
        let value = self.expression(left);
        let (is_null, is_value, join) = self.three_blocks();
        let left_span = self.span(left);
        self.current.build.branch(crate::ir::Cond::IsNull(value.clone()), is_null, is_value, left_span);
        let result = self.temp(span);
        self.current.build.start(is_value);
        self.current.build.copy(result, value, left_span);
        self.current.build.goto(join);
        self.current.build.start(is_null);
        let fallback = self.expression(right);
        let right_span = self.span(right);
        self.current.build.copy(result, fallback, right_span);
        self.current.build.continue_in(join);
        Operand::Local(result)
    }

    fn cast(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let value = self.only_operand(node);
        let span = self.span(node);
        let cast = tree.child_of_kind(node, "type_cast");
        let ty = cast.and_then(|cast| tree.named_children(cast).next()).and_then(|ty| self.file.type_ref(ty));
        self.cast_to(value, ty, span)
    }

    pub(super) fn cast_to(&mut self, value: Operand, ty: Option<TypeRef>, span: crate::source::Span) -> Operand {
        let Some(ty) = ty else { return value };
        let to = self.temp(span);
        self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Cast(ty) }, span);
        Operand::Local(to)
    }

    fn throw_expression(&mut self, node: NodeId) -> Operand {
        let value = self.only_operand(node);
        let span = self.span(node);
        self.throw(Some(value), span);
        Operand::Const(Const::Null)
    }

    /// `Foo.new`, `Foo<int>.new`
    pub(super) fn constructor_tearoff(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let ty = self.written_type(node);
        let path = [Projection::Field(Name::new("new"))].into_iter().collect();
        self.current.build.load(Place { base: Base::Type(ty), path }, false, span)
    }

    /// The `type_identifier`s and `type_arguments` among the children of a node as a type.
    pub(super) fn written_type(&self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let names: Vec<Name> = tree
            .named_children(node)
            .filter(|&child| tree.kind(child) == "type_identifier")
            .map(|child| self.name_of(child))
            .collect();
        let args = tree.child_of_kind(node, "type_arguments").map(|args| self.file.type_args(args));
        let (prefix, name) = match names.as_slice() {
            [name] => (None, name.clone()),
            [prefix, name, ..] => (Some(prefix.clone()), name.clone()),
            [] => return None,
        };
        Some(Spelling { prefix, args: args.unwrap_or_default(), ..Spelling::named(name) }.into())
    }
}

fn is_binary(kind: &str) -> bool {
    matches!(
        kind,
        "bitwise_or_expression"
            | "bitwise_xor_expression"
            | "bitwise_and_expression"
            | "shift_expression"
            | "additive_expression"
            | "multiplicative_expression"
            | "relational_expression"
    )
}

fn fold(op: &str, left: i64, right: i64) -> Option<i64> {
    match op {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "|" => Some(left | right),
        "&" => Some(left & right),
        "^" => Some(left ^ right),
        // Dart's integers wrap where they are native: only what cannot lose bits folds.
        "<<" if left >= 0 => {
            let shift = u32::try_from(right).ok().filter(|&shift| shift < 63)?;
            left.checked_mul(1_i64 << shift)
        }
        _ => None,
    }
}
