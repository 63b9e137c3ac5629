//! Expressions → operands: each subexpression in the order of evaluation.

use super::Body;
use crate::ir::{AggregateKind, Const, CopyKind, Name, Op, Operand, SuspendKind, TypeRef, UseKind};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    /// Lowers an expression; the operand is its value.
    pub(super) fn expression(&mut self, node: NodeId) -> Operand {
        if self.current.build.is_full() {
            return Self::other();
        }
        let tree = self.tree;
        if let Some(value) = self.file.constant(node) {
            return Operand::Const(value);
        }
        match tree.kind(node) {
            "identifier"
            | "member_expression"
            | "subscript_expression"
            | "call_expression"
            | "non_null_expression"
            | "super" => self.chain(node),
            "shorthand_property_identifier" => match self.lookup(tree.text(node)) {
                Some(local) => Operand::Local(local),
                None => {
                    let span = self.span(node);
                    let name = Name::new(tree.text(node));
                    self.load_name(name, span)
                }
            },
            "this" => self.lookup("this").map_or_else(Self::other, Operand::Local),
            "template_string" => self.template(node),
            "array" => self.array(node),
            "object" => self.object(node),
            "parenthesized_expression" | "satisfies_expression" | "instantiation_expression" => self.inner(node),
            "as_expression" => self.cast(node),
            "type_assertion" => {
                tree.named_children(node).last().map_or_else(Self::other, |inner| self.expression(inner))
            }
            "arrow_function" | "function_expression" | "generator_function" => self.function_expression(node),
            "new_expression" => self.construction(node),
            "await_expression" => self.suspended(node, SuspendKind::Await),
            "yield_expression" => self.suspended(node, SuspendKind::Yield),
            "assignment_expression" | "augmented_assignment_expression" => self.assignment(node),
            "update_expression" => self.increment(node),
            "unary_expression" => self.unary(node),
            "binary_expression" => self.binary(node),
            "ternary_expression" => self.ternary(node),
            "sequence_expression" => {
                let parts: Vec<NodeId> = tree.named_children(node).collect();
                parts.into_iter().fold(Self::other(), |_, part| self.expression(part))
            }
            "spread_element" => self.spread(node),
            // A class in an expression is out of sight.
            "class" | "type_arguments" | "meta_property" | "import" => Self::other(),
            _ => self.unknown(node),
        }
    }

    /// What no rule covers is evaluated for its effects.
    fn unknown(&mut self, node: NodeId) -> Operand {
        let children: Vec<NodeId> = self.tree.named_children(node).collect();
        for child in children {
            self.expression(child);
        }
        Self::other()
    }

    fn inner(&mut self, node: NodeId) -> Operand {
        self.tree.named_children(node).next().map_or_else(Self::other, |inner| self.expression(inner))
    }

    fn cast(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let value = self.inner(node);
        let Some(ty) = tree.named_children(node).nth(1).and_then(|ty| self.file.type_ref(ty)) else { return value };
        let span = self.span(node);
        let to = self.temp(span);
        self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Cast(ty) }, span);
        Operand::Local(to)
    }

    fn template(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        for part in tree.named_children(node).filter(|&part| tree.kind(part) == "template_substitution") {
            for inner in tree.named_children(part) {
                let value = self.expression(inner);
                let span = self.span(inner);
                self.current.build.push(Op::Use { value, kind: UseKind::Read }, span);
            }
        }
        // Known to be a string, so that what is called on it can be resolved.
        let span = self.span(node);
        let to = self.current.build.typed_temp(TypeRef::named("String"), span);
        self.current.build.copy(to, Self::other(), span);
        Operand::Local(to)
    }

    fn array(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (mut items, mut spread) = (Vec::new(), Vec::new());
        for child in tree.named_children(node) {
            match tree.kind(child) {
                "spread_element" => {
                    let value = self.spread(child);
                    spread.push((value, self.span(child)));
                }
                _ => {
                    let value = self.expression(child);
                    items.push((None, value));
                }
            }
        }
        let to = self.temp(span);
        self.current.build.push(Op::Aggregate { to, kind: AggregateKind::List, items }, span);
        for (value, span) in spread {
            self.current.build.push(Op::Insert { into: to, value, spread: true }, span);
        }
        Operand::Local(to)
    }

    fn object(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let mut items: Vec<(Option<Name>, Operand)> = Vec::new();
        let mut others: Vec<(Operand, Span)> = Vec::new();
        for child in tree.named_children(node) {
            let child_span = self.span(child);
            match tree.kind(child) {
                "pair" => {
                    let (Some(key), Some(value)) = (tree.child(child, "key"), tree.child(child, "value")) else {
                        continue;
                    };
                    let name = self.name_of(key);
                    let value = self.expression(value);
                    match tree.kind(key) {
                        "computed_property_name" => others.push((value, child_span)),
                        _ => items.push((Some(name), value)),
                    }
                }
                "shorthand_property_identifier" => {
                    let value = self.expression(child);
                    items.push((Some(Name::new(tree.text(child))), value));
                }
                "method_definition" => {
                    let value = self.function_expression(child);
                    items.push((tree.child(child, "name").map(|name| self.name_of(name)), value));
                }
                "spread_element" => {
                    let value = self.spread(child);
                    others.push((value, child_span));
                }
                _ => {}
            }
        }
        let to = self.temp(span);
        self.current.build.push(Op::Aggregate { to, kind: AggregateKind::Record, items }, span);
        for (value, span) in others {
            self.current.build.push(Op::Insert { into: to, value, spread: false }, span);
        }
        Operand::Local(to)
    }

    fn suspended(&mut self, node: NodeId, kind: SuspendKind) -> Operand {
        let value = self.inner(node);
        let span = self.span(node);
        let to = self.temp(span);
        self.current.build.push(Op::Suspend { to: Some(to), value, kind }, span);
        Operand::Local(to)
    }

    fn unary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let Some(argument) = tree.child(node, "argument") else { return Self::other() };
        let span = self.span(node);
        match tree.child(node, "operator").map_or("", |operator| tree.kind(operator)) {
            "!" => self.truth(node),
            "-" => {
                let value = self.expression(argument);
                self.operate(Name::new("-"), Operand::Const(Const::Int(0)), value, span)
            }
            "~" => {
                let value = self.expression(argument);
                self.operate(Name::new("^"), value, Operand::Const(Const::Int(-1)), span)
            }
            "+" => self.expression(argument),
            // `delete x.y` takes the property away: what it leads to goes out of sight with it.
            "void" => {
                self.expression(argument);
                Operand::Const(Const::Null)
            }
            _ => {
                let value = self.expression(argument);
                self.current.build.push(Op::Use { value, kind: UseKind::Read }, span);
                Self::other()
            }
        }
    }

    fn binary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let operator = tree.child(node, "operator").map_or("", |operator| tree.kind(operator));
        match operator {
            "&&" | "||" | "??" => return self.either(node, operator),
            "==" | "===" | "!=" | "!==" | "instanceof" => return self.truth(node),
            _ => {}
        }
        let (Some(left), Some(right)) = (tree.child(node, "left"), tree.child(node, "right")) else {
            return self.unknown(node);
        };
        if tree.kind(left) == "private_property_identifier" {
            self.expression(right);
            return Self::other();
        }
        let value = self.expression(left);
        let value = self.settled(value, &[right]);
        let other = self.expression(right);
        let span = self.span(node);
        self.operate(Name::new(operator), value, other, span)
    }

    /// An operator on two values; small integers fold.
    pub(super) fn operate(&mut self, op: Name, left: Operand, right: Operand, span: Span) -> Operand {
        if let (Operand::Const(Const::Int(left)), Operand::Const(Const::Int(right))) = (&left, &right)
            && let Some(value) = fold(&op, *left, *right)
        {
            return Operand::Const(Const::Int(value));
        }
        let to = self.temp(span);
        self.current.build.push(Op::Binary { to, op, left, right }, span);
        Operand::Local(to)
    }

    fn ternary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (then, otherwise, join) = self.three_blocks();
        match tree.child(node, "condition") {
            Some(condition) => self.condition(condition, then, otherwise),
            None => self.current.build.goto(otherwise),
        }
        let result = self.temp(span);
        for (block, field) in [(then, "consequence"), (otherwise, "alternative")] {
            self.current.build.start(block);
            if let Some(part) = tree.child(node, field) {
                let value = self.expression(part);
                let span = self.span(part);
                self.current.build.copy(result, value, span);
            }
            self.current.build.goto(join);
        }
        self.current.build.start(join);
        Operand::Local(result)
    }
}

/// Numbers are exact up to 2^53.
const EXACT: i64 = 1 << 53;

fn fold(op: &str, left: i64, right: i64) -> Option<i64> {
    let value = match op {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        _ => None,
    };
    value.filter(|value| (-EXACT..=EXACT).contains(value))
}
