//! TypeScript and ArkTS syntax → IR.
//!
//! `declarations` walks the module from the top, `tables` reads what binds native functions (`dlopen(path, { … })`),
//! `body` lowers what functions do. What stands at the top of a module and is no declaration becomes one function.

use std::cell::{OnceCell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{Function, FunctionId, FunctionKind, Name, TypeRef, Unit};
use crate::language::Language;
use crate::parse::{Limits, NodeId, Parsed, Refused, Tree, ts};
use crate::source::{FileId, Span};
use crate::vocabulary::vocabulary;

mod body;
mod classes;
mod comments;
mod constants;
mod declarations;
mod functions;
mod modules;
mod names;
mod namespaces;
mod native;
mod parameters;
mod parts;
mod tables;
mod types;
mod values;

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    let Parsed { tree, errors } = ts::parse(text, limits)?;
    let unit = Unit {
        comments: comments::directives(&tree),
        generated: comments::is_generated(&tree),
        qualifies_members: true,
        errors,
        ..Unit::empty(file, Language::TypeScript)
    };
    let mut lowering = FileLowering {
        tree: &tree,
        unit,
        depth: limits.depth,
        imported: FxHashMap::default(),
        names: OnceCell::new(),
        members: RefCell::default(),
        describes: vocabulary().describes(text),
        inferred: FxHashMap::default(),
        inferred_names: FxHashSet::default(),
        behind: FxHashSet::default(),
        given_by: None,
        namespaces: Vec::new(),
        nested: FxHashSet::default(),
        class_names: namespaces::ClassNames::default(),
        described: 0,
    };
    lowering.module();
    Ok(lowering.unit)
}

/// What lowering a file gathers.
struct FileLowering<'t> {
    tree: &'t Tree<'t>,
    /// What has been lowered so far.
    unit: Unit,
    /// [`Limits::depth`].
    depth: u32,
    /// What the names are that imports bring in.
    imported: FxHashMap<Name, Imported>,
    /// What all names mean, once somebody asks.
    names: OnceCell<names::Names<'t>>,
    /// The values of members, by what has them, once somebody asks.
    members: RefCell<FxHashMap<NodeId, FxHashMap<Name, NodeId>>>,
    /// There may be tables in it.
    describes: bool,
    /// The types of tables and descriptions, by their objects, and the names of their classes.
    inferred: FxHashMap<NodeId, TypeRef>,
    inferred_names: FxHashSet<Name>,
    /// Prefixes that no program can write.
    behind: FxHashSet<Name>,
    /// What is lowered is what such a function gives.
    given_by: Option<Name>,
    /// The namespaces that the walk is in, outermost first.
    namespaces: Vec<namespaces::Namespace>,
    /// Namespaces in others.
    nested: FxHashSet<Name>,
    class_names: namespaces::ClassNames,
    /// How many structs contain what is described at the moment.
    described: u32,
}

/// A name that an import brings in.
#[derive(Clone, Debug)]
struct Imported {
    /// The module, as written.
    module: Name,
    /// The name that the module gives it; nothing where the name stands for the module.
    name: Option<Name>,
}

/// What there is to lower of a function.
#[derive(Clone, Copy, Debug)]
enum BodySource {
    /// A `statement_block`, or the expression that an arrow function gives.
    Body(NodeId),
    /// The initial value of a variable or field.
    Expression(NodeId),
}

impl FileLowering<'_> {
    /// A function of that kind with nothing in it; `node` is its whole declaration and gives `base` and `span`,
    /// `name` gives the name and its span.
    fn new_function(&self, kind: FunctionKind, node: NodeId, name: Option<NodeId>) -> Function {
        let span = self.tree.span(node);
        let simple = name.map_or(Name::default(), |name| self.property_name(name));
        let name_span = name.map_or_else(|| self.first_token(node), |name| self.tree.span(name));
        Function::empty(kind, simple.clone(), simple, span, name_span)
    }

    fn push_function(&mut self, function: Function) -> FunctionId {
        self.unit.push_function(function)
    }

    /// A node's span counted from a function's base.
    fn span_in(&self, node: NodeId, base: u32) -> Span {
        self.tree.span(node).relative_to(base)
    }

    fn first_token(&self, node: NodeId) -> Span {
        let token = self.tree.descendants(node).find(|&node| self.tree.height(node) == 0);
        self.tree.span(token.unwrap_or(node))
    }

    fn name(&self, node: NodeId) -> Name {
        self.tree.text(node).into()
    }

    /// The name that a free name has in the module that it comes from.
    fn imported_name(&self, name: &str) -> Name {
        match self.imported.get(name) {
            Some(Imported { name: Some(real), .. }) => real.clone(),
            _ => name.into(),
        }
    }
}
