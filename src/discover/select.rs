//! Which files can matter: parsing is what a run costs, and most files of a project never touch native memory.
//!
//! A file is selected when its text speaks of FFI, when it re-exports such a file, when it imports one of these,
//! when it is a part or the library of one of these, or when it holds a table that one of these imports. Text is tested
//! at 2 GB/s and parsed at 6 MB/s.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Disk, Package, Root, modules, normalize};

/// Words without which a Dart file neither allocates nor binds. Measured: they select 13 % of the files.
static WORDS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    let words = [
        "dart:ffi",
        "package:ffi/",
        "package:win32",
        "package:jni/",
        "package:objective_c/",
        "Pointer<",
        "DynamicLibrary",
        "@Native",
        "NativeFinalizer",
        "calloc",
        "malloc",
        "NativeCallable",
    ];
    words.into_iter().map(Finder::new).collect()
});

/// What was read and what of it can matter.
#[derive(Default)]
pub(super) struct Selection {
    /// Every file that was read and tested.
    pub(super) read: Vec<PathBuf>,
    /// The selected files with their texts.
    pub(super) texts: Vec<(PathBuf, Arc<str>)>,
    /// Files that could not be read, with the reason.
    pub(super) problems: Vec<(PathBuf, String)>,
}

/// A file's own answer to the test.
#[derive(Default)]
struct Tested {
    text: Option<Arc<str>>,
    /// It may hold what others bind.
    describes: bool,
    links: Vec<(Directive, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Import,
    Export,
    Part,
    PartOf,
}

/// Reads, tests and selects.
pub(super) fn select(disk: &Disk, sources: &[PathBuf], root: &Root, packages: &[Package]) -> Selection {
    let roots = packages.iter().map(|package| (package.name.as_str(), package.folder.join("lib"))).collect();
    let mut files = BTreeMap::new();
    let mut selection = Selection::default();
    let mut known: FxHashSet<PathBuf> = sources.iter().cloned().collect();
    let mut wave: Vec<PathBuf> = sources.to_vec();
    while !wave.is_empty() {
        let tested: Vec<_> = wave.into_par_iter().map(|path| (test(disk, &path, &roots, &known), path)).collect();
        let mut unseen = FxHashSet::default();
        for (tested, path) in tested {
            match tested {
                Ok(tested) => {
                    // Generated bindings are often ignored by git, and yet imported.
                    if tested.text.is_some() {
                        let inside = tested.links.iter().map(|(_, to)| to).filter(|to| to.starts_with(&root.folder));
                        unseen.extend(inside.filter(|to| !known.contains(*to)).cloned());
                    }
                    files.insert(path, tested);
                }
                Err(reason) => selection.problems.push((path, reason)),
            }
        }
        wave = unseen.iter().filter(|path| is_plain_file(path, &root.folder)).cloned().collect();
        wave.sort_unstable();
        known.extend(unseen);
    }

    let chosen = closure(&files);
    let texts: Vec<_> = chosen
        .into_par_iter()
        .filter_map(|path| match files.get(&path)?.text.clone() {
            Some(text) => Some((path, Ok(text))),
            None => {
                let text = disk.read_text(&path).map(Arc::from);
                Some((path, text))
            }
        })
        .collect();
    for (path, text) in texts {
        match text {
            Ok(text) => selection.texts.push((path, text)),
            Err(reason) => selection.problems.push((path, reason)),
        }
    }
    selection.read = files.into_keys().collect();
    selection
}

/// The selected files and what must be parsed with them, in order.
fn closure(files: &BTreeMap<PathBuf, Tested>) -> Vec<PathBuf> {
    let mut naming = Naming::default();
    for (path, tested) in files {
        for (directive, to) in &tested.links {
            naming.entry(to).or_default().push((*directive, path));
        }
    }
    let mut chosen: FxHashSet<&Path> =
        files.iter().filter(|(_, tested)| tested.text.is_some()).map(|(path, _)| path.as_path()).collect();
    // The library of a selected part speaks through it, and a re-export speaks for what it exports.
    grow(&mut chosen, &naming, &[Directive::Part, Directive::Export]);
    let importers: Vec<_> = chosen.iter().flat_map(|path| named_by(&naming, path, &[Directive::Import])).collect();
    chosen.extend(importers);
    let describing: FxHashSet<&Path> =
        files.iter().filter(|(_, tested)| tested.describes).map(|(path, _)| path.as_path()).collect();
    if !describing.is_empty() {
        let speaking = files.values().filter(|tested| tested.text.is_some());
        let links = speaking.flat_map(|tested| &tested.links);
        chosen.extend(links.filter_map(|(_, to)| describing.get(to.as_path()).copied()));
    }
    grow(&mut chosen, &naming, &[Directive::Part, Directive::PartOf]);
    files.keys().filter(|path| chosen.contains(path.as_path())).cloned().collect()
}

/// The files that name a file, and how.
type Naming<'a> = FxHashMap<&'a Path, Vec<(Directive, &'a Path)>>;

fn named_by<'n, 'a>(
    naming: &'n Naming<'a>,
    path: &Path,
    directives: &'n [Directive],
) -> impl Iterator<Item = &'a Path> + use<'n, 'a> {
    let all = naming.get(path).into_iter().flatten();
    all.filter(|(directive, _)| directives.contains(directive)).map(|(_, from)| *from)
}

/// Adds the files that name a chosen one in one of these ways, and so on.
fn grow<'a>(chosen: &mut FxHashSet<&'a Path>, naming: &Naming<'a>, directives: &[Directive]) {
    let mut todo: Vec<_> = chosen.iter().copied().collect();
    while let Some(path) = todo.pop() {
        todo.extend(named_by(naming, path, directives).filter(|from| chosen.insert(from)));
    }
}

fn test(
    disk: &Disk,
    path: &Path,
    roots: &BTreeMap<&str, PathBuf>,
    known: &FxHashSet<PathBuf>,
) -> Result<Tested, String> {
    let text = disk.read_text(path)?;
    if modules::is_module(path) {
        if modules::only_declares(path) {
            return Ok(Tested::default());
        }
        let links = modules::links(&text, path, |file| known.contains(file)).collect();
        let describes = modules::describes(&text);
        return Ok(Tested { text: modules::speaks_of_ffi(&text).then(|| text.into()), describes, links });
    }
    let links =
        directives(&text).filter_map(|(directive, uri)| Some((directive, resolve(uri, path, roots)?))).collect();
    Ok(Tested { text: speaks_of_ffi(&text).then(|| text.into()), describes: false, links })
}

/// Whether two texts of a file are selected alike and lead to the same files.
pub(super) fn leads_alike(before: &str, after: &str) -> bool {
    let links = |text| {
        let dart = directives(text).map(|(directive, uri)| (directive, uri.to_owned()));
        dart.chain(modules::written(text).map(|(directive, uri)| (directive, uri.to_owned()))).collect::<Vec<_>>()
    };
    let speaks = |text| (speaks_of_ffi(text), modules::speaks_of_ffi(text), modules::describes(text));
    speaks(before) == speaks(after) && links(before) == links(after)
}

fn speaks_of_ffi(text: &str) -> bool {
    WORDS.iter().any(|word| word.find(text.as_bytes()).is_some())
}

/// The file of the project a URI leads to.
fn resolve(uri: &str, from: &Path, roots: &BTreeMap<&str, PathBuf>) -> Option<PathBuf> {
    if let Some(rest) = uri.strip_prefix("package:") {
        let (package, path) = rest.split_once('/')?;
        return Some(normalize(&roots.get(package)?.join(path)));
    }
    if uri.contains(':') || uri.is_empty() {
        return None;
    }
    Some(normalize(&from.parent()?.join(uri)))
}

/// The URIs of lines that look like directives. A line inside a string may look so too: that costs a parse, no more.
fn directives(text: &str) -> impl Iterator<Item = (Directive, &str)> {
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
    starts.flat_map(|start| {
        let line = text.get(start..).unwrap_or("");
        let kinds = [
            ("import", Directive::Import),
            ("export", Directive::Export),
            ("part of", Directive::PartOf),
            ("part", Directive::Part),
        ];
        let found = kinds.iter().find_map(|(word, kind)| Some((*kind, line.strip_prefix(word)?)));
        let directive = found.filter(|(_, rest)| rest.starts_with([' ', '\'', '"', '\t', '\n', '\r']));
        directive.into_iter().flat_map(|(kind, rest)| quoted(head(rest)).map(move |uri| (kind, uri)))
    })
}

/// The directive up to its `;`, at most 2,000 bytes of it.
fn head(rest: &str) -> &str {
    let end = memchr::memchr(b';', rest.as_bytes().get(..2_000).unwrap_or(rest.as_bytes())).unwrap_or(0);
    rest.get(..end).unwrap_or("")
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let open = rest.find(['\'', '"'])?;
        let quote = rest.get(open..open + 1)?;
        let inner = rest.get(open + 1..)?;
        let close = inner.find(quote)?;
        rest = inner.get(close + 1..)?;
        inner.get(..close)
    })
}

/// A regular file inside the root even when links are resolved, and not among what tools made.
fn is_plain_file(path: &Path, root: &Path) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    let hidden = below.components().any(|part| part.as_os_str().to_str().is_some_and(|name| name.starts_with('.')));
    !hidden
        && !below.ancestors().any(|folder| super::walk::is_skipped(&root.join(folder)))
        && path.is_file()
        && super::language_of(path).is_some()
        && path.canonicalize().is_ok_and(|real| real == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_give_their_uris() {
        let text = "library a;\nimport 'x.dart' show A;\nimport 'y.dart'\n    if (dart.library.ffi) \"z.dart\";\n\
                    export 'e.dart';\npart 'p.dart';\nimportant('no.dart');\n";
        let uris: Vec<_> = directives(text).map(|(_, uri)| uri).collect();
        assert_eq!(uris, ["x.dart", "y.dart", "z.dart", "e.dart", "p.dart"]);
    }

    #[test]
    fn importers_exporters_and_parts_come_in() {
        let file = |text: Option<&str>, links: &[(Directive, &str)]| Tested {
            text: text.map(Arc::from),
            links: links.iter().map(|(kind, to)| (*kind, PathBuf::from(to))).collect(),
            ..Tested::default()
        };
        let files = BTreeMap::from([
            (PathBuf::from("/ffi"), file(Some("dart:ffi"), &[(Directive::Import, "/unrelated")])),
            (PathBuf::from("/barrel"), file(None, &[(Directive::Export, "/ffi")])),
            (PathBuf::from("/user"), file(None, &[(Directive::Import, "/barrel"), (Directive::Part, "/user_part")])),
            (PathBuf::from("/user_part"), file(None, &[(Directive::PartOf, "/user")])),
            (PathBuf::from("/far"), file(None, &[(Directive::Import, "/user")])),
            (PathBuf::from("/unrelated"), file(None, &[])),
        ]);
        let chosen: Vec<_> = closure(&files).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(chosen, ["/barrel", "/ffi", "/user", "/user_part"]);
    }

    #[test]
    fn long_chains_of_exports_cost_little() {
        let name = |number: usize| PathBuf::from(format!("/{number:06}"));
        let count = 30_000;
        let exports = (0..count)
            .map(|number| (name(number), vec![(Directive::Export, name(number + 1))]))
            .map(|(path, links)| (path, Tested { links, ..Tested::default() }));
        let end = (name(count), Tested { text: Some(Arc::from("dart:ffi")), ..Tested::default() });
        let files: BTreeMap<_, _> = exports.chain([end]).collect();
        let start = std::time::Instant::now();
        assert_eq!(closure(&files).len(), count + 1);
        // Going through all files for every link takes minutes.
        assert!(start.elapsed().as_secs() < 20);
    }
}
