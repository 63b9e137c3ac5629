//! From the seeds on: calls, includes, modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::super::scan::{By, Called, hash};
use super::index::{Definer, Index, common};
use super::{Caps, File, LeftOut};
use crate::language::Language;

/// A name that more files define says nothing about which is meant.
pub(super) const MOST_DEFINERS: usize = 8;
/// The same for methods of Rust: their names are short and many.
const MOST_METHODS: usize = 4;

/// The files to parse, in order, and those next to them that a cap leaves out, with the first cap that did.
pub(super) fn reach(
    files: &[File],
    index: &Index,
    seeds: &[u32],
    caps: Caps,
) -> (BTreeSet<u32>, BTreeMap<u32, LeftOut>) {
    let mut budget = Budget { caps, files: 0, bytes: 0, vendored: 0, left_out: BTreeMap::new() };
    // How many calls deep in vendored files each is.
    let mut depths: BTreeMap<u32, usize> = BTreeMap::new();
    let mut wave: Vec<(u32, usize)> = Vec::new();
    for &at in seeds {
        if files.get(at as usize).is_some_and(|file| budget.take(at, file)) {
            depths.insert(at, 0);
            wave.push((at, 0));
        }
    }
    for round in 0..=caps.rounds {
        wave = with_includes(files, index, wave, &mut depths, &mut budget);
        let called: Vec<_> = wave
            .par_iter()
            .filter_map(|(at, depth)| Some((*depth, called_from(*at, files.get(*at as usize)?, files, index))))
            .collect();
        let mut next: BTreeMap<u32, usize> = BTreeMap::new();
        for (depth, called) in called {
            for at in called {
                let is_vendored = files.get(at as usize).is_some_and(|file| file.is_vendored);
                let depth = if is_vendored { depth + 1 } else { depth };
                if depths.contains_key(&at) {
                    continue;
                }
                if depth > caps.vendored_rounds {
                    budget.left_out.entry(at).or_insert(LeftOut::VendoredRounds);
                } else if round == caps.rounds {
                    budget.left_out.entry(at).or_insert(LeftOut::Rounds);
                } else {
                    let least = next.entry(at).or_insert(depth);
                    *least = depth.min(*least);
                }
            }
        }
        wave.clear();
        // Small files first: of vendored ones not all may fit.
        let size = |at: u32| files.get(at as usize).map_or(0, |file| file.bytes);
        let mut next: Vec<_> = next.into_iter().collect();
        next.sort_by_key(|(at, depth)| (*depth, size(*at), *at));
        for (at, depth) in next {
            if files.get(at as usize).is_some_and(|file| budget.take(at, file)) {
                depths.insert(at, depth);
                wave.push((at, depth));
            }
        }
    }
    // What one way does not lead to, another may.
    budget.left_out.retain(|at, _| !depths.contains_key(at));
    (depths.into_keys().collect(), budget.left_out)
}

struct Budget {
    caps: Caps,
    files: usize,
    bytes: usize,
    vendored: usize,
    left_out: BTreeMap<u32, LeftOut>,
}

impl Budget {
    fn take(&mut self, at: u32, file: &File) -> bool {
        let vendored = if file.is_vendored { file.bytes } else { 0 };
        let own = self.bytes - self.vendored;
        let why = if self.files >= self.caps.files {
            LeftOut::Files
        } else if self.bytes + file.bytes > self.caps.bytes {
            LeftOut::Bytes
        } else if vendored > 0 && self.vendored + vendored > self.caps.vendored + own {
            LeftOut::Vendored
        } else {
            self.files += 1;
            self.bytes += file.bytes;
            self.vendored += vendored;
            return true;
        };
        self.left_out.insert(at, why);
        false
    }
}

/// Adds the headers that chosen files include, those of their own through any number of others, vendored ones
/// directly; and for Rust the modules above a file, which say what it sees.
fn with_includes(
    files: &[File],
    index: &Index,
    wave: Vec<(u32, usize)>,
    depths: &mut BTreeMap<u32, usize>,
    budget: &mut Budget,
) -> Vec<(u32, usize)> {
    let mut all = Vec::with_capacity(wave.len());
    let mut todo = wave;
    while let Some((at, depth)) = todo.pop() {
        all.push((at, depth));
        let Some(file) = files.get(at as usize) else { continue };
        let from_header = file.is_vendored && is_header(file);
        let beside: Vec<u32> = match file.language {
            Language::Rust => modules_above(file, index),
            _ => index.includes.get(at as usize).cloned().unwrap_or_default(),
        };
        for to in beside {
            let Some(included) = files.get(to as usize) else { continue };
            if depths.contains_key(&to) || (from_header && included.is_vendored) {
                continue;
            }
            if budget.take(to, included) {
                depths.insert(to, depth);
                todo.push((to, depth));
            }
        }
    }
    all.sort_unstable();
    all
}

pub(super) fn is_header(file: &File) -> bool {
    file.path.extension().and_then(|end| end.to_str()).is_some_and(|end| end.starts_with('h') || end == "inl")
}

/// `lib.rs` and the files of the modules around a Rust file.
fn modules_above(file: &File, index: &Index) -> Vec<u32> {
    let mut found = Vec::new();
    let Some(krate) = file.krate else { return found };
    let lib = index.libs.get(krate).copied().flatten();
    found.extend(lib);
    let Some(source) = file.path.ancestors().find(|folder| folder.ends_with("src")) else { return found };
    let above = file.path.ancestors().skip(1).take_while(|folder| *folder != source);
    for folder in above {
        found.extend(index.at(&folder.join("mod.rs")));
        found.extend(index.at(&folder.with_extension("rs")));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The files that define what a file calls.
fn called_from(at: u32, file: &File, files: &[File], index: &Index) -> Vec<u32> {
    let seen = Seen { at, file, files, index, visible: visible(at, index) };
    let mut found = BTreeSet::new();
    for called in &file.scanned.calls {
        let definers = index.definers(called.name);
        if definers.is_empty() || definers.iter().any(|definer| definer.file == at && seen.is_meant(*called, definer)) {
            continue;
        }
        found.extend(match file.language {
            Language::Rust => seen.by_rust(*called, definers),
            _ => seen.by_c(*called, definers),
        });
    }
    found.into_iter().collect()
}

/// A file and everything it includes.
fn visible(at: u32, index: &Index) -> FxHashSet<u32> {
    let mut seen = FxHashSet::from_iter([at]);
    let mut todo = vec![at];
    while let Some(at) = todo.pop() {
        todo.extend(index.includes.get(at as usize).into_iter().flatten().copied().filter(|to| seen.insert(*to)));
    }
    seen
}

/// What a calling file sees.
struct Seen<'a> {
    at: u32,
    file: &'a File,
    files: &'a [File],
    index: &'a Index,
    visible: FxHashSet<u32>,
}

impl Seen<'_> {
    /// Whether a call in the definer's own file surely means that definition.
    fn is_meant(&self, called: Called, definer: &Definer) -> bool {
        match called.by {
            By::Name => definer.class == 0,
            By::Member => false,
            By::Path(path) => path == definer.class,
        }
    }

    fn by_c(&self, called: Called, definers: &[Definer]) -> Vec<u32> {
        let name = called.name;
        let is_declared = self.index.is_declared_in(name, &self.visible);
        let few = definers.len() <= 3;
        let can = |definer: &&Definer| {
            let is_visible = self.visible.contains(&definer.file);
            if definer.file == self.at || (definer.is_local && !is_visible) {
                return false;
            }
            if definer.is_rust {
                return definer.is_exported && is_declared;
            }
            if definer.class != 0 {
                return self.index.is_type_of(definer.class, &self.visible);
            }
            // A macro may have declared what only a few define.
            called.by != By::Member && (is_declared || is_visible || (few && self.is_neighbour(definer.file)))
        };
        let found: Vec<u32> = definers.iter().filter(can).map(|definer| definer.file).collect();
        self.few_or_beside(nearest(self.files, found, &self.file.path), MOST_DEFINERS)
    }

    fn by_rust(&self, called: Called, definers: &[Definer]) -> Vec<u32> {
        let is_imported =
            called.by == By::Name && self.file.scanned.declares.iter().any(|declared| declared.name == called.name);
        if is_imported {
            let symbols: Vec<u32> =
                definers.iter().filter(|definer| definer.is_exported).map(|definer| definer.file).collect();
            return self.few_or_beside(nearest(self.files, symbols, &self.file.path), MOST_DEFINERS);
        }
        let can = |definer: &&Definer| {
            definer.is_rust
                && definer.file != self.at
                && match called.by {
                    By::Name => definer.class == 0,
                    By::Member => definer.class != 0,
                    By::Path(path) => {
                        path == definer.class
                            || (definer.class == 0 && (is_self(path) || self.is_module(definer.file, path)))
                            || (definer.class != 0 && is_self(path))
                    }
                }
        };
        let crate_of = |at: u32| self.files.get(at as usize).and_then(|file| file.krate);
        let found: Vec<u32> = definers.iter().filter(can).map(|definer| definer.file).collect();
        let mut inside: Vec<u32> = found.iter().copied().filter(|at| crate_of(*at) == self.file.krate).collect();
        if inside.is_empty() {
            inside = found;
            inside.retain(|at| crate_of(*at).is_some_and(|krate| self.names_crate(krate)));
        }
        inside.dedup();
        let most = if called.by == By::Member { MOST_METHODS } else { MOST_DEFINERS };
        if inside.len() > most {
            // Of methods that many types have, those of the types that are named here.
            let paths = &self.file.scanned.paths;
            let named = definers.iter().filter(can).filter(|definer| paths.binary_search(&definer.class).is_ok());
            let named: FxHashSet<u32> = named.map(|definer| definer.file).collect();
            inside.retain(|at| named.contains(at));
        }
        self.few_or_beside(inside, MOST_DEFINERS)
    }

    /// Whether a file is the module of a name.
    fn is_module(&self, at: u32, name: u64) -> bool {
        let Some(file) = self.files.get(at as usize) else { return false };
        let stem = file.path.file_stem().unwrap_or_default();
        let is_root = matches!(stem.to_str(), Some("mod" | "lib" | "main"));
        let folder = file.path.parent().and_then(Path::file_name).unwrap_or_default();
        let module = if is_root { folder } else { stem };
        hash(module.as_encoded_bytes()) == name
            || file.krate.is_some_and(|krate| is_root && self.index.crates.get(krate) == Some(&name))
    }

    fn names_crate(&self, krate: usize) -> bool {
        let name = self.index.crates.get(krate);
        name.is_some_and(|name| self.file.scanned.paths.binary_search(name).is_ok())
    }

    fn is_neighbour(&self, at: u32) -> bool {
        self.files.get(at as usize).is_some_and(|file| file.path.parent() == self.file.path.parent())
    }

    fn few_or_beside(&self, mut found: Vec<u32>, most: usize) -> Vec<u32> {
        if found.len() > most {
            found.retain(|at| self.is_neighbour(*at));
        }
        found
    }
}

/// Words of paths that lead back into the crate.
fn is_self(path: u64) -> bool {
    [&b"self"[..], b"super", b"crate", b"Self"].iter().any(|word| hash(word) == path)
}

/// Those of the files that share the longest beginning with a path.
pub(super) fn nearest(files: &[File], mut found: Vec<u32>, path: &Path) -> Vec<u32> {
    if found.len() < 2 {
        return found;
    }
    let near = |at: &u32| files.get(*at as usize).map_or(0, |file| common(&file.path, path));
    let near: Vec<usize> = found.iter().map(near).collect();
    let most = near.iter().copied().max().unwrap_or(0);
    let mut near = near.into_iter();
    found.retain(|_| near.next() == Some(most));
    found.sort_unstable();
    found.dedup();
    found
}
