//! What a callee does on some of its paths only, in a way that its caller cannot observe.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::Releasing;
use super::path::Path;
use super::value::{Offset, Value};
use crate::ir::{FunctionKind, LocalKind, Name};
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership};
use crate::summary::{AccessPath, Basis, EffectKind, FamilyId, FamilyRef};

/// What tells how the effects of a function are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller {
    /// The receiver is a struct: its fields are whoever's who has it.
    pub(super) of_struct: bool,
    /// The caller passes something that may say whether memory is released.
    asked: bool,
    /// The function is native and the caller passes nothing but addresses and lengths.
    pub(super) steady: bool,
}

/// A release that happens on some paths of a callee.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Perhaps {
    /// As memory of which family.
    pub(super) family: FamilyId,
    /// The call that releases, and where it is.
    pub(super) by: Name,
    pub(super) at: Location,
}

impl Teller {
    /// The family as which memory is released on those paths that do something to it.
    pub(super) fn family_of(self, kinds: &[&Option<EffectKind>]) -> Option<FamilyId> {
        let mut families = kinds.iter().filter_map(|kind| match kind {
            None | Some(EffectKind::BorrowAssumed) => None,
            Some(EffectKind::Release(FamilyRef::Family(family)) | EffectKind::MayRelease(Some(family))) => {
                Some(Some(*family))
            }
            Some(_) => Some(None),
        });
        let first = families.next()??;
        families.all(|family| family == Some(first)).then_some(first).filter(|_| !self.asked)
    }
}

impl Engine<'_> {
    pub(super) fn teller(&self) -> Teller {
        let function = self.program.function(self.root);
        let types = &self.program.resolved(self.root).types;
        let mut locals = function.locals.iter().zip(types.iter());
        let of_struct = locals.any(|(local, ty)| local.kind == LocalKind::This && self.is_view(ty, 0));
        let asked = function.kind == FunctionKind::Closure
            || function.params.iter().any(|param| {
                let ty = function.locals.get(param.local.index()).and_then(|local| local.ty.as_ref());
                ty.is_none_or(|ty| ty.name == "bool" || ty.name.contains("Function"))
            });
        let measures = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["len", "size", "count", "num"].iter().any(|word| name.contains(word)) || name == "n"
        };
        let steady = self.program.units[self.root.unit as usize].language.is_native()
            && function.params.iter().all(|param| {
                let ty = function.locals.get(param.local.index()).and_then(|local| local.ty.as_ref());
                ty.is_some_and(|ty| ty.name == "*" || ty.name == "&") || measures(&param.name)
            });
        Teller { of_struct, asked, steady }
    }

    /// A callee releases memory on some paths. As memory of another family, that is wrong on each of them.
    pub(super) fn may_release(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        on: &AccessPath,
        value: &Value,
        family: Option<FamilyId>,
    ) {
        if let (Value::Pointer(id, Offset::Start), Some(family)) = (value, family)
            && let Ownership::Owned(MemoryFamily::Known(memory)) = path.ownership(*id)
            && !path.targets.minus(self.models.same_on(memory, family, self.versions)).is_empty()
        {
            let inside = calling.ended.iter().find(|made| made.what == *on).cloned();
            let by = calling.name.clone();
            let basis = Basis::Body;
            let targets = calling.targets;
            let releasing = Releasing { by, at: calling.at, family: Some(family), basis, inside, whole: true, targets };
            self.release(path, calling.site, value, &releasing);
        }
        // What this function was given itself: its caller is told.
        if let (Value::Pointer(id, Offset::Start), Some(family)) = (value, family)
            && path.ownership(*id) == Ownership::Unknown
            && let Some(object) = path.objects.get_mut(id).filter(|object| object.path.is_some())
        {
            let inside = calling.ended.iter().find(|made| made.what == *on);
            let (by, at) = inside.map_or((calling.name.clone(), calling.at), |made| (made.by.clone(), made.location));
            std::rc::Rc::make_mut(&mut object.story).perhaps = Some(Box::new(Perhaps { family, by, at }));
        }
        self.escape(path, value);
    }
}
