//! Roots → sorted files: the only directory walk.
//!
//! Paths a person names say what is reported, never what is read: the whole project around them is.
//! Whatever cannot be read is a [`Problem`]; nothing here ends the run. Links are not followed: what they lead to
//! inside the project is found under its own path, and what lies outside is none of the project's.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::config::{self, Config};
use crate::language::Language;
use crate::target::TargetSet;

mod analyzer;
pub mod android;
mod cargo;
mod disk;
pub mod git;
pub(crate) mod models;
mod modules;
mod names;
mod native;
pub mod packages;
mod platform;
mod scan;
mod select;
mod vendored;
mod walk;
pub(crate) mod yaml;

pub use cargo::Crate;
pub use disk::Disk;
pub use models::{ModelFiles, ModelText};
pub use packages::Package;

/// The largest file that is read, in bytes. The largest real one seen is 3.97 MB.
pub const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What bounds how many native files are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Of the bytes, those of vendored files beyond as many as the others have.
    pub vendored: usize,
    /// How many calls are followed from the boundary.
    pub rounds: usize,
    /// How many of them into vendored files.
    pub vendored_rounds: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { files: 2_000, bytes: 48 * 1024 * 1024, vendored: 4 * 1024 * 1024, rounds: 4, vendored_rounds: 2 }
    }
}

/// Stands for all rules among those that are [ignored](Found::ignored).
pub const EVERY_RULE: &str = "*";

/// Why something that is not there cannot be read.
pub const MISSING: &str = "no such file or directory";

/// A project's folder, and what of it a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub folder: PathBuf,
    /// What to report on; empty means everything.
    pub named: Vec<PathBuf>,
    /// The files and folders that were changed, sorted, where only they are to be reported on.
    pub changed: Option<Arc<Vec<PathBuf>>>,
}

impl Root {
    /// The projects that lie in this one, where a person named what they lie in.
    #[must_use]
    pub fn inside(&self, project: &Project) -> Vec<Root> {
        let is_named =
            |folder: &&PathBuf| self.named.is_empty() || self.named.iter().any(|named| folder.starts_with(named));
        let inner = project.nested.iter().filter(is_named).cloned();
        inner.map(|folder| Root { folder, named: Vec::new(), changed: self.changed.clone() }).collect()
    }

    /// Whether a file is to be reported on.
    fn reports(&self, path: &Path) -> bool {
        let is_changed = |changed: &Arc<Vec<PathBuf>>| {
            path.ancestors().any(|above| changed.binary_search_by(|one| one.as_path().cmp(above)).is_ok())
        };
        (self.named.is_empty() || self.named.iter().any(|named| path.starts_with(named)))
            && self.changed.as_ref().is_none_or(is_changed)
    }
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
    /// The rules that the configuration keeps out of reports of it.
    pub ignored: Vec<String>,
    /// It was copied in from elsewhere: what it does counts, what is wrong with it is others' to mend.
    pub vendored: bool,
    /// The platforms it is built for, as far as its path tells; for Dart those its path and its package speak of.
    pub targets: TargetSet,
    /// Whether the Android build that it is part of has targets of 32 bits; nothing where no such build is here.
    pub narrow: Option<bool>,
    /// The innermost crate it is in, by its place in [`Project::crates`]; for Rust alone.
    pub krate: Option<usize>,
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
    /// The crates, sorted by folder.
    pub crates: Vec<Crate>,
    /// What could not be read, sorted.
    pub problems: Vec<Problem>,
    /// Those of them that a person named.
    pub unreadable: Vec<Problem>,
    /// The paths a person named, as they are shown.
    pub asked: Vec<String>,
    /// Folders that are projects of their own, sorted; they were not read.
    pub nested: Vec<PathBuf>,
    /// How many files were read and tested, by language.
    pub read: BTreeMap<Language, usize>,
    /// Native files that the boundary leads to and that are not parsed all the same, by one of the [`Caps`], sorted.
    pub left_out: Vec<Problem>,
    /// The models that the project brings.
    pub models: ModelFiles,
    /// What is of interest only to whoever asks, sorted.
    pub notes: Vec<Problem>,
}

/// Finds the projects that the named paths belong to; the working directory's where none is named.
///
/// A project is found by the path as it is written: a link does not move the search to where it leads.
///
/// # Errors
///
/// The named paths that do not exist or cannot be looked at, beside the projects of the others.
pub fn roots(cwd: &Path, paths: &[PathBuf]) -> (Vec<Root>, Vec<Problem>) {
    let mut by_folder: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut problems = Vec::new();
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() { &here[..] } else { paths } {
        match locate(cwd, path) {
            Ok((folder, real)) => by_folder.entry(folder).or_default().push(real),
            Err(reason) => problems.push(Problem { path: path.display().to_string(), reason }),
        }
    }
    let roots = by_folder.into_iter().map(|(folder, mut named)| {
        if named.contains(&folder) {
            named.clear();
        }
        Root { folder, named, changed: None }
    });
    (roots.collect(), problems)
}

/// The project's folder of a named path, and the path without links.
fn locate(cwd: &Path, path: &Path) -> Result<(PathBuf, PathBuf), String> {
    let written = normalize(&cwd.join(path));
    let real = written.canonicalize().map_err(|error| in_words(&error))?;
    let folder = project_folder(&written, cwd).canonicalize().map_err(|error| in_words(&error))?;
    if !real.starts_with(&folder) {
        return Err("a link that leads out of the project; it is not followed".into());
    }
    let metadata = std::fs::symlink_metadata(&real).map_err(|error| in_words(&error))?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err("not a regular file".into());
    }
    Ok((folder, real))
}

/// Walks a project's folder and reads what can matter.
#[must_use]
pub fn read(root: &Root, cwd: &Path, config: &Config) -> Project {
    read_from(&Disk::default(), root, cwd, config, &Caps::default())
}

/// The same, of files that may have another content than on the disk, with other caps.
#[must_use]
pub fn read_from(disk: &Disk, root: &Root, cwd: &Path, config: &Config, caps: &Caps) -> Project {
    let models = models::read(disk, &config.models, &root.folder, cwd);
    let models = ModelFiles { dispose: config.dispose.clone(), ..models };
    let mut project = Project { folder: root.folder.clone(), models, ..Project::default() };
    let mut walked = walk::walk(disk, &root.folder, cwd, config);
    walk::walk_further(&mut walked, disk, cwd, config);
    walked.sources.sort();
    project.problems = std::mem::take(&mut walked.problems);
    project.nested = std::mem::take(&mut walked.nested);
    let builds = android::Builds::read(disk, &walked.android_builds);
    project.packages = packages::read(disk, &walked.pubspecs, &root.folder, cwd, &mut project.problems);

    walked.analysis_options.sort();
    let hidden = if config.analyzer { walked.analysis_options.as_slice() } else { &[] };
    let hidden = analyzer::Excluded::read(disk, hidden, &root.folder, cwd, &config.warnings);

    let selection = select::select(disk, &walked.sources, root, &project.packages);
    let manifests: Vec<_> = walked.manifests.iter().filter(|path| path.ends_with("Cargo.toml")).cloned().collect();
    project.crates = cargo::read(disk, &manifests, &root.folder, cwd, &mut project.problems);
    let around = native::Surroundings {
        disk,
        root,
        packages: &project.packages,
        crates: &project.crates,
        dart: &selection.texts,
        caps: *caps,
    };
    let natives = native::select(&walked, &around);
    for (path, reason) in selection.problems.into_iter().chain(natives.problems) {
        project.problems.push(Problem { path: shown(&path, cwd), reason });
    }
    let mut by_size: BTreeMap<native::LeftOut, usize> = BTreeMap::new();
    for (path, why) in natives.left_out {
        project.left_out.push(Problem { path: shown(&path, cwd), reason: why.of_one(caps) });
        *by_size.entry(why).or_default() += usize::from(why.is_by_size());
    }
    let unknown = natives.unknown.into_iter();
    project.left_out.extend(unknown.map(|(path, reason)| Problem { path: shown(&path, cwd), reason }));
    project.left_out.sort();
    for (why, count) in by_size.into_iter().filter(|(_, count)| *count > 0) {
        let path = shown(&root.folder, cwd);
        let path = if path.is_empty() { ".".into() } else { path };
        project.problems.push(Problem { path, reason: why.of_all(count, caps) });
    }
    project.asked = root.named.iter().map(|path| shown(path, cwd)).collect();
    let asked = |problem: &&Problem| project.asked.contains(&problem.path);
    project.unreadable = project.problems.iter().filter(asked).cloned().collect();
    for path in root.named.iter().filter(|path| path.is_file() && is_source(path)) {
        let is_native = natives.read.binary_search_by(|(read, _)| read.cmp(path)).is_ok();
        let known = is_native || selection.read.binary_search(path).is_ok();
        let path = shown(path, cwd);
        if !known && !project.problems.iter().any(|problem| problem.path == path) {
            let reason = "named, but left out: git ignores it, `skip` lists it, or it lies among built files";
            project.problems.push(Problem { path, reason: reason.into() });
        }
    }
    let read = selection.read.iter().filter_map(|path| language_of(path));
    for language in read.chain(natives.read.iter().map(|(_, language)| *language)) {
        *project.read.entry(language).or_default() += 1;
    }
    let found = |path: &Path, language: Language, text: Arc<str>| {
        let package = packages::innermost(&project.packages, path);
        Found {
            language,
            path: shown(path, cwd).into(),
            key: shown(path, &root.folder).into(),
            text,
            package,
            named: root.reports(path),
            excluded: config::speaks_of(&config.exclude, path),
            ignored: ignored(path, config),
            vendored: false,
            targets: TargetSet::ALL,
            narrow: builds.narrow(path),
            krate: None,
        }
    };
    let dart = selection.texts.into_par_iter().filter_map(|(path, text)| {
        let file = found(&path, language_of(&path)?, text);
        let package = file.package.and_then(|package| project.packages.get(package));
        let folder = package.map_or(root.folder.as_path(), |package| package.folder.as_path());
        let by_path = platform::of_dart(path.strip_prefix(folder).unwrap_or(&path));
        let by_package = package.map_or(TargetSet::ALL, |package| package.platforms);
        let both = by_path.and(by_package);
        let excluded = file.excluded || hidden.hides(&path);
        Some(Found { excluded, targets: if both.is_empty() { by_path } else { both }, ..file })
    });
    let native = natives.chosen.into_par_iter().map(|chosen| {
        let file = found(&chosen.path, chosen.language, chosen.text);
        let package = file.package.and_then(|package| project.packages.get(package));
        let folder = package.map_or(root.folder.as_path(), |package| package.folder.as_path());
        let targets = platform::of(chosen.path.strip_prefix(folder).unwrap_or(&chosen.path), chosen.language);
        Found { vendored: chosen.is_vendored, krate: chosen.krate, targets, ..file }
    });
    project.files = dart.chain(native).collect();
    project.files.sort_by(|a, b| a.path.cmp(&b.path));
    project.problems.sort();
    project.nested.sort();
    project.notes = hidden.notes;
    project
}

/// The rules that are not to speak of a file.
fn ignored(path: &Path, config: &Config) -> Vec<String> {
    let about = config.per_file.iter().filter(|one| one.is_about(path));
    // No rule is called so: it stands for all of them.
    about.flat_map(|one| if one.rules.is_empty() { vec![EVERY_RULE.to_owned()] } else { one.rules.clone() }).collect()
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
pub(crate) fn normalize(path: &Path) -> PathBuf {
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
    let is_here = || start.starts_with(cwd) || start.canonicalize().is_ok_and(|real| real.starts_with(cwd));
    let fallback = || if is_here() { cwd.to_path_buf() } else { start.to_path_buf() };
    found.map_or_else(fallback, Path::to_path_buf)
}

/// The language of a source file that is not native.
fn language_of(path: &Path) -> Option<Language> {
    Language::of_file_name(&path.file_name()?.to_string_lossy()).filter(|language| !language.is_native())
}

/// The language of a native source file.
fn native_language_of(path: &Path) -> Option<Language> {
    Language::of_file_name(&path.file_name()?.to_string_lossy()).filter(|language| language.is_native())
}

/// Whether a file is named like one that people write for a project: source code, manifests, configurations.
pub(crate) fn is_of_a_project(path: &Path) -> bool {
    let is_written = |name: &std::ffi::OsStr| {
        walk::is_manifest(name) || name == config::FILE_NAME || name == config::ANALYSIS_OPTIONS
    };
    is_source(path) || path.file_name().is_some_and(is_written)
}

/// Whether a file is named like source code.
pub(crate) fn is_source(path: &Path) -> bool {
    path.file_name().is_some_and(|name| Language::of_file_name(&name.to_string_lossy()).is_some())
}

/// Whether a file that is not native leads to the same others with one text as with another, and can matter as well.
pub(crate) fn leads_alike(before: &str, after: &str) -> bool {
    select::leads_alike(before, after)
}

/// Whether a file is named like native source code.
pub(crate) fn is_native(path: &Path) -> bool {
    native_language_of(path).is_some()
}

/// The text of one source file, read as `check` would read it.
///
/// # Errors
/// Why it cannot be read, in words for its user.
pub fn read_source(path: &Path, language: Language) -> Result<String, String> {
    let disk = Disk::default();
    if language.is_native() { disk.read_bytes(path).and_then(native::decode) } else { disk.read_text(path) }
}

/// Bytes as text, or why they are none.
fn decode(bytes: Vec<u8>) -> Result<String, String> {
    let marks: [(&[u8], &str); 4] = [
        // The longer mark begins with the shorter one.
        (b"\xff\xfe\0\0", "UTF-32"),
        (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ];
    if let Some((_, encoding)) = marks.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Err(format!("{encoding}, not UTF-8; save it as UTF-8"));
    }
    let text =
        String::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))?;
    if let Some(offset) = memchr::memchr(0, text.as_bytes()) {
        return Err(format!("a NUL byte at offset {offset}: binary or UTF-16; save it as UTF-8"));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The system's words for an error, without its number.
#[must_use]
pub fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => MISSING.into(),
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
