//! Many short lists of functions, in one piece: a list of its own for each node of a call graph takes twice the room.

use rustc_hash::FxHashMap;

use super::FuncRef;

/// Lists of functions, numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Lists {
    all: Vec<FuncRef>,
    /// Where each list ends.
    ends: Vec<u32>,
    /// Those that changed since, and those that came later.
    others: FxHashMap<usize, Vec<FuncRef>>,
    len: usize,
}

impl Lists {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, at: usize) -> &[FuncRef] {
        if let Some(other) = self.others.get(&at) {
            return other;
        }
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let start = at.checked_sub(1).and_then(end).unwrap_or(0);
        end(at).and_then(|end| self.all.get(start..end)).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[FuncRef]> {
        (0..self.len).map(|at| self.get(at))
    }

    /// Changes a list.
    pub(super) fn change(&mut self, at: usize, change: impl FnOnce(&mut Vec<FuncRef>)) {
        let mut list = self.others.remove(&at).unwrap_or_else(|| self.get(at).to_vec());
        change(&mut list);
        self.others.insert(at, list);
    }

    /// Adds a list behind the others.
    pub(super) fn push(&mut self, list: Vec<FuncRef>) {
        self.others.insert(self.len, list);
        self.len += 1;
    }

    /// For each of `count` numbers, what stands beside it in some pairs, in their order.
    pub(super) fn grouped(count: usize, pairs: impl Iterator<Item = (usize, FuncRef)> + Clone) -> Self {
        let mut ends = vec![0_u32; count];
        pairs.clone().for_each(|(at, _)| ends[at] += 1);
        let mut begins = 0;
        for end in &mut ends {
            // Where the list begins, until its functions moved it to where it ends.
            begins += std::mem::replace(end, begins);
        }
        let nobody = FuncRef { unit: 0, function: crate::ir::FunctionId(0) };
        let mut all = vec![nobody; begins as usize];
        for (at, function) in pairs {
            all[ends[at] as usize] = function;
            ends[at] += 1;
        }
        Self { all, ends, others: FxHashMap::default(), len: count }
    }
}

impl FromIterator<Vec<FuncRef>> for Lists {
    fn from_iter<I: IntoIterator<Item = Vec<FuncRef>>>(lists: I) -> Self {
        let mut all = Self::default();
        for mut list in lists {
            all.all.append(&mut list);
            all.ends.push(all.all.len() as u32);
        }
        all.all.shrink_to_fit();
        all.ends.shrink_to_fit();
        all.len = all.ends.len();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::FunctionId;

    fn function(at: u32) -> FuncRef {
        FuncRef { unit: 7, function: FunctionId(at) }
    }

    #[test]
    fn lists_change_and_grow() {
        let mut lists: Lists = [vec![function(1)], vec![], vec![function(2), function(3)]].into_iter().collect();
        lists.change(1, |list| list.push(function(4)));
        lists.push(vec![function(5)]);
        let now: Vec<&[FuncRef]> = lists.iter().collect();
        let one = [function(1)];
        assert_eq!(now, [&one[..], &[function(4)], &[function(2), function(3)], &[function(5)]]);
        assert_eq!(lists.len(), 4);
    }

    #[test]
    fn pairs_are_grouped_in_their_order() {
        let pairs = [(2, function(1)), (0, function(2)), (2, function(3))];
        let lists = Lists::grouped(3, pairs.into_iter());
        assert_eq!(
            lists.iter().map(<[FuncRef]>::to_vec).collect::<Vec<_>>(),
            [vec![function(2)], vec![], vec![function(1), function(3)]]
        );
    }
}
