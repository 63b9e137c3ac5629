//! What the names of functions turned out to be, in little room: there is one of these for every function of a program.

use rustc_hash::FxHashMap;

use super::{Target, Ty, Types};
use crate::ir::{BlockId, Name};
use crate::target::TargetSet;

/// What a function's names turned out to be.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The type of each local, and of the result.
    pub types: Types,
    /// For each block, for each operation: what it refers to. [`Target::Unknown`] for operations that refer to nothing.
    pub targets: Targets,
    seldom: Option<Box<Seldom>>,
}

/// What few functions have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seldom {
    /// For each parameter with a name as its default: the type of that name's value.
    pub(super) defaults: Vec<Ty>,
    /// Symbols whose names come from a helper that other platforms have another one for, and those platforms.
    pub(super) renamed: Vec<(Name, TargetSet)>,
    /// The types that values are tested for where blocks end, by block.
    pub(super) tests: FxHashMap<BlockId, Ty>,
}

impl Resolved {
    pub(super) fn new(types: Types, targets: Vec<Vec<Target>>, seldom: Seldom) -> Self {
        let is_plain =
            seldom.defaults.iter().all(|ty| *ty == Ty::Unknown) && seldom.renamed.is_empty() && seldom.tests.is_empty();
        Self { types, targets: targets.into(), seldom: (!is_plain).then(|| seldom.into()) }
    }

    /// The type of the value that a name as a parameter's default has.
    #[must_use]
    pub fn default_type(&self, param: usize) -> Option<&Ty> {
        self.seldom.as_ref()?.defaults.get(param)
    }

    /// The types of the values of all names that are defaults.
    pub fn defaults(&self) -> impl Iterator<Item = &Ty> {
        self.seldom.iter().flat_map(|seldom| &seldom.defaults)
    }

    /// Symbols whose names come from a helper that other platforms have another one for, and those platforms.
    pub fn renamed(&self) -> impl Iterator<Item = &(Name, TargetSet)> {
        self.seldom.iter().flat_map(|seldom| &seldom.renamed)
    }

    /// The type that a value is tested for where a block ends.
    #[must_use]
    pub fn test(&self, block: BlockId) -> Option<&Ty> {
        self.seldom.as_ref()?.tests.get(&block)
    }
}

/// What the operations of a function refer to, block by block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    all: Box<[Target]>,
    /// Where each block's end.
    ends: Box<[u32]>,
}

impl Targets {
    /// Those of a block, by its place.
    #[must_use]
    pub fn get(&self, block: usize) -> Option<&[Target]> {
        let end = *self.ends.get(block)?;
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.all.get(start as usize..end as usize)
    }

    /// Those of each block.
    pub fn iter(&self) -> TargetsOfBlocks<'_> {
        TargetsOfBlocks { of: self, next: 0 }
    }
}

impl From<Vec<Vec<Target>>> for Targets {
    fn from(blocks: Vec<Vec<Target>>) -> Self {
        let mut end = 0;
        let mut after = |block: &Vec<Target>| {
            end += block.len() as u32;
            end
        };
        let ends = blocks.iter().map(&mut after).collect();
        let mut all = Vec::with_capacity(end as usize);
        blocks.into_iter().for_each(|mut block| all.append(&mut block));
        Self { all: all.into(), ends }
    }
}

/// The [`Targets`] of each block in turn.
#[derive(Clone, Debug)]
pub struct TargetsOfBlocks<'a> {
    of: &'a Targets,
    next: usize,
}

impl<'a> Iterator for TargetsOfBlocks<'a> {
    type Item = &'a [Target];

    fn next(&mut self) -> Option<&'a [Target]> {
        let found = self.of.get(self.next)?;
        self.next += 1;
        Some(found)
    }
}

impl<'a> IntoIterator for &'a Targets {
    type Item = &'a [Target];
    type IntoIter = TargetsOfBlocks<'a>;

    fn into_iter(self) -> TargetsOfBlocks<'a> {
        self.iter()
    }
}
