//! What is asked right after a call to learn whether it made anything: a cell that the call was given (`int *error`), a
//! question that its library answers (`last_error()`).
//!
//! Such a call gives null where it fails, and the program tests the number in place of the pointer. Which numbers say so
//! nobody can know: C libraries count errors from 1, from -1, or give how much there is. So where all paths that release
//! the result, or hand it over, have one answer, a path with the other is taken to have got nothing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::calls::Calling;
use super::conditions::Split;
use super::engine::Engine;
use super::origin::Site;
use super::path::{Object, Path, Slot};
use super::value::{ObjectId, Symbol, Value};
use crate::conventions::words;
use crate::ir::{BlockId, Cond, Name, Operand};
use crate::link::Ty;
use crate::models::hints::Hint;
use crate::source::Location;
use crate::state::Ownership;
use crate::violation::StepKind;

/// What tells whether native calls failed.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    /// What native functions returned whose bodies are here, and the call, where it may have failed.
    pub(super) returned: FxHashMap<Value, Option<(Name, Location)>>,
    /// What else was read that a call may have left to be asked, and about which.
    pub(super) left: FxHashMap<Symbol, Question>,
    /// The locals that hold what says whether a call failed but has no identity: constants, and objects made of them.
    pub(super) held: FxHashMap<Slot, Question>,
    /// What is the same each time it is read: classes, `values` of an enum, `static final` tables.
    pub(super) fixed: FxHashSet<Symbol>,
    /// What the operation that is executed computes with, where that is one answer alone.
    pub(super) asking: Option<(Site, Question)>,
}

/// What is asked whether a call made anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The call.
    pub(super) call: Location,
    /// On each path the answer is computed of what the call is known to have returned there: it is the one that says
    /// whether anything was made there, although nobody can say which one that is.
    pub(super) decided: bool,
}

impl Question {
    fn open(call: Location) -> Self {
        Self { call, decided: false }
    }
}

/// A question, by where it is asked, and how it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    asked: Symbol,
    holds: bool,
}

impl Engine<'_> {
    /// A cell is read: what it holds, the last call has put there that it was lent to.
    pub(super) fn note_cell(&mut self, path: &Path, cell: ObjectId, value: &Value) {
        if let Value::Symbol(symbol) = value
            && let Some(at) = path.objects.get(&cell).and_then(|cell| lent_at(cell, None))
        {
            self.statuses.left.insert(*symbol, Question::open(at));
        }
    }

    /// A library is asked for a number: where nothing was done yet with what it gave last, the question is about that.
    pub(super) fn note_question(&mut self, path: &Path, calling: &Calling, value: &Value) {
        let Value::Symbol(symbol) = value else { return };
        let types = &self.resolved(calling.site.frame).types;
        let scalar = calling.result.is_some_and(|to| matches!(types.get(to.index()), Some(Ty::Scalar)));
        if !scalar || !calling.args.is_empty() {
            return;
        }
        let of_errors = self.models.hints().says(Hint::AsksErrors, &calling.name);
        let untouched =
            path.objects.iter().filter(|(_, object)| may_be_nothing(object) && object.story.lent_to.is_none());
        // Origins are numbered as their calls are come to: the last one is that of the last call, wherever it is written.
        let last = untouched.map(|(id, _)| id.origin).filter(|origin| {
            let made = &self.origins[*origin as usize];
            made.location.file == calling.at.file
        });
        let last = last.max().map(|origin| &self.origins[origin as usize]);
        if let Some(made) = last.filter(|made| of_errors || calling.native && same_library(&made.by, &calling.name)) {
            let at = made.location;
            self.statuses.left.insert(*symbol, Question::open(at));
        }
    }

    /// Splits a path at a condition, and tells those that hang on the answer.
    pub(super) fn split(&self, frame: u32, block: BlockId, path: Path, cond: &Cond) -> Split {
        let question = self.asks_of(frame, &path, cond);
        let mut sides = self.split_on(frame, block, path, cond);
        if let (Some(question), [Some(held), Some(failed)]) = (question, &mut sides) {
            let asked = Symbol::of((frame, block));
            self.answer_question(held, question, Answer { asked, holds: true });
            self.answer_question(failed, question, Answer { asked, holds: false });
        }
        sides
    }

    /// A helper throws for what it was given: a cell, or what lies there.
    pub(super) fn throw_for_cell(&self, path: &mut Path, calling: &Calling) {
        let of = |value: &Value| match value {
            Value::Symbol(symbol) => self.statuses.left.get(symbol).copied(),
            Value::Pointer(cell, _) => {
                path.objects.get(cell).and_then(|cell| lent_at(cell, Some(calling.at))).map(Question::open)
            }
            _ => None,
        };
        let asking = self.statuses.asking.filter(|(site, _)| *site == calling.site).map(|(_, question)| question);
        // What a member is called on may be the library's own, and lent to every call.
        let receiver = calling.receiver.iter().filter(|receiver| matches!(receiver.value, Value::Symbol(_)));
        let given = calling.args.iter().chain(receiver);
        if let Some(question) = given.into_iter().find_map(|arg| of(&arg.value)).or(asking) {
            let asked = Symbol::of((calling.site, "throws"));
            self.answer_question(path, question, Answer { asked, holds: true });
        }
    }

    /// What a condition asks of a call: whether it made anything.
    fn asks_of(&self, frame: u32, path: &Path, cond: &Cond) -> Option<Question> {
        if self.statuses.left.is_empty() && self.statuses.held.is_empty() {
            return None;
        }
        let value = |operand: &Operand| self.operand(frame, path, operand);
        match cond {
            Cond::Equals(left, right) => {
                let [one, other] = [value(left), value(right)];
                let made = |asked, of: &Value, with: &Value| {
                    self.answer_made(frame, asked, of).filter(|_| self.is_fixed(with))
                };
                let either = || made(left, &one, &other).or_else(|| made(right, &other, &one));
                self.compared(&one, &other).or_else(either)
            }
            Cond::IsTrue(operand) | Cond::IsNull(operand) | Cond::Is(operand, _) => {
                let made_of_one = || self.answer_made(frame, operand, &value(operand));
                self.left_by(&value(operand)).or_else(made_of_one)
            }
            Cond::Target(_) | Cond::Opaque => None,
        }
    }

    /// What is asked of the call that may have left a number, or one that is compared.
    fn left_by(&self, value: &Value) -> Option<Question> {
        let Value::Symbol(symbol) = value else { return None };
        let compared = || self.comparisons.get(symbol).and_then(|known| self.compared(&known.left, &known.right));
        self.statuses.left.get(symbol).copied().or_else(compared)
    }

    /// What is asked of the call that may have left one of two numbers, of which the other is a constant: a number that is
    /// computed says nothing of errors.
    fn compared(&self, one: &Value, other: &Value) -> Option<Question> {
        let left = |value: &Value| match value {
            Value::Symbol(symbol) => self.statuses.left.get(symbol).copied(),
            _ => None,
        };
        let sides = [(one, other), (other, one)];
        sides.into_iter().find_map(|(asked, with)| left(asked).filter(|_| self.is_fixed(with)))
    }

    fn answer_question(&self, path: &mut Path, question: Question, answer: Answer) {
        let is_made_there = |id: &ObjectId, object: &Object| {
            let owned = question.decided && matches!(object.ownership, Ownership::Owned(_));
            (owned || may_be_nothing(object)) && self.origins[id.origin as usize].location == question.call
        };
        let made = path.objects.iter().filter(|(id, object)| is_made_there(id, object)).map(|(id, _)| *id);
        let made: Vec<ObjectId> = made.collect();
        for id in made {
            if let Some(object) = path.objects.get_mut(&id) {
                std::rc::Rc::make_mut(&mut object.story).asked_of = Some(answer);
            }
        }
    }
}

/// Whether the call that gave an object may have given null in its place.
fn may_be_nothing(object: &Object) -> bool {
    matches!(object.ownership, Ownership::Owned(_)) && !object.non_null
}

/// The last call that memory was lent to, before one.
fn lent_at(cell: &Object, before: Option<Location>) -> Option<Location> {
    let lent = cell.story.steps.iter().rev().filter(|step| matches!(step.kind, StepKind::Lent { .. }));
    lent.map(|step| step.location).find(|at| Some(*at) != before)
}

/// Whether two functions begin with the same word, as those of a C library do.
fn same_library(one: &Name, other: &Name) -> bool {
    let first = |name: &Name| words(name.rsplit('.').next().unwrap_or_default()).into_iter().next();
    first(one).is_some_and(|word| first(other) == Some(word))
}
