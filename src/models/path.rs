//! The small texts in a model file: access paths (`arg0.*.name`) and Dart types (`Pointer<Utf8>`).

use smallvec::SmallVec;

use super::ParamInfo;
use crate::ir::{Name, Spelling, TypeRef};
use crate::summary::{AccessPath, Root, Step};

/// Reads `this`, `result`, `arg0`, `arg:name` or `static:name`, and steps `.*`, `.field`, `[*]`.
///
/// `arg:name` of a positional parameter is that parameter's position. With `params` empty nothing is known of the
/// parameters, and every `arg` is accepted.
pub(super) fn access_path(text: &str, params: &[ParamInfo]) -> Result<AccessPath, String> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (root, mut rest) = text.split_at(end);
    let mut path = AccessPath { root: parse_root(root, params)?, steps: SmallVec::new() };
    while !rest.is_empty() {
        let step = if let Some(after) = rest.strip_prefix("[*]") {
            rest = after;
            Step::Elements
        } else if let Some(after) = rest.strip_prefix(".*") {
            rest = after;
            Step::Pointee
        } else {
            let after =
                rest.strip_prefix('.').ok_or_else(|| path_problem(text, "a step is `.*`, `.field` or `[*]`"))?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (field, after) = after.split_at(end);
            if !is_identifier(field) {
                return Err(path_problem(text, "a step is `.*`, `.field` or `[*]`"));
            }
            rest = after;
            // A struct that a pointer leads to: its fields are told by the pointer.
            if path.steps.last() == Some(&Step::Pointee) {
                path.steps.pop();
            }
            Step::Field(field.into())
        };
        path.steps.push(step);
    }
    if path.steps.len() > AccessPath::MAX_STEPS {
        return Err(path_problem(text, "a path has three steps at most"));
    }
    Ok(path)
}

fn parse_root(root: &str, params: &[ParamInfo]) -> Result<Root, String> {
    const EXPECTED: &str = "a path starts with `this`, `result`, `arg0`, `arg:name` or `static:name`";
    match root {
        "this" => return Ok(Root::This),
        "result" => return Ok(Root::Result),
        _ => {}
    }
    if let Some(name) = root.strip_prefix("static:").filter(|name| is_identifier(name)) {
        return Ok(Root::Static(name.into()));
    }
    if let Some(name) = root.strip_prefix("arg:").filter(|name| is_identifier(name)) {
        if params.is_empty() {
            return Ok(Root::Named(name.into()));
        }
        let found = params.iter().position(|param| param.name == name);
        return match found.and_then(|at| params.get(at).map(|param| (at, param.named))) {
            Some((_, true)) => Ok(Root::Named(name.into())),
            Some((at, false)) => Ok(Root::Param(at as u16)),
            None => Err(path_problem(root, "`params` lists no such parameter")),
        };
    }
    let index = root.strip_prefix("arg").and_then(|number| number.parse::<u16>().ok());
    let index = index.ok_or_else(|| path_problem(root, EXPECTED))?;
    let positional = params.iter().filter(|param| !param.named).count();
    if !params.is_empty() && usize::from(index) >= positional {
        return Err(path_problem(root, &format!("`params` lists {positional} positional parameters")));
    }
    Ok(Root::Param(index))
}

fn path_problem(text: &str, expected: &str) -> String {
    format!("`{text}` is no path: {expected}")
}

/// Reads a parameter of a model: `x`, `[x]` (optional) or `{x}` (named).
pub(super) fn param(text: &str) -> Result<ParamInfo, String> {
    let inside = |open, close| text.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let (name, named) = match (inside('{', '}'), inside('[', ']')) {
        (Some(name), _) => (name, true),
        (None, Some(name)) => (name, false),
        (None, None) => (text, false),
    };
    if !is_identifier(name) {
        return Err(format!("`{text}` is no parameter: write `name`, `[optional]` or `{{named}}`"));
    }
    Ok(ParamInfo { name: name.into(), named })
}

/// Reads a Dart type: `Pointer<Utf8>`, `int?`, `void Function(Pointer<T>)`.
pub(super) fn type_ref(text: &str) -> Result<TypeRef, String> {
    let mut reader = TypeReader { rest: text };
    let ty = reader.read(0).ok_or_else(|| format!("`{text}` is no type"))?;
    if reader.rest.trim().is_empty() {
        Ok(ty)
    } else {
        Err(format!("`{text}` is no type: `{}` is left over", reader.rest))
    }
}

/// Whether a text is one Dart or C identifier.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && chars.all(|rest| rest.is_ascii_alphanumeric() || rest == '_' || rest == '$')
}

struct TypeReader<'a> {
    rest: &'a str,
}

impl TypeReader<'_> {
    /// Types in models are short; deeper nesting is a mistake.
    const MAX_DEPTH: u32 = 16;

    fn read(&mut self, depth: u32) -> Option<TypeRef> {
        if depth > Self::MAX_DEPTH {
            return None;
        }
        let first = self.identifier()?;
        let mut ty = Spelling::named(&first);
        if self.eat(".") {
            ty = Spelling { prefix: Some(first), ..Spelling::named(self.identifier()?) };
        }
        if self.eat("<") {
            ty.args = self.list(">", depth)?;
        }
        ty.nullable = self.eat("?");
        let mut ty = TypeRef::from(ty);
        while self.rest.trim_start().starts_with("Function") {
            self.eat("Function");
            let mut args = vec![ty];
            if self.eat("(") && !self.eat(")") {
                args.extend(self.list(")", depth)?);
            }
            ty = Spelling { args, nullable: self.eat("?"), ..Spelling::named("Function") }.into();
        }
        Some(ty)
    }

    fn list(&mut self, close: &str, depth: u32) -> Option<Vec<TypeRef>> {
        let mut items = vec![self.read(depth + 1)?];
        while self.eat(",") {
            items.push(self.read(depth + 1)?);
        }
        self.eat(close).then_some(items)
    }

    fn identifier(&mut self) -> Option<Name> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        self.rest = after;
        is_identifier(name).then(|| name.into())
    }

    fn eat(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }
}
