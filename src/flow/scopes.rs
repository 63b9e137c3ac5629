//! Arenas: what is in them, when they end, and what leaves them.

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::liveness::{end_reads, op_reads};
use super::path::{Captured, Later, Left, Object, Path};
use super::started::{Given, needs_later};
use super::value::{ObjectId, Symbol, Value};
use crate::ir::{BlockId, Flavor, LocalId, Name, Op, Operand, Statement};
use crate::link::{FuncRef, Functions, Target, Ty, VarRef};
use crate::models::ModelId;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::state::{Event, MemoryFamily, Ownership};
use crate::summary::{EffectKind, FamilyId, Ownership as Contract, Root, RunTimes};
use crate::violation::{Confidence, Leaving, Step, StepKind, Violation, ViolationKind};

impl Engine<'_> {
    /// The scope family of a type whose objects are arenas.
    pub(super) fn scope_type(&self, ty: &Ty) -> Option<FamilyId> {
        match ty {
            Ty::Model(..) => {
                self.allocator_type(ty).filter(|family| self.models.family(*family).kind == FamilyKind::Scope)
            }
            _ => None,
        }
    }

    /// A new arena that the program must end itself. It owes nothing as long as nothing is in it.
    pub(super) fn open_scope(&mut self, path: &mut Path, origin: u32, calling: &Calling) -> Value {
        if let Some(origin) = self.origins.get_mut(origin as usize) {
            origin.leak_matters = true;
        }
        let step = Step { kind: StepKind::Opened { by: calling.name.clone() }, location: calling.at };
        let object = Object { non_null: true, ..Object::new(Ownership::Unknown, step) };
        Value::Scope(self.allocate(path, origin, object))
    }

    /// Something is put into an arena, or may be: from now on somebody has to end it.
    pub(super) fn charge(&mut self, path: &mut Path, scope: ObjectId, calling: &Calling) {
        let Some(origin) = self.origins.get(scope.origin as usize) else { return };
        let Some(family) = origin.family.filter(|_| origin.leak_matters) else { return };
        let Some(object) = path.objects.get_mut(&scope) else { return };
        if object.ownership == Ownership::Unknown && object.path.is_none() {
            object.ownership = Ownership::Owned(MemoryFamily::Known(family));
            path.tell(scope, Step { kind: StepKind::Filled { by: calling.name.clone() }, location: calling.at });
        }
    }

    /// Arenas that a call is given may be allocated in.
    pub(super) fn charge_arguments(&mut self, path: &mut Path, calling: &Calling) {
        for arg in calling.args.iter().chain(&calling.receiver) {
            if let Value::Scope(scope) = arg.value {
                self.charge(path, scope, calling);
            }
        }
    }

    /// Everything that an arena manages is released.
    pub(super) fn end_scope(&mut self, path: &mut Path, scope: ObjectId, by: &Name, at: Location) {
        let managed: Vec<ObjectId> =
            path.objects.iter().filter(|(_, object)| object.scope == Some(scope)).map(|(id, _)| *id).collect();
        for id in managed {
            if let Some(family) =
                self.origins[id.origin as usize].family.filter(|_| path.ownership(id) == Ownership::Managed)
            {
                let released = Step { kind: StepKind::Released { by: by.clone(), family }, location: at };
                self.fault_of_retained(path, id, by, Some(released.clone()), at);
                path.tell(id, released);
            }
            self.apply(path, id, Event::ManagedRelease);
            path.orphan(id, by, at);
        }
        self.ended.insert(scope.origin);
        let Some(family) = self.origins[scope.origin as usize].family else { return };
        let Some(object) = path.objects.get_mut(&scope) else { return };
        if object.path.is_some() {
            // The caller's: it learns that it was ended.
            object.ownership = Ownership::Released;
            let by = by.clone();
            path.tell(scope, Step { kind: StepKind::Released { by, family }, location: at });
        } else if matches!(object.ownership, Ownership::Owned(_)) {
            // Empty again.
            self.ledger
                .entry(scope.origin)
                .or_default()
                .settle(&Object { ownership: Ownership::Released, ..Object::unknown(None) });
            object.ownership = Ownership::Unknown;
        }
    }

    /// The arena that is open around a frame.
    pub(super) fn ambient(&self, frame: u32) -> Option<ObjectId> {
        self.frames.get(frame as usize)?.ambient
    }

    /// The arena that a modelled getter gives, where it is the one that is open around a frame.
    pub(super) fn ambient_of(&self, getter: ModelId, frame: u32) -> Option<Value> {
        let outcome = self.models.function(getter).summary.outcomes.first()?;
        match outcome.result.ownership {
            Contract::Ambient(_) => self.ambient(frame).map(Value::Scope),
            _ => None,
        }
    }

    /// Whether an object is an arena's that a callee opens and ends around a closure.
    fn in_given_scope(&self, path: &Path, id: ObjectId) -> Option<ObjectId> {
        let object = path.objects.get(&id).filter(|object| object.ownership == Ownership::Managed)?;
        object.scope.filter(|scope| self.given.contains_key(&scope.origin))
    }

    /// A pointer or view is put where it outlives the code around it.
    pub(super) fn keep(&mut self, path: &mut Path, value: &Value, into: &Name, variable: Option<VarRef>) {
        let (Value::Pointer(id, _) | Value::View(id, _)) = value else { return };
        if self.in_given_scope(path, *id).is_some() {
            let left = Left { how: Leaving::Kept(into.clone()), at: self.at, variable };
            self.get_out(path, *id, left);
        }
    }

    fn get_out(&self, path: &mut Path, id: ObjectId, left: Left) {
        path.tell(id, Step { kind: StepKind::Left(left.how.clone()), location: left.at });
        if let Some(object) = path.objects.get_mut(&id) {
            std::rc::Rc::make_mut(&mut object.story).left = Some(left);
        }
    }

    /// A closure that runs in an arena is done and the arena ends: what leaves it?
    pub(super) fn leave_scope(
        &mut self,
        path: &mut Path,
        scope: ObjectId,
        closure: FuncRef,
        result: &Value,
        at: Location,
    ) {
        match result {
            Value::Pointer(id, _) | Value::View(id, _) if self.in_given_scope(path, *id) == Some(scope) => {
                self.get_out(path, *id, Left { how: Leaving::Returned, at, variable: None });
            }
            _ => {}
        }
        let waits = self.may_wait(closure, result);
        let inside: Vec<ObjectId> = path
            .objects
            .iter()
            .filter(|(_, object)| object.scope == Some(scope) && object.ownership == Ownership::Managed)
            .map(|(id, _)| *id)
            .collect();
        for id in inside {
            let Some(story) = path.objects.get(&id).map(|object| object.story.clone()) else { continue };
            for captured in &story.captured {
                let walked = |symbol: Symbol| *result == Value::Symbol(symbol);
                let by = || captured.by.clone();
                let left = match captured.how {
                    Later::Detached => (!waits).then(|| (Leaving::Captured(by()), captured.at)),
                    Later::Unawaited => (!waits).then_some((Leaving::Unawaited, captured.at)),
                    Later::Lazy(symbol) => walked(symbol).then(|| (Leaving::Lazy(by()), captured.at)),
                    Later::PartOf(symbol) => walked(symbol).then_some((Leaving::Returned, at)),
                };
                if let Some((how, at)) = left {
                    self.get_out(path, id, Left { how, at, variable: None });
                    self.escapes(path, id, Confidence::High, None);
                }
            }
            if matches!(result, Value::Closure(_))
                && matches!(&story.left, Some(left) if left.how == Leaving::ReturnedClosure)
            {
                self.escapes(path, id, Confidence::High, None);
            }
            if let Some(Left { variable: Some(variable), at, .. }) = &story.left
                && self.dangles(*variable, *at)
            {
                self.escapes(path, id, Confidence::Medium, None);
            }
        }
    }

    /// Whether the arena may be kept open until something else is done: the closure gives a future.
    fn may_wait(&self, closure: FuncRef, result: &Value) -> bool {
        let function = self.program.function(closure);
        if function.flavor != Flavor::Sync {
            return true;
        }
        let plain = matches!(self.program.resolved(closure).types.result(), Ty::Void | Ty::Scalar | Ty::String);
        !plain && matches!(result, Value::Symbol(_))
    }

    /// A closure is returned: what it captures lives on with it.
    pub(super) fn return_closure(&mut self, path: &mut Path, closure: u32, at: Location) {
        for id in self.captured_by(path, closure) {
            if self.in_given_scope(path, id).is_some() {
                self.get_out(path, id, Left { how: Leaving::ReturnedClosure, at, variable: None });
            }
        }
        self.escape(path, &Value::Closure(closure));
    }

    /// The objects that a closure captures pointers to or views on.
    fn captured_by(&self, path: &Path, closure: u32) -> Vec<ObjectId> {
        let Some(closure) = self.closures.get(closure as usize) else { return Vec::new() };
        let captures = &self.program.function(closure.function).captures;
        let held = captures.iter().filter_map(|capture| path.locals.get(&self.slot(closure.frame, capture.outer)));
        held.filter_map(|value| match value {
            Value::Pointer(id, _) | Value::View(id, _) => Some(*id),
            _ => None,
        })
        .collect()
    }

    /// A closure is handed to somebody who runs it after the call.
    pub(super) fn capture_later(&mut self, path: &mut Path, calling: &Calling, closure: u32, times: RunTimes) {
        let how = match times {
            RunTimes::Detached if !self.ignored(calling) => return,
            RunTimes::Detached => Later::Detached,
            RunTimes::Lazy => Later::Lazy(Symbol::of((calling.site, 0u16))),
            _ => return,
        };
        let captured = Captured { by: calling.name.clone(), at: calling.at, how };
        for id in self.captured_by(path, closure) {
            self.capture(path, id, &captured);
        }
    }

    fn capture(&self, path: &mut Path, id: ObjectId, captured: &Captured) {
        if self.in_given_scope(path, id).is_some()
            && let Some(object) = path.objects.get_mut(&id)
            && !object.story.captured.contains(captured)
        {
            std::rc::Rc::make_mut(&mut object.story).captured.push(captured.clone());
        }
    }

    /// Code that nothing waits for looks at memory, after it was suspended.
    pub(super) fn used_detached(&mut self, path: &mut Path, id: ObjectId) {
        let Some(frame) = path.suspended else { return };
        let Some(detached) = self.frames.get(frame as usize) else { return };
        let Some((by, at)) = detached.detached.clone() else { return };
        let outside = self
            .in_given_scope(path, id)
            .is_some_and(|scope| self.given.get(&scope.origin).is_some_and(|depth| *depth < detached.depth));
        if outside {
            self.capture(path, id, &Captured { by, at, how: Later::Unawaited });
        }
    }

    /// An async function that nothing waits for is given memory of an arena, and needs it after it was suspended.
    pub(super) fn note_started(&self, path: &mut Path, functions: &Functions, calling: &Calling) {
        let mut position = 0;
        for arg in &calling.args {
            let argument = Given::Argument(arg.name.as_ref(), position);
            position += usize::from(arg.name.is_none());
            let (Value::Pointer(id, _) | Value::View(id, _)) = &arg.value else { continue };
            if self.in_given_scope(path, *id).is_some()
                && self.ignored(calling)
                && needs_later(self, functions, argument)
            {
                let captured = Captured { by: calling.name.clone(), at: calling.at, how: Later::Unawaited };
                self.capture(path, *id, &captured);
            }
        }
    }

    /// Whether nothing looks at the result of a call.
    pub(super) fn ignored(&self, calling: &Calling) -> bool {
        let Some(result) = calling.result else { return true };
        let frame = calling.site.frame;
        let function = self.function(frame);
        if function.locals.get(result.index()).is_some_and(|local| !local.name.is_empty()) {
            return false;
        }
        !function.blocks.iter().enumerate().any(|(index, block)| {
            let reads = |(op, statement): (usize, &Statement)| {
                let site = Site { frame, block: BlockId(index as u32), op: op as u32 };
                op_reads(&statement.op, result) && !self.passes_unseen(site, &statement.op, result)
            };
            block.ops.iter().enumerate().any(reads) || end_reads(&block.end, result)
        })
    }

    /// Whether an operation is a call that does not look at this argument.
    fn passes_unseen(&self, site: Site, op: &Op, local: LocalId) -> bool {
        let (Op::Call(call), Target::Model(model)) = (op, self.target(site)) else { return false };
        let at = call.args.iter().position(|arg| arg.value == Operand::Local(local));
        let outcomes = &self.models.function(*model).summary.outcomes;
        let mut effects = outcomes.iter().flat_map(|outcome| &outcome.effects);
        at.is_some_and(|at| {
            effects.any(|effect| effect.kind == EffectKind::Untouched && effect.on.root == Root::Param(at as u16))
        })
    }

    /// A pointer or view becomes part of a list, a record, a map.
    pub(super) fn put_into(&self, path: &mut Path, value: &Value, collection: Symbol) {
        if let Value::Pointer(id, _) | Value::View(id, _) = value {
            let how = Later::PartOf(collection);
            self.capture(path, *id, &Captured { by: Name::default(), at: self.at, how });
        }
    }

    /// Whether a variable holds on to what was stored at a place: nothing else stores in it, and others read it.
    fn dangles(&self, variable: VarRef, at: Location) -> bool {
        let file = at.file;
        let mut read = false;
        for (unit, resolved) in self.program.resolved.iter().enumerate() {
            for (index, function) in resolved.iter().enumerate() {
                let own = FuncRef { unit: unit as u32, function: crate::ir::FunctionId(index as u32) };
                let body = self.program.function(own);
                for (block, targets) in body.blocks.iter().zip(&function.targets) {
                    for (statement, target) in block.ops.iter().zip(targets) {
                        if !matches!(target, Target::Field(known) | Target::Static(known) if *known == variable) {
                            continue;
                        }
                        match &statement.op {
                            Op::Store { .. } => {
                                let here = Location {
                                    file: self.program.units[unit].file,
                                    span: statement.span.absolute_from(body.base),
                                };
                                if here.file != file || here != at {
                                    return false;
                                }
                            }
                            Op::Load { .. } => read |= own != self.root && body.parent != Some(self.root.function),
                            _ => {}
                        }
                    }
                }
            }
        }
        read
    }

    /// An arena's memory is out although the arena ends.
    pub(super) fn escapes(&mut self, path: &Path, id: ObjectId, sure: Confidence, last: Option<Step>) {
        let Some(object) = path.objects.get(&id) else { return };
        let (Some(left), Some(subject)) = (object.story.left.clone(), self.subject(id, object)) else { return };
        let mut trace = object.story.steps.clone();
        trace.extend(last);
        self.report(Violation {
            kind: ViolationKind::EscapedArena { subject, leaving: left.how },
            function: self.root,
            at: left.at,
            trace,
            targets: path.targets,
            confidence: sure,
        });
    }

    /// A value that came out of an arena goes on, out of sight.
    pub(super) fn hand_on(&mut self, path: &Path, value: &Value) {
        let (Value::Pointer(id, _) | Value::View(id, _)) = value else { return };
        let Some(object) = path.objects.get(id) else { return };
        let returned = matches!(&object.story.left, Some(left) if left.how == Leaving::Returned);
        if returned && object.ownership == Ownership::Released && !path.doubtful {
            self.escapes(path, *id, Confidence::High, None);
        }
    }
}
