//! Progress on a terminal, where a run takes longer than one waits without wondering.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::workspace::progress::Progress;

/// A run that is over by then shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
const BETWEEN: Duration = Duration::from_millis(80);

/// What shows how far a run is, until it is dropped.
pub(super) struct Shown {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows progress on stderr, where that is a terminal.
pub(super) fn show(progress: &Arc<Progress>, wanted: bool) -> Shown {
    if !wanted || !std::io::stderr().is_terminal() {
        return Shown { stop: None, thread: None };
    }
    let progress = Arc::clone(progress);
    let (stop, stopped) = channel::<()>();
    let thread = std::thread::spawn(move || {
        if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        loop {
            if let Some((phase, done, total)) = progress.now() {
                let counted = if total > 0 { format!(" {done} of {total} files") } else { String::new() };
                bar.set_message(format!("{}{counted}", phase.title()));
            }
            bar.tick();
            if stopped.recv_timeout(BETWEEN) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        bar.finish_and_clear();
    });
    Shown { stop: Some(stop), thread: Some(thread) }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.stop.take());
        // It clears its line before anything else is printed.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
