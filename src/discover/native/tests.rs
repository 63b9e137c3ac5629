//! What is chosen in small projects.

use std::error::Error;
use std::fs;

use super::super::{Root, read};
use crate::config::Config;

fn chosen(files: &[(&str, &str)]) -> Result<Vec<String>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().canonicalize()?;
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, text)?;
    }
    let project = read(&Root { folder: root.clone(), named: Vec::new(), changed: None }, &root, &Config::default());
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let files = project.files.iter().filter(|file| file.language.is_native());
    Ok(files.map(|file| format!("{}{}", file.path, if file.vendored { " (vendored)" } else { "" })).collect())
}

const DART: (&str, &str) = ("lib/a.dart", "import 'dart:ffi';\nfinal f = lib.lookup<NativeFunction<F>>('made');\n");

#[test]
fn what_dart_names_leads_to_what_it_calls() -> Result<(), Box<dyn Error>> {
    let files = chosen(&[
        DART,
        ("src/made.c", "#include \"inner.h\"\nint made(void) { return inner(); }\n"),
        ("src/inner.h", "int inner(void);\n"),
        ("src/inner.c", "#include \"inner.h\"\nint inner(void) { return 1; }\n"),
        ("src/other.c", "int other(void) { return 1; }\n"),
        ("src/other.h", "int other(void);\n"),
    ])?;
    assert_eq!(files, ["src/inner.c", "src/inner.h", "src/made.c"]);
    Ok(())
}

#[test]
fn vendored_files_come_in_by_calls_alone() -> Result<(), Box<dyn Error>> {
    let files = chosen(&[
        DART,
        ("src/made.c", "#include <lib/lib.h>\nint made(void) { return lib_a(); }\n"),
        (
            "third_party/lib/lib.h",
            "#define LIB_API __attribute__((visibility(\"default\")))\nLIB_API int lib_a(void);\n",
        ),
        ("third_party/lib/a.c", "#include \"lib.h\"\nLIB_API int lib_a(void) { return 1; }\n"),
        ("third_party/lib/b.c", "#include \"lib.h\"\nLIB_API int lib_b(void) { return 1; }\n"),
        ("third_party/unused/c.c", "FFI_EXPORT int c(void) { return 1; }\n"),
    ])?;
    assert_eq!(files, ["src/made.c", "third_party/lib/a.c (vendored)", "third_party/lib/lib.h (vendored)"]);
    Ok(())
}

#[test]
fn exports_are_seeds_without_dart() -> Result<(), Box<dyn Error>> {
    let files = chosen(&[
        ("src/api.h", "#define MY_PUB __declspec(dllexport)\nextern \"C\" { int declared(void); }\n"),
        ("src/a.cpp", "#include \"api.h\"\nMY_PUB int a() { return Thing().run(); }\n"),
        ("src/plain.cpp", "int plain() { return 1; }\n"),
        ("src/c_linkage.cpp", "extern \"C\" int c_linkage() { return 1; }\n"),
        ("rust/Cargo.toml", "[package]\nname = \"r\"\n"),
        ("rust/src/lib.rs", "mod inner;\n"),
        ("rust/src/api.rs", "#[no_mangle]\npub extern \"C\" fn r() { inner::work(); }\n"),
        ("rust/src/inner.rs", "pub fn work() {}\n"),
        ("rust/src/unused.rs", "pub fn unused() {}\n"),
    ])?;
    let expected =
        ["rust/src/api.rs", "rust/src/inner.rs", "rust/src/lib.rs", "src/a.cpp", "src/api.h", "src/c_linkage.cpp"];
    assert_eq!(files, expected);
    Ok(())
}

#[test]
fn methods_lead_to_the_classes_that_are_seen() -> Result<(), Box<dyn Error>> {
    let files = chosen(&[
        DART,
        ("src/made.cpp", "#include \"thing.h\"\nextern \"C\" int made() { auto t = make(); return t->run(); }\n"),
        ("src/thing.h", "class Thing { public: int run(); };\nThing *make();\n"),
        ("src/thing.cpp", "#include \"thing.h\"\nint Thing::run() { return 1; }\n"),
        ("src/make.cpp", "#include \"thing.h\"\nThing *make() { return new Thing(); }\n"),
        ("src/other.cpp", "class Other { int run(); };\nint Other::run() { return 1; }\n"),
    ])?;
    assert_eq!(files, ["src/made.cpp", "src/make.cpp", "src/thing.cpp", "src/thing.h"]);
    Ok(())
}

#[test]
fn definitions_in_the_own_package_come_first() -> Result<(), Box<dyn Error>> {
    let text = "import 'dart:ffi';\n@Native<Int Function()>()\nexternal int add();\n";
    let c = "int add(void) { return 1; }\n";
    let files = chosen(&[
        ("a/pubspec.yaml", "name: a\n"),
        ("a/lib/a.dart", text),
        ("a/src/add.c", c),
        ("b/pubspec.yaml", "name: b\n"),
        ("b/src/add.c", c),
    ])?;
    assert_eq!(files, ["a/src/add.c"]);
    Ok(())
}
