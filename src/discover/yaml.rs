//! YAML that people and `pub` write, with a guard against what would cost out of proportion.

use saphyr::{LoadableYamlNode, MarkedYaml, Yaml};

/// A file of settings larger than this was not written by `pub` or a person.
const MAX_YAML: usize = 1024 * 1024;
/// Aliases multiply what they stand for; package files need none.
const MAX_ALIASES: usize = 8;
/// Deepest nesting of brackets, and most `- ` on one line.
const MAX_NESTING: usize = 64;

/// What is wrong with a text that is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotYaml {
    /// The line, from 1, where it is known.
    pub(crate) line: Option<usize>,
    /// Why.
    pub(crate) reason: String,
}

/// The first document of a text.
pub(super) fn parse(text: &str) -> Result<Yaml<'_>, String> {
    let document = load(text).map_err(|wrong| wrong.reason)?;
    Ok(document.unwrap_or(Yaml::BadValue))
}

/// The first document of a text, with the places of its nodes; nothing where there is none.
pub(crate) fn parse_marked(text: &str) -> Result<Option<MarkedYaml<'_>>, NotYaml> {
    load(text)
}

fn load<'t, N: LoadableYamlNode<'t>>(text: &'t str) -> Result<Option<N>, NotYaml> {
    check(text).map_err(|reason| NotYaml { line: None, reason })?;
    let parsed = std::panic::catch_unwind(|| N::load_from_str(text));
    match parsed {
        Ok(Ok(documents)) => Ok(documents.into_iter().next()),
        Ok(Err(error)) => {
            let marker = error.marker();
            let reason = format!("not YAML at line {}, column {}", marker.line(), marker.col() + 1);
            Err(NotYaml { line: Some(marker.line()), reason })
        }
        Err(_) => Err(NotYaml { line: None, reason: "the YAML parser failed on it".into() }),
    }
}

/// Refuses what would make the parser take memory or stack out of proportion.
fn check(text: &str) -> Result<(), String> {
    if text.len() > MAX_YAML {
        return Err(format!("has {} bytes, more than the limit of {MAX_YAML}", text.len()));
    }
    let bytes = text.as_bytes();
    let before = |at: usize| at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
    let aliases = memchr::memchr_iter(b'*', bytes).filter(|&at| {
        let starts = matches!(before(at), b' ' | b'\t' | b'\n' | b',' | b'[' | b'{' | b':' | b'-');
        starts && bytes.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace() && *next != b'*')
    });
    if aliases.count() > MAX_ALIASES {
        return Err(format!("has more than {MAX_ALIASES} YAML aliases"));
    }
    let mut depth = 0_usize;
    for byte in bytes {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(format!("is nested deeper than {MAX_NESTING}"));
        }
    }
    let deep = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        indent > 4 * MAX_NESTING || line.matches("- ").count() + line.matches("? ").count() > MAX_NESTING
    };
    match text.lines().position(deep) {
        Some(line) => Err(format!("is nested too deep at line {}", line + 1)),
        None => Ok(()),
    }
}
