//! Memory of which only names and documentation tell that it must be released: where anything else may have become its
//! owner, or that of a part of it, nothing is held against the program.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Site};
use super::path::Path;
use super::value::{ObjectId, Value};
use crate::conventions::words;
use crate::ir::Name;
use crate::link::Ty;
use crate::models::hints::Hint;
use crate::state::Event;
use crate::summary::{AccessPath, Effect, EffectKind, Root};

impl Engine<'_> {
    /// Whether it is only concluded that an object must be released.
    pub(super) fn is_concluded(&self, id: ObjectId) -> bool {
        let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
        family.is_some_and(|family| self.models.family(family).concluded.is_some())
    }

    /// A field of such memory is read: whoever gets it may release it alone.
    fn note_part_of_concluded(&mut self, from: ObjectId, value: &Value) {
        if let Value::Symbol(symbol) = value
            && self.is_concluded(from)
        {
            self.concluded_parts.insert(*symbol, from);
        }
    }

    /// A value goes where nobody follows: so does what it is a part of.
    pub(super) fn part_goes(&mut self, path: &mut Path, value: &Value) {
        if let Value::Symbol(symbol) = value
            && let Some(whole) = self.concluded_parts.get(symbol).copied()
            && path.objects.contains_key(&whole)
        {
            self.apply(path, whole, Event::Escape);
        }
    }

    /// A call that releases something by its name is given a part of such memory.
    pub(super) fn release_parts(&mut self, path: &mut Path, calling: &Calling) {
        if !self.concluded_parts.is_empty() && self.models.hints().says(Hint::Releases, &calling.name) {
            calling.args.iter().for_each(|arg| self.part_goes(path, &arg.value));
        }
    }

    /// It is stored in memory: whoever has that may release it.
    pub(super) fn stored_concluded(&mut self, path: &mut Path, value: &Value) {
        self.part_goes(path, value);
        if let Some(id) = value.object().filter(|id| self.is_concluded(*id)) {
            self.apply(path, id, Event::Escape);
        }
    }

    /// An effect ends or hands on a part of such memory, or may do so with all of it.
    pub(super) fn give_up_concluded(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        effect: &Effect,
        value: Option<&Value>,
    ) {
        let assumed = effect.kind == EffectKind::BorrowAssumed;
        if matches!(effect.kind, EffectKind::Borrow | EffectKind::Untouched | EffectKind::Fill(_)) {
            return;
        }
        if let Some(value) = value.filter(|_| !assumed) {
            self.part_goes(path, value);
        }
        let root = AccessPath::root(effect.on.root.clone());
        let Some(id) = self.value_at(path, calling, &root).and_then(|value| value.object()) else { return };
        if !self.is_concluded(id) {
            return;
        }
        let whole = effect.on.steps.is_empty();
        let arg = calling.root(&root).cloned();
        let index = match effect.on.root {
            Root::Param(index) => usize::from(index),
            Root::This => 0,
            _ => usize::MAX,
        };
        let goes = match effect.kind {
            EffectKind::BorrowAssumed => whole && arg.is_some_and(|arg| self.may_take(&calling.name, index, &arg)),
            EffectKind::StoreInto(_) => true,
            _ => !whole,
        };
        if goes {
            self.apply(path, id, Event::Escape);
        }
    }

    /// Whether a function of which nothing is known may become the owner of such memory: the object that it is called
    /// for, as its first argument, it does not.
    fn may_take(&self, name: &Name, index: usize, arg: &ArgValue) -> bool {
        let by_pointer = matches!(&arg.ty, Some(Ty::Model(class, _)) if self.models.ty(*class).pointer)
            || matches!(&arg.ty, Some(Ty::Pointer(_)));
        let of_type = match &arg.ty {
            Some(Ty::Model(_, args)) => args.first().is_some_and(|to| self.is_named_for(name, to)),
            Some(Ty::Pointer(to)) => self.is_named_for(name, to),
            _ => false,
        };
        index > 0 || !by_pointer || !of_type || self.models.hints().says(Hint::Releases, name)
    }

    /// Whether a function's name says that it is one of a type's: `sentry_options_set_dsn`, not `sentry_init`.
    fn is_named_for(&self, function: &Name, ty: &Ty) -> bool {
        let Ty::Class(class, _) = ty else { return false };
        let of_type: Vec<String> =
            words(&self.program.class(*class).name).into_iter().filter(|word| word != "t").collect();
        words(function).concat().contains(&of_type.concat())
    }

    /// Such memory is given to a native function of which nothing is known. Whether it is out of sight from here.
    pub(super) fn is_given_up(&mut self, path: &mut Path, calling: &Calling, index: usize, arg: &ArgValue) -> bool {
        if self.models.hints().says(Hint::Releases, &calling.name) {
            self.part_goes(path, &arg.value);
        }
        let Some(id) = arg.value.object().filter(|id| self.is_concluded(*id)) else { return false };
        let goes = self.may_take(&calling.name, index, arg);
        if goes {
            self.apply(path, id, Event::Escape);
        }
        goes
    }

    /// The value of a field, noted where it is a part of such memory.
    pub(super) fn loaded(&mut self, path: &mut Path, site: Site, from: ObjectId) -> Value {
        let value = self.fresh(path, site, super::engine::Role::Loaded);
        self.note_part_of_concluded(from, &value);
        self.note_cell(path, from, &value);
        value
    }
}
