//! Dart's records: whoever has one has what its fields lead to, and nothing is ever put into one that is there.

use super::engine::{Engine, OriginKey, Returned, Role, Site};
use super::memory;
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Base, Const, LocalId, Name, Operand, Place, Projection};
use crate::link::Ty;
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{AccessPath, Effect, EffectKind, Ownership as Contract, ResultContract, Root};
use crate::violation::Owner;

impl Engine<'_> {
    /// Whether a new record of Dart owns memory, and holds nothing that is not followed through one: what an arena or a
    /// finalizer releases, and functions, which may do so.
    pub(super) fn owns_as_record(&self, frame: u32, path: &Path, items: &[(Option<Name>, Operand)]) -> bool {
        if self.is_native(frame) {
            return false;
        }
        let mut owns = false;
        let mut held: Vec<ObjectId> = Vec::new();
        for (name, item) in items {
            let value = self.operand(frame, path, item);
            if let Some(id) = value.object() {
                // Who gets a block by two names releases it by one of them: `(pointer, pointer.asTypedList(n))`.
                if held.contains(&id) {
                    return false;
                }
                held.push(id);
            }
            match value {
                Value::Pointer(id, offset) => match path.ownership(id) {
                    Ownership::Managed => return false,
                    Ownership::Owned(_) => owns |= offset == Offset::Start && !id.older,
                    _ => {}
                },
                Value::View(id, _) if path.ownership(id) != Ownership::Managed => {}
                Value::NullPointer | Value::Null | Value::Int(_) | Value::Bool(_) | Value::Str(_) => {}
                Value::Symbol(_) => {}
                _ => return false,
            }
            if name.is_none() {
                return false;
            }
        }
        owns
    }

    /// A new record with what its fields are given.
    pub(super) fn new_record(
        &mut self,
        site: Site,
        to: LocalId,
        items: &[(Option<Name>, Operand)],
        at: Location,
        path: &mut Path,
    ) -> Value {
        let name = self.function(site.frame).locals[to.index()].name.clone();
        let key = OriginKey::Site(site, Role::Instance);
        let origin = self.plain_origin(key, name.clone(), at, Owner::Variable(name));
        self.instances.insert(origin);
        self.data.insert(origin);
        let record = self.allocate(path, origin, Object { non_null: true, ..Object::unknown(None) });
        for (field, item) in items {
            let value = self.operand(site.frame, path, item);
            if let Some(field) = field {
                self.store_told(path, record, field.clone(), value, at);
            }
        }
        Value::Pointer(record, Offset::Start)
    }

    /// What a field of a record gives. Nothing where it is no record that is read.
    pub(super) fn record_field(
        &mut self,
        site: Site,
        path: &mut Path,
        base: Option<&Value>,
        from: &Place,
    ) -> Option<Value> {
        let types = &self.resolved(site.frame).types;
        let (base, ty, name) = match (&from.base, from.path.first()) {
            (Base::Local(local), Some(Projection::Field(name))) => (base.cloned()?, types.get(local.index())?, name),
            // An extension on records reads the fields by their bare names.
            (Base::Name(name), None) => {
                let this = self.this_local(site.frame)?;
                (self.this_value(site.frame, path)?, types.get(this.index())?, name)
            }
            _ => return None,
        };
        let (Value::Pointer(record, Offset::Start), Ty::Record(fields)) = (&base, ty) else { return None };
        let (_, ty) = fields.iter().find(|(field, _)| field == name)?;
        let is_plain = matches!(ty, Ty::Scalar | Ty::String | Ty::Void | Ty::Function(..));
        let given = path.objects.get(record).is_some_and(|object| object.path.is_some());
        if path.look(*record, name).is_none() && (is_plain || !given) {
            return Some(self.fresh(path, site, Role::Loaded));
        }
        Some(self.load(path, site, *record, name))
    }

    /// Whether an operand is a record by its static type, or none at all.
    pub(super) fn is_record(&self, frame: u32, operand: &Operand) -> bool {
        let Operand::Local(local) = operand else { return false };
        matches!(self.resolved(frame).types.get(local.index()), Some(Ty::Record(_)))
    }

    /// Whether a member is read of what may be of any type, a record among them.
    pub(super) fn is_anything(&self, frame: u32, from: &Place) -> bool {
        let Base::Local(local) = from.base else { return false };
        let ty = self.resolved(frame).types.get(local.index());
        !self.is_native(frame) && matches!(ty, None | Some(Ty::Unknown | Ty::Parameter(_)))
    }

    /// What each record that is returned says next to what it owns: whether its owner is to release that, how much there
    /// is. Whoever asks it knows which way was taken.
    pub(super) fn numbers_of_record(&self, returns: &[&Returned]) -> Vec<Effect> {
        let constants = |returned: &&Returned| {
            let record = self.returned_instance(returned).filter(|id| self.data.contains(&id.origin))?;
            let constant = |value: &Value| match value {
                Value::Bool(truth) => Some(Const::Bool(*truth)),
                Value::Int(number) => Some(Const::Int(*number)),
                Value::Null => Some(Const::Null),
                Value::Str(text) => Some(Const::Str(text.clone())),
                _ => None,
            };
            let held = returned.path.held(record).filter_map(|(key, value)| Some((key.clone(), constant(value)?)));
            Some(held.collect::<Vec<_>>())
        };
        let mut all = returns.iter().map(constants);
        let Some(Some(mut known)) = all.next() else { return Vec::new() };
        for other in all {
            let Some(other) = other else { return Vec::new() };
            known.retain(|constant| other.contains(constant));
        }
        let fill = |(key, constant): (Name, Const)| {
            let on = AccessPath { root: Root::Result, steps: [memory::step(&key)].into_iter().collect() };
            let ownership = Contract::Constant(constant);
            let contract = ResultContract { ownership, nullable: false, sometimes: false, when: None };
            Effect { on, kind: EffectKind::Fill(contract) }
        };
        known.into_iter().map(fill).collect()
    }
}

/// Whether a type is that of a record, or of a future of one.
pub(super) fn is_record(ty: &Ty) -> bool {
    match ty {
        Ty::Record(_) => true,
        Ty::Sdk(_, args) | Ty::Model(_, args) => args.iter().any(is_record),
        _ => false,
    }
}
