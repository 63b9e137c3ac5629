//! What becomes of a number that a function is given: it may be a handle. Where each of its uses is a comparison or lends
//! it to a call, it is closed nowhere in there, and remains the caller's.

use super::engine::Engine;
use super::summaries::parameter_root;
use crate::ir::{Base, Callee, Function, LocalId, Name, Op, Operand, Terminator, UseKind, visit_operands};
use crate::link::{FuncRef, Target, Ty};
use crate::models::hints::Hint;
use crate::summary::{AccessPath, Basis, Effect, EffectKind, Guard, Ownership, Root, Summary};

/// How deep closures are looked into.
const MAX_CLOSURES: u32 = 4;

/// What is done with a number.
#[derive(Clone, Copy, Debug, Default)]
struct Lent {
    /// Some native call gets it.
    at_all: bool,
    /// Nothing is known of some of these calls.
    assumed: bool,
}

impl Engine<'_> {
    /// The numbers that the analysed function only lends to native code.
    pub(super) fn lent_numbers(&self, function: &Function) -> Vec<Effect> {
        if self.program.units[self.root.unit as usize].language.is_native() {
            return Vec::new();
        }
        let types = &self.program.resolved(self.root).types;
        let number = |local: LocalId| matches!(types.get(local.index()), Some(Ty::Scalar));
        let params = function.params.iter().enumerate().filter(|(_, param)| number(param.local));
        let lent = params.filter_map(|(index, param)| {
            let lent = self.lent_number(self.root, param.local, 0).filter(|lent| lent.at_all)?;
            let kind = if lent.assumed { EffectKind::BorrowAssumed } else { EffectKind::Borrow };
            Some(Effect { on: AccessPath::root(parameter_root(function, index)), kind })
        });
        lent.collect()
    }

    /// What a function does with the number in one of its locals; nothing where that cannot be followed.
    fn lent_number(&self, function: FuncRef, local: LocalId, depth: u32) -> Option<Lent> {
        let body = self.program.function(function);
        let resolved = self.program.resolved(function);
        let is_it = |operand: &Operand| matches!(operand, Operand::Local(read) if *read == local);
        let mut all = Lent::default();
        let mut closures = Vec::new();
        for (block, targets) in body.blocks.iter().zip(&resolved.targets) {
            for (statement, target) in block.ops.iter().zip(targets) {
                let mut read = matches!(&statement.op, Op::Load { from, .. } if from.base == Base::Local(local));
                visit_operands(&statement.op, &mut |operand| read |= is_it(operand));
                match &statement.op {
                    Op::Closure { body, .. } => closures.push(*body),
                    _ if !read => {}
                    Op::Call(call) => {
                        let callee = match &call.callee {
                            Callee::Method { receiver: operand, .. } | Callee::Value(operand) => is_it(operand),
                            _ => false,
                        };
                        let mut position = 0;
                        for arg in &call.args {
                            let root = match &arg.name {
                                Some(name) => Root::Named(name.clone()),
                                None => {
                                    position += 1;
                                    Root::Param(position - 1)
                                }
                            };
                            if callee || is_it(&arg.value) {
                                let lent = self.lent_to(target, &root).filter(|_| !callee)?;
                                all = Lent { at_all: true, assumed: all.assumed | lent.assumed };
                            }
                        }
                        if callee {
                            return None;
                        }
                    }
                    Op::Binary { op, .. } if ["==", "!=", "<", ">", "<=", ">="].contains(&op.as_str()) => {}
                    Op::Use { kind: UseKind::Read, .. } => {}
                    _ => return None,
                }
            }
            let end = match &block.end {
                Terminator::Return(operand) | Terminator::Throw(operand) => operand.as_ref(),
                _ => None,
            };
            if end.is_some_and(is_it) {
                return None;
            }
        }
        for closure in closures {
            let inner = FuncRef { unit: function.unit, function: closure };
            for capture in self.program.function(inner).captures.iter().filter(|capture| capture.outer == local) {
                let inner = (depth < MAX_CLOSURES).then(|| self.lent_number(inner, capture.inner, depth + 1))??;
                all = Lent { at_all: all.at_all | inner.at_all, assumed: all.assumed | inner.assumed };
            }
        }
        Some(all)
    }

    /// Whether a call borrows the argument at a root.
    fn lent_to(&self, target: &Target, root: &Root) -> Option<Lent> {
        let borrowed = Lent { at_all: true, assumed: false };
        let assumed = Lent { at_all: true, assumed: true };
        match target.called() {
            Target::Model(model) | Target::Native { model: Some(model), .. } => {
                let model = self.models.function(*model);
                if model.summary.basis == Basis::Convention {
                    return (!self.says_release(&model.name)).then_some(assumed);
                }
                leaves(&model.summary, root).then_some(borrowed)
            }
            Target::Native { symbol: Some(symbol), model: None } => {
                let silent = self.says_release(symbol)
                    || self.program.stated_contract(symbol).is_some()
                    || self.program.declared_contract(symbol).is_some()
                    || !self.program.definitions_by_target(symbol, self.root.unit).is_empty();
                (!silent).then_some(assumed)
            }
            Target::Functions(functions) => {
                let mut lent = borrowed;
                for candidate in &functions.candidates {
                    let contract = self.contract(*candidate)?;
                    for outcome in contract.outcomes.iter().filter(|outcome| outcome.guard != Guard::Throws) {
                        let on = outcome.effects.iter().find(|effect| effect.on.root == *root)?;
                        match on.kind {
                            EffectKind::Borrow => {}
                            EffectKind::BorrowAssumed => lent = assumed,
                            _ => return None,
                        }
                    }
                }
                Some(lent)
            }
            _ => None,
        }
    }

    /// What a name says keeps us silent, and never makes us speak.
    fn says_release(&self, name: &Name) -> bool {
        self.models.hints().says(Hint::Releases, name)
    }
}

impl Summary {
    /// Whether a function says of an argument that is a number that it borrows it.
    pub(super) fn lends_number(&self, root: &Root) -> bool {
        let mut effects = self.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.any(|effect| {
            effect.on.root == *root
                && effect.on.steps.is_empty()
                && matches!(effect.kind, EffectKind::Borrow | EffectKind::BorrowAssumed)
        })
    }
}

/// Whether a contract leaves what an argument stands for as it is, with its caller.
fn leaves(summary: &Summary, root: &Root) -> bool {
    summary.outcomes.iter().all(|outcome| {
        let kept = |effect: &Effect| {
            matches!(
                effect.kind,
                EffectKind::Borrow | EffectKind::BorrowAssumed | EffectKind::Untouched | EffectKind::Fill(_)
            )
        };
        let handed_back = matches!(
            &outcome.result.ownership,
            Ownership::Alias(path) | Ownership::Interior(path) | Ownership::View(path) | Ownership::Address(path)
                if path.root == *root
        );
        outcome.effects.iter().filter(|effect| effect.on.root == *root).all(kept) && !handed_back
    })
}
