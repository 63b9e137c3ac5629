//! Functions of the program that do what `using` does: they make an arena, run a closure in it, and end it.

use super::calls::Calling;
use super::engine::{Engine, Exits};
use super::path::Path;
use super::summaries::parameter_root;
use super::value::{ObjectId, Symbol, Value};
use crate::state::Ownership;
use crate::summary::{AccessPath, ClosureRun, FamilyId, Given, RunTimes};

/// A call of a closure that the analysed function was given.
#[derive(Debug)]
pub(super) struct ClosureCall {
    /// The parameter, by its place.
    param: usize,
    gives: Vec<Passed>,
    result: Symbol,
}

/// What the closure is called with.
#[derive(Debug, PartialEq)]
enum Passed {
    /// An arena that was made here.
    Made(ObjectId),
    /// An arena of that family that a callee opens and ends.
    Given(FamilyId),
    Something,
}

impl Engine<'_> {
    /// The parameter that a value is, where that holds no memory.
    fn closure_parameter(&self, value: &Value) -> Option<usize> {
        let Value::Symbol(symbol) = value else { return None };
        if !self.parameters.contains(symbol) {
            return None;
        }
        let count = self.program.function(self.root).locals.len();
        let local = (0..count).find(|index| Symbol::of(("parameter", *index)) == *symbol)?;
        self.program.function(self.root).params.iter().position(|param| param.local.index() == local)
    }

    /// A closure that the analysed function was given is called.
    pub(super) fn note_closure_call(&mut self, path: &mut Path, callee: &Value, calling: &mut Calling) {
        let Some(param) = self.closure_parameter(callee) else { return };
        let gives = calling.args.iter().map(|arg| match &arg.value {
            Value::Scope(id) => match self.given.contains_key(&id.origin) {
                true => self.origins[id.origin as usize].family.map_or(Passed::Something, Passed::Given),
                false => Passed::Made(*id),
            },
            _ => Passed::Something,
        });
        let gives: Vec<Passed> = gives.collect();
        // Whether the closure ends the arena is the caller's affair.
        for passed in &gives {
            if let Passed::Made(id) = passed {
                self.charge(path, *id, calling);
                self.ledger.entry(id.origin).or_default().drained = true;
            }
        }
        calling.args.retain(|arg| !matches!(arg.value, Value::Scope(_)));
        path.ran = true;
        self.closure_calls.push(ClosureCall { param, gives, result: Symbol::of((calling.site, 0u16)) });
    }

    /// A closure that the analysed function was given is handed to a callee that runs it.
    pub(super) fn note_closure_run(&mut self, path: &mut Path, closure: &Value, run: &ClosureRun, calling: &Calling) {
        if run.times != RunTimes::Once {
            return;
        }
        let Some(param) = self.closure_parameter(closure) else { return };
        let gives = run.gives.iter().map(|given| match given {
            Given::Scope(family) => Passed::Given(*family),
            _ => Passed::Something,
        });
        path.ran = true;
        let result = Symbol::of((calling.site, 0u16));
        self.closure_calls.push(ClosureCall { param, gives: gives.collect(), result });
    }

    /// The closure parameters that the analysed function runs in an arena that it ends.
    pub(super) fn runs(&self, exits: &Exits) -> Vec<ClosureRun> {
        let Some(call) = self.closure_calls.first() else { return Vec::new() };
        let same =
            |other: &ClosureCall| other.param == call.param && other.gives == call.gives && other.result == call.result;
        let everywhere = exits.returns.iter().all(|returned| returned.path.ran);
        if !self.closure_calls.iter().all(same) || !everywhere {
            return Vec::new();
        }
        let gives: Vec<Given> = call.gives.iter().map(|passed| self.given_by(passed, exits)).collect();
        if !gives.iter().any(|given| matches!(given, Given::Scope(_))) {
            return Vec::new();
        }
        let result = Value::Symbol(call.result);
        let function = self.program.function(self.root);
        vec![ClosureRun {
            closure: AccessPath::root(parameter_root(function, call.param)),
            times: RunTimes::Once,
            gives,
            returned: exits.returns.iter().all(|returned| returned.value == result),
            ambient: None,
        }]
    }

    fn given_by(&self, passed: &Passed, exits: &Exits) -> Given {
        match passed {
            Passed::Given(family) => Given::Scope(*family),
            Passed::Made(id) => {
                let open = |path: &Path| {
                    let object = path.objects.get(id);
                    object.is_some_and(|object| object.ownership != Ownership::Unknown)
                };
                let ended = self.ended.contains(&id.origin)
                    && !exits.returns.iter().any(|returned| open(&returned.path))
                    && !self.ledger.get(&id.origin).is_some_and(|ledger| ledger.escaped);
                let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
                family.filter(|_| ended).map_or(Given::Unknown, Given::Scope)
            }
            Passed::Something => Given::Unknown,
        }
    }
}
