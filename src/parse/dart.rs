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

/// A longer run of the same sign on one line that nothing closes is refused at once. In an error state the grammar's
/// lexer looks at the rest of the line for each token, so that a line of 20,000 `{` takes 2 s.
const UNCLOSED_RUN: usize = 4096;

/// How often the parser may ask whether to go on, which it does every 100 steps: plainly and for each byte. Real files
/// take 0.02 to 0.08 for each byte, the worst valid one found (20,000 parentheses around a value) 0.16.
const STEPS: usize = 10_000;
const BYTES_A_STEP: usize = 4;

/// The sum, over these questions in an error state, of the bytes to the end of the line. A million takes about a second.
const ERROR_COST: usize = 3_000_000;

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

/// How much the parser has done, in numbers that no other load of the machine changes.
struct Work<'s> {
    source: &'s [u8],
    steps: usize,
    error_cost: usize,
}

impl Work<'_> {
    /// Whether there is more than any real file asks for.
    fn is_too_much(&mut self, state: &tree_sitter::ParseState) -> bool {
        self.steps += 1;
        if state.has_error() {
            let rest = self.source.get(state.current_byte_offset()..).unwrap_or(&[]);
            self.error_cost += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
        self.error_cost > ERROR_COST || self.steps > STEPS + self.source.len() / BYTES_A_STEP
    }
}

fn flatten<'t>(source: &[u8], text: &'t str, time: Duration) -> Result<(Tree<'t>, Vec<Span>), Refused> {
    thread_local! {
        static PARSER: RefCell<Option<Parser>> = const { RefCell::new(None) };
    }
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    static NAMES: OnceLock<Names> = OnceLock::new();
    let language = LANGUAGE.get_or_init(|| tree_sitter_dart::LANGUAGE.into());
    let names = NAMES.get_or_init(|| Names::of(language, tree_sitter_dart::NODE_TYPES));

    PARSER.with_borrow_mut(|slot| {
        if slot.is_none() {
            let mut parser = Parser::new();
            parser.set_language(language).map_err(|_| Refused::Grammar)?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut().ok_or(Refused::Grammar)?;
        let deadline = Instant::now() + time;
        let mut work = Work { source, steps: 0, error_cost: 0 };
        let mut given_up = None;
        let mut go_on = |state: &tree_sitter::ParseState| {
            if work.is_too_much(state) {
                let before = source.get(..state.current_byte_offset()).unwrap_or(source);
                given_up = Some(Refused::TooCostly { line: 1 + memchr::memchr_iter(b'\n', before).count() });
            } else if Instant::now() >= deadline {
                given_up = Some(Refused::TooSlow { limit: time });
            }
            if given_up.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let mut read = |at: usize, _| source.get(at..).unwrap_or(&[]);
        let Some(tree) = parser.parse_with_options(&mut read, None, Some(options)) else {
            // Else the next parse would go on with this text.
            parser.reset();
            return Err(given_up.unwrap_or(Refused::TooSlow { limit: time }));
        };
        Tree::flatten(&tree, text, names, deadline).ok_or(Refused::TooSlow { limit: time })
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
