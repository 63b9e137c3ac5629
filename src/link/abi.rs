//! What a value is when it crosses the boundary: width, kind and pointee, in the types of Dart, C, C++ and Rust alike.
//!
//! What is not known for certain is [`Abi::Unknown`]: types that only a build system's include paths would tell,
//! type parameters, types of several meanings.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::sync::Arc;

use super::env::Env;
use super::foreign::{last_segment, nearest};
use super::types::MAX_DEPTH;
use super::{ClassRef, FuncRef, Ty, scalars};
use crate::ir::{ClassId, ClassKind, Const, Function, Name, TypeRef, Unit, Variable};
use crate::language::Language;

/// What a call passes and gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct CallAbi {
    /// The parameters.
    pub params: Vec<Value>,
    /// From which of them on they are variadic: in a binding those of `VarArgs`, in a definition what `...` stands for.
    pub variadic_from: Option<usize>,
    /// What comes back.
    pub result: Value,
}

/// A value, and how its type is called in its language.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub abi: Abi,
    /// The type for people; empty where none was written.
    pub name: Name,
    /// It is an address through which its owner only reads.
    pub is_read_only: bool,
}

/// What a value is at the boundary.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Abi {
    /// Not known.
    #[default]
    Unknown,
    /// Nothing; below a pointer: anything.
    Void,
    /// A handle of the Dart API.
    Handle,
    /// A boolean of one byte.
    Bool,
    /// An integer.
    Int(Integer),
    /// An enumeration, whose width the compiler chooses.
    Enum,
    /// A floating-point number of so many bytes.
    Float(u8),
    /// Characters of so many bytes, below a pointer: `Utf8`, `Utf16`.
    Text(u8),
    /// An address.
    Pointer(Box<Abi>),
    /// A function, below a pointer; how it is called where that is known.
    Function(Option<Box<CallAbi>>),
    /// A struct.
    Struct(Box<StructAbi>),
}

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Its bytes.
    pub width: Width,
    /// How its highest bit is read.
    pub sign: Sign,
}

/// How an integer's highest bit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// As a sign.
    Signed,
    /// As part of the number.
    Unsigned,
    /// The target or the compiler decides, or nothing is known.
    Unknown,
}

/// How many bytes an integer takes; 0 where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// On Windows of 64 bits.
    pub windows: u8,
    /// On other targets of 64 bits.
    pub others: u8,
    /// On targets of 32 bits.
    pub narrow: u8,
}

impl Width {
    /// One byte.
    pub const BYTE: Self = Self::of(1);
    /// As wide as an address.
    pub const WORD: Self = Self { windows: 8, others: 8, narrow: 4 };
    /// `wchar_t`: on 32-bit targets it depends on the system as well.
    pub const WCHAR: Self = Self { windows: 2, others: 4, narrow: 4 };

    /// The same everywhere.
    #[must_use]
    pub const fn of(bytes: u8) -> Self {
        Self { windows: bytes, others: bytes, narrow: bytes }
    }
}

/// A struct at the boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct StructAbi {
    /// Its declaration.
    pub class: ClassRef,
    /// Its name.
    pub name: Name,
    /// Its fields in order, where all of them are known.
    pub fields: Option<Vec<Field>>,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// What it is; of an array what its elements are.
    pub value: Value,
    /// How many elements an array has; 1 for others.
    pub count: u32,
}

/// Structs in structs that are followed.
const MAX_NESTING: usize = 4;

/// The native function type that a binding gives.
pub(super) fn of_dart(env: &Env<'_>, signature: &Ty) -> Option<CallAbi> {
    let Ty::Function(result, params) = signature else { return None };
    Some(Dart { env }.call(result, params, MAX_NESTING))
}

/// What the declaration of a native function says.
pub(super) fn of_native(env: &Env<'_>, includes: &Includes<'_>, function: FuncRef) -> CallAbi {
    let declared = env.function(function);
    let visible = includes.visible_from(function.unit);
    let open = open_names(env, declared, function.unit);
    let reader = Native { env, unit: function.unit, open, visible: visible.as_ref() };
    let value = |written: Option<&TypeRef>| reader.value(written);
    let params = declared.params.iter().map(|param| {
        let local = declared.locals.get(param.local.index());
        value(local.and_then(|local| local.ty.as_ref()))
    });
    let params: Vec<Value> = params.collect();
    let result = match &declared.result {
        None if reader.is_rust() => Value { abi: Abi::Void, name: "()".into(), is_read_only: false },
        written => value(written.as_ref()),
    };
    let variadic_from = declared.is_variadic.then_some(params.len());
    CallAbi { params, variadic_from, result }
}

fn open_names(env: &Env<'_>, function: &Function, unit: u32) -> Vec<Name> {
    let class = function.class.and_then(|class| env.units[unit as usize].classes.get(class.index()));
    let of_class = class.into_iter().flat_map(|class| &class.type_params);
    function.type_params.iter().chain(of_class).cloned().collect()
}

/// Types of `dart:ffi`.
struct Dart<'e> {
    env: &'e Env<'e>,
}

impl Dart<'_> {
    fn call(&self, result: &Ty, params: &[Ty], depth: usize) -> CallAbi {
        let mut call = CallAbi { params: Vec::new(), variadic_from: None, result: self.value(result, depth) };
        for param in params {
            match param {
                Ty::Model(class, args) if self.env.is_ffi(*class, "VarArgs") => {
                    call.variadic_from = Some(call.params.len());
                    match args.first() {
                        Some(Ty::Record(fields)) => {
                            call.params.extend(fields.iter().map(|(_, ty)| self.value(ty, depth)));
                        }
                        Some(ty) => call.params.push(self.value(ty, depth)),
                        None => {}
                    }
                }
                param => call.params.push(self.value(param, depth)),
            }
        }
        call
    }

    fn value(&self, ty: &Ty, depth: usize) -> Value {
        Value { abi: self.abi(ty, depth), name: self.name(ty, MAX_DEPTH).into(), is_read_only: false }
    }

    fn abi(&self, ty: &Ty, depth: usize) -> Abi {
        let env = self.env;
        match ty {
            Ty::Model(class, args) => {
                let info = env.models.ty(*class);
                if Some(info.pack) != env.ffi {
                    return match info.name.as_str() {
                        "Utf8" => Abi::Text(1),
                        "Utf16" => Abi::Text(2),
                        _ => Abi::Unknown,
                    };
                }
                if let Some(scalar) = scalars::of_dart(&info.name) {
                    return scalar;
                }
                match info.name.as_str() {
                    "Void" | "NativeType" | "Opaque" => Abi::Void,
                    "Handle" => Abi::Handle,
                    "NativeFunction" => Abi::Function(match (args.first(), depth.checked_sub(1)) {
                        (Some(Ty::Function(result, params)), Some(depth)) => {
                            Some(Box::new(self.call(result, params, depth)))
                        }
                        _ => None,
                    }),
                    "Pointer" => Abi::Pointer(Box::new(match (args.first(), depth.checked_sub(1)) {
                        (Some(to), Some(depth)) => self.abi(to, depth),
                        _ => Abi::Unknown,
                    })),
                    _ => Abi::Unknown,
                }
            }
            Ty::Class(class, _) => self.class(*class, depth),
            Ty::Void => Abi::Unknown,
            _ => Abi::Unknown,
        }
    }

    fn class(&self, class: ClassRef, depth: usize) -> Abi {
        let env = self.env;
        let extends = |name: &str| {
            let supers = env.info(class).supers.iter();
            supers.into_iter().any(|ty| matches!(ty, Ty::Model(of, _) if env.is_ffi(*of, name)))
        };
        if extends("Opaque") {
            return Abi::Void;
        }
        if !extends("Struct") {
            return Abi::Unknown;
        }
        let from = &env.units[class.unit as usize];
        let layout = from.layouts.iter().find(|layout| layout.class == class.class && !layout.is_union);
        let declared = env.class(class);
        let scope = super::scope::Scope::new(env, class.unit);
        let fields = layout.filter(|layout| layout.packed.is_none() && depth > 0).and_then(|layout| {
            let field = |(name, written): &(Name, TypeRef)| {
                let ty = scope.ty(&[], written);
                let (ty, count) = match ty {
                    Ty::Model(of, args) if env.is_ffi(of, "Array") => {
                        let variable = declared.fields.iter().find(|field| field.name == *name)?;
                        (args.first().cloned()?, array_length(variable)?)
                    }
                    ty => (ty, 1),
                };
                let abi = self.field(&ty, depth - 1);
                let value = Value { abi, name: self.name(&ty, MAX_DEPTH).into(), is_read_only: false };
                (value.abi != Abi::Unknown).then(|| Field { name: name.clone(), value, count })
            };
            layout.fields.iter().map(field).collect::<Option<Vec<Field>>>()
        });
        // An empty struct stands for one that is not described.
        if fields.as_ref().is_some_and(Vec::is_empty) {
            return Abi::Void;
        }
        Abi::Struct(Box::new(StructAbi { class, name: declared.name.clone(), fields }))
    }

    /// Of a pointer in a struct only that it is one counts.
    fn field(&self, ty: &Ty, depth: usize) -> Abi {
        match ty {
            Ty::Model(class, _) if self.env.is_ffi(*class, "Pointer") => Abi::Pointer(Box::default()),
            ty => self.abi(ty, depth),
        }
    }

    fn name(&self, ty: &Ty, depth: usize) -> String {
        let name = match ty {
            Ty::Model(class, _) => self.env.models.ty(*class).name.to_string(),
            Ty::Class(class, _) => self.env.class(*class).name.to_string(),
            Ty::Void => return "void".into(),
            Ty::Function(result, params) => {
                let Some(left) = depth.checked_sub(1) else { return "Function".into() };
                let params: Vec<_> = params.iter().map(|param| self.name(param, left)).collect();
                return format!("{} Function({})", self.name(result, left), params.join(", "));
            }
            Ty::External(name) | Ty::Parameter(name) => name.to_string(),
            _ => return "?".into(),
        };
        match ty {
            Ty::Model(_, args) if !args.is_empty() && depth > 0 => {
                let args: Vec<_> = args.iter().map(|arg| self.name(arg, depth - 1)).collect();
                format!("{name}<{}>", args.join(", "))
            }
            _ => name,
        }
    }
}

/// `@Array(4)`, `@Array.multi([2, 3])` is not told.
fn array_length(field: &Variable) -> Option<u32> {
    let array = field.annotations.iter().find(|annotation| annotation.name == "Array")?;
    let mut length = 1_u32;
    for (_, arg) in &array.args {
        match arg {
            Const::Int(count) => length = length.checked_mul(u32::try_from(*count).ok()?)?,
            _ => return None,
        }
    }
    (!array.args.is_empty()).then_some(length)
}

/// Which files C and C++ files include, by the last part of the path: where that is the same for several, all of them.
pub(super) struct Includes<'e> {
    units: &'e [Arc<Unit>],
    by_name: FxHashMap<&'e str, Vec<u32>>,
}

impl<'e> Includes<'e> {
    pub(super) fn new(env: &Env<'e>) -> Self {
        let mut by_name: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        for (unit, file) in (0_u32..).zip(env.files) {
            by_name.entry(last_part(&file.path)).or_default().push(unit);
        }
        Self { units: env.units, by_name }
    }

    /// A unit of C or C++ and everything it includes.
    fn visible_from(&self, unit: u32) -> Option<FxHashSet<u32>> {
        let from = self.units.get(unit as usize).filter(|from| from.language != Language::Rust)?;
        let mut seen = FxHashSet::from_iter([unit]);
        let mut todo = vec![from];
        while let Some(from) = todo.pop() {
            for import in &from.directives.imports {
                let name = last_part(import.uri.trim_matches(['<', '>']));
                for &to in self.by_name.get(name).into_iter().flatten() {
                    if seen.insert(to) {
                        todo.extend(self.units.get(to as usize));
                    }
                }
            }
        }
        Some(seen)
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Types of C, C++ and Rust, as a unit writes them.
struct Native<'e> {
    env: &'e Env<'e>,
    unit: u32,
    /// Type parameters.
    open: Vec<Name>,
    /// For C and C++ the units that the function's own includes.
    visible: Option<&'e FxHashSet<u32>>,
}

impl<'e> Native<'e> {
    fn is_rust(&self) -> bool {
        self.env.units[self.unit as usize].language == Language::Rust
    }

    fn elsewhere(&self, unit: u32) -> Self {
        Self { env: self.env, unit, open: Vec::new(), visible: self.visible }
    }

    fn value(&self, written: Option<&TypeRef>) -> Value {
        match written {
            Some(written) => self.value_within(written, MAX_NESTING),
            None => Value { abi: Abi::Unknown, name: Name::default(), is_read_only: false },
        }
    }

    fn value_within(&self, written: &TypeRef, depth: usize) -> Value {
        let rust = self.is_rust();
        // A parameter that is an array or a function is its address.
        let abi = match written.name.as_str() {
            "[]" if !rust => Abi::Pointer(Box::new(self.below(written, 0, depth))),
            "Function" if !rust => Abi::Pointer(Box::new(self.function(written, depth))),
            _ => self.abi(written, depth),
        };
        let name = if rust { in_rust(written, MAX_DEPTH) } else { in_c(written, MAX_DEPTH) };
        let is_read_only = matches!(written.name.as_str(), "*" | "&" | "[]")
            && written.args.first().is_some_and(|to| to.name == "const");
        Value { abi, name: name.into(), is_read_only }
    }

    fn below(&self, written: &TypeRef, at: usize, depth: usize) -> Abi {
        match (written.args.get(at), depth.checked_sub(1)) {
            (Some(to), Some(depth)) => self.abi(to, depth),
            _ => Abi::Unknown,
        }
    }

    fn abi(&self, written: &TypeRef, depth: usize) -> Abi {
        let rust = self.is_rust();
        match written.name.as_str() {
            "const" => return self.below(written, 0, depth),
            "*" => return self.pointer(written, depth),
            "&" | "Box" | "NonNull" => return self.pointer(written, depth),
            "Option" if rust => {
                return match self.below(written, 0, depth) {
                    pointer @ Abi::Pointer(_) => pointer,
                    _ => Abi::Unknown,
                };
            }
            "Function" => return self.function(written, depth),
            "Dart_Handle" => return Abi::Handle,
            _ => {}
        }
        if written.args.is_empty()
            && let Some(abi) = known(last_segment(&written.name), rust)
        {
            return abi;
        }
        if !written.args.is_empty() || self.open.contains(&written.name) {
            return Abi::Unknown;
        }
        match self.named(&written.name, depth) {
            Some(abi) => abi,
            None => scalars::of_headers(last_segment(&written.name)).unwrap_or_default(),
        }
    }

    /// `Function<result, parameters…>`
    fn function(&self, written: &TypeRef, depth: usize) -> Abi {
        let Some(left) = depth.checked_sub(1) else { return Abi::Function(None) };
        let value = |written: &TypeRef| self.value_within(written, left);
        let params: Vec<Value> = written.args.iter().skip(1).map(value).collect();
        // `void (*)()` says nothing of its parameters in C and in headers for both, and reads as `void (*)(void)`.
        let is_open = params.is_empty() && !self.is_rust();
        match written.args.first() {
            Some(result) if !is_open => {
                Abi::Function(Some(Box::new(CallAbi { params, variadic_from: None, result: value(result) })))
            }
            _ => Abi::Function(None),
        }
    }

    fn pointer(&self, written: &TypeRef, depth: usize) -> Abi {
        let Some(to) = written.args.first() else { return Abi::Unknown };
        let inner = if to.name == "const" { to.args.first().unwrap_or(to) } else { to };
        // An address and a length or a table.
        let is_fat = matches!(inner.name.as_str(), "str" | "[]" | "dyn" | "impl" | "CStr" | "std::ffi::CStr");
        if self.is_rust() && is_fat {
            return Abi::Unknown;
        }
        Abi::Pointer(Box::new(self.below(written, 0, depth)))
    }

    /// Those of several declarations that the function sees, as far as includes tell.
    fn seen<T: Copy>(&self, all: Option<&Vec<T>>, unit_of: impl Fn(T) -> u32 + Copy) -> SmallVec<[T; 4]> {
        let is_visible = |one: &T| self.visible.is_none_or(|visible| visible.contains(&unit_of(*one)));
        let seen: Vec<T> = all.into_iter().flatten().copied().filter(is_visible).collect();
        nearest(self.env.units, self.env.files, self.unit, &seen, unit_of).into()
    }

    /// What the project says of a name.
    fn named(&self, name: &Name, depth: usize) -> Option<Abi> {
        let Some(left) = depth.checked_sub(1) else { return Some(Abi::Unknown) };
        let env = self.env;
        let last = last_segment(name);
        let classes = env.foreign.classes.get(last).or_else(|| env.foreign.classes.get(name));
        let classes = self.seen(classes, |class: ClassRef| class.unit);
        let aliases = self.seen(env.foreign.aliases.get(last), |(unit, _): (u32, u32)| unit);
        let mut meanings: Vec<Abi> = Vec::new();
        for (unit, at) in aliases {
            let Some(alias) = env.units[unit as usize].aliases.get(at as usize) else { continue };
            // `typedef struct X X;`
            if alias.target.name == *name || alias.target.name == last {
                continue;
            }
            if !alias.type_params.is_empty() {
                return Some(Abi::Unknown);
            }
            meanings.push(self.elsewhere(unit).abi(&alias.target, left));
        }
        meanings.extend(classes.into_iter().map(|class| self.class(class, left)));
        let mut meanings = meanings.into_iter();
        let first = meanings.next()?;
        Some(meanings.try_fold(first, both).unwrap_or_default())
    }

    fn class(&self, class: ClassRef, depth: usize) -> Abi {
        let env = self.env;
        let declared = env.class(class);
        let from = &env.units[class.unit as usize];
        match declared.kind {
            ClassKind::Enum => return Abi::Enum,
            ClassKind::Class => {}
            _ => return Abi::Unknown,
        }
        if !declared.type_params.is_empty() {
            return Abi::Unknown;
        }
        let layout = from.layouts.iter().find(|layout| layout.class == class.class);
        let reader = self.elsewhere(class.unit);
        if layout.is_some_and(|layout| layout.is_union) {
            return Abi::Unknown;
        }
        let clean = !from.errors.iter().any(|error| error.overlaps(declared.span));
        let layout = layout.filter(|layout| layout.packed.is_none() && !layout.is_partial && clean && depth > 0);
        let fields = layout.and_then(|layout| {
            let field = |(name, written): &(Name, TypeRef)| reader.field(class.class, name, written, depth - 1);
            layout.fields.iter().map(field).collect::<Option<Vec<Field>>>()
        });
        Abi::Struct(Box::new(StructAbi { class, name: declared.name.clone(), fields }))
    }

    fn field(&self, _class: ClassId, name: &Name, written: &TypeRef, depth: usize) -> Option<Field> {
        let (mut of, mut count) = (written, 1_u32);
        while of.name == "[]" || of.name == "const" {
            if of.name == "[]" {
                count = count.checked_mul(of.args.get(1)?.name.parse().ok()?)?;
            }
            of = of.args.first()?;
        }
        let abi = match self.abi(of, depth) {
            Abi::Pointer(_) => Abi::Pointer(Box::default()),
            Abi::Unknown | Abi::Function(_) | Abi::Void => return None,
            abi => abi,
        };
        let text = if self.is_rust() { in_rust(of, MAX_DEPTH) } else { in_c(of, MAX_DEPTH) };
        let value = Value { abi, name: text.into(), is_read_only: false };
        Some(Field { name: name.clone(), value, count })
    }
}

fn alike(a: Option<&[Field]>, b: Option<&[Field]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.name == b.value.name && a.count == b.count)
        }
        (None, None) => true,
        _ => false,
    }
}

/// What two meanings of a name have in common.
fn both(a: Abi, b: Abi) -> Option<Abi> {
    match (a, b) {
        (Abi::Struct(a), Abi::Struct(b)) => {
            let same = a.name == b.name && alike(a.fields.as_deref(), b.fields.as_deref());
            same.then_some(Abi::Struct(a))
        }
        (Abi::Int(a), Abi::Int(b)) if a.width == b.width => {
            let sign = if a.sign == b.sign { a.sign } else { Sign::Unknown };
            Some(Abi::Int(Integer { sign, ..a }))
        }
        (Abi::Function(a), Abi::Function(b)) => Some(Abi::Function(if a == b { a } else { None })),
        (Abi::Pointer(a), Abi::Pointer(b)) => Some(Abi::Pointer(Box::new(both(*a, *b).unwrap_or_default()))),
        (a, b) => (a == b).then_some(a),
    }
}

/// What languages name themselves, and their standard headers.
fn known(name: &str, rust: bool) -> Option<Abi> {
    match name {
        "void" | "()" | "!" | "c_void" => Some(Abi::Void),
        name => scalars::of_native(name, rust),
    }
}

/// A type as C writes it.
fn in_c(ty: &TypeRef, depth: usize) -> String {
    let Some(left) = depth.checked_sub(1) else { return "…".into() };
    let of = |at: usize| ty.args.get(at).map_or_else(|| "?".to_owned(), |arg| in_c(arg, left));
    match ty.name.as_str() {
        "*" if ty.args.first().is_some_and(|to| to.name == "Function") => of(0),
        "*" | "&" => {
            let to = of(0);
            let gap = if to.ends_with(['*', '&']) { "" } else { " " };
            format!("{to}{gap}{}", ty.name)
        }
        "const" if ty.args.first().is_some_and(|to| to.name == "*") => format!("{}const", of(0)),
        "const" => format!("const {}", of(0)),
        "[]" => match ty.args.get(1) {
            Some(length) => format!("{}[{}]", of(0), length.name),
            None => format!("{}[]", of(0)),
        },
        "Function" => {
            let params: Vec<_> = ty.args.iter().skip(1).map(|param| in_c(param, left)).collect();
            format!("{} (*)({})", of(0), params.join(", "))
        }
        name if name.starts_with("anonymous@") => "struct".into(),
        name if ty.args.is_empty() => name.into(),
        name => {
            let args: Vec<_> = ty.args.iter().map(|arg| in_c(arg, left)).collect();
            format!("{name}<{}>", args.join(", "))
        }
    }
}

/// A type as Rust writes it.
fn in_rust(ty: &TypeRef, depth: usize) -> String {
    let Some(left) = depth.checked_sub(1) else { return "…".into() };
    let of = |at: usize| ty.args.get(at).map_or_else(|| "_".to_owned(), |arg| in_rust(arg, left));
    match (ty.name.as_str(), ty.args.first().map(|to| to.name.as_str())) {
        ("*", Some("Function")) => of(0),
        ("*", Some("const")) => format!("*{}", of(0)),
        ("*", _) => format!("*mut {}", of(0)),
        ("&", Some("const")) => format!("&{}", of(0).trim_start_matches("const ")),
        ("&", _) => format!("&mut {}", of(0)),
        ("const", _) => format!("const {}", of(0)),
        ("[]", _) => match ty.args.get(1) {
            Some(length) => format!("[{}; {}]", of(0), length.name),
            None => format!("[{}]", of(0)),
        },
        ("Function", _) => {
            let params: Vec<_> = ty.args.iter().skip(1).map(|param| in_rust(param, left)).collect();
            format!("fn({}) -> {}", params.join(", "), of(0))
        }
        (name, _) if ty.args.is_empty() => name.into(),
        (name, _) => {
            let args: Vec<_> = ty.args.iter().map(|arg| in_rust(arg, left)).collect();
            format!("{name}<{}>", args.join(", "))
        }
    }
}
