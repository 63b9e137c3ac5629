//! `dangling_return`: a pointer to what ends with its scope.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::language::Language;
use crate::violation::Usage;

pub(super) static RULE: Rule = Rule {
    name: "dangling_return",
    level: Level::Error,
    on: true,
    cwe: Some(825),
    fix: None,
    summary: "pointer to a variable or a temporary value that is gone",
    page: include_str!("../../rules/dangling_return.md"),
};

pub(super) fn word(of: &str, temporary: bool, usage: &Usage, handed: bool, context: &Context<'_>) -> Words {
    let what =
        if temporary { format!("the temporary value that `{of}` made") } else { format!("the local variable `{of}`") };
    let (done, verb) = match usage {
        Usage::Read => ("read here".to_owned(), "is read"),
        Usage::Write => ("written here".to_owned(), "is written"),
        Usage::Pass(callee) => (format!("passed to `{callee}` here"), "is used"),
        Usage::Within(member) => (format!("used by `{member}` here"), "is used"),
        Usage::Return => ("returned here".to_owned(), "is returned"),
        Usage::Leave(place) => (format!("left in `{place}` here"), "is left where the caller finds it"),
    };
    if handed {
        let whose = if temporary { what } else { format!("{what} of native code") };
        return Words {
            message: format!("a pointer to {whose} {verb} although that ended before this callback runs"),
            label: done,
            help: "let native code hand over ownership of what it passes to a listener".into(),
        };
    }
    if context.language == Language::TypeScript {
        let whose = if of.is_empty() { "a buffer".to_owned() } else { format!("the buffer `{of}`") };
        let left = match usage {
            Usage::Leave(place) => format!("left in `{place}`"),
            _ => "returned".to_owned(),
        };
        return Words {
            message: format!("the address of {whose} is {left} although nothing keeps the buffer"),
            label: format!("{left} here"),
            help: "keep the buffer as long as somebody has its address".into(),
        };
    }
    let help = match (usage, temporary) {
        (Usage::Return | Usage::Leave(_), _) => {
            "hand ownership over instead, or let the caller pass the memory to fill"
        }
        (_, true) => "keep the value in a variable as long as the pointer is used",
        (_, false) => "use the pointer before the scope of the variable ends",
    };
    Words {
        message: format!("a pointer to {what} {verb} although that ends with its scope"),
        label: done,
        help: help.into(),
    }
}
