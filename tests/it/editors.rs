//! The language server with real clients. Each test is run where its client is, and says so where it is not; where
//! `FFILINT_ALL_EDITORS` is set, none may be absent.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::cli::{CLEAN, LEAK, project};
use crate::support::{Outcome, repository};

/// Names Neovim; else it is looked for on the `PATH`.
const NEOVIM: &str = "FFILINT_NEOVIM";
/// Names an Emacs that has Eglot.
const EMACS: &str = "FFILINT_EMACS";
/// Names a folder in which `vscode-languageserver-protocol` is installed.
const NODE_MODULES: &str = "FFILINT_NODE_MODULES";
/// Names a Python that has `pytest-lsp`.
const PYTHON: &str = "FFILINT_PYTHON";
/// No client may be absent.
const ALL: &str = "FFILINT_ALL_EDITORS";

/// How many edits are soaked.
const SOAK: &str = "FFILINT_SOAK";

/// A file to type into.
const EMPTY: &str = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\nvoid work() {\n}\n";

/// What names a client; nothing where it is absent and may be.
fn named(variable: &str, otherwise: Option<&str>) -> Result<Option<OsString>, Box<dyn std::error::Error>> {
    let on_path = || {
        let program = otherwise?;
        Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
        Some(OsString::from(program))
    };
    match std::env::var_os(variable).or_else(on_path) {
        Some(named) => Ok(Some(named)),
        None if std::env::var_os(ALL).is_some() => Err(format!("{variable} names nothing, and {ALL} is set").into()),
        None => {
            writeln!(std::io::stderr(), "skipped: {variable} names nothing")?;
            Ok(None)
        }
    }
}

fn run(command: &mut Command, folder: &Path, says: &str) -> Outcome {
    command.current_dir(folder).env("FFILINT", env!("CARGO_BIN_EXE_ffilint"));
    let output = command.output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.success() && said.contains(says) {
        true => Ok(()),
        false => Err(said.into()),
    }
}

#[test]
fn neovim_shows_a_bug_as_it_is_typed_and_mends_it() -> Outcome {
    let Some(neovim) = named(NEOVIM, Some("nvim"))? else { return Ok(()) };
    let folder = project(&[("lib/a.dart", EMPTY.as_bytes())])?;
    let script = repository().join("tests/editors/neovim.lua");
    let mut command = Command::new(neovim);
    command.args(["--headless", "--clean", "-n", "-c"]).arg(format!("luafile {}", script.display()));
    run(&mut command, folder.path(), "neovim: all well")
}

#[test]
fn emacs_shows_a_bug_as_it_is_typed_and_mends_it() -> Outcome {
    let Some(emacs) = named(EMACS, None)? else { return Ok(()) };
    let folder = project(&[("lib/a.dart", EMPTY.as_bytes())])?;
    let mut command = Command::new(emacs);
    command.args(["--batch", "-l"]).arg(repository().join("tests/editors/emacs.el"));
    run(&mut command, folder.path(), "emacs: all well")
}

#[test]
fn the_protocol_library_of_vs_code_is_understood() -> Outcome {
    let Some(modules) = named(NODE_MODULES, None)? else { return Ok(()) };
    let folder = project(&[("lib/a.dart", CLEAN.as_bytes()), ("lib/old.dart", LEAK.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let mut command = Command::new("node");
    command.arg(repository().join("tests/editors/protocol.mjs")).arg(&folder).env(NODE_MODULES, modules);
    run(&mut command, &folder, "protocol: all well")
}

#[test]
fn clients_with_the_abilities_of_three_editors_are_served() -> Outcome {
    let Some(python) = named(PYTHON, None)? else { return Ok(()) };
    let folder = project(&[("lib/a.dart", CLEAN.as_bytes())])?;
    let folder = folder.path().canonicalize()?;
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    command.arg(repository().join("tests/editors/test_clients.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut command, &folder, "3 passed")
}

/// `FFILINT_SOAK` says how many edits; Python's own library is enough.
#[test]
fn hours_of_use_in_small_end_where_a_fresh_run_does() -> Outcome {
    let Some(python) = named(PYTHON, None)? else { return Ok(()) };
    let edits = std::env::var(SOAK).unwrap_or_else(|_| "1000".into());
    let mut command = Command::new(python);
    command.arg(repository().join("tests/editors/soak.py")).arg(edits);
    run(&mut command, &std::env::temp_dir(), "soak: all well")
}
