//! Variables that live in memory because their address is taken.

use proc_macro2::TokenTree;
use rustc_hash::FxHashSet;
use syn::visit::{self, Visit};
use syn::{Block, Expr};

use super::{Body, copies};
use crate::ir::{Base, LocalId, Name, Op, Operand, Place, Projection, TypeRef};
use crate::lower::rust::types;
use crate::source::Span;

/// Names of variables whose address is taken in a block.
pub(super) fn taken_in_block(block: &Block) -> FxHashSet<Name> {
    let mut taken = Taken::default();
    taken.visit_block(block);
    taken.0
}

/// Names of variables whose address is taken in an expression.
pub(super) fn taken_in(expr: &Expr) -> FxHashSet<Name> {
    let mut taken = Taken::default();
    taken.visit_expr(expr);
    taken.0
}

#[derive(Default)]
struct Taken(FxHashSet<Name>);

impl Taken {
    fn note(&mut self, expr: &Expr) {
        if let Expr::Path(it) = expr
            && let Some(name) = it.path.get_ident()
        {
            self.0.insert(name.to_string().into());
        }
    }
}

impl<'a> Visit<'a> for Taken {
    fn visit_expr_reference(&mut self, it: &'a syn::ExprReference) {
        self.note(copies::bare(&it.expr));
        visit::visit_expr_reference(self, it);
    }

    fn visit_expr_raw_addr(&mut self, it: &'a syn::ExprRawAddr) {
        self.note(copies::bare(&it.expr));
        visit::visit_expr_raw_addr(self, it);
    }

    /// `addr_of_mut!(x)`, and `&x` or `&mut x` in the arguments of any macro.
    fn visit_macro(&mut self, mac: &'a syn::Macro) {
        let is_address = mac.path.segments.last().is_some_and(|it| it.ident == "addr_of" || it.ident == "addr_of_mut");
        let mut open = vec![(mac.tokens.clone().into_iter(), is_address)];
        while let Some((tokens, after)) = open.last_mut() {
            match tokens.next() {
                Some(TokenTree::Ident(word)) if word == "mut" || word == "raw" || word == "const" => {}
                Some(TokenTree::Ident(word)) => {
                    if std::mem::take(after) {
                        self.0.insert(word.to_string().into());
                    }
                }
                Some(TokenTree::Punct(sign)) => *after = sign.as_char() == '&',
                Some(TokenTree::Group(group)) => {
                    *after = false;
                    open.push((group.stream().into_iter(), false));
                }
                Some(TokenTree::Literal(_)) => *after = false,
                None => {
                    open.pop();
                }
            }
        }
    }

    fn visit_item(&mut self, _: &'a syn::Item) {}
}

impl Body<'_> {
    /// Whether a variable lives in memory: a number or raw pointer whose address is taken, memory that is not yet
    /// initialised, an array filled with one value.
    pub(super) fn lives_in_memory(&self, name: &str, ty: Option<&TypeRef>, value: Option<&Expr>) -> bool {
        let is_uninit = ty.is_some_and(|ty| types::simple(&ty.name) == "MaybeUninit")
            || (ty.is_none() && value.is_some_and(copies::is_uninit));
        if is_uninit || value.is_some_and(|value| matches!(copies::bare(value), Expr::Repeat(_))) {
            return true;
        }
        let plain = match ty {
            Some(ty) => types::is_plain(ty) || self.file.aliases_plain(ty),
            None => value.is_some_and(copies::is_plain),
        };
        plain && self.addressed.contains(name)
    }

    /// From here on the local is the address of the variable.
    pub(super) fn put_in_memory(&mut self, local: LocalId, ty: Option<TypeRef>, span: Span) {
        self.current.in_memory.insert(local);
        self.current.build.push(Op::Stack { to: local, ty }, span);
    }

    pub(super) fn write_memory(&mut self, local: LocalId, value: Operand, span: Span) {
        self.current.build.push(Op::Store { to: pointee(local), value }, span);
    }

    pub(super) fn is_in_memory(&self, local: LocalId) -> bool {
        self.current.in_memory.contains(&local)
    }
}

/// `*local`
pub(super) fn pointee(local: LocalId) -> Place {
    Place { base: Base::Local(local), path: [Projection::Pointee].into_iter().collect() }
}
