//! A finding in words, ready for any output.

use std::sync::Arc;

use crate::fix::Remedy;
use crate::source::Location;
use crate::target::TargetSet;
use crate::violation::Confidence;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The rule's name: `leaked_allocation`.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// How sure it is.
    pub confidence: Confidence,
    /// What keeps it from being surer, to be said after "for"; nothing where no single thing does.
    pub doubt: Option<String>,
    /// What is wrong; lowercase first letter, no final period.
    pub message: String,
    /// The function it is in, as people know it: `Class.member`; empty for a finding about a file.
    pub function: String,
    /// The targets on which it holds.
    pub targets: TargetSet,
    /// The number in the Common Weakness Enumeration; none for hygiene.
    pub cwe: Option<u16>,
    /// Stable over edits elsewhere: no line numbers go into it. Hexadecimal.
    pub fingerprint: String,
    /// The same for findings that differ in nothing but their file: no path goes into it. Hexadecimal.
    pub content: String,
    /// Where the person must act, with what to say there.
    pub primary: Label,
    /// The numbered steps, in order of time.
    pub trace: Vec<TraceStep>,
    /// One imperative sentence.
    pub help: Option<String>,
    /// A change that mends it.
    pub fix: Option<Fix>,
    /// What would mend it, where its edits are made when somebody asks for them.
    pub remedy: Option<Arc<Remedy>>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Style.
    Note,
    /// A leak or a fragile construct.
    Warning,
    /// Memory corruption or a crash.
    Error,
}

impl Diagnostic {
    /// Every place that it tells.
    pub fn places(&mut self, tell: &mut dyn FnMut(&mut Location)) {
        tell(&mut self.primary.location);
        self.trace.iter_mut().for_each(|step| tell(&mut step.location));
        self.fix.iter_mut().flat_map(|fix| &mut fix.edits).for_each(|edit| tell(&mut edit.location));
    }
}

/// A place and what to say there.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The place.
    pub location: Location,
    /// The words; may be empty.
    pub message: String,
}

/// A numbered step of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceStep {
    /// What kind of step, for machines.
    pub kind: TraceKind,
    /// The place.
    pub location: Location,
    /// The words.
    pub message: String,
}

/// The closed set of step kinds in machine-readable output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceKind {
    /// Allocated or received as owned.
    Allocate,
    /// Ownership passed on.
    Transfer,
    /// Lent or received as borrowed.
    Borrow,
    /// Used.
    Use,
    /// Released.
    Release,
    /// The only owner was overwritten.
    Overwrite,
    /// Went out of sight.
    Escape,
    /// A branch that opens the path.
    Branch,
    /// Something throws.
    Throw,
    /// The path leaves the function.
    Exit,
}

/// A change that mends a finding; its edits are applied all or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, imperative.
    pub title: String,
    /// Who may apply it.
    pub applicability: Applicability,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// Who may apply a [`Fix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Behaviour is kept: `--fix`.
    Safe,
    /// A person must look: `--unsafe-fixes`.
    Unsafe,
    /// To show only.
    Display,
}

/// A replacement of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub location: Location,
    /// By what.
    pub text: String,
}
