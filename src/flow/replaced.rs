//! Setters that put new memory where the memory of the call before is: `set text(String value) => _text = value.toNativeUtf8()`.
//!
//! Each call but the first loses what the one before kept, whatever releases the last. A setter that looks at what is there,
//! or calls what does, is silent: it may release it.

use super::calls::{Access, Calling};
use super::engine::{Engine, Site};
use super::path::Path;
use super::setters::{self, Keeper, Setter};
use super::value::{Offset, Value};
use crate::ir::{Function, Name};
use crate::link::VarRef;
use crate::models::ModelSet;
use crate::source::Location;
use crate::summary::Root;
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
        if !own || self.is_native(site.frame) || !takes_another(self.models, function) || path.doubtful {
            return;
        }
        let Some(owned) = self.owned_value(path, value, at) else { return };
        let origin = &self.origins[id.origin as usize];
        let setter = Setter { program: self.program, models: self.models, keeper };
        if !origin.leak_matters
            || self.is_kept_by_instance(path, *id)
            || setter.looks_at(self.root, None, 0)
            || setters::is_latched(self.program, self.root)
            || !setter.is_called_again(self.root)
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

/// Whether a function is a setter that gets another value each time.
fn takes_another(models: &ModelSet, function: &Function) -> bool {
    !function.params.is_empty() && setters::is_setter(models, function)
}
