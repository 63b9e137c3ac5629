//! Setters that put new memory where the memory of the call before is: `set text(String value) => _text = value.toNativeUtf8()`.
//!
//! Each call but the first loses what the one before kept, whatever releases the last. A setter that looks at what is there,
//! or calls what does, is silent: it may release it.

use super::calls::{Access, Calling};
use super::engine::{Engine, Site};
use super::fates::called;
use super::path::Path;
use super::value::{Offset, Value};
use crate::ir::{Function, FunctionKind, Name, Op};
use crate::link::{FuncRef, Target, VarRef};
use crate::models::hints::Hint;
use crate::source::Location;
use crate::summary::Root;
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

/// How many calls deep a setter is followed.
const MAX_DEPTH: u32 = 3;

/// Where memory is kept from one call to the next.
#[derive(Clone, Copy)]
enum Keeper<'a> {
    /// A field, or a variable outside functions.
    Variable(VarRef),
    /// A variable of a native library.
    Symbol(&'a Name),
}

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
        if !own || self.is_native(site.frame) || !self.is_called_again(function) || path.doubtful {
            return;
        }
        let Some(owned) = self.owned_value(path, value, at) else { return };
        let origin = &self.origins[id.origin as usize];
        if !origin.leak_matters || self.is_kept_by_instance(path, *id) || self.looks_at(self.root, keeper, name, 0) {
            return;
        }
        let mut trace = owned.steps;
        trace.push(Step { kind: StepKind::Overwritten { owner: name.clone() }, location: at });
        let kind =
            ViolationKind::Replaced { subject: owned.subject, owner: name.clone(), setter: function.name.clone() };
        let (function, targets) = (self.root, path.targets);
        self.report(Violation { kind, function, at, trace, targets, confidence: Confidence::Medium });
    }

    /// Whether a function is meant to be called more than once, with another value each time.
    fn is_called_again(&self, function: &Function) -> bool {
        let named =
            function.name.strip_prefix("set").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        !function.params.is_empty()
            && (function.kind == FunctionKind::Setter || function.kind == FunctionKind::Function && named)
    }

    /// Whether a function reads what is kept, or calls what may release it.
    fn looks_at(&self, function: FuncRef, keeper: Keeper<'_>, name: &Name, depth: u32) -> bool {
        let body = self.program.function(function);
        if depth > MAX_DEPTH || body.incomplete.is_some() {
            return true;
        }
        let is_it = |target: &Target| match (target, keeper) {
            (Target::Field(field) | Target::Static(field), Keeper::Variable(variable)) => *field == variable,
            (Target::Native { symbol: Some(of), .. }, Keeper::Symbol(symbol)) => of == symbol,
            _ => false,
        };
        let resolved = self.program.resolved(function);
        body.blocks.iter().zip(&resolved.targets).any(|(block, targets)| {
            block.ops.iter().zip(targets).any(|(statement, target)| match (&statement.op, target.called()) {
                (Op::Load { .. }, Target::Unknown) => called(&statement.op) == Some(name),
                (Op::Load { .. }, target) if is_it(target) => true,
                (Op::Closure { body, .. }, _) => {
                    let inner = FuncRef { unit: function.unit, function: *body };
                    self.looks_at(inner, keeper, name, depth + 1)
                }
                (Op::Call(_) | Op::Load { .. }, Target::Functions(functions)) => {
                    functions.candidates.iter().any(|callee| self.looks_at(*callee, keeper, name, depth + 1))
                }
                (Op::Call(_), Target::Unknown) => {
                    called(&statement.op).is_none_or(|callee| self.models.hints().says(Hint::Releases, callee))
                }
                _ => false,
            })
        })
    }
}
