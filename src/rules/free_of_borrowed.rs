//! `free_of_borrowed`: released although somebody else owns it.

use super::{Context, Rule, Words, steps};
use crate::diagnostic::Level;
use crate::language::Language;
use crate::violation::Owner;

pub(super) static RULE: Rule = Rule {
    name: "free_of_borrowed",
    level: Level::Error,
    on: true,
    cwe: Some(590),
    fix: None,
    summary: "release of memory that somebody else owns",
    page: include_str!("../../rules/free_of_borrowed.md"),
};

pub(super) fn word(origin: &str, owner: &Owner, release: &str, context: &Context<'_>) -> Words {
    // What has an address there and no name in native code is a buffer, which is collected.
    if let (Owner::Variable(name), Language::TypeScript) = (owner, context.language) {
        let whose = if name.is_empty() { "a buffer".to_owned() } else { format!("the buffer `{name}`") };
        return Words {
            message: format!("{whose} is collected, and its address must not be released"),
            label: format!("`{release}` releases what is the collector's"),
            help: format!("remove this `{release}`"),
        };
    }
    let message = match owner {
        Owner::Library => format!("memory from `{origin}` belongs to the library and must not be released"),
        Owner::Supposed => format!(
            "memory from `{origin}` belongs to the library, going by its name or documentation, and must not be released"
        ),
        Owner::Static => format!("memory from `{origin}` is static and must never be released"),
        Owner::Value(name) if name == origin => {
            format!("memory from `{origin}` stays with it and must not be released here")
        }
        Owner::Value(name) => format!("memory from `{origin}` belongs to `{name}` and must not be released on its own"),
        Owner::Variable(name) => {
            format!("`{name}` is a variable of the function: its memory ends with it and must not be released")
        }
        Owner::Taker(name) => {
            format!("memory from `{origin}` was handed over to `{name}` and must not be released here")
        }
        Owner::Arena => format!("memory from `{origin}` is released by its arena and must not be released here"),
        Owner::Finalizer => {
            format!("memory from `{origin}` is released by its finalizer and must not be released here")
        }
        Owner::Function => {
            format!("`{origin}` is a native function: its address owns no memory and must not be released")
        }
    };
    let help = match owner {
        Owner::Finalizer => format!("remove this `{release}`, or detach the finalizer first"),
        _ => format!("remove this `{release}`"),
    };
    Words { message, label: format!("`{release}` releases memory that {}", steps::owned_by(owner)), help }
}
