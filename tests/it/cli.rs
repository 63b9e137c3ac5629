//! The real binary: exit codes, broken input, what is said about it.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ffilint::language::Language;
use ffilint::workspace::Options;
use tempfile::TempDir;

use crate::support::{self, Outcome};

pub(crate) const LEAK: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid leak() {\n  final cell = calloc<Int32>();\n  \
                    cell.value = 1;\n}\n";
pub(crate) const CLEAN: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid fine() {\n  final cell = calloc<Int32>();\n  \
                     cell.value = 1;\n  calloc.free(cell);\n}\n";

/// What `--fix` mends.
const TWICE: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid twice() {\n  final cell = calloc<Int32>();\n  \
                     calloc.free(cell);\n  calloc.free(cell);\n}\n";

pub(crate) fn project(files: &[(&str, &[u8])]) -> Result<TempDir, Box<dyn Error>> {
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

pub(crate) fn ffilint(folder: &Path, arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ffilint"));
    Ok(command.current_dir(folder).args(arguments).env_remove("NO_COLOR").output()?)
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn json(folder: &Path, arguments: &[&str]) -> Result<serde_json::Value, Box<dyn Error>> {
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
    let said = stderr(&output);
    assert!(said.contains("skipped odd/.gitignore: not a regular file; it ignores nothing"), "{said}");
    assert!(said.contains("Dart: 2 files read"), "{said}");

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
    let folder = project(&[("lib/broken.dart", b"import 'dart:ffi';\nvoid f( {{{{ ]]\n")])?;
    let output = ffilint(folder.path(), &[])?;
    assert_eq!(code(&output), 2, "{}", stdout(&output));
    assert!(stderr(&output).contains("lib/broken.dart: ") && stderr(&output).contains("nothing could be parsed"));
    Ok(())
}

#[test]
fn projects_inside_a_project_have_their_own_configuration() -> Outcome {
    let folder = project(&[
        ("lib/fine.dart", CLEAN.as_bytes()),
        ("inner/leak.dart", LEAK.as_bytes()),
        ("inner/ffilint.toml", b"[rules]\nleaked_allocation = \"error\"\n"),
        ("inner/deep/leak.dart", LEAK.as_bytes()),
        ("inner/deep/ffilint.toml", b"exclude = [\"leak.dart\"]\n"),
    ])?;
    let at = folder.path();
    let found = |arguments: &[&str]| -> Result<Vec<String>, Box<dyn Error>> {
        let output = ffilint(at, &[&["-q"], arguments].concat())?;
        Ok(stdout(&output).lines().map(|line| line.split_inclusive(']').next().unwrap_or("").to_owned()).collect())
    };
    let inner = "inner/leak.dart:5:16: error[leaked_allocation]";
    for arguments in [&[][..], &["inner"], &["inner", "lib"], &["."], &["inner/leak.dart"]] {
        assert_eq!(found(arguments)?, [inner], "{arguments:?}");
    }
    assert_eq!(found(&["lib"])?, Vec::<String>::new(), "only what lies in what is named");
    assert_eq!(json(at, &[])?["summary"]["files"]["dart"], 3);
    assert_eq!(code(&ffilint(at, &["--baseline", "all.txt"])?), 2, "of several projects none can be meant");
    // Each has a baseline of its own.
    assert_eq!(code(&ffilint(at, &["baseline", "create"])?), 0);
    assert!(fs::read_to_string(at.join("inner/ffilint-baseline.txt"))?.contains("leaked_allocation"));
    assert_eq!(code(&ffilint(at, &[])?), 0);
    Ok(())
}

#[test]
fn a_broken_configuration_leaves_the_other_projects_as_they_are() -> Outcome {
    let folder = project(&[
        ("a/ffilint.toml", b""),
        ("a/twice.dart", TWICE.as_bytes()),
        ("b/ffilint.toml", b"nothing = 1\n"),
        ("b/fine.dart", CLEAN.as_bytes()),
    ])?;
    let output = ffilint(folder.path(), &["--fix", "a", "b"])?;
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("b/ffilint.toml:1"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("a/twice.dart"))?, TWICE);
    assert_eq!(code(&ffilint(folder.path(), &["--fix", "a"])?), 0);
    assert_ne!(fs::read_to_string(folder.path().join("a/twice.dart"))?, TWICE, "or this would show nothing");
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
    let refused = ffilint(folder.path(), &["dump-ir", "ffilint.toml"])?;
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("name one of Dart, Rust, C"), "{}", stderr(&refused));
    // Native sources are often in another encoding; what is outside of comments is the same in all of them.
    fs::write(folder.path().join("lib/old.c"), b"/* gr\xf6\xdfe */\nint size(void) { return 1; }\n")?;
    let output = ffilint(folder.path(), &["dump-ir", "lib/old.c"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("size"), "{}", stdout(&output));
    Ok(())
}

#[test]
fn native_files_are_looked_at_and_parsed_where_the_boundary_leads() -> Outcome {
    let dart = "import 'dart:ffi';\nfinal made = lib.lookup<NativeFunction<Void Function()>>('made');\n";
    let folder = project(&[
        ("lib/a.dart", dart.as_bytes()),
        ("src/made.c", b"#include \"inner.h\"\nvoid made(void) { inner(); }\n"),
        ("src/inner.h", b"void inner(void);\n"),
        ("src/inner.cpp", b"#include \"inner.h\"\nvoid inner() {}\n"),
        ("src/unused.cpp", b"void unused() {}\n"),
        ("rust/src/lib.rs", b"pub fn unused() {}\n"),
        // Caf\xe9 in another encoding, and a file that is no text: neither is in the way.
        ("src/latin1.c", b"// caf\xe9\nvoid latin1(void) {}\n"),
        ("src/resource.h", b"\xff\xfe#\0d\0"),
    ])?;
    let output = ffilint(folder.path(), &["-v"])?;
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    for expected in
        ["Dart: 1 files read, 1 parsed", "Rust: 1 files read, 0", "C: 2 files read, 1", "C++: 4 files read, 2"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(stdout(&output).contains("in 8 files (Dart 1, Rust 1, C 2, C++ 4)"), "{}", stdout(&output));
    assert!(!said.contains("skipped"), "{said}");

    // What a person names is parsed.
    let output = ffilint(folder.path(), &["-v", "src/latin1.c"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("C: 2 files read, 2 parsed"), "{}", stderr(&output));
    let output = ffilint(folder.path(), &["src/resource.h"])?;
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("cannot read src/resource.h: UTF-16"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn vendored_trees_that_nothing_links_to_are_not_parsed() -> Outcome {
    let dart = "import 'dart:ffi';\nfinal made = lib.lookup<NativeFunction<Void Function()>>('made');\n";
    let mut files: Vec<(String, String)> = (0..1_000)
        .map(|at| {
            let (folder, name) = (at % 10, format!("vendored_{at}"));
            (format!("third_party/lib/{folder}/{at}.c"), format!("FFI_EXPORT int {name}(void) {{ return {at}; }}\n"))
        })
        .collect();
    files.push(("lib/a.dart".into(), dart.into()));
    files.push((
        "src/made.c".into(),
        "int vendored_7(void);\nint vendored_8(void);\nint made(void) { return vendored_7(); }\n".into(),
    ));
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let folder = project(&files)?;
    let output = ffilint(folder.path(), &["-v"])?;
    assert!(stderr(&output).contains("C: 1001 files read, 2 parsed"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn vendored_files_are_reported_when_asked_for() -> Outcome {
    let shown = |vendored: bool, check_vendored: bool| -> Result<usize, Box<dyn Error>> {
        let mut project = support::example(&[(Language::Dart, LEAK.to_owned())]);
        project.files.iter_mut().for_each(|file| file.vendored = vendored);
        let options = Options { check_vendored, ..Options::default() };
        Ok(support::check(project, &options, 1)?.diagnostics.len())
    };
    assert_eq!((shown(false, false)?, shown(true, false)?, shown(true, true)?), (1, 0, 1));
    Ok(())
}

/// Runs with what is above the project under control: a folder in a folder.
fn inner_project(files: &[(&str, &[u8])]) -> Result<(TempDir, PathBuf), Box<dyn Error>> {
    let outer = tempfile::tempdir()?;
    let inner = outer.path().join("inner");
    fs::create_dir(&inner)?;
    fs::write(inner.join("ffilint.toml"), "")?;
    for (name, text) in files {
        fs::write(inner.join(name), text)?;
    }
    Ok((outer, inner))
}

#[test]
fn ignore_files_above_the_project_are_not_obeyed() -> Outcome {
    let (outer, inner) = inner_project(&[("leak.dart", LEAK.as_bytes())])?;
    fs::write(outer.path().join(".gitignore"), "*.dart\n")?;
    assert_eq!(json(&inner, &[])?["summary"]["files"]["dart"], 1);
    Ok(())
}

#[cfg(unix)]
#[test]
fn ignore_files_above_the_project_are_not_opened() -> Outcome {
    let (outer, inner) = inner_project(&[("leak.dart", LEAK.as_bytes())])?;
    // Whoever opens it waits for a writer that never comes.
    let made = Command::new("mkfifo").arg(outer.path().join(".gitignore")).status()?;
    assert!(made.success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_ffilint"))
        .current_dir(&inner)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    for _ in 0..600 {
        if let Some(status) = child.try_wait()? {
            assert_eq!(status.code(), Some(1));
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    child.kill()?;
    Err("the run does not end".into())
}

#[test]
fn ignore_files_are_obeyed_as_git_does() -> Outcome {
    let folder = project(&[
        (".gitignore", b"/made\n*.tmp.dart\n!keep.tmp.dart\n"),
        ("lib/.gitignore", b"\xef\xbb\xbfa.dart\n!b.tmp.dart\n# c.dart\n[\n"),
        ("made/x.dart", CLEAN.as_bytes()),
        ("lib/made/x.dart", CLEAN.as_bytes()),
        ("x.tmp.dart", CLEAN.as_bytes()),
        ("keep.tmp.dart", CLEAN.as_bytes()),
        ("lib/a.dart", CLEAN.as_bytes()),
        ("lib/b.tmp.dart", CLEAN.as_bytes()),
        ("lib/c.dart", CLEAN.as_bytes()),
        (".hidden/x.dart", CLEAN.as_bytes()),
    ])?;
    assert_eq!(json(folder.path(), &[])?["summary"]["files"]["dart"], 4);
    Ok(())
}

#[cfg(unix)]
#[test]
fn reports_go_through_links_and_into_devices() -> Outcome {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = project(&[("leak.dart", LEAK.as_bytes()), ("reports/old.json", b"old")])?;
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(at("reports/old.json"), fs::Permissions::from_mode(0o600))?;
    symlink("reports/old.json", at("link.json"))?;
    symlink("reports/new.json", at("dangling.json"))?;
    symlink("/dev/null", at("null.json"))?;
    for name in ["link.json", "dangling.json", "null.json", "/dev/null"] {
        let output = ffilint(folder.path(), &["-f", &format!("json={name}")])?;
        assert_eq!(code(&output), 1, "{name}: {}", stderr(&output));
    }
    for name in ["link.json", "dangling.json", "null.json"] {
        assert!(fs::symlink_metadata(at(name))?.is_symlink(), "{name} is still a link");
    }
    for name in ["reports/old.json", "reports/new.json"] {
        assert!(fs::read_to_string(at(name))?.starts_with("{\"version\":1"), "{name}");
    }
    assert_eq!(fs::metadata(at("reports/old.json"))?.permissions().mode() & 0o777, 0o600);
    assert!(!fs::metadata("/dev/null")?.is_file());
    assert_eq!(fs::read_dir(at("reports"))?.count(), 2, "nothing is left aside");
    let stdout_device = ffilint(folder.path(), &["-q", "-f", "json=/dev/stdout"])?;
    assert!(stdout(&stdout_device).starts_with("{\"version\":1"), "{}", stderr(&stdout_device));
    assert_eq!(code(&ffilint(folder.path(), &["-f", "json=reports"])?), 2);
    Ok(())
}

#[cfg(unix)]
#[test]
fn named_links_do_not_move_the_project() -> Outcome {
    use std::os::unix::fs::symlink;

    let elsewhere = project(&[("leak.dart", LEAK.as_bytes())])?;
    let folder = project(&[("lib/leak.dart", LEAK.as_bytes()), ("lib/fine.dart", CLEAN.as_bytes())])?;
    let at = |name: &str| folder.path().join(name);
    symlink("/dev/zero", at("zero.dart"))?;
    symlink(elsewhere.path().join("leak.dart"), at("out.dart"))?;
    symlink("lib/leak.dart", at("in.dart"))?;
    let made = Command::new("mkfifo").arg(at("pipe.dart")).status()?;
    assert!(made.success());
    for (name, reason) in [
        ("zero.dart", "leads out of the project"),
        ("out.dart", "leads out of the project"),
        ("pipe.dart", "not a regular file"),
        ("/dev/zero", "not a regular file"),
    ] {
        let output = ffilint(folder.path(), &[name])?;
        assert_eq!(code(&output), 2, "{name}: {}{}", stdout(&output), stderr(&output));
        assert!(stderr(&output).contains(reason), "{name}: {}", stderr(&output));
        assert!(!stderr(&output).contains("name files or folders that exist"), "{}", stderr(&output));
    }
    let inside = json(folder.path(), &["in.dart"])?;
    assert_eq!(inside["findings"][0]["location"]["path"], "lib/leak.dart");
    // A link to a whole project is that project.
    symlink(elsewhere.path(), at("project"))?;
    assert_eq!(code(&ffilint(folder.path(), &["project"])?), 1);
    Ok(())
}

#[test]
fn named_files_that_cannot_be_analysed_exit_with_2() -> Outcome {
    let odd = format!("// calloc {}\n", "\u{e9}".repeat(10_000));
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend("void main() {}".encode_utf16().flat_map(u16::to_le_bytes));
    let bare: Vec<u8> = "void main() {}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let large = " ".repeat(5 * 1024 * 1024);
    let folder = project(&[
        ("fine.dart", CLEAN.as_bytes()),
        ("nul.dart", b"// calloc\0\n"),
        ("odd.dart", odd.as_bytes()),
        ("utf16.dart", &utf16),
        ("bare.dart", &bare),
        ("large.dart", large.as_bytes()),
        ("latin1.dart", b"// caf\xe9\n"),
    ])?;
    for (name, reason) in [
        ("nul.dart", "NUL byte at offset 9"),
        ("odd.dart", "too long runs"),
        ("utf16.dart", "UTF-16, not UTF-8"),
        ("bare.dart", "NUL byte at offset 1"),
        ("large.dart", "more than the limit"),
        ("latin1.dart", "not UTF-8 at byte 6"),
    ] {
        let output = ffilint(folder.path(), &[name])?;
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{name}: {said}");
        assert!(said.contains(&format!("cannot read {name}: ")) && said.contains(reason), "{name}: {said}");
        assert!(!said.contains("name files or folders that exist"), "{said}");
    }
    // Met on the way they are said, and no more.
    let output = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("6 skipped"), "{}", stdout(&output));
    assert!(stderr(&output).contains("skipped bare.dart: a NUL byte"), "{}", stderr(&output));
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_said() -> Outcome {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = project(&[("fine.dart", CLEAN.as_bytes())])?;
    let name = OsStr::from_bytes(b"caf\xe9.dart");
    fs::write(folder.path().join(name), LEAK)?;
    let output = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("skipped caf\u{fffd}.dart: its name is not UTF-8"), "{}", stderr(&output));
    let named = Command::new(env!("CARGO_BIN_EXE_ffilint")).current_dir(folder.path()).arg(name).output()?;
    assert_eq!(code(&named), 2, "{}", stderr(&named));
    assert!(stderr(&named).contains("its name is not UTF-8"), "{}", stderr(&named));
    Ok(())
}

#[test]
fn threads_are_capped() -> Outcome {
    let folder = project(&[("leak.dart", LEAK.as_bytes())])?;
    let output = ffilint(folder.path(), &["-v", "-j", "1000000"])?;
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("-j 1000000 is more than 4 for each core"), "{}", stderr(&output));
    assert_eq!(code(&ffilint(folder.path(), &["-j", "0"])?), 1);
    assert!(stdout(&ffilint(folder.path(), &["check", "--help"])?).contains("0 means one for each core"));
    Ok(())
}

#[test]
fn a_report_for_machines_has_stdout_for_itself() -> Outcome {
    let folder = project(&[("leak.dart", LEAK.as_bytes())])?;
    for formats in [["-f", "json", "-f", "json"], ["-f", "concise", "-f", "json"]] {
        let output = ffilint(folder.path(), &formats)?;
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
        assert!(stderr(&output).contains("`json` must have stdout for itself"), "{}", stderr(&output));
    }
    for (formats, message) in [
        (["-f", "json=a.json", "-f", "sarif=a.json"], "two reports go to a.json"),
        (["-f", "full", "-f", "full"], "`full` is asked for twice"),
        (["-f", "full", "-f", "concise=leak.dart"], "leak.dart is a file of a project"),
        (["-f", "full", "-f", "json=ffilint.toml"], "ffilint.toml is a file of a project"),
        (["-f", "json=a.json", "-f", "sarif=./a.json"], "two reports go to ./a.json"),
        (["-f", "full", "-f", "sarif=out/a.sarif"], "cannot write out/a.sarif: no such file or directory"),
    ] {
        let output = ffilint(folder.path(), &formats)?;
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{formats:?}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(folder.path().join("leak.dart"))?, LEAK);
    let output = ffilint(folder.path(), &["-f", "json=-"])?;
    assert!(stdout(&output).starts_with('{') && !folder.path().join("-").exists(), "this is stdout");
    Ok(())
}

#[cfg(unix)]
#[test]
fn configuration_errors_are_brief_and_have_no_numbers_of_the_system() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = project(&[("leak.dart", LEAK.as_bytes())])?;
    let config = folder.path().join("ffilint.toml");
    let said = |text: &[u8]| -> Result<String, Box<dyn Error>> {
        fs::write(&config, text)?;
        let output = ffilint(folder.path(), &[])?;
        assert_eq!(code(&output), 2);
        Ok(stderr(&output))
    };
    assert!(said(b"# a\n# \xe9\n")?.contains("ffilint.toml:2: not UTF-8"));
    assert!(said(b"\nskip = [\n\"[\"]")?.contains("ffilint.toml:3: `[` is no pattern"));
    assert!(said(format!("{} = 1", "k".repeat(9_000)).as_bytes())?.len() < 500);
    fs::write(&config, "")?;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o000))?;
    // Root reads it all the same.
    assert!(!stderr(&ffilint(folder.path(), &[])?).contains("os error"));
    let output = ffilint(folder.path(), &["--isolated", "-f", "json=no/such/folder/report.json"])?;
    assert!(stderr(&output).contains("no such file or directory; name a file in a folder that exists"));
    Ok(())
}

#[test]
fn incomplete_functions_are_named() -> Outcome {
    let text = format!("{CLEAN}\nclass Half {{\n  void broken() {{\n    f(;\n  }}\n}}\n");
    let folder = project(&[("half.dart", text.as_bytes())])?;
    let output = ffilint(folder.path(), &["-v"])?;
    let expected = "half.dart:11: `Half.broken` overlaps a syntax error; it was not analysed to its end";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    Ok(())
}

#[test]
fn what_is_only_handed_over_is_not_called_released() -> Outcome {
    let text = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nPointer<Int32>? make(bool fails) {\n  \
                final cell = calloc<Int32>();\n  cell.value = 1;\n  if (fails) {\n    return null;\n  }\n  \
                return cell;\n}\n";
    let folder = project(&[("make.dart", text.as_bytes())])?;
    let report = json(folder.path(), &[])?;
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "leak_on_some_path", "{report}");
    let said = finding["message"].to_string();
    assert!(said.contains("is not released or handed over when `fails` is true"), "{said}");
    assert_eq!(finding["help"], "release it with `calloc.free` on the path that does not hand it over");
    Ok(())
}

#[test]
fn what_is_not_there_is_said_and_nothing_else() -> Outcome {
    let folder = project(&[("lib/a.dart", CLEAN.as_bytes())])?;
    let output = ffilint(folder.path(), &["nope"])?;
    assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
    assert!(stderr(&output).contains("cannot read nope"), "{}", stderr(&output));
    let output = ffilint(folder.path(), &["--no-progress", "baseline", "create"])?;
    assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
    assert!(stderr(&output).contains("`baseline` is a command: write it first"), "{}", stderr(&output));
    // A file that is named has no configuration in it.
    fs::remove_file(folder.path().join("ffilint.toml"))?;
    fs::create_dir(folder.path().join(".git"))?;
    let output = ffilint(folder.path(), &["-q", "lib/a.dart"])?;
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    Ok(())
}
