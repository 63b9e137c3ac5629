//! A project that was checked, and changes of it that are followed instead of another check.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use ffilint::models::ModelSet;
use ffilint::workspace::standing::Standing;
use ffilint::workspace::{Options, Report, Scope, Workspace, pool};

use crate::fixtures::cases;
use crate::support::{Outcome, all_well, project};

/// A project in an editor.
struct Open {
    workspace: Workspace,
    options: Options,
    standing: Standing,
    first: Report,
    threads: rayon::ThreadPool,
}

impl Open {
    fn at(folder: &std::path::Path) -> Result<Self, Box<dyn Error>> {
        let (project, options) = project(folder)?;
        let options = Options { scope: Scope::Project, fixes: false, ..options };
        let workspace = Workspace::new(project).keeping();
        let threads = pool(1)?;
        let stood = threads.install(|| workspace.stand(ModelSet::builtin(), &options));
        let (first, standing) = stood.ok_or("it was stopped")?;
        Ok(Self { workspace, options, standing, first, threads })
    }

    /// What is found when a file has another text.
    fn follow(&mut self, key: &str, text: &str) -> Result<Vec<String>, Box<dyn Error>> {
        if !self.workspace.set_text(key, &Arc::from(text)) {
            return Err(format!("there is no {key}").into());
        }
        Ok(told(&self.standing.follow(&self.workspace, key, ModelSet::builtin(), &self.options)))
    }

    /// Nobody is at work; what it keeps is there again when somebody is.
    fn rest(&mut self) -> Outcome {
        if self.standing.rest(&mut self.workspace, || true) {
            return Err("somebody waits".into());
        }
        // What a check had is dropped on another thread.
        for _ in 0..500 {
            if self.standing.rest(&mut self.workspace, || false) {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err("somebody still holds a unit".into())
    }

    /// What a check of all finds.
    fn fresh(&self) -> Vec<String> {
        told(&self.threads.install(|| self.workspace.check(ModelSet::builtin(), &self.options)))
    }
}

/// Every finding in full, but for what would mend it.
fn told(report: &Report) -> Vec<String> {
    let path = |file: ffilint::source::FileId| report.sources.get(file.index()).map_or("", |source| &*source.path);
    let of = |found: &ffilint::diagnostic::Diagnostic| {
        let places = found.trace.iter().map(|step| (path(step.location.file), step.location.span, &step.message));
        let (primary, places) = (found.primary.location, places.collect::<Vec<_>>());
        format!(
            "{} {}:{:?} {} {} {places:?}",
            found.rule,
            path(primary.file),
            primary.span,
            found.message,
            found.fingerprint
        )
    };
    report.diagnostics.iter().map(of).collect()
}

const POINT: &str = "import { dlopen, releasePtr, Struct } from 'arkffi';\nimport { end } from './ends';\n\n\
                     const spare = 1;\nconst Point = Struct({ x: 'd' });\n\n\
                     export function first(): number {\n  const lib = dlopen('p.so', { made: { args: [], returns: Point } });\n  \
                     const point = lib.symbols.made();\n  const { x } = Point.fromPtr(point);\n  releasePtr(point);\n  \
                     lib.close();\n  return x;\n}\n";

const POINT_ENDS: &str =
    "import { releasePtr } from 'arkffi';\n\nexport function end(point: number) {\n  releasePtr(point);\n}\n";

const PUBSPEC: &str = "name: app\nenvironment:\n  sdk: ^3.6.0\ndependencies:\n  ffi: ^2.1.0\n";

const HEAD: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n";

const USES: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\nimport 'ends.dart';\n\nfinal spare = calloc<Int32>();\n\n\
                    int uses() {\n  final cell = calloc<Int32>();\n  final value = cell.value;\n  end(cell);\n  return value;\n}\n\n\
                    class Holder {\n  final kept = <int>[1, 2];\n  int read() => kept.first;\n}\n\n\
                    int names() {\n  final name = textNew();\n  final first = name.value;\n  textFree(name);\n  return first;\n}\n";

const ENDS: &str = "void end(Pointer<Int32> cell) {\n  calloc.free(cell);\n}\n\n\
                    @Native<Pointer<Char> Function()>(symbol: 'text_new')\nexternal Pointer<Char> textNew();\n\n\
                    @Native<Void Function(Pointer<Char>)>(symbol: 'text_free')\nexternal void textFree(Pointer<Char> text);\n\n\
                    @Native<Pointer<Void> Function()>(symbol: 'list_new')\nexternal Pointer<Void> listNew();\n\n\
                    @Native<Void Function(Pointer<Void>)>(symbol: 'list_free')\nexternal void listFree(Pointer<Void> list);\n\n\
                    void lists() {\n  listFree(listNew());\n}\n";

const TEXT: &str = "#include <stdlib.h>\n\n__attribute__((visibility(\"default\"))) char *text_new(void) {\n  return calloc(8, 1);\n}\n\n\
                    __attribute__((visibility(\"default\"))) void text_free(char *text) {\n  free(text);\n}\n";

const LIST: &str = "pub struct List(u32);\n\n#[unsafe(no_mangle)]\npub extern \"C\" fn list_new() -> *mut List {\n    Box::into_raw(Box::new(List(1)))\n}\n\n\
                    #[unsafe(no_mangle)]\npub unsafe extern \"C\" fn list_free(list: *mut List) {\n    drop(unsafe { Box::from_raw(list) });\n}\n";

/// A file, what is written there and what instead, and how many findings there are then.
type Edit = (&'static str, &'static str, &'static str, usize);

/// Changes of bodies, one after the other.
const EDITS: [Edit; 22] = [
    // The caller in another file loses what its callee no longer releases.
    ("lib/ends.dart", "calloc.free(cell);", "cell.value = 1;", 1),
    ("lib/uses.dart", "final value = cell.value;", "final value = cell.value; calloc.free(cell);", 0),
    ("lib/ends.dart", "cell.value = 1;", "calloc.free(cell);", 1),
    ("lib/uses.dart", " calloc.free(cell);", "\n  // It is gone.\n", 0),
    // Closures come and go.
    ("lib/uses.dart", "  end(cell);\n", "  void later() {\n    end(cell);\n  }\n\n  later();\n", 0),
    ("lib/uses.dart", "  later();\n", "", 1),
    (
        "lib/uses.dart",
        "  void later() {\n    end(cell);\n  }\n",
        "  using((arena) => arena<Int8>(), calloc);\n  end(cell);\n",
        0,
    ),
    // An initial value.
    ("lib/uses.dart", "<int>[1, 2]", "<int>[1, 2, 3]", 0),
    // What cannot be parsed gives no findings, and the rest is as it was.
    ("lib/uses.dart", "  final value = cell.value;\n", "  final value = cell.value;\n  return (;\n", 0),
    ("lib/uses.dart", "  return (;\n", "  if (value > 1) return 1;\n", 1),
    ("lib/uses.dart", "  final cell =", "  // ignore: ffilint/leak_on_some_path it ends soon\n  final cell =", 0),
    ("lib/uses.dart", "  // ignore: ffilint/leak_on_some_path it ends soon\n", "", 1),
    ("lib/uses.dart", "  if (value > 1) return 1;\n", "", 0),
    // What native code gives is nobody's to release.
    ("src/text.c", "return calloc(8, 1);", "return \"a\";", 1),
    ("src/text.c", "return \"a\";", "return calloc(8, 1);", 0),
    ("src/lib.rs", "    drop(unsafe", "    drop(unsafe { Box::from_raw(list) });\n    drop(unsafe", 1),
    ("src/lib.rs", "    drop(unsafe { Box::from_raw(list) });\n    drop(unsafe", "    drop(unsafe", 0),
    // Tables and descriptions stay what they are.
    ("ets/point.ets", "  releasePtr(point);\n", "  // later\n", 1),
    ("ets/point.ets", "  // later\n", "  end(point);\n", 0),
    ("ets/ends.ets", "  releasePtr(point);", "  console.log(point);", 1),
    ("ets/point.ets", "const spare = 1;", "const spare = 'some more';", 1),
    ("ets/ends.ets", "  console.log(point);", "  releasePtr(point);", 0),
];

#[test]
fn a_change_of_a_body_is_followed_as_far_as_it_leads() -> Outcome {
    let folder = tempfile::tempdir()?;
    let texts = [
        ("pubspec.yaml", PUBSPEC.to_owned()),
        ("lib/uses.dart", USES.to_owned()),
        ("lib/ends.dart", format!("{HEAD}\n{ENDS}")),
        ("src/text.c", TEXT.to_owned()),
        ("src/lib.rs", LIST.to_owned()),
        ("ets/point.ets", POINT.to_owned()),
        ("ets/ends.ets", POINT_ENDS.to_owned()),
    ];
    for (name, text) in &texts {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        fs::write(path, text)?;
    }
    let mut open = Open::at(folder.path())?;
    assert_eq!(told(&open.first), Vec::<String>::new());
    let mut failures = Vec::new();
    for (number, (key, from, to, count)) in (1..).zip(EDITS) {
        let text = open.workspace.text(key).ok_or(key)?.to_string();
        if text.matches(from).count() != 1 {
            failures.push(format!("edit {number}: `{from}` is not there once in {text}"));
            continue;
        }
        if number % 2 == 0 {
            open.rest()?;
        }
        let followed = open.follow(key, &text.replace(from, to))?;
        let fresh = open.fresh();
        if followed != fresh || fresh.len() != count || !open.standing.was_of_bodies() {
            failures.push(format!("edit {number}: {followed:#?}\ninstead of {count}: {fresh:#?}"));
        }
    }
    all_well(failures)
}

/// What is put into bodies.
const TYPED: [&str; 12] = ["a", "1", "{", "}", "'", "\"", ";", "()", "return;", "\n", "//", "(x) => x"];

#[test]
fn a_change_and_its_opposite_leave_every_fixture_as_it_was() -> Outcome {
    let mut failures = Vec::new();
    let mut followed = 0;
    for (number, case) in cases().into_iter().enumerate() {
        let mut open = Open::at(&case)?;
        let first = told(&open.first);
        let keys: Vec<String> = open.first.sources.iter().map(|source| source.path.to_string()).collect();
        for (at, path) in keys.iter().enumerate() {
            let Some(key) = path.strip_prefix(&format!("{}/", case.display())).or(Some(path)) else { continue };
            let Some(text) = open.workspace.text(key).map(ToString::to_string).filter(|text| !text.is_empty()) else {
                continue;
            };
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            for turn in 0..4 {
                // Places and texts that differ from case to case.
                let mixed = (number * 7919 + at * 104_729 + turn * 1_299_709) ^ (number << 5);
                let place = places[mixed % places.len()];
                let mut changed = text.clone();
                changed.insert_str(place, TYPED[mixed % TYPED.len()]);
                if turn % 2 == 1 {
                    open.rest()?;
                }
                open.follow(key, &changed)?;
                let is_of_bodies = open.standing.was_of_bodies();
                if turn == 3 {
                    open.rest()?;
                }
                let after = open.follow(key, &text)?;
                if is_of_bodies && open.standing.was_of_bodies() {
                    followed += 1;
                    if after != first {
                        let what = TYPED[mixed % TYPED.len()];
                        failures.push(format!("{path}: {what:?} at {place}: {after:#?}\ninstead of {first:#?}"));
                    }
                }
            }
        }
    }
    assert!(followed > 200, "{followed}");
    all_well(failures)
}
