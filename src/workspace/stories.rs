//! What can be told of one file where nothing need be wrong: what becomes of the memory that its functions get hold of,
//! and who owns what the functions hand over that it calls.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ownership::{Fact, From, Known};
use super::standing::{Parts, Standing};
use super::{Options, Workspace, flow_options};
use crate::flow::{Course, Courses, Passing};
use crate::ir::{Call, FunctionId, LocalId, LocalKind, Name, Op, Operand, Unit};
use crate::language::Language;
use crate::link::{FuncRef, Program, Target, Ty};
use crate::models::catalog::{self, Entry};
use crate::models::{Family, ModelId, ModelSet};
use crate::rules::{self, fates};
use crate::source::tokens::tokens;
use crate::source::{SourceFile, Span};
use crate::summary::{AccessPath, Basis, EffectKind, Guard, Outcome, Ownership, Root, Summary};
use crate::target::TargetSet;

/// What can be told of one file.
#[derive(Debug, Default)]
pub struct Stories {
    /// What stands beside the code, in the order of the places.
    pub hints: Vec<Hint>,
    /// What is told to somebody who points at something.
    pub told: Vec<Told>,
    /// The stories of allocations, as Markdown.
    pub stories: Vec<String>,
    /// What is known of functions, with their names.
    pub functions: Vec<(String, Vec<Fact>)>,
    /// The families that the facts speak of.
    pub families: Arc<[Family]>,
}

/// A few words beside the code.
#[derive(Debug)]
pub struct Hint {
    /// The byte of the file behind which they stand.
    pub at: u32,
    /// The words.
    pub label: String,
    /// The story that they are of.
    pub story: Option<usize>,
}

/// What is told of a place.
#[derive(Debug)]
pub struct Told {
    /// The place, bytes of the file.
    pub span: Span,
    /// The stories of what it leads to.
    pub stories: Vec<usize>,
    /// What is called or declared there.
    pub function: Option<usize>,
}

impl Stories {
    /// What is known of a function, as `ffilint ownership` has it.
    #[must_use]
    pub fn known(&self, function: usize) -> Option<(&str, Known)> {
        let (name, facts) = self.functions.get(function)?;
        let known = Known { facts: facts.clone(), families: self.families.to_vec(), ..Known::default() };
        Some((name, known))
    }
}

impl Standing {
    /// What can be told of a file; `None` for one of which more changed than is followed, until all is checked again. To
    /// be called on a thread of a [`pool`](super::pool).
    #[must_use]
    pub fn stories(&self, workspace: &Workspace, key: &str, models: &ModelSet, options: &Options) -> Option<Stories> {
        let Parts { own, program, results, offered, .. } = &self.parts;
        let models = own.as_ref().unwrap_or(models);
        let Some(source) = workspace.source(key) else { return Some(Stories::default()) };
        if self.astray.contains(&source.id) {
            return None;
        }
        let Some(unit) = program.unit_of(source.id) else { return Some(Stories::default()) };
        let courses = results.courses(program, models, &flow_options(options), unit);
        let context = rules::Context {
            program,
            families: models.families(),
            sources: &workspace.sources,
            keys: &workspace.keys,
            targets: options.targets,
            language: source.language,
            releases: offered,
            offered: None,
            opened: None,
        };
        let from = &*program.units[unit as usize];
        let teller = Teller { standing: self, workspace, models, program, unit, from, source };
        let mut gathered = Gathered::default();
        teller.calls(&mut gathered, &courses);
        teller.variables(&mut gathered, &courses.courses);
        let of_courses = courses.courses.iter().enumerate().filter_map(|(at, course)| {
            let label = fates::hint(course, &context)?;
            Some(Hint { at: course.at.span.end, label, story: Some(at) })
        });
        gathered.hints.extend(of_courses);
        gathered.hints.sort_by(|a, b| (a.at, &a.label).cmp(&(b.at, &b.label)));
        gathered.hints.dedup_by(|a, b| (a.at, &a.label) == (b.at, &b.label));
        let told = gathered.told.into_iter();
        let told = told.map(|((start, end), (mut stories, function))| {
            stories.sort_unstable();
            stories.dedup();
            Told { span: Span::new(start, end), stories, function }
        });
        Some(Stories {
            hints: gathered.hints,
            told: told.collect(),
            stories: courses.courses.iter().map(|course| fates::course(course, &context)).collect(),
            functions: gathered.functions,
            families: models.families().into(),
        })
    }

    fn catalog(&self, workspace: &Workspace) -> &[Arc<Entry>] {
        let read = || catalog::read(&workspace.own_texts(), None).entries.into_iter().map(Arc::new).collect();
        self.catalog.get_or_init(read)
    }
}

#[derive(Default)]
struct Gathered {
    hints: Vec<Hint>,
    /// By place.
    told: BTreeMap<(u32, u32), (Vec<usize>, Option<usize>)>,
    functions: Vec<(String, Vec<Fact>)>,
    known: HashMap<Key, Option<usize>>,
}

impl Gathered {
    fn tell(&mut self, span: Span, stories: &[usize], function: Option<usize>) {
        if span.start == span.end || stories.is_empty() && function.is_none() {
            return;
        }
        let there = self.told.entry((span.start, span.end)).or_default();
        there.0.extend(stories);
        there.1 = there.1.or(function);
    }
}

/// What facts are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Function(FuncRef),
    Symbol(Name),
    Model(ModelId),
}

struct Teller<'a> {
    standing: &'a Standing,
    workspace: &'a Workspace,
    models: &'a ModelSet,
    program: &'a Program,
    unit: u32,
    from: &'a Unit,
    source: &'a SourceFile,
}

impl Teller<'_> {
    /// What is told of calls, and of the names of functions.
    fn calls(&self, gathered: &mut Gathered, courses: &Courses) {
        let mut by_call: HashMap<Span, Vec<usize>> = HashMap::new();
        for (at, course) in courses.courses.iter().enumerate() {
            by_call.entry(course.at.span).or_default().push(at);
            for step in course.steps.iter().filter(|step| step.location.file == self.source.id) {
                by_call.entry(step.location.span).or_default().push(at);
            }
        }
        for (id, function) in (0_u32..).map(FunctionId).zip(&self.from.functions) {
            let here = FuncRef { unit: self.unit, function: id };
            if !function.name.is_empty() && function.parent.is_none() {
                let known = self.declared(gathered, here);
                gathered.tell(function.name_span, &[], known);
            }
            for (statement, target) in self.program.operations(here) {
                let Op::Call(call) = &statement.op else { continue };
                let span = statement.span.absolute_from(function.base);
                let stories = by_call.get(&span).map_or(&[][..], Vec::as_slice);
                let called = self.called(gathered, target);
                gathered.tell(call.name_span.absolute_from(function.base), stories, called);
                for passing in courses.passings.iter().filter(|passing| passing.at.span == span) {
                    gathered.hints.extend(self.passing(passing, here, call, target));
                }
            }
        }
    }

    /// What stands behind the one argument that a call takes over or keeps whenever it returns.
    fn passing(&self, passing: &Passing, here: FuncRef, call: &Call, target: &Target) -> Option<Hint> {
        let key = self.key(target)?;
        let contracts: Option<Vec<Arc<Summary>>> =
            self.facts(&key, target).into_iter().map(|fact| fact.contract).collect();
        let contracts = contracts?;
        let outcomes = || contracts.iter().flat_map(|contract| &contract.outcomes);
        let returned: Vec<&Outcome> = outcomes().filter(|outcome| outcome.guard != Guard::Throws).collect();
        let fits = |effect: &EffectKind| match passing.kept {
            true => matches!(effect, EffectKind::Hold(_)),
            false => *effect == EffectKind::Take,
        };
        let mut position = 0;
        let passed = call.args.iter().filter_map(|arg| {
            let root = arg.name.clone().map_or(Root::Param(position), Root::Named);
            position += u16::from(arg.name.is_none());
            let at = AccessPath::root(root);
            let has = |outcome: &&&Outcome| outcome.effects.iter().any(|effect| effect.on == at && fits(&effect.kind));
            let count = returned.iter().filter(has).count();
            let failing = |outcome: &&&Outcome| outcome.guard == Guard::Failure && !has(outcome);
            let failing = returned.iter().filter(failing).count();
            let is_sure = count > 0 && count + failing == returned.len() && self.is_address(here, &arg.value);
            is_sure.then_some((arg.span, failing > 0))
        });
        let passed: Vec<(Span, bool)> = passed.collect();
        // Of several only the engine knows which are there.
        let [(span, on_success)] = passed[..] else { return None };
        let at = span.end.saturating_add(self.program.function(here).base);
        Some(Hint { at, label: fates::passing(passing, on_success).to_owned(), story: None })
    }

    /// Whether ownership of an argument is no matter of its type: what is moved in Rust, everybody sees.
    fn is_address(&self, function: FuncRef, value: &Operand) -> bool {
        if self.from.language != Language::Rust {
            return true;
        }
        let types = &self.program.resolved(function).types;
        matches!(value, Operand::Local(local) if matches!(types.get(local.index()), Some(Ty::Pointer(_))))
    }

    /// What is told of variables that ever lead to memory of which a story is known.
    fn variables(&self, gathered: &mut Gathered, courses: &[Course]) {
        let mut by_local: HashMap<(FuncRef, LocalId), Vec<usize>> = HashMap::new();
        let mut names: HashMap<&str, ()> = HashMap::new();
        for (at, course) in courses.iter().enumerate() {
            for (function, local) in course.held.iter().filter(|(function, _)| function.unit == self.unit) {
                if let Some(known) = self.from.function(function.function).locals.get(local.index()) {
                    names.insert(&known.name, ());
                    by_local.entry((*function, *local)).or_default().push(at);
                }
            }
        }
        let text = &*self.source.text;
        let tokens = tokens(text, self.source.language);
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| names.contains_key(**token)) {
            let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).copied().unwrap_or_default();
            let is_member = match before(1) {
                "." => true,
                ">" => before(2) == "-",
                ":" => before(2) == ":",
                _ => false,
            };
            let is_label = matches!(before(1), "(" | ",") && tokens.get(at + 1) == Some(&":");
            if is_member || is_label {
                continue;
            }
            let start = (token.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) as u32;
            let span = Span::new(start, start + token.len() as u32);
            let stories: Vec<usize> =
                self.locals(token, span).iter().filter_map(|local| by_local.get(local)).flatten().copied().collect();
            gathered.tell(span, &stories, None);
        }
    }

    /// The variable that a name means: in the function around it, and in those that this is written in.
    fn locals(&self, name: &str, span: Span) -> Vec<(FuncRef, LocalId)> {
        let functions = (0_u32..).map(FunctionId).zip(&self.from.functions);
        let around = functions.filter(|(_, function)| function.span.contains(span) && function.has_blocks());
        let Some((mut id, _)) = around.min_by_key(|(_, function)| function.span.end - function.span.start) else {
            return Vec::new();
        };
        let mut function = self.from.function(id);
        let named =
            |(_, local): &(LocalId, &crate::ir::Local)| local.name == name && local.kind != LocalKind::Temporary;
        let all: Vec<_> = (0_u32..).map(LocalId).zip(&function.locals).filter(named).collect();
        let mut local = match all.as_slice() {
            [(local, _)] => *local,
            // Which of several is meant is only plain where one is declared.
            several => {
                let here =
                    |(_, local): &&(LocalId, &crate::ir::Local)| local.span.absolute_from(function.base).contains(span);
                let Some((local, _)) = several.iter().find(here) else { return Vec::new() };
                *local
            }
        };
        let mut found = Vec::new();
        loop {
            found.push((FuncRef { unit: self.unit, function: id }, local));
            let outer = function.captures.iter().find(|capture| capture.inner == local).map(|capture| capture.outer);
            let (Some(outer), Some(parent)) = (outer, function.parent) else { return found };
            (id, local, function) = (parent, outer, self.from.function(parent));
        }
    }

    /// What is known of what a declaration names; nothing where nobody would want to know.
    fn declared(&self, gathered: &mut Gathered, function: FuncRef) -> Option<usize> {
        let key = match self.program.bound_symbol(function) {
            Some(symbol) => Key::Symbol(symbol.clone()),
            None => Key::Function(function),
        };
        let target = Target::Unknown;
        self.known(gathered, key, &target)
    }

    fn called(&self, gathered: &mut Gathered, target: &Target) -> Option<usize> {
        self.known(gathered, self.key(target)?, target)
    }

    fn key(&self, target: &Target) -> Option<Key> {
        match target.called() {
            Target::Functions(functions) => {
                let first = *functions.candidates.first()?;
                let contract = |function: &FuncRef| self.standing.parts.results.contract(*function);
                let known = contract(&first)?;
                let same = |other: &FuncRef| contract(other).is_some_and(|other| other.outcomes == known.outcomes);
                functions.candidates.iter().all(same).then_some(Key::Function(first))
            }
            Target::Native { symbol: Some(symbol), .. } => Some(Key::Symbol(symbol.clone())),
            Target::Model(model) => Some(Key::Model(*model)),
            _ => None,
        }
    }

    fn known(&self, gathered: &mut Gathered, key: Key, target: &Target) -> Option<usize> {
        if let Some(known) = gathered.known.get(&key) {
            return *known;
        }
        let facts = self.facts(&key, target);
        let says_something = facts.iter().filter_map(|fact| fact.contract.as_ref()).any(|contract| says(contract));
        // Of a symbol that nothing is known of, that is worth telling.
        let is_modelled = |symbol: &Name| self.models.symbol(symbol, self.program.versions(self.unit)).is_some();
        let crosses = match &key {
            Key::Symbol(symbol) => !self.from.language.is_native() && (!facts.is_empty() || !is_modelled(symbol)),
            _ => false,
        };
        let known = (says_something || crosses).then(|| {
            let name = match &key {
                Key::Function(function) => self.program.function(*function).qualified.to_string(),
                Key::Symbol(symbol) => symbol.to_string(),
                Key::Model(model) => self.models.function(*model).name.to_string(),
            };
            gathered.functions.push((name, facts));
            gathered.functions.len() - 1
        });
        gathered.known.insert(key, known);
        known
    }

    /// What is said of a function, as calls of it here are understood.
    fn facts(&self, key: &Key, target: &Target) -> Vec<Fact> {
        match key {
            Key::Function(function) => self.of_body(*function, TargetSet::ALL).into_iter().collect(),
            Key::Model(model) => self.of_model(*model).into_iter().collect(),
            Key::Symbol(symbol) => self.of_symbol(symbol, target),
        }
    }

    fn of_symbol(&self, symbol: &Name, target: &Target) -> Vec<Fact> {
        let model = match target.called() {
            Target::Native { model, .. } => *model,
            _ => self.models.symbol(symbol, self.program.versions(self.unit)),
        };
        let groups = self.program.definitions_by_target(symbol, self.unit);
        let is_documented =
            model.is_some_and(|model| self.models.function(model).summary.basis >= Basis::MetadataExplicit);
        let are_others = groups.iter().flat_map(|(_, all)| all).all(|one| self.program.file(one.unit).is_vendored);
        // A library's own source beside the project counts less than what is written of it.
        let counts = !(is_documented && are_others && !self.program.file(self.unit).is_vendored);
        if counts && !groups.is_empty() {
            let of_group = groups.iter().flat_map(|(targets, all)| all.first().map(|one| (*targets, *one)));
            return of_group.filter_map(|(targets, one)| self.of_body(one, targets)).collect();
        }
        let place = |(unit, span): (u32, Span)| self.workspace.place_in(self.program.units.get(unit as usize)?, span);
        let fact = |from: From, contract: &Summary| Fact {
            from,
            targets: TargetSet::ALL,
            contract: Some(Arc::new(contract.clone())),
        };
        if let Some(contract) = self.program.stated_contract(symbol) {
            let at = self.program.stated().place(symbol).and_then(place);
            return vec![fact(at.map_or(From::Declaration(None), From::Comment), contract)];
        }
        if let Some(model) = model {
            return self.of_model(model).into_iter().collect();
        }
        let declared = self.program.declared_contract(symbol);
        declared.map(|contract| fact(From::Declaration(None), contract)).into_iter().collect()
    }

    fn of_body(&self, function: FuncRef, targets: TargetSet) -> Option<Fact> {
        let declared = self.program.function(function);
        let unit = self.program.units.get(function.unit as usize)?;
        let place = |(unit, span): (u32, Span)| self.workspace.place_in(self.program.units.get(unit as usize)?, span);
        let said = self.program.stated().place_of(function).and_then(place);
        let from = match said {
            Some(said) => From::Comment(said),
            None => From::Body(self.workspace.place_in(unit, declared.name_span)?),
        };
        let there = declared.targets.and(self.program.file(function.unit).targets).and(targets);
        Some(Fact { from, targets: there, contract: self.standing.parts.results.contract(function) })
    }

    /// The entry of which a model is made, told apart by what it says.
    fn of_model(&self, model: ModelId) -> Option<Fact> {
        let known = self.models.function(model);
        let versions = self.program.versions(self.unit);
        let catalog = self.standing.catalog(self.workspace);
        let of_name = catalog.iter().filter(|entry| entry.names().any(|name| name == known.name.as_str()));
        let says_it = |entry: &&Arc<Entry>| {
            let contract = catalog::contract(entry, self.models);
            entry.holds_for(versions) && contract.is_some_and(|contract| contract.outcomes == known.summary.outcomes)
        };
        let from = match of_name.into_iter().find(says_it) {
            Some(entry) => From::Model(Arc::clone(entry)),
            None if known.summary.basis == Basis::Convention => From::Convention,
            None => return None,
        };
        Some(Fact { from, targets: known.targets, contract: Some(Arc::new(known.summary.clone())) })
    }
}

/// Whether a contract says more than that nothing happens to what is passed.
fn says(contract: &Summary) -> bool {
    contract.outcomes.iter().any(|outcome| {
        let of_result = matches!(
            outcome.result.ownership,
            Ownership::Owned(_)
                | Ownership::Borrowed { .. }
                | Ownership::Static
                | Ownership::Value(_)
                | Ownership::Scope(_)
                | Ownership::Interior(_)
        );
        let is_plain = |kind: &EffectKind| {
            matches!(kind, EffectKind::Borrow | EffectKind::BorrowAssumed | EffectKind::Untouched | EffectKind::Escape)
        };
        of_result || outcome.effects.iter().any(|effect| !is_plain(&effect.kind))
    })
}
