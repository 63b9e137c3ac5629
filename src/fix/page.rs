//! A Dart file as something to write in: statements, blocks, indentation, names.

use super::bound::Way;
use super::known::Known;
use crate::parse::{NodeId, Tree};
use crate::source::Span;

const STATEMENTS: [&str; 19] = [
    "assert_statement",
    "block",
    "break_statement",
    "continue_statement",
    "do_statement",
    "empty_statement",
    "expression_statement",
    "for_statement",
    "if_statement",
    "labeled_statement",
    "local_function_declaration",
    "local_variable_declaration",
    "rethrow_statement",
    "return_statement",
    "switch_statement",
    "try_statement",
    "while_statement",
    "yield_each_statement",
    "yield_statement",
];

/// One file.
#[derive(Clone, Copy)]
pub(super) struct Page<'p, 's> {
    pub(super) tree: &'p Tree<'s>,
    pub(super) text: &'p str,
    pub(super) known: &'p Known,
}

/// A statement that stands in a list of statements.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) statement: NodeId,
    /// A block, or a case of a `switch`.
    pub(super) list: NodeId,
}

/// The function around a place.
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// Its body.
    pub(super) body: NodeId,
    /// Its signature, where it has a name.
    signature: Option<NodeId>,
}

impl<'p, 's> Page<'p, 's> {
    pub(super) fn new(tree: &'p Tree<'s>, text: &'p str, known: &'p Known) -> Self {
        Self { tree, text, known }
    }

    /// The nodes around a place, the outermost first. The last is the outermost one that is exactly there.
    pub(super) fn around(&self, place: Span) -> Option<Vec<NodeId>> {
        let mut chain = vec![self.tree.root()];
        loop {
            let last = *chain.last()?;
            let span = self.tree.span(last);
            if span == place {
                return (!self.tree.is_broken(last)).then_some(chain);
            }
            chain.push(self.tree.children(last).find(|&child| self.tree.span(child).contains(place))?);
        }
    }

    /// The nodes that contain a place, the outermost first.
    pub(super) fn enclosing(&self, place: Span) -> Vec<NodeId> {
        let mut chain = vec![self.tree.root()];
        let inner = |node| self.tree.children(node).find(|&child| self.tree.span(child).contains(place));
        while let Some(next) = chain.last().and_then(|&last| inner(last)) {
            chain.push(next);
        }
        chain
    }

    pub(super) fn is_statement(&self, node: NodeId) -> bool {
        STATEMENTS.contains(&self.tree.kind(node))
    }

    /// The innermost statement of a chain that stands in a list, and the place of it in the chain.
    pub(super) fn placed(&self, chain: &[NodeId]) -> Option<(usize, Placed)> {
        let at = chain.iter().rposition(|&node| self.is_statement(node) && self.tree.kind(node) != "block")?;
        let (list, statement) = (*chain.get(at.checked_sub(1)?)?, *chain.get(at)?);
        self.is_list(list).then_some((at, Placed { statement, list }))
    }

    pub(super) fn is_list(&self, node: NodeId) -> bool {
        matches!(self.tree.kind(node), "block" | "switch_statement_case" | "switch_statement_default")
    }

    /// The statements of a list.
    pub(super) fn statements(&self, list: NodeId) -> Vec<NodeId> {
        self.tree.children(list).filter(|&child| self.is_statement(child)).collect()
    }

    /// The statements of a list after one of them.
    pub(super) fn rest(&self, placed: Placed) -> Vec<NodeId> {
        let statements = self.statements(placed.list);
        statements.into_iter().skip_while(|&other| other != placed.statement).skip(1).collect()
    }

    /// The statement of a list before another one.
    pub(super) fn before(&self, list: NodeId, statement: NodeId) -> Option<NodeId> {
        let statements = self.statements(list);
        let at = statements.iter().position(|&other| other == statement)?;
        statements.get(at.checked_sub(1)?).copied()
    }

    /// The innermost function of a chain.
    pub(super) fn function(&self, chain: &[NodeId]) -> Option<Around> {
        let at =
            chain.iter().rposition(|&n| matches!(self.tree.kind(n), "function_body" | "function_expression_body"))?;
        let (body, owner) = (*chain.get(at)?, *chain.get(at.checked_sub(1)?)?);
        let signature = self.tree.children(owner).find(|&child| self.tree.kind(child).ends_with("_signature"));
        Some(Around { body, signature })
    }

    /// The words before the body: `async`, `sync*`.
    pub(super) fn is_async(&self, around: Around) -> bool {
        self.marks(around).starts_with("async")
    }

    pub(super) fn is_generator(&self, around: Around) -> bool {
        self.marks(around).contains('*')
    }

    fn marks(&self, around: Around) -> &'p str {
        let text = self.slice(self.tree.span(around.body));
        text.split(['{', '=']).next().unwrap_or_default().trim()
    }

    /// The written type of what a function with a name gives; nothing for a closure.
    pub(super) fn result_type(&self, around: Around) -> Option<&'p str> {
        let signature = around.signature?;
        let returns = self.tree.descendants(signature).find(|&node| self.tree.field(node) == Some("return_type"));
        Some(returns.map_or("", |node| self.slice(self.tree.span(node))))
    }

    /// Whether what a function gives may need memory after it has returned.
    pub(super) fn may_work_later(&self, around: Around) -> bool {
        let result = self.result_type(around).unwrap_or_default();
        let later = ["Future", "Stream", "Iterable", "Iterator", "dynamic"].iter().any(|name| result.starts_with(name));
        !self.is_async(around) && later
    }

    pub(super) fn slice(&self, span: Span) -> &'p str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(super) fn text_of(&self, node: NodeId) -> &'p str {
        self.slice(self.tree.span(node))
    }

    /// The offset at which the line of a place begins.
    pub(super) fn line_start(&self, at: u32) -> u32 {
        let before = self.text.get(..at as usize).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline as u32 + 1)
    }

    /// Whether nothing but blanks stands before a place on its line.
    pub(super) fn begins_line(&self, at: u32) -> bool {
        self.slice(Span::new(self.line_start(at), at)).trim().is_empty()
    }

    /// The offset behind the line of a place.
    fn line_end(&self, at: u32) -> u32 {
        let after = self.text.get(at as usize..).unwrap_or_default();
        after.find('\n').map_or(self.text.len() as u32, |newline| at + newline as u32 + 1)
    }

    /// The blanks that begin the line of a place.
    pub(super) fn indent(&self, at: u32) -> &'p str {
        let line = self.text.get(self.line_start(at) as usize..).unwrap_or_default();
        line.split(|c| c != ' ' && c != '\t').next().unwrap_or_default()
    }

    /// One level of indentation.
    pub(super) fn unit(&self, indent: &str) -> &'static str {
        if indent.contains('\t') { "\t" } else { "  " }
    }

    /// A statement with its line where it has that for itself, else alone.
    pub(super) fn whole_line(&self, node: NodeId) -> Span {
        let span = self.tree.span(node);
        let (start, end) = (self.line_start(span.start), self.line_end(span.end));
        let is_blank = |from, to| self.slice(Span::new(from, to)).trim().is_empty();
        let after = self.slice(Span::new(span.end, end)).trim();
        let is_alone = is_blank(start, span.start) && (after.is_empty() || after.starts_with("//"));
        if !is_alone {
            let blanks = self.slice(Span::new(span.end, end));
            let blanks = blanks.len() - blanks.trim_start_matches(' ').len();
            return Span::new(span.start, span.end + blanks as u32);
        }
        let next = self.line_end(end);
        let follows = self.slice(Span::new(end, next)).trim();
        let ends = follows.is_empty() || follows.starts_with('}');
        // What is said of the release alone goes with it.
        let mut start = start;
        while ends && start > 0 {
            let before = self.line_start(start - 1);
            let comment = self.slice(Span::new(before, start)).trim();
            if !comment.starts_with("//") || !speaks_of_release(comment) {
                break;
            }
            start = before;
        }
        // Of the blank lines around it one is enough, and none before the end of a block.
        let before = self.line_start(start.saturating_sub(1));
        let is_after_blank = start > 0 && is_blank(before, start);
        match is_after_blank && ends && end < next {
            true if follows.is_empty() => Span::new(start, next),
            true => Span::new(before, end),
            false => Span::new(start, end),
        }
    }

    /// The lines of a stretch, each statement of a block on its own.
    pub(super) fn is_on_one_line(&self, list: NodeId) -> bool {
        self.tree.kind(list) == "block" && !self.text_of(list).contains('\n') && !self.text_of(list).contains("//")
    }

    /// Whether no other block of the line has a list in it, and it has no case.
    pub(super) fn is_outermost_on_line(&self, chain: &[NodeId], list: NodeId) -> bool {
        let outer = chain.iter().take_while(|&&node| node != list);
        !outer.into_iter().any(|&node| self.is_list(node) && !self.text_of(node).contains('\n'))
    }

    /// The end of a statement with the comment that follows it on its line.
    pub(super) fn with_comment(&self, end: u32) -> u32 {
        let line = self.slice(Span::new(end, self.line_end(end))).trim_end();
        if line.trim_start().starts_with("//") { end + line.len() as u32 } else { end }
    }

    /// Where what follows a statement begins, comments included.
    pub(super) fn start_after(&self, statement: NodeId) -> u32 {
        let end = self.with_comment(self.tree.span(statement).end);
        let after = self.text.get(end as usize..).unwrap_or_default();
        end + (after.len() - after.trim_start().len()) as u32
    }

    /// The text of a stretch with some of it replaced, and every line but the first one level deeper.
    pub(super) fn deeper(&self, stretch: Span, replaced: &[(Span, String)], unit: &str) -> String {
        let is_string = |&node: &NodeId| self.tree.kind(node).starts_with("string_literal");
        let strings = self.tree.descendants(self.tree.root()).filter(is_string).map(|node| self.tree.span(node));
        let strings: Vec<Span> = strings.filter(|span| span.overlaps(stretch)).collect();
        let within = |at: u32| strings.iter().any(|span| span.start < at && at < span.end);
        let mut text = String::new();
        let mut at = stretch.start;
        for (span, by) in replaced.iter().chain([&(Span::new(stretch.end, stretch.end), String::new())]) {
            for line in self.slice(Span::new(at, span.start)).split_inclusive('\n') {
                let is_start = at > stretch.start && self.line_start(at) == at;
                let is_blank = line.trim().is_empty() && line.ends_with('\n');
                if is_start && !is_blank && !within(at) {
                    text.push_str(unit);
                }
                text.push_str(line);
                at += line.len() as u32;
            }
            text.push_str(by);
            at = at.max(span.end);
        }
        text
    }

    /// The text of an expression that moves out of a statement to the front of it: less deep than it was.
    pub(super) fn moved_out(&self, expression: NodeId, statement: NodeId) -> String {
        let (text, place) = (self.text_of(expression), self.tree.span(expression));
        let own = self.indent(place.start);
        let less = own.len().saturating_sub(self.indent(self.tree.span(statement).start).len());
        if less == 0 || text.contains("\'\'\'") || text.contains("\"\"\"") {
            return text.to_owned();
        }
        let mut lines = text.split_inclusive('\n');
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |moved, line| {
            let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
            moved + line.get(less.min(blanks)..).unwrap_or_default()
        })
    }

    /// The new text, with ends of lines as the file has them.
    pub(super) fn with_own_newlines(&self, text: String) -> String {
        if !self.text.contains("\r\n") {
            return text;
        }
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    }

    /// The nodes below one, without what is in functions of their own.
    pub(super) fn own_descendants(&self, node: NodeId) -> Vec<NodeId> {
        let (mut found, mut open) = (Vec::new(), vec![node]);
        while let Some(node) = open.pop() {
            found.push(node);
            let is_function = matches!(self.tree.kind(node), "function_expression" | "local_function_declaration");
            if !is_function {
                open.extend(self.tree.children(node));
            }
        }
        found
    }

    /// The release of what an allocation gives, as it can be written at a place.
    pub(super) fn release(&self, way: &Way, place: Span, allocation: Option<NodeId>) -> Option<String> {
        if let Some(native) = &way.native {
            return Some(native.call.clone());
        }
        let given = allocation.and_then(|node| self.named_argument(node, "allocator"));
        let call = match given {
            Some(allocator) => {
                let call = format!("{}.free", allocator.rsplit('.').next()?);
                way.calls.iter().find(|known| **known == call)?
            }
            None => &way.usual,
        };
        let (object, method) = call.split_once('.')?;
        Some(format!("{}.{method}", self.visible(object, place)?))
    }

    /// What a call is given by that name.
    pub(super) fn named_argument(&self, call: NodeId, name: &str) -> Option<&'p str> {
        let arguments = self.tree.child(call, "arguments")?;
        let argument = self.tree.named_children(arguments).find(|&argument| {
            let label = self.tree.child_of_kind(argument, "label").map(|label| self.text_of(label));
            label.is_some_and(|label| label.trim_end_matches(':').trim() == name)
        })?;
        self.text_of(argument).split_once(':').map(|(_, value)| value.trim())
    }
}

/// Whether a comment says no more than that memory is released.
fn speaks_of_release(comment: &str) -> bool {
    let comment = comment.to_lowercase();
    ["free", "release", "clean up", "cleanup", "dispose"].iter().any(|word| comment.contains(word))
        && comment.split_whitespace().count() < 8
}
