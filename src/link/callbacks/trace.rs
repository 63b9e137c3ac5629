//! Where a pointer to a callback goes, without regard to order.
//!
//! A value that may be the pointer counts as it: one place too many makes what native code passes disagree at worst,
//! one too few would be a false certainty. So what cannot be followed makes the trace lost.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::index::{Index, reached};
use super::{Known, Place, Search};
use crate::ir::{
    self, Base, BlockId, Call, Callee, Function, FunctionKind, LocalId, LocalKind, Op, Operand, Projection, Terminator,
    UseKind,
};
use crate::link::{ClassRef, FuncRef, Program, Receiver, Resolved, Target, Ty, VarRef};

/// How many locals, variables and results a pointer is followed through.
const MAX_NODES: usize = 2048;

/// Members of Dart's callbacks and pointers that give no pointer.
const ENDS: [&str; 3] = ["close", "keepIsolateAlive", "toString"];

/// Something that may hold the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Local(FuncRef, LocalId),
    Variable(VarRef),
    Result(FuncRef),
}

/// One pointer on its way.
pub(super) struct Trace<'p> {
    program: &'p Program,
    index: &'p Index,
    seen: FxHashSet<Node>,
    todo: Vec<Node>,
    /// Where native code calls it.
    pub(super) calls: BTreeSet<Place>,
    /// It went out of sight.
    pub(super) lost: bool,
    /// It is an argument of a function that a Dart function was given: that function, its parameter, the argument.
    pub(super) handed_in: Vec<(FuncRef, usize, usize)>,
}

impl<'p> Trace<'p> {
    pub(super) fn new(program: &'p Program, index: &'p Index) -> Self {
        Self {
            program,
            index,
            seen: FxHashSet::default(),
            todo: Vec::new(),
            calls: BTreeSet::new(),
            lost: false,
            handed_in: Vec::new(),
        }
    }

    /// Follows what a local holds.
    pub(super) fn follow(&mut self, function: FuncRef, local: LocalId) {
        self.reach(Node::Local(function, local));
        while let Some(node) = self.todo.pop() {
            if self.seen.len() > MAX_NODES {
                self.lost = true;
                return;
            }
            match node {
                Node::Local(function, local) => self.local(function, local),
                Node::Variable(variable) => self.variable(variable),
                Node::Result(function) => self.result(function),
            }
        }
    }

    fn reach(&mut self, node: Node) {
        if self.seen.insert(node) {
            self.todo.push(node);
        }
    }

    fn is_native(&self, function: FuncRef) -> bool {
        self.program.units[function.unit as usize].language.is_native()
    }

    fn local(&mut self, function: FuncRef, local: LocalId) {
        let program = self.program;
        let (body, resolved) = (program.function(function), program.resolved(function));
        // What a closure captures is one variable with its owner's.
        if let Some(parent) = body.parent
            && let Some(capture) = body.captures.iter().find(|capture| capture.inner == local)
        {
            self.reach(Node::Local(FuncRef { unit: function.unit, function: parent }, capture.outer));
        }
        for ((block, targets), id) in body.blocks.iter().zip(&resolved.targets).zip((0..).map(BlockId)) {
            for ((statement, target), op) in block.ops.iter().zip(targets).zip(0..) {
                self.use_of(local, Place { function, block: id, op }, &statement.op, target, resolved);
            }
            match &block.end {
                Terminator::Return(Some(Operand::Local(returned))) if *returned == local => {
                    self.reach(Node::Result(function));
                }
                Terminator::Throw(Some(Operand::Local(thrown))) if *thrown == local => self.lost = true,
                _ => {}
            }
        }
    }

    /// What an operation does with a local that may be the pointer, or holds it.
    fn use_of(&mut self, local: LocalId, place: Place, op: &Op, target: &Target, resolved: &Resolved) {
        let function = place.function;
        let is = |operand: &Operand| matches!(operand, Operand::Local(known) if *known == local);
        match op {
            Op::Copy { to, from, .. } if is(from) => self.reach(Node::Local(function, *to)),
            Op::Element { to, of, .. } if is(of) => self.reach(Node::Local(function, *to)),
            Op::Suspend { to: Some(to), value, .. } if is(value) => self.reach(Node::Local(function, *to)),
            Op::Insert { into, value, .. } if is(value) => match self.is_native(function) {
                true => self.reach(Node::Local(function, *into)),
                false => self.lost = true,
            },
            Op::Load { to, from, .. } if from.base == Base::Local(local) => {
                if self.is_native(function) {
                    let named = from.path.iter().any(|step| matches!(step, Projection::Field(_)));
                    if !named || resolved.types.get(to.index()).is_none_or(may_be_function) {
                        self.reach(Node::Local(function, *to));
                    }
                } else {
                    let field = from.path.iter().find_map(|step| match step {
                        Projection::Field(name) => Some(name.as_str()),
                        _ => None,
                    });
                    if !field.is_some_and(|field| ENDS.contains(&field)) {
                        self.reach(Node::Local(function, *to));
                    }
                }
            }
            Op::Address { to, of } if of.base == Base::Local(local) => self.reach(Node::Local(function, *to)),
            Op::Store { to, value } if is(value) => self.stored(place, to, target, resolved),
            Op::Aggregate { to, items, .. } => {
                let named = items.iter().filter(|(_, value)| is(value));
                for (name, _) in named {
                    self.put_together(function, *to, name.as_deref(), resolved);
                }
            }
            Op::Use { value, kind: UseKind::Escape } if is(value) => self.lost = true,
            Op::Closure { body, .. } => {
                let closure = FuncRef { unit: function.unit, function: *body };
                let captures = &self.program.function(closure).captures;
                let inner = captures.iter().find(|capture| capture.outer == local).map(|capture| capture.inner);
                if let Some(inner) = inner {
                    self.reach(Node::Local(closure, inner));
                }
            }
            Op::Call(call) => self.called(local, place, call, target, resolved),
            _ => {}
        }
    }

    /// A field of a new struct or record.
    fn put_together(&mut self, function: FuncRef, to: LocalId, name: Option<&str>, resolved: &Resolved) {
        if !self.is_native(function) {
            self.lost = true;
            return;
        }
        let class = resolved.types.get(to.index()).and_then(class_of);
        match class.zip(name).and_then(|(class, name)| self.field(class, name)) {
            Some(field) => self.reach(Node::Variable(field)),
            None => self.reach(Node::Local(function, to)),
        }
    }

    fn called(&mut self, local: LocalId, place: Place, call: &Call, target: &Target, resolved: &Resolved) {
        let function = place.function;
        let native = self.is_native(function);
        let is = |operand: &Operand| matches!(operand, Operand::Local(known) if *known == local);
        match &call.callee {
            Callee::Value(value) if is(value) => match native {
                true => drop(self.calls.insert(place)),
                // Dart calls it itself.
                false => self.lost = true,
            },
            Callee::Method { receiver, name } if is(receiver) => {
                let inner = matches!(target, Target::Functions(_) | Target::Via(_));
                if !inner && !ENDS.contains(&name.as_str()) {
                    self.reach(Node::Local(function, call.result));
                }
                // A field of that name in something of which the type is not known.
                if native && *target == Target::Unknown && self.field_by_name(function, name).is_some() {
                    self.calls.insert(place);
                }
            }
            _ => {}
        }
        for (at, arg) in call.args.iter().enumerate() {
            if is(&arg.value) {
                self.passed(place, call, at, target, resolved);
            }
        }
    }

    /// The pointer is an argument.
    fn passed(&mut self, place: Place, call: &Call, at: usize, target: &Target, resolved: &Resolved) {
        let function = place.function;
        let native = self.is_native(function);
        let mut callees = Vec::new();
        reached(target, &mut callees);
        if let Some(symbol) = target.symbol() {
            callees.extend(self.program.definitions(symbol, function.unit));
        }
        if !callees.is_empty() {
            for callee in callees {
                self.enter(callee, call, at);
            }
            return;
        }
        match target {
            Target::DefaultConstructor(class) if native => {
                let index = at as u32;
                let there = self.program.class(*class).fields.len() > at;
                match there {
                    true => {
                        self.reach(Node::Variable(VarRef { unit: class.unit, class: Some(class.class), index }));
                    }
                    false => self.lost = true,
                }
            }
            Target::Model(_) if native => {
                // A standard library's container, or what gives back what it gets.
                self.reach(Node::Local(function, call.result));
                if let Callee::Method { receiver, .. } = &call.callee {
                    self.put_into(function, receiver, resolved);
                }
            }
            _ if native => self.passed_away(place, call, at, resolved),
            _ => {
                let search = Search { program: self.program, index: self.index };
                match &call.callee {
                    Callee::Value(value) => match search.known(function, value) {
                        Some(Known::Given(outer, param)) => self.handed_in.push((outer, param, at)),
                        Some(Known::Function(callee)) => self.enter(callee, call, at),
                        None => self.lost = true,
                    },
                    _ => self.lost = true,
                }
            }
        }
    }

    /// An argument of native code that is not here: a thread that runs a function of the program, a container.
    fn passed_away(&mut self, place: Place, call: &Call, at: usize, resolved: &Resolved) {
        let search = Search { program: self.program, index: self.index };
        let run = call.args.iter().take(at).enumerate().find_map(|(before, arg)| {
            match search.known(place.function, &arg.value)? {
                Known::Function(function) => Some((function, at - before - 1)),
                Known::Given(..) => None,
            }
        });
        if let Some((function, param)) = run {
            match self.program.function(function).params.get(param) {
                Some(param) => self.reach(Node::Local(function, param.local)),
                None => self.lost = true,
            }
            return;
        }
        match &call.callee {
            Callee::Method { receiver, .. } => {
                self.reach(Node::Local(place.function, call.result));
                self.put_into(place.function, receiver, resolved);
            }
            Callee::New { .. } => self.reach(Node::Local(place.function, call.result)),
            _ => self.lost = true,
        }
    }

    /// A callee of the program gets it.
    fn enter(&mut self, callee: FuncRef, call: &Call, at: usize) {
        let declared = self.program.function(callee);
        if !declared.has_blocks() {
            // A constructor that only initialises, a declaration.
            self.lost = true;
            return;
        }
        let Some(arg) = call.args.get(at) else { return };
        let local = match &arg.name {
            Some(name) => {
                declared.params.iter().find(|param| param.named && param.name == *name).map(|param| param.local)
            }
            None => {
                let before = call.args.iter().take(at).filter(|arg| arg.name.is_none()).count();
                let has_this = declared.locals.iter().any(|local| local.kind == LocalKind::This);
                // `T::method(x)`: the receiver stands among the arguments.
                let shifted = has_this
                    && matches!(call.callee, Callee::Name(_))
                    && self.is_native(callee)
                    && declared.params.len() + 1 == call.args.len();
                let at = if shifted { before.checked_sub(1) } else { Some(before) };
                at.and_then(|at| declared.params.iter().filter(|param| !param.named).nth(at)).map(|param| param.local)
            }
        };
        match local {
            Some(local) => self.reach(Node::Local(callee, local)),
            None => self.lost = true,
        }
    }

    /// The pointer is written somewhere.
    fn stored(&mut self, place: Place, to: &ir::Place, target: &Target, resolved: &Resolved) {
        let function = place.function;
        if !self.is_native(function) {
            match target {
                Target::Field(field) | Target::Static(field) => self.reach(Node::Variable(*field)),
                Target::Functions(functions) => {
                    for setter in &functions.candidates {
                        match self.program.function(*setter).params.first() {
                            Some(param) => self.reach(Node::Local(*setter, param.local)),
                            None => self.lost = true,
                        }
                    }
                }
                _ => self.lost = true,
            }
            return;
        }
        if let Some(variable) = self.variable_at(function, to, target, resolved) {
            self.reach(Node::Variable(variable));
            return;
        }
        match to.base {
            Base::Local(base) => self.put_into(function, &Operand::Local(base), resolved),
            _ => self.lost = true,
        }
    }

    /// Something in native code holds the pointer from here on: a local, and what that was taken from.
    fn put_into(&mut self, function: FuncRef, holder: &Operand, resolved: &Resolved) {
        let Operand::Local(local) = holder else { return };
        if !self.seen.contains(&Node::Local(function, *local)) {
            self.reach(Node::Local(function, *local));
        }
        let mut todo: SmallVec<[LocalId; 4]> = SmallVec::from_elem(*local, 1);
        let mut seen: SmallVec<[LocalId; 8]> = SmallVec::new();
        let body = self.program.function(function);
        while let Some(local) = todo.pop() {
            if seen.contains(&local) {
                continue;
            }
            seen.push(local);
            // What the caller sees, too.
            let kind = body.locals.get(local.index()).map(|local| local.kind);
            if kind == Some(LocalKind::Param) {
                self.lost = true;
            }
            for (statement, target) in statements(body, resolved) {
                if ir::written(&statement.op) != Some(local) {
                    continue;
                }
                let mut from = |operand: &Operand| {
                    if let Operand::Local(from) = operand {
                        todo.push(*from);
                    }
                };
                match &statement.op {
                    Op::Copy { from: of, .. } | Op::Element { of, .. } => from(of),
                    Op::Call(call) => {
                        if let Callee::Method { receiver, .. } = &call.callee {
                            from(receiver);
                        }
                    }
                    Op::Load { from: at, .. } | Op::Address { of: at, .. } => {
                        match self.variable_at(function, at, target, resolved) {
                            Some(variable) => self.reach(Node::Variable(variable)),
                            None => match at.base {
                                Base::Local(base) => todo.push(base),
                                _ => self.lost = true,
                            },
                        }
                    }
                    _ => {}
                }
            }
            self.reach(Node::Local(function, local));
        }
    }

    /// A variable or field holds it.
    fn variable(&mut self, variable: VarRef) {
        let program = self.program;
        if !program.units[variable.unit as usize].language.is_native() {
            self.native_fields(variable);
        }
        let name = program.variable(variable).name.clone();
        let native = program.units[variable.unit as usize].language.is_native();
        // What was not understood may call it, too.
        self.lost |= program.units[variable.unit as usize].functions.iter().any(|body| body.incomplete.is_some());
        for &function in self.index.mentions(&name) {
            if self.is_native(function) != native {
                continue;
            }
            let (body, resolved) = (program.function(function), program.resolved(function));
            for ((block, targets), id) in body.blocks.iter().zip(&resolved.targets).zip((0..).map(BlockId)) {
                for ((statement, target), op) in block.ops.iter().zip(targets).zip(0..) {
                    let place = Place { function, block: id, op };
                    match &statement.op {
                        Op::Load { to, from: at, .. } | Op::Address { to, of: at }
                            if self.variable_at(function, at, target, resolved) == Some(variable) =>
                        {
                            self.reach(Node::Local(function, *to));
                        }
                        Op::Call(call) => self.call_through(variable, place, call, target),
                        _ => {}
                    }
                }
            }
        }
    }

    /// A call of what a variable holds, or of a member of it.
    fn call_through(&mut self, variable: VarRef, place: Place, call: &Call, target: &Target) {
        let Target::Via(via) = target else { return };
        let held = match &via.receiver {
            Receiver::Static(held) | Receiver::Field(held) => *held == variable,
            _ => false,
        };
        if !held {
            return;
        }
        if self.is_native(place.function) {
            self.calls.insert(place);
        } else if !matches!(&call.callee, Callee::Method { name, .. } if ENDS.contains(&name.as_str())) {
            self.lost = true;
        }
    }

    /// A field of a Dart struct is the field of that name in the native struct of that name.
    fn native_fields(&mut self, field: VarRef) {
        let program = self.program;
        let Some(class) = field.class else { return };
        let from = &program.units[field.unit as usize];
        if !from.layouts.iter().any(|layout| layout.class == class) {
            return;
        }
        let (name, of) = (&program.variable(field).name, &program.class(ClassRef { unit: field.unit, class }).name);
        let mut found = false;
        for (unit, from) in (0_u32..).zip(&program.units).filter(|(_, unit)| unit.language.is_native()) {
            for (class, declared) in (0..).map(ir::ClassId).zip(&from.classes).filter(|(_, class)| class.name == *of) {
                if let Some(at) = declared.fields.iter().position(|field| field.name == *name) {
                    found = true;
                    self.reach(Node::Variable(VarRef { unit, class: Some(class), index: at as u32 }));
                }
            }
        }
        self.lost |= !found;
    }

    /// A function returns it.
    fn result(&mut self, function: FuncRef) {
        let program = self.program;
        let body = program.function(function);
        if let Some(variable) = self.index.initialized(function) {
            self.reach(Node::Variable(variable));
            return;
        }
        // Who runs a closure is not known here.
        if body.kind == FunctionKind::Closure {
            self.lost |= !self.is_native(function);
            return;
        }
        for caller in self.index.callers(function) {
            if let Some(statement) = self.index.statement(program, *caller)
                && let Some(to) = ir::written(&statement.op)
            {
                self.reach(Node::Local(caller.function, to));
            }
        }
    }

    /// The variable or field that a place is.
    fn variable_at(
        &self,
        function: FuncRef,
        place: &ir::Place,
        target: &Target,
        resolved: &Resolved,
    ) -> Option<VarRef> {
        let named = match target {
            Target::Static(variable) | Target::Field(variable) => Some(*variable),
            _ => None,
        };
        if !self.is_native(function) {
            return named;
        }
        let last = place.path.iter().rposition(|step| matches!(step, Projection::Field(_)));
        let Some(last) = last else {
            return named.filter(|_| matches!(place.base, Base::Name(_)));
        };
        let mut ty = match (&place.base, named) {
            (Base::Local(local), _) => resolved.types.get(local.index())?.clone(),
            (Base::Name(_), Some(variable)) => self.program.variable_type(variable).clone(),
            _ => Ty::Unknown,
        };
        let mut found = None;
        for step in place.path.iter().take(last + 1) {
            if let Projection::Field(name) = step {
                found = match class_of(&ty) {
                    Some(class) => self.field(class, name),
                    None => self.field_by_name(function, name),
                };
                ty = found.map_or(Ty::Unknown, |field| self.program.variable_type(field).clone());
            }
        }
        found
    }

    /// A field of a class or of what it derives from.
    fn field(&self, class: ClassRef, name: &str) -> Option<VarRef> {
        let mut class = Some(class);
        for _ in 0..8 {
            let at = class?;
            if let Some(index) = self.program.class(at).fields.iter().position(|field| field.name == name) {
                return Some(VarRef { unit: at.unit, class: Some(at.class), index: index as u32 });
            }
            class = self.program.supertypes(at).iter().find_map(class_of);
        }
        None
    }

    /// The only field of that name in a unit that can hold a function.
    fn field_by_name(&self, function: FuncRef, name: &str) -> Option<VarRef> {
        let from = &self.program.units[function.unit as usize];
        let mut found = None;
        for (class, declared) in (0..).map(ir::ClassId).zip(&from.classes) {
            for (index, _) in (0_u32..).zip(&declared.fields).filter(|(_, field)| field.name == name) {
                let field = VarRef { unit: function.unit, class: Some(class), index };
                if may_be_function(self.program.variable_type(field)) && found.replace(field).is_some() {
                    return None;
                }
            }
        }
        found
    }
}

fn statements<'a>(
    body: &'a Function,
    resolved: &'a Resolved,
) -> impl Iterator<Item = (&'a ir::Statement, &'a Target)> + 'a {
    body.blocks.iter().zip(&resolved.targets).flat_map(|(block, targets)| block.ops.iter().zip(targets))
}

/// The class of the program that a value is of, or leads to.
fn class_of(ty: &Ty) -> Option<ClassRef> {
    match ty {
        Ty::Class(class, _) => Some(*class),
        Ty::Pointer(to) => class_of(to),
        // What a smart pointer, a lock, a cell leads to.
        Ty::Model(_, args) => args.first().and_then(class_of),
        _ => None,
    }
}

/// Whether something of that type can be a function.
fn may_be_function(ty: &Ty) -> bool {
    match ty {
        Ty::Scalar | Ty::String | Ty::Void | Ty::Class(..) => false,
        Ty::Pointer(to) => !matches!(**to, Ty::Scalar | Ty::Class(..)),
        _ => true,
    }
}
