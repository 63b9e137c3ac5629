//! Violations → findings in words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::link::Glue;
use super::{Options, Workspace};
use crate::diagnostic::Diagnostic;
use crate::fix::{Pages, Remedy};
use crate::flow::{self, OfferedRelease};
use crate::language::Language;
use crate::link::Program;
use crate::models::ModelSet;
use crate::rules::{self, Part};
use crate::source::{FileId, Location};
use crate::target::TargetSet;
use crate::violation::Violation;

/// What is known when violations are put into words.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) program: &'a Program,
    pub(super) models: &'a ModelSet,
    pub(super) offered: &'a [OfferedRelease],
    pub(super) glue: &'a Glue,
    /// The files that a generator wrote.
    pub(super) generated: &'a FxHashSet<FileId>,
}

/// Violations that have their words, by their places.
#[derive(Default)]
pub(super) struct Worded {
    known: FxHashMap<Location, Vec<(Violation, TargetSet, Diagnostic)>>,
}

impl Worded {
    fn take(&mut self, violation: &Violation, targets: TargetSet) -> Option<Diagnostic> {
        let there = self.known.get_mut(&violation.at)?;
        let at = there.iter().position(|(known, of, _)| known == violation && *of == targets)?;
        Some(there.swap_remove(at).2)
    }

    /// Every place that is told, and the findings of which some place is to be forgotten.
    pub(super) fn places(&mut self, tell: &mut dyn FnMut(&mut Location), stays: impl Fn(&Location) -> bool) {
        let known = std::mem::take(&mut self.known);
        for (mut violation, targets, mut diagnostic) in known.into_values().flatten() {
            violation.places(tell);
            diagnostic.places(tell);
            if stays(&violation.at) && violation.trace.iter().all(|step| stays(&step.location)) {
                self.known.entry(violation.at).or_default().push((violation, targets, diagnostic));
            }
        }
    }
}

impl Workspace {
    /// The findings that are worth telling, and all words for the next time; those that are known are not made again.
    pub(super) fn words<'v>(
        &self,
        told: &Told<'_>,
        violations: impl Iterator<Item = &'v Violation>,
        mut known: Worded,
        options: &Options,
    ) -> (Vec<Diagnostic>, Worded) {
        let Told { program, models, offered, glue, generated } = *told;
        let context = rules::Context {
            program,
            families: models.families(),
            sources: &self.sources,
            keys: &self.keys,
            targets: options.targets,
            language: Language::Dart,
            releases: offered,
            offered: None,
            opened: None,
        };
        let violations: Vec<(Cow<'_, Violation>, TargetSet)> =
            violations.filter_map(|violation| self.where_built(violation, options)).collect();
        let remedies =
            rules::remedies(&violations.iter().map(|(violation, _)| &**violation).collect::<Vec<_>>(), &context);
        let pages = options.fixes.then(|| Pages::new(&self.sources));
        let word = |violation: &Violation, targets: TargetSet, remedy: Option<&Remedy>| {
            let context = &rules::Context { targets, ..context };
            flow::guarded(|| {
                let fix = pages.as_ref().zip(remedy).and_then(|(pages, remedy)| pages.fix(remedy, violation.at));
                Diagnostic { fix, ..rules::word(violation, context) }
            })
        };
        let mut words: Vec<Option<Result<Diagnostic, String>>> =
            violations.iter().map(|(violation, targets)| known.take(violation, *targets).map(Ok)).collect();
        let open: Vec<usize> = (0..words.len()).filter(|at| words[*at].is_none()).collect();
        let of = |at: &usize| (*at, word(&violations[*at].0, violations[*at].1, remedies[*at].as_ref()));
        let new: Vec<_> = open.par_iter().map(of).collect();
        new.into_iter().for_each(|(at, worded)| words[at] = Some(worded));
        let mut found = Vec::new();
        let mut failed: BTreeMap<FileId, String> = BTreeMap::new();
        let mut kept = Worded::default();
        for (((violation, targets), remedy), worded) in
            violations.into_iter().zip(remedies).zip(words.into_iter().flatten())
        {
            match worded {
                Ok(diagnostic) => {
                    let remedy = remedy.filter(|_| !options.fixes).map(Into::into);
                    if !options.fixes {
                        let known = (violation.into_owned(), targets, diagnostic.clone());
                        kept.known.entry(known.0.at).or_default().push(known);
                    }
                    // A generator writes what it was told: a type that does not fit is worth knowing there too.
                    let is_of_generator = generated.contains(&diagnostic.primary.location.file)
                        && diagnostic.rule != rules::SIGNATURE_MISMATCH;
                    if !is_of_generator && glue.concerns(&diagnostic) {
                        found.push(Diagnostic { remedy, ..diagnostic });
                    }
                }
                Err(reason) => drop(failed.entry(violation.at.file).or_insert(reason)),
            }
        }
        let failures = failed.iter();
        found.extend(failures.map(|(file, reason)| rules::internal_error(*file, self.key(*file), Part::Some, reason)));
        (found, kept)
    }
}
