//! One path through a function: what its locals hold, what is known of each object, and which targets can take it.

use std::rc::Rc;

use smallvec::SmallVec;

use super::shared::Shared;
use super::sizes::Asked;
use super::table::Table;
use super::value::{ObjectId, Symbol, Value};
use crate::ir::Name;
use crate::link::{Ty, VarRef};
use crate::models::VariableId;
use crate::source::Location;
use crate::state::{self, Ownership};
use crate::summary::{AccessPath, FamilyId};
use crate::target::TargetSet;
use crate::violation::{Leaving, Step, Thrower};

/// A local of one activation of a function; frames hand out their ranges.
pub(super) type Slot = u32;

/// An object on one path.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Who must release it.
    pub(super) ownership: Ownership,
    /// The scope that will release it.
    pub(super) scope: Option<ObjectId>,
    /// Known not to be null.
    pub(super) non_null: bool,
    /// It exists only when that status is a success (or a failure).
    pub(super) guard: Option<(Symbol, bool)>,
    /// The finalizer that will release it.
    pub(super) attached: Option<Attached>,
    /// Where it lies as the function's caller sees it.
    pub(super) path: Option<Rc<AccessPath>>,
    /// It was put into memory of the caller's, and nowhere else: the caller becomes the owner of that family's memory.
    pub(super) given: Option<FamilyId>,
    /// It counts as escaped only because a path was joined on which it did not exist.
    pub(super) blurred: bool,
    /// What became of it is noted already; what comes after that is not known. No part of the state.
    pub(super) settled: bool,
    /// The story so far; no part of the state.
    pub(super) story: Rc<Story>,
}

/// A finalizer's registration.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attached {
    /// The object by which it can be withdrawn.
    pub(super) key: Option<Value>,
    /// The family that the finalizer releases, where it is known.
    pub(super) family: Option<FamilyId>,
    /// The native function that it runs, where that is known.
    pub(super) symbol: Option<Name>,
}

/// How an object left the arena it lies in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Left {
    pub(super) how: Leaving,
    pub(super) at: Location,
    /// The field or static variable that it is kept in.
    pub(super) variable: Option<VarRef>,
}

/// Something that captured an object, and may outlive the arena it lies in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Captured {
    /// The call, as written.
    pub(super) by: Name,
    pub(super) at: Location,
    pub(super) how: Later,
}

/// What captured an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Later {
    /// A closure that runs some time later; nothing waits for it.
    Detached,
    /// Asynchronous code that was started in the arena; nothing waits for it.
    Unawaited,
    /// A closure that runs when this is walked.
    Lazy(Symbol),
    /// The list, record or map that is this.
    PartOf(Symbol),
}

/// What is told of an object but decides nothing. Copied with every step that is added to it on one of several paths:
/// what is seldom there is kept elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// The steps so far.
    pub(super) steps: Vec<Step>,
    /// The variable or field that first held it.
    pub(super) held_by: Option<Name>,
    /// It was put into memory.
    pub(super) stored: bool,
    /// The call it was last lent to.
    pub(super) lent_to: Option<Name>,
    /// It was lent to a native function of which nothing is known.
    pub(super) assumed: bool,
    /// Where the only variable or field that led to it was written over, and which.
    pub(super) overwritten: Option<(Name, Location)>,
    /// The memory it was stored in was released: the field, the release and where that was.
    pub(super) orphaned: Option<Box<Orphaned>>,
    /// How many bytes were asked for.
    pub(super) asked: Option<Asked>,
    /// The variable of the allocator that was asked.
    pub(super) allocator: Option<VariableId>,
    /// How it last left its arena.
    pub(super) left: Option<Left>,
    /// What captured it for later.
    pub(super) captured: Vec<Captured>,
    /// Where the function put what it was given.
    pub(super) kept: Option<Box<Kept>>,
    /// The native call that keeps its address without owning it.
    pub(super) retained: Option<Box<Retained>>,
    /// The memory that a call put its address in.
    pub(super) lodged: Option<Box<Lodged>>,
    /// Some callee releases it on some of its paths.
    pub(super) perhaps: Option<Box<super::perhaps::Perhaps>>,
    /// A value that was moved or copied out of sight: it need not end with its scope.
    pub(super) loose: bool,
    /// What went out of sight is but its address, in the caller's memory: the value ends with its scope.
    pub(super) address_left: bool,
    /// A member of which nothing is known was called on it: its address may be anywhere.
    pub(super) touched: bool,
    /// It was passed to code that is out of sight and may release it: a callback, a callee that lets it go.
    pub(super) passed_on: bool,
    /// A value looks at it whose type is known by its name alone.
    pub(super) viewed: bool,
    /// It was given to code that may close it, and whose contract does not say.
    pub(super) unfollowed: bool,
    /// The callbacks it was passed to.
    pub(super) handed: Vec<super::callbacks::Handed>,
    /// A callee lent it, and it is known from what: whoever releases that for its owner releases it too.
    pub(super) lent: bool,
    /// The object that it was borrowed from or is itself, where that is known on its own.
    pub(super) lent_of: Option<ObjectId>,
    /// It is an address of its owner's, and ends with that: the pointer by which a callback is called.
    pub(super) own: bool,
    /// It was given to a call, or its address was asked for: somebody may call it.
    pub(super) pointed: bool,
    /// Nothing but its address is ever known.
    pub(super) by_address: bool,
    /// The calls that end it, of those that the owner is given to.
    pub(super) until: Vec<Name>,
    /// The call that ended it, as written.
    pub(super) ended: Option<Name>,
    /// It lies in the memory of a value that owns it, and ends with that: the text of a `std::string` field.
    pub(super) part: bool,
    /// The family as which the value that took it over releases it.
    pub(super) ends_as: Option<FamilyId>,
    /// Finalizers that were attached by it were withdrawn.
    pub(super) detached: bool,
    /// The value that had taken it over gave it up again.
    pub(super) disowned: bool,
    /// The last question that was asked of the call that made it, and the answer.
    pub(super) asked_of: Option<super::questions::Answer>,
    /// The block that the value was made of, and how that was before.
    pub(super) adopted: Option<Rc<(ObjectId, Object)>>,
}

/// Where a function put what it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    /// The memory, as the caller sees it.
    pub(super) into: AccessPath,
    /// The place in it.
    pub(super) key: Name,
    pub(super) at: Location,
    /// It cannot be looked up there at the exit: it was kept by a callee, or as one of many.
    pub(super) unseen: bool,
}

/// Memory in sight that keeps an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lodged {
    /// The memory.
    pub(super) within: ObjectId,
    /// The place in it.
    pub(super) key: Name,
    /// The call that put it there, as written.
    pub(super) by: Name,
    pub(super) at: Location,
    /// Where in the callee.
    pub(super) made: Option<crate::summary::Made>,
}

/// A native call that keeps an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Retained {
    /// The call, as written.
    pub(super) by: Name,
    pub(super) at: Location,
    /// Where, as far as that is known.
    pub(super) place: Option<AccessPath>,
    /// Where in the callee.
    pub(super) stored_at: Option<Location>,
    /// A call came since that may have let go of it.
    pub(super) stale: bool,
}

/// How the memory that an object was stored in went.
#[derive(Clone, Debug)]
pub(super) struct Orphaned {
    /// The field that held the object; `[]` for an element.
    pub(super) field: Name,
    /// The variable that held the memory.
    pub(super) container: Option<Name>,
    /// The release, as written.
    pub(super) by: Name,
}

impl Object {
    fn same(&self, other: &Self) -> bool {
        // Unknown and escaped differ for the summary only: nothing is held against either.
        let silent = |ownership| matches!(ownership, Ownership::Unknown | Ownership::Escaped);
        (self.ownership == other.ownership || silent(self.ownership) && silent(other.ownership))
            && self.scope == other.scope
            && self.non_null == other.non_null
            && self.guard == other.guard
            && self.attached == other.attached
    }
}

/// The exception in flight.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flight {
    /// What threw; `None` when it is merely possible that something did.
    pub(super) thrower: Option<(Thrower, Location)>,
    /// The native call whose failure it tells.
    pub(super) failed: Option<(Name, Location)>,
    /// The type of what is thrown, where that is in sight.
    pub(super) thrown: Option<Ty>,
}

impl Flight {
    /// An exception that is thrown by what is known, or may be thrown.
    pub(super) fn of(thrower: Option<(Thrower, Location)>) -> Self {
        Self { thrower, failed: None, thrown: None }
    }
}

/// One path.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// What the locals hold.
    pub(super) locals: Shared<Table<Slot, Value>>,
    /// The objects.
    pub(super) objects: Shared<Table<ObjectId, Object>>,
    /// What memory holds: object and field path → value.
    pub(super) heap: Shared<Table<(ObjectId, Name), Value>>,
    /// What branches taken say of symbols.
    pub(super) known: Shared<Table<Fact, bool>>,
    /// The targets that can take this path.
    pub(super) targets: TargetSet,
    /// It came through an exception that is merely possible: its leaks are not held against anybody.
    pub(super) doubtful: bool,
    /// The exception in flight, inside handlers and `finally`.
    pub(super) flight: Option<Flight>,
    /// The frame of code that nothing waits for, where that was suspended.
    pub(super) suspended: Option<u32>,
    /// It ran a closure that the function was given.
    pub(super) ran: bool,
    /// The last branch that was decided by something unknown; no part of the state.
    pub(super) branch: Option<Branch>,
    /// Where it last went back to the start of a loop; no part of the state.
    pub(super) turned: Option<Location>,
}

/// A branch that a path took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    /// The condition.
    pub(super) at: Location,
    /// Whether it held, as it is written there.
    pub(super) holds: bool,
    /// It tested what the function was given.
    pub(super) on_parameter: bool,
    /// The parameter that it compared with zero, and whether that is zero on this way.
    pub(super) zero: Option<(Symbol, bool)>,
}

/// A question a branch can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// Is it true?
    True(Symbol),
    /// Is it null?
    Null(Symbol),
    /// Did the call succeed?
    Success(Symbol),
}

impl Fact {
    /// What it is asked of.
    pub(super) fn symbol(&self) -> Symbol {
        let (Self::True(symbol) | Self::Null(symbol) | Self::Success(symbol)) = self;
        *symbol
    }
}

/// What an answer is given of: it holds as long as all its parts are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A value nothing else is known of.
    Symbol(Symbol),
    /// An object's identity.
    Object(ObjectId),
    /// Something that is another thing the next time.
    Passing,
}

/// How deep answers are given of answers.
const MAX_ANSWERS: u32 = 4;

impl Path {
    /// A path at the entry of a function.
    pub(super) fn new(targets: TargetSet) -> Self {
        Self {
            locals: Shared::default(),
            objects: Shared::default(),
            heap: Shared::default(),
            known: Shared::default(),
            targets,
            doubtful: false,
            flight: None,
            suspended: None,
            ran: false,
            branch: None,
            turned: None,
        }
    }

    /// The ownership of an object; unknown for one that is not on this path.
    pub(super) fn ownership(&self, object: ObjectId) -> Ownership {
        self.objects.get(&object).map_or(Ownership::Unknown, |object| object.ownership)
    }

    /// Whether anything leads to the object.
    pub(super) fn reaches(&self, object: ObjectId) -> bool {
        self.locals.values().chain(self.heap.values()).any(|value| match value {
            Value::Element(array, _) => *array == object,
            value => value.object() == Some(object),
        })
    }

    /// Puts `to` in the place of every occurrence of `from`.
    pub(super) fn replace(&mut self, from: &Value, to: &Value) {
        // Each map is copied only where there is something to write.
        if self.locals.values().any(|value| value == from) {
            self.locals.values_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
        }
        if self.heap.values().any(|value| value == from) {
            self.heap.values_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
        }
        let is_key =
            |object: &Object| object.attached.as_ref().is_some_and(|attached| attached.key.as_ref() == Some(from));
        if self.objects.values().any(is_key) {
            let keys = self.objects.values_mut().filter_map(|object| object.attached.as_mut()?.key.as_mut());
            keys.filter(|key| *key == from).for_each(|key| key.clone_from(to));
        }
        let is_asked = |object: &Object| object.story.asked.as_ref().is_some_and(|asked| asked.rests_on(from));
        if self.objects.values().any(is_asked) {
            for object in self.objects.values_mut().filter(|object| is_asked(object)) {
                if let Some(asked) = &mut Rc::make_mut(&mut object.story).asked {
                    asked.replace(from, to);
                }
            }
        }
    }

    /// Remembers the first name that held an object.
    pub(super) fn name(&mut self, object: ObjectId, name: &Name) {
        if let Some(object) = self.objects.get_mut(&object)
            && object.story.held_by.is_none()
        {
            Rc::make_mut(&mut object.story).held_by = Some(name.clone());
        }
    }

    /// Adds a step to an object's story.
    pub(super) fn tell(&mut self, object: ObjectId, step: Step) {
        if let Some(object) = self.objects.get_mut(&object)
            && object.story.steps.last() != Some(&step)
        {
            Rc::make_mut(&mut object.story).steps.push(step);
        }
    }

    /// In how much two paths differ.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let objects = match self.objects.is_one(&other.objects) {
            true => 0,
            false => self.differing_objects(other),
        };
        let locals = differing(&self.locals, &other.locals);
        let heap = differing(&self.heap, &other.heap);
        4 * objects + locals + heap + 8 * usize::from(self.doubtful != other.doubtful)
    }

    fn differing_objects(&self, other: &Self) -> usize {
        let differs =
            |(id, object): &(&ObjectId, &Object)| other.objects.get(id).is_none_or(|theirs| !object.same(theirs));
        self.objects.iter().filter(differs).count()
            + other.objects.keys().filter(|id| !self.objects.contains_key(id)).count()
    }

    /// Removes the owned objects that nothing leads to and nothing else decides on.
    pub(super) fn abandon(&mut self, lost: &mut dyn FnMut(ObjectId, &Object, &Self)) {
        let alone = |id: &ObjectId, object: &Object| {
            matches!(object.ownership, Ownership::Owned(_))
                && object.path.is_none()
                && object.guard.is_none()
                && object.story.captured.is_empty()
                && !self.reaches(*id)
                && self.held(*id).next().is_none()
        };
        let gone: Vec<ObjectId> =
            self.objects.iter().filter(|(id, object)| alone(id, object)).map(|(id, _)| *id).collect();
        for id in gone {
            if let Some(object) = self.objects.remove(&id) {
                lost(id, &object, self);
            }
        }
    }

    /// Removes an object that turned out not to exist: everything that led to it holds `instead`.
    pub(super) fn remove(&mut self, object: ObjectId, instead: &Value) {
        let held: Vec<ObjectId> = self.held(object).filter_map(|(_, value)| value.object()).collect();
        self.objects.remove(&object);
        self.heap.retain(|(owner, _), _| *owner != object);
        for value in self.locals.values_mut().chain(self.heap.values_mut()) {
            if value.object() == Some(object) {
                *value = instead.clone();
            }
        }
        // What came in it did not come either.
        for inner in held {
            let known = self.locals.values().chain(self.heap.values()).any(|value| value.object() == Some(inner));
            if !known && self.objects.get(&inner).is_some_and(|object| object.story.stored) {
                self.remove(inner, instead);
            }
        }
    }

    /// Forgets facts about a symbol whose site gives a new value; old holders keep a symbol of their own.
    pub(super) fn renew(&mut self, symbol: Symbol) {
        let facts = [Fact::True(symbol), Fact::Null(symbol), Fact::Success(symbol)];
        if facts.iter().any(|fact| self.known.contains_key(fact)) {
            self.known.retain(|fact, _| !facts.contains(fact));
        }
        let stale = Symbol::of((symbol, "older"));
        self.replace(&Value::Symbol(symbol), &Value::Symbol(stale));
        self.replace(&Value::Symbol(symbol.view()), &Value::Symbol(stale.view()));
    }

    /// Whether two paths differ in nothing but scalars.
    pub(super) fn same_ownership(&self, other: &Self) -> bool {
        self.targets == other.targets
            && self.doubtful == other.doubtful
            && self.flight == other.flight
            && self.suspended == other.suspended
            && self.ran == other.ran
            && (self.objects.is_one(&other.objects) || self.same_objects(other))
            && (self.heap.is_one(&other.heap) || matter(&self.heap).eq(matter(&other.heap)))
            && (self.locals.is_one(&other.locals) || matter(&self.locals).eq(matter(&other.locals)))
    }

    fn same_objects(&self, other: &Self) -> bool {
        self.objects.len() == other.objects.len()
            && self.objects.iter().zip(other.objects.iter()).all(|((a, x), (b, y))| a == b && x.same(y))
    }

    /// Joins a path that has the [`same_ownership`](Self::same_ownership). Returns whether anything changed.
    pub(super) fn join_scalars(&mut self, other: &Self, at: u64) -> bool {
        let mut changed = join_maps(&mut self.locals, &other.locals, |slot| Symbol::of((at, "local", slot)));
        changed |= join_maps(&mut self.heap, &other.heap, |key| Symbol::of((at, "heap", key)));
        let differ = |(mine, theirs): (&Object, &Object)| mine.ownership != theirs.ownership;
        if !self.objects.is_one(&other.objects) && self.objects.values().zip(other.objects.values()).any(differ) {
            for (mine, theirs) in self.objects.values_mut().zip(other.objects.values()) {
                if mine.ownership != theirs.ownership {
                    changed |= mine.ownership != Ownership::Escaped;
                    mine.ownership = Ownership::Escaped;
                }
            }
        }
        for (id, theirs) in other.objects.iter() {
            if !theirs.settled && self.objects.get(id).is_some_and(|mine| mine.settled) {
                self.objects.get_mut(id).into_iter().for_each(|mine| mine.settled = false);
            }
            // What a call may have let go of on one of the ways is not kept for certain behind them.
            if theirs.story.retained.as_ref().is_some_and(|retained| retained.stale)
                && let Some(mine) = self.objects.get_mut(id)
                && mine.story.retained.as_ref().is_some_and(|retained| !retained.stale)
            {
                Rc::make_mut(&mut mine.story).retained.clone_from(&theirs.story.retained);
                changed = true;
            }
        }
        let before = self.known.len();
        if self.known.iter().any(|(fact, truth)| other.known.get(fact) != Some(truth)) {
            self.known.retain(|fact, truth| other.known.get(fact) == Some(truth));
        }
        changed | (self.known.len() != before)
    }

    /// Joins any path: knowledge that differs is given up, silently. Returns whether anything changed.
    pub(super) fn join(&mut self, other: &Self, at: u64) -> bool {
        let mut changed = false;
        if self.suspended != other.suspended {
            changed |= self.suspended.is_some();
            self.suspended = None;
        }
        changed |= self.ran && !other.ran;
        self.ran &= other.ran;
        let targets = self.targets.or(other.targets);
        changed |= targets != self.targets;
        self.targets = targets;
        // A path that is doubtful on one side stays out of leak findings.
        changed |= other.doubtful && !self.doubtful;
        self.doubtful |= other.doubtful;
        if self.flight != other.flight && self.flight.is_some() {
            self.flight = Some(Flight::of(None));
        }
        let ids: Vec<ObjectId> = self.objects.keys().chain(other.objects.keys()).copied().collect();
        for id in ids {
            match (self.objects.get_mut(&id), other.objects.get(&id)) {
                (Some(mine), Some(theirs)) => {
                    if !mine.same(theirs) {
                        let joined = state::join(mine.ownership, theirs.ownership);
                        mine.blur_fate();
                        changed |= joined != mine.ownership || mine.scope != theirs.scope && mine.scope.is_some();
                        mine.ownership = joined;
                        mine.scope = mine.scope.filter(|scope| theirs.scope == Some(*scope));
                        changed |= mine.non_null && !theirs.non_null;
                        mine.non_null &= theirs.non_null;
                        mine.settled &= theirs.settled;
                        mine.guard = mine.guard.or(theirs.guard);
                    }
                }
                (Some(mine), None) => {
                    let joined = state::join(mine.ownership, Ownership::Escaped);
                    changed |= joined != mine.ownership;
                    mine.blurred |= matches!(mine.ownership, Ownership::Owned(_));
                    mine.ownership = joined;
                }
                (None, Some(theirs)) => {
                    let mut object = theirs.clone();
                    object.blurred |= matches!(object.ownership, Ownership::Owned(_));
                    object.ownership = state::join(object.ownership, Ownership::Escaped);
                    self.objects.insert(id, object);
                    changed = true;
                }
                (None, None) => {}
            }
        }
        let mut other = other.clone();
        other.objects.clone_from(&self.objects);
        changed | self.join_scalars(&other, at)
    }

    /// Drops what no longer matters: objects that nothing leads to and that nobody owes anything for (`gone` is told
    /// which), and facts about symbols that nothing holds; `parts` are the symbols a computed symbol was made of.
    pub(super) fn sweep<'d>(
        &mut self,
        parts: &dyn Fn(Symbol) -> Option<&'d [Part]>,
        parameters: &rustc_hash::FxHashSet<Symbol>,
        gone: &mut dyn FnMut(ObjectId, &Object),
    ) {
        loop {
            let may_go = |object: &Object| !matches!(object.ownership, Ownership::Owned(_)) && object.path.is_none();
            if !self.objects.values().any(may_go) {
                break;
            }
            let values = self.locals.values().chain(self.heap.values());
            // What is an address of its owner's is told of that.
            let owners = self.objects.values().filter(|object| object.story.own).filter_map(|own| own.story.lent_of);
            let mut reached: SmallVec<[ObjectId; 16]> = values.filter_map(Value::needs).chain(owners).collect();
            reached.sort_unstable();
            let objects = self.objects.iter();
            let dead = objects.filter(|(id, object)| may_go(object) && reached.binary_search(id).is_err());
            // In the order of their ids.
            let dead: SmallVec<[ObjectId; 16]> = dead.map(|(id, _)| *id).collect();
            if dead.is_empty() {
                break;
            }
            for id in &dead {
                if let Some(object) = self.objects.remove(id) {
                    gone(*id, &object);
                }
            }
            let is_dead = |owner: &ObjectId| dead.binary_search(owner).is_ok();
            if self.heap.keys().any(|(owner, _)| is_dead(owner)) {
                self.heap.retain(|(owner, _), _| !is_dead(owner));
            }
        }
        if self.known.is_empty() {
            return;
        }
        let mut live: SmallVec<[Symbol; 32]> = self
            .locals
            .values()
            .chain(self.heap.values())
            .filter_map(|value| match value {
                Value::Symbol(symbol) | Value::Status(symbol, _) | Value::StatusTest(symbol, _) => Some(*symbol),
                _ => None,
            })
            .chain(self.objects.values().filter_map(|object| object.guard.map(|(symbol, _)| symbol)))
            .collect();
        live.sort_unstable();
        let is_live = |symbol: &Symbol| live.binary_search(symbol).is_ok();
        let objects = &self.objects;
        let is_there = |part: &Part| match part {
            // What a parameter was found to be tells the function's ends apart.
            Part::Symbol(symbol) => is_live(symbol) || parameters.contains(symbol),
            Part::Object(id) => objects.contains_key(id),
            Part::Passing => false,
        };
        let stays = |fact: &Fact| stays(fact.symbol(), parts, &is_there, MAX_ANSWERS);
        if !self.known.keys().all(stays) {
            self.known.retain(|fact, _| stays(fact));
        }
    }
}

/// Whether a symbol is there still, or all that it is an answer to.
fn stays<'d>(
    symbol: Symbol,
    parts: &dyn Fn(Symbol) -> Option<&'d [Part]>,
    is_there: &dyn Fn(&Part) -> bool,
    depth: u32,
) -> bool {
    let all = |of: &[Part]| {
        of.iter().all(|part| match part {
            Part::Symbol(symbol) => depth > 0 && stays(*symbol, parts, is_there, depth - 1),
            part => is_there(part),
        })
    };
    is_there(&Part::Symbol(symbol)) || parts(symbol).is_some_and(all)
}

fn matter<K>(map: &Table<K, Value>) -> impl Iterator<Item = (&K, &Value)> {
    map.iter().filter(|(_, value)| value.matters())
}

/// How many of the values that matter are not the same in the other map.
fn differing<K: Ord>(mine: &Shared<Table<K, Value>>, theirs: &Shared<Table<K, Value>>) -> usize {
    match mine.is_one(theirs) {
        true => 0,
        false => matter(mine).filter(|(key, value)| theirs.get(key) != Some(value)).count(),
    }
}

/// Joins what two paths hold at the same places; what only one holds is given up.
fn join_maps<K: Ord + Clone>(
    mine: &mut Shared<Table<K, Value>>,
    theirs: &Shared<Table<K, Value>>,
    symbol: impl Fn(&K) -> Symbol,
) -> bool {
    if mine.is_one(theirs) {
        return false;
    }
    let differs = |(key, value): &(&K, &Value)| theirs.get(key) != Some(value);
    let keys: Vec<K> = mine.iter().filter(differs).map(|(key, _)| key.clone()).collect();
    let mut changed = false;
    for key in keys {
        if theirs.contains_key(&key) {
            let joined = Value::Symbol(symbol(&key));
            changed |= mine.insert(key, joined.clone()) != Some(joined);
        } else {
            mine.remove(&key);
            changed = true;
        }
    }
    changed
}
