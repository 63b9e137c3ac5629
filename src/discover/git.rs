//! What git says was changed. The command `git` is asked: it knows its index, its configuration and its hooks best.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Disk, in_words, is_source, walk};

/// Variables that git sets for its hooks and that may be paths from where the hook runs.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"];

/// Variables that speak of one repository and of none inside it (`git rev-parse --local-env-vars`).
const OF_ONE_REPOSITORY: [&str; 7] = [
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];

/// Changed files, and how to see them.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The files as they are to be judged.
    pub disk: Disk,
    /// The changed files, sorted, and folders all of which may be changed; nothing where nothing is staged, not even
    /// that a file goes, which means all.
    pub files: Option<Vec<PathBuf>>,
}

/// What was changed since a commit: in later commits, in the index, in the working tree, and in new files.
///
/// # Errors
///
/// What to tell the person where git fails.
pub fn since(folder: &Path, reference: &str) -> Result<Changes, String> {
    let git = Git::around(folder)?;
    let commit = format!("{reference}^{{commit}}");
    let commit = git.line(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).map_err(|_| {
        format!("git knows no commit `{}`; name one, a branch or a tag", crate::config::short(reference))
    })?;
    // What others did on that branch meanwhile is not this change. A shallow clone may not reach where they part.
    let base = git.line(&["merge-base", &commit, "HEAD"]).unwrap_or(commit);
    let mut files = git.touched(git.entries(&[&base])?);
    files.extend(git.untracked()?);
    Ok(Changes { disk: Disk::default(), files: Some(sorted(files)) })
}

/// What is staged, seen as it will be committed: what is changed and not staged is not there, new files neither.
///
/// # Errors
///
/// What to tell the person where git fails.
pub fn staged(folder: &Path) -> Result<Changes, String> {
    let git = Git::around(folder)?;
    let entries = git.entries(&["--cached"])?;
    let mut disk = Disk::default();
    git.show(&mut disk, &[])?;
    let files = (!entries.is_empty()).then(|| sorted(git.touched(entries)));
    Ok(Changes { disk, files })
}

fn sorted(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort();
    files.dedup();
    files
}

/// Whether the content of a file can change what is found.
fn matters(path: &Path) -> bool {
    let is_text = |extension: &std::ffi::OsStr| ["toml", "yaml", "lock", "txt"].iter().any(|text| extension == *text);
    is_source(path)
        || path.extension().is_some_and(is_text)
        || path.file_name().is_some_and(|name| walk::is_manifest(name) || name == ".gitignore")
}

/// A difference of one path: what it was and what it is.
struct Entry {
    path: PathBuf,
    old: Side,
    new: Side,
}

/// One side of a difference, in git's words: `100644`, `160000` and so on; the name of its object.
struct Side {
    mode: String,
    id: String,
}

impl Side {
    fn is_there(&self) -> bool {
        self.mode != "000000"
    }

    fn is_submodule(&self) -> bool {
        self.mode == "160000"
    }

    fn is_known(&self) -> bool {
        self.id.bytes().any(|digit| digit != b'0')
    }

    fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }
}

struct Git {
    top: PathBuf,
    is_submodule: bool,
}

impl Git {
    /// The repository that a folder lies in.
    fn around(folder: &Path) -> Result<Self, String> {
        // A hook is told where its repository is, and that its top is where it runs.
        let is_told = std::env::var_os("GIT_DIR").is_some_and(|value| !value.is_empty());
        let start = if is_told { std::env::current_dir().unwrap_or_default() } else { folder.to_path_buf() };
        let git = Self { top: start, is_submodule: false };
        Ok(Self { top: git.found_top()?, ..git })
    }

    /// The repository of a submodule, where it is checked out.
    fn of_submodule(folder: &Path) -> Option<Self> {
        let git = Self { top: folder.to_path_buf(), is_submodule: true };
        git.found_top().ok().filter(|top| top == folder)?;
        Some(git)
    }

    fn found_top(&self) -> Result<PathBuf, String> {
        let top = self.line(&["rev-parse", "--show-toplevel"])?;
        Path::new(&top).canonicalize().map_err(|error| format!("{top}: {}", in_words(&error)))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.top).args(arguments).stdin(Stdio::null()).env("GIT_OPTIONAL_LOCKS", "0");
        if self.is_submodule {
            for name in OF_ONE_REPOSITORY {
                command.env_remove(name);
            }
            return command;
        }
        let here = std::env::current_dir().unwrap_or_default();
        for name in PLACES {
            if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
                command.env(name, here.join(value));
            }
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let output = self.command(arguments).output().map_err(|error| cannot_run(&error))?;
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

    /// The differences that `git diff` sees with these arguments.
    fn entries(&self, arguments: &[&str]) -> Result<Vec<Entry>, String> {
        let fixed = ["diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-ext-diff"];
        let all = [&fixed[..], &["--ignore-submodules=none"], arguments, &["--"]].concat();
        let listed = self.run(&all)?;
        let mut fields = listed.split(|byte| *byte == 0);
        let mut entries = Vec::new();
        while let (Some(what), Some(name)) = (fields.next(), fields.next()) {
            let what = String::from_utf8_lossy(what.strip_prefix(b":").unwrap_or(what));
            let mut words = what.split_ascii_whitespace().map(str::to_owned);
            let (Some(old), Some(new), Some(old_id), Some(new_id)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(format!("git said of a difference: {what}"));
            };
            entries.push(Entry {
                path: self.top.join(as_path(name)?),
                old: Side { mode: old, id: old_id },
                new: Side { mode: new, id: new_id },
            });
        }
        Ok(entries)
    }

    /// New files that nobody added.
    fn untracked(&self) -> Result<Vec<PathBuf>, String> {
        let listed = self.run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        names.map(|name| Ok(self.top.join(as_path(name)?))).collect()
    }

    /// The files of differences that are still there.
    fn touched(&self, entries: Vec<Entry>) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for Entry { path, old, new } in entries.into_iter().filter(|entry| entry.new.is_there()) {
            let inside = new.is_submodule().then(|| inside_of(&path, &old, &new)).flatten();
            match inside {
                Some(inside) => files.extend(inside),
                None => files.push(path),
            }
        }
        files
    }

    /// Shows the old side of differences, those of submodules too, and no new files.
    fn show(&self, disk: &mut Disk, arguments: &[&str]) -> Result<(), String> {
        self.untracked()?.into_iter().for_each(|path| disk.hide(path));
        let mut wanted = Vec::new();
        for Entry { path, old, .. } in self.entries(arguments)? {
            if old.is_submodule() && old.is_known() {
                if let Some(submodule) = Self::of_submodule(&path) {
                    submodule.show(disk, &[&old.id])?;
                }
            } else if !old.is_there() {
                disk.hide(path);
            } else if old.is_file() && old.is_known() && matters(&path) {
                wanted.push((old.id, path));
            }
        }
        let ids = wanted.iter().map(|(id, _)| format!("{id}\n")).collect::<String>();
        for (content, (_, path)) in self.objects(&ids, wanted.len())?.into_iter().zip(wanted) {
            disk.put(path, content.into());
        }
        Ok(())
    }

    /// The contents of objects, whose names stand on a line each.
    fn objects(&self, names: &str, count: usize) -> Result<Vec<Vec<u8>>, String> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut command = self.command(&["cat-file", "--batch"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| cannot_run(&error))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut all = Vec::new();
        // It answers while it is asked: whoever only asks waits for ever.
        std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(names.as_bytes())));
            stdout.map(|mut stdout| stdout.read_to_end(&mut all))
        });
        child.wait().map_err(|error| cannot_run(&error))?;
        let mut rest = all.as_slice();
        let contents = (0..count).map(|_| next_object(&mut rest));
        contents.collect::<Option<_>>().ok_or_else(|| "git does not give what it has of a changed file".to_owned())
    }
}

/// The files of a submodule that are changed between two commits, or since one where the new one is not written yet.
fn inside_of(folder: &Path, old: &Side, new: &Side) -> Option<Vec<PathBuf>> {
    if !old.is_submodule() || !old.is_known() {
        return None;
    }
    let submodule = Git::of_submodule(folder)?;
    let between = [&*old.id, &*new.id];
    let entries = submodule.entries(if new.is_known() { &between } else { &between[..1] }).ok()?;
    Some(submodule.touched(entries))
}

/// Takes one object from an answer: `id SP type SP size LF content LF`.
fn next_object(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr(b'\n', rest)?;
    let (head, body) = (rest.get(..end)?, rest.get(end + 1..)?);
    let size: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
    let content = body.get(..size)?.to_vec();
    *rest = body.get(size + 1..)?;
    Some(content)
}

fn cannot_run(error: &std::io::Error) -> String {
    format!("cannot run git: {}", in_words(error))
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
