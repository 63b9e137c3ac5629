//! What calls do to memory that something needs which was started before, as far as that is known without following paths:
//! what they release, and who lends what they give.

use super::started::{MAX_STEPS, Search};
use crate::ir::{Base, Call, Callee, LocalId, Name, Op, Operand};
use crate::link::{FuncRef, Target};
use crate::models::ModelId;
use crate::summary::{
    AccessPath, ArgumentTest, EffectKind, FamilyRef, Guard, Outcome, Ownership, Root, Summary, ValueTest,
};

impl Search<'_> {
    /// As what every function that a call may reach releases an argument.
    pub(super) fn released_by(&self, function: FuncRef, target: &Target, root: &Root) -> Option<FamilyRef> {
        match target {
            Target::Model(model) => released_as(&self.models.function(*model).summary, root),
            Target::Native { symbol, model } => self.released_by_native(function, symbol.as_ref(), *model, root),
            Target::Functions(functions) if functions.complete => {
                all_alike(functions.candidates.iter().map(|candidate| {
                    let is_bound = !self.program.function(*candidate).has_blocks();
                    match self.program.bound_symbol(*candidate).filter(|_| is_bound) {
                        Some(symbol) => self.released_by_native(*candidate, Some(symbol), functions.model, root),
                        None => released_as(self.summaries.get(*candidate)?.as_ref(), root),
                    }
                }))
            }
            _ => None,
        }
    }

    /// The same for a native function: its definitions count most, as wherever it is called.
    fn released_by_native(
        &self,
        function: FuncRef,
        symbol: Option<&Name>,
        model: Option<ModelId>,
        root: &Root,
    ) -> Option<FamilyRef> {
        let bodies = symbol.map(|symbol| self.program.definitions(symbol, function.unit)).unwrap_or_default();
        if !bodies.is_empty() {
            let release = |body: &FuncRef| released_as(self.summaries.get(*body)?.as_ref(), root);
            return all_alike(bodies.iter().map(release));
        }
        let stated = symbol.and_then(|symbol| self.program.stated_contract(symbol));
        let modelled = model.map(|model| &self.models.function(model).summary);
        let known = stated.or(modelled).or_else(|| self.program.declared_contract(symbol?))?;
        released_as(known, root)
    }

    /// The variable that lends what another one holds (`library.symbols` is of `library`), or that itself.
    pub(super) fn lender_of(&self, function: FuncRef, local: LocalId) -> LocalId {
        let mut local = local;
        for _ in 0..MAX_STEPS {
            let Some((site, op)) = self.definition(function, local) else { break };
            let Target::Model(model) = self.target(function, site).called() else { break };
            let lender = self.lent_by(*model).and_then(|root| match (op, root) {
                (Op::Load { from, .. }, Root::This) => match from.base {
                    Base::Local(base) => Some(base),
                    _ => None,
                },
                (Op::Call(call), root) => passed(call, &root),
                _ => None,
            });
            match lender.filter(|lender| self.is_settled(function, *lender)) {
                Some(lender) => local = self.origin_of(function, lender),
                None => break,
            }
        }
        local
    }

    /// Whose what a modelled function gives is, and with whom it ends.
    fn lent_by(&self, model: ModelId) -> Option<Root> {
        let known = self.models.function(model);
        if let Some(of) = &known.function_of {
            return of.steps.is_empty().then(|| of.root.clone());
        }
        let lender = |outcome: &Outcome| match &outcome.result.ownership {
            Ownership::Borrowed { from: Some(AccessPath { root, steps }), .. } if steps.is_empty() => {
                Some(root.clone())
            }
            _ => None,
        };
        all_alike(known.summary.outcomes.iter().map(lender))
    }
}

/// What all have in common.
fn all_alike<T: PartialEq>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// What a call is given there.
pub(super) fn passed(call: &Call, root: &Root) -> Option<LocalId> {
    let operand = match (root, &call.callee) {
        (Root::This, Callee::Method { receiver, .. }) => receiver,
        (Root::Param(at), _) => {
            let mut positional = call.args.iter().filter(|arg| arg.name.is_none());
            &positional.nth(usize::from(*at))?.value
        }
        _ => return None,
    };
    match operand {
        Operand::Local(local) => Some(*local),
        _ => None,
    }
}

/// As what every way through a contract releases an argument that is there.
fn released_as(summary: &Summary, root: &Root) -> Option<FamilyRef> {
    let test = |outcome: &Outcome| match &outcome.guard {
        Guard::Argument(ArgumentTest { arg, test }) if arg.root == *root && arg.steps.is_empty() => Some(test.clone()),
        _ => None,
    };
    // It is not null: what happens then is all that happens.
    let there = summary.outcomes.iter().position(|outcome| test(outcome) == Some(ValueTest::NonNull));
    let counted = summary.outcomes.iter().take(there.map_or(usize::MAX, |at| at + 1));
    let counted = counted.filter(|outcome| outcome.guard != Guard::Throws && test(outcome) != Some(ValueTest::Null));
    all_alike(counted.map(|outcome| {
        let whole = outcome.effects.iter().filter(|effect| effect.on.root == *root && effect.on.steps.is_empty());
        let mut releases = whole.filter_map(|effect| match &effect.kind {
            EffectKind::Release(family) => Some(family.clone()),
            _ => None,
        });
        releases.next()
    }))
}
