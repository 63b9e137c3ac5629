//! Markdown for a comment on a change or the summary of a job.

use std::fmt::Write as _;

use super::{level_word, message_with_trust, summary};
use crate::source::Location;
use crate::workspace::Report;

/// A list of findings longer than this is cut: GitHub takes a comment of 65,536 characters and a summary of a megabyte.
const MOST: usize = 100;

/// The findings as a table, each with its story to unfold.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = format!("### ffilint\n\n{}\n", inline(&summary(report, None)));
    if report.diagnostics.is_empty() {
        return text;
    }
    text.push_str("\n| | place | finding |\n|---|---|---|\n");
    let place = |location: Location| {
        let source = report.sources.get(location.file.index())?;
        Some(format!("{}:{}", source.path, source.position(location.span.start).line))
    };
    for diagnostic in report.diagnostics.iter().take(MOST) {
        let Some(at) = place(diagnostic.primary.location) else { continue };
        let mut told = format!("`{}`: {}", diagnostic.rule, inline(&message_with_trust(diagnostic)));
        if !diagnostic.trace.is_empty() {
            told.push_str("<details><summary>story</summary><ol>");
            for step in &diagnostic.trace {
                let Some(at) = place(step.location) else { continue };
                let _ = write!(told, "<li><code>{}</code> {}</li>", html(&at), inline(&step.message));
            }
            told.push_str("</ol></details>");
        }
        if let Some(help) = &diagnostic.help {
            let _ = write!(told, "<br>{}", inline(help));
        }
        let _ = writeln!(text, "| {} | <code>{}</code> | {told} |", level_word(diagnostic.level), html(&at));
    }
    if report.diagnostics.len() > MOST {
        let _ = writeln!(text, "\n… and {} more", report.diagnostics.len() - MOST);
    }
    text
}

/// Text of a message in a cell of a table: its code stays code, the rest is no markup.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(&html(part)),
            _ => {
                let _ = write!(out, "<code>{}</code>", html(part));
            }
        }
    }
    out
}

fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            // What Markdown would take for its own; links and mentions too.
            '|' | '*' | '_' | '[' | ']' | '\\' | '#' | '@' | '~' | '`' | '!' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
