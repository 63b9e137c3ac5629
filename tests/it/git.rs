//! What git says was changed: `--staged` and `--since`, on the real binary in a scratch repository.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::cli::{CLEAN, LEAK, code, ffilint, project, stderr, stdout};
use crate::support::Outcome;

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Outcome {
    let settings = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(settings).args(arguments).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// A repository with one commit of these files.
fn repository(files: &[(&str, &[u8])]) -> Result<TempDir, Box<dyn Error>> {
    let folder = project(files)?;
    for arguments in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "one"]] {
        git(folder.path(), arguments)?;
    }
    Ok(folder)
}

/// The first words of each finding: `path:line`.
fn places(folder: &Path, arguments: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let output = ffilint(folder, &[&["-q", "-f", "concise"], arguments].concat())?;
    assert!(code(&output) < 2, "{}", stderr(&output));
    let place = |line: &str| line.split(':').take(2).collect::<Vec<_>>().join(":");
    Ok(stdout(&output).lines().map(place).collect())
}

#[test]
fn a_partly_staged_file_is_judged_as_it_will_be_committed() -> Outcome {
    let folder = repository(&[("lib/a.dart", CLEAN.as_bytes()), ("lib/old.dart", LEAK.as_bytes())])?;
    let at = folder.path();
    // Staged with the leak, then mended and not staged: the commit would have the leak.
    fs::write(at.join("lib/a.dart"), LEAK)?;
    git(at, &["add", "lib/a.dart"])?;
    fs::write(at.join("lib/a.dart"), CLEAN)?;
    assert_eq!(places(at, &["--staged"])?, ["lib/a.dart:5"]);
    assert_eq!(places(at, &[])?, ["lib/old.dart:5"]);
    // The other way round: what is not staged is not judged.
    git(at, &["add", "lib/a.dart"])?;
    fs::write(at.join("lib/a.dart"), LEAK)?;
    fs::write(at.join("lib/b.dart"), CLEAN)?;
    git(at, &["add", "lib/b.dart"])?;
    fs::write(at.join("lib/new.dart"), LEAK)?;
    assert_eq!(places(at, &["--staged"])?, Vec::<String>::new());
    // A staged file that is gone from the working tree will be committed all the same.
    fs::write(at.join("lib/b.dart"), LEAK)?;
    git(at, &["add", "lib/b.dart"])?;
    fs::remove_file(at.join("lib/b.dart"))?;
    assert_eq!(places(at, &["--staged"])?, ["lib/b.dart:5"]);
    assert_eq!(places(at, &["--staged", "lib/a.dart"])?, Vec::<String>::new(), "paths filter, too");
    Ok(())
}

#[test]
fn with_nothing_staged_all_is_checked() -> Outcome {
    let folder = repository(&[("lib/old.dart", LEAK.as_bytes()), ("README.md", b"x")])?;
    assert_eq!(places(folder.path(), &["--staged"])?, ["lib/old.dart:5"]);
    fs::write(folder.path().join("README.md"), "y")?;
    git(folder.path(), &["add", "-A"])?;
    assert_eq!(places(folder.path(), &["--staged"])?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_staged_change_in_c_shows_the_fault_in_a_dart_file_that_is_unchanged() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  final t = table();\n  t.value = 1;\n}\n";
    let kept = "static int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
    let made = "#include <stdlib.h>\n\nint *table(void) {\n  return calloc(256, 4);\n}\n";
    let folder = repository(&[("lib/a.dart", dart.as_bytes()), ("src/table.c", kept.as_bytes())])?;
    assert_eq!(places(folder.path(), &[])?, Vec::<String>::new());
    fs::write(folder.path().join("src/table.c"), made)?;
    git(folder.path(), &["add", "-A"])?;
    assert!(places(folder.path(), &["--staged"])?.contains(&"lib/a.dart:7".to_owned()));
    // From a folder below the repository as well.
    let below = ffilint(&folder.path().join("src"), &["--staged", "-f", "concise"])?;
    assert_eq!(code(&below), 1, "{}", stderr(&below));
    Ok(())
}

#[test]
fn since_a_commit_new_and_changed_files_are_reported() -> Outcome {
    let folder = repository(&[("lib/old.dart", LEAK.as_bytes()), ("lib/a.dart", CLEAN.as_bytes())])?;
    let at = folder.path();
    assert_eq!(places(at, &["--since", "main"])?, Vec::<String>::new());
    git(at, &["checkout", "-q", "-b", "change"])?;
    fs::write(at.join("lib/a.dart"), LEAK)?;
    git(at, &["commit", "-q", "-a", "-m", "two"])?;
    fs::write(at.join("lib/new.dart"), LEAK)?;
    assert_eq!(places(at, &["--since", "main"])?, ["lib/a.dart:5", "lib/new.dart:5"]);
    assert_eq!(places(at, &["--since", "HEAD"])?, ["lib/new.dart:5"]);

    let unknown = ffilint(at, &["--since", "nowhere"])?;
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("--since: git knows no commit `nowhere`"), "{}", stderr(&unknown));
    let no_repository = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let output = ffilint(no_repository.path(), &["--staged"])?;
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--staged: git says: "), "{}", stderr(&output));
    Ok(())
}

#[test]
fn a_file_that_goes_brings_no_old_findings() -> Outcome {
    let folder = repository(&[("lib/old.dart", LEAK.as_bytes()), ("lib/z.dart", CLEAN.as_bytes())])?;
    git(folder.path(), &["rm", "-q", "lib/z.dart"])?;
    assert_eq!(places(folder.path(), &["--staged"])?, Vec::<String>::new());
    assert_eq!(places(folder.path(), &["--since", "HEAD"])?, Vec::<String>::new());
    Ok(())
}

#[test]
fn from_the_top_of_a_repository_the_projects_inside_are_checked() -> Outcome {
    let folder = repository(&[
        ("app/ffilint.toml", b""),
        ("app/lib/a.dart", CLEAN.as_bytes()),
        ("app/lib/old.dart", LEAK.as_bytes()),
    ])?;
    let at = folder.path();
    fs::remove_file(at.join("ffilint.toml"))?;
    fs::write(at.join("app/lib/a.dart"), LEAK)?;
    assert_eq!(places(at, &["--since", "HEAD"])?, ["app/lib/a.dart:5"]);
    git(at, &["add", "app"])?;
    fs::write(at.join("app/lib/a.dart"), CLEAN)?;
    assert_eq!(places(at, &["--staged"])?, ["app/lib/a.dart:5"]);
    assert_eq!(places(&at.join("app"), &["--staged"])?, ["lib/a.dart:5"]);
    Ok(())
}

#[test]
fn native_code_beside_the_project_is_seen_as_it_is_staged() -> Outcome {
    let dart = "import 'dart:ffi';\n\n@Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  final t = table();\n  t.value = 1;\n}\n";
    let kept = "static int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
    let made = "#include <stdlib.h>\n\nint *table(void) {\n  return calloc(256, 4);\n}\n";
    let folder = repository(&[
        ("app/ffilint.toml", b"[project]\nnative = [\"../native\"]\n"),
        ("app/lib/a.dart", dart.as_bytes()),
        ("native/table.c", kept.as_bytes()),
    ])?;
    let at = folder.path();
    fs::write(at.join("native/table.c"), made)?;
    git(at, &["add", "-A"])?;
    fs::write(at.join("native/table.c"), kept)?;
    assert!(places(&at.join("app"), &["--staged"])?.contains(&"lib/a.dart:7".to_owned()));
    assert!(places(at, &["--staged"])?.contains(&"app/lib/a.dart:7".to_owned()));
    assert_eq!(places(&at.join("app"), &[])?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_submodule_that_moves_on_is_a_change_of_its_files() -> Outcome {
    let dart = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n\
                @Native<Pointer<Int32> Function()>()\nexternal Pointer<Int32> table();\n\n\
                void one() {\n  final t = table();\n  malloc.free(t);\n}\n";
    let made = "#include <stdlib.h>\n\nint *table(void) {\n  return malloc(4);\n}\n";
    let kept = "static int kept[256];\n\nint *table(void) {\n  return kept;\n}\n";
    let library = repository(&[("table.c", made.as_bytes())])?;
    fs::remove_file(library.path().join("ffilint.toml"))?;
    git(library.path(), &["commit", "-q", "-a", "-m", "two"])?;
    let folder = repository(&[("lib/a.dart", dart.as_bytes())])?;
    let (at, from) = (folder.path(), library.path().display().to_string());
    let fetch = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "third"];
    git(at, &fetch)?;
    git(at, &["commit", "-q", "-a", "-m", "with the library"])?;
    fs::write(at.join("third/table.c"), kept)?;
    git(&at.join("third"), &["commit", "-q", "-a", "-m", "three"])?;
    git(at, &["add", "third"])?;
    let freed = ["lib/a.dart:9".to_owned()];
    assert_eq!(places(at, &["--targets", "linux"])?, freed);
    assert_eq!(places(at, &["--staged", "--targets", "linux"])?, freed);
    assert_eq!(places(at, &["--since", "HEAD", "--targets", "linux"])?, freed);
    // What the submodule has beyond the staged commit is not in the commit.
    fs::write(at.join("third/table.c"), made)?;
    assert_eq!(places(at, &["--staged", "--targets", "linux"])?, freed);
    assert_eq!(places(at, &["--targets", "linux"])?, Vec::<String>::new());
    // Neither are its new files.
    git(&at.join("third"), &["checkout", "-q", "--", "."])?;
    fs::write(at.join("third/leak.dart"), LEAK)?;
    assert_eq!(places(at, &["--staged", "--scope", "project", "--targets", "linux"])?, freed);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_stop_nothing() -> Outcome {
    use std::os::unix::ffi::OsStrExt as _;
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff.dart");
    let folder = project(&[("lib/a.dart", LEAK.as_bytes())])?;
    let at = folder.path();
    fs::write(at.join(odd), CLEAN)?;
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "one"]] {
        git(at, arguments)?;
    }
    fs::write(at.join(odd), LEAK)?;
    fs::write(at.join("lib/a.dart"), format!("{LEAK}\n"))?;
    git(at, &["add", "lib"])?;
    assert_eq!(places(at, &["--staged"])?, ["lib/a.dart:5"]);
    Ok(())
}

#[test]
fn code_with_an_old_finding_can_go() -> Outcome {
    let folder = repository(&[("lib/old.dart", LEAK.as_bytes()), ("lib/a.dart", CLEAN.as_bytes())])?;
    let at = folder.path();
    assert_eq!(code(&ffilint(at, &["baseline", "create"])?), 0);
    git(at, &["add", "-A"])?;
    git(at, &["commit", "-q", "-m", "two"])?;
    git(at, &["rm", "-q", "lib/old.dart"])?;
    fs::write(at.join("lib/a.dart"), format!("{CLEAN}\n"))?;
    git(at, &["add", "-A"])?;
    assert_eq!(places(at, &["--staged"])?, Vec::<String>::new());
    // A check of everything says what is stale; who stages the baseline is told as well.
    assert_eq!(places(at, &[])?, ["ffilint-baseline.txt:2"]);
    fs::write(at.join("ffilint-baseline.txt"), format!("{}\n", fs::read_to_string(at.join("ffilint-baseline.txt"))?))?;
    git(at, &["add", "-A"])?;
    assert_eq!(places(at, &["--staged"])?, ["ffilint-baseline.txt:2"]);
    Ok(())
}
