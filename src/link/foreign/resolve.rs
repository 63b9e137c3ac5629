//! The functions of native units: the types of their locals, and what their operations refer to.
//!
//! One pass over the blocks in the order of the source; what loops bring round was declared before them.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{element, last_segment, nearest, segment_before, standard_name};
use crate::ir::{
    Base, Call, Callee, ClassId, Const, CopyKind, Function, FunctionId, FunctionKind, LocalId, LocalKind, Name, Op,
    Operand, Place, Projection, TypeRef,
};
use crate::language::Language;
use crate::link::env::Env;
use crate::link::interned::Interner;
use crate::link::resolve::Closures;
use crate::link::resolved::Seldom;
use crate::link::types;
use crate::link::{ClassRef, FuncRef, Functions, Receiver, Resolved, Target, Ty, VarRef, Via};
use crate::models::schema::MemberKind;
use crate::models::{ModelId, TypeId};
use crate::summary::{Given, Ownership, Root};

/// Resolves functions of a native unit with the closures in them.
pub(in crate::link) fn functions(
    env: &Env<'_>,
    unit: u32,
    ids: &[FunctionId],
    closures: &Closures,
) -> Vec<(FuncRef, Resolved)> {
    let mut resolved = Vec::new();
    let mut interner = Interner::default();
    for &id in ids {
        let mut known: FxHashMap<FunctionId, Vec<Ty>> = FxHashMap::default();
        let mut given: FxHashMap<FunctionId, Vec<Ty>> = FxHashMap::default();
        let inner = closures.get(&id).into_iter().flatten();
        // Outer functions come before the closures in them.
        for &function in std::iter::once(&id).chain(inner) {
            let mut resolver = Resolver::new(env, unit, function, &known);
            for (param, ty) in resolver.function.params.iter().zip(given.remove(&function).unwrap_or_default()) {
                resolver.write(param.local, ty);
            }
            resolver.run();
            known.insert(function, resolver.types.clone());
            given.extend(std::mem::take(&mut resolver.given));
            resolved.push((FuncRef { unit, function }, resolver.finish(&mut interner)));
        }
    }
    resolved
}

/// Bases that are walked for one member; more than any real class has.
const MAX_BASES: usize = 32;

struct Resolver<'e> {
    env: &'e Env<'e>,
    unit: u32,
    id: FunctionId,
    function: &'e Function,
    class: Option<ClassId>,
    types: Vec<Ty>,
    targets: Vec<Vec<Target>>,
    /// The closures that locals hold.
    closures: FxHashMap<LocalId, FunctionId>,
    /// What the parameters of closures receive.
    given: FxHashMap<FunctionId, Vec<Ty>>,
}

/// What a call calls and what comes back.
type Called = (Target, Ty);

impl<'e> Resolver<'e> {
    fn new(env: &'e Env<'e>, unit: u32, id: FunctionId, known: &FxHashMap<FunctionId, Vec<Ty>>) -> Self {
        let from = &env.units[unit as usize];
        let function = from.function(id);
        let outer = function.parent.and_then(|parent| known.get(&parent));
        let class = function.class.or_else(|| from.functions.get(function.parent?.index())?.class);
        let of_class = class.and_then(|class| env.foreign_class(ClassRef { unit, class }));
        let mut types: Vec<Ty> = function
            .locals
            .iter()
            .map(|local| match (&local.ty, local.kind) {
                (_, LocalKind::This) => of_class.map_or(Ty::Unknown, |class| Ty::Class(class, Vec::new())),
                (Some(written), _) => env.foreign_type(unit, class, written),
                (None, _) => Ty::Unknown,
            })
            .collect();
        for capture in &function.captures {
            let ty = outer.and_then(|types| types.get(capture.outer.index()));
            if let (Some(slot @ Ty::Unknown), Some(ty)) = (types.get_mut(capture.inner.index()), ty) {
                slot.clone_from(ty);
            }
        }
        let targets = function.blocks.iter().map(|block| Vec::with_capacity(block.ops.len())).collect();
        let (closures, given) = <(FxHashMap<_, _>, FxHashMap<_, _>)>::default();
        Self { env, unit, id, function, class, types, targets, closures, given }
    }

    fn run(&mut self) {
        let function = self.function;
        for (at, block) in function.blocks.iter().enumerate() {
            for statement in &block.ops {
                let target = self.operation(&statement.op);
                if let Some(targets) = self.targets.get_mut(at) {
                    targets.push(target);
                }
            }
        }
    }

    fn finish(self, interner: &mut Interner) -> Resolved {
        let signature = self.env.signature(FuncRef { unit: self.unit, function: self.id });
        let types = interner.types(self.types, signature.result.clone());
        Resolved::new(types, self.targets, Seldom::default())
    }

    fn operation(&mut self, op: &Op) -> Target {
        match op {
            Op::Closure { to, body } => {
                self.closures.insert(*to, *body);
                Target::Unknown
            }
            Op::Call(call) => {
                let (target, ty) = self.call(call);
                self.give(call, &target);
                self.write(call.result, ty);
                target
            }
            Op::Copy { to, from, kind } => {
                let ty = match kind {
                    CopyKind::Cast(written) => match self.written(written) {
                        Ty::Unknown => self.operand(from),
                        ty => ty,
                    },
                    _ => self.operand(from),
                };
                self.write(*to, ty);
                Target::Unknown
            }
            Op::Load { to, from, .. } => {
                let (target, ty) = self.place(from);
                self.write(*to, ty);
                target
            }
            Op::Address { to, of } => {
                let (target, ty) = self.place(of);
                self.write(*to, Ty::Pointer(Box::new(ty)));
                target
            }
            Op::Store { to, .. } => self.place(to).0,
            Op::Stack { to, ty, .. } => {
                let ty = ty.as_ref().map(|written| self.written(written)).unwrap_or_default();
                // An array is its address already.
                let ty = if matches!(ty, Ty::Pointer(_)) { ty } else { Ty::Pointer(Box::new(ty)) };
                self.types[to.index()] = ty;
                Target::Unknown
            }
            Op::Binary { to, left, right, .. } => {
                let ty = match (self.operand(left), self.operand(right)) {
                    (ty @ Ty::Pointer(_), Ty::Scalar | Ty::Unknown) => ty,
                    _ => Ty::Scalar,
                };
                self.write(*to, ty);
                Target::Unknown
            }
            Op::Element { to, of, .. } => {
                let ty = match self.operand(of) {
                    Ty::Pointer(to) => *to,
                    Ty::Model(_, mut args) if args.len() == 1 => args.pop().unwrap_or_default(),
                    _ => Ty::Unknown,
                };
                self.write(*to, ty);
                Target::Unknown
            }
            Op::ScopeEnd(local) => self.destructor(*local),
            Op::Aggregate { .. } | Op::Insert { .. } | Op::Use { .. } | Op::Catch { .. } | Op::Suspend { .. } => {
                Target::Unknown
            }
        }
    }

    /// What the closures receive that a call of the standard library runs.
    fn give(&mut self, call: &Call, target: &Target) {
        let (Target::Model(model), Callee::Method { receiver, .. }) = (target, &call.callee) else { return };
        for run in &self.env.models.function(*model).summary.runs {
            let Root::Param(index) = run.closure.root else { continue };
            let Some(Operand::Local(local)) = call.args.get(usize::from(index)).map(|arg| &arg.value) else { continue };
            let Some(&closure) = self.closures.get(local) else { continue };
            let given = run.gives.iter().map(|given| match given {
                Given::Value(at) if at.root == Root::This && at.steps.is_empty() => self.operand(receiver),
                _ => Ty::Unknown,
            });
            let given: Vec<Ty> = given.collect();
            self.given.insert(closure, given);
        }
    }

    fn write(&mut self, local: LocalId, ty: Ty) {
        if let Some(slot @ Ty::Unknown) = self.types.get_mut(local.index()) {
            *slot = types::bounded(ty);
        }
    }

    fn written(&self, written: &TypeRef) -> Ty {
        self.env.foreign_type(self.unit, self.class, written)
    }

    fn operand(&self, operand: &Operand) -> Ty {
        match operand {
            Operand::Local(local) => self.types.get(local.index()).cloned().unwrap_or_default(),
            Operand::Const(Const::Str(_)) => Ty::Pointer(Box::new(Ty::Scalar)),
            Operand::Const(Const::Null) => Ty::Pointer(Box::default()),
            Operand::Const(Const::Other) => Ty::Unknown,
            Operand::Const(_) | Operand::SizeOf(_) | Operand::Length(_) | Operand::Arith(..) => Ty::Scalar,
        }
    }

    /// What a place is, and the type of what is there.
    fn place(&self, place: &Place) -> Called {
        let (target, base) = match &place.base {
            Base::Local(local) => {
                let ty = self.types.get(local.index()).cloned().unwrap_or_default();
                // The first step is taken at the address that the local holds.
                let at = match ty {
                    Ty::Pointer(to) => *to,
                    object => object,
                };
                (Target::Memory, at)
            }
            Base::Name(name) => match self.named(name) {
                (target @ (Target::Static(_) | Target::Field(_)), ty) if !place.path.is_empty() => {
                    let at = match ty {
                        Ty::Pointer(to) => *to,
                        object => object,
                    };
                    (target, at)
                }
                found => return found,
            },
            Base::Super | Base::Type(_) => return (Target::Unknown, Ty::Unknown),
        };
        let mut ty = base;
        for step in &place.path {
            ty = match step {
                Projection::Field(name) => self.field_type(&ty, name),
                // The step that reads what the address leads to is the one counted already.
                Projection::Pointee | Projection::Index(_) => ty,
            };
        }
        (target, ty)
    }

    fn field_type(&self, owner: &Ty, name: &Name) -> Ty {
        let Ty::Class(class, _) = owner else { return Ty::Unknown };
        self.field(*class, name).map_or(Ty::Unknown, |field| self.env.variable_type(field).clone())
    }

    /// A field of a class or of what it derives from.
    fn field(&self, class: ClassRef, name: &str) -> Option<VarRef> {
        self.bases(class).into_iter().find_map(|class| {
            let index = self.env.class(class).fields.iter().position(|field| field.name == name)?;
            Some(VarRef { unit: class.unit, class: Some(class.class), index: index as u32 })
        })
    }

    /// A class and what it derives from, nearest first.
    fn bases(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut all = vec![class];
        let mut next = 0;
        while let Some(&at) = all.get(next) {
            for base in &self.env.info(at).supers {
                if let Ty::Class(base, _) = base
                    && !all.contains(base)
                    && all.len() < MAX_BASES
                {
                    all.push(*base);
                }
            }
            next += 1;
        }
        all
    }

    /// What a free name that is read or written stands for.
    fn named(&self, name: &Name) -> Called {
        if let Some(class) = self.own_class()
            && let Some(field) = self.field(class, name)
        {
            let target = if self.env.variable(field).is_static { Target::Static(field) } else { Target::Field(field) };
            return (target, self.env.variable_type(field).clone());
        }
        let simple = last_segment(name);
        // A static variable of a function is named with it.
        let candidates = self.env.foreign.variables.get(name).or_else(|| self.env.foreign.variables.get(simple));
        if let Some(candidates) = candidates
            && let [variable] = nearest(self.env.units, self.env.files, self.unit, candidates, |of| of.unit)[..]
        {
            return (Target::Static(variable), self.env.variable_type(variable).clone());
        }
        match self.function_named(name, None) {
            Some(functions) => match functions.as_slice() {
                [function] => {
                    let signature = self.env.signature(*function);
                    let ty = Ty::Function(Box::new(signature.result.clone()), signature.params.clone());
                    (Target::TearOff(*function), types::bounded(ty))
                }
                _ => (Target::Unknown, Ty::Unknown),
            },
            None => (self.standard_function(name).or_else(|| self.tuple_struct(name)).unwrap_or_default(), Ty::Unknown),
        }
    }

    /// A tuple struct's name is the function that makes one: `map(Owned)`.
    fn tuple_struct(&self, name: &Name) -> Option<Target> {
        let env = self.env;
        let class = env.foreign.class_named(env.units, env.files, self.unit, last_segment(name))?;
        let is_rust = env.units[self.unit as usize].language == Language::Rust;
        let is_tuple = env.class(class).fields.first().is_some_and(|field| field.name == "0");
        (is_rust && is_tuple).then_some(Target::DefaultConstructor(class))
    }

    /// A function of the standard library that is named and not called: `map(CString::into_raw)`.
    fn standard_function(&self, name: &Name) -> Option<Target> {
        let path = self.expanded(name);
        let class = self.env.standard_type(self.unit, segment_before(&path)?)?;
        self.model(class, last_segment(&path)).map(Target::ModelTearOff)
    }

    fn own_class(&self) -> Option<ClassRef> {
        self.env.foreign_class(ClassRef { unit: self.unit, class: self.class? })
    }

    fn call(&self, call: &Call) -> Called {
        match &call.callee {
            Callee::Name(name) => match name.as_str() {
                "new" | "new[]" => {
                    let of = call.type_args.first().map(|ty| self.written(ty)).unwrap_or_default();
                    (self.operator(name, &of), Ty::Pointer(Box::new(of)))
                }
                "delete" | "delete[]" => {
                    let of = match call.args.first().map(|arg| self.operand(&arg.value)) {
                        Some(Ty::Pointer(of)) => *of,
                        _ => Ty::Unknown,
                    };
                    (self.operator(name, &of), Ty::Void)
                }
                _ => self.called_operator(name).unwrap_or_else(|| self.named_call(name, call)),
            },
            Callee::Method { receiver, name } => self.method(&self.operand(receiver), name, call),
            Callee::New { ty, name } => self.construct(&self.written(ty), name.as_ref(), call),
            Callee::Value(value) => match self.operand(value) {
                Ty::Function(result, _) => (Target::Unknown, *result),
                Ty::Pointer(to) => match *to {
                    Ty::Function(result, _) => (Target::Unknown, *result),
                    _ => (Target::Unknown, Ty::Unknown),
                },
                // A function object of the standard library: `std::default_delete<T>()(p)`.
                Ty::Model(class, args) => self.modelled(class, &args, "call").unwrap_or((Target::Unknown, Ty::Unknown)),
                _ => (Target::Unknown, Ty::Unknown),
            },
            Callee::Super(_) | Callee::SuperConstructor(_) | Callee::ThisConstructor(_) | Callee::Shorthand(_) => {
                (Target::Unknown, Ty::Unknown)
            }
        }
    }

    /// C++'s operators that allocate and release: the class's own, its bases', the program's, the language's.
    fn operator(&self, name: &Name, of: &Ty) -> Target {
        if let Ty::Class(class, _) = of {
            let own = self.bases(*class).into_iter().find_map(|class| {
                let members = self.env.foreign.members.get(&class)?.get(name)?;
                members.iter().find(|member| self.env.function(**member).kind == FunctionKind::Operator).copied()
            });
            if let Some(function) = own {
                return exactly(&[function]);
            }
        }
        let global = self.env.foreign.functions.get(name).map(|all| {
            let all: Vec<FuncRef> =
                all.iter().copied().filter(|f| self.env.function(*f).kind == FunctionKind::Operator).collect();
            nearest(self.env.units, self.env.files, self.unit, &all, |function| function.unit)
        });
        match global.as_deref() {
            Some([function]) => exactly(&[*function]),
            _ => self.native(name.clone()),
        }
    }

    /// `::operator new(size)`, `Base::operator delete(p)`
    fn called_operator(&self, name: &Name) -> Option<Called> {
        let sign = last_segment(name).strip_prefix("operator")?.trim_start();
        let gives = match sign {
            "new" | "new[]" => Ty::Pointer(Box::new(Ty::Void)),
            "delete" | "delete[]" => Ty::Void,
            _ => return None,
        };
        let class = segment_before(name).filter(|before| !before.is_empty());
        let class = class.map(|before| self.env.foreign.class_named(self.env.units, self.env.files, self.unit, before));
        let of = match class {
            Some(class) => Ty::Class(class?, Vec::new()),
            None => Ty::Unknown,
        };
        Some((self.operator(&sign.into(), &of), gives))
    }

    fn native(&self, symbol: Name) -> Target {
        let model = self.env.models.symbol(&symbol, &self.env.versions[self.unit as usize]);
        Target::Native { symbol: Some(symbol), model }
    }

    fn named_call(&self, name: &Name, call: &Call) -> Called {
        if segment_before(name).is_none()
            && let Some(class) = self.own_class()
            && let Some(found) = self.member(class, name, call)
        {
            return found;
        }
        if let Some(functions) = self.function_named(name, Some(call.args.len())) {
            let result = functions.first().map(|function| self.env.signature(*function).result.clone());
            return (exactly(&functions), result.unwrap_or_default());
        }
        if let Some(found) = self.held(name) {
            return found;
        }
        let path = self.expanded(name);
        let (last, before) = (last_segment(&path), segment_before(&path));
        if let Some(before) = before {
            let class = if before == "Self" {
                self.own_class()
            } else {
                self.env.foreign.class_named(self.env.units, self.env.files, self.unit, before)
            };
            if let Some(found) = class.and_then(|class| self.member(class, last, call)) {
                return found;
            }
            if let Some(found) = self.standard_member(before, last, call) {
                return self.typed_by_argument(found, call);
            }
        }
        // What runs is the destructor.
        if matches!(&*path, "drop" | "mem::drop" | "std::mem::drop")
            && let [arg] = call.args.as_slice()
            && let Operand::Local(local) = arg.value
        {
            return (self.destructor(local), Ty::Void);
        }
        // A type's name called is its construction: `CString(x)`, `Wrapper(p)`.
        if let Some(class) = self.env.foreign.class_named(self.env.units, self.env.files, self.unit, last) {
            return self.construct(&Ty::Class(class, Vec::new()), None, call);
        }
        if let Some(found) = self.standard_object(before, last, call) {
            return found;
        }
        if before.is_none()
            && let Some(found) = self.standard_member("std", last.trim_end_matches('!'), call)
        {
            return found;
        }
        let is_symbol = before.is_none() || matches!(before, Some("libc" | "ffi" | "sys" | "bindings"));
        let declared = self.declared(last);
        let result = declared.map(|function| self.env.signature(function).result.clone()).unwrap_or_default();
        let symbol = declared.and_then(|function| self.env.facts.bindings.get(&function)).cloned();
        // `std::malloc`, `::malloc`: C's own.
        let of_c = self.env.units[self.unit as usize].language.is_cpp()
            && matches!(before, Some("std" | ""))
            && self.env.models.symbol(last, &self.env.versions[self.unit as usize]).is_some();
        match symbol {
            Some(symbol) => (self.native(symbol), result),
            None if of_c => (self.native(last.into()), result),
            None if is_symbol && !last.ends_with('!') => {
                let known = self.env.models.symbol(last, &self.env.versions[self.unit as usize]).is_some();
                // In C what is not here is a native function; Rust would have to declare it.
                if known || self.env.units[self.unit as usize].language != Language::Rust {
                    (self.native(last.into()), result)
                } else {
                    (Target::Unknown, result)
                }
            }
            None => (Target::Unknown, result),
        }
    }

    /// A call of what a variable or a field of the own class holds.
    fn held(&self, name: &Name) -> Option<Called> {
        let (target, ty) = self.named(name);
        let receiver = match target {
            Target::Static(variable) => Receiver::Static(variable),
            Target::Field(field) => Receiver::Field(field),
            _ => return None,
        };
        Some(through(receiver, &ty))
    }

    /// A declaration without a body, of this unit or of one that it can see.
    fn declared(&self, name: &str) -> Option<FuncRef> {
        let own = &self.env.units[self.unit as usize];
        let at = own.functions.iter().position(|function| function.is_external && function.name == name)?;
        Some(FuncRef { unit: self.unit, function: FunctionId(at as u32) })
    }

    /// A path with the `use` that brings its first segment in written out.
    fn expanded(&self, path: &Name) -> Name {
        let first = if path.contains(':') { path.split("::").next().unwrap_or(path) } else { path };
        let imports = &self.env.units[self.unit as usize].directives.imports;
        let found = imports.iter().find_map(|import| match &import.prefix {
            Some(prefix) if prefix == first => Some(import.uri.to_string()),
            None if import.show.iter().any(|shown| shown == first) => Some(format!("{}::{first}", import.uri)),
            _ => None,
        });
        match (found, path.strip_prefix(first)) {
            (Some(uri), Some(rest)) => format!("{uri}{rest}").into(),
            _ => path.clone(),
        }
    }

    /// The functions outside classes that a path means.
    fn function_named(&self, name: &Name, args: Option<usize>) -> Option<SmallVec<[FuncRef; 1]>> {
        let env = self.env;
        let path = self.expanded(name);
        let all = env.foreign.functions.get(last_segment(&path))?;
        let rust = env.units[self.unit as usize].language == Language::Rust;
        let fits = |function: &FuncRef| {
            let declared = env.function(*function);
            let visible = function.unit == self.unit || !declared.is_local;
            let arity = args.is_none_or(|args| {
                declared.is_variadic || declared.params.len() == args || declared.params.iter().any(|p| !p.required)
            });
            // A function of another module must be named with it, or brought in.
            let module = segment_before(&path);
            let in_module = match module {
                None => !rust || function.unit == self.unit,
                Some("crate" | "self" | "super") => true,
                Some(module) => {
                    let file = env.files.get(function.unit as usize).map_or("", |file| &*file.path);
                    let stem = file.rsplit('/').next().and_then(|name| name.split('.').next());
                    let folder = file.rsplit('/').nth(1);
                    segment_before(&declared.qualified) == Some(module)
                        || stem == Some(module)
                        || (stem == Some("mod") && folder == Some(module))
                        || (stem == Some("lib") && env.files[function.unit as usize].path.contains(module))
                }
            };
            visible && arity && in_module
        };
        let fitting: Vec<FuncRef> = all.iter().copied().filter(fits).collect();
        let near = nearest(env.units, env.files, self.unit, &fitting, |function| function.unit);
        (!near.is_empty()).then(|| SmallVec::from_vec(near))
    }

    /// A member of a class of the program.
    fn member(&self, class: ClassRef, name: &str, call: &Call) -> Option<Called> {
        let env = self.env;
        let found = self.bases(class).into_iter().find_map(|class| {
            let all = env.foreign.members.get(&class)?.get(name)?;
            let args = call.args.len();
            let arity = |function: &&FuncRef| {
                let declared = env.function(**function);
                // Rust's `T::method(x)` passes the receiver as an argument.
                let receiver = usize::from(!declared.is_static && matches!(call.callee, Callee::Name(_)));
                let required = declared.params.iter().filter(|param| param.required).count();
                declared.is_variadic
                    || (required..=declared.params.len()).contains(&args)
                    || declared.params.len() + receiver == args
            };
            let fitting: SmallVec<[FuncRef; 1]> = all.iter().filter(arity).copied().collect();
            (!fitting.is_empty()).then_some(fitting)
        })?;
        let result = found.first().map(|function| env.signature(*function).result.clone()).unwrap_or_default();
        let mut candidates = found;
        // A virtual function may be any of those that override it.
        for derived in env.foreign.derived.get(&class).into_iter().flatten() {
            let overrides = env.foreign.members.get(derived).and_then(|members| members.get(name));
            candidates.extend(overrides.into_iter().flatten().copied());
        }
        let mut functions = Functions { candidates, complete: true, implicit_this: false, model: None };
        functions.implicit_this = matches!(&call.callee, Callee::Name(name) if segment_before(name).is_none());
        Some((Target::Functions(Box::new(functions)), result))
    }

    fn method(&self, receiver: &Ty, name: &Name, call: &Call) -> Called {
        match self.own_method(receiver, name, call) {
            (Target::Unknown, _) if let Some(found) = self.held_in(receiver, name) => found,
            // What every value has: `unwrap`, `clone`. What gives the value back gives its type back.
            (Target::Unknown, _) => match self.standard_member("std", name, call) {
                Some((target, Ty::Unknown)) => (target, receiver.clone()),
                Some(found) => found,
                None => (Target::Unknown, Ty::Unknown),
            },
            found => found,
        }
    }

    /// A call of what a field holds: `job->done(x)`.
    fn held_in(&self, receiver: &Ty, name: &Name) -> Option<Called> {
        let class = match receiver {
            Ty::Class(class, _) => *class,
            Ty::Pointer(to) => match **to {
                Ty::Class(class, _) => class,
                _ => return None,
            },
            _ => return None,
        };
        let field = self.field(class, name)?;
        Some(through(Receiver::Field(field), self.env.variable_type(field)))
    }

    fn own_method(&self, receiver: &Ty, name: &Name, call: &Call) -> Called {
        match receiver {
            Ty::Pointer(to) => {
                if let Some(found) = self.standard_member("pointer", name, call)
                    && !matches!(**to, Ty::Class(..) | Ty::Model(..))
                {
                    return found;
                }
                match self.own_method(to, name, call) {
                    (Target::Unknown, _) => {
                        self.standard_member("pointer", name, call).unwrap_or((Target::Unknown, Ty::Unknown))
                    }
                    found => found,
                }
            }
            Ty::Class(class, _) => {
                if *name == last_segment(&self.env.class(*class).name) {
                    return (self.construct(receiver, None, call).0, Ty::Void);
                }
                self.member(*class, name, call).unwrap_or((Target::Unknown, Ty::Unknown))
            }
            // What `new` makes in a block of its own.
            Ty::Model(class, _) if *name == self.env.models.ty(*class).name => {
                (self.construct(receiver, None, call).0, Ty::Void)
            }
            Ty::Model(class, args) => match self.modelled(*class, args, name) {
                Some(found) => found,
                // What a smart pointer or a vector leads to.
                None => match args.first() {
                    Some(inner @ (Ty::Class(..) | Ty::Model(..))) => self.own_method(inner, name, call),
                    _ => (Target::Unknown, Ty::Unknown),
                },
            },
            _ => (Target::Unknown, Ty::Unknown),
        }
    }

    fn construct(&self, ty: &Ty, name: Option<&Name>, call: &Call) -> Called {
        let target = match ty {
            Ty::Class(class, _) => {
                let env = self.env;
                let declared = env.class(*class);
                let all = env.foreign.members.get(class).and_then(|members| {
                    let own = last_segment(&declared.name);
                    members.get(name.map_or(own, Name::as_str)).or_else(|| members.get(""))
                });
                let fitting: SmallVec<[FuncRef; 1]> = all
                    .into_iter()
                    .flatten()
                    .filter(|function| {
                        let declared = env.function(**function);
                        declared.kind == FunctionKind::Constructor && declared.params.len() == call.args.len()
                    })
                    .copied()
                    .collect();
                if fitting.is_empty() { Target::DefaultConstructor(*class) } else { exactly(&fitting) }
            }
            Ty::Model(class, args) => {
                // More than the entry speaks of says something else: a deleter of its own, an allocator.
                let is_plain = args.len() <= self.env.models.ty(*class).params.len();
                let fits = |model: &ModelId| call.args.len() <= self.env.models.function(*model).params.len();
                let model = self.model(*class, "new").filter(|model| is_plain && fits(model));
                model.map_or(Target::Unknown, Target::Model)
            }
            _ => Target::Unknown,
        };
        (target, ty.clone())
    }

    /// What gives an argument back gives its type back: `ManuallyDrop::new(v)`.
    fn typed_by_argument(&self, (target, ty): Called, call: &Call) -> Called {
        let Target::Model(model) = target else { return (target, ty) };
        let given_back = self.env.models.function(model).summary.outcomes.iter().find_map(|outcome| {
            match &outcome.result.ownership {
                Ownership::Alias(at) if at.steps.is_empty() => match at.root {
                    Root::Param(index) => call.args.get(usize::from(index)),
                    _ => None,
                },
                _ => None,
            }
        });
        match (&ty, given_back) {
            (Ty::Unknown | Ty::Parameter(_), Some(arg)) => (target, self.operand(&arg.value)),
            _ => (target, ty),
        }
    }

    /// An object of C++'s standard library: `std::string(x)`.
    fn standard_object(&self, before: Option<&str>, name: &str, call: &Call) -> Option<Called> {
        let is_cpp = self.env.units[self.unit as usize].language.is_cpp();
        let name = standard_name(name, &call.type_args);
        let class =
            self.env.standard_type(self.unit, &name).filter(|_| is_cpp && matches!(before, None | Some("std")))?;
        self.model(class, "new")?;
        let args = call.type_args.iter().map(|ty| self.written(element(ty))).collect();
        Some(self.construct(&Ty::Model(class, args), None, call))
    }

    /// A member of a class of the standard library, by the class's name.
    fn standard_member(&self, class: &str, name: &str, call: &Call) -> Option<Called> {
        let class = self.env.standard_type(self.unit, class)?;
        let args: Vec<Ty> = call.type_args.iter().map(|ty| self.written(element(ty))).collect();
        self.modelled(class, &args, &standard_name(name, &call.type_args))
    }

    fn modelled(&self, class: TypeId, args: &[Ty], name: &str) -> Option<Called> {
        let model = self.model(class, name)?;
        let env = self.env;
        let info = env.models.function(model);
        let versions = &env.versions[self.unit as usize];
        let params = &env.models.ty(class).params;
        let result = match (info.pack, &info.returns) {
            (Some(pack), Some(returns)) => {
                let ty = env.pack_type(pack, &[&info.type_params, params], returns, versions);
                let ty = types::substitute(&ty, &types::bind(params, args));
                types::bounded(types::substitute(&ty, &types::bind(&info.type_params, args)))
            }
            _ => Ty::Unknown,
        };
        // A pack's own word for an address.
        let result = match result {
            Ty::Model(of, mut args) if env.models.ty(of).pointer => {
                Ty::Pointer(Box::new(args.pop().unwrap_or_default()))
            }
            result => result,
        };
        Some((Target::Model(model), result))
    }

    fn model(&self, class: TypeId, name: &str) -> Option<ModelId> {
        self.env.models.member(class, name, MemberKind::Function, &self.env.versions[self.unit as usize])
    }

    /// What runs when a local's scope ends.
    fn destructor(&self, local: LocalId) -> Target {
        match self.types.get(local.index()) {
            Some(Ty::Class(class, _)) => {
                let own = self.env.foreign.members.get(class).and_then(|members| members.get("~"));
                own.map_or(Target::Unknown, |all| exactly(all))
            }
            Some(Ty::Model(class, _)) => self.model(*class, "drop").map_or(Target::Unknown, Target::Model),
            _ => Target::Unknown,
        }
    }
}

/// A call of a function that something holds, and what it gives.
fn through(receiver: Receiver, held: &Ty) -> Called {
    let result = match held {
        Ty::Function(result, _) => (**result).clone(),
        Ty::Pointer(to) => match &**to {
            Ty::Function(result, _) => (**result).clone(),
            _ => Ty::Unknown,
        },
        _ => Ty::Unknown,
    };
    (Target::Via(Box::new(Via { receiver, target: Target::Unknown })), result)
}

fn exactly(functions: &[FuncRef]) -> Target {
    Target::Functions(Box::new(Functions {
        candidates: functions.iter().copied().collect(),
        complete: true,
        implicit_this: false,
        model: None,
    }))
}
