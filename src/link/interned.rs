//! Types of locals, kept once: most of a program's are a few, and many of them lead to further ones.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Ty;

/// The types of a function's locals, in their order, and that of its result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Types(Box<[Arc<Ty>]>);

impl Types {
    /// The type of a local, by its place.
    #[must_use]
    pub fn get(&self, local: usize) -> Option<&Ty> {
        self.locals().get(local).map(|ty| &**ty)
    }

    /// The type of the result, declared or inferred (for an async function what the future holds).
    #[must_use]
    pub fn result(&self) -> &Ty {
        self.0.last().map_or(&Ty::Unknown, |ty| ty)
    }

    /// The types of all locals, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Ty> {
        self.locals().iter().map(|ty| &**ty)
    }

    fn locals(&self) -> &[Arc<Ty>] {
        self.0.split_last().map_or(&[], |(_, locals)| locals)
    }
}

/// The types that were met so far.
#[derive(Default)]
pub(super) struct Interner {
    known: FxHashSet<Arc<Ty>>,
}

impl Interner {
    pub(super) fn types(&mut self, locals: Vec<Ty>, result: Ty) -> Types {
        Types(locals.into_iter().chain([result]).map(|ty| self.one(ty)).collect())
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
