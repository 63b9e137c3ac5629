//! `use_after_free`: used although released.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::summary::FamilyId;
use crate::violation::{Subject, Usage};

pub(super) static RULE: Rule = Rule {
    name: "use_after_free",
    level: Level::Error,
    on: true,
    cwe: Some(416),
    fix: None,
    summary: "memory used after its release",
    page: include_str!("../../rules/use_after_free.md"),
};

pub(super) fn word(subject: Option<&Subject>, usage: &Usage, context: &Context<'_>) -> Words {
    let noun = subject.map_or_else(|| "memory".to_owned(), |subject| context.noun(subject));
    let (done, help) = match usage {
        Usage::Read => ("read".to_owned(), "read it before the release"),
        Usage::Write => ("written".to_owned(), "write it before the release"),
        Usage::Pass(callee) => (format!("passed to `{callee}`"), "release it after its last use"),
        Usage::Within(member) => (format!("used by `{member}`"), "release it after its last use"),
        Usage::Leave(place) => (format!("left in `{place}`"), "leave the release to the caller, or hand out a copy"),
        Usage::Return => ("returned".to_owned(), "leave the release to the caller, or return a copy"),
    };
    Words { message: format!("{noun} is {done} after its release"), label: format!("{done} here"), help: help.into() }
}

pub(super) fn word_ended(origin: &str, by: &str, usage: &Usage) -> Words {
    let done = match usage {
        Usage::Read => "read".to_owned(),
        Usage::Write => "written".to_owned(),
        Usage::Pass(callee) => format!("passed to `{callee}`"),
        Usage::Within(member) => format!("used by `{member}`"),
        Usage::Leave(place) => format!("left in `{place}`"),
        Usage::Return => "returned".to_owned(),
    };
    Words {
        message: format!("memory from `{origin}` is {done} after `{by}`, until which it is valid"),
        label: format!("{done} here"),
        help: format!("copy it before `{by}`"),
    }
}

pub(super) fn word_early(
    held: Option<&str>,
    family: FamilyId,
    release: &str,
    needed_by: &str,
    context: &Context<'_>,
) -> Words {
    let released = context.released(family);
    let noun = match (held, released) {
        (Some(held), "closed") => format!("`{held}`"),
        (Some(held), _) => format!("the memory of `{held}`"),
        (None, _) => context.kind_noun(family).to_owned(),
    };
    let code = match needed_by {
        "" => "the asynchronous closure that was called before".to_owned(),
        name => format!("what `{name}` started"),
    };
    Words {
        message: format!("{noun} is {released} before {code} uses it"),
        label: format!("{released} here by `{release}`"),
        help: format!("`await` the {} before the release", context.future()),
    }
}
