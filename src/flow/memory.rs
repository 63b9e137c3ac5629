//! What memory holds: fields and elements, by exact key or as one of many.
//!
//! A key is the path from an object's start: `name`, `server.name`, `*` for the memory a pointer leads to (its first
//! element), `[2]` for an element at a constant index. A step `[]` stands for an element at an index that is not
//! known: there memory holds many things at once, so each has an entry of its own, the key followed by `#` and the
//! object.

use super::calls::{Access, Calling};
use super::engine::{Engine, OriginKey, Role, Site};
use super::path::{Object, Orphaned, Path};
use super::value::{ObjectId, Offset, Value};
use crate::ir::Name;
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership};
use crate::summary::{AccessPath, Root, Step as PathStep};
use crate::violation::{Step, StepKind};

/// The step to an element, nobody knows which.
pub(super) const SOMEWHERE: Name = Name::literal(arcstr::literal!("[]"));
/// The step to what a pointer leads to.
pub(super) const POINTEE: Name = Name::literal(arcstr::literal!("*"));

impl Engine<'_> {
    /// Memory is written: what was stored in memory that others see is out of sight.
    pub(super) fn store(&mut self, path: &mut Path, into: ObjectId, key: Name, value: Value, at: Location) {
        let open = path.objects.get(&into).is_none_or(|object| {
            object.path.is_some()
                || !matches!(
                    object.ownership,
                    Ownership::Owned(_) | Ownership::Managed | Ownership::Released | Ownership::Local
                )
        }) || self.is_kept_by_instance(path, into);
        let open = open && !self.is_whole_data(path, into);
        if open {
            let owned = match &value {
                Value::Pointer(id, Offset::Start) => path.ownership(*id),
                _ => Ownership::Unknown,
            };
            let within = self.given_within(path, into, &key, &value);
            let leaves = self.leaves_address(path, into, &value);
            self.escape(path, &value);
            if let Some(object) = leaves.and_then(|id| path.objects.get_mut(&id)) {
                std::rc::Rc::make_mut(&mut object.story).address_left = true;
            }
            for (id, place) in within {
                self.keep_among(path, id, &place, at);
            }
            // Memory of the caller's: it becomes the owner of what is put there.
            let callers = path.objects.get(&into).and_then(|object| object.path.as_ref());
            if let (Ownership::Owned(MemoryFamily::Known(family)), true) =
                (owned, callers.is_some_and(|at| matches!(at.root, Root::Param(_) | Root::Named(_))))
                && let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id))
            {
                object.given = Some(family);
            }
        }
        if let Some(object) = value.object() {
            path.name(object, &key);
        }
        if is_somewhere(&key) && value.object().is_none() {
            self.escape(path, &value);
        }
        let old = path.put(into, key.clone(), value);
        if !open {
            path.written_over(old.as_ref(), &key, at);
        }
    }

    /// What memory holds; remembered, so that reading twice gives the same.
    pub(super) fn load(&mut self, path: &mut Path, site: Site, from: ObjectId, key: &Name) -> Value {
        if let Some(value) = path.look(from, key) {
            return value;
        }
        let outer = path.objects.get(&from).and_then(|object| object.path.as_deref().cloned());
        let value = match outer {
            Some(outer) if outer.steps.len() < AccessPath::MAX_STEPS => {
                let origin = self
                    .origin(OriginKey::Field(from, key.clone()), |engine| engine.origins[from.origin as usize].clone());
                let id = ObjectId { origin, older: from.older };
                if path.objects.contains_key(&id) {
                    // Written over or invalidated since: the old object is another one.
                    return self.fresh(path, site, Role::Loaded);
                }
                let mut inner = outer;
                inner.steps.push(step(key));
                path.objects.insert(id, Object::unknown(Some(inner)));
                Value::Pointer(id, Offset::Start)
            }
            _ => self.loaded(path, site, from),
        };
        path.heap.insert((from, key.clone()), value.clone());
        value
    }

    /// A path goes through one element of many (`through`: or its result does): what lies in those is out of sight.
    pub(super) fn open_elements(&mut self, path: &mut Path, calling: &Calling, access: &AccessPath, through: bool) {
        let Some(Value::Element(array, key)) = calling.root(access).map(|arg| arg.value.clone()) else { return };
        if access.steps.is_empty() && !through {
            return;
        }
        for id in path.elements(array, &key) {
            let held: Vec<Value> = path.held(id).map(|(_, value)| value.clone()).collect();
            for value in held {
                if let Some(object) = value.object() {
                    self.ledger.entry(object.origin).or_default().drained = true;
                }
                self.escape(path, &value);
            }
        }
    }

    /// The key that the last step of a path leads to, from a pointer or a view.
    pub(super) fn key(calling: &Calling, offset: Offset, prefix: &Name, step: &PathStep) -> Name {
        let inside = offset != Offset::Start;
        match step {
            PathStep::Pointee if inside => SOMEWHERE,
            PathStep::Pointee => POINTEE,
            PathStep::Field(name) if inside => join_key(&SOMEWHERE, name),
            PathStep::Field(name) => join_key(prefix, name),
            PathStep::Elements => match calling.args.first().map(|arg| &arg.value) {
                Some(Value::Int(index)) if !inside && calling.access != Access::Call => {
                    join_key(prefix, &if *index == 0 { POINTEE } else { format!("[{index}]").into() })
                }
                _ => join_key(prefix, &SOMEWHERE),
            },
        }
    }

    /// A callee may have written into memory it was lent: what is not an owned pointer of ours is not known any more.
    pub(super) fn invalidate(&mut self, path: &mut Path, object: ObjectId) {
        // What an object keeps nobody writes.
        if self.is_instance(object) {
            return;
        }
        let stays = self.staying(path);
        let objects = &path.objects;
        path.heap.retain(|(owner, _), value| {
            *owner != object
                || stays.contains(value)
                || value.object().is_some_and(|id| {
                    objects.get(&id).is_some_and(|held| {
                        matches!(held.ownership, Ownership::Owned(_) | Ownership::Managed) || held.story.lent
                    })
                })
        });
    }
}

impl Path {
    /// What an object's memory holds, by key.
    pub(super) fn held(&self, of: ObjectId) -> impl Iterator<Item = (&Name, &Value)> {
        self.heap
            .starting_at(&(of, Name::default()))
            .take_while(move |((owner, _), _)| *owner == of)
            .map(|((_, key), value)| (key, value))
    }

    /// What is known to be at a key.
    pub(super) fn look(&self, of: ObjectId, key: &Name) -> Option<Value> {
        if let Some(value) = self.heap.get(&(of, key.clone())) {
            return Some(value.clone());
        }
        // Known only as one of many: of what was stored at an index that nobody knows, or is read at one.
        let somewhere = is_somewhere(key);
        self.held(of)
            .any(|(known, _)| (somewhere || known.contains('#')) && shape(known).eq(shape(key)))
            .then(|| Value::Element(of, key.clone()))
    }

    /// Puts a value into memory; gives what it replaced for certain.
    pub(super) fn put(&mut self, into: ObjectId, key: Name, value: Value) -> Option<Value> {
        if !is_somewhere(&key) {
            return self.heap.insert((into, key), value);
        }
        if let Some(id) = value.object() {
            self.heap.insert((into, entry(&key, id)), value);
        }
        None
    }

    /// The objects that a key may lead to when its element is not known.
    pub(super) fn elements(&self, of: ObjectId, key: &Name) -> Vec<ObjectId> {
        self.held(of)
            .filter(|(known, _)| shape(known).eq(shape(key)))
            .filter_map(|(_, value)| match value {
                Value::Pointer(id, Offset::Start) => Some(*id),
                _ => None,
            })
            .collect()
    }

    /// A value goes where whoever gets it may release what it leads to, and what lies in that.
    pub(super) fn pass_on(&mut self, value: &Value) {
        let mut todo: Vec<ObjectId> = value.object().into_iter().collect();
        while let Some(id) = todo.pop() {
            let Some(object) = self.objects.get_mut(&id).filter(|object| !object.story.passed_on) else { continue };
            std::rc::Rc::make_mut(&mut object.story).passed_on = true;
            todo.extend(self.held(id).filter_map(|(_, value)| value.object()));
        }
    }

    /// A native function of which nothing is known was lent an object: that it takes neither that nor what lies in it
    /// is an assumption.
    pub(super) fn assume(&mut self, object: ObjectId) {
        let mut todo = vec![object];
        while let Some(id) = todo.pop() {
            let Some(object) = self.objects.get_mut(&id).filter(|object| !object.story.assumed) else { continue };
            std::rc::Rc::make_mut(&mut object.story).assumed = true;
            todo.extend(self.held(id).filter_map(|(_, value)| value.object()));
        }
    }

    /// An object became the older one of its pair: the entries that name it follow.
    pub(super) fn move_elements(&mut self, recent: ObjectId, older: ObjectId) {
        let moved: Vec<(ObjectId, Name)> = self
            .heap
            .iter()
            .filter(|((_, key), value)| key.contains('#') && value.object() == Some(older))
            .map(|(key, _)| key.clone())
            .filter(|(_, key)| key.ends_with(entry(&Name::default(), recent).as_str()))
            .collect();
        for (owner, key) in moved {
            let Some(value) = self.heap.remove(&(owner, key.clone())) else { continue };
            let group = Name::from(key.split('#').next().unwrap_or_default());
            self.heap.insert((owner, entry(&group, older)), value);
        }
    }

    /// A block became one of the older ones of its pair: what it holds joins what they hold.
    pub(super) fn move_contents(&mut self, recent: ObjectId, older: ObjectId) {
        let keys: Vec<Name> = self.held(recent).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let Some(value) = self.heap.remove(&(recent, key.clone())) else { continue };
            match self.heap.get(&(older, key.clone())).cloned() {
                // Two things at one place: from here on it holds many.
                Some(old) if old != value && !key.contains('#') => {
                    self.heap.remove(&(older, key.clone()));
                    for value in [old, value] {
                        if let Some(id) = value.object() {
                            self.heap.insert((older, entry(&key, id)), value);
                        }
                    }
                }
                _ => {
                    self.heap.insert((older, key), value);
                }
            }
        }
    }

    /// What a variable or field led to was written over. If nothing else leads to it, nobody can release it any more.
    pub(super) fn written_over(&mut self, old: Option<&Value>, name: &Name, at: Location) {
        let Some(&Value::Pointer(id, Offset::Start)) = old else { return };
        if matches!(self.ownership(id), Ownership::Owned(_))
            && !self.doubtful
            && !self.reaches(id)
            && let Some(object) = self.objects.get_mut(&id)
        {
            std::rc::Rc::make_mut(&mut object.story).overwritten = Some((name.clone(), at));
        }
    }

    /// A block of memory was released: what only it led to is told so.
    pub(super) fn orphan(&mut self, container: ObjectId, by: &Name, at: Location) {
        let held: Vec<(Name, ObjectId)> = self
            .held(container)
            .filter_map(|(key, value)| match value {
                Value::Pointer(id, Offset::Start) => Some((key.clone(), *id)),
                _ => None,
            })
            .filter(|(_, id)| matches!(self.ownership(*id), Ownership::Owned(_)))
            .collect();
        self.end_parts(container);
        let name = self.objects.get(&container).and_then(|object| object.story.held_by.clone());
        for (key, id) in held {
            let Some(object) = self.objects.get_mut(&id) else { continue };
            // What a call put there is the call's result, wherever it lies.
            if !object.story.steps.iter().any(|step| matches!(step.kind, StepKind::Stored { .. })) {
                continue;
            }
            let field = Name::from(key.split('#').next().unwrap_or_default());
            let story = std::rc::Rc::make_mut(&mut object.story);
            if story.orphaned.is_none() {
                let container = name.clone();
                story.steps.push(Step {
                    kind: StepKind::Orphaned { container: container.clone(), field: field.clone(), by: by.clone() },
                    location: at,
                });
                story.orphaned = Some(Box::new(Orphaned { field, container, by: by.clone() }));
            }
        }
    }
}

/// The step of a path that a key is.
pub(super) fn step(key: &str) -> PathStep {
    match key.split('#').next().unwrap_or_default() {
        "*" => PathStep::Pointee,
        "[]" => PathStep::Elements,
        field => PathStep::Field(field.into()),
    }
}

/// Whether a key leads to an element, nobody knows which.
pub(super) fn is_somewhere(key: &str) -> bool {
    key.starts_with("[]") || key.contains(".[]")
}

/// The key of a field below a field path.
pub(super) fn join_key(prefix: &Name, field: &Name) -> Name {
    if prefix.is_empty() { field.clone() } else { format!("{prefix}.{field}").into() }
}

/// The key of one of many things at an element that is not known.
fn entry(key: &Name, id: ObjectId) -> Name {
    format!("{key}#{}{}", id.origin, if id.older { "older" } else { "" }).into()
}

/// The fields of a key, whichever elements it goes through.
fn shape(key: &str) -> impl Iterator<Item = &str> {
    let path = key.split('#').next().unwrap_or_default();
    path.split('.').filter(|step| *step != "*" && !step.starts_with('[') && !step.is_empty())
}
