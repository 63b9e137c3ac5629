//! Every rule, and the match from violations to words.
//!
//! A rule's name, page and fixtures belong together: `rules/<name>.md`, `src/rules/<name>.rs`, `fixtures/rules/<name>/`.
//! A rule looks at no syntax: all it gets is the [`Violation`], and the source to quote from.

use std::sync::Arc;

use crate::diagnostic::{Applicability, Diagnostic, Label, Level, TraceStep};
use crate::flow::OfferedRelease;
use crate::language::Language;
use crate::link::{FuncRef, Program};
use crate::models::Family;
use crate::models::schema::FamilyKind;
use crate::source::tokens::tokens;
use crate::source::{Location, SourceFile};
use crate::summary::FamilyId;
use crate::target::TargetSet;
use crate::violation::{Confidence, StepKind, Subject, Violation, ViolationKind};

mod arena_escape;
mod count_vs_bytes;
mod dangling_return;
mod double_free;
mod doubts;
pub mod fates;
mod free_of_borrowed;
mod free_of_interior_pointer;
mod hygiene;
mod inconsistent_ownership;
mod internal_error;
mod invalid_model;
mod leak_on_some_path;
mod leak_on_throw;
mod leaked_allocation;
mod leaked_field;
mod leaked_struct_field;
mod leaked_temporary;
mod mismatched_deallocator;
mod missing_release_export;
mod mixed_allocator_names;
mod out_of_bounds_access;
mod overwritten_owner;
mod premature_finalization;
mod release_arity;
mod remedies;
mod retained_after_free;
mod signature_mismatch;
mod stale_baseline_entry;
mod steps;
mod string_buffer_size;
mod suppression_without_reason;
mod unclosed_callable;
mod unclosed_handle;
mod unknown_rule;
mod unreleased_arena;
mod unused_suppression;
mod use_after_free;
mod ways;

pub use hygiene::{
    Part, internal_error, invalid_model, stale_baseline_entry, suppression_without_reason, unknown_rule,
    unused_suppression,
};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, stable once released.
    pub name: &'static str,
    /// How bad its findings are unless the project says otherwise.
    pub level: Level,
    /// Whether it speaks without being asked; else a project turns it on by giving it a level.
    pub on: bool,
    /// The weakness it finds, by its number in the Common Weakness Enumeration.
    pub cwe: Option<u16>,
    /// The fix that its findings have where the code around them allows one: the most careful kind there is of it.
    pub fix: Option<Applicability>,
    /// One line for lists; lowercase first letter, no final period.
    pub summary: &'static str,
    /// Its page: `rules/<name>.md`.
    pub page: &'static str,
}

/// Every rule, by topic.
pub static ALL: &[&Rule] = &[
    &mismatched_deallocator::RULE,
    &mixed_allocator_names::RULE,
    &leaked_allocation::RULE,
    &leaked_temporary::RULE,
    &leak_on_some_path::RULE,
    &leak_on_throw::RULE,
    &overwritten_owner::RULE,
    &leaked_struct_field::RULE,
    &leaked_field::RULE,
    &unreleased_arena::RULE,
    &unclosed_callable::RULE,
    &unclosed_handle::RULE,
    &missing_release_export::RULE,
    &double_free::RULE,
    &free_of_borrowed::RULE,
    &free_of_interior_pointer::RULE,
    &use_after_free::RULE,
    &dangling_return::RULE,
    &retained_after_free::RULE,
    &premature_finalization::RULE,
    &release_arity::RULE,
    &inconsistent_ownership::RULE,
    &count_vs_bytes::RULE,
    &string_buffer_size::RULE,
    &out_of_bounds_access::RULE,
    &signature_mismatch::RULE,
    &arena_escape::RULE,
    &unknown_rule::RULE,
    &unused_suppression::RULE,
    &suppression_without_reason::RULE,
    &stale_baseline_entry::RULE,
    &invalid_model::RULE,
    &internal_error::RULE,
];

/// The name of the one rule that speaks of generated bindings.
pub const SIGNATURE_MISMATCH: &str = signature_mismatch::NAME;

/// The name of the rule that speaks of a file no rule but this reads.
pub const STALE_BASELINE_ENTRY: &str = stale_baseline_entry::NAME;

/// The name of the rule that speaks of comments that silence nothing.
pub const UNUSED_SUPPRESSION: &str = unused_suppression::NAME;

/// The rule of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.name == name)
}

/// Whether a rule speaks of the code, not of what was said of it.
#[must_use]
pub fn is_of_the_code(name: &str) -> bool {
    find(name).is_some_and(|rule| rule.cwe.is_some())
}

/// The names of all rules.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|rule| rule.name).collect()
}

/// What wording needs beside the violation.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The program, for the names of functions.
    pub program: &'a Program,
    /// The allocator families.
    pub families: &'a [Family],
    /// The files, by their ids.
    pub sources: &'a [SourceFile],
    /// The files' paths from the project's folder, by their ids: what a fingerprint may depend on.
    pub keys: &'a [Arc<str>],
    /// The targets the run looks at.
    pub targets: TargetSet,
    /// The language of the code that a violation is in.
    pub language: Language,
    /// The exports of native code that release what they are given.
    pub releases: &'a [OfferedRelease],
    /// That of them which a violation's memory is meant for.
    pub offered: Option<&'a str>,
    /// The condition that opens the way of a violation, and whether it holds there.
    pub opened: Option<(Location, bool)>,
}

pub use remedies::remedies;

/// Puts a violation into words.
#[must_use]
pub fn word(violation: &Violation, context: &Context<'_>) -> Diagnostic {
    let unit = context.program.units.get(violation.function.unit as usize);
    let language = unit.map_or(context.language, |unit| unit.language);
    let offered = context.offered_for(violation, language);
    let opened = violation.trace.iter().rev().find_map(|step| match step.kind {
        StepKind::Branched { holds } => Some((step.location, holds)),
        _ => None,
    });
    let context = &Context { language, offered, opened, ..*context };
    let (rule, words) = match &violation.kind {
        ViolationKind::Mismatched { subject, release, released_as, is_cell: true, .. } => {
            (&mismatched_deallocator::RULE, mismatched_deallocator::word_cell(subject, release, *released_as, context))
        }
        ViolationKind::Mismatched { subject, release, through, released_as, .. } => (
            &mismatched_deallocator::RULE,
            mismatched_deallocator::word(subject, release, through.as_deref(), *released_as, context),
        ),
        ViolationKind::MismatchedType { ty, right, release, released_as } => (
            &mismatched_deallocator::RULE,
            mismatched_deallocator::word_type(ty, right, release, *released_as, context),
        ),
        ViolationKind::Leaked { subject } => (&leaked_allocation::RULE, leaked_allocation::word(subject, context)),
        ViolationKind::LeakedField { subject, field, container, release } => (
            &leaked_struct_field::RULE,
            leaked_struct_field::word(subject, field, container.as_deref(), release.as_deref(), context),
        ),
        ViolationKind::Unreleased { subject, field, class, dispose } if context.is_callback(subject.family) => {
            let words = unclosed_callable::word_field(subject, field, class, dispose.as_deref(), context);
            (&unclosed_callable::RULE, words)
        }
        ViolationKind::Unreleased { subject, field, class, dispose } => {
            (&leaked_field::RULE, leaked_field::word(subject, field, class, dispose.as_deref(), context))
        }
        ViolationKind::Overridden { subject, field, class, base, dispose } => {
            let words = leaked_field::word_overridden(subject, field, (class, base), dispose, context);
            (&leaked_field::RULE, words)
        }
        ViolationKind::Overwritten { subject, owner } => {
            (&overwritten_owner::RULE, overwritten_owner::word(subject, owner, context))
        }
        ViolationKind::LeakedTemporary { subject, passed_to } => {
            (&leaked_temporary::RULE, leaked_temporary::word(subject, passed_to, context))
        }
        ViolationKind::LeakedOnPath { subject, exit, released } => {
            (&leak_on_some_path::RULE, leak_on_some_path::word(subject, *exit, *released, context))
        }
        ViolationKind::LeakedOnThrow { subject, thrower, released } => {
            (&leak_on_throw::RULE, leak_on_throw::word(subject, thrower, *released, context))
        }
        ViolationKind::UnreleasedArena { subject, missing } => {
            (&unreleased_arena::RULE, unreleased_arena::word(subject, missing, context))
        }
        ViolationKind::UnclosedHandle { subject, missing } if context.is_callback(subject.family) => {
            (&unclosed_callable::RULE, unclosed_callable::word(subject, missing, context))
        }
        ViolationKind::UnclosedHandle { subject, missing } => {
            (&unclosed_handle::RULE, unclosed_handle::word(subject, missing, context))
        }
        ViolationKind::EscapedArena { subject, leaving } => {
            (&arena_escape::RULE, arena_escape::word(subject, leaving, context))
        }
        ViolationKind::ReleasedTwice { managed, subject, release } => {
            (&double_free::RULE, double_free::word(subject.as_ref(), release, *managed, context))
        }
        ViolationKind::RegisteredTwice { subject, registration } => {
            (&double_free::RULE, double_free::word_registered(subject.as_ref(), registration, context))
        }
        ViolationKind::UsedAfterRelease { subject, usage } => {
            (&use_after_free::RULE, use_after_free::word(subject.as_ref(), usage, context))
        }
        ViolationKind::ReleasedEarly { held, family, release, needed_by } => {
            (&use_after_free::RULE, use_after_free::word_early(held.as_deref(), *family, release, needed_by, context))
        }
        ViolationKind::UsedAfterEnd { origin, by, usage } => {
            (&use_after_free::RULE, use_after_free::word_ended(origin, by, usage))
        }
        ViolationKind::Unkept { class, between, pointer, call } => {
            (&premature_finalization::RULE, premature_finalization::word(class, between.as_deref(), pointer, call))
        }
        ViolationKind::AttachedToPointer { pointer, call } => {
            (&premature_finalization::RULE, premature_finalization::word_attached(pointer.as_deref(), call))
        }
        ViolationKind::ReleasedInside { origin, release, certain } => {
            (&free_of_interior_pointer::RULE, free_of_interior_pointer::word(origin, release, *certain))
        }
        ViolationKind::Miscounted { call, element, wrong } => {
            (&count_vs_bytes::RULE, count_vs_bytes::word(call, element, *wrong))
        }
        ViolationKind::Replaced { subject, owner, setter } => {
            (&overwritten_owner::RULE, overwritten_owner::word_replaced(subject, owner, setter, context))
        }
        ViolationKind::ReplacedObject { subject, class, owner, setter, dispose } => {
            let object = overwritten_owner::Object { class, owner, setter, dispose };
            (&overwritten_owner::RULE, overwritten_owner::word_object(subject, &object, context))
        }
        ViolationKind::OutOfBounds { call, beyond } => {
            (&out_of_bounds_access::RULE, out_of_bounds_access::word(call, *beyond))
        }
        ViolationKind::ShortText { call, element } => {
            (&string_buffer_size::RULE, string_buffer_size::word(call, element.as_deref()))
        }
        ViolationKind::MixedNames { subject, allocator, release } => {
            (&mixed_allocator_names::RULE, mixed_allocator_names::word(subject, allocator, release, context))
        }
        ViolationKind::Dangling { of, temporary, usage, handed } => {
            (&dangling_return::RULE, dangling_return::word(of, *temporary, usage, *handed, context))
        }
        ViolationKind::ReleasedRetained { subject, keeper, release, by_dart } => {
            let words = retained_after_free::word(subject.as_ref(), keeper, release, *by_dart, context);
            (&retained_after_free::RULE, words)
        }
        ViolationKind::Inconsistent { subject, function, other } => {
            (&inconsistent_ownership::RULE, inconsistent_ownership::word(subject, function, *other, context))
        }
        ViolationKind::Contradicted { function, saying, must_release, given } => (
            &inconsistent_ownership::RULE,
            inconsistent_ownership::word_contradicted(function, *saying, *must_release, *given),
        ),
        ViolationKind::NoReleaseExported { subject, function } => {
            (&missing_release_export::RULE, missing_release_export::word(subject, function, context))
        }
        ViolationKind::ReleasedWithoutLength { subject, release, by } => {
            (&release_arity::RULE, release_arity::word(subject, release, by, context))
        }
        ViolationKind::Misbound { symbol, language, disagreement } => {
            (&signature_mismatch::RULE, signature_mismatch::word(symbol, *language, disagreement, context))
        }
        ViolationKind::ReleasedBorrowed { origin, owner, release } => {
            (&free_of_borrowed::RULE, free_of_borrowed::word(origin, owner, release, context))
        }
    };
    let concluded = violation.trace.iter().find_map(|step| match step.kind {
        StepKind::Allocated { family, .. } | StepKind::Released { family, .. } => {
            context.family(family)?.concluded.as_deref()
        }
        _ => None,
    });
    let function = context.function_name(violation.function);
    let trace: Vec<_> = violation.trace.iter().map(|step| steps::word(step, context)).collect();
    let key = context.keys.get(violation.at.file.index()).map_or("", |key| key);
    let content = content(rule, &function, violation.at, &trace, context);
    Diagnostic {
        rule: rule.name,
        level: if is_without_effect(violation, context) { Level::Warning } else { rule.level },
        confidence: match concluded {
            Some(_) => violation.confidence.min(Confidence::Medium),
            None => violation.confidence,
        },
        doubt: doubts::word(violation, context),
        message: format!("{}{}", words.message, on_targets(violation.targets, context.targets)),
        // Where the file is known, the whole name tells more apart.
        fingerprint: hash(&[key, &function, &content]),
        content,
        function,
        targets: violation.targets,
        cwe: rule.cwe,
        primary: Label { location: violation.at, message: words.label },
        trace,
        help: Some(match concluded {
            Some(from) => format!("{} (that it must be released is concluded from {from})", words.help),
            None => words.help,
        }),
        fix: None,
        remedy: None,
    }
}

/// Tells findings of one fingerprint apart by their order in the file.
#[must_use]
pub fn numbered(fingerprint: &str, ordinal: usize) -> String {
    hash(&[fingerprint, &ordinal.to_string()])
}

/// What a rule says of one violation.
struct Words {
    /// What is wrong.
    message: String,
    /// What to say at the primary place.
    label: String,
    /// One imperative sentence.
    help: String,
}

impl<'a> Context<'a> {
    fn family(&self, id: FamilyId) -> Option<&'a Family> {
        self.families.get(usize::from(id.0))
    }

    /// The one release that the file in which memory is allocated offers to code in another language.
    fn offered_for(&self, violation: &Violation, language: Language) -> Option<&'a str> {
        let allocated = violation.trace.iter().find_map(|step| match step.kind {
            StepKind::Allocated { family, .. } => Some((step.location, family)),
            _ => None,
        });
        let (at, family) = allocated?;
        let unit = self.program.units.iter().find(|unit| unit.file == at.file)?;
        if !unit.language.is_native() || unit.language.without_objects() == language.without_objects() {
            return None;
        }
        let allocating = unit.functions.iter().find(|function| function.span.contains(at.span));
        let fits = |release: &&OfferedRelease| {
            release.file == at.file
                && release.family == family
                && release.targets.contains(violation.targets)
                && allocating.is_none_or(|function| release.fits_result_of(function))
        };
        let mut fitting = self.releases.iter().filter(fits).map(|release| &*release.symbol);
        let first = fitting.next()?;
        fitting.all(|other| other == first).then_some(first)
    }

    /// The call that releases a family, as people write it; of several the one that resembles the allocation.
    fn release_of(&self, family: FamilyId, origin: &str) -> Option<&'a str> {
        let calls = &self.family(family)?.release_with;
        let own = calls.iter().find(|call| call.split_once('.').is_some_and(|(object, _)| origin.starts_with(object)));
        own.or(calls.first()).map(String::as_str)
    }

    /// `memory from `calloc``, `handle from `CreateFile``.
    fn noun(&self, subject: &Subject) -> String {
        format!("{} from `{}`", self.kind_noun(subject.family), subject.origin)
    }

    /// The same, named by the call that allocated it.
    fn noun_made(&self, subject: &Subject) -> String {
        // What a rule of a library says in place of a call is no name of the program.
        let by = if self.made(subject.family).is_some() { &subject.origin } else { &subject.made_by };
        format!("{} from `{by}`", self.kind_noun(subject.family))
    }

    fn kind_noun(&self, family: FamilyId) -> &'static str {
        if self.is_callback(family) {
            return "callback";
        }
        match self.family(family).map(|family| family.kind) {
            // What is said of a scope is said of the memory in it.
            None | Some(FamilyKind::Memory | FamilyKind::Pair | FamilyKind::Scope) => "memory",
            Some(FamilyKind::Handle) => "handle",
            Some(FamilyKind::Refcount) => "reference",
            Some(FamilyKind::Contents) => "content",
        }
    }

    /// `released`, or what people say of such a resource.
    fn released(&self, family: FamilyId) -> &'static str {
        match self.family(family).map(|family| family.kind) {
            Some(FamilyKind::Handle) => "closed",
            _ => "released",
        }
    }

    /// `release it with `calloc.free``.
    fn release_advice(&self, subject: &Subject) -> String {
        let verb = if self.released(subject.family) == "closed" { "close" } else { "release" };
        if let Some(offered) = self.offered {
            return format!("{verb} it with `{offered}`");
        }
        if let Some(member) = &subject.release {
            return format!("{verb} it with `{member}`");
        }
        match self.release_of(subject.family, &subject.made_by) {
            Some(call) if !self.can_call_release_of(subject.family, call) => {
                format!("{verb} it through a function of the library that calls `{call}`")
            }
            Some(call) => format!("{verb} it with `{call}`"),
            None => format!("{verb} it"),
        }
    }

    /// Whether the code that a violation is in can write the release of a family.
    fn can_call_release_of(&self, family: FamilyId, call: &str) -> bool {
        let Some(family) = self.family(family) else { return true };
        if family.language.is_some_and(|language| language != self.language.without_objects()) {
            return false;
        }
        // Each library's allocator is its own; Dart has that of none by itself.
        let is_bound = || self.program.links().iter().any(|link| link.symbol.as_deref() == Some(call));
        !family.per_library || self.language.is_native() || call.contains('.') || is_bound()
    }

    /// How what is of a family comes about, where no call makes it that a program writes.
    fn made(&self, family: FamilyId) -> Option<&'a str> {
        self.family(family)?.made.as_deref()
    }

    /// The language on this side of the boundary; that on the other has none of its own.
    fn managed(&self) -> &'static str {
        if self.language.is_native() { Language::Dart.title() } else { self.language.title() }
    }

    /// What is awaited.
    fn future(&self) -> &'static str {
        if self.language == Language::TypeScript { "promise" } else { "future" }
    }

    /// Whether native code calls what is of a family until it is closed.
    fn is_callback(&self, family: FamilyId) -> bool {
        self.family(family).is_some_and(|family| family.callback)
    }

    /// Whether each library may have an allocator of its own by that name.
    fn is_per_library(&self, family: FamilyId) -> bool {
        self.family(family).is_some_and(|family| family.per_library)
    }

    /// Where a release stands that no way out of the code misses.
    fn on_every_way_out(&self) -> &'static str {
        match self.language {
            Language::Dart | Language::TypeScript => "in a `finally`",
            Language::C | Language::ObjC => "before every `return`",
            Language::Cpp | Language::ObjCpp => "by an owner whose destructor does it, such as `std::unique_ptr`",
            Language::Rust => "by a value whose `Drop` does it",
        }
    }

    /// Whether an arena can allocate such memory instead.
    fn can_use_arena(&self, family: FamilyId) -> bool {
        self.family(family).is_some_and(|family| family.arena)
    }

    fn function_name(&self, function: FuncRef) -> String {
        let unit = self.program.units.get(function.unit as usize);
        let function = unit.and_then(|unit| unit.functions.get(function.function.index()));
        function.map_or_else(String::new, |function| function.qualified.to_string())
    }

    /// The source at a place, on one line and at most 60 characters long.
    fn quote(&self, location: Location) -> String {
        let text = self.sources.get(location.file.index()).map_or("", |source| source.slice(location.span));
        shorten(text)
    }
}

/// Whether what is wrong is a release that does nothing where it is wrong.
fn is_without_effect(violation: &Violation, context: &Context<'_>) -> bool {
    let release = match &violation.kind {
        ViolationKind::ReleasedBorrowed { release, .. }
        | ViolationKind::ReleasedTwice { release, .. }
        | ViolationKind::ReleasedInside { release, .. }
        | ViolationKind::Mismatched { release, .. } => release,
        _ => return false,
    };
    context.families.iter().any(|family| family.lenient && family.release_with.iter().any(|known| *release == *known))
}

/// Text of the source as one line that fits a message. What is left out is in the middle: a condition compares at its end.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    const END: usize = 24;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    if count <= LONGEST {
        return line;
    }
    let begin = line.chars().take(LONGEST - END - 1);
    begin.chain(['…']).chain(line.chars().skip(count - END)).collect()
}

/// `, on Windows` where a finding does not hold on all targets that are looked at.
fn on_targets(targets: TargetSet, all: TargetSet) -> String {
    if targets.contains(all) || targets.is_empty() {
        return String::new();
    }
    let titles: Vec<_> = targets
        .to_names()
        .into_iter()
        .map(|name| match name {
            "windows" => "Windows",
            "posix" => "POSIX",
            "linux" => "Linux",
            "android" => "Android",
            "macos" => "macOS",
            "ios" => "iOS",
            "ohos" => "HarmonyOS",
            other => other,
        })
        .collect();
    match titles.as_slice() {
        [first @ .., last] if !first.is_empty() => format!(", on {} and {last}", first.join(", ")),
        titles => format!(", on {}", titles.join("")),
    }
}

/// Stable over edits elsewhere, over another layout of the code itself, and wherever it is moved: the rule, the bare
/// name of the function, and the tokens of the steps.
fn content(rule: &Rule, function: &str, at: Location, trace: &[TraceStep], context: &Context<'_>) -> String {
    let text = |location: Location| {
        let source = context.sources.get(location.file.index());
        let tokens = source.map_or_else(Vec::new, |source| tokens(source.slice(location.span), source.language));
        // Git may end lines otherwise where a text is checked out.
        tokens.join(" ").replace("\r\n", "\n")
    };
    let mut parts = vec![rule.name.to_owned(), bare(function).to_owned(), text(at)];
    parts.extend(trace.iter().map(|step| text(step.location)));
    hash(&parts)
}

/// The name of a function without what it stands in: it is the same when it is put into a class.
fn bare(function: &str) -> &str {
    let last = function.rsplit("::").next().unwrap_or(function);
    last.rsplit('.').next().unwrap_or(last)
}

fn hash(parts: &[impl AsRef<str>]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.as_ref().len() as u64).to_le_bytes());
        hasher.update(part.as_ref().as_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_named_when_they_are_not_all() {
        assert_eq!(on_targets(TargetSet::ALL, TargetSet::ALL), "");
        assert_eq!(on_targets(TargetSet::WINDOWS, TargetSet::ALL), ", on Windows");
        assert_eq!(on_targets(TargetSet::WINDOWS, TargetSet::WINDOWS), "");
        assert_eq!(on_targets(TargetSet::ALL.minus(TargetSet::WINDOWS), TargetSet::ALL), ", on POSIX and HarmonyOS");
    }

    #[test]
    fn quotes_fit_on_a_line() {
        assert_eq!(shorten("a\n   == b"), "a == b");
        assert_eq!(shorten(&"x".repeat(200)).chars().count(), 60);
    }
}
