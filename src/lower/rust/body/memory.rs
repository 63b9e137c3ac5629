//! Variables that live in memory because their address is taken.

use proc_macro2::TokenTree;
use rustc_hash::{FxHashMap, FxHashSet};
use syn::visit::{self, Visit};
use syn::{Block, Expr};

use super::{Body, copies, macros};
use crate::ir::{Base, LocalId, Name, Op, Operand, Place, Projection, TypeRef};
use crate::lower::rust::types;
use crate::parse::rust::Lines;
use crate::source::Span;

/// What the uses of variables say of them. A variable is known by where its name is declared.
#[derive(Default)]
pub(super) struct Used {
    /// Their address is taken.
    addressed: FxHashSet<usize>,
    /// They are asked whether they are null: raw pointers.
    pointers: FxHashSet<usize>,
}

/// Looks through the body of a function.
pub(super) fn used_in_function(lines: &Lines, params: &[(Name, usize)], block: &Block) -> Used {
    let mut walk = Walk { lines, used: Used::default(), scopes: vec![params.iter().cloned().collect()] };
    walk.visit_block(block);
    walk.used
}

/// Looks through an expression outside functions.
pub(super) fn used_in(lines: &Lines, expr: &Expr) -> Used {
    let mut walk = Walk { lines, used: Used::default(), scopes: vec![FxHashMap::default()] };
    walk.visit_expr(expr);
    walk.used
}

/// Where a name is declared.
pub(super) fn declared_at(lines: &Lines, ident: &syn::Ident) -> usize {
    lines.start(ident.span()) as usize
}

struct Walk<'l> {
    lines: &'l Lines,
    used: Used,
    scopes: Vec<FxHashMap<Name, usize>>,
}

impl Walk<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    /// The variable that an expression is.
    fn variable(&self, expr: &Expr) -> Option<usize> {
        match copies::bare(expr) {
            Expr::Path(it) => self.find(&it.path.get_ident()?.to_string()),
            _ => None,
        }
    }

    fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        self.scopes.push(FxHashMap::default());
        inside(self);
        self.scopes.pop();
    }
}

impl<'a> Visit<'a> for Walk<'_> {
    fn visit_pat_ident(&mut self, it: &'a syn::PatIdent) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(it.ident.to_string().into(), declared_at(self.lines, &it.ident));
        }
        visit::visit_pat_ident(self, it);
    }

    fn visit_block(&mut self, it: &'a Block) {
        self.scoped(|walk| visit::visit_block(walk, it));
    }

    /// The value cannot name the variable.
    fn visit_local(&mut self, it: &'a syn::Local) {
        if let Some(init) = &it.init {
            self.visit_local_init(init);
        }
        self.visit_pat(&it.pat);
    }

    fn visit_expr_let(&mut self, it: &'a syn::ExprLet) {
        self.visit_expr(&it.expr);
        self.visit_pat(&it.pat);
    }

    fn visit_arm(&mut self, it: &'a syn::Arm) {
        self.scoped(|walk| visit::visit_arm(walk, it));
    }

    fn visit_expr_closure(&mut self, it: &'a syn::ExprClosure) {
        self.scoped(|walk| visit::visit_expr_closure(walk, it));
    }

    fn visit_expr_while(&mut self, it: &'a syn::ExprWhile) {
        self.scoped(|walk| visit::visit_expr_while(walk, it));
    }

    fn visit_expr_for_loop(&mut self, it: &'a syn::ExprForLoop) {
        self.visit_expr(&it.expr);
        self.scoped(|walk| {
            walk.visit_pat(&it.pat);
            walk.visit_block(&it.body);
        });
    }

    fn visit_expr_if(&mut self, mut it: &'a syn::ExprIf) {
        loop {
            self.scoped(|walk| {
                walk.visit_expr(&it.cond);
                walk.visit_block(&it.then_branch);
            });
            match it.else_branch.as_ref().map(|(_, otherwise)| otherwise.as_ref()) {
                Some(Expr::If(next)) => it = next,
                Some(last) => return self.visit_expr(last),
                None => return,
            }
        }
    }

    fn visit_expr_reference(&mut self, it: &'a syn::ExprReference) {
        self.used.addressed.extend(self.variable(&it.expr));
        visit::visit_expr_reference(self, it);
    }

    fn visit_expr_raw_addr(&mut self, it: &'a syn::ExprRawAddr) {
        self.used.addressed.extend(self.variable(&it.expr));
        visit::visit_expr_raw_addr(self, it);
    }

    fn visit_expr_method_call(&mut self, it: &'a syn::ExprMethodCall) {
        if it.method == "is_null" {
            self.used.pointers.extend(self.variable(&it.receiver));
        }
        visit::visit_expr_method_call(self, it);
    }

    /// `addr_of_mut!(x)`, and `&x` or `&mut x` in the arguments of any macro.
    fn visit_macro(&mut self, mac: &'a syn::Macro) {
        if let Some(stmts) = macros::statements(mac) {
            self.scoped(|walk| stmts.iter().for_each(|stmt| walk.visit_stmt(stmt)));
            return;
        }
        let is_address = mac.path.segments.last().is_some_and(|it| it.ident == "addr_of" || it.ident == "addr_of_mut");
        let mut open = vec![(mac.tokens.clone().into_iter(), is_address)];
        while let Some((tokens, after)) = open.last_mut() {
            match tokens.next() {
                Some(TokenTree::Ident(word)) if word == "mut" || word == "raw" || word == "const" => {}
                Some(TokenTree::Ident(word)) => {
                    if std::mem::take(after) {
                        self.used.addressed.extend(self.find(&word.to_string()));
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
    pub(super) fn lives_in_memory(&self, declared: usize, ty: Option<&TypeRef>, value: Option<&Expr>) -> bool {
        let is_uninit = ty.is_some_and(|ty| types::simple(&ty.name) == "MaybeUninit")
            || (ty.is_none() && value.is_some_and(copies::is_uninit));
        if is_uninit || value.is_some_and(|value| matches!(copies::bare(value), Expr::Repeat(_))) {
            return true;
        }
        let plain = match ty {
            Some(ty) => types::is_plain(ty) || self.file.aliases_plain(ty),
            None => value.is_some_and(copies::is_plain),
        };
        plain && self.used.addressed.contains(&declared)
    }

    /// Whether a variable is a raw pointer by the way it is used.
    pub(super) fn is_used_as_pointer(&self, declared: usize) -> bool {
        self.used.pointers.contains(&declared)
    }

    /// From here on the local is the address of the variable.
    pub(super) fn put_in_memory(&mut self, local: LocalId, ty: Option<TypeRef>, span: Span) {
        self.current.in_memory.insert(local);
        self.current.build.push(Op::Stack { to: local, ty, by_address: false }, span);
    }

    pub(super) fn write_memory(&mut self, local: LocalId, value: Operand, span: Span) {
        self.current.build.push(Op::Store { to: Box::new(pointee(local)), value }, span);
    }

    pub(super) fn is_in_memory(&self, local: LocalId) -> bool {
        self.current.in_memory.contains(&local)
    }
}

/// `*local`
pub(super) fn pointee(local: LocalId) -> Place {
    Place { base: Base::Local(local), path: [Projection::Pointee].into_iter().collect() }
}
