//! `overwritten_owner`: the only variable or field that leads to owned memory is assigned again.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::violation::Subject;

pub(super) static RULE: Rule = Rule {
    name: "overwritten_owner",
    level: Level::Warning,
    on: true,
    cwe: Some(401),
    fix: None,
    summary: "the only variable or field that owns memory is assigned again",
    page: include_str!("../../rules/overwritten_owner.md"),
};

pub(super) fn word(subject: &Subject, owner: &str, context: &Context<'_>) -> Words {
    let owner = super::steps::field(owner);
    Words {
        message: format!("{} is lost when {owner} is assigned again", context.noun(subject)),
        label: format!("{owner} was its only owner"),
        help: format!("{} before this assignment", context.release_advice(subject)),
    }
}

pub(super) fn word_replaced(subject: &Subject, owner: &str, setter: &str, context: &Context<'_>) -> Words {
    let owner = super::steps::field(owner);
    Words {
        message: format!("{} in {owner} is lost with the next call of `{setter}`", context.noun(subject)),
        label: format!("{owner} is its only owner, and takes the next"),
        help: format!("before this assignment, take what {owner} leads to and {}", context.release_advice(subject)),
    }
}

/// An object that owns memory.
pub(super) struct Object<'a> {
    pub(super) class: &'a str,
    pub(super) owner: &'a str,
    pub(super) setter: &'a str,
    pub(super) dispose: &'a str,
}

pub(super) fn word_object(subject: &Subject, object: &Object<'_>, context: &Context<'_>) -> Words {
    let owner = super::steps::field(object.owner);
    let Object { class, setter, dispose, .. } = object;
    Words {
        message: format!("the `{class}` in {owner} is lost with the next call of `{setter}`"),
        label: format!("{owner} is the only owner of {}, and takes the next `{class}`", context.noun(subject)),
        help: format!("call `{}.{dispose}()` before this assignment", object.owner),
    }
}
