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
    Arg, Base, Binding, Callee, Class, ClassId, ClassKind, Const, CopyKind, Flavor, Function, FunctionId, FunctionKind,
    Local, LocalId, LocalKind, Name, Op, Operand, Param, Place, Projection, Spelling, StructLayout, SuspendKind,
    TypeRef,
};
use crate::parse::NodeId;
use crate::source::Span;
use crate::vocabulary::{Library, vocabulary};

/// How deep structs are followed that contain structs.
const MAX_STRUCTS: u32 = 16;
/// Of functions with more parameters these are not told; compilers need not take more than 127 (C17 5.2.4.1).
const MAX_PARAMS: usize = 256;
/// How many parts of an object are looked at to find out whether it is a table.
const MAX_LOOKED_AT: usize = 8;

/// The method that runs a bound function on another thread.
pub(super) fn twin(symbol: &str) -> Name {
    format!("{symbol}.async").into()
}

/// The classes of tables and structs are called after their constants, in words that no program can write, so that other
/// files find them.
fn class_of(what: &str, constant: &str) -> Name {
    format!("{what} {constant}").into()
}

/// The classes that a constant may have.
pub(super) fn classes_of(constant: &str) -> [Name; 2] {
    [class_of(TABLE, constant), class_of(STRUCT, constant)]
}

/// The syntax of `{ a }`.
const SHORTHAND: &str = "shorthand_property_identifier";

const TABLE: &str = "symbols";
const STRUCT: &str = "struct";

/// The method of a struct's class that says what such a struct is when it comes back.
const RETURNED: &str = "returned struct";

/// The method that gives what such a call gives in the end.
pub(super) fn settled(symbol: &str) -> Name {
    format!("await {symbol}.async").into()
}

/// What a table says of one function.
struct Entry {
    /// The pair, and its key.
    node: NodeId,
    key: NodeId,
    symbol: Name,
    params: Option<Vec<TypeRef>>,
    result: Option<TypeRef>,
    /// The struct that it gives, where it gives one.
    structure: Option<Structure>,
    is_async: bool,
}

/// A struct that comes back.
struct Structure {
    /// Where the table says so.
    at: NodeId,
    /// The class, where another file describes it, or may.
    class: Option<TypeRef>,
}

/// What a word of a table stands for.
enum Described {
    Native(TypeRef),
    /// A struct that the file describes.
    Struct(TypeRef),
    /// A struct if another file describes one under that name.
    Imported(TypeRef),
}

impl Described {
    fn ty(&self) -> TypeRef {
        match self {
            Self::Native(ty) | Self::Struct(ty) | Self::Imported(ty) => ty.clone(),
        }
    }
}

/// A call that makes a native function of an address.
pub(super) struct Made {
    description: NodeId,
    /// It runs on another thread.
    pub(super) is_async: bool,
    library: &'static Library,
}

impl FileLowering<'_> {
    /// The library that a function is of, and its name there.
    pub(super) fn library_of(&self, function: NodeId) -> Option<(&'static Library, Name)> {
        let named = self.library_named(function)?;
        let object = self.tree.child(function, "object").unwrap_or(function);
        (!self.declares(object)).then_some(named)
    }

    /// The same, where nothing around the function declares that name.
    pub(super) fn library_named(&self, function: NodeId) -> Option<(&'static Library, Name)> {
        let tree = self.tree;
        let words = vocabulary();
        let from = |module: &Name, name: &str| match words.of_module(module) {
            Some(library) => Some(library),
            // What another file of the project gives on.
            None => module.starts_with('.').then(|| words.of_name(name))?,
        };
        let (object, name) = match tree.kind(function) {
            "identifier" => (function, None),
            "member_expression" => {
                (tree.child(function, "object")?, Some(self.name(tree.child(function, "property")?)))
            }
            _ => return None,
        };
        let imported = self.imported.get(tree.text(object));
        let (library, name) = match (imported, name) {
            (Some(imported), Some(name)) => (from(&imported.module, &name), name),
            (Some(imported), None) => {
                let name = imported.name.clone()?;
                (from(&imported.module, &name), name)
            }
            (None, Some(name)) => (words.of_object(tree.text(object)), name),
            (None, None) => return None,
        };
        Some((library?, name))
    }

    /// The type that a call infers from a table or a description among its arguments.
    pub(super) fn inferred(&mut self, function: NodeId, arguments: NodeId) -> Option<TypeRef> {
        let (library, name) = self.library_of(function)?;
        let (binds, describes) = (has(&library.binds, &name), has(&library.structs, &name));
        if !binds && !describes {
            return None;
        }
        let tree = self.tree;
        for argument in tree.named_children(arguments) {
            match self.object_behind(argument) {
                Some(table) if binds => return self.table(table, library),
                Some(fields) => return Some(self.struct_class(fields, library)),
                None if binds => {
                    if let Some(table) = self.imported_class(argument, TABLE) {
                        return Some(table);
                    }
                }
                None => {}
            }
        }
        None
    }

    /// The class that another file of the project makes of what has that name there, if it does.
    fn imported_class(&mut self, node: NodeId, what: &str) -> Option<TypeRef> {
        let (module, name) = self.imported_behind(node)?;
        let prefix = Some(self.behind(&module));
        Some(TypeRef::from(Spelling { prefix, ..Spelling::named(class_of(what, &name)) }))
    }

    /// Whether an expression describes a struct: the library whose description it is.
    pub(super) fn schema(&self, node: NodeId) -> Option<&'static Library> {
        let tree = self.tree;
        let value = self.value_behind(node);
        let function = tree.child(value, "function").or_else(|| tree.child(value, "constructor"));
        let (library, name) = self.library_of(function?)?;
        has(&library.structs, &name).then_some(library)
    }

    /// A constant that may be the table of another file: the class that it declares.
    pub(super) fn constant_table(&mut self, value: NodeId) {
        if !self.describes {
            return;
        }
        let Some(object) = self.object_behind(value) else { return };
        if let Some(library) = self.bound_by(object, 0) {
            self.table(object, library);
        }
    }

    /// The library by whose keys an object speaks of functions.
    fn bound_by(&self, object: NodeId, depth: u32) -> Option<&'static Library> {
        let tree = self.tree;
        if depth > MAX_STRUCTS {
            return None;
        }
        let of_part = |part: NodeId| match tree.kind(part) {
            "pair" | SHORTHAND => {
                let entry = self.object_behind(tree.child(part, "value").unwrap_or(part))?;
                vocabulary().of_keys(|key| self.property(entry, key).is_some())
            }
            "spread_element" => self.bound_by(self.object_behind(tree.named_children(part).next()?)?, depth + 1),
            _ => None,
        };
        tree.named_children(object).take(MAX_LOOKED_AT).find_map(of_part)
    }

    /// The class that a table declares; of tables that are spread in it, it is a subclass.
    fn table(&mut self, object: NodeId, library: &'static Library) -> Option<TypeRef> {
        let tree = self.tree;
        if let Some(class) = self.inferred.get(&object) {
            return Some(class.clone());
        }
        if self.described > MAX_STRUCTS {
            return None;
        }
        self.described += 1;
        let (mut entries, mut bases) = (Vec::new(), Vec::new());
        for part in tree.named_children(object).collect::<Vec<_>>() {
            match tree.kind(part) {
                "pair" | SHORTHAND => entries.extend(self.entry(part, library)),
                "spread_element" => bases.extend(tree.named_children(part).next().and_then(|base| {
                    let own = self.object_behind(base).map(|base| self.table(base, library));
                    own.unwrap_or_else(|| self.imported_class(base, TABLE))
                })),
                _ => {}
            }
        }
        self.described -= 1;
        let mut bases = bases.into_iter();
        let base = bases.next();
        if entries.is_empty() && bases.len() == 0 {
            return base;
        }
        let owner = self.new_class(object, TABLE, base);
        if let Some(class) = self.unit.classes.get_mut(owner.class.index()) {
            class.mixins = bases.collect();
        }
        for entry in entries {
            self.bound(&entry, &owner, library);
        }
        Some(owner.this)
    }

    fn entry(&mut self, node: NodeId, library: &'static Library) -> Option<Entry> {
        let tree = self.tree;
        let (key, value) = match tree.kind(node) {
            "pair" => (tree.child(node, "key")?, tree.child(node, "value")?),
            _ => (node, node),
        };
        let value = self.object_behind(value)?;
        let symbol = self.property_name(key);
        let mut entry = Entry { node, key, symbol, params: None, result: None, structure: None, is_async: false };
        let mut is_function = tree.named_children(value).next().is_none();
        let keys = &library.keys;
        for pair in tree.named_children(value).filter(|&pair| tree.kind(pair) == "pair") {
            let (Some(key), Some(value)) = (tree.child(pair, "key"), tree.child(pair, "value")) else { continue };
            let key = self.property_name(key);
            let is = |known: &Option<String>| known.as_deref() == Some(&*key);
            if is(&keys.params) {
                is_function = true;
                if tree.kind(value) == "array" {
                    let types: Vec<NodeId> = tree.named_children(value).collect();
                    let all_plain = types.iter().all(|&ty| tree.kind(ty) != "spread_element");
                    if all_plain && types.len() <= MAX_PARAMS {
                        entry.params = Some(types.into_iter().map(|ty| self.described(ty, library).ty()).collect());
                    }
                }
            } else if is(&keys.result) {
                is_function = true;
                let described = self.described(value, library);
                entry.result = Some(described.ty());
                entry.structure = match described {
                    Described::Native(_) => None,
                    Described::Struct(_) => Some(Structure { at: pair, class: None }),
                    Described::Imported(class) => Some(Structure { at: pair, class: Some(class) }),
                };
            } else if is(&keys.elsewhere) {
                entry.is_async = tree.kind(value) == "true";
            } else if is(&keys.symbol) {
                if let Some(Const::Str(symbol)) = self.constant(value) {
                    entry.symbol = symbol;
                }
            } else if is(&keys.variable) {
                return None;
            }
        }
        is_function.then_some(entry)
    }

    /// What a table's word stands for.
    fn described(&mut self, node: NodeId, library: &'static Library) -> Described {
        let unknown = || Described::Native(TypeRef::named("dynamic"));
        if let Some(ty) = self.type_word(node, library).and_then(|word| self.native_type(&word)) {
            return Described::Native(ty);
        }
        if self.described > MAX_STRUCTS {
            return unknown();
        }
        self.described += 1;
        let found = self.described_struct(node);
        self.described -= 1;
        match found {
            Some(ty) => Described::Struct(ty),
            None => self.imported_class(node, STRUCT).map_or_else(unknown, Described::Imported),
        }
    }

    fn described_struct(&mut self, node: NodeId) -> Option<TypeRef> {
        let tree = self.tree;
        let value = self.value_behind(node);
        let function = tree.child(value, "function").or_else(|| tree.child(value, "constructor"))?;
        let arguments = tree.child(value, "arguments")?;
        let (library, name) = self.library_of(function)?;
        let fields = tree.named_children(arguments).next().and_then(|fields| self.object_behind(fields))?;
        has(&library.structs, &name).then(|| self.struct_class(fields, library))
    }

    /// The class of a struct that is described by an object: its layout, and what reading its fields gives.
    fn struct_class(&mut self, object: NodeId, library: &'static Library) -> TypeRef {
        let tree = self.tree;
        if let Some(class) = self.inferred.get(&object) {
            return class.clone();
        }
        let mut fields: Vec<(NodeId, NodeId, TypeRef)> = Vec::new();
        for pair in tree.named_children(object).filter(|&pair| tree.kind(pair) == "pair") {
            let (Some(key), Some(value)) = (tree.child(pair, "key"), tree.child(pair, "value")) else { continue };
            let ty = self.described(value, library).ty();
            fields.push((pair, key, ty));
        }
        let supertype = self.of_native("Struct");
        let owner = self.new_class(object, STRUCT, Some(supertype));
        for (pair, key, _) in fields.iter().filter(|(.., ty)| is_address(ty)) {
            let name = self.property_name(*key);
            let getter = self.method(FunctionKind::Getter, &owner, *pair, *key, name, 0);
            self.tells(getter, &owner, library, library.pointer.as_deref(), Operand::Local(LocalId(0)));
        }
        // What other files ask that bind a function which gives one: a value it comes back by.
        let name = Name::new(RETURNED);
        let returned = self.method(FunctionKind::Function, &owner, object, object, name, 1);
        self.tells(returned, &owner, library, library.returned.as_deref(), Operand::Local(LocalId(1)));
        let fields =
            fields.into_iter().map(|(_, key, ty)| (self.property_name(key), told_apart(ty, library))).collect();
        let layout = StructLayout { class: owner.class, is_union: false, packed: None, fields, is_partial: false };
        self.unit.layouts.push(layout);
        owner.this
    }

    /// A method whose result is what a library's model tells of a value.
    fn tells(&mut self, mut function: Function, owner: &Owner, library: &Library, what: Option<&str>, of: Operand) {
        let span = function.name_span.relative_to(function.base);
        let mut build = Builder::new(std::mem::take(&mut function.locals));
        let value = self.told(&mut build, library, what, of, span);
        build.jump_return(Some(value), span);
        self.finish(function, build, owner);
    }

    /// The methods of a bound function.
    fn bound(&mut self, entry: &Entry, owner: &Owner, library: &'static Library) {
        let arity = entry.params.as_ref().map_or(0, Vec::len);
        let key = self.property_name(entry.key);
        let is_plain = entry.structure.is_none() && !entry.is_async;
        let native: Name = if is_plain { key.clone() } else { format!("native {key}").into() };
        let mut function = self.method(FunctionKind::Function, owner, entry.node, entry.key, native.clone(), arity);
        function.is_external = true;
        function.qualified = entry.symbol.clone();
        let signature = match (&entry.params, &entry.result) {
            (Some(params), Some(result)) => {
                let args = std::iter::once(result).chain(params).cloned();
                TypeRef::applied("Function", args.map(|ty| told_apart(ty, library)).collect())
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
            self.wrapper(entry, owner, key.clone(), Some(native), flavor, Some(library));
        }
        self.wrapper(entry, owner, twin(&key), Some(key.clone()), Flavor::Async, None);
        self.wrapper(entry, owner, settled(&key), None, Flavor::Sync, Some(library));
    }

    /// A method that calls another of the class; where the struct that comes back is kept by a library, that.
    fn wrapper(
        &mut self,
        entry: &Entry,
        owner: &Owner,
        name: Name,
        calls: Option<Name>,
        flavor: Flavor,
        keeps: Option<&'static Library>,
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
            value = build.call(Callee::Method { receiver, name }, Vec::new(), args, span, span);
        }
        if let (Some(library), Some(structure)) = (keeps, &entry.structure) {
            let at = self.span_in(structure.at, function.base);
            value = match &structure.class {
                None => self.told(&mut build, library, library.returned.as_deref(), value, at),
                Some(class) => {
                    let class = CopyKind::Cast(class.clone());
                    let structure = build.temp(at);
                    build.push(Op::Copy { to: structure, from: Operand::Const(Const::Other), kind: class }, at);
                    let callee = Callee::Method { receiver: Operand::Local(structure), name: Name::new(RETURNED) };
                    build.call(callee, Vec::new(), vec![Arg { name: None, value, span: at }], at, at)
                }
            };
        }
        build.jump_return(Some(value), span);
        self.finish(function, build, owner);
    }

    /// A function that a library makes of an address, where it gives a struct: the class whose method `call` it is.
    pub(super) fn callable(&mut self, made: &Made) -> Option<TypeRef> {
        if let Some(class) = self.inferred.get(&made.description) {
            return Some(class.clone());
        }
        let (params, result) = self.signature_parts(made);
        let (result, params) = (result?, params?);
        let Described::Struct(_) = self.described(result, made.library) else { return None };
        let owner = self.new_class(made.description, "function", None);
        let arity = self.tree.named_children(params).count();
        let name = Name::new("call");
        let mut function = self.method(FunctionKind::Function, &owner, made.description, result, name, arity);
        function.flavor = if made.is_async { Flavor::Async } else { Flavor::Sync };
        self.tells(function, &owner, made.library, made.library.returned.as_deref(), Operand::Const(Const::Null));
        Some(owner.this)
    }

    /// Whether a call makes a native function of an address.
    pub(super) fn makes_function(&self, function: NodeId, arguments: NodeId) -> Option<Made> {
        let (library, name) = self.library_of(function)?;
        let is_async = has(&library.async_functions, &name);
        if !is_async && !has(&library.functions, &name) {
            return None;
        }
        let description = self.tree.named_children(arguments).next().and_then(|one| self.object_behind(one))?;
        Some(Made { description, is_async, library })
    }

    /// The expression that a native function's address is.
    pub(super) fn address_in(&self, made: &Made) -> Option<NodeId> {
        self.property(made.description, made.library.keys.address.as_deref()?)
    }

    /// The native type of the function that a description is about.
    pub(super) fn function_type(&mut self, made: &Made) -> Option<TypeRef> {
        let (params, result) = self.signature_parts(made);
        let result = told_apart(self.described(result?, made.library).ty(), made.library);
        let params: Vec<NodeId> = self.tree.named_children(params?).collect();
        let told = |ty| told_apart(self.described(ty, made.library).ty(), made.library);
        let params: Vec<TypeRef> = params.into_iter().map(told).collect();
        let args = std::iter::once(result).chain(params).collect();
        Some(TypeRef::applied("Function", args))
    }

    /// `ffi.callBySig(library, 'add', 'ii', 'i', …)`: a symbol that is called with a signature.
    pub(super) fn spelled_call(&mut self, node: NodeId, function: NodeId, arguments: NodeId) {
        let Some((library, name)) = self.library_named(function).filter(|(of, name)| has(&of.calls.names, name)) else {
            return;
        };
        let object = self.tree.child(function, "object").unwrap_or(function);
        let given: Vec<NodeId> = self.tree.named_children(arguments).collect();
        let text = |at: usize| match given.get(at).and_then(|&argument| self.constant(argument)) {
            Some(Const::Str(text)) => Some(text),
            _ => None,
        };
        let calls = &library.calls;
        let (Some(symbol), Some(params), Some(result)) = (text(calls.symbol), text(calls.params), text(calls.result))
        else {
            return;
        };
        if self.declares(object) || params.len() > MAX_PARAMS || result.chars().count() != 1 {
            return;
        }
        let letters = result.chars().chain(params.chars());
        let types = letters.map(|letter| {
            let ty = self.native_type(letter.encode_utf8(&mut [0; 4]));
            told_apart(ty.unwrap_or_else(|| TypeRef::named("dynamic")), library)
        });
        let signature = TypeRef::applied("Function", types.collect());
        let mut caller = Function::empty(
            FunctionKind::Function,
            format!("{name} {symbol}").into(),
            symbol.clone(),
            self.tree.span(node),
            self.tree.span(given.get(calls.symbol).copied().unwrap_or(node)),
        );
        (caller.is_static, caller.is_external) = (true, true);
        let function = self.push_function(caller);
        let binding = Binding { function, symbol, library: None, signature: Some(signature), is_leaf: false };
        self.unit.bindings.push(binding);
    }

    fn signature_parts(&self, made: &Made) -> (Option<NodeId>, Option<NodeId>) {
        let part = |key: &Option<String>| self.property(made.description, key.as_deref()?);
        let params = part(&made.library.keys.params).filter(|&params| self.tree.kind(params) == "array");
        (params, part(&made.library.keys.result))
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

    /// What a function of a library's model (`StructSchema.returns`) tells of a value.
    fn told(
        &mut self,
        build: &mut Builder,
        library: &Library,
        what: Option<&str>,
        value: Operand,
        span: Span,
    ) -> Operand {
        let Some((class, what)) = what.and_then(|what| what.split_once('.')) else {
            return Operand::Const(Const::Other);
        };
        let prefix = self.behind(library.module());
        let path = [Projection::Field(Name::new(class))].into_iter().collect();
        let module = build.load(Place { base: Base::Name(prefix), path: Default::default() }, false, span);
        let module = build.as_local(module, span);
        let receiver = build.load(Place { base: Base::Local(module), path }, false, span);
        let callee = Callee::Method { receiver, name: Name::new(what) };
        build.call(callee, Vec::new(), vec![Arg { name: None, value, span }], span, span)
    }

    /// A class without members, that no program can name.
    fn new_class(&mut self, node: NodeId, what: &str, supertype: Option<TypeRef>) -> Owner {
        let id = ClassId(self.unit.classes.len() as u32);
        let mut name = self.constant_around(node).map(|constant| class_of(what, &constant));
        name = name.filter(|name| !self.inferred_names.contains(name));
        // Not by its place, which what stands before it moves.
        let name = name.unwrap_or_else(|| format!("{what} {}", self.unit.classes.len()).into());
        self.inferred_names.insert(name.clone());
        self.inferred.insert(node, TypeRef::named(&name));
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
        Owner { class: id, this: TypeRef::named(&name), name, is_namespace: false }
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
        // Nobody wrote it: what is told of the method does not name it.
        function.locals.push(local(Name::default(), LocalKind::This, Some(&owner.this)));
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
        let mut function = function;
        (function.locals, function.blocks) = (built.locals, built.blocks);
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

/// A native type, or that of all integers which the library has one word for.
fn told_apart(ty: TypeRef, library: &Library) -> TypeRef {
    if has(&library.alike, &ty.name) { ty.but(|ty| ty.name = Name::new("AbiSpecificInteger")) } else { ty }
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|known| known == name)
}
