//! What is certain of a number and of a pointer on every path, and findings that wait for it.
//!
//! A path may hold values together that never meet: one condition that is asked twice decides the number of elements at
//! first and the index later, and is not always known to be the same. So what counts elements is one number wherever the
//! path came from, and the place that reaches too far is reached with that block alone.

use rustc_hash::{FxHashMap, FxHashSet};

use super::engine::{Engine, Site};
use super::value::{Offset, Value};
use crate::ir::{LocalId, LocalKind, Name, Op, Operand, written};
use crate::link::{FuncRef, Ty};
use crate::models::hints::Hint;
use crate::violation::Violation;

/// How far a number is followed back.
pub(super) const MAX_STEPS: u32 = 8;

/// Findings that hold where no other path says otherwise.
#[derive(Default)]
pub(super) struct Suspects {
    /// The block and the place in it that an operation reaches into; none where there are several, or nobody knows.
    reached: FxHashMap<Site, Option<(u32, Offset)>>,
    /// Whether what an operation moves on leads to the start of its block each time.
    moved: FxHashMap<Site, bool>,
    /// Lists that grow or shrink.
    resized: FxHashSet<Value>,
    pending: Vec<Suspect>,
}

struct Suspect {
    site: Site,
    /// The values of which the finding takes the length.
    lengths: Vec<Value>,
    violation: Violation,
}

impl Suspects {
    /// A pointer is moved on.
    pub(super) fn note_move(&mut self, site: Site, from: Offset) {
        *self.moved.entry(site).or_insert(true) &= from == Offset::Start;
    }

    /// Whether what is moved on leads to the start of its block.
    pub(super) fn moves_from_start(&self, site: Site) -> bool {
        self.moved.get(&site) == Some(&true)
    }
}

impl Engine<'_> {
    /// An operation reaches into what a value leads to.
    pub(super) fn note_reached(&mut self, site: Site, receiver: &Value) {
        let into = match receiver {
            Value::Pointer(id, offset) => Some((id.origin, *offset)),
            // What would crash is not meant.
            Value::NullPointer => return,
            _ => None,
        };
        let known = self.suspects.reached.entry(site).or_insert(into);
        if *known != into {
            *known = None;
        }
    }

    /// A member that changes how many elements a list has is called on it.
    pub(super) fn note_resized(&mut self, member: &Name, list: &Value, ty: Option<&Ty>) {
        let grows = |ty: &Ty| matches!(ty, Ty::Sdk(..) | Ty::Unknown | Ty::External(_));
        if ty.is_none_or(grows) && self.models.hints().says(Hint::Resizes, member) {
            self.suspects.resized.insert(list.clone());
        }
    }

    /// Tells of something at the end, where the operation at `site` reaches into one block alone and the lengths of `lengths`
    /// stay.
    pub(super) fn suspect(&mut self, site: Site, lengths: Vec<Value>, violation: Violation) {
        self.suspects.pending.push(Suspect { site, lengths, violation });
    }

    /// Everything was seen: reports what is certain.
    pub(super) fn conclude_suspects(&mut self) {
        let Suspects { reached, resized, pending, .. } = std::mem::take(&mut self.suspects);
        for suspect in pending {
            let one = reached.get(&suspect.site).is_some_and(Option::is_some);
            if one && !suspect.lengths.iter().any(|list| resized.contains(list)) {
                self.report(suspect.violation);
            }
        }
    }

    /// Whether an operand of a function is one number, whatever path leads to it.
    pub(super) fn is_settled(&self, function: FuncRef, operand: &Operand) -> bool {
        self.settled(function, operand, 0)
    }

    fn settled(&self, function: FuncRef, operand: &Operand, depth: u32) -> bool {
        match operand {
            Operand::Const(_) | Operand::SizeOf(_) => true,
            Operand::Local(local) | Operand::Length(local) => self.local_settled(function, *local, depth + 1),
            Operand::Arith(arith) => arith.sides.iter().all(|operand| self.settled(function, operand, depth + 1)),
        }
    }

    fn local_settled(&self, function: FuncRef, local: LocalId, depth: u32) -> bool {
        if depth > MAX_STEPS || self.is_written_inside(function, local, depth) {
            return false;
        }
        let body = self.program.function(function);
        let Some(declared) = body.locals.get(local.index()) else { return false };
        let mut writes = self.writes(function, local);
        match (writes.next(), writes.next()) {
            (None, _) => match declared.kind {
                LocalKind::Param | LocalKind::This => true,
                LocalKind::Captured => self
                    .captured(function, local)
                    .is_some_and(|(outer, local)| self.local_settled(outer, local, depth + 1)),
                LocalKind::Variable | LocalKind::Temporary => false,
            },
            (Some(_), None) if declared.kind == LocalKind::Captured || declared.kind == LocalKind::Param => false,
            (Some(Op::Copy { from, .. }), None) => self.settled(function, from, depth + 1),
            (Some(Op::Binary { left, right, .. }), None) => {
                [left, right].into_iter().all(|operand| self.settled(function, operand, depth + 1))
            }
            (Some(Op::Load { from, .. }), None) => match super::sizes::length_of(from) {
                Some(of) => self.local_settled(function, of, depth + 1),
                None => true,
            },
            (Some(_), None) => true,
            (Some(_), Some(_)) => false,
        }
    }

    /// The operations of a function that write a local.
    pub(super) fn writes(&self, function: FuncRef, local: LocalId) -> impl Iterator<Item = &Op> {
        let ops = self.program.function(function).blocks.iter().flat_map(|block| &block.ops);
        ops.map(|statement| &statement.op).filter(move |op| written(op) == Some(local))
    }

    /// The variable around a closure that one of its locals is.
    pub(super) fn captured(&self, function: FuncRef, local: LocalId) -> Option<(FuncRef, LocalId)> {
        let body = self.program.function(function);
        let capture = body.captures.iter().find(|capture| capture.inner == local)?;
        Some((FuncRef { unit: function.unit, function: body.parent? }, capture.outer))
    }

    /// Whether a closure in a function writes one of its locals.
    pub(super) fn is_written_inside(&self, function: FuncRef, local: LocalId, depth: u32) -> bool {
        let closures = self.program.function(function).blocks.iter().flat_map(|block| &block.ops);
        let closures = closures.filter_map(|statement| match &statement.op {
            Op::Closure { body, .. } => Some(FuncRef { unit: function.unit, function: *body }),
            _ => None,
        });
        let mut captures = closures.flat_map(|closure| {
            let captures = self.program.function(closure).captures.iter();
            captures.filter(|capture| capture.outer == local).map(move |capture| (closure, capture.inner))
        });
        captures.any(|(closure, inner)| {
            depth > MAX_STEPS
                || self.writes(closure, inner).next().is_some()
                || self.is_written_inside(closure, inner, depth + 1)
        })
    }

    /// What a comparison of two numbers gives that are the same on every path.
    pub(super) fn decided(&self, frame: u32, op: &str, operands: [&Operand; 2], values: [&Value; 2]) -> Option<Value> {
        let [Value::Int(left), Value::Int(right)] = values else { return None };
        let truth = match op {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            ">=" => left >= right,
            _ => return None,
        };
        let function = self.frames[frame as usize].function;
        operands.into_iter().all(|operand| self.is_settled(function, operand)).then_some(Value::Bool(truth))
    }

    /// Whether the number and all else that a call at a site is given is settled.
    pub(super) fn gets_settled(&self, site: Site) -> bool {
        let function = self.frames[site.frame as usize].function;
        match self.op_at(site) {
            Some(Op::Call(call)) => call.args.iter().all(|arg| self.is_settled(function, &arg.value)),
            _ => false,
        }
    }

    /// The operation at a site.
    pub(super) fn op_at(&self, site: Site) -> Option<&Op> {
        let block = self.function(site.frame).blocks.get(site.block.index())?;
        block.ops.get(site.op as usize).map(|statement| &statement.op)
    }
}
