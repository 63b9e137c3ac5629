//! The hooks with the real pre-commit.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::project;
use crate::support::{Outcome, repository};

/// Names the program `pre-commit`.
const PRE_COMMIT: &str = "FFILINT_PRE_COMMIT";

const DART: &str = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                    void one() {\n  final t = table();\n  t.value = 1;\n}\n";
const KEPT: &str = "static int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
const MADE: &str = "#include <stdlib.h>\n\nint *table(void) {\n  return calloc(256, 4);\n}\n";

struct Scratch<'a> {
    folder: &'a Path,
    /// Where `ffilint` and `pre-commit` are found first.
    path: std::ffi::OsString,
}

impl Scratch<'_> {
    fn run(&self, program: &str, arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
        let mut command = Command::new(program);
        command.current_dir(self.folder).args(arguments).env("PATH", &self.path);
        command.env("PRE_COMMIT_HOME", self.folder.join(".cache"));
        for (name, value) in [("NAME", "A"), ("EMAIL", "a@example.com")] {
            command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
        }
        Ok(command.output()?)
    }

    fn must(&self, program: &str, arguments: &[&str]) -> Outcome {
        let output = self.run(program, arguments)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{program} {arguments:?}: {}", said(&output)).into()),
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_commit_with_a_fault_across_languages_is_blocked_mended_and_passes() -> Outcome {
    let Some(pre_commit) = std::env::var_os(PRE_COMMIT) else {
        writeln!(std::io::stderr(), "skipped: {PRE_COMMIT} names no pre-commit")?;
        return Ok(());
    };
    let pre_commit = PathBuf::from(pre_commit);
    // The hooks as they are published, in a repository of their own.
    let hooks = tempfile::tempdir()?;
    fs::copy(repository().join(".pre-commit-hooks.yaml"), hooks.path().join(".pre-commit-hooks.yaml"))?;
    let folder =
        project(&[("lib/a.dart", DART.as_bytes()), ("src/table.c", KEPT.as_bytes()), (".gitignore", b".cache\n")])?;
    let binary = Path::new(env!("CARGO_BIN_EXE_ffilint")).parent().ok_or("no folder")?;
    let beside = pre_commit.parent().ok_or("no folder")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [binary.to_path_buf(), beside.to_path_buf()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path)?;
    let [hooks, scratch] = [hooks.path(), folder.path()].map(|folder| Scratch { folder, path: path.clone() });
    for of in [&hooks, &scratch] {
        of.must("git", &["init", "-q"])?;
        of.must("git", &["add", "-A"])?;
        of.must("git", &["-c", "commit.gpgsign=false", "commit", "-q", "-m", "one"])?;
    }
    let head = hooks.run("git", &["rev-parse", "HEAD"])?;
    let revision = String::from_utf8(head.stdout)?;
    let config = format!(
        "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: ffilint-system\n",
        hooks.folder.display(),
        revision.trim()
    );
    fs::write(scratch.folder.join(".pre-commit-config.yaml"), config)?;
    scratch.must("git", &["add", "-A"])?;
    scratch.must(&pre_commit.display().to_string(), &["install"])?;

    // The fault is in `lib/a.dart`, which the commit does not touch.
    fs::write(scratch.folder.join("src/table.c"), MADE)?;
    scratch.must("git", &["add", "src/table.c"])?;
    let blocked = scratch.run("git", &["-c", "commit.gpgsign=false", "commit", "-m", "two"])?;
    assert!(!blocked.status.success(), "{}", said(&blocked));
    assert!(said(&blocked).contains("lib/a.dart:7:13: warning[leaked_allocation]"), "{}", said(&blocked));

    // Mended in the working tree and not staged is not mended.
    fs::write(scratch.folder.join("src/table.c"), KEPT)?;
    let blocked = scratch.run("git", &["-c", "commit.gpgsign=false", "commit", "-m", "two"])?;
    assert!(!blocked.status.success(), "{}", said(&blocked));

    scratch.must("git", &["add", "-A"])?;
    scratch.must("git", &["-c", "commit.gpgsign=false", "commit", "-m", "two"])
}
