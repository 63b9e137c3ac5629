//! The platforms that the code around a violation is built for.

use std::borrow::Cow;

use super::{Options, Workspace};
use crate::source::FileId;
use crate::target::TargetSet;
use crate::violation::Violation;

impl Workspace {
    /// A violation on the platforms that its package is built for, and these; nothing where it holds on none of them.
    pub(super) fn where_built<'v>(
        &self,
        violation: &'v Violation,
        options: &Options,
    ) -> Option<(Cow<'v, Violation>, TargetSet)> {
        let looked_at = options.targets.and(self.built_for(violation.at.file, options));
        // What holds wherever it is built holds without exception.
        if violation.targets.contains(looked_at) || violation.targets.is_empty() {
            return (!looked_at.is_empty()).then_some((Cow::Borrowed(violation), looked_at));
        }
        let targets = violation.targets.and(looked_at);
        (!targets.is_empty()).then(|| (Cow::Owned(Violation { targets, ..violation.clone() }), looked_at))
    }

    fn built_for(&self, file: FileId, options: &Options) -> TargetSet {
        let facts = self.facts.get(file.index()).filter(|_| options.as_built);
        facts.map_or(TargetSet::ALL, |facts| facts.built_for)
    }
}
