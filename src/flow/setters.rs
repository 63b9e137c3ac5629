//! Functions that put something new where the call before put something: which these are, and whether they look at what is
//! there.

use super::fates::called;
use super::liveness::successors;
use crate::ir::{BlockId, Function, FunctionKind, Name, Op};
use crate::link::{FuncRef, Program, Target, Ty, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;

/// How many calls deep a setter is followed.
const MAX_DEPTH: u32 = 3;

/// Where something is kept from one call to the next.
#[derive(Clone, Copy)]
pub(super) enum Keeper<'a> {
    /// A field, or a variable outside functions.
    Variable(VarRef),
    /// A variable of a native library.
    Symbol(&'a Name),
}

/// Whether a function is meant to be called more than once.
pub(super) fn is_setter(models: &ModelSet, function: &Function) -> bool {
    let named = || {
        let rest = function.name.strip_prefix("set");
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
            && !models.hints().says(Hint::Prepares, &function.name)
    };
    match function.kind {
        FunctionKind::Setter => true,
        FunctionKind::Function => named(),
        _ => false,
    }
}

/// Whether a function asks a flag and sets it: what it does otherwise, it does once.
pub(super) fn is_latched(program: &Program, function: FuncRef) -> bool {
    let ops = || program.operations(function);
    let flag = |target: &Target| match target {
        Target::Field(field) | Target::Static(field) if *program.variable_type(*field) == Ty::Scalar => Some(*field),
        _ => None,
    };
    let asked = ops().filter(|(statement, _)| matches!(statement.op, Op::Load { .. })).filter_map(|(_, of)| flag(of));
    let asked: Vec<VarRef> = asked.collect();
    let mut stores = ops().filter(|(statement, _)| matches!(statement.op, Op::Store { .. }));
    stores.any(|(_, target)| flag(target).is_some_and(|field| asked.contains(&field)))
}

/// A function that puts something new somewhere.
pub(super) struct Setter<'a> {
    pub(super) program: &'a Program,
    pub(super) models: &'a ModelSet,
    pub(super) keeper: Keeper<'a>,
}

impl Setter<'_> {
    /// Whether a function reads what is kept, or calls what may release it: before a place, if one is given.
    pub(super) fn looks_at(&self, function: FuncRef, before: Option<(BlockId, usize)>, depth: u32) -> bool {
        let body = self.program.function(function);
        if depth > MAX_DEPTH || body.incomplete.is_some() {
            return true;
        }
        let leading = before.map(|(to, _)| leading_to(body, to));
        let targets = &self.program.resolved(function).targets;
        body.blocks.iter().zip(targets).enumerate().any(|(at, (block, targets))| {
            let leads = leading.as_ref().is_none_or(|leading| leading[at]);
            let end = match before {
                _ if leads => block.ops.len(),
                Some((block, index)) if block.index() == at => index,
                _ => 0,
            };
            let mut ops = block.ops.iter().zip(targets).take(end);
            ops.any(|(statement, target)| self.op_looks(function, &statement.op, target, depth))
        })
    }

    fn op_looks(&self, function: FuncRef, op: &Op, target: &Target, depth: u32) -> bool {
        match (op, target.called()) {
            (Op::Load { .. }, Target::Unknown) => match self.keeper {
                Keeper::Variable(variable) => called(op) == Some(&self.program.variable(variable).name),
                Keeper::Symbol(symbol) => called(op) == Some(symbol),
            },
            (Op::Load { .. }, target) if self.is_it(target) => true,
            (Op::Closure { body, .. }, _) => {
                self.looks_at(FuncRef { unit: function.unit, function: *body }, None, depth + 1)
            }
            (Op::Call(_) | Op::Load { .. }, Target::Functions(functions)) => {
                functions.candidates.iter().any(|callee| self.looks_at(*callee, None, depth + 1))
            }
            (Op::Call(_), Target::Unknown) => {
                called(op).is_none_or(|callee| self.models.hints().says(Hint::Releases, callee))
            }
            _ => false,
        }
    }

    fn is_it(&self, target: &Target) -> bool {
        match (target, self.keeper) {
            (Target::Field(field) | Target::Static(field), Keeper::Variable(variable)) => *field == variable,
            (Target::Native { symbol: Some(of), .. }, Keeper::Symbol(symbol)) => of == symbol,
            _ => false,
        }
    }
}

/// From which blocks another one can be reached, itself only where it is in a loop.
pub(super) fn leading_to(body: &Function, to: BlockId) -> Vec<bool> {
    let mut leads = vec![false; body.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (at, block) in body.blocks.iter().enumerate().rev() {
            let mut next = successors(&block.end).chain(block.handler);
            if !leads[at] && next.any(|next| next == to || leads[next.index()]) {
                leads[at] = true;
                changed = true;
            }
        }
    }
    leads
}
