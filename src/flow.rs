//! One function to its fixpoint → its summary and its violations.
//!
//! [`analyse`] walks the call graph bottom-up. `engine` drives the paths of one function, `ops` and `calls` execute
//! operations, `apply` lets contracts happen, `objects` asks the transition function, `memory` knows what memory
//! holds, `outcome` takes stock at the exits, `summaries` turns them into the contract that callers use.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use crate::ir::{FunctionId, FunctionKind, LocalKind};
use crate::link::{FuncRef, Program, Ty};
use crate::models::ModelSet;
use crate::state::Ownership;
use crate::summary::{AccessPath, Root, Summary};
use crate::target::TargetSet;
use crate::violation::{Owner, Violation};
use engine::{Engine, Origin, OriginKey, Recursion};
pub use offered::OfferedRelease;
use path::{Object, Path};
pub use recorded::{Course, Courses, Fate, Loss, Passing};
pub use renewed::Results;
use summaries::Summaries;

mod adoption;
mod allocators;
mod answers;
mod apply;
mod asked;
mod awaited;
mod bounds;
mod callables;
mod callbacks;
mod callers;
mod calls;
mod caught;
mod concluded;
mod conditions;
mod consistency;
mod construction;
mod constructors;
mod contents;
mod copies;
mod defaults;
mod definitions;
mod drained;
mod engine;
mod exports;
mod failures;
mod fates;
mod fields;
mod finalized_fields;
mod finalizers;
mod guards;
mod handed_out;
mod handles;
mod info;
mod instances;
mod interior;
mod kept;
mod lasting;
mod leaf_calls;
mod leaked_elements;
mod leaked_fields;
mod left;
mod lengths;
mod lent_functions;
mod lent_items;
mod lifetimes;
mod liveness;
mod lost_views;
mod making;
mod memory;
mod names;
mod numbers;
mod objects;
mod offered;
mod opening;
mod ops;
mod origin;
mod outcome;
mod overridden;
mod owners;
mod parts;
mod path;
mod perhaps;
mod places;
mod premature;
mod questions;
mod reach;
mod reads;
mod recorded;
mod records;
mod references;
mod renewed;
mod replaced;
mod replaced_objects;
mod resets;
mod results;
mod rounds;
mod runs;
mod scopes;
mod setters;
mod settled;
mod shared;
mod sizes;
mod started;
mod started_closures;
mod started_contracts;
mod structs;
mod summaries;
mod table;
mod texts;
mod types;
mod unknown;
mod until;
mod value;
mod views;
mod wrappers;
mod written;

/// What the flow stage needs to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The targets that are looked at.
    pub targets: TargetSet,
    /// How many operations may be executed abstractly in one function.
    pub step_budget: u32,
    /// Whether the contracts of all functions are asked for afterwards.
    pub keep_contracts: bool,
    /// Whether functions are [analysed again](Results::renew) afterwards.
    pub keep_results: bool,
    /// Whether it is recorded what becomes of all memory.
    pub records: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            targets: TargetSet::ALL,
            step_budget: 100_000,
            keep_contracts: false,
            keep_results: false,
            records: false,
        }
    }
}

/// What the flow stage found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The violations, in the order of files, functions and places; each once.
    pub violations: Vec<Violation>,
    /// Functions that reached their step budget: what lies behind it was not looked at.
    pub incomplete: Vec<FuncRef>,
    /// Functions on which the analysis failed, and the words of the failure: a fault of ffilint.
    pub failed: Vec<(FuncRef, String)>,
    /// How many functions were analysed.
    pub functions: usize,
    /// The exports of native code that release what they are given.
    pub offered: Vec<OfferedRelease>,
    contracts: Vec<Vec<Option<Arc<Summary>>>>,
    /// What was found, function by function, where it was [kept](Options::keep_results).
    pub results: Option<Results>,
}

impl Analysis {
    /// The contract of a function, where it is known and was [kept](Options::keep_contracts).
    #[must_use]
    pub fn contract(&self, function: FuncRef) -> Option<Arc<Summary>> {
        self.contracts.get(function.unit as usize)?.get(function.function.index())?.clone()
    }
}

/// Analyses the whole program: summaries bottom-up, then violations.
#[must_use]
pub fn analyse(program: &Program, models: &ModelSet, options: &Options) -> Analysis {
    let summaries = Summaries::new(program);
    let stated = program.stated();
    for function in stated.functions() {
        // Nobody will look at a body.
        if !program.function(function).has_blocks()
            && let Some(summary) = stated.of(function, None)
        {
            summaries.set(function, summary.into());
        }
    }
    let closures: Vec<Vec<Vec<FunctionId>>> = program.units.par_iter().map(|unit| closures_by_parent(unit)).collect();
    let mut analysis = Analysis::default();
    let mut incomplete = Vec::new();
    let mut by_root = Vec::new();
    let mut passed = Vec::new();
    let mut alike = summaries::Alike::default();
    let mut fields = fields::Fields::default();
    let reach = reach::Reach::of(program, options.keep_contracts);
    for level in levels(program) {
        let level = match level {
            Layer::Groups(groups) => groups,
            // What native code passes to callbacks is known now.
            Layer::Boundary => {
                let contracts = callbacks::Contracts::new(program, std::mem::take(&mut passed));
                summaries.set_callbacks(contracts);
                continue;
            }
        };
        let mut level = level;
        level.iter_mut().for_each(|group| group.retain(|function| reach.has(program, *function)));
        level.retain(|group| !group.is_empty());
        let analyse = |group: Vec<FuncRef>| {
            let recursion = guarded(|| settle_recursion(program, models, options, &summaries, &group)).ok().flatten();
            let each = group.into_iter().map(|function| {
                let analyse =
                    || analyse_function(program, models, options, &summaries, recursion.as_ref(), &closures, function);
                (function, guarded(analyse))
            });
            each.collect::<Vec<_>>()
        };
        let found: Vec<_> = level.into_par_iter().with_max_len(PIECE).flat_map_iter(analyse).collect();
        // Only now: what a function of the same layer sees must not depend on who was first.
        for (function, found) in found {
            let found = found.unwrap_or_else(|reason| {
                analysis.failed.push((function, reason));
                Found::default()
            });
            if let Some(summary) = stated.of(function, found.summary.as_deref()).map(Into::into).or(found.summary) {
                summaries.set(function, alike.shared(summary));
            }
            analysis.functions += found.functions;
            let Some(mut noted) = found.noted else { continue };
            passed.append(&mut noted.passed);
            fields.add(noted.fields);
            noted.incomplete.iter().for_each(|function| fields.give_up(function.unit));
            incomplete.extend(noted.incomplete.drain(..).map(|inner| (function, inner)));
            if !noted.violations.is_empty() {
                by_root.push((function, noted.violations));
            }
        }
    }
    by_root.sort_by_key(|(function, _)| *function);
    analysis.failed.sort_by_key(|(function, _)| *function);
    incomplete.sort_by_key(|(root, _)| *root);
    analysis.incomplete = incomplete.into_iter().map(|(_, function)| function).collect();
    let of_fields = fields.mismatches(program, models);
    let mut others = finalized_fields::released_by_hand(program, models, &summaries, &fields);
    others.extend(leaked_fields::unreleased(program, models, &summaries, &fields));
    others.extend(leaked_elements::unreleased(program, models, &fields));
    others.extend(replaced_objects::replaced(program, models, &summaries, &fields));
    others.extend(premature::finalizations(program, models));
    others.extend(started::released_early(program, models, &summaries));
    others.extend(drained::drained_twice(program, models, &summaries));
    let mut results = Results { summaries, reach, closures, by_root, of_fields, others, unreleased: Vec::new() };
    analysis.violations = results.violations(program);
    results.unreleased = exports::without_release(program, models, options, &results.summaries, &analysis.violations);
    analysis.violations.extend(results.unreleased.iter().cloned());
    analysis.offered = offered::releases(program, &results.summaries);
    match options.keep_results {
        true => analysis.results = Some(results),
        false if options.keep_contracts => analysis.contracts = results.summaries.into_all(),
        false => {}
    }
    analysis
}

/// Runs what may panic: a fault in one place must not take the others with it.
///
/// # Errors
///
/// The first line of the panic's words.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let words = payload.downcast_ref::<&str>().copied();
        let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        words.unwrap_or("unknown").lines().next().unwrap_or_default().to_owned()
    })
}

/// Groups of functions that are one piece of work at most: those of a file, which stand together, are often alike.
const PIECE: usize = 16;

/// The largest set of functions that call each other whose contracts are worked out together.
const MAX_RECURSION: usize = 8;

/// The contracts of functions that call each other, from the ways through them that do not come round again; nothing
/// for a function that calls no such.
fn settle_recursion(
    program: &Program,
    models: &ModelSet,
    options: &Options,
    summaries: &Summaries,
    group: &[FuncRef],
) -> Option<Recursion> {
    let calls_itself = |function: &FuncRef| program.callees(*function).contains(function);
    if group.len() < 2 && !group.iter().all(calls_itself) {
        return None;
    }
    let mut recursion: Recursion = group.iter().map(|function| (*function, None)).collect();
    for function in group {
        let body = program.function(*function);
        let summary = (body.has_blocks() && body.incomplete.is_none()).then(|| {
            let mut engine = Engine::new(program, models, options, summaries, *function);
            engine.recursion = Some(&recursion);
            let exits = run_function(&mut engine, program, *function, options);
            engine.summarise(&exits).filter(|_| !exits.returns.is_empty())
        });
        let summary = summary.flatten();
        let stated = program.stated().of(*function, summary.as_ref());
        match stated.or(summary) {
            Some(summary) => recursion.insert(*function, Some(std::sync::Arc::new(summary))),
            None => recursion.remove(function),
        };
    }
    Some(recursion)
}

#[derive(Default)]
struct Found {
    summary: Option<Arc<Summary>>,
    functions: usize,
    noted: Option<Box<Noted>>,
}

/// What there is to say of few functions.
#[derive(Default)]
struct Noted {
    violations: Vec<Violation>,
    incomplete: Vec<FuncRef>,
    passed: Vec<callbacks::Passed>,
    fields: fields::FieldNotes,
    courses: Courses,
}

impl Noted {
    fn is_empty(&self) -> bool {
        self.violations.is_empty()
            && self.incomplete.is_empty()
            && self.passed.is_empty()
            && self.fields.is_empty()
            && self.courses.is_empty()
    }
}

fn analyse_function(
    program: &Program,
    models: &ModelSet,
    options: &Options,
    summaries: &Summaries,
    recursion: Option<&Recursion>,
    closures: &[Vec<Vec<FunctionId>>],
    root: FuncRef,
) -> Found {
    let mut found = Found::default();
    let mut noted = Noted::default();
    let mut inlined = rustc_hash::FxHashSet::default();
    // The function first, then those of its closures that nothing ran in place, outer ones first.
    let mut todo = vec![root];
    while let Some(function) = todo.pop() {
        let body = program.function(function);
        if !inlined.contains(&function) && body.has_blocks() && body.incomplete.is_none() {
            let mut engine = Engine::new(program, models, options, summaries, function);
            engine.recursion = recursion;
            let exits = run_function(&mut engine, program, function, options);
            found.functions += 1;
            if engine.exhausted {
                noted.incomplete.push(function);
            } else {
                if body.kind != FunctionKind::Closure {
                    found.summary = engine.summarise(&exits).map(Arc::new);
                    noted.violations.append(&mut engine.inconsistencies(&exits));
                }
                if body.kind == FunctionKind::Initializer {
                    engine.note_initial(&exits);
                }
                engine.note_finalized(&exits);
                noted.passed.append(&mut engine.close(exits));
                engine.conclude_suspects();
                noted.violations.append(&mut engine.violations);
                noted.courses.append(std::mem::take(&mut engine.courses));
                noted.fields.append(std::mem::take(&mut engine.fields));
            }
            inlined.extend(engine.inlined.iter().copied());
        }
        let children = closures[root.unit as usize].get(function.function.index()).into_iter().flatten();
        todo.extend(children.rev().map(|child| FuncRef { unit: root.unit, function: *child }));
    }
    // What holds where the file is not built or run holds nowhere.
    let there = program.file(root.unit).targets;
    noted.violations.iter_mut().for_each(|violation| violation.targets = violation.targets.and(there));
    noted.violations.retain(|violation| !violation.targets.is_empty());
    noted.violations.sort_by_key(|violation| violation.at);
    found.noted = (!noted.is_empty()).then(|| noted.into());
    found
}

/// The closures written directly in each function of a unit.
fn closures_by_parent(unit: &crate::ir::Unit) -> Vec<Vec<FunctionId>> {
    let mut children = vec![Vec::new(); unit.functions.len()];
    for (index, function) in unit.functions.iter().enumerate() {
        if let Some(siblings) = function.parent.and_then(|parent| children.get_mut(parent.index())) {
            siblings.push(FunctionId(index as u32));
        }
    }
    children
}

fn run_function(engine: &mut Engine<'_>, program: &Program, function: FuncRef, options: &Options) -> engine::Exits {
    let body = program.function(function);
    let frame = engine.root_frame();
    let mut path = Path::new(options.targets);
    let resolved = &program.resolved[function.unit as usize][function.function.index()];
    for (index, local) in body.locals.iter().enumerate() {
        let id = crate::ir::LocalId(index as u32);
        let root = match local.kind {
            LocalKind::This => Root::This,
            LocalKind::Param => {
                let Some(param) = body.params.iter().position(|param| param.local == id) else { continue };
                summaries::parameter_root(body, param)
            }
            LocalKind::Captured if local.name == "this" => Root::This,
            _ => continue,
        };
        let ty = resolved.types.get(index);
        if matches!(ty, Some(Ty::Scalar | Ty::String | Ty::Void | Ty::Function(..))) {
            let symbol = value::Symbol::of(("parameter", index));
            engine.parameters.insert(symbol);
            engine.assign(frame, &mut path, id, value::Value::Symbol(symbol));
            continue;
        }
        let location = engine.location(frame, local.span);
        let param = body.params.iter().position(|param| param.local == id);
        if let Some(value) = param.and_then(|param| engine.callback_argument(&mut path, id, param, location)) {
            engine.assign(frame, &mut path, id, value);
            continue;
        }
        let scope = ty.and_then(|ty| engine.scope_type(ty));
        let owned = ty.and_then(|ty| engine.owning_family(frame, ty));
        let origin = engine.origin(OriginKey::Entry(id), |_| Origin {
            by: local.name.clone(),
            made_by: local.name.clone(),
            location,
            basis: crate::summary::Basis::Body,
            family: scope.or(owned),
            owner: Owner::Value(local.name.clone()),
            targets: TargetSet::ALL,
            leak_matters: false,
            part_of: None,
            sometimes: false,
        });
        // What is done to a copy is not done to what was passed.
        let copied = ty.is_some_and(|ty| engine.is_copied(frame, ty));
        let given = (!copied).then(|| AccessPath::root(root));
        let ownership = if owned.is_some() { Ownership::Managed } else { Ownership::Unknown };
        let object = engine.allocate(&mut path, origin, Object { ownership, ..Object::unknown(given) });
        let value = if scope.is_some() { value::Value::Scope(object) } else { calls::start(object) };
        engine.assign(frame, &mut path, id, value);
    }
    engine.run(frame, path)
}

/// The functions in layers: what a layer calls lies in earlier ones, recursion apart. Closures are analysed with the
/// function they are written in.
fn levels(program: &Program) -> Vec<Layer> {
    let layers = layers(program);
    if program.callbacks().is_empty() {
        return layers.into_iter().map(Layer::Groups).collect();
    }
    // No native function waits for what a Dart function does.
    let is_native =
        |group: &Vec<FuncRef>| group.iter().all(|function| program.units[function.unit as usize].language.is_native());
    let (native, dart): (Vec<_>, Vec<_>) =
        layers.into_iter().map(|layer| layer.into_iter().partition::<Vec<_>, _>(is_native)).unzip();
    let groups = |layers: Vec<Vec<Vec<FuncRef>>>| layers.into_iter().map(Layer::Groups);
    groups(native).chain([Layer::Boundary]).chain(groups(dart)).collect()
}

/// A step of the walk.
enum Layer {
    /// Functions that do not wait for each other, in groups that do.
    Groups(Vec<Vec<FuncRef>>),
    /// All native code is behind.
    Boundary,
}

fn layers(program: &Program) -> Vec<Vec<Vec<FuncRef>>> {
    let mut level: Vec<usize> = Vec::new();
    let mut layers: Vec<Vec<Vec<FuncRef>>> = Vec::new();
    for (index, functions) in program.components().enumerate() {
        let callees = functions.iter().flat_map(|function| program.callees(*function));
        let waits_for = callees.map(|callee| program.component(*callee)).filter(|other| *other != index);
        let own = waits_for.map(|other| level.get(other).unwrap_or(&0) + 1).max().unwrap_or(0);
        level.push(own);
        if layers.len() <= own {
            layers.resize(own + 1, Vec::new());
        }
        let group: Vec<FuncRef> =
            functions.iter().filter(|function| program.function(**function).parent.is_none()).copied().collect();
        if group.len() <= MAX_RECURSION {
            layers[own].push(group);
        } else {
            // Too many to be followed round: they know nothing of each other.
            layers[own].extend(group.into_iter().map(|function| vec![function]));
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_no_more() {
        let results: Vec<_> = (0..3)
            .map(|number| {
                guarded(|| if number == 1 { std::panic::resume_unwind(Box::new("it broke\nhere")) } else { number })
            })
            .collect();
        assert_eq!(results, [Ok(0), Err("it broke".to_owned()), Ok(2)]);
        let owned = guarded(|| std::panic::resume_unwind(Box::new(String::from("gone"))));
        assert_eq!(owned, Err::<(), _>("gone".to_owned()));
        assert_eq!(guarded(|| std::panic::resume_unwind(Box::new(7))), Err::<(), _>("unknown".to_owned()));
    }
}
