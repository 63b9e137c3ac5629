//! Calls: what is called, with what, and what becomes of the paths.

use super::engine::{Engine, MAX_DEPTH, Returned, Role, Run, Setting, Site};
use super::memory::POINTEE;
use super::path::{Flight, Path};
use super::value::{Offset, Symbol, Value};
use crate::ir::{Base, Call, Callee, ClassId, Flavor, FunctionKind, LocalId, Name, Operand, Place, Projection};
use crate::language::Language;
use crate::link::{ClassRef, FuncRef, Functions, Receiver, Target, Ty};
use crate::models::ModelId;
use crate::models::hints::Hint;
use crate::source::Location;
use crate::summary::{AccessPath, Basis, Made, Root, Summary, Throws};
use crate::target::TargetSet;
use crate::violation::{Step, StepKind, Thrower, Unseen, Usage};

/// An argument.
#[derive(Clone, Debug)]
pub(super) struct ArgValue {
    pub(super) name: Option<Name>,
    pub(super) value: Value,
    /// Its static type, where it is a local.
    pub(super) ty: Option<Ty>,
}

/// A call about to happen.
#[derive(Clone, Debug)]
pub(super) struct Calling {
    pub(super) site: Site,
    /// As written: `malloc.free`.
    pub(super) name: Name,
    pub(super) at: Location,
    pub(super) receiver: Option<ArgValue>,
    pub(super) args: Vec<ArgValue>,
    pub(super) result: Option<LocalId>,
    /// Arguments become parameters of a native function: pointers cross the boundary.
    pub(super) native: bool,
    /// How it is written.
    pub(super) access: Access,
    /// Where what is called exists.
    pub(super) targets: TargetSet,
    /// What the callee throws comes with the future that it returns.
    pub(super) later: bool,
    /// What it returned, once it did.
    pub(super) returned: Option<ArgValue>,
    /// Where the memory that the callee hands out was allocated.
    pub(super) made: Vec<Made>,
    /// Where the callee releases or keeps what it is given.
    pub(super) ended: Vec<Made>,
    /// The model that says what the call does.
    pub(super) model: Option<ModelId>,
    /// It goes from one native language to another.
    pub(super) abroad: bool,
    /// Its result may say that the callee did not do what it does.
    pub(super) unsure: bool,
}

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// As a call or an operator.
    Call,
    /// As a getter or an element that is read.
    Read,
    /// As a setter or an element that is written.
    Write,
}

impl Calling {
    pub(super) fn new(site: Site, name: Name, at: Location, access: Access) -> Self {
        Self {
            site,
            name,
            at,
            receiver: None,
            args: Vec::new(),
            result: None,
            native: false,
            access,
            targets: TargetSet::ALL,
            later: false,
            returned: None,
            made: Vec::new(),
            ended: Vec::new(),
            model: None,
            abroad: false,
            unsure: false,
        }
    }

    /// What runs when a value's scope ends.
    pub(super) fn of_drop(site: Site, name: Name, at: Location, value: ArgValue) -> Self {
        Self { receiver: Some(value), ..Self::new(site, name, at, Access::Call) }
    }

    /// What the call does with memory it is lent.
    pub(super) fn usage(&self) -> Usage {
        match self.access {
            Access::Call => Usage::Pass(self.name.clone()),
            Access::Read => Usage::Read,
            Access::Write => Usage::Write,
        }
    }

    /// The call as one that gives nothing but what it puts at that place.
    pub(super) fn of(&self, what: &AccessPath) -> Self {
        let result = AccessPath::root(Root::Result);
        let made = self.made.iter().filter(|made| made.what == *what);
        let made = made.map(|made| Made { what: result.clone(), ..made.clone() }).collect();
        Self { made, ..self.clone() }
    }

    /// Where what it returns was allocated, where that is known to be somewhere else.
    pub(super) fn made_by(&self) -> Option<&Made> {
        self.made.iter().find(|made| made.what.root == Root::Result && made.what.steps.is_empty())
    }

    /// The argument a path starts at.
    pub(super) fn root(&self, path: &AccessPath) -> Option<&ArgValue> {
        match &path.root {
            Root::Param(index) => self.args.iter().filter(|arg| arg.name.is_none()).nth(usize::from(*index)),
            Root::Named(name) => self.args.iter().find(|arg| arg.name.as_ref() == Some(name)),
            Root::This => self.receiver.as_ref(),
            Root::Result => self.returned.as_ref(),
            Root::Static(_) => None,
        }
    }
}

impl Engine<'_> {
    pub(super) fn call(
        &mut self,
        run: &mut Run,
        site: Site,
        call: &Call,
        at: Location,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        let frame = site.frame;
        let resolved = self.resolved(frame);
        let arg = |operand: &Operand, name: Option<Name>| ArgValue {
            name,
            value: self.operand(frame, &path, operand),
            ty: local_type(resolved, operand),
        };
        let args: Vec<ArgValue> =
            call.args.iter().map(|argument| arg(&argument.value, argument.name.clone())).collect();
        let receiver = match &call.callee {
            Callee::Method { receiver, .. } => Some(arg(receiver, None)),
            Callee::Value(value) => Some(arg(value, None)),
            Callee::Super(_) | Callee::SuperConstructor(_) | Callee::ThisConstructor(_) => {
                self.this_value(frame, &path).map(|value| ArgValue { name: None, value, ty: None })
            }
            _ => None,
        };
        if let (Callee::Method { name, .. }, Some(list)) = (&call.callee, &receiver) {
            self.note_resized(name, &list.value, list.ty.as_ref());
        }
        if let Callee::Method { receiver: list, name } = &call.callee
            && self.models.hints().says(Hint::PutsIn, name)
        {
            let put: Vec<_> =
                call.args.iter().zip(&args).map(|(arg, given)| (&arg.value, given.value.clone())).collect();
            self.note_element(site, &path, list, &put, at);
        }
        let target = self.target(site);
        let mut calling = Calling {
            receiver,
            args,
            result: Some(call.result),
            ..Calling::new(site, self.written_name(site, call), at, Access::Call)
        };
        // A member of a native library is known by its type.
        if let (Target::Model(model), Callee::Method { .. }, true) = (&target, &call.callee, self.is_native(frame)) {
            let name = self.models.function(*model).name.replace('.', "::");
            calling.name = name.strip_prefix("std::").map_or(name.as_str(), |member| member).into();
        }
        let gifts = self.gifts(site, &calling.name, &calling.args, at, &path);
        // `T::method(x)`: the receiver stands among the arguments.
        if matches!(call.callee, Callee::Name(_)) && self.takes_receiver_first(frame, target, calling.args.len()) {
            calling.receiver = Some(calling.args.remove(0));
        }
        let by_value = matches!(call.callee, Callee::Value(_));
        let before = out.len();
        let (first, name) = (calling.args.first().map(|arg| arg.value.clone()), calling.name.clone());
        let only_asks = matches!(target, Target::Model(model) if self.models.function(*model).asks.is_some());
        if !only_asks {
            let given = calling.receiver.iter().chain(&calling.args);
            given.for_each(|arg| self.forget_answers(&mut path, &arg.value));
        }
        self.note_call_with_field(&path, target, &calling);
        let is_its_own = matches!((&call.callee, target), (Callee::Method { .. }, Target::Unknown | Target::Model(_)));
        let library = self.use_lender(&mut path, target, &mut calling, is_its_own);
        let lent = self.lend_places(site, target, call, &mut calling, &mut path);
        self.dispatch(run, target, calling, by_value, path, out);
        if let Some(library) = library {
            self.lie_in_library(frame, library, call.result, &mut out[before..]);
        }
        self.take_back(site, call.result, &lent, &mut out[before..]);
        self.hand_over(gifts, &mut out[before..]);
        self.end_borrowings(target, first.as_ref(), (&name, at), &mut out[before..]);
    }

    /// Whether a call by a member's path passes the receiver as its first argument.
    pub(super) fn takes_receiver_first(&self, frame: u32, target: &Target, args: usize) -> bool {
        if !self.is_native(frame) || args == 0 {
            return false;
        }
        match target {
            Target::Model(model) => self.models.function(*model).summary.speaks_of(&Root::This),
            Target::Functions(functions) => functions.candidates.iter().all(|function| {
                let declared = self.program.function(*function);
                let this = declared.locals.iter().any(|local| local.kind == crate::ir::LocalKind::This);
                this && declared.params.len() + 1 == args
            }),
            _ => false,
        }
    }

    /// A getter, or a modelled one.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn getter(
        &mut self,
        run: &mut Run,
        site: Site,
        target: &Target,
        base: Option<Value>,
        from: &Place,
        to: LocalId,
        at: Location,
        path: Path,
        out: &mut Vec<Path>,
    ) {
        let mut calling = self.at_place(site, &path, from, base, at, Access::Read);
        calling.result = Some(to);
        self.note_index(&path, target, &calling, from);
        self.dispatch(run, target, calling, false, path, out);
    }

    /// The call that reading or writing a place is: a member of the value it starts at, with the index as its argument.
    fn at_place(
        &self,
        site: Site,
        path: &Path,
        place: &Place,
        base: Option<Value>,
        at: Location,
        access: Access,
    ) -> Calling {
        let mut args = Vec::new();
        let name = match (place.path.first(), &place.base) {
            (Some(Projection::Field(name)), _) | (None, Base::Name(name)) => name.clone(),
            (Some(Projection::Index(index)), _) => {
                args.push(self.index(site, path, index));
                Name::new(if access == Access::Write { "[]=" } else { "[]" })
            }
            (Some(Projection::Pointee), _) => POINTEE,
            (None, _) => Name::default(),
        };
        let ty = match &place.base {
            Base::Local(local) => self.resolved(site.frame).types.get(local.index()).cloned(),
            _ => None,
        };
        let receiver = base.map(|value| ArgValue { name: None, value, ty });
        Calling { receiver, args, ..Calling::new(site, name, at, access) }
    }

    /// An index. One that is computed is another one each time: only a literal names an element.
    fn index(&self, site: Site, path: &Path, index: &Operand) -> ArgValue {
        let value = match index {
            Operand::Const(_) => self.operand(site.frame, path, index),
            _ => Value::Symbol(Symbol::of((site, "index"))),
        };
        ArgValue { name: None, value, ty: None }
    }

    /// A setter, or a modelled one.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn setter(
        &mut self,
        run: &mut Run,
        site: Site,
        target: &Target,
        base: Option<Value>,
        to: &Place,
        operand: &Operand,
        stored: Value,
        at: Location,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        let mut calling = self.at_place(site, &path, to, base, at, Access::Write);
        self.stored_concluded(&mut path, &stored);
        calling.args.push(ArgValue { name: None, value: stored, ty: local_type(self.resolved(site.frame), operand) });
        self.note_index(&path, target, &calling, to);
        self.dispatch(run, target, calling, false, path, out);
    }

    /// An operator that is a member.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn operator(
        &mut self,
        run: &mut Run,
        site: Site,
        target: &Target,
        op: &Name,
        to: LocalId,
        operands: [&Operand; 2],
        values: [Value; 2],
        at: Location,
        path: Path,
        out: &mut Vec<Path>,
    ) {
        let resolved = self.resolved(site.frame);
        let [left, right] = values;
        let receiver = ArgValue { name: None, value: left, ty: local_type(resolved, operands[0]) };
        let arg = ArgValue { name: None, value: right, ty: local_type(resolved, operands[1]) };
        let calling = Calling {
            receiver: Some(receiver),
            args: vec![arg],
            result: Some(to),
            ..Calling::new(site, op.clone(), at, Access::Call)
        };
        self.dispatch(run, target, calling, false, path, out);
    }

    /// Finds out what is called and lets it happen. `by_value`: the receiver is what is called.
    pub(super) fn dispatch(
        &mut self,
        run: &mut Run,
        target: &Target,
        mut calling: Calling,
        by_value: bool,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        self.note_reset(&mut path, target, &calling);
        match target {
            // What native code holds as a function.
            Target::Via(via) if via.target == Target::Unknown && self.is_native(calling.site.frame) => {
                calling.args.iter().for_each(|arg| path.pass_on(&arg.value));
                self.call_unknown(run, calling, path, out);
            }
            Target::Via(via) => {
                let value = match &via.receiver {
                    Receiver::Operand => calling.receiver.as_ref().map(|receiver| receiver.value.clone()),
                    Receiver::This => self.this_value(calling.site.frame, &path),
                    Receiver::Variable(variable) => Some(self.variable(calling.site, &mut path, *variable)),
                    Receiver::Field(field) => {
                        let owner = calling.receiver.as_ref().map(|receiver| receiver.value.clone());
                        let owner = owner.or_else(|| self.this_value(calling.site.frame, &path));
                        Some(self.load_field(calling.site, &mut path, owner, *field, calling.at))
                    }
                    Receiver::Getter(Target::Model(getter)) => self.ambient_of(*getter, calling.site.frame),
                    Receiver::Static(_) | Receiver::Getter(_) => None,
                };
                let ty = match (&via.receiver, calling.receiver.take()) {
                    (Receiver::Operand, Some(receiver)) => receiver.ty,
                    (Receiver::Field(field) | Receiver::Static(field), _) => {
                        Some(self.program.variable_type(*field).clone())
                    }
                    _ => None,
                };
                let value = value.unwrap_or_else(|| self.fresh(&mut path, calling.site, Role::Inner));
                calling.receiver = Some(ArgValue { name: None, value, ty });
                let called = matches!(via.target, Target::Native { .. } | Target::Unknown);
                self.dispatch(run, &via.target, calling, called, path, out);
            }
            Target::Functions(functions) => self.call_functions(run, functions, calling, path, out),
            Target::Model(model) => {
                let summary = &self.models.function(*model).summary;
                // A wrapper of a native function of which nothing is known.
                if summary.basis == Basis::Convention {
                    calling.receiver = None;
                    calling.native = true;
                    return self.call_unknown_native(run, calling, path, out);
                }
                calling.native |= self.models.function(*model).pack.is_none();
                calling.targets = self.models.function(*model).targets;
                calling.model = Some(*model);
                self.note_call(&path, &calling, *model);
                if let Some(answer) = self.answer_to_call(&calling, *model) {
                    return self.finish(&calling, path, answer, out);
                }
                self.give_to_base(&mut path, &calling, summary);
                self.apply_summary(run, summary, calling, path, out);
            }
            Target::Native { symbol: None, model: None }
                if self.is_native(calling.site.frame)
                    || (calling.name.is_empty() && calling.args.len() == 1)
                    || calling.receiver.as_ref().is_some_and(|receiver| receiver.value == Value::Callback) =>
            {
                // Whoever handed it in is told a result: it may well take what it gets. So may what native code reaches
                // by a pointer, and a function that has no name at all: the address of a release.
                calling.args.iter().for_each(|arg| path.pass_on(&arg.value));
                self.call_unknown(run, calling, path, out);
            }
            Target::Native { symbol, model } => {
                // What stands as the receiver is the native function itself.
                calling.receiver = None;
                self.note_replaced_native(&path, &calling, symbol.as_ref());
                calling.native = true;
                let defined =
                    symbol.as_ref().map(|symbol| self.defined(&calling, &path, symbol, *model)).unwrap_or_default();
                if !defined.is_empty() {
                    for (targets, functions) in defined {
                        let before = out.len();
                        let path = Path { targets, ..path.clone() };
                        calling.abroad = functions.candidates.iter().all(|callee| self.is_abroad(&calling, *callee));
                        match self.summary_of(&functions) {
                            Some(summary) => self.apply_summary(run, &summary, calling.clone(), path, out),
                            None => self.call_unknown_native(run, calling.clone(), path, out),
                        }
                        self.note_status(&calling, &functions, out.get(before..).unwrap_or_default());
                    }
                    return;
                }
                if let Some(summary) = symbol.as_ref().and_then(|symbol| self.program.stated_contract(symbol)) {
                    return self.apply_summary(run, summary, calling, path, out);
                }
                match model {
                    Some(model) => {
                        calling.targets = self.models.function(*model).targets;
                        // Native code that calls it is compiled where it exists.
                        let there = path.targets.and(calling.targets);
                        if self.is_native(calling.site.frame) && !there.is_empty() {
                            path.targets = there;
                        }
                        let summary = &self.models.function(*model).summary;
                        self.apply_summary(run, summary, calling, path, out);
                    }
                    None => match symbol.as_ref().and_then(|symbol| self.program.declared_contract(symbol)) {
                        Some(summary) => self.apply_summary(run, summary, calling, path, out),
                        None => self.call_unknown_native(run, calling, path, out),
                    },
                }
            }
            Target::ExtensionOverride => {
                let value = calling.args.first().map(|arg| arg.value.clone());
                let value = value.unwrap_or_else(|| self.fresh(&mut path, calling.site, Role::Result));
                self.finish(&calling, path, value, out);
            }
            Target::DefaultConstructor(class) => {
                if let Some(value) = self.plain_struct(*class, &calling, &mut path) {
                    return self.finish(&calling, path, value, out);
                }
                if self.construct(run, *class, &calling, &path, out) {
                    return;
                }
                let wrapped = self.wraps(&path, &calling);
                for arg in calling.args.clone() {
                    self.escape(&mut path, &arg.value);
                }
                let value = self.fresh(&mut path, calling.site, Role::Result);
                self.note_result(&path, &calling, wrapped, &value);
                self.finish(&calling, path, value, out);
            }
            _ => {
                let callee = calling.receiver.as_ref().filter(|_| by_value).map(|receiver| receiver.value.clone());
                if by_value {
                    calling.args.iter().for_each(|arg| path.pass_on(&arg.value));
                }
                match callee {
                    Some(value) => self.call_value(run, &value, calling, path, out),
                    None => self.call_unknown(run, calling, path, out),
                }
            }
        }
    }

    /// Calls a closure, a tear-off, a bound native function.
    pub(super) fn call_value(
        &mut self,
        run: &mut Run,
        callee: &Value,
        mut calling: Calling,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        self.note_closure_call(&mut path, callee, &mut calling);
        match callee {
            Value::Closure(closure) => {
                let closure = self.closures[*closure as usize].clone();
                let values = calling.args.iter().map(|arg| arg.value.clone()).collect();
                let flavor = self.program.function(closure.function).flavor;
                let detached =
                    (flavor == Flavor::Async && self.ignored(&calling)).then(|| (calling.name.clone(), calling.at));
                let setting = Setting { ambient: self.ambient(calling.site.frame), detached };
                match self.run_closure(run, calling.site, &closure, values, setting, path) {
                    Ok(returned) => {
                        for returned in returned {
                            self.finish(&calling, returned.path, returned.value, out);
                        }
                    }
                    Err(path) => self.call_unknown(run, calling, *path, out),
                }
            }
            Value::Function(function) => {
                let functions = Functions {
                    candidates: [*function].into_iter().collect(),
                    complete: true,
                    implicit_this: false,
                    model: None,
                };
                calling.receiver = None;
                self.call_functions(run, &functions, calling, path, out);
            }
            Value::Lent(function, _) => self.call_value(run, function, calling, path, out),
            Value::Constructor(class) => {
                calling.receiver = None;
                self.dispatch(run, &Target::DefaultConstructor(*class), calling, false, path, out);
            }
            Value::Model(model, receiver) => {
                calling.receiver =
                    receiver.as_ref().map(|value| ArgValue { name: None, value: (**value).clone(), ty: None });
                let summary = &self.models.function(*model).summary;
                self.apply_summary(run, summary, calling, path, out);
            }
            Value::Native(symbol) => {
                let model = symbol.as_ref().and_then(|symbol| self.models.symbol(symbol, self.versions));
                self.dispatch(run, &Target::Native { symbol: symbol.clone(), model }, calling, false, path, out);
            }
            _ => {
                calling.receiver = None;
                self.call_unknown(run, calling, path, out);
            }
        }
    }

    /// Runs a closure in place. Gives the path back when closures nest too deep or it has no body.
    pub(super) fn run_closure(
        &mut self,
        run: &mut Run,
        site: Site,
        closure: &super::engine::ClosureValue,
        values: Vec<Value>,
        setting: Setting,
        mut path: Path,
    ) -> Result<Vec<Returned>, Box<Path>> {
        let function = self.program.function(closure.function);
        if self.frames[site.frame as usize].depth >= MAX_DEPTH || !function.has_blocks() {
            return Err(Box::new(path));
        }
        self.inlined.insert(closure.function);
        let guarded = self.sees_exceptions(run, site.block);
        let frame = self.closure_frame(site, closure, guarded);
        let (at, suspended) = (self.at, path.suspended);
        let entered = &mut self.frames[frame as usize];
        (entered.ambient, entered.detached) = (setting.ambient, setting.detached);
        for (param, value) in function.params.iter().filter(|param| !param.named).zip(values) {
            self.assign(frame, &mut path, param.local, value);
        }
        let exits = self.run(frame, path);
        self.at = at;
        for mut path in exits.throws {
            path.suspended = suspended;
            let flight = path.flight.take().unwrap_or(Flight::of(None));
            self.throw(run, site.block, path, flight);
        }
        let mut returns = exits.returns;
        returns.iter_mut().for_each(|returned| returned.path.suspended = suspended);
        Ok(returns)
    }

    fn call_functions(
        &mut self,
        run: &mut Run,
        functions: &Functions,
        mut calling: Calling,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        self.note_started(&mut path, functions, &calling);
        if functions.implicit_this && calling.receiver.is_none() {
            calling.receiver =
                self.this_value(calling.site.frame, &path).map(|value| ArgValue { name: None, value, ty: None });
        }
        let exact = self.of_exact_class(functions, &calling);
        let functions = exact.as_ref().unwrap_or(functions);
        let constructs = functions
            .candidates
            .iter()
            .all(|candidate| self.program.function(*candidate).kind == FunctionKind::Constructor);
        if constructs {
            // An object keeps the number that it is made of.
            for arg in &calling.args {
                if matches!(arg.value, Value::Address(_)) {
                    self.escape(&mut path, &arg.value);
                }
            }
        }
        let wraps = constructs && functions.candidates.iter().all(|candidate| self.wraps_value(*candidate));
        if constructs && (!functions.implicit_this || wraps) {
            if !self.makes_part_of_this(&calling) {
                calling.receiver = None;
            }
            // An extension type is the value that it is made of; its primary constructor has no body.
            if let [only] = functions.candidates.as_slice()
                && self.makes_extension_type(*only)
            {
                let value = calling.args.first().map(|arg| arg.value.clone());
                let value = value.unwrap_or_else(|| self.fresh(&mut path, calling.site, Role::Result));
                return self.finish(&calling, path, value, out);
            }
        }
        if let [only] = functions.candidates.as_slice() {
            calling.add_defaults(self.program.function(*only));
        }
        // What `...` takes has no name in any contract.
        let declared = functions.candidates.iter().map(|candidate| self.program.function(*candidate));
        if let Some(named) = declared.filter(|callee| callee.is_variadic).map(|callee| callee.params.len()).min() {
            for arg in calling.args.iter().skip(named) {
                if !self.is_plain(&path, arg) {
                    self.escape(&mut path, &arg.value);
                }
            }
        }
        // A way that comes round to a function that is being worked out ends as one of those that do not.
        if functions
            .candidates
            .iter()
            .any(|function| self.recursion.is_some_and(|known| known.get(function) == Some(&None)))
        {
            return;
        }
        calling.later =
            functions.candidates.iter().all(|function| self.program.function(*function).flavor == Flavor::Async);
        // The callee may change any field of an object it can reach.
        self.forget_fields(&mut path);
        if let [only] = functions.candidates.as_slice()
            && self.runs_what_it_is_given(*only, &calling)
        {
            return self.run_in_place(run, *only, calling, path, out);
        }
        match self.summary_of(functions) {
            Some(summary) if self.is_doubled(&summary) => self.call_unknown(run, calling, path, out),
            Some(summary) => {
                let instance = match constructs {
                    true => self.new_instance(functions, &mut calling, &mut path),
                    false => None,
                };
                let (before, made) = (out.len(), instance.zip(calling.result));
                let frame = calling.site.frame;
                self.apply_summary(run, &summary, calling, path, out);
                if let Some((instance, result)) = made {
                    out[before..].iter_mut().for_each(|path| self.assign(frame, path, result, instance.clone()));
                }
            }
            None => match functions.model {
                Some(model) => {
                    let summary = &self.models.function(model).summary;
                    self.apply_summary(run, summary, calling, path, out);
                }
                None => self.call_unknown(run, calling, path, out),
            },
        }
    }

    /// Whether what a function does happens in native code, and a file that declares test doubles calls it: what runs
    /// there is what the test says.
    fn is_doubled(&self, summary: &Summary) -> bool {
        let is_native = |made: &Made| {
            let unit = self.program.unit_of(made.location.file);
            unit.is_some_and(|unit| self.program.units[unit as usize].language.is_native())
        };
        let root = self.root.unit;
        let classes = || 0..self.program.units[root as usize].classes.len() as u32;
        let is_double = |class: u32| {
            let supertypes = self.program.supertypes(ClassRef { unit: root, class: ClassId(class) });
            supertypes.iter().any(|ty| matches!(ty, Ty::Model(ty, _) if self.models.ty(*ty).test_double))
        };
        let mut told = summary.made.iter().chain(&summary.ended).peekable();
        told.peek().is_some() && classes().any(is_double) && told.any(is_native)
    }

    /// Whether native code calls a function of another language: Rust from C, or the other way round.
    fn is_abroad(&self, calling: &Calling, callee: FuncRef) -> bool {
        let language = |unit: u32| self.program.units[unit as usize].language;
        let (here, there) = (language(self.frames[calling.site.frame as usize].function.unit), language(callee.unit));
        here.is_native() && (here == Language::Rust) != (there == Language::Rust)
    }

    /// The contract of a function of the program, where it is known.
    pub(super) fn contract(&self, function: FuncRef) -> Option<std::sync::Arc<Summary>> {
        let recursive = self.recursion.and_then(|known| known.get(&function).cloned().flatten());
        recursive.or_else(|| self.summaries.get(function))
    }

    /// What the functions a call may reach have in common; `None` when they disagree or one is not known.
    pub(super) fn summary_of(&self, functions: &Functions) -> Option<std::sync::Arc<Summary>> {
        let mut candidates = functions.candidates.iter();
        let first = self.contract(*candidates.next()?)?;
        for candidate in candidates {
            let other = self.contract(*candidate)?;
            if other.outcomes != first.outcomes || !other.runs.is_empty() {
                return None;
            }
        }
        Some(first)
    }

    /// Lends a value to a call.
    pub(super) fn lend(&mut self, path: &mut Path, calling: &Calling, value: &Value, assumed: Option<Unseen>) {
        self.usage(path, value, calling.usage(), calling.at);
        self.check_contents(path, calling, value);
        if let Value::Pointer(object, _) | Value::View(object, _) | Value::Address(object) = value {
            if assumed.is_some() {
                path.assume(*object);
            }
            if calling.access == Access::Call
                && let Some(object) = path.objects.get_mut(object)
            {
                let is_own = calling.receiver.as_ref().is_some_and(|receiver| receiver.value == *value);
                let story = std::rc::Rc::make_mut(&mut object.story);
                (story.lent_to, story.pointed) = (Some(calling.name.clone()), story.pointed || !is_own);
            }
            if calling.native {
                let lent = StepKind::Lent { to: calling.name.clone(), assumed };
                path.tell(*object, Step { kind: lent, location: calling.at });
                if calling.access == Access::Call {
                    self.let_stored_handles_go(path, *object);
                }
            }
            // Reading a member writes nothing; a struct that crosses the boundary by value is a copy.
            let is_copy = calling.native && !self.is_native(calling.site.frame) && matches!(value, Value::View(..));
            if calling.access == Access::Call && !is_copy {
                self.invalidate(path, *object);
            }
            if matches!(value, Value::Address(_)) && assumed.is_some() {
                self.escape(path, value);
            }
        }
    }

    /// A callee nobody knows to throw may throw all the same.
    pub(super) fn possible_exception(&mut self, run: &mut Run, calling: &Calling, path: &Path) {
        if self.sees_exceptions(run, calling.site.block) {
            self.throw(run, calling.site.block, path.clone(), Flight::of(None));
        }
    }

    /// The exceptions of a call whose contract is known.
    pub(super) fn exceptions(&mut self, run: &mut Run, calling: &Calling, throws: Throws, path: &Path) {
        match throws {
            _ if calling.later => {}
            Throws::Never => {}
            Throws::Possibly => self.possible_exception(run, calling, path),
            Throws::Known | Throws::Always => {
                let thrower = Thrower::Callee(calling.name.clone());
                let failed = self.checked(calling).flatten();
                let flight = Flight { thrower: Some((thrower, calling.at)), failed, thrown: None };
                self.throw(run, calling.site.block, path.clone(), flight);
            }
        }
    }

    /// The call is done.
    pub(super) fn finish(&mut self, calling: &Calling, mut path: Path, value: Value, out: &mut Vec<Path>) {
        if let Some(result) = calling.result {
            self.note_question(&path, calling, &value);
            let given = self.resolved(calling.site.frame).types.get(result.index());
            let value = match given.filter(|ty| self.is_by_value(calling, ty, &value)).cloned() {
                Some(ty) => self.given_by_value(calling.site, &mut path, &ty, value, calling.name.clone()),
                None => value,
            };
            self.assign(calling.site.frame, &mut path, result, value);
        }
        out.push(path);
    }
}

/// The static type of an operand.
pub(super) fn local_type(resolved: &crate::link::Resolved, operand: &Operand) -> Option<Ty> {
    match operand {
        Operand::Local(local) => resolved.types.get(local.index()).cloned(),
        _ => None,
    }
}
/// A pointer to the start of an object.
pub(super) fn start(object: super::value::ObjectId) -> Value {
    Value::Pointer(object, Offset::Start)
}
