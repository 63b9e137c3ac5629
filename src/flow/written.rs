//! How calls are written, for messages: `malloc.free`, `arena.allocate`.

use super::engine::{Engine, Site};
use crate::ir::{Base, Call, Callee, LocalId, Name, Op, Operand, Place, Projection};
use crate::link::{Target, Ty};

impl Engine<'_> {
    /// The name of a call as people write it: `malloc.free`, `toNativeUtf8`, `SHGetKnownFolderPath`.
    pub(super) fn written_name(&self, site: Site, call: &Call) -> Name {
        match &call.callee {
            Callee::Name(name) | Callee::Super(name) | Callee::Shorthand(name) => name.clone(),
            Callee::Method { receiver, name } => match self.static_name(site, receiver) {
                Some(receiver) => format!("{receiver}.{name}").into(),
                None => name.clone(),
            },
            Callee::New { ty, name } => match name {
                Some(name) => format!("{}.{name}", ty.name).into(),
                None => ty.name.clone(),
            },
            Callee::SuperConstructor(_) => Name::new("super"),
            Callee::ThisConstructor(_) => Name::new("this"),
            Callee::Value(value) => match value {
                Operand::Local(local) => {
                    let name = &self.function(site.frame).locals[local.index()].name;
                    match name.is_empty() {
                        true => {
                            self.static_name(site, value).or_else(|| self.function_object(site)).unwrap_or_default()
                        }
                        false => name.clone(),
                    }
                }
                _ => Name::default(),
            },
        }
    }

    /// The name of the variable or class that a temporary was read from in the same block; not that of a prefix.
    fn static_name(&self, site: Site, operand: &Operand) -> Option<Name> {
        let Operand::Local(local) = operand else { return None };
        let function = self.function(site.frame);
        let known = &function.locals[local.index()];
        if !known.name.is_empty() {
            // An arena or allocator by its variable: `arena.allocate`.
            let ty = self.resolved(site.frame).types.get(local.index())?;
            return matches!(ty, Ty::Model(ty, _) if self.models.ty(*ty).allocator.is_some())
                .then(|| known.name.clone());
        }
        let ops = &function.blocks[site.block.index()].ops;
        let load = ops
            .iter()
            .take(site.op as usize)
            .rev()
            .find(|statement| crate::ir::written(&statement.op) == Some(*local))?;
        let is_prefix = |local: LocalId| {
            let ty = self.resolved(site.frame).types.get(local.index());
            matches!(ty, Some(Ty::Prefix(_) | Ty::PackPrefix(_)))
        };
        match &load.op {
            // A variable behind an import prefix.
            Op::Load { from: Place { base: Base::Local(of), path }, .. } if is_prefix(*of) => match path.as_slice() {
                [Projection::Field(name)] => Some(name.clone()),
                _ => None,
            },
            Op::Load { from: Place { base: Base::Name(name), path }, .. } if path.is_empty() => {
                let at = ops.iter().position(|statement| std::ptr::eq(statement, load)).unwrap_or_default();
                if let Target::Field(_) | Target::Functions(_) = self.target(Site { op: at as u32, ..site }) {
                    return None;
                }
                (!is_prefix(*local)).then(|| name.clone())
            }
            _ => None,
        }
    }
}
