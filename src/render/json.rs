//! `json`, version 1: for machines. The structs are the format; what is published is not changed.

use std::time::Duration;

use serde::Serialize;

use super::{confidence_word, level_word};
use crate::diagnostic::{Applicability, Diagnostic, Fix, Level, TraceKind};
use crate::source::{Location, SourceFile};
use crate::suppress::{By, Suppressed};
use crate::workspace::Report;

/// The whole document, on one line.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn render(report: &Report, elapsed: Duration, suppressed: bool) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(&Document::new(report, elapsed, suppressed))?;
    text.push('\n');
    Ok(text)
}

/// `json-lines`: each finding on a line of its own, with `"type":"finding"`; the last line is the summary.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn lines(report: &Report, elapsed: Duration, suppressed: bool) -> Result<String, serde_json::Error> {
    let document = Document::new(report, elapsed, suppressed);
    let mut text = String::new();
    for finding in document.findings {
        text.push_str(&serde_json::to_string(&Line::Finding(finding))?);
        text.push('\n');
    }
    let Document { version, tool, summary, .. } = document;
    text.push_str(&serde_json::to_string(&Line::Summary { version, tool, summary })?);
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Finding(Finding<'a>),
    Summary { version: u32, tool: Tool, summary: Summary<'a> },
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    summary: Summary<'a>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary<'a> {
    files: std::collections::BTreeMap<&'static str, usize>,
    functions: usize,
    links: Links,
    incomplete: usize,
    skipped: Vec<Skipped<'a>>,
    seconds: f64,
    counts: Counts,
}

#[derive(Serialize)]
struct Links {
    resolved: usize,
    unresolved: usize,
}

#[derive(Serialize)]
struct Skipped<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Counts {
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
    baseline: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    level: &'static str,
    confidence: &'static str,
    message: &'a str,
    function: &'a str,
    targets: Vec<&'static str>,
    cwe: Option<u16>,
    fingerprint: &'a str,
    location: Place<'a>,
    trace: Vec<Step<'a>>,
    help: Option<&'a str>,
    fix: Option<FixOut<'a>>,
    suppressed: Option<SuppressedOut<'a>>,
}

#[derive(Serialize)]
struct SuppressedOut<'a> {
    by: &'static str,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct Step<'a> {
    step: usize,
    kind: &'static str,
    language: &'static str,
    message: &'a str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct FixOut<'a> {
    title: &'a str,
    applicability: &'static str,
    edits: Vec<EditOut<'a>>,
}

#[derive(Serialize)]
struct EditOut<'a> {
    path: &'a str,
    start: u32,
    end: u32,
    text: &'a str,
}

impl<'a> Document<'a> {
    fn new(report: &'a Report, elapsed: Duration, suppressed: bool) -> Self {
        let shown = report.diagnostics.iter().map(|diagnostic| (diagnostic, None));
        let silenced = report.suppressed.iter().filter(|_| suppressed);
        let silenced = silenced.map(|Suppressed { diagnostic, by }| (diagnostic, Some(by)));
        let findings = shown.chain(silenced);
        let findings = findings.filter_map(|(diagnostic, by)| Finding::new(diagnostic, by, &report.sources));
        Self {
            version: 1,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            summary: Summary {
                files: report.read.iter().map(|(language, count)| (language.id(), *count)).collect(),
                functions: report.functions,
                links: Links { resolved: report.links.resolved, unresolved: report.links.unresolved },
                incomplete: report.incomplete.len(),
                skipped: report
                    .skipped
                    .iter()
                    .chain(&report.damaged)
                    .map(|problem| Skipped { path: &problem.path, reason: &problem.reason })
                    .collect(),
                // Milliseconds say all there is to say.
                seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
                counts: Counts {
                    error: report.count(Level::Error),
                    warning: report.count(Level::Warning),
                    note: report.count(Level::Note),
                    suppressed: report.suppressed.len() - report.in_baseline(),
                    baseline: report.in_baseline(),
                },
            },
            findings: findings.collect(),
        }
    }
}

impl<'a> Finding<'a> {
    fn new(diagnostic: &'a Diagnostic, by: Option<&'a By>, sources: &'a [SourceFile]) -> Option<Self> {
        let steps = diagnostic.trace.iter().enumerate().filter_map(|(index, step)| {
            Some(Step {
                step: index + 1,
                kind: trace_kind(step.kind),
                language: sources.get(step.location.file.index())?.language.id(),
                message: &step.message,
                location: place(step.location, sources)?,
            })
        });
        Some(Self {
            rule: diagnostic.rule,
            level: level_word(diagnostic.level),
            confidence: confidence_word(diagnostic.confidence),
            message: &diagnostic.message,
            function: &diagnostic.function,
            targets: diagnostic.targets.to_names(),
            cwe: diagnostic.cwe,
            fingerprint: &diagnostic.fingerprint,
            location: place(diagnostic.primary.location, sources)?,
            trace: steps.collect(),
            help: diagnostic.help.as_deref(),
            fix: diagnostic.fix.as_ref().map(|fix| fix_out(fix, sources)),
            suppressed: by.map(|by| match by {
                By::Comment { reason, .. } => SuppressedOut { by: "comment", reason: reason.as_deref() },
                By::Baseline => SuppressedOut { by: "baseline", reason: None },
            }),
        })
    }
}

fn place(location: Location, sources: &[SourceFile]) -> Option<Place<'_>> {
    let source = sources.get(location.file.index())?;
    let point = |offset: u32| {
        let position = source.position(offset);
        Point { line: position.line, column: position.column, offset: position.offset }
    };
    Some(Place { path: &source.path, start: point(location.span.start), end: point(location.span.end) })
}

fn fix_out<'a>(fix: &'a Fix, sources: &'a [SourceFile]) -> FixOut<'a> {
    let edits = fix.edits.iter().filter_map(|edit| {
        let Location { file, span } = edit.location;
        let path = &sources.get(file.index())?.path;
        Some(EditOut { path, start: span.start, end: span.end, text: &edit.text })
    });
    FixOut { title: &fix.title, applicability: applicability(fix.applicability), edits: edits.collect() }
}

fn applicability(applicability: Applicability) -> &'static str {
    match applicability {
        Applicability::Safe => "safe",
        Applicability::Unsafe => "unsafe",
        Applicability::Display => "display",
    }
}

pub(super) fn trace_kind(kind: TraceKind) -> &'static str {
    match kind {
        TraceKind::Allocate => "allocate",
        TraceKind::Transfer => "transfer",
        TraceKind::Borrow => "borrow",
        TraceKind::Use => "use",
        TraceKind::Release => "release",
        TraceKind::Overwrite => "overwrite",
        TraceKind::Escape => "escape",
        TraceKind::Branch => "branch",
        TraceKind::Throw => "throw",
        TraceKind::Exit => "exit",
    }
}
