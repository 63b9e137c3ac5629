//! Calls that bind native functions, and closures that wait for those that run on other threads.

use super::super::tables;
use super::Body;
use crate::ir::{Callee, CopyKind, Op, Operand, TypeRef};
use crate::parse::NodeId;
use crate::source::Span;
use crate::vocabulary::vocabulary;

impl<'t> Body<'_, 't> {
    /// The type that a call infers from a table among its arguments.
    pub(super) fn table_among(&mut self, function: NodeId, arguments: NodeId) -> Option<TypeRef> {
        if self.tree.kind(function) == "identifier" && self.lookup(self.tree.text(function)).is_some() {
            return None;
        }
        self.file.inferred(function, arguments)
    }

    /// `CFunction({ args, returns, ptr })`: the function at an address, as `dart:ffi` says it.
    pub(super) fn bound_function(&mut self, node: NodeId, function: NodeId, arguments: NodeId) -> Option<Operand> {
        let made = self.file.makes_function(function, arguments)?;
        let address = self.file.address_in(&made)?;
        let span = self.span(node);
        if let Some(class) = self.file.callable(&made) {
            let value = self.expression(address);
            let to = self.temp(span);
            self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Cast(class) }, span);
            return Some(Operand::Local(to));
        }
        if made.is_async {
            return None;
        }
        let ty = self.file.function_type(&made)?;
        let receiver = self.expression(address);
        let name_span = self.span(function);
        let callee = Callee::Method { receiver, name: "asFunction".into() };
        Some(self.current.build.call(callee, vec![ty], Vec::new(), name_span, span))
    }

    /// `symbols.f.async(…).then(value => …)`: what the closure receives is what the function gives in the end.
    pub(super) fn awaiting_closure(&mut self, method: NodeId, arguments: NodeId) {
        let tree = self.tree;
        let property = |node: NodeId| tree.child(node, "property").map(|name| tree.text(name));
        if !property(method).is_some_and(|name| vocabulary().receives.iter().any(|known| known == name)) {
            return;
        }
        let Some((symbols, symbol)) = tree.child(method, "object").and_then(|object| self.started(object)) else {
            return;
        };
        let Some(closure) = tree.named_children(arguments).next() else { return };
        if !matches!(tree.kind(closure), "arrow_function" | "function_expression") {
            return;
        }
        let listed = tree.child(closure, "parameters").and_then(|list| tree.named_children(list).next());
        let first = listed.and_then(|param| tree.child(param, "pattern")).or_else(|| tree.child(closure, "parameter"));
        let Some(param) = first.filter(|&param| tree.kind(param) == "identifier") else { return };
        self.closure(closure, |body| {
            let span = body.span(param);
            let Some(local) = body.lookup(tree.text(param)) else { return };
            let Some(receiver) = body.read_again(symbols, span) else { return };
            let callee = Callee::Method { receiver, name: tables::settled(symbol) };
            let value = body.current.build.call(callee, Vec::new(), Vec::new(), span, span);
            body.current.build.copy(local, value, span);
        });
    }

    /// What a call starts on another thread: the object that has the bound functions, and the one that is called.
    fn started(&self, call: NodeId) -> Option<(NodeId, &'t str)> {
        let tree = self.tree;
        let property = |node: NodeId| tree.child(node, "property").map(|name| tree.text(name));
        let called = Some(call).filter(|&call| tree.kind(call) == "call_expression");
        let called = called.and_then(|call| tree.child(call, "function"));
        let called = called.filter(|&called| property(called).is_some_and(|name| vocabulary().starts(name)))?;
        let bound = tree.child(called, "object").filter(|&bound| tree.kind(bound) == "member_expression")?;
        Some((tree.child(bound, "object")?, property(bound)?))
    }

    /// The value of a name or a member as it is where a closure runs.
    fn read_again(&mut self, node: NodeId, span: Span) -> Option<Operand> {
        let tree = self.tree;
        match tree.kind(node) {
            "identifier" => Some(match self.lookup(tree.text(node)) {
                Some(local) => Operand::Local(local),
                None => {
                    let name = tree.text(node).into();
                    self.load_name(name, span)
                }
            }),
            "this" => self.lookup("this").map(Operand::Local),
            "member_expression" => {
                let (object, name) = (tree.child(node, "object")?, tree.child(node, "property")?);
                let name = self.name_of(name);
                let of = self.read_again(object, span)?;
                Some(self.load_member(of, name, span))
            }
            _ => None,
        }
    }
}
