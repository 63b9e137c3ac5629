//! A lowered file after a change of bodies: functions, closures among them, keep their places.

use super::stated::Statement;
use super::{Annotation, Class, Comment, Function, FunctionId, Op, Param, Unit, Variable};
use crate::source::Span;

/// A function outside closures with the closures in it, lowered by itself.
#[derive(Debug)]
pub struct Lowered {
    /// The function, then its closures; among them they are known by their places in this list.
    pub functions: Vec<Function>,
    /// Comments in it that carry directives.
    pub comments: Vec<Comment>,
    /// Syntax errors in it.
    pub errors: Vec<Span>,
}

impl Unit {
    /// Every span moves, as what is written before it changes.
    pub fn shift(&mut self, moved: impl Fn(Span) -> Span) {
        let statement = |annotation: &mut Annotation| {
            if let Some(said) = Statement::of(annotation) {
                let until = said.until.map(|until| moved(Span::new(until, until)).end);
                *annotation = Statement { span: moved(said.span), until, ..said }.to_annotation();
            }
        };
        for function in &mut self.functions {
            function.span = moved(function.span);
            function.name_span = moved(function.name_span);
            function.base = function.span.start;
            function.annotations.iter_mut().for_each(&statement);
        }
        for class in &mut self.classes {
            class.span = moved(class.span);
            class.name_span = moved(class.name_span);
        }
        let fields = self.classes.iter_mut().flat_map(|class| &mut class.fields);
        for variable in self.variables.iter_mut().chain(fields) {
            variable.span = moved(variable.span);
            variable.annotations.iter_mut().for_each(&statement);
        }
        self.comments.iter_mut().for_each(|comment| comment.span = moved(comment.span));
        self.errors.iter_mut().chain(&mut self.opaque).for_each(|span| *span = moved(*span));
    }

    /// Puts another lowering of a function in the place of the one that is there, and of the comments and errors in it.
    pub fn graft(&mut self, id: FunctionId, lowered: Lowered) {
        let Some(span) = lowered.functions.first().map(|function| function.span) else { return };
        self.comments.retain(|comment| !span.contains(comment.span));
        self.comments.extend(lowered.comments);
        self.comments.sort_by_key(|comment| comment.span.start);
        self.errors.retain(|error| !span.contains(*error));
        self.errors.extend(lowered.errors);
        self.errors.sort_by_key(|error| error.start);
        self.put(id, lowered.functions);
    }

    /// Puts a function with its closures in the place of the one that is there. Closures that are gone stay without a
    /// body, new ones follow the functions that there are.
    fn put(&mut self, id: FunctionId, functions: Vec<Function>) {
        let inner = |at: &FunctionId| *at != id && self.outermost(*at) == id;
        let mut places: Vec<FunctionId> = (0..self.functions.len() as u32).map(FunctionId).filter(inner).collect();
        for gone in places.iter().skip(functions.len().saturating_sub(1)) {
            if let Some(function) = self.functions.get_mut(gone.index()) {
                function.blocks.clear();
                function.captures.clear();
                function.parent = Some(id);
            }
        }
        places.insert(0, id);
        let new = functions.len().saturating_sub(places.len()) as u32;
        places.extend((0..new).map(|at| FunctionId(self.functions.len() as u32 + at)));
        let place = |at: FunctionId| places.get(at.index()).copied().unwrap_or(id);
        for (at, mut function) in (0..).map(FunctionId).zip(functions) {
            renumber(&mut function, place);
            match self.functions.get_mut(place(at).index()) {
                Some(there) => *there = function,
                None => self.functions.push(function),
            }
        }
    }

    /// Takes over another lowering of the file, if nothing differs but bodies, and where in the file things are. The
    /// functions outside closures whose bodies, or closures in them, differ.
    pub fn merge(&mut self, new: &Unit) -> Option<Vec<FunctionId>> {
        let (old_roots, roots) = (self.roots(), new.roots());
        let same_place = |old: &Option<FunctionId>, new: &Option<FunctionId>| match (old, new) {
            (Some(old), Some(new)) => old_roots.binary_search(old).ok() == roots.binary_search(new).ok(),
            (None, None) => true,
            _ => false,
        };
        let same_members = |old: &[FunctionId], new: &[FunctionId]| {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_place(&Some(*old), &Some(*new)))
        };
        let holds = self.language == new.language
            && self.generated == new.generated
            && old_roots.len() == roots.len()
            && self.directives == new.directives
            && self.aliases == new.aliases
            && self.layouts == new.layouts
            && all(&self.bindings, &new.bindings, |old, new| {
                same_place(&Some(old.function), &Some(new.function))
                    && super::Binding { function: new.function, ..old.clone() } == *new
            })
            && self.exports.len() >= new.exports.len()
            && self.exports.iter().zip(&new.exports).all(|(old, new)| {
                same_place(&Some(old.function), &Some(new.function))
                    && super::Export { function: new.function, ..old.clone() } == *new
            })
            && all(&self.classes, &new.classes, |old, new| {
                same_class(old, new)
                    && same_members(&old.members, &new.members)
                    && all(&old.fields, &new.fields, |old, new| {
                        same_variable(old, new) && same_place(&old.initializer, &new.initializer)
                    })
            })
            && all(&self.variables, &new.variables, |old, new| {
                same_variable(old, new) && same_place(&old.initializer, &new.initializer)
            })
            && old_roots.iter().zip(&roots).all(|(old, at)| same_header(self.function(*old), new.function(*at)));
        if !holds {
            return None;
        }
        let (old_inner, inner) = (self.closures(&old_roots), new.closures(&roots));
        let mut changed = Vec::new();
        for (((&old, &at), old_inner), inner) in old_roots.iter().zip(&roots).zip(&old_inner).zip(&inner) {
            let same_closure = |(old, at): (&FunctionId, &FunctionId)| {
                let (old, at) = (self.function(*old), new.function(*at));
                same_header(old, at) && same_body(old, at)
            };
            let same = same_body(self.function(old), new.function(at))
                && old_inner.len() == inner.len()
                && old_inner.iter().zip(inner).all(same_closure);
            if same {
                for (old, at) in std::iter::once((&old, &at)).chain(old_inner.iter().zip(inner)) {
                    let at = new.function(*at);
                    if let Some(function) = self.functions.get_mut(old.index()) {
                        (function.base, function.span, function.name_span) = (at.base, at.span, at.name_span);
                        function.annotations.clone_from(&at.annotations);
                    }
                }
                continue;
            }
            let ids: Vec<FunctionId> = std::iter::once(at).chain(inner.iter().copied()).collect();
            let place = |id: FunctionId| FunctionId(ids.iter().position(|at| *at == id).unwrap_or(0) as u32);
            let alone = |id: &FunctionId| {
                let mut function = new.function(*id).clone();
                renumber(&mut function, place);
                function
            };
            self.put(old, ids.iter().map(alone).collect());
            changed.push(old);
        }
        for (old, new) in self.classes.iter_mut().zip(&new.classes) {
            (old.span, old.name_span) = (new.span, new.name_span);
        }
        let own = self.classes.iter_mut().flat_map(|class| &mut class.fields).chain(&mut self.variables);
        let others = new.classes.iter().flat_map(|class| &class.fields).chain(&new.variables);
        for (old, new) in own.zip(others) {
            old.span = new.span;
            old.annotations.clone_from(&new.annotations);
        }
        self.comments.clone_from(&new.comments);
        self.errors.clone_from(&new.errors);
        self.opaque.clone_from(&new.opaque);
        Some(changed)
    }

    /// The functions outside closures.
    fn roots(&self) -> Vec<FunctionId> {
        let all = (0..).map(FunctionId).zip(&self.functions);
        all.filter(|(_, function)| function.parent.is_none()).map(|(id, _)| id).collect()
    }

    /// The closures with a body in each of some functions outside closures.
    fn closures(&self, roots: &[FunctionId]) -> Vec<Vec<FunctionId>> {
        let mut closures = vec![Vec::new(); roots.len()];
        for (id, function) in (0..).map(FunctionId).zip(&self.functions) {
            if function.parent.is_some()
                && !(function.blocks.is_empty() && function.incomplete.is_none())
                && let Ok(root) = roots.binary_search(&self.outermost(id))
            {
                closures[root].push(id);
            }
        }
        closures
    }
}

/// The functions that a function names have other places.
fn renumber(function: &mut Function, place: impl Fn(FunctionId) -> FunctionId) {
    function.parent = function.parent.map(&place);
    for statement in function.blocks.iter_mut().flat_map(|block| &mut block.ops) {
        if let Op::Closure { body, .. } = &mut statement.op {
            *body = place(*body);
        }
    }
}

/// Whether two functions differ in nothing but their bodies, what is written above them, and their places.
#[must_use]
pub fn same_header(old: &Function, new: &Function) -> bool {
    let same_param = |one: &Param, other: &Param| {
        let ty = |function: &Function, param: &Param| {
            function.locals.get(param.local.index()).and_then(|local| local.ty.clone())
        };
        one == other && ty(old, one) == ty(new, other)
    };
    old.name == new.name
        && old.qualified == new.qualified
        && old.kind == new.kind
        && old.class == new.class
        && old.parent.is_some() == new.parent.is_some()
        && old.is_static == new.is_static
        && old.is_external == new.is_external
        && old.is_local == new.is_local
        && old.is_variadic == new.is_variadic
        && old.targets == new.targets
        && old.flavor == new.flavor
        && old.type_params == new.type_params
        && old.result == new.result
        && all(&old.params, &new.params, same_param)
        && same_annotations(&old.annotations, &new.annotations)
}

fn same_body(old: &Function, new: &Function) -> bool {
    old.blocks == new.blocks
        && old.locals == new.locals
        && old.captures == new.captures
        && old.incomplete == new.incomplete
}

fn all<T>(old: &[T], new: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
}

fn same_class(old: &Class, new: &Class) -> bool {
    old.name == new.name
        && old.kind == new.kind
        && old.type_params == new.type_params
        && old.supertype == new.supertype
        && old.implements == new.implements
        && old.mixins == new.mixins
        && old.is_abstract == new.is_abstract
}

fn same_variable(old: &Variable, new: &Variable) -> bool {
    old.name == new.name
        && old.ty == new.ty
        && old.is_static == new.is_static
        && old.is_final == new.is_final
        && old.is_late == new.is_late
        && old.is_const == new.is_const
        && same_annotations(&old.annotations, &new.annotations)
}

/// Where a statement on ownership stands does not matter.
fn same_annotations(old: &[Annotation], new: &[Annotation]) -> bool {
    all(old, new, |old, new| match (Statement::of(old), Statement::of(new)) {
        (Some(old), Some(new)) => old.text == new.text && old.until.is_some() == new.until.is_some(),
        _ => old == new,
    })
}
