//! Memory that is given to native code together with what lies in it.

use super::calls::{Access, Calling};
use super::engine::Engine;
use super::path::Path;
use super::value::{Offset, Value};
use crate::state::Ownership;
use crate::violation::{StepKind, Usage};

impl Engine<'_> {
    /// The first call that gets a block must find in it what was put there: what was released in between, nobody but
    /// that call can have been meant to read.
    pub(super) fn check_contents(&mut self, path: &mut Path, calling: &Calling, value: &Value) {
        let id = match value {
            Value::Pointer(id, Offset::Start) | Value::Address(id) => *id,
            _ => return,
        };
        let Some(container) = path.objects.get(&id) else { return };
        let own = container.path.is_none()
            && matches!(container.ownership, Ownership::Owned(_) | Ownership::Managed | Ownership::Local);
        if !own || container.story.lent_to.is_some() || path.doubtful || calling.access != Access::Call {
            return;
        }
        let gone = path.held(id).find_map(|(_, value)| match value {
            Value::Pointer(held, Offset::Start) if *held != id && path.ownership(*held) == Ownership::Released => {
                let object = path.objects.get(held).filter(|object| object.path.is_none())?;
                let put = |kind: &StepKind| matches!(kind, StepKind::Stored { .. });
                object.story.steps.iter().any(|step| put(&step.kind)).then(|| value.clone())
            }
            _ => None,
        });
        if let Some(gone) = gone {
            self.usage(path, &gone, Usage::Pass(calling.name.clone()), calling.at);
        }
    }
}
