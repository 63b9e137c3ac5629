//! Headers of functions and methods, prototypes, and what of them other files can see.

use super::types::{Declared, joined};
use super::{BodySource, FileLowering, Linkage};
use crate::ir::{
    Binding, ClassId, Const, DefaultValue, Export, Function, FunctionId, FunctionKind, Incomplete, Local, LocalId,
    LocalKind, Name, Param, TypeRef,
};
use crate::parse::NodeId;
use crate::parse::c::MarkerKind;
use crate::source::Span;

/// A function's name, taken apart.
struct Named {
    scope: Vec<Name>,
    name: Name,
    kind: FunctionKind,
    span: Span,
}

impl FileLowering<'_> {
    pub(super) fn function_definition(&mut self, node: NodeId) {
        let tree = self.tree;
        let ty = self.declared_type(node);
        let Some(declarator) = tree.child(node, "declarator") else { return };
        let declared = self.declarator(declarator, ty);
        let is_removed = tree.child_of_kind(node, "delete_method_clause").is_some();
        if declared.function.is_none() || is_removed {
            return;
        }
        // `= default` says no more than a prototype.
        let has_body = tree.child(node, "body").is_some();
        self.function(node, declared, has_body);
    }

    pub(super) fn prototype(&mut self, node: NodeId, declared: Declared) {
        self.function(node, declared, false);
    }

    fn function(&mut self, node: NodeId, declared: Declared, is_definition: bool) {
        let tree = self.tree;
        let (Some(name), Some(declarator)) = (declared.name, declared.function) else { return };
        let named = self.named(name);
        if named.name.is_empty() {
            return;
        }
        let (class, path) = self.owner_of(&named);
        let kind = match class.and_then(|class| self.unit.classes.get(class.index())) {
            Some(owner) if named.kind == FunctionKind::Function && last(&owner_name(owner)) == named.name => {
                FunctionKind::Constructor
            }
            _ => named.kind,
        };
        let mut function = self.new_function(kind, node, named.name.clone(), named.span);
        if kind == FunctionKind::Constructor {
            function.name = Name::default();
        }
        function.qualified = match kind {
            FunctionKind::Operator => joined(&path, &format!("operator {}", named.name)),
            FunctionKind::Destructor => {
                let class = path.last().map_or("", Name::as_str).to_owned();
                joined(&path, &format!("~{class}"))
            }
            _ => joined(&path, &named.name),
        };
        function.class = class;
        let words: Vec<&str> = tree
            .children(node)
            .filter(|&child| matches!(tree.kind(child), "storage_class_specifier" | "type_qualifier"))
            .map(|child| tree.text(child))
            .collect();
        let head_end = match is_definition.then(|| tree.child(node, "body")).flatten() {
            Some(body) => tree.span(body).start,
            None => function.span.end,
        };
        let markers: Vec<MarkerKind> = self.markers(function.span.start, head_end).cloned().collect();
        let is_allocator =
            kind == FunctionKind::Operator && matches!(named.name.as_str(), "new" | "new[]" | "delete" | "delete[]");
        function.is_static = class.is_none() || is_allocator || words.contains(&"static");
        function.is_local = self.scope.is_local
            || markers.contains(&MarkerKind::Local)
            || (class.is_none() && words.contains(&"static"));
        function.is_external = !is_definition;
        function.type_params = self.scope.type_params.clone();
        function.result = match kind {
            FunctionKind::Constructor | FunctionKind::Destructor => None,
            _ => declared.ty.map(super::types::unqualified),
        };
        function.annotations = self.annotations(node, head_end);
        if !function.is_static {
            self.add_this(&mut function, &path);
        }
        self.parameters(declarator, &mut function);
        if is_definition && (self.scope.in_error || tree.is_broken(node)) {
            function.incomplete = Some(Incomplete::SyntaxError);
        } else if is_definition && tree.height(node) > self.depth {
            function.incomplete = Some(Incomplete::TooDeep);
        }
        let linkage = Linkage {
            extern_c: self.scope.extern_c || markers.iter().any(|marker| matches!(marker, MarkerKind::ExternC(_))),
            is_marked: self.scope.is_marked || markers.iter().any(is_export),
        };
        if let Some(id) = self.add(function, linkage)
            && is_definition
            && self.unit.function(id).incomplete.is_none()
        {
            self.pending.push((id, BodySource::Function(node)));
        }
    }

    /// Adds a function, or joins it with what the file said of it before. Gives the id if it is new or now defined.
    fn add(&mut self, mut function: Function, linkage: Linkage) -> Option<FunctionId> {
        let key = self.key(&function);
        let Some(&known) = self.functions.get(&key) else {
            let (class, name) = (function.class, function.name.clone());
            let id = self.push_function(function);
            self.functions.insert(key, id);
            self.by_name.entry(name).and_modify(|known| *known = None).or_insert(Some(id));
            self.linkage.insert(id, linkage);
            if let Some(class) = class.and_then(|class| self.unit.classes.get_mut(class.index())) {
                class.members.push(id);
            }
            return Some(id);
        };
        let before = self.linkage.entry(known).or_default();
        before.extern_c |= linkage.extern_c;
        before.is_marked |= linkage.is_marked;
        let linkage = *before;
        let old = self.unit.functions.get_mut(known.index())?;
        if function.is_external {
            for annotation in function.annotations {
                if !old.annotations.contains(&annotation) {
                    old.annotations.push(annotation);
                }
            }
            return None;
        }
        if !old.is_external {
            // Two definitions: under conditions on the target both stand, else the first.
            if old.targets.and(function.targets).is_empty() {
                let class = function.class;
                let id = self.push_function(function);
                self.linkage.insert(id, linkage);
                if let Some(class) = class.and_then(|class| self.unit.classes.get_mut(class.index())) {
                    class.members.push(id);
                }
                return Some(id);
            }
            self.unit.opaque.push(function.span);
            return None;
        }
        for annotation in &old.annotations {
            if !function.annotations.contains(annotation) {
                function.annotations.push(annotation.clone());
            }
        }
        function.is_local |= old.is_local;
        if function.is_static != old.is_static && old.is_static {
            // `static` stands only in the class.
            function.is_static = true;
            remove_this(&mut function);
        }
        for (param, before) in function.params.iter_mut().zip(&old.params) {
            if param.default.is_none() {
                param.default.clone_from(&before.default);
                param.required = before.required;
            }
        }
        *old = function;
        Some(known)
    }

    /// Overloads differ by the types of their parameters; C has none.
    fn key(&self, function: &Function) -> Name {
        if !self.is_cpp {
            return function.qualified.clone();
        }
        let mut key = function.qualified.to_string();
        for param in &function.params {
            let ty = function.locals.get(param.local.index()).and_then(|local| local.ty.as_ref());
            key.push(',');
            key.push_str(&ty.map_or_else(String::new, ToString::to_string));
        }
        key.into()
    }

    fn add_this(&self, function: &mut Function, path: &[Name]) {
        let class = match path.split_last() {
            Some((last, before)) => joined(before, last),
            None => Name::default(),
        };
        function.locals.push(Local {
            name: Name::new("this"),
            kind: LocalKind::This,
            ty: Some(super::types::wrapped("*", TypeRef::named(&class))),
            is_final: true,
            span: Span::default(),
        });
    }

    /// The parameters of a function or lambda, by its declarator.
    pub(super) fn parameters(&mut self, declarator: NodeId, function: &mut Function) {
        let tree = self.tree;
        let Some(list) = tree.child(declarator, "parameters") else { return };
        if tree.height(list) > self.depth {
            return;
        }
        function.is_variadic = tree.has_token(list, "...") || tree.child_of_kind(list, "variadic_parameter").is_some();
        let nodes: Vec<NodeId> = tree.named_children(list).collect();
        let only = nodes.len() == 1;
        for node in nodes {
            let Some((name, ty)) = self.parameter(node) else { continue };
            if only && name.is_none() && ty.as_ref().is_some_and(|ty| ty.name == "void") {
                continue;
            }
            function.is_variadic |= tree.kind(node) == "variadic_parameter_declaration";
            let text: Name = name.map_or(Name::default(), |name| tree.text(name).into());
            let local = LocalId(function.locals.len() as u32);
            let span = tree.span(name.unwrap_or(node)).relative_to(function.base);
            let default = tree.child(node, "default_value").and_then(|value| self.constant(value));
            function.locals.push(Local { name: text.clone(), kind: LocalKind::Param, ty, is_final: false, span });
            function.params.push(Param {
                local,
                name: text,
                named: false,
                required: tree.kind(node) != "optional_parameter_declaration",
                initializes: None,
                default: default.map(DefaultValue::Const),
            });
        }
    }

    /// A constant where the text alone tells it.
    pub(super) fn constant(&self, node: NodeId) -> Option<Const> {
        let tree = self.tree;
        let text = tree.text(node);
        Some(match tree.kind(node) {
            "null" => Const::Null,
            "true" => Const::Bool(true),
            "false" => Const::Bool(false),
            "number_literal" => crate::parse::c::integer(text).map_or(Const::Other, Const::Int),
            "string_literal" => Const::Str(super::body::unquoted(text)),
            "char_literal" => super::body::character(text),
            "identifier" => self.constants.get(text)?.clone(),
            _ => return None,
        })
    }

    fn named(&self, node: NodeId) -> Named {
        let tree = self.tree;
        let path = self.path(node);
        let Some(last) = path.last else {
            return Named {
                scope: path.scope,
                name: Name::default(),
                kind: FunctionKind::Function,
                span: tree.span(node),
            };
        };
        let text = tree.text(last);
        let (name, kind): (Name, FunctionKind) = match tree.kind(last) {
            "destructor_name" => ("~".into(), FunctionKind::Destructor),
            "operator_name" => {
                let sign: String = text.trim_start_matches("operator").split_whitespace().collect();
                (sign.into(), FunctionKind::Operator)
            }
            "operator_cast" => {
                let ty = tree.child(last, "type").map_or("", |ty| tree.text(ty));
                (ty.into(), FunctionKind::Operator)
            }
            "template_function" | "template_method" => {
                let name = tree.child(last, "name").map_or(text, |name| tree.text(name));
                (name.into(), FunctionKind::Function)
            }
            _ => (text.into(), FunctionKind::Function),
        };
        Named { scope: path.scope, name, kind, span: tree.span(last) }
    }

    /// The class a function belongs to and the path before its name.
    fn owner_of(&mut self, named: &Named) -> (Option<ClassId>, Vec<Name>) {
        let mut path = self.scope.path.clone();
        if named.scope.is_empty() {
            return (self.scope.class, path);
        }
        path.extend(named.scope.iter().cloned());
        let (last, before) = match path.split_last() {
            Some((last, before)) => (last.clone(), before.to_vec()),
            None => return (None, path),
        };
        let full = joined(&before, &last);
        let written = joined(named.scope.split_last().map_or(&[], |(_, scope)| scope), &last);
        let known = self.classes_by_name.get(&full).or_else(|| self.classes_by_name.get(&written)).copied();
        if let Some(class) = known {
            // The class may stand in a namespace that a `using` opened.
            if let Some(owner) = self.unit.classes.get(class.index()) {
                path = owner_name(owner).split("::").map(Name::new).collect();
            }
            return (Some(class), path);
        }
        // A name in a namespace that starts small is one of a namespace's functions: `void ns::f() {}`.
        let is_type = last.starts_with(|c: char| c.is_uppercase() || c == '_') || named.kind != FunctionKind::Function;
        if !is_type && last != named.name {
            return (None, path);
        }
        (Some(self.extension(&full)), path)
    }
}

/// The path of a class, or of the class it adds to.
pub(super) fn owner_name(class: &crate::ir::Class) -> Name {
    match &class.supertype {
        Some(supertype) if class.kind == crate::ir::ClassKind::Extension => supertype.name.clone(),
        _ => class.name.clone(),
    }
}

fn last(path: &Name) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn remove_this(function: &mut Function) {
    if function.locals.first().is_some_and(|local| local.kind == LocalKind::This) {
        function.locals.remove(0);
        for param in &mut function.params {
            param.local.0 = param.local.0.saturating_sub(1);
        }
    }
}

pub(super) fn is_export(marker: &MarkerKind) -> bool {
    matches!(marker, MarkerKind::Export | MarkerKind::ExternC(true))
}

impl FileLowering<'_> {
    /// Bindings and exports, from what is known of each function at the end.
    pub(super) fn natives(&mut self) {
        for index in 0..self.unit.functions.len() {
            let id = FunctionId(index as u32);
            let Some(&linkage) = self.linkage.get(&id) else { continue };
            let Some(function) = self.unit.functions.get(index) else { continue };
            let is_c = !self.is_cpp || linkage.extern_c;
            if function.is_local || function.class.is_some() || function.kind != FunctionKind::Function {
                continue;
            }
            if function.is_external {
                if is_c {
                    let mut args = vec![function.result.clone().unwrap_or_else(|| TypeRef::named("int"))];
                    let types = function.params.iter().filter_map(|param| function.locals.get(param.local.index()));
                    args.extend(types.map(|local| local.ty.as_ref().cloned().unwrap_or_else(|| TypeRef::named("int"))));
                    self.unit.bindings.push(Binding {
                        function: id,
                        symbol: function.name.clone(),
                        library: None,
                        signature: Some(TypeRef::applied("Function", args)),
                        is_leaf: false,
                    });
                }
            } else if is_c || linkage.is_marked {
                self.unit.exports.push(Export {
                    function: id,
                    symbol: function.name.clone(),
                    targets: function.targets,
                    is_marked: linkage.is_marked || (self.is_cpp && linkage.extern_c),
                });
            }
        }
    }
}
