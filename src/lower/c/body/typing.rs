//! Types of expressions, as far as the file's own declarations tell.

use super::Body;
use crate::ir::{Name, TypeRef};
use crate::lower::c::types::{unqualified, wrapped};
use crate::parse::NodeId;

impl Body<'_, '_> {
    /// The type of an expression, `const` at the top dropped, references looked through.
    pub(super) fn type_of(&mut self, node: NodeId) -> Option<TypeRef> {
        let ty = self.raw_type(node)?;
        Some(Self::referent(&ty))
    }

    fn raw_type(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let node = self.without_parentheses(node);
        match tree.kind(node) {
            "identifier" => {
                let name = tree.text(node);
                match self.lookup(name) {
                    Some(variable) => variable.ty,
                    None => self.member(name).or_else(|| self.file.globals.get(name).cloned()),
                }
            }
            "qualified_identifier" => {
                let name: Name = self.written_path(node);
                self.file.globals.get(&name).cloned()
            }
            "this" => self.lookup("this").and_then(|this| this.ty),
            "field_expression" => {
                let field = tree.child(node, "field")?;
                let of = self.type_of(tree.child(node, "argument")?)?;
                self.field_type(&of, tree.text(field))
            }
            "subscript_expression" => self.pointee(tree.child(node, "argument")?),
            "pointer_expression" if tree.has_token(node, "*") => self.pointee(tree.child(node, "argument")?),
            "pointer_expression" => Some(wrapped("*", self.type_of(tree.child(node, "argument")?)?)),
            "cast_expression" | "compound_literal_expression" => {
                let ty = tree.child(node, "type")?;
                self.file.described_type(ty)
            }
            "string_literal" | "concatenated_string" | "raw_string_literal" => {
                Some(wrapped("*", wrapped("const", TypeRef::named("char"))))
            }
            "number_literal" | "char_literal" | "sizeof_expression" => Some(TypeRef::named("int")),
            "true" | "false" => Some(TypeRef::named("bool")),
            "null" => Some(wrapped("*", TypeRef::named("void"))),
            "new_expression" => {
                let ty = tree.child(node, "type")?;
                self.file.specifier(ty).map(|ty| wrapped("*", ty))
            }
            "call_expression" => self.call_type(node),
            "assignment_expression" => self.type_of(tree.child(node, "left")?),
            "update_expression" => self.type_of(tree.child(node, "argument")?),
            "conditional_expression" => {
                let first = tree.child(node, "consequence").and_then(|part| self.type_of(part));
                match first {
                    Some(ty) if ty.name != "int" => Some(ty),
                    _ => self.type_of(tree.child(node, "alternative")?),
                }
            }
            "comma_expression" => self.type_of(tree.child(node, "right")?),
            "binary_expression" => {
                let operator = tree.child(node, "operator").map_or("", |operator| tree.text(operator));
                let left = self.type_of(tree.child(node, "left")?);
                match operator {
                    "+" | "-" => {
                        let left = left.filter(|ty| self.file.is_pointer(ty));
                        if left.is_some() {
                            let right = self.type_of(tree.child(node, "right")?);
                            let difference = right.is_some_and(|ty| self.file.is_pointer(&ty));
                            return if difference { Some(TypeRef::named("ptrdiff_t")) } else { left };
                        }
                        self.type_of(tree.child(node, "right")?).filter(|ty| self.file.is_pointer(ty))
                    }
                    "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||" => Some(TypeRef::named("bool")),
                    _ => left,
                }
            }
            "unary_expression" => Some(TypeRef::named("int")),
            _ => None,
        }
    }

    fn call_type(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let function = tree.child(node, "function")?;
        match tree.kind(function) {
            "template_function" => match self.cast_kind(function) {
                Some(_) => self.file.template_arguments(function).into_iter().next().map(unqualified),
                None => None,
            },
            "identifier" | "qualified_identifier" => {
                let name: Name = self.written_path(function);
                if self.current.find(&name).is_some() {
                    return None;
                }
                if self.file.classes_by_name.contains_key(&name) {
                    return Some(TypeRef::named(&name));
                }
                let id = self.file.by_simple_name(&name)?;
                self.file.unit.functions.get(id.index()).and_then(|function| function.result.clone())
            }
            _ => None,
        }
    }

    fn pointee(&mut self, node: NodeId) -> Option<TypeRef> {
        let ty = self.type_of(node)?;
        let ty = self.file.resolved(&ty);
        match ty.name.as_str() {
            "*" | "[]" => ty.args.first().cloned().map(unqualified),
            _ => None,
        }
    }

    /// The type of a field of a struct of this file, through a pointer too.
    pub(super) fn field_type(&self, of: &TypeRef, field: &str) -> Option<TypeRef> {
        let mut ty = self.file.resolved(of);
        if ty.name == "*" {
            ty = self.file.resolved(ty.args.first()?);
        }
        let class = self.file.classes_by_name.get(&ty.name)?;
        let class = self.file.unit.classes.get(class.index())?;
        class.fields.iter().find(|known| known.name == field)?.ty.clone()
    }

    /// The type of a field of the class that the function belongs to.
    pub(super) fn member(&self, name: &str) -> Option<TypeRef> {
        let function = self.file.unit.functions.get(self.current.id.index())?;
        let class = self.file.unit.classes.get(function.class?.index())?;
        class.fields.iter().find(|field| field.name == name)?.ty.clone()
    }

    /// Whether an expression is a pointer by what the file says.
    pub(super) fn is_pointer(&mut self, node: NodeId) -> bool {
        self.type_of(node).is_some_and(|ty| self.file.is_pointer(&ty))
    }

    /// Whether an expression is an array: its value is the address of its place.
    pub(super) fn is_array(&mut self, node: NodeId) -> bool {
        self.type_of(node).is_some_and(|ty| self.file.resolved(&ty).name == "[]")
    }

    /// Whether a variable lives in memory and stands for more than one value: an array or a struct.
    pub(super) fn is_aggregate(&self, ty: &TypeRef) -> bool {
        let ty = self.file.resolved(ty);
        if ty.name == "[]" {
            return true;
        }
        self.file
            .classes_by_name
            .get(&ty.name)
            .and_then(|class| self.file.unit.classes.get(class.index()))
            .is_some_and(|class| class.kind == crate::ir::ClassKind::Class)
    }

    /// `a::b::c` as written, template arguments dropped.
    pub(super) fn written_path(&self, node: NodeId) -> Name {
        let path = self.file.path(node);
        let tree = self.tree;
        let last = path.last.map_or("", |last| {
            let name = tree.child(last, "name").unwrap_or(last);
            tree.text(name)
        });
        crate::lower::c::types::joined(&path.scope, last)
    }
}

impl crate::lower::c::FileLowering<'_> {
    /// A function of the file by its plain name, if there is only one.
    pub(super) fn by_simple_name(&self, name: &str) -> Option<crate::ir::FunctionId> {
        if !self.is_cpp {
            return self.functions.get(name).copied();
        }
        self.by_name.get(name).copied().flatten()
    }
}
