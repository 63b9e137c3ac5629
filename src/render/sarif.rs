//! SARIF 2.1.0, as GitHub's code scanning and other readers take it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::json::trace_kind;
use super::{confidence_word, level_word, line_hash, message_with_trust};
use crate::diagnostic::{Applicability, Diagnostic, Fix};
use crate::discover::Problem;
use crate::rules::{self, Rule};
use crate::source::{FileId, Location, SourceFile};
use crate::suppress::{By, Suppressed};
use crate::workspace::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What relative paths count from: where the command ran.
const ROOT: &str = "%SRCROOT%";

/// The whole log, what is suppressed included.
///
/// # Errors
///
/// When the serializer fails, which it has no reason to.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let hashes = Hashes::of(report);
    let shown = report.diagnostics.iter().map(|diagnostic| (diagnostic, None));
    let silenced = report.suppressed.iter().map(|Suppressed { diagnostic, by }| (diagnostic, Some(by)));
    let results = shown.chain(silenced);
    let results: Vec<Value> =
        results.filter_map(|(diagnostic, by)| result(diagnostic, by, &report.sources, &hashes)).collect();
    let notes: Vec<Value> = report.skipped.iter().chain(&report.damaged).map(notification).collect();
    let rules: Vec<Value> = rules::ALL.iter().map(|rule| descriptor(rule)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes }],
            "originalUriBaseIds": { ROOT: { "description": { "text": "The directory in which ffilint ran." } } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

fn descriptor(rule: &Rule) -> Value {
    let mut tags = vec!["memory".to_owned(), "ffi".to_owned()];
    tags.extend(rule.cwe.map(|cwe| format!("external/cwe/cwe-{cwe:03}")));
    json!({
        "id": rule.name,
        "name": pascal(rule.name),
        "shortDescription": { "text": sentence(rule.summary) },
        "fullDescription": { "text": sentence(rule.summary) },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level_word(rule.level), "enabled": rule.on },
        "properties": { "tags": tags },
    })
}

/// `leaked_allocation` → `LeakedAllocation`
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}

/// SARIF wants whole sentences.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(letters).collect();
    format!("{}.", text.trim_end_matches('.'))
}

fn result(diagnostic: &Diagnostic, by: Option<&By>, sources: &[SourceFile], hashes: &Hashes) -> Option<Value> {
    let index = rules::ALL.iter().position(|rule| rule.name == diagnostic.rule)?;
    let primary = diagnostic.primary.location;
    let steps: Vec<(Value, &str, &str)> = diagnostic
        .trace
        .iter()
        .filter_map(|step| Some((physical(step.location, sources)?, &*step.message, trace_kind(step.kind))))
        .collect();
    let related = (1_u32..).zip(&steps).map(
        |(id, (place, message, _))| json!({ "id": id, "physicalLocation": place, "message": { "text": sentence(message) } }),
    );
    let mut result = json!({
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": level_word(diagnostic.level),
        "message": { "text": message(diagnostic) },
        "locations": [{
            "physicalLocation": physical(primary, sources)?,
            "logicalLocations": logical(diagnostic),
        }],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {
            "primaryLocationLineHash": hashes.at(primary, sources),
            "ffilint/v1": diagnostic.fingerprint,
        },
        "properties": {
            "confidence": confidence_word(diagnostic.confidence),
            "targets": diagnostic.targets.to_names(),
        },
    });
    let Value::Object(members) = &mut result else { return None };
    if !steps.is_empty() {
        let nesting = nesting(diagnostic);
        let locations = (1_u32..).zip(&steps).zip(nesting).map(|((order, (place, message, kind)), level)| {
            json!({
                "location": { "physicalLocation": place, "message": { "text": sentence(message) } },
                "kinds": [kind],
                "nestingLevel": level,
                "executionOrder": order,
            })
        });
        let locations: Vec<Value> = locations.collect();
        members.insert("codeFlows".into(), json!([{ "threadFlows": [{ "locations": locations }] }]));
    }
    if let Some(fix) = &diagnostic.fix
        && fix.applicability != Applicability::Display
    {
        members.insert("fixes".into(), json!([fixed(fix, sources)]));
    }
    if let Some(by) = by {
        members.insert("suppressions".into(), json!([suppression(by, sources)]));
    }
    Some(result)
}

/// The message with the help, which readers show without the rule's page.
fn message(diagnostic: &Diagnostic) -> String {
    let mut text = sentence(&message_with_trust(diagnostic));
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!(" Help: {help}."));
    }
    text
}

fn logical(diagnostic: &Diagnostic) -> Value {
    match diagnostic.function.as_str() {
        "" => json!([]),
        name => json!([{ "fullyQualifiedName": name, "kind": "function" }]),
    }
}

/// How deep each step is: one deeper for each file that the story comes to.
fn nesting(diagnostic: &Diagnostic) -> Vec<u32> {
    let mut files: Vec<FileId> = Vec::new();
    let mut depth = |location: Location| {
        // What comes back to a file is as deep as that was.
        let at = files.iter().position(|file| *file == location.file).unwrap_or_else(|| {
            files.push(location.file);
            files.len() - 1
        });
        u32::try_from(at).unwrap_or(0)
    };
    diagnostic.trace.iter().map(|step| depth(step.location)).collect()
}

fn physical(location: Location, sources: &[SourceFile]) -> Option<Value> {
    let source = sources.get(location.file.index())?;
    Some(json!({ "artifactLocation": artifact(source), "region": region(location, source) }))
}

fn artifact(source: &SourceFile) -> Value {
    let uri = uri(&source.path);
    // What lies elsewhere has an address of its own.
    if source.path.starts_with('/') { json!({ "uri": uri }) } else { json!({ "uri": uri, "uriBaseId": ROOT }) }
}

/// A path as a URI: relative as it is, absolute as a file's.
pub(super) fn uri(path: &str) -> String {
    let mut text = String::new();
    if path.starts_with('/') {
        text.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' | b',' => {
                text.push(char::from(byte));
            }
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The part of a place that is on its first line: what a reader underlines.
fn region(location: Location, source: &SourceFile) -> Value {
    let text = source.slice(location.span);
    let first = text.split('\n').next().unwrap_or_default().trim_end();
    let start = source.position(location.span.start);
    let end = start.column + u32::try_from(first.encode_utf16().count()).unwrap_or(0);
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": start.line, "endColumn": end })
}

fn fixed(fix: &Fix, sources: &[SourceFile]) -> Value {
    let mut files: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let Some(source) = sources.get(edit.location.file.index()) else { continue };
        let (start, end) = (source.position(edit.location.span.start), source.position(edit.location.span.end));
        files.entry(edit.location.file).or_default().push(json!({
            "deletedRegion": {
                "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
            },
            "insertedContent": { "text": edit.text },
        }));
    }
    let changes = files.into_iter().filter_map(|(file, replacements)| {
        Some(json!({ "artifactLocation": artifact(sources.get(file.index())?), "replacements": replacements }))
    });
    json!({ "description": { "text": sentence(&fix.title) }, "artifactChanges": changes.collect::<Vec<_>>() })
}

fn suppression(by: &By, sources: &[SourceFile]) -> Value {
    match by {
        By::Comment { location, reason } => {
            let mut value = json!({ "kind": "inSource", "status": "accepted" });
            if let Value::Object(members) = &mut value {
                members.extend(reason.iter().map(|reason| ("justification".to_owned(), json!(reason))));
                let place = physical(*location, sources);
                members.extend(place.map(|place| ("location".to_owned(), json!({ "physicalLocation": place }))));
            }
            value
        }
        By::Baseline => {
            json!({ "kind": "external", "status": "accepted", "justification": "It is in the baseline of the project." })
        }
    }
}

fn notification(problem: &Problem) -> Value {
    json!({
        "level": "warning",
        "message": { "text": sentence(&format!("{}: {}", problem.path, problem.reason)) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&problem.path), "uriBaseId": ROOT } } }],
    })
}

/// The hashes of the lines that results stand on.
struct Hashes(BTreeMap<FileId, Vec<String>>);

impl Hashes {
    fn of(report: &Report) -> Self {
        let suppressed = report.suppressed.iter().map(|suppressed| &suppressed.diagnostic);
        let all = report.diagnostics.iter().chain(suppressed);
        let files: BTreeSet<FileId> = all.map(|diagnostic| diagnostic.primary.location.file).collect();
        let lines = |file: FileId| Some((file, line_hash::of_lines(&report.sources.get(file.index())?.text)));
        Self(files.into_iter().filter_map(lines).collect())
    }

    fn at(&self, location: Location, sources: &[SourceFile]) -> &str {
        let line = sources.get(location.file.index()).map_or(0, |source| source.lines().line(location.span.start));
        let hash = self.0.get(&location.file).and_then(|lines| lines.get(line as usize));
        hash.map_or("", String::as_str)
    }
}
