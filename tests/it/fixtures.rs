//! Small projects with markers that say where the findings are.
//!
//! `//~ rule` marks its line, `//~^ rule` the line above (one `^` a line); `//~ NOTE: text` a step whose words contain
//! the text. `expected.txt` holds the whole output.

use std::fs;
use std::path::{Path, PathBuf};

use ffilint::workspace::Report;

use crate::support::{self, Outcome, all_well, entries, name, repository};

#[test]
fn fixtures_give_what_they_say() -> Outcome {
    let mut failures = Vec::new();
    for case in cases() {
        let shown = case.strip_prefix(repository()).unwrap_or(&case).display().to_string();
        match check(&case) {
            Ok(faults) => failures.extend(faults.into_iter().map(|fault| format!("{shown}: {fault}"))),
            Err(error) => failures.push(format!("{shown}: {error}")),
        }
    }
    all_well(failures)
}

#[test]
fn demo_gives_what_it_says() -> Outcome {
    all_well(check(&repository().join("fixtures/demo"))?)
}

#[test]
fn no_orphans() -> Outcome {
    let mut failures = Vec::new();
    let cases = cases();
    for path in support::files_below(&repository().join("fixtures/rules")) {
        if !cases.iter().any(|case| path.starts_with(case)) {
            failures.push(format!("{} belongs to no case", path.display()));
        }
    }
    for case in &cases {
        let rule = case.parent().map(name).unwrap_or_default();
        if ffilint::rules::find(&rule).is_none() {
            failures.push(format!("{}: there is no rule {rule}", case.display()));
        }
        if !case.join("ffilint.toml").is_file() {
            failures.push(format!("{} has no ffilint.toml, so it is no project of its own", case.display()));
        }
    }
    all_well(failures)
}

/// `fixtures/rules/<rule>/<case>`
pub(crate) fn cases() -> Vec<PathBuf> {
    let rules = entries(&repository().join("fixtures/rules"));
    rules.iter().flat_map(|rule| entries(rule)).filter(|path| path.is_dir()).collect()
}

fn check(case: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (project, options) = support::project(case)?;
    let report = support::check(project, &options, 2)?;
    let mut faults = compare_markers(case, &report)?;
    faults.extend(report.diagnostics.iter().flat_map(support::wording_faults));
    faults.extend(check_name(case, &report)?);
    // What the markers do not confirm is not worth keeping.
    if faults.is_empty() {
        faults.extend(support::snapshot(&case.join("expected.txt"), &support::output(&report))?);
    }
    Ok(faults)
}

/// The verdict in the case's name.
fn check_name(case: &Path, report: &Report) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let case_name = name(case);
    let rule = case.parent().map(name).unwrap_or_default();
    let of_rule = report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == rule).count();
    let why = support::directives(case)?.why;
    let known_limit = case_name.starts_with("FP_") || case_name.starts_with("FN_");
    if known_limit != why.is_some() {
        return Ok(Some("`//@ why:` goes with FP_ and FN_ cases, and only with them".into()));
    }
    let bad = case_name.ends_with("_bad");
    let fault = match (case_name.get(..3), bad) {
        (Some("FP_"), false) => report.diagnostics.is_empty().then_some("the false positive is gone: drop `FP_`"),
        (Some("FN_"), true) => (of_rule > 0).then_some("the fault is found now: drop `FN_`"),
        (Some("FP_" | "FN_"), _) => Some("an FP_ case is called _ok, an FN_ case _bad"),
        (_, true) => (of_rule == 0).then_some("a _bad case must have a finding of its rule"),
        (_, false) if case_name.ends_with("_ok") => {
            (!report.diagnostics.is_empty()).then_some("an _ok case must have no finding")
        }
        (_, false) if case_name == "demo" => None,
        (_, false) => Some("the name of a case ends in _bad or _ok"),
    };
    Ok(fault.map(str::to_owned))
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Marker {
    path: String,
    line: usize,
    what: String,
}

fn compare_markers(case: &Path, report: &Report) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut markers = Vec::new();
    for path in support::files_below(case).iter().filter(|path| is_source(path)) {
        let shown = path.strip_prefix(case)?.display().to_string().replace('\\', "/");
        markers.extend(read_markers(&shown, &fs::read_to_string(path)?));
    }
    let at = |location: ffilint::source::Location| {
        let source = report.sources.get(location.file.index());
        source.map(|source| (source.path.to_string(), source.position(location.span.start).line as usize))
    };
    let mut faults = Vec::new();
    for diagnostic in &report.diagnostics {
        let Some((path, line)) = at(diagnostic.primary.location) else { continue };
        let found = markers.iter().position(|m| m.path == path && m.line == line && m.what == diagnostic.rule);
        match found {
            Some(index) => drop(markers.remove(index)),
            None => faults.push(format!("{path}:{line}: {} has no marker: {}", diagnostic.rule, diagnostic.message)),
        }
    }
    let steps: Vec<_> = report
        .diagnostics
        .iter()
        .flat_map(|diagnostic| &diagnostic.trace)
        .filter_map(|step| Some((at(step.location)?, &step.message)))
        .collect();
    for marker in markers {
        let Marker { path, line, what } = &marker;
        let note = what.strip_prefix("NOTE:").map(str::trim);
        let met = note.is_some_and(|note| {
            steps.iter().any(|((at, at_line), words)| at == path && at_line == line && words.contains(note))
        });
        if !met {
            faults.push(format!("{path}:{line}: no finding for the marker `{what}`"));
        }
    }
    Ok(faults)
}

fn is_source(path: &Path) -> bool {
    ffilint::language::Language::of_file_name(&name(path)).is_some()
}

fn read_markers(path: &str, text: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((_, marker)) = line.split_once("//~") else { continue };
        let up = marker.bytes().take_while(|byte| *byte == b'^').count();
        let what = marker.get(up..).unwrap_or_default().trim().to_owned();
        markers.push(Marker { path: path.to_owned(), line: (index + 1).saturating_sub(up), what });
    }
    markers
}
