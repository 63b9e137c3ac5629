//! Where syntax stands. syn's own `span()` of an expression prints all of its tokens; this looks at both ends only.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ReturnType, Stmt};

/// The first token.
pub(super) fn first(mut expr: &Expr) -> Span {
    loop {
        if let Some(attribute) = attributes(expr).first() {
            return attribute.pound_token.span;
        }
        expr = match expr {
            Expr::Assign(it) => &it.left,
            Expr::Await(it) => &it.base,
            Expr::Binary(it) => &it.left,
            Expr::Call(it) => &it.func,
            Expr::Cast(it) => &it.expr,
            Expr::Field(it) => &it.base,
            Expr::Group(it) => &it.expr,
            Expr::Index(it) => &it.expr,
            Expr::MethodCall(it) => &it.receiver,
            Expr::Try(it) => &it.expr,
            Expr::Range(it) => match &it.start {
                Some(start) => start,
                None => return it.limits.span(),
            },
            Expr::Array(it) => return it.bracket_token.span.open(),
            Expr::Async(it) => return it.async_token.span,
            Expr::Block(it) => return label(&it.label).unwrap_or(it.block.brace_token.span.open()),
            Expr::Break(it) => return it.break_token.span,
            Expr::Closure(it) => {
                let words = [it.asyncness.as_ref().map(|it| it.span), it.capture.as_ref().map(|it| it.span)];
                return words.into_iter().flatten().next().unwrap_or(it.inputs_begin.span);
            }
            Expr::Continue(it) => return it.continue_token.span,
            Expr::ForLoop(it) => return label(&it.label).unwrap_or(it.for_token.span),
            Expr::If(it) => return it.if_token.span,
            Expr::Infer(it) => return it.underscore_token.span,
            Expr::Let(it) => return it.let_token.span,
            Expr::Lit(it) => return it.lit.span(),
            Expr::Loop(it) => return label(&it.label).unwrap_or(it.loop_token.span),
            Expr::Macro(it) => return it.mac.path.segments.first().map_or_else(Span::call_site, |it| it.ident.span()),
            Expr::Match(it) => return it.match_token.span,
            Expr::Paren(it) => return it.paren_token.span.open(),
            Expr::RawAddr(it) => return it.and_token.span,
            Expr::Reference(it) => return it.and_token.span,
            Expr::Repeat(it) => return it.bracket_token.span.open(),
            Expr::Return(it) => return it.return_token.span,
            Expr::Tuple(it) => return it.paren_token.span.open(),
            Expr::Unsafe(it) => return it.unsafe_token.span,
            Expr::While(it) => return label(&it.label).unwrap_or(it.while_token.span),
            other => return other.span(),
        };
    }
}

/// The last token.
pub(super) fn last(mut expr: &Expr) -> Span {
    loop {
        expr = match expr {
            Expr::Assign(it) => &it.right,
            Expr::Binary(it) => &it.right,
            Expr::Break(it) => match (&it.expr, &it.label) {
                (Some(value), _) => value,
                (None, Some(label)) => return label.span(),
                (None, None) => return it.break_token.span,
            },
            Expr::Closure(it) => &it.body,
            Expr::Group(it) => &it.expr,
            Expr::Let(it) => &it.expr,
            Expr::RawAddr(it) => &it.expr,
            Expr::Reference(it) => &it.expr,
            Expr::Unary(it) => &it.expr,
            Expr::Return(it) => match &it.expr {
                Some(value) => value,
                None => return it.return_token.span,
            },
            Expr::Range(it) => match &it.end {
                Some(end) => end,
                None => return it.limits.span(),
            },
            Expr::Array(it) => return it.bracket_token.span.close(),
            Expr::Async(it) => return it.block.brace_token.span.close(),
            Expr::Await(it) => return it.await_token.span,
            Expr::Block(it) => return it.block.brace_token.span.close(),
            Expr::Call(it) => return it.paren_token.span.close(),
            Expr::Cast(it) => return it.ty.span(),
            Expr::Continue(it) => return it.label.as_ref().map_or(it.continue_token.span, syn::Lifetime::span),
            Expr::Field(it) => return it.member.span(),
            Expr::ForLoop(it) => return it.body.brace_token.span.close(),
            Expr::If(it) => match &it.else_branch {
                Some((_, otherwise)) => otherwise,
                None => return it.then_branch.brace_token.span.close(),
            },
            Expr::Index(it) => return it.bracket_token.span.close(),
            Expr::Infer(it) => return it.underscore_token.span,
            Expr::Lit(it) => return it.lit.span(),
            Expr::Loop(it) => return it.body.brace_token.span.close(),
            Expr::Macro(it) => return delimiter(&it.mac),
            Expr::Match(it) => return it.brace_token.span.close(),
            Expr::MethodCall(it) => return it.paren_token.span.close(),
            Expr::Paren(it) => return it.paren_token.span.close(),
            Expr::Repeat(it) => return it.bracket_token.span.close(),
            Expr::Struct(it) => return it.brace_token.span.close(),
            Expr::Try(it) => return it.question_token.span,
            Expr::Tuple(it) => return it.paren_token.span.close(),
            Expr::Unsafe(it) => return it.block.brace_token.span.close(),
            Expr::While(it) => return it.body.brace_token.span.close(),
            other => return other.span(),
        };
    }
}

/// The closing bracket of a macro's arguments.
pub(super) fn delimiter(mac: &syn::Macro) -> Span {
    match &mac.delimiter {
        syn::MacroDelimiter::Paren(it) => it.span.close(),
        syn::MacroDelimiter::Brace(it) => it.span.close(),
        syn::MacroDelimiter::Bracket(it) => it.span.close(),
    }
}

/// The first and last token of a statement.
pub(super) fn statement(stmt: &Stmt) -> (Span, Span) {
    match stmt {
        Stmt::Local(it) => (it.let_token.span, it.semi_token.span),
        Stmt::Expr(expr, semicolon) => (first(expr), semicolon.as_ref().map_or_else(|| last(expr), |it| it.span)),
        Stmt::Macro(it) => {
            let start = it.mac.path.segments.first().map_or_else(Span::call_site, |it| it.ident.span());
            (start, it.semi_token.as_ref().map_or_else(|| delimiter(&it.mac), |it| it.span))
        }
        Stmt::Item(it) => {
            let span = it.span();
            (span, span)
        }
    }
}

/// The written result of a signature.
pub(super) fn result(output: &ReturnType) -> Option<&syn::Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

fn label(label: &Option<syn::Label>) -> Option<Span> {
    label.as_ref().map(|label| label.name.apostrophe)
}

fn attributes(expr: &Expr) -> &[syn::Attribute] {
    match expr {
        Expr::Assign(it) => &it.attrs,
        Expr::Binary(it) => &it.attrs,
        Expr::Block(it) => &it.attrs,
        Expr::Call(it) => &it.attrs,
        Expr::Closure(it) => &it.attrs,
        Expr::If(it) => &it.attrs,
        Expr::Match(it) => &it.attrs,
        Expr::MethodCall(it) => &it.attrs,
        Expr::Unsafe(it) => &it.attrs,
        _ => &[],
    }
}
