//! Allocators that the program writes itself: what their bodies allocate.

use super::engine::Engine;
use crate::link::{ClassRef, Ty};
use crate::summary::{FamilyId, FamilyRef, Ownership};

/// How far supertypes are followed.
const MAX_DEPTH: u32 = 8;

impl Engine<'_> {
    /// The family that an object of a type allocates: a model's, or that of the memory its own bodies hand out.
    pub(super) fn allocator_type(&self, ty: &Ty) -> Option<FamilyId> {
        match ty {
            Ty::Model(ty, _) => self.models.ty(*ty).allocator,
            Ty::Class(class, _) => self.class_allocator(*class),
            _ => None,
        }
    }

    fn class_allocator(&self, class: ClassRef) -> Option<FamilyId> {
        let bodies = self.program.allocations(class);
        if bodies.is_empty() {
            return self.inherited_allocator(class, 0);
        }
        let mut families = bodies.iter().map(|body| {
            let summary = self.summaries.get(*body)?;
            let mut results = summary
                .outcomes
                .iter()
                .filter(|outcome| outcome.guard != crate::summary::Guard::Throws)
                .map(|outcome| &outcome.result.ownership);
            match (results.next(), results.next()) {
                (Some(Ownership::Owned(FamilyRef::Family(family))), None) => Some(*family),
                _ => None,
            }
        });
        let first = families.next()??;
        families.all(|family| family == Some(first)).then_some(first)
    }

    /// A class without such bodies of its own allocates as the modelled class that it extends.
    fn inherited_allocator(&self, class: ClassRef, depth: u32) -> Option<FamilyId> {
        self.program.supertypes(class).iter().find_map(|ty| match ty {
            Ty::Model(ty, _) => self.models.ty(*ty).allocator,
            Ty::Class(class, _) if depth < MAX_DEPTH => self.inherited_allocator(*class, depth + 1),
            _ => None,
        })
    }
}
