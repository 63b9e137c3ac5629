//! Dart functions that native code is given, and the places where native code calls them.
//!
//! A pointer that `Pointer.fromFunction` or `NativeCallable` makes is followed without regard to order: through
//! variables, fields, closures and calls to the native function that gets it, and there to every place that calls it.
//! `trace` follows one value, `index` knows who calls and who names what. What goes out of sight makes a callback
//! unseen: nothing is said of its arguments then.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FuncRef, Program, Target};
use crate::ir::{BlockId, Callee, FunctionId, LocalId, LocalKind, Name, Op, Operand};
use crate::models::ModelSet;
use crate::source::Span;
use index::Index;
use trace::Trace;

mod index;
mod trace;

/// The calls that make a native function of a Dart function.
const MAKERS: [&str; 4] = [
    "NativeCallable.isolateGroupBound",
    "NativeCallable.isolateLocal",
    "NativeCallable.listener",
    "Pointer.fromFunction",
];

/// How many calls of native functions are followed back to where an argument of theirs comes from.
const MAX_HOPS: usize = 4;

/// How many callers of a function that makes callbacks of what it is given are told apart.
const MAX_CALLERS: usize = 512;

/// An operation of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The function it is in.
    pub function: FuncRef,
    /// The block.
    pub block: BlockId,
    /// The operation in it.
    pub op: u32,
}

/// A Dart function that native code is given.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The function or closure that gets what native code passes.
    pub function: FuncRef,
    /// The function that hands it out, and where in it, bytes of the file.
    pub given: (FuncRef, Span),
    /// The call that makes a native function of it.
    pub maker: &'static str,
    /// Where native code calls it.
    pub calls: Vec<Place>,
    /// These are all.
    pub is_seen: bool,
    /// For each positional parameter of the function: the argument of the native call that it receives.
    pub params: Vec<Option<u16>>,
}

/// The callbacks of the program.
#[derive(Debug, Default)]
pub struct Callbacks {
    list: Vec<Callback>,
    /// Arguments of native calls that a callback receives, directly or through other native functions.
    passing: FxHashMap<Place, BTreeSet<u16>>,
    /// Where native functions that pass on what they are given are called.
    callers: FxHashMap<FuncRef, Vec<Place>>,
    /// Variables of native code that do not stay what they were at first.
    written: FxHashSet<Name>,
}

impl Callbacks {
    /// Every callback, in the order of where they are given away.
    #[must_use]
    pub fn list(&self) -> &[Callback] {
        &self.list
    }

    /// Whether there is nothing to know.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.passing.is_empty()
    }

    /// The arguments of a call that some callback receives.
    #[must_use]
    pub fn passed_at(&self, place: Place) -> Option<&BTreeSet<u16>> {
        self.passing.get(&place)
    }

    /// The native functions that pass something to callbacks.
    pub fn passing(&self) -> impl Iterator<Item = FuncRef> + '_ {
        self.passing.keys().map(|place| place.function)
    }

    /// Whether a variable of native code stays what it was at first.
    #[must_use]
    pub fn is_constant(&self, variable: &Name) -> bool {
        !self.written.contains(variable)
    }

    /// Where a native function is called whose parameter reaches a callback.
    #[must_use]
    pub fn callers(&self, function: FuncRef) -> &[Place] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }
}

/// Finds the callbacks of a linked program.
pub(super) fn find(program: &Program, models: &ModelSet) -> Callbacks {
    let made = made(program, models);
    if made.is_empty() || !program.units.iter().any(|unit| unit.language.is_native()) {
        return Callbacks::default();
    }
    let index = Index::new(program);
    let search = Search { program, index: &index };
    let mut list: Vec<Callback> = made.iter().flat_map(|making| search.callbacks(making)).collect();
    // A function that Dart code calls, too, gets more than native code passes.
    for callback in &mut list {
        callback.is_seen &= index.callers(callback.function).is_empty();
    }
    let mut callbacks = Callbacks { list, ..Callbacks::default() };
    search.note_passing(&mut callbacks);
    callbacks.written = index.into_written();
    callbacks
}

/// A call that makes a native function.
struct Making {
    at: Place,
    span: Span,
    maker: &'static str,
    callback: Operand,
    result: LocalId,
}

fn made(program: &Program, models: &ModelSet) -> Vec<Making> {
    let mut found = Vec::new();
    for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, unit)| !unit.language.is_native()) {
        for (at, (body, resolved)) in (0..).zip(from.functions.iter().zip(&program.resolved[unit as usize])) {
            let function = FuncRef { unit, function: FunctionId(at) };
            for ((block, targets), id) in body.blocks.iter().zip(&resolved.targets).zip((0..).map(BlockId)) {
                for ((statement, target), op) in block.ops.iter().zip(targets).zip(0..) {
                    let (Op::Call(call), Target::Model(model)) = (&statement.op, target) else { continue };
                    let name = &models.function(*model).name;
                    let maker = MAKERS.into_iter().find(|maker| name == maker);
                    if let (Some(maker), Some(arg)) = (maker, call.args.first()) {
                        found.push(Making {
                            at: Place { function, block: id, op },
                            span: statement.span.absolute_from(body.base),
                            maker,
                            callback: arg.value.clone(),
                            result: call.result,
                        });
                    }
                }
            }
        }
    }
    found
}

struct Search<'p> {
    program: &'p Program,
    index: &'p Index,
}

/// What a function value is, as far as its own function shows it.
enum Known {
    /// That function of the program.
    Function(FuncRef),
    /// What that function was given as this parameter.
    Given(FuncRef, usize),
}

impl Search<'_> {
    fn callbacks(&self, making: &Making) -> Vec<Callback> {
        let mut base = Trace::new(self.program, self.index);
        base.follow(making.at.function, making.result);
        let callback = self.known(making.at.function, &making.callback);
        let one = |function: FuncRef, calls: &BTreeSet<Place>, is_seen: bool, params: Vec<Option<u16>>| Callback {
            function,
            given: (making.at.function, making.span),
            maker: making.maker,
            calls: calls.iter().copied().collect(),
            is_seen,
            params,
        };
        let mut found = Vec::new();
        let outer = match (&callback, base.handed_in.first()) {
            (Some(Known::Function(function)), None) => {
                return vec![one(*function, &base.calls, !base.lost, self.all_params(*function))];
            }
            (Some(Known::Given(outer, _)), None) | (_, Some((outer, ..))) => *outer,
            (None, None) => return found,
        };
        // What it does depends on who calls the function that makes it.
        let same = base.handed_in.iter().all(|(function, ..)| *function == outer);
        let callers = self.index.callers(outer);
        let mut all_calls = BTreeSet::new();
        let mut all_seen = same && !base.lost && (1..=MAX_CALLERS).contains(&callers.len());
        all_seen &= !self.index.is_torn_off(outer);
        for caller in callers.iter().take(MAX_CALLERS) {
            let mut lost = base.lost || !same;
            let mut calls = base.calls.clone();
            for (_, param, arg) in &base.handed_in {
                let receiver = self.argument(*caller, outer, *param);
                let receiver = receiver.filter(|receiver| self.program.function(*receiver).has_blocks());
                let local = receiver.and_then(|receiver| {
                    self.program.function(receiver).params.get(*arg).map(|param| (receiver, param.local))
                });
                let Some((receiver, local)) = local else {
                    lost = true;
                    continue;
                };
                let mut trace = Trace::new(self.program, self.index);
                trace.follow(receiver, local);
                lost |= trace.lost || !trace.handed_in.is_empty();
                calls.append(&mut trace.calls);
            }
            all_calls.extend(calls.iter().copied());
            all_seen &= !lost;
            match callback {
                Some(Known::Given(_, param)) => {
                    if let Some(function) = self.argument(*caller, outer, param) {
                        found.push(one(function, &calls, !lost, self.all_params(function)));
                    }
                }
                Some(Known::Function(function)) => {
                    for (param, params) in self.handed_on(function, outer) {
                        if let Some(inner) = self.argument(*caller, outer, param) {
                            let count = self.program.function(inner).params.len();
                            let params = (0..count).map(|at| params.get(at).copied().flatten()).collect();
                            found.push(one(inner, &calls, !lost, params));
                        }
                    }
                }
                None => {}
            }
        }
        if let Some(Known::Function(function)) = callback {
            found.push(one(function, &all_calls, all_seen, self.all_params(function)));
        }
        found
    }

    /// What a callback receives at its parameters, in their order.
    fn all_params(&self, function: FuncRef) -> Vec<Option<u16>> {
        (0..self.program.function(function).params.len()).map(|at| u16::try_from(at).ok()).collect()
    }

    /// What a function value in a function is.
    fn known(&self, function: FuncRef, value: &Operand) -> Option<Known> {
        let Operand::Local(local) = value else { return None };
        let (mut local, mut function) = (*local, function);
        for _ in 0..MAX_HOPS * 2 {
            let body = self.program.function(function);
            let known = body.locals.get(local.index())?;
            if known.kind == LocalKind::Captured {
                let capture = body.captures.iter().find(|capture| capture.inner == local)?;
                (local, function) = (capture.outer, FuncRef { unit: function.unit, function: body.parent? });
                continue;
            }
            let resolved = self.program.resolved(function);
            let statements =
                body.blocks.iter().zip(&resolved.targets).flat_map(|(block, targets)| block.ops.iter().zip(targets));
            let mut written = statements.filter(|(statement, _)| crate::ir::written(&statement.op) == Some(local));
            let first = written.next();
            if written.next().is_some() {
                return None;
            }
            let Some((statement, target)) = first else {
                let param = body.params.iter().position(|param| param.local == local)?;
                return Some(Known::Given(function, param));
            };
            match (&statement.op, target) {
                (Op::Closure { body, .. }, _) => {
                    return Some(Known::Function(FuncRef { unit: function.unit, function: *body }));
                }
                (_, Target::TearOff(function)) => return Some(Known::Function(*function)),
                (Op::Copy { from: Operand::Local(from), .. }, _) => local = *from,
                _ => return None,
            }
        }
        None
    }

    /// The function that a call passes for a parameter of its callee.
    fn argument(&self, caller: Place, callee: FuncRef, param: usize) -> Option<FuncRef> {
        let Op::Call(call) = &self.index.statement(self.program, caller)?.op else { return None };
        let declared = self.program.function(callee);
        let of = declared.params.get(param)?;
        let arg = match of.named {
            true => call.args.iter().find(|arg| arg.name.as_ref() == Some(&of.name)),
            false => {
                let before = declared.params.iter().take(param).filter(|param| !param.named).count();
                call.args.iter().filter(|arg| arg.name.is_none()).nth(before)
            }
        };
        match self.known(caller.function, &arg?.value)? {
            Known::Function(function) => Some(function),
            Known::Given(..) => None,
        }
    }

    /// The parameters of an outer function that a callback calls, with nothing else done to what it hands on: for each
    /// the callback's own parameters that arrive there, by position.
    fn handed_on(&self, callback: FuncRef, outer: FuncRef) -> Vec<(usize, Vec<Option<u16>>)> {
        let body = self.program.function(callback);
        let mut uses: FxHashMap<LocalId, usize> = FxHashMap::default();
        let statements = || body.blocks.iter().flat_map(|block| &block.ops);
        for statement in statements() {
            crate::ir::visit_operands(&statement.op, &mut |operand| {
                if let Operand::Local(local) = operand {
                    *uses.entry(*local).or_default() += 1;
                }
            });
            if let Op::Load { from, .. } = &statement.op
                && let crate::ir::Base::Local(local) = from.base
            {
                *uses.entry(local).or_default() += 1;
            }
        }
        let mut found = Vec::new();
        for statement in statements() {
            let Op::Call(call) = &statement.op else { continue };
            let Callee::Value(value) = &call.callee else { continue };
            let Some(Known::Given(function, param)) = self.known(callback, value) else { continue };
            if function != outer {
                continue;
            }
            let own = |operand: &Operand| {
                let Operand::Local(local) = operand else { return None };
                let at = body.params.iter().position(|param| param.local == *local)?;
                (uses.get(local) == Some(&1)).then_some(at as u16)
            };
            found.push((param, call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| own(&arg.value)).collect()));
        }
        found
    }

    /// Gathers the arguments of native calls that callbacks receive, those of calls further out included.
    fn note_passing(&self, callbacks: &mut Callbacks) {
        let mut todo: Vec<(Place, u16, usize)> = Vec::new();
        for callback in callbacks.list.iter().filter(|callback| callback.is_seen) {
            for call in &callback.calls {
                todo.extend(callback.params.iter().flatten().map(|arg| (*call, *arg, 0)));
            }
        }
        let mut known: FxHashSet<FuncRef> = FxHashSet::default();
        while let Some((place, arg, hops)) = todo.pop() {
            if !callbacks.passing.entry(place).or_default().insert(arg) || hops == MAX_HOPS {
                continue;
            }
            let function = place.function;
            let Some(param) = self.given(place, usize::from(arg)) else { continue };
            let callers = self.index.callers(function);
            if known.insert(function) {
                callbacks.callers.insert(function, callers.to_vec());
            }
            let native = callers.iter().filter(|caller| self.is_native(caller.function));
            todo.extend(native.map(|caller| (*caller, param, hops + 1)));
        }
    }

    fn is_native(&self, function: FuncRef) -> bool {
        self.program.units[function.unit as usize].language.is_native()
    }

    /// The parameter that an argument of a call is.
    fn given(&self, place: Place, arg: usize) -> Option<u16> {
        let Op::Call(call) = &self.index.statement(self.program, place)?.op else { return None };
        let Operand::Local(local) = &call.args.get(arg)?.value else { return None };
        let mut local = *local;
        let body = self.program.function(place.function);
        for _ in 0..MAX_HOPS {
            if let Some(param) = body.params.iter().position(|param| param.local == local) {
                return u16::try_from(param).ok();
            }
            let mut statements = body.blocks.iter().flat_map(|block| &block.ops);
            local = statements.find_map(|statement| match &statement.op {
                Op::Copy { to, from: Operand::Local(from), .. } if *to == local => Some(*from),
                _ => None,
            })?;
        }
        None
    }
}

/// What people call the function that native code is given.
#[must_use]
pub fn name(program: &Program, callback: &Callback) -> Name {
    let function = program.function(callback.function);
    let own = (!function.name.is_empty()).then(|| function.qualified.clone());
    own.unwrap_or_else(|| format!("a closure of {}", function.qualified).into())
}
