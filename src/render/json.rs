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

/// What `ffilint check --format json` writes. Paths count from the working directory; lines and columns begin at 1,
/// columns count UTF-16 units, offsets are bytes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "ffilint report"))]
struct Document<'a> {
    /// The version of this format.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    version: u32,
    tool: Tool,
    summary: Summary<'a>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary<'a> {
    /// Files read, by language.
    files: std::collections::BTreeMap<&'static str, usize>,
    /// Functions analysed.
    functions: usize,
    /// Bindings with a definition or a model, and those without.
    links: Links,
    /// Functions that were not analysed to their end.
    incomplete: usize,
    /// What was not analysed, or not all of it.
    skipped: Vec<Skipped<'a>>,
    /// How long the run took.
    seconds: f64,
    /// Findings by level, and those that are not shown.
    counts: Counts,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Links {
    resolved: usize,
    unresolved: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Skipped<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    error: usize,
    warning: usize,
    note: usize,
    suppressed: usize,
    baseline: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Finding<'a> {
    rule: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = schema::LEVELS)))]
    level: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = schema::CONFIDENCES)))]
    confidence: &'static str,
    message: &'a str,
    /// The function it is in; empty outside of functions.
    function: &'a str,
    /// The platforms it is about; empty where it is all of them.
    #[cfg_attr(test, schemars(extend("items" = { "type": "string", "enum": schema::targets() })))]
    targets: Vec<&'static str>,
    cwe: Option<u16>,
    /// The same from run to run, whatever else is written into the file.
    fingerprint: &'a str,
    location: Place<'a>,
    /// How it comes about, in order.
    trace: Vec<Step<'a>>,
    /// What to do.
    help: Option<&'a str>,
    fix: Option<FixOut<'a>>,
    /// Why it is not shown elsewhere; null where it is.
    suppressed: Option<SuppressedOut<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SuppressedOut<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["comment", "baseline"])))]
    by: &'static str,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Place<'a> {
    path: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Point {
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: u32,
    #[cfg_attr(test, schemars(range(min = 1)))]
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Step<'a> {
    /// Its number, from 1.
    step: usize,
    #[cfg_attr(test, schemars(extend("enum" = schema::KINDS)))]
    kind: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = schema::languages())))]
    language: &'static str,
    message: &'a str,
    location: Place<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FixOut<'a> {
    title: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["safe", "unsafe", "display"])))]
    applicability: &'static str,
    edits: Vec<EditOut<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// The format as a JSON Schema, from the types that are it.
#[cfg(test)]
pub(crate) mod schema {
    use schemars::generate::SchemaSettings;

    use crate::language::Language;
    use crate::target::TargetSet;

    pub(super) const LEVELS: [&str; 3] = ["error", "warning", "note"];
    pub(super) const CONFIDENCES: [&str; 3] = ["low", "medium", "high"];
    pub(super) const KINDS: [&str; 10] =
        ["allocate", "transfer", "borrow", "use", "release", "overwrite", "escape", "branch", "throw", "exit"];

    pub(super) fn targets() -> Vec<&'static str> {
        TargetSet::names().collect()
    }

    pub(super) fn languages() -> Vec<&'static str> {
        Language::ALL.iter().map(|language| language.id()).collect()
    }

    pub(crate) fn generated() -> serde_json::Value {
        let settings = SchemaSettings::draft07().for_serialize();
        settings.into_generator().into_root_schema_for::<super::Document<'static>>().to_value()
    }
}
