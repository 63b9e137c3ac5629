//! A program after a change of bodies: what was known of declarations holds, and only those bodies are resolved again.

use std::mem;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::classes::ClassInfo;
use super::env::{Declared, Env};
use super::foreign::{self, Foreign};
use super::libraries::Libraries;
use super::scope::Scope;
use super::{ClassRef, Facts, FuncRef, Program, VarRef, resolve};
use crate::ir::{FunctionId, Name, Unit};
use crate::models::{ModelSet, PackId};

/// What linking learnt of a program's declarations beside what [`Program`] tells of them.
#[derive(Default)]
pub struct Tables {
    pub(super) packs: Vec<Option<PackId>>,
    pub(super) libraries: Libraries,
    pub(super) classes: Vec<Vec<ClassInfo>>,
    pub(super) extensions: FxHashMap<Name, Vec<ClassRef>>,
    pub(super) foreign: Foreign,
    pub(super) initialized: FxHashMap<FuncRef, VarRef>,
    pub(super) declared: Declared,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("units", &self.packs.len()).finish()
    }
}

impl Env<'_> {
    /// Declares some functions of a unit anew.
    fn declare_again<'f>(&mut self, unit: u32, functions: impl Iterator<Item = &'f FunctionId>) {
        let scope = Scope::new(self, unit);
        let fields = &self.facts.fields[unit as usize];
        let declared: Vec<_> = functions.map(|id| (*id, self.declared_signature(&scope, fields, *id))).collect();
        for (id, signature) in declared {
            self.declared.add(FuncRef { unit, function: id }, signature.result.clone());
            self.facts.signatures[unit as usize][id.index()] = signature;
        }
    }
}

impl Program {
    /// Takes another lowering of a unit that differs in the bodies of some functions outside closures alone; its
    /// functions, closures among them, have the places that they had, and new closures follow them.
    ///
    /// What bodies say of other functions' types, of symbols and of callbacks stays as it was found in the whole
    /// program.
    pub fn renew(&mut self, tables: &mut Tables, models: &ModelSet, at: u32, unit: Arc<Unit>, changed: &[FunctionId]) {
        let Some(place) = self.units.get_mut(at as usize) else { return };
        let is_native = unit.language.is_native();
        let closures = resolve::closures_by_root(&unit.functions);
        *place = unit;
        let mut facts = mem::take(&mut self.facts);
        let functions = self.units[at as usize].functions.len();
        facts.signatures[at as usize].resize_with(functions, Default::default);
        self.resolved[at as usize].resize_with(functions, Default::default);
        let mut env = Env::again(&self.units, &self.files, models, mem::take(tables), facts);
        if !is_native {
            env.declare_again(at, changed.iter().flat_map(|root| closures.get(root).into_iter().flatten()));
        }
        let resolved: Vec<_> = match is_native {
            true => foreign::resolve::functions(&env, at, changed, &closures),
            false => resolve::functions(&env, at, changed, &closures).flat_map(|outcome| outcome.resolved).collect(),
        };
        let facts: Facts;
        (facts, *tables) = env.into_tables();
        self.facts = facts;
        let places: Vec<FuncRef> = resolved.iter().map(|(function, _)| *function).collect();
        for (function, found) in resolved {
            self.resolved[function.unit as usize][function.function.index()] = found;
        }
        let Self { units, resolved, facts, exports, files, graph, .. } = self;
        let definitions = |symbol: &Name, unit: u32| exports.definitions(files, symbol, unit);
        graph.renew(units, resolved, facts, &definitions, &places);
    }
}
