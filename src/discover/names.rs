//! The native symbols that Dart code names, without parsing it.
//!
//! Words between quotes and the names of `external` functions: some of them are no symbols, which costs little.

use memchr::memmem;
use rustc_hash::FxHashSet;

use super::scan::{hash, is_word, is_word_start};

/// The longest `external` declaration that is looked through, in bytes.
const LONGEST_DECLARATION: usize = 4_000;

/// The hashes of what a table of TypeScript may bind: keys of objects that hold objects.
pub(super) fn keys(text: &str) -> FxHashSet<u64> {
    let bytes = text.as_bytes();
    let mut names = candidates(text);
    for open in memchr::memchr_iter(b'{', bytes) {
        let before = bytes.get(..open).unwrap_or_default().trim_ascii_end();
        let Some(before) = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end) else { continue };
        let length = before.iter().rev().take_while(|byte| is_word(**byte)).count();
        if length > 0 {
            names.insert(hash(before.get(before.len() - length..).unwrap_or_default()));
        }
    }
    names.remove(&hash(b"main"));
    names
}

/// The hashes of what may be symbols.
pub(super) fn candidates(text: &str) -> FxHashSet<u64> {
    let bytes = text.as_bytes();
    let mut names = FxHashSet::default();
    for at in memchr::memchr2_iter(b'\'', b'"', bytes) {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(0);
        if length > 0 && rest.get(length) == bytes.get(at) && rest.first().is_some_and(|byte| is_word_start(*byte)) {
            names.insert(hash(rest.get(..length).unwrap_or_default()));
        }
    }
    for at in memmem::find_iter(bytes, b"external ") {
        let rest = bytes.get(at..).unwrap_or_default();
        let rest = rest.get(..LONGEST_DECLARATION).unwrap_or(rest);
        let declaration = rest.get(..memchr::memchr(b';', rest).unwrap_or(0)).unwrap_or_default();
        for open in memchr::memchr_iter(b'(', declaration) {
            let before = declaration.get(..open).unwrap_or_default();
            let length = before.iter().rev().take_while(|byte| is_word(**byte)).count();
            if length > 0 {
                names.insert(hash(before.get(open - length..).unwrap_or_default()));
            }
        }
    }
    // Every program has one.
    names.remove(&hash(b"main"));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looked_up_and_external_names_are_candidates() {
        let text = "final f = lib.lookupFunction<A, B>('looked_up');\n\
                    @Native<Void Function(Int)>(symbol: \"by_symbol\")\nexternal void dart_name(int a);\n\
                    external ffi.Pointer<ffi.Void> plain(\n  ffi.Pointer<ffi.NativeFunction<X Function(Y)>> f,\n);\n\
                    print('no symbol'); print('x-y'); external int get getter;";
        let names = candidates(text);
        for name in ["looked_up", "by_symbol", "dart_name", "plain"] {
            assert!(names.contains(&hash(name.as_bytes())), "{name}");
        }
        for name in ["no", "symbol", "x", "y", "print", "getter"] {
            assert!(!names.contains(&hash(name.as_bytes())), "{name}");
        }
    }
}
