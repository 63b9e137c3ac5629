//! The command line: flags, subcommands, exit codes. The only place that prints.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::config::{self, Certainty, Config};
use crate::diagnostic::Level;
use crate::discover::{self, Problem};
use crate::language::Language;
use crate::models::ModelSet;
use crate::parse::Limits;
use crate::source::FileId;
use crate::target::TargetSet;
use crate::violation::Confidence;
use crate::workspace::{Options, Report, Workspace};
use crate::{ir, lower, render, rules, workspace};

mod args;
mod doctor;
mod file;
mod links;
mod ownership;

use args::{Arguments, CheckArguments, Color, Command, FailOn, Format, Output};

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
        None => check(&arguments.check),
        Some(Command::Check(check_arguments)) => check(&check_arguments),
        Some(Command::Links(links)) => links::list(&links),
        Some(Command::Ownership(names)) => ownership::ownership(&names),
        Some(Command::Doctor(doctor)) => doctor::doctor(&doctor),
        Some(Command::Explain { rule }) => explain(&rule),
        Some(Command::Rules) => list_rules(),
        Some(Command::Version) => write_out(&format!("ffilint {}\n", env!("CARGO_PKG_VERSION"))).map(|()| CLEAN),
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

fn check(arguments: &CheckArguments) -> Fallible<u8> {
    let threads = threads(arguments.jobs.unwrap_or(0), arguments.verbose);
    let pool = workspace::pool(threads).map_err(|error| format!("cannot start threads: {error}"))?;
    pool.install(|| run_check(arguments))
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

fn run_check(arguments: &CheckArguments) -> Fallible<u8> {
    let started = Instant::now();
    let cwd = std::env::current_dir().and_then(|cwd| cwd.canonicalize());
    let cwd = cwd.map_err(|error| format!("cannot find the working directory: {error}"))?;
    let outputs = outputs(arguments)?;

    let (roots, missing) = discover::roots(&cwd, &arguments.paths);
    let mut report = Report::default();
    for root in &roots {
        let config = match arguments.isolated {
            true => Config::default(),
            false => Config::load(&root.folder, &rules::names()).map_err(|error| error.to_string())?,
        };
        let project = discover::read(root, &cwd, &config);
        let options = options(arguments, &config)?;
        // Where nothing touches native memory, nobody asks what calls do to it.
        let asks = !project.files.is_empty() || !project.models.texts.is_empty();
        let models = if asks { ModelSet::builtin() } else { ModelSet::empty() };
        report.append(Workspace::new(project).check(models, &options));
        if arguments.verbose {
            complain(&format!("project {}", root.folder.display()));
        }
    }
    let elapsed = started.elapsed();

    for Output { format, path } in &outputs {
        let text = rendered(&report, *format, elapsed, arguments, path.is_none())?;
        match path {
            None => write_out(&text)?,
            Some(path) => file::write(path, &text)?,
        }
    }
    if arguments.verbose {
        tell_more(&report);
    } else if !arguments.quiet {
        tell_skipped(&report, MOST_TOLD);
    }
    for Problem { path, reason } in missing.iter().chain(&report.unreadable) {
        let advice = if *reason == discover::MISSING { "; name files or folders that exist" } else { "" };
        complain(&format!("cannot read {path}: {reason}{advice}"));
    }
    if report.nothing_parsed() {
        complain("nothing could be parsed");
    }
    if !missing.is_empty() || !report.unreadable.is_empty() || report.nothing_parsed() {
        return Ok(FAILURE);
    }
    let fails = |level: Level| report.diagnostics.iter().any(|diagnostic| diagnostic.level >= level);
    let failed = match arguments.fail_on {
        _ if arguments.exit_zero => false,
        FailOn::Never => false,
        FailOn::Error => fails(Level::Error),
        FailOn::Warning => fails(Level::Warning),
        FailOn::Note => fails(Level::Note),
    };
    Ok(if failed { FINDINGS } else { CLEAN })
}

fn options(arguments: &CheckArguments, config: &Config) -> Fallible<Options> {
    let mut targets = config.targets;
    if !arguments.targets.is_empty() {
        targets = TargetSet::NONE;
        for name in &arguments.targets {
            targets = targets.or(config::parse_target(name).map_err(|message| format!("--targets: {message}"))?);
        }
    }
    let certainty = arguments.min_confidence.map(Certainty::from).or(config.min_confidence);
    let min_confidence = match certainty.unwrap_or(Certainty::Medium) {
        Certainty::Low => Confidence::Low,
        Certainty::Medium => Confidence::Medium,
        Certainty::High => Confidence::High,
    };
    Ok(Options {
        rules: config.rules.clone(),
        targets,
        min_confidence,
        check_vendored: config.check_vendored,
        limits: Limits::default(),
    })
}

/// What to write where; `full` on a terminal, else `concise`, where nothing is asked for.
fn outputs(arguments: &CheckArguments) -> Fallible<Vec<Output>> {
    if arguments.format.is_empty() {
        let format = if io::stdout().is_terminal() { Format::Full } else { Format::Concise };
        return Ok(vec![Output { format, path: None }]);
    }
    let outputs: Vec<Output> = arguments.format.iter().map(|text| text.parse()).collect::<Fallible<_>>()?;
    let to_stdout: Vec<_> = outputs.iter().filter(|output| output.path.is_none()).collect();
    match to_stdout.iter().find(|output| output.format.is_for_machines()) {
        Some(Output { format, .. }) if to_stdout.len() > 1 => {
            let name = format.name();
            Err(format!("--format: `{name}` must have stdout for itself; write the other to a file: `{name}=PATH`"))
        }
        _ => Ok(outputs),
    }
}

fn rendered(
    report: &Report,
    format: Format,
    elapsed: Duration,
    arguments: &CheckArguments,
    to_stdout: bool,
) -> Fallible<String> {
    let color = match arguments.color {
        Color::Always => to_stdout,
        Color::Never => false,
        Color::Auto => {
            to_stdout && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    };
    let mut text = match format {
        Format::Json => {
            return render::json::render(report, elapsed).map_err(|error| format!("cannot write JSON: {error}"));
        }
        Format::Full => render::full::render(report, color),
        Format::Concise => render::concise::render(report),
    };
    if !arguments.quiet {
        text.push_str(&render::summary(report, Some(elapsed)));
        text.push('\n');
    }
    Ok(text)
}

/// How many skipped files are named without `-v`.
const MOST_TOLD: usize = 5;

/// What could not be analysed, on stderr: nothing is silent.
fn tell_skipped(report: &Report, most: usize) {
    let skipped = report.skipped.iter().map(|problem| ("skipped ", problem));
    let told: Vec<_> = skipped.chain(report.damaged.iter().map(|problem| ("", problem))).collect();
    for (what, Problem { path, reason }) in told.iter().take(most) {
        complain(&format!("{what}{path}: {reason}"));
    }
    if told.len() > most {
        complain(&format!("{} more; -v names them all", told.len() - most));
    }
}

/// `-v`: what was looked at and what was not, on stderr.
fn tell_more(report: &Report) {
    for folder in &report.nested {
        complain(&format!("{folder} has its own {}: a project of its own, not read", config::FILE_NAME));
    }
    tell_skipped(report, usize::MAX);
    for Problem { path, reason } in &report.left_out {
        complain(&format!("not parsed {path}: {reason}"));
    }
    for function in &report.incomplete {
        let (path, line, name) = (&function.path, function.line, &function.function);
        complain(&format!("{path}:{line}: `{name}` {}; it was not analysed to its end", function.reason));
    }
    for language in Language::ALL {
        let (read, parsed) = (report.read.get(language), report.parsed.get(language));
        let (read, parsed) = (read.unwrap_or(&0), parsed.unwrap_or(&0));
        complain(&format!("{}: {read} files read, {parsed} parsed because they can touch FFI", language.title()));
    }
    complain(&format!("{} functions analysed", report.functions));
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
        text.push_str(&format!("{:width$}  {level:7}  {}\n", rule.name, rule.summary));
    }
    write_out(&text).map(|()| CLEAN)
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
