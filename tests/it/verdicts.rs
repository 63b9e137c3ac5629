//! Findings on public code that people have judged: what is told of them today, and how often it is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::cli::{code, ffilint, stderr};
use crate::support::{self, Outcome};

/// The folder of the snapshots, each named `<owner>+<name>@<the first twelve digits of the commit>`.
const SNAPSHOTS: &str = "FFILINT_SNAPSHOTS";
const HEAD: &str = "repository\tcommit\tfile\tline\trule\tconfidence\tverdict\ttold\treason";

/// Where a finding is, and its rule.
type Place = (String, u64, String);

/// A judged finding; a line of `tests/corpus/verdicts.tsv`.
struct Verdict {
    repository: String,
    commit: String,
    file: String,
    line: u64,
    rule: String,
    confidence: String,
    right: bool,
    told: bool,
    reason: String,
}

impl Verdict {
    fn read(text: &str) -> Result<Self, String> {
        let cells: Vec<&str> = text.split('\t').collect();
        let [repository, commit, file, line, rule, confidence, verdict, told, reason] = cells[..] else {
            return Err(format!("nine cells were expected: {text}"));
        };
        let either = |cell: &str, yes: &str, no: &str| match cell {
            _ if cell == yes => Ok(true),
            _ if cell == no => Ok(false),
            _ => Err(format!("`{cell}` is neither `{yes}` nor `{no}`: {text}")),
        };
        Ok(Self {
            repository: repository.into(),
            commit: commit.into(),
            file: file.into(),
            line: line.parse().map_err(|error| format!("`{line}`: {error}"))?,
            rule: rule.into(),
            confidence: confidence.into(),
            right: either(verdict, "right", "wrong")?,
            told: either(told, "told", "silent")?,
            reason: reason.into(),
        })
    }

    fn written(&self) -> String {
        let Self { repository, commit, file, line, rule, confidence, reason, .. } = self;
        let verdict = if self.right { "right" } else { "wrong" };
        let told = if self.told { "told" } else { "silent" };
        format!("{repository}\t{commit}\t{file}\t{line}\t{rule}\t{confidence}\t{verdict}\t{told}\t{reason}\n")
    }
}

fn verdicts() -> Result<Vec<Verdict>, Box<dyn std::error::Error>> {
    let text = fs::read_to_string(support::repository().join("tests/corpus/verdicts.tsv"))?;
    let (head, rows) = text.split_once('\n').ok_or("no head")?;
    assert_eq!(head, HEAD);
    Ok(rows.lines().map(Verdict::read).collect::<Result<_, _>>()?)
}

#[test]
fn what_is_told_of_judged_code_is_what_the_verdicts_say() -> Outcome {
    let mut verdicts = verdicts()?;
    let Some(folder) = std::env::var_os(SNAPSHOTS) else {
        writeln!(std::io::stderr(), "skipped: {SNAPSHOTS} names no folder of snapshots")?;
        return Ok(());
    };
    let (mut missing, mut changed) = (BTreeSet::new(), String::new());
    let mut found: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
    for verdict in &mut verdicts {
        let name = format!("{}@{:.12}", verdict.repository.replace('/', "+"), verdict.commit);
        let snapshot = Path::new(&folder).join(&name);
        if !snapshot.is_dir() {
            missing.insert(name);
            continue;
        }
        if !found.contains_key(&name) {
            found.insert(name.clone(), findings(&snapshot)?);
        }
        let told = found[&name].contains(&(verdict.file.clone(), verdict.line, verdict.rule.clone()));
        if told != verdict.told {
            verdict.told = told;
            changed.push_str(&verdict.written());
        }
    }
    for name in missing {
        writeln!(std::io::stderr(), "skipped: no snapshot {name}")?;
    }
    if std::env::var_os("FFILINT_BLESS").is_some() {
        let rows: String = verdicts.iter().map(Verdict::written).collect();
        fs::write(support::repository().join("tests/corpus/verdicts.tsv"), format!("{HEAD}\n{rows}"))?;
    } else {
        assert!(changed.is_empty(), "what is told of these changed; this is what is seen now:\n{changed}");
    }
    Ok(())
}

/// What is found in a snapshot: file, line and rule.
fn findings(snapshot: &Path) -> Result<BTreeSet<Place>, Box<dyn std::error::Error>> {
    let output = ffilint(snapshot, &["check", "--format", "json", "."])?;
    assert!(matches!(code(&output), 0 | 1), "{}: {}", snapshot.display(), stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let findings = report["findings"].as_array().ok_or("no findings")?.iter();
    let place = |finding: &serde_json::Value| {
        let path = finding["location"]["path"].as_str()?.trim_start_matches("./").to_owned();
        Some((path, finding["location"]["start"]["line"].as_u64()?, finding["rule"].as_str()?.to_owned()))
    };
    Ok(findings.filter_map(place).collect())
}

#[test]
fn the_precision_table_is_that_of_the_verdicts() -> Outcome {
    let mut counts: BTreeMap<String, BTreeMap<String, [u32; 2]>> = BTreeMap::new();
    for verdict in verdicts()?.iter().filter(|verdict| verdict.told) {
        for row in [verdict.rule.clone(), String::new()] {
            let count = counts.entry(row).or_default().entry(verdict.confidence.clone()).or_default();
            count[usize::from(!verdict.right)] += 1;
        }
    }
    let all = counts.remove("").unwrap_or_default();
    let rows = counts.into_iter().map(|(rule, row)| (format!("`{rule}`"), row)).chain([("all".to_owned(), all)]);
    let mut table = "| rule | high | medium |\n|---|---|---|\n".to_owned();
    for (name, row) in rows {
        let cell = |confidence: &str| match row.get(confidence) {
            Some([right, wrong]) => format!("{right} of {}", right + wrong),
            None => String::new(),
        };
        writeln!(table, "| {name} | {} | {} |", cell("high"), cell("medium"))?;
    }
    let page = support::repository().join("rules/README.md");
    let text = fs::read_to_string(&page)?;
    let (begin, end) =
        ("<!-- precision: tests/corpus/verdicts.tsv; a test keeps it -->\n\n", "\n<!-- end of precision -->");
    let start = text.find(begin).ok_or("no table in rules/README.md")? + begin.len();
    let stop = text[start..].find(end).ok_or("the table in rules/README.md does not end")? + start;
    if std::env::var_os("FFILINT_BLESS").is_some() {
        fs::write(&page, format!("{}{table}{}", &text[..start], &text[stop..]))?;
    } else {
        assert_eq!(&text[start..stop], table, "FFILINT_BLESS=1 cargo test writes it anew");
    }
    Ok(())
}
