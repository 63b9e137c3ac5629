//! The call graph: who may call whom, and its strongly connected components.

use std::sync::Arc;
use std::sync::OnceLock;

use rayon::prelude::*;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::lists::Lists;
use super::{Facts, FuncRef, Receiver, Resolved, Target};
use crate::ir::{ClassId, FunctionId, FunctionKind, Name, Op, Unit};

/// The definitions behind a symbol that a unit names.
pub(super) type Definitions<'a> = &'a (dyn Fn(&Name, u32) -> SmallVec<[FuncRef; 1]> + Sync);

/// Who may call whom.
#[derive(Debug)]
pub(super) struct CallGraph {
    /// The strongly connected components, callees before callers, each in the order of its functions.
    pub(super) components: Lists,
    /// By unit: the node of its first function.
    starts: Vec<usize>,
    /// How many nodes there were when the program was linked.
    known: usize,
    /// By node: everything whose summary the function's own depends on; sorted, each once.
    edges: Lists,
    /// By node, the other way round; made when first asked for, as few programs need it.
    callers: OnceLock<Lists>,
    /// By node: the place of its component; made when first asked for.
    places: OnceLock<Vec<u32>>,
    /// The nodes of closures that came later.
    later: FxHashMap<FuncRef, usize>,
}

impl CallGraph {
    pub(super) fn new(
        units: &[Arc<Unit>],
        resolved: &[Vec<Resolved>],
        facts: &Facts,
        definitions: Definitions<'_>,
    ) -> Self {
        let mut starts = Vec::with_capacity(units.len());
        let mut all: Vec<FuncRef> = Vec::with_capacity(units.iter().map(|unit| unit.functions.len()).sum());
        for (unit, from) in (0_u32..).zip(units) {
            starts.push(all.len());
            all.extend((0..from.functions.len() as u32).map(|at| FuncRef { unit, function: FunctionId(at) }));
        }
        let edges: Vec<Vec<FuncRef>> =
            all.par_iter().map(|function| edges_of(units, resolved, facts, definitions, *function)).collect();
        let mut graph = Self {
            components: Lists::default(),
            starts,
            known: all.len(),
            edges: edges.into_iter().collect(),
            callers: OnceLock::new(),
            places: OnceLock::new(),
            later: FxHashMap::default(),
        };
        let components = tarjan(all.len(), |node| graph.edges.get(node), |function| graph.node(function));
        graph.components = components
            .into_iter()
            .map(|mut component| {
                component.sort_unstable();
                component.into_iter().map(|at| all[at as usize]).collect::<Vec<_>>()
            })
            .collect();
        graph
    }

    /// Looks again at what some functions call. Components stay.
    pub(super) fn renew(
        &mut self,
        units: &[Arc<Unit>],
        resolved: &[Vec<Resolved>],
        facts: &Facts,
        definitions: Definitions<'_>,
        functions: &[FuncRef],
    ) {
        for &function in functions {
            if self.node(function) != usize::MAX {
                continue;
            }
            let node = self.edges.len();
            self.edges.push(Vec::new());
            self.later.insert(function, node);
            if let Some(callers) = self.callers.get_mut() {
                callers.push(Vec::new());
            }
            if let Some(places) = self.places.get_mut() {
                places.push(self.components.len() as u32);
            }
            self.components.push(vec![function]);
        }
        for &function in functions {
            let new = edges_of(units, resolved, facts, definitions, function);
            let node = self.node(function);
            let nodes_of = |functions: &[FuncRef]| functions.iter().map(|to| self.node(*to)).collect::<Vec<_>>();
            let (old_nodes, new_nodes) = (nodes_of(self.edges.get(node)), nodes_of(&new));
            self.edges.change(node, |edges| *edges = new);
            let Some(callers) = self.callers.get_mut() else { continue };
            for gone in old_nodes.iter().filter(|to| !new_nodes.contains(to)) {
                callers.change(*gone, |callers| callers.retain(|caller| *caller != function));
            }
            for added in new_nodes.iter().filter(|to| !old_nodes.contains(to)) {
                if let Err(at) = callers.get(*added).binary_search(&function) {
                    callers.change(*added, |callers| callers.insert(at, function));
                }
            }
        }
    }

    /// The component that a function is in, by its place in [`Self::components`].
    pub(super) fn component(&self, function: FuncRef) -> usize {
        let places = self.places.get_or_init(|| {
            let mut places = vec![0; self.edges.len()];
            for (place, functions) in (0_u32..).zip(self.components.iter()) {
                functions.iter().for_each(|function| places[self.node(*function)] = place);
            }
            places
        });
        places[self.node(function)] as usize
    }

    /// Everything whose summary a function's own depends on.
    pub(super) fn callees(&self, function: FuncRef) -> &[FuncRef] {
        self.edges.get(self.node(function))
    }

    /// The functions whose summaries depend on a function's; sorted, each once.
    pub(super) fn callers(&self, function: FuncRef) -> &[FuncRef] {
        let callers = self.callers.get_or_init(|| {
            let all = (0_u32..).zip(self.units()).flat_map(|(unit, (start, end))| {
                let functions = (0_u32..).map(move |at| FuncRef { unit, function: FunctionId(at) });
                functions.zip(start..end)
            });
            let calls = all
                .flat_map(|(caller, node)| self.edges.get(node).iter().map(move |callee| (self.node(*callee), caller)));
            Lists::grouped(self.edges.len(), calls)
        });
        callers.get(self.node(function))
    }

    /// By unit: its first node, and the one behind its last.
    fn units(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        let ends = self.starts.iter().skip(1).copied().chain([self.known]);
        self.starts.iter().copied().zip(ends)
    }

    /// A number for each function: they count from 0 without a gap.
    pub(super) fn node(&self, function: FuncRef) -> usize {
        let unit = function.unit as usize;
        let node = self.starts[unit] + function.function.index();
        // The nodes of the next unit begin where those of this one end, and closures that came later follow them all.
        let end = self.starts.get(unit + 1).copied().unwrap_or(self.known);
        if node < end { node } else { self.later.get(&function).copied().unwrap_or(usize::MAX) }
    }
}

/// Everything whose summary a function's own depends on; sorted, each once.
fn edges_of(
    units: &[Arc<Unit>],
    resolved: &[Vec<Resolved>],
    facts: &Facts,
    definitions: Definitions<'_>,
    function: FuncRef,
) -> Vec<FuncRef> {
    let mut to: Vec<FuncRef> = Vec::new();
    let mut add = |callee| to.push(callee);
    callees(units, resolved, definitions, function, &mut add);
    facts.allocations_in(&resolved[function.unit as usize][function.function.index()], &mut add);
    to.sort_unstable();
    to.dedup();
    to
}

fn callees(
    units: &[Arc<Unit>],
    resolved: &[Vec<Resolved>],
    definitions: Definitions<'_>,
    function: FuncRef,
    add: &mut dyn FnMut(FuncRef),
) {
    let unit = &units[function.unit as usize];
    let declared = unit.function(function.function);
    let found = &resolved[function.unit as usize][function.function.index()];
    for targets in &found.targets {
        for target in targets {
            add_target(units, target, add);
            if let Some(symbol) = target.symbol() {
                definitions(symbol, function.unit).into_iter().for_each(&mut *add);
            }
        }
    }
    for statement in declared.blocks.iter().flat_map(|block| &block.ops) {
        if let Op::Closure { body, .. } = &statement.op
            && body.index() < unit.functions.len()
        {
            add(FuncRef { unit: function.unit, function: *body });
        }
    }
    if declared.kind == FunctionKind::Constructor
        && let Some(class) = declared.class
    {
        add_initializers(units, function.unit, class, add);
    }
}

fn add_target(units: &[Arc<Unit>], target: &Target, add: &mut dyn FnMut(FuncRef)) {
    match target {
        Target::Functions(functions) => functions.candidates.iter().for_each(|function| add(*function)),
        Target::TearOff(function) => add(*function),
        Target::DefaultConstructor(class) => add_initializers(units, class.unit, class.class, add),
        Target::Static(variable) => {
            let unit = &units[variable.unit as usize];
            let declared = match variable.class {
                Some(class) => {
                    unit.classes.get(class.index()).and_then(|class| class.fields.get(variable.index as usize))
                }
                None => unit.variables.get(variable.index as usize),
            };
            if let Some(function) = declared.and_then(|variable| variable.initializer) {
                add(FuncRef { unit: variable.unit, function });
            }
        }
        Target::Via(via) => {
            if let Receiver::Getter(getter) = &via.receiver {
                add_target(units, getter, add);
            }
            // What is called through a receiver is no such call itself.
            if !matches!(via.target, Target::Via(_)) {
                add_target(units, &via.target, add);
            }
        }
        _ => {}
    }
}

/// A constructor runs the initial values of the class's fields.
fn add_initializers(units: &[Arc<Unit>], unit: u32, class: ClassId, add: &mut dyn FnMut(FuncRef)) {
    let Some(class) = units[unit as usize].classes.get(class.index()) else { return };
    for field in class.fields.iter().filter(|field| !field.is_static) {
        if let Some(function) = field.initializer {
            add(FuncRef { unit, function });
        }
    }
}

/// Tarjan's algorithm with a stack of its own; components come callees first.
fn tarjan<'g>(nodes: usize, edges: impl Fn(usize) -> &'g [FuncRef], node: impl Fn(FuncRef) -> usize) -> Vec<Vec<u32>> {
    const UNSEEN: u32 = u32::MAX;
    let mut index = vec![UNSEEN; nodes];
    let mut low = vec![0; nodes];
    let mut on_stack = vec![false; nodes];
    let mut stack: Vec<u32> = Vec::new();
    let mut components = Vec::new();
    let mut next = 0;
    for start in 0..nodes as u32 {
        if index[start as usize] != UNSEEN {
            continue;
        }
        let mut work: Vec<(u32, usize)> = vec![(start, 0)];
        while let Some((at, edge)) = work.pop() {
            let here = at as usize;
            if edge == 0 {
                index[here] = next;
                low[here] = next;
                next += 1;
                stack.push(at);
                on_stack[here] = true;
            }
            if let Some(&to) = edges(here).get(edge) {
                let to = node(to) as u32;
                work.push((at, edge + 1));
                if index[to as usize] == UNSEEN {
                    work.push((to, 0));
                } else if on_stack[to as usize] {
                    low[here] = low[here].min(index[to as usize]);
                }
                continue;
            }
            if let Some(&(parent, _)) = work.last() {
                low[parent as usize] = low[parent as usize].min(low[here]);
            }
            if low[here] == index[here] {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member as usize] = false;
                    component.push(member);
                    if member == at {
                        break;
                    }
                }
                components.push(component);
            }
        }
    }
    components
}
