//! The knowledge base: its files are sound, canonical and sourced, and the set answers as documented.

#![allow(clippy::unwrap_used, clippy::panic)]

use ffilint::ir::TypeRef;
use ffilint::models::own::OwnText;
use ffilint::models::schema::{FunctionModel, MemberKind, ModelFile, TypeModel};
use ffilint::models::{
    COMPILED, Item, ModelId, ModelSet, PackId, Sizing, Versions, builtin_files, compile, parse_file, read_builtin_files,
};
use ffilint::summary::{
    AccessPath, Basis, EffectKind, FamilyRef, Guard, Ownership, Root, StatusKind, Step, Summary, Throws, ValueTest,
};
use ffilint::target::TargetSet;

#[test]
fn builtin_files_load_without_errors() {
    let errors: Vec<String> = read_builtin_files().errors().iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn compiled_models_are_those_of_the_files() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(COMPILED);
    let compiled = compile(&read_builtin_files());
    if std::env::var_os("FFILINT_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &compiled).unwrap();
    }
    let kept = std::fs::read(&path).unwrap();
    assert!(kept == compiled, "{COMPILED} is not made of the files; FFILINT_BLESS=1 cargo test writes it");
}

#[test]
fn every_model_file_is_built_in() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/models");
    let mut on_disk: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| format!("rules/models/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    on_disk.sort();
    let mut built_in: Vec<&str> = builtin_files().iter().map(|(path, _)| *path).collect();
    built_in.sort_unstable();
    assert_eq!(on_disk, built_in);
}

#[test]
fn entries_stand_in_order() {
    for (path, file) in files() {
        assert_sorted(path, "family", file.family.iter().map(|family| family.get_ref().name.clone()));
        assert_sorted(path, "type", file.types.iter().map(|ty| type_key(ty.get_ref())));
        assert_sorted(path, "variable", file.variable.iter().map(|variable| variable.get_ref().name.clone()));
        assert_sorted(path, "function", file.function.iter().map(|function| function_key(function.get_ref())));
        for function in &file.function {
            assert_sorted(path, "names", function.get_ref().names.iter().cloned());
            assert_sorted(path, "symbols", function.get_ref().symbols.iter().cloned());
        }
    }
}

#[test]
fn every_fact_has_a_source() {
    for (path, file) in files() {
        for family in &file.family {
            assert!(!family.get_ref().source.is_empty(), "{path}: {}", family.get_ref().name);
        }
        for equivalence in &file.equivalence {
            assert!(!equivalence.get_ref().source.is_empty(), "{path}");
        }
        if let Some(pack) = &file.pack {
            assert!(!pack.sources.is_empty(), "{path}");
        }
    }
}

#[test]
fn the_readme_describes_every_key() {
    let readme = include_str!("../../rules/README.md");
    let schema = include_str!("../../src/models/schema.rs");
    let fields = schema.lines().filter_map(|line| line.strip_prefix("    pub ")?.split_once(':'));
    for (field, _) in fields {
        let key = match field {
            "types" | "ty" => "type",
            "is_static" => "static",
            other => other,
        };
        let written = ["`", "`[", "[["].iter().any(|before| readme.contains(&format!("{before}{key}")));
        assert!(written, "rules/README.md does not describe `{key}`");
    }
}

#[test]
fn package_ffi_memory_is_what_the_platform_and_the_version_say() {
    let set = ModelSet::builtin();
    let same = |a: &str, b: &str, ffi: Option<&str>| {
        set.same_on(set.family_named(a).unwrap(), set.family_named(b).unwrap(), &versions("ffi", ffi))
    };
    let posix_and_ohos = TargetSet::POSIX.or(TargetSet::OHOS);
    assert_eq!(same("dart.malloc", "dart.malloc", None), TargetSet::ALL);
    assert_eq!(same("dart.malloc", "libc.malloc", None), posix_and_ohos);
    assert_eq!(same("libc.malloc", "dart.malloc", Some("1.0.0")), posix_and_ohos);
    assert_eq!(same("dart.malloc", "cotaskmem", Some("2.0.0")), TargetSet::WINDOWS);
    assert_eq!(same("dart.malloc", "cotaskmem", None), TargetSet::WINDOWS);
    assert_eq!(same("dart.malloc", "cotaskmem", Some("1.2.1")), TargetSet::NONE);
    assert_eq!(same("dart.malloc", "heap", Some("1.2.1")), TargetSet::WINDOWS);
    assert_eq!(same("dart.malloc", "heap", Some("2.1.0")), TargetSet::NONE);
    assert_eq!(same("libc.malloc", "cotaskmem", Some("2.1.0")), TargetSet::NONE);
    assert_eq!(same("dart.tracked", "libc.malloc", None), posix_and_ohos);
    assert_eq!(same("dart.tracked", "cotaskmem", None), TargetSet::WINDOWS);
    assert_eq!(same("localmem", "globalmem", None), TargetSet::WINDOWS);
    assert_eq!(same("localmem", "cotaskmem", None), TargetSet::NONE);
    assert_eq!(same("cpp.new", "cpp.new_array", None), TargetSet::NONE);
}

#[test]
fn imports_bring_in_their_names() {
    let set = ModelSet::builtin();
    let none = Versions::default();
    let ffi = set.pack_for_uri("package:ffi/ffi.dart").unwrap();
    assert_eq!(set.pack_for_uri("package:ffigen/ffigen.dart"), None);
    let Some(Item::Variable(malloc)) = set.lookup(ffi, "malloc", &none) else { panic!("malloc is a variable") };
    assert_eq!(set.variable(malloc).ty, TypeRef::named("MallocAllocator"));
    assert!(matches!(set.lookup(ffi, "using", &none), Some(Item::Function(_))));
    assert_eq!(set.lookup(ffi, "Pointer", &none), None);
    assert!(set.type_named(ffi, "Pointer", &none).is_some());
    assert_eq!(set.lookup(ffi, "free", &none), None);
    assert!(set.lookup(ffi, "free", &versions("ffi", Some("0.1.3"))).is_some());
    let asynchronous = set.pack_for_uri("dart:async").unwrap();
    assert!(matches!(set.lookup(asynchronous, "Future", &none), Some(Item::Type(_))));
}

#[test]
fn members_extensions_and_versions_are_told_apart() {
    let set = ModelSet::builtin();
    let none = Versions::default();
    let (dart, ffi) = (pack("dart:ffi"), pack("package:ffi/ffi.dart"));
    let pointer = set.type_named(dart, "Pointer", &none).unwrap();
    assert!(set.ty(pointer).pointer);
    let value = set.member(pointer, "value", MemberKind::Getter, &none).unwrap();
    assert_eq!(only_outcome(value).result.ownership, Ownership::Pointee(AccessPath::root(Root::This)));
    assert_ne!(set.member(pointer, "value", MemberKind::Setter, &none), Some(value));
    assert_eq!(set.member(pointer, "value", MemberKind::Function, &none), None);
    let plus = set.member(pointer, "+", MemberKind::Function, &none).unwrap();
    assert_eq!(
        set.function(plus).summary.outcomes[0].result.ownership,
        Ownership::Interior(AccessPath::root(Root::This))
    );
    assert!(set.member(pointer, "fromAddress", MemberKind::Function, &none).is_some());

    let to_native = set.extensions_with(ffi, "toNativeUtf8", MemberKind::Function, &none);
    assert_eq!(to_native.len(), 1);
    assert_eq!(set.ty(to_native[0].0).on, Some(TypeRef::named("String")));
    let default = set.family_named("dart.malloc");
    let allocator = AccessPath::root(Root::Named("allocator".into()));
    let owned = Ownership::Owned(FamilyRef::Allocator(allocator, default));
    assert_eq!(only_outcome(to_native[0].1).result.ownership, owned);
    assert_eq!(set.extensions_with(dart, "call", MemberKind::Function, &none).len(), 1);

    let malloc = set.type_named(ffi, "MallocAllocator", &none).unwrap();
    assert_eq!(set.ty(malloc).allocator, default);
    let native_free = |ffi| set.member(malloc, "nativeFree", MemberKind::Getter, &versions("ffi", ffi));
    assert_eq!(native_free(Some("2.0.2")), None);
    let releaser = native_free(None).unwrap();
    assert_eq!(only_outcome(releaser).result.ownership, Ownership::Releaser(default.unwrap()));
}

#[test]
fn lookups_say_where_the_symbol_stands() {
    let set = ModelSet::builtin();
    let none = Versions::default();
    let library = set.type_named(pack("dart:ffi"), "DynamicLibrary", &none).unwrap();
    let lookup = set.member(library, "lookupFunction", MemberKind::Function, &none).unwrap();
    assert_eq!(set.function(lookup).symbol_at, Some(AccessPath::root(Root::Param(0))));
    assert_eq!(set.function(lookup).returns, Some(TypeRef::named("F")));
}

#[test]
fn a_wrapper_has_the_facts_of_its_symbol() {
    let set = ModelSet::builtin();
    let win32 = pack("package:win32/win32.dart");
    let lookup = |name, version: &str| match set.lookup(win32, name, &versions("win32", Some(version))) {
        Some(Item::Function(id)) => set.function(id),
        other => panic!("{name} {version}: {other:?}"),
    };
    let symbol = |name| set.function(set.symbol(name, &Versions::default()).unwrap());
    assert_eq!(lookup("CredRead", "5.5.0").name, "CredReadW");
    assert_eq!(lookup("LocalFree", "5.5.0"), symbol("LocalFree"));
    assert_eq!(lookup("LocalFree", "6.0.0").summary, symbol("LocalFree").summary);
    assert_eq!(lookup("LocalFree", "6.0.0").returns.as_ref().map(|ty| ty.name.as_str()), Some("Win32Result"));
    assert_eq!(lookup("CredRead", "6.0.0").name, "CredRead");
    assert_eq!(lookup("SHGetKnownFolderPath", "5.0.0").summary.outcomes.len(), 2);
    let path = &lookup("SHGetKnownFolderPath", "6.0.0").summary.outcomes[0].result.ownership;
    assert_eq!(*path, Ownership::Owned(FamilyRef::Family(set.family_named("cotaskmem").unwrap())));
    assert_eq!(lookup("MessageBox", "5.0.0").summary.basis, Basis::Convention);
    assert!(matches!(set.lookup(win32, "IUnknown", &Versions::default()), Some(Item::Type(_))));
    assert_eq!(set.lookup(win32, "IUnknow", &Versions::default()), None);
    assert_eq!(symbol("LocalFree").targets, TargetSet::WINDOWS);
    let free = |version| lookup("free", version).summary.outcomes[0].effects[0].kind.clone();
    let release = |family| EffectKind::Release(FamilyRef::Family(set.family_named(family).unwrap()));
    assert_eq!((free("5.0.0"), free("6.1.0")), (release("dart.malloc"), release("dart.tracked")));
}

#[test]
fn an_entry_becomes_outcomes() {
    let summary = summary_of(
        r#"
symbol = "f"
results = [{ when = { arg = "arg1", has = "FLAG" }, result = { owned = "libc.malloc", nullable = true } }]
result = { borrowed = "arg0" }
effects = [{ on = "arg2.*.name", fill = { owned = "libc.malloc" }, when = { arg = "arg1", has = "FLAG" } }, { on = "arg3", hold = true }]
"#,
    );
    assert_eq!(summary.throws, Throws::Never);
    let [flagged, plain] = summary.outcomes.as_slice() else { panic!("{summary:?}") };
    let Guard::Argument(test) = &flagged.guard else { panic!("{flagged:?}") };
    assert_eq!((test.arg.root.clone(), test.test.clone()), (Root::Param(1), ValueTest::Has(256)));
    assert!(matches!(flagged.result.ownership, Ownership::Owned(_)) && flagged.result.nullable);
    assert_eq!(flagged.effects.len(), 2);
    assert_eq!(flagged.effects[0].on.steps.as_slice(), [Step::Field("name".into())]);
    assert_eq!(plain.guard, Guard::Always);
    assert!(matches!(plain.result.ownership, Ownership::Borrowed { .. }));
    assert!(matches!(plain.effects.as_slice(), [effect] if effect.kind == EffectKind::Hold(None)));
}

#[test]
fn a_status_guards_effects() {
    let summary = summary_of(
        r#"
symbol = "f"
status = "non-negative"
effects = [{ on = "arg0.*", fill = { owned = "libc.malloc" }, outcome = "success" }]
"#,
    );
    let [success, failure] = summary.outcomes.as_slice() else { panic!("{summary:?}") };
    assert_eq!((&success.guard, &failure.guard), (&Guard::Success, &Guard::Failure));
    assert_eq!(success.result.ownership, Ownership::Status(StatusKind::NonNegative));
    assert_eq!((success.effects.len(), failure.effects.len()), (1, 0));
}

#[test]
fn without_a_status_null_tells_failure() {
    let summary = summary_of(
        r#"
symbol = "f"
result = { owned = "libc.malloc", nullable = true }
effects = [{ on = "arg0", release = "libc.malloc", outcome = "success" }]
"#,
    );
    let [success, failure] = summary.outcomes.as_slice() else { panic!("{summary:?}") };
    assert_eq!((&success.guard, &failure.guard), (&Guard::ResultNonNull, &Guard::ResultNull));
    assert!(!success.result.nullable);
    assert_eq!(failure.result.ownership, Ownership::Null);
}

#[test]
fn sizes_are_known() {
    let set = ModelSet::builtin();
    let size = |name: &str| set.native_size(name).map(|size| (size.least, size.most));
    assert_eq!(size("Uint8"), Some((1, Some(1))));
    assert_eq!(size("Double"), Some((8, Some(8))));
    assert_eq!(size("Pointer"), Some((4, Some(8))));
    assert_eq!(size("Opaque"), None);
    let none = Versions::default();
    let ffi = set.pack_for_uri("dart:ffi").unwrap();
    let allocator = set.type_named(ffi, "Allocator", &none).unwrap();
    let allocate = set.member(allocator, "allocate", MemberKind::Function, &none).unwrap();
    assert_eq!(set.function(allocate).sizing, Some(Sizing::Bytes(AccessPath::root(Root::Param(0)))));
}

#[test]
fn mistakes_are_named_with_file_and_line() {
    let error = parse_file("mine.toml", "schema = 1\n\n[[function]]\nsymbol = \"f\"\nreslt = { null = true }\n");
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("mine.toml:5: unknown field `reslt`"), "{error}");
    assert!(error.ends_with("did you mean `result`?"), "{error}");

    let cases = [
        (
            "symbol = \"f\"\nresult = { owned = \"libc.maloc\" }",
            "unknown family `libc.maloc`, did you mean `libc.malloc`?",
        ),
        ("symbol = \"f\"\nresult = { alias = \"agr0\" }", "`agr0` is no path"),
        ("symbol = \"f\"\nparams = [\"a\"]\nresult = { alias = \"arg1\" }", "lists 1 positional"),
        ("symbol = \"f\"\nresult = { nullable = true }", "a result needs one of"),
        ("symbol = \"f\"\nresult = { null = true, unknown = true }", "`null` and `unknown` exclude each other"),
        ("symbol = \"f\"\nbytes = \"arg0\"\nelements = \"arg0\"", "`bytes` and `elements` exclude each other"),
        ("symbol = \"f\"\nbytes = \"first\"", "`first` is no path"),
        ("symbol = \"f\"\nname = \"g\"", "a function has one meaning"),
        ("symbol = \"f\"\nversions = \"new\"", "`new` is no version requirement"),
        ("symbol = \"f\"\ntargets = [\"window\"]", "did you mean `windows`?"),
        (
            "symbol = \"f\"\nresults = [{ when = { arg = \"arg0\", has = \"FLAGS\" }, result = { null = true } }]",
            "did you mean `FLAG`?",
        ),
        ("symbol = \"f\"\neffects = [{ on = \"arg0\" }]", "an effect needs one of"),
        ("name = \"f\"\nreturns = \"Pointre\"", "unknown type `Pointre`"),
        ("name = \"f\"\nreturns = \"Pointer<\"", "is no type"),
        ("name = \"C.f\"", "no `[[type]]` is called `C`"),
        ("name = \"f\"\nwraps = \"no_such\"", "of which nothing is known"),
        ("symbol = \"f\"\nresult = { scope = \"libc.malloc\" }", "is no scope"),
    ];
    for (entry, expected) in cases {
        let errors = errors_of(entry);
        assert!(errors.iter().any(|error| error.contains(expected)), "{entry}\n{errors:?}");
        assert!(errors.iter().all(|error| error.starts_with("mine.toml:12: ")), "{errors:?}");
    }
}

#[test]
fn one_fact_is_given_once_for_each_version() {
    let twice = "symbol = \"f\"\nversions = \"<2.0.0\"\n[[function]]\nsymbol = \"f\"\nversions = \">=1.5.0\"";
    assert!(
        errors_of(twice).iter().any(|error| error.starts_with("mine.toml:15:") && error.contains("described twice"))
    );
    let apart = "symbol = \"f\"\nversions = \"<2.0.0\"\n[[function]]\nsymbol = \"f\"\nversions = \">=2.0.0 <3.0.0\"";
    assert_eq!(errors_of(apart), Vec::<String>::new());
}

#[test]
fn the_users_facts_come_first() {
    let text = user_file("symbol = \"free\"\nresult = { static = true }");
    let set = ModelSet::with_user_files(&[mine(&text)]);
    let free = set.symbol("free", &Versions::default()).unwrap();
    assert_eq!(set.function(free).summary.outcomes[0].result.ownership, Ownership::Static);
}

#[test]
fn what_makes_a_function_throw_is_known() {
    let entry = "symbol = \"f\"\nthrows = \"known\"\nthrows_when = { arg = \"arg0\", differs = 1 }";
    let when = summary_of(entry).throws_when.unwrap();
    assert_eq!((when.arg.root, when.test), (Root::Param(0), ValueTest::Differs(1)));
    let errors = errors_of("symbol = \"f\"\nthrows_when = { arg = \"arg0\", null = true }");
    assert_eq!(errors, ["mine.toml:12: `throws_when` belongs to `throws = \"known\"`"]);
}

fn mine(text: &str) -> OwnText<'_> {
    OwnText { path: "mine.toml", text, is_config: false, without: &[] }
}

/// The entry begins in line 12.
fn user_file(entry: &str) -> String {
    format!(
        "schema = 1\n\n[pack]\nid = \"mine\"\nuris = [\"package:mine/\"]\npackage = \"mine\"\nsources = [\"me\"]\n\n[constants]\nFLAG = 0x100\n\n[[function]]\n{entry}\n"
    )
}

fn errors_of(entry: &str) -> Vec<String> {
    let set = ModelSet::with_user_files(&[mine(&user_file(entry))]);
    set.errors().iter().map(ToString::to_string).collect()
}

fn summary_of(entry: &str) -> Summary {
    let set = ModelSet::with_user_files(&[mine(&user_file(entry))]);
    assert!(set.errors().is_empty(), "{:?}", set.errors());
    set.function(set.symbol("f", &Versions::default()).unwrap()).summary.clone()
}

fn versions(package: &str, version: Option<&str>) -> Versions {
    version.map(|version| (package, version.parse().unwrap())).into_iter().collect()
}

fn pack(uri: &str) -> PackId {
    ModelSet::builtin().pack_for_uri(uri).unwrap()
}

fn only_outcome(id: ModelId) -> ffilint::summary::Outcome {
    let outcomes = &ModelSet::builtin().function(id).summary.outcomes;
    assert_eq!(outcomes.len(), 1);
    outcomes[0].clone()
}

fn files() -> impl Iterator<Item = (&'static str, ModelFile)> {
    builtin_files().iter().map(|(path, text)| (*path, parse_file(path, text).unwrap()))
}

fn type_key(ty: &TypeModel) -> (String, String) {
    let name = ty.name.clone().or(ty.names.first().cloned()).unwrap_or_default();
    (name, ty.versions.clone().unwrap_or_default())
}

/// Dart names before symbols, functions before getters before setters.
fn function_key(function: &FunctionModel) -> (bool, String, u8, String) {
    let native = function.symbol.is_some() || !function.symbols.is_empty();
    let name = function.name.as_ref().or(function.names.first());
    let name = name.or(function.symbol.as_ref()).or(function.symbols.first()).cloned().unwrap_or_default();
    let kind = match function.kind {
        MemberKind::Function => 0,
        MemberKind::Getter => 1,
        MemberKind::Setter => 2,
    };
    (native, name, kind, function.versions.clone().unwrap_or_default())
}

fn assert_sorted<T: Ord + std::fmt::Debug>(path: &str, what: &str, keys: impl Iterator<Item = T>) {
    let keys: Vec<T> = keys.collect();
    for pair in keys.windows(2) {
        assert!(pair[0] < pair[1], "{path}: {what} {:?} stands before {:?}", pair[0], pair[1]);
    }
}
