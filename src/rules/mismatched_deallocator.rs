//! `mismatched_deallocator`: memory of one family released as another.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::summary::FamilyId;
use crate::violation::{Confidence, Subject, Violation};

pub(super) static RULE: Rule = Rule {
    name: "mismatched_deallocator",
    level: Level::Error,
    on: true,
    cwe: Some(762),
    fix: Some(Applicability::Safe),
    summary: "memory of one allocator released by another's release",
    page: include_str!("../../rules/mismatched_deallocator.md"),
};

pub(super) fn word(
    subject: &Subject,
    release: &str,
    through: Option<&str>,
    released_as: FamilyId,
    context: &Context<'_>,
) -> Words {
    let noun = context.noun_made(subject);
    let released = context.released(subject.family);
    let right = context.release_of(subject.family, &subject.made_by).filter(|right| *right != release);
    let other = context.family(released_as).map_or("memory of another allocator", |family| family.title.as_str());
    let message = match right {
        Some(right) => format!("{noun} must be {released} with `{right}`, not `{release}`"),
        // The two releases share a name, or nothing is known of the right one.
        None => format!("{noun} must not be {released} with `{release}`, which releases {other}"),
    };
    let own = || format!("release what `{}` gave with its own release", subject.origin);
    let help = match (context.offered, right) {
        (_, Some(right))
            if let Some(through) = through.filter(|_| context.can_call_release_of(subject.family, right)) =>
        {
            format!("let `{through}` only borrow it and call `{right}` here, or pass memory that `{release}` releases")
        }
        _ if through.is_some() => own(),
        (Some(offered), _) => format!("call `{offered}` here"),
        // What a native call made is released by native code too.
        (None, Some(right)) if subject.origin == subject.made_by => format!("call `{right}` here"),
        // The release of a library is there for everybody.
        (None, Some(right))
            if context.can_call_release_of(subject.family, right) && !context.is_per_library(subject.family) =>
        {
            format!("call `{right}` here")
        }
        (None, Some(right)) => {
            format!(
                "let the code behind `{}` offer a function that calls `{right}`, and call that here",
                subject.origin
            )
        }
        (None, None) => own(),
    };
    let label = match through {
        Some(through) => format!("`{through}` releases {other} with `{release}`"),
        None => format!("`{release}` releases {other}"),
    };
    Words { message, label, help }
}

/// A cell, released by the release of what lies in it.
pub(super) fn word_cell(subject: &Subject, release: &str, released_as: FamilyId, context: &Context<'_>) -> Words {
    let noun = context.noun_made(subject);
    let other = context.family(released_as).map_or("what lies in it", |family| family.title.as_str());
    let right = context.release_of(subject.family, &subject.made_by);
    Words {
        message: format!("`{release}` gets the {noun}, not what that leads to"),
        label: format!("`{release}` releases {other}"),
        help: match right {
            Some(right) => format!("pass what it leads to, and release the {noun} itself with `{right}`"),
            None => "pass what it leads to".to_owned(),
        },
    }
}

/// An object of a type that only native code makes.
pub(super) fn word_type(ty: &str, right: &str, release: &str, released_as: FamilyId, context: &Context<'_>) -> Words {
    let other = context.family(released_as).map_or("memory of another allocator", |family| family.title.as_str());
    Words {
        message: format!("a `{ty}`, which only native code can make, must be released with `{right}`, not `{release}`"),
        label: format!("`{release}` releases {other}"),
        help: format!("call `{right}` here"),
    }
}

/// The release of what Dart allocated is always at hand.
pub(super) fn remedy(violation: &Violation, right: Release, release: &str) -> Option<Remedy> {
    let safe = violation.confidence == Confidence::High;
    Some(Remedy::ReleaseOtherwise { written: release.to_owned(), release: right, safe })
}
