//! Which TypeScript modules can matter, and which others they name, without parsing them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::normalize;
use super::select::Directive;
use crate::language::Language;
use crate::vocabulary::vocabulary;

/// Words without one of which a module neither binds a native function nor holds what one gives.
static WORDS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| vocabulary().signs().map(|sign| Finder::new(&sign).into_owned()).collect());

/// How the file of a module may end that is named without.
const ENDINGS: [&str; 5] = ["ts", "ets", "mts", "cts", "tsx"];

/// How that goes on of a folder.
const INDEXES: [&str; 2] = ["/index.ts", "/Index.ets"];

/// The longest head of a directive that is looked at, in bytes.
const LONGEST_HEAD: usize = 2_000;

/// Whether a file is a module of TypeScript.
pub(super) fn is_module(path: &Path) -> bool {
    super::language_of(path) == Some(Language::TypeScript)
}

/// Whether a file holds declarations alone: `x.d.ts`.
pub(super) fn only_declares(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".d"))
}

pub(super) fn speaks_of_ffi(text: &str) -> bool {
    WORDS.iter().any(|word| word.find(text.as_bytes()).is_some())
}

/// Whether a file may hold a table for others that bind by it.
pub(super) fn describes(text: &str) -> bool {
    vocabulary().describes(text)
}

/// The files that a module may mean by what it imports and exports: of several that which is known to be there.
pub(super) fn links(
    text: &str,
    path: &Path,
    is_known: impl Fn(&Path) -> bool,
) -> impl Iterator<Item = (Directive, PathBuf)> {
    let folder = path.parent().unwrap_or(path).to_path_buf();
    written(text).flat_map(move |(directive, module)| {
        let stem = [".js", ".mjs", ".cjs"].iter().find_map(|end| module.strip_suffix(end)).unwrap_or(module);
        let stem = normalize(&folder.join(stem));
        if stem.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known)) {
            return vec![(directive, stem)];
        }
        let with = |end: &str| {
            let mut file = stem.clone().into_os_string();
            file.push(end);
            PathBuf::from(file)
        };
        let mut files = Vec::new();
        for end in ENDINGS.iter().map(|end| format!(".{end}")).chain(INDEXES.map(str::to_owned)) {
            let file = with(&end);
            if is_known(&file) {
                return vec![(directive, file)];
            }
            files.push((directive, file));
        }
        files
    })
}

/// The modules of the project that the lines name which look like directives. A line in a string may look so, too: that
/// costs a parse, no more.
pub(super) fn written(text: &str) -> impl Iterator<Item = (Directive, &str)> {
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
    starts.filter_map(|start| {
        let line = text.get(start..)?;
        let kinds = [("import", Directive::Import), ("export", Directive::Export)];
        let (kind, rest) = kinds.iter().find_map(|(word, kind)| Some((*kind, line.strip_prefix(word)?)))?;
        let module = module_of(rest)?;
        module.starts_with('.').then_some((kind, module))
    })
}

/// What stands between the first quotes behind a word, where the words before can stand in a directive.
fn module_of(rest: &str) -> Option<&str> {
    let bytes = rest.as_bytes();
    let head = bytes.get(..LONGEST_HEAD).unwrap_or(bytes);
    let open = memchr::memchr2(b'\'', b'"', head)?;
    let is_plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(byte, b'{' | b'}' | b',' | b'*' | b'_' | b'$')
    };
    if !head.get(..open)?.iter().all(is_plain) {
        return None;
    }
    let inner = rest.get(open + 1..)?;
    inner.get(..memchr::memchr(*bytes.get(open)?, inner.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_keys() {
        assert!(describes("export const t = { add: { args: ['i'], returns: 'i' } };"));
        assert!(describes("export const t = {add:{\n'parameters' :[],\n\"result\":'i'}};"));
        assert!(!describes("/** @returns what the args: say */ function returns(args: string[]) {}"));
        assert!(!describes("let x = { args, returns };"));
    }

    #[test]
    fn directives_give_the_files_of_their_modules() {
        let text = "import { a,\n  b } from './x';\nimport './y.js'\nexport * from \"../z.ets\"\nimport c from 'arkffi';\n\
                    export const d = './no';\nexport function e() { return './no'; }\n";
        let found: Vec<_> = written(text).map(|(_, module)| module).collect();
        assert_eq!(found, ["./x", "./y.js", "../z.ets"]);
        let found = |is_known: fn(&Path) -> bool| -> Vec<_> {
            links(text, Path::new("/p/q/main.ts"), is_known).map(|(_, file)| file.display().to_string()).collect()
        };
        assert_eq!(
            found(|file| file == Path::new("/p/q/x/index.ts")).first().map(String::as_str),
            Some("/p/q/x/index.ts")
        );
        let files = found(|_| false);
        assert_eq!(files.first().map(String::as_str), Some("/p/q/x.ts"));
        assert!(files.contains(&"/p/q/x/Index.ets".to_owned()) && files.contains(&"/p/q/y.ts".to_owned()));
        assert_eq!(files.last().map(String::as_str), Some("/p/z.ets"));
        assert!(only_declares(Path::new("a.d.ts")) && !only_declares(Path::new("ad.ts")));
    }
}
