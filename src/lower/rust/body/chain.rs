//! Places and what is chained onto a value: `a.b[i].c()?.await as T + d`.

use syn::{BinOp, Expr, Member, UnOp};

use super::memory::pointee;
use super::{Body, copies};
use crate::ir::{
    Arith, ArithOp, Base, Cond, Const, CopyKind, Name, Op, Operand, Place, Projection, SuspendKind, TypeRef,
};
use crate::lower::rust::types;
use crate::source::Span;

/// A value, or a place that has not been read yet.
pub(super) enum Found {
    Value(Operand),
    Place(Place),
}

/// How deep arithmetic on constants may nest in one operand.
const ARITHMETIC: usize = 8;

impl Body<'_> {
    /// Walks a chain from its inner end. The last place is not read.
    pub(super) fn chain(&mut self, expr: &Expr) -> Found {
        let mut links = Vec::new();
        let mut at = expr;
        loop {
            let inner: &Expr = match at {
                Expr::Paren(it) => &it.expr,
                Expr::Group(it) => &it.expr,
                Expr::Field(it) => &it.base,
                Expr::Index(it) => &it.expr,
                Expr::MethodCall(it) => &it.receiver,
                Expr::Try(it) => &it.expr,
                Expr::Await(it) => &it.base,
                Expr::Cast(it) => &it.expr,
                Expr::Unary(it) if matches!(it.op, UnOp::Deref(_)) => &it.expr,
                Expr::Binary(it) if is_arithmetic(&it.op) => &it.left,
                Expr::Call(it) if !matches!(copies::bare(&it.func), Expr::Path(_)) => &it.func,
                _ => break,
            };
            if !matches!(at, Expr::Paren(_) | Expr::Group(_)) {
                links.push((at, inner));
            }
            at = inner;
        }
        let mut found = self.root(at);
        while let Some((link, inner)) = links.pop() {
            found = self.link(found, link, inner);
        }
        found
    }

    /// What a chain starts with.
    fn root(&mut self, expr: &Expr) -> Found {
        let Expr::Path(it) = expr else { return Found::Value(self.atom(expr)) };
        if let Some(name) = it.path.get_ident().filter(|_| it.qself.is_none()) {
            let name = name.to_string();
            if let Some(local) = self.lookup(&name) {
                return match self.is_in_memory(local) {
                    true => Found::Place(pointee(local)),
                    false => Found::Value(Operand::Local(local)),
                };
            }
            if name == "None" {
                return Found::Value(Operand::Const(Const::Null));
            }
            if let Some(hoisted) = self.hoisted.get(name.as_str()) {
                return Found::Place(named(hoisted.clone()));
            }
        }
        Found::Place(named(callee_name(it)))
    }

    /// Reads a place.
    pub(super) fn read(&mut self, found: Found, span: Span) -> Operand {
        match found {
            Found::Value(value) => value,
            Found::Place(place) => self.current.build.load(place, false, span),
        }
    }

    fn link(&mut self, found: Found, link: &Expr, inner: &Expr) -> Found {
        let span = self.at(link);
        let inner_span = self.at(inner);
        match link {
            Expr::Field(it) => {
                let step = Projection::Field(member_name(&it.member));
                Found::Place(self.step(found, step, inner_span))
            }
            Expr::Unary(_) => {
                let pointer = self.read(found, inner_span);
                let local = self.current.build.as_local(pointer, inner_span);
                if copies::is_box(inner) {
                    // The box itself ends when its content was moved out.
                    self.current.temporaries.push(local);
                }
                Found::Place(pointee(local))
            }
            Expr::Index(it) => self.index(found, &it.index, inner_span, span),
            Expr::MethodCall(it) => Found::Value(self.method_call(it, found, span)),
            Expr::Call(it) => {
                let callee = self.read(found, inner_span);
                Found::Value(self.value_call(it, callee, span))
            }
            Expr::Try(_) => {
                let value = self.read(found, inner_span);
                Found::Value(self.question(value, inner_span, span))
            }
            Expr::Await(_) => {
                let value = self.read(found, inner_span);
                let value = self.moved(value, inner_span);
                let to = self.temp(span);
                self.current.build.push(Op::Suspend { to: Some(to), value, kind: SuspendKind::Await }, span);
                Found::Value(Operand::Local(to))
            }
            Expr::Cast(it) => {
                let value = self.read(found, inner_span);
                Found::Value(self.cast(value, types::type_ref(&it.ty), span))
            }
            Expr::Binary(it) => {
                let left = self.read(found, inner_span);
                let left = self.settled(left, inner_span);
                let right = self.expression(&it.right);
                Found::Value(self.arithmetic(&it.op, left, right, span))
            }
            _ => found,
        }
    }

    /// One step further into a place. What a dereference has just named is the pointer's own memory.
    fn step(&mut self, found: Found, step: Projection, span: Span) -> Place {
        match found {
            Found::Place(mut place) if matches!(place.base, Base::Local(_)) && !place.path.is_empty() => {
                let follows = matches!(
                    (&step, place.path.as_slice()),
                    (_, [Projection::Pointee])
                        | (Projection::Field(_), [.., Projection::Field(_) | Projection::Index(_)])
                );
                if follows {
                    if place.path.as_slice() == [Projection::Pointee] {
                        place.path.clear();
                    }
                    place.path.push(step);
                    return place;
                }
                let value = self.current.build.load(place, false, span);
                let local = self.current.build.as_local(value, span);
                Place { base: Base::Local(local), path: [step].into_iter().collect() }
            }
            Found::Place(mut place) => {
                // A `static`: its own memory.
                place.path.push(step);
                place
            }
            Found::Value(value) => {
                let local = self.current.build.as_local(value, span);
                Place { base: Base::Local(local), path: [step].into_iter().collect() }
            }
        }
    }

    /// `a[i]`; of `a[n..]` the address is inside `a`.
    fn index(&mut self, found: Found, index: &Expr, inner_span: Span, span: Span) -> Found {
        let Expr::Range(range) = copies::bare(index) else {
            let index = self.expression(index);
            return Found::Place(self.step(found, Projection::Index(Box::new(index)), inner_span));
        };
        let is_array = matches!(&found, Found::Place(Place { base: Base::Local(local), path })
            if self.is_in_memory(*local) && path.as_slice() == [Projection::Pointee]);
        let value = match found {
            Found::Place(Place { base: Base::Local(local), .. }) if is_array => Operand::Local(local),
            found => self.read(found, inner_span),
        };
        let start = range.start.as_deref().map(|start| self.expression(start));
        if let Some(end) = range.end.as_deref() {
            self.effect(end);
        }
        match start {
            None | Some(Operand::Const(Const::Int(0))) => Found::Value(value),
            Some(_) => {
                let to = self.temp(span);
                self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Interior }, span);
                Found::Value(Operand::Local(to))
            }
        }
    }

    /// `value?`
    fn question(&mut self, value: Operand, inner_span: Span, span: Span) -> Operand {
        let value = self.moved(value, inner_span);
        let value = Operand::Local(self.current.build.as_local(value, inner_span));
        let (fails, holds) = (self.current.build.block(), self.current.build.block());
        self.current.build.branch(Cond::Is(value.clone(), TypeRef::named("Err")), fails, holds, span);
        self.current.build.start(fails);
        self.leave_with(Some(value.clone()), span);
        self.current.build.start(holds);
        let to = self.temp(span);
        self.current.build.copy(to, value, span);
        Operand::Local(to)
    }

    /// `value as T`
    pub(super) fn cast(&mut self, value: Operand, ty: Option<TypeRef>, span: Span) -> Operand {
        let ty = ty.unwrap_or_else(|| TypeRef::named("_"));
        let to = self.temp(span);
        self.current.build.push(Op::Copy { to, from: value, kind: CopyKind::Cast(ty) }, span);
        Operand::Local(to)
    }

    pub(super) fn arithmetic(&mut self, op: &BinOp, left: Operand, right: Operand, span: Span) -> Operand {
        let known = match op {
            BinOp::Add(_) => Some(ArithOp::Add),
            BinOp::Sub(_) => Some(ArithOp::Sub),
            BinOp::Mul(_) => Some(ArithOp::Mul),
            BinOp::BitOr(_) => Some(ArithOp::Or),
            BinOp::BitAnd(_) => Some(ArithOp::And),
            BinOp::Shl(_) => Some(ArithOp::Shl),
            _ => None,
        };
        if let Some(op) = known
            && self.is_settled(&left, ARITHMETIC)
            && self.is_settled(&right, ARITHMETIC)
        {
            return Operand::Arith(Box::new(Arith { op, sides: [left, right] }));
        }
        let to = self.temp(span);
        self.current.build.push(Op::Binary { to, op: sign(op).into(), left, right }, span);
        Operand::Local(to)
    }

    /// Whether an operand means the same for ever, and is small.
    fn is_settled(&self, operand: &Operand, levels: usize) -> bool {
        match operand {
            Operand::Const(Const::Int(_)) | Operand::SizeOf(_) => true,
            Operand::Const(_) => false,
            Operand::Local(local) | Operand::Length(local) => !self.is_variable(*local),
            Operand::Arith(arith) => {
                levels > 0 && arith.sides.iter().all(|operand| self.is_settled(operand, levels - 1))
            }
        }
    }

    /// The address of what an expression names.
    pub(super) fn address(&mut self, of: &Expr, span: Span, explicit: bool) -> Operand {
        let found = self.chain(of);
        let dereferenced = is_dereferenced(of);
        match found {
            Found::Value(value) => value,
            Found::Place(Place { base: Base::Local(local), path }) if path.as_slice() == [Projection::Pointee] => {
                Operand::Local(local)
            }
            // A member by value is an object, and so is `&` of it.
            Found::Place(place) if !explicit && !dereferenced && !place.path.is_empty() => {
                self.current.build.load(place, false, span)
            }
            Found::Place(place) => {
                let to = self.temp(span);
                self.current.build.push(Op::Address { to, of: place }, span);
                Operand::Local(to)
            }
        }
    }
}

/// `(*p).a.b`
fn is_dereferenced(expr: &Expr) -> bool {
    let mut at = copies::bare(expr);
    loop {
        at = match at {
            Expr::Field(it) => copies::bare(&it.base),
            Expr::Index(it) => copies::bare(&it.expr),
            Expr::Unary(it) => return matches!(it.op, UnOp::Deref(_)),
            _ => return false,
        };
    }
}

fn named(name: Name) -> Place {
    Place { base: Base::Name(name), path: smallvec::SmallVec::new() }
}

/// The name of a path in an expression: `T::f`, and for `<T as Trait>::f` too.
pub(super) fn callee_name(it: &syn::ExprPath) -> Name {
    let name = types::path_name(&it.path);
    let Some(of) = it.qself.as_ref().and_then(|qself| types::type_ref(&qself.ty)) else { return name };
    format!("{}::{}", of.name, types::simple(&name)).into()
}

pub(super) fn member_name(member: &Member) -> Name {
    match member {
        Member::Named(name) => Name::new(name.to_string()),
        Member::Unnamed(index) => Name::new(index.index.to_string()),
    }
}

/// Operators whose operands are both evaluated, other than assignments and comparisons.
fn is_arithmetic(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::Add(_)
            | BinOp::Sub(_)
            | BinOp::Mul(_)
            | BinOp::Div(_)
            | BinOp::Rem(_)
            | BinOp::BitXor(_)
            | BinOp::BitAnd(_)
            | BinOp::BitOr(_)
            | BinOp::Shl(_)
            | BinOp::Shr(_)
    )
}

/// The operator as written, for `a += b` without its `=`.
pub(super) fn sign(op: &BinOp) -> &'static str {
    match op {
        BinOp::Add(_) | BinOp::AddAssign(_) => "+",
        BinOp::Sub(_) | BinOp::SubAssign(_) => "-",
        BinOp::Mul(_) | BinOp::MulAssign(_) => "*",
        BinOp::Div(_) | BinOp::DivAssign(_) => "/",
        BinOp::Rem(_) | BinOp::RemAssign(_) => "%",
        BinOp::BitXor(_) | BinOp::BitXorAssign(_) => "^",
        BinOp::BitAnd(_) | BinOp::BitAndAssign(_) => "&",
        BinOp::BitOr(_) | BinOp::BitOrAssign(_) => "|",
        BinOp::Shl(_) | BinOp::ShlAssign(_) => "<<",
        BinOp::Shr(_) | BinOp::ShrAssign(_) => ">>",
        BinOp::And(_) => "&&",
        BinOp::Or(_) => "||",
        BinOp::Eq(_) => "==",
        BinOp::Lt(_) => "<",
        BinOp::Le(_) => "<=",
        BinOp::Ne(_) => "!=",
        BinOp::Ge(_) => ">=",
        BinOp::Gt(_) => ">",
        _ => "?",
    }
}
