//! Objects of Dart classes that own memory: a constructor allocates it and keeps it in a field that nothing writes
//! afterwards. Whoever has the object has the memory; a member of it releases that.

use super::engine::{Engine, Returned};
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{ClassKind, FunctionId, FunctionKind};
use crate::link::{ClassRef, VarRef};
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership};
use crate::summary::{AccessPath, FamilyId, Root};

/// Members of data that look at it.
const COMPARISONS: [&str; 3] = ["==", "hashCode", "toString"];

impl Engine<'_> {
    /// A field of an object is written. What a constructor allocated and puts there, its caller gets with the object.
    pub(super) fn store_in_field(
        &mut self,
        path: &mut Path,
        into: ObjectId,
        field: VarRef,
        value: Value,
        at: Location,
    ) {
        let name = self.program.variable(field).name.clone();
        let owned = match &value {
            Value::Pointer(id, Offset::Start) if !id.older && self.stays_in_making(path, into, field) => {
                Some((*id, path.ownership(*id)))
            }
            _ => None,
        };
        self.store(path, into, name, value, at);
        if let Some((id, Ownership::Owned(MemoryFamily::Known(family)))) = owned
            && let Some(object) = path.objects.get_mut(&id)
        {
            object.given = Some(family);
        }
    }

    /// Whether an object is the one that the analysed constructor makes, and nobody else has it or writes the field.
    fn stays_in_making(&self, path: &Path, id: ObjectId, field: VarRef) -> bool {
        let Some(object) = path.objects.get(&id) else { return false };
        let this = object.path.as_deref().is_some_and(|at| at.root == Root::This && at.steps.is_empty());
        this && self.constructs() && !self.summaries.written(self.program).has(self.program, field)
    }

    /// The family of what an object has, where a member of it releases that: that this is the wrong release was told where
    /// the member is.
    pub(super) fn family_of_member(&self, path: &Path, on: &AccessPath, value: &Value) -> Option<FamilyId> {
        let id = value.object().filter(|_| on.root == Root::This && !on.steps.is_empty())?;
        let of_object = self.ledger.get(&id.origin).is_some_and(|ledger| ledger.of_object);
        match path.ownership(id) {
            Ownership::Owned(MemoryFamily::Known(family)) if of_object => Some(family),
            _ => None,
        }
    }

    /// Whether a class is mere data: constructors, final fields, and comparisons of them. Whoever has such an object has
    /// what its fields lead to, and nobody else.
    pub(super) fn is_data(&self, class: ClassRef) -> bool {
        let unit = &self.program.units[class.unit as usize];
        let declared = self.program.class(class);
        let does_nothing = |id: &FunctionId| {
            let member = unit.function(*id);
            matches!(member.kind, FunctionKind::Constructor) || COMPARISONS.contains(&member.name.as_str())
        };
        let alone = declared.supertype.is_none() && declared.implements.is_empty() && declared.mixins.is_empty();
        declared.kind == ClassKind::Class
            && alone
            && !declared.is_abstract
            && declared.fields.iter().all(|field| field.is_final && !field.is_static)
            && declared.members.iter().all(does_nothing)
    }

    /// Whether an object is mere data that has not gone out of sight.
    pub(super) fn is_whole_data(&self, path: &Path, id: ObjectId) -> bool {
        self.data.contains(&id.origin) && path.ownership(id) == Ownership::Unknown
    }

    /// The object of a class of the program that a function made and gives away whole.
    pub(super) fn returned_instance(&self, returned: &Returned) -> Option<ObjectId> {
        let Value::Pointer(id, Offset::Start) = returned.value else { return None };
        (self.is_instance(id) && returned.path.ownership(id) == Ownership::Unknown).then_some(id)
    }
}
