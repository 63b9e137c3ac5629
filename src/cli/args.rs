//! The flags, as clap reads them.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self, Certainty};

/// Memory ownership across the FFI boundary, checked statically.
#[derive(Debug, Parser)]
#[command(name = "ffilint", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) check: CheckArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the project around the paths (the default)
    Check(Box<CheckArguments>),
    /// List every native symbol that is bound, and what it is linked to or why not
    Links(LinksArguments),
    /// Say what is known of who owns what a function gives and takes, and from where; or list what is not known
    Ownership(OwnershipArguments),
    /// Adopt ffilint on an old project: what is found today is kept in a file and not reported
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Show, describe or begin the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say what was found and read, and what the models are made of
    Doctor(DoctorArguments),
    /// Show a rule's page
    Explain {
        /// The rule's name
        rule: String,
    },
    /// Serve an editor over stdin and stdout
    #[command(alias = "server")]
    Lsp {
        /// Over stdin and stdout, as always
        #[arg(long)]
        stdio: bool,
    },
    /// List the rules
    Rules,
    /// Print the version
    Version,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print a file as the analysis sees it
    DumpIr {
        /// The file
        file: PathBuf,
    },
}

/// The command of that name, where there is one.
pub(super) fn command_named(name: &str) -> Option<String> {
    let command = <Arguments as clap::CommandFactory>::command();
    command.get_subcommands().map(clap::Command::get_name).find(|known| *known == name).map(str::to_owned)
}

/// How to check.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// What to report on; the whole project around it is analysed [default: .]
    pub(super) paths: Vec<PathBuf>,
    /// How to report, to stdout or a file; may be given several times: full, concise, json, json-lines, sarif, github,
    /// gitlab, rdjson, dart-machine, markdown [default: full on a terminal, else concise]
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    pub(super) format: Vec<String>,
    /// Use no configuration and no baseline, the defaults alone
    #[arg(long)]
    pub(super) isolated: bool,
    #[command(flatten)]
    pub(super) levels: LevelArguments,
    /// Which findings are shown where paths are named: those with a step in a named file, those whose place is in one, or
    /// all
    #[arg(long, value_enum, default_value_t = ScopeArgument::Touching)]
    pub(super) scope: ScopeArgument,
    /// Report on the files that were changed since a commit, a branch or a tag
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub(super) since: Option<String>,
    /// Check what git has staged, as it will be committed, and report on the staged files; where nothing is staged, all
    #[arg(long)]
    pub(super) staged: bool,
    #[command(flatten)]
    pub(super) fixing: FixArguments,
    /// Show what comments silence, too
    #[arg(long, conflicts_with = "add_ignore")]
    pub(super) no_ignores: bool,
    /// List what is silenced in json and json-lines; sarif always does
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// The file of findings that are not reported [default: ffilint-baseline.txt beside the configuration, if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub(super) baseline: Option<PathBuf>,
    /// Show what is in the baseline, too
    #[arg(long)]
    pub(super) no_baseline: bool,
    /// Count the findings of each rule
    #[arg(long)]
    pub(super) statistics: bool,
    /// Say how long each part of the run took, on stderr
    #[arg(long)]
    pub(super) timings: bool,
    /// Write a comment with this reason at each finding that is shown, so that it is no longer
    #[arg(long, value_name = "REASON", conflicts_with_all = ["staged", "stdin_filename", "fix", "diff"])]
    pub(super) add_ignore: Option<String>,
    /// Check what comes in on stdin in place of this file, and report on it
    #[arg(long, value_name = "PATH", conflicts_with_all = ["staged", "since"])]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Show findings of at least this confidence [default: medium]
    #[arg(long, value_enum)]
    pub(super) min_confidence: Option<Least>,
    /// The platforms to look at: windows, posix, linux, android, macos, ios, ohos [default: those that the project names,
    /// of an application those of its folders, else all]
    #[arg(long, value_delimiter = ',')]
    pub(super) targets: Vec<String>,
    /// The least level that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(super) fail_on: FailOn,
    /// The same as --fail-on note, as `dart analyze` writes it
    #[arg(long, conflicts_with_all = ["fail_on", "exit_zero"])]
    pub(super) fatal_infos: bool,
    /// Exit with 0 even when there are findings
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// How many threads to use, at most 4 for each core; 0 means one for each core [default: 0]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Give up after so many seconds, with exit code 2 and what was not read; what is being written is written to its end
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,
    /// Leave out the last line
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Say what was looked at and what was not
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Show no progress
    #[arg(long)]
    pub(super) no_progress: bool,
}

/// A number of seconds, more than none.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| !seconds.is_zero()).ok_or_else(|| "write a number of seconds, such as 60".to_owned())
}

/// What to mend.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct FixArguments {
    /// Mend what can be mended without changing what the program does, and report on what is left
    #[arg(long)]
    pub(super) fix: bool,
    /// With --fix or --diff: mend what a person has to look at afterwards, too
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Show what --fix would change, and write nothing
    #[arg(long)]
    pub(super) diff: bool,
}

/// Which rules speak, and how loud; a rule may be `all`.
#[derive(Args, Debug, Default)]
pub(super) struct LevelArguments {
    /// Report these rules and no others
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Do not report these rules
    #[arg(long, visible_alias = "off", value_name = "RULE", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    /// Report these rules as notes
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) note: Vec<String>,
    /// Report these rules as warnings
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) warn: Vec<String>,
    /// Report these rules as errors
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) error: Vec<String>,
}

/// `--scope`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ScopeArgument {
    Touching,
    Primary,
    Project,
}

/// What to do with the baseline.
#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Write a baseline of all that is found today
    Create(BaselineArguments),
    /// Remove the entries that fit nothing any more
    Prune(BaselineArguments),
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show what holds, and the file and the line that say so
    Show {
        /// Where the project is [default: .]
        paths: Vec<PathBuf>,
    },
    /// Print the JSON Schema of ffilint.toml, which is that of `ffilint:` in analysis_options.yaml, too
    Schema {
        /// The JSON Schema of what `--format json` writes instead
        #[arg(long)]
        report: bool,
    },
    /// Write an ffilint.toml in which every key is explained, here
    Init,
}

/// Which baseline.
#[derive(Args, Debug)]
pub(super) struct BaselineArguments {
    /// Where the project is [default: .]
    pub(super) paths: Vec<PathBuf>,
    /// The file [default: what the configuration says, else ffilint-baseline.txt beside it]
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
}

/// What to list.
#[derive(Args, Debug)]
pub(super) struct LinksArguments {
    /// Whose bindings to list; the whole project around it is read [default: .]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) listing: ListingArguments,
}

/// Of what to say who owns it.
#[derive(Args, Debug)]
pub(super) struct OwnershipArguments {
    /// A native symbol, a Dart function or `Class.member`, then where the project is; with --unknown only the latter
    #[arg(value_name = "SYMBOL")]
    pub(super) names: Vec<String>,
    /// List the bindings that are called and of which nothing is known, each with a model to fill in
    #[arg(long)]
    pub(super) unknown: bool,
    #[command(flatten)]
    pub(super) listing: ListingArguments,
}

/// How to list something.
#[derive(Args, Debug)]
pub(super) struct ListingArguments {
    /// full or json [default: full]
    #[arg(short, long, value_enum, default_value_t = LinksFormat::Full)]
    pub(super) format: LinksFormat,
    /// Ignore ffilint.toml
    #[arg(long)]
    pub(super) isolated: bool,
    /// How many threads to use, at most 4 for each core; 0 means one for each core [default: 0]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
}

/// Where to look.
#[derive(Args, Debug)]
pub(super) struct DoctorArguments {
    /// Where the project is [default: .]
    pub(super) paths: Vec<PathBuf>,
    /// full or json [default: full]
    #[arg(short, long, value_enum, default_value_t = LinksFormat::Full)]
    pub(super) format: LinksFormat,
    /// Ignore ffilint.toml
    #[arg(long)]
    pub(super) isolated: bool,
}

/// How to write a list.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LinksFormat {
    Full,
    Json,
}

/// `--min-confidence`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Least {
    Low,
    Medium,
    High,
}

impl From<Least> for Certainty {
    fn from(least: Least) -> Self {
        match least {
            Least::Low => Self::Low,
            Least::Medium => Self::Medium,
            Least::High => Self::High,
        }
    }
}

/// `--fail-on`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

/// `--color`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// A format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Full,
    Concise,
    Json,
    JsonLines,
    Sarif,
    Github,
    Gitlab,
    Rdjson,
    DartMachine,
    Markdown,
}

impl Format {
    const ALL: [Self; 10] = [
        Self::Full,
        Self::Concise,
        Self::Json,
        Self::JsonLines,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Rdjson,
        Self::DartMachine,
        Self::Markdown,
    ];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::JsonLines => "json-lines",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Rdjson => "rdjson",
            Self::DartMachine => "dart-machine",
            Self::Markdown => "markdown",
        }
    }

    /// Whether a program is to read all of it, which a second report would confuse.
    pub(super) fn is_for_machines(self) -> bool {
        match self {
            Self::Full | Self::Concise | Self::Github | Self::Markdown => false,
            Self::Json | Self::JsonLines | Self::Sarif | Self::Gitlab | Self::Rdjson | Self::DartMachine => true,
        }
    }
}

/// A format, and where it goes.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) path: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
        let Some(format) = Format::ALL.into_iter().find(|format| format.name() == name) else {
            let known = Format::ALL.map(Format::name);
            let meant = config::meant(name, known.into_iter());
            let name = config::short(name);
            return Err(format!("--format: there is no format `{name}`{meant}; known are {}", known.join(", ")));
        };
        match path {
            Some("") => Err(format!("--format: `{text}` names no file; write `{name}=PATH`")),
            // As elsewhere, this is stdout.
            Some("-") => Ok(Self { format, path: None }),
            path => Ok(Self { format, path: path.map(PathBuf::from) }),
        }
    }
}
