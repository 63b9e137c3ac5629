//! Every type that holds a value and no memory, by the names that languages give it: the one list of them.
//!
//! What a name means on 64-bit targets is told apart for Windows; on 32-bit targets it is one for all.

use super::abi::{Abi, Integer, Sign, Width};

/// The native types of `dart:ffi` that read as a number or a truth, in order of their names.
static DART: &[(&str, Option<Abi>)] = &[
    // Its subclasses say what they are per target; itself it is one of which nobody said more.
    ("AbiSpecificInteger", int(UNTOLD, Sign::Unknown)),
    ("Bool", Some(Abi::Bool)),
    ("Char", of_chosen_sign(1)),
    ("Double", Some(Abi::Float(8))),
    ("Float", Some(Abi::Float(4))),
    ("Int", signed(4)),
    ("Int16", signed(2)),
    ("Int32", signed(4)),
    ("Int64", signed(8)),
    ("Int8", signed(1)),
    ("IntPtr", int(WORD, Sign::Signed)),
    ("Long", int(LONG, Sign::Signed)),
    ("LongLong", signed(8)),
    ("Short", signed(2)),
    ("SignedChar", signed(1)),
    ("Size", int(WORD, Sign::Unsigned)),
    ("Uint16", unsigned(2)),
    ("Uint32", unsigned(4)),
    ("Uint64", unsigned(8)),
    ("Uint8", unsigned(1)),
    ("UintPtr", int(WORD, Sign::Unsigned)),
    ("UnsignedChar", unsigned(1)),
    ("UnsignedInt", unsigned(4)),
    ("UnsignedLong", int(LONG, Sign::Unsigned)),
    ("UnsignedLongLong", unsigned(8)),
    ("UnsignedShort", unsigned(2)),
    ("WChar", int(WCHAR, Sign::Unknown)),
];

/// Those of C, C++ and Rust that the language or its standard library names, in order of their names.
static NATIVE: &[(&str, Option<Abi>)] = &[
    ("_Bool", Some(Abi::Bool)),
    ("bool", Some(Abi::Bool)),
    ("c_bool", Some(Abi::Bool)),
    ("c_char", of_chosen_sign(1)),
    ("c_double", Some(Abi::Float(8))),
    ("c_float", Some(Abi::Float(4))),
    ("c_int", signed(4)),
    ("c_long", int(LONG, Sign::Signed)),
    ("c_longlong", signed(8)),
    ("c_schar", signed(1)),
    ("c_short", signed(2)),
    ("c_uchar", unsigned(1)),
    ("c_uint", unsigned(4)),
    ("c_ulong", int(LONG, Sign::Unsigned)),
    ("c_ulonglong", unsigned(8)),
    ("c_ushort", unsigned(2)),
    ("char", of_chosen_sign(1)),
    ("char16_t", unsigned(2)),
    ("char32_t", unsigned(4)),
    ("char8_t", unsigned(1)),
    ("double", Some(Abi::Float(8))),
    ("f32", Some(Abi::Float(4))),
    ("f64", Some(Abi::Float(8))),
    ("float", Some(Abi::Float(4))),
    ("i128", None),
    ("i16", signed(2)),
    ("i32", signed(4)),
    ("i64", signed(8)),
    ("i8", signed(1)),
    ("int", signed(4)),
    ("int16_t", signed(2)),
    ("int32_t", signed(4)),
    ("int64_t", signed(8)),
    ("int8_t", signed(1)),
    ("intptr_t", int(WORD, Sign::Signed)),
    ("isize", int(WORD, Sign::Signed)),
    ("long", int(LONG, Sign::Signed)),
    ("long double", None),
    ("long long", signed(8)),
    ("ptrdiff_t", int(WORD, Sign::Signed)),
    ("short", signed(2)),
    ("signed", signed(4)),
    ("signed char", signed(1)),
    ("size_t", int(WORD, Sign::Unsigned)),
    ("ssize_t", int(WORD, Sign::Signed)),
    ("str", None),
    ("u128", None),
    ("u16", unsigned(2)),
    ("u32", unsigned(4)),
    ("u64", unsigned(8)),
    ("u8", unsigned(1)),
    ("uint16_t", unsigned(2)),
    ("uint32_t", unsigned(4)),
    ("uint64_t", unsigned(8)),
    ("uint8_t", unsigned(1)),
    ("uintptr_t", int(WORD, Sign::Unsigned)),
    ("unsigned", unsigned(4)),
    ("unsigned char", unsigned(1)),
    ("unsigned int", unsigned(4)),
    ("unsigned long", int(LONG, Sign::Unsigned)),
    ("unsigned long long", unsigned(8)),
    ("unsigned short", unsigned(2)),
    ("usize", int(WORD, Sign::Unsigned)),
    ("wchar_t", int(WCHAR, Sign::Unknown)),
];

/// Those that headers of systems and well-known libraries define, in order of their names: a project may give the name
/// another meaning.
static OF_HEADERS: &[(&str, Option<Abi>)] = &[
    // One byte in Objective-C, four on Windows.
    ("BOOL", None),
    ("BYTE", int(ON_WINDOWS_1, Sign::Unsigned)),
    ("CGFloat", None),
    ("DWORD", int(ON_WINDOWS_4, Sign::Unsigned)),
    ("FALSE", None),
    ("HRESULT", int(ON_WINDOWS_4, Sign::Signed)),
    ("INT", int(ON_WINDOWS_4, Sign::Signed)),
    ("LONG", int(ON_WINDOWS_4, Sign::Signed)),
    ("TRUE", None),
    ("UINT", int(ON_WINDOWS_4, Sign::Unsigned)),
    ("ULONG", int(ON_WINDOWS_4, Sign::Unsigned)),
    ("WORD", int(ON_WINDOWS_2, Sign::Unsigned)),
    ("boolean", None),
    ("byte", None),
    // `long` on Windows; https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/sys_types.h.html leaves the sign open.
    ("clock_t", int(LONG, Sign::Unknown)),
    // https://docs.gtk.org/glib/types.html
    ("gboolean", signed(4)),
    ("gchar", of_chosen_sign(1)),
    ("gdouble", Some(Abi::Float(8))),
    ("gfloat", Some(Abi::Float(4))),
    ("gint", signed(4)),
    ("gsize", int(WORD, Sign::Unsigned)),
    ("guint", unsigned(4)),
    // 4 or 8 bytes on 32-bit targets, as the build chooses.
    ("off_t", int(Width { windows: 4, others: 8, narrow: 0 }, Sign::Signed)),
    // 64 bits on Windows unless the build asks for less:
    // https://learn.microsoft.com/cpp/c-runtime-library/reference/time-time32-time64
    ("time_t", int(Width { windows: 8, others: 8, narrow: 0 }, Sign::Signed)),
];

const WORD: Width = Width::WORD;
const LONG: Width = Width { windows: 4, others: 8, narrow: 4 };
const WCHAR: Width = Width::WCHAR;
const UNTOLD: Width = Width::of(0);
const ON_WINDOWS_1: Width = Width { windows: 1, others: 0, narrow: 0 };
const ON_WINDOWS_2: Width = Width { windows: 2, others: 0, narrow: 0 };
const ON_WINDOWS_4: Width = Width { windows: 4, others: 0, narrow: 0 };

const fn int(width: Width, sign: Sign) -> Option<Abi> {
    Some(Abi::Int(Integer { width, sign }))
}

const fn signed(bytes: u8) -> Option<Abi> {
    int(Width::of(bytes), Sign::Signed)
}

const fn unsigned(bytes: u8) -> Option<Abi> {
    int(Width::of(bytes), Sign::Unsigned)
}

/// The compiler or the target chooses the sign.
const fn of_chosen_sign(bytes: u8) -> Option<Abi> {
    int(Width::of(bytes), Sign::Unknown)
}

fn find<'t>(table: &'t [(&str, Option<Abi>)], name: &str) -> Option<&'t Option<Abi>> {
    let at = table.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    table.get(at).map(|(_, abi)| abi)
}

/// Whether a type of `dart:ffi` reads as a number or a truth.
pub(super) fn is_dart(name: &str) -> bool {
    find(DART, name).is_some()
}

/// What a type of `dart:ffi` is at the boundary.
pub(super) fn of_dart(name: &str) -> Option<Abi> {
    find(DART, name).cloned().flatten()
}

/// Whether a type of C, C++ or Rust holds no memory. Names that end in `_t` count too.
pub(super) fn is_native(name: &str) -> bool {
    find(NATIVE, name).or_else(|| find(OF_HEADERS, name)).is_some()
        || name.ends_with("_t")
        || name.starts_with("unsigned")
}

/// What a type is at the boundary that the language itself or its standard library names.
pub(super) fn of_native(name: &str, rust: bool) -> Option<Abi> {
    match name {
        "char" if rust => unsigned(4),
        name => find(NATIVE, name).cloned().flatten(),
    }
}

/// What a type is at the boundary that a system's header names, unless the project does.
pub(super) fn of_headers(name: &str) -> Option<Abi> {
    find(OF_HEADERS, name).cloned().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        for table in [DART, NATIVE, OF_HEADERS] {
            assert!(table.is_sorted_by(|(a, _), (b, _)| a < b));
        }
    }

    #[test]
    fn a_name_is_known_in_its_language() {
        assert_eq!(of_native("char", true), unsigned(4));
        assert_eq!(of_native("char", false), of_chosen_sign(1));
        assert_eq!(of_dart("UnsignedLong"), of_native("unsigned long", false));
        assert!(is_native("AVPixelFormat_t") && is_native("TRUE") && !is_native("Engine"));
        assert!(is_dart("AbiSpecificInteger") && !is_dart("Pointer"));
    }
}
