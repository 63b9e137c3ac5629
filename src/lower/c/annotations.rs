//! What attributes, comments and documentation say.

use super::FileLowering;
use crate::ir::stated::Statement;
use crate::ir::{Annotation, Comment, Const};
use crate::parse::c::{self, MarkerKind};
use crate::parse::{NodeId, Tree};
use crate::source::Span;

/// What a directive starts with, after the comment sign.
const DIRECTIVES: [&str; 3] = ["ignore:", "ignore_for_file:", "ffilint:"];

impl FileLowering<'_> {
    /// Annotations of a function whose declaration is `node` and whose head ends at `head_end`.
    pub(super) fn annotations(&self, node: NodeId, head_end: u32) -> Vec<Annotation> {
        let start = self.tree.span(node).start;
        let text = |argument: &String| (None, Const::Str(argument.as_str().into()));
        let of = |kind: &MarkerKind| match kind {
            MarkerKind::Annotation(name, arguments) => Some(Annotation {
                name: name.as_str().into(),
                type_args: Vec::new(),
                args: arguments.iter().map(text).collect(),
            }),
            _ => None,
        };
        let markers = self.placed_markers(start, head_end);
        let mut annotations: Vec<Annotation> = markers.filter_map(|marker| of(&marker.kind)).collect();
        self.documentation(node, &mut annotations);
        annotations
    }

    /// The comment directly above a declaration, as far as it speaks of ownership.
    fn documentation(&self, node: NodeId, annotations: &mut Vec<Annotation>) {
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
            annotations.extend(Statement::read(tree.text(comment), span).map(|statement| statement.to_annotation()));
            below = span.start;
            index -= 1;
            if !is_line {
                break;
            }
        }
        text.reverse();
        annotations.extend(crate::lower::documentation::ownership(text.join("\n")));
    }

    /// Whether nothing but blanks stands before it on its line.
    fn begins_line(&self, start: u32) -> bool {
        let before = self.tree.source().get(..start as usize).unwrap_or("");
        before.bytes().rev().take_while(|&byte| byte != b'\n').all(|byte| byte.is_ascii_whitespace())
    }
}

/// The comments that carry directives, those of lines of the preprocessor too: of these the tree has none.
pub(super) fn directives(text: &str) -> Vec<Comment> {
    let can_have = |directive: &&str| memchr::memmem::find(text.as_bytes(), directive.as_bytes()).is_some();
    if !DIRECTIVES.iter().any(can_have) {
        return Vec::new();
    }
    let of = |span: Span| {
        let comment = text.get(span.start as usize..span.end as usize)?;
        let said = comment.strip_prefix("//").or_else(|| comment.strip_prefix("/*"))?;
        let said = said.trim_start_matches(['/', '*', '!']).trim_start();
        if !DIRECTIVES.iter().any(|directive| said.starts_with(directive)) {
            return None;
        }
        let before = text.get(..span.start as usize).unwrap_or("");
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        Some(Comment { text: comment.trim_end().into(), span, alone: line.trim().is_empty() })
    };
    c::comments(text).into_iter().filter_map(of).collect()
}

/// Whether the comments before the first declaration say that a generator wrote the file.
pub(super) fn is_generated(tree: &Tree<'_>) -> bool {
    let first = tree.named_children(tree.root()).next().map_or(u32::MAX, |node| tree.span(node).start);
    tree.comments()
        .iter()
        .take_while(|&&comment| tree.span(comment).start < first)
        .any(|&comment| crate::lower::dart::comments::says_generated(tree.text(comment)))
}
