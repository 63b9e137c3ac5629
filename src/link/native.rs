//! What `dart:ffi` itself means: pointers, the values behind them, and functions bound to symbols.

use super::operations::Value;
use super::resolve::{Resolver, State};
use super::{ClassRef, Target, Ty, VarRef, scalars, types};
use crate::ir::{Call, Name, Operand};
use crate::models::{ModelId, VariableId};

impl Resolver<'_> {
    /// A call of the native function of a symbol.
    pub(super) fn native_target(&self, symbol: Option<Name>) -> Target {
        let model = symbol.as_ref().and_then(|symbol| self.env().models.symbol(symbol, self.scope.versions));
        Target::Native { symbol, model }
    }

    /// The type of what a pointer or native array leads to.
    pub(super) fn pointee(&self, receiver: &Ty) -> Ty {
        match receiver.value_type() {
            Ty::Model(class, args) if self.env().is_ffi(*class, "Pointer") || self.env().is_ffi(*class, "Array") => {
                self.read_as(args.first().cloned().unwrap_or_default())
            }
            _ => Ty::Unknown,
        }
    }

    /// The Dart type of values of a native type.
    pub(super) fn read_as(&self, ty: Ty) -> Ty {
        let env = self.env();
        match &ty {
            Ty::Model(class, _) => {
                let info = env.models.ty(*class);
                match &info.reads_as {
                    Some(written) => env.pack_type(info.pack, &[&info.params], written, self.scope.versions),
                    None if Some(info.pack) == env.ffi && scalars::is_dart(&info.name) => Ty::Scalar,
                    None => ty,
                }
            }
            Ty::Class(..) => {
                let is_integer = |ty: &Ty| match ty {
                    Ty::Model(class, _) => env.is_ffi(*class, "AbiSpecificInteger"),
                    Ty::External(name) => name == "AbiSpecificInteger",
                    _ => false,
                };
                if env.direct_supertypes(&ty).iter().any(is_integer) { Ty::Scalar } else { ty }
            }
            _ => ty,
        }
    }

    /// The type of a modelled function's result, over the parameters that `bindings` do not bind.
    pub(super) fn model_result(&self, id: ModelId, bindings: &[(Name, Ty)]) -> Ty {
        let info = self.env().models.function(id);
        let (Some(pack), Some(returns)) = (info.pack, &info.returns) else { return Ty::Unknown };
        let bound: Vec<Name> = bindings.iter().map(|(name, _)| name.clone()).collect();
        let ty = self.env().pack_type(pack, &[&info.type_params, &bound], returns, self.scope.versions);
        self.read_as(types::bounded(types::substitute(&ty, bindings)))
    }

    /// The type of a pack's variable.
    pub(super) fn pack_variable_type(&self, variable: VariableId) -> Ty {
        let info = self.env().models.variable(variable);
        self.env().pack_type(info.pack, &[], &info.ty, self.scope.versions)
    }

    pub(super) fn pointer_to(&self, pointee: Ty) -> Ty {
        let class = self.env().ffi.and_then(|pack| self.env().models.type_named(pack, "Pointer", self.scope.versions));
        class.map_or(Ty::Unknown, |class| Ty::Model(class, vec![pointee]))
    }

    /// The result of a member of `dart:ffi` that binds a function or takes the address of a symbol.
    pub(super) fn native_result(&self, state: &State, receiver: &Ty, member: &str, call: &Call) -> Option<Ty> {
        let env = self.env();
        let written = |at: usize| call.type_args.get(at).map(|written| self.written_type(state, written));
        let text = || call.args.first().and_then(|arg| self.text(state, &arg.value));
        let wanted = || state.wanted(call.result);
        match (receiver.value_type(), member) {
            (Ty::Model(class, _), "lookupFunction") if env.is_ffi(*class, "DynamicLibrary") => {
                let function = written(1).unwrap_or_else(wanted);
                Some(native_function(text(), &function))
            }
            (Ty::Model(class, _), "lookup") if env.is_ffi(*class, "DynamicLibrary") => {
                let pointee = written(0).unwrap_or_else(|| match wanted() {
                    Ty::Model(_, mut args) => args.pop().unwrap_or_default(),
                    _ => Ty::Unknown,
                });
                Some(address(text(), self.pointer_to(pointee)))
            }
            (Ty::Model(class, args), "asFunction") if env.is_ffi(*class, "Pointer") => {
                let symbol = match receiver {
                    Ty::Address { symbol, .. } => Some(symbol.clone()),
                    _ => None,
                };
                let signature = || match args.first() {
                    Some(Ty::Model(_, args)) => args.first().cloned().unwrap_or_default(),
                    _ => Ty::Unknown,
                };
                let function = match written(0).unwrap_or_else(wanted) {
                    Ty::Unknown => match signature() {
                        Ty::Function(result, params) => Ty::Function(Box::new(self.read_as(*result)), params),
                        _ => Ty::Unknown,
                    },
                    function => function,
                };
                Some(native_function(symbol, &function))
            }
            (Ty::Model(class, _), "cast") if env.is_ffi(*class, "Pointer") => match receiver {
                Ty::Address { symbol, .. } => {
                    let pointee = written(0).unwrap_or_else(|| match wanted() {
                        Ty::Model(_, mut args) => args.pop().unwrap_or_default(),
                        _ => Ty::Unknown,
                    });
                    Some(address(Some(symbol.clone()), self.pointer_to(pointee)))
                }
                _ => None,
            },
            (Ty::Model(class, args), "asTypedList") if env.is_ffi(*class, "Pointer") => match args.first() {
                Some(Ty::Model(item, _)) => {
                    let name = match env.models.ty(*item).name.as_str() {
                        "Float" => "Float32List".to_owned(),
                        "Double" => "Float64List".to_owned(),
                        name => format!("{name}List"),
                    };
                    let class = env.models.type_named(env.typed_data?, &name, self.scope.versions)?;
                    Some(Ty::Model(class, Vec::new()))
                }
                _ => None,
            },
            (Ty::ModelName(class), "addressOf") if env.is_ffi(*class, "Native") => {
                let symbol = match call.args.first().map(|arg| &arg.value) {
                    Some(Operand::Local(local)) => match state.ty(*local) {
                        Ty::NativeFunction { symbol, .. } => symbol,
                        _ => None,
                    },
                    _ => None,
                };
                Some(address(symbol, self.pointer_to(written(0).unwrap_or_default())))
            }
            _ => None,
        }
    }

    /// The value of a field. Some libraries export a table of functions and no more: a field that is the address of a
    /// function is that function, where a model knows it (`OrtApi.CreateEnv`).
    pub(super) fn in_function_table(&self, field: VarRef, ty: Ty) -> Ty {
        let env = self.env();
        let is_function = |of: &Ty| matches!(of, Ty::Model(class, _) if env.is_ffi(*class, "NativeFunction"));
        match (field.class, &ty) {
            (Some(class), Ty::Model(pointer, args))
                if env.is_ffi(*pointer, "Pointer") && args.first().is_some_and(is_function) =>
            {
                let table = &env.class(ClassRef { unit: field.unit, class }).name;
                let symbol = Name::new(format!("{table}.{}", env.variable(field).name));
                let known = env.models.symbol(&symbol, self.scope.versions);
                address(known.map(|_| symbol), ty)
            }
            _ => ty,
        }
    }

    /// The result of a function of type `Pointer<T> Function<T>(String)`, as generated bindings look symbols up.
    pub(super) fn looked_up(&self, state: &State, result: &Ty, params: &[Ty], call: &Call) -> Option<Ty> {
        let Ty::Model(class, args) = result else { return None };
        let [written] = call.type_args.as_slice() else { return None };
        let open = matches!(args.as_slice(), [Ty::External(_) | Ty::Parameter(_) | Ty::Unknown]);
        if !open || !self.env().is_ffi(*class, "Pointer") || !matches!(params, [Ty::String]) {
            return None;
        }
        let symbol = self.text(state, &call.args.first()?.value);
        Some(address(symbol, self.pointer_to(self.written_type(state, written))))
    }

    /// A member that is called, as an operator.
    pub(super) fn called_member(&mut self, state: &State, receiver: &Ty, found: &super::members::Found) -> Value {
        let called = self.member_call(state, receiver, found);
        let open: types::Bindings = called.open.iter().map(|name| (name.clone(), Ty::Unknown)).collect();
        (types::substitute(&called.result, &open), called.target)
    }
}

fn native_function(symbol: Option<Name>, function: &Ty) -> Ty {
    let result = match function {
        Ty::Function(result, _) | Ty::NativeFunction { result, .. } => result.clone(),
        _ => Box::default(),
    };
    Ty::NativeFunction { symbol, result }
}

fn address(symbol: Option<Name>, pointer: Ty) -> Ty {
    match symbol {
        Some(symbol) => Ty::Address { symbol, pointer: Box::new(pointer) },
        None => pointer,
    }
}
