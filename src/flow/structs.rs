//! Structs that are handed over by value: what their fields lead to goes with them.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, OriginKey, Role, Site};
use super::memory;
use super::path::{Object, Path};
use super::places::Spot;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{FunctionKind, LocalId, Name, Operand, Place};
use crate::link::{ClassRef, Ty, VarRef};
use crate::source::Location;
use crate::state::Ownership;
use crate::summary::Step as PathStep;
use crate::violation::Owner;

/// How deep structs in structs are copied; deeper ones have no known pointers.
const MAX_NESTED: u32 = 4;

impl Engine<'_> {
    /// A struct by value: memory of its own, which nobody releases.
    pub(super) fn new_struct(&mut self, site: Site, name: Name, at: Location, path: &mut Path) -> Value {
        let origin = self.plain_origin(OriginKey::Site(site, Role::Struct), name.clone(), at, Owner::Variable(name));
        let object = Object { ownership: Ownership::Local, non_null: true, ..Object::unknown(None) };
        Value::View(self.allocate(path, origin, object), Name::default())
    }

    /// Whether a record is a struct of plain memory in a native language: `Buffer { data, len }`.
    pub(super) fn is_plain_record(&self, site: Site, to: LocalId) -> bool {
        let Some(Ty::Class(class, _)) = self.resolved(site.frame).types.get(to.index()) else { return false };
        let unit = &self.program.units[class.unit as usize];
        self.is_native(site.frame) && unit.layouts.iter().any(|layout| layout.class == class.class && !layout.is_union)
    }

    /// A struct by value with what its fields are given.
    pub(super) fn record(
        &mut self,
        site: Site,
        to: LocalId,
        items: &[(Option<Name>, Operand)],
        at: Location,
        path: &mut Path,
    ) -> Value {
        let name = self.function(site.frame).locals[to.index()].name.clone();
        let value = self.new_struct(site, name, at, path);
        let Value::View(object, _) = value else { return value };
        for (field, item) in items {
            let item = self.operand(site.frame, path, item);
            match field {
                Some(field) => self.store_told(path, object, field.clone(), item, at),
                None => self.escape(path, &item),
            }
        }
        value
    }

    /// `T x{a, b}` of a C or C++ struct that declares no constructor: its fields in their order. Nothing for what is no
    /// such struct.
    pub(super) fn plain_struct(&mut self, class: ClassRef, calling: &Calling, path: &mut Path) -> Option<Value> {
        if !self.is_native(calling.site.frame) {
            return None;
        }
        let unit = self.program.units.get(class.unit as usize)?;
        let layout = unit.layouts.iter().find(|layout| layout.class == class.class && !layout.is_union)?;
        let declared = self.program.class(class);
        let constructs = |id: &crate::ir::FunctionId| {
            matches!(unit.function(*id).kind, FunctionKind::Constructor | FunctionKind::Factory)
        };
        if declared.supertype.is_some() || declared.members.iter().any(constructs) {
            return None;
        }
        let fields: Vec<Name> = layout.fields.iter().map(|(name, _)| name.clone()).collect();
        // `new S { … }` fills the block that was allocated for it.
        let made = calling.receiver.as_ref().map(|receiver| receiver.value.clone());
        let value = match made {
            Some(Value::Pointer(id, Offset::Start)) => Value::View(id, Name::default()),
            _ => self.new_struct(calling.site, calling.name.clone(), calling.at, path),
        };
        let Value::View(object, _) = value else { return None };
        for (index, arg) in calling.args.iter().enumerate() {
            match fields.get(index) {
                Some(field) => self.store_told(path, object, field.clone(), arg.value.clone(), calling.at),
                None => self.escape(path, &arg.value),
            }
        }
        Some(value)
    }

    /// A struct is assigned whole: the copy shares what its fields lead to. Where one that this function made goes into
    /// memory of its caller's, that is as if each field was put there.
    pub(super) fn copy_struct(
        &mut self,
        site: Site,
        path: &mut Path,
        (from, value): (ObjectId, &Value),
        (into, key): (ObjectId, &Name),
        at: Location,
    ) {
        let held: Vec<(Name, Value)> = path.held(from).map(|(key, value)| (key.clone(), value.clone())).collect();
        let callers = path.objects.get(&into).is_some_and(|object| object.path.is_some());
        let by_field = callers
            && self.is_native(site.frame)
            && !memory::is_somewhere(key)
            && Self::returned_struct(path, value).is_some();
        for (field, value) in held {
            if !by_field || field.contains('#') {
                self.escape(path, &value);
                continue;
            }
            let place = if *key == memory::POINTEE { field } else { memory::join_key(key, &field) };
            if !self.keep_given(path, into, &place, &value, at) {
                self.store_told(path, into, place, value, at);
            }
        }
    }

    /// A struct is put whole into a variable of the function, as the body of `void drop(Res r)` does with what it is
    /// given: the pointers in the copy are those of the original. Whether that is what happens.
    pub(super) fn copy_into_variable(
        &mut self,
        site: Site,
        path: &mut Path,
        to: &Place,
        from: &Operand,
        value: &Value,
    ) -> bool {
        let Operand::Local(local) = from else { return false };
        let (original, prefix) = match value {
            Value::View(original, prefix) => (*original, prefix.clone()),
            Value::Pointer(original, Offset::Start) => (*original, Name::default()),
            _ => return false,
        };
        let Some(Ty::Class(class, _)) = self.resolved(site.frame).types.get(local.index()) else { return false };
        if !self.is_native(site.frame) || self.plain_fields(*class).is_none() {
            return false;
        }
        let class = *class;
        let Some(Spot { object: into, key }) = self.spot(site, path, to) else { return false };
        let is_variable = |object: &Object| object.ownership == Ownership::Local && object.path.is_none();
        if !path.objects.get(&into).is_some_and(is_variable) || memory::is_somewhere(&key) {
            return false;
        }
        let key = if key == memory::POINTEE { Name::default() } else { key };
        self.share_pointers(path, site, class, (original, &prefix), (into, &key), MAX_NESTED);
        true
    }

    /// What the pointers in a struct lead to, those in its copy lead to.
    fn share_pointers(
        &mut self,
        path: &mut Path,
        site: Site,
        class: ClassRef,
        (from, prefix): (ObjectId, &Name),
        (into, key): (ObjectId, &Name),
        depth: u32,
    ) {
        // What the caller gave has a place for each field; of what is the function's own only that is known that was
        // put there.
        let is_given = path.objects.get(&from).is_some_and(|object| object.path.is_some());
        for (name, ty) in self.plain_fields(class).unwrap_or_default() {
            let (of, to) = (memory::join_key(prefix, &name), memory::join_key(key, &name));
            match ty {
                Ty::Class(nested, _) if depth > 0 => {
                    self.share_pointers(path, site, nested, (from, &of), (into, &to), depth - 1);
                }
                Ty::Pointer(_) if is_given => {
                    let value = self.load(path, site, from, &of);
                    path.put(into, to, value);
                }
                _ => {
                    if let Some(value) = path.heap.get(&(from, of)).cloned() {
                        path.put(into, to, value);
                    }
                }
            }
        }
    }

    /// The fields of a struct of C, each with its type. Nothing for what is no such struct.
    fn plain_fields(&self, class: ClassRef) -> Option<Vec<(Name, Ty)>> {
        let unit = self.program.units.get(class.unit as usize)?;
        let layout = unit.layouts.iter().find(|layout| layout.class == class.class && !layout.is_union)?;
        let declared = &self.program.class(class).fields;
        let ty = |name: &Name| {
            let index = declared.iter().position(|field| field.name == *name)?;
            let field = VarRef { unit: class.unit, class: Some(class.class), index: index as u32 };
            Some((name.clone(), self.program.variable_type(field).clone()))
        };
        Some(layout.fields.iter().filter_map(|(name, _)| ty(name)).collect())
    }

    /// A struct is copied in Dart: what its fields lead to, the copy has, too. Nothing is followed where one of them is
    /// but a part of its block.
    pub(super) fn share_fields(&mut self, path: &mut Path, from: ObjectId, into: Option<ObjectId>, at: Location) {
        if into == Some(from) {
            return;
        }
        // What lies behind the first element is no part of it.
        let fields = |of: ObjectId| path.held(of).filter(|(key, _)| !key.starts_with('['));
        let held: Vec<(Name, Value)> = fields(from).map(|(key, value)| (key.clone(), value.clone())).collect();
        let before: Vec<(Name, Value)> =
            into.into_iter().flat_map(fields).map(|(key, value)| (key.clone(), value.clone())).collect();
        let is_written = |key: &Name| held.iter().any(|(written, _)| written == key);
        // The field of the other struct was never looked at: what it holds is not known.
        for (key, value) in before.iter().filter(|(key, _)| !is_written(key)) {
            if let Some(into) = into {
                path.heap.remove(&(into, key.clone()));
            }
            self.escape(path, value);
        }
        for (key, value) in held {
            match into.filter(|_| !key.contains('#')) {
                Some(into) => self.store_told(path, into, key, value, at),
                None => self.escape(path, &value),
            }
        }
    }

    /// The field as code in Dart has it: some structs keep what native code calls `handle` in `_handle`, behind a getter.
    /// Nothing where structs have the one and the other: nobody knows which is meant.
    pub(super) fn field_here(&self, frame: u32, step: &PathStep) -> Option<PathStep> {
        let PathStep::Field(name) = step else { return Some(step.clone()) };
        if self.is_native(frame) {
            return Some(step.clone());
        }
        let behind = Name::new(format!("_{name}"));
        match (self.program.is_dart_field(name), self.program.is_dart_field(&behind)) {
            (true, true) => None,
            (false, true) => Some(PathStep::Field(behind)),
            _ => Some(step.clone()),
        }
    }

    /// Whether an argument is a struct handed over by value: whoever gets it gets what its fields lead to.
    pub(super) fn is_struct_by_value(&self, path: &Path, arg: &ArgValue) -> bool {
        let Value::View(id, prefix) = &arg.value else { return false };
        prefix.is_empty()
            && path.ownership(*id) == Ownership::Local
            && path.objects.get(id).is_some_and(|object| object.path.is_none())
            && !matches!(arg.ty, Some(Ty::Pointer(_)))
    }

    /// The struct that is returned by value.
    fn returned_struct(path: &Path, value: &Value) -> Option<ObjectId> {
        let Value::View(id, prefix) = value else { return None };
        let own = path.objects.get(id).is_some_and(|object| object.path.is_none());
        (prefix.is_empty() && own && path.ownership(*id) == Ownership::Local).then_some(*id)
    }

    /// The block or struct that is returned, whose contents the caller gets.
    pub(super) fn returned_whole(path: &Path, value: &Value, owned: bool) -> Option<ObjectId> {
        match value {
            Value::Pointer(id, Offset::Start) if owned => Some(*id),
            value => Self::returned_struct(path, value),
        }
    }
}
