//! The definitions that stand behind native symbols.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::Arc;

use super::foreign::{common_folders, furthest_common};
use super::{FileContext, FuncRef, Link, Resolved};
use crate::ir::{Export, FunctionId, FunctionKind, Name, Unit};
use crate::target::TargetSet;

/// Pairs of definitions that are compared; a symbol with more is one of a great copied tree.
const MAX_PAIRS: usize = 256;

/// Folders whose code is no part of what a project ships.
const ASIDE: [&str; 12] = [
    "benchmark",
    "benchmarks",
    "example",
    "examples",
    "integration_test",
    "integration_tests",
    "mock",
    "mocks",
    "test",
    "test_data",
    "testing",
    "tests",
];

/// The exported definitions of the program, by symbol.
#[derive(Debug, Default)]
pub(super) struct Exports {
    by_symbol: FxHashMap<Name, Vec<Definition>>,
    /// Whether each unit is native.
    is_native: Vec<bool>,
    /// Symbols that mean something else on some platforms, and those.
    renamed: FxHashMap<Name, TargetSet>,
    /// Symbols whose bindings speak of some platforms only, and those.
    bound: FxHashMap<Name, TargetSet>,
}

/// A definition and where it is compiled.
#[derive(Clone, Copy, Debug)]
struct Definition {
    function: FuncRef,
    targets: TargetSet,
    is_marked: bool,
}

/// Adds the exports of C++ functions that a header declares `extern "C"`: their definitions need not repeat it.
pub(super) fn adopt_prototypes(units: &mut [Arc<Unit>]) {
    let native = units.iter().filter(|unit| unit.language.is_cpp());
    let declared =
        native.flat_map(|unit| unit.bindings.iter().map(|binding| (unit.function(binding.function), binding)));
    let declared: FxHashSet<(Name, usize)> =
        declared.map(|(function, binding)| (binding.symbol.clone(), function.params.len())).collect();
    for unit in units.iter_mut().filter(|unit| unit.language.is_cpp()) {
        let exported: FxHashSet<FunctionId> = unit.exports.iter().map(|export| export.function).collect();
        let adopted = (0_u32..).map(FunctionId).zip(&unit.functions).filter(|(id, function)| {
            let is_plain = function.class.is_none() && function.parent.is_none() && function.name == function.qualified;
            let is_definition = function.kind == FunctionKind::Function && !function.is_external && !function.is_local;
            is_plain
                && is_definition
                && !exported.contains(id)
                && declared.contains(&(function.name.clone(), function.params.len()))
        });
        let adopted: Vec<Export> = adopted
            .map(|(id, function)| Export {
                function: id,
                symbol: function.name.clone(),
                targets: function.targets,
                is_marked: true,
            })
            .collect();
        if !adopted.is_empty() {
            Arc::make_mut(unit).exports.extend(adopted);
        }
    }
}

impl Exports {
    pub(super) fn new(units: &[Arc<Unit>], files: &[FileContext]) -> Self {
        let is_native = units.iter().map(|unit| unit.language.is_native()).collect();
        let mut exports = Self { is_native, ..Self::default() };
        for (unit, from) in units.iter().enumerate() {
            let of_file = files.get(unit).map_or(TargetSet::ALL, |file| file.targets);
            for export in &from.exports {
                let function = FuncRef { unit: unit as u32, function: export.function };
                let targets = export.targets.and(of_file);
                let definition = Definition { function, targets, is_marked: export.is_marked };
                exports.by_symbol.entry(export.symbol.clone()).or_default().push(definition);
            }
        }
        exports
    }

    /// Notes symbols that some platforms compute in another way.
    pub(super) fn rename(&mut self, resolved: &[Vec<Resolved>]) {
        for (symbol, elsewhere) in resolved.iter().flatten().flat_map(Resolved::renamed) {
            let known = self.renamed.entry(symbol.clone()).or_insert(TargetSet::NONE);
            *known = known.or(*elsewhere);
        }
    }

    /// Notes where symbols are bound: who calls a binding means what its own file means by the symbol.
    pub(super) fn bind(&mut self, files: &[FileContext], links: &[Link]) {
        for link in links {
            let Some(symbol) = &link.symbol else { continue };
            let spoken_of = files.get(link.function.unit as usize).map_or(TargetSet::ALL, |file| file.speaks_of);
            let known = self.bound.entry(symbol.clone()).or_insert(TargetSet::NONE);
            *known = known.or(spoken_of);
        }
        self.bound.retain(|_, targets| *targets != TargetSet::ALL);
    }

    /// The definitions that a symbol named in a unit means, on any target. Several where there is one for each
    /// platform, or where nothing tells which is meant; empty where there is none.
    pub(super) fn definitions(&self, files: &[FileContext], symbol: &str, from: u32) -> SmallVec<[FuncRef; 1]> {
        let mut found = SmallVec::new();
        for (_, there) in self.by_target(files, symbol, from) {
            for function in there {
                if !found.contains(&function) {
                    found.push(function);
                }
            }
        }
        found
    }

    /// How many definitions a symbol has, wherever they are.
    pub(super) fn count(&self, symbol: &str) -> usize {
        self.by_symbol.get(symbol).map_or(0, Vec::len)
    }

    /// The same, one group of targets at a time.
    pub(super) fn by_target(
        &self,
        files: &[FileContext],
        symbol: &str,
        from: u32,
    ) -> Vec<(TargetSet, SmallVec<[FuncRef; 1]>)> {
        let Some(all) = self.by_symbol.get(symbol) else { return Vec::new() };
        let own = files.get(from as usize).map_or(TargetSet::ALL, FileContext::reached);
        // Native code names the symbol itself, Dart by what its bindings say.
        let is_native = self.is_native.get(from as usize).copied().unwrap_or_default();
        let (own, spoken_of) = match is_native {
            true => (own, TargetSet::ALL),
            false => {
                let speaks_of = files.get(from as usize).map_or(TargetSet::ALL, |file| file.speaks_of);
                let bound = speaks_of.and(self.bound.get(symbol).copied().unwrap_or(TargetSet::ALL));
                let renamed = self.renamed.get(symbol).copied().unwrap_or(TargetSet::NONE);
                (own.minus(renamed), if bound.is_empty() { speaks_of } else { bound })
            }
        };
        let all: Vec<&Definition> =
            all.iter().filter(|definition| !definition.targets.and(spoken_of).is_empty()).collect();
        if let [only] = all.as_slice() {
            let there = only.targets.and(own);
            return if there.is_empty() { Vec::new() } else { vec![(there, SmallVec::from_elem(only.function, 1))] };
        }
        let mut groups: Vec<(TargetSet, SmallVec<[FuncRef; 1]>)> = Vec::new();
        let spoken = if own.and(spoken_of).is_empty() { own } else { own.and(spoken_of) };
        // Where nobody said that the code runs, it means what it means where it does.
        let mut known: SmallVec<[FuncRef; 2]> = SmallVec::new();
        for target in spoken.each().chain(own.minus(spoken).each()) {
            let there = all.iter().copied().filter(|definition| definition.targets.contains(target));
            let there = there.filter(|definition| spoken.contains(target) || known.contains(&definition.function));
            let there = there.collect();
            let meant = meant(there, files, from);
            if meant.is_empty() {
                continue;
            }
            known.extend(meant.iter().copied());
            match groups.iter_mut().find(|(_, functions)| *functions == meant) {
                Some((targets, _)) => *targets = targets.or(target),
                None => groups.push((target, meant)),
            }
        }
        groups
    }

    /// Whether it is clear which definition a symbol means on each target: one, or copies of one.
    pub(super) fn are_told_apart(&self, units: &[Arc<Unit>], files: &[FileContext], symbol: &str, from: u32) -> bool {
        let function = |of: &FuncRef| units[of.unit as usize].function(of.function);
        let copies = |a: &FuncRef, b: &FuncRef| {
            let (a, b) = (function(a), function(b));
            a.locals.len() == b.locals.len() && a.result == b.result && a.blocks == b.blocks
        };
        self.by_target(files, symbol, from).iter().all(|(_, there)| {
            let pairs = there.iter().enumerate().flat_map(|(at, a)| there[..at].iter().map(move |b| (a, b)));
            pairs.take(MAX_PAIRS).all(|(a, b)| copies(a, b))
        })
    }
}

/// Whether a folder's code is no part of what a project ships.
#[must_use]
pub fn is_aside(folder: &str) -> bool {
    ASIDE.contains(&folder)
}

/// Of the definitions on one target those that code of a file means: its own package's, else anybody's; what is
/// shipped; what is nearest; what is written for the target; what is marked.
fn meant(all: Vec<&Definition>, files: &[FileContext], from: u32) -> SmallVec<[FuncRef; 1]> {
    let file = |unit: u32| files.get(unit as usize);
    let path = |unit: u32| file(unit).map_or("", |file| &*file.path);
    let own = file(from).and_then(|file| file.package.as_ref());
    // Another package's native code is its own affair, unless nobody else defines the symbol.
    let same_package = |definition: &Definition| {
        let of = file(definition.function.unit).and_then(|file| file.package.as_ref());
        match (own, of) {
            (Some(own), Some(of)) => own.root == of.root,
            _ => true,
        }
    };
    let siblings = |definition: &Definition| {
        let of = file(definition.function.unit).and_then(|file| file.package.as_ref());
        own.zip(of).is_some_and(|(own, of)| plugin(&own.name) == plugin(&of.name))
    };
    let left = match all.iter().any(|definition| siblings(definition)) {
        true => preferred(preferred(all, siblings), same_package),
        false => preferred(all, same_package),
    };
    let is_aside = |unit: u32| path(unit).split('/').any(is_aside);
    let left = match is_aside(from) {
        true => left,
        false => preferred(left, |definition| !is_aside(definition.function.unit)),
    };
    let left =
        furthest_common(left.into_iter(), |definition| common_folders(path(from), path(definition.function.unit)));
    let least = left.iter().map(|definition| definition.targets.each().count()).min().unwrap_or(0);
    let left = preferred(left, |definition| definition.targets.each().count() == least);
    let left = preferred(left, |definition| definition.is_marked);
    left.into_iter().map(|definition| definition.function).collect()
}

/// The plugin that a package is a part of: `a`, `a_windows` and `a_platform_interface` are one.
fn plugin(package: &str) -> &str {
    const PARTS: [&str; 12] = [
        "_android",
        "_darwin",
        "_ffi",
        "_foundation",
        "_ios",
        "_linux",
        "_macos",
        "_ohos",
        "_platform_interface",
        "_web",
        "_win32",
        "_windows",
    ];
    PARTS.iter().find_map(|part| package.strip_suffix(part)).unwrap_or(package)
}

/// Those for which something speaks; all where it speaks for none.
fn preferred(all: Vec<&Definition>, speaks: impl Fn(&Definition) -> bool) -> Vec<&Definition> {
    match all.iter().any(|definition| speaks(definition)) {
        true => all.into_iter().filter(|definition| speaks(definition)).collect(),
        false => all,
    }
}
