//! C and C++ text → tree.
//!
//! The grammars know no preprocessor, and glue code is full of it: the plugin template's own `FFI_PLUGIN_EXPORT int f()`
//! is a syntax error. So the text is prepared first, every byte keeping its place: macros that stand for attributes
//! become blanks and are remembered, `#if` chains are sorted out, other directives become blanks, and of Objective-C
//! remains what is C.

use rustc_hash::{FxHashMap, FxHashSet};

use super::grammar::{self, Grammar};
use super::{Limits, Parsed, Refused};
use crate::source::Span;

mod attributes;
mod brackets;
mod chains;
mod conditions;
mod data;
mod expansions;
mod lex;
mod macros;
mod names;
mod objective;
mod prepare;

pub use conditions::{Truth, integer};
pub use expansions::Expansion;
pub use objective::Given;
pub use prepare::{Define, Include, Marker, MarkerKind, Prepared};

/// Which of the two grammars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// C.
    C,
    /// C++.
    Cpp,
}

/// Readies a file for [`parse`].
///
/// # Errors
///
/// A file that breaks one of the limits is refused.
pub fn prepare(text: &str, dialect: Dialect, limits: &Limits) -> Result<Prepared, Refused> {
    grammar::check(text, limits)?;
    Ok(prepare::prepare(text, dialect, &FxHashSet::default()))
}

/// Readies a file once more after [`parse`] found these errors: a chain of whole statements may still stand where the
/// grammar allows none, and then one branch of it must do. Nothing where no chain is near an error. An error that is
/// half of the file is near all of them and says nothing of any.
#[must_use]
pub fn prepare_again(text: &str, prepared: &Prepared, errors: &[Span]) -> Option<Prepared> {
    let tells = |error: &&Span| ((error.end - error.start) as usize) < text.len() / 2 || text.len() < SMALL;
    let errors = errors.iter().filter(tells);
    let cut: FxHashSet<u32> = errors.filter_map(|&error| innermost(&prepared.kept, error)).collect();
    (!cut.is_empty()).then(|| prepare::prepare(text, prepared.dialect, &cut))
}

/// Parses a prepared file.
///
/// # Errors
///
/// A file that breaks one of the limits is refused; syntax errors are not errors here.
pub fn parse<'p>(prepared: &'p Prepared, limits: &Limits) -> Result<Parsed<'p>, Refused> {
    let text = prepared.text.as_str();
    let (tree, errors) = grammar::flatten(grammar_of(prepared.dialect), text.as_bytes(), text, limits.time)?;
    Ok(Parsed { tree, errors })
}

/// A file so small that another try costs nothing.
const SMALL: usize = 64 * 1024;

fn grammar_of(dialect: Dialect) -> Grammar {
    match dialect {
        Dialect::C => Grammar::C,
        Dialect::Cpp => Grammar::Cpp,
    }
}

/// The smallest chain that an error lies in or touches, by where it begins.
fn innermost(chains: &[Span], error: Span) -> Option<u32> {
    let touches = |chain: &&Span| chain.start <= error.end && error.start <= chain.end;
    chains.iter().filter(touches).min_by_key(|chain| chain.end - chain.start).map(|chain| chain.start)
}

/// Bytes of the text to be, changed in place.
struct Edits {
    bytes: Vec<u8>,
}

impl Edits {
    /// Blanks a stretch, lines kept.
    fn blank(&mut self, start: usize, end: usize) {
        for byte in self.bytes.iter_mut().take(end).skip(start) {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Blanks a stretch into a single line.
    fn blank_line(&mut self, start: usize, end: usize) {
        for byte in self.bytes.iter_mut().take(end).skip(start) {
            *byte = b' ';
        }
    }

    /// Writes at a place.
    fn write(&mut self, start: usize, text: &[u8]) {
        for (byte, &new) in self.bytes.iter_mut().skip(start).zip(text) {
            *byte = new;
        }
    }
}

/// What a macro of the file is defined to.
type Defines<'t> = FxHashMap<&'t str, Vec<&'t str>>;

/// The comments of a text, those of lines of the preprocessor too, in order.
#[must_use]
pub fn comments(text: &str) -> Vec<Span> {
    lex::comments(text).into_iter().map(|(start, end)| Span::new(start as u32, end as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str, dialect: Dialect) -> String {
        prepare(text, dialect, &Limits::default()).map_or_else(|refused| refused.to_string(), |prepared| prepared.text)
    }

    fn errors(text: &str, dialect: Dialect) -> usize {
        let limits = Limits::default();
        let Ok(prepared) = prepare(text, dialect, &limits) else { return usize::MAX };
        let Ok(parsed) = parse(&prepared, &limits) else { return usize::MAX };
        let again = prepare_again(text, &prepared, &parsed.errors);
        let again = again.and_then(|again| Some(parse(&again, &limits).ok()?.errors.len()));
        again.unwrap_or(usize::MAX).min(parsed.errors.len())
    }

    #[test]
    fn attributes_become_blanks_in_their_places() {
        let text = "FFI_PLUGIN_EXPORT int f(int a) { return a; }\n__declspec(dllexport) void WINAPI g(void);\n";
        let blanked = prepared(text, Dialect::C);
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.find("int f"), text.find("int f"));
        assert!(!blanked.contains("EXPORT") && !blanked.contains("WINAPI"), "{blanked}");
        let plain = "int API_LEVEL = FOO_API; int x = MAX(a, b) + MIN_API;\n";
        assert_eq!(prepared(plain, Dialect::C), plain);
    }

    #[test]
    fn what_glue_code_writes_is_no_error() {
        for text in [
            "#define EXPORT extern \"C\" __attribute__((visibility(\"default\"))) __attribute__((used))\nEXPORT int f() { return 1; }",
            "JNIEXPORT jint JNICALL Java_a_B_c(JNIEnv *env, jobject self) { return 0; }",
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\nvoid f();\n#ifdef __cplusplus\n}\n#endif",
            "void f() { if (a) {\n#ifdef X\n g(); } else {\n#endif\n h(); } }",
            "class API_EXPORT A : public B { Q_OBJECT\n public:\n A(); };",
            "void f() { LOG(x)\n g(); }\nDEFINE_THING(a, b)\nint h;",
            "GLOBAL(void)\nf(T t)\n{ g(t); }",
            "using F = BOOL __stdcall(HWND window);",
            "char **f(int n) { return new char *[n]; }",
            "void f() { for_each(a, b) { g(a); } }",
        ] {
            assert_eq!(errors(text, Dialect::Cpp), 0, "{text}");
        }
    }

    #[test]
    fn data_is_not_parsed() {
        let numbers = "0x7f, -1, 'a', 1.5f,\n".repeat(1_000);
        let text = format!("static const unsigned char data[] = {{\n{numbers}}};\nint after;\n");
        let blanked = prepared(&text, Dialect::Cpp);
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.lines().count(), text.lines().count());
        assert_eq!(blanked.find("int after"), text.find("int after"));
        assert_eq!(
            blanked.split_whitespace().collect::<Vec<_>>().join(" "),
            "static const unsigned char data[] = { 0x7f }; int after;"
        );
        assert_eq!(errors(&text, Dialect::Cpp), 0);
        for kept in [
            format!("int few[] = {{ {} }};\n", "1, ".repeat(500)),
            format!("int *some[] = {{ {} }};\n", "&a, ".repeat(2_000)),
            format!("int some[] = {{ {}\n#include \"more\"\n1 }};\n", "1, ".repeat(2_000)),
            format!("int some[] = {{ {}", "1, ".repeat(2_000)),
        ] {
            let expected = kept.replace("#include \"more\"", "               ");
            assert_eq!(prepared(&kept, Dialect::Cpp), expected);
        }
    }

    #[test]
    fn odd_input_costs_no_time_and_no_stack() {
        for part in ["(", "{", "#if X\n", "#else\n", "FOO(", "a<", "new ", "\"", "R\"(", "/*", "\\\n"] {
            let text = part.repeat(20_000);
            assert_eq!(prepared(&text, Dialect::Cpp).len(), text.len());
        }
    }
}
