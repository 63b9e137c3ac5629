//! The ownership states, their join, and the ONE transition function: the policy.
//!
//! Everything the tool holds against a program comes out of [`transition`]; `rules/README.md` prints its table.

use crate::summary::FamilyId;
use crate::target::TargetSet;

/// Which family a block is of, as far as a function can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemoryFamily {
    /// A family of the model set.
    Known(FamilyId),
    /// That of the allocator passed as this parameter: the caller knows.
    OfParameter(u16),
}

/// Who must release an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ownership {
    /// Nothing is known; nothing is reported.
    Unknown,
    /// This code must release it, by that family.
    Owned(MemoryFamily),
    /// This code must not release it: something registered (an arena, a finalizer) will.
    Managed,
    /// Somebody else must.
    Borrowed,
    /// Nobody must, ever.
    Static,
    /// It is a variable of the function's own and ends with it.
    Local,
    /// It was released.
    Released,
    /// Somebody that is known became its owner.
    Relinquished,
    /// It went where the analysis cannot follow; nothing is reported any more.
    Escaped,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A release; `wrong_on` are the targets on which the release is of another family.
    Release {
        /// Empty when the families fit everywhere.
        wrong_on: TargetSet,
    },
    /// The arena or finalizer that manages it releases it.
    ManagedRelease,
    /// Read or written through, or lent to a call that reads it.
    Use,
    /// An arena or a finalizer is to release it.
    Register,
    /// A callee becomes its owner.
    Take,
    /// It is returned to the caller.
    Return,
    /// It goes out of sight.
    Escape,
    /// The path ends here.
    End,
}

/// What an event means in a state it must not happen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Released by another family on these targets.
    Mismatch(TargetSet),
    /// Released although somebody else owns it.
    NotOwner,
    /// Released again.
    DoubleRelease,
    /// Used after its release.
    UseAfterRelease,
    /// Nobody can release it any more.
    Leak,
    /// Returned although it ends with the function.
    Dangling,
}

/// The policy: the state after an event, and what is wrong with it.
#[must_use]
pub fn transition(state: Ownership, event: Event) -> (Ownership, Option<Fault>) {
    use Event as E;
    use Ownership as O;
    match (state, event) {
        // Out of sight: anything may have happened to it, nothing is held against the program.
        (O::Escaped | O::Unknown, E::Release { .. } | E::ManagedRelease) => (O::Released, None),
        (O::Escaped, _) => (O::Escaped, None),
        (O::Unknown, E::Escape | E::Take | E::Return | E::Register) => (O::Escaped, None),
        (O::Unknown, E::Use | E::End) => (O::Unknown, None),

        (O::Owned(_), E::Release { wrong_on }) if wrong_on.is_empty() => (O::Released, None),
        (O::Owned(_), E::Release { wrong_on }) => (O::Released, Some(Fault::Mismatch(wrong_on))),
        (O::Owned(_), E::Register) => (O::Managed, None),
        (O::Owned(_), E::Take | E::Return) => (O::Relinquished, None),
        (O::Owned(_), E::Escape) => (O::Escaped, None),
        (O::Owned(MemoryFamily::Known(_)), E::End) => (state, Some(Fault::Leak)),
        // Memory of a caller's allocator may be an arena's: the caller knows whether it leaks.
        (O::Owned(_), E::End | E::Use | E::ManagedRelease) => (state, None),

        (O::Managed, E::ManagedRelease) => (O::Released, None),
        (O::Managed, E::Release { .. }) => (O::Released, Some(Fault::DoubleRelease)),
        (O::Managed, _) => (O::Managed, None),

        (O::Local, E::Return) => (O::Local, Some(Fault::Dangling)),
        (O::Borrowed | O::Static | O::Local, E::Release { .. }) => (O::Released, Some(Fault::NotOwner)),
        (O::Borrowed | O::Static | O::Local, _) => (state, None),

        (O::Released, E::Release { .. }) => (O::Released, Some(Fault::DoubleRelease)),
        (O::Released, E::Use | E::Take | E::Return) => (O::Released, Some(Fault::UseAfterRelease)),
        (O::Released, E::ManagedRelease | E::Escape | E::Register | E::End) => (O::Released, None),

        (O::Relinquished, E::Release { .. }) => (O::Released, Some(Fault::NotOwner)),
        (O::Relinquished, _) => (O::Relinquished, None),
    }
}

/// What is known of an object where two paths meet. Knowledge that differs is no knowledge.
#[must_use]
pub fn join(a: Ownership, b: Ownership) -> Ownership {
    if a == b {
        return a;
    }
    match (a, b) {
        (Ownership::Unknown, _) | (_, Ownership::Unknown) => Ownership::Unknown,
        _ => Ownership::Escaped,
    }
}

/// The transition table as text, for `rules/README.md`.
#[must_use]
pub fn table() -> String {
    let states = [
        ("unknown", Ownership::Unknown),
        ("owned", Ownership::Owned(MemoryFamily::Known(FamilyId(0)))),
        ("managed", Ownership::Managed),
        ("borrowed", Ownership::Borrowed),
        ("static", Ownership::Static),
        ("local", Ownership::Local),
        ("released", Ownership::Released),
        ("relinquished", Ownership::Relinquished),
        ("escaped", Ownership::Escaped),
    ];
    let events = [
        ("release", Event::Release { wrong_on: TargetSet::NONE }),
        ("release of another family", Event::Release { wrong_on: TargetSet::ALL }),
        ("release by arena or finalizer", Event::ManagedRelease),
        ("use", Event::Use),
        ("register with arena or finalizer", Event::Register),
        ("taken by a callee", Event::Take),
        ("returned", Event::Return),
        ("goes out of sight", Event::Escape),
        ("path ends", Event::End),
    ];
    let word = |state| states.iter().find(|(_, known)| *known == state).map_or("", |(word, _)| *word);
    let mut text = String::from("| event | ");
    text.push_str(&states.map(|(name, _)| name).join(" | "));
    text.push_str(" |\n|---|");
    text.push_str(&"---|".repeat(states.len()));
    text.push('\n');
    for (name, event) in events {
        let cells = states.map(|(_, state)| match transition(state, event) {
            (after, None) if after == state => "·".to_owned(),
            (after, None) => word(after).to_owned(),
            (_, Some(fault)) => format!("**{}**", fault_word(fault)),
        });
        text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    text
}

fn fault_word(fault: Fault) -> &'static str {
    match fault {
        Fault::Mismatch(_) => "mismatched",
        Fault::NotOwner => "not the owner",
        Fault::DoubleRelease => "double release",
        Fault::UseAfterRelease => "use after release",
        Fault::Leak => "leak",
        Fault::Dangling => "dangling",
    }
}
