//! Lists that are written where a call is given them which only looks at what is in them:
//! `ffi.callMixed(handle, 'sum', 'pi', 'd', [values, 4], [])`.

use super::calls::{Access, Calling};
use super::engine::{Engine, Site};
use super::liveness::op_reads;
use super::path::Path;
use crate::ir::{Call, LocalId, LocalKind, Name, Op, Operand};
use crate::link::Target;
use crate::source::Span;
use crate::summary::{EffectKind, Root, Step};
use crate::violation::Unseen;

impl Engine<'_> {
    /// Lends what is put into a list to the call that the list is written for: it must be there. What the function that
    /// is called by its name does with it, nobody says.
    pub(super) fn lend_items(&mut self, site: Site, list: LocalId, items: &[(Option<Name>, Operand)], path: &mut Path) {
        let Some((at, call, span)) = self.borrower(site, list) else { return };
        let location = self.location(site.frame, span);
        let calling = Calling::new(at, self.written_name(at, call), location, Access::Call);
        for (_, item) in items {
            let value = self.operand(site.frame, path, item);
            self.lend(path, &calling, &value, Some(Unseen::Itself));
        }
    }

    /// The call that a list is written for, where that is said to borrow what is in it.
    fn borrower(&self, site: Site, list: LocalId) -> Option<(Site, &Call, Span)> {
        let function = self.function(site.frame);
        function.locals.get(list.index()).filter(|local| local.kind == LocalKind::Temporary)?;
        let ops = &function.blocks.get(site.block.index())?.ops;
        let behind = ops.iter().enumerate().skip(site.op as usize + 1);
        let (index, reader) = behind.into_iter().find(|(_, statement)| op_reads(&statement.op, list))?;
        let Op::Call(call) = &reader.op else { return None };
        let at = Site { op: index as u32, ..site };
        let Target::Model(model) = self.target(at).called() else { return None };
        let mut positional = call.args.iter().filter(|arg| arg.name.is_none());
        let position = positional.position(|arg| arg.value == Operand::Local(list))?;
        let mut effects = self.models.function(*model).summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        let borrows = effects.any(|effect| {
            effect.on.root == Root::Param(position as u16)
                && matches!(effect.on.steps.as_slice(), [Step::Elements])
                && effect.kind == EffectKind::Borrow
        });
        borrows.then_some((at, call, reader.span))
    }
}
