//! In what two descriptions of a call differ, and on which targets that counts.

use std::ops::RangeInclusive;

use super::same_name;
use crate::link::abi::{Abi, CallAbi, Integer, Sign, Value, Width};
use crate::target::TargetSet;
use crate::violation::{Differing, Disagreement, Slot};

/// A kind of target, as far as widths go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// Windows of 64 bits.
    Windows,
    /// Everything else of 64 bits.
    Others,
    /// 32 bits.
    Narrow,
}

impl Machine {
    /// The targets that are such machines. Of those that Dart builds for, Android is the one that still has 32 bits by
    /// default (https://docs.flutter.dev/deployment/android#what-are-the-supported-target-architectures).
    pub(super) fn targets(self) -> TargetSet {
        match self {
            Self::Windows => TargetSet::WINDOWS,
            Self::Others => TargetSet::ALL.minus(TargetSet::WINDOWS),
            Self::Narrow => TargetSet::ANDROID,
        }
    }

    /// The bytes of an integer, where they are known.
    pub(super) fn bytes(self, width: Width) -> Option<u8> {
        let bytes = match self {
            Self::Windows => width.windows,
            Self::Others => width.others,
            Self::Narrow => width.narrow,
        };
        (bytes > 0).then_some(bytes)
    }

    fn differ(self, a: Width, b: Width) -> bool {
        matches!((self.bytes(a), self.bytes(b)), (Some(a), Some(b)) if a != b)
    }
}

/// Where a call passes more in an argument's place than it is: Apple packs what is on the stack, and puts variadic
/// arguments there (https://developer.apple.com/documentation/xcode/writing-arm64-code-for-apple-platforms).
const APPLE: TargetSet = TargetSet::MACOS.or(TargetSet::IOS);

/// The whole numbers and addresses among the arguments that have registers on arm64.
const IN_REGISTERS: usize = 8;

/// The worst in which a binding differs from a definition.
pub(super) fn misfit(bound: &CallAbi, defined: &CallAbi) -> Option<(Disagreement, TargetSet)> {
    let (declared, has) = (bound.params.len(), defined.params.len());
    if declared < has || (declared > has && defined.variadic_from.is_none()) {
        return Some((Disagreement::Arity { bound: declared, defined: has }, TargetSet::ALL));
    }
    let values = values(bound, defined, Caller::Dart);
    values
        .kind
        .or_else(|| variadic(bound, defined))
        .or_else(|| callbacks(bound, defined))
        .or(values.sign)
        .or(values.narrow)
}

/// Who calls, and passes the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Dart,
    Native,
}

/// The first value that differs in each way.
#[derive(Default)]
struct Values {
    kind: Option<(Disagreement, TargetSet)>,
    sign: Option<(Disagreement, TargetSet)>,
    narrow: Option<(Disagreement, TargetSet)>,
}

fn values(bound: &CallAbi, defined: &CallAbi, caller: Caller) -> Values {
    let params = bound.params.iter().zip(&defined.params).enumerate();
    let params = params.map(|(at, (bound, defined))| (Slot::Param(at), bound, defined));
    let mut values = Values::default();
    let mut taken = 0;
    for (slot, bound, defined) in params.chain([(Slot::Result, &bound.result, &defined.result)]) {
        let place = Place { slot, caller, is_packed: caller == Caller::Dart && taken >= IN_REGISTERS };
        // Numbers with a fraction have registers of their own; what is not known may have none.
        let is_whole = matches!(bound.abi, Abi::Int(_) | Abi::Bool | Abi::Enum | Abi::Pointer(_) | Abi::Handle);
        taken += usize::from(is_whole);
        let Some((differing, targets)) = value(place, bound, defined) else { continue };
        let first = match differing {
            Differing::Kind => &mut values.kind,
            Differing::Sign { .. } => &mut values.sign,
            Differing::NarrowWidth => &mut values.narrow,
        };
        let (bound, defined) = (bound.name.clone(), defined.name.clone());
        first.get_or_insert((Disagreement::Value { slot, bound, defined, differing }, targets));
    }
    values
}

/// Which arguments go where variadic ones go.
fn variadic(bound: &CallAbi, defined: &CallAbi) -> Option<(Disagreement, TargetSet)> {
    let begins = |call: &CallAbi| call.variadic_from.unwrap_or(usize::MAX);
    let (a, b) = (begins(bound), begins(defined));
    let passed = bound.params.iter().enumerate();
    let mut misplaced = passed.filter(|(at, _)| (*at >= a) != (*at >= b)).map(|(_, value)| &value.abi).peekable();
    misplaced.peek()?;
    // Windows reads variadic arguments from integer registers
    // (https://learn.microsoft.com/cpp/build/x64-calling-convention#varargs).
    let is_float = misplaced.any(|abi| matches!(abi, Abi::Float(_)));
    let targets = if is_float { APPLE.or(TargetSet::WINDOWS) } else { APPLE };
    Some((Disagreement::Variadic { bound: bound.variadic_from, defined: defined.variadic_from }, targets))
}

/// The first callback that native code calls otherwise than Dart expects.
fn callbacks(bound: &CallAbi, defined: &CallAbi) -> Option<(Disagreement, TargetSet)> {
    let params = bound.params.iter().zip(&defined.params).enumerate();
    params.into_iter().find_map(|(param, (bound, defined))| {
        let (differs, targets) = callback(function_behind(&bound.abi)?, function_behind(&defined.abi)?)?;
        Some((Disagreement::Callback { param, differs: Box::new(differs) }, targets))
    })
}

fn function_behind(abi: &Abi) -> Option<&CallAbi> {
    match abi {
        Abi::Pointer(to) => match &**to {
            Abi::Function(Some(call)) => Some(call),
            _ => None,
        },
        _ => None,
    }
}

fn callback(bound: &CallAbi, defined: &CallAbi) -> Option<(Disagreement, TargetSet)> {
    let (takes, given) = (bound.params.len(), defined.params.len());
    // Arguments that nobody takes do no harm.
    if takes > given {
        return Some((Disagreement::Arity { bound: takes, defined: given }, TargetSet::ALL));
    }
    let values = values(bound, defined, Caller::Native);
    values.kind.or(values.sign).or(values.narrow)
}

/// Where a value is passed.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: Slot,
    caller: Caller,
    /// On the stack, where Apple leaves no room between arguments.
    is_packed: bool,
}

/// In what a value differs, and where that counts.
fn value(place: Place, bound: &Value, defined: &Value) -> Option<(Differing, TargetSet)> {
    let Place { slot, caller, is_packed } = place;
    let is_param = slot != Slot::Result;
    // Before there was `Bool` people passed 0 or 1 in an `Int32`: the byte that is read is right wherever an argument
    // has a register or a slot of eight bytes.
    if is_param && let (Abi::Int(_), Abi::Bool) = (&bound.abi, &defined.abi) {
        return is_packed.then_some((Differing::Kind, APPLE));
    }
    let reading = Reading {
        by_dart: is_param == (caller == Caller::Native),
        through: !is_param || caller == Caller::Native || !defined.is_read_only,
    };
    let on = |machine: Machine| Some((reading.differing(machine, &bound.abi, &defined.abi)?, machine.targets()));
    match (on(Machine::Windows), on(Machine::Others)) {
        (Some((a, on_windows)), Some((b, others))) if a == b => Some((a, on_windows.or(others))),
        (Some((Differing::Kind, targets)), _) | (_, Some((Differing::Kind, targets))) => {
            Some((Differing::Kind, targets))
        }
        (found @ Some(_), _) | (_, found @ Some(_)) => found,
        (None, None) => match on(Machine::Narrow) {
            Some((Differing::Kind, targets)) => Some((Differing::NarrowWidth, targets)),
            _ => None,
        },
    }
}

/// How a value is read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// By Dart; else by native code.
    by_dart: bool,
    /// Dart may read what native code wrote behind an address.
    through: bool,
}

impl Reading {
    fn differing(self, machine: Machine, bound: &Abi, defined: &Abi) -> Option<Differing> {
        let (written, read) = if self.by_dart { (defined, bound) } else { (bound, defined) };
        match (written, read) {
            // A result that nobody reads.
            (_, Abi::Void) | (Abi::Void, Abi::Unknown | Abi::Handle) => None,
            // One word may stand for integers and for nothing.
            (Abi::Void, Abi::Int(of)) if of.width == Width::of(0) => None,
            (Abi::Void, _) => Some(Differing::Kind),
            _ => self.direct(machine, bound, defined),
        }
    }

    /// Values passed as they are.
    fn direct(self, machine: Machine, bound: &Abi, defined: &Abi) -> Option<Differing> {
        use Abi::{Bool, Enum, Float, Int, Pointer, Struct};
        let kind = |differs: bool| differs.then_some(Differing::Kind);
        match (bound, defined) {
            (Bool, Int(of)) | (Int(of), Bool) => kind(machine.differ(of.width, Width::BYTE)),
            (Int(a), Int(b)) => integers(machine, *a, *b, self.by_dart),
            (Float(a), Float(b)) => kind(a != b),
            (Float(_), Int(_) | Bool | Enum | Pointer(_)) | (Int(_) | Bool | Enum | Pointer(_), Float(_)) => kind(true),
            // An integer may carry an address.
            (Pointer(_), Int(of)) | (Int(of), Pointer(_)) => kind(machine.differ(of.width, Width::WORD)),
            (Pointer(_), Bool | Enum) | (Bool | Enum, Pointer(_)) => kind(true),
            (Pointer(_), Struct(of)) | (Struct(of), Pointer(_)) => kind(of.fields.is_some()),
            (Pointer(a), Pointer(b)) => self.pointee(machine, a, b),
            _ => None,
        }
    }

    /// What two pointers lead to.
    fn pointee(self, machine: Machine, bound: &Abi, defined: &Abi) -> Option<Differing> {
        use Abi::{Float, Int, Pointer, Struct, Text};
        let kind = |differs: bool| differs.then_some(Differing::Kind);
        let is_byte = |of: &Integer| of.width == Width::BYTE;
        match (bound, defined) {
            // Text where a table of pointers is wanted, and the reverse.
            (Text(_), Pointer(_)) => kind(true),
            (Pointer(to), Int(of)) if is_byte(of) && matches!(**to, Text(_)) => kind(true),
            // Bytes stand for anything.
            (Int(of), _) | (_, Int(of)) if is_byte(of) => None,
            (Int(a), Int(b)) => integers(machine, *a, *b, self.through),
            (Text(2), Int(of)) => kind(machine.differ(of.width, Width::of(2))),
            (Float(a), Float(b)) => kind(a != b),
            (Float(a), Int(of)) | (Int(of), Float(a)) => kind(machine.differ(of.width, Width::of(*a))),
            // A cell of an address's width may hold one.
            (Pointer(_), Int(of)) | (Int(of), Pointer(_)) => kind(machine.differ(of.width, Width::WORD)),
            (Pointer(_), Float(_)) | (Float(_), Pointer(_)) => kind(true),
            (Pointer(to), Struct(of)) | (Struct(of), Pointer(to)) => match &**to {
                Struct(inner) => kind(same_name(&inner.name, &of.name)),
                _ => None,
            },
            (Pointer(a), Pointer(b)) => self.pointee(machine, a, b),
            _ => None,
        }
    }
}

/// Two integers; their signs count where the one that Dart reads may be another than what was written.
fn integers(machine: Machine, bound: Integer, defined: Integer, is_read: bool) -> Option<Differing> {
    if machine.differ(bound.width, defined.width) {
        return Some(Differing::Kind);
    }
    let bytes = u64::from(machine.bytes(bound.width)?);
    let bound_is_signed = differs_in_sign(bound.sign, defined.sign)?;
    (is_read && SIGNED.contains(&bytes) && bound.width == defined.width).then_some(Differing::Sign { bound_is_signed })
}

/// The bytes of integers whose sign counts: one is a truth or a character as often as a number, and eight are a Dart
/// `int` with either sign.
pub(super) const SIGNED: RangeInclusive<u64> = 2..=4;

/// Whether the first is signed, where the second is not or the reverse.
pub(super) fn differs_in_sign(bound: Sign, defined: Sign) -> Option<bool> {
    match (bound, defined) {
        (Sign::Signed, Sign::Unsigned) => Some(true),
        (Sign::Unsigned, Sign::Signed) => Some(false),
        _ => None,
    }
}
