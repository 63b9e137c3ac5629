//! `library`, `import`, `export`, `part`, `part of`.

use super::FileLowering;
use crate::ir::{Import, Name, PartOf};
use crate::parse::NodeId;

impl FileLowering<'_> {
    /// Lowers a directive of the library.
    pub(super) fn directive(&mut self, node: NodeId) {
        let tree = self.tree;
        match tree.kind(node) {
            "library_name" => {
                self.unit.directives.library =
                    tree.child_of_kind(node, "dotted_identifier_list").map(|n| self.dotted(n));
                self.default_asset = self.annotated_asset(node);
            }
            "import_or_export" => {
                for directive in tree.named_children(node) {
                    let import = tree.child_of_kind(directive, "import_specification");
                    let Some(lowered) = self.import(import.unwrap_or(directive)) else { continue };
                    match import {
                        Some(_) => self.unit.directives.imports.push(lowered),
                        None => self.unit.directives.exports.push(lowered),
                    }
                }
            }
            "part_directive" => {
                let uri = tree.child(node, "uri").and_then(|uri| self.uri(uri));
                self.unit.directives.parts.extend(uri);
            }
            _ => {
                let library =
                    tree.child_of_kind(node, "dotted_identifier_list").map(|n| PartOf::Library(self.dotted(n)));
                let uri = || tree.child_of_kind(node, "uri").and_then(|uri| self.uri(uri)).map(PartOf::Uri);
                self.unit.directives.part_of = library.or_else(uri);
            }
        }
    }

    fn import(&self, node: NodeId) -> Option<Import> {
        let tree = self.tree;
        let uri = tree.child(node, "uri")?;
        let configurable = tree.kind(uri) == "configurable_uri";
        let default = if configurable { tree.child_of_kind(uri, "uri")? } else { uri };
        let mut chosen = default;
        let mut open = Vec::new();
        for condition in tree.children(uri).filter(|&child| tree.kind(child) == "configuration_uri") {
            let Some(other) = tree.child_of_kind(condition, "uri") else { continue };
            match holds_natively(tree.text(condition)) {
                Some(true) => {
                    chosen = other;
                    break;
                }
                Some(false) => {}
                None => open.push(other),
            }
        }
        let combined = |token: &str| {
            let combinators = tree.children(node).filter(|&child| tree.kind(child) == "combinator");
            let wanted = combinators.filter(|&child| tree.has_token(child, token));
            let names = wanted.flat_map(|child| tree.named_children(child)).map(|name| self.name(name));
            names.collect::<Vec<_>>()
        };
        Some(Import {
            uri: self.uri(chosen)?,
            conditional: open.into_iter().filter_map(|uri| self.uri(uri)).collect(),
            prefix: tree.child(node, "alias").map(|alias| self.name(alias)),
            show: combined("show"),
            renames: Vec::new(),
            hide: combined("hide"),
        })
    }

    fn uri(&self, node: NodeId) -> Option<Name> {
        self.tree.child_of_kind(node, "string_literal").and_then(|literal| self.string(literal))
    }

    fn dotted(&self, node: NodeId) -> Name {
        let parts: Vec<&str> = self.tree.named_children(node).map(|part| self.tree.text(part)).collect();
        parts.join(".").into()
    }
}

/// Libraries of the SDK that programs with native code have.
const NATIVE: [&str; 4] = ["cli", "ffi", "io", "isolate"];
/// Libraries of the SDK that only programs for the web have.
const WEB: [&str; 10] =
    ["html", "indexed_db", "js", "js_interop", "js_interop_unsafe", "js_util", "svg", "web_audio", "web_gl", "web_sql"];

/// Whether a condition of an import holds where native code can run: `if (dart.library.io) 'io.dart'`. Nothing where that
/// is not what it asks for.
fn holds_natively(condition: &str) -> Option<bool> {
    let test: String = condition.split_once('(')?.1.split(')').next()?.split_whitespace().collect();
    let (name, value) = test.split_once("==").unwrap_or((&test, "true"));
    let library = name.strip_prefix("dart.library.")?;
    let there = match library {
        library if NATIVE.contains(&library) => true,
        library if WEB.contains(&library) => false,
        _ => return None,
    };
    match value.trim_matches(['"', '\'']) {
        "true" => Some(there),
        "false" => Some(!there),
        _ => None,
    }
}
