//! How far a check is, and how long its parts took.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A part of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Files are found and read.
    Reading,
    /// Files are parsed and lowered.
    Parsing,
    /// Bindings are joined with definitions.
    Linking,
    /// Memory is followed.
    Analysing,
    /// Findings are put into words.
    Wording,
}

impl Phase {
    /// A word for people: `parsing`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Parsing => "parsing",
            Self::Linking => "linking",
            Self::Analysing => "analysing",
            Self::Wording => "wording",
        }
    }
}

/// How far a check is. Whoever waits reads it from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    phases: Mutex<Vec<(Phase, Instant)>>,
    done: AtomicUsize,
    total: AtomicUsize,
    stopped: AtomicBool,
}

impl Progress {
    /// A part begins, which consists of so many things, if they are counted.
    pub fn begin(&self, phase: Phase, total: usize) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        if let Ok(mut phases) = self.phases.lock() {
            phases.push((phase, Instant::now()));
        }
    }

    /// Nobody waits for it any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Nothing once it was stopped.
    pub(super) fn goes_on(&self) -> Option<()> {
        (!self.stopped.load(Ordering::Relaxed)).then_some(())
    }

    /// One of them is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The part that runs, how many things are done, and of how many; 0 where they are not counted.
    #[must_use]
    pub fn now(&self) -> Option<(Phase, usize, usize)> {
        let phase = self.phases.lock().ok()?.last()?.0;
        Some((phase, self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed)))
    }

    /// How long each part took, the last one until now.
    #[must_use]
    pub fn timings(&self) -> Vec<(Phase, Duration)> {
        let Ok(phases) = self.phases.lock() else { return Vec::new() };
        let ends = phases.iter().skip(1).map(|(_, at)| *at).chain([Instant::now()]);
        let mut timings: Vec<(Phase, Duration)> = Vec::new();
        for ((phase, began), end) in phases.iter().zip(ends) {
            let took = end.saturating_duration_since(*began);
            match timings.iter_mut().find(|(known, _)| known == phase) {
                Some((_, sum)) => *sum += took,
                None => timings.push((*phase, took)),
            }
        }
        timings
    }
}
