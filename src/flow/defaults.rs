//! What a call leaves out.

use super::calls::{ArgValue, Calling};
use super::engine::constant_value;
use crate::ir::{DefaultValue, Function};

impl Calling {
    /// What is not passed is what the callee says it is then, where that is a constant.
    pub(super) fn add_defaults(&mut self, callee: &Function) {
        let positional = self.args.iter().filter(|arg| arg.name.is_none()).count();
        let left_out = callee.params.iter().filter(|param| !param.named).skip(positional).map(|param| (None, param));
        let named = callee.params.iter().filter(|param| param.named).map(|param| (Some(param.name.clone()), param));
        let mut complete = true;
        for (name, param) in left_out.chain(named).collect::<Vec<_>>() {
            let passed = name.is_some() && self.args.iter().any(|arg| arg.name == name);
            match &param.default {
                Some(DefaultValue::Const(constant)) if !passed && (name.is_some() || complete) => {
                    self.args.push(ArgValue { name, value: constant_value(constant), ty: None });
                }
                _ => complete &= name.is_some(),
            }
        }
    }
}
