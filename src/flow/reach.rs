//! Which native functions are worth analysing: those that stand at the boundary, and those they call.
//!
//! What no exported function leads to can neither be called from another language nor be part of a finding: a library
//! in the same tree costs its parsing at most.

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::Arc;

use crate::ir::{FunctionId, Unit};
use crate::link::{FuncRef, Program};

/// How many calls behind the boundary contracts are still worked out. Deeper callees are taken for unknown ones.
const MAX_CALLS: usize = 6;

/// The native functions to analyse.
pub(super) struct Reach {
    functions: FxHashSet<FuncRef>,
}

impl Reach {
    /// `all_bound`: somebody asks for the contract of whatever is bound, called or not.
    pub(super) fn of(program: &Program, all_bound: bool) -> Self {
        let first = |(unit, from): (usize, &Arc<Unit>)| {
            let unit = unit as u32;
            if from.language.is_native() {
                let marked = from.exports.iter().filter(|export| export.is_marked);
                return marked.map(|export| FuncRef { unit, function: export.function }).collect();
            }
            let functions = (0..from.functions.len() as u32).map(|at| FuncRef { unit, function: FunctionId(at) });
            functions.flat_map(|function| called(program, function)).collect::<Vec<_>>()
        };
        let mut wave: Vec<FuncRef> = program.units.par_iter().enumerate().flat_map_iter(first).collect();
        let native = |function: &FuncRef| program.units[function.unit as usize].language.is_native();
        wave.extend(program.callbacks().passing());
        wave.extend(bound(program).filter(|function| all_bound || may_release(program, *function)));
        wave.retain(native);
        let mut functions: FxHashSet<FuncRef> = wave.iter().copied().collect();
        for _ in 0..MAX_CALLS {
            let mut next: Vec<FuncRef> = wave.iter().flat_map(|function| called(program, *function)).collect();
            next.retain(|function| native(function) && functions.insert(*function));
            wave = next;
        }
        Self { functions }
    }

    /// Whether a function is to be analysed; closures go with the function they are written in.
    pub(super) fn has(&self, program: &Program, function: FuncRef) -> bool {
        !program.units[function.unit as usize].language.is_native() || self.functions.contains(&function)
    }
}

/// The native functions that code of another language binds.
fn bound(program: &Program) -> impl Iterator<Item = FuncRef> + use<'_> {
    let symbols = program.links().iter().filter_map(|link| Some((link.symbol.as_ref()?, link.function.unit)));
    symbols.flat_map(|(symbol, unit)| program.definitions(symbol, unit))
}

/// Whether a function has the shape of a release: what it is given, and nothing back. Nobody calling it may be what is
/// wrong.
fn may_release(program: &Program, function: FuncRef) -> bool {
    let function = program.function(function);
    let gives_nothing = function.result.as_ref().is_none_or(|ty| matches!(&*ty.name, "void" | "()"));
    gives_nothing && function.params.len() == 1
}

/// The functions that a function, with the closures in it, may call.
pub(super) fn called(program: &Program, function: FuncRef) -> Vec<FuncRef> {
    let mut all = Vec::new();
    let mut bodies = vec![function];
    while let Some(body) = bodies.pop() {
        for callee in program.callees(body) {
            let is_inner = callee.unit == body.unit && program.function(*callee).parent == Some(body.function);
            if is_inner { &mut bodies } else { &mut all }.push(*callee);
        }
    }
    all
}
