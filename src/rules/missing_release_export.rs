//! `missing_release_export`: memory crosses the boundary, and nothing on either side can release it.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "missing_release_export",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: None,
    summary: "exported function whose memory nothing on either side releases",
    page: include_str!("../../rules/missing_release_export.md"),
};

pub(super) fn word(subject: &Subject, function: &str, context: &Context<'_>) -> Words {
    let noun = context.noun_made(subject);
    let help = match context.release_of(subject.family, &subject.made_by) {
        Some(release) => {
            format!(
                "export a function that releases with `{release}` what `{function}` returns, and let the caller call it"
            )
        }
        None => format!("export a function that releases what `{function}` returns, and let the caller call it"),
    };
    Words {
        message: format!("`{function}` hands out {noun}, and nothing that is exported releases it"),
        label: "its callers cannot release what they get".into(),
        help,
    }
}
