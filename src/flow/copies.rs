//! C++ values that are copied where they are passed or assigned, and what a body that is not here does with addresses.

use super::calls::{ArgValue, Calling};
use super::engine::Engine;
use super::path::Path;
use super::value::Value;
use crate::link::Ty;
use crate::models::schema::MemberKind;
use crate::state::Ownership;
use crate::summary::{AccessPath, Effect, EffectKind, Root};

/// Members that put their argument into a collection or a field.
const KEEPERS: [&str; 15] = [
    "add",
    "append",
    "assign",
    "emplace",
    "emplace_back",
    "emplace_front",
    "enqueue",
    "insert",
    "insert_or_assign",
    "put",
    "push",
    "push_back",
    "push_front",
    "register",
    "reset",
];

impl Engine<'_> {
    /// Whether a value of that type is a copy wherever it is passed or assigned: a string, a vector.
    pub(super) fn is_copied(&self, frame: u32, ty: &Ty) -> bool {
        let Ty::Model(class, _) = ty else { return false };
        let drop = self.models.member(*class, "drop", MemberKind::Function, self.versions);
        let effects = drop.map(|model| self.models.function(model).summary.outcomes.iter());
        self.is_cpp(frame)
            && effects
                .into_iter()
                .flatten()
                .flat_map(|outcome| &outcome.effects)
                .any(|effect| matches!(effect.kind, EffectKind::Drop(family) if self.models.family(family).copied))
    }

    /// Whether an address is turned into a value of its own there: `std::string s = text;`.
    pub(super) fn converts(&self, frame: u32, to: &Ty, value: &Value, path: &Path) -> bool {
        let from = value.object().is_some_and(|id| path.ownership(id) != Ownership::Managed);
        from && self.is_copied(frame, to)
    }

    /// What a call does to the fields of what its caller was given is done to what the caller's caller sees.
    pub(super) fn read_given(&mut self, path: &mut Path, calling: &Calling, effect: &Effect) -> Option<Value> {
        let ends = matches!(
            effect.kind,
            EffectKind::Release(_) | EffectKind::MayRelease(_) | EffectKind::Take | EffectKind::Escape
        );
        let root = calling.root(&effect.on)?.value.object().filter(|_| ends && !effect.on.steps.is_empty())?;
        path.objects.get(&root)?.path.as_ref()?;
        let mut value = None;
        for steps in 1..=effect.on.steps.len() {
            let steps = effect.on.steps.iter().take(steps).cloned().collect();
            value = self.read_at(path, calling, &AccessPath { root: effect.on.root.clone(), steps });
        }
        value
    }

    /// Whether a function of which nothing is known only reads what an argument leads to: a text or numbers that the
    /// caller's caller gave. What is not handed to a collection is taken to be copied, as from a library.
    pub(super) fn is_read_only(&self, path: &Path, calling: &Calling, arg: &ArgValue) -> bool {
        let object = arg.value.object().and_then(|id| path.objects.get(&id)).filter(|object| !object.story.passed_on);
        let given = object.and_then(|object| object.path.as_ref());
        let given = given.is_some_and(|at| at.steps.is_empty() && matches!(at.root, Root::Param(_)));
        let plain = matches!(&arg.ty, Some(Ty::Pointer(to)) if matches!(**to, Ty::Scalar));
        let name = calling.name.rsplit(['.', ':']).next().unwrap_or_default();
        self.is_native(calling.site.frame) && given && plain && !KEEPERS.contains(&name)
    }
}
