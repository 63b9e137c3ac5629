//! Rust syntax → IR.
//!
//! `items` walks the file from the top; `attributes`, `types`, `functions`, `uses` and `comments` serve it and `body`,
//! which lowers what functions do. Everything recurses over syn's nodes, whose depth the parser has bounded.
//!
//! Not followed: what macros expand to (it goes to [`Unit::opaque`]) and unwinding: a panic ends the path.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{Class, ClassId, ClassKind, Function, FunctionId, FunctionKind, Name, TypeRef, Unit};
use crate::language::Language;
use crate::parse::rust::{Lines, Spans};
use crate::parse::{Limits, Refused, rust};
use crate::source::{FileId, Span};
use crate::target::TargetSet;

mod attributes;
mod body;
mod comments;
mod functions;
mod items;
mod macros;
mod types;
mod uses;
mod written;

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    let spans = Spans::open();
    let parsed = rust::parse(&spans, text, comments::has_directives(text), limits)?;
    let gaps = parsed.chunks.iter().flat_map(|chunk| &chunk.gaps);
    let unit = Unit {
        comments: comments::directives(text, gaps),
        generated: comments::is_generated(text),
        errors: parsed.errors,
        ..Unit::empty(file, Language::Rust)
    };
    let mut lowering = FileLowering {
        unit,
        offset: 0,
        lines: Rc::default(),
        modules: Vec::new(),
        scope: attributes::Configured::EVERYWHERE,
        by_type: FxHashMap::default(),
        copies: FxHashSet::default(),
        plain: FxHashSet::default(),
        plain_calls: FxHashSet::default(),
        defined: FxHashMap::default(),
    };
    for chunk in &parsed.chunks {
        lowering.offset = chunk.offset;
        lowering.lines = Rc::clone(&chunk.lines);
        lowering.declare_types(&chunk.items);
    }
    for chunk in &parsed.chunks {
        lowering.offset = chunk.offset;
        lowering.lines = Rc::clone(&chunk.lines);
        lowering.items(&chunk.items);
    }
    lowering.unit.errors.sort_by_key(|span| (span.start, span.end));
    lowering.unit.opaque.sort_by_key(|span| (span.start, span.end));
    Ok(lowering.unit)
}

/// What lowering a file gathers.
struct FileLowering {
    /// What has been lowered so far.
    unit: Unit,
    /// Where the chunk at hand begins.
    offset: u32,
    /// The lines of that chunk.
    lines: Rc<Lines>,
    /// The inline modules around.
    modules: Vec<Name>,
    /// What the attributes around say of targets.
    scope: attributes::Configured,
    /// Classes of the file, and the extensions made for types that are not, by the name of the type.
    by_type: FxHashMap<Name, ClassId>,
    /// Types of the file that copy like a number: `#[derive(Copy)]`, aliases of pointers and numbers.
    copies: FxHashSet<Name>,
    /// Types of the file that are numbers or raw pointers by another name.
    plain: FxHashSet<Name>,
    /// Functions of the file whose results nothing ends with.
    plain_calls: FxHashSet<Name>,
    /// Functions by the name and class they are known under, with where they are compiled.
    defined: FxHashMap<(Option<ClassId>, Name), TargetSet>,
}

impl FileLowering {
    /// From the start of one of the parser's spans to the end of another, bytes of the file.
    fn span(&self, first: proc_macro2::Span, last: proc_macro2::Span) -> Span {
        let (start, end) = (self.lines.start(first), self.lines.end(last));
        Span::new(self.offset + start, self.offset + end.max(start))
    }

    /// A name under the modules around it.
    fn qualified(&self, name: &str) -> Name {
        let parts = self.modules.iter().map(Name::as_str).chain([name]);
        parts.collect::<Vec<_>>().join("::").into()
    }

    /// A function of that kind with nothing in it.
    fn new_function(&self, kind: FunctionKind, name: Name, span: Span, name_span: Span) -> Function {
        let qualified = self.qualified(&name);
        Function {
            targets: self.scope.targets,
            is_static: true,
            ..Function::empty(kind, name, qualified, span, name_span)
        }
    }

    fn push_function(&mut self, function: Function) -> FunctionId {
        self.unit.push_function(function)
    }

    fn new_class(kind: ClassKind, name: Name, span: Span, name_span: Span) -> Class {
        Class {
            name,
            kind,
            type_params: Vec::new(),
            supertype: None,
            implements: Vec::new(),
            mixins: Vec::new(),
            is_abstract: false,
            fields: Vec::new(),
            members: Vec::new(),
            span,
            name_span,
        }
    }

    fn push_class(&mut self, class: Class) -> ClassId {
        let id = ClassId(self.unit.classes.len() as u32);
        self.unit.classes.push(class);
        id
    }

    /// Whether a value of the type may be used again after it was used: no destructor runs for it.
    fn is_copy(&self, ty: &TypeRef) -> bool {
        types::is_copy(ty, &self.copies)
    }

    /// Whether the type is a number or raw pointer by another name.
    fn aliases_plain(&self, ty: &TypeRef) -> bool {
        self.plain.contains(types::simple(&ty.name))
    }
}

#[cfg(test)]
mod tests;
