//! A project that nobody works on: what it keeps takes less room until somebody looks at it again.

use std::sync::{Arc, OnceLock};

use super::standing::Standing;
use super::{Lowered, Workspace};
use crate::ir::Unit;

impl Standing {
    /// Puts the bodies of functions away, as long as nobody waits; whether that is done with all of them. What somebody
    /// else holds, too (a check that runs, one that is being dropped), stays as it is.
    pub fn rest(&mut self, workspace: &mut Workspace, waits: impl Fn() -> bool) -> bool {
        let mut is_done = true;
        for unit in &mut self.parts.program.units {
            if waits() {
                return false;
            }
            let kept = workspace.kept.as_mut().and_then(|kept| kept.get_mut(unit.file.index()));
            let kept = match kept.and_then(Arc::get_mut).and_then(OnceLock::get_mut) {
                Some(Lowered::Unit(kept)) => Some(kept),
                _ => None,
            };
            match kept {
                Some(kept) if Arc::ptr_eq(kept, unit) => {
                    *kept = Arc::clone(&self.nothing);
                    is_done &= put_away(unit);
                    *kept = Arc::clone(unit);
                }
                kept => {
                    is_done &= put_away(unit);
                    is_done &= kept.is_none_or(put_away);
                }
            }
        }
        is_done
    }
}

fn put_away(unit: &mut Arc<Unit>) -> bool {
    Arc::get_mut(unit).map(Unit::put_away).is_some()
}
