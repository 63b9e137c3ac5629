//! `ffilint links`, by the real binary.

use std::error::Error;
use std::process::{Command, Output};

use crate::support::{Outcome, all_well, repository, snapshot};

fn ffilint(arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    let folder = repository().join("fixtures/links");
    Ok(Command::new(env!("CARGO_BIN_EXE_ffilint")).current_dir(folder).args(arguments).output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_form_is_listed_with_what_it_is_linked_to() -> Outcome {
    let output = ffilint(&["links"])?;
    assert_eq!(output.status.code(), Some(0));
    let failure = snapshot(&repository().join("fixtures/links/expected.txt"), &text(&output))?;
    all_well(failure.into_iter().collect())
}

#[test]
fn a_path_filters_the_list_and_not_the_counts() -> Outcome {
    let all = text(&ffilint(&["links"])?);
    let some = text(&ffilint(&["links", "lib/bindings.dart"])?);
    let counts = |text: &str| text.lines().last().unwrap_or_default().split([':', ';']).next().map(str::to_owned);
    assert_eq!(counts(&all), counts(&some));
    assert!(some.contains("shown"), "{some}");
    assert!(!some.contains("lib/mixer.dart"), "{some}");
    Ok(())
}

#[test]
fn a_check_counts_the_same_links() -> Outcome {
    let links: serde_json::Value = serde_json::from_slice(&ffilint(&["links", "-f", "json"])?.stdout)?;
    let check: serde_json::Value = serde_json::from_slice(&ffilint(&["-f", "json"])?.stdout)?;
    assert_eq!(links["version"], 1);
    assert_eq!(links["summary"], check["summary"]["links"]);
    let of = |status: &str| {
        let all = links["links"].as_array().into_iter().flatten();
        all.filter(|link| link["status"] == status).count() as u64
    };
    let resolved = of("linked") + of("modelled");
    let unresolved = of("undefined") + of("unparsed") + of("ambiguous") + of("computed");
    assert_eq!(links["summary"]["resolved"], resolved);
    assert_eq!(links["summary"]["unresolved"], unresolved);
    Ok(())
}

#[test]
fn a_path_that_is_missing_fails() -> Outcome {
    let output = ffilint(&["links", "nowhere"])?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read nowhere"));
    Ok(())
}
