//! What a branch tells of the values it tests.

use super::engine::{Comparison, Engine};
use super::path::{Fact, Flight, Part, Path};
use super::value::{ObjectId, Symbol, Value};
use crate::ir::{BlockId, Cond, Name, Operand, TypeRef};
use crate::link::Ty;
use crate::state::Ownership;
use crate::summary::{Root, StatusKind, ValueTest};

/// The path on which a condition holds, and the one on which it does not; `None` for one that cannot be.
pub(super) type Split = [Option<Path>; 2];

impl Engine<'_> {
    /// Splits a path at a condition.
    pub(super) fn split_on(&self, frame: u32, block: BlockId, path: Path, cond: &Cond) -> Split {
        match cond {
            Cond::Opaque => [Some(path.clone()), Some(path)],
            Cond::Target(targets) => on_targets(path, *targets),
            Cond::IsTrue(operand) => {
                let value = self.operand(frame, &path, operand);
                self.split_true(path, &value)
            }
            Cond::IsNull(operand) => {
                let value = self.operand(frame, &path, operand);
                // An answer is there, whatever it is: `list?.isEmpty ?? true`.
                let is_answer = matches!(&value, Value::Symbol(symbol) if self.comparisons.contains_key(symbol));
                if is_answer && !self.is_native(frame) {
                    return [None, Some(path)];
                }
                let null = if self.is_native(frame) { Value::NullPointer } else { Value::Null };
                split_null(path, &value, &null)
            }
            Cond::Equals(left, right) => {
                let left = self.operand(frame, &path, left);
                let right = self.operand(frame, &path, right);
                self.split_equal(path, &left, &right)
            }
            // A record of another shape is another type: what is left to be asked is whether there is one.
            Cond::Is(operand, ty) if ty.name == TypeRef::RECORD && self.is_record(frame, operand) => {
                let [null, other] = self.split_on(frame, block, path, &Cond::IsNull(operand.clone()));
                [other, null]
            }
            Cond::Is(operand, ty) => {
                let value = self.operand(frame, &path, operand);
                match value {
                    Value::Null => [None, Some(path)],
                    Value::Symbol(symbol) if self.caught.contains(&symbol) => self.split_caught(frame, block, path),
                    _ if self.is_surely(frame, block, &path, operand, &value) => [Some(path), None],
                    _ => on_fact(path, Fact::True(type_test(&value, ty))),
                }
            }
        }
    }

    /// Whether what a path owns is known to be of the type that is asked for: by its type, or as the number that
    /// an address is where it is no object of a library.
    fn is_surely(&self, frame: u32, block: BlockId, path: &Path, operand: &Operand, value: &Value) -> bool {
        let is_owned = value.object().is_some_and(|id| matches!(path.ownership(id), Ownership::Owned(_)));
        let (true, Operand::Local(local), Some(wanted)) = (is_owned, operand, self.resolved(frame).test(block)) else {
            return false;
        };
        let known = self.resolved(frame).types.get(local.index());
        match wanted {
            Ty::Scalar => {
                !matches!((value, known), (Value::Pointer(id, _), Some(Ty::Model(..))) if self.is_handle(*id))
            }
            wanted => self.catches(wanted, known) == Some(true),
        }
    }

    /// Splits on whether a clause catches what is thrown. Where nothing says what that is, it is merely possible that it
    /// passes the clause.
    fn split_caught(&self, frame: u32, block: BlockId, path: Path) -> Split {
        let thrown = path.flight.as_ref().and_then(|flight| flight.thrown.as_ref());
        let caught = self.resolved(frame).test(block);
        match caught.and_then(|caught| self.catches(caught, thrown)) {
            Some(caught) => decided(path, caught),
            None => {
                let mut passed = path.clone();
                passed.doubtful = true;
                passed.flight = Some(Flight::of(None));
                [Some(path), Some(passed)]
            }
        }
    }

    /// Notes what a condition compares, so that the answer is known as long as the values are.
    pub(super) fn note_condition(&mut self, frame: u32, path: &Path, cond: &Cond) {
        match cond {
            Cond::Equals(left, right) => {
                let [left, right] = [left, right].map(|operand| self.operand(frame, path, operand));
                self.comparison(&Name::new("=="), left, right);
            }
            Cond::Is(operand, ty) => {
                let value = self.operand(frame, path, operand);
                let symbol = type_test(&value, ty);
                self.derived(symbol, Name::new("is"), value, Value::Null);
            }
            _ => {}
        }
    }

    /// A symbol that stands for what was asked of one value or two.
    pub(super) fn derived(&mut self, symbol: Symbol, op: Name, left: Value, right: Value) {
        if !self.comparisons.contains_key(&symbol) {
            let parts = [&left, &right].into_iter().filter_map(|value| self.part(value)).collect();
            self.comparisons.insert(symbol, Comparison { op, left, right, parts });
        }
    }

    /// What must stay for an answer to stay that was given of a value.
    fn part(&self, value: &Value) -> Option<Part> {
        match value {
            Value::Symbol(symbol) if self.constants.contains(symbol) => None,
            Value::Symbol(symbol) | Value::Status(symbol, _) | Value::StatusTest(symbol, _) => {
                Some(Part::Symbol(*symbol))
            }
            Value::Pointer(id, _) | Value::View(id, _) | Value::Address(id) | Value::Scope(id) => {
                Some(Part::Object(*id))
            }
            Value::Element(..) => Some(Part::Passing),
            _ => None,
        }
    }

    /// The symbol of a comparison.
    pub(super) fn comparison(&mut self, op: &Name, left: Value, right: Value) -> Value {
        let symbol = Symbol::of((op.as_str(), &left, &right));
        // Facts are told of the opposite.
        let told_of = match op.as_str() {
            "!=" => "==",
            ">" => "<=",
            ">=" => "<",
            op => op,
        };
        for op in [op, &Name::new(told_of)] {
            let symbol = Symbol::of((op.as_str(), &left, &right));
            self.derived(symbol, op.clone(), left.clone(), right.clone());
        }
        Value::Symbol(symbol)
    }

    /// Splits a path at what a contract asks of an argument.
    pub(super) fn split_argument(&self, path: Path, value: &Value, test: &ValueTest) -> Split {
        let null = match value {
            Value::Pointer(..) | Value::Address(_) => Value::NullPointer,
            _ => Value::Null,
        };
        match test {
            ValueTest::Null => split_null(path, value, &null),
            ValueTest::NonNull => swap(split_null(path, value, &null)),
            ValueTest::Equals(1) => self.split_true(path, value),
            ValueTest::Differs(1) => swap(self.split_true(path, value)),
            ValueTest::Equals(0) => self.split_equal(path, value, &Value::Int(0)),
            ValueTest::Differs(0) => swap(self.split_equal(path, value, &Value::Int(0))),
            _ => [Some(path.clone()), Some(path)],
        }
    }

    /// Whether a condition tests what the analysed function was given.
    pub(super) fn tests_parameter(&self, frame: u32, path: &Path, cond: &Cond) -> bool {
        let tested = |operand| self.comes_from_parameter(path, &self.operand(frame, path, operand));
        match cond {
            Cond::IsTrue(operand) | Cond::IsNull(operand) | Cond::Is(operand, _) => tested(operand),
            Cond::Equals(left, right) => tested(left) || tested(right),
            Cond::Target(_) | Cond::Opaque => false,
        }
    }

    /// The parameter that a condition compares with zero, and whether the condition holds for zero.
    pub(super) fn tests_zero(&self, frame: u32, path: &Path, cond: &Cond) -> Option<(Symbol, bool)> {
        let parameter = |left: &Value, right: &Value| match (left, right) {
            (Value::Symbol(symbol), Value::Int(0)) | (Value::Int(0), Value::Symbol(symbol)) => {
                self.parameters.contains(symbol).then_some(*symbol)
            }
            _ => None,
        };
        match cond {
            Cond::Equals(left, right) => {
                let [left, right] = [left, right].map(|operand| self.operand(frame, path, operand));
                Some((parameter(&left, &right)?, true))
            }
            Cond::IsTrue(operand) => {
                let Value::Symbol(symbol) = self.operand(frame, path, operand) else { return None };
                let comparison = self.comparisons.get(&symbol)?;
                let parameter = parameter(&comparison.left, &comparison.right)?;
                ["!=", "=="].contains(&comparison.op.as_str()).then_some((parameter, comparison.op == "=="))
            }
            Cond::IsNull(_) | Cond::Is(..) | Cond::Target(_) | Cond::Opaque => None,
        }
    }

    pub(super) fn comes_from_parameter(&self, path: &Path, value: &Value) -> bool {
        match value {
            Value::Symbol(symbol) => {
                self.parameters.contains(symbol)
                    || self.comparisons.get(symbol).is_some_and(|comparison| {
                        [&comparison.left, &comparison.right].into_iter().any(|part| match part {
                            Value::Symbol(part) => self.parameters.contains(part),
                            part => self.comes_from_parameter(path, part),
                        })
                    })
            }
            value => value.object().and_then(|id| path.objects.get(&id)).is_some_and(|object| {
                object.path.as_ref().is_some_and(|path| matches!(path.root, Root::Param(_) | Root::Named(_)))
            }),
        }
    }

    fn split_true(&self, path: Path, value: &Value) -> Split {
        match value {
            Value::Bool(true) => [Some(path), None],
            Value::Bool(false) => [None, Some(path)],
            // Where numbers and addresses are conditions too.
            Value::Int(number) => decided(path, *number != 0),
            Value::NullPointer => [None, Some(path)],
            Value::Pointer(..) => swap(split_null(path, value, &Value::NullPointer)),
            Value::TargetTest(targets) => on_targets(path, *targets),
            Value::StatusTest(symbol, success) => {
                let [held, failed] = on_status(path, *symbol);
                if *success { [held, failed] } else { [failed, held] }
            }
            // A BOOL used as one.
            Value::Status(symbol, StatusKind::NonZero) => on_status(path, *symbol),
            Value::Symbol(symbol) => match self.comparisons.get(symbol) {
                Some(comparison) => {
                    let (op, left, right) = (comparison.op.as_str(), &comparison.left, &comparison.right);
                    // Of whole numbers that are never negative, what is less than one is nothing.
                    if *right == Value::Int(1) && matches!(op, "<" | ">=") && self.is_count(left) {
                        let split = self.split_equal(path, left, &Value::Int(0));
                        return if op == "<" { split } else { swap(split) };
                    }
                    if *right == Value::Int(0) && matches!(op, "<=" | ">") && self.is_count(left) {
                        let split = self.split_equal(path, left, right);
                        return if op == "<=" { split } else { swap(split) };
                    }
                    if let Some(split) = self.split_order(&path, &comparison.op, left, right) {
                        return split;
                    }
                    if let Some(truth) = known_by_order(&path, &comparison.op, left, right) {
                        return decided(path, truth);
                    }
                    match comparison.op.as_str() {
                        "==" => self.split_equal(path, left, right),
                        "!=" => swap(self.split_equal(path, left, right)),
                        "<" => split_sign(path, *symbol, left, right),
                        // What is not less is greater or equal: one fact for both ways to ask.
                        ">=" => swap(split_sign(path, Symbol::of(("<", left, right)), left, right)),
                        ">" => swap(on_fact(path, Fact::True(Symbol::of(("<=", left, right))))),
                        _ => on_fact(path, Fact::True(*symbol)),
                    }
                }
                None => on_fact(path, Fact::True(*symbol)),
            },
            _ => [Some(path.clone()), Some(path)],
        }
    }

    fn split_equal(&self, path: Path, left: &Value, right: &Value) -> Split {
        if !self.compares_handle(left, right)
            && let Some(split) = Self::split_sentinel(&path, left, right)
        {
            return split;
        }
        let known = known_by_order(&path, "==", left, right);
        match (left, right) {
            (Value::NullPointer, Value::NullPointer) | (Value::Null, Value::Null) => [Some(path), None],
            // A pointer to an error, or null.
            (Value::NullPointer, Value::Status(symbol, kind)) | (Value::Status(symbol, kind), Value::NullPointer) => {
                on_status_value(path, *symbol, *kind, &Value::Int(0))
            }
            (Value::NullPointer, other) | (other, Value::NullPointer) => split_null(path, other, &Value::NullPointer),
            (Value::Null, other) | (other, Value::Null) => split_null(path, other, &Value::Null),
            (Value::Status(symbol, kind), other) | (other, Value::Status(symbol, kind)) => {
                on_status_value(path, *symbol, *kind, other)
            }
            // `p.address == 0`
            (Value::Address(object), Value::Int(0)) | (Value::Int(0), Value::Address(object)) => {
                split_object(path, *object, &Value::NullPointer)
            }
            (Value::Bool(truth), other) | (other, Value::Bool(truth)) if !matches!(other, Value::Bool(_)) => {
                let split = self.split_true(path, other);
                if *truth { split } else { swap(split) }
            }
            (Value::Int(a), Value::Int(b)) => decided(path, a == b),
            (Value::Pointer(handle, _), other) | (other, Value::Pointer(handle, _))
                if self.is_handle(*handle) && other.object() != Some(*handle) =>
            {
                self.split_handle(path, *handle, left, right)
            }
            (Value::Bool(a), Value::Bool(b)) => decided(path, a == b),
            (Value::Str(a), Value::Str(b)) => decided(path, a == b),
            _ if left == right => [Some(path), None],
            _ if known.is_some() => decided(path, known == Some(true)),
            _ if is_local_and_block(&path, left, right) || is_local_and_block(&path, right, left) => [None, Some(path)],
            _ => {
                let [held, failed] = on_fact(path, Fact::True(Symbol::of(("==", left, right))));
                [held.map(|path| same_as_unknown(path, left, right)), failed]
            }
        }
    }
}

/// The symbol of a test of a value's type.
fn type_test(value: &Value, ty: &crate::ir::TypeRef) -> Symbol {
    Symbol::of(("is", value, ty))
}

/// A block equals what nobody knows: that may be a null by another name, or memory that somebody else has.
pub(super) fn same_as_unknown(mut path: Path, left: &Value, right: &Value) -> Path {
    for (block, other) in [(left, right), (right, left)] {
        if let (Value::Pointer(id, _), Value::Symbol(_)) = (block, other)
            && let Some(object) = path.objects.get_mut(id)
            && matches!(object.ownership, Ownership::Owned(_))
        {
            object.ownership = Ownership::Escaped;
        }
    }
    path
}

/// Whether one leads to a local variable and the other to a block that was allocated: the two are never one.
fn is_local_and_block(path: &Path, local: &Value, block: &Value) -> bool {
    let ownership = |value: &Value| value.object().map(|id| path.ownership(id));
    ownership(local) == Some(Ownership::Local) && matches!(ownership(block), Some(Ownership::Owned(_)))
}

/// What is known of two values that were compared in another way before: one is less, equal or greater.
fn known_by_order(path: &Path, op: &str, left: &Value, right: &Value) -> Option<bool> {
    let known = |op: &str| path.known.get(&Fact::True(Symbol::of((op, left, right)))).copied();
    let less = || match (known("<"), known("<="), known("==")) {
        (Some(less), ..) => Some(less),
        (_, Some(false), _) | (_, _, Some(true)) => Some(false),
        (_, Some(true), Some(false)) => Some(true),
        _ => None,
    };
    let at_most = || match (known("<="), known("<"), known("==")) {
        (Some(at_most), ..) => Some(at_most),
        (_, Some(true), _) | (_, _, Some(true)) => Some(true),
        (_, Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let equal = || match (known("=="), known("<"), known("<=")) {
        (Some(equal), ..) => Some(equal),
        (_, Some(true), _) | (_, _, Some(false)) => Some(false),
        (_, Some(false), Some(true)) => Some(true),
        _ => None,
    };
    match op {
        "<" => less(),
        ">=" => less().map(|less| !less),
        "<=" => at_most(),
        ">" => at_most().map(|at_most| !at_most),
        "==" => equal(),
        "!=" => equal().map(|equal| !equal),
        _ => None,
    }
}

fn swap([held, failed]: Split) -> Split {
    [failed, held]
}

fn decided(path: Path, truth: bool) -> Split {
    if truth { [Some(path), None] } else { [None, Some(path)] }
}

fn on_targets(path: Path, targets: crate::target::TargetSet) -> Split {
    let narrowed = |targets: crate::target::TargetSet| {
        let mut path = path.clone();
        path.targets = targets;
        (!targets.is_empty()).then_some(path)
    };
    [narrowed(path.targets.and(targets)), narrowed(path.targets.minus(targets))]
}

pub(super) fn on_fact(path: Path, fact: Fact) -> Split {
    match path.known.get(&fact) {
        Some(&truth) => decided(path, truth),
        None => {
            let mut held = path.clone();
            held.known.insert(fact, true);
            let mut failed = path;
            failed.known.insert(fact, false);
            [Some(held), Some(failed)]
        }
    }
}

fn split_null(path: Path, value: &Value, null: &Value) -> Split {
    match value {
        // Either kind of null: a nullable pointer may have been given `nullptr`.
        value if value == null => [Some(path), None],
        Value::Null | Value::NullPointer => [None, Some(path)],
        Value::Pointer(object, _) | Value::Address(object) | Value::Scope(object) => split_object(path, *object, null),
        Value::Symbol(symbol) => {
            let [held, failed] = on_fact(path, Fact::Null(*symbol));
            let held = held.map(|mut path| {
                path.replace(value, null);
                path
            });
            [held, failed]
        }
        Value::Element(..) => [Some(path.clone()), Some(path)],
        // Closures, views, numbers: never null.
        _ => [None, Some(path)],
    }
}

pub(super) fn split_object(path: Path, object: ObjectId, null: &Value) -> Split {
    let Some(known) = path.objects.get(&object) else {
        return [Some(path.clone()), Some(path)];
    };
    if known.non_null {
        return [None, Some(path)];
    }
    let mut held = path.clone();
    held.remove(object, null);
    let mut failed = path;
    if let Some(object) = failed.objects.get_mut(&object) {
        object.non_null = true;
    }
    [Some(held), Some(failed)]
}

/// Splits on whether a call succeeded.
pub(super) fn on_status(path: Path, symbol: Symbol) -> Split {
    let [held, failed] = on_fact(path, Fact::Success(symbol));
    [held.map(|path| decide(path, symbol, true)), failed.map(|path| decide(path, symbol, false))]
}

/// Settles which of the objects that hang on a status exist.
fn decide(mut path: Path, symbol: Symbol, success: bool) -> Path {
    let hanging: Vec<(ObjectId, bool)> = path
        .objects
        .iter()
        .filter_map(|(id, object)| {
            object.guard.filter(|(on, _)| *on == symbol).map(|(_, wanted)| (*id, wanted == success))
        })
        .collect();
    for (id, exists) in hanging {
        if exists {
            if let Some(object) = path.objects.get_mut(&id) {
                object.guard = None;
                object.non_null = true;
            }
        } else {
            path.remove(id, &Value::NullPointer);
        }
    }
    path
}

/// A status compared with a value.
fn on_status_value(path: Path, symbol: Symbol, kind: StatusKind, value: &Value) -> Split {
    match (kind, value) {
        (StatusKind::Zero | StatusKind::NonNegative, Value::Int(0)) => on_status(path, symbol),
        (StatusKind::NonZero, Value::Int(0)) => swap(on_status(path, symbol)),
        (StatusKind::NonZero, Value::Int(1)) | (StatusKind::NonZero, Value::Bool(true)) => on_status(path, symbol),
        (StatusKind::Zero, Value::Int(_)) => {
            // Equal to an error code: it failed. Not equal to one: nothing is known.
            let held = decide(path.clone(), symbol, false);
            [Some(held), Some(path)]
        }
        (StatusKind::NonNegative, Value::Int(code)) => [Some(decide(path.clone(), symbol, *code >= 0)), Some(path)],
        _ => {
            // Compared with something unknown: nobody can say what exists.
            let path = give_up(path, symbol);
            [Some(path.clone()), Some(path)]
        }
    }
}

fn split_sign(path: Path, less: Symbol, left: &Value, right: &Value) -> Split {
    match (left, right) {
        // Whoever asks of a code that is zero on success whether it is negative, takes all else for success.
        (Value::Status(symbol, StatusKind::NonNegative | StatusKind::Zero), Value::Int(0)) => {
            swap(on_status(path, *symbol))
        }
        (Value::Status(symbol, _), _) | (_, Value::Status(symbol, _)) => {
            let path = give_up(path, *symbol);
            [Some(path.clone()), Some(path)]
        }
        _ => on_fact(path, Fact::True(less)),
    }
}

fn give_up(mut path: Path, symbol: Symbol) -> Path {
    for object in path.objects.values_mut() {
        if object.guard.is_some_and(|(on, _)| on == symbol) {
            object.ownership = Ownership::Escaped;
            object.guard = None;
        }
    }
    path
}
