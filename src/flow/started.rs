//! Memory that is released while asynchronous code that was started before still needs it.
//!
//! An async function runs up to its first `await`, and goes on only when the code that called it has returned or waits
//! itself; so does what a timer, a microtask or a new future runs. What a bound function does on another thread ends at an
//! `await` at the earliest, as far as anybody can rely on it. A `return` within `try` does not wait either, not even in
//! an async function: its `finally` runs at once
//! (<https://dart.dev/tools/diagnostics/unawaited_return_in_try_block>). What is told is certain on every way: behind the
//! call each way releases the memory before it waits, and each way through the code that was started comes to a use.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::engine::Engine;
use super::liveness::{op_reads, successors};
use crate::ir::{
    Base, BlockId, Call, Callee, Flavor, Function, LocalId, LocalKind, Name, Op, Operand, Place, Projection,
    SuspendKind, Terminator, written,
};
use crate::link::{FuncRef, Functions, Program, Target, Ty};
use crate::models::schema::FamilyKind;
use crate::models::{ModelId, ModelSet, Settled};
use crate::source::{Location, Span};
use crate::summary::{
    Effect, EffectKind, FamilyId, FamilyRef, Outcome, Ownership, Root, RunTimes, Step as PathStep, Summary,
};
use crate::target::TargetSet;
use crate::violation::{Confidence, Step, StepKind, Usage, Violation, ViolationKind};

use super::started_contracts::passed;
use super::summaries::Summaries;

/// How many functions are entered one from the other, and how many copies and casts of a pointer are followed.
pub(super) const MAX_STEPS: u32 = 8;

/// Functions whose definitions are kept.
const MAX_DEFINED: usize = 64;

/// A place of an operation.
type Site = (BlockId, usize);

/// The violations of all functions that are written by hand.
pub(super) fn released_early(program: &Program, models: &ModelSet, summaries: &Summaries) -> Vec<Violation> {
    let search = Search::new(program, models, summaries);
    let fits = |function: &FuncRef| {
        let body = program.function(*function);
        body.incomplete.is_none() && body.has_blocks() && matches!(body.flavor, Flavor::Sync | Flavor::Async)
    };
    let of = |function: FuncRef| search.of_function(function).into_iter().chain(search.of_helper(function));
    program.written_by_hand().filter(fits).flat_map(of).collect()
}

/// What of a call something is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given<'n> {
    /// The receiver.
    Receiver,
    /// An argument, by name or by its place among those without one.
    Argument(Option<&'n Name>, usize),
}

impl Given<'_> {
    fn root(self) -> Root {
        match self {
            Self::Receiver => Root::This,
            Self::Argument(Some(name), _) => Root::Named(name.clone()),
            Self::Argument(None, index) => Root::Param(index as u16),
        }
    }
}

/// Whether each way through an async function looks at what it is given there after it has waited.
pub(super) fn needs_later(engine: &Engine<'_>, functions: &Functions, argument: Given<'_>) -> bool {
    let is_async = |candidate: &FuncRef| engine.program.function(*candidate).flavor == Flavor::Async;
    let search = Search::new(engine.program, engine.models, engine.summaries);
    functions.candidates.iter().all(is_async) && search.used_by_functions(functions, argument, true, 0).is_some()
}

/// A search of bodies as they are written, variable by variable.
pub(super) struct Search<'a> {
    pub(super) program: &'a Program,
    pub(super) models: &'a ModelSet,
    pub(super) summaries: &'a Summaries,
    /// Of the functions looked at last.
    defined: RefCell<FxHashMap<FuncRef, Rc<Definitions>>>,
}

/// Where a function's variables are written, by their places.
struct Definitions {
    /// The only operation that writes it.
    once: Vec<Option<Site>>,
    settled: Vec<bool>,
}

impl Definitions {
    fn of(program: &Program, function: FuncRef) -> Self {
        let body = program.function(function);
        let mut writes = vec![0_u32; body.locals.len()];
        let mut once = vec![None; body.locals.len()];
        let mut written_inside = FxHashSet::default();
        for (block, of) in (0_u32..).zip(&body.blocks) {
            for (index, statement) in of.ops.iter().enumerate() {
                if let Op::Closure { body: inner, .. } = &statement.op {
                    let inner = program.function(FuncRef { function: *inner, ..function });
                    let ops = inner.blocks.iter().flat_map(|block| &block.ops);
                    let inside: FxHashSet<LocalId> = ops.filter_map(|statement| written(&statement.op)).collect();
                    let captures = inner.captures.iter().filter(|capture| inside.contains(&capture.inner));
                    written_inside.extend(captures.map(|capture| capture.outer));
                }
                let Some(local) = written(&statement.op) else { continue };
                if let (Some(count), Some(site)) = (writes.get_mut(local.index()), once.get_mut(local.index())) {
                    *count += 1;
                    *site = (*count == 1).then_some((BlockId(block), index));
                }
            }
        }
        let settled = (0_u32..).zip(&body.locals).zip(&writes).map(|((at, declared), writes)| {
            let has_value = matches!(declared.kind, LocalKind::Param | LocalKind::This | LocalKind::Captured);
            *writes <= u32::from(!has_value) && !written_inside.contains(&LocalId(at))
        });
        Self { settled: settled.collect(), once }
    }
}

/// Code that was started, and what it needs.
pub(super) struct Started {
    /// The variable that holds the memory.
    pub(super) held: LocalId,
    /// The call that started it, as written.
    pub(super) by: Name,
    /// What it does with the memory, and where.
    pub(super) used: Used,
}

/// A use of memory.
pub(super) type Used = (Usage, Location);

/// The release that ends a way.
pub(super) struct Released {
    /// The variable by which it is released.
    held: Option<Name>,
    by: Name,
    family: FamilyId,
    at: Location,
}

impl<'a> Search<'a> {
    pub(super) fn new(program: &'a Program, models: &'a ModelSet, summaries: &'a Summaries) -> Self {
        Self { program, models, summaries, defined: RefCell::default() }
    }

    fn of_function(&self, function: FuncRef) -> Vec<Violation> {
        let body = self.program.function(function);
        let mut found: Vec<Violation> = Vec::new();
        for (block, ops) in (0_u32..).zip(&body.blocks) {
            for (index, statement) in ops.ops.iter().enumerate() {
                let Op::Call(call) = &statement.op else { continue };
                let site = (BlockId(block), index);
                for started in self.started(function, site, call) {
                    let Some(released) = self.released_behind(function, site, started.held) else { continue };
                    // One release is told once, however much needs what it releases.
                    if found.iter().all(|known| known.at != released.at) {
                        found.push(self.violation(function, statement.span, started, released));
                    }
                }
            }
        }
        found
    }

    pub(super) fn violation(
        &self,
        function: FuncRef,
        started_at: Span,
        started: Started,
        released: Released,
    ) -> Violation {
        let Released { held, by: release, family, at } = released;
        let passed = StepKind::Started { by: started.by.clone() };
        let (usage, used_at) = started.used;
        let trace = vec![
            Step { kind: passed, location: self.location(function, started_at) },
            Step { kind: StepKind::Released { by: release.clone(), family }, location: at },
            Step { kind: StepKind::Used(usage), location: used_at },
        ];
        Violation {
            kind: ViolationKind::ReleasedEarly { held, family, release, needed_by: started.by },
            function,
            at,
            trace,
            targets: TargetSet::ALL.and(self.program.file(function.unit).targets),
            confidence: Confidence::High,
        }
    }

    /// What a call starts that goes on later, for each pointer that it needs then.
    fn started(&self, function: FuncRef, site: Site, call: &Call) -> Vec<Started> {
        let target = self.target(function, site);
        let by = called(self.program.function(function), call);
        match target.called() {
            Target::Functions(functions) => {
                let is_async = |candidate: &FuncRef| self.program.function(*candidate).flavor == Flavor::Async;
                if !functions.candidates.iter().all(is_async) {
                    return Vec::new();
                }
                let needed = self.given(function, call).filter_map(|(given, held)| {
                    let used = self.used_by_functions(functions, given, true, 0)?;
                    Some(Started { held: self.lender_of(function, held), by: by.clone(), used })
                });
                needed.collect()
            }
            Target::Model(model) => {
                let mut closures = self.run_later(function, call, *model);
                closures.extend(self.run_when_settled(function, call, Some(*model)));
                let captured = closures.into_iter().flat_map(|closure| self.captured(function, closure, &by, false));
                captured.chain(self.needed_by_model(function, call, *model, &by)).collect()
            }
            Target::Unknown if matches!(call.callee, Callee::Method { .. }) => {
                let closures = self.run_when_settled(function, call, None).into_iter();
                closures.flat_map(|closure| self.captured(function, closure, &by, false)).collect()
            }
            _ if matches!(call.callee, Callee::Value(_)) => {
                let Callee::Value(Operand::Local(callee)) = call.callee else { return Vec::new() };
                let is_async = |closure: &FuncRef| self.program.function(*closure).flavor == Flavor::Async;
                let closure = self.closure(function, callee).filter(is_async);
                closure.map(|closure| self.captured(function, closure, &by, true)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// What a modelled function goes on to need when it has returned.
    fn needed_by_model(&self, function: FuncRef, call: &Call, model: ModelId, by: &Name) -> Vec<Started> {
        let later = &self.models.function(model).later;
        if later.is_empty() {
            return Vec::new();
        }
        let is_needed = |given: Given<'_>| later.iter().any(|path| path.root == given.root() && path.steps.is_empty());
        let at = self.location(function, call.name_span);
        let whole = self.given(function, call).filter(|(given, _)| is_needed(*given)).map(|(_, held)| held);
        let inside = later.iter().filter(|path| matches!(path.steps.as_slice(), [PathStep::Elements]));
        let inside = inside.flat_map(|path| self.items_of(function, call, &path.root));
        let needed = whole.chain(inside).map(|held| {
            let used = (Usage::Pass(by.clone()), at);
            Started { held: self.lender_of(function, held), by: by.clone(), used }
        });
        needed.collect()
    }

    /// The pointers in a list that is written for a call.
    fn items_of(&self, function: FuncRef, call: &Call, root: &Root) -> Vec<LocalId> {
        let list = passed(call, root).and_then(|list| self.definition(function, list));
        let Some((_, Op::Aggregate { items, .. })) = list else { return Vec::new() };
        let pointers = items.iter().filter_map(|(_, item)| match item {
            Operand::Local(item) if self.is_pointer(function, *item) => Some(self.origin_of(function, *item)),
            _ => None,
        });
        pointers.collect()
    }

    /// The closures that a modelled function runs after the code that called it, and that nobody can stop.
    fn run_later(&self, function: FuncRef, call: &Call, model: ModelId) -> Vec<FuncRef> {
        let runs = &self.models.function(model).summary.runs;
        if !runs.iter().any(|run| run.times == RunTimes::Detached) || !self.cannot_be_stopped(function, call.result) {
            return Vec::new();
        }
        let positional = || call.args.iter().filter(|arg| arg.name.is_none());
        let closures = runs.iter().filter(|run| run.times == RunTimes::Detached).filter_map(|run| {
            let Root::Param(index) = run.closure.root else { return None };
            match positional().nth(usize::from(index))?.value {
                Operand::Local(local) => self.closure(function, local),
                _ => None,
            }
        });
        closures.collect()
    }

    /// The closures that a member of a future runs when that is there: not before the code that called it waits.
    fn run_when_settled(&self, function: FuncRef, call: &Call, model: Option<ModelId>) -> Vec<FuncRef> {
        let Callee::Method { receiver: Operand::Local(receiver), name } = &call.callee else { return Vec::new() };
        let may_be_future = match self.program.resolved(function).types.get(receiver.index()) {
            Some(Ty::Sdk(class, _)) => class == "Future",
            ty => matches!(ty, None | Some(Ty::Unknown)) || self.is_of_async(function, *receiver),
        };
        if !may_be_future {
            return Vec::new();
        }
        // Of a receiver of which nothing is known its members are known by their names.
        let known: Vec<&Settled> = match model {
            Some(model) => self.models.function(model).settled.iter().collect(),
            None => self.models.settled_by(name).collect(),
        };
        let runs = |argument: &Root| {
            known.iter().any(|settled| settled.by.iter().any(|by| by.root == *argument && by.steps.is_empty()))
        };
        let mut position = 0;
        let closures = call.args.iter().filter_map(|arg| {
            let root = Given::Argument(arg.name.as_ref(), position).root();
            position += usize::from(arg.name.is_none());
            match arg.value {
                Operand::Local(local) if runs(&root) => self.closure(function, local),
                _ => None,
            }
        });
        closures.collect()
    }

    /// Whether a variable holds what an async function gives: a future, whatever is declared.
    fn is_of_async(&self, function: FuncRef, local: LocalId) -> bool {
        let made = self.definition(function, self.origin_of(function, local));
        let Some((site, Op::Call(_))) = made else { return false };
        let is_async = |callee: &FuncRef| self.program.function(*callee).flavor == Flavor::Async;
        matches!(self.target(function, site).called(),
            Target::Functions(functions) if functions.candidates.iter().all(is_async))
    }

    /// A timer that somebody has can be stopped; a future cannot.
    fn cannot_be_stopped(&self, function: FuncRef, result: LocalId) -> bool {
        if matches!(self.program.resolved(function).types.get(result.index()), Some(Ty::Sdk(name, _)) if name == "Future")
        {
            return true;
        }
        self.program.function(function).blocks.iter().all(|block| {
            !block.ops.iter().any(|statement| op_reads(&statement.op, result))
                && !super::liveness::end_reads(&block.end, result)
        })
    }

    /// The pointers of a function that a closure captures and needs.
    fn captured(&self, function: FuncRef, closure: FuncRef, by: &Name, later: bool) -> Vec<Started> {
        let body = self.program.function(closure);
        let pointers = body.captures.iter().filter(|capture| self.is_pointer(function, capture.outer));
        let needed = pointers.filter_map(|capture| {
            // A variable is captured, not what it holds.
            if !self.is_settled(function, capture.outer) {
                return None;
            }
            let used = self.used_in(closure, capture.inner, later, 0)?;
            Some(Started { held: self.origin_of(function, capture.outer), by: by.clone(), used })
        });
        needed.collect()
    }

    /// The closure that a variable holds, where nothing else is ever put there.
    pub(super) fn closure(&self, function: FuncRef, local: LocalId) -> Option<FuncRef> {
        match self.definition(function, local)? {
            (_, Op::Closure { body, .. }) => Some(FuncRef { unit: function.unit, function: *body }),
            (_, Op::Copy { from: Operand::Local(from), .. }) => match self.definition(function, *from)? {
                (_, Op::Closure { body, .. }) => Some(FuncRef { unit: function.unit, function: *body }),
                _ => None,
            },
            _ => None,
        }
    }

    /// The pointers that a call is given, each with how it is given.
    pub(super) fn arguments<'c>(
        &self,
        function: FuncRef,
        call: &'c Call,
    ) -> impl Iterator<Item = (Given<'c>, LocalId)> {
        let mut position = 0;
        call.args.iter().filter_map(move |arg| {
            let index = position;
            position += usize::from(arg.name.is_none());
            match arg.value {
                Operand::Local(local) if self.is_pointer(function, local) => {
                    Some((Given::Argument(arg.name.as_ref(), index), self.origin_of(function, local)))
                }
                _ => None,
            }
        })
    }

    /// The same, with the receiver.
    pub(super) fn given<'c>(&self, function: FuncRef, call: &'c Call) -> impl Iterator<Item = (Given<'c>, LocalId)> {
        let receiver = match &call.callee {
            Callee::Method { receiver: Operand::Local(receiver), .. } => Some(*receiver),
            _ => None,
        };
        let receiver = receiver.into_iter();
        let receiver = receiver.map(move |receiver| (Given::Receiver, self.origin_of(function, receiver)));
        self.arguments(function, call).chain(receiver)
    }

    /// The release that every way behind a call comes to before it waits.
    pub(super) fn released_behind(&self, function: FuncRef, (block, index): Site, held: LocalId) -> Option<Released> {
        let body = self.program.function(function);
        let mut released = None;
        let mut seen = FxHashSet::default();
        let mut todo = vec![(block, index + 1)];
        while let Some((block, from)) = todo.pop() {
            let at = body.blocks.get(block.index())?;
            let mut is_done = false;
            for (index, statement) in at.ops.iter().enumerate().skip(from) {
                if matches!(statement.op, Op::Suspend { .. }) || written(&statement.op) == Some(held) {
                    return None;
                }
                let Op::Call(call) = &statement.op else { continue };
                if let Some((by, family)) = self.releases(function, (block, index), call, held) {
                    let name = self.name_of(function, call, held);
                    released = Some(Released { held: name, by, family, at: self.location(function, statement.span) });
                    is_done = true;
                    break;
                }
            }
            if is_done {
                continue;
            }
            if !matches!(at.end, Terminator::Goto(_) | Terminator::Branch { .. }) {
                return None;
            }
            todo.extend(successors(&at.end).filter(|next| seen.insert(*next)).map(|next| (next, 0)));
        }
        released
    }

    /// The variable by which a call is given what another holds.
    fn name_of(&self, function: FuncRef, call: &Call, held: LocalId) -> Option<Name> {
        let receiver = match &call.callee {
            Callee::Method { receiver, .. } => Some(receiver),
            _ => None,
        };
        let given = call.args.iter().map(|arg| &arg.value).chain(receiver).filter_map(|given| match given {
            Operand::Local(local) if self.origin_of(function, *local) == held => Some(*local),
            _ => None,
        });
        let mut names = given.filter_map(|local| self.program.function(function).locals.get(local.index()));
        names.next().map(|local| local.name.clone()).filter(|name| !name.is_empty())
    }

    /// Whether a call releases memory for certain, and as what.
    pub(super) fn releases(
        &self,
        function: FuncRef,
        site: Site,
        call: &Call,
        held: LocalId,
    ) -> Option<(Name, FamilyId)> {
        let is_it =
            |(given, local): &(Given<'_>, LocalId)| *local == held && !matches!(given, Given::Argument(Some(_), _));
        let root = self.given(function, call).find(is_it)?.0.root();
        let family = self.released_by(function, self.target(function, site).called(), &root)?;
        let family = match family {
            FamilyRef::Family(family) => family,
            FamilyRef::Allocator(at, _) if at.root == Root::This && at.steps.is_empty() => {
                let Callee::Method { receiver: Operand::Local(receiver), .. } = &call.callee else { return None };
                match self.program.resolved(function).types.get(receiver.index())? {
                    Ty::Model(ty, _) => self.models.ty(*ty).allocator?,
                    _ => return None,
                }
            }
            FamilyRef::Allocator(..) => return None,
        };
        // What is counted may be kept by who counted before.
        let known = self.models.family(family);
        let ends = match known.kind {
            FamilyKind::Memory => !known.idempotent,
            FamilyKind::Handle => true,
            _ => false,
        };
        ends.then(|| (called(self.program.function(function), call), family))
    }

    /// What all functions that a call may reach do with what they are given, after they have waited where that is asked.
    fn used_by_functions(&self, functions: &Functions, given: Given<'_>, later: bool, depth: u32) -> Option<Used> {
        if !functions.complete && functions.candidates.len() != 1 || depth > MAX_STEPS {
            return None;
        }
        let mut first = None;
        for candidate in &functions.candidates {
            let callee = self.program.function(*candidate);
            let mut params = callee.params.iter();
            let local = match given {
                Given::Receiver => {
                    let this = callee.locals.iter().position(|local| local.kind == LocalKind::This)?;
                    LocalId(this as u32)
                }
                Given::Argument(Some(name), _) => params.find(|param| param.named && param.name == *name)?.local,
                Given::Argument(None, index) => params.filter(|param| !param.named).nth(index)?.local,
            };
            let used = self.used_in(*candidate, local, later, depth)?;
            first.get_or_insert(used);
        }
        first
    }

    /// What each way through a function does with a variable's memory, after it has waited where that is asked.
    pub(super) fn used_in(&self, function: FuncRef, local: LocalId, later: bool, depth: u32) -> Option<Used> {
        let body = self.program.function(function);
        let fits = body.incomplete.is_none() && matches!(body.flavor, Flavor::Sync | Flavor::Async);
        if !fits || !body.has_blocks() || !self.is_settled(function, local) {
            return None;
        }
        let mut first = None;
        let mut seen = FxHashSet::default();
        let mut todo = vec![(BlockId(0), !later)];
        while let Some((block, mut waited)) = todo.pop() {
            let at = body.blocks.get(block.index())?;
            let mut used = None;
            for (index, statement) in at.ops.iter().enumerate() {
                if let Op::Suspend { kind, .. } = &statement.op {
                    if *kind != SuspendKind::Await {
                        return None;
                    }
                    waited = true;
                }
                used = self.use_of(function, (block, index), local, waited, depth);
                if used.is_some() {
                    break;
                }
            }
            if let Some(used) = used {
                first.get_or_insert(used);
                continue;
            }
            if matches!(at.end, Terminator::Return(_)) {
                return None;
            }
            todo.extend(successors(&at.end).map(|next| (next, waited)).filter(|next| seen.insert(*next)));
        }
        first
    }

    /// What an operation does with a variable's memory.
    fn use_of(&self, function: FuncRef, site: Site, local: LocalId, waited: bool, depth: u32) -> Option<Used> {
        let statement = self.program.function(function).blocks.get(site.0.index())?.ops.get(site.1)?;
        let target = self.target(function, site);
        let is_it = |base: &Base| matches!(base, Base::Local(base) if self.origin_of(function, *base) == local);
        let here = |usage| Some((usage, self.location(function, statement.span)));
        match &statement.op {
            Op::Load { from, .. } => {
                (waited && is_it(&from.base) && self.reaches(target, from)).then(|| here(Usage::Read))?
            }
            Op::Store { to, .. } => {
                (waited && is_it(&to.base) && self.reaches(target, to)).then(|| here(Usage::Write))?
            }
            Op::Call(call) => self.use_by_call(function, site, call, local, waited, depth).and_then(here),
            _ => None,
        }
    }

    /// Whether a member of a pointer or of a view is what that leads to.
    fn reaches(&self, target: &Target, place: &Place) -> bool {
        match (target, place.path.first()) {
            (Target::Functions(_), _) | (_, None) => false,
            (Target::Memory | Target::Field(_), _) | (_, Some(Projection::Index(_))) => true,
            (Target::Model(model), _) => {
                let summary = &self.models.function(*model).summary;
                let views = |outcome: &Outcome| matches!(outcome.result.ownership, Ownership::View(_));
                summary.uses_pointee() && !summary.outcomes.iter().any(views)
            }
            _ => false,
        }
    }

    fn use_by_call(
        &self,
        function: FuncRef,
        site: Site,
        call: &Call,
        local: LocalId,
        waited: bool,
        depth: u32,
    ) -> Option<Usage> {
        let target = self.target(function, site).called();
        let name = || called(self.program.function(function), call);
        let (by, within) = (|| Usage::Pass(name()), || Usage::Within(name()));
        if let (Target::Model(model), Callee::Method { receiver: Operand::Local(receiver), .. }) =
            (target, &call.callee)
            && self.origin_of(function, *receiver) == local
        {
            return (waited && lends(&self.models.function(*model).summary, &Root::This)).then(within);
        }
        let (given, _) = self.given(function, call).find(|(_, held)| *held == local)?;
        let uses = match target {
            Target::Functions(functions) if self.is_bound(functions) => waited && functions.model.is_none(),
            Target::Functions(functions) => self.used_by_functions(functions, given, !waited, depth + 1).is_some(),
            Target::Native { model: None, .. } => waited,
            Target::Native { model: Some(model), .. } | Target::Model(model) => {
                waited && lends(&self.models.function(*model).summary, &given.root())
            }
            _ => false,
        };
        let is_receiver = matches!(given, Given::Receiver);
        uses.then(|| if is_receiver { within() } else { by() })
    }

    /// Whether functions are bound to native ones.
    fn is_bound(&self, functions: &Functions) -> bool {
        functions.candidates.iter().all(|candidate| {
            !self.program.function(*candidate).has_blocks() && self.program.bound_symbol(*candidate).is_some()
        })
    }

    /// The variable that a pointer or a view comes from, over copies and casts that are written once.
    pub(super) fn origin_of(&self, function: FuncRef, local: LocalId) -> LocalId {
        let mut local = local;
        for _ in 0..MAX_STEPS {
            if !self.is_settled(function, local) {
                return local;
            }
            let from = match self.definition(function, local) {
                Some((_, Op::Copy { from: Operand::Local(from), .. })) => *from,
                Some((site, Op::Call(call))) => match (self.target(function, site).called(), &call.callee) {
                    (Target::Model(model), Callee::Method { receiver: Operand::Local(receiver), .. })
                        if same(&self.models.function(*model).summary) =>
                    {
                        *receiver
                    }
                    _ => return local,
                },
                Some((site, Op::Load { from, .. })) => match (self.target(function, site).called(), &from.base) {
                    (Target::Model(model), Base::Local(base)) if same(&self.models.function(*model).summary) => *base,
                    _ => return local,
                },
                _ => return local,
            };
            if !self.is_settled(function, from) {
                return local;
            }
            local = from;
        }
        local
    }

    /// The one operation that writes a variable, where there is but one.
    pub(super) fn definition(&self, function: FuncRef, local: LocalId) -> Option<(Site, &'a Op)> {
        let (block, index) = self.definitions(function).once.get(local.index()).copied()??;
        let statement = self.program.function(function).blocks.get(block.index())?.ops.get(index)?;
        Some(((block, index), &statement.op))
    }

    /// Whether a variable holds the same as long as it is there: nothing but its declaration writes it.
    pub(super) fn is_settled(&self, function: FuncRef, local: LocalId) -> bool {
        self.definitions(function).settled.get(local.index()).copied().unwrap_or(false)
    }

    fn definitions(&self, function: FuncRef) -> Rc<Definitions> {
        if let Some(known) = self.defined.borrow().get(&function) {
            return Rc::clone(known);
        }
        let made = Rc::new(Definitions::of(self.program, function));
        let mut defined = self.defined.borrow_mut();
        if defined.len() >= MAX_DEFINED {
            defined.clear();
        }
        defined.insert(function, Rc::clone(&made));
        made
    }

    /// Whether a variable holds a pointer, or what may be one as far as anybody said.
    fn is_pointer(&self, function: FuncRef, local: LocalId) -> bool {
        match self.program.resolved(function).types.get(local.index()).map(Ty::value_type) {
            Some(Ty::Model(ty, _)) => self.models.ty(*ty).pointer,
            ty => matches!(ty, None | Some(Ty::Unknown)),
        }
    }

    pub(super) fn target(&self, function: FuncRef, (block, index): Site) -> &Target {
        let targets = self.program.resolved(function).targets.get(block.index());
        targets.and_then(|block| block.get(index)).unwrap_or(&Target::Unknown)
    }

    pub(super) fn location(&self, function: FuncRef, span: Span) -> Location {
        let base = self.program.function(function).base;
        Location { file: self.program.units[function.unit as usize].file, span: span.absolute_from(base) }
    }
}

/// Whether a contract looks at what it is given there, and gives nothing of it on.
fn lends(summary: &Summary, root: &Root) -> bool {
    let looks = |effect: &Effect| {
        matches!(effect.kind, EffectKind::Borrow | EffectKind::BorrowAssumed | EffectKind::Fill(_))
            || matches!(&effect.kind, EffectKind::StoreInto(into) if into.root == *root)
    };
    summary.outcomes.iter().all(|outcome| {
        let gives = outcome.result.ownership.path().is_some_and(|path| path.root == *root);
        let mut own = outcome.effects.iter().filter(|effect| effect.on.root == *root);
        (!gives || matches!(outcome.result.ownership, Ownership::Pointee(_))) && own.all(looks)
    })
}

/// Whether the result leads to the memory of the receiver: a cast, a view.
fn same(summary: &Summary) -> bool {
    let mut results = summary.outcomes.iter().map(|outcome| &outcome.result.ownership);
    let is_receiver = |ownership: &Ownership| match ownership {
        Ownership::Alias(of) | Ownership::View(of) => of.root == Root::This && of.steps.is_empty(),
        _ => false,
    };
    summary.outcomes.len() == 1 && results.all(is_receiver)
}

/// What a call calls, as written.
fn called(function: &Function, call: &Call) -> Name {
    match &call.callee {
        Callee::Name(name) | Callee::Super(name) | Callee::Shorthand(name) => name.clone(),
        Callee::Method { receiver: Operand::Local(receiver), name } => {
            let held = function.locals.get(receiver.index()).map(|local| &local.name).filter(|held| !held.is_empty());
            held.map_or_else(|| name.clone(), |held| format!("{held}.{name}").into())
        }
        Callee::Method { name, .. } => name.clone(),
        Callee::Value(Operand::Local(local)) => {
            function.locals.get(local.index()).map(|local| local.name.clone()).unwrap_or_default()
        }
        Callee::New { ty, .. } => ty.name.clone(),
        Callee::Value(_) | Callee::SuperConstructor(_) | Callee::ThisConstructor(_) => Name::default(),
    }
}
