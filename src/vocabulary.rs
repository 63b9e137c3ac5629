//! The words by which programs of TypeScript bind native functions, library by library: what `rules/vocabulary.toml` says.
//!
//! TypeScript has no word of its own for it, as Dart has `@Native`: each library reads tables and descriptions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// All that is known.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// The version of the file's form.
    pub schema: u32,
    /// The classes of TypeScript whose objects are buffers.
    pub buffers: Vec<String>,
    /// Those whose objects have a buffer of their own, or show another.
    pub views: Vec<String>,
    /// Functions of the language that give back the object that they are given.
    pub unchanged: Vec<String>,
    /// Methods of promises that give a function what comes in the end.
    pub receives: Vec<String>,
    /// Those, and the others that have a function run then.
    pub waits: Vec<String>,
    #[serde(rename = "library")]
    libraries: Vec<Library>,
    /// The words of each native type.
    types: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    types_by_word: FxHashMap<String, String>,
}

/// How one library is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Library {
    /// The modules that it is imported by, the first of which the models know.
    pub modules: Vec<String>,
    /// The global object whose members its functions are, where nothing is imported.
    pub object: Option<String>,
    /// Functions that take a table of native functions.
    pub binds: Vec<String>,
    /// Functions that make a native function of an address.
    pub functions: Vec<String>,
    /// The same, of functions that run on another thread.
    pub async_functions: Vec<String>,
    /// What describes a struct.
    pub structs: Vec<String>,
    /// Methods of such a description that make a buffer for a struct.
    pub buffers: Vec<String>,
    /// Functions that give the address of a buffer.
    pub addresses: Vec<String>,
    /// Native types that share a word or a code: which of them one is meant for, a table does not tell.
    pub alike: Vec<String>,
    /// The object whose members are the words of native types.
    pub types: Option<String>,
    /// The member of a bound function that calls it on another thread.
    pub starts: Option<String>,
    /// The function of the library's model that says what a struct is that comes back.
    pub returned: Option<String>,
    /// The function of the library's model that says what an address in a struct is.
    pub pointer: Option<String>,
    /// How a table speaks of one function.
    pub keys: Keys,
    /// Functions that are told with each call what they call.
    pub calls: Calls,
}

/// Functions that take a library, the name of a function in it, and its signature, one letter for each type.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// Their names.
    pub names: Vec<String>,
    /// The place of the symbol among the arguments.
    pub symbol: usize,
    /// That of the parameters' types.
    pub params: usize,
    /// That of the result's type.
    pub result: usize,
}

/// The keys in a table's entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The types of the parameters.
    pub params: Option<String>,
    /// The type of the result.
    pub result: Option<String>,
    /// The symbol, where it is not the name.
    pub symbol: Option<String>,
    /// Stands in entries of variables.
    pub variable: Option<String>,
    /// Says that the function runs on another thread.
    pub elsewhere: Option<String>,
    /// The address of the function.
    pub address: Option<String>,
}

/// What the program knows.
#[must_use]
pub fn vocabulary() -> &'static Vocabulary {
    static KNOWN: LazyLock<Vocabulary> = LazyLock::new(|| {
        // The text is part of the program; a test reads it.
        let mut known: Vocabulary = toml::from_str(include_str!("../rules/vocabulary.toml")).unwrap_or_default();
        let words = std::mem::take(&mut known.types).into_iter();
        let words = words.flat_map(|(ty, words)| words.into_iter().map(move |word| (word, ty.clone())));
        known.types_by_word = words.collect();
        known
    });
    &KNOWN
}

impl Vocabulary {
    /// The library of a module.
    #[must_use]
    pub fn of_module(&self, module: &str) -> Option<&Library> {
        self.libraries.iter().find(|library| library.modules.iter().any(|known| known == module))
    }

    /// The library whose functions are members of a global object.
    #[must_use]
    pub fn of_object(&self, object: &str) -> Option<&Library> {
        self.libraries.iter().find(|library| library.object.as_deref() == Some(object))
    }

    /// The first library that has what takes a table or a description by such a name, for what other files of the
    /// project give on.
    #[must_use]
    pub fn of_name(&self, name: &str) -> Option<&Library> {
        self.libraries.iter().find(|library| library.names().any(|known| known == name))
    }

    /// The first library whose tables are written so.
    #[must_use]
    pub fn of_keys(&self, is_key: impl Fn(&str) -> bool) -> Option<&Library> {
        let is = |key: &Option<String>| key.as_deref().is_some_and(&is_key);
        self.libraries.iter().find(|library| is(&library.keys.params) && is(&library.keys.result))
    }

    /// Whether a text may hold a table of some library: the keys of its tables stand in it as keys.
    #[must_use]
    pub fn describes(&self, text: &str) -> bool {
        self.of_keys(|key| is_key_in(text.as_bytes(), key.as_bytes())).is_some()
    }

    /// The native type of a word or code, in the words of `dart:ffi`: `Int32`, `Pointer<Char>`.
    #[must_use]
    pub fn type_of(&self, word: &str) -> Option<&str> {
        self.types_by_word.get(word).map(String::as_str)
    }

    /// Whether a member of a bound function calls it on another thread.
    #[must_use]
    pub fn starts(&self, member: &str) -> bool {
        self.libraries.iter().any(|library| library.starts.as_deref() == Some(member))
    }

    /// Whether a method of some library's descriptions makes a buffer for a struct.
    #[must_use]
    pub fn makes_buffer(&self, method: &str) -> bool {
        self.libraries.iter().any(|library| library.buffers.iter().any(|known| known == method))
    }

    /// Texts without one of which a module neither binds nor imports what does.
    pub fn signs(&self) -> impl Iterator<Item = String> {
        let imported = self.libraries.iter().filter(|library| library.object.is_none());
        let modules = imported.flat_map(|library| &library.modules);
        let quoted = modules.flat_map(|module| [format!("'{module}'"), format!("\"{module}\"")]);
        let functions = self.libraries.iter().flat_map(|library| {
            library.binds.iter().chain(&library.functions).chain(&library.async_functions).cloned()
        });
        let mut signs: Vec<String> = quoted.chain(functions).collect();
        signs.sort_unstable();
        signs.dedup();
        signs.into_iter()
    }
}

impl Library {
    /// The module by which the models know it.
    #[must_use]
    pub fn module(&self) -> &str {
        self.modules.first().map_or("", String::as_str)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.binds, &self.functions, &self.async_functions, &self.structs];
        lists.into_iter().flatten().map(String::as_str)
    }
}

/// Whether a word stands in a text as the key of a property: `args:`, `'args' :`.
fn is_key_in(text: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find_iter(text, word).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let mut behind = text.get(at + word.len()..).unwrap_or_default();
        let is_quoted = matches!(before, Some(b'\'' | b'"')) && behind.first() == before;
        if is_quoted {
            behind = behind.get(1..).unwrap_or_default();
        }
        let is_whole = is_quoted || before.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b','));
        is_whole && behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        assert!(toml::from_str::<Vocabulary>(include_str!("../rules/vocabulary.toml")).is_ok());
        let known = vocabulary();
        assert_eq!(known.schema, 1);
        assert_eq!(known.type_of("cstring"), Some("Pointer<Char>"));
        assert_eq!(known.of_object("Deno").map(Library::module), Some("ts:std"));
        assert!(known.starts("async") && known.of_module("liblibrary.so").is_some_and(|it| it.module() == "arkffi"));
        assert!(known.signs().any(|sign| sign == "'liblibrary.so'"));
    }
}
