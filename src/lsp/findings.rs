//! Findings as diagnostics of the protocol.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    Position, Range, Uri,
};
use serde_json::json;

use super::analysis::{Checked, State};
use super::buffers::Buffers;
use super::client::Abilities;
use super::convert::{Lines, uri_of};
use crate::config::ConfigError;
use crate::diagnostic::{self, Level};
use crate::render::message_with_trust;
use crate::rules;
use crate::source::{FileId, SourceFile, Span};

/// The scheme under which the server has the pages of rules.
pub(super) const PAGES: &str = "ffilint";

/// Where the files of a project are in the client's words. Lines of a file are found once.
pub(super) struct Places<'a> {
    checked: &'a Checked,
    buffers: &'a Buffers,
    can: Abilities,
    folders: &'a Folders,
    lines: HashMap<FileId, Lines>,
}

/// The folders of the client: as it writes them, and as they are without links.
pub(super) type Folders = Vec<(PathBuf, PathBuf)>;

/// A file as the client writes it.
pub(super) fn uri_in(path: &Path, buffers: &Buffers, folders: &Folders) -> Option<Uri> {
    if let Some(buffer) = buffers.get(path) {
        return Some(buffer.uri.clone());
    }
    let written = folders.iter().find_map(|(written, real)| Some(written.join(path.strip_prefix(real).ok()?)));
    uri_of(written.as_deref().unwrap_or(path))
}

impl<'a> Places<'a> {
    pub(super) fn new(checked: &'a Checked, buffers: &'a Buffers, can: Abilities, folders: &'a Folders) -> Self {
        Self { checked, buffers, can, folders, lines: HashMap::new() }
    }

    fn source(&self, file: FileId) -> Option<&'a SourceFile> {
        self.checked.report.sources.get(file.index())
    }

    pub(super) fn range(&mut self, file: FileId, span: Span) -> Option<Range> {
        let source = self.source(file)?;
        let lines = self.lines.entry(file).or_insert_with(|| Lines::of(&source.text));
        Some(lines.range(&source.text, span, self.can.encoding))
    }

    pub(super) fn location(&mut self, location: crate::source::Location) -> Option<Location> {
        let uri = uri_in(&self.checked.path_of(self.source(location.file)?), self.buffers, self.folders)?;
        Some(Location { uri, range: self.range(location.file, location.span)? })
    }

    /// A finding, with all its steps.
    pub(super) fn diagnostic(&mut self, found: &diagnostic::Diagnostic) -> Option<Diagnostic> {
        let primary = found.primary.location;
        let mut message = message_with_trust(found);
        if let Some(help) = &found.help {
            message = format!("{message}\nhelp: {help}");
        }
        let mut related = Vec::new();
        for (number, step) in (1..).zip(&found.trace) {
            if let Some(location) = self.location(step.location) {
                related
                    .push(DiagnosticRelatedInformation { location, message: format!("({number}) {}", step.message) });
            }
        }
        if !self.can.related && !related.is_empty() {
            let steps = found.trace.iter().zip(1..).map(|(step, number)| format!("\n({number}) {}", step.message));
            message.extend(steps);
            related.clear();
        }
        // What is of no use is shown faded.
        let is_unnecessary = [rules::UNUSED_SUPPRESSION, rules::STALE_BASELINE_ENTRY].contains(&found.rule);
        Some(Diagnostic {
            range: self.range(primary.file, primary.span)?,
            severity: Some(match found.level {
                Level::Error => DiagnosticSeverity::Error,
                Level::Warning => DiagnosticSeverity::Warning,
                Level::Note => DiagnosticSeverity::Information,
            }),
            code: Some(Code::String(found.rule.to_owned())),
            code_description: self.can.describes_codes.then(|| CodeDescription { href: page(found.rule) }),
            source: Some(env!("CARGO_PKG_NAME").to_owned()),
            message: message.into(),
            tags: is_unnecessary.then(|| vec![DiagnosticTag::Unnecessary]),
            related_information: (!related.is_empty()).then_some(related),
            data: Some(json!({ "fingerprint": found.fingerprint })),
        })
    }
}

/// Where the page of a rule is.
pub(super) fn page(rule: &str) -> Uri {
    Uri(format!("{PAGES}:/rules/{rule}.md"))
}

/// The diagnostics of every file that has any, by its path.
pub(super) fn by_file(
    state: &State,
    buffers: &Buffers,
    can: Abilities,
    folders: &Folders,
) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
    let mut all: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for checked in &state.projects {
        let mut places = Places::new(checked, buffers, can, folders);
        for found in &checked.report.diagnostics {
            let Some(source) = checked.report.sources.get(found.primary.location.file.index()) else { continue };
            if let Some(diagnostic) = places.diagnostic(found) {
                all.entry(checked.path_of(source)).or_default().push(diagnostic);
            }
        }
    }
    for fault in &state.faults {
        all.entry(fault.path.clone()).or_default().push(of_configuration(fault));
    }
    all
}

/// A fault of a configuration, on its whole line.
fn of_configuration(fault: &ConfigError) -> Diagnostic {
    let line = fault.line.unwrap_or(1).saturating_sub(1);
    // What lies behind the end of a line is its end.
    let (start, end) = (Position { line, character: 0 }, Position { line, character: u32::from(u16::MAX) });
    Diagnostic {
        range: Range { start, end },
        severity: Some(DiagnosticSeverity::Error),
        source: Some(env!("CARGO_PKG_NAME").to_owned()),
        message: fault.message.clone().into(),
        code: None,
        code_description: None,
        tags: None,
        related_information: None,
        data: None,
    }
}
