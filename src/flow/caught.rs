//! Which exceptions a `catch` clause catches.

use super::engine::Engine;
use crate::link::Ty;

/// How many supertypes of an exception are looked at.
const MAX_SUPERTYPES: usize = 64;

impl Engine<'_> {
    /// Whether a clause for one type catches what is thrown; `None` where that is not known.
    pub(super) fn catches(&self, caught: &Ty, thrown: Option<&Ty>) -> Option<bool> {
        if self.is_every(caught) {
            return Some(true);
        }
        let thrown = thrown?;
        match self.is_a(thrown, caught) {
            // What is declared as one type may be any that extends it.
            Some(false) => (self.is_a(caught, thrown) == Some(false)).then_some(false),
            known => known,
        }
    }

    /// Whether every value is of that type.
    fn is_every(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Model(ty, _) if self.models.ty(*ty).name == "Object")
    }

    /// Whether a type is another one or extends it; `None` where it extends something that is not here.
    fn is_a(&self, ty: &Ty, wanted: &Ty) -> Option<bool> {
        let (mut open, mut seen, mut known) = (vec![ty.clone()], 0, true);
        while let Some(ty) = open.pop() {
            seen += 1;
            match (&ty, wanted) {
                (Ty::Class(a, _), Ty::Class(b, _)) if a == b => return Some(true),
                (Ty::Model(a, _), Ty::Model(b, _)) if a == b => return Some(true),
                (Ty::External(a), Ty::External(b)) if a == b => return Some(true),
                _ => {}
            }
            match &ty {
                Ty::Class(class, _) => open.extend(self.program.supertypes(*class).iter().cloned()),
                Ty::Model(ty, _) => {
                    let info = self.models.ty(*ty);
                    let named =
                        info.supertypes.iter().map(|of| self.models.type_named(info.pack, &of.name, self.versions));
                    for of in named {
                        match of {
                            Some(of) => open.push(Ty::Model(of, Vec::new())),
                            None => known = false,
                        }
                    }
                }
                _ => known = false,
            }
            if seen > MAX_SUPERTYPES {
                return None;
            }
        }
        (known && matches!(wanted, Ty::Class(..) | Ty::Model(..))).then_some(false)
    }
}
