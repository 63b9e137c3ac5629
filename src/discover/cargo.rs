//! Crates: names and roots, from `Cargo.toml` read as text.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Disk, Problem, normalize, shown};

/// A manifest larger than this was not written by a person.
const MAX_MANIFEST: usize = 1024 * 1024;

/// A crate of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    /// The name by which code says it: `-` is `_`.
    pub name: String,
    /// The folder of its `Cargo.toml`.
    pub folder: PathBuf,
    /// Its `lib.rs`, where it has one.
    pub lib: Option<PathBuf>,
}

/// Reads the crates whose `Cargo.toml` are given; one without `[package]` is no crate. The result is sorted by folder.
pub(super) fn read(
    disk: &Disk,
    manifests: &[PathBuf],
    root: &Path,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Crate> {
    let mut crates = Vec::new();
    for path in manifests {
        let folder = path.parent().unwrap_or(root);
        match disk.read_text(path).and_then(|text| parse(&text)) {
            Ok(Some((name, lib))) => {
                let written = lib.map(|lib| normalize(&folder.join(lib)));
                let lib = written.or_else(|| Some(folder.join("src/lib.rs")).filter(|lib| lib.is_file()));
                crates.push(Crate { name, folder: folder.to_path_buf(), lib });
            }
            Ok(None) => {}
            // A template, or somebody's test of their own tool: nothing is linked through it.
            Err(reason) => problems.push(Problem { path: shown(path, cwd), reason }),
        }
    }
    crates.sort_by(|a, b| a.folder.cmp(&b.folder));
    crates
}

/// The crate a path lies in, by its place in a list sorted by folder.
pub(super) fn innermost(crates: &[Crate], path: &Path) -> Option<usize> {
    path.ancestors().find_map(|folder| crates.binary_search_by(|one| one.folder.as_path().cmp(folder)).ok())
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    lib: Option<Lib>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Lib {
    name: Option<String>,
    path: Option<String>,
}

/// The crate's name and the path of its library, where it is written.
fn parse(text: &str) -> Result<Option<(String, Option<String>)>, String> {
    if text.len() > MAX_MANIFEST {
        return Err(format!("has {} bytes, more than the limit of {MAX_MANIFEST}", text.len()));
    }
    let manifest: Manifest = toml::from_str(text).map_err(|error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or("");
        format!("not a manifest at line {}", before.matches('\n').count() + 1)
    })?;
    let Some(package) = manifest.package else { return Ok(None) };
    let (name, path) = manifest.lib.map_or((None, None), |lib| (lib.name, lib.path));
    Ok(Some((name.unwrap_or(package.name).replace('-', "_"), path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_tell_name_and_library() {
        let plain =
            "[package]\nname = \"my-crate\"\nversion.workspace = true\n[dependencies]\na = { path = \"../a\" }\n";
        assert_eq!(parse(plain), Ok(Some(("my_crate".into(), None))));
        let library =
            "[package]\nname = \"a\"\n[lib]\nname = \"b\"\npath = \"rust/lib.rs\"\ncrate-type = [\"cdylib\"]\n";
        assert_eq!(parse(library), Ok(Some(("b".into(), Some("rust/lib.rs".into())))));
        assert_eq!(parse("[workspace]\nmembers = [\"a\", \"b\"]\n"), Ok(None));
        assert_eq!(parse("[package]\nname = \n"), Err("not a manifest at line 2".into()));
    }
}
