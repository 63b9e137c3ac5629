//! Loops that count: up to which value a loop's variable certainly comes where one of its operations runs.
//!
//! What a condition somewhere in a loop says is no proof: the operation may be guarded, the loop may be left before, or the
//! variable may have moved on. So everything is asked of the blocks: the loop ends by its condition alone, each round passes
//! the operation, and before the variable's one step.

use super::liveness::successors;
use crate::ir::{
    Block, BlockId, Cond, Const, CopyKind, Function, LocalId, LocalKind, Op, Operand, Statement, SuspendKind,
    Terminator, written,
};

/// How far the only way into a loop is followed back to where its variable starts.
const MAX_ENTRY: usize = 16;
/// Functions of more blocks are not looked at.
const MAX_BLOCKS: usize = 512;

/// A loop that passes an operation in each of its rounds, with the value of its variable that its condition saw.
pub(super) struct Rounds<'f> {
    /// The variable's first value.
    pub(super) start: i64,
    /// What the condition holds the variable against.
    pub(super) bound: &'f Operand,
    /// The variable takes that value too.
    pub(super) inclusive: bool,
    /// The block of the condition.
    pub(super) header: BlockId,
    /// The blocks that a round may pass on its way to the operation.
    pub(super) before: Vec<BlockId>,
}

impl<'f> Rounds<'f> {
    /// The rounds of the loop over a variable that pass an operation.
    pub(super) fn of(function: &'f Function, (block, op): (BlockId, u32), variable: LocalId) -> Option<Self> {
        let counts = function.locals.get(variable.index()).is_some_and(|local| local.kind == LocalKind::Variable);
        if !counts || function.blocks.len() > MAX_BLOCKS {
            return None;
        }
        let found = function.blocks.iter().enumerate().find_map(|(index, header)| {
            let (inside, bound, inclusive) = condition(header, variable)?;
            let header = BlockId(index as u32);
            let body = reached(function, &[inside], &[header]);
            let around = body.contains(&block) && block != header;
            around.then_some((header, inside, bound, inclusive, body))
        });
        let (header, inside, bound, inclusive, body) = found?;
        // Whatever leaves the loop another way comes to an end of the function.
        let closed = body.iter().all(|inner| goes_on(&function.blocks[inner.index()]));
        let before = reached(function, &[inside], &[header, block]);
        let avoided = before.iter().any(|inner| leads_to(function, *inner, header));
        if !closed || avoided {
            return None;
        }
        let (at, index) = only_step(function, header, &body, variable)?;
        let later = if at == block { index > op as usize } else { !before.contains(&at) };
        let next: Vec<BlockId> = successors(&function.blocks[at.index()].end).filter(|next| *next != header).collect();
        let again = reached(function, &next, &[header]).contains(&at);
        if !later || again || !is_fixed(function, header, &body, bound) {
            return None;
        }
        let start = start(function, header, &body, variable)?;
        Some(Self { start, bound, inclusive, header, before })
    }
}

/// The blocks that a condition on the variable leads into while it is less than a number; the number; and whether they
/// see that number too.
fn condition(header: &Block, variable: LocalId) -> Option<(BlockId, &Operand, bool)> {
    let Terminator::Branch { cond: Cond::IsTrue(Operand::Local(test)), then, otherwise, .. } = &header.end else {
        return None;
    };
    let made = header.ops.iter().rev().find(|statement| written(&statement.op) == Some(*test))?;
    let Op::Binary { op, left, right, .. } = &made.op else { return None };
    let is_it = |operand: &Operand| *operand == Operand::Local(variable);
    match op.as_str() {
        "<" | "!=" if is_it(left) => Some((*then, right, false)),
        "<=" if is_it(left) => Some((*then, right, true)),
        ">=" | "==" if is_it(left) => Some((*otherwise, right, false)),
        ">" if is_it(left) => Some((*otherwise, right, true)),
        ">" | "!=" if is_it(right) => Some((*then, left, false)),
        ">=" if is_it(right) => Some((*then, left, true)),
        "<=" | "==" if is_it(right) => Some((*otherwise, left, false)),
        "<" if is_it(right) => Some((*otherwise, left, true)),
        _ => None,
    }
}

/// Whether a block goes on to another one, whoever waits for its values.
fn goes_on(block: &Block) -> bool {
    let yields = |statement: &Statement| matches!(statement.op, Op::Suspend { kind: SuspendKind::Yield, .. });
    successors(&block.end).next().is_some() && !block.ops.iter().any(yields)
}

fn leads_to(function: &Function, from: BlockId, to: BlockId) -> bool {
    successors(&function.blocks[from.index()].end).any(|next| next == to)
}

/// The blocks that are reached without passing others.
fn reached(function: &Function, from: &[BlockId], without: &[BlockId]) -> Vec<BlockId> {
    let mut seen: Vec<BlockId> = Vec::new();
    let mut todo = from.to_vec();
    while let Some(block) = todo.pop() {
        if !without.contains(&block) && !seen.contains(&block) {
            seen.push(block);
            todo.extend(successors(&function.blocks[block.index()].end));
        }
    }
    seen
}

/// The one place in a loop that writes its variable, where that adds one.
fn only_step(function: &Function, header: BlockId, body: &[BlockId], variable: LocalId) -> Option<(BlockId, usize)> {
    let mut writes = body.iter().chain([&header]).flat_map(|block| {
        let ops = function.blocks[block.index()].ops.iter().enumerate();
        ops.filter(|(_, statement)| written(&statement.op) == Some(variable)).map(|(index, _)| (*block, index))
    });
    let (Some((block, index)), None) = (writes.next(), writes.next()) else { return None };
    let ops = &function.blocks[block.index()].ops;
    let made = match &ops[index].op {
        Op::Copy { from: Operand::Local(sum), kind: CopyKind::Same, .. } => {
            &ops[..index].iter().rev().find(|statement| written(&statement.op) == Some(*sum))?.op
        }
        made => made,
    };
    let is_step = matches!(made, Op::Binary { op, left, right, .. }
        if op == "+" && *left == Operand::Local(variable) && *right == Operand::Const(Const::Int(1)));
    is_step.then_some((block, index))
}

/// Whether the end of a loop is one number, computed again in each round or not.
fn is_fixed(function: &Function, header: BlockId, body: &[BlockId], bound: &Operand) -> bool {
    let Operand::Local(bound) = bound else { return matches!(bound, Operand::Const(Const::Int(_))) };
    let writes = |block: BlockId, local: LocalId| {
        function.blocks[block.index()].ops.iter().any(|statement| written(&statement.op) == Some(local))
    };
    if body.iter().any(|inner| writes(*inner, *bound)) {
        return false;
    }
    let read = function.blocks[header.index()].ops.iter().find(|statement| written(&statement.op) == Some(*bound));
    match read.map(|statement| &statement.op) {
        None => true,
        Some(Op::Load { from, .. }) => match super::sizes::length_of(from) {
            Some(of) => !body.iter().chain([&header]).any(|inner| writes(*inner, of)),
            None => true,
        },
        Some(Op::Binary { left, right, .. }) => {
            let of_another = |operand: &Operand| *operand != Operand::Local(*bound);
            let operands = [left, right];
            operands.into_iter().all(|part| of_another(part) && is_fixed(function, header, body, part))
        }
        Some(_) => false,
    }
}

/// The constant that a variable holds where its loop begins.
fn start(function: &Function, header: BlockId, body: &[BlockId], variable: LocalId) -> Option<i64> {
    let mut at = header;
    for _ in 0..MAX_ENTRY {
        let blocks = (0..function.blocks.len() as u32).map(BlockId);
        let mut before = blocks.filter(|block| !body.contains(block) && leads_to(function, *block, at));
        let (Some(block), None) = (before.next(), before.next()) else { return None };
        let ops = &function.blocks[block.index()].ops;
        if let Some(set) = ops.iter().rev().find(|statement| written(&statement.op) == Some(variable)) {
            return match &set.op {
                Op::Copy { from: Operand::Const(Const::Int(start)), .. } => Some(*start),
                _ => None,
            };
        }
        at = block;
    }
    None
}
