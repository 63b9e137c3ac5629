//! SARIF as others read it: GitHub's rules and the hash of its uploader, by Microsoft's multitool.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::{code, ffilint, project, stderr};
use crate::support::Outcome;

/// Names the program `Sarif.Multitool` of the npm package `@microsoft/sarif-multitool-linux` (or another platform's).
const MULTITOOL: &str = "FFILINT_SARIF_MULTITOOL";

#[test]
fn the_multitool_finds_no_fault_and_computes_the_same_hashes() -> Outcome {
    let Some(multitool) = std::env::var_os(MULTITOOL) else {
        // Past the capture of the test harness: what is not tested is said.
        writeln!(std::io::stderr(), "skipped: {MULTITOOL} names no multitool")?;
        return Ok(());
    };
    let text = "import 'dart:ffi';\nimport 'package:ffi/ffi.dart';\n\n// 😀 lies outside the basic plane.\nvoid leak() {\r\n  \
                final x = '😀😀'; final cell = calloc<Int32>();\tcell.value = x.length;\n}\n\nvoid kept() {\n  \
                final cell = calloc<Int32>(); // ffilint: ignore[leaked_allocation] kept for good\n  cell.value = 1;\n}\n";
    let folder = project(&[("lib/a b.dart", text.as_bytes())])?;
    let demo = crate::support::repository().join("fixtures/demo");
    for root in [folder.path(), demo.as_path()] {
        let log = folder.path().join("out.sarif");
        let output = ffilint(root, &["-q", "-f", &format!("sarif={}", log.display())])?;
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let run = |arguments: &[&str]| -> Result<Value, Box<dyn std::error::Error>> {
            let written = folder.path().join("written.sarif");
            let mut command = Command::new(&multitool);
            command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1").args(arguments);
            // Its exit code says nothing.
            command.args(["-o", &written.display().to_string(), "--log", "ForceOverwrite"]).output()?;
            Ok(serde_json::from_str(fs::read_to_string(&written)?.trim_start_matches('\u{feff}'))?)
        };
        let judged = run(&["validate", &log.display().to_string(), "--rule-kind", "Sarif;Ghas"])?;
        let faults: Vec<&Value> = results(&judged).iter().filter(|fault| fault["level"] == "error").collect();
        assert!(faults.is_empty(), "{faults:#?}");

        let ours: Value = serde_json::from_str(&fs::read_to_string(&log)?)?;
        let bare = folder.path().join("bare.sarif");
        fs::write(&bare, without_hashes(ours.clone(), root)?.to_string())?;
        let theirs = run(&["rewrite", &bare.display().to_string(), "--insert", "RollingHashPartialFingerprints"])?;
        let hash = |result: &Value| result["partialFingerprints"]["primaryLocationLineHash"].clone();
        let hashes = |log: &Value| results(log).iter().map(hash).collect::<Vec<_>>();
        assert!(hashes(&ours).len() > 1 && hashes(&ours).iter().all(Value::is_string));
        assert_eq!(hashes(&ours), hashes(&theirs));
    }
    Ok(())
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().map_or(&[], Vec::as_slice)
}

/// The same log, of which a reader must compute the hashes himself.
fn without_hashes(mut log: Value, root: &Path) -> Result<Value, Box<dyn std::error::Error>> {
    let run = &mut log["runs"][0];
    run["originalUriBaseIds"]["%SRCROOT%"]["uri"] = format!("file://{}/", root.canonicalize()?.display()).into();
    for result in run["results"].as_array_mut().ok_or("no results")? {
        result.as_object_mut().ok_or("no result")?.remove("partialFingerprints");
    }
    Ok(log)
}
