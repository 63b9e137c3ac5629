//! The baseline: adopted on an old project, silent about what was there, and about nothing else.

use std::fs;

use crate::cli::{LEAK, code, ffilint, json, project, stderr, stdout};
use crate::support::Outcome;

const FILE: &str = "ffilint-baseline.txt";

/// Two leaks in one file.
fn old() -> String {
    format!("{LEAK}\nvoid second() {{\n  final other = malloc<Int64>();\n  other.value = 2;\n}}\n")
}

#[test]
fn what_was_there_is_silent_and_what_is_new_is_not() -> Outcome {
    let folder = project(&[("lib/old.dart", old().as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &[])?), 1);
    let created = ffilint(folder.path(), &["baseline", "create"])?;
    assert_eq!((code(&created), stdout(&created)), (0, format!("{FILE}: 2 entries\n")), "{}", stderr(&created));
    let clean = ffilint(folder.path(), &[])?;
    assert_eq!(code(&clean), 0, "{}", stdout(&clean));
    assert!(stdout(&clean).contains("; 2 in the baseline"), "{}", stdout(&clean));
    assert_eq!(code(&ffilint(folder.path(), &["--no-baseline"])?), 1);

    // Lines before it, another order, another file: it is the same finding.
    let moved = old().replace("void leak()", "// One.\n// Two.\n\nint unrelated() => 3;\n\nvoid leak()");
    let (head, second) = moved.split_once("\nvoid second").ok_or("no second")?;
    let (imports, first) = head.split_once("\n\n").ok_or("no imports")?;
    fs::remove_file(folder.path().join("lib/old.dart"))?;
    fs::write(folder.path().join("lib/renamed.dart"), format!("{imports}\n\nvoid second{second}\n{first}"))?;
    let still = ffilint(folder.path(), &[])?;
    assert_eq!(code(&still), 0, "{}", stdout(&still));

    // The same fault once more is new.
    fs::write(folder.path().join("lib/copy.dart"), old())?;
    assert_eq!(json(folder.path(), &[])?["findings"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn an_entry_removed_brings_its_finding_back_and_a_mended_fault_leaves_its_entry_stale() -> Outcome {
    let folder = project(&[("lib/old.dart", old().as_bytes())])?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    let text = fs::read_to_string(folder.path().join(FILE))?;
    assert_eq!(text.lines().count(), 3);
    for line in text.lines().skip(1) {
        fs::write(folder.path().join(FILE), text.replace(&format!("{line}\n"), ""))?;
        let findings = json(folder.path(), &[])?;
        assert_eq!(findings["findings"].as_array().map(Vec::len), Some(1), "{findings}");
    }
    fs::write(folder.path().join(FILE), &text)?;
    fs::write(folder.path().join("lib/old.dart"), old().replace("other.value = 2;", "malloc.free(other);"))?;
    let stale = ffilint(folder.path(), &[])?;
    assert_eq!(code(&stale), 1);
    assert!(
        stdout(&stale).contains(&format!("{FILE}:")) && stdout(&stale).contains("[stale_baseline_entry]"),
        "{}",
        stdout(&stale)
    );
    let pruned = ffilint(folder.path(), &["baseline", "prune"])?;
    assert_eq!((code(&pruned), stdout(&pruned)), (0, format!("{FILE}: 1 entry removed, 1 left\n")));
    assert_eq!(code(&ffilint(folder.path(), &[])?), 0);
    assert_eq!(fs::read_to_string(folder.path().join(FILE))?.lines().count(), 2);
    Ok(())
}

#[test]
fn a_baseline_can_stand_elsewhere_and_a_broken_one_is_refused() -> Outcome {
    let folder =
        project(&[("lib/old.dart", old().as_bytes()), ("ffilint.toml", b"[baseline]\npath = \"tool/known.txt\"\n")])?;
    fs::create_dir(folder.path().join("tool"))?;
    assert_eq!(code(&ffilint(folder.path(), &["baseline", "create"])?), 0);
    assert!(folder.path().join("tool/known.txt").is_file());
    assert_eq!(code(&ffilint(folder.path(), &["lib"])?), 0);
    assert_eq!(code(&ffilint(folder.path(), &["--isolated"])?), 1);

    fs::write(folder.path().join("tool/known.txt"), "<<<<<<< ours\n")?;
    let broken = ffilint(folder.path(), &[])?;
    assert_eq!(code(&broken), 2);
    assert!(stderr(&broken).contains("known.txt:1: not a baseline"), "{}", stderr(&broken));
    let missing = ffilint(folder.path(), &["--baseline", "nowhere.txt"])?;
    assert_eq!(code(&missing), 2);
    assert!(stderr(&missing).contains("baseline create"), "{}", stderr(&missing));
    Ok(())
}
