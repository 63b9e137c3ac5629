//! Callees that run closures: `using((arena) {…})`, `list.forEach(…)`.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, MAX_DEPTH, Returned, Role, Run, Setting};
use super::path::{Flight, Object, Path};
use super::summaries::parameter_root;
use super::value::{ObjectId, Symbol, Value};
use crate::ir::{Callee, Flavor, FunctionKind, LocalId, LocalKind, Op, Operand};
use crate::link::{FuncRef, Functions, Target};
use crate::summary::{AccessPath, Basis, ClosureRun, Given, Outcome, Ownership, RunTimes, Summary, ValueTest};
use crate::violation::{Owner, Thrower};

/// The most blocks of a function that is run where it is called: helpers are small.
const MAX_BLOCKS: usize = 24;

impl Engine<'_> {
    /// A callee that runs closures: `using((arena) {…})`, `list.forEach(…)`.
    pub(super) fn apply_runs(
        &mut self,
        run: &mut Run,
        summary: &Summary,
        calling: Calling,
        path: Path,
        out: &mut Vec<Path>,
    ) {
        let mut paths = vec![(path, None)];
        for closure_run in &summary.runs {
            let mut next = Vec::new();
            for (path, value) in paths {
                // One of several closures gives the result.
                if closure_run.returned && value.is_some() {
                    next.push((path, value));
                    continue;
                }
                self.apply_run(run, closure_run, &calling, path, value, &mut next);
            }
            paths = next;
        }
        for (mut path, value) in paths {
            let outcome = summary.outcomes.first();
            if let Some(outcome) = outcome {
                self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
            }
            let value = match (value, outcome) {
                (Some(value), _) => value,
                (None, Some(outcome)) => self.result(&mut path, &calling, &outcome.result, summary.basis, Role::Result),
                (None, None) => self.fresh(&mut path, calling.site, Role::Result),
            };
            self.finish(&calling, path, value, out);
        }
    }

    fn apply_run(
        &mut self,
        run: &mut Run,
        closure_run: &ClosureRun,
        calling: &Calling,
        mut path: Path,
        value: Option<Value>,
        out: &mut Vec<(Path, Option<Value>)>,
    ) {
        let closure = self.value_at(&path, calling, &closure_run.closure);
        if closure_run.times == RunTimes::Maybe {
            let Some((path, null)) = self.where_given(closure_run, calling, path.clone()) else {
                closure.iter().for_each(|closure| self.escape(&mut path, closure));
                let value = self.fresh(&mut path, calling.site, Role::Result);
                out.push((path, Some(value)));
                return;
            };
            out.extend(null.map(|path| (path, None)));
            let Some(path) = path else { return };
            let run_once = ClosureRun { times: RunTimes::Once, ..closure_run.clone() };
            return self.apply_run(run, &run_once, calling, path, value, out);
        }
        let closure = match (closure, closure_run.times) {
            (Some(Value::Closure(closure)), RunTimes::Once | RunTimes::Many) => self.closures[closure as usize].clone(),
            (Some(function @ (Value::Model(..) | Value::Function(_) | Value::Constructor(_))), RunTimes::Once)
                if closure_run.returned =>
            {
                return self.run_function(run, closure_run, calling, &function, path, out);
            }
            (Some(other), times) => {
                self.note_closure_run(&mut path, &other, closure_run, calling);
                if let Value::Closure(closure) = other {
                    self.capture_later(&mut path, calling, closure, times);
                }
                self.escape(&mut path, &other);
                // What runs is not known: it may take what it is given.
                if closure_run.times == RunTimes::Once && self.is_native(calling.site.frame) {
                    let given = closure_run.gives.iter().filter_map(|given| match given {
                        Given::Value(at) => self.value_at(&path, calling, at),
                        _ => None,
                    });
                    let given: Vec<Value> = given.collect();
                    given.iter().for_each(|given| self.escape(&mut path, given));
                    let value =
                        closure_run.returned.then(|| self.fresh(&mut path, calling.site, Role::Result)).or(value);
                    out.push((path, value));
                    return;
                }
                out.push((path, value));
                return;
            }
            (None, _) => {
                out.push((path, value));
                return;
            }
        };
        let rounds = if closure_run.times == RunTimes::Once { 1 } else { 2 };
        let mut before = vec![(path, value)];
        if closure_run.times == RunTimes::Many {
            out.extend(before.iter().cloned());
        }
        for _ in 0..rounds {
            let mut after = Vec::new();
            for (mut path, value) in before {
                let mut scopes = Vec::new();
                let mut values = Vec::new();
                for (index, given) in closure_run.gives.iter().enumerate() {
                    values.push(match given {
                        Given::Scope(family) => {
                            let origin = self.site_origin(
                                calling,
                                Role::Passed(index as u16),
                                Some(*family),
                                Owner::Arena,
                                Basis::DocsRead,
                            );
                            let scope = self.give_scope(&mut path, calling, origin);
                            scopes.push(scope);
                            Value::Scope(scope)
                        }
                        Given::Value(at) => self
                            .value_at(&path, calling, at)
                            .unwrap_or_else(|| Value::Symbol(Symbol::of((calling.site, index)))),
                        Given::Element(_) | Given::Unknown => {
                            self.fresh(&mut path, calling.site, Role::Passed(index as u16))
                        }
                    });
                }
                let mut ambient = self.ambient(calling.site.frame);
                if let Some(family) = closure_run.ambient {
                    let origin = self.site_origin(calling, Role::Ambient, Some(family), Owner::Arena, Basis::DocsRead);
                    let scope = self.give_scope(&mut path, calling, origin);
                    scopes.push(scope);
                    ambient = Some(scope);
                }
                let setting = Setting { ambient, detached: None };
                match self.run_closure(run, calling.site, &closure, values, setting, path) {
                    Ok(returned) => {
                        for Returned { mut path, value: result, at, .. } in returned {
                            for scope in &scopes {
                                self.leave_scope(&mut path, *scope, closure.function, &result, at);
                                self.end_scope(&mut path, *scope, &calling.name, calling.at);
                            }
                            // What each round gives is collected: `List.generate`, `map`.
                            if !closure_run.returned && closure_run.times == RunTimes::Many {
                                self.escape(&mut path, &result);
                            }
                            after.push((path, if closure_run.returned { Some(result) } else { value.clone() }));
                        }
                    }
                    Err(path) => after.push((*path, value)),
                }
            }
            out.extend(after.iter().cloned());
            before = after;
        }
        if out.len() > 16 {
            out.truncate(16);
        }
    }

    /// The paths on which what a closure receives is there, and on which it is not; nothing when that is out of sight.
    fn where_given(&self, run: &ClosureRun, calling: &Calling, path: Path) -> Option<(Option<Path>, Option<Path>)> {
        let Some(Given::Value(at)) = run.gives.first() else { return None };
        let value = self.value_at(&path, calling, at)?;
        if value.is_null() {
            return Some((None, Some(path)));
        }
        value.object()?;
        let [null, there] = self.split_argument(path, &value, &ValueTest::Null);
        Some((there, null))
    }

    /// A function that is named where a closure could stand: `map(CString::into_raw)`.
    fn run_function(
        &mut self,
        run: &mut Run,
        closure_run: &ClosureRun,
        calling: &Calling,
        function: &Value,
        path: Path,
        out: &mut Vec<(Path, Option<Value>)>,
    ) {
        let mut args: Vec<ArgValue> = Vec::new();
        for given in &closure_run.gives {
            let Given::Value(at) = given else { continue };
            let Some(value) = self.value_at(&path, calling, at) else { continue };
            args.push(ArgValue { name: None, value, ty: None });
        }
        let target = match function {
            Value::Model(model, _) => Target::Model(*model),
            Value::Constructor(class) => Target::DefaultConstructor(*class),
            Value::Function(function) => Target::Functions(Box::new(Functions {
                candidates: [*function].into_iter().collect(),
                complete: true,
                implicit_this: false,
                model: None,
            })),
            _ => Target::Unknown,
        };
        let mut inner = Calling { receiver: None, args, ..calling.clone() };
        if let Target::Model(model) = &target {
            inner.name = self.models.function(*model).name.replace('.', "::").into();
        }
        if self.takes_receiver_first(calling.site.frame, &target, inner.args.len()) {
            inner.receiver = Some(inner.args.remove(0));
        }
        let mut done = Vec::new();
        self.dispatch(run, &target, inner, false, path, &mut done);
        for path in done {
            let value = calling.result.map(|result| self.local(calling.site.frame, &path, result));
            out.push((path, value));
        }
    }

    /// Whether a function of the program calls a closure that it is given here: what that does depends on where it is
    /// written, so that no contract of the function can tell it.
    pub(super) fn runs_what_it_is_given(&self, function: FuncRef, calling: &Calling) -> bool {
        let body = self.program.function(function);
        let in_place = body.flavor == Flavor::Sync
            && body.kind != FunctionKind::Constructor
            && (1..=MAX_BLOCKS).contains(&body.blocks.len())
            && body.incomplete.is_none()
            && self.frames[calling.site.frame as usize].depth < MAX_DEPTH
            && self.contract(function).is_none_or(|summary| {
                // What it allocates and hands out is better told by its contract.
                let gives = |outcome: &Outcome| matches!(outcome.result.ownership, Ownership::Owned(_));
                summary.runs.is_empty() && !summary.outcomes.iter().any(gives)
            });
        in_place
            && body.params.iter().enumerate().any(|(index, param)| {
                let root = AccessPath::root(parameter_root(body, index));
                let given = calling.root(&root).is_some_and(|arg| matches!(arg.value, Value::Closure(_)));
                given && body.blocks.iter().flat_map(|block| &block.ops).any(|op| calls(&op.op, param.local))
            })
    }

    /// Runs a function of the program where it is called.
    pub(super) fn run_in_place(
        &mut self,
        run: &mut Run,
        function: FuncRef,
        calling: Calling,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        let body = self.program.function(function);
        let guarded = self.sees_exceptions(run, calling.site.block);
        let frame = self.function_frame(calling.site, function, guarded);
        let at = self.at;
        for (index, local) in body.locals.iter().enumerate() {
            let id = LocalId(index as u32);
            let given = match local.kind {
                LocalKind::This => calling.receiver.as_ref(),
                LocalKind::Param => {
                    let param = body.params.iter().position(|param| param.local == id);
                    param.and_then(|param| calling.root(&AccessPath::root(parameter_root(body, param))))
                }
                _ => continue,
            };
            let copied = self.resolved(frame).types.get(index).is_some_and(|ty| self.is_copied(frame, ty));
            let value = given.filter(|_| !copied).map(|arg| arg.value.clone());
            let value = value.unwrap_or_else(|| self.fresh(&mut path, calling.site, Role::Returned(index as u16)));
            self.assign(frame, &mut path, id, value);
        }
        let exits = self.run(frame, path);
        self.at = at;
        for mut path in exits.throws {
            // Whoever reads of it sees the call.
            let inner = path.flight.take().unwrap_or(Flight::of(None));
            let thrower = inner.thrower.map(|_| (Thrower::Callee(calling.name.clone()), calling.at));
            self.throw(run, calling.site.block, path, Flight { thrower, ..inner });
        }
        for returned in exits.returns {
            self.finish(&calling, returned.path, returned.value, out);
        }
    }

    /// An arena that the callee opens for a closure, and ends.
    fn give_scope(&mut self, path: &mut Path, calling: &Calling, origin: u32) -> ObjectId {
        let depth = self.frames[calling.site.frame as usize].depth;
        self.given.insert(origin, depth);
        let object = Object { non_null: true, ..Object::unknown(None) };
        self.allocate(path, origin, object)
    }
}

/// Whether an operation calls what a local holds.
fn calls(op: &Op, local: LocalId) -> bool {
    matches!(op, Op::Call(call) if matches!(&call.callee, Callee::Value(Operand::Local(callee)) if *callee == local))
}
