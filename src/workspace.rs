//! The engine: files in memory → report. Command line and editor use it alike; it does no I/O.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::config::{Certainty, Config, Setting};
use crate::diagnostic::{Diagnostic, Level};
use crate::discover::{Problem, Project};
use crate::flow;
use crate::ir::Unit;
use crate::language::Language;
use crate::lower;
use crate::models::ModelSet;
use crate::parse::Limits;
use crate::rules::{self, Part};
use crate::signatures;
use crate::source::{FileId, Location, SourceFile};
use crate::suppress::baseline::Baseline;
use crate::suppress::{By, Comments, Suppressed};
use crate::target::TargetSet;
use crate::violation::Confidence;
use models::OwnModels;
use progress::{Phase, Progress};
use standing::Standing;
use words::Worded;

mod arrange;
mod built;
mod link;
pub mod links;
pub mod mend;
pub(crate) mod models;
pub mod ownership;
pub mod progress;
mod rest;
pub mod standing;
pub mod stories;
mod words;

/// Stack of the threads that analyse. Parsers and destructors of deep trees use it; nothing of ours recurses deep.
pub(crate) const STACK: usize = 64 * 1024 * 1024;

/// Threads fit for [`Workspace::check`]; as many as the machine has cores where `threads` is 0.
///
/// # Errors
///
/// When the system gives no threads.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build()
}

/// A project in memory. A copy shares what is lowered.
#[derive(Clone, Debug)]
pub struct Workspace {
    sources: Vec<SourceFile>,
    keys: Vec<Arc<str>>,
    facts: Vec<Facts>,
    contexts: Vec<crate::link::FileContext>,
    read: BTreeMap<Language, usize>,
    problems: Vec<Problem>,
    unreadable: Vec<Problem>,
    asked: Vec<String>,
    left_out: Vec<Problem>,
    notes: Vec<Problem>,
    own: OwnModels,
    baseline: Option<(Baseline, SourceFile)>,
    kept: Option<Vec<Arc<OnceLock<Lowered>>>>,
}

/// What is known of a file beside its text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    named: bool,
    excluded: bool,
    ignored: Vec<String>,
    vendored: bool,
    built_for: TargetSet,
}

/// What to look for and what to show.
#[derive(Clone, Debug)]
pub struct Options {
    /// Levels of rules that differ from the default.
    pub rules: BTreeMap<String, Setting>,
    /// The targets that are looked at.
    pub targets: TargetSet,
    /// Whether of each package only the platforms are looked at that it is built for.
    pub as_built: bool,
    /// The least confidence that is shown.
    pub min_confidence: Confidence,
    /// Whether findings in vendored files are shown.
    pub check_vendored: bool,
    /// Whether comments may silence findings.
    pub ignores: bool,
    /// Which findings a named file shows.
    pub scope: Scope,
    /// Whether all is looked for that the project asks for: only then is what fits nothing of no use.
    pub whole: bool,
    /// Whether findings come with their fixes; else with what would make them.
    pub fixes: bool,
    /// Limits of the parsers.
    pub limits: Limits,
    /// Who wants to know how far the check is.
    pub progress: Arc<Progress>,
}

/// Which findings are shown where files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those with a step in a named file.
    Touching,
    /// Those whose place is in a named file.
    Primary,
    /// All of the project.
    Project,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            targets: TargetSet::ALL,
            as_built: true,
            min_confidence: Confidence::Medium,
            check_vendored: false,
            ignores: true,
            scope: Scope::Touching,
            whole: true,
            fixes: true,
            limits: Limits::default(),
            progress: Arc::default(),
        }
    }
}

impl Options {
    /// Whether the same is looked for and shown.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let of = |options: &Self| (options.targets, options.as_built, options.min_confidence, options.check_vendored);
        self.rules == other.rules && of(self) == of(other)
    }

    /// What a project's configuration asks for.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            rules: config.rules.clone(),
            targets: config.targets,
            as_built: !config.says("targets"),
            min_confidence: config.min_confidence.unwrap_or(Certainty::Medium).into(),
            check_vendored: config.check_vendored,
            ..Self::default()
        }
    }
}

/// What a run found, and what it looked at.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, sorted by path, place and rule.
    pub diagnostics: Vec<Diagnostic>,
    /// The findings that are not shown because somebody said so, in the same order.
    pub suppressed: Vec<Suppressed>,
    /// The files that locations speak of.
    pub sources: Vec<SourceFile>,
    /// Files read and tested, by language.
    pub read: BTreeMap<Language, usize>,
    /// Files parsed, by language.
    pub parsed: BTreeMap<Language, usize>,
    /// How many files should have been parsed.
    pub relevant: usize,
    /// Functions analysed.
    pub functions: usize,
    /// Bindings with a definition or a model, and those without.
    pub links: Links,
    /// Functions that were not analysed to their end.
    pub incomplete: Vec<Unfinished>,
    /// What was not analysed, and why.
    pub skipped: Vec<Problem>,
    /// Files with syntax errors: what overlaps one was not analysed, the rest was.
    pub damaged: Vec<Problem>,
    /// What of that a person named.
    pub unreadable: Vec<Problem>,
    /// Native files that are left out by a cap, and which.
    pub left_out: Vec<Problem>,
    /// What is of interest only to whoever asks.
    pub notes: Vec<Problem>,
}

/// How many bindings are understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// With a definition or a model.
    pub resolved: usize,
    /// With neither.
    pub unresolved: usize,
}

/// A function that was not analysed to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfinished {
    /// The file.
    pub path: String,
    /// The line it begins at.
    pub line: u32,
    /// Its name.
    pub function: String,
    /// Why.
    pub reason: &'static str,
}

impl Workspace {
    /// A project as it was found.
    #[must_use]
    pub fn new(project: Project) -> Self {
        let contexts = link::contexts(&project);
        let built_for: Vec<TargetSet> = project.packages.iter().map(|package| package.built_for).collect();
        let mut workspace = Self {
            sources: Vec::with_capacity(project.files.len()),
            keys: Vec::with_capacity(project.files.len()),
            facts: Vec::with_capacity(project.files.len()),
            contexts,
            read: project.read,
            problems: project.problems,
            unreadable: project.unreadable,
            asked: project.asked,
            left_out: project.left_out,
            notes: project.notes,
            own: OwnModels::new(project.models, project.files.len()),
            baseline: None,
            kept: None,
        };
        for (id, file) in project.files.into_iter().enumerate() {
            let id = FileId(u32::try_from(id).unwrap_or(u32::MAX));
            workspace.sources.push(SourceFile::new(id, file.path, file.text, file.language));
            workspace.keys.push(file.key);
            let (named, excluded, vendored) = (file.named, file.excluded, file.vendored);
            let built_for = file.package.and_then(|package| built_for.get(package).copied()).unwrap_or(TargetSet::ALL);
            workspace.facts.push(Facts { named, excluded, vendored, built_for, ignored: file.ignored });
        }
        workspace
    }

    /// The same project with a baseline: its text, and its path as reports show it.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline, path: Arc<str>, text: Arc<str>) -> Self {
        let id = FileId(u32::try_from(self.sources.len() + self.own.sources.len()).unwrap_or(u32::MAX));
        self.baseline = Some((baseline, SourceFile::new(id, path, text, Language::Dart)));
        self
    }

    /// The same project, of which what is lowered is kept: the next check lowers only what changed since.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.kept = Some(self.sources.iter().map(|_| Arc::default()).collect());
        self
    }

    /// Gives a file, by its path from the project's folder, another text; whether there is such a file.
    pub fn set_text(&mut self, key: &str, text: &Arc<str>) -> bool {
        let Some(index) = self.keys.iter().position(|other| **other == *key) else { return false };
        let Some(source) = self.sources.get_mut(index) else { return false };
        if source.text != *text {
            *source = SourceFile::new(source.id, Arc::clone(&source.path), Arc::clone(text), source.language);
            if let Some(kept) = self.kept.as_mut().and_then(|kept| kept.get_mut(index)) {
                *kept = Arc::default();
            }
        }
        true
    }

    /// The text of a file, by its path from the project's folder.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&Arc<str>> {
        self.source(key).map(|source| &source.text)
    }

    /// Whether it is another reading of the same project, with the same files, in which nothing changed.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let texts = |workspace: &Self| workspace.files().map(|file| Arc::clone(&file.text)).collect::<Vec<_>>();
        self.keys == other.keys
            && self.facts == other.facts
            && self.contexts == other.contexts
            && self.own == other.own
            && self.problems == other.problems
            && self.left_out == other.left_out
            && texts(self) == texts(other)
    }

    /// Takes over what an earlier state of the project has kept of files whose text is still the same.
    pub fn take_over(&mut self, earlier: Self) {
        let (Some(kept), Some(old)) = (&mut self.kept, earlier.kept) else { return };
        let known = earlier.keys.iter().zip(&earlier.sources).zip(old);
        let mut known: HashMap<&str, (&SourceFile, Arc<OnceLock<Lowered>>)> =
            known.map(|((key, source), lowered)| (&**key, (source, lowered))).collect();
        for ((key, source), kept) in self.keys.iter().zip(&self.sources).zip(kept) {
            let Some((before, lowered)) = known.remove(&**key) else { continue };
            let Some(mut lowered) = lowered.get().filter(|_| before.text == source.text).cloned() else { continue };
            if let Lowered::Unit(unit) = &mut lowered
                && unit.file != source.id
            {
                Arc::make_mut(unit).file = source.id;
            }
            *kept = Arc::new(OnceLock::from(lowered));
        }
    }

    /// Analyses everything and words what it finds. To be called on a thread of a [`pool`].
    ///
    /// `models` are those of the program; the project's own come before them.
    #[must_use]
    pub fn check(&self, models: &ModelSet, options: &Options) -> Report {
        self.run(models, options, false).map_or_else(Report::default, |(report, _)| report)
    }

    /// The same, with what a [small change](Standing::follow) needs instead of another check; nothing where somebody
    /// [stopped](Progress::stop) it.
    #[must_use]
    pub fn stand(&self, models: &ModelSet, options: &Options) -> Option<(Report, Standing)> {
        let (report, standing) = self.run(models, options, true)?;
        Some((report, standing?))
    }

    fn run(&self, models: &ModelSet, options: &Options, keeps: bool) -> Option<(Report, Option<Standing>)> {
        let mut report = Report {
            sources: self.files().cloned().collect(),
            read: self.read.clone(),
            relevant: self.sources.len(),
            skipped: self.problems.clone(),
            unreadable: self.unreadable.clone(),
            left_out: self.left_out.clone(),
            notes: self.notes.clone(),
            ..Report::default()
        };
        let mut apart = Vec::new();
        let mut units = Vec::new();
        let progress = &*options.progress;
        progress.begin(Phase::Parsing, self.sources.len());
        for (source, lowered) in self.sources.iter().zip(self.lower(&options.limits, progress)) {
            match lowered {
                Lowered::Unit(unit) => {
                    if !unit.is_lost() {
                        *report.parsed.entry(source.language).or_default() += 1;
                    }
                    report.damaged.extend(damage(&unit, source).filter(|_| !self.is_others(source.id, options)));
                    units.push(unit);
                }
                Lowered::Refused(reason) => {
                    let problem = Problem { path: source.path.to_string(), reason };
                    if self.asked.contains(&problem.path) {
                        report.unreadable.push(problem.clone());
                    }
                    report.skipped.push(problem);
                }
                Lowered::Failed(reason) => {
                    apart.push(rules::internal_error(source.id, self.key(source.id), Part::File, &reason));
                }
            }
        }

        if self.kept.is_some() {
            // Together and nothing else between them: so the system gets their memory back when they are put away.
            units.par_iter().with_max_len(1).for_each(|unit: &Arc<Unit>| unit.read_bodies());
        }
        progress.begin(Phase::Linking, 0);
        progress.goes_on()?;
        let generated: FxHashSet<FileId> =
            units.iter().filter(|unit| self.is_generated(unit)).map(|unit| unit.file).collect();
        let comments = if options.ignores { Comments::read(&units, &self.sources) } else { Comments::default() };
        let own = self.models_with_own(&units, models);
        let all_models = own.as_ref().unwrap_or(models);
        let (program, tables) = link::program(units, &self.contexts, all_models);
        let tables = keeps.then_some(tables);
        apart.extend(self.invalid_models(&program, all_models));
        progress.begin(Phase::Analysing, 0);
        progress.goes_on()?;
        let flow_options = flow::Options { keep_results: keeps, ..flow_options(options) };
        let mut analysis = flow::analyse(&program, all_models, &flow_options);
        progress.begin(Phase::Wording, 0);
        progress.goes_on()?;
        let mut failed: BTreeMap<FileId, &String> = BTreeMap::new();
        for (function, reason) in &analysis.failed {
            if let Some(unit) = program.units.get(function.unit as usize) {
                failed.entry(unit.file).or_insert(reason);
            }
        }
        let failures = failed.into_iter();
        apart.extend(failures.map(|(file, reason)| rules::internal_error(file, self.key(file), Part::Some, reason)));
        let signatures = signatures::check(&program, options.targets);
        let glue = link::Glue::of(&program);
        let violations = analysis.violations.iter().chain(&signatures);
        let told = words::Told {
            program: &program,
            models: all_models,
            offered: &analysis.offered,
            glue: &glue,
            generated: &generated,
        };
        let (found, worded) = self.words(&told, violations, Worded::default(), options);
        (report.diagnostics, report.suppressed) =
            self.arrange(found.into_iter().chain(apart.iter().cloned()).collect(), comments.clone(), options);
        report.functions = analysis.functions;
        report.links = self.count_links(&program, options);
        report.incomplete = self.unfinished(&program, &analysis, options);
        report.skipped.sort();
        report.damaged.sort();
        if let (Some(results), Some(tables)) = (analysis.results.take(), tables) {
            let offered = std::mem::take(&mut analysis.offered);
            let parts = standing::Parts {
                own,
                program,
                tables,
                results,
                offered,
                glue,
                generated,
                comments,
                apart,
                signatures,
                worded,
            };
            let standing = Standing::new(parts, report.clone());
            return Some((report, Some(standing)));
        }
        // Nobody waits for it: a command ends, an editor has its answer.
        rayon::spawn(move || {
            drop(analysis);
            program.dismantle();
        });
        Some((report, None))
    }

    /// Lowers every file, in the order of the files.
    fn lower(&self, limits: &Limits, progress: &Progress) -> Vec<Lowered> {
        let mut order: Vec<&SourceFile> = self.sources.iter().collect();
        // Big files first: one huge binding must not be the tail of the run.
        order.sort_by_key(|source| std::cmp::Reverse(source.text.len()));
        let lowered = order.into_par_iter().with_max_len(1).map(|source| {
            let lowered = self.lower_one(source, limits);
            progress.step();
            (source.id, lowered)
        });
        let mut lowered: Vec<_> = lowered.collect();
        lowered.sort_by_key(|(id, _)| *id);
        lowered.into_iter().map(|(_, lowered)| lowered).collect()
    }

    fn lower_one(&self, source: &SourceFile, limits: &Limits) -> Lowered {
        match self.kept.as_ref().and_then(|kept| kept.get(source.id.index())) {
            Some(kept) => kept.get_or_init(|| put_away(lowered(source, limits))).clone(),
            None => lowered(source, limits),
        }
    }

    /// A file by its path from the project's folder.
    fn source(&self, key: &str) -> Option<&SourceFile> {
        let index = self.keys.iter().position(|other| **other == *key)?;
        self.sources.get(index)
    }

    fn key(&self, file: FileId) -> &str {
        self.keys.get(file.index()).map_or("", |key| key)
    }

    fn is_generated(&self, unit: &Unit) -> bool {
        let path = self.sources.get(unit.file.index()).map_or("", |source| &*source.path);
        unit.generated || is_generated_name(path)
    }

    fn unfinished(
        &self,
        program: &crate::link::Program,
        analysis: &flow::Analysis,
        options: &Options,
    ) -> Vec<Unfinished> {
        let describe = |unit: &Unit, function: &crate::ir::Function, reason: &'static str| {
            let source = self.sources.get(unit.file.index()).filter(|source| !self.is_others(source.id, options))?;
            Some(Unfinished {
                path: source.path.to_string(),
                line: source.position(function.span.start).line,
                function: function.qualified.to_string(),
                reason,
            })
        };
        let lowering =
            program.units.iter().flat_map(|unit| unit.functions.iter().map(move |function| (unit, function)));
        let lowering = lowering.filter_map(|(unit, function)| {
            let reason = match function.incomplete? {
                crate::ir::Incomplete::SyntaxError => "overlaps a syntax error",
                crate::ir::Incomplete::TooDeep => "is nested too deep",
                crate::ir::Incomplete::TooLarge => "is too large",
            };
            describe(unit, function, reason)
        });
        let flow = analysis.incomplete.iter().filter_map(|at| {
            let unit = program.units.get(at.unit as usize)?;
            describe(unit, unit.functions.get(at.function.index())?, "reached its step budget")
        });
        let mut unfinished: Vec<_> = lowering.chain(flow).collect();
        unfinished.sort();
        unfinished
    }
}

impl Report {
    /// How many findings there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count()
    }

    /// How many findings the baseline keeps from being shown.
    #[must_use]
    pub fn in_baseline(&self) -> usize {
        self.suppressed.iter().filter(|suppressed| suppressed.by == By::Baseline).count()
    }

    /// Files read and tested, of all languages.
    #[must_use]
    pub fn files(&self) -> usize {
        self.read.values().sum()
    }

    /// There was something to analyse and nothing of it could be.
    #[must_use]
    pub fn nothing_parsed(&self) -> bool {
        let nothing_read = self.files() == 0 && self.skipped.iter().any(|problem| is_source(&problem.path));
        nothing_read || (self.relevant > 0 && self.parsed.values().sum::<usize>() == 0)
    }

    /// Adds the report of another project.
    pub fn append(&mut self, other: Report) {
        let shift = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.extend(other.sources.into_iter().map(|mut source| {
            source.id = FileId(source.id.0 + shift);
            source
        }));
        let shifted = |location: &mut Location| location.file = FileId(location.file.0 + shift);
        let moved = |mut diagnostic: Diagnostic| {
            shifted(&mut diagnostic.primary.location);
            diagnostic.trace.iter_mut().for_each(|step| shifted(&mut step.location));
            diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.edits).for_each(|edit| shifted(&mut edit.location));
            diagnostic
        };
        self.diagnostics.extend(other.diagnostics.into_iter().map(moved));
        self.suppressed.extend(other.suppressed.into_iter().map(|Suppressed { diagnostic, mut by }| {
            if let By::Comment { location, .. } = &mut by {
                shifted(location);
            }
            Suppressed { diagnostic: moved(diagnostic), by }
        }));
        for (language, count) in other.read {
            *self.read.entry(language).or_default() += count;
        }
        for (language, count) in other.parsed {
            *self.parsed.entry(language).or_default() += count;
        }
        self.relevant += other.relevant;
        self.functions += other.functions;
        self.links.resolved += other.links.resolved;
        self.links.unresolved += other.links.unresolved;
        self.incomplete.extend(other.incomplete);
        self.skipped.extend(other.skipped);
        self.damaged.extend(other.damaged);
        self.unreadable.extend(other.unreadable);
        self.left_out.extend(other.left_out);
        self.notes.extend(other.notes);
    }
}

#[derive(Clone, Debug)]
enum Lowered {
    Unit(Arc<Unit>),
    Refused(String),
    Failed(String),
}

fn lowered(source: &SourceFile, limits: &Limits) -> Lowered {
    match flow::guarded(|| lower::lower(source.id, source.language, &source.text, limits)) {
        Ok(Ok(unit)) => Lowered::Unit(Arc::new(unit)),
        Ok(Err(refused)) => Lowered::Refused(refused.to_string()),
        Err(reason) => Lowered::Failed(reason),
    }
}

/// What is kept takes little room: of the memory of its bodies, the next file's are made.
fn put_away(mut lowered: Lowered) -> Lowered {
    if let Lowered::Unit(unit) = &mut lowered
        && let Some(unit) = Arc::get_mut(unit)
    {
        unit.put_away();
    }
    lowered
}

/// What to say of a file with syntax errors.
fn damage(unit: &Unit, source: &SourceFile) -> Option<Problem> {
    let line = source.position(unit.errors.first()?.start).line;
    let reason = match unit.errors.len() {
        1 => format!("a syntax error in line {line}; what it overlaps was not analysed"),
        more => format!("{more} syntax errors, the first in line {line}; what they overlap was not analysed"),
    };
    Some(Problem { path: source.path.to_string(), reason })
}

fn flow_options(options: &Options) -> flow::Options {
    flow::Options { targets: options.targets, ..flow::Options::default() }
}

fn is_source(path: &str) -> bool {
    Language::of_file_name(path).is_some()
}

/// Names that only generators give: `x.g.dart`, `x.freezed.dart`.
fn is_generated_name(path: &str) -> bool {
    let endings = [".g.dart", ".gr.dart", ".gen.dart", ".freezed.dart", ".mocks.dart", ".pb.dart", ".ffigen.dart"];
    endings.iter().any(|ending| path.ends_with(ending))
}
