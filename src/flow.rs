//! One function to its fixpoint → its summary and its violations.

use crate::link::{FuncRef, Program};
use crate::models::ModelSet;
use crate::target::TargetSet;
use crate::violation::Violation;

/// What the flow stage needs to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The targets that are looked at.
    pub targets: TargetSet,
    /// How many operations may be executed abstractly in one function.
    pub step_budget: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { targets: TargetSet::ALL, step_budget: 50_000 }
    }
}

/// What the flow stage found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The violations, in the order of files, functions and places; each once.
    pub violations: Vec<Violation>,
    /// Functions that reached their step budget: what lies behind it was not looked at.
    pub incomplete: Vec<FuncRef>,
    /// How many functions were analysed.
    pub functions: usize,
}

/// Analyses the whole program: summaries bottom-up, then violations.
#[must_use]
pub fn analyse(_program: &Program, _models: &ModelSet, _options: &Options) -> Analysis {
    Analysis::default()
}
