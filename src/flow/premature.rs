//! Pointers whose object may be collected while native code uses them.
//!
//! What counts is written in each function: where a pointer is taken from, what gets it, and whether anything behind that
//! needs the object. Nothing is said of what callers hold, so that all of this is of medium confidence.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::lasting::lasting;
use super::leaf_calls::LeafCalls;
use super::liveness::successors;
use crate::ir::{
    Base, Binding, BlockId, Callee, ClassId, ClassKind, FunctionId, FunctionKind, LocalId, LocalKind, Name, Op,
    Operand, Projection, Terminator, visit_operands, written,
};
use crate::link::{ClassRef, FuncRef, Program, Receiver, Target, Ty, VarRef};
use crate::models::ModelSet;
use crate::models::hints::Hint;
use crate::source::Location;
use crate::summary::{EffectKind, Ownership, Root};
use crate::target::TargetSet;
use crate::violation::{Confidence, Owner, Step, StepKind, Usage, Violation, ViolationKind};

/// How many copies and casts of a pointer are followed, and how many supertypes.
const MAX_STEPS: usize = 16;

/// How many places are told that one mistake makes wrong.
const MAX_PLACES: usize = 8;

/// A place of an operation.
type Site = (usize, usize);

/// The violations of all functions of Dart that are written by hand.
pub(super) fn finalizations(program: &Program, models: &ModelSet) -> Vec<Violation> {
    let bindings = program.units.iter().flat_map(|unit| &unit.bindings);
    let bindings = bindings.map(|binding| (&binding.symbol, binding)).collect();
    let leaves = LeafCalls::of(program, models);
    let mut search =
        Search { program, models, bindings, leaves, lasting: lasting(program), finalized: Finalized::default() };
    search.finalized = search.finalized();
    let mut found = Vec::new();
    let mut attached: FxHashMap<ClassRef, Location> = FxHashMap::default();
    let mut helpers: FxHashMap<FuncRef, (LocalId, Name, Location)> = FxHashMap::default();
    let functions: Vec<FuncRef> = search.functions().collect();
    let attaching = functions.par_iter().flat_map_iter(|&function| {
        let calls = search.attaching(function).into_iter();
        calls.map(move |call| (function, call))
    });
    for (function, (site, name, first)) in attaching.collect::<Vec<_>>() {
        let body = program.function(function);
        let at = search.location(function, site);
        let Some(declared) = body.locals.get(first.index()) else { continue };
        let class = body.class.map(|class| ClassRef { unit: function.unit, class });
        match (declared.kind, class) {
            (LocalKind::This, Some(class)) => drop(attached.entry(class).or_insert(at)),
            (LocalKind::Param, _) if search.is_pointer(function, first) => {
                helpers.insert(function, (first, name, at));
            }
            (LocalKind::Variable | LocalKind::Temporary, _) if search.is_pointer(function, first) => {
                found.push(search.attached_to_pointer(function, &name, at, &declared.name, None));
            }
            _ => {}
        }
    }
    let unkept: Vec<_> = functions.par_iter().map(|function| search.unkept(*function, &attached)).collect();
    let mut first: FxHashMap<(u32, Option<ClassId>, Name), usize> = FxHashMap::default();
    for (&function, unkept) in functions.iter().zip(unkept) {
        if !helpers.is_empty() {
            search.through_helpers(function, &helpers, &mut found);
        }
        for violation in unkept {
            let ViolationKind::Unkept { class, .. } = &violation.kind else { continue };
            // One mistake of the class, wherever that shows.
            let key = (function.unit, program.function(function).class, class.clone());
            match first.get(&key).and_then(|index| found.get_mut(*index)) {
                Some(known) if known.trace.len() < MAX_PLACES => known.trace.extend(violation.trace.last().cloned()),
                Some(_) => {}
                None => {
                    first.insert(key, found.len());
                    found.push(violation);
                }
            }
        }
    }
    found
}

struct Search<'a> {
    program: &'a Program,
    models: &'a ModelSet,
    /// How symbols are bound.
    bindings: FxHashMap<&'a Name, &'a Binding>,
    leaves: LeafCalls<'a>,
    /// The classes whose objects live as long as the process.
    lasting: FxHashSet<ClassRef>,
    finalized: Finalized,
}

/// What finalizers are attached to.
#[derive(Default)]
struct Finalized {
    classes: FxHashSet<ClassRef>,
    /// Somewhere an object of any class gets one.
    any: bool,
}

impl<'a> Search<'a> {
    fn functions(&self) -> impl Iterator<Item = FuncRef> + use<'a> {
        let units = (0_u32..).zip(&self.program.units);
        let by_hand = units.filter(|(_, unit)| !unit.language.is_native() && !unit.generated);
        by_hand.flat_map(|(unit, from)| {
            let bodies = (0_u32..).zip(&from.functions).filter(|(_, function)| function.has_blocks());
            bodies.map(move |(id, _)| FuncRef { unit, function: FunctionId(id) })
        })
    }

    fn operations(&self, function: FuncRef) -> impl Iterator<Item = (Site, &'a Op, &'a Target)> + use<'a> {
        let blocks = self.program.function(function).blocks.iter().zip(&self.program.resolved(function).targets);
        blocks.enumerate().flat_map(|(block, (of, targets))| {
            let each = of.ops.iter().zip(targets).enumerate();
            each.map(move |(index, (statement, target))| ((block, index), &statement.op, target))
        })
    }

    fn location(&self, function: FuncRef, (block, index): Site) -> Location {
        let body = self.program.function(function);
        let span = body.blocks.get(block).and_then(|block| block.ops.get(index)).map(|statement| statement.span);
        let span = span.map_or(body.name_span, |span| span.absolute_from(body.base));
        Location { file: self.program.units[function.unit as usize].file, span }
    }

    /// The calls of native functions that attach a finalizer to their first argument.
    fn attaching(&self, function: FuncRef) -> Vec<(Site, Name, LocalId)> {
        let calls = self.operations(function).filter_map(|(site, op, target)| {
            let Op::Call(call) = op else { return None };
            let Operand::Local(first) = call.args.first()?.value else { return None };
            let name = called(&call.callee)?;
            let fits = call.args.len() > 1
                && self.models.hints().says(Hint::Attaches, name)
                && !self.models.hints().says(Hint::FreesByName, name)
                && !self.models.hints().says(Hint::Unsets, name)
                && self.is_native(target)
                // Nothing else takes what is no pointer.
                && (self.takes_object(target) || !self.is_pointer(function, first));
            fits.then(|| (site, name.clone(), first))
        });
        calls.collect()
    }

    /// Whether what is called takes any object of Dart first.
    fn takes_object(&self, target: &Target) -> bool {
        if let Some(binding) = target.symbol().and_then(|symbol| self.bindings.get(symbol)) {
            let first = binding.signature.as_ref().and_then(|signature| signature.args.get(1));
            return first.is_some_and(|ty| ty.name == "Handle");
        }
        let Target::Functions(functions) = target.called() else { return false };
        functions.candidates.iter().all(|candidate| {
            let callee = self.program.function(*candidate);
            let first = callee.params.first().and_then(|param| callee.locals.get(param.local.index()));
            first.and_then(|local| local.ty.as_ref()).is_some_and(|ty| ty.name == "Object")
        })
    }

    /// Whether a call goes to native code: a binding, or what a generated file wraps.
    fn is_native(&self, target: &Target) -> bool {
        match target.called() {
            Target::Native { .. } => true,
            Target::Functions(functions) => functions.candidates.iter().all(|candidate| {
                let unit = &self.program.units[candidate.unit as usize];
                let makes = matches!(
                    self.program.function(*candidate).kind,
                    FunctionKind::Constructor | FunctionKind::Factory | FunctionKind::Closure
                );
                self.program.bound_symbol(*candidate).is_some() || unit.generated && !makes || unit.language.is_native()
            }),
            _ => target.symbol().is_some(),
        }
    }

    fn is_pointer(&self, function: FuncRef, local: LocalId) -> bool {
        let ty = self.program.resolved(function).types.get(local.index()).map(Ty::value_type);
        matches!(ty, Some(Ty::Model(ty, _)) if self.models.ty(*ty).pointer)
    }

    fn through_helpers(
        &self,
        function: FuncRef,
        helpers: &FxHashMap<FuncRef, (LocalId, Name, Location)>,
        found: &mut Vec<Violation>,
    ) {
        for (site, op, target) in self.operations(function) {
            let (Op::Call(call), Target::Functions(functions)) = (op, target) else { continue };
            let [only] = functions.candidates.as_slice() else { continue };
            let Some((param, name, attached_at)) = helpers.get(only) else { continue };
            let index = self.program.function(*only).params.iter().position(|known| known.local == *param);
            let Some(Operand::Local(local)) = index.and_then(|index| call.args.get(index)).map(|arg| &arg.value) else {
                continue;
            };
            let held = self.program.function(function).locals.get(local.index()).map(|local| local.name.clone());
            let at = self.location(function, site);
            let lent = called(&call.callee).map(|helper| (helper.clone(), *attached_at));
            found.push(self.attached_to_pointer(function, name, at, &held.unwrap_or_default(), lent));
        }
    }

    fn attached_to_pointer(
        &self,
        function: FuncRef,
        call: &Name,
        at: Location,
        held: &Name,
        through: Option<(Name, Location)>,
    ) -> Violation {
        let mut trace = Vec::new();
        let registered = |location| Step { kind: StepKind::Registered { with: Owner::Finalizer }, location };
        match through {
            Some((helper, inside)) => {
                trace.push(Step { kind: StepKind::Used(Usage::Pass(helper)), location: at });
                trace.push(registered(inside));
            }
            None => trace.push(registered(at)),
        }
        let pointer = (!held.is_empty()).then(|| held.clone());
        Violation {
            kind: ViolationKind::AttachedToPointer { pointer, call: call.clone() },
            function,
            at,
            trace,
            targets: TargetSet::ALL,
            confidence: Confidence::Medium,
        }
    }

    /// The pointers that a function hands to native code, and whose object nothing needs afterwards.
    fn unkept(&self, function: FuncRef, attached: &FxHashMap<ClassRef, Location>) -> Vec<Violation> {
        let mut found = Vec::new();
        if matches!(self.program.function(function).kind, FunctionKind::Constructor | FunctionKind::Initializer) {
            return found;
        }
        for (site, op, target) in self.operations(function) {
            let Op::Call(call) = op else { continue };
            let name = match &call.callee {
                Callee::Value(Operand::Local(local)) => {
                    let held = self.program.function(function).locals.get(local.index());
                    held.map(|local| local.name.clone()).unwrap_or_default()
                }
                callee => called(callee).cloned().unwrap_or_default(),
            };
            let by_value = match &call.callee {
                Callee::Value(Operand::Local(local)) => self.is_function(function, *local),
                Callee::Name(_) => matches!(target, Target::Unknown),
                _ => false,
            };
            let native = self.is_native(target);
            if !native && !by_value {
                continue;
            }
            let hints = self.models.hints();
            let is_known = || {
                hints.says(Hint::Releases, &name)
                    || target.symbol().is_some_and(|symbol| hints.says(Hint::Releases, symbol))
                    || hints.says(Hint::Attaches, &name)
                    || self.leaves.is_leaf(self.program, target)
            };
            for arg in &call.args {
                let Operand::Local(local) = arg.value else { continue };
                let Some(taken) = self.taken(function, local, native, attached) else { continue };
                // Names are looked through where something depends on it.
                if self.is_needed_after(function, site, taken.root) || is_known() {
                    continue;
                }
                let at = self.location(function, site);
                let mut trace = Vec::new();
                trace.extend(
                    taken
                        .registered
                        .map(|location| Step { kind: StepKind::Registered { with: Owner::Finalizer }, location }),
                );
                trace.extend(taken.owner.map(|owner| self.defined(owner)));
                trace.push(Step { kind: StepKind::Used(Usage::Pass(name.clone())), location: at });
                found.push(Violation {
                    kind: ViolationKind::Unkept {
                        between: taken.owner.map(|owner| self.program.class(owner).name.clone()),
                        class: taken.class,
                        pointer: taken.pointer,
                        call: name.clone(),
                    },
                    function,
                    at,
                    trace,
                    targets: TargetSet::ALL,
                    confidence: Confidence::Medium,
                });
                break;
            }
        }
        found
    }

    fn defined(&self, class: ClassRef) -> Step {
        let declared = self.program.class(class);
        let location = Location { file: self.program.units[class.unit as usize].file, span: declared.name_span };
        Step { kind: StepKind::Defined { name: declared.name.clone() }, location }
    }

    fn is_function(&self, function: FuncRef, local: LocalId) -> bool {
        matches!(self.program.resolved(function).types.get(local.index()), Some(Ty::Function(..)))
    }

    /// Where a pointer in a temporary was taken from, where nothing but that object's owner keeps it.
    fn taken(
        &self,
        function: FuncRef,
        local: LocalId,
        native: bool,
        attached: &FxHashMap<ClassRef, Location>,
    ) -> Option<Taken> {
        if !self.is_pointer(function, local) {
            return None;
        }
        let (base, field, target) = self.read(function, local)?;
        let body = self.program.function(function);
        // The class's own pointer, and a finalizer that hangs on `this`.
        if let Target::Field(variable) = target
            && base == Start::This
            && let Some(class) = variable.class
        {
            let class = ClassRef { unit: variable.unit, class };
            let own = body.class == Some(class.class) && function.unit == class.unit || attached.contains_key(&class);
            let lasts = self.lasting.contains(&class);
            if let Some(at) = attached.get(&class).filter(|_| own && !lasts && !self.keeps_alive(class)) {
                let class = self.program.class(class).name.clone();
                return Some(Taken { root: None, class, pointer: field, registered: Some(*at), owner: None });
            }
        }
        let Start::Local(inner) = base else { return None };
        if !native || body.locals.get(inner.index())?.kind != LocalKind::Temporary {
            return None;
        }
        let class = self.class_of(function, inner).filter(|class| self.keeps_alive(*class))?;
        if !self.is_finalized(class) {
            return None;
        }
        let (root, inner_field, inner_target) = self.read(function, inner)?;
        let Target::Field(VarRef { unit, class: Some(declaring), .. }) = inner_target else { return None };
        let declaring = ClassRef { unit: *unit, class: *declaring };
        let root = match root {
            Start::This => None,
            Start::Local(local) => {
                let kind = body.locals.get(local.index())?.kind;
                if !matches!(kind, LocalKind::Param | LocalKind::Variable) {
                    return None;
                }
                Some(local)
            }
        };
        let owner = match root {
            Some(local) => self.class_of(function, local)?,
            None => declaring,
        };
        // `this` of the function may be of a class that extends the field's.
        let this = body.class.map(|class| ClassRef { unit: function.unit, class });
        let is_kept = |class: ClassRef| self.keeps_alive(class) || self.lasting.contains(&class);
        if is_kept(owner) || root.is_none() && this.is_some_and(is_kept) {
            return None;
        }
        let before = root.and_then(|local| body.locals.get(local.index())).map(|local| format!("{}.", local.name));
        let pointer = format!("{}{inner_field}.{field}", before.unwrap_or_default()).into();
        Some(Taken {
            root,
            class: self.program.class(class).name.clone(),
            pointer,
            registered: None,
            owner: Some(declaring),
        })
    }

    /// The place that a temporary was read from, casts apart.
    fn read(&self, function: FuncRef, mut local: LocalId) -> Option<(Start, Name, &'a Target)> {
        for _ in 0..MAX_STEPS {
            if self.program.function(function).locals.get(local.index())?.kind != LocalKind::Temporary {
                return None;
            }
            let mut writes = self.operations(function).filter(|(_, op, _)| written(op) == Some(local));
            let (Some((_, op, target)), None) = (writes.next(), writes.next()) else { return None };
            match op {
                Op::Copy { from: Operand::Local(from), .. } => local = *from,
                Op::Call(call) => {
                    let Target::Model(model) = target else { return None };
                    let mut outcomes = self.models.function(*model).summary.outcomes.iter();
                    let is_same = outcomes.all(|outcome| match &outcome.result.ownership {
                        Ownership::Alias(at) => at.root == Root::This && at.steps.is_empty(),
                        _ => false,
                    });
                    match &call.callee {
                        Callee::Method { receiver: Operand::Local(from), .. } if is_same => local = *from,
                        _ => return None,
                    }
                }
                Op::Load { from, .. } => {
                    let field = match (from.path.as_slice(), &from.base) {
                        ([], Base::Name(name)) => name,
                        ([Projection::Field(name)], _) => name,
                        _ => return None,
                    };
                    let is_this = |local: LocalId| {
                        let declared = self.program.function(function).locals.get(local.index());
                        declared.is_some_and(|local| local.kind == LocalKind::This)
                    };
                    let root = match &from.base {
                        Base::Local(local) if is_this(*local) => Start::This,
                        Base::Local(local) => Start::Local(*local),
                        Base::Name(_) if from.path.is_empty() && is_member(target) => Start::This,
                        _ => return None,
                    };
                    return Some((root, field.clone(), target));
                }
                _ => return None,
            }
        }
        None
    }

    fn class_of(&self, function: FuncRef, local: LocalId) -> Option<ClassRef> {
        match self.program.resolved(function).types.get(local.index())? {
            Ty::Class(class, _) => Some(*class),
            _ => None,
        }
    }

    /// Whether variables of a class keep their objects alive.
    fn keeps_alive(&self, class: ClassRef) -> bool {
        let mut todo = vec![class];
        let mut seen = FxHashSet::default();
        while let Some(class) = todo.pop() {
            if !seen.insert(class) || seen.len() > MAX_STEPS {
                continue;
            }
            // Where an extension type is written, its value's own type is meant.
            let wraps = self.program.class(class).kind == ClassKind::ExtensionType;
            let inner = VarRef { unit: class.unit, class: Some(class.class), index: 0 };
            let inner =
                (wraps && !self.program.class(class).fields.is_empty()).then(|| self.program.variable_type(inner));
            for ty in self.program.supertypes(class).iter().chain(inner) {
                match ty {
                    Ty::Model(ty, _) if self.models.ty(*ty).keeps_alive => return true,
                    Ty::Class(class, _) => todo.push(*class),
                    _ => {}
                }
            }
        }
        false
    }

    /// What the program attaches native finalizers to.
    fn finalized(&self) -> Finalized {
        let mut finalized = Finalized::default();
        let by_receiver = |target: &Target| {
            let Target::Model(model) = target else { return false };
            let mut effects = self.models.function(*model).summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
            effects.any(|effect| {
                matches!(&effect.kind, EffectKind::ReleaseLater { by, .. } if by.root == Root::This && by.steps.is_empty())
            })
        };
        let units = (0_u32..).zip(&self.program.units).filter(|(_, unit)| !unit.language.is_native());
        let functions = units.flat_map(|(unit, from)| {
            (0..from.functions.len() as u32).map(move |id| FuncRef { unit, function: FunctionId(id) })
        });
        for function in functions {
            for (_, op, target) in self.operations(function) {
                let Op::Call(call) = op else { continue };
                let says = |name: &Name| self.models.hints().says(Hint::Attaches, name);
                let attaches = by_receiver(target) || self.is_native(target) && called(&call.callee).is_some_and(says);
                if !attaches {
                    continue;
                }
                let Some(Operand::Local(object)) = call.args.first().map(|arg| &arg.value) else {
                    finalized.any = true;
                    continue;
                };
                match self.program.resolved(function).types.get(object.index()) {
                    Some(Ty::Class(class, _)) => drop(finalized.classes.insert(*class)),
                    _ => finalized.any = true,
                }
            }
        }
        finalized
    }

    /// Whether a finalizer is attached to objects of a class, as far as the code that does it can be here.
    fn is_finalized(&self, class: ClassRef) -> bool {
        let mut found = self.finalized.any;
        let mut todo = vec![class];
        let mut seen = FxHashSet::default();
        while let Some(class) = todo.pop() {
            if found || !seen.insert(class) || seen.len() > MAX_STEPS {
                continue;
            }
            found |= self.finalized.classes.contains(&class);
            for ty in self.program.supertypes(class) {
                match ty {
                    Ty::Class(class, _) => todo.push(*class),
                    // A class that is not here may attach one.
                    Ty::Unknown | Ty::External(_) => found = true,
                    _ => {}
                }
            }
        }
        let is_of = |other: &ClassRef| {
            let mut supers = self.program.supertypes(*other).iter();
            supers.any(|ty| matches!(ty, Ty::Class(of, _) if *of == class))
        };
        found || self.finalized.classes.iter().any(is_of)
    }

    /// Whether a closure in a function uses a variable of it; without one `this`.
    fn is_captured(&self, function: FuncRef, root: Option<LocalId>, local: LocalId) -> bool {
        let mut todo = vec![function];
        // A local function may make itself.
        let mut seen = FxHashSet::default();
        while let Some(outer) = todo.pop() {
            if !seen.insert(outer) {
                continue;
            }
            for (_, op, _) in self.operations(outer) {
                let Op::Closure { body, .. } = op else { continue };
                let body = FuncRef { unit: function.unit, function: *body };
                let captures = &self.program.function(body).captures;
                let direct = outer == function && captures.iter().any(|capture| capture.outer == local);
                let implied = || self.operations(body).any(|(_, op, target)| uses_this(op, target));
                if direct || root.is_none() && implied() {
                    return true;
                }
                todo.push(body);
            }
        }
        false
    }

    /// Whether anything behind an operation, or a closure, uses a variable; without one `this`.
    fn is_needed_after(&self, function: FuncRef, (block, index): Site, root: Option<LocalId>) -> bool {
        let body = self.program.function(function);
        let this = body.locals.iter().position(|local| {
            local.kind == LocalKind::This || local.kind == LocalKind::Captured && local.name == "this"
        });
        let this = this.map(|index| LocalId(index as u32));
        let Some(local) = root.or(this) else { return true };
        if self.is_captured(function, root, local) {
            return true;
        }
        let uses = |op: &Op, target: &Target| {
            let mut used = root.is_none() && uses_this(op, target);
            visit_operands(op, &mut |operand| used |= *operand == Operand::Local(local));
            let base = op.place().is_some_and(|place| place.base == Base::Local(local));
            used || base
        };
        let mut behind = FxHashSet::default();
        let mut todo: Vec<BlockId> =
            body.blocks.get(block).map(|block| successors(&block.end).collect()).unwrap_or_default();
        while let Some(next) = todo.pop() {
            if behind.insert(next.index()) {
                todo.extend(
                    body.blocks
                        .get(next.index())
                        .map(|block| successors(&block.end).collect::<Vec<_>>())
                        .unwrap_or_default(),
                );
            }
        }
        let ends = |at: usize| match body.blocks.get(at).map(|block| &block.end) {
            Some(Terminator::Return(value) | Terminator::Throw(value)) => *value == Some(Operand::Local(local)),
            _ => false,
        };
        ends(block)
            || behind.iter().any(|at| ends(*at))
            || self
                .operations(function)
                .any(|((of, at), op, target)| (behind.contains(&of) || of == block && at > index) && uses(op, target))
    }
}

/// A pointer that was taken out of an object.
struct Taken {
    /// The variable that leads to the object; nothing for `this`.
    root: Option<LocalId>,
    /// The class that the finalizer belongs to.
    class: Name,
    pointer: Name,
    /// Where the finalizer is attached, where that is known.
    registered: Option<Location>,
    /// The class between the variable and the object.
    owner: Option<ClassRef>,
}

/// Where a place starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    This,
    Local(LocalId),
}

/// The name of what a call calls.
fn called(callee: &Callee) -> Option<&Name> {
    match callee {
        Callee::Method { name, .. } | Callee::Name(name) => Some(name),
        _ => None,
    }
}

/// Whether a free name is a member of `this`.
fn is_member(target: &Target) -> bool {
    match target {
        Target::Field(variable) => variable.class.is_some(),
        Target::Functions(functions) => functions.implicit_this,
        Target::Via(via) => match &via.receiver {
            Receiver::This | Receiver::Field(_) => true,
            Receiver::Getter(target) => is_member(target),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an operation uses `this` without naming it.
fn uses_this(op: &Op, target: &Target) -> bool {
    let is_free = match op {
        Op::Call(call) => matches!(call.callee, Callee::Name(_) | Callee::Super(_)),
        Op::Address { .. } => false,
        _ => op.place().is_some_and(|place| matches!(place.base, Base::Name(_) | Base::Super)),
    };
    is_free && is_member(target)
}
