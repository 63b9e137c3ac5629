//! Dart text → tree.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tree_sitter::{Language, ParseOptions, Parser};

use super::{Limits, Names, Parsed, Refused, Tree};
use crate::source::Span;

mod comments;

/// A longer run of odd bytes on one line makes one call of the lexer quadratic, in which the deadline is not asked
/// for: 64 kB take 11 s. The longest run in 26,774 real files has 550 bytes.
const ODD_RUN: usize = 4096;

/// Many shorter runs in one such call add up. The sum of their squares is what the call costs: this is about a second.
const ODD_COST: usize = 16 * ODD_RUN * ODD_RUN;

/// Parses one file.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Parsed<'t>, Refused> {
    check(text, limits)?;
    // A sixth of the usual speed, so that a busy machine gives the same answer as an idle one.
    let time = limits.time + Duration::from_micros(text.len() as u64);
    let (tree, errors) = flatten(text.as_bytes(), text, time)?;
    if !comments::swallows(&tree) {
        return Ok(Parsed { tree, errors });
    }
    drop(tree);
    let cured = comments::blank_block_openers(text);
    let (tree, errors) = flatten(&cured, text, time)?;
    Ok(Parsed { tree, errors })
}

fn check(text: &str, limits: &Limits) -> Result<(), Refused> {
    let limit = limits.bytes.min(u32::MAX as usize - 1);
    if text.len() > limit {
        return Err(Refused::TooLarge { bytes: text.len(), limit });
    }
    if let Some(offset) = memchr::memchr(0, text.as_bytes()) {
        return Err(Refused::Binary { offset });
    }
    let (mut line, mut run, mut cost) = (1, 0_usize, 0_usize);
    for &byte in text.as_bytes() {
        match byte {
            b'`' | 0..=8 | 0xb..=0xc | 0xe..=0x1f | 0x7f.. => {
                run += 1;
                // The squares of a run's lengths differ by the odd numbers.
                cost += 2 * run - 1;
                if run >= ODD_RUN || cost > ODD_COST {
                    return Err(Refused::OddRun { line, bytes: run });
                }
            }
            _ => {
                line += usize::from(byte == b'\n');
                run = 0;
            }
        }
    }
    Ok(())
}

fn flatten<'t>(source: &[u8], text: &'t str, time: Duration) -> Result<(Tree<'t>, Vec<Span>), Refused> {
    thread_local! {
        static PARSER: RefCell<Option<Parser>> = const { RefCell::new(None) };
    }
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    static NAMES: OnceLock<Names> = OnceLock::new();
    let language = LANGUAGE.get_or_init(|| tree_sitter_dart::LANGUAGE.into());
    let names = NAMES.get_or_init(|| Names::of(language));

    PARSER.with_borrow_mut(|slot| {
        if slot.is_none() {
            let mut parser = Parser::new();
            parser.set_language(language).map_err(|_| Refused::Grammar)?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut().ok_or(Refused::Grammar)?;
        let deadline = Instant::now() + time;
        let mut in_time = |_: &tree_sitter::ParseState| match Instant::now() < deadline {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let options = ParseOptions::new().progress_callback(&mut in_time);
        let mut read = |at: usize, _| source.get(at..).unwrap_or(&[]);
        let Some(tree) = parser.parse_with_options(&mut read, None, Some(options)) else {
            // Else the next parse would go on with this text.
            parser.reset();
            return Err(Refused::TooSlow { limit: time });
        };
        Ok(Tree::flatten(&tree, text, names))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        parse(text, &Limits::default()).map_or(usize::MAX, |parsed| parsed.errors.len())
    }

    #[test]
    fn block_opener_in_line_comment_swallows_nothing() {
        let text =
            "// see /* there\nvoid f() {}\nfinal s = 'http://x'; /* a */ int g() => 1; // */\n/// */\nvoid h() {}\n";
        let parsed = parse(text, &Limits::default()).ok();
        let kinds: Vec<_> = parsed
            .iter()
            .flat_map(|parsed| parsed.tree.named_children(parsed.tree.root()).map(|node| parsed.tree.text(node)))
            .collect();
        assert_eq!(kinds, ["void f() {}", "final s = 'http://x';", "int g() => 1;", "void h() {}"]);
        let comment = parsed.iter().find_map(|parsed| {
            parsed.tree.child_of_kind(parsed.tree.root(), "comment").map(|node| parsed.tree.text(node))
        });
        assert_eq!(comment, Some("// see /* there"));
    }

    #[test]
    fn syntax_errors_are_kept_and_marked() {
        assert_eq!(errors("void f() {}"), 0);
        let text = "void f() {}\nvoid g() { f(; }\nvoid h() {}";
        let Ok(Parsed { tree, errors }) = parse(text, &Limits::default()) else { return assert!(text.is_empty()) };
        assert_eq!(errors.len(), 1);
        let broken: Vec<_> = tree.named_children(tree.root()).map(|node| tree.is_broken(node)).collect();
        assert_eq!(broken, [false, true, false]);
    }

    #[test]
    fn refuses_what_would_take_too_long() {
        let limits = Limits::default();
        let refused = |text: &str| parse(text, &limits).err();
        assert_eq!(refused("int a;\n\0"), Some(Refused::Binary { offset: 7 }));
        assert_eq!(refused(&format!("\n// {}", "é".repeat(3000))), Some(Refused::OddRun { line: 2, bytes: 4096 }));
        let lines = format!("{}\n", "é".repeat(2000)).repeat(1000);
        assert!(matches!(refused(&lines), Some(Refused::OddRun { .. })));
        let size = limits.bytes + 1;
        assert_eq!(refused(&" ".repeat(size)), Some(Refused::TooLarge { bytes: size, limit: limits.bytes }));
        let short = Limits { time: Duration::from_millis(50), ..limits };
        assert!(matches!(parse(&"{".repeat(200_000), &short), Err(Refused::TooSlow { .. })));
        assert_eq!(errors("int a = 1;"), 0, "the parser is usable after it was stopped");
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let text = format!("void f() {}{}", "{".repeat(20_000), "}".repeat(20_000));
        let Ok(Parsed { tree, errors }) = parse(&text, &Limits::default()) else { return };
        assert!(errors.is_empty());
        assert!(tree.height(tree.root()) >= 20_000);
    }
}
