//! Exported functions whose contract contradicts itself: what one path returns must be released, what another returns
//! must not be; what the declaration or a model says is not what the body does.

use super::engine::{Engine, Exits, Returned};
use super::value::Value;
use crate::ir::{Function, Name};
use crate::source::Location;
use crate::summary::{FamilyId, FamilyRef, Ownership, ValueTest};
use crate::target::TargetSet;
use crate::violation::{Confidence, Given, Owner, Saying, Step, StepKind, Subject, Violation, ViolationKind};

/// A return, and whose what it gives is.
struct Gift<'r> {
    returned: &'r Returned,
    given: Given,
}

impl Engine<'_> {
    /// What is inconsistent in what the analysed function returns, if it is exported.
    pub(super) fn inconsistencies(&self, exits: &Exits) -> Vec<Violation> {
        let unit = &self.program.units[self.root.unit as usize];
        let Some(export) = unit.exports.iter().find(|export| export.function == self.root.function) else {
            return Vec::new();
        };
        if self.exhausted || !unit.language.is_native() {
            return Vec::new();
        }
        let function = self.program.function(self.root);
        let gifts: Vec<Gift> = exits.returns.iter().filter_map(|returned| self.gift(function, returned)).collect();
        let among = self.disagreement(function, &export.symbol, exits, &gifts);
        let with = || self.contradiction(&export.symbol, exits, &gifts);
        among.or_else(with).into_iter().collect()
    }

    fn gift<'r>(&self, function: &Function, returned: &'r Returned) -> Option<Gift<'r>> {
        if returned.path.doubtful {
            return None;
        }
        let given = match self.result_ownership(function, &returned.path, &returned.value) {
            Ownership::Owned(FamilyRef::Family(family)) => Given::Owned(family),
            Ownership::Static => Given::Static,
            Ownership::Borrowed { .. } => Given::Borrowed,
            _ => return None,
        };
        Some(Gift { returned, given })
    }

    /// Two returns of which one gives what the caller must release and the other what it must not, or must release
    /// otherwise.
    fn disagreement(&self, function: &Function, symbol: &Name, exits: &Exits, gifts: &[Gift<'_>]) -> Option<Violation> {
        let pairs = gifts.iter().flat_map(|owned| gifts.iter().map(move |other| (owned, other)));
        let wrong = pairs.filter_map(|(owned, other)| {
            let Given::Owned(family) = owned.given else { return None };
            let both = owned.returned.path.targets.and(other.returned.path.targets);
            let targets = match other.given {
                Given::Owned(of_other) => both.minus(self.models.same_on(family, of_other, self.versions)),
                Given::Static | Given::Borrowed => both,
            };
            (!targets.is_empty()).then_some((owned, other, family, targets))
        });
        // The same fault on another target is the same fault.
        let (owned, other, family, targets) =
            wrong.reduce(|first, next| (first.0, first.1, first.2, first.3.or(next.3)))?;
        if self.caller_can_tell(function, exits) {
            return None;
        }
        let mut trace = self.story(owned);
        trace.push(Step { kind: StepKind::Given { given: owned.given }, location: owned.returned.at });
        trace.extend(self.story(other));
        let kind = ViolationKind::Inconsistent {
            subject: self.subject_of(owned, family),
            function: symbol.clone(),
            other: other.given,
        };
        Some(self.inconsistent(kind, other.returned.at, trace, targets))
    }

    /// What the declaration or a model says of the result, where all that the body returns is something else.
    fn contradiction(&self, symbol: &Name, exits: &Exits, gifts: &[Gift<'_>]) -> Option<Violation> {
        let (said, saying) = self.said(symbol)?;
        let first = gifts.first()?;
        // All that is returned is known, and none of it is what was said.
        let known = exits.returns.iter().filter(|returned| !returned.value.is_null()).count();
        let differs = |gift: &Gift| {
            matches!((&said, gift.given), (Ownership::Owned(_), Given::Static | Given::Borrowed))
                || matches!((&said, gift.given), (Ownership::Static | Ownership::Borrowed { .. }, Given::Owned(_)))
        };
        if gifts.len() != known || !gifts.iter().all(differs) {
            return None;
        }
        let must_release = matches!(said, Ownership::Owned(_));
        let kind = ViolationKind::Contradicted { function: symbol.clone(), saying, must_release, given: first.given };
        let targets = gifts.iter().map(|gift| gift.returned.path.targets).fold(TargetSet::NONE, TargetSet::or);
        Some(self.inconsistent(kind, first.returned.at, self.story(first), targets))
    }

    /// What is said of the result of a symbol elsewhere than in its body.
    fn said(&self, symbol: &Name) -> Option<(Ownership, Saying)> {
        let result = |summary: &crate::summary::Summary| match summary.outcomes.as_slice() {
            [outcome] => Some(outcome.result.ownership.clone()),
            _ => None,
        };
        if let Some(summary) = self.program.declared_contract(symbol) {
            return Some((result(summary)?, Saying::Declaration));
        }
        // What the project says is for those who call; it may well know more than the body shows.
        let model = self.models.symbol(symbol, self.versions).filter(|model| !self.models.is_own(*model))?;
        Some((result(&self.models.function(model).summary)?, Saying::Model))
    }

    /// Whether what was passed decides whose the result is: `get(name, copy: true)`; or something handed back tells.
    fn caller_can_tell(&self, function: &Function, exits: &Exits) -> bool {
        let returns: Vec<&Returned> = exits.returns.iter().filter(|returned| !returned.value.is_null()).collect();
        let owned: Vec<bool> = returns
            .iter()
            .map(|returned| self.gift(function, returned).is_some_and(|gift| matches!(gift.given, Given::Owned(_))))
            .collect();
        let paths: Vec<&super::path::Path> = returns.iter().map(|returned| &returned.path).collect();
        let by_flag = self.test_of(function, &paths, |at| owned.get(at) == Some(&true));
        if by_flag.is_some_and(|test| matches!(test.test, ValueTest::Equals(_) | ValueTest::Differs(_))) {
            return true;
        }
        // `*must_free = true`
        let flags = |path: &super::path::Path| {
            let of = path.heap.iter().filter(|((owner, _), value)| {
                let given = path.objects.get(owner).is_some_and(|owner| owner.path.is_some());
                given && matches!(value, Value::Bool(_) | Value::Int(_))
            });
            of.map(|(place, value)| (place.clone(), value.clone())).collect::<Vec<_>>()
        };
        let flags: Vec<_> = paths.iter().map(|path| flags(path)).collect();
        let mut pairs = flags.iter().zip(&owned);
        let Some(of_owned) = pairs.find(|(_, owned)| **owned).map(|(flags, _)| flags) else { return false };
        let of_others = flags.iter().zip(&owned).filter(|(_, owned)| !**owned).map(|(flags, _)| flags);
        of_others.clone().count() > 0
            && of_others.into_iter().all(|others| {
                of_owned.iter().any(|(place, value)| others.iter().any(|(other, of)| other == place && of != value))
            })
    }

    fn story(&self, gift: &Gift<'_>) -> Vec<Step> {
        let path = &gift.returned.path;
        let object = gift.returned.value.object().and_then(|id| path.objects.get(&id));
        let steps = object.map(|object| object.story.steps.clone()).unwrap_or_default();
        let told = |step: &Step| {
            matches!(
                step.kind,
                StepKind::Allocated { .. }
                    | StepKind::Received { .. }
                    | StepKind::Borrowed { owner: Owner::Static | Owner::Library | Owner::Supposed, .. }
            )
        };
        steps.into_iter().filter(told).collect()
    }

    fn subject_of(&self, gift: &Gift<'_>, family: FamilyId) -> Subject {
        let path = &gift.returned.path;
        let id = gift.returned.value.object();
        let subject = id.and_then(|id| self.subject(id, path.objects.get(&id)?));
        subject.unwrap_or_else(|| Subject {
            family,
            origin: Name::default(),
            made_by: Name::default(),
            held_by: None,
            release: None,
        })
    }

    fn inconsistent(&self, kind: ViolationKind, at: Location, trace: Vec<Step>, targets: TargetSet) -> Violation {
        Violation { kind, function: self.root, at, trace, targets, confidence: Confidence::High }
    }
}
