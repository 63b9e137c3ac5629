//! Classes: their members by name, what they inherit from, and who may override a member.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::env::Env;
use super::{ClassRef, FuncRef, Functions, Ty, VarRef};
use crate::ir::{Class, ClassKind, Function, FunctionId, FunctionKind, Name, Unit};

/// A class as member lookups need it.
#[derive(Debug, Default)]
pub(super) struct ClassInfo {
    /// Instance and static members by name: fields, getters, methods, operators.
    pub(super) members: FxHashMap<Name, ClassMember>,
    /// Setters, by name without `=`.
    pub(super) setters: FxHashMap<Name, FunctionId>,
    /// Constructors; the unnamed one's name is empty.
    pub(super) constructors: FxHashMap<Name, FunctionId>,
    /// Mixins from the last, the superclass, then interfaces. For an extension: nothing.
    pub(super) supers: Vec<Ty>,
    /// How many of `supers` bring bodies with them: the mixins and the superclass.
    pub(super) with_bodies: usize,
    /// For an extension: the type it extends.
    pub(super) on: Option<Ty>,
    /// Classes that extend, implement or mix in this one.
    pub(super) subtypes: Vec<ClassRef>,
}

/// What a name is in a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassMember {
    /// A field, by its place.
    Field(u32),
    /// A method, getter or operator.
    Function(FunctionId),
}

impl ClassInfo {
    /// The members of a class; supertypes come when all names are known.
    pub(super) fn new(unit: &Unit, class: &Class) -> Self {
        let mut info = Self::default();
        for (at, field) in class.fields.iter().enumerate() {
            info.members.entry(field.name.clone()).or_insert(ClassMember::Field(at as u32));
        }
        for &id in &class.members {
            let Some(function) = unit.functions.get(id.index()) else { continue };
            let name = function.name.clone();
            match function.kind {
                FunctionKind::Setter => {
                    info.setters.entry(name).or_insert(id);
                }
                FunctionKind::Constructor | FunctionKind::Factory => {
                    info.constructors.entry(name).or_insert(id);
                }
                FunctionKind::Function | FunctionKind::Getter | FunctionKind::Operator | FunctionKind::Destructor => {
                    info.members.entry(name).or_insert(ClassMember::Function(id));
                }
                FunctionKind::Closure | FunctionKind::Initializer => {}
            }
        }
        info
    }
}

/// More functions than this behind one call say nothing about any of them.
const MAX_CANDIDATES: usize = 24;

/// Subtypes that are looked at for one call.
const MAX_SUBTYPES: usize = 512;

/// Supertypes that are walked for one lookup; more than any real class has.
pub(super) const MAX_SUPERTYPES: usize = 128;

impl<'a> Env<'a> {
    /// The functions that a call of an instance member on a class may reach; `found` is the declaration that a lookup
    /// finds. `None` when none of them has a body, or there are too many.
    pub(super) fn overridden(&self, class: ClassRef, found: FuncRef, setter: bool) -> Option<Functions> {
        let name = &self.function(found).name;
        let mut candidates: SmallVec<[FuncRef; 1]> = SmallVec::new();
        let has_body = |function: FuncRef| !is_abstract(self.function(function));
        match self.implementation(class, name, setter) {
            Some(function) if has_body(function) => candidates.push(function),
            _ if has_body(found) => candidates.push(found),
            _ => {}
        }
        let owner = self.class(class);
        let fixed = matches!(owner.kind, ClassKind::Extension | ClassKind::ExtensionType);
        if !fixed {
            for subtype in self.all_subtypes(class)? {
                if let Some(function) = self.implementation(subtype, name, setter)
                    && has_body(function)
                    && !candidates.contains(&function)
                {
                    candidates.push(function);
                    if candidates.len() > MAX_CANDIDATES {
                        return None;
                    }
                }
            }
        }
        if candidates.is_empty() {
            return None;
        }
        candidates.sort_unstable();
        let closed = fixed || owner.kind == ClassKind::Enum || owner.name.starts_with('_') || name.starts_with('_');
        let model = self.model_of_member(found);
        Some(Functions { candidates, complete: closed, implicit_this: false, model })
    }

    /// The body that an object of exactly this class runs.
    pub(super) fn implementation(&self, class: ClassRef, name: &Name, setter: bool) -> Option<FuncRef> {
        let mut stack: SmallVec<[ClassRef; 8]> = SmallVec::from_slice(&[class]);
        let mut left = MAX_SUPERTYPES;
        while let Some(class) = stack.pop() {
            left = left.checked_sub(1)?;
            let info = self.info(class);
            let own = if setter {
                info.setters.get(name).copied()
            } else {
                match info.members.get(name) {
                    Some(ClassMember::Function(function)) => Some(*function),
                    // A field in the way: no function runs.
                    Some(ClassMember::Field(_)) => return None,
                    None => None,
                }
            };
            if let Some(function) = own {
                let function = FuncRef { unit: class.unit, function };
                if !is_abstract(self.function(function)) {
                    return Some(function);
                }
            }
            for ty in info.supers.iter().take(info.with_bodies).rev() {
                if let Ty::Class(class, _) = ty {
                    stack.push(*class);
                }
            }
        }
        None
    }

    /// Every subtype of a class, without itself; `None` when there are too many.
    fn all_subtypes(&self, class: ClassRef) -> Option<Vec<ClassRef>> {
        let mut seen: FxHashSet<ClassRef> = FxHashSet::default();
        seen.insert(class);
        let mut all = Vec::new();
        let mut stack = vec![class];
        while let Some(class) = stack.pop() {
            for &subtype in &self.info(class).subtypes {
                if seen.insert(subtype) {
                    all.push(subtype);
                    stack.push(subtype);
                }
            }
            if all.len() > MAX_SUBTYPES {
                return None;
            }
        }
        Some(all)
    }

    /// The type as a type of the class `wanted`, whose arguments it names: itself or a supertype.
    pub(super) fn as_class(&self, ty: &Ty, wanted: &Ty) -> Option<Ty> {
        let fits = |ty: &Ty| match (ty, wanted) {
            (Ty::Class(a, _), Ty::Class(b, _)) => a == b,
            (Ty::Model(a, _), Ty::Model(b, _)) => a == b,
            (Ty::Sdk(a, _), Ty::Sdk(b, _)) => a == b || (b == "Iterable" && (a == "List" || a == "Set")),
            (Ty::External(a), Ty::External(b)) => a == b,
            _ => false,
        };
        let mut stack = vec![ty.value_type().clone()];
        let mut left = MAX_SUPERTYPES;
        while let Some(ty) = stack.pop() {
            left = left.checked_sub(1)?;
            if fits(&ty) {
                return Some(ty);
            }
            stack.extend(self.direct_supertypes(&ty).into_iter().rev());
        }
        None
    }

    /// The type of values that may be either.
    pub(super) fn joined(&self, a: &Ty, b: &Ty) -> Ty {
        match super::types::join(a, b) {
            Ty::Unknown if matches!(a, Ty::Class(..) | Ty::Model(..)) && matches!(b, Ty::Class(..) | Ty::Model(..)) => {
                self.as_class(a, b).or_else(|| self.as_class(b, a)).unwrap_or_default()
            }
            joined => joined,
        }
    }

    /// The model of a function of the program that lies in a package which a pack describes.
    pub(super) fn model_of_member(&self, function: FuncRef) -> Option<crate::models::ModelId> {
        use crate::models::Item;
        use crate::models::schema::MemberKind;

        let pack = self.packs[function.unit as usize]?;
        let versions = &*self.versions[function.unit as usize];
        let declared = self.function(function);
        let kind = match declared.kind {
            FunctionKind::Getter => MemberKind::Getter,
            FunctionKind::Setter => MemberKind::Setter,
            _ => MemberKind::Function,
        };
        let Some(class) = declared.class else {
            return match self.models.lookup(pack, &declared.name, versions)? {
                Item::Function(id) => Some(id),
                _ => None,
            };
        };
        let class = &self.units[function.unit as usize].classes.get(class.index())?.name;
        let ty = self.models.type_named(pack, class, versions)?;
        let is_constructor = matches!(declared.kind, FunctionKind::Constructor | FunctionKind::Factory);
        let name = if is_constructor && declared.name.is_empty() { "new" } else { declared.name.as_str() };
        self.models.member(ty, name, kind, versions)
    }

    /// A function without overriding: static, outside classes, a constructor, of an extension.
    pub(super) fn exactly(&self, function: FuncRef) -> Functions {
        let candidates = SmallVec::from_elem(function, 1);
        Functions { candidates, complete: true, implicit_this: false, model: self.model_of_member(function) }
    }

    /// A field of a class.
    pub(super) fn field(&self, class: ClassRef, index: u32) -> VarRef {
        VarRef { unit: class.unit, class: Some(class.class), index }
    }
}

/// Whether a member has no body to run: abstract, or external and not bound.
pub(super) fn is_abstract(function: &Function) -> bool {
    function.is_external
}
