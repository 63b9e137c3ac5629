//! What names tell: `free_<type>` of the one type that a library hands out, Create, Copy and Get of Core Foundation,
//! the naming rules of packs, and what compilers do.

use super::bound::{Bindings, Bound};
use super::{Conclusion, Out, released_by, words};
use crate::ir::{Name, TypeRef};
use crate::models::hints::Hint;
use crate::models::{ModelSet, Versions};

/// The release of all objects of Core Foundation.
const CF_RELEASE: &str = "CFRelease";

pub(super) fn of(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    if bound.is_unclear {
        return None;
    }
    by_pack(bound, bindings, models)
        .or_else(|| by_toolchain(bound, bindings, models))
        .or_else(|| of_core_foundation(bound))
        .or_else(|| by_value(bound, bindings, models))
        .or_else(|| by_pointer(bound, bindings, models))
}

/// A struct that a function gives by value, and that one function alone releases.
fn by_value(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    let ty = &bound.result;
    let lends = lends(bound, models) && !words(&bound.symbol).iter().any(|word| word == "get");
    if ty.name == "Pointer" || !bindings.is_struct_with_pointers(bound.unit, ty) || lends {
        return None;
    }
    let shown = bindings.shown(bound.unit, ty);
    // What it is given may come back.
    if bound.params.iter().any(|param| bindings.shown(bound.unit, param).trim_start_matches('*') == shown) {
        return None;
    }
    let release = release_of(&shown, bound, bindings, models)?;
    owned(release, &shown)
}

/// A pointer to a type of whose inside nothing is known, which a function makes by its name, and one function alone
/// releases.
fn by_pointer(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    let to = bindings.pointee(bound.unit, &bound.result)?;
    if !bindings.is_opaque(bound.unit, &to) || lends(bound, models) {
        return None;
    }
    let said = words(&bound.symbol);
    let makes = said.iter().any(|word| models.hints().listed(Hint::MakesByName).contains(word));
    let copies = said.iter().any(|word| matches!(word.as_str(), "dup" | "clone" | "copy"));
    let same = |param: &&TypeRef| bindings.shown(bound.unit, param).trim_start_matches('*') == to.name;
    // What it is given may come back; a copy is made of one.
    if !makes || bound.params.iter().filter(same).count() > usize::from(copies) {
        return None;
    }
    owned(release_of(&to.name, bound, bindings, models)?, &to.name)
}

fn owned(release: &Bound, ty: &str) -> Option<Conclusion> {
    let article = if ty.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" };
    let from = format!("names: `{}` is the one function bound here that releases {article} `{ty}`", release.symbol);
    Some(Conclusion::Owned { release: release.symbol.clone(), out: None, from })
}

/// Whether a name says that what is given stays where it is.
fn lends(bound: &Bound, models: &ModelSet) -> bool {
    words(&bound.symbol).iter().any(|word| models.hints().listed(Hint::LendsByName).contains(word))
}

/// The one function of the library that releases a type: its name is the type's and a word for releasing.
fn release_of<'b>(ty: &str, bound: &Bound, bindings: &'b Bindings<'_>, models: &ModelSet) -> Option<&'b Bound> {
    let releases = models.hints().listed(Hint::FreesByName);
    let mut takers = bindings
        .takers_of(bound.unit, ty)
        .filter(|taker| words(&taker.symbol).iter().any(|word| releases.contains(word)));
    let (only, None) = (takers.next()?, takers.next()) else { return None };
    let gives_nothing = !matches!(only.result.name.as_str(), "Pointer") && !only.is_unclear;
    let mut said = words(&only.symbol);
    let first = said.first().is_some_and(|word| releases.contains(word));
    let last = said.last().is_some_and(|word| releases.contains(word));
    let named = if first {
        said.remove(0);
        true
    } else if last {
        said.pop();
        true
    } else {
        // `lib_free_type`
        let at = said.iter().position(|word| releases.contains(word))?;
        said = said.split_off(at + 1);
        !said.is_empty()
    };
    let of_type: Vec<String> =
        words(ty).into_iter().filter(|word| !matches!(word.as_str(), "t" | "s" | "struct")).collect();
    let (rest, name) = (said.concat(), of_type.concat());
    let alike = !rest.is_empty() && !name.is_empty() && (rest.ends_with(&name) || name.ends_with(&rest));
    // It takes the type itself, or a pointer to it.
    let given = only.params.first().map(|param| bindings.shown(only.unit, param))?;
    let direct = given == ty || given.strip_prefix('*') == Some(ty);
    (gives_nothing && named && alike && direct && only.symbol != bound.symbol).then_some(only)
}

/// The Create, Copy and Get rules of Core Foundation, for what is bound by its types.
///
/// <https://developer.apple.com/library/archive/documentation/CoreFoundation/Conceptual/CFMemoryMgmt/Concepts/Ownership.html>
fn of_core_foundation(bound: &Bound) -> Option<Conclusion> {
    let ty = bound.result.name.as_str();
    let is_object = ty.strip_prefix("CF").and_then(|ty| ty.strip_suffix("Ref"));
    if !is_object.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase())) {
        return None;
    }
    let said = words(&bound.symbol);
    let says = |wanted: &str| said.iter().any(|word| word == wanted);
    match (says("create") || says("copy"), says("get")) {
        (true, false) => Some(Conclusion::Owned {
            release: CF_RELEASE.into(),
            out: None,
            from: "its name, by the Create Rule of Core Foundation".into(),
        }),
        (false, true) => Some(Conclusion::Borrowed { from: "its name, by the Get Rule of Core Foundation".into() }),
        _ => None,
    }
}

/// A library whose bindings show which compiler made it: all such pointers that it hands out are made alike.
fn by_toolchain(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    let to = bindings.pointee(bound.unit, &bound.result)?;
    models.toolchains().iter().find_map(|toolchain| {
        let made_by_it = toolchain.declares.iter().all(|ty| bindings.declares(bound.unit, ty));
        let known = released_by(&toolchain.release, models).is_some();
        (made_by_it && known && to.name == toolchain.gives).then(|| Conclusion::Owned {
            release: toolchain.release.clone(),
            out: None,
            from: toolchain.because.clone(),
        })
    })
}

/// The naming rules of packs: `git_<type>_free` for what `git_…(git_<type> **out, …)` makes.
fn by_pack(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    models.namings().iter().find_map(|naming| {
        bound.symbol.strip_prefix(naming.prefix.as_str())?;
        let index = usize::from(naming.out);
        let to = bindings.pointee(bound.unit, bound.params.get(index)?)?;
        let made = bindings.pointee(bound.unit, &to)?.name.clone();
        made.strip_prefix(naming.prefix.as_str())?;
        let release = naming.release.replace("{}", &made);
        let release = Name::new(release);
        let is_bound = bindings.all.get(release.as_str()).is_some_and(|by| by.params.len() == 1 && !by.is_unclear);
        let is_known = released_by(&release, models).is_some();
        let is_other = models.symbol(&release, &Versions::default()).is_some() && !is_known;
        ((is_bound || is_known) && !is_other).then(|| Conclusion::Owned {
            release: release.to_string(),
            out: Some(Out { index, status: naming.status }),
            from: format!("names: `{release}` releases a `{made}`"),
        })
    })
}
