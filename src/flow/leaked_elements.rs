//! Collections in fields that memory is put into and that nobody looks into: `_names.add(name.toNativeUtf8())`, and a
//! `dispose` that clears the list.
//!
//! A conclusion from all code at once, as for fields. What a class puts into such a collection by an expression alone,
//! `_names.add(…)` or `_names[key] = …`, nothing else has. Any use of the collection but to put something in, to empty it
//! or to ask how much is in it may lead to a release.

use rustc_hash::FxHashMap;

use super::engine::{Engine, Site};
use super::fates::{called, is_library};
use super::fields::{Fields, Owned};
use super::leaked_fields::{Lasting, dispose_of, is_double, is_given};
use super::path::Path;
use super::value::Value;
use crate::ir::{
    Base, Callee, FunctionId, LocalId, LocalKind, Name, Op, Operand, Projection, Terminator, visit_operands,
};
use crate::link::{ClassRef, FuncRef, Program, Receiver, Target, Ty, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

impl Engine<'_> {
    /// A method of a collection is called, or an element of it written: notes what goes into the collection of a field.
    pub(super) fn note_element(
        &mut self,
        site: Site,
        path: &Path,
        list: &Operand,
        put: &[(&Operand, Value)],
        at: Location,
    ) {
        if self.is_native(site.frame) || path.doubtful {
            return;
        }
        let function = self.frames[site.frame as usize].function;
        let Operand::Local(list) = list else { return };
        for (operand, value) in put {
            let Operand::Local(local) = operand else { continue };
            let Some(mut owned) = self.owned_value(path, value, at) else { continue };
            let Some(field) =
                read_from(self.program, function, *list).filter(|_| is_unnamed(self.program, function, *local))
            else {
                continue;
            };
            let into = self.program.variable(field).name.clone();
            owned.steps.push(Step { kind: StepKind::Stored { into: into.clone() }, location: at });
            owned.subject.held_by = Some(into);
            self.fields.note_element(field, owned);
        }
    }
}

/// The violations of fields of Dart's classes whose elements no code releases.
pub(super) fn unreleased(program: &Program, models: &ModelSet, fields: &Fields) -> Vec<Violation> {
    let mut found: FxHashMap<VarRef, Violation> = FxHashMap::default();
    for ((field, _), owned) in fields.elements.iter().filter(|((field, _), _)| !fields.is_incomplete(field.unit)) {
        let earlier = found.get(field).is_some_and(|known| known.at <= owned.at);
        if let Some(violation) = (!earlier).then(|| violation(program, models, *field, owned)).flatten() {
            found.insert(*field, violation);
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let lasting = Lasting::of(program);
    found.retain(|field, _| !field.class.is_some_and(|class| lasting.holds(ClassRef { unit: field.unit, class })));
    let search = Search { program, models };
    for unit in (0..program.units.len() as u32).filter(|unit| !program.units[*unit as usize].language.is_native()) {
        for id in 0..program.units[unit as usize].functions.len() as u32 {
            search.drop_used(FuncRef { unit, function: FunctionId(id) }, &mut found);
            if found.is_empty() {
                return Vec::new();
            }
        }
    }
    let mut found: Vec<Violation> = found.into_values().collect();
    found.sort_by_key(|violation| violation.at);
    found
}

fn violation(program: &Program, models: &ModelSet, field: VarRef, owned: &Owned) -> Option<Violation> {
    let class = ClassRef { unit: field.unit, class: field.class? };
    let (declared, unit) = (program.variable(field), &program.units[field.unit as usize]);
    let family = models.family(owned.subject.family);
    let counts = matches!(family.kind, FamilyKind::Memory | FamilyKind::Handle) && !family.kept && !family.callback;
    let closed = program.class(class).name.starts_with('_') || !is_library(program, field.unit);
    if !counts
        || declared.is_static
        || unit.generated
        || unit.has_gaps()
        || !closed && !declared.name.starts_with('_')
        || is_given(program, class, &declared.name)
        || is_double(program, models, class)
    {
        return None;
    }
    // What is never cleared may be meant to last.
    let dispose = dispose_of(program, models, class)?;
    let mut trace = owned.steps.clone();
    let assumed = trace.iter().any(|step| matches!(step.kind, StepKind::Lent { assumed: Some(_), .. }));
    let by = program.function(dispose).name.clone();
    let file = program.units[dispose.unit as usize].file;
    let location = Location { file, span: program.function(dispose).name_span };
    trace.push(Step { kind: StepKind::Missed { by: by.clone() }, location });
    let kind = ViolationKind::Unreleased {
        subject: owned.subject.clone(),
        field: declared.name.clone(),
        class: program.class(class).name.clone(),
        dispose: Some(by),
    };
    let confidence = if assumed { owned.confidence.min(Confidence::Medium) } else { owned.confidence };
    Some(Violation { kind, function: owned.function, at: owned.at, trace, targets: owned.targets, confidence })
}

struct Search<'a> {
    program: &'a Program,
    models: &'a ModelSet,
}

impl Search<'_> {
    /// Drops the fields that a function may look into.
    fn drop_used(&self, function: FuncRef, found: &mut FxHashMap<VarRef, Violation>) {
        for (statement, target) in self.program.operations(function) {
            if let Target::Via(via) = target
                && let Receiver::Field(field) = &via.receiver
            {
                found.remove(field);
            }
            let field = match (&statement.op, target) {
                (Op::Load { .. } | Op::Store { .. }, Target::Field(field)) => *field,
                // A member of something of which nothing is known, or a name in a pattern.
                (Op::Load { .. } | Op::Store { .. }, Target::Unknown) => {
                    if let Some(name) = called(&statement.op) {
                        found.retain(|field, _| self.program.variable(*field).name != *name);
                    }
                    continue;
                }
                (Op::Element { name: Some(name), .. }, _) => {
                    found.retain(|field, _| self.program.variable(*field).name != *name);
                    continue;
                }
                _ => continue,
            };
            if !found.contains_key(&field) {
                continue;
            }
            let fine = match &statement.op {
                Op::Load { to, .. } => self.is_only_filled(function, *to),
                Op::Store { value: Operand::Local(value), .. } => self.is_new(function, *value),
                _ => false,
            };
            if !fine {
                found.remove(&field);
            }
        }
        let initialises = |field: &VarRef| self.program.initializer(*field) == Some(function);
        if let Some(field) = found.keys().find(|field| initialises(field)).copied() {
            let is_new = |end: &Terminator| match end {
                Terminator::Return(Some(Operand::Local(value))) => self.is_new(function, *value),
                Terminator::Return(_) => false,
                _ => true,
            };
            if !self.program.function(function).blocks.iter().all(|block| is_new(&block.end)) {
                found.remove(&field);
            }
        }
    }

    /// Whether all that gives a variable its value is a collection as it is written there, with nothing in it.
    fn is_new(&self, function: FuncRef, local: LocalId) -> bool {
        let writes = |op: &&Op| crate::ir::written(op) == Some(local);
        let mut written = self.program.operations(function).map(|(statement, _)| &statement.op).filter(writes);
        let empty = matches!(written.next(), Some(Op::Aggregate { items, .. }) if items.is_empty());
        empty && written.next().is_none() && uses(self.program, function, local) == 1
    }

    /// Whether a function does nothing with a collection but to put something in, to empty it, or to ask how much is in it.
    fn is_only_filled(&self, function: FuncRef, list: LocalId) -> bool {
        let body = self.program.function(function);
        let hints = self.models.hints();
        let is_it = |operand: &Operand| *operand == Operand::Local(list);
        let of_temporary = body.locals.get(list.index()).is_some_and(|local| local.kind == LocalKind::Temporary);
        of_temporary
            && self.program.operations(function).all(|(statement, target)| match &statement.op {
                Op::Call(call) if matches!(&call.callee, Callee::Method { receiver, .. } if is_it(receiver)) => {
                    let named = |name: &Name| hints.says(Hint::PutsIn, name) || hints.says(Hint::Resizes, name);
                    let fine = |operand: &Operand| match operand {
                        Operand::Local(local) => *local != list && !self.is_function(function, *local),
                        _ => true,
                    };
                    called(&statement.op).is_some_and(named)
                        && uses(self.program, function, call.result) == 0
                        && call.args.iter().all(|arg| fine(&arg.value))
                }
                Op::Load { from, .. } if from.base == Base::Local(list) => {
                    matches!(target, Target::Model(model) if self.models.function(*model).asks.is_some())
                }
                Op::Store { to, value } if to.base == Base::Local(list) => {
                    !is_it(value) && matches!(to.path.as_slice(), [Projection::Index(_)])
                }
                op => {
                    let mut used = false;
                    visit_operands(op, &mut |operand| used |= is_it(operand));
                    !used
                }
            })
            && !body.blocks.iter().any(|block| {
                matches!(&block.end, Terminator::Return(Some(value)) | Terminator::Throw(Some(value)) if is_it(value))
            })
    }

    /// Whether a variable may hold a function: a member that is given one may hand out the elements.
    fn is_function(&self, function: FuncRef, local: LocalId) -> bool {
        let is_closure = |op: &Op| matches!(op, Op::Closure { to, .. } if *to == local);
        let is_torn_off = |op: &Op, target: &Target| {
            matches!(op, Op::Load { to, .. } if *to == local)
                && matches!(target, Target::TearOff(_) | Target::ModelTearOff(_))
        };
        let by_type = matches!(
            self.program.resolved(function).types.get(local.index()),
            Some(Ty::Function(..) | Ty::NativeFunction { .. })
        );
        let mut ops = self.program.operations(function);
        by_type || ops.any(|(statement, target)| is_closure(&statement.op) || is_torn_off(&statement.op, target))
    }
}

/// The field that a temporary was read from, and nothing else.
fn read_from(program: &Program, function: FuncRef, local: LocalId) -> Option<VarRef> {
    let mut written =
        program.operations(function).filter(|(statement, _)| crate::ir::written(&statement.op) == Some(local));
    match (written.next()?, written.next()) {
        ((statement, Target::Field(field)), None) => matches!(statement.op, Op::Load { .. }).then_some(*field),
        _ => None,
    }
}

/// Whether a value has no name, and is used but once.
fn is_unnamed(program: &Program, function: FuncRef, local: LocalId) -> bool {
    let declared = program.function(function).locals.get(local.index());
    declared.is_some_and(|local| local.kind == LocalKind::Temporary) && uses(program, function, local) == 1
}

/// How often a local is used.
fn uses(program: &Program, function: FuncRef, local: LocalId) -> usize {
    let is_it = |operand: &Operand| *operand == Operand::Local(local);
    let mut count = 0;
    for (statement, _) in program.operations(function) {
        visit_operands(&statement.op, &mut |operand| count += usize::from(is_it(operand)));
        if let Op::Closure { body, .. } = &statement.op {
            let inner = FuncRef { unit: function.unit, function: *body };
            count += program.function(inner).captures.iter().filter(|capture| capture.outer == local).count();
        }
        count += usize::from(statement.op.place().is_some_and(|place| place.base == Base::Local(local)));
    }
    let ends = program.function(function).blocks.iter().filter(|block| match &block.end {
        Terminator::Return(Some(value)) | Terminator::Throw(Some(value)) => is_it(value),
        _ => false,
    });
    count + ends.count()
}
