//! Items → the unit.

use syn::spanned::Spanned;
use syn::{ForeignItem, ImplItem, Item, TraitItem};

use super::attributes::{self, Configured};
use super::functions::Owner;
use super::{FileLowering, body, macros, types, written};
use crate::ir::{Binding, Class, ClassId, ClassKind, FunctionKind, Name, StructLayout, TypeAlias, TypeRef, Variable};
use crate::source::Span;

impl FileLowering {
    /// Notes the types of the file that copy, so that what comes before them knows.
    pub(super) fn declare_types(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Struct(it) => self.declare_copy(&it.attrs, &it.ident),
                Item::Enum(it) => self.declare_copy(&it.attrs, &it.ident),
                Item::Union(it) => self.declare_copy(&it.attrs, &it.ident),
                Item::Type(it) => {
                    if let Some(ty) = types::type_ref(&it.ty) {
                        let name = Name::new(it.ident.to_string());
                        if self.is_copy(&ty) {
                            self.copies.insert(name.clone());
                        }
                        if types::is_plain(&ty) {
                            self.plain.insert(name);
                        }
                    }
                }
                Item::Fn(it) => {
                    let result = written::result(&it.sig.output).and_then(types::type_ref);
                    if result.is_none_or(|ty| self.is_copy(&ty)) {
                        self.plain_calls.insert(it.sig.ident.to_string().into());
                    }
                }
                // What C returns has no destructor.
                Item::ForeignMod(it) => {
                    for member in &it.items {
                        if let ForeignItem::Fn(it) = member {
                            self.plain_calls.insert(it.sig.ident.to_string().into());
                        }
                    }
                }
                Item::Mod(it) => {
                    if let Some((_, items)) = &it.content {
                        self.declare_types(items);
                    }
                }
                _ => {}
            }
        }
        for item in items {
            // `impl Copy for T {}`
            if let Item::Impl(it) = item
                && it.trait_.as_ref().is_some_and(|(path, _)| path.is_ident("Copy"))
                && let Some(ty) = types::type_ref(&it.self_ty)
            {
                self.copies.insert(types::simple(&ty.name).into());
            }
        }
    }

    fn declare_copy(&mut self, attributes: &[syn::Attribute], name: &syn::Ident) {
        if attributes::words(attributes, "derive").iter().any(|(word, _)| word == "Copy") {
            self.copies.insert(name.to_string().into());
        }
    }

    /// Lowers items: types first, for an `impl` may come before its type.
    pub(super) fn items(&mut self, items: &[Item]) {
        for item in items {
            let attributes = item_attributes(item);
            self.configured(attributes, |file| match item {
                Item::Struct(it) => file.struct_item(it),
                Item::Union(it) => file.union_item(it),
                Item::Enum(it) => file.enum_item(it),
                Item::Trait(it) => file.trait_item(it),
                _ => {}
            });
        }
        for item in items {
            let attributes = item_attributes(item);
            self.configured(attributes, |file| file.item(item));
        }
    }

    /// Runs `inside` under the conditions of an item's attributes, if it is compiled at all.
    fn configured(&mut self, attributes: &[syn::Attribute], inside: impl FnOnce(&mut Self)) {
        let outer = self.scope;
        self.scope = outer.and(attributes::configured(attributes));
        if !self.scope.is_never() {
            inside(self);
        }
        self.scope = outer;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(it) => {
                self.function(&it.attrs, &it.vis, &it.sig, Some(&it.block), None);
            }
            Item::ForeignMod(it) => self.foreign(it),
            Item::Impl(it) => self.impl_item(it),
            Item::Trait(it) => self.trait_members(it),
            Item::Mod(it) => self.module(it),
            Item::Use(it) => self.use_item(it),
            Item::ExternCrate(it) => self.extern_crate(it),
            Item::Static(it) => {
                let name = self.qualified(&it.ident.to_string());
                self.variable(name, it.ident.span(), &it.ty, false, Some(&it.expr));
            }
            Item::Const(it) => {
                let name = self.qualified(&it.ident.to_string());
                self.variable(name, it.ident.span(), &it.ty, true, Some(&it.expr));
            }
            Item::Type(it) => {
                if let Some(target) = types::type_ref(&it.ty) {
                    let name = it.ident.to_string().into();
                    let type_params = type_params(&it.generics);
                    self.unit.aliases.push(TypeAlias { name, type_params, target });
                }
            }
            Item::Macro(it) if it.mac.path.is_ident("macro_rules") => {
                for items in macros::exported(&it.mac) {
                    self.declare_types(&items);
                    self.items(&items);
                }
            }
            Item::Macro(it) if it.mac.path.is_ident("thread_local") => {
                for it in macros::thread_locals(&it.mac) {
                    let name = self.qualified(&it.name.to_string());
                    self.variable(name, it.name.span(), &it.ty, false, Some(&it.value));
                }
            }
            Item::Macro(it) if !is_known_macro(&it.mac.path) => self.opaque_macro(&it.mac),
            Item::Verbatim(tokens) => {
                let span = tokens.span();
                let span = self.span(span, span);
                self.unit.opaque.push(span);
            }
            _ => {}
        }
    }

    /// A macro that may stand for items.
    fn opaque_macro(&mut self, mac: &syn::Macro) {
        let Some(first) = mac.path.segments.first() else { return };
        let span = self.span(first.ident.span(), written::delimiter(mac));
        self.unit.opaque.push(span);
    }

    fn module(&mut self, item: &syn::ItemMod) {
        let name = item.ident.to_string();
        let Some((_, items)) = &item.content else {
            let path = attributes::value_of(&item.attrs, "path", None);
            self.unit.directives.parts.push(path.unwrap_or_else(|| name.into()));
            return;
        };
        self.modules.push(name.into());
        self.items(items);
        self.modules.pop();
    }

    fn struct_item(&mut self, item: &syn::ItemStruct) {
        let span = self.span(item.struct_token.span, item.span());
        let id = self.declared_class(ClassKind::Class, &item.ident, &item.generics, span);
        let fields = self.fields(item.fields.iter());
        let has_conditions = item.fields.iter().any(|field| attributes::has_condition(&field.attrs));
        self.layout(id, &item.attrs, false, has_conditions, &fields);
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.fields = fields;
        }
    }

    fn union_item(&mut self, item: &syn::ItemUnion) {
        let span = self.span(item.union_token.span, item.fields.brace_token.span.close());
        let id = self.declared_class(ClassKind::Class, &item.ident, &item.generics, span);
        let fields = self.fields(item.fields.named.iter());
        self.layout(id, &item.attrs, true, false, &fields);
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.fields = fields;
        }
    }

    fn layout(
        &mut self,
        class: ClassId,
        attributes: &[syn::Attribute],
        is_union: bool,
        has_conditions: bool,
        fields: &[Variable],
    ) {
        let repr = attributes::words(attributes, "repr");
        if !repr.iter().any(|(word, _)| word == "C") {
            return;
        }
        let packed = repr.iter().find(|(word, _)| word == "packed").map(|(_, number)| number.unwrap_or(1));
        let unknown = || TypeRef::named("_");
        let fields =
            fields.iter().map(|field| (field.name.clone(), field.ty.clone().unwrap_or_else(unknown))).collect();
        let is_partial = has_conditions || repr.iter().any(|(word, _)| word == "align");
        self.unit.layouts.push(StructLayout { class, is_union, packed, fields, is_partial });
    }

    fn enum_item(&mut self, item: &syn::ItemEnum) {
        let span = self.span(item.enum_token.span, item.brace_token.span.close());
        let id = self.declared_class(ClassKind::Enum, &item.ident, &item.generics, span);
        let variant = |variant: &syn::Variant| {
            let span = self.span(variant.ident.span(), variant.ident.span());
            let mut field = field(variant.ident.to_string().into(), None, span);
            (field.is_static, field.is_final, field.is_const) = (true, true, true);
            field
        };
        let variants = item.variants.iter().map(variant).collect();
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.fields = variants;
        }
    }

    fn trait_item(&mut self, item: &syn::ItemTrait) {
        let span = self.span(item.trait_token.span, item.brace_token.span.close());
        let id = self.declared_class(ClassKind::Mixin, &item.ident, &item.generics, span);
        if let Some(class) = self.unit.classes.get_mut(id.index()) {
            class.is_abstract = true;
        }
    }

    fn trait_members(&mut self, item: &syn::ItemTrait) {
        let name = Name::new(item.ident.to_string());
        let Some(&class) = self.by_type.get(&name) else { return };
        let owner = Owner { class, name, this: TypeRef::named("Self"), drops: false };
        for member in &item.items {
            let TraitItem::Fn(it) = member else { continue };
            self.configured(&it.attrs, |file| {
                file.function(&it.attrs, &syn::Visibility::Inherited, &it.sig, it.default.as_ref(), Some(&owner));
            });
        }
    }

    fn declared_class(&mut self, kind: ClassKind, ident: &syn::Ident, generics: &syn::Generics, span: Span) -> ClassId {
        let name: Name = ident.to_string().into();
        let name_span = self.span(ident.span(), ident.span());
        let mut class = Self::new_class(kind, name.clone(), span, name_span);
        class.type_params = type_params(generics);
        let id = self.push_class(class);
        self.by_type.entry(name).or_insert(id);
        id
    }

    fn fields<'s>(&self, fields: impl Iterator<Item = &'s syn::Field>) -> Vec<Variable> {
        let name = |index: usize, it: &syn::Field| {
            it.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string).into()
        };
        let fields = fields.enumerate().filter(|(_, it)| !attributes::configured(&it.attrs).is_never());
        fields
            .map(|(index, it)| {
                let place = it.ident.as_ref().map_or_else(|| it.ty.span(), syn::Ident::span);
                field(name(index, it), types::type_ref(&it.ty), self.span(place, place))
            })
            .collect()
    }

    /// `impl T` and `impl Trait for T`: members of the class where it is of this file, else of an extension.
    fn impl_item(&mut self, item: &syn::ItemImpl) {
        let Some(ty) = types::type_ref(&item.self_ty) else { return };
        let span = self.span(item.impl_token.span, item.brace_token.span.close());
        let ty = if ty.name == "&" { referent(ty) } else { ty };
        let simple = Name::new(types::simple(&ty.name));
        let class = match self.by_type.get(&simple) {
            Some(&class) => class,
            None => {
                let mut class: Class = Self::new_class(ClassKind::Extension, Name::default(), span, span);
                class.supertype = Some(ty.clone());
                class.type_params = type_params(&item.generics);
                let class = self.push_class(class);
                self.by_type.insert(simple.clone(), class);
                class
            }
        };
        let of_trait = item.trait_.as_ref().and_then(|(path, _)| types::of_path(path));
        let drops = of_trait.as_ref().is_some_and(|it| types::simple(&it.name) == "Drop");
        if let (Some(of_trait), Some(class)) = (of_trait, self.unit.classes.get_mut(class.index()))
            && !class.implements.contains(&of_trait)
        {
            class.implements.push(of_trait);
        }
        let owner = Owner { class, name: simple, this: ty, drops };
        for member in &item.items {
            match member {
                ImplItem::Fn(it) => self.configured(&it.attrs, |file| {
                    file.function(&it.attrs, &it.vis, &it.sig, Some(&it.block), Some(&owner));
                }),
                ImplItem::Const(it) => self.configured(&it.attrs, |file| {
                    let name = file.qualified(&format!("{}::{}", owner.name, it.ident));
                    file.variable(name, it.ident.span(), &it.ty, true, Some(&it.expr));
                }),
                ImplItem::Macro(it) => self.opaque_macro(&it.mac),
                _ => {}
            }
        }
    }

    /// `extern "C" { … }`: declarations of what is defined elsewhere.
    fn foreign(&mut self, item: &syn::ItemForeignMod) {
        let library = attributes::value_of(&item.attrs, "link", Some("name"));
        for member in &item.items {
            match member {
                ForeignItem::Fn(it) => self.configured(&it.attrs, |file| {
                    let Some(function) = file.function(&it.attrs, &it.vis, &it.sig, None, None) else { return };
                    let symbol = attributes::value_of(&it.attrs, "link_name", None);
                    let symbol = symbol.unwrap_or_else(|| it.sig.ident.to_string().into());
                    let library = library.clone();
                    file.unit.bindings.push(Binding { function, symbol, library, signature: None, is_leaf: false });
                }),
                ForeignItem::Static(it) => self.configured(&it.attrs, |file| {
                    let name = file.qualified(&it.ident.to_string());
                    file.variable(name, it.ident.span(), &it.ty, false, None);
                }),
                ForeignItem::Macro(it) => self.opaque_macro(&it.mac),
                _ => {}
            }
        }
    }

    /// A `static` or `const` with the function that computes it.
    pub(super) fn variable(
        &mut self,
        name: Name,
        place: proc_macro2::Span,
        ty: &syn::Type,
        is_const: bool,
        value: Option<&syn::Expr>,
    ) {
        let span = self.span(place, place);
        let mut variable = field(name.clone(), types::type_ref(ty), span);
        (variable.is_static, variable.is_final, variable.is_const) = (true, is_const, is_const);
        // A number or text needs no function.
        if let Some(value) = value.filter(|value| !matches!(value, syn::Expr::Lit(_))) {
            let whole = self.span(place, written::last(value));
            let mut function = self.new_function(FunctionKind::Initializer, name.clone(), whole, span);
            (function.qualified, function.result) = (name, variable.ty.clone());
            let id = self.push_function(function);
            body::lower_value(self, id, value);
            variable.initializer = Some(id);
        }
        self.unit.variables.push(variable);
    }

    /// Items inside a body. They are known by their own names there.
    pub(super) fn inner_item(&mut self, item: &Item) {
        self.items(std::slice::from_ref(item));
    }
}

/// `&T` → `T`
fn referent(ty: TypeRef) -> TypeRef {
    let inner = ty.args.first().cloned();
    let inner = inner.map(|inner| if inner.name == "const" { inner.args.first().cloned() } else { Some(inner) });
    inner.flatten().unwrap_or(ty)
}

fn field(name: Name, ty: Option<TypeRef>, span: Span) -> Variable {
    Variable {
        name,
        ty,
        is_static: false,
        is_final: false,
        is_late: false,
        is_const: false,
        initializer: None,
        annotations: Vec::new(),
        span,
    }
}

/// Names of type parameters.
pub(super) fn type_params(generics: &syn::Generics) -> Vec<Name> {
    generics.type_params().map(|param| param.ident.to_string().into()).collect()
}

/// Macros whose items are no functions. `macro_rules!` defines, and adds nothing by itself.
fn is_known_macro(path: &syn::Path) -> bool {
    ["macro_rules", "thread_local", "compile_error"].iter().any(|name| path.is_ident(name))
}

fn item_attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::ExternCrate(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::ForeignMod(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::TraitAlias(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

impl Configured {
    /// Whether two definitions of one name can both be meant: they are compiled for different targets.
    pub(super) fn is_apart_from(self, other: crate::target::TargetSet) -> bool {
        self.targets.and(other).is_empty()
    }
}
