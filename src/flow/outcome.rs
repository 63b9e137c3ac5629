//! How objects ended on each path, and what that says: leaks.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::callbacks::{Passed, Slot};
use super::engine::{Engine, Exits};
use super::objects::confidence;
use super::opening;
use super::path::{Branch, Flight, Object, Orphaned, Path, Story};
use super::questions::Answer;
use super::recorded::End;
use super::value::Value;
use crate::ir::Name;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::{Event, Fault, Ownership, transition};
use crate::target::TargetSet;
use crate::violation::{Confidence, Exit, Missing, Step, StepKind, Subject, Thrower, Violation, ViolationKind};

/// What became of the objects of one origin.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    leaks: Vec<LostOn>,
    /// Some path releases it or hands it over.
    released: bool,
    /// Some path does not only hand it over.
    released_here: bool,
    /// A release, as far as one was seen: the call and where it is.
    release: Option<(Name, Location)>,
    /// Some path lets it go out of sight.
    pub(super) escaped: bool,
    /// A loop takes it out of an array: how often that runs is not known.
    pub(super) drained: bool,
    /// Another function of the program, which is run in place, allocated it.
    pub(super) elsewhere: bool,
    /// An object of the program has it: how that ends is its class's affair, unless it is seen here.
    pub(super) of_object: bool,
    /// The stories of those that were passed to callbacks.
    handed: Vec<Rc<Story>>,
    /// The answers to what was asked of the call that made it with which some path releases it or hands it over.
    there_with: Vec<Answer>,
    /// How each object ended, where that is recorded.
    pub(super) ends: Option<Vec<End>>,
}

/// A path on which an object was lost.
#[derive(Debug)]
struct LostOn {
    how: How,
    at: Location,
    story: Rc<Story>,
    branch: Option<Branch>,
    targets: TargetSet,
    /// That it is there is certain: the path tested it, or the call throws otherwise.
    certain: bool,
}

#[derive(Clone, Debug)]
enum How {
    /// The path left the function; nothing where it was lost before, and nobody looked how the path went on.
    Left(Option<Exit>),
    Threw(Thrower, Option<(Name, Location)>),
}

impl Ledger {
    /// An object is gone from a path without being lost.
    pub(super) fn settle(&mut self, object: &Object) {
        self.note_end(object, false);
        self.note_handed(object);
        self.note_answer(object);
        match object.ownership {
            Ownership::Released | Ownership::Managed => {
                (self.released, self.released_here) = (true, true);
                let release = object.story.steps.iter().rev().find_map(|step| match &step.kind {
                    StepKind::Released { by, .. } => Some((by.clone(), step.location)),
                    _ => None,
                });
                // The first in the source, whatever order the paths were taken in.
                self.release = match (self.release.take(), release) {
                    (Some(known), Some(new)) => Some(if new.1 < known.1 { new } else { known }),
                    (known, new) => known.or(new),
                };
            }
            Ownership::Relinquished => self.released = true,
            Ownership::Escaped => self.escaped |= !object.blurred,
            Ownership::Unknown | Ownership::Owned(_) | Ownership::Borrowed | Ownership::Static | Ownership::Local => {}
        }
    }

    /// A path ends.
    pub(super) fn end(&mut self, object: &Object, exit: Exit, at: Location, path: &Path) {
        self.lost(object, How::Left(Some(exit)), at, path);
    }

    /// Nothing leads to an object any more, wherever the path goes from here.
    pub(super) fn abandon(&mut self, object: &Object, thrown: bool, at: Location, path: &Path) {
        if path.doubtful {
            self.settle(object);
        } else {
            // In a `finally` the exception is on its way still.
            let (how, at) = match path.flight.clone() {
                Some(Flight { thrower: Some((thrower, at)), failed, .. }) => (How::Threw(thrower, failed), at),
                _ if thrown => (How::Threw(Thrower::Throw, None), at),
                _ => (How::Left(None), at),
            };
            self.lost(object, how, at, path);
        }
    }

    /// How those ended that were passed to a callback there.
    pub(super) fn handed(&self, slot: Slot) -> impl Iterator<Item = &Rc<Story>> {
        self.handed.iter().filter(move |story| story.was_handed(slot))
    }

    fn note_answer(&mut self, object: &Object) {
        let discharged = match object.ownership {
            Ownership::Released | Ownership::Managed | Ownership::Relinquished => true,
            Ownership::Escaped => !object.blurred,
            _ => false,
        };
        if let Some(answer) = object.story.asked_of.filter(|answer| discharged && !self.there_with.contains(answer)) {
            self.there_with.push(answer);
        }
    }

    fn note_handed(&mut self, object: &Object) {
        if !object.story.handed.is_empty() {
            self.handed.push(object.story.clone());
        }
    }

    fn lost(&mut self, object: &Object, how: How, at: Location, path: &Path) {
        self.note_handed(object);
        self.note_end(object, true);
        if object.story.retained.is_some() || object.story.unfollowed {
            // Native code keeps it as long as it likes, or nobody can say what became of it.
            self.escaped = true;
            self.there_with.extend(object.story.asked_of);
        } else if transition(object.ownership, Event::End).1 == Some(Fault::Leak) {
            let (story, branch, targets) = (object.story.clone(), path.branch, path.targets);
            self.leaks.push(LostOn { how, at, story, branch, targets, certain: object.non_null });
        } else {
            self.settle(object);
        }
    }
}

impl Engine<'_> {
    /// Takes stock at the exits of the analysed function.
    pub(super) fn close(&mut self, exits: Exits) -> Vec<Passed> {
        self.check_left(&exits);
        let held = self.still_held(&exits);
        for returned in exits.returns {
            let lost = self.lost_by_view(&returned).is_some();
            let mut path = returned.path;
            let owned = self.owned_before_return(&path);
            match &returned.value {
                Value::View(object, _) => self.return_view(&mut path, *object, lost, returned.at),
                value => self.let_go(&mut path, &value.clone(), Event::Return),
            }
            self.tell_returned(&mut path, &owned, returned.at);
            self.take_stock(&path, &How::Left(Some(returned.exit)), returned.at);
        }
        for mut path in exits.throws {
            if let Some(Flight { thrower: Some((thrower, at)), failed, .. }) = path.flight.clone() {
                self.take_from_made(&mut path, &thrower);
                self.take_stock(&path, &How::Threw(thrower, failed), at);
            }
        }
        let passed = self.passed(&held);
        let ledger = std::mem::take(&mut self.ledger);
        let found: BTreeMap<u32, Violation> =
            ledger.iter().filter_map(|(origin, ledger)| Some((*origin, self.leak(*origin, ledger)?))).collect();
        if self.options.records {
            self.record_courses(&ledger, &found);
        }
        for (origin, violation) in &found {
            let block = self.origins[*origin as usize].part_of.and_then(|block| found.get(&block));
            match block {
                Some(block) => self.report_content(violation, block),
                None => self.report(violation.clone()),
            }
        }
        passed
    }

    /// What came in a block that is lost itself is lost with it: who releases the block must know of it.
    fn report_content(&mut self, content: &Violation, block: &Violation) {
        let ViolationKind::Leaked { subject } = &content.kind else { return };
        // What a library made it mostly releases as a whole.
        let made = content.trace.first().and_then(|made| self.program.unit_of(made.location.file));
        if made.is_some_and(|unit| self.program.units[unit as usize].language.is_native()) {
            return;
        }
        let container = match &block.kind {
            ViolationKind::Leaked { subject } | ViolationKind::LeakedTemporary { subject, .. } => &subject.held_by,
            ViolationKind::LeakedField { field, release: None, .. } => &Some(field.clone()),
            _ => return,
        };
        let stored = content.trace.iter().rev().find_map(|step| match &step.kind {
            StepKind::Stored { into } => Some(into.clone()),
            _ => None,
        });
        let Some(field) = stored else { return };
        let (subject, container) = (subject.clone(), container.clone());
        let kind = ViolationKind::LeakedField { subject, field, container, release: None };
        self.report(Violation { kind, ..content.clone() });
    }

    fn take_stock(&mut self, path: &Path, how: &How, at: Location) {
        for (id, object) in path.objects.iter() {
            let ledger = self.ledger.entry(id.origin).or_default();
            if path.doubtful {
                ledger.settle(object);
            } else {
                ledger.lost(object, how.clone(), at, path);
            }
        }
    }

    fn leak(&self, origin: u32, ledger: &Ledger) -> Option<Violation> {
        let known = &self.origins[origin as usize];
        // What a function of the program that is run in place loses is told of that function.
        let family = known.family.filter(|_| known.leak_matters && !ledger.drained && !ledger.elsewhere)?;
        if ledger.of_object && !ledger.released_here {
            return None;
        }
        let discharged = ledger.released || ledger.escaped;
        if self.models.family(family).kept {
            return None;
        }
        let is_callable = self.models.family(family).callback;
        // The caller may know on which paths it is there.
        if known.sometimes && discharged {
            return None;
        }
        let is_handle = self.is_handle_family(family);
        // Where a handle is closed on another path, this one may have found out in its own way that there is none.
        let counts = |lost: &&LostOn| !is_handle || lost.certain || !discharged && matches!(lost.how, How::Left(_));
        // Native code that was not waited for may still call it.
        let waited = |lost: &&LostOn| !is_callable || !matches!(lost.how, How::Threw(Thrower::Await, _));
        // Where all that have it have the other answer, this one says that nothing was made.
        let exists = |lost: &&LostOn| {
            !discharged || lost.story.asked_of.is_none_or(|answer| ledger.there_with.contains(&answer))
        };
        // What is closed elsewhere was to be closed here, too, where nobody has its address yet.
        let unneeded = |lost: &&LostOn| {
            let ahead = discharged && !lost.story.pointed;
            !is_callable || ahead || self.callables.are_unneeded(origin, discharged)
        };
        let leaks = || ledger.leaks.iter().filter(counts).filter(waited).filter(exists).filter(unneeded);
        let mut left = leaks().filter(|lost| matches!(lost.how, How::Left(_)));
        // What is released at last shows that its owner was meant to release it before it was assigned again.
        let overwritten = left.clone().find(|lost| lost.story.overwritten.is_some());
        let always = !discharged && left.clone().any(|lost| lost.story.overwritten.is_none());
        let left = overwritten.filter(|_| !always).or(left.find(|lost| lost.story.overwritten.is_none()));
        let lost = match left {
            Some(lost) => lost,
            // Only exceptions lose it. Where nothing ever releases it, the function never returns after the allocation.
            None if discharged => leaks().next()?,
            None => return None,
        };
        let subject = Subject {
            family,
            origin: known.by.clone(),
            made_by: known.made_by.clone(),
            held_by: lost.story.held_by.clone(),
            release: ledger.release.as_ref().filter(|_| ledger.of_object).map(|(by, _)| by.clone()),
        };
        let mut trace = lost.story.steps.clone();
        let mut sure = confidence(known.basis);
        if lost.story.assumed {
            sure = sure.min(Confidence::Medium);
        }
        let branch = lost.branch.filter(|branch| branch.at.file == known.location.file).and_then(|branch| {
            // An exception skips every release that follows; which one does not matter.
            let release = ledger.release.as_ref().filter(|_| matches!(lost.how, How::Left(_)));
            let release = release.map(|(_, location)| *location);
            let exit = (!matches!(lost.how, How::Left(Some(Exit::NextRound)))).then_some(lost.at);
            let loss = opening::Loss { branch, exit, release, allocated: known.location };
            self.opening(&loss).filter(|branch| branch.at.span.start >= known.location.span.end)
        });
        let mut at = known.location;
        let kind = match (&lost.how, &lost.story.overwritten) {
            (How::Left(_), Some((owner, place))) => {
                at = *place;
                trace.push(Step { kind: StepKind::Overwritten { owner: owner.clone() }, location: at });
                ViolationKind::Overwritten { subject, owner: owner.clone() }
            }
            (How::Left(exit), None) if discharged => {
                if !ledger.released {
                    sure = sure.min(Confidence::Medium);
                }
                if let Some(Branch { at, holds, .. }) = branch {
                    trace.push(Step { kind: StepKind::Branched { holds }, location: at });
                }
                trace.extend(exit.map(|exit| Step { kind: StepKind::Exited(exit), location: lost.at }));
                if let Some((by, location)) = ledger.release.clone() {
                    trace.push(Step { kind: StepKind::ReleasedElsewhere { by }, location });
                }
                let exit = exit.unwrap_or(Exit::Return);
                ViolationKind::LeakedOnPath { subject, exit, released: ledger.released_here }
            }
            (How::Left(exit), None) => match (&lost.story.held_by, &lost.story.lent_to, lost.story.orphaned.as_deref())
            {
                (None, Some(call), _) if !lost.story.stored => {
                    ViolationKind::LeakedTemporary { subject, passed_to: call.clone() }
                }
                (_, _, Some(Orphaned { field, container, by })) => ViolationKind::LeakedField {
                    subject,
                    field: field.clone(),
                    container: container.clone(),
                    release: Some(by.clone()),
                },
                _ => {
                    let viewed = trace.last().is_some_and(|step| step.kind == StepKind::Viewed);
                    let exit = exit.filter(|_| !viewed);
                    trace.extend(exit.map(|exit| Step { kind: StepKind::Exited(exit), location: lost.at }));
                    ViolationKind::Leaked { subject }
                }
            },
            (How::Threw(thrower, failed), _) => {
                if !matches!(thrower, Thrower::Throw) || !ledger.released {
                    sure = sure.min(Confidence::Medium);
                }
                if let Some(Branch { at, holds, .. }) = branch {
                    trace.push(Step { kind: StepKind::Branched { holds }, location: at });
                }
                if let Some((by, location)) = failed {
                    trace.retain(|step| !matches!(step.kind, StepKind::Lent { .. }) || step.location != *location);
                    trace.push(Step { kind: StepKind::Failed { by: by.clone() }, location: *location });
                }
                trace.push(Step { kind: StepKind::Thrown(thrower.clone()), location: lost.at });
                // What a `finally` does afterwards is no part of how it came to that.
                trace.retain(|step| {
                    let (at, thrown) = (step.location, lost.at);
                    let within = matches!(step.kind, StepKind::Failed { .. } | StepKind::Lent { .. })
                        && thrown.span.contains(at.span);
                    at.file != thrown.file || at.span.start <= thrown.span.start || within
                });
                ViolationKind::LeakedOnThrow { subject, thrower: thrower.clone(), released: ledger.release.is_some() }
            }
        };
        let scope = self.models.family(family).kind == FamilyKind::Scope;
        let kind = match (scope, is_handle) {
            (true, _) => unreleased(kind),
            (false, true) => super::handles::unclosed(kind),
            (false, false) => kind,
        };
        let same_way = |other: &&LostOn| matches!(other.how, How::Left(_)) == matches!(lost.how, How::Left(_));
        let targets =
            leaks().filter(same_way).fold(TargetSet::NONE, |set, lost| set.or(lost.targets)).and(known.targets);
        Some(Violation { kind, function: self.root, at, trace, targets, confidence: sure })
    }
}

/// The leak of an arena: the same paths, told of the arena.
fn unreleased(kind: ViolationKind) -> ViolationKind {
    retold(kind, |subject, missing| ViolationKind::UnreleasedArena { subject, missing })
}

/// A leak in other words: what is not released, and on which paths. What is no leak stays as it is.
pub(super) fn retold(kind: ViolationKind, tell: impl FnOnce(Subject, Missing) -> ViolationKind) -> ViolationKind {
    match kind {
        ViolationKind::Leaked { subject }
        | ViolationKind::LeakedTemporary { subject, .. }
        | ViolationKind::LeakedField { subject, .. }
        | ViolationKind::Overwritten { subject, .. } => tell(subject, Missing::Everywhere),
        ViolationKind::LeakedOnPath { subject, exit, .. } => tell(subject, Missing::OnPath(exit)),
        ViolationKind::LeakedOnThrow { subject, thrower, .. } => tell(subject, Missing::OnThrow(thrower)),
        other => other,
    }
}
