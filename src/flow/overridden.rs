//! Methods that override the one that releases, and do not call it: `dispose()` without `super.dispose()`.
//!
//! What a class keeps is released by its own method. An object of a class that overrides it has the field all the same,
//! and of all code only that method would have released what is in it.

use super::fates::Fates;
use super::leaked_fields::{Accesses, Lasting, Owner, is_double};
use super::summaries::Summaries;
use crate::ir::{ClassId, ClassKind, FunctionKind};
use crate::link::{ClassRef, FuncRef, Program};
use crate::models::ModelSet;
use crate::source::Location;
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

/// About how many classes above one are looked at; what further ones keep is not told.
const MAX_ABOVE: usize = 16;

/// All code that may release what a field leads to.
pub(super) struct Releases<'a> {
    pub(super) program: &'a Program,
    pub(super) models: &'a ModelSet,
    pub(super) summaries: &'a Summaries,
    pub(super) accesses: &'a Accesses,
}

/// The fields that only an overridden method would release.
pub(super) fn leaks(releases: &Releases<'_>, owners: &[Owner<'_>], lasting: &Lasting) -> Vec<Violation> {
    let Releases { program, models, .. } = *releases;
    let mut found = Vec::new();
    for (unit, from) in (0_u32..).zip(&program.units) {
        if from.language.is_native() || from.generated || from.has_gaps() {
            continue;
        }
        for id in 0..from.classes.len() as u32 {
            let class = ClassRef { unit, class: ClassId(id) };
            let declared = program.class(class);
            let is_made = declared.kind == ClassKind::Class && !declared.is_abstract;
            if !is_made || is_double(program, models, class) || lasting.holds(class) {
                continue;
            }
            let above = above(program, class);
            let inherited = owners.iter().filter(|owner| above.contains(&owner.class));
            found.extend(inherited.filter_map(|owner| {
                let overriding = overriding(program, class, &above, owner)?;
                let only_there = !releases.may_release(owner, owner.dispose) && releases.may_release(owner, None);
                only_there.then(|| violation(program, class, owner, overriding))
            }));
        }
    }
    found
}

/// The classes that a class has its fields and methods from, nearest first.
fn above(program: &Program, class: ClassRef) -> Vec<ClassRef> {
    let mut found: Vec<ClassRef> = Vec::new();
    let mut nearest: Vec<ClassRef> = program.bases(class).collect();
    while !nearest.is_empty() && found.len() < MAX_ABOVE {
        nearest.retain(|class| !found.contains(class));
        found.extend(&nearest);
        nearest = nearest.iter().flat_map(|class| program.bases(*class)).collect();
    }
    found
}

/// The method of a class that overrides the one that releases a field it inherits, where nothing in the class calls
/// what it overrides.
fn overriding(program: &Program, class: ClassRef, above: &[ClassRef], owner: &Owner<'_>) -> Option<FuncRef> {
    let dispose = owner.dispose?;
    let name = &program.function(dispose).name;
    let is_own = dispose.unit == owner.class.unit && program.function(dispose).class == Some(owner.class.class);
    // With several constructors an object may have nothing in the field.
    let constructors = methods(program, owner.class)
        .filter(|method| matches!(program.function(*method).kind, FunctionKind::Constructor | FunctionKind::Factory));
    if !is_own || constructors.count() > 1 {
        return None;
    }
    let overriding = methods(program, class).find(|method| {
        let function = program.function(*method);
        function.name == *name
            && function.kind == FunctionKind::Function
            && !function.is_static
            && function.has_blocks()
    })?;
    let is_overridden = |callee: &FuncRef| {
        let function = program.function(*callee);
        function.name == *name
            && function.class.is_some_and(|class| above.contains(&ClassRef { unit: callee.unit, class }))
    };
    let mut written = program.units[class.unit as usize].functions.iter().zip(0_u32..);
    let calls_it = written.any(|(function, id)| {
        let function_ref = FuncRef { unit: class.unit, function: crate::ir::FunctionId(id) };
        function.class == Some(class.class) && program.callees(function_ref).iter().any(is_overridden)
    });
    (!calls_it).then_some(overriding)
}

fn methods(program: &Program, class: ClassRef) -> impl Iterator<Item = FuncRef> + use<'_> {
    program.class(class).members.iter().map(move |member| FuncRef { unit: class.unit, function: *member })
}

impl Releases<'_> {
    /// Whether some code may release what a field leads to, one method with the closures in it left out.
    fn may_release(&self, owner: &Owner<'_>, without: Option<FuncRef>) -> bool {
        let Some(held) = self.accesses.held(owner.field) else { return true };
        let within = |function: FuncRef| {
            let outer = |inner: &FuncRef| Some(FuncRef { function: self.program.function(*inner).parent?, ..*inner });
            std::iter::successors(Some(function), outer).any(|outer| Some(outer) == without)
        };
        let rest = held.iter().copied().filter(|(function, _)| !within(*function));
        !Fates::new(self.program, self.models, self.summaries, owner.field).are_harmless(rest)
    }
}

fn violation(program: &Program, class: ClassRef, owner: &Owner<'_>, overriding: FuncRef) -> Violation {
    let function = program.function(overriding);
    let at = Location { file: program.units[overriding.unit as usize].file, span: function.name_span };
    let mut trace = owner.what.steps.clone();
    trace.push(Step { kind: StepKind::Missed { by: function.name.clone() }, location: at });
    Violation {
        kind: ViolationKind::Overridden {
            subject: owner.what.subject.clone(),
            field: owner.name.clone(),
            class: program.class(class).name.clone(),
            base: program.class(owner.class).name.clone(),
            dispose: function.name.clone(),
        },
        function: overriding,
        at,
        trace,
        targets: owner.what.targets,
        // That whoever makes such an object calls the method is not looked at.
        confidence: owner.what.confidence.min(Confidence::Medium),
    }
}
