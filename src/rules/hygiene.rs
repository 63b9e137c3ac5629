//! Findings about what the project says to ffilint, and about ffilint itself: no memory is in them.

use super::{Rule, Words, hash};
use crate::diagnostic::{Diagnostic, Label};
use crate::source::{FileId, Location, Span};
use crate::target::TargetSet;
use crate::violation::Confidence;

/// How much of a file was lost to a fault of ffilint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    File,
    /// A function, or a finding.
    Some,
}

/// The finding that the analysis of a file failed, for a reason that is a fault of ffilint.
#[must_use]
pub fn internal_error(file: FileId, key: &str, part: Part, reason: &str) -> Diagnostic {
    let location = Location { file, span: Span::default() };
    of(&super::internal_error::RULE, super::internal_error::word(part, reason), location, key, "")
}

/// The finding that something the project says of ownership is wrong.
#[must_use]
pub fn invalid_model(location: Location, key: &str, reason: &str) -> Diagnostic {
    let words = super::invalid_model::word(reason);
    let message = words.message.clone();
    of(&super::invalid_model::RULE, words, location, key, &message)
}

/// The finding that a comment is to silence what is no rule.
#[must_use]
pub fn unknown_rule(location: Location, key: &str, reason: &str) -> Diagnostic {
    of(&super::unknown_rule::RULE, super::unknown_rule::word(reason), location, key, reason)
}

/// The finding that a comment silences nothing.
#[must_use]
pub fn unused_suppression(location: Location, key: &str, rule: &str) -> Diagnostic {
    of(&super::unused_suppression::RULE, super::unused_suppression::word(rule), location, key, rule)
}

/// The finding that a comment does not say why.
#[must_use]
pub fn suppression_without_reason(location: Location, key: &str, rule: &str) -> Diagnostic {
    let words = super::suppression_without_reason::word(rule);
    of(&super::suppression_without_reason::RULE, words, location, key, rule)
}

/// The finding that an entry of the baseline fits nothing any more.
#[must_use]
pub fn stale_baseline_entry(location: Location, entry: &str) -> Diagnostic {
    of(&super::stale_baseline_entry::RULE, super::stale_baseline_entry::word(), location, "", entry)
}

/// A finding in the file of a path, told apart from others of its rule there by what it is about.
fn of(rule: &'static Rule, words: Words, location: Location, path: &str, about: &str) -> Diagnostic {
    Diagnostic {
        rule: rule.name,
        level: rule.level,
        confidence: Confidence::High,
        doubt: None,
        fingerprint: hash(&[rule.name, path, about]),
        content: hash(&[rule.name, about]),
        message: words.message,
        function: String::new(),
        targets: TargetSet::ALL,
        cwe: rule.cwe,
        primary: Label { location, message: words.label },
        trace: Vec::new(),
        help: Some(words.help),
        fix: None,
        remedy: None,
    }
}
