//! YAML that people and `pub` write, with a guard against what would cost out of proportion.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode, MarkedYaml, Yaml};
use saphyr_parser::{Event, Parser, Span, SpannedEventReceiver};

use crate::config::short;

/// A file of settings larger than this was not written by `pub` or a person.
const MAX_YAML: usize = 1024 * 1024;
/// Aliases multiply what they stand for; package files need none.
const MAX_ALIASES: usize = 8;
/// Deepest nesting of brackets, and most `- ` on one line.
const MAX_NESTING: usize = 64;

/// How the parser begins what it says of a key that is there already.
const DUPLICATE: &str = "duplicated key";

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
            let line = marker.line();
            let is_twice = error.info().starts_with(DUPLICATE);
            let twice = if is_twice { std::panic::catch_unwind(|| duplicate(text, line)).ok().flatten() } else { None };
            let reason = twice.unwrap_or_else(|| format!("not YAML at line {line}, column {}", marker.col() + 1));
            Err(NotYaml { line: Some(line), reason })
        }
        Err(_) => Err(NotYaml { line: None, reason: "the YAML parser failed on it".into() }),
    }
}

/// What to say of a key that is there already, by the line, from 1, where it stands again.
fn duplicate(text: &str, line: usize) -> Option<String> {
    let mut keys = Keys { line, ..Keys::default() };
    // Where it is no YAML further on, what stands before was seen all the same.
    let _ = Parser::new_from_str(text).load(&mut keys, false);
    let (key, first) = keys.found?;
    Some(format!("the key `{}` stands in line {first} already; a key stands once", short(&key)))
}

/// Looks for the key that stands again in a line.
#[derive(Default)]
struct Keys {
    line: usize,
    /// The mappings and sequences around, innermost last.
    open: Vec<Around>,
    /// The key, and the line, from 1, where it stood before.
    found: Option<(String, usize)>,
}

enum Around {
    Sequence,
    Mapping {
        /// The keys by now, and their lines.
        keys: BTreeMap<String, usize>,
        /// Whether what comes next is a key.
        is_key: bool,
    },
}

impl SpannedEventReceiver<'_> for Keys {
    fn on_event(&mut self, event: Event<'_>, span: Span) {
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            self.open.pop();
        }
        let begins = matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
        if let Some(Around::Mapping { keys, is_key }) = self.open.last_mut()
            && matches!(event, Event::Scalar(..) | Event::Alias(_) | Event::MappingEnd | Event::SequenceEnd)
        {
            if let (true, Event::Scalar(key, ..)) = (*is_key, &event) {
                let line = span.start.line();
                match keys.get(key.as_ref()) {
                    Some(first) if line == self.line && self.found.is_none() => {
                        self.found = Some((key.to_string(), *first));
                    }
                    _ => drop(keys.insert(key.to_string(), line)),
                }
            }
            *is_key = !*is_key;
        }
        if begins {
            let mapping = Around::Mapping { keys: BTreeMap::new(), is_key: true };
            self.open.push(if matches!(event, Event::MappingStart(..)) { mapping } else { Around::Sequence });
        }
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
