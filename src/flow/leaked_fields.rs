//! Fields that own memory which nothing in the whole program releases.
//!
//! A conclusion from all code at once: what the analysis of each function noted of what fields receive, and what all code
//! that reads them does with it. Of order nothing is said: what some code may release, whenever it runs, is fine.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fates::{self, Fates, Held};
use super::fields::{Fields, Owned};
use super::overridden;
use super::summaries::Summaries;
use crate::ir::{Base, ClassId, ClassKind, FunctionId, FunctionKind, Initializes, Name, Op, Operand, Projection};
use crate::link::{ClassRef, FuncRef, Program, Receiver, Target, Ty, Types, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

/// The violations of fields whose memory no code releases, where only code of this program can.
pub(super) fn unreleased(
    program: &Program,
    models: &ModelSet,
    summaries: &Summaries,
    fields: &Fields,
) -> Vec<Violation> {
    let units = 0..program.units.len() as u32;
    let mut owners: Vec<Owner<'_>> = units.flat_map(|unit| owners_in(program, models, fields, unit)).collect();
    if owners.is_empty() {
        return Vec::new();
    }
    let lasting = Lasting::of(program);
    owners.retain(|owner| match owner.dispose {
        Some(_) => !lasting.held.contains(&owner.class),
        None => !lasting.all.contains(&owner.class),
    });
    let accesses = Accesses::of(program, &owners);
    let releases = overridden::Releases { program, models, summaries, accesses: &accesses };
    let overridden = overridden::leaks(&releases, &owners, &lasting);
    owners.retain(|owner| {
        let Some(held) = accesses.held(owner.field) else { return false };
        Fates::new(program, models, summaries, owner.field).are_harmless(held.iter().copied())
    });
    owners.into_iter().map(|owner| owner.violation(program)).chain(overridden).collect()
}

/// A field that receives memory which its class must release.
pub(super) struct Owner<'a> {
    pub(super) field: VarRef,
    pub(super) class: ClassRef,
    pub(super) name: &'a Name,
    /// The first thing that it receives.
    pub(super) what: &'a Owned,
    /// The method that should release it.
    pub(super) dispose: Option<FuncRef>,
}

impl Owner<'_> {
    fn violation(&self, program: &Program) -> Violation {
        let mut trace = self.what.steps.clone();
        let mut sure = self.what.confidence;
        let is_assumed = |step: &Step| matches!(step.kind, StepKind::Lent { assumed: Some(_), .. });
        if self.dispose.is_none() || trace.iter().any(is_assumed) {
            sure = sure.min(Confidence::Medium);
        }
        let dispose = self.dispose.map(|function| {
            let name = program.function(function).name.clone();
            let file = program.units[function.unit as usize].file;
            let location = Location { file, span: program.function(function).name_span };
            trace.push(Step { kind: StepKind::Missed { by: name.clone() }, location });
            name
        });
        Violation {
            kind: ViolationKind::Unreleased {
                subject: self.what.subject.clone(),
                field: self.name.clone(),
                class: program.class(self.class).name.clone(),
                dispose,
            },
            function: self.what.function,
            at: self.what.at,
            trace,
            targets: self.what.targets,
            confidence: sure,
        }
    }
}

/// The fields of a file's classes that own memory, as far as what they receive and who may see them tells.
fn owners_in<'a>(program: &'a Program, models: &ModelSet, fields: &'a Fields, unit: u32) -> Vec<Owner<'a>> {
    let from = &program.units[unit as usize];
    if from.language.is_native()
        || from.generated
        || from.classes.is_empty()
        || fields.is_incomplete(unit)
        || from.has_gaps()
    {
        return Vec::new();
    }
    let mut owners = Vec::new();
    for (id, class) in (0_u32..).zip(&from.classes) {
        let class_ref = ClassRef { unit, class: ClassId(id) };
        // The fields of a struct are native memory: what they lead to is the struct's owner's.
        let is_struct = from.layouts.iter().any(|layout| layout.class == class_ref.class);
        let is_plain = matches!(class.kind, ClassKind::Class | ClassKind::Mixin) && !is_struct;
        if !is_plain || is_double(program, models, class_ref) {
            continue;
        }
        let closed = class.name.starts_with('_') || !fates::is_library(program, unit);
        for (index, field) in (0_u32..).zip(&class.fields) {
            let field_ref = VarRef { unit, class: Some(class_ref.class), index };
            if field.is_static || !closed && !field.name.starts_with('_') || is_given(program, class_ref, &field.name) {
                continue;
            }
            let is_number = matches!(program.variable_type(field_ref), Ty::Scalar | Ty::Unknown);
            let dispose = dispose_of(program, models, class_ref);
            // Whoever uses a package decides how often and how long there is one.
            if dispose.is_none() && !closed {
                continue;
            }
            let owned = fields.owned(program, field_ref).filter(|owned| {
                let family = models.family(owned.subject.family);
                let kind = matches!(family.kind, FamilyKind::Memory | FamilyKind::Handle | FamilyKind::Refcount);
                // What many programs keep to their end is missed only where an object has an end.
                let stays = family.kept || family.callback && family.slots.is_none();
                // A handle that is a number may be closed by whoever sees it; what has memory as one knows its address,
                // unless what is written above it shares it (`@Provide`, `@Link` of ArkUI).
                let followed = !is_number || family.kind == FamilyKind::Memory && field.annotations.is_empty();
                kind && followed && (!stays || dispose.is_some())
            });
            if let Some(what) = owned.min_by_key(|owned| owned.at) {
                owners.push(Owner { field: field_ref, class: class_ref, name: &field.name, what, dispose });
            }
        }
    }
    owners
}

/// Whether a constructor receives the field as a parameter.
pub(super) fn is_given(program: &Program, class: ClassRef, name: &Name) -> bool {
    let unit = &program.units[class.unit as usize];
    program.class(class).members.iter().any(|member| {
        let params = &unit.function(*member).params;
        params.iter().any(|param| param.initializes == Some(Initializes::Field) && param.name == *name)
    })
}

/// Whether a class stands in for another in tests.
pub(super) fn is_double(program: &Program, models: &ModelSet, class: ClassRef) -> bool {
    let is_double = |ty: &Ty| matches!(ty, Ty::Model(ty, _) if models.ty(*ty).test_double);
    models.hints().says(Hint::Doubles, &program.class(class).name) || program.supertypes(class).iter().any(is_double)
}

/// The method of a class by which its owner is done with it.
pub(super) fn dispose_of(program: &Program, models: &ModelSet, class: ClassRef) -> Option<FuncRef> {
    program.ancestors(class).into_iter().find_map(|class| {
        let unit = &program.units[class.unit as usize];
        let found = program.class(class).members.iter().find(|member| {
            let function = unit.function(**member);
            let asks = function.params.iter().any(|param| !param.named || param.required);
            function.kind == FunctionKind::Function
                && !function.is_static
                && function.has_blocks()
                && !asks
                && models.hints().says(Hint::Disposes, &function.name)
        });
        found.map(|member| FuncRef { unit: class.unit, function: *member })
    })
}

fn class_of(ty: &Ty) -> Option<ClassRef> {
    match ty {
        Ty::Class(class, _) => Some(*class),
        _ => None,
    }
}

/// Classes whose objects may live as long as the process.
pub(super) struct Lasting {
    /// Those that a variable outside instances holds.
    held: FxHashSet<ClassRef>,
    /// And those that fields of such hold.
    all: FxHashSet<ClassRef>,
}

impl Lasting {
    /// Whether a variable outside instances holds an object of a class.
    pub(super) fn holds(&self, class: ClassRef) -> bool {
        self.held.contains(&class)
    }

    pub(super) fn of(program: &Program) -> Self {
        let mut held = FxHashSet::default();
        for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, from)| !from.language.is_native()) {
            for index in 0..from.variables.len() as u32 {
                classes_in(program.variable_type(VarRef { unit, class: None, index }), &mut held);
            }
            for (class, declared) in (0_u32..).zip(&from.classes) {
                for (index, _) in (0_u32..).zip(&declared.fields).filter(|(_, field)| field.is_static) {
                    classes_in(program.variable_type(VarRef { unit, class: Some(ClassId(class)), index }), &mut held);
                }
            }
        }
        let mut all = FxHashSet::default();
        let mut todo: Vec<ClassRef> = held.iter().copied().collect();
        while let Some(class) = todo.pop() {
            if !all.insert(class) {
                continue;
            }
            let mut inner = FxHashSet::default();
            for index in 0..program.class(class).fields.len() as u32 {
                let field = VarRef { unit: class.unit, class: Some(class.class), index };
                classes_in(program.variable_type(field), &mut inner);
            }
            todo.extend(inner);
        }
        // What is meant as an interface may be any class that has it.
        for (unit, from) in (0_u32..).zip(&program.units) {
            for id in 0..from.classes.len() as u32 {
                let class = ClassRef { unit, class: ClassId(id) };
                let mut supers = program.supertypes(class).iter().filter_map(class_of);
                if supers.clone().any(|of| held.contains(&of)) {
                    held.insert(class);
                }
                if supers.any(|of| all.contains(&of)) {
                    all.insert(class);
                }
            }
        }
        Self { held, all }
    }
}

/// The classes that a type names, in its arguments, too.
fn classes_in(ty: &Ty, classes: &mut FxHashSet<ClassRef>) {
    let mut todo = vec![ty];
    while let Some(ty) = todo.pop() {
        match ty {
            Ty::Class(class, args) => {
                classes.insert(*class);
                todo.extend(args);
            }
            Ty::Model(_, args) | Ty::Sdk(_, args) => todo.extend(args),
            Ty::Record(fields) => todo.extend(fields.iter().map(|(_, ty)| ty)),
            _ => {}
        }
    }
}

/// All code that has what a field leads to: reads it, or stores it there.
#[derive(Default)]
pub(super) struct Accesses {
    held: FxHashMap<VarRef, Vec<Held>>,
    /// Fields that are read in a way that is not followed.
    lost: FxHashSet<VarRef>,
}

impl Accesses {
    fn of(program: &Program, owners: &[Owner<'_>]) -> Self {
        let mut accesses = Self::default();
        let mut by_name: FxHashMap<&Name, Vec<VarRef>> = FxHashMap::default();
        for owner in owners {
            accesses.held.insert(owner.field, Vec::new());
            by_name.entry(owner.name).or_default().push(owner.field);
        }
        for (unit, (from, resolved)) in (0_u32..).zip(program.units.iter().zip(&program.resolved)) {
            if from.language.is_native() {
                continue;
            }
            for (id, (function, resolved)) in (0_u32..).zip(from.functions.iter().zip(resolved)) {
                let function_ref = FuncRef { unit, function: FunctionId(id) };
                for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
                    for (statement, target) in block.ops.iter().zip(targets) {
                        accesses.add(function_ref, &statement.op, target, &by_name);
                        accesses.lost.extend(computed(program, &statement.op, (target, &resolved.types), owners));
                        accesses.note_abstract(program, function_ref, (&statement.op, target), &by_name);
                    }
                }
            }
        }
        accesses
    }

    /// What has the value of a field; nothing where some code reads it in a way that is not followed.
    pub(super) fn held(&self, field: VarRef) -> Option<&[Held]> {
        self.held.get(&field).filter(|_| !self.lost.contains(&field)).map(Vec::as_slice)
    }

    /// What a field of an interface gives is that of some object which has one of that name.
    fn note_abstract(
        &mut self,
        program: &Program,
        function: FuncRef,
        (op, target): (&Op, &Target),
        by_name: &FxHashMap<&Name, Vec<VarRef>>,
    ) {
        let (Target::Field(field), Op::Load { to, .. }) = (target, op) else { return };
        let Some(class) = field.class.filter(|_| !self.held.contains_key(field)) else { return };
        if program.class(ClassRef { unit: field.unit, class }).is_abstract {
            for named in by_name.get(&program.variable(*field).name).into_iter().flatten() {
                self.held.entry(*named).or_default().push((function, *to));
            }
        }
    }

    fn add(&mut self, function: FuncRef, op: &Op, target: &Target, by_name: &FxHashMap<&Name, Vec<VarRef>>) {
        if let Target::Via(via) = target
            && let Receiver::Field(field) = &via.receiver
        {
            self.lost.insert(*field);
        }
        let local = match op {
            Op::Load { to, .. } => *to,
            Op::Call(call) => call.result,
            // What goes in is the field's from here on, and whoever put it there has it, too.
            Op::Store { to, value } => {
                if let Target::Field(field) = target
                    && let Some(held) = self.held.get_mut(field)
                {
                    match value {
                        Operand::Local(local) if to.path.len() <= 1 => held.push((function, *local)),
                        Operand::Const(_) => {}
                        _ => drop(self.lost.insert(*field)),
                    }
                }
                return;
            }
            Op::Element { name: Some(name), .. } => {
                self.lost.extend(by_name.get(name).into_iter().flatten());
                return;
            }
            _ => return,
        };
        match target {
            Target::Field(field) => {
                if let Some(held) = self.held.get_mut(field) {
                    held.push((function, local));
                }
            }
            Target::Unknown | Target::Functions(_) => {
                let named = fates::called(op).and_then(|name| by_name.get(name));
                for field in named.into_iter().flatten() {
                    self.held.entry(*field).or_default().push((function, local));
                }
            }
            _ => {}
        }
    }
}

/// The fields that an operation may read whose names are computed: `this[name]`.
fn computed<'o>(
    program: &'o Program,
    op: &Op,
    (target, types): (&Target, &Types),
    owners: &'o [Owner<'o>],
) -> impl Iterator<Item = VarRef> + use<'o> {
    let object = match (op, target) {
        (Op::Load { from, .. }, Target::Unknown) if matches!(from.path.first(), Some(Projection::Index(_))) => {
            match from.base {
                Base::Local(base) => types.get(base.index()).and_then(class_of),
                _ => None,
            }
        }
        _ => None,
    };
    let has = move |owner: &&Owner<'_>| {
        object.is_some_and(|object| {
            program.ancestors(object).contains(&owner.class) || program.ancestors(owner.class).contains(&object)
        })
    };
    owners.iter().filter(has).map(|owner| owner.field)
}
