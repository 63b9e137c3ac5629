//! What is borrowed until a call: a row's text until the next step, a name until its owner is closed.

use super::calls::Calling;
use super::engine::Engine;
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Name, Op, Operand};
use crate::link::{FuncRef, Target};
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{AccessPath, Root};
use crate::violation::{Confidence, Step, StepKind, Usage, Violation, ViolationKind};

impl Engine<'_> {
    /// The owner that lends what a call gives, where its own calls end that.
    pub(super) fn lender_until(
        &self,
        path: &Path,
        calling: &Calling,
        from: &AccessPath,
        until: &[Name],
    ) -> Option<(ObjectId, Vec<Name>)> {
        let first = from.steps.is_empty() && from.root == Root::Param(0);
        let value = self.value_at(path, calling, from)?;
        match value {
            Value::Pointer(id, Offset::Start) if !id.older => {
                Some((id, if first { until.to_vec() } else { Vec::new() }))
            }
            value => value.object().map(|id| (id, Vec::new())),
        }
    }

    /// What lent memory that leaves Dart code's sight: it must live as long, and who ends it cannot be seen.
    pub(super) fn lender_of(&self, path: &Path, id: ObjectId) -> Option<Value> {
        let object = path.objects.get(&id).filter(|object| object.ownership == Ownership::Borrowed)?;
        let is_native = self.program.units[self.root.unit as usize].language.is_native();
        let lender = object.story.lent_of.filter(|_| !is_native)?;
        // The pointer to a callback does not lead to what closes it.
        if self.is_callable(lender) {
            return None;
        }
        Some(Value::Pointer(lender, Offset::Start))
    }

    /// A call ends what was borrowed from its first argument.
    pub(super) fn end_borrowings(
        &self,
        target: &Target,
        first: Option<&Value>,
        (name, at): (&Name, Location),
        paths: &mut [Path],
    ) {
        let Some(Value::Pointer(owner, Offset::Start)) = first else { return };
        let is_lent = |path: &Path, id: &ObjectId| {
            let object = path.objects.get(id);
            object.is_some_and(|object| {
                object.ownership == Ownership::Borrowed
                    && (object.story.lent_of == Some(*owner)
                        || object.story.lent_of.is_none() && self.hangs_on(path, *id, *owner))
                    && !object.story.until.is_empty()
            })
        };
        let mut symbol = None;
        for path in paths {
            // What this call has just lent begins with it.
            let before = |id: &ObjectId| !id.older && self.origins[id.origin as usize].location != at;
            let lent: Vec<ObjectId> =
                path.objects.keys().filter(|id| before(id) && is_lent(path, id)).copied().collect();
            if lent.is_empty() || path.doubtful {
                continue;
            }
            let symbol = symbol.get_or_insert_with(|| self.symbol_behind(target)).clone();
            let Some(symbol) = symbol else { return };
            for id in lent {
                let Some(object) = path.objects.get_mut(&id).filter(|object| object.story.until.contains(&symbol))
                else {
                    continue;
                };
                object.ownership = Ownership::Released;
                std::rc::Rc::make_mut(&mut object.story).ended = Some(name.clone());
                path.tell(id, Step { kind: StepKind::Ended { by: name.clone() }, location: at });
            }
        }
    }

    /// Whether what the library lends can only hang on that handle: it was opened in sight and before, and no other like
    /// it was open.
    fn hangs_on(&self, path: &Path, lent: ObjectId, on: ObjectId) -> bool {
        let family = |id: ObjectId| self.origins.get(id.origin as usize).and_then(|origin| origin.family);
        let opened = |id: &ObjectId| path.objects.get(id).is_some_and(|object| object.path.is_none());
        let Some(kind) = family(on).filter(|_| opened(&on) && !on.older && on.origin < lent.origin) else {
            return false;
        };
        let is_other = |id: &ObjectId| *id != on && family(*id) == Some(kind);
        !path.objects.keys().any(is_other)
    }

    /// The native symbol that a call ends up at: its own, or that of the one call in the function that stands for it.
    pub(super) fn symbol_behind(&self, target: &Target) -> Option<Name> {
        if let Some(symbol) = target.symbol() {
            return Some(symbol.clone());
        }
        let Target::Functions(functions) = target.called() else { return None };
        match functions.candidates.as_slice() {
            [only] => self.forwards_to(*only),
            _ => None,
        }
    }

    /// The symbol that a function hands its first argument on to, and does nothing else.
    fn forwards_to(&self, function: FuncRef) -> Option<Name> {
        if let Some(symbol) = self.program.bound_symbol(function) {
            return Some(symbol.clone());
        }
        let declared = self.program.function(function);
        let first = declared.params.first()?.local;
        let [block] = declared.blocks.as_slice() else { return None };
        let targets = self.program.resolved(function).targets.get(0)?;
        let mut calls = block.ops.iter().zip(targets).filter_map(|(statement, target)| match &statement.op {
            Op::Call(call) => Some((call, target)),
            _ => None,
        });
        let (Some((call, target)), None) = (calls.next(), calls.next()) else { return None };
        let given = call.args.first().is_some_and(|arg| matches!(arg.value, Operand::Local(local) if local == first));
        target.symbol().filter(|_| given).cloned()
    }

    /// Used after the call that ended it.
    pub(super) fn fault_of_ended(&mut self, path: &Path, id: ObjectId, by: Name, usage: Usage, at: Location) {
        let Some(object) = path.objects.get(&id) else { return };
        let origin = &self.origins[id.origin as usize];
        let mut trace = object.story.steps.clone();
        trace.push(Step { kind: StepKind::Used(usage.clone()), location: at });
        let confidence = super::objects::confidence(origin.basis).min(Confidence::Medium);
        let kind = ViolationKind::UsedAfterEnd { origin: origin.by.clone(), by, usage };
        self.report(Violation { kind, function: self.root, at, trace, targets: path.targets, confidence });
    }
}
