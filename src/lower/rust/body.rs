//! Function bodies → control flow.
//!
//! One [`Body`] lowers a function with all closures in it. Recursion here follows the nesting of the syntax, which the
//! parser has bounded; chains (`a.b().c`, `a + b + c`, `else if`) are walked in loops.

use rustc_hash::{FxHashMap, FxHashSet};
use syn::{Block, Expr, Pat};

use super::functions::Taken;
use super::{FileLowering, written};
use crate::ir::build::Builder;
use crate::ir::{Capture, CopyKind, FunctionId, Local, LocalId, LocalKind, Name, Op, Operand, TypeRef};
use crate::source::Span;

mod assignment;
mod call;
mod chain;
mod closure;
mod condition;
mod copies;
mod expression;
mod macros;
mod memory;
mod pattern;
mod statement;

/// Lowers the body of a function whose header stands in the unit.
pub(super) fn lower_function(file: &mut FileLowering, function: FunctionId, taken: &[Taken<'_>], block: &Block) {
    let header = file.unit.functions.get(function.index());
    // Spans of locals count from the function's base, those of the parser from the chunk's start.
    let base = header.map_or(0, |it| it.base).saturating_sub(file.offset);
    let named = header.into_iter().flat_map(|it| &it.locals).filter(|local| !local.name.is_empty());
    let params: Vec<(Name, usize)> =
        named.map(|local| (local.name.clone(), (base + local.span.start) as usize)).collect();
    let mut body = Body::new(file, function, memory::used_in_function(&file.lines, &params, block));
    body.function_body(taken, block);
    body.finish();
}

/// Lowers the function that computes the value of a `static` or `const`.
pub(super) fn lower_value(file: &mut FileLowering, function: FunctionId, value: &Expr) {
    let mut body = Body::new(file, function, memory::used_in(&file.lines, value));
    let at = body.at(value);
    let result = body.consume(value);
    body.leave_with(Some(result), at);
    body.finish();
}

/// A function being lowered, with the closure the walk is in.
struct Body<'f> {
    file: &'f mut FileLowering,
    current: Frame,
    /// The functions around the current one, outermost first.
    outer: Vec<Frame>,
    /// How variables are used somewhere in the function.
    used: memory::Used,
    /// `static` and `const` items of the body, and what they are called in the unit.
    hoisted: FxHashMap<Name, Name>,
}

/// One function of the walk.
struct Frame {
    id: FunctionId,
    base: u32,
    build: Builder,
    scopes: Vec<Scope>,
    captures: Vec<Capture>,
    /// Variables that end with a destructor unless they were moved out.
    owned: FxHashSet<LocalId>,
    /// Variables that live in memory: the local is the address.
    in_memory: FxHashSet<LocalId>,
    /// Variables a pattern has just bound, to be owned where the pattern holds as a whole.
    bound: Vec<LocalId>,
    /// Values that live to the end of the statement.
    temporaries: Vec<LocalId>,
    /// Loops and labelled blocks around.
    breaks: Vec<Break>,
    /// How many jumps have left scopes so far.
    exits: u32,
}

/// Where `break` leads.
struct Break {
    label: Option<Name>,
    /// What `break value` writes to.
    result: Option<LocalId>,
    /// A loop, not a labelled block: `break` without a label means it.
    is_loop: bool,
    is_set: bool,
}

#[derive(Default)]
struct Scope {
    names: FxHashMap<Name, LocalId>,
    regions: Vec<Region>,
}

/// Variables that end together: no exit lies between their declarations.
struct Region {
    locals: Vec<LocalId>,
    exits: u32,
}

impl Frame {
    /// Takes the locals out of the function's header; [`put_back`] returns them.
    fn new(file: &mut FileLowering, id: FunctionId) -> Self {
        let (base, locals) = match file.unit.functions.get_mut(id.index()) {
            Some(function) => (function.base, std::mem::take(&mut function.locals)),
            None => (0, Vec::new()),
        };
        let named = locals.iter().enumerate().filter(|(_, local)| !local.name.is_empty());
        let names = named.map(|(index, local)| (local.name.clone(), LocalId(index as u32))).collect();
        Self {
            id,
            base,
            build: Builder::new(locals),
            scopes: vec![Scope { names, regions: Vec::new() }],
            captures: Vec::new(),
            owned: FxHashSet::default(),
            in_memory: FxHashSet::default(),
            bound: Vec::new(),
            temporaries: Vec::new(),
            breaks: Vec::new(),
            exits: 0,
        }
    }

    fn find(&self, name: &str) -> Option<LocalId> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name).copied())
    }

    /// The local that stands for the local `outer` of the function around.
    fn capture(&mut self, name: &Name, outer: LocalId, original: Option<Local>) -> LocalId {
        if let Some(known) = self.captures.iter().find(|capture| capture.outer == outer) {
            return known.inner;
        }
        let (ty, is_final) = original.map_or((None, false), |local| (local.ty, local.is_final));
        let local = Local { name: name.clone(), kind: LocalKind::Captured, ty, is_final, span: Span::default() };
        let inner = self.build.add_local(local);
        self.captures.push(Capture { outer, inner });
        inner
    }
}

impl<'f> Body<'f> {
    fn new(file: &'f mut FileLowering, function: FunctionId, used: memory::Used) -> Self {
        let current = Frame::new(file, function);
        Self { file, current, outer: Vec::new(), used, hoisted: FxHashMap::default() }
    }

    fn finish(self) {
        put_back(self.file, self.current);
    }

    /// Parameters, then the block, whose value is the result.
    fn function_body(&mut self, taken: &[Taken<'_>], block: &Block) {
        self.parameters(taken.iter().map(|it| (it.local, it.pattern)));
        let close = block.brace_token.span.close();
        let end = self.file.span(close, close).relative_to(self.current.base);
        let tail = match block.stmts.last() {
            Some(syn::Stmt::Expr(value, None)) => self.at(value),
            _ => end,
        };
        let wanted = self.returns_value();
        let value = self.block(block, wanted);
        self.leave_with(value, tail);
        self.close_scope(end);
    }

    /// Owns the parameters and takes apart those that are patterns.
    fn parameters<'p>(&mut self, patterns: impl Iterator<Item = (LocalId, &'p Pat)>) {
        let mut params = Vec::new();
        if let Some(function) = self.file.unit.functions.get(self.current.id.index()) {
            params.extend(function.params.iter().map(|param| param.local));
        }
        // `self` by value.
        params.extend(self.current.build.local(LocalId(0)).filter(|it| it.kind == LocalKind::This).map(|_| LocalId(0)));
        params.sort_unstable();
        params.dedup();
        for local in params {
            let Some(known) = self.current.build.local(local).cloned() else { continue };
            let declared = known.span.absolute_from(self.current.base).start.saturating_sub(self.file.offset) as usize;
            if !known.name.is_empty() && self.lives_in_memory(declared, known.ty.as_ref(), None) {
                let variable = self.current.build.variable(
                    known.name.clone(),
                    known.ty.as_ref().cloned(),
                    known.is_final,
                    known.span,
                );
                self.put_in_memory(variable, known.ty.as_ref().cloned(), known.span);
                self.write_memory(variable, Operand::Local(local), known.span);
                self.bind_name(known.name, variable);
            } else if known.ty.as_ref().is_none_or(|ty| !self.file.is_copy(ty)) {
                self.own(local);
            }
        }
        for (local, pattern) in patterns {
            self.bind(pattern, Operand::Local(local), pattern::Mode::Move, None);
            self.own_bound();
        }
    }

    /// Whether the function has a result other than `()`.
    fn returns_value(&self) -> bool {
        self.file.unit.functions.get(self.current.id.index()).is_some_and(|function| {
            function.parent.is_some() || function.result.as_ref().is_some_and(|ty| ty.name != "()")
        })
    }

    // What the parts of the walk share.

    fn at(&self, expr: &Expr) -> Span {
        self.between(written::first(expr), written::last(expr))
    }

    fn between(&self, first: proc_macro2::Span, last: proc_macro2::Span) -> Span {
        self.file.span(first, last).relative_to(self.current.base)
    }

    /// The local of a name; a variable of a function around this one is captured through all between.
    fn lookup(&mut self, name: &str) -> Option<LocalId> {
        if let Some(local) = self.current.find(name) {
            return Some(local);
        }
        let (level, mut local) =
            self.outer.iter().enumerate().rev().find_map(|(level, frame)| Some((level, frame.find(name)?)))?;
        let name = Name::new(name);
        let around = self.outer.get(level)?;
        let mut original = around.build.local(local).cloned();
        let (owned, in_memory) = (around.owned.contains(&local), around.in_memory.contains(&local));
        let inner = self.outer.iter_mut().skip(level + 1).chain([&mut self.current]);
        for frame in inner {
            local = frame.capture(&name, local, original.clone());
            original = frame.build.local(local).cloned();
            if owned {
                frame.owned.insert(local);
            }
            if in_memory {
                frame.in_memory.insert(local);
            }
        }
        Some(local)
    }

    /// Declares a variable in the innermost scope; the alternatives of one pattern share theirs.
    fn declare(&mut self, ident: &syn::Ident, ty: Option<TypeRef>, is_final: bool) -> LocalId {
        let name = Name::new(ident.to_string());
        let span = self.between(ident.span(), ident.span());
        let local = self.current.build.variable(name.clone(), ty, is_final, span);
        self.bind_name(name, local);
        local
    }

    fn bind_name(&mut self, name: Name, local: LocalId) {
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.names.insert(name, local);
        }
    }

    /// The variable ends with its scope, unless it is moved out before.
    fn own(&mut self, local: LocalId) {
        self.current.owned.insert(local);
        if !self.current.build.is_live() {
            return;
        }
        let exits = self.current.exits;
        let Some(scope) = self.current.scopes.last_mut() else { return };
        match scope.regions.last_mut() {
            Some(region) if region.exits == exits => region.locals.push(local),
            _ => {
                self.current.build.open_exit_cleanup();
                scope.regions.push(Region { locals: vec![local], exits });
            }
        }
    }

    /// Owns what the last pattern bound.
    fn own_bound(&mut self) {
        for local in std::mem::take(&mut self.current.bound) {
            self.own(local);
        }
    }

    fn open_scope(&mut self) {
        self.current.scopes.push(Scope::default());
    }

    /// Ends the variables of the innermost scope, on every way out of it.
    fn close_scope(&mut self, at: Span) {
        let Some(scope) = self.current.scopes.pop() else { return };
        for region in scope.regions.into_iter().rev() {
            let Some((_, exits)) = self.current.build.close_cleanup() else { return };
            let live = self.current.build.is_live();
            self.end_all(&region.locals, at);
            if exits.is_empty() {
                continue;
            }
            let next = self.current.build.block();
            self.current.build.goto(next);
            for exit in exits {
                self.current.build.start(exit.entry);
                self.end_all(&region.locals, at);
                self.current.build.resume_exit(exit);
            }
            if live {
                self.current.build.start(next);
            }
        }
    }

    fn end_all(&mut self, locals: &[LocalId], at: Span) {
        for &local in locals.iter().rev() {
            self.current.build.push(Op::ScopeEnd(local), at);
        }
    }

    /// `return`
    fn leave_with(&mut self, value: Option<Operand>, at: Span) {
        self.current.exits += 1;
        self.current.build.jump_return(value, at);
    }

    fn temp(&mut self, span: Span) -> LocalId {
        self.current.build.temp(span)
    }

    /// The value of a variable, taken out of it when a destructor would otherwise run for it.
    fn moved(&mut self, value: Operand, span: Span) -> Operand {
        match value {
            Operand::Local(local) if self.current.owned.contains(&local) => {
                let to = self.temp(span);
                self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Move }, span);
                Operand::Local(to)
            }
            value => self.settled(value, span),
        }
    }

    /// A value that stays what it is when the variable it stands in is written.
    fn settled(&mut self, value: Operand, span: Span) -> Operand {
        match value {
            Operand::Local(local) if self.is_variable(local) => {
                let to = self.temp(span);
                self.current.build.copy(to, value, span);
                Operand::Local(to)
            }
            value => value,
        }
    }

    /// Whether the local can be written again.
    fn is_variable(&self, local: LocalId) -> bool {
        self.current.build.local(local).is_some_and(|it| it.kind != LocalKind::Temporary && !it.is_final)
    }
}

/// Writes a finished body into its function.
fn put_back(file: &mut FileLowering, frame: Frame) {
    let built = frame.build.finish();
    if let Some(function) = file.unit.functions.get_mut(frame.id.index()) {
        function.locals = built.locals;
        function.blocks = built.blocks;
        function.captures = frame.captures;
        function.incomplete = function.incomplete.or(built.incomplete);
    }
}
