//! `import` and `export … from`.

use super::{FileLowering, Imported};
use crate::ir::{Import, Name};
use crate::parse::NodeId;

/// What a module gives that is imported without a name.
pub(super) const DEFAULT: &str = "default";

/// What every module sees without importing it.
const STANDARD: &str = "ts:std";

/// How a module's file may end that is named without.
const ENDINGS: [&str; 5] = [".ts", ".ets", ".tsx", "/index.ts", "/Index.ets"];

impl FileLowering<'_> {
    /// Lowers the imports of the module, and what it exports of others.
    pub(super) fn directives(&mut self) {
        self.unit.directives.imports.push(import_of(STANDARD, None, &[]));
        let tree = self.tree;
        for node in tree.named_children(tree.root()) {
            match tree.kind(node) {
                "import_statement" => self.import(node),
                "export_statement" => self.export(node),
                _ => {}
            }
        }
    }

    fn import(&mut self, node: NodeId) {
        let tree = self.tree;
        let required = tree.child_of_kind(node, "import_require_clause");
        let Some(source) = tree.child(node, "source").or_else(|| tree.child(required?, "source")) else { return };
        let module = self.string(source);
        // `import lib = require('lib')`
        if let Some(name) = required.and_then(|clause| tree.child_of_kind(clause, "identifier")) {
            self.whole(&module, self.name(name));
        }
        let Some(clause) = tree.child_of_kind(node, "import_clause") else { return };
        let mut shown = Vec::new();
        for part in tree.named_children(clause) {
            match tree.kind(part) {
                "identifier" => shown.push((self.name(part), Name::new(DEFAULT))),
                "namespace_import" => {
                    if let Some(name) = tree.child_of_kind(part, "identifier") {
                        self.whole(&module, self.name(name));
                    }
                }
                "named_imports" => shown.extend(tree.named_children(part).filter_map(|one| {
                    let name = tree.child(one, "name")?;
                    let real = self.property_name(name);
                    Some((tree.child(one, "alias").map_or_else(|| real.clone(), |alias| self.name(alias)), real))
                })),
                _ => {}
            }
        }
        if shown.is_empty() {
            return;
        }
        self.unit.directives.imports.push(import_of(&module, None, &shown));
        for (own, real) in shown {
            self.imported.insert(own, Imported { module: module.clone(), name: Some(real) });
        }
    }

    fn whole(&mut self, module: &Name, name: Name) {
        self.unit.directives.imports.push(import_of(module, Some(name.clone()), &[]));
        self.imported.insert(name, Imported { module: module.clone(), name: None });
    }

    /// Makes what a module gives known under a prefix that no program can write.
    pub(super) fn behind(&mut self, module: &str) -> Name {
        let prefix = Name::new(format!("{module}#"));
        if self.behind.insert(prefix.clone()) {
            self.unit.directives.imports.push(import_of(module, Some(prefix.clone()), &[]));
        }
        prefix
    }

    /// `export { a as b } from './c'`, `export * from './c'`, `export { a as b }`, `export default a`
    fn export(&mut self, node: NodeId) {
        let tree = self.tree;
        let clause = tree.child_of_kind(node, "export_clause");
        let mut shown = Vec::new();
        for one in clause.into_iter().flat_map(|clause| tree.named_children(clause)) {
            let Some(name) = tree.child(one, "name").map(|name| self.property_name(name)) else { continue };
            let given = tree.child(one, "alias").map_or_else(|| name.clone(), |alias| self.property_name(alias));
            shown.extend(super::tables::classes_of(&given).into_iter().zip(super::tables::classes_of(&name)));
            shown.push((given, name));
        }
        match tree.child(node, "source").map(|source| self.string(source)) {
            Some(module) => {
                if clause.is_none_or(|_| !shown.is_empty()) && tree.child_of_kind(node, "namespace_export").is_none() {
                    self.unit.directives.exports.push(import_of(&module, None, &shown));
                }
            }
            None => {
                let named = tree.child(node, "declaration").and_then(|declared| tree.child(declared, "name"));
                let value = tree.child(node, "value").filter(|&value| tree.kind(value) == "identifier");
                if tree.has_token(node, "default")
                    && let Some(own) = named.or(value)
                {
                    let own = self.name(own);
                    shown.extend(super::tables::classes_of(DEFAULT).into_iter().zip(super::tables::classes_of(&own)));
                    shown.push((Name::new(DEFAULT), own));
                }
                let renamed = shown.into_iter().filter(|(given, own)| given != own);
                self.unit.directives.gives.extend(renamed);
            }
        }
    }
}

/// An import of a module as written: a path without an ending may lead to several files.
fn import_of(module: &str, prefix: Option<Name>, names: &[(Name, Name)]) -> Import {
    let (uri, conditional) = match module.starts_with('.') {
        true => {
            let stem = [".js", ".mjs", ".cjs"].iter().find_map(|ending| module.strip_suffix(ending));
            let stem = stem.unwrap_or(module);
            let ends = [".ts", ".ets", ".mts", ".cts", ".tsx"].iter().any(|ending| stem.ends_with(ending));
            let mut files = ENDINGS.iter().map(|ending| Name::new(format!("{stem}{ending}")));
            match ends {
                true => (stem.into(), Vec::new()),
                false => (files.next().unwrap_or_default(), files.collect()),
            }
        }
        false => (module.into(), Vec::new()),
    };
    let (plain, renames): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|(own, real)| own == real);
    let show = plain.into_iter().map(|(own, _)| own).collect();
    Import { uri, conditional, prefix, show, hide: Vec::new(), renames }
}
