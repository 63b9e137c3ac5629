//! From what would mend a finding to the edits of a file that do it.
//!
//! A rule says what is to be done ([`Remedy`]) and sees no syntax; here is where statements, blocks and indentation are
//! known. What the syntax around a place does not allow without doubt has no fix. Nothing here knows whether the result
//! is right: who applies a fix checks the new text.

use std::sync::OnceLock;

use crate::diagnostic::{Applicability, Edit, Fix};
use crate::language::Language;
use crate::parse::{Limits, Parsed, dart};
use crate::source::{FileId, Location, SourceFile, Span};
use bound::Way;
use known::Known;
use page::Page;

mod arena;
mod bound;
mod exit;
mod field;
mod hoist;
mod keep;
mod known;
mod lifetime;
mod names;
mod page;
mod release;
mod scope;
mod swap;

pub use scope::fault as scope_fault;

/// What the title of a fix begins with that makes a variable.
pub const KEEPING: &str = "keep it in ";

/// What would mend a finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy {
    /// Another release in the call at the place.
    ReleaseOtherwise {
        /// The release, as written now.
        written: String,
        /// The right one.
        release: Release,
        /// Nobody has to look at it.
        safe: bool,
    },
    /// The release at the place goes: that one did it already.
    DropSecond {
        /// The first release.
        first: Location,
        /// Nobody has to look at it.
        safe: bool,
    },
    /// A variable for what the call at the place gives, which is released after its use.
    Keep {
        /// How.
        release: Release,
        /// A call of which it is not known whether it keeps what it is given.
        unsure: Option<String>,
    },
    /// A release at the end of the scope of the variable that gets what the call at the place gives.
    ReleaseAtEnd {
        /// The variable.
        variable: String,
        /// How.
        release: Release,
        /// A call of which it is not known whether it keeps what it is given.
        unsure: Option<String>,
    },
    /// The same where some paths release it already: one release for all of them.
    ReleaseAlways {
        /// The variable.
        variable: String,
        /// How.
        release: Release,
    },
    /// A release where something throws, for otherwise the memory is handed over.
    ReleaseOnThrow {
        /// The variable.
        variable: String,
        /// How.
        release: Release,
        /// What throws.
        thrown: Location,
    },
    /// A release on the one path that does not hand the memory over.
    ReleaseOnPath {
        /// The variable.
        variable: String,
        /// How.
        release: Release,
        /// Where the path leaves the function.
        exit: Option<Location>,
        /// The condition that opens the path, and whether it holds there.
        branch: Option<(Location, bool)>,
    },
    /// A release of what a block leads to, before the block itself is released at a place.
    ReleaseBefore {
        /// The variable of the block.
        container: String,
        /// The field of the block, or the whole block where its contents are released by it.
        field: Option<String>,
        /// How.
        release: Release,
        /// Where the memory is put into the field.
        stored: Option<Location>,
        /// The release of the block.
        before: Location,
    },
    /// A finalizer lets go before the release at the place.
    DetachBefore {
        /// Where it was attached.
        attached: Location,
    },
    /// An arena for all that a function loses.
    Arena {
        /// The places of the allocations.
        places: Vec<Location>,
        /// What is done where no arena fits.
        alone: Box<Self>,
    },
    /// A release of a field in a method.
    ReleaseField {
        /// The class.
        class: String,
        /// Its field.
        field: String,
        /// Its method.
        method: String,
        /// How.
        release: Release,
    },
}

/// The releases of a family: methods of its allocators (`calloc.free`), or a native function.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// All.
    pub calls: Vec<String>,
    /// The one of the allocator that gave the memory, or the symbol.
    pub usual: String,
    /// Where the program binds the symbol.
    pub bound: Vec<Location>,
}

/// The files of a project with their syntax, which is read when it is asked for.
pub struct Pages<'s> {
    sources: &'s [SourceFile],
    pages: Vec<OnceLock<Option<Parsed<'s>>>>,
    known: OnceLock<Known>,
}

impl std::fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("files", &self.sources.len()).finish()
    }
}

impl<'s> Pages<'s> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(sources: &'s [SourceFile]) -> Self {
        Self { sources, pages: sources.iter().map(|_| OnceLock::new()).collect(), known: OnceLock::new() }
    }

    /// The edits that do what would mend a finding at a place, where its syntax allows it.
    #[must_use]
    pub fn fix(&self, remedy: &Remedy, at: Location) -> Option<Fix> {
        let page = self.page(at.file)?;
        let place = at.span;
        if let Remedy::Arena { places, alone } = remedy {
            let of_family = arena_release(alone)?;
            let way = self.way(&page, at.file, place, of_family)?;
            let wrapped = arena::wrap(&page, place, places.iter().map(|place| place.span), &way);
            let title = "allocate it in an arena, with all else that is lost here".to_owned();
            return match wrapped {
                Some(changes) => Some(fix(&page, at.file, (title, Applicability::Unsafe, changes))),
                None => self.fix(alone, at),
            };
        }
        Some(fix(&page, at.file, self.changes(&page, remedy, place, at.file)?))
    }

    /// The title, and the edits.
    fn changes(&self, page: &Page<'_, 's>, remedy: &Remedy, place: Span, file: FileId) -> Option<Changes> {
        let here = |location: &Location| (location.file == file).then_some(location.span);
        let way = |release: &Release| self.way(page, file, place, release);
        let (title, applicability, edits) = match remedy {
            Remedy::Arena { .. } => return None,
            Remedy::ReleaseOtherwise { written, release, safe } => {
                let (call, edits) = swap::release_otherwise(page, place, written, &way(release)?)?;
                (format!("call `{call}`"), applicability(*safe), edits)
            }
            Remedy::DropSecond { first, safe } => {
                let edit = swap::drop_second(page, place, here(first)?)?;
                ("remove the second release".to_owned(), applicability(*safe), vec![edit])
            }
            Remedy::DetachBefore { attached } => {
                let (call, edit) = swap::detach_before(page, place, here(attached)?)?;
                // What is not attached any more is not detached either.
                (format!("call `{call}` before"), Applicability::Safe, vec![edit])
            }
            Remedy::Keep { release, unsure } => {
                let (name, edits) = keep::keep(page, place, &way(release)?, unsure.is_some())?;
                let title = format!("{KEEPING}`{name}` and release it");
                (with_doubt(title, unsure.as_deref()), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseAtEnd { variable, release, unsure } => {
                let (call, edits) = release::at_end(page, place, variable, &way(release)?)?;
                let title = format!("release `{variable}` with `{call}`");
                (with_doubt(title, unsure.as_deref()), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseAlways { variable, release } => {
                let (call, edits) = release::always(page, place, variable, &way(release)?)?;
                (format!("release `{variable}` with `{call}` in a `finally`"), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseOnThrow { variable, release, thrown } => {
                let (call, edits) = exit::on_throw(page, place, variable, &way(release)?, here(thrown)?)?;
                (format!("release `{variable}` with `{call}` where it throws"), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseOnPath { variable, release, exit, branch } => {
                let exit = exit.as_ref().and_then(here);
                let branch = branch.as_ref().and_then(|(at, holds)| Some((here(at)?, *holds)));
                let (call, edits) = exit::on_path(page, place, variable, &way(release)?, (exit, branch))?;
                (format!("release `{variable}` with `{call}` on that path"), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseBefore { container, field, release, stored, before } => {
                let stored = stored.as_ref().map(here);
                let lost = field::Lost { container, field: field.as_deref(), stored, before: here(before)? };
                let way = self.way(page, file, lost.before, release)?;
                let (call, edit) = field::before_container(page, place, &lost, &way)?;
                (format!("call `{call}` before `{container}` is released"), Applicability::Unsafe, vec![edit])
            }
            Remedy::ReleaseField { class, field, method, release } => {
                let (call, edit) =
                    field::in_method(page, (class, field, method), |at| self.way(page, file, at, release))?;
                (format!("release `{field}` with `{call}` in `{method}`"), Applicability::Unsafe, vec![edit])
            }
        };
        Some((title, applicability, edits))
    }

    /// How a release is written at a place.
    fn way(&self, page: &Page<'_, 's>, file: FileId, at: Span, release: &Release) -> Option<Way> {
        let bound = release.bound.iter().find_map(|bound| {
            let home = self.page(bound.file)?;
            let is_same = bound.file == file;
            bound::native(page, at, &bound::Home { page: &home, is_same, link: bound.span, symbol: &release.usual })
        });
        if bound.is_none() && !release.bound.is_empty() {
            return None;
        }
        Some(Way { calls: release.calls.clone(), usual: release.usual.clone(), native: bound })
    }

    fn page(&self, file: FileId) -> Option<Page<'_, 's>> {
        let source = self.sources.get(file.index()).filter(|source| source.language == Language::Dart)?;
        let parsed = self.pages.get(file.index())?.get_or_init(|| dart::parse(&source.text, &Limits::default()).ok());
        let parsed = parsed.as_ref()?;
        let known = self.known.get_or_init(|| Known::of(self.sources));
        Some(Page::new(&parsed.tree, &source.text, known))
    }
}

/// How what an arena could release is released without one.
fn arena_release(alone: &Remedy) -> Option<&Release> {
    match alone {
        Remedy::Keep { release, .. } | Remedy::ReleaseAtEnd { release, .. } => Some(release),
        _ => None,
    }
}

/// How many stretches of a file's text could not be parsed; all of it where it is none that the parser takes.
#[must_use]
pub fn syntax_errors(text: &str) -> usize {
    dart::parse(text, &Limits::default()).map_or(usize::MAX, |parsed| parsed.errors.len())
}

/// The text after some edits of it. `None` where they overlap or lie outside.
#[must_use]
pub fn edited<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.location.span.start, edit.location.span.end));
    let (mut new, mut done) = (String::with_capacity(text.len()), 0);
    for Edit { location: Location { span, .. }, text: by } in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        new.push_str(text.get(done..start)?);
        new.push_str(by);
        done = end.max(start);
    }
    new.push_str(text.get(done..)?);
    Some(new)
}

/// A title, whether anybody has to look at it, and what changes.
type Changes = (String, Applicability, Vec<Change>);

fn fix(page: &Page<'_, '_>, file: FileId, (title, applicability, changes): Changes) -> Fix {
    let edits = changes
        .into_iter()
        .map(|Change { span, text }| Edit { location: Location { file, span }, text: page.with_own_newlines(text) });
    Fix { title, applicability, edits: edits.collect() }
}

/// A replacement in the file at hand.
struct Change {
    span: Span,
    text: String,
}

fn applicability(safe: bool) -> Applicability {
    if safe { Applicability::Safe } else { Applicability::Unsafe }
}

fn with_doubt(title: String, unsure: Option<&str>) -> String {
    match unsure {
        Some(call) => format!("{title}; nothing is known of `{call}`, make sure that it does not keep it"),
        None => title,
    }
}
