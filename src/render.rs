//! Findings → text. One output format a file; the only tables of severities.

use std::fmt::Write as _;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Level};
use crate::language::Language;
use crate::violation::Confidence;
use crate::workspace::Report;

pub mod concise;
pub mod dart_machine;
pub mod full;
pub mod github;
pub mod gitlab;
pub mod json;
mod line_hash;
pub mod links;
pub mod markdown;
pub mod ownership;
pub mod rdjson;
pub mod sarif;

/// A word for people: `error`, `warning`, `note`.
fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// A word for people and machines: `high`, `medium`, `low`.
fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// The last line: what was found and what was looked at. Without a time the line is the same for every run.
#[must_use]
pub fn summary(report: &Report, elapsed: Option<Duration>) -> String {
    let files = report.files();
    let languages: Vec<_> = Language::ALL
        .iter()
        .filter_map(|language| Some(format!("{} {}", language.title(), report.read.get(language)?)))
        .collect();
    let languages = if languages.is_empty() { String::new() } else { format!(" ({})", languages.join(", ")) };
    let links = report.links.resolved + report.links.unresolved;
    let mut line = String::new();
    if report.diagnostics.is_empty() {
        if files == 0 {
            line.push_str("no findings: no source files found");
        } else if report.relevant == 0 {
            let _ = write!(line, "no findings: no FFI in {}{languages}", count(files, "file"));
        } else if links > 0 {
            let unresolved = report.links.unresolved;
            let unresolved = if unresolved == 0 { String::new() } else { format!(" ({unresolved} unresolved)") };
            let links = count(links, "link");
            let _ = write!(line, "no findings: {links}{unresolved} checked in {}{languages}", count(files, "file"));
        } else {
            let functions = count(report.functions, "function");
            let _ = write!(line, "no findings: {functions} checked in {}{languages}", count(files, "file"));
        }
    } else {
        let counts: Vec<_> = [Level::Error, Level::Warning, Level::Note]
            .into_iter()
            .map(|level| (level, report.count(level)))
            .filter(|(_, number)| *number > 0)
            .map(|(level, number)| count(number, level_word(level)))
            .collect();
        let _ = write!(line, "{} in {}{languages}", counts.join(", "), count(files, "file"));
        if links > 0 {
            let _ = write!(line, "; {}, {} unresolved", count(links, "link"), report.links.unresolved);
        }
    }
    let in_baseline = report.in_baseline();
    let by_comments = report.suppressed.len() - in_baseline;
    if by_comments > 0 {
        let _ = write!(line, "; {by_comments} suppressed");
    }
    if in_baseline > 0 {
        let _ = write!(line, "; {in_baseline} in the baseline");
    }
    if !report.skipped.is_empty() {
        let _ = write!(line, "; {} skipped", report.skipped.len());
    }
    if !report.damaged.is_empty() {
        let _ = write!(line, "; {} with syntax errors", count(report.damaged.len(), "file"));
    }
    if !report.incomplete.is_empty() {
        let _ = write!(line, "; {} incomplete", count(report.incomplete.len(), "function"));
    }
    if let Some(elapsed) = elapsed {
        let _ = write!(line, "; {:.2} s", elapsed.as_secs_f64());
    }
    line
}

/// A finding's message with what follows from its confidence.
pub(crate) fn message_with_trust(diagnostic: &Diagnostic) -> String {
    match diagnostic.confidence {
        Confidence::High => diagnostic.message.clone(),
        trust => format!("{} ({} confidence)", diagnostic.message, confidence_word(trust)),
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Text that may come from a hostile project, fit for a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_raw(c) || c == '\n' || c == '\t' { '\u{fffd}' } else { c }).collect()
}

/// The same for a whole source, byte for byte as long, so that places stay where they are.
fn clean_source(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(is_raw) {
        return text.into();
    }
    let replace = |c: char| match (is_raw(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) if c == '\r' => ' ',
        (true, 1) => '?',
        (true, 2) => '\u{bf}',
        (true, _) => '\u{fffd}',
    };
    text.chars().map(replace).collect::<String>().into()
}

/// Control characters, and those that reorder or hide what a terminal shows.
fn is_raw(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_raw_is_left_and_lengths_stay() {
        let hostile = "a\u{1b}[31m\r\nb\u{9b}c\u{202e}d\té";
        assert!(!clean(hostile).chars().any(is_raw));
        let cleaned = clean_source(hostile);
        assert!(!cleaned.chars().any(is_raw));
        assert_eq!(cleaned.len(), hostile.len());
        assert!(cleaned.ends_with("d\té"));
    }
}
