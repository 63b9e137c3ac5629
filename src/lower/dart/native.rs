//! Declarations for native code: struct layouts and bindings by annotation.

use super::FileLowering;
use crate::ir::{Annotation, Binding, ClassId, Const, FunctionId, Name, StructLayout, TypeRef, Variable};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// The layout of a class that extends `Struct`, `Union` or `Opaque` itself.
    pub(super) fn layout(&mut self, node: NodeId, id: ClassId) {
        let Some(class) = self.unit.classes.get(id.index()) else { return };
        let is_union = match class.supertype.as_ref().map(|ty| ty.name.as_str()) {
            Some("Struct" | "Opaque") => false,
            Some("Union") => true,
            _ => return,
        };
        let fields = class.fields.iter().filter(|field| !field.is_static);
        let fields = fields.filter_map(|field| Some((field.name.clone(), native_type(field)?))).collect();
        let packed =
            self.annotations(node).iter().find(|annotation| annotation.name == "Packed").and_then(
                |packed| match packed.args.first() {
                    Some((None, Const::Int(bytes))) => u32::try_from(*bytes).ok(),
                    _ => None,
                },
            );
        self.unit.layouts.push(StructLayout { class: id, is_union, packed, fields, is_partial: false });
    }

    /// The binding of a function with `@Native` or `@FfiNative`.
    pub(super) fn bind(&mut self, id: FunctionId) {
        let function = self.unit.function(id);
        let native = |annotation: &&Annotation| matches!(annotation.name.as_str(), "Native" | "FfiNative");
        let Some(annotation) = function.annotations.iter().find(native) else { return };
        let positional = match annotation.name.as_str() {
            "FfiNative" => annotation.args.iter().find(|(name, _)| name.is_none()),
            _ => None,
        };
        let symbol = positional.and_then(|(_, value)| text(value)).or_else(|| text(named(annotation, "symbol")?));
        let binding = Binding {
            function: id,
            symbol: symbol.unwrap_or_else(|| function.name.clone()),
            library: named(annotation, "assetId").and_then(text).or_else(|| self.default_asset.clone()),
            signature: annotation.type_args.first().cloned(),
            is_leaf: named(annotation, "isLeaf") == Some(&Const::Bool(true)),
        };
        self.unit.bindings.push(binding);
    }

    /// `@DefaultAsset('…')` before `library`.
    pub(super) fn annotated_asset(&self, node: NodeId) -> Option<Name> {
        let annotations = self.annotations(node);
        let asset = annotations.iter().find(|annotation| annotation.name == "DefaultAsset")?;
        asset.args.first().and_then(|(_, value)| text(value))
    }
}

/// `@Int32() external int x` is an `Int32`. Only numbers and booleans have their native type in an annotation, and it
/// takes no arguments.
fn native_type(field: &Variable) -> Option<TypeRef> {
    let declared = field.ty.as_ref()?;
    if !matches!(declared.name.as_str(), "int" | "double" | "bool") {
        return Some(declared.clone());
    }
    let ty = field.annotations.iter().find(|annotation| {
        let by_type = annotation.name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic());
        by_type && annotation.args.is_empty() && !matches!(annotation.name.as_str(), "override" | "deprecated")
    });
    Some(ty.map_or_else(|| declared.clone(), |annotation| TypeRef::named(&annotation.name)))
}

fn named<'a>(annotation: &'a Annotation, name: &str) -> Option<&'a Const> {
    let mut args = annotation.args.iter();
    args.find(|(own, _)| own.as_deref() == Some(name)).map(|(_, value)| value)
}

fn text(value: &Const) -> Option<Name> {
    match value {
        Const::Str(text) => Some(text.clone()),
        _ => None,
    }
}
