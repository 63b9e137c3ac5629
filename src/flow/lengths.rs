//! Memory whose release needs its length: Rust's boxed slices, vectors and layouts.
//!
//! `Box::into_raw` and `Box::from_raw` are one pair of names for two families. Which one is meant shows in what the box
//! holds, and in whether the pointer carries a length.

use super::calls::Calling;
use super::engine::Engine;
use super::path::Path;
use crate::language::Language;
use crate::link::Ty;
use crate::models::schema::FamilyKind;
use crate::summary::{AccessPath, FamilyId};

impl Engine<'_> {
    /// The family of what a call hands out: `Box::into_raw` of a boxed slice gives a slice.
    pub(super) fn handed_on(&self, path: &Path, calling: &Calling, family: FamilyId) -> FamilyId {
        let Some(sibling) = self.sibling_with_length(family) else { return family };
        let from = calling.args.first().or(calling.receiver.as_ref()).and_then(|arg| arg.value.object());
        let of = from.filter(|id| path.objects.contains_key(id)).and_then(|id| self.origins[id.origin as usize].family);
        if of == Some(sibling) { sibling } else { family }
    }

    /// The family that a call releases: `Box::from_raw` of a pointer that carries a length releases a slice.
    pub(super) fn released_with_length(&self, calling: &Calling, on: &AccessPath, family: FamilyId) -> FamilyId {
        let Some(sibling) = self.sibling_with_length(family) else { return family };
        let ty = calling.root(on).and_then(|arg| arg.ty.as_ref());
        // `*mut [T]`, and what `slice_from_raw_parts_mut` gives; or `*mut *mut T`, of which nobody knows.
        let carries_length = matches!(ty, Some(Ty::Pointer(to)) if match &**to {
            Ty::Pointer(_) => true,
            Ty::Model(ty, _) => self.models.ty(*ty).pointer,
            _ => false,
        });
        if carries_length { sibling } else { family }
    }

    /// Whether memory of one family was released as that of another which differs by the length alone.
    pub(super) fn lacks_length(&self, memory: FamilyId, released_as: FamilyId) -> bool {
        let [of, by] = [memory, released_as].map(|family| self.models.family(family));
        let library = |name: &str| name.split('.').next().map(str::to_owned);
        of.kind == FamilyKind::Pair && by.kind == FamilyKind::Memory && library(&of.name) == library(&by.name)
    }

    /// Whether two families differ by a length alone, and nobody can say that it is missing: in one language's own code
    /// the type of the pointer may carry it.
    pub(super) fn differ_by_length(&self, memory: FamilyId, released_as: FamilyId, crosses: bool) -> bool {
        memory != released_as
            && (self.sibling_with_length(memory) == Some(released_as)
                || !crosses && self.sibling_with_length(released_as) == Some(memory))
    }

    /// The family with the same release that needs a length.
    fn sibling_with_length(&self, family: FamilyId) -> Option<FamilyId> {
        // Only Rust has such; every call asks.
        if self.models.family(family).language != Some(Language::Rust) {
            return None;
        }
        let release = self.models.family(family).release_with.first()?;
        let is_sibling = |other: &crate::models::Family| {
            other.kind == FamilyKind::Pair && other.release_with.first() == Some(release)
        };
        let at = self.models.families().iter().position(is_sibling)?;
        let sibling = FamilyId(u16::try_from(at).ok()?);
        (sibling != family).then_some(sibling)
    }
}
