//! The list of links, for people and for machines.

use std::fmt::Write as _;

use serde::Serialize;

use super::{clean, count};
use crate::source::Position;
use crate::target::TargetSet;
use crate::workspace::links::{Definition, Entry, LinkList, Returning, State};

/// Two lines a link, then what was counted.
#[must_use]
pub fn full(list: &LinkList) -> String {
    let mut text = String::new();
    for entry in &list.entries {
        let symbol = entry.symbol.as_deref().unwrap_or("?");
        let place = format!("{}:{}:{}", entry.path, entry.at.line, entry.at.column);
        let _ = writeln!(text, "{}: {} ({})", clean(&place), clean(symbol), entry.form);
        for definition in &entry.definitions {
            let is = if entry.state == State::Ambiguous { "?" } else { "->" };
            let _ = writeln!(text, "  {is} {}", clean(&described(definition)));
        }
        if let Some(reason) = reason(entry) {
            let _ = writeln!(text, "  {}", clean(&reason));
        }
    }
    for callback in &list.callbacks {
        let Returning { path, at, function, maker, calls, is_seen } = callback;
        let place = format!("{path}:{}:{}", at.line, at.column);
        let _ = writeln!(text, "{}: {} ({maker})", clean(&place), clean(function));
        for call in calls {
            let _ = writeln!(text, "  <- {}", clean(&described(call)));
        }
        match (is_seen, calls.is_empty()) {
            (true, true) => text.push_str("  no native code of the project calls it\n"),
            (true, false) => {}
            (false, true) => text.push_str("  where it is called cannot be seen\n"),
            (false, false) => text.push_str("  where else it is called cannot be seen\n"),
        }
    }
    if !list.callbacks.is_empty() {
        let linked = list.callbacks.iter().filter(|callback| callback.is_seen && !callback.calls.is_empty()).count();
        let _ = writeln!(text, "{}, {linked} linked to every call", count(list.callbacks.len(), "callback"));
    }
    text.push_str(&summary(list));
    text.push('\n');
    text
}

/// The last line: the same numbers that `check` gives.
fn summary(list: &LinkList) -> String {
    let total = list.counts.resolved + list.counts.unresolved;
    let mut line = format!("{}, {} unresolved", count(total, "link"), list.counts.unresolved);
    let shown = list.entries.len();
    if shown < total {
        let _ = write!(line, "; {shown} shown");
    }
    let of = |form: &str| list.entries.iter().filter(|entry| form == tag(&entry.state)).count();
    let kinds = [
        ("linked", "linked to a definition"),
        ("modelled", "known by a model or declaration"),
        ("undefined", "without a definition in the project"),
        ("unparsed", "in what was not parsed"),
        ("ambiguous", "defined several times"),
        ("computed", "with a computed name"),
    ];
    let parts: Vec<_> = kinds
        .into_iter()
        .map(|(form, words)| (of(form), words))
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    if !parts.is_empty() {
        let _ = write!(line, ": {}", parts.join(", "));
    }
    line
}

fn described(definition: &Definition) -> String {
    let Definition { path, at, language, targets, is_incomplete } = definition;
    let mut text = format!("{path}:{}:{} ({}", at.line, at.column, language.title());
    if *targets != TargetSet::ALL {
        let _ = write!(text, ", {}", targets.to_names().join(" "));
    }
    if *is_incomplete {
        text.push_str(", its body was not understood");
    }
    text.push(')');
    text
}

/// Why there is no link, or that a model stands for it.
fn reason(entry: &Entry) -> Option<String> {
    match &entry.state {
        State::Linked => None,
        State::Modelled => Some("no definition in the project; a model or a declaration says what it does".into()),
        State::Undefined => Some("no definition in the project, and no model".into()),
        State::Unparsed(path) => Some(format!("no definition was read; {path} names it where it was not parsed")),
        State::Ambiguous => Some(format!("defined {} times, and they cannot be told apart", entry.definitions.len())),
        State::Computed => Some("the name is computed at run time".into()),
    }
}

fn tag(state: &State) -> &'static str {
    match state {
        State::Linked => "linked",
        State::Modelled => "modelled",
        State::Undefined => "undefined",
        State::Unparsed(_) => "unparsed",
        State::Ambiguous => "ambiguous",
        State::Computed => "computed",
    }
}

#[derive(Serialize)]
struct List<'a> {
    version: u32,
    summary: Summary,
    links: Vec<Link<'a>>,
    callbacks: Vec<Callback<'a>>,
}

#[derive(Serialize)]
struct Callback<'a> {
    function: &'a str,
    form: &'a str,
    location: Place<'a>,
    complete: bool,
    calls: Vec<End<'a>>,
}

#[derive(Serialize)]
struct Summary {
    resolved: usize,
    unresolved: usize,
}

#[derive(Serialize)]
struct Link<'a> {
    symbol: Option<&'a str>,
    form: &'a str,
    language: &'a str,
    location: Place<'a>,
    status: &'a str,
    reason: Option<String>,
    definitions: Vec<End<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    offset: u32,
}

#[derive(Serialize)]
struct End<'a> {
    language: &'a str,
    targets: Vec<&'static str>,
    complete: bool,
    location: Place<'a>,
}

/// The list as JSON, version 1.
///
/// # Errors
///
/// When it cannot be written down.
pub fn json(list: &LinkList) -> Result<String, serde_json::Error> {
    let list = List {
        version: 1,
        summary: Summary { resolved: list.counts.resolved, unresolved: list.counts.unresolved },
        links: list.entries.iter().map(link_of).collect(),
        callbacks: list.callbacks.iter().map(callback_of).collect(),
    };
    let mut text = serde_json::to_string(&list)?;
    text.push('\n');
    Ok(text)
}

fn callback_of(callback: &Returning) -> Callback<'_> {
    Callback {
        function: &callback.function,
        form: callback.maker,
        location: place(&callback.path, callback.at),
        complete: callback.is_seen,
        calls: callback.calls.iter().map(end_of).collect(),
    }
}

fn link_of(entry: &Entry) -> Link<'_> {
    Link {
        symbol: entry.symbol.as_deref(),
        form: entry.form,
        language: entry.language.id(),
        location: place(&entry.path, entry.at),
        status: tag(&entry.state),
        reason: reason(entry),
        definitions: entry.definitions.iter().map(end_of).collect(),
    }
}

fn place(path: &str, at: Position) -> Place<'_> {
    Place { path, line: at.line, column: at.column, offset: at.offset }
}

fn end_of(definition: &Definition) -> End<'_> {
    End {
        language: definition.language.id(),
        targets: definition.targets.to_names(),
        complete: !definition.is_incomplete,
        location: place(&definition.path, definition.at),
    }
}
