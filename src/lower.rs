//! Syntax → IR: dispatch only.

use crate::ir::bodies::Lowered;
use crate::ir::{FunctionId, Unit};
use crate::language::Language;
use crate::parse::{Limits, Refused};
use crate::source::FileId;

pub mod c;
pub mod dart;
mod documentation;
mod frame;
pub mod rust;
mod target;
pub mod ts;

/// Whether [`again`] lowers functions of a language.
#[must_use]
pub fn lowers_alone(language: Language) -> bool {
    language == Language::Dart
}

/// Lowers one function of a file again whose text changed, and nothing around it; nothing where the whole file has to be
/// lowered. The unit has the places that are right for the new text.
pub fn again(unit: &mut Unit, function: FunctionId, text: &str, limits: &Limits) -> Option<Lowered> {
    match unit.language {
        Language::Dart => dart::again::function(unit, function, text, limits),
        _ => None,
    }
}

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, language: Language, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    let mut unit = match language {
        Language::Dart => dart::lower(file, text, limits),
        Language::Rust => rust::lower(file, text, limits),
        Language::C | Language::Cpp | Language::ObjC | Language::ObjCpp => c::lower(file, language, text, limits),
        Language::TypeScript => ts::lower(file, text, limits),
    }?;
    documentation::attach(&mut unit, text);
    unit.shrink();
    Ok(unit)
}
