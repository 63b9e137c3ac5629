//! Types and declarators.

use super::FileLowering;
use crate::ir::{Name, TypeRef};
use crate::parse::NodeId;

/// What a declarator declares.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// The node of the name; abstract declarators have none.
    pub(super) name: Option<NodeId>,
    /// The type; for a function its result's.
    pub(super) ty: Option<TypeRef>,
    /// The `function_declarator` if it is a function.
    pub(super) function: Option<NodeId>,
}

/// A name with what is written before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    /// `a::b::`
    pub(super) scope: Vec<Name>,
    /// The last name's node.
    pub(super) last: Option<NodeId>,
}

impl FileLowering<'_> {
    /// The type of a declaration, parameter or field, its qualifiers included, without the declarator's part.
    pub(super) fn declared_type(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let ty = tree.child(node, "type")?;
        let ty = self.specifier(ty)?;
        let is_const = tree
            .children(node)
            .any(|child| tree.kind(child) == "type_qualifier" && matches!(tree.text(child), "const" | "constexpr"));
        Some(if is_const { wrapped("const", ty) } else { ty })
    }

    /// The type of a `type_descriptor`, as in a cast.
    pub(super) fn described_type(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        if tree.kind(node) != "type_descriptor" {
            return self.specifier(node).map(unqualified);
        }
        let ty = self.declared_type(node);
        match tree.child(node, "declarator") {
            Some(declarator) => self.declarator(declarator, ty).ty.map(unqualified),
            None => ty.map(unqualified),
        }
    }

    /// A type specifier; `None` for `auto` and what has no name.
    pub(super) fn specifier(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        if tree.height(node) > self.depth {
            return None;
        }
        match tree.kind(node) {
            "primitive_type" => Some(TypeRef::named(tree.text(node))),
            // What C23's `auto` was made.
            "type_identifier" if !self.is_cpp && tree.text(node) == "Auto" => None,
            "type_identifier" | "identifier" | "field_identifier" | "namespace_identifier" => {
                Some(TypeRef::named(tree.text(node)))
            }
            "sized_type_specifier" => Some(TypeRef::named(sized(tree.text(node)))),
            "template_type" | "template_function" => {
                let name = tree.child(node, "name").map_or("", |name| tree.text(name));
                let args = self.template_arguments(node);
                Some(TypeRef::applied(name, args))
            }
            "qualified_identifier" => {
                let path = self.path(node);
                let ty = path.last.and_then(|last| self.specifier(last))?;
                Some(ty.but(|ty| ty.name = joined(&path.scope, &ty.name)))
            }
            "struct_specifier" | "union_specifier" | "class_specifier" | "enum_specifier" => self.tagged(node),
            "dependent_type" => tree.named_children(node).next().and_then(|inner| self.specifier(inner)),
            "type_descriptor" => self.described_type(node),
            _ => None,
        }
    }

    /// The arguments of a template's instance; constants by their text.
    pub(super) fn template_arguments(&mut self, node: NodeId) -> Vec<TypeRef> {
        let tree = self.tree;
        let list = match tree.kind(node) {
            "template_argument_list" => Some(node),
            _ => tree.child(node, "arguments"),
        };
        let arguments: Vec<NodeId> = list.into_iter().flat_map(|list| tree.named_children(list)).collect();
        let of = |file: &mut Self, argument: NodeId| match tree.kind(argument) {
            "type_descriptor" => {
                file.described_with_const(argument).unwrap_or_else(|| TypeRef::named(tree.text(argument)))
            }
            _ => TypeRef::named(tree.text(argument)),
        };
        arguments.into_iter().map(|argument| of(self, argument)).collect()
    }

    fn described_with_const(&mut self, node: NodeId) -> Option<TypeRef> {
        let ty = self.declared_type(node);
        match self.tree.child(node, "declarator") {
            Some(declarator) => self.declarator(declarator, ty).ty,
            None => ty,
        }
    }

    /// Applies a declarator to a type: from the outside in.
    pub(super) fn declarator(&mut self, node: NodeId, mut ty: Option<TypeRef>) -> Declared {
        let tree = self.tree;
        let mut at = node;
        loop {
            let inner = tree.child(at, "declarator");
            match tree.kind(at) {
                "pointer_declarator" | "abstract_pointer_declarator" | "pointer_type_declarator" => {
                    let pointer = wrapped("*", ty.unwrap_or_else(|| TypeRef::named("auto")));
                    let is_const = tree
                        .children(at)
                        .any(|child| tree.kind(child) == "type_qualifier" && tree.text(child) == "const");
                    ty = Some(if is_const { wrapped("const", pointer) } else { pointer });
                }
                "reference_declarator" | "abstract_reference_declarator" => {
                    let sign = if tree.has_token(at, "&&") { "&&" } else { "&" };
                    ty = Some(wrapped(sign, ty.unwrap_or_else(|| TypeRef::named("auto"))));
                }
                "array_declarator" | "abstract_array_declarator" => {
                    let mut args = vec![ty.unwrap_or_else(|| TypeRef::named("auto"))];
                    args.extend(tree.child(at, "size").map(|size| TypeRef::named(tree.text(size))));
                    ty = Some(TypeRef::applied("[]", args));
                }
                "function_declarator" | "abstract_function_declarator" => {
                    if let Some(name) = inner.and_then(|inner| self.plain_name(inner)) {
                        let trailing = tree.child_of_kind(at, "trailing_return_type");
                        let trailing = trailing.and_then(|ty| tree.named_children(ty).next());
                        if let Some(result) = trailing.and_then(|ty| self.described_type(ty)) {
                            ty = Some(result);
                        }
                        return Declared { name: Some(name), ty, function: Some(at) };
                    }
                    ty = Some(self.function_type(at, ty));
                }
                "operator_cast" => {
                    let result = tree.child(at, "type").and_then(|ty| self.specifier(ty));
                    let outer = inner.map(|inner| self.declarator(inner, result));
                    let function = tree.descendants(at).find(|&node| tree.kind(node) == "abstract_function_declarator");
                    let ty = outer.and_then(|outer| outer.ty).map(|ty| match ty.name.as_str() {
                        "Function" => ty.args.first().cloned().unwrap_or_else(|| TypeRef::named("auto")),
                        _ => ty,
                    });
                    return Declared { name: Some(at), ty, function };
                }
                "init_declarator"
                | "parenthesized_declarator"
                | "abstract_parenthesized_declarator"
                | "attributed_declarator"
                | "variadic_declarator"
                | "bitfield_clause" => {}
                kind => {
                    let name = (kind != "structured_binding_declarator").then_some(at);
                    return Declared { name: name.filter(|_| is_name(kind)), ty, function: None };
                }
            }
            let next = inner.or_else(|| tree.named_children(at).find(|&child| is_declarator(tree.kind(child))));
            match next {
                Some(next) => at = next,
                None => return Declared { name: None, ty, function: None },
            }
        }
    }

    /// The name a declarator consists of, parentheses aside.
    fn plain_name(&self, node: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let mut at = node;
        loop {
            match tree.kind(at) {
                "parenthesized_declarator" | "attributed_declarator" => at = tree.named_children(at).next()?,
                kind => return is_name(kind).then_some(at),
            }
        }
    }

    /// `Function<result, params…>`
    pub(super) fn function_type(&mut self, declarator: NodeId, result: Option<TypeRef>) -> TypeRef {
        let tree = self.tree;
        let mut args = vec![result.map_or_else(|| TypeRef::named("auto"), unqualified)];
        let list = tree.child(declarator, "parameters");
        let params: Vec<NodeId> = list.into_iter().flat_map(|list| tree.named_children(list)).collect();
        if tree.height(declarator) <= self.depth {
            for param in params {
                if let Some((_, ty)) = self.parameter(param) {
                    args.push(ty.unwrap_or_else(|| TypeRef::named("auto")));
                }
            }
        }
        if let [_, only] = args.as_slice()
            && only.name == "void"
        {
            args.truncate(1);
        }
        TypeRef::applied("Function", args)
    }

    /// The name and type of a parameter; arrays and functions are passed as pointers.
    pub(super) fn parameter(&mut self, node: NodeId) -> Option<(Option<NodeId>, Option<TypeRef>)> {
        let tree = self.tree;
        if !matches!(
            tree.kind(node),
            "parameter_declaration" | "optional_parameter_declaration" | "variadic_parameter_declaration"
        ) {
            return None;
        }
        let ty = self.declared_type(node);
        let declared = match tree.child(node, "declarator") {
            Some(declarator) => self.declarator(declarator, ty),
            None => Declared { name: None, ty, function: None },
        };
        let ty = match declared.function {
            Some(function) => Some(wrapped("*", self.function_type(function, declared.ty))),
            None => declared.ty.map(|ty| match ty.name.as_str() {
                "[]" => wrapped("*", ty.args.first().cloned().unwrap_or_else(|| TypeRef::named("auto"))),
                "Function" => wrapped("*", ty),
                _ => unqualified(ty),
            }),
        };
        Some((declared.name, ty))
    }

    /// A name taken apart; template arguments in the scope are left out.
    pub(super) fn path(&self, node: NodeId) -> Path {
        let tree = self.tree;
        let mut path = Path::default();
        let mut at = node;
        while tree.kind(at) == "qualified_identifier" {
            if let Some(scope) = tree.child(at, "scope") {
                let name = tree.child(scope, "name").unwrap_or(scope);
                path.scope.push(tree.text(name).into());
            }
            match tree.fields(at, "name").find(|&name| tree.is_named(name)) {
                Some(name) => at = name,
                None => return path,
            }
        }
        if tree.kind(at) == "dependent_name" {
            at = tree.named_children(at).next().unwrap_or(at);
        }
        path.last = Some(at);
        path
    }

    /// Whether a value of that type is an object with a life of its own, as far as the file tells.
    pub(super) fn is_class_like(&self, ty: &TypeRef) -> bool {
        let ty = match ty.name.as_str() {
            "const" => match ty.args.first() {
                Some(inner) => inner,
                None => return false,
            },
            _ => ty,
        };
        let name = ty.name.as_str();
        if matches!(name, "*" | "&" | "&&" | "[]" | "Function" | "const" | "auto") || is_builtin(name) {
            return false;
        }
        if self.classes_by_name.contains_key(name) {
            return !self.enums.contains(name);
        }
        if let Some(target) = self.aliases.get(name) {
            return target.name != ty.name && self.is_class_like_target(target, 8);
        }
        let last = name.rsplit("::").next().unwrap_or(name);
        !(last.ends_with("_t")
            || self.enums.contains(name)
            || last.len() < 2
            || last.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'))
    }

    fn is_class_like_target(&self, ty: &TypeRef, left: u32) -> bool {
        match self.aliases.get(&ty.name) {
            Some(_) if left == 0 => false,
            Some(target) if target.name != ty.name => self.is_class_like_target(target, left - 1),
            _ => self.is_class_like(ty),
        }
    }

    /// A type with the file's own aliases and `const` looked through.
    pub(super) fn resolved(&self, ty: &TypeRef) -> TypeRef {
        let mut ty = ty.clone();
        for _ in 0..8 {
            if ty.name == "const" {
                ty = unqualified(ty);
                continue;
            }
            match self.aliases.get(&ty.name) {
                Some(target) => ty = target.clone(),
                None => break,
            }
        }
        ty
    }

    pub(super) fn is_pointer(&self, ty: &TypeRef) -> bool {
        matches!(self.resolved(ty).name.as_str(), "*" | "[]")
    }
}

/// `name<inner>`
pub(super) fn wrapped(name: &str, inner: TypeRef) -> TypeRef {
    TypeRef::applied(name, vec![inner])
}

/// Without `const` at the top.
pub(super) fn unqualified(mut ty: TypeRef) -> TypeRef {
    while let ("const", [inner]) = (ty.name.as_str(), ty.args.as_slice()) {
        ty = inner.clone();
    }
    ty
}

/// `a::b::name`
pub(super) fn joined(scope: &[Name], name: &str) -> Name {
    let mut path = String::new();
    for part in scope.iter().filter(|part| !part.is_empty()) {
        path.push_str(part);
        path.push_str("::");
    }
    path.push_str(name);
    path.into()
}

pub(super) fn is_name(kind: &str) -> bool {
    matches!(
        kind,
        "identifier"
            | "field_identifier"
            | "type_identifier"
            | "qualified_identifier"
            | "destructor_name"
            | "operator_name"
            | "operator_cast"
            | "template_function"
            | "template_method"
            | "primitive_type"
    )
}

fn is_declarator(kind: &str) -> bool {
    kind.ends_with("declarator") || is_name(kind)
}

/// Types that every C compiler knows.
pub(super) fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "void"
            | "char"
            | "short"
            | "int"
            | "long"
            | "float"
            | "double"
            | "bool"
            | "_Bool"
            | "size_t"
            | "auto"
            | "wchar_t"
            | "char8_t"
            | "char16_t"
            | "char32_t"
            | "va_list"
            | "ptrdiff_t"
            | "std::size_t"
            | "std::nullptr_t"
            | "nullptr_t"
    ) || name.starts_with("unsigned")
        || name.starts_with("signed")
        || name.starts_with("long ")
        || name.starts_with("short ")
}

/// The usual short form of `unsigned long int` and the like.
fn sized(text: &str) -> &'static str {
    let count = |word: &str| text.split_whitespace().filter(|&part| part == word).count();
    let unsigned = count("unsigned") > 0;
    match (count("long"), count("short"), count("char")) {
        (_, _, 1..) if unsigned => "unsigned char",
        (_, _, 1..) => "signed char",
        (_, 1.., _) if unsigned => "unsigned short",
        (_, 1.., _) => "short",
        (2.., _, _) if unsigned => "unsigned long long",
        (2.., _, _) => "long long",
        (1, _, _) if count("double") > 0 => "long double",
        (1, _, _) if unsigned => "unsigned long",
        (1, _, _) => "long",
        _ if unsigned => "unsigned int",
        _ => "int",
    }
}
