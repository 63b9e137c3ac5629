//! Closures and `async` blocks: functions of their own that capture by reference.
//!
//! A `move` closure captures by reference too; that its captures are gone from the function around is written out.

use syn::{Block, Expr, Pat};

use super::{Body, Frame, put_back};
use crate::ir::{CopyKind, Flavor, FunctionId, FunctionKind, Local, LocalId, LocalKind, Name, Op, Operand, Param};
use crate::lower::rust::{types, written};
use crate::source::Span;

impl Body<'_> {
    pub(super) fn closure_expression(&mut self, it: &syn::ExprClosure, at: Span) -> Operand {
        let mut locals = Vec::new();
        let mut params = Vec::new();
        let mut patterns: Vec<(LocalId, &Pat)> = Vec::new();
        let base = at.absolute_from(self.current.base).start;
        for input in &it.inputs {
            let (pattern, ty) = match input {
                Pat::Type(typed) => (typed.pat.as_ref(), types::type_ref(&typed.ty)),
                pattern => (pattern, None),
            };
            let local = LocalId(locals.len() as u32);
            let name = match pattern {
                Pat::Ident(ident) if ident.subpat.is_none() => Name::new(ident.ident.to_string()),
                pattern => {
                    patterns.push((local, pattern));
                    Name::default()
                }
            };
            let span = syn::spanned::Spanned::span(pattern);
            let span = self.file.span(span, span).relative_to(base);
            locals.push(Local { name: name.clone(), kind: LocalKind::Param, ty, is_final: true, span });
            params.push(Param { local, name, named: false, required: true, initializes: None, default: None });
        }
        let id = self.inner_function(at, it.asyncness.is_some(), locals, params, it.inputs_begin.span);
        let result = written::result(&it.output).and_then(types::type_ref);
        if let Some(function) = self.file.unit.functions.get_mut(id.index()) {
            function.result = result;
        }
        self.inside(id, |body| {
            body.closure_parameters(&patterns);
            let at = body.at(&it.body);
            let value = body.consume(&it.body);
            let value = body.moved(value, at);
            body.leave_with(Some(value), at);
            body.close_scope(at);
        });
        self.closure_value(id, it.capture.is_some(), at)
    }

    pub(super) fn async_block(&mut self, it: &syn::ExprAsync, at: Span) -> Operand {
        let id = self.inner_function(at, true, Vec::new(), Vec::new(), it.async_token.span);
        self.inside(id, |body| body.async_body(&it.block));
        self.closure_value(id, it.capture.is_some(), at)
    }

    fn async_body(&mut self, block: &Block) {
        let close = block.brace_token.span.close();
        let end = self.between(close, close);
        let value = self.block(block, true);
        self.leave_with(value, end);
        self.close_scope(end);
    }

    /// Parameters of closures have no destructors of their own: most are references or views whose types are not
    /// written.
    fn closure_parameters(&mut self, patterns: &[(LocalId, &Pat)]) {
        for &(local, pattern) in patterns {
            self.bind(pattern, Operand::Local(local), super::pattern::Mode::Refer, None);
        }
    }

    fn inner_function(
        &mut self,
        at: Span,
        is_async: bool,
        locals: Vec<Local>,
        params: Vec<Param>,
        first: proc_macro2::Span,
    ) -> FunctionId {
        let span = at.absolute_from(self.current.base);
        let name_span = self.file.span(first, first);
        let mut function = self.file.new_function(FunctionKind::Closure, Name::default(), span, name_span);
        function.parent = Some(self.current.id);
        if let Some(parent) = self.file.unit.functions.get(self.current.id.index()) {
            function.qualified = parent.qualified.clone();
            function.class = parent.class;
            function.is_static = parent.is_static;
            function.targets = parent.targets;
        }
        function.flavor = if is_async { Flavor::Async } else { Flavor::Sync };
        (function.locals, function.params) = (locals, params);
        self.file.push_function(function)
    }

    /// Lowers the body of an inner function.
    fn inside(&mut self, id: FunctionId, lower: impl FnOnce(&mut Self)) {
        let inner = Frame::new(self.file, id);
        let parent = std::mem::replace(&mut self.current, inner);
        self.outer.push(parent);
        lower(self);
        if let Some(parent) = self.outer.pop() {
            let inner = std::mem::replace(&mut self.current, parent);
            put_back(self.file, inner);
        }
    }

    fn closure_value(&mut self, id: FunctionId, moves: bool, at: Span) -> Operand {
        let to = self.temp(at);
        self.current.build.push(Op::Closure { to, body: id }, at);
        if moves {
            let captures = self.file.unit.functions.get(id.index()).map(|function| function.captures.clone());
            for capture in captures.unwrap_or_default() {
                if self.current.owned.contains(&capture.outer) {
                    let gone = self.temp(at);
                    let from = Operand::Local(capture.outer);
                    self.current.build.push(Op::Copy { to: gone, from, kind: CopyKind::Move }, at);
                }
            }
        }
        Operand::Local(to)
    }

    /// Whether an expression is a closure.
    pub(super) fn is_closure(expr: &Expr) -> bool {
        matches!(super::copies::bare(expr), Expr::Closure(_))
    }
}
