//! Macros in bodies. What their arguments are is known where they can be read as expressions.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Block, Expr, Stmt, Token};

use super::Body;
use crate::ir::{Arg, Callee, Const, Name, Op, Operand, UseKind};
use crate::lower::rust::{attributes, types, written};
use crate::source::Span;

/// The arguments of a macro, as far as they are expressions.
struct Arguments {
    parts: Vec<Expr>,
    /// `[value; count]`
    count: Option<Expr>,
}

impl Body<'_> {
    pub(super) fn macro_call(&mut self, mac: &syn::Macro, at: Span) -> Operand {
        let name = types::path_name(&mac.path);
        let simple = types::simple(&name);
        if simple == "cfg" {
            let condition = attributes::condition_of(&mac.tokens);
            return Operand::Const(match (condition.uncertain, condition.is_never()) {
                (_, true) => Const::Bool(false),
                (false, false) if condition == attributes::Configured::EVERYWHERE => Const::Bool(true),
                _ => Const::Other,
            });
        }
        // Texts that the compiler makes.
        if matches!(simple, "concat" | "env" | "stringify" | "include_str" | "file" | "module_path") {
            return Operand::Const(Const::Str(format!("{simple}!").into()));
        }
        if simple == "matches" {
            let result = self.temp(at);
            let (then, otherwise, end) = self.three_blocks();
            self.open_scope();
            let read = self.matches_macro(mac, then, otherwise);
            self.current.bound.clear();
            self.close_scope(at);
            if read {
                for (block, value) in [(then, true), (otherwise, false)] {
                    self.current.build.start(block);
                    self.current.build.copy(result, Operand::Const(Const::Bool(value)), at);
                    self.current.build.goto(end);
                }
                self.current.build.start(end);
                return Operand::Local(result);
            }
        }
        if let Some(stmts) = statements(mac) {
            return self.wrapped(&name, mac, &stmts, at);
        }
        let Some(arguments) = arguments(mac) else {
            self.opaque_tokens(mac.tokens.clone(), at);
            return self.ended(simple, Operand::Const(Const::Other), at);
        };
        self.known_macro(&name, arguments, mac, at)
    }

    /// `guard! { statements }`: taken for a block that runs in place, where `?` and `return` leave the function; what
    /// the macro makes of its value is not known.
    fn wrapped(&mut self, name: &Name, mac: &syn::Macro, stmts: &[Stmt], at: Span) -> Operand {
        let value = self.statements_of_macro(stmts, written::delimiter(mac));
        let args = vec![Arg { name: None, value, span: at }];
        self.macro_result(name, args, mac, at)
    }

    fn known_macro(&mut self, name: &Name, arguments: Arguments, mac: &syn::Macro, at: Span) -> Operand {
        let simple = types::simple(name);
        match (simple, arguments.parts.as_slice()) {
            ("addr_of" | "addr_of_mut", [of]) => return self.address(of, at, true),
            ("assert", [condition, ..]) => {
                let (then, otherwise) = (self.current.build.block(), self.current.build.block());
                self.condition(condition, then, otherwise);
                self.current.bound.clear();
                self.current.build.start(otherwise);
                self.end_path(at);
                self.current.build.start(then);
                return Operand::Const(Const::Other);
            }
            ("ensure", [condition, rest @ ..]) => {
                let (then, otherwise) = (self.current.build.block(), self.current.build.block());
                self.condition(condition, then, otherwise);
                self.current.bound.clear();
                self.current.build.start(otherwise);
                let args = self.looked_at(rest);
                let error = self.macro_result(name, args, mac, at);
                self.leave_with(Some(error), at);
                self.current.build.start(then);
                return Operand::Const(Const::Other);
            }
            _ => {}
        }
        let takes = simple == "vec" || simple == "dbg";
        let mut args = if takes { self.arguments(arguments.parts.iter()) } else { self.looked_at(&arguments.parts) };
        if let Some(count) = &arguments.count {
            let value = self.expression(count);
            args.push(Arg { name: Some(Name::new("len")), value, span: self.at(count) });
        }
        let result = self.macro_result(name, args, mac, at);
        self.ended(simple, result, at)
    }

    /// Macros that do not come back.
    fn ended(&mut self, name: &str, result: Operand, at: Span) -> Operand {
        match name {
            "panic" | "unreachable" | "todo" | "unimplemented" => self.end_path(at),
            "bail" => self.leave_with(Some(result.clone()), at),
            _ => {}
        }
        result
    }

    fn macro_result(&mut self, name: &Name, args: Vec<Arg>, mac: &syn::Macro, at: Span) -> Operand {
        let place = mac.path.segments.last().map_or_else(|| mac.bang_token.span, |it| it.ident.span());
        let name_span = self.between(place, place);
        self.current.build.call(Callee::Name(format!("{name}!").into()), Vec::new(), args, name_span, at)
    }

    /// Arguments that the macro refers to. `name = value` names one.
    fn looked_at(&mut self, parts: &[Expr]) -> Vec<Arg> {
        let mut args = Vec::with_capacity(parts.len());
        for part in parts {
            let (name, value) = match part {
                Expr::Assign(it) => match it.left.as_ref() {
                    Expr::Path(path) => (path.path.get_ident().map(|it| Name::new(it.to_string())), it.right.as_ref()),
                    _ => (None, part),
                },
                _ => (None, part),
            };
            let operand = match Self::is_closure(value) {
                true => self.consume(value),
                false => self.expression(value),
            };
            args.push(Arg { name, value: operand, span: self.at(value) });
        }
        args
    }

    /// Tokens that are no Rust by themselves: every variable in them may go anywhere.
    pub(super) fn opaque_tokens(&mut self, tokens: TokenStream, at: Span) {
        self.file.unit.opaque.push(at.absolute_from(self.current.base));
        let mut seen: Vec<String> = Vec::new();
        let mut open = vec![tokens.into_iter()];
        while let Some(tokens) = open.last_mut() {
            match tokens.next() {
                Some(TokenTree::Ident(word)) => {
                    let word = word.to_string();
                    if seen.contains(&word) {
                        continue;
                    }
                    if let Some(local) = self.lookup(&word) {
                        let value = Operand::Local(local);
                        self.current.build.push(Op::Use { value, kind: UseKind::Escape }, at);
                    }
                    seen.push(word);
                }
                Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
                Some(_) => {}
                None => {
                    open.pop();
                }
            }
        }
    }
}

/// The statements in `name! { … }`, when they are more than one expression.
pub(super) fn statements(mac: &syn::Macro) -> Option<Vec<Stmt>> {
    let is_quote = mac.path.segments.last().is_none_or(|it| it.ident.to_string().contains("quote"));
    if is_quote || !matches!(mac.delimiter, syn::MacroDelimiter::Brace(_)) {
        return None;
    }
    let stmts = mac.parse_body_with(Block::parse_within).ok()?;
    let is_body = |stmt: &Stmt| matches!(stmt, Stmt::Local(_) | Stmt::Expr(_, Some(_)));
    stmts.iter().any(is_body).then_some(stmts)
}

/// The arguments as expressions, if they are.
fn arguments(mac: &syn::Macro) -> Option<Arguments> {
    let parser = |input: ParseStream<'_>| {
        let mut parts: Punctuated<Expr, Token![,]> = Punctuated::new();
        let mut count = None;
        while !input.is_empty() {
            parts.push_value(input.parse()?);
            if parts.len() == 1 && input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
                count = Some(input.parse()?);
                break;
            }
            if input.is_empty() {
                break;
            }
            parts.push_punct(input.parse()?);
        }
        Ok(Arguments { parts: parts.into_iter().collect(), count })
    };
    parser.parse2(mac.tokens.clone()).ok()
}
