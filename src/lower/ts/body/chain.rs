//! Member and call chains: `a.b?.c<T>(d)[e]!`. `?.` leaves the whole rest of the chain.

use super::Body;
use crate::ir::{
    Arg, Base, BlockId, Callee, Cond, Const, CopyKind, Name, Op, Operand, Place, Projection, Spelling, TypeRef, UseKind,
};
use crate::parse::NodeId;
use crate::source::Span;
use crate::vocabulary::vocabulary;

/// What a chain has come to so far.
#[derive(Clone, Debug)]
pub(super) enum Head {
    /// A name that is no local.
    Free(Name, Span),
    /// `super`
    Super,
    Value(Operand),
}

impl Body<'_, '_> {
    pub(super) fn chain(&mut self, node: NodeId) -> Operand {
        let span = self.span(node);
        let mut exit = None;
        let head = self.follow(node, &mut exit);
        let value = self.value_of(head);
        self.close_chain(value, exit, span)
    }

    /// Joins the way on which a `?.` found nothing where no value is wanted.
    pub(super) fn drop_chain(&mut self, exit: Option<BlockId>) {
        if let Some(exit) = exit {
            self.current.build.continue_in(exit);
        }
    }

    fn close_chain(&mut self, value: Operand, exit: Option<BlockId>, span: Span) -> Operand {
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

    pub(super) fn follow(&mut self, node: NodeId, exit: &mut Option<BlockId>) -> Head {
        let tree = self.tree;
        let span = self.span(node);
        match tree.kind(node) {
            "identifier" => match self.lookup(tree.text(node)) {
                Some(local) => Head::Value(Operand::Local(local)),
                None => {
                    let name = tree.text(node);
                    Head::Free(self.file.nested_namespace(name).unwrap_or_else(|| name.into()), span)
                }
            },
            "super" => Head::Super,
            "member_expression" | "subscript_expression" => {
                if let Some(namespace) = self.file.nested_namespace(tree.text(node)) {
                    return Head::Free(namespace, span);
                }
                match self.place(node, exit) {
                    Some(place) => Head::Value(self.current.build.load(place, false, span)),
                    None => Head::Value(Self::other()),
                }
            }
            "call_expression" => Head::Value(self.call(node, exit)),
            "non_null_expression" => {
                let Some(inner) = tree.named_children(node).next() else { return Head::Value(Self::other()) };
                let head = self.follow(inner, exit);
                let value = self.value_of(head);
                let to = self.temp(span);
                self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::NonNull }, span);
                Head::Value(Operand::Local(to))
            }
            _ => Head::Value(self.expression(node)),
        }
    }

    pub(super) fn value_of(&mut self, head: Head) -> Operand {
        match head {
            Head::Value(value) => value,
            Head::Free(name, span) => self.load_name(name, span),
            Head::Super => self.lookup("this").map_or_else(Self::other, Operand::Local),
        }
    }

    /// The place that a member or element access names.
    pub(super) fn place(&mut self, node: NodeId, exit: &mut Option<BlockId>) -> Option<Place> {
        let tree = self.tree;
        let object = tree.child(node, "object")?;
        let head = self.follow(object, exit);
        let index = tree.child(node, "index");
        let base = match head {
            Head::Super => Base::Super,
            head => {
                let value = self.value_of(head);
                let value = self.settled(value, &index.into_iter().collect::<Vec<_>>());
                self.leave_if_absent(node, &value, exit);
                let span = self.span(object);
                Base::Local(self.current.build.as_local(value, span))
            }
        };
        let step = match (tree.child(node, "property"), index) {
            (Some(name), _) => Projection::Field(self.name_of(name)),
            (None, Some(index)) => match self.file.constant(index) {
                Some(Const::Str(name)) => Projection::Field(name),
                _ => Projection::Index(Box::new(self.expression(index))),
            },
            (None, None) => return None,
        };
        Some(Place { base, path: [step].into_iter().collect() })
    }

    fn leave_if_absent(&mut self, node: NodeId, value: &Operand, exit: &mut Option<BlockId>) {
        if self.tree.child(node, "optional_chain").is_none() && !self.tree.has_token(node, "?.") {
            return;
        }
        let leave = *exit.get_or_insert_with(|| self.current.build.block());
        let next = self.current.build.block();
        let span = self.span(node);
        self.current.build.branch(Cond::IsNull(value.clone()), leave, next, span);
        self.current.build.start(next);
    }

    fn call(&mut self, node: NodeId, exit: &mut Option<BlockId>) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let (Some(function), Some(arguments)) = (tree.child(node, "function"), tree.child(node, "arguments")) else {
            return Self::other();
        };
        let is_of_library = self.file.library_named(function).is_some();
        if is_of_library && let Some(bound) = self.bound_function(node, function, arguments) {
            return bound;
        }
        let mut inner = function;
        while matches!(tree.kind(inner), "parenthesized_expression" | "non_null_expression") {
            let Some(next) = tree.named_children(inner).next() else { break };
            inner = next;
        }
        let (callee, name_span) = match tree.kind(inner) {
            "super" => (Callee::SuperConstructor(None), self.span(inner)),
            "import" => {
                self.arguments(arguments);
                return Self::other();
            }
            "member_expression" => match self.method(inner, arguments, exit) {
                Some(method) => method,
                None => return Self::other(),
            },
            _ => {
                let head = self.follow(inner, exit);
                let name_span = self.span(inner);
                match head {
                    Head::Free(name, _) => match self.file.namespace_of(&name) {
                        Some(namespace) => {
                            let of = Place { base: Base::Name(namespace), path: Default::default() };
                            let receiver = self.current.build.load(of, false, name_span);
                            (Callee::Method { receiver, name }, name_span)
                        }
                        None => (Callee::Name(name), name_span),
                    },
                    head => {
                        let value = self.value_of(head);
                        let value = self.settled(value, &[arguments]);
                        self.leave_if_absent(node, &value, exit);
                        (Callee::Value(value), name_span)
                    }
                }
            }
        };
        let mut types = tree.child(node, "type_arguments").map_or(Vec::new(), |types| self.file.type_args(types));
        if is_of_library {
            self.file.spelled_call(node, function, arguments);
            types = self.table_among(function, arguments).map_or(types, |table| vec![table]);
        }
        if let Callee::Method { receiver, name } = &callee {
            self.awaiting_closure(inner, arguments);
            // What a promise holds goes to whoever waits for it.
            if vocabulary().waits.iter().any(|known| known == name.as_str()) {
                let escape = Op::Use { value: receiver.clone(), kind: UseKind::Escape };
                self.current.build.push(escape, span);
            }
        }
        let args = self.arguments(arguments);
        let given = self.current.build.call(callee, types, args, name_span, span);
        if is_of_library { self.address(node, span).unwrap_or(given) } else { given }
    }

    /// What `a.b(…)` calls.
    fn method(&mut self, node: NodeId, arguments: NodeId, exit: &mut Option<BlockId>) -> Option<(Callee, Span)> {
        let tree = self.tree;
        let (mut object, property) = (tree.child(node, "object")?, tree.child(node, "property")?);
        let mut name = self.name_of(property);
        let mut name_span = self.span(property);
        // `symbols.f.async(…)`: bound functions have a twin that is called so.
        if vocabulary().starts(&name)
            && tree.kind(object) == "member_expression"
            && let (Some(inner), Some(symbol)) = (tree.child(object, "object"), tree.child(object, "property"))
        {
            name = super::super::tables::twin(tree.text(symbol));
            name_span = Span::new(self.span(symbol).start, name_span.end);
            object = inner;
        }
        let callee = match self.follow(object, exit) {
            Head::Super => Callee::Super(name),
            head => {
                let receiver = self.value_of(head);
                let receiver = self.settled(receiver, &[arguments]);
                self.leave_if_absent(node, &receiver, exit);
                Callee::Method { receiver, name }
            }
        };
        Some((callee, name_span))
    }

    pub(super) fn arguments(&mut self, node: NodeId) -> Vec<Arg> {
        let tree = self.tree;
        if tree.kind(node) == "template_string" {
            let value = self.expression(node);
            return vec![Arg { name: None, value, span: self.span(node) }];
        }
        let nodes: Vec<NodeId> = tree.named_children(node).collect();
        let mut args = Vec::with_capacity(nodes.len());
        for (index, &argument) in nodes.iter().enumerate() {
            let span = self.span(argument);
            if tree.kind(argument) == "spread_element" {
                self.spread(argument);
                args.push(Arg { name: None, value: Self::other(), span });
                continue;
            }
            let value = self.expression(argument);
            let value = self.settled(value, nodes.get(index + 1..).unwrap_or_default());
            args.push(Arg { name: None, value, span });
        }
        args
    }

    /// `...x`: what is in it goes on its own way.
    pub(super) fn spread(&mut self, node: NodeId) -> Operand {
        let Some(inner) = self.tree.named_children(node).next() else { return Self::other() };
        let value = self.expression(inner);
        let span = self.span(node);
        self.current.build.push(Op::Use { value: value.clone(), kind: UseKind::Escape }, span);
        value
    }

    /// `new T(…)`
    pub(super) fn construction(&mut self, node: NodeId) -> Operand {
        let tree = self.tree;
        let span = self.span(node);
        let Some(constructor) = tree.child(node, "constructor") else { return Self::other() };
        let name_span = self.span(constructor);
        let mut args = tree.child(node, "type_arguments").map_or(Vec::new(), |args| self.file.type_args(args));
        if let Some(described) =
            tree.child(node, "arguments").and_then(|arguments| self.table_among(constructor, arguments))
        {
            args = vec![described];
        }
        let ty = match tree.kind(constructor) {
            "identifier" if self.lookup(tree.text(constructor)).is_none() => {
                Some(TypeRef::applied(tree.text(constructor), args))
            }
            "member_expression" => {
                let parts = (tree.child(constructor, "object"), tree.child(constructor, "property"));
                match parts {
                    (Some(object), Some(name))
                        if tree.kind(object) == "identifier" && self.lookup(tree.text(object)).is_none() =>
                    {
                        let prefix = Some(Name::new(tree.text(object)));
                        Some(TypeRef::from(Spelling { prefix, args, ..Spelling::named(tree.text(name)) }))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let callee = match ty {
            Some(ty) => Callee::New { ty, name: None },
            None => Callee::Value(self.expression(constructor)),
        };
        let args = tree.child(node, "arguments").map_or(Vec::new(), |arguments| self.arguments(arguments));
        self.current.build.call(callee, Vec::new(), args, name_span, span)
    }
}
