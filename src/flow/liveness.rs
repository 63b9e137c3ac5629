//! Which locals of a function are still read behind each block's entry, and behind each operation.

use smallvec::SmallVec;

use crate::ir::{self, Base, BlockId, Cond, Function, LocalId, LocalKind, Op, Operand, Place, Terminator};

/// The locals that are live at the entry of each block.
///
/// Most locals are temporaries that never outlive their block. Those that do are numbered anew, so that a block's set
/// takes few bits even in a function of a hundred thousand locals.
pub(super) struct Liveness {
    /// For each local its number among those that are live at some entry, else `u32::MAX`.
    numbers: Vec<u32>,
    /// The local of each number.
    locals: Vec<LocalId>,
    /// Words of a block's set.
    words: usize,
    /// The sets of all blocks.
    bits: Vec<u64>,
}

impl Liveness {
    /// Computes the sets; `captured` are the locals that closures of the function share.
    pub(super) fn of(function: &Function, captured: &[LocalId]) -> Self {
        let mut liveness =
            Self { numbers: vec![u32::MAX; function.locals.len()], locals: Vec::new(), words: 0, bits: Vec::new() };
        let always = locals_always_live(function).chain(captured.iter().copied());
        always.for_each(|local| liveness.number(local));
        let always = liveness.locals.len();

        // What each block reads before it writes it; an assignment counts as a read where it may lose something.
        let losing = Losing::of(function);
        let mut exposed: Vec<(usize, LocalId)> = Vec::new();
        let mut written_in: Vec<usize> = vec![usize::MAX; function.locals.len()];
        for (index, block) in function.blocks.iter().enumerate() {
            for statement in &block.ops {
                reads(&statement.op, &mut |local| {
                    if written_in.get(local.index()) != Some(&index) {
                        exposed.push((index, local));
                    }
                });
                let Some(local) = ir::written(&statement.op) else { continue };
                if let Some(slot) = written_in.get_mut(local.index()) {
                    if *slot != index && losing.loses(local, statement) {
                        exposed.push((index, local));
                    }
                    *slot = index;
                }
            }
            reads_of_end(&block.end, &mut |local| {
                if written_in.get(local.index()) != Some(&index) {
                    exposed.push((index, local));
                }
            });
        }
        exposed.iter().for_each(|(_, local)| liveness.number(*local));

        liveness.words = liveness.locals.len().div_ceil(64);
        liveness.bits = vec![0; liveness.words * function.blocks.len()];
        let mut written = liveness.bits.clone();
        for index in 0..function.blocks.len() {
            (0..always).for_each(|number| set(liveness.row_mut(index), number));
        }
        for (index, local) in exposed {
            if let Some(number) = liveness.number_of(local) {
                set(liveness.row_mut(index), number);
            }
        }
        for (index, block) in function.blocks.iter().enumerate() {
            let Some(row) = written.get_mut(index * liveness.words..(index + 1) * liveness.words) else { continue };
            for local in block.ops.iter().filter_map(|statement| ir::written(&statement.op)) {
                if let Some(number) = liveness.number_of(local) {
                    set(row, number);
                }
            }
        }
        liveness.spread(function, &written);
        liveness
    }

    /// Whether a local is live at the entry of a block.
    pub(super) fn is_live(&self, block: BlockId, local: LocalId) -> bool {
        self.number_of(local).is_some_and(|number| {
            self.row(block.index()).get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
        })
    }

    /// Carries what blocks read to the blocks before them, to the fixpoint.
    fn spread(&mut self, function: &Function, written: &[u64]) {
        let mut row: Vec<u64> = Vec::with_capacity(self.words);
        let mut changed = self.words > 0;
        while changed {
            changed = false;
            for (index, block) in function.blocks.iter().enumerate().rev() {
                row.clear();
                row.resize(self.words, 0);
                for successor in successors(&block.end) {
                    add(&mut row, self.row(successor.index()));
                }
                let written = written.get(index * self.words..(index + 1) * self.words).unwrap_or(&[]);
                row.iter_mut().zip(written).for_each(|(word, written)| *word &= !written);
                // An exception may leave the block before any of its writes.
                if let Some(handler) = block.handler {
                    add(&mut row, self.row(handler.index()));
                }
                changed |= add(self.row_mut(index), &row);
            }
        }
    }

    /// The locals that are live at the entry of a block.
    fn locals_at(&self, block: BlockId) -> impl Iterator<Item = LocalId> {
        let words = self.row(block.index()).iter().enumerate();
        let numbers = words.flat_map(|(at, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit as usize)
            })
        });
        numbers.filter_map(|number| self.locals.get(number).copied())
    }

    fn number(&mut self, local: LocalId) {
        if let Some(number) = self.numbers.get_mut(local.index()).filter(|number| **number == u32::MAX) {
            *number = self.locals.len() as u32;
            self.locals.push(local);
        }
    }

    fn number_of(&self, local: LocalId) -> Option<usize> {
        self.numbers.get(local.index()).filter(|number| **number != u32::MAX).map(|number| *number as usize)
    }

    fn row(&self, block: usize) -> &[u64] {
        self.bits.get(block * self.words..(block + 1) * self.words).unwrap_or(&[])
    }

    fn row_mut(&mut self, block: usize) -> &mut [u64] {
        self.bits.get_mut(block * self.words..(block + 1) * self.words).unwrap_or(&mut [])
    }
}

fn set(row: &mut [u64], number: usize) {
    if let Some(word) = row.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

/// Adds a set to another; whether that got larger.
fn add(to: &mut [u64], from: &[u64]) -> bool {
    let mut changed = false;
    for (to, from) in to.iter_mut().zip(from) {
        changed |= from & !*to != 0;
        *to |= from;
    }
    changed
}

/// The locals that die at an operation; seldom more than two.
pub(super) type Dying = SmallVec<[LocalId; 4]>;

/// For each block and operation: the locals that nothing reads behind it any more.
pub(super) fn dying(function: &Function, captured: &[LocalId], live: &Liveness) -> Vec<Vec<Dying>> {
    let mut kept = vec![false; function.locals.len()];
    for local in locals_always_live(function).chain(captured.iter().copied()) {
        if let Some(slot) = kept.get_mut(local.index()) {
            *slot = true;
        }
    }
    // The block in which a local was last seen: no set to clear for each block.
    let mut seen: Vec<usize> = vec![usize::MAX; function.locals.len()];
    let blocks = function.blocks.iter().enumerate().map(|(index, block)| {
        let mut first_time = |local: LocalId| {
            let slot = seen.get_mut(local.index());
            slot.is_some_and(|slot| std::mem::replace(slot, index) != index)
        };
        for local in successors(&block.end).chain(block.handler).flat_map(|next| live.locals_at(next)) {
            first_time(local);
        }
        reads_of_end(&block.end, &mut |local| _ = first_time(local));
        let mut dying = vec![Dying::new(); block.ops.len()];
        for (statement, dying) in block.ops.iter().zip(&mut dying).rev() {
            let mut end = |local: LocalId| {
                if first_time(local) && kept.get(local.index()) == Some(&false) {
                    dying.push(local);
                }
            };
            reads(&statement.op, &mut end);
            ir::written(&statement.op).into_iter().for_each(end);
            dying.sort_unstable();
        }
        dying
    });
    blocks.collect()
}

/// The blocks a terminator leads to, exceptions aside.
pub(super) fn successors(end: &Terminator) -> impl Iterator<Item = ir::BlockId> + use<> {
    let pair = match end {
        Terminator::Goto(to) => [Some(*to), None],
        Terminator::Branch { then, otherwise, .. } => [Some(*then), Some(*otherwise)],
        Terminator::Return(_) | Terminator::Throw(_) | Terminator::Resume | Terminator::Unreachable => [None, None],
    };
    pair.into_iter().flatten()
}

/// Assignments by which a variable may lose what it led to: all but the one that declares it.
struct Losing {
    /// For each local: where it is written first, in the order of the source.
    declared: Vec<Option<u32>>,
}

impl Losing {
    fn of(function: &Function) -> Self {
        let mut declared: Vec<Option<u32>> = function
            .locals
            .iter()
            .map(|local| match local.kind {
                // It comes with a value: every write is another one.
                LocalKind::Param => Some(0),
                _ => None,
            })
            .collect();
        for statement in function.blocks.iter().flat_map(|block| &block.ops) {
            if let Some(first) = ir::written(&statement.op).and_then(|local| declared.get_mut(local.index())) {
                *first = Some(first.map_or(statement.span.start, |first| first.min(statement.span.start)));
            }
        }
        for (first, local) in declared.iter_mut().zip(&function.locals) {
            if local.name.is_empty() {
                *first = None;
            }
        }
        Self { declared }
    }

    fn loses(&self, local: LocalId, statement: &ir::Statement) -> bool {
        self.declared.get(local.index()).copied().flatten().is_some_and(|first| statement.span.start > first)
    }
}

/// The locals that are alive as long as the function runs, and longer.
fn locals_always_live(function: &Function) -> impl Iterator<Item = LocalId> {
    let locals = function.locals.iter().enumerate();
    let always = locals.filter(|(_, local)| matches!(local.kind, LocalKind::This | LocalKind::Captured));
    always.map(|(index, _)| LocalId(index as u32))
}

/// Whether an operation reads a local.
pub(super) fn op_reads(op: &Op, local: LocalId) -> bool {
    let mut found = false;
    reads(op, &mut |read| found |= read == local);
    found
}

/// Whether the end of a block reads a local.
pub(super) fn end_reads(end: &Terminator, local: LocalId) -> bool {
    let mut found = false;
    reads_of_end(end, &mut |read| found |= read == local);
    found
}

/// The locals that an operation reads.
fn reads(op: &Op, read: &mut impl FnMut(LocalId)) {
    ir::visit_operands(op, &mut |operand| reads_of_operand(operand, read));
    if let Some(Place { base: Base::Local(local), .. }) = op.place() {
        read(*local);
    }
    match op {
        Op::Insert { into, .. } => read(*into),
        Op::ScopeEnd(local) => read(*local),
        _ => {}
    }
}

fn reads_of_end(end: &Terminator, read: &mut impl FnMut(LocalId)) {
    match end {
        Terminator::Branch { cond, .. } => match cond {
            Cond::IsTrue(operand) | Cond::IsNull(operand) | Cond::Is(operand, _) => reads_of_operand(operand, read),
            Cond::Equals(left, right) => {
                reads_of_operand(left, read);
                reads_of_operand(right, read);
            }
            Cond::Target(_) | Cond::Opaque => {}
        },
        Terminator::Return(Some(operand)) | Terminator::Throw(Some(operand)) => reads_of_operand(operand, read),
        _ => {}
    }
}

fn reads_of_operand(operand: &Operand, read: &mut impl FnMut(LocalId)) {
    match operand {
        Operand::Local(local) | Operand::Length(local) => read(*local),
        Operand::Arith(arith) => arith.sides.iter().for_each(|operand| reads_of_operand(operand, read)),
        Operand::Const(_) | Operand::SizeOf(_) => {}
    }
}
