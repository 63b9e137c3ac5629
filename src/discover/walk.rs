//! The walk through a project's folder.
//!
//! It reads folders and `.gitignore` files below the project's folder and nothing else: the rules of folders above are
//! not asked for, and a `.gitignore` that is a link or a device is not opened (git does not open a link either).

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Disk, Problem, android, in_words, is_source, native_language_of, shown};
use crate::config::{self, Config};

/// Folders that hold what tools made, never what people wrote.
const SKIPPED_FOLDERS: [&str; 6] = ["build", ".dart_tool", "target", "node_modules", "oh_modules", "Pods"];

/// What a project of its own has next to each other: each line one thing, by its names.
const PARTS_OF_A_PROJECT: [&[&str]; 11] = [
    &["include", "inc"],
    &["src", "source", "lib"],
    &["test", "tests"],
    &["example", "examples", "sample", "samples"],
    &["tool", "tools", "utils"],
    &["doc", "docs"],
    &["cmake", "m4"],
    &["script", "scripts", "ci"],
    &["bench", "benches", "benchmark", "benchmarks"],
    &["bindings", "python", "wrappers"],
    &["3rdparty", "external", "third_party", "vendor"],
];

/// How many of them a folder must have: the folder of native code of a plugin has `src`, `include` and `test`.
const MIN_PARTS: usize = 5;

/// What the walk found.
#[derive(Default)]
pub(super) struct Walked {
    /// Source files that are not native.
    pub(super) sources: Vec<PathBuf>,
    /// Native source files.
    pub(super) natives: Vec<PathBuf>,
    /// `pubspec.yaml` files.
    pub(super) pubspecs: Vec<PathBuf>,
    /// `analysis_options.yaml` files.
    pub(super) analysis_options: Vec<PathBuf>,
    /// Files that describe builds for Android.
    pub(super) android_builds: Vec<PathBuf>,
    /// `Cargo.toml` and other files that make a folder a package of native code.
    pub(super) manifests: Vec<PathBuf>,
    /// Licences.
    pub(super) licences: Vec<PathBuf>,
    /// Folders below the project's that are git repositories of their own: submodules.
    pub(super) repositories: Vec<PathBuf>,
    /// Folders below the project's that are laid out as a whole project: a library that was copied in as it is.
    pub(super) projects: Vec<PathBuf>,
    /// Folders with a configuration of their own; they were not entered.
    pub(super) nested: Vec<PathBuf>,
    /// Further folders with native code, beside the project's.
    pub(super) further: Vec<PathBuf>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

/// Walks a folder.
pub(super) fn walk(disk: &Disk, root: &Path, cwd: &Path, config: &Config) -> Walked {
    let mut walk = Walk { disk, root, cwd, config, walked: Walked::default() };
    let mut folders = vec![(root.to_path_buf(), None)];
    while let Some((folder, above)) = folders.pop() {
        walk.enter(&folder, above, &mut folders);
    }
    // What is only seen in place of the disk was chosen by whoever put it there.
    for path in disk.put_below(root).filter(|path| std::fs::symlink_metadata(path).is_err()) {
        if !config::speaks_of(&config.skip, path) {
            walk.note_file(path.to_path_buf());
        }
    }
    walk.walked
}

/// Walks the further folders with native code that the configuration names, wherever they are.
pub(super) fn walk_further(walked: &mut Walked, disk: &Disk, cwd: &Path, config: &Config) {
    for named in &config.native {
        let fail = |reason: &str| Problem {
            path: shown(named, cwd),
            reason: format!("{reason}; `native` of `[project]` names it"),
        };
        let folder = match named.canonicalize() {
            Ok(folder) if folder.is_dir() => folder,
            Ok(_) => {
                walked.problems.push(fail("not a folder"));
                continue;
            }
            Err(error) => {
                walked.problems.push(fail(&in_words(&error)));
                continue;
            }
        };
        let mut found = walk(disk, &folder, cwd, config);
        let lists = [
            (&mut walked.natives, &mut found.natives),
            (&mut walked.android_builds, &mut found.android_builds),
            (&mut walked.manifests, &mut found.manifests),
            (&mut walked.licences, &mut found.licences),
            (&mut walked.repositories, &mut found.repositories),
            (&mut walked.projects, &mut found.projects),
        ];
        for (all, more) in lists {
            all.append(more);
            // It may lie inside the project.
            all.sort_unstable();
            all.dedup();
        }
        walked.problems.append(&mut found.problems);
        walked.further.push(folder);
    }
    walked.problems.sort();
    walked.problems.dedup();
}

/// The rules of a folder's `.gitignore`, and those of the folders above it as far as the project's.
struct Rules {
    own: Gitignore,
    above: Option<Arc<Rules>>,
}

/// A folder to enter, with the rules that hold for it.
type Waiting = (PathBuf, Option<Arc<Rules>>);

struct Walk<'a> {
    disk: &'a Disk,
    root: &'a Path,
    cwd: &'a Path,
    config: &'a Config,
    walked: Walked,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path, above: Option<Arc<Rules>>, folders: &mut Vec<Waiting>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.report(folder, in_words(&error)),
        };
        let rules = match self.rules_of(folder) {
            Some(own) => Some(Arc::new(Rules { own, above })),
            None => above,
        };
        let mut parts = [false; PARTS_OF_A_PROJECT.len()];
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.report(folder, in_words(&error));
                    continue;
                }
            };
            let path = entry.path();
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.report(&path, in_words(&error));
                    continue;
                }
            };
            let name = entry.file_name();
            if name == ".git" && folder != self.root {
                self.walked.repositories.push(folder.to_path_buf());
            }
            let is_left_out = name.as_encoded_bytes().starts_with(b".")
                || self.disk.hides(&path)
                || self.is_skipped_by_configuration(&path, kind.is_dir())
                || is_ignored(rules.as_deref(), &path, kind.is_dir());
            if is_left_out {
                continue;
            }
            if kind.is_dir() {
                let part = |names: &&[&str]| names.iter().any(|part| name == **part);
                if let Some(part) = PARTS_OF_A_PROJECT.iter().position(part) {
                    parts[part] = true;
                }
                if path.join(config::FILE_NAME).is_file() {
                    self.walked.nested.push(path);
                } else if !is_skipped(&path) {
                    folders.push((path, rules.clone()));
                }
            } else if kind.is_file() || is_manifest(&name) {
                self.note_file(path);
            } else if is_source(&path)
                && let Some(reason) = reason_for_other(&path, self.root, kind.is_symlink())
            {
                self.report(&path, reason);
            }
        }
        if folder != self.root && parts.iter().filter(|part| **part).count() >= MIN_PARTS {
            self.walked.projects.push(folder.to_path_buf());
        }
    }

    /// The folders above it are known not to be skipped.
    fn is_skipped_by_configuration(&self, path: &Path, is_folder: bool) -> bool {
        let skip = &self.config.skip;
        path.starts_with(skip.path()) && skip.matched_path_or_any_parents(path, is_folder).is_ignore()
    }

    /// Puts a file where it belongs, by its name.
    fn note_file(&mut self, path: PathBuf) {
        let Some(name) = path.file_name() else { return };
        let Some(name) = name.to_str() else {
            if is_source(&path) {
                self.report(&path, "its name is not UTF-8".into());
            }
            return;
        };
        let walked = &mut self.walked;
        let list = match name {
            "pubspec.yaml" => &mut walked.pubspecs,
            config::ANALYSIS_OPTIONS => &mut walked.analysis_options,
            name if android::BUILDS.contains(&name) => &mut walked.android_builds,
            "Cargo.toml" | "oh-package.json5" => &mut walked.manifests,
            name if is_licence(name) => &mut walked.licences,
            _ if native_language_of(&path).is_some() => &mut walked.natives,
            _ if is_source(&path) => &mut walked.sources,
            _ => return,
        };
        list.push(path);
    }

    fn report(&mut self, path: &Path, reason: String) {
        self.walked.problems.push(Problem { path: shown(path, self.cwd), reason });
    }

    /// The rules of a folder's own `.gitignore`, where it has one with rules.
    fn rules_of(&mut self, folder: &Path) -> Option<Gitignore> {
        let path = folder.join(".gitignore");
        fs::symlink_metadata(&path).ok()?;
        let bytes = match self.disk.read_bytes(&path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.report(&path, format!("{reason}; it ignores nothing"));
                return None;
            }
        };
        let mut builder = GitignoreBuilder::new(folder);
        let text = String::from_utf8_lossy(&bytes);
        for line in text.strip_prefix('\u{feff}').unwrap_or(&text).lines() {
            // What is no pattern matches nothing, as in git.
            let _ = builder.add_line(None, line);
        }
        builder.build().ok().filter(|rules| !rules.is_empty())
    }
}

/// Whether a folder holds what tools made.
pub(super) fn is_skipped(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| SKIPPED_FOLDERS.contains(&name)) && !holds_packages(folder)
}

/// Whether a folder `build` holds packages that people wrote (`example/build/app`): there is none beside it that would
/// be built into it.
fn holds_packages(folder: &Path) -> bool {
    const PACKAGE: &str = "pubspec.yaml";
    let is_package = |folder: &Path| folder.join(PACKAGE).is_file();
    if !folder.ends_with("build") || folder.parent().is_none_or(is_package) {
        return false;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|inner| is_package(&inner))
}

/// Whether a file describes a package or a build: what is wrong with one is said where it is read.
pub(super) fn is_manifest(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        ["pubspec.yaml", "Cargo.toml", "oh-package.json5"].contains(&name) || android::BUILDS.contains(&name)
    })
}

fn is_licence(name: &str) -> bool {
    let begins = |word: &str| name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    ["licen", "copying"].into_iter().any(begins) && !name.ends_with(".dart")
}

/// Whether the innermost rule that speaks of a path ignores it. The folders above it are known not to be ignored.
fn is_ignored(mut rules: Option<&Rules>, path: &Path, is_folder: bool) -> bool {
    while let Some(Rules { own, above }) = rules {
        match own.matched(path, is_folder) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => rules = above.as_deref(),
        }
    }
    false
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
