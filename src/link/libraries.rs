//! Files → libraries: parts, imports, exports, and the names a library gives to others.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{ClassRef, FileContext, FuncRef, VarRef};
use crate::ir::{ClassId, ClassKind, FunctionId, FunctionKind, Import, Name, PartOf, Unit};
use crate::models::{ModelSet, PackId};

/// What a name declared outside classes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    /// A class, mixin, enum, extension or extension type.
    Class(ClassRef),
    /// A function or getter.
    Function(FuncRef),
    /// A variable.
    Variable(VarRef),
    /// A `typedef`, by unit and place.
    Alias(u32, u32),
}

impl Entity {
    /// Where it is declared.
    pub(super) fn unit(self) -> u32 {
        match self {
            Self::Class(class) => class.unit,
            Self::Function(function) => function.unit,
            Self::Variable(variable) => variable.unit,
            Self::Alias(unit, _) => unit,
        }
    }
}

/// One library: a file and its parts.
#[derive(Debug, Default)]
pub(super) struct Library {
    /// What it declares, in all its parts.
    pub(super) declared: Names,
    /// Its extensions, the unnamed ones included.
    pub(super) extensions: Vec<ClassRef>,
    /// What it imports.
    pub(super) imports: Vec<LinkedImport>,
    /// What it gives to others.
    pub(super) exported: Names,
    /// Packs whose names it gives to others.
    pub(super) exported_packs: Vec<PackShare>,
    /// Packs whose names it sees.
    pub(super) packs: Vec<PackShare>,
    /// Whether names unknown here may come from a library that is not here; by prefix.
    pub(super) sees_external: bool,
    exports_external: bool,
    exports: Vec<LinkedImport>,
    gives: Vec<(Name, Name)>,
}

/// Names outside classes; setters have a space of their own.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    pub(super) values: FxHashMap<Name, Entity>,
    pub(super) setters: FxHashMap<Name, FuncRef>,
}

/// An import or export whose URIs are resolved.
#[derive(Debug, Clone)]
pub(super) struct LinkedImport {
    pub(super) sources: SmallVec<[Source; 1]>,
    pub(super) prefix: Option<Name>,
    filter: Filter,
}

impl LinkedImport {
    /// What a name is called where it comes from; nothing where `show` and `hide` do not let it through.
    pub(super) fn source_of<'a>(&'a self, name: &'a Name) -> Option<&'a Name> {
        self.filter.source_of(name)
    }
}

/// Where an import's names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Library(u32),
    Pack(PackId),
    External,
}

/// The names of a pack, through the filters of the exports and imports they came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackShare {
    pub(super) pack: PackId,
    pub(super) prefix: Option<Name>,
    filters: Vec<Filter>,
}

impl PackShare {
    /// What a name is called in the pack; nothing where the filters do not let it through.
    pub(super) fn source_of<'a>(&'a self, name: &'a Name) -> Option<&'a Name> {
        self.filters.iter().rev().try_fold(name, |name, filter| filter.source_of(name))
    }
}

/// `show`, `hide` and `as`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Filter {
    show: Vec<Name>,
    hide: Vec<Name>,
    renames: Vec<(Name, Name)>,
}

impl Filter {
    fn source_of<'a>(&'a self, name: &'a Name) -> Option<&'a Name> {
        if let Some((_, real)) = self.renames.iter().find(|(own, _)| own == name) {
            return Some(real);
        }
        self.passes(name).then_some(name)
    }

    /// The names by which one of the source is known here.
    fn names_of<'a>(&'a self, real: &'a Name) -> impl Iterator<Item = &'a Name> {
        let renamed = self.renames.iter().filter(move |(_, source)| source == real).map(|(own, _)| own);
        renamed.chain(self.passes(real).then_some(real))
    }

    fn passes(&self, name: &str) -> bool {
        (self.show.is_empty() && self.renames.is_empty() || self.show.iter().any(|shown| shown == name))
            && !self.hide.iter().any(|hidden| hidden == name)
    }

    fn is_empty(&self) -> bool {
        self.show.is_empty() && self.hide.is_empty() && self.renames.is_empty()
    }
}

/// All libraries of the program.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    pub(super) list: Vec<Library>,
    /// The library of each unit.
    pub(super) of_unit: Vec<u32>,
    /// For each unit the code it is part of whose names are, for all other code, those of a pack.
    superseded: Vec<Option<Superseded>>,
}

/// A package of the project that a pack describes, or a copy of it.
#[derive(Debug, Clone)]
struct Superseded {
    pack: PackId,
    /// The folder it lies in.
    root: Arc<str>,
}

impl Libraries {
    pub(super) fn new(units: &[Arc<Unit>], files: &[FileContext], models: &ModelSet) -> Self {
        let paths = Paths::new(files);
        let owners = owners(units, &paths);
        let mut list: Vec<Library> = Vec::new();
        let mut of_unit = vec![u32::MAX; units.len()];
        for at in 0..units.len() {
            if owners[at] == at {
                of_unit[at] = list.len() as u32;
                list.push(Library::default());
            }
        }
        for at in 0..units.len() {
            of_unit[at] = of_unit[owners[at]];
        }
        let superseded = files.iter().map(|file| superseded(file, models)).collect();
        let mut libraries = Self { list, of_unit, superseded };
        for (at, unit) in units.iter().enumerate() {
            let own = libraries.of_unit[at] as usize;
            declare(&mut libraries.list[own], at as u32, unit);
            if owners[at] == at {
                let link = |import: &Import| libraries.link_import(&paths, units, models, at, import);
                let imports = unit.directives.imports.iter().map(link).collect();
                let exports = unit.directives.exports.iter().map(link).collect();
                libraries.list[own].imports = imports;
                libraries.list[own].exports = exports;
            }
        }
        libraries.export();
        libraries.find_copies(files, models);
        libraries.see_packs(models);
        libraries
    }

    fn link_import(
        &self,
        paths: &Paths<'_>,
        units: &[Arc<Unit>],
        models: &ModelSet,
        from: usize,
        import: &Import,
    ) -> LinkedImport {
        let mut sources: SmallVec<[Source; 1]> = SmallVec::new();
        for uri in std::iter::once(&import.uri).chain(&import.conditional) {
            let source = match paths.unit_of(uri, from) {
                Some(unit) => Source::Library(self.of_unit[unit]),
                None => models.pack_for_uri(uri).map_or(Source::External, Source::Pack),
            };
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        // Of alternatives the one for native code counts, and one that is here rather than one that is not.
        if sources.len() > 1 {
            let native = |library: u32| {
                let owner = self.of_unit.iter().position(|&of| of == library);
                let imports = owner.map(|unit| &units[unit].directives.imports);
                imports.into_iter().flatten().any(|import| models.pack_for_uri(&import.uri).is_some())
            };
            sources.sort_by_key(|source| match source {
                Source::Library(library) if native(*library) => 0,
                Source::Library(_) => 1,
                Source::Pack(_) => 2,
                Source::External => 3,
            });
        }
        let (show, hide, renames) = (import.show.clone(), import.hide.clone(), import.renames.clone());
        let filter = Filter { show, hide, renames };
        LinkedImport { sources, prefix: import.prefix.clone(), filter }
    }

    /// The pack whose names a file sees instead of those that a unit declares.
    pub(super) fn superseding(&self, from: &FileContext, unit: u32) -> Option<PackId> {
        let superseded = self.superseded.get(unit as usize)?.as_ref()?;
        (!lies_in(&from.path, &superseded.root)).then_some(superseded.pack)
    }

    /// Finds the libraries that are copies of a package under another name, by what they declare.
    fn find_copies(&mut self, files: &[FileContext], models: &ModelSet) {
        for pack in models.superseding_packs() {
            let names = models.names_of_copies(pack);
            let mut copies: Vec<(&str, SmallVec<[u32; 8]>)> = Vec::new();
            for (unit, file) in files.iter().enumerate() {
                let exported = &self.list[self.of_unit[unit] as usize].exported.values;
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let unit_of = |name: &Name| exported.get(name).map(|entity| entity.unit());
                let is_own = |unit: &u32| {
                    self.superseded[*unit as usize].is_none() && lies_in(&files[*unit as usize].path, folder)
                };
                let units: SmallVec<[u32; 8]> = names.iter().map_while(|name| unit_of(name).filter(is_own)).collect();
                if !names.is_empty() && units.len() == names.len() {
                    copies.push((folder, units));
                }
            }
            // What exports a copy in a folder inside of its own is no copy itself.
            copies.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
            for (folder, units) in copies {
                for unit in units {
                    let root = folder.into();
                    self.superseded[unit as usize].get_or_insert(Superseded { pack, root });
                }
            }
        }
    }

    /// Fills in what libraries export, to the fixpoint: exports may be circular.
    fn export(&mut self) {
        for library in &mut self.list {
            let values = library.declared.values.iter().filter(|(name, _)| !name.starts_with('_'));
            library.exported.values = values.map(|(name, entity)| (name.clone(), *entity)).collect();
            let setters = library.declared.setters.iter().filter(|(name, _)| !name.starts_with('_'));
            library.exported.setters = setters.map(|(name, function)| (name.clone(), *function)).collect();
            for (given, own) in &library.gives {
                if let Some(entity) = library.declared.values.get(own) {
                    library.exported.values.insert(given.clone(), *entity);
                }
            }
        }
        let order = self.export_order();
        // Within a cycle every round carries names one export further.
        for _ in 0..MAX_EXPORT_ROUNDS {
            let mut changed = false;
            for &at in &order {
                changed |= self.export_into(at);
            }
            if !changed {
                break;
            }
        }
    }

    fn export_into(&mut self, at: usize) -> bool {
        let mut target = std::mem::take(&mut self.list[at].exported);
        let mut packs = std::mem::take(&mut self.list[at].exported_packs);
        let mut external = self.list[at].exports_external;
        let before = (target.values.len(), target.setters.len(), packs.len(), external);
        for export in &self.list[at].exports {
            for source in &export.sources {
                match *source {
                    Source::Library(from) if from as usize != at => {
                        let from = &self.list[from as usize];
                        for (name, entity) in &from.exported.values {
                            for name in export.filter.names_of(name) {
                                if !target.values.contains_key(name) {
                                    target.values.insert(name.clone(), *entity);
                                }
                            }
                        }
                        for (name, function) in &from.exported.setters {
                            for name in export.filter.names_of(name) {
                                if !target.setters.contains_key(name) {
                                    target.setters.insert(name.clone(), *function);
                                }
                            }
                        }
                        for share in &from.exported_packs {
                            add_share(&mut packs, share, &export.filter, None);
                        }
                        external |= from.exports_external;
                    }
                    Source::Library(_) => {}
                    Source::Pack(pack) => {
                        let share = PackShare { pack, prefix: None, filters: Vec::new() };
                        add_share(&mut packs, &share, &export.filter, None);
                    }
                    Source::External => external = true,
                }
            }
        }
        let changed = before != (target.values.len(), target.setters.len(), packs.len(), external);
        let library = &mut self.list[at];
        library.exported = target;
        library.exported_packs = packs;
        library.exports_external = external;
        changed
    }

    /// Libraries in such an order that, cycles apart, what one exports comes before it.
    fn export_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.list.len());
        let mut seen = vec![false; self.list.len()];
        for start in 0..self.list.len() {
            let mut stack = vec![(start, false)];
            while let Some((at, done)) = stack.pop() {
                if done {
                    order.push(at);
                    continue;
                }
                if std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                stack.push((at, true));
                for source in self.list[at].exports.iter().flat_map(|export| &export.sources) {
                    if let Source::Library(next) = source {
                        stack.push((*next as usize, false));
                    }
                }
            }
        }
        order
    }

    /// Gathers the packs each library sees: imported, exported by what it imports, and `dart:core`.
    fn see_packs(&mut self, models: &ModelSet) {
        let core = models.pack_for_uri("dart:core");
        for at in 0..self.list.len() {
            let mut packs = Vec::new();
            let mut external = false;
            for import in &self.list[at].imports {
                for source in &import.sources {
                    match *source {
                        Source::Library(from) => {
                            let from = &self.list[from as usize];
                            for share in &from.exported_packs {
                                add_share(&mut packs, share, &import.filter, import.prefix.as_ref());
                            }
                            external |= from.exports_external;
                        }
                        Source::Pack(pack) => {
                            let share = PackShare { pack, prefix: None, filters: Vec::new() };
                            add_share(&mut packs, &share, &import.filter, import.prefix.as_ref());
                        }
                        Source::External => external = true,
                    }
                }
            }
            if let Some(pack) = core {
                packs.push(PackShare { pack, prefix: None, filters: Vec::new() });
            }
            self.list[at].packs = packs;
            self.list[at].sees_external = external;
        }
    }
}

fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
}

fn superseded(file: &FileContext, models: &ModelSet) -> Option<Superseded> {
    let pack = super::env::pack_of(file, models).filter(|pack| models.supersedes(*pack))?;
    Some(Superseded { pack, root: Arc::clone(&file.package.as_ref()?.root) })
}

/// Rounds in which exports in a cycle settle; each adds one step.
const MAX_EXPORT_ROUNDS: usize = 16;

/// Filters one pack's names may pass through before they count as not seen.
const MAX_SHARES: usize = 64;

fn add_share(packs: &mut Vec<PackShare>, share: &PackShare, filter: &Filter, prefix: Option<&Name>) {
    let mut share = PackShare { prefix: prefix.cloned(), ..share.clone() };
    if !filter.is_empty() && !share.filters.contains(filter) {
        share.filters.push(filter.clone());
    }
    let known = |other: &PackShare| {
        other.pack == share.pack && other.prefix == share.prefix && (other.filters.is_empty() || *other == share)
    };
    if packs.len() < MAX_SHARES && !packs.iter().any(known) {
        packs.push(share);
    }
}

fn declare(library: &mut Library, unit: u32, from: &Unit) {
    library.gives.extend(from.directives.gives.iter().cloned());
    let names = &mut library.declared;
    for (at, class) in from.classes.iter().enumerate() {
        let class_ref = ClassRef { unit, class: ClassId(at as u32) };
        if class.kind == ClassKind::Extension {
            library.extensions.push(class_ref);
        }
        if !class.name.is_empty() {
            names.values.entry(class.name.clone()).or_insert(Entity::Class(class_ref));
        }
    }
    for (at, alias) in from.aliases.iter().enumerate() {
        names.values.entry(alias.name.clone()).or_insert(Entity::Alias(unit, at as u32));
    }
    for (at, variable) in from.variables.iter().enumerate() {
        let variable_ref = VarRef { unit, class: None, index: at as u32 };
        names.values.entry(variable.name.clone()).or_insert(Entity::Variable(variable_ref));
    }
    for (at, function) in from.functions.iter().enumerate() {
        if function.class.is_some() || function.parent.is_some() || function.name.is_empty() {
            continue;
        }
        let function_ref = FuncRef { unit, function: FunctionId(at as u32) };
        match function.kind {
            FunctionKind::Setter => {
                names.setters.entry(function.name.clone()).or_insert(function_ref);
            }
            FunctionKind::Function | FunctionKind::Getter => {
                names.values.entry(function.name.clone()).or_insert(Entity::Function(function_ref));
            }
            _ => {}
        }
    }
}

/// For each unit the unit of its library; a library's own is itself.
fn owners(units: &[Arc<Unit>], paths: &Paths<'_>) -> Vec<usize> {
    let mut owners: Vec<usize> = (0..units.len()).collect();
    let is_part = |at: usize| units[at].directives.part_of.is_some();
    let mut by_name: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, unit) in units.iter().enumerate() {
        if is_part(at) {
            continue;
        }
        if let Some(name) = &unit.directives.library {
            by_name.entry(name).or_insert(at);
        }
        for uri in &unit.directives.parts {
            if let Some(part) = paths.unit_of(uri, at)
                && is_part(part)
                && owners[part] == part
            {
                owners[part] = at;
            }
        }
    }
    for (at, unit) in units.iter().enumerate() {
        if owners[at] != at {
            continue;
        }
        let owner = match &unit.directives.part_of {
            Some(PartOf::Uri(uri)) => paths.unit_of(uri, at),
            Some(PartOf::Library(name)) => by_name.get(name.as_str()).copied(),
            None => None,
        };
        if let Some(owner) = owner
            && !is_part(owner)
        {
            owners[at] = owner;
        }
    }
    owners
}

/// The project's files by path, and its packages by name.
struct Paths<'f> {
    files: &'f [FileContext],
    by_path: FxHashMap<&'f str, usize>,
    roots: FxHashMap<&'f str, Vec<&'f str>>,
}

impl<'f> Paths<'f> {
    fn new(files: &'f [FileContext]) -> Self {
        let mut by_path = FxHashMap::default();
        let mut roots: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for (at, file) in files.iter().enumerate() {
            by_path.entry(&*file.path).or_insert(at);
            if let Some(package) = &file.package {
                let roots = roots.entry(&package.name).or_default();
                if !roots.contains(&&*package.root) {
                    roots.push(&package.root);
                }
            }
        }
        Self { files, by_path, roots }
    }

    /// The unit that a URI written in the file `from` means.
    fn unit_of(&self, uri: &str, from: usize) -> Option<usize> {
        let own = &self.files.get(from)?.path;
        if let Some(rest) = uri.strip_prefix("package:") {
            let (package, path) = rest.split_once('/')?;
            return self.package_file(package, path, own);
        }
        if uri.contains(':') {
            return None;
        }
        let folder = own.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = joined(folder, uri)?;
        self.by_path.get(path.as_str()).copied()
    }

    /// A file of a package; of several packages of that name the one nearest to `own`.
    fn package_file(&self, package: &str, path: &str, own: &str) -> Option<usize> {
        let candidates = self.roots.get(package)?.iter().filter_map(|root| {
            let file = joined(root, &format!("lib/{path}"))?;
            Some((*root, *self.by_path.get(file.as_str())?))
        });
        let common = |root: &str| root.split('/').zip(own.split('/')).take_while(|(a, b)| a == b).count();
        candidates.min_by_key(|(root, _)| (std::cmp::Reverse(common(root)), *root)).map(|(_, unit)| unit)
    }
}

/// `path` seen from `folder`; `None` when it leads out of the project.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
