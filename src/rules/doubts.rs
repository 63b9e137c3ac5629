//! The words for what keeps a finding from high confidence.

use super::Context;
use crate::violation::{Missing, StepKind, Thrower, Unseen, Violation, ViolationKind};

/// What was not seen of what a violation rests on, to be said after "for"; nothing where no single thing is to blame.
pub(super) fn word(violation: &Violation, context: &Context<'_>) -> Option<String> {
    let assumed = violation.trace.iter().find_map(|step| match &step.kind {
        StepKind::Lent { to, assumed: Some(Unseen::Itself) } => Some(format!("nothing is known of `{to}`")),
        StepKind::Lent { to, assumed: Some(Unseen::Callee) } => {
            Some(format!("nothing is known of what `{to}` lends it to"))
        }
        _ => None,
    });
    assumed.or_else(|| match &violation.kind {
        ViolationKind::LeakedOnThrow { thrower, .. }
        | ViolationKind::UnreleasedArena { missing: Missing::OnThrow(thrower), .. }
        | ViolationKind::UnclosedHandle { missing: Missing::OnThrow(thrower), .. } => uncertain(thrower, context),
        ViolationKind::Replaced { setter, .. } | ViolationKind::ReplacedObject { setter, .. } => {
            Some(format!("it depends on how often `{setter}` is called"))
        }
        _ => None,
    })
}

fn uncertain(thrower: &Thrower, context: &Context<'_>) -> Option<String> {
    match thrower {
        Thrower::Callee(name) => Some(format!("it is not certain that `{name}` ever throws")),
        Thrower::Await => Some(format!("it is not certain that the {} ever fails", context.future())),
        Thrower::Throw => None,
    }
}
