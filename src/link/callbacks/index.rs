//! Who calls what, and who names what.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Place;
use crate::ir::{self, Base, BlockId, Callee, FunctionId, Name, Op, Projection, Statement};
use crate::link::{FuncRef, Program, Receiver, Target, VarRef};

/// Where functions are called and names are mentioned.
pub(super) struct Index {
    callers: FxHashMap<FuncRef, Vec<Place>>,
    mentions: FxHashMap<Name, Vec<FuncRef>>,
    /// Variables outside functions that some native code writes, or lets others write.
    written: FxHashSet<Name>,
    /// Functions that are used as values.
    torn_off: FxHashSet<FuncRef>,
    /// The variables that initializers compute.
    initialized: FxHashMap<FuncRef, VarRef>,
}

impl Index {
    pub(super) fn new(program: &Program) -> Self {
        let mut index = Self {
            callers: FxHashMap::default(),
            mentions: FxHashMap::default(),
            written: FxHashSet::default(),
            torn_off: FxHashSet::default(),
            initialized: initialized(program),
        };
        for (unit, from) in (0_u32..).zip(&program.units) {
            for (at, (body, resolved)) in (0..).zip(from.functions.iter().zip(&program.resolved[unit as usize])) {
                let function = FuncRef { unit, function: FunctionId(at) };
                for ((block, targets), id) in body.blocks.iter().zip(&resolved.targets).zip((0..).map(BlockId)) {
                    for ((statement, target), op) in block.ops.iter().zip(targets).zip(0..) {
                        index.note(program, Place { function, block: id, op }, &statement.op, target);
                    }
                }
            }
        }
        index
    }

    fn note(&mut self, program: &Program, place: Place, op: &Op, target: &Target) {
        if let Target::TearOff(function) = target {
            self.torn_off.insert(*function);
        }
        let mut callees = Vec::new();
        reached(target, &mut callees);
        if let Some(symbol) = target.symbol() {
            callees.extend(program.definitions(symbol, place.function.unit));
        }
        for callee in callees {
            self.callers.entry(callee).or_default().push(place);
        }
        if let Op::Store { to: ir::Place { base: Base::Name(name), .. }, .. }
        | Op::Address { of: ir::Place { base: Base::Name(name), .. }, .. } = op
        {
            self.written.insert(name.clone());
        }
        let mut mention = |name: &Name| {
            let simple = name.rsplit("::").next().unwrap_or(name);
            let known = match self.mentions.get_mut(simple) {
                Some(known) => known,
                None => self.mentions.entry(simple.into()).or_default(),
            };
            if known.last() != Some(&place.function) {
                known.push(place.function);
            }
        };
        match op {
            Op::Call(call) => match &call.callee {
                Callee::Name(name) | Callee::Method { name, .. } => mention(name),
                _ => {}
            },
            Op::Load { from: at, .. } | Op::Store { to: at, .. } | Op::Address { of: at, .. } => {
                if let Base::Name(name) = &at.base {
                    mention(name);
                }
                for step in &at.path {
                    if let Projection::Field(name) = step {
                        mention(name);
                    }
                }
            }
            Op::Element { name: Some(name), .. } => mention(name),
            _ => {}
        }
    }

    /// Where a function is called, read as a getter, or written as a setter.
    pub(super) fn callers(&self, function: FuncRef) -> &[Place] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Whether a function is used as a value: its callers are not all known.
    pub(super) fn is_torn_off(&self, function: FuncRef) -> bool {
        self.torn_off.contains(&function)
    }

    /// The functions that say a name.
    pub(super) fn mentions(&self, name: &str) -> &[FuncRef] {
        let simple = name.rsplit("::").next().unwrap_or(name);
        self.mentions.get(simple).map_or(&[], Vec::as_slice)
    }

    /// The names of variables that do not stay what they were at first.
    pub(super) fn into_written(self) -> FxHashSet<Name> {
        self.written
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
