//! Control flow → blocks, shared by all frontends.
//!
//! A frontend pushes operations into the current block and asks for jumps; the builder knows where `break`, `continue`
//! and `return` lead, and which cleanups (`finally`, destructors) lie on the way. A cleanup is lowered once for each
//! way in: the frontend closes it, gets the exits that pass through, and lowers the cleanup's code before each.

use crate::ir::{
    Arg, Block, BlockId, Call, Callee, Cond, Const, CopyKind, Incomplete, Local, LocalId, LocalKind, Name, Op, Operand,
    Place, Statement, Terminator, TypeRef, Written,
};
use crate::source::Span;

mod simplify;

/// Most blocks of one function; hand-written functions stay below a thousand.
const MAX_BLOCKS: usize = 20_000;

/// Most operations of one function: nested cleanups multiply straight code without multiplying blocks as fast.
const MAX_OPS: usize = 400_000;

/// Blocks in the making.
#[derive(Debug)]
pub struct Builder {
    locals: Vec<Local>,
    blocks: Vec<Draft>,
    ops: usize,
    /// The block that receives operations; `None` after a jump, where code is dead and dropped.
    current: Option<BlockId>,
    handler: Option<BlockId>,
    frames: Vec<Frame>,
    /// Carries the result through the cleanups on a `return`'s way.
    result: Option<LocalId>,
    too_large: bool,
}

/// A block that may still lack its end.
#[derive(Debug)]
struct Draft {
    ops: Vec<Statement>,
    end: Terminator,
    end_span: Span,
    handler: Option<BlockId>,
}

/// What a jump can pass or aim at, innermost last.
#[derive(Debug)]
enum Frame {
    Target(JumpTarget),
    Cleanup { exits: Vec<PendingExit>, outer_handler: Option<BlockId>, landing: BlockId },
}

/// Where `break` and `continue` lead inside a statement.
#[derive(Clone, Debug, Default)]
pub struct JumpTarget {
    /// The labels that name it.
    pub labels: Vec<Name>,
    /// Where `break` leads.
    pub break_to: Option<BlockId>,
    /// Where `continue` leads.
    pub continue_to: Option<BlockId>,
    /// Whether only a label reaches it: a labelled block, a labelled switch case.
    pub only_by_label: bool,
}

/// A jump that passes through a cleanup.
#[derive(Clone, Copy, Debug)]
pub struct PendingExit {
    /// Where the copy of the cleanup for it begins.
    pub entry: BlockId,
    exit: Exit,
    span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// To a block inside the first `depth` frames.
    Jump { to: BlockId, depth: usize },
    /// Out of the function; the result waits in [`Builder::result`].
    Return { has_value: bool },
}

/// What leaving a protected region needs; see [`Builder::open_handler`].
#[derive(Clone, Copy, Debug)]
pub struct OpenHandler {
    /// Where exceptions of the region land.
    pub landing: BlockId,
    outer: Option<BlockId>,
}

/// A finished body.
#[derive(Debug)]
pub struct Built {
    /// All locals.
    pub locals: Vec<Local>,
    /// The blocks in reverse post-order, all reachable; empty when the body is incomplete.
    pub blocks: Vec<Block>,
    /// Why it is incomplete.
    pub incomplete: Option<Incomplete>,
}

/// How many ways out of a cleanup get a copy of their own before returns share one: a shared copy can no longer tell by
/// which `return` it was left.
const MAX_EXITS: usize = 8;

impl Builder {
    /// A builder for a function whose parameters (and `this`) are already among `locals`.
    #[must_use]
    pub fn new(locals: Vec<Local>) -> Self {
        let mut builder = Self {
            locals,
            blocks: Vec::new(),
            ops: 0,
            current: None,
            handler: None,
            frames: Vec::new(),
            result: None,
            too_large: false,
        };
        let entry = builder.block();
        builder.start(entry);
        builder
    }

    /// Whether the limit is reached; lowering more of the body is in vain.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.too_large
    }

    /// Whether operations pushed now can run at all.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.current.is_some()
    }

    /// The local of an id.
    #[must_use]
    pub fn local(&self, id: LocalId) -> Option<&Local> {
        self.locals.get(id.index())
    }

    /// Adds a local.
    pub fn add_local(&mut self, local: Local) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(local);
        id
    }

    /// Adds a variable.
    pub fn variable(&mut self, name: Name, ty: Option<TypeRef>, is_final: bool, span: Span) -> LocalId {
        self.add_local(Local { name, kind: LocalKind::Variable, ty, is_final, span })
    }

    /// Adds a temporary for the expression at `span`.
    pub fn temp(&mut self, span: Span) -> LocalId {
        self.add_local(Local { name: Name::default(), kind: LocalKind::Temporary, ty: None, is_final: false, span })
    }

    /// Adds a temporary whose type the source tells.
    pub fn typed_temp(&mut self, ty: TypeRef, span: Span) -> LocalId {
        let kind = LocalKind::Temporary;
        self.add_local(Local { name: Name::default(), kind, ty: Some(ty), is_final: false, span })
    }

    /// Adds an operation to the current block.
    pub fn push(&mut self, op: Op, span: Span) {
        let Some(current) = self.current else { return };
        if self.ops >= MAX_OPS {
            self.too_large = true;
            return;
        }
        self.ops += 1;
        let draft = self.draft(current);
        draft.ops.push(Statement { op, span });
        draft.end_span = span;
    }

    /// Adds `to = from`.
    pub fn copy(&mut self, to: LocalId, from: Operand, span: Span) {
        self.push(Op::Copy { to, from, kind: CopyKind::Same }, span);
    }

    /// Adds a call; its result.
    pub fn call(
        &mut self,
        callee: Callee,
        type_args: Vec<TypeRef>,
        args: Vec<Arg>,
        name_span: Span,
        span: Span,
    ) -> Operand {
        let result = self.temp(span);
        self.push(Op::Call(Box::new(Call { callee, type_args, args, result, name_span })), span);
        Operand::Local(result)
    }

    /// Adds a read of a place; its value.
    pub fn load(&mut self, from: Place, null_aware: bool, span: Span) -> Operand {
        let to = self.temp(span);
        self.push(Op::Load { to, from, null_aware }, span);
        Operand::Local(to)
    }

    /// A local that holds a value: its own, or a new one.
    pub fn as_local(&mut self, value: Operand, span: Span) -> LocalId {
        match value {
            Operand::Local(local) => local,
            value => self.copy_of(value, span),
        }
    }

    /// A new local that holds a value.
    pub fn copy_of(&mut self, value: Operand, span: Span) -> LocalId {
        let temp = self.temp(span);
        self.copy(temp, value, span);
        temp
    }

    /// The value of a condition whose outcomes lead to two blocks; goes on where they meet.
    pub fn outcome(&mut self, then: BlockId, otherwise: BlockId, join: BlockId, span: Span) -> Operand {
        let result = self.temp(span);
        for (block, outcome) in [(then, true), (otherwise, false)] {
            self.start(block);
            self.copy(result, Operand::Const(Const::Bool(outcome)), span);
            self.goto(join);
        }
        self.start(join);
        Operand::Local(result)
    }

    /// A new block, in reach of the handler that is open now.
    pub fn block(&mut self) -> BlockId {
        if self.blocks.len() >= MAX_BLOCKS {
            self.too_large = true;
            return BlockId(0);
        }
        let id = BlockId(self.blocks.len() as u32);
        let handler = self.handler;
        self.blocks.push(Draft { ops: Vec::new(), end: Terminator::Unreachable, end_span: Span::default(), handler });
        id
    }

    /// Makes `block` the current one.
    pub fn start(&mut self, block: BlockId) {
        self.current = if self.too_large { None } else { Some(block) };
    }

    /// Makes what follows dead code.
    pub fn stop(&mut self) {
        self.current = None;
    }

    /// Ends the current block.
    pub fn end(&mut self, end: Terminator, span: Span) {
        if let Some(current) = self.current.take() {
            let draft = self.draft(current);
            draft.end = end;
            draft.end_span = span;
        }
    }

    /// Ends the current block with a jump and keeps its span.
    pub fn goto(&mut self, to: BlockId) {
        if let Some(current) = self.current.take() {
            self.draft(current).end = Terminator::Goto(to);
        }
    }

    /// Jumps to `block` and goes on there.
    pub fn continue_in(&mut self, block: BlockId) {
        self.goto(block);
        self.start(block);
    }

    /// Ends the current block with two ways; what is written at `span` is no condition but implies one.
    pub fn branch(&mut self, cond: Cond, then: BlockId, otherwise: BlockId, span: Span) {
        self.branch_written(cond, then, otherwise, span, Written::Implied);
    }

    /// Ends the current block with two ways.
    pub fn branch_written(&mut self, cond: Cond, then: BlockId, otherwise: BlockId, span: Span, written: Written) {
        self.end(Terminator::Branch { cond, then, otherwise, written }, span);
    }

    /// Opens a statement that `break` and `continue` can aim at.
    pub fn open_target(&mut self, target: JumpTarget) {
        self.frames.push(Frame::Target(target));
    }

    /// Closes the innermost target.
    pub fn close_target(&mut self) {
        if matches!(self.frames.last(), Some(Frame::Target(_))) {
            self.frames.pop();
        }
    }

    /// Jumps as `break` or `break label` does.
    pub fn jump_break(&mut self, label: Option<&str>, span: Span) {
        self.jump(label, |target| target.break_to, span);
    }

    /// Jumps as `continue` or `continue label` does.
    pub fn jump_continue(&mut self, label: Option<&str>, span: Span) {
        self.jump(label, |target| target.continue_to, span);
    }

    fn jump(&mut self, label: Option<&str>, to: fn(&JumpTarget) -> Option<BlockId>, span: Span) {
        let found = self.frames.iter().enumerate().rev().find_map(|(depth, frame)| {
            let Frame::Target(target) = frame else { return None };
            let fits = match label {
                Some(label) => target.labels.iter().any(|name| name == label),
                None => !target.only_by_label,
            };
            if fits { to(target).map(|to| Exit::Jump { to, depth }) } else { None }
        });
        match found {
            Some(exit) => self.leave(exit, span),
            // A jump to nowhere is an error of the program: no path leads on.
            None => self.end(Terminator::Unreachable, span),
        }
    }

    /// Leaves the function, through every open cleanup.
    pub fn jump_return(&mut self, value: Option<Operand>, span: Span) {
        if !self.frames.iter().any(|frame| matches!(frame, Frame::Cleanup { .. })) {
            self.end(Terminator::Return(value), span);
            return;
        }
        let has_value = value.is_some();
        if let Some(value) = value {
            let result = match self.result {
                Some(result) => result,
                None => self.temp(span),
            };
            self.result = Some(result);
            self.copy(result, value, span);
        }
        self.leave(Exit::Return { has_value }, span);
    }

    /// Goes on with an exit after the copy of the cleanup it passed through.
    pub fn resume_exit(&mut self, pending: PendingExit) {
        self.leave(pending.exit, pending.span);
    }

    fn leave(&mut self, exit: Exit, span: Span) {
        let floor = match exit {
            Exit::Jump { depth, .. } => depth,
            Exit::Return { .. } => 0,
        };
        if self.current.is_none() {
            return;
        }
        let cleanup = self.frames.iter().enumerate().skip(floor).rev().find_map(|(at, frame)| match frame {
            Frame::Cleanup { exits, outer_handler, .. } => {
                let share = !matches!(exit, Exit::Return { .. }) || exits.len() >= MAX_EXITS;
                let fits = |pending: &&PendingExit| pending.exit == exit && (share || pending.span == span);
                let known = exits.iter().find(fits).map(|pending| pending.entry);
                Some((at, known, *outer_handler))
            }
            Frame::Target(_) => None,
        });
        if let Some((at, known, outer_handler)) = cleanup {
            let entry = known.unwrap_or_else(|| {
                let entry = self.block();
                self.draft(entry).handler = outer_handler;
                if let Some(Frame::Cleanup { exits, .. }) = self.frames.get_mut(at) {
                    exits.push(PendingExit { entry, exit, span });
                }
                entry
            });
            self.end(Terminator::Goto(entry), span);
            return;
        }
        match exit {
            Exit::Jump { to, .. } => self.end(Terminator::Goto(to), span),
            Exit::Return { has_value } => {
                let value = self.result.filter(|_| has_value).map(Operand::Local);
                self.end(Terminator::Return(value), span);
            }
        }
    }

    /// Opens a region whose exceptions go to a landing block of its own, and goes on in a new block.
    pub fn open_handler(&mut self) -> OpenHandler {
        let outer = self.handler;
        let landing = self.block();
        self.handler = Some(landing);
        let inside = self.block();
        self.continue_in(inside);
        OpenHandler { landing, outer }
    }

    /// Closes a region; the current block, if any, must be left for one made afterwards.
    pub fn close_handler(&mut self, open: OpenHandler) {
        self.handler = open.outer;
    }

    /// Opens a region that every exit leaves through a cleanup.
    pub fn open_cleanup(&mut self) {
        let open = self.open_handler();
        self.frames.push(Frame::Cleanup { exits: Vec::new(), outer_handler: open.outer, landing: open.landing });
    }

    /// Like [`Self::open_cleanup`] for exits that are written out alone: exceptions are not followed into the cleanup
    /// (Rust's panics). The landing block that [`Self::close_cleanup`] gives is out of reach.
    pub fn open_exit_cleanup(&mut self) {
        let (outer_handler, landing) = (self.handler, self.block());
        self.frames.push(Frame::Cleanup { exits: Vec::new(), outer_handler, landing });
    }

    /// Closes the innermost cleanup region. Gives the landing block of exceptions, whose copy ends with
    /// [`Terminator::Resume`], and the exits to finish with [`Self::resume_exit`].
    pub fn close_cleanup(&mut self) -> Option<(BlockId, Vec<PendingExit>)> {
        match self.frames.pop() {
            Some(Frame::Cleanup { exits, outer_handler, landing }) => {
                self.handler = outer_handler;
                Some((landing, exits))
            }
            Some(other) => {
                self.frames.push(other);
                None
            }
            None => None,
        }
    }

    /// The finished body: empty detours threaded, unreachable blocks dropped, numbered in reverse post-order.
    #[must_use]
    pub fn finish(self) -> Built {
        if self.too_large {
            return Built { locals: self.locals, blocks: Vec::new(), incomplete: Some(Incomplete::TooLarge) };
        }
        Built { locals: self.locals, blocks: simplify::run(self.blocks), incomplete: None }
    }

    fn draft(&mut self, block: BlockId) -> &mut Draft {
        &mut self.blocks[block.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Const;

    const SPAN: Span = Span { start: 0, end: 1 };

    fn use_of(value: i64) -> Op {
        Op::Use { value: Operand::Const(Const::Int(value)), kind: crate::ir::UseKind::Read }
    }

    #[test]
    fn a_jump_through_two_cleanups_runs_the_inner_one_first() {
        let mut builder = Builder::new(Vec::new());
        builder.open_cleanup();
        builder.open_cleanup();
        builder.push(use_of(0), SPAN);
        builder.jump_return(Some(Operand::Const(Const::Null)), SPAN);
        for mark in [1, 2] {
            let (landing, exits) = builder.close_cleanup().unwrap_or((BlockId(0), Vec::new()));
            assert_eq!(exits.len(), 1);
            for exit in exits {
                builder.start(exit.entry);
                builder.push(use_of(mark), SPAN);
                builder.resume_exit(exit);
            }
            builder.start(landing);
            builder.push(use_of(-mark), SPAN);
            builder.end(Terminator::Resume, SPAN);
        }
        let built = builder.finish();
        let marks: Vec<i64> = built
            .blocks
            .iter()
            .flat_map(|block| &block.ops)
            .filter_map(|statement| match &statement.op {
                Op::Use { value: Operand::Const(Const::Int(value)), .. } => Some(*value),
                _ => None,
            })
            .collect();
        assert_eq!(marks, [0, 1, 2, -1, -2]);
    }

    #[test]
    fn an_endless_empty_loop_stays_a_loop() {
        let mut builder = Builder::new(Vec::new());
        let head = builder.block();
        builder.continue_in(head);
        builder.goto(head);
        let built = builder.finish();
        assert_eq!(built.blocks.len(), 2);
        assert_eq!(built.blocks[1].end, Terminator::Goto(BlockId(1)));
    }

    #[test]
    fn too_many_blocks_leave_none() {
        let mut builder = Builder::new(Vec::new());
        for _ in 0..=MAX_BLOCKS {
            let next = builder.block();
            builder.continue_in(next);
        }
        let built = builder.finish();
        assert!(built.blocks.is_empty());
        assert_eq!(built.incomplete, Some(Incomplete::TooLarge));
    }
}
