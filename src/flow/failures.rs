//! Whether a check of what native code returned can find a failure: where the native body is here and does nothing that
//! can fail but run out of memory, it cannot.
//!
//! C++ wrappers hand every exception on as a status (`try { *out = new T(); return ok(); } catch (…) { … }`), whether what
//! they wrap can throw or not. Only a wrapper that hands something of its caller's to code that is not here is taken to
//! fail: constructors without arguments, factories that get numbers, and getters do not.

use super::calls::Calling;
use super::engine::Engine;
use super::path::Path;
use super::value::Value;
use crate::ir::{Base, Call, Callee, Function, LocalId, Name, Op, Operand, Terminator};
use crate::link::{FuncRef, Functions, Program, Target, Ty};
use crate::source::Location;

/// How many calls deep native code is followed.
const MAX_DEPTH: u32 = 3;

impl Engine<'_> {
    /// Remembers what Dart code got from native functions whose bodies are here, and whether they can fail.
    pub(super) fn note_status(&mut self, calling: &Calling, functions: &Functions, paths: &[Path]) {
        let Some(result) = calling.result.filter(|_| !self.is_native(calling.site.frame)) else { return };
        let values = paths.iter().map(|path| self.local(calling.site.frame, path, result));
        let values: Vec<Value> = values.filter(|value| matches!(value, Value::Symbol(_))).collect();
        if values.is_empty() {
            return;
        }
        let program = self.program;
        let fails = functions.candidates.iter().any(|function| may_fail(program, *function, 0));
        let failed = fails.then(|| (calling.name.clone(), calling.at));
        self.statuses.returned.extend(values.into_iter().map(|value| (value, failed.clone())));
    }

    /// Whether what a callee could throw for is what native code returned that cannot fail.
    pub(super) fn is_given_a_success(&self, calling: &Calling) -> bool {
        matches!(self.checked(calling), Some(None))
    }

    /// The native call whose result a callee is given to look at.
    pub(super) fn checked(&self, calling: &Calling) -> Option<Option<(Name, Location)>> {
        let mut given = calling.args.first().into_iter().chain(&calling.receiver);
        given.find_map(|arg| self.statuses.returned.get(&arg.value).cloned())
    }
}

/// Whether a native function may fail for another reason than memory that has run out.
fn may_fail(program: &Program, function: FuncRef, depth: u32) -> bool {
    let body = program.function(function);
    if depth > MAX_DEPTH || !body.has_blocks() {
        return true;
    }
    let mut returned: Option<&Operand> = None;
    for block in &body.blocks {
        match &block.end {
            Terminator::Throw(_) => return true,
            Terminator::Return(Some(Operand::Local(_))) if depth == 0 => return true,
            Terminator::Return(Some(operand @ Operand::Const(_))) => {
                if returned.is_some_and(|other| other != operand) {
                    return true;
                }
                returned = Some(operand);
            }
            _ => {}
        }
    }
    let given = given(program, function, body);
    let is_given = |operand: &Operand| matches!(operand, Operand::Local(local) if given.contains(local));
    let resolved = program.resolved(function);
    body.blocks.iter().zip(&resolved.targets).any(|(block, targets)| {
        block.ops.iter().zip(targets).any(|(statement, target)| {
            let Op::Call(call) = &statement.op else { return false };
            match target.called() {
                Target::Functions(functions) if functions.complete && !functions.candidates.is_empty() => {
                    functions.candidates.iter().any(|callee| may_fail(program, *callee, depth + 1))
                }
                Target::Model(_) => false,
                _ => {
                    let only_makes = is_macro(body, call) || is_constructor(body, call);
                    !only_makes && call.args.iter().any(|arg| is_given(&arg.value))
                }
            }
        })
    })
}

/// The locals that hold something of the caller's that is more than a number.
fn given(program: &Program, function: FuncRef, body: &Function) -> Vec<LocalId> {
    let types = &program.resolved(function).types;
    let params = body.params.iter().map(|param| param.local);
    let mut given: Vec<LocalId> =
        params.filter(|local| !matches!(types.get(local.index()), Some(Ty::Scalar | Ty::Void))).collect();
    let is_given =
        |given: &[LocalId], operand: &Operand| matches!(operand, Operand::Local(local) if given.contains(local));
    for statement in body.blocks.iter().flat_map(|block| &block.ops) {
        let to = match &statement.op {
            Op::Copy { to, from, .. } if is_given(&given, from) => *to,
            Op::Load { to, from, .. }
                if matches!(from.base, Base::Local(base) if given.contains(&base))
                    && !matches!(types.get(to.index()), Some(Ty::Scalar)) =>
            {
                *to
            }
            Op::Call(call) if is_macro(body, call) && call.args.iter().any(|arg| is_given(&given, &arg.value)) => {
                call.result
            }
            _ => continue,
        };
        if !given.contains(&to) {
            given.push(to);
        }
    }
    given
}

/// Whether a call makes a value of its arguments: constructors keep what they are given, and look at it later.
fn is_constructor(body: &Function, call: &Call) -> bool {
    let (receiver, name) = match &call.callee {
        Callee::New { .. } => return true,
        Callee::Method { receiver: Operand::Local(receiver), name } => (*receiver, name),
        _ => return false,
    };
    let mut ops = body.blocks.iter().flat_map(|block| &block.ops);
    ops.any(|statement| match &statement.op {
        Op::Call(made) if made.result == receiver => match &made.callee {
            Callee::Name(new) => {
                new == "new" && made.type_args.iter().any(|ty| ty.name.rsplit(':').next() == Some(name))
            }
            _ => false,
        },
        _ => false,
    })
}

/// Whether a call is a macro that stands for a value: `DEREF(handle)`.
fn is_macro(body: &Function, call: &Call) -> bool {
    let Callee::Name(name) = &call.callee else { return false };
    let shouts = |name: &Name| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    shouts(name) && call.args.len() == 1 && is_read(body, call.result)
}

/// Whether anything reads a local.
fn is_read(body: &Function, local: LocalId) -> bool {
    let is_it = |operand: &Operand| matches!(operand, Operand::Local(read) if *read == local);
    body.blocks.iter().any(|block| {
        block.ops.iter().any(|statement| {
            let mut read = matches!(&statement.op, Op::Load { from, .. } if from.base == Base::Local(local));
            crate::ir::visit_operands(&statement.op, &mut |operand| read |= is_it(operand));
            read
        }) || matches!(&block.end, Terminator::Return(Some(operand)) if is_it(operand))
    })
}
