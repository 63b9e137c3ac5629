//! Roots → sorted files: the only directory walk.
//!
//! Paths a person names say what is reported, never what is read: the whole project around them is.
//! Whatever cannot be read is a [`Problem`]; nothing here ends the run. Links are not followed: what they lead to
//! inside the project is found under its own path, and what lies outside is none of the project's.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;
use rayon::prelude::*;

use crate::config::{self, Config};
use crate::language::Language;

pub mod packages;
mod select;

pub use packages::Package;

/// Folders that hold what tools made, never what people wrote.
const SKIPPED_FOLDERS: [&str; 5] = ["build", ".dart_tool", "target", "node_modules", "Pods"];

/// The largest file that is read, in bytes. The largest real one seen is 3.97 MB.
pub const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A project's folder, and what of it a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub folder: PathBuf,
    /// What to report on; empty means everything.
    pub named: Vec<PathBuf>,
}

/// A file or folder that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Its path as people see it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A file that is to be analysed.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its path relative to the working directory, with `/`.
    pub path: Arc<str>,
    /// Its path relative to the project's folder, with `/`: what does not depend on where the tool is started.
    pub key: Arc<str>,
    /// Its language.
    pub language: Language,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
    /// The innermost package it is in, by its place in [`Project::packages`].
    pub package: Option<usize>,
    /// A person named it, or a folder above it, or nothing at all.
    pub named: bool,
    /// The configuration keeps it out of reports.
    pub excluded: bool,
}

/// A project as it was found.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// The files that can matter, sorted by path.
    pub files: Vec<Found>,
    /// The packages, sorted by folder.
    pub packages: Vec<Package>,
    /// What could not be read, sorted.
    pub problems: Vec<Problem>,
    /// Those of them that a person named.
    pub unreadable: Vec<Problem>,
    /// Folders that are projects of their own, sorted; they were not read.
    pub nested: Vec<String>,
    /// How many files were read and tested, by language.
    pub read: BTreeMap<Language, usize>,
}

/// Finds the projects that the named paths belong to; the working directory's where none is named.
///
/// # Errors
///
/// The named paths that do not exist or cannot be looked at, beside the projects of the others.
pub fn roots(cwd: &Path, paths: &[PathBuf]) -> (Vec<Root>, Vec<Problem>) {
    let mut by_folder: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut problems = Vec::new();
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() { &here[..] } else { paths } {
        match cwd.join(path).canonicalize() {
            Ok(real) => {
                let folder = project_folder(&real, cwd);
                by_folder.entry(folder).or_default().push(real);
            }
            Err(error) => {
                problems.push(Problem { path: path.display().to_string(), reason: in_words(&error) });
            }
        }
    }
    let roots = by_folder.into_iter().map(|(folder, mut named)| {
        if named.contains(&folder) {
            named.clear();
        }
        Root { folder, named }
    });
    (roots.collect(), problems)
}

/// Walks a project's folder and reads what can matter.
#[must_use]
pub fn read(root: &Root, cwd: &Path, config: &Config) -> Project {
    let mut project = Project { folder: root.folder.clone(), ..Project::default() };
    let mut walked = walk(root, cwd, config, &mut project);
    walked.sources.sort();
    project.packages = packages::read(&walked.packages, &root.folder, cwd, &mut project.problems);

    let selection = select::select(&walked.sources, root, &project.packages);
    for (path, reason) in selection.problems {
        project.problems.push(Problem { path: shown(&path, cwd), reason });
    }
    let named: Vec<_> = root.named.iter().map(|path| shown(path, cwd)).collect();
    project.unreadable = project.problems.iter().filter(|problem| named.contains(&problem.path)).cloned().collect();
    for path in root.named.iter().filter(|path| path.is_file() && language_of(path).is_some()) {
        let (known, path) = (selection.read.binary_search(path).is_ok(), shown(path, cwd));
        if !known && !project.problems.iter().any(|problem| problem.path == path) {
            let reason = "named, but left out: git ignores it, `skip` lists it, or it lies among built files";
            project.problems.push(Problem { path, reason: reason.into() });
        }
    }
    for path in &selection.read {
        if let Some(language) = language_of(path) {
            *project.read.entry(language).or_default() += 1;
        }
    }
    project.files = selection
        .texts
        .into_par_iter()
        .filter_map(|(path, text)| {
            Some(Found {
                language: language_of(&path)?,
                path: shown(&path, cwd).into(),
                key: shown(&path, &root.folder).into(),
                text,
                package: packages::innermost(&project.packages, &path),
                named: root.named.is_empty() || root.named.iter().any(|named| path.starts_with(named)),
                excluded: config.exclude.matched_path_or_any_parents(&path, false).is_ignore(),
            })
        })
        .collect();
    project.files.sort_by(|a, b| a.path.cmp(&b.path));
    project.problems.sort();
    project.nested.sort();
    project
}

/// A path as people see it: relative to `base` where it can be, with `/` and no leading `./`.
#[must_use]
pub fn shown(path: &Path, base: &Path) -> String {
    let same = path.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    let rest = path.components().skip(same).map(|part| part.as_os_str().to_string_lossy().into_owned());
    if same <= 1 {
        // Nothing in common but the root of the file system.
        return path.to_string_lossy().replace('\\', "/");
    }
    let up = base.components().skip(same).map(|_| "..".to_owned());
    up.chain(rest).collect::<Vec<_>>().join("/")
}

/// `a/../b` → `b`, without looking at the disk.
fn normalize(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            part => result.push(part),
        }
    }
    result
}

/// The nearest `ffilint.toml`, else the git top level, else the outermost `pubspec.yaml` above the path, else the
/// working directory (the path itself where that is not inside).
fn project_folder(path: &Path, cwd: &Path) -> PathBuf {
    let start = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let above = || start.ancestors();
    let nearest = |name: &str| above().find(|folder| folder.join(name).exists());
    let found = nearest(config::FILE_NAME)
        .or_else(|| nearest(".git"))
        .or_else(|| above().filter(|folder| folder.join("pubspec.yaml").is_file()).last());
    let fallback = || if start.starts_with(cwd) { cwd.to_path_buf() } else { start.to_path_buf() };
    found.map_or_else(fallback, Path::to_path_buf)
}

#[derive(Default)]
struct Walked {
    sources: Vec<PathBuf>,
    packages: Vec<PathBuf>,
}

fn walk(root: &Root, cwd: &Path, config: &Config, project: &mut Project) -> Walked {
    let mut walked = Walked::default();
    let mut nested = Vec::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let (odd_sender, odd_receiver) = std::sync::mpsc::channel();
    let obeys_git = !has_odd_ignore_file(&root.folder);
    if !obeys_git {
        let path = shown(&root.folder.join(".gitignore"), cwd);
        project.problems.push(Problem { path, reason: "not a regular file; nothing is ignored".into() });
    }
    let folder = root.folder.clone();
    let skip = config.skip.clone();
    let walker = WalkBuilder::new(&root.folder)
        .standard_filters(false)
        .hidden(true)
        .git_ignore(obeys_git)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            if skip.matched_path_or_any_parents(entry.path(), is_folder).is_ignore() {
                return false;
            }
            if !is_folder || entry.path() == folder {
                return true;
            }
            if entry.path().join(config::FILE_NAME).is_file() {
                // Nobody receives only when the walk is over.
                let _ = sender.send(entry.path().to_path_buf());
                return false;
            }
            if obeys_git && has_odd_ignore_file(entry.path()) {
                let _ = odd_sender.send(entry.path().to_path_buf());
                return false;
            }
            !entry.file_name().to_str().is_some_and(|name| SKIPPED_FOLDERS.contains(&name))
        })
        .build();
    for entry in walker {
        match entry {
            Ok(entry) => {
                let path = entry.path();
                if entry.file_name() == "pubspec.yaml" {
                    walked.packages.push(path.to_path_buf());
                }
                let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else { continue };
                if language_of(path).is_none() {
                    continue;
                }
                if kind.is_file() {
                    walked.sources.push(path.to_path_buf());
                } else if let Some(reason) = reason_for_other(path, &root.folder, kind.is_symlink()) {
                    project.problems.push(Problem { path: shown(path, cwd), reason });
                }
            }
            Err(error) => project.problems.push(walk_problem(&error, root, cwd)),
        }
    }
    project.problems.extend(odd_receiver.try_iter().map(|path| Problem {
        path: shown(&path, cwd),
        reason: "its .gitignore is not a regular file; the folder is not read".into(),
    }));
    nested.extend(receiver.try_iter());
    project.nested = nested.iter().map(|path| shown(path, cwd)).collect();
    walked
}

/// Whether a folder's `.gitignore` is a link, a device or too large: git does not read such a thing either.
fn has_odd_ignore_file(folder: &Path) -> bool {
    let metadata = std::fs::symlink_metadata(folder.join(".gitignore"));
    metadata.is_ok_and(|metadata| !metadata.is_file() || metadata.len() > MAX_BYTES)
}

/// Why a thing that is named like a source but is no regular file is left out; nothing where nothing is lost.
fn reason_for_other(path: &Path, root: &Path, is_link: bool) -> Option<String> {
    if !is_link {
        return Some("not a regular file".into());
    }
    match path.canonicalize() {
        Ok(real) if real.starts_with(root) => None,
        Ok(_) => Some("a link that leads out of the project; it is not followed".into()),
        Err(error) => Some(format!("a link that leads nowhere: {}", in_words(&error))),
    }
}

fn walk_problem(error: &ignore::Error, root: &Root, cwd: &Path) -> Problem {
    let mut path = None;
    let mut inner = error;
    loop {
        match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = Some(at.clone());
                inner = err;
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => inner = err,
            _ => break,
        }
    }
    let reason = inner.io_error().map_or_else(|| inner.to_string(), in_words);
    Problem { path: shown(path.as_deref().unwrap_or(&root.folder), cwd), reason }
}

fn language_of(path: &Path) -> Option<Language> {
    Language::of_file_name(path.file_name()?.to_str()?)
}

/// Reads a file that is meant to be text, or says why not.
fn read_text(path: &Path) -> Result<String, String> {
    // A link may lead out of the project, or to a device that never ends.
    let metadata = std::fs::symlink_metadata(path).map_err(|error| in_words(&error))?;
    if !metadata.is_file() {
        return Err("not a regular file".into());
    }
    if metadata.len() > MAX_BYTES {
        return Err(format!("has {} bytes, more than the limit of {MAX_BYTES}", metadata.len()));
    }
    let bytes = std::fs::read(path).map_err(|error| in_words(&error))?;
    let text =
        String::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The system's words for an error, without its number.
fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let words = error.to_string();
            words.split(" (os error").next().unwrap_or(&words).to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_from_where_one_stands() {
        let shown = |path: &str, base: &str| shown(Path::new(path), Path::new(base));
        assert_eq!(shown("/a/b/c.dart", "/a/b"), "c.dart");
        assert_eq!(shown("/a/x/c.dart", "/a/b"), "../x/c.dart");
        assert_eq!(shown("/z/c.dart", "/a/b"), "/z/c.dart");
    }

    #[test]
    fn paths_lose_their_dots() {
        assert_eq!(normalize(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }
}
