//! Callees that run closures: `using((arena) {…})`, `list.forEach(…)`.

use super::calls::Calling;
use super::engine::{Engine, Returned, Run, Setting};
use super::path::{Object, Path};
use super::value::{ObjectId, Symbol, Value};
use crate::summary::{Basis, ClosureRun, Given, RunTimes, Summary};
use crate::violation::Owner;

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
                (None, Some(outcome)) => self.result(&mut path, &calling, &outcome.result, summary.basis, 0),
                (None, None) => self.fresh(&mut path, calling.site, 0),
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
        let closure = match (closure, closure_run.times) {
            (Some(Value::Closure(closure)), RunTimes::Once | RunTimes::Many) => self.closures[closure as usize].clone(),
            (Some(other), times) => {
                self.note_closure_run(&mut path, &other, closure_run, calling);
                if let Value::Closure(closure) = other {
                    self.capture_later(&mut path, calling, closure, times);
                }
                self.escape(&mut path, &other);
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
                                500 + index as u16,
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
                        Given::Element(_) | Given::Unknown => self.fresh(&mut path, calling.site, 600 + index as u16),
                    });
                }
                let mut ambient = self.ambient(calling.site.frame);
                if let Some(family) = closure_run.ambient {
                    let origin = self.site_origin(calling, 499, Some(family), Owner::Arena, Basis::DocsRead);
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

    /// An arena that the callee opens for a closure, and ends.
    fn give_scope(&mut self, path: &mut Path, calling: &Calling, origin: u32) -> ObjectId {
        let depth = self.frames[calling.site.frame as usize].depth;
        self.given.insert(origin, depth);
        let object = Object { non_null: true, ..Object::unknown(None) };
        self.allocate(path, origin, object)
    }
}
