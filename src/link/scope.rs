//! Looking names up: what a name means in a file, and what type a written type is.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::env::Env;
use super::libraries::{Entity, Source};
use super::types::{self, MAX_DEPTH};
use super::{ClassRef, FuncRef, Ty};
use crate::ir::{FunctionId, Name, TypeRef};
use crate::models::{Item, PackId, TypeId, Versions};

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Something the program declares.
    Entity(Entity),
    /// Something a pack describes.
    Item(Item),
    /// An import prefix.
    Prefix,
    /// Nothing that is here.
    Nothing,
}

/// A file as the place from which names are looked up. Remembers what it found.
pub(super) struct Scope<'e> {
    pub(super) env: &'e Env<'e>,
    pub(super) unit: u32,
    pub(super) library: u32,
    pub(super) versions: &'e Versions,
    found: RefCell<FxHashMap<(Option<Name>, Name), Meaning>>,
}

/// Type parameters in scope, innermost last.
pub(super) type TypeParams = Vec<Name>;

impl<'e> Scope<'e> {
    pub(super) fn new(env: &'e Env<'e>, unit: u32) -> Self {
        let library = env.libraries.of_unit[unit as usize];
        let versions = &*env.versions[unit as usize];
        Self { env, unit, library, versions, found: RefCell::default() }
    }

    /// What a name means outside of classes.
    pub(super) fn lookup(&self, prefix: Option<&Name>, name: &Name) -> Meaning {
        let key = (prefix.cloned(), name.clone());
        if let Some(meaning) = self.found.borrow().get(&key) {
            return *meaning;
        }
        let meaning = self.search(prefix, name);
        self.found.borrow_mut().insert(key, meaning);
        meaning
    }

    fn search(&self, prefix: Option<&Name>, name: &Name) -> Meaning {
        let library = &self.env.libraries.list[self.library as usize];
        if prefix.is_none() {
            if let Some(entity) = library.declared.values.get(name) {
                return Meaning::Entity(*entity);
            }
            if library.imports.iter().any(|import| import.prefix.as_ref() == Some(name)) {
                return Meaning::Prefix;
            }
        }
        if !name.starts_with('_') {
            for import in library.imports.iter().filter(|import| import.prefix.as_ref() == prefix) {
                for source in &import.sources {
                    if let Source::Library(from) = source
                        && let Some(name) = import.source_of(name)
                        && let Some(entity) = self.env.libraries.list[*from as usize].exported.values.get(name)
                    {
                        let superseding = self.superseding(entity.unit(), name);
                        return superseding.map_or(Meaning::Entity(*entity), Meaning::Item);
                    }
                }
            }
            for share in library.packs.iter().filter(|share| share.prefix.as_ref() == prefix) {
                if let Some(name) = share.source_of(name)
                    && let Some(item) = self.env.models.lookup(share.pack, name, self.versions)
                {
                    return Meaning::Item(item);
                }
            }
        }
        Meaning::Nothing
    }

    /// What a pack says, for this file, of a name that a unit declares.
    pub(super) fn superseding(&self, unit: u32, name: &str) -> Option<Item> {
        let pack = self.env.libraries.superseding(&self.env.files[self.unit as usize], unit)?;
        self.env.models.lookup(pack, name, self.versions)
    }

    /// The setter of a name outside of classes.
    pub(super) fn lookup_setter(&self, prefix: Option<&Name>, name: &Name) -> Option<FuncRef> {
        let library = &self.env.libraries.list[self.library as usize];
        if prefix.is_none()
            && let Some(setter) = library.declared.setters.get(name)
        {
            return Some(*setter);
        }
        let mut imports = library.imports.iter().filter(|import| import.prefix.as_ref() == prefix);
        imports.find_map(|import| {
            let exported = |source: &Source| match source {
                Source::Library(from) => self.env.libraries.list[*from as usize].exported.setters.get(name).copied(),
                _ => None,
            };
            import.source_of(name).and_then(|_| import.sources.iter().find_map(exported))
        })
    }

    /// Whether an extension of the program can be used here by its members alone.
    pub(super) fn sees_extension(&self, extension: ClassRef) -> bool {
        let library = &self.env.libraries.list[self.library as usize];
        if self.env.libraries.of_unit[extension.unit as usize] == self.library {
            return true;
        }
        let name = &self.env.class(extension).name;
        library.imports.iter().any(|import| {
            import.source_of(name).is_some()
                && import.sources.iter().any(|source| match source {
                    Source::Library(from) => {
                        let exported = &self.env.libraries.list[*from as usize].exported;
                        exported.values.get(name) == Some(&Entity::Class(extension))
                    }
                    _ => false,
                })
        })
    }

    /// The type parameters in scope of a function: its own, those of the functions around it, its class's.
    pub(super) fn type_params(&self, function: FunctionId) -> TypeParams {
        let unit = &self.env.units[self.unit as usize];
        let mut params = TypeParams::new();
        let mut at = Some(function);
        let mut left = unit.functions.len();
        while let Some(id) = at {
            let function = unit.function(id);
            params.extend(function.type_params.iter().cloned());
            if function.parent.is_none() || left == 0 {
                if let Some(class) = function.class.and_then(|class| unit.classes.get(class.index())) {
                    params.extend(class.type_params.iter().cloned());
                }
                break;
            }
            left -= 1;
            at = function.parent;
        }
        params
    }

    /// The type that a written one is.
    pub(super) fn ty(&self, params: &[Name], written: &TypeRef) -> Ty {
        let mut budget = 64;
        self.written(params, written, MAX_DEPTH, &mut budget)
    }

    fn written(&self, params: &[Name], written: &TypeRef, depth: usize, budget: &mut usize) -> Ty {
        if depth == 0 || *budget == 0 {
            return Ty::Unknown;
        }
        *budget -= 1;
        if written.prefix.is_none() && params.contains(&written.name) {
            return Ty::Parameter(written.name.clone());
        }
        let args: Vec<Ty> = written.args.iter().map(|arg| self.written(params, arg, depth - 1, budget)).collect();
        if written.prefix.is_none() && written.name == "Function" {
            return types::core_type("Function", args).unwrap_or_default();
        }
        if written.prefix.is_none() && written.name == "Record" && !args.is_empty() {
            return types::record(written.args.iter().map(|arg| arg.label.clone()).zip(args));
        }
        match self.lookup(written.prefix.as_ref(), &written.name) {
            Meaning::Entity(Entity::Class(class)) => Ty::Class(class, args),
            Meaning::Entity(Entity::Alias(unit, at)) => self.aliased(unit, at, args, depth, budget),
            Meaning::Item(Item::Type(class)) => self.env.model_type(class, args),
            Meaning::Entity(_) | Meaning::Item(_) => Ty::Unknown,
            // A prefix may be that of dart:core or dart:async.
            Meaning::Nothing | Meaning::Prefix => {
                types::core_type(&written.name, args).unwrap_or_else(|| Ty::External(written.name.clone()))
            }
        }
    }

    /// What a `typedef` stands for, written in whichever file it is.
    fn aliased(&self, unit: u32, at: u32, args: Vec<Ty>, depth: usize, budget: &mut usize) -> Ty {
        let Some(alias) = self.env.units[unit as usize].aliases.get(at as usize) else { return Ty::Unknown };
        let other;
        let scope = if unit == self.unit {
            self
        } else {
            other = Scope::new(self.env, unit);
            &other
        };
        let target = scope.written(&alias.type_params, &alias.target, depth - 1, budget);
        types::bounded(types::substitute(&target, &types::bind(&alias.type_params, &args)))
    }
}

impl Env<'_> {
    /// A class of a pack as a type.
    pub(super) fn model_type(&self, class: TypeId, args: Vec<Ty>) -> Ty {
        let info = self.models.ty(class);
        // What the collections and scalars are does not depend on whether a pack describes their members.
        match types::core_type(&info.name, args.clone()) {
            Some(ty) if self.is_core_pack(info.pack) => ty,
            _ => Ty::Model(class, args),
        }
    }

    /// The type that the text of a pack's entry means.
    pub(super) fn pack_type(&self, pack: PackId, params: &[&[Name]], written: &TypeRef, versions: &Versions) -> Ty {
        self.pack_type_within(pack, params, written, versions, MAX_DEPTH)
    }

    fn pack_type_within(
        &self,
        pack: PackId,
        params: &[&[Name]],
        written: &TypeRef,
        versions: &Versions,
        depth: usize,
    ) -> Ty {
        if depth == 0 {
            return Ty::Unknown;
        }
        if params.iter().any(|list| list.contains(&written.name)) {
            return Ty::Parameter(written.name.clone());
        }
        let args: Vec<Ty> =
            written.args.iter().map(|arg| self.pack_type_within(pack, params, arg, versions, depth - 1)).collect();
        if written.name == "Record" && !args.is_empty() {
            return types::record(written.args.iter().map(|arg| arg.label.clone()).zip(args));
        }
        if let Some(class) = self.models.type_named(pack, &written.name, versions) {
            return self.model_type(class, args);
        }
        types::core_type(&written.name, args).unwrap_or_else(|| Ty::External(written.name.clone()))
    }
}
