//! `signature_mismatch`: a binding's native type does not fit the definition.

use super::{Context, Rule, Words};
use crate::diagnostic::Level;
use crate::language::Language;
use crate::violation::{Differing, Disagreement, LayoutMisfit, Slot};

/// Its name, for the exception that generated bindings make.
pub(super) const NAME: &str = "signature_mismatch";

pub(super) static RULE: Rule = Rule {
    name: NAME,
    level: Level::Error,
    on: true,
    cwe: Some(686),
    fix: None,
    summary: "a binding whose native type does not fit the definition",
    page: include_str!("../../rules/signature_mismatch.md"),
};

pub(super) fn word(symbol: &str, from: Option<Language>, differing: &Disagreement, context: &Context<'_>) -> Words {
    let language = from.map_or("native", Language::title);
    match &context.spelled_in(differing) {
        Disagreement::Arity { bound, defined } => Words {
            message: format!(
                "`{symbol}` is bound with {}, but its {language} definition has {defined}",
                counted(*bound, "parameter")
            ),
            label: format!("this binding passes {}", counted(*bound, "argument")),
            help: format!("give the binding the {} of the definition", counted(*defined, "parameter")),
        },
        Disagreement::Value { slot: Slot::Param(at), bound, defined, differing } => Words {
            message: format!(
                "parameter {} of `{symbol}` is bound as `{bound}`, but its {language} definition takes `{defined}`{}",
                at + 1,
                somewhere(*differing)
            ),
            label: label(*differing, "this binding", format!("this binding passes `{bound}`")),
            help: format!("bind parameter {} with the native type that fits `{defined}`", at + 1),
        },
        Disagreement::Value { slot: Slot::Result, bound, defined, differing } => Words {
            message: format!(
                "the result of `{symbol}` is bound as `{bound}`, but its {language} definition gives {}{}",
                given(defined),
                somewhere(*differing)
            ),
            label: label(*differing, "this binding", format!("this binding reads `{bound}`")),
            help: match given(defined).as_str() {
                "nothing" => format!("bind the result as `{}`", context.spelled("Void")),
                _ => format!("bind the result with the native type that fits `{defined}`"),
            },
        },
        Disagreement::Variadic { bound, defined } => word_variadic(symbol, language, *bound, *defined),
        Disagreement::Callback { param, differs } => word_callback(symbol, language, *param, differs, context),
        Disagreement::Layout { defined, misfit, is_narrow } => {
            let words = word_layout(symbol, language, defined, misfit);
            Words { message: format!("{}{}", words.message, if *is_narrow { NARROW } else { "" }), ..words }
        }
    }
}

fn word_layout(symbol: &str, language: &str, defined: &str, misfit: &LayoutMisfit) -> Words {
    let help = format!("declare the fields of `{symbol}` in the order and with the native types of `{defined}`");
    let (message, label) = match misfit {
        LayoutMisfit::Sign { bound: field, bound_is_signed } => {
            let (bound, other) = if *bound_is_signed { ("signed", "unsigned") } else { ("unsigned", "signed") };
            (
                format!("`{field}` of `{symbol}` is {bound}, but {other} in the {language} struct `{defined}`"),
                format!("`{field}` {}", misread(*bound_is_signed)),
            )
        }
        LayoutMisfit::Field { bound: field, defined: Some(native) } => (
            format!("`{field}` of `{symbol}` does not fit `{native}` of the {language} struct `{defined}`"),
            format!("`{field}` has another type or place"),
        ),
        LayoutMisfit::Field { bound: field, defined: None } => (
            format!("`{field}` of `{symbol}` lies behind the end of the {language} struct `{defined}`"),
            format!("`{field}` has no place in `{defined}`"),
        ),
        LayoutMisfit::Size { bound, defined: bytes } => (
            format!("`{symbol}` has {bound} bytes, but the {language} struct `{defined}` has {bytes}"),
            format!("this struct has {bound} bytes"),
        ),
    };
    Words { message, label, help }
}

fn word_variadic(symbol: &str, language: &str, bound: Option<usize>, defined: Option<usize>) -> Words {
    let fixed = |number: usize| format!("{} and then `...`", counted(number, "parameter"));
    let wrap = |number: usize| match number {
        1 => "put the types behind the first parameter into `VarArgs<(…)>`".to_owned(),
        number => format!("put the types behind the first {number} parameters into `VarArgs<(…)>`"),
    };
    match (bound, defined) {
        (None, Some(number)) => Words {
            message: format!(
                "`{symbol}` is bound without `VarArgs`, but its {language} definition has {}",
                fixed(number)
            ),
            label: "this binding passes arguments of `...` as if they were fixed".into(),
            help: wrap(number),
        },
        (Some(_), None) => Words {
            message: format!("`{symbol}` is bound with `VarArgs`, but its {language} definition is not variadic"),
            label: "this binding passes fixed arguments as if they were those of `...`".into(),
            help: "bind the parameters without `VarArgs`".into(),
        },
        (bound, defined) => {
            let (bound, defined) = (bound.unwrap_or_default(), defined.unwrap_or_default());
            Words {
                message: format!(
                    "`{symbol}` is bound with {} before `VarArgs`, but its {language} definition has {}",
                    counted(bound, "parameter"),
                    fixed(defined)
                ),
                label: format!("this binding has {} before `VarArgs`", counted(bound, "parameter")),
                help: wrap(defined),
            }
        }
    }
}

fn word_callback(symbol: &str, language: &str, at: usize, differs: &Disagreement, context: &Context<'_>) -> Words {
    let of = format!("the callback that `{symbol}` takes as parameter {}", at + 1);
    let help = |of: &str, defined: &str| format!("give {of} of the callback the native type that fits `{defined}`");
    match &context.spelled_in(differs) {
        Disagreement::Value { slot: Slot::Param(at), bound, defined, differing } => Words {
            message: format!(
                "parameter {} of {of} is bound as `{bound}`, but its {language} definition passes `{defined}`{}",
                at + 1,
                somewhere(*differing)
            ),
            label: label(*differing, "the callback", format!("the callback reads `{bound}`")),
            help: help(&format!("parameter {}", at + 1), defined),
        },
        Disagreement::Value { slot: Slot::Result, bound, defined, differing } => Words {
            message: format!(
                "the result of {of} is bound as `{bound}`, but its {language} definition reads `{defined}`{}",
                somewhere(*differing)
            ),
            label: label(*differing, "the callback", format!("the callback gives `{bound}`")),
            help: help("the result", defined),
        },
        Disagreement::Arity { bound, defined } => Words {
            message: format!(
                "{of} is bound with {}, but its {language} definition passes {}",
                counted(*bound, "parameter"),
                counted(*defined, "argument")
            ),
            label: format!("the callback takes {}", counted(*bound, "parameter")),
            help: format!("give the callback {}", counted(*defined, "parameter")),
        },
        // Nothing else is told of callbacks.
        _ => word(symbol, None, differs, context),
    }
}

const NARROW: &str = ", where addresses have 32 bits";

/// Where targets alone do not tell.
fn somewhere(differing: Differing) -> &'static str {
    match differing {
        Differing::NarrowWidth => NARROW,
        Differing::Kind | Differing::Sign { .. } => "",
    }
}

fn label(differing: Differing, reader: &str, of_kind: String) -> String {
    match differing {
        Differing::Sign { bound_is_signed } => format!("{reader} {}", misread(bound_is_signed)),
        Differing::Kind | Differing::NarrowWidth => of_kind,
    }
}

fn misread(bound_is_signed: bool) -> &'static str {
    if bound_is_signed { "reads large numbers as negative ones" } else { "reads negative numbers as large ones" }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What a definition gives back, in words.
fn given(ty: &str) -> String {
    match ty {
        "void" | "()" => "nothing".into(),
        ty => format!("`{ty}`"),
    }
}
