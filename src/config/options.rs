//! `analysis_options.yaml`, and what it includes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use saphyr::{MarkedYaml, Scalar, YamlData};
use serde::Deserialize;

use super::short;
use crate::discover::yaml::{self, NotYaml};
use crate::discover::{Disk, MISSING, normalize};

/// The name of the file.
pub const ANALYSIS_OPTIONS: &str = "analysis_options.yaml";

/// More files than anybody includes.
const MOST_FILES: usize = 64;

/// Where the Dart tools say where each package lies, from a package's folder or one above it.
const PACKAGE_CONFIG: &str = ".dart_tool/package_config.json";

/// A file of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The file.
    pub(crate) path: PathBuf,
    /// The folder that what it says of files counts from: its own, or that of the first where it is of a package.
    pub(crate) base: PathBuf,
    /// What stands in it.
    pub(crate) text: String,
}

/// Something about a chain that a person may want to know: of which file, and what.
pub(crate) type Note = (PathBuf, String);

/// Follows the chains of includes of one project.
#[derive(Debug)]
pub(crate) struct Includes<'a> {
    disk: &'a Disk,
    root: &'a Path,
    packages: BTreeMap<PathBuf, Option<BTreeMap<String, PathBuf>>>,
    /// What was met on the way, each once.
    pub(crate) notes: BTreeSet<Note>,
    /// What was met on the way and loses what somebody may have asked for.
    pub(crate) warnings: BTreeSet<Note>,
}

/// What to follow next.
struct Next {
    path: PathBuf,
    base: PathBuf,
    /// The files that led here, the last of them the one that includes it, and how it writes it.
    above: Vec<PathBuf>,
    written: String,
}

impl<'a> Includes<'a> {
    pub(crate) fn new(disk: &'a Disk, root: &'a Path) -> Self {
        Self { disk, root, packages: BTreeMap::new(), notes: BTreeSet::new(), warnings: BTreeSet::new() }
    }

    /// A file and what it includes, the nearest first: what stands in one counts more than what those after it say.
    pub(crate) fn chain(&mut self, path: &Path) -> Vec<Link> {
        let first = path.parent().unwrap_or(self.root).to_path_buf();
        let next = Next { path: path.to_path_buf(), base: first.clone(), above: Vec::new(), written: String::new() };
        let mut todo = vec![next];
        let mut seen = BTreeSet::new();
        let mut links: Vec<Link> = Vec::new();
        while let Some(Next { path, base, above, written }) = todo.pop() {
            let includer = above.last().cloned().unwrap_or_else(|| path.clone());
            if above.contains(&path) {
                self.note(&includer, format!("includes `{}`, which includes it again", short(&written)));
                continue;
            }
            if !seen.insert(path.clone()) || links.len() >= MOST_FILES {
                continue;
            }
            let text = match self.disk.read_text(&path) {
                Ok(text) => text,
                Err(reason) if above.is_empty() && reason == MISSING => continue,
                Err(reason) if above.is_empty() => {
                    self.warnings.insert((path, reason));
                    continue;
                }
                Err(reason) => {
                    let is_missing = reason == MISSING;
                    let reason = format!("includes `{}`, which is not read: {reason}", short(&written));
                    // That is no mistake: packages are fetched later.
                    let told = if is_missing { &mut self.notes } else { &mut self.warnings };
                    told.insert((includer, reason));
                    continue;
                }
            };
            let included = match included(&text) {
                Ok(included) => included,
                Err(NotYaml { reason, .. }) if includes(&text) => {
                    self.warnings.insert((path.clone(), format!("{reason}; what it includes is not read")));
                    Vec::new()
                }
                Err(NotYaml { reason, .. }) => {
                    self.note(&path, reason);
                    Vec::new()
                }
            };
            let above: Vec<PathBuf> = above.into_iter().chain([path.clone()]).collect();
            // The last of a list counts most, and the last that is put here is followed first.
            for written in included {
                let Some(to) = self.resolve(&written, &path) else { continue };
                let is_package = written.starts_with("package:") || !to.starts_with(self.root);
                let own = to.parent().filter(|_| !is_package);
                let base = own.unwrap_or(&first).to_path_buf();
                todo.push(Next { path: to, base, above: above.clone(), written });
            }
            links.push(Link { path, base, text });
        }
        links
    }

    fn note(&mut self, path: &Path, reason: String) {
        self.notes.insert((path.to_path_buf(), reason));
    }

    /// The file that an include leads to.
    fn resolve(&mut self, written: &str, from: &Path) -> Option<PathBuf> {
        let folder = from.parent()?;
        let Some(rest) = written.strip_prefix("package:") else {
            return Some(normalize(&folder.join(written.strip_prefix("file://").unwrap_or(written))));
        };
        let found = rest.split_once('/').and_then(|(package, path)| {
            let lib = self.package(package, folder)?;
            Some(normalize(&lib.join(path)))
        });
        if found.is_none() {
            let advice = "the Dart tools have not said where that is; `dart pub get` lets them";
            self.note(from, format!("includes `{}`, which is not read: {advice}", short(written)));
        }
        found
    }

    /// The folder that the names of a package's files count from.
    fn package(&mut self, name: &str, folder: &Path) -> Option<PathBuf> {
        for above in folder.ancestors() {
            let known = self.packages.entry(above.to_path_buf()).or_insert_with(|| {
                let text = self.disk.read_text(&above.join(PACKAGE_CONFIG)).ok()?;
                packages(&text, &above.join(".dart_tool"))
            });
            if let Some(known) = known {
                return known.get(name).cloned();
            }
            if above == self.root {
                break;
            }
        }
        None
    }
}

/// Whether a file that is no YAML seems to include another one.
fn includes(text: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches(['"', '\'', '{', ' ']).starts_with("include"))
}

/// What a file includes, in the order in which it says so.
fn included(text: &str) -> Result<Vec<String>, NotYaml> {
    // What is wrong with a file that says nothing for us is not ours to tell.
    if !text.contains("include") && !text.contains("exclude") {
        return Ok(Vec::new());
    }
    let Some(yaml) = yaml::parse_marked(text)? else { return Ok(Vec::new()) };
    let Some(node) = entry(&yaml, "include").map(|(_, node)| node) else { return Ok(Vec::new()) };
    let word = |node: &MarkedYaml<'_>| as_str(node).filter(|word| !word.is_empty()).map(str::to_owned);
    Ok(match &node.data {
        YamlData::Sequence(nodes) => nodes.iter().filter_map(word).collect(),
        _ => word(node).into_iter().collect(),
    })
}

/// A key of a mapping and its value.
pub(crate) fn entry<'n, 't>(node: &'n MarkedYaml<'t>, key: &str) -> Option<(&'n MarkedYaml<'t>, &'n MarkedYaml<'t>)> {
    let YamlData::Mapping(entries) = &node.data else { return None };
    entries.iter().find(|(name, _)| as_str(name) == Some(key))
}

/// A node that is text.
pub(crate) fn as_str<'n>(node: &'n MarkedYaml<'_>) -> Option<&'n str> {
    match &node.data {
        YamlData::Value(Scalar::String(text)) => Some(text),
        _ => None,
    }
}

#[derive(Deserialize)]
struct PackageConfig {
    packages: Vec<PackageEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackageEntry {
    name: String,
    root_uri: String,
    #[serde(default)]
    package_uri: String,
}

/// The folder of each package, as a `package_config.json` in `folder` says.
fn packages(text: &str, folder: &Path) -> Option<BTreeMap<String, PathBuf>> {
    let config: PackageConfig = serde_json::from_str(text).ok()?;
    let place = |entry: PackageEntry| {
        let root = decoded(&entry.root_uri)?;
        let root = match root.strip_prefix("file://") {
            // `file:///C:/x`: the drive is no folder of the root.
            Some(path) if path.get(2..3) == Some(":") => folder.join(path.get(1..)?),
            Some(path) => folder.join(path),
            None => folder.join(&root),
        };
        Some((entry.name, normalize(&root.join(decoded(&entry.package_uri)?))))
    };
    Some(config.packages.into_iter().filter_map(place).collect())
}

/// A URI without its `%20`.
fn decoded(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_where_the_dart_tools_say() {
        let text = r#"{"configVersion": 2, "packages": [
            {"name": "lints", "rootUri": "file:///cache/my%20lints-1.0.0", "packageUri": "lib/", "languageVersion": "3.0"},
            {"name": "own", "rootUri": "../", "packageUri": "lib/"},
            {"name": "bare", "rootUri": "../../bare"}]}"#;
        let found = packages(text, Path::new("/p/app/.dart_tool")).unwrap_or_default();
        assert_eq!(found.get("lints").map(PathBuf::as_path), Some(Path::new("/cache/my lints-1.0.0/lib")));
        assert_eq!(found.get("own").map(PathBuf::as_path), Some(Path::new("/p/app/lib")));
        assert_eq!(found.get("bare").map(PathBuf::as_path), Some(Path::new("/p/bare")));
        assert!(packages("[]", Path::new("/p")).is_none());
        assert_eq!(decoded("%zz"), None);
    }

    #[test]
    fn includes_are_a_word_or_a_list() {
        let of = |text: &str| included(text).map_err(|wrong| wrong.reason);
        assert_eq!(of("include: a.yaml\n"), Ok(vec!["a.yaml".into()]));
        assert_eq!(
            of("include:\n  - a.yaml\n  - package:b/b.yaml\n"),
            Ok(vec!["a.yaml".into(), "package:b/b.yaml".into()])
        );
        assert_eq!(of("include:\n"), Ok(Vec::new()));
        assert_eq!(of("# include\nlinter: 3"), Ok(Vec::new()));
        assert!(of("include: [a\nb: }").is_err());
    }
}
