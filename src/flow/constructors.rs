//! What calls make that are known by a type: the value that an extension type wraps, values that own memory.

use super::calls::{Access, Calling};
use super::engine::Engine;
use super::path::Path;
use super::value::Value;
use crate::ir::{ClassKind, Initializes};
use crate::link::{ClassRef, FuncRef, Ty};
use crate::summary::{Outcome, Ownership, Summary};

impl Engine<'_> {
    /// Whether a constructor is the primary one of an extension type.
    pub(super) fn makes_extension_type(&self, constructor: FuncRef) -> bool {
        let function = self.program.function(constructor);
        self.wraps_value(constructor)
            && matches!(function.params.as_slice(), [param] if param.initializes == Some(Initializes::Field))
    }

    /// Whether a constructor gives the value that it is made of: that of an extension type.
    pub(super) fn wraps_value(&self, constructor: FuncRef) -> bool {
        let class = self.program.function(constructor).class;
        let class = class.map(|class| self.program.class(ClassRef { unit: constructor.unit, class }));
        class.is_some_and(|class| class.kind == ClassKind::ExtensionType)
    }

    /// A base class stands for what its constructor is given (a COM interface for its cell): the object has it then.
    pub(super) fn give_to_base(&mut self, path: &mut Path, calling: &Calling, summary: &Summary) {
        let alias = |outcome: &Outcome| matches!(outcome.result.ownership, Ownership::Alias(_));
        if calling.name == "super" && summary.outcomes.iter().any(alias) {
            calling.args.iter().for_each(|arg| self.escape(path, &arg.value));
        }
    }

    /// Whether the type of what a call gives says what that owns. What a model gives is what the model says.
    pub(super) fn is_by_value(&self, calling: &Calling, ty: &Ty, value: &Value) -> bool {
        let modelled = calling.model.is_some() && self.owned_by_type(calling.site.frame, ty, value).is_some();
        calling.access == Access::Call && !modelled
    }
}
