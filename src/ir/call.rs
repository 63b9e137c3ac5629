//! Calls: what is called, as written, and with what.

use serde::{Deserialize, Serialize};

use super::{LocalId, Name, Operand, TypeRef};
use crate::source::Span;

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// What is called, as written.
    pub callee: Callee,
    /// Type arguments as written.
    pub type_args: Vec<TypeRef>,
    /// Arguments in order, positional and named as they stand.
    pub args: Vec<Arg>,
    /// The local that receives the result.
    pub result: LocalId,
    /// The callee's name alone, for labels; counted from [`Function::base`](super::Function::base).
    pub name_span: Span,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// The name it is passed by.
    pub name: Option<Name>,
    /// The value.
    pub value: Operand,
    /// Counted from [`Function::base`](super::Function::base).
    pub span: Span,
}

/// What a call calls, as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Callee {
    /// A free name: a function, a class (its constructor), a member of the own class, a variable holding something callable.
    /// Native languages write paths (`a::b`), macros with their sign (`vec!`), and C++'s operators that allocate and
    /// release as `new`, `new[]`, `delete`, `delete[]` with the type (for an array also the count) as written.
    Name(Name),
    /// A member of a value; the value may turn out to be a class or an import prefix.
    Method {
        /// The value.
        receiver: Operand,
        /// The member.
        name: Name,
    },
    /// `new T.name(…)`, `const T(…)`, `T<A>.name(…)`.
    New {
        /// The class.
        ty: TypeRef,
        /// The constructor's name; `None` for the unnamed one.
        name: Option<Name>,
    },
    /// `super.name(…)`
    Super(Name),
    /// `super(…)`, `super.name(…)` in an initializer list.
    SuperConstructor(Option<Name>),
    /// `this(…)`, `this.name(…)` in an initializer list.
    ThisConstructor(Option<Name>),
    /// `.name(…)`: a static member of the context's type, which the frontend does not know.
    Shorthand(Name),
    /// The value of a local: a closure, a tear-off, a bound native function, an object with `call`.
    Value(Operand),
}
