//! Collection and record literals.

use super::Body;
use crate::ir::{AggregateKind, Cond, Const, LocalId, Name, Op, Operand, TypeRef};
use crate::parse::NodeId;

/// Longer tables of constants keep only what is no constant: half a million samples own nothing.
const LONG_TABLE: usize = 256;

impl Body<'_, '_> {
    pub(super) fn list(&mut self, node: NodeId) -> Operand {
        self.collection(node, AggregateKind::List)
    }

    pub(super) fn set_or_map(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let types = tree.child_of_kind(node, "type_arguments").map(|types| tree.named_children(types).count());
        let elements = self.elements(node);
        let kind = match types {
            Some(1) => AggregateKind::Set,
            Some(_) => AggregateKind::Map,
            None if elements.is_empty() || elements.iter().any(|&it| self.is_entry(it)) => AggregateKind::Map,
            None => AggregateKind::Set,
        };
        self.collection(node, kind)
    }

    /// Whether an element gives map entries; spreads do not tell.
    fn is_entry(&self, mut element: NodeId) -> bool {
        let tree = self.tree;
        loop {
            let inner = match tree.kind(element) {
                "map_element" | "null_aware_map_element" => return true,
                "if_element" => tree.child(element, "consequence"),
                "for_element" => tree.child(element, "body"),
                _ => return false,
            };
            match inner {
                Some(inner) => element = inner,
                None => return false,
            }
        }
    }

    fn elements(&self, node: NodeId) -> Vec<NodeId> {
        let mut elements = self.operands(node);
        elements.retain(|&child| self.tree.kind(child) != "type_arguments");
        elements
    }

    /// All elements at once, unless one of them is control flow.
    fn collection(&mut self, node: NodeId, kind: AggregateKind) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let elements = self.elements(node);
        let is_flow = |&element: &NodeId| {
            matches!(
                tree.kind(element),
                "if_element"
                    | "for_element"
                    | "spread_element"
                    | "null_aware_expression_element"
                    | "null_aware_map_element"
            )
        };
        if elements.iter().any(is_flow) {
            let to = self.collection_temp(node, kind);
            self.current.build.push(Op::Aggregate { to, kind, items: Vec::new() }, span);
            for element in elements {
                self.insert_element(to, element);
            }
            return Operand::Local(to);
        }
        let mut items = Vec::with_capacity(elements.len());
        let mut last = None;
        for (index, &element) in elements.iter().enumerate() {
            let parts = match tree.kind(element) {
                "map_element" => vec![tree.child(element, "key"), tree.child(element, "value")],
                _ => vec![Some(element)],
            };
            for part in parts.into_iter().flatten() {
                let value = self.expression(part);
                items.push((None, self.settled_among(value, index, &elements, &mut last)));
            }
        }
        if items.len() > LONG_TABLE {
            items.retain(|(_, item)| !matches!(item, Operand::Const(_)));
        }
        let to = self.collection_temp(node, kind);
        self.current.build.push(Op::Aggregate { to, kind, items }, span);
        Operand::Local(to)
    }

    /// `<int>[…]` tells its type.
    fn collection_temp(&mut self, node: NodeId, kind: AggregateKind) -> LocalId {
        let span = self.span(node);
        let Some(types) = self.tree.child_of_kind(node, "type_arguments") else { return self.temp(span) };
        let name = match kind {
            AggregateKind::List => "List",
            AggregateKind::Set => "Set",
            AggregateKind::Map => "Map",
            AggregateKind::Record => "Record",
        };
        let ty = TypeRef::applied(name, self.file.type_args(types));
        self.current.build.typed_temp(ty, span)
    }

    fn insert_element(&mut self, into: LocalId, element: NodeId) {
        let tree = self.tree;
        match tree.kind(element) {
            "map_element" => {
                for part in ["key", "value"] {
                    if let Some(part) = tree.child(element, part) {
                        let value = self.expression(part);
                        self.insert(into, value, false, part);
                    }
                }
            }
            "null_aware_map_element" => self.insert_null_aware_entry(into, element),
            "null_aware_expression_element" => {
                let value = self.only_operand(element);
                self.insert_unless_null(into, value, false, element);
            }
            "spread_element" => {
                let Some(inner) = tree.child(element, "value") else { return };
                let value = self.expression(inner);
                if tree.has_token(element, "...?") {
                    self.insert_unless_null(into, value, true, element);
                } else {
                    self.insert(into, value, true, element);
                }
            }
            "if_element" => {
                let (then, otherwise, join) = self.three_blocks();
                self.scoped(|body| {
                    body.if_condition(element, then, otherwise);
                    body.current.build.start(then);
                    if let Some(consequence) = tree.child(element, "consequence") {
                        body.insert_element(into, consequence);
                    }
                });
                self.current.build.goto(join);
                self.current.build.start(otherwise);
                if let Some(alternative) = tree.child(element, "alternative") {
                    self.insert_element(into, alternative);
                }
                self.current.build.continue_in(join);
            }
            "for_element" => self.for_loop(element, Vec::new(), &mut |body| {
                if let Some(inner) = tree.child(element, "body") {
                    body.insert_element(into, inner);
                }
            }),
            _ => {
                let value = self.expression(element);
                self.insert(into, value, false, element);
            }
        }
    }

    fn insert(&mut self, into: LocalId, value: Operand, spread: bool, node: NodeId) {
        let span = self.span(node);
        self.current.build.push(Op::Insert { into, value, spread }, span);
    }

    fn insert_unless_null(&mut self, into: LocalId, value: Operand, spread: bool, node: NodeId) {
        let span = self.span(node);
        let (is_value, join) = (self.current.build.block(), self.current.build.block());
        self.current.build.branch(Cond::IsNull(value.clone()), join, is_value, span);
        self.current.build.start(is_value);
        self.insert(into, value, spread, node);
        self.current.build.continue_in(join);
    }

    /// `?k: v`, `k: ?v`, `?k: ?v`: the value is not evaluated where the key is a null that drops the entry.
    fn insert_null_aware_entry(&mut self, into: LocalId, element: NodeId) {
        let tree = self.tree;
        let join = self.current.build.block();
        let mut aware = false;
        let mut parts = Vec::new();
        for child in tree.children(element) {
            match (tree.kind(child), tree.field(child)) {
                ("?", _) => aware = true,
                (_, Some("key" | "value")) => {
                    let value = self.expression(child);
                    if std::mem::take(&mut aware) {
                        let next = self.current.build.block();
                        let span = self.span(child);
                        self.current.build.branch(Cond::IsNull(value.clone()), join, next, span);
                        self.current.build.start(next);
                    }
                    parts.push((value, child));
                }
                _ => {}
            }
        }
        for (value, part) in parts {
            self.insert(into, value, false, part);
        }
        self.current.build.continue_in(join);
    }

    /// `(a, b: c)`
    pub(super) fn record(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let mut items = Vec::new();
        let mut label = None;
        let mut position = 0;
        let mut last = None;
        let fields = self.operands(node);
        for (index, &field) in fields.iter().enumerate() {
            if tree.kind(field) == "label" {
                label = Some(field);
                continue;
            }
            let written = label.take().or_else(|| tree.child_of_kind(field, "label"));
            let name = match written.and_then(|label| tree.child_of_kind(label, "identifier")) {
                Some(name) => self.name_of(name),
                None => {
                    position += 1;
                    Name::from(format!("${position}"))
                }
            };
            let value = self.expression(field);
            items.push((Some(name), self.settled_among(value, index, &fields, &mut last)));
        }
        if items.is_empty() {
            return Operand::Const(Const::Other);
        }
        let to = self.temp(span);
        self.current.build.push(Op::Aggregate { to, kind: AggregateKind::Record, items }, span);
        Operand::Local(to)
    }
}
