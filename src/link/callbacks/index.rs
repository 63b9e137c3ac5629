//! Who calls what, and who names what.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Place;
use crate::ir::{self, Base, BlockId, Callee, FunctionId, Name, Op, Projection, Statement};
use crate::link::{FuncRef, Program, Receiver, Target, VarRef};

/// Where functions are called and names are mentioned.
pub(super) struct Index {
    calls: Calls,
    names: Names,
    /// The variables that initializers compute.
    initialized: FxHashMap<FuncRef, VarRef>,
}

/// What operations refer to.
#[derive(Default)]
struct Calls {
    callers: FxHashMap<FuncRef, Vec<Place>>,
    /// Functions that are used as values.
    torn_off: FxHashSet<FuncRef>,
}

/// What operations are written with.
#[derive(Default)]
struct Names {
    /// Where the names of variables and fields are said, whatever they mean there.
    mentions: FxHashMap<Name, Vec<FuncRef>>,
    /// Variables outside functions that some native code writes, or lets others write.
    written: FxHashSet<Name>,
}

impl Index {
    pub(super) fn new(program: &Program) -> Self {
        let (calls, names) = rayon::join(|| Calls::of(program), || Names::of(program));
        Self { calls, names, initialized: initialized(program) }
    }

    /// Where a function is called, read as a getter, or written as a setter.
    pub(super) fn callers(&self, function: FuncRef) -> &[Place] {
        self.calls.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Whether a function is used as a value: its callers are not all known.
    pub(super) fn is_torn_off(&self, function: FuncRef) -> bool {
        self.calls.torn_off.contains(&function)
    }

    /// The functions that say the name of a variable.
    pub(super) fn mentions(&self, name: &str) -> &[FuncRef] {
        self.names.mentions.get(simple(name)).map_or(&[], Vec::as_slice)
    }

    /// The names of variables that do not stay what they were at first.
    pub(super) fn into_written(self) -> FxHashSet<Name> {
        self.names.written
    }

    /// The variable that an initializer computes.
    pub(super) fn initialized(&self, function: FuncRef) -> Option<VarRef> {
        self.initialized.get(&function).copied()
    }

    /// The operation at a place.
    pub(super) fn statement<'p>(&self, program: &'p Program, place: Place) -> Option<&'p Statement> {
        program.function(place.function).blocks.get(place.block.index())?.ops.get(place.op as usize)
    }
}

/// Every operation, with its place and what it refers to.
fn operations(program: &Program) -> impl Iterator<Item = (Place, &Op, &Target)> {
    let units = (0_u32..).zip(program.units.iter().zip(&program.resolved));
    units.flat_map(|(unit, (from, resolved))| {
        (0..).zip(from.functions.iter().zip(resolved)).flat_map(move |(at, (body, resolved))| {
            let function = FuncRef { unit, function: FunctionId(at) };
            (0..).map(BlockId).zip(body.blocks.iter().zip(&resolved.targets)).flat_map(move |(block, (of, targets))| {
                let ops = (0..).zip(of.ops.iter().zip(targets));
                ops.map(move |(op, (statement, target))| (Place { function, block, op }, &statement.op, target))
            })
        })
    })
}

impl Calls {
    fn of(program: &Program) -> Self {
        let mut calls = Self::default();
        let mut callees = Vec::new();
        for (place, _, target) in operations(program) {
            if let Target::TearOff(function) = target {
                calls.torn_off.insert(*function);
            }
            reached(target, &mut callees);
            if let Some(symbol) = target.symbol() {
                callees.extend(program.definitions(symbol, place.function.unit));
            }
            for callee in callees.drain(..) {
                calls.callers.entry(callee).or_default().push(place);
            }
        }
        calls
    }
}

impl Names {
    fn of(program: &Program) -> Self {
        let mut names = Self::default();
        for unit in &program.units {
            let fields = unit.classes.iter().flat_map(|class| &class.fields);
            for variable in unit.variables.iter().chain(fields) {
                names.mentions.entry(simple(&variable.name).into()).or_default();
            }
        }
        for (place, op, _) in operations(program) {
            names.note(place.function, op);
        }
        names
    }

    fn note(&mut self, function: FuncRef, op: &Op) {
        if let (Op::Store { .. } | Op::Address { .. }, Some(ir::Place { base: Base::Name(name), .. })) =
            (op, op.place())
        {
            self.written.insert(name.clone());
        }
        let mut mention = |name: &Name| {
            if let Some(known) = self.mentions.get_mut(simple(name)).filter(|known| known.last() != Some(&function)) {
                known.push(function);
            }
        };
        if let Some(at) = op.place() {
            if let Base::Name(name) = &at.base {
                mention(name);
            }
            for step in &at.path {
                if let Projection::Field(name) = step {
                    mention(name);
                }
            }
        }
        match op {
            Op::Call(call) => match &call.callee {
                Callee::Name(name) | Callee::Method { name, .. } => mention(name),
                _ => {}
            },
            Op::Element { name: Some(name), .. } => mention(name),
            _ => {}
        }
    }
}

/// A name without what it is a part of: `b` of `a::b`.
fn simple(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn initialized(program: &Program) -> FxHashMap<FuncRef, VarRef> {
    let mut all = FxHashMap::default();
    for (unit, from) in (0_u32..).zip(&program.units) {
        let mut note = |class: Option<ir::ClassId>, variables: &[ir::Variable]| {
            for (index, variable) in (0_u32..).zip(variables) {
                if let Some(function) = variable.initializer {
                    all.insert(FuncRef { unit, function }, VarRef { unit, class, index });
                }
            }
        };
        note(None, &from.variables);
        for (class, declared) in (0..).map(ir::ClassId).zip(&from.classes) {
            note(Some(class), &declared.fields);
        }
    }
    all
}

/// The functions that an operation may run.
pub(super) fn reached(target: &Target, all: &mut Vec<FuncRef>) {
    match target {
        Target::Functions(functions) => all.extend(functions.candidates.iter().copied()),
        Target::Via(via) => {
            if !matches!(via.target, Target::Via(_)) {
                reached(&via.target, all);
            }
            if let Receiver::Getter(getter) = &via.receiver
                && !matches!(getter, Target::Via(_))
            {
                reached(getter, all);
            }
        }
        _ => {}
    }
}
