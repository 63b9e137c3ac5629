//! The operations of the IR, calls apart.

use super::engine::{ClosureValue, Engine, Role, Run, Site};
use super::memory::join_key;
use super::path::{Flight, Path};
use super::value::{Offset, Symbol, Value};
use crate::ir::{
    AggregateKind, Base, ClassKind, Const, CopyKind, LocalId, Name, Op, Operand, Place, Projection, Statement,
    SuspendKind, Terminator, UseKind,
};
use crate::link::{ClassRef, FuncRef, Target, Ty, VarRef};
use crate::source::Location;
use crate::state::Ownership as State;
use crate::summary::{Ownership, Root};
use crate::violation::{Thrower, Usage};

impl Engine<'_> {
    /// Executes one operation; the paths it leads to are added to `out`.
    pub(super) fn op(&mut self, run: &mut Run, site: Site, statement: &Statement, mut path: Path, out: &mut Vec<Path>) {
        let at = self.location(site.frame, statement.span);
        self.at = at;
        match &statement.op {
            Op::Call(call) => return self.call(run, site, call, at, path, out),
            Op::Copy { to, from, kind } => {
                let value = self.operand(site.frame, &path, from);
                if let (CopyKind::Move, Operand::Local(moved)) = (kind, from) {
                    self.move_out(site.frame, &mut path, *moved);
                }
                let value = self.assigned(site, &mut path, *to, from, value);
                let value = match (kind, value) {
                    (CopyKind::Interior, Value::Pointer(object, _)) => Value::Pointer(object, Offset::Somewhere),
                    (_, value) => value,
                };
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Load { to, from, .. } => return self.op_load(run, site, *to, from, at, path, out),
            Op::Store { to, value } => return self.op_store(run, site, to, value, at, path, out),
            Op::Binary { to, op, left, right } => {
                let target = self.target(site);
                let operands = [left, right].map(|operand| self.operand(site.frame, &path, operand));
                if matches!(target, Target::Model(_) | Target::Functions(_)) {
                    return self.operator(run, site, target, op, *to, [left, right], operands, at, path, out);
                }
                let [one, other] = &operands;
                let decided = self.decided(site.frame, op, [left, right], [one, other]);
                let [left, right] = operands;
                let value = decided.unwrap_or_else(|| self.binary(site, op, left, right, &mut path));
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Aggregate { to, items, .. } if self.is_plain_record(site, *to) => {
                let value = self.record(site, *to, items, at, &mut path);
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Aggregate { to, kind: AggregateKind::Record, items }
                if self.owns_as_record(site.frame, &path, items) =>
            {
                let value = self.new_record(site, *to, items, at, &mut path);
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Aggregate { to, items, .. } => {
                self.lend_items(site, *to, items, &mut path);
                for (_, item) in items {
                    let value = self.operand(site.frame, &path, item);
                    self.put_into(&mut path, &value, Symbol::of((site, 0u16)));
                    self.escape(&mut path, &value);
                }
                let value = self.fresh(&mut path, site, Role::Result);
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Insert { value, .. } => {
                let value = self.operand(site.frame, &path, value);
                self.escape(&mut path, &value);
            }
            Op::Closure { to, body } => {
                let unit = self.frames[site.frame as usize].function.unit;
                let closure = ClosureValue { function: FuncRef { unit, function: *body }, frame: site.frame };
                let index = self.closures.iter().position(|known| *known == closure).unwrap_or_else(|| {
                    self.closures.push(closure);
                    self.closures.len() - 1
                });
                self.assign(site.frame, &mut path, *to, Value::Closure(index as u32));
            }
            Op::Use { value, kind: UseKind::Escape } => {
                let value = self.operand(site.frame, &path, value);
                self.escape(&mut path, &value);
            }
            Op::Use { .. } => {}
            Op::ScopeEnd(local) => return self.op_scope_end(run, site, *local, at, path, out),
            Op::Stack { to, by_address, .. } => self.op_stack(site, *to, *by_address, at, &mut path),
            Op::Address { to, of } => self.op_address(site, *to, of, &mut path),
            Op::Catch { to } | Op::Element { to, .. } => {
                let value = self.fresh(&mut path, site, Role::Result);
                if let (Op::Catch { .. }, Value::Symbol(symbol)) = (&statement.op, &value) {
                    self.caught.insert(*symbol);
                }
                self.assign(site.frame, &mut path, *to, value);
            }
            Op::Suspend { to, value, kind } => {
                let value = self.operand(site.frame, &path, value);
                self.note_waiting(&mut path);
                match kind {
                    SuspendKind::Await => {
                        let thrower = self.may_fail(site, statement).then_some((Thrower::Await, at));
                        if thrower.is_some() || self.sees_exceptions(run, site.block) {
                            self.throw(run, site.block, path.clone(), Flight::of(thrower));
                        }
                    }
                    SuspendKind::Yield => self.escape(&mut path, &value),
                }
                self.forget_fields(&mut path);
                self.forget_all_answers(&mut path);
                if *kind == SuspendKind::Await && self.frames[site.frame as usize].detached.is_some() {
                    path.suspended = Some(site.frame);
                }
                if let Some(to) = to {
                    self.assign(site.frame, &mut path, *to, value);
                }
            }
        }
        out.push(path);
    }

    /// A local gives its value up: its scope's end releases nothing.
    fn move_out(&mut self, frame: u32, path: &mut Path, local: LocalId) {
        if let Some(Ty::Class(..) | Ty::Model(..)) = self.resolved(frame).types.get(local.index()) {
            let slot = self.slot(frame, local);
            path.locals.insert(slot, Value::NullPointer);
        }
    }

    fn binary(&mut self, site: Site, op: &Name, left: Value, right: Value, path: &mut Path) -> Value {
        self.note_arithmetic(site, op, &left, &right);
        match op.as_str() {
            "==" | "!=" | "<" | ">" | "<=" | ">=" => match (op.as_str(), &left, &right) {
                ("==", Value::Int(a), Value::Int(b)) => Value::Bool(a == b),
                ("!=", Value::Int(a), Value::Int(b)) => Value::Bool(a != b),
                _ => self.comparison(op, left, right),
            },
            "|" | "&" | "+" | "-" | "*" | "<<" => match (op.as_str(), &left, &right) {
                ("|", Value::Int(a), Value::Int(b)) => Value::Int(a | b),
                ("&", Value::Int(a), Value::Int(b)) => Value::Int(a & b),
                ("+", Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_add(*b)),
                ("-", Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_sub(*b)),
                ("*", Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_mul(*b)),
                _ => {
                    // An address that is computed with goes out of sight.
                    self.escape(path, &left);
                    self.escape(path, &right);
                    self.fresh(path, site, Role::Result)
                }
            },
            _ => self.fresh(path, site, Role::Result),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn op_load(
        &mut self,
        run: &mut Run,
        site: Site,
        to: LocalId,
        from: &Place,
        at: Location,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        let base = self.base(site.frame, &path, &from.base);
        let target = self.target(site);
        self.note_length(site, &path, from);
        if let Some(answer) = self.answer(site, base.as_ref(), from) {
            self.assign(site.frame, &mut path, to, answer);
            return out.push(path);
        }
        let value = match &target {
            // A member of the receiver by its bare name: `address` in an extension on pointers.
            Target::Model(model) if base.is_none() && matches!(from.base, Base::Name(_)) => {
                let member = self.models.function(*model).summary.speaks_of(&Root::This);
                let base = if member { self.this_value(site.frame, &path) } else { None };
                return self.getter(run, site, target, base, from, to, at, path, out);
            }
            Target::Functions(_) | Target::Model(_) | Target::Native { .. } | Target::Via(_) => {
                return self.getter(run, site, target, base, from, to, at, path, out);
            }
            Target::Memory => self.load_place(site, &mut path, from, to, at),
            Target::Static(_) | Target::Field(_) if self.is_native(site.frame) => {
                self.load_place(site, &mut path, from, to, at)
            }
            Target::Field(field) => {
                let owner = base.or_else(|| self.this_value(site.frame, &path));
                self.load_field(site, &mut path, owner, *field, at)
            }
            Target::Static(variable) => match self.constant(*variable) {
                Some(value) => value,
                None => match self.initial(*variable) {
                    Some(value) => value,
                    // A callback stays one when it is cast.
                    None if self.is_callback(self.program.variable_type(*variable)) => Value::Native(None),
                    None if self.never_changes(*variable) => {
                        let symbol = Symbol::of(("static", variable));
                        self.constants.insert(symbol);
                        Value::Symbol(symbol)
                    }
                    None => self.fresh(&mut path, site, Role::Result),
                },
            },
            Target::Variable(variable) => self.variable(site, &mut path, *variable),
            Target::TearOff(function) => self.lent_function(&path, base.as_ref(), Value::Function(*function)),
            Target::ModelTearOff(model) => Value::Model(*model, base.map(Box::new)),
            // A tuple struct's name is the function that makes one.
            Target::DefaultConstructor(class) if self.is_native(site.frame) => Value::Constructor(*class),
            Target::Namespace | Target::DefaultConstructor(_) | Target::ExtensionOverride => {
                self.fresh(&mut path, site, Role::Result)
            }
            Target::Unknown => match self.record_field(site, &mut path, base.as_ref(), from) {
                Some(value) => value,
                None => match self.lent_native(site, &path, base.as_ref(), to) {
                    Some(function) => function,
                    None => self.load_unknown(site, &mut path, base, from, at),
                },
            },
        };
        self.assign(site.frame, &mut path, to, value);
        out.push(path);
    }

    fn base(&self, frame: u32, path: &Path, base: &Base) -> Option<Value> {
        match base {
            Base::Local(local) => Some(self.local(frame, path, *local)),
            Base::Super => self.this_value(frame, path),
            Base::Name(_) | Base::Type(_) => None,
        }
    }

    /// The value of `this`.
    pub(super) fn this_value(&self, frame: u32, path: &Path) -> Option<Value> {
        self.this_local(frame).map(|local| self.local(frame, path, local))
    }

    /// Reads a field of an instance or of a struct in native memory.
    pub(super) fn load_field(
        &mut self,
        site: Site,
        path: &mut Path,
        owner: Option<Value>,
        field: VarRef,
        at: Location,
    ) -> Value {
        let Some(owner) = owner else { return self.fresh(path, site, Role::Result) };
        let variable = self.program.variable(field);
        let wrapped = field.class.is_some_and(|class| {
            field.index == 0
                && self.program.class(ClassRef { unit: field.unit, class }).kind == ClassKind::ExtensionType
        });
        if wrapped {
            return owner;
        }
        match owner {
            Value::View(object, prefix) => {
                let owner = Value::View(object, prefix.clone());
                self.usage(path, &owner, Usage::Read, at);
                let key = join_key(&prefix, &variable.name);
                if self.is_nested_struct(field) {
                    Value::View(object, key)
                } else {
                    self.load(path, site, object, &key)
                }
            }
            Value::Pointer(object, _) => {
                let name = variable.name.clone();
                self.load(path, site, object, &name)
            }
            _ => self.fresh(path, site, Role::Result),
        }
    }

    fn load_unknown(&mut self, site: Site, path: &mut Path, base: Option<Value>, from: &Place, at: Location) -> Value {
        match (base, from.path.first()) {
            (Some(Value::View(object, prefix)), Some(step)) => {
                let owner = Value::View(object, prefix.clone());
                self.usage(path, &owner, Usage::Read, at);
                match step {
                    Projection::Field(name)
                        if !prefix.is_empty() || path.heap.contains_key(&(object, name.clone())) =>
                    {
                        let key = join_key(&prefix, name);
                        self.load(path, site, object, &key)
                    }
                    _ => self.fresh(path, site, Role::Result),
                }
            }
            (Some(value @ Value::Pointer(object, _)), _) => {
                // A member nobody knows may hand the pointer on. The fields of `this` are its own affair.
                let given = path.objects.get(&object).is_some_and(|object| object.path.is_some());
                if !given || self.is_anything(site.frame, from) {
                    self.escape(path, &value);
                }
                self.fresh(path, site, Role::Result)
            }
            _ => self.fresh(path, site, Role::Result),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn op_store(
        &mut self,
        run: &mut Run,
        site: Site,
        to: &Place,
        value: &Operand,
        at: Location,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        let base = self.base(site.frame, &path, &to.base);
        if let (Some(list), Base::Local(local), Some(Projection::Field(name))) = (&base, &to.base, to.path.first()) {
            let ty = self.resolved(site.frame).types.get(local.index());
            self.note_resized(name, list, ty);
        }
        let stored = self.operand(site.frame, &path, value);
        let target = self.target(site);
        match &target {
            Target::Functions(_) | Target::Model(_) | Target::Native { .. } | Target::Via(_) => {
                return self.setter(run, site, target, base, to, value, stored, at, path, out);
            }
            Target::Memory if self.copy_into_variable(site, &mut path, to, value, &stored) => {}
            Target::Memory => self.store_place(site, &mut path, to, stored, at),
            Target::Static(_) | Target::Field(_) if self.is_native(site.frame) => {
                self.store_place(site, &mut path, to, stored, at);
            }
            Target::Field(field) => {
                let name = self.program.variable(*field).name.clone();
                self.fault_of_callback(&path, &stored, *field, at);
                self.note_field_store(&path, *field, &stored, at);
                let base = base.or_else(|| self.this_value(site.frame, &path));
                if base.as_ref().is_some_and(|base| self.is_this(&path, base)) {
                    self.note_replaced(site, &path, *field, &stored, at);
                }
                match base {
                    Some(Value::View(object, prefix)) => {
                        let owner = Value::View(object, prefix.clone());
                        self.usage(&mut path, &owner, Usage::Write, at);
                        self.store_told(&mut path, object, join_key(&prefix, &name), stored, at);
                    }
                    Some(Value::Pointer(object, _)) => {
                        Self::note_address_stored(&mut path, &stored, &name, at);
                        self.keep(&mut path, &stored, &name, Some(*field));
                        if !self.keep_in_field(&mut path, object, *field, &stored, at) {
                            self.store_in_field(&mut path, object, *field, stored, at);
                        }
                    }
                    _ => {
                        self.keep(&mut path, &stored, &name, Some(*field));
                        self.escape(&mut path, &stored);
                    }
                }
            }
            // An element of a container.
            _ if self.keep_through(site, &mut path, to, &stored, at) => {}
            target => {
                if let Target::Static(variable) = target {
                    self.fault_of_callback(&path, &stored, *variable, at);
                    self.note_replaced(site, &path, *variable, &stored, at);
                    let name = self.program.variable(*variable).name.clone();
                    self.keep(&mut path, &stored, &name, Some(*variable));
                }
                if let (Some(owner @ Value::View(..)), Some(_)) = (&base, to.path.first()) {
                    let owner = owner.clone();
                    self.usage(&mut path, &owner, Usage::Write, at);
                }
                // A map's key goes where its value goes.
                if let Some(Projection::Index(index)) = to.path.first() {
                    base.iter().for_each(|base| self.forget_contents(&mut path, base));
                    if let Base::Local(list) = to.base {
                        self.note_element(site, &path, &Operand::Local(list), &[(value, stored.clone())], at);
                    }
                    let index = self.operand(site.frame, &path, index);
                    self.escape(&mut path, &index);
                }
                self.escape(&mut path, &stored);
            }
        }
        out.push(path);
    }

    /// Stores into native memory, and tells it in the stored object's story.
    pub(super) fn store_told(
        &mut self,
        path: &mut Path,
        into: crate::flow::value::ObjectId,
        key: Name,
        value: Value,
        at: Location,
    ) {
        if let Some(object) = value.object() {
            let kind = crate::violation::StepKind::Stored { into: key.clone() };
            path.tell(object, crate::violation::Step { kind, location: at });
        }
        self.store(path, into, key, value, at);
    }

    /// Whether a variable outside functions holds the same in each call: a constant of a class, a value of an enum.
    fn never_changes(&self, variable: VarRef) -> bool {
        let declared = self.program.variable(variable);
        let class =
            variable.class.map(|class| self.program.class(crate::link::ClassRef { unit: variable.unit, class }));
        let of_enum = class.is_some_and(|class| class.kind == crate::ir::ClassKind::Enum);
        let scalar = matches!(self.program.variable_type(variable), Ty::Scalar | Ty::String);
        let dart = !self.program.units[variable.unit as usize].language.is_native();
        dart && (of_enum || scalar && declared.is_final)
    }

    /// Whether a field of a struct is a struct or an array itself: reading it gives a view.
    fn is_nested_struct(&self, field: VarRef) -> bool {
        self.is_view(self.program.variable_type(field), 0)
    }

    /// Whether values of a type are views on native memory: structs, unions, arrays.
    pub(super) fn is_view(&self, ty: &Ty, depth: u32) -> bool {
        match ty {
            Ty::Model(ty, _) => self.models.ty(*ty).view,
            Ty::Class(class, _) if depth < 8 => {
                self.program.supertypes(*class).iter().any(|supertype| self.is_view(supertype, depth + 1))
            }
            _ => false,
        }
    }

    /// The value of a variable that never changes.
    pub(super) fn constant(&self, variable: VarRef) -> Option<Value> {
        let declared = self.program.variable(variable);
        if !declared.is_final {
            return None;
        }
        let unit = &self.program.units[variable.unit as usize];
        let body = unit.function(declared.initializer?);
        match body.blocks.as_slice() {
            [block] if block.ops.is_empty() => match &block.end {
                Terminator::Return(Some(Operand::Const(
                    constant @ (Const::Int(_) | Const::Bool(_) | Const::Str(_)),
                ))) => Some(super::engine::constant_value(constant)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a variable that never changes is made of: a native function, a finalizer.
    fn initial(&self, variable: VarRef) -> Option<Value> {
        if !self.program.variable(variable).is_final {
            return None;
        }
        let summary = self.summaries.get(self.program.initializer(variable)?)?;
        match &summary.outcomes.first()?.result.ownership {
            Ownership::Releaser(family) => Some(Value::Releaser(*family)),
            Ownership::NativeFunction(symbol) => Some(Value::Native(symbol.clone())),
            _ => None,
        }
    }

    /// Other code ran: the fields of `this` may hold something else.
    pub(super) fn forget_fields(&mut self, path: &mut Path) {
        let is_this = |object: &super::path::Object| {
            object.path.as_ref().is_some_and(|path| path.root == Root::This && path.steps.is_empty())
        };
        // What the function was given may lie there still.
        let mut kept = Vec::new();
        let stays = self.staying(path);
        let objects = &path.objects;
        path.heap.retain(|(owner, _), value| {
            let goes = objects.get(owner).is_some_and(is_this) && !stays.contains(value);
            if goes {
                kept.extend(value.object());
            }
            !goes
        });
        for id in kept {
            if let Some(object) = path.objects.get_mut(&id)
                && object.story.kept.is_some()
                && object.ownership == State::Unknown
            {
                object.ownership = State::Escaped;
            }
        }
    }
}
