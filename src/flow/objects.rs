//! What happens to objects: allocation, release, use, escape. Every verdict is the transition function's.

use std::rc::Rc;

use super::engine::{Engine, Origin, OriginKey, Role, Site};
use super::path::{Object, Part, Path, Story};
use super::value::{ObjectId, Offset, Symbol, Value};
use crate::ir::Name;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::{Event, Fault, MemoryFamily, Ownership, transition};
use crate::summary::{AccessPath, Basis, FamilyId, Made};
use crate::target::TargetSet;
use crate::violation::{Confidence, Exit, Owner, Step, StepKind, Subject, Usage, Violation, ViolationKind};

/// How much of a literal messages quote.
const LITERAL: usize = 20;

/// The release that a call makes.
#[derive(Clone, Debug)]
pub(super) struct Releasing {
    /// As written.
    pub(super) by: Name,
    pub(super) at: Location,
    /// `None` when the family is a caller's or not known.
    pub(super) family: Option<FamilyId>,
    pub(super) basis: Basis,
    /// Where in the callee it happens.
    pub(super) inside: Option<Made>,
    /// The callee was given the memory itself, not something that leads to it.
    pub(super) whole: bool,
    /// Where the call exists.
    pub(super) targets: TargetSet,
}

impl Releasing {
    /// The steps that it adds to a story.
    pub(super) fn steps(&self, family: FamilyId) -> impl Iterator<Item = Step> + '_ {
        let inside = self.inside.iter().map(move |made| Step {
            kind: StepKind::Released { by: made.by.clone(), family },
            location: made.location,
        });
        inside.chain([Step { kind: StepKind::Released { by: self.by.clone(), family }, location: self.at }])
    }
}

impl Engine<'_> {
    /// A new object at an origin. What the same site made in an earlier round of a loop becomes the older one.
    pub(super) fn allocate(&mut self, path: &mut Path, origin: u32, object: Object) -> ObjectId {
        let recent = ObjectId { origin, older: false };
        if path.objects.contains_key(&recent) {
            self.forget_facts(path, Part::Object(recent));
            self.age(path, recent);
        }
        path.objects.insert(recent, object);
        recent
    }

    fn age(&mut self, path: &mut Path, recent: ObjectId) {
        let reached = path.reaches(recent);
        let Some(object) = path.objects.remove(&recent) else { return };
        if !reached {
            path.heap.retain(|(owner, _), _| *owner != recent);
            let at = path.turned.unwrap_or(self.origins[recent.origin as usize].location);
            if path.doubtful {
                self.ledger.entry(recent.origin).or_default().settle(&object);
            } else {
                self.ledger.entry(recent.origin).or_default().end(&object, Exit::NextRound, at, path);
            }
            return;
        }
        let older = ObjectId { older: true, ..recent };
        match path.objects.get_mut(&older) {
            Some(old) => {
                old.ownership = crate::state::join(old.ownership, object.ownership);
                old.non_null &= object.non_null;
                old.settled &= object.settled;
                if old.story.overwritten.is_none() && object.story.overwritten.is_some() {
                    old.story = object.story;
                }
            }
            None => {
                path.objects.insert(older, object);
            }
        }
        for value in path.locals.values_mut().chain(path.heap.values_mut()) {
            rename(value, recent, older);
        }
        path.move_elements(recent, older);
        path.move_contents(recent, older);
        for object in path.objects.values_mut() {
            if object.scope == Some(recent) {
                object.scope = Some(older);
            }
            if let Some(key) = object.attached.as_mut().and_then(|attached| attached.key.as_mut()) {
                rename(key, recent, older);
            }
        }
    }

    /// Releases what a value points to.
    pub(super) fn release(&mut self, path: &mut Path, site: Site, value: &Value, releasing: &Releasing) {
        match value {
            Value::Pointer(object, Offset::Start) | Value::Address(object) => {
                self.release_object(path, *object, releasing)
            }
            Value::Scope(scope) => self.end_scope(path, *scope, &releasing.by, releasing.at),
            // The block is out of sight from here.
            Value::Pointer(object, offset) => {
                self.release_inside(path, *object, *offset, releasing);
                self.apply(path, *object, Event::Escape);
            }
            Value::View(object, field) if !field.is_empty() => {
                self.release_inside(path, *object, self.field_offset(field), releasing);
                self.apply(path, *object, Event::Escape);
            }
            Value::Element(array, key) => {
                for id in path.elements(*array, key) {
                    // How often the loop around it runs is not known, and some may have been released one by one.
                    self.ledger.entry(id.origin).or_default().drained = true;
                    if path.ownership(id) != Ownership::Released {
                        self.release_object(path, id, releasing);
                    }
                }
            }
            Value::Str(text) if self.is_native(site.frame) => {
                let name: Name = format!("\"{}\"", text.chars().take(LITERAL).collect::<String>()).into();
                let origin = self.plain_origin(OriginKey::Site(site, Role::Literal), name, releasing.at, Owner::Static);
                let literal = Object { ownership: Ownership::Static, ..Object::unknown(None) };
                let object = self.allocate(path, origin, literal);
                self.release_object(path, object, releasing);
            }
            Value::Native(Some(symbol)) => self.release_function(path, site, symbol.clone(), releasing),
            Value::Lent(function, _) => {
                if let Value::Native(symbol) = &**function {
                    let symbol = symbol.clone().unwrap_or_else(|| releasing.by.clone());
                    self.release_function(path, site, symbol, releasing);
                }
            }
            Value::Symbol(symbol) => {
                self.part_goes(path, value);
                let object = self.materialise(path, site, *symbol, releasing);
                self.release_object(path, object, releasing);
            }
            _ => {}
        }
    }

    /// Gives a pointer of which nothing is known an object, so that a second release or a use is seen.
    fn materialise(&mut self, path: &mut Path, site: Site, symbol: Symbol, releasing: &Releasing) -> ObjectId {
        let origin = self.origin(OriginKey::Site(site, Role::Released), |_| Origin {
            by: releasing.by.clone(),
            made_by: releasing.by.clone(),
            location: releasing.at,
            basis: releasing.basis,
            family: None,
            owner: Owner::Library,
            targets: TargetSet::ALL,
            leak_matters: false,
            part_of: None,
            sometimes: false,
        });
        let object = self.allocate(path, origin, Object::unknown(None));
        path.replace(&Value::Symbol(symbol), &Value::Pointer(object, Offset::Start));
        path.replace(&Value::Symbol(symbol.view()), &Value::View(object, Name::default()));
        object
    }

    pub(super) fn release_object(&mut self, path: &mut Path, id: ObjectId, releasing: &Releasing) {
        self.note_field_release(path, id, releasing);
        let Some(object) = path.objects.get(&id) else { return };
        if self.gives_up_added(object, releasing) {
            return;
        }
        if object.ownership == Ownership::Released && self.may_come_again(id, releasing) {
            return;
        }
        let wrong_on = match (object.ownership, releasing.family) {
            // In one language's own code the types say what a pointer carries.
            (Ownership::Owned(MemoryFamily::Known(memory)), Some(family))
                if self.differ_by_length(memory, family, releasing.inside.is_some()) =>
            {
                TargetSet::NONE
            }
            (Ownership::Owned(MemoryFamily::Known(memory)), Some(family)) => {
                let targets = path.targets.and(self.origins[id.origin as usize].targets).and(releasing.targets);
                targets.minus(self.models.same_on(memory, family, self.versions))
            }
            _ => TargetSet::NONE,
        };
        // A value that was given away whole ends with the callee.
        let given = object.ownership == Ownership::Managed
            && object.scope.is_none()
            && object.attached.is_none()
            && releasing.inside.is_some();
        let event = if given { Event::ManagedRelease } else { Event::Release { wrong_on } };
        // What a callee lent, and another releases for its owner.
        let lent = object.ownership == Ownership::Borrowed
            && object.story.lent
            && releasing.inside.is_some()
            && !(releasing.whole && object.story.part);
        // What was lent and has ended is still its owner's.
        let ended = object.ownership == Ownership::Released && object.story.ended.is_some();
        let before = if ended { Ownership::Borrowed } else { object.ownership };
        let (after, fault) = if lent { (Ownership::Released, None) } else { transition(before, event) };
        if fault.is_none() {
            let kind = |family| StepKind::Released { by: releasing.by.clone(), family };
            let step = releasing.family.map(|family| Step { kind: kind(family), location: releasing.at });
            self.fault_of_retained(path, id, &releasing.by, step, releasing.at);
        }
        if let Some(fault) = fault {
            self.fault_of_release(path, id, fault, releasing);
            // That the content is not released is the same mistake.
            let content = releasing.family.and_then(|family| self.content_of_family(path, id, family));
            if let (Fault::Mismatch(_), Some(content)) = (fault, content) {
                self.apply(path, content, Event::Escape);
            }
        }
        if let Some(object) = path.objects.get_mut(&id) {
            object.ownership = after;
            object.note_fate(event);
        }
        let origin = &self.origins[id.origin as usize];
        if let Some(family) = releasing.family.or(origin.family) {
            releasing.steps(family).for_each(|step| path.tell(id, step));
        }
        path.orphan(id, &releasing.by, releasing.at);
    }

    /// Whether a release does nothing to what was released before.
    fn may_come_again(&self, id: ObjectId, releasing: &Releasing) -> bool {
        let family = releasing.family.or(self.origins[id.origin as usize].family);
        family.is_some_and(|family| self.models.family(family).idempotent)
    }

    /// What a cell holds that is of a family.
    fn content_of_family(&self, path: &Path, cell: ObjectId, family: FamilyId) -> Option<ObjectId> {
        let mut held = path.held(cell).filter_map(|(_, value)| value.object());
        held.find(|id| {
            let Ownership::Owned(MemoryFamily::Known(known)) = path.ownership(*id) else { return false };
            !path.targets.and(self.models.same_on(known, family, self.versions)).is_empty()
        })
    }

    fn fault_of_release(&mut self, path: &Path, id: ObjectId, fault: Fault, releasing: &Releasing) {
        let Some(object) = path.objects.get(&id) else { return };
        // Whether it was released before hangs on an exception that nobody knows of, or on how often a loop runs.
        let is_unsure = path.doubtful || object.story.released_at() == Some(releasing.at) || self.is_counted(path, id);
        if fault == Fault::DoubleRelease && is_unsure {
            return;
        }
        let origin = self.origins[id.origin as usize].clone();
        let release = releasing.by.clone();
        let subject = self.subject(id, object);
        let mut targets = path.targets;
        let kind = match fault {
            Fault::Mismatch(wrong_on) => {
                let (Some(subject), Some(released_as)) = (subject, releasing.family) else { return };
                targets = wrong_on;
                let inside = releasing.inside.is_some();
                if inside && self.lacks_length(subject.family, released_as) {
                    let by = releasing.inside.as_ref().map_or_else(|| release.clone(), |inside| inside.by.clone());
                    let kind = ViolationKind::ReleasedWithoutLength { subject, release, by };
                    return self.report_release(path, id, releasing, kind, targets);
                }
                let (release, through) = match &releasing.inside {
                    Some(inside) => (inside.by.clone(), Some(release)),
                    None => (release, None),
                };
                let is_cell = self.content_of_family(path, id, released_as).is_some();
                ViolationKind::Mismatched { subject, release, through, released_as, is_cell }
            }
            Fault::NotOwner => {
                let owner = match object.ownership {
                    Ownership::Static => Owner::Static,
                    Ownership::Relinquished => {
                        Owner::Taker(object.story.taken_by().unwrap_or_else(|| origin.by.clone()))
                    }
                    _ => origin.owner.clone(),
                };
                ViolationKind::ReleasedBorrowed { origin: origin.by.clone(), owner, release }
            }
            Fault::DoubleRelease => {
                ViolationKind::ReleasedTwice { managed: object.ownership == Ownership::Managed, subject, release }
            }
            Fault::UseAfterRelease | Fault::Leak | Fault::Dangling => return,
        };
        self.report_release(path, id, releasing, kind, targets);
    }

    /// Whether there may be further references, each of which is released: one was added out of sight.
    fn is_counted(&self, path: &Path, id: ObjectId) -> bool {
        let shared = path.objects.get(&id).is_some_and(|object| object.story.passed_on);
        let family = self.origins[id.origin as usize].family.filter(|_| shared);
        family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Refcount)
    }

    /// Whether what a function releases of what it was given is the reference that was added just before.
    fn gives_up_added(&self, object: &Object, releasing: &Releasing) -> bool {
        let added = object.path.is_some() && object.ownership == Ownership::Escaped && object.story.passed_on;
        let family = releasing.family.filter(|_| added);
        family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Refcount)
    }

    /// Reports what is wrong with a release, with the story of what it releases.
    fn report_release(
        &mut self,
        path: &Path,
        id: ObjectId,
        releasing: &Releasing,
        kind: ViolationKind,
        targets: TargetSet,
    ) {
        let Some(object) = path.objects.get(&id) else { return };
        let origin = &self.origins[id.origin as usize];
        let mut trace = object.story.steps.clone();
        if let Some(family) = releasing.family.or(origin.family) {
            trace.extend(releasing.steps(family));
        }
        let mut confidence = confidence(origin.basis).min(confidence(releasing.basis));
        if object.attached.as_ref().is_some_and(|attached| attached.family.is_none()) {
            confidence = confidence.min(Confidence::Medium);
        }
        self.report(Violation { kind, function: self.root, at: releasing.at, trace, targets, confidence });
    }

    /// Reads, writes or lends what a value leads to.
    pub(super) fn usage(&mut self, path: &mut Path, value: &Value, usage: Usage, at: Location) {
        let id = match value {
            Value::Pointer(id, _) | Value::View(id, _) | Value::Lent(_, id) => *id,
            _ => return,
        };
        self.used_detached(path, id);
        self.note_field_read(path, id, &usage, at);
        let event = if usage == Usage::Return { Event::Return } else { Event::Use };
        let (mut after, fault) = transition(path.ownership(id), event);
        if fault == Some(Fault::UseAfterRelease) && !path.doubtful && !self.is_counted(path, id) {
            self.fault_of_use(path, id, usage, at);
            // Said once: what follows comes of the same mistake.
            after = Ownership::Escaped;
        }
        if event == Event::Use
            && let Some(object) = path.objects.get_mut(&id)
        {
            object.ownership = after;
        }
    }

    fn fault_of_use(&mut self, path: &Path, id: ObjectId, usage: Usage, at: Location) {
        let Some(object) = path.objects.get(&id) else { return };
        if object.scope.is_some() && object.story.left.is_some() {
            let used = Step { kind: StepKind::Used(usage), location: at };
            return self.escapes(path, id, Confidence::High, Some(used));
        }
        if let Some(by) = object.story.ended.clone() {
            return self.fault_of_ended(path, id, by, usage, at);
        }
        if let Some(of) = object.story.dropped() {
            return self.fault_of_dangling(path, id, of, usage, at);
        }
        // Its own address went with it.
        let owner = object.story.lent_of.filter(|_| object.story.own);
        let owner = owner.and_then(|owner| Some((owner, path.objects.get(&owner)?)));
        let (of, told) = owner.unwrap_or((id, object));
        let subject = self.subject(of, told);
        let mut trace = told.story.steps.clone();
        trace.push(Step { kind: StepKind::Used(usage.clone()), location: at });
        let mut confidence = confidence(self.origins[id.origin as usize].basis);
        if object.story.viewed {
            confidence = confidence.min(Confidence::Medium);
        }
        self.report(Violation {
            kind: ViolationKind::UsedAfterRelease { subject, usage },
            function: self.root,
            at,
            trace,
            targets: path.targets,
            confidence,
        });
    }

    /// A returned value must not lead to released memory.
    pub(super) fn check_returned(&mut self, path: &mut Path, value: &Value, at: Location) {
        let id = match value {
            Value::Pointer(id, _) | Value::View(id, _) => *id,
            _ => return,
        };
        if path.ownership(id) == Ownership::Released {
            self.usage(path, value, Usage::Return, at);
        }
    }

    /// The subject of a finding about an object.
    pub(super) fn subject(&self, id: ObjectId, object: &Object) -> Option<Subject> {
        let origin = &self.origins[id.origin as usize];
        origin.family.map(|family| Subject {
            family,
            origin: origin.by.clone(),
            made_by: origin.made_by.clone(),
            held_by: object.story.held_by.clone(),
            release: None,
        })
    }

    /// Adds a violation, once.
    pub(super) fn report(&mut self, violation: Violation) {
        let known = self.violations.iter_mut().find(|known| {
            known.at == violation.at
                && std::mem::discriminant(&known.kind) == std::mem::discriminant(&violation.kind)
                // One assignment loses what its variable holds, wherever that came from.
                && (known.trace.first() == violation.trace.first()
                    || matches!(violation.kind, ViolationKind::Overwritten { .. }))
        });
        match known {
            Some(known) => known.targets = known.targets.or(violation.targets),
            None => self.violations.push(violation),
        }
    }

    /// An event that is never a fault.
    pub(super) fn apply(&mut self, path: &mut Path, id: ObjectId, event: Event) {
        if let Some(object) = path.objects.get_mut(&id) {
            object.ownership = transition(object.ownership, event).0;
            object.note_fate(event);
            object.unlodge(event);
            object.given = None;
            object.blurred = false;
        }
    }

    /// A value goes out of sight, and all that it leads to.
    pub(super) fn escape(&mut self, path: &mut Path, value: &Value) {
        self.let_go(path, value, Event::Escape);
    }

    /// A value and all that it leads to: escapes, is taken, is returned.
    pub(super) fn let_go(&mut self, path: &mut Path, value: &Value, event: Event) {
        if event == Event::Escape {
            self.hand_on(path, value);
        }
        let mut todo = vec![value.clone()];
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some(value) = todo.pop() {
            self.part_goes(path, &value);
            match &value {
                Value::Pointer(id, _) | Value::Address(id) | Value::Scope(id) if seen.insert(*id) => {
                    todo.extend(self.lender_of(path, *id));
                    self.apply(path, *id, event);
                    if event == Event::Escape {
                        self.loosen(path, *id);
                    }
                    self.let_instance_go(path, *id);
                    todo.extend(path.held(*id).map(|(_, value)| value.clone()));
                }
                Value::Closure(closure) => {
                    let closure = self.closures[*closure as usize].clone();
                    for capture in &self.program.function(closure.function).captures {
                        let slot = self.slot(closure.frame, capture.outer);
                        if self.shared.insert(slot)
                            && let Some(held) = path.locals.get(&slot)
                        {
                            todo.push(held.clone());
                        }
                        // Shared already: what it holds on this path may be newer.
                        if let Some(held) = path.locals.get(&slot)
                            && held.object().is_some_and(|id| !seen.contains(&id))
                        {
                            todo.push(held.clone());
                        }
                    }
                }
                Value::Element(array, key) => {
                    for id in path.elements(*array, key) {
                        self.ledger.entry(id.origin).or_default().drained = true;
                        todo.push(Value::Pointer(id, Offset::Start));
                    }
                }
                Value::Model(_, Some(receiver)) => todo.push((**receiver).clone()),
                // Whoever has a function of a library needs that open; who closes it cannot be seen.
                Value::Lent(_, lender) if !self.is_callable(*lender) => {
                    todo.push(Value::Pointer(*lender, Offset::Start))
                }
                // A view cannot be released by whoever gets it; what it leads to can.
                Value::View(id, _) if seen.insert(*id) => {
                    todo.extend(path.held(*id).map(|(_, value)| value.clone()));
                }
                _ => {}
            }
        }
    }
}

impl Object {
    /// An object of which nothing is known.
    pub(super) fn unknown(path: Option<AccessPath>) -> Self {
        Self {
            ownership: Ownership::Unknown,
            scope: None,
            non_null: false,
            guard: None,
            attached: None,
            path: path.map(std::rc::Rc::new),
            given: None,
            blurred: false,
            settled: false,
            story: Rc::default(),
        }
    }

    /// An object whose story begins with a step.
    pub(super) fn new(ownership: Ownership, step: Step) -> Self {
        let story = Story { steps: vec![step], ..Story::default() };
        Self { ownership, story: Rc::new(story), ..Self::unknown(None) }
    }
}

impl Story {
    /// Where it was last released.
    pub(super) fn released_at(&self) -> Option<Location> {
        self.steps.iter().rev().find(|step| matches!(step.kind, StepKind::Released { .. })).map(|step| step.location)
    }

    fn taken_by(&self) -> Option<Name> {
        self.steps.iter().rev().find_map(|step| match &step.kind {
            StepKind::Taken { by } => Some(by.clone()),
            _ => None,
        })
    }
}

fn rename(value: &mut Value, from: ObjectId, to: ObjectId) {
    match value {
        Value::Pointer(id, _)
        | Value::View(id, _)
        | Value::Address(id)
        | Value::Scope(id)
        | Value::Element(id, _)
        | Value::Lent(_, id)
            if *id == from =>
        {
            *id = to;
        }
        _ => {}
    }
}

/// How far a fact may back a finding.
pub(super) fn confidence(basis: Basis) -> Confidence {
    match basis {
        Basis::Body | Basis::DocsRead | Basis::MetadataExplicit => Confidence::High,
        Basis::RecallChecked | Basis::Recall | Basis::Convention => Confidence::Medium,
        Basis::MetadataDerived | Basis::Guess => Confidence::Low,
    }
}
