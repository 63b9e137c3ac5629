//! `try`, `on`, `catch`, `finally`.

use super::Body;
use crate::ir::{BlockId, Cond, Const, LocalId, Op, Operand, Terminator};
use crate::parse::NodeId;

/// One `on T catch (e, s) { … }`.
#[derive(Clone, Copy, Debug, Default)]
struct Clause {
    ty: Option<NodeId>,
    catch: Option<NodeId>,
    block: Option<NodeId>,
}

impl Body<'_, '_> {
    pub(super) fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let finally = tree.child_of_kind(node, "finally_clause").and_then(|clause| tree.child_of_kind(clause, "block"));
        match finally {
            Some(finally) => self.try_finally(node, finally),
            None => {
                let end = self.current.build.block();
                self.try_catch(node, end);
                self.current.build.start(end);
            }
        }
    }

    /// One copy of the clause for each way into it.
    fn try_finally(&mut self, node: NodeId, finally: NodeId) {
        let span = self.span(finally);
        let (normal, end) = (self.current.build.block(), self.current.build.block());
        self.current.build.open_cleanup();
        self.try_catch(node, normal);
        let Some((landing, exits)) = self.current.build.close_cleanup() else { return };
        self.current.build.start(normal);
        self.block(finally);
        self.current.build.goto(end);
        for exit in exits {
            self.current.build.start(exit.entry);
            self.block(finally);
            self.current.build.resume_exit(exit);
        }
        self.current.build.start(landing);
        self.block(finally);
        let brace = crate::source::Span::new(span.end.saturating_sub(1), span.end);
        self.current.build.end(Terminator::Resume, brace);
        self.current.build.start(end);
    }

    fn try_catch(&mut self, node: NodeId, end: BlockId) {
        let tree = self.tree;
        let clauses = self.clauses(node);
        let body = tree.child(node, "body");
        if clauses.is_empty() {
            if let Some(body) = body {
                self.block(body);
            }
            self.current.build.goto(end);
            return;
        }
        let region = self.current.build.open_handler();
        if let Some(body) = body {
            self.block(body);
        }
        self.current.build.goto(end);
        self.current.build.close_handler(region);
        self.current.build.start(region.landing);
        let first = clauses.first().and_then(|clause| clause.catch.or(clause.ty)).unwrap_or(node);
        let span = self.span(first);
        let exception = self.temp(span);
        self.current.build.push(Op::Catch { to: exception }, span);
        for clause in clauses {
            let next = self.current.build.block();
            let ty = clause.ty.and_then(|ty| self.file.type_ref(ty));
            if let (Some(ty), Some(node)) = (ty, clause.ty) {
                let (fits, span) = (self.current.build.block(), self.span(node));
                let cond = Cond::Is(Operand::Local(exception), ty);
                self.current.build.branch(cond, fits, next, span);
                self.current.build.start(fits);
            }
            self.scoped(|body| {
                body.catch_variables(clause, exception);
                if let Some(block) = clause.block {
                    body.block(block);
                }
            });
            self.current.build.goto(end);
            self.current.build.start(next);
        }
        self.current.build.end(Terminator::Resume, span);
    }

    fn catch_variables(&mut self, clause: Clause, exception: LocalId) {
        let tree = self.tree;
        let Some(catch) = clause.catch else { return };
        if let Some(name) = tree.child(catch, "exception") {
            let ty = clause.ty.and_then(|ty| self.file.type_ref(ty));
            let local = self.declare(name, ty, true);
            let span = self.span(name);
            self.current.build.copy(local, Operand::Local(exception), span);
        }
        if let Some(name) = tree.child(catch, "stack_trace") {
            let local = self.declare(name, None, true);
            let span = self.span(name);
            self.current.build.copy(local, Operand::Const(Const::Other), span);
        }
    }

    fn clauses(&self, node: NodeId) -> Vec<Clause> {
        let tree = self.tree;
        let mut clauses = Vec::new();
        let mut open = Clause::default();
        let body = tree.child(node, "body");
        for child in tree.children(node).filter(|&child| Some(child) != body) {
            match tree.kind(child) {
                "catch_clause" => open.catch = Some(child),
                "block" => {
                    open.block = Some(child);
                    clauses.push(std::mem::take(&mut open));
                }
                _ if tree.field(child) == Some("type") => open.ty = Some(child),
                _ => {}
            }
        }
        clauses
    }
}
