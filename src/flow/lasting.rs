//! Classes whose objects live as long as the process: all that are ever made go into variables outside of functions, or
//! are parts of such.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{FunctionId, FunctionKind, LocalId, Op, Operand, Terminator};
use crate::link::{ClassRef, FuncRef, Program, Target, VarRef};

/// How deep such objects may lie in each other.
const MAX_ROUNDS: usize = 4;

/// Where an object is made.
struct Making {
    class: ClassRef,
    function: FuncRef,
    /// It goes into a variable outside of functions.
    into_static: bool,
    /// It is all that the function gives.
    returned: bool,
}

/// The classes of which every object that the program makes lives as long as the process.
pub(super) fn lasting(program: &Program) -> FxHashSet<ClassRef> {
    let mut made: FxHashMap<ClassRef, Vec<Making>> = FxHashMap::default();
    let mut statics: FxHashSet<FuncRef> = FxHashSet::default();
    let mut of_class: FxHashMap<FuncRef, ClassRef> = FxHashMap::default();
    for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, from)| !from.language.is_native()) {
        let outside = (0_u32..).zip(&from.variables).map(|(index, _)| VarRef { unit, class: None, index });
        statics.extend(outside.filter_map(|variable| program.initializer(variable)));
        for (id, class) in (0_u32..).zip(&from.classes) {
            let class_ref = ClassRef { unit, class: crate::ir::ClassId(id) };
            for (index, field) in (0_u32..).zip(&class.fields) {
                let Some(initial) = program.initializer(VarRef { unit, class: Some(class_ref.class), index }) else {
                    continue;
                };
                if field.is_static {
                    statics.insert(initial);
                } else {
                    of_class.insert(initial, class_ref);
                }
            }
        }
    }
    let dart = program.units.par_iter().enumerate().filter(|(_, from)| !from.language.is_native());
    let makings = dart.flat_map_iter(|(unit, from)| {
        let functions = (0..from.functions.len() as u32).map(FunctionId);
        functions.flat_map(move |function| makings(program, FuncRef { unit: unit as u32, function }))
    });
    for making in makings.collect::<Vec<_>>() {
        made.entry(making.class).or_default().push(making);
    }
    let mut found: FxHashSet<ClassRef> = FxHashSet::default();
    for _ in 0..MAX_ROUNDS {
        let before = found.len();
        for (class, all) in &made {
            let lasts = |making: &Making| {
                let part = of_class.get(&making.function).is_some_and(|owner| found.contains(owner));
                making.into_static || making.returned && (part || statics.contains(&making.function))
            };
            if all.iter().all(lasts) {
                found.insert(*class);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// The objects that a function makes. Constructors that hand on to others make the same object.
fn makings(program: &Program, function: FuncRef) -> Vec<Making> {
    let body = program.function(function);
    let ops = || program.operations(function);
    let made = ops().filter_map(|(statement, target)| {
        let Op::Call(call) = &statement.op else { return None };
        let class = match target {
            Target::DefaultConstructor(class) => *class,
            Target::Functions(functions) => {
                let callee = *functions.candidates.first()?;
                let declared = program.function(callee);
                if declared.kind != FunctionKind::Constructor {
                    return None;
                }
                ClassRef { unit: callee.unit, class: declared.class? }
            }
            _ => return None,
        };
        let is_base =
            matches!(call.callee, crate::ir::Callee::SuperConstructor(_) | crate::ir::Callee::ThisConstructor(_));
        // An object of another class is one of this class, too.
        let same = body.class == Some(class.class) && function.unit == class.unit;
        (!is_base || !same).then_some((class, call.result))
    });
    let making = |(class, result): (ClassRef, LocalId)| {
        let mut held: FxHashSet<LocalId> = [result].into_iter().collect();
        let is_held = |held: &FxHashSet<LocalId>, operand: &Operand| matches!(operand, Operand::Local(local) if held.contains(local));
        let mut into_static = false;
        for (statement, target) in ops() {
            match (&statement.op, target) {
                (Op::Copy { to, from, .. }, _) if is_held(&held, from) => {
                    held.insert(*to);
                }
                (Op::Store { to, value }, Target::Static(_)) if to.path.is_empty() && is_held(&held, value) => {
                    into_static = true;
                }
                _ => {}
            }
        }
        let returned = body.blocks.iter().all(|block| match &block.end {
            Terminator::Return(Some(value)) => is_held(&held, value),
            Terminator::Return(None) => false,
            _ => true,
        });
        Making { class, function, into_static, returned }
    };
    made.map(making).collect()
}
