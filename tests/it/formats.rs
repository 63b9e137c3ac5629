//! The formats on the real binary: none changes the exit code, and the same input gives the same bytes.

use std::fs;

use tempfile::TempDir;

use crate::cli::{CLEAN, LEAK, code, ffilint, project, stderr, stdout};
use crate::support::Outcome;

const FORMATS: [&str; 10] =
    ["full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "rdjson", "dart-machine", "markdown"];

type Made = Result<TempDir, Box<dyn std::error::Error>>;

#[test]
fn the_exit_code_hangs_on_what_is_found_and_not_on_the_format() -> Outcome {
    let suppressed = format!("// ffilint: file-ignore[leaked_allocation] kept for good\n{LEAK}");
    let states: [(&str, i32, &[&str], Made); 8] = [
        ("clean", 0, &[], project(&[("lib/a.dart", CLEAN.as_bytes())])),
        ("findings", 1, &[], project(&[("lib/a.dart", LEAK.as_bytes())])),
        ("suppressed", 0, &[], project(&[("lib/a.dart", suppressed.as_bytes())])),
        ("baseline", 0, &[], project(&[("lib/a.dart", LEAK.as_bytes())])),
        ("broken config", 2, &[], project(&[("lib/a.dart", LEAK.as_bytes()), ("ffilint.toml", b"targets = 3\n")])),
        ("missing path", 2, &["lib", "nowhere"], project(&[("lib/a.dart", LEAK.as_bytes())])),
        ("unparsable", 2, &["lib/a.dart"], project(&[("lib/a.dart", b"// calloc\0\n")])),
        ("no FFI", 0, &[], project(&[("lib/a.dart", b"void main() {}\n")])),
    ];
    for (state, expected, arguments, folder) in states {
        let folder = folder?;
        if state == "baseline" {
            assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
        }
        for format in FORMATS {
            let output = ffilint(folder.path(), &[&["-f", format], arguments].concat())?;
            assert_eq!(code(&output), expected, "{state}, {format}: {}{}", stdout(&output), stderr(&output));
            let is_json = ["json", "sarif", "gitlab", "rdjson"].contains(&format);
            if is_json && state != "broken config" {
                serde_json::from_slice::<serde_json::Value>(&output.stdout)
                    .map_err(|error| format!("{state}, {format}: {error}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn the_bytes_hang_on_nothing_but_the_input() -> Outcome {
    let demo = crate::support::repository().join("fixtures/demo");
    for format in FORMATS {
        let run = |jobs: &str| -> Result<String, Box<dyn std::error::Error>> {
            let output = ffilint(&demo, &["-f", format, "-j", jobs])?;
            Ok(without_time(&stdout(&output)))
        };
        let (one, many) = (run("1")?, run("8")?);
        assert!(one == many && !one.is_empty(), "{format}");
    }
    Ok(())
}

/// The time is the one thing that differs.
fn without_time(text: &str) -> String {
    let lines = text.lines().map(|line| match (line.rfind("; "), line.find("\"seconds\":")) {
        (_, Some(at)) => {
            let (before, after) = line.split_at(at);
            format!("{before}{}", after.trim_start_matches(|c| c != ','))
        }
        (Some(at), None) if line.ends_with(" s") => line.split_at(at).0.to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn several_formats_are_written_at_once() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["-f", "concise", "-f", "sarif=out.sarif", "-f", "gitlab=gl.json"])?;
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).contains("warning[leaked_allocation]"), "{}", stdout(&output));
    let sarif: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("out.sarif"))?)?;
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "leaked_allocation");
    let gitlab: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("gl.json"))?)?;
    assert_eq!(gitlab[0]["location"]["path"], "lib/a.dart");
    Ok(())
}

#[test]
fn a_job_of_github_gets_its_summary() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "# Before\n")?;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ffilint"));
    let output =
        command.current_dir(folder.path()).args(["-f", "github"]).env("GITHUB_STEP_SUMMARY", &summary).output()?;
    assert!(
        stdout(&output).starts_with("::warning file=lib/a.dart,line=5,col=16,endColumn=31,"),
        "{}",
        stdout(&output)
    );
    let written = fs::read_to_string(&summary)?;
    assert!(written.starts_with("# Before\n### ffilint\n") && written.contains("leaked_allocation"), "{written}");
    Ok(())
}

#[test]
fn levels_are_set_by_flags() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let run = |arguments: &[&str]| ffilint(folder.path(), arguments).map(|output| (code(&output), stdout(&output)));
    assert_eq!(run(&["--ignore", "leaked_allocation"])?.0, 0);
    assert_eq!(run(&["--off", "all"])?.0, 0);
    assert_eq!(run(&["--select", "double_free"])?.0, 0);
    assert!(
        run(&["--select", "leaked_allocation", "--error", "leaked_allocation"])?.1.contains("error[leaked_allocation]")
    );
    assert_eq!(run(&["--note", "all"])?.0, 0, "a note does not fail a run");
    let output = ffilint(folder.path(), &["--select", "leaked_alocation"])?;
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `leaked_allocation`?"), "{}", stderr(&output));
    assert!(run(&["--statistics"])?.1.contains("     1  leaked_allocation\n"));
    Ok(())
}

#[test]
fn the_scope_decides_which_findings_a_named_file_shows() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  final t = table();\n  t.value = 1;\n}\n";
    let native = "#include <stdlib.h>\n\nint *table(void) {\n  return calloc(256, 4);\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes()), ("src/table.c", native.as_bytes())])?;
    let count = |arguments: &[&str]| -> Result<usize, Box<dyn std::error::Error>> {
        let output = ffilint(folder.path(), &[&["--select", "leaked_allocation"], arguments].concat())?;
        Ok(stdout(&output).lines().filter(|line| line.contains("[leaked_allocation]")).count())
    };
    assert_eq!(count(&["src/table.c"])?, 1, "its trace begins there");
    assert_eq!(count(&["src/table.c", "--scope", "primary"])?, 0);
    assert_eq!(count(&["src/table.c", "--scope", "project"])?, 1);
    Ok(())
}

#[test]
fn what_comes_in_on_stdin_stands_in_place_of_a_file() -> Outcome {
    use std::io::Write as _;
    let folder = project(&[("lib/a.dart", CLEAN.as_bytes()), ("lib/b.dart", LEAK.as_bytes())])?;
    let run = |path: &str, text: &str| -> Result<(i32, String), Box<dyn std::error::Error>> {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ffilint"));
        command.current_dir(folder.path()).args(["-q", "-f", "concise", "--stdin-filename", path, "-"]);
        let piped = std::process::Stdio::piped;
        let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        Ok((code(&output), stdout(&output)))
    };
    let (found, said) = run("lib/a.dart", LEAK)?;
    assert!(found == 1 && said.starts_with("lib/a.dart:5:16: ") && said.lines().count() == 1, "{said}");
    assert_eq!(run("lib/b.dart", CLEAN)?.0, 0);
    let (found, said) = run("lib/new.dart", LEAK)?;
    assert!(found == 1 && said.starts_with("lib/new.dart:5:16: "), "{said}");
    assert_eq!(code(&ffilint(folder.path(), &["--stdin-filename", "lib/a.dart", "lib"])?), 2);
    Ok(())
}

#[test]
fn colours_links_and_timings_are_as_asked_for() -> Outcome {
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let run = |variables: &[(&str, &str)]| -> Result<String, Box<dyn std::error::Error>> {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ffilint"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "FORCE_HYPERLINK"] {
            command.env_remove(name);
        }
        let output =
            command.current_dir(folder.path()).args(["-f", "full"]).envs(variables.iter().copied()).output()?;
        Ok(stdout(&output))
    };
    assert!(!run(&[])?.contains('\u{1b}'));
    assert!(run(&[("CLICOLOR_FORCE", "1")])?.contains("\u{1b}["));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])?.contains('\u{1b}'));
    let linked = run(&[("FORCE_HYPERLINK", "1")])?;
    assert!(linked.contains("\u{1b}]8;;file:///") && linked.contains("lib/a.dart\u{1b}]8;;\u{1b}\\:5:16"), "{linked}");
    let timed = ffilint(folder.path(), &["--timings"])?;
    assert!(stderr(&timed).contains("parsing") && stderr(&timed).contains("analysing"), "{}", stderr(&timed));
    assert!(stdout(&ffilint(folder.path(), &["completions", "bash"])?).contains("--min-confidence"));
    assert!(stdout(&ffilint(folder.path(), &["man"])?).contains(".TH ffilint"));
    Ok(())
}
