//! Dart syntax → IR.
//!
//! `declarations` walks the file from the top; `types`, `parameters`, `constants` and `comments` serve it and `body`,
//! which lowers what functions do.

use super::documentation;
use crate::ir::{Function, FunctionId, FunctionKind, Name, Unit};
use crate::language::Language;
use crate::parse::{Limits, NodeId, Parsed, Refused, Tree, dart};
use crate::source::{FileId, Span};

pub(crate) mod again;
pub(crate) mod body;
mod classes;
pub(super) mod comments;
mod constants;
mod declarations;
mod directives;
mod functions;
mod native;
mod parameters;
mod types;

/// Parses and lowers one Dart file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    let Parsed { tree, errors } = dart::parse(text, limits)?;
    let unit = Unit {
        comments: comments::directives(&tree),
        generated: comments::is_generated(&tree),
        errors,
        ..Unit::empty(file, Language::Dart)
    };
    let mut lowering = FileLowering { tree: &tree, unit, depth: limits.depth, default_asset: None };
    lowering.declarations();
    documentation::attach_above(&mut lowering.unit, text);
    Ok(lowering.unit)
}

/// What lowering a file gathers.
pub(crate) struct FileLowering<'t> {
    /// The syntax; a copy of the reference may be kept while the unit is changed.
    pub(crate) tree: &'t Tree<'t>,
    /// What has been lowered so far.
    pub(crate) unit: Unit,
    /// [`Limits::depth`].
    depth: u32,
    /// `@DefaultAsset('…')` of the library.
    default_asset: Option<Name>,
}

/// What there is to lower of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BodySource {
    /// A function, method, accessor, operator or constructor.
    Function {
        /// Its `function_body`; absent for a constructor that ends with `;`.
        body: Option<NodeId>,
        /// What stands between a constructor's parameters and its body: `initializers` or `redirection`.
        initializers: Option<NodeId>,
        /// The `redirecting_factory_constructor_signature` (its `target`, `target_constructor`) of `factory C() = D.x;`.
        redirect: Option<NodeId>,
    },
    /// The initial value of a variable: the body returns it.
    Expression(NodeId),
}

impl FileLowering<'_> {
    /// A function of that kind with nothing in it; `node` is its whole declaration and gives `base` and `span`,
    /// `name` gives the name and its span.
    pub(crate) fn new_function(&self, kind: FunctionKind, node: NodeId, name: Option<NodeId>) -> Function {
        let span = self.tree.span(node);
        let simple: Name = name.map_or(Name::default(), |name| self.tree.text(name).into());
        Function::empty(
            kind,
            simple.clone(),
            simple,
            span,
            name.map_or_else(|| self.first_token(node), |name| self.tree.span(name)),
        )
    }

    /// Adds a function and gives its id.
    pub(crate) fn push_function(&mut self, function: Function) -> FunctionId {
        self.unit.push_function(function)
    }

    /// A node's span counted from a function's base.
    pub(crate) fn span_in(&self, node: NodeId, base: u32) -> Span {
        self.tree.span(node).relative_to(base)
    }

    fn first_token(&self, node: NodeId) -> Span {
        let token = self.tree.descendants(node).find(|&node| self.tree.height(node) == 0);
        self.tree.span(token.unwrap_or(node))
    }

    fn name(&self, node: NodeId) -> Name {
        self.tree.text(node).into()
    }
}
