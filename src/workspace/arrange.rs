//! Findings → what is shown of them: levels, what is silenced, order, and fingerprints that are unique.

use std::collections::HashMap;

use super::{Options, Scope, Workspace};
use crate::config::Setting;
use crate::diagnostic::{Diagnostic, Level};
use crate::discover::EVERY_RULE;
use crate::rules;
use crate::source::{FileId, Location, SourceFile, Span};
use crate::suppress::baseline::{Baseline, Entry};
use crate::suppress::{By, Comments, Suppressed};

impl Workspace {
    /// What is shown, and what somebody said is not to be shown.
    pub(super) fn arrange(
        &self,
        mut found: Vec<Diagnostic>,
        mut comments: Comments,
        options: &Options,
    ) -> (Vec<Diagnostic>, Vec<Suppressed>) {
        found.sort_by(|a, b| self.sort_key(a).cmp(&self.sort_key(b)));
        // What is silenced does not hang on what is shown: else a flag would make comments look useless.
        let mut silenced: Vec<(Diagnostic, Option<By>)> = found
            .into_iter()
            .map(|diagnostic| {
                let by = comments.silence(&diagnostic, &self.sources);
                (diagnostic, by)
            })
            .collect();
        silenced.extend(comments.faults(&self.keys, options.whole).into_iter().map(|fault| (fault, None)));
        let stale = self.silence_known(&mut silenced);
        if options.whole {
            silenced.extend(stale.into_iter().map(|fault| (fault, None)));
        }
        silenced.retain_mut(|(diagnostic, _)| is_wanted(diagnostic, options));
        silenced.sort_by(|a, b| self.sort_key(&a.0).cmp(&self.sort_key(&b.0)));
        number(silenced.iter_mut().map(|(diagnostic, _)| diagnostic));
        // After the numbers: what is shown must not change what a finding is called.
        silenced.retain(|(diagnostic, _)| self.is_shown(diagnostic, options));
        let (mut shown, mut suppressed) = (Vec::new(), Vec::new());
        for (diagnostic, by) in silenced {
            match by {
                None => shown.push(diagnostic),
                Some(by) => suppressed.push(Suppressed { diagnostic, by }),
            }
        }
        (shown, suppressed)
    }

    /// The baseline in which all findings of a report are that is of this project alone.
    #[must_use]
    pub fn baseline_of<'a>(&self, diagnostics: impl Iterator<Item = &'a Diagnostic>) -> Baseline {
        let entries = diagnostics.filter(|diagnostic| diagnostic.rule != rules::STALE_BASELINE_ENTRY);
        Baseline::new(entries.map(|diagnostic| Entry::of(diagnostic, self.path_of(diagnostic))).collect())
    }

    /// Silences what is in the baseline, and says which entries fit nothing.
    fn silence_known(&self, silenced: &mut [(Diagnostic, Option<By>)]) -> Vec<Diagnostic> {
        let Some((baseline, source)) = &self.baseline else { return Vec::new() };
        let open: Vec<usize> =
            silenced.iter().enumerate().filter(|(_, (_, by))| by.is_none()).map(|(index, _)| index).collect();
        let found: Vec<(&Diagnostic, &str)> =
            open.iter().map(|index| &silenced[*index].0).map(|found| (found, self.path_of(found))).collect();
        let (known, stale) = baseline.matched(&found);
        for (index, _) in open.into_iter().zip(known).filter(|(_, known)| *known) {
            silenced[index].1 = Some(By::Baseline);
        }
        let stale = stale.into_iter().filter_map(|index| {
            let line = baseline.entry(index)?.line().saturating_sub(1);
            let start = source.lines().start(line);
            let text = source.text.get(start as usize..)?.lines().next()?;
            let span = Span::new(start, start + u32::try_from(text.len()).unwrap_or(0));
            Some(rules::stale_baseline_entry(Location { file: source.id, span }, text))
        });
        stale.collect()
    }

    /// The path of a finding's file from the project's folder.
    fn path_of(&self, diagnostic: &Diagnostic) -> &str {
        let file = diagnostic.primary.location.file;
        let key = self.keys.get(file.index());
        key.or_else(|| self.file(file).map(|source| &source.path)).map_or("", |path| path)
    }

    /// All files that a report may speak of, by their ids.
    pub(super) fn files(&self) -> impl Iterator<Item = &SourceFile> {
        let baseline = self.baseline.as_ref().map(|(_, source)| source);
        self.sources.iter().chain(&self.own.sources).chain(baseline)
    }

    /// A file of the project: a source, models, or the baseline.
    fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.sources.get(id.index()).or_else(|| self.files().nth(id.index()))
    }

    fn sort_key<'a>(&'a self, diagnostic: &'a Diagnostic) -> (&'a str, u32, u32, &'a str, &'a str, &'a str) {
        let Location { file, span } = diagnostic.primary.location;
        let path = self.file(file).map_or("", |source| &*source.path);
        (path, span.start, span.end, diagnostic.rule, &diagnostic.message, &diagnostic.fingerprint)
    }

    /// A finding is shown if it touches a named file, unless the place to act at is excluded or others'.
    fn is_shown(&self, diagnostic: &Diagnostic, options: &Options) -> bool {
        let facts = |location: Location| self.facts.get(location.file.index());
        let primary = diagnostic.primary.location;
        // What is wrong with the models of the project concerns all of it.
        if primary.file.index() >= self.sources.len() {
            return true;
        }
        let is_named = |location: Location| facts(location).is_some_and(|facts| facts.named);
        let named = match options.scope {
            Scope::Project => true,
            Scope::Primary => is_named(primary),
            Scope::Touching => is_named(primary) || diagnostic.trace.iter().any(|step| is_named(step.location)),
        };
        let is_hidden = |facts: &super::Facts| {
            let ignores = |rule: &String| rule == diagnostic.rule || rule == EVERY_RULE;
            facts.excluded || facts.ignored.iter().any(ignores)
        };
        named && !facts(primary).is_some_and(is_hidden) && !self.is_others(primary.file, options)
    }

    /// Whether a file is vendored, and nobody asked for those.
    pub(super) fn is_others(&self, file: FileId, options: &Options) -> bool {
        !options.check_vendored && self.facts.get(file.index()).is_some_and(|facts| facts.vendored)
    }
}

/// Gives a finding its level; whether it is sure enough to be shown, and its rule speaks.
fn is_wanted(diagnostic: &mut Diagnostic, options: &Options) -> bool {
    match options.rules.get(diagnostic.rule) {
        None if rules::find(diagnostic.rule).is_some_and(|rule| !rule.on) => return false,
        None => {}
        Some(Setting::Off) => return false,
        Some(Setting::Note) => diagnostic.level = Level::Note,
        Some(Setting::Warning) => diagnostic.level = Level::Warning,
        Some(Setting::Error) => diagnostic.level = Level::Error,
    }
    diagnostic.confidence >= options.min_confidence
}

/// Tells findings with one fingerprint apart.
fn number<'a>(diagnostics: impl Iterator<Item = &'a mut Diagnostic>) {
    let mut ordinals: HashMap<String, usize> = HashMap::new();
    for diagnostic in diagnostics {
        let ordinal = ordinals.entry(diagnostic.fingerprint.clone()).or_default();
        let number = *ordinal;
        *ordinal += 1;
        if number > 0 {
            diagnostic.fingerprint = rules::numbered(&diagnostic.fingerprint, number);
        }
    }
}
