//! What native code leaves for its caller: in an out-parameter, in a field of a struct. It must be there still when the
//! function returns.

use rustc_hash::FxHashSet;

use super::calls::Calling;
use super::engine::{Engine, Exits, Returned};
use super::memory::POINTEE;
use super::objects::confidence;
use super::path::Path;
use super::summaries::parameter_root;
use super::value::{ObjectId, Value};
use crate::ir::{Base, LocalId, Name, Op, Operand, Projection};
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::Root;
use crate::violation::{Step, StepKind, Usage, Violation, ViolationKind};

/// Where the caller finds a pointer: in what a parameter leads to, in the struct that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    root: Root,
    key: Name,
}

impl Engine<'_> {
    /// What is left for the caller must not be gone. Where the same place holds something good on another way out, it is
    /// a failure that left the other behind, and its caller is told so.
    pub(super) fn check_left(&mut self, exits: &Exits) {
        self.check_addresses(exits);
        if !self.program.units[self.root.unit as usize].language.is_native() {
            return;
        }
        let mut good = FxHashSet::default();
        let mut gone = Vec::new();
        for returned in &exits.returns {
            for ((owner, key), value) in returned.path.heap.iter() {
                let Some(root) = self.found_by_caller(returned, *owner) else { continue };
                let place = Place { root, key: key.clone() };
                match value {
                    value if value.is_null() => {}
                    Value::Pointer(id, _) if is_gone(&returned.path, *id) => gone.push((place, *id, returned)),
                    _ => {
                        good.insert(place);
                    }
                }
            }
        }
        for (place, id, returned) in gone {
            if !good.contains(&place) && !self.reads_back(&place) {
                self.fault_of_left(&returned.path, id, &place, returned.at);
            }
        }
    }

    /// Remembers where the address of a buffer is put that nothing else leads to.
    pub(super) fn note_address_stored(path: &mut Path, value: &Value, into: &Name, at: Location) {
        let by_address = |id: &ObjectId| path.objects.get(id).is_some_and(|object| object.story.by_address);
        if let Some(id) = value.object().filter(by_address) {
            path.tell(id, Step { kind: StepKind::Stored { into: into.clone() }, location: at });
        }
    }

    /// The address of a buffer that nothing else leads to must not be kept: in a field, by native code.
    fn check_addresses(&mut self, exits: &Exits) {
        for Returned { path, at, .. } in exits.returns.iter().filter(|returned| !returned.path.doubtful) {
            let is_buffer = |id: &ObjectId| {
                path.objects.get(id).is_some_and(|object| {
                    object.story.by_address && object.ownership == Ownership::Local && object.path.is_none()
                })
            };
            let is_callers = |id: &ObjectId| path.objects.get(id).is_some_and(|object| object.path.is_some());
            let stored = path.heap.iter().filter_map(|((owner, key), value)| match value {
                Value::Pointer(id, _) if is_callers(owner) && is_buffer(id) => Some((*id, key.clone())),
                _ => None,
            });
            let kept = path.objects.iter().filter(|(id, _)| is_buffer(id)).filter_map(|(id, object)| {
                let retained = object.story.retained.as_ref().filter(|retained| !retained.stale)?;
                let place = retained.place.as_ref().and_then(|place| match &place.root {
                    Root::Static(name) => Some(Name::from(name.rsplit("::").next().unwrap_or(name))),
                    _ => None,
                });
                Some((*id, place.unwrap_or_else(|| retained.by.clone())))
            });
            let left: Vec<(ObjectId, Name)> = stored.chain(kept).collect();
            for (id, place) in left {
                let steps = path.objects.get(&id).map(|object| object.story.steps.iter().rev());
                let step = steps.and_then(|mut steps| {
                    steps.find(|step| matches!(step.kind, StepKind::Stored { .. } | StepKind::Kept { .. }))
                });
                let of = self.origins[id.origin as usize].by.clone();
                let at = step.map_or(*at, |step| step.location);
                self.fault_of_dangling(path, id, of, Usage::Leave(place), at);
            }
        }
    }

    /// How the caller gets to memory: directly by a parameter that no other code was lent, or as the struct it gets.
    fn found_by_caller(&self, returned: &Returned, owner: ObjectId) -> Option<Root> {
        let object = returned.path.objects.get(&owner)?;
        match &object.path {
            Some(at) => {
                let alone = at.steps.is_empty() && matches!(at.root, Root::Param(_)) && object.story.lent_to.is_none();
                alone.then(|| at.root.clone())
            }
            None => {
                (Self::returned_whole(&returned.path, &returned.value, false) == Some(owner)).then_some(Root::Result)
            }
        }
    }

    /// The value of this function whose address goes into memory of the caller's, and nowhere else so far.
    pub(super) fn leaves_address(&self, path: &Path, into: ObjectId, value: &Value) -> Option<ObjectId> {
        let callers = path.objects.get(&into)?.path.as_ref();
        let callers = callers.is_some_and(|at| at.steps.is_empty() && matches!(at.root, Root::Param(_)));
        let id = value.object().filter(|_| callers && self.is_native(0))?;
        let family = self.models.family(self.origins[id.origin as usize].family?);
        let alone = path.ownership(id) == Ownership::Managed && !path.is_loose(id) && !path.is_touched(id);
        (alone && matches!(family.kind, FamilyKind::Memory | FamilyKind::Pair)).then_some(id)
    }

    /// Ends a value of which but the address was left for the caller. Whether it is one.
    pub(super) fn ends_all_the_same(&self, path: &mut Path, id: ObjectId, calling: &Calling) -> bool {
        let Some(object) = path.objects.get_mut(&id) else { return false };
        if !object.story.address_left || object.story.touched || !object.story.handed.is_empty() {
            return false;
        }
        object.ownership = Ownership::Released;
        path.tell(id, Step { kind: StepKind::Dropped { of: calling.name.clone() }, location: calling.at });
        true
    }

    /// Whether the function itself, or what it calls, reads what it stored there: the place may be meant for its own use.
    fn reads_back(&self, place: &Place) -> bool {
        let function = self.program.function(self.root);
        if place.root == Root::Result {
            return false;
        }
        let is_param = |local: LocalId| {
            let index = function.params.iter().position(|param| param.local == local);
            index.is_some_and(|index| parameter_root(function, index) == place.root)
        };
        let field = place.key.rsplit('.').next().unwrap_or_default();
        function.blocks.iter().flat_map(|block| &block.ops).any(|statement| {
            let from = match &statement.op {
                Op::Load { from, .. } | Op::Address { of: from, .. } => from,
                Op::Call(call) => {
                    let lends = |operand: &Operand| matches!(operand, Operand::Local(local) if is_param(*local));
                    return call.args.iter().any(|arg| lends(&arg.value));
                }
                _ => return false,
            };
            match (from.path.last(), &from.base) {
                (Some(Projection::Field(name)), _) => *name == field,
                (Some(_), Base::Local(local)) => is_param(*local),
                _ => false,
            }
        })
    }

    fn fault_of_left(&mut self, path: &Path, id: ObjectId, place: &Place, end: Location) {
        let Some(object) = path.objects.get(&id) else { return };
        let function = self.program.function(self.root);
        let param = (0..function.params.len()).find(|index| parameter_root(function, *index) == place.root);
        let owner = param.map(|index| function.params[index].name.clone()).unwrap_or_default();
        let called = match place.key.as_str() {
            key if key == POINTEE => format!("*{owner}").into(),
            key if key.starts_with('[') => format!("{owner}{key}").into(),
            _ => place.key.clone(),
        };
        let steps = &object.story.steps;
        let stored = steps.iter().rev().find(|step| matches!(step.kind, StepKind::Stored { .. }));
        let at = stored.map_or(end, |step| step.location);
        let usage = Usage::Leave(called);
        let mut trace = steps.clone();
        trace.push(Step { kind: StepKind::Used(usage.clone()), location: end });
        let kind = match object.story.dropped() {
            Some(of) => ViolationKind::Dangling { of, temporary: false, usage, handed: false },
            None => ViolationKind::UsedAfterRelease { subject: self.subject(id, object), usage },
        };
        let sure = confidence(self.origins[id.origin as usize].basis);
        self.report(Violation { kind, function: self.root, at, trace, targets: path.targets, confidence: sure });
    }
}

/// Whether what the function made itself was released, or ended with its scope.
fn is_gone(path: &Path, id: ObjectId) -> bool {
    let object = path.objects.get(&id);
    !path.doubtful && object.is_some_and(|object| object.path.is_none() && object.ownership == Ownership::Released)
}
