//! What linking knows of the whole program, stage by stage: libraries, classes, declared types, inferred types.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::ClassInfo;
use super::declared::Declared as Stated;
use super::exports::Exports;
use super::foreign::{self, Foreign};
use super::libraries::Libraries;
use super::links::{self, Link};
use super::renewed::Tables;
use super::resolve::{self, Closures, Inferred, Outcome};
use super::scope::Scope;
use super::types;
use super::{ClassRef, Facts, FileContext, FuncRef, Resolved, Signature, Target, Ty, VarRef};
use crate::ir::{
    Base, Callee, Class, ClassId, ClassKind, Flavor, Function, FunctionId, FunctionKind, Initializes, Name, Op,
    Operand, Param, Projection, Terminator, Unit, Variable,
};
use crate::models::{ModelSet, PackId, TypeId, Versions};
use crate::summary::FamilyId;

/// The program while it is being linked.
pub(super) struct Env<'a> {
    pub(super) units: &'a [Arc<Unit>],
    pub(super) files: &'a [FileContext],
    pub(super) models: &'a ModelSet,
    pub(super) versions: Vec<Arc<Versions>>,
    /// The pack that describes the package a unit belongs to.
    pub(super) packs: Vec<Option<PackId>>,
    pub(super) libraries: Libraries,
    pub(super) classes: Vec<Vec<ClassInfo>>,
    /// Extensions by the members they declare.
    pub(super) extensions: FxHashMap<Name, Vec<ClassRef>>,
    pub(super) facts: Facts,
    pub(super) foreign: Foreign,
    /// The variable that an initializer computes.
    pub(super) initialized: FxHashMap<FuncRef, VarRef>,
    pub(super) declared: Declared,
    core_packs: Vec<PackId>,
    pub(super) ffi: Option<PackId>,
    pub(super) typed_data: Option<PackId>,
}

/// Rounds in which results and variables without a declared type find theirs; each carries types one call further.
const ROUNDS: usize = 3;

/// Classes through which the type of a `super.x` parameter is followed.
const MAX_SUPER_CHAIN: usize = 16;

/// Units that are one piece of work at most: those with much to do stand next to each other.
pub(super) const PIECE: usize = 8;

/// Functions of a file that are resolved as one piece of work.
const CHUNK: usize = 128;

/// The package versions of a file.
pub(super) fn versions_of(file: &FileContext) -> Arc<Versions> {
    file.package.as_ref().map(|package| Arc::clone(&package.versions)).unwrap_or_default()
}

impl<'a> Env<'a> {
    pub(super) fn new(units: &'a [Arc<Unit>], files: &'a [FileContext], models: &'a ModelSet) -> Self {
        let tables = Tables {
            packs: files.iter().map(|file| pack_of(file, models)).collect(),
            libraries: Libraries::new(units, files, models),
            foreign: Foreign::new(units, files, models),
            ..Tables::default()
        };
        let mut env = Self::again(units, files, models, tables, Facts::default());
        env.classes = units
            .par_iter()
            .map(|unit| unit.classes.iter().map(|class| ClassInfo::new(unit, class)).collect())
            .collect();
        env.link_classes();
        env.index_extensions();
        env.index_initializers();
        env.declare();
        env.declared = Declared::of(&env.facts);
        env
    }

    /// A program whose declarations are known.
    pub(super) fn again(
        units: &'a [Arc<Unit>],
        files: &'a [FileContext],
        models: &'a ModelSet,
        tables: Tables,
        facts: Facts,
    ) -> Self {
        let core = ["dart:core", "dart:async", "dart:collection"];
        let Tables { packs, libraries, classes, extensions, foreign, initialized, declared } = tables;
        Self {
            units,
            files,
            models,
            versions: files.iter().map(versions_of).collect(),
            packs,
            libraries,
            classes,
            extensions,
            facts,
            foreign,
            initialized,
            declared,
            core_packs: core.iter().filter_map(|uri| models.pack_for_uri(uri)).collect(),
            ffi: models.pack_for_uri("dart:ffi"),
            typed_data: models.pack_for_uri("dart:typed_data"),
        }
    }

    /// What is known of the declarations.
    pub(super) fn into_tables(self) -> (Facts, Tables) {
        let Self { packs, libraries, classes, extensions, facts, foreign, initialized, declared, .. } = self;
        (facts, Tables { packs, libraries, classes, extensions, foreign, initialized, declared })
    }

    /// Supertypes, and from them subtypes.
    fn link_classes(&mut self) {
        let linked: Vec<Vec<Supertypes>> = (0..self.units.len() as u32)
            .into_par_iter()
            .map(|unit| {
                let from = &self.units[unit as usize];
                if from.language.is_native() {
                    let supers = |class| self.foreign_supertypes(unit, class);
                    let native = |class| Supertypes { supers: supers(class), with_bodies: 0, on: None };
                    return from.classes.iter().map(native).collect();
                }
                let scope = Scope::new(self, unit);
                from.classes.iter().map(|class| supertypes(&scope, class)).collect()
            })
            .collect();
        let mut subtypes: Vec<(ClassRef, ClassRef)> = Vec::new();
        for (unit, classes) in linked.into_iter().enumerate() {
            for (at, Supertypes { supers, with_bodies, on }) in classes.into_iter().enumerate() {
                let own = ClassRef { unit: unit as u32, class: ClassId(at as u32) };
                for ty in &supers {
                    if let Ty::Class(class, _) = ty {
                        subtypes.push((*class, own));
                    }
                }
                let info = &mut self.classes[unit][at];
                info.supers = supers;
                info.with_bodies = with_bodies;
                info.on = on;
            }
        }
        for (class, subtype) in subtypes {
            self.classes[class.unit as usize][class.class.index()].subtypes.push(subtype);
        }
    }

    fn index_extensions(&mut self) {
        for (unit, infos) in self.classes.iter().enumerate() {
            for (at, info) in infos.iter().enumerate() {
                let from = &self.units[unit];
                if from.language.is_native() || from.classes[at].kind != ClassKind::Extension {
                    continue;
                }
                let extension = ClassRef { unit: unit as u32, class: ClassId(at as u32) };
                let names: FxHashSet<&Name> = info.members.keys().chain(info.setters.keys()).collect();
                for name in names {
                    self.extensions.entry(name.clone()).or_default().push(extension);
                }
            }
        }
    }

    fn index_initializers(&mut self) {
        for (unit, from) in self.units.iter().enumerate() {
            let unit = unit as u32;
            for (at, variable) in from.variables.iter().enumerate() {
                if let Some(function) = variable.initializer {
                    let variable = VarRef { unit, class: None, index: at as u32 };
                    self.initialized.insert(FuncRef { unit, function }, variable);
                }
            }
            for (class, declared) in from.classes.iter().enumerate() {
                for (at, field) in declared.fields.iter().enumerate() {
                    if let Some(function) = field.initializer {
                        let variable = VarRef { unit, class: Some(ClassId(class as u32)), index: at as u32 };
                        self.initialized.insert(FuncRef { unit, function }, variable);
                    }
                }
            }
        }
    }

    /// The declared types of everything that has one.
    fn declare(&mut self) {
        let declared: Vec<_> = (0..self.units.len() as u32)
            .into_par_iter()
            .with_max_len(PIECE)
            .map(|unit| self.declare_unit(unit))
            .collect();
        for UnitTypes { signatures, variables, fields } in declared {
            self.facts.signatures.push(signatures);
            self.facts.variables.push(variables);
            self.facts.fields.push(fields);
        }
        for (unit, from) in self.units.iter().enumerate() {
            for binding in &from.bindings {
                let function = FuncRef { unit: unit as u32, function: binding.function };
                self.facts.bindings.insert(function, binding.symbol.clone());
            }
        }
        self.type_super_parameters();
    }

    /// Gives `super.x` parameters the types of those they are passed on to.
    fn type_super_parameters(&mut self) {
        // One round carries types one class further down.
        for _ in 0..MAX_SUPER_CHAIN {
            let of_unit = |unit: u32| {
                let functions = self.units[unit as usize].functions.iter().enumerate();
                let constructors = functions.filter(|(_, function)| function.kind == FunctionKind::Constructor);
                let typed = constructors.flat_map(|(at, function)| {
                    let id = FuncRef { unit, function: FunctionId(at as u32) };
                    self.super_parameters(id, function).into_iter().map(move |(param, ty)| (id, param, ty))
                });
                typed.collect::<Vec<_>>()
            };
            let found: Vec<(FuncRef, usize, Ty)> =
                (0..self.units.len() as u32).into_par_iter().flat_map_iter(of_unit).collect();
            if found.is_empty() {
                break;
            }
            for (function, param, ty) in found {
                let signature = &mut self.facts.signatures[function.unit as usize][function.function.index()];
                if let Some(slot) = signature.params.get_mut(param) {
                    *slot = ty;
                }
            }
        }
    }

    /// The parameters of a constructor that are still untyped and whose types its superclass knows.
    fn super_parameters(&self, id: FuncRef, function: &Function) -> Vec<(usize, Ty)> {
        let own = self.signature(id);
        let is_open = |at: usize, param: &Param| {
            param.initializes == Some(Initializes::Super) && own.params.get(at) == Some(&Ty::Unknown)
        };
        let open: Vec<usize> = (0..function.params.len()).filter(|at| is_open(*at, &function.params[*at])).collect();
        let Some(class) = function.class.filter(|_| !open.is_empty()) else { return Vec::new() };
        let info = self.info(ClassRef { unit: id.unit, class });
        let superclass = info.with_bodies.checked_sub(1).and_then(|at| info.supers.get(at));
        let Some(Ty::Class(superclass, args)) = superclass else { return Vec::new() };
        let ops = function.blocks.iter().flat_map(|block| &block.ops);
        let named = ops.into_iter().find_map(|statement| match &statement.op {
            Op::Call(call) => match &call.callee {
                Callee::SuperConstructor(name) => Some(name.clone().unwrap_or_default()),
                _ => None,
            },
            _ => None,
        });
        let constructor = self.info(*superclass).constructors.get(&named.unwrap_or_default());
        let Some(&constructor) = constructor else { return Vec::new() };
        let constructor = FuncRef { unit: superclass.unit, function: constructor };
        let bindings = types::bind(&self.class(*superclass).type_params, args);
        let known = |at: usize| {
            let param = &function.params[at];
            let before = &function.params[..at];
            let position =
                before.iter().filter(|param| !param.named && param.initializes == Some(Initializes::Super)).count();
            let mut passed = self.function(constructor).params.iter().enumerate();
            let found = if param.named {
                passed.find(|(_, passed)| passed.named && passed.name == param.name)
            } else {
                passed.filter(|(_, passed)| !passed.named).nth(position)
            };
            let ty = self.signature(constructor).params.get(found?.0)?;
            let ty = types::bounded(types::substitute(ty, &bindings));
            types::says_something(&ty).then_some((at, ty))
        };
        open.into_iter().filter_map(known).collect()
    }

    fn declare_unit(&self, unit: u32) -> UnitTypes {
        if self.units[unit as usize].language.is_native() {
            let (signatures, variables, fields) = self.foreign_types(unit);
            return UnitTypes { signatures, variables, fields };
        }
        let scope = Scope::new(self, unit);
        let from = &self.units[unit as usize];
        let typed = |params: &[Name], variable: &Variable| {
            variable.ty.as_ref().map(|written| scope.ty(params, written)).unwrap_or_default()
        };
        let variables = from.variables.iter().map(|variable| typed(&[], variable)).collect();
        let fields: Vec<Vec<Ty>> = from
            .classes
            .iter()
            .map(|class| class.fields.iter().map(|field| typed(&class.type_params, field)).collect())
            .collect();
        let ids = (0..from.functions.len() as u32).map(FunctionId);
        let signatures = ids.map(|id| self.declared_signature(&scope, &fields, id)).collect();
        UnitTypes { signatures, variables, fields }
    }

    /// The declared types of a function, where those of its unit's fields are known.
    pub(super) fn declared_signature(&self, scope: &Scope<'_>, fields: &[Vec<Ty>], id: FunctionId) -> Signature {
        let from = &self.units[scope.unit as usize];
        let function = from.function(id);
        let type_params = scope.type_params(id);
        let param = |param: &Param| {
            let written = function.locals.get(param.local.index()).and_then(|local| local.ty.as_ref());
            let field = || {
                let class = function.class?;
                let name = &param.name;
                let at = from.classes.get(class.index())?.fields.iter().position(|field| field.name == *name)?;
                fields.get(class.index())?.get(at).cloned()
            };
            match written {
                Some(written) => scope.ty(&type_params, written),
                None if param.initializes == Some(Initializes::Field) => field().unwrap_or_default(),
                None => Ty::Unknown,
            }
        };
        let params = function.params.iter().map(param).collect();
        Signature { params, result: self.declared_result(scope, &type_params, function) }
    }

    fn declared_result(&self, scope: &Scope<'_>, type_params: &[Name], function: &Function) -> Ty {
        match function.kind {
            FunctionKind::Setter => Ty::Void,
            FunctionKind::Constructor | FunctionKind::Factory => {
                let Some(class) = function.class else { return Ty::Unknown };
                let class = ClassRef { unit: scope.unit, class };
                self.instance(class)
            }
            _ => function.result.as_ref().map(|written| scope.ty(type_params, written)).unwrap_or_default(),
        }
    }

    /// A class with its own type parameters as arguments.
    pub(super) fn instance(&self, class: ClassRef) -> Ty {
        Ty::Class(class, self.class(class).type_params.iter().map(|name| Ty::Parameter(name.clone())).collect())
    }

    /// Infers what is not declared, then resolves every function.
    pub(super) fn resolve(&mut self, exports: &mut Exports, stated: &Stated) -> (Vec<Vec<Resolved>>, Vec<Link>) {
        let closures: Vec<Closures> =
            self.units.par_iter().map(|unit| resolve::closures_by_root(&unit.functions)).collect();
        let open = self.open_functions();
        let inferred = self.infer(&open, &closures);
        let others = self.units.iter().zip(&open);
        let others = others.map(|(unit, open)| roots(unit).filter(|id| open.binary_search(id).is_err()).collect());
        let others: Vec<Vec<FunctionId>> = others.collect();
        let env = &*self;
        let resolve = |(unit, ids): &(u32, Vec<FunctionId>)| {
            let closures = &closures[*unit as usize];
            if env.units[*unit as usize].language.is_native() {
                return foreign::resolve::functions(env, *unit, ids, closures);
            }
            resolve::functions(env, *unit, ids, closures).flat_map(|outcome| outcome.resolved).collect()
        };
        let others: Vec<_> = chunks(&others).par_iter().with_max_len(PIECE).map(resolve).collect();
        let mut resolved: Vec<Vec<Resolved>> =
            self.units.iter().map(|unit| vec![Resolved::default(); unit.functions.len()]).collect();
        for (function, found) in
            inferred.into_iter().flat_map(|outcome| outcome.resolved).chain(others.into_iter().flatten())
        {
            resolved[function.unit as usize][function.function.index()] = found;
        }
        exports.rename(&resolved);
        let links = links::links(self, &resolved, exports, stated);
        exports.bind(self.files, &links);
        let supertypes = |info: &ClassInfo| info.on.clone().map_or_else(|| info.supers.clone(), |on| vec![on]);
        self.facts.supertypes = self.classes.iter().map(|infos| infos.iter().map(supertypes).collect()).collect();
        (resolved, links)
    }

    /// The functions whose results, or whose stores, say what declarations leave open.
    fn open_functions(&self) -> Vec<Vec<FunctionId>> {
        let mut open_names: FxHashSet<&Name> = FxHashSet::default();
        for (unit, from) in self.units.iter().enumerate() {
            let variables = from.variables.iter().zip(&self.facts.variables[unit]);
            let fields = from.classes.iter().zip(&self.facts.fields[unit]);
            let fields = fields.flat_map(|(class, types)| class.fields.iter().zip(types));
            let open = variables.chain(fields).filter(|(_, ty)| self.can_be_refined(ty));
            open_names.extend(open.map(|(variable, _)| &variable.name));
        }
        let stores_open = |function: &Function| {
            let ops = function.blocks.iter().flat_map(|block| &block.ops);
            ops.into_iter().any(|statement| match &statement.op {
                Op::Store { to, .. } => match (&to.base, to.path.last()) {
                    (_, Some(Projection::Field(name))) | (Base::Name(name), None) => open_names.contains(name),
                    _ => false,
                },
                _ => false,
            })
        };
        let of_unit = |(unit, from): (usize, &Arc<Unit>)| {
            // Native languages write their types down.
            if from.language.is_native() {
                return Vec::new();
            }
            let is_open = |at: usize| {
                let function = &from.functions[at];
                let this = FuncRef { unit: unit as u32, function: FunctionId(at as u32) };
                match self.initialized.get(&this) {
                    Some(variable) => self.can_be_refined(self.variable_type(*variable)),
                    None => {
                        let gives = !matches!(
                            function.kind,
                            FunctionKind::Constructor | FunctionKind::Factory | FunctionKind::Setter
                        );
                        let result = &self.facts.signatures[unit][at].result;
                        (gives && self.can_be_refined(result) && function.has_blocks()) || stores_open(function)
                    }
                }
            };
            let mut open = vec![false; from.functions.len()];
            for at in 0..from.functions.len() {
                if is_open(at) {
                    // A closure is resolved with the function it is written in.
                    open[from.outermost(FunctionId(at as u32)).index()] |=
                        from.functions[at].parent.is_none() || stores_open(&from.functions[at]);
                }
            }
            roots(from).filter(|id| open[id.index()]).collect()
        };
        self.units.par_iter().with_max_len(PIECE).enumerate().map(of_unit).collect()
    }

    /// Infers results and types of variables from open functions, in rounds. What comes back of these functions is what
    /// they are in view of everything that is known in the end.
    fn infer(&mut self, open: &[Vec<FunctionId>], closures: &[Closures]) -> Vec<Outcome> {
        let mut outcomes = self.outcomes(open, closures);
        let mut renewed: Vec<usize> = (0..outcomes.len()).collect();
        for _ in 0..ROUNDS {
            let changed = self.learn(&outcomes, &renewed);
            // Only what rests on something new can say something new.
            let is_stale = |outcome: &Outcome| outcome.rests_on.iter().any(|known| changed.contains(known));
            renewed = (0..outcomes.len()).filter(|at| is_stale(&outcomes[*at])).collect();
            let mut stale: Vec<Vec<FunctionId>> = vec![Vec::new(); open.len()];
            for outcome in renewed.iter().map(|at| &outcomes[*at]) {
                stale[outcome.function.unit as usize].push(outcome.function.function);
            }
            for (at, outcome) in renewed.iter().zip(self.outcomes(&stale, closures)) {
                outcomes[*at] = outcome;
            }
            if renewed.is_empty() {
                break;
            }
        }
        outcomes
    }

    /// Resolves functions of Dart, in their order.
    fn outcomes(&self, functions: &[Vec<FunctionId>], closures: &[Closures]) -> Vec<Outcome> {
        let chunks = chunks(functions);
        let resolve = |(unit, ids): &(u32, Vec<FunctionId>)| {
            resolve::functions(self, *unit, ids, &closures[*unit as usize]).collect::<Vec<_>>()
        };
        chunks.par_iter().with_max_len(PIECE).flat_map_iter(resolve).collect()
    }

    /// Takes over what a round found of the functions that were resolved anew; what that changed.
    fn learn(&mut self, outcomes: &[Outcome], renewed: &[usize]) -> FxHashSet<Inferred> {
        let mut changed = FxHashSet::default();
        for Outcome { function, result, .. } in renewed.iter().map(|at| &outcomes[*at]) {
            if self.initialized.contains_key(function) {
                continue;
            }
            let known = self.declared.result(*function);
            let Some(ty) = types::refined(known, result) else { continue };
            let place = &mut self.facts.signatures[function.unit as usize][function.function.index()].result;
            if *place != ty {
                *place = ty;
                changed.insert(Inferred::Result(*function));
            }
        }
        for outcome in renewed.iter().map(|at| &outcomes[*at]) {
            let Some(&variable) = self.initialized.get(&outcome.function) else { continue };
            let known = match self.held(variable, outcome) {
                Some(function) => self.facts.held.insert(variable, function) == Some(function),
                None => self.facts.held.remove(&variable).is_none(),
            };
            if !known {
                changed.insert(Inferred::Variable(variable));
            }
        }
        for (variable, ty) in self.stored(outcomes) {
            let allocator = self.narrower_allocator(variable, &ty);
            let known = self.declared.variable(variable);
            let ty = types::refined(known, &ty).or(allocator).unwrap_or_else(|| known.clone());
            let place = self.facts.variable_type_mut(variable);
            if *place != ty {
                *place = ty;
                changed.insert(Inferred::Variable(variable));
            }
        }
        changed
    }

    /// The function that a variable holds from its start to its end. Of a method that is torn off an object, only where
    /// the object has nothing to remember: which one it was is not told.
    fn held(&self, variable: VarRef, outcome: &Outcome) -> Option<FuncRef> {
        let declared = self.variable(variable);
        if !declared.is_final || !declared.is_static {
            return None;
        }
        let [block] = self.function(outcome.function).blocks.as_slice() else { return None };
        let Terminator::Return(Some(Operand::Local(given))) = &block.end else { return None };
        let (_, resolved) = outcome.resolved.iter().find(|(function, _)| *function == outcome.function)?;
        let mut ops = block.ops.iter().zip(resolved.targets.get(0)?).rev();
        let held = ops.find_map(|(statement, target)| match (&statement.op, target) {
            (Op::Load { to, .. }, Target::TearOff(function)) if to == given => Some(*function),
            _ => None,
        })?;
        let class = self.function(held).class.map(|class| ClassRef { unit: held.unit, class });
        class.is_none_or(|class| self.class(class).fields.is_empty()).then_some(held)
    }

    /// The types of all that variables start with and of what is stored in them.
    fn stored(&self, outcomes: &[Outcome]) -> FxHashMap<VarRef, Ty> {
        let initial = outcomes
            .iter()
            .filter_map(|Outcome { function, result, .. }| Some((*self.initialized.get(function)?, result)));
        let later = outcomes.iter().flat_map(|outcome| &outcome.stores).map(|(variable, ty)| (*variable, ty));
        let mut stored: FxHashMap<VarRef, Ty> = FxHashMap::default();
        for (variable, ty) in initial.chain(later) {
            match stored.entry(variable) {
                Entry::Occupied(mut known) => {
                    let joined = self.joined(known.get(), ty);
                    known.insert(joined);
                }
                Entry::Vacant(place) => _ = place.insert(ty.clone()),
            }
        }
        stored
    }

    /// The allocator that a constant is, whatever it is declared as: `const Allocator heap = malloc;`.
    fn narrower_allocator(&self, variable: VarRef, value: &Ty) -> Option<Ty> {
        let (declared, known) = (self.variable(variable), self.variable_type(variable));
        let (Ty::Model(class, _), Ty::Model(of, _)) = (known, value) else { return None };
        let is_one = self.models.ty(*of).allocator.is_some() && declared.is_final && declared.initializer.is_some();
        (is_one && (self.is_allocator(*class) || known == value)).then(|| value.clone())
    }

    fn is_allocator(&self, class: TypeId) -> bool {
        self.is_ffi(class, "Allocator")
    }

    pub(super) fn function(&self, function: FuncRef) -> &'a Function {
        self.units[function.unit as usize].function(function.function)
    }

    pub(super) fn class(&self, class: ClassRef) -> &'a Class {
        &self.units[class.unit as usize].classes[class.class.index()]
    }

    pub(super) fn info(&self, class: ClassRef) -> &ClassInfo {
        &self.classes[class.unit as usize][class.class.index()]
    }

    pub(super) fn variable(&self, variable: VarRef) -> &'a Variable {
        let unit = &self.units[variable.unit as usize];
        match variable.class {
            Some(class) => &unit.classes[class.index()].fields[variable.index as usize],
            None => &unit.variables[variable.index as usize],
        }
    }

    pub(super) fn variable_type(&self, variable: VarRef) -> &Ty {
        self.facts.variable_type(variable)
    }

    pub(super) fn signature(&self, function: FuncRef) -> &Signature {
        &self.facts.signatures[function.unit as usize][function.function.index()]
    }

    pub(super) fn is_core_pack(&self, pack: PackId) -> bool {
        self.core_packs.contains(&pack)
    }

    /// Whether values may say more than the declared type: see [`types::refined`].
    pub(super) fn can_be_refined(&self, declared: &Ty) -> bool {
        match declared {
            Ty::Unknown | Ty::Function(..) => true,
            Ty::Model(class, args) => {
                let of_function = matches!(args.first(), Some(Ty::Model(of, _)) if self.is_ffi(*of, "NativeFunction"));
                of_function && self.is_ffi(*class, "Pointer") || self.is_allocator(*class)
            }
            _ => false,
        }
    }

    /// Whether a class of a pack is one of `dart:typed_data`.
    pub(super) fn is_typed_data(&self, class: TypeId) -> bool {
        Some(self.models.ty(class).pack) == self.typed_data
    }

    /// Whether a class of a pack is that class of `dart:ffi`.
    pub(super) fn is_ffi(&self, class: TypeId, name: &str) -> bool {
        let info = self.models.ty(class);
        Some(info.pack) == self.ffi && info.name == name
    }

    /// The class of objects that are scopes of the family.
    pub(super) fn scope_type(&self, family: FamilyId) -> Ty {
        self.models.type_of_allocator(family).map_or(Ty::Unknown, |class| Ty::Model(class, Vec::new()))
    }

    /// The class of an SDK library by name, if a pack describes it.
    pub(super) fn core_class(&self, name: &str, versions: &Versions) -> Option<TypeId> {
        self.core_packs.iter().find_map(|&pack| self.models.type_named(pack, name, versions))
    }
}

/// What is declared of the types that are inferred, as [`Facts`] keeps it.
#[derive(Default)]
pub(super) struct Declared {
    results: Vec<Vec<Ty>>,
    variables: Vec<Vec<Ty>>,
    fields: Vec<Vec<Vec<Ty>>>,
}

impl Declared {
    fn of(facts: &Facts) -> Self {
        let results =
            |signatures: &Vec<Signature>| signatures.iter().map(|signature| signature.result.clone()).collect();
        Self {
            results: facts.signatures.par_iter().map(results).collect(),
            variables: facts.variables.par_iter().cloned().collect(),
            fields: facts.fields.par_iter().cloned().collect(),
        }
    }

    /// Takes over what is declared of a function that was not there.
    pub(super) fn add(&mut self, function: FuncRef, result: Ty) {
        if let Some(results) = self.results.get_mut(function.unit as usize) {
            results.resize(results.len().max(function.function.index() + 1), Ty::Unknown);
            results[function.function.index()] = result;
        }
    }

    /// What calls of a function give.
    pub(super) fn result(&self, function: FuncRef) -> &Ty {
        &self.results[function.unit as usize][function.function.index()]
    }

    pub(super) fn variable(&self, variable: VarRef) -> &Ty {
        let unit = variable.unit as usize;
        match variable.class {
            Some(class) => &self.fields[unit][class.index()][variable.index as usize],
            None => &self.variables[unit][variable.index as usize],
        }
    }
}

/// The declared types of a unit, as [`Facts`] keeps them.
struct UnitTypes {
    signatures: Vec<Signature>,
    variables: Vec<Ty>,
    fields: Vec<Vec<Ty>>,
}

/// What a class declares of its supertypes; see [`ClassInfo`].
struct Supertypes {
    supers: Vec<Ty>,
    with_bodies: usize,
    on: Option<Ty>,
}

fn supertypes(scope: &Scope<'_>, class: &Class) -> Supertypes {
    let resolve = |written| scope.ty(&class.type_params, written);
    let supertype = class.supertype.as_ref().map(resolve);
    if class.kind == ClassKind::Extension {
        return Supertypes { supers: Vec::new(), with_bodies: 0, on: supertype };
    }
    let mut supers: Vec<Ty> = class.mixins.iter().rev().map(resolve).collect();
    // The representation type of an extension type is no supertype of it.
    if class.kind != ClassKind::ExtensionType {
        supers.extend(supertype);
    }
    let with_bodies = supers.len();
    supers.extend(class.implements.iter().map(resolve));
    Supertypes { supers, with_bodies, on: None }
}

/// The pack that describes the package of a file in a `lib` folder.
pub(super) fn pack_of(file: &FileContext, models: &ModelSet) -> Option<PackId> {
    let package = file.package.as_ref()?;
    let rest = file.path.strip_prefix(&*package.root)?.trim_start_matches('/');
    let path = rest.strip_prefix("lib/")?;
    models.pack_for_uri(&format!("package:{}/{path}", package.name))
}

/// The functions of a unit that are not written inside another one.
fn roots(unit: &Unit) -> impl Iterator<Item = FunctionId> {
    let ids = (0..unit.functions.len() as u32).map(FunctionId);
    ids.filter(|id| unit.function(*id).parent.is_none())
}

fn chunks(functions: &[Vec<FunctionId>]) -> Vec<(u32, Vec<FunctionId>)> {
    let of_unit = |(unit, ids): (usize, &Vec<FunctionId>)| {
        ids.chunks(CHUNK).map(|chunk| (unit as u32, chunk.to_vec())).collect::<Vec<_>>()
    };
    functions.iter().enumerate().flat_map(of_unit).collect()
}

/// What a function's calls give when its body gives `ty`.
pub(super) fn result_of_body(flavor: Flavor, ty: Ty) -> Ty {
    let sdk = |name: &str, ty| Ty::Sdk(name.into(), vec![ty]);
    match flavor {
        Flavor::Sync => ty,
        Flavor::Async => sdk("Future", types::awaited(&ty)),
        Flavor::SyncStar => sdk("Iterable", ty),
        Flavor::AsyncStar => sdk("Stream", ty),
    }
}

/// What the body of a function gives whose calls give `ty`.
pub(super) fn body_of_result(flavor: Flavor, ty: &Ty) -> Ty {
    match flavor {
        Flavor::Sync => ty.clone(),
        Flavor::Async => types::awaited(ty),
        Flavor::SyncStar | Flavor::AsyncStar => types::element(ty),
    }
}
