//! One function of a file lowered by itself, after its text changed and nothing around it did.

use super::super::documentation::DOCUMENTATION;
use super::functions::{Member, Owner};
use super::{BodySource, FileLowering, comments};
use crate::ir::bodies::{Lowered, same_header};
use crate::ir::stated::Statement;
use crate::ir::{ClassKind, Function, FunctionId, FunctionKind, Incomplete, Unit};
use crate::language::Language;
use crate::parse::{Limits, NodeId, Parsed, dart};
use crate::source::Span;

/// Lowers a function outside closures again, which now has another text at a place of the file, as the unit tells it.
///
/// Nothing where more changed than its body, or where it cannot be told from its text alone. A text with syntax errors
/// is a body that was not lowered.
pub(crate) fn function(unit: &mut Unit, id: FunctionId, file: &str, limits: &Limits) -> Option<Lowered> {
    let declared = unit.functions.get(id.index())?;
    if declared.blocks.is_empty() && declared.incomplete.is_none() {
        return None;
    }
    let span = declared.span;
    let text = file.get(span.start as usize..span.end as usize)?;
    let class = declared.class.and_then(|class| unit.classes.get(class.index()));
    let is_initializer = declared.kind == FunctionKind::Initializer;
    let mut before = class.map_or(String::new(), |class| {
        let name = if matches!(class.kind, ClassKind::Extension | ClassKind::Mixin) { "_" } else { &*class.name };
        format!("class {name} {{ ")
    });
    if is_initializer {
        before.push_str("final ");
    }
    let after = match (is_initializer, class.is_some()) {
        (true, true) => "; }",
        (true, false) => ";",
        (false, true) => " }",
        (false, false) => "",
    };
    let wrapped = format!("{before}{text}{after}");
    let Parsed { tree, errors } = dart::parse(&wrapped, limits).ok()?;
    let moved = |of: Span| {
        let moved = |at: u32| at.saturating_sub(before.len() as u32) + span.start;
        Span::new(moved(of.start), moved(of.end))
    };
    let said: Vec<_> = comments::directives(&tree);
    if said.iter().any(|comment| Statement::read(&comment.text, comment.span).is_some()) {
        return None;
    }
    let comments =
        said.into_iter().map(|comment| crate::ir::Comment { span: moved(comment.span), ..comment }).collect();
    if !errors.is_empty() {
        let mut broken = Function { incomplete: Some(Incomplete::SyntaxError), ..declared.clone() };
        broken.blocks.clear();
        broken.captures.clear();
        let errors = errors.into_iter().map(moved).collect();
        return Some(Lowered { functions: vec![broken], comments, errors });
    }
    let scratch = Unit { classes: std::mem::take(&mut unit.classes), ..Unit::empty(unit.file, Language::Dart) };
    let mut lowering = FileLowering { tree: &tree, unit: scratch, depth: limits.depth, default_asset: None };
    let lowered = lowering.alone(&unit.functions[id.index()], before.len());
    let mut scratch = lowering.unit;
    unit.classes = std::mem::take(&mut scratch.classes);
    lowered?;
    for function in &mut scratch.functions {
        function.span = moved(function.span);
        function.name_span = moved(function.name_span);
        function.base = function.span.start;
    }
    Some(Lowered { functions: scratch.functions, comments, errors: Vec::new() })
}

impl FileLowering<'_> {
    /// Lowers the only function of the tree, which begins at a byte of it and was declared like that before.
    fn alone(&mut self, declared: &Function, start: usize) -> Option<()> {
        let tree = self.tree;
        let owner = declared.class.and_then(|id| {
            let class = self.unit.classes.get(id.index())?;
            Some(Owner {
                class: id,
                name: self.known_name(class),
                this: self.this_type(class),
                constructible: !matches!(class.kind, ClassKind::Extension | ClassKind::Mixin),
            })
        });
        let top: Vec<NodeId> = tree.named_children(tree.root()).collect();
        let [top] = *top.as_slice() else { return None };
        let (node, holder) = match &owner {
            None => (top, top),
            Some(_) => {
                let members: Vec<NodeId> = tree.named_children(tree.child(top, "body")?).collect();
                let [member] = *members.as_slice() else { return None };
                let method = tree.child_of_kind(member, "method_declaration");
                match method {
                    Some(method) => (method, tree.child(method, "signature")?),
                    None => (member, tree.child_of_kind(member, "declaration")?),
                }
            }
        };
        if declared.kind == FunctionKind::Initializer {
            let items: Vec<NodeId> = tree
                .named_children(holder)
                .filter(|child| {
                    matches!(tree.kind(*child), "static_final_declaration_list" | "initialized_identifier_list")
                })
                .flat_map(|list| tree.named_children(list))
                .collect();
            let [item] = *items.as_slice() else { return None };
            let (name, value) = (tree.child(item, "name")?, tree.child(item, "value")?);
            let mut function = self.new_function(FunctionKind::Initializer, item, Some(name));
            function.is_static = declared.is_static;
            function.result.clone_from(&declared.result);
            self.join(&mut function, owner.as_ref());
            self.add(function, item, false, Some(BodySource::Expression(value)));
        } else {
            self.function(Member { node, holder, owner: owner.as_ref(), in_error: false })?;
        }
        let function = self.unit.functions.first_mut()?;
        let written =
            declared.annotations.iter().filter(|known| Statement::of(known).is_none() && known.name != DOCUMENTATION);
        if !written.eq(&function.annotations) {
            return None;
        }
        function.annotations.clone_from(&declared.annotations);
        let is_whole = function.span.start as usize == start;
        (is_whole && self.unit.bindings.is_empty() && same_header(declared, &self.unit.functions[0])).then_some(())
    }
}
