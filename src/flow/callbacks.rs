//! What native code passes to Dart's callbacks: noted where it calls them, settled when it is known what becomes of it,
//! and given to the Dart functions as what their parameters are.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::calls::ArgValue;
use super::engine::{Engine, Exits, Origin, OriginKey, Site};
use super::path::{Object, Path, Story};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{BlockId, LocalId, Name, Op, Terminator};
use crate::link::callbacks::{Callbacks, Place};
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::source::{Location, Span};
use crate::state::{Event, MemoryFamily, Ownership as State};
use crate::summary::{Basis, FamilyId, Root};
use crate::target::TargetSet;
use crate::violation::{Owner, Step, StepKind};

/// How many native functions that hand on what they were given are gone back through.
const MAX_HOPS: usize = 4;

/// An argument of a native call that a callback receives.
pub(super) type Slot = (Place, u16);

/// That an object was passed to a callback, and what became of it since.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Handed {
    slot: Slot,
    /// It was released, or ended with its scope.
    ended: bool,
    /// Somebody else may have it.
    strayed: bool,
}

/// What an argument was when it was passed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gift {
    slot: Slot,
    kind: Kind,
    object: Option<ObjectId>,
    steps: Vec<Step>,
    targets: TargetSet,
    non_null: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// Null.
    Nothing,
    /// A block that this function owns.
    Owned(FamilyId),
    /// Memory that a value of this function owns.
    Lent,
    /// Memory that a place which outlives the call leads to.
    Kept(Owner),
    /// Somebody else's for certain.
    Borrowed(Owner),
    /// What this function was given.
    Given(usize),
    Unknown,
}

/// What native code passes at one argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Passed {
    slot: Slot,
    what: What,
    steps: Vec<Step>,
    targets: TargetSet,
    non_null: bool,
    /// It ends soon after the call, and nothing waits in between.
    gone: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Nothing,
    Owned(FamilyId),
    Borrowed(Owner),
    Given(usize),
    Unknown,
}

/// The callbacks that native code does not wait for.
const LISTENER: &str = "NativeCallable.listener";

/// What a callback's parameter is.
#[derive(Clone, Debug)]
struct Contract {
    what: What,
    /// The native function that calls.
    by: Name,
    steps: Vec<Step>,
    targets: TargetSet,
    non_null: bool,
    /// It is gone when the callback runs.
    gone: bool,
}

/// What the parameters of the program's callbacks are, as far as it is certain.
#[derive(Default)]
pub(super) struct Contracts {
    params: FxHashMap<(FuncRef, usize), Contract>,
}

impl Contracts {
    /// From all that native code was seen to pass.
    pub(super) fn new(program: &Program, passed: Vec<Passed>) -> Self {
        let mut by_slot: FxHashMap<Slot, Vec<Passed>> = FxHashMap::default();
        for one in passed {
            by_slot.entry(one.slot).or_default().push(one);
        }
        let callbacks = program.callbacks();
        let mut params: FxHashMap<(FuncRef, usize), Option<Contract>> = FxHashMap::default();
        for callback in callbacks.list() {
            for (at, arg) in callback.params.iter().enumerate() {
                let contract = arg.filter(|_| callback.is_seen && !callback.calls.is_empty()).and_then(|arg| {
                    let slots = callback.calls.iter().map(|call| (*call, arg));
                    let mut contract = joined(slots.map(|slot| settled(program, callbacks, &by_slot, slot, MAX_HOPS)))?;
                    contract.gone &= callback.maker == LISTENER;
                    Some(contract)
                });
                params
                    .entry((callback.function, at))
                    .and_modify(|known| *known = joined([known.take(), contract.clone()].into_iter()))
                    .or_insert(contract);
            }
        }
        let certain = |what: &What| matches!(what, What::Owned(_) | What::Borrowed(_));
        let params = params.into_iter().filter_map(|(param, contract)| Some((param, contract?)));
        Self { params: params.filter(|(_, contract)| certain(&contract.what)).collect() }
    }
}

/// What is passed at a slot on all paths, gone back to the callers of a function that hands on what it was given.
fn settled(
    program: &Program,
    callbacks: &Callbacks,
    by_slot: &FxHashMap<Slot, Vec<Passed>>,
    slot: Slot,
    hops: usize,
) -> Option<Contract> {
    let function = slot.0.function;
    let each = by_slot.get(&slot)?.iter().map(|passed| match passed.what {
        What::Given(param) => {
            let outer = u16::try_from(param).ok().filter(|_| hops > 0)?;
            let callers = callbacks.callers(function).iter();
            let slots = callers.map(|caller| (*caller, outer));
            let mut contract = joined(slots.map(|slot| settled(program, callbacks, by_slot, slot, hops - 1)))?;
            // Its end stays last.
            let ends = contract.steps.last().is_some_and(|step| is_end(&step.kind));
            let before = contract.steps.len() - usize::from(ends);
            contract.steps.splice(before..before, passed.steps.iter().cloned());
            contract.gone &= passed.gone;
            Some(contract)
        }
        _ => Some(Contract {
            what: passed.what.clone(),
            by: called_by(program, function),
            steps: passed.steps.clone(),
            targets: passed.targets,
            non_null: passed.non_null,
            gone: passed.gone,
        }),
    });
    joined(each)
}

/// What people call the function that calls: for a closure that around it.
fn called_by(program: &Program, function: FuncRef) -> Name {
    let body = program.function(function);
    if body.name.is_empty() { body.qualified.clone() } else { body.name.clone() }
}

/// What several have in common; nothing where they disagree or one is not known.
fn joined(mut each: impl Iterator<Item = Option<Contract>>) -> Option<Contract> {
    let mut found = each.next()??;
    for other in each {
        let other = other?;
        let non_null = found.non_null && other.non_null;
        let targets = found.targets.or(other.targets);
        let gone = found.gone && other.gone;
        found = match (&found.what, &other.what) {
            (What::Unknown, _) | (_, What::Unknown) => return None,
            (What::Nothing, _) => other,
            (_, What::Nothing) | (What::Borrowed(_), What::Borrowed(_)) => found,
            (one, two) if one == two => found,
            _ => return None,
        };
        (found.non_null, found.targets, found.gone) = (non_null, targets, gone);
    }
    Some(found)
}

impl Engine<'_> {
    fn place(&self, site: Site) -> Place {
        Place { function: self.frames[site.frame as usize].function, block: site.block, op: site.op }
    }

    /// Whether a callback receives an argument of a call.
    pub(super) fn calls_back(&self, site: Site) -> bool {
        let callbacks = self.program.callbacks();
        !callbacks.is_empty() && callbacks.passed_at(self.place(site)).is_some()
    }

    /// What a call passes to callbacks.
    pub(super) fn gifts(&self, site: Site, name: &Name, args: &[ArgValue], at: Location, path: &Path) -> Vec<Gift> {
        let callbacks = self.program.callbacks();
        if callbacks.is_empty() {
            return Vec::new();
        }
        let place = self.place(site);
        let Some(wanted) = callbacks.passed_at(place) else { return Vec::new() };
        let gift = |arg: &u16| {
            let passed = args.get(usize::from(*arg))?;
            let (kind, object) = self.kind(path, passed);
            let known = object.and_then(|id| path.objects.get(&id));
            let mut steps = known.map(|object| object.story.steps.clone()).unwrap_or_default();
            steps.push(Step { kind: StepKind::CalledBack { by: name.clone() }, location: at });
            let non_null = known.is_some_and(|object| object.non_null);
            Some(Gift { slot: (place, *arg), kind, object, steps, targets: path.targets, non_null })
        };
        wanted.iter().filter_map(gift).collect()
    }

    fn kind(&self, path: &Path, passed: &ArgValue) -> (Kind, Option<ObjectId>) {
        let (id, whole) = match &passed.value {
            Value::Null | Value::NullPointer => return (Kind::Nothing, None),
            Value::Str(_) => return (Kind::Borrowed(Owner::Static), None),
            Value::Pointer(id, offset) => (*id, *offset == Offset::Start),
            Value::View(id, _) => (*id, false),
            _ => return (Kind::Unknown, None),
        };
        let Some(object) = path.objects.get(&id) else { return (Kind::Unknown, None) };
        let owner = &self.origins[id.origin as usize].owner;
        let kind = match (object.ownership, &object.path) {
            (State::Static, _) => Kind::Borrowed(Owner::Static),
            (State::Local, _) => Kind::Borrowed(owner.clone()),
            (State::Borrowed, None) => Kind::Borrowed(owner.clone()),
            _ if !whole => Kind::Unknown,
            (State::Owned(MemoryFamily::Known(family)), None) if !id.older && self.is_alone(path, id, object) => {
                Kind::Owned(family)
            }
            (State::Managed, None) if object.scope.is_none() && object.attached.is_none() => Kind::Lent,
            (State::Unknown | State::Escaped, Some(at)) => match (&at.root, at.steps.is_empty()) {
                (Root::Param(index), true) => Kind::Given(usize::from(*index)),
                // A table of texts. What else a variable or a field leads to may be the callback's from now on.
                (Root::Static(name), _)
                    if self.program.callbacks().is_constant(name) && self.is_held(path, id, passed) =>
                {
                    Kind::Kept(Owner::Value(name.clone()))
                }
                _ => Kind::Unknown,
            },
            _ => Kind::Unknown,
        };
        (kind, Some(id))
    }

    /// Whether nothing but this function leads to what it owns.
    fn is_alone(&self, path: &Path, id: ObjectId, object: &Object) -> bool {
        let kept = path.heap.iter().any(|((owner, _), value)| {
            value.object() == Some(id)
                && path.objects.get(owner).is_some_and(|owner| {
                    owner.path.is_some() || !matches!(owner.ownership, State::Local | State::Owned(_))
                })
        });
        !kept && object.given.is_none() && object.story.retained.is_none() && object.guard.is_none()
    }

    /// Whether a place that outlives the call leads to plain memory.
    fn is_held(&self, path: &Path, id: ObjectId, passed: &ArgValue) -> bool {
        let plain = matches!(&passed.ty, Some(Ty::Pointer(to)) if **to == Ty::Scalar);
        plain && leads_to(path, id)
    }

    /// The call is done: what it passed to callbacks is watched from here on.
    pub(super) fn hand_over(&mut self, gifts: Vec<Gift>, paths: &mut [Path]) {
        for gift in gifts {
            for path in &mut *paths {
                let Some(object) = gift.object.and_then(|id| path.objects.get_mut(&id)) else { continue };
                let ended = object.ownership == State::Released;
                let story = Rc::make_mut(&mut object.story);
                match story.handed.iter_mut().find(|handed| handed.slot == gift.slot) {
                    Some(again) => again.strayed = true,
                    None => story.handed.push(Handed { slot: gift.slot, ended, strayed: false }),
                }
                if let Some(step) = gift.steps.last()
                    && story.steps.last() != Some(step)
                {
                    story.steps.push(step.clone());
                }
            }
            if !self.gifts.contains(&gift) {
                self.gifts.push(gift);
            }
        }
    }

    /// All that the analysed function, and the closures run in it, were seen to pass to callbacks.
    pub(super) fn passed(&mut self, held: &[ObjectId]) -> Vec<Passed> {
        let gifts = std::mem::take(&mut self.gifts);
        let mut all: Vec<Passed> = Vec::new();
        for gift in gifts {
            let ends: Vec<&Rc<Story>> = match gift.object {
                Some(id) => {
                    self.ledger.get(&id.origin).into_iter().flat_map(|ledger| ledger.handed(gift.slot)).collect()
                }
                None => Vec::new(),
            };
            let of = |story: &&Rc<Story>| story.handed.iter().find(|handed| handed.slot == gift.slot).cloned();
            let fates: Vec<Handed> = ends.iter().filter_map(of).collect();
            let strayed = fates.iter().any(|fate| fate.strayed);
            let all_ended = !fates.is_empty() && fates.iter().all(|fate| fate.ended);
            let none_ended = !fates.is_empty() && fates.iter().all(|fate| !fate.ended);
            let shared = ends.iter().any(|story| story.handed.len() > 1);
            let ours = || Owner::Value(called_by(self.program, self.root));
            let what = match &gift.kind {
                Kind::Nothing => What::Nothing,
                Kind::Borrowed(owner) => What::Borrowed(owner.clone()),
                Kind::Unknown => What::Unknown,
                _ if strayed => What::Unknown,
                Kind::Owned(_) | Kind::Lent | Kind::Given(_) if all_ended => What::Borrowed(ours()),
                Kind::Owned(family) if none_ended && !shared => What::Owned(*family),
                Kind::Given(param) if none_ended && !shared => What::Given(*param),
                Kind::Kept(owner) if none_ended && gift.object.is_some_and(|id| held.contains(&id)) => {
                    What::Borrowed(owner.clone())
                }
                _ => What::Unknown,
            };
            let ended =
                matches!((&what, &gift.kind), (What::Borrowed(_), Kind::Owned(_) | Kind::Lent | Kind::Given(_)));
            let mut steps = ends.first().filter(|_| ended).map_or(gift.steps, |story| story.steps.clone());
            let quiet = gift.slot.0.function == self.root && is_quiet_after(self.program, self.models, gift.slot.0);
            let gone = quiet
                && match (&what, &gift.kind) {
                    (What::Nothing | What::Given(_), _) => true,
                    (What::Borrowed(_), Kind::Borrowed(Owner::Variable(name))) => {
                        steps.push(self.end_of(name.clone()));
                        true
                    }
                    (What::Borrowed(_), Kind::Owned(_) | Kind::Lent | Kind::Given(_)) => {
                        steps.last().is_some_and(|step| is_end(&step.kind))
                    }
                    _ => false,
                };
            let Gift { slot, targets, non_null, .. } = gift;
            let passed = Passed { slot, what, steps, targets, non_null, gone };
            if !all.contains(&passed) {
                all.push(passed);
            }
        }
        all
    }

    /// The end of the analysed function, and of a variable with it.
    fn end_of(&self, of: Name) -> Step {
        let end = self.program.function(self.root).span.end;
        let file = self.program.units[self.root.unit as usize].file;
        let location = Location { file, span: Span::new(end.saturating_sub(1), end) };
        Step { kind: StepKind::Dropped { of }, location }
    }

    /// Of the memory that callbacks were passed that to which a place leads wherever the function ends.
    pub(super) fn still_held(&self, exits: &Exits) -> Vec<ObjectId> {
        let kept = |path: &Path, id: ObjectId| !path.objects.contains_key(&id) || leads_to(path, id);
        let passed = self.gifts.iter().filter_map(|gift| gift.object);
        passed.filter(|id| exits.returns.iter().all(|returned| kept(&returned.path, *id))).collect()
    }

    /// What a callback's parameter is, where native code shows it.
    pub(super) fn callback_argument(
        &mut self,
        path: &mut Path,
        local: LocalId,
        param: usize,
        location: Location,
    ) -> Option<Value> {
        let contract = self.summaries.callbacks.get()?.params.get(&(self.root, param))?.clone();
        let (state, family, owner) = match contract.what {
            What::Owned(family) => (State::Owned(MemoryFamily::Known(family)), Some(family), Owner::Library),
            // The callback runs when the native code is long done with it.
            What::Borrowed(owner) if contract.gone => (State::Released, None, owner),
            What::Borrowed(owner) => (State::Borrowed, None, owner),
            What::Nothing | What::Given(_) | What::Unknown => return None,
        };
        let made_by = contract.steps.iter().find_map(|step| match &step.kind {
            StepKind::Allocated { by, .. } => Some(by.clone()),
            _ => None,
        });
        let matters = family.map(|family| self.models.family(family)).is_some_and(|family| {
            family.kind == FamilyKind::Memory || family.kind == FamilyKind::Pair && family.name.starts_with("rust.")
        });
        let origin = self.origin(OriginKey::Entry(local), |_| Origin {
            by: contract.by.clone(),
            made_by: made_by.unwrap_or(contract.by),
            location,
            basis: Basis::Body,
            family,
            owner,
            targets: contract.targets,
            leak_matters: matters,
            part_of: None,
            sometimes: false,
        });
        let story = Story { steps: contract.steps, ..Story::default() };
        let object =
            Object { ownership: state, non_null: contract.non_null, story: Rc::new(story), ..Object::unknown(None) };
        let object = self.allocate(path, origin, object);
        Some(Value::Pointer(object, Offset::Start))
    }
}

impl Engine<'_> {
    /// Whether an object is what the analysed callback was passed.
    pub(super) fn is_callback_argument(&self, id: ObjectId) -> bool {
        let params = self.program.function(self.root).params.iter();
        let mut keys = params.map(|param| OriginKey::Entry(param.local));
        keys.any(|key| self.known_origin(&key) == Some(id.origin))
    }
}

impl Object {
    /// What an event means for an object that a callback was passed.
    pub(super) fn note_fate(&mut self, event: Event) {
        if self.story.handed.is_empty() {
            return;
        }
        let story = Rc::make_mut(&mut self.story);
        for handed in &mut story.handed {
            match event {
                Event::Release { .. } | Event::ManagedRelease => handed.ended = true,
                Event::Escape | Event::Take | Event::Return | Event::Register => handed.strayed = true,
                Event::Use | Event::End => {}
            }
        }
    }

    /// It is not known any more what becomes of an object that a callback was passed.
    pub(super) fn blur_fate(&mut self) {
        self.note_fate(Event::Escape);
    }
}

impl Story {
    /// Whether it was passed to a callback there.
    pub(super) fn was_handed(&self, slot: Slot) -> bool {
        self.handed.iter().any(|handed| handed.slot == slot)
    }
}

fn is_end(step: &StepKind) -> bool {
    matches!(step, StepKind::Released { .. } | StepKind::Dropped { .. })
}

/// Whether nothing is called behind a place that could wait: all that may come is known to do other things.
fn is_quiet_after(program: &Program, models: &ModelSet, place: Place) -> bool {
    let (body, resolved) = (program.function(place.function), program.resolved(place.function));
    let callbacks = program.callbacks();
    let mut seen: FxHashSet<BlockId> = FxHashSet::default();
    let mut todo = vec![(place.block, place.op as usize + 1)];
    while let Some((id, from)) = todo.pop() {
        let (Some(block), Some(targets)) = (body.blocks.get(id.index()), resolved.targets.get(id.index())) else {
            return false;
        };
        for ((statement, target), op) in block.ops.iter().zip(targets).zip(0_u32..).skip(from) {
            let model = match target {
                Target::Model(model) | Target::Native { model: Some(model), .. } => Some(*model),
                _ => None,
            };
            let quiet = |model| !models.hints().says(Hint::Waits, &models.function(model).name);
            let known = model.is_some_and(quiet)
                || callbacks.passed_at(Place { function: place.function, block: id, op }).is_some();
            if matches!(statement.op, Op::Call(_)) && !known {
                return false;
            }
        }
        let next = match &block.end {
            Terminator::Goto(to) => [Some(*to), None],
            Terminator::Branch { then, otherwise, .. } => [Some(*then), Some(*otherwise)],
            _ => [None, None],
        };
        todo.extend(next.into_iter().flatten().filter(|to| seen.insert(*to)).map(|to| (to, 0)));
    }
    true
}

fn leads_to(path: &Path, id: ObjectId) -> bool {
    path.heap.iter().any(|((owner, _), value)| {
        value.object() == Some(id) && path.objects.get(owner).is_some_and(|owner| owner.path.is_some())
    })
}
