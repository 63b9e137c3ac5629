//! `path:line:column: level[rule]: message`, one line a finding.

use std::fmt::Write as _;

use super::{clean, level_word, message_with_trust};
use crate::workspace::Report;

/// The findings, one a line.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for diagnostic in &report.diagnostics {
        let at = diagnostic.primary.location;
        let Some(source) = report.sources.get(at.file.index()) else { continue };
        let position = source.position(at.span.start);
        let (path, message) = (clean(&source.path), clean(&message_with_trust(diagnostic)));
        let (level, rule) = (level_word(diagnostic.level), diagnostic.rule);
        let (line, column) = (position.line, position.column);
        let _ = writeln!(text, "{path}:{line}:{column}: {level}[{rule}]: {message}");
    }
    text
}
