//! What a project's Dart files say of native code: which names are bound, and which fields of structs are plain values.
//!
//! Read off the text: what is not written as generators and people write it is not known, and what is not known has no
//! fix.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::Language;
use crate::source::SourceFile;

/// The names.
#[derive(Debug, Default)]
pub(super) struct Known {
    bound: BTreeMap<String, Bound>,
    numbers: BTreeSet<String>,
    pointers: BTreeSet<String>,
    others: BTreeSet<String>,
}

/// A function of native code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// What it gives may lead somewhere.
    pub(super) gives_pointer: bool,
    /// A variable holds it, which may be one of a function.
    pub(super) is_variable: bool,
}

/// What holds a value and no way to other memory.
const NUMBERS: [&str; 5] = ["int", "double", "bool", "num", "String"];

impl Known {
    /// Reads the files.
    pub(super) fn of(sources: &[SourceFile]) -> Self {
        let mut known = Self::default();
        for text in sources.iter().filter(|source| source.language == Language::Dart).map(|source| &*source.text) {
            known.externals(text);
            let lookups = ["lookupFunction", ".asFunction"].iter().flat_map(|way| text.match_indices(way));
            let lookups: Vec<usize> = lookups.map(|(at, _)| at).collect();
            let wrappers = if lookups.is_empty() { BTreeMap::new() } else { wrappers(text) };
            for at in lookups {
                known.lookup(text, at, &wrappers);
            }
        }
        known
    }

    /// The function of native code of that name.
    pub(super) fn bound(&self, name: &str) -> Option<Bound> {
        self.bound.get(name).copied()
    }

    /// Whether every struct's field of that name holds a value; a pointer is one where nothing releases what it leads to.
    pub(super) fn is_value(&self, field: &str, pointers_too: bool) -> bool {
        let is_known = self.numbers.contains(field) || pointers_too && self.pointers.contains(field);
        is_known && !self.others.contains(field) && (pointers_too || !self.pointers.contains(field))
    }

    fn externals(&mut self, text: &str) {
        for (at, word) in text.match_indices("external ") {
            let Some(rest) = text.get(at + word.len()..).and_then(|rest| rest.split_once(';')).map(|(rest, _)| rest)
            else {
                continue;
            };
            let is_function = rest.split_once('(').filter(|(before, _)| !before.ends_with("Function"));
            let Some((before, parameters)) = is_function else {
                let Some((ty, name)) = rest.trim_end().rsplit_once(char::is_whitespace) else { continue };
                self.field(ty.trim(), name);
                continue;
            };
            let name = last_name(before);
            let ty = before.strip_suffix(name).unwrap_or_default().split_whitespace().last().unwrap_or_default();
            if parameters.contains("Pointer") && !name.is_empty() {
                let gives_pointer = ty != "void" && !NUMBERS.contains(&ty);
                self.bind(name, Bound { gives_pointer, is_variable: false });
            }
        }
    }

    fn field(&mut self, ty: &str, name: &str) {
        let ty = ty.rsplit_once(". ").map_or(ty, |(_, ty)| ty);
        let kind = match ty {
            _ if NUMBERS.contains(&ty) => &mut self.numbers,
            _ if is_pointer(ty) => &mut self.pointers,
            _ => &mut self.others,
        };
        kind.insert(name.to_owned());
    }

    /// `final f = library.lookupFunction<…>(…);`, and the function that does no more than to call it.
    fn lookup(&mut self, text: &str, at: usize, wrappers: &BTreeMap<&str, Vec<&str>>) {
        let start = text.get(..at).and_then(|before| before.rfind([';', '{', '}'])).map_or(0, |start| start + 1);
        let end = text.get(at..).and_then(|rest| rest.find(';')).map_or(text.len(), |end| at + end);
        let whole = text.get(start..end).unwrap_or_default();
        let Some((before, _)) = whole.split_once('=') else { return };
        let name = last_name(before);
        if name.is_empty() || whole.contains("Function(") && !whole.contains("Pointer") {
            return;
        }
        let gives = |ty: &str| whole.contains(&format!("{ty} Function("));
        let is_value = gives("void") || NUMBERS.iter().any(|ty| gives(ty));
        let bound = Bound { gives_pointer: !is_value || gives(">") || gives("Pointer"), is_variable: true };
        self.bind(name, bound);
        for wrapper in wrappers.get(name).into_iter().flatten() {
            self.bind(wrapper, Bound { is_variable: false, ..bound });
        }
    }

    fn bind(&mut self, name: &str, bound: Bound) {
        let entry = self.bound.entry(name.to_owned()).or_insert(bound);
        entry.gives_pointer |= bound.gives_pointer;
        entry.is_variable |= bound.is_variable;
    }
}

/// Whether a type is a pointer, whatever the prefix of its import.
pub(super) fn is_pointer(ty: &str) -> bool {
    let ty = ty.strip_prefix("final ").unwrap_or(ty).trim_start();
    let plain = match ty.split_once('.') {
        Some((prefix, rest)) if prefix.chars().all(|c| c.is_alphanumeric() || c == '_') => rest,
        _ => ty,
    };
    plain.starts_with("Pointer<") || plain == "Pointer"
}

/// Whether a type holds a value and no way to other memory.
pub(super) fn is_number(ty: &str) -> bool {
    NUMBERS.contains(&ty.trim().trim_end_matches('?'))
}

/// The name that a text ends with.
fn last_name(text: &str) -> &str {
    let text = text.trim_end();
    let start = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// The functions that do no more than to call another one, by its name.
fn wrappers(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (at, word) in ["return ", "=> "].iter().flat_map(|word| text.match_indices(word)) {
        let start = at + word.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(0);
        let name = rest.get(..end).filter(|name| !name.is_empty() && rest[end..].starts_with('('));
        if let Some((name, wrapper)) = name.and_then(|name| Some((name, wrapper(text, at, start + end + 1)?))) {
            found.entry(name).or_default().push(wrapper);
        }
    }
    found
}

/// The function whose body is a call from `at` on, with nothing but its own parameters as arguments.
fn wrapper(text: &str, at: usize, arguments: usize) -> Option<&str> {
    let given = text.get(arguments..)?.split_once(';')?.0.trim_end().strip_suffix(')')?;
    let is_plain = given.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '_' | '$' | ','));
    let before = text.get(..at)?.trim_end();
    let before = before.strip_suffix('{').unwrap_or(before).trim_end();
    let signature = before.strip_suffix(')')?;
    let mut depth = 1;
    let open = signature.char_indices().rev().find(|(_, c)| {
        depth += match c {
            ')' => 1,
            '(' => -1,
            _ => 0,
        };
        depth == 0
    });
    let name = last_name(signature.get(..open?.0)?);
    (is_plain && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Known, is_pointer};
    use crate::language::Language;
    use crate::source::{FileId, SourceFile};

    #[test]
    fn what_is_bound_is_known() {
        let text = "external int puts(Pointer<Utf8> text);\nexternal Pointer<Void> open(Pointer<Utf8> name);\n\
                    external int add(int a, int b);\nexternal int width;\nexternal Array<Uint8> bytes;\n\
                    external Pointer<Void> data;\nclass B {\n  int size(Pointer<Void> it) {\n    return _size(\n      it,\n    );\n  }\n\
                    late final _size = _sizePtr.asFunction<int Function(Pointer<Void>)>();\n}\n";
        let source = SourceFile::new(FileId(0), Arc::from("a.dart"), Arc::from(text), Language::Dart);
        let known = Known::of(&[source]);
        let gives = |name: &str| known.bound(name).map(|bound| bound.gives_pointer);
        assert_eq!((gives("puts"), gives("open"), gives("add")), (Some(false), Some(true), None));
        assert_eq!((gives("_size"), gives("size")), (Some(false), Some(false)));
        assert!(known.is_value("width", false) && !known.is_value("bytes", true));
        assert!(known.is_value("data", true) && !known.is_value("data", false));
        assert!(is_pointer("ffi.Pointer<Void>") && !is_pointer("List<Pointer<Void>>"));
    }
}
