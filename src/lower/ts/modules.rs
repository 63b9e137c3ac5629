//! `import` and `export … from`.

use super::{FileLowering, Imported};
use crate::ir::{Import, Name};
use crate::parse::NodeId;

/// What every module sees without importing it.
const STANDARD: &str = "ts:std";

/// How a module's file may end that is named without.
const ENDINGS: [&str; 4] = [".ts", ".ets", "/index.ts", "/Index.ets"];

impl FileLowering<'_> {
    /// Lowers the imports of the module, and what it exports of others.
    pub(super) fn directives(&mut self) {
        self.unit.directives.imports.push(import_of(STANDARD, None, Vec::new()));
        let tree = self.tree;
        for node in tree.named_children(tree.root()) {
            match tree.kind(node) {
                "import_statement" => self.import(node),
                "export_statement" => self.export_from(node),
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
                "identifier" => shown.push((self.name(part), Name::new("default"))),
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
        let names = shown.iter().map(|(_, real)| real.clone()).collect();
        self.unit.directives.imports.push(import_of(&module, None, names));
        for (own, real) in shown {
            self.imported.insert(own, Imported { module: module.clone(), name: Some(real) });
        }
    }

    fn whole(&mut self, module: &Name, name: Name) {
        self.unit.directives.imports.push(import_of(module, Some(name.clone()), Vec::new()));
        self.imported.insert(name, Imported { module: module.clone(), name: None });
    }

    /// Makes what a module gives known under a prefix that no program can write.
    pub(super) fn behind(&mut self, module: &str) -> Name {
        let prefix = Name::new(format!("{module}#"));
        let imports = &mut self.unit.directives.imports;
        if !imports.iter().any(|import| import.prefix.as_ref() == Some(&prefix)) {
            imports.push(import_of(module, Some(prefix.clone()), Vec::new()));
        }
        prefix
    }

    /// `export { a } from './b'`, `export * from './b'`; what gets another name there is not followed.
    fn export_from(&mut self, node: NodeId) {
        let tree = self.tree;
        let Some(source) = tree.child(node, "source") else { return };
        let module = self.string(source);
        if tree.child_of_kind(node, "namespace_export").is_some() {
            return;
        }
        let mut shown = Vec::new();
        if let Some(clause) = tree.child_of_kind(node, "export_clause") {
            for one in tree.named_children(clause).filter(|&one| tree.child(one, "alias").is_none()) {
                shown.extend(tree.child(one, "name").map(|name| self.property_name(name)));
            }
            if shown.is_empty() {
                return;
            }
        }
        self.unit.directives.exports.push(import_of(&module, None, shown));
    }
}

/// An import of a module as written: a path without an ending may lead to several files.
fn import_of(module: &str, prefix: Option<Name>, show: Vec<Name>) -> Import {
    let (uri, conditional) = match module.starts_with('.') {
        true => {
            let stem = [".js", ".mjs", ".cjs"].iter().find_map(|ending| module.strip_suffix(ending));
            let stem = stem.unwrap_or(module);
            let ends = [".ts", ".ets", ".mts", ".cts"].iter().any(|ending| stem.ends_with(ending));
            let mut files = ENDINGS.iter().map(|ending| Name::new(format!("{stem}{ending}")));
            match ends {
                true => (stem.into(), Vec::new()),
                false => (files.next().unwrap_or_default(), files.collect()),
            }
        }
        false => (module.into(), Vec::new()),
    };
    Import { uri, conditional, prefix, show, hide: Vec::new() }
}
