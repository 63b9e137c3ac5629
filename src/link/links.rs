//! Every native symbol that the program names, and what stands behind it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::abi::{self, CallAbi, Includes};
use super::declared::Declared;
use super::env::{Env, PIECE};
use super::exports::Exports;
use super::scope::Scope;
use super::{FuncRef, Resolved, Target, Ty, VarRef};
use crate::ir::{Call, Callee, Function, FunctionId, Name, Op, Operand, Unit};
use crate::source::Span;

/// A place that names a native symbol.
#[derive(Clone, Debug)]
pub struct Link {
    /// The function that is bound, or that looks the symbol up.
    pub function: FuncRef,
    /// The declaration or the call, bytes of the file.
    pub span: Span,
    /// The symbol, where it is a constant.
    pub symbol: Option<Name>,
    /// How it is named.
    pub form: Form,
    /// What it is linked to.
    pub standing: Standing,
    /// How both sides describe calls, where there is a definition.
    pub calls: Option<Box<Calls>>,
}

/// What the two ends of a link say of its calls.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The binding.
    pub bound: CallAbi,
    /// Its definitions.
    pub defined: Vec<(FuncRef, CallAbi)>,
    /// The symbol is defined elsewhere, too.
    pub others: bool,
}

/// How a symbol is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `@Native`, `@FfiNative`
    Annotation,
    /// An entry of a table of TypeScript, or what such an entry says of a function whose address is known.
    Table,
    /// `lookupFunction`
    LookupFunction,
    /// `lookup`, and the functions of that kind in generated bindings.
    Lookup,
    /// Rust's `extern "C"` block.
    ExternBlock,
    /// A prototype of C or C++ whose definition is in Rust.
    Prototype,
}

impl Form {
    /// Its name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Annotation => "@Native",
            Self::Table => "table",
            Self::LookupFunction => "lookupFunction",
            Self::Lookup => "lookup",
            Self::ExternBlock => "extern block",
            Self::Prototype => "prototype",
        }
    }
}

/// What a symbol is linked to.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// To functions: one, one for each target, or copies of one.
    Defined(SmallVec<[FuncRef; 1]>),
    /// To a variable.
    Variable(VarRef),
    /// To nothing here, but a model or a native declaration says what it does.
    Modelled,
    /// To nothing here.
    Undefined,
    /// There are several definitions, and nothing tells which is meant.
    Ambiguous(SmallVec<[FuncRef; 1]>),
    /// The name is computed when the program runs.
    Computed,
}

impl Standing {
    /// Whether something is known of what stands behind the symbol.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        match self {
            Self::Defined(_) | Self::Variable(_) | Self::Modelled => true,
            Self::Undefined | Self::Ambiguous(_) | Self::Computed => false,
        }
    }
}

/// Every link, by file and place.
pub(super) fn links(env: &Env<'_>, resolved: &[Vec<Resolved>], exports: &Exports, declared: &Declared) -> Vec<Link> {
    let includes = Includes::new(env);
    let variables = variables(env.units);
    let of_unit = |unit: usize| {
        let mut gathered = Gathering {
            env,
            exports,
            declared,
            includes: &includes,
            variables: &variables,
            unit: unit as u32,
            links: Vec::new(),
        };
        match env.units[unit].language.is_native() {
            true => gathered.declarations(),
            false => gathered.dart(&resolved[unit]),
        }
        gathered.links.sort_by_key(|link| (link.span.start, link.span.end));
        gathered.links
    };
    (0..env.units.len()).into_par_iter().with_max_len(PIECE).flat_map_iter(of_unit).collect()
}

/// The variables that native units define for others to see.
fn variables(units: &[Arc<Unit>]) -> FxHashMap<&Name, VarRef> {
    let native = units.iter().enumerate().filter(|(_, unit)| unit.language.is_native());
    let all = native.flat_map(|(unit, from)| {
        let variables = from.variables.iter().enumerate();
        variables
            .map(move |(at, variable)| (&variable.name, VarRef { unit: unit as u32, class: None, index: at as u32 }))
    });
    all.collect()
}

struct Gathering<'e> {
    env: &'e Env<'e>,
    exports: &'e Exports,
    declared: &'e Declared,
    includes: &'e Includes<'e>,
    variables: &'e FxHashMap<&'e Name, VarRef>,
    unit: u32,
    links: Vec<Link>,
}

impl Gathering<'_> {
    /// Declarations of Rust, and those of C that Rust defines.
    fn declarations(&mut self) {
        let env = self.env;
        let from = &env.units[self.unit as usize];
        let rust = from.language == crate::language::Language::Rust;
        for binding in &from.bindings {
            let function = FuncRef { unit: self.unit, function: binding.function };
            let standing = self.standing(&binding.symbol);
            let in_rust = match &standing {
                Standing::Defined(all) | Standing::Ambiguous(all) => {
                    all.iter().any(|of| env.units[of.unit as usize].language == crate::language::Language::Rust)
                }
                _ => false,
            };
            if rust || in_rust {
                let form = if rust { Form::ExternBlock } else { Form::Prototype };
                let span = env.function(function).name_span;
                self.links.push(Link {
                    function,
                    span,
                    symbol: Some(binding.symbol.clone()),
                    form,
                    standing,
                    calls: None,
                });
            }
        }
    }

    fn dart(&mut self, resolved: &[Resolved]) {
        let env = self.env;
        let from = &env.units[self.unit as usize];
        let scope = Scope::new(env, self.unit);
        for binding in &from.bindings {
            let function = FuncRef { unit: self.unit, function: binding.function };
            let params = scope.type_params(binding.function);
            let declared = env.function(function);
            let signature = match &binding.signature {
                Some(written) => scope.ty(&params, written),
                // `@Native()`: the declaration is written in native types.
                None => {
                    let signature = env.signature(function);
                    Ty::Function(Box::new(signature.result.clone()), signature.params.clone())
                }
            };
            let form = match from.language {
                crate::language::Language::TypeScript => Form::Table,
                _ => Form::Annotation,
            };
            self.add(function, declared.name_span, Some(binding.symbol.clone()), form, signature);
        }
        for (at, (function, resolved)) in from.functions.iter().zip(resolved).enumerate() {
            self.lookups(&scope, FunctionId(at as u32), function, resolved);
        }
    }

    /// The calls of a function that look symbols up.
    fn lookups(&mut self, scope: &Scope<'_>, id: FunctionId, function: &Function, resolved: &Resolved) {
        for (block, targets) in function.blocks.iter().zip(&resolved.targets) {
            for (statement, target) in block.ops.iter().zip(targets) {
                let Op::Call(call) = &statement.op else { continue };
                let Some((form, symbol, signature)) = self.lookup(scope, id, resolved, call, target) else { continue };
                let span = statement.span.absolute_from(function.base);
                self.add(FuncRef { unit: self.unit, function: id }, span, symbol, form, signature);
            }
        }
    }

    fn lookup(
        &self,
        scope: &Scope<'_>,
        id: FunctionId,
        resolved: &Resolved,
        call: &Call,
        target: &Target,
    ) -> Option<(Form, Option<Name>, Ty)> {
        let env = self.env;
        // What a function of the program gives is looked up there.
        if matches!(target, Target::Functions(_)) {
            return None;
        }
        let name = match &call.callee {
            Callee::Method { name, .. } | Callee::Name(name) => name.as_str(),
            Callee::Value(_) => "",
            _ => return None,
        };
        if call.args.is_empty() && name != "asFunction" {
            return None;
        }
        let receiver = match &call.callee {
            Callee::Method { receiver: Operand::Local(local), .. } => resolved.types.get(local.index()),
            _ => None,
        };
        let on_library = matches!(receiver, Some(Ty::Model(class, _)) if env.is_ffi(*class, "DynamicLibrary"));
        let result = resolved.types.get(call.result.index())?;
        let written = |at: usize| call.type_args.get(at).map(|ty| scope.ty(&scope.type_params(id), ty));
        let pointee = |pointer: &Ty| match pointer {
            Ty::Model(_, args) => args.first().cloned().unwrap_or_default(),
            _ => Ty::Unknown,
        };
        match (name, result) {
            ("lookupFunction", Ty::NativeFunction { symbol, .. }) if symbol.is_some() || on_library => {
                Some((Form::LookupFunction, symbol.clone(), written(0).unwrap_or_default()))
            }
            ("lookupFunction" | "lookup", _) if on_library && !matches!(result, Ty::Address { .. }) => {
                let form = if name == "lookup" { Form::Lookup } else { Form::LookupFunction };
                Some((form, None, Ty::Unknown))
            }
            // A description takes the place of the types that nothing else has said.
            ("asFunction", Ty::NativeFunction { symbol: Some(symbol), .. }) if matches!(receiver, Some(Ty::Address { pointer, .. }) if says_nothing(env, pointer)) => {
                Some((Form::Table, Some(symbol.clone()), written(0)?))
            }
            ("cast" | "asFunction" | "addressOf", _) => None,
            (_, Ty::Address { symbol, pointer }) => {
                let signature = match pointee(pointer) {
                    Ty::Model(class, mut args) if env.is_ffi(class, "NativeFunction") => args.pop().unwrap_or_default(),
                    // The address of a variable.
                    other => other,
                };
                Some((Form::Lookup, Some(symbol.clone()), signature))
            }
            _ => None,
        }
    }

    fn add(&mut self, function: FuncRef, span: Span, symbol: Option<Name>, form: Form, signature: Ty) {
        let standing = symbol.as_ref().map_or(Standing::Computed, |symbol| self.standing(symbol));
        let calls = match (&standing, abi::of_dart(self.env, &signature)) {
            (Standing::Defined(definitions), Some(bound)) => {
                let mut seen = BTreeSet::new();
                let defined = definitions.iter().filter(|definition| seen.insert(**definition));
                let defined =
                    defined.map(|definition| (*definition, abi::of_native(self.env, self.includes, *definition)));
                let others = symbol.as_ref().is_some_and(|symbol| self.exports.count(symbol) > definitions.len());
                Some(Box::new(Calls { bound, defined: defined.collect(), others }))
            }
            _ => None,
        };
        self.links.push(Link { function, span, symbol, form, standing, calls });
    }

    fn standing(&self, symbol: &Name) -> Standing {
        let env = self.env;
        let definitions = self.exports.definitions(env.files, symbol, self.unit);
        if !definitions.is_empty() {
            return match self.exports.are_told_apart(env.units, env.files, symbol, self.unit) {
                true => Standing::Defined(definitions),
                false => Standing::Ambiguous(definitions),
            };
        }
        if let Some(variable) = self.variables.get(symbol) {
            return Standing::Variable(*variable);
        }
        let is_modelled = env.models.symbol(symbol, &env.versions[self.unit as usize]).is_some();
        match is_modelled || self.declared.get(symbol).is_some() {
            true => Standing::Modelled,
            false => Standing::Undefined,
        }
    }
}

/// Whether a pointer is that of a function of which no type is said.
fn says_nothing(env: &Env<'_>, pointer: &Ty) -> bool {
    let Ty::Model(_, args) = pointer else { return false };
    match args.as_slice() {
        [Ty::Model(class, args)] => env.is_ffi(*class, "NativeFunction") && args.iter().all(|ty| *ty == Ty::Unknown),
        _ => false,
    }
}
