//! GitLab's Code Quality report.
//!
//! Source: docs.gitlab.com, "Code Quality report format", and `app/validators/json_schemas/codeclimate.json` of GitLab.

use serde_json::{Value, json};

use super::message_with_trust;
use crate::diagnostic::{Diagnostic, Level};
use crate::workspace::Report;

/// The whole report.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let entries: Vec<Value> = report.diagnostics.iter().filter_map(|diagnostic| entry(diagnostic, report)).collect();
    let mut text = serde_json::to_string_pretty(&entries)?;
    text.push('\n');
    Ok(text)
}

fn entry(diagnostic: &Diagnostic, report: &Report) -> Option<Value> {
    let location = diagnostic.primary.location;
    let source = report.sources.get(location.file.index())?;
    let (start, end) = (source.position(location.span.start), source.position(location.span.end));
    let severity = match diagnostic.level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note => "info",
    };
    Some(json!({
        "description": message_with_trust(diagnostic),
        "check_name": diagnostic.rule,
        "fingerprint": diagnostic.fingerprint,
        "severity": severity,
        "location": { "path": &*source.path, "lines": { "begin": start.line, "end": end.line } },
    }))
}
