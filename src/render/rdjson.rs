//! rdjson, the format of reviewdog. Columns count bytes of UTF-8, from 1.
//!
//! Source: `proto/rdf/reviewdog.proto` of reviewdog/reviewdog; names of fields as in `proto/rdf/jsonschema` there.

use serde_json::{Value, json};

use super::message_with_trust;
use crate::diagnostic::{Applicability, Diagnostic, Level};
use crate::source::{Location, SourceFile};
use crate::workspace::Report;

/// The whole document.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let found = report.diagnostics.iter().filter_map(|diagnostic| found(diagnostic, &report.sources));
    let document = json!({
        "source": { "name": env!("CARGO_PKG_NAME") },
        "diagnostics": found.collect::<Vec<Value>>(),
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn found(diagnostic: &Diagnostic, sources: &[SourceFile]) -> Option<Value> {
    let severity = match diagnostic.level {
        Level::Error => "ERROR",
        Level::Warning => "WARNING",
        Level::Note => "INFO",
    };
    let related = diagnostic
        .trace
        .iter()
        .filter_map(|step| Some(json!({ "message": step.message, "location": place(step.location, sources)? })));
    let primary = diagnostic.primary.location;
    // A suggestion is a change of the file that the comment stands in.
    let fix = diagnostic.fix.as_ref().filter(|fix| {
        fix.applicability != Applicability::Display && fix.edits.iter().all(|edit| edit.location.file == primary.file)
    });
    let suggestions = fix.iter().flat_map(|fix| &fix.edits).filter_map(|edit| {
        Some(json!({ "range": range(edit.location, sources.get(edit.location.file.index())?), "text": edit.text }))
    });
    let mut message = message_with_trust(diagnostic);
    if let Some(help) = &diagnostic.help {
        message = format!("{message}\nhelp: {help}");
    }
    Some(json!({
        "message": message,
        "location": place(primary, sources)?,
        "severity": severity,
        "code": { "value": diagnostic.rule },
        "suggestions": suggestions.collect::<Vec<_>>(),
        "related_locations": related.collect::<Vec<_>>(),
    }))
}

fn place(location: Location, sources: &[SourceFile]) -> Option<Value> {
    let source = sources.get(location.file.index())?;
    Some(json!({ "path": &*source.path, "range": range(location, source) }))
}

fn range(location: Location, source: &SourceFile) -> Value {
    let point = |offset: u32| {
        let line = source.lines().line(offset);
        json!({ "line": line + 1, "column": offset.saturating_sub(source.lines().start(line)) + 1 })
    };
    json!({ "start": point(location.span.start), "end": point(location.span.end) })
}
