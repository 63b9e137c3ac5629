//! Views that a function of Dart returns of a block of its own: `final p = calloc<Point>(); return p.ref;`. A struct or a
//! typed list tells nobody where its memory begins, so that nobody can release it.

use super::engine::{Engine, Returned};
use super::path::Path;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{FunctionKind, Op, Projection};
use crate::link::Program;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::{Event, MemoryFamily, Ownership};
use crate::violation::{Step, StepKind};

/// What gave the address of a struct before Dart 2.12.
const ADDRESS: &str = "addressOf";

/// Whether some code of a program asks a struct for its address.
pub(super) fn have_addresses(program: &Program) -> bool {
    let asks = |op: &Op| match op {
        Op::Load { from, .. } => matches!(from.path.last(), Some(Projection::Field(name)) if name == ADDRESS),
        _ => false,
    };
    let functions = program.units.iter().filter(|unit| !unit.language.is_native()).flat_map(|unit| &unit.functions);
    functions.flat_map(|function| &function.blocks).flat_map(|block| &block.ops).any(|statement| asks(&statement.op))
}

impl Engine<'_> {
    /// The block of which the analysed function returns a view, where nothing else leads to the block afterwards.
    pub(super) fn lost_by_view(&self, returned: &Returned) -> Option<ObjectId> {
        let Value::View(id, _) = returned.value else { return None };
        let kind = self.program.function(self.root).kind;
        // What is computed once may be meant to stay.
        let once = matches!(kind, FunctionKind::Initializer | FunctionKind::Closure);
        let object = returned.path.objects.get(&id).filter(|object| object.path.is_none() && !id.older)?;
        let owned = matches!(object.ownership, Ownership::Owned(MemoryFamily::Known(_)));
        let family = self.origins[id.origin as usize].family?;
        let memory = self.models.family(family).kind == FamilyKind::Memory;
        let lost = owned && memory && !once && !self.is_native(0);
        (lost && !self.summaries.views_have_addresses(self.program)).then_some(id)
    }

    /// A view is returned: its memory is lost, or stays in use where somebody may have it.
    pub(super) fn return_view(&mut self, path: &mut Path, id: ObjectId, lost: bool, at: Location) {
        if !lost {
            // Who releases it cannot be seen here.
            return self.escape(path, &Value::Pointer(id, Offset::Start));
        }
        let held: Vec<Value> = path.held(id).map(|(_, value)| value.clone()).collect();
        held.iter().for_each(|value| self.let_go(path, value, Event::Return));
        path.tell(id, Step { kind: StepKind::Viewed, location: at });
    }
}
