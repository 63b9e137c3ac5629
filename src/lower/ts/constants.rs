//! Literals and names as written.

use super::FileLowering;
use crate::ir::{Const, Name};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// The value of a literal; [`Const::Other`] for numbers with a fraction and regular expressions; `None` for what is
    /// none by its form.
    pub(super) fn constant(&self, node: NodeId) -> Option<Const> {
        let tree = self.tree;
        match tree.kind(node) {
            "null" | "undefined" => Some(Const::Null),
            "true" => Some(Const::Bool(true)),
            "false" => Some(Const::Bool(false)),
            "number" => Some(number(tree.text(node))),
            "regex" => Some(Const::Other),
            "string" => Some(Const::Str(self.string(node))),
            "template_string" if tree.child_of_kind(node, "template_substitution").is_none() => {
                Some(Const::Str(self.string(node)))
            }
            "unary_expression" if tree.has_token(node, "-") => match self.constant(tree.child(node, "argument")?)? {
                Const::Int(value) => Some(value.checked_neg().map_or(Const::Other, Const::Int)),
                Const::Other => Some(Const::Other),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text of a string, its escapes resolved.
    pub(super) fn string(&self, node: NodeId) -> Name {
        let tree = self.tree;
        let mut value = String::new();
        for part in tree.named_children(node) {
            match tree.kind(part) {
                "escape_sequence" => unescape(tree.text(part), &mut value),
                _ => value.push_str(tree.text(part)),
            }
        }
        value.into()
    }

    /// The name of a member or a property: `x`, `#x`, `'x'`, `[Symbol.dispose]`.
    pub(super) fn property_name(&self, node: NodeId) -> Name {
        let tree = self.tree;
        match tree.kind(node) {
            "string" => self.string(node),
            "computed_property_name" => match tree.named_children(node).next() {
                Some(inner) if tree.kind(inner) == "string" => self.string(inner),
                _ => self.name(node),
            },
            _ => self.name(node),
        }
    }
}

fn number(text: &str) -> Const {
    let digits: String = text.trim_end_matches('n').chars().filter(|c| *c != '_').collect();
    let radix = |prefix: &str, radix| {
        let rest = digits.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).and_then(|_| digits.get(2..))?;
        Some(i64::from_str_radix(rest, radix).ok())
    };
    let value = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2));
    value.unwrap_or_else(|| digits.parse().ok()).map_or(Const::Other, Const::Int)
}

fn unescape(text: &str, value: &mut String) {
    let inner = text.get(1..).unwrap_or_default();
    let code = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match inner.chars().next() {
        Some('n') => value.push('\n'),
        Some('r') => value.push('\r'),
        Some('t') => value.push('\t'),
        Some('b') => value.push('\u{8}'),
        Some('f') => value.push('\u{c}'),
        Some('v') => value.push('\u{b}'),
        Some('0') => value.push('\0'),
        // A line that goes on in the next.
        Some('\n' | '\r') | None => {}
        Some('x' | 'u') => {
            let digits = inner.get(1..).unwrap_or_default().trim_start_matches('{').trim_end_matches('}');
            value.push(code(digits).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Some(other) => value.push(other),
    }
}
