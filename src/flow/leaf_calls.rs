//! Native functions that are called as leaves: no object of Dart is collected while one runs.
//!
//! A binding says so itself (`@Native(isLeaf: true)`); where a function is looked up, an argument does.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::ir::{Call, Const, FunctionId, Name, Op, Operand};
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::ModelSet;
use crate::summary::{AccessPath, Root};

/// The native functions that are called as leaves, and those of Dart that only call such.
#[derive(Default)]
pub(super) struct LeafCalls<'a> {
    symbols: FxHashSet<&'a Name>,
    wrappers: FxHashSet<FuncRef>,
}

impl<'a> LeafCalls<'a> {
    /// Those of a program.
    pub(super) fn of(program: &'a Program, models: &'a ModelSet) -> Self {
        let bindings = program.units.iter().flat_map(|unit| &unit.bindings);
        let bound = bindings.filter(|binding| binding.is_leaf).map(|binding| &binding.symbol);
        let mut leaves = Self { symbols: bound.collect(), wrappers: FxHashSet::default() };
        let looked_up: Vec<&Name> =
            written_in_dart(program).flat_map_iter(|at| looked_up(program, models, at)).collect();
        leaves.symbols.extend(looked_up);
        let wraps = |function: &FuncRef| leaves.only_calls_leaves(program, *function);
        let wrappers: Vec<FuncRef> = written_in_dart(program).filter(wraps).collect();
        leaves.wrappers.extend(wrappers);
        leaves
    }

    /// Whether a call is one of a leaf.
    pub(super) fn is_leaf(&self, program: &Program, target: &Target) -> bool {
        let symbol = match target.called() {
            Target::Functions(functions) => {
                if functions.candidates.iter().all(|candidate| self.wrappers.contains(candidate)) {
                    return true;
                }
                functions.candidates.first().and_then(|it| program.bound_symbol(*it))
            }
            _ => target.symbol(),
        };
        symbol.is_some_and(|symbol| self.symbols.contains(symbol))
    }

    /// Whether a function of Dart calls native ones, and only as leaves.
    fn only_calls_leaves(&self, program: &Program, function: FuncRef) -> bool {
        let mut native = program
            .resolved(function)
            .targets
            .iter()
            .flatten()
            .map(Target::called)
            .filter(|target| matches!(target, Target::Native { .. }))
            .peekable();
        native.peek().is_some() && native.all(|target| self.is_leaf(program, target))
    }
}

/// The functions of Dart, generated ones included.
fn written_in_dart(program: &Program) -> impl ParallelIterator<Item = FuncRef> {
    let units = program.units.par_iter().enumerate().filter(|(_, unit)| !unit.language.is_native());
    units.flat_map_iter(|(unit, from)| {
        (0..from.functions.len() as u32).map(move |id| FuncRef { unit: unit as u32, function: FunctionId(id) })
    })
}

/// The symbols that a function looks up to be called as leaves.
fn looked_up<'a>(
    program: &'a Program,
    models: &'a ModelSet,
    function: FuncRef,
) -> impl Iterator<Item = &'a Name> + use<'a> {
    let resolved = program.resolved(function);
    program.operations(function).filter_map(move |(statement, target)| {
        let (Op::Call(call), Target::Model(model)) = (&statement.op, target) else { return None };
        let leaf = models.function(*model).leaf.as_ref()?;
        match resolved.types.get(call.result.index()) {
            Some(Ty::NativeFunction { symbol: Some(symbol), .. }) if is_true(call, leaf) => Some(symbol),
            _ => None,
        }
    })
}

/// Whether the argument of a call at a path is written as `true`.
fn is_true(call: &Call, path: &AccessPath) -> bool {
    let arg = match &path.root {
        Root::Named(name) => call.args.iter().find(|arg| arg.name.as_ref() == Some(name)),
        Root::Param(index) => call.args.iter().filter(|arg| arg.name.is_none()).nth(usize::from(*index)),
        _ => None,
    };
    arg.is_some_and(|arg| arg.value == Operand::Const(Const::Bool(true)))
}
