//! Syntax → IR: dispatch only.

use crate::ir::Unit;
use crate::language::Language;
use crate::parse::{Limits, Refused};
use crate::source::FileId;

pub mod dart;

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, language: Language, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    match language {
        Language::Dart => dart::lower(file, text, limits),
    }
}
