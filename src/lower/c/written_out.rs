//! Structs that macros of the file write out.

use super::FileLowering;
use crate::ir::{Class, ClassId, StructLayout, Variable};
use crate::parse::Limits;
use crate::parse::c::Expansion;
use crate::source::Span;

impl FileLowering<'_> {
    /// Declares the structs that the file's own macros declare where they are called. All of them lie at the call.
    pub(super) fn written_out(&mut self, limits: &Limits) {
        let prepared = self.prepared;
        for expansion in &prepared.expansions {
            self.declare(expansion, limits);
        }
    }

    fn declare(&mut self, expansion: &Expansion, limits: &Limits) {
        // No macro is defined in there: this ends.
        let Ok(inner) = super::lower(self.unit.file, self.unit.language, &expansion.text, limits) else { return };
        if !inner.errors.is_empty() || !inner.functions.is_empty() {
            return;
        }
        for layout in inner.layouts {
            let Some(class) = inner.classes.get(layout.class.index()) else { continue };
            if class.name.starts_with("anonymous@") || self.classes_by_name.contains_key(&class.name) {
                continue;
            }
            let id = ClassId(self.unit.classes.len() as u32);
            let field = |field: &Variable| Variable { span: expansion.span, ..field.clone() };
            let fields = class.fields.iter().map(field).collect();
            let (span, name_span) = (expansion.span, expansion.span);
            self.classes_by_name.insert(class.name.clone(), id);
            self.unit.classes.push(Class { fields, span, name_span, ..class.clone() });
            self.unit.layouts.push(StructLayout { class: id, ..layout });
        }
        // It is understood now.
        let within = |span: &Span| expansion.span.start <= span.start && span.end <= expansion.span.end;
        self.unit.opaque.retain(|span| !within(span));
        for alias in inner.aliases.into_iter().filter(|alias| alias.target.name != alias.name) {
            self.alias(alias.name, alias.target);
        }
    }
}
