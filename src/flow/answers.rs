//! What is asked of a value twice, and answered the same: how much is in it, whether there is anything.

use super::engine::{Engine, Site};
use super::path::{Fact, Part, Path};
use super::value::{Symbol, Value};
use crate::ir::{Base, Name, Place, Projection};
use crate::link::Ty;

/// How long a value is: a string, which never changes, or a collection at that time.
const LENGTH: [&str; 2] = ["length", "length now"];

impl Engine<'_> {
    /// The answer of a string or a collection to how much is in it; `None` where something else is read.
    ///
    /// What is empty has the length 0: <https://api.dart.dev/dart-core/Iterable/isEmpty.html>.
    pub(super) fn answer(&mut self, site: Site, of: Option<&Value>, from: &Place) -> Option<Value> {
        let (Base::Local(local), [Projection::Field(member)]) = (&from.base, from.path.as_slice()) else { return None };
        let of = of.filter(|of| matches!(of, Value::Symbol(_) | Value::Pointer(..)))?;
        let changes = match self.resolved(site.frame).types.get(local.index())? {
            Ty::String => false,
            Ty::Sdk(name, _) if matches!(name.as_str(), "Iterable" | "List" | "Map" | "Set") => true,
            _ => return None,
        };
        if self.is_native(site.frame) || !matches!(member.as_str(), "isEmpty" | "isNotEmpty" | "length") {
            return None;
        }
        let op = LENGTH[usize::from(changes)];
        let symbol = asked(op, of);
        self.derived(symbol, Name::new_static(op), of.clone(), Value::Null);
        let value = Value::Symbol(symbol);
        let is_empty = self.comparison(&Name::new_static("=="), value.clone(), Value::Int(0));
        match member.as_str() {
            "length" => {
                self.measures.same(symbol, site);
                Some(value)
            }
            "isEmpty" => Some(is_empty),
            _ => Some(self.comparison(&Name::new_static("!="), value, Value::Int(0))),
        }
    }

    fn is_length_now(&self, part: &Part) -> bool {
        let Part::Symbol(symbol) = part else { return false };
        self.comparisons.get(symbol).is_some_and(|known| known.op == LENGTH[1])
    }

    /// Whether a value is a length: a whole number, and never less than nothing.
    pub(super) fn is_length(&self, value: &Value) -> bool {
        let Value::Symbol(symbol) = value else { return false };
        self.comparisons.get(symbol).is_some_and(|known| LENGTH.contains(&known.op.as_str()))
    }

    /// Somebody gets a value who may change what is in it.
    pub(super) fn forget_answers(&self, path: &mut Path, of: &Value) {
        if path.known.is_empty() || !matches!(of, Value::Symbol(_) | Value::Pointer(..)) {
            return;
        }
        self.renew(path, asked(LENGTH[1], of));
    }

    /// Other code ran: what was in a collection may not be there any more.
    pub(super) fn forget_all_answers(&self, path: &mut Path) {
        let is_answer = |fact: &Fact| {
            let comparison = self.comparisons.get(&fact.symbol());
            comparison.is_some_and(|comparison| comparison.parts.iter().any(|part| self.is_length_now(part)))
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
