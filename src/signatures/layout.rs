//! Where the fields of two structs lie.

use crate::link::abi::{Abi, Field, StructAbi, Width};
use crate::target::TargetSet;
use crate::violation::LayoutMisfit;

/// A scalar of a struct.
#[derive(Clone, Debug)]
struct Part {
    at: u64,
    bytes: u64,
    is_float: bool,
    /// It is one of an array of bytes, which may stand for anything.
    is_filling: bool,
    name: String,
}

/// Scalars of one struct that are compared; larger ones are taken to fit.
const MAX_PARTS: usize = 4096;

/// Structs in structs that are followed; deeper ones are not known.
const MAX_DEPTH: usize = 8;

/// In what two layouts differ, and where that counts.
pub(super) fn misfit(bound: &StructAbi, defined: &StructAbi) -> Option<(LayoutMisfit, TargetSet)> {
    let on = |windows: bool| {
        let (a, a_size) = parts(bound.fields.as_deref()?, windows)?;
        let (b, b_size) = parts(defined.fields.as_deref()?, windows)?;
        compare(&a, a_size, &b, b_size)
    };
    let others = TargetSet::ALL.minus(TargetSet::WINDOWS);
    match (on(true), on(false)) {
        (Some(misfit), Some(_)) => Some((misfit, TargetSet::ALL)),
        (Some(misfit), None) => Some((misfit, TargetSet::WINDOWS)),
        (None, Some(misfit)) => Some((misfit, others)),
        (None, None) => None,
    }
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
fn parts(fields: &[Field], windows: bool) -> Option<(Vec<Part>, u64)> {
    let mut parts = Vec::new();
    let (size, _) = place(fields, windows, 0, "", &mut parts, MAX_DEPTH)?;
    Some((parts, size))
}

/// Adds a struct that begins at `start`; its size and alignment.
fn place(
    fields: &[Field],
    windows: bool,
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
                    align = alignment(inner, windows, left)?;
                    at = at.next_multiple_of(align);
                    let (size, _) = place(inner, windows, at, &format!("{name}."), parts, left)?;
                    at += size;
                }
                scalar => {
                    let (bytes, is_float) = width(scalar, windows)?;
                    align = bytes;
                    at = at.next_multiple_of(align);
                    let name = if turn == 0 { name.clone() } else { format!("{name}[{turn}]") };
                    let is_filling = bytes == 1 && field.count > 1;
                    parts.push(Part { at, bytes, is_float, is_filling, name });
                    at += bytes;
                }
            }
            widest = widest.max(align);
        }
    }
    Some(((at - start).next_multiple_of(widest), widest))
}

fn alignment(fields: &[Field], windows: bool, depth: usize) -> Option<u64> {
    let left = depth.checked_sub(1)?;
    let mut widest = 1;
    for field in fields {
        widest = widest.max(match &field.value.abi {
            Abi::Struct(inner) => alignment(inner.fields.as_deref()?, windows, left)?,
            scalar => width(scalar, windows)?.0,
        });
    }
    Some(widest)
}

/// The bytes of a scalar, which are its alignment too, and whether it is a floating-point number.
fn width(abi: &Abi, windows: bool) -> Option<(u64, bool)> {
    let of = |width: &Width| u64::from(if windows { width.windows } else { width.others });
    match abi {
        Abi::Bool => Some((1, false)),
        Abi::Int(width) => Some((of(width), false)),
        Abi::Float(bytes) => Some((u64::from(*bytes), true)),
        Abi::Pointer(_) => Some((8, false)),
        // As compilers choose it unless they are told otherwise, which a struct's own text does not say.
        Abi::Enum => Some((4, false)),
        Abi::Unknown | Abi::Void | Abi::Handle | Abi::Text(_) | Abi::Function | Abi::Struct(_) => None,
    }
}
