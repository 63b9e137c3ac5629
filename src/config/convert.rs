//! `ffilint:` in an `analysis_options.yaml` as the text of an `ffilint.toml`, so that one strict reader serves both.

use std::ops::Range;

use saphyr::{MarkedYaml, Scalar, YamlData};

use crate::discover::yaml;
use crate::source::LineIndex;

use super::options::entry;

/// The key.
pub(super) const KEY: &str = "ffilint";

/// A part of the configuration as TOML, and where each piece of it stands in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Converted {
    /// The TOML.
    pub(super) text: String,
    /// Of what it was made, in its order.
    pub(super) pieces: Vec<Piece>,
}

/// A piece of the TOML.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where it begins.
    pub(super) start: usize,
    /// The bytes of the file that say it.
    pub(super) bytes: Range<usize>,
    /// Where it is written that an alias (`*name`) stands for it there.
    pub(super) behind: Option<usize>,
}

/// What stands in the file and has no place in TOML: the line, from 1 and where it is known, and why.
pub(super) type Wrong = (Option<usize>, String);

/// Converts what a file says; nothing where it does not speak of us.
pub(super) fn convert(file: &str) -> Result<Option<Converted>, Wrong> {
    let speaks = file.lines().any(|line| line.trim_start_matches(['"', '\'', '{', ' ']).starts_with(KEY));
    if !speaks {
        return Ok(None);
    }
    let yaml = match yaml::parse_marked(file) {
        Ok(Some(yaml)) => yaml,
        Ok(None) => return Ok(None),
        Err(wrong) => return Err((wrong.line, wrong.reason)),
    };
    let Some((key, value)) = entry(&yaml, KEY) else { return Ok(None) };
    let mut writer = Writer { file, lines: LineIndex::new(file), alias: None, made: Converted::default() };
    writer.note(key);
    writer.alias = writer.alias_at(value);
    match &value.data {
        YamlData::Value(Scalar::Null) => {}
        YamlData::Mapping(entries) => {
            for (key, value) in entries {
                writer.entry(key, value)?;
                writer.made.text.push('\n');
            }
        }
        _ => return Err((Some(value.span.start.line()), format!("`{KEY}` holds keys and values"))),
    }
    Ok(Some(writer.made))
}

struct Writer<'f> {
    file: &'f str,
    lines: LineIndex,
    /// The alias that stands for what is being written.
    alias: Option<Range<usize>>,
    made: Converted,
}

impl Writer<'_> {
    fn entry(&mut self, key: &MarkedYaml<'_>, value: &MarkedYaml<'_>) -> Result<(), Wrong> {
        self.note(key);
        let name = match &key.data {
            YamlData::Value(Scalar::String(name)) => name.to_string(),
            YamlData::Value(Scalar::Boolean(name)) => name.to_string(),
            YamlData::Value(Scalar::Integer(name)) => name.to_string(),
            _ => return Err((Some(key.span.start.line()), "a key is a word".into())),
        };
        if matches!(value.data, YamlData::Value(Scalar::Null)) {
            let reason = format!("`{}` has no value; leave the key out", super::short(&name));
            return Err((Some(key.span.start.line()), reason));
        }
        self.quoted(&name);
        self.made.text.push_str(" = ");
        self.value(value)
    }

    /// Nothing recurses deeper than the guard of the parser lets a file be nested.
    fn value(&mut self, node: &MarkedYaml<'_>) -> Result<(), Wrong> {
        let around = self.alias.clone();
        self.alias = around.clone().or_else(|| self.alias_at(node));
        let written = self.node(node);
        self.alias = around;
        written
    }

    fn node(&mut self, node: &MarkedYaml<'_>) -> Result<(), Wrong> {
        self.note(node);
        let wrong = |reason: &str| Err((Some(node.span.start.line()), reason.to_owned()));
        match &node.data {
            YamlData::Value(Scalar::String(text)) => self.quoted(text),
            YamlData::Value(Scalar::Boolean(value)) => self.made.text.push_str(&value.to_string()),
            YamlData::Value(Scalar::Integer(value)) => self.made.text.push_str(&value.to_string()),
            YamlData::Value(Scalar::FloatingPoint(value)) => self.made.text.push_str(&format!("{:?}", value.0)),
            YamlData::Value(Scalar::Null) => return wrong("no value stands here"),
            YamlData::Sequence(nodes) => {
                self.made.text.push('[');
                for node in nodes {
                    self.value(node)?;
                    self.made.text.push_str(", ");
                }
                self.made.text.push(']');
            }
            YamlData::Mapping(entries) => {
                self.made.text.push('{');
                for (number, (key, value)) in entries.iter().enumerate() {
                    self.made.text.push_str(if number == 0 { " " } else { ", " });
                    self.entry(key, value)?;
                }
                self.made.text.push_str(" }");
            }
            _ => return wrong("tags have no meaning here"),
        }
        Ok(())
    }

    /// Remembers of what the next piece is made.
    fn note(&mut self, node: &MarkedYaml<'_>) {
        let start = self.made.text.len();
        let written = self.bytes(node);
        self.made.pieces.push(match &self.alias {
            Some(alias) => {
                let behind = Some(written.start).filter(|start| *start != alias.start);
                Piece { start, bytes: alias.clone(), behind }
            }
            None => Piece { start, bytes: written, behind: None },
        });
    }

    /// The place of the alias that a node stands in for. No other node begins with such a sign.
    fn alias_at(&self, node: &MarkedYaml<'_>) -> Option<Range<usize>> {
        let bytes = self.bytes(node);
        self.file.get(bytes.clone())?.starts_with('*').then_some(bytes)
    }

    fn bytes(&self, node: &MarkedYaml<'_>) -> Range<usize> {
        let byte = |line: usize, column: usize| {
            let line = u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX);
            let start = self.lines.start(line) as usize;
            let rest = self.file.get(start..).unwrap_or_default();
            start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
        };
        let (start, end) = (node.span.start, node.span.end);
        byte(start.line(), start.col())..byte(end.line(), end.col())
    }

    fn quoted(&mut self, text: &str) {
        self.made.text.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => self.made.text.extend(['\\', letter]),
                letter if letter.is_control() => self.made.text.push_str(&format!("\\u{:04X}", u32::from(letter))),
                letter => self.made.text.push(letter),
            }
        }
        self.made.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_becomes_toml() {
        let text = "include: x.yaml\nffilint:\n  rules:\n    double_free: off\n  exclude:\n    - \"a\\\"b\\t\"\n  \
                    check-vendored: true\n  min-confidence: 'high'\n";
        let made = convert(text).ok().flatten().unwrap_or_default();
        assert_eq!(
            made.text,
            "\"rules\" = { \"double_free\" = \"off\" }\n\"exclude\" = [\"a\\\"b\\u0009\", ]\n\
             \"check-vendored\" = true\n\"min-confidence\" = \"high\"\n"
        );
        let piece = |word: &str| {
            let at = made.text.find(word).unwrap_or(0);
            let piece = made.pieces.iter().rev().find(|piece| piece.start <= at);
            piece.and_then(|piece| text.get(piece.bytes.clone())).unwrap_or_default()
        };
        assert_eq!((piece("double_free"), piece("off"), piece("true")), ("double_free", "off", "true"));
    }

    #[test]
    fn what_toml_has_no_place_for_is_told_with_its_line() {
        let wrong = |text: &str| convert(text).err().unwrap_or_default();
        assert_eq!(wrong("ffilint:\n  exclude:\n"), (Some(2), "`exclude` has no value; leave the key out".into()));
        assert_eq!(wrong("\nffilint: 3\n").0, Some(2));
        assert_eq!(wrong("ffilint:\n  skip: [\n  ~]\n").0, Some(3));
        assert_eq!(wrong("ffilint: [a\nb: }").0, Some(2));
        assert!(convert("analyzer:\n").is_ok_and(|none| none.is_none()));
        assert!(convert("ffilint:\n").is_ok_and(|some| some.is_some()));
        assert!(convert("linter: [a\nb: }").is_ok_and(|none| none.is_none()));
    }
}
