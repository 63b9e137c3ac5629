//! The words for what becomes of memory where nothing need be wrong: what an editor shows beside an allocation.

use std::collections::BTreeMap;

use super::{Context, steps};
use crate::diagnostic::TraceStep;
use crate::flow::{Course, Fate, Loss, Passing};
use crate::source::{Location, SourceFile};

/// More lines say no more.
const MOST_LINES: usize = 3;

/// A few words to stand behind an allocation: `owned: C malloc, released L42`; nothing where nothing is known.
#[must_use]
pub fn hint(course: &Course, context: &Context<'_>) -> Option<String> {
    if course.fates == [Fate::Arena] && course.loss.is_none() {
        return Some("owned by its arena".to_owned());
    }
    let ends = ends(course, context, &|lines| {
        let more = if lines.len() > MOST_LINES { " …" } else { "" };
        let shown: Vec<String> = lines.iter().take(MOST_LINES).map(|line| format!("L{line}")).collect();
        format!(" {}{more}", shown.join(", "))
    })?;
    let what = if course.filled.is_some() { "gives" } else { "owned" };
    Some(format!("{what}: {}, {ends}", short(title(course, context))))
}

/// The story of an allocation as Markdown, with what becomes of it in the end.
#[must_use]
pub fn course(course: &Course, context: &Context<'_>) -> String {
    let words: Vec<TraceStep> = course.steps.iter().map(|step| steps::word(step, context)).collect();
    let mut text = format!("**{}**{}", title(course, context), numbered(&words, context.sources));
    let end = ends(course, context, &|lines| {
        let shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
        format!(" in line {}", shown.join(", "))
    });
    match end {
        Some(end) => text.push_str(&format!("\n\nIn the end: {end}.")),
        None => text.push_str("\n\nWhat becomes of it in the end is not known: it goes where nobody follows."),
    }
    text
}

/// Steps as the lines of a numbered list, each with its place.
#[must_use]
pub fn numbered(steps: &[TraceStep], sources: &[SourceFile]) -> String {
    let line = |(number, step): (usize, &TraceStep)| {
        let place = sources.get(step.location.file.index()).map(|source| {
            let name = source.path.rsplit('/').next().unwrap_or_default();
            format!(" ({name}:{})", source.position(step.location.span.start).line)
        });
        format!("\n{number}. {}{}", step.message, place.unwrap_or_default())
    };
    (1..).zip(steps).map(line).collect()
}

/// What a call does that memory is handed to, in a few words; perhaps only where it succeeds.
#[must_use]
pub fn passing(passing: &Passing, on_success: bool) -> &'static str {
    match (passing.kept, on_success) {
        (true, false) => "keeps it",
        (true, true) => "keeps it on success",
        (false, false) => "takes it",
        (false, true) => "takes it on success",
    }
}

/// How an allocation ends, in a few words; `lines` says where.
fn ends(course: &Course, context: &Context<'_>, lines: &dyn Fn(&[u32]) -> String) -> Option<String> {
    if !course.is_known() {
        return None;
    }
    let line = |at: &Location| {
        let source = context.sources.get(at.file.index()).filter(|_| at.file == course.at.file)?;
        Some(source.position(at.span.start).line)
    };
    // Several places of one kind are told together.
    let mut told: Vec<&str> = Vec::new();
    let mut places: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for fate in &course.fates {
        let (word, at) = word(fate, course, context);
        if !told.contains(&word) {
            told.push(word);
        }
        let there = places.entry(word).or_default();
        there.extend(at.and_then(line).filter(|line| !there.contains(line)));
        there.sort_unstable();
    }
    let said = told.iter().map(|word| match places.get(word).filter(|places| !places.is_empty()) {
        Some(places) => format!("{word}{}", lines(places)),
        None => (*word).to_owned(),
    });
    let ways = said.collect::<Vec<_>>().join(" or ");
    let released = context.released(course.family);
    Some(match (course.loss, ways.is_empty()) {
        (None, _) => ways,
        (Some(Loss::Everywhere), _) => format!("never {released}"),
        (Some(Loss::OnPath), true) => format!("not {released} on every path"),
        (Some(Loss::OnPath), false) => format!("{ways}, not on every path"),
        (Some(Loss::OnThrow), true) => format!("not {released} when something throws"),
        (Some(Loss::OnThrow), false) => format!("{ways}, not when something throws"),
        (Some(Loss::Overwritten(at)), _) => {
            let there = line(&at).map(|line| lines(&[line])).unwrap_or_default();
            format!("lost{there}: its owner is assigned again")
        }
    })
}

fn word<'f>(fate: &'f Fate, course: &Course, context: &Context<'_>) -> (&'static str, Option<&'f Location>) {
    match fate {
        Fate::Released { at, .. } => (context.released(course.family), Some(at)),
        Fate::Taken { at, .. } => ("handed over", Some(at)),
        Fate::Kept { at, .. } => ("kept", Some(at)),
        Fate::Returned => ("returned", None),
        Fate::Given => ("the caller's", None),
        Fate::Arena => ("released with its arena", None),
        Fate::Finalizer => ("released by its finalizer", None),
    }
}

fn title<'a>(course: &Course, context: &Context<'a>) -> &'a str {
    context.family(course.family).map_or("memory", |family| &family.title)
}

/// A family's title without what goes without saying: `CoTaskMemAlloc` for memory from that.
fn short(title: &str) -> String {
    let rest = title.strip_prefix("memory from ").unwrap_or(title);
    let rest = ["a ", "an "].iter().find_map(|article| rest.strip_prefix(article)).unwrap_or(rest);
    rest.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_short() {
        assert_eq!(short("memory from C `malloc`"), "C malloc");
        assert_eq!(short("memory from an `Arena`"), "Arena");
        assert_eq!(short("a registry key"), "registry key");
    }
}
