//! What names hint at. Code of which nothing else is known is read by them; they mostly keep ffilint silent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a name can hint at, and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hint {
    /// A part of the name of a function that may release what it is given.
    Releases,
    /// A part of the name of a function that waits for others.
    Waits,
    /// A part of the name of a function that takes what a place holds out of it.
    TakesOut,
    /// A word in the name of a function that may make a library forget what it was given.
    Unsets,
    /// A word in the name of a function that stops something.
    Stops,
    /// A word in the name of a function that is told of something to be used later.
    Sets,
    /// The name of a member that puts its arguments into the container, lock or atomic it is called on.
    PutsIn,
    /// The name of another function that keeps what it is given.
    Keeps,
    /// The name of a member that leads to what a container, a lock or a cell holds.
    LeadsInto,
    /// The name of a member of a container, a lock or an atomic that writes nothing.
    Reads,
    /// The last name of a type that holds others.
    Holds,
    /// How the last name of a type ends that looks at what it is made of, and owns nothing.
    Views,
    /// The last name of a type that is one other, found through a pointer.
    Wraps,
    /// A word in the name of a function that releases what a library gave.
    FreesByName,
    /// A word in the name of a function that gives something new.
    MakesByName,
    /// A word in the name of a function that gives what stays where it is.
    LendsByName,
    /// What documentation says before it names the release of a result.
    MustFree,
    /// What documentation says of a result that stays the library's.
    NotYours,
    /// The name of a method by which the owner of an object is done with it.
    Disposes,
    /// The name of a function that prepares something once, whatever it begins with.
    Prepares,
    /// A word in the name of a native function that releases something when an object is collected.
    Attaches,
    /// A word in the name of a function that may only count down who holds something.
    CountsDown,
    /// A word in the name of a class that stands in for another in tests.
    Doubles,
    /// The name of a native type that is one byte of text.
    Utf8Units,
    /// The name of a native type that is one unit of text.
    TextUnits,
    /// The name of a member that leads to the code units of a string.
    CountsUnits,
    /// The name of a known function that makes one byte of each code unit of a string.
    SingleBytes,
    /// The name of a known function that encodes a string in UTF-8.
    EncodesUtf8,
    /// How the name of a member begins that changes how many elements a list has.
    Resizes,
    /// The name of a type whose objects serve one call.
    Once,
    /// The name of a member by which what is waited for fails.
    Fails,
    /// The name of a type whose objects code is given for as long as it runs.
    Outlives,
    /// A word in the name of a function that answers whether something failed.
    AsksErrors,
}

/// What names hint at, from all files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hints {
    all: BTreeMap<Hint, Vec<String>>,
}

impl Hints {
    pub(super) fn add(&mut self, hint: Hint, names: &[String]) {
        self.all.entry(hint).or_default().extend_from_slice(names);
    }

    /// What hints at that.
    #[must_use]
    pub fn listed(&self, hint: Hint) -> &[String] {
        self.all.get(&hint).map_or(&[], Vec::as_slice)
    }

    /// Whether a name hints at that.
    #[must_use]
    pub fn says(&self, hint: Hint, name: &str) -> bool {
        let Some(known) = self.all.get(&hint) else { return false };
        match hint {
            Hint::Releases | Hint::Waits | Hint::TakesOut => {
                let name = name.to_ascii_lowercase();
                known.iter().any(|part| name.contains(part.as_str()))
            }
            Hint::Resizes => known.iter().any(|part| name.starts_with(part.as_str())),
            Hint::Views => known.iter().any(|part| name.ends_with(part.as_str())),
            Hint::Unsets
            | Hint::Stops
            | Hint::Sets
            | Hint::FreesByName
            | Hint::MakesByName
            | Hint::LendsByName
            | Hint::Attaches
            | Hint::CountsDown
            | Hint::Doubles
            | Hint::AsksErrors => has_word(name, known),
            Hint::MustFree | Hint::NotYours => known.iter().any(|phrase| name.contains(phrase.as_str())),
            Hint::PutsIn
            | Hint::Keeps
            | Hint::LeadsInto
            | Hint::Reads
            | Hint::Holds
            | Hint::Wraps
            | Hint::Disposes
            | Hint::Prepares
            | Hint::Utf8Units
            | Hint::TextUnits
            | Hint::CountsUnits
            | Hint::SingleBytes
            | Hint::EncodesUtf8
            | Hint::Once
            | Hint::Fails
            | Hint::Outlives => known.iter().any(|known| known == name),
        }
    }
}

/// Whether a name has one of the words: `batch_send` does not say `end`, and `offset` not `set`.
fn has_word(name: &str, words: &[String]) -> bool {
    let mut word = String::new();
    let mut before = '_';
    // One more, which ends the last word.
    for letter in name.chars().chain(['_']) {
        let ends = !letter.is_ascii_alphabetic() || letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if ends && words.contains(&word) {
            return true;
        }
        if ends {
            word.clear();
        }
        if letter.is_ascii_alphabetic() {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    false
}
