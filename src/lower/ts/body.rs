//! Function bodies → control flow.
//!
//! One [`Body`] lowers a function with all closures in it: closures share its walk, so that a name is looked up where it
//! is written. Recursion here follows the height of the syntax tree, which the declarations have bounded.

use rustc_hash::FxHashSet;

use super::super::frame::{self, Frame};
use super::parameters::Unpacked;
use super::{BodySource, FileLowering};
use crate::ir::{
    Base, BlockId, Const, FunctionId, FunctionKind, Initializes, LocalId, Name, Op, Operand, Place, Projection,
    Terminator, TypeRef,
};
use crate::parse::{NodeId, Tree};
use crate::source::Span;

mod assignment;
mod bound;
mod buffers;
mod chain;
mod closure;
mod condition;
mod expression;
mod pattern;
mod settled;
mod statement;

/// Lowers the body of a function whose header stands in the unit.
pub(super) fn lower(file: &mut FileLowering<'_>, function: FunctionId, source: BodySource, unpacked: &[Unpacked]) {
    let mut body = Body::new(file, function);
    match source {
        BodySource::Body(node) => body.member(node, unpacked),
        BodySource::Expression(value) => {
            let result = body.expression(value);
            let span = body.span(value);
            body.current.build.jump_return(Some(result), span);
        }
    }
    body.current.put_back(&mut body.file.unit);
}

/// Lowers the statements of a module.
pub(super) fn lower_statements(file: &mut FileLowering<'_>, function: FunctionId, statements: &[NodeId]) {
    let mut body = Body::new(file, function);
    for &statement in statements {
        body.statement(statement);
    }
    let end = body.end_of_function();
    body.current.build.jump_return(None, end);
    body.current.put_back(&mut body.file.unit);
}

/// A function being lowered, with the closure the walk is in.
struct Body<'f, 't> {
    tree: &'t Tree<'t>,
    file: &'f mut FileLowering<'t>,
    current: Frame,
    /// The functions around the current one, outermost first.
    outer: Vec<Frame>,
    /// Variables that hold buffers of which nothing but the address is taken.
    buffers: FxHashSet<(FunctionId, LocalId)>,
}

impl<'f, 't> Body<'f, 't> {
    fn new(file: &'f mut FileLowering<'t>, function: FunctionId) -> Self {
        let tree = file.tree;
        let current = Frame::new(&mut file.unit, function);
        Self { tree, file, current, outer: Vec::new(), buffers: FxHashSet::default() }
    }

    fn member(&mut self, node: NodeId, unpacked: &[Unpacked]) {
        let function = self.file.unit.functions.get(self.current.id.index());
        if let Some(function) = function.filter(|function| function.kind == FunctionKind::Constructor) {
            let params = function.params.clone();
            for param in params.iter().filter(|param| param.initializes == Some(Initializes::Field)) {
                let span = self.current.build.local(param.local).map_or_else(Span::default, |local| local.span);
                if let Some(this) = self.lookup("this") {
                    let path = [Projection::Field(param.name.clone())].into_iter().collect();
                    let to = Place { base: Base::Local(this), path };
                    self.current.build.push(Op::Store { to: Box::new(to), value: Operand::Local(param.local) }, span);
                }
            }
        }
        self.function_body(node, unpacked);
    }

    /// A `statement_block`, or the expression that an arrow function gives; ends in a return.
    fn function_body(&mut self, node: NodeId, unpacked: &[Unpacked]) {
        self.current.scopes.push(Default::default());
        for &(local, pattern) in unpacked {
            self.unpack(pattern, Operand::Local(local), Some(false));
        }
        if self.tree.kind(node) == "statement_block" {
            self.block(node);
            let end = self.end_of(node);
            self.current.build.jump_return(None, end);
        } else {
            let span = self.span(node);
            let result = self.expression(node);
            self.current.build.jump_return(Some(result), span);
        }
    }

    // What the parts of the walk share.

    fn span(&self, node: NodeId) -> Span {
        self.tree.span(node).relative_to(self.current.base)
    }

    /// The last byte of a node.
    fn end_of(&self, node: NodeId) -> Span {
        let end = self.tree.span(node).end;
        Span::new(end.saturating_sub(1), end).relative_to(self.current.base)
    }

    fn end_of_function(&self) -> Span {
        let function = self.file.unit.functions.get(self.current.id.index());
        let end = function.map_or(0, |function| function.span.end);
        Span::new(end.saturating_sub(1), end).relative_to(self.current.base)
    }

    fn name_of(&self, node: NodeId) -> Name {
        self.file.property_name(node)
    }

    fn lookup(&mut self, name: &str) -> Option<LocalId> {
        frame::lookup(&mut self.current, &mut self.outer, name)
    }

    /// Declares the variable that the node `name` names in the innermost scope.
    fn declare(&mut self, name: NodeId, ty: Option<TypeRef>, is_final: bool) -> LocalId {
        let text = Name::new(self.tree.text(name));
        let span = self.span(name);
        let frame = &mut self.current;
        let build = &mut frame.build;
        let local = *frame.declared.entry(name).or_insert_with(|| build.variable(text.clone(), ty, is_final, span));
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.insert(text, local);
        }
        local
    }

    /// Runs `inside` in a scope of its own.
    fn scoped<R>(&mut self, inside: impl FnOnce(&mut Self) -> R) -> R {
        self.current.scopes.push(Default::default());
        let result = inside(self);
        self.current.scopes.pop();
        result
    }

    fn temp(&mut self, span: Span) -> LocalId {
        self.current.build.temp(span)
    }

    fn load_name(&mut self, name: Name, span: Span) -> Operand {
        let place = self.free(name, span);
        self.current.build.load(place, false, span)
    }

    /// The place of a free name: in a namespace it may be a member of that.
    fn free(&mut self, name: Name, span: Span) -> Place {
        let Some(namespace) = self.file.namespace_of(&name) else {
            return Place { base: Base::Name(name), path: Default::default() };
        };
        let of = Place { base: Base::Name(namespace), path: Default::default() };
        let of = self.current.build.load(of, false, span);
        let path = [Projection::Field(name)].into_iter().collect();
        Place { base: Base::Local(self.current.build.as_local(of, span)), path }
    }

    fn load_member(&mut self, of: Operand, name: Name, span: Span) -> Operand {
        let base = Base::Local(self.current.build.as_local(of, span));
        let path = [Projection::Field(name)].into_iter().collect();
        self.current.build.load(Place { base, path }, false, span)
    }

    /// A throw: what follows is dead.
    fn throw(&mut self, value: Option<Operand>, span: Span) {
        self.current.build.end(Terminator::Throw(value), span);
    }

    fn three_blocks(&mut self) -> (BlockId, BlockId, BlockId) {
        let build = &mut self.current.build;
        (build.block(), build.block(), build.block())
    }

    fn other() -> Operand {
        Operand::Const(Const::Other)
    }
}
