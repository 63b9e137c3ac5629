//! The engine: drives the paths of one function, and of the closures it runs, to their fixpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::Options;
use super::calls::local_type;
use super::info::Info;
pub(super) use super::origin::{Origin, OriginKey, Role, Site};
use super::outcome::Ledger;
use super::path::{Branch, Fact, Flight, Object, Part, Path, Slot};
use super::settled::Suspects;
use super::sizes::Measures;
use super::summaries::Summaries;
use super::value::{ObjectId, Symbol, Value};
use super::wrappers::ClosureCall;
use crate::ir::{BlockId, Function, LocalId, LocalKind, Name, Operand, Terminator, Written};
use crate::link::{FuncRef, Program, Resolved, Target, Ty};
use crate::models::{ModelSet, Versions};
use crate::source::{Location, Span};
use crate::state::Ownership;
use crate::violation::{Exit, Thrower, Violation};

/// How many paths of different ownership a block keeps apart.
const MAX_PATHS: usize = 8;
/// How many paths that leave a function are kept apart.
const MAX_EXITS: usize = 64;
/// After how many operations of one block what no longer matters is dropped.
const SWEEP_EVERY: usize = 32;
/// How deep closures that run in place may nest.
pub(super) const MAX_DEPTH: u32 = 6;

/// What is known so far of functions that call each other; nothing for one that is still to come.
pub(super) type Recursion = FxHashMap<FuncRef, Option<std::sync::Arc<crate::summary::Summary>>>;

/// The analysis of one function.
pub(super) struct Engine<'a> {
    pub(super) program: &'a Program,
    pub(super) models: &'a ModelSet,
    pub(super) versions: &'a Versions,
    pub(super) options: &'a Options,
    pub(super) summaries: &'a Summaries,
    pub(super) recursion: Option<&'a Recursion>,
    /// The block of which the call being applied makes a value, as it was before.
    pub(super) adopting: Option<(ObjectId, Object)>,
    /// The block that the call being applied leaves as it was.
    pub(super) given_back: Option<Value>,
    pub(super) root: FuncRef,
    pub(super) frames: Vec<Frame>,
    frame_ids: FxHashMap<(u32, u32, u32, FuncRef), u32>,
    pub(super) origins: Vec<Origin>,
    origin_ids: FxHashMap<OriginKey, u32>,
    pub(super) closures: Vec<ClosureValue>,
    next_slot: Slot,
    /// Locals that a closure shares which may run at any time: what is stored in them is out of sight.
    pub(super) shared: FxHashSet<Slot>,
    /// The symbols of parameters that hold no memory.
    pub(super) parameters: FxHashSet<Symbol>,
    /// What a computed symbol was computed from.
    pub(super) comparisons: FxHashMap<Symbol, Comparison>,
    /// What numbers were computed from.
    pub(super) measures: Measures,
    /// Findings that wait for the other paths.
    pub(super) suspects: Suspects,
    /// Where a pointer into an object was last moved on.
    pub(super) moves: FxHashMap<ObjectId, Location>,
    /// How each origin's objects ended.
    pub(super) ledger: BTreeMap<u32, Ledger>,
    pub(super) violations: Vec<Violation>,
    /// What became of all memory, where that is [recorded](Options::records).
    pub(super) courses: super::Courses,
    /// By origin: the variables that ever led to it.
    pub(super) holders: BTreeMap<u32, BTreeSet<(FuncRef, LocalId)>>,
    /// What it does to the fields of classes.
    pub(super) fields: super::fields::FieldNotes,
    /// The place of the operation that is executed.
    pub(super) at: Location,
    /// The arenas that callees open around closures, by origin: the depth of the frame that calls.
    pub(super) given: FxHashMap<u32, u32>,
    /// Arenas that were ended, by origin.
    pub(super) ended: FxHashSet<u32>,
    /// Calls of closures that the function was given.
    pub(super) closure_calls: Vec<ClosureCall>,
    /// What was passed to callbacks.
    pub(super) gifts: Vec<super::callbacks::Gift>,
    /// Closures that were run in place.
    pub(super) inlined: FxHashSet<FuncRef>,
    /// The places that values lead into: a lock's guard, an element.
    pub(super) inside: FxHashMap<Symbol, crate::summary::AccessPath>,
    /// What values are made of that only wrap it.
    pub(super) wrapped: FxHashMap<Symbol, ObjectId>,
    /// Which block is counted by a value that is a further reference to it.
    pub(super) references: FxHashMap<Symbol, ObjectId>,
    /// What variables hold that never change.
    pub(super) constants: FxHashSet<Symbol>,
    /// Where fields that the caller can reach are first read through, by field.
    pub(super) read: std::collections::BTreeMap<crate::summary::AccessPath, (Name, Location)>,
    /// What tells whether native calls failed.
    pub(super) statuses: super::questions::Statuses,
    /// What is known of how long the callables are needed.
    pub(super) callables: super::callables::Callables,
    /// What `catch` clauses got.
    pub(super) caught: FxHashSet<Symbol>,
    /// The origins of objects that keep what their constructors were given.
    pub(super) instances: FxHashSet<u32>,
    /// The classes of those that a constructor made in sight.
    pub(super) classes: FxHashMap<u32, crate::link::ClassRef>,
    /// Those of them that are mere data: no member of their class does anything.
    pub(super) data: FxHashSet<u32>,
    /// What is a part of memory that is only concluded to be the caller's.
    pub(super) concluded_parts: FxHashMap<Symbol, ObjectId>,
    /// Whether a function may write a place, as far as it was asked.
    pub(super) resets: FxHashMap<(FuncRef, super::resets::Sought), bool>,
    infos: FxHashMap<FuncRef, Rc<Info>>,
    steps: u32,
    /// The step budget is used up.
    pub(super) exhausted: bool,
}

/// One activation of a function.
pub(super) struct Frame {
    pub(super) function: FuncRef,
    pub(super) slots: Vec<Slot>,
    /// The first of the slots that end with the activation; they follow each other.
    first_own: Slot,
    /// The locals of these slots.
    own: Vec<LocalId>,
    pub(super) depth: u32,
    /// Some handler around it sees its exceptions.
    pub(super) guarded: bool,
    /// The arena that is open around it.
    pub(super) ambient: Option<ObjectId>,
    /// The call that started it, where nothing waits for what it gives.
    pub(super) detached: Option<(Name, Location)>,
    /// It is an activation of another function of the program, or of a closure written there.
    elsewhere: bool,
}

/// What surrounds a closure that runs in place.
pub(super) struct Setting {
    /// The arena that is open around it.
    pub(super) ambient: Option<ObjectId>,
    /// The call that started it, where nothing waits for what it gives.
    pub(super) detached: Option<(Name, Location)>,
}

impl Frame {
    /// The local of a slot that ends with the activation.
    fn own_local(&self, slot: Slot) -> Option<LocalId> {
        self.own.get(slot.checked_sub(self.first_own)? as usize).copied()
    }
}

/// A closure with the activation it captured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClosureValue {
    pub(super) function: FuncRef,
    pub(super) frame: u32,
}

/// A comparison that a symbol stands for.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) op: Name,
    pub(super) left: Value,
    pub(super) right: Value,
    pub(super) parts: SmallVec<[Part; 2]>,
}

/// How a run ended.
#[derive(Default)]
pub(super) struct Exits {
    pub(super) returns: Vec<Returned>,
    /// Paths that an exception leaves; [`Path::flight`] says which.
    pub(super) throws: Vec<Path>,
}

/// A path that returned.
pub(super) struct Returned {
    pub(super) path: Path,
    pub(super) value: Value,
    pub(super) exit: Exit,
    pub(super) at: Location,
}

/// A run over the blocks of one frame.
pub(super) struct Run {
    pub(super) frame: u32,
    info: Rc<Info>,
    seen: Vec<Vec<Path>>,
    queue: BTreeSet<(BlockId, u32)>,
    exits: Exits,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        program: &'a Program,
        models: &'a ModelSet,
        options: &'a Options,
        summaries: &'a Summaries,
        root: FuncRef,
    ) -> Self {
        Self {
            program,
            models,
            versions: program.versions(root.unit),
            options,
            summaries,
            recursion: None,
            adopting: None,
            given_back: None,
            root,
            frames: Vec::new(),
            frame_ids: FxHashMap::default(),
            origins: Vec::new(),
            origin_ids: FxHashMap::default(),
            closures: Vec::new(),
            next_slot: 0,
            shared: FxHashSet::default(),
            parameters: FxHashSet::default(),
            comparisons: FxHashMap::default(),
            measures: Measures::default(),
            suspects: Suspects::default(),
            moves: FxHashMap::default(),
            ledger: BTreeMap::new(),
            violations: Vec::new(),
            courses: super::Courses::default(),
            holders: BTreeMap::new(),
            fields: super::fields::FieldNotes::default(),
            at: Location { file: program.units[root.unit as usize].file, span: Span::default() },
            given: FxHashMap::default(),
            ended: FxHashSet::default(),
            closure_calls: Vec::new(),
            gifts: Vec::new(),
            inlined: FxHashSet::default(),
            inside: FxHashMap::default(),
            wrapped: FxHashMap::default(),
            references: FxHashMap::default(),
            constants: FxHashSet::default(),
            read: std::collections::BTreeMap::new(),
            statuses: super::questions::Statuses::default(),
            callables: super::callables::Callables::default(),
            caught: FxHashSet::default(),
            instances: FxHashSet::default(),
            classes: FxHashMap::default(),
            data: FxHashSet::default(),
            concluded_parts: FxHashMap::default(),
            resets: FxHashMap::default(),
            infos: FxHashMap::default(),
            steps: 0,
            exhausted: false,
        }
    }

    /// The function of a frame.
    pub(super) fn function(&self, frame: u32) -> &'a Function {
        self.program.function(self.frames[frame as usize].function)
    }

    /// What the names in a frame's function are.
    pub(super) fn resolved(&self, frame: u32) -> &'a Resolved {
        let function = self.frames[frame as usize].function;
        &self.program.resolved[function.unit as usize][function.function.index()]
    }

    /// What an operation refers to.
    pub(super) fn target(&self, site: Site) -> &'a Target {
        let targets = self.resolved(site.frame).targets.get(site.block.index());
        targets.and_then(|block| block.get(site.op as usize)).unwrap_or(&Target::Unknown)
    }

    /// A place in the source of a frame's function.
    pub(super) fn location(&self, frame: u32, span: Span) -> Location {
        let function = self.frames[frame as usize].function;
        Location {
            file: self.program.units[function.unit as usize].file,
            span: span.absolute_from(self.program.function(function).base),
        }
    }

    /// The activation of the function that is analysed.
    pub(super) fn root_frame(&mut self) -> u32 {
        self.new_frame(self.root, None, 0, false)
    }

    /// The activation of a closure that a call at `site` runs.
    pub(super) fn closure_frame(&mut self, site: Site, closure: &ClosureValue, guarded: bool) -> u32 {
        self.inner_frame(site, closure.function, Some(closure.frame), guarded)
    }

    /// The activation of a function of the program that is run where it is called.
    pub(super) fn function_frame(&mut self, site: Site, function: FuncRef, guarded: bool) -> u32 {
        self.inner_frame(site, function, None, guarded)
    }

    fn inner_frame(&mut self, site: Site, function: FuncRef, parent: Option<u32>, guarded: bool) -> u32 {
        let key = (site.frame, site.block.0, site.op, function);
        if let Some(&frame) = self.frame_ids.get(&key) {
            self.frames[frame as usize].guarded |= guarded;
            return frame;
        }
        let depth = self.frames[site.frame as usize].depth + 1;
        let frame = self.new_frame(function, parent, depth, guarded);
        self.frame_ids.insert(key, frame);
        frame
    }

    fn new_frame(&mut self, function: FuncRef, parent: Option<u32>, depth: u32, guarded: bool) -> u32 {
        let body = self.program.function(function);
        let mut slots = Vec::with_capacity(body.locals.len());
        let mut own = Vec::new();
        let first_own = self.next_slot + 1;
        let outer_slots = parent.map_or(&[][..], |parent| &self.frames[parent as usize].slots);
        let shared: FxHashMap<LocalId, Slot> = body
            .captures
            .iter()
            .rev()
            .filter_map(|capture| Some((capture.inner, *outer_slots.get(capture.outer.index())?)))
            .collect();
        for local in (0..body.locals.len() as u32).map(LocalId) {
            slots.push(shared.get(&local).copied().unwrap_or_else(|| {
                self.next_slot += 1;
                own.push(local);
                self.next_slot
            }));
        }
        let elsewhere = match parent {
            Some(parent) => self.frames.get(parent as usize).is_some_and(|parent| parent.elsewhere),
            None => depth > 0,
        };
        let (ambient, detached) = (None, None);
        self.frames.push(Frame { function, slots, first_own, own, depth, guarded, ambient, detached, elsewhere });
        self.frames.len() as u32 - 1
    }

    /// The slot of a frame's local.
    pub(super) fn slot(&self, frame: u32, local: LocalId) -> Slot {
        self.frames[frame as usize].slots.get(local.index()).copied().unwrap_or(0)
    }

    /// The `this` of a frame.
    pub(super) fn this_local(&self, frame: u32) -> Option<LocalId> {
        let function = self.function(frame);
        // A captured `this` keeps its name.
        let is_this = |local: &crate::ir::Local| {
            local.kind == LocalKind::This || local.kind == LocalKind::Captured && local.name == "this"
        };
        function.locals.iter().position(is_this).map(|index| LocalId(index as u32))
    }

    /// The origin of a key, where there is one.
    pub(super) fn known_origin(&self, key: &OriginKey) -> Option<u32> {
        self.origin_ids.get(key).copied()
    }

    /// The origins of what calls gave, each with what that is of the call.
    pub(super) fn sites(&self) -> Vec<(u32, Role)> {
        let keys = self.origin_ids.iter().filter_map(|(key, id)| match key {
            OriginKey::Site(_, role) => Some((*id, *role)),
            _ => None,
        });
        keys.collect()
    }

    /// The origin of a key, made by `origin` the first time.
    pub(super) fn origin(&mut self, key: OriginKey, origin: impl FnOnce(&Self) -> Origin) -> u32 {
        if let Some(&id) = self.origin_ids.get(&key) {
            return id;
        }
        let made = origin(self);
        if let OriginKey::Site(site, _) = key
            && self.frames.get(site.frame as usize).is_some_and(|frame| frame.elsewhere)
        {
            self.ledger.entry(self.origins.len() as u32).or_default().elsewhere = true;
        }
        self.origins.push(made);
        let id = self.origins.len() as u32 - 1;
        if self.options.records {
            self.ledger.entry(id).or_default().record();
        }
        self.origin_ids.insert(key, id);
        id
    }

    /// A symbol of its own for what a site gives.
    pub(super) fn fresh(&self, path: &mut Path, site: Site, role: Role) -> Value {
        let symbol = Symbol::of((site, role));
        self.renew(path, symbol);
        Value::Symbol(symbol)
    }

    /// A symbol stands for something new.
    pub(super) fn renew(&self, path: &mut Path, symbol: Symbol) {
        self.forget_facts(path, Part::Symbol(symbol));
        path.renew(symbol);
    }

    /// Forgets what was answered of something that is another thing now.
    pub(super) fn forget_facts(&self, path: &mut Path, of: Part) {
        let speaks_of = |fact: &Fact| {
            let comparison = self.comparisons.get(&fact.symbol());
            comparison.is_some_and(|comparison| comparison.parts.contains(&of))
        };
        if path.known.keys().any(speaks_of) {
            path.known.retain(|fact, _| !speaks_of(fact));
        }
    }

    /// Runs a frame from its entry to all its exits.
    pub(super) fn run(&mut self, frame: u32, entry: Path) -> Exits {
        let function = self.function(frame);
        let info = self.info(self.frames[frame as usize].function);
        let mut run = Run {
            frame,
            info,
            seen: vec![Vec::new(); function.blocks.len()],
            queue: BTreeSet::new(),
            exits: Exits::default(),
        };
        self.enter(&mut run, BlockId(0), entry);
        while let Some((block, index)) = run.queue.pop_first() {
            let seen = &mut run.seen[block.index()];
            let path = match run.info.rounds[block.index()] {
                true => seen[index as usize].clone(),
                // Nothing enters it any more: its paths come in their order, and no other is compared with them.
                false => seen.remove(0),
            };
            self.block(&mut run, block, path);
            if self.exhausted {
                break;
            }
        }
        let ended = &self.frames[frame as usize];
        let keep = |path: &mut Path| path.locals.retain(|slot, _| ended.own_local(*slot).is_none());
        run.exits.returns.iter_mut().for_each(|returned| keep(&mut returned.path));
        run.exits.throws.iter_mut().for_each(keep);
        run.exits
    }

    pub(super) fn info(&mut self, function: FuncRef) -> Rc<Info> {
        if let Some(info) = self.infos.get(&function) {
            return info.clone();
        }
        let info = Rc::new(Info::of(self.program, function));
        self.infos.insert(function, info.clone());
        info
    }

    fn block(&mut self, run: &mut Run, block: BlockId, path: Path) {
        let function = self.function(run.frame);
        let (mut paths, mut next) = (vec![path], Vec::new());
        for (index, statement) in function.blocks[block.index()].ops.iter().enumerate() {
            let site = Site { frame: run.frame, block, op: index as u32 };
            for path in paths.drain(..) {
                // A step costs what the path it works on is large.
                self.steps += 1 + (path.objects.len() + path.locals.len() + path.heap.len()) as u32 / 32;
                if self.steps > self.options.step_budget {
                    self.exhausted = true;
                    return;
                }
                let done = next.len();
                let over = self.about_to_lose(run.frame, &path, statement);
                let asked = self.asked_in(site, &path, statement);
                self.op(run, site, statement, path, &mut next);
                self.pass_answer_on(site, statement, asked, &next[done..]);
                if let Some((old, name)) = over {
                    let at = self.location(run.frame, statement.span);
                    next[done..].iter_mut().for_each(|path| path.written_over(Some(&old), name, at));
                }
            }
            if next.len() > 1 {
                next = merge(next, Symbol::of(site).0);
            }
            std::mem::swap(&mut paths, &mut next);
            let dying = &run.info.dying[block.index()][index];
            for path in &mut paths {
                for local in dying {
                    path.locals.remove(&self.slot(run.frame, *local));
                }
                if index % SWEEP_EVERY == SWEEP_EVERY - 1 {
                    self.sweep(path);
                }
            }
        }
        for path in paths {
            self.end(run, block, path);
        }
    }

    /// The memory that a variable leads to which an operation is about to write, and the variable's name.
    fn about_to_lose(&self, frame: u32, path: &Path, statement: &crate::ir::Statement) -> Option<(Value, &'a Name)> {
        let local = crate::ir::written(&statement.op)?;
        let name = &self.function(frame).locals.get(local.index())?.name;
        let old = path.locals.get(&self.slot(frame, local)).filter(|_| !name.is_empty())?;
        matches!(old, Value::Pointer(..)).then(|| (old.clone(), name))
    }

    fn end(&mut self, run: &mut Run, block: BlockId, mut path: Path) {
        let body = &self.function(run.frame).blocks[block.index()];
        let at = self.location(run.frame, body.end_span);
        match &body.end {
            Terminator::Goto(to) => self.leave(run, block, *to, at, path),
            Terminator::Branch { cond, then, otherwise, written } => {
                self.note_condition(run.frame, &path, cond);
                let on_parameter = self.tests_parameter(run.frame, &path, cond);
                let zero = self.tests_zero(run.frame, &path, cond);
                let [mut held, mut failed] = self.split(run.frame, block, path, cond);
                if *written != Written::Implied {
                    let open = held.is_some() && failed.is_some();
                    for (path, side) in [(&mut held, true), (&mut failed, false)] {
                        let Some(path) = path else { continue };
                        let holds = (*written == Written::AsIs) == side;
                        // A branch that was decided before says nothing new of what the function was given.
                        let before = path.branch.is_some_and(|branch| branch.on_parameter);
                        let on_parameter = if open { on_parameter } else { before };
                        let zero = zero.map(|(parameter, truth)| (parameter, truth == side));
                        path.branch = Some(Branch { at, holds, on_parameter, zero });
                    }
                }
                for (path, to) in [(held, *then), (failed, *otherwise)] {
                    if let Some(path) = path {
                        self.leave(run, block, to, at, path);
                    }
                }
            }
            Terminator::Return(operand) => {
                let value = operand.as_ref().map_or(Value::Null, |operand| self.operand(run.frame, &path, operand));
                let by_value = self.resolved(run.frame).types.result().clone();
                let by = self.class_name(&by_value);
                let site = Site { frame: run.frame, block, op: u32::MAX };
                let value = self.given_by_value(site, &mut path, &by_value, value, by);
                // Falling off the end is a return at the closing brace.
                let off_the_end = operand.is_none() && body.end_span.end - body.end_span.start <= 1;
                let exit = if off_the_end { Exit::End } else { Exit::Return };
                self.check_returned(&mut path, &value, at);
                self.check_dangling(&path, run.frame, &value, at);
                if let Value::Closure(closure) = value {
                    self.return_closure(&mut path, closure, at);
                }
                path.flight = None;
                push_return(&mut run.exits.returns, Returned { path, value, exit, at });
            }
            Terminator::Throw(operand) => {
                if let Some(operand) = operand {
                    let value = self.operand(run.frame, &path, operand);
                    self.escape(&mut path, &value);
                }
                let thrown = operand.as_ref().and_then(|operand| local_type(self.resolved(run.frame), operand));
                let mistake = matches!(&thrown, Some(Ty::Model(ty, _)) if self.models.ty(*ty).mistake);
                let thrower = (!mistake).then_some((Thrower::Throw, at));
                self.throw(run, block, path, Flight { thrown, ..Flight::of(thrower) });
            }
            Terminator::Resume => {
                let flight = path.flight.take().unwrap_or(Flight::of(None));
                self.throw(run, block, path, flight);
            }
            Terminator::Unreachable => {}
        }
    }

    fn leave(&mut self, run: &mut Run, from: BlockId, to: BlockId, at: Location, mut path: Path) {
        if to <= from {
            path.turned = Some(at);
            self.go_round(&mut path, run.frame, to);
        }
        self.enter(run, to, path);
    }

    /// A loop goes round. What was released in this round may have been so under a condition that holds but once:
    /// nothing is certain of it in the next.
    fn go_round(&mut self, path: &mut Path, frame: u32, header: BlockId) {
        let block = &self.function(frame).blocks[header.index()];
        let start = block.ops.iter().map(|statement| statement.span.start).chain([block.end_span.start]).min();
        let start = self.location(frame, Span::new(start.unwrap_or_default(), 0));
        let mut passed = Vec::new();
        for (id, object) in path.objects.iter_mut() {
            if object.ownership == Ownership::Released
                && object
                    .story
                    .released_at()
                    .is_some_and(|at| at.file == start.file && at.span.start >= start.span.start)
            {
                self.ledger.entry(id.origin).or_default().settle(object);
                object.settled = true;
                // What lies in memory of the caller's is another thing in each round.
                if object.path.as_ref().is_some_and(|at| !at.steps.is_empty()) {
                    passed.push(*id);
                } else {
                    object.ownership = Ownership::Escaped;
                }
            }
        }
        path.heap.retain(|_, value| !value.object().is_some_and(|id| passed.contains(&id)));
    }

    /// An exception leaves an operation of `block`.
    pub(super) fn throw(&mut self, run: &mut Run, block: BlockId, mut path: Path, flight: Flight) {
        path.doubtful |= flight.thrower.is_none();
        path.flight = Some(flight);
        match self.function(run.frame).blocks[block.index()].handler {
            Some(handler) => self.enter(run, handler, path),
            None if path.doubtful && !self.frames[run.frame as usize].guarded => {}
            None => push_throw(&mut run.exits.throws, path),
        }
    }

    /// Whether anybody sees a merely possible exception of `block`.
    pub(super) fn sees_exceptions(&self, run: &Run, block: BlockId) -> bool {
        self.function(run.frame).blocks[block.index()].handler.is_some() || self.frames[run.frame as usize].guarded
    }

    fn enter(&mut self, run: &mut Run, block: BlockId, mut path: Path) {
        let frame = &self.frames[run.frame as usize];
        let live = &run.info.live;
        let stays = |slot: &Slot| frame.own_local(*slot).is_none_or(|local| live.is_live(block, local));
        if !path.locals.keys().all(stays) {
            path.locals.retain(|slot, _| stays(slot));
        }
        if !run.info.resumes[block.index()] {
            path.flight = None;
        }
        self.sweep(&mut path);
        let at = Symbol::of((run.frame, block)).0;
        let seen = &mut run.seen[block.index()];
        for (index, old) in seen.iter_mut().enumerate() {
            if old.same_ownership(&path) {
                if old.join_scalars(&path, at) {
                    run.queue.insert((block, index as u32));
                }
                return;
            }
        }
        if seen.len() < MAX_PATHS {
            seen.push(path);
            run.queue.insert((block, seen.len() as u32 - 1));
            return;
        }
        // What nothing leads to any more is lost on every way from here: paths need not be kept apart for it.
        let thrown = self.thrown_by(run.frame, block);
        let place = thrown.unwrap_or(self.at);
        for known in run.seen[block.index()].iter_mut().chain([&mut path]) {
            known.abandon(&mut |id, object, path| {
                self.ledger.entry(id.origin).or_default().abandon(object, thrown.is_some(), place, path);
            });
        }
        let seen = &mut run.seen[block.index()];
        if let Some(index) = seen.iter().position(|old| old.same_ownership(&path)) {
            if seen[index].join_scalars(&path, at) {
                run.queue.insert((block, index as u32));
            }
            return;
        }
        let nearest = (0..seen.len()).min_by_key(|&index| seen[index].distance(&path)).unwrap_or(0);
        if seen[nearest].join(&path, at) {
            run.queue.insert((block, nearest as u32));
        }
    }

    /// The `throw` with which a block leaves the function.
    fn thrown_by(&self, frame: u32, block: BlockId) -> Option<Location> {
        let body = &self.function(frame).blocks[block.index()];
        let leaves = body.handler.is_none() && !self.frames[frame as usize].guarded;
        let throws = matches!(body.end, Terminator::Throw(_));
        (leaves && throws).then(|| self.location(frame, body.end_span))
    }

    fn sweep(&mut self, path: &mut Path) {
        let comparisons = &self.comparisons;
        let ledger = &mut self.ledger;
        path.sweep(
            &|symbol| comparisons.get(&symbol).map(|comparison| comparison.parts.as_slice()),
            &self.parameters,
            &mut |id, object| ledger.entry(id.origin).or_default().settle(object),
        );
    }

    /// The value of an operand.
    pub(super) fn operand(&self, frame: u32, path: &Path, operand: &Operand) -> Value {
        use crate::ir::{ArithOp, Const};
        match operand {
            Operand::Local(local) => self.local(frame, path, *local),
            // Native languages know but one null.
            Operand::Const(Const::Null) if self.is_native(frame) => Value::NullPointer,
            Operand::Const(constant) => constant_value(constant),
            Operand::SizeOf(ty) => Value::Symbol(Symbol::of(("size", ty))),
            Operand::Length(local) => Value::Symbol(Symbol::of(("length", self.local(frame, path, *local)))),
            Operand::Arith(arith) => {
                let [left, right] = arith.sides.each_ref().map(|operand| self.operand(frame, path, operand));
                match (&left, &right) {
                    (Value::Int(a), Value::Int(b)) => Value::Int(match arith.op {
                        ArithOp::Add => a.wrapping_add(*b),
                        ArithOp::Sub => a.wrapping_sub(*b),
                        ArithOp::Mul => a.wrapping_mul(*b),
                        ArithOp::Or => a | b,
                        ArithOp::And => a & b,
                        ArithOp::Shl => a.checked_shl(u32::try_from(*b).unwrap_or(64)).unwrap_or(0),
                    }),
                    _ => constant_value(&Const::Other).or_symbol(Symbol::of((arith.op as u8, left, right))),
                }
            }
        }
    }

    /// The value of a local.
    pub(super) fn local(&self, frame: u32, path: &Path, local: LocalId) -> Value {
        let slot = self.slot(frame, local);
        path.locals.get(&slot).cloned().unwrap_or(Value::Symbol(Symbol::of(("unset", slot))))
    }

    /// Writes a local. What goes into a local that a closure shares is out of sight.
    pub(super) fn assign(&mut self, frame: u32, path: &mut Path, local: LocalId, value: Value) {
        let slot = self.slot(frame, local);
        let alone = self.frames[frame as usize].depth == 0
            && self.function(frame).locals.get(local.index()).is_some_and(|local| local.kind == LocalKind::Captured);
        if let Some(local) = self.function(frame).locals.get(local.index())
            && local.kind == LocalKind::Captured
        {
            self.keep(path, &value, &local.name, None);
        }
        if alone || self.shared.contains(&slot) {
            self.escape(path, &value);
        }
        let known = &self.function(frame).locals[local.index()];
        let name = &known.name;
        if let Some(object) = value.object()
            && !name.is_empty()
            && known.kind != LocalKind::This
        {
            path.name(object, name);
            self.note_holder(frame, local, object);
        }
        path.locals.insert(slot, value);
    }
}

impl Value {
    fn or_symbol(self, symbol: Symbol) -> Value {
        match self {
            Value::Symbol(_) => Value::Symbol(symbol),
            known => known,
        }
    }
}

pub(super) fn constant_value(constant: &crate::ir::Const) -> Value {
    use crate::ir::Const;
    match constant {
        Const::Null => Value::Null,
        Const::Bool(value) => Value::Bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Str(value) => Value::Str(value.clone()),
        Const::Other => Value::Symbol(Symbol::of("constant")),
    }
}

/// Joins paths that differ in nothing that matters, and the nearest ones when there are too many.
fn merge(paths: Vec<Path>, at: u64) -> Vec<Path> {
    let mut kept: Vec<Path> = Vec::with_capacity(paths.len());
    for path in paths {
        if let Some(same) = kept.iter_mut().find(|kept| kept.same_ownership(&path)) {
            same.join_scalars(&path, at);
        } else if kept.len() < MAX_PATHS {
            kept.push(path);
        } else if let Some(nearest) = kept.iter_mut().min_by_key(|kept| kept.distance(&path)) {
            nearest.join(&path, at);
        }
    }
    kept
}

fn push_return(returns: &mut Vec<Returned>, returned: Returned) {
    let count = returns.len();
    let same = returns
        .iter_mut()
        .find(|old| old.at == returned.at && old.value == returned.value && old.path.same_ownership(&returned.path));
    if let Some(old) = same {
        old.path.join_scalars(&returned.path, Symbol::of(("return", returned.at)).0);
    } else if count < MAX_EXITS {
        returns.push(returned);
    } else if let Some(last) = returns.last_mut() {
        last.path.join(&returned.path, 0);
        last.value = Value::Symbol(Symbol::of("one of many"));
    }
}

fn push_throw(throws: &mut Vec<Path>, path: Path) {
    if let Some(old) = throws.iter_mut().find(|old| old.same_ownership(&path)) {
        old.join_scalars(&path, 0);
    } else if throws.len() < MAX_EXITS {
        // What more exceptions than that have in common was seen on the first ones.
        throws.push(path);
    }
}
