//! Tables that bind native functions: `dlopen('libx.so', { add: { args: [FFIType.i32], returns: FFIType.i32 } })`.
//!
//! TypeScript infers a type from such a table, and so does this: a class whose methods are the native functions. It is the
//! type argument of the call. A method that does more than call (its struct comes back by address, it runs on another
//! thread) has a body that says so; what is done there, a function of the library's model tells.

use super::FileLowering;
use super::functions::Owner;
use super::native::{is_address, is_number};
use crate::ir::build::Builder;
use crate::ir::{
    Arg, Base, Binding, Call, Callee, Class, ClassId, ClassKind, Const, Flavor, Function, FunctionId, FunctionKind,
    Local, LocalId, LocalKind, Name, Op, Operand, Param, Place, Projection, StructLayout, SuspendKind, TypeRef,
};
use crate::parse::NodeId;
use crate::source::Span;

/// The functions that open a library by a table.
const BINDERS: [&str; 2] = ["dlopen", "linkSymbols"];

/// The functions that make a native function of an address.
const OF_ADDRESSES: [&str; 2] = ["CFunction", "AsyncCFunction"];

/// What describes a struct.
const STRUCTS: [&str; 2] = ["Struct", "StructSchema"];

/// What calls a bound function on another thread.
pub(super) const ASYNC: &str = "async";

/// How deep structs are followed that contain structs.
const MAX_STRUCTS: u32 = 16;
/// How many names and casts are looked through.
const MAX_NAMES: usize = 16;

/// The class of a library that says how its structs cross the boundary; see the model of the library.
const SCHEMA: &str = "StructSchema";

/// What a model says of a struct that comes back.
const RETURNED: &str = "returns";

/// What a model says of an address in a struct.
const POINTER: &str = "pointer";

/// The method that runs a bound function on another thread.
pub(super) fn twin(symbol: &str) -> Name {
    format!("{symbol}.{ASYNC}").into()
}

/// The method that gives what such a call gives in the end.
pub(super) fn settled(symbol: &str) -> Name {
    format!("{symbol}.then").into()
}

/// What a table says of one function.
struct Entry {
    /// The pair, and its key.
    node: NodeId,
    key: NodeId,
    symbol: Name,
    params: Option<Vec<TypeRef>>,
    result: Option<TypeRef>,
    /// Where it is described, where that is a struct.
    gives_struct: Option<NodeId>,
    is_async: bool,
}

impl FileLowering<'_> {
    /// The function's own name, and the module that it comes from.
    pub(super) fn origin(&self, function: NodeId) -> Option<(Name, Option<Name>)> {
        let tree = self.tree;
        match tree.kind(function) {
            "identifier" => {
                let imported = self.imported.get(tree.text(function));
                Some((self.real_name(tree.text(function)), imported.map(|imported| imported.module.clone())))
            }
            "member_expression" => {
                let (object, name) = (tree.child(function, "object")?, tree.child(function, "property")?);
                let imported = self.imported.get(tree.text(object));
                Some((self.name(name), imported.map(|imported| imported.module.clone())))
            }
            _ => None,
        }
    }

    /// The type that a call infers from a table or a description among its arguments.
    pub(super) fn inferred(&mut self, function: NodeId, arguments: NodeId) -> Option<TypeRef> {
        let (name, module) = self.origin(function)?;
        let tree = self.tree;
        let mut objects = tree.named_children(arguments).filter_map(|argument| self.object_behind(argument));
        if BINDERS.contains(&name.as_str()) {
            let table = objects.next()?;
            drop(objects);
            return self.table(table, module.as_ref());
        }
        if STRUCTS.contains(&name.as_str()) {
            let fields = objects.next()?;
            drop(objects);
            return self.struct_class(fields, module.as_ref());
        }
        None
    }

    /// Whether a name is that of a constant that describes a struct.
    pub(super) fn is_schema(&self, name: NodeId) -> bool {
        let tree = self.tree;
        let value = Some(name).filter(|&name| tree.kind(name) == "identifier");
        let value = value.and_then(|name| self.constant_behind(name));
        let function =
            value.and_then(|value| tree.child(value, "function").or_else(|| tree.child(value, "constructor")));
        let origin = function.and_then(|function| self.origin(function));
        origin.is_some_and(|(name, _)| STRUCTS.contains(&name.as_str()))
    }

    /// The object that an expression is or that a constant of the file holds.
    fn object_behind(&self, mut node: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        // Each name leads to something before it.
        for _ in 0..MAX_NAMES {
            match tree.kind(node) {
                "object" => return Some(node),
                "as_expression" | "satisfies_expression" | "parenthesized_expression" => {
                    node = tree.named_children(node).next()?;
                }
                "identifier" => {
                    node = self.constant_behind(node)?;
                }
                _ => return None,
            }
        }
        None
    }

    /// The value that the constant of a name has, of several that which is declared last before it.
    fn constant_behind(&self, name: NodeId) -> Option<NodeId> {
        self.tree.child(self.declarator_behind(name)?, "value")
    }

    /// The declaration of a name that is the last before it.
    fn declarator_behind(&self, name: NodeId) -> Option<NodeId> {
        let tree = self.tree;
        let text = tree.text(name);
        // What a declaration contains does not come after it: it may name itself.
        let start = tree.span(name).start;
        let before = |&node: &NodeId| {
            tree.kind(node) == "variable_declarator"
                && tree.span(node).end <= start
                && tree.child(node, "name").is_some_and(|declared| tree.text(declared) == text)
        };
        tree.descendants(tree.root()).take_while(|&node| node < name).filter(before).last()
    }

    /// The class that a table declares.
    fn table(&mut self, object: NodeId, module: Option<&Name>) -> Option<TypeRef> {
        let tree = self.tree;
        let known = self.classes_at(object);
        if let Some(class) = known {
            return Some(TypeRef::named(&class));
        }
        let pairs: Vec<NodeId> = tree.named_children(object).filter(|&pair| tree.kind(pair) == "pair").collect();
        let entries: Vec<Entry> = pairs.into_iter().filter_map(|pair| self.entry(pair)).collect();
        if entries.is_empty() {
            return None;
        }
        let owner = self.new_class(object, "symbols", None);
        for entry in entries {
            self.bound(&entry, &owner, module);
        }
        Some(owner.this)
    }

    fn entry(&mut self, node: NodeId) -> Option<Entry> {
        let tree = self.tree;
        let (key, value) = (tree.child(node, "key")?, tree.child(node, "value")?);
        let value = self.object_behind(value)?;
        let key_name = self.property_name(key);
        let mut entry =
            Entry { node, key, symbol: key_name, params: None, result: None, gives_struct: None, is_async: false };
        let mut is_function = tree.named_children(value).next().is_none();
        for pair in tree.named_children(value).filter(|&pair| tree.kind(pair) == "pair") {
            let (Some(key), Some(value)) = (tree.child(pair, "key"), tree.child(pair, "value")) else { continue };
            match &*self.property_name(key) {
                "args" | "parameters" => {
                    is_function = true;
                    if tree.kind(value) == "array" {
                        let types: Vec<NodeId> = tree.named_children(value).collect();
                        let all_plain = types.iter().all(|&ty| tree.kind(ty) != "spread_element");
                        let types = types.into_iter().map(|ty| self.described(ty).0).collect();
                        entry.params = all_plain.then_some(types);
                    }
                }
                "returns" | "result" => {
                    is_function = true;
                    let (ty, is_struct) = self.described(value);
                    (entry.result, entry.gives_struct) = (Some(ty), is_struct.then_some(pair));
                }
                "nonblocking" => entry.is_async = tree.kind(value) == "true",
                "name" => {
                    if let Some(Const::Str(symbol)) = self.constant(value) {
                        entry.symbol = symbol;
                    }
                }
                // A variable.
                "type" => return None,
                _ => {}
            }
        }
        is_function.then_some(entry)
    }

    /// The native type that a table's word stands for, and whether it is a struct that the file describes.
    fn described(&mut self, node: NodeId) -> (TypeRef, bool) {
        if let Some(ty) = self.type_word(node).and_then(|word| self.native_type(&word)) {
            return (ty, false);
        }
        if self.described > MAX_STRUCTS {
            return (TypeRef::named("dynamic"), false);
        }
        self.described += 1;
        let found = self.described_struct(node);
        self.described -= 1;
        found.map_or_else(|| (TypeRef::named("dynamic"), false), |ty| (ty, true))
    }

    fn described_struct(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let value = match tree.kind(node) {
            "identifier" => self.constant_behind(node),
            _ => Some(node),
        };
        let value = value?;
        let function = tree.child(value, "function").or_else(|| tree.child(value, "constructor"))?;
        let arguments = tree.child(value, "arguments")?;
        let (name, module) = self.origin(function)?;
        let fields = tree.named_children(arguments).next().and_then(|fields| self.object_behind(fields))?;
        STRUCTS.contains(&name.as_str()).then(|| self.struct_class(fields, module.as_ref()))?
    }

    /// The class of a struct that is described by an object: its layout, and what reading its fields gives.
    fn struct_class(&mut self, object: NodeId, module: Option<&Name>) -> Option<TypeRef> {
        let tree = self.tree;
        if let Some(class) = self.classes_at(object) {
            return Some(TypeRef::named(&class));
        }
        let mut fields: Vec<(NodeId, NodeId, TypeRef)> = Vec::new();
        for pair in tree.named_children(object).filter(|&pair| tree.kind(pair) == "pair") {
            let (Some(key), Some(value)) = (tree.child(pair, "key"), tree.child(pair, "value")) else { continue };
            let ty = self.described(value).0;
            fields.push((pair, key, ty));
        }
        let supertype = self.of_native("Struct");
        let owner = self.new_class(object, "struct", Some(supertype));
        for (pair, key, _) in fields.iter().filter(|(.., ty)| is_address(ty)) {
            let mut getter = self.method(FunctionKind::Getter, &owner, *pair, *key, self.property_name(*key), 0);
            let span = self.span_in(*key, getter.base);
            let mut build = Builder::new(std::mem::take(&mut getter.locals));
            let this = Operand::Local(LocalId(0));
            let value = match module {
                Some(module) => self.told(&mut build, module, POINTER, this, span),
                None => Operand::Const(Const::Other),
            };
            build.jump_return(Some(value), span);
            self.finish(getter, build, &owner);
        }
        let fields = fields.into_iter().map(|(_, key, ty)| (self.property_name(key), ty)).collect();
        let layout = StructLayout { class: owner.class, is_union: false, packed: None, fields, is_partial: false };
        self.unit.layouts.push(layout);
        Some(owner.this)
    }

    /// The methods of a bound function.
    fn bound(&mut self, entry: &Entry, owner: &Owner, module: Option<&Name>) {
        let arity = entry.params.as_ref().map_or(0, Vec::len);
        let key = self.property_name(entry.key);
        let is_plain = entry.gives_struct.is_none() && !entry.is_async;
        let native: Name = if is_plain { key.clone() } else { format!("native {key}").into() };
        let mut function = self.method(FunctionKind::Function, owner, entry.node, entry.key, native.clone(), arity);
        function.is_external = true;
        function.qualified = entry.symbol.clone();
        let signature = match (&entry.params, &entry.result) {
            (Some(params), Some(result)) => {
                let args = std::iter::once(result).chain(params).cloned().collect();
                TypeRef::applied("Function", args)
            }
            // What is left out is not told.
            _ => TypeRef::named("dynamic"),
        };
        let id = self.push(function, owner);
        let symbol = entry.symbol.clone();
        self.unit.bindings.push(Binding {
            function: id,
            symbol,
            library: None,
            signature: Some(signature),
            is_leaf: false,
        });
        if !is_plain {
            let flavor = if entry.is_async { Flavor::Async } else { Flavor::Sync };
            let given = module.filter(|_| entry.gives_struct.is_some());
            self.wrapper(entry, owner, key.clone(), Some(native), flavor, given);
        }
        self.wrapper(entry, owner, twin(&key), Some(key.clone()), Flavor::Async, None);
        self.wrapper(entry, owner, settled(&key), None, Flavor::Sync, module.filter(|_| entry.gives_struct.is_some()));
    }

    /// A method that calls another of the class; where the struct that comes back is kept by a library, that.
    fn wrapper(
        &mut self,
        entry: &Entry,
        owner: &Owner,
        name: Name,
        calls: Option<Name>,
        flavor: Flavor,
        keeps: Option<&Name>,
    ) {
        let arity = if calls.is_some() { entry.params.as_ref().map_or(0, Vec::len) } else { 0 };
        let mut function = self.method(FunctionKind::Function, owner, entry.node, entry.key, name, arity);
        function.flavor = flavor;
        function.qualified = entry.symbol.clone();
        // What is no address is a number or nothing: no promise of one is ever broken.
        if flavor == Flavor::Async && entry.result.as_ref().is_some_and(is_number) {
            function.result = Some(TypeRef::named("int"));
        }
        let span = self.span_in(entry.key, function.base);
        let mut build = Builder::new(std::mem::take(&mut function.locals));
        if flavor == Flavor::Async {
            let wait = Op::Suspend { to: None, value: Operand::Const(Const::Null), kind: SuspendKind::Await };
            build.push(wait, span);
        }
        let mut value = Operand::Const(Const::Other);
        if let Some(name) = calls {
            let params = function.params.iter();
            let args = params.map(|param| Arg { name: None, value: Operand::Local(param.local), span }).collect();
            let receiver = Operand::Local(LocalId(0));
            value = call(&mut build, Callee::Method { receiver, name }, args, span);
        }
        if let Some(module) = keeps {
            let at = entry.gives_struct.map_or(span, |at| self.span_in(at, function.base));
            value = self.told(&mut build, module, RETURNED, value, at);
        }
        build.jump_return(Some(value), span);
        self.finish(function, build, owner);
    }

    /// A function that a library makes of an address, where it gives a struct: the class whose method `call` it is.
    pub(super) fn callable(&mut self, description: NodeId, is_async: bool, module: Option<&Name>) -> Option<TypeRef> {
        if let Some(class) = self.classes_at(description) {
            return Some(TypeRef::named(&class));
        }
        let (params, result) = self.signature_parts(description);
        let (result, (Some(params), Some(module))) = (result?, (params, module)) else { return None };
        let (_, true) = self.described(result) else { return None };
        let owner = self.new_class(description, "function", None);
        let tree = self.tree;
        let arity = tree.named_children(params).count();
        let flavor = if is_async { Flavor::Async } else { Flavor::Sync };
        let name = Name::new("call");
        let mut function = self.method(FunctionKind::Function, &owner, description, result, name, arity);
        function.flavor = flavor;
        let span = self.span_in(result, function.base);
        let mut build = Builder::new(std::mem::take(&mut function.locals));
        let value = self.told(&mut build, module, RETURNED, Operand::Const(Const::Null), span);
        build.jump_return(Some(value), span);
        self.finish(function, build, &owner);
        Some(owner.this)
    }

    /// Whether a call makes a native function of an address: the description, and whether it runs on another thread.
    pub(super) fn makes_function(&self, function: NodeId, arguments: NodeId) -> Option<(NodeId, bool, Option<Name>)> {
        let tree = self.tree;
        let (name, module) = self.origin(function)?;
        let at = OF_ADDRESSES.iter().position(|known| *known == name)?;
        let description = tree.named_children(arguments).next().and_then(|one| self.object_behind(one))?;
        Some((description, at == 1, module))
    }

    /// The native type of the function that a description is about.
    pub(super) fn function_type(&mut self, description: NodeId) -> Option<TypeRef> {
        let (params, result) = self.signature_parts(description);
        let result = self.described(result?).0;
        let params: Vec<NodeId> = self.tree.named_children(params?).collect();
        let params: Vec<TypeRef> = params.into_iter().map(|ty| self.described(ty).0).collect();
        let args = std::iter::once(result).chain(params).collect();
        Some(TypeRef::applied("Function", args))
    }

    fn signature_parts(&self, description: NodeId) -> (Option<NodeId>, Option<NodeId>) {
        let params = self.property(description, "args").filter(|&params| self.tree.kind(params) == "array");
        (params, self.property(description, "returns"))
    }

    /// The value of a property of an object; a name stands for itself (`{ ptr }`).
    pub(super) fn property(&self, object: NodeId, name: &str) -> Option<NodeId> {
        let tree = self.tree;
        tree.named_children(object).find_map(|part| match tree.kind(part) {
            "pair" => {
                let key = tree.child(part, "key")?;
                (self.property_name(key) == name).then(|| tree.child(part, "value"))?
            }
            "shorthand_property_identifier" => (tree.text(part) == name).then_some(part),
            _ => None,
        })
    }

    /// What a library's model tells of a value: `StructSchema.returns(value)`.
    fn told(&mut self, build: &mut Builder, module: &str, what: &'static str, value: Operand, span: Span) -> Operand {
        let prefix = self.behind(module);
        let load = |build: &mut Builder, base: Base, path: Vec<Projection>| {
            let to = build.temp(span);
            let from = Place { base, path: path.into_iter().collect() };
            build.push(Op::Load { to, from, null_aware: false }, span);
            to
        };
        let library = load(build, Base::Name(prefix), Vec::new());
        let schema = load(build, Base::Local(library), vec![Projection::Field(Name::new(SCHEMA))]);
        let callee = Callee::Method { receiver: Operand::Local(schema), name: Name::new(what) };
        call(build, callee, vec![Arg { name: None, value, span }], span)
    }

    fn classes_at(&self, node: NodeId) -> Option<Name> {
        let span = self.tree.span(node);
        self.unit.classes.iter().find(|class| class.span == span).map(|class| class.name.clone())
    }

    /// The name of the constant in whose value a node stands.
    fn constant_around(&self, node: NodeId) -> Option<&str> {
        let tree = self.tree;
        let span = tree.span(node);
        let is_around = |&at: &NodeId| tree.kind(at) == "variable_declarator" && tree.span(at).contains(span);
        let around = tree.descendants(tree.root()).take_while(|&at| at < node).filter(is_around).last();
        Some(tree.text(tree.child(around?, "name")?))
    }

    /// A class without members, that no program can name.
    fn new_class(&mut self, node: NodeId, what: &str, supertype: Option<TypeRef>) -> Owner {
        let id = ClassId(self.unit.classes.len() as u32);
        let start = self.tree.span(node).start;
        let mut name: Name = match self.constant_around(node) {
            Some(constant) => format!("{what} {constant}").into(),
            None => format!("{what} {start}").into(),
        };
        if self.unit.classes.iter().any(|class| class.name == name) {
            name = format!("{name} {start}").into();
        }
        self.unit.classes.push(Class {
            name: name.clone(),
            kind: ClassKind::Class,
            type_params: Vec::new(),
            supertype,
            implements: Vec::new(),
            mixins: Vec::new(),
            is_abstract: false,
            fields: Vec::new(),
            members: Vec::new(),
            span: self.tree.span(node),
            name_span: self.first_token(node),
        });
        Owner { class: id, this: TypeRef::named(&name), name }
    }

    fn method(
        &self,
        kind: FunctionKind,
        owner: &Owner,
        node: NodeId,
        key: NodeId,
        name: Name,
        arity: usize,
    ) -> Function {
        let mut function = Function::empty(kind, name.clone(), name, self.tree.span(node), self.tree.span(key));
        function.class = Some(owner.class);
        let local = |name: Name, kind: LocalKind, ty: Option<&TypeRef>| Local {
            name,
            kind,
            ty: ty.cloned(),
            is_final: true,
            span: Span::default(),
        };
        function.locals.push(local(Name::new("this"), LocalKind::This, Some(&owner.this)));
        for at in 0..arity {
            let name = Name::new(format!("arg{at}"));
            let id = LocalId(function.locals.len() as u32);
            function.locals.push(local(name.clone(), LocalKind::Param, None));
            let param = Param { local: id, name, named: false, required: true, initializes: None, default: None };
            function.params.push(param);
        }
        function
    }

    fn finish(&mut self, function: Function, build: Builder, owner: &Owner) {
        let built = build.finish();
        let function = Function { locals: built.locals, blocks: built.blocks, ..function };
        self.push(function, owner);
    }

    fn push(&mut self, function: Function, owner: &Owner) -> FunctionId {
        let id = self.push_function(function);
        if let Some(class) = self.unit.classes.get_mut(owner.class.index()) {
            class.members.push(id);
        }
        id
    }
}

fn call(build: &mut Builder, callee: Callee, args: Vec<Arg>, span: Span) -> Operand {
    let result = build.temp(span);
    build.push(Op::Call(Box::new(Call { callee, type_args: Vec::new(), args, result, name_span: span })), span);
    Operand::Local(result)
}
