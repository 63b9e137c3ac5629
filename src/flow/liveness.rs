//! Which locals of a function are still read behind each block's entry.

use rustc_hash::FxHashSet;

use crate::ir::{self, Base, Cond, Function, LocalId, LocalKind, Op, Operand, Terminator};

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
    let losing = Losing::of(function);
    let effects: Vec<BlockEffect> = function.blocks.iter().map(|block| BlockEffect::of(block, &losing)).collect();
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

/// For each block and operation: the locals that nothing reads behind it any more.
pub(super) fn dying(
    function: &Function,
    captured: &FxHashSet<LocalId>,
    live: &[FxHashSet<LocalId>],
) -> Vec<Vec<Vec<LocalId>>> {
    let kept = |local: LocalId| {
        captured.contains(&local)
            || function
                .locals
                .get(local.index())
                .is_none_or(|local| matches!(local.kind, LocalKind::This | LocalKind::Captured))
    };
    let blocks = function.blocks.iter().map(|block| {
        let mut dying = vec![Vec::new(); block.ops.len()];
        let mut seen: FxHashSet<LocalId> = FxHashSet::default();
        for successor in successors(&block.end).chain(block.handler) {
            seen.extend(&live[successor.index()]);
        }
        let mut ends = BlockEffect { reads: FxHashSet::default(), writes: FxHashSet::default() };
        ends.read_end(&block.end);
        seen.extend(ends.reads);
        for (index, statement) in block.ops.iter().enumerate().rev() {
            let mut effect = BlockEffect { reads: FxHashSet::default(), writes: FxHashSet::default() };
            effect.read_op(&statement.op);
            for local in effect.reads.into_iter().chain(ir::written(&statement.op)) {
                if seen.insert(local) && !kept(local) {
                    dying[index].push(local);
                }
            }
            dying[index].sort_unstable();
        }
        dying
    });
    blocks.collect()
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

/// Assignments by which a variable may lose what it led to: all but the one that declares it.
struct Losing {
    /// For each local: where it is written first, in the order of the source.
    declared: Vec<Option<u32>>,
}

impl Losing {
    fn of(function: &Function) -> Self {
        let mut declared: Vec<Option<u32>> = function
            .locals
            .iter()
            .map(|local| match local.kind {
                // It comes with a value: every write is another one.
                LocalKind::Param => Some(0),
                _ => None,
            })
            .collect();
        for statement in function.blocks.iter().flat_map(|block| &block.ops) {
            if let Some(first) = ir::written(&statement.op).and_then(|local| declared.get_mut(local.index())) {
                *first = Some(first.map_or(statement.span.start, |first| first.min(statement.span.start)));
            }
        }
        for (first, local) in declared.iter_mut().zip(&function.locals) {
            if local.name.is_empty() {
                *first = None;
            }
        }
        Self { declared }
    }

    fn loses(&self, local: LocalId, statement: &ir::Statement) -> bool {
        self.declared.get(local.index()).copied().flatten().is_some_and(|first| statement.span.start > first)
    }
}

/// Whether an operation reads a local.
pub(super) fn op_reads(op: &Op, local: LocalId) -> bool {
    let mut effect = BlockEffect { reads: FxHashSet::default(), writes: FxHashSet::default() };
    effect.read_op(op);
    effect.reads.contains(&local)
}

/// Whether the end of a block reads a local.
pub(super) fn end_reads(end: &Terminator, local: LocalId) -> bool {
    let mut effect = BlockEffect { reads: FxHashSet::default(), writes: FxHashSet::default() };
    effect.read_end(end);
    effect.reads.contains(&local)
}

/// What a block reads before it writes it, and what it writes.
struct BlockEffect {
    reads: FxHashSet<LocalId>,
    writes: FxHashSet<LocalId>,
}

impl BlockEffect {
    fn of(block: &ir::Block, losing: &Losing) -> Self {
        let mut effect = Self { reads: FxHashSet::default(), writes: FxHashSet::default() };
        for statement in &block.ops {
            effect.read_op(&statement.op);
            if let Some(local) = ir::written(&statement.op) {
                if losing.loses(local, statement) {
                    effect.read(local);
                }
                effect.writes.insert(local);
            }
        }
        effect.read_end(&block.end);
        effect
    }

    fn read_op(&mut self, op: &Op) {
        ir::visit_operands(op, &mut |operand| self.read_operand(operand));
        match op {
            Op::Load { from: place, .. } | Op::Store { to: place, .. } => {
                if let Base::Local(local) = place.base {
                    self.read(local);
                }
            }
            Op::Insert { into, .. } => self.read(*into),
            _ => {}
        }
    }

    fn read_end(&mut self, end: &Terminator) {
        match end {
            Terminator::Branch { cond, .. } => match cond {
                Cond::IsTrue(operand) | Cond::IsNull(operand) | Cond::Is(operand, _) => self.read_operand(operand),
                Cond::Equals(left, right) => {
                    self.read_operand(left);
                    self.read_operand(right);
                }
                Cond::Target(_) | Cond::Opaque => {}
            },
            Terminator::Return(Some(operand)) | Terminator::Throw(Some(operand)) => self.read_operand(operand),
            _ => {}
        }
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
