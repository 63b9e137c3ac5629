//! C++ references to pointers and numbers.
//!
//! The caller passes what the variable holds; the callee reads and writes a place (`p.*`). In between lies a cell: the
//! value is put there for the call, and what lies there afterwards is what the caller's variable holds from then on.

use super::calls::Calling;
use super::engine::{Engine, OriginKey, Role, Site};
use super::memory::POINTEE;
use super::path::{Object, Path};
use super::places::Spot;
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Base, Call, Function, LocalId, Name, Op, Operand, Place, Projection, TypeRef, visit_operands};
use crate::link::{FuncRef, Target, Ty};
use crate::source::{Location, Span};
use crate::state::Ownership;
use crate::violation::Owner;

/// What a callee may write to.
pub(super) struct Lent {
    object: ObjectId,
    key: Name,
    /// What lay there before the call.
    before: Option<Value>,
    /// What the cell stands for, where the place is one.
    cell_of: Option<Source>,
    /// The callee may put something else there.
    may_rewrite: bool,
}

/// Where the value that is passed by reference comes from.
enum Source {
    /// A variable.
    Local(LocalId),
    /// A place in memory, found before the call: what it starts at may not be needed afterwards.
    Place(Spot, Location),
    /// Nothing that can be written.
    Value,
}

impl Engine<'_> {
    /// Puts what is passed by reference into cells; notes the places of pointers that a callee may write to.
    pub(super) fn lend_places(
        &mut self,
        site: Site,
        target: &Target,
        call: &Call,
        calling: &mut Calling,
        path: &mut Path,
    ) -> Vec<Lent> {
        let callees = match (target, calling.receiver.as_ref().map(|receiver| &receiver.value)) {
            (Target::Functions(functions), _) => functions.candidates.to_vec(),
            // A lambda or a function that a variable holds.
            (_, Some(Value::Closure(closure))) => vec![self.closures[*closure as usize].function],
            (_, Some(Value::Function(function))) => vec![*function],
            _ => Vec::new(),
        };
        if !self.is_native(site.frame) || callees.is_empty() {
            return Vec::new();
        }
        // A receiver that stood among the arguments is none any more.
        let skipped = call.args.len().saturating_sub(calling.args.len());
        let mut lent = Vec::new();
        for index in 0..calling.args.len() {
            let all = |holds: &dyn Fn(FuncRef) -> bool| callees.iter().all(|callee| holds(*callee));
            let any = |holds: &dyn Fn(FuncRef) -> bool| callees.iter().any(|callee| holds(*callee));
            let value = calling.args[index].value.clone();
            if self.is_cpp(site.frame) && all(&|callee| self.is_cell(callee, index)) {
                let Some(operand) = call.args.get(index + skipped).map(|arg| arg.value.clone()) else { continue };
                let name = self.variable_name(site, &operand);
                let source = self.source(site, &operand, path);
                let key = OriginKey::Site(site, Role::Lent(index as u16));
                let origin = self.plain_origin(key, name.clone(), calling.at, Owner::Variable(name));
                let cell = Object { ownership: Ownership::Local, non_null: true, ..Object::unknown(None) };
                let object = self.allocate(path, origin, cell);
                path.put(object, POINTEE, value.clone());
                let may_rewrite = any(&|callee| self.may_rewrite(callee, index));
                let arg = &mut calling.args[index];
                arg.value = Value::Pointer(object, Offset::Start);
                arg.ty = arg.ty.take().map(|ty| Ty::Pointer(Box::new(ty)));
                lent.push(Lent { object, key: POINTEE, before: Some(value), cell_of: Some(source), may_rewrite });
            } else if any(&|callee| self.is_pointer_place(callee, index)) {
                let (object, key) = match value {
                    Value::Pointer(object, Offset::Start) => (object, POINTEE),
                    Value::View(object, key) => (object, key),
                    _ => continue,
                };
                if any(&|callee| self.may_rewrite(callee, index)) {
                    let before = path.look(object, &key);
                    lent.push(Lent { object, key, before, cell_of: None, may_rewrite: true });
                }
            }
        }
        lent
    }

    /// The call is done: variables passed by reference hold what lies in their cells.
    pub(super) fn take_back(&mut self, site: Site, result: LocalId, lent: &[Lent], paths: &mut [Path]) {
        for path in paths {
            for place in lent {
                self.take_back_one(site, result, place, path);
            }
        }
    }

    fn take_back_one(&mut self, site: Site, result: LocalId, lent: &Lent, path: &mut Path) {
        let mut after = path.look(lent.object, &lent.key);
        // What was released has most likely been replaced by null: `delete p; p = nullptr;`.
        let is_gone =
            |value: &Value| value.object().is_some_and(|object| path.ownership(object) == Ownership::Released);
        if lent.may_rewrite && after.as_ref().is_some_and(is_gone) {
            path.heap.remove(&(lent.object, lent.key.clone()));
            after = None;
        }
        let (Some(source), Some(before)) = (&lent.cell_of, &lent.before) else { return };
        // A reference that the callee returns leads out of sight.
        if self.local(site.frame, path, result).object() == Some(lent.object) {
            lent.before.iter().chain(&after).for_each(|value| self.escape(path, value));
            let value = self.fresh(path, site, Role::Written);
            self.assign(site.frame, path, result, value);
        }
        path.heap.remove(&(lent.object, lent.key.clone()));
        let after = match after {
            Some(after) => after,
            None if !lent.may_rewrite => before.clone(),
            None => {
                self.escape(path, before);
                self.fresh(path, site, Role::Rewritten)
            }
        };
        if after != *before {
            match source {
                Source::Local(local) => self.assign(site.frame, path, *local, after),
                Source::Place(spot, at) => self.store(path, spot.object, spot.key.clone(), after, *at),
                Source::Value => {
                    // A variable that is known by its address only: what was read from it lies there no more.
                    self.escape(path, &after);
                    if before.object().is_some() {
                        path.heap.retain(|_, held| held != before);
                    }
                    if before.object().is_some_and(|object| path.ownership(object) != Ownership::Released) {
                        self.escape(path, before);
                    }
                }
            }
        }
    }

    /// The variable or place that an operand was read from.
    fn source(&mut self, site: Site, operand: &Operand, path: &mut Path) -> Source {
        let function = self.function(site.frame);
        let Operand::Local(local) = operand else { return Source::Value };
        if function.locals.get(local.index()).is_some_and(|known| !known.name.is_empty()) {
            return Source::Local(*local);
        }
        let Some((op, span, from)) = read_from(function, site, *local) else { return Source::Value };
        let at = self.location(site.frame, span);
        self.spot(Site { op, ..site }, path, from).map_or(Source::Value, |spot| Source::Place(spot, at))
    }

    /// How a variable passed by reference is called.
    fn variable_name(&self, site: Site, operand: &Operand) -> Name {
        let Operand::Local(local) = operand else { return Name::default() };
        let function = self.function(site.frame);
        let name_of = |local: LocalId| function.locals.get(local.index()).map(|known| known.name.clone());
        match name_of(*local) {
            Some(name) if !name.is_empty() => name,
            _ => match read_from(function, site, *local) {
                Some((_, _, Place { base: Base::Name(name), .. })) => name.clone(),
                Some((_, _, Place { base: Base::Local(base), .. })) => name_of(*base).unwrap_or_default(),
                _ => Name::default(),
            },
        }
    }

    /// Whether a parameter is a reference to a pointer or a number, which the body reads as a place.
    fn is_cell(&self, callee: FuncRef, index: usize) -> bool {
        let Some((ty, written)) = self.declared(callee, index) else { return false };
        let is_pointer = |ty: &TypeRef| match ty.name.as_str() {
            "const" => ty.args.first().is_some_and(|ty| ty.name == "*"),
            name => name == "*",
        };
        self.program.units[callee.unit as usize].language.is_cpp()
            && matches!(written.name.as_str(), "&" | "&&")
            && (written.args.first().is_some_and(is_pointer)
                || matches!(ty, Ty::Pointer(to) if matches!(**to, Ty::Pointer(_) | Ty::Scalar)))
    }

    /// Whether a parameter leads to a pointer.
    fn is_pointer_place(&self, callee: FuncRef, index: usize) -> bool {
        let Some((ty, _)) = self.declared(callee, index) else { return false };
        self.program.units[callee.unit as usize].language.is_native()
            && matches!(ty, Ty::Pointer(to) if matches!(**to, Ty::Pointer(_)))
    }

    fn declared(&self, callee: FuncRef, index: usize) -> Option<(&Ty, &TypeRef)> {
        let function = self.program.function(callee);
        let local = function.params.get(index)?.local;
        let resolved = &self.program.resolved[callee.unit as usize][callee.function.index()];
        Some((resolved.types.get(local.index())?, function.locals.get(local.index())?.ty.as_ref()?))
    }

    /// Whether a function may put something else where a parameter leads to.
    fn may_rewrite(&self, callee: FuncRef, index: usize) -> bool {
        let function = self.program.function(callee);
        let Some(param) = function.params.get(index).map(|param| param.local) else { return true };
        if is_const(function, param) {
            return false;
        }
        if !function.has_blocks() {
            return true;
        }
        let resolved = &self.program.resolved[callee.unit as usize][callee.function.index()];
        let is_param = |operand: &Operand| matches!(operand, Operand::Local(local) if *local == param);
        let starts_there = |place: &Place| matches!(place.base, Base::Local(local) if local == param);
        let mut read = Vec::new();
        for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
            for (statement, target) in block.ops.iter().zip(targets) {
                match &statement.op {
                    Op::Load { to, from, .. } if starts_there(from) => read.push(*to),
                    Op::Store { to, .. } if starts_there(to) => return true,
                    // Passed on by reference.
                    Op::Call(call) if matches!(target, Target::Functions(_)) => {
                        let Target::Functions(functions) = target else { continue };
                        let passed = call.args.iter().enumerate().any(|(at, arg)| {
                            let is_read = matches!(&arg.value, Operand::Local(local) if read.contains(local));
                            is_read && functions.candidates.iter().any(|callee| self.is_cell(*callee, at))
                        });
                        if passed {
                            return true;
                        }
                    }
                    _ => {}
                }
                let mut is_used = false;
                visit_operands(&statement.op, &mut |operand| is_used |= is_param(operand));
                let is_addressed = matches!(&statement.op, Op::Address { of, .. } if starts_there(of));
                let is_captured = matches!(&statement.op, Op::Closure { .. });
                if is_used || is_addressed || is_captured {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether a parameter leads to what is constant.
fn is_const(function: &Function, param: LocalId) -> bool {
    let ty = function.locals.get(param.index()).and_then(|local| local.ty.as_deref());
    ty.and_then(|ty| ty.args.first()).is_some_and(|to| to.name == "const")
}

/// Where a temporary was read from in the same block.
fn read_from(function: &Function, site: Site, local: LocalId) -> Option<(u32, Span, &Place)> {
    let ops = &function.blocks.get(site.block.index())?.ops;
    let (op, statement) = ops
        .iter()
        .enumerate()
        .take(site.op as usize)
        .rev()
        .find(|(_, statement)| crate::ir::written(&statement.op) == Some(local))?;
    match &statement.op {
        Op::Load { from, .. } if from.path.iter().all(|step| !matches!(step, Projection::Index(_))) => {
            Some((op as u32, statement.span, from))
        }
        _ => None,
    }
}
