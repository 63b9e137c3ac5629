//! What documentation tells: "must be freed with `x_free`", "owned by the library, do not free".

use super::bound::{Bindings, Bound};
use super::{Conclusion, words};
use crate::models::ModelSet;
use crate::models::hints::Hint;

/// Longer quotes are cut.
const LONGEST: usize = 100;

pub(super) fn of(bound: &Bound, bindings: &Bindings<'_>, models: &ModelSet) -> Option<Conclusion> {
    let doc = bound.doc.as_deref().filter(|_| !bound.is_unclear)?;
    bindings.pointee(bound.unit, &bound.result)?;
    let result = bindings.shown(bound.unit, &bound.result);
    let same_given = bound.params.iter().any(|param| {
        let given = bindings.shown(bound.unit, param);
        given == result || is_bytes(&given) && is_bytes(&result)
    });
    let any_given = bound.params.iter().any(|param| bindings.pointee(bound.unit, param).is_some());
    let mut owned = None;
    let mut borrowed = None;
    for sentence in sentences(doc) {
        let lower = sentence.to_lowercase();
        let of_result = ["return", "result"].iter().any(|word| lower.contains(word));
        let release = release_in(&sentence, &lower, bindings, models);
        if let Some(release) = release.filter(|release| takes(release, &result, bindings))
            && (of_result || !same_given)
        {
            owned = Some((release.symbol.clone(), sentence.clone()));
        }
        let lent = models.hints().listed(Hint::NotYours).iter().any(|phrase| lower.contains(phrase.as_str()));
        if lent && (of_result || !any_given) {
            borrowed = Some(sentence);
        }
    }
    let from = |sentence: &str| format!("its documentation: \"{}\"", cut(sentence));
    match (owned, borrowed) {
        (Some((release, sentence)), None) => Some(Conclusion::Owned { release, out: None, from: from(&sentence) }),
        (None, Some(sentence)) => Some(Conclusion::Borrowed { from: from(&sentence) }),
        _ => None,
    }
}

/// Whether documentation leaves it to the name who owns the result.
pub(super) fn is_silent(bound: &Bound) -> bool {
    let words = ["free", "release", "owned", "owns", "ownership", "valid until", "lifetime", "static"];
    bound.doc.as_deref().is_none_or(|doc| {
        let lower = doc.to_lowercase();
        !words.iter().any(|word| lower.contains(word))
    })
}

/// The function that a sentence names as the release.
fn release_in<'b>(sentence: &str, lower: &str, bindings: &'b Bindings<'_>, models: &ModelSet) -> Option<&'b Bound> {
    // Letters that change their length in lower case would shift all places.
    if sentence.len() != lower.len() {
        return None;
    }
    models.hints().listed(Hint::MustFree).iter().find_map(|phrase| {
        let at = lower.find(phrase.as_str())?;
        let denied = lower.get(..at).is_some_and(|before| {
            [" not ", "n't", "never", "no need", "unless", " if "].iter().any(|word| before.contains(word))
        });
        let rest = sentence.get(at + phrase.len()..).filter(|_| !denied)?;
        let rest = rest.trim_start_matches(|c: char| " `'\"[(#*\\:".contains(c));
        let rest =
            ["the function ", "function ", "ref "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        let rest = rest.trim_start_matches(|c: char| " `'\"[(#*\\:".contains(c));
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let release = bindings.all.get(rest.get(..end)?).filter(|bound| !bound.is_unclear)?;
        let releases = models.hints().listed(Hint::FreesByName);
        words(&release.symbol).iter().any(|word| releases.contains(word)).then_some(release)
    })
}

/// Whether a release takes what is given, and nothing else.
fn takes(release: &Bound, result: &str, bindings: &Bindings<'_>) -> bool {
    let [only] = release.params.as_slice() else { return false };
    let taken = bindings.shown(release.unit, only);
    taken == result || taken == "*Void" || is_bytes(&taken) && is_bytes(result)
}

/// Texts are written in many types.
fn is_bytes(ty: &str) -> bool {
    matches!(ty, "*Char" | "*Utf8" | "*Int8" | "*Uint8" | "*SignedChar" | "*UnsignedChar")
}

/// The sentences of a documentation, each on one line, without the signs of comments.
fn sentences(doc: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for line in doc.lines() {
        let line = line.trim().trim_start_matches(['/', '*', '!', '<']).trim_end_matches(['*', '/']).trim();
        // A tag begins something new, and so does what stands behind an empty line.
        if line.is_empty() || line.starts_with(['@', '\\', '-']) {
            sentences.push(String::new());
        }
        for (at, part) in line.split_inclusive(". ").enumerate() {
            if at > 0 {
                sentences.push(String::new());
            }
            if let Some(sentence) = sentences.last_mut() {
                if !sentence.is_empty() {
                    sentence.push(' ');
                }
                sentence.push_str(part.trim());
            }
        }
        if line.ends_with('.') {
            sentences.push(String::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn cut(sentence: &str) -> &str {
    let end = (0..=LONGEST.min(sentence.len())).rev().find(|&end| sentence.is_char_boundary(end));
    sentence.get(..end.unwrap_or(0)).unwrap_or_default().trim_end_matches('.')
}
