//! Linking: small projects from source to targets.

use std::fmt::Write;
use std::sync::Arc;

use ffilint::ir::{Callee, Op, Operand};
use ffilint::link::{FileContext, FuncRef, Functions, PackageContext, Program, Receiver, Target, Ty};
use ffilint::lower;
use ffilint::models::ModelSet;
use ffilint::parse::Limits;
use ffilint::source::FileId;
use ffilint::target::TargetSet;

/// Links files given by path and text; each lies in the package `app` at the root, or `p` at `p/`.
fn program(files: &[(&str, &str)]) -> Program {
    let limits = Limits::default();
    let mut units = Vec::new();
    let mut contexts = Vec::new();
    for (at, (path, text)) in files.iter().enumerate() {
        units.push(lower::dart::lower(FileId(at as u32), text, &limits).expect("within the limits").into());
        let (name, root) = if path.starts_with("p/") { ("p", "p") } else { ("app", "") };
        let package = PackageContext { name: name.into(), root: root.into(), versions: Arc::default() };
        contexts.push(FileContext {
            path: (*path).into(),
            package: Some(package),
            krate: None,
            is_vendored: false,
            targets: TargetSet::ALL,
            speaks_of: TargetSet::ALL,
            narrow: None,
        });
    }
    Program::link(units, &contexts, ModelSet::builtin())
}

/// Every operation of a function that refers to something, one a line: what is written → what it is.
fn targets(program: &Program, qualified: &str) -> String {
    let mut out = String::new();
    for (unit, from) in program.units.iter().enumerate() {
        for (at, function) in from.functions.iter().enumerate() {
            if function.qualified != qualified {
                continue;
            }
            let resolved = &program.resolved[unit][at];
            for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
                for (statement, target) in block.ops.iter().zip(targets) {
                    let written = match &statement.op {
                        Op::Call(call) => callee(&call.callee),
                        Op::Load { from, .. } if *target != Target::Unknown => format!("{from:?}"),
                        Op::Store { .. } if *target != Target::Unknown => "store".to_owned(),
                        Op::Binary { op, .. } if *target != Target::Unknown => op.to_string(),
                        _ => continue,
                    };
                    if matches!(statement.op, Op::Load { .. })
                        && matches!(target, Target::Namespace | Target::Variable(_))
                    {
                        continue;
                    }
                    let written = match &statement.op {
                        Op::Load { from, .. } => load(from),
                        _ => written,
                    };
                    writeln!(out, "{written} → {}", show(program, target)).expect("a string");
                }
            }
        }
    }
    out
}

fn load(place: &ffilint::ir::Place) -> String {
    use ffilint::ir::{Base, Projection};
    let base = match &place.base {
        Base::Name(name) => name.to_string(),
        Base::Local(_) => String::new(),
        Base::Super => "super".to_owned(),
        Base::Type(_) => "type".to_owned(),
    };
    let steps = place.path.iter().map(|step| match step {
        Projection::Field(name) => format!(".{name}"),
        Projection::Index(_) => "[]".to_owned(),
        Projection::Pointee => "*".to_owned(),
    });
    std::iter::once(base).chain(steps).collect()
}

fn callee(callee: &Callee) -> String {
    match callee {
        Callee::Name(name) => format!("{name}()"),
        Callee::Method { name, .. } => format!(".{name}()"),
        Callee::New { ty, name } => match name {
            Some(name) => format!("new {}.{name}()", ty.name),
            None => format!("new {}()", ty.name),
        },
        Callee::Super(name) => format!("super.{name}()"),
        Callee::SuperConstructor(_) => "super()".to_owned(),
        Callee::ThisConstructor(_) => "this()".to_owned(),
        Callee::Shorthand(name) => format!("shorthand .{name}()"),
        Callee::Value(Operand::Local(_)) => "value()".to_owned(),
        Callee::Value(_) => "?()".to_owned(),
    }
}

fn show(program: &Program, target: &Target) -> String {
    let models = ModelSet::builtin();
    let variable = |variable| program.variable(variable).name.to_string();
    let function = |function: &FuncRef| {
        let declared = program.function(*function);
        let unit = &program.file(function.unit).path;
        if program.units.len() > 1 { format!("{unit}:{}", declared.qualified) } else { declared.qualified.to_string() }
    };
    match target {
        Target::Unknown => "?".to_owned(),
        Target::ExtensionOverride => "the argument".to_owned(),
        Target::Functions(functions) => {
            let Functions { candidates, complete, implicit_this, model } = &**functions;
            let names: Vec<String> = candidates.iter().map(function).collect();
            let mut text = names.join(" | ");
            if !complete {
                text.push_str(" …");
            }
            if *implicit_this {
                text.push_str(" (this)");
            }
            if let Some(model) = model {
                write!(text, " = model {}", models.function(*model).name).expect("a string");
            }
            text
        }
        Target::Model(id) => format!("model {}", models.function(*id).name),
        Target::Native { symbol, .. } => format!("native {}", symbol.as_deref().unwrap_or("?")),
        Target::DefaultConstructor(class) => format!("default {}", program.class(*class).name),
        Target::Field(field) => format!("field {}", variable(*field)),
        Target::Static(of) => format!("static {}", variable(*of)),
        Target::Variable(id) => format!("variable {}", models.variable(*id).name),
        Target::Namespace => "namespace".to_owned(),
        Target::Memory => "memory".to_owned(),
        Target::TearOff(of) => format!("tear-off {}", function(of)),
        Target::ModelTearOff(id) => format!("tear-off model {}", models.function(*id).name),
        Target::Via(via) => {
            let receiver = match &via.receiver {
                Receiver::Operand => "operand".to_owned(),
                Receiver::This => "this".to_owned(),
                Receiver::Static(of) => format!("static {}", variable(*of)),
                Receiver::Variable(id) => models.variable(*id).name.to_string(),
                Receiver::Field(of) => format!("field {}", variable(*of)),
                Receiver::Getter(getter) => format!("getter {}", show(program, getter)),
            };
            format!("{} on {receiver}", show(program, &via.target))
        }
    }
}

fn assert_targets(files: &[(&str, &str)], qualified: &str, expected: &[&str]) {
    let program = program(files);
    let found = targets(&program, qualified);
    let found: Vec<&str> = found.lines().collect();
    assert_eq!(found, expected, "{qualified}");
}

fn one(text: &str, qualified: &str, expected: &[&str]) {
    assert_targets(&[("lib/a.dart", text)], qualified, expected);
}

#[test]
fn generated_bindings_keep_their_symbols() {
    let text = r"
import 'dart:ffi' as ffi;
class Native {
  final ffi.Pointer<T> Function<T extends ffi.NativeType>(String symbolName) _lookup;
  Native(ffi.DynamicLibrary library) : _lookup = library.lookup;
  ffi.Pointer<ffi.Void> open(int flags) {
    return _open(flags);
  }
  late final _openPtr =
      _lookup<ffi.NativeFunction<ffi.Pointer<ffi.Void> Function(ffi.Int)>>('lib_open');
  late final _open = _openPtr.asFunction<ffi.Pointer<ffi.Void> Function(int)>();
  late final addresses = _Symbols(this);
}
class _Symbols {
  final Native _library;
  _Symbols(this._library);
  ffi.Pointer<ffi.NativeFunction<ffi.Pointer<ffi.Void> Function(ffi.Int)>> get open => _library._openPtr;
}
late final Native native;
void caller() {
  final p = native.open(1);
  final f = native.addresses.open.asFunction<ffi.Pointer<ffi.Void> Function(int)>();
  f(1);
}
";
    one(text, "Native.open", &["_open() → native lib_open"]);
    one(
        text,
        "caller",
        &[
            "native → static native",
            ".open() → Native.open …",
            "native → static native",
            ".addresses → field addresses",
            ".open → _Symbols.open",
            ".asFunction() → model Pointer.asFunction",
            "value() → native lib_open",
        ],
    );
}

#[test]
fn hand_written_bindings_keep_their_symbols() {
    let text = r"
import 'dart:ffi';
typedef _CloseNative = Void Function(Pointer<Void>);
typedef _Close = void Function(Pointer<Void>);
const name = 'db_open';
class Bindings {
  final _Close close;
  late Pointer<Void> Function(int) open;
  Bindings(DynamicLibrary lib) : close = lib.lookup<NativeFunction<_CloseNative>>('db_close').asFunction() {
    open = lib.lookupFunction<Pointer<Void> Function(Int32), Pointer<Void> Function(int)>(name);
  }
}
final _lib = DynamicLibrary.open('x');
final free = _lib.lookupFunction<Void Function(Pointer), void Function(Pointer)>('db_free');
@Native<Int32 Function(Pointer<Void>)>(symbol: 'db_step')
external int step(Pointer<Void> db);
@Native<Int32 Function(Pointer<Void>)>()
external int db_reset(Pointer<Void> db);
void f(Bindings b) {
  final p = b.open(1);
  step(p);
  db_reset(p);
  b.close(p);
  free(p);
  final g = step;
  g(p);
}
";
    one(
        text,
        "f",
        &[
            ".open() → native db_open",
            "step() → native db_step",
            "db_reset() → native db_reset",
            ".close() → native db_close",
            "free() → native db_free",
            "step → tear-off step",
            "value() → native db_step",
        ],
    );
}

#[test]
fn allocators_are_called_through_their_variables() {
    let text = r"
import 'dart:ffi';
import 'package:ffi/ffi.dart';
final class Box extends Struct {
  external Pointer<Utf8> name;
}
class Holder {
  final Allocator allocator;
  Holder(this.allocator);
  Pointer<Uint8> get() => allocator<Uint8>(4);
}
void f(Allocator allocator, Holder h) {
  final a = calloc<Uint8>(3);
  calloc.free(a);
  using((arena) {
    final b = arena<Box>();
    b.ref.name = 'x'.toNativeUtf8(allocator: arena);
    final c = arena.allocate<Uint8>(1);
  });
  final Pointer<Int32> d = allocator();
  malloc.free(d);
  h.allocator<Uint8>(2);
  [a].forEach(calloc.free);
  final release = malloc.free;
}
";
    one(
        text,
        "f",
        &[
            "calloc() → model AllocatorAlloc.call on calloc",
            ".free() → model Allocator.free",
            "using() → model using",
            "value() → model AllocatorAlloc.call on operand",
            ".free() → model Allocator.free",
            ".allocator() → model AllocatorAlloc.call on field allocator",
            ".free → tear-off model Allocator.free",
            ".forEach() → model Iterable.forEach",
            ".free → tear-off model Allocator.free",
            // The closure.
            "value() → model AllocatorAlloc.call on operand",
            ".ref → model Pointer.ref",
            ".toNativeUtf8() → model StringUtf8Pointer.toNativeUtf8",
            "store → field name",
            ".allocate() → model Allocator.allocate",
        ],
    );
    one(text, "Holder.get", &["allocator() → model AllocatorAlloc.call on field allocator"]);
}

#[test]
fn imports_show_hide_and_prefix() {
    let files = [
        ("lib/a.dart", "void f() {}\nvoid g() {}\nvoid _h() {}\n"),
        ("lib/b.dart", "export 'a.dart' hide g;\nexport 'c.dart';\nvoid own() {}\n"),
        ("lib/c.dart", "export 'b.dart';\nint get count => 1;\nset count(int x) {}\n"),
        (
            "lib/main.dart",
            "import 'package:app/b.dart' as b;\nimport 'a.dart' show g;\nimport 'c.dart' hide f;\n
void main() { b.f(); b.g(); g(); f(); own(); _h(); count; count = 1; b.count = 2; }\n",
        ),
    ];
    assert_targets(
        &files,
        "main",
        &[
            ".f() → lib/a.dart:f",
            ".g() → ?",
            "g() → lib/a.dart:g",
            "f() → ?",
            "own() → lib/b.dart:own",
            "_h() → ?",
            "count → lib/c.dart:count",
            "store → lib/c.dart:count=",
            "store → lib/c.dart:count=",
        ],
    );
}

#[test]
fn parts_share_a_library() {
    let files = [
        (
            "lib/main.dart",
            "library app.main;\nimport 'dart:ffi';\npart 'x.dart';\npart 'y.dart';\nvoid _own() { _x(); }\n",
        ),
        ("lib/x.dart", "part of 'main.dart';\nvoid _x() { _y(); final p = nullptr.cast<Void>(); }\n"),
        ("lib/y.dart", "part of app.main;\nvoid _y() { _own(); }\n"),
    ];
    assert_targets(&files, "_own", &["_x() → lib/x.dart:_x"]);
    assert_targets(&files, "_x", &["_y() → lib/y.dart:_y", ".cast() → model Pointer.cast"]);
    assert_targets(&files, "_y", &["_own() → lib/main.dart:_own"]);
}

#[test]
fn packages_of_the_project_are_found_and_the_native_alternative_counts() {
    let files = [
        ("lib/main.dart", "import 'package:p/p.dart';\nvoid main() { open(); }\n"),
        ("p/lib/p.dart", "export 'src/stub.dart' if (dart.library.ffi) 'src/native.dart';\n"),
        ("p/lib/src/stub.dart", "void open() {}\n"),
        ("p/lib/src/native.dart", "import 'dart:ffi';\nvoid open() {}\n"),
    ];
    assert_targets(&files, "main", &["open() → p/lib/src/native.dart:open"]);
}

#[test]
fn a_call_reaches_every_override() {
    let text = r"
abstract class _Base { void close(); void open() {} }
class _A extends _Base { void close() {} }
class _B extends _A { void close() {} void open() {} }
mixin _M { void close() {} }
class _C with _M implements _Base { void open() {} void run() { close(); super.close(); } }
abstract class Public { void f() {} }
void f(_Base b, _A a, Public p) { b.close(); a.close(); b.open(); p.f(); _A(); _B().close(); }
";
    one(
        text,
        "f",
        &[
            ".close() → _A.close | _B.close | _M.close",
            ".close() → _A.close | _B.close",
            ".open() → _Base.open | _B.open | _C.open",
            ".f() → Public.f …",
            "_A() → default _A",
            "_B() → default _B",
            ".close() → _B.close",
        ],
    );
    one(text, "_C.run", &["close() → _M.close (this)", "super.close() → _M.close"]);
}

#[test]
fn constructors_are_found() {
    let text = r"
class A {
  final int x;
  A(this.x);
  A.named() : this(1);
  factory A.made() => A.named();
  factory A.redirect() = B;
  static A create() => A(1);
}
class B extends A { B() : super(2); B.other(super.x) : super(); }
class C<T> { final T value; C(this.value); T get() => value; }
void f() {
  A(1); A.named(); A.made(); A.create(); final g = A.new; new B.other(3);
  final c = C(A(1));
  c.value.x;
  C<A>(A(1)).get().x;
}
";
    one(
        text,
        "f",
        &[
            "A() → A.A",
            ".named() → A.named",
            ".made() → A.made",
            ".create() → A.create",
            "type.new → tear-off A.A",
            "new other() → B.other",
            "A() → A.A",
            "C() → C.C",
            ".value → field value",
            ".x → field x",
            "A() → A.A",
            "C() → C.C",
            ".get() → C.get …",
            ".x → field x",
        ],
    );
    one(text, "A.named", &["this() → A.A"]);
    one(text, "B.B", &["super() → A.A"]);
}

#[test]
fn extensions_apply_where_their_type_fits() {
    let files = [
        (
            "lib/ext.dart",
            "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n
extension Chars on Pointer<Utf8> { void release() { malloc.free(this); } String get text => toDartString(); }
extension Ints on Pointer<Int32> { void release() {} }
extension Items<T extends NativeType> on List<Pointer<T>> { void releaseAll() { for (final p in this) { calloc.free(p); } } }
",
        ),
        (
            "lib/main.dart",
            "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\nimport 'ext.dart' as e;\n
void main(Pointer<Utf8> s, Pointer<Int32> i, Pointer<Int8> b, List<Pointer<Int8>> all) {
  s.release(); i.release(); b.release(); s.text; all.releaseAll();
}\n",
        ),
        ("lib/other.dart", "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\nvoid other(Pointer<Utf8> s) { s.release(); }\n"),
    ];
    assert_targets(
        &files,
        "main",
        &[
            ".release() → lib/ext.dart:Chars.release",
            ".release() → lib/ext.dart:Ints.release",
            ".release() → ?",
            ".text → lib/ext.dart:Chars.text",
            ".releaseAll() → lib/ext.dart:Items.releaseAll",
        ],
    );
    one(
        "extension Point on (int, int) { void go() {} }\nvoid f((int, int) p) { p.go(); (1, 2).go(); p.$1; }\n",
        "f",
        &[".go() → Point.go", ".go() → Point.go"],
    );
    assert_targets(&files, "other", &[".release() → ?"]);
    assert_targets(&files, "Chars.text", &["toDartString() → model Utf8Pointer.toDartString on this"]);
}

#[test]
fn members_come_before_imports_and_inherited_ones_after() {
    let files = [
        ("lib/a.dart", "void inherited() {}\nvoid own() {}\n"),
        (
            "lib/b.dart",
            "import 'a.dart';\nclass Base { void inherited() {} void rest() {} }
class D extends Base { void own() {} void run() { own(); inherited(); rest(); missing(); } }\n",
        ),
    ];
    assert_targets(
        &files,
        "D.run",
        &[
            "own() → lib/b.dart:D.own … (this)",
            "inherited() → lib/a.dart:inherited",
            "rest() → lib/b.dart:Base.rest … (this)",
            "missing() → ?",
        ],
    );
}

#[test]
fn results_without_a_declared_type_are_inferred() {
    let text = r"
import 'dart:ffi';
import 'package:ffi/ffi.dart';
make() => calloc<Uint8>(1);
get wrapped => make();
final shared = wrapped;
Future<Pointer<Uint8>> later() async => make();
void f() async {
  shared.cast<Int8>();
  (await later()).cast<Int8>();
  final all = <Pointer<Uint8>>[];
  all.add(make());
  for (final p in all) { p.cast<Int8>(); }
  final made = List.generate(3, (i) => calloc<Int32>());
  made.first.value;
  for (final (at, p) in made.indexed) { p.cast<Int8>(); }
}
";
    let found = targets(&program(&[("lib/a.dart", text)]), "f");
    assert_eq!(found.matches(".cast() → model Pointer.cast").count(), 4, "{found}");
    assert!(found.contains(".value → model Pointer.value"), "{found}");
}

#[test]
fn parameters_of_super_constructors_have_their_types() {
    let text = r"
import 'dart:ffi';
class A { A(this.p); final Pointer<Pointer<Void>> p; }
class B extends A { B(super.p); }
class C extends B { C(super.p) { p.value.cast<Int8>(); } }
";
    one(text, "C.C", &["super() → B.B", "p → field p", ".value → model Pointer.value", ".cast() → model Pointer.cast"]);
}

#[test]
fn shorthands_take_the_type_that_is_wanted() {
    let text = r"
import 'dart:ffi';
extension type Text(Pointer<Void> p) { Text.empty() : this(nullptr); }
final class S extends Struct { external Text name; }
void take(Text text, {Text? more}) {}
Text f(Pointer<S> p, Pointer<Void> n) {
  p.ref.name = .new(n);
  p.ref
    ..name = .empty()
    ..name = .new(n);
  take(.new(n), more: .empty());
  final Text t = .new(n);
  return .new(n);
}
";
    let found = targets(&program(&[("lib/a.dart", text)]), "f");
    assert_eq!(found.matches("shorthand .new() → Text.Text").count(), 5, "{found}");
    assert_eq!(found.matches("shorthand .empty() → Text.empty").count(), 2, "{found}");
}

#[test]
fn a_binding_got_through_an_interface_keeps_its_symbol() {
    let text = r"
import 'dart:ffi';
final lib = DynamicLibrary.process();
abstract class Platform {
  int Function(Pointer<Void>) get close => throw 'no platform';
  int Function(Pointer<Void>) open();
}
class Native extends Platform {
  int Function(Pointer<Void>) get close => lib.lookup<NativeFunction<Int Function(Pointer<Void>)>>('db_close').asFunction();
  int Function(Pointer<Void>) open() => lib.lookup<NativeFunction<Int Function(Pointer<Void>)>>('db_open').asFunction();
}
late Platform platform;
final int Function(Pointer<Void>) _open = platform.open();
void f(Pointer<Void> p) { _open(p); platform.close(p); }
";
    one(text, "f", &["_open() → native db_open", "platform → static platform", ".close() → native db_close"]);
}

#[test]
fn tests_of_a_type_narrow_it() {
    let text = r"
import 'dart:ffi';
sealed class Result {}
class Ok extends Result { final Pointer<Void> value; Ok(this.value); }
class Failed extends Result {}
void f(Result r, Object o) {
  if (r is Ok) { r.value; }
  if (o is! Pointer<Void>) return;
  o.cast<Int8>();
  switch (r) {
    case Ok(:final value): value.cast<Int8>();
    case Failed(): break;
  }
}
";
    let found = targets(&program(&[("lib/a.dart", text)]), "f");
    assert_eq!(found.matches(".cast() → model Pointer.cast").count(), 2, "{found}");
    assert_eq!(found.matches(".value → field value").count(), 2, "{found}");
}

#[test]
fn what_is_linked_does_not_depend_on_the_order_of_files() {
    let files = [
        ("lib/a.dart", "import 'b.dart';\nmake() => other();\nfinal shared = make();\n"),
        ("lib/b.dart", "import 'a.dart';\nclass C { void run() {} }\nother() => C();\n"),
        ("lib/c.dart", "import 'a.dart';\nvoid main() { shared.run(); make(); }\n"),
    ];
    let mut turned = files;
    turned.reverse();
    let expected = "shared → static shared\n.run() → lib/b.dart:C.run …\nmake() → lib/a.dart:make\n";
    assert_eq!(targets(&program(&files), "main"), expected);
    assert_eq!(targets(&program(&turned), "main"), expected);
}

#[test]
fn callees_come_before_callers() {
    let text = "void a() { b(); }\nvoid b() { c(); a(); }\nvoid c() {}\nvoid d() { a(); [1].forEach((x) { c(); }); }\n";
    let program = program(&[("lib/a.dart", text)]);
    let names: Vec<Vec<String>> = program
        .components()
        .map(|component| component.iter().map(|function| program.function(*function).qualified.to_string()).collect())
        .collect();
    let at =
        |name: &str| names.iter().position(|component| component.iter().any(|of| of == name)).expect("a component");
    assert_eq!(names[at("a")], ["a", "b"]);
    assert!(at("c") < at("a") && at("a") < at("d"));
}

#[test]
fn a_native_function_field_with_two_symbols_has_none() {
    let text = r"
import 'dart:ffi';
final lib = DynamicLibrary.process();
final f = a ? lib.lookupFunction<Void Function(), void Function()>('x') : lib.lookupFunction<Void Function(), void Function()>('y');
bool get a => true;
void main() { f(); }
";
    let program = program(&[("lib/a.dart", text)]);
    assert_eq!(targets(&program, "main"), "f() → native ?\n");
    let field = program.variable_type(ffilint::link::VarRef { unit: 0, class: None, index: 1 });
    assert_eq!(*field, Ty::NativeFunction { symbol: None, result: Box::new(Ty::Void) });
}

/// A package that lies at `pkgs/ffi`, and a program beside it.
fn with_own_ffi(name: &str, main: &str) -> Program {
    let allocation = r"
import 'dart:ffi';
class CallocAllocator implements Allocator {
  const CallocAllocator();
  Pointer<T> allocate<T extends NativeType>(int byteCount, {int? alignment}) => nullptr.cast();
  void free(Pointer pointer) {}
}
const CallocAllocator calloc = CallocAllocator();
const CallocAllocator malloc = CallocAllocator();
class Arena implements Allocator {
  Pointer<T> allocate<T extends NativeType>(int byteCount, {int? alignment}) => calloc<T>();
  void free(Pointer pointer) {}
}
R using<R>(R Function(Arena) computation) => computation(Arena());
";
    let strings = r"
import 'dart:ffi';
import 'allocation.dart';
final class Utf8 extends Opaque {}
extension StringUtf8Pointer on String {
  Pointer<Utf8> toNativeUtf8({Allocator allocator = malloc}) => allocator<Uint8>(length).cast();
}
extension Utf8Pointer on Pointer<Utf8> {
  String toDartString({int? length}) => '';
}
int notInThePack() => 1;
";
    let package = format!("p/{name}");
    let files = [
        (format!("{package}/ffi.dart"), "export 'src/allocation.dart'; export 'src/utf8.dart';"),
        (format!("{package}/src/allocation.dart"), allocation),
        (format!("{package}/src/utf8.dart"), strings),
        ("main.dart".to_owned(), main),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    program(&files)
}

#[test]
fn a_copy_of_package_ffi_in_the_project_is_what_its_model_says() {
    let main = r"
import 'dart:ffi';
import 'package:p/own/ffi.dart' as own;
import 'package:p/own/ffi.dart';
void f(String s, own.Arena arena) {
  own.calloc<Uint8>(3);
  own.using((a) => a<Uint8>());
  s.toNativeUtf8(allocator: arena).toDartString();
  notInThePack();
}
";
    let program = with_own_ffi("lib/own", main);
    let expected = "\
.calloc() → Variable model AllocatorAlloc.call
.using() → model using
.toNativeUtf8() → model StringUtf8Pointer.toNativeUtf8
.toDartString() → model Utf8Pointer.toDartString
notInThePack() → p/lib/own/src/utf8.dart:notInThePack
";
    let found = targets(&program, "f");
    for line in expected.lines().filter(|line| !line.starts_with(".calloc")) {
        assert!(found.contains(line), "{found}");
    }
    assert!(found.contains("AllocatorAlloc.call") && !found.contains("CallocAllocator"), "{found}");
    // Inside of the package its own declarations count.
    let inside = targets(&program, "StringUtf8Pointer.toNativeUtf8");
    assert!(inside.contains("length"), "{inside}");
    let calls = targets(&program, "using");
    assert!(calls.contains("Arena() → default Arena"), "{calls}");
}

#[test]
fn members_of_the_sdk_have_the_types_that_strings_need() {
    let text = r#"
import 'dart:convert';
import 'dart:io';
import 'package:ffi/ffi.dart';
import 'package:path/path.dart' as p;
enum Mode { on, off }
class Sink { void write(x) {} }
void f(dynamic any, String s, int n, List<String> list, Map<String, String> map, Mode mode, File file, Sink sink, DateTime t) {
  any.toString().toNativeUtf8();
  sink.toString().toNativeUtf8();
  s.trim().substring(1).toLowerCase().padLeft(3).toNativeUtf8();
  s.split(',').first.toNativeUtf8();
  s[0].toNativeUtf8();
  (any + '!').toNativeUtf8();
  (s * 3).toNativeUtf8();
  '$any'.toNativeUtf8();
  n.toRadixString(16).toNativeUtf8();
  list.join(',').toNativeUtf8();
  list.map((x) => x).where((x) => true).toList().sublist(1).reversed.elementAt(0).toNativeUtf8();
  map['k']!.toNativeUtf8();
  for (final entry in map.entries) { entry.value.toNativeUtf8(); }
  jsonEncode(any).toNativeUtf8();
  json.encode(any).toNativeUtf8();
  utf8.decode(any).toNativeUtf8();
  base64Encode(any).toNativeUtf8();
  file.path.toNativeUtf8();
  File('a').absolute.path.toNativeUtf8();
  Directory.current.path.toNativeUtf8();
  Uri.parse(s).toFilePath().toNativeUtf8();
  Platform.resolvedExecutable.toNativeUtf8();
  p.join(s, 'a').toNativeUtf8();
  t.toIso8601String().toNativeUtf8();
  String.fromCharCodes([1]).toNativeUtf8();
  mode.name.toNativeUtf8();
  any.runtimeType.toString().toNativeUtf8();
  (StringBuffer()..write(s)).toString().toNativeUtf8();
}
"#;
    let found = targets(&program(&[("lib/a.dart", text)]), "f");
    let wanted = text.matches("toNativeUtf8").count();
    assert_eq!(found.matches("model StringUtf8Pointer.toNativeUtf8").count(), wanted, "{found}");
}

#[test]
fn an_extension_named_for_its_member_is_that_extension() {
    let text = r"
import 'dart:ffi';
import 'package:ffi/ffi.dart';
extension One<T> on List<T> { T pick() => first; }
extension Two on List<Object> { Object pick() => first; }
void f(List<String> list, Pointer<Utf8> p) {
  One(list).pick().toNativeUtf8();
  Two(list).pick();
  Utf8Pointer(p).toDartString();
}
";
    let expected = "\
One() → the argument
.pick() → One.pick
.toNativeUtf8() → model StringUtf8Pointer.toNativeUtf8
Two() → the argument
.pick() → Two.pick
Utf8Pointer() → the argument
.toDartString() → model Utf8Pointer.toDartString
";
    assert_eq!(targets(&program(&[("lib/a.dart", text)]), "f"), expected);
}

#[test]
fn literals_have_the_types_they_are_written_with() {
    let text = r"
import 'dart:ffi';
import 'package:ffi/ffi.dart';
void f() {
  final list = <Pointer<Utf8>>[];
  list.first.toDartString();
  final map = <String, Pointer<Utf8>>{};
  map['a']!.toDartString();
  for (final p in <Pointer<Utf8>>{}) { p.toDartString(); }
  (<Pointer<Utf8>>[]).map((p) => p.toDartString()).first.toNativeUtf8();
}
";
    let program = program(&[("lib/a.dart", text)]);
    let found = targets(&program, "f");
    assert_eq!(found.matches("model Utf8Pointer.toDartString").count(), 4, "{found}");
    assert_eq!(found.matches("model StringUtf8Pointer.toNativeUtf8").count(), 1, "{found}");
}
