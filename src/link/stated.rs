//! What the project itself says of its functions: comments in the source, and its own models. It counts more than a
//! body, a model of ours or a convention.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::declared::Declared;
use super::{FileContext, FuncRef, Link, Standing};
use crate::ir::stated::Statement;
use crate::ir::{Annotation, Function, FunctionId, Name, Unit};
use crate::language::Language;
use crate::models::annotation::{Facts, Release, quoted};
use crate::models::{ModelSet, ParamInfo, Versions, suggest};
use crate::source::Span;
use crate::summary::{Effect, EffectKind, FamilyId, FamilyRef, Guard, Ownership, ResultContract, Root, Summary};

/// The source of the families that comments make up.
const SOURCE: &str = "comments in the source";

/// What the project says.
#[derive(Debug, Default)]
pub struct Stated {
    functions: FxHashMap<FuncRef, Said>,
    by_symbol: BTreeMap<Name, Said>,
    /// By symbol, for calls that lead to no body: the whole contract.
    contracts: FxHashMap<Name, Summary>,
    /// What is wrong: the unit, the place in its file, and why.
    pub errors: Vec<(u32, Span, String)>,
}

/// What is said of one function.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    facts: Summary,
    /// Only this much is said: of the result, of these roots. Else everything.
    only: Option<(bool, Vec<Root>)>,
    /// The calls that are named as releases.
    calls: Vec<String>,
    at: Option<(u32, Span)>,
}

impl Said {
    /// The contract: what is said, and of the rest what else is known.
    fn over(&self, known: Option<&Summary>) -> Summary {
        let (Some((result, roots)), Some(known)) = (&self.only, known) else { return self.facts.clone() };
        let mut summary = known.clone();
        summary.basis = self.facts.basis.max(known.basis);
        let Some(stated) = self.facts.outcomes.first() else { return summary };
        for outcome in &mut summary.outcomes {
            if *result && outcome.guard != Guard::ResultNull && !matches!(outcome.result.ownership, Ownership::Null) {
                outcome.result = ResultContract { nullable: true, ..stated.result.clone() };
            }
            let says = |effect: &Effect| roots.contains(&effect.on.root);
            outcome.effects.retain(|effect| !says(effect));
            outcome.effects.extend(stated.effects.iter().cloned());
        }
        if *result {
            summary.made.retain(|made| made.what.root != Root::Result);
        }
        summary.ended.retain(|made| !roots.contains(&made.what.root));
        summary
    }
}

impl Stated {
    /// What is said, and what is wrong with it.
    pub(super) fn new(
        units: &[Arc<Unit>],
        files: &[FileContext],
        links: &[Link],
        declared: &Declared,
        models: &ModelSet,
    ) -> Self {
        let mut stated = Self::default();
        // Of two that disagree the later one is wrong, whatever order the files came in.
        let path = |at: u32| files.get(at as usize).map(|file| &*file.path);
        let mut order: Vec<(u32, &Unit)> = (0_u32..).zip(units.iter().map(|unit| &**unit)).collect();
        order.sort_by_key(|(at, _)| path(*at));
        let names = Names::new(units, links);
        for (at, unit) in order {
            let mut spans = BTreeSet::new();
            for (id, function) in (0_u32..).map(FunctionId).zip(&unit.functions) {
                let function_at = FuncRef { unit: at, function: id };
                let of_declaration = statements(&function.annotations).filter(|statement| statement.until.is_none());
                let of_declaration: Vec<Statement> = of_declaration.collect();
                spans.extend(of_declaration.iter().map(|statement| statement.span.start));
                if let Some(first) = of_declaration.first() {
                    let symbol = symbol_of(unit, id);
                    let about = About { names: &names, params: params_of(function), shown: &function.qualified };
                    match about.read(&of_declaration, symbol.as_ref(), models) {
                        Ok(said) => stated.add(Some(function_at), symbol, (at, first.span), said),
                        Err((span, message)) => stated.errors.push((at, span, message)),
                    }
                }
                for statement in statements(&function.annotations).filter(|statement| statement.until.is_some()) {
                    spans.insert(statement.span.start);
                    let until = statement.until.unwrap_or(0);
                    let link = links.iter().filter(|link| {
                        link.function.unit == at && link.span.start >= statement.span.end && link.span.start < until
                    });
                    stated.bound(
                        at,
                        std::slice::from_ref(&statement),
                        link.min_by_key(|link| link.span.start),
                        &names,
                        models,
                    );
                }
            }
            let fields = unit.classes.iter().flat_map(|class| &class.fields);
            for variable in unit.variables.iter().chain(fields) {
                let of_variable: Vec<Statement> = statements(&variable.annotations).collect();
                spans.extend(of_variable.iter().map(|statement| statement.span.start));
                if !of_variable.is_empty() {
                    let initializer = variable.initializer.map(|function| FuncRef { unit: at, function });
                    let link = links.iter().find(|link| Some(link.function) == initializer);
                    stated.bound(at, &of_variable, link, &names, models);
                }
            }
            // Comments that nothing follows.
            for comment in &unit.comments {
                let Some(statement) = Statement::read(&comment.text, comment.span) else { continue };
                if spans.contains(&statement.span.start) {
                    continue;
                }
                let message = match (comment.alone, Facts::read(&statement.text)) {
                    (_, Err(message)) => message,
                    (true, _) => "no declaration follows this comment".to_owned(),
                    (false, _) => "write this on a line of its own, above the declaration".to_owned(),
                };
                stated.errors.push((at, statement.span, message));
            }
        }
        stated.rest(units, &path, declared, models);
        stated
    }

    /// Statements above a variable or a statement that binds a symbol.
    fn bound(&mut self, unit: u32, said: &[Statement], link: Option<&Link>, names: &Names, models: &ModelSet) {
        let Some(first) = said.first() else { return };
        let Some(symbol) = link.and_then(|link| link.symbol.clone()) else {
            // What it says may be wrong as well, and that is the better advice.
            let read = said.iter().find_map(|statement| Some((statement.span, Facts::read(&statement.text).err()?)));
            let message = "what follows is no function and binds none by a constant name".to_owned();
            let (span, message) = read.unwrap_or((first.span, message));
            return self.errors.push((unit, span, message));
        };
        let about = About { names, params: None, shown: &symbol };
        match about.read(said, Some(&symbol), models) {
            Ok(said) => self.add(None, Some(symbol.clone()), (unit, first.span), said),
            Err((span, message)) => self.errors.push((unit, span, message)),
        }
    }

    fn add(&mut self, function: Option<FuncRef>, symbol: Option<Name>, at: (u32, Span), said: Said) {
        let said = Said { at: Some(at), ..said };
        if let Some(symbol) = symbol {
            let known = self.by_symbol.entry(symbol.clone()).or_insert_with(|| said.clone());
            if known.facts != said.facts {
                let message = format!("`{symbol}` is said to be something else at another declaration");
                self.errors.push((at.0, at.1, message));
                return;
            }
        }
        if let Some(function) = function {
            self.functions.insert(function, said);
        }
    }

    /// What is said of a symbol is said of its definitions, and what the project's models say counts like it.
    fn rest<'f>(
        &mut self,
        units: &[Arc<Unit>],
        path: &dyn Fn(u32) -> Option<&'f str>,
        declared: &Declared,
        models: &ModelSet,
    ) {
        if self.by_symbol.is_empty() && !models.has_own() {
            return;
        }
        let versions = Versions::default();
        // What a comment names as a release is one, by that comment.
        let all = self.by_symbol.values().chain(self.functions.values());
        let named = all.flat_map(|said| said.calls.iter().map(move |call| (Name::new(call), said.at)));
        let mut named: Vec<_> = named.collect();
        named.sort_by(|(a, at_a), (b, at_b)| {
            let place = |at: &Option<(u32, Span)>| at.map(|(unit, span)| (path(unit), span));
            (a, place(at_a)).cmp(&(b, place(at_b)))
        });
        for (call, at) in named {
            let model = models.symbol(&call, &versions).map(|id| models.function(id));
            if let Some(model) = model.filter(|model| model.source.as_deref() == Some(SOURCE)) {
                let said = || Said { facts: model.summary.clone(), only: None, calls: Vec::new(), at };
                self.by_symbol.entry(call).or_insert_with(said);
            }
        }
        for (at, unit) in (0_u32..).zip(units) {
            for export in &unit.exports {
                let function = FuncRef { unit: at, function: export.function };
                let own = || {
                    let id = models.symbol(&export.symbol, &versions).filter(|id| models.is_own(*id))?;
                    let facts = models.function(id).summary.clone();
                    Some(Said { facts, only: None, calls: Vec::new(), at: None })
                };
                if let Some(said) = self.by_symbol.get(&export.symbol).cloned().or_else(own) {
                    self.functions.entry(function).or_insert(said);
                }
            }
        }
        for (symbol, said) in &self.by_symbol {
            let id = models.symbol(symbol, &versions);
            let model = id.map(|id| &models.function(id).summary);
            if let (Some(at), Some(own), Some(_)) =
                (said.at, model.filter(|_| id.is_some_and(|id| models.is_own(id))), &said.only)
                && disagree(&said.facts, own)
            {
                self.errors.push((at.0, at.1, format!("a model of the project says something else of `{symbol}`")));
            }
            self.contracts.insert(symbol.clone(), said.over(model.or_else(|| declared.get(symbol))));
        }
    }

    /// The contract of a symbol of which comments speak, for calls that lead to no body.
    pub(super) fn contract(&self, symbol: &str) -> Option<&Summary> {
        self.contracts.get(symbol)
    }

    /// The contract of a function, where something is said of it; `body` is what its body shows.
    #[must_use]
    pub fn of(&self, function: FuncRef, body: Option<&Summary>) -> Option<Summary> {
        self.functions.get(&function).map(|said| said.over(body))
    }

    /// The functions of which something is said.
    pub fn functions(&self) -> impl Iterator<Item = FuncRef> + '_ {
        self.functions.keys().copied()
    }

    /// Where a comment speaks of a symbol.
    #[must_use]
    pub fn place(&self, symbol: &str) -> Option<(u32, Span)> {
        self.by_symbol.get(symbol)?.at
    }

    /// Where a comment speaks of a function.
    #[must_use]
    pub fn place_of(&self, function: FuncRef) -> Option<(u32, Span)> {
        self.functions.get(&function)?.at
    }

    /// What a comment speaks of is known.
    pub(super) fn mark(&self, links: &mut [Link]) {
        for link in links.iter_mut().filter(|link| link.standing == Standing::Undefined) {
            if link.symbol.as_ref().is_some_and(|symbol| self.contracts.contains_key(symbol)) {
                link.standing = Standing::Modelled;
            }
        }
    }
}

/// The model file of the families that comments name by their release alone: memory for `buf_free`.
#[must_use]
pub fn families(units: &[Arc<Unit>], models: &ModelSet) -> Option<String> {
    let mut calls: BTreeMap<String, bool> = BTreeMap::new();
    for unit in units {
        for (id, function) in (0_u32..).map(FunctionId).zip(&unit.functions) {
            for facts in statements(&function.annotations).filter_map(|said| Facts::read(&said.text).ok()) {
                for call in facts.releases() {
                    calls.entry(call.to_owned()).or_default();
                }
                if facts.is_release() {
                    let symbol = symbol_of(unit, id).unwrap_or_else(|| function.qualified.clone());
                    *calls.entry(symbol.to_string()).or_default() |= true;
                }
            }
        }
        let fields = unit.classes.iter().flat_map(|class| &class.fields);
        for variable in unit.variables.iter().chain(fields) {
            for facts in statements(&variable.annotations).filter_map(|said| Facts::read(&said.text).ok()) {
                for call in facts.releases() {
                    calls.entry(call.to_owned()).or_default();
                }
            }
        }
    }
    calls.retain(|call, _| released_by(call, models).is_none() && models.symbol(call, &Versions::default()).is_none());
    if calls.is_empty() {
        return None;
    }
    let source = quoted(SOURCE);
    let mut text = format!("schema = 1\n[pack]\nid = {source}\nsources = [{source}]\n");
    for (call, is_described) in &calls {
        let (name, title) = (quoted(call), quoted(&format!("memory for `{call}`")));
        let _ = write!(
            text,
            "[[family]]\nname = {name}\ntitle = {title}\nkind = \"memory\"\nrelease_with = [{name}]\nsource = {source}\n"
        );
        if !is_described {
            let effects = format!("[{{ on = \"arg0\", release = {name} }}]");
            let _ = write!(text, "[[function]]\nsymbol = {name}\neffects = {effects}\nsource = {source}\n");
        }
    }
    Some(text)
}

/// The family that a call releases.
fn released_by(call: &str, models: &ModelSet) -> Option<FamilyId> {
    let model = models.symbol(call, &Versions::default()).map(|id| &models.function(id).summary);
    let effects = model.into_iter().flat_map(|summary| summary.outcomes.iter().flat_map(|outcome| &outcome.effects));
    let mut families = effects.filter_map(|effect| match &effect.kind {
        EffectKind::Release(FamilyRef::Family(family)) => Some(*family),
        _ => None,
    });
    let named = || models.families().iter().position(|family| family.release_with.iter().any(|known| known == call));
    families.next().or_else(|| named().and_then(|at| u16::try_from(at).ok()).map(FamilyId))
}

/// Whether two contracts tell different things of the result.
fn disagree(one: &Summary, other: &Summary) -> bool {
    let result = |summary: &Summary| summary.outcomes.first().map(|outcome| outcome.result.ownership.clone());
    let (one, other) = (result(one), result(other));
    let says = |ownership: &Option<Ownership>| !matches!(ownership, None | Some(Ownership::Unknown));
    says(&one) && says(&other) && one != other
}

fn statements(annotations: &[Annotation]) -> impl Iterator<Item = Statement> + '_ {
    annotations.iter().filter_map(Statement::of)
}

/// The symbol that a declaration defines or binds.
fn symbol_of(unit: &Unit, id: FunctionId) -> Option<Name> {
    let exported = unit.exports.iter().find(|export| export.function == id).map(|export| &export.symbol);
    let bound = || unit.bindings.iter().find(|binding| binding.function == id).map(|binding| &binding.symbol);
    let function = unit.function(id);
    // As far as one can see: whether a header's prototype is `extern "C"` its includers decide.
    let is_plain = unit.language.is_native()
        && unit.language != Language::Rust
        && function.class.is_none()
        && !function.is_local
        && function.name == function.qualified;
    exported.or_else(bound).or(is_plain.then_some(&function.name)).cloned()
}

fn params_of(function: &Function) -> Option<Vec<ParamInfo>> {
    let name = |param: &crate::ir::Param| {
        let local = function.locals.get(param.local.index()).map(|local| local.name.clone());
        if param.named { param.name.clone() } else { local.unwrap_or_default() }
    };
    Some(function.params.iter().map(|param| ParamInfo { name: name(param), named: param.named }).collect())
}

/// The names by which a release can be called, gathered when one is asked for.
struct Names<'a> {
    units: &'a [Arc<Unit>],
    links: &'a [Link],
    all: OnceCell<BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    fn new(units: &'a [Arc<Unit>], links: &'a [Link]) -> Self {
        Self { units, links, all: OnceCell::new() }
    }

    fn all(&self) -> &BTreeSet<&'a str> {
        self.all.get_or_init(|| {
            let functions = self.units.iter().flat_map(|unit| &unit.functions);
            let functions = functions.flat_map(|function| [function.name.as_str(), function.qualified.as_str()]);
            let symbols = self.links.iter().filter_map(|link| link.symbol.as_deref());
            functions.chain(symbols).filter(|name| !name.is_empty()).collect()
        })
    }

    /// The symbol that a Dart declaration of another name binds.
    fn symbol_behind(&self, call: &str) -> Option<&'a Name> {
        let dart = self.units.iter().filter(|unit| !unit.language.is_native());
        let mut bindings = dart.flat_map(|unit| unit.bindings.iter().map(move |binding| (unit, binding)));
        let (_, found) = bindings
            .find(|(unit, binding)| unit.function(binding.function).qualified == *call && binding.symbol != *call)?;
        Some(&found.symbol)
    }

    /// Whether something is known of a call beyond what a comment says of it.
    fn knows(&self, call: &str, models: &ModelSet) -> bool {
        let made_up = models.symbol(call, &Versions::default()).map(|id| models.function(id));
        let is_made_up = made_up.is_some_and(|model| model.source.as_deref() == Some(SOURCE));
        self.all().contains(call) || (released_by(call, models).is_some() && !is_made_up)
    }
}

/// A declaration that comments speak of.
struct About<'a, 'n> {
    names: &'a Names<'n>,
    /// Its parameters, where it has them.
    params: Option<Vec<ParamInfo>>,
    shown: &'a str,
}

impl About<'_, '_> {
    fn read(&self, said: &[Statement], symbol: Option<&Name>, models: &ModelSet) -> Result<Said, (Span, String)> {
        let mut facts = Facts::default();
        let mut last = Span::default();
        for statement in said {
            last = statement.span;
            let read = Facts::read(&statement.text).and_then(|read| facts.join(read));
            read.map_err(|message| (statement.span, message))?;
        }
        let own = symbol.map_or(self.shown, Name::as_str);
        let family = |release: Option<&Release>| self.family(release, own, models);
        let path = |name: &str| self.path(name);
        let params = self.params.as_deref().unwrap_or_default();
        let entry = facts.entry(own, &path, &family);
        let summary = entry.and_then(|entry| models.contract(&entry, params)).map_err(|message| (last, message))?;
        let effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        let mut roots: Vec<Root> = Vec::new();
        for effect in effects {
            if !roots.contains(&effect.on.root) {
                roots.push(effect.on.root.clone());
            }
        }
        let calls = facts.releases().map(str::to_owned).collect();
        Ok(Said { only: Some((facts.result.is_some(), roots)), facts: summary, calls, at: None })
    }

    fn family(&self, release: Option<&Release>, own: &str, models: &ModelSet) -> Result<String, String> {
        let named = |id: FamilyId| models.family(id).name.to_string();
        match release {
            Some(Release::Family(name)) => models.family_named(name).map(named).ok_or_else(|| {
                let known = models.families().iter().map(|family| family.name.as_str());
                format!("unknown family `{name}`{}", suggest(name, known))
            }),
            Some(Release::By(call)) if let Some(symbol) = self.names.symbol_behind(call) => {
                Err(format!("`{call}` binds `{symbol}`: write that, which is its name in every language"))
            }
            Some(Release::By(call)) if self.names.knows(call, models) => released_by(call, models)
                .map(named)
                .ok_or_else(|| format!("`{call}` is known, and not to release anything")),
            Some(Release::By(call)) => {
                let known = self.names.all().iter().copied();
                Err(format!("nothing here and no model is called `{call}`{}", suggest(call, known)))
            }
            None => released_by(own, models)
                .map(named)
                .ok_or_else(|| format!("`{own}` is known, and not to release anything")),
        }
    }

    /// The path of an argument by its name or number, with the steps behind it.
    fn path(&self, written: &str) -> Result<String, String> {
        let end = written.find(['.', '[']).unwrap_or(written.len());
        let (root, steps) = written.split_at(end);
        if matches!(root, "this" | "result") || root.starts_with("static:") {
            return Ok(written.to_owned());
        }
        let number = root.strip_prefix("arg").and_then(|number| number.parse::<usize>().ok());
        let Some(params) = &self.params else {
            return match number {
                Some(_) => Ok(written.to_owned()),
                None => Err(format!("no names of parameters are known here: write `arg0` instead of `{root}`")),
            };
        };
        let name = root.strip_prefix("arg:").unwrap_or(root);
        if params.iter().any(|param| param.name == name) {
            return Ok(format!("arg:{name}{steps}"));
        }
        let positional = params.iter().filter(|param| !param.named).count();
        match number {
            Some(number) if number < positional => Ok(written.to_owned()),
            _ => {
                let near = suggest(name, params.iter().map(|param| param.name.as_str()));
                Err(format!("`{}` has no parameter `{name}`{near}", self.shown))
            }
        }
    }
}
