//! Assignments.

use syn::{Expr, ExprBinary};

use super::chain::{Found, sign};
use super::expression::numbered;
use super::{Body, copies};
use crate::ir::{LocalKind, Op, Operand};
use crate::source::Span;

impl Body<'_> {
    /// `left = right`
    pub(super) fn assign(&mut self, left: &Expr, right: &Expr, at: Span) {
        if matches!(copies::bare(left), Expr::Infer(_)) {
            self.effect(right);
            return;
        }
        let value = self.consume(right);
        self.write(left, value, at);
    }

    fn write(&mut self, left: &Expr, value: Operand, at: Span) {
        match copies::bare(left) {
            Expr::Infer(_) => return,
            Expr::Tuple(it) => {
                for (index, left) in it.elems.iter().enumerate() {
                    self.write_part(left, numbered(index), &value, at);
                }
                return;
            }
            Expr::Array(it) => {
                for (index, left) in it.elems.iter().enumerate() {
                    self.write_part(left, numbered(index), &value, at);
                }
                return;
            }
            _ => {}
        }
        match self.chain(left) {
            Found::Value(Operand::Local(local)) if self.is_named(local) => {
                if self.current.owned.contains(&local) {
                    self.current.build.push(Op::ScopeEnd(local), at);
                }
                self.current.build.copy(local, value, at);
            }
            Found::Value(_) => {}
            Found::Place(to) => self.current.build.push(Op::Store { to: Box::new(to), value }, at),
        }
    }

    fn write_part(&mut self, left: &Expr, name: crate::ir::Name, of: &Operand, at: Span) {
        if matches!(left, Expr::Infer(_) | Expr::Range(_)) {
            return;
        }
        let to = self.temp(at);
        self.current.build.push(Op::Element { to, of: of.clone(), name: Some(name) }, at);
        self.write(left, Operand::Local(to), at);
    }

    fn is_named(&self, local: crate::ir::LocalId) -> bool {
        self.current.build.local(local).is_some_and(|it| it.kind != LocalKind::Temporary)
    }

    /// `left += right`
    pub(super) fn compound_assign(&mut self, it: &ExprBinary, at: Span) {
        let right = self.expression(&it.right);
        let found = self.chain(&it.left);
        let result = self.temp(at);
        let (left, place) = match found {
            Found::Value(value) => (value, None),
            Found::Place(place) => (self.current.build.load(place.clone(), false, at), Some(place)),
        };
        self.current.build.push(Op::Binary { to: result, op: sign(&it.op).into(), left: left.clone(), right }, at);
        match (place, left) {
            (Some(to), _) => self.current.build.push(Op::Store { to: Box::new(to), value: Operand::Local(result) }, at),
            (None, Operand::Local(local)) if self.is_named(local) => {
                self.current.build.copy(local, Operand::Local(result), at);
            }
            _ => {}
        }
    }
}
