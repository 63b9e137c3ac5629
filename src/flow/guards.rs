//! What a caller can observe that tells a function's returns apart: the result, or what it passed.

use super::conditions::on_status;
use super::engine::{Engine, Returned};
use super::path::{Fact, Path};
use super::summaries::{Told, null_test, parameter_root};
use super::value::{Symbol, Value};
use crate::ir::{Const, Function};
use crate::summary::{AccessPath, ArgumentTest, Guard, Outcome, StatusKind, Summary, ValueTest};
use crate::target::TargetSet;

/// Returns with the observation they share.
type Group<'r> = (Guard, Vec<&'r Returned>);

impl Engine<'_> {
    /// The outcomes of a function: one, unless its returns do different things and a caller can tell which happened.
    pub(super) fn told_apart(&self, function: &Function, returns: &[Returned]) -> Vec<Told> {
        let all: Vec<&Returned> = returns.iter().collect();
        let mut parts = by_targets(&all);
        // Nothing to tell apart.
        if parts.len() == 1 && parts.iter().all(|(targets, _)| targets.contains(self.options.targets)) {
            parts.clear();
        }
        let alone = parts.len() == 1;
        let parts: Vec<Vec<Told>> = parts
            .into_iter()
            .map(|(targets, returns)| {
                let mut told = self.told_apart_by_result(function, returns);
                told.iter_mut().for_each(|told| told.outcome.targets = targets);
                told
            })
            .collect();
        let same = |a: &Told, b: &Told| Outcome { targets: b.outcome.targets, ..a.outcome.clone() } == b.outcome;
        let differ = parts
            .windows(2)
            .any(|pair| pair[0].len() != pair[1].len() || pair[0].iter().zip(&pair[1]).any(|(a, b)| !same(a, b)));
        if differ || alone { parts.into_iter().flatten().collect() } else { self.told_apart_by_result(function, all) }
    }

    fn told_apart_by_result(&self, function: &Function, all: Vec<&Returned>) -> Vec<Told> {
        if let Some([succeeded, failed]) = by_status(&all) {
            let told = |guard, returns: Vec<Returned>| {
                let returns: Vec<&Returned> = returns.iter().collect();
                (!returns.is_empty()).then(|| self.told(function, guard, &returns))
            };
            let sides = [told(Guard::Success, succeeded), told(Guard::Failure, failed)];
            return sides.into_iter().flatten().collect();
        }
        let together = self.told(function, Guard::Always, &all);
        if together.vague == 0 || null_test(&all).is_some() {
            return vec![together];
        }
        let mut least = together.vague;
        let mut best = vec![together];
        let mut candidates = vec![by_null(&all), by_constant(&all)];
        candidates.extend((0..function.params.len()).flat_map(|param| self.by_parameter(function, param, &all)));
        for groups in candidates.into_iter().flatten() {
            if groups.len() > Summary::MAX_OUTCOMES - 1 {
                continue;
            }
            let told: Vec<Told> =
                groups.into_iter().map(|(guard, returns)| self.told(function, guard, &returns)).collect();
            let vague = told.iter().map(|told| told.vague).sum();
            if vague < least {
                least = vague;
                best = told;
            }
        }
        best
    }

    /// By what a parameter turned out to be on each path.
    fn by_parameter<'r>(
        &self,
        function: &Function,
        param: usize,
        returns: &[&'r Returned],
    ) -> Vec<Option<Vec<Group<'r>>>> {
        let paths: Vec<&Path> = returns.iter().map(|returned| &returned.path).collect();
        let sides = self.sides(function, param, &paths);
        let groups = sides.into_iter().map(|Sides { held, tests }| {
            let side = |wanted: bool| {
                let of = returns.iter().zip(&held).filter(|(_, side)| **side == wanted);
                of.map(|(returned, _)| *returned).collect::<Vec<_>>()
            };
            let [yes, no] = tests.map(Guard::Argument);
            let [held, failed] = [side(true), side(false)];
            (!held.is_empty() && !failed.is_empty()).then(|| vec![(yes, held), (no, failed)])
        });
        groups.collect()
    }

    /// What is known of a parameter on every one of the paths: null or not, true or not.
    fn sides(&self, function: &Function, param: usize, paths: &[&Path]) -> Vec<Sides> {
        let arg = AccessPath::root(parameter_root(function, param));
        let symbol = Symbol::of(("parameter", function.params[param].local.index()));
        let fact = |fact: Fact| {
            let sides = paths.iter().map(|path| path.known.get(&fact).copied());
            sides.collect::<Option<Vec<bool>>>()
        };
        let there = |path: &&Path| path.objects.values().any(|object| object.path.as_deref() == Some(&arg));
        let tests = |tests: [ValueTest; 2]| tests.map(|test| ArgumentTest { arg: arg.clone(), test });
        let null = || tests([ValueTest::Null, ValueTest::NonNull]);
        // A parameter that leads to memory has an object, one that does not has a symbol.
        let sides = if self.parameters.contains(&symbol) {
            let truth = tests([ValueTest::Equals(1), ValueTest::Differs(1)]);
            vec![(fact(Fact::Null(symbol)), null()), (fact(Fact::True(symbol)), truth)]
        } else {
            vec![(Some(paths.iter().map(|path| !there(path)).collect()), null())]
        };
        sides.into_iter().filter_map(|(held, tests)| Some(Sides { held: held?, tests })).collect()
    }

    /// The test of an argument that holds on just those of the paths; `None` when nothing passed decides it.
    pub(super) fn test_of(
        &self,
        function: &Function,
        paths: &[&Path],
        holds: impl Fn(usize) -> bool,
    ) -> Option<ArgumentTest> {
        (0..function.params.len()).flat_map(|param| self.sides(function, param, paths)).find_map(|sides| {
            let [yes, no] = sides.tests;
            let agrees = |wanted: bool| sides.held.iter().enumerate().all(|(at, side)| holds(at) == (*side == wanted));
            if agrees(true) { Some(yes) } else { agrees(false).then_some(no) }
        })
    }

    /// The test for zero of a parameter that led to all of the paths: a status that a check was given.
    pub(super) fn zero_test_of(&self, function: &Function, paths: &[&Path]) -> Option<ArgumentTest> {
        let (parameter, zero) = paths.first()?.branch?.zero?;
        let agreed = |path: &&Path| path.branch.is_some_and(|branch| branch.zero == Some((parameter, zero)));
        let is_it = |param: &usize| Symbol::of(("parameter", function.params[*param].local.index())) == parameter;
        let param = (0..function.params.len()).find(is_it)?;
        let test = if zero { ValueTest::Equals(0) } else { ValueTest::Differs(0) };
        let arg = AccessPath::root(parameter_root(function, param));
        paths.iter().all(agreed).then_some(ArgumentTest { arg, test })
    }
}

/// The returns that each target can reach, targets with the same ones together.
fn by_targets<'r>(returns: &[&'r Returned]) -> Vec<(TargetSet, Vec<&'r Returned>)> {
    let mut parts: Vec<(TargetSet, Vec<usize>)> = Vec::new();
    for target in TargetSet::ALL.each() {
        let reached: Vec<usize> = (0..returns.len()).filter(|at| returns[*at].path.targets.contains(target)).collect();
        match parts.iter_mut().find(|(_, known)| *known == reached) {
            Some((targets, _)) => *targets = targets.or(target),
            None if reached.is_empty() => {}
            None => parts.push((target, reached)),
        }
    }
    parts.into_iter().map(|(targets, reached)| (targets, reached.into_iter().map(|at| returns[at]).collect())).collect()
}

/// What a parameter was on each path: where the first test holds of it; the second holds on the others.
pub(super) struct Sides {
    held: Vec<bool>,
    tests: [ArgumentTest; 2],
}

/// By whether the result is null.
fn by_null<'r>(returns: &[&'r Returned]) -> Option<Vec<Group<'r>>> {
    let (null, other): (Vec<&Returned>, Vec<&Returned>) = returns.iter().partition(|returned| returned.value.is_null());
    // What may be null as well cannot be told from null.
    let certain = other.iter().all(|returned| match &returned.value {
        Value::Symbol(_) => false,
        // What was passed is as null as the caller made it.
        value => value.object().is_none_or(|id| {
            let object = returned.path.objects.get(&id);
            object.is_some_and(|object| object.non_null || object.path.is_some())
        }),
    });
    (certain && !null.is_empty() && !other.is_empty())
        .then(|| vec![(Guard::ResultNull, null), (Guard::ResultNonNull, other)])
}

/// By whether a call that the function hands the status of succeeded: whatever hangs on that, hangs on it for the
/// caller, too.
fn by_status(returns: &[&Returned]) -> Option<[Vec<Returned>; 2]> {
    let statuses = returns.iter().map(|returned| match returned.value {
        Value::Status(symbol, kind) => Some((symbol, kind)),
        _ => None,
    });
    let statuses: Vec<(Symbol, StatusKind)> = statuses.collect::<Option<_>>()?;
    let hangs = returns.iter().zip(&statuses).any(|(returned, (symbol, _))| {
        let mut objects = returned.path.objects.values();
        objects.any(|object| object.guard.is_some_and(|(on, _)| on == *symbol))
            || returned.path.known.contains_key(&Fact::Success(*symbol))
    });
    if !hangs || statuses.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        return None;
    }
    let [mut succeeded, mut failed] = [Vec::new(), Vec::new()];
    for (returned, (symbol, _)) in returns.iter().zip(statuses) {
        let [held, other] = on_status(returned.path.clone(), symbol);
        let on = |path: Path| Returned { path, value: returned.value.clone(), ..**returned };
        succeeded.extend(held.map(on));
        failed.extend(other.map(on));
    }
    Some([succeeded, failed])
}

/// By the result, where every return gives a constant.
fn by_constant<'r>(returns: &[&'r Returned]) -> Option<Vec<Group<'r>>> {
    let mut groups: Vec<Group<'r>> = Vec::new();
    for &returned in returns {
        let guard = Guard::ResultEquals(match &returned.value {
            Value::Bool(value) => Const::Bool(*value),
            Value::Int(value) => Const::Int(*value),
            _ => return None,
        });
        match groups.iter_mut().find(|(known, _)| *known == guard) {
            Some((_, group)) => group.push(returned),
            None => groups.push((guard, vec![returned])),
        }
    }
    (groups.len() > 1).then_some(groups)
}
