//! Values that look at memory of somebody else's, by the names of their types: `ImageView image(bytes, width, height)`.

use std::rc::Rc;

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::path::Path;
use super::value::{Offset, Value};
use crate::ir::{Call, Callee, LocalId, Op, Operand, TypeRef};
use crate::models::hints::Hint;

impl Engine<'_> {
    /// What a C++ value looks at whose type is not here and whose name says that it is a view: the one thing that it is
    /// made of, or what the view looks at that it was made from. Heap objects are none: they may own what they are given.
    pub(super) fn viewed(&self, path: &mut Path, calling: &Calling) -> Option<Value> {
        let value = match &self.call_at(calling.site)?.callee {
            Callee::New { ty, .. } if self.is_view_type(ty) => {
                let mut objects = calling.args.iter().filter_map(|arg| arg.value.object());
                let id = objects.next()?;
                objects.next().is_none().then_some(Value::Pointer(id, Offset::Somewhere))?
            }
            Callee::Method { receiver, .. } if self.is_named_view(calling.site, receiver) => {
                let result = calling.result.filter(|result| self.becomes_view(calling.site, *result));
                calling.receiver.as_ref().filter(|_| result.is_some())?.value.clone()
            }
            _ => return None,
        };
        let Value::Pointer(id, Offset::Somewhere) = value else { return None };
        Rc::make_mut(&mut path.objects.get_mut(&id)?.story).viewed = true;
        Some(value)
    }

    /// A function of which nothing is known gets views: it reads what they look at.
    pub(super) fn look_at(&mut self, path: &mut Path, calling: &Calling) {
        let Some(call) = self.call_at(calling.site) else { return };
        let views: Vec<Value> = call
            .args
            .iter()
            .zip(&calling.args)
            .filter(|(written, arg)| {
                matches!(arg.value, Value::Pointer(_, offset) if offset != Offset::Start)
                    && self.is_named_view(calling.site, &written.value)
            })
            .map(|(_, arg)| arg.value.clone())
            .collect();
        for value in views {
            if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
                Rc::make_mut(&mut object.story).viewed = true;
            }
            self.usage(path, &value, calling.usage(), calling.at);
        }
    }

    /// The call of C++ code at a site.
    fn call_at(&self, site: Site) -> Option<&Call> {
        let block = self.function(site.frame).blocks.get(site.block.index()).filter(|_| self.is_cpp(site.frame))?;
        match &block.ops.get(site.op as usize)?.op {
            Op::Call(call) => Some(call),
            _ => None,
        }
    }

    /// Whether what a call gives is put into a variable that is a view.
    fn becomes_view(&self, site: Site, result: LocalId) -> bool {
        let block = self.function(site.frame).blocks.get(site.block.index());
        let next = block.and_then(|block| block.ops.get(site.op as usize + 1));
        match next.map(|next| &next.op) {
            Some(Op::Copy { to, from: Operand::Local(from), .. }) => {
                *from == result && self.is_named_view(site, &Operand::Local(*to))
            }
            _ => false,
        }
    }

    fn is_named_view(&self, site: Site, operand: &Operand) -> bool {
        let Operand::Local(local) = operand else { return false };
        let ty = self.function(site.frame).locals.get(local.index()).and_then(|local| local.ty.as_ref());
        ty.is_some_and(|ty| self.is_view_type(ty))
    }

    fn is_view_type(&self, ty: &TypeRef) -> bool {
        let ty = if ty.name == "const" { ty.args.first().unwrap_or(ty) } else { ty };
        self.models.hints().says(Hint::Views, ty.name.rsplit(':').next().unwrap_or_default())
    }
}
