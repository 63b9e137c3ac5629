//! What the language server tells where nothing is wrong: hints beside the code, stories, contracts, and the way across
//! the boundary from a call.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::project;
use crate::lsp::{Editor, pushed, uri};
use crate::support::Outcome;

const DART: &str = "import 'dart:ffi';
import 'package:ffi/ffi.dart';

@Native<Pointer<Int32> Function()>()
external Pointer<Int32> table();

@Native<Void Function(Pointer<Int32>)>(symbol: 'table_free')
external void tableFree(Pointer<Int32> t);

// ffilint: takes arg1
@Native<Void Function(Int32, Pointer<Int32>)>()
external void adopt(int key, Pointer<Int32> value);

void released() {
  final cell = /* \u{1f600}\u{1f600} */ calloc<Int32>();
  cell.value = 1;
  calloc.free(cell);
}

void leaked() {
  final lost = calloc<Int32>();
  lost.value = 1;
}

Pointer<Int32> returned() {
  final made = calloc<Int32>();
  return made;
}

void handed() {
  final given = calloc<Int32>();
  adopt(1, /* \u{1f600} */ given);
}

final List<Pointer<Int32>> all = [];

void gone() {
  final away = calloc<Int32>();
  all.add(away);
}

void some(bool early) {
  final part = calloc<Int32>();
  if (early) return;
  calloc.free(part);
}

int native() {
  final t = table();
  final first = t.value;
  tableFree(t);
  return first;
}

int plain(int n) => n + 1;

void round(int n) {
  for (var i = 0; i < plain(n); i++) {
    final each = calloc<Int32>();
    calloc.free(each);
  }
  using((arena) {
    arena<Int32>().value = n;
  });
}

class Box {
  final Pointer<Int32> inner = calloc<Int32>();
}

@Native<Void Function(Pointer<Int32>)>()
external void mystery(Pointer<Int32> it);

void lent() {
  final asked = calloc<Int32>();
  mystery(asked);
  calloc.free(asked);
}
";

const C: &str = "#include <stdlib.h>

int *table(void) {
  int *made = malloc(16);
  made[0] = 1;
  return made;
}

void table_free(int *t) {
  int *copy = malloc(16);
  free(copy);
  free(t);
}
";

/// A project with one file of Dart and one of C.
struct Both {
    _folder: TempDir,
    dart: PathBuf,
    native: PathBuf,
    editor: Editor,
}

fn both(can: Value) -> Result<Both, Box<dyn std::error::Error>> {
    let folder = project(&[("lib/a.dart", DART.as_bytes()), ("src/table.c", C.as_bytes())])?;
    let root = folder.path().canonicalize()?;
    let (mut editor, answer) = Editor::start(Some(&root), can)?;
    assert_eq!(answer["capabilities"]["inlayHintProvider"], true);
    let (dart, native) = (root.join("lib/a.dart"), root.join("src/table.c"));
    editor.open(&dart, DART)?;
    Ok(Both { _folder: folder, dart, native, editor })
}

/// The line that has that text, from 0, and the column of its first byte in UTF-16.
fn find(text: &str, what: &str) -> (u64, u64) {
    let at = text.find(what).expect(what);
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    (line as u64, text[start..at].encode_utf16().count() as u64)
}

fn at(path: &Path, (line, character): (u64, u64)) -> Value {
    let position = json!({ "line": line, "character": character });
    json!({ "textDocument": { "uri": uri(path) }, "position": position, "context": { "includeDeclaration": true } })
}

fn hints(editor: &mut Editor, path: &Path, lines: (u64, u64)) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let range = json!({ "start": { "line": lines.0, "character": 0 }, "end": { "line": lines.1, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri(path) }, "range": range });
    let answer = editor.request("textDocument/inlayHint", params)?;
    answer.as_array().cloned().ok_or_else(|| format!("no hints: {answer}").into())
}

/// The hint that stands in a line, and its column.
fn hint(all: &[Value], line: u64) -> Option<(&str, u64)> {
    let there = all.iter().find(|hint| hint["position"]["line"] == line)?;
    Some((there["label"].as_str()?, there["position"]["character"].as_u64()?))
}

#[test]
fn allocations_say_what_becomes_of_them() -> Outcome {
    let Both { dart, native, mut editor, _folder } = both(pushed())?;
    let all = hints(&mut editor, &dart, (0, 999))?;
    let of = |what: &str| hint(&all, find(DART, what).0).map(|(label, _)| label);
    assert_eq!(of("final cell"), Some("owned: package:ffi, released L17"), "{all:#?}");
    assert_eq!(of("final lost"), Some("owned: package:ffi, never released"));
    assert_eq!(of("final made"), Some("owned: package:ffi, returned"));
    assert_eq!(of("final given"), Some("owned: package:ffi, handed over L32"));
    assert_eq!(of("final away"), None, "where it goes nobody follows");
    assert_eq!(of("final part"), Some("owned: package:ffi, released L45, not on every path"));
    assert_eq!(of("final t ="), Some("owned: C malloc, released L51"));
    assert_eq!(of("final each"), Some("owned: package:ffi, released L60"));
    assert_eq!(of("inner = "), None, "what a field begins with is its class's affair");
    assert_eq!(of("arena<Int32>()"), Some("owned by its arena"));
    // Behind two characters of two columns each, and one.
    let (line, column) = find(DART, "calloc<Int32>()");
    assert_eq!(hint(&all, line).map(|(_, at)| at), Some(column + 15));
    let (line, column) = find(DART, "given);");
    assert_eq!(hint(&all, line), Some(("takes it", column + 5)));
    let told = all.iter().find(|hint| hint["label"] == "takes it").ok_or("no hint")?;
    assert_eq!(told["paddingLeft"], true);
    let first = all.iter().find(|one| one["position"]["line"] == find(DART, "final cell").0).ok_or("no hint")?;
    let tooltip = first["tooltip"]["value"].as_str().unwrap_or_default();
    assert!(tooltip.contains("1. allocated here by `calloc` (a.dart:15)"), "{tooltip}");
    assert!(tooltip.contains("released here by `calloc.free` (a.dart:17)"), "{tooltip}");
    assert!(tooltip.contains("In the end: released in line 17."), "{tooltip}");
    // What was not asked for is not told.
    let lines = (find(DART, "void leaked").0, find(DART, "Pointer<Int32> returned").0);
    let some = hints(&mut editor, &dart, lines)?;
    assert_eq!(some.len(), 1, "{some:#?}");
    let all = hints(&mut editor, &native, (0, 999))?;
    assert_eq!(hint(&all, 3), Some(("owned: C malloc, returned", 24)), "{all:#?}");
    assert_eq!(hint(&all, 9).map(|(label, _)| label), Some("owned: C malloc, released L11"));
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn hints_follow_what_is_typed() -> Outcome {
    let mut can = pushed();
    can["workspace"]["inlayHint"] = json!({ "refreshSupport": true });
    let Both { dart, native, mut editor, _folder } = both(can)?;
    let line = find(DART, "final lost").0;
    let before = hints(&mut editor, &dart, (line, line + 1))?;
    assert_eq!(hint(&before, line).map(|(label, _)| label), Some("owned: package:ffi, never released"));
    let end = json!({ "line": line + 2, "character": 0 });
    editor.change(&dart, 2, json!([{ "range": { "start": end, "end": end }, "text": "  calloc.free(lost);\n" }]))?;
    let after = hints(&mut editor, &dart, (line, line + 1))?;
    let label = format!("owned: package:ffi, released L{}", line + 3);
    assert_eq!(hint(&after, line).map(|(label, _)| label), Some(label.as_str()));
    // A change elsewhere may change them, too: the client is told.
    editor.asked.clear();
    editor.open(&native, &C.replace("malloc(16)", "malloc(32)"))?;
    hints(&mut editor, &native, (0, 99))?;
    assert!(editor.asked.iter().any(|asked| asked["method"] == "workspace/inlayHint/refresh"), "{:?}", editor.asked);
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn hovering_tells_what_is_well() -> Outcome {
    let Both { dart, native, mut editor, _folder } = both(pushed())?;
    let mut told = |path: &Path, place: (u64, u64)| -> Result<String, Box<dyn std::error::Error>> {
        let answer = editor.request("textDocument/hover", at(path, place))?;
        Ok(answer["contents"]["value"].as_str().unwrap_or_default().to_owned())
    };
    // A variable, where it is declared and where it is used.
    for what in ["cell = ", "cell.value", "cell);"] {
        let text = told(&dart, find(DART, what))?;
        assert!(text.contains("In the end: released in line 17."), "{what}: {text}");
        assert!(text.starts_with("**memory from package:ffi**"), "{what}: {text}");
    }
    // A native function: the story behind the boundary, and who says what it does.
    let text = told(&dart, find(DART, "table();\n  final first"))?;
    assert!(text.contains("allocated here by `malloc` (table.c:4)"), "{text}");
    assert!(text.contains("read in the body at src/table.c:3"), "{text}");
    assert!(text.contains("the result is the caller's"), "{text}");
    let text = told(&dart, find(DART, "adopt(1"))?;
    assert!(text.contains("said by the comment at lib/a.dart:10"), "{text}");
    assert!(text.contains("`arg1` is taken: the callee owns it from here on"), "{text}");
    let text = told(&dart, find(DART, "free(cell)"))?;
    assert!(text.contains("`arg0` is released"), "{text}");
    let text = told(&dart, find(DART, "mystery(asked)"))?;
    assert!(text.contains("nothing is known: it is taken to borrow"), "{text}");
    let text = told(&dart, find(DART, "away);"))?;
    assert!(text.contains("What becomes of it in the end is not known"), "{text}");
    let text = told(&native, find(C, "free(t)"))?;
    assert!(text.contains("model libc"), "{text}");
    // Where there is a finding, that is told; where there is nothing, nothing.
    let text = told(&dart, find(DART, "calloc<Int32>();\n  lost"))?;
    assert!(text.contains("`leaked_allocation`") && !text.contains("In the end"), "{text}");
    for what in ["plain(n)", "n + 1", "early)"] {
        assert_eq!(told(&dart, find(DART, what))?, "", "{what}");
    }
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn a_call_leads_across_the_boundary_and_back() -> Outcome {
    let Both { dart, native, mut editor, _folder } = both(pushed())?;
    let word = |path: &Path, (line, character): (u64, u64), length: u64| {
        let [start, end] = [character, character + length].map(|at| json!({ "line": line, "character": at }));
        json!({ "uri": uri(path), "range": { "start": start, "end": end } })
    };
    let call = find(DART, "tableFree(t);");
    let definition = editor.request("textDocument/definition", at(&dart, (call.0, call.1 + 3)))?;
    let defined = find(C, "table_free");
    assert_eq!(definition, json!([word(&native, defined, 10)]));
    let references = editor.request("textDocument/references", at(&native, defined))?;
    let bound = find(DART, "tableFree(Pointer");
    assert_eq!(references, json!([word(&dart, bound, 9), word(&dart, call, 9)]));
    // What stays in one language is its own server's.
    for (path, place) in [
        (&dart, find(DART, "plain(n)")),
        (&dart, find(DART, "calloc<Int32>()")),
        (&dart, find(DART, "t);\n  return")),
        (&native, find(C, "free(copy)")),
    ] {
        for method in ["textDocument/definition", "textDocument/references"] {
            assert_eq!(editor.request(method, at(path, place))?, Value::Null, "{method} {place:?}");
        }
    }
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn calls_through_what_a_generator_wrote_lead_across_the_boundary() -> Outcome {
    let generated = "// AUTO GENERATED FILE, DO NOT EDIT.
import 'dart:ffi';

class Tables {
  final Pointer<T> Function<T extends NativeType>(String name) _lookup;
  Tables(DynamicLibrary library) : _lookup = library.lookup;

  Pointer<Int32> table() {
    return _table();
  }

  late final _tablePtr = _lookup<NativeFunction<Pointer<Int32> Function()>>('table');
  late final _table = _tablePtr.asFunction<Pointer<Int32> Function()>();
}
";
    let dart = "import 'tables.g.dart';\n\nint one(Tables tables) => tables.table().address;\n";
    let folder = project(&[
        ("lib/tables.g.dart", generated.as_bytes()),
        ("lib/a.dart", dart.as_bytes()),
        ("src/table.c", C.as_bytes()),
    ])?;
    let root = folder.path().canonicalize()?;
    let (mut editor, _) = Editor::start(Some(&root), pushed())?;
    let place = find(dart, "table()");
    let definition = editor.request("textDocument/definition", at(&root.join("lib/a.dart"), place))?;
    assert_eq!(definition[0]["uri"], uri(&root.join("src/table.c")), "{definition}");
    assert!(editor.end()?);
    Ok(())
}

#[test]
fn rust_has_hints_as_well() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Uint8> Function()>()\nexternal Pointer<Uint8> make_text();\n\n\
                @Native<Void Function(Pointer<Uint8>)>()\nexternal void free_text(Pointer<Uint8> t);\n\n\
                void once() {\n  final t = make_text();\n  free_text(t);\n}\n";
    let rust = "use std::ffi::{c_char, CString};\n\n#[no_mangle]\npub extern \"C\" fn make_text() -> *mut c_char {\n    \
                CString::new(\"hi\").unwrap().into_raw()\n}\n\n#[no_mangle]\npub unsafe extern \"C\" fn free_text(t: *mut c_char) {\n    \
                drop(CString::from_raw(t));\n}\n";
    let cargo = "[package]\nname = \"n\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let folder = project(&[
        ("lib/a.dart", dart.as_bytes()),
        ("rust/src/lib.rs", rust.as_bytes()),
        ("rust/Cargo.toml", cargo.as_bytes()),
    ])?;
    let root = folder.path().canonicalize()?;
    let (mut editor, _) = Editor::start(Some(&root), pushed())?;
    let all = hints(&mut editor, &root.join("lib/a.dart"), (0, 99))?;
    let line = find(dart, "final t").0;
    assert!(hint(&all, line).is_some_and(|(label, _)| label.ends_with("released L11")), "{all:#?}");
    let all = hints(&mut editor, &root.join("rust/src/lib.rs"), (0, 99))?;
    let line = find(rust, "CString::new").0;
    assert!(hint(&all, line).is_some_and(|(label, _)| label.ends_with("returned")), "{all:#?}");
    assert!(editor.end()?);
    Ok(())
}
