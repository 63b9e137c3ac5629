//! The native type that a binding gives a symbol against the definition it is linked to.
//!
//! What is not known is taken to fit, and so is what works in practice: any pointer for bytes, an integer of an
//! address's width for a pointer, signs of what only native code reads.

use std::collections::BTreeSet;

use crate::link::abi::{Abi, CallAbi, StructAbi};
use crate::link::is_aside;
use crate::link::{Calls, ClassRef, Form, FuncRef, Link, Program};
use crate::source::Location;
use crate::target::TargetSet;
use crate::violation::{
    Confidence, Differing, Disagreement, LayoutMisfit, Slot, Step, StepKind, Violation, ViolationKind,
};

mod calls;
mod layout;
mod negative;

/// What of the program's bindings does not fit, by file and place.
#[must_use]
pub fn check(program: &Program, targets: TargetSet) -> Vec<Violation> {
    let mut checker = Checker { program, targets, layouts: BTreeSet::new(), found: Vec::new() };
    for link in program.links() {
        if let Some(calls) = &link.calls {
            checker.link(link, calls);
        }
    }
    checker.found
}

/// How a struct crosses the boundary.
#[derive(Clone, Copy)]
struct Crossing {
    /// All of it is there.
    is_whole: bool,
    /// Dart may read what native code wrote.
    is_read: bool,
}

struct Checker<'p> {
    program: &'p Program,
    targets: TargetSet,
    /// Pairs of structs that were compared.
    layouts: BTreeSet<(ClassRef, ClassRef)>,
    found: Vec<Violation>,
}

impl Checker<'_> {
    fn link(&mut self, link: &Link, calls: &Calls) {
        let mut misfits: Vec<(FuncRef, Disagreement, TargetSet)> = Vec::new();
        for (definition, defined) in &calls.defined {
            let function = self.program.function(*definition);
            // What could not be parsed may have more parameters than are seen.
            if function.incomplete.is_some()
                || !self.is_sure(link, *definition, calls.defined.len() > 1 || calls.others)
            {
                continue;
            }
            let there = function.targets.and(self.program.file(definition.unit).targets).and(self.targets);
            let there = there.and(self.program.file(link.function.unit).reached());
            self.structs(link, &calls.bound, defined, there);
            let Some((disagreement, on)) = calls::misfit(&calls.bound, defined) else { continue };
            if !self.matters(link, *definition, &disagreement) {
                continue;
            }
            let targets = on.and(there);
            if !targets.is_empty() {
                misfits.push((*definition, disagreement, targets));
            }
        }
        // Of definitions for several targets those that differ in the same are one mistake.
        let Some((_, first, _)) = misfits.first().cloned() else { return };
        misfits.retain(|(_, disagreement, _)| *disagreement == first);
        let targets = misfits.iter().fold(TargetSet::NONE, |all, (_, _, targets)| all.or(*targets));
        let definitions: Vec<FuncRef> = misfits.into_iter().map(|(definition, ..)| definition).collect();
        self.report(link, &definitions, first, targets);
    }

    /// A definition in another package may be another function of the same name. Of several definitions only those of
    /// the own package count and those that say where they are compiled: what remains for the other targets may be
    /// defined where nobody looked.
    fn is_sure(&self, link: &Link, definition: FuncRef, is_one_of_several: bool) -> bool {
        let file = |unit: u32| self.program.file(unit);
        let root = |unit: u32| file(unit).package.as_ref().map(|package| &package.root);
        if !is_near(&file(link.function.unit).path, &file(definition.unit).path) {
            return false;
        }
        let targets = self.program.function(definition).targets.and(file(definition.unit).targets);
        match (root(link.function.unit), root(definition.unit)) {
            (Some(own), Some(of)) => own == of,
            _ => !is_one_of_several || targets != TargetSet::ALL,
        }
    }

    /// Whether what differs for some values or targets only can be met.
    fn matters(&self, link: &Link, definition: FuncRef, disagreement: &Disagreement) -> bool {
        match disagreement {
            // A table has no word for it.
            Disagreement::Variadic { .. } => link.form != Form::Table,
            Disagreement::Value { differing: Differing::NarrowWidth, .. } => self.may_be_narrow(link, definition.unit),
            Disagreement::Value {
                slot: Slot::Result, differing: Differing::Sign { bound_is_signed: false }, ..
            } => negative::may_be_negative(self.program.function(definition)),
            Disagreement::Callback { differs, .. } => match &**differs {
                Disagreement::Value { differing: Differing::NarrowWidth, .. } => {
                    self.may_be_narrow(link, definition.unit)
                }
                _ => true,
            },
            _ => true,
        }
    }

    /// Whether the package or the definition is for Android in so many words, and its build is here and keeps to no ABIs
    /// of 64 bits.
    fn may_be_narrow(&self, link: &Link, definition: u32) -> bool {
        let builds = [link.function.unit, definition].map(|unit| self.program.file(unit).narrow);
        if builds.contains(&Some(false)) || !builds.contains(&Some(true)) {
            return false;
        }
        let narrow = calls::Machine::Narrow.targets();
        let says = |targets: TargetSet| targets != TargetSet::ALL && targets.contains(narrow);
        says(self.program.file(link.function.unit).speaks_of) || says(self.program.file(definition).targets)
    }

    fn report(&mut self, link: &Link, definitions: &[FuncRef], disagreement: Disagreement, targets: TargetSet) {
        let symbol = link.symbol.clone().unwrap_or_default();
        let Some(at) = self.location(link.function.unit, link.span) else { return };
        let step = |definition: &FuncRef| {
            let location = self.location(definition.unit, self.program.function(*definition).name_span)?;
            Some(Step { kind: StepKind::Defined { name: symbol.clone() }, location })
        };
        let trace = definitions.iter().filter_map(step).collect();
        let first = definitions.first().and_then(|definition| self.program.units.get(definition.unit as usize));
        let confidence = confidence(&disagreement);
        self.found.push(Violation {
            kind: ViolationKind::Misbound { symbol, language: first.map(|unit| unit.language), disagreement },
            function: link.function,
            at,
            trace,
            targets,
            confidence,
        });
    }

    /// Structs that cross the boundary, by value or by address.
    fn structs(&mut self, link: &Link, bound: &CallAbi, defined: &CallAbi, there: TargetSet) {
        if bound.params.len() != defined.params.len() {
            return;
        }
        let params = bound.params.iter().zip(&defined.params).map(|(bound, defined)| (bound, defined, true));
        for (bound, defined, is_passed) in params.chain([(&bound.result, &defined.result, false)]) {
            let (Some((a, by_value)), Some((b, also))) = (behind(&bound.abi), behind(&defined.abi)) else { continue };
            if by_value == also && (by_value || same_name(&a.name, &b.name)) {
                let crossing = Crossing {
                    // Of what native code allocated a part may be read.
                    is_whole: is_passed || by_value,
                    is_read: !is_passed || !(by_value || defined.is_read_only),
                };
                self.layout(link, a, b, there, crossing);
            }
        }
    }

    fn layout(&mut self, link: &Link, bound: &StructAbi, defined: &StructAbi, there: TargetSet, crossing: Crossing) {
        if self.layouts.contains(&(bound.class, defined.class)) {
            return;
        }
        let Some(found) = layout::misfit(bound, defined, crossing.is_read) else { return };
        let layout::Found { misfit, targets: on, is_narrow } = found;
        let is_part = matches!(misfit, LayoutMisfit::Size { bound, defined } if bound < defined);
        if is_part && !crossing.is_whole {
            return;
        }
        self.layouts.insert((bound.class, defined.class));
        let targets = on.and(there);
        if targets.is_empty() || (is_narrow && !self.may_be_narrow(link, defined.class.unit)) {
            return;
        }
        let class = |of: ClassRef| self.location(of.unit, self.program.class(of).name_span);
        let (Some(at), Some(defined_at)) = (class(bound.class), class(defined.class)) else { return };
        let disagreement = Disagreement::Layout { defined: shown(&defined.name, &bound.name), misfit, is_narrow };
        let confidence = confidence(&disagreement);
        self.found.push(Violation {
            kind: ViolationKind::Misbound {
                symbol: bound.name.clone(),
                language: self.program.units.get(defined.class.unit as usize).map(|unit| unit.language),
                disagreement,
            },
            function: link.function,
            at,
            trace: vec![Step {
                kind: StepKind::Defined { name: shown(&defined.name, &bound.name) },
                location: defined_at,
            }],
            targets,
            confidence,
        });
    }

    fn location(&self, unit: u32, span: crate::source::Span) -> Option<Location> {
        Some(Location { file: self.program.units.get(unit as usize)?.file, span })
    }
}

/// A sign, and the width on targets that a package may not be built for, matter for some values only.
fn confidence(disagreement: &Disagreement) -> Confidence {
    match disagreement {
        Disagreement::Value { differing: Differing::Kind, .. }
        | Disagreement::Arity { .. }
        | Disagreement::Variadic { .. }
        | Disagreement::Layout {
            misfit: LayoutMisfit::Field { .. } | LayoutMisfit::Size { .. },
            is_narrow: false,
            ..
        } => Confidence::High,
        Disagreement::Value { .. } | Disagreement::Layout { .. } => Confidence::Medium,
        Disagreement::Callback { differs, .. } => confidence(differs),
    }
}

/// Whether a binding may mean a definition among tests or examples: one case of them has nothing to do with another.
fn is_near(binding: &str, definition: &str) -> bool {
    let parts = || definition.split('/');
    let Some(aside) = parts().position(is_aside) else { return true };
    // The folder of tests, and that of the case.
    let folders = parts().count().saturating_sub(1).min(aside + 2);
    binding.split('/').zip(parts()).take(folders).filter(|(a, b)| a == b).count() == folders
}

/// A struct without a name of its own goes by the binding's.
fn shown(name: &crate::ir::Name, otherwise: &crate::ir::Name) -> crate::ir::Name {
    if name.contains('@') { otherwise.clone() } else { name.clone() }
}

/// The struct that a value is, or that it leads to.
fn behind(abi: &Abi) -> Option<(&StructAbi, bool)> {
    match abi {
        Abi::Struct(of) => Some((of, true)),
        Abi::Pointer(to) => match &**to {
            Abi::Struct(of) => Some((of, false)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether two names are one but for how languages write them.
fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| {
        let last = name.rsplit("::").next().unwrap_or(name);
        let letters = last.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
        let end = letters.strip_suffix("struct").unwrap_or(&letters);
        end.to_owned()
    };
    let (a, b) = (plain(a), plain(b));
    !a.is_empty() && a == b
}
