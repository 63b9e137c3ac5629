//! The baseline: adopted on an old project, silent about what was there, and about nothing else.

use std::fs;

use crate::cli::{CLEAN, LEAK, code, ffilint, json, project, stderr, stdout};
use crate::support::Outcome;

const FILE: &str = "ffilint-baseline.txt";

/// Two leaks in one file.
fn old() -> String {
    format!("{LEAK}\nvoid second() {{\n  final other = malloc<Int64>();\n  other.value = 2;\n}}\n")
}

#[test]
fn what_was_there_is_silent_and_what_is_new_is_not() -> Outcome {
    let folder = project(&[("lib/old.dart", old().as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 1);
    let created = ffilint(folder.path(), &["baseline", "create"])?;
    assert_eq!((code(&created), stdout(&created)), (0, format!("{FILE}: 2 entries\n")), "{}", stderr(&created));
    let clean = ffilint(folder.path(), &[])?;
    assert_eq!(code(&clean), 0, "{}", stdout(&clean));
    assert!(stdout(&clean).contains("; 2 in the baseline"), "{}", stdout(&clean));
    assert_eq!(code(&ffilint(folder.path(), &["--no-baseline"])?), 1);

    // Lines before it, another order, another file: it is the same finding.
    let moved = old().replace("void leak()", "// One.\n// Two.\n\nint unrelated() => 3;\n\nvoid leak()");
    let (head, second) = moved.split_once("\nvoid second").ok_or("no second")?;
    let (imports, first) = head.split_once("\n\n").ok_or("no imports")?;
    fs::remove_file(folder.path().join("lib/old.dart"))?;
    fs::write(folder.path().join("lib/renamed.dart"), format!("{imports}\n\nvoid second{second}\n{first}"))?;
    let still = ffilint(folder.path(), &[])?;
    assert_eq!(code(&still), 0, "{}", stdout(&still));

    // The same fault once more is new.
    fs::write(folder.path().join("lib/copy.dart"), old())?;
    assert_eq!(json(folder.path(), &[])?["findings"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn an_entry_removed_brings_its_finding_back_and_a_mended_fault_leaves_its_entry_stale() -> Outcome {
    let folder = project(&[("lib/old.dart", old().as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    let text = fs::read_to_string(folder.path().join(FILE))?;
    assert_eq!(text.lines().count(), 3);
    for line in text.lines().skip(1) {
        fs::write(folder.path().join(FILE), text.replace(&format!("{line}\n"), ""))?;
        let findings = json(folder.path(), &[])?;
        assert_eq!(findings["findings"].as_array().map(Vec::len), Some(1), "{findings}");
    }
    fs::write(folder.path().join(FILE), &text)?;
    fs::write(folder.path().join("lib/old.dart"), old().replace("other.value = 2;", "malloc.free(other);"))?;
    let stale = ffilint(folder.path(), &[])?;
    assert_eq!(code(&stale), 1);
    assert!(
        stdout(&stale).contains(&format!("{FILE}:")) && stdout(&stale).contains("[stale_baseline_entry]"),
        "{}",
        stdout(&stale)
    );
    let pruned = ffilint(folder.path(), &["baseline", "prune"])?;
    assert_eq!((code(&pruned), stdout(&pruned)), (0, format!("{FILE}: 1 entry removed, 1 left\n")));
    assert_eq!(code(&ffilint(folder.path(), &[])?), 0);
    assert_eq!(fs::read_to_string(folder.path().join(FILE))?.lines().count(), 2);
    Ok(())
}

#[test]
fn a_baseline_can_stand_elsewhere_and_a_broken_one_is_refused() -> Outcome {
    let folder =
        project(&[("lib/old.dart", old().as_bytes()), ("ffilint.toml", b"[baseline]\npath = \"tool/known.txt\"\n")])?;
    fs::create_dir(folder.path().join("tool"))?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    assert!(folder.path().join("tool/known.txt").is_file());
    assert_eq!(code(&ffilint(folder.path(), &["lib"])?), 0);
    assert_eq!(code(&ffilint(folder.path(), &["--isolated"])?), 1);

    fs::write(folder.path().join("tool/known.txt"), "<<<<<<< ours\n")?;
    let broken = ffilint(folder.path(), &[])?;
    assert_eq!(code(&broken), 2);
    assert!(stderr(&broken).contains("known.txt:1: not a baseline"), "{}", stderr(&broken));
    let missing = ffilint(folder.path(), &["--baseline", "nowhere.txt"])?;
    assert_eq!(code(&missing), 2);
    assert!(stderr(&missing).contains("baseline create"), "{}", stderr(&missing));
    Ok(())
}

/// Faults in Dart, and below the same laid out as `dart format` does it where lines are short: arguments one by one with a
/// comma after the last, cascades broken, comments added.
const DART: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n\
    int sum(int count, int least) {\n\
    \x20 final cells = calloc<Int32>(count * (count + 1));\n\
    \x20 cells..value = 3..[1] = 4;\n\
    \x20 if (least > 4 && least < 9) return use(cells[0], [cells[1], cells[2]]);\n\
    \x20 final result = cells.value;\n\
    \x20 calloc.free(cells);\n\
    \x20 return result;\n}\n\n\
    int use(int first, List<int> rest) => first;\n\n\
    Pointer<Utf8> text(String word) => word.toNativeUtf8(allocator: malloc);\n\n\
    void lost(String word) {\n  final it = text('a  ${word.length + 1} // b');\n  print(it.toDartString(length: 2));\n}\n";
const FORMATTED: &str = "import 'dart:ffi';\n\nimport 'package:ffi/ffi.dart';\n\n// All that follows.\n\
    int sum(\n  int count,\n  int least,\n) {\n\
    \x20 final cells = calloc<Int32>(\n    count * (count + 1), // all of them\n  );\n\
    \x20 cells\n    ..value = 3\n    /* then */\n    ..[1] = 4;\n\
    \x20 if (least > 4 &&\n      // Not more.\n      least < 9)\n    return use(\n      cells[0],\n      [\n        cells[1],\n        cells[2],\n      ],\n    );\n\
    \x20 final result = cells.value;\n\
    \x20 calloc.free(\n    cells,\n  );\n\
    \x20 return result;\n}\n\n\
    int use(\n  int first,\n  List<int> rest,\n) => first;\n\n\
    Pointer<Utf8> text(\n  String word,\n) => word.toNativeUtf8(\n  allocator: malloc,\n);\n\n\
    void lost(\n  String word,\n) {\n  final it = text(\n    'a  ${word.length + 1} // b',\n  );\n  print(\n    it.toDartString(\n      length: 2,\n    ),\n  );\n}\n";
const C: &str = "#include <stdlib.h>\n#define EXPORT __attribute__((visibility(\"default\")))\n\n\
    EXPORT int twice(char *a, int b) {\n  free(a);\n  if (b > 1 && b < 9) free(a);\n  return b;\n}\n";
const FORMATTED_C: &str = "#include <stdlib.h>\n\n#define EXPORT __attribute__((visibility(\"default\")))\n\n\
    EXPORT int\ntwice(char *a, int b)\n{\n    free( a /* once */ );\n    if (b > 1\n        && b < 9) // why\n    {\n        free(a);\n    }\n    return b;\n}\n";

/// How many findings there are, silenced ones left out.
fn count(folder: &std::path::Path) -> Result<usize, Box<dyn std::error::Error>> {
    Ok(json(folder, &[])?["findings"].as_array().map_or(0, Vec::len))
}

#[test]
fn a_formatter_brings_nothing_back() -> Outcome {
    let folder = project(&[("lib/old.dart", DART.as_bytes()), ("src/twice.c", C.as_bytes())])?;
    assert_eq!(count(folder.path())?, 3);
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    fs::write(folder.path().join("lib/old.dart"), FORMATTED)?;
    fs::write(folder.path().join("src/twice.c"), FORMATTED_C)?;
    assert_eq!(count(folder.path())?, 0, "{}", stdout(&ffilint(folder.path(), &[])?));

    // What is written otherwise is another finding, and its entry is of no use.
    for (old, new) in [("count * (count + 1)", "count * (count + 2)"), ("word.length + 1", "word.length + 2")] {
        fs::write(folder.path().join("lib/old.dart"), FORMATTED.replace(old, new))?;
        let said = stdout(&ffilint(folder.path(), &[])?);
        assert!(said.contains("[stale_baseline_entry]") && said.contains("lib/old.dart:"), "{new}: {said}");
    }
    Ok(())
}

#[test]
fn what_is_put_into_a_class_is_known_still() -> Outcome {
    let folder = project(&[("lib/old.dart", DART.as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    let (imports, functions) = DART.split_once("\n\n").ok_or("no imports")?;
    let members: String = functions.lines().map(|line| format!("  {line}\n")).collect();
    fs::remove_file(folder.path().join("lib/old.dart"))?;
    fs::write(folder.path().join("lib/moved.dart"), format!("{imports}\n\nclass Cells {{\n{members}}}\n"))?;
    assert_eq!(count(folder.path())?, 0, "{}", stdout(&ffilint(folder.path(), &[])?));
    Ok(())
}

#[test]
fn equal_findings_are_counted() -> Outcome {
    let twice = "void fill() {\n  print(calloc<Int8>().value);\n  print(calloc<Int8>().value);\n}\n";
    let text = format!("import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n{twice}");
    let folder = project(&[("lib/a.dart", text.as_bytes())])?;
    assert_eq!(count(folder.path())?, 2);
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    let file = folder.path().join(FILE);
    let entries: Vec<String> = fs::read_to_string(&file)?.lines().skip(1).map(str::to_owned).collect();
    assert!(entries.len() == 2 && entries[0] == entries[1], "{entries:?}");
    let third = text.replacen("  print(", "  print(calloc<Int8>().value);\n  print(", 1);
    fs::write(folder.path().join("lib/a.dart"), &third)?;
    assert_eq!(count(folder.path())?, 1, "two entries silence two");
    fs::write(folder.path().join("lib/a.dart"), text.replacen("  print(calloc<Int8>().value);\n", "", 1))?;
    let said = stdout(&ffilint(folder.path(), &[])?);
    assert_eq!(said.matches("[stale_baseline_entry]").count(), 1, "{said}");
    Ok(())
}

#[test]
fn remarks_and_what_is_not_stale_stay_as_they_are() -> Outcome {
    let folder = project(&[("lib/old.dart", old().as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    let file = folder.path().join(FILE);
    let written = fs::read_to_string(&file)?;
    let mut lines: Vec<&str> = written.lines().collect();
    lines.reverse();
    let (head, entries) = lines.split_last().ok_or("nothing written")?;
    let remarked = format!("{head}\n\n# agreed in the review\n{}\n# the other\n{}\n", entries[0], entries[1]);
    fs::write(&file, &remarked)?;
    let before = fs::metadata(&file)?.modified()?;
    let pruned = ffilint(folder.path(), &["baseline", "prune"])?;
    assert_eq!(stdout(&pruned), format!("{FILE}: 0 entries removed, 2 left\n"));
    assert_eq!((fs::read_to_string(&file)?, fs::metadata(&file)?.modified()?), (remarked.clone(), before));

    fs::write(folder.path().join("lib/old.dart"), old().replace("other.value = 2;", "malloc.free(other);"))?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "prune"])?), 0);
    let left = fs::read_to_string(&file)?;
    assert_eq!(left.lines().count(), remarked.lines().count() - 1, "{left}");
    assert!(left.contains("# agreed in the review\n") && left.contains("# the other\n"), "{left}");
    assert_eq!(count(folder.path())?, 0);
    Ok(())
}

#[test]
fn comments_that_are_known_stay_known_in_a_renamed_file() -> Outcome {
    let text = CLEAN.replace("void fine", "// ffilint: ignore[double_free] not any more\nvoid fine");
    let folder = project(&[("lib/a.dart", text.as_bytes())])?;
    assert_eq!(count(folder.path())?, 1);
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    fs::rename(folder.path().join("lib/a.dart"), folder.path().join("lib/b.dart"))?;
    assert_eq!(count(folder.path())?, 0);
    Ok(())
}
