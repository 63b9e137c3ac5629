//! Callees that run closures: `using((arena) {…})`, `list.forEach(…)`.

use super::calls::Calling;
use super::engine::{Engine, Run};
use super::path::{Object, Path};
use super::value::{Symbol, Value};
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
            let value = match (value, summary.outcomes.first()) {
                (Some(value), _) => value,
                (None, Some(outcome)) => {
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
                    self.result(&mut path, &calling, &outcome.result, summary.basis, 0)
                }
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
            (Some(other), _) => {
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
                            let scope = self.allocate(&mut path, origin, Object::unknown(None));
                            scopes.push(scope);
                            Value::Scope(scope)
                        }
                        Given::Value(at) => self
                            .value_at(&path, calling, at)
                            .unwrap_or_else(|| Value::Symbol(Symbol::of((calling.site, index)))),
                        Given::Element(_) | Given::Unknown => self.fresh(&mut path, calling.site, 600 + index as u16),
                    });
                }
                match self.run_closure(run, calling.site, &closure, values, path) {
                    Ok(returned) => {
                        for (mut path, result) in returned {
                            for scope in &scopes {
                                self.end_scope(&mut path, *scope, calling);
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
}
