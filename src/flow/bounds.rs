//! Elements behind the end of a block: by an index, by a loop that runs too far, by a view that is longer; and blocks for
//! text that are too short for it.

use super::calls::{Access, Calling};
use super::engine::{Engine, Site};
use super::path::Path;
use super::rounds::Rounds;
use super::sizes::{Asked, Number, length_of};
use super::value::{Offset, Value};
use crate::ir::{Base, BlockId, Callee, Const, LocalId, LocalKind, Name, Op, Operand, Place, Projection, written};
use crate::link::Target;
use crate::models::Sizing;
use crate::models::hints::Hint;
use crate::summary::Throws;
use crate::violation::{Beyond, Confidence, Step, StepKind, Usage, Violation, ViolationKind};

/// What an index or a count is held against: how the block was asked for, and the elements that the pointer in use leads
/// to.
struct Block {
    asked: Asked,
    /// How many bytes such an element has, on the targets where it is smallest.
    width: Option<i64>,
    /// How many of them there are, where that is a constant.
    room: Option<i64>,
    /// How many of them there are, where the number that was asked for counts them.
    count: Option<Number>,
}

/// The index that an operation in a loop has in its last round.
pub(super) struct LastIndex {
    pub(super) number: Number,
}

impl Engine<'_> {
    /// An element is read or written at an index; in a loop with that last one.
    pub(super) fn check_index(&mut self, path: &Path, calling: &Calling, index: &Operand, last: Option<LastIndex>) {
        let Some(block) = self.block_of(path, calling) else { return };
        let function = self.frames[calling.site.frame as usize].function;
        if let Some(LastIndex { number }) = last {
            return self.check_last(path, calling, &block, &number);
        }
        if !self.is_settled(function, index) {
            return;
        }
        let value = self.operand(calling.site.frame, path, index);
        if let (Value::Int(at), Some(room)) = (&value, block.room) {
            if *at >= room || *at < 0 {
                let beyond = Beyond::Index { index: *at, room };
                self.out_of_bounds(path, calling, &block, beyond, Confidence::High);
            }
            return;
        }
        let Some(number) = self.number(&value).filter(|number| number.base.is_some()) else { return };
        if self.counts_encoding(&number, &block) {
            return self.short_for_encoding(path, calling, &block);
        }
        let more = block.count.as_ref().and_then(|count| number.beyond(count)).filter(|more| *more >= 0);
        if let Some(more) = more {
            match more == 0 && self.ends_text(calling, &block) {
                true => self.no_terminator(path, calling, &block),
                false => self.out_of_bounds(path, calling, &block, Beyond::Count { more }, Confidence::High),
            }
        }
    }

    /// A loop reaches elements up to an index.
    fn check_last(&mut self, path: &Path, calling: &Calling, block: &Block, last: &Number) {
        if self.counts_encoding(last, block) {
            return self.short_for_encoding(path, calling, block);
        }
        let beyond = match (last.base.is_none(), block.room, &block.count) {
            (true, Some(room), _) if last.plus >= room => Beyond::LastIndex { index: last.plus, room },
            (false, _, Some(count)) => match last.beyond(count) {
                Some(more) if more >= 0 => Beyond::LastRound { more },
                _ => return,
            },
            _ => return,
        };
        self.out_of_bounds(path, calling, block, beyond, Confidence::Medium);
    }

    /// The receiver is viewed as that many elements.
    pub(super) fn check_count(&mut self, path: &Path, calling: &Calling, count: &Value) {
        let Some(block) = self.block_of(path, calling).filter(|_| self.gets_settled(calling.site)) else { return };
        let Some(number) = self.number(count) else { return };
        if self.counts_encoding(&number, &block) {
            return self.short_for_encoding(path, calling, &block);
        }
        let beyond = match (number.base.is_none(), block.room, &block.count) {
            (true, Some(room), _) if number.plus > room => Beyond::View { count: number.plus, room },
            (false, _, Some(count)) => match number.beyond(count) {
                Some(more) if more > 0 => Beyond::LongerView { more },
                _ => return,
            },
            _ => return,
        };
        self.out_of_bounds(path, calling, &block, beyond, Confidence::High);
    }

    /// The block whose start the receiver points to.
    fn block_of(&self, path: &Path, calling: &Calling) -> Option<Block> {
        let receiver = calling.receiver.as_ref()?;
        let Value::Pointer(id, Offset::Start) = receiver.value else { return None };
        // What an earlier round asked for had another number.
        let object = path.objects.get(&id).filter(|_| !id.older)?;
        let asked = object.story.asked.clone().filter(|asked| asked.settled)?;
        let element = self.pointee(receiver.ty.as_ref()?)?;
        let size = self.size_of(element, 0);
        let exact = size.filter(|size| size.most == Some(size.least)).map(|size| i64::from(size.least));
        let same = asked.elements.as_ref().is_some_and(|of| *of == self.type_name(element));
        let counted = same || exact.is_some() && exact == asked.unit;
        let constant = asked.count.as_ref().filter(|count| count.base.is_none()).map(|count| count.plus);
        let room = match (self.bytes(&asked.number), asked.unit) {
            _ if same => constant,
            (Some(number), Some(unit)) => {
                number.checked_mul(unit).zip(exact).and_then(|(all, one)| all.checked_div(one))
            }
            _ => None,
        };
        // A request that is empty is no block to reach into.
        let room = room.filter(|room| *room > 0);
        let count = asked.count.clone().filter(|count| counted && count.base.is_some());
        Some(Block { asked, width: size.map(|size| i64::from(size.least)), room, count })
    }

    /// Whether what is written at the place of a call is zero, behind a text.
    fn ends_text(&self, calling: &Calling, block: &Block) -> bool {
        let zero = matches!(self.op_at(calling.site), Some(Op::Store { value: Operand::Const(Const::Int(0)), .. }));
        let element = calling.receiver.as_ref().and_then(|receiver| self.pointee(receiver.ty.as_ref()?));
        let of_text =
            element.is_some_and(|element| self.models.hints().says(Hint::TextUnits, &self.type_name(element)));
        zero && block.width.is_none_or(|width| width <= 2) && (of_text || self.counts_text(&block.asked.number))
    }

    fn out_of_bounds(&mut self, path: &Path, calling: &Calling, block: &Block, beyond: Beyond, sure: Confidence) {
        let kind = ViolationKind::OutOfBounds { call: block.asked.by.clone(), beyond };
        self.reaches_too_far(path, calling, block, kind, sure);
    }

    fn no_terminator(&mut self, path: &Path, calling: &Calling, block: &Block) {
        let kind = ViolationKind::ShortText { call: block.asked.by.clone(), element: None };
        self.reaches_too_far(path, calling, block, kind, Confidence::High);
    }

    fn reaches_too_far(
        &mut self,
        path: &Path,
        calling: &Calling,
        block: &Block,
        kind: ViolationKind,
        sure: Confidence,
    ) {
        let violation = self.too_far(path, calling, block, kind, sure);
        self.suspect_of(calling, block, violation);
    }

    fn too_far(
        &self,
        path: &Path,
        calling: &Calling,
        block: &Block,
        kind: ViolationKind,
        confidence: Confidence,
    ) -> Violation {
        let usage = if calling.access == Access::Write { Usage::Write } else { Usage::Read };
        let asked = Step { kind: StepKind::Asked { by: block.asked.by.clone() }, location: block.asked.at };
        let used = Step { kind: StepKind::Used(usage), location: calling.at };
        let (function, targets) = (self.root, path.targets);
        Violation { kind, function, at: calling.at, trace: vec![asked, used], targets, confidence }
    }

    fn suspect_of(&mut self, calling: &Calling, block: &Block, violation: Violation) {
        let length = block.asked.count.as_ref().and_then(|count| count.length_of().cloned());
        self.suspect(calling.site, length.into_iter().collect(), violation);
    }
}

/// Text.
impl Engine<'_> {
    /// Whether a block for UTF-8 that is asked for by that number has no more room than the string has code units.
    pub(super) fn is_short_of_text(&self, calling: &Calling, number: &Value) -> bool {
        let Some(Op::Call(call)) = self.op_at(calling.site) else { return false };
        let text = call.args.iter().find_map(|arg| self.measured(calling.site.frame, &arg.value));
        let function = self.frames[calling.site.frame as usize].function;
        let units = self.number(number).filter(|number| (0..=1).contains(&number.plus));
        let constant = |number: &Number| matches!(number.length_of(), None | Some(Value::Str(_)));
        units.is_some_and(|units| !constant(&units)) && text.is_some_and(|text| self.is_any_text(function, text, 0))
    }

    /// The local of whose length a number was made.
    fn measured(&self, frame: u32, number: &Operand) -> Option<LocalId> {
        let function = self.frames[frame as usize].function;
        let mut number = number;
        for _ in 0..super::settled::MAX_STEPS {
            let Operand::Local(local) = number else { return None };
            let mut writes = self.writes(function, *local);
            let (Some(made), None) = (writes.next(), writes.next()) else { return None };
            number = match made {
                Op::Load { from, .. } => return length_of(from),
                Op::Copy { from, .. } => from,
                Op::Binary { left: Operand::Const(_), right: of, .. } | Op::Binary { left: of, .. } => of,
                _ => return None,
            };
        }
        None
    }

    /// A block for UTF-8 is asked for by the length of a string.
    pub(super) fn short_of_text(&mut self, path: &Path, calling: &Calling, element: Name) {
        let violation = Violation {
            kind: ViolationKind::ShortText { call: calling.name.clone(), element: Some(element) },
            function: self.root,
            at: calling.at,
            trace: Vec::new(),
            targets: path.targets,
            confidence: Confidence::Medium,
        };
        self.report(violation);
    }

    /// Whether a number counts the bytes of a string's encoding, and the block has as many as the string has code units.
    fn counts_encoding(&self, number: &Number, block: &Block) -> bool {
        let text = number.length_of().and_then(|encoded| self.measures.encodes(encoded));
        let room = block.count.as_ref().filter(|_| block.asked.short_of_text && block.width == Some(1));
        text.is_some() && text == room.and_then(Number::length_of)
    }

    /// As many bytes are reached as a string has in UTF-8, in a block of as many as it has code units: told once, where the
    /// block is asked for.
    fn short_for_encoding(&mut self, path: &Path, calling: &Calling, block: &Block) {
        let element = calling.receiver.as_ref().and_then(|receiver| self.pointee(receiver.ty.as_ref()?));
        let element = element.map(|element| self.type_name(element)).unwrap_or_default();
        let kind = ViolationKind::ShortText { call: block.asked.by.clone(), element: Some(element) };
        let reached = self.too_far(path, calling, block, kind, Confidence::Medium);
        self.suspect_of(calling, block, Violation { at: block.asked.at, ..reached });
    }
}

/// Loops.
impl Engine<'_> {
    /// The index that an operation certainly has in the last round of the loop around it, where it counts the rounds.
    pub(super) fn last_index(&self, path: &Path, calling: &Calling, index: &Operand) -> Option<LastIndex> {
        let Site { frame, block, op } = calling.site;
        let body = self.function(frame);
        let (variable, plus) = self.counted_by(frame, (block, op), index)?;
        let function = self.frames[frame as usize].function;
        let rounds = Rounds::of(body, (block, op), variable)?;
        if self.is_written_inside(function, variable, 0) {
            return None;
        }
        let bound = self.bound(path, frame, rounds.header, rounds.bound)?;
        let last = bound.clone().and(if rounds.inclusive { 0 } else { -1 })?;
        let runs = if last.base.is_none() { rounds.start <= last.plus } else { (0..=1).contains(&rounds.start) };
        let ends = self.may_end_before(path, calling, &rounds, variable, &bound);
        (runs && !ends).then_some(LastIndex { number: last.and(plus)? })
    }

    /// The loop's variable of which an index is made, and what is added.
    fn counted_by(&self, frame: u32, (block, op): (BlockId, u32), index: &Operand) -> Option<(LocalId, i64)> {
        let Operand::Local(local) = index else { return None };
        let body = self.function(frame);
        if body.locals.get(local.index())?.kind == LocalKind::Variable {
            return Some((*local, 0));
        }
        let before = body.blocks.get(block.index())?.ops.iter().take(op as usize);
        let made = before.rev().find(|statement| written(&statement.op) == Some(*local))?;
        match &made.op {
            Op::Binary { op, left: Operand::Local(of), right: Operand::Const(Const::Int(more)), .. } if op == "+" => {
                Some((*of, *more))
            }
            Op::Binary { op, left: Operand::Local(of), right: Operand::Const(Const::Int(less)), .. } if op == "-" => {
                Some((*of, less.checked_neg()?))
            }
            _ => None,
        }
    }

    /// The number that the condition of a loop holds its variable against.
    fn bound(&self, path: &Path, frame: u32, header: BlockId, bound: &Operand) -> Option<Number> {
        let Operand::Local(local) = bound else { return self.number(&self.operand(frame, path, bound)) };
        let function = self.frames[frame as usize].function;
        let ops = &self.function(frame).blocks.get(header.index())?.ops;
        let read = ops.iter().position(|statement| written(&statement.op) == Some(*local));
        match read.map(|at| (at, &ops[at].op)) {
            Some((at, Op::Load { from, .. })) => match length_of(from) {
                Some(of) => Some(Number::length(self.local(frame, path, of))),
                None => match self.target(Site { frame, block: header, op: at as u32 }) {
                    Target::Static(variable) => self.number(&self.constant(*variable)?),
                    _ => None,
                },
            },
            Some((_, Op::Binary { op, left, right: Operand::Const(Const::Int(more)), .. })) => {
                let more = match op.as_str() {
                    "+" => *more,
                    "-" => more.checked_neg()?,
                    _ => return None,
                };
                self.bound(path, frame, header, left)?.and(more)
            }
            Some(_) => None,
            None => {
                let settled = self.is_settled(function, bound);
                self.number(&self.local(frame, path, *local)).filter(|_| settled)
            }
        }
    }

    /// Whether something may throw in the last round before the operation is reached: an element of a list that has no more
    /// of them, a function that looks at the number.
    fn may_end_before(
        &self,
        path: &Path,
        calling: &Calling,
        rounds: &Rounds,
        variable: LocalId,
        bound: &Number,
    ) -> bool {
        let Site { frame, block, op } = calling.site;
        let body = self.function(frame);
        let mut counts = vec![variable];
        let blocks = rounds.before.iter().map(|before| (*before, usize::MAX)).chain([(block, op as usize)]);
        let sites = blocks
            .flat_map(|(block, end)| (0..body.blocks[block.index()].ops.len().min(end)).map(move |op| (block, op)));
        for (block, op) in sites {
            let statement = &body.blocks[block.index()].ops[op].op;
            let target = self.target(Site { frame, block, op: op as u32 });
            let throws = match statement {
                Op::Binary { to, left, right, .. } => {
                    if [left, right].into_iter().any(|operand| is_one(operand, &counts)) {
                        counts.push(*to);
                    }
                    false
                }
                Op::Load { .. } | Op::Store { .. } => statement
                    .place()
                    .is_some_and(|place| !self.is_in_range(path, frame, target, place, variable, rounds, bound)),
                Op::Call(call) => {
                    let given = call.args.iter().any(|arg| is_one(&arg.value, &counts));
                    let member = matches!(call.callee, Callee::Method { .. });
                    given && !self.never_looks(target, member)
                }
                _ => false,
            };
            if throws {
                return true;
            }
        }
        false
    }

    /// Whether reading or writing a place throws in no round.
    #[allow(clippy::too_many_arguments)]
    fn is_in_range(
        &self,
        path: &Path,
        frame: u32,
        target: &Target,
        place: &Place,
        variable: LocalId,
        rounds: &Rounds,
        bound: &Number,
    ) -> bool {
        let Some(Projection::Index(index)) = place.path.first() else { return true };
        let native = matches!(target, Target::Model(model)
            if matches!(self.models.function(*model).sizing, Some(Sizing::Index(_))));
        let walked = match &place.base {
            Base::Local(list) => bound.length_of() == Some(&self.local(frame, path, *list)),
            _ => false,
        };
        native || walked && !rounds.inclusive && bound.plus <= 0 && **index == Operand::Local(variable)
    }

    /// Whether a call with a number throws for none.
    fn never_looks(&self, target: &Target, member: bool) -> bool {
        match target {
            Target::Model(model) => {
                let known = self.models.function(*model);
                !member || known.sizing.is_some() || known.summary.throws == Throws::Never
            }
            Target::Native { .. } => true,
            _ => false,
        }
    }
}

fn is_one(operand: &Operand, of: &[LocalId]) -> bool {
    matches!(operand, Operand::Local(local) if of.contains(local))
}
