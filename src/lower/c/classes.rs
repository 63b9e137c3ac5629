//! Structs, unions, classes and enums.

use super::types::{joined, unqualified, wrapped};
use super::{BodySource, FileLowering, Scope};
use crate::ir::{Class, ClassId, ClassKind, Const, FunctionKind, Name, StructLayout, TypeRef, Variable};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// A struct, union, class or enum where a type stands: declares it if it has a body, and names it.
    pub(super) fn tagged(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let name = tree.child(node, "name");
        if let Some(known) = self.tags.get(&node)
            && self.classes_by_name.contains_key(known)
        {
            return Some(TypeRef::named(known));
        }
        let written = match name {
            Some(name) => self.specifier(name)?.name.clone(),
            None => match self.tags.get(&node) {
                Some(name) => name.clone(),
                None => format!("anonymous@{}", tree.span(node).start).into(),
            },
        };
        if let Some(body) = tree.child(node, "body")
            && tree.depth(node) <= self.depth
        {
            let full = self.qualified(&written);
            self.tags.insert(node, full.clone());
            match tree.kind(node) {
                "enum_specifier" => self.enumeration(node, body, full),
                _ => self.class(node, body, full),
            }
        } else if tree.kind(node) == "enum_specifier" {
            self.enums.insert(written.clone());
        }
        Some(TypeRef::named(&written))
    }

    fn new_class(&mut self, kind: ClassKind, name: Name, node: NodeId) -> ClassId {
        let tree = self.tree;
        let id = ClassId(self.unit.classes.len() as u32);
        let name_node = tree.child(node, "name").unwrap_or(node);
        self.unit.classes.push(Class {
            name: name.clone(),
            kind,
            type_params: self.scope.type_params.clone(),
            supertype: None,
            implements: Vec::new(),
            mixins: Vec::new(),
            is_abstract: false,
            fields: Vec::new(),
            members: Vec::new(),
            span: tree.span(node),
            name_span: tree.span(name_node),
        });
        // Inside its namespaces it is known by the last part alone, too.
        if let Some((_, last)) = name.rsplit_once("::") {
            self.classes_by_name.entry(last.into()).or_insert(id);
        }
        self.classes_by_name.entry(name).or_insert(id);
        id
    }

    fn class(&mut self, node: NodeId, body: NodeId, name: Name) {
        let tree = self.tree;
        let id = self.new_class(ClassKind::Class, name.clone(), node);
        let bases = tree.child_of_kind(node, "base_class_clause");
        let bases: Vec<NodeId> = bases.into_iter().flat_map(|clause| tree.named_children(clause)).collect();
        let bases: Vec<TypeRef> = bases.into_iter().filter_map(|base| self.specifier(base)).collect();
        let is_plain = bases.is_empty() && tree.kind(node) != "class_specifier";
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            let mut bases = bases.into_iter();
            class.supertype = bases.next();
            class.implements = bases.collect();
        }
        let change = |scope: &mut Scope| {
            scope.path = name.split("::").map(Name::new).collect();
            scope.class = Some(id);
            scope.extern_c = false;
        };
        self.within(change, |file| file.declarations(body));
        let is_virtual = self.says(body, "virtual");
        let is_pure = self.says(body, "pure_virtual_clause") || self.zero_methods(body);
        let Some(class) = self.unit.classes.get_mut(id.index()) else { return };
        class.is_abstract = is_pure;
        let fields: Vec<(Name, TypeRef)> = class
            .fields
            .iter()
            .filter(|field| !field.is_static)
            .map(|field| (field.name.clone(), field.ty.clone().unwrap_or_else(|| TypeRef::named("auto"))))
            .collect();
        if is_plain && !is_virtual && !fields.is_empty() {
            let span = tree.span(node);
            let pack = self.prepared.packs.iter().take_while(|(from, _)| *from <= span.start).last();
            self.unit.layouts.push(StructLayout {
                class: id,
                is_union: tree.kind(node) == "union_specifier",
                packed: pack.and_then(|(_, size)| *size),
                fields,
                is_partial: self.is_partial(node),
            });
        }
    }

    /// Whether more than the fields in their order says how a struct is laid out.
    fn is_partial(&self, node: NodeId) -> bool {
        let span = self.tree.span(node);
        let written = self.text.get(span.start as usize..).unwrap_or_default();
        let (inside, after) = written.split_at_checked((span.end - span.start) as usize).unwrap_or((written, ""));
        let after = after.split(';').next().unwrap_or_default();
        let says = |word: &str| inside.contains(word) || after.contains(word);
        ["#", "__attribute__", "alignas", "_Alignas", "__declspec", "packed", "PACKED"].into_iter().any(says)
            || inside.get(1..).is_some_and(|inside| inside.contains("union"))
            || self.tree.descendants(node).any(|part| self.tree.kind(part) == "bitfield_clause")
    }

    /// Whether a member of the class has such a word or clause.
    fn says(&self, body: NodeId, kind: &str) -> bool {
        let tree = self.tree;
        tree.named_children(body).any(|member| tree.child_of_kind(member, kind).is_some())
    }

    /// `virtual void f() = 0;` is a field declaration with a default value.
    fn zero_methods(&self, body: NodeId) -> bool {
        let tree = self.tree;
        tree.named_children(body).any(|member| {
            tree.child_of_kind(member, "virtual").is_some()
                && tree.child(member, "default_value").is_some_and(|value| tree.text(value) == "0")
        })
    }

    fn enumeration(&mut self, node: NodeId, body: NodeId, name: Name) {
        let tree = self.tree;
        let id = self.new_class(ClassKind::Enum, name.clone(), node);
        self.enums.insert(name.clone());
        if let Some((_, last)) = name.rsplit_once("::") {
            self.enums.insert(last.into());
        }
        let is_scoped = tree.has_token(node, "class") || tree.has_token(node, "struct");
        let mut next = Some(0_i64);
        let enumerators: Vec<NodeId> = tree.descendants(body).filter(|&part| tree.kind(part) == "enumerator").collect();
        for enumerator in enumerators {
            let Some(name_node) = tree.child(enumerator, "name") else { continue };
            if let Some(value) = tree.child(enumerator, "value") {
                next = self.number(value);
            }
            let own: Name = tree.text(name_node).into();
            let value = next.map_or(Const::Other, Const::Int);
            if is_scoped {
                self.constants.insert(joined(std::slice::from_ref(&name), &own), value.clone());
                if let Some((_, last)) = name.rsplit_once("::") {
                    self.constants.insert(joined(&[last.into()], &own), value);
                }
            } else {
                self.constants.insert(own.clone(), value);
            }
            next = next.and_then(|value| value.checked_add(1));
            let field = self.field(own, Some(TypeRef::named(&name)), name_node);
            if let Some(class) = self.unit.classes.get_mut(id.index()) {
                class.fields.push(Variable { is_static: true, is_final: true, is_const: true, ..field });
            }
        }
    }

    /// The value of a plain constant expression.
    fn number(&self, node: NodeId) -> Option<i64> {
        let tree = self.tree;
        match tree.kind(node) {
            "unary_expression" if tree.text(node).starts_with('-') => {
                let argument = tree.child(node, "argument")?;
                match self.constant(argument)? {
                    Const::Int(value) => value.checked_neg(),
                    _ => None,
                }
            }
            "binary_expression" if tree.has_token(node, "<<") => {
                let part = |field| match self.constant(tree.child(node, field)?)? {
                    Const::Int(value) => Some(value),
                    _ => None,
                };
                part("left")?.checked_shl(u32::try_from(part("right")?).ok()?)
            }
            _ => match self.constant(node)? {
                Const::Int(value) => Some(value),
                _ => None,
            },
        }
    }

    fn field(&self, name: Name, ty: Option<TypeRef>, node: NodeId) -> Variable {
        Variable {
            name,
            ty,
            is_static: false,
            is_final: false,
            is_late: false,
            is_const: false,
            initializer: None,
            annotations: Vec::new(),
            span: self.tree.span(node),
        }
    }

    /// Fields and prototypes of methods.
    pub(super) fn field_declaration(&mut self, node: NodeId) {
        let tree = self.tree;
        let ty = self.declared_type(node);
        let declarators: Vec<NodeId> =
            tree.fields(node, "declarator").filter(|&declarator| tree.is_named(declarator)).collect();
        let Some(class) = self.scope.class else { return };
        let word = |word: &str| tree.children(node).any(|child| tree.text(child) == word && tree.height(child) <= 1);
        let is_static = word("static");
        if declarators.is_empty() {
            self.unnamed_field(node, ty, class);
            return;
        }
        let values: Vec<NodeId> = tree.fields(node, "default_value").filter(|&value| tree.is_named(value)).collect();
        for declarator in declarators {
            let declared = self.declarator(declarator, ty.clone());
            if declared.function.is_some() {
                self.prototype(node, declared);
                continue;
            }
            let (Some(name), ty) = (declared.name, declared.ty) else { continue };
            let end = tree.span(declarator).end;
            let value = values.iter().copied().find(|&value| tree.span(value).start >= end);
            let initializer = value.filter(|_| !is_static).map(|value| self.initializer(name, value, ty.as_ref()));
            let mut field = self.field(tree.text(name).into(), ty.clone().map(unqualified), name);
            field.is_static = is_static;
            field.is_const = word("constexpr");
            field.is_final = ty.is_some_and(|ty| ty.name == "const");
            field.initializer = initializer;
            if let Some(class) = self.unit.classes.get_mut(class.index()) {
                class.fields.push(field);
            }
        }
    }

    /// `union { int a; float b; };`: the members are the outer struct's.
    fn unnamed_field(&mut self, node: NodeId, ty: Option<TypeRef>, class: ClassId) {
        let tree = self.tree;
        let Some(ty) = ty else { return };
        let specifier = tree.child(node, "type");
        if specifier.is_none_or(|specifier| {
            tree.child(specifier, "name").is_some()
                || !matches!(tree.kind(specifier), "struct_specifier" | "union_specifier" | "class_specifier")
        }) {
            return;
        }
        let full = self.qualified(&ty.name);
        let inner = self.classes_by_name.get(&full).and_then(|inner| self.unit.classes.get(inner.index()));
        let fields = inner.map(|inner| inner.fields.clone()).unwrap_or_default();
        if let Some(class) = self.unit.classes.get_mut(class.index()) {
            class.fields.extend(fields);
        }
    }

    /// A function that computes and returns the initial value.
    pub(super) fn initializer(&mut self, name: NodeId, value: NodeId, ty: Option<&TypeRef>) -> crate::ir::FunctionId {
        let tree = self.tree;
        let text: Name = tree.text(name).into();
        let mut function = self.new_function(FunctionKind::Initializer, value, text.clone(), tree.span(name));
        function.qualified = self.qualified(&text);
        function.class = self.scope.class;
        function.is_static = self.scope.class.is_none();
        function.result = ty.cloned().map(unqualified);
        if let Some(class) = self.scope.class.and_then(|class| self.unit.classes.get(class.index())) {
            let this = wrapped("*", TypeRef::named(&class.name));
            function.locals.push(crate::ir::Local {
                name: Name::new("this"),
                kind: crate::ir::LocalKind::This,
                ty: Some(this),
                is_final: true,
                span: crate::source::Span::default(),
            });
        }
        if self.scope.in_error || tree.is_broken(value) {
            function.incomplete = Some(crate::ir::Incomplete::SyntaxError);
        } else if tree.height(value) > self.depth {
            function.incomplete = Some(crate::ir::Incomplete::TooDeep);
        }
        let whole = function.incomplete.is_none();
        let id = self.push_function(function);
        if whole {
            self.pending.push((id, BodySource::Expression(value)));
        }
        id
    }

    /// The addition to a class that is declared elsewhere.
    pub(super) fn extension(&mut self, name: &Name) -> ClassId {
        if let Some(&known) = self.extensions.get(name) {
            return known;
        }
        let id = ClassId(self.unit.classes.len() as u32);
        self.unit.classes.push(Class {
            name: Name::default(),
            kind: ClassKind::Extension,
            type_params: Vec::new(),
            supertype: Some(TypeRef::named(name)),
            implements: Vec::new(),
            mixins: Vec::new(),
            is_abstract: false,
            fields: Vec::new(),
            members: Vec::new(),
            span: crate::source::Span::new(0, 0),
            name_span: crate::source::Span::new(0, 0),
        });
        self.extensions.insert(name.clone(), id);
        id
    }
}
