//! The platforms a native file is built for, as far as its path tells.

use std::path::Path;

use crate::language::Language;
use crate::target::TargetSet;

/// Folders directly under a Flutter plugin's root, and words that file names end with.
const FOLDERS: [(&str, TargetSet); 8] = [
    ("windows", TargetSet::WINDOWS),
    ("linux", TargetSet::LINUX),
    ("macos", TargetSet::MACOS),
    ("ios", TargetSet::IOS),
    ("android", TargetSet::ANDROID),
    ("ohos", TargetSet::OHOS),
    ("openharmony", TargetSet::OHOS),
    ("darwin", APPLE),
];

const APPLE: TargetSet = TargetSet::MACOS.or(TargetSet::IOS);

/// What holds for a native file below a package's folder.
pub(super) fn of(below: &Path, language: Language) -> TargetSet {
    let by_path = of_path(below);
    if !language.is_objective() {
        return by_path;
    }
    // Whatever its path says, only Apple's compilers build it.
    let both = by_path.and(APPLE);
    if both.is_empty() { APPLE } else { both }
}

/// What holds for a Dart file below a package's folder: `lib/src/ios/a.dart`, `lib/a_windows.dart`.
pub(super) fn of_dart(below: &Path) -> TargetSet {
    let folders = below.parent().into_iter().flat_map(Path::components);
    let mut targets = TargetSet::ALL;
    for folder in folders.filter_map(|folder| folder.as_os_str().to_str()) {
        let known = FOLDERS.iter().find(|(name, _)| folder.eq_ignore_ascii_case(name)).map(|(_, set)| *set);
        targets = targets.and(known.map_or(TargetSet::ALL, with_apple));
    }
    let by_name = below.file_stem().and_then(|stem| of_stem(&stem.to_str()?.to_ascii_lowercase()));
    let both = targets.and(by_name.map_or(TargetSet::ALL, with_apple));
    if both.is_empty() { TargetSet::ALL } else { both }
}

/// Dart code for one of Apple's platforms serves the other, too.
fn with_apple(set: TargetSet) -> TargetSet {
    if set.and(APPLE).is_empty() { set } else { set.or(APPLE) }
}

/// The names of the folders that an application has for platforms.
pub(super) fn folder_names() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().map(|(name, _)| *name)
}

/// The platforms that the names in a `pubspec.yaml` stand for; nothing where none is one of native code.
pub(super) fn of_names<'n>(names: impl Iterator<Item = &'n str>) -> Option<TargetSet> {
    let known = names.filter_map(|name| FOLDERS.iter().find(|(folder, _)| *folder == name));
    let all = known.fold(TargetSet::NONE, |all, (_, set)| all.or(*set));
    (!all.is_empty()).then_some(all)
}

fn of_path(below: &Path) -> TargetSet {
    let mut parts = below.components().map(|part| part.as_os_str());
    let first = parts.next().filter(|_| parts.next().is_some()).and_then(|part| part.to_str());
    let by_folder = first
        .and_then(|name| FOLDERS.iter().find(|(folder, _)| name.eq_ignore_ascii_case(folder)))
        .map(|(_, set)| *set);
    let by_name = below.file_stem().and_then(|stem| of_stem(&stem.to_str()?.to_ascii_lowercase()));
    let (by_folder, by_name) = (by_folder.unwrap_or(TargetSet::ALL), by_name.unwrap_or(TargetSet::ALL));
    let both = by_folder.and(by_name);
    // `android/x_linux.c`: the folder decides.
    if both.is_empty() { by_folder } else { both }
}

fn of_stem(stem: &str) -> Option<TargetSet> {
    let word = stem.rsplit(['_', '-']).next().unwrap_or(stem);
    Some(match word {
        "win32" | "windows" | "win" => TargetSet::WINDOWS,
        "posix" | "unix" => TargetSet::ALL.minus(TargetSet::WINDOWS),
        "linux" => TargetSet::LINUX.or(TargetSet::ANDROID),
        "macos" | "osx" => TargetSet::MACOS,
        "ios" => TargetSet::IOS,
        "apple" | "darwin" => APPLE,
        "android" => TargetSet::ANDROID,
        "ohos" => TargetSet::OHOS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_targets() {
        for (path, expected) in [
            ("windows/x.cpp", TargetSet::WINDOWS),
            ("src/windows/x.cpp", TargetSet::ALL),
            ("OpenHarmony/src/x.cpp", TargetSet::OHOS),
            ("windows.rs", TargetSet::WINDOWS),
            ("src/file_posix.c", TargetSet::ALL.minus(TargetSet::WINDOWS)),
            ("linux/file_posix.c", TargetSet::LINUX),
            ("src/file_linux.c", TargetSet::LINUX.or(TargetSet::ANDROID)),
            ("android/src/a_linux.c", TargetSet::ANDROID),
            ("darwin/Classes/x.c", APPLE),
            ("src/darwin.c", APPLE),
            ("src/swindows.c", TargetSet::ALL),
        ] {
            assert_eq!(of(Path::new(path), Language::C), expected, "{path}");
        }
        for (path, expected) in [
            ("lib/src/ios/x.dart", APPLE),
            ("lib/x_windows.dart", TargetSet::WINDOWS),
            ("lib/src/x.dart", TargetSet::ALL),
            ("lib/windows/x_ios.dart", TargetSet::ALL),
        ] {
            assert_eq!(of_dart(Path::new(path)), expected, "{path}");
        }
        for (path, expected) in [("src/x.mm", APPLE), ("ios/Classes/x.mm", TargetSet::IOS), ("linux/x.mm", APPLE)] {
            assert_eq!(of(Path::new(path), Language::ObjCpp), expected, "{path}");
        }
    }
}
