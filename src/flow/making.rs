//! Constructors that throw: nobody gets the object that was in the making, and nobody what its fields lead to.

use super::engine::Engine;
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::state::{MemoryFamily, Ownership};
use crate::summary::Root;
use crate::violation::Thrower;

impl Engine<'_> {
    /// A path on which the analysed constructor throws itself: what it put into its object is its own again. Only what
    /// is there for certain, and as long as nobody else has the object.
    pub(super) fn take_from_made(&self, path: &mut Path, thrower: &Thrower) {
        if !self.constructs() || *thrower != Thrower::Throw {
            return;
        }
        let this = path.objects.iter().find(|(_, object)| {
            let at = object.path.as_deref();
            at.is_some_and(|at| at.root == Root::This && at.steps.is_empty()) && object.ownership == Ownership::Unknown
        });
        let Some((this, _)) = this else { return };
        let held = path.held(*this).filter_map(|(_, value)| match value {
            Value::Pointer(id, Offset::Start) => Some(*id),
            _ => None,
        });
        for id in held.collect::<Vec<ObjectId>>() {
            let Some(object) = path.objects.get_mut(&id) else { continue };
            let is_own = object.path.is_none() && object.attached.is_none() && object.non_null && !id.older;
            if let (Some(family), Ownership::Escaped, true) = (object.given, object.ownership, is_own) {
                object.ownership = Ownership::Owned(MemoryFamily::Known(family));
            }
        }
    }
}
