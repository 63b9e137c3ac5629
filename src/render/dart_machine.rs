//! What `dart analyze --format=machine` prints: eight fields between `|`, for what already reads that.
//!
//! Source: `pkg/dartdev/lib/src/commands/analyze.dart` of dart-lang/sdk.

use std::fmt::Write as _;
use std::path::Path;

use super::{clean, message_with_trust};
use crate::diagnostic::Level;
use crate::workspace::Report;

/// The findings, one a line; paths are absolute, counted from a folder.
#[must_use]
pub fn render(report: &Report, base: &Path) -> String {
    let mut text = String::new();
    for diagnostic in &report.diagnostics {
        let location = diagnostic.primary.location;
        let Some(source) = report.sources.get(location.file.index()) else { continue };
        let severity = match diagnostic.level {
            Level::Error => "ERROR",
            Level::Warning => "WARNING",
            Level::Note => "INFO",
        };
        let position = source.position(location.span.start);
        let length = source.slice(location.span).encode_utf16().count();
        let path = base.join(&*source.path).display().to_string();
        let message = match &diagnostic.help {
            Some(help) => format!("{}; {help}", message_with_trust(diagnostic)),
            None => message_with_trust(diagnostic),
        };
        let (line, column) = (position.line, position.column);
        let code = diagnostic.rule.to_uppercase();
        let (path, message) = (escaped(&clean(&path)), escaped(&clean(&message)));
        let _ = writeln!(text, "{severity}|LINT|{code}|{path}|{line}|{column}|{length}|{message}");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}
