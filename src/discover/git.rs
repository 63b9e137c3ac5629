//! What git says was changed. The command `git` is asked: it knows its index, its configuration and its hooks best.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Disk, in_words, is_source, walk};

/// Variables that git sets for its hooks and that may be paths from where the hook runs.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"];

/// Changed files, and how to see them.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The files as they are to be judged.
    pub disk: Disk,
    /// The changed files, sorted; nothing where nothing is staged, which means all.
    pub files: Option<Vec<PathBuf>>,
}

/// What was changed since a commit: in later commits, in the index, in the working tree, and in new files.
///
/// # Errors
///
/// What to tell the person where git fails.
pub fn since(folder: &Path, reference: &str) -> Result<Changes, String> {
    let git = Git::new(folder)?;
    let commit = format!("{reference}^{{commit}}");
    let commit = git.line(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).map_err(|_| {
        format!("git knows no commit `{}`; name one, a branch or a tag", crate::config::short(reference))
    })?;
    // What others did on that branch meanwhile is not this change. A shallow clone may not reach where they part.
    let base = git.line(&["merge-base", &commit, "HEAD"]).unwrap_or(commit);
    let mut files = git.paths(&["diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", &base, "--"])?;
    files.extend(git.paths(&["ls-files", "--others", "--exclude-standard", "-z"])?);
    Ok(Changes { disk: Disk::default(), files: Some(files.into_iter().collect()) })
}

/// What is staged, seen as it will be committed: what is changed and not staged is not there, new files neither.
///
/// # Errors
///
/// What to tell the person where git fails.
pub fn staged(folder: &Path) -> Result<Changes, String> {
    let git = Git::new(folder)?;
    let staged = git.paths(&["diff", "--cached", "--name-only", "-z", "--no-renames", "--diff-filter=d"])?;
    let mut disk = Disk::default();
    for path in git.paths(&["ls-files", "--others", "--exclude-standard", "-z"])? {
        disk.hide(path);
    }
    for path in git.paths(&["diff", "--name-only", "-z", "--no-renames", "--ignore-submodules"])? {
        let matters = is_source(&path) || path.file_name().is_some_and(walk::is_manifest) || is_configuration(&path);
        if matters && path.starts_with(folder) {
            let bytes = git.staged_content(&path)?;
            disk.put(path, bytes.into());
        }
    }
    let files = (!staged.is_empty()).then(|| staged.into_iter().collect());
    Ok(Changes { disk, files })
}

fn is_configuration(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml" || extension == "yaml" || extension == "lock")
}

struct Git<'a> {
    folder: &'a Path,
    top: PathBuf,
}

impl<'a> Git<'a> {
    fn new(folder: &'a Path) -> Result<Self, String> {
        let git = Self { folder, top: PathBuf::new() };
        let top = git.line(&["rev-parse", "--show-toplevel"])?;
        let top = Path::new(&top).canonicalize().map_err(|error| format!("{top}: {}", in_words(&error)))?;
        Ok(Self { folder, top })
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command.current_dir(self.folder).args(arguments).stdin(Stdio::null()).env("GIT_OPTIONAL_LOCKS", "0");
        let here = std::env::current_dir().unwrap_or_default();
        for name in PLACES {
            if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
                command.env(name, here.join(value));
            }
        }
        let output = command.output().map_err(|error| format!("cannot run git: {}", in_words(&error)))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed").trim();
        Err(format!("git says: {said}"))
    }

    fn line(&self, arguments: &[&str]) -> Result<String, String> {
        let text = String::from_utf8(self.run(arguments)?).map_err(|_| "git gave no text".to_owned())?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The paths that a command lists with NULs between them.
    fn paths(&self, arguments: &[&str]) -> Result<BTreeSet<PathBuf>, String> {
        // `ls-files` counts from where it runs, `diff` from the top unless its configuration says otherwise.
        let (base, arguments) = match arguments {
            ["diff", rest @ ..] => (&*self.top, [&["diff", "--no-relative", "--no-ext-diff"], rest].concat()),
            all => (self.folder, all.to_vec()),
        };
        let listed = self.run(&arguments)?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        names.map(|name| Ok(base.join(as_path(name)?))).collect()
    }

    fn staged_content(&self, path: &Path) -> Result<Vec<u8>, String> {
        let below = path.strip_prefix(&self.top).unwrap_or(path);
        let name = below.to_str().ok_or_else(|| format!("{}: its name is not UTF-8", path.display()))?;
        self.run(&["cat-file", "blob", &format!(":0:{}", name.replace('\\', "/"))])
    }
}

#[cfg(unix)]
fn as_path(name: &[u8]) -> Result<PathBuf, String> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(name.to_vec()).into())
}

#[cfg(not(unix))]
fn as_path(name: &[u8]) -> Result<PathBuf, String> {
    let name = String::from_utf8(name.to_vec()).map_err(|_| "a name that is not UTF-8".to_owned())?;
    Ok(OsString::from(name).into())
}
