//! Calls: what is called, with which type arguments, and what comes back.

use super::classes;
use super::members::{Access, Found, Member};
use super::operations::Hit;
use super::resolve::{Resolver, State};
use super::scope::Meaning;
use super::types::{self, Bindings, MAX_DEPTH};
use super::{ClassRef, FuncRef, Functions, Receiver, Target, Ty, VarRef, Via};
use crate::ir::{Call, Callee, ClassKind, Function, FunctionKind, Name, Op, Operand, written};
use crate::models::schema::{FamilyKind, MemberKind};
use crate::models::{Item, ModelId, TypeId, VariableId};
use crate::summary::{AccessPath, FamilyRef, Given, Outcome, Ownership, Root};

/// What a call calls, before its arguments have been looked at.
#[derive(Default)]
pub(super) struct Called {
    pub(super) target: Target,
    /// The type of a call, over the parameters in `open`.
    pub(super) result: Ty,
    /// Type parameters that the call binds.
    pub(super) open: Vec<Name>,
    params: Params,
    model: Option<ModelId>,
    /// A member of an SDK collection; its name.
    sdk: Option<Name>,
}

/// The parameters of what is called.
#[derive(Default)]
enum Params {
    /// Not known.
    #[default]
    Unknown,
    /// Those of a function type.
    Positional(Vec<Ty>),
    /// Those of a function of the program, the type parameters of its class bound.
    Of(FuncRef, Bindings),
}

/// The members of `DynamicLibrary` that find a symbol by its name.
const LOOKUPS: [&str; 2] = ["lookup", "lookupFunction"];

/// Values that are called to find what to call: `call` members of values of `call` members.
const MAX_IMPLICIT_CALLS: usize = 4;

impl Resolver<'_> {
    /// Resolves a call and gives its result a type.
    pub(super) fn call(&mut self, state: &mut State, call: &Call) -> Target {
        let (receiver, called) = self.callee(state, call);
        let result = self.result(state, call, &receiver, &called);
        let native = match &call.callee {
            Callee::Method { name, .. } if !matches!(called.target, Target::Functions(_)) => {
                self.native_result(state, &receiver, name, call)
            }
            _ => None,
        };
        let result = match native {
            Some(result) => result,
            None => self.named_symbol(state, call, &called, result),
        };
        let result = match result {
            Ty::Unknown if self.gives_memory(&called.target) => self.pointer_to(Ty::Unknown),
            result => result,
        };
        if let Some(text) = self.text_of_call(state, call, &called.target) {
            state.texts.insert(call.result, text);
        }
        state.write(self.env(), call.result, result);
        if let Callee::Method { receiver: Operand::Local(collection), name } = &call.callee
            && matches!(name.as_str(), "add" | "insert")
            && let Some(arg) = call.args.last()
        {
            let item = self.operand(state, &arg.value);
            self.grow(state, *collection, &item);
        }
        called.target
    }

    /// Whether the facts of a native function say that it gives a block of memory: then a pointer comes back, whatever
    /// the type that nobody wrote down.
    fn gives_memory(&self, target: &Target) -> bool {
        let (Target::Model(model) | Target::Native { model: Some(model), .. }) = target else { return false };
        let models = self.env().models;
        let info = models.function(*model);
        info.summary.outcomes.iter().any(|outcome| match &outcome.result.ownership {
            Ownership::Owned(FamilyRef::Family(family)) => models.family(*family).kind == FamilyKind::Memory,
            _ => false,
        })
    }

    /// A method that no entry describes, of a class whose methods are native; its static ones give an object of it.
    fn native_member(&self, receiver: &Ty, called: Called) -> Called {
        let native = |class: &TypeId| self.env().models.ty(*class).native && called.target == Target::Unknown;
        match receiver {
            Ty::Model(class, _) if native(class) => {
                Called { target: Target::Native { symbol: None, model: None }, ..called }
            }
            Ty::ModelName(class) if native(class) => Called { result: Ty::Model(*class, Vec::new()), ..called },
            _ => called,
        }
    }

    fn callee(&mut self, state: &mut State, call: &Call) -> (Ty, Called) {
        match &call.callee {
            Callee::Name(name) => {
                let hit = self.name(state, name, Access::Call);
                (state.this.clone().unwrap_or_default(), self.hit_call(state, &hit))
            }
            Callee::Method { receiver, name } => {
                let receiver = self.operand(state, receiver);
                let called = self.method(state, &receiver, name);
                let called = self.native_member(&receiver, called);
                (receiver, called)
            }
            Callee::New { ty, name } => {
                // What looks like `prefix.Class` is `Class.constructor` where there is no such prefix.
                let (ty, name) = match (&ty.prefix, name) {
                    (Some(class), None) if self.scope.lookup(None, class) != Meaning::Prefix => {
                        let class = ty.but(|ty| {
                            ty.name = class.clone();
                            ty.prefix = None;
                        });
                        (class, Some(&ty.name))
                    }
                    _ => (ty.clone(), name.as_ref()),
                };
                let ty = self.written_type(state, &ty);
                let called = self.construct(&ty, name.map(Name::as_str).unwrap_or_default());
                (Ty::Unknown, called)
            }
            Callee::Super(name) => match self.super_member(state, name, Access::Call) {
                Some((found, receiver)) => {
                    let called = self.member_call(state, &receiver, &found);
                    (receiver, called)
                }
                None => <(Ty, Called)>::default(),
            },
            Callee::SuperConstructor(name) => {
                let superclass = state.class.and_then(|class| {
                    let info = self.env().info(class);
                    info.with_bodies.checked_sub(1).and_then(|at| info.supers.get(at)).cloned()
                });
                let called = superclass.map(|ty| self.construct(&ty, name.as_deref().unwrap_or_default()));
                (Ty::Unknown, called.unwrap_or_default())
            }
            Callee::ThisConstructor(name) => {
                let called = state.class.map(|class| {
                    let own = self.env().instance(class);
                    self.construct(&own, name.as_deref().unwrap_or_default())
                });
                (Ty::Unknown, called.unwrap_or_default())
            }
            Callee::Shorthand(name) => {
                let receiver = match state.wanted(call.result) {
                    Ty::Class(class, _) => Ty::ClassName(class),
                    Ty::Model(class, _) => Ty::ModelName(class),
                    _ => Ty::Unknown,
                };
                let called = self.method(state, &receiver, name);
                (receiver, called)
            }
            Callee::Value(value) => {
                let ty = self.operand(state, value);
                let called = self.value_call(state, &ty, Receiver::Operand, MAX_IMPLICIT_CALLS);
                (ty, called)
            }
        }
    }

    fn method(&mut self, state: &State, receiver: &Ty, name: &Name) -> Called {
        match receiver {
            Ty::Prefix(prefix) => {
                let hit = self.prefixed(prefix, name);
                self.hit_call(state, &hit)
            }
            Ty::ClassName(class) => match self.static_member(*class, name, Access::Call) {
                Hit::Nothing => {
                    let instance = self.env().instance(*class);
                    self.construct(&instance, if name == "new" { "" } else { name.as_str() })
                }
                hit => self.hit_call(state, &hit),
            },
            Ty::ModelName(class) => match self.env().models.static_variable(*class, name, self.scope.versions) {
                Some(variable) => self.variable_call(state, variable),
                None => self.model_static(*class, name),
            },
            Ty::SdkName(class) => self.sdk_static(class, name),
            Ty::Function(..) | Ty::NativeFunction { .. } if name == "call" => {
                self.value_call(state, receiver, Receiver::Operand, MAX_IMPLICIT_CALLS)
            }
            Ty::Record(fields) if fields.iter().any(|(field, _)| field == name) => {
                let field = fields.iter().find(|(field, _)| field == name);
                match field.map(|(_, ty)| ty) {
                    Some(Ty::NativeFunction { symbol, result }) => Called {
                        target: self.native_target(symbol.clone()),
                        result: (**result).clone(),
                        ..Called::default()
                    },
                    Some(Ty::Function(result, params)) => Called {
                        result: (**result).clone(),
                        params: Params::Positional(params.clone()),
                        ..Called::default()
                    },
                    _ => Called::default(),
                }
            }
            _ => {
                let found = self.scope.instance_member(receiver, name, Access::Call);
                let mut called = found.map(|found| self.member_call(state, receiver, &found)).unwrap_or_default();
                if matches!(receiver, Ty::Sdk(..)) && !matches!(called.target, Target::Functions(_)) {
                    called.sdk = Some(name.clone());
                }
                called
            }
        }
    }

    fn hit_call(&mut self, state: &State, hit: &Hit) -> Called {
        match hit {
            Hit::Member(found) => {
                let this = state.this.clone().unwrap_or_default();
                let mut called = self.member_call(state, &this, found);
                match &mut called.target {
                    Target::Functions(functions) => functions.implicit_this = true,
                    Target::Model(id) => {
                        called.target = via(Receiver::This, Target::Model(*id));
                    }
                    _ => {}
                }
                called
            }
            Hit::Static(variable) => {
                let ty = self.variable_type(*variable).clone();
                if let Some(&function) = self.env().facts.held.get(variable) {
                    let functions = self.env().exactly(function);
                    return self.function_call(state, function, Some(functions), Bindings::new());
                }
                self.value_call(state, &ty, Receiver::Static(*variable), MAX_IMPLICIT_CALLS)
            }
            Hit::Function(function) => {
                let functions = self.env().exactly(*function);
                self.function_call(state, *function, Some(functions), Bindings::new())
            }
            Hit::Class(class, args) => {
                let ty = if args.is_empty() { self.env().instance(*class) } else { Ty::Class(*class, args.clone()) };
                self.construct(&ty, "")
            }
            Hit::Item(Item::Type(class)) => self.model_static(*class, "new"),
            Hit::Item(Item::Variable(variable)) => self.variable_call(state, *variable),
            Hit::Item(Item::Function(id)) => self.model_call(state, *id, Bindings::new()),
            Hit::Sdk(name) => self.sdk_static(name, "new"),
            Hit::Type | Hit::Prefix | Hit::Nothing => Called::default(),
        }
    }

    fn variable_call(&mut self, state: &State, variable: VariableId) -> Called {
        let ty = self.pack_variable_type(variable);
        self.value_call(state, &ty, Receiver::Variable(variable), MAX_IMPLICIT_CALLS)
    }

    /// A member that was found on a receiver is called.
    pub(super) fn member_call(&mut self, state: &State, _receiver: &Ty, found: &Found) -> Called {
        match &found.member {
            Member::Field(field) => {
                let ty = types::bounded(types::substitute(self.variable_type(*field), &found.bindings));
                self.value_call(state, &ty, self.field_receiver(*field), MAX_IMPLICIT_CALLS)
            }
            Member::Model(id) => self.model_call(state, *id, found.bindings.clone()),
            Member::Method(function, _) | Member::Extension(function) => {
                let functions = self.member_functions(found, *function, false);
                self.function_call(state, *function, functions, found.bindings.clone())
            }
        }
    }

    fn field_receiver(&self, field: VarRef) -> Receiver {
        if self.env().variable(field).is_static { Receiver::Static(field) } else { Receiver::Field(field) }
    }

    fn model_call(&mut self, state: &State, id: ModelId, bindings: Bindings) -> Called {
        let info = self.env().models.function(id);
        let result = self.model_result(id, &bindings);
        if info.kind == MemberKind::Getter {
            return self.value_call(state, &result, Receiver::Getter(Target::Model(id)), MAX_IMPLICIT_CALLS);
        }
        let open = info.type_params.clone();
        Called { target: Target::Model(id), result, open, model: Some(id), ..Called::default() }
    }

    fn function_call(
        &mut self,
        state: &State,
        function: FuncRef,
        functions: Option<Functions>,
        bindings: Bindings,
    ) -> Called {
        let declared = self.env().function(function);
        let model = functions.as_ref().and_then(|functions| functions.model);
        let result = self.result_of(function, functions.as_ref());
        let target = self.functions_target(function, functions);
        let result = types::bounded(types::substitute(&result, &bindings));
        if declared.kind == FunctionKind::Getter {
            return self.value_call(state, &result, Receiver::Getter(target), MAX_IMPLICIT_CALLS);
        }
        let open = declared.type_params.clone();
        Called { target, result, open, params: Params::Of(function, bindings), model, sdk: None }
    }

    /// A value is called: a native function, a Dart function, an object with a `call` member.
    fn value_call(&mut self, state: &State, ty: &Ty, receiver: Receiver, left: usize) -> Called {
        match ty {
            Ty::NativeFunction { symbol, result } => {
                Called { target: self.native_target(symbol.clone()), result: (**result).clone(), ..Called::default() }
            }
            Ty::Function(result, params) => {
                Called { result: (**result).clone(), params: Params::Positional(params.clone()), ..Called::default() }
            }
            Ty::Unknown | Ty::Void => Called::default(),
            ty => {
                let Some(left) = left.checked_sub(1) else { return Called::default() };
                let Some(found) = self.scope.instance_member(ty, &"call".into(), Access::Call) else {
                    return Called::default();
                };
                let mut called = match &found.member {
                    Member::Field(field) => {
                        let ty = types::bounded(types::substitute(self.variable_type(*field), &found.bindings));
                        self.value_call(state, &ty, self.field_receiver(*field), left)
                    }
                    _ => self.member_call(state, ty, &found),
                };
                called.target = match called.target {
                    target @ (Target::Functions(_) | Target::Model(_)) => via(receiver, target),
                    target @ Target::Native { .. } => target,
                    _ => Target::Unknown,
                };
                called
            }
        }
    }

    /// A constructor of a class, whose arguments are its own type parameters where the call may bind them.
    fn construct(&mut self, ty: &Ty, name: &str) -> Called {
        match ty {
            Ty::Class(class, args) => self.construct_class(*class, args, name, ty),
            Ty::Model(class, args) => {
                let mut called = self.model_static(*class, if name.is_empty() { "new" } else { name });
                if !args.is_empty() {
                    let params = self.env().models.ty(*class).params.clone();
                    called.result = types::substitute(&called.result, &types::bind(&params, args));
                    called.open.clear();
                }
                if name.is_empty() && called.result == Ty::Unknown {
                    called.result = ty.clone();
                }
                called
            }
            Ty::Sdk(class, args) => {
                let mut called = self.sdk_static(class, if name.is_empty() { "new" } else { name });
                if args.iter().any(types::says_something) {
                    called.result = ty.clone();
                    called.sdk = None;
                }
                called
            }
            other => Called { result: other.clone(), ..Called::default() },
        }
    }

    fn construct_class(&mut self, class: ClassRef, args: &[Ty], name: &str, ty: &Ty) -> Called {
        let params = &self.env().class(class).type_params;
        let written: Bindings = match args {
            [] => Bindings::new(),
            args => {
                let bound = types::bind(params, args).into_iter();
                bound.filter(|(name, ty)| *ty != Ty::Parameter(name.clone())).collect()
            }
        };
        let result = if args.is_empty() { self.env().instance(class) } else { ty.clone() };
        let open = if written.is_empty() { params.clone() } else { Vec::new() };
        match self.env().info(class).constructors.get(name) {
            Some(&function) => {
                let function = FuncRef { unit: class.unit, function };
                let has_body = !classes::is_abstract(self.env().function(function));
                let functions = has_body.then(|| self.env().exactly(function));
                let model = functions.as_ref().and_then(|functions| functions.model);
                let target = self.functions_target(function, functions);
                Called { target, result, open, params: Params::Of(function, written), model, sdk: None }
            }
            None if name.is_empty() && self.env().class(class).kind == ClassKind::Extension => {
                let params = Params::Positional(self.env().info(class).on.iter().cloned().collect());
                Called { target: Target::ExtensionOverride, result, open, params, ..Called::default() }
            }
            None if name.is_empty() => {
                // An extension type's representation is what its primary constructor takes.
                let representation = if self.env().is_extension_type(class) {
                    let field = self.env().field(class, 0);
                    let declares = !self.env().class(class).fields.is_empty();
                    declares.then(|| self.variable_type(field).clone())
                } else {
                    None
                };
                let params = Params::Positional(representation.into_iter().collect());
                Called { target: Target::DefaultConstructor(class), result, open, params, ..Called::default() }
            }
            None => Called::default(),
        }
    }

    /// A static member or constructor of a pack's class.
    fn model_static(&mut self, class: TypeId, name: &str) -> Called {
        let Some(id) = self.scope.model_member(class, name, Access::Call) else {
            let result = if name == "new" { self.model_instance(class) } else { Ty::Unknown };
            let info = self.env().models.ty(class);
            if let Some(on) = info.on.as_ref().filter(|_| name == "new") {
                let on = self.env().pack_type(info.pack, &[&info.params], on, self.scope.versions);
                let (open, params) = (info.params.clone(), Params::Positional(vec![on]));
                return Called { target: Target::ExtensionOverride, result, open, params, ..Called::default() };
            }
            return Called { result, ..Called::default() };
        };
        let info = self.env().models.function(id);
        let params = &self.env().models.ty(class).params;
        let own: Bindings = params.iter().map(|name| (name.clone(), Ty::Parameter(name.clone()))).collect();
        // All static members of typed lists and their views are constructors.
        let constructs = name == "new" || self.env().is_typed_data(class);
        let result = match self.model_result(id, &own) {
            Ty::Unknown if constructs => self.model_instance(class),
            result => result,
        };
        let open = info.type_params.iter().chain(params).cloned().collect();
        Called { target: Target::Model(id), result, open, model: Some(id), ..Called::default() }
    }

    fn model_instance(&self, class: TypeId) -> Ty {
        let params = &self.env().models.ty(class).params;
        self.env().model_type(class, params.iter().map(|name| Ty::Parameter(name.clone())).collect())
    }

    fn sdk_static(&mut self, class: &Name, name: &str) -> Called {
        let described = self.env().core_class(class, self.scope.versions);
        let mut called = described.map(|class| self.model_static(class, name)).unwrap_or_default();
        called.sdk = Some(format!("{class}.{name}").into());
        called
    }

    /// The type of the result, once the arguments have said what they can.
    fn result(&mut self, state: &mut State, call: &Call, receiver: &Ty, called: &Called) -> Ty {
        let mut bindings = Bindings::new();
        let explicit = !call.type_args.is_empty();
        for (name, written) in called.open.iter().zip(&call.type_args) {
            bindings.push((name.clone(), self.written_type(state, written)));
        }
        let wanted = self.parameter_types(call, called);
        // Closures come last: what they receive may depend on the other arguments.
        let mut given: Vec<Ty> = Vec::with_capacity(call.args.len());
        for (arg, wanted) in call.args.iter().zip(&wanted) {
            let is_closure = matches!(&arg.value, Operand::Local(local) if state.has_pending(*local));
            if is_closure {
                given.push(Ty::Unknown);
                continue;
            }
            let ty = self.operand(state, &arg.value);
            if !called.open.is_empty() {
                self.bind(called, wanted, &ty, &mut bindings);
            }
            if let Operand::Local(local) = &arg.value {
                state.want(*local, without_parameters(types::substitute(wanted, &bindings)));
            }
            given.push(ty);
        }
        if !explicit && !called.open.is_empty() {
            let wanted = state.wanted(call.result);
            if types::says_something(&wanted) {
                let mut found = Bindings::new();
                if self.env().matches(&called.result, &wanted, &mut found, MAX_DEPTH).is_some() {
                    self.keep_open(called, found, &mut bindings);
                }
            }
        }
        let mut closure_result = None;
        let mut returned = None;
        for (at, (arg, wanted)) in call.args.iter().zip(&wanted).enumerate() {
            let Operand::Local(local) = &arg.value else { continue };
            let Some(closure) = self.take_pending(state, *local) else { continue };
            let params = self.closure_params(state, call, receiver, called, at, &types::substitute(wanted, &bindings));
            let result = self.closure(state, *local, closure, &params);
            let ty = state.ty(*local);
            if !called.open.is_empty() {
                self.bind(called, wanted, &ty, &mut bindings);
            }
            if self.run_of(call, called, at).is_some_and(|run| run.returned) {
                returned = Some(result.clone());
            }
            if let Some(slot) = given.get_mut(at) {
                *slot = ty;
            }
            closure_result.get_or_insert(result);
        }
        for name in &called.open {
            if !bindings.iter().any(|(bound, _)| bound == name) {
                bindings.push((name.clone(), Ty::Unknown));
            }
        }
        let looked_up = match &called.params {
            Params::Positional(params) => self.looked_up(state, &called.result, params, call),
            Params::Of(function, _) if called.open.len() == 1 => {
                self.looked_up(state, &called.result, &self.signature(*function).params, call)
            }
            _ => None,
        };
        if let Some(ty) = looked_up {
            return ty;
        }
        let result = types::bounded(types::substitute(&called.result, &bindings));
        if let Some(member) = &called.sdk
            && is_vague(&result)
        {
            let closure = closure_result.as_ref();
            let args: Vec<Ty> = call.type_args.iter().map(|written| self.written_type(state, written)).collect();
            let known = match (receiver, member.split_once('.')) {
                (_, Some((class, name))) => types::sdk_static(class, name, &args, &given, closure),
                (Ty::Sdk(class, args), None) => types::sdk_member(class, args, member, closure),
                _ => Ty::Unknown,
            };
            if known != Ty::Unknown {
                return known;
            }
        }
        match returned {
            Some(returned) if !explicit && is_vague(&result) => return returned,
            _ => {}
        }
        if !is_vague(&result) {
            return match self.read_as(result) {
                Ty::NativeFunction { symbol: None, result } => {
                    Ty::NativeFunction { symbol: self.passed_symbol(state, call, called), result }
                }
                result => result,
            };
        }
        let alias = called.model.and_then(|id| self.returned_argument(id));
        match alias {
            Some(Root::This) => receiver.clone(),
            Some(root) => argument(call, &root).and_then(|at| given.get(at)).cloned().unwrap_or(result),
            None => result,
        }
    }

    /// The symbol that a helper looks up where it is passed its name: `voidFunction('engine_stop')`.
    fn passed_symbol(&self, state: &State, call: &Call, called: &Called) -> Option<Name> {
        let Params::Of(function, _) = &called.params else { return None };
        let at = looked_up_parameter(self.env().function(*function))?;
        let arg = call.args.iter().filter(|arg| arg.name.is_none()).nth(at)?;
        self.text(state, &arg.value)
    }

    /// The argument, or the receiver, that a modelled function always returns.
    fn returned_argument(&self, id: ModelId) -> Option<Root> {
        let outcomes = &self.env().models.function(id).summary.outcomes;
        let returned = |outcome: &Outcome| match &outcome.result.ownership {
            Ownership::Alias(path) if path.steps.is_empty() => Some(path.root.clone()),
            _ => None,
        };
        let root = returned(outcomes.first()?)?;
        outcomes.iter().all(|outcome| returned(outcome).as_ref() == Some(&root)).then_some(root)
    }

    /// The result of a function whose model says which argument names the native symbol it returns.
    fn named_symbol(&self, state: &State, call: &Call, called: &Called, result: Ty) -> Ty {
        let path = called.model.and_then(|id| self.env().models.function(id).symbol_at.as_ref());
        let Some(path) = path.filter(|path| path.steps.is_empty()) else { return result };
        let text = argument(call, &path.root).and_then(|at| call.args.get(at));
        let Some(symbol) = text.and_then(|arg| self.text(state, &arg.value)) else { return result };
        match result {
            Ty::Function(result, _) => Ty::NativeFunction { symbol: Some(symbol), result },
            pointer @ Ty::Model(..) => Ty::Address { symbol, pointer: Box::new(pointer) },
            other => other,
        }
    }

    fn bind(&self, called: &Called, wanted: &Ty, given: &Ty, bindings: &mut Bindings) {
        let mut found = Bindings::new();
        if self.env().matches(wanted, given, &mut found, MAX_DEPTH).is_some() {
            self.keep_open(called, found, bindings);
        }
    }

    /// Of what was found only what the call itself binds, and only once.
    fn keep_open(&self, called: &Called, found: Bindings, bindings: &mut Bindings) {
        for (name, ty) in found {
            if called.open.contains(&name) && !bindings.iter().any(|(bound, _)| *bound == name) {
                bindings.push((name, ty));
            }
        }
    }

    /// The declared type of the parameter of each argument.
    fn parameter_types(&self, call: &Call, called: &Called) -> Vec<Ty> {
        let mut position = 0;
        let mut types = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            let ty = match (&called.params, &arg.name) {
                (Params::Positional(params), None) => params.get(position).cloned(),
                (Params::Of(function, bindings), name) => {
                    let declared = self.env().function(*function);
                    let at = match name {
                        Some(name) => declared.params.iter().position(|param| param.named && param.name == *name),
                        None => {
                            let mut positional = declared.params.iter().enumerate().filter(|(_, param)| !param.named);
                            positional.nth(position).map(|(at, _)| at)
                        }
                    };
                    let types = &self.signature(*function).params;
                    at.and_then(|at| types.get(at)).map(|ty| types::bounded(types::substitute(ty, bindings)))
                }
                _ => None,
            };
            types.push(ty.unwrap_or_default());
            position += usize::from(arg.name.is_none());
        }
        types
    }

    /// What a closure receives that is passed as the argument `at`.
    fn closure_params(
        &self,
        state: &State,
        call: &Call,
        receiver: &Ty,
        called: &Called,
        at: usize,
        wanted: &Ty,
    ) -> Vec<Ty> {
        if let Ty::Function(_, params) = wanted
            && !params.is_empty()
        {
            return params.iter().cloned().map(without_parameters).collect();
        }
        if let Some(run) = self.run_of(call, called, at) {
            let value = |path: &AccessPath| -> Ty {
                if !path.steps.is_empty() {
                    return Ty::Unknown;
                }
                match &path.root {
                    Root::This => receiver.clone(),
                    root => {
                        let arg = argument(call, root).and_then(|at| call.args.get(at));
                        match arg.map(|arg| &arg.value) {
                            Some(Operand::Local(local)) => state.ty(*local),
                            _ => Ty::Unknown,
                        }
                    }
                }
            };
            let given = run.gives.iter().map(|given| match given {
                Given::Scope(family) => self.env().scope_type(*family),
                Given::Element(path) => types::element(&value(path)),
                Given::Value(path) => value(path),
                Given::Unknown => Ty::Unknown,
            });
            let given: Vec<Ty> = given.collect();
            if given.iter().any(|ty| *ty != Ty::Unknown) {
                return given;
            }
        }
        match (receiver, &called.sdk) {
            (Ty::Sdk(class, args), Some(member)) => types::sdk_closure_params(class, args, member),
            _ => Vec::new(),
        }
    }

    /// How the model says that the closure passed as the argument `at` is run.
    fn run_of(&self, call: &Call, called: &Called, at: usize) -> Option<&crate::summary::ClosureRun> {
        let info = self.scope.env.models.function(called.model?);
        let is_meant =
            |path: &AccessPath| path.steps.is_empty() && argument(call, &path.root).is_some_and(|found| found == at);
        info.summary.runs.iter().find(|run| is_meant(&run.closure))
    }
}

/// The argument that a root of a model means.
fn argument(call: &Call, root: &Root) -> Option<usize> {
    match root {
        Root::Param(wanted) => {
            let mut positional = call.args.iter().enumerate().filter(|(_, arg)| arg.name.is_none());
            positional.nth(usize::from(*wanted)).map(|(at, _)| at)
        }
        Root::Named(name) => call.args.iter().position(|arg| arg.name.as_ref() == Some(name)),
        Root::This | Root::Result | Root::Static(_) => None,
    }
}

fn via(receiver: Receiver, target: Target) -> Target {
    Target::Via(Box::new(Via { receiver, target }))
}

/// A type that says nothing about what is in it.
fn is_vague(ty: &Ty) -> bool {
    match ty {
        Ty::Unknown | Ty::Parameter(_) => true,
        Ty::Sdk(_, args) => args.iter().any(|arg| matches!(arg, Ty::Unknown)),
        _ => false,
    }
}

/// A type that another function's parameters are part of says nothing here.
fn without_parameters(ty: Ty) -> Ty {
    match ty {
        Ty::Parameter(_) => Ty::Unknown,
        ty => ty,
    }
}

/// The positional parameter by which all lookups in a helper find what they look for.
fn looked_up_parameter(helper: &Function) -> Option<usize> {
    let ops = || helper.blocks.iter().flat_map(|block| &block.ops);
    let mut sought = ops().filter_map(|statement| match &statement.op {
        Op::Call(call) => match &call.callee {
            Callee::Method { name, .. } if LOOKUPS.contains(&name.as_str()) => {
                Some(call.args.first().map(|arg| &arg.value))
            }
            _ => None,
        },
        _ => None,
    });
    let first = sought.next()??;
    let Operand::Local(local) = first else { return None };
    let at = helper.params.iter().filter(|param| !param.named).position(|param| param.local == *local)?;
    let is_same = sought.all(|other| other == Some(first));
    (is_same && ops().all(|statement| written(&statement.op) != Some(*local))).then_some(at)
}
