//! `stale_baseline_entry`: an entry of the baseline that fits no finding any more.

use super::{Rule, Words};
use crate::diagnostic::Level;

pub(super) const NAME: &str = "stale_baseline_entry";

pub(super) static RULE: Rule = Rule {
    name: NAME,
    level: Level::Warning,
    on: true,
    cwe: None,
    fix: None,
    summary: "an entry of the baseline that fits no finding any more",
    page: include_str!("../../rules/stale_baseline_entry.md"),
};

pub(super) fn word() -> Words {
    Words {
        message: "this entry of the baseline fits no finding".into(),
        label: "what it spoke of is mended or gone".into(),
        help: "remove it with `ffilint baseline prune`".into(),
    }
}
