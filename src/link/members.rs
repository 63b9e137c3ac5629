//! Members of values: declared, inherited, by extension.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use super::classes::{ClassMember, MAX_SUPERTYPES};
use super::env::Env;
use super::scope::Scope;
use super::types::{self, Bindings, MAX_DEPTH};
use super::{ClassRef, FuncRef, Ty, VarRef};
use crate::ir::{ClassKind, Name};
use crate::models::schema::MemberKind;
use crate::models::{Item, ModelId, TypeId, Versions};

/// What is wanted of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Call,
    Write,
}

/// What a member is.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// A field.
    Field(VarRef),
    /// A method, accessor or operator, found for a receiver of that class.
    Method(FuncRef, ClassRef),
    /// A member of an extension.
    Extension(FuncRef),
    /// A modelled member.
    Model(ModelId),
}

/// A member, and what the type parameters of the class that declares it stand for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) member: Member,
    pub(super) bindings: Bindings,
}

impl Scope<'_> {
    /// A member of a value of the type.
    pub(super) fn instance_member(&self, receiver: &Ty, name: &Name, access: Access) -> Option<Found> {
        let inherited = self.inherited(receiver, name, access).or_else(|| self.object_member(receiver, name, access));
        match &inherited {
            // A class's own member hides an extension's: whoever writes one has a version of the class without it.
            Some(Found { member: Member::Model(_), .. }) => self
                .extension_member(receiver, name, access)
                .filter(|extension| matches!(extension.member, Member::Extension(_)))
                .or(inherited),
            Some(_) => inherited,
            None => self.extension_member(receiver, name, access),
        }
    }

    /// A member that every value has.
    fn object_member(&self, receiver: &Ty, name: &Name, access: Access) -> Option<Found> {
        if matches!(receiver, Ty::Prefix(_) | Ty::PackPrefix(_) | Ty::ClassName(_) | Ty::ModelName(_) | Ty::SdkName(_))
        {
            return None;
        }
        let object = self.env.core_class("Object", self.versions)?;
        let id = self.model_member(object, name, access)?;
        Some(Found { member: Member::Model(id), bindings: Bindings::new() })
    }

    /// A member that the type or one of its supertypes declares.
    pub(super) fn inherited(&self, receiver: &Ty, name: &Name, access: Access) -> Option<Found> {
        let receiver = receiver.value_type();
        let mut stack: SmallVec<[Cow<'_, Ty>; 4]> = smallvec![Cow::Borrowed(receiver)];
        let mut left = MAX_SUPERTYPES;
        let mut first: Option<ClassRef> = None;
        while let Some(ty) = stack.pop() {
            left = left.checked_sub(1)?;
            if let Ty::Class(class, args) = &*ty {
                let receiver_class = *first.get_or_insert(*class);
                if let Some(member) = self.own(*class, name, access, false) {
                    let member = match member {
                        OwnMember::Field(field) => Member::Field(field),
                        OwnMember::Function(function) => Member::Method(function, receiver_class),
                    };
                    return Some(Found { member, bindings: types::bind(&self.env.class(*class).type_params, args) });
                }
            } else if let Some((class, args)) = self.env.described(&ty, self.versions)
                && let Some(id) = self.model_member(class, name, access)
            {
                let bindings = types::bind(&self.env.models.ty(class).params, args);
                return Some(Found { member: Member::Model(id), bindings });
            }
            stack.extend(self.env.direct_supertypes(&ty).into_iter().rev().map(Cow::Owned));
        }
        None
    }

    /// A member that the class itself declares; private ones only where they are visible.
    pub(super) fn own(&self, class: ClassRef, name: &Name, access: Access, statics: bool) -> Option<OwnMember> {
        if name.starts_with('_') && self.env.libraries.of_unit[class.unit as usize] != self.library {
            return None;
        }
        let info = self.env.info(class);
        let function = |function| FuncRef { unit: class.unit, function };
        if access == Access::Write
            && let Some(&setter) = info.setters.get(name)
            && self.env.function(function(setter)).is_static == statics
        {
            return Some(OwnMember::Function(function(setter)));
        }
        match info.members.get(name)? {
            ClassMember::Field(at) => {
                let field = self.env.field(class, *at);
                (self.env.variable(field).is_static == statics).then_some(OwnMember::Field(field))
            }
            // A method or getter cannot be written.
            ClassMember::Function(_) if access == Access::Write => None,
            ClassMember::Function(id) => {
                let function = function(*id);
                (self.env.function(function).is_static == statics).then_some(OwnMember::Function(function))
            }
        }
    }

    /// A member that a class of a pack declares itself.
    pub(super) fn model_member(&self, class: TypeId, name: &str, access: Access) -> Option<ModelId> {
        kinds(access).iter().find_map(|kind| self.env.models.member(class, name, *kind, self.versions))
    }

    fn extension_member(&self, receiver: &Ty, name: &Name, access: Access) -> Option<Found> {
        let receiver = receiver.value_type();
        if matches!(receiver, Ty::Unknown | Ty::Void | Ty::Parameter(_) | Ty::Prefix(_))
            || matches!(receiver, Ty::ClassName(_) | Ty::ModelName(_) | Ty::SdkName(_))
        {
            return None;
        }
        let mut best: Option<(u32, Found)> = None;
        let mut offer = |score: u32, found: Found| {
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                best = Some((score, found));
            }
        };
        for &extension in self.env.extensions.get(name).into_iter().flatten() {
            if !self.sees_extension(extension) {
                continue;
            }
            let Some(on) = &self.env.info(extension).on else { continue };
            let mut bindings = Bindings::new();
            if let Some(Item::Type(class)) = self.superseding(extension.unit, &self.env.class(extension).name)
                && let Some(id) = self.model_member(class, name, access)
            {
                let info = self.env.models.ty(class);
                let Some(on) = &info.on else { continue };
                let on = self.env.pack_type(info.pack, &[&info.params], on, self.versions);
                if let Some(score) = self.env.matches(&on, receiver, &mut bindings, MAX_DEPTH) {
                    complete(&mut bindings, &info.params);
                    offer(score, Found { member: Member::Model(id), bindings });
                }
                continue;
            }
            let Some(score) = self.env.matches(on, receiver, &mut bindings, MAX_DEPTH) else { continue };
            if let Some(member) = self.own(extension, name, access, false) {
                let member = match member {
                    OwnMember::Field(field) => Member::Field(field),
                    OwnMember::Function(function) => Member::Extension(function),
                };
                complete(&mut bindings, &self.env.class(extension).type_params);
                offer(score, Found { member, bindings });
            }
        }
        let library = &self.env.libraries.list[self.library as usize];
        for share in &library.packs {
            for kind in kinds(access) {
                for (class, id) in self.env.models.extensions_with(share.pack, name, *kind, self.versions) {
                    let info = self.env.models.ty(class);
                    let Some(on) = info.on.as_ref().filter(|_| share.source_of(&info.name).is_some()) else { continue };
                    let on = self.env.pack_type(info.pack, &[&info.params], on, self.versions);
                    let mut bindings = Bindings::new();
                    if let Some(score) = self.env.matches(&on, receiver, &mut bindings, MAX_DEPTH) {
                        complete(&mut bindings, &info.params);
                        offer(score, Found { member: Member::Model(id), bindings });
                    }
                }
            }
        }
        best.map(|(_, found)| found)
    }
}

/// What a class itself declares.
#[derive(Clone, Copy, Debug)]
pub(super) enum OwnMember {
    Field(VarRef),
    Function(FuncRef),
}

fn kinds(access: Access) -> &'static [MemberKind] {
    match access {
        Access::Read => &[MemberKind::Getter, MemberKind::Function],
        Access::Call => &[MemberKind::Function, MemberKind::Getter],
        Access::Write => &[MemberKind::Setter],
    }
}

fn complete(bindings: &mut Bindings, params: &[Name]) {
    for param in params {
        if !bindings.iter().any(|(bound, _)| bound == param) {
            bindings.push((param.clone(), Ty::Unknown));
        }
    }
}

impl Env<'_> {
    /// The class of a pack that describes a type's members, with its arguments.
    pub(super) fn described<'t>(&self, ty: &'t Ty, versions: &Versions) -> Option<(TypeId, &'t [Ty])> {
        match ty {
            Ty::Model(class, args) => Some((*class, args)),
            Ty::Sdk(name, args) => Some((self.core_class(name, versions)?, args)),
            Ty::String => Some((self.core_class("String", versions)?, &[])),
            Ty::Scalar => Some((self.core_class("int", versions)?, &[])),
            _ => None,
        }
    }

    /// The supertypes that a type's declaration names, its arguments filled in.
    pub(super) fn direct_supertypes(&self, ty: &Ty) -> Vec<Ty> {
        match ty {
            Ty::Class(class, args) => {
                let bindings = types::bind(&self.class(*class).type_params, args);
                let supers = self.info(*class).supers.iter();
                supers.map(|ty| types::bounded(types::substitute(ty, &bindings))).collect()
            }
            Ty::Model(class, args) => {
                let info = self.models.ty(*class);
                let bindings = types::bind(&info.params, args);
                let versions = Versions::default();
                let written = info.supertypes.iter();
                let resolved = written.map(|ty| self.pack_type(info.pack, &[&info.params], ty, &versions));
                resolved.map(|ty| types::bounded(types::substitute(&ty, &bindings))).collect()
            }
            Ty::Sdk(name, args) if name == "List" || name == "Set" => vec![Ty::Sdk("Iterable".into(), args.clone())],
            _ => Vec::new(),
        }
    }

    /// How well a value's type fits a pattern with type parameters, which it binds; `None` when it does not.
    pub(super) fn matches(&self, pattern: &Ty, actual: &Ty, bindings: &mut Bindings, depth: usize) -> Option<u32> {
        let depth = depth.checked_sub(1)?;
        let actual = actual.value_type();
        match (pattern, actual) {
            (Ty::Parameter(name), _) => {
                if types::says_something(actual) && !bindings.iter().any(|(bound, _)| bound == name) {
                    bindings.push((name.clone(), actual.clone()));
                }
                Some(0)
            }
            (Ty::Unknown, _) => Some(0),
            (Ty::Scalar, Ty::Scalar) | (Ty::String, Ty::String) | (Ty::Void, Ty::Void) => Some(2),
            (Ty::Class(_, wanted) | Ty::Model(_, wanted) | Ty::Sdk(_, wanted), _) => {
                let found = self.as_class(actual, pattern)?;
                let (Ty::Class(_, args) | Ty::Model(_, args) | Ty::Sdk(_, args)) = &found else { return None };
                let mut score = 2;
                for (at, wanted) in wanted.iter().enumerate() {
                    score += self.argument_matches(wanted, args.get(at).unwrap_or(&Ty::Unknown), bindings, depth)?;
                }
                Some(score)
            }
            (Ty::External(_), _) => self.as_class(actual, pattern).map(|_| 2),
            (Ty::Function(result, params), Ty::Function(given, given_params)) => {
                self.argument_matches(result, given, bindings, depth)?;
                for (param, given) in params.iter().zip(given_params) {
                    self.argument_matches(param, given, bindings, depth)?;
                }
                Some(1)
            }
            (Ty::Function(result, _), Ty::NativeFunction { result: given, .. }) => {
                self.argument_matches(result, given, bindings, depth)?;
                Some(1)
            }
            (Ty::Record(wanted), Ty::Record(given)) if wanted.len() == given.len() => {
                for ((_, wanted), (_, given)) in wanted.iter().zip(given) {
                    self.argument_matches(wanted, given, bindings, depth)?;
                }
                Some(1)
            }
            _ => None,
        }
    }

    /// As `matches`, for a type argument: one that is not known, or `Never`, fits.
    fn argument_matches(&self, wanted: &Ty, given: &Ty, bindings: &mut Bindings, depth: usize) -> Option<u32> {
        match (wanted, given) {
            (_, Ty::Unknown | Ty::Void) => Some(0),
            // Every type argument of a pointer is a native type, whatever its declaration says.
            (Ty::Model(class, _), _) if self.is_ffi(*class, "NativeType") => Some(0),
            (Ty::Model(a, _), Ty::Model(b, _)) if a == b => Some(self.matches(wanted, given, bindings, depth)? + 1),
            (Ty::Class(a, _), Ty::Class(b, _)) if a == b => Some(self.matches(wanted, given, bindings, depth)? + 1),
            _ => self.matches(wanted, given, bindings, depth),
        }
    }

    /// Whether the class is an extension type.
    pub(super) fn is_extension_type(&self, class: ClassRef) -> bool {
        self.class(class).kind == ClassKind::ExtensionType
    }
}
