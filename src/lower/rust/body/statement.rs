//! Blocks, statements and loops.

use syn::{Block, Expr, Pat, Stmt};

use super::pattern::Mode;
use super::{Body, Break, copies, written};
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Cond, Const, CopyKind, LocalId, Name, Op, Operand, TypeRef};
use crate::lower::rust::{attributes, types};
use crate::source::Span;

impl Body<'_> {
    /// A block with a scope of its own; its value where one is wanted.
    pub(super) fn block(&mut self, block: &Block, wanted: bool) -> Option<Operand> {
        self.open_scope();
        let value = self.statements(&block.stmts, wanted);
        let close = block.brace_token.span.close();
        let at = self.between(close, close);
        self.close_scope(at);
        value
    }

    /// The statements a macro wraps, in a scope of their own.
    pub(super) fn statements_of_macro(&mut self, stmts: &[Stmt], close: proc_macro2::Span) -> Operand {
        self.open_scope();
        let value = self.statements(stmts, true);
        let at = self.between(close, close);
        self.close_scope(at);
        value.unwrap_or(Operand::Const(Const::Other))
    }

    fn statements(&mut self, stmts: &[Stmt], wanted: bool) -> Option<Operand> {
        let choices = if wanted { choices(stmts) } else { 0 };
        let first_choice = stmts.len() - choices;
        let mut value = None;
        for (index, stmt) in stmts.iter().take(first_choice).enumerate() {
            if self.current.build.is_full() {
                return None;
            }
            let is_last = index + 1 == stmts.len();
            let outer = std::mem::take(&mut self.current.temporaries);
            match stmt {
                Stmt::Expr(expr, None) if is_last && wanted => value = Some(self.tail(expr)),
                Stmt::Macro(it) if is_last && wanted && it.semi_token.is_none() => {
                    let (first, last) = written::statement(stmt);
                    let at = self.between(first, last);
                    value = Some(self.macro_call(&it.mac, at));
                }
                _ => self.statement(stmt),
            }
            let (_, last) = written::statement(stmt);
            let end = self.between(last, last);
            self.end_temporaries(outer, end);
        }
        if choices > 0 {
            value = Some(self.chosen(stmts.get(first_choice..).unwrap_or_default()));
        }
        if wanted { Some(value.unwrap_or(Operand::Const(Const::Other))) } else { None }
    }

    /// `#[cfg(a)] { x } #[cfg(not(a))] { y }` at the end of a block: one of them is its value.
    fn chosen(&mut self, stmts: &[Stmt]) -> Operand {
        let end = self.current.build.block();
        let mut result = None;
        for stmt in stmts {
            let Stmt::Expr(expr, None) = stmt else { continue };
            let condition = attributes::configured(expression_attributes(expr));
            if condition.is_never() {
                continue;
            }
            let at = self.at(expr);
            let result = *result.get_or_insert_with(|| self.current.build.temp(at));
            let (then, next) = (self.current.build.block(), self.current.build.block());
            self.current.build.branch(condition.branch(), then, next, at);
            self.current.build.start(then);
            let value = self.tail(expr);
            self.current.build.copy(result, value, at);
            self.current.build.goto(end);
            self.current.build.start(next);
        }
        // One of them is compiled.
        match result {
            Some(result) => {
                self.current.build.stop();
                self.current.build.start(end);
                Operand::Local(result)
            }
            None => {
                self.current.build.continue_in(end);
                Operand::Const(Const::Other)
            }
        }
    }

    /// The value of a block: it leaves the scope.
    fn tail(&mut self, expr: &Expr) -> Operand {
        let value = self.consume(expr);
        match value {
            // The variables of the block end before the value is used.
            Operand::Local(local) if self.is_variable(local) || self.current.owned.contains(&local) => {
                let at = self.at(expr);
                self.moved(value, at)
            }
            value => value,
        }
    }

    /// Ends the values that live to the end of the statement.
    fn end_temporaries(&mut self, outer: Vec<LocalId>, at: Span) {
        let temporaries = std::mem::replace(&mut self.current.temporaries, outer);
        self.end_all(&temporaries, at);
    }

    fn statement(&mut self, stmt: &Stmt) {
        let attributes: &[syn::Attribute] = match stmt {
            Stmt::Local(it) => &it.attrs,
            Stmt::Macro(it) => &it.attrs,
            Stmt::Expr(expr, _) => expression_attributes(expr),
            Stmt::Item(_) => &[],
        };
        let (first, last) = written::statement(stmt);
        let at = self.between(first, last);
        self.configured(attributes, at, |body| match stmt {
            Stmt::Local(it) => body.local(it, at),
            Stmt::Expr(expr, _) => body.effect(expr),
            Stmt::Macro(it) => {
                body.macro_call(&it.mac, at);
            }
            Stmt::Item(it) => body.inner_item(it),
        });
    }

    /// Runs `inside` where `#[cfg]` lets it.
    pub(super) fn configured(&mut self, attributes: &[syn::Attribute], at: Span, inside: impl FnOnce(&mut Self)) {
        if attributes.is_empty() {
            inside(self);
            return;
        }
        let condition = attributes::configured(attributes);
        if condition == attributes::Configured::EVERYWHERE {
            inside(self);
        } else if !condition.is_never() {
            let (then, end) = (self.current.build.block(), self.current.build.block());
            self.current.build.branch(condition.branch(), then, end, at);
            self.current.build.start(then);
            inside(self);
            self.current.build.continue_in(end);
        }
    }

    fn inner_item(&mut self, item: &syn::Item) {
        let named = match item {
            syn::Item::Static(it) => Some((&it.ident, &it.ty, false, &it.expr)),
            syn::Item::Const(it) => Some((&it.ident, &it.ty, true, &it.expr)),
            _ => None,
        };
        let Some((ident, ty, is_const, value)) = named else {
            self.file.inner_item(item);
            return;
        };
        let function = self.file.unit.functions.get(self.current.id.index());
        let around = function.map_or(Name::default(), |function| function.qualified.clone());
        let name: Name = format!("{around}::{ident}").into();
        self.hoisted.insert(ident.to_string().into(), name.clone());
        self.file.variable(name, ident.span(), ty, is_const, Some(value));
    }

    /// `let`
    fn local(&mut self, local: &syn::Local, at: Span) {
        let (pattern, ty) = match &local.pat {
            Pat::Type(it) => (it.pat.as_ref(), types::type_ref(&it.ty)),
            pattern => (pattern, None),
        };
        let value = local.init.as_ref().map(|init| init.expr.as_ref());
        let otherwise = local.init.as_ref().and_then(|init| init.diverge.as_ref()).map(|(_, block)| block.as_ref());
        if let Pat::Ident(ident) = pattern
            && ident.subpat.is_none()
            && ident.by_ref.is_none()
            && otherwise.is_none()
        {
            self.variable(ident, ty, value, at);
            return;
        }
        let Some(value) = value else {
            self.bind(pattern, Operand::Const(Const::Other), Mode::Refer, None);
            return;
        };
        if matches!(pattern, Pat::Wild(_)) {
            let of = self.expression(value);
            self.discard(value, &of);
            return;
        }
        let (of, mode) = self.scrutinee(value);
        match otherwise {
            None => {
                self.bind(pattern, of, mode, None);
                self.own_bound();
            }
            Some(otherwise) => {
                let (fails, holds) = (self.current.build.block(), self.current.build.block());
                self.bind(pattern, of, mode, Some(fails));
                self.current.build.goto(holds);
                self.current.build.start(fails);
                let bound = std::mem::take(&mut self.current.bound);
                self.effect(otherwise);
                self.current.build.stop();
                self.current.build.start(holds);
                self.current.bound = bound;
                self.own_bound();
            }
        }
    }

    /// `let x: T = value;`
    fn variable(&mut self, ident: &syn::PatIdent, ty: Option<TypeRef>, value: Option<&Expr>, at: Span) {
        let declared = super::memory::declared_at(&self.file.lines, &ident.ident);
        let is_final = ident.mutability.is_none();
        let copies = match (&ty, value) {
            _ if self.is_used_as_pointer(declared) => true,
            (Some(ty), _) if ty.name != "_" => self.file.is_copy(ty),
            (_, Some(value)) => self.copies(value),
            (_, None) => false,
        };
        let in_memory = self.lives_in_memory(declared, ty.as_ref(), value);
        let uninit = value.is_some_and(copies::is_uninit);
        let repeated = value.and_then(|value| match copies::bare(value) {
            Expr::Repeat(it) => Some(it),
            _ => None,
        });
        let of = match (value, repeated) {
            (_, Some(it)) => {
                self.effect(&it.expr);
                self.effect(&it.len);
                None
            }
            (Some(_), _) if uninit => None,
            (Some(value), None) => Some(self.consume(value)),
            (None, None) => None,
        };
        let ty = ty.or_else(|| value.and_then(written_type));
        let local = self.declare(&ident.ident, ty.clone(), is_final);
        if in_memory {
            self.put_in_memory(local, ty, at);
            if let Some(of) = of {
                self.write_memory(local, of, at);
            }
            return;
        }
        if let Some(of) = of {
            self.current.build.copy(local, of, at);
        }
        if !copies {
            self.own(local);
        }
    }

    /// What a pattern is matched with, and what binding by value does to it.
    pub(super) fn scrutinee(&mut self, expr: &Expr) -> (Operand, Mode) {
        let value = self.expression(expr);
        let mode = match copies::bare(expr) {
            Expr::Reference(_) => Mode::Refer,
            Expr::Path(_) => match &value {
                Operand::Local(local) if self.current.owned.contains(local) => Mode::Move,
                _ => Mode::Refer,
            },
            expr if self.copies(expr) => Mode::Refer,
            Expr::Field(_) | Expr::Index(_) => Mode::Refer,
            _ => Mode::Own,
        };
        let at = self.at(expr);
        let value = match value {
            // A variable may be written while the pattern's own are in use.
            Operand::Local(local) if mode == Mode::Refer && self.is_variable(local) => {
                let to = self.temp(at);
                self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Same }, at);
                Operand::Local(to)
            }
            Operand::Const(_) => Operand::Local(self.current.build.as_local(value, at)),
            value => value,
        };
        (value, mode)
    }

    pub(super) fn three_blocks(&mut self) -> (BlockId, BlockId, BlockId) {
        (self.current.build.block(), self.current.build.block(), self.current.build.block())
    }

    /// `loop`, with the value that `break` gives it.
    pub(super) fn infinite_loop(&mut self, it: &syn::ExprLoop, wanted: bool, at: Span) -> Option<Operand> {
        let (head, end) = (self.current.build.block(), self.current.build.block());
        let result = wanted.then(|| self.temp(at));
        self.current.build.continue_in(head);
        let is_set = self.targeted(&it.label, result, end, Some(head), |body| {
            body.block(&it.body, false);
        });
        self.current.build.goto(head);
        self.current.build.start(end);
        result.map(|result| if is_set { Operand::Local(result) } else { Operand::Const(Const::Other) })
    }

    pub(super) fn while_loop(&mut self, it: &syn::ExprWhile) {
        let (head, inside, end) = self.three_blocks();
        self.current.build.continue_in(head);
        self.targeted(&it.label, None, end, Some(head), |body| {
            body.open_scope();
            body.condition(&it.cond, inside, end);
            body.current.build.start(inside);
            body.loop_body(&it.body);
        });
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    pub(super) fn for_loop(&mut self, it: &syn::ExprForLoop) {
        let at = self.at(&it.expr);
        let copies = self.copies(&it.expr);
        let value = self.consume(&it.expr);
        let of = Operand::Local(self.current.build.as_local(value, at));
        let (head, inside, end) = self.three_blocks();
        self.current.build.continue_in(head);
        self.current.build.branch(Cond::Opaque, inside, end, at);
        self.current.build.start(inside);
        self.targeted(&it.label, None, end, Some(head), |body| {
            body.open_scope();
            let element = body.temp(at);
            body.current.build.push(Op::Element { to: element, of, name: None }, at);
            let mode = if copies { Mode::Refer } else { Mode::Own };
            body.bind(&it.pat, Operand::Local(element), mode, None);
            body.loop_body(&it.body);
        });
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    /// The body of a loop, in the scope of what its head has bound.
    fn loop_body(&mut self, block: &Block) {
        self.own_bound();
        self.block(block, false);
        let close = block.brace_token.span.close();
        let at = self.between(close, close);
        self.close_scope(at);
    }

    /// Runs `inside` where `break` leads to `end` and `continue` to `next`. Whether a `break` has written the result.
    fn targeted(
        &mut self,
        label: &Option<syn::Label>,
        result: Option<LocalId>,
        end: BlockId,
        next: Option<BlockId>,
        inside: impl FnOnce(&mut Self),
    ) -> bool {
        let label = label.as_ref().map(|label| Name::new(label.name.ident.to_string()));
        let target = JumpTarget {
            labels: label.iter().cloned().collect(),
            break_to: Some(end),
            continue_to: next,
            only_by_label: next.is_none(),
        };
        self.current.build.open_target(target);
        self.current.breaks.push(Break { label, result, is_loop: next.is_some(), is_set: false });
        inside(self);
        let left = self.current.breaks.pop();
        self.current.build.close_target();
        left.is_some_and(|left| left.is_set)
    }

    /// `'label: { … }`
    pub(super) fn labelled_block(&mut self, it: &syn::ExprBlock, wanted: bool, at: Span) -> Option<Operand> {
        if it.label.is_none() {
            return self.block(&it.block, wanted);
        }
        let end = self.current.build.block();
        let result = wanted.then(|| self.temp(at));
        let is_set = self.targeted(&it.label, result, end, None, |body| {
            let value = body.block(&it.block, wanted);
            if let Some(value) = value {
                body.set_break(|_| true, value, at);
            }
        });
        self.current.build.continue_in(end);
        result.map(|result| if is_set { Operand::Local(result) } else { Operand::Const(Const::Other) })
    }

    /// Gives the innermost target that fits its value.
    fn set_break(&mut self, fits: impl Fn(&Break) -> bool, value: Operand, at: Span) {
        if !self.current.build.is_live() {
            return;
        }
        let target = self.current.breaks.iter_mut().rev().find(|it| fits(it));
        if let Some(Break { result: Some(result), is_set, .. }) = target {
            *is_set = true;
            self.current.build.copy(*result, value, at);
        }
    }

    /// `break`, `break 'a value`
    pub(super) fn break_out(&mut self, it: &syn::ExprBreak, at: Span) {
        let label = it.label.as_ref().map(|label| label.ident.to_string());
        if let Some(value) = &it.expr {
            let value = self.consume(value);
            match &label {
                Some(label) => self.set_break(|it| it.label.as_deref() == Some(label), value, at),
                None => self.set_break(|it| it.is_loop, value, at),
            }
        }
        self.current.exits += 1;
        self.current.build.jump_break(label.as_deref(), at);
    }
}

/// How many statements at the end of a block are values under conditions.
fn choices(stmts: &[Stmt]) -> usize {
    let is_choice = |stmt: &&Stmt| match stmt {
        Stmt::Expr(Expr::If(it), None) if !super::expression::has_value(it) => false,
        Stmt::Expr(Expr::While(_) | Expr::ForLoop(_), None) => false,
        Stmt::Expr(expr, None) => {
            attributes::configured(expression_attributes(expr)) != attributes::Configured::EVERYWHERE
        }
        _ => false,
    };
    stmts.iter().rev().take_while(is_choice).count()
}

/// The type that an initial value says of itself: `value as T`, `T { … }`.
fn written_type(value: &Expr) -> Option<TypeRef> {
    match copies::bare(value) {
        Expr::Cast(it) => types::type_ref(&it.ty).filter(|ty| ty.name != "_"),
        Expr::Struct(it) => types::of_path(&it.path),
        _ => None,
    }
}

fn expression_attributes(expr: &Expr) -> &[syn::Attribute] {
    match expr {
        Expr::Assign(it) => &it.attrs,
        Expr::Block(it) => &it.attrs,
        Expr::Call(it) => &it.attrs,
        Expr::ForLoop(it) => &it.attrs,
        Expr::If(it) => &it.attrs,
        Expr::Loop(it) => &it.attrs,
        Expr::Macro(it) => &it.attrs,
        Expr::Match(it) => &it.attrs,
        Expr::MethodCall(it) => &it.attrs,
        Expr::Return(it) => &it.attrs,
        Expr::Unsafe(it) => &it.attrs,
        Expr::While(it) => &it.attrs,
        _ => &[],
    }
}
