//! Places in memory as native languages write them: pointers followed, variables on the stack, static ones, and what
//! happens when a variable's scope ends.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Origin, OriginKey, Role, Run, Site};
use super::lifetimes::TEMPORARY;
use super::memory::{POINTEE, SOMEWHERE, join_key};
use super::path::{Kept, Object, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Base, LocalId, Name, Operand, Place, Projection};
use crate::link::{Target, Ty, VarRef};
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::{AccessPath, Basis, Root};
use crate::target::TargetSet;
use crate::violation::{Owner, Usage};

/// A place: an object's memory and the key in it.
pub(super) struct Spot {
    pub(super) object: ObjectId,
    pub(super) key: Name,
}

impl Engine<'_> {
    /// Whether a frame's function is written in a native language.
    pub(super) fn is_native(&self, frame: u32) -> bool {
        let function = self.frames[frame as usize].function;
        self.program.units[function.unit as usize].language.is_native()
    }

    /// Whether a frame's function is written in C++.
    pub(super) fn is_cpp(&self, frame: u32) -> bool {
        let function = self.frames[frame as usize].function;
        self.program.units[function.unit as usize].language.is_cpp()
    }

    /// A variable of the function gets memory of its own.
    pub(super) fn op_stack(&mut self, site: Site, to: LocalId, by_address: bool, at: Location, path: &mut Path) {
        let name = self.function(site.frame).locals.get(to.index()).map(|local| local.name.clone()).unwrap_or_default();
        let origin = self.plain_origin(OriginKey::Site(site, Role::Result), name.clone(), at, Owner::Variable(name));
        let object = self.allocate(path, origin, Object { ownership: Ownership::Local, ..Object::unknown(None) });
        if let Some(object) = path.objects.get_mut(&object) {
            object.non_null = true;
            std::rc::Rc::make_mut(&mut object.story).by_address = by_address;
        }
        self.assign(site.frame, path, to, Value::Pointer(object, Offset::Start));
    }

    /// The address of a place.
    pub(super) fn op_address(&mut self, site: Site, to: LocalId, of: &Place, path: &mut Path) {
        let value = match self.target(site) {
            Target::TearOff(function) => Value::Function(*function),
            _ => match self.spot(site, path, of) {
                Some(Spot { object, key }) if key.is_empty() || key == POINTEE => Value::Pointer(object, Offset::Start),
                Some(Spot { object, key }) if key.contains('[') => Value::Pointer(object, Offset::Somewhere),
                Some(Spot { object, key }) => Value::View(object, key),
                None => self.fresh(path, site, Role::Result),
            },
        };
        self.assign(site.frame, path, to, value);
    }

    /// Reads a place in memory.
    pub(super) fn load_place(&mut self, site: Site, path: &mut Path, from: &Place, to: LocalId, at: Location) -> Value {
        let Some(Spot { object, key }) = self.spot(site, path, from) else {
            return self.fresh(path, site, Role::Result);
        };
        self.usage(path, &Value::Pointer(object, Offset::Start), Usage::Read, at);
        let ty = self.resolved(site.frame).types.get(to.index());
        // A struct read whole.
        if matches!(ty, Some(Ty::Class(..))) && path.look(object, &key).is_none() {
            let prefix = if key == POINTEE { Name::default() } else { key };
            return Value::View(object, prefix);
        }
        match ty {
            // What is no address may be anything: it holds no memory.
            Some(Ty::Scalar) => match path.look(object, &key) {
                Some(value) => value,
                None => {
                    let value = self.fresh(path, site, Role::Result);
                    path.heap.insert((object, key), value.clone());
                    value
                }
            },
            _ => self.load(path, site, object, &key),
        }
    }

    /// Writes a place in memory.
    pub(super) fn store_place(&mut self, site: Site, path: &mut Path, to: &Place, value: Value, at: Location) {
        let Some(Spot { object, key }) = self.spot(site, path, to) else {
            if !self.keep_through(site, path, to, &value, at) {
                self.escape(path, &value);
            }
            return;
        };
        self.usage(path, &Value::Pointer(object, Offset::Start), Usage::Write, at);
        // What a member or a variable of its own type copies.
        if self.stores_copy(site.frame, to, self.target(site)) {
            return;
        }
        if let Value::View(from, _) = value {
            return self.copy_struct(site, path, (from, &value), (object, &key), at);
        }
        if self.keep_given(path, object, &key, &value, at) {
            return;
        }
        self.store_told(path, object, key, value, at);
    }

    /// Something that the function was given is put into memory that outlives the call: its owner stays its owner.
    /// Whether that is what happens.
    pub(super) fn keep_given(
        &mut self,
        path: &mut Path,
        into: ObjectId,
        key: &Name,
        value: &Value,
        at: Location,
    ) -> bool {
        let Value::Pointer(id, Offset::Start) = value else { return false };
        let given = |id: &ObjectId| path.objects.get(id).and_then(|object| object.path.as_deref().cloned());
        let (Some(keeper), Some(what)) = (given(&into), given(id)) else { return false };
        // What a smart pointer owns goes where its value goes.
        if path.objects.get(id).is_some_and(|object| object.story.ends_as.is_some()) {
            return false;
        }
        let mut place = keeper.clone();
        place.steps.push(super::memory::step(key));
        if self.converts(0, &place) {
            return false;
        }
        // An element that is not known one by one cannot be looked up at the exit.
        let lasting = keeper.steps.len() < AccessPath::MAX_STEPS;
        if !matches!(what.root, Root::Param(_)) || !what.steps.is_empty() || !lasting {
            return false;
        }
        let unseen = key.contains('[');
        if unseen {
            let known = path.objects.get(id).is_some_and(|object| object.ownership == Ownership::Unknown);
            if !known || !self.is_native(0) || !matches!(keeper.root, Root::Static(_)) && keeper.steps.is_empty() {
                return false;
            }
        }
        path.put(into, key.clone(), value.clone());
        if let Some(object) = path.objects.get_mut(id) {
            std::rc::Rc::make_mut(&mut object.story).kept =
                Some(Box::new(Kept { into: keeper, key: key.clone(), at, unseen }));
        }
        true
    }

    /// Where a place lies.
    pub(super) fn spot(&mut self, site: Site, path: &mut Path, place: &Place) -> Option<Spot> {
        let base = match &place.base {
            Base::Local(local) => self.local(site.frame, path, *local),
            Base::Name(_) => match self.target(site) {
                Target::Static(variable) => Value::Pointer(self.static_memory(path, *variable), Offset::Start),
                Target::Field(field) => {
                    let name = self.program.variable(*field).name.clone();
                    match self.this_value(site.frame, path)? {
                        Value::Pointer(object, _) => Value::View(object, name),
                        Value::View(object, prefix) => Value::View(object, join_key(&prefix, &name)),
                        _ => return None,
                    }
                }
                _ => return None,
            },
            Base::Super | Base::Type(_) => return None,
        };
        let (object, mut key) = match base {
            Value::Pointer(object, Offset::Start) => (object, Name::default()),
            Value::Pointer(object, _) => (object, SOMEWHERE),
            Value::View(object, prefix) => (object, prefix),
            _ => return None,
        };
        for step in &place.path {
            key = match step {
                Projection::Field(name) => join_key(&key, name),
                Projection::Pointee if key.is_empty() => POINTEE,
                Projection::Pointee => key,
                Projection::Index(index) => {
                    let step = match index.as_ref() {
                        Operand::Const(crate::ir::Const::Int(0)) if key.is_empty() => POINTEE,
                        Operand::Const(crate::ir::Const::Int(index)) => format!("[{index}]").into(),
                        _ => SOMEWHERE,
                    };
                    join_key(&key, &step)
                }
            };
        }
        // A static variable itself.
        if key.is_empty() && place.path.is_empty() {
            key = POINTEE;
        }
        Some(Spot { object, key })
    }

    /// The memory of a static variable.
    fn static_memory(&mut self, path: &mut Path, variable: VarRef) -> ObjectId {
        let declared = self.program.variable(variable);
        let name = declared.name.rsplit("::").next().unwrap_or(&declared.name).into();
        let file = self.program.units[variable.unit as usize].file;
        let at = Location { file, span: declared.span };
        let origin = self.plain_origin(OriginKey::Static(variable), name, at, Owner::Static);
        let id = ObjectId { origin, older: false };
        if !path.objects.contains_key(&id) {
            let at = AccessPath::root(Root::Static(declared.name.clone()));
            let object = Object { ownership: Ownership::Static, non_null: true, ..Object::unknown(Some(at)) };
            path.objects.insert(id, object);
        }
        id
    }

    /// The origin of memory that nobody allocated.
    pub(super) fn plain_origin(&mut self, key: OriginKey, name: Name, location: Location, owner: Owner) -> u32 {
        self.origin(key, |_| Origin {
            by: name.clone(),
            made_by: name,
            location,
            basis: Basis::Body,
            family: None,
            owner,
            targets: TargetSet::ALL,
            leak_matters: false,
            part_of: None,
            sometimes: false,
        })
    }

    /// The scope of a local ends: what its type says runs, unless the value was moved out.
    pub(super) fn op_scope_end(
        &mut self,
        run: &mut Run,
        site: Site,
        local: LocalId,
        at: Location,
        path: Path,
        out: &mut Vec<Path>,
    ) {
        let target = self.target(site);
        let value = self.local(site.frame, &path, local);
        if value.is_null() || *target == Target::Unknown {
            out.push(path);
            return;
        }
        let known = &self.function(site.frame).locals[local.index()];
        let ty = self.resolved(site.frame).types.get(local.index()).cloned();
        // What a call gave that is something of the caller's: a copy of it, which ends on its own.
        let given = value.object().and_then(|id| path.objects.get(&id)).is_some_and(|object| object.path.is_some());
        if known.name.is_empty() && given && matches!(ty, Some(Ty::Class(..))) {
            out.push(path);
            return;
        }
        let name = if known.name.is_empty() { TEMPORARY } else { known.name.clone() };
        let calling = Calling::of_drop(site, name, at, ArgValue { name: None, value, ty });
        self.dispatch(run, target, calling, false, path, out);
    }
}
