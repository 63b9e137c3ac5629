//! What an entry of a project cannot mean, though each of its words is known.

use super::schema::{EffectModel, FunctionModel, OutcomeModel, ResultModel};
use crate::summary::Basis;

/// No native function has more arguments.
const MOST_ARGUMENTS: u16 = 256;

/// Whether an entry can be meant as it stands.
pub(super) fn check(model: &FunctionModel) -> Result<(), String> {
    if model.basis == Some(Basis::Body) {
        return Err(
            "`basis = \"body\"` is what ffilint reads itself: leave `basis` out, or write `docs-read`".to_owned()
        );
    }
    if model.result.is_some() && model.returns.as_deref() == Some("void") {
        return Err("a function that returns nothing has no `result`".to_owned());
    }
    if model.symbol.is_some() || !model.symbols.is_empty() {
        native(model)?;
    }
    for (at, effect) in model.effects.iter().enumerate() {
        for earlier in model.effects.iter().take(at).filter(|earlier| meet(earlier, effect)) {
            if let (Some(one), Some(other)) = (word(earlier), word(effect)) {
                return Err(match one == other {
                    true => format!("`{one}` of `{}` is said twice", effect.on),
                    false => format!("`{one}` and `{other}` of `{}` contradict each other", effect.on),
                });
            }
        }
    }
    Ok(())
}

/// The paths of an entry about a native function.
fn native(model: &FunctionModel) -> Result<(), String> {
    let named = !model.params.is_empty();
    let results = model.result.iter().chain(model.results.iter().map(|alternative| &alternative.result));
    for result in results {
        for path in paths(result) {
            argument(path, named)?;
            if root(path) == "result" {
                return Err(format!("the result cannot be told by itself: `{path}`"));
            }
        }
    }
    for effect in &model.effects {
        argument(&effect.on, named)?;
        if effect.on == "result" && word(effect).is_some_and(|word| word != "fill") {
            return Err("an effect is about arguments: what the result is stands in `result`".to_owned());
        }
        if effect.fill.is_some() && root(&effect.on) == effect.on {
            return Err(format!(
                "`{on}` is the argument itself; the place that it points to is `{on}.*`",
                on = effect.on
            ));
        }
        effect.fill.iter().flat_map(paths).try_for_each(|path| argument(path, named))?;
    }
    Ok(())
}

/// A path that an argument of a native function can be meant by.
fn argument(path: &str, named: bool) -> Result<(), String> {
    let root = root(path);
    if root == "this" {
        return Err("a native function has no `this`: write `arg0`".to_owned());
    }
    if root.starts_with("arg:") && !named {
        return Err(format!("`{root}` needs `params` with the names of the arguments; or write `arg0`"));
    }
    match root.strip_prefix("arg").and_then(|number| number.parse::<u16>().ok()) {
        Some(number) if number >= MOST_ARGUMENTS => Err(format!("no function has so many arguments: `{root}`")),
        _ => Ok(()),
    }
}

fn root(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn paths(result: &ResultModel) -> impl Iterator<Item = &str> {
    let ResultModel { owned_by, borrowed, alias, interior, view, pointee, address, .. } = result;
    [owned_by, borrowed, alias, interior, view, pointee, address].into_iter().filter_map(Option::as_deref)
}

/// Of effects on one path only one of these holds.
fn word(effect: &EffectModel) -> Option<&'static str> {
    let words = [
        ("release", effect.release.is_some()),
        ("release_by", effect.release_by.is_some()),
        ("take", effect.take),
        ("hold", effect.hold),
        ("borrow", effect.borrow),
        ("untouched", effect.untouched),
        ("escape", effect.escape),
        ("fill", effect.fill.is_some()),
        ("drop", effect.drop.is_some()),
        ("disown", effect.disown),
    ];
    words.into_iter().find(|(_, given)| *given).map(|(word, _)| word)
}

/// Whether both happen in one call, as far as one can see: of what is said under different conditions nothing is.
fn meet(one: &EffectModel, other: &EffectModel) -> bool {
    let outcomes = one.outcome == other.outcome || [one.outcome, other.outcome].contains(&OutcomeModel::Always);
    one.on == other.on && outcomes && format!("{:?}", one.when) == format!("{:?}", other.when)
}
