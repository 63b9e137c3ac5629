//! What paths have in common until one of them changes it.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A value that is copied when it is written to while others hold it, not when it is cloned: a path splits at every
/// branch and call, and most of what it knows stays the same on both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// Whether both are one: then they are equal, and nobody needs to look.
    pub(super) fn is_one(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}
