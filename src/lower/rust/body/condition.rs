//! Conditions → edges.

use syn::{BinOp, Expr, Lit, UnOp};

use super::{Body, copies};
use crate::ir::{BlockId, Cond, Const, Operand, TypeRef, Written};
use crate::lower::rust::attributes;
use crate::target::TargetSet;

impl Body<'_> {
    /// Ends the current block by a condition. What its patterns bind is owned by the caller, where it holds.
    pub(super) fn condition(&mut self, expr: &Expr, mut then: BlockId, mut otherwise: BlockId) {
        let mut expr = copies::bare(expr);
        while let Expr::Unary(it) = expr
            && matches!(it.op, UnOp::Not(_))
        {
            std::mem::swap(&mut then, &mut otherwise);
            expr = copies::bare(&it.expr);
        }
        match expr {
            Expr::Binary(it) if matches!(it.op, BinOp::And(_) | BinOp::Or(_)) => {
                self.short_circuit(it, then, otherwise);
            }
            Expr::Binary(it) if matches!(it.op, BinOp::Eq(_)) => self.equality(it, then, otherwise, Written::AsIs),
            Expr::Binary(it) if matches!(it.op, BinOp::Ne(_)) => self.equality(it, otherwise, then, Written::Negated),
            Expr::Let(it) => {
                let (of, mode) = self.scrutinee(&it.expr);
                self.bind(&it.pat, of, mode, Some(otherwise));
                self.current.build.goto(then);
            }
            Expr::Lit(it) => match &it.lit {
                Lit::Bool(value) => self.current.build.goto(if value.value { then } else { otherwise }),
                _ => self.truth(expr, then, otherwise),
            },
            Expr::MethodCall(it) if it.args.is_empty() => self.asked(it, expr, then, otherwise),
            Expr::Macro(it) if it.mac.path.is_ident("cfg") => {
                let condition = attributes::condition_of(&it.mac.tokens);
                match (condition.uncertain, condition.targets) {
                    (false, TargetSet::ALL) => self.current.build.goto(then),
                    (_, TargetSet::NONE) => self.current.build.goto(otherwise),
                    _ => {
                        let at = self.at(expr);
                        self.current.build.branch_written(condition.branch(), then, otherwise, at, Written::AsIs);
                    }
                }
            }
            Expr::Macro(it) if it.mac.path.is_ident("matches") => {
                if !self.matches_macro(&it.mac, then, otherwise) {
                    self.truth(expr, then, otherwise);
                }
            }
            _ => self.truth(expr, then, otherwise),
        }
    }

    fn truth(&mut self, expr: &Expr, then: BlockId, otherwise: BlockId) {
        let value = self.expression(expr);
        let at = self.at(expr);
        self.current.build.branch_written(Cond::IsTrue(value), then, otherwise, at, Written::AsIs);
    }

    /// `a && b && c`: a chain to the left.
    fn short_circuit(&mut self, it: &syn::ExprBinary, then: BlockId, otherwise: BlockId) {
        let is_and = matches!(it.op, BinOp::And(_));
        let mut parts = vec![it.right.as_ref()];
        let mut left = copies::bare(&it.left);
        while let Expr::Binary(inner) = left
            && matches!(inner.op, BinOp::And(_)) == is_and
            && matches!(inner.op, BinOp::And(_) | BinOp::Or(_))
        {
            parts.push(&inner.right);
            left = copies::bare(&inner.left);
        }
        parts.push(left);
        while let Some(part) = parts.pop() {
            if parts.is_empty() {
                self.condition(part, then, otherwise);
                return;
            }
            let next = self.current.build.block();
            if is_and {
                self.condition(part, next, otherwise);
            } else {
                self.condition(part, then, next);
            }
            self.current.build.start(next);
        }
    }

    fn equality(&mut self, it: &syn::ExprBinary, then: BlockId, otherwise: BlockId, written: Written) {
        let at = self.between(super::written::first(&it.left), super::written::last(&it.right));
        let cond = if copies::is_null(&it.right) {
            Cond::IsNull(self.expression(&it.left))
        } else if copies::is_null(&it.left) {
            Cond::IsNull(self.expression(&it.right))
        } else {
            let left = self.expression(&it.left);
            let right = self.expression(&it.right);
            match (left, right) {
                (left, Operand::Const(Const::Null)) | (Operand::Const(Const::Null), left) => Cond::IsNull(left),
                (left, right) => Cond::Equals(left, right),
            }
        };
        self.current.build.branch_written(cond, then, otherwise, at, written);
    }

    /// `p.is_null()`, `x.is_none()`, `x.is_err()` and their opposites.
    fn asked(&mut self, it: &syn::ExprMethodCall, expr: &Expr, then: BlockId, otherwise: BlockId) {
        let method = it.method.to_string();
        let cond: fn(Operand) -> Cond = match method.as_str() {
            "is_null" | "is_none" | "is_some" => Cond::IsNull,
            "is_err" | "is_ok" => |value| Cond::Is(value, TypeRef::named("Err")),
            _ => return self.truth(expr, then, otherwise),
        };
        let value = self.expression(&it.receiver);
        let at = self.at(expr);
        match method.as_str() {
            "is_some" | "is_ok" => {
                self.current.build.branch_written(cond(value), otherwise, then, at, Written::Negated);
            }
            _ => self.current.build.branch_written(cond(value), then, otherwise, at, Written::AsIs),
        }
    }
}
