//! The two forms of a suppression, each as its readers know it.
//!
//! Dart's own, `// ignore: ffilint/rule reason` and `// ignore_for_file:`, is read as Dart's analyzer reads it
//! (`package:analyzer`, `ignore_comments/ignore_info.dart`): names between commas, in any case, then text; alone on its
//! line it speaks of the next line, whatever that is. In every language `// ffilint: ignore[rule, rule] reason` and
//! `// ffilint: file-ignore[rule] reason`; alone on its line that speaks of the next line that is code.

use crate::config;
use crate::ir::Comment;
use crate::language::Language;
use crate::rules;
use crate::source::{SourceFile, Span};

/// Under this name Dart's comments speak of ffilint.
const PLUGIN: &str = "ffilint";

/// One name in a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The rule; there is one of that name.
    pub(super) rule: String,
    /// The name, bytes of the file.
    pub(super) span: Span,
    pub(super) extent: Extent,
    /// What follows the names.
    pub(super) reason: Option<String>,
}

/// Of what a comment speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// A line, from 0.
    Line(u32),
    /// The whole file.
    File,
}

/// What the comments of a file say.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) marks: Vec<Mark>,
    /// What cannot be understood, with what to say of it.
    pub(super) wrong: Vec<(Span, String)>,
}

/// Reads the comments of a file.
pub(super) fn read(comments: &[Comment], language: Language, source: &SourceFile) -> Read {
    let mut read = Read::default();
    for comment in comments {
        let dart = if language == Language::Dart { dart(comment, source) } else { None };
        if let Some(said) = dart.or_else(|| own(comment, source, &mut read.wrong)) {
            add(said, &mut read);
        }
    }
    read
}

/// A comment that names rules.
struct Said {
    names: Vec<(String, Span)>,
    extent: Extent,
    reason: Option<String>,
    /// Whether the names are rules of ffilint alone.
    is_ours: bool,
}

fn add(said: Said, read: &mut Read) {
    for (written, span) in said.names {
        let ours = written.strip_prefix(PLUGIN).and_then(|rest| rest.strip_prefix('/'));
        let rule = ours.unwrap_or(&written);
        if rules::find(rule).is_some() {
            let (rule, extent, reason) = (rule.to_owned(), said.extent, said.reason.clone());
            read.marks.push(Mark { rule, span, extent, reason });
        } else if said.is_ours || ours.is_some() {
            let meant = config::meant(rule, rules::names().into_iter());
            if rule == "all" {
                let why = "`all` would hide what is yet to come: name the rules";
                read.wrong.push((span, why.to_owned()));
                continue;
            }
            read.wrong.push((span, format!("there is no rule `{}`{meant}", config::short(rule))));
        }
    }
}

/// `// ignore: a, plugin/b text`
fn dart(comment: &Comment, source: &SourceFile) -> Option<Said> {
    let text = comment.text.as_str();
    let after_sign = text.strip_prefix("//")?;
    let said = after_sign.trim_start_matches('/').trim_start_matches(' ');
    let line = source.lines().line(comment.span.start);
    let extent = if said.starts_with("ignore:") {
        Extent::Line(line + u32::from(comment.alone))
    } else if after_sign.trim_start_matches(' ').starts_with("ignore_for_file:") {
        Extent::File
    } else {
        return None;
    };
    let from = text.find(':')? + 1;
    let (names, reason) = dart_names(text.get(from..)?);
    let at = |range: std::ops::Range<usize>| {
        let start = comment.span.start + (from + range.start) as u32;
        Span::new(start, start + range.len() as u32)
    };
    let names = names.into_iter().map(|(name, range)| (name, at(range))).collect();
    Some(Said { names, extent, reason, is_ours: false })
}

/// The names of a list, in lower case, each with its place, and the text behind them.
fn dart_names(list: &str) -> (Vec<(String, std::ops::Range<usize>)>, Option<String>) {
    let mut names = Vec::new();
    let mut at = 0;
    let reason = |at: usize| {
        let text = list.get(at..).unwrap_or_default().trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    loop {
        at += blanks(list, at);
        let start = at;
        at += word(list, at);
        if at == start {
            let reason = if names.is_empty() { None } else { reason(start) };
            return (names, reason);
        }
        let is_type = list.get(start..at).is_some_and(|word| word.eq_ignore_ascii_case("type"));
        let mark = if is_type { '=' } else { '/' };
        let joined = at + if is_type { blanks(list, at) } else { 0 };
        if list.get(joined..).is_some_and(|rest| rest.starts_with(mark)) {
            let second = joined + 1 + if is_type { blanks(list, joined + 1) } else { 0 };
            at = second + word(list, second);
            if at == second {
                return (names, reason(start));
            }
        } else if is_type {
            return (names, None);
        }
        if list.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|next| !matches!(next, ' ' | '\t' | ',')) {
            let reason = if names.is_empty() { None } else { reason(start) };
            return (names, reason);
        }
        // `type=lint` silences the lints of a file without naming one: a blanket.
        if !is_type {
            names.push((list.get(start..at).unwrap_or_default().to_lowercase(), start..at));
        }
        at += blanks(list, at);
        if !list.get(at..).is_some_and(|rest| rest.starts_with(',')) {
            return (names, reason(at));
        }
        at += 1;
    }
}

fn blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// How long the word is that begins at a place: a letter, then letters, digits and `_`.
fn word(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// `// ffilint: ignore[a, b] text`
fn own(comment: &Comment, source: &SourceFile, wrong: &mut Vec<(Span, String)>) -> Option<Said> {
    let text = comment.text.as_str();
    let inner = text.strip_prefix("/*").and_then(|inner| inner.strip_suffix("*/")).unwrap_or(text);
    let directive = inner.trim_start_matches(['/', '*', '!']).trim_start().strip_prefix("ffilint:")?.trim_start();
    let (rest, is_file) = match directive.strip_prefix("file-ignore") {
        Some(rest) => (rest, true),
        None => (directive.strip_prefix("ignore")?, false),
    };
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
        return None;
    }
    let listed = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let Some((list, reason)) = listed.filter(|(list, _)| !list.trim().is_empty()) else {
        let form = if is_file { "file-ignore" } else { "ignore" };
        wrong.push((comment.span, format!("`{form}` names no rule; write `ffilint: {form}[rule] reason`")));
        return None;
    };
    // All of it is a part of the comment.
    let offset = |part: &str| (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) as u32;
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names = names.map(|name| {
        let start = comment.span.start + offset(name);
        (name.to_owned(), Span::new(start, start + name.len() as u32))
    });
    let reason = reason.trim().trim_start_matches([':', '-', '–', '—']).trim();
    let line = source.lines().line(comment.span.start);
    let extent = match (is_file, comment.alone) {
        (true, _) => Extent::File,
        (false, false) => Extent::Line(line),
        (false, true) => Extent::Line(next_code(source, comment.span.end)),
    };
    Some(Said {
        names: names.collect(),
        extent,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        is_ours: true,
    })
}

/// The first line behind a comment that is neither blank nor a line comment.
fn next_code(source: &SourceFile, end: u32) -> u32 {
    let first = source.lines().line(end) + 1;
    let text = source.text.get(source.lines().start(first) as usize..).unwrap_or_default();
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let skipped = text.lines().take_while(|line| !is_code(line)).count();
    first + u32::try_from(skipped).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> (Vec<String>, Option<String>) {
        let (names, reason) = dart_names(list);
        (names.into_iter().map(|(name, _)| name).collect(), reason)
    }

    #[test]
    fn lists_are_read_as_dart_reads_them() {
        let read = |list: &str| {
            let (names, reason) = names(list);
            format!("{}|{}", names.join(" "), reason.unwrap_or_default())
        };
        assert_eq!(read(" foo,bar"), "foo bar|");
        assert_eq!(read("ffilint/Double_Free , b because"), "ffilint/double_free b|because");
        assert_eq!(read(" foo, "), "foo|");
        assert_eq!(read(" foo,,"), "foo|,");
        assert_eq!(read(" type=lint, foo"), "foo|");
        assert_eq!(read(" type = lint foo"), "|foo");
        assert_eq!(read(" http://example.com"), "|");
        assert_eq!(read(" a, http://x"), "a|http://x");
        assert_eq!(read(" double_free."), "|");
        assert_eq!(read(" ffilint/"), "|ffilint/");
        assert_eq!(read(""), "|");
    }
}
