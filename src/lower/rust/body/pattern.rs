//! Patterns: what they ask and what they bind.

use syn::spanned::Spanned;
use syn::{Expr, Pat};

use super::Body;
use super::chain::member_name;
use super::expression::{literal, numbered};
use crate::ir::{BlockId, Cond, CopyKind, Name, Op, Operand, TypeRef};
use crate::lower::rust::types;
use crate::source::Span;

/// What binding by value does to the value that is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is a variable that gives it up.
    Move,
    /// It belongs to nobody else.
    Own,
    /// It stays where it is: a reference, a number, a member.
    Refer,
}

impl Body<'_> {
    /// Binds the variables of a pattern in the innermost scope; they wait in `bound` to be owned. Where the pattern
    /// does not fit the path goes to `otherwise`; without one it fits.
    pub(super) fn bind(&mut self, pattern: &Pat, of: Operand, mode: Mode, otherwise: Option<BlockId>) {
        let span = pattern.span();
        let at = self.between(span, span);
        match pattern {
            Pat::Ident(it) => self.bind_ident(it, of, mode, otherwise, at),
            Pat::Type(it) => self.bind(&it.pat, of, mode, otherwise),
            Pat::Paren(it) => self.bind(&it.pat, of, mode, otherwise),
            Pat::Reference(it) => self.bind(&it.pat, of, Mode::Refer, otherwise),
            Pat::Guard(it) => {
                self.bind(&it.pat, of, mode, otherwise);
                let then = self.current.build.block();
                let otherwise = otherwise.unwrap_or(then);
                let bound = std::mem::take(&mut self.current.bound);
                self.condition(&it.guard, then, otherwise);
                self.current.bound.splice(..0, bound);
                self.current.build.start(then);
            }
            Pat::Or(it) => self.alternatives(it, &of, mode, otherwise),
            Pat::TupleStruct(it) => {
                let name = types::path_name(&it.path);
                self.ask_variant(&name, &of, otherwise, at);
                if matches!(types::simple(&name), "Some" | "Ok")
                    && let Some(inner) = it.elems.first()
                {
                    self.bind(inner, of, mode, otherwise);
                    return;
                }
                self.elements(it.elems.iter(), &of, mode, otherwise);
            }
            Pat::Tuple(it) => self.elements(it.elems.iter(), &of, mode, otherwise),
            Pat::Slice(it) => {
                self.ask(Cond::Opaque, otherwise, at);
                self.elements(it.elems.iter(), &of, mode, otherwise);
            }
            Pat::Struct(it) => {
                let name = types::path_name(&it.path);
                self.ask_variant(&name, &of, otherwise, at);
                for field in &it.fields {
                    self.element(&field.pat, Some(member_name(&field.member)), &of, mode, otherwise);
                }
                self.give_up(&of, mode, !it.fields.is_empty(), at);
            }
            Pat::Path(it) => {
                let name = types::path_name(&it.path);
                self.ask_variant(&name, &of, otherwise, at);
            }
            Pat::Lit(it) => {
                let value = literal(&it.lit);
                self.ask(Cond::Equals(of, value), otherwise, at);
            }
            Pat::Range(_) | Pat::Const(_) | Pat::Macro(_) | Pat::Verbatim(_) => {
                self.ask(Cond::Opaque, otherwise, at);
            }
            _ => {}
        }
    }

    fn bind_ident(&mut self, it: &syn::PatIdent, of: Operand, mode: Mode, otherwise: Option<BlockId>, at: Span) {
        let text = it.ident.to_string();
        let is_plain = it.subpat.is_none() && it.by_ref.is_none() && it.mutability.is_none();
        if is_plain && text.starts_with(char::is_uppercase) {
            // A variant or constant without a path: variables are in lower case.
            self.ask_variant(&text.into(), &of, otherwise, at);
            return;
        }
        if let Some((_, inner)) = &it.subpat {
            self.bind(inner, of.clone(), Mode::Refer, otherwise);
        }
        let mode = if it.by_ref.is_some() { Mode::Refer } else { mode };
        // The alternatives of one pattern bind the same variables.
        let shared = self.current.scopes.last().and_then(|scope| scope.names.get(text.as_str()).copied());
        let local = match shared.filter(|local| self.current.bound.contains(local)) {
            Some(local) => local,
            None => {
                let local = self.declare(&it.ident, None, it.mutability.is_none());
                if mode != Mode::Refer
                    && !self.is_used_as_pointer(super::memory::declared_at(&self.file.lines, &it.ident))
                {
                    self.current.bound.push(local);
                }
                local
            }
        };
        let kind = if mode == Mode::Move { CopyKind::Move } else { CopyKind::Same };
        self.current.build.push(Op::Copy { to: local, from: of, kind }, at);
    }

    /// `A(x) | B(x)`
    fn alternatives(&mut self, it: &syn::PatOr, of: &Operand, mode: Mode, otherwise: Option<BlockId>) {
        let fits = self.current.build.block();
        let last = it.cases.len().saturating_sub(1);
        for (index, case) in it.cases.iter().enumerate() {
            let next = if index == last { otherwise } else { Some(self.current.build.block()) };
            self.bind(case, of.clone(), mode, next);
            self.current.build.goto(fits);
            if let Some(next) = next.filter(|_| index != last) {
                self.current.build.start(next);
            }
        }
        self.current.build.start(fits);
    }

    fn elements<'p>(
        &mut self,
        patterns: impl ExactSizeIterator<Item = &'p Pat>,
        of: &Operand,
        mode: Mode,
        otherwise: Option<BlockId>,
    ) {
        let mut any = false;
        let mut at = Span::default();
        for (index, pattern) in patterns.enumerate() {
            if matches!(pattern, Pat::Rest(_)) {
                // What follows `..` counts from the end.
                continue;
            }
            let span = pattern.span();
            at = self.between(span, span);
            any = true;
            self.element(pattern, Some(numbered(index)), of, mode, otherwise);
        }
        self.give_up(of, mode, any, at);
    }

    fn element(&mut self, pattern: &Pat, name: Option<Name>, of: &Operand, mode: Mode, otherwise: Option<BlockId>) {
        if matches!(pattern, Pat::Wild(_) | Pat::Rest(_)) {
            return;
        }
        let span = pattern.span();
        let at = self.between(span, span);
        let to = self.temp(at);
        self.current.build.push(Op::Element { to, of: of.clone(), name }, at);
        let mode = if mode == Mode::Move { Mode::Own } else { mode };
        self.bind(pattern, Operand::Local(to), mode, otherwise);
    }

    /// A variable whose parts were bound by value has given them up.
    fn give_up(&mut self, of: &Operand, mode: Mode, any: bool, at: Span) {
        if mode == Mode::Move && any && !self.current.bound.is_empty() {
            self.moved(of.clone(), at);
        }
    }

    /// `Some` and `None` ask for null, every other variant for itself.
    fn ask_variant(&mut self, name: &Name, of: &Operand, otherwise: Option<BlockId>, at: Span) {
        let Some(otherwise) = otherwise else { return };
        let fits = self.current.build.block();
        match types::simple(name) {
            "None" => self.current.build.branch(Cond::IsNull(of.clone()), fits, otherwise, at),
            "Some" => self.current.build.branch(Cond::IsNull(of.clone()), otherwise, fits, at),
            // A result is its value, unless it is an error.
            "Ok" => {
                let cond = Cond::Is(of.clone(), TypeRef::named("Err"));
                self.current.build.branch(cond, otherwise, fits, at);
            }
            _ => self.current.build.branch(Cond::Is(of.clone(), TypeRef::named(name)), fits, otherwise, at),
        }
        self.current.build.start(fits);
    }

    fn ask(&mut self, cond: Cond, otherwise: Option<BlockId>, at: Span) {
        let Some(otherwise) = otherwise else { return };
        let fits = self.current.build.block();
        self.current.build.branch(cond, fits, otherwise, at);
        self.current.build.start(fits);
    }

    /// `matches!(value, pattern)`; false when it cannot be read.
    pub(super) fn matches_macro(&mut self, mac: &syn::Macro, then: BlockId, otherwise: BlockId) -> bool {
        let parsed = mac.parse_body_with(|input: syn::parse::ParseStream<'_>| {
            let value: Expr = input.parse()?;
            input.parse::<syn::Token![,]>()?;
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let guard = match input.parse::<Option<syn::Token![if]>>()? {
                Some(_) => Some(input.parse::<Expr>()?),
                None => None,
            };
            input.parse::<Option<syn::Token![,]>>()?;
            Ok((value, pattern, guard))
        });
        let Ok((value, pattern, guard)) = parsed else { return false };
        let (of, _) = self.scrutinee(&value);
        self.bind(&pattern, of, Mode::Refer, Some(otherwise));
        match guard {
            Some(guard) => self.condition(&guard, then, otherwise),
            None => self.current.build.goto(then),
        }
        true
    }
}
