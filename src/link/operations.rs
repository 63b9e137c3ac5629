//! What operations other than calls give and refer to: loads, stores, operators, literals.

use smallvec::SmallVec;

use super::libraries::Entity;
use super::members::{Access, Found, Member, OwnMember};
use super::resolve::{Resolver, State};
use super::scope::Meaning;
use super::types;
use super::{ClassRef, FuncRef, Functions, Target, Ty, VarRef};
use crate::ir::{
    AggregateKind, Base, ClassKind, CopyKind, FunctionKind, LocalId, Name, Op, Operand, Place, Projection, SuspendKind,
    Terminator,
};
use crate::models::schema::MemberKind;
use crate::models::{Item, ModelId};

/// What a free name turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Hit {
    /// A member of `this`.
    Member(Found),
    /// A variable outside instances.
    Static(VarRef),
    /// A function outside instances.
    Function(FuncRef),
    /// A class of the program, with arguments where an alias gives them.
    Class(ClassRef, Vec<Ty>),
    /// Something of a pack.
    Item(Item),
    /// A class of the SDK's collections.
    Sdk(Name),
    /// A type that has no members of its own: a type parameter, an alias of a function type.
    Type,
    /// An import prefix.
    Prefix,
    /// Nothing that is here.
    Nothing,
}

/// A value and what the operation that read it refers to.
pub(super) type Value = (Ty, Target);

impl Resolver<'_> {
    /// Resolves one operation.
    pub(super) fn operation(&mut self, state: &mut State, op: &Op) -> Target {
        match op {
            Op::Call(call) => self.call(state, call),
            Op::Copy { to, from, kind } => {
                self.copy(state, *to, from, kind);
                Target::Unknown
            }
            Op::Load { to, from, .. } => {
                let (ty, target) = self.load(state, from);
                if let Target::Static(variable) | Target::Field(variable) = &target
                    && let Some(text) = self.constant_text(*variable)
                {
                    state.texts.insert(*to, text);
                }
                state.write(self.env(), *to, ty);
                target
            }
            Op::Store { to, value } => self.store(state, to, value),
            Op::Binary { to, op, left, right } => self.binary(state, *to, op, left, right),
            Op::Aggregate { to, kind, items } => {
                self.aggregate(state, *to, *kind, items);
                Target::Unknown
            }
            Op::Insert { into, value, spread } => {
                let ty = self.operand(state, value);
                let item = if *spread { types::element(&ty) } else { ty };
                self.grow(state, *into, &item);
                Target::Unknown
            }
            Op::Closure { to, body } => {
                self.make_closure(state, *to, *body);
                Target::Unknown
            }
            Op::Use { value, .. } => {
                self.operand(state, value);
                Target::Unknown
            }
            Op::Catch { .. } | Op::ScopeEnd(_) | Op::Stack { .. } | Op::Address { .. } => Target::Unknown,
            Op::Element { to, of, name } => {
                let of = self.operand(state, of);
                let (ty, target) = match name {
                    None => (types::element(&of), Target::Unknown),
                    Some(name) => self.read_member(&of, name),
                };
                state.write(self.env(), *to, ty);
                target
            }
            Op::Suspend { to, value, kind } => {
                let ty = self.operand(state, value);
                if let (Some(to), SuspendKind::Await) = (to, kind) {
                    state.write(self.env(), *to, types::awaited(&ty));
                }
                Target::Unknown
            }
        }
    }

    fn copy(&mut self, state: &mut State, to: LocalId, from: &Operand, kind: &CopyKind) {
        let ty = self.operand(state, from);
        let ty = match kind {
            CopyKind::Cast(written) => match self.written_type(state, written) {
                Ty::Unknown => ty,
                cast => types::refined(&cast, &ty).unwrap_or(cast),
            },
            _ => ty,
        };
        if let Some(text) = self.text(state, from) {
            state.texts.insert(to, text);
        }
        state.write(self.env(), to, ty);
    }

    fn aggregate(&mut self, state: &mut State, to: LocalId, kind: AggregateKind, items: &[(Option<Name>, Operand)]) {
        let given: Vec<(Option<Name>, Ty)> =
            items.iter().map(|(name, item)| (name.clone(), self.operand(state, item))).collect();
        let joined = |every: usize, first: usize| {
            let mut types = given.iter().skip(first).step_by(every).map(|(_, ty)| ty);
            let start = types.next().cloned().unwrap_or_default();
            types.fold(start, |known, ty| self.env().joined(&known, ty))
        };
        let sdk = |name: &str, args: Vec<Ty>| Ty::Sdk(name.into(), args);
        let ty = match kind {
            AggregateKind::List => sdk("List", vec![joined(1, 0)]),
            AggregateKind::Set => sdk("Set", vec![joined(1, 0)]),
            AggregateKind::Map => sdk("Map", vec![joined(2, 0), joined(2, 1)]),
            AggregateKind::Record => {
                // The frontends name positional fields, too.
                let label = |name: &Option<Name>| name.clone().filter(|name| !name.starts_with('$'));
                types::record(given.iter().map(|(name, ty)| (label(name), ty.clone())))
            }
        };
        // An empty literal is what is wanted of it.
        let ty = match (&ty, state.wanted(to)) {
            (Ty::Sdk(name, _), Ty::Sdk(wanted, args)) if items.is_empty() && *name == wanted => Ty::Sdk(wanted, args),
            _ => ty,
        };
        state.write(self.env(), to, ty);
    }

    /// One more element of a collection whose element type nothing has said so far.
    pub(super) fn grow(&mut self, state: &mut State, collection: LocalId, item: &Ty) {
        if let Ty::Sdk(name, args) = state.ty(collection)
            && matches!(name.as_str(), "List" | "Set")
            && args.first().is_none_or(|known| *known == Ty::Unknown)
        {
            state.set(collection, types::bounded(Ty::Sdk(name, vec![item.clone()])));
        }
    }

    fn binary(&mut self, state: &mut State, to: LocalId, op: &Name, left: &Operand, right: &Operand) -> Target {
        let left = self.operand(state, left);
        let right = self.operand(state, right);
        let (ty, target) = match op.as_str() {
            "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||" | "is" | "is!" => (Ty::Scalar, Target::Unknown),
            "??" => (self.env().joined(&left, &right), Target::Unknown),
            _ => match left.value_type() {
                Ty::Scalar => (Ty::Scalar, Target::Unknown),
                Ty::String => (Ty::String, Target::Unknown),
                // Whatever the left side is, what takes a string is most likely one.
                Ty::Unknown if op == "+" && right == Ty::String => (Ty::String, Target::Unknown),
                _ => self.member_operator(state, &left, op),
            },
        };
        state.write(self.env(), to, ty);
        target
    }

    /// An operator that a class declares.
    fn member_operator(&mut self, state: &State, receiver: &Ty, op: &Name) -> Value {
        match self.scope.instance_member(receiver, op, Access::Call) {
            Some(found) => self.called_member(state, receiver, &found),
            None => match receiver {
                Ty::Sdk(name, args) => (types::sdk_member(name, args, op, None), Target::Unknown),
                _ => (Ty::Unknown, Target::Unknown),
            },
        }
    }

    /// Reads a place.
    fn load(&mut self, state: &mut State, place: &Place) -> Value {
        let (mut value, mut steps) = self.base(state, &place.base, &place.path);
        while let Some((step, rest)) = steps.split_first() {
            let receiver = value.0;
            value = match step {
                Projection::Field(name) => self.read_member(&receiver, name),
                Projection::Index(index) => {
                    self.operand(state, index);
                    self.index(state, &receiver)
                }
                Projection::Pointee => (self.pointee(&receiver), Target::Unknown),
            };
            steps = rest;
        }
        value
    }

    /// The value a place starts from, and the steps that are left.
    fn base<'p>(&mut self, state: &mut State, base: &Base, path: &'p [Projection]) -> (Value, &'p [Projection]) {
        match base {
            Base::Local(local) => ((self.operand(state, &Operand::Local(*local)), Target::Unknown), path),
            Base::Name(name) => {
                let hit = self.name(state, name, Access::Read);
                (self.read_hit(name, &hit), path)
            }
            Base::Super => match path.split_first() {
                Some((Projection::Field(name), rest)) => (self.read_super(state, name), rest),
                Some((Projection::Index(_), rest)) => (self.super_operator(state, "[]"), rest),
                _ => ((Ty::Unknown, Target::Unknown), &[]),
            },
            Base::Type(Some(written)) => {
                let ty = match self.written_type(state, written) {
                    Ty::Class(class, _) => Ty::ClassName(class),
                    Ty::Model(class, _) => Ty::ModelName(class),
                    Ty::Sdk(name, _) => Ty::SdkName(name),
                    _ => Ty::Unknown,
                };
                ((ty, Target::Namespace), path)
            }
            Base::Type(None) => ((Ty::Unknown, Target::Unknown), &[]),
        }
    }

    fn read_super(&mut self, state: &State, name: &Name) -> Value {
        match self.super_member(state, name, Access::Read) {
            Some((found, _)) => self.read_found(&found),
            None => (Ty::Unknown, Target::Unknown),
        }
    }

    fn super_operator(&mut self, state: &State, name: &str) -> Value {
        match self.super_member(state, &name.into(), Access::Call) {
            Some((found, receiver)) => self.called_member(state, &receiver, &found),
            None => (Ty::Unknown, Target::Unknown),
        }
    }

    /// A member of the superclass or its mixins, and the supertype it was found for.
    pub(super) fn super_member(&self, state: &State, name: &Name, access: Access) -> Option<(Found, Ty)> {
        let this = state.this.as_ref()?;
        self.env().direct_supertypes(this).into_iter().find_map(|supertype| {
            let mut found = self.scope.inherited(&supertype, name, access)?;
            // A super call runs that body and no other.
            if let Member::Method(function, class) = &found.member {
                let setter = access == Access::Write;
                let body = self.env().implementation(*class, &self.env().function(*function).name, setter);
                found.member = Member::Extension(body.unwrap_or(*function));
            }
            Some((found, supertype))
        })
    }

    /// An element by index.
    fn index(&mut self, state: &State, receiver: &Ty) -> Value {
        let (ty, target) = self.member_operator(state, receiver, &"[]".into());
        match ty {
            Ty::Unknown => (self.pointee(receiver), target),
            ty => (ty, target),
        }
    }

    /// Reads a member of a value, a class or a prefix.
    pub(super) fn read_member(&self, receiver: &Ty, name: &Name) -> Value {
        match receiver {
            Ty::Prefix(prefix) => {
                let hit = self.prefixed(prefix, name);
                self.read_hit(name, &hit)
            }
            Ty::ClassName(class) => {
                let hit = self.static_member(*class, name, Access::Read);
                match hit {
                    Hit::Nothing if name == "values" && self.env().class(*class).kind == ClassKind::Enum => {
                        (Ty::Sdk("List".into(), vec![Ty::Class(*class, Vec::new())]), Target::Unknown)
                    }
                    Hit::Nothing => self.constructor_tear_off(*class, name),
                    hit => self.read_hit(name, &hit),
                }
            }
            Ty::ModelName(class) => match self.env().models.static_variable(*class, name, self.scope.versions) {
                Some(variable) => self.read_hit(name, &Hit::Item(Item::Variable(variable))),
                None => match self.scope.model_member(*class, name, Access::Read) {
                    Some(id) => self.read_model(id, &[]),
                    None => (Ty::Unknown, Target::Unknown),
                },
            },
            Ty::Record(fields) if fields.iter().any(|(field, _)| field == name) => {
                let field = fields.iter().find(|(field, _)| field == name);
                (field.map(|(_, ty)| ty.clone()).unwrap_or_default(), Target::Unknown)
            }
            _ => match self.scope.instance_member(receiver, name, Access::Read) {
                Some(found) => {
                    let (ty, target) = self.read_found(&found);
                    let ty = self.sdk_fallback(receiver, name, ty);
                    (ty, target)
                }
                None => (self.sdk_fallback(receiver, name, Ty::Unknown), Target::Unknown),
            },
        }
    }

    fn sdk_fallback(&self, receiver: &Ty, name: &Name, ty: Ty) -> Ty {
        match (receiver, ty) {
            (Ty::Sdk(class, args), Ty::Unknown) => types::sdk_member(class, args, name, None),
            (Ty::Class(class, _), Ty::Unknown) if self.env().class(*class).kind == ClassKind::Enum => {
                match name.as_str() {
                    "name" => Ty::String,
                    "index" => Ty::Scalar,
                    _ => Ty::Unknown,
                }
            }
            (receiver, Ty::Unknown) if name == "value" || name == "ref" => self.pointee(receiver),
            (_, ty) => ty,
        }
    }

    fn constructor_tear_off(&self, class: ClassRef, name: &Name) -> Value {
        let wanted = if name == "new" { "" } else { name.as_str() };
        match self.env().info(class).constructors.get(wanted) {
            Some(&function) => self.tear_off(FuncRef { unit: class.unit, function }, &[]),
            None => (Ty::Unknown, Target::Unknown),
        }
    }

    /// A function as a value.
    fn tear_off(&self, function: FuncRef, bindings: &[(Name, Ty)]) -> Value {
        let signature = types::substitute_signature(self.signature(function), bindings);
        match self.env().facts.bindings.get(&function) {
            Some(symbol) => {
                let ty = Ty::NativeFunction { symbol: Some(symbol.clone()), result: Box::new(signature.result) };
                (ty, Target::TearOff(function))
            }
            None => {
                let ty = Ty::Function(Box::new(signature.result), signature.params);
                (types::bounded(ty), Target::TearOff(function))
            }
        }
    }

    /// A modelled member or function that is read.
    fn read_model(&self, id: ModelId, bindings: &[(Name, Ty)]) -> Value {
        let result = self.model_result(id, bindings);
        match self.env().models.function(id).kind {
            MemberKind::Getter => (result, Target::Model(id)),
            _ => (Ty::Function(Box::new(result), Vec::new()), Target::ModelTearOff(id)),
        }
    }

    /// Reads a member that was found on a receiver.
    pub(super) fn read_found(&self, found: &Found) -> Value {
        match &found.member {
            Member::Field(field) => {
                let ty = types::bounded(types::substitute(self.variable_type(*field), &found.bindings));
                (self.in_function_table(*field, ty), self.variable_target(*field))
            }
            Member::Model(id) => self.read_model(*id, &found.bindings),
            Member::Method(function, _) | Member::Extension(function) => {
                if self.env().function(*function).kind == FunctionKind::Getter {
                    let functions = self.member_functions(found, *function, false);
                    let result = self.result_of(*function, functions.as_ref());
                    let ty = types::bounded(types::substitute(&result, &found.bindings));
                    return (ty, self.functions_target(*function, functions));
                }
                let (ty, target) = self.tear_off(*function, &found.bindings);
                // An overridden method torn off may be any of its overrides.
                match self.member_functions(found, *function, false) {
                    Some(functions) if functions.candidates.len() == 1 => (ty, target),
                    _ => (ty, Target::Unknown),
                }
            }
        }
    }

    pub(super) fn variable_target(&self, variable: VarRef) -> Target {
        if self.env().variable(variable).is_static { Target::Static(variable) } else { Target::Field(variable) }
    }

    /// The functions behind a member.
    pub(super) fn member_functions(&self, found: &Found, function: FuncRef, setter: bool) -> Option<Functions> {
        match &found.member {
            Member::Method(_, class) => self.env().overridden(*class, function, setter),
            _ if super::classes::is_abstract(self.env().function(function)) => None,
            _ => Some(self.env().exactly(function)),
        }
    }

    /// What a call of `function` gives, in view of the functions that it may reach: bindings are often got from an
    /// interface, whose implementation knows the symbol.
    pub(super) fn result_of(&self, function: FuncRef, functions: Option<&Functions>) -> Ty {
        let env = self.env();
        let declared = &self.signature(function).result;
        let candidates = functions.map(|functions| functions.candidates.as_slice()).unwrap_or_default();
        if candidates == [function] || !env.can_be_refined(declared) {
            return declared.clone();
        }
        let returns = |function: &&FuncRef| {
            let mut blocks = env.function(**function).blocks.iter();
            blocks.any(|block| matches!(block.end, Terminator::Return(_)))
        };
        let results = candidates.iter().filter(returns).map(|function| self.signature(*function).result.clone());
        let result = results.reduce(|known, result| types::join(&known, &result));
        match result {
            Some(known @ (Ty::NativeFunction { .. } | Ty::Address { .. })) => known,
            Some(known) if *declared == Ty::Unknown => known,
            _ => declared.clone(),
        }
    }

    /// The target of a call of `function`, which may be bound to a native one.
    pub(super) fn functions_target(&self, function: FuncRef, functions: Option<Functions>) -> Target {
        if let Some(symbol) = self.env().facts.bindings.get(&function) {
            return self.native_target(Some(symbol.clone()));
        }
        functions.map_or(Target::Unknown, |functions| Target::Functions(Box::new(functions)))
    }

    /// What a free name means here.
    pub(super) fn name(&self, state: &State, name: &Name, access: Access) -> Hit {
        if state.params.contains(name) {
            return Hit::Type;
        }
        let is_bare = !self.env().units[self.scope.unit as usize].qualifies_members;
        if let Some(class) = state.class.filter(|_| is_bare) {
            match self.static_member(class, name, access) {
                Hit::Nothing => {}
                hit => return hit,
            }
            if state.this.is_some()
                && let Some(member) = self.scope.own(class, name, access, false)
            {
                let member = match member {
                    OwnMember::Field(field) => Member::Field(field),
                    OwnMember::Function(function) => Member::Method(function, class),
                };
                return Hit::Member(Found { member, bindings: Vec::new() });
            }
        }
        match self.scope.lookup(None, name) {
            Meaning::Entity(Entity::Function(_)) if access == Access::Write => {
                return self.scope.lookup_setter(None, name).map_or(Hit::Nothing, Hit::Function);
            }
            Meaning::Prefix => return Hit::Prefix,
            Meaning::Nothing => {}
            meaning => return self.meaning(meaning),
        }
        if access == Access::Write
            && let Some(setter) = self.scope.lookup_setter(None, name)
        {
            return Hit::Function(setter);
        }
        if let Some(this) = state.this.as_ref().filter(|_| is_bare)
            && let Some(found) = self.scope.instance_member(this, name, access)
        {
            return Hit::Member(found);
        }
        types::sdk_class(name).map_or(Hit::Nothing, |class| Hit::Sdk(class.into()))
    }

    /// A name behind an import prefix.
    pub(super) fn prefixed(&self, prefix: &Name, name: &Name) -> Hit {
        match self.scope.lookup(Some(prefix), name) {
            Meaning::Nothing => types::sdk_class(name).map_or(Hit::Nothing, |class| Hit::Sdk(class.into())),
            meaning => self.meaning(meaning),
        }
    }

    fn meaning(&self, meaning: Meaning) -> Hit {
        match meaning {
            Meaning::Entity(Entity::Class(class)) => Hit::Class(class, Vec::new()),
            Meaning::Entity(Entity::Function(function)) => Hit::Function(function),
            Meaning::Entity(Entity::Variable(variable)) => Hit::Static(variable),
            Meaning::Entity(Entity::Alias(unit, at)) => {
                let Some(alias) = self.env().units[unit as usize].aliases.get(at as usize) else { return Hit::Nothing };
                let scope = super::scope::Scope::new(self.env(), unit);
                match scope.ty(&alias.type_params, &alias.target) {
                    Ty::Class(class, args) => Hit::Class(class, args),
                    Ty::Model(class, _) => Hit::Item(Item::Type(class)),
                    Ty::Sdk(name, _) => Hit::Sdk(name),
                    _ => Hit::Type,
                }
            }
            Meaning::Item(Item::Type(class)) => match self.env().model_type(class, Vec::new()) {
                Ty::Sdk(name, _) => Hit::Sdk(name),
                _ => Hit::Item(Item::Type(class)),
            },
            Meaning::Item(item) => Hit::Item(item),
            Meaning::Prefix => Hit::Prefix,
            Meaning::Nothing => Hit::Nothing,
        }
    }

    /// A static member of a class.
    pub(super) fn static_member(&self, class: ClassRef, name: &Name, access: Access) -> Hit {
        match self.scope.own(class, name, access, true) {
            Some(OwnMember::Field(field)) => Hit::Static(field),
            Some(OwnMember::Function(function)) => Hit::Function(function),
            None => Hit::Nothing,
        }
    }

    /// The type of what a free name stands for.
    pub(super) fn named_value(&self, state: &State, name: &Name) -> Ty {
        let hit = self.name(state, name, Access::Read);
        self.read_hit(name, &hit).0
    }

    fn read_hit(&self, name: &Name, hit: &Hit) -> Value {
        match hit {
            Hit::Member(found) => {
                let (ty, mut target) = self.read_found(found);
                if let Target::Functions(functions) = &mut target {
                    functions.implicit_this = true;
                }
                (ty, target)
            }
            Hit::Static(variable) => {
                let ty = self.variable_type(*variable).clone();
                let held = self.env().facts.held.get(variable);
                (ty, held.map_or(Target::Static(*variable), |function| Target::TearOff(*function)))
            }
            Hit::Function(function) => {
                if self.env().function(*function).kind == FunctionKind::Getter {
                    let target = self.functions_target(*function, Some(self.env().exactly(*function)));
                    return (self.signature(*function).result.clone(), target);
                }
                self.tear_off(*function, &[])
            }
            Hit::Class(class, _) => (Ty::ClassName(*class), Target::Namespace),
            Hit::Sdk(name) => (Ty::SdkName(name.clone()), Target::Namespace),
            Hit::Item(Item::Type(class)) => (Ty::ModelName(*class), Target::Namespace),
            Hit::Item(Item::Variable(variable)) => (self.pack_variable_type(*variable), Target::Variable(*variable)),
            Hit::Item(Item::Function(id)) => self.read_model(*id, &[]),
            Hit::Prefix => (Ty::Prefix(name.clone()), Target::Namespace),
            Hit::Type => (Ty::Unknown, Target::Namespace),
            Hit::Nothing => (Ty::Unknown, Target::Unknown),
        }
    }

    fn store(&mut self, state: &mut State, place: &Place, value: &Operand) -> Target {
        let target = self.store_target(state, place);
        let wanted = match &target {
            Target::Field(variable) | Target::Static(variable) => self.variable_type(*variable).clone(),
            Target::Functions(functions) => {
                let setter = functions.candidates.first().map(|setter| self.signature(*setter));
                setter.and_then(|setter| setter.params.last()).cloned().unwrap_or_default()
            }
            _ => Ty::Unknown,
        };
        if let Operand::Local(local) = value {
            state.want(*local, wanted);
        }
        let ty = self.operand(state, value);
        if types::says_something(&ty)
            && let Target::Field(variable) | Target::Static(variable) = &target
        {
            self.stores.push((*variable, ty));
        }
        target
    }

    fn store_target(&mut self, state: &mut State, place: &Place) -> Target {
        let Some((last, before)) = place.path.split_last() else {
            return match &place.base {
                Base::Name(name) => {
                    let hit = self.name(state, name, Access::Write);
                    self.store_hit(&hit, true)
                }
                _ => Target::Unknown,
            };
        };
        if let (Base::Super, []) = (&place.base, before) {
            let name: Name = match last {
                Projection::Field(name) => name.clone(),
                _ => "[]=".into(),
            };
            let access = if matches!(last, Projection::Field(_)) { Access::Write } else { Access::Call };
            return match self.super_member(state, &name, access) {
                Some((found, _)) => self.store_hit(&Hit::Member(found), false),
                None => Target::Unknown,
            };
        }
        let receiver = Place { base: place.base.clone(), path: SmallVec::from(before) };
        let receiver = self.load(state, &receiver).0;
        match last {
            Projection::Field(name) => {
                let hit = match &receiver {
                    Ty::Prefix(prefix) => match self.prefixed(prefix, name) {
                        Hit::Static(variable) => Hit::Static(variable),
                        _ => self.scope.lookup_setter(Some(prefix), name).map_or(Hit::Nothing, Hit::Function),
                    },
                    Ty::ClassName(class) => self.static_member(*class, name, Access::Write),
                    receiver => {
                        let found = self.scope.instance_member(receiver, name, Access::Write);
                        found.map_or(Hit::Nothing, Hit::Member)
                    }
                };
                self.store_hit(&hit, false)
            }
            Projection::Index(index) => {
                self.operand(state, index);
                match self.scope.instance_member(&receiver, &"[]=".into(), Access::Call) {
                    Some(found) => self.called_member(state, &receiver, &found).1,
                    None => Target::Unknown,
                }
            }
            Projection::Pointee => Target::Unknown,
        }
    }

    fn store_hit(&self, hit: &Hit, implicit_this: bool) -> Target {
        match hit {
            Hit::Static(variable) => self.variable_target(*variable),
            Hit::Function(function) => Target::Functions(Box::new(self.env().exactly(*function))),
            Hit::Member(found) => match &found.member {
                Member::Field(field) => self.variable_target(*field),
                Member::Model(id) => Target::Model(*id),
                Member::Method(function, _) | Member::Extension(function) => {
                    let setter = self.env().function(*function).kind == FunctionKind::Setter;
                    match self.member_functions(found, *function, setter) {
                        Some(mut functions) => {
                            functions.implicit_this = implicit_this;
                            Target::Functions(Box::new(functions))
                        }
                        None => Target::Unknown,
                    }
                }
            },
            Hit::Item(Item::Variable(variable)) => Target::Variable(*variable),
            _ => Target::Unknown,
        }
    }
}
