//! A contract applied to a call: allocate, release, take, hold, borrow, escape.

use super::calls::Calling;
use super::engine::{Engine, Origin, OriginKey, Run, Site};
use super::objects::Releasing;
use super::ops::join_key;
use super::path::{Object, Path};
use super::value::{ObjectId, Offset, Symbol, Value};
use crate::ir::{Const, Name};
use crate::link::Ty;
use crate::models::VariableId;
use crate::models::schema::FamilyKind;
use crate::state::{Event, MemoryFamily, Ownership as State};
use crate::summary::{
    AccessPath, Basis, ClosureRun, Effect, EffectKind, FamilyId, FamilyRef, Given, Guard, Ownership, ResultContract,
    Root, RunTimes, Step as PathStep, Summary, Throws, ValueTest,
};
use crate::violation::{Owner, Step, StepKind, Usage};

/// The field path of a struct that lies somewhere in a block: nobody knows which element it is.
pub(super) const SOMEWHERE: Name = Name::new_static("[]");

/// The allocator that a call allocates with.
enum Allocating {
    Family(FamilyId),
    Scope(ObjectId),
    /// An arena that is not in sight.
    UnknownScope,
    Parameter(u16),
    Unknown,
}

impl Engine<'_> {
    /// Lets a call with that contract happen.
    pub(super) fn apply_summary(
        &mut self,
        run: &mut Run,
        summary: &Summary,
        calling: Calling,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        self.lend_unnamed(&mut path, summary, &calling);
        if summary.throws == Throws::Always {
            self.thrown(run, summary, &calling, &path);
            return;
        }
        // What is released or taken is so even when the call throws afterwards; what it returns is not there then.
        if !summary.runs.is_empty() {
            return self.apply_runs(run, summary, calling, path, out);
        }
        let mut done = Vec::new();
        let mut decided = false;
        let mut vague = false;
        let mut base = path.clone();
        for outcome in &summary.outcomes {
            let mut path = base.clone();
            match &outcome.guard {
                Guard::Argument(test) => match self.test(&path, &calling, &test.arg, &test.test) {
                    Some(true) => decided = true,
                    Some(false) => continue,
                    // Nobody can say whether it happens: what it would happen to is out of sight.
                    None => {
                        vague = true;
                        self.give_up(&mut base, &calling, &outcome.effects);
                        continue;
                    }
                },
                Guard::Throws => continue,
                Guard::Always | Guard::Success | Guard::Failure => {}
                Guard::ResultNull | Guard::ResultNonNull | Guard::ResultEquals(_) => {}
            }
            let guard = match outcome.guard {
                Guard::Success => Some((status_symbol(calling.site), true)),
                Guard::Failure => Some((status_symbol(calling.site), false)),
                _ => None,
            };
            if let Some((symbol, success)) = guard {
                if success {
                    path.renew(symbol);
                }
                // One path serves both outcomes when nothing but new memory hangs on the status.
                let fills = |outcome: &crate::summary::Outcome| {
                    outcome.effects.iter().all(|effect| matches!(effect.kind, EffectKind::Fill(_) | EffectKind::Borrow))
                };
                let together = summary.outcomes.iter().all(fills);
                if together && !success && !done.is_empty() {
                    let (mut path, value): (Path, Value) = match done.pop() {
                        Some(last) => last,
                        None => continue,
                    };
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, guard);
                    done.push((path, value));
                    continue;
                }
                if !together {
                    path.known.insert(super::path::Fact::Success(symbol), success);
                }
                let guard = together.then_some((symbol, success));
                self.effects(&mut path, &calling, &outcome.effects, summary.basis, guard);
            } else {
                self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
            }
            let value = if vague {
                self.fresh(&mut path, calling.site, 0)
            } else {
                self.result(&mut path, &calling, &outcome.result, summary.basis, 0)
            };
            match &outcome.guard {
                Guard::ResultNull => path.replace(&value, &Value::NullPointer),
                Guard::ResultNonNull => {
                    if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
                        object.non_null = true;
                    }
                }
                _ => {}
            }
            done.push((path, value));
            if decided {
                break;
            }
        }
        if done.is_empty() && !summary.outcomes.is_empty() {
            let value = self.fresh(&mut path, calling.site, 0);
            done.push((path.clone(), value));
        }
        self.thrown(run, summary, &calling, &path);
        for (path, value) in done {
            self.finish(&calling, path, value, out);
        }
    }

    fn give_up(&mut self, path: &mut Path, calling: &Calling, effects: &[Effect]) {
        for effect in effects {
            if !matches!(effect.kind, EffectKind::Fill(_) | EffectKind::Borrow)
                && let Some(value) = self.value_at(path, calling, &effect.on)
            {
                self.escape(path, &value);
            }
        }
    }

    /// The exception of a call: with what its contract says of that outcome, else with what it does always.
    fn thrown(&mut self, run: &mut Run, summary: &Summary, calling: &Calling, path: &Path) {
        if summary.throws == Throws::Never
            || summary.throws == Throws::Possibly && !self.sees_exceptions(run, calling.site.block)
        {
            return;
        }
        let mut path = path.clone();
        let outcome = summary
            .outcomes
            .iter()
            .find(|outcome| outcome.guard == Guard::Throws)
            .or_else(|| summary.outcomes.iter().find(|outcome| outcome.guard == Guard::Always));
        if let Some(outcome) = outcome {
            let effects: Vec<Effect> =
                outcome.effects.iter().filter(|effect| !matches!(effect.kind, EffectKind::Fill(_))).cloned().collect();
            self.effects(&mut path, calling, &effects, summary.basis, None);
        }
        self.exceptions(run, calling, summary.throws, &path);
    }

    /// Arguments that no effect and no result speaks of are borrowed.
    fn lend_unnamed(&mut self, path: &mut Path, summary: &Summary, calling: &Calling) {
        let named = |root: &Root| {
            summary.outcomes.iter().any(|outcome| {
                outcome.effects.iter().any(|effect| {
                    effect.on.root == *root && effect.on.steps.is_empty() && effect.kind != EffectKind::Borrow
                }) || passes_through(&outcome.result.ownership, root)
            }) || summary.runs.iter().any(|run| run.closure.root == *root)
        };
        let mut position = 0;
        let mut roots = Vec::new();
        for arg in &calling.args {
            let root = match &arg.name {
                Some(name) => Root::Named(name.clone()),
                None => {
                    position += 1;
                    Root::Param(position - 1)
                }
            };
            roots.push((root, arg.value.clone()));
        }
        if let Some(receiver) = &calling.receiver {
            roots.push((Root::This, receiver.value.clone()));
        }
        for (root, value) in roots {
            if named(&root) {
                continue;
            }
            match value {
                // A function of the program that does nothing to its argument may not even read it.
                Value::Pointer(..) | Value::View(..) | Value::Address(_) if summary.basis != Basis::Body => {
                    if matches!(value, Value::Address(_)) {
                        self.escape(path, &value);
                    } else {
                        self.lend(path, calling, &value, false);
                    }
                }
                Value::Pointer(object, _) => {
                    let lent = StepKind::Lent { to: calling.name.clone(), assumed: false };
                    path.tell(object, Step { kind: lent, location: calling.at });
                    if let Some(object) = path.objects.get_mut(&object) {
                        std::rc::Rc::make_mut(&mut object.story).lent_to = Some(calling.name.clone());
                    }
                    self.invalidate(path, object);
                }
                Value::Closure(_) => self.escape(path, &value),
                _ => {}
            }
        }
    }

    fn effects(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        effects: &[Effect],
        basis: Basis,
        guard: Option<(Symbol, bool)>,
    ) {
        for (index, effect) in effects.iter().enumerate() {
            let extra = 100 + index as u16;
            if let EffectKind::Fill(contract) = &effect.kind {
                self.fill(path, calling, &effect.on, contract, basis, guard, extra);
                continue;
            }
            let Some(value) = self.value_at(path, calling, &effect.on) else { continue };
            match &effect.kind {
                EffectKind::Borrow => self.lend(path, calling, &value, false),
                EffectKind::Release(family) => {
                    let family = match self.allocating(path, calling, family) {
                        // An arena's `free` does nothing.
                        Allocating::Scope(_) | Allocating::UnknownScope => continue,
                        Allocating::Family(family) => Some(family),
                        Allocating::Parameter(_) | Allocating::Unknown => None,
                    };
                    let releasing = Releasing { by: calling.name.clone(), at: calling.at, family, basis };
                    self.release(path, calling.site, &value, &releasing);
                }
                EffectKind::MayRelease | EffectKind::Hold | EffectKind::Escape => self.escape(path, &value),
                EffectKind::Take => {
                    self.usage(path, &value, Usage::Pass(calling.name.clone()), calling.at);
                    if let Some(object) = value.object() {
                        path.tell(
                            object,
                            Step { kind: StepKind::Taken { by: calling.name.clone() }, location: calling.at },
                        );
                    }
                    self.let_go(path, &value, Event::Take);
                }
                EffectKind::StoreInto(target) => self.store_into(path, calling, target, value),
                EffectKind::ReleaseLater { by, family } => {
                    self.release_later(path, calling, &value, by, family.as_ref(), basis)
                }
                EffectKind::Detach => {
                    if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
                        object.ownership = State::Escaped;
                        object.scope = None;
                    }
                }
                EffectKind::ReleaseAll => {
                    if let Value::Scope(scope) = value {
                        self.end_scope(path, scope);
                    }
                }
                EffectKind::Fill(_) => {}
            }
        }
    }

    fn release_later(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        value: &Value,
        by: &AccessPath,
        family: Option<&FamilyRef>,
        basis: Basis,
    ) {
        let Some(id) = value.object() else {
            if matches!(value, Value::Closure(_)) {
                self.escape(path, value);
            }
            return;
        };
        let by = self.value_at(path, calling, by);
        let family = match (&by, family) {
            (_, Some(FamilyRef::Family(family))) => Some(*family),
            (Some(Value::Releaser(family)), _) => Some(*family),
            _ => None,
        };
        if let (Some(family), State::Owned(MemoryFamily::Known(memory))) = (family, path.ownership(id))
            && !path.targets.minus(self.models.same_on(memory, family, self.versions)).is_empty()
        {
            let releasing = Releasing { by: calling.name.clone(), at: calling.at, family: Some(family), basis };
            self.release(path, calling.site, value, &releasing);
        }
        let with = if matches!(by, Some(Value::Scope(_))) { Owner::Arena } else { Owner::Finalizer };
        path.tell(id, Step { kind: StepKind::Registered { with }, location: calling.at });
        self.apply(path, id, Event::Register);
        if let (Some(Value::Scope(scope)), Some(object)) = (by, path.objects.get_mut(&id)) {
            object.scope = Some(scope);
        }
    }

    fn store_into(&mut self, path: &mut Path, calling: &Calling, target: &AccessPath, value: Value) {
        let (Some((last, before)), true) = (target.steps.split_last(), true) else {
            self.escape(path, &value);
            return;
        };
        let owner = AccessPath { root: target.root.clone(), steps: before.iter().cloned().collect() };
        let owner = self.value_at(path, calling, &owner);
        let (object, offset, prefix) = match &owner {
            Some(Value::Pointer(object, offset)) => (*object, *offset, Name::default()),
            Some(Value::View(object, prefix)) => (*object, Offset::Start, prefix.clone()),
            _ => {
                self.escape(path, &value);
                return;
            }
        };
        if let Some(owner) = owner {
            self.usage(path, &owner, Usage::Write, calling.at);
        }
        // A struct copied whole: its fields are shared with the copy.
        if let Value::View(from, _) = &value {
            let fields: Vec<Value> = path
                .heap
                .range((*from, Name::default())..)
                .take_while(|((owner, _), _)| owner == from)
                .map(|(_, value)| value.clone())
                .collect();
            fields.iter().for_each(|field| self.escape(path, field));
            return;
        }
        let key = match last {
            PathStep::Pointee => Some(Name::new_static("*")),
            PathStep::Field(name) => Some(join_key(&prefix, name)),
            PathStep::Elements => self.element_key(calling),
        };
        match key {
            Some(key) if offset == Offset::Start => self.store_told(path, object, key, value, calling.at),
            _ => self.escape(path, &value),
        }
    }

    /// The heap key of an element at a constant index; the first is the pointee.
    fn element_key(&self, calling: &Calling) -> Option<Name> {
        match calling.args.first().map(|arg| &arg.value) {
            Some(Value::Int(0)) => Some(Name::new_static("*")),
            Some(Value::Int(index)) => Some(format!("[{index}]").into()),
            _ => None,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn fill(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        place: &AccessPath,
        contract: &ResultContract,
        basis: Basis,
        guard: Option<(Symbol, bool)>,
        extra: u16,
    ) {
        let Some((last, before)) = place.steps.split_last() else { return };
        let owner = AccessPath { root: place.root.clone(), steps: before.iter().cloned().collect() };
        let (object, prefix) = match self.value_at(path, calling, &owner) {
            Some(Value::Pointer(object, _)) => (object, Name::default()),
            Some(Value::View(object, prefix)) => (object, prefix),
            _ => return,
        };
        let key = match last {
            PathStep::Pointee => Name::new_static("*"),
            PathStep::Field(name) => join_key(&prefix, name),
            PathStep::Elements => return,
        };
        let value = self.result(path, calling, contract, basis, extra);
        if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
            object.guard = guard;
        }
        let open = path
            .objects
            .get(&object)
            .is_none_or(|object| object.path.is_some() || matches!(object.ownership, State::Escaped | State::Unknown));
        if open {
            self.escape(path, &value);
        }
        path.heap.insert((object, key), value);
    }

    /// The value of what a call returns.
    pub(super) fn result(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        contract: &ResultContract,
        basis: Basis,
        extra: u16,
    ) -> Value {
        let site = calling.site;
        let value = match &contract.ownership {
            Ownership::Unknown => None,
            Ownership::Owned(family) => {
                let family = self.allocating(path, calling, family);
                Some(self.allocated(path, calling, &family, contract.nullable, basis, extra))
            }
            Ownership::Borrowed { .. } | Ownership::Static => {
                let (state, owner) = match contract.ownership {
                    Ownership::Static => (State::Static, Owner::Static),
                    _ => (State::Borrowed, Owner::Library),
                };
                let origin = self.site_origin(calling, extra, None, owner.clone(), basis);
                let step =
                    Step { kind: StepKind::Borrowed { from: calling.name.clone(), owner }, location: calling.at };
                let object = self.allocate(path, origin, Object::new(state, step));
                Some(Value::Pointer(object, Offset::Start))
            }
            Ownership::Alias(of) => match self.read_at(path, calling, of) {
                // The address of a struct is that of its block.
                Some(Value::View(object, prefix)) if prefix.is_empty() && !self.gives_view(calling) => {
                    Some(Value::Pointer(object, Offset::Start))
                }
                value => value,
            },
            Ownership::Interior(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, _)) => Some(Value::Pointer(object, Offset::Inside)),
                _ => None,
            },
            Ownership::View(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, Offset::Start)) => Some(Value::View(object, Name::default())),
                Some(Value::Pointer(object, Offset::Inside)) => Some(Value::View(object, SOMEWHERE)),
                Some(Value::View(object, prefix)) => Some(Value::View(object, prefix)),
                _ => None,
            },
            Ownership::Pointee(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, _)) if self.gives_view(calling) => Some(Value::View(object, SOMEWHERE)),
                Some(Value::Pointer(object, Offset::Start)) => {
                    Some(self.load(path, site, object, &Name::new_static("*")))
                }
                // Any element may be meant: what is stored in them is out of sight.
                Some(Value::Pointer(object, Offset::Inside)) => {
                    self.escape_elements(path, object);
                    None
                }
                _ => None,
            },
            Ownership::Address(of) => match self.value_at(path, calling, of) {
                Some(Value::Pointer(object, Offset::Start)) => Some(Value::Address(object)),
                Some(Value::NullPointer) => Some(Value::Int(0)),
                Some(Value::Pointer(object, _)) => {
                    self.apply(path, object, Event::Escape);
                    None
                }
                _ => None,
            },
            Ownership::NativeFunction(symbol) => {
                // The symbol is looked up by name, or handed on by `asFunction`.
                let named =
                    calling.args.first().into_iter().chain(&calling.receiver).find_map(|arg| match &arg.value {
                        Value::Str(symbol) => Some(symbol.clone()),
                        Value::Native(symbol) => symbol.clone(),
                        _ => None,
                    });
                Some(Value::Native(symbol.clone().or(named)))
            }
            Ownership::Releaser(family) => Some(Value::Releaser(*family)),
            Ownership::Scope(_) => {
                let origin = self.site_origin(calling, extra, None, Owner::Arena, basis);
                let object = self.allocate(path, origin, Object::unknown(None));
                Some(Value::Scope(object))
            }
            Ownership::Null => Some(Value::NullPointer),
            Ownership::TargetTest(targets) => Some(Value::TargetTest(*targets)),
            Ownership::Status(kind) => Some(Value::Status(status_symbol(site), *kind)),
            Ownership::StatusTest { of, success } => match self.value_at(path, calling, of) {
                Some(Value::Status(symbol, _)) => Some(Value::StatusTest(symbol, *success)),
                _ => None,
            },
            Ownership::Constant(constant) => match constant {
                Const::Null => Some(Value::Null),
                constant => Some(super::engine::constant_value(constant)),
            },
        };
        value.unwrap_or_else(|| self.fresh(path, site, extra))
    }

    /// The value a path leads to, read from memory where it was not seen before.
    fn read_at(&mut self, path: &mut Path, calling: &Calling, access: &AccessPath) -> Option<Value> {
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
        let key = match last {
            PathStep::Pointee => Name::new_static("*"),
            PathStep::Field(name) => join_key(&prefix, name),
            PathStep::Elements => match self.element_key(calling) {
                Some(key) if offset == Offset::Start => key,
                _ => {
                    self.escape_elements(path, object);
                    return None;
                }
            },
        };
        (offset == Offset::Start).then(|| self.load(path, calling.site, object, &key))
    }

    fn escape_elements(&mut self, path: &mut Path, array: ObjectId) {
        let elements: Vec<Value> = path
            .heap
            .range((array, Name::default())..)
            .take_while(|((owner, _), _)| *owner == array)
            .filter(|((_, key), _)| key == "*" || key.starts_with('['))
            .map(|(_, value)| value.clone())
            .collect();
        elements.iter().for_each(|element| self.escape(path, element));
    }

    fn gives_view(&self, calling: &Calling) -> bool {
        let types = &self.resolved(calling.site.frame).types;
        calling.result.and_then(|local| types.get(local.index())).is_some_and(|ty| self.is_view(ty, 0))
    }

    fn allocated(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        family: &Allocating,
        nullable: bool,
        basis: Basis,
        extra: u16,
    ) -> Value {
        let (state, known, scope) = match family {
            Allocating::Family(family) => (State::Owned(MemoryFamily::Known(*family)), Some(*family), None),
            Allocating::Parameter(index) => (State::Owned(MemoryFamily::OfParameter(*index)), None, None),
            Allocating::Scope(scope) => (State::Managed, None, Some(*scope)),
            Allocating::UnknownScope | Allocating::Unknown => (State::Unknown, None, None),
        };
        let origin = self.site_origin(calling, extra, known, Owner::Arena, basis);
        let mut object = match known {
            Some(family) => {
                let by = calling.name.clone();
                Object::new(state, Step { kind: StepKind::Allocated { by, family }, location: calling.at })
            }
            None => Object { ownership: state, ..Object::unknown(None) },
        };
        object.scope = scope;
        object.non_null = !nullable;
        let object = self.allocate(path, origin, object);
        Value::Pointer(object, Offset::Start)
    }

    fn site_origin(
        &mut self,
        calling: &Calling,
        extra: u16,
        family: Option<FamilyId>,
        owner: Owner,
        basis: Basis,
    ) -> u32 {
        let matters = family.is_some_and(|family| self.models.family(family).kind == FamilyKind::Memory);
        self.origin(OriginKey::Site(calling.site, extra), |_| Origin {
            by: calling.name.clone(),
            location: calling.at,
            basis,
            family,
            owner,
            leak_matters: matters,
        })
    }

    /// Which allocator a family reference means in this call.
    fn allocating(&self, path: &Path, calling: &Calling, family: &FamilyRef) -> Allocating {
        let (at, default) = match family {
            FamilyRef::Family(family) => return Allocating::Family(*family),
            FamilyRef::Allocator(at, default) => (at, default),
        };
        let Some(arg) = calling.root(at) else {
            return default.map_or(Allocating::Unknown, Allocating::Family);
        };
        let value = if at.steps.is_empty() { Some(arg.value.clone()) } else { self.value_at(path, calling, at) };
        match value {
            Some(Value::Allocator(family)) => Allocating::Family(family),
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

    fn allocator_type(&self, ty: &Ty) -> Option<FamilyId> {
        match ty {
            Ty::Model(ty, _) => self.models.ty(*ty).allocator,
            _ => None,
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
            let key = match step {
                PathStep::Pointee => Name::new_static("*"),
                PathStep::Field(name) => join_key(&prefix, name),
                PathStep::Elements => return None,
            };
            value = path.heap.get(&(object, key))?.clone();
        }
        Some(value)
    }

    fn test(&self, path: &Path, calling: &Calling, arg: &AccessPath, test: &ValueTest) -> Option<bool> {
        let value = match calling.root(arg) {
            Some(_) => self.value_at(path, calling, arg)?,
            // Not passed.
            None => Value::Null,
        };
        Some(match (test, value) {
            (ValueTest::Has(bits), Value::Int(value)) => value & bits == *bits,
            (ValueTest::Lacks(bits), Value::Int(value)) => value & bits != *bits,
            (ValueTest::Equals(wanted), Value::Int(value)) => value == *wanted,
            (ValueTest::Differs(wanted), Value::Int(value)) => value != *wanted,
            (ValueTest::Null, value) if value.is_null() => true,
            (ValueTest::NonNull, value) if value.is_null() => false,
            (ValueTest::Null, Value::Pointer(object, _))
                if path.objects.get(&object).is_some_and(|object| object.non_null) =>
            {
                false
            }
            (ValueTest::NonNull, Value::Pointer(object, _))
                if path.objects.get(&object).is_some_and(|object| object.non_null) =>
            {
                true
            }
            (ValueTest::Null, Value::Releaser(_) | Value::Native(_) | Value::Function(_) | Value::Closure(_)) => false,
            (ValueTest::NonNull, Value::Releaser(_) | Value::Native(_) | Value::Function(_) | Value::Closure(_)) => {
                true
            }
            _ => return None,
        })
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
            Some(family) if self.models.family(family).kind != FamilyKind::Scope => Value::Allocator(family),
            _ => self.fresh(path, site, 0),
        }
    }

    /// A callee that runs closures: `using((arena) {…})`, `list.forEach(…)`.
    fn apply_runs(&mut self, run: &mut Run, summary: &Summary, calling: Calling, path: Path, out: &mut Vec<Path>) {
        let mut paths = vec![(path, None)];
        for closure_run in &summary.runs {
            let mut next = Vec::new();
            for (path, value) in paths {
                self.apply_run(run, closure_run, &calling, path, value, &mut next);
            }
            paths = next;
        }
        for (mut path, value) in paths {
            let value = match (value, summary.outcomes.first()) {
                (Some(value), _) => value,
                (None, Some(outcome)) => {
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
                    self.result(&mut path, &calling, &outcome.result, summary.basis, 0)
                }
                (None, None) => self.fresh(&mut path, calling.site, 0),
            };
            self.finish(&calling, path, value, out);
        }
    }

    fn apply_run(
        &mut self,
        run: &mut Run,
        closure_run: &ClosureRun,
        calling: &Calling,
        mut path: Path,
        value: Option<Value>,
        out: &mut Vec<(Path, Option<Value>)>,
    ) {
        let closure = self.value_at(&path, calling, &closure_run.closure);
        let closure = match (closure, closure_run.times) {
            (Some(Value::Closure(closure)), RunTimes::Once | RunTimes::Many) => self.closures[closure as usize].clone(),
            (Some(other), _) => {
                self.escape(&mut path, &other);
                out.push((path, value));
                return;
            }
            (None, _) => {
                out.push((path, value));
                return;
            }
        };
        let rounds = if closure_run.times == RunTimes::Once { 1 } else { 2 };
        let mut before = vec![(path, value)];
        if closure_run.times == RunTimes::Many {
            out.extend(before.iter().cloned());
        }
        for _ in 0..rounds {
            let mut after = Vec::new();
            for (mut path, value) in before {
                let mut scopes = Vec::new();
                let mut values = Vec::new();
                for (index, given) in closure_run.gives.iter().enumerate() {
                    values.push(match given {
                        Given::Scope(_) => {
                            let origin =
                                self.site_origin(calling, 500 + index as u16, None, Owner::Arena, Basis::DocsRead);
                            let scope = self.allocate(&mut path, origin, Object::unknown(None));
                            scopes.push(scope);
                            Value::Scope(scope)
                        }
                        Given::Value(at) => self
                            .value_at(&path, calling, at)
                            .unwrap_or_else(|| Value::Symbol(Symbol::of((calling.site, index)))),
                        Given::Element(_) | Given::Unknown => self.fresh(&mut path, calling.site, 600 + index as u16),
                    });
                }
                match self.run_closure(run, calling.site, &closure, values, path) {
                    Ok(returned) => {
                        for (mut path, result) in returned {
                            for scope in &scopes {
                                self.end_scope(&mut path, *scope);
                            }
                            after.push((path, if closure_run.returned { Some(result) } else { value.clone() }));
                        }
                    }
                    Err(path) => after.push((*path, value)),
                }
            }
            out.extend(after.iter().cloned());
            before = after;
        }
        if out.len() > 16 {
            out.truncate(16);
        }
    }
}

/// Whether a result is the argument itself or something of it: then the call does not look at what it leads to.
fn passes_through(ownership: &Ownership, root: &Root) -> bool {
    match ownership {
        Ownership::Alias(path) | Ownership::Interior(path) | Ownership::Address(path) => path.root == *root,
        _ => false,
    }
}

fn status_symbol(site: Site) -> Symbol {
    Symbol::of((site, "status"))
}
