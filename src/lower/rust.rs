//! Rust syntax → IR.

use crate::ir::{Directives, Unit};
use crate::language::Language;
use crate::parse::{Limits, Refused};
use crate::source::FileId;

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, _text: &str, _limits: &Limits) -> Result<Unit, Refused> {
    Ok(Unit {
        file,
        language: Language::Rust,
        directives: Directives::default(),
        functions: Vec::new(),
        classes: Vec::new(),
        variables: Vec::new(),
        aliases: Vec::new(),
        layouts: Vec::new(),
        bindings: Vec::new(),
        exports: Vec::new(),
        comments: Vec::new(),
        generated: false,
        errors: Vec::new(),
        opaque: Vec::new(),
    })
}
