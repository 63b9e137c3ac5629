//! Types of locals, kept once: most of a program's are a few, and many of them lead to further ones.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Ty;

/// The types of a function's locals, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Types(Box<[Arc<Ty>]>);

impl Types {
    /// The type of a local, by its place.
    #[must_use]
    pub fn get(&self, local: usize) -> Option<&Ty> {
        self.0.get(local).map(|ty| &**ty)
    }

    /// All types, in the order of the locals.
    pub fn iter(&self) -> impl Iterator<Item = &Ty> {
        self.0.iter().map(|ty| &**ty)
    }
}

/// The types that were met so far.
#[derive(Default)]
pub(super) struct Interner {
    known: FxHashSet<Arc<Ty>>,
}

impl Interner {
    pub(super) fn types(&mut self, types: Vec<Ty>) -> Types {
        Types(types.into_iter().map(|ty| self.one(ty)).collect())
    }

    fn one(&mut self, ty: Ty) -> Arc<Ty> {
        if let Some(known) = self.known.get(&ty) {
            return Arc::clone(known);
        }
        let new = Arc::new(ty);
        self.known.insert(Arc::clone(&new));
        new
    }
}
