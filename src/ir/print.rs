//! The IR as text, for snapshots and `ffilint dump-ir`.
//!
//! Places in the source are left out, so that a change above a function leaves its text alone. Functions are known by
//! their qualified names, with `#2` and so on where several share one.

use std::fmt::{self, Display, Write};

use rustc_hash::FxHashMap;

use super::{
    Annotation, Class, ClassKind, DefaultValue, Directives, Flavor, Function, FunctionId, FunctionKind, Import,
    Incomplete, Initializes, Local, LocalId, LocalKind, Operand, Param, PartOf, TypeAlias, TypeRef, Unit, Variable,
};
use crate::target::TargetSet;

mod ops;

/// The whole unit as text.
#[must_use]
pub fn print(unit: &Unit) -> String {
    let mut out = String::new();
    let printer = Printer { unit, labels: labels(unit) };
    // Writing to a string cannot fail.
    let _ = printer.unit(&mut out);
    out
}

struct Printer<'u> {
    unit: &'u Unit,
    labels: Vec<String>,
}

/// What each function is called in the text.
fn labels(unit: &Unit) -> Vec<String> {
    let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
    let mut labels = Vec::with_capacity(unit.functions.len());
    for function in &unit.functions {
        let mut label = match function.qualified.as_str() {
            "" => "fn".to_owned(),
            name => quoted(name),
        };
        let count = seen.entry(function.qualified.as_str()).or_insert(0);
        *count += 1;
        if *count > 1 {
            label = format!("{label}#{count}");
        }
        labels.push(label);
    }
    labels
}

impl Printer<'_> {
    fn unit(&self, out: &mut String) -> fmt::Result {
        let unit = self.unit;
        if unit.generated {
            writeln!(out, "generated")?;
        }
        if !unit.errors.is_empty() {
            writeln!(out, "errors {}", unit.errors.len())?;
        }
        if !unit.opaque.is_empty() {
            writeln!(out, "opaque {}", unit.opaque.len())?;
        }
        directives(out, &unit.directives)?;
        for comment in &unit.comments {
            let place = if comment.alone { "alone" } else { "trailing" };
            writeln!(out, "comment {place} {}", comment.text)?;
        }
        for TypeAlias { name, type_params, target } in &unit.aliases {
            writeln!(out, "typedef {name}{} = {target}", generics(type_params))?;
        }
        for variable in &unit.variables {
            self.variable(out, "", variable)?;
        }
        for class in &unit.classes {
            self.class(out, class)?;
        }
        self.native(out)?;
        for (index, function) in unit.functions.iter().enumerate() {
            out.push('\n');
            self.function(out, FunctionId(index as u32), function)?;
        }
        Ok(())
    }

    fn class(&self, out: &mut String, class: &Class) -> fmt::Result {
        let kind = match class.kind {
            ClassKind::Class => "class",
            ClassKind::Mixin => "mixin",
            ClassKind::Enum => "enum",
            ClassKind::Extension => "extension",
            ClassKind::ExtensionType => "extension type",
        };
        let is_abstract = if class.is_abstract { "abstract " } else { "" };
        let name = if class.name.is_empty() { "_" } else { &class.name };
        write!(out, "\n{is_abstract}{kind} {name}{}", generics(&class.type_params))?;
        if let Some(supertype) = &class.supertype {
            let word = match class.kind {
                ClassKind::Extension | ClassKind::ExtensionType => "on",
                _ => "extends",
            };
            write!(out, " {word} {supertype}")?;
        }
        list(out, " with ", &class.mixins)?;
        list(out, " implements ", &class.implements)?;
        out.push('\n');
        for field in &class.fields {
            self.variable(out, "  ", field)?;
        }
        for &member in &class.members {
            writeln!(out, "  member {}", self.label(member))?;
        }
        Ok(())
    }

    fn variable(&self, out: &mut String, indent: &str, variable: &Variable) -> fmt::Result {
        write!(out, "{indent}")?;
        annotations(out, &variable.annotations)?;
        let words = [
            // Variables outside classes are static all.
            (variable.is_static && !indent.is_empty(), "static "),
            (variable.is_late, "late "),
            (variable.is_const, "const "),
            (variable.is_final && !variable.is_const, "final "),
        ];
        for (_, word) in words.iter().filter(|(said, _)| *said) {
            out.push_str(word);
        }
        write!(out, "var {}", variable.name)?;
        typed(out, variable.ty.as_ref())?;
        if let Some(initializer) = variable.initializer {
            write!(out, " = {}", self.label(initializer))?;
        }
        out.push('\n');
        Ok(())
    }

    fn native(&self, out: &mut String) -> fmt::Result {
        let unit = self.unit;
        for layout in &unit.layouts {
            let name = unit.classes.get(layout.class.index()).map_or("?", |class| class.name.as_str());
            write!(out, "\nlayout {name} {}", if layout.is_union { "union" } else { "struct" })?;
            if let Some(packed) = layout.packed {
                write!(out, " packed {packed}")?;
            }
            out.push('\n');
            for (name, ty) in &layout.fields {
                writeln!(out, "  {name}: {ty}")?;
            }
        }
        if !unit.bindings.is_empty() || !unit.exports.is_empty() {
            out.push('\n');
        }
        for binding in &unit.bindings {
            write!(out, "binding {} -> {:?}", self.label(binding.function), binding.symbol)?;
            if let Some(library) = &binding.library {
                write!(out, " in {library:?}")?;
            }
            if let Some(signature) = &binding.signature {
                write!(out, " as {signature}")?;
            }
            writeln!(out, "{}", if binding.is_leaf { " leaf" } else { "" })?;
        }
        for export in &unit.exports {
            let word = if export.is_marked { "export" } else { "visible" };
            write!(out, "{word} {} as {:?}", self.label(export.function), export.symbol)?;
            writeln!(out, "{}", on_targets(export.targets))?;
        }
        Ok(())
    }

    fn function(&self, out: &mut String, id: FunctionId, function: &Function) -> fmt::Result {
        let names = Names::of(function);
        annotations(out, &function.annotations)?;
        if function.is_external {
            out.push_str("external ");
        }
        if function.is_local {
            out.push_str("local ");
        }
        if function.is_static && function.class.is_some() && function.kind != FunctionKind::Factory {
            out.push_str("static ");
        }
        let kind = match function.kind {
            FunctionKind::Function => "fn",
            FunctionKind::Getter => "get",
            FunctionKind::Setter => "set",
            FunctionKind::Constructor => "constructor",
            FunctionKind::Factory => "factory",
            FunctionKind::Operator => "operator",
            FunctionKind::Destructor => "destructor",
            FunctionKind::Closure => "closure",
            FunctionKind::Initializer => "initializer",
        };
        write!(out, "{kind} {}{}(", self.label(id), generics(&function.type_params))?;
        for (index, param) in function.params.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            parameter(out, function, &names, param)?;
        }
        out.push_str(if function.is_variadic { ", ...)" } else { ")" });
        if let Some(result) = &function.result {
            write!(out, " -> {result}")?;
        }
        out.push_str(match function.flavor {
            Flavor::Sync => "",
            Flavor::Async => " async",
            Flavor::SyncStar => " sync*",
            Flavor::AsyncStar => " async*",
        });
        out.push_str(&on_targets(function.targets));
        if let Some(parent) = function.parent {
            write!(out, " in {}", self.label(parent))?;
        }
        out.push_str(match function.incomplete {
            None => "",
            Some(Incomplete::SyntaxError) => " [syntax error]",
            Some(Incomplete::TooDeep) => " [too deep]",
            Some(Incomplete::TooLarge) => " [too large]",
        });
        out.push('\n');
        self.locals(out, function, &names)?;
        for (index, block) in function.blocks.iter().enumerate() {
            self.block(out, &names, index, block)?;
        }
        Ok(())
    }

    fn locals(&self, out: &mut String, function: &Function, names: &Names) -> fmt::Result {
        let parent = function.parent.and_then(|parent| self.unit.functions.get(parent.index()));
        let outer_names = parent.map(Names::of);
        let captured: FxHashMap<LocalId, LocalId> =
            function.captures.iter().map(|capture| (capture.inner, capture.outer)).collect();
        for (index, local) in function.locals.iter().enumerate() {
            let id = LocalId(index as u32);
            let word = match local.kind {
                LocalKind::This => "this",
                LocalKind::Captured => "captured",
                LocalKind::Variable if local.is_final => "final var",
                LocalKind::Variable => "var",
                // Parameters stand in the header; temporaries only where their type is known.
                LocalKind::Param => continue,
                LocalKind::Temporary if local.ty.is_none() => continue,
                LocalKind::Temporary => "temporary",
            };
            match local.kind {
                LocalKind::This => write!(out, "  {word}")?,
                _ => write!(out, "  {word} {}", names.of_local(id))?,
            }
            typed(out, local.ty.as_ref())?;
            if let (Some(outer), Some(parent)) = (captured.get(&id), &outer_names) {
                write!(out, " = outer {}", parent.of_local(*outer))?;
            }
            out.push('\n');
        }
        Ok(())
    }

    fn label(&self, id: FunctionId) -> &str {
        self.labels.get(id.index()).map_or("?", String::as_str)
    }
}

/// What each local of a function is called in the text: `%name`, with its number where several share the name, and
/// `%t4` for temporaries.
struct Names(Vec<String>);

impl Names {
    fn of(function: &Function) -> Self {
        let mut counts: FxHashMap<&str, u32> = FxHashMap::default();
        for Local { name, .. } in &function.locals {
            *counts.entry(name.as_str()).or_insert(0) += 1;
        }
        let name = |(index, local): (usize, &Local)| match local.name.as_str() {
            "" => format!("%t{index}"),
            name if counts.get(name) == Some(&1) => format!("%{name}"),
            name => format!("%{name}.{index}"),
        };
        Self(function.locals.iter().enumerate().map(name).collect())
    }

    fn of_local(&self, id: LocalId) -> &str {
        self.0.get(id.index()).map_or("%?", String::as_str)
    }
}

fn directives(out: &mut String, directives: &Directives) -> fmt::Result {
    if let Some(library) = &directives.library {
        writeln!(out, "library {library}")?;
    }
    match &directives.part_of {
        Some(PartOf::Uri(uri)) => writeln!(out, "part of {uri:?}")?,
        Some(PartOf::Library(name)) => writeln!(out, "part of {name}")?,
        None => {}
    }
    for part in &directives.parts {
        writeln!(out, "part {part:?}")?;
    }
    let imports = directives.imports.iter().map(|import| ("import", import));
    let exports = directives.exports.iter().map(|export| ("export", export));
    for (word, Import { uri, conditional, prefix, show, hide, renames }) in imports.chain(exports) {
        write!(out, "{word} {uri:?}")?;
        for uri in conditional {
            write!(out, " if {uri:?}")?;
        }
        if let Some(prefix) = prefix {
            write!(out, " as {prefix}")?;
        }
        list(out, " show ", show)?;
        list(out, " hide ", hide)?;
        for (own, real) in renames {
            write!(out, " {real} as {own}")?;
        }
        out.push('\n');
    }
    for (given, own) in &directives.gives {
        writeln!(out, "gives {own} as {given}")?;
    }
    Ok(())
}

fn parameter(out: &mut String, function: &Function, names: &Names, param: &Param) -> fmt::Result {
    out.push_str(match (param.named, param.required) {
        (true, true) => "required named ",
        (true, false) => "named ",
        (false, true) => "",
        (false, false) => "optional ",
    });
    out.push_str(match param.initializes {
        None => "",
        Some(Initializes::Field) => "this.",
        Some(Initializes::Super) => "super.",
    });
    let local = function.locals.get(param.local.index());
    if local.is_some_and(|local| local.is_final) {
        out.push_str("final ");
    }
    out.push_str(names.of_local(param.local));
    if local.is_some_and(|local| local.name != param.name) {
        write!(out, " as {}", param.name)?;
    }
    typed(out, local.and_then(|local| local.ty.as_ref()))?;
    if let Some(default) = &param.default {
        match default {
            DefaultValue::Const(constant) => {
                write!(out, " = {}", ops::operand(names, &Operand::Const(constant.clone())))?
            }
            DefaultValue::Name(name) => write!(out, " = {name}")?,
        }
    }
    Ok(())
}

fn annotations(out: &mut String, annotations: &[Annotation]) -> fmt::Result {
    for Annotation { name, type_args, args } in annotations {
        write!(out, "@{name}{}", generics(type_args))?;
        if !args.is_empty() {
            let args = args.iter().map(|(name, value)| match name {
                Some(name) => format!("{name}: {}", ops::constant(value)),
                None => ops::constant(value),
            });
            write!(out, "({})", args.collect::<Vec<_>>().join(", "))?;
        }
        out.push(' ');
    }
    Ok(())
}

/// ` on {windows}`; nothing for all targets.
fn on_targets(targets: TargetSet) -> String {
    if targets == TargetSet::ALL { String::new() } else { format!(" on {targets:?}") }
}

fn typed(out: &mut String, ty: Option<&TypeRef>) -> fmt::Result {
    ty.map_or(Ok(()), |ty| write!(out, ": {ty}"))
}

fn list(out: &mut String, before: &str, items: &[impl Display]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(out, "{before}{}", joined(items))
}

fn generics(items: &[impl Display]) -> String {
    if items.is_empty() { String::new() } else { format!("<{}>", joined(items)) }
}

fn joined(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Names with spaces (`operator []=`) stand in backquotes.
fn quoted(name: &str) -> String {
    if name.contains(' ') { format!("`{name}`") } else { name.to_owned() }
}

impl Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(prefix) = &self.prefix {
            write!(f, "{prefix}.")?;
        }
        write!(f, "{}", self.name)?;
        for (index, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if index == 0 { "<" } else { ", " })?;
        }
        f.write_str(if self.args.is_empty() { "" } else { ">" })?;
        f.write_str(if self.nullable { "?" } else { "" })
    }
}
