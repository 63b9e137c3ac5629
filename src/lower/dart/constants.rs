//! Literals and annotations.

use super::FileLowering;
use crate::ir::{Annotation, Const, Name};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// The value of a constant expression: literals, `-1`; [`Const::Other`] for numbers with a fraction, symbols and
    /// `const …`; `None` for what is not constant by its form.
    pub(crate) fn constant(&self, node: NodeId) -> Option<Const> {
        let tree = self.tree;
        match tree.kind(node) {
            "null_literal" => Some(Const::Null),
            "true" => Some(Const::Bool(true)),
            "false" => Some(Const::Bool(false)),
            "decimal_integer_literal" | "hex_integer_literal" => Some(integer(tree.text(node))),
            "decimal_floating_point_literal" | "symbol_literal" | "const_object_expression" => Some(Const::Other),
            "string_literal" => self.string(node).map(Const::Str),
            "unary_expression" => {
                let mut parts = tree.named_children(node);
                let (operator, operand) = (parts.next()?, parts.next()?);
                if tree.text(operator) != "-" {
                    return None;
                }
                match tree.kind(operand) {
                    "decimal_integer_literal" | "hex_integer_literal" => match integer(tree.text(operand)) {
                        Const::Int(value) => Some(value.checked_neg().map_or(Const::Other, Const::Int)),
                        other => Some(other),
                    },
                    "decimal_floating_point_literal" => Some(Const::Other),
                    _ => None,
                }
            }
            "list_literal" | "set_or_map_literal" | "record_literal" if tree.has_token(node, "const") => {
                Some(Const::Other)
            }
            _ => None,
        }
    }

    /// A string literal, escapes and adjacent strings resolved; `None` with interpolation.
    pub(crate) fn string(&self, node: NodeId) -> Option<Name> {
        let tree = self.tree;
        let mut value = String::new();
        for part in tree.named_children(node) {
            if tree.child_of_kind(part, "template_substitution").is_some() {
                return None;
            }
            let kind = tree.kind(part);
            let quote = if kind.ends_with("_multiple") { 3 } else { 1 };
            let raw = kind.starts_with("raw_");
            let text = tree.text(part);
            let inner = text.get(quote + usize::from(raw)..text.len().checked_sub(quote)?)?;
            // The first line of a multi-line string is dropped when it is blank.
            let inner = match inner.split_once('\n') {
                Some((first, rest)) if quote == 3 && first.trim_matches([' ', '\t', '\r', '\\']).is_empty() => rest,
                _ => inner,
            };
            if raw {
                value.push_str(inner);
            } else {
                unescape(inner, &mut value);
            }
        }
        Some(value.into())
    }

    /// The annotations among the children of a declaration.
    pub(crate) fn annotations(&self, node: NodeId) -> Vec<Annotation> {
        let tree = self.tree;
        let found = tree.children(node).filter(|&child| tree.kind(child) == "annotation");
        found.filter_map(|annotation| self.annotation(annotation)).collect()
    }

    fn annotation(&self, node: NodeId) -> Option<Annotation> {
        let tree = self.tree;
        let type_args = tree.child_of_kind(node, "type_arguments");
        let arguments = tree.child_of_kind(node, "annotation_arguments");
        let args = arguments.into_iter().flat_map(|list| tree.named_children(list)).filter_map(|argument| {
            // An annotation's arguments are constants whatever their form.
            let value = |node| self.constant(node).unwrap_or(Const::Other);
            match tree.kind(argument) {
                "annotation_open_paren" => None,
                "named_argument" => {
                    let mut parts = tree.named_children(argument);
                    let label = tree.child_of_kind(parts.next()?, "identifier")?;
                    Some((Some(self.name(label)), parts.next().map_or(Const::Other, value)))
                }
                _ => Some((None, value(argument))),
            }
        });
        Some(Annotation {
            name: self.annotation_name(tree.child(node, "name")?),
            type_args: type_args.map_or(Vec::new(), |args| self.type_args(args)),
            args: args.collect(),
        })
    }

    /// `Name`, `prefix.Name`, `Name.constructor`, `prefix.Name.constructor`: types begin with a capital.
    fn annotation_name(&self, node: NodeId) -> Name {
        let tree = self.tree;
        if tree.kind(node) != "qualified_name" {
            return self.name(node);
        }
        let parts: Vec<&str> = tree.named_children(node).map(|part| tree.text(part)).collect();
        let is_type = |part: &&&str| part.trim_start_matches(['_', '$']).starts_with(|c: char| c.is_ascii_uppercase());
        parts.iter().find(is_type).or(parts.last()).map_or(Name::default(), |&name| name.into())
    }
}

fn integer(text: &str) -> Const {
    let digits = text.replace('_', "");
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        // Dart reads 0xFFFFFFFFFFFFFFFF as -1.
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(u64::cast_signed),
        None => digits.parse().ok(),
    };
    value.map_or(Const::Other, Const::Int)
}

fn unescape(text: &str, value: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let escaped = chars.next();
        rest = chars.as_str();
        match escaped {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some('b') => value.push('\u{8}'),
            Some('f') => value.push('\u{c}'),
            Some('v') => value.push('\u{b}'),
            Some(sign @ ('x' | 'u')) => {
                let (code, after) = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    Some(braced) if sign == 'u' => braced,
                    _ => rest.split_at_checked(if sign == 'x' { 2 } else { 4 }).unwrap_or(("", rest)),
                };
                let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                value.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = after;
            }
            Some(other) => value.push(other),
            None => {}
        }
    }
    value.push_str(rest);
}
