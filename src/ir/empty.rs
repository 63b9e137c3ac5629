//! Units and functions with nothing in them yet: where every frontend begins.

use super::{Directives, Flavor, Function, FunctionId, FunctionKind, Name, Unit};
use crate::language::Language;
use crate::source::{FileId, Span};
use crate::target::TargetSet;

impl Unit {
    /// A unit without declarations.
    #[must_use]
    pub fn empty(file: FileId, language: Language) -> Self {
        Self {
            file,
            language,
            directives: Directives::default(),
            functions: Vec::new(),
            classes: Vec::new(),
            variables: Vec::new(),
            aliases: Vec::new(),
            layouts: Vec::new(),
            bindings: Vec::new(),
            exports: Vec::new(),
            comments: Vec::new(),
            generated: false,
            errors: Vec::new(),
            opaque: Vec::new(),
        }
    }

    /// Adds a function and gives its id.
    pub fn push_function(&mut self, function: Function) -> FunctionId {
        let id = FunctionId(self.functions.len() as u32);
        self.functions.push(function);
        id
    }
}

impl Function {
    /// A function without parameters and body. Its spans count from where the declaration begins.
    #[must_use]
    pub fn empty(kind: FunctionKind, name: Name, qualified: Name, span: Span, name_span: Span) -> Self {
        Self {
            name,
            qualified,
            kind,
            class: None,
            parent: None,
            is_static: false,
            is_external: false,
            is_local: false,
            is_variadic: false,
            targets: TargetSet::ALL,
            flavor: Flavor::Sync,
            type_params: Vec::new(),
            params: Vec::new(),
            result: None,
            annotations: Vec::new(),
            locals: Vec::new(),
            captures: Vec::new(),
            blocks: Vec::new(),
            base: span.start,
            span,
            name_span,
            incomplete: None,
        }
    }
}
