//! The releases of types that only native code makes: `git_config_free(Pointer<git_config>)` tells how every
//! `git_config` is released, for nobody else can allocate what is opaque to Dart.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{ClassRef, Program, Resolved, Target, Ty};
use crate::ir::{Function, Name, Op, Operand};
use crate::models::schema::FamilyKind;
use crate::models::{ModelId, ModelSet};
use crate::summary::{EffectKind, FamilyId, FamilyRef, Root};

/// How the objects of a type are released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRelease {
    /// Their family.
    pub family: FamilyId,
    /// The native function.
    pub by: Name,
}

/// The release of each opaque class that calls of modelled functions tell; nothing where they disagree.
pub(super) fn releases(program: &Program, models: &ModelSet) -> FxHashMap<ClassRef, TypeRelease> {
    let of_unit = |unit: usize| {
        let from = &program.units[unit];
        if from.language.is_native() {
            return Vec::new();
        }
        let functions = from.functions.iter().zip(&program.resolved[unit]);
        functions.flat_map(|(function, resolved)| told(function, resolved, program, models)).collect()
    };
    let told: Vec<Vec<(ClassRef, TypeRelease)>> = (0..program.units.len()).into_par_iter().map(of_unit).collect();
    let mut all: FxHashMap<ClassRef, Option<TypeRelease>> = FxHashMap::default();
    for (class, release) in told.into_iter().flatten() {
        let known = all.entry(class).or_insert_with(|| Some(release.clone()));
        if known.as_ref().is_some_and(|known| known.family != release.family) {
            *known = None;
        }
    }
    all.into_iter().filter_map(|(class, release)| Some((class, release?))).collect()
}

/// What the native calls of a function tell.
fn told(
    function: &Function,
    resolved: &Resolved,
    program: &Program,
    models: &ModelSet,
) -> Vec<(ClassRef, TypeRelease)> {
    let mut found = Vec::new();
    for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
        for (statement, target) in block.ops.iter().zip(targets) {
            let (Some((by, model)), Op::Call(call)) = (modelled(target), &statement.op) else { continue };
            let Some((index, family)) = released(model, models) else { continue };
            let argument = call.args.iter().filter(|argument| argument.name.is_none()).nth(index);
            let Some(Operand::Local(local)) = argument.map(|argument| &argument.value) else { continue };
            let class = resolved.types.get(local.index()).and_then(|ty| program.opaque_pointee(ty, models));
            found.extend(class.map(|class| (class, TypeRelease { family, by: by.clone() })));
        }
    }
    found
}

/// The native function that an operation calls, where its facts are known.
fn modelled(target: &Target) -> Option<(&Name, ModelId)> {
    match target.called() {
        Target::Native { symbol: Some(symbol), model: Some(model) } => Some((symbol, *model)),
        _ => None,
    }
}

/// The one argument that a function releases whole, and as what.
fn released(model: ModelId, models: &ModelSet) -> Option<(usize, FamilyId)> {
    let mut releases = models.function(model).summary.outcomes.iter().flat_map(|outcome| &outcome.effects).filter_map(
        |effect| match (&effect.kind, &effect.on.root) {
            (EffectKind::Release(FamilyRef::Family(family)), Root::Param(index)) if effect.on.steps.is_empty() => {
                Some((usize::from(*index), *family))
            }
            _ => None,
        },
    );
    let first = releases.next()?;
    let family = models.family(first.1);
    // What is only concluded backs no further conclusion.
    let whole = !matches!(family.kind, FamilyKind::Contents | FamilyKind::Scope) && family.concluded.is_none();
    (whole && releases.all(|other| other == first)).then_some(first)
}

impl Program {
    /// The class that a pointer type points to, where Dart knows no more of it than its name.
    #[must_use]
    pub fn opaque_pointee(&self, ty: &Ty, models: &ModelSet) -> Option<ClassRef> {
        let Ty::Model(pointer, args) = ty.value_type() else { return None };
        let Some(Ty::Class(class, _)) = args.first().filter(|_| models.ty(*pointer).pointer) else { return None };
        let is_opaque = |ty: &Ty| matches!(ty, Ty::Model(id, _) if models.ty(*id).opaque);
        self.supertypes(*class).first().is_some_and(is_opaque).then_some(*class)
    }

    /// How the objects of an opaque class are released.
    #[must_use]
    pub fn release_of_type(&self, class: ClassRef) -> Option<&TypeRelease> {
        self.released_types.get(&class)
    }
}
