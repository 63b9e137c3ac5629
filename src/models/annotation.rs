//! Ownership written in the source: `returns owned(free = buf_free)`, `takes(buffer)`. The text becomes an entry as a
//! model file has it, so that both say the same.

use super::contract::LENDERS;
use std::fmt::Write as _;

use super::schema::FunctionModel;
use super::suggest;

/// What may begin a fact.
const FACTS: [&str; 7] = ["returns", "takes", "holds", "borrows", "escapes", "releases", "out"];
/// What a result may be.
const KINDS: [&str; 7] = ["owned", "borrowed", "static", "unknown", "alias", "interior", "view"];
/// What a result or a release may be told by.
const KEYS: [&str; 4] = ["free", "family", "of", "until"];
/// What begins words that only explain.
const WHY: &str = "--";

/// The facts of one comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the result is.
    pub result: Option<Kind>,
    /// What happens to arguments: which, and what.
    pub effects: Vec<(String, Happens)>,
}

/// What happens to an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happens {
    /// Its key in an entry: `take`.
    Plain(&'static str),
    /// Released, as what the call names, or as the function's own.
    Released(Option<Release>),
    /// What it leads to is filled.
    Filled(Kind),
}

/// What a result is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    word: &'static str,
    release: Option<Release>,
    of: Option<String>,
    until: Vec<String>,
}

/// How a family is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// By the call that releases it.
    By(String),
    /// By its name.
    Family(String),
}

impl Facts {
    /// Reads the text after `ffilint:`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let said = text.split_once(WHY).map_or(text, |(said, _)| said);
        let mut facts = Self::default();
        for clause in said.split(';').map(str::trim).filter(|clause| !clause.is_empty()) {
            facts.add(clause)?;
        }
        if facts == Self::default() {
            return Err(format!("nothing is said here: write one of `{}`", FACTS.join("`, `")));
        }
        Ok(facts)
    }

    fn add(&mut self, clause: &str) -> Result<(), String> {
        let mut words = Words { rest: clause };
        let word = words.word()?;
        match word {
            "returns" => {
                let kind = words.kind()?;
                if self.result.replace(kind).is_some() {
                    return Err("what is returned is said twice".to_owned());
                }
            }
            "out" => {
                let on = words.word()?.to_owned();
                let kind = words.kind()?;
                self.effect(on, Happens::Filled(kind))?;
            }
            "releases" => {
                let (names, told) = words.arguments()?;
                told.only(word, &["free", "family"])?;
                for on in names {
                    self.effect(on, Happens::Released(told.release.clone()))?;
                }
            }
            "takes" | "holds" | "borrows" | "escapes" => {
                let key = match word {
                    "takes" => "take",
                    "holds" => "hold",
                    "borrows" => "borrow",
                    _ => "escape",
                };
                let (names, told) = words.arguments()?;
                told.only(word, &[])?;
                for on in names {
                    self.effect(on, Happens::Plain(key))?;
                }
            }
            _ => return Err(unknown("ownership", word, &FACTS)),
        }
        match words.rest.trim() {
            "" => Ok(()),
            left => {
                Err(format!("`{left}` is left over; facts are separated by `;`, an explanation begins with `{WHY}`"))
            }
        }
    }

    fn effect(&mut self, on: String, happens: Happens) -> Result<(), String> {
        if self.effects.iter().any(|(known, _)| *known == on) {
            return Err(format!("what happens to `{on}` is said twice"));
        }
        self.effects.push((on, happens));
        Ok(())
    }

    /// The calls named as releases.
    pub fn releases(&self) -> impl Iterator<Item = &str> {
        let of_effects = self.effects.iter().filter_map(|(_, happens)| match happens {
            Happens::Released(release) => release.as_ref(),
            Happens::Filled(kind) => kind.release.as_ref(),
            Happens::Plain(_) => None,
        });
        let of_result = self.result.as_ref().and_then(|kind| kind.release.as_ref());
        of_effects.chain(of_result).filter_map(|release| match release {
            Release::By(call) => Some(call.as_str()),
            Release::Family(_) => None,
        })
    }

    /// Whether an argument is released without a word on how.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.effects.iter().any(|(_, happens)| *happens == Happens::Released(None))
    }

    /// Adds what another comment says of the same function.
    ///
    /// # Errors
    ///
    /// When both speak of the same thing.
    pub fn join(&mut self, other: Self) -> Result<(), String> {
        if let Some(kind) = other.result
            && self.result.replace(kind).is_some()
        {
            return Err("what is returned is said twice".to_owned());
        }
        other.effects.into_iter().try_for_each(|(on, happens)| self.effect(on, happens))
    }

    /// The same as an entry of a model file; `path` knows the arguments, `family` the calls that release.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn entry(
        &self,
        symbol: &str,
        path: &dyn Fn(&str) -> Result<String, String>,
        family: &dyn Fn(Option<&Release>) -> Result<String, String>,
    ) -> Result<FunctionModel, String> {
        let mut text = format!("symbol = {}\n", quoted(symbol));
        if let Some(kind) = &self.result {
            let _ = writeln!(text, "result = {}", kind.entry(path, family)?);
        }
        let mut effects = Vec::new();
        for (on, happens) in &self.effects {
            let at = path(on)?;
            effects.push(match happens {
                Happens::Plain(key) => format!("{{ on = {}, {key} = true }}", quoted(&at)),
                Happens::Released(release) => {
                    format!("{{ on = {}, release = {} }}", quoted(&at), quoted(&family(release.as_ref())?))
                }
                Happens::Filled(kind) => {
                    format!("{{ on = {}, fill = {} }}", quoted(&format!("{at}.*")), kind.entry(path, family)?)
                }
            });
        }
        let _ = writeln!(text, "effects = [{}]", effects.join(", "));
        toml::from_str(&text).map_err(|error| error.message().to_owned())
    }
}

impl Kind {
    fn entry(
        &self,
        path: &dyn Fn(&str) -> Result<String, String>,
        family: &dyn Fn(Option<&Release>) -> Result<String, String>,
    ) -> Result<String, String> {
        let of = || self.of.as_deref().ok_or_else(|| format!("`{}` needs `(of = argument)`", self.word));
        Ok(match self.word {
            "owned" => match &self.release {
                Some(release) => format!("{{ owned = {}, nullable = true }}", quoted(&family(Some(release))?)),
                None => return Err("`owned` needs `(free = function)` or `(family = name)`".to_owned()),
            },
            "borrowed" => {
                let from = match self.of.as_deref() {
                    None => "library".to_owned(),
                    Some(lender) if LENDERS.contains(&lender) => lender.to_owned(),
                    Some(argument) => path(argument)?,
                };
                let until: Vec<String> = self.until.iter().map(|call| quoted(call)).collect();
                format!("{{ borrowed = {}, until = [{}], nullable = true }}", quoted(&from), until.join(", "))
            }
            word @ ("static" | "unknown") => format!("{{ {word} = true, nullable = true }}"),
            word => format!("{{ {word} = {}, nullable = true }}", quoted(&path(of()?)?)),
        })
    }
}

/// A text as TOML writes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn unknown(what: &str, word: &str, known: &[&'static str]) -> String {
    match suggest(word, known.iter().copied()).as_str() {
        "" => format!("`{word}` says nothing of {what}: write one of `{}`", known.join("`, `")),
        near => format!("`{word}` says nothing of {what}{near}"),
    }
}

/// What stands between the parentheses.
#[derive(Default)]
struct Told {
    release: Option<Release>,
    of: Option<String>,
    until: Vec<String>,
    keys: Vec<&'static str>,
}

impl Told {
    /// Each key is one that the word knows, and tells one thing.
    fn only(&self, word: &str, known: &[&str]) -> Result<(), String> {
        if let Some(key) = self.keys.iter().find(|key| !known.contains(*key)) {
            return Err(format!("`{key}` says nothing of `{word}`"));
        }
        let count = |wanted: &[&str]| self.keys.iter().filter(|key| wanted.contains(*key)).count();
        if count(&["free", "family"]) > 1 {
            return Err("how it is released is said twice: write `free` or `family` once".to_owned());
        }
        if count(&["of"]) > 1 {
            return Err("`of` is said twice".to_owned());
        }
        Ok(())
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// A name, a path, a call as people write it.
    fn word(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '=')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after;
        match word {
            "" => Err(format!("a name is missing before `{}`", rest.trim())),
            word => Ok(word),
        }
    }

    fn eat(&mut self, sign: char) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    /// `owned(free = f)`
    fn kind(&mut self) -> Result<Kind, String> {
        let word = self.word()?;
        let known = KINDS.iter().copied().find(|known| *known == word);
        let word = known.ok_or_else(|| unknown("who owns a result", word, &KINDS))?;
        let told = match self.eat('(') {
            true => {
                let (names, told) = self.inside()?;
                if let Some(name) = names.first() {
                    return Err(format!("`{name}` is left over: write `{word}(key = {name})`"));
                }
                told
            }
            false => Told::default(),
        };
        told.only(
            word,
            match word {
                "owned" => &["free", "family"],
                "borrowed" => &["of", "until"],
                "static" | "unknown" => &[],
                _ => &["of"],
            },
        )?;
        Ok(Kind { word, release: told.release, of: told.of, until: told.until })
    }

    /// `(a, b, family = f)` or `a, b`
    fn arguments(&mut self) -> Result<(Vec<String>, Told), String> {
        if self.eat('(') {
            let (names, told) = self.inside()?;
            return match names.is_empty() {
                true => Err("no argument is named".to_owned()),
                false => Ok((names, told)),
            };
        }
        let mut names = vec![self.word()?.to_owned()];
        while self.eat(',') {
            names.push(self.word()?.to_owned());
        }
        Ok((names, Told::default()))
    }

    /// Names and `key = value` up to the closing parenthesis.
    fn inside(&mut self) -> Result<(Vec<String>, Told), String> {
        let (mut names, mut told) = (Vec::new(), Told::default());
        while !self.eat(')') {
            if self.rest.trim().is_empty() {
                return Err("a `)` is missing".to_owned());
            }
            let word = self.word()?;
            if self.eat('=') {
                let value = self.word()?.trim_matches(['"', '\'']).to_owned();
                told.keys.extend(KEYS.iter().copied().find(|key| *key == word));
                match word {
                    "free" => told.release = Some(Release::By(value)),
                    "family" => told.release = Some(Release::Family(value)),
                    "of" => told.of = Some(value),
                    "until" => told.until.push(value),
                    _ => return Err(unknown("ownership", word, &KEYS)),
                }
            } else {
                names.push(word.to_owned());
            }
            if !self.eat(',') && !self.rest.trim_start().starts_with(')') {
                return Err("a `,` or `)` is missing".to_owned());
            }
        }
        Ok((names, told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Result<String, String> {
        let path = |name: &str| Ok(format!("arg:{name}"));
        let family = |release: Option<&Release>| match release {
            Some(Release::By(call)) => Ok(format!("of.{call}")),
            Some(Release::Family(name)) => Ok(name.clone()),
            None => Ok("its.own".to_owned()),
        };
        let entry = Facts::read(text)?.entry("f", &path, &family)?;
        let result = entry.result.as_ref();
        let of_result = result.and_then(|result| result.owned.clone().or(result.borrowed.clone()));
        let effects = entry.effects.iter().map(|effect| format!("{} {:?}", effect.on, effect.release));
        Ok(format!("{of_result:?} {:?}", effects.collect::<Vec<_>>()))
    }

    #[test]
    fn facts_become_entries() {
        let says = |text: &str, part: &str| {
            let entry = entry(text);
            assert!(entry.as_ref().is_ok_and(|entry| entry.contains(part)), "{text}: {entry:?}");
        };
        says("returns owned(free = buf_free)", "of.buf_free");
        says("returns owned(family = \"libc.malloc\") -- by strdup", "libc.malloc");
        says("returns borrowed(of = buf, until = buf_set)", "arg:buf");
        says("returns borrowed", "library");
        says("returns static; takes(a, b)", "arg:b");
        says("releases(p)", "its.own");
        says("releases(p, q, free = free)", "arg:q Some(\\\"of.free\\\")");
        says("takes a, b", "arg:b");
        says("out result owned(free = free)", "arg:result.*");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("retruns static", "did you mean `returns`?"),
            ("returns ownd(free = f)", "did you mean `owned`?"),
            ("returns owned", "needs `(free = function)`"),
            ("returns owned(fre = f)", "did you mean `free`?"),
            ("returns owned(free = f", "is missing"),
            ("returns owned(f)", "left over"),
            ("returns static static", "left over"),
            ("returns static; returns borrowed", "said twice"),
            ("takes(a); holds(a)", "said twice"),
            ("takes()", "no argument"),
            ("", "nothing is said"),
            ("takes(", "is missing"),
            ("takes(=)", "a name is missing"),
            ("returns alias", "needs `(of = argument)`"),
            ("returns owned(free = f, family = g)", "said twice"),
            ("returns owned(free = f, free = g)", "said twice"),
            ("returns static(of = n)", "`of` says nothing of `static`"),
            ("takes(n, free = f)", "`free` says nothing of `takes`"),
        ] {
            let said = entry(text).err().unwrap_or_default();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
