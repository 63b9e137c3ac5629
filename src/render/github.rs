//! Workflow commands of GitHub Actions: `::error file=…,line=…::message`, shown beside the changed lines.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions".

use std::fmt::Write as _;

use super::{clean, message_with_trust};
use crate::diagnostic::Level;
use crate::workspace::Report;

/// The findings, one a line.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for diagnostic in &report.diagnostics {
        let location = diagnostic.primary.location;
        let Some(source) = report.sources.get(location.file.index()) else { continue };
        let (start, end) = (source.position(location.span.start), source.position(location.span.end));
        let command = match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let _ = write!(text, "::{command} file={},line={}", property(&clean(&source.path)), start.line);
        // Columns over several lines are refused.
        let _ = match start.line == end.line {
            true => write!(text, ",col={},endColumn={}", start.column, end.column),
            false => write!(text, ",endLine={}", end.line),
        };
        let mut message = clean(&message_with_trust(diagnostic));
        for (number, step) in (1..).zip(&diagnostic.trace) {
            let Some(source) = report.sources.get(step.location.file.index()) else { continue };
            let line = source.position(step.location.span.start).line;
            let _ = write!(message, "\n{number}. {}:{line}: {}", clean(&source.path), clean(&step.message));
        }
        if let Some(help) = &diagnostic.help {
            let _ = write!(message, "\nhelp: {}", clean(help));
        }
        let _ = writeln!(text, ",title={}::{}", property(&format!("ffilint {}", diagnostic.rule)), data(&message));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
