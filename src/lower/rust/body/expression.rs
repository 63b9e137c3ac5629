//! Expressions.

use syn::{BinOp, Expr, Lit, UnOp};

use super::chain::{Found, member_name, sign};
use super::{Body, copies, written};
use crate::ir::{AggregateKind, Const, LocalId, LocalKind, Name, Op, Operand, SuspendKind, UseKind};
use crate::lower::rust::{attributes, types};
use crate::source::Span;

impl Body<'_> {
    /// The value of an expression; a variable stays itself.
    pub(super) fn expression(&mut self, expr: &Expr) -> Operand {
        let found = self.chain(expr);
        match found {
            Found::Value(value) => value,
            place @ Found::Place(_) => {
                let at = self.at(expr);
                self.read(place, at)
            }
        }
    }

    /// The value of an expression, taken out of the variable that it may be.
    pub(super) fn consume(&mut self, expr: &Expr) -> Operand {
        let value = self.expression(expr);
        match copies::bare(expr) {
            Expr::Path(_) => {
                let at = self.at(expr);
                self.moved(value, at)
            }
            _ => value,
        }
    }

    /// Evaluates an expression whose value nobody wants.
    pub(super) fn effect(&mut self, expr: &Expr) {
        let at = self.at(expr);
        match expr {
            Expr::Paren(it) => self.effect(&it.expr),
            Expr::Group(it) => self.effect(&it.expr),
            Expr::Block(it) => {
                self.labelled_block(it, false, at);
            }
            Expr::Unsafe(it) => {
                self.block(&it.block, false);
            }
            Expr::Const(it) => {
                self.block(&it.block, false);
            }
            Expr::If(it) => self.if_expression(it, None),
            Expr::Match(it) => self.match_expression(it, None, at),
            Expr::Loop(it) => {
                self.infinite_loop(it, false, at);
            }
            // A place is only looked at.
            _ => {
                if let Found::Value(value) = self.chain(expr) {
                    self.discard(expr, &value);
                }
            }
        }
    }

    /// A result that nobody keeps ends with the statement.
    pub(super) fn discard(&mut self, expr: &Expr, value: &Operand) {
        let Operand::Local(local) = *value else { return };
        let is_result = matches!(
            copies::bare(expr),
            Expr::Call(_) | Expr::MethodCall(_) | Expr::Try(_) | Expr::Await(_) | Expr::Unsafe(_) | Expr::Block(_)
        );
        let is_temporary = self.current.build.local(local).is_some_and(|it| it.kind == LocalKind::Temporary);
        if is_result && is_temporary && self.current.build.is_live() && !self.copies(expr) {
            self.current.temporaries.push(local);
        }
    }

    /// What is no link of a chain.
    pub(super) fn atom(&mut self, expr: &Expr) -> Operand {
        let at = self.at(expr);
        match expr {
            Expr::Lit(it) => literal(&it.lit),
            Expr::Call(it) => self.call(it, at),
            Expr::Macro(it) => self.macro_call(&it.mac, at),
            Expr::Reference(it) => self.address(&it.expr, at, it.mutability.is_some()),
            Expr::RawAddr(it) => self.address(&it.expr, at, true),
            Expr::Unary(it) => self.unary(it, at),
            Expr::Binary(it) => self.binary(it, expr, at),
            Expr::Assign(it) => {
                self.assign(&it.left, &it.right, at);
                Operand::Const(Const::Other)
            }
            Expr::Struct(it) => self.struct_literal(it, at),
            Expr::Tuple(it) if it.elems.is_empty() => Operand::Const(Const::Other),
            Expr::Tuple(it) => {
                let items = it.elems.iter().enumerate();
                let items = items.map(|(index, it)| (Some(numbered(index)), self.consume(it))).collect();
                self.aggregate(AggregateKind::Record, items, at)
            }
            Expr::Array(it) => {
                let items = it.elems.iter().map(|it| (None, self.consume(it))).collect();
                self.aggregate(AggregateKind::List, items, at)
            }
            Expr::Repeat(it) => {
                let item = self.consume(&it.expr);
                self.effect(&it.len);
                self.aggregate(AggregateKind::List, vec![(None, item)], at)
            }
            Expr::Range(it) => {
                for part in [&it.start, &it.end].into_iter().flatten() {
                    self.look_at(part);
                }
                Operand::Const(Const::Other)
            }
            Expr::Block(it) => self.labelled_block(it, true, at).unwrap_or(Operand::Const(Const::Other)),
            Expr::Unsafe(it) => self.block(&it.block, true).unwrap_or(Operand::Const(Const::Other)),
            Expr::Const(it) => self.block(&it.block, true).unwrap_or(Operand::Const(Const::Other)),
            Expr::TryBlock(it) => self.block(&it.block, true).unwrap_or(Operand::Const(Const::Other)),
            Expr::If(it) if has_value(it) => self.with_result(at, |body, result| body.if_expression(it, Some(result))),
            Expr::If(it) => {
                self.if_expression(it, None);
                Operand::Const(Const::Other)
            }
            Expr::Match(it) => self.with_result(at, |body, result| body.match_expression(it, Some(result), at)),
            Expr::Loop(it) => self.infinite_loop(it, true, at).unwrap_or(Operand::Const(Const::Other)),
            Expr::While(it) => {
                self.while_loop(it);
                Operand::Const(Const::Other)
            }
            Expr::ForLoop(it) => {
                self.for_loop(it);
                Operand::Const(Const::Other)
            }
            Expr::Return(it) => {
                let value = it.expr.as_ref().map(|value| self.consume(value));
                self.leave_with(value, at);
                Operand::Const(Const::Other)
            }
            Expr::Break(it) => {
                self.break_out(it, at);
                Operand::Const(Const::Other)
            }
            Expr::Continue(it) => {
                let label = it.label.as_ref().map(|label| label.ident.to_string());
                self.current.exits += 1;
                self.current.build.jump_continue(label.as_deref(), at);
                Operand::Const(Const::Other)
            }
            Expr::Yield(it) => {
                let value = it.expr.as_ref().map_or(Operand::Const(Const::Other), |value| self.consume(value));
                self.current.build.push(Op::Suspend { to: None, value, kind: SuspendKind::Yield }, at);
                Operand::Const(Const::Other)
            }
            Expr::Closure(it) => self.closure_expression(it, at),
            Expr::Async(it) => self.async_block(it, at),
            Expr::Let(_) => self.boolean(expr, at),
            Expr::Verbatim(tokens) => {
                self.opaque_tokens(tokens.clone(), at);
                Operand::Const(Const::Other)
            }
            _ => Operand::Const(Const::Other),
        }
    }

    /// A value that is only looked at.
    pub(super) fn look_at(&mut self, expr: &Expr) {
        let value = self.expression(expr);
        let at = self.at(expr);
        if let Operand::Local(_) = value {
            self.current.build.push(Op::Use { value, kind: UseKind::Read }, at);
        }
    }

    fn unary(&mut self, it: &syn::ExprUnary, at: Span) -> Operand {
        match it.op {
            UnOp::Not(_) if is_boolean(&it.expr) => self.with_boolean(&it.expr, false, at),
            UnOp::Neg(_) => match self.expression(&it.expr) {
                Operand::Const(Const::Int(value)) => Operand::Const(Const::Int(value.wrapping_neg())),
                _ => Operand::Const(Const::Other),
            },
            _ => {
                self.look_at(&it.expr);
                Operand::Const(Const::Other)
            }
        }
    }

    fn binary(&mut self, it: &syn::ExprBinary, expr: &Expr, at: Span) -> Operand {
        match it.op {
            BinOp::And(_) | BinOp::Or(_) => self.boolean(expr, at),
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                let left = self.expression(&it.left);
                let right = self.expression(&it.right);
                let to = self.temp(at);
                self.current.build.push(Op::Binary { to, op: sign(&it.op).into(), left, right }, at);
                Operand::Local(to)
            }
            _ => {
                self.compound_assign(it, at);
                Operand::Const(Const::Other)
            }
        }
    }

    /// A condition as a value.
    pub(super) fn boolean(&mut self, condition: &Expr, at: Span) -> Operand {
        self.with_boolean(condition, true, at)
    }

    fn with_boolean(&mut self, condition: &Expr, positive: bool, at: Span) -> Operand {
        let result = self.temp(at);
        let (then, otherwise, end) = self.three_blocks();
        self.open_scope();
        self.condition(condition, then, otherwise);
        self.current.bound.clear();
        self.close_scope(at);
        for (block, value) in [(then, positive), (otherwise, !positive)] {
            self.current.build.start(block);
            self.current.build.copy(result, Operand::Const(Const::Bool(value)), at);
            self.current.build.goto(end);
        }
        self.current.build.start(end);
        Operand::Local(result)
    }

    fn with_result(&mut self, at: Span, inside: impl FnOnce(&mut Self, LocalId)) -> Operand {
        let result = self.temp(at);
        inside(self, result);
        match self.current.build.is_live() {
            true => Operand::Local(result),
            false => Operand::Const(Const::Other),
        }
    }

    /// `if`, with `else if` walked in a loop.
    pub(super) fn if_expression(&mut self, it: &syn::ExprIf, result: Option<LocalId>) {
        let end = self.current.build.block();
        let mut at = it;
        loop {
            let (then, otherwise) = (self.current.build.block(), self.current.build.block());
            self.open_scope();
            self.condition(&at.cond, then, otherwise);
            self.current.build.start(then);
            self.own_bound();
            let value = self.block(&at.then_branch, result.is_some());
            let close = at.then_branch.brace_token.span.close();
            let close = self.between(close, close);
            self.settle(result, value, close);
            self.close_scope(close);
            self.current.build.goto(end);
            self.current.build.start(otherwise);
            match at.else_branch.as_ref().map(|(_, otherwise)| otherwise.as_ref()) {
                Some(Expr::If(next)) => at = next,
                Some(last) => {
                    self.branch_value(last, result);
                    break;
                }
                None => break,
            }
        }
        self.current.build.continue_in(end);
    }

    /// Evaluates one way of a conditional expression.
    fn branch_value(&mut self, expr: &Expr, result: Option<LocalId>) {
        match result {
            Some(_) => {
                let value = self.consume(expr);
                let at = self.at(expr);
                self.settle(result, Some(value), at);
            }
            None => self.effect(expr),
        }
    }

    fn settle(&mut self, result: Option<LocalId>, value: Option<Operand>, at: Span) {
        if let (Some(result), Some(value)) = (result, value) {
            self.current.build.copy(result, value, at);
        }
    }

    pub(super) fn match_expression(&mut self, it: &syn::ExprMatch, result: Option<LocalId>, at: Span) {
        let (of, mode) = self.scrutinee(&it.expr);
        let end = self.current.build.block();
        let arms: Vec<&syn::Arm> = it.arms.iter().collect();
        for (index, arm) in arms.iter().enumerate() {
            let condition = attributes::configured(&arm.attrs);
            if condition.is_never() {
                continue;
            }
            let is_last = index + 1 == arms.len();
            let next = self.current.build.block();
            if condition != attributes::Configured::EVERYWHERE {
                let (taken, cond) = (self.current.build.block(), condition.branch());
                self.current.build.branch(cond, taken, next, at);
                self.current.build.start(taken);
            }
            self.open_scope();
            self.bind(&arm.pat, of.clone(), mode, (!is_last).then_some(next));
            self.own_bound();
            self.branch_value(&arm.body, result);
            let last = written::last(&arm.body);
            let last = self.between(last, last);
            self.close_scope(last);
            self.current.build.goto(end);
            self.current.build.start(next);
        }
        // One of the arms fits.
        self.current.build.stop();
        self.current.build.start(end);
        if arms.is_empty() {
            self.current.build.stop();
        }
    }

    fn struct_literal(&mut self, it: &syn::ExprStruct, at: Span) -> Operand {
        let mut items = Vec::with_capacity(it.fields.len());
        for field in &it.fields {
            if !attributes::configured(&field.attrs).is_never() {
                items.push((Some(member_name(&field.member)), self.consume(&field.expr)));
            }
        }
        let rest = it.rest.as_ref().map(|rest| self.consume(rest));
        let to = match types::of_path(&it.path) {
            Some(ty) => self.current.build.typed_temp(ty, at),
            None => self.temp(at),
        };
        self.current.build.push(Op::Aggregate { to, kind: AggregateKind::Record, items }, at);
        if let Some(value) = rest {
            self.current.build.push(Op::Insert { into: to, value, spread: true }, at);
        }
        Operand::Local(to)
    }

    pub(super) fn aggregate(&mut self, kind: AggregateKind, items: Vec<(Option<Name>, Operand)>, at: Span) -> Operand {
        let to = self.temp(at);
        self.current.build.push(Op::Aggregate { to, kind, items }, at);
        Operand::Local(to)
    }

    /// Leaves the path: a panic, the end of the process.
    pub(super) fn end_path(&mut self, at: Span) {
        self.current.build.end(crate::ir::Terminator::Unreachable, at);
    }
}

/// Whether an `if` ends with an `else`.
pub(super) fn has_value(mut it: &syn::ExprIf) -> bool {
    loop {
        match it.else_branch.as_ref().map(|(_, otherwise)| otherwise.as_ref()) {
            Some(Expr::If(next)) => it = next,
            otherwise => return otherwise.is_some(),
        }
    }
}

/// `$1`, as records name their parts.
pub(super) fn numbered(index: usize) -> Name {
    format!("${}", index + 1).into()
}

/// Whether `!` of it is a logical one by its form.
fn is_boolean(expr: &Expr) -> bool {
    match copies::bare(expr) {
        Expr::Binary(it) => matches!(
            it.op,
            BinOp::Eq(_)
                | BinOp::Ne(_)
                | BinOp::Lt(_)
                | BinOp::Le(_)
                | BinOp::Gt(_)
                | BinOp::Ge(_)
                | BinOp::And(_)
                | BinOp::Or(_)
        ),
        Expr::MethodCall(it) => {
            let name = it.method.to_string();
            name.starts_with("is_") || name.starts_with("has_") || name == "contains"
        }
        Expr::Macro(it) => it.mac.path.is_ident("matches") || it.mac.path.is_ident("cfg"),
        Expr::Unary(it) => matches!(it.op, UnOp::Not(_)) && is_boolean(&it.expr),
        _ => false,
    }
}

/// A literal as a constant.
pub(super) fn literal(lit: &Lit) -> Operand {
    Operand::Const(match lit {
        Lit::Str(text) => Const::Str(text.value().into()),
        Lit::ByteStr(bytes) => Const::Str(String::from_utf8_lossy(&bytes.value()).into()),
        Lit::CStr(text) => Const::Str(text.value().to_string_lossy().into()),
        Lit::Int(number) => number.base10_parse().map_or(Const::Other, Const::Int),
        Lit::Bool(it) => Const::Bool(it.value),
        Lit::Byte(it) => Const::Int(i64::from(it.value())),
        _ => Const::Other,
    })
}
