//! C and C++ syntax → IR.
//!
//! `declarations` walks the file from the top and gathers what it declares; bodies are lowered afterwards, when the
//! file's own types are known. `types`, `annotations` and `functions` serve the walk and `body`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{
    ClassId, Const, Directives, Function, FunctionId, FunctionKind, Import, Name, TypeAlias, TypeRef, Unit,
};
use crate::language::Language;
use crate::parse::c::{self, Dialect, Marker, MarkerKind, Prepared};
use crate::parse::{Limits, NodeId, Parsed, Refused, Tree};
use crate::source::{FileId, Span};
use crate::target::TargetSet;

mod annotations;
mod body;
mod classes;
mod declarations;
mod functions;
mod types;
mod variables;
mod written_out;

/// Parses and lowers one file.
///
/// # Errors
///
/// A file that breaks one of the limits of the parser is refused.
pub fn lower(file: FileId, language: Language, text: &str, limits: &Limits) -> Result<Unit, Refused> {
    let dialect = if language.is_plain_c() { Dialect::C } else { Dialect::Cpp };
    let prepared = c::prepare(text, dialect, limits)?;
    let parsed = c::parse(&prepared, limits)?;
    if parsed.errors.is_empty() {
        return Ok(lower_tree(file, language, text, &prepared, parsed, limits));
    }
    // Each further try costs as much as the first: only where there is hope.
    let cut = c::prepare_again(text, &prepared, &parsed.errors);
    let (prepared, parsed) = match &cut {
        Some(cut) => better((&prepared, parsed), (cut, c::parse(cut, limits)?)),
        None => (&prepared, parsed),
    };
    if dialect == Dialect::Cpp && !parsed.errors.is_empty() && !is_surely_cpp(text) {
        // A header may be one of C that uses C++'s keywords as names.
        let plain = c::prepare(text, Dialect::C, limits)?;
        let reparsed = c::parse(&plain, limits)?;
        let (prepared, parsed) = better((prepared, parsed), (&plain, reparsed));
        return Ok(lower_tree(file, language, text, prepared, parsed, limits));
    }
    Ok(lower_tree(file, language, text, prepared, parsed, limits))
}

/// A reading of a file.
type Reading<'p> = (&'p Prepared, Parsed<'p>);

/// Of two readings the one with fewer and smaller errors.
fn better<'p>(first: Reading<'p>, second: Reading<'p>) -> Reading<'p> {
    let [a, b] = [&first.1.errors, &second.1.errors];
    if b.len() < a.len() && size(b) <= size(a) { second } else { first }
}

/// Whether a file has words that C does not know.
fn is_surely_cpp(text: &str) -> bool {
    ["::", "namespace ", "template"].iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

fn size(errors: &[Span]) -> u64 {
    errors.iter().map(|error| u64::from(error.end - error.start)).sum()
}

fn lower_tree(
    file: FileId,
    language: Language,
    text: &str,
    prepared: &Prepared,
    parsed: Parsed<'_>,
    limits: &Limits,
) -> Unit {
    let Parsed { tree, errors } = parsed;
    let import = |include: &c::Include| Import {
        uri: include.path.as_str().into(),
        conditional: Vec::new(),
        prefix: None,
        show: Vec::new(),
        renames: Vec::new(),
        hide: Vec::new(),
    };
    let unit = Unit {
        directives: Directives { imports: prepared.includes.iter().map(import).collect(), ..Directives::default() },
        comments: annotations::directives(text),
        generated: annotations::is_generated(&tree),
        errors,
        opaque: prepared.opaque.clone(),
        ..Unit::empty(file, language)
    };
    let mut lowering = FileLowering {
        tree: &tree,
        text,
        prepared,
        unit,
        depth: limits.depth,
        is_cpp: prepared.dialect == Dialect::Cpp,
        classes_by_name: FxHashMap::default(),
        extensions: FxHashMap::default(),
        enums: FxHashSet::default(),
        constants: FxHashMap::default(),
        aliases: FxHashMap::default(),
        globals: FxHashMap::default(),
        functions: FxHashMap::default(),
        by_name: FxHashMap::default(),
        linkage: FxHashMap::default(),
        pending: Vec::new(),
        tags: FxHashMap::default(),
        scope: Scope::default(),
    };
    lowering.constants_of_macros();
    if prepared.is_objective {
        lowering.objective_names();
    }
    lowering.written_out(limits);
    lowering.declarations(tree.root());
    lowering.bodies();
    lowering.natives();
    lowering.unit
}

/// What lowering a file gathers.
struct FileLowering<'t> {
    tree: &'t Tree<'t>,
    /// The file as it is written.
    text: &'t str,
    prepared: &'t Prepared,
    unit: Unit,
    /// [`Limits::depth`].
    depth: u32,
    is_cpp: bool,
    /// Classes of the file by every name that may be written for them: `ns::A`, `A`.
    classes_by_name: FxHashMap<Name, ClassId>,
    /// Additions to classes declared elsewhere.
    extensions: FxHashMap<Name, ClassId>,
    enums: FxHashSet<Name>,
    /// Enumerators and macros that stand for constants.
    constants: FxHashMap<Name, Const>,
    aliases: FxHashMap<Name, TypeRef>,
    /// Types of the variables outside functions.
    globals: FxHashMap<Name, TypeRef>,
    /// Functions by name and parameter types: prototypes wait here for their definitions.
    functions: FxHashMap<Name, FunctionId>,
    /// Functions by their simple name; `None` where several share it.
    by_name: FxHashMap<Name, Option<FunctionId>>,
    /// How each function is seen by other files.
    linkage: FxHashMap<FunctionId, Linkage>,
    /// Bodies still to be lowered.
    pending: Vec<(FunctionId, BodySource)>,
    /// The names given to structs and enums whose body has been read.
    tags: FxHashMap<NodeId, Name>,
    scope: Scope,
}

/// How a function is seen by other files.
#[derive(Clone, Copy, Debug, Default)]
struct Linkage {
    extern_c: bool,
    is_marked: bool,
}

/// Where in the file the walk is.
#[derive(Clone, Debug)]
struct Scope {
    /// Namespaces and classes.
    path: Vec<Name>,
    extern_c: bool,
    is_local: bool,
    /// An export macro stands before the `extern "C"`.
    is_marked: bool,
    class: Option<ClassId>,
    targets: TargetSet,
    /// Under a condition that nobody knows.
    is_conditional: bool,
    /// Inside a syntax error.
    in_error: bool,
    type_params: Vec<Name>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            path: Vec::new(),
            extern_c: false,
            is_local: false,
            is_marked: false,
            class: None,
            targets: TargetSet::ALL,
            is_conditional: false,
            in_error: false,
            type_params: Vec::new(),
        }
    }
}

/// What there is to lower of a function.
#[derive(Clone, Copy, Debug)]
enum BodySource {
    /// A `function_definition`.
    Function(NodeId),
    /// The initial value of a variable: the body returns it.
    Expression(NodeId),
}

impl FileLowering<'_> {
    /// A function of that kind with nothing in it; `node` is its whole declaration.
    fn new_function(&self, kind: FunctionKind, node: NodeId, name: Name, name_span: Span) -> Function {
        let span = self.tree.span(node);
        Function { targets: self.scope.targets, ..Function::empty(kind, name.clone(), name, span, name_span) }
    }

    fn push_function(&mut self, function: Function) -> FunctionId {
        self.unit.push_function(function)
    }

    /// Lowers what waits; a body may declare classes whose methods wait in turn.
    fn bodies(&mut self) {
        while !self.pending.is_empty() {
            for (function, source) in std::mem::take(&mut self.pending) {
                body::lower(self, function, source);
            }
        }
    }

    /// Runs `inside` with a scope derived from the current one.
    fn within<R>(&mut self, change: impl FnOnce(&mut Scope), inside: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.scope.clone();
        change(&mut self.scope);
        let result = inside(self);
        self.scope = outer;
        result
    }

    fn alias(&mut self, name: Name, target: TypeRef) {
        if target.name != name {
            self.aliases.insert(name.clone(), target.clone());
        }
        self.unit.aliases.push(TypeAlias { name, type_params: self.scope.type_params.clone(), target });
    }

    /// `#define N 4`, `#define S "x"`.
    fn constants_of_macros(&mut self) {
        for define in self.prepared.defines.iter().filter(|define| define.params.is_none()) {
            let body = define.body.trim_matches(['(', ')', ' ']);
            let negative = body.strip_prefix('-').and_then(c::integer).map(|value| Const::Int(value.wrapping_neg()));
            let text = body.strip_prefix('"').and_then(|body| body.strip_suffix('"'));
            let constant = match body {
                "NULL" | "nullptr" => Some(Const::Null),
                "true" | "TRUE" => Some(Const::Bool(true)),
                "false" | "FALSE" => Some(Const::Bool(false)),
                _ => c::integer(body)
                    .map(Const::Int)
                    .or(negative)
                    .or_else(|| text.filter(|text| !text.contains('"')).map(|text| Const::Str(text.into()))),
            };
            if let Some(constant) = constant {
                self.constants.insert(define.name.as_str().into(), constant);
            }
        }
    }

    /// What Objective-C knows beside the names of C.
    fn objective_names(&mut self) {
        let constants =
            [("nil", Const::Null), ("Nil", Const::Null), ("YES", Const::Bool(true)), ("NO", Const::Bool(false))];
        for (name, value) in constants {
            self.constants.entry(name.into()).or_insert(value);
        }
        for name in ["id", "Class", "SEL", "IMP"] {
            self.aliases.entry(name.into()).or_insert_with(|| types::wrapped("*", TypeRef::named("void")));
        }
    }

    /// The attributes that were blanked before `end`, since the last declaration before `start`.
    fn markers(&self, start: u32, end: u32) -> impl Iterator<Item = &MarkerKind> {
        self.placed_markers(start, end).map(|marker| &marker.kind)
    }

    /// The same with their places.
    fn placed_markers(&self, start: u32, end: u32) -> impl Iterator<Item = &Marker> {
        let text = self.prepared.text.as_bytes();
        let before = text.get(..start as usize).unwrap_or(&[]);
        // Blanks reach far only where something was blanked.
        let blanks = before.iter().rev().take(4096).take_while(|byte| byte.is_ascii_whitespace()).count() as u32;
        let from = start - blanks.min(start);
        let markers = &self.prepared.markers;
        let first = markers.partition_point(|marker| marker.span.start < from);
        markers.iter().skip(first).take_while(move |marker| marker.span.start < end)
    }
}
