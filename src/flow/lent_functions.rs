//! Functions that are called through something that must be there: those of a library that was opened, what the address
//! of a callback was made.

use super::calls::Calling;
use super::engine::{Engine, OriginKey, Role, Site};
use super::objects::Releasing;
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{LocalId, Name};
use crate::link::{Target, Ty};
use crate::models::schema::FamilyKind;
use crate::state::Ownership;
use crate::summary::{Outcome, Ownership as Given};
use crate::violation::{Owner, Usage};

impl Engine<'_> {
    /// Whether what is of an object is gone when that is closed: who else counts references keeps nothing of it.
    pub(super) fn is_closed_once(&self, id: ObjectId) -> bool {
        let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
        family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Handle)
    }

    /// Whether an object is a function that native code may call until it is closed.
    pub(super) fn is_callable(&self, id: ObjectId) -> bool {
        let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
        family.is_some_and(|family| self.models.family(family).callback)
    }

    /// A function that was taken out of something, or made of its address.
    pub(super) fn lent_function(&self, path: &Path, of: Option<&Value>, function: Value) -> Value {
        let lender = match of {
            Some(Value::Lent(_, lender)) => Some(*lender),
            of => of.and_then(Value::object).filter(|id| is_own(path, *id)),
        };
        match lender {
            Some(lender) => Value::Lent(Box::new(function), lender),
            None => function,
        }
    }

    /// The native function that a call gives: one that is looked up by name in what is passed ends with that.
    pub(super) fn looked_up(&self, path: &Path, calling: &Calling, symbol: Option<Name>) -> Value {
        let native = Value::Native(symbol);
        let model = calling.model.map(|model| self.models.function(model));
        let library = model.and_then(|model| self.value_at(path, calling, model.function_of.as_ref()?));
        match library.and_then(|library| library.object()).filter(|id| self.is_closed_once(*id)) {
            Some(library) => Value::Lent(Box::new(native), library),
            None => self.lent_function(path, calling.receiver.as_ref().map(|receiver| &receiver.value), native),
        }
    }

    /// The address of a native function is released.
    pub(super) fn release_function(&mut self, path: &mut Path, site: Site, symbol: Name, releasing: &Releasing) {
        let key = OriginKey::Site(site, Role::Literal);
        let origin = self.plain_origin(key, symbol, releasing.at, Owner::Function);
        let function = Object { ownership: Ownership::Borrowed, ..Object::unknown(None) };
        let function = self.allocate(path, origin, function);
        self.release_object(path, function, releasing);
    }

    /// A native function that is read out of what lends it, as its type says.
    pub(super) fn lent_native(&self, site: Site, path: &Path, of: Option<&Value>, to: LocalId) -> Option<Value> {
        let lender = of.and_then(Value::object).filter(|id| is_own(path, *id))?;
        match self.resolved(site.frame).types.get(to.index()) {
            Some(Ty::NativeFunction { symbol, .. }) => {
                Some(Value::Lent(Box::new(Value::Native(symbol.clone())), lender))
            }
            _ => None,
        }
    }

    /// What lends the function that is called must be there still. A member that is the function's own, as every
    /// object and number has some, calls nothing.
    pub(super) fn use_lender(
        &mut self,
        path: &mut Path,
        target: &Target,
        calling: &mut Calling,
        is_its_own: bool,
    ) -> Option<ObjectId> {
        let receiver = calling.receiver.as_mut()?;
        let is_bound = matches!(target.called(), Target::Native { .. } | Target::Functions(_));
        let gives_function = |outcome: &Outcome| matches!(outcome.result.ownership, Given::NativeFunction(_));
        let model = match target.called() {
            Target::Model(model) => Some(&self.models.function(*model).summary),
            _ => None,
        };
        let makes_function = model.is_some_and(|model| model.outcomes.iter().any(gives_function));
        let lender = match &receiver.value {
            // What is made of an address is the library's still.
            Value::Lent(_, lender) if makes_function => *lender,
            Value::Lent(function, lender) => {
                let (function, lender) = ((**function).clone(), *lender);
                receiver.value = function;
                if is_its_own {
                    return None;
                }
                lender
            }
            Value::Pointer(id, Offset::Start) if is_bound && is_own(path, *id) => *id,
            _ => return None,
        };
        let usage = Usage::Within(calling.name.clone());
        self.usage(path, &Value::Pointer(lender, Offset::Start), usage, calling.at);
        let owner = path.objects.get(&lender).filter(|lender| lender.story.own).and_then(|own| own.story.lent_of);
        is_bound.then_some(owner.unwrap_or(lender))
    }

    /// What a library's function gives that is static lies in the library, and ends with it.
    pub(super) fn lie_in_library(&self, frame: u32, library: ObjectId, given: LocalId, paths: &mut [Path]) {
        for path in paths.iter_mut().filter(|_| self.is_closed_once(library)) {
            let Value::Pointer(id, Offset::Start) = self.local(frame, path, given) else { continue };
            let Some(object) = path.objects.get_mut(&id) else { continue };
            if object.ownership == Ownership::Static && object.story.lent_of.is_none() {
                let story = std::rc::Rc::make_mut(&mut object.story);
                (story.lent_of, story.own) = (Some(library), true);
            }
        }
    }
}

fn is_own(path: &Path, id: ObjectId) -> bool {
    path.objects.get(&id).is_some_and(|object| object.story.own)
}
