//! The releases that native code offers: exported functions whose body releases what they are given.
//!
//! Only words are made of this: who is told that memory is not released should also hear what releases it.

use crate::ir::{Export, Function, Name, TypeRef, Unit};
use crate::link::{FuncRef, Program};
use crate::source::FileId;
use crate::summary::{EffectKind, FamilyId, FamilyRef, Root, Step, Summary};
use crate::target::TargetSet;

use super::summaries::Summaries;

/// An exported function of native code that releases its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedRelease {
    /// Where it is defined.
    pub file: FileId,
    /// The family that it releases.
    pub family: FamilyId,
    /// Its symbol.
    pub symbol: Name,
    /// Where it does so.
    pub targets: TargetSet,
    /// The type of its parameter, where that is written: a pointer, or a struct by value that holds one.
    pub takes: Option<TypeRef>,
}

impl OfferedRelease {
    /// Whether what a function of the same file returns can be meant for it, as far as the types are written.
    #[must_use]
    pub fn fits_result_of(&self, function: &Function) -> bool {
        let Some(takes) = &self.takes else { return true };
        let gives = function.result.as_ref();
        match (pointee(takes), gives.and_then(pointee)) {
            (Some(takes), Some(gives)) => takes == gives || is_void(takes) || is_void(gives),
            // Handed out through a parameter.
            (Some(_), None) => true,
            (None, _) => gives == Some(takes),
        }
    }
}

/// Every release that native code offers, in the order of files.
pub(super) fn releases(program: &Program, summaries: &Summaries) -> Vec<OfferedRelease> {
    let mut all = Vec::new();
    for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, unit)| unit.language.is_native()) {
        for export in &from.exports {
            if let Some(summary) = summaries.get(FuncRef { unit, function: export.function }) {
                all.extend(offered_by(from, export, &summary));
            }
        }
    }
    all.dedup();
    all
}

/// What one export releases of what it is given.
fn offered_by<'a>(
    from: &'a Unit,
    export: &'a Export,
    summary: &'a Summary,
) -> impl Iterator<Item = OfferedRelease> + 'a {
    let effects =
        summary.outcomes.iter().flat_map(|outcome| outcome.effects.iter().map(move |effect| (outcome, effect)));
    effects.filter_map(|(outcome, effect)| {
        let (EffectKind::Release(FamilyRef::Family(family)), Root::Param(param)) = (&effect.kind, &effect.on.root)
        else {
            return None;
        };
        let function = &from.functions[export.function.index()];
        let local = function.params.get(usize::from(*param)).map(|param| param.local);
        let takes = local.and_then(|local| function.locals[local.index()].ty.as_ref());
        // The parameter itself, or a field of the struct that it is; what lies in memory it points to goes with that.
        let is_own = |step: &Step| matches!(step, Step::Field(_)) && takes.is_some_and(|ty| pointee(ty).is_none());
        effect.on.steps.iter().all(is_own).then(|| OfferedRelease {
            file: from.file,
            family: *family,
            symbol: export.symbol.clone(),
            targets: outcome.targets.and(export.targets),
            takes: takes.cloned(),
        })
    })
}

/// What a pointer type leads to, constant or not.
fn pointee(ty: &TypeRef) -> Option<&TypeRef> {
    let to = ty.args.first().filter(|_| &*ty.name == "*")?;
    if &*to.name == "const" { to.args.first() } else { Some(to) }
}

fn is_void(ty: &TypeRef) -> bool {
    matches!(&*ty.name, "void" | "c_void") || ty.name.ends_with("::c_void")
}
