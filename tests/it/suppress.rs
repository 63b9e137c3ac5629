//! Comments that silence findings, on the real binary.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::cli::{code, ffilint, json, project, stdout};
use crate::support::Outcome;

const HEAD: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n";

/// The rules of what is shown, and how many findings comments silence.
fn checked(folder: &Path, arguments: &[&str]) -> Result<(Vec<String>, u64), Box<dyn Error>> {
    let report = json(folder, arguments)?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let rules = findings.iter().filter_map(|finding| finding["rule"].as_str().map(str::to_owned)).collect();
    Ok((rules, report["summary"]["counts"]["suppressed"].as_u64().unwrap_or(0)))
}

fn of_dart(body: &str) -> Result<(Vec<String>, u64), Box<dyn Error>> {
    let folder = project(&[("lib/a.dart", format!("{HEAD}{body}").as_bytes())])?;
    checked(folder.path(), &[])
}

#[test]
fn darts_own_form_is_read_as_dart_reads_it() -> Outcome {
    let silent = (Vec::<String>::new(), 1);
    for body in [
        "void f() {\n  // ignore: ffilint/leaked_allocation kept for good\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        "void f() {\n  final p = calloc<Int8>(); // ignore: leaked_allocation kept for good\n  p.value = 1;\n}\n",
        "void f() {\n  // ignore: unused_local_variable, ffilint/LEAKED_ALLOCATION kept for good\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        "// ignore_for_file: ffilint/leaked_allocation all of it is kept\nvoid f() {\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        "void f() {\n  // ffilint: ignore[leaked_allocation] kept for good\n\n  // and said so\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        "// ffilint: file-ignore[leaked_allocation, double_free] all of it is kept\n// ignore_for_file: unused_element\nvoid f() {\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
    ] {
        let (mut rules, suppressed) = of_dart(body)?;
        // The second name of the last one silences nothing.
        rules.retain(|rule| !(rule == "unused_suppression" && body.contains("double_free")));
        assert_eq!((rules, suppressed), silent, "{body}");
    }
    for body in [
        // Dart's own speaks of the very next line.
        "void f() {\n  // ignore: ffilint/leaked_allocation kept\n\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        // A blanket silences nothing.
        "// ignore_for_file: type=lint\nvoid f() {\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
        // It is no comment.
        "const said = '// ignore_for_file: ffilint/leaked_allocation';\nvoid f() {\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n",
    ] {
        let (rules, suppressed) = of_dart(body)?;
        assert!(rules.contains(&"leaked_allocation".to_owned()) && suppressed == 0, "{body}: {rules:?}");
    }
    Ok(())
}

#[test]
fn a_c_author_blesses_an_allocator_for_all_its_callers() -> Outcome {
    let dart = format!(
        "{HEAD}@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
         void one() {{\n  table().value = 1;\n}}\n\nvoid two() {{\n  final t = table();\n  t.value = 2;\n}}\n"
    );
    let native =
        |comment: &str| format!("#include <stdlib.h>\n\nint *table(void) {{\n  return calloc(256, 4);{comment}\n}}\n");
    let folder = project(&[("lib/a.dart", dart.as_bytes()), ("src/table.c", native("").as_bytes())])?;
    let (rules, suppressed) = checked(folder.path(), &[])?;
    assert!(rules.len() > 1 && suppressed == 0, "{rules:?}");
    let told: Vec<String> = rules.iter().collect::<std::collections::BTreeSet<_>>().into_iter().cloned().collect();
    let comment = format!("  // ffilint: ignore[{}] one table for the whole process", told.join(", "));
    fs::write(folder.path().join("src/table.c"), native(&comment))?;
    assert_eq!(checked(folder.path(), &[])?, (vec![], rules.len() as u64));
    assert_eq!(checked(folder.path(), &["--no-ignores"])?, (rules, 0));
    Ok(())
}

#[test]
fn comments_that_say_nothing_are_findings() -> Outcome {
    let fine = "void f() {\n  final p = calloc<Int8>();\n  calloc.free(p);\n}\n";
    let leak = "void f() {\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n";
    let found = |comment: &str, body: &str| of_dart(&format!("{comment}\n{body}")).map(|(rules, _)| rules);
    assert_eq!(found("// ignore_for_file: ffilint/leaked_allocation kept", fine)?, ["unused_suppression"]);
    assert_eq!(found("// ffilint: file-ignore[leaked_allocation] kept", fine)?, ["unused_suppression"]);
    assert_eq!(found("// ffilint: file-ignore[leaked_allocation]", leak)?, ["suppression_without_reason"]);
    assert_eq!(found("// ignore_for_file: ffilint/leaked_alocation kept", fine)?, ["unknown_rule"]);
    assert_eq!(found("// ffilint: ignore[leaked_alocation] kept", fine)?, ["unknown_rule"]);
    assert_eq!(found("// ffilint: ignore", leak)?, ["unknown_rule", "leaked_allocation"]);
    assert_eq!(found("// ffilint: ignore[] all", leak)?, ["unknown_rule", "leaked_allocation"]);
    assert_eq!(found("// ignore: unused_element, something_of_theirs", fine)?, Vec::<String>::new());

    let folder =
        project(&[("lib/a.dart", format!("{HEAD}// ffilint: ignore[leaked_alocation] x\n{fine}").as_bytes())])?;
    let output = ffilint(folder.path(), &[])?;
    assert!(stdout(&output).contains("did you mean `leaked_allocation`?"), "{}", stdout(&output));
    assert_eq!(code(&output), 1);
    Ok(())
}

#[test]
fn a_comment_is_not_unused_where_not_all_was_looked_for() -> Outcome {
    let body = "// ffilint: file-ignore[mismatched_deallocator] Windows is not built\n\
                @Native<Pointer<Int8> Function(Size)>()\nexternal Pointer<Int8> malloc(int n);\n\n\
                void f() {\n  final p = malloc(1);\n  calloc.free(p);\n}\n";
    let folder = project(&[("lib/a.dart", format!("{HEAD}{body}").as_bytes())])?;
    assert_eq!(checked(folder.path(), &[])?, (vec![], 1));
    assert_eq!(checked(folder.path(), &["--targets", "posix"])?, (vec![], 0));
    // Neither where what it silences is not shown.
    assert_eq!(checked(folder.path(), &["--ignore", "mismatched_deallocator"])?.0, Vec::<String>::new());
    Ok(())
}

#[test]
fn what_is_suppressed_can_be_listed() -> Outcome {
    let body = "void f() {\n  final p = calloc<Int8>(); // ffilint: ignore[leaked_allocation] kept: a cache\n  p.value = 1;\n}\n";
    let folder = project(&[("lib/a.dart", format!("{HEAD}{body}").as_bytes())])?;
    let report = json(folder.path(), &["--show-suppressed"])?;
    assert_eq!(report["findings"][0]["suppressed"]["reason"], "kept: a cache");
    assert_eq!(report["findings"][0]["suppressed"]["by"], "comment");
    let output = ffilint(folder.path(), &[])?;
    assert!(
        stdout(&output).contains("no findings") && stdout(&output).contains("; 1 suppressed"),
        "{}",
        stdout(&output)
    );
    Ok(())
}

#[test]
fn comments_are_written_where_they_silence() -> Outcome {
    let dart = format!(
        "{HEAD}@Native<Void Function()>()\nexternal void twice();\n\nvoid f() {{\r\n  twice();\r\n  final p = calloc<Int8>();\r\n  \
         p.value = 1;\r\n  // ignore: unused_local_variable\r\n  final q = calloc<Int8>();\r\n}}\r\n"
    );
    let native =
        "#include <stdlib.h>\n\nvoid twice(void) {\n  int *p = malloc(4);\n  free(p);\n  // Again.\n  free(p);\n}\n";
    let folder = project(&[("lib/a.dart", dart.as_bytes()), ("src/twice.c", native.as_bytes())])?;
    let (before, _) = checked(folder.path(), &[])?;
    assert_eq!(before.len(), 3, "{before:?}");
    let output = ffilint(folder.path(), &["--add-ignore= not ours\nto free "])?;
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert_eq!(checked(folder.path(), &[])?, (vec![], 3));
    let written = fs::read_to_string(folder.path().join("lib/a.dart"))?;
    let first =
        "  twice();\r\n  // ignore: ffilint/leaked_allocation not ours to free\r\n  final p = calloc<Int8>();\r\n";
    let second = "  // ffilint: ignore[leaked_allocation] not ours to free\r\n  // ignore: unused_local_variable\r\n  final q = ";
    assert!(written.contains(first) && written.contains(second), "{written}");
    let written = fs::read_to_string(folder.path().join("src/twice.c"))?;
    assert!(written.contains("  // ffilint: ignore[double_free] not ours to free\n  // Again.\n"), "{written}");
    // A second time there is nothing to write.
    assert_eq!(code(&ffilint(folder.path(), &["--add-ignore=again"])?), 0);
    assert_eq!(fs::read_to_string(folder.path().join("src/twice.c"))?, written);
    assert_eq!(code(&ffilint(folder.path(), &["--add-ignore="])?), 2, "a reason is needed");
    Ok(())
}

#[test]
fn what_a_comment_cannot_silence_is_left_as_it_is() -> Outcome {
    let body =
        "void f() {\n  print('''\n${calloc<Int8>().address}\n''');\n  final p = calloc<Int8>();\n  p.value = 1;\n}\n";
    let folder = project(&[("lib/a.dart", format!("{HEAD}{body}").as_bytes())])?;
    let (before, _) = checked(folder.path(), &[])?;
    assert_eq!(before.len(), 2, "{before:?}");
    let output = ffilint(folder.path(), &["--add-ignore=kept"])?;
    assert_eq!(code(&output), 1);
    let told = crate::cli::stderr(&output);
    assert!(told.contains("lib/a.dart:6: left as it is"), "the line is named: {told}");
    let text = fs::read_to_string(folder.path().join("lib/a.dart"))?;
    let comment = "  // ignore: ffilint/leaked_allocation kept\n  final p";
    assert_eq!(text, format!("{HEAD}{}", body.replace("  final p", comment)), "the other has its comment");
    for reason in [", double_free", "- kept", "  "] {
        let output = ffilint(folder.path(), &[&format!("--add-ignore={reason}")])?;
        assert_eq!(code(&output), 2, "{reason}");
    }
    assert_eq!(code(&ffilint(folder.path(), &["--add-ignore=kept", "--no-ignores"])?), 2);
    Ok(())
}

#[test]
fn comments_of_every_shape_are_read_in_every_language() -> Outcome {
    let body = |comment: &str| format!("void f() {{\n  final p = calloc<Int8>();{comment}\n  p.value = 1;\n}}\n");
    assert_eq!(of_dart(&body(" /* ffilint: ignore[leaked_allocation] kept for good */"))?, (vec![], 1));
    assert_eq!(of_dart(&body(" /* ffilint: ignore[leaked_alocation] kept */"))?.0.len(), 2, "the name is unknown");
    assert_eq!(of_dart(&body(" /* ignore: leaked_allocation kept */"))?.1, 0, "as in Dart");
    assert_eq!(
        of_dart(&body(" // ffilint: ignore[all] kept"))?.0,
        ["leaked_allocation", "unknown_rule"],
        "no blankets"
    );

    let c = |comment: &str| {
        format!("#include <stdlib.h>\n#define SIZE 4{comment}\n\nvoid twice(void) {{\n  free(malloc(SIZE));\n}}\n")
    };
    let dart = format!("{HEAD}@Native<Void Function()>()\nexternal void twice();\n");
    let unused = |name: &str, text: &str| -> Result<Vec<String>, Box<dyn Error>> {
        let folder = project(&[("lib/a.dart", dart.as_bytes()), (name, text.as_bytes())])?;
        Ok(checked(folder.path(), &[])?.0)
    };
    assert_eq!(unused("src/a.c", &c(""))?, Vec::<String>::new());
    for comment in [" // ffilint: ignore[double_free] one", " /* ffilint: ignore[double_free] one */"] {
        assert_eq!(unused("src/a.c", &c(comment))?, ["unused_suppression"], "{comment}");
    }
    let quoted = c("").replace("SIZE 4", "SIZE sizeof(\"// ffilint: ignore[double_free] one\")");
    assert_eq!(unused("src/a.c", &quoted)?, Vec::<String>::new(), "no comment");
    let rust = "#[no_mangle]\npub extern \"C\" fn twice() {} /* ffilint: ignore[double_free] one */\n";
    assert_eq!(unused("src/lib.rs", rust)?, ["unused_suppression"]);
    Ok(())
}

#[test]
fn a_dart_author_silences_where_the_memory_comes_from() -> Outcome {
    let text = |comment: &str| {
        format!(
            "{HEAD}@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
             @Native<Void Function(Pointer<Int32>)>()\nexternal void drop_table(Pointer<Int32> table);\n\n\
             void one() {{\n  final t = table();{comment}\n  drop_table(t);\n  t.value = 2;\n}}\n"
        )
    };
    let native = "#include <stdlib.h>\n\nint *table(void) {\n  return calloc(256, 4);\n}\n\n\
                  void drop_table(int *table) {\n  free(table);\n}\n";
    let found = |comment: &str| -> Result<_, Box<dyn Error>> {
        let folder = project(&[("lib/a.dart", text(comment).as_bytes()), ("src/table.c", native.as_bytes())])?;
        checked(folder.path(), &[])
    };
    assert_eq!(found("")?, (vec!["use_after_free".to_owned()], 0));
    assert_eq!(found(" // ignore: ffilint/use_after_free it is kept once more")?, (vec![], 1));
    Ok(())
}
