//! What was made lately, to be had again instead of made again.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;

/// As many as fit into a core's nearest memory together with the pointers to them.
const PLACES: usize = 4096;

/// A place for each of some thousand things; a new one drives out whatever is in its place. So nothing is kept for long
/// that nobody else holds, and no thread waits for another.
pub(super) struct Recent<T>(Box<[Option<T>]>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(std::iter::repeat_with(|| None).take(PLACES).collect())
    }
}

impl<T: Clone> Recent<T> {
    /// The thing that equals a key, if it is still here.
    pub(super) fn known<K: Hash + Eq + ?Sized>(&self, key: &K) -> Option<T>
    where
        T: Borrow<K>,
    {
        self.0[place(key)].as_ref().filter(|known| (*known).borrow() == key).cloned()
    }

    /// Keeps a thing, and gives it back.
    pub(super) fn keep<K: Hash + Eq + ?Sized>(&mut self, new: T) -> T
    where
        T: Borrow<K>,
    {
        let place = place(new.borrow());
        self.0[place].insert(new).clone()
    }
}

/// The upper bits of a hash are mixed best.
fn place<K: Hash + ?Sized>(key: &K) -> usize {
    (FxBuildHasher.hash_one(key) >> 52) as usize
}
