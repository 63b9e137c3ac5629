//! Dart packages: names, and the versions of what they depend on.
//!
//! Versions come from the nearest `pubspec.lock` (a pub workspace keeps one at its root), else from the
//! constraint in `pubspec.yaml`, of which pub takes the newest that it allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr::Yaml;
use semver::Version;

use super::{Disk, Problem, platform, shown, yaml};
use crate::target::TargetSet;

/// A Dart package of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder of its `pubspec.yaml`.
    pub folder: PathBuf,
    /// The versions of the packages it depends on, as far as they are known.
    pub versions: BTreeMap<String, Version>,
    /// The platforms that its `pubspec.yaml` names, all where it names none.
    pub platforms: TargetSet,
    /// The platforms that it is ever built for: those that it names, those of an application's folders. A package that
    /// names none is used by applications of every platform.
    pub built_for: TargetSet,
}

/// Reads the packages whose `pubspec.yaml` are given.
pub(super) fn read(
    disk: &Disk,
    pubspecs: &[PathBuf],
    root: &Path,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Package> {
    let mut locks: BTreeMap<PathBuf, Option<BTreeMap<String, Version>>> = BTreeMap::new();
    let mut packages = Vec::new();
    for pubspec in pubspecs {
        let mut report = |path: &Path, reason: String| problems.push(Problem { path: shown(path, cwd), reason });
        let folder = pubspec.parent().unwrap_or(root);
        let Pubspec { name, mut versions, platforms, is_private } =
            disk.read_text(pubspec).and_then(|text| parse_pubspec(&text)).unwrap_or_else(|reason| {
                report(pubspec, reason);
                Pubspec::default()
            });
        let above = folder.ancestors().take_while(|above| above.starts_with(root));
        for above in above {
            let path = above.join("pubspec.lock");
            let locked = locks.entry(path.clone()).or_insert_with(|| {
                std::fs::symlink_metadata(&path)
                    .is_ok()
                    .then(|| disk.read_text(&path).and_then(|text| parse_lock(&text)))
                    .and_then(|lock| {
                        lock.map_err(|reason| problems.push(Problem { path: shown(&path, cwd), reason })).ok()
                    })
            });
            if let Some(locked) = locked {
                versions.extend(locked.iter().map(|(name, version)| (name.clone(), version.clone())));
                break;
            }
        }
        let name = name.or_else(|| Some(folder.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
        packages.push(Package {
            name,
            folder: folder.to_path_buf(),
            versions,
            platforms: platforms.unwrap_or(TargetSet::ALL),
            built_for: platforms.or_else(|| of_application(folder, is_private)).unwrap_or(TargetSet::ALL),
        });
    }
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    packages
}

/// The platforms of an application: of those that `flutter create` made folders for. What others may use, or has no
/// `main` of its own, is none.
fn of_application(folder: &Path, is_private: bool) -> Option<TargetSet> {
    if !is_private || !folder.join("lib/main.dart").is_file() {
        return None;
    }
    platform::of_names(platform::folder_names().filter(|name| folder.join(name).is_dir()))
}

/// The package a path lies in, by its place in a list sorted by folder.
pub(super) fn innermost(packages: &[Package], path: &Path) -> Option<usize> {
    path.ancestors().find_map(|folder| packages.binary_search_by(|package| package.folder.as_path().cmp(folder)).ok())
}

#[derive(Default)]
struct Pubspec {
    name: Option<String>,
    versions: BTreeMap<String, Version>,
    platforms: Option<TargetSet>,
    /// It says that it is not published.
    is_private: bool,
}

fn parse_pubspec(text: &str) -> Result<Pubspec, String> {
    let yaml = yaml::parse(text)?;
    let mut versions = BTreeMap::new();
    for section in ["dev_dependencies", "dependencies", "dependency_overrides"] {
        let Some(dependencies) = yaml.as_mapping_get(section).and_then(Yaml::as_mapping) else { continue };
        for (name, constraint) in dependencies {
            let constraint = constraint.as_str().or_else(|| constraint.as_mapping_get("version")?.as_str());
            if let (Some(name), Some(version)) = (name.as_str(), constraint.and_then(resolved)) {
                versions.insert(name.to_owned(), version);
            }
        }
    }
    // `platforms:` of the package, `flutter: plugin: platforms:` of a plugin.
    let of_package = yaml.as_mapping_get("platforms");
    let plugin = yaml.as_mapping_get("flutter").and_then(|flutter| flutter.as_mapping_get("plugin"));
    let of_plugin = plugin.and_then(|plugin| plugin.as_mapping_get("platforms"));
    let named = of_package.or(of_plugin).and_then(Yaml::as_mapping);
    let platforms = named.and_then(|named| platform::of_names(named.keys().filter_map(|name| name.as_str())));
    let name = yaml.as_mapping_get("name").and_then(Yaml::as_str).map(str::to_owned);
    let is_private = yaml.as_mapping_get("publish_to").and_then(Yaml::as_str) == Some("none");
    Ok(Pubspec { name, versions, platforms, is_private })
}

fn parse_lock(text: &str) -> Result<BTreeMap<String, Version>, String> {
    let yaml = yaml::parse(text)?;
    let packages = yaml.as_mapping_get("packages").and_then(Yaml::as_mapping);
    let versions = packages.into_iter().flatten().filter_map(|(name, package)| {
        let version = Version::parse(package.as_mapping_get("version")?.as_str()?).ok()?;
        Some((name.as_str()?.to_owned(), version))
    });
    Ok(versions.collect())
}

/// The version that a constraint stands for: of `^2.1.0`, `>=2.0.0 <3.0.0` and `2.0.1` the least, whose API all others
/// have; of several major versions the last, as pub would; nothing where that is open.
fn resolved(constraint: &str) -> Option<Version> {
    let spaced = constraint.replace("<=", " ≤ ").replace(">=", " ≥ ").replace('<', " < ").replace('>', " ≥ ");
    let spaced = spaced.replace('^', " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let after = |sign: &str| {
        let at = words.iter().position(|word| *word == sign)?;
        Version::parse(words.get(at + 1)?).ok()
    };
    let least = words
        .iter()
        .zip([""].iter().chain(&words))
        .find_map(|(word, sign)| Version::parse(word).ok().filter(|_| !matches!(*sign, "<" | "≤")));
    let (below, most) = (after("<"), after("≤"));
    match (&least, below, most) {
        (least, Some(below), _) => {
            let last = below.major.checked_sub(u64::from(below.minor == 0 && below.patch == 0))?;
            match least {
                Some(least) if least.major >= last => Some(least.clone()),
                _ => Some(Version::new(last, 0, 0)),
            }
        }
        (Some(least), None, Some(most)) if least.major == most.major => Some(least.clone()),
        (_, None, Some(most)) => Some(most),
        (Some(_), None, None) if words.contains(&"≥") => None,
        (_, None, None) => least,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_stand_for_a_version() {
        let bound = |text: &str| resolved(text).map(|version| version.to_string()).unwrap_or_default();
        assert_eq!(bound("^2.1.0"), "2.1.0");
        assert_eq!(bound(">=2.0.1 <3.0.0"), "2.0.1");
        assert_eq!(bound(">=1.1.2 <3.0.0"), "2.0.0");
        assert_eq!(bound("<3.0.0"), "2.0.0");
        assert_eq!(bound(">=4.0.0 <5.1.0"), "5.0.0");
        assert_eq!(bound(">=0.3.0<0.5.0"), "0.3.0");
        assert_eq!(bound(">=1.0.0 <=3.2.0"), "3.2.0");
        assert_eq!(bound("2.0.1"), "2.0.1");
        assert_eq!(bound(">=1.0.0"), "");
        assert_eq!(bound("any"), "");
    }

    #[test]
    fn pubspecs_and_locks_are_read() {
        let Pubspec { name, versions, platforms, is_private } = parse_pubspec(
            "name: demo\npublish_to: 'none'\ndependencies:\n  ffi: ^2.1.0\n  flutter:\n    sdk: flutter\n  win32:\n    version: 5.0.0\n\
             flutter:\n  plugin:\n    platforms:\n      windows:\n        ffiPlugin: true\n      web:\n        a: b\n",
        )
        .unwrap_or_default();
        assert_eq!(name.as_deref(), Some("demo"));
        assert_eq!(versions.len(), 2);
        assert_eq!((platforms, is_private), (Some(TargetSet::WINDOWS), true));
        assert!(!parse_pubspec("name: demo\n").unwrap_or_default().is_private);
        let lock =
            "packages:\n  ffi:\n    dependency: \"direct main\"\n    version: \"2.1.4\"\nsdks:\n  dart: \">=3\"\n";
        assert_eq!(parse_lock(lock).unwrap_or_default().get("ffi"), Version::parse("2.1.4").ok().as_ref());
    }

    #[test]
    fn hostile_yaml_is_refused() {
        let bomb = format!("a: &a [1]\nb: [{}]", "*a, ".repeat(20));
        assert!(parse_lock(&bomb).is_err_and(|reason| reason.contains("aliases")));
        assert!(parse_lock(&"[".repeat(100_000)).is_err_and(|reason| reason.contains("nested")));
        assert!(parse_lock(&"- ".repeat(100_000)).is_err_and(|reason| reason.contains("nested")));
        assert!(parse_lock("a: [1\nb: }").is_err_and(|reason| reason.starts_with("not YAML at line")));
    }
}
