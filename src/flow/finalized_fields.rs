//! What a class releases by hand although a finalizer that its constructors attach will release it as well.
//!
//! A conclusion from all code at once: what constructors register for fields that nothing writes afterwards, and what
//! the class's other members release. Where any code may withdraw the finalizer, nothing is said.

use rustc_hash::FxHashSet;

use super::calls::Calling;
use super::engine::{Engine, Exits};
use super::fates::called;
use super::fields::{Fields, Released};
use super::path::{Attached, Path};
use super::summaries::Summaries;
use super::value::{Offset, Value};
use crate::ir::{ClassId, FunctionId, FunctionKind, LocalKind, Name, Op, Operand};
use crate::link::{ClassRef, FuncRef, Program, Target, Ty, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::summary::{EffectKind, Root};
use crate::target::TargetSet;
use crate::violation::{Confidence, Owner, Step, StepKind, Subject, Usage, Violation, ViolationKind};

/// What one function has to do with finalizers of fields.
#[derive(Debug, Default)]
pub(super) struct FinalizedNotes {
    attached: Vec<AttachedField>,
    calls: Vec<CalledWith>,
}

impl FinalizedNotes {
    pub(super) fn is_empty(&self) -> bool {
        self.attached.is_empty() && self.calls.is_empty()
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.attached.extend(other.attached);
        self.calls.extend(other.calls);
    }
}

/// A field that a constructor gives to a finalizer, however it returns.
#[derive(Clone, Debug)]
struct AttachedField {
    field: VarRef,
    constructor: FuncRef,
    how: Attached,
    /// It was given no object by which it could be withdrawn.
    keyless: bool,
    subject: Option<Subject>,
    steps: Vec<Step>,
}

/// A native function that is given nothing but what a field leads to.
#[derive(Clone, Debug, PartialEq)]
struct CalledWith {
    field: VarRef,
    symbol: Name,
    function: FuncRef,
    by: Name,
    at: Location,
    targets: TargetSet,
}

impl Engine<'_> {
    /// Notes what the analysed constructor gives to finalizers.
    pub(super) fn note_finalized(&mut self, exits: &Exits) {
        let Some(class) = self.program.function(self.root).class.filter(|_| self.constructs()) else { return };
        let mut all = exits.returns.iter().map(|returned| self.finalized_fields(&returned.path, class));
        let Some(first) = all.next() else { return };
        let rest: Vec<Vec<AttachedField>> = all.collect();
        let same = |one: &AttachedField, other: &AttachedField| {
            one.field == other.field && one.how == other.how && one.keyless == other.keyless
        };
        let always = |one: &AttachedField| rest.iter().all(|other| other.iter().any(|other| same(one, other)));
        self.fields.finalized.attached.extend(first.into_iter().filter(always));
    }

    fn finalized_fields(&self, path: &Path, class: ClassId) -> Vec<AttachedField> {
        let unit = self.root.unit;
        let fields = &self.program.units[unit as usize].classes[class.index()].fields;
        let found = path.heap.iter().filter_map(|((owner, key), value)| {
            let this = path.objects.get(owner)?.path.as_deref()?;
            let Value::Pointer(id, Offset::Start) = value else { return None };
            let object = path.objects.get(id).filter(|_| this.root == Root::This && this.steps.is_empty())?;
            let index = fields.iter().position(|field| field.name == *key)?;
            let is_registered = |step: &Step| step.kind == StepKind::Registered { with: Owner::Finalizer };
            let last = object.story.steps.iter().position(is_registered)?;
            Some(AttachedField {
                field: VarRef { unit, class: Some(class), index: index as u32 },
                constructor: self.root,
                keyless: object.attached.as_ref()?.key.is_none(),
                how: Attached { key: None, ..object.attached.clone()? },
                subject: self.subject(*id, object),
                steps: object.story.steps[..=last].to_vec(),
            })
        });
        found.collect()
    }

    /// Notes a native call that is given what a field of the analysed function's class led to when it began.
    pub(super) fn note_call_with_field(&mut self, path: &Path, target: &Target, calling: &Calling) {
        let [arg] = calling.args.as_slice() else { return };
        let Value::Pointer(id, Offset::Start) = arg.value else { return };
        let Some(field) = self.field_behind(path, id).filter(|_| !path.doubtful) else { return };
        let Some(symbol) = self.symbol_behind(target) else { return };
        let (by, at, targets) = (calling.name.clone(), calling.at, path.targets);
        let called = CalledWith { field, symbol, function: self.root, by, at, targets };
        if !self.fields.finalized.calls.contains(&called) {
            self.fields.finalized.calls.push(called);
        }
    }
}

/// The releases by hand of what finalizers release as well.
pub(super) fn released_by_hand(
    program: &Program,
    models: &ModelSet,
    summaries: &Summaries,
    fields: &Fields,
) -> Vec<Violation> {
    if fields.finalized.attached.is_empty() {
        return Vec::new();
    }
    let withdrawn = Withdrawn::of(program, models);
    // "If the `detach` argument is not provided, there is no way to detach":
    // <https://api.dart.dev/dart-ffi/NativeFinalizer/attach.html>
    let is_keyless = |field: VarRef| {
        let mut of_field = fields.finalized.attached.iter().filter(|attached| attached.field == field);
        of_field.all(|attached| attached.keyless)
    };
    let attached = |field: VarRef, function: FuncRef| {
        let by_hand = program.function(function).kind != FunctionKind::Constructor;
        let stays = is_keyless(field) || !withdrawn.may_be(program, field);
        let known = by_hand && !fields.is_incomplete(field.unit) && stays;
        (known && !summaries.written(program).has(program, field))
            .then(|| attached_always(program, &fields.finalized.attached, field))
            .flatten()
    };
    let violation = |attached: &AttachedField, by: &Name, function: FuncRef, at: Location, steps: Vec<Step>| {
        let trace = attached.steps.iter().cloned().chain(steps).collect();
        let (subject, release) = (attached.subject.clone(), by.clone());
        let kind = ViolationKind::ReleasedTwice { managed: true, subject, release };
        // That the member runs while the finalizer is attached is concluded from all code, not from a path.
        let confidence = Confidence::Medium;
        Violation { kind, function, at, trace, targets: TargetSet::ALL, confidence }
    };
    // What is counted may be held more than once.
    let is_counted = |attached: &AttachedField, by: &Name| {
        let family = attached.how.family.map(|family| models.family(family).kind);
        let mut names = attached.how.symbol.iter().chain([by]);
        family == Some(FamilyKind::Refcount) || names.any(|name| models.hints().says(Hint::CountsDown, name))
    };
    let mut found: Vec<Violation> = Vec::new();
    for released in &fields.releases {
        let Some(attached) = attached(released.field, released.function) else { continue };
        // A member that another one calls is told of itself.
        let inner = |other: &Released| {
            let within = |step: &Step| step.location == other.at && other.at != released.at;
            other.field == released.field && released.steps.iter().any(within)
        };
        let is_one = attached.how.family.is_some() && !is_counted(attached, &released.by);
        if is_one && !fields.releases.iter().any(inner) {
            let steps = released.steps.clone();
            let of = violation(attached, &released.by, released.function, released.at, steps);
            found.push(Violation {
                targets: released.targets,
                confidence: released.confidence.min(of.confidence),
                ..of
            });
        }
    }
    for called in &fields.finalized.calls {
        let Some(attached) = attached(called.field, called.function) else { continue };
        let is_same = attached.how.symbol.as_ref() == Some(&called.symbol) && !is_counted(attached, &called.by);
        if is_same && !found.iter().any(|known| known.at == called.at) {
            let step = Step { kind: StepKind::Used(Usage::Pass(called.by.clone())), location: called.at };
            let of = violation(attached, &called.by, called.function, called.at, vec![step]);
            found.push(Violation { targets: called.targets, ..of });
        }
    }
    found.retain(|violation| !violation.targets.is_empty());
    found
}

/// What a field is given to, where every constructor of its class gives it to a finalizer.
fn attached_always<'a>(program: &Program, attached: &'a [AttachedField], field: VarRef) -> Option<&'a AttachedField> {
    let unit = &program.units[field.unit as usize];
    let class = unit.classes.get(field.class?.index())?;
    let constructors = class.members.iter().filter(|id| unit.function(**id).kind == FunctionKind::Constructor);
    let mut first = None;
    for constructor in constructors.filter(|id| !super::construction::redirects(unit.function(**id))) {
        let constructor = FuncRef { unit: field.unit, function: *constructor };
        let of_this = attached.iter().find(|one| one.field == field && one.constructor == constructor)?;
        first = first.or(Some(of_this));
    }
    first
}

/// What finalizers may be withdrawn from.
#[derive(Default)]
struct Withdrawn {
    classes: FxHashSet<ClassRef>,
    units: FxHashSet<u32>,
    /// Some function withdraws them from whatever it is given.
    any: bool,
}

impl Withdrawn {
    fn of(program: &Program, models: &ModelSet) -> Self {
        let mut withdrawn = Self::default();
        for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, from)| !from.language.is_native()) {
            for id in 0..from.functions.len() as u32 {
                withdrawn.look_at(program, models, FuncRef { unit, function: FunctionId(id) });
            }
        }
        withdrawn
    }

    fn look_at(&mut self, program: &Program, models: &ModelSet, function: FuncRef) {
        let (body, resolved) = (program.function(function), program.resolved(function));
        for (statement, target) in program.operations(function) {
            let detaches = match target {
                Target::Model(model) | Target::ModelTearOff(model) => {
                    let outcomes = &models.function(*model).summary.outcomes;
                    outcomes.iter().flat_map(|outcome| &outcome.effects).any(|effect| effect.kind == EffectKind::Detach)
                }
                Target::Unknown => called(&statement.op).is_some_and(|name| models.hints().says(Hint::Unsets, name)),
                _ => false,
            };
            if !detaches {
                continue;
            }
            let first = match &statement.op {
                Op::Call(call) => call.args.first().map(|arg| &arg.value),
                _ => None,
            };
            let local = match first {
                Some(Operand::Local(local)) => body.locals.get(local.index()).map(|declared| (*local, declared.kind)),
                _ => None,
            };
            match local.map(|(local, kind)| (resolved.types.get(local.index()), kind)) {
                Some((Some(Ty::Class(class, _)), _)) => {
                    self.classes.insert(*class);
                }
                Some((_, LocalKind::Param)) if *target != Target::Unknown => self.any = true,
                _ => {
                    self.units.insert(function.unit);
                }
            }
        }
    }

    /// Whether a finalizer of a field may be withdrawn.
    fn may_be(&self, program: &Program, field: VarRef) -> bool {
        let Some(class) = field.class.map(|class| ClassRef { unit: field.unit, class }) else { return true };
        let supers = program.ancestors(class);
        self.any
            || supers.iter().any(|of| self.units.contains(&of.unit) || self.classes.contains(of))
            || self.classes.iter().any(|other| program.ancestors(*other).contains(&class))
    }
}
