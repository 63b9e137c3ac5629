//! Contracts that native declarations state: attributes of prototypes, and what documentation says in fixed words.
//!
//! Read are `malloc(f)` of GCC 11 (the deallocator names the family), `ownership_returns`, `ownership_takes` and
//! `ownership_holds` of the Clang Static Analyzer, and GObject's `(transfer full)` and `(transfer none)`.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

use crate::ir::{Annotation, Const, Function, Name, TypeRef, Unit};
use crate::models::ModelSet;
use crate::models::schema::FamilyKind;
use crate::summary::{
    AccessPath, Basis, Effect, EffectKind, FamilyId, FamilyRef, Guard, Outcome, Ownership, ResultContract, Root,
    Summary, Throws,
};
use crate::target::TargetSet;

/// The contracts that declarations state, by symbol; nothing for a symbol whose declarations disagree.
#[derive(Debug, Default)]
pub(super) struct Declared(FxHashMap<Name, Option<Summary>>);

/// Tells of which symbols the declarations in native units state a contract.
pub fn states_contracts(units: &[Arc<Unit>], models: &ModelSet) -> impl Fn(&str) -> bool + use<> {
    let declared = Declared::new(units, models);
    move |symbol| declared.0.contains_key(symbol)
}

impl Declared {
    pub(super) fn new(units: &[Arc<Unit>], models: &ModelSet) -> Self {
        let mut declared = Self::default();
        for unit in units.iter().filter(|unit| unit.language.is_native()) {
            for function in unit.functions.iter().filter(|function| function.class.is_none() && !function.is_local) {
                let Some(contract) = contract(function, models) else { continue };
                let known = declared.0.entry(function.name.clone()).or_insert_with(|| Some(contract.clone()));
                if known.as_ref() != Some(&contract) {
                    *known = None;
                }
            }
        }
        declared
    }

    pub(super) fn get(&self, symbol: &str) -> Option<&Summary> {
        self.0.get(symbol)?.as_ref()
    }
}

/// The C library's heap, in which `malloc` as the name of a pool stands for it.
const C_HEAP: &str = "libc.malloc";
/// The heap of GLib, from which `(transfer full)` strings come.
const GLIB_HEAP: &str = "g_mem";

fn contract(function: &Function, models: &ModelSet) -> Option<Summary> {
    let mut result = None;
    let mut effects = Vec::new();
    for annotation in &function.annotations {
        match annotation.name.as_str() {
            "malloc" => result = family_released_by(annotation.words().next()?, models).map(owned).or(result),
            "ownership_returns" => result = pool(annotation, models).map(owned).or(result),
            "ownership_takes" => {
                let family = FamilyRef::Family(pool(annotation, models)?);
                effects
                    .extend(arguments(annotation).map(|on| Effect { on, kind: EffectKind::Release(family.clone()) }));
            }
            "ownership_holds" => {
                effects.extend(arguments(annotation).map(|on| Effect { on, kind: EffectKind::Take }));
            }
            "doc" => transfers(annotation, function, models, &mut result, &mut effects),
            _ => {}
        }
    }
    if result.is_none() && effects.is_empty() {
        return None;
    }
    let ownership = result.unwrap_or(Ownership::Unknown);
    let result = ResultContract { ownership, nullable: true, sometimes: false, when: None };
    let outcome = Outcome { guard: Guard::Always, targets: TargetSet::ALL, effects, result };
    Some(Summary {
        outcomes: smallvec![outcome],
        throws: Throws::Never,
        throws_when: None,
        runs: Vec::new(),
        basis: Basis::MetadataExplicit,
        made: Vec::new(),
        ended: Vec::new(),
        read: Vec::new(),
        always_reads: false,
    })
}

fn owned(family: FamilyId) -> Ownership {
    Ownership::Owned(FamilyRef::Family(family))
}

/// The family of which a function by that name is the release.
fn family_released_by(name: &str, models: &ModelSet) -> Option<FamilyId> {
    let fits = |family: &crate::models::Family| family.release_with.first().is_some_and(|release| release == name);
    let at = models.families().iter().position(|family| family.kind == FamilyKind::Memory && fits(family))?;
    u16::try_from(at).ok().map(FamilyId)
}

/// `ownership_returns(malloc)`: the pool that the attribute names; that of the C library is the only one known.
fn pool(annotation: &Annotation, models: &ModelSet) -> Option<FamilyId> {
    (annotation.words().next()? == "malloc").then(|| models.family_named(C_HEAP)).flatten()
}

/// The arguments that an ownership attribute numbers, from 1.
fn arguments(annotation: &Annotation) -> impl Iterator<Item = AccessPath> + '_ {
    let numbers = annotation.words().skip(1).filter_map(|word| word.parse::<u16>().ok()?.checked_sub(1));
    numbers.map(|index| AccessPath::root(Root::Param(index)))
}

impl Annotation {
    /// Its arguments word by word.
    fn words(&self) -> impl Iterator<Item = &str> {
        let texts = self.args.iter().filter_map(|(_, value)| match value {
            Const::Str(text) => Some(text.as_str()),
            _ => None,
        });
        texts.flat_map(|text| text.split(',')).map(str::trim)
    }
}

/// What GObject's annotations say: `Returns: (transfer full): …`, `@name: (transfer none): …`.
fn transfers(
    doc: &Annotation,
    function: &Function,
    models: &ModelSet,
    result: &mut Option<Ownership>,
    effects: &mut Vec<Effect>,
) {
    for (_, text) in &doc.args {
        let Const::Str(text) = text else { continue };
        for line in text.lines() {
            let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '*' || c == '/');
            let Some((subject, rest)) = line.split_once(':') else { continue };
            let says = |words: &str| rest.contains(words);
            if matches!(subject, "Returns" | "Return value") {
                let plain = function.result.as_ref().is_some_and(is_text);
                if says("(transfer none)") {
                    *result = Some(Ownership::Borrowed { from: None, until: Vec::new(), part: false });
                } else if says("(transfer full)") && plain {
                    *result = models.family_named(GLIB_HEAP).map(owned);
                }
            } else if let Some(name) = subject.strip_prefix('@')
                && says("(transfer full)")
                && !says("(out")
                && let Some(index) = position(function, name)
            {
                effects.push(Effect { on: AccessPath::root(Root::Param(index)), kind: EffectKind::Take });
            }
        }
    }
}

fn position(function: &Function, name: &str) -> Option<u16> {
    let local = |param: &crate::ir::Param| function.locals.get(param.local.index());
    let at = function.params.iter().position(|param| local(param).is_some_and(|local| local.name == name))?;
    u16::try_from(at).ok()
}

/// `char *`, as opposed to objects, which have releases of their own.
fn is_text(ty: &TypeRef) -> bool {
    let steps: SmallVec<[&TypeRef; 2]> = std::iter::successors(Some(ty), |ty| ty.args.first()).take(4).collect();
    match steps.as_slice() {
        [pointer, last] => pointer.name == "*" && matches!(last.name.as_str(), "char" | "gchar"),
        _ => false,
    }
}
