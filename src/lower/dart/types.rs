//! Types as written.

use super::FileLowering;
use crate::ir::{Name, Spelling, TypeRef};
use crate::parse::NodeId;

/// Steps down into a type after which the rest counts as `dynamic`: nesting in the input must not decide the stack.
const DEPTH: u32 = 32;

impl FileLowering<'_> {
    /// The type of a `type`, `void_type`, `function_type` or `record_type`.
    pub(crate) fn type_ref(&self, node: NodeId) -> Option<TypeRef> {
        self.type_at(node, 0)
    }

    /// The types of a `type_arguments`.
    pub(crate) fn type_args(&self, node: NodeId) -> Vec<TypeRef> {
        self.args_at(node, 0)
    }

    /// The names of a `type_parameters`.
    pub(crate) fn type_params(&self, node: NodeId) -> Vec<Name> {
        let tree = self.tree;
        let params = tree.named_children(node).filter(|&param| tree.kind(param) == "type_parameter");
        params.filter_map(|param| tree.child(param, "name")).map(|name| self.name(name)).collect()
    }

    /// The type that a function-typed parameter's own parameter list makes: `int f(int x)`, an old `typedef`.
    pub(super) fn type_of_parameters(&self, result: Option<TypeRef>, list: NodeId) -> TypeRef {
        self.parameters_type_at(result, list, 0)
    }

    fn type_at(&self, node: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        if depth > DEPTH {
            return None;
        }
        match tree.kind(node) {
            "void_type" => Some(TypeRef::named("void")),
            "function_type" => self.function_type(node, depth + 1),
            "record_type" => {
                let fields = tree.named_children(node).filter_map(|field| {
                    // What stands behind a positional field's type is no name of it.
                    let named = tree.child_of_kind(field, "typed_identifier");
                    let name = named.and_then(|named| tree.child(named, "name"));
                    let label = name.map(|name| tree.text(name).into());
                    let ty = tree.child(named.unwrap_or(field), "type")?;
                    Some(self.type_or_dynamic(Some(ty), depth + 1).but(|ty| ty.label = label))
                });
                Some(TypeRef::applied("Record", fields.collect()))
            }
            _ => self.named_type(node, depth),
        }
    }

    fn named_type(&self, node: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        let mut ty: Option<Spelling> = None;
        for child in tree.children(node) {
            match tree.kind(child) {
                "type_identifier" | "identifier" => {
                    let prefix = ty.map(|before| before.name);
                    ty = Some(Spelling { prefix, ..Spelling::named(tree.text(child)) });
                }
                "function_type" | "record_type" | "void_type" => {
                    ty = self.type_at(child, depth + 1).map(|ty| Spelling::clone(&ty));
                }
                "Function" => ty = Some(Spelling::named("Function")),
                "type_arguments" => {
                    if let Some(ty) = &mut ty {
                        ty.args = self.args_at(child, depth + 1);
                    }
                }
                "?" => {
                    if let Some(ty) = &mut ty {
                        ty.nullable = true;
                    }
                }
                _ => {}
            }
        }
        ty.map(TypeRef::from)
    }

    /// `R Function(A)? Function(B)`: each tail takes what stands before it as its result.
    fn function_type(&self, node: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        let mut ty: Option<TypeRef> = None;
        let mut tails = 0;
        for child in tree.children(node) {
            match tree.kind(child) {
                "type" => ty = self.type_at(child, depth),
                "parameter_type_list" if depth + tails <= DEPTH => {
                    tails += 1;
                    let result = ty.take().unwrap_or_else(|| TypeRef::named("dynamic"));
                    let params = tree.named_children(child).flat_map(|param| self.parameter_types(param, depth));
                    let args = std::iter::once(result).chain(params).collect();
                    ty = Some(TypeRef::applied("Function", args));
                }
                "?" => ty = ty.map(|ty| ty.but(|ty| ty.nullable = true)),
                _ => {}
            }
        }
        ty
    }

    fn parameter_types(&self, param: NodeId, depth: u32) -> Vec<TypeRef> {
        let tree = self.tree;
        let one = |param| {
            let holder = tree.child_of_kind(param, "typed_identifier").unwrap_or(param);
            self.type_or_dynamic(tree.child_of_kind(holder, "type"), depth + 1)
        };
        match tree.kind(param) {
            "normal_parameter_type" => vec![one(param)],
            "optional_parameter_types" => {
                let positional = tree.child_of_kind(param, "optional_positional_parameter_types");
                positional.map_or(Vec::new(), |list| {
                    let params = tree.named_children(list);
                    params.filter(|&param| tree.kind(param) == "normal_parameter_type").map(one).collect()
                })
            }
            _ => Vec::new(),
        }
    }

    fn parameters_type_at(&self, result: Option<TypeRef>, list: NodeId, depth: u32) -> TypeRef {
        let tree = self.tree;
        let mut args = vec![result.unwrap_or_else(|| TypeRef::named("dynamic"))];
        let mut add = |param: NodeId| {
            args.push(self.formal_type_at(param, depth + 1).unwrap_or_else(|| TypeRef::named("dynamic")));
        };
        for child in tree.named_children(list) {
            match tree.kind(child) {
                "formal_parameter" => add(child),
                "optional_formal_parameters" if tree.has_token(child, "[") => tree
                    .named_children(child)
                    .filter(|&param| tree.kind(param) == "formal_parameter")
                    .for_each(&mut add),
                _ => {}
            }
        }
        TypeRef::applied("Function", args)
    }

    /// The declared type of a `formal_parameter` (or of the `field_formal_parameter` in it).
    pub(super) fn formal_type(&self, param: NodeId) -> Option<TypeRef> {
        self.formal_type_at(param, 0)
    }

    fn formal_type_at(&self, param: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        if depth > DEPTH {
            return None;
        }
        let declared = tree.child_of_kind(param, "type").and_then(|ty| self.type_at(ty, depth));
        match tree.child_of_kind(param, "formal_parameter_list") {
            None => declared,
            Some(list) => {
                let nullable = tree.has_token(param, "?");
                Some(self.parameters_type_at(declared, list, depth).but(|ty| ty.nullable = nullable))
            }
        }
    }

    fn args_at(&self, node: NodeId, depth: u32) -> Vec<TypeRef> {
        let tree = self.tree;
        let types = tree.named_children(node).filter(|&ty| tree.kind(ty) == "type");
        types.map(|ty| self.type_or_dynamic(Some(ty), depth + 1)).collect()
    }

    fn type_or_dynamic(&self, node: Option<NodeId>, depth: u32) -> TypeRef {
        node.and_then(|node| self.type_at(node, depth)).unwrap_or_else(|| TypeRef::named("dynamic"))
    }
}
