//! Statements.

use super::Body;
use super::pattern::Binding;
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Cond, Const, Name, Op, Operand, SuspendKind, Terminator};
use crate::parse::NodeId;
use crate::source::Span;

impl Body<'_, '_> {
    pub(super) fn block(&mut self, node: NodeId) {
        let tree = self.tree;
        self.scoped(|body| {
            for statement in tree.named_children(node) {
                body.statement(statement);
            }
        });
    }

    /// A statement that is a body: a declaration in it is not seen outside.
    pub(super) fn nested(&mut self, node: NodeId) {
        self.scoped(|body| body.statement(node));
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        if self.current.build.is_full() {
            return;
        }
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "block" => self.block(node),
            "local_variable_declaration" => self.variable_declaration(node),
            "local_function_declaration" => self.local_function(node),
            "expression_statement" => {
                for inner in self.operands(node) {
                    self.effect(inner);
                }
            }
            "if_statement" => self.if_statement(node),
            "for_statement" | "while_statement" | "do_statement" => self.loop_statement(node, Vec::new()),
            "switch_statement" => self.switch_statement(node),
            "try_statement" => self.try_statement(node),
            "break_statement" => {
                let label = tree.child_of_kind(node, "identifier").map(|label| tree.text(label));
                self.current.build.jump_break(label, span);
            }
            "continue_statement" => {
                let label = tree.child_of_kind(node, "identifier").map(|label| tree.text(label));
                self.current.build.jump_continue(label, span);
            }
            "rethrow_statement" => self.current.build.end(Terminator::Resume, span),
            "return_statement" => match self.operands(node).first().copied().map(|value| self.expression(value)) {
                None => self.leave_member(span),
                value => self.current.build.jump_return(value, span),
            },
            "yield_statement" | "yield_each_statement" => {
                let value = self.only_operand(node);
                self.current.build.push(Op::Suspend { to: None, value, kind: SuspendKind::Yield }, span);
            }
            "assert_statement" => {
                if let Some(assertion) = tree.child_of_kind(node, "assertion") {
                    self.assertion(assertion);
                }
            }
            "labeled_statement" => self.labeled(node),
            "empty_statement" => {}
            _ => self.effect(node),
        }
    }

    /// Asserts do not run in release builds: only the closures in them are lowered.
    pub(super) fn assertion(&mut self, node: NodeId) {
        if !self.current.build.is_live() {
            return;
        }
        let next = self.current.build.block();
        self.current.build.goto(next);
        let dead = self.current.build.block();
        self.current.build.start(dead);
        for part in self.operands(node) {
            self.expression(part);
        }
        self.current.build.stop();
        self.current.build.start(next);
    }

    fn variable_declaration(&mut self, node: NodeId) {
        let tree = self.tree;
        if let Some(pattern) = tree.child_of_kind(node, "pattern_variable_declaration") {
            self.pattern_declaration(pattern);
            return;
        }
        let Some(declaration) = tree.child_of_kind(node, "initialized_variable_declaration") else { return };
        let ty = tree.child_of_kind(declaration, "type").and_then(|ty| self.file.type_ref(ty));
        let is_late = tree.has_token(declaration, "late");
        let is_final = tree.has_token(declaration, "final") || tree.has_token(declaration, "const");
        let first = [declaration].into_iter();
        let more = tree.named_children(declaration).filter(|&it| tree.kind(it) == "initialized_identifier");
        for variable in first.chain(more) {
            let Some(name) = tree.child(variable, "name") else { continue };
            let value = tree.child(variable, "value");
            let end = value.map_or(tree.span(name).end, |value| tree.span(value).end);
            let span = Span::new(tree.span(variable).start, end).relative_to(self.current.base);
            match value {
                // The initializer of a `late` variable may name it.
                Some(value) if is_late => {
                    let local = self.declare(name, ty.clone(), is_final);
                    let value = self.expression(value);
                    self.current.build.copy(local, value, span);
                }
                Some(value) => {
                    let value = self.initial(value);
                    let local = self.declare(name, ty.clone(), is_final);
                    self.current.build.copy(local, value, span);
                }
                None => {
                    let local = self.declare(name, ty.clone(), is_final);
                    if !is_late {
                        self.current.build.copy(local, Operand::Const(Const::Null), span);
                    }
                }
            }
        }
    }

    /// What a variable begins with. One that keeps the answer to a comparison, `final found = p != nullptr`, stands for
    /// the comparison: whoever tests it later, or compares again, is told the same.
    fn initial(&mut self, value: NodeId) -> Operand {
        match self.tree.kind(value) {
            "equality_expression" => self.binary(value),
            _ => self.expression(value),
        }
    }

    /// `else if` chains are walked in a loop.
    fn if_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let end = self.current.build.block();
        let mut at = node;
        loop {
            let (then, otherwise) = (self.current.build.block(), self.current.build.block());
            self.scoped(|body| {
                body.if_condition(at, then, otherwise);
                body.current.build.start(then);
                if let Some(consequence) = tree.child(at, "consequence") {
                    body.nested(consequence);
                }
            });
            self.current.build.goto(end);
            self.current.build.start(otherwise);
            match tree.child(at, "alternative") {
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

    /// The condition of an `if` statement or element, with its `case`.
    pub(super) fn if_condition(&mut self, node: NodeId, then: BlockId, otherwise: BlockId) {
        let tree = self.tree;
        let Some(condition) = tree.child(node, "condition") else {
            self.current.build.goto(otherwise);
            return;
        };
        if !tree.has_token(node, "case") {
            self.condition(condition, then, otherwise);
            return;
        }
        let value = self.expression(condition);
        let pattern = self.pattern_after(node, &["case"]);
        self.match_pattern(&pattern, value, Binding::Match, Some(otherwise));
        match tree.child(node, "guard") {
            Some(guard) => self.condition(guard, then, otherwise),
            None => self.current.build.goto(then),
        }
    }

    fn labeled(&mut self, node: NodeId) {
        let tree = self.tree;
        let mut labels: Vec<Name> = Vec::new();
        let mut at = node;
        while tree.kind(at) == "labeled_statement" {
            let parts = self.operands(at);
            let (Some(&label), Some(&inner)) = (parts.first(), parts.get(1)) else { return };
            labels.push(self.name_of(label));
            at = inner;
        }
        if matches!(tree.kind(at), "for_statement" | "while_statement" | "do_statement") {
            self.loop_statement(at, labels);
            return;
        }
        let end = self.current.build.block();
        let target = JumpTarget { labels, break_to: Some(end), continue_to: None, only_by_label: true };
        self.current.build.open_target(target);
        self.statement(at);
        self.current.build.close_target();
        self.current.build.continue_in(end);
    }

    fn loop_statement(&mut self, node: NodeId, labels: Vec<Name>) {
        let tree = self.tree;
        let body = tree.child(node, "body");
        match tree.kind(node) {
            "for_statement" => self.for_loop(node, labels, &mut |it| {
                if let Some(body) = body {
                    it.nested(body);
                }
            }),
            kind => {
                let (head, inside, end) = self.three_blocks();
                let is_do = kind == "do_statement";
                self.current.build.goto(if is_do { inside } else { head });
                self.current.build.start(head);
                if let Some(condition) = tree.child(node, "condition") {
                    self.condition(condition, inside, end);
                }
                self.current.build.start(inside);
                self.looped(labels, end, head, &mut |it| {
                    if let Some(body) = body {
                        it.nested(body);
                    }
                });
                self.current.build.goto(head);
                self.current.build.start(end);
            }
        }
    }

    fn looped(&mut self, labels: Vec<Name>, end: BlockId, next: BlockId, body: &mut dyn FnMut(&mut Self)) {
        let target = JumpTarget { labels, break_to: Some(end), continue_to: Some(next), only_by_label: false };
        self.current.build.open_target(target);
        body(self);
        self.current.build.close_target();
    }

    /// The three forms of `for`, as statement and as element.
    pub(super) fn for_loop(&mut self, node: NodeId, labels: Vec<Name>, body: &mut dyn FnMut(&mut Self)) {
        self.scoped(|it| {
            if it.tree.has_token(node, "in") {
                it.for_in(node, labels, body);
            } else {
                it.counting_for(node, labels, body);
            }
        });
    }

    fn counting_for(&mut self, node: NodeId, labels: Vec<Name>, body: &mut dyn FnMut(&mut Self)) {
        let tree = self.tree;
        for init in tree.fields(node, "init") {
            // A comma between expressions carries the field as well.
            if tree.is_named(init) || matches!(tree.kind(init), "this" | "super") {
                self.statement(init);
            }
        }
        let (head, inside, end) = self.three_blocks();
        let next = self.current.build.block();
        self.current.build.continue_in(head);
        match tree.child(node, "condition") {
            Some(condition) => self.condition(condition, inside, end),
            None => self.current.build.goto(inside),
        }
        self.current.build.start(inside);
        self.looped(labels, end, next, body);
        self.current.build.continue_in(next);
        for update in tree.fields(node, "update").filter(|&update| tree.is_named(update)) {
            self.effect(update);
        }
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    fn for_in(&mut self, node: NodeId, labels: Vec<Name>, body: &mut dyn FnMut(&mut Self)) {
        let tree = self.tree;
        let Some(collection) = tree.child(node, "value") else { return };
        let value = self.expression(collection);
        let of = self.settled(value, &tree.child(node, "body").into_iter().collect::<Vec<_>>());
        let span = self.span(collection);
        let (head, inside, end) = self.three_blocks();
        self.current.build.continue_in(head);
        if tree.has_token(node, "await") {
            let wait = Op::Suspend { to: None, value: of.clone(), kind: SuspendKind::Await };
            self.current.build.push(wait, span);
        }
        self.current.build.branch(Cond::Opaque, inside, end, span);
        self.current.build.start(inside);
        self.loop_variable(node, of);
        self.looped(labels, end, head, body);
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    /// What stands before `in`: a declaration, a variable or a pattern.
    fn loop_variable(&mut self, node: NodeId, of: Operand) {
        let tree = self.tree;
        if let Some(name) = tree.child(node, "name") {
            let ty = tree.child_of_kind(node, "type").and_then(|ty| self.file.type_ref(ty));
            let is_final = tree.has_token(node, "final");
            let to = self.declare(name, ty, is_final);
            let span = self.span(name);
            self.current.build.push(Op::Element { to, of, name: None }, span);
            return;
        }
        let before = tree.children(node).take_while(|&child| tree.kind(child) != "in").last();
        let span = before.map_or_else(Span::default, |before| self.span(before));
        let to = self.temp(span);
        self.current.build.push(Op::Element { to, of, name: None }, span);
        let value = Operand::Local(to);
        match before {
            Some(variable) if tree.kind(variable) == "identifier" => {
                let target = self.target(variable, None, &mut None);
                self.current.write(target, value, span);
            }
            _ => {
                let is_final = tree.has_token(node, "final");
                let pattern = self.pattern_after(node, &["final", "var"]);
                self.match_pattern(&pattern, value, Binding::Declare { is_final }, None);
            }
        }
    }
}
