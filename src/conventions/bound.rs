//! The native functions that Dart code binds, with their native types as written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::ir::{Annotation, Callee, Const, Function, FunctionKind, Name, Op, Operand, StructLayout, TypeRef, Unit};
use crate::language::Language;

/// Names of types are followed no further.
const DEEPEST: usize = 8;

/// A native function that is bound.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) symbol: String,
    /// The unit that binds it first.
    pub(super) unit: usize,
    pub(super) result: TypeRef,
    pub(super) params: Vec<TypeRef>,
    /// What its documentation says.
    pub(super) doc: Option<Name>,
    /// It is bound more than once, in different words.
    pub(super) is_unclear: bool,
}

impl Bound {
    /// All that binds it agrees on the number of arguments, and it takes no others.
    pub(super) fn has_clear_arity(&self) -> bool {
        !self.is_unclear && !self.params.iter().any(|param| param.name == "VarArgs")
    }
}

/// What is bound, and the types that this is written in.
pub(super) struct Bindings<'a> {
    pub(super) all: BTreeMap<String, Bound>,
    /// The functions that can be called with one argument of a type, by unit and type.
    takers: BTreeMap<(usize, String), BTreeSet<String>>,
    units: &'a [Arc<Unit>],
    types: Types<'a>,
}

/// The types of the units by name.
struct Types<'a> {
    /// By unit.
    aliases: Vec<FxHashMap<&'a str, &'a TypeRef>>,
    layouts: Vec<FxHashMap<&'a str, &'a StructLayout>>,
    /// Those that one unit alone declares.
    shared_aliases: FxHashMap<&'a str, Option<&'a TypeRef>>,
    shared_layouts: FxHashMap<&'a str, Option<(usize, &'a StructLayout)>>,
}

impl<'a> Bindings<'a> {
    pub(super) fn new(units: &'a [Arc<Unit>]) -> Self {
        let mut bindings = Self { all: BTreeMap::new(), takers: BTreeMap::new(), units, types: Types::new(units) };
        for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.language == Language::Dart) {
            bindings.of_annotations(at, unit);
            bindings.of_lookups(at, unit);
        }
        bindings.add_native_documentation();
        for bound in bindings.all.values() {
            if let [only] = bound.params.as_slice() {
                let key = (bound.unit, bindings.types.inner(bound.unit, only).name.to_string());
                bindings.takers.entry(key).or_default().insert(bound.symbol.clone());
            }
        }
        bindings
    }

    fn of_annotations(&mut self, at: usize, unit: &Unit) {
        for binding in &unit.bindings {
            let Some(function) = unit.functions.get(binding.function.index()) else { continue };
            let signature = match &binding.signature {
                Some(written) => self.types.function(at, written),
                None => signature_of(function),
            };
            if let Some((result, params)) = signature {
                self.add(at, binding.symbol.to_string(), result, params, doc(&function.annotations));
            }
        }
    }

    /// `lookup<NativeFunction<F>>('f')`, `lookupFunction<F, D>('f')`, and what generators call alike.
    fn of_lookups(&mut self, at: usize, unit: &Unit) {
        for (index, function) in unit.functions.iter().enumerate() {
            for statement in function.blocks.iter().flat_map(|block| &block.ops) {
                let Op::Call(call) = &statement.op else { continue };
                let (Some(written), Some(Operand::Const(Const::Str(symbol)))) =
                    (call.type_args.first(), call.args.first().map(|arg| &arg.value))
                else {
                    continue;
                };
                let name = match &call.callee {
                    Callee::Name(name) | Callee::Method { name, .. } => name.as_str(),
                    Callee::Value(_) => "lookup",
                    _ => continue,
                };
                if !name.to_ascii_lowercase().contains("lookup") {
                    continue;
                }
                if let Some((result, params)) = self.types.function(at, written) {
                    self.add(at, symbol.to_string(), result, params, doc_of_lookup(unit, index, function));
                }
            }
        }
    }

    fn add(&mut self, unit: usize, symbol: String, result: TypeRef, params: Vec<TypeRef>, doc: Option<Name>) {
        let new = Bound { symbol, unit, result, params, doc, is_unclear: false };
        match self.all.get_mut(&new.symbol) {
            Some(known) => {
                let same = self.types.shown(known.unit, &known.result) == self.types.shown(unit, &new.result)
                    && known.params.len() == new.params.len();
                known.is_unclear |= !same;
                if known.doc.is_none() {
                    known.doc = new.doc;
                }
            }
            None => {
                self.all.insert(new.symbol.clone(), new);
            }
        }
    }

    /// What headers in the tree say of what is bound.
    fn add_native_documentation(&mut self) {
        for unit in self.units.iter().filter(|unit| unit.language.is_native()) {
            for function in unit.functions.iter().filter(|function| function.class.is_none() && !function.is_local) {
                if let Some(bound) = self.all.get_mut(function.name.as_str())
                    && bound.doc.is_none()
                {
                    bound.doc = doc(&function.annotations);
                }
            }
        }
    }

    /// The functions of the unit whose only argument is of that type, or leads to it.
    pub(super) fn takers_of(&self, unit: usize, ty: &str) -> impl Iterator<Item = &Bound> {
        let symbols = self.takers.get(&(unit, ty.to_owned())).into_iter().flatten();
        symbols.filter_map(|symbol| self.all.get(symbol))
    }

    /// A type in one form: `*Foo` for `ffi.Pointer<Foo>`.
    pub(super) fn shown(&self, unit: usize, ty: &TypeRef) -> String {
        self.types.shown(unit, ty)
    }

    /// Whether a unit declares a struct of that name.
    pub(super) fn declares(&self, unit: usize, name: &str) -> bool {
        self.types.layouts.get(unit).is_some_and(|layouts| layouts.contains_key(name))
    }

    /// What a pointer leads to, without the names that stand for it.
    pub(super) fn pointee(&self, unit: usize, ty: &TypeRef) -> Option<TypeRef> {
        let ty = self.types.resolved(unit, ty);
        (ty.name == "Pointer").then(|| ty.args.first().map(|to| self.types.resolved(unit, to)))?
    }

    /// Whether a type is a struct that holds pointers, and is handed over by value.
    pub(super) fn is_struct_with_pointers(&self, unit: usize, ty: &TypeRef) -> bool {
        let mut open = vec![(unit, self.types.resolved(unit, ty))];
        let mut seen = 0;
        while let Some((unit, ty)) = open.pop() {
            let Some((unit, layout)) = self.types.layout(unit, &ty.name) else { continue };
            seen += 1;
            if seen > DEEPEST {
                return false;
            }
            for (_, field) in &layout.fields {
                let field = self.types.resolved(unit, field);
                if field.name == "Pointer" {
                    return true;
                }
                open.push((unit, field));
            }
        }
        false
    }

    /// Whether a type is one of whose inside Dart knows nothing.
    pub(super) fn is_opaque(&self, unit: usize, ty: &TypeRef) -> bool {
        let ty = self.types.resolved(unit, ty);
        let found = self.types.layout(unit, &ty.name);
        found.is_some_and(|(of, layout)| {
            let class = self.units.get(of).and_then(|unit| unit.classes.get(layout.class.index()));
            class.and_then(|class| class.supertype.as_ref()).is_some_and(|of| of.name == "Opaque")
        })
    }
}

impl<'a> Types<'a> {
    fn new(units: &'a [Arc<Unit>]) -> Self {
        let mut types = Self {
            aliases: Vec::new(),
            layouts: Vec::new(),
            shared_aliases: FxHashMap::default(),
            shared_layouts: FxHashMap::default(),
        };
        for (at, unit) in units.iter().enumerate() {
            let (mut aliases, mut layouts) = (FxHashMap::default(), FxHashMap::default());
            if unit.language == Language::Dart {
                for alias in unit.aliases.iter().filter(|alias| alias.type_params.is_empty()) {
                    aliases.insert(alias.name.as_str(), &alias.target);
                    let shared = types.shared_aliases.entry(&alias.name);
                    shared.and_modify(|known| *known = None).or_insert(Some(&alias.target));
                }
                for layout in &unit.layouts {
                    let Some(class) = unit.classes.get(layout.class.index()) else { continue };
                    layouts.insert(class.name.as_str(), layout);
                    let shared = types.shared_layouts.entry(&class.name);
                    shared.and_modify(|known| *known = None).or_insert(Some((at, layout)));
                }
            }
            types.aliases.push(aliases);
            types.layouts.push(layouts);
        }
        types
    }

    fn alias(&self, unit: usize, name: &str) -> Option<&'a TypeRef> {
        let own = self.aliases.get(unit).and_then(|aliases| aliases.get(name).copied());
        own.or_else(|| self.shared_aliases.get(name).copied().flatten())
    }

    fn layout(&self, unit: usize, name: &str) -> Option<(usize, &'a StructLayout)> {
        let own = self.layouts.get(unit).and_then(|layouts| layouts.get(name)).map(|layout| (unit, *layout));
        own.or_else(|| self.shared_layouts.get(name).copied().flatten())
    }

    /// A type without the names that stand for it.
    fn resolved(&self, unit: usize, ty: &TypeRef) -> TypeRef {
        let mut ty = ty;
        for _ in 0..DEEPEST {
            match self.alias(unit, &ty.name) {
                Some(target) if ty.args.is_empty() => ty = target,
                _ => break,
            }
        }
        ty.clone()
    }

    /// What a type is in the end, through any number of pointers.
    fn inner(&self, unit: usize, ty: &TypeRef) -> TypeRef {
        let mut ty = self.resolved(unit, ty);
        for _ in 0..DEEPEST {
            match ty.args.first() {
                Some(to) if ty.name == "Pointer" => ty = self.resolved(unit, to),
                _ => break,
            }
        }
        ty
    }

    fn shown(&self, unit: usize, ty: &TypeRef) -> String {
        let mut text = String::new();
        let mut ty = self.resolved(unit, ty);
        for _ in 0..DEEPEST {
            match ty.args.first() {
                Some(to) if ty.name == "Pointer" => {
                    text.push('*');
                    ty = self.resolved(unit, to);
                }
                _ => break,
            }
        }
        text + &ty.name
    }

    /// The result and the parameters of a native function type, in `NativeFunction` or alone.
    fn function(&self, unit: usize, written: &TypeRef) -> Option<(TypeRef, Vec<TypeRef>)> {
        let mut ty = self.resolved(unit, written);
        if let ("NativeFunction", Some(inner)) = (ty.name.as_str(), ty.args.first()) {
            ty = self.resolved(unit, inner);
        }
        if ty.name != "Function" {
            return None;
        }
        let (result, params) = ty.args.split_first()?;
        Some((result.clone(), params.to_vec()))
    }
}

/// `@Native()` over a declaration in native types.
fn signature_of(function: &Function) -> Option<(TypeRef, Vec<TypeRef>)> {
    let ty = |param: &crate::ir::Param| function.locals.get(param.local.index()).and_then(|local| local.ty.clone());
    Some((function.result.clone()?, function.params.iter().map(ty).collect::<Option<_>>()?))
}

/// The documentation of what a lookup binds: of the variable that it initialises, of the method that calls it.
fn doc_of_lookup(unit: &Unit, index: usize, function: &Function) -> Option<Name> {
    if function.kind != FunctionKind::Initializer {
        return doc(&function.annotations);
    }
    let fields = unit.classes.iter().flat_map(|class| &class.fields);
    let initialises = |variable: &&crate::ir::Variable| variable.initializer.is_some_and(|by| by.index() == index);
    let variable = unit.variables.iter().chain(fields).find(initialises)?;
    // What ffigen writes: `f` calls `_f`, which is made of `_fPtr`.
    let method = variable.name.strip_prefix('_').and_then(|name| name.strip_suffix("Ptr"));
    let class = function.class.and_then(|class| unit.classes.get(class.index()));
    let members = class.into_iter().flat_map(|class| &class.members).filter_map(|id| unit.functions.get(id.index()));
    let of_method = || members.into_iter().find(|member| Some(member.name.as_str()) == method);
    doc(&variable.annotations).or_else(|| of_method().and_then(|member| doc(&member.annotations)))
}

/// What documentation says that may speak of ownership.
fn doc(annotations: &[Annotation]) -> Option<Name> {
    annotations.iter().filter(|annotation| annotation.name == "doc").find_map(|annotation| {
        annotation.args.iter().find_map(|(_, value)| match value {
            Const::Str(text) => Some(text.clone()),
            _ => None,
        })
    })
}
