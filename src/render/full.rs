//! The report for people: source, numbered steps, help.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use codespan_reporting::diagnostic::{Diagnostic as Shown, Label as ShownLabel, LabelStyle, Severity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{self, Config, Styles, StylesWriter, termcolor};

use super::{clean, clean_source, confidence_word};
use crate::diagnostic::{Diagnostic, Level};
use crate::source::{FileId, Location, SourceFile};
use crate::violation::Confidence;
use crate::workspace::Report;

/// A longer line is a generator's or an attacker's; it is named, not shown.
const LONGEST_LINE: usize = 1_000;

/// The findings with their source, one after the other; with a folder that paths count from, the names of files are
/// links that a terminal opens.
#[must_use]
pub fn render(report: &Report, color: bool, links: Option<&Path>) -> String {
    let files = Sources::new(report, links);
    let config = Config::default();
    let styles = Styles::default();
    let mut buffer = if color { termcolor::Buffer::ansi() } else { termcolor::Buffer::no_color() };
    for diagnostic in &report.diagnostics {
        let shown = shown(diagnostic, &files);
        let mut writer = StylesWriter::new(&mut buffer, &styles);
        // It can only fail on places outside the files, and then the findings of this report still stand in the others.
        let _ = term::emit_to_write_style(&mut writer, &config, &files, &shown);
    }
    let text = String::from_utf8_lossy(buffer.as_slice());
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    lines.join("\n")
}

fn shown(diagnostic: &Diagnostic, files: &Sources<'_>) -> Shown<usize> {
    let severity = match diagnostic.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Note,
    };
    let mut labels: Vec<ShownLabel<usize>> = Vec::new();
    let mut notes = Vec::new();
    let primary = &diagnostic.primary;
    let mut add = |style: LabelStyle, location: Location, message: String| {
        let Some((file, range)) = files.one_line(location) else {
            notes.push(format!("{}: {message}", files.place(location)));
            return;
        };
        // Two things said of one place share a label.
        let same = labels.iter_mut().find(|label| label.file_id == file && label.range == range);
        let Some(label) = same else {
            labels.push(ShownLabel::new(style, file, range).with_message(message));
            return;
        };
        if label.message.is_empty() {
            label.message = message;
        } else if !label.message.ends_with(&message) {
            label.message = format!("{}; {message}", label.message);
        }
    };
    for (index, step) in diagnostic.trace.iter().enumerate() {
        let style = if step.location == primary.location { LabelStyle::Primary } else { LabelStyle::Secondary };
        add(style, step.location, format!("{}: {}", index + 1, clean(&step.message)));
    }
    add(LabelStyle::Primary, primary.location, clean(&primary.message));
    if diagnostic.confidence != Confidence::High {
        let doubt = diagnostic.doubt.as_ref().map(|doubt| format!(", for {}", clean(doubt))).unwrap_or_default();
        notes.push(format!("note: {} confidence{doubt}", confidence_word(diagnostic.confidence)));
    }
    notes.extend(diagnostic.help.iter().map(|help| format!("help: {}", clean(help))));
    Shown::new(severity)
        .with_code(diagnostic.rule)
        .with_message(clean(&diagnostic.message))
        .with_labels(labels)
        .with_notes(notes)
}

/// A path as a link, in the escape sequence that terminals know (OSC 8).
fn linked(path: &str, base: &Path) -> String {
    let uri = super::sarif::uri(&base.join(path).display().to_string().replace('\\', "/"));
    format!("\u{1b}]8;;{uri}\u{1b}\\{path}\u{1b}]8;;\u{1b}\\")
}

/// The files that a report speaks of, made fit for a terminal.
struct Sources<'a> {
    files: &'a [SourceFile],
    cleaned: BTreeMap<FileId, (String, Cow<'a, str>)>,
}

impl<'a> Sources<'a> {
    fn new(report: &'a Report, links: Option<&Path>) -> Self {
        let places = report.diagnostics.iter().flat_map(|diagnostic| {
            diagnostic.trace.iter().map(|step| step.location).chain([diagnostic.primary.location])
        });
        let mut cleaned = BTreeMap::new();
        for location in places {
            if let Some(source) = report.sources.get(location.file.index()) {
                let name = || match links {
                    None => clean(&source.path),
                    Some(base) => linked(&clean(&source.path), base),
                };
                cleaned.entry(location.file).or_insert_with(|| (name(), clean_source(&source.text)));
            }
        }
        Self { files: &report.sources, cleaned }
    }

    fn get(&self, id: usize) -> Result<(&SourceFile, &(String, Cow<'a, str>)), Error> {
        let source = self.files.get(id).ok_or(Error::FileMissing)?;
        let cleaned = u32::try_from(id).ok().and_then(|id| self.cleaned.get(&FileId(id)));
        Ok((source, cleaned.ok_or(Error::FileMissing)?))
    }

    /// A place, cut at the end of its first line; nothing where that line is too long to show.
    fn one_line(&self, location: Location) -> Option<(usize, Range<usize>)> {
        let id = location.file.index();
        let (_, (_, text)) = self.get(id).ok()?;
        let line = self.line_index(id, location.span.start as usize).ok()?;
        let range = self.line_range(id, line).ok()?;
        if range.len() > LONGEST_LINE {
            return None;
        }
        let visible = range.start + text.get(range.clone())?.trim_end().len();
        let start = (location.span.start as usize).min(visible);
        let end = (location.span.end as usize).clamp(start, visible.max(start));
        Some((id, start..end))
    }

    fn place(&self, location: Location) -> String {
        match self.get(location.file.index()) {
            Ok((source, (path, _))) => {
                let position = source.position(location.span.start);
                format!("{path}:{}:{}", position.line, position.column)
            }
            Err(_) => String::new(),
        }
    }
}

impl<'a> Files<'a> for Sources<'_> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        self.get(id).map(|(_, (name, _))| name.as_str())
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        self.get(id).map(|(_, (_, text))| text.as_ref())
    }

    fn line_index(&'a self, id: usize, byte_index: usize) -> Result<usize, Error> {
        let (source, _) = self.get(id)?;
        Ok(source.lines().line(u32::try_from(byte_index).unwrap_or(u32::MAX)) as usize)
    }

    fn column_number(&'a self, id: usize, _: usize, byte_index: usize) -> Result<usize, Error> {
        let (source, _) = self.get(id)?;
        Ok(source.position(u32::try_from(byte_index).unwrap_or(u32::MAX)).column as usize)
    }

    fn line_range(&'a self, id: usize, line_index: usize) -> Result<Range<usize>, Error> {
        let (source, (_, text)) = self.get(id)?;
        let line = u32::try_from(line_index).unwrap_or(u32::MAX);
        let start = source.lines().start(line) as usize;
        let next = source.lines().start(line.saturating_add(1)) as usize;
        Ok(start..if next > start { next } else { text.len() })
    }
}
