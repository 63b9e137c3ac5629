//! What a test of a local's type says in the blocks behind it.

use super::Ty;
use super::resolve::State;
use super::types;
use crate::ir::{Block, Cond, Function, LocalId, Operand, Terminator, TypeRef, written};

/// The types of locals that tests have narrowed, by block.
///
/// A test holds on one edge; what it says is carried on through blocks that are entered by one edge only.
pub(super) struct Promotions {
    /// Empty where no test of a type stands in the function.
    by_block: Vec<Vec<(LocalId, Ty)>>,
    entries: Vec<u32>,
}

/// The types that locals have again when a block ends.
pub(super) type Plain = Vec<(LocalId, Ty)>;

impl Promotions {
    pub(super) fn new(function: &Function) -> Self {
        let tests = |block: &Block| matches!(&block.end, Terminator::Branch { cond: Cond::Is(..), .. });
        if !function.blocks.iter().any(tests) {
            return Self { by_block: Vec::new(), entries: Vec::new() };
        }
        let mut entries = vec![0; function.blocks.len()];
        for block in &function.blocks {
            let successors = match &block.end {
                Terminator::Goto(to) => [Some(*to), None],
                Terminator::Branch { then, otherwise, .. } => [Some(*then), Some(*otherwise)],
                _ => [None, None],
            };
            for to in successors.into_iter().flatten().chain(block.handler) {
                if let Some(count) = entries.get_mut(to.index()) {
                    *count += 1;
                }
            }
        }
        Self { by_block: vec![Vec::new(); function.blocks.len()], entries }
    }

    /// Narrows what is narrower in a block; gives what to restore.
    pub(super) fn enter(&self, state: &mut State, at: usize) -> Plain {
        let narrower = self.by_block.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut plain = Plain::new();
        for (local, ty) in narrower {
            plain.push((*local, state.ty(*local)));
            state.set(*local, ty.clone());
        }
        plain
    }

    /// Restores the types, and carries what holds on to the blocks behind.
    pub(super) fn leave(
        &mut self,
        state: &mut State,
        at: usize,
        block: &Block,
        plain: Plain,
        resolve: &dyn Fn(&TypeRef) -> Ty,
    ) {
        if self.by_block.is_empty() {
            return;
        }
        let is_written = |local: LocalId| block.ops.iter().any(|statement| written(&statement.op) == Some(local));
        let mut holds = std::mem::take(&mut self.by_block[at]);
        holds.retain(|(local, _)| !is_written(*local));
        for (local, ty) in plain {
            if !is_written(local) {
                state.set(local, ty);
            }
        }
        match &block.end {
            Terminator::Goto(to) => self.carry(to.index(), at, holds),
            Terminator::Branch { cond, then, otherwise, .. } => {
                let mut holds_then = holds.clone();
                // That a value is an object says no more of it.
                if let Cond::Is(Operand::Local(local), ty) = cond
                    && ty.name != TypeRef::OBJECT
                {
                    let ty = resolve(ty);
                    if types::says_something(&ty) && !same_class(&state.ty(*local), &ty) {
                        holds_then.push((*local, ty));
                    }
                }
                self.carry(then.index(), at, holds_then);
                self.carry(otherwise.index(), at, holds);
            }
            _ => {}
        }
    }

    fn carry(&mut self, to: usize, from: usize, holds: Vec<(LocalId, Ty)>) {
        // Blocks before this one have been resolved already.
        if to > from
            && self.entries.get(to) == Some(&1)
            && let Some(slot) = self.by_block.get_mut(to)
        {
            *slot = holds;
        }
    }
}

/// Whether a test says nothing new: it names the class, perhaps without the arguments that are known.
fn same_class(known: &Ty, tested: &Ty) -> bool {
    match (known, tested) {
        (Ty::Class(a, _), Ty::Class(b, _)) => a == b,
        (Ty::Model(a, _), Ty::Model(b, _)) => a == b,
        (Ty::Sdk(a, _), Ty::Sdk(b, _)) => a == b,
        (a, b) => a == b,
    }
}
