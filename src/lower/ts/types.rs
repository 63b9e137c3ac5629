//! Types as written, in the words of the IR: `Promise<T>` is a `Future<T>`, `T[]` a `List<T>`.
//!
//! A number may be an address: that a variable is declared as one says nothing.

use super::FileLowering;
use crate::ir::{Name, Spelling, TypeRef};
use crate::parse::NodeId;

/// Steps down into a type after which the rest is not told: nesting in the input must not decide the stack.
const DEPTH: u32 = 32;

impl FileLowering<'_> {
    /// The type of a declaration's `type_annotation` in that field.
    pub(super) fn annotated(&self, node: NodeId, field: &str) -> Option<TypeRef> {
        let annotation = self.tree.child(node, field).filter(|&it| self.tree.kind(it) == "type_annotation")?;
        self.type_ref(self.tree.named_children(annotation).next()?)
    }

    /// A type; nothing for what says nothing.
    pub(super) fn type_ref(&self, node: NodeId) -> Option<TypeRef> {
        self.type_at(node, 0)
    }

    /// The types of a `type_arguments`.
    pub(super) fn type_args(&self, node: NodeId) -> Vec<TypeRef> {
        self.tree.named_children(node).map(|ty| self.type_or_dynamic(Some(ty), 1)).collect()
    }

    /// The names of a `type_parameters`.
    pub(super) fn type_params(&self, node: NodeId) -> Vec<Name> {
        let tree = self.tree;
        let list = tree.child(node, "type_parameters").into_iter().flat_map(|list| tree.named_children(list));
        list.filter_map(|param| tree.child(param, "name")).map(|name| self.name(name)).collect()
    }

    fn type_at(&self, node: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        if depth > DEPTH {
            return None;
        }
        let inner = || tree.named_children(node).next();
        match tree.kind(node) {
            "predefined_type" => match tree.text(node) {
                "string" => Some(TypeRef::named("String")),
                "boolean" => Some(TypeRef::named("bool")),
                "void" => Some(TypeRef::named("void")),
                _ => None,
            },
            "type_identifier" => self.named(tree.text(node), Vec::new()),
            "nested_type_identifier" => {
                let (module, name) = (tree.child(node, "module")?, tree.child(node, "name")?);
                Some(TypeRef::from(Spelling { prefix: Some(self.name(module)), ..Spelling::named(tree.text(name)) }))
            }
            "generic_type" => {
                let name = tree.child(node, "name")?;
                let args = tree.child(node, "type_arguments").map_or(Vec::new(), |args| {
                    tree.named_children(args).map(|ty| self.type_or_dynamic(Some(ty), depth + 1)).collect()
                });
                let says_nothing = !args.is_empty() && args.iter().all(|arg| arg.name == "dynamic");
                match tree.kind(name) {
                    // `Library<any>`: the type of what it is given says more.
                    "type_identifier" if says_nothing && self.imported.contains_key(tree.text(name)) => None,
                    "type_identifier" => self.named(tree.text(name), args),
                    _ => Some(self.type_at(name, depth + 1)?.but(|ty| ty.args = args)),
                }
            }
            "array_type" => {
                let item = self.type_or_dynamic(inner(), depth + 1);
                Some(TypeRef::applied("List", vec![item]))
            }
            "parenthesized_type" | "readonly_type" => self.type_at(inner()?, depth + 1),
            "union_type" => self.union(node, depth + 1),
            "function_type" => {
                let result = tree.child(node, "return_type");
                let params = tree.child(node, "parameters").into_iter().flat_map(|list| tree.named_children(list));
                let params = params.map(|param| self.annotated(param, "type").unwrap_or_else(dynamic));
                let args = std::iter::once(self.type_or_dynamic(result, depth + 1)).chain(params).collect();
                Some(TypeRef::applied("Function", args))
            }
            _ => None,
        }
    }

    fn named(&self, name: &str, args: Vec<TypeRef>) -> Option<TypeRef> {
        let name = match name {
            "Promise" | "PromiseLike" => "Future",
            "Array" | "ReadonlyArray" => "List",
            "ReadonlyMap" => "Map",
            "ReadonlySet" => "Set",
            // What these are says nothing of what is in them.
            "Record" | "Partial" | "Required" | "Pick" | "Omit" | "ReturnType" | "Object" | "Number" => return None,
            "Readonly" | "NonNullable" | "Awaited" => return args.into_iter().next(),
            name => return Some(TypeRef::applied(name, args)),
        };
        Some(TypeRef::applied(name, args))
    }

    /// `T | null`: of other unions nothing is known.
    fn union(&self, node: NodeId, depth: u32) -> Option<TypeRef> {
        let tree = self.tree;
        let is_null = |node: &NodeId| matches!(tree.text(*node), "null" | "undefined");
        let (mut ty, mut nullable, mut open) = (None, false, vec![node]);
        while let Some(node) = open.pop() {
            for part in tree.named_children(node) {
                match part {
                    part if tree.kind(part) == "union_type" => open.push(part),
                    part if is_null(&part) => nullable = true,
                    part if ty.is_none() => ty = Some(self.type_at(part, depth)?),
                    _ => return None,
                }
            }
        }
        ty.map(|ty| ty.but(|ty| ty.nullable = nullable))
    }

    fn type_or_dynamic(&self, node: Option<NodeId>, depth: u32) -> TypeRef {
        node.and_then(|node| self.type_at(node, depth)).unwrap_or_else(dynamic)
    }
}

fn dynamic() -> TypeRef {
    TypeRef::named("dynamic")
}
