//! Objects of Dart classes that stand for native memory: a constructor keeps the pointer that it is given in a field that
//! nothing writes afterwards, and may attach a finalizer. Reading the field gives that pointer, by another name.

use rustc_hash::FxHashSet;

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, OriginKey, Returned, Role};
use super::memory;
use super::path::{Kept, Object, Path};
use super::records::is_record;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Base, ClassKind, FunctionKind, Name, Op, Projection};
use crate::link::{ClassRef, FuncRef, Functions, Program, Target, VarRef};
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{
    AccessPath, Effect, EffectKind, FamilyId, FamilyRef, Ownership as Contract, ResultContract, Root,
};
use crate::target::TargetSet;
use crate::violation::Owner;

/// The fields that code outside of constructors writes.
#[derive(Debug, Default)]
pub(super) struct Written {
    fields: FxHashSet<VarRef>,
    /// By name, where it is not known whose field it is.
    names: FxHashSet<Name>,
}

impl Written {
    /// Those of a program.
    pub(super) fn of(program: &Program) -> Self {
        let mut written = Self::default();
        for (unit, resolved) in program.units.iter().zip(&program.resolved) {
            if unit.language.is_native() {
                continue;
            }
            for (function, resolved) in unit.functions.iter().zip(resolved) {
                for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
                    for (statement, target) in block.ops.iter().zip(targets) {
                        let Op::Store { to, .. } = &statement.op else { continue };
                        match target {
                            Target::Field(field) if function.kind != FunctionKind::Constructor => {
                                written.fields.insert(*field);
                            }
                            Target::Unknown => {
                                let name = match (to.path.last(), &to.base) {
                                    (Some(Projection::Field(name)), _) | (None, Base::Name(name)) => name,
                                    _ => continue,
                                };
                                written.names.insert(name.clone());
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        written
    }

    pub(super) fn has(&self, program: &Program, field: VarRef) -> bool {
        self.fields.contains(&field) || self.names.contains(&program.variable(field).name)
    }
}

impl Engine<'_> {
    /// Whether the analysed function is a constructor of a Dart class.
    pub(super) fn constructs(&self) -> bool {
        let unit = &self.program.units[self.root.unit as usize];
        !unit.language.is_native() && self.program.function(self.root).kind == FunctionKind::Constructor
    }

    /// Whether an object is an instance that keeps what its constructor was given.
    pub(super) fn is_instance(&self, id: ObjectId) -> bool {
        self.instances.contains(&id.origin)
    }

    /// Whether an instance keeps an object: what its members do to what lies in that, nobody sees.
    pub(super) fn is_kept_by_instance(&self, path: &Path, id: ObjectId) -> bool {
        let keeps = |((owner, _), value): (&(ObjectId, Name), &Value)| {
            self.instances.contains(&owner.origin) && value.object() == Some(id)
        };
        !self.instances.is_empty() && path.heap.iter().any(keeps)
    }

    /// A constructor keeps what it was given in a field that nothing writes afterwards. Whether that is what happens.
    pub(super) fn keep_in_field(
        &mut self,
        path: &mut Path,
        into: ObjectId,
        field: VarRef,
        value: &Value,
        at: Location,
    ) -> bool {
        let Value::Pointer(id, Offset::Start) = value else { return false };
        let this = path.objects.get(&into).and_then(|object| object.path.as_deref().cloned());
        let Some(this) = this.filter(|this| this.root == Root::This && this.steps.is_empty()) else { return false };
        let given = path.objects.get(id).is_some_and(|object| {
            let at = object.path.as_deref();
            let given = at.is_some_and(|at| at.steps.is_empty() && matches!(at.root, Root::Param(_) | Root::Named(_)));
            given && object.ownership == Ownership::Unknown && object.story.kept.is_none()
        });
        if !given || !self.constructs() || self.summaries.written(self.program).has(self.program, field) {
            return false;
        }
        let key = self.program.variable(field).name.clone();
        path.put(into, key.clone(), value.clone());
        if let Some(object) = path.objects.get_mut(id) {
            let kept = Kept { into: this, key, at, unseen: false };
            std::rc::Rc::make_mut(&mut object.story).kept = Some(Box::new(kept));
        }
        true
    }

    /// What a constructor keeps in fields that nothing else writes, not even what it calls.
    pub(super) fn staying(&self, path: &Path) -> Vec<Value> {
        if !self.constructs() {
            return Vec::new();
        }
        let stays = |value: &&Value| {
            let object = value.object().and_then(|id| path.objects.get(&id));
            let kept = object.and_then(|object| object.story.kept.as_deref());
            object.is_some_and(|object| object.path.is_none() && object.given.is_some())
                || kept.is_some_and(|kept| !kept.unseen && kept.into.root == Root::This)
        };
        path.heap.values().filter(stays).cloned().collect()
    }

    /// The object that a call of a constructor makes, where that keeps what it is given.
    pub(super) fn new_instance(
        &mut self,
        functions: &Functions,
        calling: &mut Calling,
        path: &mut Path,
    ) -> Option<Value> {
        let [only] = functions.candidates.as_slice() else { return None };
        if self.is_native(calling.site.frame) || calling.receiver.is_some() || !self.is_plain_class(*only) {
            return None;
        }
        let contract = self.contract(*only)?;
        let mut effects = contract.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.find(|effect| match &effect.kind {
            EffectKind::StoreInto(place) => place.root == Root::This,
            EffectKind::Fill(_) => effect.on.root == Root::This,
            _ => false,
        })?;
        let function = self.program.function(*only);
        let class = function.class.map(|class| ClassRef { unit: only.unit, class });
        let value = self.instance(calling, path, class);
        self.classes.extend(value.object().zip(class).map(|(id, class)| (id.origin, class)));
        calling.receiver = Some(ArgValue { name: None, value: value.clone(), ty: None });
        Some(value)
    }

    /// Whether a constructor makes an object of its own, not a view or the value that it is given.
    fn is_plain_class(&self, constructor: FuncRef) -> bool {
        let Some(class) = self.program.function(constructor).class else { return false };
        let class = ClassRef { unit: constructor.unit, class };
        let view = self.is_view(&crate::link::Ty::Class(class, Vec::new()), 0);
        self.program.class(class).kind != ClassKind::ExtensionType && !view
    }

    /// Whether a constructor is called for the object that is in the making: `super(p)`, `this(p)`.
    pub(super) fn makes_part_of_this(&self, calling: &Calling) -> bool {
        !self.is_native(calling.site.frame) && matches!(calling.name.as_str(), "super" | "this")
    }

    /// An object of a class.
    pub(super) fn instance(&mut self, calling: &Calling, path: &mut Path, class: Option<ClassRef>) -> Value {
        let name = calling.name.clone();
        let key = OriginKey::Site(calling.site, Role::Instance);
        let origin = self.plain_origin(key, name.clone(), calling.at, Owner::Variable(name));
        self.instances.insert(origin);
        let types = &self.resolved(calling.site.frame).types;
        let of_record = || calling.result.and_then(|to| types.get(to.index())).is_some_and(is_record);
        if class.map_or_else(of_record, |class| self.is_data(class)) {
            self.data.insert(origin);
        }
        let object = Object { non_null: true, ..Object::unknown(None) };
        Value::Pointer(self.allocate(path, origin, object), Offset::Start)
    }

    /// An instance goes out of sight: whoever has it may withdraw the finalizer of what it keeps.
    pub(super) fn let_instance_go(&self, path: &mut Path, instance: ObjectId) {
        if !self.is_instance(instance) {
            return;
        }
        let kept: Vec<ObjectId> = path.held(instance).filter_map(|(_, value)| value.object()).collect();
        for id in kept {
            let keyed = |object: &Object| {
                let key = object.attached.as_ref().and_then(|attached| attached.key.as_ref());
                key.is_some_and(|key| key.object() == Some(instance))
            };
            if let Some(object) = path.objects.get_mut(&id).filter(|object| keyed(object)) {
                object.ownership = Ownership::Escaped;
                object.attached = None;
            }
        }
    }

    /// The targets on which something releases a family.
    pub(super) fn released_on(&self, family: FamilyId) -> TargetSet {
        let mut releases = self.models.family(family).release_with.iter();
        let known = releases.find_map(|release| self.models.symbol(release, self.versions));
        known.map_or(TargetSet::ALL, |release| self.models.function(release).targets)
    }

    /// What the function was given is registered with a finalizer: its caller is told. Whether that is what happens.
    pub(super) fn register_given(
        &self,
        path: &mut Path,
        id: ObjectId,
        family: Option<FamilyId>,
        key: Option<&Value>,
    ) -> bool {
        let is_key = |key: &Value| given_whole(path, key).is_some();
        let Some(object) = path.objects.get(&id) else { return false };
        let given = object.path.as_ref().is_some_and(|at| at.steps.is_empty() && !matches!(at.root, Root::Static(_)));
        let dart = !self.program.units[self.root.unit as usize].language.is_native();
        dart && given && object.ownership == Ownership::Unknown && family.is_some() && key.is_none_or(is_key)
    }

    /// What the effects of some paths leave out: what they register with finalizers, and withdraw from them.
    /// Gives to how much of it they do different things.
    pub(super) fn finalized(&self, paths: &[&Path], effects: &mut Vec<Effect>) -> usize {
        let mut vague = 0;
        let mut registered: Vec<AccessPath> = Vec::new();
        let mut withdrawn: Vec<AccessPath> = Vec::new();
        let constructs = self.constructs();
        for object in paths.iter().flat_map(|path| path.objects.values()) {
            let Some(at) = object.path.as_deref().filter(|at| at.steps.is_empty()) else { continue };
            if object.attached.is_some() && object.ownership == Ownership::Unknown && !registered.contains(at) {
                registered.push(at.clone());
            }
            // What a constructor kept, and cannot be looked up any more.
            let kept = constructs && object.story.kept.is_some() && object.ownership == Ownership::Unknown;
            if kept && !effects.iter().any(|effect| effect.on == *at) {
                effects.push(Effect { on: at.clone(), kind: EffectKind::Escape });
            }
            if object.story.detached && !withdrawn.contains(at) {
                withdrawn.push(at.clone());
            }
        }
        for at in registered {
            let known = |path: &&Path| {
                let object = path.objects.values().find(|object| object.path.as_deref() == Some(&at))?;
                let attached = object.attached.as_ref()?;
                let key = match &attached.key {
                    Some(key) => Some(given_whole(path, key)?),
                    None => None,
                };
                Some((attached.family?, key))
            };
            let mut all = paths.iter().map(known);
            let first = all.next().flatten();
            let lasting = |effect: &Effect| {
                effect.on != at || matches!(effect.kind, EffectKind::StoreInto(_) | EffectKind::BorrowAssumed)
            };
            match first {
                Some((family, key))
                    if all.all(|other| other.as_ref() == first.as_ref()) && effects.iter().all(lasting) =>
                {
                    let by = key.clone().unwrap_or_else(|| at.clone());
                    let family = Some(FamilyRef::Family(family));
                    effects.insert(0, Effect { on: at, kind: EffectKind::ReleaseLater { by, family, key } });
                }
                _ => {
                    vague += 1;
                    effects.retain(|effect| effect.on != at);
                    effects.push(Effect { on: at, kind: EffectKind::Escape });
                }
            }
        }
        for at in withdrawn {
            effects.insert(0, Effect { on: at, kind: EffectKind::Detach });
        }
        vague
    }

    /// What an instance that is returned keeps, and a finalizer will release.
    pub(super) fn kept_by_instance(&self, returns: &[&Returned], effects: &mut Vec<Effect>) {
        let kept = |returned: &&Returned| {
            let Value::Pointer(id, Offset::Start) = returned.value else { return None };
            let kept = returned.path.held(id).filter(|_| self.is_instance(id)).filter_map(|(key, value)| {
                let Value::Pointer(held, Offset::Start) = value else { return None };
                let object = returned.path.objects.get(held)?;
                let attached = object.attached.as_ref().filter(|_| object.ownership == Ownership::Managed)?;
                let own = attached.key.as_ref().is_none_or(|key| *key == returned.value);
                let family = self.origins[held.origin as usize].family.filter(|_| own && object.path.is_none())?;
                Some((key.clone(), family, attached.family?, attached.key.is_some()))
            });
            Some(kept.collect::<Vec<_>>())
        };
        let mut all = returns.iter().map(kept);
        let Some(Some(first)) = all.next() else { return };
        if !all.all(|other| other.as_ref() == Some(&first)) {
            return;
        }
        for (key, family, released_as, keyed) in first {
            let on = AccessPath { root: Root::Result, steps: [memory::step(&key)].into_iter().collect() };
            let ownership = Contract::Owned(FamilyRef::Family(family));
            let contract = ResultContract { ownership, nullable: false, sometimes: false, when: None };
            effects.push(Effect { on: on.clone(), kind: EffectKind::Fill(contract) });
            let result = AccessPath::root(Root::Result);
            let (by, key) = (result.clone(), keyed.then_some(result));
            let family = Some(FamilyRef::Family(released_as));
            effects.push(Effect { on, kind: EffectKind::ReleaseLater { by, family, key } });
        }
    }
}

/// How the caller names what a value is, where it passed just that.
fn given_whole(path: &Path, value: &Value) -> Option<AccessPath> {
    let object = path.objects.get(&value.object()?)?;
    let at = object.path.as_deref()?;
    (at.steps.is_empty() && !matches!(at.root, Root::Static(_))).then(|| at.clone())
}
