//! The platforms that packages are built for: what holds on others only is nothing to report.

use std::error::Error;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::cli::{LEAK, code, ffilint, json, stderr, stdout};
use crate::support::Outcome;

/// Right where `malloc` of package:ffi is the C library's, wrong on Windows.
const ON_WINDOWS: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n\
    @Native<Pointer<Void> Function(Size)>(symbol: 'malloc')\nexternal Pointer<Void> cMalloc(int size);\n\n\
    void main() {\n  final block = cMalloc(8);\n  malloc.free(block);\n}\n";

const APP: &str = "name: app\npublish_to: 'none'\ndependencies:\n  ffi: ^2.1.0\n";
const PACKAGE: &str = "name: package\ndependencies:\n  ffi: ^2.1.0\n";

fn plugin(platforms: &[&str]) -> String {
    let platforms: String = platforms.iter().map(|name| format!("      {name}:\n        ffiPlugin: true\n")).collect();
    format!("{PACKAGE}flutter:\n  plugin:\n    platforms:\n{platforms}")
}

/// A repository with a package: its `pubspec.yaml`, a file with the fault, and folders.
fn package(pubspec: &str, file: &str, folders: &[&str]) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join(".git"))?;
    put(folder.path(), pubspec, file, folders)?;
    Ok(folder)
}

fn put(at: &Path, pubspec: &str, file: &str, folders: &[&str]) -> Outcome {
    fs::create_dir_all(at.join("lib"))?;
    fs::write(at.join("pubspec.yaml"), pubspec)?;
    fs::write(at.join(file), ON_WINDOWS)?;
    for name in folders {
        fs::create_dir(at.join(name))?;
    }
    Ok(())
}

/// The findings as `path rule targets`.
fn found(folder: &Path, arguments: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let report = json(folder, arguments)?;
    let findings = report["findings"].as_array().into_iter().flatten();
    let shown = |finding: &serde_json::Value| {
        let targets = finding["targets"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
        let targets = targets.collect::<Vec<_>>().join(",");
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {} {targets}", word(&finding["location"]["path"]), word(&finding["rule"]))
    };
    Ok(findings.map(shown).collect())
}

const MAIN: &str = "lib/main.dart mismatched_deallocator windows";
const CODE: &str = "lib/code.dart mismatched_deallocator windows";

#[test]
fn an_application_is_looked_at_for_the_platforms_of_its_folders() -> Outcome {
    for (pubspec, file, folders, expected) in [
        (APP, "lib/main.dart", &["android", "ios"][..], &[][..]),
        (APP, "lib/main.dart", &["android", "ios", "windows"], &[MAIN]),
        (APP, "lib/main.dart", &["web"], &[MAIN]),
        (APP, "lib/main.dart", &[], &[MAIN]),
        // Others may use it, on whatever platform.
        (PACKAGE, "lib/main.dart", &["android", "ios"], &[MAIN]),
        (APP, "lib/code.dart", &["android", "ios"], &[CODE]),
        (PACKAGE, "lib/code.dart", &[], &[CODE]),
        (&plugin(&["android", "ios"]), "lib/code.dart", &[], &[]),
        (&plugin(&["android", "windows"]), "lib/code.dart", &[], &[CODE]),
        (&plugin(&["web"]), "lib/code.dart", &[], &[CODE]),
    ] {
        let folder = package(pubspec, file, folders)?;
        assert_eq!(found(folder.path(), &[])?, expected, "{pubspec}{folders:?}");
    }
    Ok(())
}

#[test]
fn whoever_names_targets_is_obeyed() -> Outcome {
    let folder = package(APP, "lib/main.dart", &["android"])?;
    let folder = folder.path();
    assert_eq!(found(folder, &[])?, Vec::<String>::new());
    assert_eq!(found(folder, &["--targets", "windows,android"])?, [MAIN]);
    let told = stdout(&ffilint(folder, &["doctor"])?);
    assert!(told.contains("package app: ffi 2.1.0; built for android\n"), "{told}");
    fs::write(folder.join("ffilint.toml"), "targets = [\"windows\", \"android\"]\n")?;
    assert_eq!(found(folder, &[])?, [MAIN]);
    assert_eq!(code(&ffilint(folder, &["baseline", "create"])?), 0);
    assert_eq!(found(folder, &[])?, Vec::<String>::new());
    Ok(())
}

#[test]
fn each_package_of_a_repository_has_its_own() -> Outcome {
    let folder = package(APP, "lib/main.dart", &["android"])?;
    let core = folder.path().join("packages/core");
    put(&core, PACKAGE, "lib/code.dart", &[])?;
    fs::write(folder.path().join("lib/leak.dart"), LEAK)?;
    let report = json(folder.path(), &[])?;
    assert_eq!(
        found(folder.path(), &[])?,
        [
            "lib/leak.dart leaked_allocation windows,posix,ohos",
            "packages/core/lib/code.dart mismatched_deallocator windows"
        ]
    );
    let message = report["findings"][0]["message"].as_str().unwrap_or_default();
    assert!(!message.contains(", on "), "{message}");
    Ok(())
}

#[test]
fn a_run_that_takes_too_long_says_what_was_not_read() -> Outcome {
    let folder = package(PACKAGE, "lib/code.dart", &[])?;
    let folder = folder.path();
    assert_eq!(found(folder, &["--timeout", "600"])?, [CODE]);
    let output = ffilint(folder, &["--timeout", "0.000001", "-f", "json"])?;
    assert_eq!((code(&output), stdout(&output)), (2, String::new()), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.starts_with("ffilint: stopped after 0.000001 s (--timeout): "), "{told}");
    assert!(told.ends_with("nothing is reported\n"), "{told}");
    for wrong in ["0", "-1", "x", "1e400"] {
        let output = ffilint(folder, &["--timeout", wrong])?;
        assert!(code(&output) == 2, "{wrong}: {}", stderr(&output));
    }
    Ok(())
}

#[test]
fn notes_are_fatal_where_dart_says_so() -> Outcome {
    let folder = package(PACKAGE, "lib/code.dart", &[])?;
    fs::write(folder.path().join("ffilint.toml"), "[rules]\nall = \"note\"\n")?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 0);
    assert_eq!(code(&ffilint(folder.path(), &["--fatal-infos"])?), 1);
    assert_eq!(code(&ffilint(folder.path(), &["--fatal-infos", "--exit-zero"])?), 2);
    assert_eq!(code(&ffilint(folder.path(), &["--fatal-infos", "--fail-on", "error"])?), 2);
    Ok(())
}
