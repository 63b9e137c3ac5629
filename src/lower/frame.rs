//! One function of a body that is lowered with all closures in it, for languages whose closures share variables with the
//! code around them.

use rustc_hash::FxHashMap;

use crate::ir::build::Builder;
use crate::ir::{Capture, FunctionId, Local, LocalId, LocalKind, Name, Unit};
use crate::parse::NodeId;
use crate::source::Span;

/// One function of the walk.
pub(super) struct Frame {
    pub(super) id: FunctionId,
    pub(super) base: u32,
    pub(super) build: Builder,
    pub(super) scopes: Vec<FxHashMap<Name, LocalId>>,
    /// Locals by the node that declares them: the copies of a `finally` clause share theirs, because closures
    /// in it are lowered once.
    pub(super) declared: FxHashMap<NodeId, LocalId>,
    /// Closures by their node, for the same reason.
    pub(super) closures: FxHashMap<NodeId, FunctionId>,
    captures: Vec<Capture>,
}

impl Frame {
    /// Takes the locals out of the function's header; [`Self::put_back`] returns them.
    pub(super) fn new(unit: &mut Unit, id: FunctionId) -> Self {
        let (base, locals) = match unit.functions.get_mut(id.index()) {
            Some(function) => (function.base, std::mem::take(&mut function.locals)),
            None => (0, Vec::new()),
        };
        let names = locals.iter().enumerate().filter(|(_, local)| !local.name.is_empty());
        let scope = names.map(|(index, local)| (local.name.clone(), LocalId(index as u32))).collect();
        Self {
            id,
            base,
            build: Builder::new(locals),
            scopes: vec![scope],
            declared: FxHashMap::default(),
            closures: FxHashMap::default(),
            captures: Vec::new(),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<LocalId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    /// The local that stands for the parent's local `outer` here.
    fn capture(&mut self, name: &Name, outer: LocalId, original: Option<Local>) -> LocalId {
        if let Some(known) = self.captures.iter().find(|capture| capture.outer == outer) {
            return known.inner;
        }
        let (ty, is_final) = original.map_or((None, false), |local| (local.ty, local.is_final));
        let local = Local { name: name.clone(), kind: LocalKind::Captured, ty, is_final, span: Span::default() };
        let inner = self.build.add_local(local);
        self.captures.push(Capture { outer, inner });
        inner
    }

    /// Writes the finished body into its function.
    pub(super) fn put_back(self, unit: &mut Unit) {
        let built = self.build.finish();
        if let Some(function) = unit.functions.get_mut(self.id.index()) {
            function.locals = built.locals;
            function.blocks = built.blocks;
            function.captures = self.captures;
            function.incomplete = function.incomplete.or(built.incomplete);
        }
    }
}

/// The local of a name; a variable of a function around this one is captured through all between.
pub(super) fn lookup(current: &mut Frame, outer: &mut [Frame], name: &str) -> Option<LocalId> {
    if let Some(local) = current.find(name) {
        return Some(local);
    }
    let (level, mut local) =
        outer.iter().enumerate().rev().find_map(|(level, frame)| Some((level, frame.find(name)?)))?;
    let name = Name::new(name);
    let mut original = outer.get(level).and_then(|frame| frame.build.local(local)).cloned();
    for frame in outer.iter_mut().skip(level + 1) {
        local = frame.capture(&name, local, original.clone());
        original = frame.build.local(local).cloned();
    }
    Some(current.capture(&name, local, original))
}
