//! Selector chains: `a.b?.c<T>(d)[e]!`. `?.` leaves the whole rest of the chain.

use super::Body;
use crate::ir::{
    Base, BlockId, Callee, Cond, Const, CopyKind, Name, Op, Operand, Place, Projection, Spelling, TypeRef,
};
use crate::parse::NodeId;
use crate::source::Span;

/// One selector.
#[derive(Clone, Debug)]
pub(super) struct Link {
    step: Step,
    null_aware: bool,
    /// The chain up to and including this selector.
    span: Span,
}

#[derive(Clone, Debug)]
enum Step {
    Member { name: Name, span: Span },
    Index(NodeId),
    NonNull,
    TypeArgs(NodeId),
    Call(NodeId),
}

/// What a chain has come to so far.
#[derive(Clone, Debug)]
pub(super) enum Head {
    /// A name that is no local.
    Free(Name, Span),
    /// `super`
    Super,
    /// `.name`, of a type the context gives.
    Shorthand(Name, Span),
    Value(Operand),
}

impl Body<'_, '_> {
    pub(super) fn chain(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let (value, exit) = self.open_chain(node);
        self.close_chain(value, exit, span)
    }

    /// A chain's value where no `?.` found null, and where those lead that did.
    pub(super) fn open_chain(&mut self, node: NodeId) -> (Operand, Option<BlockId>) {
        let (base, links) = self.links(node);
        let head = match base {
            Some(base) => self.head(base),
            None => Head::Value(Operand::Const(Const::Other)),
        };
        let mut exit = None;
        let head = self.follow(head, &links, &mut exit);
        (self.value_of(head), exit)
    }

    /// Joins the way on which a `?.` found null where no value is wanted.
    pub(super) fn drop_chain(&mut self, exit: Option<BlockId>) {
        if let Some(exit) = exit {
            self.current.build.continue_in(exit);
        }
    }

    /// Joins the way on which a `?.` found null.
    pub(super) fn close_chain(&mut self, value: Operand, exit: Option<BlockId>, span: Span) -> Operand {
        let Some(exit) = exit else { return value };
        let join = self.current.build.block();
        let result = self.temp(span);
        self.current.build.copy(result, value, span);
        self.current.build.goto(join);
        self.current.build.start(exit);
        self.current.build.copy(result, Operand::Const(Const::Null), span);
        self.current.build.continue_in(join);
        Operand::Local(result)
    }

    /// Takes a chain apart: what it begins with (nothing in a cascade) and its selectors in order.
    pub(super) fn links(&self, node: NodeId) -> (Option<NodeId>, Vec<Link>) {
        let tree = self.tree;
        let mut links = Vec::new();
        let mut at = node;
        let base = loop {
            let kind = tree.kind(at);
            let span = self.span(at);
            let member = |name: NodeId| Step::Member { name: self.name_of(name), span: self.span(name) };
            let mut push = |step: Step, null_aware: bool| links.push(Link { step, null_aware, span });
            let inner = match kind {
                "call_expression" | "cascade_call_expression" => {
                    if let Some(arguments) = tree.child(at, "arguments") {
                        push(Step::Call(arguments), false);
                    }
                    // A cascade's call holds its own type arguments.
                    if let Some(types) = tree.child(at, "type_arguments") {
                        push(Step::TypeArgs(types), false);
                    }
                    if let Some(name) = tree.child(at, "property") {
                        push(member(name), false);
                        break None;
                    }
                    tree.child(at, "function")
                }
                "instantiation_expression" => {
                    if let Some(types) = tree.child(at, "type_arguments") {
                        push(Step::TypeArgs(types), false);
                    }
                    tree.child(at, "function")
                }
                "member_expression"
                | "null_aware_member_expression"
                | "index_expression"
                | "null_aware_index_expression"
                | "cascade_member_expression"
                | "cascade_null_aware_member_expression"
                | "cascade_index_expression"
                | "cascade_null_aware_index_expression" => {
                    let null_aware = kind.contains("null_aware");
                    if let Some(name) = tree.child(at, "property") {
                        push(member(name), null_aware);
                    } else if let Some(index) = tree.child(at, "index") {
                        push(Step::Index(index), null_aware);
                    }
                    tree.child(at, "object")
                }
                "null_assertion_expression" | "cascade_null_assertion_expression" => {
                    push(Step::NonNull, false);
                    tree.child(at, "value")
                }
                "assignable_expression" => {
                    let Some(object) = tree.child(at, "object") else {
                        break self.operands(at).first().copied();
                    };
                    let null_aware = tree.has_token(at, "?.") || tree.has_token(at, "?");
                    if let Some(name) = tree.child(at, "property") {
                        push(member(name), null_aware);
                    } else if let Some(index) = tree.child(at, "index") {
                        push(Step::Index(index), null_aware);
                    }
                    Some(object)
                }
                "cascade_selector" => {
                    if let Some(&inner) = self.operands(at).first() {
                        if tree.has_token(at, "[") {
                            push(Step::Index(inner), tree.has_token(at, "?"));
                        } else {
                            push(member(inner), false);
                        }
                    }
                    break None;
                }
                _ => break Some(at),
            };
            match inner {
                Some(inner) => at = inner,
                None => break None,
            }
        };
        links.reverse();
        (base, links)
    }

    pub(super) fn head(&mut self, base: NodeId) -> Head {
        let tree = self.tree;
        match tree.kind(base) {
            "identifier" => match self.lookup(tree.text(base)) {
                Some(local) => Head::Value(Operand::Local(local)),
                None => Head::Free(self.name_of(base), self.span(base)),
            },
            "super" => Head::Super,
            "constructor_tearoff" => Head::Value(self.constructor_tearoff(base)),
            "static_member_shorthand" => self.shorthand(base),
            _ => Head::Value(self.expression(base)),
        }
    }

    fn shorthand(&mut self, node: NodeId) -> Head {
        let tree = self.tree;
        let name = tree.child_of_kind(node, "identifier").or_else(|| tree.child_of_kind(node, "new"));
        let (name, span) = match name {
            Some(name) => (self.name_of(name), self.span(name)),
            None => (Name::new("new"), self.span(node)),
        };
        match tree.child_of_kind(node, "arguments") {
            Some(arguments) => {
                let args = self.arguments(arguments);
                let whole = self.span(node);
                Head::Value(self.current.build.call(Callee::Shorthand(name), Vec::new(), args, span, whole))
            }
            None => Head::Shorthand(name, span),
        }
    }

    pub(super) fn value_of(&mut self, head: Head) -> Operand {
        match head {
            Head::Value(value) => value,
            Head::Free(name, span) => {
                self.current.build.load(Place { base: Base::Name(name), path: Default::default() }, false, span)
            }
            Head::Super => self.this_value(),
            Head::Shorthand(name, span) => {
                let path = [Projection::Field(name)].into_iter().collect();
                self.current.build.load(Place { base: Base::Type(None), path }, false, span)
            }
        }
    }

    /// Applies selectors; a call takes those before it that name what it calls.
    pub(super) fn follow(&mut self, mut head: Head, mut links: &[Link], exit: &mut Option<BlockId>) -> Head {
        while !links.is_empty() {
            let used;
            (head, used) = self.step(head, links, exit);
            links = links.get(used..).unwrap_or_default();
        }
        head
    }

    fn step(&mut self, head: Head, links: &[Link], exit: &mut Option<BlockId>) -> (Head, usize) {
        match head {
            Head::Free(name, span) => self.step_from_name(name, span, links),
            Head::Shorthand(name, span) => {
                let (types, rest) = leading_types(links);
                match rest {
                    [Link { step: Step::Call(arguments), span: whole, .. }, ..] => {
                        let callee = Callee::Shorthand(name);
                        (self.call_with(callee, types, *arguments, span, *whole), links.len() - rest.len() + 1)
                    }
                    _ => (Head::Value(self.value_of(Head::Shorthand(name, span))), 0),
                }
            }
            head => self.step_from_value(head, links, exit),
        }
    }

    /// `f(x)`, `f<T>(x)`, `Foo<T>.named(x)`, `prefix.Foo<T>.named(x)`, `Foo<T>.x`, `Foo<T>`.
    fn step_from_name(&mut self, name: Name, span: Span, links: &[Link]) -> (Head, usize) {
        let (types, rest) = leading_types(links);
        if let [Link { step: Step::Call(arguments), span: whole, .. }, ..] = rest {
            let callee = Callee::Name(name);
            return (self.call_with(callee, types, *arguments, span, *whole), links.len() - rest.len() + 1);
        }
        let (prefix, simple, types, rest) = match (types, rest) {
            (Some(types), rest) => (None, name.clone(), types, rest),
            (
                None,
                [
                    Link { step: Step::Member { name: simple, .. }, null_aware: false, .. },
                    Link { step: Step::TypeArgs(types), .. },
                    rest @ ..,
                ],
            ) if matches!(rest, [Link { step: Step::Member { .. }, null_aware: false, .. }, ..]) => {
                (Some(name.clone()), simple.clone(), *types, rest)
            }
            _ => return (Head::Value(self.value_of(Head::Free(name, span))), 0),
        };
        let ty = TypeRef::from(Spelling { prefix, args: self.file.type_args(types), ..Spelling::named(simple) });
        let used = links.len() - rest.len();
        match rest {
            [
                Link { step: Step::Member { name, span }, null_aware: false, .. },
                Link { step: Step::Call(arguments), span: whole, .. },
                ..,
            ] => {
                let name = Some(name.clone()).filter(|name| name != "new");
                (self.call_with(Callee::New { ty, name }, None, *arguments, *span, *whole), used + 2)
            }
            [Link { step: Step::Member { name, .. }, null_aware: false, span: whole }, ..] => {
                let path = [Projection::Field(name.clone())].into_iter().collect();
                (
                    Head::Value(self.current.build.load(Place { base: Base::Type(Some(ty)), path }, false, *whole)),
                    used + 1,
                )
            }
            _ => {
                let place = Place { base: Base::Type(Some(ty)), path: Default::default() };
                (Head::Value(self.current.build.load(place, false, span)), used)
            }
        }
    }

    fn step_from_value(&mut self, head: Head, links: &[Link], exit: &mut Option<BlockId>) -> (Head, usize) {
        let Some((link, rest)) = links.split_first() else { return (head, 0) };
        match &link.step {
            Step::Member { name, span } => {
                let (types, after) = leading_types(rest);
                if let [Link { step: Step::Call(arguments), span: whole, .. }, ..] = after {
                    let callee = match head {
                        Head::Super => Callee::Super(name.clone()),
                        head => {
                            let receiver = self.value_of(head);
                            let receiver = self.settled(receiver, &[*arguments]);
                            self.leave_if_null(&receiver, link, exit);
                            Callee::Method { receiver, name: name.clone() }
                        }
                    };
                    let used = links.len() - after.len() + 1;
                    return (self.call_with(callee, types, *arguments, *span, *whole), used);
                }
                (self.load_member(head, link, exit), 1)
            }
            Step::Index(_) => (self.load_member(head, link, exit), 1),
            Step::NonNull => {
                let from = self.value_of(head);
                let to = self.temp(link.span);
                self.current.build.push(Op::Copy { to, from, kind: CopyKind::NonNull }, link.span);
                (Head::Value(Operand::Local(to)), 1)
            }
            // A generic function value keeps being the same function.
            Step::TypeArgs(types) => match rest {
                [Link { step: Step::Call(arguments), span: whole, .. }, ..] => {
                    let value = self.value_of(head);
                    let callee = Callee::Value(value);
                    (self.call_with(callee, Some(*types), *arguments, link.span, *whole), 2)
                }
                _ => (head, 1),
            },
            Step::Call(arguments) => {
                let value = self.value_of(head);
                let value = self.settled(value, &[*arguments]);
                let name_span = Span::new(link.span.start, self.span(*arguments).start);
                (self.call_with(Callee::Value(value), None, *arguments, name_span, link.span), 1)
            }
        }
    }

    fn load_member(&mut self, head: Head, link: &Link, exit: &mut Option<BlockId>) -> Head {
        match self.place(head, link, exit) {
            Some(place) => Head::Value(self.current.build.load(place, link.null_aware, link.span)),
            None => Head::Value(Operand::Const(Const::Other)),
        }
    }

    /// The place a member or index selector names.
    pub(super) fn place(&mut self, head: Head, link: &Link, exit: &mut Option<BlockId>) -> Option<Place> {
        let base = match head {
            Head::Super => Base::Super,
            head => {
                let value = self.value_of(head);
                self.leave_if_null(&value, link, exit);
                let value = match &link.step {
                    Step::Index(index) => self.settled(value, &[*index]),
                    _ => value,
                };
                Base::Local(self.current.build.as_local(value, link.span))
            }
        };
        let step = match &link.step {
            Step::Member { name, .. } => Projection::Field(name.clone()),
            Step::Index(index) => Projection::Index(Box::new(self.expression(*index))),
            Step::NonNull | Step::TypeArgs(_) | Step::Call(_) => return None,
        };
        Some(Place { base, path: [step].into_iter().collect() })
    }

    fn leave_if_null(&mut self, value: &Operand, link: &Link, exit: &mut Option<BlockId>) {
        if !link.null_aware {
            return;
        }
        let build = &mut self.current.build;
        let exit = *exit.get_or_insert_with(|| build.block());
        let next = build.block();
        build.branch(Cond::IsNull(value.clone()), exit, next, link.span);
        build.start(next);
    }

    fn call_with(
        &mut self,
        callee: Callee,
        types: Option<NodeId>,
        arguments: NodeId,
        name_span: Span,
        span: Span,
    ) -> Head {
        let args = self.arguments(arguments);
        let types = types.map_or_else(Vec::new, |types| self.file.type_args(types));
        Head::Value(self.current.build.call(callee, types, args, name_span, span))
    }
}

fn leading_types(links: &[Link]) -> (Option<NodeId>, &[Link]) {
    match links {
        [Link { step: Step::TypeArgs(types), .. }, rest @ ..] => (Some(*types), rest),
        _ => (None, links),
    }
}
