//! What is waited for, and whether to count on that it fails.

use super::engine::{Engine, Site};
use crate::ir::{
    Arg, Base, Call, Callee, Flavor, LocalId, LocalKind, Op, Operand, Projection, Statement, Terminator, visit_operands,
};
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::Settled;
use crate::models::hints::{Hint, Hints};
use crate::summary::{AccessPath, Root, Throws};

/// How many closures in each other are looked at.
const MAX_DEPTH: u32 = 8;

impl Engine<'_> {
    /// Whether the future that is awaited is one to count on failing: the call that made it says itself what it throws,
    /// where it is known. What is no future is there already.
    pub(super) fn may_fail(&self, site: Site, statement: &Statement) -> bool {
        let awaited = match &statement.op {
            Op::Suspend { value: Operand::Local(awaited), .. } => *awaited,
            Op::Suspend { value, .. } => return !matches!(value, Operand::Const(_)),
            _ => return true,
        };
        if matches!(
            self.resolved(site.frame).types.get(awaited.index()),
            Some(Ty::Scalar | Ty::String | Ty::Void | Ty::Record(_))
        ) {
            return false;
        }
        let ops = &self.function(site.frame).blocks[site.block.index()].ops;
        let made = ops.iter().take(site.op as usize).rposition(|made| crate::ir::written(&made.op) == Some(awaited));
        let Some(made) = made else { return true };
        let target = self.target(Site { op: made as u32, ..site });
        if let Some((settled, call)) = self.settling(target, &ops[made].op) {
            return !self.is_settled_by(site.frame, settled, call, ops);
        }
        match target {
            Target::Functions(functions) => functions.candidates.iter().any(|candidate| {
                let later = self.program.function(*candidate).flavor == Flavor::Async;
                self.contract(*candidate).is_none_or(|known| later && known.throws >= Throws::Known)
            }),
            Target::Model(model) => self.models.function(*model).summary.throws >= Throws::Known,
            _ => !self.is_only_completed(self.frames[site.frame as usize].function, &ops[made].op),
        }
    }

    /// What settles the future that a call gives. What is awaited is a future, whatever is known of its type.
    fn settling<'o>(&self, target: &Target, op: &'o Op) -> Option<(&Settled, &'o Call)> {
        let Op::Call(call) = op else { return None };
        let settled = match (target, &call.callee) {
            (Target::Model(model), _) => self.models.function(*model).settled.as_ref(),
            (Target::Unknown, Callee::Method { name, .. }) => self.models.settled_by(name),
            _ => None,
        };
        Some((settled?, call))
    }

    /// Whether closures settle a future, and none of them is one to count on throwing.
    fn is_settled_by(&self, frame: u32, settled: &Settled, call: &Call, ops: &[Statement]) -> bool {
        let given = |path: &AccessPath| {
            let is_it = |index: usize, arg: &Arg| match &path.root {
                Root::Param(at) => arg.name.is_none() && usize::from(*at) == index,
                Root::Named(name) => arg.name.as_ref() == Some(name),
                _ => false,
            };
            call.args.iter().enumerate().find(|(index, arg)| is_it(*index, arg)).map(|(_, arg)| &arg.value)
        };
        let unit = self.frames[frame as usize].function.unit;
        let is_calm = |path: &AccessPath| {
            let Some(Operand::Local(closure)) = given(path) else { return false };
            ops.iter().any(|statement| match &statement.op {
                Op::Closure { to, body } if to == closure => !self.throws(FuncRef { unit, function: *body }),
                _ => false,
            })
        };
        settled.unless.as_ref().is_none_or(|path| given(path).is_none()) && settled.by.iter().all(is_calm)
    }

    /// Whether a closure throws, or calls what is known to.
    fn throws(&self, closure: FuncRef) -> bool {
        let program = self.program;
        let body = program.function(closure);
        body.incomplete.is_some()
            || body.blocks.iter().any(|block| matches!(block.end, Terminator::Throw(_)))
            || program.operations(closure).any(|(_, target)| match target.called() {
                Target::Functions(functions) => {
                    let mut callees = functions.candidates.iter();
                    callees.any(|callee| self.contract(*callee).is_none_or(|known| known.throws >= Throws::Known))
                }
                Target::Model(model) => self.models.function(*model).summary.throws >= Throws::Known,
                _ => false,
            })
    }

    /// Whether what is read is the future of an object that is waited for once, and that nothing ever makes fail.
    fn is_only_completed(&self, function: FuncRef, read: &Op) -> bool {
        let Op::Load { from, .. } = read else { return false };
        let (Base::Local(read), [Projection::Field(_)]) = (&from.base, from.path.as_slice()) else { return false };
        let mut local = *read;
        let program = self.program;
        let is_once = match program.resolved(function).types.get(local.index()) {
            Some(Ty::Model(ty, _)) => self.models.hints().says(Hint::Once, &self.models.ty(*ty).name),
            Some(Ty::Sdk(name, _)) => self.models.hints().says(Hint::Once, name),
            _ => false,
        };
        // The function that declares it sees all that has it.
        let mut declaring = function;
        while let Some(outer) = self.captured(declaring, local) {
            (declaring, local) = outer;
        }
        let declared = program.function(declaring).locals.get(local.index());
        is_once
            && declared.is_some_and(|declared| declared.kind == LocalKind::Variable)
            && only_completes(program, self.models.hints(), declaring, local, 0)
    }
}

/// Whether a function and its closures do nothing with an object that could make what waits for it fail.
fn only_completes(program: &Program, hints: &Hints, function: FuncRef, local: LocalId, depth: u32) -> bool {
    let body = program.function(function);
    if depth > MAX_DEPTH || body.incomplete.is_some() {
        return false;
    }
    let is_it = |operand: &Operand| *operand == Operand::Local(local);
    body.blocks.iter().all(|block| {
        let ends = match &block.end {
            Terminator::Return(Some(value)) | Terminator::Throw(Some(value)) => is_it(value),
            _ => false,
        };
        !ends
            && block.ops.iter().all(|statement| match &statement.op {
                Op::Closure { body, .. } => {
                    let inner = FuncRef { unit: function.unit, function: *body };
                    let mut captures = program.function(inner).captures.iter();
                    captures.all(|capture| {
                        capture.outer != local || only_completes(program, hints, inner, capture.inner, depth + 1)
                    })
                }
                Op::Call(call) => {
                    let fails = matches!(&call.callee, Callee::Method { receiver, name }
                        if is_it(receiver) && hints.says(Hint::Fails, name));
                    !fails && !call.args.iter().any(|arg| is_it(&arg.value))
                }
                Op::Load { from, .. } if from.base == Base::Local(local) => {
                    !matches!(from.path.first(), Some(Projection::Field(name)) if hints.says(Hint::Fails, name))
                }
                // What it is made of.
                Op::Copy { to, .. } if *to == local => true,
                op => {
                    let mut used = false;
                    visit_operands(op, &mut |operand| used |= is_it(operand));
                    !used
                }
            })
    })
}
