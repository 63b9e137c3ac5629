//! One function after the other: the types of its locals, and what its operations refer to.
//!
//! Operations are taken in the order of blocks, which is that of the source. A second pass comes where a function has
//! loops, or where an operation could have used what a later one said.
//! A closure is resolved where it is passed on, so that it knows what its parameters receive and its parent what it
//! returns.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use super::env::{self, Env};
use super::interned::Interner;
use super::promotion::Promotions;
use super::resolved::Seldom;
use super::scope::{Scope, TypeParams};
use super::types;
use super::{ClassRef, FuncRef, Resolved, Signature, Target, Ty, VarRef};
use crate::ir::{
    BlockId, Call, ClassKind, Cond, Const, DefaultValue, Function, FunctionId, FunctionKind, LocalId, LocalKind, Name,
    Op, Operand, Terminator, TypeRef,
};
use crate::target::TargetSet;

/// What resolving a function, with the closures in it, brought to light.
pub(super) struct Outcome {
    pub(super) function: FuncRef,
    /// What calls of it give, as its body says.
    pub(super) result: Ty,
    /// What it stores into variables.
    pub(super) stores: Vec<(VarRef, Ty)>,
    /// What it and its closures refer to.
    pub(super) resolved: Vec<(FuncRef, Resolved)>,
    /// What all of that rests on. As long as none of it changes, the outcome is the same.
    pub(super) rests_on: Vec<Inferred>,
}

/// Something whose type may be inferred, and be known better a round later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Inferred {
    /// What calls of a function give.
    Result(FuncRef),
    Variable(VarRef),
}

/// The closures of a unit by the functions outside closures that they are written in.
pub(super) type Closures = FxHashMap<FunctionId, Vec<FunctionId>>;

/// Resolves functions of a unit with the closures in them.
pub(super) fn functions<'a>(
    env: &'a Env<'_>,
    unit: u32,
    ids: &'a [FunctionId],
    closures: &'a Closures,
) -> impl Iterator<Item = Outcome> + use<'a> {
    let mut resolver = Resolver {
        scope: Scope::new(env, unit),
        states: FxHashMap::default(),
        stores: Vec::new(),
        interner: RefCell::default(),
        asked: RefCell::default(),
        depth: 0,
        again: false,
    };
    ids.iter().map(move |&id| resolver.outcome(id, closures.get(&id).map_or(&[], Vec::as_slice)))
}

/// Finds the closures of a unit.
pub(super) fn closures_by_root(functions: &[Function]) -> Closures {
    let mut closures = Closures::default();
    for (at, function) in functions.iter().enumerate() {
        let Some(mut root) = function.parent else { continue };
        for _ in 0..functions.len() {
            match functions.get(root.index()).and_then(|function| function.parent) {
                Some(parent) => root = parent,
                None => break,
            }
        }
        closures.entry(root).or_default().push(FunctionId(at as u32));
    }
    closures
}

/// Closures within closures that are resolved in place; deeper ones stand alone.
const MAX_CLOSURE_DEPTH: usize = 40;

/// The functions of a unit, one root at a time.
pub(super) struct Resolver<'e> {
    pub(super) scope: Scope<'e>,
    states: FxHashMap<FunctionId, State>,
    pub(super) stores: Vec<(VarRef, Ty)>,
    interner: RefCell<Interner>,
    /// What was asked for of [`Env`] that may be inferred.
    asked: RefCell<Vec<Inferred>>,
    depth: usize,
    /// Something was learnt that an earlier operation could have used.
    again: bool,
}

/// A function while it is being resolved.
pub(super) struct State {
    /// What is known of each local.
    pub(super) types: Vec<Ty>,
    /// Whether the type is declared.
    declared: Vec<bool>,
    /// Whether this pass has written the local.
    written: Vec<bool>,
    /// The type that is wanted where the local's value goes.
    wanted: Vec<Ty>,
    /// The locals of which it was asked what is wanted.
    asked: Vec<Cell<bool>>,
    /// As [`Resolver::again`].
    again: bool,
    /// Constant strings.
    pub(super) texts: FxHashMap<LocalId, Name>,
    /// As [`Resolved::renamed`].
    pub(super) renamed: Vec<(Name, TargetSet)>,
    /// As [`Resolved::tests`].
    tests: FxHashMap<BlockId, Ty>,
    /// Closures made and not yet passed on.
    pending: Vec<(LocalId, FunctionId)>,
    pub(super) targets: Vec<Vec<Target>>,
    /// Type parameters in scope.
    pub(super) params: TypeParams,
    /// The class whose members are in lexical scope.
    pub(super) class: Option<ClassRef>,
    /// The type of `this`, where there is one.
    pub(super) this: Option<Ty>,
    /// What it returns.
    result: Option<Ty>,
    /// What it should return.
    declared_result: Ty,
}

impl<'e> Resolver<'e> {
    pub(super) fn env(&self) -> &'e Env<'e> {
        self.scope.env
    }

    pub(super) fn functions(&self) -> &'e [Function] {
        &self.scope.env.units[self.scope.unit as usize].functions
    }

    /// The types of a function's parameters and of its calls, as far as they are known by now.
    pub(super) fn signature(&self, function: FuncRef) -> &'e Signature {
        self.asked.borrow_mut().push(Inferred::Result(function));
        self.scope.env.signature(function)
    }

    /// The type of a variable or field, as far as it is known by now.
    pub(super) fn variable_type(&self, variable: VarRef) -> &'e Ty {
        self.asked.borrow_mut().push(Inferred::Variable(variable));
        self.scope.env.variable_type(variable)
    }

    /// Resolves a function outside closures, and all the closures in it.
    fn outcome(&mut self, id: FunctionId, closures: &[FunctionId]) -> Outcome {
        self.again = false;
        let mut result = self.run(id, None, &[]);
        if self.again {
            self.stores.clear();
            result = self.run(id, None, &[]);
        }
        let stores = std::mem::take(&mut self.stores);
        for &closure in closures {
            if !self.states.contains_key(&closure) {
                self.run(closure, None, &[]);
            }
        }
        // Of a closure that nothing passes on it is not known whether it runs.
        self.stores.clear();
        let function = FuncRef { unit: self.scope.unit, function: id };
        let mut states: Vec<(FunctionId, State)> = self.states.drain().collect();
        states.sort_unstable_by_key(|(id, _)| *id);
        let resolved = states.into_iter().map(|(id, state)| {
            let found = self.resolved(id, state);
            (FuncRef { function: id, ..function }, found)
        });
        let resolved = resolved.collect();
        let mut rests_on = self.asked.take();
        rests_on.sort_unstable();
        rests_on.dedup();
        let flavor = self.functions()[id.index()].flavor;
        Outcome { function, result: env::result_of_body(flavor, result), stores, resolved, rests_on }
    }

    /// Resolves a function once; gives what its body returns. `given`: what a closure's parameters receive.
    fn run(&mut self, id: FunctionId, parent: Option<&mut State>, given: &[Ty]) -> Ty {
        let Some(function) = self.functions().get(id.index()) else { return Ty::Unknown };
        let mut state = match self.states.remove(&id) {
            Some(mut state) => {
                self.want(&mut state, function);
                state
            }
            None => self.start(id, function),
        };
        state.written.fill(false);
        state.renamed.clear();
        state.pending.clear();
        state.result = None;
        if let Some(parent) = &parent {
            for capture in &function.captures {
                if let (Some(ty), false) =
                    (parent.types.get(capture.outer.index()), is_true(&state.declared, capture.inner))
                {
                    // The parent may come to know it further down.
                    state.again |= *ty == Ty::Unknown;
                    state.set(capture.inner, ty.clone());
                }
                if let Some(text) = parent.texts.get(&capture.outer) {
                    state.texts.insert(capture.inner, text.clone());
                }
            }
        }
        let positional = function.params.iter().filter(|param| !param.named);
        for (param, ty) in positional.zip(given) {
            if !is_true(&state.declared, param.local) {
                state.set(param.local, ty.clone());
            }
        }
        self.depth += 1;
        let params = state.params.clone();
        let mut promotions = Promotions::new(function);
        for (at, block) in function.blocks.iter().enumerate() {
            let plain = promotions.enter(&mut state, at);
            for (place, statement) in block.ops.iter().enumerate() {
                let target = self.operation(&mut state, &statement.op);
                if let Some(slot) = state.targets.get_mut(at).and_then(|targets| targets.get_mut(place)) {
                    *slot = target;
                }
            }
            if let Terminator::Return(value) = &block.end {
                let ty = match value {
                    Some(value) => self.operand(&mut state, value),
                    None => Ty::Void,
                };
                state.result = Some(match &state.result {
                    Some(known) => self.env().joined(known, &ty),
                    None => ty,
                });
            }
            if let Terminator::Branch { cond: Cond::Is(_, written), .. } = &block.end {
                state.tests.insert(BlockId(at as u32), self.scope.ty(&params, written));
            }
            promotions.leave(&mut state, at, block, plain, &|written| self.scope.ty(&params, written));
        }
        let open: Vec<(LocalId, FunctionId)> = std::mem::take(&mut state.pending);
        for (local, closure) in open {
            self.closure(&mut state, local, closure, &[]);
        }
        self.depth -= 1;
        if let Some(parent) = parent {
            for capture in &function.captures {
                let inner = state.types.get(capture.inner.index()).cloned().unwrap_or_default();
                let open = parent.types.get(capture.outer.index()).is_some_and(|ty| *ty == Ty::Unknown);
                if open && types::says_something(&inner) {
                    parent.set(capture.outer, inner);
                }
            }
        }
        let result = state.result.clone().unwrap_or(Ty::Void);
        self.again |= state.again;
        self.states.insert(id, state);
        result
    }

    fn start(&self, id: FunctionId, function: &Function) -> State {
        let params = self.scope.type_params(id);
        let root = self.root(id);
        let root_function = &self.functions()[root.index()];
        let class = root_function.class.map(|class| ClassRef { unit: self.scope.unit, class });
        let has_this = class.is_some() && !root_function.is_static && root_function.kind != FunctionKind::Factory;
        let this = class.filter(|_| has_this).map(|class| self.this_type(class));
        let this_function = FuncRef { unit: self.scope.unit, function: id };
        // Parameters have the types that they are declared with.
        let signature = self.env().signature(this_function);
        let mut types: Vec<Ty> = Vec::with_capacity(function.locals.len());
        let mut declared = Vec::with_capacity(function.locals.len());
        for local in &function.locals {
            let ty = match (&local.ty, local.kind) {
                (_, LocalKind::This) => this.clone().unwrap_or_default(),
                (Some(written), _) => self.scope.ty(&params, written),
                (None, _) => Ty::Unknown,
            };
            declared.push(ty != Ty::Unknown);
            types.push(ty);
        }
        for (param, ty) in function.params.iter().zip(&signature.params) {
            let at = param.local.index();
            if at < types.len() && *ty != Ty::Unknown {
                types[at] = ty.clone();
                declared[at] = true;
            }
        }
        let shape = |block: &crate::ir::Block| vec![Target::Unknown; block.ops.len()];
        // What a body gives is no reason for what it should give.
        let declared_result = match self.env().initialized.get(&this_function) {
            Some(variable) => self.env().declared.variable(*variable).clone(),
            None => self.declared_body(id, function),
        };
        let mut state = State {
            written: vec![false; types.len()],
            wanted: vec![Ty::Unknown; types.len()],
            asked: vec![Cell::new(false); types.len()],
            again: has_loop(function),
            types,
            declared,
            texts: FxHashMap::default(),
            renamed: Vec::new(),
            tests: FxHashMap::default(),
            pending: Vec::new(),
            targets: function.blocks.iter().map(shape).collect(),
            params,
            class,
            this,
            result: None,
            declared_result,
        };
        self.want(&mut state, function);
        state
    }

    /// Fills in what is wanted of values that are copied to a declared variable or returned.
    fn want(&self, state: &mut State, function: &Function) {
        for block in function.blocks.iter().rev() {
            if let Terminator::Return(Some(Operand::Local(local))) = &block.end {
                let ty = state.declared_result.clone();
                state.want(*local, ty);
            }
            for statement in block.ops.iter().rev() {
                if let Op::Copy { to, from: Operand::Local(from), kind } = &statement.op {
                    let wanted = match kind {
                        crate::ir::CopyKind::Cast(_) => Ty::Unknown,
                        _ if is_true(&state.declared, *to) => state.ty(*to),
                        _ => state.wanted.get(to.index()).cloned().unwrap_or_default(),
                    };
                    state.want(*from, wanted);
                }
            }
        }
    }

    fn root(&self, id: FunctionId) -> FunctionId {
        let functions = self.functions();
        let mut at = id;
        for _ in 0..functions.len() {
            match functions.get(at.index()).and_then(|function| function.parent) {
                Some(parent) if parent.index() < functions.len() => at = parent,
                _ => break,
            }
        }
        at
    }

    /// The type of `this` in a class's members: for an extension what it extends.
    fn this_type(&self, class: ClassRef) -> Ty {
        match self.env().class(class).kind {
            ClassKind::Extension => self.env().info(class).on.clone().unwrap_or_default(),
            _ => self.env().instance(class),
        }
    }

    /// What a function's body should give, as it is declared.
    fn declared_body(&self, id: FunctionId, function: &Function) -> Ty {
        let result = self.env().declared.result(FuncRef { unit: self.scope.unit, function: id });
        env::body_of_result(function.flavor, result)
    }

    fn resolved(&self, id: FunctionId, state: State) -> Resolved {
        let function = &self.functions()[id.index()];
        let declared = self.declared_body(id, function);
        let inferred = state.result.clone().unwrap_or(Ty::Void);
        let result = types::refined(&declared, &inferred).unwrap_or(declared);
        let defaults = function.params.iter().map(|param| match &param.default {
            Some(DefaultValue::Name(name)) => self.named_value(&state, name),
            _ => Ty::Unknown,
        });
        let defaults = defaults.collect();
        let State { types, targets, renamed, tests, .. } = state;
        let types = self.interner.borrow_mut().types(types, result);
        Resolved::new(types, targets, Seldom { defaults, renamed, tests })
    }

    /// Resolves a closure where its value goes; the local's type is then that of the closure.
    pub(super) fn closure(&mut self, state: &mut State, local: LocalId, id: FunctionId, given: &[Ty]) -> Ty {
        if self.depth >= MAX_CLOSURE_DEPTH {
            return Ty::Unknown;
        }
        let body = self.run(id, Some(state), given);
        let Some(function) = self.functions().get(id.index()) else { return Ty::Unknown };
        let signature = self.signature(FuncRef { unit: self.scope.unit, function: id });
        let result = match &signature.result {
            Ty::Unknown => env::result_of_body(function.flavor, body),
            declared => declared.clone(),
        };
        let known = self.states.get(&id);
        let positional = function.params.iter().filter(|param| !param.named);
        let params = positional.map(|param| known.map(|known| known.ty(param.local)).unwrap_or_default());
        let ty = types::bounded(Ty::Function(Box::new(result.clone()), params.collect()));
        state.set(local, ty);
        result
    }

    /// The closure a local holds, if it has not been resolved yet.
    pub(super) fn take_pending(&self, state: &mut State, local: LocalId) -> Option<FunctionId> {
        let at = state.pending.iter().position(|(pending, _)| *pending == local)?;
        Some(state.pending.remove(at).1)
    }

    pub(super) fn make_closure(&mut self, state: &mut State, to: LocalId, body: FunctionId) {
        let signature = self.signature(FuncRef { unit: self.scope.unit, function: body });
        let ty = Ty::Function(Box::new(signature.result.clone()), signature.params.clone());
        state.write(self.env(), to, ty);
        state.pending.push((to, body));
    }

    /// The type of an operand; a closure that is read here is resolved first.
    pub(super) fn operand(&mut self, state: &mut State, operand: &Operand) -> Ty {
        match operand {
            Operand::Local(local) => {
                if let Some(closure) = self.take_pending(state, *local) {
                    let given = match state.wanted(*local) {
                        Ty::Function(_, params) => params,
                        _ => Vec::new(),
                    };
                    self.closure(state, *local, closure, &given);
                }
                state.ty(*local)
            }
            Operand::Const(Const::Null) => Ty::Void,
            Operand::Const(Const::Bool(_) | Const::Int(_)) | Operand::SizeOf(_) | Operand::Length(_) => Ty::Scalar,
            Operand::Const(Const::Str(_)) => Ty::String,
            Operand::Const(Const::Other) => Ty::Unknown,
            Operand::Arith(arith) => match &arith.sides[0] {
                Operand::Local(local) => match state.ty(*local) {
                    Ty::Unknown => Ty::Unknown,
                    Ty::Model(class, args) => Ty::Model(class, args),
                    _ => Ty::Scalar,
                },
                _ => Ty::Scalar,
            },
        }
    }

    /// The constant string that an operand is.
    pub(super) fn text(&self, state: &State, operand: &Operand) -> Option<Name> {
        match operand {
            Operand::Const(Const::Str(text)) => Some(text.clone()),
            Operand::Local(local) => state.texts.get(local).cloned(),
            _ => None,
        }
    }

    /// The constant string that a helper gives back as it was given: `String symbolOf(String name) => name`. Where
    /// another platform overrides the helper, what it gives there is another string.
    pub(super) fn text_of_call(&self, state: &mut State, call: &Call, target: &Target) -> Option<Name> {
        let Target::Functions(functions) = target else { return None };
        let [arg] = call.args.as_slice() else { return None };
        let text = self.text(state, &arg.value)?;
        let gives_it = |function: &&FuncRef| gives_parameter(self.env().function(**function));
        if !functions.candidates.iter().any(|function| gives_it(&function)) {
            return None;
        }
        let others = functions.candidates.iter().filter(|function| !gives_it(function));
        let reached = |unit: u32| {
            let file = self.env().files.get(unit as usize);
            file.map_or(TargetSet::ALL, |file| file.reached().and(file.speaks_of))
        };
        let elsewhere = others.fold(TargetSet::NONE, |all, function| all.or(reached(function.unit)));
        if elsewhere.contains(reached(self.scope.unit)) {
            return None;
        }
        if !elsewhere.is_empty() {
            state.renamed.push((text.clone(), elsewhere));
        }
        Some(text)
    }

    /// The constant string that a variable always holds.
    pub(super) fn constant_text(&self, variable: VarRef) -> Option<Name> {
        let declared = self.env().variable(variable);
        if !declared.is_final {
            return None;
        }
        let initializer = FuncRef { unit: variable.unit, function: declared.initializer? };
        match self.env().function(initializer).blocks.as_slice() {
            [block] => match &block.end {
                Terminator::Return(Some(Operand::Const(Const::Str(text)))) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The type that a written one is, in this function.
    pub(super) fn written_type(&self, state: &State, written: &TypeRef) -> Ty {
        self.scope.ty(&state.params, written)
    }
}

/// Whether a function gives its only parameter and does nothing else.
fn gives_parameter(function: &Function) -> bool {
    let ([param], [block]) = (function.params.as_slice(), function.blocks.as_slice()) else { return false };
    block.ops.is_empty() && block.end == Terminator::Return(Some(Operand::Local(param.local)))
}

fn has_loop(function: &Function) -> bool {
    let leads_back = |at: usize, to: BlockId| to.index() <= at;
    function.blocks.iter().enumerate().any(|(at, block)| match &block.end {
        Terminator::Goto(to) => leads_back(at, *to),
        Terminator::Branch { then, otherwise, .. } => leads_back(at, *then) || leads_back(at, *otherwise),
        _ => false,
    })
}

fn is_true(list: &[bool], local: LocalId) -> bool {
    list.get(local.index()).copied().unwrap_or_default()
}

impl State {
    pub(super) fn ty(&self, local: LocalId) -> Ty {
        self.types.get(local.index()).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, local: LocalId, ty: Ty) {
        if let Some(slot) = self.types.get_mut(local.index()) {
            *slot = ty;
        }
    }

    pub(super) fn want(&mut self, local: LocalId, ty: Ty) {
        if let Some(slot) = self.wanted.get_mut(local.index())
            && types::says_something(&ty)
            && *slot != ty
        {
            *slot = ty;
            self.again |= self.asked.get(local.index()).is_some_and(Cell::get);
        }
    }

    pub(super) fn wanted(&self, local: LocalId) -> Ty {
        if let Some(asked) = self.asked.get(local.index()) {
            asked.set(true);
        }
        self.wanted.get(local.index()).cloned().unwrap_or_default()
    }

    /// Whether the local holds a closure that has not been resolved yet.
    pub(super) fn has_pending(&self, local: LocalId) -> bool {
        self.pending.iter().any(|(pending, _)| *pending == local)
    }

    /// A local receives a value of the type.
    pub(super) fn write(&mut self, env: &Env<'_>, local: LocalId, ty: Ty) {
        let at = local.index();
        if at >= self.types.len() {
            return;
        }
        let ty = types::bounded(ty);
        if self.declared[at] {
            let both_native = matches!(
                (&self.types[at], &ty),
                (Ty::NativeFunction { .. }, Ty::NativeFunction { .. }) | (Ty::Address { .. }, Ty::Address { .. })
            );
            if both_native {
                self.types[at] = types::join(&self.types[at], &ty);
            } else if let Some(narrower) = types::refined(&self.types[at], &ty) {
                self.types[at] = narrower;
            }
            return;
        }
        if self.written[at] {
            self.types[at] = env.joined(&self.types[at], &ty);
        } else if types::says_something(&ty) || self.types[at] == Ty::Unknown {
            self.types[at] = ty;
            self.written[at] = true;
        }
    }
}
