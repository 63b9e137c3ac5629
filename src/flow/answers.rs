//! What is asked of a value twice, and answered the same: how much is in it, whether there is anything, whether it has a
//! key. Which members ask what, models say.

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::path::{Fact, Part, Path};
use super::value::{Symbol, Value};
use crate::ir::{Base, Name, Place, Projection};
use crate::link::{Target, Ty};
use crate::models::ModelId;
use crate::models::schema::Asks;

/// How long a value is: a string, which never changes, or a collection at that time.
const LENGTH: [&str; 2] = ["length", "length now"];
/// What is in a collection at that time.
const CONTENTS: &str = "contents now";

impl Engine<'_> {
    /// The answer of a string or a collection to how much is in it; `None` where something else is read.
    pub(super) fn answer(&mut self, site: Site, of: Option<&Value>, from: &Place) -> Option<Value> {
        let (Base::Local(local), [Projection::Field(_)]) = (&from.base, from.path.as_slice()) else { return None };
        let Target::Model(model) = self.target(site) else { return None };
        let asks = self.models.function(*model).asks?;
        let of = of.filter(|of| matches!(of, Value::Symbol(_) | Value::Pointer(..)))?;
        let changes = match self.resolved(site.frame).types.get(local.index())? {
            Ty::String => false,
            Ty::Model(ty, _) => !self.models.ty(*ty).fixed,
            _ => true,
        };
        if asks == Asks::Contents {
            return Some(self.answer_of_contents(*model, of, &Value::Null));
        }
        let length = self.asking(LENGTH[usize::from(changes)], of);
        // What is empty has the length 0: <https://api.dart.dev/dart-core/Iterable/isEmpty.html>. Whatever is asked, that is
        // what is remembered.
        let is_empty = self.comparison(&Name::new("=="), Value::Symbol(length), Value::Int(0));
        match asks {
            Asks::Length => {
                self.measures.same(length, site);
                Some(Value::Symbol(length))
            }
            Asks::Filled => Some(self.comparison(&Name::new("!="), Value::Symbol(length), Value::Int(0))),
            Asks::Empty | Asks::Contents => Some(is_empty),
        }
    }

    /// The answer to a call that only asks: whether a map has a key.
    pub(super) fn answer_to_call(&mut self, calling: &Calling, model: ModelId) -> Option<Value> {
        let asks = self.models.function(model).asks.filter(|asks| *asks == Asks::Contents);
        let receiver = calling.receiver.as_ref().filter(|_| asks.is_some())?.value.clone();
        let [argument] = calling.args.as_slice() else { return None };
        let of = matches!(receiver, Value::Symbol(_) | Value::Pointer(..));
        of.then(|| self.answer_of_contents(model, &receiver, &argument.value))
    }

    fn answer_of_contents(&mut self, model: ModelId, of: &Value, argument: &Value) -> Value {
        let contents = Value::Symbol(self.asking(CONTENTS, of));
        let symbol = Symbol::of((model, &contents, argument));
        let op = self.models.function(model).name.clone();
        self.derived(symbol, op, contents, argument.clone());
        Value::Symbol(symbol)
    }

    /// The symbol of an answer.
    fn asking(&mut self, op: &'static str, of: &Value) -> Symbol {
        let symbol = asked(op, of);
        self.derived(symbol, Name::new(op), of.clone(), Value::Null);
        symbol
    }

    fn is_now(&self, part: &Part) -> bool {
        let Part::Symbol(symbol) = part else { return false };
        self.comparisons.get(symbol).is_some_and(|known| known.op == LENGTH[1] || known.op == CONTENTS)
    }

    /// Whether a value is never less than nothing: a length, and an address, which nobody takes for a negative number.
    pub(super) fn is_count(&self, value: &Value) -> bool {
        match value {
            Value::Address(_) => true,
            Value::Symbol(symbol) => {
                self.comparisons.get(symbol).is_some_and(|known| LENGTH.contains(&known.op.as_str()))
            }
            _ => false,
        }
    }

    /// Somebody gets a value who may change what is in it.
    pub(super) fn forget_answers(&self, path: &mut Path, of: &Value) {
        if path.known.is_empty() || !matches!(of, Value::Symbol(_) | Value::Pointer(..)) {
            return;
        }
        self.renew(path, asked(LENGTH[1], of));
        self.forget_contents(path, of);
    }

    /// An element is put where another one may be.
    pub(super) fn forget_contents(&self, path: &mut Path, of: &Value) {
        if !path.known.is_empty() {
            self.renew(path, asked(CONTENTS, of));
        }
    }

    /// Other code ran: what was in a collection may not be there any more.
    pub(super) fn forget_all_answers(&self, path: &mut Path) {
        let is_answer = |fact: &Fact| {
            let comparison = self.comparisons.get(&fact.symbol());
            comparison.is_some_and(|comparison| comparison.parts.iter().any(|part| self.is_now(part)))
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
