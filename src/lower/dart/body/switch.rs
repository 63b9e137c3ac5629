//! `switch` statements and expressions.

use super::Body;
use super::pattern::Binding;
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Const, Name, Operand, Terminator};
use crate::parse::NodeId;

/// Cases that share a body: only the last of them has statements.
struct Group {
    cases: Vec<NodeId>,
    labels: Vec<Name>,
    body: BlockId,
}

impl Body<'_, '_> {
    pub(super) fn switch_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let value = match tree.child(node, "condition") {
            Some(condition) => self.expression(condition),
            None => Operand::Const(Const::Other),
        };
        let end = self.current.build.block();
        let Some(block) = tree.child(node, "body") else { return };
        let groups = self.groups(block);
        self.current.build.open_target(JumpTarget { break_to: Some(end), ..JumpTarget::default() });
        // `continue label` leads to a case from any other.
        let labelled: Vec<JumpTarget> = groups
            .iter()
            .filter(|group| !group.labels.is_empty())
            .map(|group| JumpTarget {
                labels: group.labels.clone(),
                break_to: None,
                continue_to: Some(group.body),
                only_by_label: true,
            })
            .collect();
        let opened = labelled.len();
        for target in labelled {
            self.current.build.open_target(target);
        }
        let exhaustive = groups.iter().flat_map(|group| &group.cases).filter(|case| self.is_one_of_few(**case)).count();
        let mut default = end;
        let all: usize = groups.iter().map(|group| group.cases.len()).sum();
        for group in groups {
            self.scoped(|body| body.group(group, &value, end, &mut default));
        }
        if default == end && all > 1 && exhaustive == all {
            self.current.build.end(Terminator::Unreachable, self.span(node));
        } else {
            self.current.build.goto(default);
        }
        for _ in 0..=opened {
            self.current.build.close_target();
        }
        self.current.build.start(end);
    }

    fn groups(&mut self, block: NodeId) -> Vec<Group> {
        let tree = self.tree;
        let mut groups: Vec<Group> = Vec::new();
        let mut open = false;
        for case in tree.named_children(block) {
            if !open {
                let body = self.current.build.block();
                groups.push(Group { cases: Vec::new(), labels: Vec::new(), body });
            }
            let labels: Vec<Name> = tree
                .named_children(case)
                .filter(|&child| tree.kind(child) == "label")
                .filter_map(|label| tree.child_of_kind(label, "identifier"))
                .map(|label| self.name_of(label))
                .collect();
            if let Some(group) = groups.last_mut() {
                group.cases.push(case);
                group.labels.extend(labels);
            }
            open = self.case_statements(case).is_empty();
        }
        groups
    }

    /// Whether a case is one of a type of which there are few, a value of an enum, a truth, a class: a `switch` on such a
    /// type names them all, or is none.
    ///
    /// <https://dart.dev/language/branches#exhaustiveness-checking>
    fn is_one_of_few(&self, case: NodeId) -> bool {
        let text = self.tree.text(case);
        let Some(pattern) = text.trim_start().strip_prefix("case") else { return false };
        let pattern = pattern.split(':').next().unwrap_or_default().trim();
        let is_name = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        let names: Vec<&str> = pattern.split('.').collect();
        let value = names.len() > 1 && names.iter().all(|name| is_name(name));
        let class = pattern.split_once('(').is_some_and(|(name, rest)| is_name(name) && rest == ")");
        value || class || matches!(pattern, "true" | "false" | "null")
    }

    /// What follows the colon of a case.
    fn case_statements(&self, case: NodeId) -> Vec<NodeId> {
        let tree = self.tree;
        let after = tree.children(case).skip_while(|&child| tree.kind(child) != ":");
        after.skip(1).filter(|&child| tree.is_named(child) && !tree.kind(child).ends_with("comment")).collect()
    }

    /// Tests the cases of a group in the current block, lowers its body, and goes on where no case fits.
    fn group(&mut self, group: Group, value: &Operand, end: BlockId, default: &mut BlockId) {
        let tree = self.tree;
        for &case in &group.cases {
            if tree.kind(case) == "switch_statement_default" {
                *default = group.body;
                continue;
            }
            let next = self.current.build.block();
            let pattern = self.pattern_after(case, &["case"]);
            self.match_pattern(&pattern, value.clone(), Binding::Match, Some(next));
            match tree.child(case, "guard") {
                Some(guard) => self.condition(guard, group.body, next),
                None => self.current.build.goto(group.body),
            }
            self.current.build.start(next);
        }
        let Some(&last) = group.cases.last() else { return };
        let next = self.current.build.block();
        self.current.build.goto(next);
        self.current.build.start(group.body);
        for statement in self.case_statements(last) {
            self.statement(statement);
        }
        self.current.build.goto(end);
        self.current.build.start(next);
    }

    pub(super) fn switch_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let value = match tree.child(node, "condition") {
            Some(condition) => self.expression(condition),
            None => Operand::Const(Const::Other),
        };
        let result = self.temp(span);
        let join = self.current.build.block();
        for case in tree.named_children(node).filter(|&child| tree.kind(child) == "switch_expression_case") {
            let next = self.current.build.block();
            self.scoped(|body| {
                let pattern = body.pattern_after(case, &[]);
                body.match_pattern(&pattern, value.clone(), Binding::Match, Some(next));
                if let Some(guard) = tree.child(case, "guard") {
                    let fits = body.current.build.block();
                    body.condition(guard, fits, next);
                    body.current.build.start(fits);
                }
                if let Some(&outcome) = body.operands(case).last() {
                    let outcome_span = body.span(outcome);
                    let outcome = body.expression(outcome);
                    body.current.build.copy(result, outcome, outcome_span);
                }
            });
            self.current.build.goto(join);
            self.current.build.start(next);
        }
        // A switch expression is exhaustive.
        self.current.build.end(Terminator::Unreachable, span);
        self.current.build.start(join);
        Operand::Local(result)
    }
}
