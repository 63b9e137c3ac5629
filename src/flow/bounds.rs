//! Elements behind the end of a block: by a constant index, by a loop that runs to its count and one further, by a view
//! that is longer; and blocks for text that are too short for it.

use super::calls::{Access, Calling};
use super::engine::Engine;
use super::path::Path;
use super::sizes::Asked;
use super::value::{Offset, Value};
use crate::ir::{Const, Name, Op, Operand};
use crate::violation::{Beyond, Confidence, Step, StepKind, Usage, Violation, ViolationKind};

/// What an index or a count is held against: how the block was asked for, and the elements that the pointer in use leads
/// to.
struct Block {
    asked: Asked,
    /// How many bytes such an element has, on the targets where it is smallest.
    width: Option<i64>,
    /// How many of them there are, where that is a constant.
    room: Option<i64>,
    /// The number that was asked for counts these elements.
    counted: bool,
}

impl Engine<'_> {
    /// An element is read or written at an index.
    pub(super) fn check_index(&mut self, path: &Path, calling: &Calling, index: &Operand) {
        let Some(block) = self.block_of(path, calling) else { return };
        let value = self.operand(calling.site.frame, path, index);
        let literal = matches!(index, Operand::Const(_));
        match (&value, block.room) {
            (Value::Int(at), Some(room)) if literal && (*at >= room || *at < 0) => {
                let beyond = Beyond::Index { index: *at, room };
                self.out_of_bounds(path, calling, &block, beyond, Confidence::High);
            }
            _ => {}
        }
        let Operand::Local(local) = index else { return };
        if block.counted && self.same_number(&value, &block.asked.number) && !matches!(value, Value::Int(_)) {
            match self.writes_zero(calling) && block.width.is_some_and(|width| width <= 2) {
                true => self.no_terminator(path, calling, &block),
                false => self.out_of_bounds(path, calling, &block, Beyond::Count, Confidence::High),
            }
        } else if block.counted && self.ends_at(path, calling.site.frame, *local, &block.asked.number, ["<=", ">="]) {
            self.out_of_bounds(path, calling, &block, Beyond::LastRound, Confidence::Medium);
        }
    }

    /// The receiver is viewed as that many elements.
    pub(super) fn check_count(&mut self, path: &Path, calling: &Calling, count: &Value) {
        let Some(block) = self.block_of(path, calling) else { return };
        if let (Value::Int(count), Some(room)) = (count, block.room)
            && *count > room
        {
            let beyond = Beyond::View { count: *count, room };
            self.out_of_bounds(path, calling, &block, beyond, Confidence::High);
        }
    }

    /// The block whose start the receiver points to.
    fn block_of(&self, path: &Path, calling: &Calling) -> Option<Block> {
        let receiver = calling.receiver.as_ref()?;
        let Value::Pointer(id, Offset::Start) = receiver.value else { return None };
        let asked = path.objects.get(&id)?.story.asked.clone()?;
        let element = self.pointee(receiver.ty.as_ref()?)?;
        let size = self.size_of(element, 0);
        let exact = size.filter(|size| size.most == Some(size.least)).map(|size| i64::from(size.least));
        let counted = asked.elements.as_ref().is_some_and(|of| *of == self.type_name(element));
        let room = match (&asked.number, counted) {
            (Value::Int(number), true) => Some(*number),
            (Value::Int(bytes), false) if asked.elements.is_none() => exact.and_then(|size| bytes.checked_div(size)),
            _ => None,
        };
        // A request that is empty is no block to reach into.
        let room = room.filter(|room| *room > 0);
        Some(Block { asked, width: size.map(|size| i64::from(size.least)), room, counted })
    }

    /// Whether what is written at the place of a call is zero.
    fn writes_zero(&self, calling: &Calling) -> bool {
        let block = self.function(calling.site.frame).blocks.get(calling.site.block.index());
        let op = block.and_then(|block| block.ops.get(calling.site.op as usize)).map(|statement| &statement.op);
        matches!(op, Some(Op::Store { value: Operand::Const(Const::Int(0)), .. }))
    }

    fn out_of_bounds(&mut self, path: &Path, calling: &Calling, block: &Block, beyond: Beyond, sure: Confidence) {
        let asked = Step { kind: StepKind::Asked { by: block.asked.by.clone() }, location: block.asked.at };
        let kind = ViolationKind::OutOfBounds { call: block.asked.by.clone(), beyond };
        self.told_of(path, calling, kind, vec![asked], sure);
    }

    fn no_terminator(&mut self, path: &Path, calling: &Calling, block: &Block) {
        let asked = Step { kind: StepKind::Asked { by: block.asked.by.clone() }, location: block.asked.at };
        let kind = ViolationKind::ShortText { call: block.asked.by.clone(), element: None };
        self.told_of(path, calling, kind, vec![asked], Confidence::High);
    }

    /// A block for UTF-8 is asked for by the length of a string.
    pub(super) fn short_of_text(&mut self, path: &Path, calling: &Calling, element: Name) {
        let kind = ViolationKind::ShortText { call: calling.name.clone(), element: Some(element) };
        self.told_of(path, calling, kind, Vec::new(), Confidence::Medium);
    }

    fn told_of(&mut self, path: &Path, calling: &Calling, kind: ViolationKind, mut trace: Vec<Step>, sure: Confidence) {
        if !trace.is_empty() {
            let usage = if calling.access == Access::Write { Usage::Write } else { Usage::Read };
            trace.push(Step { kind: StepKind::Used(usage), location: calling.at });
        }
        self.report(Violation {
            kind,
            function: self.root,
            at: calling.at,
            trace,
            targets: path.targets,
            confidence: sure,
        });
    }
}
