//! What outlives what: values that end with their scope, variables of the function, addresses that native code keeps.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::{Releasing, confidence};
use super::path::{Kept, Object, Path, Retained, Story};
use super::value::{ObjectId, Offset, Value};
use crate::ir::Name;
use crate::link::Ty;
use crate::source::Location;
use crate::state::{Event, Fault, MemoryFamily, Ownership, transition};
use crate::summary::{AccessPath, Basis, FamilyId, Root, Step as PathStep};
use crate::target::TargetSet;
use crate::violation::{Step, StepKind, Usage, Violation, ViolationKind};

impl Engine<'_> {
    /// The scope of a value that owns memory ends.
    pub(super) fn drop_value(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        value: &Value,
        family: FamilyId,
        basis: Basis,
    ) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        if path.is_loose(*id) && self.ends_all_the_same(path, *id, calling) {
            return;
        }
        if path.is_loose(*id) {
            self.apply(path, *id, Event::ManagedRelease);
            if path.objects.get(id).is_some_and(|object| !object.story.handed.is_empty()) {
                path.tell(*id, Step { kind: StepKind::Dropped { of: calling.name.clone() }, location: calling.at });
            }
            path.objects.get_mut(id).into_iter().for_each(|object| object.ownership = Ownership::Escaped);
            return;
        }
        if path.ownership(*id) == Ownership::Managed {
            let dropped = Step { kind: StepKind::Dropped { of: calling.name.clone() }, location: calling.at };
            self.fault_of_retained(path, *id, &calling.name, Some(dropped.clone()), calling.at);
            self.apply(path, *id, Event::ManagedRelease);
            path.tell(*id, dropped);
            return;
        }
        // What the function was given by value, or made a smart pointer of; what was disowned is nobody's to drop.
        let ends_as = path.objects.get(id).and_then(|object| object.story.ends_as);
        let given_up = path.objects.get(id).is_some_and(|object| object.story.disowned);
        let is_copy = ends_as.is_none() && (given_up || self.models.family(family).copied);
        if path.ownership(*id) == Ownership::Unknown && !is_copy {
            let delete = ends_as.and_then(|family| self.models.family(family).release_with.first());
            let by = delete.map_or_else(|| calling.name.clone(), |delete| delete.as_str().into());
            let family = Some(ends_as.unwrap_or(family));
            let releasing =
                Releasing { by, at: calling.at, family, basis, inside: None, whole: true, targets: TargetSet::ALL };
            self.release(path, calling.site, value, &releasing);
        }
    }

    /// A value is made that owns a block from here on: `std::unique_ptr<T> owner(block)`.
    pub(super) fn take_over(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        value: &Value,
        family: FamilyId,
        basis: Basis,
    ) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        let fits = |memory| {
            let targets = path.targets.and(self.origins[id.origin as usize].targets);
            targets.minus(self.models.same_on(memory, family, self.versions)).is_empty()
        };
        match path.ownership(*id) {
            Ownership::Escaped => return,
            Ownership::Unknown => {}
            Ownership::Owned(MemoryFamily::Known(memory)) if fits(memory) => self.apply(path, *id, Event::Register),
            Ownership::Owned(MemoryFamily::OfParameter(_)) => return self.escape(path, value),
            // A smart pointer that is made of another has a share in what that owns, or takes it over.
            Ownership::Managed if calling.args.first().is_some_and(|arg| !matches!(arg.ty, Some(Ty::Pointer(_)))) => {
                return self.escape(path, value);
            }
            _ => {
                let by = calling.name.clone();
                let family = Some(family);
                let releasing =
                    Releasing { by, at: calling.at, family, basis, inside: None, whole: true, targets: TargetSet::ALL };
                self.release(path, calling.site, value, &releasing);
                path.objects.get_mut(id).into_iter().for_each(|object| object.ownership = Ownership::Escaped);
                return;
            }
        }
        if let Some(object) = path.objects.get_mut(id) {
            let story = std::rc::Rc::make_mut(&mut object.story);
            (story.ends_as, story.disowned) = (Some(family), false);
        }
    }

    /// A value gives up what it owns: whoever holds the address is the owner from here on.
    pub(super) fn disown(&mut self, path: &mut Path, value: &Value) {
        self.leave_reference(path, value);
        let Some(id) = value.object() else { return };
        if self.give_back(path, value).is_some() {
            return;
        }
        if let Some(object) = path.objects.get_mut(&id)
            && object.ownership == Ownership::Unknown
            && object.story.ends_as.is_some()
        {
            let story = std::rc::Rc::make_mut(&mut object.story);
            (story.ends_as, story.disowned) = (None, true);
            return;
        }
        let family = self.origins[id.origin as usize].family.filter(|_| !path.is_loose(id) && !path.is_touched(id));
        path.objects.get_mut(&id).into_iter().for_each(Object::blur_fate);
        match (path.objects.get_mut(&id), family) {
            (Some(object), Some(family)) if object.ownership == Ownership::Managed => {
                object.ownership = Ownership::Owned(MemoryFamily::Known(family));
            }
            (Some(object), _) => object.ownership = Ownership::Escaped,
            _ => {}
        }
    }

    /// A returned address must not lead to a variable of the function. A struct returned whole is a copy.
    pub(super) fn check_dangling(&mut self, path: &Path, frame: u32, value: &Value, at: Location) {
        let id = match value {
            Value::Pointer(id, _) | Value::View(id, _) => *id,
            _ => return,
        };
        // What a closure gives that runs in place stays within the function.
        let by_address = frame == 0 && path.objects.get(&id).is_some_and(|object| object.story.by_address);
        if !by_address && !matches!(self.resolved(frame).types.result(), Ty::Pointer(_)) {
            return;
        }
        if transition(path.ownership(id), Event::Return).1 == Some(Fault::Dangling) {
            let of = self.origins[id.origin as usize].by.clone();
            self.fault_of_dangling(path, id, of, Usage::Return, at);
        }
    }

    /// Says that a pointer leads to what is gone.
    pub(super) fn fault_of_dangling(&mut self, path: &Path, id: ObjectId, of: Name, usage: Usage, at: Location) {
        let Some(object) = path.objects.get(&id) else { return };
        let called_back = |step: &Step| matches!(step.kind, StepKind::CalledBack { .. });
        let native = self.program.units[self.root.unit as usize].language.is_native();
        let handed = !native && object.story.steps.iter().any(called_back);
        let mut trace = object.story.steps.clone();
        trace.push(Step { kind: StepKind::Used(usage.clone()), location: at });
        let temporary = of == TEMPORARY;
        let by = &self.origins[id.origin as usize].by;
        let of = if temporary { by.clone() } else { of };
        self.report(Violation {
            kind: ViolationKind::Dangling { of, temporary, usage, handed },
            function: self.root,
            at,
            trace,
            targets: path.targets,
            confidence: confidence(self.origins[id.origin as usize].basis),
        });
    }

    /// A call keeps an address without becoming the owner of what it leads to.
    pub(super) fn retain(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        on: &AccessPath,
        kept_in: Option<&AccessPath>,
        value: &Value,
    ) {
        let place = kept_in.and_then(|place| self.place_of(path, calling, place));
        let made = calling.ended.iter().find(|made| made.what == *on);
        if let Some(place) = &place
            && self.keep_on(path, place, value, made, calling.at)
        {
            return;
        }
        let lent_by = |id: ObjectId| path.objects.get(&id).and_then(|object| object.story.lent_of);
        // What was borrowed ends with what it was borrowed from.
        let whole = value.object().map(|id| lent_by(id).filter(|_| kept_in.is_some()).unwrap_or(id));
        let known = whole.filter(|id| match path.ownership(*id) {
            Ownership::Owned(_) | Ownership::Managed => true,
            Ownership::Local => path.objects.get(id).is_some_and(|object| object.story.by_address),
            _ => false,
        });
        let Some(id) = known else { return self.escape(path, value) };
        if let Some(kept_in) = kept_in.filter(|kept_in| !matches!(kept_in.root, Root::Static(_)))
            && !place.as_ref().is_some_and(|place| matches!(place.root, Root::Static(_)))
        {
            if !self.lodge_among(path, calling, kept_in, value, made.cloned()) {
                self.escape(path, value);
            }
            return;
        }
        // What lies in it stays within reach of whoever keeps it.
        let contents: Vec<Value> = path.held(id).map(|(_, value)| value.clone()).collect();
        contents.iter().for_each(|value| self.escape(path, value));
        let kept = made.map(|made| (made.by.clone(), made.location));
        if let Some((by, location)) = &kept {
            path.tell(id, Step { kind: StepKind::Kept { by: by.clone() }, location: *location });
        }
        path.tell(id, Step { kind: StepKind::Kept { by: calling.name.clone() }, location: calling.at });
        if let Some(object) = path.objects.get_mut(&id) {
            let stored_at = kept.map(|(_, location)| location);
            let retained = Retained { by: calling.name.clone(), at: calling.at, place, stored_at, stale: false };
            std::rc::Rc::make_mut(&mut object.story).retained = Some(Box::new(retained));
        }
    }

    /// Whether a value of that type is a callback: what travels with it may be kept.
    pub(super) fn is_callback(&self, ty: &Ty) -> bool {
        match ty.value_type() {
            Ty::Function(..) | Ty::NativeFunction { .. } => true,
            // A pointer to a native function.
            Ty::Model(ty, args) => self.models.ty(*ty).function || args.iter().any(|arg| self.is_callback(arg)),
            _ => false,
        }
    }

    /// What native code still keeps must not be released, nor end with its scope.
    pub(super) fn fault_of_retained(
        &mut self,
        path: &Path,
        id: ObjectId,
        release: &Name,
        step: Option<Step>,
        at: Location,
    ) {
        let Some(object) = path.objects.get(&id) else { return };
        let Some(retained) = object.story.retained.as_ref().filter(|retained| !retained.stale) else { return };
        // An arena that ends around a closure is seen where the closure lets the pointer out.
        let at =
            if object.scope.is_some_and(|scope| self.given.contains_key(&scope.origin)) { retained.at } else { at };
        let alone = object.attached.is_none();
        if path.doubtful || !matches!(object.ownership, Ownership::Owned(_) | Ownership::Managed if alone) {
            return;
        }
        let mut trace = object.story.steps.clone();
        trace.extend(step);
        self.report(Violation {
            kind: ViolationKind::ReleasedRetained {
                subject: self.subject(id, object),
                keeper: retained.by.clone(),
                release: release.clone(),
                by_dart: false,
            },
            function: self.root,
            at,
            trace,
            targets: path.targets,
            confidence: confidence(self.origins[id.origin as usize].basis),
        });
    }
}

/// What an unnamed value is called as the variable whose scope ends.
pub(super) const TEMPORARY: Name = Name::literal(arcstr::literal!("the temporary"));

impl Story {
    /// The variable with whose scope it ended.
    pub(super) fn dropped(&self) -> Option<Name> {
        match &self.steps.last()?.kind {
            StepKind::Dropped { of } => Some(of.clone()),
            _ => None,
        }
    }
}

impl Kept {
    /// What people call the place.
    pub(super) fn name(&self) -> Name {
        match &self.into.root {
            Root::Static(name) => name.rsplit("::").next().unwrap_or(name).into(),
            _ if self.unseen => {
                let fields = self.into.steps.iter().rev().find_map(|step| match step {
                    PathStep::Field(name) => Some(name.clone()),
                    _ => None,
                });
                Some(self.key.clone()).filter(|key| !key.starts_with(['[', '*'])).or(fields).unwrap_or_default()
            }
            _ => self.key.clone(),
        }
    }
}
