//! `mixed_allocator_names`: allocated by one name, released by another name for the same allocator.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "mixed_allocator_names",
    level: Level::Note,
    on: false,
    cwe: None,
    fix: Some(Applicability::Safe),
    summary: "memory of one allocator released by the name of another that is the same underneath",
    page: include_str!("../../rules/mixed_allocator_names.md"),
};

pub(super) fn word(subject: &Subject, allocator: &str, release: &str, context: &Context<'_>) -> Words {
    let method = release.rsplit('.').next().unwrap_or(release);
    Words {
        message: format!("{} is {} with `{release}`", context.noun(subject), context.released(subject.family)),
        label: format!("`{allocator}` gave it; the release is the same underneath"),
        help: format!("write `{allocator}.{method}` here"),
    }
}

/// It is the same call underneath.
pub(super) fn remedy(allocator: &str, release: &str) -> Option<Remedy> {
    let usual = format!("{allocator}.{}", release.rsplit('.').next()?);
    let right = Release { calls: vec![usual.clone()], usual, bound: Vec::new() };
    Some(Remedy::ReleaseOtherwise { written: release.to_owned(), release: right, safe: true })
}
