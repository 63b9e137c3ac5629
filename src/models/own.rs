//! Models that a project brings: read entry by entry, so that what is wrong with one leaves out that one alone.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::contract::Names;
use super::load::{line_of, with_suggestion};
use super::schema::{Equivalence, Family, FunctionModel, ModelFile, Naming, Pack, TypeModel, VariableModel};
use super::{ModelError, ModelId, ModelSet, ParamInfo, SCHEMA};
use crate::config::FILE_NAME;
use crate::summary::Summary;

/// A person reads no more of them.
const MOST_ERRORS: usize = 50;

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
        let InConfig { pack, family, naming, equivalence, constants, types, variable, function } = read;
        let unnamed = || Pack { id: PROJECT.into(), sources: vec![FILE_NAME.into()], ..Pack::default() };
        let pack = Some(pack.unwrap_or_else(unnamed));
        Self {
            schema: SCHEMA,
            pack,
            family,
            naming,
            equivalence,
            constants,
            hints: BTreeMap::new(),
            types,
            variable,
            function,
        }
    }
}

/// Reads a model file of a project, or the entries in its configuration. A wrong entry is left out and told.
pub fn read(path: &str, text: &str) -> (Option<ModelFile>, Vec<ModelError>) {
    let is_config = path.rsplit('/').next() == Some(FILE_NAME);
    let mut left = text.to_owned();
    let mut errors = Vec::new();
    loop {
        let read = match is_config {
            true => toml::from_str::<InConfig>(&left).map(ModelFile::from),
            false => toml::from_str(&left),
        };
        let error = match read {
            Ok(file) if file.schema == SCHEMA => return (Some(file), errors),
            Ok(file) => {
                let message = format!("schema {} is not known, this program reads schema {SCHEMA}", file.schema);
                errors.push(ModelError {
                    path: path.to_owned(),
                    line: super::load::line_starting(text, "schema"),
                    message,
                });
                return (None, errors);
            }
            Err(error) => error,
        };
        let at = error.span().map_or(0, |span| span.start);
        let message = with_suggestion(error.message().trim()).replace('\n', "; ");
        errors.push(ModelError { path: path.to_owned(), line: line_of(text, at), message });
        let Some(wrong) = entry_around(&left, at).filter(|_| errors.len() < MOST_ERRORS) else {
            return (None, errors);
        };
        blank(&mut left, wrong);
    }
}

/// The `[[entry]]` that a byte lies in, or the line of `[constants]`; nothing for what the other entries need as well.
fn entry_around(text: &str, at: usize) -> Option<Range<usize>> {
    let at = at.min(text.len().saturating_sub(1));
    // The table around the line, its name, and whether it is one of several.
    let mut around: Option<(Range<usize>, &str, bool)> = None;
    let mut line_around = 0..0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let here = header(line);
        match (&mut around, here) {
            (Some((table, of, _)), Some((name, _))) if is_part(name, of) => table.end = end,
            (_, Some(_)) if start > at => break,
            (_, Some((name, is_entry))) => around = Some((start..end, name, is_entry)),
            (Some((table, ..)), None) => table.end = end,
            (None, None) => {}
        }
        if (start..end).contains(&at) {
            line_around = start..end;
        }
        start = end;
    }
    match around? {
        (table, _, true) => Some(table),
        (table, "constants", false) if line_around.start > table.start => Some(line_around),
        _ => None,
    }
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
        let names = Names { families: &self.families, family_ids: &self.family_ids, constants: &self.constants };
        names.summary(model, params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> (usize, Vec<String>) {
        let (file, errors) = read("ffilint.toml", text);
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
        let (file, errors) = read("mine.toml", "schema = 1\n[pack]\nidd = \"x\"\n[[function]]\nsymbol = \"a\"\n");
        assert!(file.is_none() && errors.len() == 1, "{errors:?}");
        assert!(errors[0].to_string().starts_with("mine.toml:3: unknown field `idd`"), "{errors:?}");
        assert!(read("mine.toml", "").0.is_none());
        assert!(read("mine.toml", "schema = 2").1[0].to_string().contains("schema 2 is not known"));
        for text in ["[[function]]\nsymbol = ", "[[", "function = 3", "[[function]]\n\u{e9} = 1", "[constants]\nA"] {
            assert!(!read("ffilint.toml", text).1.is_empty(), "{text}");
        }
    }
}
