//! Functions that are called through something that must be there: those of a library that was opened, what the address
//! of a callback was made.

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::LocalId;
use crate::link::{Target, Ty};
use crate::models::schema::FamilyKind;
use crate::violation::Usage;

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
        let lender = of.and_then(Value::object).filter(|id| is_own(path, *id));
        match lender {
            Some(lender) => Value::Lent(Box::new(function), lender),
            None => function,
        }
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

    /// What lends the function that is called must be there still.
    pub(super) fn use_lender(&mut self, path: &mut Path, target: &Target, calling: &mut Calling) {
        let Some(receiver) = calling.receiver.as_mut() else { return };
        let is_bound = matches!(target.called(), Target::Native { .. } | Target::Functions(_));
        let lender = match &receiver.value {
            Value::Lent(function, lender) => {
                let (function, lender) = ((**function).clone(), *lender);
                receiver.value = function;
                lender
            }
            Value::Pointer(id, Offset::Start) if is_bound && is_own(path, *id) => *id,
            _ => return,
        };
        let usage = Usage::Within(calling.name.clone());
        self.usage(path, &Value::Pointer(lender, Offset::Start), usage, calling.at);
    }
}

fn is_own(path: &Path, id: ObjectId) -> bool {
    path.objects.get(&id).is_some_and(|object| object.story.own)
}
