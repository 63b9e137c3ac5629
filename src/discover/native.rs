//! Which native files are parsed: those that stand at the boundary and those they call.
//!
//! Every native file is read and looked at once (see [`scan`]). Seeds are the files that define a symbol Dart names or
//! that mark exports of their own; from there calls, includes and modules lead on, a few steps far. What nothing leads
//! to is not parsed, so that a vendored tree costs a look and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::cargo::{self, Crate};
use super::scan::{Scanned, scan};
use super::vendored::{Sign, Vendored};
use super::walk::Walked;
use super::{Caps, Disk, Package, Root, modules, names, packages};
use crate::language::Language;

mod index;
mod left_out;
mod reach;

use index::Index;
pub(super) use left_out::LeftOut;

/// The largest native file that is looked at. Larger ones than [`super::MAX_BYTES`] are not parsed: `sqlite3.c` has 9 MB.
const MAX_SCANNED: u64 = 16 * 1024 * 1024;

/// A native file that was looked at.
#[derive(Debug)]
struct File {
    path: PathBuf,
    language: Language,
    scanned: Scanned,
    /// It is no text, so that nothing of what it says is known.
    unknown: Option<String>,
    bytes: usize,
    is_vendored: bool,
    /// … and only its copyright says so.
    is_by_copyright: bool,
    package: Option<usize>,
    krate: Option<usize>,
}

/// A native file that is to be parsed.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) path: PathBuf,
    pub(super) language: Language,
    pub(super) text: Arc<str>,
    pub(super) is_vendored: bool,
    pub(super) krate: Option<usize>,
}

/// What was looked at and what of it is to be parsed.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Every file that was looked at, sorted.
    pub(super) read: Vec<(PathBuf, Language)>,
    /// The chosen ones, sorted by path.
    pub(super) chosen: Vec<Chosen>,
    /// Files that could not be read, with the reason.
    pub(super) problems: Vec<(PathBuf, String)>,
    /// Files that the boundary leads to and that are not parsed all the same, with the cap that says so.
    pub(super) left_out: Vec<(PathBuf, LeftOut)>,
    /// Headers that are no text, with the reason.
    pub(super) unknown: Vec<(PathBuf, String)>,
}

/// What the choice goes by, beside the files.
pub(super) struct Surroundings<'a> {
    pub(super) disk: &'a Disk,
    pub(super) root: &'a Root,
    pub(super) packages: &'a [Package],
    pub(super) crates: &'a [Crate],
    /// The Dart files that speak of FFI.
    pub(super) dart: &'a [(PathBuf, Arc<str>)],
    pub(super) caps: Caps,
}

/// Looks at the native files and chooses.
pub(super) fn select(walked: &Walked, around: &Surroundings<'_>) -> Selection {
    let mut selection = Selection::default();
    if walked.natives.is_empty() {
        return selection;
    }
    let vendored = Vendored::new(around.disk, &around.root.folder, walked);
    let mut paths: Vec<&PathBuf> = walked.natives.iter().collect();
    paths.sort_unstable();
    let looked: Vec<_> = paths.par_iter().filter_map(|path| Some((*path, look(path, &vendored, around)?))).collect();
    let mut files = Vec::with_capacity(looked.len());
    for (path, file) in looked {
        match file {
            Ok(file) => files.push(file),
            Err(reason) => selection.problems.push((path.clone(), reason)),
        }
    }
    for file in &files {
        // Headers that are no text are of resources, and what others wrote is theirs: whoever asks is told.
        let Some(reason) = &file.unknown else { continue };
        let told =
            if file.is_vendored || reach::is_header(file) { &mut selection.unknown } else { &mut selection.problems };
        told.push((file.path.clone(), reason.clone()));
    }
    selection.read = files.iter().map(|file| (file.path.clone(), file.language)).collect();

    let index = Index::new(&files, around.crates);
    let mut seeds = named_by_dart(&files, &index, around);
    for at in &seeds {
        // What Dart binds is the project's glue, whoever wrote it first.
        if let Some(file) = files.get_mut(*at as usize).filter(|file| file.is_by_copyright) {
            file.is_vendored = false;
        }
    }
    seeds.append(&mut marked(&files, &index));
    // What a person named comes first: no cap may leave it out for the sake of another file.
    let asked = places(&files, |file| around.root.named.contains(&file.path));
    let mut others: Vec<u32> = seeds.difference(&asked).copied().collect();
    // Of vendored ones the small first: one huge file must not keep all others out.
    let vendored = |at: &u32| files.get(*at as usize).filter(|file| file.is_vendored).map_or(0, |file| file.bytes);
    others.sort_by_key(|at| (vendored(at), *at));
    let seeds: Vec<u32> = asked.iter().copied().chain(others).collect();
    let (chosen, left_out) = reach::reach(&files, &index, &seeds, around.caps);
    let path_of = |(at, why): (u32, LeftOut)| Some((files.get(at as usize)?.path.clone(), why));
    selection.left_out = left_out.into_iter().filter_map(path_of).collect();
    let read: Vec<_> = chosen
        .into_par_iter()
        .filter_map(|at| files.get(at as usize))
        .map(|file| {
            let text = around.disk.read_bytes(&file.path).and_then(decode);
            (file, text)
        })
        .collect();
    for (file, text) in read {
        match text {
            Ok(text) => selection.chosen.push(Chosen {
                path: file.path.clone(),
                language: file.language,
                text: text.into(),
                is_vendored: file.is_vendored,
                krate: file.krate,
            }),
            // Said already where it is no text.
            Err(reason) if file.unknown.is_none() || file.is_vendored || reach::is_header(file) => {
                selection.problems.push((file.path.clone(), reason));
            }
            Err(_) => {}
        }
    }
    selection
}

fn look(path: &Path, vendored: &Vendored, around: &Surroundings<'_>) -> Option<Result<File, String>> {
    let language = super::native_language_of(path)?;
    let bytes = match around.disk.read_bytes_up_to(path, MAX_SCANNED) {
        Ok(bytes) => bytes,
        Err(reason) => return Some(Err(reason)),
    };
    if language == Language::ObjC && !is_objective(&bytes) {
        return None;
    }
    let unknown = not_text(&bytes);
    let sign = vendored.sign(path, &bytes);
    Some(Ok(File {
        path: path.to_path_buf(),
        language,
        bytes: bytes.len(),
        is_vendored: sign != Sign::None,
        is_by_copyright: sign == Sign::Copyright,
        package: packages::innermost(around.packages, path),
        krate: (language == Language::Rust).then(|| cargo::innermost(around.crates, path)).flatten(),
        unknown,
        scanned: scan(&bytes, language),
    }))
}

/// Whether a `.m` file is one of Objective-C: MATLAB, Mercury and Mathematica use the ending too.
fn is_objective(text: &[u8]) -> bool {
    let begins_so = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let directive = line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start);
        let words: &[&[u8]] = match directive {
            Some(_) => &[b"import", b"include"],
            None => &[b"@interface", b"@implementation", b"@class", b"@import"],
        };
        words.iter().any(|word| directive.unwrap_or(line).starts_with(word))
    };
    text.split(|byte| *byte == b'\n').any(begins_so)
}

/// Why a file says nothing at a glance: it is in UTF-16 or the like, or binary.
fn not_text(bytes: &[u8]) -> Option<String> {
    let marks = [&b"\xff\xfe"[..], b"\xfe\xff", b"\0\0\xfe\xff"];
    let is_other = memchr::memchr(0, bytes).is_some() || marks.iter().any(|mark| bytes.starts_with(mark));
    is_other.then(|| decode(bytes.to_vec()).err()).flatten()
}

/// The text of a native file. Its comments are often in another encoding: bytes that are not UTF-8 become `?`, one for
/// one, so that places stay where they are.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if std::str::from_utf8(&bytes).is_ok() {
        return super::decode(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        text.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    // UTF-16 stays recognizable by its mark.
    let has_mark = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    super::decode(if has_mark { bytes } else { text })
}

/// The files that define what Dart names.
fn named_by_dart(files: &[File], index: &Index, around: &Surroundings<'_>) -> BTreeSet<u32> {
    let by_package = around
        .dart
        .par_iter()
        .map(|(path, text)| {
            let package = packages::innermost(around.packages, path);
            let named = if modules::is_module(path) { names::keys(text) } else { names::candidates(text) };
            let known = named.into_iter().filter(|name| index.defines(*name) || index.states(*name));
            (package, known.collect::<BTreeSet<_>>())
        })
        .collect::<Vec<_>>();
    let mut named: BTreeMap<Option<usize>, BTreeSet<u64>> = BTreeMap::new();
    for (package, names) in by_package {
        named.entry(package).or_default().extend(names);
    }
    let mut seeds = BTreeSet::new();
    for (package, names) in named {
        let folder = package.and_then(|package| around.packages.get(package));
        let folder = folder.map_or(around.root.folder.as_path(), |package| package.folder.as_path());
        for name in names {
            seeds.extend(definers(files, index, name, package, folder));
        }
    }
    seeds
}

/// The files that stand at the boundary by themselves: they mark exports.
fn marked(files: &[File], index: &Index) -> BTreeSet<u32> {
    places(files, |file| !file.is_vendored && file.scanned.defines.iter().any(|one| index.is_export(one)))
}

fn places(files: &[File], is_meant: impl Fn(&File) -> bool) -> BTreeSet<u32> {
    (0_u32..).zip(files).filter(|(_, file)| is_meant(file)).map(|(at, _)| at).collect()
}

/// The files that define a symbol which Dart code of a package names: those in the package, else the nearest.
fn definers(files: &[File], index: &Index, name: u64, package: Option<usize>, folder: &Path) -> Vec<u32> {
    let mut found: Vec<u32> = index.symbol(name, true);
    if found.is_empty() {
        found = index.symbol(name, false);
    }
    // No body is here: what declarations say of it counts.
    if found.is_empty() {
        found = index.stating(name);
    }
    let is_inside = |at: &u32| files.get(*at as usize).is_some_and(|file| file.package == package);
    if found.iter().any(is_inside) {
        found.retain(is_inside);
    } else {
        found = reach::nearest(files, found, folder);
    }
    // What so many define is no symbol: `main`, `init`, a word between quotes.
    if found.len() > reach::MOST_DEFINERS {
        found.clear();
    }
    found
}

/// Names → places of files, in order.
type Places = FxHashMap<u64, Vec<u32>>;

fn add(places: &mut Places, name: u64, at: u32) {
    let places = places.entry(name).or_default();
    if places.last() != Some(&at) {
        places.push(at);
    }
}

#[cfg(test)]
mod tests;
