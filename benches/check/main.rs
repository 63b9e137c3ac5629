//! How much a whole check costs: `cargo bench --bench check`, with folders of projects after `--` if any.
//!
//! Times say something of a machine, ratios of the program. So each round runs every pipeline below once, one after the
//! other in one process, and a ratio is taken within its round; printed are the median over the rounds and the range.
//! A busy machine slows all pipelines of a round alike; a wide range says that it did not.
//!
//! * *whole check*: find the project, read, select, parse, lower, link, analyse, word and render in memory. Loading the
//!   models happens once in a process and is printed on its own. A check does not wait until its program is taken apart:
//!   a pause before each measurement lets that end.
//! * *parsing the relevant files*: the parser alone, with the same grammar, allocator and threads, on the texts of just
//!   the files that a check parses, each once, the largest first. What it makes is dropped at once. C and C++ are parsed
//!   as they are prepared for the grammar (macros blanked), which is faster than as they are written; preparing them, and
//!   parsing some of them again, is part of a check and not of this.
//! * *parsing all Dart files*: the same for every Dart file of the folder (hidden and built ones apart), read from disk.
//! * *reading all Dart files*: the same without parsing.
//!
//! Files come from the system's cache: a round that is not counted warms it. The first two corpora are made here, the same
//! on every machine: one of Dart alone, one with a thousand native files. Nothing is asserted, and no test runs this.

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ffilint::config::Config;
use ffilint::language::Language;
use ffilint::models::ModelSet;
use ffilint::parse::{Limits, c};
use ffilint::workspace::{self, Options, Report, Workspace};
use ffilint::{discover, lower, render, source};
use rayon::ThreadPool;
use rayon::prelude::*;

mod corpus;
mod native;

/// The command's allocator, for the parser too as far as it is Rust.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Longer than taking a program apart takes, which a check does not wait for.
const PAUSE: Duration = Duration::from_millis(150);

/// Rounds that count.
const ROUNDS: usize = 9;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let started = Instant::now();
    let models = ModelSet::builtin();
    say(&format!("loading the models   {}", seconds(started.elapsed())))?;

    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-corpus");
    corpus::write(&made)?;
    measure("generated", &made, models)?;
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-native");
    native::write(&made)?;
    measure("generated, 1,000 native files", &made, models)?;
    // Cargo itself adds `--bench`.
    for folder in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        measure(&folder, Path::new(&folder), models)?;
    }
    Ok(())
}

/// Measures one project and prints what it found.
fn measure(name: &str, folder: &Path, models: &ModelSet) -> Fallible<()> {
    let folder = folder.canonicalize()?;
    let (one, all) = (workspace::pool(1)?, workspace::pool(0)?);
    let paths = dart_files(&folder);
    let project = relevant(&folder);
    let mut texts: Vec<Text> =
        project.files.iter().map(|file| Text { language: file.language, text: file.text.to_string() }).collect();
    texts.sort_by_key(|text| std::cmp::Reverse(text.text.len()));
    let prepared: Vec<Text> = texts.par_iter().map(Text::prepared).collect();

    let report = all.install(|| check(&folder, models));
    let everything = all.install(|| read_all(&paths));
    say(&format!(
        "\n{name}: {} Dart files, {}; {} files of all languages relevant, {}; {} functions, {} findings",
        paths.len(),
        megabytes(&everything),
        texts.len(),
        megabytes(&texts),
        report.functions,
        report.diagnostics.len(),
    ))?;
    for language in Language::ALL {
        let of: Vec<Text> = texts.iter().filter(|text| text.language == *language).cloned().collect();
        let read = project.read.get(language).unwrap_or(&0);
        say(&format!("  {:8} {read:6} files, {:6} parsed, {}", language.title(), of.len(), megabytes(&of)))?;
    }
    drop(everything);

    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let times = Times {
            whole: time(&all, || check(&folder, models)),
            parsing: time(&all, || parse_all(&prepared)),
            lowering: time(&all, || lower_all(&texts)),
            finding: time(&all, || relevant(&folder)),
            alone: time(&one, || check(&folder, models)),
            parsing_alone: time(&one, || parse_all(&prepared)),
            parsing_everything: time(&all, || parse_all(&read_all(&paths))),
            reading: time(&all, || read_all(&paths)),
        };
        if round > 0 {
            rounds.push(times);
        }
    }

    let absolute = |name: &str, of: fn(&Times) -> Duration| {
        let [least, median, most] = spread(rounds.iter().map(|times| of(times).as_secs_f64()));
        say(&format!("  {name:37} {median:8.4} s  ({least:.4} to {most:.4})"))
    };
    absolute("whole check", |times| times.whole)?;
    absolute("  finding, reading and selecting", |times| times.finding)?;
    absolute("  parsing and lowering", |times| times.lowering)?;
    absolute("parsing the relevant files", |times| times.parsing)?;
    absolute("parsing all Dart files", |times| times.parsing_everything)?;
    absolute("reading all Dart files", |times| times.reading)?;
    absolute("whole check, one thread", |times| times.alone)?;

    let ratio = |name: &str, of: fn(&Times) -> [Duration; 2]| {
        let ratios = rounds.iter().map(|times| {
            let [one, other] = of(times).map(|time| time.as_secs_f64());
            one / other
        });
        let [least, median, most] = spread(ratios);
        say(&format!("  {name:37} {median:8.3}    ({least:.3} to {most:.3})"))
    };
    ratio("whole ÷ parsing the relevant files", |times| [times.whole, times.parsing])?;
    ratio("the same, one thread", |times| [times.alone, times.parsing_alone])?;
    ratio("whole ÷ parsing all Dart files", |times| [times.whole, times.parsing_everything])?;
    ratio("whole ÷ reading all Dart files", |times| [times.whole, times.reading])?;
    let threads = format!("{} threads ÷ one thread", all.current_num_threads());
    ratio(&threads, |times| [times.whole, times.alone])?;
    Ok(())
}

/// What one round took.
struct Times {
    whole: Duration,
    finding: Duration,
    lowering: Duration,
    parsing: Duration,
    parsing_everything: Duration,
    reading: Duration,
    alone: Duration,
    parsing_alone: Duration,
}

fn time<T: Send>(pool: &ThreadPool, run: impl FnOnce() -> T + Send) -> Duration {
    // What the check before left to be taken apart is no part of this.
    std::thread::sleep(PAUSE);
    let started = Instant::now();
    // Dropping what was made is part of the work.
    pool.install(|| drop(run()));
    started.elapsed()
}

fn check(folder: &Path, models: &ModelSet) -> Report {
    let report = Workspace::new(relevant(folder)).check(models, &Options::default());
    // Not optimised away: the report depends on it.
    std::hint::black_box(render::concise::render(&report));
    report
}

/// What discovery finds and reads.
fn relevant(folder: &Path) -> discover::Project {
    let root = discover::Root { folder: folder.to_path_buf(), named: Vec::new(), changed: None };
    discover::read(&root, folder, &Config::default())
}

/// A file's text.
#[derive(Clone)]
struct Text {
    language: Language,
    text: String,
}

impl Text {
    /// What the parser is given.
    fn prepared(&self) -> Self {
        let dialect = match self.language {
            Language::C | Language::ObjC => c::Dialect::C,
            Language::Cpp | Language::ObjCpp => c::Dialect::Cpp,
            Language::Dart | Language::Rust | Language::TypeScript => return self.clone(),
        };
        let prepared = c::prepare(&self.text, dialect, &Limits::default());
        Self { text: prepared.map_or_else(|_| self.text.clone(), |prepared| prepared.text), ..self.clone() }
    }
}

fn lower_all(texts: &[Text]) {
    texts.par_iter().with_max_len(1).for_each(|Text { language, text }| {
        let unit = lower::lower(source::FileId(0), *language, text, &Limits::default());
        drop(std::hint::black_box(unit));
    });
}

fn parse_all(texts: &[Text]) {
    thread_local! {
        static PARSERS: RefCell<[Option<tree_sitter::Parser>; 4]> = const { RefCell::new([const { None }; 4]) };
    }
    texts.par_iter().with_max_len(1).for_each(|Text { language, text }| {
        let (slot, grammar) = match language {
            Language::Dart => (0, tree_sitter_dart::LANGUAGE),
            Language::C | Language::ObjC => (1, tree_sitter_c::LANGUAGE),
            Language::Cpp | Language::ObjCpp => (2, tree_sitter_cpp::LANGUAGE),
            Language::TypeScript => (3, tree_sitter_typescript::LANGUAGE_TYPESCRIPT),
            Language::Rust => {
                let _ = std::hint::black_box(syn::parse_file(text).is_ok());
                // As a check does: else all that was read stays in memory.
                proc_macro2::extra::invalidate_current_thread_spans();
                return;
            }
        };
        PARSERS.with_borrow_mut(|slots| {
            let Some(slot) = slots.get_mut(slot) else { return };
            let parser = slot.get_or_insert_with(|| {
                let mut parser = tree_sitter::Parser::new();
                // Where the grammar does not fit, the numbers are absurdly small; the crate's tests say so first.
                let _ = parser.set_language(&grammar.into());
                parser
            });
            drop(std::hint::black_box(parser.parse(text, None)));
        });
    });
}

/// The Dart files.
fn read_all(paths: &[PathBuf]) -> Vec<Text> {
    let text = |path: &PathBuf| Some(Text { language: Language::Dart, text: std::fs::read_to_string(path).ok()? });
    let mut texts: Vec<Text> = paths.par_iter().filter_map(text).collect();
    texts.sort_by_key(|text| std::cmp::Reverse(text.text.len()));
    texts
}

/// Every Dart file below a folder, hidden and built ones apart.
fn dart_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !name.starts_with('.') && name != "build" => open.push(entry.path()),
                Ok(kind) if kind.is_file() && name.ends_with(".dart") => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// The least, the median and the largest.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    [at(0), at(values.len() / 2), at(values.len().saturating_sub(1))]
}

fn megabytes(texts: &[Text]) -> String {
    let bytes: usize = texts.iter().map(|text| text.text.len()).sum();
    format!("{:.2} MB", bytes as f64 / 1e6)
}

fn seconds(time: Duration) -> String {
    format!("{:.4} s", time.as_secs_f64())
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
