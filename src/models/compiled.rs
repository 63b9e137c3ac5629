//! The models of the program as they are after loading: reading that takes a fraction of what the files take.
//!
//! The files are what people edit. The compiled form says from which texts it was made; where these have changed since,
//! it does not count, and the files are read.

use std::sync::OnceLock;

use super::{FunctionInfo, ModelId, ModelSet};

/// Made by [`compile`](super::compile); a test holds it to the files.
const COMPILED: &[u8] = include_bytes!("../../rules/models.bin");

/// The compiled set; nothing where it was made from other files, or by a program that knows other facts.
pub(super) fn read() -> Option<ModelSet> {
    let (stamp, body) = COMPILED.split_first_chunk::<STAMP>()?;
    if *stamp != stamp_of_files() {
        return None;
    }
    let (mut set, rest) = postcard::take_from_bytes::<ModelSet>(body).ok()?;
    let (ends, bodies) = postcard::take_from_bytes::<Vec<u32>>(rest).ok()?;
    set.functions = Functions { read: ends.iter().map(|_| OnceLock::new()).collect(), ends, bodies, added: Vec::new() };
    Some(set)
}

/// The compiled form of the set that the files give.
pub(super) fn write(set: &ModelSet) -> Vec<u8> {
    let mut bytes = stamp_of_files().to_vec();
    // Writing to memory fails for no set that can be made of files.
    bytes.extend(postcard::to_allocvec(set).unwrap_or_default());
    let (mut ends, mut bodies): (Vec<u32>, Vec<u8>) = Default::default();
    for function in set.functions.iter() {
        bodies.extend(postcard::to_allocvec(function).unwrap_or_default());
        ends.push(bodies.len() as u32);
    }
    bytes.extend(postcard::to_allocvec(&ends).unwrap_or_default());
    bytes.extend(bodies);
    bytes
}

/// The functions of a set; those that were compiled are read when they are asked for: a project needs few of them.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Where each compiled function ends in `bodies`.
    ends: Vec<u32>,
    bodies: &'static [u8],
    read: Vec<OnceLock<Box<FunctionInfo>>>,
    /// Those that came later.
    added: Vec<FunctionInfo>,
}

impl Functions {
    pub(super) fn len(&self) -> u32 {
        (self.ends.len() + self.added.len()) as u32
    }

    pub(super) fn push(&mut self, function: FunctionInfo) -> ModelId {
        self.added.push(function);
        ModelId(self.len() - 1)
    }

    pub(super) fn get(&self, id: ModelId) -> &FunctionInfo {
        let at = id.0 as usize;
        match self.read.get(at) {
            Some(slot) => slot.get_or_init(|| Box::new(self.compiled(at))),
            None => &self.added[at - self.read.len()],
        }
    }

    fn iter(&self) -> impl Iterator<Item = &FunctionInfo> {
        (0..self.len()).map(|at| self.get(ModelId(at)))
    }

    fn compiled(&self, at: usize) -> FunctionInfo {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(at).map_or(0, |end| *end as usize);
        // The stamp says that this program wrote it.
        let body = self.bodies.get(start..end).unwrap_or_default();
        postcard::from_bytes(body).unwrap_or_else(|_| FunctionInfo::unknown())
    }
}

/// Bytes of the stamp.
const STAMP: usize = 32;

fn stamp_of_files() -> [u8; STAMP] {
    let mut hasher = blake3::Hasher::new();
    for (path, text) in super::BUILTIN {
        hasher.update(path.as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Maps whose entries are written in the order of their keys: the same facts give the same bytes.
pub(super) mod sorted {
    use rustc_hash::FxHashMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::ir::Name;

    pub(in crate::models) fn serialize<V: Serialize, S: Serializer>(
        map: &FxHashMap<Name, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<(&Name, &V)> = map.iter().collect();
        entries.sort_unstable_by_key(|(name, _)| *name);
        entries.serialize(serializer)
    }

    pub(in crate::models) fn deserialize<'d, V: Deserialize<'d>, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<FxHashMap<Name, V>, D::Error> {
        let entries: Vec<(Name, V)> = Vec::deserialize(deserializer)?;
        Ok(entries.into_iter().collect())
    }
}
