//! The baseline: findings that were there when a project began to use ffilint.
//!
//! One line a finding: what identifies it, its rule, and for people where it was. What identifies it has neither line
//! numbers nor the path in it: it is the same after lines were inserted, a function was moved or a file renamed. Where
//! code stands twice, an entry silences one of the findings, best the one in the file that it names.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;

/// What the first line says.
const HEADER: &str =
    "# ffilint baseline 1: findings that are not reported. `ffilint baseline prune` removes those that are mended.";

/// What the first line begins with.
const SIGN: &str = "# ffilint baseline ";

/// The version of the format.
const VERSION: u32 = 1;

/// A baseline as it stands in its file.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    entries: Vec<Entry>,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    path: String,
    rule: String,
    content: String,
    /// The line, from 1; 0 for one that stands in no file yet.
    line: u32,
}

impl Entry {
    /// The entry that silences a finding in a file, by its path from the folder of the project.
    #[must_use]
    pub fn of(diagnostic: &Diagnostic, path: &str) -> Self {
        let (rule, content) = (diagnostic.rule.to_owned(), diagnostic.content.clone());
        Self { path: path.to_owned(), rule, content, line: 0 }
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    fn written(&self) -> String {
        format!("{} {} {}", self.content, self.rule, self.path)
    }
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The line, from 1, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, (u32, String)> {
        let version = text.lines().next().and_then(|line| line.strip_prefix(SIGN)).unwrap_or_default();
        let version = version.split(':').next().unwrap_or_default().trim();
        if version.parse() != Ok(VERSION) {
            return Err((1, format!("not a baseline of version {VERSION}; `ffilint baseline create` writes one")));
        }
        let mut entries = Vec::new();
        for (line, text) in (1_u32..).zip(text.lines()) {
            // Whoever merges two branches is told where their marks still stand.
            let text = text.trim_end();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut parts = text.splitn(3, ' ');
            let (Some(content), Some(rule), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                return Err((line, "not an entry; write the file anew with `ffilint baseline create`".into()));
            };
            if content.len() != 32 || !content.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err((line, "not an entry; write the file anew with `ffilint baseline create`".into()));
            }
            let (content, rule, path) = (content.to_owned(), rule.to_owned(), path.to_owned());
            entries.push(Entry { path, rule, content, line });
        }
        Ok(Self { entries })
    }

    /// A baseline of some entries.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of the file: sorted, so that two branches that change it meet where they changed the same file.
    #[must_use]
    pub fn written(&self) -> String {
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort();
        let lines = entries.into_iter().map(|entry| format!("{}\n", entry.written()));
        std::iter::once(format!("{HEADER}\n")).chain(lines).collect()
    }

    /// An entry.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Which of some findings, each with its path, entries silence; and the indices of the entries that fit none.
    #[must_use]
    pub fn matched(&self, found: &[(&Diagnostic, &str)]) -> (Vec<bool>, Vec<usize>) {
        let mut open: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
        for (index, entry) in self.entries.iter().enumerate() {
            open.entry((&entry.rule, &entry.content)).or_default().push(index);
        }
        let mut silenced = vec![false; found.len()];
        // In the file that an entry names first: a copy elsewhere is what is new.
        for same_file in [true, false] {
            for (silenced, (diagnostic, path)) in silenced.iter_mut().zip(found) {
                let Some(entries) = open.get_mut(&(diagnostic.rule, diagnostic.content.as_str())) else { continue };
                let fits = |index: &usize| !same_file || self.entries.get(*index).is_some_and(|e| e.path == *path);
                if !*silenced && let Some(at) = entries.iter().position(fits) {
                    entries.remove(at);
                    *silenced = true;
                }
            }
        }
        let mut stale: Vec<usize> = open.into_values().flatten().collect();
        stale.sort_unstable();
        (silenced, stale)
    }
}

/// The text of a file without some of its lines, from 1: remarks and order stay as people left them.
#[must_use]
pub fn without(text: &str, lines: &[u32]) -> String {
    let kept = (1_u32..).zip(text.split_inclusive('\n')).filter(|(line, _)| !lines.contains(line));
    kept.map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let entry = |path: &str| Entry {
            path: path.into(),
            rule: "double_free".into(),
            content: "0123456789abcdef0123456789abcdef".into(),
            line: 0,
        };
        let text = Baseline::new(vec![entry("lib/b c.dart"), entry("lib/a.dart")]).written();
        let read = Baseline::parse(&text).unwrap_or_default();
        assert_eq!(read.written(), text);
        assert_eq!(read.entry(0).map(|entry| (entry.line(), entry.path.as_str())), Some((2, "lib/a.dart")));
        let left = without(&text.replace('\n', "\r\n"), &[2]);
        assert_eq!(left.lines().count(), 2);
        assert!(left.contains("b c.dart\r\n"), "{left}");
    }

    #[test]
    fn mistakes_name_the_line() {
        let line = |text: &str| Baseline::parse(text).err().map(|(line, _)| line);
        assert_eq!(line(""), Some(1));
        assert_eq!(line("# ffilint baseline 2: later"), Some(1));
        assert_eq!(line(&format!("{HEADER}\n<<<<<<< ours\n")), Some(2));
        assert_eq!(line(&format!("{HEADER}\n\n# a remark\n")), None);
    }
}
