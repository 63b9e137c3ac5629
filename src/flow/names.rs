//! The names of allocators: which variable was asked, and which one releases.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::confidence;
use super::path::Path;
use super::value::{Offset, Value};
use crate::models::VariableId;
use crate::state::Ownership;
use crate::summary::FamilyRef;
use crate::violation::{Step, StepKind, Violation, ViolationKind};

impl Engine<'_> {
    /// Remembers which allocator was named for an allocation.
    pub(super) fn note_allocator(&self, path: &mut Path, calling: &Calling, family: &FamilyRef, value: &Value) {
        if let Some(allocator) = named(calling, family)
            && let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id))
        {
            std::rc::Rc::make_mut(&mut object.story).allocator = Some(allocator);
        }
    }

    /// A release that names another allocator than the allocation did, of the same family.
    pub(super) fn check_names(&mut self, path: &Path, calling: &Calling, family: &FamilyRef, value: &Value) {
        let (Some(releaser), Value::Pointer(id, Offset::Start)) = (named(calling, family), value) else { return };
        let Some(object) = path.objects.get(id) else { return };
        let Some(allocator) = object.story.allocator.filter(|allocator| *allocator != releaser) else { return };
        let memory = self.origins[id.origin as usize].family;
        // Who else may have seen it does not matter.
        let held = matches!(object.ownership, Ownership::Owned(_) | Ownership::Escaped);
        let (Some(Value::Allocator(released, _)), Some(memory), true) = (allocator_of(calling, family), memory, held)
        else {
            return;
        };
        let wanted = self.models.variable(allocator).name.clone();
        let other = path.targets.minus(self.models.same_on(memory, *released, self.versions));
        if !other.is_empty() || wanted == self.models.variable(releaser).name {
            return;
        }
        let Some(subject) = self.subject(*id, object) else { return };
        let mut trace = object.story.steps.clone();
        let by = calling.name.clone();
        trace.push(Step { kind: StepKind::Released { by: by.clone(), family: *released }, location: calling.at });
        let confidence = confidence(self.origins[id.origin as usize].basis);
        let kind = ViolationKind::MixedNames { subject, allocator: wanted, release: by };
        let (function, targets) = (self.root, path.targets);
        self.report(Violation { kind, function, at: calling.at, trace, targets, confidence });
    }
}

/// The value of the allocator that a call works with.
fn allocator_of<'c>(calling: &'c Calling, family: &FamilyRef) -> Option<&'c Value> {
    match family {
        FamilyRef::Allocator(at, _) if at.steps.is_empty() => calling.root(at).map(|arg| &arg.value),
        _ => None,
    }
}

/// The variable of the allocator that a call names.
fn named(calling: &Calling, family: &FamilyRef) -> Option<VariableId> {
    match allocator_of(calling, family) {
        Some(Value::Allocator(_, variable)) => Some(*variable),
        _ => None,
    }
}
