//! Documentation that may say who owns what, and comments that do.

use crate::ir::stated::Statement;
use crate::ir::{Annotation, Comment, Const, FunctionKind, Unit};

/// Words of such a documentation.
const WORDS: [&str; 5] = ["transfer", "free", "release", "own", "caller"];

/// The longest text kept, in bytes.
const LONGEST: usize = 2_000;

/// The name of annotations that stand for what is written above.
pub(super) const DOCUMENTATION: &str = "doc";

/// The text above a declaration as an annotation, if it may speak of ownership.
pub(super) fn ownership(mut text: String) -> Option<Annotation> {
    let lower = text.to_lowercase();
    if !WORDS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or(0));
    Some(Annotation { name: DOCUMENTATION.into(), type_args: Vec::new(), args: vec![(None, Const::Str(text.into()))] })
}

/// Gives the functions and variables of a Dart file that may bind native functions what is written above them.
pub(super) fn attach_above(unit: &mut Unit, text: &str) {
    let binds = !unit.bindings.is_empty() || unit.directives.imports.iter().any(|import| import.uri == "dart:ffi");
    if !binds && unit.directives.part_of.is_none() {
        return;
    }
    let is_inner = |kind: FunctionKind| matches!(kind, FunctionKind::Closure | FunctionKind::Initializer);
    let functions = unit.functions.iter_mut().filter(|function| !is_inner(function.kind));
    let functions = functions.map(|function| (function.span.start, &mut function.annotations));
    let fields = unit.classes.iter_mut().flat_map(|class| &mut class.fields);
    let variables = unit.variables.iter_mut().chain(fields);
    let variables = variables.map(|variable| (variable.span.start, &mut variable.annotations));
    for (start, annotations) in functions.chain(variables) {
        annotations.extend(above(text, start).and_then(ownership));
    }
}

/// The lines `/// …` above the line of a declaration.
fn above(text: &str, start: u32) -> Option<String> {
    let before = text.get(..start as usize)?;
    let mut lines: Vec<&str> = Vec::new();
    // What stands before the declaration on its own line.
    let mut rest = before.rfind('\n').and_then(|end| before.get(..end))?;
    loop {
        let (others, line) = rest.rsplit_once('\n').unwrap_or(("", rest));
        match line.trim_start() {
            line if line.starts_with("///") => lines.push(line.trim_start_matches('/')),
            line if line.starts_with('@') && lines.is_empty() => {}
            _ => break,
        }
        if others.is_empty() {
            break;
        }
        rest = others;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A file with more such comments was not written by a person.
const MOST_STATEMENTS: usize = 2_000;

/// Gives each comment that says who owns what to the declaration below it, unless that has it already.
///
/// In a body it goes to the function around it, with the end of the statement that it stands before.
pub(super) fn attach(unit: &mut Unit, text: &str) {
    let said = |comment: &Comment| Statement::read(&comment.text, comment.span).filter(|_| comment.alone);
    let statements: Vec<Statement> = unit.comments.iter().filter_map(said).take(MOST_STATEMENTS).collect();
    if statements.is_empty() {
        return;
    }
    let has = |annotations: &[Annotation], statement: &Statement| {
        annotations.iter().filter_map(Statement::of).any(|known| known.span == statement.span)
    };
    for mut statement in statements {
        if unit.functions.iter().any(|function| has(&function.annotations, &statement)) {
            continue;
        }
        let below = statement.span.end;
        let leads_to = |start: u32| start >= below && is_head(text.get(below as usize..start as usize).unwrap_or(";"));
        let functions = unit.functions.iter_mut().filter(|function| {
            !matches!(function.kind, FunctionKind::Closure | FunctionKind::Initializer) && leads_to(function.span.start)
        });
        let functions = functions.map(|function| (function.span.start, &mut function.annotations));
        let fields = unit.classes.iter_mut().flat_map(|class| &mut class.fields);
        let variables = unit.variables.iter_mut().chain(fields).filter(|variable| leads_to(variable.span.start));
        let variables = variables.map(|variable| (variable.span.start, &mut variable.annotations));
        if let Some((_, annotations)) = functions.chain(variables).min_by_key(|(start, _)| *start) {
            annotations.push(statement.to_annotation());
            continue;
        }
        let around = unit.functions.iter_mut().filter(|function| function.span.contains(statement.span));
        if let Some(function) = around.min_by_key(|function| function.span.end - function.span.start) {
            let end = text.get(below as usize..).and_then(|rest| rest.find(';')).unwrap_or(0);
            statement.until = Some(below.saturating_add(u32::try_from(end).unwrap_or(u32::MAX)));
            function.annotations.push(statement.to_annotation());
        }
    }
}

/// Whether what stands between a comment and a name is the beginning of the declaration alone: attributes, types.
fn is_head(between: &str) -> bool {
    let mut rest = between;
    loop {
        let Some(at) = rest.find(['/', ';', '{', '}']) else { return true };
        let (_, from) = rest.split_at(at);
        let end = if from.starts_with("//") {
            from.find('\n')
        } else if from.starts_with("/*") {
            from.find("*/").map(|end| end + 2)
        } else if from.starts_with('/') {
            Some(1)
        } else {
            return false;
        };
        rest = end.and_then(|end| from.get(end..)).unwrap_or_default();
    }
}
