//! Asynchronous closures that are given to a helper which lends them memory and releases it: `withName(name, (p) async {…})`.
//!
//! The helper calls the closure and gets a future at its first `await`. One that does not wait for it releases the memory
//! at once, and the rest of the closure looks at what is gone.

use super::started::{Given, Search, Started, Used};
use crate::ir::{BlockId, Callee, Flavor, LocalId, LocalKind, Name, Op, Operand};
use crate::link::{FuncRef, Target};
use crate::violation::Violation;

/// A parameter of a helper that is called with a pointer.
struct Lent {
    /// The parameter, by its name where it is passed by it.
    name: Option<Name>,
    /// Its place among those that are not.
    index: usize,
    /// Which argument of the closure the pointer is.
    argument: usize,
}

impl Search<'_> {
    /// What is released by a helper before a closure is done with it that some caller passes.
    pub(super) fn of_helper(&self, helper: FuncRef) -> Vec<Violation> {
        let body = self.program.function(helper);
        let mut found = Vec::new();
        for (block, ops) in (0_u32..).zip(&body.blocks) {
            for (index, statement) in ops.ops.iter().enumerate() {
                let Op::Call(call) = &statement.op else { continue };
                let Callee::Value(Operand::Local(callee)) = call.callee else { continue };
                let Some((name, at)) = self.parameter(helper, callee) else { continue };
                let by = body.locals.get(callee.index()).map(|local| local.name.clone()).unwrap_or_default();
                for (given, held) in self.arguments(helper, call) {
                    let Given::Argument(None, argument) = given else { continue };
                    let lent = Lent { name: name.clone(), index: at, argument };
                    let released = self.released_behind(helper, (BlockId(block), index), held);
                    // One caller shows it.
                    if let Some(released) = released
                        && let Some(used) = self.used_by_some(helper, &lent)
                    {
                        let started = Started { held, by: by.clone(), used };
                        found.push(self.violation(helper, statement.span, started, released));
                    }
                }
            }
        }
        found
    }

    /// How a parameter is passed that nothing else is written to.
    fn parameter(&self, function: FuncRef, local: LocalId) -> Option<(Option<Name>, usize)> {
        let body = self.program.function(function);
        let local = self.origin_of(function, local);
        let declared = body.locals.get(local.index()).filter(|local| local.kind == LocalKind::Param)?;
        if !self.is_settled(function, local) {
            return None;
        }
        if body.params.iter().any(|param| param.named && param.local == local) {
            return Some((Some(declared.name.clone()), 0));
        }
        let at = body.params.iter().filter(|param| !param.named).position(|param| param.local == local)?;
        Some((None, at))
    }

    /// The first use by an asynchronous closure that is passed to a helper, after the closure has waited.
    fn used_by_some(&self, helper: FuncRef, lent: &Lent) -> Option<Used> {
        let written = |caller: &&FuncRef| !self.program.units[caller.unit as usize].generated;
        self.program.callers(helper).iter().filter(written).copied().find_map(|caller| {
            self.program.operations(caller).find_map(|(statement, target)| {
                let (Op::Call(call), Target::Functions(functions)) = (&statement.op, target.called()) else {
                    return None;
                };
                if functions.candidates.as_slice() != [helper] {
                    return None;
                }
                let mut args = call.args.iter().filter(|arg| arg.name == lent.name);
                let arg = if lent.name.is_some() { args.next() } else { args.nth(lent.index) }?;
                let Operand::Local(local) = arg.value else { return None };
                let closure = self.closure(caller, local)?;
                let body = self.program.function(closure);
                let param = body.params.iter().filter(|param| !param.named).nth(lent.argument)?;
                let later = (body.flavor == Flavor::Async).then_some(param.local)?;
                self.used_in(closure, later, true, 0)
            })
        })
    }
}
