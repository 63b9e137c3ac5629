//! The native type that a binding gives a symbol against the definition it is linked to.
//!
//! What is not known is taken to fit, and so is what works in practice: any pointer for bytes, an integer of an
//! address's width for a pointer, signs. Widths are compared as 64-bit targets have them.

use std::collections::BTreeSet;

use crate::link::abi::{Abi, CallAbi, StructAbi, Value, Width};
use crate::link::is_aside;
use crate::link::{Calls, ClassRef, FuncRef, Link, Program};
use crate::source::Location;
use crate::target::TargetSet;
use crate::violation::{Confidence, Disagreement, LayoutMisfit, Slot, Step, StepKind, Violation, ViolationKind};

mod layout;

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
            let Some((disagreement, on)) = disagreement(&calls.bound, defined) else { continue };
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

    fn report(&mut self, link: &Link, definitions: &[FuncRef], disagreement: Disagreement, targets: TargetSet) {
        let symbol = link.symbol.clone().unwrap_or_default();
        let Some(at) = self.location(link.function.unit, link.span) else { return };
        let step = |definition: &FuncRef| {
            let location = self.location(definition.unit, self.program.function(*definition).name_span)?;
            Some(Step { kind: StepKind::Defined { name: symbol.clone() }, location })
        };
        let trace = definitions.iter().filter_map(step).collect();
        let first = definitions.first().and_then(|definition| self.program.units.get(definition.unit as usize));
        self.found.push(Violation {
            kind: ViolationKind::Misbound { symbol, language: first.map(|unit| unit.language), disagreement },
            function: link.function,
            at,
            trace,
            targets,
            confidence: Confidence::High,
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
                // Of what native code allocated a part may be read.
                self.layout(link, a, b, there, is_passed || by_value);
            }
        }
    }

    fn layout(&mut self, link: &Link, bound: &StructAbi, defined: &StructAbi, there: TargetSet, is_whole: bool) {
        if self.layouts.contains(&(bound.class, defined.class)) {
            return;
        }
        let Some((misfit, on)) = layout::misfit(bound, defined) else { return };
        let is_part = matches!(misfit, LayoutMisfit::Size { bound, defined } if bound < defined);
        if is_part && !is_whole {
            return;
        }
        self.layouts.insert((bound.class, defined.class));
        let targets = on.and(there);
        if targets.is_empty() {
            return;
        }
        let class = |of: ClassRef| self.location(of.unit, self.program.class(of).name_span);
        let (Some(at), Some(defined_at)) = (class(bound.class), class(defined.class)) else { return };
        self.found.push(Violation {
            kind: ViolationKind::Misbound {
                symbol: bound.name.clone(),
                language: self.program.units.get(defined.class.unit as usize).map(|unit| unit.language),
                disagreement: Disagreement::Layout { defined: shown(&defined.name, &bound.name), misfit },
            },
            function: link.function,
            at,
            trace: vec![Step {
                kind: StepKind::Defined { name: shown(&defined.name, &bound.name) },
                location: defined_at,
            }],
            targets,
            confidence: Confidence::High,
        });
    }

    fn location(&self, unit: u32, span: crate::source::Span) -> Option<Location> {
        Some(Location { file: self.program.units.get(unit as usize)?.file, span })
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

/// The first thing in which two descriptions of a call differ, and where that counts.
fn disagreement(bound: &CallAbi, defined: &CallAbi) -> Option<(Disagreement, TargetSet)> {
    let (declared, has) = (bound.params.len(), defined.params.len());
    let more = bound.is_variadic || defined.is_variadic;
    if (declared != has && !more) || (more && declared < has) {
        return Some((Disagreement::Arity { bound: declared, defined: has }, TargetSet::ALL));
    }
    let params = bound.params.iter().zip(&defined.params).enumerate();
    let differing = params.map(|(at, (bound, defined))| (Slot::Param(at), bound, defined));
    let differing = differing.chain([(Slot::Result, &bound.result, &defined.result)]);
    differing
        .map(|(slot, bound, defined)| (slot, bound, defined, value(slot, bound, defined)))
        .find(|(.., on)| !on.is_empty())
        .map(|(slot, bound, defined, on)| {
            let (bound, defined) = (bound.name.clone(), defined.name.clone());
            (Disagreement::Value { slot, bound, defined }, on)
        })
}

/// The targets on which a value does not fit.
fn value(slot: Slot, bound: &Value, defined: &Value) -> TargetSet {
    match (&bound.abi, &defined.abi) {
        // A result that nobody reads.
        (Abi::Void, _) => TargetSet::NONE,
        (Abi::Unknown | Abi::Handle, Abi::Void) if slot == Slot::Result => TargetSet::NONE,
        (_, Abi::Void) if slot == Slot::Result => TargetSet::ALL,
        // Before there was `Bool` people passed 0 or 1 in an `Int32`: the byte that is read is right wherever an argument
        // has a register or a slot of eight bytes. Apple packs what is on the stack
        // (https://developer.apple.com/documentation/xcode/writing-arm64-code-for-apple-platforms).
        (Abi::Int(_), Abi::Bool) if matches!(slot, Slot::Param(_)) => match slot {
            Slot::Param(at) if at >= 8 => TargetSet::MACOS.or(TargetSet::IOS),
            _ => TargetSet::NONE,
        },
        (bound, defined) => direct(bound, defined),
    }
}

/// Values passed as they are.
fn direct(bound: &Abi, defined: &Abi) -> TargetSet {
    use Abi::{Bool, Enum, Float, Int, Pointer, Struct};
    match (bound, defined) {
        (Bool, Int(width)) | (Int(width), Bool) => widths(*width, BYTE),
        (Int(a), Int(b)) => widths(*a, *b),
        (Float(a), Float(b)) if a != b => TargetSet::ALL,
        (Float(_), Int(_) | Bool | Enum | Pointer(_)) | (Int(_) | Bool | Enum | Pointer(_), Float(_)) => TargetSet::ALL,
        // An integer may carry an address.
        (Pointer(_), Int(width)) | (Int(width), Pointer(_)) => widths(*width, WORD),
        (Pointer(_), Bool | Enum) | (Bool | Enum, Pointer(_)) => TargetSet::ALL,
        (Pointer(_), Struct(of)) | (Struct(of), Pointer(_)) if of.fields.is_some() => TargetSet::ALL,
        (Pointer(a), Pointer(b)) => pointee(a, b),
        _ => TargetSet::NONE,
    }
}

const BYTE: Width = Width { windows: 1, others: 1 };
const WORD: Width = Width { windows: 8, others: 8 };

/// What two pointers lead to.
fn pointee(bound: &Abi, defined: &Abi) -> TargetSet {
    use Abi::{Float, Int, Pointer, Struct, Text};
    match (bound, defined) {
        // Text where a table of pointers is wanted, and the reverse.
        (Text(_), Pointer(_)) => TargetSet::ALL,
        (Pointer(to), Int(BYTE)) if matches!(**to, Text(_)) => TargetSet::ALL,
        // Bytes stand for anything.
        (Int(BYTE), _) | (_, Int(BYTE)) => TargetSet::NONE,
        (Int(a), Int(b)) => widths(*a, *b),
        (Text(2), Int(width)) if *width != WCHAR => widths(*width, Width { windows: 2, others: 2 }),
        (Float(a), Float(b)) if a != b => TargetSet::ALL,
        (Float(a), Int(width)) | (Int(width), Float(a)) => widths(*width, Width { windows: *a, others: *a }),
        // A cell of an address's width may hold one.
        (Pointer(_), Int(width)) | (Int(width), Pointer(_)) => widths(*width, WORD),
        (Pointer(_), Float(_)) | (Float(_), Pointer(_)) => TargetSet::ALL,
        (Pointer(to), Struct(of)) | (Struct(of), Pointer(to)) => match &**to {
            Struct(inner) if same_name(&inner.name, &of.name) => TargetSet::ALL,
            _ => TargetSet::NONE,
        },
        (Pointer(a), Pointer(b)) => pointee(a, b),
        _ => TargetSet::NONE,
    }
}

const WCHAR: Width = Width { windows: 2, others: 4 };

/// The targets on which widths differ.
fn widths(a: Width, b: Width) -> TargetSet {
    let windows = if a.windows == b.windows { TargetSet::NONE } else { TargetSet::WINDOWS };
    let others = if a.others == b.others { TargetSet::NONE } else { TargetSet::ALL.minus(TargetSet::WINDOWS) };
    windows.or(others)
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
