//! Which nodes can fill a field, known from the grammar before any file is read.
//!
//! A cursor finds a node's field by a walk over the hidden levels between it and its parent, and where a hidden rule
//! repeats itself there are as many of these as children: a cascade of 40,000 sections took 17 s. No such long repeat
//! stands in a field, so asking only where the answer can be yes keeps the walk linear.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use tree_sitter::Language;

/// Which kinds of nodes can fill a field of which kinds of parents.
#[derive(Debug)]
pub(super) struct FieldKinds {
    /// One bit for each parent and child; empty if the grammar's description cannot be read.
    bits: Vec<u64>,
    kinds: usize,
}

/// An entry of a grammar's `node-types.json`.
#[derive(Deserialize)]
struct NodeType<'j> {
    #[serde(flatten, borrow)]
    kind: Kind<'j>,
    #[serde(default, borrow)]
    fields: FxHashMap<&'j str, Field<'j>>,
    #[serde(default, borrow)]
    subtypes: Vec<Kind<'j>>,
}

#[derive(Deserialize)]
struct Field<'j> {
    #[serde(borrow)]
    types: Vec<Kind<'j>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
struct Kind<'j> {
    /// Owned where the JSON has escapes.
    #[serde(rename = "type", borrow)]
    name: std::borrow::Cow<'j, str>,
    named: bool,
}

impl FieldKinds {
    pub(super) fn of(language: &Language, node_types: &str) -> Self {
        let kinds = language.node_kind_count();
        let Ok(types) = serde_json::from_str::<Vec<NodeType<'_>>>(node_types) else {
            return Self { bits: Vec::new(), kinds };
        };
        let mut ids: FxHashMap<Kind<'_>, Vec<usize>> = FxHashMap::default();
        for id in 0..u16::try_from(kinds).unwrap_or(u16::MAX) {
            let name = language.node_kind_for_id(id).unwrap_or("").into();
            ids.entry(Kind { name, named: language.node_kind_is_named(id) }).or_default().push(usize::from(id));
        }
        let subtypes: FxHashMap<_, _> = types.iter().map(|node| (&node.kind, &node.subtypes)).collect();
        let mut bits = vec![0_u64; (kinds * kinds).div_ceil(64)];
        for parent in &types {
            let mut seen: FxHashSet<&Kind<'_>> = FxHashSet::default();
            let mut next: Vec<_> = parent.fields.values().flat_map(|field| &field.types).collect();
            while let Some(child) = next.pop() {
                if !seen.insert(child) {
                    continue;
                }
                next.extend(subtypes.get(child).copied().into_iter().flatten());
                for parent in ids.get(&parent.kind).into_iter().flatten() {
                    for child in ids.get(child).into_iter().flatten() {
                        let bit = parent * kinds + child;
                        if let Some(word) = bits.get_mut(bit / 64) {
                            *word |= 1 << (bit % 64);
                        }
                    }
                }
            }
        }
        Self { bits, kinds }
    }

    /// Whether a child of that kind can fill a field of such a parent. Where the parent is a syntax error, no.
    pub(super) fn possible(&self, parent: u16, child: u16) -> bool {
        let (parent, child) = (usize::from(parent), usize::from(child));
        if self.bits.is_empty() {
            return true;
        }
        let bit = parent * self.kinds + child;
        parent < self.kinds
            && child < self.kinds
            && self.bits.get(bit / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }
}
