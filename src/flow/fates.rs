//! What may become of a value in the whole program: whether all code that ever has it only looks at it.
//!
//! Without order and without paths. Every place that the value goes to is looked at, through contracts and getters;
//! whatever is not known to leave it alone may release it.

use rustc_hash::FxHashSet;

use super::summaries::Summaries;
use crate::ir::{
    Arg, Base, Callee, FunctionId, FunctionKind, LocalId, LocalKind, Name, Op, Operand, Place, Projection, SuspendKind,
    Terminator, UseKind,
};
use crate::link::{FuncRef, Functions, Program, Receiver, Target, Ty, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::summary::{AccessPath, ArgumentTest, EffectKind, Guard, Ownership, Root, Summary, ValueTest};

/// A local variable of a function.
pub(super) type Held = (FuncRef, LocalId);

/// How many variables are followed for one value.
const MAX_HELD: usize = 400;

/// What a contract does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Leaves it where it is.
    Lent,
    /// Gives it back.
    Returned,
    /// Gives its address as a number.
    Counted,
    /// Gives a view on what it leads to.
    Viewed,
    /// May release it, or keep it for somebody who does.
    Lost,
}

/// How a call has a value.
#[derive(Clone, Copy)]
struct As<'a> {
    root: &'a Root,
    /// The name of what is called, as written.
    name: &'a str,
    /// Some argument is a function.
    calls_back: bool,
    /// The arguments of a call.
    args: &'a [Arg],
}

/// How a variable has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Pointer,
    /// Its address, as a number.
    Number,
    /// A view on what it leads to, by which nothing can be released.
    View,
}

/// A search for all that has the value of one field.
pub(super) struct Fates<'a> {
    program: &'a Program,
    models: &'a ModelSet,
    summaries: &'a Summaries,
    field: VarRef,
    seen: FxHashSet<Held>,
    /// With how the variable has it.
    todo: Vec<(Held, Form)>,
    form: Form,
}

impl<'a> Fates<'a> {
    pub(super) fn new(program: &'a Program, models: &'a ModelSet, summaries: &'a Summaries, field: VarRef) -> Self {
        Self { program, models, summaries, field, seen: FxHashSet::default(), todo: Vec::new(), form: Form::Pointer }
    }

    /// Whether all that ever has the value of these variables leaves it alone.
    pub(super) fn are_harmless(mut self, first: impl Iterator<Item = Held>) -> bool {
        first.for_each(|held| self.follow(held.0, held.1));
        while let Some(((function, local), form)) = self.todo.pop() {
            self.form = form;
            if self.seen.len() > MAX_HELD || !self.is_left_alone(function, local) {
                return false;
            }
        }
        true
    }

    fn follow(&mut self, function: FuncRef, local: LocalId) {
        if self.seen.insert((function, local)) {
            self.todo.push(((function, local), self.form));
        }
    }

    fn follow_as(&mut self, form: Form, function: FuncRef, local: LocalId) {
        let before = std::mem::replace(&mut self.form, form);
        self.follow(function, local);
        self.form = before;
    }

    fn is_left_alone(&mut self, function: FuncRef, local: LocalId) -> bool {
        let program = self.program;
        let body = program.function(function);
        let Some(declared) = body.locals.get(local.index()) else { return false };
        match declared.kind {
            LocalKind::This | LocalKind::Param => return false,
            LocalKind::Captured => {
                let outer = body.captures.iter().find(|capture| capture.inner == local).map(|capture| capture.outer);
                let (Some(outer), Some(parent)) = (outer, body.parent) else { return false };
                self.follow(FuncRef { unit: function.unit, function: parent }, outer);
            }
            LocalKind::Variable | LocalKind::Temporary => {}
        }
        let targets = &program.resolved(function).targets;
        for (block, targets) in body.blocks.iter().zip(targets) {
            for (statement, target) in block.ops.iter().zip(targets) {
                if !self.is_left_by(function, local, &statement.op, target) {
                    return false;
                }
            }
            let is_it = |operand: &Option<Operand>| operand.as_ref() == Some(&Operand::Local(local));
            match &block.end {
                Terminator::Return(value) if is_it(value) && !self.is_returned_within(function) => return false,
                Terminator::Throw(value) if is_it(value) => return false,
                _ => {}
            }
        }
        true
    }

    fn is_left_by(&mut self, function: FuncRef, local: LocalId, op: &Op, target: &Target) -> bool {
        let is_it = |operand: &Operand| *operand == Operand::Local(local);
        match op {
            Op::Call(call) => {
                let receiver = match &call.callee {
                    Callee::Method { receiver, .. } | Callee::Value(receiver) => Some(receiver),
                    _ => None,
                };
                let name = match &call.callee {
                    Callee::Method { name, .. }
                    | Callee::Name(name)
                    | Callee::Super(name)
                    | Callee::Shorthand(name) => name.as_str(),
                    _ => "",
                };
                let mut given: Vec<(Root, &Operand)> = receiver.map(|it| (Root::This, it)).into_iter().collect();
                let mut position = 0;
                for arg in &call.args {
                    let root = arg.name.clone().map_or(Root::Param(position), Root::Named);
                    position += u16::from(arg.name.is_none());
                    given.push((root, &arg.value));
                }
                let calls_back = given.iter().any(|(_, operand)| self.is_function(function, operand));
                for (root, operand) in &given {
                    if !is_it(operand) && call.result != local {
                        continue;
                    }
                    let fate = self.fate(function, target, As { root, name, calls_back, args: &call.args });
                    match (fate, operand) {
                        // A number becomes a pointer again where nobody sees it.
                        (Fate::Lost | Fate::Counted, _) if is_it(operand) => return false,
                        _ if is_it(operand) && self.form == Form::Number => return false,
                        (Fate::Viewed, _) if is_it(operand) => self.follow_as(Form::View, function, call.result),
                        (Fate::Returned, Operand::Local(other)) => {
                            self.follow(function, call.result);
                            self.follow(function, *other);
                        }
                        _ => {}
                    }
                }
                true
            }
            Op::Copy { to, from, .. } | Op::Suspend { to: Some(to), value: from, kind: SuspendKind::Await } => {
                if let Operand::Local(from) = from
                    && (*to == local || *from == local)
                {
                    self.follow(function, *to);
                    self.follow(function, *from);
                }
                true
            }
            Op::Load { to, from, .. } => {
                let base = place_base(from).filter(|base| *to == local || *base == local);
                if *to == local && !self.is_known_source(function, from, target) {
                    return false;
                }
                if from.path.iter().any(|step| matches!(step, Projection::Index(index) if is_it(index))) {
                    return false;
                }
                let Some(base) = base.filter(|_| *target != Target::Field(self.field)) else { return true };
                let reads = matches!(target, Target::Memory);
                match self.fate(function, target, As { root: &Root::This, name: "", calls_back: false, args: &[] }) {
                    _ if reads => true,
                    Fate::Returned => {
                        self.follow(function, *to);
                        self.follow(function, base);
                        true
                    }
                    Fate::Counted => {
                        if base == local {
                            self.follow_as(Form::Number, function, *to);
                        }
                        true
                    }
                    Fate::Lent | Fate::Viewed => true,
                    Fate::Lost => base != local,
                }
            }
            Op::Store { to, value } => {
                let fate =
                    |root: &Root| self.fate(function, target, As { root, name: "", calls_back: false, args: &[] });
                let indexes = to.path.iter().filter(|step| matches!(step, Projection::Index(_))).count() as u16;
                if is_it(value) && *target != Target::Field(self.field) && fate(&Root::Param(indexes)) == Fate::Lost {
                    return false;
                }
                let into = place_base(to) == Some(local);
                !into || matches!(target, Target::Memory) || fate(&Root::This) != Fate::Lost
            }
            Op::Binary { to, op, left, right } => {
                if matches!(op.as_str(), "==" | "!=") {
                    return true;
                }
                for (root, operand) in [(Root::This, left), (Root::Param(0), right)] {
                    if !is_it(operand) {
                        continue;
                    }
                    match self.fate(function, target, As { root: &root, name: op, calls_back: false, args: &[] }) {
                        Fate::Lost | Fate::Counted => return false,
                        Fate::Returned => self.follow(function, *to),
                        Fate::Lent | Fate::Viewed => {}
                    }
                }
                *to != local || is_it(left) || is_it(right)
            }
            Op::Aggregate { to, items, .. } => *to != local && !items.iter().any(|(_, item)| is_it(item)),
            Op::Insert { into, value, .. } => *into != local && !is_it(value),
            Op::Element { to, of, .. } => *to != local && (self.form == Form::View || !is_it(of)),
            Op::Suspend { to, value, .. } => *to != Some(local) && !is_it(value),
            Op::Use { value, kind: UseKind::Escape } => !is_it(value),
            Op::Closure { to, body } => {
                let body = FuncRef { unit: function.unit, function: *body };
                let inner = self.program.function(body).captures.iter().find(|capture| capture.outer == local);
                if let Some(capture) = inner {
                    self.follow(body, capture.inner);
                }
                *to != local
            }
            Op::Address { to, of } => *to != local && place_base(of) != Some(local),
            Op::Catch { to } | Op::Stack { to, .. } => *to != local,
            Op::Use { .. } | Op::ScopeEnd(_) => true,
        }
    }

    /// Whether a place gives what nobody else reads there: the field, a getter's result, a cell that one load reads.
    fn is_known_source(&self, function: FuncRef, from: &Place, target: &Target) -> bool {
        match target {
            Target::Field(field) => *field == self.field,
            Target::Functions(_) | Target::Model(_) | Target::Variable(_) | Target::Unknown => true,
            Target::Memory => {
                let ops = self.program.function(function).blocks.iter().flat_map(|block| &block.ops);
                let same = |op: &Op| matches!(op, Op::Load { from: other, .. } if other == from);
                ops.filter(|statement| same(&statement.op)).count() == 1
            }
            _ => false,
        }
    }

    /// What a call, a getter or a setter does with what it is given there.
    fn fate(&self, function: FuncRef, target: &Target, given: As<'_>) -> Fate {
        match target {
            Target::Functions(functions) => self.fate_in(functions, given.root),
            Target::Model(model) => by_contract(&self.models.function(*model).summary, given.root, Some(given.args)),
            Target::Via(via) => match (&via.receiver, given.root) {
                // What is called, or what it is found in.
                (Receiver::Field(_), Root::This) => Fate::Lost,
                _ => self.fate(function, &via.target, given),
            },
            Target::Native { symbol: Some(symbol), model } => {
                if *given.root == Root::This {
                    return Fate::Lent;
                }
                let bodies = self.program.definitions(symbol, function.unit);
                if !bodies.is_empty() {
                    let functions = Functions { candidates: bodies, complete: true, implicit_this: false, model: None };
                    return self.fate_in(&functions, given.root);
                }
                let stated = self.program.stated_contract(symbol);
                let modelled = model.map(|model| &self.models.function(model).summary);
                if let Some(summary) = stated.or(modelled).or_else(|| self.program.declared_contract(symbol)) {
                    return by_contract(summary, given.root, None);
                }
                let hints = self.models.hints();
                let says = |name: &str| hints.says(Hint::Releases, name) || hints.says(Hint::Unsets, name);
                if given.calls_back || says(symbol) || says(given.name) { Fate::Lost } else { Fate::Lent }
            }
            // What a list can be asked for releases nothing.
            Target::Unknown if self.form == Form::View && *given.root == Root::This => Fate::Lent,
            _ => Fate::Lost,
        }
    }

    fn fate_in(&self, functions: &Functions, root: &Root) -> Fate {
        let fate = |function: &FuncRef| self.summaries.get(*function).map(|summary| by_contract(&summary, root, None));
        let mut fates = functions.candidates.iter().map(|function| fate(function).unwrap_or(Fate::Lost));
        let Some(first) = fates.next() else { return Fate::Lost };
        if fates.all(|other| other == first) { first } else { Fate::Lost }
    }

    fn is_function(&self, function: FuncRef, operand: &Operand) -> bool {
        let Operand::Local(local) = operand else { return false };
        match self.program.resolved(function).types.get(local.index()) {
            Some(Ty::Function(..) | Ty::NativeFunction { .. } | Ty::Address { .. }) => true,
            Some(Ty::Model(_, args)) => args.iter().any(|arg| match arg {
                Ty::Model(inner, _) => self.models.ty(*inner).function,
                arg => matches!(arg, Ty::NativeFunction { .. }),
            }),
            _ => false,
        }
    }

    /// A function gives the value to its callers: whether all of them are in the program, and followed from here on.
    fn is_returned_within(&mut self, function: FuncRef) -> bool {
        let program = self.program;
        let body = program.function(function);
        let in_class = body.class.and_then(|class| program.units[function.unit as usize].classes.get(class.index()));
        let own = body.name.starts_with('_') || in_class.is_some_and(|class| class.name.starts_with('_'));
        let fits = matches!(body.kind, FunctionKind::Function | FunctionKind::Getter);
        if !fits || !own && is_library(program, function.unit) {
            return false;
        }
        for (unit, (from, resolved)) in (0_u32..).zip(program.units.iter().zip(&program.resolved)) {
            if from.language.is_native() {
                continue;
            }
            for (id, (caller, resolved)) in (0_u32..).zip(from.functions.iter().zip(resolved)) {
                let caller_ref = FuncRef { unit, function: FunctionId(id) };
                let targets = resolved.targets.iter().flatten();
                for (statement, target) in caller.blocks.iter().flat_map(|block| &block.ops).zip(targets) {
                    let reaches = |target: &Target| match target {
                        Target::Functions(functions) => functions.candidates.contains(&function),
                        Target::TearOff(other) => *other == function,
                        _ => false,
                    };
                    let unknown = *target == Target::Unknown && called(&statement.op) == Some(&body.name);
                    if !reaches(target) && !unknown {
                        continue;
                    }
                    match &statement.op {
                        Op::Call(call) => self.follow(caller_ref, call.result),
                        Op::Load { to, .. } if body.kind == FunctionKind::Getter => self.follow(caller_ref, *to),
                        _ => return false,
                    }
                }
            }
        }
        true
    }
}

/// Whether code that is not here may use the public names of a file: it lies in the `lib` folder of a package.
pub(super) fn is_library(program: &Program, unit: u32) -> bool {
    let file = program.file(unit);
    let root = file.package.as_ref().map_or("", |package| &*package.root);
    let within = file.path.strip_prefix(root).unwrap_or(&file.path);
    within.trim_start_matches('/').starts_with("lib/")
}

/// The name of what an operation calls or reads, as written.
pub(super) fn called(op: &Op) -> Option<&Name> {
    match op {
        Op::Call(call) => match &call.callee {
            Callee::Method { name, .. } | Callee::Name(name) | Callee::Super(name) => Some(name),
            _ => None,
        },
        Op::Load { from, .. } => match (from.path.last(), &from.base) {
            (Some(Projection::Field(name)), _) | (None, Base::Name(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn place_base(place: &Place) -> Option<LocalId> {
    match place.base {
        Base::Local(local) => Some(local),
        _ => None,
    }
}

/// What a contract does with what it is given: with the arguments of the call, where those that are left out are nothing.
fn by_contract(summary: &Summary, root: &Root, args: Option<&[Arg]>) -> Fate {
    let whole = |at: &AccessPath| at.root == *root && at.steps.is_empty();
    let outcomes =
        || summary.outcomes.iter().filter(|outcome| !args.is_some_and(|args| asks_for(&outcome.guard, args)));
    let mut effects = outcomes().flat_map(|outcome| &outcome.effects);
    let loses = effects.any(|effect| match &effect.kind {
        EffectKind::Borrow | EffectKind::BorrowAssumed | EffectKind::Untouched | EffectKind::Fill(_) => false,
        EffectKind::ReleaseLater { by, key, .. } => {
            whole(&effect.on) || by.root == *root || key.as_ref().is_some_and(|key| key.root == *root)
        }
        _ => whole(&effect.on),
    });
    if loses {
        return Fate::Lost;
    }
    let mut results = outcomes().map(|outcome| match &outcome.result.ownership {
        Ownership::Alias(at) | Ownership::Interior(at) if whole(at) => Fate::Returned,
        Ownership::Address(at) if whole(at) => Fate::Counted,
        Ownership::View(at) if whole(at) => Fate::Viewed,
        _ => Fate::Lent,
    });
    results.find(|fate| *fate != Fate::Lent).unwrap_or(Fate::Lent)
}

/// Whether an outcome is that of an argument which is not passed: `asTypedList` without a finalizer.
fn asks_for(guard: &Guard, args: &[Arg]) -> bool {
    let Guard::Argument(ArgumentTest { arg, test: ValueTest::NonNull }) = guard else { return false };
    let Root::Named(name) = &arg.root else { return false };
    !args.iter().any(|passed| passed.name.as_ref() == Some(name))
}
