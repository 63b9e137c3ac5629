//! What Dart code reads through the fields of structs that it is given: stories of what they hold end there.

use super::calls::Calling;
use super::engine::Engine;
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Name, Terminator};
use crate::link::Target;
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{Made, Summary, Throws};
use crate::violation::{Step, StepKind, Usage};

/// The most fields that are remembered for a function.
const MAX_FIELDS: usize = 8;

impl Engine<'_> {
    /// Memory is used: where a field leads to it that the caller can reach, he may want to know.
    pub(super) fn note_field_read(&mut self, path: &Path, id: ObjectId, usage: &Usage, at: Location) {
        let by = match usage {
            Usage::Read | Usage::Write => Name::default(),
            Usage::Pass(callee) | Usage::Within(callee) => callee.clone(),
            Usage::Return | Usage::Leave(_) => return,
        };
        let Some(field) = path.objects.get(&id).and_then(|object| object.path.as_deref()) else { return };
        let native = self.program.units[self.root.unit as usize].language.is_native();
        if !native && !field.steps.is_empty() && self.read.len() < MAX_FIELDS {
            self.read.entry(field.clone()).or_insert((by, at));
        }
    }

    /// The fields that the analysed function reads through.
    pub(super) fn fields_read(&self) -> Vec<Made> {
        let made = self.read.iter().map(|(what, (by, at))| Made {
            what: what.clone(),
            by: by.clone(),
            location: *at,
            through: Vec::new(),
            basis: crate::summary::Basis::Body,
            shown: true,
        });
        made.collect()
    }

    /// Whether the analysed function reads what it reads whatever it finds: it decides nothing, and calls nothing that may
    /// say no before.
    pub(super) fn always_reads(&self) -> bool {
        let body = self.program.function(self.root);
        let decides = |end: &Terminator| matches!(end, Terminator::Branch { .. } | Terminator::Throw(_));
        let targets = self.program.resolved(self.root).targets.iter().flatten();
        let may_refuse = |target: &Target| match target.called() {
            Target::Functions(functions) => functions
                .candidates
                .iter()
                .any(|callee| self.contract(*callee).is_none_or(|contract| contract.throws >= Throws::Known)),
            _ => false,
        };
        !body.blocks.iter().any(|block| decides(&block.end)) && !targets.into_iter().any(may_refuse)
    }

    /// A callee reads what fields lead to of what it is given: the stories of their memory say so.
    pub(super) fn tell_reads(&mut self, path: &mut Path, summary: &Summary, calling: &Calling) {
        for read in &summary.read {
            let Some(Value::Pointer(id, Offset::Start)) = self.value_at(path, calling, &read.what) else { continue };
            let usage = if read.by.is_empty() { Usage::Read } else { Usage::Pass(read.by.clone()) };
            self.note_field_read(path, id, &usage, read.location);
            match path.ownership(id) {
                Ownership::Owned(_) => {
                    path.tell(id, Step { kind: StepKind::Read { by: calling.name.clone() }, location: read.location });
                }
                Ownership::Released if summary.always_reads => {
                    let value = Value::Pointer(id, Offset::Start);
                    self.usage(path, &value, Usage::Within(calling.name.clone()), calling.at);
                }
                _ => {}
            }
        }
    }
}
