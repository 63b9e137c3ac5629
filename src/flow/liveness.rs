//! Which locals of a function are still read behind each block's entry.

use rustc_hash::FxHashSet;

use crate::ir::{self, Base, Callee, Cond, Function, LocalId, LocalKind, Op, Operand, Terminator};

/// The locals that are live at the entry of each block.
pub(super) fn live_in(function: &Function, captured: &FxHashSet<LocalId>) -> Vec<FxHashSet<LocalId>> {
    let always: FxHashSet<LocalId> = function
        .locals
        .iter()
        .enumerate()
        .filter(|(_, local)| matches!(local.kind, LocalKind::This | LocalKind::Captured))
        .map(|(index, _)| LocalId(index as u32))
        .chain(captured.iter().copied())
        .collect();
    let effects: Vec<BlockEffect> = function.blocks.iter().map(BlockEffect::of).collect();
    let mut live = vec![always; function.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, block) in function.blocks.iter().enumerate().rev() {
            let mut set: FxHashSet<LocalId> = FxHashSet::default();
            for successor in successors(&block.end) {
                set.extend(&live[successor.index()]);
            }
            set.retain(|local| !effects[index].writes.contains(local));
            // An exception may leave the block before any of its writes.
            if let Some(handler) = block.handler {
                set.extend(&live[handler.index()]);
            }
            set.extend(&effects[index].reads);
            let before = live[index].len();
            live[index].extend(set);
            changed |= live[index].len() != before;
        }
    }
    live
}

/// The blocks a terminator leads to, exceptions aside.
pub(super) fn successors(end: &Terminator) -> impl Iterator<Item = ir::BlockId> + use<> {
    let pair = match end {
        Terminator::Goto(to) => [Some(*to), None],
        Terminator::Branch { then, otherwise, .. } => [Some(*then), Some(*otherwise)],
        Terminator::Return(_) | Terminator::Throw(_) | Terminator::Resume | Terminator::Unreachable => [None, None],
    };
    pair.into_iter().flatten()
}

/// What a block reads before it writes it, and what it writes.
struct BlockEffect {
    reads: FxHashSet<LocalId>,
    writes: FxHashSet<LocalId>,
}

impl BlockEffect {
    fn of(block: &ir::Block) -> Self {
        let mut effect = Self { reads: FxHashSet::default(), writes: FxHashSet::default() };
        for statement in &block.ops {
            ir::visit_operands(&statement.op, &mut |operand| effect.read_operand(operand));
            match &statement.op {
                Op::Load { from: place, .. } | Op::Store { to: place, .. } => {
                    if let Base::Local(local) = place.base {
                        effect.read(local);
                    }
                }
                Op::Insert { into, .. } => effect.read(*into),
                Op::Call(call) => {
                    if let Callee::Method { receiver: operand, .. } | Callee::Value(operand) = &call.callee {
                        effect.read_operand(operand);
                    }
                }
                _ => {}
            }
            if let Some(local) = ir::written(&statement.op) {
                effect.writes.insert(local);
            }
        }
        match &block.end {
            Terminator::Branch { cond, .. } => match cond {
                Cond::IsTrue(operand) | Cond::IsNull(operand) | Cond::Is(operand, _) => effect.read_operand(operand),
                Cond::Equals(left, right) => {
                    effect.read_operand(left);
                    effect.read_operand(right);
                }
                Cond::Target(_) | Cond::Opaque => {}
            },
            Terminator::Return(Some(operand)) | Terminator::Throw(Some(operand)) => effect.read_operand(operand),
            _ => {}
        }
        effect
    }

    fn read(&mut self, local: LocalId) {
        if !self.writes.contains(&local) {
            self.reads.insert(local);
        }
    }

    fn read_operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Local(local) | Operand::Length(local) => self.read(*local),
            Operand::Arith(_, operands) => operands.iter().for_each(|operand| self.read_operand(operand)),
            Operand::Const(_) | Operand::SizeOf(_) => {}
        }
    }
}
