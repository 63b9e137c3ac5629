//! Setters that put new memory where the memory of the call before is: `set text(String value) => _text = value.toNativeUtf8()`.
//!
//! Each call but the first loses what the one before kept, whatever releases the last. A setter that looks at what is there,
//! or calls what does, is silent: it may release it.

use rustc_hash::FxHashSet;

use super::calls::{Access, Calling};
use super::engine::{Engine, Site};
use super::fates::Fates;
use super::liveness::successors;
use super::path::Path;
use super::setters::{self, Keeper, Setter};
use super::value::{Offset, Value};
use crate::ir::{BlockId, Function, FunctionKind, Name, Terminator};
use crate::link::{Target, VarRef};
use crate::source::Location;
use crate::summary::{EffectKind, Guard, Root, Summary};
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

impl Engine<'_> {
    /// A field or variable is written.
    pub(super) fn note_replaced(&mut self, site: Site, path: &Path, variable: VarRef, value: &Value, at: Location) {
        let declared = self.program.variable(variable);
        if !declared.is_final {
            self.check_replaced(site, path, Keeper::Variable(variable), &declared.name, value, at);
        }
    }

    /// Whether a value is the object itself. What its fields lead to may be a library's, and what is in there, too.
    pub(super) fn is_this(&self, path: &Path, value: &Value) -> bool {
        let at = value.object().and_then(|id| path.objects.get(&id)?.path.as_deref());
        at.is_some_and(|at| at.root == Root::This && at.steps.is_empty())
    }

    /// A variable of a native library is written.
    pub(super) fn note_replaced_native(&mut self, path: &Path, calling: &Calling, symbol: Option<&Name>) {
        if let (Access::Write, Some(symbol), Some(written)) = (calling.access, symbol, calling.args.last()) {
            let value = written.value.clone();
            self.check_replaced(calling.site, path, Keeper::Symbol(symbol), &calling.name, &value, calling.at);
        }
    }

    fn check_replaced(
        &mut self,
        site: Site,
        path: &Path,
        keeper: Keeper<'_>,
        name: &Name,
        value: &Value,
        at: Location,
    ) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        let function = self.program.function(self.root);
        let own = self.frames[site.frame as usize].function == self.root;
        if !own || self.is_native(site.frame) || function.params.is_empty() || path.doubtful {
            return;
        }
        // By its name a setter, or what somebody calls twice for one object.
        let is_setter = setters::is_setter(self.models, function);
        let may_be = function.kind == FunctionKind::Function && writes_always(function, site.block);
        if !is_setter && !may_be {
            return;
        }
        let Some(owned) = self.owned_value(path, value, at) else { return };
        let origin = &self.origins[id.origin as usize];
        let setter = Setter { program: self.program, models: self.models, keeper };
        if !origin.leak_matters
            || self.is_kept_by_instance(path, *id)
            || setter.looks_at(self.root, None, 0) && !self.only_fills(&setter, site)
            || self.registers_later()
            || setters::is_latched(self.program, self.root)
            || is_setter && !setter.is_called_again(self.root)
            || !is_setter && !setter.is_called_twice(self.root)
        {
            return;
        }
        let mut trace = owned.steps;
        trace.push(Step { kind: StepKind::Overwritten { owner: name.clone() }, location: at });
        let kind =
            ViolationKind::Replaced { subject: owned.subject, owner: name.clone(), setter: function.name.clone() };
        let (function, targets) = (self.root, path.targets);
        self.report(Violation { kind, function, at, trace, targets, confidence: Confidence::Medium });
    }
}

impl Engine<'_> {
    /// Whether the analysed function looks at what is kept only after it has put it there, and does nothing but fill it.
    fn only_fills(&self, setter: &Setter<'_>, site: Site) -> bool {
        let Keeper::Variable(field) = setter.keeper else { return false };
        let Some(read) = setter.reads(self.root) else { return false };
        let before = Some((site.block, site.op as usize));
        let fates = Fates::new(self.program, self.models, self.summaries, field);
        !setter.looks_at(self.root, before, 0) && fates.are_harmless(read.into_iter().map(|local| (self.root, local)))
    }

    /// Whether the analysed function gives something to a finalizer, whatever it passes.
    fn registers_later(&self) -> bool {
        let later = |summary: &Summary| {
            let mut always = summary.outcomes.iter().filter(|outcome| outcome.guard == Guard::Always);
            always.any(|outcome| {
                outcome.effects.iter().any(|effect| matches!(effect.kind, EffectKind::ReleaseLater { .. }))
            })
        };
        self.program.operations(self.root).any(|(_, target)| match target.called() {
            Target::Model(model) => later(&self.models.function(*model).summary),
            Target::Functions(functions) => {
                functions.candidates.iter().any(|callee| self.contract(*callee).is_none_or(|known| later(&known)))
            }
            _ => false,
        })
    }
}

/// Whether each way through a function to a return comes through a block.
fn writes_always(function: &Function, block: BlockId) -> bool {
    let mut seen = FxHashSet::default();
    let mut todo = vec![BlockId(0)];
    while let Some(at) = todo.pop() {
        if at == block || !seen.insert(at) {
            continue;
        }
        let Some(of) = function.blocks.get(at.index()) else { return false };
        if matches!(of.end, Terminator::Return(_)) {
            return false;
        }
        todo.extend(successors(&of.end));
    }
    true
}
