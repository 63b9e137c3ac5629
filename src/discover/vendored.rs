//! Which native files other people wrote: libraries that were copied in.
//!
//! They are read for what they do to memory, and not reported on. The signs are, from the strongest: the folder's
//! name, a repository of its own, a licence of its own, the layout of a whole project, a copyright that is not the
//! project's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::Disk;
use super::scan::{hash, is_word};
use super::walk::Walked;

/// Folders that hold what others wrote.
const FOLDERS: [&str; 16] = [
    "third_party",
    "third-party",
    "thirdparty",
    "3rdparty",
    "3rd_party",
    "vendor",
    "vendored",
    "external",
    "externals",
    "extern",
    "deps",
    "dependencies",
    "subprojects",
    "submodules",
    "node_modules",
    "Pods",
];

/// Files of the Dart SDK that are copied into projects.
const DART_SDK: [&str; 7] = [
    "dart_api.h",
    "dart_api_dl.c",
    "dart_api_dl.h",
    "dart_api_dl_impl.h",
    "dart_native_api.h",
    "dart_tools_api.h",
    "dart_version.h",
];

/// How much of a file is looked through for a copyright.
const HEAD: usize = 3_000;

/// What tells the project's own files from others'.
#[derive(Debug, Default)]
pub(super) struct Vendored {
    /// Folders that are others' in whole.
    folders: BTreeSet<PathBuf>,
    /// The folders of Dart packages: what lies in one is measured from there.
    packages: BTreeSet<PathBuf>,
    /// Words of the project's own copyright lines.
    holders: FxHashSet<u64>,
    root: PathBuf,
    /// Folders beside the project's.
    further: Vec<PathBuf>,
}

/// How a file shows that others wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Not at all.
    None,
    /// By where it lies.
    Place,
    /// By the copyright in it. A project's own glue may carry one too, of whom it was taken over from.
    Copyright,
}

impl Vendored {
    /// Looks at the licences the walk found.
    pub(super) fn new(disk: &Disk, root: &Path, walked: &Walked) -> Self {
        let packages: BTreeSet<PathBuf> = parents(&walked.pubspecs);
        let own: BTreeSet<PathBuf> = packages.iter().cloned().chain(parents(&walked.manifests)).collect();
        let further = walked.further.clone();
        let mut vendored = Self { packages, root: root.to_path_buf(), further, ..Self::default() };
        vendored.folders.extend(walked.repositories.iter().cloned());
        let licences: Vec<(&Path, FxHashSet<u64>)> = walked
            .licences
            .iter()
            .filter_map(|path| Some((path.parent()?, holders(&disk.read_bytes(path).ok()?, Kind::Licence))))
            .collect();
        for (folder, holders) in &licences {
            if *folder == root || (own.contains(*folder) && !vendored.is_below_named(folder)) {
                vendored.holders.extend(holders);
            }
        }
        // A folder with packages in it is a part of the project.
        let holds_packages =
            |folder: &Path| own.range(folder.to_path_buf()..).next().is_some_and(|below| below.starts_with(folder));
        vendored.folders.extend(walked.projects.iter().filter(|folder| !holds_packages(folder)).cloned());
        for (folder, holders) in &licences {
            // So is one with the project's own copyright.
            let is_own =
                *folder == root || holds_packages(folder) || holders.iter().any(|word| vendored.holders.contains(word));
            if !is_own {
                vendored.folders.insert(folder.to_path_buf());
            }
        }
        vendored
    }

    /// How a file shows that others wrote it.
    pub(super) fn sign(&self, path: &Path, text: &[u8]) -> Sign {
        if self.is_placed(path) {
            return Sign::Place;
        }
        if self.is_by_text(text) { Sign::Copyright } else { Sign::None }
    }

    fn is_by_text(&self, text: &[u8]) -> bool {
        if self.holders.is_empty() {
            return false;
        }
        let holders = holders(text, Kind::File);
        !holders.is_empty() && holders.is_disjoint(&self.holders)
    }

    /// Whether the place alone says so.
    fn is_placed(&self, path: &Path) -> bool {
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| DART_SDK.contains(&name)) {
            return true;
        }
        let package = path.ancestors().skip(1).find(|folder| self.packages.contains(*folder));
        let root = self.further.iter().find(|folder| path.starts_with(folder)).unwrap_or(&self.root);
        let start = package.unwrap_or(root);
        let between = path.ancestors().skip(1).take_while(|folder| *folder != start && folder.starts_with(root));
        between.into_iter().any(|folder| self.folders.contains(folder) || is_named(folder))
    }

    fn is_below_named(&self, folder: &Path) -> bool {
        folder.ancestors().take_while(|folder| *folder != self.root).any(is_named)
    }
}

fn is_named(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| FOLDERS.contains(&name))
}

fn parents(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    paths.iter().filter_map(|path| path.parent()).map(Path::to_path_buf).collect()
}

/// Where copyright lines stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Licence,
    File,
}

/// The words of the lines that name who holds a copyright, without those that say nothing.
fn holders(text: &[u8], kind: Kind) -> FxHashSet<u64> {
    let mut words = FxHashSet::default();
    let length = if kind == Kind::File { HEAD } else { text.len() };
    let mut lines = text.get(..length).unwrap_or(text).split(|byte| *byte == b'\n').peekable();
    let mut since = 0;
    while let Some(line) = lines.next() {
        since += 1;
        // A licence names its holders at its start; further below it may speak of other works.
        if kind == Kind::Licence && since > 2 && !words.is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        let Some(at) = memchr::memmem::find(&line, b"copyright") else { continue };
        let rest = line.get(at + b"copyright".len()..).unwrap_or_default();
        // "Copyright (c) 2020", not "the above copyright notice"; and not who wrote the GPL.
        if !rest.iter().any(u8::is_ascii_digit) || memchr::memmem::find(rest, b"free software found").is_some() {
            continue;
        }
        let before = words.len();
        words.extend(telling(rest));
        if words.len() == before {
            // "Copyright 2010", and the name below.
            words.extend(lines.peek().into_iter().flat_map(|line| telling(&line.to_ascii_lowercase())));
        }
        since = 0;
    }
    words
}

/// The words of a line that tell one holder from another.
fn telling(line: &[u8]) -> Vec<u64> {
    // "… All rights reserved.", "… under the MIT license".
    let end = [&b"all rights"[..], b"licensed", b"http", b"use of this"]
        .iter()
        .filter_map(|end| memchr::memmem::find(line, end))
        .min()
        .unwrap_or(line.len());
    let words = line.get(..end).unwrap_or_default().split(|byte| !is_word(*byte));
    words
        .filter(|word| word.len() > 2 && !SAYING_NOTHING.contains(word) && !word.iter().any(u8::is_ascii_digit))
        .map(hash)
        .collect()
}

/// Words of copyright lines that name nobody.
const SAYING_NOTHING: [&[u8]; 23] = [
    b"and",
    b"the",
    b"inc",
    b"ltd",
    b"llc",
    b"gmbh",
    b"corp",
    b"corporation",
    b"company",
    b"limited",
    b"copyright",
    b"authors",
    b"author",
    b"contributors",
    b"project",
    b"others",
    b"present",
    b"com",
    b"org",
    b"foundation",
    b"software",
    b"team",
    b"developers",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copyright_lines_tell_holders() {
        let of = |text: &str| holders(text.as_bytes(), Kind::Licence);
        assert_eq!(of("// Copyright (c) 2019-2021, Jane Doe. All rights reserved."), of("Copyright 2020 Doe Jane"));
        assert!(of("The above copyright notice and this permission notice").is_empty());
        assert!(of("Copyright [yyyy] [name of copyright owner]").is_empty());
        assert_eq!(of("/* Copyright 2010\n   Bill Cox\n*/"), of("Copyright 2012 Bill Cox"));
        assert_eq!(
            of("Copyright 2018 A Firm\nCopyright 2019 Me\n\n\n\nCopyright 2001 Them"),
            of("Copyright 1 a firm me")
        );
        assert!(of("Copyright (C) 1991, 1999 Free Software Foundation, Inc.").is_empty());
        assert!(of("Copyright 2013 The Flutter Authors").is_disjoint(&of("Copyright (c) 2019 Jane Doe")));
    }

    #[test]
    fn places_tell() {
        let path = |text: &str| PathBuf::from(text);
        let vendored = Vendored {
            folders: BTreeSet::from([path("/p/src/lib")]),
            packages: BTreeSet::from([path("/p"), path("/p/third_party/plugin")]),
            holders: FxHashSet::default(),
            root: path("/p"),
            further: Vec::new(),
        };
        for (file, expected) in [
            ("/p/src/a.c", false),
            ("/p/src/lib/a.c", true),
            ("/p/src/lib/deep/a.c", true),
            ("/p/src/library/a.c", false),
            ("/p/third_party/x/a.c", true),
            ("/p/third_party/plugin/src/a.c", false),
            ("/p/third_party/plugin/deps/a.c", true),
            ("/p/src/dart_api_dl.c", true),
        ] {
            assert_eq!(vendored.sign(&path(file), b"") == Sign::Place, expected, "{file}");
        }
    }
}
