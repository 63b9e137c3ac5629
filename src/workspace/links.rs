//! The list of links: what names a native symbol, and what it is linked to or why not; what native code calls in return.

use std::collections::{BTreeMap, BTreeSet};

use super::{Links, Lowered, Options, Workspace, link};
use crate::discover::Problem;
use crate::ir::{FunctionId, Op, Unit};
use crate::language::Language;
use crate::link::callbacks::{self, Callback};
use crate::link::{FuncRef, Link, Program, Standing, Target};
use crate::models::ModelSet;
use crate::source::{FileId, Position, Span};
use crate::target::TargetSet;

/// Every link of a project.
#[derive(Clone, Debug, Default)]
pub struct LinkList {
    /// Those in the files that were named.
    pub entries: Vec<Entry>,
    /// The Dart functions that the files which were named give to native code.
    pub callbacks: Vec<Returning>,
    /// The calls of Dart that lead to native definitions.
    pub calls: Vec<Crossing>,
    /// Of the whole project.
    pub counts: Links,
    /// What was not read, and why.
    pub skipped: Vec<Problem>,
    /// What of that a person named.
    pub unreadable: Vec<Problem>,
}

/// A place that names a native symbol.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file.
    pub path: String,
    /// The place in it.
    pub at: Position,
    /// The language it is in.
    pub language: Language,
    /// The symbol, where it is a constant.
    pub symbol: Option<String>,
    /// How it is named.
    pub form: &'static str,
    /// What it is linked to.
    pub state: State,
    /// The definitions, also where they cannot be told apart.
    pub definitions: Vec<Definition>,
}

/// A call that leads to native definitions.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// The file.
    pub path: String,
    /// The name of what is called.
    pub at: Position,
    /// The definitions.
    pub definitions: Vec<Definition>,
}

/// A Dart function that native code is given.
#[derive(Clone, Debug)]
pub struct Returning {
    /// The file that gives it away.
    pub path: String,
    /// The place in it.
    pub at: Position,
    /// The function.
    pub function: String,
    /// The call that makes a native function of it.
    pub maker: &'static str,
    /// Where native code calls it.
    pub calls: Vec<Definition>,
    /// The way of its pointer was seen to all its ends.
    pub is_seen: bool,
}

/// What a symbol is linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// To its definitions.
    Linked,
    /// To a model.
    Modelled,
    /// To nothing.
    Undefined,
    /// To nothing: it may be defined in what was not parsed of this file.
    Unparsed(String),
    /// To nothing: there are too many definitions.
    Ambiguous,
    /// To nothing: its name is computed when the program runs.
    Computed,
}

/// What stands behind a symbol.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The file.
    pub path: String,
    /// The place in it.
    pub at: Position,
    /// The language it is written in.
    pub language: Language,
    /// Where it is compiled.
    pub targets: TargetSet,
    /// Its body was not understood.
    pub is_incomplete: bool,
}

impl State {
    /// Whether something is known of what stands behind the symbol.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        matches!(self, Self::Linked | Self::Modelled)
    }
}

impl Workspace {
    /// Lists the links of the project. To be called on a thread of a [`pool`](super::pool).
    #[must_use]
    pub fn links(&self, models: &ModelSet, options: &Options) -> LinkList {
        let mut list =
            LinkList { skipped: self.problems.clone(), unreadable: self.unreadable.clone(), ..LinkList::default() };
        let mut units = Vec::new();
        let mut unparsed = Vec::new();
        for (source, lowered) in self.sources.iter().zip(self.lower(&options.limits, &options.progress)) {
            let reason = match lowered {
                Lowered::Unit(unit) => {
                    units.push(unit);
                    continue;
                }
                Lowered::Refused(reason) | Lowered::Failed(reason) => reason,
            };
            list.skipped.push(Problem { path: source.path.to_string(), reason });
            unparsed.push((source.id, Span::new(0, u32::try_from(source.text.len()).unwrap_or(u32::MAX))));
        }
        list.skipped.sort();
        let own = self.models_with_own(&units, models);
        let program = link::program(units, &self.contexts, own.as_ref().unwrap_or(models)).0;
        let list = self.linked(&program, unparsed, list, options);
        program.dismantle();
        list
    }

    /// What a program links, where some stretches of files could not be parsed.
    pub(super) fn linked(
        &self,
        program: &Program,
        mut unparsed: Vec<(FileId, Span)>,
        mut list: LinkList,
        options: &Options,
    ) -> LinkList {
        list.counts = self.count_links(program, options);
        unparsed.extend(program.units.iter().filter(|unit| unit.language.is_native()).flat_map(|unit| {
            let spans = unit.errors.iter().chain(&unit.opaque);
            spans.map(|span| (unit.file, *span))
        }));
        let hidden = self.hidden(program, &unparsed);
        let shown = program.links().iter().filter(|link| self.is_listed(program, link, options));
        let named = shown.filter(|link| {
            let file = self.file_of(program, link.function);
            file.and_then(|file| self.facts.get(file.index())).is_some_and(|facts| facts.named)
        });
        list.entries = named.filter_map(|link| self.entry(program, link, &hidden)).collect();
        list.entries.sort_by(|a, b| (&a.path, a.at.offset, &a.symbol).cmp(&(&b.path, b.at.offset, &b.symbol)));
        list.callbacks = self.callbacks(program);
        list.calls = self.crossings(program);
        list
    }

    /// The calls in Dart of native functions that are defined here, by themselves or through what a generator wrote for
    /// just one of them.
    fn crossings(&self, program: &Program) -> Vec<Crossing> {
        let mut known: BTreeMap<(&str, u32), Vec<Definition>> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, unit) in (0_u32..).zip(&program.units).filter(|(_, unit)| !unit.language.is_native()) {
            let Some(source) = self.sources.get(unit.file.index()) else { continue };
            for (id, function) in (0_u32..).map(FunctionId).zip(&unit.functions) {
                for (statement, target) in program.operations(FuncRef { unit: at, function: id }) {
                    let Op::Call(call) = &statement.op else { continue };
                    let Some((symbol, by)) = self.crossed(program, at, target) else { continue };
                    let definitions = known.entry((symbol, by)).or_insert_with(|| {
                        let all = program.definitions(symbol, by);
                        all.into_iter().filter_map(|one| self.definition(program, one)).collect()
                    });
                    if !definitions.is_empty() {
                        let start = call.name_span.absolute_from(function.base).start;
                        let (path, at) = (source.path.to_string(), source.position(start));
                        found.push(Crossing { path, at, definitions: definitions.clone() });
                    }
                }
            }
        }
        found.sort_by(|a, b| (&a.path, a.at.offset).cmp(&(&b.path, b.at.offset)));
        found.dedup_by(|a, b| (&a.path, a.at.offset) == (&b.path, b.at.offset));
        found
    }

    /// The symbol that a call leads to, and the unit that binds it.
    fn crossed<'p>(&self, program: &'p Program, unit: u32, target: &'p Target) -> Option<(&'p str, u32)> {
        if let Some(symbol) = target.symbol() {
            return Some((symbol, unit));
        }
        let Target::Functions(functions) = target.called() else { return None };
        let [callee] = functions.candidates[..] else { return None };
        let around = program.units.get(callee.unit as usize).filter(|unit| self.is_generated(unit))?;
        if around.language.is_native() {
            return None;
        }
        let mut symbols = program.operations(callee).filter_map(|(statement, target)| match statement.op {
            Op::Call(_) => target.symbol(),
            _ => None,
        });
        let first = symbols.next()?;
        symbols.all(|other| other == first).then_some((first, callee.unit))
    }

    /// The callbacks that the files which were named give away.
    fn callbacks(&self, program: &Program) -> Vec<Returning> {
        let named = program.callbacks().list().iter().filter(|callback| {
            let file = self.file_of(program, callback.given.0);
            file.and_then(|file| self.facts.get(file.index())).is_some_and(|facts| facts.named)
        });
        let mut list: Vec<Returning> = named.filter_map(|callback| self.returning(program, callback)).collect();
        list.sort_by(|a, b| (&a.path, a.at.offset, &a.function).cmp(&(&b.path, b.at.offset, &b.function)));
        list
    }

    fn returning(&self, program: &Program, callback: &Callback) -> Option<Returning> {
        let (by, span) = callback.given;
        let source = self.sources.get(self.file_of(program, by)?.index())?;
        let call = |call: &callbacks::Place| {
            let unit = program.units.get(call.function.unit as usize)?;
            let body = program.function(call.function);
            let statement = body.blocks.get(call.block.index())?.ops.get(call.op as usize)?;
            let span = statement.span.absolute_from(body.base);
            self.place(program, unit, call.function.unit, span, body.targets, false)
        };
        Some(Returning {
            path: source.path.to_string(),
            at: source.position(span.start),
            function: callbacks::name(program, callback).to_string(),
            maker: callback.maker,
            calls: callback.calls.iter().filter_map(call).collect(),
            is_seen: callback.is_seen,
        })
    }

    /// How many links there are, with and without something known of their other end.
    pub(super) fn count_links(&self, program: &Program, options: &Options) -> Links {
        let mut links = Links::default();
        for link in program.links().iter().filter(|link| self.is_listed(program, link, options)) {
            match link.standing.is_resolved() {
                true => links.resolved += 1,
                false => links.unresolved += 1,
            }
        }
        links
    }

    /// What native code of others declares is its own affair.
    fn is_listed(&self, program: &Program, link: &Link, options: &Options) -> bool {
        let unit = program.units.get(link.function.unit as usize);
        unit.is_some_and(|unit| !unit.language.is_native() || !self.is_others(unit.file, options))
    }

    fn file_of(&self, program: &Program, function: FuncRef) -> Option<FileId> {
        program.units.get(function.unit as usize).map(|unit| unit.file)
    }

    /// Symbols without a definition whose name stands in text that was not parsed, or before a body that was not
    /// understood: by name the file.
    fn hidden(&self, program: &Program, unparsed: &[(FileId, Span)]) -> BTreeMap<String, String> {
        let undefined = program.links().iter().filter(|link| link.standing == Standing::Undefined);
        let wanted: BTreeSet<&str> = undefined.filter_map(|link| link.symbol.as_deref()).collect();
        let mut found = BTreeMap::new();
        if wanted.is_empty() {
            return found;
        }
        // What was read there is no definition of the symbol: a method, another platform's.
        let units = program.units.iter().filter(|unit| unit.language.is_native());
        let read: BTreeSet<(FileId, &str)> = units
            .flat_map(|unit| unit.functions.iter().map(move |function| (unit.file, function)))
            .filter(|(_, function)| !function.is_external)
            .map(|(file, function)| (file, function.name.as_str()))
            .filter(|(_, name)| wanted.contains(name))
            .collect();
        let native = self.sources.iter().filter(|source| source.language.is_native());
        for source in native {
            let unread = |word: &str| wanted.contains(word) && !read.contains(&(source.id, word));
            for (at, word) in words(&source.text).filter(|(_, word)| unread(word)) {
                let lost = || {
                    unparsed
                        .iter()
                        .any(|(file, span)| *file == source.id && span.start as usize <= at && at < span.end as usize)
                };
                if has_body(&source.text, at + word.len(), source.language) || lost() {
                    found.entry(word.to_owned()).or_insert_with(|| source.path.to_string());
                }
            }
        }
        found
    }

    fn entry(&self, program: &Program, link: &Link, hidden: &BTreeMap<String, String>) -> Option<Entry> {
        let unit = program.units.get(link.function.unit as usize)?;
        let source = self.sources.get(unit.file.index())?;
        let mut definitions = Vec::new();
        let state = match &link.standing {
            Standing::Defined(all) => {
                definitions.extend(all.iter().filter_map(|function| self.definition(program, *function)));
                State::Linked
            }
            Standing::Ambiguous(all) => {
                definitions.extend(all.iter().filter_map(|function| self.definition(program, *function)));
                State::Ambiguous
            }
            Standing::Variable(variable) => {
                let of = program.units.get(variable.unit as usize)?;
                let span = program.variable(*variable).span;
                definitions.push(self.place(program, of, variable.unit, span, TargetSet::ALL, false)?);
                State::Linked
            }
            Standing::Modelled => State::Modelled,
            Standing::Undefined => match link.symbol.as_deref().and_then(|symbol| hidden.get(symbol)) {
                Some(path) => State::Unparsed(path.clone()),
                None => State::Undefined,
            },
            Standing::Computed => State::Computed,
        };
        Some(Entry {
            path: source.path.to_string(),
            at: source.position(link.span.start),
            language: unit.language,
            symbol: link.symbol.as_ref().map(ToString::to_string),
            form: link.form.name(),
            state,
            definitions,
        })
    }

    fn definition(&self, program: &Program, function: FuncRef) -> Option<Definition> {
        let unit = program.units.get(function.unit as usize)?;
        let declared = program.function(function);
        let incomplete = declared.incomplete.is_some();
        self.place(program, unit, function.unit, declared.name_span, declared.targets, incomplete)
    }

    fn place(
        &self,
        program: &Program,
        unit: &Unit,
        at: u32,
        span: Span,
        targets: TargetSet,
        is_incomplete: bool,
    ) -> Option<Definition> {
        let source = self.sources.get(unit.file.index())?;
        Some(Definition {
            path: source.path.to_string(),
            at: source.position(span.start),
            language: unit.language,
            targets: targets.and(program.file(at).targets),
            is_incomplete,
        })
    }
}

impl LinkList {
    /// Adds the list of another project.
    pub fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.callbacks.extend(other.callbacks);
        self.calls.extend(other.calls);
        self.counts.resolved += other.counts.resolved;
        self.counts.unresolved += other.counts.unresolved;
        self.skipped.extend(other.skipped);
        self.unreadable.extend(other.unreadable);
    }
}

/// The words of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = text.char_indices().scan(false, move |inside, (at, c)| {
        let begins = of_word(c) && !*inside;
        *inside = of_word(c);
        Some(begins.then_some(at))
    });
    starts.flatten().map(move |at| {
        let rest = &text[at..];
        (at, &rest[..rest.find(|c| !of_word(c)).unwrap_or(rest.len())])
    })
}

/// Parameters that are looked over for a body behind them, in bytes.
const MAX_PARAMETERS: usize = 4_096;

/// Whether a name is followed by parameters and a body: `(…) {`, in Rust `(…) -> … {`.
fn has_body(text: &str, after: usize, language: Language) -> bool {
    let Some(rest) = text.get(after..).map(str::trim_start).filter(|rest| rest.starts_with('(')) else { return false };
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices().take(MAX_PARAMETERS) {
        match c {
            '(' => depth += 1,
            ')' if depth > 1 => depth -= 1,
            ')' => {
                let behind = rest[at + 1..].trim_start();
                return match language {
                    Language::Rust => {
                        let before = text.get(..after).unwrap_or_default();
                        let is_function = before.rsplit(char::is_whitespace).nth(1) == Some("fn");
                        is_function && behind.find(['{', ';']).is_some_and(|at| behind[at..].starts_with('{'))
                    }
                    _ => behind.starts_with('{'),
                };
            }
            '{' | '}' | ';' => return false,
            _ => {}
        }
    }
    false
}
