//! Expressions.

use super::place::place;
use super::{Body, OTHER, Storage};
use crate::ir::{
    AggregateKind, Arith, ArithOp, Base, Callee, Const, CopyKind, Op, Operand, Projection, Terminator, TypeRef, UseKind,
};
use crate::parse::NodeId;
use crate::parse::c::Given;
use crate::source::Span;

impl Body<'_, '_> {
    /// An expression whose value goes to something of type `ty`: `0` is null where a pointer is wanted.
    pub(super) fn value_for(&mut self, node: NodeId, ty: Option<&TypeRef>) -> Operand {
        let tree = self.tree;
        let is_pointer = ty.is_some_and(|ty| self.file.is_pointer(&Self::referent(ty)));
        if is_pointer && self.is_zero(node) {
            return Operand::Const(Const::Null);
        }
        if tree.kind(node) == "initializer_list" {
            return self.listed(node, ty);
        }
        self.expression(node)
    }

    /// `0`, `NULL`, `(T*)0`
    pub(super) fn is_zero(&self, node: NodeId) -> bool {
        let tree = self.tree;
        let mut node = self.without_parentheses(node);
        while tree.kind(node) == "cast_expression" {
            match tree.child(node, "value") {
                Some(value) => node = self.without_parentheses(value),
                None => return false,
            }
        }
        match tree.kind(node) {
            "null" => true,
            "number_literal" => crate::parse::c::integer(tree.text(node)) == Some(0),
            "identifier" => self.file.constants.get(tree.text(node)) == Some(&Const::Null),
            _ => false,
        }
    }

    /// An expression whose value nobody wants.
    pub(super) fn effect(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            "comma_expression" => {
                let mut at = node;
                loop {
                    if let Some(left) = tree.child(at, "left") {
                        self.effect(left);
                    }
                    match tree.child(at, "right") {
                        Some(right) if tree.kind(right) == "comma_expression" => at = right,
                        Some(right) => return self.effect(right),
                        None => return,
                    }
                }
            }
            "parenthesized_expression" if self.given(node).is_none() => {
                for inner in tree.named_children(node) {
                    self.effect(inner);
                }
            }
            "conditional_expression" => {
                let (then, otherwise, join) = self.three_blocks();
                if let Some(condition) = tree.child(node, "condition") {
                    self.condition(condition, then, otherwise);
                }
                for (block, field) in [(then, "consequence"), (otherwise, "alternative")] {
                    self.current.build.start(block);
                    if let Some(part) = tree.child(node, field) {
                        self.effect(part);
                    }
                    self.current.build.goto(join);
                }
                self.current.build.start(join);
            }
            // `(void)x;` does nothing.
            "cast_expression" if tree.child(node, "type").is_some_and(|ty| tree.text(ty) == "void") => {
                if let Some(value) = tree.child(node, "value")
                    && self.plain_identifier(value).is_none()
                {
                    self.effect(value);
                }
            }
            _ => {
                let value = self.expression(node);
                self.end_object(node, &value);
            }
        }
    }

    /// Lowers an expression; gives its value.
    pub(super) fn expression(&mut self, node: NodeId) -> Operand {
        if self.current.build.is_full() {
            return OTHER;
        }
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "identifier" | "field_identifier" => self.name_value(node),
            "qualified_identifier" => self.path_value(node),
            "this" => self.this().map_or(OTHER, Operand::Local),
            "parenthesized_expression" => match self.given(node) {
                Some(given) => self.given_away(node, given),
                None => self.parenthesized(node),
            },
            "number_literal" | "char_literal" | "true" | "false" | "null" | "string_literal" => {
                self.file.constant(node).map_or(OTHER, Operand::Const)
            }
            "raw_string_literal" => Operand::Const(Const::Str(super::unquoted(tree.text(node)))),
            "concatenated_string" => self.concatenated(node),
            "user_defined_literal" => OTHER,
            "field_expression" | "subscript_expression" => {
                let is_array = self.is_array(node);
                let target = self.target(node);
                self.read(target, is_array, span)
            }
            "pointer_expression" => {
                let Some(argument) = tree.child(node, "argument") else { return OTHER };
                if tree.has_token(node, "&") {
                    return self.address_of(argument);
                }
                let is_array = self.is_array(node);
                let target = self.target(node);
                self.read(target, is_array, span)
            }
            "assignment_expression" => self.assignment(node),
            "update_expression" => self.update(node),
            "unary_expression" => self.unary(node),
            "binary_expression" => self.binary_expression(node),
            "conditional_expression" => self.conditional(node),
            "comma_expression" => {
                let (left, right) = (tree.child(node, "left"), tree.child(node, "right"));
                if let Some(left) = left {
                    self.effect(left);
                }
                right.map_or(OTHER, |right| self.expression(right))
            }
            "cast_expression" => {
                let ty = tree.child(node, "type").and_then(|ty| self.file.described_type(ty));
                let Some(value) = tree.child(node, "value") else { return OTHER };
                self.cast(ty, value, span)
            }
            "call_expression" => self.call(node),
            "new_expression" => self.new_expression(node),
            "delete_expression" => self.delete_expression(node),
            "sizeof_expression" => self.sizeof(node),
            "lambda_expression" => self.lambda(node),
            "compound_literal_expression" => self.compound_literal(node),
            "initializer_list" => self.listed(node, None),
            "co_await_expression" => {
                let value = tree.child(node, "argument").map_or(OTHER, |argument| self.expression(argument));
                let to = self.temp(span);
                let kind = crate::ir::SuspendKind::Await;
                self.current.build.push(Op::Suspend { to: Some(to), value, kind }, span);
                Operand::Local(to)
            }
            "throw_statement" => {
                let value = tree.named_children(node).next().map(|value| self.expression(value));
                self.current.build.end(value.map_or(Terminator::Resume, |value| Terminator::Throw(Some(value))), span);
                OTHER
            }
            "extension_expression" | "parameter_pack_expansion" => {
                let inner = tree.child(node, "pattern").or_else(|| tree.named_children(node).next());
                inner.map_or(OTHER, |inner| self.expression(inner))
            }
            "alignof_expression"
            | "offsetof_expression"
            | "preproc_defined"
            | "requires_expression"
            | "template_function" => OTHER,
            "compound_statement" => {
                // `({ … })` of GNU C: the value is that of its last statement, which a variable carries out.
                self.block(node);
                OTHER
            }
            _ => {
                self.escape_all(node);
                OTHER
            }
        }
    }

    /// What is written here is not understood: every variable in it may go anywhere.
    pub(super) fn escape_all(&mut self, node: NodeId) {
        let tree = self.tree;
        let span = self.span(node);
        let names: Vec<NodeId> =
            tree.descendants(node).filter(|&part| tree.kind(part) == "identifier").take(1000).collect();
        for name in names {
            if let Some(variable) = self.lookup(tree.text(name)) {
                let value = Operand::Local(variable.local);
                self.current.build.push(Op::Use { value, kind: UseKind::Escape }, span);
            }
        }
        self.file.unit.opaque.push(tree.span(node));
    }

    /// A value that Objective-C makes of others: nothing is known of it nor of what becomes of them.
    fn given_away(&mut self, node: NodeId, given: Given) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        if given == Given::Names {
            self.escape_all(node);
            return OTHER;
        }
        let mut at = tree.named_children(node).next();
        while let Some(next) = at {
            let is_list = tree.kind(next) == "comma_expression";
            let part = if is_list { tree.child(next, "left") } else { Some(next) };
            at = if is_list { tree.child(next, "right") } else { None };
            if let Some(part) = part {
                let value = self.expression(part);
                if matches!(value, Operand::Local(_)) {
                    self.current.build.push(Op::Use { value, kind: UseKind::Escape }, span);
                }
            }
        }
        OTHER
    }

    fn parenthesized(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let inner = self.without_parentheses(node);
        match tree.kind(inner) {
            "compound_statement" => self.statement_expression(inner),
            "parenthesized_expression" if self.given(inner).is_none() => OTHER,
            _ => self.expression(inner),
        }
    }

    /// `({ …; x; })`
    fn statement_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let statements: Vec<NodeId> = tree.named_children(node).collect();
        let Some((last, before)) = statements.split_last() else { return OTHER };
        self.scoped(node, |body| {
            for &statement in before {
                body.statement(statement);
            }
            match tree.named_children(*last).next() {
                Some(value) if tree.kind(*last) == "expression_statement" => {
                    let value = body.expression(value);
                    Operand::Local(body.current.build.copy_of(value, span))
                }
                _ => {
                    body.statement(*last);
                    OTHER
                }
            }
        })
    }

    fn name_value(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let name = tree.text(node);
        if let Some(variable) = self.lookup(name) {
            let is_array = variable.ty.as_ref().is_some_and(|ty| self.file.resolved(ty).name == "[]");
            return match variable.storage {
                Storage::Value | Storage::Object => Operand::Local(variable.local),
                Storage::Memory if is_array => Operand::Local(variable.local),
                Storage::Memory => {
                    self.current.build.load(place(Base::Local(variable.local), [Projection::Pointee]), false, span)
                }
                Storage::Static(name) if variable.ty.as_ref().is_some_and(|ty| self.is_aggregate(ty)) => {
                    self.address(place(Base::Name(name), []), span)
                }
                Storage::Static(name) => self.current.build.load(place(Base::Name(name), []), false, span),
            };
        }
        match name {
            "NULL" | "nullptr" => return Operand::Const(Const::Null),
            "TRUE" | "YES" => return Operand::Const(Const::Bool(true)),
            "FALSE" | "NO" => return Operand::Const(Const::Bool(false)),
            _ => {}
        }
        if let Some(constant) = self.file.constants.get(name) {
            return Operand::Const(constant.clone());
        }
        self.free_name(name.into(), span)
    }

    fn path_value(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let name = self.written_path(node);
        if let Some(constant) = self.file.constants.get(&name) {
            return Operand::Const(constant.clone());
        }
        self.free_name(name, span)
    }

    fn free_name(&mut self, name: crate::ir::Name, span: Span) -> Operand {
        let ty = self.member(&name).or_else(|| self.file.globals.get(&name).cloned());
        if ty.is_some_and(|ty| self.is_aggregate(&ty)) {
            return self.address(place(Base::Name(name), []), span);
        }
        self.current.build.load(place(Base::Name(name), []), false, span)
    }

    fn concatenated(&self, node: NodeId) -> Operand {
        let tree = self.tree;
        let mut text = String::new();
        for part in tree.named_children(node) {
            match tree.kind(part) {
                "string_literal" | "raw_string_literal" => text.push_str(&super::unquoted(tree.text(part))),
                _ => {}
            }
        }
        Operand::Const(Const::Str(text.into()))
    }

    pub(super) fn cast(&mut self, ty: Option<TypeRef>, value: NodeId, span: Span) -> Operand {
        let Some(ty) = ty else { return self.expression(value) };
        let is_null = self.is_zero(value) && self.file.is_pointer(&ty);
        if is_null {
            return Operand::Const(Const::Null);
        }
        match self.expression(value) {
            // A number stays what it is.
            Operand::Const(constant @ (Const::Int(_) | Const::Bool(_))) => Operand::Const(constant),
            value => self.copy_as(value, CopyKind::Cast(ty), span),
        }
    }

    fn unary(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let Some(argument) = tree.child(node, "argument") else { return OTHER };
        let operator = tree.child(node, "operator").map_or("", |operator| tree.text(operator));
        match operator {
            "!" | "not" => self.truth(node),
            "-" | "+" | "~" | "compl" => match (operator, self.expression(argument)) {
                ("-", Operand::Const(Const::Int(value))) => Operand::Const(Const::Int(value.wrapping_neg())),
                ("+", value) => value,
                ("~", Operand::Const(Const::Int(value))) => Operand::Const(Const::Int(!value)),
                (_, value) => self.binary(operator, Operand::Const(Const::Int(0)), value, span),
            },
            _ => {
                self.escape_all(node);
                OTHER
            }
        }
    }

    /// A chain that leans left is walked in a loop.
    fn binary_expression(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let mut chain = Vec::new();
        let mut at = node;
        loop {
            let operator = tree.child(at, "operator").map_or("", |operator| tree.text(operator));
            if matches!(operator, "&&" | "||" | "and" | "or" | "==" | "!=" | "not_eq")
                || tree.kind(at) != "binary_expression"
            {
                break;
            }
            let (Some(left), Some(right)) = (tree.child(at, "left"), tree.child(at, "right")) else { break };
            chain.push((at, operator, right));
            at = left;
        }
        if chain.is_empty() {
            return self.truth(node);
        }
        let mut value = self.expression(at);
        let mut is_pointer = self.is_pointer(at);
        for (node, operator, right) in chain.into_iter().rev() {
            let span = self.span(node);
            let steps = matches!(operator, "+" | "-");
            let right_is_pointer = steps && self.is_pointer(right);
            let other = self.expression(right);
            value = match (is_pointer, right_is_pointer) {
                (true, false) if steps => self.copy_as(value, CopyKind::Interior, span),
                (false, true) if operator == "+" => {
                    is_pointer = true;
                    self.copy_as(other, CopyKind::Interior, span)
                }
                _ => {
                    is_pointer = false;
                    self.binary(operator, value, other, span)
                }
            };
        }
        value
    }

    /// Arithmetic on plain operands stays an operand; everything else is an operation.
    pub(super) fn binary(&mut self, operator: &str, left: Operand, right: Operand, span: Span) -> Operand {
        let plain = |operand: &Operand| match operand {
            Operand::Const(Const::Int(_)) | Operand::SizeOf(_) | Operand::Length(_) | Operand::Local(_) => true,
            Operand::Arith(_) => shallow(operand, 8),
            Operand::Const(_) => false,
        };
        let op = match operator {
            "+" => Some(ArithOp::Add),
            "-" => Some(ArithOp::Sub),
            "*" => Some(ArithOp::Mul),
            "|" => Some(ArithOp::Or),
            "&" => Some(ArithOp::And),
            "<<" => Some(ArithOp::Shl),
            _ => None,
        };
        let is_size = |operand: &Operand| matches!(operand, Operand::SizeOf(_) | Operand::Arith(_));
        match op {
            Some(op) if plain(&left) && plain(&right) => {
                if let (Operand::Const(Const::Int(left)), Operand::Const(Const::Int(right))) = (&left, &right)
                    && let Some(value) = folded(op, *left, *right)
                {
                    return Operand::Const(Const::Int(value));
                }
                // A sum of two unknown values may be a string or an address.
                if is_size(&left)
                    || is_size(&right)
                    || matches!(op, ArithOp::Mul | ArithOp::Or | ArithOp::And | ArithOp::Shl)
                {
                    return Operand::Arith(Box::new(Arith { op, sides: [left, right] }));
                }
                let constant = |operand: &Operand| matches!(operand, Operand::Const(Const::Int(_)));
                if constant(&left) || constant(&right) {
                    return self.binary_op(operator, left, right, span);
                }
                self.binary_op(operator, left, right, span)
            }
            _ => self.binary_op(operator, left, right, span),
        }
    }

    fn binary_op(&mut self, operator: &str, left: Operand, right: Operand, span: Span) -> Operand {
        let to = self.temp(span);
        self.current.build.push(Op::Binary { to, op: operator.into(), left, right }, span);
        Operand::Local(to)
    }

    fn conditional(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (then, otherwise, join) = self.three_blocks();
        let parts = [tree.child(node, "consequence"), tree.child(node, "alternative")];
        let ty = self.type_of(node);
        // `a ?: b` of GNU C.
        if let [None, Some(alternative)] = parts
            && let Some(condition) = tree.child(node, "condition")
        {
            let value = self.expression(condition);
            let result = self.current.build.copy_of(value, span);
            self.value_condition(
                Operand::Local(result),
                ty.is_some_and(|ty| self.file.is_pointer(&ty)),
                join,
                otherwise,
                span,
            );
            self.current.build.start(otherwise);
            let value = self.expression(alternative);
            self.current.build.copy(result, value, span);
            self.current.build.continue_in(join);
            return Operand::Local(result);
        }
        if let Some(condition) = tree.child(node, "condition") {
            self.condition(condition, then, otherwise);
        }
        let result = self.temp(span);
        for (block, part) in [then, otherwise].into_iter().zip(parts) {
            self.current.build.start(block);
            if let Some(part) = part {
                let value = self.value_for(part, ty.as_ref());
                let span = self.span(part);
                self.current.build.copy(result, value, span);
            }
            self.current.build.goto(join);
        }
        self.current.build.start(join);
        Operand::Local(result)
    }

    fn sizeof(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let ty = match (tree.child(node, "type"), tree.child(node, "value")) {
            (Some(ty), _) => self.file.described_type(ty),
            (None, Some(value)) => {
                // `sizeof(T)` of a named type reads as a value.
                let is_type = |name: &crate::ir::Name| {
                    self.file.classes_by_name.contains_key(name) || self.file.aliases.contains_key(name)
                };
                match self.plain_identifier(value).filter(is_type) {
                    Some(name) => Some(TypeRef::named(&name)),
                    None => match (self.type_of(value), self.plain_identifier(value)) {
                        (Some(ty), _) => Some(ty),
                        (None, Some(name)) if self.current.find(&name).is_none() => Some(TypeRef::named(&name)),
                        _ => None,
                    },
                }
            }
            _ => None,
        };
        ty.map_or(OTHER, Operand::SizeOf)
    }

    fn compound_literal(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let ty = tree.child(node, "type").and_then(|ty| self.file.described_type(ty));
        let Some(list) = tree.child(node, "value") else { return OTHER };
        match ty {
            Some(ty) if self.file.is_cpp && self.file.is_class_like(&ty) => self.construct(ty, Some(list), node),
            Some(ty) if self.is_aggregate(&ty) || !self.file.is_pointer(&ty) && self.file.is_class_like(&ty) => {
                let span = self.span(node);
                let to = self.current.build.typed_temp(ty.clone(), span);
                self.current.build.push(Op::Stack { to, ty: Some(ty.clone()), by_address: false }, span);
                self.fill(place(Base::Local(to), []), list, Some(&ty), 0);
                Operand::Local(to)
            }
            ty => self.listed(list, ty.as_ref()),
        }
    }

    /// `{a, b}` where a value is wanted.
    pub(super) fn listed(&mut self, node: NodeId, ty: Option<&TypeRef>) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        if let Some(ty) = ty.map(Self::referent)
            && self.file.is_cpp
            && self.file.is_class_like(&ty)
        {
            return self.construct(ty, Some(node), node);
        }
        let mut items = Vec::new();
        let mut named = false;
        for part in tree.named_children(node) {
            let (name, value) = self.list_item(part);
            named |= name.is_some();
            let Some(value) = value else { continue };
            let value = self.expression(value);
            // Tables of constants say nothing.
            if name.is_none() && items.len() >= 64 && matches!(value, Operand::Const(_)) {
                continue;
            }
            items.push((name, value));
        }
        if let ([(None, value)], Some(_)) = (items.as_slice(), ty.filter(|ty| !self.is_aggregate(ty)))
            && !named
        {
            return value.clone();
        }
        let to = self.temp(span);
        let kind = if named { AggregateKind::Record } else { AggregateKind::List };
        self.current.build.push(Op::Aggregate { to, kind, items }, span);
        Operand::Local(to)
    }

    /// The field and the value of an item of a list.
    pub(super) fn list_item(&self, part: NodeId) -> (Option<crate::ir::Name>, Option<NodeId>) {
        let tree = self.tree;
        if tree.kind(part) != "initializer_pair" {
            return (None, Some(part));
        }
        let designator = tree.child(part, "designator");
        let field = designator.and_then(|designator| match tree.kind(designator) {
            "field_identifier" => Some(designator),
            _ => tree.child_of_kind(designator, "field_identifier"),
        });
        (field.map(|field| self.name_of(field)), tree.child(part, "value"))
    }

    /// A free function as a value, for calls.
    pub(super) fn callee_of(&mut self, node: NodeId) -> Callee {
        let tree = self.tree;
        match tree.kind(node) {
            "identifier" => match self.lookup(tree.text(node)) {
                Some(_) => Callee::Value(self.name_value(node)),
                None => Callee::Name(self.name_of(node)),
            },
            "qualified_identifier" | "template_function" => Callee::Name(self.written_path(node)),
            "primitive_type" => Callee::Name(self.name_of(node)),
            "pointer_expression" if tree.has_token(node, "*") => {
                // `(*f)(x)` calls `f`.
                match tree.child(node, "argument") {
                    Some(argument) => {
                        let inner = self.without_parentheses(argument);
                        Callee::Value(self.expression(inner))
                    }
                    None => Callee::Value(OTHER),
                }
            }
            _ => {
                let value = self.expression(node);
                let span = self.span(node);
                Callee::Value(Operand::Local(self.current.build.as_local(value, span)))
            }
        }
    }
}

/// Whether arithmetic is nested no deeper.
fn shallow(operand: &Operand, levels: u32) -> bool {
    match operand {
        Operand::Arith(arith) => levels > 0 && arith.sides.iter().all(|part| shallow(part, levels - 1)),
        _ => true,
    }
}

fn folded(op: ArithOp, left: i64, right: i64) -> Option<i64> {
    match op {
        ArithOp::Add => left.checked_add(right),
        ArithOp::Sub => left.checked_sub(right),
        ArithOp::Mul => left.checked_mul(right),
        ArithOp::Or => Some(left | right),
        ArithOp::And => Some(left & right),
        ArithOp::Shl => u32::try_from(right).ok().filter(|&by| by < 63).and_then(|by| left.checked_shl(by)),
    }
}
