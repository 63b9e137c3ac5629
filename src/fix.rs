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
use page::Page;

mod keep;
mod page;
mod release;
mod swap;

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

/// The releases of a family that are methods of its allocators: `calloc.free`.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// All.
    pub calls: Vec<String>,
    /// The one of the allocator that gave the memory.
    pub usual: String,
}

/// The files of a project with their syntax, which is read when it is asked for.
pub struct Pages<'s> {
    sources: &'s [SourceFile],
    pages: Vec<OnceLock<Option<Parsed<'s>>>>,
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
        Self { sources, pages: sources.iter().map(|_| OnceLock::new()).collect() }
    }

    /// The edits that do what would mend a finding at a place, where its syntax allows it.
    #[must_use]
    pub fn fix(&self, remedy: &Remedy, at: Location) -> Option<Fix> {
        let page = self.page(at.file)?;
        let place = at.span;
        let (title, applicability, edits) = match remedy {
            Remedy::ReleaseOtherwise { written, release, safe } => {
                let (call, edit) = swap::release_otherwise(&page, place, written, release)?;
                (format!("call `{call}`"), applicability(*safe), vec![edit])
            }
            Remedy::DropSecond { first, safe } => {
                let first = (first.file == at.file).then_some(first.span)?;
                let edit = swap::drop_second(&page, place, first)?;
                ("remove the second release".to_owned(), applicability(*safe), vec![edit])
            }
            Remedy::Keep { release, unsure } => {
                let (name, edits) = keep::keep(&page, place, release, unsure.is_some())?;
                let title = format!("{KEEPING}`{name}` and release it");
                (with_doubt(title, unsure.as_deref()), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseAtEnd { variable, release, unsure } => {
                let (call, edits) = release::at_end(&page, place, variable, release)?;
                let title = format!("release `{variable}` with `{call}`");
                (with_doubt(title, unsure.as_deref()), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseAlways { variable, release } => {
                let (call, edits) = release::always(&page, place, variable, release)?;
                (format!("release `{variable}` with `{call}` in a `finally`"), Applicability::Unsafe, edits)
            }
            Remedy::ReleaseField { class, field, method, release } => {
                let (call, edit) = release::in_method(&page, class, field, method, release)?;
                (format!("release `{field}` with `{call}` in `{method}`"), Applicability::Unsafe, vec![edit])
            }
        };
        let edits = edits.into_iter().map(|Change { span, text }| Edit {
            location: Location { file: at.file, span },
            text: page.with_own_newlines(text),
        });
        Some(Fix { title, applicability, edits: edits.collect() })
    }

    fn page(&self, file: FileId) -> Option<Page<'_, 's>> {
        let source = self.sources.get(file.index()).filter(|source| source.language == Language::Dart)?;
        let parsed = self.pages.get(file.index())?.get_or_init(|| dart::parse(&source.text, &Limits::default()).ok());
        let parsed = parsed.as_ref()?;
        Some(Page::new(&parsed.tree, &source.text))
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
