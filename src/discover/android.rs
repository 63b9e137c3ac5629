//! Builds for Android, and which of them leave out the ABIs of 32 bits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Disk;

/// The names of the files that describe such builds.
pub(super) const BUILDS: [&str; 2] = ["build.gradle", "build.gradle.kts"];

/// The Android builds of a project, by the folders whose files they build: that of a library, and for `android/` and
/// `android/app/` of a Dart package the package.
pub(super) struct Builds {
    of: BTreeMap<PathBuf, Abis>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Abis {
    All,
    WideOnly,
}

impl Builds {
    /// Reads the build files.
    pub(super) fn read(disk: &Disk, files: &[PathBuf]) -> Self {
        let mut of = BTreeMap::new();
        for path in files {
            let Some(folder) = path.parent() else { continue };
            let Ok(text) = disk.read_text(path) else { continue };
            let abis = if names_wide_abis_only(&text) { Abis::WideOnly } else { Abis::All };
            let known = of.entry(governed(folder).to_path_buf()).or_insert(abis);
            if abis == Abis::WideOnly {
                *known = abis;
            }
        }
        Self { of }
    }

    /// Whether a file is built for targets of 32 bits; nothing where no build is known.
    pub(super) fn narrow(&self, file: &Path) -> Option<bool> {
        let mut abis = file.ancestors().filter_map(|folder| self.of.get(folder)).peekable();
        abis.peek()?;
        Some(!abis.any(|abis| *abis == Abis::WideOnly))
    }
}

fn governed(folder: &Path) -> &Path {
    let of = if folder.ends_with("android/app") { folder.parent().unwrap_or(folder) } else { folder };
    if of.ends_with("android") { of.parent().unwrap_or(of) } else { of }
}

/// As far as its text tells: `abiFilters "arm64-v8a", "x86_64"`.
fn names_wide_abis_only(gradle: &str) -> bool {
    let names = |abi: &str| gradle.contains(&format!("\"{abi}\"")) || gradle.contains(&format!("'{abi}'"));
    gradle.contains("abiFilters")
        && (names("arm64-v8a") || names("x86_64"))
        && !["armeabi-v7a", "armeabi", "x86"].into_iter().any(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn android_builds_name_their_abis() {
        for (gradle, is_wide) in [
            ("ndk { abiFilters \"arm64-v8a\" }", true),
            ("abiFilters += listOf(\"arm64-v8a\", \"x86_64\")", true),
            ("abiFilters 'arm64-v8a', 'armeabi-v7a'", false),
            ("abiFilters \"x86\", \"x86_64\"", false),
            ("minSdk 21", false),
        ] {
            assert_eq!(names_wide_abis_only(gradle), is_wide, "{gradle}");
        }
    }

    #[test]
    fn a_build_governs_its_package() {
        for (folder, whole) in
            [("p/android", "p"), ("app/android/app", "app"), ("Android/Store/store", "Android/Store/store")]
        {
            assert_eq!(governed(Path::new(folder)), Path::new(whole));
        }
    }
}
