//! What the fields of a class own, from all code that writes them: the memory that one method puts there, another
//! releases.
//!
//! Methods are called in any order, so nothing is said of order here: only what holds for whatever a field may ever lead
//! to. Static variables are fields, too.

use rustc_hash::{FxHashMap, FxHashSet};

use super::engine::{Engine, Exits};
use super::finalized_fields::FinalizedNotes;
use super::objects::{Releasing, confidence};
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::Name;
use crate::link::{FuncRef, Program, VarRef};
use crate::models::ModelSet;
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership as State};
use crate::summary::{FamilyId, Root, Step as PathStep};
use crate::target::TargetSet;
use crate::violation::{Confidence, Step, StepKind, Subject, Violation, ViolationKind};

/// What is put into the collections that fields hold, and where: at one place once, however many paths come by.
pub(super) type Elements = FxHashMap<(VarRef, Location), Owned>;

/// What one function does to fields.
#[derive(Debug, Default)]
pub(super) struct FieldNotes {
    stores: Vec<Stored>,
    /// What a function that computes an initial value gives.
    initial: Vec<(FuncRef, Option<Box<Owned>>)>,
    releases: Vec<Released>,
    elements: Elements,
    pub(super) finalized: FinalizedNotes,
}

impl FieldNotes {
    pub(super) fn is_empty(&self) -> bool {
        self.stores.is_empty()
            && self.initial.is_empty()
            && self.releases.is_empty()
            && self.elements.is_empty()
            && self.finalized.is_empty()
    }

    pub(super) fn append(&mut self, more: Self) {
        self.stores.extend(more.stores);
        self.initial.extend(more.initial);
        self.releases.extend(more.releases);
        self.elements.extend(more.elements);
        self.finalized.extend(more.finalized);
    }

    /// Notes what is put into the collection that a field holds.
    pub(super) fn note_element(&mut self, field: VarRef, owned: Owned) {
        self.elements.entry((field, owned.at)).or_insert(owned);
    }
}

/// Something that is written to a field, null apart.
#[derive(Clone, Debug, PartialEq)]
struct Stored {
    field: VarRef,
    /// Nothing where it is not known who owns it.
    what: Option<Box<Owned>>,
}

/// Memory that was its function's own when a field received it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owned {
    pub(super) subject: Subject,
    pub(super) targets: TargetSet,
    pub(super) steps: Vec<Step>,
    pub(super) confidence: Confidence,
    pub(super) function: FuncRef,
    /// Where the field receives it.
    pub(super) at: Location,
}

/// A release of what a field leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Released {
    pub(super) field: VarRef,
    pub(super) function: FuncRef,
    pub(super) by: Name,
    through: Option<Name>,
    pub(super) at: Location,
    family: FamilyId,
    pub(super) targets: TargetSet,
    pub(super) steps: Vec<Step>,
    pub(super) confidence: Confidence,
}

impl Engine<'_> {
    /// Notes what a field or static variable receives.
    pub(super) fn note_field_store(&mut self, path: &Path, field: VarRef, value: &Value, at: Location) {
        if value.is_null() {
            return;
        }
        let into = self.program.variable(field).name.clone();
        let what = self.owned_value(path, value, at).map(|mut owned| {
            owned.steps.push(Step { kind: StepKind::Stored { into: into.clone() }, location: at });
            Box::new(Owned { subject: Subject { held_by: Some(into), ..owned.subject }, ..owned })
        });
        let stored = Stored { field, what };
        if !self.fields.stores.contains(&stored) {
            self.fields.stores.push(stored);
        }
    }

    /// Notes what the analysed function gives, which computes the initial value of a field.
    pub(super) fn note_initial(&mut self, exits: &Exits) {
        for returned in exits.returns.iter().filter(|returned| !returned.value.is_null()) {
            let owned = self.owned_value(&returned.path, &returned.value, returned.at);
            let initial = (self.root, owned.map(Box::new));
            self.fields.initial.push(initial);
        }
    }

    /// The memory of a family that a value leads to, where it is the function's own.
    pub(super) fn owned_value(&self, path: &Path, value: &Value, at: Location) -> Option<Owned> {
        let Value::Pointer(id, Offset::Start) = value else { return None };
        let object = path.objects.get(id)?;
        let State::Owned(MemoryFamily::Known(_)) = object.ownership else { return None };
        let origin = &self.origins[id.origin as usize];
        Some(Owned {
            subject: self.subject(*id, object)?,
            targets: path.targets.and(origin.targets),
            steps: object.story.steps.clone(),
            confidence: confidence(origin.basis),
            function: self.root,
            at,
        })
    }

    /// Notes a release of what a field of the analysed function's class led to when it began.
    pub(super) fn note_field_release(&mut self, path: &Path, id: ObjectId, releasing: &Releasing) {
        let Some(family) = releasing.family.filter(|_| !path.doubtful) else { return };
        let Some(field) = self.field_behind(path, id) else { return };
        let by = releasing.by.clone();
        let (by, through) = match &releasing.inside {
            Some(inside) => (inside.by.clone(), Some(by)),
            None => (by, None),
        };
        let released = Released {
            field,
            function: self.root,
            by,
            through,
            at: releasing.at,
            family,
            targets: path.targets.and(releasing.targets),
            steps: releasing.steps(family).collect(),
            confidence: confidence(releasing.basis),
        };
        if !self.fields.releases.contains(&released) {
            self.fields.releases.push(released);
        }
    }

    /// The field of `this` whose value an object is, as the function found it.
    pub(super) fn field_behind(&self, path: &Path, id: ObjectId) -> Option<VarRef> {
        let place = path.objects.get(&id)?.path.as_deref()?;
        let (Root::This, [PathStep::Field(name)]) = (&place.root, place.steps.as_slice()) else { return None };
        let function = self.program.function(self.root);
        let class = function.class?;
        let unit = &self.program.units[self.root.unit as usize];
        let index = unit.classes.get(class.index())?.fields.iter().position(|field| field.name == *name)?;
        Some(VarRef { unit: self.root.unit, class: Some(class), index: index as u32 })
    }
}

/// What a field receives, null apart.
#[derive(Default)]
struct Received {
    owned: Vec<Owned>,
    /// And something of which it is not known who owns it.
    other: bool,
}

impl Received {
    fn add(&mut self, what: Option<Box<Owned>>) {
        match what {
            Some(owned) => self.owned.push(*owned),
            None => self.other = true,
        }
    }
}

/// All that the functions of the program do to fields.
#[derive(Default)]
pub(super) struct Fields {
    stores: FxHashMap<VarRef, Received>,
    initial: FxHashMap<FuncRef, Received>,
    pub(super) releases: Vec<Released>,
    pub(super) elements: Elements,
    pub(super) finalized: FinalizedNotes,
    /// Units of functions that were not analysed to their end: they may write anything to the fields of their classes.
    incomplete: FxHashSet<u32>,
}

impl Fields {
    pub(super) fn give_up(&mut self, unit: u32) {
        self.incomplete.insert(unit);
    }

    /// Whether some function of a unit was not analysed to its end.
    pub(super) fn is_incomplete(&self, unit: u32) -> bool {
        self.incomplete.contains(&unit)
    }

    /// What a field receives that must be released.
    pub(super) fn owned(&self, program: &Program, field: VarRef) -> impl Iterator<Item = &Owned> {
        let initial = program.initializer(field).and_then(|function| self.initial.get(&function));
        self.stores.get(&field).into_iter().chain(initial).flat_map(|received| &received.owned)
    }

    pub(super) fn add(&mut self, notes: FieldNotes) {
        for Stored { field, what } in notes.stores {
            self.stores.entry(field).or_default().add(what);
        }
        for (function, what) in notes.initial {
            self.initial.entry(function).or_default().add(what);
        }
        self.releases.extend(notes.releases);
        self.elements.extend(notes.elements);
        self.finalized.extend(notes.finalized);
    }

    /// The releases that fit nothing of what their field ever receives.
    pub(super) fn mismatches(&self, program: &Program, models: &ModelSet) -> Vec<Violation> {
        let mut found = Vec::new();
        for released in &self.releases {
            let variable = program.variable(released.field);
            let unknown = self.incomplete.contains(&released.field.unit)
                || is_parameter_of_constructor(program, released.field, &variable.name);
            let initial = program.initializer(released.field).and_then(|function| self.initial.get(&function));
            let received = || self.stores.get(&released.field).into_iter().chain(initial);
            if unknown || received().any(|received| received.other) {
                continue;
            }
            let stores: Vec<&Owned> = received().flat_map(|received| &received.owned).collect();
            let versions = program.versions(released.field.unit);
            let wrong = |owned: &&Owned| {
                let both = owned.targets.and(released.targets);
                both.minus(models.same_on(owned.subject.family, released.family, versions))
            };
            let targets = stores.iter().map(wrong).reduce(TargetSet::and).unwrap_or(TargetSet::NONE);
            let Some(first) = stores.first().filter(|_| !targets.is_empty()) else { continue };
            let trace = first.steps.iter().chain(&released.steps).cloned().collect();
            found.push(Violation {
                kind: ViolationKind::Mismatched {
                    subject: first.subject.clone(),
                    release: released.by.clone(),
                    through: released.through.clone(),
                    released_as: released.family,
                    is_cell: false,
                },
                function: released.function,
                at: released.at,
                trace,
                targets,
                confidence: stores.iter().map(|owned| owned.confidence).fold(released.confidence, Confidence::min),
            });
        }
        found
    }
}

/// Whether a constructor receives the field as a parameter (`this.x`): what it is then, its callers know.
fn is_parameter_of_constructor(program: &Program, field: VarRef, name: &Name) -> bool {
    let unit = &program.units[field.unit as usize];
    let members = field.class.and_then(|class| unit.classes.get(class.index())).map(|class| &class.members);
    members.into_iter().flatten().any(|member| {
        let params = &unit.function(*member).params;
        params.iter().any(|param| param.initializes == Some(crate::ir::Initializes::Field) && param.name == *name)
    })
}
