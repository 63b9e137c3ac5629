//! Several packages in one repository: a binding in one, its C in another, a leak in a third.

use std::error::Error;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::cli::{ffilint, json, stdout};
use crate::support::Outcome;

const BINDINGS: &str = "import 'dart:ffi';\n\n@Native<Pointer<Char> Function()>(symbol: 'buf_new')\n\
                        external Pointer<Char> bufNew();\n\n@Native<Void Function(Pointer<Char>)>(symbol: 'buf_free')\n\
                        external void bufFree(Pointer<Char> buf);\n";
const NATIVE: &str = "#include <stdlib.h>\n#define EXPORT __attribute__((visibility(\"default\")))\n\n\
                      EXPORT char *buf_new(void) {\n  return calloc(8, 1);\n}\n\nEXPORT void buf_free(char *buf) {\n  \
                      free(buf);\n}\n";
const APP: &str = "import 'dart:ffi';\nimport 'package:bindings/bindings.dart';\n\nint leak() {\n  \
                   final buf = bufNew();\n  return buf.value;\n}\n\nint fine() {\n  final buf = bufNew();\n  \
                   final value = buf.value;\n  bufFree(buf);\n  return value;\n}\n";

/// A repository of these files and three packages; `resolution` stands in the pubspec of each.
fn packages(resolution: &str, files: &[(&str, &str)]) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let pubspec = |name: &str| format!("name: {name}\n{resolution}environment:\n  sdk: ^3.6.0\n");
    let (bindings, native, app) = (pubspec("bindings"), pubspec("native"), pubspec("app"));
    let own = [
        ("packages/bindings/pubspec.yaml", bindings.as_str()),
        ("packages/bindings/lib/bindings.dart", BINDINGS),
        ("packages/native/pubspec.yaml", native.as_str()),
        ("packages/native/src/buf.c", NATIVE),
        ("packages/app/pubspec.yaml", app.as_str()),
        ("packages/app/lib/app.dart", APP),
    ];
    for (name, text) in own.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        fs::write(path, text)?;
    }
    Ok(folder)
}

/// The one leak is found, with what lies in the other packages.
fn leaks(folder: &Path, arguments: &[&str], path: &str) -> Outcome {
    let report = json(folder, arguments)?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    assert_eq!(findings.len(), 1, "{report}");
    let finding = &findings[0];
    assert_eq!((&finding["rule"], &finding["location"]["path"]), (&"leaked_allocation".into(), &path.into()));
    assert_eq!(finding["location"]["start"]["line"], 5);
    assert_eq!(report["summary"]["links"]["resolved"], 2, "{report}");
    Ok(())
}

#[test]
fn packages_of_a_pub_workspace_are_one_project() -> Outcome {
    let root = "name: _\nenvironment:\n  sdk: ^3.6.0\nworkspace:\n  - packages/bindings\n  - packages/native\n  - packages/app\n";
    let lock = "packages:\n  ffi:\n    dependency: transitive\n    version: \"2.1.3\"\n";
    let folder = packages("resolution: workspace\n", &[("pubspec.yaml", root), ("pubspec.lock", lock)])?;
    let app = "packages/app/lib/app.dart";
    leaks(folder.path(), &[], app)?;
    leaks(folder.path(), &["packages/app"], app)?;
    // The outermost pubspec is the workspace's.
    leaks(&folder.path().join("packages/app"), &[], "lib/app.dart")?;
    fs::create_dir(folder.path().join(".git"))?;
    leaks(&folder.path().join("packages/app"), &[], "lib/app.dart")?;
    let told = stdout(&ffilint(folder.path(), &["doctor"])?);
    for package in ["_", "app", "bindings", "native"] {
        assert!(told.contains(&format!("  package {package}: ffi 2.1.3\n")), "{told}");
    }
    fs::write(folder.path().join("packages/native/src/buf.c"), "int nothing;\n")?;
    assert_eq!(json(folder.path(), &[])?["findings"].as_array().map(Vec::len), Some(0), "the C decides");
    Ok(())
}

#[test]
fn packages_of_a_melos_repository_are_one_project() -> Outcome {
    let melos = "name: house\npackages:\n  - packages/*\n";
    let locks = [
        ("melos.yaml", melos),
        ("packages/app/pubspec.lock", "packages:\n  ffi:\n    version: \"2.1.3\"\n"),
        ("packages/bindings/pubspec.lock", "packages:\n  ffi:\n    version: \"1.2.1\"\n"),
    ];
    let folder = packages("", &locks)?;
    fs::create_dir(folder.path().join(".git"))?;
    let app = "packages/app/lib/app.dart";
    leaks(folder.path(), &[], app)?;
    leaks(folder.path(), &[app], app)?;
    leaks(&folder.path().join("packages/app"), &[], "lib/app.dart")?;
    let told = stdout(&ffilint(folder.path(), &["doctor"])?);
    for package in ["app: ffi 2.1.3", "bindings: ffi 1.2.1", "native: no modelled package"] {
        assert!(told.contains(&format!("  package {package}\n")), "{told}");
    }
    Ok(())
}
