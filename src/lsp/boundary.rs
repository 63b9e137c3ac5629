//! From one side of the boundary to the other: what a binding, and a call through it, is linked to, and what binds and
//! calls a definition. Anywhere else
//! the servers of the languages know more, and this one is silent.

use std::path::{Path, PathBuf};

use gen_lsp_types::{Location, Position};

use super::analysis::{Checked, State};
use super::buffers::Buffers;
use super::convert::{Encoding, Lines};
use super::findings::{Folders, uri_in};
use crate::discover;
use crate::source::{Position as Place, SourceFile, Span};
use crate::workspace::links::LinkList;

/// What is known when somebody asks.
pub(super) struct Boundary<'a> {
    pub(super) state: &'a State,
    pub(super) buffers: &'a Buffers,
    pub(super) folders: &'a Folders,
    pub(super) encoding: Encoding,
}

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From what names a symbol to its definitions.
    Definition,
    /// From a definition to what names its symbol.
    References,
}

impl Boundary<'_> {
    /// Where a place leads to; nothing where the links are not known yet.
    pub(super) fn across(&self, path: &Path, at: Position, way: Way) -> Option<Vec<Location>> {
        let mut found = Vec::new();
        for checked in &self.state.projects {
            let links = checked.links.get()?;
            let Some(source) = checked.report.sources.iter().find(|source| checked.path_of(source) == path) else {
                continue;
            };
            let offset = Lines::of(&source.text).offset(&source.text, at, self.encoding);
            found.extend(self.ends(checked, links, source, offset, way));
        }
        found.dedup();
        Some(found)
    }

    fn ends(&self, checked: &Checked, links: &LinkList, source: &SourceFile, offset: usize, way: Way) -> Vec<Location> {
        let is_here = |path: &str, place: &Place| path == &*source.path && word(source, place).contains(&offset);
        let mut found = Vec::new();
        let entries = links.entries.iter().map(|entry| (&entry.path, &entry.at, &entry.definitions));
        let calls = links.calls.iter().map(|call| (&call.path, &call.at, &call.definitions));
        for (path, at, definitions) in entries.chain(calls) {
            match way {
                Way::Definition if is_here(path, at) => {
                    let ends = definitions.iter();
                    found.extend(ends.filter_map(|end| self.location(checked, &end.path, &end.at)));
                }
                Way::References if definitions.iter().any(|end| is_here(&end.path, &end.at)) => {
                    found.extend(self.location(checked, path, at));
                }
                _ => {}
            }
        }
        let mut seen = Vec::new();
        found.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        found
    }

    fn location(&self, checked: &Checked, path: &str, place: &Place) -> Option<Location> {
        let source = checked.report.sources.iter().find(|source| &*source.path == path)?;
        let word = word(source, place);
        let span = Span::new(word.start as u32, word.end as u32);
        let real: PathBuf = discover::normalize(&checked.folder.join(path));
        let uri = uri_in(&real, self.buffers, self.folders)?;
        Some(Location { uri, range: Lines::of(&source.text).range(&source.text, span, self.encoding) })
    }
}

/// The word or the quoted text that begins at a place, with its end: a cursor may stand behind it.
fn word(source: &SourceFile, place: &Place) -> std::ops::Range<usize> {
    let start = place.offset as usize;
    let rest = source.text.get(start..).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let length = match quote {
        Some(quote) => rest.get(1..).and_then(|inner| inner.find(quote)).map_or(1, |end| end + 2),
        None => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
    };
    start..start + length.max(1)
}
