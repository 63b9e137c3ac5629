//! `signature_mismatch`: a binding's native type does not fit the definition.

use super::{Rule, Words};
use crate::diagnostic::Level;
use crate::language::Language;
use crate::violation::{Disagreement, LayoutMisfit, Slot};

/// Its name, for the exception that generated bindings make.
pub(super) const NAME: &str = "signature_mismatch";

pub(super) static RULE: Rule = Rule {
    name: NAME,
    level: Level::Error,
    on: true,
    cwe: Some(686),
    summary: "a binding whose native type does not fit the definition",
    page: include_str!("../../rules/signature_mismatch.md"),
};

pub(super) fn word(symbol: &str, language: Option<Language>, disagreement: &Disagreement) -> Words {
    let language = language.map_or("native", Language::title);
    match disagreement {
        Disagreement::Arity { bound, defined } => Words {
            message: format!(
                "`{symbol}` is bound with {}, but its {language} definition has {defined}",
                parameters(*bound)
            ),
            label: format!("this binding passes {}", arguments(*bound)),
            help: format!("give the binding the {} of the definition", parameters(*defined)),
        },
        Disagreement::Value { slot: Slot::Param(at), bound, defined } => Words {
            message: format!(
                "parameter {} of `{symbol}` is bound as `{bound}`, but its {language} definition takes `{defined}`",
                at + 1
            ),
            label: format!("this binding passes `{bound}`"),
            help: format!("bind parameter {} with the native type that fits `{defined}`", at + 1),
        },
        Disagreement::Value { slot: Slot::Result, bound, defined } => Words {
            message: format!(
                "the result of `{symbol}` is bound as `{bound}`, but its {language} definition gives {}",
                given(defined)
            ),
            label: format!("this binding reads `{bound}`"),
            help: match given(defined).as_str() {
                "nothing" => "bind the result as `Void`".into(),
                _ => format!("bind the result with the native type that fits `{defined}`"),
            },
        },
        Disagreement::Layout { defined, misfit: LayoutMisfit::Field { bound: field, defined: Some(native) } } => {
            Words {
                message: format!(
                    "`{field}` of `{symbol}` does not fit `{native}` of the {language} struct `{defined}`"
                ),
                label: format!("`{field}` has another type or place"),
                help: format!("declare the fields of `{symbol}` in the order and with the native types of `{defined}`"),
            }
        }
        Disagreement::Layout { defined, misfit: LayoutMisfit::Field { bound: field, defined: None } } => Words {
            message: format!("`{field}` of `{symbol}` lies behind the end of the {language} struct `{defined}`"),
            label: format!("`{field}` has no place in `{defined}`"),
            help: format!("declare the fields of `{symbol}` in the order and with the native types of `{defined}`"),
        },
        Disagreement::Layout { defined, misfit: LayoutMisfit::Size { bound, defined: bytes } } => Words {
            message: format!("`{symbol}` has {bound} bytes, but the {language} struct `{defined}` has {bytes}"),
            label: format!("this struct has {bound} bytes"),
            help: format!("declare the fields of `{symbol}` in the order and with the native types of `{defined}`"),
        },
    }
}

fn parameters(number: usize) -> String {
    format!("{number} parameter{}", if number == 1 { "" } else { "s" })
}

fn arguments(number: usize) -> String {
    format!("{number} argument{}", if number == 1 { "" } else { "s" })
}

/// What a definition gives back, in words.
fn given(ty: &str) -> String {
    match ty {
        "void" | "()" => "nothing".into(),
        ty => format!("`{ty}`"),
    }
}
