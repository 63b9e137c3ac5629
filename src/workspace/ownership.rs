//! What is known of one function, and from where; and the bindings of which nothing is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Lowered, Options, Workspace, link};
use crate::flow;
use crate::ir::{FunctionId, FunctionKind, Name, Op, Operand, Unit};
use crate::link::{FuncRef, Link, Program, Standing, Target, Ty};
use crate::models::catalog::{self, Catalog, Entry};
use crate::models::{Family, ModelSet, Versions, suggest};
use crate::source::Span;
use crate::summary::{Basis, Summary};
use crate::target::TargetSet;

/// What is known of a name.
#[derive(Debug, Default)]
pub struct Known {
    /// What is said of it; what counts most stands first.
    pub facts: Vec<Fact>,
    /// Where it is bound.
    pub bindings: Vec<Place>,
    /// The families that the facts speak of.
    pub families: Vec<Family>,
    /// Where nothing is known and nothing has the name: what may have been meant.
    pub meant: String,
    /// Something has the name.
    pub is_there: bool,
}

/// A fact about a function.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Who says so.
    pub from: From,
    /// Where it holds.
    pub targets: TargetSet,
    /// The contract; `None` for a body that was not understood.
    pub contract: Option<Arc<Summary>>,
}

/// Who says something.
#[derive(Clone, Debug)]
pub enum From {
    /// A comment in the source.
    Comment(Place),
    /// The body.
    Body(Place),
    /// The declaration: attributes, documentation in fixed words.
    Declaration(Option<Place>),
    /// A model.
    Model(Arc<Entry>),
    /// Conventions, of which nobody wrote anything down.
    Convention,
}

/// A place in the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}

/// Bindings whose ownership is not known.
#[derive(Debug, Default)]
pub struct Unknowns {
    /// By number of uses, most first.
    pub bindings: Vec<Unknown>,
    /// How many more are bound and never called.
    pub unused: usize,
    /// How many lookups compute the name.
    pub computed: usize,
    /// How many symbols are called in all.
    pub called: usize,
}

/// A binding whose ownership is not known.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// The symbol.
    pub symbol: String,
    /// How many calls there are.
    pub uses: usize,
    /// The first of them.
    pub first: Place,
    /// How it is called: result and arguments.
    pub shown: String,
    /// What it gives may be a pointer.
    pub gives_pointer: bool,
    /// The arguments that may be pointers.
    pub pointers: Vec<usize>,
    /// There are several definitions, which cannot be told apart, or one that was not understood.
    pub is_defined: bool,
}

impl Workspace {
    /// What is known of a symbol, a function of the project or a modelled function. To be called on a thread of a
    /// [`pool`](super::pool).
    #[must_use]
    pub fn ownership(&self, models: &ModelSet, options: &Options, name: &str) -> Known {
        let units = self.units(options);
        let (own, conventions) = self.models_and_conventions(&units, models);
        let models = own.as_ref().unwrap_or(models);
        let program = link::program(units, &self.contexts, models).0;
        let flow_options = flow::Options { targets: options.targets, keep_contracts: true, ..flow::Options::default() };
        let analysis = flow::analyse(&program, models, &flow_options);
        let mut known = Known { families: models.families().to_vec(), ..Known::default() };
        // What a Dart declaration binds is asked for by the name that code calls it by, too.
        let bound = bound_symbol(&program, name);
        let name = bound.as_deref().unwrap_or(name);
        let stated = program.stated();
        let place = |unit: u32, span: Span| self.place_in(program.units.get(unit as usize)?, span);

        // Comments, in the words of what counts in the end.
        if let Some((unit, span)) = stated.place(name)
            && let (Some(at), Some(contract)) = (place(unit, span), program.stated_contract(name))
        {
            let contract = Some(Arc::new(contract.clone()));
            known.facts.push(Fact { from: From::Comment(at), targets: TargetSet::ALL, contract });
        }
        let catalog = catalog::read(&self.own_texts(), conventions.as_deref());
        let mut names: BTreeSet<String> = catalog.entries.iter().flat_map(Entry::names).map(str::to_owned).collect();
        let (own_facts, other_facts) = of_models(catalog, name, models, &program);
        known.facts.extend(own_facts);

        for (at, unit) in (0_u32..).zip(&program.units) {
            for (id, function) in (0_u32..).map(FunctionId).zip(&unit.functions) {
                let exported = unit.exports.iter().any(|export| export.function == id && export.symbol == name);
                let is_meant =
                    exported || function.qualified == name || (unit.language.is_native() && function.name == name);
                let is_inner = matches!(function.kind, FunctionKind::Closure | FunctionKind::Initializer);
                if is_inner || function.name.is_empty() && function.qualified.is_empty() {
                    continue;
                }
                names.insert(function.qualified.to_string());
                if !is_meant {
                    continue;
                }
                known.is_there = true;
                let function_at = FuncRef { unit: at, function: id };
                let Some(here) = self.place_in(unit, function.name_span) else { continue };
                let contract = analysis.contract(function_at);
                let targets = function.targets.and(program.file(at).targets);
                match stated.place_of(function_at).and_then(|(unit, span)| place(unit, span)) {
                    Some(_) if stated.place(name).is_some() => {}
                    Some(said) => known.facts.push(Fact { from: From::Comment(said), targets, contract }),
                    None if function.is_external => {}
                    None => known.facts.push(Fact { from: From::Body(here), targets, contract }),
                }
            }
        }
        known.facts.extend(other_facts);
        if let Some(contract) = program.declared_contract(name) {
            let declares = |(unit, function): &(&Arc<Unit>, &crate::ir::Function)| {
                unit.language.is_native() && function.name == name && !function.annotations.is_empty()
            };
            let all = program.units.iter().flat_map(|unit| unit.functions.iter().map(move |function| (unit, function)));
            let at = all.filter(declares).find_map(|(unit, function)| self.place_in(unit, function.name_span));
            let contract = Some(Arc::new(contract.clone()));
            known.facts.push(Fact { from: From::Declaration(at), targets: TargetSet::ALL, contract });
        }
        for link in program.links() {
            names.extend(link.symbol.iter().map(ToString::to_string));
            if link.symbol.as_deref() == Some(name) {
                known.bindings.extend(place(link.function.unit, link.span));
            }
        }
        known.bindings.sort();
        known.bindings.dedup();
        known.is_there |= !known.facts.is_empty() || !known.bindings.is_empty();
        if !known.is_there {
            known.meant = suggest(name, names.iter().map(String::as_str));
        }
        program.dismantle();
        known
    }

    /// The bindings that are called and whose ownership nothing tells. To be called on a thread of a
    /// [`pool`](super::pool).
    #[must_use]
    pub fn unknown_ownership(&self, models: &ModelSet, options: &Options) -> Unknowns {
        let units = self.units(options);
        let own = self.models_with_own(&units, models);
        let models = own.as_ref().unwrap_or(models);
        let program = link::program(units, &self.contexts, models).0;
        let calls = self.calls(&program, models);
        let mut unknowns = Unknowns { called: calls.len(), ..Unknowns::default() };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for link in program.links() {
            let Some(unit) = program.units.get(link.function.unit as usize) else { continue };
            let is_named = self.facts.get(unit.file.index()).is_some_and(|facts| facts.named);
            if unit.language.is_native() || !is_named {
                continue;
            }
            let Some(symbol) = link.symbol.as_deref() else {
                unknowns.computed += 1;
                continue;
            };
            if is_known(&program, link, models) || !seen.insert(symbol) {
                continue;
            }
            match calls.get(symbol) {
                Some(call) if call.uses > 0 => unknowns.bindings.extend(call.unknown(symbol, link)),
                _ => unknowns.unused += 1,
            }
        }
        unknowns.bindings.sort_by(|a, b| (b.uses, &a.symbol).cmp(&(a.uses, &b.symbol)));
        program.dismantle();
        unknowns
    }

    /// The calls of native symbols in Dart, by symbol. A call in a generated file counts as often as what is around it
    /// is called.
    fn calls(&self, program: &Program, models: &ModelSet) -> BTreeMap<String, Calls> {
        let mut callers: BTreeMap<FuncRef, usize> = BTreeMap::new();
        let dart = || (0_u32..).zip(&program.units).filter(|(_, unit)| !unit.language.is_native());
        for (at, _) in dart() {
            for target in
                program.resolved.get(at as usize).into_iter().flatten().flat_map(|of| of.targets.iter().flatten())
            {
                let Target::Functions(functions) = target.called() else { continue };
                functions.candidates.iter().for_each(|callee| *callers.entry(*callee).or_default() += 1);
            }
        }
        let mut calls: BTreeMap<String, Calls> = BTreeMap::new();
        for (at, unit) in dart() {
            let is_generated = self.is_generated(unit);
            for (id, function) in (0_u32..).map(FunctionId).zip(&unit.functions) {
                let resolved = program.resolved(FuncRef { unit: at, function: id });
                for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
                    for (statement, target) in block.ops.iter().zip(targets) {
                        let (Op::Call(call), Some(symbol)) = (&statement.op, target.symbol()) else { continue };
                        let around = FuncRef { unit: at, function: id };
                        let uses = if is_generated { callers.get(&around).copied().unwrap_or(0) } else { 1 };
                        let span = statement.span.absolute_from(function.base);
                        let Some(place) = self.place_in(unit, span) else { continue };
                        let ty = |operand: &Operand| match operand {
                            Operand::Local(local) => resolved.types.get(local.index()).cloned().unwrap_or_default(),
                            Operand::Const(_) => Ty::Scalar,
                            _ => Ty::Unknown,
                        };
                        let result = resolved.types.get(call.result.index()).cloned().unwrap_or_default();
                        let args: Vec<Ty> = call.args.iter().map(|arg| ty(&arg.value)).collect();
                        let known = calls.entry(symbol.to_string()).or_insert_with(|| Calls {
                            uses: 0,
                            first: place,
                            shown: format!("{} {symbol}({})", shown(&result, program, models), {
                                let args: Vec<String> = args.iter().map(|ty| shown(ty, program, models)).collect();
                                args.join(", ")
                            }),
                            gives_pointer: may_be_pointer(&result, models),
                            pointers: (0..args.len())
                                .filter(|at| args.get(*at).is_some_and(|ty| may_be_pointer(ty, models)))
                                .collect(),
                        });
                        known.uses += uses;
                    }
                }
            }
        }
        calls
    }

    fn units(&self, options: &Options) -> Vec<Arc<Unit>> {
        let lowered = self.lower(&options.limits, &options.progress).into_iter();
        let unit = |lowered| match lowered {
            Lowered::Unit(unit) => Some(unit),
            Lowered::Refused(_) | Lowered::Failed(_) => None,
        };
        lowered.filter_map(unit).collect()
    }

    pub(super) fn place_in(&self, unit: &Unit, span: Span) -> Option<Place> {
        let source = self.sources.get(unit.file.index())?;
        Some(Place { path: source.path.to_string(), line: source.position(span.start).line })
    }
}

/// How a symbol is called.
struct Calls {
    uses: usize,
    first: Place,
    shown: String,
    gives_pointer: bool,
    pointers: Vec<usize>,
}

impl Calls {
    fn unknown(&self, symbol: &str, link: &Link) -> Option<Unknown> {
        // Numbers are owned by nobody.
        (self.gives_pointer || !self.pointers.is_empty()).then(|| Unknown {
            symbol: symbol.to_owned(),
            uses: self.uses,
            first: self.first.clone(),
            shown: self.shown.clone(),
            gives_pointer: self.gives_pointer,
            pointers: self.pointers.clone(),
            is_defined: link.standing != Standing::Undefined,
        })
    }
}

/// Whether something tells what stands behind a link does.
fn is_known(program: &Program, link: &Link, models: &ModelSet) -> bool {
    match &link.standing {
        Standing::Variable(_) => true,
        Standing::Modelled => link.symbol.as_ref().is_some_and(|symbol| {
            let model = models.symbol(symbol, program.versions(link.function.unit));
            // A guess is what stands there until somebody has looked.
            program.known_contract(symbol).is_some()
                || model.is_none_or(|model| models.function(model).summary.basis > Basis::Guess)
        }),
        Standing::Defined(all) => all.iter().any(|function| program.function(*function).incomplete.is_none()),
        Standing::Ambiguous(_) | Standing::Undefined | Standing::Computed => false,
    }
}

/// The symbol that the one Dart declaration of that name is bound to.
fn bound_symbol(program: &Program, name: &str) -> Option<Name> {
    let dart = (0_u32..).zip(&program.units).filter(|(_, unit)| !unit.language.is_native());
    let mut bound = dart.flat_map(|(at, unit)| {
        let functions = (0_u32..).map(FunctionId).zip(&unit.functions);
        functions
            .filter(|(_, function)| function.qualified == name)
            .filter_map(move |(id, _)| program.bound_symbol(FuncRef { unit: at, function: id }).cloned())
    });
    let first = bound.next()?;
    bound.all(|other| other == first).then_some(first)
}

fn may_be_pointer(ty: &Ty, models: &ModelSet) -> bool {
    match ty {
        Ty::Model(class, _) => models.ty(*class).pointer,
        Ty::Scalar | Ty::String | Ty::Void | Ty::Function(..) | Ty::NativeFunction { .. } => false,
        _ => true,
    }
}

/// A type as people write it.
fn shown(ty: &Ty, program: &Program, models: &ModelSet) -> String {
    let args = |args: &[Ty]| match args.is_empty() {
        true => String::new(),
        // What a pointer to a pointer leads to is known well enough.
        false => format!("<{}>", args.iter().map(|ty| inner(ty, program, models)).collect::<Vec<_>>().join(", ")),
    };
    match ty {
        Ty::Model(_, of) | Ty::Class(_, of) => format!("{}{}", inner(ty, program, models), args(of)),
        _ => inner(ty, program, models),
    }
}

fn inner(ty: &Ty, program: &Program, models: &ModelSet) -> String {
    match ty {
        Ty::Model(class, _) => models.ty(*class).name.to_string(),
        Ty::Class(class, _) => program.class(*class).name.to_string(),
        Ty::External(name) | Ty::Parameter(name) => name.to_string(),
        Ty::Scalar => "int".into(),
        Ty::String => "String".into(),
        Ty::Void => "void".into(),
        Ty::Address { pointer, .. } => match &**pointer {
            Ty::Model(class, _) => models.ty(*class).name.to_string(),
            _ => "Pointer".into(),
        },
        _ => "?".into(),
    }
}

/// What entries say of a name: those of the project, and those of the program.
fn of_models(mut catalog: Catalog, name: &str, models: &ModelSet, program: &Program) -> (Vec<Fact>, Vec<Fact>) {
    let is_meant = |entry: &Entry| {
        let mut units = (0_u32..).zip(&program.units).filter(|(_, unit)| !unit.language.is_native()).peekable();
        let holds = units.peek().is_none() || units.any(|(unit, _)| entry.holds_for(program.versions(unit)));
        holds && entry.names().any(|known| known == name)
    };
    let (meant, rest): (Vec<Entry>, Vec<Entry>) = std::mem::take(&mut catalog.entries).into_iter().partition(is_meant);
    drop(rest);
    let fact = |entry: Entry| {
        let targets = entry.model.targets.iter().filter_map(|name| TargetSet::from_name(name));
        let targets = match entry.model.targets.is_empty() {
            true => models.symbol(name, &Versions::default()).map_or(TargetSet::ALL, |id| models.function(id).targets),
            false => targets.fold(TargetSet::NONE, TargetSet::or),
        };
        let contract = catalog::contract(&entry, models).map(Arc::new);
        Fact { from: From::Model(Arc::new(entry)), targets, contract }
    };
    let (own, others): (Vec<Entry>, Vec<Entry>) = meant.into_iter().partition(|entry| entry.is_own);
    (own.into_iter().map(fact).collect(), others.into_iter().map(fact).collect())
}

impl Fact {
    /// How far it is trusted.
    #[must_use]
    pub fn basis(&self) -> Basis {
        match &self.from {
            From::Model(entry) => entry.basis(),
            From::Convention => Basis::Convention,
            From::Body(_) => Basis::Body,
            From::Comment(_) => Basis::DocsRead,
            From::Declaration(_) => Basis::MetadataExplicit,
        }
    }
}
