//! Drafts → blocks: what the frontend's regular way of making blocks leaves behind is taken out.

use super::Draft;
use crate::ir::{Block, BlockId, Terminator};

/// Threads empty jumps, joins straight runs, drops what cannot be reached, numbers the rest in reverse post-order.
pub(super) fn run(mut drafts: Vec<Draft>) -> Vec<Block> {
    thread(&mut drafts);
    for draft in &mut drafts {
        if !can_throw(draft) {
            draft.handler = None;
        }
    }
    join(&mut drafts);
    number(drafts)
}

fn can_throw(draft: &Draft) -> bool {
    !draft.ops.is_empty() || matches!(draft.end, Terminator::Throw(_) | Terminator::Resume)
}

/// Where an empty block only leads on, its predecessors lead there directly.
fn thread(drafts: &mut [Draft]) {
    let mut targets: Vec<u32> = (0..drafts.len() as u32).collect();
    let mut seen = vec![u32::MAX; drafts.len()];
    for start in 0..drafts.len() as u32 {
        let mut path = Vec::new();
        let mut at = start;
        loop {
            // A cycle of empty blocks is an endless loop: it stays where it was entered.
            if std::mem::replace(&mut seen[at as usize], start) == start {
                break;
            }
            let known = targets[at as usize];
            if known != at {
                at = known;
                break;
            }
            match leads_to(&drafts[at as usize]) {
                Some(next) => {
                    path.push(at);
                    at = next.0;
                }
                None => break,
            }
        }
        for passed in path {
            targets[passed as usize] = at;
        }
    }
    for draft in drafts {
        let target = |block: BlockId| BlockId(targets[block.index()]);
        match &mut draft.end {
            Terminator::Goto(to) => *to = target(*to),
            Terminator::Branch { then, otherwise, .. } => {
                *then = target(*then);
                *otherwise = target(*otherwise);
                if then == otherwise {
                    draft.end = Terminator::Goto(*then);
                }
            }
            Terminator::Return(_) | Terminator::Throw(_) | Terminator::Resume | Terminator::Unreachable => {}
        }
        draft.handler = draft.handler.map(target);
    }
}

fn leads_to(draft: &Draft) -> Option<BlockId> {
    match draft.end {
        Terminator::Goto(to) if draft.ops.is_empty() => Some(to),
        _ => None,
    }
}

/// Appends a block to its only predecessor where nothing but a jump lies between.
fn join(drafts: &mut [Draft]) {
    let reached = reverse_post_order(drafts);
    let mut entries = vec![0_u32; drafts.len()];
    if let Some(entry) = entries.first_mut() {
        *entry = 2;
    }
    for block in &reached {
        let draft = &drafts[block.index()];
        for_each_successor(draft, &mut |to| entries[to.index()] += 1);
        if let Some(handler) = draft.handler {
            entries[handler.index()] += 2;
        }
    }
    for block in &reached {
        while let Terminator::Goto(next) = drafts[block.index()].end {
            let (here, there) = (&drafts[block.index()], &drafts[next.index()]);
            let same_handler = here.handler == there.handler || !can_throw(here) || !can_throw(there);
            if next == *block || entries[next.index()] != 1 || !same_handler {
                break;
            }
            let there = &mut drafts[next.index()];
            let mut ops = std::mem::take(&mut there.ops);
            let end = std::mem::replace(&mut there.end, Terminator::Unreachable);
            let (end_span, handler) = (there.end_span, there.handler.take());
            let quiet = matches!(end, Terminator::Goto(_)) && ops.is_empty();
            let here = &mut drafts[block.index()];
            here.ops.append(&mut ops);
            here.end = end;
            here.handler = here.handler.or(handler);
            if !quiet {
                here.end_span = end_span;
            }
        }
    }
}

fn number(mut drafts: Vec<Draft>) -> Vec<Block> {
    let order = reverse_post_order(&drafts);
    let mut new = vec![BlockId(0); drafts.len()];
    for (index, block) in order.iter().enumerate() {
        new[block.index()] = BlockId(index as u32);
    }
    order
        .iter()
        .map(|block| {
            let draft = &mut drafts[block.index()];
            let mut end = std::mem::replace(&mut draft.end, Terminator::Unreachable);
            match &mut end {
                Terminator::Goto(to) => *to = new[to.index()],
                Terminator::Branch { then, otherwise, .. } => {
                    *then = new[then.index()];
                    *otherwise = new[otherwise.index()];
                }
                Terminator::Return(_) | Terminator::Throw(_) | Terminator::Resume | Terminator::Unreachable => {}
            }
            Block {
                ops: std::mem::take(&mut draft.ops),
                end,
                end_span: draft.end_span,
                handler: draft.handler.map(|handler| new[handler.index()]),
            }
        })
        .collect()
}

/// Handlers come last, what holds before what does not: close to the order of the source.
fn reverse_post_order(drafts: &[Draft]) -> Vec<BlockId> {
    enum Step {
        Enter(BlockId),
        Leave(BlockId),
    }
    let mut order = Vec::new();
    let mut seen = vec![false; drafts.len()];
    let mut stack = vec![Step::Enter(BlockId(0))];
    while let Some(step) = stack.pop() {
        match step {
            Step::Leave(block) => order.push(block),
            Step::Enter(block) => {
                if std::mem::replace(&mut seen[block.index()], true) {
                    continue;
                }
                stack.push(Step::Leave(block));
                let draft = &drafts[block.index()];
                // The last pushed is visited first and so numbered last.
                for_each_successor(draft, &mut |to| stack.push(Step::Enter(to)));
                if let Some(handler) = draft.handler {
                    stack.push(Step::Enter(handler));
                }
            }
        }
    }
    order.reverse();
    order
}

fn for_each_successor(draft: &Draft, visit: &mut dyn FnMut(BlockId)) {
    match draft.end {
        Terminator::Goto(to) => visit(to),
        Terminator::Branch { then, otherwise, .. } => {
            visit(then);
            visit(otherwise);
        }
        Terminator::Return(_) | Terminator::Throw(_) | Terminator::Resume | Terminator::Unreachable => {}
    }
}
