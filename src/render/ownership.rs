//! What is known of who owns what, in words.

use std::fmt::Write as _;

use super::{clean, count};
use crate::models::Family;
use crate::models::annotation::quoted;
use crate::models::catalog::{Entry, basis_word};
use crate::summary::{
    AccessPath, Effect, EffectKind, FamilyId, FamilyRef, Guard, Ownership, ResultContract, Root, StatusKind, Step,
    Summary, Throws, ValueTest,
};
use crate::target::TargetSet;
use crate::workspace::ownership::{Fact, From, Known, Place, Unknown, Unknowns};

pub mod json;

/// What is known of one name; what counts first.
#[must_use]
pub fn known(name: &str, known: &Known) -> String {
    let mut text = format!("{}\n", clean(name));
    for place in known.bindings.iter().take(MOST_PLACES) {
        let _ = writeln!(text, "  bound at {}", clean(&shown(place)));
    }
    if known.bindings.len() > MOST_PLACES {
        let _ = writeln!(text, "  and at {}", count(known.bindings.len() - MOST_PLACES, "more place"));
    }
    if known.facts.is_empty() {
        text.push_str(
            "  nothing is known: it is taken to borrow its arguments for the call, and of its result nothing is said\n",
        );
        text.push_str("  `ffilint ownership --unknown` gives a model to fill in\n");
    }
    let mut told = TargetSet::NONE;
    for fact in &known.facts {
        let on = on(fact.targets);
        let standing = if told.contains(fact.targets) { "; what stands above counts more" } else { "" };
        let _ = writeln!(text, "  {}{on}{standing}", clean(&origin(fact)));
        if let From::Model(entry) = &fact.from {
            tell_entry(&mut text, entry);
        }
        match &fact.contract {
            Some(contract) => {
                for line in contract_in_words(contract, &known.families) {
                    let _ = writeln!(text, "    {}", clean(&line));
                }
            }
            None => text.push_str("    what it does was not understood\n"),
        }
        if fact.contract.is_some() {
            told = told.or(fact.targets);
        }
    }
    text
}

/// More places say no more.
const MOST_PLACES: usize = 5;

fn shown(place: &Place) -> String {
    format!("{}:{}", place.path, place.line)
}

fn on(targets: TargetSet) -> String {
    if targets == TargetSet::ALL { String::new() } else { format!(", on {}", targets.to_names().join(", ")) }
}

const CONVENTION: &str = "concluded by convention; what a body, a comment or a model says counts more";

fn origin(fact: &Fact) -> String {
    match &fact.from {
        From::Comment(place) => format!("said by the comment at {}", shown(place)),
        From::Body(place) => format!("read in the body at {}", shown(place)),
        From::Declaration(Some(place)) => format!("stated by the declaration at {}", shown(place)),
        From::Declaration(None) => "stated by its declaration".to_owned(),
        From::Convention => CONVENTION.to_owned(),
        From::Model(entry) if entry.is_concluded() => CONVENTION.to_owned(),
        From::Model(entry) => {
            let whose = if entry.is_own { "the project's model" } else { "model" };
            format!("{whose} {} ({}:{}), basis {}", entry.pack, entry.path, entry.line, basis_word(fact.basis()))
        }
    }
}

fn tell_entry(text: &mut String, entry: &Entry) {
    if let Some(versions) = &entry.model.versions {
        let _ = writeln!(text, "    in versions {}", clean(versions));
    }
    let source = entry.model.source.as_ref().into_iter().chain(if entry.model.source.is_none() {
        &entry.sources[..]
    } else {
        &[]
    });
    let sources: Vec<String> = source.map(|source| clean(source)).collect();
    if !sources.is_empty() {
        let _ = writeln!(text, "    source: {}", sources.join(", "));
    }
    if let Some(note) = &entry.model.note {
        let _ = writeln!(text, "    note: {}", clean(note));
    }
}

/// A contract, a sentence a line.
#[must_use]
pub fn contract_in_words(summary: &Summary, families: &[Family]) -> Vec<String> {
    let words = Words { families };
    let mut lines = Vec::new();
    if summary.outcomes.is_empty() || summary.throws == Throws::Always {
        lines.push("it does not return".to_owned());
    }
    // What the result is whatever happens is said once.
    let mut results = summary.outcomes.iter().map(|outcome| words.result(&outcome.result));
    let first = results.next().flatten().filter(|first| results.all(|other| other.as_ref() == Some(first)));
    lines.extend(first.iter().map(|is| format!("the result {is}")));
    for outcome in &summary.outcomes {
        let result = words.result(&outcome.result).filter(|_| first.is_none()).map(|is| format!("the result {is}"));
        let said = result.into_iter().chain(outcome.effects.iter().filter_map(|effect| words.effect(effect)));
        let is_plain = summary.outcomes.len() == 1 && outcome.guard == Guard::Always;
        let when = if is_plain { String::new() } else { words.guard(&outcome.guard) };
        let on = on(outcome.targets);
        lines.extend(said.map(|said| format!("{when}{said}{on}")));
    }
    lines.dedup();
    if lines.is_empty() {
        lines.push("it borrows its arguments for the call; of its result nothing is said".to_owned());
    }
    lines
}

struct Words<'a> {
    families: &'a [Family],
}

impl Words<'_> {
    fn guard(&self, guard: &Guard) -> String {
        match guard {
            Guard::Always => "otherwise: ".into(),
            Guard::ResultNull => "if the result is null: ".into(),
            Guard::ResultNonNull => "if the result is not null: ".into(),
            Guard::ResultEquals(_) => "for one result: ".into(),
            Guard::Success => "on success: ".into(),
            Guard::Failure => "on failure: ".into(),
            Guard::Throws => "if it throws: ".into(),
            Guard::Argument(test) => {
                let arg = path(&test.arg);
                match test.test {
                    ValueTest::Has(bits) => format!("if {arg} has the bits {bits:#x}: "),
                    ValueTest::Lacks(bits) => format!("if {arg} lacks the bits {bits:#x}: "),
                    ValueTest::Equals(value) => format!("if {arg} is {value}: "),
                    ValueTest::Differs(value) => format!("if {arg} is not {value}: "),
                    ValueTest::Null => format!("if {arg} is null: "),
                    ValueTest::NonNull => format!("if {arg} is not null: "),
                }
            }
        }
    }

    fn result(&self, result: &ResultContract) -> Option<String> {
        let null = if result.nullable { ", or null" } else { "" };
        let of = path;
        Some(match &result.ownership {
            Ownership::Unknown => return None,
            Ownership::Owned(family) => format!("is the caller's{null}: {}", self.release(family)),
            Ownership::Borrowed { from, until, .. } => {
                let owner = from.as_ref().map_or("the library".to_owned(), of);
                let until = match until.is_empty() {
                    true => String::new(),
                    false => format!("; it ends with {}", listed(until.iter().map(|call| call.as_str()))),
                };
                format!("is borrowed from {owner}{null}: do not release it{until}")
            }
            Ownership::Static => format!("is static{null}: nobody releases it"),
            Ownership::Alias(path) => format!("is {}", of(path)),
            Ownership::Interior(path) => format!("is an address inside what {} leads to", of(path)),
            Ownership::View(path) => format!("is a view on what {} leads to", of(path)),
            Ownership::Pointee(path) => format!("is what is stored at {}", of(path)),
            Ownership::Address(path) => format!("is the number of the address in {}", of(path)),
            Ownership::NativeFunction(Some(symbol)) => format!("is the native function `{symbol}`"),
            Ownership::NativeFunction(None) => "is a native function".into(),
            Ownership::Releaser(family) => {
                format!("is the address of a function that releases {}", self.title(*family))
            }
            Ownership::Value(family) => format!("is a value that releases {} when it ends", self.title(*family)),
            Ownership::Scope(family) => format!("is a new arena ({})", self.name(*family)),
            Ownership::Ambient(family) => format!("is the arena that is open around the call ({})", self.name(*family)),
            Ownership::Null => "is null".into(),
            Ownership::TargetTest(targets) => format!("is true on {}", targets.to_names().join(", ")),
            Ownership::Status(StatusKind::Zero) => "is a status: 0 is success".into(),
            Ownership::Status(StatusKind::NonZero) => "is a status: 0 is failure".into(),
            Ownership::Status(StatusKind::NonNegative) => "is a status: 0 and above is success".into(),
            Ownership::StatusTest { of: path, success } => {
                format!("tells whether {} is a {}", of(path), if *success { "success" } else { "failure" })
            }
            Ownership::NullTest { of: path, null } => {
                format!("tells whether {} is {}", of(path), if *null { "null" } else { "not null" })
            }
            Ownership::Constant(_) => "is always the same number".into(),
        })
    }

    fn effect(&self, effect: &Effect) -> Option<String> {
        let on = path(&effect.on);
        Some(match &effect.kind {
            EffectKind::Borrow => format!("{on} is borrowed for the call"),
            EffectKind::Untouched => format!("what {on} leads to is not looked at"),
            EffectKind::BorrowAssumed => {
                format!("{on} is taken to be borrowed for the call: it goes to a function of which nothing is known")
            }
            EffectKind::Release(FamilyRef::Family(family)) => {
                format!("{on} is released, as {} ({})", self.title(*family), self.name(*family))
            }
            EffectKind::Release(FamilyRef::Allocator(by, _)) => {
                format!("{on} is released, as memory of the allocator in {}", path(by))
            }
            EffectKind::MayRelease(_) => format!("{on} is released on some paths"),
            EffectKind::Take => format!("{on} is taken: the callee owns it from here on"),
            EffectKind::Hold(None) => format!("{on} is held: its address is kept, and the caller still owns it"),
            EffectKind::Hold(Some(place)) => format!("{on} is held in {}: the caller still owns it", path(place)),
            EffectKind::StoreInto(place) => format!("{on} is stored into {}", path(place)),
            EffectKind::Fill(result) => format!("{on} {}", self.result(result).unwrap_or_else(|| "is filled".into())),
            EffectKind::ReleaseLater { by, .. } => format!("{on} is released later by {}", path(by)),
            EffectKind::Detach => format!("{on} is withdrawn from what would release it later"),
            EffectKind::ReleaseAll => format!("everything registered with {on} is released"),
            EffectKind::Adopt(family) => {
                format!("{on} belongs to the result from here on, which releases it as {}", self.title(*family))
            }
            EffectKind::Drop(family) => format!("{on} ends: what it owns is released as {}", self.title(*family)),
            EffectKind::Disown => format!("{on} gives up what it owns: whoever has the address owns it"),
            EffectKind::Escape => format!("{on} goes where nobody follows"),
        })
    }

    fn release(&self, family: &FamilyRef) -> String {
        match family {
            FamilyRef::Allocator(by, _) => format!("release it with the allocator in {}", path(by)),
            FamilyRef::Family(id) => {
                let calls = self.families.get(usize::from(id.0)).map_or(&[][..], |family| &family.release_with);
                format!("release it with {} ({})", listed(calls.iter().map(String::as_str)), self.name(*id))
            }
        }
    }

    fn title(&self, id: FamilyId) -> &str {
        self.families.get(usize::from(id.0)).map_or("memory", |family| &family.title)
    }

    fn name(&self, id: FamilyId) -> &str {
        self.families.get(usize::from(id.0)).map_or("?", |family| &family.name)
    }
}

fn listed<'a>(calls: impl Iterator<Item = &'a str>) -> String {
    calls.map(|call| format!("`{call}`")).collect::<Vec<_>>().join(" or ")
}

/// A path as a model file writes it.
fn path(path: &AccessPath) -> String {
    let mut text = match &path.root {
        Root::Param(index) => format!("arg{index}"),
        Root::Named(name) => format!("arg:{name}"),
        Root::This => "this".into(),
        Root::Result => "result".into(),
        Root::Static(name) => format!("static:{name}"),
    };
    for step in &path.steps {
        match step {
            Step::Pointee => text.push_str(".*"),
            Step::Elements => text.push_str("[*]"),
            Step::Field(name) => {
                let _ = write!(text, ".{name}");
            }
        }
    }
    format!("`{text}`")
}

/// The bindings of which nothing is known, each as a model to fill in: the text is a model file but for its head.
#[must_use]
pub fn unknown(unknowns: &Unknowns) -> String {
    let mut text = String::new();
    for binding in &unknowns.bindings {
        text.push_str(&model(binding));
        text.push('\n');
    }
    let of = count(unknowns.called, "binding");
    let _ = write!(text, "# of {of} that are called nothing is known of {}", unknowns.bindings.len());
    if unknowns.unused > 0 {
        let _ = write!(text, "; {} more are never called", unknowns.unused);
    }
    if unknowns.computed > 0 {
        let _ = write!(text, "; {} have a computed name", unknowns.computed);
    }
    text.push('\n');
    text
}

/// A model that parses as it is, and says no more than is known.
fn model(binding: &Unknown) -> String {
    let Unknown { symbol, uses, first, shown: call, gives_pointer, pointers, is_defined } = binding;
    let mut text = format!("# {}, first at {}: {}\n", count(*uses, "use"), clean(&shown(first)), clean(call));
    if *is_defined {
        text.push_str("# defined in the project, but its body was not understood or not told apart\n");
    }
    let _ = writeln!(text, "[[function]]\nsymbol = {}", quoted(symbol));
    text.push_str(
        "# who wrote this down, and where it was read: docs-read, recall-checked, recall\nbasis = \"guess\"\n",
    );
    if *gives_pointer {
        text.push_str("# the caller's: { owned = \"family\" }; lent: { borrowed = \"arg0\" } or \"library\"; nobody's: { static = true }\n");
        text.push_str("result = { unknown = true }\n");
    }
    if !pointers.is_empty() {
        text.push_str("# instead of borrow: release = \"family\", take = true, hold = true\n");
        let effects: Vec<String> = pointers.iter().map(|at| format!("{{ on = \"arg{at}\", borrow = true }}")).collect();
        let _ = writeln!(text, "effects = [{}]", effects.join(", "));
    }
    text
}
