//! Comments that address tools, and the header that says who wrote the file.

use super::super::dart::comments::says_generated;
use crate::ir::Comment;
use crate::parse::Tree;

/// What a directive starts with, after the comment sign.
const OURS: &str = "ffilint:";

/// The comments that carry directives.
pub(super) fn directives(tree: &Tree<'_>) -> Vec<Comment> {
    let is_one = |text: &str| {
        let said = text.strip_prefix("//").or_else(|| text.strip_prefix("/*"));
        said.is_some_and(|said| said.trim_start_matches(['/', '*', '!']).trim_start().starts_with(OURS))
    };
    let directives = tree.comments().iter().copied().filter(|&node| is_one(tree.text(node)));
    directives
        .map(|node| {
            let span = tree.span(node);
            let before = tree.source().get(..span.start as usize).unwrap_or("");
            let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
            Comment { text: tree.text(node).trim_end().into(), span, alone: line.trim().is_empty() }
        })
        .collect()
}

/// Whether the comments before the first declaration say that a generator wrote the file.
pub(super) fn is_generated(tree: &Tree<'_>) -> bool {
    let before = tree.children(tree.root()).take_while(|&node| {
        matches!(tree.kind(node), "comment" | "html_comment" | "hash_bang_line" | "import_statement")
    });
    before.into_iter().any(|node| tree.kind(node) == "comment" && says_generated(tree.text(node)))
}
