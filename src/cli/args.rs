//! The flags, as clap reads them.

use std::path::PathBuf;
use std::str::FromStr;

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
    Check(CheckArguments),
    /// List every native symbol that is bound, and what it is linked to or why not
    Links(LinksArguments),
    /// Say what is known of who owns what a function gives and takes, and from where; or list what is not known
    Ownership(OwnershipArguments),
    /// Say what was found and read, and what the models are made of
    Doctor(DoctorArguments),
    /// Show a rule's page
    Explain {
        /// The rule's name
        rule: String,
    },
    /// List the rules
    Rules,
    /// Print the version
    Version,
    /// Print a file as the analysis sees it
    DumpIr {
        /// The file
        file: PathBuf,
    },
}

/// How to check.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    /// What to report on; the whole project around it is analysed [default: .]
    pub(super) paths: Vec<PathBuf>,
    /// full, concise or json, to stdout or a file; may be given several times [default: full on a terminal, else concise]
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    pub(super) format: Vec<String>,
    /// Ignore ffilint.toml
    #[arg(long)]
    pub(super) isolated: bool,
    /// Show findings of at least this confidence [default: medium]
    #[arg(long, value_enum)]
    pub(super) min_confidence: Option<Least>,
    /// The platforms to look at: windows, posix, linux, android, macos, ios, ohos [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(super) targets: Vec<String>,
    /// The least level that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub(super) fail_on: FailOn,
    /// Exit with 0 even when there are findings
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// How many threads to use, at most 4 for each core; 0 means one for each core [default: 0]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<usize>,
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
}

impl Format {
    const ALL: [Self; 3] = [Self::Full, Self::Concise, Self::Json];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Json => "json",
        }
    }

    /// Whether a program is to read it, which a second report would confuse.
    pub(super) fn is_for_machines(self) -> bool {
        match self {
            Self::Full | Self::Concise => false,
            Self::Json => true,
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
            path => Ok(Self { format, path: path.map(PathBuf::from) }),
        }
    }
}
