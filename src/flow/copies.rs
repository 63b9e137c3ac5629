//! Values that own by their type, C++ ones that are copied where they are passed or assigned, and what a body that is not here does with addresses.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Origin, OriginKey, Role, Site};
use super::path::{Object, Path};
use super::value::{Offset, Value};
use crate::ir::{Base, CopyKind, LocalId, LocalKind, Name, Op, Operand, Place, Projection};
use crate::language::Language;
use crate::link::{Target, Ty, VarRef};
use crate::models::hints::Hint;
use crate::models::schema::{FamilyKind, MemberKind};
use crate::state::Ownership;
use crate::summary::{AccessPath, Basis, Effect, EffectKind, FamilyId, Root};
use crate::target::TargetSet;
use crate::violation::{Owner, Step, StepKind};

impl Engine<'_> {
    /// Whether a value of that type is a copy wherever it is passed or assigned: a string, a vector.
    pub(super) fn is_copied(&self, frame: u32, ty: &Ty) -> bool {
        self.copied_family(frame, ty).is_some()
    }

    /// The family of the memory that each copy of a value of that type owns, or of the object that copies share.
    fn copied_family(&self, frame: u32, ty: &Ty) -> Option<FamilyId> {
        let Ty::Model(class, _) = ty else { return None };
        let drop = self.models.member(*class, "drop", MemberKind::Function, self.versions)?;
        let summary = self.is_cpp(frame).then(|| &self.models.function(drop).summary)?;
        summary.outcomes.iter().flat_map(|outcome| &outcome.effects).find_map(|effect| match effect.kind {
            EffectKind::Drop(family) if self.models.family(family).copied => Some(family),
            _ => None,
        })
    }

    /// The family of the memory that each value of that type owns alone, copies too.
    pub(super) fn owning_family(&self, frame: u32, ty: &Ty) -> Option<FamilyId> {
        self.copied_family(frame, ty).filter(|family| self.models.family(*family).kind == FamilyKind::Memory)
    }

    /// What a variable holds that is assigned: a value of its own, where its type says so and what is assigned is not
    /// such a value already that nothing else leads to.
    pub(super) fn assigned(&mut self, site: Site, path: &mut Path, to: LocalId, from: &Operand, value: Value) -> Value {
        let local = &self.function(site.frame).locals[to.index()];
        if local.name.is_empty() || local.kind != LocalKind::Variable {
            return value;
        }
        if local.ty.is_some()
            && let Some(ty) = self.resolved(site.frame).types.get(to.index()).cloned()
            && let Some(family) = self.owned_by_type(site.frame, &ty, &value)
        {
            return self.own_value(site, path, family, self.class_name(&ty));
        }
        let by = local.ty.as_ref().map(|ty| ty.name.clone());
        let Some(ty) = self.resolved(site.frame).types.get(to.index()).cloned() else { return value };
        let Some(family) = self.copied_family(site.frame, &ty) else { return value };
        if self.is_fresh(site, from, &ty) {
            return value;
        }
        if self.models.family(family).kind != FamilyKind::Memory {
            self.escape(path, &value);
            return self.fresh(path, site, Role::Result);
        }
        let by = by.filter(|name| name != "auto").unwrap_or_else(|| self.class_name(&ty));
        self.own_value(site, path, family, by)
    }

    /// Whether an operand is a value of that type which a call has just given, or which was moved out of its variable.
    fn is_fresh(&self, site: Site, from: &Operand, ty: &Ty) -> bool {
        let Operand::Local(local) = from else { return false };
        let function = self.function(site.frame);
        let is_temporary = function.locals.get(local.index()).is_some_and(|local| local.name.is_empty());
        if !is_temporary || self.resolved(site.frame).types.get(local.index()) != Some(ty) {
            return false;
        }
        let ops = function.blocks.get(site.block.index()).map_or(&[][..], |block| &block.ops);
        let made = ops.iter().take(site.op as usize).rev().find(|op| crate::ir::written(&op.op) == Some(*local));
        matches!(made.map(|made| &made.op), Some(Op::Call(_) | Op::Copy { kind: CopyKind::Move, .. }))
    }

    /// What a function of C++ or Rust gives back by value.
    pub(super) fn given_by_value(&mut self, site: Site, path: &mut Path, ty: &Ty, value: Value, by: Name) -> Value {
        // A function of Rust whose written result owns: `fn work() -> Vec<u8>`.
        let owned = self.owned_by_type(site.frame, ty, &value);
        let Some(family) = owned.or_else(|| self.owning_family(site.frame, ty)) else { return value };
        match value.object().map(|id| path.ownership(id)) {
            Some(Ownership::Managed) => value,
            _ => self.own_value(site, path, family, by),
        }
    }

    /// What a value of Rust of which nothing else is known owns by its written type: `let v: Vec<u8> = it.collect()`.
    pub(super) fn owned_by_type(&self, frame: u32, ty: &Ty, value: &Value) -> Option<FamilyId> {
        let Value::Symbol(symbol) = value else { return None };
        let unit = self.frames.get(frame as usize)?.function.unit;
        let is_rust = self.program.units[unit as usize].language == Language::Rust;
        let known = self.inside.contains_key(symbol) || self.wrapped.contains_key(symbol);
        let Ty::Model(class, _) = ty else { return None };
        if !is_rust || known || self.parameters.contains(symbol) {
            return None;
        }
        let drop = self.models.member(*class, "drop", MemberKind::Function, self.versions)?;
        let mut effects = self.models.function(drop).summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.find_map(|effect| match effect.kind {
            EffectKind::Drop(family) => Some(family),
            _ => None,
        })
    }

    /// A value that owns memory of its own until its scope ends.
    fn own_value(&mut self, site: Site, path: &mut Path, family: FamilyId, by: Name) -> Value {
        let location = self.at;
        let key = OriginKey::Site(site, Role::Copied);
        let origin = self.origin(key, |_| Origin {
            by: by.clone(),
            made_by: by.clone(),
            location,
            basis: Basis::DocsRead,
            family: Some(family),
            owner: Owner::Library,
            targets: TargetSet::ALL,
            leak_matters: false,
            part_of: None,
            sometimes: false,
        });
        let made = Step { kind: StepKind::Allocated { by, family }, location };
        Value::Pointer(self.allocate(path, origin, Object::new(Ownership::Managed, made)), Offset::Start)
    }

    pub(super) fn class_name(&self, ty: &Ty) -> Name {
        match ty {
            Ty::Model(class, _) => self.models.ty(*class).name.clone(),
            _ => Name::default(),
        }
    }

    /// Whether a place holds a value that what is stored there is copied into.
    pub(super) fn stores_copy(&self, frame: u32, to: &Place, target: &Target) -> bool {
        let ty = match (target, &to.base) {
            (Target::Field(field) | Target::Static(field), _) if to.path.is_empty() => {
                Some(self.program.variable_type(*field))
            }
            (Target::Memory, Base::Local(local)) => self.member_type(frame, *local, &to.path),
            _ => None,
        };
        ty.is_some_and(|ty| self.owning_family(frame, ty).is_some())
    }

    /// The type of a field below what a local leads to.
    fn member_type(&self, frame: u32, base: LocalId, steps: &[Projection]) -> Option<&Ty> {
        let [Projection::Field(name)] = steps else { return None };
        let class = match self.resolved(frame).types.get(base.index())? {
            Ty::Class(class, _) => *class,
            Ty::Pointer(to) => match **to {
                Ty::Class(class, _) => class,
                _ => return None,
            },
            _ => return None,
        };
        let index = self.program.class(class).fields.iter().position(|field| field.name == *name)?;
        let field = VarRef { unit: class.unit, class: Some(class.class), index: u32::try_from(index).ok()? };
        Some(self.program.variable_type(field))
    }

    /// What a call does to the fields of what its caller was given is done to what the caller's caller sees.
    pub(super) fn read_given(&mut self, path: &mut Path, calling: &Calling, effect: &Effect) -> Option<Value> {
        let ends = matches!(
            effect.kind,
            EffectKind::Release(_) | EffectKind::MayRelease(_) | EffectKind::Take | EffectKind::Escape
        );
        let root = calling.root(&effect.on)?.value.object().filter(|_| ends && !effect.on.steps.is_empty())?;
        path.objects.get(&root)?.path.as_ref()?;
        // Whatever the call gives.
        let calling = &Calling { result: None, ..calling.clone() };
        let mut value = None;
        for steps in 1..=effect.on.steps.len() {
            let steps = effect.on.steps.iter().take(steps).cloned().collect();
            value = self.read_at(path, calling, &AccessPath { root: effect.on.root.clone(), steps });
        }
        value
    }

    /// Whether a function of which nothing is known only reads what an argument leads to: a text or numbers that the
    /// caller's caller gave. What is not handed to a collection is taken to be copied, as from a library.
    pub(super) fn is_read_only(&self, path: &Path, calling: &Calling, arg: &ArgValue) -> bool {
        let object = arg.value.object().and_then(|id| path.objects.get(&id)).filter(|object| !object.story.passed_on);
        let given = object.and_then(|object| object.path.as_ref());
        let given = given.is_some_and(|at| at.steps.is_empty() && matches!(at.root, Root::Param(_)));
        let plain = matches!(&arg.ty, Some(Ty::Pointer(to)) if matches!(**to, Ty::Scalar));
        let name = calling.name.rsplit(['.', ':']).next().unwrap_or_default();
        let keeps = [Hint::PutsIn, Hint::Keeps].into_iter().any(|hint| self.models.hints().says(hint, name));
        self.is_native(calling.site.frame) && given && plain && !keeps
    }
}
