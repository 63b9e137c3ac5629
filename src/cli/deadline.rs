//! `--timeout`: a run that takes too long ends, unless it is writing already.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{FAILURE, complain};
use crate::workspace::progress::{Phase, Progress};

/// What the run is at. There is one run in a process.
static RUN: Mutex<Run> = Mutex::new(Run { limit: None, is_writing: false, project: String::new(), after: 0 });

struct Run {
    limit: Option<Limit>,
    /// Something was written, or is being written: from here on it is quicker to end than to say that it did not.
    is_writing: bool,
    /// The project that is checked.
    project: String,
    /// How many come after it.
    after: usize,
}

struct Limit {
    begun: Instant,
    after: Duration,
    progress: Arc<Progress>,
}

fn lock() -> MutexGuard<'static, Run> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Output begins, or a file is changed. Where the time is up at this moment, this does not return: whether the thread
/// that waits for it was woken yet is the system's affair.
pub(super) fn begin_writing() {
    let mut run = lock();
    if run.limit.as_ref().is_some_and(|limit| limit.begun.elapsed() >= limit.after) {
        end(&run);
    }
    run.is_writing = true;
}

/// A project is checked next, and so many after it.
pub(super) fn begin_project(folder: &Path, after: usize) {
    let mut run = lock();
    (run.project, run.after) = (folder.display().to_string(), after);
}

/// Ends the process after so long, with what was not done.
pub(super) fn set(after: Duration, progress: &Arc<Progress>) {
    lock().limit = Some(Limit { begun: Instant::now(), after, progress: Arc::clone(progress) });
    // It waits as long as the process lives, and nobody waits for it.
    std::thread::spawn(move || {
        std::thread::sleep(after);
        end(&lock());
    });
}

/// Says what was not done and ends the process, unless something is written already.
fn end(run: &Run) {
    if let (Some(limit), false) = (&run.limit, run.is_writing) {
        complain(&told(run, limit.progress.now(), limit.after));
        std::process::exit(i32::from(FAILURE));
    }
}

fn told(run: &Run, now: Option<(Phase, usize, usize)>, after: Duration) -> String {
    let left = match now {
        None => "nothing was read".to_owned(),
        Some((Phase::Reading, ..)) => "not all files were found and read".to_owned(),
        Some((Phase::Parsing, done, total)) => {
            format!("{} of {total} files were not parsed", total.saturating_sub(done))
        }
        Some((phase, ..)) => format!("all files were parsed, {} was not done", phase.title()),
    };
    let project = if run.project.is_empty() { String::new() } else { format!("project {}: ", run.project) };
    let more = match run.after {
        0 => String::new(),
        1 => "; one more project was not begun".to_owned(),
        more => format!("; {more} more projects were not begun"),
    };
    format!("stopped after {} s (--timeout): {project}{left}{more}; nothing is reported", after.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_is_told() {
        let run = |after| Run { limit: None, is_writing: false, project: "/p".into(), after };
        let two = Duration::from_secs(2);
        assert_eq!(
            told(&run(1), Some((Phase::Parsing, 3, 10)), two),
            "stopped after 2 s (--timeout): project /p: 7 of 10 files were not parsed; one more project was not begun; \
             nothing is reported"
        );
        assert!(
            told(&run(0), Some((Phase::Analysing, 0, 0)), two).contains("all files were parsed, analysing was not")
        );
    }
}
