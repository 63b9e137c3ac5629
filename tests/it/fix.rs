//! Fixes, on the real binary and over all that is wrong in the fixtures.
//!
//! `fixtures/fix/<case>/before.dart` becomes `after.dart`. Where the name of the case begins with `safe_`, by `--fix`
//! alone; where it begins with `no_fix`, nothing changes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use ffilint::config::Setting;
use ffilint::diagnostic::Applicability;
use ffilint::models::ModelSet;
use ffilint::workspace::mend::Mended;
use ffilint::workspace::{self, Report, Workspace};

use crate::cli::{CLEAN, LEAK, code, ffilint, project, stderr, stdout};
use crate::fixtures::cases;
use crate::support::{self, Outcome, all_well, entries, name, repository};

const NOTED: [&str; 2] = ["--note", "mixed_allocator_names"];

#[test]
fn fixes_write_what_they_should() -> Outcome {
    let mut failures = Vec::new();
    for case in entries(&repository().join("fixtures/fix")) {
        let (before, name) = (fs::read_to_string(case.join("before.dart"))?, name(&case));
        let mut arguments = vec!["--fix", "--exit-zero"];
        arguments.extend(NOTED);
        if !name.starts_with("safe_") {
            arguments.push("--unsafe-fixes");
        }
        let folder = project(&[("lib/a.dart", before.as_bytes())])?;
        let path = folder.path().join("lib/a.dart");
        let output = ffilint(folder.path(), &arguments)?;
        let after = fs::read_to_string(&path)?;
        if code(&output) != 0 {
            failures.push(format!("{name}: {}", stderr(&output)));
        }
        if (after == before) != name.starts_with("no_fix") {
            failures.push(format!("{name}: changed or not, against its name: {}", stderr(&output)));
        }
        if !name.starts_with("no_fix") {
            failures.extend(support::snapshot(&case.join("after.dart"), &after)?);
        }
        let again = ffilint(folder.path(), &arguments)?;
        if fs::read_to_string(&path)? != after {
            failures.push(format!("{name}: a second run changes it: {}", stderr(&again)));
        }
    }
    all_well(failures)
}

#[test]
fn what_is_mended_is_better() -> Outcome {
    let mut failures = Vec::new();
    let mut mended = 0;
    for case in cases().into_iter().filter(|case| name(case).ends_with("_bad")) {
        let first = mend(&case, &BTreeMap::new())?;
        let shown = case.strip_prefix(repository()).unwrap_or(&case).display().to_string();
        let (before, after) = (counts(&first.before), counts(&first.after));
        for (kind, count) in &after {
            if before.get(kind).is_none_or(|most| most < count) {
                failures.push(format!("{shown}: {kind:?} is new"));
            }
        }
        let (found, left) = (first.before.diagnostics.len(), first.after.diagnostics.len());
        if first.applied > found.saturating_sub(left) {
            failures.push(format!("{shown}: {} fixes for {} findings", first.applied, found - left));
        }
        if first.after.damaged.len() > first.before.damaged.len() {
            failures.push(format!("{shown}: {:?}", first.after.damaged));
        }
        mended += first.applied;
        let texts = first.changed.iter().map(|changed| (changed.key.to_string(), changed.new.to_string())).collect();
        let second = mend(&case, &texts)?;
        if !second.changed.is_empty() || second.after.diagnostics.len() != left {
            failures.push(format!("{shown}: a second run changes {:?}", second.changed));
        }
    }
    assert!(mended > 20, "{mended} of the fixtures' findings are mended");
    all_well(failures)
}

/// Mends a case in memory, with other texts for some files.
fn mend(case: &Path, texts: &BTreeMap<String, String>) -> Result<Mended, Box<dyn Error>> {
    let (mut project, mut options) = support::project(case)?;
    options.rules.insert("mixed_allocator_names".into(), Setting::Note);
    // Comments of the fixtures are markers, and name what is there.
    for file in &mut project.files {
        if let Some(text) = texts.get(&*file.key) {
            file.text = text.as_str().into();
        }
    }
    let pool = workspace::pool(1)?;
    Ok(pool.install(|| Workspace::new(project).mend(ModelSet::builtin(), &options, Applicability::Unsafe)))
}

fn counts(report: &Report) -> BTreeMap<(&'static str, String), usize> {
    let mut counts = BTreeMap::new();
    for found in &report.diagnostics {
        *counts.entry((found.rule, found.function.clone())).or_default() += 1;
    }
    counts
}

#[test]
fn a_difference_is_shown_and_nothing_written() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes()), ("lib/clean.dart", CLEAN.as_bytes())])?;
    let output = ffilint(folder.path(), &["--diff", "--unsafe-fixes"])?;
    let expected = "--- a/lib/leak.dart\n+++ b/lib/leak.dart\n@@ -4,4 +4,5 @@\n void leak() {\n   final cell = calloc<Int32>();\n   \
                    cell.value = 1;\n+  calloc.free(cell);\n }\n";
    assert_eq!(stdout(&output), expected);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("would fix 1 finding in 1 file"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("lib/leak.dart"))?, LEAK);

    // Safe ones only: there is none, and that is said.
    let output = ffilint(folder.path(), &["--diff"])?;
    assert_eq!((stdout(&output), code(&output)), (String::new(), 1));
    let told = "lib/leak.dart:5: leaked_allocation: its fix is one of --unsafe-fixes";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));

    let clean = project(&[("lib/clean.dart", CLEAN.as_bytes())])?;
    let output = ffilint(clean.path(), &["--diff", "--unsafe-fixes"])?;
    assert_eq!((stdout(&output), code(&output)), (String::new(), 0));
    Ok(())
}

#[test]
fn what_is_left_is_reported_after_a_fix() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["--fix"])?;
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("1 more can be fixed with --unsafe-fixes"), "{}", stderr(&output));
    let output = ffilint(folder.path(), &["--fix", "--unsafe-fixes"])?;
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).starts_with("no findings"), "{}", stdout(&output));
    assert!(stderr(&output).contains("fixed 1 finding in 1 file"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn ends_of_lines_and_marks_are_kept() -> Outcome {
    let text = format!("\u{feff}{}", LEAK.replace('\n', "\r\n"));
    let folder = project(&[("lib/leak.dart", text.as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &["--fix", "--unsafe-fixes"])?), 0);
    let after = fs::read_to_string(folder.path().join("lib/leak.dart"))?;
    assert_eq!(after, text.replace("= 1;\r\n", "= 1;\r\n  calloc.free(cell);\r\n"));
    Ok(())
}

#[test]
fn wishes_that_make_no_sense_exit_with_2() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    for arguments in [
        &["--unsafe-fixes"][..],
        &["--fix", "--staged"],
        &["--fix", "--stdin-filename", "lib/leak.dart"],
        &["--diff", "-f", "json"],
    ] {
        let output = ffilint(folder.path(), arguments)?;
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).starts_with("ffilint: --"), "{}", stderr(&output));
    }
    Ok(())
}

#[test]
fn machines_are_given_the_edits() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let report = crate::cli::json(folder.path(), &[])?;
    let fix = &report["findings"][0]["fix"];
    assert_eq!(
        (fix["applicability"].as_str(), fix["edits"][0]["path"].as_str()),
        (Some("unsafe"), Some("lib/leak.dart"))
    );
    let listed = stdout(&ffilint(folder.path(), &["rules"])?);
    assert!(listed.lines().any(|line| line.starts_with("leaked_allocation") && line.contains(" unsafe ")), "{listed}");
    Ok(())
}

#[test]
fn new_variables_of_one_function_have_names_of_their_own() -> Outcome {
    let text = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n@Native<Int32 Function(Pointer<Utf8>)>()\n\
                external int count(Pointer<Utf8> text);\n\nint both(String s) {\n  final a = count(s.toNativeUtf8());\n  \
                final b = count(s.toNativeUtf8());\n  return a + b;\n}\n";
    let folder = project(&[("lib/a.dart", text.as_bytes())])?;
    let output = ffilint(folder.path(), &["--fix", "--unsafe-fixes"])?;
    let after = fs::read_to_string(folder.path().join("lib/a.dart"))?;
    let declared: Vec<&str> = after.lines().filter_map(|line| line.trim().strip_prefix("final ")).collect();
    let names: std::collections::BTreeSet<&str> = declared.iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.len() == declared.len() && declared.len() == 4, "{after}{}", stderr(&output));
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    Ok(())
}
