//! The condition that opens the way on which something is lost.
//!
//! A path takes many branches that have nothing to do with a loss. The one worth telling decides between the loss and its
//! opposite: on its other side the release lies, or this way out of the function does not.

use rustc_hash::FxHashSet;

use super::engine::Engine;
use super::liveness::successors;
use super::path::Branch;
use crate::ir::{BlockId, Function, Terminator, Written};
use crate::source::{Location, Span};

/// What is known of a loss: its last branch, where the path ended, and where other paths release.
pub(super) struct Loss {
    pub(super) branch: Branch,
    /// Nothing where a loop comes round again.
    pub(super) exit: Option<Location>,
    pub(super) release: Option<Location>,
    /// Where it was allocated: what was decided before decides nothing of it.
    pub(super) allocated: Location,
}

impl Engine<'_> {
    /// The branch that opens the way of a loss; nothing where no single one does.
    pub(super) fn opening(&self, loss: &Loss) -> Option<Branch> {
        let unit = self.program.unit_of(loss.branch.at.file)?;
        let functions = &self.program.units[unit as usize].functions;
        let (function, last) = functions.iter().find_map(|function| {
            let mut branches = branches(function);
            branches.find(|(_, span)| *span == loss.branch.at.span).map(|(block, _)| (function, block))
        })?;
        let at = |location: Option<Location>| match location.filter(|location| location.file == loss.branch.at.file) {
            Some(location) => blocks_at(function, location.span),
            None => FxHashSet::default(),
        };
        let (releases, exits) = (at(loss.release), at(loss.exit));
        if releases.is_empty() {
            let opens = leading(function, last, &exits) == Some(loss.branch.holds);
            return opens.then_some(loss.branch);
        }
        // The way round a loop comes by the loop's condition again.
        let away = |block: BlockId| {
            let holds = leading(function, block, &releases).map(|holds| !holds)?;
            let leaves = exits.is_empty() || reaches(function, block, side(function, block, holds)?, &exits);
            leaves.then_some(holds)
        };
        // What is called in a condition says whether it did release.
        if releases.contains(&last) || away(last) == Some(loss.branch.holds) {
            return Some(loss.branch);
        }
        let later = branches(function).filter(|(_, span)| span.start >= loss.allocated.span.end);
        let mut deciding = later.filter_map(|(block, span)| Some((span, away(block)?)));
        let (span, holds) = deciding.next()?;
        let at = Location { span, ..loss.branch.at };
        deciding.next().is_none().then_some(Branch { at, holds, ..loss.branch })
    }
}

/// Whether a branch's condition must hold, as it is written, or must not, for a path to reach some blocks; nothing where
/// both ways lead there, or neither.
fn leading(function: &Function, branch: BlockId, to: &FxHashSet<BlockId>) -> Option<bool> {
    let leads = |holds: bool| side(function, branch, holds).is_some_and(|side| reaches(function, branch, side, to));
    match (leads(true), leads(false)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// Where a branch goes when its condition holds, as it is written, or does not.
fn side(function: &Function, branch: BlockId, holds: bool) -> Option<BlockId> {
    match &function.blocks.get(branch.index())?.end {
        Terminator::Branch { then, otherwise, written, .. } => {
            Some(if holds == (*written == Written::AsIs) { *then } else { *otherwise })
        }
        _ => None,
    }
}

/// The branches that stand in the source, each with its condition, bytes of the file.
fn branches(function: &Function) -> impl Iterator<Item = (BlockId, Span)> {
    (0_u32..).zip(&function.blocks).filter_map(|(id, block)| match &block.end {
        Terminator::Branch { written, .. } if *written != Written::Implied => {
            Some((BlockId(id), block.end_span.absolute_from(function.base)))
        }
        _ => None,
    })
}

/// The blocks in which something stands; what a closure does stands where the closure is.
fn blocks_at(function: &Function, span: Span) -> FxHashSet<BlockId> {
    let is_there = |whole: Span| whole.absolute_from(function.base).contains(span);
    let holding = (0_u32..).zip(&function.blocks).filter(|(_, block)| {
        let is_branch = matches!(block.end, Terminator::Branch { .. } | Terminator::Goto(_));
        block.ops.iter().any(|statement| is_there(statement.span)) || !is_branch && is_there(block.end_span)
    });
    holding.map(|(id, _)| BlockId(id)).collect()
}

/// Whether one of some blocks is reached from a branch's side without coming by the branch again.
fn reaches(function: &Function, branch: BlockId, side: BlockId, to: &FxHashSet<BlockId>) -> bool {
    let mut seen = FxHashSet::from_iter([branch, side]);
    let mut todo = vec![side];
    while let Some(block) = todo.pop() {
        if to.contains(&block) {
            return true;
        }
        let next = successors(&function.blocks[block.index()].end).filter(|next| seen.insert(*next));
        todo.extend(next);
    }
    false
}
