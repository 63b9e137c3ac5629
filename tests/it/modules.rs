//! TypeScript that binds nothing: no findings, no failures, and no parsing at all where no word speaks of a boundary.

use std::fmt::Write as _;

use crate::cli::{code, ffilint, json, project, stderr};
use crate::support::{Chance, Outcome};

/// How many modules are made.
const MODULES: usize = 500;

#[test]
fn modules_that_bind_nothing_have_no_findings() -> Outcome {
    let mut chance = Chance(7);
    let files: Vec<(String, String)> = (0..MODULES)
        .map(|at| (format!("src/{at:03}{}", if at % 3 == 0 { ".ets" } else { ".ts" }), module(at, &mut chance)))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let folder = project(&files)?;
    let output = ffilint(folder.path(), &["-v"])?;
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report = json(folder.path(), &[])?;
    assert_eq!(report["summary"]["functions"], 0, "{}", report["summary"]);

    // The same where each is parsed: a comment names the library.
    let parsed: Vec<_> = files.iter().map(|(name, text)| (*name, [b"// 'arkffi'\n", *text].concat())).collect();
    let parsed: Vec<_> = parsed.iter().map(|(name, text)| (*name, text.as_slice())).collect();
    let folder = project(&parsed)?;
    let report = json(folder.path(), &[])?;
    let summary = &report["summary"];
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0), "{}", report["findings"]);
    assert!(summary["functions"].as_u64() > Some(4 * MODULES as u64), "{summary}");
    assert_eq!(
        (&summary["incomplete"], summary["skipped"].as_array().map(Vec::len)),
        (&0.into(), Some(0)),
        "{summary}"
    );
    // Syntax errors are said there.
    assert_eq!(stderr(&ffilint(folder.path(), &[])?), "");
    Ok(())
}

/// Names that elsewhere mean memory: here each is a function of the program.
const NAMES: [&str; 12] =
    ["open", "close", "release", "create", "free", "alloc", "ptr", "dispose", "load", "destroy", "retain", "symbols"];

fn module(at: usize, chance: &mut Chance) -> String {
    let mut text = String::new();
    if at > 0 {
        let other = chance.below(at);
        let _ = writeln!(text, "import made, {{ Made{other}, {} as given }} from './{other:03}';", NAMES[other % 12]);
    }
    let _ = writeln!(text, "export interface Shape{at}<T> {{ readonly ptr: number; items?: T[]; close(): void; }}");
    let _ = writeln!(text, "export enum Kind{at} {{ First = 1, Second, Third = 'c' as any }}");
    let _ = writeln!(text, "type Either{at} = {{ ok: true; value: number }} | {{ ok: false; reason: string }};");
    let _ = writeln!(text, "export function {}(a: any, b: number = 1, ...rest: number[]): any {{", NAMES[at % 12]);
    block(&mut text, chance, 2);
    let _ = writeln!(text, "  return a;\n}}");
    let _ = writeln!(text, "export default async ({{ a, b = 2 }}: {{ a: any; b?: number }}, c?: () => void) => {{");
    block(&mut text, chance, 2);
    let _ = writeln!(text, "  return a ?? c;\n}};");
    let _ = writeln!(text, "export class Made{at}<T> implements Shape{at}<T> {{\n  static count = 0;\n  #hidden = 1;");
    let _ = writeln!(text, "  ptr = 0;\n  constructor(private readonly handle: number, public items: T[] = []) {{}}");
    for (number, name) in NAMES.iter().enumerate().skip(at % 4).step_by(3) {
        let kind = ["", "async ", "static ", "*"][number % 4];
        let _ = writeln!(text, "  {kind}{name}(a: any, b: number = 1): any {{");
        block(&mut text, chance, 2);
        let _ = writeln!(text, "  }}");
    }
    let _ = writeln!(text, "  get size(): number {{ return this.#hidden; }}\n  close(): void {{ this.ptr = 0; }}\n}}");
    text
}

fn block(text: &mut String, chance: &mut Chance, depth: usize) {
    for _ in 0..=chance.below(2) {
        statement(text, chance, depth);
    }
}

fn statement(text: &mut String, chance: &mut Chance, depth: usize) {
    let value = expression(chance, 2);
    let other = expression(chance, 1);
    let name = NAMES[chance.below(NAMES.len())];
    if depth == 0 {
        let _ = writeln!(text, "  b += Number({value});");
        return;
    }
    let (open, close) = match chance.below(13) {
        0 => (format!("{{ const {name} = {value}; let other = {name}; other = {other};"), "}"),
        1 => (format!("if ({value}) {{"), "} else b++;"),
        2 => (format!("for (let i = 0; i < b; i++) {{ if (a?.[i] === {other}) continue;"), "}"),
        3 => (format!("for (const {name} of [{value}, {other}]) {{ if (!{name}) break;"), "}"),
        4 => (format!("try {{ a.{name}?.({value});"), "} catch (error) { throw error; } finally { b = 0; }"),
        5 => (format!("switch (a) {{ case {other}: b = 1; break; default: {{"), "} }"),
        6 => (format!("outer: while (b-- > 0) {{ if ({value}) break outer;"), "}"),
        7 => (format!("{{ const {{ {name}, ...others }} = {value} as any; const [x, , y = 2] = others.list;"), "}"),
        8 => (format!("[1, 2].forEach((item, at) => {{ a.{name} = item + at;"), "});"),
        9 => (format!("setTimeout(function () {{ const {name} = {value};"), "}, 10);"),
        10 => (format!("do {{ a = {value};"), "} while (b < 3);"),
        11 => (format!("for (const key in {other} as any) {{ delete a[key];"), "}"),
        _ => (format!("Promise.resolve({value}).then(({name}) => {{"), "}).catch(() => {});"),
    };
    let _ = writeln!(text, "  {open}");
    block(text, chance, depth - 1);
    let _ = writeln!(text, "  {close}");
}

fn expression(chance: &mut Chance, depth: usize) -> String {
    let name = NAMES[chance.below(NAMES.len())];
    if depth == 0 {
        return ["a", "b", "1", "'text'", "null", "undefined", "`t${b}`", "/x+/g"][chance.below(8)].to_owned();
    }
    let left = expression(chance, depth - 1);
    let right = expression(chance, depth - 1);
    match chance.below(12) {
        0 => format!("({left} ?? {right})"),
        1 => format!("a.{name}({left}, {right})"),
        2 => format!("({left} ? {right} : a!.{name})"),
        3 => format!("[{left}, ...[{right}]]"),
        4 => format!("{{ {name}: {left}, ['k' + {right}]: b, a }}.{name}"),
        5 => format!("(({left}) as any)?.{name}?.[{right} as any]"),
        6 => format!("new Map<string, number>([['x', b]]).get({left} as string)"),
        7 => format!("((x: any) => x || {left})({right})"),
        8 => format!("typeof {left} === 'number' && {right} !== undefined"),
        9 => format!("(void {left}, !{right})"),
        10 => format!("(a.{name} = {left})"),
        _ => format!("new Uint8Array([{left} as any, b]).buffer"),
    }
}
