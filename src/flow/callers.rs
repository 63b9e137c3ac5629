//! Who calls a setter a second time for the same object.
//!
//! That a function may run twice is no evidence: constructors and what prepares something run once, a builder's methods
//! are called on a builder that was just made, and some callers end themselves what is there before they set the next.

use super::fates::called;
use super::setters::{Keeper, Setter, leading_to};
use crate::ir::{Base, BlockId, Callee, FunctionKind, LocalId, LocalKind, Op, Operand, Terminator};
use crate::link::{FuncRef, Program, Target};
use crate::models::hints::Hint;

/// How many copies and calls in a chain are followed to where an object was made; beyond them it may be any.
const MAX_CHAIN: usize = 32;
/// How many calls deep it is looked for what ends something; what lies deeper does not excuse a setter.
const MAX_DEPTH: u32 = 2;

/// A call of a setter.
struct Site {
    block: BlockId,
    /// The variable of the object that it is called for; none for the object's own members, and where it is handed on.
    on: Option<LocalId>,
}

impl Setter<'_> {
    /// Whether somebody may call a function a second time for the same object. A library's public names anybody calls, but
    /// nobody sets the same thing of a builder twice.
    pub(super) fn is_called_again(&self, function: FuncRef) -> bool {
        let program = self.program;
        let mut is_called = false;
        for caller in program.callers(function).iter().copied() {
            let sites = sites(program, caller, function);
            is_called |= !sites.is_empty();
            let once = || {
                let body = program.function(caller);
                body.kind == FunctionKind::Constructor || self.models.hints().says(Hint::Prepares, &body.name)
            };
            if !sites.is_empty() && !once() && !self.are_new(caller, &sites) && !self.ends(caller, 0) {
                return true;
            }
        }
        !is_called && !program.function(function).name.starts_with('_') && !gives_this(program, function)
    }

    /// Whether each of the calls is for an object of its own that the caller has just made.
    fn are_new(&self, caller: FuncRef, sites: &[Site]) -> bool {
        let body = self.program.function(caller);
        let made: Option<Vec<(BlockId, LocalId)>> = sites
            .iter()
            .map(|site| {
                let (block, local) = made(self.program, caller, site.on?)?;
                // In a loop it is made anew in each round.
                let turns = |of: BlockId| leading_to(body, of)[of.index()];
                (!turns(site.block) || turns(block)).then_some((block, local))
            })
            .collect();
        let Some(mut made) = made else { return false };
        made.sort_unstable();
        made.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// Whether a function releases what is kept: by a call on what it reads there, or through a function that does.
    fn ends(&self, function: FuncRef, depth: u32) -> bool {
        let hints = self.models.hints();
        let mut holds: Vec<LocalId> = Vec::new();
        // Names are copied in order; a loop's second round adds nothing.
        for (statement, target) in self.program.operations(function) {
            match &statement.op {
                Op::Load { to, .. } if self.leads_to(target) => holds.push(*to),
                Op::Copy { to, from: Operand::Local(from), .. } if holds.contains(from) => holds.push(*to),
                Op::Call(call) => {
                    let is_it = |operand: &Operand| matches!(operand, Operand::Local(local) if holds.contains(local));
                    let of_it = matches!(&call.callee, Callee::Method { receiver, .. } if is_it(receiver));
                    let given = of_it || call.args.iter().any(|arg| is_it(&arg.value));
                    if given && called(&statement.op).is_some_and(|name| hints.says(Hint::Releases, name)) {
                        return true;
                    }
                    // What ends the whole object says nothing of the time before.
                    let Target::Functions(functions) = target else { continue };
                    let helps = |callee: &FuncRef| {
                        let name = &self.program.function(*callee).name;
                        !hints.says(Hint::Disposes, name) && self.ends(*callee, depth + 1)
                    };
                    if depth < MAX_DEPTH && functions.candidates.iter().any(helps) {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// Whether a name leads to what is kept, itself or by a getter.
    fn leads_to(&self, target: &Target) -> bool {
        match (target, self.keeper) {
            (Target::Functions(functions), _) => functions.candidates.iter().any(|getter| {
                self.program.function(*getter).kind == FunctionKind::Getter && self.looks_at(*getter, None, 1)
            }),
            (Target::Field(field) | Target::Static(field), Keeper::Variable(variable)) => *field == variable,
            (Target::Native { symbol: Some(of), .. }, Keeper::Symbol(symbol)) => of == symbol,
            _ => false,
        }
    }
}

/// Where a function calls another, or hands it on.
fn sites(program: &Program, caller: FuncRef, function: FuncRef) -> Vec<Site> {
    let body = program.function(caller);
    let targets = &program.resolved(caller).targets;
    let mut sites = Vec::new();
    for (at, (block, targets)) in body.blocks.iter().zip(targets).enumerate() {
        for (statement, target) in block.ops.iter().zip(targets) {
            let reaches = match target.called() {
                Target::Functions(functions) => functions.candidates.contains(&function),
                Target::TearOff(other) => *other == function,
                _ => false,
            };
            let on = match &statement.op {
                _ if !reaches => continue,
                Op::Call(call) => match &call.callee {
                    Callee::Method { receiver: Operand::Local(receiver), .. } => Some(*receiver),
                    _ => None,
                },
                Op::Store { to, .. } => match to.base {
                    Base::Local(base) => Some(base),
                    _ => None,
                },
                _ => None,
            };
            sites.push(Site { block: BlockId(at as u32), on });
        }
    }
    sites
}

/// Where the object was made that a variable holds, through the members of a builder, which give it back.
fn made(program: &Program, caller: FuncRef, local: LocalId) -> Option<(BlockId, LocalId)> {
    let body = program.function(caller);
    let targets = &program.resolved(caller).targets;
    let mut local = local;
    for _ in 0..MAX_CHAIN {
        let ops = body.blocks.iter().zip(targets).enumerate().flat_map(|(at, (block, targets))| {
            block.ops.iter().zip(targets).map(move |(statement, target)| (BlockId(at as u32), &statement.op, target))
        });
        let mut written = ops.filter(|(_, op, _)| crate::ir::written(op) == Some(local));
        let (block, op, target) = written.next()?;
        if written.next().is_some() {
            return None;
        }
        let functions = match (op, target) {
            (Op::Copy { from: Operand::Local(from), .. }, _) => {
                local = *from;
                continue;
            }
            (Op::Call(_), Target::DefaultConstructor(_)) => return Some((block, local)),
            (Op::Call(_), Target::Functions(functions)) => functions,
            _ => return None,
        };
        let is_all = |fits: &dyn Fn(FuncRef) -> bool| functions.candidates.iter().all(|callee| fits(*callee));
        if is_all(&|callee| program.function(callee).kind == FunctionKind::Constructor) {
            return Some((block, local));
        }
        let Op::Call(call) = op else { return None };
        let Callee::Method { receiver: Operand::Local(receiver), .. } = &call.callee else { return None };
        if !is_all(&|callee| gives_this(program, callee)) {
            return None;
        }
        local = *receiver;
    }
    None
}

/// Whether all that a function gives is the object that it was called for.
fn gives_this(program: &Program, function: FuncRef) -> bool {
    let body = program.function(function);
    let is_this = |operand: &Option<Operand>| {
        let local = match operand {
            Some(Operand::Local(local)) => body.locals.get(local.index()),
            _ => None,
        };
        local.is_some_and(|local| local.kind == LocalKind::This)
    };
    let mut returns = body.blocks.iter().filter_map(|block| match &block.end {
        Terminator::Return(value) => Some(value),
        _ => None,
    });
    returns.next().is_some_and(is_this) && returns.all(is_this)
}
