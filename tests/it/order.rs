//! Output depends on the text alone: not on the order of files, the number of threads or hash seeds.

use std::time::Duration;

use ffilint::render;

use crate::support::{self, Outcome, all_well, name, repository};

#[test]
fn order_and_threads_change_nothing() -> Outcome {
    let mut folders = crate::fixtures::cases();
    folders.push(repository().join("fixtures/demo"));
    let mut failures = Vec::new();
    for folder in folders {
        let (project, options) = support::project(&folder)?;
        let mut outputs = Vec::new();
        for (threads, turn) in [(1, 0), (8, 0), (8, 1), (2, 2)] {
            let mut project = project.clone();
            // A rotation and a reversal bring every pair of files into both orders.
            let count = project.files.len().max(1);
            project.files.rotate_left(turn % count);
            if turn > 0 {
                project.files.reverse();
            }
            let report = support::check(project, &options, threads)?;
            let json = render::json::render(&report, Duration::ZERO, false)?;
            outputs.push(format!("{}{}{json}", support::output(&report), render::concise::render(&report)));
        }
        if outputs.iter().any(|output| Some(output) != outputs.first()) {
            failures.push(format!("{}: the output depends on order or threads", name(&folder)));
        }
    }
    all_well(failures)
}
