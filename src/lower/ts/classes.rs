//! Classes and interfaces.

use rustc_hash::FxHashSet;

use super::functions::Owner;
use super::{BodySource, FileLowering};
use crate::ir::{
    Annotation, Class, ClassId, ClassKind, FunctionId, FunctionKind, Initializes, Name, TypeRef, Variable,
};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// Lowers a class or interface with its members.
    pub(super) fn class(&mut self, node: NodeId, in_error: bool) {
        let tree = self.tree;
        let Some(name) = tree.child(node, "name") else { return };
        let class = self.class_header(node, name);
        let id = ClassId(self.unit.classes.len() as u32);
        let args = class.type_params.iter().map(TypeRef::named).collect();
        let this = TypeRef::applied(&class.name, args);
        let owner = Owner { class: id, name: class.name.clone(), this, is_namespace: false };
        self.unit.classes.push(class);
        let (mut fields, mut members) = (Vec::new(), Vec::new());
        let body = tree.child(node, "body").map_or(Vec::new(), |body| self.outside_errors(body));
        // Of overloads the one with a body counts.
        let written = body.iter().filter(|(child, _)| tree.kind(*child) == "method_definition");
        let written: FxHashSet<&str> =
            written.filter_map(|(child, _)| tree.child(*child, "name")).map(|name| tree.text(name)).collect();
        for (child, child_in_error) in body {
            let is_signature = tree.kind(child) == "method_signature";
            if is_signature && tree.child(child, "name").is_some_and(|name| written.contains(tree.text(name))) {
                continue;
            }
            self.member(child, &owner, in_error || child_in_error, &mut fields, &mut members);
        }
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.fields = fields;
            class.members = members;
        }
    }

    fn class_header(&self, node: NodeId, name: NodeId) -> Class {
        let tree = self.tree;
        let heritage = tree.child_of_kind(node, "class_heritage");
        let extends = heritage.and_then(|heritage| tree.child_of_kind(heritage, "extends_clause"));
        let implements = heritage.and_then(|heritage| tree.child_of_kind(heritage, "implements_clause"));
        let interfaces = tree.child_of_kind(node, "extends_type_clause");
        let supertype = extends.and_then(|extends| {
            let value = tree.child(extends, "value").filter(|&value| tree.kind(value) == "identifier")?;
            let args = tree.child(extends, "type_arguments").map_or(Vec::new(), |args| self.type_args(args));
            Some(TypeRef::applied(tree.text(value), args))
        });
        let listed = implements.into_iter().chain(interfaces).flat_map(|list| tree.named_children(list));
        let is_interface = tree.kind(node) == "interface_declaration";
        Class {
            name: self.name(name),
            kind: ClassKind::Class,
            type_params: self.type_params(node),
            supertype,
            implements: listed.filter_map(|ty| self.type_ref(ty)).collect(),
            mixins: Vec::new(),
            is_abstract: is_interface || tree.kind(node) == "abstract_class_declaration",
            fields: Vec::new(),
            members: Vec::new(),
            span: tree.span(node),
            name_span: tree.span(name),
        }
    }

    fn member(
        &mut self,
        node: NodeId,
        owner: &Owner,
        in_error: bool,
        fields: &mut Vec<Variable>,
        members: &mut Vec<FunctionId>,
    ) {
        let tree = self.tree;
        match tree.kind(node) {
            "method_definition" | "method_signature" | "abstract_method_signature" => {
                if let Some(id) = self.function(node, Some(owner), in_error) {
                    fields.extend(self.parameter_properties(id));
                    members.push(id);
                }
            }
            "public_field_definition" | "property_signature" => {
                let Some(name) = tree.child(node, "name") else { return };
                let variable = Variable {
                    name: self.property_name(name),
                    ty: self.annotated(node, "type"),
                    is_static: tree.has_token(node, "static"),
                    is_final: tree.has_token(node, "readonly"),
                    is_late: false,
                    is_const: false,
                    initializer: None,
                    annotations: self.decorators(node),
                    span: tree.span(name),
                };
                let initializer = tree.child(node, "value").map(|value| {
                    let mut function = self.new_function(FunctionKind::Initializer, node, Some(name));
                    function.is_static = variable.is_static;
                    function.result.clone_from(&variable.ty);
                    self.join(&mut function, Some(owner));
                    self.add(function, node, in_error, Some(BodySource::Expression(value)), &[])
                });
                fields.push(Variable { initializer, ..variable });
            }
            "class_static_block" => {
                let mut function = self.new_function(FunctionKind::Function, node, None);
                function.is_static = true;
                self.join(&mut function, Some(owner));
                let body = tree.child(node, "body").map(BodySource::Body);
                members.push(self.add(function, node, in_error, body, &[]));
            }
            _ => {}
        }
    }

    /// The names of the decorators before a field.
    fn decorators(&self, node: NodeId) -> Vec<Annotation> {
        let tree = self.tree;
        let decorators = tree.named_children(node).filter(|&part| tree.kind(part) == "decorator");
        let named = decorators.filter_map(|decorator| {
            let written = tree.named_children(decorator).next()?;
            let name = Name::new(tree.text(tree.child(written, "function").unwrap_or(written)));
            Some(Annotation { name, type_args: Vec::new(), args: Vec::new() })
        });
        named.collect()
    }

    /// `constructor(private x: T)`: parameters that are fields.
    fn parameter_properties(&self, id: FunctionId) -> Vec<Variable> {
        let function = self.unit.function(id);
        let fields = function.params.iter().filter(|param| param.initializes == Some(Initializes::Field));
        fields
            .filter_map(|param| {
                let local = function.locals.get(param.local.index())?;
                Some(Variable {
                    name: param.name.clone(),
                    ty: local.ty.clone(),
                    is_static: false,
                    is_final: false,
                    is_late: false,
                    is_const: false,
                    initializer: None,
                    annotations: Vec::new(),
                    span: local.span.absolute_from(function.base),
                })
            })
            .collect()
    }
}
