//! What a new object of a class has before anybody touches it: memory that the initialisers of its fields allocate.
//!
//! Initialisers run with every constructor that does not redirect, before its body, and those of superclasses, too:
//! <https://dart.dev/language/constructors#instance-variable-initialization>.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Run};
use super::path::Path;
use crate::ir::{Callee, ClassKind, Function, FunctionKind, Op};
use crate::link::{ClassRef, FuncRef, Functions, VarRef};
use crate::summary::{
    AccessPath, Basis, Effect, EffectKind, Made, Outcome, Ownership, ResultContract, Root, Step, Summary, Throws,
};
use crate::target::TargetSet;

/// How many superclasses are looked at.
const MAX_SUPERTYPES: u32 = 8;

/// What a new object has.
#[derive(Default)]
pub(super) struct Construction {
    pub(super) effects: Vec<Effect>,
    pub(super) made: Vec<Made>,
}

impl Engine<'_> {
    /// What the analysed function gives the object that it makes without saying so, if it is a constructor.
    pub(super) fn implied(&self) -> Construction {
        let function = self.program.function(self.root);
        let class = function.class.map(|class| ClassRef { unit: self.root.unit, class });
        let mut found = Construction::default();
        if let Some(class) = class.filter(|_| self.constructs() && !redirects(function)) {
            self.initialised(class, &mut found);
            if !calls(function, |callee| matches!(callee, Callee::SuperConstructor(_))) {
                self.inherited(class, &mut found, 0);
            }
        }
        found
    }

    /// Calls the constructor that a class has without writing one. Whether its objects have anything.
    pub(super) fn construct(
        &mut self,
        run: &mut Run,
        class: ClassRef,
        calling: &Calling,
        path: &Path,
        out: &mut Vec<Path>,
    ) -> bool {
        let declared = self.program.class(class);
        if declared.kind != ClassKind::Class || self.is_native(calling.site.frame) || calling.receiver.is_some() {
            return false;
        }
        let mut found = Construction::default();
        self.initialised(class, &mut found);
        self.inherited(class, &mut found, 0);
        if found.effects.is_empty() {
            return false;
        }
        let (mut calling, mut path) = (calling.clone(), path.clone());
        let object = self.instance(&calling, &mut path, Some(class));
        self.classes.extend(object.object().map(|id| (id.origin, class)));
        calling.receiver = Some(ArgValue { name: None, value: object.clone(), ty: None });
        let outcome = Outcome {
            guard: crate::summary::Guard::Always,
            targets: TargetSet::ALL,
            effects: found.effects,
            result: ResultContract::UNKNOWN,
        };
        let summary = Summary {
            outcomes: smallvec::smallvec![outcome],
            throws: Throws::Possibly,
            throws_when: None,
            runs: Vec::new(),
            basis: Basis::Body,
            made: found.made,
            ended: Vec::new(),
            read: Vec::new(),
            always_reads: false,
        };
        let (before, result, frame) = (out.len(), calling.result, calling.site.frame);
        self.apply_summary(run, &summary, calling, path, out);
        if let Some(result) = result {
            out[before..].iter_mut().for_each(|path| self.assign(frame, path, result, object.clone()));
        }
        true
    }

    /// What the initialisers of a class's own fields allocate, where nothing writes the field afterwards.
    fn initialised(&self, class: ClassRef, found: &mut Construction) {
        for (index, field) in (0_u32..).zip(&self.program.class(class).fields) {
            let variable = VarRef { unit: class.unit, class: Some(class.class), index };
            let Some(initializer) = self.program.initializer(variable).filter(|_| !field.is_static && !field.is_late)
            else {
                continue;
            };
            let Some(contract) = self.contract(initializer) else { continue };
            let [outcome] = contract.outcomes.as_slice() else { continue };
            let owned = matches!(outcome.result.ownership, Ownership::Owned(_)) && !outcome.result.nullable;
            if !owned || self.summaries.written(self.program).has(self.program, variable) {
                continue;
            }
            let on = AccessPath { root: Root::This, steps: [Step::Field(field.name.clone())].into_iter().collect() };
            let root = AccessPath::root(Root::Result);
            let made = contract.made.iter().filter(|made| made.what == root);
            found.made.extend(made.map(|made| Made { what: on.clone(), ..made.clone() }));
            found.effects.push(Effect { on, kind: EffectKind::Fill(outcome.result.clone()) });
        }
    }

    /// What the constructors of superclasses and mixins give that are called without being named.
    fn inherited(&self, class: ClassRef, found: &mut Construction, depth: u32) {
        for base in self.program.bases(class) {
            if depth >= MAX_SUPERTYPES {
                return;
            }
            match self.unnamed_constructor(base) {
                Some(constructor) => {
                    let Some(contract) = self.contract(constructor) else { continue };
                    let [outcome] = contract.outcomes.as_slice() else { continue };
                    let of_this = |at: &AccessPath| at.root == Root::This && at.steps.len() == 1;
                    let fills = |effect: &&Effect| matches!(effect.kind, EffectKind::Fill(_)) && of_this(&effect.on);
                    found.effects.extend(outcome.effects.iter().filter(fills).cloned());
                    found.made.extend(contract.made.iter().filter(|made| of_this(&made.what)).cloned());
                }
                None => {
                    self.initialised(base, found);
                    self.inherited(base, found, depth + 1);
                }
            }
        }
    }

    fn unnamed_constructor(&self, class: ClassRef) -> Option<FuncRef> {
        let unit = &self.program.units[class.unit as usize];
        let declared = self.program.class(class);
        let members = declared.members.iter().copied();
        let mut constructors = members.filter(|member| {
            let function = unit.function(*member);
            function.kind == FunctionKind::Constructor && (function.name.is_empty() || function.name == declared.name)
        });
        constructors.next().map(|function| FuncRef { unit: class.unit, function })
    }

    /// The functions that a call of an object's member runs, where its class is known for certain: not those of other
    /// classes that are used in its place elsewhere.
    pub(super) fn of_exact_class(&self, functions: &Functions, calling: &Calling) -> Option<Functions> {
        if functions.candidates.len() < 2 && functions.complete {
            return None;
        }
        let receiver = calling.receiver.as_ref()?.value.object().filter(|id| self.is_instance(*id))?;
        let mut open = vec![*self.classes.get(&receiver.origin)?];
        for _ in 0..MAX_SUPERTYPES {
            let class = open.pop()?;
            let own = functions.candidates.iter().find(|candidate| {
                candidate.unit == class.unit && self.program.function(**candidate).class == Some(class.class)
            });
            if let Some(own) = own {
                let candidates = smallvec::smallvec![*own];
                return Some(Functions { candidates, complete: true, ..functions.clone() });
            }
            open.extend(self.program.bases(class).rev());
        }
        None
    }
}

/// Whether a constructor leaves it to another one of its class to make the object.
pub(super) fn redirects(function: &Function) -> bool {
    calls(function, |callee| matches!(callee, Callee::ThisConstructor(_)))
}

/// Whether a function calls something of that kind.
fn calls(function: &Function, is_it: impl Fn(&Callee) -> bool) -> bool {
    let mut ops = function.blocks.iter().flat_map(|block| &block.ops);
    ops.any(|statement| matches!(&statement.op, Op::Call(call) if is_it(&call.callee)))
}
