//! Dart text → tree.

use std::time::Duration;

use super::grammar::{self, Grammar};
use super::{Limits, Parsed, Refused, Tree};
use crate::source::Span;

mod comments;

/// A longer run of odd bytes on one line makes one call of the lexer quadratic, in which the deadline is not asked
/// for: 64 kB take 11 s. The longest run in 26,774 real files has 550 bytes.
const ODD_RUN: usize = 4096;

/// Many shorter runs in one such call add up. The sum of their squares is what the call costs: this is about a second.
const ODD_COST: usize = 16 * ODD_RUN * ODD_RUN;

/// A longer run of the same sign on one line that nothing closes is refused at once. In an error state the grammar's
/// lexer looks at the rest of the line for each token, so that a line of 20,000 `{` takes 2 s.
const UNCLOSED_RUN: usize = 4096;

/// Parses one file.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Parsed<'t>, Refused> {
    check(text, limits)?;
    let time = limits.time;
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
    grammar::check(text, limits)?;
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
    match unclosed_run(text.as_bytes()) {
        Some(refused) => Err(refused),
        None => Ok(()),
    }
}

/// A run of brackets longer than all their partners in the file, or of signs that never follow themselves so often.
fn unclosed_run(text: &[u8]) -> Option<Refused> {
    let mut at = 0;
    while let Some(&sign) = text.get(at) {
        // One look every half length cannot miss a run.
        let partner = match sign {
            b'{' => Some(b'}'),
            b'}' => Some(b'{'),
            b'[' => Some(b']'),
            b']' => Some(b'['),
            b'(' => Some(b')'),
            b')' => Some(b'('),
            b'<' => Some(b'>'),
            b'>' => Some(b'<'),
            b'?' | b'@' => None,
            _ => {
                at += UNCLOSED_RUN / 2;
                continue;
            }
        };
        let before = text.get(..at)?.iter().rev().take_while(|&&byte| byte == sign).count();
        let after = text.get(at..)?.iter().take_while(|&&byte| byte == sign).count();
        let times = before + after;
        let partners = || partner.map_or(0, |partner| memchr::memchr_iter(partner, text).count());
        if times >= UNCLOSED_RUN && partners() < times {
            let line = 1 + memchr::memchr_iter(b'\n', text.get(..at)?).count();
            return Some(Refused::Unclosed { line, sign: char::from(sign), times });
        }
        at += after.max(UNCLOSED_RUN / 2);
    }
    None
}

fn flatten<'t>(source: &[u8], text: &'t str, time: Duration) -> Result<(Tree<'t>, Vec<Span>), Refused> {
    grammar::flatten(Grammar::Dart, source, text, time)
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
        let none = Limits { time: Duration::ZERO, ..limits };
        assert!(matches!(parse(&"int a = 1;\n".repeat(1000), &none), Err(Refused::TooSlow { .. })));
        assert_eq!(errors("int a = 1;"), 0, "the parser is usable after it was stopped");
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let text = format!("void f() {}{}", "{".repeat(20_000), "}".repeat(20_000));
        let Ok(Parsed { tree, errors }) = parse(&text, &Limits::default()) else { return };
        assert!(errors.is_empty());
        assert!(tree.height(tree.root()) >= 20_000);
    }

    #[test]
    fn unclosed_runs_are_refused_at_once() {
        let refused = |text: &str| parse(text, &Limits::default()).err();
        for sign in ['{', '[', '(', '<', ')', '}', '?', '@'] {
            let run = format!("int a;\n  {}", sign.to_string().repeat(1_000_000));
            assert_eq!(refused(&run), Some(Refused::Unclosed { line: 2, sign, times: 1_000_000 }));
        }
        assert!(matches!(refused(&"{".repeat(UNCLOSED_RUN)), Some(Refused::Unclosed { .. })));
        assert_eq!(refused(&"{".repeat(UNCLOSED_RUN - 1)), None);
    }

    #[test]
    fn work_is_counted_rather_than_timed() {
        let slow = "[<".repeat(500_000);
        let refused = parse(&slow, &Limits::default()).err();
        assert_eq!(refused, Some(Refused::TooCostly { line: 1 }));
        let functions = "void f(a){ if(a){a();} }\n".repeat(150_000);
        assert_eq!(errors(&functions), 0);
    }

    #[test]
    fn long_hidden_repeats_stay_linear() {
        let limits = Limits { time: Duration::from_secs(8), ..Limits::default() };
        let cascade = format!("void f(a) {{ a{}; }}", "..b()".repeat(40_000));
        assert!(parse(&cascade, &limits).is_ok());
        let pattern = format!("void f(a) {{ switch (a) {{ case {}1{}: }} }}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(parse(&pattern, &limits).is_ok());
    }

    #[test]
    fn fields_are_found_in_every_kind_of_list() {
        let text = "void f(a) { for (var i = 0; i < 1; i++, a++) {} a..b = 1..c(2); try {} on C {} }";
        let Ok(Parsed { tree, .. }) = parse(text, &Limits::default()) else { return assert!(text.is_empty()) };
        let of = |field| tree.descendants(tree.root()).filter(|&node| tree.field(node) == Some(field)).count();
        assert_eq!([of("init"), of("condition"), of("update"), of("body")].map(|count| count > 0), [true; 4]);
    }
}
