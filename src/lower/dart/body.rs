//! Function bodies → control flow.
//!
//! One [`Body`] lowers a member with all closures in it: closures share its walk, so that a name is looked up where it
//! is written. Recursion here follows the height of the syntax tree, which the declarations have bounded.

use rustc_hash::FxHashMap;

use super::super::frame::{self, Frame};
use super::{BodySource, FileLowering};
use crate::ir::{
    Arg, Base, Callee, ClassKind, FunctionId, Initializes, LocalId, Name, Op, Operand, Param, Place, Projection,
    Terminator, TypeRef,
};
use crate::parse::{NodeId, Tree};
use crate::source::Span;

mod assignment;
mod call;
mod chain;
mod closure;
mod collection;
mod condition;
mod expression;
mod pattern;
mod statement;
mod switch;
mod try_statement;

/// Lowers the body of a function whose header stands in the unit.
pub(crate) fn lower(file: &mut FileLowering<'_>, function: FunctionId, source: BodySource) {
    let tree = file.tree;
    let current = Frame::new(&mut file.unit, function);
    let mut body = Body { tree, file, current, outer: Vec::new() };
    match source {
        BodySource::Function { body: node, initializers, redirect } => {
            body.member(node, initializers, redirect);
        }
        BodySource::Expression(value) => {
            let result = body.expression(value);
            let span = body.span(value);
            body.current.build.jump_return(Some(result), span);
        }
    }
    body.finish();
}

/// A member being lowered, with the closure the walk is in.
struct Body<'f, 't> {
    tree: &'t Tree<'t>,
    file: &'f mut FileLowering<'t>,
    current: Frame,
    /// The functions around the current one, outermost first.
    outer: Vec<Frame>,
}

impl<'t> Body<'_, 't> {
    /// A function, method, accessor, operator or constructor.
    fn member(&mut self, body: Option<NodeId>, initializers: Option<NodeId>, redirect: Option<NodeId>) {
        let Some(function) = self.file.unit.functions.get(self.current.id.index()) else { return };
        let (kind, params, class) = (function.kind, function.params.clone(), function.class);
        if let Some(redirect) = redirect {
            self.redirecting_factory(redirect, &params);
            return;
        }
        if kind == crate::ir::FunctionKind::Constructor {
            let extends = class
                .and_then(|class| self.file.unit.classes.get(class.index()))
                .is_some_and(|class| class.kind == ClassKind::Class && class.supertype.is_some());
            self.initialize(initializers, &params, extends);
        }
        self.current.scopes.push(FxHashMap::default());
        match body {
            Some(body) => self.function_body(body),
            None => {
                let at = self.end_of_function();
                self.leave_member(at);
            }
        }
    }

    /// A `return` without a value, or the end of the body: what is constructed for an extension type is the value of
    /// its `this`.
    fn leave_member(&mut self, span: Span) {
        let value = if self.wraps() { self.current.find("this").map(Operand::Local) } else { None };
        self.current.build.jump_return(value, span);
    }

    /// Whether the function is a constructor of an extension type: `this` is the value that it wraps.
    fn wraps(&self) -> bool {
        let unit = &self.file.unit;
        unit.functions.get(self.current.id.index()).is_some_and(|function| {
            let class = function.class.and_then(|class| unit.classes.get(class.index()));
            function.kind == crate::ir::FunctionKind::Constructor
                && class.is_some_and(|class| class.kind == ClassKind::ExtensionType)
        })
    }

    /// A `function_body` or `function_expression_body`; ends in a return.
    fn function_body(&mut self, body: NodeId) {
        if let Some(block) = self.tree.child_of_kind(body, "block") {
            self.block(block);
            let end = self.tree.span(block).end;
            let brace = Span::new(end.saturating_sub(1), end).relative_to(self.current.base);
            self.leave_member(brace);
        } else if let Some(value) = self.operands(body).first().copied() {
            let span = self.span(value);
            if self.discards_result() {
                self.effect(value);
                self.current.build.jump_return(None, span);
            } else {
                let result = self.expression(value);
                self.current.build.jump_return(Some(result), span);
            }
        } else {
            let span = self.span(body);
            self.leave_member(span);
        }
    }

    /// `set x(v) => …` and `void f() => …` give nobody the value of their expression.
    fn discards_result(&self) -> bool {
        self.file.unit.functions.get(self.current.id.index()).is_some_and(|function| {
            function.kind == crate::ir::FunctionKind::Setter
                || function.result.as_ref().is_some_and(|result| result.name == "void")
        })
    }

    /// `factory C(params) = D.x;`
    fn redirecting_factory(&mut self, signature: NodeId, params: &[Param]) {
        let span = self.span(signature);
        let target = self.tree.child(signature, "target");
        let ty = target.and_then(|target| self.file.type_ref(target));
        let constructor = self.tree.child(signature, "target_constructor");
        let name_span = constructor.or(target).map_or(span, |node| self.span(node));
        let args = params
            .iter()
            .map(|param| Arg {
                name: param.named.then(|| param.name.clone()),
                value: Operand::Local(param.local),
                span: self.current.build.local(param.local).map_or(span, |local| local.span),
            })
            .collect();
        let callee = Callee::New {
            ty: ty.unwrap_or_else(|| TypeRef::named("dynamic")),
            name: constructor.and_then(|node| self.constructor_name(node)),
        };
        let result = self.current.build.call(callee, Vec::new(), args, name_span, span);
        self.current.build.jump_return(Some(result), span);
    }

    /// What a generative constructor does before its body: `this.x` formals, the initializer list, the super call.
    fn initialize(&mut self, initializers: Option<NodeId>, params: &[Param], extends: bool) {
        for param in params.iter().filter(|param| param.initializes == Some(Initializes::Field)) {
            let span = self.current.build.local(param.local).map_or_else(Span::default, |local| local.span);
            self.store_field(param.name.clone(), Operand::Local(param.local), span);
        }
        let tree = self.tree;
        let mut super_call = None;
        let mut redirects = false;
        if let Some(initializers) = initializers {
            if tree.kind(initializers) == "redirection" {
                self.constructor_call(initializers, params);
                redirects = true;
            }
            for entry in tree.named_children(initializers).filter(|&entry| tree.kind(entry) == "initializer_list_entry")
            {
                if tree.has_token(entry, "super") {
                    super_call = Some(entry);
                } else if tree.has_token(entry, "this") {
                    self.constructor_call(entry, params);
                    redirects = true;
                } else if let Some(field) = tree.child_of_kind(entry, "field_initializer") {
                    self.field_initializer(field);
                } else if let Some(assertion) = tree.child_of_kind(entry, "assertion") {
                    self.assertion(assertion);
                }
            }
        }
        let passes = params.iter().any(|param| param.initializes == Some(Initializes::Super));
        match super_call {
            Some(entry) => self.constructor_call(entry, params),
            None if !redirects && (passes || extends) => {
                let function = self.file.unit.functions.get(self.current.id.index());
                let name_span = function.map_or_else(Span::default, |function| function.name_span);
                let name_span = name_span.relative_to(self.current.base);
                let args = self.with_super_params(Vec::new(), params);
                self.current.build.call(Callee::SuperConstructor(None), Vec::new(), args, name_span, name_span);
            }
            None => {}
        }
        // In the body `x` is the field again, not the formal `this.x`.
        let formals = params.iter().filter(|param| param.initializes.is_some());
        let locals: Vec<LocalId> = formals.map(|param| param.local).collect();
        if let Some(scope) = self.current.scopes.first_mut() {
            scope.retain(|_, local| !locals.contains(local));
        }
    }

    fn field_initializer(&mut self, field: NodeId) {
        let (Some(name), Some(value)) = (self.tree.child(field, "name"), self.tree.child(field, "value")) else {
            return;
        };
        let value = self.expression(value);
        let span = self.span(field);
        self.store_field(self.name_of(name), value, span);
    }

    fn store_field(&mut self, name: Name, value: Operand, span: Span) {
        if let (true, Some(this)) = (self.wraps(), self.current.find("this")) {
            return self.current.build.copy(this, value, span);
        }
        let base = match self.this() {
            Some(this) => Base::Local(this),
            None => Base::Name(name.clone()),
        };
        let path = match base {
            Base::Local(_) => [Projection::Field(name)].into_iter().collect(),
            _ => smallvec::SmallVec::new(),
        };
        self.current.build.push(Op::Store { to: Box::new(Place { base, path }), value }, span);
    }

    /// `super(…)`, `super.name(…)`, `this(…)`, `this.name(…)` of an initializer list or redirection.
    fn constructor_call(&mut self, entry: NodeId, params: &[Param]) {
        let tree = self.tree;
        let to_super = tree.has_token(entry, "super");
        let keyword = if to_super { "super" } else { "this" };
        let name = tree.child_of_kind(entry, "identifier");
        let name_span = name.or_else(|| tree.child_of_kind(entry, keyword)).unwrap_or(entry);
        let name_span = self.span(name_span);
        let mut args = match tree.child_of_kind(entry, "arguments") {
            Some(arguments) => self.arguments(arguments),
            None => Vec::new(),
        };
        let name = name.map(|name| self.name_of(name));
        let callee = if to_super {
            args = self.with_super_params(args, params);
            Callee::SuperConstructor(name)
        } else {
            Callee::ThisConstructor(name)
        };
        let span = self.span(entry);
        let made = self.current.build.call(callee, Vec::new(), args, name_span, span);
        if let (true, Some(this)) = (self.wraps(), self.current.find("this")) {
            self.current.build.copy(this, made, span);
        }
    }

    /// `super.x` formals are arguments of the super call: positional ones before the written ones.
    fn with_super_params(&self, written: Vec<Arg>, params: &[Param]) -> Vec<Arg> {
        let passed = params.iter().filter(|param| param.initializes == Some(Initializes::Super));
        let (named, positional): (Vec<&Param>, Vec<&Param>) = passed.partition(|param| param.named);
        let arg = |param: &Param| Arg {
            name: param.named.then(|| param.name.clone()),
            value: Operand::Local(param.local),
            span: self.current.build.local(param.local).map_or_else(Span::default, |local| local.span),
        };
        let mut args: Vec<Arg> = positional.into_iter().map(arg).collect();
        args.extend(written);
        args.extend(named.into_iter().map(arg));
        args
    }

    fn finish(self) {
        self.current.put_back(&mut self.file.unit);
    }

    // What the parts of the walk share.

    fn span(&self, node: NodeId) -> Span {
        self.tree.span(node).relative_to(self.current.base)
    }

    fn end_of_function(&self) -> Span {
        let function = self.file.unit.functions.get(self.current.id.index());
        let end = function.map_or(0, |function| function.span.end);
        Span::new(end.saturating_sub(1), end).relative_to(self.current.base)
    }

    fn name_of(&self, node: NodeId) -> Name {
        Name::new(self.tree.text(node))
    }

    /// `new` is the unnamed constructor.
    fn constructor_name(&self, node: NodeId) -> Option<Name> {
        Some(self.tree.text(node)).filter(|&name| name != "new").map(Name::new)
    }

    /// The children that are expressions: `this` and `super` are mere tokens of the grammar, operators are nodes.
    fn operands(&self, node: NodeId) -> Vec<NodeId> {
        let tree = self.tree;
        let is_comment = |child| matches!(tree.kind(child), "comment" | "documentation_comment");
        tree.children(node)
            .filter(|&child| match tree.is_named(child) {
                true => !is_comment(child) && !is_operator(tree.kind(child)) && tree.kind(child) != "annotation",
                false => matches!(tree.kind(child), "this" | "super"),
            })
            .collect()
    }

    fn this(&mut self) -> Option<LocalId> {
        self.lookup("this")
    }

    fn lookup(&mut self, name: &str) -> Option<LocalId> {
        frame::lookup(&mut self.current, &mut self.outer, name)
    }

    /// Declares the variable that the node `name` names in the innermost scope.
    fn declare(&mut self, name: NodeId, ty: Option<TypeRef>, is_final: bool) -> LocalId {
        let text = self.name_of(name);
        let span = self.span(name);
        let frame = &mut self.current;
        let build = &mut frame.build;
        let local = *frame.declared.entry(name).or_insert_with(|| build.variable(text.clone(), ty, is_final, span));
        self.bind(text, local);
        local
    }

    fn bind(&mut self, name: Name, local: LocalId) {
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.insert(name, local);
        }
    }

    /// Runs `inside` in a scope of its own.
    fn scoped<R>(&mut self, inside: impl FnOnce(&mut Self) -> R) -> R {
        self.current.scopes.push(FxHashMap::default());
        let result = inside(self);
        self.current.scopes.pop();
        result
    }

    fn temp(&mut self, span: Span) -> LocalId {
        self.current.build.temp(span)
    }

    /// A throw: what follows is dead.
    fn throw(&mut self, value: Option<Operand>, span: Span) {
        self.current.build.end(Terminator::Throw(value), span);
    }
}

fn is_operator(kind: &str) -> bool {
    matches!(
        kind,
        "equality_operator"
            | "relational_operator"
            | "bitwise_operator"
            | "shift_operator"
            | "additive_operator"
            | "multiplicative_operator"
            | "prefix_operator"
            | "negation_operator"
            | "increment_operator"
            | "is_operator"
    )
}
