//! The releases that native code offers: exported functions whose body releases what they are given.
//!
//! Only words are made of this: who is told that memory is not released should also hear what releases it.

use crate::ir::{Function, Name, TypeRef};
use crate::link::{FuncRef, Program};
use crate::source::FileId;
use crate::summary::{EffectKind, FamilyId, FamilyRef, Root, Step};
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
            let Some(summary) = summaries.get(FuncRef { unit, function: export.function }) else { continue };
            for outcome in &summary.outcomes {
                for effect in &outcome.effects {
                    if let EffectKind::Release(FamilyRef::Family(family)) = effect.kind
                        && let Root::Param(param) = effect.on.root
                        && effect.on.steps.iter().all(|step| matches!(step, Step::Field(_)))
                    {
                        let function = &from.functions[export.function.index()];
                        let local = function.params.get(usize::from(param)).map(|param| param.local);
                        let ty = local.and_then(|local| function.locals[local.index()].ty.as_deref());
                        // What lies in memory that the parameter points to is released with that.
                        if !effect.on.steps.is_empty() && ty.is_none_or(|ty| pointee(ty).is_some()) {
                            continue;
                        }
                        all.push(OfferedRelease {
                            file: from.file,
                            family,
                            symbol: export.symbol.clone(),
                            targets: outcome.targets.and(export.targets),
                            takes: ty.cloned(),
                        });
                    }
                }
            }
        }
    }
    all.dedup();
    all
}

/// What a pointer type leads to, constant or not.
fn pointee(ty: &TypeRef) -> Option<&TypeRef> {
    let to = ty.args.first().filter(|_| &*ty.name == "*")?;
    if &*to.name == "const" { to.args.first() } else { Some(to) }
}

fn is_void(ty: &TypeRef) -> bool {
    matches!(&*ty.name, "void" | "c_void") || ty.name.ends_with("::c_void")
}
