//! Statements.

use super::{Body, OTHER};
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Cond, Op, Operand, SuspendKind, Terminator};
use crate::parse::NodeId;
use crate::parse::c::{MarkerKind, Truth};
use crate::source::Span;
use crate::target::TargetSet;

impl Body<'_, '_> {
    pub(super) fn block(&mut self, node: NodeId) {
        let tree = self.tree;
        self.scoped(node, |body| {
            let parts: Vec<NodeId> = tree.named_children(node).collect();
            body.statements(&parts);
        });
    }

    pub(super) fn statements(&mut self, parts: &[NodeId]) {
        for &part in parts {
            self.statement(part);
        }
    }

    /// A statement that is a body: a declaration in it is not seen outside.
    fn nested(&mut self, node: NodeId) {
        self.scoped(node, |body| body.statement(node));
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        if self.current.build.is_full() {
            return;
        }
        let outer = std::mem::take(&mut self.current.temporaries);
        self.lower_statement(node);
        let temporaries = std::mem::replace(&mut self.current.temporaries, outer);
        let end = self.span(node).end;
        let span = Span::new(end.saturating_sub(1), end);
        for temporary in temporaries.into_iter().rev() {
            self.current.build.push(Op::ScopeEnd(temporary), span);
        }
    }

    fn lower_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "compound_statement" => self.block(node),
            "declaration" => self.local_declaration(node),
            "expression_statement" => {
                if let Some(inner) = tree.named_children(node).next() {
                    self.effect(inner);
                }
            }
            "if_statement" => self.if_statement(node),
            "while_statement" | "do_statement" => self.while_statement(node),
            "for_statement" => self.scoped(node, |body| body.for_statement(node)),
            "for_range_loop" => self.scoped(node, |body| body.range_loop(node)),
            "switch_statement" => self.scoped(node, |body| body.switch_statement(node)),
            "case_statement" => {
                let parts = self.case_parts(node);
                self.statements(&parts);
            }
            "labeled_statement" => self.labelled(node),
            "goto_statement" => match tree.child(node, "label") {
                Some(label) => self.current.build.jump_break(Some(tree.text(label)), span),
                None => self.current.build.stop(),
            },
            "break_statement" => self.current.build.jump_break(None, span),
            "continue_statement" => self.current.build.jump_continue(None, span),
            "return_statement" | "co_return_statement" => self.return_statement(node),
            "co_yield_statement" => {
                let value = tree.named_children(node).next().map_or(OTHER, |value| self.expression(value));
                self.current.build.push(Op::Suspend { to: None, value, kind: SuspendKind::Yield }, span);
            }
            "throw_statement" => {
                self.expression(node);
            }
            "try_statement" | "seh_try_statement" => self.try_statement(node),
            "attributed_statement" => {
                if let Some(inner) = tree.named_children(node).last() {
                    self.statement(inner);
                }
            }
            "init_statement" => {
                for inner in tree.named_children(node) {
                    self.statement(inner);
                }
            }
            "else_clause" => {
                for inner in tree.named_children(node) {
                    self.nested(inner);
                }
            }
            "preproc_if" | "preproc_ifdef" => self.target_branches(node),
            "struct_specifier" | "union_specifier" | "class_specifier" | "enum_specifier" => {
                self.file.specifier(node);
            }
            "type_definition"
            | "alias_declaration"
            | "using_declaration"
            | "function_definition"
            | "static_assert_declaration"
            | "namespace_alias_definition"
            | "preproc_def"
            | "preproc_function_def"
            | "preproc_call"
            | "preproc_include"
            | "template_declaration"
            | "linkage_specification"
            | "namespace_definition"
            | "seh_leave_statement" => {
                self.file.local_types(node);
            }
            "gnu_asm_expression" => self.escape_all(node),
            _ => self.effect(node),
        }
    }

    fn return_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let value = tree.named_children(node).next().map(|value| self.returned(value));
        let temporaries = std::mem::take(&mut self.current.temporaries);
        for temporary in temporaries.into_iter().rev() {
            self.current.build.push(Op::ScopeEnd(temporary), span);
        }
        self.current.build.jump_return(value, span);
    }

    /// `else if` chains are walked in a loop.
    fn if_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let end = self.current.build.block();
        let mut at = node;
        loop {
            let (then, otherwise) = (self.current.build.block(), self.current.build.block());
            // A variable of the condition is seen in what follows `else`, too.
            let declares = tree.child(at, "condition").is_some_and(|condition| {
                tree.named_children(condition).any(|part| matches!(tree.kind(part), "declaration" | "init_statement"))
            });
            if declares {
                self.open_scope();
            }
            match tree.child(at, "condition") {
                Some(condition) => self.condition(condition, then, otherwise),
                None => self.current.build.goto(otherwise),
            }
            if declares {
                // What the scope does at its end it does for each branch.
                self.branches_of_declaring_if(at, then, otherwise);
                break;
            }
            self.current.build.start(then);
            if let Some(consequence) = tree.child(at, "consequence") {
                self.nested(consequence);
            }
            self.current.build.goto(end);
            self.current.build.start(otherwise);
            let alternative = tree.child(at, "alternative").and_then(|clause| match tree.kind(clause) {
                "else_clause" => tree.named_children(clause).last(),
                _ => Some(clause),
            });
            match alternative {
                Some(next) if tree.kind(next) == "if_statement" => at = next,
                Some(alternative) => {
                    self.nested(alternative);
                    break;
                }
                None => break,
            }
        }
        self.current.build.continue_in(end);
    }

    fn branches_of_declaring_if(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let tree = self.tree;
        let join = self.current.build.block();
        self.current.build.start(then);
        if let Some(consequence) = tree.child(node, "consequence") {
            self.nested(consequence);
        }
        self.current.build.goto(join);
        self.current.build.start(otherwise);
        if let Some(clause) = tree.child(node, "alternative") {
            self.statement(clause);
        }
        self.current.build.goto(join);
        self.current.build.start(join);
        let end = self.span(node).end;
        self.close_scope(Span::new(end.saturating_sub(1), end));
    }

    fn while_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_do = tree.kind(node) == "do_statement";
        let start = tree.span(node).start;
        if self.file.markers(start, start + 1).any(|marker| *marker == MarkerKind::ForEach) {
            return self.macro_loop(node);
        }
        let condition = tree.child(node, "condition");
        // `do { … } while (0)` runs once: a way to write a block that `break` leaves.
        let (head, inside, end) = self.three_blocks();
        self.current.build.goto(if is_do { inside } else { head });
        self.current.build.start(head);
        self.scoped(node, |body| {
            match condition {
                Some(condition) => body.condition(condition, inside, end),
                None => body.current.build.goto(inside),
            }
            body.current.build.start(inside);
            body.looped(node, end, head);
            body.current.build.goto(head);
        });
        self.current.build.start(end);
    }

    /// `for_each(element, collection) { … }`: each round gives the first argument an element of the last.
    fn macro_loop(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let mut args = Vec::new();
        let clause = tree.child(node, "condition");
        let mut at = clause.map(|clause| tree.child(clause, "value").unwrap_or(clause));
        while let Some(part) = at {
            let part = self.without_parentheses(part);
            at = match tree.kind(part) {
                "comma_expression" => {
                    args.extend(tree.child(part, "left"));
                    tree.child(part, "right")
                }
                _ => {
                    args.push(part);
                    None
                }
            };
        }
        let of = args.last().map_or(OTHER, |&of| self.expression(of));
        let (head, inside, end) = self.three_blocks();
        self.current.build.continue_in(head);
        let head_span = clause.map_or(span, |clause| self.span(clause));
        self.current.build.branch(Cond::Opaque, inside, end, head_span);
        self.current.build.start(inside);
        if let [first, _, ..] = args.as_slice() {
            let target = self.target(*first);
            let element = self.current.build.temp(head_span);
            self.current.build.push(Op::Element { to: element, of, name: None }, head_span);
            self.write(target, Operand::Local(element), head_span);
        }
        self.looped(node, end, head);
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    fn looped(&mut self, node: NodeId, end: BlockId, next: BlockId) {
        let target =
            JumpTarget { labels: Vec::new(), break_to: Some(end), continue_to: Some(next), only_by_label: false };
        self.current.build.open_target(target);
        if let Some(body) = self.tree.child(node, "body") {
            self.nested(body);
        }
        self.current.build.close_target();
    }

    fn for_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        if let Some(initializer) = tree.child(node, "initializer") {
            self.statement(initializer);
        }
        let (head, inside, end) = self.three_blocks();
        let next = self.current.build.block();
        self.current.build.continue_in(head);
        match tree.child(node, "condition") {
            Some(condition) => self.condition(condition, inside, end),
            None => self.current.build.goto(inside),
        }
        self.current.build.start(inside);
        self.looped(node, end, next);
        self.current.build.continue_in(next);
        if let Some(update) = tree.child(node, "update") {
            self.effect(update);
        }
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    fn range_loop(&mut self, node: NodeId) {
        let tree = self.tree;
        if let Some(initializer) = tree.child(node, "initializer") {
            self.statement(initializer);
        }
        let Some(collection) = tree.child(node, "right") else { return };
        let of = self.expression(collection);
        let span = self.span(collection);
        let (head, inside, end) = self.three_blocks();
        self.current.build.continue_in(head);
        self.current.build.branch(Cond::Opaque, inside, end, span);
        self.current.build.start(inside);
        let target =
            JumpTarget { labels: Vec::new(), break_to: Some(end), continue_to: Some(head), only_by_label: false };
        self.current.build.open_target(target);
        self.scoped(node, |body| {
            body.loop_variable(node, of);
            if let Some(inner) = tree.child(node, "body") {
                body.nested(inner);
            }
        });
        self.current.build.close_target();
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    fn labelled(&mut self, node: NodeId) {
        let tree = self.tree;
        let label = tree.child(node, "label");
        if let Some(block) = label.and_then(|label| self.label(tree.text(label))) {
            self.current.build.continue_in(block);
        }
        let inner: Vec<NodeId> = tree.named_children(node).filter(|&part| Some(part) != label).collect();
        self.statements(&inner);
    }

    /// `#if` around whole statements.
    fn target_branches(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let span = Span::new(span.start, (span.start + 3).min(span.end));
        let end = self.current.build.block();
        let mut before = Truth::TRUE;
        let mut at = Some(node);
        let mut exhausted = false;
        while let Some(branch) = at {
            let says = self.file.prepared.conditions.get(&tree.span(branch).start).copied().unwrap_or(Truth::UNKNOWN);
            let truth = before.and(says);
            before = before.and(says.negated());
            let next = tree.child(branch, "alternative");
            let condition = tree.child(branch, "condition").or_else(|| tree.child(branch, "name"));
            let parts: Vec<NodeId> =
                tree.named_children(branch).filter(|&part| Some(part) != next && Some(part) != condition).collect();
            at = next;
            if truth.may.is_empty() || exhausted {
                continue;
            }
            // Declarations in it are seen after it: there is no scope of its own.
            if says == Truth::TRUE {
                self.statements(&parts);
                exhausted = true;
                continue;
            }
            let (inside, otherwise) = (self.current.build.block(), self.current.build.block());
            let cond = match says.is_known() || says.may != TargetSet::ALL {
                true => Cond::Target(says.may),
                false => Cond::Opaque,
            };
            if says.is_known() || cond == Cond::Opaque {
                self.current.build.branch(cond, inside, otherwise, span);
            } else {
                let maybe = self.current.build.block();
                self.current.build.branch(cond, maybe, otherwise, span);
                self.current.build.start(maybe);
                self.current.build.branch(Cond::Opaque, inside, otherwise, span);
            }
            self.current.build.start(inside);
            self.statements(&parts);
            self.current.build.goto(end);
            self.current.build.start(otherwise);
        }
        self.current.build.continue_in(end);
    }

    pub(super) fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let end = self.current.build.block();
        let region = self.current.build.open_handler();
        if let Some(body) = tree.child(node, "body") {
            self.block(body);
        }
        self.current.build.goto(end);
        self.current.build.close_handler(region);
        self.current.build.start(region.landing);
        let exception = self.temp(span);
        self.current.build.push(Op::Catch { to: exception }, span);
        let mut catches_all = false;
        let clauses: Vec<NodeId> = tree
            .named_children(node)
            .filter(|&clause| matches!(tree.kind(clause), "catch_clause" | "seh_except_clause"))
            .collect();
        for clause in clauses {
            let next = self.current.build.block();
            let params = tree.child(clause, "parameters");
            let ty = params
                .and_then(|params| tree.named_children(params).next())
                .and_then(|param| self.file.parameter(param))
                .and_then(|(_, ty)| ty);
            match &ty {
                Some(ty) => {
                    let fits = self.current.build.block();
                    let cond = Cond::Is(Operand::Local(exception), Self::referent(ty));
                    let span = self.span(clause);
                    self.current.build.branch(cond, fits, next, span);
                    self.current.build.start(fits);
                }
                None => catches_all = true,
            }
            self.scoped(clause, |body| {
                if let Some(params) = params {
                    body.catch_variable(params, exception);
                }
                if let Some(block) = tree.child(clause, "body") {
                    body.block(block);
                }
            });
            self.current.build.goto(end);
            self.current.build.start(next);
        }
        if !catches_all {
            self.current.build.end(Terminator::Resume, span);
        } else {
            self.current.build.stop();
        }
        self.current.build.start(end);
    }
}
