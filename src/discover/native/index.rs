//! Where names are defined, declared and included.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::cargo::Crate;
use super::super::normalize;
use super::super::scan::{Defined, Include, hash};
use super::{File, Places, add};
use crate::language::Language;

/// A definition and its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definer {
    pub(super) file: u32,
    pub(super) class: u64,
    pub(super) is_local: bool,
    pub(super) is_exported: bool,
    pub(super) is_rust: bool,
}

/// The files by what they say.
#[derive(Debug, Default)]
pub(super) struct Index {
    defined: FxHashMap<u64, Vec<Definer>>,
    declared: Places,
    /// Where a declaration may say who owns what.
    stated: Places,
    types: Places,
    /// Names that a header declares for export.
    exported: FxHashSet<u64>,
    /// Those that a header of the project's own marks.
    declared_as_marked: FxHashSet<u64>,
    markers: FxHashSet<u64>,
    by_path: FxHashMap<PathBuf, u32>,
    by_name: FxHashMap<String, Vec<u32>>,
    /// The project's files that each file includes.
    pub(super) includes: Vec<Vec<u32>>,
    /// The crates' names, in order.
    pub(super) crates: Vec<u64>,
    pub(super) libs: Vec<Option<u32>>,
}

impl Index {
    pub(super) fn new(files: &[File], crates: &[Crate]) -> Self {
        let mut index = Self::default();
        for (at, file) in (0_u32..).zip(files) {
            index.by_path.insert(file.path.clone(), at);
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            index.by_name.entry(name).or_default().push(at);
            let scanned = &file.scanned;
            index.markers.extend(&scanned.markers);
            for declared in &scanned.declares {
                add(&mut index.declared, declared.name, at);
                if scanned.states_contracts {
                    add(&mut index.stated, declared.name, at);
                }
                if declared.is_exported && file.language.is_cpp() {
                    index.exported.insert(declared.name);
                }
                if declared.is_marked && !file.is_vendored {
                    index.declared_as_marked.insert(declared.name);
                }
            }
            for name in &scanned.types {
                add(&mut index.types, *name, at);
            }
        }
        for (at, file) in (0_u32..).zip(files) {
            for defined in &file.scanned.defines {
                let is_rust = file.language == Language::Rust;
                let is_member = defined.class != 0;
                let is_exported = match file.language {
                    Language::Rust => defined.is_exported,
                    Language::C | Language::ObjC => !defined.is_local,
                    _ => {
                        let is_declared = index.exported.contains(&defined.name) && !defined.is_local;
                        !is_member && (index.is_marked(defined) || is_declared)
                    }
                };
                index.defined.entry(defined.name).or_default().push(Definer {
                    file: at,
                    class: defined.class,
                    is_local: defined.is_local,
                    is_exported,
                    is_rust,
                });
            }
        }
        index.crates = crates.iter().map(|one| hash(one.name.as_bytes())).collect();
        index.libs = crates.iter().map(|one| index.by_path.get(one.lib.as_ref()?).copied()).collect();
        index.includes = files.iter().map(|file| index.included(file, files)).collect();
        index
    }

    /// Whether a definition carries an export marker, its own or one that the project defines.
    pub(super) fn is_marked(&self, defined: &Defined) -> bool {
        defined.is_exported || (!defined.is_local && self.markers.contains(&defined.lead))
    }

    /// Whether a definition is an export: marked where it stands or where a header of the project declares it.
    pub(super) fn is_export(&self, defined: &Defined) -> bool {
        let is_declared = defined.class == 0 && !defined.is_local && self.declared_as_marked.contains(&defined.name);
        is_declared || self.is_marked(defined)
    }

    pub(super) fn defines(&self, name: u64) -> bool {
        self.defined.contains_key(&name)
    }

    pub(super) fn definers(&self, name: u64) -> &[Definer] {
        self.defined.get(&name).map_or(&[], Vec::as_slice)
    }

    /// Whether a declaration may say who owns what a name gives.
    pub(super) fn states(&self, name: u64) -> bool {
        self.stated.contains_key(&name)
    }

    /// The files in which it may.
    pub(super) fn stating(&self, name: u64) -> Vec<u32> {
        self.stated.get(&name).cloned().unwrap_or_default()
    }

    /// The files that define a native symbol: exported for certain, or all that may export it.
    pub(super) fn symbol(&self, name: u64, certain: bool) -> Vec<u32> {
        let may = |definer: &&Definer| match certain {
            true => definer.is_exported,
            false => !definer.is_local && definer.class == 0 && !definer.is_rust,
        };
        let mut found: Vec<u32> = self.definers(name).iter().filter(may).map(|definer| definer.file).collect();
        found.dedup();
        found
    }

    pub(super) fn is_declared_in(&self, name: u64, files: &FxHashSet<u32>) -> bool {
        is_in(&self.declared, name, files)
    }

    pub(super) fn is_type_of(&self, name: u64, files: &FxHashSet<u32>) -> bool {
        is_in(&self.types, name, files)
    }

    pub(super) fn at(&self, path: &Path) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    fn included(&self, file: &File, files: &[File]) -> Vec<u32> {
        let mut found: Vec<u32> =
            file.scanned.includes.iter().filter_map(|include| self.resolve(include, file, files)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The project's file that an include leads to: beside the file, else by the end of its path, the nearest first.
    fn resolve(&self, include: &Include, from: &File, files: &[File]) -> Option<u32> {
        let written = include.path.replace('\\', "/");
        if !include.is_angled {
            let beside = normalize(&from.path.parent()?.join(&written));
            if let Some(at) = self.by_path.get(&beside) {
                return Some(*at);
            }
        } else if !written.contains('/') && SYSTEM.contains(&written.as_str()) {
            return None;
        }
        let end: PathBuf = Path::new(&written).components().filter(is_normal).collect();
        let name = end.file_name()?.to_string_lossy().to_ascii_lowercase();
        let same = self.by_name.get(&name)?.iter().copied();
        let matching = same.filter(|at| files.get(*at as usize).is_some_and(|file| file.path.ends_with(&end)));
        let mut best: Option<(usize, u32)> = None;
        for at in matching {
            let common = files.get(at as usize).map_or(0, |file| common(&file.path, &from.path));
            if best.is_none_or(|(most, _)| common > most) {
                best = Some((common, at));
            }
        }
        best.map(|(_, at)| at)
    }
}

fn is_in(places: &Places, name: u64, files: &FxHashSet<u32>) -> bool {
    places.get(&name).is_some_and(|places| places.iter().any(|at| files.contains(at)))
}

/// How many parts two paths begin with alike.
pub(super) fn common(a: &Path, b: &Path) -> usize {
    let (a, b) = (a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
    let ends = |path: &[u8]| path.get(same).is_none_or(is_separator);
    let separators = a.iter().take(same).filter(|byte| is_separator(byte)).count();
    separators + usize::from(ends(a) && ends(b) && a.get(same.wrapping_sub(1)).is_some_and(|byte| !is_separator(byte)))
}

fn is_normal(part: &std::path::Component<'_>) -> bool {
    matches!(part, std::path::Component::Normal(_))
}

/// Headers that a project's files of the same name do not stand for.
const SYSTEM: [&str; 25] = [
    "assert.h",
    "ctype.h",
    "errno.h",
    "float.h",
    "inttypes.h",
    "limits.h",
    "locale.h",
    "malloc.h",
    "math.h",
    "memory.h",
    "pthread.h",
    "setjmp.h",
    "signal.h",
    "stdarg.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "strings.h",
    "time.h",
    "unistd.h",
    "wchar.h",
    "windows.h",
];
