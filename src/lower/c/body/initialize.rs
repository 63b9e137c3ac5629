//! Initial values in memory, and the initializer lists of constructors.

use super::place::place;
use super::{Body, OTHER};
use crate::ir::{Base, Callee, Const, Name, Op, Operand, Place, Projection, TypeRef};
use crate::parse::NodeId;

/// Initializer lists nest no deeper in earnest.
const DEPTH: u32 = 16;

/// Elements of a table that are looked at.
const ELEMENTS: usize = 256;

impl Body<'_, '_> {
    /// Writes `{a, .f = b}` to the parts of `to`.
    pub(super) fn fill(&mut self, to: Place, list: NodeId, ty: Option<&TypeRef>, depth: u32) {
        let tree = self.tree;
        if depth > DEPTH {
            return;
        }
        let resolved = ty.map(|ty| self.file.resolved(ty));
        let is_array = resolved.as_ref().is_some_and(|ty| ty.name == "[]");
        let fields: Vec<(Name, Option<TypeRef>)> = resolved
            .as_ref()
            .and_then(|ty| self.file.classes_by_name.get(&ty.name))
            .and_then(|class| self.file.unit.classes.get(class.index()))
            .map(|class| {
                let own = class.fields.iter().filter(|field| !field.is_static);
                own.map(|field| (field.name.clone(), field.ty.clone())).collect()
            })
            .unwrap_or_default();
        let items: Vec<NodeId> = tree.named_children(list).take(ELEMENTS).collect();
        let mut at = 0_usize;
        for item in items {
            let (name, value) = self.list_item(item);
            let Some(value) = value else { continue };
            if let Some(name) = &name
                && let Some(position) = fields.iter().position(|(field, _)| field == name)
            {
                at = position;
            }
            let (step, part_ty) = match (&name, fields.get(at)) {
                (Some(name), known) => (
                    Some(Projection::Field(name.clone())),
                    known.filter(|(field, _)| field == name).and_then(|(_, ty)| ty.clone()),
                ),
                (None, _) if is_array => {
                    let element = resolved.as_ref().and_then(|ty| ty.args.first().cloned());
                    let index = Operand::Const(Const::Int(at as i64));
                    (Some(Projection::Index(Box::new(index))), element)
                }
                (None, Some((field, ty))) => (Some(Projection::Field(field.clone())), ty.clone()),
                (None, None) => (None, None),
            };
            at += 1;
            let span = self.span(item);
            let Some(step) = step else {
                // A struct of another file: the value goes into it, nobody knows where.
                let value = self.expression(value);
                if let Operand::Local(_) = value {
                    self.current.build.push(Op::Use { value, kind: crate::ir::UseKind::Escape }, span);
                }
                continue;
            };
            let mut to = to.clone();
            to.path.push(step);
            let nests =
                tree.kind(value) == "initializer_list" && part_ty.as_ref().is_none_or(|ty| self.is_aggregate(ty));
            if nests {
                self.fill(to, value, part_ty.as_ref(), depth + 1);
                continue;
            }
            let value = self.value_for(value, part_ty.as_ref());
            // Numbers in a table say nothing.
            let says =
                !matches!(value, Operand::Const(Const::Int(_) | Const::Bool(_) | Const::Other)) || name.is_some();
            if says {
                self.current.build.push(Op::Store { to: Box::new(to), value }, span);
            }
        }
    }

    /// `: a(x), Base(y)` and the initial values of the other fields, as stores to `this`.
    pub(super) fn member_initializers(&mut self, list: Option<NodeId>) {
        let tree = self.tree;
        let Some(this) = self.this() else { return };
        let entries: Vec<NodeId> = list.into_iter().flat_map(|list| tree.named_children(list)).collect();
        let (own, bases) = self.class_names();
        for entry in entries.into_iter().filter(|&entry| tree.kind(entry) == "field_initializer") {
            let span = self.span(entry);
            let mut parts = tree.named_children(entry);
            let (Some(name_node), value) = (parts.next(), parts.next()) else { continue };
            drop(parts);
            let name = self.written_path(name_node);
            let name_span = self.span(name_node);
            let last = name.rsplit("::").next().unwrap_or(&name);
            if own.as_deref().is_some_and(|own| own == last) {
                let args = self.arguments(value);
                self.current.build.call(Callee::ThisConstructor(None), Vec::new(), args, name_span, span);
                continue;
            }
            // The bases of a class declared elsewhere are told by their capital.
            let looks_like_base = bases.is_empty() && own.is_some() && last.starts_with(char::is_uppercase);
            if bases.iter().any(|base| base == last) || looks_like_base || tree.kind(name_node) != "field_identifier" {
                let args = self.arguments(value);
                self.current.build.call(Callee::SuperConstructor(None), Vec::new(), args, name_span, span);
                continue;
            }
            let ty = self.member(&name);
            let values: Vec<NodeId> = value.into_iter().flat_map(|value| tree.named_children(value)).collect();
            let is_object = ty.as_ref().is_some_and(|ty| self.file.is_class_like(ty) && !self.is_enum(ty));
            let value = match (values.as_slice(), &ty) {
                ([only], _) if !is_object => self.value_for(*only, ty.as_ref()),
                ([], Some(ty)) if self.file.is_pointer(ty) => Operand::Const(Const::Null),
                (_, Some(ty)) if is_object => {
                    let ty = Self::referent(ty);
                    match values.as_slice() {
                        // `p(std::move(p))`, `p(make())`: the value itself.
                        [only] if matches!(tree.kind(*only), "call_expression" | "identifier") => {
                            self.expression(*only)
                        }
                        _ => self.construct(ty, value, entry),
                    }
                }
                ([only], _) => self.expression(*only),
                ([], _) => OTHER,
                _ => {
                    self.arguments(value);
                    OTHER
                }
            };
            let to = place(Base::Local(this), [Projection::Field(name)]);
            self.current.build.push(Op::Store { to: Box::new(to), value }, span);
        }
    }

    fn is_enum(&self, ty: &TypeRef) -> bool {
        self.file.enums.contains(&ty.name)
    }

    /// The simple names of the function's class and of its bases.
    fn class_names(&self) -> (Option<String>, Vec<String>) {
        let class = self
            .file
            .unit
            .functions
            .get(self.current.id.index())
            .and_then(|function| self.file.unit.classes.get(function.class?.index()));
        let Some(class) = class else { return (None, Vec::new()) };
        let last = |name: &str| name.rsplit("::").next().unwrap_or(name).to_owned();
        let bases = class.supertype.iter().chain(&class.implements);
        match class.kind {
            crate::ir::ClassKind::Extension => (class.supertype.as_ref().map(|ty| last(&ty.name)), Vec::new()),
            _ => (Some(last(&class.name)), bases.map(|base| last(&base.name)).collect()),
        }
    }
}
