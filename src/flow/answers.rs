//! What is asked of a value twice, and answered the same: how much is in it, whether there is anything.

use super::engine::{Engine, Site};
use super::path::{Fact, Path};
use super::value::{Symbol, Value};
use crate::ir::{Base, Name, Place, Projection};
use crate::link::Ty;

/// Whether a value is empty, how long it is: of a string, which never changes, and of a collection at that time.
const EMPTY: [&str; 2] = ["empty", "empty now"];
const LENGTH: [&str; 2] = ["length", "length now"];

impl Engine<'_> {
    /// The answer of a string or a collection to how much is in it; `None` where something else is read.
    ///
    /// `isNotEmpty` is defined as the negation of `isEmpty`: <https://api.dart.dev/dart-core/Iterable/isNotEmpty.html>.
    pub(super) fn answer(&mut self, site: Site, of: Option<&Value>, from: &Place) -> Option<Value> {
        let (Base::Local(local), [Projection::Field(member)]) = (&from.base, from.path.as_slice()) else { return None };
        let of = of.filter(|of| matches!(of, Value::Symbol(_) | Value::Pointer(..)))?;
        let changes = match self.resolved(site.frame).types.get(local.index())? {
            Ty::String => false,
            Ty::Sdk(name, _) if matches!(name.as_str(), "Iterable" | "List" | "Map" | "Set") => true,
            _ => return None,
        };
        let ops = match member.as_str() {
            _ if self.is_native(site.frame) => return None,
            "isEmpty" | "isNotEmpty" => EMPTY,
            "length" => LENGTH,
            _ => return None,
        };
        let op = ops[usize::from(changes)];
        let symbol = asked(op, of);
        self.derived(symbol, Name::new_static(op), of.clone(), Value::Null);
        let value = Value::Symbol(symbol);
        match member.as_str() {
            "length" => {
                self.measures.same(symbol, site);
                Some(value)
            }
            "isNotEmpty" => Some(self.comparison(&Name::new_static("!="), value, Value::Bool(true))),
            _ => Some(value),
        }
    }

    /// Somebody gets a value who may change what is in it.
    pub(super) fn forget_answers(&self, path: &mut Path, of: &Value) {
        if path.known.is_empty() || !matches!(of, Value::Symbol(_) | Value::Pointer(..)) {
            return;
        }
        for [_, now] in [EMPTY, LENGTH] {
            self.renew(path, asked(now, of));
        }
    }

    /// Other code ran: what was in a collection may not be there any more.
    pub(super) fn forget_all_answers(&self, path: &mut Path) {
        let is_answer = |fact: &Fact| {
            let comparison = self.comparisons.get(&fact.symbol());
            comparison.is_some_and(|comparison| [EMPTY[1], LENGTH[1]].contains(&comparison.op.as_str()))
        };
        if path.known.keys().any(is_answer) {
            path.known.retain(|fact, _| !is_answer(fact));
        }
    }
}

/// The symbol of an answer.
fn asked(op: &'static str, of: &Value) -> Symbol {
    Symbol::of((op, of))
}
