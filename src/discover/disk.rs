//! The files as a run sees them: those of the disk, some of them with another content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{MAX_BYTES, decode, in_words};

/// Why a folder, a link or a device cannot be read.
pub(super) const NOT_A_FILE: &str = "not a regular file";

/// The disk, with what is to be seen in place of some of its files: what git has staged, what an editor holds open.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    instead: BTreeMap<PathBuf, Option<Arc<[u8]>>>,
}

impl Disk {
    /// Shows a content in place of a file, whether there is one or not.
    pub fn put(&mut self, path: PathBuf, bytes: Arc<[u8]>) {
        self.instead.insert(path, Some(bytes));
    }

    /// Hides a file.
    pub fn hide(&mut self, path: PathBuf) {
        self.instead.insert(path, None);
    }

    /// Shows a file as it is on the disk again.
    pub fn forget(&mut self, path: &Path) {
        self.instead.remove(path);
    }

    /// Whether a file of the disk is not to be seen.
    #[must_use]
    pub fn hides(&self, path: &Path) -> bool {
        self.instead.get(path).is_some_and(Option::is_none)
    }

    /// The files below a folder that have another content, sorted.
    pub(super) fn put_below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        let below = self.instead.range(folder.to_path_buf()..).take_while(move |(path, _)| path.starts_with(folder));
        below.filter(|(_, bytes)| bytes.is_some()).map(|(path, _)| path.as_path())
    }

    /// A file that is meant to be text, or why it is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, in words for its user.
    pub fn read_text(&self, path: &Path) -> Result<String, String> {
        decode(self.read_bytes(path)?)
    }

    /// A regular file that is not too large.
    pub(super) fn read_bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.read_bytes_up_to(path, MAX_BYTES)
    }

    pub(crate) fn read_bytes_up_to(&self, path: &Path, most: u64) -> Result<Vec<u8>, String> {
        let too_large = |size: u64| format!("has {size} bytes, more than the limit of {most}");
        match self.instead.get(path) {
            Some(None) => return Err(super::MISSING.into()),
            Some(Some(bytes)) if bytes.len() as u64 > most => return Err(too_large(bytes.len() as u64)),
            Some(Some(bytes)) => return Ok(bytes.to_vec()),
            None => {}
        }
        // A link may lead out of the project, or to a device that never ends.
        let metadata = std::fs::symlink_metadata(path).map_err(|error| in_words(&error))?;
        if !metadata.is_file() {
            return Err(NOT_A_FILE.into());
        }
        if metadata.len() > most {
            return Err(too_large(metadata.len()));
        }
        std::fs::read(path).map_err(|error| in_words(&error))
    }
}
