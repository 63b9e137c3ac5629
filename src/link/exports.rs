//! The definitions that stand behind native symbols.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::foreign::{common_folders, furthest_common};
use super::{FileContext, FuncRef};
use crate::ir::{Name, Unit};

/// The exported definitions of the program, by symbol.
#[derive(Debug, Default)]
pub(super) struct Exports {
    by_symbol: FxHashMap<Name, Vec<FuncRef>>,
}

impl Exports {
    pub(super) fn new(units: &[Unit]) -> Self {
        let mut exports = Self::default();
        for (unit, from) in units.iter().enumerate() {
            for export in &from.exports {
                let function = FuncRef { unit: unit as u32, function: export.function };
                exports.by_symbol.entry(export.symbol.clone()).or_default().push(function);
            }
        }
        exports
    }

    /// Whether anything is exported under a symbol.
    pub(super) fn has(&self, symbol: &str) -> bool {
        self.by_symbol.contains_key(symbol)
    }

    /// The definitions that a symbol named in a unit means: those nearest to it. Several where several are equally
    /// near (one for each platform, copies for each build system); empty where there is none.
    pub(super) fn definitions(&self, files: &[FileContext], symbol: &str, from: u32) -> SmallVec<[FuncRef; 1]> {
        let Some(all) = self.by_symbol.get(symbol) else { return SmallVec::new() };
        let file = |unit: u32| files.get(unit as usize);
        let path = |unit: u32| file(unit).map_or("", |file| &*file.path);
        let own = file(from).and_then(|file| file.package.as_ref());
        // Another package's native code is its own affair, unless nobody else defines the symbol.
        let same_package = |function: &&FuncRef| {
            let of = file(function.unit).and_then(|file| file.package.as_ref());
            match (own, of) {
                (Some(own), Some(of)) => own.root == of.root,
                _ => true,
            }
        };
        let near: Vec<&FuncRef> = all.iter().filter(same_package).collect();
        let near = if near.is_empty() { all.iter().collect() } else { near };
        let near = furthest_common(near.into_iter(), |function| common_folders(path(from), path(function.unit)));
        near.into_iter().copied().collect()
    }
}
