//! The command line: flags, subcommands, exit codes. The only place that prints.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::config;
use crate::diagnostic::{Applicability, Level};
use crate::discover;
use crate::language::Language;
use crate::parse::Limits;
use crate::source::FileId;
use crate::{ir, lower, lsp, render, rules, workspace};

mod args;
mod baseline;
mod check;
mod deadline;
mod doctor;
mod file;
mod fix;
mod links;
mod ownership;
mod progress;
mod projects;
mod settings;
mod silence;

use args::{Arguments, Command};

/// No finding at or above the fail level.
const CLEAN: u8 = 0;
/// Findings.
const FINDINGS: u8 = 1;
/// Usage, configuration, a named path that cannot be read, nothing could be parsed, or a fault of ffilint.
const FAILURE: u8 = 2;

const MOST_THREADS_PER_CORE: usize = 4;

/// Runs the command with the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = <Arguments as clap::Parser>::parse();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |location| format!(" at {location}"));
        complain(&format!("internal error{place}; please report it"));
    }));
    let run = std::panic::catch_unwind(|| match arguments.command {
        None => check::check(&arguments.check),
        Some(Command::Check(arguments)) => check::check(&arguments),
        Some(Command::Baseline(command)) => baseline::baseline(&command),
        Some(Command::Config(command)) => settings::config(&command),
        Some(Command::Links(links)) => links::list(&links),
        Some(Command::Ownership(names)) => ownership::ownership(&names),
        Some(Command::Doctor(doctor)) => doctor::doctor(&doctor),
        Some(Command::Explain { rule }) => explain(&rule),
        Some(Command::Rules) => list_rules(),
        Some(Command::Version) => write_out(&format!("ffilint {}\n", env!("CARGO_PKG_VERSION"))).map(|()| CLEAN),
        Some(Command::Completions { shell }) => completions(shell),
        Some(Command::Man) => manual(),
        Some(Command::Lsp { .. }) => lsp::serve().map(|()| CLEAN),
        Some(Command::DumpIr { file }) => dump_ir(&file),
    });
    match run {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(message)) => {
            complain(&message);
            ExitCode::from(FAILURE)
        }
        Err(_) => ExitCode::from(FAILURE),
    }
}

/// What to tell the person on stderr before exit code 2.
type Fallible<T> = Result<T, String>;

/// Runs on as many threads as asked for.
fn on_threads<T: Send>(asked: Option<usize>, verbose: bool, run: impl FnOnce() -> Fallible<T> + Send) -> Fallible<T> {
    let threads = threads(asked.unwrap_or(0), verbose);
    let pool = workspace::pool(threads).map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(run)
}

/// As many threads as asked for, but no more than do any good: each takes a stack.
fn threads(asked: usize, verbose: bool) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = cores.saturating_mul(MOST_THREADS_PER_CORE);
    if asked <= most {
        return asked;
    }
    if verbose {
        complain(&format!("-j {asked} is more than {MOST_THREADS_PER_CORE} for each core; {most} threads are used"));
    }
    most
}

fn explain(name: &str) -> Fallible<u8> {
    let name = name.strip_prefix("ffilint/").unwrap_or(name);
    match rules::find(name) {
        Some(rule) => write_out(rule.page).map(|()| CLEAN),
        None => {
            let meant = config::meant(name, rules::names().into_iter());
            Err(format!("there is no rule `{name}`{meant}; `ffilint rules` lists them"))
        }
    }
}

fn list_rules() -> Fallible<u8> {
    let width = rules::names().iter().map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules::ALL {
        let level = match rule.level {
            _ if !rule.on => "off",
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let fix = match rule.fix {
            Some(Applicability::Safe) => "safe",
            Some(Applicability::Unsafe) => "unsafe",
            Some(Applicability::Display) | None => "-",
        };
        text.push_str(&format!("{:width$}  {level:7}  {fix:6}  {}\n", rule.name, rule.summary));
    }
    write_out(&text).map(|()| CLEAN)
}

fn completions(shell: clap_complete::Shell) -> Fallible<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut <Arguments as clap::CommandFactory>::command(), "ffilint", &mut text);
    write_out(&String::from_utf8_lossy(&text)).map(|()| CLEAN)
}

fn manual() -> Fallible<u8> {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(<Arguments as clap::CommandFactory>::command());
    page.render(&mut text).map_err(|error| format!("cannot write the manual page: {error}"))?;
    write_out(&String::from_utf8_lossy(&text)).map(|()| CLEAN)
}

fn dump_ir(path: &Path) -> Fallible<u8> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(language) = Language::of_file_name(name) else {
        let languages: Vec<_> = Language::ALL.iter().map(|language| language.title()).collect();
        let (path, languages) = (path.display(), languages.join(", "));
        return Err(format!("{path}: not a source file that ffilint reads; name one of {languages}"));
    };
    let text =
        discover::read_source(path, language).map_err(|reason| format!("cannot read {}: {reason}", path.display()))?;
    let pool = workspace::pool(1).map_err(|error| format!("cannot start threads: {error}"))?;
    let printed = pool.install(|| {
        let unit = lower::lower(FileId(0), language, &text, &Limits::default());
        unit.map(|unit| ir::print::print(&unit))
    });
    let printed = printed.map_err(|refused| format!("{}: {refused}", path.display()))?;
    write_out(&printed).map(|()| CLEAN)
}

/// Writes to stdout; a reader that has gone away ends the output quietly.
fn write_out(text: &str) -> Fallible<()> {
    deadline::begin_writing();
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write the output: {}", discover::in_words(&error)))
        }
        _ => Ok(()),
    }
}

/// A line on stderr. There is nobody left to tell when that fails.
fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "ffilint: {}", render::clean(message));
}
