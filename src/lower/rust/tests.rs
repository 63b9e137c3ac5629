//! Odd files: nothing panics, nothing recurses without a bound.

use crate::ir::Unit;
use crate::parse::{Limits, Refused};
use crate::source::FileId;

/// Lowers on a thread with the stack that programs have by default.
fn lower(text: String) -> Result<Unit, Refused> {
    let run = move || super::lower(FileId(0), &text, &Limits::default());
    let thread = std::thread::Builder::new().stack_size(8 * 1024 * 1024).spawn(run);
    thread.ok().and_then(|thread| thread.join().ok()).unwrap_or(Err(Refused::Grammar))
}

fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

#[test]
fn what_nests_too_deep_costs_its_item_alone() {
    let value = |value: &str| format!("fn f() {{ x = {value}; }}");
    for times in [100_usize, 250, 500, 630, 840, 1_200, 2_500, 20_000] {
        let texts = [
            value(&nested("!", "a", "", times)),
            value(&nested("&", "a", "", times)),
            value(&nested("- ", "1", "", times)),
            value(&nested("a + ", "1", "", times)),
            value(&nested("a = ", "1", "", times)),
            value(&nested("a..", "1", "", times)),
            value(&nested("|a, b| ", "1", "", times)),
            value(&nested("|| ", "1", "", times)),
            value(&nested("return ", "1", "", times)),
            value(&nested("a", "", ".b()", times)),
            value(&nested("a", "", ".b", times)),
            value(&nested("a", "", "?", times)),
            value(&nested("a", "", "()", times)),
            value(&nested("a", "", "[0]", times)),
            value(&nested("a", "", " as u8", times)),
            value(&nested("a", "", ".await", times)),
            value(&nested("a && b || ", "1", "", times)),
            value(&nested("if a {} else ", "{}", "", times)),
            value(&nested("if let A = ", "b", " {}", times)),
            value(&nested("match ", "b", " {}", times)),
            value(&nested("A::<", "b", ">", times)),
            format!("fn f(x: {}) {{}}", nested("A<u8, ", "B", ">", times)),
            format!("fn f(x: {}) {{}}", nested("<A as ", "B", ">", times)),
            format!("fn f(x: {}) {{}}", nested("*const ", "B", "", times)),
            format!("fn f(x: {}) {{}}", nested("fn() -> ", "B", "", times)),
            format!("fn f(x: {}) {{}}", nested("Fn() -> ", "B", "", times)),
            format!("fn f(x: {}) {{}}", nested("impl A + ", "B", "", times)),
            format!("fn f() {{ let {} = b; }}", nested("&", "a", "", times)),
            format!("fn f() {{ let {} = b; }}", nested("a @ ", "a", "", times)),
            format!("fn f() {{ let {} = b; }}", nested("A | ", "a", "", times)),
            format!("fn f() {{ {} }}", nested("#[a] ", "b", "", times)),
            format!("fn f() {{ {} }}", nested("'a: ", "loop {}", "", times)),
            format!("fn f() {{ m!({}) }}", nested("!", "b", "", times)),
            nested("pub ", "fn f() {}", "", times),
            nested("#[a] ", "fn f() {}", "", times),
            nested("use a::", "b;", "", times),
            format!("use {};", nested("a::", "b", "", times)),
        ];
        for text in texts {
            let start = text.chars().take(40).collect::<String>();
            let unit = lower(format!("{text}\nfn good() {{}}"));
            let functions = unit.map(|unit| unit.functions.iter().any(|it| it.name == "good"));
            assert_eq!(functions, Ok(true), "{times} times: {start}");
        }
    }
}

#[test]
fn brackets_that_nest_too_deep_refuse_the_file() {
    for (open, inner, close) in
        [("(", "a", ")"), ("{", "a", "}"), ("[", "a", "]"), ("f(", "a", ")"), ("if a {", "", "}")]
    {
        let text = |times| format!("fn f() {{ x = {} }}", nested(open, inner, close, times));
        assert!(lower(text(200)).is_ok_and(|unit| unit.functions.len() == 1), "{open}");
        for times in [300, 20_000] {
            assert!(matches!(lower(text(times)), Err(Refused::TooDeep { line: 1, .. })), "{open} {times}");
        }
    }
}

#[test]
fn the_deepest_nesting_allowed_fits_the_stack() {
    let forms = [
        ("f(|x| ", "a", ")"),
        ("match a { b => ", "c", "}"),
        ("match a { b if c => { ", "d", "} }"),
        ("unsafe { ", "a", "}"),
        ("async move { ", "a", "}.await"),
        ("if let Some(a) = b { ", "c", "} else { d }"),
        ("while a { ", "b", "}"),
        ("for a in b { let c = d(); ", "e", "}"),
        ("vec![a, ", "b", "]"),
        ("m!(a, ", "b", ")"),
        ("S { a: ", "b", "}"),
        ("a[", "b", "]"),
        ("a.b(", "c", ")?.d()"),
        ("{ let a = ", "b", "; a }"),
        ("{ fn f() { x = ", "b", "} f() }"),
        ("'a: loop { break 'a ", "b", "}"),
        ("&mut *(", "b", ")"),
        ("(|| ", "b", ")()"),
    ];
    for (open, inner, close) in forms {
        for times in [60, 120, 180, 250] {
            let text = format!("fn f() {{ x = {} }} fn good() {{}}", nested(open, inner, close, times));
            match lower(text) {
                Ok(unit) => assert!(unit.functions.iter().any(|it| it.name == "good"), "{open} {times}"),
                Err(refused) => assert!(matches!(refused, Refused::TooDeep { .. }), "{open} {times}"),
            }
        }
    }
}

#[test]
fn long_files_are_not_deep() {
    let statements = "if a.b() == *c && !d { e::<F<G>>(|x| x < 3, [1 << 2]); } match f { A | B => 1, C => -2, }\n";
    let items =
        "pub struct A<T> { a: Vec<T> } impl<T: B<C>> D for A<T> { fn e(&self) -> F<T> { g } } const H: u8 = 1 << 3;\n";
    let text = format!("fn f() {{ {} }} {}", statements.repeat(1_000), items.repeat(1_000));
    let unit = lower(text);
    assert!(unit.is_ok_and(|unit| unit.errors.is_empty() && unit.functions.len() > 3_000));
}

#[test]
fn spans_count_bytes_of_the_file() {
    for start in ["", "\u{feff}", "#!/usr/bin/env run\n", "\u{feff}#!/bin/ä\n", "// ä€𝄞\n"] {
        let text = format!("{start}/* ü */ fn größe() {{ \"ß\"; rufe(\"€\", b) }} #[a] pub fn zwei() {{ ) }}");
        for text in [text.replace(" )", ""), text] {
            let unit = super::lower(FileId(0), &text, &Limits::default());
            assert!(unit.is_ok(), "{text}");
            let Ok(unit) = unit else { continue };
            let slice = |span: crate::source::Span| text.get(span.start as usize..span.end as usize).unwrap_or("?");
            let names: Vec<&str> = unit.functions.iter().map(|it| slice(it.name_span)).collect();
            if unit.errors.is_empty() {
                assert_eq!(names, ["größe", "zwei"], "{text}");
                assert_eq!(unit.functions.get(1).map(|it| slice(it.span)), Some("#[a] pub fn zwei() { }"));
            }
        }
    }
}
