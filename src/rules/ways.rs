//! The words for the way on which something is lost, which several rules share.

use super::Context;
use crate::language::Language;
use crate::violation::{Disagreement, Exit, Thrower};

impl Context<'_> {
    /// On which paths something is missing, after "is not released": by the condition that opens them, where one does.
    pub(super) fn on_way(&self, exit: Exit) -> String {
        let Some(condition) = self.condition() else {
            let paths = match exit {
                Exit::Return => "on every path that returns",
                Exit::End => "on every path to the end",
                Exit::NextRound => "in every round of the loop",
            };
            return paths.to_owned();
        };
        match exit {
            Exit::Return | Exit::End => format!("when {condition}"),
            Exit::NextRound => format!("in a round of the loop in which {condition}"),
        }
    }

    /// Which exception loses something, after "is not released".
    pub(super) fn on_throw(&self, thrower: &Thrower) -> String {
        match (thrower, self.condition()) {
            (Thrower::Throw, Some(condition)) => format!("when {condition} and a `throw` leaves the function"),
            (Thrower::Throw, None) => "when a `throw` leaves the function".to_owned(),
            (Thrower::Callee(name), _) => format!("when `{name}` throws"),
            (Thrower::Await, _) => "when an `await` throws".to_owned(),
        }
    }

    /// A native type as the code names it that a violation is in: `Int32` of Dart is `int32` in a table of TypeScript.
    pub(super) fn spelled(&self, ty: &str) -> String {
        match self.language {
            Language::TypeScript if ty.starts_with("Pointer") => "pointer".to_owned(),
            // An integer whose width no table tells.
            Language::TypeScript if ty == "AbiSpecificInteger" => "int".to_owned(),
            Language::TypeScript => ty.to_lowercase(),
            _ => ty.to_owned(),
        }
    }

    /// The same of what does not fit.
    pub(super) fn spelled_in(&self, differing: &Disagreement) -> Disagreement {
        let mut told = differing.clone();
        if let Disagreement::Value { bound, .. } = &mut told {
            *bound = self.spelled(bound).into();
        }
        told
    }

    /// The condition that opens the way: "`ok` is false".
    fn condition(&self) -> Option<String> {
        self.opened.map(|(condition, holds)| format!("`{}` is {holds}", self.quote(condition)))
    }
}
