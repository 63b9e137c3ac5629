//! Calls of functions of which nothing is known.

use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Role, Run};
use super::path::Path;
use crate::link::Ty;
use crate::models::hints::Hint;
use crate::state::Ownership;
use crate::summary::Summary;
use crate::violation::Unseen;

impl Engine<'_> {
    /// A function of which nothing is known: its arguments escape, its result is unknown.
    pub(super) fn call_unknown(&mut self, run: &mut Run, calling: Calling, mut path: Path, out: &mut Vec<Path>) {
        let calls_back = self.calls_back(calling.site);
        let kept = self.keep_in_container(&mut path, &calling);
        let wrapped = self.wraps(&path, &calling);
        let viewed = self.viewed(&mut path, &calling);
        self.look_at(&mut path, &calling);
        for arg in &calling.args {
            if kept && self.is_kept_whole(&path, &arg.value) {
                continue;
            }
            if self.is_read_only(&path, &calling, arg) && !calls_back {
                self.lend(&mut path, &calling, &arg.value, Some(Unseen::Itself));
            } else {
                self.escape(&mut path, &arg.value);
            }
        }
        if let Some(receiver) = calling.receiver.as_ref().map(|arg| arg.value.clone()) {
            let value = receiver.object().filter(|id| path.ownership(*id) == Ownership::Managed);
            match value {
                // A value that ends with its scope stays where it is.
                Some(id) if self.is_native(calling.site.frame) => path.touch(id),
                // `m.ptr->clone()`
                None if self.only_asks(&calling) => self.lend(&mut path, &calling, &receiver, Some(Unseen::Itself)),
                _ => self.escape(&mut path, &receiver),
            }
        }
        self.forget_fields(&mut path);
        self.possible_exception(run, &calling, &path);
        let value = viewed.unwrap_or_else(|| self.fresh(&mut path, calling.site, Role::Result));
        self.note_result(&path, &calling, wrapped, &value);
        self.note_reference(&path, &calling, &value);
        self.finish(&calling, path, value, out);
    }

    /// Whether native code calls a member of something out of sight that by its name writes nothing.
    fn only_asks(&self, calling: &Calling) -> bool {
        let name = calling.name.rsplit(['.', '>', ':']).next().unwrap_or_default();
        self.is_native(calling.site.frame) && self.models.hints().says(Hint::Reads, name)
    }

    /// A native function that is neither linked nor modelled: it borrows its pointers; where a callback travels with
    /// them, it holds them.
    pub(super) fn call_unknown_native(&mut self, run: &mut Run, calling: Calling, mut path: Path, out: &mut Vec<Path>) {
        let callback = calling
            .args
            .iter()
            .any(|arg| arg.value.is_function() || arg.ty.as_ref().is_some_and(|ty| self.is_callback(ty)));
        self.look_at(&mut path, &calling);
        for (index, arg) in calling.args.iter().enumerate() {
            if self.is_given_up(&mut path, &calling, index, arg) {
                continue;
            }
            if callback || self.is_struct_by_value(&path, arg) {
                self.escape(&mut path, &arg.value);
                continue;
            }
            if self.is_native(calling.site.frame) {
                // A macro, or a function out of sight: what its name says keeps us silent, and never makes us speak.
                let releases = self.models.hints().says(Hint::Releases, &calling.name);
                if releases {
                    path.pass_on(&arg.value);
                }
                if releases || !self.is_plain(&path, arg) {
                    self.escape(&mut path, &arg.value);
                    continue;
                }
            }
            self.lend(&mut path, &calling, &arg.value, Some(Unseen::Itself));
        }
        self.possible_exception(run, &calling, &path);
        let value = self.fresh(&mut path, calling.site, Role::Result);
        self.finish(&calling, path, value, out);
    }

    /// Whether a native function of which all returns look alike returns something all the same: a status, maybe. What
    /// happens on failure may lie where nobody looks, in a macro or behind an exception.
    pub(super) fn says_more(&self, summary: &Summary, calling: &Calling) -> bool {
        let result = calling.result.and_then(|to| self.resolved(calling.site.frame).types.get(to.index()));
        summary.outcomes.len() == 1 && result.is_some_and(|ty| *ty != Ty::Void)
    }

    /// Whether what an argument leads to is a run of numbers that native code has made itself: a library that is not
    /// here does not keep it as its own. Structs are handed over far more often, and what the caller gave may be meant
    /// for the library.
    pub(super) fn is_plain(&self, path: &Path, arg: &ArgValue) -> bool {
        let given = arg.value.object().and_then(|id| path.objects.get(&id)).is_some_and(|object| object.path.is_some());
        !given && matches!(&arg.ty, Some(Ty::Pointer(to)) if matches!(**to, Ty::Scalar))
    }
}
