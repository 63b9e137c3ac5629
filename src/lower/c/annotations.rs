//! What attributes, comments and documentation say.

use super::FileLowering;
use crate::ir::{Annotation, Comment, Const, Name};
use crate::parse::c::MarkerKind;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

/// What a directive starts with, after the comment sign.
const DIRECTIVES: [&str; 3] = ["ignore:", "ignore_for_file:", "ffilint:"];

/// Words of a documentation that may speak of ownership.
const OWNERSHIP: [&str; 5] = ["transfer", "free", "release", "own", "caller"];

/// Longest text kept of a documentation comment, in bytes.
const DOC: usize = 2000;

impl FileLowering<'_> {
    /// Annotations of a function whose declaration is `node` and whose head ends at `head_end`.
    pub(super) fn annotations(&self, node: NodeId, head_end: u32) -> Vec<Annotation> {
        let start = self.tree.span(node).start;
        let params = self.named_parameters(node, head_end);
        let mut annotations: Vec<Annotation> = self
            .placed_markers(start, head_end)
            .filter_map(|marker| match &marker.kind {
                MarkerKind::Annotation(name, arguments) => {
                    // Before a parameter it speaks of that one.
                    let at = marker.span.start;
                    let param = params.iter().find(|(from, to, _)| *from <= at && at < *to);
                    Some(match param {
                        Some((_, _, param)) => Annotation {
                            name: "sal".into(),
                            type_args: Vec::new(),
                            args: vec![(Some(param.clone()), Const::Str(name.as_str().into()))],
                        },
                        None => Annotation {
                            name: name.as_str().into(),
                            type_args: Vec::new(),
                            args: arguments
                                .iter()
                                .map(|argument| (None, Const::Str(argument.as_str().into())))
                                .collect(),
                        },
                    })
                }
                _ => None,
            })
            .collect();
        annotations.extend(self.documentation(node));
        annotations
    }

    /// For each parameter of a head where it begins, after the comma or parenthesis before it, and ends.
    fn named_parameters(&self, node: NodeId, head_end: u32) -> Vec<(u32, u32, Name)> {
        let tree = self.tree;
        let heads = tree.descendants(node).take_while(|&part| tree.span(part).start < head_end);
        let Some(list) = heads.take(200).find(|&part| tree.kind(part) == "parameter_list") else { return Vec::new() };
        let mut from = tree.span(list).start;
        let mut params = Vec::new();
        for param in tree.named_children(list) {
            let span = tree.span(param);
            let name = tree
                .child(param, "declarator")
                .and_then(|declarator| tree.descendants(declarator).find(|&part| tree.kind(part) == "identifier"));
            if let Some(name) = name {
                params.push((from, span.end, tree.text(name).into()));
            }
            from = span.end;
        }
        params
    }

    /// The comment directly above a declaration, if it may speak of ownership.
    fn documentation(&self, node: NodeId) -> Option<Annotation> {
        let tree = self.tree;
        let start = tree.span(node).start;
        let comments = tree.comments();
        let mut index = comments.partition_point(|&comment| tree.span(comment).start < start);
        let mut text: Vec<&str> = Vec::new();
        let mut below = start;
        while let Some(&comment) = index.checked_sub(1).and_then(|index| comments.get(index)) {
            let span = tree.span(comment);
            let between = tree.source().get(span.end as usize..below as usize).unwrap_or("x");
            let is_line = tree.text(comment).starts_with("//");
            let near = between.bytes().all(|byte| byte.is_ascii_whitespace())
                && between.bytes().filter(|&byte| byte == b'\n').count() <= if text.is_empty() { 2 } else { 1 };
            if !near || span.end > below || (!text.is_empty() && !is_line) || !self.begins_line(span.start) {
                break;
            }
            text.push(tree.text(comment));
            below = span.start;
            index -= 1;
            if !is_line {
                break;
            }
        }
        text.reverse();
        let mut text = text.join("\n");
        let lower = text.to_ascii_lowercase();
        if !OWNERSHIP.iter().any(|word| lower.contains(word)) {
            return None;
        }
        let mut end = DOC.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        Some(Annotation { name: "doc".into(), type_args: Vec::new(), args: vec![(None, Const::Str(text.into()))] })
    }

    /// Whether nothing but blanks stands before it on its line.
    fn begins_line(&self, start: u32) -> bool {
        let before = self.tree.source().get(..start as usize).unwrap_or("");
        before.bytes().rev().take_while(|&byte| byte != b'\n').all(|byte| byte.is_ascii_whitespace())
    }
}

/// The line comments that carry directives.
pub(super) fn directives(tree: &Tree<'_>, text: &str) -> Vec<Comment> {
    let of = |node: &NodeId| {
        let span: Span = tree.span(*node);
        let comment = text.get(span.start as usize..span.end as usize)?;
        let said = comment.strip_prefix("//")?.trim_start_matches('/').trim_start();
        if !DIRECTIVES.iter().any(|directive| said.starts_with(directive)) {
            return None;
        }
        let before = text.get(..span.start as usize).unwrap_or("");
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        Some(Comment { text: comment.trim_end().into(), span, alone: line.trim().is_empty() })
    };
    tree.comments().iter().filter_map(of).collect()
}

/// Whether the comments before the first declaration say that a generator wrote the file.
pub(super) fn is_generated(tree: &Tree<'_>) -> bool {
    let first = tree.named_children(tree.root()).next().map_or(u32::MAX, |node| tree.span(node).start);
    tree.comments()
        .iter()
        .take_while(|&&comment| tree.span(comment).start < first)
        .any(|&comment| crate::lower::dart::comments::says_generated(tree.text(comment)))
}
