//! What is left out, what is broken, what is nested too deep: the others' findings stay, and it is said.

use std::fs;
use std::time::{Duration, Instant};

use ffilint::config::Config;
use ffilint::discover::{self, Caps, Disk, Root};

use crate::cli::{LEAK, code, ffilint, project, stderr, stdout};
use crate::support::Outcome;

const DART: &str = "import 'dart:ffi';\nfinal made = lib.lookup<NativeFunction<Void Function()>>('made');\n";
const TWICE: &str =
    "#include <stdlib.h>\nFFI_EXPORT void twice(void) {\n  char *cell = malloc(4);\n  free(cell);\n  free(cell);\n}\n";
const RUST_TWICE: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn again(p: *mut u8) {\n    \
                          unsafe {\n        drop(Box::from_raw(p));\n        drop(Box::from_raw(p));\n    }\n}\n";

#[test]
fn native_files_beyond_the_cap_are_said_and_named_ones_are_parsed() -> Outcome {
    let most = Caps::default().files;
    let mut files: Vec<_> = (0..most + 3)
        .map(|at| (format!("src/{at:04}.c"), format!("FFI_EXPORT int made_{at}(void) {{ return {at}; }}\n")))
        .collect();
    files.push(("lib/leak.dart".into(), LEAK.into()));
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let folder = project(&files)?;

    let output = ffilint(folder.path(), &[])?;
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{said}");
    assert!(stdout(&output).contains("leak.dart:5:16: warning[leaked_allocation]"), "{}", stdout(&output));
    let expected =
        "skipped .: 3 native files that the boundary leads to, because no more than 2000 native files are parsed";
    assert!(said.contains(expected), "{said}");

    let said = stderr(&ffilint(folder.path(), &["-v"])?);
    let expected = "not parsed src/2002.c: the boundary leads to it, but no more than 2000 native files are parsed";
    assert!(said.contains(expected) && said.contains("C: 2003 files read, 2000 parsed"), "{said}");

    let said = stderr(&ffilint(folder.path(), &["-v", "src/2002.c"])?);
    assert!(!said.contains("not parsed src/2002.c") && said.contains("not parsed src/1999.c"), "{said}");
    Ok(())
}

#[test]
fn vendored_files_beyond_the_cap_are_said() -> Outcome {
    let padding = format!("/*{}*/\n", " ".repeat(1_900_000));
    let vendored = |at: usize| format!("int lib_{at}(void) {{ return {at}; }}\n{padding}");
    let made = "int lib_0(void);\nint lib_1(void);\nint lib_2(void);\nint made(void) { return lib_0() + lib_1() + lib_2(); }\n";
    let folder = project(&[
        ("lib/a.dart", DART.as_bytes()),
        ("src/made.c", made.as_bytes()),
        ("src/twice.c", TWICE.as_bytes()),
        ("third_party/lib/0.c", vendored(0).as_bytes()),
        ("third_party/lib/1.c", vendored(1).as_bytes()),
        ("third_party/lib/2.c", vendored(2).as_bytes()),
    ])?;
    let output = ffilint(folder.path(), &[])?;
    let expected = "skipped .: 1 vendored native file that the boundary leads to, because vendored files are parsed up \
                    to 4 MiB more than the project's own have";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    assert!(stdout(&output).contains("src/twice.c:5:3: error[double_free]"), "{}", stdout(&output));
    let said = stderr(&ffilint(folder.path(), &["-v"])?);
    assert!(said.contains("not parsed third_party/lib/2.c: "), "{said}");
    assert!(said.contains("C: 5 files read, 4 parsed"), "{said}");
    Ok(())
}

#[test]
fn calls_too_far_from_the_boundary_are_said_when_asked() -> Outcome {
    let chain = |folder: &str, at: usize| {
        let text =
            format!("int {folder}_{}(void);\nint {folder}_{at}(void) {{ return {folder}_{}(); }}\n", at + 1, at + 1);
        (format!("{folder}/{at}.c"), text)
    };
    let made = "int src_1(void);\nint vendor_1(void);\nint made(void) { return src_1() + vendor_1(); }\n";
    let mut files = vec![("lib/a.dart".to_owned(), DART.to_owned()), ("src/0.c".into(), made.into())];
    files.extend((1..8).flat_map(|at| [chain("src", at), chain("vendor", at)]));
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let folder = project(&files)?;
    assert_eq!(stderr(&ffilint(folder.path(), &[])?), "");
    let said = stderr(&ffilint(folder.path(), &["-v"])?);
    for expected in [
        "C: 15 files read, 7 parsed",
        "not parsed src/5.c: the boundary leads to it, but calls are followed 4 steps from the boundary",
        "not parsed vendor/3.c: the boundary leads to it, but calls are followed 2 steps into vendored files",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(said.matches("not parsed").count(), 2, "{said}");
    Ok(())
}

#[test]
fn caps_can_be_given() -> Outcome {
    let made = "int inner(void);\nint made(void) { return inner(); }\n";
    let folder = project(&[
        ("lib/a.dart", DART.as_bytes()),
        ("src/made.c", made.as_bytes()),
        ("src/inner.c", b"int inner(void) { return 1; }\n"),
    ])?;
    let root = Root { folder: folder.path().canonicalize()?, named: Vec::new(), changed: None };
    let left_out = |caps: Caps| {
        let project = discover::read_from(&Disk::default(), &root, &root.folder, &Config::default(), &caps);
        let left_out: Vec<_> = project.left_out.into_iter().map(|problem| (problem.path, problem.reason)).collect();
        (left_out, project.problems.into_iter().map(|problem| problem.reason).collect::<Vec<_>>())
    };
    assert_eq!(left_out(Caps::default()), (Vec::new(), Vec::new()));
    let one = |reason: &str| vec![("src/inner.c".to_owned(), format!("the boundary leads to it, but {reason}"))];
    let all = |reason: &str| vec![format!("1 native file that the boundary leads to, because {reason}")];
    let bytes = "no more than 70 bytes of native files are parsed";
    assert_eq!(left_out(Caps { bytes: 70, ..Caps::default() }), (one(bytes), all(bytes)));
    let files = "no more than 1 native files are parsed";
    assert_eq!(left_out(Caps { files: 1, ..Caps::default() }), (one(files), all(files)));
    let rounds = "calls are followed 0 steps from the boundary";
    assert_eq!(left_out(Caps { rounds: 0, ..Caps::default() }), (one(rounds), Vec::new()));
    Ok(())
}

/// Checks odd files beside good ones, all in one project; gives what was said of each with `-v`.
fn beside_good_ones(odd: &[(String, Vec<u8>)]) -> Result<String, Box<dyn std::error::Error>> {
    let mut files: Vec<(&str, &[u8])> = odd.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    files.extend([("lib/leak.dart", LEAK.as_bytes()), ("good/twice.c", TWICE.as_bytes())]);
    files.extend([("good/twice.cpp", TWICE.as_bytes()), ("good/again.rs", RUST_TWICE.as_bytes())]);
    let folder = project(&files)?;
    let started = Instant::now();
    let output = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    for expected in ["lib/leak.dart:5:16: ", "good/twice.c:5:3: ", "good/twice.cpp:5:3: ", "good/again.rs:5:"] {
        assert!(stdout(&output).contains(expected), "{expected}: {}", stdout(&output));
    }
    assert!(!stdout(&output).contains("internal_error"), "{}", stdout(&output));
    // A minute is a hang; on a quiet machine it is under two seconds.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    Ok(stderr(&output))
}

/// Each file must be spoken of.
fn all_said(said: &str, odd: &[(String, Vec<u8>)]) {
    for (name, _) in odd {
        assert!(said.contains(&format!(" {name}:")), "{name}: {said}");
    }
}

const DEEP: usize = 10_000;

/// `start`, then each of the parts `DEEP` times around `inside`.
fn nested(start: &str, open: &str, inside: &str, close: &str, end: &str) -> Vec<u8> {
    [start, &open.repeat(DEEP), inside, &close.repeat(DEEP), end].concat().into_bytes()
}

#[test]
fn deep_nesting_in_rust_hides_nothing_else() -> Outcome {
    let f = "#[no_mangle]\npub extern \"C\" fn deep(a: u8) ";
    let let_x = format!("{f}{{ let x = ");
    let mut odd = Vec::new();
    for (name, text) in [
        ("parentheses", nested(&let_x, "(", "1", ")", "; }\n")),
        ("blocks", nested(f, "{", "", "}", "\n")),
        ("macro", nested(&format!("{f}{{ m!"), "(", "", ")", "; }\n")),
        ("modules", nested(f, "{} mod a { ", "", "}", "\n")),
        ("generics", nested("#[no_mangle]\npub extern \"C\" fn deep(a: ", "Option<", "u8", ">", ") {}\n")),
        ("references", nested("#[no_mangle]\npub extern \"C\" fn deep(a: ", "&", "u8", "", ") {}\n")),
        ("pointers", nested("#[no_mangle]\npub extern \"C\" fn deep(a: ", "*mut ", "u8", "", ") {}\n")),
        ("prefixes", nested(&let_x, "-", "1", "", "; }\n")),
        ("closures", nested(&let_x, "|| ", "1", "", "; }\n")),
        ("sum", nested(&let_x, "1 + ", "1", "", "; }\n")),
        ("chain", nested(&let_x, "", "a", ".b()", "; }\n")),
        ("elses", nested(&format!("{f}{{ "), "if a {} else ", "{}", "", " }\n")),
        ("open", nested(f, "{", "", "", "")),
    ] {
        odd.push((format!("odd/{name}.rs"), text));
    }
    all_said(&beside_good_ones(&odd)?, &odd);
    Ok(())
}

#[test]
fn deep_nesting_in_c_and_cpp_hides_nothing_else() -> Outcome {
    let f = "FFI_EXPORT int deep(int a) ";
    let returns = format!("{f}{{ return ");
    let mut odd = Vec::new();
    for end in ["c", "cpp"] {
        for (name, text) in [
            ("parentheses", nested(&returns, "(", "1", ")", "; }\n")),
            ("blocks", nested(f, "{", "", "}", "\n")),
            ("ifs", nested(&format!("{f}{{ "), "if (a) ", "return 1;", "", " }\n")),
            ("elses", nested(&format!("{f}{{ "), "if (a) {} else ", "{}", "", " }\n")),
            ("sum", nested(&returns, "1 + ", "1", "", "; }\n")),
            ("casts", nested(&returns, "(int)", "1", "", "; }\n")),
            ("calls", nested(&returns, "f(", "1", ")", "; }\n")),
            ("indices", nested(&returns, "a[b", "", "]", "; }\n")),
            ("conditions", nested(&returns, "a ? 1 : ", "2", "", "; }\n")),
            ("pointers", nested("FFI_EXPORT int ", "*", "deep(int a)", "", " { return 0; }\n")),
            ("open", nested(f, "{", "", "", "")),
            ("open_parentheses", nested(&returns, "(", "", "", "")),
        ] {
            odd.push((format!("odd/{name}.{end}"), text));
        }
    }
    odd.push(("odd/lambdas.cpp".into(), nested(&returns, "[&]{ return ", "1", "; }()", "; }\n")));
    odd.push(("odd/generics.cpp".into(), nested("FFI_EXPORT int deep(", "v<", "int", ">", " a) { return 1; }\n")));
    all_said(&beside_good_ones(&odd)?, &odd);

    // What is nested around a function, or beside it, is no loss.
    let around = [
        ("odd/conditions_around.c", nested("", "#if A\n", "int x;\n", "#endif\n", "int deep;\n")),
        ("odd/structs.c", nested("", "struct a {", "int x;", "} y;", "\nFFI_EXPORT int deep(void) { return 1; }\n")),
        ("odd/namespaces.cpp", nested("", "namespace a {", "", "}", "\nFFI_EXPORT int deep() { return 1; }\n")),
        ("odd/linkage.cpp", nested("", "extern \"C\" {", "", "}", "\nFFI_EXPORT int deep() { return 1; }\n")),
        ("odd/templates.cpp", nested("", "template<class T> ", "int deep() { return 1; }", "", "\n")),
        ("odd/macros.c", nested("#define A ", "(", "1", ")", "\nFFI_EXPORT int deep(void) { return A; }\n")),
    ];
    beside_good_ones(&around.map(|(name, text)| (name.to_owned(), text)))?;
    Ok(())
}

#[test]
fn broken_native_files_hide_nothing_else() -> Outcome {
    let odd: Vec<(String, Vec<u8>)> = [
        ("odd/broken.c", "FFI_EXPORT int broken(int a) { return ((; } } } int )(\n".as_bytes()),
        ("odd/broken.cpp", b"extern \"C\" int broken() { return a<<; class }; (\n"),
        ("odd/broken.rs", b"#[no_mangle]\npub extern \"C\" fn broken() { let x = ; } } fn (\n"),
        ("odd/half.rs", b"#[no_mangle]\npub extern \"C\" fn half() { \"\n"),
        ("odd/nul.c", b"FFI_EXPORT int nul(void) { return 1; } // \0\n"),
        ("odd/nul.rs", b"#[no_mangle]\npub extern \"C\" fn nul() {} // \0\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_vec()))
    .into();
    all_said(&beside_good_ones(&odd)?, &odd);
    Ok(())
}

#[test]
fn native_files_in_odd_encodings_are_read_or_said() -> Outcome {
    let text = "FFI_EXPORT int odd(void) { return 1; }\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let odd = [
        ("odd/little.c".to_owned(), [b"\xff\xfe", little.as_slice()].concat()),
        ("odd/big.cpp".to_owned(), [b"\xfe\xff", big.as_slice()].concat()),
        ("odd/bare.rs".to_owned(), little.clone()),
    ];
    let said = beside_good_ones(&odd)?;
    all_said(&said, &odd);
    assert!(said.contains("skipped odd/little.c: UTF-16, not UTF-8"), "{said}");
    // Comments are often in another encoding, and headers of resources are nobody's glue.
    let latin1 = [b"// caf\xe9\n", TWICE.as_bytes()].concat();
    let good =
        [("odd/latin1.c".to_owned(), latin1), ("odd/resource.h".to_owned(), [b"\xff\xfe", little.as_slice()].concat())];
    let said = beside_good_ones(&good)?;
    assert!(!said.contains("skipped"), "{said}");
    assert!(said.contains("not parsed odd/resource.h: UTF-16"), "{said}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn unreadable_native_files_and_links_in_circles_hide_nothing_else() -> Outcome {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = project(&[
        ("lib/leak.dart", LEAK.as_bytes()),
        ("src/twice.c", TWICE.as_bytes()),
        ("src/closed.c", TWICE.replace("twice", "closed").as_bytes()),
        ("src/large.c", format!("{}/*{}*/", TWICE.replace("twice", "large"), " ".repeat(17 * 1024 * 1024)).as_bytes()),
    ])?;
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(at("src/closed.c"), fs::Permissions::from_mode(0o000))?;
    symlink("..", at("src/up"))?;
    symlink("circle.c", at("src/circle.c"))?;
    symlink("/dev/zero", at("src/zero.c"))?;
    symlink("nowhere.h", at("src/dangling.h"))?;
    symlink("twice.c", at("src/same.c"))?;
    assert!(std::process::Command::new("mkfifo").arg(at("src/pipe.c")).status()?.success());
    let output = ffilint(folder.path(), &["-v"])?;
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{said}");
    for expected in ["lib/leak.dart:5:16: ", "src/twice.c:5:3: "] {
        assert!(stdout(&output).contains(expected), "{expected}: {}", stdout(&output));
    }
    for expected in [
        "skipped src/circle.c: a link that leads nowhere",
        "skipped src/zero.c: a link that leads out of the project",
        "skipped src/dangling.h: a link that leads nowhere",
        "skipped src/pipe.c: not a regular file",
        "skipped src/large.c: has ",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Root reads it all the same.
    let is_closed = fs::read(at("src/closed.c")).is_err();
    assert_eq!(said.contains("skipped src/closed.c: permission denied"), is_closed, "{said}");
    assert_eq!(stdout(&output).contains("src/closed.c:5:3: "), !is_closed, "{}", stdout(&output));
    assert!(!stdout(&output).contains("same.c") && !stdout(&output).contains("src/up"), "{}", stdout(&output));
    Ok(())
}
