//! Statements.

use super::Body;
use crate::ir::build::JumpTarget;
use crate::ir::{BlockId, Callee, Cond, LocalId, Name, Op, Operand, SuspendKind, Terminator};
use crate::parse::NodeId;

/// The method that `using` calls at the end of the block.
const DISPOSE: [&str; 2] = ["[Symbol.dispose]", "[Symbol.asyncDispose]"];

impl Body<'_, '_> {
    pub(super) fn block(&mut self, node: NodeId) {
        let statements: Vec<NodeId> = self.tree.named_children(node).collect();
        self.scoped(|body| body.sequence(&statements));
    }

    /// Statements one after the other, in a scope that is open.
    fn sequence(&mut self, statements: &[NodeId]) {
        let tree = self.tree;
        self.declare_ahead(statements);
        for &statement in statements {
            if matches!(tree.kind(statement), "function_declaration" | "generator_function_declaration") {
                self.local_function(statement);
            }
        }
        for (at, &statement) in statements.iter().enumerate() {
            match tree.kind(statement) {
                "function_declaration" | "generator_function_declaration" => {}
                "lexical_declaration" if self.is_using(statement) => {
                    self.using(statement, statements.get(at + 1..).unwrap_or_default());
                    return;
                }
                _ => self.statement(statement),
            }
        }
    }

    /// Variables are seen in their whole block: by closures that are written before them.
    fn declare_ahead(&mut self, statements: &[NodeId]) {
        let tree = self.tree;
        for &statement in statements {
            if tree.kind(statement) != "lexical_declaration" {
                continue;
            }
            let is_final = tree.child(statement, "kind").is_some_and(|kind| tree.kind(kind) == "const");
            for declarator in tree.named_children(statement) {
                if let Some(name) = tree.child(declarator, "name").filter(|&name| tree.kind(name) == "identifier") {
                    let ty = self.file.annotated(declarator, "type");
                    self.declare(name, ty, is_final);
                }
            }
        }
    }

    /// A statement that is a body: a declaration in it is not seen outside.
    fn nested(&mut self, node: NodeId) {
        self.scoped(|body| body.statement(node));
    }

    pub(super) fn statement(&mut self, node: NodeId) {
        if self.current.build.is_full() {
            return;
        }
        let tree = self.tree;
        let span = self.span(node);
        let label = || tree.child(node, "label").map(|label| tree.text(label));
        match tree.kind(node) {
            "statement_block" => self.block(node),
            "lexical_declaration" | "variable_declaration" => self.variables(node),
            "variable_declarator" => {
                if let (Some(name), Some(value)) = (tree.child(node, "name"), tree.child(node, "value")) {
                    let value = self.expression(value);
                    self.unpack(name, value, None);
                }
            }
            "function_declaration" | "generator_function_declaration" => self.local_function(node),
            "expression_statement" => {
                for inner in tree.named_children(node) {
                    self.expression(inner);
                }
            }
            "if_statement" => self.if_statement(node),
            "for_statement" | "for_in_statement" | "while_statement" | "do_statement" => self.looping(node, Vec::new()),
            "switch_statement" => self.switch(node),
            "try_statement" => self.try_statement(node),
            "labeled_statement" => self.labeled(node),
            "break_statement" => self.current.build.jump_break(label(), span),
            "continue_statement" => self.current.build.jump_continue(label(), span),
            "return_statement" => {
                let value = tree.named_children(node).next().map(|value| self.expression(value));
                self.current.build.jump_return(value, span);
            }
            "throw_statement" => {
                let value = tree.named_children(node).next().map(|value| self.expression(value));
                self.throw(value, span);
            }
            "export_statement" => {
                for inner in tree.named_children(node) {
                    self.statement(inner);
                }
            }
            // Declarations that run nothing, and what is read by nobody who analyses.
            "class_declaration"
            | "abstract_class_declaration"
            | "interface_declaration"
            | "type_alias_declaration"
            | "enum_declaration"
            | "empty_statement"
            | "debugger_statement"
            | "import_statement"
            | "import_alias"
            | "ambient_declaration"
            | "internal_module"
            | "module"
            | "function_signature"
            | "decorator" => {}
            _ => {
                self.expression(node);
            }
        }
    }

    fn variables(&mut self, node: NodeId) {
        let tree = self.tree;
        let is_final = tree.child(node, "kind").is_some_and(|kind| tree.kind(kind) == "const");
        for declarator in tree.named_children(node).filter(|&child| tree.kind(child) == "variable_declarator") {
            let Some(name) = tree.child(declarator, "name") else { continue };
            let ty = self.file.annotated(declarator, "type");
            let is_name = tree.kind(name) == "identifier";
            let Some(value) = tree.child(declarator, "value") else {
                if is_name {
                    self.unpack_typed(name, Operand::Const(crate::ir::Const::Null), Some(is_final), ty);
                }
                continue;
            };
            let value = self.expression(value);
            if !is_name {
                self.unpack(name, value, Some(is_final));
                continue;
            }
            let span = self.span(declarator);
            let local = self.declare(name, ty, is_final);
            self.current.build.copy(local, value, span);
            if let Some(value) = tree.child(declarator, "value") {
                self.note_buffer(name, value, local);
            }
        }
    }

    /// Whether a declaration reads `using x = …`, which the grammar was given as `const`.
    fn is_using(&self, node: NodeId) -> bool {
        self.tree.child(node, "kind").is_some_and(|kind| self.tree.text(kind) == "using")
    }

    /// The rest of the block, with the disposal behind it on every way.
    fn using(&mut self, node: NodeId, rest: &[NodeId]) {
        self.variables(node);
        let tree = self.tree;
        let declarators = tree.named_children(node).filter(|&child| tree.kind(child) == "variable_declarator");
        let names: Vec<NodeId> = declarators.filter_map(|declarator| tree.child(declarator, "name")).collect();
        let disposed: Vec<(LocalId, NodeId)> =
            names.into_iter().filter_map(|name| Some((self.lookup(tree.text(name))?, name))).collect();
        let (normal, end) = (self.current.build.block(), self.current.build.block());
        self.current.build.open_cleanup();
        self.sequence(rest);
        self.current.build.goto(normal);
        let Some((landing, exits)) = self.current.build.close_cleanup() else { return };
        self.current.build.start(normal);
        self.dispose(&disposed);
        self.current.build.goto(end);
        for exit in exits {
            self.current.build.start(exit.entry);
            self.dispose(&disposed);
            self.current.build.resume_exit(exit);
        }
        self.current.build.start(landing);
        self.dispose(&disposed);
        let at = self.span(node);
        self.current.build.end(Terminator::Resume, at);
        self.current.build.start(end);
    }

    fn dispose(&mut self, disposed: &[(LocalId, NodeId)]) {
        for &(local, name) in disposed.iter().rev() {
            let span = self.span(name);
            let callee = Callee::Method { receiver: Operand::Local(local), name: Name::new(DISPOSE[0]) };
            self.current.build.call(callee, Vec::new(), Vec::new(), span, span);
        }
    }

    /// `else if` chains are walked in a loop.
    fn if_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let end = self.current.build.block();
        let mut at = node;
        loop {
            let (then, otherwise) = (self.current.build.block(), self.current.build.block());
            match tree.child(at, "condition") {
                Some(condition) => self.condition(condition, then, otherwise),
                None => self.current.build.goto(otherwise),
            }
            self.current.build.start(then);
            if let Some(consequence) = tree.child(at, "consequence") {
                self.nested(consequence);
            }
            self.current.build.goto(end);
            self.current.build.start(otherwise);
            let alternative = tree.child(at, "alternative").and_then(|clause| tree.named_children(clause).next());
            match alternative {
                Some(next) if tree.kind(next) == "if_statement" => at = next,
                Some(next) => {
                    self.nested(next);
                    break;
                }
                None => break,
            }
        }
        self.current.build.continue_in(end);
    }

    fn labeled(&mut self, node: NodeId) {
        let tree = self.tree;
        let mut labels: Vec<Name> = Vec::new();
        let mut at = node;
        while tree.kind(at) == "labeled_statement" {
            labels.extend(tree.child(at, "label").map(|label| Name::new(tree.text(label))));
            let Some(inner) = tree.child(at, "body") else { return };
            at = inner;
        }
        if matches!(tree.kind(at), "for_statement" | "for_in_statement" | "while_statement" | "do_statement") {
            self.looping(at, labels);
            return;
        }
        let end = self.current.build.block();
        let target = JumpTarget { labels, break_to: Some(end), continue_to: None, only_by_label: true };
        self.current.build.open_target(target);
        self.statement(at);
        self.current.build.close_target();
        self.current.build.continue_in(end);
    }

    fn looping(&mut self, node: NodeId, labels: Vec<Name>) {
        let tree = self.tree;
        match tree.kind(node) {
            "for_statement" => self.scoped(|it| it.counting_for(node, labels)),
            "for_in_statement" => self.scoped(|it| it.for_in(node, labels)),
            kind => {
                let (head, inside, end) = self.three_blocks();
                let is_do = kind == "do_statement";
                self.current.build.goto(if is_do { inside } else { head });
                self.current.build.start(head);
                if let Some(condition) = tree.child(node, "condition") {
                    self.condition(condition, inside, end);
                }
                self.current.build.start(inside);
                self.looped(node, labels, end, head);
                self.current.build.goto(head);
                self.current.build.start(end);
            }
        }
    }

    fn looped(&mut self, node: NodeId, labels: Vec<Name>, end: BlockId, next: BlockId) {
        let target = JumpTarget { labels, break_to: Some(end), continue_to: Some(next), only_by_label: false };
        self.current.build.open_target(target);
        if let Some(body) = self.tree.child(node, "body") {
            self.nested(body);
        }
        self.current.build.close_target();
    }

    fn counting_for(&mut self, node: NodeId, labels: Vec<Name>) {
        let tree = self.tree;
        if let Some(first) = tree.child(node, "initializer") {
            self.statement(first);
        }
        let (head, inside, end) = self.three_blocks();
        let next = self.current.build.block();
        self.current.build.continue_in(head);
        let condition = tree.child(node, "condition").filter(|&condition| tree.is_named(condition));
        match condition.filter(|&condition| tree.kind(condition) != "empty_statement") {
            Some(condition) => self.condition(condition, inside, end),
            None => self.current.build.goto(inside),
        }
        self.current.build.start(inside);
        self.looped(node, labels, end, next);
        self.current.build.continue_in(next);
        if let Some(increment) = tree.child(node, "increment") {
            self.expression(increment);
        }
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    fn for_in(&mut self, node: NodeId, labels: Vec<Name>) {
        let tree = self.tree;
        let Some(collection) = tree.child(node, "right") else { return };
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
        if let Some(left) = tree.child(node, "left") {
            let kind = tree.child(node, "kind");
            let span = self.span(left);
            let value = match tree.child(node, "operator").map(|operator| tree.kind(operator)) {
                Some("of") => {
                    let to = self.temp(span);
                    self.current.build.push(Op::Element { to, of, name: None }, span);
                    Operand::Local(to)
                }
                // Names of properties.
                _ => Self::other(),
            };
            self.unpack(left, value, kind.map(|kind| tree.kind(kind) == "const"));
        }
        self.looped(node, labels, end, head);
        self.current.build.goto(head);
        self.current.build.start(end);
    }

    /// Cases fall through into the next.
    fn switch(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(value) = tree.child(node, "value") else { return };
        let value = self.expression(value);
        let cases: Vec<NodeId> = tree
            .child(node, "body")
            .into_iter()
            .flat_map(|body| tree.named_children(body))
            .filter(|&case| matches!(tree.kind(case), "switch_case" | "switch_default"))
            .collect();
        let value = self.settled(value, &cases);
        let end = self.current.build.block();
        let bodies: Vec<BlockId> = cases.iter().map(|_| self.current.build.block()).collect();
        let mut default = end;
        for (&case, &body) in cases.iter().zip(&bodies) {
            let Some(wanted) = tree.child(case, "value") else {
                default = body;
                continue;
            };
            let span = self.span(wanted);
            let other = self.expression(wanted);
            let next = self.current.build.block();
            self.current.build.branch(Cond::Equals(value.clone(), other), body, next, span);
            self.current.build.start(next);
        }
        self.current.build.goto(default);
        let target = JumpTarget { labels: Vec::new(), break_to: Some(end), continue_to: None, only_by_label: false };
        self.current.build.open_target(target);
        self.scoped(|it| {
            for (at, (&case, &body)) in cases.iter().zip(&bodies).enumerate() {
                it.current.build.start(body);
                for statement in tree.fields(case, "body").filter(|&statement| tree.is_named(statement)) {
                    it.statement(statement);
                }
                it.current.build.goto(bodies.get(at + 1).copied().unwrap_or(end));
            }
        });
        self.current.build.close_target();
        self.current.build.start(end);
    }

    fn try_statement(&mut self, node: NodeId) {
        let tree = self.tree;
        let finally = tree.child(node, "finalizer").and_then(|clause| tree.child(clause, "body"));
        let Some(finally) = finally else {
            let end = self.current.build.block();
            self.try_catch(node, end);
            self.current.build.start(end);
            return;
        };
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
        let brace = self.end_of(finally);
        self.current.build.end(Terminator::Resume, brace);
        self.current.build.start(end);
    }

    fn try_catch(&mut self, node: NodeId, end: BlockId) {
        let tree = self.tree;
        let body = tree.child(node, "body");
        let Some(handler) = tree.child(node, "handler") else {
            if let Some(body) = body {
                self.block(body);
            }
            self.current.build.goto(end);
            return;
        };
        let region = self.current.build.open_handler();
        if let Some(body) = body {
            self.block(body);
        }
        self.current.build.goto(end);
        self.current.build.close_handler(region);
        self.current.build.start(region.landing);
        let span = self.span(handler);
        let exception = self.temp(span);
        self.current.build.push(Op::Catch { to: exception }, span);
        self.scoped(|it| {
            if let Some(parameter) = tree.child(handler, "parameter") {
                it.unpack(parameter, Operand::Local(exception), Some(true));
            }
            if let Some(body) = tree.child(handler, "body") {
                it.block(body);
            }
        });
        self.current.build.goto(end);
    }
}
