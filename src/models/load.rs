//! Model files → a [`ModelSet`]. What is wrong with an entry leaves that entry out and is listed.

use rustc_hash::FxHashMap;
use semver::{Comparator, Version, VersionReq};
use toml::Spanned;

use super::contract::{Names, Near, only_one, settled_by, size, sizing, targets};
use super::own;
use super::path::{access_path, is_identifier, param, type_ref};
use super::schema::{self, FunctionModel, ModelFile, Pack, TypeModel, VariableModel};
use super::sound;
use super::{
    Family, FunctionInfo, Item, Member, Members, ModelError, ModelId, ModelSet, PackId, PackNames, Requirement,
    RequirementId, SCHEMA, SameFamilies, TypeId, TypeInfo, VariableId, VariableInfo, matches_release, suggest,
};
use crate::ir::{Const, Name, TypeRef};
use crate::source::LineIndex;
use crate::summary::{FamilyId, Ownership, ResultContract, Summary};
use crate::target::TargetSet;

pub(super) fn parse_file(path: &str, text: &str) -> Result<ModelFile, ModelError> {
    let file: ModelFile = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = with_suggestion(error.message());
        ModelError { path: path.to_owned(), line: line_of(text, at), message }
    })?;
    if file.schema == SCHEMA {
        Ok(file)
    } else {
        let message = format!("schema {} is not known, this program reads schema {SCHEMA}", file.schema);
        Err(ModelError { path: path.to_owned(), line: line_starting(text, "schema"), message })
    }
}

/// Loads the program's files.
pub(super) fn load(files: &[(&str, &str)]) -> ModelSet {
    let mut loader = Loader::over(ModelSet::default());
    let mut sources = Vec::new();
    for &(path, text) in files {
        match parse_file(path, text) {
            Ok(file) => sources.push(Source::new(path, text, file)),
            Err(error) => loader.set.errors.push(error),
        }
    }
    loader.load(sources)
}

/// Adds what conventions tell to a set that knows nothing of it.
pub(super) fn add_conventions(set: ModelSet, path: &str, text: &str) -> ModelSet {
    let mut loader = Loader::over(set);
    let mut sources = Vec::new();
    match parse_file(path, text) {
        Ok(file) => sources.push(Source::new(path, text, file)),
        Err(error) => loader.set.errors.push(error),
    }
    loader.load(sources)
}

/// Adds files of the project's to a set; their facts come before those that are there.
pub(super) fn add(set: ModelSet, files: &[own::OwnText<'_>]) -> ModelSet {
    let mut loader = Loader { is_own: true, ..Loader::over(set) };
    loader.set.own = Some(loader.functions);
    let mut sources = Vec::new();
    for own @ &own::OwnText { path, text, .. } in files {
        let (file, errors) = own::read(*own);
        loader.set.errors.extend(errors);
        sources.extend(file.map(|file| Source::new(path, text, file)));
    }
    let mut set = loader.load(sources);
    for own::OwnText { path, .. } in files {
        shorten(&mut set.errors, path);
    }
    set
}

/// Keeps the first errors of a file, and one that tells of the others.
fn shorten(errors: &mut Vec<ModelError>, path: &str) {
    let mut lines: Vec<u32> = errors.iter().filter(|error| error.path == path).map(|error| error.line).collect();
    let more = lines.len().saturating_sub(MOST_ERRORS);
    if more == 0 {
        return;
    }
    lines.sort_unstable();
    let last = lines.get(MOST_ERRORS).copied().unwrap_or(1);
    let mut kept: Vec<ModelError> = Vec::new();
    let (mut of_file, others): (Vec<ModelError>, _) = errors.drain(..).partition(|error| error.path == path);
    of_file.sort_by_key(|error| error.line);
    kept.extend(of_file.into_iter().take(MOST_ERRORS));
    let things = if more == 1 { "mistake" } else { "mistakes" };
    let message = format!("{more} more {things} from here on; what is wrong is left out");
    kept.push(ModelError { path: path.to_owned(), line: last, message });
    kept.extend(others);
    *errors = kept;
}

/// A file being loaded.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
    lines: LineIndex,
    file: ModelFile,
    pack: Option<PackId>,
}

impl<'a> Source<'a> {
    fn new(path: &'a str, text: &'a str, file: ModelFile) -> Self {
        Self { path, text, lines: LineIndex::new(text), file, pack: None }
    }

    fn error(&self, at: usize, message: String) -> ModelError {
        ModelError { path: self.path.to_owned(), line: line_at(&self.lines, at), message }
    }

    fn error_at_line(&self, beginning: &str, message: String) -> ModelError {
        ModelError { path: self.path.to_owned(), line: line_starting(self.text, beginning), message }
    }

    /// Where the functions of this file exist.
    fn targets(&self) -> &[String] {
        self.file.pack.as_ref().map_or(&[], |pack| &pack.targets)
    }

    /// The versions in which an entry of this file holds.
    fn requirement(&self, versions: Option<&str>) -> Result<Requirement, String> {
        let pack = self.file.pack.as_ref();
        let package: Option<Name> = pack.and_then(|pack| pack.package.as_deref()).map(Name::new);
        if versions.is_some() && package.is_none() {
            return Err("`versions` needs a `package` in `[pack]`".to_owned());
        }
        let default_version = pack.and_then(|pack| pack.default_version.as_deref());
        Ok(Requirement {
            package,
            default_version: default_version.map(version).transpose()?,
            versions: versions.map(version_requirement).transpose()?,
        })
    }
}

struct Loader {
    set: ModelSet,
    /// What these files have said already: for each key the versions.
    said: FxHashMap<String, Vec<Option<VersionReq>>>,
    /// How many types, functions and variables there were before.
    types: u32,
    functions: u32,
    variables: u32,
    /// The files are the project's.
    is_own: bool,
    near: Near,
}

/// A person reads no more of one file.
pub(super) const MOST_ERRORS: usize = 50;

impl Loader {
    fn over(set: ModelSet) -> Self {
        let (types, functions) = (set.types.len() as u32, set.functions.len());
        let variables = set.variables.len() as u32;
        Self { set, said: FxHashMap::default(), types, functions, variables, is_own: false, near: Near::default() }
    }

    /// Whether an item is of these files.
    fn is_new(&self, item: Item) -> bool {
        match item {
            Item::Type(id) => id.0 >= self.types,
            Item::Function(id) => id.0 >= self.functions,
            Item::Variable(id) => id.0 >= self.variables,
        }
    }

    fn requirement(&mut self, requirement: Requirement) -> Result<RequirementId, String> {
        let known = self.set.requirements.iter().position(|known| *known == requirement);
        let at = known.unwrap_or_else(|| {
            self.set.requirements.push(requirement);
            self.set.requirements.len() - 1
        });
        u16::try_from(at).map(RequirementId).map_err(|_| "too many different `versions`".to_owned())
    }

    fn load(mut self, mut sources: Vec<Source<'_>>) -> ModelSet {
        self.families(&sources);
        self.constants(&sources);
        for (hint, names) in sources.iter().flat_map(|source| &source.file.hints) {
            self.set.hints.add(*hint, names);
        }
        self.each(&sources, |file| &file.naming, |loader, _, model| loader.naming(model));
        self.each(&sources, |file| &file.toolchain, |loader, _, model| loader.toolchain(model));
        self.packs(&mut sources);
        self.each(&sources, |file| &file.types, Loader::class);
        self.each(&sources, |file| &file.variable, Loader::variable);
        self.constant_variables(&sources);
        // A Dart wrapper may have the facts of a symbol.
        self.each(&sources, |file| &file.function, |loader, source, model| loader.function(source, model, true));
        self.each(&sources, |file| &file.function, |loader, source, model| loader.function(source, model, false));
        self.set
    }

    fn each<T>(
        &mut self,
        sources: &[Source<'_>],
        entries: fn(&ModelFile) -> &Vec<Spanned<T>>,
        load: impl Fn(&mut Self, &Source<'_>, &T) -> Result<(), String>,
    ) {
        for source in sources {
            for entry in entries(&source.file) {
                if let Err(message) = load(self, source, entry.get_ref()) {
                    self.set.errors.push(source.error(entry.span().start, message));
                }
            }
        }
    }

    fn families(&mut self, sources: &[Source<'_>]) {
        self.each(sources, |file| &file.family, |loader, _, model| loader.family(model));
        self.each(sources, |file| &file.equivalence, |loader, _, model| loader.equivalence(model));
    }

    /// A family of the user's takes the place of the program's.
    fn family(&mut self, model: &schema::Family) -> Result<(), String> {
        let name = Name::new(&model.name);
        let known = self.set.family_ids.get(&name).copied();
        if self.said.insert(format!("family:{name}"), Vec::new()).is_some() {
            return Err(format!("family `{name}` is defined twice"));
        }
        if model.release_with.is_empty() {
            return Err(format!("family `{name}` names nothing in `release_with`"));
        }
        let id = u16::try_from(self.set.families.len()).map_err(|_| "too many families".to_owned())?;
        let family = Family {
            name,
            title: model.title.clone(),
            kind: model.kind,
            release_with: model.release_with.clone(),
            null: model.null,
            idempotent: model.idempotent,
            lenient: model.lenient,
            invalid: model.invalid.clone(),
            arena: model.arena,
            per_library: model.per_library,
            kept: model.kept,
            callback: model.callback,
            slots: model.slots,
            made: model.made.clone(),
            language: model.language,
            copied: model.copied,
            concluded: model.concluded.clone(),
        };
        match known.and_then(|known| self.set.families.get_mut(usize::from(known.0))) {
            Some(known) => *known = family,
            None => {
                self.set.family_ids.insert(family.name.clone(), FamilyId(id));
                self.set.families.push(family);
            }
        }
        Ok(())
    }

    /// A rule of the user's comes before the program's.
    fn naming(&mut self, model: &schema::Naming) -> Result<(), String> {
        if model.prefix.is_empty() || !model.release.contains("{}") {
            return Err("a naming rule needs a `prefix`, and `{}` in `release` for the name of the type".to_owned());
        }
        self.set.namings.insert(if self.is_own { 0 } else { self.set.namings.len() }, model.clone());
        Ok(())
    }

    fn toolchain(&mut self, model: &schema::Toolchain) -> Result<(), String> {
        if model.declares.is_empty() {
            return Err("a toolchain needs types in `declares` by which its bindings are known".to_owned());
        }
        self.set.toolchains.push(model.clone());
        Ok(())
    }

    fn equivalence(&mut self, model: &schema::Equivalence) -> Result<(), String> {
        if model.families.len() < 2 {
            return Err("an equivalence needs two families".to_owned());
        }
        if model.versions.is_some() && model.package.is_none() {
            return Err("`versions` needs a `package`".to_owned());
        }
        let ids = model.families.iter().map(|name| self.names().family(name)).collect::<Result<Vec<_>, _>>()?;
        let targets = targets_or_all(&model.targets)?;
        let requirement = self.requirement(Requirement {
            package: model.package.as_deref().map(Name::new),
            default_version: model.default_version.as_deref().map(version).transpose()?,
            versions: model.versions.as_deref().map(version_requirement).transpose()?,
        })?;
        for pair in ids.windows(2) {
            if let &[one, other] = pair {
                self.set.equivalences.push(SameFamilies { families: [one, other], targets, requirement });
            }
        }
        Ok(())
    }

    fn constants(&mut self, sources: &[Source<'_>]) {
        for source in sources {
            for (name, &value) in &source.file.constants {
                let known = self.set.constants.insert(name.clone(), value);
                if known.is_some_and(|known| known != value) {
                    let message = format!("constant `{name}` has another value in another file");
                    self.set.errors.push(source.error_at_line(name, message));
                }
            }
        }
    }

    fn packs(&mut self, sources: &mut [Source<'_>]) {
        for source in sources.iter_mut() {
            if let Some(model) = &source.file.pack {
                source.pack = Some(self.pack(model));
            } else if !source.file.types.is_empty()
                || !source.file.variable.is_empty()
                || !source.file.function.is_empty()
            {
                let message = "types, variables and functions need a `[pack]`".to_owned();
                self.set.errors.push(source.error(0, message));
            }
        }
        for source in sources.iter() {
            let (Some(model), Some(id)) = (&source.file.pack, source.pack) else { continue };
            if let Err(message) = self.pack_references(source, model, id) {
                self.set.errors.push(source.error_at_line("[pack]", message));
            }
        }
    }

    /// Two files may speak of one pack.
    fn pack(&mut self, model: &Pack) -> PackId {
        let id = self.set.pack_named(&model.id).unwrap_or_else(|| {
            self.set.packs.push(PackNames { id: Name::new(&model.id), ..PackNames::default() });
            PackId(self.set.packs.len() as u32 - 1)
        });
        if let Some(pack) = self.set.packs.get_mut(id.0 as usize) {
            pack.uris.extend(model.uris.iter().cloned());
            pack.supersedes |= model.supersedes;
            pack.copies_declare.extend(model.copies_declare.iter().map(Name::new));
        }
        id
    }

    fn pack_references(&mut self, source: &Source<'_>, model: &Pack, id: PackId) -> Result<(), String> {
        let find = |names: &[String]| {
            let find = |name: &String| {
                let known = self.set.packs.iter().map(|pack| pack.id.as_str());
                let found = self.set.pack_named(name);
                found.ok_or_else(|| format!("unknown pack `{name}`{}", suggest(name, known)))
            };
            names.iter().map(find).collect::<Result<Vec<_>, _>>()
        };
        let (exports, imports) = (find(&model.exports)?, find(&model.imports)?);
        let wrappers = model.symbol_wrappers.as_deref();
        let wrappers = wrappers.map(|versions| source.requirement(Some(versions))).transpose()?;
        let wrappers = wrappers.map(|wrappers| self.requirement(wrappers)).transpose()?;
        source.requirement(None)?;
        if let Some(pack) = self.set.packs.get_mut(id.0 as usize) {
            pack.exports.extend(exports);
            pack.imports.extend(imports);
            pack.symbol_wrappers = wrappers.or(pack.symbol_wrappers);
        }
        Ok(())
    }

    fn class(&mut self, source: &Source<'_>, model: &TypeModel) -> Result<(), String> {
        let Some(pack) = source.pack else { return Ok(()) };
        only_one("a type", &[("name", model.name.is_some()), ("names", !model.names.is_empty())])?;
        let requirement = self.requirement(source.requirement(model.versions.as_deref())?)?;
        let types = |texts: &[String]| texts.iter().map(|text| type_ref(text)).collect::<Result<Vec<_>, _>>();
        for name in model.name.iter().chain(&model.names) {
            if !is_identifier(name) {
                return Err(format!("`{name}` is no name of a class"));
            }
            self.reach(pack, name)?;
            self.say(&format!("{}:{name}", pack.0), model.versions.as_deref(), name)?;
            let id = TypeId(self.set.types.len() as u32);
            self.set.types.push(TypeInfo {
                name: name.into(),
                params: model.params.iter().map(Name::new).collect(),
                supertypes: types(&model.supertypes)?,
                on: model.on.as_deref().map(type_ref).transpose()?,
                allocator: model.allocator.as_deref().map(|family| self.names().family(family)).transpose()?,
                pointer: model.pointer,
                view: model.view,
                opaque: model.opaque,
                mistake: model.mistake,
                test_double: model.test_double,
                keeps_alive: model.keeps_alive,
                native: model.native,
                function: model.function,
                reads_as: model.reads_as.as_deref().map(type_ref).transpose()?,
                fixed: model.fixed,
                size: size(model)?,
                pack,
            });
            self.set.members.push(Members::default());
            self.add_item(pack, name, requirement, Item::Type(id));
        }
        Ok(())
    }

    fn variable(&mut self, source: &Source<'_>, model: &VariableModel) -> Result<(), String> {
        let Some(pack) = source.pack else { return Ok(()) };
        let requirement = self.requirement(source.requirement(model.versions.as_deref())?)?;
        let ty = type_ref(&model.ty)?;
        self.reach(pack, &model.name)?;
        self.check_types(pack, &ty, &[])?;
        let value = model.value.as_ref().map(|value| self.names().value(value)).transpose()?;
        self.say(&format!("{}:{}", pack.0, model.name), model.versions.as_deref(), &model.name)?;
        let id = VariableId(self.set.variables.len() as u32);
        let (class, name) = split_member(&model.name);
        self.set.variables.push(VariableInfo { name: name.into(), ty, value, pack });
        match class {
            None => self.add_item(pack, name, requirement, Item::Variable(id)),
            Some(class) => {
                for ty in self.classes_named(pack, class)? {
                    self.add_member(ty, name, Member::Static(requirement, id));
                }
            }
        }
        Ok(())
    }

    /// The constants of a Dart API are variables of its pack.
    fn constant_variables(&mut self, sources: &[Source<'_>]) {
        let Ok(unconditional) = self.requirement(Requirement::default()) else { return };
        for source in sources {
            let Some(pack) = source.pack else { continue };
            if source.file.pack.as_ref().is_none_or(|pack| pack.uris.is_empty()) {
                continue;
            }
            for (name, &value) in &source.file.constants {
                let id = VariableId(self.set.variables.len() as u32);
                let value = ResultContract {
                    ownership: Ownership::Constant(Const::Int(value)),
                    nullable: false,
                    sometimes: false,
                    when: None,
                };
                let ty = TypeRef::named("int");
                self.set.variables.push(VariableInfo { name: name.into(), ty, value: Some(value), pack });
                self.add_item(pack, name, unconditional, Item::Variable(id));
            }
        }
    }

    /// Loads an entry if it is `native` or not, as asked for.
    fn function(&mut self, source: &Source<'_>, model: &FunctionModel, native: bool) -> Result<(), String> {
        let Some(pack) = source.pack else { return Ok(()) };
        let is_native = model.symbol.is_some() || !model.symbols.is_empty();
        if is_native != native {
            return Ok(());
        }
        only_one(
            "a function",
            &[
                ("name", model.name.is_some()),
                ("names", !model.names.is_empty()),
                ("symbol", model.symbol.is_some()),
                ("symbols", !model.symbols.is_empty()),
            ],
        )?;
        if self.is_own {
            sound::check(model)?;
        }
        let requirement = self.requirement(source.requirement(model.versions.as_deref())?)?;
        let params = model.params.iter().map(|text| param(text)).collect::<Result<Vec<_>, _>>()?;
        let symbol_at = model.result.as_ref().and_then(|result| result.native_function.as_deref());
        let function_of = model.result.as_ref().and_then(|result| result.of.as_deref());
        if function_of.is_some() && symbol_at.is_none() {
            return Err("`of` stands beside `native_function` alone".into());
        }
        let mut info = FunctionInfo {
            name: Name::default(),
            kind: model.kind,
            type_params: model.type_params.iter().map(Name::new).collect(),
            summary: self.summary_of(model, &params)?,
            symbol_at: symbol_at.map(|path| access_path(path, &params)).transpose()?,
            function_of: function_of.map(|path| access_path(path, &params)).transpose()?,
            sizing: sizing(model, &params)?,
            leaf: model.leaf.as_deref().map(|path| access_path(path, &params)).transpose()?,
            asks: model.asks,
            settled: model.settled.as_ref().map(|settled| settled_by(settled, &params)).transpose()?,
            later: model.later.iter().map(|path| access_path(path, &params)).collect::<Result<_, _>>()?,
            params,
            returns: model.returns.as_deref().map(type_ref).transpose()?,
            targets: targets_or_all(if model.targets.is_empty() { source.targets() } else { &model.targets })?,
            source: model.source.clone(),
            pack: (!native).then_some(pack),
        };
        for symbol in model.symbol.iter().chain(&model.symbols) {
            if symbol.is_empty() || symbol.contains(char::is_whitespace) {
                return Err(format!("`{symbol}` is no symbol"));
            }
            self.say(&format!("symbol:{symbol}"), model.versions.as_deref(), symbol)?;
            info.name = symbol.into();
            let id = self.add_function(info.clone());
            let first = self.functions;
            let candidates = self.set.symbols.entry(symbol.into()).or_default();
            let at = candidates.iter().take_while(|(_, known)| known.0 >= first).count();
            candidates.insert(at, (requirement, id));
        }
        for name in model.name.iter().chain(&model.names) {
            info.name = name.into();
            self.dart_function(source, model, &info, requirement)?;
        }
        Ok(())
    }

    fn dart_function(
        &mut self,
        source: &Source<'_>,
        model: &FunctionModel,
        info: &FunctionInfo,
        requirement: RequirementId,
    ) -> Result<(), String> {
        let Some(pack) = source.pack else { return Ok(()) };
        let qualified = info.name.clone();
        self.reach(pack, &qualified)?;
        let (class, name) = split_member(&qualified);
        let classes = class.map(|class| self.classes_named(pack, class)).transpose()?;
        let mut scope = info.type_params.clone();
        for &class in classes.iter().flatten() {
            scope.extend(self.set.ty(class).params.iter().cloned());
        }
        if let Some(returns) = &info.returns {
            self.check_types(pack, returns, &scope)?;
        }
        let key = format!("{}:{qualified}:{:?}", pack.0, model.kind);
        self.say(&key, model.versions.as_deref(), &qualified)?;
        let id = self.add_function(info.clone());
        let Some(classes) = classes else {
            self.add_item(pack, name, requirement, Item::Function(id));
            return Ok(());
        };
        for class in classes {
            self.add_member(class, name, Member::Function(requirement, model.kind, id));
            if self.set.ty(class).on.is_some()
                && let Some(pack) = self.set.packs.get_mut(pack.0 as usize)
            {
                let members = pack.extension_members.entry(name.into()).or_default();
                let first = self.functions;
                let at = members.iter().take_while(|(.., known)| known.0 >= first).count();
                members.insert(at, (requirement, model.kind, class, id));
            }
        }
        Ok(())
    }

    /// The contract: the entry's own, or that of the symbol it wraps.
    fn summary_of(&self, model: &FunctionModel, params: &[super::ParamInfo]) -> Result<Summary, String> {
        let has_facts = model.result.is_some() || !model.effects.is_empty() || model.status.is_some();
        let Some(symbol) = model.wraps.as_deref().filter(|_| !has_facts) else {
            return self.names().summary(model, params);
        };
        let known = self.set.symbols.get(symbol).and_then(|candidates| candidates.first());
        let (_, id) = known.ok_or_else(|| {
            let near = self.near.suggest(symbol, self.set.symbols.keys().map(|known| known.as_str()));
            format!("`wraps` names `{symbol}`, of which nothing is known{near}")
        })?;
        Ok(self.set.function(*id).summary.clone())
    }

    fn names(&self) -> Names<'_> {
        let ModelSet { families, family_ids, constants, .. } = &self.set;
        Names { families, family_ids, constants, near: &self.near }
    }

    fn classes_named(&self, pack: PackId, class: &str) -> Result<Vec<TypeId>, String> {
        let names = self.set.packs.get(pack.0 as usize).map(|pack| &pack.names);
        let items = names.and_then(|names| names.get(class)).map_or(&[][..], Vec::as_slice);
        let types: Vec<TypeId> = items
            .iter()
            .filter_map(|(_, item)| match item {
                Item::Type(id) => Some(*id),
                Item::Variable(_) | Item::Function(_) => None,
            })
            .collect();
        if types.is_empty() {
            let known = names.into_iter().flat_map(|names| names.keys().map(|name| name.as_str()));
            return Err(format!("no `[[type]]` is called `{class}`{}", self.near.suggest(class, known)));
        }
        Ok(types)
    }

    /// Every name in a type must mean something: a type parameter, a class of a pack in reach, or one of Dart's own.
    fn check_types(&self, pack: PackId, ty: &TypeRef, params: &[Name]) -> Result<(), String> {
        const DART: [&str; 22] = [
            "BigInt",
            "DateTime",
            "Duration",
            "Function",
            "Iterator",
            "Map",
            "Never",
            "Null",
            "Object",
            "Record",
            "Set",
            "StackTrace",
            "String",
            "Type",
            "Uri",
            "bool",
            "double",
            "dynamic",
            "int",
            "num",
            "void",
            "Uint8List",
        ];
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            let name = ty.name.as_str();
            let typed_list = name.ends_with("List");
            if !params.contains(&ty.name) && !DART.contains(&name) && !typed_list && !self.names_a_type(pack, name) {
                return Err(format!("unknown type `{name}`{}", self.near.suggest(name, DART.into_iter())));
            }
            open.extend(&ty.args);
        }
        Ok(())
    }

    /// A name that no import brings in would never be met.
    fn reach(&self, pack: PackId, name: &str) -> Result<(), String> {
        let has_uris = self.set.packs.get(pack.0 as usize).is_some_and(|pack| !pack.uris.is_empty());
        if has_uris || !self.is_own {
            return Ok(());
        }
        Err(format!("no import brings in `{name}`: give `[pack]` the `uris` of its library, or describe a `symbol`"))
    }

    /// In any version.
    fn names_a_type(&self, pack: PackId, name: &str) -> bool {
        let is_type = |pack: &PackNames| {
            pack.names.get(name).is_some_and(|items| items.iter().any(|(_, item)| matches!(item, Item::Type(_))))
        };
        let imported = self.set.packs.get(pack.0 as usize).map_or(&[][..], |pack| &pack.imports);
        std::iter::once(&pack).chain(imported).any(|&pack| self.set.with_exports(pack).any(is_type))
    }

    /// Notes that a fact is given for some versions; it must not be given twice for one version.
    fn say(&mut self, key: &str, versions: Option<&str>, name: &str) -> Result<(), String> {
        let wanted = versions.map(version_requirement).transpose()?;
        let said = self.said.entry(key.to_owned()).or_default();
        if said.iter().any(|other| overlap(other.as_ref(), wanted.as_ref())) {
            return Err(format!("`{name}` is described twice for the same versions"));
        }
        said.push(wanted);
        Ok(())
    }

    fn add_function(&mut self, info: FunctionInfo) -> ModelId {
        let settles = info.settled.is_some();
        let id = self.set.functions.push(info);
        self.set.settling.extend(settles.then_some(id));
        id
    }

    fn add_item(&mut self, pack: PackId, name: &str, requirement: RequirementId, item: Item) {
        let known = self.set.packs.get(pack.0 as usize).and_then(|pack| pack.names.get(name));
        let at = known.map_or(0, |known| known.iter().take_while(|(_, known)| self.is_new(*known)).count());
        if let Some(pack) = self.set.packs.get_mut(pack.0 as usize) {
            pack.names.entry(name.into()).or_default().insert(at, (requirement, item));
        }
    }

    fn add_member(&mut self, ty: TypeId, name: &str, member: Member) {
        let item = |member: &Member| match member {
            Member::Function(.., id) => Item::Function(*id),
            Member::Static(_, id) => Item::Variable(*id),
        };
        let known = self.set.members_named(ty, name);
        let at = known.iter().take_while(|known| self.is_new(item(known))).count();
        if let Some(members) = self.set.members.get_mut(ty.0 as usize) {
            members.by_name.entry(name.into()).or_default().insert(at, member);
        }
    }
}

/// `Class.operator +` → the class and `+`; `f` → `f`.
fn split_member(name: &str) -> (Option<&str>, &str) {
    match name.split_once('.') {
        Some((class, member)) => (Some(class), member.strip_prefix("operator ").unwrap_or(member)),
        None => (None, name),
    }
}

fn targets_or_all(names: &[String]) -> Result<TargetSet, String> {
    if names.is_empty() { Ok(TargetSet::ALL) } else { targets(names) }
}

pub(super) fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|error| format!("`{text}` is no version: {error}"))
}

/// `>=5.0.0 <6.0.0` as pub writes it; commas do as well.
pub(super) fn version_requirement(text: &str) -> Result<VersionReq, String> {
    let parts: Vec<&str> = text.split([' ', ',']).filter(|part| !part.is_empty()).collect();
    let wanted = VersionReq::parse(&parts.join(","))
        .map_err(|error| format!("`{text}` is no version requirement (`>=5.0.0 <6.0.0`): {error}"))?;
    match overlap(Some(&wanted), None) {
        true => Ok(wanted),
        false => Err(format!("no version is `{text}`")),
    }
}

/// Whether some version meets both. Ranges begin and end at versions that are written, or next to them.
fn overlap(one: Option<&VersionReq>, other: Option<&VersionReq>) -> bool {
    let meets = |wanted: Option<&VersionReq>, version: &Version| wanted.is_none_or(|req| matches_release(req, version));
    let comparators = one.into_iter().chain(other).flat_map(|req| &req.comparators);
    let edges = comparators.flat_map(edge_versions).chain([Version::new(0, 0, 0), Version::new(u64::MAX, 0, 0)]);
    edges.into_iter().any(|version| meets(one, &version) && meets(other, &version))
}

fn edge_versions(comparator: &Comparator) -> [Version; 4] {
    let (major, minor, patch) = (comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
    [
        Version::new(major, minor, patch),
        Version::new(major, minor, patch.saturating_add(1)),
        Version::new(major, minor.saturating_add(1), 0),
        Version::new(major.saturating_add(1), 0, 0),
    ]
}

/// ``unknown field `x`, expected one of `a`, `b` `` with the nearest of those named.
pub(super) fn with_suggestion(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [wrong, expected @ ..] if message.starts_with("unknown ") => {
            format!("{message}{}", suggest(wrong, expected.iter().copied()))
        }
        _ => message.to_owned(),
    }
}

/// The line of a byte offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> u32 {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() as u32 + 1
}

/// The same, of a text whose lines are known.
pub(super) fn line_at(lines: &LineIndex, offset: usize) -> u32 {
    lines.line(u32::try_from(offset).unwrap_or(u32::MAX)) + 1
}

/// The first line that begins with a text, from 1.
pub(super) fn line_starting(text: &str, beginning: &str) -> u32 {
    text.lines().position(|line| line.starts_with(beginning)).map_or(1, |at| at as u32 + 1)
}
