//! Classes, mixins, enums, extensions, extension types.

use rustc_hash::FxHashSet;

use super::functions::{Member, Owner};
use super::{BodySource, FileLowering};
use crate::ir::{Class, ClassId, ClassKind, FunctionId, FunctionKind, Initializes, Name, TypeRef, Variable};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// Lowers a class-like declaration with its members.
    pub(super) fn class(&mut self, node: NodeId, in_error: bool) {
        let tree = self.tree;
        let Some(class) = self.class_header(node) else { return };
        let id = ClassId(self.unit.classes.len() as u32);
        let owner = Owner {
            class: id,
            name: self.known_name(&class),
            this: self.this_type(&class),
            constructible: !matches!(class.kind, ClassKind::Extension | ClassKind::Mixin),
        };
        self.unit.classes.push(class);

        let mut members = Members::default();
        let representation = tree.child(node, "representation");
        if let Some(header) = representation.or_else(|| tree.child_of_kind(node, "primary_constructor")) {
            self.primary_constructor(node, header, &owner, in_error, &mut members);
        }
        if let Some(body) = tree.child(node, "body") {
            for (child, child_in_error) in self.outside_errors(body) {
                self.member(child, &owner, in_error || child_in_error, &mut members);
            }
        }
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.fields = members.fields;
            class.members = members.functions;
        }
        self.layout(node, id);
    }

    fn class_header(&self, node: NodeId) -> Option<Class> {
        let tree = self.tree;
        let kind = match tree.kind(node) {
            "mixin_declaration" => ClassKind::Mixin,
            "enum_declaration" => ClassKind::Enum,
            "extension_declaration" => ClassKind::Extension,
            "extension_type_declaration" => ClassKind::ExtensionType,
            _ => ClassKind::Class,
        };
        // `class C = S with M;` has a node of its own, an extension type's name too.
        let application = tree.child_of_kind(node, "mixin_application_class");
        let named = application.or_else(|| tree.child_of_kind(node, "extension_type_name"));
        let name = match named {
            Some(named) => tree.child_of_kind(named, "identifier"),
            None => tree.child(node, "name"),
        };
        if name.is_none() && kind != ClassKind::Extension {
            return None;
        }
        let type_params = tree.child_of_kind(named.unwrap_or(node), "type_parameters");
        let ancestry = application.and_then(|application| tree.child_of_kind(application, "mixin_application"));
        let ancestry = ancestry.unwrap_or(node);
        let superclass = tree.child_of_kind(ancestry, "superclass");
        let mixins = tree.child_of_kind(superclass.unwrap_or(ancestry), "mixins");
        let supertype = match kind {
            ClassKind::Extension => tree.child(node, "class"),
            ClassKind::ExtensionType => tree.child(node, "representation").and_then(|node| self.declared_type(node)),
            ClassKind::Class if application.is_some() => tree.child_of_kind(ancestry, "type"),
            _ => superclass.and_then(|superclass| tree.child(superclass, "type")),
        };
        let on = (kind == ClassKind::Mixin).then_some(node);
        let interfaces = tree.child_of_kind(ancestry, "interfaces");
        Some(Class {
            name: name.map_or(Name::default(), |name| self.name(name)),
            kind,
            type_params: type_params.map_or(Vec::new(), |params| self.type_params(params)),
            supertype: supertype.and_then(|ty| self.type_ref(ty)),
            implements: on.into_iter().chain(interfaces).flat_map(|list| self.type_args(list)).collect(),
            mixins: mixins.map_or(Vec::new(), |mixins| self.type_args(mixins)),
            is_abstract: ["abstract", "sealed", "interface"].iter().any(|&word| tree.has_token(node, word)),
            fields: Vec::new(),
            members: Vec::new(),
            span: tree.span(node),
            name_span: name.map_or_else(|| self.first_token(node), |name| tree.span(name)),
        })
    }

    /// The type of a representation: its own, or that of its only parameter.
    fn declared_type(&self, representation: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let inner = || {
            let list = tree.child_of_kind(representation, "optional_formal_parameters")?;
            tree.child_of_kind(list, "formal_parameter").and_then(|param| tree.child_of_kind(param, "type"))
        };
        tree.child_of_kind(representation, "type").or_else(inner)
    }

    pub(super) fn known_name(&self, class: &Class) -> Name {
        match &class.supertype {
            Some(on) if class.name.is_empty() => on.name.clone(),
            _ => class.name.clone(),
        }
    }

    pub(super) fn this_type(&self, class: &Class) -> TypeRef {
        match (&class.kind, &class.supertype) {
            (ClassKind::Extension, Some(on)) => on.clone(),
            _ => {
                let args = class.type_params.iter().map(TypeRef::named).collect();
                TypeRef::applied(&class.name, args)
            }
        }
    }

    fn member(&mut self, node: NodeId, owner: &Owner, in_error: bool, members: &mut Members) {
        let tree = self.tree;
        match tree.kind(node) {
            "enum_entry" => {
                let Some(name) = tree.child(node, "name") else { return };
                members.fields.push(Variable {
                    name: self.name(name),
                    ty: Some(owner.this.clone()),
                    is_static: true,
                    is_final: true,
                    is_late: false,
                    is_const: true,
                    initializer: None,
                    annotations: self.annotations(node),
                    span: tree.span(name),
                });
            }
            "member_declaration" => {
                let method = tree.child_of_kind(node, "method_declaration");
                let whole = method.unwrap_or(node);
                let holder = match method {
                    Some(method) => tree.child(method, "signature"),
                    None => tree.child_of_kind(node, "declaration"),
                };
                let Some(holder) = holder else { return };
                let member = Member { node: whole, holder, owner: Some(owner), in_error };
                // The rest of a primary constructor, which stands already.
                if tree.child_of_kind(holder, "primary_constructor_body_signature").is_some() {
                    return;
                }
                match self.function(member) {
                    Some(function) => members.functions.push(function),
                    None => members.fields.extend(self.variables(member)),
                }
            }
            _ => {}
        }
    }

    /// `class C(final int x);`, `extension type E(int x)`: a constructor whose declaring parameters are fields.
    fn primary_constructor(
        &mut self,
        class: NodeId,
        header: NodeId,
        owner: &Owner,
        in_error: bool,
        members: &mut Members,
    ) {
        let tree = self.tree;
        let is_representation = tree.kind(header) == "extension_type_representation";
        let class_name = tree.child(class, "name");
        let mut function = self.new_function(FunctionKind::Constructor, header, class_name);
        // It begins at the class's name, which is also its own when it has no other.
        function.base = function.name_span.start;
        function.span.start = function.base;
        let own_name = match is_representation {
            true => class_name.and_then(|name| {
                let mut parts = tree.named_children(name).filter(|&part| tree.kind(part) == "identifier");
                parts.nth(1)
            }),
            false => tree.child(header, "name").filter(|&name| tree.text(name) != "new"),
        };
        function.name = own_name.map_or(Name::default(), |name| self.name(name));
        if let Some(name) = own_name {
            function.name_span = tree.span(name);
        }
        self.join(&mut function, Some(owner));

        match tree.child_of_kind(header, "formal_parameter_list") {
            Some(list) => self.parameters(list, &mut function),
            None => match tree.child_of_kind(header, "optional_formal_parameters") {
                Some(list) => self.optional_parameters(list, &mut function),
                None => self.representation(header, &mut function),
            },
        }
        let declaring = self.declaring(header);
        let mut params = std::mem::take(&mut function.params);
        for param in &mut params {
            let Some(local) = function.locals.get(param.local.index()) else { continue };
            let name_span = local.span.absolute_from(function.base);
            let declares = is_representation || declaring.contains(&name_span.start);
            if param.initializes.is_some() || !declares {
                continue;
            }
            param.initializes = Some(Initializes::Field);
            members.fields.push(Variable {
                name: local.name.clone(),
                ty: local.ty.as_ref().cloned(),
                is_static: false,
                is_final: is_representation || local.is_final,
                is_late: false,
                is_const: false,
                initializer: None,
                annotations: Vec::new(),
                span: name_span,
            });
        }
        function.params = params;
        let (body, initializers) = self.primary_constructor_body(class);
        let source = BodySource::Function { body, initializers, redirect: None };
        members.functions.push(self.add(function, header, in_error, Some(source)));
    }

    /// `(Pointer<T> p)`: one parameter without the node of a parameter.
    fn representation(&self, header: NodeId, function: &mut crate::ir::Function) {
        let tree = self.tree;
        let Some(name) = tree.child(header, "name") else { return };
        let local = crate::ir::LocalId(function.locals.len() as u32);
        let span = self.span_in(name, function.base);
        function.locals.push(crate::ir::Local {
            name: self.name(name),
            kind: crate::ir::LocalKind::Param,
            ty: tree.child_of_kind(header, "type").and_then(|ty| self.type_ref(ty)),
            is_final: true,
            span,
        });
        function.params.push(crate::ir::Param {
            local,
            name: self.name(name),
            named: false,
            required: true,
            initializes: None,
            default: None,
        });
    }

    /// Where the names of those parameters of a primary constructor begin that `final` or `var` makes fields.
    fn declaring(&self, header: NodeId) -> FxHashSet<u32> {
        let tree = self.tree;
        let params = tree.descendants(header).filter(|&node| tree.kind(node) == "formal_parameter");
        let declaring = params.filter(|&param| tree.has_token(param, "final") || tree.has_token(param, "var"));
        declaring.filter_map(|param| tree.child(param, "name")).map(|name| tree.span(name).start).collect()
    }

    /// `this : x = 1 { … }` among the members.
    fn primary_constructor_body(&self, class: NodeId) -> (Option<NodeId>, Option<NodeId>) {
        let tree = self.tree;
        let members = tree.child(class, "body").into_iter().flat_map(|body| tree.named_children(body));
        for member in members {
            let method = tree.child_of_kind(member, "method_declaration");
            let holder = match method {
                Some(method) => tree.child(method, "signature"),
                None => tree.child_of_kind(member, "declaration"),
            };
            let Some(signature) =
                holder.and_then(|node| tree.child_of_kind(node, "primary_constructor_body_signature"))
            else {
                continue;
            };
            return (method.and_then(|method| self.body_of(method)), tree.child_of_kind(signature, "initializers"));
        }
        (None, None)
    }
}

#[derive(Default)]
struct Members {
    fields: Vec<Variable>,
    functions: Vec<FunctionId>,
}
