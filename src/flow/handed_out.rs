//! What a function leaves in memory that its caller gets or gave: contents of its result, fields it filled.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Engine, Returned};
use super::memory;
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::state::{MemoryFamily, Ownership as State};
use crate::summary::{AccessPath, Basis, Effect, EffectKind, FamilyRef, Made, Ownership, ResultContract, Root};
use crate::violation::StepKind;

/// What is found at one place, over all paths.
struct Found {
    family: MemoryFamily,
    /// On which of the returns.
    at: BTreeSet<usize>,
    /// They agree on the family.
    agreed: bool,
    /// A callee left it there on some of its paths only.
    sometimes: bool,
    made: Option<Made>,
}

impl Engine<'_> {
    /// Owned memory that the caller finds below the result or below its arguments, outer places first.
    pub(super) fn handed_out(
        &self,
        returns: &[&Returned],
        result: &ResultContract,
        effects: &mut Vec<Effect>,
        made: &mut Vec<Made>,
    ) {
        let mut found: BTreeMap<(usize, AccessPath), Found> = BTreeMap::new();
        let mut pointers = BTreeSet::new();
        // An object of the program, next to one that was not made in sight.
        let (mut made_here, mut unseen) = (false, false);
        for (index, returned @ Returned { path, value, .. }) in returns.iter().enumerate() {
            let owned = matches!(result.ownership, Ownership::Owned(_));
            let whole = Self::returned_whole(path, value, owned)
                .or_else(|| self.returned_instance(returned))
                .or_else(|| self.lost_by_view(returned));
            made_here |= whole.is_some_and(|id| self.is_instance(id));
            unseen |= whole.is_none() && !value.is_null();
            if let Some(id) = whole {
                pointers.insert(index);
                self.contents(path, id, &AccessPath::root(Root::Result), index, &mut found);
            }
            self.given(path, index, &mut found);
        }
        effects.extend(inside_result(returns));
        effects.extend(self.numbers_of_record(returns));
        for ((_, on), found) in found {
            let missing = |index: &usize| !found.at.contains(index);
            let sometimes = found.sometimes
                || if on.root == Root::Result {
                    pointers.iter().any(missing) || made_here && unseen
                } else {
                    (0..returns.len()).any(|index| missing(&index))
                };
            let paths: Vec<&Path> = returns.iter().map(|returned| &returned.path).collect();
            let when = || self.test_of(self.program.function(self.root), &paths, |index| found.at.contains(&index));
            // What one caller gets twice is one place; a place of two families is nobody's guess.
            // What lay there before may have been released first.
            let kept = |effect: &Effect| {
                effect.on == on && !matches!(effect.kind, EffectKind::Release(_) | EffectKind::MayRelease(_))
            };
            if !found.agreed || effects.iter().any(kept) {
                continue;
            }
            let family = match found.family {
                MemoryFamily::Known(family) => FamilyRef::Family(family),
                MemoryFamily::OfParameter(index) => {
                    match self.parameter_path(self.program.function(self.root), index) {
                        Some((at, default)) => FamilyRef::Allocator(at, default),
                        None => continue,
                    }
                }
            };
            let contract = ResultContract {
                ownership: Ownership::Owned(family),
                nullable: sometimes,
                sometimes,
                // What decides it inside of a callee is not known here.
                when: (sometimes && !found.sometimes).then(when).flatten().map(Box::new),
            };
            made.extend(found.made);
            effects.push(Effect { on, kind: EffectKind::Fill(contract) });
        }
    }
}

/// The places of the block that is returned that hold addresses inside of it.
fn inside_result(returns: &[&Returned]) -> Vec<Effect> {
    let places = |returned: &&Returned| {
        let Value::Pointer(id, Offset::Start) = returned.value else { return Vec::new() };
        let inside = |value: &Value| matches!(value, Value::Pointer(held, Offset::Inside) if *held == id);
        let held = returned.path.held(id).filter(|(_, value)| inside(value));
        held.map(|(key, _)| memory::step(key)).collect()
    };
    let mut all = returns.iter().filter(|returned| !returned.value.is_null()).map(places);
    let first = all.next().filter(|first| all.all(|other| other == *first)).unwrap_or_default();
    let result = AccessPath::root(Root::Result);
    let interior =
        ResultContract { ownership: Ownership::Interior(result), nullable: false, sometimes: false, when: None };
    let fill = |step| Effect {
        on: AccessPath { root: Root::Result, steps: [step].into_iter().collect() },
        kind: EffectKind::Fill(interior.clone()),
    };
    first.into_iter().map(fill).collect()
}

impl Engine<'_> {
    /// Where the memory that is returned was allocated; nothing when it comes from several places.
    pub(super) fn made_by_result(&self, returns: &[&Returned]) -> Option<Made> {
        let mut made = returns.iter().filter_map(|Returned { path, value, .. }| match value {
            Value::Pointer(id, Offset::Start) => {
                self.allocated_at(*id, path.objects.get(id)?, &AccessPath::root(Root::Result))
            }
            _ => None,
        });
        let first = made.next()?;
        made.all(|other| other.same_start(&first)).then_some(first)
    }

    /// Where native code returned what it lends; nothing where several places do.
    pub(super) fn lent_from(&self, returns: &[&Returned]) -> Option<Made> {
        let own = self.program.function(self.root);
        let is_native = self.program.units[self.root.unit as usize].language.is_native();
        let mut lent = returns.iter().filter(|returned| !returned.value.is_null()).filter_map(|returned| {
            let object = returned.value.object().and_then(|id| returned.path.objects.get(&id));
            let mut steps = object.map(|object| object.story.steps.iter()).into_iter().flatten();
            let given = steps.find(|step| matches!(step.kind, StepKind::Given { .. })).map(|step| step.location);
            let through = steps.filter_map(|step| match &step.kind {
                StepKind::Borrowed { from, .. } => Some((from.clone(), step.location)),
                _ => None,
            });
            let through = through.collect();
            let location = given.or_else(|| is_native.then_some(returned.at))?;
            let what = AccessPath::root(Root::Result);
            let basis = returned.value.object().map_or(Basis::Body, |id| self.origins[id.origin as usize].basis);
            Some(Made { what, by: own.name.clone(), location, through, basis, shown: true })
        });
        let first = lent.next()?;
        lent.all(|other| other.same_start(&first)).then_some(first)
    }

    fn contents(
        &self,
        path: &Path,
        of: ObjectId,
        at: &AccessPath,
        index: usize,
        found: &mut BTreeMap<(usize, AccessPath), Found>,
    ) {
        if at.steps.len() >= AccessPath::MAX_STEPS {
            return;
        }
        for (key, value) in path.held(of) {
            let Value::Pointer(id, Offset::Start) = value else { continue };
            let Some(object) = path.objects.get(id).filter(|object| object.path.is_none()) else { continue };
            if let State::Owned(family) = object.ownership {
                let mut inner = at.clone();
                inner.steps.push(memory::step(key));
                self.note(found, inner.clone(), index, family, (*id, object));
                self.contents(path, *id, &inner, index, found);
            }
        }
    }

    fn given(&self, path: &Path, index: usize, found: &mut BTreeMap<(usize, AccessPath), Found>) {
        for ((owner, key), value) in path.heap.iter() {
            let Value::Pointer(id, Offset::Start) = value else { continue };
            let Some(object) = path.objects.get(id) else { continue };
            // What is there on success only, and who asks is not told which it was: nobody can count on it.
            let (Some(family), State::Escaped, None) = (object.given, object.ownership, object.guard) else { continue };
            let Some(into) = path.objects.get(owner) else { continue };
            let Some(at) = into.path.as_deref() else { continue };
            // Others have the object that a constructor makes.
            if at.root == Root::This && into.ownership != State::Unknown {
                continue;
            }
            if at.steps.len() < AccessPath::MAX_STEPS {
                let mut inner = at.clone();
                inner.steps.push(memory::step(key));
                self.note(found, inner, index, MemoryFamily::Known(family), (*id, object));
            }
        }
    }

    fn note(
        &self,
        found: &mut BTreeMap<(usize, AccessPath), Found>,
        at: AccessPath,
        index: usize,
        family: MemoryFamily,
        (id, object): (ObjectId, &Object),
    ) {
        let sometimes = self.origins[id.origin as usize].sometimes;
        let made = self.allocated_at(id, object, &at);
        found
            .entry((at.steps.len(), at))
            .and_modify(|found| {
                found.at.insert(index);
                found.agreed &= found.family == family;
                found.sometimes |= sometimes;
                let same = |known: &Made| made.as_ref().is_some_and(|made| known.same_start(made));
                found.made = found.made.take().filter(same);
            })
            .or_insert(Found { family, at: BTreeSet::from([index]), agreed: true, sometimes, made });
    }

    /// Where memory that is handed out was allocated.
    fn allocated_at(&self, id: ObjectId, object: &Object, what: &AccessPath) -> Option<Made> {
        let mut steps = object.story.steps.iter();
        let (by, location) = steps.find_map(|step| match &step.kind {
            StepKind::Allocated { by, .. } => Some((by.clone(), step.location)),
            _ => None,
        })?;
        let through = steps.filter_map(|step| match &step.kind {
            StepKind::Received { from } => Some((from.clone(), step.location)),
            _ => None,
        });
        let basis = self.origins[id.origin as usize].basis;
        let unit = &self.program.units[self.root.unit as usize];
        let shown = !(unit.generated && unit.file == location.file);
        Some(Made { what: what.clone(), by, location, through: through.collect(), basis, shown })
    }
}
