//! One canned report in every format. What is published is not changed.

use std::collections::BTreeMap;
use std::time::Duration;

use ffilint::diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Level, TraceKind, TraceStep};
use ffilint::discover::Problem;
use ffilint::language::Language;
use ffilint::render;
use ffilint::source::{FileId, Location, SourceFile, Span};
use ffilint::suppress::{By, Suppressed};
use ffilint::target::TargetSet;
use ffilint::violation::Confidence;
use ffilint::workspace::{Links, Report, Unfinished};

use crate::support::{Outcome, all_well, repository, snapshot};

const MAIN: &str = "final 𝕏 = allocate(\n  12,\n);\nfree(𝕏); // \u{1b}[31mred\u{202e}\n";
const OTHER: &str = "allocate(int n) => calloc<Int8>(n);\n";

#[test]
fn canned_report_in_every_format() -> Outcome {
    let report = canned();
    let elapsed = Duration::from_millis(214);
    let summary = render::summary(&report, Some(elapsed));
    let folder = repository().join("fixtures/render");
    let mut failures = Vec::new();
    for (name, text) in [
        ("canned.full", format!("{}{summary}\n", render::full::render(&report, false, None))),
        ("canned.color", render::full::render(&report, true, None)),
        ("canned.concise", format!("{}{summary}\n", render::concise::render(&report))),
        ("canned.json", render::json::render(&report, elapsed, true)?),
        ("canned.jsonl", render::json::lines(&report, elapsed, false)?),
        ("canned.sarif", render::sarif::render(&report)?),
        ("canned.github", render::github::render(&report)),
        ("canned.gitlab", render::gitlab::render(&report)?),
        ("canned.rdjson", render::rdjson::render(&report)?),
        ("canned.dart-machine", render::dart_machine::render(&report, std::path::Path::new("/home/me/project"))),
        ("canned.md", render::markdown::render(&report)),
    ] {
        if ["canned.full", "canned.concise", "canned.github", "canned.dart-machine"].contains(&name) {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{name} lets something raw through");
        }
        failures.extend(snapshot(&folder.join(name), &text)?);
    }
    all_well(failures)
}

#[test]
fn lines_too_long_to_show_are_named() {
    let text = format!("{}free(p);", " ".repeat(100_000));
    let mut report = canned();
    report.sources = vec![source(0, "long.dart", &text), source(1, "b.dart", OTHER)];
    report.diagnostics.truncate(1);
    for diagnostic in &mut report.diagnostics {
        diagnostic.primary.location = at(0, 100_000, 100_008);
        diagnostic.trace.clear();
    }
    let text = render::full::render(&report, false, None);
    assert!(text.len() < 1_000 && text.contains("long.dart:1:100001"), "{text}");
}

fn source(id: u32, path: &str, text: &str) -> SourceFile {
    SourceFile::new(FileId(id), path.into(), text.into(), Language::Dart)
}

fn at(file: u32, start: u32, end: u32) -> Location {
    Location { file: FileId(file), span: Span::new(start, end) }
}

fn canned() -> Report {
    let step = |kind, location, message: &str| TraceStep { kind, location, message: message.to_owned() };
    let free = MAIN.find("free").and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
    let error = Diagnostic {
        rule: "mismatched_deallocator",
        level: Level::Error,
        confidence: Confidence::High,
        doubt: None,
        message: "memory from `allocate` must be released with `calloc.free`, not `free`, on Windows".into(),
        function: "A.b".into(),
        targets: TargetSet::WINDOWS,
        cwe: Some(762),
        fingerprint: "00112233445566778899aabbccddeeff".into(),
        content: "8899aabbccddeeff0011223344556677".into(),
        primary: Label { location: at(0, free, free + 10), message: "`free` releases memory of C".into() },
        trace: vec![
            step(TraceKind::Allocate, at(1, 19, 34), "allocated here by `calloc`"),
            step(TraceKind::Transfer, at(0, 13, 28), "handed over by `allocate`"),
            step(TraceKind::Release, at(0, free, free + 10), "released here by `free`"),
        ],
        help: Some("call `calloc.free` here".into()),
        remedy: None,
        fix: Some(Fix {
            title: "call `calloc.free`".into(),
            applicability: Applicability::Unsafe,
            edits: vec![Edit { location: at(0, free, free + 4), text: "calloc.free".into() }],
        }),
    };
    let warning = Diagnostic {
        rule: "leaked_allocation",
        level: Level::Warning,
        confidence: Confidence::Medium,
        doubt: None,
        message: "memory from `calloc` is never released\u{1b}[0m".into(),
        function: "allocate".into(),
        targets: TargetSet::ALL,
        cwe: Some(401),
        fingerprint: "ffeeddccbbaa99887766554433221100".into(),
        content: "7766554433221100ffeeddccbbaa9988".into(),
        primary: Label { location: at(1, 19, 34), message: String::new() },
        trace: Vec::new(),
        help: None,
        fix: None,
        remedy: None,
    };
    let by_comment = By::Comment { location: at(1, 0, 8), reason: Some("it lives | as long".into()) };
    let suppressed = vec![
        Suppressed { diagnostic: warning.clone(), by: by_comment },
        Suppressed { diagnostic: warning.clone(), by: By::Baseline },
    ];
    Report {
        diagnostics: vec![error, warning],
        suppressed,
        sources: vec![source(0, "lib/a\u{1b}.dart", MAIN), source(1, "lib/b.dart", OTHER)],
        read: BTreeMap::from([(Language::Dart, 12)]),
        parsed: BTreeMap::from([(Language::Dart, 2)]),
        relevant: 2,
        functions: 3,
        links: Links { resolved: 4, unresolved: 1 },
        incomplete: vec![Unfinished {
            path: "lib/b.dart".into(),
            line: 1,
            function: "allocate".into(),
            reason: "reached its step budget",
        }],
        unreadable: Vec::new(),
        damaged: Vec::new(),
        skipped: vec![Problem { path: "lib/c.dart".into(), reason: "not UTF-8 at byte 7".into() }],
        left_out: Vec::new(),
        notes: Vec::new(),
    }
}
