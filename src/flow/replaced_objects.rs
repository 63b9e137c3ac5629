//! Setters that put a new object where the object of the call before is, of a class whose objects own memory:
//! `void setFont() { font = Font(); }`.
//!
//! A conclusion from all code at once: what an object owns, the analysis of its class's functions noted. A setter that
//! looks at what is there before, or calls what does, is silent, and one that hands the new object to somebody else.

use super::fields::{Fields, Owned};
use super::leaked_fields::dispose_of;
use super::setters::{self, Keeper, Setter};
use super::summaries::Summaries;
use crate::ir::{Base, BlockId, Callee, Function, FunctionId, FunctionKind, LocalId, Op, Operand, visit_operands};
use crate::link::{ClassRef, FuncRef, Program, Target, VarRef};
use crate::models::ModelSet;
use crate::models::schema::FamilyKind;
use crate::source::Location;
use crate::summary::{EffectKind, Summary};
use crate::violation::{Confidence, Step, StepKind, Violation, ViolationKind};

/// How many closures in each other are looked at; beyond them nothing is taken to be handed on.
const MAX_CLOSURES: u32 = 8;

/// The violations of all setters of Dart that are written by hand.
pub(super) fn replaced(program: &Program, models: &ModelSet, summaries: &Summaries, fields: &Fields) -> Vec<Violation> {
    let search = Search { program, models, summaries, fields };
    let setters = program.written_by_hand().filter(|id| setters::is_setter(models, program.function(*id)));
    setters.flat_map(|function| search.replaced_by(function)).collect()
}

struct Search<'a> {
    program: &'a Program,
    models: &'a ModelSet,
    summaries: &'a Summaries,
    fields: &'a Fields,
}

impl<'a> Search<'a> {
    fn replaced_by(&self, function: FuncRef) -> Vec<Violation> {
        let body = self.program.function(function);
        let targets = &self.program.resolved(function).targets;
        let mut found = Vec::new();
        for (at, (block, targets)) in body.blocks.iter().zip(targets).enumerate() {
            for (index, (statement, target)) in block.ops.iter().zip(targets).enumerate() {
                let (Op::Store { value: Operand::Local(value), to }, Target::Field(field) | Target::Static(field)) =
                    (&statement.op, target)
                else {
                    continue;
                };
                let own = to.path.is_empty() || matches!(to.base, Base::Local(base) if self.is_this(body, base));
                if !own || self.program.variable(*field).is_final {
                    continue;
                }
                let Some(class) = self.made(function, *value).filter(|class| !self.has_finalizer(*class)) else {
                    continue;
                };
                let Some((owned, dispose)) = self.owned(class) else { continue };
                let site = (BlockId(at as u32), index);
                let setter = Setter { program: self.program, models: self.models, keeper: Keeper::Variable(*field) };
                if setter.looks_at(function, Some(site), 0)
                    || self.hands_on(function, *field, *value)
                    || setters::is_latched(self.program, function)
                    || self.registers_itself(class, dispose)
                    || !setter.is_called_again(function)
                {
                    continue;
                }
                found.push(self.violation(function, *field, class, dispose, owned, statement.span));
            }
        }
        found
    }

    fn violation(
        &self,
        function: FuncRef,
        field: VarRef,
        class: ClassRef,
        dispose: FuncRef,
        owned: &Owned,
        span: crate::source::Span,
    ) -> Violation {
        let body = self.program.function(function);
        let file = self.program.units[function.unit as usize].file;
        let at = Location { file, span: span.absolute_from(body.base) };
        let owner = self.program.variable(field).name.clone();
        let mut trace = owned.steps.clone();
        trace.push(Step { kind: StepKind::Overwritten { owner: owner.clone() }, location: at });
        let kind = ViolationKind::ReplacedObject {
            subject: owned.subject.clone(),
            class: self.program.class(class).name.clone(),
            owner,
            setter: body.name.clone(),
            dispose: self.program.function(dispose).name.clone(),
        };
        Violation { kind, function, at, trace, targets: owned.targets, confidence: Confidence::Medium }
    }

    fn is_this(&self, body: &Function, local: LocalId) -> bool {
        body.locals.get(local.index()).is_some_and(|local| local.kind == crate::ir::LocalKind::This)
    }

    /// The class of the object that a local holds, where a call of a constructor is all that gives it one.
    fn made(&self, function: FuncRef, local: LocalId) -> Option<ClassRef> {
        let mut made =
            self.program.operations(function).filter(|(statement, _)| crate::ir::written(&statement.op) == Some(local));
        let (statement, target) = made.next()?;
        if made.next().is_some() || !matches!(statement.op, Op::Call(_)) {
            return None;
        }
        match target {
            Target::DefaultConstructor(class) => Some(*class),
            Target::Functions(functions) => {
                let [only] = functions.candidates.as_slice() else { return None };
                let constructor = self.program.function(*only);
                (constructor.kind == FunctionKind::Constructor).then_some(())?;
                Some(ClassRef { unit: only.unit, class: constructor.class? })
            }
            _ => None,
        }
    }

    /// What objects of a class own, and the method that ends them.
    fn owned(&self, class: ClassRef) -> Option<(&'a Owned, FuncRef)> {
        let dispose = dispose_of(self.program, self.models, class)?;
        let fields = (0..self.program.class(class).fields.len() as u32)
            .map(|index| VarRef { unit: class.unit, class: Some(class.class), index })
            .filter(|field| !self.program.variable(*field).is_static);
        let matters = |owned: &&Owned| {
            let family = self.models.family(owned.subject.family);
            let kind = matches!(family.kind, FamilyKind::Memory | FamilyKind::Handle | FamilyKind::Refcount);
            kind && !family.kept && !family.callback
        };
        let owned = fields.flat_map(|field| self.fields.owned(self.program, field)).filter(matters);
        Some((owned.min_by_key(|owned| owned.at)?, dispose))
    }

    /// Whether making an object of a class may register it with a finalizer.
    fn has_finalizer(&self, class: ClassRef) -> bool {
        let later = |summary: &Summary| {
            let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
            effects.any(|effect| matches!(effect.kind, EffectKind::ReleaseLater { .. }))
        };
        let registers = |member: &FunctionId| {
            let member = FuncRef { unit: class.unit, function: *member };
            let targets = self.program.resolved(member).targets.iter().flatten();
            self.program.function(member).kind == FunctionKind::Constructor
                && targets.into_iter().any(|target| match target {
                    Target::Model(model) => later(&self.models.function(*model).summary),
                    Target::Functions(functions) => functions
                        .candidates
                        .iter()
                        .any(|callee| self.summaries.get(*callee).is_none_or(|summary| later(&summary))),
                    _ => false,
                })
        };
        self.program.class(class).members.iter().any(registers)
    }

    /// Whether a constructor hands the new object itself, or the method that ends it, to somebody else: a list of all that
    /// there are, who listens.
    fn registers_itself(&self, class: ClassRef, dispose: FuncRef) -> bool {
        self.program.ancestors(class).into_iter().any(|class| {
            self.program.class(class).members.iter().any(|member| {
                let member = FuncRef { unit: class.unit, function: *member };
                let constructs = self.program.function(member).kind == FunctionKind::Constructor;
                constructs && self.gives_itself(member, dispose, 0)
            })
        })
    }

    fn gives_itself(&self, function: FuncRef, dispose: FuncRef, depth: u32) -> bool {
        let body = self.program.function(function);
        let is_this = |operand: &Operand| matches!(operand, Operand::Local(local) if self.is_this(body, *local));
        self.program.operations(function).any(|(statement, target)| {
            let ends = match target.called() {
                Target::Functions(functions) => functions.candidates.contains(&dispose),
                Target::TearOff(other) => *other == dispose,
                _ => false,
            };
            ends || match &statement.op {
                Op::Closure { body, .. } => {
                    let inner = FuncRef { unit: function.unit, function: *body };
                    depth < MAX_CLOSURES && self.gives_itself(inner, dispose, depth + 1)
                }
                Op::Call(call) => call.args.iter().any(|arg| is_this(&arg.value)),
                Op::Load { .. } => false,
                op => {
                    let mut given = false;
                    visit_operands(op, &mut |operand| given |= is_this(operand));
                    given
                }
            }
        })
    }

    /// Whether a function passes what it puts into a field on: somebody else may release that.
    fn hands_on(&self, function: FuncRef, field: VarRef, value: LocalId) -> bool {
        let each = || self.program.operations(function);
        let mut holds = vec![value];
        for (statement, target) in each() {
            if let (Op::Load { to, .. }, Target::Field(read) | Target::Static(read)) = (&statement.op, target)
                && *read == field
            {
                holds.push(*to);
            }
        }
        let is_it = |operand: &Operand| matches!(operand, Operand::Local(local) if holds.contains(local));
        each().any(|(statement, target)| match &statement.op {
            Op::Store { .. } if *target == Target::Field(field) || *target == Target::Static(field) => false,
            Op::Call(call) => {
                let receives = matches!(&call.callee, Callee::Value(value) if is_it(value));
                receives || call.args.iter().any(|arg| is_it(&arg.value))
            }
            Op::Load { .. } => false,
            op => {
                let mut given = false;
                visit_operands(op, &mut |operand| given |= is_it(operand));
                given
            }
        })
    }
}
