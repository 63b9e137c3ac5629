//! The words of a trace's steps.

use super::Context;
use crate::diagnostic::{TraceKind, TraceStep};
use crate::violation::{Exit, Given, Leaving, Owner, Step, StepKind, Thrower, Unseen, Usage};

/// Puts one step into words.
pub(super) fn word(step: &Step, context: &Context<'_>) -> TraceStep {
    let (kind, message) = match &step.kind {
        StepKind::Allocated { family, .. } if context.made(*family).is_some() => {
            (TraceKind::Allocate, format!("{} here", context.made(*family).unwrap_or_default()))
        }
        StepKind::Allocated { by, family } => {
            let verb = match context.released(*family) {
                _ if context.is_callback(*family) => "made",
                "closed" => "opened",
                _ => "allocated",
            };
            (TraceKind::Allocate, format!("{verb} here by `{by}`"))
        }
        StepKind::Received { from } => (TraceKind::Transfer, format!("`{from}` hands it to its caller")),
        StepKind::CalledBack { by } => {
            (TraceKind::Transfer, format!("passed to the {} callback through `{by}`", context.managed()))
        }
        StepKind::Opened { by } => (TraceKind::Allocate, format!("the arena is made here by `{by}`")),
        StepKind::Filled { by } => (TraceKind::Transfer, format!("`{by}` puts something in it, or may do so")),
        StepKind::Left(leaving) => (TraceKind::Transfer, left(leaving)),
        StepKind::Borrowed { from, owner } => {
            (TraceKind::Borrow, format!("`{from}` gives memory that {}", owned_by(owner)))
        }
        StepKind::Ended { by } => (TraceKind::Release, format!("it is valid until this call of `{by}`")),
        StepKind::Lent { to, assumed: None } => (TraceKind::Borrow, format!("`{to}` only borrows it")),
        StepKind::Lent { to, assumed: Some(Unseen::Itself) } => {
            (TraceKind::Borrow, format!("`{to}` is taken to borrow it only; nothing is known of it"))
        }
        StepKind::Lent { to, assumed: Some(Unseen::Callee) } => {
            (TraceKind::Borrow, format!("`{to}` only lends it on, to a function of which nothing is known"))
        }
        StepKind::Asked { by } => (TraceKind::Allocate, format!("asked for here by `{by}`")),
        StepKind::Read { by } => (TraceKind::Borrow, format!("`{by}` only uses it")),
        StepKind::Stored { into } => (TraceKind::Transfer, format!("stored in {}", field(into))),
        StepKind::Orphaned { container, field: held_in, by } => {
            let container = container.as_ref().map_or_else(|| "its container".into(), |name| format!("`{name}`"));
            (TraceKind::Release, format!("`{by}` releases {container}, and with it {}", field(held_in)))
        }
        StepKind::Overwritten { owner } => (TraceKind::Overwrite, format!("{} is assigned again here", field(owner))),
        StepKind::Branched { holds } => (TraceKind::Branch, format!("`{}` is {holds}", context.quote(step.location))),
        StepKind::Defined { name } => (TraceKind::Use, format!("`{name}` is defined here")),
        StepKind::Released { by, family } => {
            (TraceKind::Release, format!("{} here by `{by}`", context.released(*family)))
        }
        StepKind::Missed { by } => (TraceKind::Use, format!("`{by}` leaves it as it is")),
        StepKind::ReleasedElsewhere { by } => (TraceKind::Release, format!("another path releases it here by `{by}`")),
        StepKind::Registered { with } => (TraceKind::Transfer, registered(with)),
        StepKind::Taken { by } => (TraceKind::Transfer, format!("`{by}` becomes its owner")),
        StepKind::Kept { by } => (TraceKind::Transfer, format!("`{by}` keeps the pointer")),
        StepKind::Dropped { of } => (TraceKind::Release, format!("`{of}` ends here with its scope")),
        StepKind::Moved => (TraceKind::Use, "the pointer moves on here".into()),
        StepKind::Viewed => (TraceKind::Exit, "returned here as a view, by which nobody can release it".into()),
        StepKind::Counted { by: Some(by) } => (TraceKind::Use, format!("`{by}` takes the same number of elements")),
        StepKind::Counted { by: None } => (TraceKind::Use, "elements up to the same number are reached here".into()),
        StepKind::Given { given } => (TraceKind::Transfer, format!("returned here: {}", whose(*given))),
        StepKind::Started { by } if by.is_empty() => (TraceKind::Use, "started here".into()),
        StepKind::Started { by } => (TraceKind::Use, format!("started here by `{by}`")),
        StepKind::Used(usage) => (TraceKind::Use, used(usage)),
        StepKind::Failed { by } => (TraceKind::Throw, format!("`{by}` fails")),
        StepKind::Thrown(thrower) => (TraceKind::Throw, thrown(thrower, context)),
        StepKind::Exited(exit) => (TraceKind::Exit, exited(*exit).into()),
    };
    TraceStep { kind, location: step.location, message }
}

fn whose(given: Given) -> &'static str {
    match given {
        Given::Owned(_) => "the caller must release it",
        Given::Static => "nobody may release it",
        Given::Borrowed => "the caller must not release it",
    }
}

/// Whose borrowed memory is, after "memory that".
pub(super) fn owned_by(owner: &Owner) -> String {
    match owner {
        Owner::Library => "the library owns".into(),
        Owner::Supposed => "the library owns, going by its name or documentation".into(),
        Owner::Static => "is static".into(),
        Owner::Value(name) => format!("`{name}` owns"),
        Owner::Variable(name) => format!("belongs to the variable `{name}`"),
        Owner::Taker(name) => format!("`{name}` took"),
        Owner::Arena => "its arena releases".into(),
        Owner::Finalizer => "its finalizer releases".into(),
        Owner::Function => "nobody allocated".into(),
    }
}

/// What a variable, a field path or an element is called: `name`, `server.name`, `*`, `[2]`, `[]`, `[].name`.
pub(super) fn field(path: &str) -> String {
    let (before, last) = path.rsplit_once('.').unwrap_or(("", path));
    match last {
        "*" if before.is_empty() => "the first element".into(),
        "[]" if before.is_empty() => "an element".into(),
        "[]" => format!("an element of `{before}`"),
        "*" => format!("the first element of `{before}`"),
        element if element.starts_with('[') => format!("element `{path}`"),
        _ => match path.strip_prefix("[].") {
            Some(field) => format!("the field `{field}` of an element"),
            None => format!("`{path}`"),
        },
    }
}

fn left(leaving: &Leaving) -> String {
    match leaving {
        Leaving::Returned => "leaves the arena as a result".into(),
        Leaving::ReturnedClosure => "captured by the closure that is returned".into(),
        Leaving::Kept(name) => format!("kept in `{name}`"),
        Leaving::Captured(call) => format!("captured by what `{call}` runs later"),
        Leaving::Lazy(call) => format!("captured by the lazy result of `{call}`"),
        Leaving::Unawaited => "used by code that nothing waits for".into(),
    }
}

fn registered(with: &Owner) -> String {
    match with {
        Owner::Arena => "the arena will release it".into(),
        Owner::Finalizer => "the finalizer will release it".into(),
        Owner::Value(name) | Owner::Variable(name) | Owner::Taker(name) => format!("`{name}` will release it"),
        Owner::Library | Owner::Supposed | Owner::Static | Owner::Function => "the library will release it".into(),
    }
}

fn used(usage: &Usage) -> String {
    match usage {
        Usage::Read => "read here".into(),
        Usage::Write => "written here".into(),
        Usage::Pass(callee) => format!("passed to `{callee}` here"),
        Usage::Within(member) => format!("used by `{member}` here"),
        Usage::Return => "returned here".into(),
        Usage::Leave(place) => format!("left in `{place}`: the caller finds it there"),
    }
}

fn thrown(thrower: &Thrower, context: &Context<'_>) -> String {
    match thrower {
        Thrower::Throw => "thrown here".into(),
        Thrower::Callee(name) => format!("`{name}` throws"),
        Thrower::Await => format!("throws when the awaited {} fails", context.future()),
    }
}

fn exited(exit: Exit) -> &'static str {
    match exit {
        Exit::Return => "the function returns here",
        Exit::End => "the function ends here",
        Exit::NextRound => "the loop comes round again",
    }
}
