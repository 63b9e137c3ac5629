//! What the declared type of a pointer says where nothing else is known of it.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::{Releasing, confidence};
use super::path::Path;
use super::value::Value;
use crate::state::Ownership;
use crate::summary::AccessPath;
use crate::violation::{Confidence, Violation, ViolationKind};

impl Engine<'_> {
    /// A pointer of which only the type is known, released by the release of another family than its type's: what is
    /// opaque to Dart, Dart cannot have allocated.
    pub(super) fn check_type(
        &mut self,
        path: &Path,
        calling: &Calling,
        on: &AccessPath,
        value: &Value,
        releasing: &Releasing,
    ) {
        let is_known = value.object().is_some_and(|id| path.ownership(id) != Ownership::Unknown);
        let Some(released_as) = releasing.family.filter(|_| !is_known && !path.doubtful && on.steps.is_empty()) else {
            return;
        };
        let Some(ty) = calling.root(on).and_then(|argument| argument.ty.as_ref()) else { return };
        let Some(class) = self.program.opaque_pointee(ty, self.models) else { return };
        let Some(known) = self.program.release_of_type(class) else { return };
        let everywhere = path.targets.and(releasing.targets);
        let targets = everywhere.minus(self.models.same_on(known.family, released_as, self.versions));
        if targets.is_empty() || releasing.inside.is_some() {
            return;
        }
        self.report(Violation {
            kind: ViolationKind::MismatchedType {
                ty: self.program.class(class).name.clone(),
                right: known.by.clone(),
                release: releasing.by.clone(),
                released_as,
            },
            function: self.root,
            at: releasing.at,
            trace: releasing.steps(released_as).collect(),
            targets,
            confidence: Confidence::Medium.min(confidence(releasing.basis)),
        });
    }
}
