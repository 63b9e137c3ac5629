//! Blocks, operations and operands as text.

use std::fmt::{self, Write};

use super::{Names, Printer, generics};
use crate::ir::{
    AggregateKind, ArithOp, Base, Block, Call, Callee, Cond, Const, CopyKind, Op, Operand, Place, Projection,
    SuspendKind, Terminator, UseKind,
};

impl Printer<'_> {
    pub(super) fn block(&self, out: &mut String, names: &Names, index: usize, block: &Block) -> fmt::Result {
        write!(out, "bb{index}:")?;
        if let Some(handler) = block.handler {
            write!(out, " handler bb{}", handler.0)?;
        }
        out.push('\n');
        for statement in &block.ops {
            writeln!(out, "  {}", self.op(names, &statement.op))?;
        }
        writeln!(out, "  {}", terminator(names, &block.end))
    }

    fn op(&self, names: &Names, op: &Op) -> String {
        let local = |id| names.of_local(id);
        let value = |operand| super::ops::operand(names, operand);
        match op {
            Op::Call(call) => format!("{} = call {}", local(call.result), callee(names, call)),
            Op::Copy { to, from, kind } => {
                let how = match kind {
                    CopyKind::Same => String::new(),
                    CopyKind::Move => "move ".to_owned(),
                    CopyKind::Cast(ty) => format!("cast {ty} "),
                    CopyKind::NonNull => "nonnull ".to_owned(),
                    CopyKind::Interior => "interior ".to_owned(),
                };
                format!("{} = {how}{}", local(*to), value(from))
            }
            Op::Load { to, from, null_aware } => {
                format!("{} = load{} {}", local(*to), if *null_aware { "?" } else { "" }, place(names, from))
            }
            Op::Store { to, value: from } => format!("store {} = {}", place(names, to), value(from)),
            Op::Binary { to, op, left, right } => format!("{} = {} {op} {}", local(*to), value(left), value(right)),
            Op::Aggregate { to, kind, items } => {
                let kind = match kind {
                    AggregateKind::List => "list",
                    AggregateKind::Set => "set",
                    AggregateKind::Map => "map",
                    AggregateKind::Record => "record",
                };
                let items = items.iter().map(|(name, item)| match name {
                    Some(name) => format!("{name}: {}", value(item)),
                    None => value(item),
                });
                format!("{} = {kind} ({})", local(*to), items.collect::<Vec<_>>().join(", "))
            }
            Op::Insert { into, value: item, spread } => {
                format!("insert {} += {}{}", local(*into), if *spread { "..." } else { "" }, value(item))
            }
            Op::Closure { to, body } => format!("{} = closure {}", local(*to), self.label(*body)),
            Op::Use { value: used, kind } => {
                let kind = match kind {
                    UseKind::Read => "read",
                    UseKind::Write => "write",
                    UseKind::Pass => "pass",
                    UseKind::Escape => "escape",
                };
                format!("use {kind} {}", value(used))
            }
            Op::Catch { to } => format!("{} = catch", local(*to)),
            Op::Element { to, of, name } => match name {
                Some(name) => format!("{} = element {name} of {}", local(*to), value(of)),
                None => format!("{} = element of {}", local(*to), value(of)),
            },
            Op::Suspend { to, value: awaited, kind } => {
                let kind = match kind {
                    SuspendKind::Await => "await",
                    SuspendKind::Yield => "yield",
                };
                let to = to.map(|to| format!("{} = ", local(to)));
                format!("{}{kind} {}", to.unwrap_or_default(), value(awaited))
            }
            Op::ScopeEnd(id) => format!("end {}", local(*id)),
            Op::Stack { to, ty, .. } => {
                let ty = ty.as_ref().map(|ty| format!(" {ty}")).unwrap_or_default();
                format!("{} = stack{ty}", local(*to))
            }
            Op::Address { to, of } => format!("{} = address {}", local(*to), place(names, of)),
        }
    }
}

fn callee(names: &Names, call: &Call) -> String {
    let member = |name: &Option<crate::ir::Name>| name.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
    let callee = match &call.callee {
        Callee::Name(name) => name.to_string(),
        Callee::Method { receiver, name } => format!("{}.{name}", operand(names, receiver)),
        Callee::New { ty, name } => format!("new {ty}{}", member(name)),
        Callee::Super(name) => format!("super.{name}"),
        Callee::SuperConstructor(name) => format!("super constructor{}", member(name)),
        Callee::ThisConstructor(name) => format!("this constructor{}", member(name)),
        Callee::Shorthand(name) => format!(".{name}"),
        Callee::Value(value) => operand(names, value),
    };
    let args = call.args.iter().map(|arg| match &arg.name {
        Some(name) => format!("{name}: {}", operand(names, &arg.value)),
        None => operand(names, &arg.value),
    });
    format!("{callee}{}({})", generics(&call.type_args), args.collect::<Vec<_>>().join(", "))
}

fn terminator(names: &Names, end: &Terminator) -> String {
    match end {
        Terminator::Goto(block) => format!("goto bb{}", block.0),
        Terminator::Branch { cond, then, otherwise, .. } => {
            format!("if {} bb{} else bb{}", condition(names, cond), then.0, otherwise.0)
        }
        Terminator::Return(None) => "return".to_owned(),
        Terminator::Return(Some(value)) => format!("return {}", operand(names, value)),
        Terminator::Throw(None) => "throw".to_owned(),
        Terminator::Throw(Some(value)) => format!("throw {}", operand(names, value)),
        Terminator::Resume => "resume".to_owned(),
        Terminator::Unreachable => "unreachable".to_owned(),
    }
}

fn condition(names: &Names, cond: &Cond) -> String {
    let value = |operand| super::ops::operand(names, operand);
    match cond {
        Cond::IsTrue(of) => value(of),
        Cond::IsNull(of) => format!("{} is null", value(of)),
        Cond::Equals(left, right) => format!("{} == {}", value(left), value(right)),
        Cond::Is(of, ty) => format!("{} is {ty}", value(of)),
        Cond::Target(targets) => format!("target {targets:?}"),
        Cond::Opaque => "?".to_owned(),
    }
}

fn place(names: &Names, place: &Place) -> String {
    let mut text = match &place.base {
        Base::Local(local) => names.of_local(*local).to_owned(),
        Base::Name(name) => name.to_string(),
        Base::Super => "super".to_owned(),
        Base::Type(Some(ty)) => ty.to_string(),
        Base::Type(None) => String::new(),
    };
    for step in &place.path {
        // Writing to a string cannot fail.
        let _ = match step {
            Projection::Field(name) => write!(text, ".{name}"),
            Projection::Pointee => write!(text, ".*"),
            Projection::Index(index) => write!(text, "[{}]", operand(names, index)),
        };
    }
    text
}

/// An operand as text. Arithmetic is cut off below eight levels.
pub(super) fn operand(names: &Names, value: &Operand) -> String {
    nested(names, value, 8)
}

fn nested(names: &Names, operand: &Operand, levels: u32) -> String {
    match operand {
        Operand::Local(local) => names.of_local(*local).to_owned(),
        Operand::Const(value) => constant(value),
        Operand::SizeOf(ty) => format!("sizeof({ty})"),
        Operand::Length(local) => format!("length({})", names.of_local(*local)),
        Operand::Arith(_) if levels == 0 => "…".to_owned(),
        Operand::Arith(arith) => {
            let op = match arith.op {
                ArithOp::Add => "+",
                ArithOp::Sub => "-",
                ArithOp::Mul => "*",
                ArithOp::Or => "|",
                ArithOp::And => "&",
                ArithOp::Shl => "<<",
            };
            let [left, right] = &arith.sides;
            format!("({} {op} {})", nested(names, left, levels - 1), nested(names, right, levels - 1))
        }
    }
}

/// A constant as text.
pub(super) fn constant(value: &Const) -> String {
    match value {
        Const::Null => "null".to_owned(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Str(text) => format!("{text:?}"),
        Const::Other => "const".to_owned(),
    }
}
