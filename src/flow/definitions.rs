//! The definitions behind a native symbol, by the targets that have them.

use super::calls::Calling;
use super::engine::Engine;
use super::path::Path;
use crate::ir::Name;
use crate::link::{FuncRef, Functions};
use crate::models::ModelId;
use crate::summary::Basis;
use crate::target::TargetSet;

impl Engine<'_> {
    /// The definitions of a native symbol that a path can reach, by the targets that have them.
    ///
    /// None where all are somebody else's and a model says what his documentation promises: his bodies are followed a
    /// few steps only.
    pub(super) fn defined(
        &self,
        calling: &Calling,
        path: &Path,
        symbol: &Name,
        model: Option<ModelId>,
    ) -> Vec<(TargetSet, Functions)> {
        let unit = self.frames[calling.site.frame as usize].function.unit;
        let groups = self.program.definitions_by_target(symbol, unit);
        let is_documented = |model| self.models.function(model).summary.basis >= Basis::MetadataExplicit;
        if model.is_some_and(is_documented)
            && !self.program.file(unit).is_vendored
            && groups.iter().flat_map(|(_, all)| all).all(|one| self.program.file(one.unit).is_vendored)
        {
            return Vec::new();
        }
        let groups = groups.into_iter();
        let reached = groups.map(|(targets, candidates)| (targets.and(path.targets), candidates));
        let reached = reached.filter(|(targets, _)| !targets.is_empty()).map(|(targets, candidates)| {
            (targets, Functions { candidates, complete: true, implicit_this: false, model: None })
        });
        let mut groups: Vec<(TargetSet, Functions)> = reached.collect();
        let covered = groups.iter().fold(TargetSet::NONE, |all, (targets, _)| all.or(*targets));
        let missing: Vec<TargetSet> = path.targets.minus(covered).each().collect();
        if let [(targets, functions), rest @ ..] = &mut groups[..]
            && let Some(known) = self.summary_of(functions)
            && rest.iter().all(|(_, other)| self.summary_of(other).is_some_and(|it| it.outcomes == known.outcomes))
        {
            let built = missing.into_iter().filter(|target| self.is_built_elsewhere(functions, rest, *target));
            *targets = built.fold(*targets, TargetSet::or);
        }
        groups
    }

    /// Whether functions that lie in the folders of several platforms are built for one more, whose folder has native
    /// code too: the same source is compiled there from somewhere else. Plain C and C++ only, for what is written for
    /// Apple's frameworks is not.
    fn is_built_elsewhere(&self, functions: &Functions, rest: &[(TargetSet, Functions)], target: TargetSet) -> bool {
        let all = || rest.iter().flat_map(|(_, other)| &other.candidates).chain(&functions.candidates);
        let mut folders: Vec<TargetSet> = all().map(|function| self.program.file(function.unit).targets).collect();
        folders.sort_unstable();
        folders.dedup();
        let portable = |function: &FuncRef| {
            let path = &self.program.file(function.unit).path;
            [".c", ".cc", ".cpp", ".cxx", ".rs"].iter().any(|suffix| path.ends_with(suffix))
                && self.program.function(*function).targets.contains(target)
        };
        let Some(package) =
            functions.candidates.first().and_then(|first| self.program.file(first.unit).package.as_ref())
        else {
            return false;
        };
        folders.len() > 1
            && all().all(portable)
            && self.program.units.iter().enumerate().any(|(unit, from)| {
                let file = self.program.file(unit as u32);
                from.language.is_native()
                    && file.targets == target
                    && file.package.as_ref().is_some_and(|other| other.root == package.root)
            })
    }
}
