//! `switch`: tests first, then the bodies, each falling into the next.

use super::{Body, OTHER};
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Cond, Operand, Written};
use crate::parse::NodeId;

impl Body<'_, '_> {
    pub(super) fn switch_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let value = match tree.child(node, "condition") {
            Some(clause) if tree.kind(clause) == "condition_clause" => {
                if let Some(initializer) = tree.child(clause, "initializer") {
                    self.statement(initializer);
                }
                match tree.child(clause, "value") {
                    Some(value) if tree.kind(value) == "declaration" => self.declared_condition(value),
                    Some(value) => self.expression(value),
                    None => OTHER,
                }
            }
            Some(condition) => self.expression(condition),
            None => OTHER,
        };
        let value = Operand::Local(self.current.build.as_local(value, span));
        let Some(block) = tree.child(node, "body") else { return };
        let end = self.current.build.block();
        let mut cases = Vec::new();
        self.cases(block, &mut cases);
        let cases: Vec<(NodeId, BlockId)> = cases.into_iter().map(|case| (case, self.current.build.block())).collect();
        let mut default = end;
        for &(case, body) in &cases {
            let Some(label) = tree.child(case, "value") else {
                default = body;
                continue;
            };
            let next = self.current.build.block();
            let constant = self.expression(label);
            let label_span = self.span(label);
            let cond = Cond::Equals(value.clone(), constant);
            self.current.build.branch_written(cond, body, next, label_span, Written::Implied);
            self.current.build.start(next);
        }
        self.current.build.goto(default);
        self.current.build.open_target(JumpTarget { break_to: Some(end), ..JumpTarget::default() });
        self.open_scope();
        for (case, body) in cases {
            self.current.build.continue_in(body);
            let parts = self.case_parts(case);
            self.statements(&parts);
        }
        let end_span = crate::source::Span::new(span.end.saturating_sub(1), span.end);
        self.close_scope(end_span);
        self.current.build.close_target();
        self.current.build.continue_in(end);
    }

    /// The cases of a switch, those under `#if` too.
    fn cases(&self, node: NodeId, cases: &mut Vec<NodeId>) {
        let tree = self.tree;
        for part in tree.named_children(node) {
            match tree.kind(part) {
                "case_statement" => {
                    cases.push(part);
                    self.nested_cases(part, cases);
                }
                "preproc_if" | "preproc_ifdef" | "preproc_else" | "preproc_elif" => self.cases(part, cases),
                _ => {}
            }
        }
    }

    /// `case A: case B:` nests the second in the first.
    fn nested_cases(&self, case: NodeId, cases: &mut Vec<NodeId>) {
        let tree = self.tree;
        let mut at = case;
        while let Some(inner) = tree.named_children(at).find(|&part| tree.kind(part) == "case_statement") {
            cases.push(inner);
            at = inner;
        }
    }

    /// The statements of a case, without those of a case nested in it.
    pub(super) fn case_parts(&self, case: NodeId) -> Vec<NodeId> {
        let tree = self.tree;
        let value = tree.child(case, "value");
        tree.named_children(case).filter(|&part| Some(part) != value && tree.kind(part) != "case_statement").collect()
    }
}
