//! The libraries that Dart files open by name: they say which platforms a file speaks of.

use rayon::prelude::*;
use std::sync::Arc;

use crate::ir::{Arg, Base, Callee, Const, Function, LocalId, Op, Operand, Projection, Unit};
use crate::target::TargetSet;

use super::FileContext;

/// Libraries of the system: code that opens them may bind another one, too.
const SYSTEM: [&str; 16] = [
    "advapi32",
    "gdi32",
    "kernel32",
    "libc",
    "libdl",
    "libm",
    "libpthread",
    "libsystem",
    "msvcrt",
    "ntdll",
    "ole32",
    "oleaut32",
    "shell32",
    "ucrtbase",
    "user32",
    "ws2_32",
];

/// Narrows what files speak of that open libraries of some platforms only, and bind nothing in another way.
pub(super) fn narrow(units: &[Arc<Unit>], files: &mut [FileContext]) {
    units.par_iter().zip(files).filter(|(unit, _)| !unit.language.is_native()).for_each(|(unit, file)| {
        if !unit.bindings.is_empty() {
            return;
        }
        let opened = unit.functions.iter().flat_map(opened).try_fold(TargetSet::NONE, |all, on| Some(all.or(on?)));
        let both = opened.map_or(TargetSet::NONE, |opened| file.speaks_of.and(opened));
        if !both.is_empty() {
            file.speaks_of = both;
        }
    });
}

/// For each library that a function opens its platforms; nothing for one that may be of any.
fn opened(function: &Function) -> Vec<Option<TargetSet>> {
    let mut classes: Vec<LocalId> = Vec::new();
    let mut found = Vec::new();
    for statement in function.blocks.iter().flat_map(|block| &block.ops) {
        match &statement.op {
            Op::Load { to, from, .. } => {
                let is_class = match (&from.base, from.path.last()) {
                    (Base::Name(name), None) => name == LIBRARY,
                    (_, Some(Projection::Field(name))) => name == LIBRARY,
                    _ => false,
                };
                if is_class {
                    classes.push(*to);
                }
            }
            Op::Call(call) => {
                let Callee::Method { receiver: Operand::Local(receiver), name } = &call.callee else { continue };
                if classes.contains(receiver) {
                    match name.as_str() {
                        "open" => found.extend(library(call.args.first())),
                        _ => found.push(None),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

const LIBRARY: &str = "DynamicLibrary";

/// The platforms of a library by its file name: `None` where it says nothing, and nothing known where it is computed.
fn library(name: Option<&Arg>) -> Option<Option<TargetSet>> {
    let Some(Arg { value: Operand::Const(Const::Str(path)), .. }) = name else { return Some(None) };
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let stem = file.split('.').next().unwrap_or(&file);
    if SYSTEM.contains(&stem) {
        return None;
    }
    let is_so = file.ends_with(".so") || file.contains(".so.");
    Some(match () {
        () if file.ends_with(".dll") => Some(TargetSet::WINDOWS),
        () if is_so => Some(TargetSet::LINUX.or(TargetSet::ANDROID).or(TargetSet::OHOS)),
        () if file.ends_with(".dylib") || path.contains(".framework") => Some(TargetSet::MACOS.or(TargetSet::IOS)),
        () => None,
    })
}
