//! `ffilint check`: from flags to a report, its output and the exit code.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::{self, CheckArguments, Color, FailOn, Format, LevelArguments, Output, ScopeArgument};
use super::projects::{self, Opened, working_directory};
use super::silence::{self, Silencing};
use super::{CLEAN, FAILURE, FINDINGS, Fallible, complain, deadline, file, fix, on_threads, progress, write_out};
use crate::config::{self, Certainty, Config, Setting};
use crate::diagnostic::Level;
use crate::discover::{self, Disk, Problem, Root, git};
use crate::language::Language;
use crate::projects::{BASELINE, ReadBaseline, baseline_path, read_baseline, workspace};
use crate::target::TargetSet;
use crate::workspace::progress::{Phase, Progress};
use crate::workspace::{Options, Report, Scope};
use crate::{render, rules};

/// Stands for every rule in flags.
const ALL: &str = "all";

pub(super) fn check(arguments: &CheckArguments) -> Fallible<u8> {
    on_threads(arguments.jobs, arguments.verbose, || run(arguments))
}

fn run(arguments: &CheckArguments) -> Fallible<u8> {
    let started = Instant::now();
    let cwd = working_directory()?;
    let outputs = outputs(arguments)?;
    fix::refuse(arguments)?;

    let progress = Arc::new(Progress::default());
    if let Some(seconds) = arguments.timeout {
        deadline::set(seconds, &progress);
    }
    let shown = progress::show(&progress, !arguments.no_progress && !arguments.quiet);
    let (roots, missing) = roots(arguments, &cwd)?;
    if let Some(command) = missing.iter().find_map(|problem| args::command_named(&problem.path)) {
        return Err(format!("`{command}` is a command: write it first, as in `ffilint {command} --help`"));
    }
    let is_nowhere = roots.is_empty();
    progress.begin(Phase::Reading, 0);
    let projects = projects::read_all(roots, &cwd, arguments.isolated)?;
    if arguments.baseline.is_some() && projects.len() > 1 {
        return Err("--baseline: the paths are of several projects, and each has its own; name those of one".into());
    }
    let asked: Vec<_> = projects.iter().map(|opened| asked(opened, arguments, &cwd)).collect::<Fallible<_>>()?;
    let mut report = Report::default();
    let count = projects.len();
    let mut mended = fix::Count::default();
    for (number, (Opened { root, disk, config, project }, (options, baseline))) in
        projects.into_iter().zip(asked).enumerate()
    {
        deadline::begin_project(&root.folder, count - number - 1);
        let options = Options { progress: Arc::clone(&progress), ..options };
        let (workspace, models) = workspace(project, baseline.clone());
        let mut found = match arguments.fixing.fix || arguments.fixing.diff {
            true => fix::mend(workspace, models, &options, &root.folder, arguments, &mut mended)?,
            false => workspace.check(models, &options),
        };
        if let Some(reason) = &arguments.add_ignore {
            let (root, disk, cwd, config, options) = (&root, &disk, &*cwd, &config, &options);
            found = silence::add(found, &Silencing { reason, root, disk, cwd, config, options, baseline })?;
        }
        report.append(found);
        if arguments.verbose {
            complain(&format!("project {}", root.folder.display()));
        }
    }
    mended.tell(arguments);
    deadline::begin_writing();
    let elapsed = started.elapsed();
    let timings = progress.timings();
    drop(shown);

    for Output { format, path } in &outputs {
        // Of what is not there nobody can say that it has no findings.
        if is_nowhere && !format.is_for_machines() && path.is_none() {
            continue;
        }
        let text = rendered(&report, *format, elapsed, arguments, &cwd, path.is_none())?;
        match path {
            None if arguments.fixing.diff => {}
            None => write_out(&text)?,
            Some(path) => file::write(path, &text)?,
        }
    }
    if outputs.iter().any(|output| output.format == Format::Github) {
        add_to_step_summary(&report)?;
    }
    if arguments.verbose {
        tell_more(&report);
    } else if !arguments.quiet {
        tell_skipped(&report, MOST_TOLD);
    }
    if arguments.timings {
        for (phase, took) in timings {
            complain(&format!("{:>9} {:8.3} s", phase.title(), took.as_secs_f64()));
        }
    }
    Ok(code(&report, &missing, arguments))
}

/// Projects, each with the files as they are to be seen.
type Projects = Vec<(Root, Disk)>;

/// The projects to check, and the named paths that cannot be.
fn roots(arguments: &CheckArguments, cwd: &Path) -> Fallible<(Projects, Vec<Problem>)> {
    let Some(path) = &arguments.stdin_filename else {
        let (roots, missing) = discover::roots(cwd, &arguments.paths);
        let mut roots: Projects = roots.into_iter().map(|root| (root, Disk::default())).collect();
        roots.iter_mut().try_for_each(|(root, disk)| narrow(root, disk, arguments))?;
        return Ok((roots, missing));
    };
    if arguments.paths.iter().any(|path| path != Path::new("-")) {
        return Err("--stdin-filename: no other path can be named; write `-` or nothing".into());
    }
    let mut bytes = Vec::new();
    let limited = io::stdin().lock().take(discover::MAX_BYTES + 1).read_to_end(&mut bytes);
    limited.map_err(|error| format!("cannot read stdin: {}", discover::in_words(&error)))?;
    // It may be a file that is yet to be saved.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut roots, missing) = discover::roots(cwd, &[folder.to_path_buf()]);
    let folder = cwd.join(folder).canonicalize().unwrap_or_default();
    let file = path.file_name().map(|name| folder.join(name)).ok_or("--stdin-filename: this is no file")?;
    let mut disk = Disk::default();
    disk.put(file.clone(), bytes.into());
    roots.iter_mut().for_each(|root| root.named = vec![file.clone()]);
    Ok((roots.into_iter().map(|root| (root, disk.clone())).collect(), missing))
}

/// What is looked for in a project, and what is known of it already.
fn asked(
    Opened { root, disk, config, .. }: &Opened,
    arguments: &CheckArguments,
    cwd: &Path,
) -> Fallible<(Options, Option<ReadBaseline>)> {
    let mut options = options(arguments, config)?;
    if arguments.isolated || arguments.no_baseline {
        return Ok((options, None));
    }
    let path = baseline_path(root, config, arguments.baseline.as_deref());
    // Who removes code with an old finding is not stopped by that: a check of everything says what is stale.
    if root.changed.as_ref().is_some_and(|changed| !changed.contains(&path)) {
        options.rules.insert(rules::STALE_BASELINE_ENTRY.to_owned(), Setting::Off);
    }
    let baseline = read_baseline(disk, &path, cwd)?;
    if let (None, Some(named)) = (&baseline, &arguments.baseline) {
        let create = "`ffilint baseline create --baseline FILE` writes one";
        return Err(format!("cannot read {}: {}; {create}", named.display(), discover::MISSING));
    }
    Ok((options, baseline))
}

/// Keeps to the files that git says were changed, and sees them as it does.
fn narrow(root: &mut Root, disk: &mut Disk, arguments: &CheckArguments) -> Fallible<()> {
    let (flag, changes) = match &arguments.since {
        Some(since) => ("--since", git::since(&root.folder, since)),
        None if arguments.staged => ("--staged", git::staged(&root.folder)),
        None => return Ok(()),
    };
    let changes = changes.map_err(|reason| format!("{flag}: {reason}"))?;
    (*disk, root.changed) = (changes.disk, changes.files.map(Arc::new));
    Ok(())
}

/// The exit code, after what could not be read was told.
fn code(report: &Report, missing: &[Problem], arguments: &CheckArguments) -> u8 {
    tell_unreadable(missing.iter().chain(&report.unreadable));
    if report.nothing_parsed() {
        complain("nothing could be parsed");
    }
    if !missing.is_empty() || !report.unreadable.is_empty() || report.nothing_parsed() {
        return FAILURE;
    }
    let fails = |level: Level| report.diagnostics.iter().any(|diagnostic| diagnostic.level >= level);
    let failed = match arguments.fail_on {
        _ if arguments.exit_zero => false,
        _ if arguments.fatal_infos => fails(Level::Note),
        FailOn::Never => false,
        FailOn::Error => fails(Level::Error),
        FailOn::Warning => fails(Level::Warning),
        FailOn::Note => fails(Level::Note),
    };
    if failed { FINDINGS } else { CLEAN }
}

pub(super) fn tell_unreadable<'a>(problems: impl Iterator<Item = &'a Problem>) {
    for Problem { path, reason } in problems {
        let advice = if *reason == discover::MISSING { "; name files or folders that exist" } else { "" };
        complain(&format!("cannot read {path}: {reason}{advice}"));
    }
}

pub(super) fn options(arguments: &CheckArguments, config: &Config) -> Fallible<Options> {
    let mut targets = config.targets;
    if !arguments.targets.is_empty() {
        targets = TargetSet::NONE;
        for name in &arguments.targets {
            targets = targets.or(config::parse_target(name).map_err(|message| format!("--targets: {message}"))?);
        }
    }
    let certainty = arguments.min_confidence.map(Certainty::from);
    let chosen = Options::of(config);
    let mut options = Options {
        targets,
        min_confidence: certainty.map_or(chosen.min_confidence, Into::into),
        as_built: chosen.as_built && arguments.targets.is_empty(),
        ignores: !arguments.no_ignores,
        scope: match arguments.scope {
            ScopeArgument::Touching => Scope::Touching,
            ScopeArgument::Primary => Scope::Primary,
            ScopeArgument::Project => Scope::Project,
        },
        whole: targets.contains(config.targets),
        ..chosen
    };
    set_levels(&mut options, &arguments.levels)?;
    Ok(options)
}

/// What flags say of rules: the later kind counts more, whatever the order they are written in.
fn set_levels(options: &mut Options, levels: &LevelArguments) -> Fallible<()> {
    let LevelArguments { select, ignore, note, warn, error } = levels;
    if !select.is_empty() {
        let selected = named("--select", select)?;
        for rule in rules::ALL {
            if !selected.contains(&rule.name) {
                options.rules.insert(rule.name.to_owned(), Setting::Off);
            } else if !rule.on || options.rules.get(rule.name) == Some(&Setting::Off) {
                let setting = match rule.level {
                    Level::Error => Setting::Error,
                    Level::Warning => Setting::Warning,
                    Level::Note => Setting::Note,
                };
                options.rules.insert(rule.name.to_owned(), setting);
            }
        }
    }
    let settings = [
        ("--note", note, Setting::Note),
        ("--warn", warn, Setting::Warning),
        ("--error", error, Setting::Error),
        ("--ignore", ignore, Setting::Off),
    ];
    for (flag, listed, setting) in settings {
        for name in named(flag, listed)? {
            options.rules.insert(name.to_owned(), setting);
        }
    }
    Ok(())
}

/// The rules that a flag names.
fn named(flag: &str, listed: &[String]) -> Fallible<Vec<&'static str>> {
    let mut found = Vec::new();
    for name in listed {
        let name = name.strip_prefix("ffilint/").unwrap_or(name);
        match rules::find(name) {
            Some(rule) => found.push(rule.name),
            None if name == ALL => found.extend(rules::names()),
            None => {
                let meant = config::meant(name, rules::names().into_iter());
                let name = config::short(name);
                return Err(format!("{flag}: there is no rule `{name}`{meant}; `ffilint rules` lists them"));
            }
        }
    }
    Ok(found)
}

/// What to write where; `full` on a terminal, else `concise`, where nothing is asked for.
fn outputs(arguments: &CheckArguments) -> Fallible<Vec<Output>> {
    if arguments.format.is_empty() {
        let format = if io::stdout().is_terminal() { Format::Full } else { Format::Concise };
        return Ok(vec![Output { format, path: None }]);
    }
    let outputs: Vec<Output> = arguments.format.iter().map(|text| text.parse()).collect::<Fallible<_>>()?;
    let mut written: Vec<PathBuf> = Vec::new();
    for path in outputs.iter().filter_map(|output| output.path.as_deref()) {
        file::refuse(path)?;
        let real = file::real(path);
        if discover::is_of_a_project(&real) || real.file_name().is_some_and(|name| name == BASELINE) {
            let path = path.display();
            return Err(format!("--format: {path} is a file of a project; a report is not written over that"));
        }
        if written.contains(&real) {
            return Err(format!("--format: two reports go to {}; give each its own file", path.display()));
        }
        written.push(real);
    }
    let to_stdout: Vec<_> = outputs.iter().filter(|output| output.path.is_none()).collect();
    let [first, second, ..] = to_stdout.as_slice() else { return Ok(outputs) };
    if let Some(Output { format, .. }) = to_stdout.iter().find(|output| output.format.is_for_machines()) {
        let name = format.name();
        return Err(format!(
            "--format: `{name}` must have stdout for itself; write the other to a file: `{name}=PATH`"
        ));
    }
    match first.format == second.format {
        true => Err(format!("--format: `{}` is asked for twice", first.format.name())),
        false => Ok(outputs),
    }
}

fn rendered(
    report: &Report,
    format: Format,
    elapsed: Duration,
    arguments: &CheckArguments,
    cwd: &Path,
    to_stdout: bool,
) -> Fallible<String> {
    let color = match arguments.color {
        Color::Always => to_stdout,
        Color::Never => false,
        Color::Auto => to_stdout && is_coloured(),
    };
    let suppressed = arguments.show_suppressed;
    let document = match format {
        Format::Full => {
            let links = to_stdout && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
            Ok(render::full::render(report, color, links.then_some(cwd)))
        }
        Format::Concise => Ok(render::concise::render(report)),
        Format::Github => Ok(render::github::render(report)),
        Format::Markdown => Ok(render::markdown::render(report)),
        Format::DartMachine => Ok(render::dart_machine::render(report, cwd)),
        Format::Json => render::json::render(report, elapsed, suppressed),
        Format::JsonLines => render::json::lines(report, elapsed, suppressed),
        Format::Sarif => render::sarif::render(report),
        Format::Gitlab => render::gitlab::render(report),
        Format::Rdjson => render::rdjson::render(report),
    };
    let mut text = document.map_err(|error| format!("cannot write {}: {error}", format.name()))?;
    let is_for_people = matches!(format, Format::Full | Format::Concise | Format::Github);
    if is_for_people && arguments.statistics {
        text.push_str(&statistics(report));
    }
    if is_for_people && !arguments.quiet {
        text.push_str(&render::summary(report, Some(elapsed)));
        text.push('\n');
    }
    Ok(text)
}

/// What the usual variables say: `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM`.
fn is_coloured() -> bool {
    if anstyle_query::no_color() {
        return false;
    }
    anstyle_query::clicolor_force()
        || io::stdout().is_terminal()
            && anstyle_query::term_supports_color()
            && anstyle_query::clicolor().unwrap_or(true)
}

/// How many findings there are of each rule, most first.
fn statistics(report: &Report) -> String {
    let mut counts: Vec<(usize, &str)> = rules::ALL
        .iter()
        .map(|rule| (report.diagnostics.iter().filter(|found| found.rule == rule.name).count(), rule.name))
        .filter(|(count, _)| *count > 0)
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    counts.iter().fold(String::new(), |mut text, (count, rule)| {
        let _ = writeln!(text, "{count:6}  {rule}");
        text
    })
}

/// In a job of GitHub Actions the findings stand on the page of the run, too.
fn add_to_step_summary(report: &Report) -> Fallible<()> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    file::append_to(Path::new(&path), &render::markdown::render(report))
}

/// How many skipped files are named without `-v`.
pub(super) const MOST_TOLD: usize = 5;

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
    tell_skipped(report, usize::MAX);
    for Problem { path, reason } in &report.notes {
        complain(&format!("{path}: {reason}"));
    }
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
