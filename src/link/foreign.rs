//! Native units: what their names and types mean, and which definitions stand behind a symbol.
//!
//! C, C++ and Rust share one index. Names are found by path and nearness, types by their last segment: without a build
//! system's list of include paths and crates nothing more can be known, and what is ambiguous stays unknown.
//! `resolve` walks the functions.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::env::Env;
use super::types::{self, MAX_DEPTH};
use super::{ClassRef, FileContext, FuncRef, Signature, Ty, VarRef, scalars};
use crate::ir::{ClassId, ClassKind, FunctionId, FunctionKind, Name, TypeRef, Unit};
use crate::language::Language;
use crate::models::{ModelSet, PackId, TypeId};

pub(super) mod resolve;

/// The URIs of the packs that describe the standard libraries.
const RUST: &str = "rust:std";
const CPP: &str = "cpp:std";

/// What native units declare, by name.
#[derive(Default)]
pub(super) struct Foreign {
    /// Functions outside classes that have a definition.
    functions: FxHashMap<Name, Vec<FuncRef>>,
    pub(super) classes: FxHashMap<Name, Vec<ClassRef>>,
    /// By class: its members, those that additions declare included.
    members: FxHashMap<ClassRef, FxHashMap<Name, Vec<FuncRef>>>,
    /// Classes that name another one as their base, by that.
    derived: FxHashMap<ClassRef, Vec<ClassRef>>,
    variables: FxHashMap<Name, Vec<VarRef>>,
    /// Aliases by name: the unit and the place in it.
    pub(super) aliases: FxHashMap<Name, Vec<(u32, u32)>>,
    rust: Option<PackId>,
    cpp: Option<PackId>,
}

impl Foreign {
    pub(super) fn new(units: &[Arc<Unit>], files: &[FileContext], models: &ModelSet) -> Self {
        let mut foreign = Self { rust: models.pack_for_uri(RUST), cpp: models.pack_for_uri(CPP), ..Self::default() };
        for (unit, from) in units.iter().enumerate().filter(|(_, unit)| unit.language.is_native()) {
            foreign.declare(unit as u32, from);
        }
        foreign.attach_members(units, files);
        foreign
    }

    fn declare(&mut self, unit: u32, from: &Unit) {
        for (at, function) in from.functions.iter().enumerate() {
            let outside = function.class.is_none() && function.parent.is_none();
            let kind = matches!(function.kind, FunctionKind::Function | FunctionKind::Operator);
            if outside && kind && !function.is_external {
                let id = FuncRef { unit, function: FunctionId(at as u32) };
                self.functions.entry(function.name.clone()).or_default().push(id);
            }
        }
        for (at, class) in from.classes.iter().enumerate() {
            if class.kind != ClassKind::Extension && !class.name.is_empty() {
                let id = ClassRef { unit, class: ClassId(at as u32) };
                self.classes.entry(last_segment(&class.name).into()).or_default().push(id);
            }
        }
        for (at, variable) in from.variables.iter().enumerate() {
            let id = VarRef { unit, class: None, index: at as u32 };
            self.variables.entry(variable.name.clone()).or_default().push(id);
        }
        for (at, alias) in from.aliases.iter().enumerate() {
            self.aliases.entry(alias.name.clone()).or_default().push((unit, at as u32));
        }
    }

    /// Gathers the members of each class, and who derives from whom.
    fn attach_members(&mut self, units: &[Arc<Unit>], files: &[FileContext]) {
        for (unit, from) in units.iter().enumerate().filter(|(_, unit)| unit.language.is_native()) {
            let unit = unit as u32;
            for (at, class) in from.classes.iter().enumerate() {
                let own = ClassRef { unit, class: ClassId(at as u32) };
                let of = match class.kind {
                    ClassKind::Extension => {
                        class.supertype.as_ref().and_then(|ty| self.class_named(units, files, unit, &ty.name))
                    }
                    _ => Some(own),
                };
                let Some(of) = of else { continue };
                if class.kind != ClassKind::Extension {
                    for base in class.supertype.iter().chain(&class.implements) {
                        if let Some(base) = self.class_named(units, files, unit, &base.name) {
                            self.derived.entry(base).or_default().push(own);
                        }
                    }
                }
                let members = self.members.entry(of).or_default();
                for &member in &class.members {
                    if let Some(function) = from.functions.get(member.index()) {
                        let id = FuncRef { unit, function: member };
                        let known = members.entry(function.name.clone()).or_default();
                        // A definition says more than the declaration in the class.
                        known.retain(|old| !units[old.unit as usize].function(old.function).is_external);
                        if !function.is_external || known.is_empty() {
                            known.push(id);
                        }
                    }
                }
            }
        }
    }

    /// The class that a written name means in a unit: by its last segment, the nearest one.
    fn class_named(&self, units: &[Arc<Unit>], files: &[FileContext], from: u32, name: &str) -> Option<ClassRef> {
        let candidates = self.classes.get(last_segment(name))?;
        let full = |class: ClassRef| &units[class.unit as usize].classes[class.class.index()].name;
        // A scope that is written decides between namespaces.
        let scoped = |class: &&ClassRef| {
            let full = full(**class);
            full == name || full.strip_suffix(name).is_some_and(|scope| scope.ends_with("::"))
        };
        let written: Vec<ClassRef> = candidates.iter().filter(scoped).copied().collect();
        let candidates = if name.contains("::") && !written.is_empty() { &written } else { candidates };
        let mut nearest = nearest(units, files, from, candidates, |class| class.unit);
        if nearest.iter().any(|class| full(*class) != full(nearest[0])) {
            nearest.retain(|class| full(*class) == name);
        }
        // One of several that are equally near: the one that says most.
        let fields = |class: &&ClassRef| {
            units[class.unit as usize].classes.get(class.class.index()).map_or(0, |class| class.fields.len())
        };
        nearest.iter().max_by_key(fields).copied()
    }
}

/// Of several declarations those nearest to a unit: its own, else those of its group of languages with the longest
/// common path.
pub(super) fn nearest<T: Copy>(
    units: &[Arc<Unit>],
    files: &[FileContext],
    from: u32,
    candidates: &[T],
    unit_of: impl Fn(T) -> u32,
) -> Vec<T> {
    let own: Vec<T> = candidates.iter().copied().filter(|candidate| unit_of(*candidate) == from).collect();
    if !own.is_empty() {
        return own;
    }
    let rust = |unit: u32| units[unit as usize].language == Language::Rust;
    let path = |unit: u32| files.get(unit as usize).map_or("", |file| &*file.path);
    let same_group = candidates.iter().copied().filter(|candidate| rust(unit_of(*candidate)) == rust(from));
    furthest_common(same_group, |candidate| common_folders(path(from), path(unit_of(*candidate))))
}

/// Those of which the measure is greatest.
pub(super) fn furthest_common<T>(candidates: impl Iterator<Item = T>, measure: impl Fn(&T) -> usize) -> Vec<T> {
    let mut best = 0;
    let mut kept = Vec::new();
    for candidate in candidates {
        let common = measure(&candidate);
        if common > best {
            kept.clear();
            best = common;
        }
        if common == best {
            kept.push(candidate);
        }
    }
    kept
}

/// How many leading folders two paths share.
pub(super) fn common_folders(a: &str, b: &str) -> usize {
    // Asked for every candidate of every name: on bytes.
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let [a, b] = [a, b].map(str::as_bytes);
    let ends = |path: &[u8]| path.get(same).is_none_or(|next| *next == b'/');
    let whole = a.iter().take(same).filter(|byte| **byte == b'/').count();
    whole + usize::from(ends(a) && ends(b))
}

/// The last segment of a path: `c` of `a::b::c`.
pub(super) fn last_segment(path: &str) -> &str {
    // A search for two signs at once is set up at some cost.
    let start = path.as_bytes().windows(2).rposition(|signs| signs == b"::").map_or(0, |at| at + 2);
    path.get(start..).unwrap_or(path)
}

/// The entry of a C++ standard class or function for what it is made for: an array is owned otherwise than one object,
/// `std::unique_ptr<T[]>` is `unique_ptr_array`.
fn standard_name<'a>(name: &'a str, args: &[TypeRef]) -> Cow<'a, str> {
    const OF_ARRAYS: [&str; 4] = ["default_delete", "make_unique", "shared_ptr", "unique_ptr"];
    match args.first() {
        Some(first) if first.name == "[]" && OF_ARRAYS.contains(&name) => format!("{name}_array").into(),
        _ => name.into(),
    }
}

/// What is owned one by one: `T` of `T[]`.
fn element(written: &TypeRef) -> &TypeRef {
    written.args.first().filter(|_| written.name == "[]").unwrap_or(written)
}

/// The segment before the last: `b` of `a::b::c`.
fn segment_before(path: &str) -> Option<&str> {
    if path.contains(':') { path.rsplit("::").nth(1) } else { None }
}

impl Env<'_> {
    /// The declared types of a native unit's functions, variables and fields.
    pub(super) fn foreign_types(&self, unit: u32) -> (Vec<Signature>, Vec<Ty>, Vec<Vec<Ty>>) {
        let from = &self.units[unit as usize];
        let written = |class: Option<ClassId>, ty: Option<&TypeRef>| ty.map(|ty| self.foreign_type(unit, class, ty));
        let signature = |function: &crate::ir::Function| {
            let param = |param: &crate::ir::Param| {
                let local = function.locals.get(param.local.index());
                local.and_then(|local| written(function.class, local.ty.as_ref())).unwrap_or_default()
            };
            let result = match function.kind {
                FunctionKind::Constructor | FunctionKind::Factory => {
                    function.class.map(|class| Ty::Class(ClassRef { unit, class }, Vec::new()))
                }
                _ => written(function.class, function.result.as_ref()),
            };
            Signature {
                params: function.params.iter().map(param).collect(),
                result: result.unwrap_or(if function.result.is_none() { Ty::Void } else { Ty::Unknown }),
            }
        };
        let signatures = from.functions.iter().map(signature).collect();
        let variables =
            from.variables.iter().map(|variable| written(None, variable.ty.as_ref()).unwrap_or_default()).collect();
        let fields = from.classes.iter().enumerate().map(|(at, class)| {
            let class_id = ClassId(at as u32);
            class.fields.iter().map(|field| written(Some(class_id), field.ty.as_ref()).unwrap_or_default()).collect()
        });
        (signatures, variables, fields.collect())
    }

    /// What a type written in a native unit is; `class`: the one around it.
    pub(super) fn foreign_type(&self, unit: u32, class: Option<ClassId>, written: &TypeRef) -> Ty {
        types::bounded(self.foreign_type_within(unit, class, written, MAX_DEPTH))
    }

    fn foreign_type_within(&self, unit: u32, class: Option<ClassId>, written: &TypeRef, depth: usize) -> Ty {
        if depth == 0 {
            return Ty::Unknown;
        }
        let arg = |at: usize| {
            written.args.get(at).map(|arg| self.foreign_type_within(unit, class, arg, depth - 1)).unwrap_or_default()
        };
        match written.name.as_str() {
            "*" | "&" | "[]" => return Ty::Pointer(Box::new(arg(0))),
            // What may be missing is what it is where it is there.
            "const" | "Option" | "Result" | "std::optional" => return arg(0),
            "Function" => {
                let params = written.args.iter().skip(1);
                let params = params.map(|param| self.foreign_type_within(unit, class, param, depth - 1)).collect();
                return Ty::Function(Box::new(arg(0)), params);
            }
            "void" | "()" | "!" | "c_void" => return Ty::Void,
            "auto" | "_" => return Ty::Unknown,
            "Self" => {
                return class.map_or(Ty::Unknown, |class| match self.foreign_class(ClassRef { unit, class }) {
                    Some(class) => Ty::Class(class, Vec::new()),
                    None => Ty::Unknown,
                });
            }
            _ => {}
        }
        let name = last_segment(&written.name);
        let args = || (0..written.args.len()).map(arg).collect::<Vec<_>>();
        if let Some(class) = self.foreign.class_named(self.units, self.files, unit, &written.name) {
            let declared = self.class(class);
            if declared.kind == ClassKind::Enum && self.units[class.unit as usize].language != Language::Rust {
                return Ty::Scalar;
            }
            return Ty::Class(class, args());
        }
        if let Some(aliases) = self.foreign.aliases.get(name) {
            let near = nearest(self.units, self.files, unit, aliases, |(unit, _)| unit);
            if let Some((of, at)) = near.first()
                && let Some(alias) = self.units[*of as usize].aliases.get(*at as usize)
                && alias.target.name != written.name
            {
                return self.foreign_type_within(*of, None, &alias.target, depth - 1);
            }
        }
        if let Some(model) = self.standard_type(unit, &standard_name(name, &written.args)) {
            let args = written.args.iter().map(|arg| self.foreign_type_within(unit, class, element(arg), depth - 1));
            return Ty::Model(model, args.collect());
        }
        if scalars::is_native(name) {
            return Ty::Scalar;
        }
        Ty::External(written.name.clone())
    }

    /// A class of the standard library of a unit's language.
    pub(super) fn standard_type(&self, unit: u32, name: &str) -> Option<TypeId> {
        let pack = match self.units[unit as usize].language {
            Language::Rust => self.foreign.rust,
            Language::Cpp | Language::ObjCpp => self.foreign.cpp,
            Language::C | Language::ObjC | Language::Dart | Language::TypeScript => None,
        };
        self.models.type_named(pack?, name, &self.versions[unit as usize])
    }

    /// The class itself, for an addition the one it adds to.
    pub(super) fn foreign_class(&self, class: ClassRef) -> Option<ClassRef> {
        let declared = self.class(class);
        match declared.kind {
            ClassKind::Extension => {
                let of = &declared.supertype.as_ref()?.name;
                self.foreign.class_named(self.units, self.files, class.unit, of)
            }
            _ => Some(class),
        }
    }

    /// What a native class derives from.
    pub(super) fn foreign_supertypes(&self, unit: u32, class: &crate::ir::Class) -> Vec<Ty> {
        class.supertype.iter().chain(&class.implements).map(|base| self.foreign_type(unit, None, base)).collect()
    }
}
