//! Classes of the program that are allocators: which of their bodies allocate.

use rustc_hash::FxHashMap;

use super::classes::{ClassMember, MAX_SUPERTYPES};
use super::env::Env;
use super::{ClassRef, FuncRef, Ty};
use crate::ir::{ClassId, Name};
use crate::models::TypeId;
use crate::models::schema::MemberKind;
use crate::summary::{FamilyRef, Ownership, Root};

impl Env<'_> {
    /// For each class that is an allocator: the bodies that run when something allocates with it, subclasses included.
    pub(super) fn allocations(&self) -> FxHashMap<ClassRef, Vec<FuncRef>> {
        let mut all = FxHashMap::default();
        for (unit, infos) in self.classes.iter().enumerate() {
            for (at, info) in infos.iter().enumerate() {
                let class = ClassRef { unit: unit as u32, class: ClassId(at as u32) };
                if info.supers.is_empty() {
                    continue;
                }
                let bodies = self.allocations_of(class);
                if !bodies.is_empty() {
                    all.insert(class, bodies);
                }
            }
        }
        all
    }

    fn allocations_of(&self, class: ClassRef) -> Vec<FuncRef> {
        let mut models: Vec<TypeId> = Vec::new();
        let mut own: Vec<(Name, FuncRef)> = Vec::new();
        let mut stack = vec![class];
        let mut left = MAX_SUPERTYPES;
        while let Some(class) = stack.pop() {
            let Some(fewer) = left.checked_sub(1) else { break };
            left = fewer;
            let info = self.info(class);
            own.extend(info.members.iter().filter_map(|(name, member)| match member {
                ClassMember::Function(function) => {
                    Some((name.clone(), FuncRef { unit: class.unit, function: *function }))
                }
                ClassMember::Field(_) => None,
            }));
            for ty in &info.supers {
                match ty {
                    Ty::Class(class, _) => stack.push(*class),
                    Ty::Model(ty, _) => models.push(*ty),
                    _ => {}
                }
            }
        }
        if models.is_empty() {
            return Vec::new();
        }
        let versions = &*self.versions[class.unit as usize];
        own.retain(|(name, _)| {
            models.iter().filter_map(|ty| self.models.member(*ty, name, MemberKind::Function, versions)).any(|model| {
                self.models.function(model).summary.outcomes.iter().any(|outcome| {
                    matches!(&outcome.result.ownership, Ownership::Owned(FamilyRef::Allocator(at, _))
                        if at.root == Root::This && at.steps.is_empty())
                })
            })
        });
        own.sort_by_key(|(_, function)| *function);
        let mut bodies: Vec<FuncRef> = own
            .iter()
            .filter_map(|(_, found)| self.overridden(class, *found, false))
            .flat_map(|functions| functions.candidates.to_vec())
            .collect();
        bodies.sort_unstable();
        bodies.dedup();
        bodies
    }
}
