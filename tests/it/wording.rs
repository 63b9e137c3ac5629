//! Every kind of violation and of step in words.

use std::fmt::Write as _;

use ffilint::ir::FunctionId;
use ffilint::language::Language;
use ffilint::link::{FuncRef, Program};
use ffilint::models::ModelSet;
use ffilint::rules::{self, Context};
use ffilint::source::{FileId, Location, SourceFile, Span};
use ffilint::summary::FamilyId;
use ffilint::target::TargetSet;
use ffilint::violation::{
    Beyond, Confidence, Differing, Disagreement, Exit, Given, LayoutMisfit, Leaving, Miscount, Missing, Owner, Saying,
    Slot, Step, StepKind, Subject, Thrower, Unseen, Usage, Violation, ViolationKind,
};

use crate::support::{self, Outcome, all_well, repository, snapshot};

#[test]
fn every_violation_has_its_words() -> Outcome {
    let models = ModelSet::builtin();
    let program = Program::link(Vec::new(), &[], models);
    let source = SourceFile::new(FileId(0), "a.dart".into(), "n > 0 &&\n  m".into(), Language::Dart);
    let (sources, keys) = ([source], ["a.dart".into()]);
    let context = Context {
        program: &program,
        families: models.families(),
        sources: &sources,
        keys: &keys,
        targets: TargetSet::ALL,
        language: Language::Dart,
        releases: &[],
        offered: None,
        opened: None,
    };
    let (mut text, mut failures) = (String::new(), Vec::new());
    for kind in kinds().into_iter().chain(misbound()) {
        let violation = Violation {
            kind,
            function: FuncRef { unit: 0, function: FunctionId(0) },
            at: place(),
            trace: Vec::new(),
            targets: TargetSet::ALL,
            confidence: Confidence::High,
        };
        let diagnostic = rules::word(&violation, &context);
        failures.extend(support::wording_faults(&diagnostic));
        let help = diagnostic.help.unwrap_or_default();
        let (rule, message, label) = (diagnostic.rule, diagnostic.message, diagnostic.primary.message);
        writeln!(text, "{rule}: {message}\n  at: {label}\n  help: {help}")?;
    }
    let trace = steps().into_iter().map(|kind| Step { kind, location: place() }).collect();
    let violation = Violation {
        kind: ViolationKind::Leaked { subject: subject("dart.malloc", "calloc") },
        function: FuncRef { unit: 0, function: FunctionId(0) },
        at: place(),
        trace,
        targets: TargetSet::WINDOWS.or(TargetSet::MACOS),
        confidence: Confidence::High,
    };
    let diagnostic = rules::word(&violation, &context);
    failures.extend(support::wording_faults(&diagnostic));
    writeln!(text, "\n{}", diagnostic.message)?;
    for step in &diagnostic.trace {
        writeln!(text, "  {:?}: {}", step.kind, step.message)?;
    }
    failures.extend(snapshot(&repository().join("fixtures/render/wording.txt"), &text)?);
    all_well(failures)
}

fn place() -> Location {
    Location { file: FileId(0), span: Span::new(0, 12) }
}

fn family(name: &str) -> FamilyId {
    let place = ModelSet::builtin().families().iter().position(|family| family.name == name);
    FamilyId(place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX))
}

fn subject(name: &str, origin: &str) -> Subject {
    Subject { family: family(name), origin: origin.into(), made_by: origin.into(), held_by: None, release: None }
}

fn held(name: &str, origin: &str, by: &str) -> Subject {
    Subject { held_by: Some(by.into()), ..subject(name, origin) }
}

fn misbound() -> Vec<ViolationKind> {
    let value = |slot, bound: &str, defined: &str| Disagreement::Value {
        slot,
        bound: bound.into(),
        defined: defined.into(),
        differing: Differing::Kind,
    };
    let other = |slot, differing| Disagreement::Value { slot, bound: "A".into(), defined: "b".into(), differing };
    let sign = |bound_is_signed| Differing::Sign { bound_is_signed };
    let variadic = |bound, defined| Disagreement::Variadic { bound, defined };
    let callback = |differs| Disagreement::Callback { param: 1, differs: Box::new(differs) };
    let layout = |misfit| Disagreement::Layout { defined: "sample_t".into(), misfit, is_narrow: false };
    let size = LayoutMisfit::Size { bound: 16, defined: 8 };
    let disagreements = [
        Disagreement::Arity { bound: 1, defined: 3 },
        Disagreement::Arity { bound: 2, defined: 1 },
        value(Slot::Param(1), "Int32", "int64_t"),
        value(Slot::Result, "Int32", "int64_t"),
        value(Slot::Result, "Int32", "void"),
        other(Slot::Result, sign(true)),
        other(Slot::Param(0), sign(false)),
        other(Slot::Param(0), Differing::NarrowWidth),
        variadic(None, Some(1)),
        variadic(Some(1), None),
        variadic(Some(1), Some(2)),
        callback(value(Slot::Param(0), "Int32", "int64_t")),
        callback(value(Slot::Result, "Void", "int")),
        callback(Disagreement::Arity { bound: 2, defined: 1 }),
        layout(LayoutMisfit::Sign { bound: "level".into(), bound_is_signed: false }),
        layout(LayoutMisfit::Field { bound: "level".into(), defined: Some("gain".into()) }),
        layout(LayoutMisfit::Field { bound: "level".into(), defined: None }),
        layout(LayoutMisfit::Size { bound: 8, defined: 16 }),
        Disagreement::Layout { defined: "sample_t".into(), misfit: size, is_narrow: true },
    ];
    let kinds = disagreements.map(|disagreement| ViolationKind::Misbound {
        symbol: "seek".into(),
        language: Some(Language::Rust),
        disagreement,
    });
    kinds.into()
}

fn kinds() -> Vec<ViolationKind> {
    let block = || subject("dart.malloc", "calloc");
    let mut kinds = vec![
        ViolationKind::Mismatched {
            subject: subject("localmem", "LocalAlloc"),
            release: "CoTaskMemFree".into(),
            through: None,
            released_as: family("cotaskmem"),
            is_cell: false,
        },
        ViolationKind::Mismatched {
            subject: Subject { made_by: "CString::into_raw".into(), ..subject("rust.cstring", "_greeting") },
            release: "malloc.free".into(),
            through: None,
            released_as: family("dart.malloc"),
            is_cell: false,
        },
        ViolationKind::Mismatched {
            subject: block(),
            release: "free".into(),
            through: Some("_consume".into()),
            released_as: family("libc.malloc"),
            is_cell: false,
        },
        ViolationKind::Mismatched {
            subject: block(),
            release: "WlanFreeMemory".into(),
            through: None,
            released_as: family("wlan"),
            is_cell: true,
        },
        ViolationKind::Dangling { of: "name".into(), temporary: false, usage: Usage::Return, handed: false },
        ViolationKind::Dangling {
            of: "CString::new".into(),
            temporary: true,
            usage: Usage::Pass("puts".into()),
            handed: false,
        },
        ViolationKind::Dangling { of: "name".into(), temporary: false, usage: Usage::Read, handed: false },
        ViolationKind::Dangling {
            of: "name".into(),
            temporary: false,
            usage: Usage::Leave("*out".into()),
            handed: false,
        },
        ViolationKind::Dangling {
            of: "name".into(),
            temporary: false,
            usage: Usage::Pass("puts".into()),
            handed: true,
        },
        ViolationKind::ReleasedRetained {
            subject: Some(block()),
            keeper: "_setName".into(),
            release: "calloc.free".into(),
            by_dart: false,
        },
        ViolationKind::ReleasedRetained {
            subject: None,
            keeper: "_last".into(),
            release: "free".into(),
            by_dart: true,
        },
        ViolationKind::Mismatched {
            subject: block(),
            release: "calloc.free".into(),
            through: None,
            released_as: family("libc.malloc"),
            is_cell: false,
        },
        ViolationKind::Leaked { subject: block() },
        ViolationKind::Leaked { subject: held("dart.malloc", "toNativeUtf8", "text") },
        ViolationKind::Leaked { subject: subject("filehandle", "CreateFile") },
        ViolationKind::LeakedTemporary { subject: subject("dart.malloc", "toNativeUtf8"), passed_to: "puts".into() },
    ];
    for (field, container) in [("name", Some("config")), ("*", None), ("[]", Some("names")), ("[].name", None)] {
        kinds.push(ViolationKind::LeakedField {
            subject: block(),
            field: field.into(),
            container: container.map(Into::into),
            release: Some("calloc.free".into()),
        });
    }
    for container in [Some("config".into()), None] {
        let (subject, field) = (block(), "name".into());
        kinds.push(ViolationKind::LeakedField { subject, field, container, release: None });
    }
    for dispose in [Some("dispose".into()), None] {
        let (field, class) = ("_block".into(), "Canvas".into());
        kinds.push(ViolationKind::Unreleased { subject: block(), field, class, dispose });
    }
    kinds.push(ViolationKind::Overridden {
        subject: block(),
        field: "_block".into(),
        class: "Picture".into(),
        base: "Canvas".into(),
        dispose: "dispose".into(),
    });
    for owner in ["buffer", "server.name", "[2]"] {
        kinds.push(ViolationKind::Overwritten { subject: block(), owner: owner.into() });
    }
    kinds.push(ViolationKind::Replaced { subject: block(), owner: "_text".into(), setter: "text".into() });
    for exit in [Exit::Return, Exit::End, Exit::NextRound] {
        kinds.push(ViolationKind::LeakedOnPath { subject: block(), exit, released: true });
    }
    kinds.push(ViolationKind::LeakedOnPath { subject: block(), exit: Exit::Return, released: false });
    kinds.push(ViolationKind::Leaked { subject: subject("dart.malloc", "calloc.allocate") });
    for thrower in [Thrower::Throw, Thrower::Callee("check".into()), Thrower::Await] {
        for released in [true, false] {
            kinds.push(ViolationKind::LeakedOnThrow { subject: block(), thrower: thrower.clone(), released });
        }
    }
    for subject in [Some(block()), None] {
        for managed in [false, true] {
            let release = "calloc.free".into();
            kinds.push(ViolationKind::ReleasedTwice { managed, subject: subject.clone(), release });
        }
    }
    for usage in [
        Usage::Read,
        Usage::Write,
        Usage::Pass("puts".into()),
        Usage::Within("set".into()),
        Usage::Return,
        Usage::Leave("*out".into()),
    ] {
        kinds.push(ViolationKind::UsedAfterRelease { subject: Some(block()), usage });
    }
    kinds.push(ViolationKind::RegisteredTwice { subject: Some(block()), registration: "attach".into() });
    kinds.push(ViolationKind::UsedAfterRelease { subject: None, usage: Usage::Read });
    let (origin, by) = ("sqlite3_column_text".into(), "sqlite3_step".into());
    kinds.push(ViolationKind::UsedAfterEnd { origin, by, usage: Usage::Read });
    for certain in [true, false] {
        let (origin, release) = ("malloc".into(), "malloc.free".into());
        kinds.push(ViolationKind::ReleasedInside { origin, release, certain });
    }
    let miscounts = [
        Miscount::TooFewBytes { bytes: 1, somewhere: false },
        Miscount::TooFewBytes { bytes: 4, somewhere: true },
        Miscount::PartOfElement { bytes: 10 },
        Miscount::LengthAsBytes,
        Miscount::ElementsAsBytes,
        Miscount::BytesAsElements,
    ];
    for wrong in miscounts {
        let call = if wrong == Miscount::BytesAsElements { "malloc" } else { "malloc.allocate" };
        kinds.push(ViolationKind::Miscounted { call: call.into(), element: "Int32".into(), wrong });
    }
    let beyond = [
        Beyond::Index { index: 3, room: 3 },
        Beyond::Index { index: -1, room: 1 },
        Beyond::View { count: 8, room: 4 },
        Beyond::LongerView { more: 1 },
        Beyond::Count { more: 0 },
        Beyond::Count { more: 2 },
        Beyond::LastRound { more: 0 },
        Beyond::LastRound { more: 2 },
        Beyond::LastIndex { index: 4, room: 4 },
    ];
    kinds.extend(beyond.map(|beyond| ViolationKind::OutOfBounds { call: "calloc".into(), beyond }));
    for element in [Some("Char".into()), None] {
        kinds.push(ViolationKind::ShortText { call: "calloc".into(), element });
    }
    let release = "malloc.free".into();
    kinds.push(ViolationKind::MixedNames { subject: block(), allocator: "calloc".into(), release });
    let arena = || subject("dart.arena", "Arena");
    for missing in [
        Missing::Everywhere,
        Missing::OnPath(Exit::Return),
        Missing::OnPath(Exit::End),
        Missing::OnPath(Exit::NextRound),
        Missing::OnThrow(Thrower::Throw),
        Missing::OnThrow(Thrower::Callee("check".into())),
        Missing::OnThrow(Thrower::Await),
    ] {
        kinds.push(ViolationKind::UnreleasedArena { subject: arena(), missing: missing.clone() });
        kinds.push(ViolationKind::UnclosedHandle { subject: subject("handle", "CreateEvent"), missing });
    }
    for between in [None, Some("Vault".into())] {
        let (class, pointer, call) = ("SecretKey".into(), "_key".into(), "key_size".into());
        kinds.push(ViolationKind::Unkept { class, between, pointer, call });
    }
    for pointer in [Some("key".into()), None] {
        kinds.push(ViolationKind::AttachedToPointer { pointer, call: "key_attach_finalizer".into() });
    }
    let callable = || subject("dart.callable", "NativeCallable.listener");
    kinds.push(ViolationKind::UnclosedHandle { subject: callable(), missing: Missing::Everywhere });
    kinds.push(ViolationKind::UnclosedHandle { subject: callable(), missing: Missing::OnPath(Exit::Return) });
    kinds.push(ViolationKind::Unreleased {
        subject: callable(),
        field: "_changed".into(),
        class: "Watcher".into(),
        dispose: Some("dispose".into()),
    });
    for leaving in leavings() {
        kinds.push(ViolationKind::EscapedArena { subject: subject("dart.arena", "arena"), leaving });
    }
    for owner in owners() {
        let release = "malloc.free".into();
        kinds.push(ViolationKind::ReleasedBorrowed { origin: "sqlite3_errmsg".into(), owner, release });
    }
    kinds.extend(at_the_boundary());
    kinds
}

fn at_the_boundary() -> Vec<ViolationKind> {
    let text = || Subject { made_by: "CString::into_raw".into(), ..subject("rust.cstring", "greeting") };
    let block = || Subject { made_by: "malloc".into(), ..subject("libc.malloc", "greeting") };
    let slice = Subject { made_by: "Box::into_raw".into(), ..subject("rust.box_slice", "_make") };
    let function = || "greeting".into();
    let mut kinds = vec![
        ViolationKind::NoReleaseExported { subject: text(), function: function() },
        ViolationKind::ReleasedWithoutLength { subject: slice, release: "_free".into(), by: "Box::from_raw".into() },
    ];
    kinds.push(ViolationKind::MismatchedType {
        ty: "git_config".into(),
        right: "git_config_free".into(),
        release: "calloc.free".into(),
        released_as: family("dart.malloc"),
    });
    for other in [Given::Static, Given::Borrowed, Given::Owned(family("cpp.new"))] {
        kinds.push(ViolationKind::Inconsistent { subject: block(), function: function(), other });
    }
    for (saying, must_release, given) in
        [(Saying::Declaration, true, Given::Static), (Saying::Model, false, Given::Owned(family("libc.malloc")))]
    {
        kinds.push(ViolationKind::Contradicted { function: function(), saying, must_release, given });
    }
    kinds
}

fn leavings() -> [Leaving; 6] {
    [
        Leaving::Returned,
        Leaving::ReturnedClosure,
        Leaving::Kept("block".into()),
        Leaving::Captured("Timer".into()),
        Leaving::Lazy("map".into()),
        Leaving::Unawaited,
    ]
}

fn owners() -> [Owner; 6] {
    [
        Owner::Library,
        Owner::Static,
        Owner::Value("db".into()),
        Owner::Taker("take".into()),
        Owner::Arena,
        Owner::Finalizer,
    ]
}

fn steps() -> Vec<StepKind> {
    let malloc = family("dart.malloc");
    let mut steps = vec![
        StepKind::Allocated { by: "calloc".into(), family: malloc },
        StepKind::Allocated { by: "CreateFile".into(), family: family("filehandle") },
        StepKind::Lent { to: "puts".into(), assumed: None },
        StepKind::Lent { to: "mystery".into(), assumed: Some(Unseen::Itself) },
        StepKind::Lent { to: "work".into(), assumed: Some(Unseen::Callee) },
        StepKind::Received { from: "createConfig".into() },
        StepKind::Stored { into: "name".into() },
        StepKind::Stored { into: "items.[]".into() },
        StepKind::Orphaned { container: Some("config".into()), field: "name".into(), by: "calloc.free".into() },
        StepKind::Orphaned { container: None, field: "[]".into(), by: "calloc.free".into() },
        StepKind::Overwritten { owner: "buffer".into() },
        StepKind::Branched { holds: true },
        StepKind::Branched { holds: false },
        StepKind::Defined { name: "seek".into() },
        StepKind::Released { by: "calloc.free".into(), family: malloc },
        StepKind::ReleasedElsewhere { by: "calloc.free".into() },
        StepKind::Taken { by: "take".into() },
        StepKind::Kept { by: "log_tag".into() },
        StepKind::Missed { by: "dispose".into() },
        StepKind::Dropped { of: "name".into() },
        StepKind::Moved,
        StepKind::Viewed,
        StepKind::Counted { by: Some("asTypedList".into()) },
        StepKind::Counted { by: None },
    ];
    steps.extend([Given::Owned(malloc), Given::Static, Given::Borrowed].map(|given| StepKind::Given { given }));
    steps.extend([StepKind::Opened { by: "Arena".into() }, StepKind::Filled { by: "arena".into() }]);
    steps.extend(leavings().map(StepKind::Left));
    steps.extend(owners().map(|owner| StepKind::Borrowed { from: "f".into(), owner }));
    steps.extend(owners().map(|with| StepKind::Registered { with }));
    steps.extend(
        [
            Usage::Read,
            Usage::Write,
            Usage::Pass("puts".into()),
            Usage::Within("set".into()),
            Usage::Return,
            Usage::Leave("*out".into()),
        ]
        .map(StepKind::Used),
    );
    steps.push(StepKind::Asked { by: "calloc".into() });
    steps.push(StepKind::Read { by: "toCode".into() });
    steps.push(StepKind::Failed { by: "open".into() });
    steps.extend([Thrower::Throw, Thrower::Callee("check".into()), Thrower::Await].map(StepKind::Thrown));
    steps.extend([Exit::Return, Exit::End, Exit::NextRound].map(StepKind::Exited));
    steps
}
