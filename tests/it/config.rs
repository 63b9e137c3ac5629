//! The configuration as the real binary obeys it: in TOML, in `analysis_options.yaml`, and in what that includes.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::cli::{CLEAN, LEAK, code, ffilint, json, stderr, stdout};
use crate::support::Outcome;

/// A repository with these files and nothing else.
fn repository(files: &[(&str, &str)]) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join(".git"))?;
    write(folder.path(), files)?;
    Ok(folder)
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Outcome {
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// The findings as `path rule level`.
fn found(folder: &Path, arguments: &[&str]) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let report = json(folder, arguments)?;
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    Ok(findings
        .map(|f| format!("{} {} {}", word(&f["location"]["path"]), word(&f["rule"]), word(&f["level"])))
        .collect())
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

const A: &str = "lib/a.dart leaked_allocation warning";
const B: &str = "lib/b.dart leaked_allocation warning";

#[test]
fn analysis_options_may_hold_the_configuration() -> Outcome {
    let folder = repository(&[("pubspec.yaml", "name: p\n"), ("lib/a.dart", LEAK), ("lib/b.dart", LEAK)])?;
    let folder = folder.path();
    assert_eq!(found(folder, &[])?, set(&[A, B]));
    for (yaml, expected) in [
        ("ffilint:\n  rules:\n    leaked_allocation: off\n", set(&[])),
        ("linter:\n  rules:\n    - x\nffilint:\n  exclude:\n    - lib/b.dart\n", set(&[A])),
        (
            "ffilint: {exclude: [\"/lib/b.*\"], rules: {leaked_allocation: error}}\n",
            set(&["lib/a.dart leaked_allocation error"]),
        ),
        ("ffilint:\n", set(&[A, B])),
        ("# ffilint:\n", set(&[A, B])),
        ("other:\n  ffilint:\n    exlude: 3\n", set(&[A, B])),
    ] {
        write(folder, &[("analysis_options.yaml", yaml)])?;
        assert_eq!(found(folder, &[])?, expected, "{yaml}");
    }
    write(folder, &[("analysis_options.yaml", "ffilint:\n  exclude: [lib/]\n"), ("ffilint.toml", "")])?;
    assert_eq!(found(folder, &[])?, set(&[A, B]), "ffilint.toml counts alone");
    assert_eq!(found(folder, &["--isolated"])?, set(&[A, B]));
    fs::remove_file(folder.join("ffilint.toml"))?;
    assert_eq!(found(folder, &[])?, set(&[]));
    assert_eq!(found(folder, &["--isolated"])?, set(&[A, B]));
    Ok(())
}

#[test]
fn mistakes_in_yaml_are_told_with_their_line() -> Outcome {
    let folder = repository(&[("lib/a.dart", LEAK)])?;
    let folder = folder.path();
    for (yaml, said) in [
        (
            "linter:\n\nffilint:\n  exlude:\n    - x\n",
            "analysis_options.yaml:4: unknown key `exlude`; did you mean `exclude`?",
        ),
        (
            "ffilint:\n  skip: 3\n",
            "analysis_options.yaml:2: `skip` is a list of patterns, and `3` is none: write `skip: [\"old/\"]`",
        ),
        (
            "ffilint:\n  rules:\n    leaked_allocation: 3\n",
            "analysis_options.yaml:3: `leaked_allocation` is a level: off, note, warning or error, and `3` is none",
        ),
        (
            "ffilint:\n  baseline: {path: 3}\n",
            "analysis_options.yaml:2: `path` is a file, and `3` is none: write `path: \"tool/known.txt\"`",
        ),
        ("ffilint:\n  baseline:\n    path: \"\"\n", "analysis_options.yaml:3: `path` of `[baseline]` names a file"),
        (
            "x: &levels\n  leaked_alocation: off\n\nffilint:\n  rules: *levels\n",
            "analysis_options.yaml:5: there is no rule `leaked_alocation`; did you mean `leaked_allocation`?; `ffilint \
             rules` lists them; it is written in line 2",
        ),
        (
            "x: &a\n  - \"[\"\nffilint:\n  skip: [ok]\n  exclude: *a\n",
            "analysis_options.yaml:5: `[` is no pattern: unclosed character class; missing ']'; it is written in line 2",
        ),
        (
            "x: &a windos\nffilint:\n  targets:\n    - linux\n    - *a\n",
            "analysis_options.yaml:5: there is no target `windos`",
        ),
        (
            "ffilint:\n  skip: [a]\n  rules: {}\n  skip: [b]\n",
            "analysis_options.yaml:4: the key `skip` stands in line 2 already; a key stands once",
        ),
        (
            "linter:\nffilint:\n  skip: [a]\n# again\n\"ffilint\":\n",
            "analysis_options.yaml:5: the key `ffilint` stands in line 2 already",
        ),
        (
            "x: {skip: 1}\nffilint: {skip: [a], rules: {double_free: off,\n skip: off}, skip: [b]}\n",
            "analysis_options.yaml:3: the key `skip` stands in line 2 already",
        ),
        ("ffilint:\n  exclude: [../lib]\n", "analysis_options.yaml:2: `../lib` is no pattern: patterns count from"),
        ("ffilint:\n  rules:\n    # all\n    leaked_alocation: off\n", "analysis_options.yaml:4: there is no rule"),
        (
            "ffilint:\n  rules:\n    leaked_allocation: of\n",
            "analysis_options.yaml:3: unknown value `of`; did you mean `off`?",
        ),
        ("ffilint:\n  targets:\n    - linux\n    - windos\n", "analysis_options.yaml:4: there is no target `windos`"),
        ("ffilint:\n  exclude:\n    - \"[\"\n", "analysis_options.yaml:3: `[` is no pattern"),
        ("ffilint:\n  exclude:\n", "analysis_options.yaml:2: `exclude` has no value; leave the key out"),
        (
            "ffilint:\n  project:\n    nativ: [x]\n",
            "analysis_options.yaml:3: unknown key `nativ`; did you mean `native`?",
        ),
        (
            "ffilint:\n  per-file-ignores:\n    lib/:\n      - leaked\n",
            "analysis_options.yaml:4: there is no rule `leaked`",
        ),
        ("ffilint:\n  classes:\n    dispose:\n      - tear down\n", "analysis_options.yaml:4: `tear down` is no name"),
        (
            "ffilint:\n  function:\n    - symbol: x\n",
            "analysis_options.yaml:2: `function`: models are written in TOML; write them into a file and name that in",
        ),
        ("ffilint: [a\nb: }\n", "analysis_options.yaml:2: not YAML"),
        ("ffilint: on\n", "analysis_options.yaml:1: `ffilint` holds keys and values"),
    ] {
        write(folder, &[("analysis_options.yaml", yaml)])?;
        let output = ffilint(folder, &[])?;
        let told = stderr(&output);
        assert!(code(&output) == 2 && told.contains(said), "{yaml}{told}");
        assert_eq!(code(&ffilint(folder, &["--isolated"])?), 1, "{yaml}");
    }
    // What others read is theirs to complain about.
    write(folder, &[("analysis_options.yaml", "analyzer:\n  exclude: [a\n  b: }\n")])?;
    let output = ffilint(folder, &["-v"])?;
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("analysis_options.yaml: not YAML at line 3"), "{}", stderr(&output));
    assert_eq!(stderr(&ffilint(folder, &[])?), "");
    Ok(())
}

#[test]
fn includes_are_followed_and_the_nearer_file_counts() -> Outcome {
    let package_config = "{\"configVersion\": 2, \"packages\": [\
                          {\"name\": \"house\", \"rootUri\": \"../house\", \"packageUri\": \"lib/\"}]}";
    let folder = repository(&[
        ("lib/a.dart", LEAK),
        ("lib/b.dart", LEAK),
        (".dart_tool/package_config.json", package_config),
        ("analysis_options.yaml", "include: tools/shared.yaml\nffilint:\n  rules:\n    leaked_allocation: error\n"),
        (
            "tools/shared.yaml",
            "include: package:house/lints.yaml\nffilint:\n  rules:\n    leaked_allocation: off\n    double_free: off\n",
        ),
        ("house/lib/lints.yaml", "include: more.yaml\nffilint:\n  exclude: [lib/b.dart]\n"),
        ("house/lib/more.yaml", "include: lints.yaml\nffilint:\n  min-confidence: high\n"),
    ])?;
    let folder = folder.path();
    assert_eq!(found(folder, &[])?, set(&["lib/a.dart leaked_allocation error"]));
    let shown = stdout(&ffilint(folder, &["config", "show"])?);
    for (setting, from) in [
        ("leaked_allocation = \"error\"", "analysis_options.yaml:4"),
        ("double_free = \"off\"", "tools/shared.yaml:5"),
        ("exclude = [\"lib/b.dart\"]", "house/lib/lints.yaml:3"),
        ("min-confidence = \"high\"", "house/lib/more.yaml:3"),
    ] {
        let line = shown.lines().find(|line| line.contains(setting)).unwrap_or_default();
        assert!(line.ends_with(&format!("# {from}")), "{setting}: {line}\n{shown}");
    }
    let told = stderr(&ffilint(folder, &["-v"])?);
    assert!(told.contains("more.yaml: includes `lints.yaml`, which includes it again"), "{told}");

    // The last of a list counts most.
    write(
        folder,
        &[
            ("analysis_options.yaml", "include:\n  - one.yaml\n  - two.yaml\n"),
            ("one.yaml", "ffilint:\n  exclude: [lib/a.dart]\n  check-vendored: true\n"),
            ("two.yaml", "ffilint:\n  exclude: [lib/b.dart]\n"),
        ],
    )?;
    assert_eq!(found(folder, &[])?, set(&[A]));

    write(folder, &[("two.yaml", "ffilint:\n  exclud: [lib/b.dart]\n")])?;
    let output = ffilint(folder, &[])?;
    assert!(code(&output) == 2 && stderr(&output).contains("two.yaml:2: unknown key `exclud`"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn includes_that_are_not_there_are_a_note() -> Outcome {
    let folder = repository(&[
        ("lib/a.dart", LEAK),
        ("lib/b.dart", LEAK),
        (
            "analysis_options.yaml",
            "include: [\"package:lints/recommended.yaml\", nowhere.yaml]\nffilint:\n  exclude: [lib/b.dart]\n",
        ),
    ])?;
    let output = ffilint(folder.path(), &[])?;
    assert_eq!((code(&output), stderr(&output)), (1, String::new()));
    let told = stderr(&ffilint(folder.path(), &["-v"])?);
    assert!(told.contains("includes `package:lints/recommended.yaml`, which is not read: the Dart tools"), "{told}");
    assert!(told.contains("includes `nowhere.yaml`, which is not read: no such file or directory"), "{told}");
    assert_eq!(told.matches("nowhere.yaml").count(), 1, "{told}");
    let told = stderr(&ffilint(folder.path(), &["config", "show"])?);
    assert!(told.contains("includes `nowhere.yaml`, which is not read"), "{told}");
    assert_eq!(found(folder.path(), &[])?, set(&[A]));
    Ok(())
}

#[test]
fn the_nearest_options_count_where_the_root_has_none() -> Outcome {
    let folder = repository(&[
        ("app/pubspec.yaml", "name: app\n"),
        ("app/analysis_options.yaml", "ffilint:\n  exclude: [/lib/b.dart]\n"),
        ("app/lib/a.dart", LEAK),
        ("app/lib/b.dart", LEAK),
        ("lib/b.dart", LEAK),
    ])?;
    let folder = folder.path();
    let app = "app/lib/a.dart leaked_allocation warning";
    let other = "app/lib/b.dart leaked_allocation warning";
    assert_eq!(found(folder, &["app"])?, set(&[app]));
    assert_eq!(found(folder, &["app/lib/a.dart", "app/lib/b.dart"])?, set(&[app]));
    assert_eq!(found(&folder.join("app"), &[])?, set(&[A]), "the working directory");
    assert_eq!(found(folder, &[])?, set(&[app, other, B]), "nothing is above all of it");
    write(folder, &[("analysis_options.yaml", "ffilint:\n  exclude: [/lib/b.dart]\n")])?;
    assert_eq!(found(folder, &["app"])?, set(&[app, other]), "the root's counts first");
    Ok(())
}

#[test]
fn what_a_broken_file_includes_is_not_lost_in_silence() -> Outcome {
    let folder = repository(&[
        ("lib/a.dart", LEAK),
        ("lib/b.dart", LEAK),
        ("analysis_options.yaml", "include: shared.yaml\nlinter:\n  rules: [a\n  b: }\n"),
        ("shared.yaml", "ffilint:\n  exclude: [lib/b.dart]\n"),
    ])?;
    let folder = folder.path();
    let lost = "analysis_options.yaml: not YAML at line 4, column 4; what it includes is not read";
    for arguments in [&[][..], &["-q"], &["-v"], &["doctor"], &["config", "show"]] {
        let told = stderr(&ffilint(folder, arguments)?);
        assert_eq!(told.matches(lost).count(), 1, "{arguments:?}: {told}");
    }
    assert_eq!(stderr(&ffilint(folder, &["--isolated"])?), "");
    // Where it says nothing for us nothing is lost.
    write(folder, &[("ffilint.toml", "exclude = [\"lib/b.dart\"]\n")])?;
    assert_eq!(stderr(&ffilint(folder, &[])?), "");
    fs::remove_file(folder.join("ffilint.toml"))?;
    write(folder, &[("analysis_options.yaml", "include: shared.yaml\n")])?;
    assert_eq!((found(folder, &[])?, stderr(&ffilint(folder, &[])?)), (set(&[A]), String::new()));
    Ok(())
}

#[test]
fn patterns_that_can_match_nothing_are_told() -> Outcome {
    let folder = repository(&[("lib/a.dart", LEAK)])?;
    let folder = folder.path().canonicalize()?;
    let absolute = folder.join("lib").display().to_string();
    for key in ["exclude", "skip"] {
        for (pattern, why) in [
            ("../lib", "and it leaves that"),
            ("lib/../../x", "and it leaves that"),
            ("!../lib", "and it leaves that"),
            ("./lib", "in patterns `.` is no folder"),
            ("~/lib", "patterns count from the folder of the file they stand in"),
            ("C:/lib", "patterns count from the folder of the file they stand in"),
            (absolute.as_str(), "write `/lib`"),
        ] {
            write(&folder, &[("ffilint.toml", &format!("\n{key} = [\n\"x\",\n\"{pattern}\"]\n"))])?;
            let output = ffilint(&folder, &[])?;
            let told = stderr(&output);
            assert!(code(&output) == 2 && told.contains("ffilint.toml:4: `"), "{pattern}: {told}");
            assert!(told.contains(" is no pattern: ") && told.contains(why), "{pattern}: {told}");
        }
    }
    write(&folder, &[("ffilint.toml", &format!("[per-file-ignores]\n\"{absolute}/\" = [\"all\"]\n"))])?;
    let output = ffilint(&folder, &[])?;
    assert!(code(&output) == 2 && stderr(&output).contains("ffilint.toml:2: `"), "{}", stderr(&output));
    for pattern in ["/lib/", "lib/**", "**/a.dart", "*.dart", "/lib", "li[bc]/"] {
        write(&folder, &[("ffilint.toml", &format!("exclude = [\"{pattern}\"]\n"))])?;
        assert_eq!(found(&folder, &[])?, set(&[]), "{pattern}");
    }
    Ok(())
}

#[test]
fn all_rules_may_be_set_at_once() -> Outcome {
    let folder =
        repository(&[("lib/a.dart", LEAK), ("base.yaml", "ffilint:\n  rules:\n    leaked_allocation: error\n")])?;
    let folder = folder.path();
    for (toml, expected) in [
        ("[rules]\nall = \"off\"\n", set(&[])),
        ("[rules]\nall = \"off\"\nleaked_allocation = \"note\"\n", set(&["lib/a.dart leaked_allocation note"])),
        ("[rules]\nleaked_allocation = \"off\"\nall = \"error\"\n", set(&[])),
    ] {
        write(folder, &[("ffilint.toml", toml)])?;
        assert_eq!(found(folder, &[])?, expected, "{toml}");
    }
    fs::remove_file(folder.join("ffilint.toml"))?;
    write(folder, &[("analysis_options.yaml", "include: base.yaml\nffilint:\n  rules: {all: off}\n")])?;
    assert_eq!(found(folder, &[])?, set(&[]), "the nearer file counts");
    let shown = stdout(&ffilint(folder, &["config", "show"])?);
    assert!(shown.contains("all = \"off\"") && !shown.contains("leaked_allocation"), "{shown}");
    Ok(())
}

#[test]
fn doctor_names_the_configuration() -> Outcome {
    let folder = repository(&[("lib/a.dart", LEAK)])?;
    let folder = folder.path();
    let told = |expected: &str| -> Outcome {
        let said = stdout(&ffilint(folder, &["doctor"])?);
        let line = said.lines().find(|line| line.starts_with("project ")).unwrap_or_default().to_owned();
        assert!(line.ends_with(expected), "{line}");
        Ok(())
    };
    told(" (no configuration)")?;
    write(folder, &[("analysis_options.yaml", "include: tool/base.yaml\nffilint:\n  skip: [x]\n")])?;
    write(folder, &[("tool/base.yaml", "ffilint:\n  exclude: [x]\n")])?;
    told(" (with analysis_options.yaml, tool/base.yaml)")?;
    write(folder, &[("ffilint.toml", "")])?;
    told(" (with ffilint.toml)")?;
    let json: serde_json::Value = serde_json::from_str(&stdout(&ffilint(folder, &["doctor", "-f", "json"])?))?;
    assert_eq!(json["projects"][0]["configuration"], serde_json::json!(["ffilint.toml"]));
    Ok(())
}

#[test]
fn models_named_in_yaml_are_read_and_told_with_their_place() -> Outcome {
    let folder = repository(&[
        ("lib/a.dart", LEAK),
        ("analysis_options.yaml", "ffilint:\n  models:\n    - tools/own.toml\n    - tools/no.toml\n"),
        ("tools/own.toml", "schema = 1\n[[function]]\nsymbl = \"x\"\n"),
    ])?;
    let output = ffilint(folder.path(), &[])?;
    let told = stderr(&output);
    assert!(code(&output) == 2 && told.contains("analysis_options.yaml:4: cannot read the models in"), "{told}");
    write(folder.path(), &[("tools/no.toml", "schema = 1\n")])?;
    let output = stdout(&ffilint(folder.path(), &["-f", "concise"])?);
    assert!(output.contains("tools/own.toml:3:1: error[invalid_model]: unknown field `symbl`"), "{output}");
    Ok(())
}

#[test]
fn what_the_analyzer_excludes_is_read_and_not_reported() -> Outcome {
    let folder = repository(&[
        ("pubspec.yaml", "name: p\n"),
        (
            "analysis_options.yaml",
            "include: base.yaml\nanalyzer:\n  exclude:\n    - lib/generated/**\n    - '*.dart'\n",
        ),
        ("base.yaml", "analyzer:\n  exclude: [\"**/*.part.dart\", \"src/**\"]\n"),
        ("lib/a.dart", LEAK),
        ("lib/a.part.dart", LEAK),
        ("lib/generated/x.dart", LEAK),
        ("top.dart", LEAK),
        ("inner/pubspec.yaml", "name: inner\n"),
        ("inner/analysis_options.yaml", "analyzer:\n  exclude:\n    - lib/b.dart\n"),
        ("inner/lib/b.dart", LEAK),
        ("inner/lib/c.dart", LEAK),
        ("lib/b.dart", LEAK),
    ])?;
    let inner = "inner/lib/c.dart leaked_allocation warning";
    assert_eq!(found(folder.path(), &[])?, set(&[A, B, inner]));
    assert_eq!(found(folder.path(), &["--isolated"])?.len(), 7);
    assert_eq!(json(folder.path(), &[])?["summary"]["files"]["dart"], 7, "all are read");
    // The same with a configuration of ours beside it.
    write(folder.path(), &[("ffilint.toml", "exclude = [\"lib/b.dart\"]\n")])?;
    assert_eq!(found(folder.path(), &[])?, set(&[A, inner]));
    Ok(())
}

const BINDING: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n@Native<Pointer<Char> Function()>(symbol: 'buf_new')\n\
                       external Pointer<Char> bufNew();\n\nvoid leak() {\n  final text = bufNew();\n  print(text.cast<Utf8>().toDartString());\n}\n";
const NATIVE: &str = "#include <stdlib.h>\n#define EXPORT __attribute__((visibility(\"default\")))\n\n\
                      EXPORT char *buf_new(void) {\n  return calloc(8, 1);\n}\n\nEXPORT void buf_free(char *buf) {\n  \
                      free(buf);\n}\n";

#[test]
fn what_the_analyzer_excludes_hides_no_native_code() -> Outcome {
    let folder = repository(&[
        ("pubspec.yaml", "name: p\n"),
        ("analysis_options.yaml", "analyzer:\n  exclude: [\"src/**\", \"lib/bindings.dart\"]\n"),
        ("lib/a.dart", BINDING),
        ("src/buf.c", NATIVE),
    ])?;
    assert_eq!(found(folder.path(), &[])?, set(&[A]), "what lies in src is read");
    let twice = format!(
        "{NATIVE}\n__attribute__((visibility(\"default\")))\nvoid twice(char *p) {{\n  free(p);\n  free(p);\n}}\n"
    );
    write(folder.path(), &[("src/buf.c", &twice)])?;
    assert_eq!(found(folder.path(), &[])?, set(&[A, "src/buf.c double_free error"]));
    Ok(())
}

#[test]
fn rules_may_be_ignored_in_some_files() -> Outcome {
    let folder = repository(&[("lib/a.dart", LEAK), ("lib/b.dart", LEAK), ("test/c.dart", LEAK)])?;
    let folder = folder.path();
    let c = "test/c.dart leaked_allocation warning";
    for (toml, expected) in [
        ("[per-file-ignores]\n\"test/\" = [\"leaked_allocation\"]\n", set(&[A, B])),
        ("[per-file-ignores]\n\"test/**\" = [\"double_free\"]\n\"lib/b.dart\" = [\"all\"]\n", set(&[A, c])),
        ("per-file-ignores = { \"*.dart\" = [\"leaked_allocation\"], \"!lib/a.dart\" = [\"all\"] }\n", set(&[])),
    ] {
        write(folder, &[("ffilint.toml", toml)])?;
        assert_eq!(found(folder, &[])?, expected, "{toml}");
        assert_eq!(json(folder, &[])?["summary"]["files"]["dart"], 3, "all are read");
    }
    write(folder, &[("ffilint.toml", "[per-file-ignores]\n\"lib/\" = []\n")])?;
    let output = ffilint(folder, &[])?;
    assert!(code(&output) == 2 && stderr(&output).contains("ffilint.toml:2: no rule is listed"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn native_code_beside_the_project_is_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    write(
        folder.path(),
        &[
            ("app/ffilint.toml", ""),
            ("app/pubspec.yaml", "name: app\n"),
            ("app/lib/a.dart", BINDING),
            ("native/src/buf.c", NATIVE),
        ],
    )?;
    let app = folder.path().join("app");
    assert_eq!(found(&app, &[])?, set(&[]), "nothing is known of it");
    write(&app, &[("ffilint.toml", "[project]\nnative = [\"../native\"]\n")])?;
    assert_eq!(found(&app, &[])?, set(&[A]));
    let report = json(&app, &[])?;
    assert_eq!(report["summary"]["files"]["c"], 1);
    let steps = report["findings"][0]["trace"].to_string();
    assert!(report["summary"]["skipped"].as_array().is_some_and(Vec::is_empty) && steps.contains("a.dart"), "{report}");

    write(&app, &[("ffilint.toml", "[project]\nnative = [\"../nativ\", \"lib/a.dart\"]\n")])?;
    let output = ffilint(&app, &[])?;
    let told = stderr(&output);
    assert_eq!(code(&output), 0, "{told}");
    assert!(told.contains("skipped ../nativ: no such file or directory; `native` of `[project]` names it"), "{told}");
    assert!(told.contains("skipped lib/a.dart: not a folder"), "{told}");
    Ok(())
}

#[test]
fn native_code_that_is_named_is_the_projects_own() -> Outcome {
    let twice = "#include <stdlib.h>\n__attribute__((visibility(\"default\")))\nvoid twice(char *p) {\n  free(p);\n  free(p);\n}\n";
    let folder = repository(&[("lib/a.dart", CLEAN), ("vendor/mine/twice.c", twice)])?;
    assert_eq!(found(folder.path(), &[])?, set(&[]));
    write(folder.path(), &[("ffilint.toml", "[project]\nnative = [\"vendor/mine\"]\n")])?;
    assert_eq!(found(folder.path(), &[])?, set(&["vendor/mine/twice.c double_free error"]));
    assert_eq!(json(folder.path(), &[])?["summary"]["files"]["c"], 1, "it is read once");
    Ok(())
}

#[test]
fn methods_that_release_may_be_named() -> Outcome {
    let text = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nclass _Holder {\n  final _a = calloc<Int32>();\n  \
                final _b = calloc<Int32>();\n\n  void tearDown() {\n    calloc.free(_a);\n  }\n\n  int get sum => \
                _a.value + _b.value;\n}\n\nint use() {\n  final holder = _Holder();\n  final sum = holder.sum;\n  \
                holder.tearDown();\n  return sum;\n}\n";
    let folder = repository(&[("lib/a.dart", text), ("ffilint.toml", "")])?;
    let before = stdout(&ffilint(folder.path(), &[])?);
    write(folder.path(), &[("ffilint.toml", "[classes]\ndispose = [\"tearDown\"]\n")])?;
    let after = stdout(&ffilint(folder.path(), &[])?);
    assert!(after.contains("[leaked_field]") && after.contains("tearDown"), "{after}");
    assert!(!before.contains("tearDown"), "{before}");
    write(folder.path(), &[("ffilint.toml", "[classes]\ndispose = [\"3rd\"]\n")])?;
    let output = ffilint(folder.path(), &[])?;
    assert!(code(&output) == 2 && stderr(&output).contains("ffilint.toml:2: `3rd` is no name"), "{}", stderr(&output));
    Ok(())
}

#[test]
fn what_holds_is_shown_and_a_configuration_is_begun() -> Outcome {
    let folder = repository(&[("lib/a.dart", LEAK)])?;
    let folder = folder.path();
    let shown = stdout(&ffilint(folder, &["config", "show"])?);
    for line in
        ["targets = [\"windows\", \"posix\", \"ohos\"]  # default", "path = \"ffilint-baseline.txt\"  # default"]
    {
        assert!(shown.contains(line), "{shown}");
    }
    let init = ffilint(folder, &["config", "init"])?;
    assert_eq!((code(&init), stderr(&init)), (0, String::new()));
    let written = fs::read_to_string(folder.join("ffilint.toml"))?;
    assert_eq!(stdout(&ffilint(folder, &["config", "show"])?), shown, "what is begun changes nothing");
    let again = ffilint(folder, &["config", "init"])?;
    assert!(code(&again) == 2 && stderr(&again).contains("is there already"), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(folder.join("ffilint.toml"))?, written);

    // Every key it explains is one, and is shown with its place.
    let is_said =
        |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let said: Vec<&str> = written.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_said).collect();
    assert!(said.len() > 12, "{said:?}");
    write(folder, &[("ffilint.toml", &format!("{}\n", said.join("\n"))), ("tools/ffi_models.toml", "schema = 1\n")])?;
    let output = ffilint(folder, &["config", "show"])?;
    let shown = stdout(&output);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!shown.contains("# default"), "{shown}");
    assert!(shown.contains("leak_on_throw = \"off\"  # ffilint.toml:"), "{shown}");

    let schema: serde_json::Value = serde_json::from_str(&stdout(&ffilint(folder, &["config", "schema"])?))?;
    assert_eq!(schema["title"], "ffilint.toml");
    let schema: serde_json::Value =
        serde_json::from_str(&stdout(&ffilint(folder, &["config", "schema", "--report"])?))?;
    assert_eq!(schema["title"], "ffilint report");
    Ok(())
}
