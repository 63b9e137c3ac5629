//! `leaked_field`: a class owns memory that nothing in the program releases.

use super::{Context, Rule, Words};
use crate::diagnostic::{Applicability, Level};
use crate::fix::{Release, Remedy};
use crate::language::Language;
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "leaked_field",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: Some(Applicability::Unsafe),
    summary: "memory that a field of a class owns and nothing releases",
    page: include_str!("../../rules/leaked_field.md"),
};

pub(super) fn word(subject: &Subject, field: &str, class: &str, dispose: Option<&str>, context: &Context<'_>) -> Words {
    let noun = context.noun(subject);
    let released = context.released(subject.family);
    let advice = context.release_advice(subject);
    let (message, help) = match dispose {
        Some(dispose) => (
            format!("{noun} in the field `{field}` is not {released} by `{class}.{dispose}`, nor by anything else"),
            format!("{advice} in `{dispose}`"),
        ),
        None => (
            format!("{noun} in the field `{field}` of `{class}` is never {released}"),
            match context.language {
                Language::Dart => {
                    format!("{advice} in a method of `{class}` that its owner calls, or attach a finalizer")
                }
                _ => format!("{advice} in a method of `{class}` that its owner calls"),
            },
        ),
    };
    Words { message, label: format!("`{class}` owns it from here"), help }
}

pub(super) fn word_overridden(
    subject: &Subject,
    field: &str,
    (class, base): (&str, &str),
    dispose: &str,
    context: &Context<'_>,
) -> Words {
    let (noun, released) = (context.noun(subject), context.released(subject.family));
    Words {
        message: format!(
            "{noun} in the field `{field}` is not {released} by `{class}.{dispose}`, which overrides `{base}.{dispose}`"
        ),
        label: format!("nothing in `{class}` calls `super.{dispose}`"),
        help: format!("call `super.{dispose}()` in `{class}.{dispose}`"),
    }
}

/// The method that should release it does.
pub(super) fn remedy(release: Release, field: &str, class: &str, dispose: &str) -> Option<Remedy> {
    let (field, class, method) = (field.to_owned(), class.to_owned(), dispose.to_owned());
    Some(Remedy::ReleaseField { class, field, method, release })
}
