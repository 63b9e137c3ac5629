//! From the exits of a function to the contract its callers rely on.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashSet;
use smallvec::smallvec;

use super::callbacks::Contracts;
use super::engine::{Engine, Exits, Returned};
use super::instances::Written;
use super::lost_views;
use super::memory;
use super::path::{Flight, Kept, Path};
use super::perhaps::Teller;
use super::value::{ObjectId, Offset, Symbol, Value};
use crate::ir::{Const, Flavor, Function, Name};
use crate::link::{FuncRef, Program, Ty};
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::{MemoryFamily, Ownership as State};
use crate::summary::{
    AccessPath, Basis, Effect, EffectKind, FamilyId, FamilyRef, Guard, Made, Outcome, Ownership, ResultContract, Root,
    Summary, Throws,
};
use crate::target::TargetSet;
use crate::violation::{Owner, Step, StepKind, Thrower};

/// The contracts of the program's functions, filled callees first.
pub(super) struct Summaries {
    units: Vec<Vec<OnceLock<Arc<Summary>>>>,
    written: OnceLock<Written>,
    views_have_addresses: OnceLock<bool>,
    /// What callbacks receive, once all native code was looked at.
    pub(super) callbacks: OnceLock<Contracts>,
}

impl Summaries {
    pub(super) fn new(program: &Program) -> Self {
        let slots = |count: usize| (0..count).map(|_| OnceLock::new()).collect();
        let units = program.units.iter().map(|unit| slots(unit.functions.len())).collect();
        Self { units, written: OnceLock::new(), views_have_addresses: OnceLock::new(), callbacks: OnceLock::new() }
    }

    /// The contract of a function; `None` while it is not known.
    pub(super) fn get(&self, function: FuncRef) -> Option<Arc<Summary>> {
        self.units.get(function.unit as usize)?.get(function.function.index())?.get().cloned()
    }

    /// The fields that code outside of constructors writes.
    pub(super) fn written(&self, program: &Program) -> &Written {
        self.written.get_or_init(|| Written::of(program))
    }

    /// Whether some code asks a struct where it lies: `addressOf`, before Dart 2.12.
    pub(super) fn views_have_addresses(&self, program: &Program) -> bool {
        *self.views_have_addresses.get_or_init(|| lost_views::have_addresses(program))
    }

    /// All contracts, by unit and function.
    pub(super) fn into_all(self) -> Vec<Vec<Option<Arc<Summary>>>> {
        let slots = |unit: Vec<OnceLock<Arc<Summary>>>| unit.into_iter().map(OnceLock::into_inner).collect();
        self.units.into_iter().map(slots).collect()
    }

    /// There are so many functions in a unit now.
    pub(super) fn grow(&mut self, unit: u32, functions: usize) {
        if let Some(slots) = self.units.get_mut(unit as usize).filter(|slots| slots.len() < functions) {
            slots.resize_with(functions, OnceLock::new);
        }
    }

    /// Forgets the contract of a function, and gives it.
    pub(super) fn take(&mut self, function: FuncRef) -> Option<Arc<Summary>> {
        self.units.get_mut(function.unit as usize)?.get_mut(function.function.index())?.take()
    }

    /// Every place that is told.
    pub(super) fn places(&mut self, tell: &mut dyn FnMut(&mut Location)) {
        for summary in self.units.iter_mut().flatten().filter_map(OnceLock::get_mut) {
            if !(summary.made.is_empty() && summary.ended.is_empty() && summary.read.is_empty()) {
                let summary = Arc::make_mut(summary);
                let made = summary.made.iter_mut().chain(&mut summary.ended).chain(&mut summary.read);
                for made in made {
                    tell(&mut made.location);
                    made.through.iter_mut().for_each(|(_, location)| tell(location));
                }
            }
        }
    }

    pub(super) fn set_callbacks(&self, contracts: Contracts) {
        // There is one boundary.
        let _ = self.callbacks.set(contracts);
    }

    pub(super) fn set(&self, function: FuncRef, summary: Arc<Summary>) {
        if let Some(slot) = self.units.get(function.unit as usize).and_then(|unit| unit.get(function.function.index()))
        {
            // Each function is analysed once; a second contract could only be the same.
            let _ = slot.set(summary);
        }
    }
}

/// The contracts that were met: those of generated functions are often the same.
#[derive(Default)]
pub(super) struct Alike(FxHashSet<Arc<Summary>>);

impl Alike {
    /// The same contract in one place.
    pub(super) fn shared(&mut self, summary: Arc<Summary>) -> Arc<Summary> {
        if let Some(known) = self.0.get(&summary) {
            return Arc::clone(known);
        }
        self.0.insert(Arc::clone(&summary));
        summary
    }
}

/// What some returns of a function have in common.
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) made: Vec<Made>,
    /// How much they disagree on.
    pub(super) vague: usize,
}

impl Engine<'_> {
    /// The contract that the exits of the analysed function show.
    pub(super) fn summarise(&self, exits: &Exits) -> Option<Summary> {
        let function = self.program.function(self.root);
        if self.exhausted || matches!(function.flavor, Flavor::SyncStar | Flavor::AsyncStar) {
            return None;
        }
        let thrown = exits.throws.iter().filter(|path| !path.doubtful);
        let explicit = thrown.clone().filter(|path| {
            matches!(&path.flight, Some(Flight { thrower: Some((Thrower::Throw | Thrower::Callee(_), _)), .. }))
        });
        // Only a check is known to throw: a function that throws depending on what it was given, and gives nothing new.
        // That a lookup or a conversion can throw as well says little: its callers count on it that it does not.
        let check = explicit.clone().any(|path| path.branch.is_some_and(|branch| branch.on_parameter))
            && !self.program.units[self.root.unit as usize].generated
            && self.gives_nothing_new(exits);
        let native = self.program.units[self.root.unit as usize].language.is_native();
        let throws = match (exits.returns.is_empty(), explicit.count() > 0) {
            // What leaves an exported function ends the process.
            _ if native && !exits.returns.is_empty() => Throws::Never,
            (true, true) => Throws::Always,
            (false, true) if check => Throws::Known,
            _ => Throws::Possibly,
        };
        let mut outcomes = smallvec![];
        let mut made = Vec::new();
        if !exits.returns.is_empty() {
            for told in self.told_apart(function, &exits.returns) {
                outcomes.push(told.outcome);
                made.extend(told.made.into_iter().filter(|new| !made.contains(new)).collect::<Vec<_>>());
            }
        }
        let thrown: Vec<&Path> = thrown.collect();
        if !thrown.is_empty() {
            let (mut effects, _) = effects(&thrown, self.teller());
            self.finalized(&thrown, &mut effects);
            outcomes.push(Outcome {
                guard: Guard::Throws,
                targets: TargetSet::ALL,
                effects,
                result: ResultContract::UNKNOWN,
            });
        }
        for effect in outcomes.iter_mut().flat_map(|outcome: &mut Outcome| &mut outcome.effects) {
            if effect.kind == EffectKind::Escape && self.only_reads(function, exits, &effect.on) {
                effect.kind = EffectKind::BorrowAssumed;
            }
            if let EffectKind::Hold(Some(place)) = &effect.kind
                && matches!(place.root, Root::Static(_))
                && self.keeps_for_itself(place)
            {
                effect.kind = EffectKind::Escape;
            }
        }
        let numbers = self.lent_numbers(function);
        for outcome in outcomes.iter_mut() as std::slice::IterMut<'_, Outcome> {
            let silent = |effect: &&Effect| !outcome.effects.iter().any(|known| known.on.root == effect.on.root);
            let lent: Vec<Effect> = numbers.iter().filter(silent).cloned().collect();
            outcome.effects.extend(lent);
            outcome.effects.shrink_to_fit();
        }
        made.shrink_to_fit();
        let throws_when = match thrown.is_empty() {
            true => None,
            false => self.zero_test_of(function, &thrown).or_else(|| self.test_of(function, &thrown, |_| true)),
        }
        .map(Box::new);
        let ended = ended(exits.returns.iter().map(|returned| &returned.path));
        let (runs, read) = (self.runs(exits), self.fields_read());
        let always_reads = !read.is_empty() && self.always_reads();
        Some(Summary { outcomes, throws, throws_when, runs, basis: Basis::Body, made, ended, read, always_reads })
    }

    /// Whether a C or C++ function says that it will not change what a parameter leads to: what it does not release
    /// where we see it, nobody does who only got `const char *`.
    fn only_reads(&self, function: &Function, exits: &Exits, at: &AccessPath) -> bool {
        let language = self.program.units[self.root.unit as usize].language;
        if !(language.is_plain_c() || language.is_cpp()) || !at.steps.is_empty() {
            return false;
        }
        // A callback may well lead to code that knows of no `const`.
        let passed_on = |path: &Path| {
            path.objects.values().any(|object| object.path.as_deref() == Some(at) && object.story.passed_on)
        };
        if exits.returns.iter().map(|returned| &returned.path).any(passed_on) {
            return false;
        }
        let param = (0..function.params.len()).find(|index| parameter_root(function, *index) == at.root);
        let ty = param.and_then(|index| function.locals.get(function.params[index].local.index())?.ty.as_ref());
        ty.is_some_and(|ty| ty.name == "*" && ty.args.first().is_some_and(|to| to.name == "const"))
    }

    /// What a set of returns has in common.
    pub(super) fn told(&self, function: &Function, guard: Guard, returns: &[&Returned]) -> Told {
        let paths: Vec<Path> = returns.iter().map(|returned| keep_what_is_returned(returned)).collect();
        let paths: Vec<&Path> = paths.iter().collect();
        let (mut effects, mut vague) = effects(&paths, self.teller());
        vague += self.finalized(&paths, &mut effects);
        let mut made = Vec::new();
        let result = self.result_contract(function, &guard, returns);
        match result.ownership {
            Ownership::Owned(_) => made.extend(self.made_by_result(returns)),
            Ownership::Static | Ownership::Borrowed { .. } => made.extend(self.lent_from(returns)),
            _ => {}
        }
        self.handed_out(returns, &result, &mut effects, &mut made);
        self.kept_by_instance(returns, &mut effects);
        let implied = self.implied();
        let new = implied.effects.into_iter().filter(|new| !effects.iter().any(|known| known.on == new.on));
        effects.extend(new.collect::<Vec<_>>());
        made.extend(implied.made);
        // Helpers in Dart are plain to see; what happens behind the boundary is not.
        if !self.program.units[self.root.unit as usize].language.is_native() {
            let file = self.program.units[self.root.unit as usize].file;
            made.iter_mut().for_each(|made| made.through.retain(|(_, at)| at.file != file));
        }
        vague += effects
            .iter()
            .filter(|effect| matches!(&effect.kind, EffectKind::Fill(contract) if contract.sometimes))
            .count();
        Told { outcome: Outcome { guard, targets: TargetSet::ALL, effects, result }, made, vague }
    }

    fn gives_nothing_new(&self, exits: &Exits) -> bool {
        let resolved = self.program.resolved(self.root);
        matches!(resolved.types.result(), Ty::Void | Ty::Scalar)
            || exits.returns.iter().all(|returned| {
                let object = returned.value.object().and_then(|id| returned.path.objects.get(&id));
                returned.value.is_null()
                    || matches!(&returned.value, Value::Symbol(symbol) if self.parameters.contains(symbol))
                    || object.is_some_and(|object| object.path.is_some())
            })
    }

    fn result_contract(&self, function: &Function, guard: &Guard, returns: &[&Returned]) -> ResultContract {
        let always = |ownership| ResultContract { ownership, nullable: false, sometimes: false, when: None };
        match guard {
            Guard::ResultNull if returns.iter().all(|returned| returned.value == Value::Null) => {
                return always(Ownership::Constant(Const::Null));
            }
            Guard::ResultNull => return always(Ownership::Null),
            Guard::ResultEquals(constant) => return always(Ownership::Constant(constant.clone())),
            _ => {}
        }
        if let Some(ownership) = null_test(returns) {
            return always(ownership);
        }
        let mut nullable = false;
        let mut found: Option<Ownership> = None;
        for returned in returns {
            if returned.value.is_null() {
                nullable = true;
                continue;
            }
            let ownership = self.result_ownership(function, &returned.path, &returned.value);
            nullable |= returned
                .value
                .object()
                .and_then(|id| returned.path.objects.get(&id))
                .is_some_and(|object| !object.non_null);
            match &found {
                None => found = Some(ownership),
                Some(known) if *known == ownership => {}
                Some(_) => return ResultContract::UNKNOWN,
            }
        }
        ResultContract { ownership: found.unwrap_or(Ownership::Unknown), nullable, sometimes: false, when: None }
    }

    pub(super) fn result_ownership(&self, function: &Function, path: &Path, value: &Value) -> Ownership {
        let object = value.object().and_then(|id| path.objects.get(&id));
        match (value, object) {
            (Value::Symbol(symbol), _) => self.status_test(function, *symbol),
            (Value::Status(_, kind), _) => Ownership::Status(*kind),
            (Value::Native(symbol), _) => Ownership::NativeFunction(symbol.clone()),
            (Value::Releaser(family), _) => Ownership::Releaser(*family),
            (Value::Str(_), _) if self.program.units[self.root.unit as usize].language.is_native() => Ownership::Static,
            (Value::Pointer(id, Offset::Start), Some(object)) => match (&object.path, object.ownership) {
                (_, State::Static) => Ownership::Static,
                // A reference is the place itself.
                (Some(at), _) if is_reference(function) && !matches!(at.root, Root::Static(_)) => {
                    Ownership::Alias((**at).clone())
                }
                (Some(at), _) if self.is_kept_inside(at) => self.borrowed_from(path, *id, at),
                (Some(at), State::Unknown | State::Escaped) => Ownership::Alias((**at).clone()),
                // What is only a hint stays where it is.
                (None, State::Owned(_)) if self.origins[id.origin as usize].basis <= Basis::MetadataDerived => {
                    Ownership::Unknown
                }
                (None, State::Owned(MemoryFamily::Known(family))) if !id.older => {
                    Ownership::Owned(FamilyRef::Family(family))
                }
                (None, State::Owned(MemoryFamily::OfParameter(index))) if !id.older => self
                    .parameter_path(function, index)
                    .map_or(Ownership::Unknown, |(at, default)| Ownership::Owned(FamilyRef::Allocator(at, default))),
                // Something else holds it too.
                (None, State::Managed) if object.story.loose && !self.gives_copy() => Ownership::Unknown,
                // A value that its caller owns as this function did.
                (None, State::Managed) if object.scope.is_none() && object.attached.is_none() && !id.older => {
                    let family = self.origins[id.origin as usize].family;
                    family.map_or(Ownership::Unknown, Ownership::Value)
                }
                // Of the arena that the caller passed.
                (None, State::Managed) if !id.older => object
                    .scope
                    .and_then(|scope| path.objects.get(&scope)?.path.as_deref().cloned())
                    .map_or(Ownership::Unknown, |at| Ownership::Owned(FamilyRef::Allocator(at, None))),
                // Nor is what is only concluded told as more.
                (None, State::Borrowed) if self.origins[id.origin as usize].owner == Owner::Supposed => {
                    Ownership::Unknown
                }
                (None, State::Borrowed) => {
                    let until = object.story.until.clone();
                    let lender = object.story.lent_of.and_then(|lender| path.objects.get(&lender)?.path.as_deref());
                    let from = lender.filter(|at| !until.is_empty() && at.steps.is_empty()).cloned();
                    Ownership::Borrowed { from, until, part: false }
                }
                _ => Ownership::Unknown,
            },
            (Value::Pointer(_, Offset::Inside | Offset::Perhaps | Offset::Somewhere), Some(object)) => {
                object.path.as_deref().cloned().map_or(Ownership::Unknown, Ownership::Interior)
            }
            (Value::View(_, prefix), Some(object)) if prefix.is_empty() => {
                object.path.as_deref().cloned().map_or(Ownership::Unknown, Ownership::View)
            }
            // The address of a field.
            (Value::View(_, prefix), Some(object)) if !prefix.is_empty() && self.gives_address() => {
                object.path.as_deref().cloned().map_or(Ownership::Unknown, Ownership::Interior)
            }
            (Value::Scope(scope), Some(object)) => match (&object.path, object.ownership) {
                (Some(at), State::Unknown | State::Escaped) => Ownership::Alias((**at).clone()),
                (None, State::Unknown | State::Owned(_)) => {
                    let family = self.origins.get(scope.origin as usize).and_then(|origin| origin.family);
                    family.map_or(Ownership::Unknown, Ownership::Scope)
                }
                _ => Ownership::Unknown,
            },
            (Value::Address(_), Some(object)) => {
                object.path.as_deref().cloned().map_or(Ownership::Unknown, Ownership::Address)
            }
            _ => Ownership::Unknown,
        }
    }

    /// Whether what the function returns is a value of its own, whatever that was copied from.
    fn gives_copy(&self) -> bool {
        self.owning_family(0, self.program.resolved(self.root).types.result()).is_some()
    }

    /// Whether a native function gives an address, as opposed to a struct.
    fn gives_address(&self) -> bool {
        let native = self.program.units[self.root.unit as usize].language.is_native();
        native && matches!(self.program.resolved(self.root).types.result(), Ty::Pointer(_))
    }

    /// Whether a native function hands out what lies inside of what it was given, or in a static variable.
    fn is_kept_inside(&self, at: &AccessPath) -> bool {
        let native = self.program.units[self.root.unit as usize].language.is_native();
        native && (!at.steps.is_empty() || matches!(at.root, Root::Static(_)))
    }

    /// What such a result is: the owner's, as long as that still leads to it. Only of plain memory: the nodes of a list
    /// are handed out to be released.
    fn borrowed_from(&self, path: &Path, id: ObjectId, at: &AccessPath) -> Ownership {
        let held = path.heap.iter().any(|((owner, _), value)| {
            value.object() == Some(id) && path.objects.get(owner).is_some_and(|owner| owner.path.is_some())
        });
        let plain = matches!(self.program.resolved(self.root).types.result(), Ty::Pointer(to) if **to == Ty::Scalar);
        // What a value owns is never handed out to be released.
        let object = path.objects.get(&id);
        let part = object.is_some_and(|object| object.ownership == State::Borrowed && object.story.part);
        if held && (plain || part) {
            Ownership::Borrowed { from: Some(at.clone()), until: Vec::new(), part }
        } else {
            Ownership::Unknown
        }
    }

    /// `hr < 0`, `hr >= 0` of a parameter: whoever passes a status learns whether the call succeeded.
    fn status_test(&self, function: &Function, symbol: Symbol) -> Ownership {
        let Some(comparison) = self.comparisons.get(&symbol) else { return Ownership::Unknown };
        let success = match comparison.op.as_str() {
            "<" => false,
            ">=" => true,
            _ => return Ownership::Unknown,
        };
        match (&comparison.left, &comparison.right, function.params.len()) {
            (Value::Symbol(left), Value::Int(0), 1) if self.parameters.contains(left) => {
                Ownership::StatusTest { of: AccessPath::root(parameter_root(function, 0)), success }
            }
            _ => Ownership::Unknown,
        }
    }

    /// A parameter as callers see it, and the family of its default.
    pub(super) fn parameter_path(&self, function: &Function, index: u16) -> Option<(AccessPath, Option<FamilyId>)> {
        function.params.get(usize::from(index))?;
        let default = self.program.resolved(self.root).default_type(usize::from(index));
        let default = default.and_then(|ty| self.allocator_type(ty));
        let default = default.filter(|family| self.models.family(*family).kind != FamilyKind::Scope);
        Some((AccessPath::root(parameter_root(function, usize::from(index))), default))
    }
}

/// `p == nullptr` as a function: true exactly where the receiver or the first parameter turned out to be null.
pub(super) fn null_test(returns: &[&Returned]) -> Option<Ownership> {
    [Root::This, Root::Param(0)].into_iter().find_map(|root| {
        let of = AccessPath::root(root);
        let there = |path: &Path| path.objects.values().any(|object| object.path.as_deref() == Some(&of));
        let (mut on_null, mut on_pointer) = (None, None);
        for returned in returns {
            let Value::Bool(truth) = returned.value else { return None };
            let seen = if there(&returned.path) { &mut on_pointer } else { &mut on_null };
            if seen.replace(truth).is_some_and(|before| before != truth) {
                return None;
            }
        }
        match (on_null, on_pointer) {
            (Some(null), Some(other)) if null != other => Some(Ownership::NullTest { of, null }),
            _ => None,
        }
    })
}

/// Whether a function gives a reference back.
fn is_reference(function: &Function) -> bool {
    function.result.as_ref().is_some_and(|ty| matches!(ty.name.as_str(), "&" | "&&"))
}

/// How callers name a parameter.
pub(super) fn parameter_root(function: &Function, index: usize) -> Root {
    let param = &function.params[index];
    if param.named {
        Root::Named(param.name.clone())
    } else {
        let position = function.params[..index].iter().filter(|param| !param.named).count();
        Root::Param(position as u16)
    }
}

/// The path of an exit, where what was put into the memory that is returned is out of the caller's sight.
fn keep_what_is_returned(returned: &Returned) -> Path {
    let mut path = returned.path.clone();
    let Some(result) = returned.value.object() else { return path };
    let mut todo = vec![result];
    let mut seen = rustc_hash::FxHashSet::default();
    while let Some(owner) = todo.pop() {
        if !seen.insert(owner) || path.objects.get(&owner).is_none_or(|object| object.path.is_some()) {
            continue;
        }
        let held: Vec<_> = path.held(owner).filter_map(|(_, value)| value.object()).collect();
        for id in held {
            if let Some(object) = path.objects.get_mut(&id).filter(|object| object.path.is_some()) {
                object.ownership = State::Escaped;
            }
            todo.push(id);
        }
    }
    path
}

/// What a set of exits does to memory the caller can reach, and to how much of it they do different things.
fn effects(paths: &[&Path], told: Teller) -> (Vec<Effect>, usize) {
    let mut seen: BTreeMap<&AccessPath, Vec<Option<EffectKind>>> = BTreeMap::new();
    for path in paths {
        for (id, object) in path.objects.iter() {
            let Some(at) = &object.path else { continue };
            let kind = match object.ownership {
                State::Released => Some(
                    released_as(object)
                        .map_or(EffectKind::MayRelease(None), |family| EffectKind::Release(FamilyRef::Family(family))),
                ),
                State::Relinquished => Some(EffectKind::Take),
                State::Escaped => Some(match &object.story.perhaps {
                    Some(perhaps) => EffectKind::MayRelease(Some(perhaps.family)),
                    None => EffectKind::Escape,
                }),
                _ if object.story.kept.as_ref().is_some_and(|kept| still_kept(path, id, kept)) => {
                    object.story.kept.as_deref().map(keeping)
                }
                _ if object.story.assumed => Some(EffectKind::BorrowAssumed),
                _ => None,
            };
            seen.entry(at).or_default().push(kind);
        }
    }
    let mut effects = Vec::new();
    let mut vague = 0;
    for (at, kinds) in seen {
        // The fields of the receiver are its class's affair.
        if at.root == Root::This
            && !told.of_struct
            && !at.steps.is_empty()
            && kinds.iter().flatten().all(|kind| *kind == EffectKind::Escape)
        {
            continue;
        }
        // A field that some path did not even read was not released there.
        let everywhere = kinds.len() == paths.len() || paths.iter().all(|path| seen_or_absent(path, at));
        let mut distinct: Vec<&Option<EffectKind>> = Vec::new();
        for kind in &kinds {
            if !distinct.contains(&kind) {
                distinct.push(kind);
            }
        }
        let kind = match distinct.as_slice() {
            [Some(kind)] if everywhere => Some(kind.clone()),
            kinds if kinds.iter().all(|kind| kind.is_none()) => None,
            kinds if kinds.iter().any(|kind| matches!(kind, Some(EffectKind::Escape))) => Some(EffectKind::Escape),
            kinds if kinds.iter().all(|kind| matches!(kind, None | Some(EffectKind::BorrowAssumed))) => {
                Some(EffectKind::BorrowAssumed)
            }
            // What is kept on some path is kept, unless the caller says on which.
            [Some(hold @ EffectKind::Hold(Some(_))), None] | [None, Some(hold @ EffectKind::Hold(Some(_)))]
                if told.steady && everywhere =>
            {
                Some(hold.clone())
            }
            kinds => Some(EffectKind::MayRelease(told.family_of(kinds))),
        };
        let differs = distinct.len() > 1 || !everywhere;
        if let Some(kind) = kind {
            vague += usize::from(differs && kind != EffectKind::BorrowAssumed);
            effects.push(Effect { on: at.clone(), kind });
        }
    }
    (effects, vague)
}

/// Whether a path saw what lies at a place, or there is nothing: the pointer is null, or a loop over elements ran
/// no round.
fn seen_or_absent(path: &Path, at: &AccessPath) -> bool {
    let find = |at: &AccessPath| path.objects.iter().find(|(_, object)| object.path.as_deref() == Some(at));
    let Some((last, before)) = at.steps.split_last() else { return true };
    if *last == crate::summary::Step::Elements || find(at).is_some() {
        return true;
    }
    let parent = AccessPath { root: at.root.clone(), steps: before.iter().cloned().collect() };
    match find(&parent) {
        Some((parent, _)) => path.held(*parent).any(|(key, value)| memory::step(key) == *last && value.is_null()),
        None => true,
    }
}

/// Where each argument that is released or kept meets its end, as far as the exits agree.
fn ended<'p>(paths: impl Iterator<Item = &'p Path>) -> Vec<Made> {
    let mut all: Vec<(Made, bool)> = Vec::new();
    for object in paths.flat_map(|path| path.objects.values()) {
        let Some(at) = object.path.as_deref().filter(|at| matches!(at.root, Root::Param(_) | Root::This)) else {
            continue;
        };
        let steps = &object.story.steps;
        // The innermost of the releases that are one.
        let last = steps.iter().rev().take_while(|step| matches!(step.kind, StepKind::Released { .. })).last();
        let released = last.and_then(|step| match &step.kind {
            StepKind::Released { by, .. } => Some((by.clone(), step.location)),
            _ => None,
        });
        let kept = object.story.kept.as_ref().map(|kept| (kept.name(), kept.at));
        let perhaps = object.story.perhaps.as_ref().map(|perhaps| (perhaps.by.clone(), perhaps.at));
        let attached = object.attached.as_ref().and_then(|_| steps.iter().rev().find_map(registered));
        let certain = released.or(attached);
        match all.iter().position(|(made, _)| made.what == *at) {
            // Elsewhere it is only kept.
            Some(known) if certain.is_some() && !all[known].1 => drop(all.remove(known)),
            Some(_) => continue,
            None => {}
        }
        let is_certain = certain.is_some();
        if let Some((by, location)) = certain.or(kept).or(perhaps) {
            let what = at.clone();
            all.push((Made { what, by, location, through: Vec::new(), basis: Basis::Body, shown: true }, is_certain));
        }
    }
    all.into_iter().map(|(made, _)| made).collect()
}

/// Where something was registered with a finalizer.
fn registered(step: &Step) -> Option<(Name, Location)> {
    let attached = matches!(step.kind, StepKind::Registered { with: Owner::Finalizer });
    attached.then(|| (Name::new("finalizer"), step.location))
}

/// Whether memory still holds what was put there.
fn still_kept(path: &Path, id: &super::value::ObjectId, kept: &Kept) -> bool {
    let owner = path.objects.iter().find(|(_, object)| object.path.as_deref() == Some(&kept.into));
    kept.unseen
        || owner.is_some_and(|(owner, _)| path.look(*owner, &kept.key).is_some_and(|value| value.object() == Some(*id)))
}

fn keeping(kept: &Kept) -> EffectKind {
    let place = kept.place();
    match place.root {
        Root::Static(_) => EffectKind::Hold(Some(place)),
        _ if kept.key.starts_with('[') || kept.key.contains(".[") => EffectKind::Hold(Some(place)),
        _ => EffectKind::StoreInto(place),
    }
}

fn released_as(object: &super::path::Object) -> Option<FamilyId> {
    object.story.steps.iter().rev().find_map(|step| match &step.kind {
        StepKind::Released { family, .. } => Some(*family),
        _ => None,
    })
}
