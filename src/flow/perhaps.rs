//! What a callee does on some of its paths only, or where it is compiled from sources that are not here.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::Releasing;
use super::path::Path;
use super::value::{Offset, Value};
use crate::ir::{FunctionKind, LocalKind, Name};
use crate::link::{FuncRef, Functions};
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership};
use crate::summary::{AccessPath, Basis, EffectKind, FamilyId, FamilyRef};
use crate::target::TargetSet;

/// What tells how the effects of a function are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller {
    /// The receiver is a struct: its fields are whoever's who has it.
    pub(super) of_struct: bool,
    /// The caller passes something that may say whether memory is released.
    asked: bool,
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
        let mut locals = function.locals.iter().zip(types);
        let of_struct = locals.any(|(local, ty)| local.kind == LocalKind::This && self.is_view(ty, 0));
        let asked = function.kind == FunctionKind::Closure
            || function.params.iter().any(|param| {
                let ty = function.locals.get(param.local.index()).and_then(|local| local.ty.as_ref());
                ty.is_none_or(|ty| ty.name == "bool" || ty.name.contains("Function"))
            });
        Teller { of_struct, asked }
    }

    /// Whether functions that lie in the folders of several platforms are built for one more, whose folder has native
    /// code too: the same source is compiled there from somewhere else. Plain C and C++ only, for what is written for
    /// Apple's frameworks is not.
    pub(super) fn is_built_elsewhere(
        &self,
        functions: &Functions,
        rest: &[(TargetSet, Functions)],
        target: TargetSet,
    ) -> bool {
        let all = || rest.iter().flat_map(|(_, other)| &other.candidates).chain(&functions.candidates);
        let mut folders: Vec<TargetSet> = all().map(|function| self.program.file(function.unit).targets).collect();
        folders.sort_unstable();
        folders.dedup();
        let portable = |function: &FuncRef| {
            let path = &self.program.file(function.unit).path;
            [".c", ".cc", ".cpp", ".cxx", ".rs"].iter().any(|suffix| path.ends_with(suffix))
                && self.program.function(*function).targets.contains(target)
        };
        let Some(package) =
            functions.candidates.first().and_then(|first| self.program.file(first.unit).package.as_ref())
        else {
            return false;
        };
        folders.len() > 1
            && all().all(portable)
            && self.program.units.iter().enumerate().any(|(unit, from)| {
                let file = self.program.file(unit as u32);
                from.language.is_native()
                    && file.targets == target
                    && file.package.as_ref().is_some_and(|other| other.root == package.root)
            })
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
            let releasing = Releasing { by, at: calling.at, family: Some(family), basis, inside, targets };
            self.release(path, calling.site, value, &releasing);
        }
        // What this function was given itself: its caller is told.
        if let (Value::Pointer(id, Offset::Start), Some(family)) = (value, family)
            && path.ownership(*id) == Ownership::Unknown
            && let Some(object) = path.objects.get_mut(id).filter(|object| object.path.is_some())
        {
            let inside = calling.ended.iter().find(|made| made.what == *on);
            let (by, at) = inside.map_or((calling.name.clone(), calling.at), |made| (made.by.clone(), made.location));
            std::rc::Rc::make_mut(&mut object.story).perhaps = Some(Perhaps { family, by, at });
        }
        self.escape(path, value);
    }
}
