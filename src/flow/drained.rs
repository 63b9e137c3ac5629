//! Lists of pointers whose elements are released in two loops, one behind the other.
//!
//! What is told is certain: nothing but the loops stands between the two that could take the elements out of the list.

use super::started::Search;
use super::summaries::Summaries;
use crate::ir::{Block, BlockId, Call, Callee, Function, LocalId, Name, Op, Operand, Statement, Terminator};
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::ModelSet;
use crate::source::Location;
use crate::summary::FamilyId;
use crate::target::TargetSet;
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

/// How many blocks are passed between two loops.
const MAX_BLOCKS: usize = 8;

/// The violations of all functions of Dart that are written by hand.
pub(super) fn drained_twice(program: &Program, models: &ModelSet, summaries: &Summaries) -> Vec<Violation> {
    let search = Search::new(program, models, summaries);
    let whole = program.written_by_hand().filter(|function| program.function(*function).incomplete.is_none());
    whole.flat_map(|function| search.drained_in(function)).collect()
}

/// A loop that releases each element of a list.
struct Drain {
    list: LocalId,
    by: Name,
    family: FamilyId,
    at: Location,
    /// What comes behind it.
    behind: BlockId,
}

impl Search<'_> {
    fn drained_in(&self, function: FuncRef) -> Vec<Violation> {
        let body = self.program.function(function);
        let drains = (0..body.blocks.len() as u32).filter_map(|header| self.drain(function, body, BlockId(header)));
        let twice = drains.filter_map(|first| {
            let second = self.next_drain(function, body, &first)?;
            (second.list == first.list && second.at != first.at).then_some((first, second))
        });
        twice.map(|(first, second)| self.drained(function, first, second)).collect()
    }

    fn drained(&self, function: FuncRef, first: Drain, second: Drain) -> Violation {
        let released = StepKind::Released { by: first.by, family: first.family };
        Violation {
            kind: ViolationKind::ReleasedTwice { managed: false, subject: None, release: second.by },
            function,
            at: second.at,
            trace: vec![Step { kind: released, location: first.at }],
            targets: TargetSet::ALL.and(self.program.file(function.unit).targets),
            confidence: Confidence::High,
        }
    }

    /// The loop of a block that asks for the next round, where it does nothing but release the elements.
    fn drain(&self, function: FuncRef, body: &Function, header: BlockId) -> Option<Drain> {
        let head = body.blocks.get(header.index())?;
        let Terminator::Branch { then, otherwise, .. } = &head.end else { return None };
        let round = body.blocks.get(then.index())?;
        let Op::Element { to, of: Operand::Local(list), name: None } = &round.ops.first()?.op else { return None };
        if round.end != Terminator::Goto(header) || !head.ops.is_empty() || !self.is_list(function, *list) {
            return None;
        }
        let mut released = None;
        for (index, statement) in round.ops.iter().enumerate().skip(1) {
            match &statement.op {
                Op::Load { .. } if self.leaves_alone(function, (*then, index), statement, *list) => {}
                Op::Call(call) if released.is_none() => {
                    let (by, family) = self.releases(function, (*then, index), call, *to)?;
                    released = Some((by, family, self.location(function, statement.span)));
                }
                _ => return None,
            }
        }
        let (by, family, at) = released?;
        Some(Drain { list: *list, by, family, at, behind: *otherwise })
    }

    /// The loop that comes straight behind another one.
    fn next_drain(&self, function: FuncRef, body: &Function, first: &Drain) -> Option<Drain> {
        let mut block = first.behind;
        for _ in 0..MAX_BLOCKS {
            if let Some(drain) = self.drain(function, body, block) {
                return Some(drain);
            }
            let at: &Block = body.blocks.get(block.index())?;
            let mut ops = at.ops.iter().enumerate();
            if !ops.all(|(index, statement)| self.leaves_alone(function, (block, index), statement, first.list)) {
                return None;
            }
            let Terminator::Goto(next) = at.end else { return None };
            block = next;
        }
        None
    }

    /// Whether an operation is one of a library that does not know the list.
    fn leaves_alone(&self, function: FuncRef, site: (BlockId, usize), statement: &Statement, list: LocalId) -> bool {
        let is_plain = |call: &Call| {
            let local = |operand: &Operand| match operand {
                Operand::Local(local) => Some(*local),
                _ => None,
            };
            let receiver = match &call.callee {
                Callee::Method { receiver, .. } => local(receiver),
                _ => None,
            };
            let mut given = call.args.iter().filter_map(|arg| local(&arg.value)).chain(receiver);
            given.all(|given| given != list && !self.is_function(function, given))
        };
        let target = self.target(function, site).called();
        match &statement.op {
            Op::Load { .. } => matches!(target, Target::Variable(_) | Target::Namespace | Target::Model(_)),
            Op::Call(call) => matches!(target, Target::Model(_)) && is_plain(call),
            _ => false,
        }
    }

    fn is_function(&self, function: FuncRef, local: LocalId) -> bool {
        !matches!(
            self.program.resolved(function).types.get(local.index()),
            Some(Ty::Model(..) | Ty::Scalar | Ty::String | Ty::Address { .. })
        )
    }

    /// Whether a variable holds one list all the time.
    fn is_list(&self, function: FuncRef, local: LocalId) -> bool {
        let ty = self.program.resolved(function).types.get(local.index());
        matches!(ty, Some(Ty::Sdk(name, _)) if name == "List") && self.is_settled(function, local)
    }
}
