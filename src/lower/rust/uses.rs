//! `use`, `mod x;`, `extern crate`.

use syn::UseTree;

use super::FileLowering;
use crate::ir::{Import, Name};

impl FileLowering {
    /// `use a::b::{c, d as e, f::*};`: one import for each path, and one for each new name.
    pub(super) fn use_item(&mut self, item: &syn::ItemUse) {
        let mut open = vec![(String::new(), &item.tree)];
        let mut imports: Vec<Import> = Vec::new();
        while let Some((path, tree)) = open.pop() {
            match tree {
                UseTree::Path(it) => open.push((joined(&path, &it.ident.to_string()), &it.tree)),
                UseTree::Group(it) => open.extend(it.items.iter().rev().map(|tree| (path.clone(), tree))),
                UseTree::Glob(_) => imports.push(import(&path, None)),
                UseTree::Name(it) if it.ident == "self" => match path.rsplit_once("::") {
                    Some((parent, last)) => show(&mut imports, parent, last),
                    None => show(&mut imports, "", &path),
                },
                UseTree::Name(it) => show(&mut imports, &path, &it.ident.to_string()),
                UseTree::Rename(it) => {
                    let full = if it.ident == "self" { path } else { joined(&path, &it.ident.to_string()) };
                    imports.push(import(&full, Some(it.rename.to_string())));
                }
            }
        }
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        if is_public {
            self.unit.directives.exports.extend(imports.iter().cloned());
        }
        self.unit.directives.imports.extend(imports);
    }

    /// `extern crate a as b;`
    pub(super) fn extern_crate(&mut self, item: &syn::ItemExternCrate) {
        let prefix = item.rename.as_ref().map(|(_, name)| name.to_string());
        self.unit.directives.imports.push(import(&item.ident.to_string(), prefix));
    }
}

fn show(imports: &mut Vec<Import>, path: &str, name: &str) {
    match imports.last_mut() {
        Some(last) if last.uri == path && !last.show.is_empty() => last.show.push(name.into()),
        _ => imports.push(Import { show: vec![name.into()], ..import(path, None) }),
    }
}

fn import(uri: &str, prefix: Option<String>) -> Import {
    Import {
        uri: uri.into(),
        conditional: Vec::new(),
        prefix: prefix.map(Name::new),
        show: Vec::new(),
        renames: Vec::new(),
        hide: Vec::new(),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}
