//! Function bodies → control flow.
//!
//! One [`Body`] lowers a function with all lambdas in it. Recursion here follows the height of the syntax tree, which
//! the declarations have bounded.

use rustc_hash::{FxHashMap, FxHashSet};

use self::place::place;
use super::types::unqualified;
use super::{BodySource, FileLowering};
use crate::ir::build::{Builder, JumpTarget};
use crate::ir::{
    Base, BlockId, Callee, Capture, Const, CopyKind, FunctionId, FunctionKind, Local, LocalId, LocalKind, Name, Op,
    Operand, Place, Projection, Terminator, TypeRef,
};
use crate::parse::c::Given;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

mod call;
mod condition;
mod construct;
mod declare;
mod expression;
mod initialize;
mod lambda;
mod literal;
mod place;
mod statement;
mod switch;
mod typing;

pub(super) use literal::{character, unquoted};

/// Lowers the body of a function whose header stands in the unit.
pub(super) fn lower(file: &mut FileLowering<'_>, function: FunctionId, source: BodySource) {
    let tree = file.tree;
    let current = FunctionFrame::new(file, function);
    let mut body = Body { tree, file, current, outer: Vec::new() };
    match source {
        BodySource::Function(node) => body.function(node),
        BodySource::Expression(value) => {
            body.survey(value);
            let ty = body.file.unit.functions.get(function.index()).and_then(|function| function.result.clone());
            body.open_scope();
            let result = body.value_for(value, ty.as_ref());
            let span = body.span(value);
            body.current.build.jump_return(Some(result), span);
            body.close_scope(span);
        }
    }
    body.finish();
}

/// A function being lowered, with the lambda the walk is in.
struct Body<'f, 't> {
    tree: &'t Tree<'t>,
    file: &'f mut FileLowering<'t>,
    current: FunctionFrame,
    /// The functions around the current one, outermost first.
    outer: Vec<FunctionFrame>,
}

/// One function of the walk.
struct FunctionFrame {
    id: FunctionId,
    base: u32,
    build: Builder,
    scopes: Vec<Scope>,
    captures: Vec<Capture>,
    /// Names of variables whose address is taken somewhere, and of those with `x.f` somewhere.
    addressed: FxHashSet<Name>,
    dotted: FxHashSet<Name>,
    /// Temporaries whose destructors run at the end of the full statement.
    temporaries: Vec<LocalId>,
    /// Lambdas by their node: copies of a cleanup share theirs.
    lambdas: FxHashMap<NodeId, FunctionId>,
}

/// A block's names and what runs when it is left.
#[derive(Default)]
struct Scope {
    names: FxHashMap<Name, Variable>,
    cleanups: Vec<Cleanup>,
    /// How many jump targets the block opened.
    targets: usize,
}

/// What runs when a variable's scope ends.
#[derive(Clone)]
enum Cleanup {
    /// Its destructor.
    End(LocalId),
    /// A function, given a local; `read`: what is in memory there.
    Call { function: Name, local: LocalId, read: bool },
}

/// A variable of the source.
#[derive(Clone)]
struct Variable {
    local: LocalId,
    ty: Option<TypeRef>,
    storage: Storage,
}

/// How a variable's local stands for it.
#[derive(Clone, PartialEq)]
enum Storage {
    /// The local is the variable.
    Value,
    /// The local holds the variable's address.
    Memory,
    /// The local holds the object, which is as good as its address.
    Object,
    /// A variable of the unit.
    Static(Name),
}

impl FunctionFrame {
    /// Takes the locals out of the function's header; [`Body::finish`] puts them back.
    fn new(file: &mut FileLowering<'_>, id: FunctionId) -> Self {
        let (base, locals) = match file.unit.functions.get_mut(id.index()) {
            Some(function) => (function.base, std::mem::take(&mut function.locals)),
            None => (0, Vec::new()),
        };
        let mut scope = Scope::default();
        for (index, local) in locals.iter().enumerate().filter(|(_, local)| !local.name.is_empty()) {
            let local_id = LocalId(index as u32);
            let variable = Variable { local: local_id, ty: local.ty.as_ref().cloned(), storage: Storage::Value };
            scope.names.insert(local.name.clone(), variable);
        }
        Self {
            id,
            base,
            build: Builder::new(locals),
            scopes: vec![scope],
            captures: Vec::new(),
            addressed: FxHashSet::default(),
            dotted: FxHashSet::default(),
            temporaries: Vec::new(),
            lambdas: FxHashMap::default(),
        }
    }

    fn find(&self, name: &str) -> Option<&Variable> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name))
    }

    /// The variable that stands for the parent's variable here.
    fn capture(&mut self, name: &Name, outer: &Variable) -> Variable {
        if let Storage::Static(_) = outer.storage {
            return outer.clone();
        }
        let known = self.captures.iter().find(|capture| capture.outer == outer.local).map(|capture| capture.inner);
        let inner = known.unwrap_or_else(|| {
            let kind = LocalKind::Captured;
            let local =
                Local { name: name.clone(), kind, ty: outer.ty.clone(), is_final: false, span: Span::default() };
            let inner = self.build.add_local(local);
            self.captures.push(Capture { outer: outer.local, inner });
            inner
        });
        Variable { local: inner, ..outer.clone() }
    }
}

impl<'t> Body<'_, 't> {
    /// A `function_definition`.
    fn function(&mut self, node: NodeId) {
        let tree = self.tree;
        self.survey(node);
        let Some(body) = tree.child(node, "body") else { return };
        let inner = match tree.kind(body) {
            "try_statement" => tree.child(body, "body").unwrap_or(body),
            _ => body,
        };
        self.open_scope();
        self.open_labels(node);
        self.settle_parameters();
        let list = tree
            .child_of_kind(node, "field_initializer_list")
            .or_else(|| tree.child_of_kind(body, "field_initializer_list"));
        let is_constructor = self
            .file
            .unit
            .functions
            .get(self.current.id.index())
            .is_some_and(|function| function.kind == FunctionKind::Constructor);
        if is_constructor {
            self.member_initializers(list);
        }
        match tree.kind(body) {
            "try_statement" => self.try_statement(body),
            _ => self.block(inner),
        }
        let end = tree.span(body).end;
        let brace = Span::new(end.saturating_sub(1), end).relative_to(self.current.base);
        self.current.build.jump_return(None, brace);
        self.close_scope(brace);
    }

    fn finish(self) {
        let FunctionFrame { id, build, captures, .. } = self.current;
        put_back(self.file, id, build, captures);
    }

    /// Notes which variables must live in memory.
    fn survey(&mut self, node: NodeId) {
        let tree = self.tree;
        for part in tree.descendants(node) {
            match tree.kind(part) {
                "pointer_expression" if tree.has_token(part, "&") => {
                    if let Some(name) =
                        tree.child(part, "argument").and_then(|argument| self.plain_identifier(argument))
                    {
                        self.current.addressed.insert(name);
                    }
                }
                "parenthesized_expression" if self.given(part) == Some(Given::Names) => {
                    // A block may write to what it names, at any time.
                    let names = tree.descendants(part).filter(|&name| tree.kind(name) == "identifier");
                    self.current.addressed.extend(names.map(|name| Name::new(tree.text(name))));
                }
                "field_expression" if tree.has_token(part, ".") => {
                    if let Some(name) =
                        tree.child(part, "argument").and_then(|argument| self.plain_identifier(argument))
                    {
                        self.current.dotted.insert(name);
                    }
                }
                "init_declarator" => {
                    let is_reference = self.declares_reference(part);
                    let name = tree.child(part, "value").and_then(|value| self.plain_identifier(value));
                    if let (true, Some(name)) = (is_reference, name) {
                        self.current.addressed.insert(name);
                    }
                }
                "gnu_asm_output_operand" => {
                    if let Some(name) = tree.child(part, "value").and_then(|value| self.plain_identifier(value)) {
                        self.current.addressed.insert(name);
                    }
                }
                _ => {}
            }
        }
    }

    /// `T& r = x`, `T*& r = x`
    fn declares_reference(&self, node: NodeId) -> bool {
        let tree = self.tree;
        let mut declarator = tree.child(node, "declarator");
        while let Some(inner) = declarator.filter(|&inner| tree.kind(inner) == "pointer_declarator") {
            declarator = tree.child(inner, "declarator");
        }
        declarator.is_some_and(|declarator| tree.kind(declarator) == "reference_declarator")
    }

    /// The name of an identifier in any number of parentheses.
    fn plain_identifier(&self, node: NodeId) -> Option<Name> {
        let node = self.without_parentheses(node);
        (self.tree.kind(node) == "identifier").then(|| Name::new(self.tree.text(node)))
    }

    fn without_parentheses(&self, mut node: NodeId) -> NodeId {
        while self.tree.kind(node) == "parenthesized_expression" && self.given(node).is_none() {
            match self.tree.named_children(node).next() {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// What the parentheses hold, if they are what Objective-C became.
    fn given(&self, node: NodeId) -> Option<Given> {
        self.file.prepared.given.get(&self.tree.span(node).start).copied()
    }

    // What the parts of the walk share.

    fn span(&self, node: NodeId) -> Span {
        self.tree.span(node).relative_to(self.current.base)
    }

    fn name_of(&self, node: NodeId) -> Name {
        Name::new(self.tree.text(node))
    }

    fn this(&mut self) -> Option<LocalId> {
        self.lookup("this").map(|this| this.local)
    }

    /// The variable of a name; one of a function around this one is captured through all between.
    fn lookup(&mut self, name: &str) -> Option<Variable> {
        if let Some(variable) = self.current.find(name) {
            return Some(variable.clone());
        }
        let (level, mut variable) =
            self.outer.iter().enumerate().rev().find_map(|(level, frame)| Some((level, frame.find(name)?.clone())))?;
        let name = Name::new(name);
        for frame in self.outer.iter_mut().skip(level + 1) {
            variable = frame.capture(&name, &variable);
        }
        Some(self.current.capture(&name, &variable))
    }

    fn bind(&mut self, name: Name, variable: Variable) {
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.names.insert(name, variable);
        }
    }

    fn open_scope(&mut self) {
        self.current.scopes.push(Scope::default());
    }

    /// Ends a scope: what its variables need runs on every way out, the last declared first.
    fn close_scope(&mut self, span: Span) {
        let Some(scope) = self.current.scopes.pop() else { return };
        for cleanup in scope.cleanups.into_iter().rev() {
            let is_live = self.current.build.is_live();
            let Some((landing, exits)) = self.current.build.close_cleanup() else { return };
            let normal = self.current.build.block();
            if is_live {
                self.current.build.continue_in(normal);
                self.run(&cleanup, span);
            }
            let end = self.current.build.block();
            self.current.build.goto(end);
            for exit in exits {
                self.current.build.start(exit.entry);
                self.run(&cleanup, span);
                self.current.build.resume_exit(exit);
            }
            self.current.build.start(landing);
            self.run(&cleanup, span);
            self.current.build.end(Terminator::Resume, span);
            if is_live {
                self.current.build.start(end);
            } else {
                self.current.build.stop();
            }
        }
        for _ in 0..scope.targets {
            self.current.build.close_target();
        }
    }

    fn run(&mut self, cleanup: &Cleanup, span: Span) {
        match cleanup {
            Cleanup::End(local) => self.current.build.push(Op::ScopeEnd(*local), span),
            Cleanup::Call { function, local, read } => {
                let value = match read {
                    true => self.current.build.load(place(Base::Local(*local), [Projection::Pointee]), false, span),
                    false => Operand::Local(*local),
                };
                let arg = crate::ir::Arg { name: None, value, span };
                self.current.build.call(Callee::Name(function.clone()), Vec::new(), vec![arg], span, span);
            }
        }
    }

    /// From here on the scope does `cleanup` when it is left.
    fn on_leaving(&mut self, cleanup: Cleanup) {
        if !self.current.build.is_live() {
            return;
        }
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.cleanups.push(cleanup);
            self.current.build.open_cleanup();
        }
    }

    /// Runs `inside` in a scope of its own that ends with `node`.
    fn scoped<R>(&mut self, node: NodeId, inside: impl FnOnce(&mut Self) -> R) -> R {
        self.open_scope();
        let result = inside(self);
        let end = self.span(node).end;
        self.close_scope(Span::new(end.saturating_sub(1), end));
        result
    }

    /// Labels anywhere below `node` can be jumped to from anywhere.
    fn open_labels(&mut self, node: NodeId) {
        let tree = self.tree;
        let labels: Vec<Name> = tree
            .descendants(node)
            .filter(|&part| tree.kind(part) == "labeled_statement")
            .filter_map(|part| tree.child(part, "label"))
            .map(|label| self.name_of(label))
            .collect();
        for label in labels.into_iter().take(200) {
            self.open_label(label);
        }
    }

    fn open_label(&mut self, label: Name) {
        let block = self.current.build.block();
        let target =
            JumpTarget { labels: vec![label.clone()], break_to: Some(block), continue_to: None, only_by_label: true };
        self.current.build.open_target(target);
        // Labels have names of their own.
        let name: Name = format!("{label}:").into();
        let variable = Variable { local: LocalId(block.0), ty: None, storage: Storage::Value };
        if let Some(scope) = self.current.scopes.last_mut() {
            scope.targets += 1;
            scope.names.insert(name, variable);
        }
    }

    /// The block of a label.
    fn label(&self, label: &str) -> Option<BlockId> {
        self.current.find(&format!("{label}:")).map(|variable| BlockId(variable.local.0))
    }

    fn temp(&mut self, span: Span) -> LocalId {
        self.current.build.temp(span)
    }

    fn copy_as(&mut self, from: Operand, kind: CopyKind, span: Span) -> Operand {
        let to = self.temp(span);
        self.current.build.push(Op::Copy { to, from, kind }, span);
        Operand::Local(to)
    }

    fn address(&mut self, of: Place, span: Span) -> Operand {
        let to = self.temp(span);
        self.current.build.push(Op::Address { to, of }, span);
        Operand::Local(to)
    }

    fn three_blocks(&mut self) -> (BlockId, BlockId, BlockId) {
        (self.current.build.block(), self.current.build.block(), self.current.build.block())
    }

    /// `const T` is `T`, `T&` is `T`.
    fn referent(ty: &TypeRef) -> TypeRef {
        let ty = unqualified(ty.clone());
        match ty.name.as_str() {
            "&" | "&&" => ty.args.first().cloned().map_or_else(|| TypeRef::named("auto"), unqualified),
            _ => ty,
        }
    }
}

/// Writes a finished body into its function.
fn put_back(file: &mut FileLowering<'_>, id: FunctionId, build: Builder, captures: Vec<Capture>) {
    let built = build.finish();
    if let Some(function) = file.unit.functions.get_mut(id.index()) {
        function.locals = built.locals;
        function.blocks = built.blocks;
        function.captures = captures;
        function.incomplete = function.incomplete.or(built.incomplete);
    }
}

/// A constant that says nothing.
const OTHER: Operand = Operand::Const(Const::Other);
