//! Values made of a block that somebody else gave: `Box::from_raw`. Dropping one releases the block; one that is let go
//! of without that (`mem::forget`, `Box::into_raw`) leaves the block as it was.

use std::rc::Rc;

use super::calls::Calling;
use super::engine::Engine;
use super::path::{Object, Path};
use super::perhaps::Perhaps;
use super::value::{ObjectId, Offset, Value};
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::state::Ownership as State;
use crate::summary::{Ownership, Summary};
use crate::violation::StepKind;

impl Engine<'_> {
    /// How a block is before a call makes a value of it.
    pub(super) fn before_adoption(&self, path: &Path, calling: &Calling, value: &Value) -> Option<(ObjectId, Object)> {
        let makes = |summary: &Summary| {
            summary.outcomes.iter().any(|outcome| matches!(outcome.result.ownership, Ownership::Value(_)))
        };
        let Value::Pointer(id, Offset::Start) = value else { return None };
        let model = calling.model.filter(|model| makes(&self.models.function(*model).summary))?;
        let object = path.objects.get(id).filter(|_| self.models.function(model).pack.is_some())?;
        Some((*id, object.clone()))
    }

    /// The value that was made of a block.
    pub(super) fn adopt(&mut self, path: &mut Path, value: &Value, before: (ObjectId, Object)) {
        if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
            Rc::make_mut(&mut object.story).adopted = Some(Rc::new(before));
        }
    }

    /// Lets go of a value without ending it: the block it was made of is as before. That block.
    pub(super) fn give_back(&mut self, path: &mut Path, value: &Value) -> Option<Value> {
        let id = value.object()?;
        let object = path.objects.get_mut(&id)?;
        let adopted = object.story.adopted.clone()?;
        object.ownership = State::Escaped;
        let (block, mut before) = (adopted.0, adopted.1.clone());
        // A further reference was left to somebody meanwhile.
        if !before.story.passed_on && path.objects.get(&block).is_some_and(|block| block.story.passed_on) {
            before.ownership = State::Escaped;
            Rc::make_mut(&mut before.story).passed_on = true;
        }
        path.objects.insert(block, before);
        let block = Value::Pointer(block, Offset::Start);
        path.replace(&Value::Pointer(id, Offset::Start), &block);
        Some(block)
    }

    /// What a function of which nothing is known makes of a value that counts references may be a further one:
    /// `Arc::clone(&value)`.
    pub(super) fn note_reference(&mut self, path: &Path, calling: &Calling, made: &Value) {
        let Value::Symbol(symbol) = made else { return };
        if !self.is_native(calling.site.frame) || !self.models.hints().says(Hint::MakesByName, &calling.name) {
            return;
        }
        let given = calling.receiver.iter().chain(&calling.args).filter_map(|arg| arg.value.object());
        let adopted = given.filter_map(|id| Some((id, path.objects.get(&id)?.story.adopted.clone()?)));
        let mut counted = adopted.filter(|(id, _)| {
            let family = self.origins[id.origin as usize].family;
            family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Refcount)
        });
        if let Some((_, adopted)) = counted.next() {
            self.references.insert(*symbol, adopted.0);
        }
    }

    /// A further reference is let go of without ending: whoever has the block has one more.
    pub(super) fn leave_reference(&mut self, path: &mut Path, value: &Value) {
        if let Value::Symbol(symbol) = value
            && let Some(block) = self.references.get(symbol).and_then(|block| path.objects.get_mut(block))
        {
            block.ownership = State::Escaped;
            Rc::make_mut(&mut block.story).passed_on = true;
        }
    }

    /// A value goes out of sight: it need not end with its scope, nor what it was made of with it.
    pub(super) fn loosen(&mut self, path: &mut Path, id: ObjectId) {
        let Some(object) = path.objects.get_mut(&id) else { return };
        if object.ownership != State::Managed || object.scope.is_some() || object.attached.is_some() {
            return;
        }
        let story = Rc::make_mut(&mut object.story);
        (story.loose, story.address_left) = (true, false);
        if let Some(adopted) = story.adopted.clone()
            && let Some(block) = path.objects.get_mut(&adopted.0)
        {
            // Whoever has the value now most likely ends it.
            let released = block.story.steps.iter().rev().find_map(|step| match &step.kind {
                StepKind::Released { by, family } => {
                    Some(Perhaps { family: *family, by: by.clone(), at: step.location })
                }
                _ => None,
            });
            if block.ownership == State::Released && block.path.is_some() && block.story.perhaps.is_none() {
                Rc::make_mut(&mut block.story).perhaps = released.map(Box::new);
            }
            block.ownership = State::Escaped;
        }
    }

    /// Whether a call turns the value it takes into an address that its caller owns: `Box::into_raw`.
    pub(super) fn hands_address(&self, calling: &Calling) -> bool {
        let owned = |summary: &Summary| {
            summary.outcomes.iter().any(|outcome| matches!(outcome.result.ownership, Ownership::Owned(_)))
        };
        calling.model.is_some_and(|model| owned(&self.models.function(model).summary))
    }
}

impl Path {
    /// Whether a value was made of a block that somebody gave.
    pub(super) fn is_adopted(&self, id: ObjectId) -> bool {
        self.objects.get(&id).is_some_and(|object| object.story.adopted.is_some())
    }

    /// Whether a member of which nothing is known was called on a value.
    pub(super) fn is_touched(&self, id: ObjectId) -> bool {
        self.objects.get(&id).is_some_and(|object| object.story.touched)
    }

    /// Calls a member of which nothing is known.
    pub(super) fn touch(&mut self, id: ObjectId) {
        if let Some(object) = self.objects.get_mut(&id) {
            Rc::make_mut(&mut object.story).touched = true;
        }
    }

    /// Whether a value went out of sight.
    pub(super) fn is_loose(&self, id: ObjectId) -> bool {
        self.objects.get(&id).is_some_and(|object| object.ownership == State::Managed && object.story.loose)
    }
}
