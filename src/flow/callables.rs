//! Functions that are made callable for native code. Many are registered once and meant to stay; one that needs what a
//! single event or request brought is made anew with the next.

use super::calls::Calling;
use super::engine::Engine;
use super::value::Value;
use crate::ir::{FunctionKind, LocalId, LocalKind};
use crate::link::{FuncRef, Ty};
use crate::models::hints::Hint;

impl Engine<'_> {
    /// Notes whether a callable is made for one call of the code that makes it.
    pub(super) fn note_callable(&mut self, calling: &Calling, made: &Value) {
        let Some(origin) = made.object().map(|id| id.origin) else { return };
        let family = self.origins.get(origin as usize).and_then(|origin| origin.family);
        if !family.is_some_and(|family| self.models.family(family).callback) {
            return;
        }
        let closure = calling.args.iter().find_map(|arg| match arg.value {
            Value::Closure(closure) => self.closures.get(closure as usize),
            _ => None,
        });
        let Some(closure) = closure else { return };
        let Some(maker) = self.frames.get(closure.frame as usize).map(|frame| frame.function) else { return };
        let captures = &self.program.function(closure.function).captures;
        if captures.iter().any(|capture| self.is_of_one_call(maker, capture.outer)) {
            self.made_for_call.insert(origin);
        }
    }

    /// Whether a variable holds what belongs to one call of its function: what an event brought, what is waited for once.
    fn is_of_one_call(&self, function: FuncRef, local: LocalId) -> bool {
        let body = self.program.function(function);
        let Some(declared) = body.locals.get(local.index()) else { return false };
        let ty = self.program.resolved(function).types.get(local.index());
        let named = match ty {
            Some(Ty::Model(ty, _)) => self.models.ty(*ty).name.as_str(),
            Some(Ty::Sdk(name, _)) => name.as_str(),
            _ => "",
        };
        match declared.kind {
            LocalKind::Param => {
                let is_function = matches!(ty, Some(Ty::Function(..)));
                body.kind == FunctionKind::Closure && !is_function && !self.models.hints().says(Hint::Outlives, named)
            }
            LocalKind::Variable => self.models.hints().says(Hint::Once, named),
            _ => false,
        }
    }
}
