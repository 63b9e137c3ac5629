//! Where the fields of two structs lie.

use super::calls::{Machine, SIGNED, differs_in_sign};
use crate::link::abi::{Abi, Field, Sign, StructAbi, Width};
use crate::target::TargetSet;
use crate::violation::LayoutMisfit;

/// A scalar of a struct.
#[derive(Clone, Debug)]
struct Part {
    at: u64,
    bytes: u64,
    is_float: bool,
    sign: Sign,
    /// It is one of an array of bytes, which may stand for anything.
    is_filling: bool,
    name: String,
}

/// Scalars of one struct that are compared; larger ones are taken to fit.
const MAX_PARTS: usize = 4096;

/// Structs in structs that are followed; deeper ones are not known.
const MAX_DEPTH: usize = 8;

/// In what two layouts differ, and where that counts; signs where Dart may read what native code wrote.
pub(super) fn misfit(bound: &StructAbi, defined: &StructAbi, is_read: bool) -> Option<Found> {
    let on = |machine: Machine| {
        let (a, a_size) = parts(bound.fields.as_deref()?, machine)?;
        let (b, b_size) = parts(defined.fields.as_deref()?, machine)?;
        compare(&a, a_size, &b, b_size).or_else(|| is_read.then(|| signs(&a, &b)).flatten())
    };
    match (on(Machine::Windows), on(Machine::Others)) {
        (Some(misfit), Some(_)) => Some(Found { misfit, targets: TargetSet::ALL, is_narrow: false }),
        (Some(misfit), None) => Some(Found { misfit, targets: Machine::Windows.targets(), is_narrow: false }),
        (None, Some(misfit)) => Some(Found { misfit, targets: Machine::Others.targets(), is_narrow: false }),
        (None, None) => {
            let misfit = on(Machine::Narrow)?;
            Some(Found { misfit, targets: Machine::Narrow.targets(), is_narrow: true })
        }
    }
}

/// In what two layouts differ.
pub(super) struct Found {
    pub(super) misfit: LayoutMisfit,
    pub(super) targets: TargetSet,
    /// On targets of 32 bits only.
    pub(super) is_narrow: bool,
}

/// The first field that is read with another sign.
fn signs(bound: &[Part], defined: &[Part]) -> Option<LayoutMisfit> {
    bound.iter().filter(|part| SIGNED.contains(&part.bytes)).find_map(|part| {
        let other = defined.iter().find(|other| other.at == part.at && other.bytes == part.bytes)?;
        let bound_is_signed = differs_in_sign(part.sign, other.sign)?;
        Some(LayoutMisfit::Sign { bound: part.name.as_str().into(), bound_is_signed })
    })
}

fn compare(bound: &[Part], bound_size: u64, defined: &[Part], defined_size: u64) -> Option<LayoutMisfit> {
    // A field where the other struct has padding may name that padding, or be the first that is too narrow.
    let mut in_padding: Option<(usize, &Part)> = None;
    for (index, part) in bound.iter().enumerate().filter(|(_, part)| !part.is_filling) {
        let end = part.at + part.bytes;
        let over: Vec<&Part> =
            defined.iter().filter(|other| other.at < end && part.at < other.at + other.bytes).collect();
        let fits = match over.as_slice() {
            [] => end <= defined_size,
            [only] => {
                only.is_filling || (only.at == part.at && only.bytes == part.bytes && only.is_float == part.is_float)
            }
            several => several.iter().all(|other| other.is_filling),
        };
        if fits && over.is_empty() {
            in_padding = in_padding.or(Some((index, part)));
        }
        if !fits {
            let (part, native) = match in_padding {
                Some((index, first)) => (first, defined.get(index)),
                None => (part, over.first().copied()),
            };
            let native = native.map(|other| other.name.as_str().into());
            return Some(LayoutMisfit::Field { bound: part.name.as_str().into(), defined: native });
        }
    }
    (bound_size != defined_size).then_some(LayoutMisfit::Size { bound: bound_size, defined: defined_size })
}

/// The scalars of a struct and its size; `None` where something is not known.
fn parts(fields: &[Field], machine: Machine) -> Option<(Vec<Part>, u64)> {
    let mut parts = Vec::new();
    let (size, _) = place(fields, machine, 0, "", &mut parts, MAX_DEPTH)?;
    Some((parts, size))
}

/// Adds a struct that begins at `start`; its size and alignment.
fn place(
    fields: &[Field],
    machine: Machine,
    start: u64,
    prefix: &str,
    parts: &mut Vec<Part>,
    depth: usize,
) -> Option<(u64, u64)> {
    let left = depth.checked_sub(1)?;
    let (mut at, mut widest) = (start, 1);
    for field in fields {
        let name = format!("{prefix}{}", field.name);
        for turn in 0..field.count {
            if parts.len() >= MAX_PARTS {
                return None;
            }
            let align;
            match &field.value.abi {
                Abi::Struct(inner) => {
                    let inner = inner.fields.as_deref()?;
                    align = alignment(inner, machine, left)?;
                    at = at.next_multiple_of(align);
                    let (size, _) = place(inner, machine, at, &format!("{name}."), parts, left)?;
                    at += size;
                }
                scalar => {
                    let (bytes, is_float) = width(scalar, machine)?;
                    let sign = match scalar {
                        Abi::Int(of) => of.sign,
                        _ => Sign::Unknown,
                    };
                    align = bytes;
                    at = at.next_multiple_of(align);
                    let name = if turn == 0 { name.clone() } else { format!("{name}[{turn}]") };
                    let is_filling = bytes == 1 && field.count > 1;
                    parts.push(Part { at, bytes, is_float, sign, is_filling, name });
                    at += bytes;
                }
            }
            widest = widest.max(align);
        }
    }
    Some(((at - start).next_multiple_of(widest), widest))
}

fn alignment(fields: &[Field], machine: Machine, depth: usize) -> Option<u64> {
    let left = depth.checked_sub(1)?;
    let mut widest = 1;
    for field in fields {
        widest = widest.max(match &field.value.abi {
            Abi::Struct(inner) => alignment(inner.fields.as_deref()?, machine, left)?,
            scalar => width(scalar, machine)?.0,
        });
    }
    Some(widest)
}

/// The bytes of a scalar, which are its alignment too, and whether it is a floating-point number.
fn width(abi: &Abi, machine: Machine) -> Option<(u64, bool)> {
    let of = |width: Width| machine.bytes(width).map(u64::from);
    match abi {
        Abi::Bool => Some((1, false)),
        Abi::Int(integer) => Some((of(integer.width)?, false)),
        Abi::Float(bytes) => Some((u64::from(*bytes), true)),
        Abi::Pointer(_) => Some((of(Width::WORD)?, false)),
        // As compilers choose it unless they are told otherwise, which a struct's own text does not say.
        Abi::Enum => Some((4, false)),
        Abi::Unknown | Abi::Void | Abi::Handle | Abi::Text(_) | Abi::Function(_) | Abi::Struct(_) => None,
    }
}
