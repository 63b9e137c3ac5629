//! TypeScript text → tree; ArkTS is read as TypeScript with what it adds overwritten.

use super::grammar::{self, Grammar};
use super::{Limits, Parsed, Refused};

mod arkts;

/// Parses one file.
///
/// What the grammar does not know (components and builders of ArkTS, `using`) is written otherwise before it is read;
/// what is no TypeScript so may be with elements.
/// The texts of nodes are those of the file: a declaration whose first word reads `using` is one.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Parsed<'t>, Refused> {
    grammar::check(text, limits)?;
    let (as_is, plain) = (text.as_bytes(), arkts::written_plainly(text));
    let mut ways = vec![(Grammar::TypeScript, plain.as_deref().unwrap_or(as_is))];
    // What was taken for ArkTS may be something else.
    ways.extend(plain.as_ref().map(|_| (Grammar::TypeScript, as_is)));
    ways.extend(may_have_elements(as_is).then_some((Grammar::Tsx, as_is)));
    let mut best = (usize::MAX, 0);
    for (at, &(grammar, source)) in ways.iter().enumerate() {
        let (tree, errors) = grammar::flatten(grammar, source, text, limits.time)?;
        if errors.is_empty() || ways.len() == 1 {
            return Ok(Parsed { tree, errors });
        }
        if errors.len() < best.0 {
            best = (errors.len(), at);
        }
    }
    let &(grammar, source) = ways.get(best.1).unwrap_or(&(Grammar::TypeScript, as_is));
    let (tree, errors) = grammar::flatten(grammar, source, text, limits.time)?;
    Ok(Parsed { tree, errors })
}

/// Whether there may be elements (`<a>…</a>`, `<a/>`) in a file.
fn may_have_elements(text: &[u8]) -> bool {
    [b"</", b"/>"].iter().any(|sign| memchr::memmem::find(text, *sign).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        parse(text, &Limits::default()).map_or(usize::MAX, |parsed| parsed.errors.len())
    }

    #[test]
    fn components_of_arkts_are_read() {
        let page = "@Entry\n@Component\nstruct Index {\n  @State message: string = 'a';\n  build() {\n    \
                    Column({ space: 4 }) {\n      Button('b')\n        .onClick(() => {\n          let n = 1;\n        })\n      \
                    if (this.message) {\n        Text(this.message)\n      }\n      ForEach(this.all, (item: string) => {\n        \
                    ListItem() {\n          Text(item)\n        }\n        .height(1)\n      })\n    }\n    .height('100%')\n    \
                    .width('100%')\n  }\n}\n";
        assert_eq!(errors(page), 0);
        assert_eq!(errors("@Builder\nfunction row(a: number) {\n  Row() {\n    Text('x')\n  }\n}\n"), 0);
        assert_eq!(errors("@Extend(Text)\nfunction big() {\n  .fontSize(30)\n  .width(1)\n}\n"), 0);
    }

    #[test]
    fn decorators_may_stand_on_the_line_of_what_they_decorate() {
        let page = "@Component struct A { build() { Text('a') } } @Entry @Component export struct B { build() {} }\n\
                    @Component({ freezeWhenInactive: true }) struct 页面 { 数: number = 1; build() { 行() { Text('b') } } }\n";
        assert_eq!(errors(page), 0);
        assert_eq!(errors("@Concurrent function f() {}\n@Concurrent\nexport async function g() {}\n"), 0);
        assert_eq!(errors("@Sendable class A { @Prop struct: number = 1; }\n"), 0);
    }

    #[test]
    fn elements_are_read() {
        assert_eq!(errors("const a = <T,>(x: T) => <p title=\"b\">{f(x)} it's <br/></p>;\n"), 0);
        assert_eq!(errors("const a = <number>b; // </a>\n"), 0);
    }

    #[test]
    fn using_is_read() {
        assert_eq!(errors("function f() {\n  using a = g();\n  await using b = g();\n}\n"), 0);
    }

    #[test]
    fn what_looks_alike_is_left_alone() {
        let text = "class A { b() { return { c() { return 1; } } } get d() { return /[)] {/.test(`${1}) {`); } }\n";
        assert_eq!(errors(text), 0);
        assert!(errors("let x = {;\nstruct = 3;\n") > 0);
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let text = format!("function f() {}{}", "{".repeat(20_000), "}".repeat(20_000));
        let Ok(Parsed { tree, errors }) = parse(&text, &Limits::default()) else { return };
        assert!(errors.is_empty());
        assert!(tree.height(tree.root()) >= 20_000);
    }
}
