//! What is waited for, and whether to count on that it fails.

use super::engine::{Engine, Site};
use super::liveness::{end_reads, op_reads};
use super::started::Search;
use crate::ir::{
    AggregateKind, Arg, Base, BlockId, Call, Callee, Flavor, LocalId, LocalKind, Op, Operand, Projection, Statement,
    Terminator, visit_operands, written,
};
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::Settled;
use crate::models::hints::{Hint, Hints};
use crate::summary::{AccessPath, Root, Step, Throws};

/// How many closures in each other are looked at, and how many futures and copies behind each other.
const MAX_DEPTH: u32 = 8;

/// What is waited for, and where: what was made before it in its block comes first.
#[derive(Clone, Copy)]
struct Waiting {
    function: FuncRef,
    at: Place,
    depth: u32,
}

/// A place of an operation.
type Place = (BlockId, usize);

impl Waiting {
    /// The same, for what was made of something else at that place.
    fn behind(self, at: Place) -> Self {
        Self { at, depth: self.depth + 1, ..self }
    }
}

impl Engine<'_> {
    /// Whether the future that is awaited is one to count on failing: the call that made it says itself what it throws,
    /// where it is known. What is no future is there already.
    pub(super) fn may_fail(&self, site: Site, statement: &Statement) -> bool {
        let Op::Suspend { value, .. } = &statement.op else { return true };
        let function = self.frames[site.frame as usize].function;
        !self.is_calm(Waiting { function, at: (site.block, site.op as usize), depth: 0 }, value)
    }

    fn is_calm(&self, waiting: Waiting, value: &Operand) -> bool {
        let Waiting { function, depth, .. } = waiting;
        let Operand::Local(local) = value else { return true };
        if self.program.resolved(function).types.get(local.index()).is_some_and(is_no_future) {
            return true;
        }
        let Some((at, made)) = self.made(waiting, *local).filter(|_| depth < MAX_DEPTH) else { return false };
        let target = self.target_at(function, at);
        if let Some((mut known, call)) = self.settling(target, made) {
            return known.any(|settled| self.is_settled_by(waiting.behind(at), settled, call));
        }
        match (target, made) {
            (Target::Functions(functions), _) => functions.candidates.iter().all(|candidate| {
                let later = self.program.function(*candidate).flavor == Flavor::Async;
                self.contract(*candidate).is_some_and(|known| !later || known.throws < Throws::Known)
            }),
            (Target::Model(model), _) => self.models.function(*model).summary.throws < Throws::Known,
            (_, Op::Copy { from, .. }) => self.is_calm(waiting.behind(at), from),
            (_, Op::Call(call)) => {
                let Callee::Value(Operand::Local(callee)) = &call.callee else { return false };
                self.closure_in(waiting.behind(at), *callee).is_some_and(|closure| !self.throws(closure))
            }
            _ => self.is_only_completed(function, made),
        }
    }

    /// What makes a variable's value: the last operation before the place, or the only one there is.
    fn made(&self, waiting: Waiting, local: LocalId) -> Option<(Place, &Op)> {
        let (block, before) = waiting.at;
        let ops = &self.program.function(waiting.function).blocks.get(block.index())?.ops;
        let here = ops.iter().take(before).rposition(|made| written(&made.op) == Some(local));
        if let Some(index) = here {
            return Some(((block, index), &ops.get(index)?.op));
        }
        let search = self.search();
        search.is_settled(waiting.function, local).then(|| search.definition(waiting.function, local))?
    }

    fn search(&self) -> Search<'_> {
        Search::new(self.program, self.models, self.summaries)
    }

    fn target_at(&self, function: FuncRef, (block, index): Place) -> &Target {
        let targets = self.program.resolved(function).targets.get(block.index());
        targets.and_then(|block| block.get(index)).unwrap_or(&Target::Unknown)
    }

    /// What settles the future that a call gives, of several that one of them does. What is awaited is a future, whatever
    /// is known of its type.
    fn settling<'o>(
        &'o self,
        target: &Target,
        op: &'o Op,
    ) -> Option<(impl Iterator<Item = &'o Settled> + use<'o>, &'o Call)> {
        let Op::Call(call) = op else { return None };
        let of_model = match target {
            Target::Model(model) => Some(self.models.function(*model).settled.as_ref()?),
            Target::Unknown => None,
            _ => return None,
        };
        let of_name = match &call.callee {
            Callee::Method { name, .. } => Some(name),
            _ => None,
        };
        let by_name = of_name.into_iter().flat_map(|name| self.models.settled_by(name));
        let mut known = of_model.into_iter().chain(by_name).peekable();
        known.peek()?;
        Some((known, call))
    }

    /// Whether a future is settled by what a call is given, and nothing of that is to be counted on failing.
    fn is_settled_by(&self, waiting: Waiting, settled: &Settled, call: &Call) -> bool {
        let given = |path: &AccessPath| {
            let is_it = |index: usize, arg: &Arg| match &path.root {
                Root::Param(at) => arg.name.is_none() && usize::from(*at) == index,
                Root::Named(name) => arg.name.as_ref() == Some(name),
                _ => false,
            };
            match (&path.root, &call.callee) {
                (Root::This, Callee::Method { receiver, .. }) => Some(receiver),
                _ => call.args.iter().enumerate().find(|(index, arg)| is_it(*index, arg)).map(|(_, arg)| &arg.value),
            }
        };
        let is_calm = |path: &AccessPath| {
            let Some(value) = given(path) else { return false };
            match (&path.root, path.steps.as_slice()) {
                (_, [Step::Elements]) => self.are_calm(waiting, value),
                (Root::This, []) => self.is_calm(waiting, value),
                _ => self.runs_calmly(waiting, value, settled.fails_with),
            }
        };
        settled.unless.as_ref().is_none_or(|path| given(path).is_none()) && settled.by.iter().all(is_calm)
    }

    /// Whether a function that is given as a value is none to count on throwing; nor on calling what it gets at
    /// `fails_with`, which would make the future fail.
    fn runs_calmly(&self, waiting: Waiting, value: &Operand, fails_with: Option<u16>) -> bool {
        let Operand::Local(local) = value else { return false };
        if let Some(closure) = self.closure_in(waiting, *local) {
            let body = self.program.function(closure);
            let failing = fails_with.and_then(|at| body.params.get(usize::from(at)));
            return !self.throws(closure) && failing.is_none_or(|param| !self.names(closure, param.local));
        }
        let Some((at, _)) = self.made(waiting, *local) else { return false };
        match self.target_at(waiting.function, at) {
            Target::ModelTearOff(model) => self.models.function(*model).summary.throws < Throws::Known,
            Target::TearOff(function) => self.contract(*function).is_some_and(|known| known.throws < Throws::Known),
            _ => false,
        }
    }

    /// The closure that a variable holds.
    fn closure_in(&self, waiting: Waiting, local: LocalId) -> Option<FuncRef> {
        let mut held = local;
        for _ in 0..MAX_DEPTH {
            match self.made(waiting, held)?.1 {
                Op::Closure { body, .. } => return Some(FuncRef { function: *body, ..waiting.function }),
                Op::Copy { from: Operand::Local(from), .. } => held = *from,
                _ => return None,
            }
        }
        None
    }

    /// Whether a function or a closure in it does anything with a variable.
    fn names(&self, function: FuncRef, local: LocalId) -> bool {
        let body = self.program.function(function);
        let reads = body.blocks.iter().any(|block| {
            end_reads(&block.end, local) || block.ops.iter().any(|statement| op_reads(&statement.op, local))
        });
        reads || self.is_captured(function, local)
    }

    fn is_captured(&self, function: FuncRef, local: LocalId) -> bool {
        let mut ops = self.program.function(function).blocks.iter().flat_map(|block| &block.ops);
        ops.any(|statement| {
            let Op::Closure { body, .. } = &statement.op else { return false };
            let inner = self.program.function(FuncRef { function: *body, ..function });
            inner.captures.iter().any(|capture| capture.outer == local)
        })
    }

    /// Whether a collection has nothing but futures that are not to be counted on failing: what it is made of, and what is
    /// added to it wherever that is in the function.
    fn are_calm(&self, waiting: Waiting, collection: &Operand) -> bool {
        let (Operand::Local(local), true) = (collection, waiting.depth < MAX_DEPTH) else { return false };
        let Waiting { function, .. } = waiting;
        if let Some(Ty::Sdk(_, args)) = self.program.resolved(function).types.get(local.index())
            && args.first().is_some_and(is_no_future)
        {
            return true;
        }
        let mut held = vec![*local];
        let items = loop {
            match held.last().and_then(|local| self.made(waiting, *local)) {
                Some((_, Op::Copy { from: Operand::Local(from), .. })) if !held.contains(from) => held.push(*from),
                Some((at, Op::Aggregate { kind: AggregateKind::List | AggregateKind::Set, items, .. })) => {
                    break items.iter().all(|(_, item)| self.is_calm(waiting.behind(at), item));
                }
                _ => return false,
            }
        };
        let is_it = |operand: &Operand| matches!(operand, Operand::Local(local) if held.contains(local));
        let stays_calm = |at: Place, op: &Op| match op {
            Op::Copy { to, from, .. } => !is_it(from) || held.contains(to),
            Op::Insert { into, value, spread } if held.contains(into) => {
                !spread && self.is_calm(waiting.behind(at), value)
            }
            Op::Call(call) => match &call.callee {
                Callee::Method { receiver, .. } if is_it(receiver) => {
                    call.args.iter().all(|arg| self.is_calm(waiting.behind(at), &arg.value))
                }
                _ => {
                    !call.args.iter().any(|arg| is_it(&arg.value))
                        || self.settling(self.target_at(function, at), op).is_some()
                }
            },
            Op::Load { .. } | Op::Element { .. } | Op::Use { .. } => true,
            op => !held.iter().any(|local| op_reads(op, *local)),
        };
        let blocks = (0_u32..).zip(&self.program.function(function).blocks);
        let mut ops =
            blocks.flat_map(|(block, of)| of.ops.iter().enumerate().map(move |(at, op)| ((BlockId(block), at), op)));
        items
            && !held.iter().any(|local| self.is_captured(function, *local))
            && ops.all(|(at, statement)| stays_calm(at, &statement.op))
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

/// Whether what is of a type is there already.
fn is_no_future(ty: &Ty) -> bool {
    matches!(ty, Ty::Scalar | Ty::String | Ty::Void | Ty::Record(_))
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
