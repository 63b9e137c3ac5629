//! What became of all memory that a function got hold of, also where nothing is wrong. Recorded only when somebody asks:
//! an editor, of one file.
//!
//! It says less than it could: an allocation of which some way goes where nobody follows has no fate at all.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use super::engine::{Engine, Role};
use super::outcome::Ledger;
use super::path::{Object, Path};
use super::value::ObjectId;
use super::{Options, Results, analyse_function, guarded};
use crate::ir::{FunctionId, FunctionKind, LocalId, Name};
use crate::link::{FuncRef, Program};
use crate::models::ModelSet;
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{Basis, FamilyId, Summary};
use crate::violation::{Given, Step, StepKind, Violation, ViolationKind};

/// What became of the memory that some functions got hold of.
#[derive(Clone, Debug, Default)]
pub struct Courses {
    /// Of each allocation, in the order of their places.
    pub courses: Vec<Course>,
    /// The calls by which memory passes on, each once.
    pub passings: Vec<Passing>,
}

/// What became of one allocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The call, as written.
    pub by: Name,
    /// The call that allocated it, here or in a callee.
    pub made_by: Name,
    /// As which family.
    pub family: FamilyId,
    /// The call.
    pub at: Location,
    /// The call puts it into memory that it was given, and which of such things it is; else the call returns it.
    pub filled: Option<u16>,
    /// How it ends, each way once; empty where that is not known.
    pub fates: Vec<Fate>,
    /// How it is lost, where it is.
    pub loss: Option<Loss>,
    /// Its longest story.
    pub steps: Vec<Step>,
    /// The variables that ever led to it.
    pub held: Vec<(FuncRef, LocalId)>,
}

/// A way in which an allocation ends well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is released.
    Released {
        /// Where.
        at: Location,
        /// By which call.
        by: Name,
    },
    /// Somebody that is known becomes its owner.
    Taken {
        /// Where.
        at: Location,
        /// Which call.
        by: Name,
    },
    /// Native code keeps it, and need not let go of it.
    Kept {
        /// Where.
        at: Location,
        /// Which call.
        by: Name,
    },
    /// It is returned.
    Returned,
    /// The caller finds it in memory of his.
    Given,
    /// Its arena releases it.
    Arena,
    /// Its finalizer releases it.
    Finalizer,
}

/// On which ways an allocation is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// On all.
    Everywhere,
    /// On some.
    OnPath,
    /// Where something throws.
    OnThrow,
    /// Where what leads to it is written over.
    Overwritten(Location),
}

/// A call by which memory passes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passing {
    /// The call.
    pub at: Location,
    /// As written.
    pub by: Name,
    /// It keeps the address and does not become the owner.
    pub kept: bool,
}

impl Courses {
    pub(super) fn append(&mut self, mut more: Self) {
        self.courses.append(&mut more.courses);
        self.passings.append(&mut more.passings);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.courses.is_empty() && self.passings.is_empty()
    }

    /// What is known in the end: the same call may have been looked at more than once.
    fn settled(mut self) -> Self {
        self.passings.sort();
        self.passings.dedup();
        self.courses.sort_by_key(|course| (course.at, course.filled));
        let mut merged: Vec<Course> = Vec::with_capacity(self.courses.len());
        for course in self.courses {
            match merged.last_mut().filter(|last| last.at == course.at && last.filled == course.filled) {
                Some(last) => last.merge(course),
                None => merged.push(course),
            }
        }
        // Of several things that one call puts into memory nobody could say which is which.
        for index in 1..merged.len() {
            let (before, after) = merged.split_at_mut(index);
            if let (Some(one), [other, ..]) = (before.last_mut(), after)
                && one.at == other.at
                && one.filled.is_some()
                && (one.family, &one.fates, one.loss) != (other.family, &other.fates, other.loss)
            {
                one.forget();
                other.forget();
            }
        }
        Self { courses: merged, passings: self.passings }
    }
}

impl Course {
    /// The same call, seen from elsewhere.
    fn merge(&mut self, other: Self) {
        let are_known = self.is_known() && other.is_known();
        self.fates.extend(other.fates);
        self.fates.sort();
        self.fates.dedup();
        if !are_known || self.family != other.family || self.loss != other.loss {
            self.forget();
        }
        if other.steps.len() > self.steps.len() {
            self.steps = other.steps;
        }
        self.held.extend(other.held);
        self.held.sort();
        self.held.dedup();
    }

    /// What becomes of it is not known.
    fn forget(&mut self) {
        (self.fates, self.loss) = (Vec::new(), None);
    }

    /// Whether it is known what becomes of it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.fates.is_empty() || self.loss.is_some()
    }
}

/// How an object ended on one path.
#[derive(Clone, Debug)]
pub(super) struct End {
    object: Object,
    /// Nothing leads to it any more.
    lost: bool,
}

impl Ledger {
    /// How objects end is recorded from here on.
    pub(super) fn record(&mut self) {
        self.ends.get_or_insert_default();
    }

    pub(super) fn note_end(&mut self, object: &Object, lost: bool) {
        if let Some(ends) = &mut self.ends {
            ends.push(End { object: object.clone(), lost });
        }
    }

    /// How all objects end; nothing where some way is not known.
    fn fates(&self, constructs: bool) -> Option<Vec<Fate>> {
        let ends = self.ends.as_ref().filter(|_| !self.drained)?;
        let mut fates = Vec::new();
        for end in ends {
            match end.fate(constructs) {
                Seen::Known(fate) => fates.push(fate),
                Seen::Nothing => {}
                Seen::Unknown => return None,
            }
        }
        fates.sort();
        fates.dedup();
        Some(fates)
    }
}

/// What an end tells.
enum Seen {
    Known(Fate),
    /// It was told before, or is told by a loss.
    Nothing,
    Unknown,
}

impl End {
    fn fate(&self, constructs: bool) -> Seen {
        let (object, story) = (&self.object, &self.object.story);
        let last = |name: &dyn Fn(&StepKind) -> Option<Name>| {
            story.steps.iter().rev().find_map(|step| Some((step.location, name(&step.kind)?)))
        };
        let fate = match object.ownership {
            Ownership::Released | Ownership::Managed if object.scope.is_some() => Some(Fate::Arena),
            Ownership::Managed if object.attached.is_some() => Some(Fate::Finalizer),
            Ownership::Released if story.ended.is_none() => last(&|kind| match kind {
                StepKind::Released { by, .. } => Some(by.clone()),
                _ => None,
            })
            .map(|(at, by)| Fate::Released { at, by }),
            Ownership::Relinquished if story.is_returned() => Some(Fate::Returned),
            Ownership::Relinquished => last(&|kind| match kind {
                StepKind::Taken { by } => Some(by.clone()),
                _ => None,
            })
            .map(|(at, by)| Fate::Taken { at, by }),
            Ownership::Escaped if object.settled => return Seen::Nothing,
            // What a constructor keeps is its class's affair.
            Ownership::Escaped if object.given.is_some() && !constructs => Some(Fate::Given),
            Ownership::Owned(_) if story.unfollowed => None,
            Ownership::Owned(_) => match &story.retained {
                Some(retained) if !retained.stale => Some(Fate::Kept { at: retained.at, by: retained.by.clone() }),
                Some(_) => None,
                None => return Seen::Nothing,
            },
            _ => None,
        };
        fate.map_or(Seen::Unknown, Seen::Known)
    }
}

impl super::path::Story {
    fn is_returned(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.kind, StepKind::Given { given: Given::Owned(_) }))
    }
}

impl Engine<'_> {
    /// A variable leads to an object.
    pub(super) fn note_holder(&mut self, frame: u32, local: LocalId, object: ObjectId) {
        if self.options.records {
            let function = self.frames[frame as usize].function;
            self.holders.entry(object.origin).or_default().insert((function, local));
        }
    }

    /// What is owned where a path returns, if somebody wants to know what is returned.
    pub(super) fn owned_before_return(&self, path: &Path) -> Vec<ObjectId> {
        if !self.options.records {
            return Vec::new();
        }
        let owned = path.objects.iter().filter(|(_, object)| matches!(object.ownership, Ownership::Owned(_)));
        owned.map(|(id, _)| *id).collect()
    }

    /// Notes in their stories what of that was returned.
    pub(super) fn tell_returned(&self, path: &mut Path, owned: &[ObjectId], at: Location) {
        for id in owned {
            let family = self.origins[id.origin as usize].family;
            if let Some(family) = family.filter(|_| path.ownership(*id) == Ownership::Relinquished) {
                path.tell(*id, Step { kind: StepKind::Given { given: Given::Owned(family) }, location: at });
            }
        }
    }

    /// Notes what became of all memory of the analysed function; `found` are the leaks, by origin.
    pub(super) fn record_courses(&mut self, ledger: &BTreeMap<u32, Ledger>, found: &BTreeMap<u32, Violation>) {
        let file = self.program.units[self.root.unit as usize].file;
        for ends in ledger.values().filter_map(|ledger| ledger.ends.as_ref()) {
            let steps = ends.iter().flat_map(|end| &end.object.story.steps).filter(|step| step.location.file == file);
            self.courses.passings.extend(steps.filter_map(|step| match &step.kind {
                StepKind::Taken { by } => Some(Passing { at: step.location, by: by.clone(), kept: false }),
                StepKind::Kept { by } => Some(Passing { at: step.location, by: by.clone(), kept: true }),
                _ => None,
            }));
        }
        for (id, role) in self.sites() {
            let Some(ledger) = ledger.get(&id).filter(|ledger| !ledger.elsewhere) else { continue };
            if let Some(course) = self.course(id, role, ledger, found.get(&id)).filter(|course| course.at.file == file)
            {
                self.courses.courses.push(course);
            }
        }
    }

    fn course(&self, id: u32, role: Role, ledger: &Ledger, leak: Option<&Violation>) -> Option<Course> {
        let origin = &self.origins[id as usize];
        // What is only a hint stays where it is.
        let family = origin.family.filter(|_| origin.basis > Basis::MetadataDerived && origin.part_of.is_none())?;
        let ends = ledger.ends.as_deref().unwrap_or_default();
        let longest = ends.iter().map(|end| &end.object.story).max_by_key(|story: &&Rc<_>| story.steps.len())?;
        // What was there before, or belongs to somebody else, is no allocation.
        let begins = matches!(longest.steps.first()?.kind, StepKind::Allocated { .. } | StepKind::Opened { .. });
        let is_value = |end: &End| {
            let Object { ownership, scope, attached, .. } = &end.object;
            *ownership == Ownership::Managed && scope.is_none() && attached.is_none()
        };
        if !begins || ends.iter().all(is_value) {
            return None;
        }
        let is_lost = ends.iter().any(|end| end.lost && matches!(end.object.ownership, Ownership::Owned(_)));
        let kind = self.program.function(self.root).kind;
        let constructs = kind == FunctionKind::Constructor;
        let loss = leak.and_then(|violation| loss(&violation.kind, violation.at));
        let fates = ledger.fates(constructs).filter(|fates| {
            // What a field or variable begins with is its class's or everybody's affair.
            let is_kept = kind == FunctionKind::Initializer && fates.contains(&Fate::Returned);
            !is_kept && (loss.is_some() || !is_lost || ends.iter().all(End::is_held))
        });
        Some(Course {
            by: origin.by.clone(),
            made_by: origin.made_by.clone(),
            family,
            at: origin.location,
            filled: match role {
                Role::Filled(index) => Some(index),
                _ => None,
            },
            fates: fates.unwrap_or_default(),
            loss,
            steps: longest.steps.clone(),
            held: self.holders.get(&id).into_iter().flatten().copied().collect(),
        })
    }
}

impl End {
    /// Whether it is not lost: somebody keeps what is still owned.
    fn is_held(&self) -> bool {
        !(self.lost && matches!(self.object.ownership, Ownership::Owned(_))) || self.object.story.retained.is_some()
    }
}

fn loss(kind: &ViolationKind, at: Location) -> Option<Loss> {
    use crate::violation::Missing;
    Some(match kind {
        ViolationKind::Leaked { .. } | ViolationKind::LeakedTemporary { .. } | ViolationKind::LeakedField { .. } => {
            Loss::Everywhere
        }
        ViolationKind::LeakedOnPath { .. } => Loss::OnPath,
        ViolationKind::LeakedOnThrow { .. } => Loss::OnThrow,
        ViolationKind::Overwritten { .. } => Loss::Overwritten(at),
        ViolationKind::UnreleasedArena { missing, .. } | ViolationKind::UnclosedHandle { missing, .. } => match missing
        {
            Missing::Everywhere => Loss::Everywhere,
            Missing::OnPath(_) => Loss::OnPath,
            Missing::OnThrow(_) => Loss::OnThrow,
        },
        _ => return None,
    })
}

impl Results {
    /// Follows the functions of a unit once more, and tells what became of the memory that they got hold of.
    #[must_use]
    pub fn courses(&self, program: &Program, models: &ModelSet, options: &Options, unit: u32) -> Courses {
        let options = &Options { records: true, ..*options };
        let Some(from) = program.units.get(unit as usize) else { return Courses::default() };
        let all = (0..from.functions.len() as u32).map(|id| FuncRef { unit, function: FunctionId(id) });
        let is_root =
            |function: &FuncRef| program.function(*function).parent.is_none() && self.reach.has(program, *function);
        let roots: Vec<FuncRef> = all.filter(is_root).collect();
        let analyse = |function: &FuncRef| {
            let analyse =
                || analyse_function(program, models, options, &self.summaries, None, &self.closures, *function);
            // What cannot be followed is not told; the check said so.
            let noted = guarded(analyse).unwrap_or_default().noted;
            noted.map(|noted| noted.courses).unwrap_or_default()
        };
        let each: Vec<Courses> = roots.par_iter().map(analyse).collect();
        let mut courses = Courses::default();
        each.into_iter().for_each(|found| courses.append(found));
        courses.settled()
    }

    /// The contract of a function, as far as it is known.
    #[must_use]
    pub fn contract(&self, function: FuncRef) -> Option<Arc<Summary>> {
        self.summaries.get(function)
    }
}
