//! What the paths of a function need to know of its blocks: computed once, whatever path comes.

use crate::ir::{Function, LocalId, Op, Terminator};
use crate::link::{FuncRef, Program};

use super::liveness::{self, Dying, Liveness};

/// What is ahead of a path at each block of a function.
pub(super) struct Info {
    pub(super) live: Liveness,
    /// For each block and operation: the locals that nothing reads behind it.
    pub(super) dying: Vec<Vec<Dying>>,
    /// Blocks from which a [`Terminator::Resume`] can be reached.
    pub(super) resumes: Vec<bool>,
    /// Blocks in a loop: a path may come to them again after they were run. To the others all paths come before, as
    /// blocks are run in their order.
    pub(super) rounds: Vec<bool>,
}

impl Info {
    pub(super) fn of(program: &Program, function: FuncRef) -> Self {
        let body = program.function(function);
        let unit = &program.units[function.unit as usize];
        let mut captured: Vec<LocalId> = Vec::new();
        for statement in body.blocks.iter().flat_map(|block| &block.ops) {
            if let Op::Closure { body: closure, .. } = &statement.op {
                captured.extend(unit.function(*closure).captures.iter().map(|capture| capture.outer));
            }
        }
        let live = Liveness::of(body, &captured);
        let dying = liveness::dying(body, &captured, &live);
        Self { live, dying, resumes: resuming(body), rounds: in_loops(body) }
    }
}

fn resuming(body: &Function) -> Vec<bool> {
    let mut resumes: Vec<bool> = body.blocks.iter().map(|block| matches!(block.end, Terminator::Resume)).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for (index, block) in body.blocks.iter().enumerate().rev() {
            if !resumes[index] && liveness::successors(&block.end).any(|next| resumes[next.index()]) {
                resumes[index] = true;
                changed = true;
            }
        }
    }
    resumes
}

/// What lies between a block and one that leads back to it, both included.
fn in_loops(body: &Function) -> Vec<bool> {
    let mut inside = vec![false; body.blocks.len()];
    for (index, block) in body.blocks.iter().enumerate() {
        let back = liveness::successors(&block.end).chain(block.handler).map(|next| next.index()).min();
        if let Some(blocks) = back.and_then(|back| inside.get_mut(back..=index)) {
            blocks.fill(true);
        }
    }
    inside
}
