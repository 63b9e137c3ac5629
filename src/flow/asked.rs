//! What is computed out of the answer to a question is an answer to it: an enum of a code, a getter of that enum, an
//! element of a table that the code is the index of.

use super::engine::{Engine, Site};
use super::path::Path;
use super::questions::Question;
use super::value::Value;
use crate::ir::{Base, LocalId, Name, Op, Operand, Projection, Statement};
use crate::link::{FuncRef, Program, Target};
use crate::models::hints::Hint;
use crate::source::Location;

/// How many calls deep a callee is looked at.
const MAX_DEPTH: u32 = 3;

/// What an operation of Dart code computes with, where that is one answer alone.
pub(super) enum Asked {
    /// A number that a call left, or an answer made of it, and about which call.
    Left(Question),
    /// What a native function returned, and the call, where it may have failed.
    Returned(Option<(Name, Location)>),
}

impl Engine<'_> {
    /// The one answer that an operation computes its result of; everything else in it is constant.
    pub(super) fn asked_in(&mut self, site: Site, path: &Path, statement: &Statement) -> Option<Asked> {
        self.statuses.asking = None;
        let known = &self.statuses;
        if self.is_native(site.frame) || known.left.is_empty() && known.held.is_empty() && known.returned.is_empty() {
            return None;
        }
        let base = match &statement.op {
            Op::Load { from, .. } => match from.base {
                Base::Local(local) => Some(Operand::Local(local)),
                _ => None,
            },
            Op::Call(_) | Op::Binary { .. } | Op::Copy { .. } => None,
            _ => return None,
        };
        let mut operands: Vec<&Operand> = base.iter().collect();
        crate::ir::visit_operands(&statement.op, &mut |operand| operands.push(operand));
        let mut asked: Option<Asked> = None;
        for operand in operands {
            let value = self.operand(site.frame, path, operand);
            match self.answer_in(site.frame, operand, &value) {
                Some(answer) if asked.is_none() => asked = Some(answer),
                // Two answers are none.
                Some(_) => return None,
                None if self.is_fixed(&value) => {}
                None => return None,
            }
        }
        let asked = asked.filter(|_| self.only_computes(site, statement))?;
        if let Asked::Left(question) = asked {
            self.statuses.asking = Some((site, question));
        }
        Some(asked)
    }

    /// What an operand says of a call.
    fn answer_in(&self, frame: u32, operand: &Operand, value: &Value) -> Option<Asked> {
        if let Operand::Local(local) = operand
            && let Some(question) = self.statuses.held.get(&self.slot(frame, *local))
        {
            return Some(Asked::Left(*question));
        }
        let Value::Symbol(symbol) = value else { return None };
        let left = self.statuses.left.get(symbol).map(|question| Asked::Left(*question));
        left.or_else(|| self.statuses.returned.get(value).cloned().map(Asked::Returned))
    }

    /// What an object tells of a call, or one of several answers: `switch (Outcome.of(code)) { case Done(): … }`,
    /// `table[code] ?? Code.other`.
    pub(super) fn answer_made(&self, frame: u32, operand: &Operand, value: &Value) -> Option<Question> {
        let (Operand::Local(local), Value::Pointer(..) | Value::Symbol(_)) = (operand, value) else { return None };
        self.statuses.held.get(&self.slot(frame, *local)).copied()
    }

    /// Whether a value is the same each time: enum constants are.
    pub(super) fn is_fixed(&self, value: &Value) -> bool {
        match value {
            Value::Symbol(symbol) => self.constants.contains(symbol) || self.statuses.fixed.contains(symbol),
            value => matches!(
                value,
                Value::Int(_) | Value::Bool(_) | Value::Str(_) | Value::Null | Value::NullPointer | Value::Function(_)
            ),
        }
    }

    /// Whether an operation does nothing but compute: a native function that is given a number does something with it,
    /// unless its name says that it asks for errors. What is not known here is in a file that has nothing to do with
    /// native code, as enums and exceptions mostly are.
    fn only_computes(&self, site: Site, statement: &Statement) -> bool {
        match (&statement.op, self.target(site).called()) {
            (Op::Load { .. }, Target::Memory | Target::Native { .. }) => false,
            (_, Target::Native { symbol, .. }) => {
                symbol.as_ref().is_some_and(|symbol| self.models.hints().says(Hint::AsksErrors, symbol))
            }
            (_, Target::Functions(functions)) => {
                functions.candidates.iter().all(|callee| !runs_native(self.program, *callee, 0))
            }
            _ => true,
        }
    }

    /// An operation is done: what it gives answers what it was computed of.
    pub(super) fn pass_answer_on(&mut self, site: Site, statement: &Statement, asked: Option<Asked>, paths: &[Path]) {
        let Some(to) = crate::ir::written(&statement.op).filter(|_| !self.is_native(site.frame)) else { return };
        let slot = self.slot(site.frame, to);
        let before = self.statuses.held.remove(&slot);
        let at = self.location(site.frame, statement.span);
        let is_fixed = self.gives_the_same(site, statement, paths.first());
        let tells = asked.is_none() && self.tells(site, statement, to, paths);
        for path in paths {
            let value = self.local(site.frame, path, to);
            match (&asked, &value) {
                (Some(Asked::Left(question)), Value::Symbol(symbol)) => {
                    self.statuses.left.insert(*symbol, *question);
                    if matches!(statement.op, Op::Copy { .. }) {
                        self.statuses.held.insert(slot, *question);
                    }
                }
                (Some(Asked::Returned(failed)), Value::Symbol(_)) => {
                    self.statuses.returned.insert(value, failed.clone());
                }
                (Some(Asked::Left(question)), value) if value.object().is_none_or(|id| self.is_instance(id)) => {
                    self.statuses.held.insert(slot, *question);
                }
                (None, Value::Int(_) | Value::Bool(_) | Value::Status(..) | Value::StatusTest(..)) if tells => {
                    self.statuses.held.insert(slot, Question { call: at, decided: true });
                }
                (None, Value::Symbol(symbol)) if is_fixed => {
                    self.statuses.fixed.insert(*symbol);
                }
                // An answer, or a constant in its place.
                (None, value) if matches!(statement.op, Op::Copy { .. }) && self.is_fixed(value) => {
                    self.statuses.held.extend(before.map(|question| (slot, question)));
                }
                _ => {}
            }
        }
    }

    /// Whether what a call returns says what it did: a native one, or one that does not return the same on each path.
    fn tells(&self, site: Site, statement: &Statement, to: LocalId, paths: &[Path]) -> bool {
        let returned = |path: &Path| self.local(site.frame, path, to);
        let is_native = || matches!(self.target(site).called(), Target::Native { .. });
        let is_status = |value: &Value| matches!(value, Value::Status(..) | Value::StatusTest(..));
        let differ = || paths.windows(2).any(|pair| returned(&pair[0]) != returned(&pair[1]));
        matches!(statement.op, Op::Call(_))
            && (is_native() || differ() || paths.first().is_some_and(|path| is_status(&returned(path))))
    }

    /// Whether an operation gives the same each time: a class, a variable that is final, what an unknown member of a class
    /// has, a list of such.
    fn gives_the_same(&self, site: Site, statement: &Statement, path: Option<&Path>) -> bool {
        let same = |path: &Path, operand: &Operand| self.is_fixed(&self.operand(site.frame, path, operand));
        let from = match &statement.op {
            Op::Load { from, .. } => from,
            Op::Aggregate { items, .. } => {
                return path.is_some_and(|path| items.iter().all(|(_, item)| same(path, item)));
            }
            _ => return false,
        };
        match (self.target(site), &from.base, from.path.as_slice()) {
            (Target::Namespace, ..) => true,
            // A class in a file that is not looked at.
            (Target::Unknown, Base::Name(name), []) => name.starts_with(char::is_uppercase),
            (Target::Static(variable), _, [] | [Projection::Field(_)]) => self.program.variable(*variable).is_final,
            (Target::Unknown | Target::Model(_), Base::Local(local), [Projection::Field(_)]) => {
                path.is_some_and(|path| same(path, &Operand::Local(*local)))
            }
            _ => false,
        }
    }
}

/// Whether a function may run native code.
fn runs_native(program: &Program, function: FuncRef, depth: u32) -> bool {
    if depth > MAX_DEPTH || !program.function(function).has_blocks() {
        return true;
    }
    program.resolved(function).targets.iter().flatten().any(|target| match target.called() {
        Target::Native { .. } => true,
        Target::Functions(functions) => {
            functions.candidates.iter().any(|callee| *callee != function && runs_native(program, *callee, depth + 1))
        }
        _ => false,
    })
}
