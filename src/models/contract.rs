//! One function of a model file → its [`Summary`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use super::path::access_path;
use super::schema::{
    ConditionModel, ConstantModel, EffectModel, FamilyKind, FunctionModel, OutcomeModel, ResultModel, RunModel,
    SettledModel, TypeModel,
};
use super::{Family, ParamInfo, Settled, Size, Sizing, suggest};
use crate::ir::{Const, Name};
use crate::summary::{
    AccessPath, ArgumentTest, Basis, ClosureRun, Effect, EffectKind, FamilyId, FamilyRef, Given, Guard, Outcome,
    Ownership, ResultContract, Summary, Throws, ValueTest,
};
use crate::target::TargetSet;

/// What the texts of an entry refer to.
pub(super) struct Names<'a> {
    pub(super) families: &'a [Family],
    pub(super) family_ids: &'a FxHashMap<Name, FamilyId>,
    pub(super) constants: &'a BTreeMap<String, i64>,
    pub(super) near: &'a Near,
}

/// Which known name a wrong one is near, each looked for once.
#[derive(Default)]
pub(super) struct Near {
    pub(super) said: RefCell<FxHashMap<String, String>>,
    /// Nobody reads what is wrong.
    pub(super) is_silent: bool,
}

impl Near {
    /// A person reads no more of them.
    const MOST: usize = 50;

    /// ``, did you mean `x`?`` where a known name is near, else nothing.
    pub(super) fn suggest<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        let mut said = self.said.borrow_mut();
        match said.get(name) {
            Some(near) => near.clone(),
            None if self.is_silent || said.len() >= Self::MOST => String::new(),
            None => said.entry(name.to_owned()).or_insert(suggest(name, known)).clone(),
        }
    }
}

/// What memory may be borrowed from besides a path.
pub(super) const LENDERS: [&str; 5] = ["library", "module", "process", "system", "thread"];

impl Names<'_> {
    /// The contract of a function, or what is wrong with its entry.
    pub(super) fn summary(&self, model: &FunctionModel, params: &[ParamInfo]) -> Result<Summary, String> {
        let entry = Entry { names: self, params };
        let native = model.symbol.is_some() || !model.symbols.is_empty();
        Ok(Summary {
            outcomes: entry.outcomes(model)?,
            throws: model.throws.unwrap_or(if native || model.ends_process { Throws::Never } else { Throws::Possibly }),
            runs: model.runs.iter().map(|run| entry.run(run)).collect::<Result<_, _>>()?,
            basis: model.basis.unwrap_or(Basis::DocsRead),
            made: Vec::new(),
            ended: Vec::new(),
            read: Vec::new(),
            always_reads: false,
            throws_when: entry.throws_when(model)?,
        })
    }

    /// The value of a variable.
    pub(super) fn value(&self, model: &ResultModel) -> Result<ResultContract, String> {
        Entry { names: self, params: &[] }.result(model)
    }

    pub(super) fn family(&self, name: &str) -> Result<FamilyId, String> {
        self.family_ids.get(name).copied().ok_or_else(|| {
            format!(
                "unknown family `{name}`{}",
                self.near.suggest(name, self.family_ids.keys().map(|known| known.as_str()))
            )
        })
    }
}

/// One entry being compiled.
struct Entry<'a> {
    names: &'a Names<'a>,
    params: &'a [ParamInfo],
}

impl Entry<'_> {
    /// A call takes the first outcome whose guard holds.
    fn outcomes(&self, model: &FunctionModel) -> Result<SmallVec<[Outcome; 1]>, String> {
        if model.ends_process && model.throws.is_some() {
            return Err("`throws` says nothing of a call that ends the process".to_owned());
        }
        if model.ends_process || model.throws == Some(Throws::Always) {
            return Ok(SmallVec::new());
        }
        let result = match (&model.result, model.status) {
            (Some(result), _) => self.result(result)?,
            (None, Some(status)) => {
                ResultContract { ownership: Ownership::Status(status), nullable: false, sometimes: false, when: None }
            }
            (None, None) => ResultContract::UNKNOWN,
        };
        let on_outcome = model.effects.iter().any(|effect| effect.outcome != OutcomeModel::Always);
        let conditions = self.conditions(model)?;
        if on_outcome && !conditions.is_empty() {
            return Err("effects with `outcome` and conditions (`when`) cannot be mixed in one entry".to_owned());
        }
        let outcomes = if on_outcome {
            self.split_by_outcome(model, &result)?
        } else {
            self.split_by_condition(model, &result, conditions)?
        };
        if outcomes.len() > Summary::MAX_OUTCOMES {
            return Err(format!("more than {} different outcomes", Summary::MAX_OUTCOMES));
        }
        Ok(outcomes)
    }

    fn split_by_outcome(
        &self,
        model: &FunctionModel,
        result: &ResultContract,
    ) -> Result<SmallVec<[Outcome; 1]>, String> {
        let mut outcomes = SmallVec::new();
        for wanted in [OutcomeModel::Success, OutcomeModel::Failure] {
            let effects =
                model.effects.iter().filter(|effect| [OutcomeModel::Always, wanted].contains(&effect.outcome));
            let effects = effects.map(|effect| self.effect(effect)).collect::<Result<_, _>>()?;
            let success = wanted == OutcomeModel::Success;
            let (guard, result) = match (model.status.is_some(), success) {
                (true, true) => (Guard::Success, result.clone()),
                (true, false) => (Guard::Failure, result.clone()),
                (false, true) => (Guard::ResultNonNull, ResultContract { nullable: false, ..result.clone() }),
                (false, false) => (
                    Guard::ResultNull,
                    ResultContract { ownership: Ownership::Null, nullable: true, sometimes: false, when: None },
                ),
            };
            outcomes.push(Outcome { guard, targets: TargetSet::ALL, effects, result });
        }
        Ok(outcomes)
    }

    fn split_by_condition(
        &self,
        model: &FunctionModel,
        result: &ResultContract,
        conditions: Vec<ArgumentTest>,
    ) -> Result<SmallVec<[Outcome; 1]>, String> {
        let mut outcomes: SmallVec<[Outcome; 1]> = smallvec![];
        for test in conditions.into_iter().map(Some).chain([None]) {
            let mut effects = Vec::new();
            for effect in &model.effects {
                let when = effect.when.as_ref().map(|when| self.condition(when)).transpose()?;
                if when.is_none() || when == test {
                    effects.push(self.effect(effect)?);
                }
            }
            let mut result = result.clone();
            if let Some(test) = &test {
                for alternative in &model.results {
                    if self.condition(&alternative.when)? == *test {
                        result = self.result(&alternative.result)?;
                        break;
                    }
                }
            }
            outcomes.push(Outcome {
                guard: test.map_or(Guard::Always, Guard::Argument),
                targets: TargetSet::ALL,
                effects,
                result,
            });
        }
        Ok(outcomes)
    }

    /// Every condition of the entry once, those of `results` first.
    fn conditions(&self, model: &FunctionModel) -> Result<Vec<ArgumentTest>, String> {
        let of_results = model.results.iter().map(|alternative| &alternative.when);
        let of_effects = model.effects.iter().filter_map(|effect| effect.when.as_ref());
        let mut tests = Vec::new();
        for when in of_results.chain(of_effects) {
            let test = self.condition(when)?;
            if !tests.contains(&test) {
                tests.push(test);
            }
        }
        Ok(tests)
    }

    fn throws_when(&self, model: &FunctionModel) -> Result<Option<Box<ArgumentTest>>, String> {
        if model.throws_when.is_some() && model.throws != Some(Throws::Known) {
            return Err("`throws_when` belongs to `throws = \"known\"`".to_owned());
        }
        Ok(model.throws_when.as_ref().map(|when| self.condition(when)).transpose()?.map(Box::new))
    }

    fn condition(&self, model: &ConditionModel) -> Result<ArgumentTest, String> {
        only_one(
            "a condition",
            &[
                ("has", model.has.is_some()),
                ("lacks", model.lacks.is_some()),
                ("equals", model.equals.is_some()),
                ("differs", model.differs.is_some()),
                ("null", model.null.is_some()),
            ],
        )?;
        let test = match (&model.has, &model.lacks, &model.equals, &model.differs) {
            (Some(constant), ..) => ValueTest::Has(self.constant(constant)?),
            (_, Some(constant), ..) => ValueTest::Lacks(self.constant(constant)?),
            (_, _, Some(constant), _) => ValueTest::Equals(self.constant(constant)?),
            (.., Some(constant)) => ValueTest::Differs(self.constant(constant)?),
            _ if model.null == Some(true) => ValueTest::Null,
            _ => ValueTest::NonNull,
        };
        Ok(ArgumentTest { arg: self.path(&model.arg)?, test })
    }

    fn constant(&self, model: &ConstantModel) -> Result<i64, String> {
        match model {
            ConstantModel::Value(value) => Ok(*value),
            ConstantModel::Name(name) => self.names.constants.get(name).copied().ok_or_else(|| {
                let known = self.names.constants.keys().map(String::as_str);
                format!("unknown constant `{name}`{}", self.names.near.suggest(name, known))
            }),
        }
    }

    fn result(&self, model: &ResultModel) -> Result<ResultContract, String> {
        only_one(
            "a result",
            &[
                ("owned", model.owned.is_some()),
                ("owned_by", model.owned_by.is_some()),
                ("borrowed", model.borrowed.is_some()),
                ("static", model.is_static),
                ("alias", model.alias.is_some()),
                ("interior", model.interior.is_some()),
                ("view", model.view.is_some()),
                ("pointee", model.pointee.is_some()),
                ("address", model.address.is_some()),
                ("native_function", model.native_function.is_some()),
                ("releaser", model.releaser.is_some()),
                ("scope", model.scope.is_some()),
                ("ambient", model.ambient.is_some()),
                ("null", model.null),
                ("target", model.target.is_some()),
                ("succeeded", model.succeeded.is_some()),
                ("failed", model.failed.is_some()),
                ("is_null", model.is_null.is_some()),
                ("is_not_null", model.is_not_null.is_some()),
                ("constant", model.constant.is_some()),
                ("unknown", model.unknown),
                ("value", model.value.is_some()),
            ],
        )?;
        if model.default.is_some() && model.owned_by.is_none() {
            return Err("`default` belongs to `owned_by`".to_owned());
        }
        if !model.until.is_empty() && model.borrowed.is_none() {
            return Err("`until` belongs to `borrowed`".to_owned());
        }
        Ok(ResultContract {
            ownership: self.ownership(model)?,
            nullable: model.nullable || model.null || model.unknown,
            sometimes: false,
            when: None,
        })
    }

    fn ownership(&self, model: &ResultModel) -> Result<Ownership, String> {
        if let Some(family) = &model.owned {
            return Ok(Ownership::Owned(FamilyRef::Family(self.names.family(family)?)));
        }
        if let Some(allocator) = &model.owned_by {
            let default = model.default.as_deref().map(|family| self.names.family(family)).transpose()?;
            return Ok(Ownership::Owned(FamilyRef::Allocator(self.path(allocator)?, default)));
        }
        if let Some(lender) = &model.borrowed {
            let from = if LENDERS.contains(&lender.as_str()) { None } else { Some(self.path(lender)?) };
            return Ok(Ownership::Borrowed {
                from,
                until: model.until.iter().map(|call| call.as_str().into()).collect(),
                part: false,
            });
        }
        type OfPath = fn(AccessPath) -> Ownership;
        let by_path: [(&Option<String>, OfPath); 9] = [
            (&model.alias, Ownership::Alias),
            (&model.interior, Ownership::Interior),
            (&model.view, Ownership::View),
            (&model.pointee, Ownership::Pointee),
            (&model.address, Ownership::Address),
            (&model.succeeded, |of| Ownership::StatusTest { of, success: true }),
            (&model.failed, |of| Ownership::StatusTest { of, success: false }),
            (&model.is_null, |of| Ownership::NullTest { of, null: true }),
            (&model.is_not_null, |of| Ownership::NullTest { of, null: false }),
        ];
        for (path, ownership) in by_path {
            if let Some(path) = path {
                return Ok(ownership(self.path(path)?));
            }
        }
        if let Some(symbol) = &model.native_function {
            // The symbol is an argument of each call; the caller reads it there. The path only has to be one.
            self.path(symbol)?;
            return Ok(Ownership::NativeFunction(None));
        }
        if let Some(family) = &model.releaser {
            return Ok(Ownership::Releaser(self.names.family(family)?));
        }
        if let Some(family) = &model.value {
            return Ok(Ownership::Value(self.names.family(family)?));
        }
        if let Some(family) = &model.scope {
            return Ok(Ownership::Scope(self.scope(family)?));
        }
        if let Some(family) = &model.ambient {
            return Ok(Ownership::Ambient(self.scope(family)?));
        }
        if let Some(names) = &model.target {
            return Ok(Ownership::TargetTest(targets(names)?));
        }
        Ok(match model.constant {
            Some(value) => Ownership::Constant(Const::Int(value)),
            None if model.null => Ownership::Null,
            None if model.is_static => Ownership::Static,
            None => Ownership::Unknown,
        })
    }

    fn effect(&self, model: &EffectModel) -> Result<Effect, String> {
        only_one(
            "an effect",
            &[
                ("release", model.release.is_some()),
                ("release_by", model.release_by.is_some()),
                ("take", model.take),
                ("hold", model.hold),
                ("borrow", model.borrow),
                ("untouched", model.untouched),
                ("escape", model.escape),
                ("store_into", model.store_into.is_some()),
                ("fill", model.fill.is_some()),
                ("release_later", model.release_later.is_some()),
                ("detach", model.detach),
                ("release_all", model.release_all),
                ("adopt", model.adopt.is_some()),
                ("drop", model.drop.is_some()),
                ("disown", model.disown),
            ],
        )?;
        if model.family.is_some() && model.release_later.is_none() {
            return Err("`family` belongs to `release_later`".to_owned());
        }
        if model.key.is_some() && model.release_later.is_none() {
            return Err("`key` belongs to `release_later`".to_owned());
        }
        Ok(Effect { on: self.path(&model.on)?, kind: self.effect_kind(model)? })
    }

    fn effect_kind(&self, model: &EffectModel) -> Result<EffectKind, String> {
        let family = |name: &String| self.names.family(name).map(FamilyRef::Family);
        if let Some(name) = &model.release {
            return Ok(EffectKind::Release(family(name)?));
        }
        if let Some(name) = &model.drop {
            return Ok(EffectKind::Drop(self.names.family(name)?));
        }
        if let Some(name) = &model.adopt {
            return Ok(EffectKind::Adopt(self.names.family(name)?));
        }
        if let Some(allocator) = &model.release_by {
            return Ok(EffectKind::Release(FamilyRef::Allocator(self.path(allocator)?, None)));
        }
        if let Some(place) = &model.store_into {
            return Ok(EffectKind::StoreInto(self.path(place)?));
        }
        if let Some(result) = &model.fill {
            return Ok(EffectKind::Fill(self.result(result)?));
        }
        if let Some(by) = &model.release_later {
            let family = model.family.as_ref().map(family).transpose()?;
            let key = model.key.as_ref().map(|key| self.path(key)).transpose()?;
            return Ok(EffectKind::ReleaseLater { by: self.path(by)?, family, key });
        }
        Ok(match (model.take, model.hold, model.escape, model.detach, model.release_all) {
            (true, ..) => EffectKind::Take,
            (_, true, ..) => EffectKind::Hold(None),
            (_, _, true, ..) => EffectKind::Escape,
            (_, _, _, true, _) => EffectKind::Detach,
            (.., true) => EffectKind::ReleaseAll,
            _ if model.untouched => EffectKind::Untouched,
            _ if model.disown => EffectKind::Disown,
            _ => EffectKind::Borrow,
        })
    }

    fn run(&self, model: &RunModel) -> Result<ClosureRun, String> {
        let given = |text: &String| match text.split_once(':') {
            None if text == "unknown" => Ok(Given::Unknown),
            Some(("scope", family)) => self.scope(family).map(Given::Scope),
            Some(("element", path)) => self.path(path).map(Given::Element),
            Some(("value", path)) => self.path(path).map(Given::Value),
            _ => {
                Err(format!("`{text}` gives nothing: write `scope:family`, `element:path`, `value:path` or `unknown`"))
            }
        };
        Ok(ClosureRun {
            closure: self.path(&model.closure)?,
            times: model.times,
            gives: model.gives.iter().map(given).collect::<Result<_, _>>()?,
            returned: model.returned,
            ambient: model.ambient.as_ref().map(|family| self.scope(family)).transpose()?,
        })
    }

    fn scope(&self, name: &str) -> Result<FamilyId, String> {
        let id = self.names.family(name)?;
        let family = self.names.families.get(usize::from(id.0));
        if family.is_some_and(|family| family.kind == FamilyKind::Scope) {
            Ok(id)
        } else {
            Err(format!("`{name}` is no scope: only a family of `kind = \"scope\"` is"))
        }
    }

    fn path(&self, text: &str) -> Result<AccessPath, String> {
        access_path(text, self.params)
    }
}

/// What settles the future that a function gives.
pub(super) fn settled_by(model: &SettledModel, params: &[ParamInfo]) -> Result<Settled, String> {
    let path = |text: &String| access_path(text, params);
    Ok(Settled {
        by: model.by.iter().map(path).collect::<Result<_, _>>()?,
        fails_with: model.fails_with,
        unless: model.unless.as_ref().map(path).transpose()?,
    })
}

/// What an entry says of sizes.
pub(super) fn sizing(model: &FunctionModel, params: &[ParamInfo]) -> Result<Option<Sizing>, String> {
    type OfPath = fn(AccessPath) -> Sizing;
    let by_path: [(&str, &Option<String>, OfPath); 3] = [
        ("bytes", &model.bytes, Sizing::Bytes),
        ("elements", &model.elements, Sizing::Elements),
        ("index", &model.index, Sizing::Index),
    ];
    let mut keys: Vec<(&str, bool)> = by_path.iter().map(|(key, path, _)| (*key, path.is_some())).collect();
    keys.push(("size_of", model.size_of));
    if keys.iter().all(|(_, given)| !given) {
        return Ok(None);
    }
    only_one("a number in a call", &keys)?;
    for (_, path, sizing) in by_path {
        if let Some(path) = path {
            return access_path(path, params).map(|path| Some(sizing(path)));
        }
    }
    Ok(Some(Sizing::SizeOf))
}

/// The size of a type.
pub(super) fn size(model: &TypeModel) -> Result<Option<Size>, String> {
    match (model.size, model.size_at_most) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("`size_at_most` needs a `size`".to_owned()),
        (Some(least), most) if least > 0 && most.is_none_or(|most| most > least) => {
            Ok(Some(Size { least, most: Some(most.unwrap_or(least)) }))
        }
        _ => Err("a `size` is at least 1, and `size_at_most` more than that".to_owned()),
    }
}

/// The set that names of targets stand for.
pub(super) fn targets(names: &[String]) -> Result<TargetSet, String> {
    names.iter().try_fold(TargetSet::NONE, |set, name| match TargetSet::from_name(name) {
        Some(one) => Ok(set.or(one)),
        None => Err(format!("unknown target `{name}`{}", suggest(name, TargetSet::names()))),
    })
}

/// Of several keys exactly one is given.
pub(super) fn only_one(what: &str, keys: &[(&str, bool)]) -> Result<(), String> {
    let given: Vec<&str> = keys.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
    match given.as_slice() {
        [_] => Ok(()),
        [] => {
            let all: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            Err(format!("{what} needs one of `{}`", all.join("`, `")))
        }
        many => Err(format!("{what} has one meaning: `{}` exclude each other", many.join("` and `"))),
    }
}
