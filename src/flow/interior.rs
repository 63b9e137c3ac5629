//! Pointers that have moved on from the start of their block, and their release.

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::objects::{Releasing, confidence};
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Name, Op, Operand};
use crate::models::Sizing;
use crate::models::schema::FamilyKind;
use crate::state::{MemoryFamily, Ownership};
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

impl Engine<'_> {
    /// Where a pointer leads after a call that gives an address in the same block.
    pub(super) fn moved(&mut self, calling: &Calling, object: ObjectId, from: Offset) -> Offset {
        self.suspects.note_move(calling.site, from);
        let by = match calling.model.and_then(|model| self.models.function(model).sizing.as_ref()) {
            Some(Sizing::Index(at)) => calling.root(at).map(|arg| &arg.value),
            _ => None,
        };
        let to = match (from, by) {
            // A variable that is zero now may be a loop's, in its first round.
            (offset, Some(Value::Int(0))) if self.moves_by_literal(calling) => offset,
            (Offset::Start | Offset::Inside, Some(Value::Int(1..))) => Offset::Inside,
            (Offset::Start | Offset::Inside | Offset::Perhaps, Some(Value::Symbol(_))) => Offset::Perhaps,
            (Offset::Perhaps, Some(Value::Int(1..))) => Offset::Perhaps,
            // Back, or by what nobody knows: maybe to the start.
            _ => Offset::Somewhere,
        };
        if to != from {
            self.moves.insert(object, calling.at);
        }
        to
    }

    fn moves_by_literal(&self, calling: &Calling) -> bool {
        let Site { frame, block, op } = calling.site;
        let block = self.function(frame).blocks.get(block.index());
        let by = match block.and_then(|block| block.ops.get(op as usize)).map(|statement| &statement.op) {
            Some(Op::Binary { right, .. }) => Some(right),
            Some(Op::Call(call)) => call.args.first().map(|arg| &arg.value),
            _ => None,
        };
        matches!(by, Some(Operand::Const(_)))
    }

    /// A pointer that does not lead to the start of a block is released.
    pub(super) fn release_inside(&mut self, path: &Path, id: ObjectId, offset: Offset, releasing: &Releasing) {
        let certain = match offset {
            Offset::Inside => true,
            Offset::Perhaps => false,
            Offset::Start | Offset::Somewhere => return,
        };
        let Some(object) = path.objects.get(&id) else { return };
        let origin = &self.origins[id.origin as usize];
        let is_memory = origin.family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Memory);
        if !is_memory && !matches!(object.ownership, Ownership::Owned(MemoryFamily::OfParameter(_))) {
            return;
        }
        let mut trace = object.story.steps.clone();
        if let Some(at) = self.moves.get(&id)
            && !releasing.at.span.contains(at.span)
        {
            trace.push(Step { kind: StepKind::Moved, location: *at });
        }
        if let Some(family) = releasing.family.or(origin.family) {
            let released = StepKind::Released { by: releasing.by.clone(), family };
            trace.push(Step { kind: released, location: releasing.at });
        }
        let sure = if certain { Confidence::High } else { Confidence::Medium };
        let confidence = confidence(origin.basis).min(confidence(releasing.basis)).min(sure);
        let kind = ViolationKind::ReleasedInside { origin: origin.by.clone(), release: releasing.by.clone(), certain };
        let (function, targets) = (self.root, path.targets);
        self.report(Violation { kind, function, at: releasing.at, trace, targets, confidence });
    }

    /// Where the field at a field path lies in its struct: the first one lies at the start.
    pub(super) fn field_offset(&self, field: &Name) -> Offset {
        let layouts = || self.program.units.iter().flat_map(|unit| &unit.layouts);
        // The path does not say of which struct: any will do.
        let may_be_first = |name: &str| {
            layouts().any(|layout| layout.is_union || layout.fields.first().is_none_or(|(first, _)| first == name))
        };
        let known = |name: &str| layouts().any(|layout| layout.fields.iter().any(|(field, _)| field == name));
        let mut steps = field.split('.');
        if steps.any(|step| known(step) && !may_be_first(step)) { Offset::Inside } else { Offset::Somewhere }
    }
}
