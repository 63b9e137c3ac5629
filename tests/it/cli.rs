//! The real binary: exit codes, broken input, what is said about it.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::Outcome;

const LEAK: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid leak() {\n  final cell = calloc<Int32>();\n  \
                    cell.value = 1;\n}\n";
const CLEAN: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid fine() {\n  final cell = calloc<Int32>();\n  \
                     cell.value = 1;\n  calloc.free(cell);\n}\n";

fn project(files: &[(&str, &[u8])]) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("ffilint.toml"), "")?;
    for (name, text) in files {
        let path = folder.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(folder)
}

fn ffilint(folder: &Path, arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ffilint"));
    Ok(command.current_dir(folder).args(arguments).env_remove("NO_COLOR").output()?)
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(folder: &Path, arguments: &[&str]) -> Result<serde_json::Value, Box<dyn Error>> {
    let output = ffilint(folder, &[&["-f", "json"], arguments].concat())?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn findings_exit_with_1_and_none_with_0() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &[])?;
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("lib/leak.dart:5:16: warning[leaked_allocation]: "), "{}", stdout(&output));
    assert!(stdout(&output).contains("1 warning in 1 file (Dart 1)"), "{}", stdout(&output));
    assert_eq!(code(&ffilint(folder.path(), &["check", "lib"])?), 1);
    assert_eq!(code(&ffilint(folder.path(), &["-f", "json"])?), 1, "the format changes nothing");
    assert_eq!(code(&ffilint(folder.path(), &["--fail-on", "error"])?), 0);
    assert_eq!(code(&ffilint(folder.path(), &["--exit-zero"])?), 0);

    let folder = project(&[("lib/fine.dart", CLEAN.as_bytes())])?;
    let output = ffilint(folder.path(), &[])?;
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    assert!(stdout(&output).starts_with("no findings: "), "{}", stdout(&output));
    Ok(())
}

#[test]
fn projects_without_ffi_are_clean_and_say_so() -> Outcome {
    let folder = project(&[("lib/a.dart", b"void main() {}\n")])?;
    let output = ffilint(folder.path(), &[])?;
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).starts_with("no findings: no FFI in 1 file (Dart 1)"), "{}", stdout(&output));
    let empty = project(&[])?;
    let output = ffilint(empty.path(), &[])?;
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).starts_with("no findings: no source files found"), "{}", stdout(&output));
    Ok(())
}

#[test]
fn usage_and_configuration_exit_with_2_and_say_what_to_do() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let missing = ffilint(folder.path(), &["lib", "nowhere"])?;
    assert_eq!(code(&missing), 2);
    assert!(stdout(&missing).contains("leaked_allocation"), "the rest is still printed: {}", stdout(&missing));
    assert!(stderr(&missing).contains("cannot read nowhere: no such file or directory"), "{}", stderr(&missing));

    let format = ffilint(folder.path(), &["-f", "jsom"])?;
    assert_eq!(code(&format), 2);
    assert!(stderr(&format).contains("did you mean `json`?"), "{}", stderr(&format));
    assert_eq!(code(&ffilint(folder.path(), &["--no-such-flag"])?), 2);
    assert_eq!(code(&ffilint(folder.path(), &["--targets", "windos"])?), 2);

    fs::write(folder.path().join("ffilint.toml"), "[rules]\nleaked_alocation = \"off\"\n")?;
    let config = ffilint(folder.path(), &[])?;
    assert_eq!(code(&config), 2);
    let said = stderr(&config);
    assert!(said.contains("ffilint.toml:2: ") && said.contains("did you mean `leaked_allocation`?"), "{said}");
    assert_eq!(code(&ffilint(folder.path(), &["--isolated"])?), 1, "isolated means without the config");
    Ok(())
}

#[test]
fn configuration_is_obeyed() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes()), ("lib/other.dart", LEAK.as_bytes())])?;
    let count = |toml: &str| -> Result<(usize, u64), Box<dyn Error>> {
        fs::write(folder.path().join("ffilint.toml"), toml)?;
        let report = json(folder.path(), &[])?;
        let read = report["summary"]["files"]["dart"].as_u64().unwrap_or(0);
        Ok((report["findings"].as_array().map_or(0, Vec::len), read))
    };
    assert_eq!(count("")?, (2, 2));
    assert_eq!(count("exclude = [\"lib/other.dart\"]")?, (1, 2), "still read");
    assert_eq!(count("skip = [\"lib/other.dart\"]")?, (1, 1), "not read");
    assert_eq!(count("[rules]\nleaked_allocation = \"off\"")?, (0, 2));
    assert_eq!(json(folder.path(), &["--isolated", "lib/leak.dart"])?["findings"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn broken_files_are_said_and_do_not_hide_the_others() -> Outcome {
    let folder = project(&[
        ("lib/leak.dart", LEAK.as_bytes()),
        ("lib/latin1.dart", b"// calloc caf\xe9\n"),
        ("lib/braces.dart", format!("// calloc\n{}", "{".repeat(1_000_000)).as_bytes()),
        ("lib/deep.dart", format!("// calloc\nvar x = {}1{};\n", "(".repeat(100_000), ")".repeat(100_000)).as_bytes()),
        ("lib/nul.dart", b"// calloc\0\n"),
        ("lib/bom.dart", format!("\u{feff}{CLEAN}").as_bytes()),
        ("lib/half.dart", format!("{LEAK}void broken( {{").as_bytes()),
        ("pubspec.yaml", b"name: [unclosed\n"),
        ("big/folder.dart/inside.dart", CLEAN.as_bytes()),
    ])?;
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", folder.path().join("lib/dangling.dart"))?;
        std::os::unix::fs::symlink("..", folder.path().join("lib/cycle"))?;
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("lib/outside.dart"))?;
    }
    let output = ffilint(folder.path(), &["-f", "json"])?;
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let paths: Vec<_> = report["findings"].as_array().into_iter().flatten().map(|f| &f["location"]["path"]).collect();
    assert!(paths.iter().any(|path| *path == "lib/leak.dart"), "{paths:?}");
    assert!(paths.iter().any(|path| *path == "lib/half.dart"), "good functions of a broken file: {paths:?}");
    assert!(!paths.iter().any(|path| *path == "lib/bom.dart"), "{paths:?}");
    let skipped = report["summary"]["skipped"].to_string();
    assert!(skipped.contains("not UTF-8 at byte 13"), "{skipped}");
    assert!(skipped.contains("lib/nul.dart") && skipped.contains("pubspec.yaml"), "{skipped}");
    if cfg!(unix) {
        assert!(skipped.contains("lib/dangling.dart") && skipped.contains("lib/outside.dart"), "{skipped}");
    }
    let said = ffilint(folder.path(), &["-v"])?;
    assert!(stderr(&said).contains("skipped lib/latin1.dart: not UTF-8 at byte 13"), "{}", stderr(&said));
    assert!(stdout(&said).contains(" skipped"), "{}", stdout(&said));
    Ok(())
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_project_is_read() -> Outcome {
    use std::os::unix::fs::symlink;

    let folder = project(&[("lib/fine.dart", CLEAN.as_bytes()), ("odd/other.dart", CLEAN.as_bytes())])?;
    symlink("/dev/zero", folder.path().join(".gitignore"))?;
    symlink("/etc/passwd", folder.path().join("pubspec.yaml"))?;
    symlink("/etc", folder.path().join("lib/etc"))?;
    let output = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("skipped .gitignore: not a regular file"), "{}", stderr(&output));
    assert!(stderr(&output).contains("skipped pubspec.yaml: not a regular file"), "{}", stderr(&output));
    assert!(stderr(&output).contains("Dart: 2 files read"), "{}", stderr(&output));

    fs::remove_file(folder.path().join(".gitignore"))?;
    symlink("/dev/zero", folder.path().join("odd/.gitignore"))?;
    let output = ffilint(folder.path(), &["-v"])?;
    assert!(stderr(&output).contains("skipped odd: its .gitignore is not a regular file"), "{}", stderr(&output));

    fs::remove_file(folder.path().join("ffilint.toml"))?;
    symlink("/dev/zero", folder.path().join("ffilint.toml"))?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 2);
    Ok(())
}

#[test]
fn a_run_in_which_nothing_could_be_parsed_fails() -> Outcome {
    let folder = project(&[("lib/latin1.dart", b"// calloc caf\xe9\n")])?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 2);
    let folder = project(&[("lib/nul.dart", b"// calloc\0\n")])?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 2);
    Ok(())
}

#[test]
fn projects_inside_a_project_are_left_to_themselves() -> Outcome {
    let folder = project(&[
        ("lib/fine.dart", CLEAN.as_bytes()),
        ("inner/leak.dart", LEAK.as_bytes()),
        ("inner/ffilint.toml", b""),
    ])?;
    let outer = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&outer), 0);
    assert!(stderr(&outer).contains("inner has its own ffilint.toml"), "{}", stderr(&outer));
    let inner = ffilint(folder.path(), &["inner", "lib"])?;
    assert_eq!(code(&inner), 1);
    assert!(stdout(&inner).starts_with("inner/leak.dart:5:16:"), "{}", stdout(&inner));
    Ok(())
}

#[test]
fn paths_filter_what_is_reported_and_not_what_is_read() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes()), ("lib/other.dart", LEAK.as_bytes())])?;
    let report = json(folder.path(), &["lib/other.dart"])?;
    assert_eq!(report["summary"]["files"]["dart"], 2);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["findings"][0]["location"]["path"], "lib/other.dart");
    Ok(())
}

#[test]
fn ignored_bindings_that_are_imported_are_read() -> Outcome {
    let user = "import 'dart:ffi';\nimport 'bindings.dart';\nimport 'ignored_plain.dart';\n";
    let folder = project(&[
        (".gitignore", b"lib/bindings.dart\nlib/unused.dart\n"),
        ("lib/user.dart", user.as_bytes()),
        ("lib/bindings.dart", CLEAN.as_bytes()),
        ("lib/unused.dart", CLEAN.as_bytes()),
        ("build/made.dart", CLEAN.as_bytes()),
    ])?;
    assert_eq!(json(folder.path(), &[])?["summary"]["files"]["dart"], 2);
    Ok(())
}

#[test]
fn named_files_that_are_left_out_are_said() -> Outcome {
    let folder = project(&[("lib/fine.dart", CLEAN.as_bytes()), ("build/made.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["-v", "build/made.dart"])?;
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("skipped build/made.dart: named, but left out"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn reports_can_go_to_files() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["-f", "json=report.json", "-f", "concise", "-q"])?;
    assert_eq!(stdout(&output).lines().count(), 1, "{}", stdout(&output));
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.path().join("report.json"))?)?;
    assert_eq!(report["version"], 1);
    assert_eq!(code(&ffilint(folder.path(), &["-f", "json=no/such/folder/report.json"])?), 2);
    Ok(())
}

#[test]
fn rules_explain_themselves() -> Outcome {
    let folder = project(&[])?;
    let page = ffilint(folder.path(), &["explain", "double_free"])?;
    assert_eq!(code(&page), 0);
    assert!(stdout(&page).starts_with("# double_free\n"));
    let unknown = ffilint(folder.path(), &["explain", "duble_free"])?;
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("did you mean `double_free`?"), "{}", stderr(&unknown));
    let rules = stdout(&ffilint(folder.path(), &["rules"])?);
    assert!(rules.lines().count() >= 9 && rules.contains("mismatched_deallocator"), "{rules}");
    assert!(stdout(&ffilint(folder.path(), &["version"])?).starts_with("ffilint "));
    Ok(())
}

#[test]
fn ir_can_be_looked_at() -> Outcome {
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["dump-ir", "lib/leak.dart"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("leak"), "{}", stdout(&output));
    assert_eq!(code(&ffilint(folder.path(), &["dump-ir", "ffilint.toml"])?), 2);
    Ok(())
}
