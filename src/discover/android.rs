//! Builds for Android that leave out the ABIs of 32 bits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The names of the files that describe such builds.
pub(super) const BUILDS: [&str; 2] = ["build.gradle", "build.gradle.kts"];

/// The folders whose files are built for targets of 64 bits only, by the build files of a project: that of a library,
/// and for `android/` and `android/app/` of a Dart package the package.
pub(super) fn wide_folders(builds: &[PathBuf]) -> BTreeSet<PathBuf> {
    let is_wide = |path: &&PathBuf| super::read_text(path).is_ok_and(|text| names_wide_abis_only(&text));
    builds.iter().filter(is_wide).filter_map(|path| Some(governed(path.parent()?).to_path_buf())).collect()
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
