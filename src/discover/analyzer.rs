//! `analyzer: exclude:`: what the Dart analyzer does not look at is not reported in Dart files. It is read all the same.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use saphyr::YamlData;

use super::{Disk, Problem, shown, yaml};
use crate::config;
use crate::config::options::{Includes, Note, as_str, entry};

/// What the `analysis_options.yaml` files of a project exclude, from the outermost folder inwards.
#[derive(Debug, Default)]
pub(super) struct Excluded {
    patterns: Vec<Gitignore>,
    /// What was met in the files.
    pub(super) notes: Vec<Problem>,
}

impl Excluded {
    /// Reads the files and what they include.
    ///
    /// Of what is `told` already there is no note.
    pub(super) fn read(disk: &Disk, files: &[PathBuf], root: &Path, cwd: &Path, told: &[Note]) -> Self {
        let mut includes = Includes::new(disk, root);
        let mut excluded = Self::default();
        for file in files {
            let folder = file.parent().unwrap_or(root);
            let mut builder = GitignoreBuilder::new(folder);
            for link in includes.chain(file) {
                for pattern in patterns(&link.text) {
                    // Dart's patterns count from the folder, also where they have no `/`.
                    let pattern = format!("/{}", pattern.trim_start_matches("./"));
                    if let Err(error) = builder.add_line(None, &pattern) {
                        let path = shown(&link.path, cwd);
                        let reason = format!("`analyzer: exclude:` is not obeyed there: {error}");
                        excluded.notes.push(Problem { path, reason });
                    }
                }
            }
            match builder.build() {
                Ok(patterns) if patterns.is_empty() => {}
                Ok(patterns) => excluded.patterns.push(patterns),
                Err(error) => {
                    // Each is a pattern; together they may be too large.
                    let reason = format!("`analyzer: exclude:` is not obeyed: {error}");
                    excluded.notes.push(Problem { path: shown(file, cwd), reason });
                }
            }
        }
        let notes = includes.notes.into_iter().chain(includes.warnings).filter(|note| !told.contains(note));
        excluded.notes.extend(notes.map(|(path, reason)| Problem { path: shown(&path, cwd), reason }));
        excluded.notes.sort();
        excluded
    }

    /// Whether a Dart file is excluded.
    pub(super) fn hides(&self, path: &Path) -> bool {
        self.patterns.iter().any(|patterns| config::speaks_of(patterns, path))
    }
}

/// What a file lists below `analyzer: exclude:`.
fn patterns(text: &str) -> Vec<String> {
    if !text.contains("exclude") {
        return Vec::new();
    }
    // What is no YAML was noted on the way.
    let Ok(Some(yaml)) = yaml::parse_marked(text) else { return Vec::new() };
    let listed = entry(&yaml, "analyzer").and_then(|(_, analyzer)| entry(analyzer, "exclude"));
    let Some((_, listed)) = listed else { return Vec::new() };
    let written = |pattern: &&str| !pattern.trim().is_empty();
    match &listed.data {
        YamlData::Sequence(nodes) => nodes.iter().filter_map(as_str).filter(written).map(str::to_owned).collect(),
        _ => as_str(listed).filter(written).into_iter().map(str::to_owned).collect(),
    }
}
