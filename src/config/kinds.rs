//! What stands where something of another kind is wanted, in words for people.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::{meant, short};

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keys and values.
    Table,
    /// A list of texts.
    List,
    /// A text.
    Text,
    /// `true` or `false`.
    Switch,
}

/// Keys, `*` standing for any; what they hold, in words, and a value.
const KEYS: [(&[&str], Kind, &str, &str); 16] = [
    (&["rules"], Kind::Table, "a table of rules, each with its level", "{ double_free = \"off\" }"),
    (&["rules", "*"], Kind::Text, "a level: off, note, warning or error", "\"off\""),
    (&["targets"], Kind::List, "a list of platforms", "[\"windows\", \"android\"]"),
    (&["exclude"], Kind::List, "a list of patterns", "[\"test/\"]"),
    (&["skip"], Kind::List, "a list of patterns", "[\"old/\"]"),
    (&["per-file-ignores"], Kind::Table, "a table of patterns, each with a list of rules", PER_FILE),
    (&["per-file-ignores", "*"], Kind::List, "a list of rules", "[\"leaked_allocation\"]"),
    (&["min-confidence"], Kind::Text, "low, medium or high", "\"high\""),
    (&["check-vendored"], Kind::Switch, "true or false", "true"),
    (&["models"], Kind::List, "a list of files", "[\"tools/own.toml\"]"),
    (&["project"], Kind::Table, "a table", "{ native = [\"../native\"] }"),
    (&["project", "native"], Kind::List, "a list of folders", "[\"../native\"]"),
    (&["classes"], Kind::Table, "a table", "{ dispose = [\"tearDown\"] }"),
    (&["classes", "dispose"], Kind::List, "a list of names of methods", "[\"tearDown\"]"),
    (&["baseline"], Kind::Table, "a table", "{ path = \"tool/known.txt\" }"),
    (&["baseline", "path"], Kind::Text, "a file", "\"tool/known.txt\""),
];

const PER_FILE: &str = "{ \"test/\" = [\"leaked_allocation\"] }";

/// What is wrong at a byte of a configuration, of which the reader says it in its own words.
pub(super) fn explain(toml: &str, at: Option<usize>, message: &str, is_toml: bool) -> String {
    let of_another_kind = at.and_then(|at| {
        let read = DeTable::parse(toml).ok()?;
        of_another_kind(toml, &around(read.get_ref(), at), is_toml)
    });
    of_another_kind.unwrap_or_else(|| in_words(message))
}

/// A key and what it holds.
type Held<'t> = (&'t str, &'t Spanned<DeValue<'t>>);

/// The keys around a byte, each in what the one before it holds.
fn around<'t>(table: &'t DeTable<'t>, at: usize) -> Vec<Held<'t>> {
    let mut path = Vec::new();
    let mut table = Some(table);
    while let Some(entries) = table.take() {
        let mut holding = entries.iter().filter(|(key, value)| is_around(key.span(), value, at, DEEPEST));
        if let Some((key, value)) = holding.next() {
            path.push((key.get_ref().as_ref(), value));
            table = if let DeValue::Table(inner) = value.get_ref() { Some(inner) } else { None };
        }
    }
    path
}

/// Tables lie no deeper in each other where they are right.
const DEEPEST: usize = 3;

/// Whether a byte lies in a key or what it holds. What follows the header of a table does not count as its span.
fn is_around(key: Range<usize>, value: &Spanned<DeValue<'_>>, at: usize, depth: usize) -> bool {
    let is_inside = || match value.get_ref() {
        DeValue::Table(inner) if depth > 0 => {
            inner.iter().any(|(key, value)| is_around(key.span(), value, at, depth - 1))
        }
        _ => false,
    };
    key.contains(&at) || value.span().contains(&at) || is_inside()
}

/// What to say where a key holds something else than it should.
fn of_another_kind(toml: &str, path: &[Held<'_>], is_toml: bool) -> Option<String> {
    let (key, held, (_, kind, what, value)) = (1..=path.len()).find_map(|depth| {
        let path = path.get(..depth)?;
        let names = || path.iter().map(|(name, _)| *name);
        let is_it = |keys: &[&str]| keys.len() == depth && keys.iter().zip(names()).all(|(k, n)| *k == n || *k == "*");
        let (key, held) = path.last()?;
        let known = KEYS.iter().find(|(keys, ..)| is_it(keys))?;
        (!is_of(held.get_ref(), known.1)).then_some((*key, *held, known))
    })?;
    let here = match held.get_ref() {
        DeValue::Table(_) => "a table".to_owned(),
        DeValue::Array(items) if *kind == Kind::List => {
            let wrong = items.iter().find(|item| !matches!(item.get_ref(), DeValue::String(_)))?;
            quoted(toml, wrong.span())
        }
        DeValue::Array(_) => "a list".to_owned(),
        _ => quoted(toml, held.span()),
    };
    let shown = if is_bare(key) { short(key).into_owned() } else { format!("{:?}", short(key)) };
    let example = match is_toml {
        true => format!("{shown} = {value}"),
        false => format!("{shown}: {}", value.replace(" = ", ": ")),
    };
    Some(format!("`{}` is {what}, and {here} is none: write `{example}`", short(key)))
}

fn quoted(toml: &str, span: Range<usize>) -> String {
    let text = toml.get(span).unwrap_or_default();
    format!("`{}`", short(text.lines().next().unwrap_or_default()))
}

fn is_bare(key: &str) -> bool {
    key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

fn is_of(value: &DeValue<'_>, kind: Kind) -> bool {
    let is_text = |value: &DeValue<'_>| matches!(value, DeValue::String(_));
    match (kind, value) {
        (Kind::Table, DeValue::Table(_)) | (Kind::Switch, DeValue::Boolean(_)) => true,
        (Kind::List, DeValue::Array(items)) => items.iter().all(|item| is_text(item.get_ref())),
        (Kind::Text, value) => is_text(value),
        _ => false,
    }
}

/// Serde's words for an unknown key or value, with the nearest known one.
fn in_words(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    match (unknown, quoted.next()) {
        (true, Some(word)) => {
            let word_kind = if message.starts_with("unknown field") { "key" } else { "value" };
            let known: Vec<_> = quoted.collect();
            let meant = meant(word, known.iter().copied());
            format!("unknown {word_kind} `{}`{meant}; known are {}", short(word), known.join(", "))
        }
        _ => shorten_quoted(&message.trim().replace('\n', "; ")),
    }
}

/// Shortens what stands between quotes of any kind: keys and values of the file.
fn shorten_quoted(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(open) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(open);
        let quote = if quoted.starts_with('`') { '`' } else { '"' };
        let inner = quoted.get(1..).unwrap_or("");
        let close = inner.find(quote).unwrap_or(inner.len());
        let (inner, after) = inner.split_at(close);
        text.push_str(before);
        text.push(quote);
        text.push_str(&short(inner));
        if let Some(after) = after.get(1..) {
            text.push(quote);
            rest = after;
        } else {
            rest = "";
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let error = toml::from_str::<super::super::written::Raw>(text).err();
        let at = error.as_ref().and_then(|error| error.span()).map(|span| span.start);
        error.map_or_else(String::new, |error| explain(text, at, error.message(), true))
    }

    #[test]
    fn every_key_is_known_by_what_it_holds() {
        for (keys, kind, what, value) in &KEYS {
            let key = keys.join(".").replace('*', "double_free");
            assert_eq!(said(&format!("{key} = {value}")), "", "{key}");
            let wrong = if *kind == Kind::Switch { "\"yes\"" } else { "7" };
            for text in [format!("{key} = {wrong}"), headed(&key, wrong)] {
                let said = said(&text);
                assert!(said.contains(&format!("is {what}, and `{wrong}` is none: write `")), "{text}: {said}");
                let example = said.split("write `").nth(1).unwrap_or_default().trim_end_matches('`');
                let table = key.rsplit_once('.').map_or(String::new(), |(table, _)| format!("[{table}]\n"));
                assert_eq!(super::tests::said(&format!("{table}{example}")), "", "{example}");
            }
        }
    }

    /// The same below the header of its table.
    fn headed(key: &str, value: &str) -> String {
        key.rsplit_once('.')
            .map_or(format!("{key} = {value}"), |(table, key)| format!("[{table}]\n\n{key} = {value}\n"))
    }

    #[test]
    fn tables_and_elements_are_told_as_such() {
        for (text, expected) in [
            ("rules = \"off\"", "`rules` is a table of rules, each with its level, and `\"off\"` is none"),
            (
                "[rules.double_free]\nlevel = \"off\"",
                "`double_free` is a level: off, note, warning or error, and a table",
            ),
            ("min-confidence = [\"high\"]", "`min-confidence` is low, medium or high, and a list is none"),
            ("exclude = [\"a\", 3, \"b\"]", "`exclude` is a list of patterns, and `3` is none"),
            ("exclude = { a = 1 }", "`exclude` is a list of patterns, and a table is none"),
            ("[per-file-ignores]\n\"test/\" = \"all\"", "write `\"test/\" = [\"leaked_allocation\"]`"),
            ("[rules]\ndouble_free = \"of\"", "unknown value `of`; did you mean `off`?"),
            ("[rules]\ndouble_free = ", "string values must be quoted"),
        ] {
            let said = said(text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
