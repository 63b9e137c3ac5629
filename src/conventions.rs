//! What bindings tell by convention where no body and no model does: by their names, and by their documentation.
//!
//! The conclusions are a model file like any other, made for one project. Everything that is known counts more than
//! they do, and a finding of them is of medium confidence at most. Which names and phrases are read is data:
//! `rules/models/hints.toml`, and the `naming` of packs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use crate::ir::Unit;
use crate::link::states_contracts;
use crate::models::annotation::quoted;
use crate::models::catalog::CONVENTIONS;
use crate::models::schema::FunctionModel;
use crate::models::{ModelSet, Versions};
use crate::summary::{EffectKind, FamilyId, FamilyRef, Root, StatusKind};
use bound::Bindings;

mod bound;
mod documented;
mod named;

/// A conclusion about a bound function.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Conclusion {
    /// What it gives is the caller's, to be released with that function.
    Owned {
        /// The bound function that releases it.
        release: String,
        /// Where it gives it: `result`, or the path of an out-parameter that is filled on success.
        out: Option<Out>,
        /// What this is concluded from.
        from: String,
    },
    /// What it gives stays the library's.
    Borrowed {
        /// What this is concluded from.
        from: String,
    },
}

/// An out-parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Out {
    index: usize,
    status: Option<StatusKind>,
}

/// The models that the bindings of a program's units tell by convention; nothing where they tell nothing.
#[must_use]
pub fn models(units: &[Arc<Unit>], models: &ModelSet) -> Option<String> {
    let bindings = Bindings::new(units);
    if bindings.all.is_empty() {
        return None;
    }
    let declared = states_contracts(units, models);
    let defined: BTreeSet<&str> =
        units.iter().flat_map(|unit| &unit.exports).map(|export| export.symbol.as_str()).collect();
    let is_open = |symbol: &str| {
        !defined.contains(symbol) && models.symbol(symbol, &Versions::default()).is_none() && !declared(symbol)
    };
    let mut concluded: BTreeMap<&str, Conclusion> = BTreeMap::new();
    for bound in bindings.all.values().filter(|bound| is_open(&bound.symbol)) {
        // What is written about a function counts more than what its name suggests.
        let conclusion = documented::of(bound, &bindings, models)
            .or_else(|| documented::is_silent(bound).then(|| named::of(bound, &bindings, models)).flatten());
        if let Some(conclusion) = conclusion {
            concluded.insert(&bound.symbol, conclusion);
        }
    }
    // A release whose body is here says itself what it releases.
    concluded.retain(|_, conclusion| match conclusion {
        Conclusion::Owned { release, .. } => !defined.contains(release.as_str()),
        Conclusion::Borrowed { .. } => true,
    });
    (!concluded.is_empty()).then(|| text(&concluded, models))
}

/// How many arguments the functions that are bound take.
pub struct Arity<'a> {
    bindings: Bindings<'a>,
}

impl<'a> Arity<'a> {
    /// Looks at what the units bind.
    #[must_use]
    pub fn new(units: &'a [Arc<Unit>]) -> Self {
        Self { bindings: Bindings::new(units) }
    }

    /// The arguments that a model of native functions speaks of and its bindings do not have.
    #[must_use]
    pub fn wrong(&self, model: &FunctionModel, models: &ModelSet) -> Vec<String> {
        let symbols: Vec<&String> = model.symbol.iter().chain(&model.symbols).collect();
        let Some(Some(summary)) = (!symbols.is_empty()).then(|| models.right_contract(model, &[])) else {
            return Vec::new();
        };
        let wrong = |symbol: &&String| {
            let bound = self.bindings.all.get(symbol.as_str()).filter(|bound| bound.has_clear_arity())?;
            let gives = model.result.as_ref().is_some_and(|result| !result.unknown);
            if gives && matches!(bound.result.name.as_str(), "Void" | "void") {
                return Some(format!("`{symbol}` is bound as giving nothing: it has no `result`"));
            }
            let beyond = (bound.params.len()..)
                .take(FARTHEST)
                .find(|index| u16::try_from(*index).is_ok_and(|index| summary.speaks_of(&Root::Param(index))))?;
            let has = match bound.params.len() {
                0 => "no arguments".to_owned(),
                1 => "one argument".to_owned(),
                more => format!("{more} arguments"),
            };
            Some(format!("`{symbol}` is bound with {has}: there is no `arg{beyond}`"))
        };
        symbols.iter().filter_map(wrong).collect()
    }
}

/// No function has more arguments.
const FARTHEST: usize = 256;

/// The model file of some conclusions.
fn text(concluded: &BTreeMap<&str, Conclusion>, models: &ModelSet) -> String {
    let source = quoted(CONVENTIONS);
    let mut text = format!("schema = 1\n[pack]\nid = {source}\nsources = [{source}]\n");
    let mut releases: BTreeMap<&str, &str> = BTreeMap::new();
    for conclusion in concluded.values() {
        if let Conclusion::Owned { release, from, .. } = conclusion {
            releases.entry(release).or_insert(from);
        }
    }
    for (release, from) in &releases {
        let name = quoted(&family_name(release));
        let known = released_by(release, models).map(|family| models.family(family));
        let title = known.map_or_else(|| format!("memory for `{release}`"), |family| family.title.clone());
        let closes = release.to_ascii_lowercase().contains("close");
        let kind = if closes && known.is_none() { "handle" } else { "memory" };
        let _ = write!(
            text,
            "[[family]]\nname = {name}\ntitle = {}\nkind = \"{kind}\"\nrelease_with = [{}]\nconcluded = {}\n\
             source = {source}\n",
            quoted(&title),
            quoted(known.and_then(|family| family.release_with.first()).map_or(release, String::as_str)),
            quoted(from),
        );
        match known {
            Some(family) => {
                let families = [name, quoted(&family.name)].join(", ");
                let _ = write!(text, "[[equivalence]]\nfamilies = [{families}]\nsource = {source}\n");
            }
            None => {
                let effects = format!("[{{ on = \"arg0\", release = {name} }}]");
                let _ = write!(
                    text,
                    "[[function]]\nsymbol = {}\neffects = {effects}\nbasis = \"convention\"\nsource = {}\n",
                    quoted(release),
                    quoted(from)
                );
            }
        }
    }
    for (symbol, conclusion) in concluded {
        let (said, from) = match conclusion {
            Conclusion::Owned { release, out: None, from } => {
                let family = quoted(&family_name(release));
                (format!("result = {{ owned = {family}, nullable = true }}"), from)
            }
            Conclusion::Owned { release, out: Some(Out { index, status }), from } => {
                let family = quoted(&family_name(release));
                let outcome = if status.is_some() { "success" } else { "always" };
                let status =
                    status.map_or_else(String::new, |kind| format!("status = {}\n", quoted(status_word(kind))));
                let fill = format!("{{ owned = {family} }}");
                (
                    format!("{status}effects = [{{ on = \"arg{index}.*\", fill = {fill}, outcome = \"{outcome}\" }}]"),
                    from,
                )
            }
            Conclusion::Borrowed { from } => ("result = { borrowed = \"library\", nullable = true }".to_owned(), from),
        };
        let (symbol, from) = (quoted(symbol), quoted(from));
        let _ = write!(text, "[[function]]\nsymbol = {symbol}\n{said}\nbasis = \"convention\"\nsource = {from}\n");
    }
    text
}

/// The family of what a function releases, as far as conventions tell.
fn family_name(release: &str) -> String {
    format!("by convention: {release}")
}

/// How a model file writes a status.
fn status_word(kind: StatusKind) -> &'static str {
    match kind {
        StatusKind::Zero => "zero",
        StatusKind::NonZero => "non-zero",
        StatusKind::NonNegative => "non-negative",
    }
}

/// The family that a known function releases.
fn released_by(symbol: &str, models: &ModelSet) -> Option<FamilyId> {
    let summary = models.symbol(symbol, &Versions::default()).map(|id| &models.function(id).summary)?;
    let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
    effects.find_map(|effect| match &effect.kind {
        EffectKind::Release(FamilyRef::Family(family)) if effect.on.steps.is_empty() => Some(*family),
        _ => None,
    })
}

/// The words of a name, in lower case: `free_owned_string`, `clang_disposeString`, `CFStringCreateCopy`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let next = letters.get(at + 1);
        let after_small = before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit());
        let before_small = before.is_some_and(char::is_ascii_uppercase) && next.is_some_and(char::is_ascii_lowercase);
        if letter == '_' || letter.is_ascii_uppercase() && (after_small || before_small) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter != '_', words.last_mut()) {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("free_owned_string", "free owned string"),
            ("clang_disposeString", "clang dispose string"),
            ("CFStringCreateCopy", "cf string create copy"),
            ("git_oid2", "git oid2"),
            ("__x", "x"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }
}
