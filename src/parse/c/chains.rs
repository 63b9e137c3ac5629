//! `#if` chains: which branches the parser gets to see, and in what form.
//!
//! A chain whose branches are whole declarations or statements stays, with its conditions replaced by `1` and
//! remembered; one that cuts through a statement keeps a single branch, the others become blanks.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Edits;
use super::conditions::{Truth, defined, evaluate};
use super::lex::{Kind, Token};
use crate::source::Span;
use crate::target::TargetSet;

/// How many tokens around a chain are looked at.
const NEAR: usize = 4096;

/// Chains nested deeper than any real ones are not kept apart.
const DEPTH: usize = 200;

/// A directive, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directive<'t> {
    pub(super) name: &'t str,
    /// What follows the name.
    pub(super) rest: &'t str,
}

impl<'t> Directive<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let text = text.trim_start_matches('#').trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        Self { name, rest: rest.trim() }
    }
}

/// What the chains come to.
pub(super) struct Chains {
    /// For each token whether the parser does not see it.
    pub(super) dead: Vec<bool>,
    /// What each remaining `#if`, `#elif` and `#else` says, by where it begins: not that an earlier branch failed.
    pub(super) conditions: FxHashMap<u32, Truth>,
    /// The chains that remain, each with the token it begins with.
    kept: Vec<(usize, Span)>,
    /// The chains of which one branch was picked without knowing, likewise.
    opaque: Vec<(usize, Span)>,
}

impl Chains {
    /// The chains that remain.
    pub(super) fn kept(&self) -> Vec<Span> {
        self.alive(&self.kept)
    }

    /// The chains of which one branch was picked without knowing.
    pub(super) fn opaque(&self) -> Vec<Span> {
        self.alive(&self.opaque)
    }

    fn alive(&self, chains: &[(usize, Span)]) -> Vec<Span> {
        chains.iter().filter(|(token, _)| self.dead.get(*token) == Some(&false)).map(|(_, span)| *span).collect()
    }
}

struct Branch {
    /// The token of its directive.
    directive: usize,
    truth: Truth,
    /// Its name or condition, and whether it is negated: what may be assumed.
    key: (String, bool),
    /// The first token after the directive, and one past the last.
    tokens: (usize, usize),
}

struct Open {
    branches: Vec<Branch>,
    /// The number of other chains around it.
    depth: usize,
}

pub(super) struct Walk<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) is_cpp: bool,
    pub(super) numbers: &'a FxHashMap<&'a str, i64>,
    /// Where chains begin that must not stay.
    pub(super) cut: &'a FxHashSet<u32>,
}

impl Walk<'_> {
    pub(super) fn run(&self, edits: &mut Edits) -> Chains {
        let mut chains = Chains {
            dead: vec![false; self.tokens.len()],
            conditions: FxHashMap::default(),
            kept: Vec::new(),
            opaque: Vec::new(),
        };
        let mut assumed: FxHashMap<String, bool> = FxHashMap::default();
        let mut open: Vec<Open> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.kind != Kind::Directive {
                continue;
            }
            let directive = Directive::of(token.text(self.source));
            match directive.name {
                "if" | "ifdef" | "ifndef" => {
                    let (truth, key) = self.condition(directive);
                    let branch = Branch { directive: index, truth, key, tokens: (index + 1, index + 1) };
                    open.push(Open { branches: vec![branch], depth: open.len() });
                }
                "elif" | "else" | "elifdef" | "elifndef" => {
                    let Some(chain) = open.last_mut() else {
                        edits.blank(token.start, token.end);
                        continue;
                    };
                    if let Some(last) = chain.branches.last_mut() {
                        last.tokens.1 = index;
                    }
                    let (truth, key) = self.condition(directive);
                    chain.branches.push(Branch { directive: index, truth, key, tokens: (index + 1, index + 1) });
                }
                "endif" => {
                    let Some(mut chain) = open.pop() else {
                        edits.blank(token.start, token.end);
                        continue;
                    };
                    if let Some(last) = chain.branches.last_mut() {
                        last.tokens.1 = index;
                    }
                    self.close(&chain, index, &mut chains, &mut assumed, edits);
                }
                _ => edits.blank(token.start, token.end),
            }
        }
        // What is never closed is not kept apart.
        for chain in open {
            for branch in chain.branches {
                self.blank_token(branch.directive, edits);
            }
        }
        chains
    }

    fn condition(&self, directive: Directive<'_>) -> (Truth, (String, bool)) {
        let rest = directive.rest;
        let word = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        match directive.name {
            "ifdef" | "elifdef" => (defined(word, self.is_cpp), (word.to_owned(), false)),
            "ifndef" | "elifndef" => (defined(word, self.is_cpp).negated(), (word.to_owned(), true)),
            "else" => (Truth::TRUE, (String::new(), false)),
            _ => {
                let plain: String = rest.split_whitespace().collect();
                let negated = plain.starts_with("!defined") && !plain.contains("&&") && !plain.contains("||");
                let name = plain.trim_start_matches('!').trim_start_matches("defined");
                let name = name.trim_start_matches('(').trim_end_matches(')');
                let key = match negated || plain.starts_with("defined") {
                    true => (name.to_owned(), negated),
                    false => (plain, false),
                };
                (evaluate(rest, self.is_cpp, self.numbers), key)
            }
        }
    }

    fn close(
        &self,
        chain: &Open,
        end: usize,
        chains: &mut Chains,
        assumed: &mut FxHashMap<String, bool>,
        edits: &mut Edits,
    ) {
        let Some(first) = chain.branches.first() else { return };
        let start = self.tokens.get(first.directive).map_or(0, |token| token.start);
        let stop = self.tokens.get(end).map_or(start, |token| token.end);
        let span = Span::new(start as u32, stop as u32);
        // What remains for each branch once the ones before it failed.
        let mut before = Truth::TRUE;
        let mut live: Vec<(usize, Truth)> = Vec::new();
        for (index, branch) in chain.branches.iter().enumerate() {
            let truth = before.and(branch.truth);
            before = before.and(branch.truth.negated());
            if !truth.may.is_empty() {
                live.push((index, truth));
            }
        }
        let always = live.iter().any(|(_, truth)| *truth == Truth::TRUE);
        if self.is_guard(chain, end) || (always && live.len() == 1) || live.is_empty() {
            let picked = live.first().map(|(index, _)| *index);
            self.pick(chain, end, picked, chains, edits);
            return;
        }
        let stays =
            chain.depth < DEPTH && !self.cut.contains(&span.start) && self.is_whole(chain, end, &live, &chains.dead);
        if stays {
            for (index, branch) in chain.branches.iter().enumerate() {
                self.keep_directive(branch, index, chains, edits);
                if !live.iter().any(|(at, _)| *at == index) {
                    self.kill(branch.tokens, chains, edits);
                }
            }
            chains.kept.push((first.directive, span));
            return;
        }
        let picked = live.iter().find(|(index, truth)| {
            let Some(branch) = chain.branches.get(*index) else { return false };
            // Chains that cut statements come in pairs, which must agree.
            if truth.is_known() {
                return truth.may.contains(TargetSet::LINUX);
            }
            let (name, negated) = &branch.key;
            if name.is_empty() {
                return true;
            }
            let holds = *assumed.entry(name.clone()).or_insert(!*negated);
            truth.may.contains(TargetSet::LINUX) && holds != *negated
        });
        chains.opaque.push((first.directive, span));
        self.pick(chain, end, picked.map(|(index, _)| *index), chains, edits);
    }

    /// Leaves one branch, without its directives.
    fn pick(&self, chain: &Open, end: usize, picked: Option<usize>, chains: &mut Chains, edits: &mut Edits) {
        for (index, branch) in chain.branches.iter().enumerate() {
            self.blank_token(branch.directive, edits);
            if Some(index) != picked {
                self.kill(branch.tokens, chains, edits);
            }
        }
        self.blank_token(end, edits);
    }

    fn kill(&self, (from, to): (usize, usize), chains: &mut Chains, edits: &mut Edits) {
        let (Some(first), Some(last)) = (self.tokens.get(from), to.checked_sub(1).and_then(|at| self.tokens.get(at)))
        else {
            return;
        };
        if from >= to {
            return;
        }
        edits.blank(first.start, last.end);
        for dead in chains.dead.iter_mut().take(to).skip(from) {
            *dead = true;
        }
    }

    /// The directive in a form that the grammar always reads.
    fn keep_directive(&self, branch: &Branch, index: usize, chains: &mut Chains, edits: &mut Edits) {
        let Some(token) = self.tokens.get(branch.directive) else { return };
        let is_else = Directive::of(token.text(self.source)).name == "else";
        let plain: &[u8] = match (index, is_else) {
            (0, _) => b"#if 1",
            (_, true) => b"#else",
            (_, false) => b"#elif 1",
        };
        edits.blank_line(token.start, token.end);
        edits.write(token.start, plain);
        chains.conditions.insert(token.start as u32, branch.truth);
    }

    fn blank_token(&self, index: usize, edits: &mut Edits) {
        if let Some(token) = self.tokens.get(index) {
            edits.blank(token.start, token.end);
        }
    }

    /// `#ifndef X` directly before `#define X`, around the rest of the file.
    fn is_guard(&self, chain: &Open, end: usize) -> bool {
        let [branch] = chain.branches.as_slice() else { return false };
        let text = |index: usize| self.tokens.get(index).map_or("", |token| token.text(self.source));
        let next = Directive::of(text(branch.directive + 1));
        let defines = next.name == "define" && next.rest.split_whitespace().next() == Some(branch.key.0.as_str());
        defines && branch.key.1 && (end + 2 >= self.tokens.len() || next.rest.split_whitespace().count() == 1)
    }

    /// Whether the chain stands between statements and each branch is made of whole ones.
    fn is_whole(&self, chain: &Open, end: usize, live: &[(usize, Truth)], dead: &[bool]) -> bool {
        let Some(first) = chain.branches.first() else { return false };
        let is_live = |index: &usize| {
            dead.get(*index) == Some(&false)
                && self.tokens.get(*index).is_some_and(|token| token.kind != Kind::Directive)
        };
        let before = (0..first.directive).rev().take(NEAR).find(is_live).and_then(|index| self.tokens.get(index));
        let after = (end + 1..self.tokens.len()).take(NEAR).find(is_live).and_then(|index| self.tokens.get(index));
        let starts = before.is_none_or(|token| matches!(token.kind, Kind::Sign(b';' | b'{' | b'}' | b':')));
        let goes_on = after.is_some_and(|token| {
            token.text(self.source) == "else"
                || matches!(token.kind, Kind::Sign(b')' | b',' | b'?' | b'=' | b'.' | b'|' | b'+' | b'/' | b'%'))
        });
        if !starts || goes_on {
            return false;
        }
        live.iter().filter_map(|(index, _)| chain.branches.get(*index)).all(|branch| {
            let mut inside =
                (branch.tokens.0..branch.tokens.1).filter(is_live).filter_map(|index| self.tokens.get(index));
            self.is_balanced(&mut inside)
        })
    }

    fn is_balanced(&self, tokens: &mut dyn Iterator<Item = &Token>) -> bool {
        let mut depth = [0_i64; 3];
        let mut last: Option<&Token> = None;
        for token in tokens {
            let word = token.text(self.source);
            let cannot_start = matches!(word, "else" | ")" | "," | "?" | "|" | "." | "=" | "+" | "]");
            if last.is_none() && cannot_start {
                return false;
            }
            let (kind, step) = match token.kind {
                Kind::Sign(b'{') => (0, 1),
                Kind::Sign(b'}') => (0, -1),
                Kind::Sign(b'(') => (1, 1),
                Kind::Sign(b')') => (1, -1),
                Kind::Sign(b'[') => (2, 1),
                Kind::Sign(b']') => (2, -1),
                _ => (0, 0),
            };
            depth[kind] += step;
            if depth[kind] < 0 {
                return false;
            }
            last = Some(token);
        }
        depth == [0; 3] && last.is_none_or(|token| matches!(token.kind, Kind::Sign(b';' | b'}' | b':')))
    }
}
