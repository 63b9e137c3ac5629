//! Models that a project brings: read entry by entry, so that what is wrong with one leaves out that one alone.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::contract::{Names, Near};
use super::load::{MOST_ERRORS, line_at, line_starting, with_suggestion};
use super::schema::{Equivalence, Family, FunctionModel, ModelFile, Naming, Pack, Toolchain, TypeModel, VariableModel};
use super::{ModelError, ModelId, ModelSet, ParamInfo, SCHEMA};
use crate::config::FILE_NAME;
use crate::source::LineIndex;
use crate::summary::Summary;

/// After so many the rest of a file is given up: what is wrong in one entry alone is found in the first.
const MOST_ROUNDS: usize = 16;

/// The name of the pack that the entries in the configuration make up, where it gives them none.
const PROJECT: &str = "project";

/// What a configuration says of models; its other keys are read elsewhere.
#[derive(Deserialize)]
struct InConfig {
    pack: Option<Pack>,
    #[serde(default)]
    family: Vec<Spanned<Family>>,
    #[serde(default)]
    naming: Vec<Spanned<Naming>>,
    #[serde(default)]
    toolchain: Vec<Spanned<Toolchain>>,
    #[serde(default)]
    equivalence: Vec<Spanned<Equivalence>>,
    #[serde(default)]
    constants: BTreeMap<String, i64>,
    #[serde(default, rename = "type")]
    types: Vec<Spanned<TypeModel>>,
    #[serde(default)]
    variable: Vec<Spanned<VariableModel>>,
    #[serde(default)]
    function: Vec<Spanned<FunctionModel>>,
}

impl From<InConfig> for ModelFile {
    fn from(read: InConfig) -> Self {
        let InConfig { pack, family, naming, toolchain, equivalence, constants, types, variable, function } = read;
        let unnamed = || Pack { id: PROJECT.into(), sources: vec![FILE_NAME.into()], ..Pack::default() };
        let pack = Some(pack.unwrap_or_else(unnamed));
        Self {
            schema: SCHEMA,
            pack,
            family,
            naming,
            toolchain,
            equivalence,
            constants,
            hints: BTreeMap::new(),
            types,
            variable,
            function,
        }
    }
}

/// A file of a project that has models.
#[derive(Clone, Copy, Debug)]
pub struct OwnText<'a> {
    /// The file.
    pub path: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// It is the configuration, whatever it is called.
    pub is_config: bool,
    /// Entries about functions that do not count, by where they begin.
    pub without: &'a [usize],
}

/// Reads a model file of a project, or the entries in its configuration. A wrong entry is left out and told.
pub fn read(file: OwnText<'_>) -> (Option<ModelFile>, Vec<ModelError>) {
    let OwnText { path, text, is_config, without } = file;
    let parse = |text: &str| match is_config {
        true => toml::from_str::<InConfig>(text).map(ModelFile::from),
        false => toml::from_str(text),
    };
    let lines = LineIndex::new(text);
    let error = |at: usize, message: String| ModelError { path: path.to_owned(), line: line_at(&lines, at), message };
    let mut errors = Vec::new();
    let mut left = text.to_owned();
    // Of two tables that each can be read both may be wrong together, as two constants of one name are.
    for round in 0..MOST_ROUNDS {
        let wrong = match parse(&left) {
            Ok(mut file) if file.schema == SCHEMA => {
                file.function.retain(|entry| without.binary_search(&entry.span().start).is_err());
                return (Some(file), errors);
            }
            Ok(file) => {
                let message = format!("schema {} is not known, this program reads schema {SCHEMA}", file.schema);
                errors.push(ModelError { line: line_starting(text, "schema"), ..error(0, message) });
                return (None, errors);
            }
            Err(wrong) => wrong,
        };
        let at = wrong.span().map_or(0, |span| span.start);
        let parts = parts(&left);
        if round == 0 {
            // Each by itself, as reading everything anew for each mistake takes too long.
            for part in &parts {
                let alone = format!("{}{}", part.before(), left.get(part.range.clone()).unwrap_or_default());
                if let Err(wrong) = parse(&alone) {
                    let within = wrong.span().map_or(0, |span| span.start).saturating_sub(part.before().len());
                    // More are counted, not told.
                    let message = if errors.len() < MOST_ERRORS { said(&wrong) } else { String::new() };
                    errors.push(error(part.range.start + within.min(part.range.len()), message));
                    blank(&mut left, part.range.clone());
                }
            }
            if !errors.is_empty() {
                continue;
            }
        }
        match parts.iter().find(|part| part.range.contains(&at)) {
            Some(part) => {
                errors.push(error(at, said(&wrong)));
                blank(&mut left, part.range.clone());
            }
            None => {
                errors.push(error(at, format!("{}; until this is mended, no entry of this file counts", said(&wrong))));
                return (None, errors);
            }
        }
    }
    errors.push(error(0, "too much is wrong here: until it is mended, no entry of this file counts".to_owned()));
    (None, errors)
}

fn said(error: &toml::de::Error) -> String {
    with_suggestion(error.message().trim()).replace('\n', "; ")
}

/// A part of a file that can be left out: an `[[entry]]` or a line of `[constants]`.
struct Part {
    range: Range<usize>,
    is_constant: bool,
}

impl Part {
    /// What has to stand before it.
    fn before(&self) -> &'static str {
        if self.is_constant { "schema = 1\n[constants]\n" } else { "schema = 1\n" }
    }
}

/// The parts of a file, in order. A text of several lines is no header.
fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    // The table around the line: its name, and whether it is one of several.
    let mut around: Option<(&str, bool)> = None;
    let mut quote: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let here = header(line).filter(|_| quote.is_none());
        for sign in ["\"\"\"", "'''"] {
            if line.matches(sign).count() % 2 == 1 && quote.is_none_or(|open| open == sign) {
                quote = if quote.is_some() { None } else { Some(sign) };
            }
        }
        match (around, here) {
            (Some((of, is_entry)), Some((name, _))) if is_part(name, of) => {
                if let Some(part) = parts.last_mut().filter(|_| is_entry) {
                    part.range.end = range.end;
                }
            }
            (_, Some((name, is_entry))) => {
                around = Some((name, is_entry));
                if is_entry {
                    parts.push(Part { range, is_constant: false });
                }
            }
            (Some((_, true)), None) => {
                if let Some(part) = parts.last_mut() {
                    part.range.end = range.end;
                }
            }
            (Some(("constants", false)), None) => parts.push(Part { range, is_constant: true }),
            _ => {}
        }
    }
    parts
}

/// Whether `function.effects` is a part of `function`.
fn is_part(name: &str, of: &str) -> bool {
    name.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
}

/// The name in a line `[name]` or `[[name]]`, and whether it is the latter.
fn header(line: &str) -> Option<(&str, bool)> {
    let line = line.split('#').next().unwrap_or(line).trim();
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let (name, is_entry) = match inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(name) => (name, true),
        None => (inner, false),
    };
    let name = name.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, is_entry))
}

/// Overwrites a part of a text with spaces; lines stay where they are.
fn blank(text: &mut String, part: Range<usize>) {
    let Some(old) = text.get(part.clone()) else { return };
    let new: String = old.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(part, &new);
}

impl ModelSet {
    /// Whether the project itself says this of a function: then it counts more than a body.
    #[must_use]
    pub fn is_own(&self, id: ModelId) -> bool {
        self.own.is_some_and(|first| id.0 >= first)
    }

    /// Whether the project says anything of functions itself.
    #[must_use]
    pub fn has_own(&self) -> bool {
        self.own.is_some_and(|first| self.functions.len() > first)
    }

    /// The contract that an entry describes, with the families of this set.
    ///
    /// # Errors
    ///
    /// What is wrong with the entry.
    pub fn contract(&self, model: &FunctionModel, params: &[ParamInfo]) -> Result<Summary, String> {
        self.contract_with(model, params, &Near::default())
    }

    /// The same; nothing where the entry is wrong.
    #[must_use]
    pub fn right_contract(&self, model: &FunctionModel, params: &[ParamInfo]) -> Option<Summary> {
        self.contract_with(model, params, &Near { is_silent: true, ..Near::default() }).ok()
    }

    fn contract_with(&self, model: &FunctionModel, params: &[ParamInfo], near: &Near) -> Result<Summary, String> {
        let (families, family_ids) = (&self.families, &self.family_ids);
        Names { families, family_ids, constants: &self.constants, near }.summary(model, params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(text: &str) -> (Option<ModelFile>, Vec<ModelError>) {
        read(OwnText { path: "mine.toml", text, is_config: false, without: &[] })
    }

    fn errors(text: &str) -> (usize, Vec<String>) {
        let (file, errors) = read(OwnText { path: "ffilint.toml", text, is_config: true, without: &[] });
        let count = file.map_or(usize::MAX, |file| file.function.len() + file.constants.len());
        (count, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn one_wrong_entry_costs_one_entry() {
        let text = "targets = [\"windows\"]\n[[function]]\nsymbol = \"a\"\nreslt = 1\n\n[[function]]\nsymbol = \"b\"\n\
                    [[function]]\nsymbol = \"c\"\n[[function.effects]]\non = \"arg0\"\nhold = 3\n[rules]\nx = \"off\"\n";
        let (count, errors) = errors(text);
        assert_eq!(count, 1, "{errors:?}");
        assert!(errors[0].starts_with("ffilint.toml:4: unknown field `reslt`"), "{errors:?}");
        assert!(errors[0].ends_with("did you mean `result`?"), "{errors:?}");
        assert!(errors[1].starts_with("ffilint.toml:12: invalid type"), "{errors:?}");
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn one_wrong_constant_costs_one_constant() {
        let (count, errors) = errors("[constants]\nA = 1\nB = \"x\"\nC = 2\n[[function]]\nsymbol = \"a\"\n");
        assert_eq!((count, errors.len()), (3, 1), "{errors:?}");
        assert!(errors[0].starts_with("ffilint.toml:3: "), "{errors:?}");
    }

    #[test]
    fn what_all_entries_need_leaves_out_the_file() {
        let (file, errors) = pack("schema = 1\n[pack]\nidd = \"x\"\n[[function]]\nsymbol = \"a\"\n");
        assert!(file.is_none() && errors.len() == 1, "{errors:?}");
        assert!(errors[0].to_string().starts_with("mine.toml:3: unknown field `idd`"), "{errors:?}");
        assert!(pack("").0.is_none());
        assert!(pack("schema = 2").1[0].to_string().contains("schema 2 is not known"));
        for text in ["[[function]]\nsymbol = ", "[[", "function = 3", "[[function]]\n\u{e9} = 1", "[constants]\nA"] {
            assert!(
                !read(OwnText { path: "ffilint.toml", text, is_config: true, without: &[] }).1.is_empty(),
                "{text}"
            );
        }
    }
}
