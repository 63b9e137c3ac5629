//! Attributes: targets, exports, documentation.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Lit, Meta, Token};

use super::types;
use crate::ir::{Annotation, Cond, Name};
use crate::lower::documentation;
use crate::target::TargetSet;

/// Where something is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Configured {
    /// On these targets at most.
    pub(super) targets: TargetSet,
    /// Whether conditions that have nothing to do with targets play a part.
    pub(super) uncertain: bool,
}

impl Configured {
    /// No condition.
    pub(super) const EVERYWHERE: Self = Self { targets: TargetSet::ALL, uncertain: false };
    const NOWHERE: Self = Self { targets: TargetSet::NONE, uncertain: false };
    const UNKNOWN: Self = Self { targets: TargetSet::ALL, uncertain: true };

    fn on(targets: TargetSet) -> Self {
        Self { targets, uncertain: false }
    }

    /// Both conditions.
    pub(super) fn and(self, other: Self) -> Self {
        Self { targets: self.targets.and(other.targets), uncertain: self.uncertain || other.uncertain }
    }

    fn or(self, other: Self) -> Self {
        Self { targets: self.targets.or(other.targets), uncertain: self.uncertain || other.uncertain }
    }

    fn not(self) -> Self {
        match self.uncertain {
            // What an unknown condition leaves out is unknown.
            true => Self::UNKNOWN,
            false => Self::on(TargetSet::ALL.minus(self.targets)),
        }
    }

    /// The condition of a branch that runs where this holds.
    pub(super) fn branch(self) -> Cond {
        if self.uncertain { Cond::Opaque } else { Cond::Target(self.targets) }
    }

    /// Not compiled at all, as far as ffilint is concerned.
    pub(super) fn is_never(self) -> bool {
        self.targets.is_empty()
    }
}

/// Whether an item is compiled under conditions.
pub(super) fn has_condition(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr"))
}

/// What all `#[cfg(…)]` of an item say together. Tests are compiled nowhere.
pub(super) fn configured(attributes: &[Attribute]) -> Configured {
    let mut configured = Configured::EVERYWHERE;
    for attribute in attributes {
        match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                configured = configured.and(condition_of(&list.tokens));
            }
            Meta::Path(path) if path.is_ident("test") || path.is_ident("bench") => return Configured::NOWHERE,
            _ => {}
        }
    }
    configured
}

/// What stands in `cfg(…)` or `cfg!(…)`.
pub(super) fn condition_of(tokens: &TokenStream) -> Configured {
    syn::parse2::<Meta>(tokens.clone()).map_or(Configured::UNKNOWN, |meta| condition(&meta))
}

fn condition(meta: &Meta) -> Configured {
    match meta {
        Meta::Path(path) => match types::path_name(path).as_str() {
            "windows" => Configured::on(TargetSet::WINDOWS),
            "unix" => Configured::on(TargetSet::ALL.minus(TargetSet::WINDOWS)),
            "test" | "doctest" | "miri" | "loom" => Configured::NOWHERE,
            _ => Configured::UNKNOWN,
        },
        Meta::NameValue(pair) => match (types::path_name(&pair.path).as_str(), text(&pair.value)) {
            ("target_os", Some(os)) => Configured::on(target_os(&os)),
            ("target_vendor", Some(vendor)) if vendor == "apple" => Configured::on(TargetSet::MACOS.or(TargetSet::IOS)),
            ("target_vendor", Some(_)) => Configured::UNKNOWN,
            ("target_family", Some(family)) => match family.as_str() {
                "windows" => Configured::on(TargetSet::WINDOWS),
                "unix" => Configured::on(TargetSet::ALL.minus(TargetSet::WINDOWS)),
                _ => Configured::NOWHERE,
            },
            ("target_env", Some(env)) => match env.as_str() {
                "msvc" => Configured { targets: TargetSet::WINDOWS, uncertain: true },
                "ohos" => Configured::on(TargetSet::OHOS),
                _ => Configured::UNKNOWN,
            },
            // WebAssembly is no target of the analysis.
            ("target_arch", Some(arch)) if arch.starts_with("wasm") => Configured::NOWHERE,
            _ => Configured::UNKNOWN,
        },
        Meta::List(list) => {
            let name = types::path_name(&list.path);
            let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
                return Configured::UNKNOWN;
            };
            let mut parts = parts.iter().map(condition);
            match name.as_str() {
                "all" => parts.fold(Configured::EVERYWHERE, Configured::and),
                "any" => parts.fold(Configured::NOWHERE, Configured::or),
                "not" => parts.next().map_or(Configured::UNKNOWN, Configured::not),
                _ => Configured::UNKNOWN,
            }
        }
    }
}

/// The targets of a `target_os`; none for a system that ffilint does not speak of.
fn target_os(os: &str) -> TargetSet {
    match os {
        "windows" => TargetSet::WINDOWS,
        "linux" => TargetSet::LINUX,
        "android" => TargetSet::ANDROID,
        "macos" => TargetSet::MACOS,
        "ios" => TargetSet::IOS,
        _ => TargetSet::NONE,
    }
}

/// The symbol that `#[no_mangle]` or `#[export_name = "x"]` gives to a function.
pub(super) fn exported_symbol(attributes: &[Attribute], name: &str) -> Option<Name> {
    attributes.iter().find_map(|attribute| symbol_in(&attribute.meta, name))
}

fn symbol_in(meta: &Meta, name: &str) -> Option<Name> {
    match meta {
        Meta::Path(path) if path.is_ident("no_mangle") => Some(name.into()),
        Meta::NameValue(pair) if pair.path.is_ident("export_name") => text(&pair.value).map(Name::new),
        Meta::List(list) if list.path.is_ident("unsafe") => {
            symbol_in(&syn::parse2::<Meta>(list.tokens.clone()).ok()?, name)
        }
        // Whatever the condition: an export that may be there is one.
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            parts.iter().skip(1).find_map(|meta| symbol_in(meta, name))
        }
        _ => None,
    }
}

/// `#[name = "text"]`, also inside `#[name(key = "text")]` when a key is given.
pub(super) fn value_of(attributes: &[Attribute], name: &str, key: Option<&str>) -> Option<Name> {
    attributes.iter().filter(|attribute| attribute.path().is_ident(name)).find_map(|attribute| {
        match (&attribute.meta, key) {
            (Meta::NameValue(pair), None) => text(&pair.value).map(Name::new),
            (Meta::List(list), Some(key)) => {
                let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
                parts.iter().find_map(|part| match part {
                    Meta::NameValue(pair) if pair.path.is_ident(key) => text(&pair.value).map(Name::new),
                    _ => None,
                })
            }
            _ => None,
        }
    })
}

/// The words in `#[name(a, b, c(4))]`, all such attributes together; `c(4)` gives `c` and its number.
pub(super) fn words(attributes: &[Attribute], name: &str) -> Vec<(String, Option<u32>)> {
    let mut words = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let Meta::List(list) = &attribute.meta else { continue };
        let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else { continue };
        for part in &parts {
            let number = match part {
                Meta::List(list) => list.parse_args::<syn::LitInt>().ok().and_then(|it| it.base10_parse().ok()),
                _ => None,
            };
            words.push((types::simple(&types::path_name(part.path())).to_owned(), number));
        }
    }
    words
}

/// What the documentation says of ownership.
pub(super) fn annotations(attributes: &[Attribute]) -> Vec<Annotation> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value).map(|line| line.trim().to_owned()),
        _ => None,
    });
    documentation::ownership(lines.collect::<Vec<_>>().join("\n")).into_iter().collect()
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(it) => match &it.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
