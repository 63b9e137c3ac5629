//! Source → IR text: `fixtures/lower/<language>/<case>.<ext>` against `<case>.ir`, and what holds of every unit.

use std::fs;
use std::path::{Path, PathBuf};

use ffilint::ir::{self, Base, Cond, Function, LocalId, LocalKind, Op, Operand, Terminator, Unit};
use ffilint::language::Language;
use ffilint::parse::Limits;
use ffilint::source::FileId;

/// Set to write the `.ir` files anew; the test fails all the same, so that nothing passes unread.
const BLESS: &str = "FFILINT_BLESS";

#[test]
fn fixtures_lower_to_their_snapshots() {
    let mut wrong = Vec::new();
    for path in cases() {
        let unit = lowered(&path);
        let snapshot = path.with_extension("ir");
        let actual = ir::print::print(&unit);
        let expected = fs::read_to_string(&snapshot).unwrap_or_default();
        if actual != expected {
            if std::env::var_os(BLESS).is_some() {
                fs::write(&snapshot, &actual).expect("the snapshot can be written");
            }
            let diff = similar::TextDiff::from_lines(&expected, &actual);
            wrong.push(format!("{}\n{}", snapshot.display(), diff.unified_diff()));
        }
    }
    assert!(wrong.is_empty(), "{}\n(set {BLESS}=1 to accept)", wrong.join("\n"));
}

#[test]
fn fixtures_lower_to_valid_functions() {
    for path in cases() {
        let unit = lowered(&path);
        for function in &unit.functions {
            let faults = faults(&unit, function);
            assert!(faults.is_empty(), "{} {}: {faults:#?}", path.display(), function.qualified);
        }
    }
}

#[test]
fn nested_cleanups_stop_at_the_limit() {
    let deep =
        |levels: usize| format!("f() {{ {}y();{} }}", "try { x(); } finally { ".repeat(levels), "}".repeat(levels));
    let incomplete = |text: &str| {
        let unit = lower(text);
        unit.functions.iter().map(|function| (function.incomplete, function.blocks.is_empty())).collect::<Vec<_>>()
    };
    assert_eq!(incomplete(&deep(5)), [(None, false)]);
    assert_eq!(incomplete(&deep(60)), [(Some(ir::Incomplete::TooLarge), true)]);
}

#[test]
fn parentheses_in_patterns_do_not_nest_the_lowering() {
    let depth = 2_000;
    let unit = lower(&format!("f(a) {{ if (a case {}1{}) {{}} }}", "(".repeat(depth), ")".repeat(depth)));
    assert!(unit.functions.iter().all(|function| faults(&unit, function).is_empty()));
}

#[test]
fn spans_point_at_what_they_name() {
    let text =
        "class C { int f(a) {\n if (a != null && g(a)) return a.b<int>(1)(2);\n a?.c(x: a); new D.e(a); super.h(); }}";
    let unit = lower(text);
    let function = &unit.functions[0];
    let slice = |span: ffilint::source::Span| {
        let span = span.absolute_from(function.base);
        &text[span.start as usize..span.end as usize]
    };
    let (mut calls, mut ends) = (Vec::new(), Vec::new());
    for block in &function.blocks {
        for statement in &block.ops {
            if let Op::Call(call) = &statement.op {
                let args = call.args.iter().map(|arg| slice(arg.span)).collect::<Vec<_>>().join(",");
                calls.push(format!("{} | {} | {args}", slice(statement.span), slice(call.name_span)));
            }
        }
        ends.push(slice(block.end_span));
    }
    assert_eq!(
        calls,
        [
            "g(a) | g | a",
            "a.b<int>(1) | b | 1",
            "a.b<int>(1)(2) | a.b<int>(1) | 2",
            "a?.c(x: a) | c | a",
            "new D.e(a) | D.e | a",
            "super.h() | h | ",
        ]
    );
    assert_eq!(ends, ["a != null", "g(a)", "return a.b<int>(1)(2);", "a?.c", "a?.c(x: a)", "}"]);
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lower");
    let folders = fs::read_dir(root).expect("the fixtures are there").filter_map(|folder| Some(folder.ok()?.path()));
    let entries = folders.flat_map(|folder| fs::read_dir(folder).expect("a folder for each language"));
    let mut cases: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    cases.retain(|path| language_of(path).is_some());
    cases.sort();
    cases
}

fn language_of(path: &Path) -> Option<Language> {
    Language::of_file_name(path.file_name()?.to_str()?)
}

fn lowered(path: &Path) -> Unit {
    let text = fs::read_to_string(path).expect("the fixture can be read");
    lower_as(language_of(path).expect("a language ffilint knows"), &text)
}

fn lower(text: &str) -> Unit {
    lower_as(Language::Dart, text)
}

fn lower_as(language: Language, text: &str) -> Unit {
    ffilint::lower::lower(FileId(0), language, text, &Limits::default()).expect("within the limits")
}

/// What must hold of every function, however odd its source.
fn faults(unit: &Unit, function: &Function) -> Vec<String> {
    let mut faults = Vec::new();
    let length = function.span.end - function.base;
    let mut written = vec![false; function.locals.len()];
    for statement in function.blocks.iter().flat_map(|block| &block.ops) {
        if let Some(local) = ir::written(&statement.op) {
            match written.get_mut(local.index()) {
                Some(written) => *written = true,
                None => faults.push(format!("{:?} writes what is no local", statement.op)),
            }
        }
    }
    let check = |local: LocalId, what: &dyn std::fmt::Debug, faults: &mut Vec<String>| {
        let known = function.locals.get(local.index());
        if !known.is_some_and(|known| known.kind != LocalKind::Temporary || written[local.index()]) {
            faults.push(format!("{what:?} reads {local:?}, which nothing sets"));
        }
    };
    for block in &function.blocks {
        if block.end_span.start > block.end_span.end || block.end_span.end > length {
            faults.push(format!("a block ends at {:?}", block.end_span));
        }
        for statement in &block.ops {
            if statement.span.start > statement.span.end || statement.span.end > length {
                faults.push(format!("{:?} is at {:?}", statement.op, statement.span));
            }
            for local in read_by(&statement.op) {
                check(local, &statement.op, &mut faults);
            }
        }
        let mut locals = Vec::new();
        match &block.end {
            Terminator::Branch { cond, .. } => match cond {
                Cond::IsTrue(value) | Cond::IsNull(value) | Cond::Is(value, _) => locals_of(value, &mut locals),
                Cond::Equals(left, right) => {
                    locals_of(left, &mut locals);
                    locals_of(right, &mut locals);
                }
                Cond::Target(_) | Cond::Opaque => {}
            },
            Terminator::Return(Some(value)) | Terminator::Throw(Some(value)) => locals_of(value, &mut locals),
            _ => {}
        }
        for local in locals {
            check(local, &block.end, &mut faults);
        }
    }
    let unreached = reached(function).iter().filter(|&&reached| !reached).count();
    if unreached > 0 {
        faults.push(format!("{unreached} blocks out of reach"));
    }
    for capture in &function.captures {
        let outer = function.parent.map_or(0, |parent| unit.function(parent).locals.len());
        if capture.inner.index() >= function.locals.len() || capture.outer.index() >= outer {
            faults.push(format!("{capture:?} captures what is no local"));
        }
    }
    faults
}

fn reached(function: &Function) -> Vec<bool> {
    let mut reached = vec![false; function.blocks.len()];
    let mut open: Vec<usize> = if reached.is_empty() { Vec::new() } else { vec![0] };
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut reached[index], true) {
            continue;
        }
        let block = &function.blocks[index];
        match block.end {
            Terminator::Goto(to) => open.push(to.index()),
            Terminator::Branch { then, otherwise, .. } => open.extend([then.index(), otherwise.index()]),
            _ => {}
        }
        open.extend(block.handler.map(ir::BlockId::index));
    }
    reached
}

fn read_by(op: &Op) -> Vec<LocalId> {
    let mut locals = Vec::new();
    ir::visit_operands(op, &mut |operand| locals_of(operand, &mut locals));
    match (op, op.place()) {
        (Op::Load { .. } | Op::Store { .. }, Some(place)) => {
            if let Base::Local(local) = place.base {
                locals.push(local);
            }
        }
        (Op::Insert { into, .. }, _) => locals.push(*into),
        _ => {}
    }
    locals
}

fn locals_of(operand: &Operand, locals: &mut Vec<LocalId>) {
    match operand {
        Operand::Local(local) | Operand::Length(local) => locals.push(*local),
        Operand::Arith(arith) => arith.sides.iter().for_each(|operand| locals_of(operand, locals)),
        Operand::Const(_) | Operand::SizeOf(_) => {}
    }
}
