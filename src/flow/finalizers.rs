//! Finalizers: what they will release, and how that is withdrawn.

use super::calls::Calling;
use super::engine::Engine;
use super::objects::Releasing;
use super::path::{Attached, Path};
use super::value::Value;
use crate::models::Versions;
use crate::source::Location;
use crate::state::{Event, MemoryFamily, Ownership};
use crate::summary::{AccessPath, Basis, EffectKind, FamilyId, FamilyRef, Root};
use crate::target::TargetSet;
use crate::violation::{Confidence, Owner, Step, StepKind, Violation, ViolationKind};

/// How something is registered for a later release.
pub(super) struct Registration<'e> {
    /// The arena or finalizer.
    pub(super) by: &'e AccessPath,
    /// As memory of which family it will be released.
    pub(super) family: Option<&'e FamilyRef>,
    /// What it is fit for was looked at where it was registered.
    pub(super) told: bool,
    /// The object by which it can be withdrawn.
    pub(super) key: Option<&'e AccessPath>,
    /// Where the callee does that.
    pub(super) inside: Option<Location>,
}

impl Engine<'_> {
    /// An arena or a finalizer is to release a value.
    pub(super) fn release_later(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        value: &Value,
        registration: &Registration<'_>,
        basis: Basis,
    ) {
        let Some(id) = value.object() else {
            if matches!(value, Value::Closure(_)) {
                self.escape(path, value);
            }
            return;
        };
        let by = self.value_at(path, calling, registration.by).map(|by| by.function().clone());
        let key = registration.key.and_then(|key| self.value_at(path, calling, key));
        let family = match (&by, registration.family) {
            (_, Some(FamilyRef::Family(family))) => Some(*family),
            (Some(Value::Releaser(family)), _) => Some(*family),
            (Some(Value::Native(Some(symbol))), _) => self.released_by(symbol),
            _ => None,
        };
        // What a constructor has put into its object is still what it was.
        if family.is_some()
            && let Some(object) = path.objects.get_mut(&id)
            && let (Ownership::Escaped, Some(given)) = (object.ownership, object.given)
        {
            object.ownership = Ownership::Owned(MemoryFamily::Known(given));
        }
        // The object by which it can be withdrawn is out of sight.
        if basis == Basis::Body && registration.key.is_some() && key.is_none() {
            return self.escape(path, value);
        }
        let mut targets = family.map_or(TargetSet::ALL, |family| self.released_on(family));
        if let (Some(family), Ownership::Owned(MemoryFamily::Known(memory))) = (family, path.ownership(id)) {
            // Where a callee attaches it, what holds for old versions of a package only is no news: it is the callee's.
            let known =
                basis != Basis::Body || !self.models.same_on(memory, family, &Versions::default()).contains(targets);
            targets = if known { targets } else { TargetSet::NONE };
        }
        if let (Some(family), Ownership::Owned(MemoryFamily::Known(memory))) = (family, path.ownership(id))
            && !registration.told
            && !path.targets.and(targets).minus(self.models.same_on(memory, family, self.versions)).is_empty()
        {
            if let Some(location) = registration.inside {
                path.tell(id, Step { kind: StepKind::Registered { with: Owner::Finalizer }, location });
            }
            let releasing = Releasing {
                by: calling.name.clone(),
                at: calling.at,
                family: Some(family),
                basis,
                inside: None,
                whole: true,
                targets,
            };
            self.release(path, calling.site, value, &releasing);
            // The wrong release comes later.
            if let Some(object) = path.objects.get_mut(&id) {
                object.ownership = Ownership::Managed;
            }
        }
        let (scope, symbol) = match by {
            Some(Value::Scope(scope)) => (Some(scope), None),
            Some(Value::Native(symbol)) => (None, symbol),
            _ => (None, None),
        };
        let owner = if scope.is_some() { Owner::Arena } else { Owner::Finalizer };
        if scope.is_none() && family.is_some() {
            self.check_attached(path, calling, value);
        }
        path.tell(id, Step { kind: StepKind::Registered { with: owner }, location: calling.at });
        if scope.is_some() || !self.register_given(path, id, family, key.as_ref()) {
            self.apply(path, id, Event::Register);
        }
        if let Some(object) = path.objects.get_mut(&id) {
            match scope {
                Some(scope) => object.scope = Some(scope),
                None => object.attached = Some(Attached { key, family, symbol }),
            }
        }
    }

    /// What will be released already is given to a finalizer as well.
    fn check_attached(&mut self, path: &Path, calling: &Calling, value: &Value) {
        let Some((id, object)) = value.object().and_then(|id| Some((id, path.objects.get(&id)?))) else { return };
        let twice = object.ownership == Ownership::Managed
            && (object.scope.is_some() || object.attached.as_ref().is_some_and(|attached| attached.family.is_some()))
            && !path.doubtful;
        // The same place in another round of a loop is another object.
        let here = object.story.steps.iter().any(|step| step.location == calling.at);
        if !twice || here {
            return;
        }
        let mut trace = object.story.steps.clone();
        trace.push(Step { kind: StepKind::Registered { with: Owner::Finalizer }, location: calling.at });
        self.report(Violation {
            kind: ViolationKind::RegisteredTwice {
                subject: self.subject(id, object),
                registration: calling.name.clone(),
            },
            function: self.root,
            at: calling.at,
            trace,
            targets: path.targets,
            confidence: Confidence::High,
        });
    }

    /// The family that a native function releases.
    fn released_by(&self, symbol: &str) -> Option<FamilyId> {
        let summary = &self.models.function(self.models.symbol(symbol, self.versions)?).summary;
        let mut effects = summary.outcomes.iter().flat_map(|outcome| &outcome.effects);
        effects.find_map(|effect| match &effect.kind {
            EffectKind::Release(FamilyRef::Family(family))
                if effect.on.root == Root::Param(0) && effect.on.steps.is_empty() =>
            {
                Some(*family)
            }
            _ => None,
        })
    }

    /// What a finalizer was to release is its owner's again: the pointer itself, or what was registered with that key.
    pub(super) fn detach(&mut self, path: &mut Path, value: &Value) {
        if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
            std::rc::Rc::make_mut(&mut object.story).detached = true;
        }
        for (id, object) in path.objects.iter_mut() {
            let keyed = object.attached.as_ref().is_some_and(|attached| attached.key.as_ref() == Some(value));
            if keyed || value.object() == Some(*id) && object.ownership == Ownership::Managed {
                object.ownership = Ownership::Escaped;
                object.scope = None;
                object.attached = None;
            }
        }
    }
}
