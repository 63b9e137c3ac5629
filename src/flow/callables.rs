//! Functions that are made callable for native code. Many are registered once and meant to stay; one that needs what a
//! single event or request brought is made anew with the next, and one that no native code keeps is of no use after it.

use rustc_hash::FxHashSet;

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::value::Value;
use crate::ir::{
    Base, Block, Call, Callee, Function, FunctionKind, LocalId, LocalKind, Op, Operand, Projection, Statement,
    Terminator, visit_operands, written,
};
use crate::link::{FuncRef, Target, Ty};
use crate::models::ModelId;
use crate::models::hints::Hint;
use crate::summary::{Basis, EffectKind, Ownership, Root, RunTimes, Summary};

/// What the operating system starts a program with.
const ENTRY: &str = "main";

/// How many native functions that hand on what they are given are looked at.
const MAX_DEPTH: u32 = 4;

impl Engine<'_> {
    /// Notes whether a callable is made for one call of the code that makes it, given to nobody, or lent to native code
    /// alone.
    pub(super) fn note_callable(&mut self, calling: &Calling, made: &Value) {
        let Some(origin) = made.object().map(|id| id.origin) else { return };
        let family = self.origins.get(origin as usize).and_then(|origin| origin.family);
        let Some(family) = family.map(|family| self.models.family(family)).filter(|family| family.callback) else {
            return;
        };
        if self.is_made_for_call(calling) {
            self.callables.for_call.insert(origin);
            return;
        }
        // That native code is done with it when the call returns is nowhere stated.
        let suppose = |engine: &mut Self| {
            let made = &mut engine.origins[origin as usize];
            made.basis = made.basis.min(Basis::Convention);
        };
        match self.handed(calling) {
            Handed::Nowhere => {
                self.callables.for_call.insert(origin);
            }
            Handed::Lent => {
                suppose(self);
                self.callables.for_call.insert(origin);
            }
            Handed::Perhaps if family.slots.is_some() && self.comes_round(calling.site) => {
                suppose(self);
                self.callables.in_rounds.insert(origin);
            }
            Handed::Perhaps | Handed::Elsewhere => {}
        }
    }

    /// Whether a loop comes to a place again.
    fn comes_round(&mut self, site: Site) -> bool {
        let Some(function) = self.frames.get(site.frame as usize).map(|frame| frame.function) else { return false };
        self.info(function).rounds.get(site.block.index()).copied().unwrap_or_default()
    }

    fn is_made_for_call(&self, calling: &Calling) -> bool {
        let closure = calling.args.iter().find_map(|arg| match arg.value {
            Value::Closure(closure) => self.closures.get(closure as usize),
            _ => None,
        });
        let Some(closure) = closure else { return self.is_torn_off_once(calling.site) };
        let Some(frame) = self.frames.get(closure.frame as usize) else { return false };
        // What is run for each element of a list is no event.
        let is_event = closure.frame == 0 && !self.is_run_at_once(frame.function) || frame.detached.is_some();
        let captures = &self.program.function(closure.function).captures;
        captures.iter().any(|capture| self.is_of_one_call(frame.function, capture.outer, is_event))
    }

    /// Whether what is made callable is a member of what is waited for once: `completer.complete`.
    fn is_torn_off_once(&self, site: Site) -> bool {
        let Some(frame) = self.frames.get(site.frame as usize) else { return false };
        let ops = || self.program.function(frame.function).blocks.iter().flat_map(|block| &block.ops);
        let block = self.program.function(frame.function).blocks.get(site.block.index());
        let Some(Op::Call(call)) = block.and_then(|block| block.ops.get(site.op as usize)).map(|made| &made.op) else {
            return false;
        };
        call.args.iter().any(|arg| {
            let Operand::Local(given) = arg.value else { return false };
            let read = ops().find(|statement| written(&statement.op) == Some(given)).map(|statement| &statement.op);
            let Some(Op::Load { from, .. }) = read else { return false };
            match (&from.base, from.path.as_slice()) {
                (Base::Local(base), [Projection::Field(_)]) => self.is_of_one_call(frame.function, *base, false),
                _ => false,
            }
        })
    }

    /// Whether a variable holds what belongs to one call of its function: what an event brought, what is waited for once.
    fn is_of_one_call(&self, function: FuncRef, local: LocalId, is_event: bool) -> bool {
        let body = self.program.function(function);
        let Some(declared) = body.locals.get(local.index()) else { return false };
        let ty = self.program.resolved(function).types.get(local.index());
        let named = match ty {
            Some(Ty::Model(ty, _)) => self.models.ty(*ty).name.as_str(),
            Some(Ty::Sdk(name, _)) => name.as_str(),
            _ => "",
        };
        match declared.kind {
            LocalKind::Param => {
                let is_function = matches!(ty, Some(Ty::Function(..)));
                is_event
                    && body.kind == FunctionKind::Closure
                    && !is_function
                    && !self.models.hints().says(Hint::Outlives, named)
            }
            // What a program waits for is over when it ends.
            LocalKind::Variable => {
                let is_entry = body.class.is_none() && body.kind == FunctionKind::Function && body.name == ENTRY;
                !is_entry && self.models.hints().says(Hint::Once, named)
            }
            _ => false,
        }
    }

    /// Who is given a callable.
    fn handed(&self, calling: &Calling) -> Handed {
        let (Some(made), Some(frame)) = (calling.result, self.frames.get(calling.site.frame as usize)) else {
            return Handed::Elsewhere;
        };
        let mut lending = Lending {
            engine: self,
            function: frame.function,
            lent: false,
            perhaps: false,
            callables: FxHashSet::default(),
        };
        lending.callables.insert(made);
        match (lending.is_all(), lending.perhaps, lending.lent) {
            (false, ..) => Handed::Elsewhere,
            (true, true, _) => Handed::Perhaps,
            (true, false, true) => Handed::Lent,
            (true, false, false) => Handed::Nowhere,
        }
    }
}

/// How long callables are needed, by their origins.
#[derive(Default)]
pub(super) struct Callables {
    /// They are made for one call each.
    for_call: FxHashSet<u32>,
    /// Each round of a loop makes another one, and there are only so many.
    in_rounds: FxHashSet<u32>,
}

impl Callables {
    /// Whether nobody needs them any more where they are left open. In a loop it depends on whether some round closes them
    /// or hands them over: the others may mean theirs to stay.
    pub(super) fn are_unneeded(&self, origin: u32, discharged: bool) -> bool {
        self.for_call.contains(&origin) || !discharged && self.in_rounds.contains(&origin)
    }
}

/// Who is given a callable.
enum Handed {
    /// Nobody.
    Nowhere,
    /// Native functions that are known to keep nothing.
    Lent,
    /// And native functions of which nothing is known.
    Perhaps,
    /// Anybody.
    Elsewhere,
}

/// A search for all that has a callable, or the pointer to its function.
struct Lending<'e, 'a> {
    engine: &'e Engine<'a>,
    function: FuncRef,
    callables: FxHashSet<LocalId>,
    /// Some native function gets it.
    lent: bool,
    /// One of which nothing is known.
    perhaps: bool,
}

impl Lending<'_, '_> {
    /// Whether that is only native functions, if anybody, and none that is known to keep it.
    fn is_all(&mut self) -> bool {
        let program = self.engine.program;
        let body = program.function(self.function);
        let mut pointers = FxHashSet::default();
        // A loop may pass on what a later line of it copied.
        loop {
            let known = self.callables.len() + pointers.len();
            for (block, targets) in body.blocks.iter().zip(&program.resolved(self.function).targets) {
                for (statement, target) in block.ops.iter().zip(targets) {
                    if !self.is_lent_by(statement, target, &mut pointers) {
                        return false;
                    }
                }
            }
            if self.callables.len() + pointers.len() == known {
                break;
            }
        }
        let has = |local: &LocalId| self.callables.contains(local) || pointers.contains(local);
        !body.blocks.iter().any(|block| match &block.end {
            Terminator::Return(Some(Operand::Local(local))) | Terminator::Throw(Some(Operand::Local(local))) => {
                has(local)
            }
            _ => false,
        })
    }

    fn is_lent_by(&mut self, statement: &Statement, target: &Target, pointers: &mut FxHashSet<LocalId>) -> bool {
        let mut uses = false;
        let has = |local: &LocalId| self.callables.contains(local) || pointers.contains(local);
        visit_operands(&statement.op, &mut |operand| uses |= matches!(operand, Operand::Local(it) if has(it)));
        let summary = match target {
            Target::Model(model) => Some(&self.engine.models.function(*model).summary),
            _ => None,
        };
        match &statement.op {
            Op::Copy { to, from: Operand::Local(from), .. } => {
                if self.callables.contains(from) {
                    self.callables.insert(*to);
                } else if pointers.contains(from) {
                    pointers.insert(*to);
                }
                true
            }
            // Its pointer, or a number.
            Op::Load { to, from, .. } if matches!(from.base, Base::Local(base) if has(&base)) => {
                let Some(summary) = summary else { return false };
                let mut results = summary.outcomes.iter().map(|outcome| &outcome.result.ownership);
                if results.any(|result| matches!(result, Ownership::Borrowed { .. })) {
                    pointers.insert(*to);
                    return true;
                }
                summary.outcomes.iter().all(|outcome| matches!(outcome.result.ownership, Ownership::Unknown))
            }
            Op::Store { to, .. } if matches!(to.base, Base::Local(base) if has(&base)) => summary.is_some() && !uses,
            Op::Closure { body, .. } => {
                let body = FuncRef { unit: self.function.unit, function: *body };
                let captures = &self.engine.program.function(body).captures;
                !captures.iter().any(|capture| has(&capture.outer))
            }
            Op::Call(call) if uses => self.is_lent_to(call, target, summary, pointers),
            Op::ScopeEnd(_) => true,
            _ => !uses,
        }
    }

    fn is_lent_to(
        &mut self,
        call: &Call,
        target: &Target,
        summary: Option<&Summary>,
        pointers: &mut FxHashSet<LocalId>,
    ) -> bool {
        let has = |operand: &Operand| matches!(operand, Operand::Local(it) if self.callables.contains(it) || pointers.contains(it));
        let given = call.args.iter().enumerate().filter(|(_, arg)| has(&arg.value));
        let given: Vec<usize> = given.map(|(index, _)| index).collect();
        if let Some(summary) = summary {
            // Its own members, and known functions that look at it and no more.
            let is_named = |index: &usize| call.args[*index].name.is_some();
            if given.iter().any(is_named) || !given.iter().all(|index| leaves_alone(summary, *index)) {
                return false;
            }
            if summary.outcomes.iter().any(|outcome| leads_on(&outcome.result.ownership)) {
                pointers.insert(call.result);
            }
            return true;
        }
        if given.is_empty() {
            // It is called itself.
            return matches!(call.callee, Callee::Value(_));
        }
        match self.keeps(target, &given) {
            Some(true) => return false,
            Some(false) => self.lent = true,
            None => self.perhaps = true,
        }
        true
    }

    /// Whether a native function keeps some of its arguments, as far as that is known.
    fn keeps(&self, target: &Target, positions: &[usize]) -> Option<bool> {
        let engine = self.engine;
        let Target::Native { symbol: Some(symbol), model } = target else { return Some(true) };
        let bodies = engine.program.definitions(symbol, self.function.unit);
        if bodies.is_empty() && model.is_none() {
            return None;
        }
        Some(!positions.iter().all(|position| match model {
            _ if !bodies.is_empty() => bodies.iter().all(|body| engine.only_calls(*body, *position, 0)),
            Some(model) => engine.is_said_to_lend(*model, *position),
            None => false,
        }))
    }
}

/// Whether a known function that is not native is said to do no more with an argument than to look at it, to close it or
/// to lend what is of it. What nothing is said of may be kept.
fn leaves_alone(summary: &Summary, position: usize) -> bool {
    let root = Root::Param(position as u16);
    let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    let mut spoken_of = summary.outcomes.iter().filter_map(|outcome| outcome.result.ownership.path());
    let mut told = spoken_of.any(|path| path.root == root);
    let kept = effects.any(|effect| {
        let is_it = effect.on.root == root;
        told |= is_it;
        is_it && !matches!(effect.kind, EffectKind::Borrow | EffectKind::Untouched | EffectKind::Release(_))
    });
    told && !kept && summary.runs.is_empty()
}

/// Whether a result may lead to what the call was given.
fn leads_on(result: &Ownership) -> bool {
    !matches!(
        result,
        Ownership::Unknown
            | Ownership::Null
            | Ownership::Constant(_)
            | Ownership::Status(_)
            | Ownership::StatusTest { .. }
            | Ownership::NullTest { .. }
            | Ownership::TargetTest(_)
    )
}

impl Engine<'_> {
    /// Whether a model says in so many words that it only borrows an argument.
    fn is_said_to_lend(&self, model: ModelId, position: usize) -> bool {
        let mut effects = self.models.function(model).summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.any(|effect| effect.on.root == Root::Param(position as u16) && effect.kind == EffectKind::Borrow)
    }

    /// Whether a function does nothing with the function that it is given but to call it, or to give it to others that
    /// do no more.
    fn only_calls(&self, function: FuncRef, position: usize, depth: u32) -> bool {
        let body = self.program.function(function);
        let Some(param) = body.params.get(position).filter(|_| depth < MAX_DEPTH && body.incomplete.is_none()) else {
            return false;
        };
        let held = held_from(body, param.local);
        let mut all = self.program.operations(function);
        let leaves = |block: &Block| match &block.end {
            Terminator::Return(Some(Operand::Local(local))) | Terminator::Throw(Some(Operand::Local(local))) => {
                held.contains(local)
            }
            _ => false,
        };
        if !body.has_blocks() || body.blocks.iter().any(leaves) {
            return false;
        }
        all.all(|(statement, target)| {
            let has = |operand: &Operand| matches!(operand, Operand::Local(local) if held.contains(local));
            match &statement.op {
                Op::Call(call) => call.args.iter().enumerate().filter(|(_, arg)| has(&arg.value)).all(|(index, _)| {
                    match target.called() {
                        Target::Functions(functions) => {
                            functions.candidates.iter().all(|callee| self.only_calls(*callee, index, depth + 1))
                        }
                        Target::Model(model) | Target::Native { model: Some(model), .. } => {
                            self.is_said_to_lend(*model, index)
                        }
                        _ => false,
                    }
                }),
                Op::Copy { .. } => true,
                Op::Load { from, .. } if matches!(from.base, Base::Local(base) if held.contains(&base)) => true,
                Op::Binary { .. } | Op::ScopeEnd(_) => true,
                Op::Address { of, .. } => !matches!(of.base, Base::Local(base) if held.contains(&base)),
                Op::Closure { body, .. } => {
                    let inner = FuncRef { unit: function.unit, function: *body };
                    let captures = &self.program.function(inner).captures;
                    !captures.iter().any(|capture| held.contains(&capture.outer))
                }
                op => {
                    let mut used = false;
                    visit_operands(op, &mut |operand| used |= has(operand));
                    !used
                }
            }
        })
    }

    /// Whether a closure is given to a call that runs it for what it has at hand: the elements of a list.
    fn is_run_at_once(&self, closure: FuncRef) -> bool {
        let Some(parent) = self.program.function(closure).parent else { return false };
        let parent = FuncRef { unit: closure.unit, function: parent };
        let body = self.program.function(parent);
        let made = body.blocks.iter().flat_map(|block| &block.ops).find_map(|statement| match &statement.op {
            Op::Closure { to, body } if *body == closure.function => Some(*to),
            _ => None,
        });
        let mut all = self.program.operations(parent);
        all.any(|(statement, target)| {
            let (Op::Call(call), Target::Model(model)) = (&statement.op, target) else { return false };
            let given = call.args.iter().any(|arg| made.is_some_and(|made| arg.value == Operand::Local(made)));
            let runs = &self.models.function(*model).summary.runs;
            given && runs.iter().any(|run| !matches!(run.times, RunTimes::Later | RunTimes::Detached))
        })
    }
}

/// The locals of a function that may hold what one of them holds. What a pointer to a function leads to is the function.
fn held_from(body: &Function, first: LocalId) -> FxHashSet<LocalId> {
    let mut held: FxHashSet<LocalId> = [first].into_iter().collect();
    loop {
        let known = held.len();
        for statement in body.blocks.iter().flat_map(|block| &block.ops) {
            let to = match &statement.op {
                Op::Copy { to, from: Operand::Local(from), .. } if held.contains(from) => to,
                Op::Load { to, from, .. } if matches!(from.base, Base::Local(base) if held.contains(&base)) => to,
                _ => continue,
            };
            held.insert(*to);
        }
        if held.len() == known {
            return held;
        }
    }
}
