//! What several tests need: the repository's files, runs of the engine, snapshots.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ffilint::config::{self, Config};
use ffilint::diagnostic::Diagnostic;
use ffilint::discover::{self, Found, Package, Project, Root};
use ffilint::language::Language;
use ffilint::models::ModelSet;
use ffilint::render;
use ffilint::rules;
use ffilint::target::TargetSet;
use ffilint::workspace::{self, Options, Report, Workspace};

/// What a test gives back: an error fails it.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// What a folder holds, sorted; nothing where there is no folder.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `//@ key: value` lines of a project.
#[derive(Debug, Default)]
pub(crate) struct Directives {
    /// Why the verdict in the case's name is not today's answer.
    pub(crate) why: Option<String>,
    targets: Option<String>,
    versions: Vec<(String, semver::Version)>,
}

impl Directives {
    /// Reads the directives in a text.
    pub(crate) fn add(&mut self, text: &str) -> Outcome {
        for line in text.lines() {
            let Some(directive) = line.trim_start().strip_prefix("//@") else { continue };
            let (key, value) = directive.split_once(':').ok_or(format!("`{line}` is not `//@ key: value`"))?;
            match (key.trim(), value.trim()) {
                ("why", value) => self.why = Some(value.to_owned()),
                ("targets", value) => self.targets = Some(value.to_owned()),
                ("versions", value) => {
                    for pair in value.split(',') {
                        let (package, version) =
                            pair.trim().split_once(' ').ok_or(format!("`{pair}` is not `package 1.2.3`"))?;
                        self.versions.push((package.to_owned(), semver::Version::parse(version.trim())?));
                    }
                }
                (key, _) => return Err(format!("`//@ {key}` is not known: why, targets, versions").into()),
            }
        }
        Ok(())
    }

    fn apply(&self, project: &mut Project, options: &mut Options, folder: &Path) -> Outcome {
        if let Some(names) = &self.targets {
            options.targets = ffilint::target::TargetSet::NONE;
            for name in names.split(',') {
                options.targets = options.targets.or(config::parse_target(name.trim())?);
            }
        }
        if !self.versions.is_empty() && project.packages.is_empty() {
            let package = Package {
                name: "case".into(),
                folder: folder.to_path_buf(),
                versions: BTreeMap::new(),
                platforms: ffilint::target::TargetSet::ALL,
                built_for: ffilint::target::TargetSet::ALL,
            };
            project.packages.push(package);
            project.files.iter_mut().for_each(|file| file.package = Some(0));
        }
        for package in &mut project.packages {
            package.versions.extend(self.versions.iter().cloned());
        }
        Ok(())
    }
}

/// A folder of the repository as discovery finds it, seen from itself.
pub(crate) fn project(folder: &Path) -> Result<(Project, Options), Box<dyn Error>> {
    let folder = folder.canonicalize()?;
    let config = Config::load(&folder, &rules::names())?;
    let root = Root { folder: folder.clone(), named: Vec::new(), changed: None };
    let mut project = discover::read(&root, &folder, &config);
    let mut options = Options {
        rules: config.rules.clone(),
        targets: config.targets,
        as_built: !config.says("targets"),
        ..Options::default()
    };
    directives(&folder)?.apply(&mut project, &mut options, &folder)?;
    Ok((project, options))
}

/// The directives of all files in a folder.
pub(crate) fn directives(folder: &Path) -> Result<Directives, Box<dyn Error>> {
    let mut directives = Directives::default();
    for path in files_below(folder).iter().filter(|path| Language::of_file_name(&name(path)).is_some()) {
        directives.add(&fs::read_to_string(path)?)?;
    }
    Ok(directives)
}

/// A project of files that are nowhere on disk, at most one of each language.
pub(crate) fn example(texts: &[(Language, String)]) -> Project {
    let file = |(language, text): &(Language, String)| {
        let name = format!("example.{}", language.extensions().first().unwrap_or(&"txt"));
        Found {
            path: name.as_str().into(),
            key: name.as_str().into(),
            language: *language,
            text: text.as_str().into(),
            package: None,
            named: true,
            excluded: false,
            ignored: Vec::new(),
            vendored: false,
            targets: TargetSet::ALL,
            narrow: None,
            krate: None,
        }
    };
    let read = texts.iter().map(|(language, _)| (*language, 1)).collect();
    Project { files: texts.iter().map(file).collect(), read, ..Project::default() }
}

/// Checks a project with as many threads as asked for.
pub(crate) fn check(project: Project, options: &Options, threads: usize) -> Result<Report, Box<dyn Error>> {
    let pool = workspace::pool(threads)?;
    Ok(pool.install(|| Workspace::new(project).check(ModelSet::builtin(), options)))
}

/// The whole output for people, without the time.
pub(crate) fn output(report: &Report) -> String {
    format!("{}{}\n", render::full::render(report, false, None), render::summary(report, None))
}

/// What is wrong with the way a finding is worded.
pub(crate) fn wording_faults(diagnostic: &Diagnostic) -> Vec<String> {
    let texts = [&diagnostic.message, &diagnostic.primary.message];
    let trace = diagnostic.trace.iter().map(|step| &step.message);
    let mut faults = Vec::new();
    for text in texts.into_iter().chain(&diagnostic.help).chain(trace) {
        if text.ends_with('.') || text.starts_with(char::is_uppercase) {
            faults.push(format!("`{text}` must begin with a lowercase letter and end without a period"));
        }
    }
    if diagnostic.message.is_empty() || diagnostic.help.as_deref().is_none_or(str::is_empty) {
        faults.push(format!("a finding of {} lacks message or help", diagnostic.rule));
    }
    faults
}

/// Compares with a snapshot; `FFILINT_BLESS=1` writes it. A missing one is a failure.
pub(crate) fn snapshot(path: &Path, actual: &str) -> Result<Option<String>, Box<dyn Error>> {
    let expected = fs::read_to_string(path);
    if expected.as_deref().is_ok_and(|expected| expected == actual) {
        return Ok(None);
    }
    let shown = path.strip_prefix(repository()).unwrap_or(path).display();
    if std::env::var_os("FFILINT_BLESS").is_some_and(|value| value == "1") {
        fs::write(path, actual)?;
        return Ok(None);
    }
    let Ok(expected) = expected else {
        return Ok(Some(format!("{shown} is missing; FFILINT_BLESS=1 cargo test writes it:\n{actual}")));
    };
    let difference = similar::TextDiff::from_lines(expected.as_str(), actual);
    Ok(Some(format!("{shown} differs:\n{}", difference.unified_diff().context_radius(2))))
}

/// Fails with all that went wrong.
pub(crate) fn all_well(failures: Vec<String>) -> Outcome {
    if failures.is_empty() { Ok(()) } else { Err(format!("\n{}", failures.join("\n")).into()) }
}

/// Numbers that look like chance and are the same in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below that.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}
