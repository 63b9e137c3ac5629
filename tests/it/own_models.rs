//! Models and comments of the project, `ffilint ownership` and `ffilint doctor`, by the real binary.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::cli::{code, ffilint, project, stderr, stdout};
use crate::git::git;
use crate::support::Outcome;

const BINDINGS: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n\
    @Native<Pointer<Uint8> Function(Int32)>(symbol: 'buf_new')\nexternal Pointer<Uint8> bufNew(int size);\n\
    @Native<Void Function(Pointer<Uint8>)>(symbol: 'buf_free')\nexternal void bufFree(Pointer<Uint8> buffer);\n";

const USES: &str = "import 'dart:ffi';\nimport 'bindings.dart';\n\nint first() {\n  final buffer = bufNew(8);\n  \
    return buffer.value;\n}\n\nint second() {\n  final buffer = bufNew(8);\n  final value = buffer.value;\n  \
    bufFree(buffer);\n  return value;\n}\n";

const FAMILY: &str = "[[family]]\nname = \"buf\"\ntitle = \"memory of buf\"\nkind = \"memory\"\n\
    release_with = [\"buf_free\"]\nsource = \"buf.h\"\n\n[[function]]\nsymbol = \"buf_free\"\n\
    effects = [{ on = \"arg0\", release = \"buf\" }]\n\n[[function]]\nsymbol = \"buf_new\"\n\
    result = { owned = \"buf\", nullable = true }\n";

fn buf(config: &str) -> Result<tempfile::TempDir, Box<dyn Error>> {
    let folder = project(&[("lib/bindings.dart", BINDINGS.as_bytes()), ("lib/uses.dart", USES.as_bytes())])?;
    fs::write(folder.path().join("ffilint.toml"), config)?;
    Ok(folder)
}

/// The findings: file, line and rule of each.
fn found(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let output = ffilint(folder, &["-f", "json"])?;
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {}", stderr(&output)))?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let shown = |finding: &serde_json::Value| {
        let place = &finding["location"];
        let path = place["path"].as_str().unwrap_or_default();
        format!("{path}:{} {}", place["start"]["line"], finding["rule"].as_str().unwrap_or_default())
    };
    Ok(findings.iter().map(shown).collect())
}

#[test]
fn entries_of_the_project_count() -> Outcome {
    let leak = vec!["lib/uses.dart:5 leaked_allocation".to_owned()];
    assert_eq!(found(buf("")?.path())?, Vec::<String>::new());
    assert_eq!(found(buf(FAMILY)?.path())?, leak);
    let folder = buf("models = [\"tools/buf.toml\"]")?;
    fs::create_dir(folder.path().join("tools"))?;
    let pack = format!("schema = 1\n\n[pack]\nid = \"buf\"\nsources = [\"buf.h\"]\n\n{FAMILY}");
    fs::write(folder.path().join("tools/buf.toml"), pack)?;
    assert_eq!(found(folder.path())?, leak);
    assert_eq!(found(&folder.path().join("lib"))?, ["uses.dart:5 leaked_allocation"]);
    let output = ffilint(folder.path(), &["--isolated"])?;
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    Ok(())
}

#[test]
fn entries_of_the_project_override_the_programs() -> Outcome {
    let dart = "import 'dart:ffi';\n@Native<Pointer<Uint8> Function(Int32)>()\nexternal Pointer<Uint8> malloc(int n);\n\
                int f() {\n  return malloc(8).value;\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes())])?;
    assert_eq!(found(folder.path())?, ["lib/a.dart:5 leaked_allocation"]);
    let own = "[[function]]\nsymbol = \"malloc\"\nresult = { static = true }\n";
    fs::write(folder.path().join("ffilint.toml"), own)?;
    assert_eq!(found(folder.path())?, Vec::<String>::new());
    Ok(())
}

#[test]
fn entries_of_the_project_count_more_than_a_body() -> Outcome {
    let c =
        "#include <stdlib.h>\nchar *buf_new(int size) { return malloc(size); }\nvoid buf_free(char *p) { free(p); }\n";
    let folder = buf("")?;
    fs::write(folder.path().join("buf.c"), c)?;
    assert_eq!(found(folder.path())?, ["lib/uses.dart:5 leaked_allocation"]);
    fs::write(folder.path().join("ffilint.toml"), "[[function]]\nsymbol = \"buf_new\"\nresult = { static = true }\n")?;
    assert_eq!(found(folder.path())?, ["lib/uses.dart:12 free_of_borrowed"]);
    fs::write(folder.path().join("ffilint.toml"), "")?;
    fs::write(folder.path().join("buf.c"), format!("#include <stdlib.h>\n// ffilint: returns unknown\n{}", &c[20..]))?;
    assert_eq!(found(folder.path())?, Vec::<String>::new());
    Ok(())
}

#[test]
fn what_is_wrong_is_told_at_its_place_and_loses_nothing_else() -> Outcome {
    let cases = [
        (
            "[[function]]\nsymbol = \"f\"\nresult = { owned = \"bof\" }\n",
            1,
            "unknown family `bof`, did you mean `buf`?",
        ),
        ("[[function]]\nsymbol = \"f\"\neffects = [{ on = \"agr0\", take = true }]\n", 1, "`agr0` is no path"),
        ("[[function]]\nsymbol = \"buf_new\"\nresult = { static = true }\n", 1, "`buf_new` is described twice"),
        ("[[function]]\nname = \"f\"\n", 1, "no import brings in `f`"),
        ("[[function]]\nsymbol = \"f\"\ntargets = [\"window\"]\n", 1, "did you mean `windows`?"),
        ("[[equivalence]]\nfamilies = [\"buf\", \"libc.maloc\"]\nsource = \"me\"\n", 1, "did you mean `libc.malloc`?"),
        (
            "[[family]]\nname = \"bif\"\ntitle = \"x\"\nkind = \"memory\"\nrelease_with = [\"buf_fre\"]\nsource = \"me\"\n",
            1,
            "did you mean `buf_free`?",
        ),
        (
            "[[family]]\nname = \"bif\"\ntitle = \"x\"\nkind = \"memory\"\nrelease_with = [\"buf_new\"]\nsource = \"me\"\n",
            1,
            "of which a model says otherwise",
        ),
    ];
    for (wrong, line, expected) in cases {
        let folder = buf(&format!("{FAMILY}\n{wrong}"))?;
        let output = ffilint(folder.path(), &[])?;
        let (said, at) = (stdout(&output), FAMILY.lines().count() + 1 + line);
        assert_eq!(code(&output), 1, "{said}");
        assert!(
            said.contains(&format!("ffilint.toml:{at}:")) && said.contains("error[invalid_model]"),
            "{said}{wrong}"
        );
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("lib/uses.dart:5:"), "{said}");
        assert!(said.contains("1 error, 1 warning"), "{said}");
    }
    let folder = buf(FAMILY)?;
    let commented = format!(
        "{BINDINGS}// ffilint: returns static\n@Native<Pointer<Uint8> Function(Int32)>(symbol: 'buf_new')\nexternal Pointer<Uint8> again(int size);\n"
    );
    fs::write(folder.path().join("lib/bindings.dart"), commented)?;
    let said = stdout(&ffilint(folder.path(), &[])?);
    assert!(
        said.contains("bindings.dart:8:1: error[invalid_model]: a model of the project says something else"),
        "{said}"
    );
    let folder = buf("")?;
    fs::create_dir(folder.path().join("tools"))?;
    fs::write(folder.path().join("tools/buf.toml"), "")?;
    fs::write(folder.path().join("ffilint.toml"), "models = [\"tools/buf.toml\"]\n[rules]\ninvalid_model = \"off\"\n")?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 0);
    Ok(())
}

#[test]
fn what_cannot_be_read_in_the_configuration_ends_the_run() -> Outcome {
    for (wrong, line, expected) in [
        ("[[function]]\nsymbol = \"f\"\nreslt = { static = true }\n", 3, "did you mean `result`?"),
        ("[[function]]\nsymbol = \"f\"\neffects = [{ on = \"arg0\", tak = true }]\n", 3, "did you mean `take`?"),
        ("[constants]\nA = \"x\"\n", 2, "invalid type"),
        ("[[family]]\nname = \"bif\"\ntitle = \"x\"\nkind = \"memry\"\n", 4, "did you mean `memory`?"),
        ("[[fonction]]\nsymbol = \"f\"\n", 1, "did you mean `function`?"),
    ] {
        let folder = buf(&format!("{FAMILY}\n{wrong}"))?;
        let line = FAMILY.lines().count() + 1 + line;
        for arguments in [&[][..], &["lib/uses.dart"], &["links"], &["doctor"], &["baseline", "create"]] {
            let output = ffilint(folder.path(), arguments)?;
            let told = stderr(&output);
            assert_eq!((code(&output), stdout(&output)), (2, String::new()), "{wrong}{told}");
            assert!(told.contains(&format!("ffilint.toml:{line}: ")) && told.contains(expected), "{wrong}{told}");
        }
        assert_eq!(code(&ffilint(folder.path(), &["--isolated"])?), 0, "{wrong}");
    }
    for (models, line, expected) in [
        (
            "models = [\n  \"tools/buf.toml\",\n  \"tools/bif.toml\",\n]",
            3,
            "no such file or directory; did you mean `buf.toml`?",
        ),
        ("\nmodels = [\"no.toml\"]", 2, "cannot read the models in `no.toml`: no such file or directory"),
        ("models = [\"tools\"]", 1, "not a regular file; name each file of models"),
        ("models = [\"ffilint.toml\"]", 1, "`ffilint.toml` is named twice"),
        ("models = [\"tools/buf.toml\",\n\"tools/../tools/buf.toml\"]", 2, "is named twice"),
    ] {
        let folder = buf(models)?;
        fs::create_dir(folder.path().join("tools"))?;
        fs::write(folder.path().join("tools/buf.toml"), "schema = 1\n")?;
        let output = ffilint(folder.path(), &[])?;
        let told = stderr(&output);
        assert!(code(&output) == 2 && told.contains(&format!("ffilint.toml:{line}: ")), "{models}: {told}");
        assert!(told.contains(expected), "{models}: {told}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_in_a_file_of_models_is_always_told() -> Outcome {
    let folder = buf("models = [\"buf.toml\"]\nexclude = [\"*.toml\"]\n")?;
    let folder = folder.path();
    fs::write(folder.join("buf.toml"), format!("schema = 1\n{FAMILY}\n[[function]]\nsymbol = \"f\"\nreslt = 1\n"))?;
    git(folder, &["init", "-q"])?;
    git(folder, &["add", "."])?;
    git(folder, &["commit", "-qm", "all"])?;
    fs::write(folder.join("lib/bindings.dart"), format!("{BINDINGS}// one more\n"))?;
    git(folder, &["add", "."])?;
    for arguments in [
        &[][..],
        &["lib/bindings.dart"],
        &["--scope", "primary", "lib/bindings.dart"],
        &["--staged"],
        &["--since", "HEAD"],
    ] {
        let output = ffilint(folder, arguments)?;
        let said = stdout(&output);
        assert_eq!(code(&output), 1, "{arguments:?}: {said}{}", stderr(&output));
        assert!(said.contains("buf.toml:19:1: error[invalid_model]: unknown field `reslt`"), "{arguments:?}: {said}");
    }
    fs::write(folder.join("more.toml"), "schema = 1\n")?;
    fs::write(folder.join("ffilint.toml"), "models = [\"more.toml\"]\n")?;
    git(folder, &["add", "ffilint.toml"])?;
    let told = stderr(&ffilint(folder, &["--staged"])?);
    assert!(told.contains("`more.toml`: no such file or directory; git has not staged it"), "{told}");
    Ok(())
}

#[test]
fn ownership_says_what_is_known_and_from_where() -> Outcome {
    let folder = buf(FAMILY)?;
    let says = |arguments: &[&str], parts: &[&str]| -> Outcome {
        let output = ffilint(folder.path(), &[&["ownership"], arguments].concat())?;
        let said = stdout(&output);
        assert_eq!(code(&output), 0, "{said}{}", stderr(&output));
        for part in parts {
            assert!(said.contains(part), "{part}\n{said}");
        }
        Ok(())
    };
    says(
        &["buf_new"],
        &[
            "bound at lib/bindings.dart:5",
            "the project's model project (ffilint.toml:12), basis docs-read",
            "the result is the caller's, or null: release it with `buf_free` (buf)",
        ],
    )?;
    says(&["sqlite3_close"], &["model sqlite3 (rules/models/sqlite3.toml:", "source: https://sqlite.org/"])?;
    says(&["LocalFree"], &[", on windows"])?;
    says(&["first"], &["read in the body at lib/uses.dart:4"])?;
    says(&["Allocator.allocate"], &["model dart-ffi ("])?;
    fs::write(
        folder.path().join("buf.h"),
        "#include <stdlib.h>\n// ffilint: takes(what)\nvoid buf_keep(char *what);\n",
    )?;
    fs::write(
        folder.path().join("buf.c"),
        "#include \"buf.h\"\nvoid buf_free(char *p) { free(p); }\nvoid buf_keep(char *what) {}\n",
    )?;
    says(&["buf_free"], &["read in the body at buf.c:2", "basis docs-read"])?;
    fs::write(folder.path().join("ffilint.toml"), "")?;
    fs::write(folder.path().join("buf.c"), "#include \"buf.h\"\n")?;
    fs::write(folder.path().join("buf.h"), "// ffilint: returns owned(free = buf_free)\nchar *buf_new(int size);\n")?;
    says(&["buf_new"], &["said by the comment at buf.h:1", "release it with `buf_free`"])?;
    says(&["buf_free"], &["said by the comment at buf.h:1", "`arg0` is released, as memory for `buf_free`"])?;
    let output = ffilint(folder.path(), &["ownership", "buf_nwe"])?;
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `buf_new`?"), "{}", stderr(&output));
    assert_eq!(code(&ffilint(folder.path(), &["ownership"])?), 2);
    Ok(())
}

#[test]
fn what_is_unknown_can_be_pasted() -> Outcome {
    let folder = buf("")?;
    let output = ffilint(folder.path(), &["ownership", "--unknown"])?;
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    let order: Vec<&str> = said.lines().filter(|line| line.starts_with("symbol")).collect();
    assert_eq!(order, ["symbol = \"buf_new\"", "symbol = \"buf_free\""]);
    assert!(said.contains("# 2 uses, first at lib/uses.dart:5: Pointer<Uint8> buf_new(int)"), "{said}");
    assert!(said.ends_with("# of 2 bindings that are called nothing is known of 2\n"), "{said}");
    fs::write(folder.path().join("ffilint.toml"), &said)?;
    assert_eq!(found(folder.path())?, Vec::<String>::new());
    // What nobody has looked at stays a guess.
    let output = ffilint(folder.path(), &["ownership", "--unknown", "lib"])?;
    assert!(
        stdout(&output).ends_with("# of 2 bindings that are called nothing is known of 2\n"),
        "{}",
        stdout(&output)
    );
    fs::write(folder.path().join("ffilint.toml"), said.replace("guess", "docs-read"))?;
    let output = ffilint(folder.path(), &["ownership", "--unknown", "lib"])?;
    assert_eq!(stdout(&output), "# of 2 bindings that are called nothing is known of 0\n");
    Ok(())
}

#[test]
fn a_binding_is_asked_for_by_its_dart_name_too() -> Outcome {
    let folder = buf(FAMILY)?;
    let said = stdout(&ffilint(folder.path(), &["ownership", "bufNew"])?);
    assert!(said.contains("the result is the caller's, or null: release it with `buf_free`"), "{said}");
    assert_eq!(said.replace("bufNew", "buf_new"), stdout(&ffilint(folder.path(), &["ownership", "buf_new"])?));
    Ok(())
}

#[test]
fn a_comment_names_a_release_by_its_symbol() -> Outcome {
    let folder = buf("")?;
    for (release, expected) in [("bufFree", true), ("buf_free", false)] {
        let comment = format!("// ffilint: returns owned(free = {release})\n@Native<Pointer");
        fs::write(folder.path().join("lib/bindings.dart"), BINDINGS.replacen("@Native<Pointer", &comment, 1))?;
        let said = stdout(&ffilint(folder.path(), &["-f", "full"])?);
        assert_eq!(said.contains("`bufFree` binds `buf_free`: write that"), expected, "{said}");
    }
    assert_eq!(found(folder.path())?, ["lib/uses.dart:5 leaked_allocation"]);
    Ok(())
}

#[test]
fn only_what_holds_for_the_projects_versions_is_told() -> Outcome {
    let folder = buf("")?;
    let told = |version: &str| -> Result<String, Box<dyn Error>> {
        fs::write(folder.path().join("pubspec.yaml"), format!("name: a\ndependencies:\n  win32: {version}\n"))?;
        Ok(stdout(&ffilint(folder.path(), &["ownership", "Win32Result.value"])?))
    };
    assert!(told("6.0.0")?.contains("in versions >=6.0.0"), "{}", told("6.0.0")?);
    assert!(!told("5.5.0")?.contains("in versions"), "{}", told("5.5.0")?);
    Ok(())
}

#[test]
fn entries_fit_the_bindings_they_speak_of() -> Outcome {
    let entry =
        |arg: u32| format!("[[function]]\nsymbol = \"buf_free\"\neffects = [{{ on = \"arg{arg}\", borrow = true }}]\n");
    let folder = buf(&entry(1))?;
    assert_eq!(found(folder.path())?, ["ffilint.toml:1 invalid_model"]);
    let said = stdout(&ffilint(folder.path(), &["check"])?);
    assert!(said.contains("`buf_free` is bound with one argument: there is no `arg1`"), "{said}");
    fs::write(folder.path().join("ffilint.toml"), entry(0))?;
    assert_eq!(found(folder.path())?, Vec::<String>::new());
    // What is wrong does not count.
    for (wrong, expected) in [
        ("symbol = \"buf_new\"\nresult = { borrowed = \"arg1\" }", "there is no `arg1`"),
        ("symbol = \"buf_free\"\nresult = { static = true }", "bound as giving nothing"),
    ] {
        fs::write(folder.path().join("ffilint.toml"), format!("[[function]]\n{wrong}\n"))?;
        assert_eq!(found(folder.path())?, ["ffilint.toml:1 invalid_model"]);
        let said = stdout(&ffilint(folder.path(), &["check"])?);
        assert!(said.contains(expected), "{said}");
    }
    Ok(())
}

#[test]
fn what_is_known_is_written_for_machines_too() -> Outcome {
    let folder = buf(FAMILY)?;
    let json = |arguments: &[&str]| -> Result<serde_json::Value, Box<dyn std::error::Error>> {
        let output = ffilint(folder.path(), &[arguments, &["--format", "json"]].concat())?;
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        Ok(serde_json::from_str(&stdout(&output))?)
    };
    let known = json(&["ownership", "buf_new"])?;
    let fact = &known["projects"][0]["facts"][0];
    assert_eq!((&known["version"], &known["name"]), (&1.into(), &"buf_new".into()), "{known}");
    assert_eq!((&fact["from"], &fact["basis"]), (&"project".into(), &"docs-read".into()), "{known}");
    assert_eq!(fact["place"]["line"], 12, "{known}");
    let doctor = json(&["doctor"])?;
    assert_eq!(doctor["projects"][0]["languages"]["Dart"]["read"], 2, "{doctor}");
    assert_eq!(doctor["models"]["packs"][0]["own"], true, "{doctor}");
    fs::write(folder.path().join("ffilint.toml"), "")?;
    let unknown = json(&["ownership", "--unknown"])?;
    let first = &unknown["projects"][0]["bindings"][0];
    assert_eq!(
        (&first["symbol"], &first["uses"], &first["gives_pointer"]),
        (&"buf_new".into(), &2.into(), &true.into())
    );
    assert_eq!(first["pointers"], serde_json::json!([]), "{unknown}");
    Ok(())
}

#[test]
fn conventions_are_told_as_such() -> Outcome {
    let dart = "import 'dart:ffi';\nfinal class Parser extends Opaque {}\n@Native<Pointer<Parser> Function()>()\n\
                external Pointer<Parser> parser_new();\n@Native<Void Function(Pointer<Parser>)>()\n\
                external void parser_free(Pointer<Parser> parser);\nvoid f() {\n  parser_new();\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes())])?;
    assert_eq!(found(folder.path())?, ["lib/a.dart:8 leaked_allocation"]);
    let said = stdout(&ffilint(folder.path(), &["ownership", "parser_new"])?);
    assert!(said.contains("concluded by convention"), "{said}");
    assert!(said.contains("`parser_free` is the one function bound here that releases a `Parser`"), "{said}");
    // What the project says counts more.
    fs::write(
        folder.path().join("ffilint.toml"),
        "[[function]]\nsymbol = \"parser_new\"\nresult = { static = true }\n",
    )?;
    assert_eq!(found(folder.path())?, Vec::<String>::new());
    Ok(())
}

#[test]
fn doctor_counts_models() -> Outcome {
    let folder = buf(FAMILY)?;
    let output = ffilint(folder.path(), &["doctor"])?;
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    for part in
        ["(with ffilint.toml)", "Dart: 2 read", "  by basis: ", "  project (the project's): 2 docs-read", "sqlite3: "]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    Ok(())
}

/// What is said of `buf_new` and one more entry.
fn said_of(entry: &str) -> Result<String, Box<dyn Error>> {
    let folder = buf(&format!("{FAMILY}\n[[function]]\n{entry}\n"))?;
    Ok(stdout(&ffilint(folder.path(), &[])?))
}

#[test]
fn a_file_full_of_mistakes_is_told_in_short_and_keeps_what_is_right() -> Outcome {
    let head = format!("schema = 1\n[pack]\nid = \"many\"\nsources = [\"me\"]\n{FAMILY}");
    for (line, wrong) in [(171, "reslt = { static = true }"), (169, "result = { owned = \"libc.maloc\" }")] {
        let mut text = head.clone();
        for at in 0..20_000 {
            text.push_str(&format!("[[function]]\nsymbol = \"f{at}\"\n{wrong}\n"));
        }
        let folder = buf("models = [\"many.toml\"]")?;
        fs::write(folder.path().join("many.toml"), text)?;
        let start = std::time::Instant::now();
        let found = found(folder.path())?;
        // It was 7 and 31 seconds, and is far below one; the machine may be busy.
        assert!(start.elapsed().as_secs() < 6, "{:?}", start.elapsed());
        assert_eq!(found.iter().filter(|found| found.ends_with("invalid_model")).count(), 51, "{found:?}");
        assert!(found.contains(&format!("many.toml:{line} invalid_model")), "{found:?}");
        assert!(found.contains(&"lib/uses.dart:5 leaked_allocation".to_owned()), "{found:?}");
        let said = stdout(&ffilint(folder.path(), &[])?);
        assert!(said.contains("19950 more mistakes from here on; what is wrong is left out"), "{said}");
    }
    Ok(())
}

#[test]
fn what_contradicts_itself_is_wrong() -> Outcome {
    for (effects, expected) in [
        ("{ on = \"arg0\", take = true }, { on = \"arg0\", release = \"buf\" }", "`take` and `release` of `arg0`"),
        ("{ on = \"arg0\", take = true }, { on = \"arg0\", borrow = true }", "`take` and `borrow` of `arg0`"),
        ("{ on = \"arg0\", release = \"buf\" }, { on = \"arg0\", release = \"libc.malloc\" }", "is said twice"),
        ("{ on = \"arg0\", hold = true }, { on = \"arg0\", hold = true, outcome = \"success\" }", "is said twice"),
    ] {
        let said = said_of(&format!("symbol = \"f\"\neffects = [{effects}]"))?;
        assert!(said.contains("ffilint.toml:16:") && said.contains(expected), "{effects}: {said}");
        assert!(said.contains("1 error, 1 warning"), "{said}");
    }
    let apart = "{ on = \"arg0\", take = true, outcome = \"success\" }, { on = \"arg0\", borrow = true, outcome = \"failure\" }";
    let said = said_of(&format!("symbol = \"f\"\neffects = [{apart}]"))?;
    assert!(!said.contains("invalid_model"), "{said}");
    for (comment, expected) in [
        ("returns owned(free = buf_free, family = libc.malloc)", "said twice"),
        ("returns owned(free = buf_free, free = free)", "said twice"),
        ("returns static(of = size)", "`of` says nothing of `static`"),
        ("takes(size, free = buf_free)", "`free` says nothing of `takes`"),
    ] {
        let folder = buf("")?;
        let binding = "@Native<Pointer<Uint8> Function(Int32)>()\nexternal Pointer<Uint8> other(int size);\n";
        fs::write(folder.path().join("lib/bindings.dart"), format!("{BINDINGS}// ffilint: {comment}\n{binding}"))?;
        let said = stdout(&ffilint(folder.path(), &[])?);
        assert!(said.contains("bindings.dart:8:1: error[invalid_model]") && said.contains(expected), "{said}");
    }
    Ok(())
}

#[test]
fn what_can_never_hold_is_wrong() -> Outcome {
    for (entry, expected) in [
        ("symbol = \"f\"\neffects = [{ on = \"arg:b\", take = true }]", "`arg:b` needs `params`"),
        ("symbol = \"f\"\neffects = [{ on = \"this\", take = true }]", "has no `this`"),
        ("symbol = \"f\"\nresult = { alias = \"result\" }", "cannot be told by itself"),
        ("symbol = \"f\"\neffects = [{ on = \"result\", borrow = true }]", "an effect is about arguments"),
        ("symbol = \"f\"\neffects = [{ on = \"arg300\", take = true }]", "so many arguments: `arg300`"),
        ("symbol = \"f\"\neffects = [{ on = \"arg1\", fill = { static = true } }]", "it points to is `arg1.*`"),
        ("symbol = \"f\"\nbasis = \"body\"", "ffilint reads itself"),
    ] {
        let said = said_of(entry)?;
        assert!(said.contains("ffilint.toml:16:") && said.contains(expected), "{entry}: {said}");
        assert!(said.contains("1 error, 1 warning"), "{said}");
    }
    let folder = buf("models = [\"f.toml\"]")?;
    let pack = "schema = 1\n[pack]\nid = \"f\"\npackage = \"ffi\"\nsources = [\"me\"]\n[[function]]\nsymbol = \"f\"\n\
                versions = \">=3.0.0 <2.0.0\"\nresult = { static = true }\n";
    fs::write(folder.path().join("f.toml"), pack)?;
    let said = stdout(&ffilint(folder.path(), &[])?);
    assert!(said.contains("f.toml:6:") && said.contains("no version is `>=3.0.0 <2.0.0`"), "{said}");
    Ok(())
}

#[test]
fn a_pack_may_be_called_like_the_configuration() -> Outcome {
    let folder = buf("models = [\"tools/ffilint.toml\"]")?;
    fs::create_dir(folder.path().join("tools"))?;
    let pack = format!("schema = 1\n[pack]\nid = \"buf\"\nsources = [\"buf.h\"]\nurls = []\n{FAMILY}");
    fs::write(folder.path().join("tools/ffilint.toml"), &pack)?;
    let found_in = found(folder.path())?;
    assert_eq!(found_in, ["tools/ffilint.toml:5 invalid_model"]);
    fs::write(
        folder.path().join("tools/ffilint.toml"),
        pack.replace("urls", "uris").replace("schema = 1", "schem = 1"),
    )?;
    assert_eq!(found(folder.path())?.len(), 1);
    fs::write(folder.path().join("tools/ffilint.toml"), pack.replace("urls", "uris"))?;
    assert_eq!(found(folder.path())?, ["lib/uses.dart:5 leaked_allocation"]);
    Ok(())
}
