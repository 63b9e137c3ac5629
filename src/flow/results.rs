//! What a call gives: the value of its result, and of what it fills in.

use super::apply::status_symbol;
use super::calls::Calling;
use super::engine::{Engine, Origin, OriginKey, Role, Site};
use super::memory::{POINTEE, SOMEWHERE};
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Const, Name};
use crate::link::Ty;
use crate::models::VariableId;
use crate::models::schema::FamilyKind;
use crate::state::{Event, MemoryFamily, Ownership as State};
use crate::summary::{AccessPath, Basis, FamilyId, FamilyRef, Ownership, ResultContract, Root};
use crate::violation::{Given, Owner, Step, StepKind};

/// The allocator that a call allocates with.
pub(super) enum Allocating {
    Family(FamilyId),
    Scope(ObjectId),
    /// An arena that is not in sight.
    UnknownScope,
    Parameter(u16),
    Unknown,
}

impl Engine<'_> {
    /// The value of what a call returns.
    pub(super) fn result(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        contract: &ResultContract,
        basis: Basis,
        role: Role,
    ) -> Value {
        let site = calling.site;
        if let Some(of) = contract.ownership.path() {
            let through = matches!(contract.ownership, Ownership::View(_) | Ownership::Pointee(_));
            self.open_elements(path, calling, of, through);
        }
        let value = match &contract.ownership {
            Ownership::Unknown => None,
            Ownership::Owned(family) => {
                let allocating = match self.allocating(path, calling, family) {
                    Allocating::Family(family) => Allocating::Family(self.handed_on(path, calling, family)),
                    allocating => allocating,
                };
                let value = self.allocated(path, calling, &allocating, contract.nullable, basis, role);
                self.note_allocator(path, calling, family, &value);
                self.note_callable(calling, &value);
                Some(value)
            }
            // Native code may well take what it keeps itself apart again.
            Ownership::Borrowed { from, part, .. }
                if basis == Basis::Body && self.is_native(site.frame) && !calling.abroad =>
            {
                let from = from.as_ref().filter(|from| !matches!(from.root, Root::Static(_)));
                let value = from.and_then(|from| self.read_at(path, calling, from));
                value.inspect(|value| self.keep_part(path, value, *part))
            }
            Ownership::Borrowed { from: Some(from), .. } if self.is_own_address(calling, from) => {
                self.own_address(path, calling, role, basis)
            }
            Ownership::Borrowed { from: Some(from), part, .. } if self.lender(path, calling, from).is_some() => {
                Some(self.borrowed_part(path, calling, from, *part, (basis, role)))
            }
            Ownership::Borrowed { .. } | Ownership::Static => {
                let is_static = contract.ownership == Ownership::Static;
                let (origin, mut object) = self.lent(calling, is_static, basis, role);
                if let Ownership::Borrowed { from: Some(from), until, .. } = &contract.ownership
                    && let Some((lender, until)) = self.lender_until(path, calling, from, until)
                {
                    let own = self.is_callable(lender);
                    let story = std::rc::Rc::make_mut(&mut object.story);
                    (story.lent_of, story.until, story.own) = (Some(lender), until, own);
                }
                // Whatever the library lends until a call, that of Dart code sees.
                if let Ownership::Borrowed { from: None, until, .. } = &contract.ownership
                    && !until.is_empty()
                    && !self.is_native(site.frame)
                {
                    std::rc::Rc::make_mut(&mut object.story).until.clone_from(until);
                }
                Some(Value::Pointer(self.allocate(path, origin, object), Offset::Start))
            }
            // Null tells nothing of the argument.
            Ownership::Alias(_) if contract.nullable && basis != Basis::Body => None,
            Ownership::Alias(of) => match self.read_at(path, calling, of) {
                // The address of a struct is that of its block.
                Some(Value::View(object, prefix)) if prefix.is_empty() && !self.gives_view(calling) => {
                    Some(Value::Pointer(object, Offset::Start))
                }
                // A pointer is made of an address.
                Some(Value::Address(object)) if self.gives_pointer(calling) => {
                    Some(Value::Pointer(object, Offset::Start))
                }
                value => {
                    value.iter().for_each(|value| self.note_part(path, calling, value));
                    // A check that gives its argument back only where that is there.
                    if basis == Basis::Body
                        && !contract.nullable
                        && let Some(Value::Pointer(id, _)) = &value
                        && let Some(object) = path.objects.get_mut(id)
                    {
                        object.non_null = true;
                    }
                    value
                }
            },
            Ownership::Interior(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, offset)) => {
                    Some(Value::Pointer(object, self.moved(calling, object, offset)))
                }
                _ => None,
            },
            Ownership::View(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, Offset::Start)) => Some(Value::View(object, Name::default())),
                Some(Value::Pointer(object, _)) => Some(Value::View(object, SOMEWHERE)),
                Some(Value::View(object, prefix)) => Some(Value::View(object, prefix)),
                Some(Value::Symbol(unknown)) => Some(Value::Symbol(unknown.view())),
                _ => None,
            },
            Ownership::Pointee(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, _)) if self.gives_view(calling) => Some(Value::View(object, SOMEWHERE)),
                Some(Value::Pointer(object, offset)) => {
                    let key = if offset == Offset::Start { POINTEE } else { SOMEWHERE };
                    Some(self.load(path, site, object, &key))
                }
                _ => None,
            },
            Ownership::Address(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, Offset::Start)) => Some(Value::Address(object)),
                Some(Value::NullPointer) => Some(Value::Int(0)),
                Some(status @ Value::Status(..)) => Some(status),
                Some(Value::Pointer(object, _)) => {
                    self.apply(path, object, Event::Escape);
                    None
                }
                _ => None,
            },
            Ownership::NativeFunction(symbol) => {
                // The symbol is looked up by name, or handed on by `asFunction`.
                let named = calling.args.iter().chain(&calling.receiver).find_map(|arg| match arg.value.function() {
                    Value::Str(symbol) => Some(symbol.clone()),
                    Value::Native(symbol) => symbol.clone(),
                    Value::Function(function) => self.program.bound_symbol(*function).cloned(),
                    _ => None,
                });
                let symbol = symbol.clone().or(named);
                // One that the caller was handed: calling it hands things back.
                let handed_in =
                    calling.receiver.as_ref().and_then(|receiver| receiver.value.object()).is_some_and(|id| {
                        let at = path.objects.get(&id).and_then(|object| object.path.as_ref());
                        at.is_some_and(|at| matches!(at.root, Root::Param(_) | Root::Named(_)))
                    });
                Some(match symbol {
                    None if handed_in => Value::Callback,
                    symbol => self.looked_up(path, calling, symbol),
                })
            }
            Ownership::Releaser(family) => Some(Value::Releaser(*family)),
            // Beyond the boundary there is no scope that would end it: what crosses is the address.
            Ownership::Value(family) if calling.native && !self.is_native(site.frame) => {
                let owned = Ownership::Owned(FamilyRef::Family(*family));
                return self.result(
                    path,
                    calling,
                    &ResultContract { ownership: owned, ..contract.clone() },
                    basis,
                    role,
                );
            }
            Ownership::Value(family) => {
                let origin = self.site_origin(calling, role, Some(*family), Owner::Library, basis);
                let made = StepKind::Allocated { by: calling.name.clone(), family: *family };
                let object = Object::new(State::Managed, Step { kind: made, location: calling.at });
                Some(Value::Pointer(self.allocate(path, origin, object), Offset::Start))
            }
            Ownership::Scope(family) => {
                let origin = self.site_origin(calling, role, Some(*family), Owner::Arena, basis);
                Some(self.open_scope(path, origin, calling))
            }
            Ownership::Ambient(_) => self.ambient(site.frame).map(Value::Scope),
            Ownership::Null => Some(Value::NullPointer),
            Ownership::TargetTest(targets) => Some(Value::TargetTest(*targets)),
            Ownership::Status(kind) => Some(Value::Status(status_symbol(site), *kind)),
            Ownership::StatusTest { of, success } => match self.value_at(path, calling, of) {
                Some(Value::Status(symbol, _)) => Some(Value::StatusTest(symbol, *success)),
                _ => None,
            },
            Ownership::NullTest { of, null } => {
                let op = if *null { "==" } else { "!=" };
                let value = self.value_at(path, calling, of);
                value.map(|value| self.comparison(&Name::new(op), value, Value::NullPointer))
            }
            Ownership::Constant(constant) => match constant {
                Const::Null => Some(Value::Null),
                constant => Some(super::engine::constant_value(constant)),
            },
        };
        value.unwrap_or_else(|| self.fresh(path, site, role))
    }

    /// What a call gives that stays somebody else's, and its origin.
    pub(super) fn lent(&mut self, calling: &Calling, is_static: bool, basis: Basis, role: Role) -> (u32, Object) {
        let (state, owner, given) = match is_static {
            true => (State::Static, Owner::Static, Given::Static),
            false if basis == Basis::Convention => (State::Borrowed, Owner::Supposed, Given::Borrowed),
            false => (State::Borrowed, Owner::Library, Given::Borrowed),
        };
        let origin = self.site_origin(calling, role, None, owner.clone(), basis);
        let borrowed =
            |from: Name, location| Step { kind: StepKind::Borrowed { from, owner: owner.clone() }, location };
        let object = match calling.made_by() {
            Some(made) => {
                let mut object = Object::new(state, Step { kind: StepKind::Given { given }, location: made.location });
                let through = made.through.iter().cloned().chain([(calling.name.clone(), calling.at)]);
                let steps = through.map(|(from, location)| borrowed(from, location));
                std::rc::Rc::make_mut(&mut object.story).steps.extend(steps);
                object
            }
            None => Object::new(state, borrowed(calling.name.clone(), calling.at)),
        };
        (origin, object)
    }

    /// The value a path leads to, read from memory where it was not seen before.
    pub(super) fn read_at(&mut self, path: &mut Path, calling: &Calling, access: &AccessPath) -> Option<Value> {
        let Some((last, before)) = access.steps.split_last() else { return self.value_at(path, calling, access) };
        let owner = AccessPath { root: access.root.clone(), steps: before.iter().cloned().collect() };
        let (object, offset, prefix) = match self.value_at(path, calling, &owner)? {
            Value::Pointer(object, offset) => (object, offset, Name::default()),
            Value::View(object, prefix) => (object, Offset::Start, prefix),
            _ => return None,
        };
        if self.gives_view(calling) {
            let first = matches!(calling.args.first().map(|arg| &arg.value), Some(Value::Int(0)));
            return Some(Value::View(object, if first { prefix } else { SOMEWHERE }));
        }
        let key = Self::key(calling, offset, &prefix, last);
        Some(self.load(path, calling.site, object, &key))
    }

    pub(super) fn gives_view(&self, calling: &Calling) -> bool {
        let types = &self.resolved(calling.site.frame).types;
        calling.result.and_then(|local| types.get(local.index())).is_some_and(|ty| self.is_view(ty, 0))
    }

    fn gives_pointer(&self, calling: &Calling) -> bool {
        let types = &self.resolved(calling.site.frame).types;
        let ty = calling.result.and_then(|local| types.get(local.index()));
        matches!(ty, Some(Ty::Model(ty, _)) if self.models.ty(*ty).pointer)
    }

    fn allocated(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        family: &Allocating,
        nullable: bool,
        basis: Basis,
        role: Role,
    ) -> Value {
        let (state, known, scope) = match family {
            Allocating::Family(family) => (State::Owned(MemoryFamily::Known(*family)), Some(*family), None),
            Allocating::Parameter(index) => (State::Owned(MemoryFamily::OfParameter(*index)), None, None),
            Allocating::Scope(scope) => (State::Managed, self.origins[scope.origin as usize].family, Some(*scope)),
            Allocating::UnknownScope | Allocating::Unknown => (State::Unknown, None, None),
        };
        let origin = self.site_origin(calling, role, known, Owner::Arena, basis);
        let mut object = match known {
            Some(family) => match calling.made_by().filter(|made| made.shown) {
                Some(made) => {
                    let by = made.by.clone();
                    let step = Step { kind: StepKind::Allocated { by, family }, location: made.location };
                    let mut object = Object::new(state, step);
                    let through = made.through.iter().cloned().chain([(calling.name.clone(), calling.at)]);
                    let steps = through.map(|(from, location)| Step { kind: StepKind::Received { from }, location });
                    std::rc::Rc::make_mut(&mut object.story).steps.extend(steps);
                    object
                }
                None => {
                    let by = calling.name.clone();
                    Object::new(state, Step { kind: StepKind::Allocated { by, family }, location: calling.at })
                }
            },
            None => Object { ownership: state, ..Object::unknown(None) },
        };
        if scope.is_some() {
            let with = StepKind::Registered { with: Owner::Arena };
            std::rc::Rc::make_mut(&mut object.story).steps.push(Step { kind: with, location: calling.at });
        }
        object.scope = scope;
        object.non_null = !nullable;
        if let Some(asked) = self.asked(path, calling) {
            std::rc::Rc::make_mut(&mut object.story).asked = Some(asked);
        }
        let object = self.allocate(path, origin, object);
        Value::Pointer(object, Offset::Start)
    }

    pub(super) fn site_origin(
        &mut self,
        calling: &Calling,
        role: Role,
        family: Option<FamilyId>,
        owner: Owner,
        basis: Basis,
    ) -> u32 {
        let matters = family.map(|family| self.models.family(family)).is_some_and(|family| {
            matches!(family.kind, FamilyKind::Memory | FamilyKind::Contents)
                || family.kind == FamilyKind::Pair && family.language.is_some()
        }) || family.is_some_and(|family| self.is_handle_family(family));
        let basis = calling.made_by().map_or(basis, |made| made.basis.min(basis));
        // A hint may speak of a wrong release, not of a missing one.
        let matters = matters && basis > Basis::MetadataDerived;
        self.origin(OriginKey::Site(calling.site, role), |_| Origin {
            by: calling.name.clone(),
            made_by: calling
                .made_by()
                .filter(|made| made.shown)
                .map_or_else(|| calling.name.clone(), |made| made.by.clone()),
            location: calling.at,
            basis,
            family,
            owner,
            targets: calling.targets,
            leak_matters: matters,
            part_of: None,
            sometimes: false,
        })
    }

    /// Which allocator a family reference means in this call.
    pub(super) fn allocating(&self, path: &Path, calling: &Calling, family: &FamilyRef) -> Allocating {
        let (at, default) = match family {
            FamilyRef::Family(family) => return Allocating::Family(*family),
            FamilyRef::Allocator(at, default) => (at, default),
        };
        let Some(arg) = calling.root(at) else {
            return default.map_or(Allocating::Unknown, Allocating::Family);
        };
        let value = if at.steps.is_empty() { Some(arg.value.clone()) } else { self.value_at(path, calling, at) };
        match value {
            Some(Value::Allocator(family, _)) => Allocating::Family(family),
            Some(Value::Scope(scope)) => Allocating::Scope(scope),
            value => match arg.ty.as_ref().filter(|_| at.steps.is_empty()).and_then(|ty| self.allocator_type(ty)) {
                Some(family) if self.models.family(family).kind == FamilyKind::Scope => Allocating::UnknownScope,
                Some(family) => Allocating::Family(family),
                None => match value.and_then(|value| self.parameter(path, &value)) {
                    Some(index) => Allocating::Parameter(index),
                    None => Allocating::Unknown,
                },
            },
        }
    }

    /// The parameter of the analysed function that a value is.
    fn parameter(&self, path: &Path, value: &Value) -> Option<u16> {
        let object = path.objects.get(&value.object()?)?;
        let access = object.path.as_ref().filter(|path| path.steps.is_empty())?;
        let params = &self.program.function(self.root).params;
        let index = match &access.root {
            Root::Param(index) => {
                params.iter().enumerate().filter(|(_, param)| !param.named).nth(usize::from(*index))?.0
            }
            Root::Named(name) => params.iter().position(|param| param.named && param.name == *name)?,
            _ => return None,
        };
        u16::try_from(index).ok()
    }

    /// The value a path of a call leads to.
    pub(super) fn value_at(&self, path: &Path, calling: &Calling, access: &AccessPath) -> Option<Value> {
        let mut value = calling.root(access)?.value.clone();
        for step in &access.steps {
            let (object, prefix) = match &value {
                Value::Pointer(object, Offset::Start) => (*object, Name::default()),
                Value::View(object, prefix) => (*object, prefix.clone()),
                _ => return None,
            };
            value = path.look(object, &Self::key(calling, Offset::Start, &prefix, step))?;
        }
        Some(value)
    }

    /// The value of a modelled variable.
    pub(super) fn variable(&mut self, site: Site, path: &mut Path, variable: VariableId) -> Value {
        let known = self.models.variable(variable);
        match known.value.as_ref().map(|contract| &contract.ownership) {
            Some(Ownership::Null) => return Value::NullPointer,
            Some(Ownership::TargetTest(targets)) => return Value::TargetTest(*targets),
            Some(Ownership::Constant(constant)) => return super::engine::constant_value(constant),
            Some(Ownership::Releaser(family)) => return Value::Releaser(*family),
            _ => {}
        }
        let allocator = self
            .models
            .type_named(known.pack, &known.ty.name, self.versions)
            .and_then(|ty| self.models.ty(ty).allocator);
        match allocator {
            Some(family) if self.models.family(family).kind != FamilyKind::Scope => Value::Allocator(family, variable),
            _ => self.fresh(path, site, Role::Result),
        }
    }
}
