//! The numbers that say that there is no handle, reference or memory, and what becomes of a handle that a struct
//! carries.

use super::calls::ArgValue;
use super::conditions::{Split, on_fact, same_as_unknown, split_object};
use super::engine::Engine;
use super::outcome::retold;
use super::path::{Fact, Path};
use super::value::{ObjectId, Symbol, Value};
use crate::link::Ty;
use crate::models::schema::FamilyKind;
use crate::state::Ownership;
use crate::summary::FamilyId;
use crate::violation::{StepKind, ViolationKind};

impl Engine<'_> {
    /// Whether what is of a family is something to be closed, not memory.
    pub(super) fn is_handle_family(&self, family: FamilyId) -> bool {
        let family = self.models.family(family);
        matches!(family.kind, FamilyKind::Handle | FamilyKind::Refcount) && family.language.is_none()
    }

    /// Whether an object is a handle.
    pub(super) fn is_handle(&self, id: ObjectId) -> bool {
        let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
        family.is_some_and(|family| self.is_handle_family(family))
    }

    /// Whether one of two values is a handle.
    pub(super) fn compares_handle(&self, left: &Value, right: &Value) -> bool {
        [left, right].into_iter().any(|value| matches!(value, Value::Pointer(id, _) if self.is_handle(*id)))
    }

    /// Whether an argument is a handle that the callee's contract does not speak of: a number, as far as its type says.
    pub(super) fn is_unfollowed(&self, arg: &ArgValue) -> bool {
        matches!(arg.ty, None | Some(Ty::Scalar | Ty::Unknown))
            && arg.value.object().is_some_and(|id| self.is_handle(id))
    }

    /// A handle compared with a value: 0 and -1 say that there is none, and so may a constant that nobody knows.
    pub(super) fn split_handle(&self, path: Path, handle: ObjectId, left: &Value, right: &Value) -> Split {
        let other = if left.object() == Some(handle) { right } else { left };
        if let Value::Int(0 | -1) = other {
            return split_object(path, handle, other);
        }
        let [held, failed] = on_fact(path, Fact::True(Symbol::of(("==", left, right))));
        let failed = failed.map(|mut path| {
            if let Some(object) = path.objects.get_mut(&handle) {
                object.non_null = true;
            }
            path
        });
        [held.map(|path| same_as_unknown(path, left, right)), failed]
    }

    /// A number that is written down is the address of nothing that was allocated: it says that there is none.
    pub(super) fn split_sentinel(path: &Path, left: &Value, right: &Value) -> Option<Split> {
        let ((Value::Pointer(id, _), number @ Value::Int(_)) | (number @ Value::Int(_), Value::Pointer(id, _))) =
            (left, right)
        else {
            return None;
        };
        let is_owned = matches!(path.ownership(*id), Ownership::Owned(_));
        is_owned.then(|| split_object(path.clone(), *id, number))
    }

    /// `fd < 0`, `handle <= 0`, `ptr > 0`, `ptr >= 1`; nothing where neither a handle nor what was allocated is compared
    /// with such a number.
    pub(super) fn split_order(&self, path: &Path, op: &str, left: &Value, right: &Value) -> Option<Split> {
        let (of, number, op) = match (left, right) {
            (Value::Pointer(id, _), Value::Int(number)) => (*id, *number, op),
            (Value::Int(number), Value::Pointer(id, _)) => (*id, *number, mirrored(op)?),
            _ => return None,
        };
        if !self.is_handle(of) && !matches!(path.ownership(of), Ownership::Owned(_)) {
            return None;
        }
        let none = match (op, number) {
            (_, 0 | -1) => number,
            // Of whole numbers, what is less than one is at most nothing.
            ("<" | ">=", 1) => 0,
            _ => return None,
        };
        let [none, some] = split_object(path.clone(), of, &Value::Int(none));
        match op {
            "<" | "<=" => Some([none, some]),
            ">" | ">=" => Some([some, none]),
            _ => None,
        }
    }

    /// A struct is given to native code, with the handles that the program put into it: whether it keeps them, nobody
    /// can say.
    pub(super) fn let_stored_handles_go(&mut self, path: &mut Path, container: ObjectId) {
        let stored: Vec<Value> = path
            .held(container)
            .filter(|(_, value)| {
                value.object().is_some_and(|id| {
                    let steps = path.objects.get(&id).map(|object| &object.story.steps);
                    let put = |kind: &StepKind| matches!(kind, StepKind::Stored { .. });
                    self.is_handle(id) && steps.is_some_and(|steps| steps.iter().any(|step| put(&step.kind)))
                })
            })
            .map(|(_, value)| value.clone())
            .collect();
        for value in stored {
            self.escape(path, &value);
        }
    }
}

/// `0 < fd` asks what `fd > 0` does.
fn mirrored(op: &str) -> Option<&'static str> {
    match op {
        "<" => Some(">"),
        "<=" => Some(">="),
        ">" => Some("<"),
        ">=" => Some("<="),
        _ => None,
    }
}

/// The leak of a handle: the same paths, told of the handle.
pub(super) fn unclosed(kind: ViolationKind) -> ViolationKind {
    match kind {
        ViolationKind::Overwritten { .. } => kind,
        kind => retold(kind, |subject, missing| ViolationKind::UnclosedHandle { subject, missing }),
    }
}
