//! Whether a function can give back a negative number, as far as its own text tells.

use rustc_hash::FxHashSet;

use crate::ir::{Const, Function, LocalId, Op, Operand, Terminator, written};

/// Whether something that a function returns is not known to be zero or more: a constant, a truth, or a variable that is
/// given such only.
pub(super) fn may_be_negative(function: &Function) -> bool {
    let mut todo: Vec<&Operand> = Vec::new();
    for block in &function.blocks {
        if let Terminator::Return(Some(value)) = &block.end {
            todo.push(value);
        }
    }
    if todo.is_empty() {
        return true;
    }
    let mut seen: FxHashSet<LocalId> = FxHashSet::default();
    while let Some(value) = todo.pop() {
        match value {
            Operand::Const(Const::Int(0..) | Const::Bool(_)) | Operand::SizeOf(_) | Operand::Length(_) => {}
            Operand::Local(local) => {
                if !seen.insert(*local) {
                    continue;
                }
                match given(function, *local) {
                    Some(values) => todo.extend(values),
                    None => return true,
                }
            }
            _ => return true,
        }
    }
    false
}

/// What a local is given, where all of that is copies and comparisons.
fn given(function: &Function, local: LocalId) -> Option<Vec<&Operand>> {
    if function.params.iter().any(|param| param.local == local) {
        return None;
    }
    let mut values = Vec::new();
    let mut is_given = false;
    for statement in function.blocks.iter().flat_map(|block| &block.ops) {
        match &statement.op {
            Op::Copy { to, from, .. } if *to == local => values.push(from),
            Op::Binary { to, op, .. } if *to == local && COMPARISONS.contains(&op.as_str()) => is_given = true,
            op if written(op) == Some(local) => return None,
            _ => {}
        }
    }
    (is_given || !values.is_empty()).then_some(values)
}

const COMPARISONS: [&str; 6] = ["!=", "<", "<=", "==", ">", ">="];
