//! Who else touches the place where native code keeps an address: functions that write it let go of what was there.

use rustc_hash::FxHashSet;

use super::reach::called;
use crate::ir::{Base, Call, Callee, LocalId, Name, Op, Operand, Place, Projection};
use crate::link::{FuncRef, Program, Receiver, Target};
use crate::models::hints::{Hint, Hints};
use crate::summary::{AccessPath, Root, Step};

/// How many functions behind a call are looked at. What has more behind it may do anything.
const MAX_REACHED: usize = 400;

/// A place, as bodies write it: a static variable, a field of what it or a pointer leads to, or both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sought {
    variable: Option<Name>,
    field: Option<Name>,
    /// It is one of many things there.
    pub(super) of_many: bool,
}

impl Sought {
    /// What a path leads to.
    pub(super) fn at(place: &AccessPath) -> Self {
        let variable = match &place.root {
            Root::Static(name) => Some(name.clone()),
            _ => None,
        };
        let fields = place.steps.iter().rev().filter_map(|step| match step {
            Step::Field(name) => last_field(name),
            Step::Pointee | Step::Elements => None,
        });
        let of_many = place.steps.iter().any(|step| match step {
            Step::Field(name) => name.contains('['),
            Step::Pointee => false,
            Step::Elements => true,
        });
        Self { variable, field: { fields }.next(), of_many }
    }

    /// The field that a key ends in.
    pub(super) fn field(key: &str) -> Option<Self> {
        last_field(key).map(|field| Self { variable: None, field: Some(field), of_many: key.contains('[') })
    }

    fn names(&self, place: &Place, target: &Target, program: &Program) -> bool {
        let through = self.field.as_ref().is_some_and(|field| passes(place, field));
        match (&place.base, target) {
            (Base::Name(_), Target::Static(variable)) => {
                let named = self.variable.as_ref() == Some(&program.variable(*variable).name);
                let fields = || place.path.iter().any(|step| matches!(step, Projection::Field(_)));
                named && (self.field.is_none() || through || !fields())
            }
            (Base::Name(_), Target::Field(field)) => self.field.as_ref() == Some(&program.variable(*field).name),
            _ => through,
        }
    }
}

fn passes(place: &Place, field: &Name) -> bool {
    place.path.iter().any(|step| matches!(step, Projection::Field(name) if name == field))
}

/// The last name in a key such as `server.names.[]`.
fn last_field(key: &str) -> Option<Name> {
    let key = key.split('#').next().unwrap_or_default();
    key.rsplit('.').find(|step| !step.is_empty() && !step.starts_with(['[', '*'])).map(Name::from)
}

/// Whether a function stops what runs: it need not write a place for nobody to look at it any more.
pub(super) fn ends(program: &Program, hints: &Hints, function: FuncRef) -> bool {
    let body = program.function(function);
    let acts = |op: &Op| matches!(op, Op::Call(_) | Op::Store { .. });
    (hints.says(Hint::Stops, &body.name) || hints.says(Hint::Unsets, &body.name))
        && body.blocks.iter().flat_map(|block| &block.ops).any(|it| acts(&it.op))
}

/// Whether a name says that the function may let go of something.
pub(super) fn may_unset(hints: &Hints, name: &str) -> bool {
    hints.says(Hint::Releases, name) || hints.says(Hint::Unsets, name)
}

/// Whether a function, or one that it calls, may write a place.
pub(super) fn may_write(program: &Program, hints: &Hints, function: FuncRef, sought: &Sought) -> bool {
    match reached(program, function) {
        Some(all) => all.iter().any(|one| writes(program, hints, *one, sought) || calls_unsetter(program, hints, *one)),
        None => true,
    }
}

/// Whether a function, or one that it calls, reads a place, and nothing among them writes it.
pub(super) fn only_reads(program: &Program, hints: &Hints, function: FuncRef, sought: &Sought) -> bool {
    reached(program, function).is_some_and(|all| {
        all.iter().any(|one| reads(program, *one, sought))
            && !all.iter().any(|one| writes(program, hints, *one, sought))
    })
}

/// A function and all that it may call; nothing where that is too much.
pub(super) fn reached(program: &Program, function: FuncRef) -> Option<FxHashSet<FuncRef>> {
    let mut all: FxHashSet<FuncRef> = FxHashSet::default();
    let mut todo = vec![function];
    while let Some(next) = todo.pop() {
        if !all.insert(next) {
            continue;
        }
        if all.len() > MAX_REACHED {
            return None;
        }
        todo.extend(called(program, next));
    }
    Some(all)
}

/// Whether Dart code calls a native function that is not here and may be what unsets.
fn calls_unsetter(program: &Program, hints: &Hints, function: FuncRef) -> bool {
    if program.units[function.unit as usize].language.is_native() {
        return false;
    }
    program.resolved(function).targets.iter().flatten().any(|target| {
        let modelled = |target: &Target| matches!(target, Target::Native { model: Some(_), .. });
        let modelled = match target {
            Target::Via(via) => modelled(&via.target),
            target => modelled(target),
        };
        target.symbol().is_some_and(|symbol| {
            !modelled && may_unset(hints, symbol) && program.definitions(symbol, function.unit).is_empty()
        })
    })
}

/// Whether a body writes a place itself.
pub(super) fn writes(program: &Program, hints: &Hints, function: FuncRef, sought: &Sought) -> bool {
    let mut seen = Seen::default();
    let mut all = program.operations(function);
    all.any(|(statement, target)| seen.writes(program, hints, &statement.op, target, sought))
}

/// Locals of a body that have to do with a place.
#[derive(Default)]
struct Seen {
    /// Hold what was read from it.
    read: FxHashSet<LocalId>,
    /// Hold its address.
    address: FxHashSet<LocalId>,
    /// Lead into what it holds: a lock's guard, an element.
    inside: FxHashSet<LocalId>,
}

impl Seen {
    /// Whether an operation writes the place; operations are looked at in their order.
    fn writes(&mut self, program: &Program, hints: &Hints, op: &Op, target: &Target, sought: &Sought) -> bool {
        let base = |place: &Place| match &place.base {
            Base::Local(local) => Some(*local),
            _ => None,
        };
        match op {
            Op::Store { to, .. } => {
                let through = base(to).is_some_and(|base| {
                    self.inside.contains(&base)
                        || sought.of_many && self.read.contains(&base)
                        || sought.field.is_none() && self.address.contains(&base)
                });
                return through || sought.names(to, target, program);
            }
            Op::Load { to, from, .. } => {
                let through = |set: &FxHashSet<LocalId>| base(from).is_some_and(|base| set.contains(&base));
                if sought.names(from, target, program) || through(&self.address) {
                    self.read.insert(*to);
                } else if through(&self.inside) || through(&self.read) && sought.of_many {
                    self.inside.insert(*to);
                }
            }
            Op::Address { to, of } if sought.names(of, target, program) => {
                self.address.insert(*to);
            }
            Op::Copy { to, from: Operand::Local(from), .. } => {
                for set in [&mut self.read, &mut self.address, &mut self.inside] {
                    if set.contains(from) {
                        set.insert(*to);
                    }
                }
            }
            Op::Call(call) => return self.call_writes(hints, call, matches!(target, Target::Functions(_))),
            _ => {}
        }
        false
    }

    fn call_writes(&mut self, hints: &Hints, call: &Call, is_here: bool) -> bool {
        let passes = |set: &FxHashSet<LocalId>| {
            call.args.iter().any(|arg| matches!(&arg.value, Operand::Local(local) if set.contains(local)))
        };
        let name = match &call.callee {
            Callee::Name(name) | Callee::Method { name, .. } => name.as_str(),
            _ => "",
        };
        let takes = || hints.says(Hint::TakesOut, name);
        let ends = hints.says(Hint::Releases, name) && (passes(&self.read) || passes(&self.inside));
        if ends || passes(&self.address) || (passes(&self.read) || passes(&self.inside)) && !is_here && takes() {
            return true;
        }
        if let Callee::Method { receiver: Operand::Local(receiver), .. } = &call.callee
            && !is_here
            && [&self.read, &self.address, &self.inside].iter().any(|set| set.contains(receiver))
        {
            if !hints.says(Hint::Reads, name) {
                return true;
            }
            // What an atomic holds is a value like what is read.
            if name != "load" {
                self.inside.insert(call.result);
            }
        }
        false
    }
}

/// Whether a body reads a place itself.
pub(super) fn reads(program: &Program, function: FuncRef, sought: &Sought) -> bool {
    let mut all = program.operations(function);
    all.any(|(statement, target)| match &statement.op {
        Op::Load { from, .. } => sought.names(from, target, program),
        Op::Address { of, .. } => sought.names(of, target, program),
        Op::Call(call) => match (&call.callee, target) {
            (_, Target::Via(via)) if let Receiver::Static(variable) = &via.receiver => {
                sought.variable.as_ref() == Some(&program.variable(*variable).name)
            }
            (Callee::Name(name), Target::Unknown | Target::Via(_)) => sought.variable.as_ref() == Some(name),
            _ => false,
        },
        _ => false,
    })
}
