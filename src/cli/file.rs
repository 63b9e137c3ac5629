//! Writing a report to a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::deadline;
use crate::discover;

/// How many names to try for the file that is written aside.
const ATTEMPTS: u32 = 16;

/// Writes a file whole or not at all. A link stays and its target is replaced; devices and pipes are written into.
///
/// # Errors
///
/// What to tell the person.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    deadline::begin_writing();
    let written = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(metadata) if !metadata.is_file() || is_open_elsewhere(path) => append(path, text),
        Ok(metadata) => path.canonicalize().and_then(|real| replace(&real, text, Some(metadata.permissions()))),
        // A link to a file that is yet to be made.
        Err(_) if fs::symlink_metadata(path).is_ok() => fs::write(path, text),
        Err(_) => replace(path, text, None),
    };
    written.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => "; name a file in a folder that exists",
            _ => "",
        };
        format!("cannot write {}: {}{advice}", path.display(), discover::in_words(&error))
    })
}

/// A file without the links on the way to it, whether it is there or is yet to be made.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        folder.join(path.file_name().unwrap_or_default())
    })
}

/// Says at once that a file cannot be written, where that is plain.
///
/// # Errors
///
/// What to tell the person.
pub(super) fn refuse(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fail = |why: &str| Err(format!("cannot write {}: {why}; name a file in a folder that exists", path.display()));
    match (path.is_dir(), folder.is_dir()) {
        (true, _) => fail("it is a folder"),
        (_, false) => fail(discover::MISSING),
        _ => Ok(()),
    }
}

/// Adds to the end of a file, which is made where there is none.
///
/// # Errors
///
/// What to tell the person.
pub(super) fn append_to(path: &Path, text: &str) -> Result<(), String> {
    deadline::begin_writing();
    let file = OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("cannot write {}: {}", path.display(), discover::in_words(&error)))
}

/// `/dev/stdout` may be a regular file, and is held open by others under that name.
fn is_open_elsewhere(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc"))
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())
}

/// Writes beside the file, then moves it there.
fn replace(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let (mut file, aside) = create_aside(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // What is left of the attempt is of no use, and its failure to go away of no interest.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// A new file in the same folder: nothing that is there already, link or not, is written to.
fn create_aside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut attempt = 0;
    loop {
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}.{attempt}.tmp", std::process::id()));
        let aside = PathBuf::from(aside);
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            Ok(file) => return Ok((file, aside)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_there_is_written_to() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("report.json");
        let (_, first) = create_aside(&path)?;
        let (_, second) = create_aside(&path)?;
        assert_ne!(first, second);
        assert_eq!(write(&path, "a"), Ok(()));
        assert_eq!(fs::read_to_string(&first)?, "");
        Ok(())
    }

    #[test]
    fn failures_leave_nothing_behind() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("report");
        fs::create_dir(&path)?;
        assert!(replace(&path, "a", None).is_err());
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        assert!(write(&path, "a").is_err_and(|message| message.ends_with("report: is a directory")));
        Ok(())
    }
}
