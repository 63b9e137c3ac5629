//! TypeScript text → tree; ArkTS is read as TypeScript with what it adds overwritten.

use std::time::Duration;

use super::grammar::{self, Grammar};
use super::{Limits, Parsed, Refused, Tree};
use crate::source::Span;

mod arkts;

/// Parses one file.
///
/// What the grammar does not know (components and builders of ArkTS, `using`) is written otherwise before it is read.
/// The texts of nodes are those of the file: a declaration whose first word reads `using` is one.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'t>(text: &'t str, limits: &Limits) -> Result<Parsed<'t>, Refused> {
    grammar::check(text, limits)?;
    let Some(plain) = arkts::written_plainly(text) else {
        let (tree, errors) = flatten(text.as_bytes(), text, limits.time)?;
        return Ok(Parsed { tree, errors });
    };
    let (tree, errors) = flatten(&plain, text, limits.time)?;
    if errors.is_empty() {
        return Ok(Parsed { tree, errors });
    }
    let count = errors.len();
    drop(tree);
    // What was taken for ArkTS may be something else.
    let (as_is, errors_as_is) = flatten(text.as_bytes(), text, limits.time)?;
    if errors_as_is.len() < count {
        return Ok(Parsed { tree: as_is, errors: errors_as_is });
    }
    drop(as_is);
    let (tree, errors) = flatten(&plain, text, limits.time)?;
    Ok(Parsed { tree, errors })
}

fn flatten<'t>(source: &[u8], text: &'t str, time: Duration) -> Result<(Tree<'t>, Vec<Span>), Refused> {
    grammar::flatten(Grammar::TypeScript, source, text, time)
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
