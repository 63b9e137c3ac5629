//! What is borrowed from something that the analysis knows: it ends when its owner does.

use super::calls::{Access, Calling};
use super::engine::{Engine, Role, Site};
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::Name;
use crate::link::{Target, Ty};
use crate::models::schema::MemberKind;
use crate::state::Ownership;
use crate::summary::{AccessPath, Basis, Root};
use crate::violation::{Owner, Step, StepKind};

impl Engine<'_> {
    /// The memory from which a call of native code lends something, and the place in it.
    pub(super) fn lender(&self, path: &Path, calling: &Calling, from: &AccessPath) -> Option<(ObjectId, Name)> {
        let (last, before) = from.steps.split_last()?;
        let owner = AccessPath { root: from.root.clone(), steps: before.iter().cloned().collect() };
        match self.value_at(path, calling, &owner)? {
            Value::Pointer(object, Offset::Start) => {
                Some((object, Self::key(calling, Offset::Start, &Name::default(), last)))
            }
            _ => None,
        }
    }

    /// What a call lends from memory that the analysis knows.
    pub(super) fn borrowed_part(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        from: &AccessPath,
        part: bool,
        (basis, role): (Basis, Role),
    ) -> Value {
        let lender = self.lender(path, calling, from);
        let known = lender.as_ref().and_then(|(owner, key)| path.look(*owner, key));
        let lent = |id: &ObjectId| {
            path.objects.get(id).is_some_and(|object| object.story.lent && object.ownership == Ownership::Borrowed)
        };
        if let Some(known @ Value::Pointer(id, Offset::Start)) = &known
            && lent(id)
        {
            return known.clone();
        }
        let (origin, mut object) = self.lent(calling, false, basis, role);
        let story = std::rc::Rc::make_mut(&mut object.story);
        (story.lent, story.part) = (true, part);
        story.lent_of = known.as_ref().and_then(Value::object);
        let value = Value::Pointer(self.allocate(path, origin, object), Offset::Start);
        if let (Some((owner, key)), None) = (lender, known) {
            path.put(owner, key, value.clone());
        }
        value
    }

    /// Whether an object's getter gives the address of its own memory: `bytes.address`.
    pub(super) fn is_own_address(&self, calling: &Calling, from: &AccessPath) -> bool {
        calling.access == Access::Read && from.root == Root::This && from.steps.is_empty()
    }

    /// That address: for a view that of the native memory, else it is the object's.
    pub(super) fn own_address(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        role: Role,
        basis: Basis,
    ) -> Option<Value> {
        let receiver = calling.receiver.as_ref()?;
        if let Value::View(object, prefix) = &receiver.value {
            return prefix.is_empty().then_some(Value::Pointer(*object, Offset::Start));
        }
        let class = match &receiver.ty {
            Some(Ty::Model(class, _)) => self.models.ty(*class).name.clone(),
            _ => return None,
        };
        let owner = Owner::Value(class);
        let origin = self.site_origin(calling, role, None, owner.clone(), basis);
        let step = Step { kind: StepKind::Borrowed { from: calling.name.clone(), owner }, location: calling.at };
        let mut object = Object::new(Ownership::Borrowed, step);
        let lender = receiver.value.object();
        let story = std::rc::Rc::make_mut(&mut object.story);
        (story.lent_of, story.own) = (lender, lender.is_some_and(|lender| self.is_closed_once(lender)));
        if let Some(lender) = lender.and_then(|lender| path.objects.get_mut(&lender)) {
            std::rc::Rc::make_mut(&mut lender.story).pointed = true;
        }
        Some(Value::Pointer(self.allocate(path, origin, object), Offset::Start))
    }

    /// A member gives the address of what its value owns: nobody else must release that.
    pub(super) fn note_part(&self, path: &mut Path, calling: &Calling, value: &Value) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        let receiver = calling.receiver.as_ref().filter(|_| calling.access == Access::Call);
        let Some(receiver) = receiver.filter(|receiver| receiver.value == *value) else { return };
        let gives_address = calling.model.is_some_and(|model| self.models.function(model).returns.is_some());
        let owns = match &receiver.ty {
            Some(Ty::Model(class, _)) => Some(*class),
            Some(Ty::Pointer(to)) => match **to {
                Ty::Model(class, _) => Some(class),
                _ => None,
            },
            _ => None,
        };
        let owns =
            owns.is_some_and(|class| self.models.member(class, "drop", MemberKind::Function, self.versions).is_some());
        self.keep_part(path, &Value::Pointer(*id, Offset::Start), gives_address && owns);
    }

    /// The name of a function object of the standard library that is made and called at once.
    pub(super) fn function_object(&self, site: Site) -> Option<Name> {
        let Target::Model(model) = self.target(site) else { return None };
        let class = self.models.function(*model).name.strip_suffix(".call")?;
        Some(class.trim_end_matches("_array").into())
    }

    /// What a value owns that lies in memory the caller leads to is a part of that.
    pub(super) fn keep_part(&self, path: &mut Path, value: &Value, part: bool) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        let Some(object) = path.objects.get_mut(id).filter(|_| part) else { return };
        let inside = object.path.as_ref().is_some_and(|at| !at.steps.is_empty() && at.root != Root::Result);
        if inside && object.ownership == Ownership::Unknown {
            object.ownership = Ownership::Borrowed;
            std::rc::Rc::make_mut(&mut object.story).part = true;
        }
    }
}

impl Path {
    /// Memory is released: what is a part of the values in it ends too.
    pub(super) fn end_parts(&mut self, container: ObjectId) {
        let released = self.objects.get(&container).and_then(|object| {
            object.story.steps.iter().rev().find(|step| matches!(step.kind, StepKind::Released { .. })).cloned()
        });
        let mut parts: Vec<ObjectId> = self.held(container).filter_map(|(_, value)| value.object()).collect();
        let lent = self.objects.iter().filter(|(_, object)| object.story.lent_of == Some(container));
        parts.extend(lent.map(|(id, _)| *id));
        for id in parts {
            let Some(object) = self.objects.get_mut(&id) else { continue };
            let of_it = object.story.lent_of == Some(container);
            let ends = object.story.own && of_it || object.story.lent && (object.story.part || of_it);
            if matches!(object.ownership, Ownership::Borrowed | Ownership::Static) && ends {
                object.ownership = Ownership::Released;
                if let Some(step) = released.clone() {
                    self.tell(id, step);
                }
            }
        }
    }
}
