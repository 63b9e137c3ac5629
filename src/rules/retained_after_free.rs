//! `retained_after_free`: released although native code keeps the pointer.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "retained_after_free",
    level: Level::Error,
    on: true,
    cwe: Some(416),
    fix: None,
    summary: "release of memory whose address native code keeps",
    page: include_str!("../../rules/retained_after_free.md"),
};

pub(super) fn word(
    subject: Option<&Subject>,
    keeper: &str,
    release: &str,
    by_dart: bool,
    context: &Context<'_>,
) -> Words {
    let noun = subject.map_or_else(|| "memory".to_owned(), |subject| context.noun(subject));
    let done = subject.map_or("released", |subject| context.released(subject.family));
    let message = format!("{noun} is {done} although `{keeper}` keeps the pointer");
    if by_dart {
        return Words {
            message,
            label: format!("`{release}` leaves `{keeper}` with a dangling pointer"),
            help: "let the callback copy what it keeps, or release the memory when Dart says that it is done"
                .to_owned(),
        };
    }
    Words {
        message,
        label: format!("`{release}` leaves native code with a dangling pointer"),
        help: format!("release it only when native code has let go of what `{keeper}` keeps"),
    }
}
