//! A contract applied to a call: allocate, release, take, hold, borrow, escape.

use super::calls::{Access, ArgValue, Calling};
use super::engine::{Engine, Role, Run, Site};
use super::finalizers::Registration;
use super::memory::POINTEE;
use super::objects::Releasing;
use super::path::Path;
use super::results::Allocating;
use super::value::{ObjectId, Offset, Symbol, Value};
use crate::ir::Name;
use crate::link::Ty;
use crate::state::{Event, MemoryFamily, Ownership as State};
use crate::summary::{
    AccessPath, ArgumentTest, Basis, Effect, EffectKind, Guard, Outcome, Ownership, ResultContract, Root,
    Step as PathStep, Summary, Throws, ValueTest,
};
use crate::target::TargetSet;
use crate::violation::{Step, StepKind, Unseen, Usage};

impl Engine<'_> {
    /// Lets a call with that contract happen.
    pub(super) fn apply_summary(
        &mut self,
        run: &mut Run,
        summary: &Summary,
        mut calling: Calling,
        mut path: Path,
        out: &mut Vec<Path>,
    ) {
        if summary.outcomes.iter().any(|outcome| outcome.targets != TargetSet::ALL) {
            return self.apply_by_target(run, summary, &calling, &path, out);
        }
        calling.made.clone_from(&summary.made);
        calling.ended.clone_from(&summary.ended);
        calling.unsure = calling.native && summary.basis == Basis::Body && self.says_more(summary, &calling);
        self.charge_arguments(&mut path, &calling);
        self.lend_unnamed(&mut path, summary, &calling);
        self.tell_reads(&mut path, summary, &calling);
        self.release_parts(&mut path, &calling);
        if summary.throws == Throws::Always && !calling.later {
            self.thrown(run, summary, &calling, &path);
            return;
        }
        // What is released or taken is so even when the call throws afterwards; what it returns is not there then.
        if !summary.runs.is_empty() {
            return self.apply_runs(run, summary, calling, path, out);
        }
        if summary.outcomes.iter().any(|outcome| matches!(outcome.guard, Guard::Argument(_)))
            && (summary.basis == Basis::Body || self.passes_question_on(summary, &calling, &path))
        {
            return self.apply_by_argument(run, summary, calling, path, out);
        }
        let mut done = Vec::new();
        let mut decided = false;
        let mut vague = false;
        let mut base = path.clone();
        for outcome in &summary.outcomes {
            let mut path = base.clone();
            match &outcome.guard {
                Guard::Argument(test) => match self.test(&path, &calling, &test.arg, &test.test) {
                    Some(true) => decided = true,
                    Some(false) => continue,
                    // Nobody can say whether it happens: what it would happen to is out of sight.
                    None => {
                        vague = true;
                        self.give_up(&mut base, &calling, &outcome.effects);
                        continue;
                    }
                },
                Guard::Throws => continue,
                Guard::Always | Guard::Success | Guard::Failure => {}
                Guard::ResultNull | Guard::ResultNonNull | Guard::ResultEquals(_) => {}
            }
            let guard = match outcome.guard {
                Guard::Success => Some((status_symbol(calling.site), true)),
                Guard::Failure => Some((status_symbol(calling.site), false)),
                _ => None,
            };
            if let Some((symbol, success)) = guard {
                if success {
                    path.renew(symbol);
                }
                // One path serves both outcomes when nothing but new memory hangs on the status.
                let fills = |outcome: &Outcome| {
                    outcome.effects.iter().all(|effect| {
                        matches!(effect.kind, EffectKind::Fill(_) | EffectKind::Borrow | EffectKind::BorrowAssumed)
                    })
                };
                let together = summary.outcomes.iter().all(fills);
                if together && !success && !done.is_empty() {
                    let (mut path, value): (Path, Value) = match done.pop() {
                        Some(last) => last,
                        None => continue,
                    };
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, guard);
                    done.push((path, value));
                    continue;
                }
                if !together {
                    path.known.insert(super::path::Fact::Success(symbol), success);
                }
                let guard = together.then_some((symbol, success));
                self.effects(&mut path, &calling, &outcome.effects, summary.basis, guard);
            } else {
                self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
            }
            let value = if vague {
                self.fresh(&mut path, calling.site, Role::Result)
            } else {
                self.returned(&mut path, &calling, outcome, summary.basis)
            };
            match &outcome.guard {
                Guard::ResultNull => path.replace(&value, &Value::NullPointer),
                Guard::ResultNonNull => {
                    if let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id)) {
                        object.non_null = true;
                    }
                }
                _ => {}
            }
            done.push((path, value));
            if decided {
                break;
            }
        }
        // A call that can only throw, or that ends the process, has nothing behind it.
        let returns = calling.later || summary.outcomes.iter().any(|outcome| outcome.guard != Guard::Throws);
        if done.is_empty() && returns {
            let value = self.fresh(&mut path, calling.site, Role::Result);
            done.push((path.clone(), value));
        }
        self.thrown(run, summary, &calling, &path);
        for (path, value) in done {
            self.finish(&calling, path, value, out);
        }
    }

    /// A function that does different things on different targets: a path for each.
    fn apply_by_target(
        &mut self,
        run: &mut Run,
        summary: &Summary,
        calling: &Calling,
        path: &Path,
        out: &mut Vec<Path>,
    ) {
        let mut done: Vec<TargetSet> = Vec::new();
        for targets in summary.outcomes.iter().map(|outcome| outcome.targets) {
            if targets == TargetSet::ALL || done.contains(&targets) || path.targets.and(targets).is_empty() {
                continue;
            }
            done.push(targets);
            let here = summary.outcomes.iter().filter(|outcome| outcome.targets.contains(targets));
            let outcomes = here.map(|outcome| Outcome { targets: TargetSet::ALL, ..outcome.clone() }).collect();
            let narrowed = Path { targets: path.targets.and(targets), ..path.clone() };
            self.apply_summary(run, &Summary { outcomes, ..summary.clone() }, calling.clone(), narrowed, out);
        }
    }

    /// A function of the program that does different things with different arguments: a path for each.
    fn apply_by_argument(
        &mut self,
        run: &mut Run,
        summary: &Summary,
        calling: Calling,
        path: Path,
        out: &mut Vec<Path>,
    ) {
        self.thrown(run, summary, &calling, &path);
        let mut rest = vec![path];
        let is_test = |outcome: &Outcome| matches!(outcome.guard, Guard::Argument(_));
        let otherwise = summary.outcomes.iter().find(|outcome| outcome.guard == Guard::Always);
        let last = summary.outcomes.iter().rposition(is_test).filter(|_| otherwise.is_none());
        for (at, outcome) in summary.outcomes.iter().enumerate() {
            let Guard::Argument(test) = &outcome.guard else { continue };
            let mut left = Vec::new();
            for path in rest {
                let [held, failed] = match self.test(&path, &calling, &test.arg, &test.test) {
                    Some(true) => [Some(path), None],
                    Some(false) => [None, Some(path)],
                    // One of them is what happens.
                    None if Some(at) == last => [Some(path), None],
                    None => match self.value_at(&path, &calling, &test.arg) {
                        Some(value) => self.split_argument(path, &value, &test.test),
                        None => [Some(path.clone()), Some(path)],
                    },
                };
                if let Some(mut path) = held {
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
                    let value = self.returned(&mut path, &calling, outcome, summary.basis);
                    self.finish(&calling, path, value, out);
                }
                left.extend(failed);
            }
            rest = left;
        }
        for mut path in rest {
            let value = match otherwise {
                Some(outcome) => {
                    self.effects(&mut path, &calling, &outcome.effects, summary.basis, None);
                    self.returned(&mut path, &calling, outcome, summary.basis)
                }
                None => self.fresh(&mut path, calling.site, Role::Result),
            };
            self.finish(&calling, path, value, out);
        }
    }

    /// Whether all that decides between the outcomes is whether the function's own caller passed null: it knows.
    fn passes_question_on(&self, summary: &Summary, calling: &Calling, path: &Path) -> bool {
        summary.outcomes.iter().all(|outcome| match &outcome.guard {
            Guard::Argument(ArgumentTest { arg, test: test @ (ValueTest::Null | ValueTest::NonNull) }) => {
                self.test(path, calling, arg, test).is_some()
                    || self.value_at(path, calling, arg).is_some_and(|value| self.comes_from_parameter(path, &value))
            }
            guard => matches!(guard, Guard::Always | Guard::Throws),
        })
    }

    /// What a call returns in one of its outcomes, and what that holds.
    fn returned(&mut self, path: &mut Path, calling: &Calling, outcome: &Outcome, basis: Basis) -> Value {
        let adopting = self.adopting.take();
        if let Some(block) = self.given_back.take() {
            return block;
        }
        let of_copy = |at: &AccessPath| at.steps.is_empty() && self.crosses_by_value(calling, at);
        let mut value = match &outcome.result.ownership {
            Ownership::Alias(at) | Ownership::Interior(at) if of_copy(at) => {
                self.fresh(path, calling.site, Role::Result)
            }
            _ => self.result(path, calling, &outcome.result, basis, Role::Result),
        };
        if let Some(before) = adopting {
            self.adopt(path, &value, before);
        }
        if outcome.effects.iter().any(|effect| effect.on.root == Root::Result) {
            // What holds memory without being a pointer is a struct.
            if matches!(value, Value::Symbol(_)) {
                // … or, in Dart, an object.
                value = match self.is_native(calling.site.frame) || calling.native || self.gives_view(calling) {
                    true => self.new_struct(calling.site, calling.name.clone(), calling.at, path),
                    false => {
                        let types = &self.resolved(calling.site.frame).types;
                        let class = match calling.result.and_then(|to| types.get(to.index())) {
                            Some(Ty::Class(class, _)) => Some(*class),
                            _ => None,
                        };
                        self.instance(calling, path, class)
                    }
                };
            }
            let returned = Some(ArgValue { name: None, value: value.clone(), ty: None });
            let calling = Calling { returned, ..calling.clone() };
            self.fill_result(path, &calling, &outcome.effects, basis);
        }
        value
    }

    /// Whether an argument is a struct that crosses the boundary by value: the callee has a copy.
    fn crosses_by_value(&self, calling: &Calling, at: &AccessPath) -> bool {
        let Some(arg) = calling.root(at).filter(|_| calling.native && !self.is_native(calling.site.frame)) else {
            return false;
        };
        // `p.ref.address` leads into the block itself.
        matches!(arg.value, Value::View(..)) && arg.ty.as_ref().is_some_and(|ty| self.is_view(ty, 0))
    }

    /// Native code does something with a copy of a struct. The block that it was copied from stays as it is; what the
    /// fields lead to, the copy has, too.
    fn copy_out(&mut self, path: &mut Path, value: &Value, kind: &EffectKind) {
        if matches!(kind, EffectKind::Borrow | EffectKind::BorrowAssumed | EffectKind::Untouched) {
            return;
        }
        let Some(id) = value.object() else { return };
        let held: Vec<Value> = path.held(id).map(|(_, held)| held.clone()).collect();
        held.iter().for_each(|held| self.escape(path, held));
    }

    fn give_up(&mut self, path: &mut Path, calling: &Calling, effects: &[Effect]) {
        for effect in effects {
            if !matches!(effect.kind, EffectKind::Fill(_) | EffectKind::Borrow | EffectKind::BorrowAssumed)
                && let Some(value) = self.value_at(path, calling, &effect.on)
            {
                self.escape(path, &value);
            }
        }
    }

    /// The exception of a call: with what its contract says of that outcome, else with what it does always.
    fn thrown(&mut self, run: &mut Run, summary: &Summary, calling: &Calling, path: &Path) {
        let fits = |test: &ArgumentTest| self.test(path, calling, &test.arg, &test.test) != Some(false);
        if summary.throws == Throws::Never
            || calling.later
            || !summary.throws_when.as_deref().is_none_or(fits)
            || summary.throws == Throws::Possibly && !self.sees_exceptions(run, calling.site.block)
        {
            return;
        }
        let throws_now = |test: &ArgumentTest| self.test(path, calling, &test.arg, &test.test) == Some(true);
        let certain = summary.throws_when.as_deref().is_some_and(throws_now);
        // A check throws because of what it was given: on that way the argument is what it throws for.
        let path = match summary
            .throws_when
            .as_deref()
            .and_then(|test| Some((test, self.value_at(path, calling, &test.arg)?)))
        {
            Some((test, value)) if self.test(path, calling, &test.arg, &test.test).is_none() => {
                self.split_argument(path.clone(), &value, &test.test)[0].take()
            }
            _ => Some(path.clone()),
        };
        let Some(mut path) = path else { return };
        let outcome = summary
            .outcomes
            .iter()
            .find(|outcome| outcome.guard == Guard::Throws)
            .or_else(|| summary.outcomes.iter().find(|outcome| outcome.guard == Guard::Always));
        if let Some(outcome) = outcome {
            let effects: Vec<Effect> =
                outcome.effects.iter().filter(|effect| !matches!(effect.kind, EffectKind::Fill(_))).cloned().collect();
            self.effects(&mut path, calling, &effects, summary.basis, None);
        }
        let throws = match summary.throws {
            Throws::Known
                if !certain && (self.is_given_what_is_written(calling) || self.is_given_a_success(calling)) =>
            {
                Throws::Possibly
            }
            throws => throws,
        };
        self.throw_for_cell(&mut path, calling);
        self.exceptions(run, calling, throws, &path);
    }

    /// Whether a function of Dart is given nothing but text that is written there and objects that were made there: it
    /// would throw each time, and nobody would write that.
    fn is_given_what_is_written(&self, calling: &Calling) -> bool {
        let is_written = |arg: &ArgValue| match &arg.value {
            Value::Str(_) => true,
            Value::Pointer(id, _) => self.is_instance(*id),
            _ => false,
        };
        !calling.args.is_empty() && calling.args.iter().all(is_written) && !self.is_native(calling.site.frame)
    }

    /// Arguments that no effect and no result speaks of are borrowed.
    fn lend_unnamed(&mut self, path: &mut Path, summary: &Summary, calling: &Calling) {
        let named = |root: &Root| {
            summary.outcomes.iter().any(|outcome| {
                outcome.effects.iter().any(|effect| {
                    effect.on.root == *root
                        && effect.on.steps.is_empty()
                        && !matches!(effect.kind, EffectKind::Borrow | EffectKind::BorrowAssumed)
                }) || passes_through(&outcome.result.ownership, root)
            }) || summary.runs.iter().any(|run| run.closure.root == *root)
        };
        let mut position = 0;
        let mut roots = Vec::new();
        for arg in &calling.args {
            let root = match &arg.name {
                Some(name) => Root::Named(name.clone()),
                None => {
                    position += 1;
                    Root::Param(position - 1)
                }
            };
            roots.push((root, arg.value.clone(), self.is_unfollowed(arg)));
        }
        if let Some(receiver) = &calling.receiver {
            roots.push((Root::This, receiver.value.clone(), false));
        }
        for (root, value, unfollowed) in roots {
            if named(&root) {
                continue;
            }
            match value {
                // What a function of the program does with a number, its contract does not tell: it may close it.
                Value::Pointer(object, _)
                    if unfollowed && summary.basis == Basis::Body && !summary.lends_number(&root) =>
                {
                    if let Some(object) = path.objects.get_mut(&object) {
                        std::rc::Rc::make_mut(&mut object.story).unfollowed = true;
                    }
                }
                Value::Lent(..) if summary.basis != Basis::Body || calling.native => {
                    self.lend(path, calling, &value, None);
                }
                // A number: nothing is known of what is done with those.
                Value::Address(_) if summary.basis != Basis::Body || calling.native => self.escape(path, &value),
                // A function of the program that does nothing to its argument may not even read it.
                Value::Pointer(..) | Value::View(..) if summary.basis != Basis::Body || calling.native => {
                    // What reads a value writes nothing.
                    let reads = |outcome: &Outcome| matches!(&outcome.result.ownership, Ownership::Pointee(of) if of.root == root);
                    let read =
                        summary.outcomes.iter().all(reads).then(|| Calling { access: Access::Read, ..calling.clone() });
                    let calling = read.as_ref().unwrap_or(calling);
                    let assumed = match summary.basis {
                        Basis::Guess => Some(Unseen::Itself),
                        Basis::Body if summary.assumes(&root) => Some(Unseen::Callee),
                        _ => None,
                    };
                    self.lend(path, calling, &value, assumed);
                }
                Value::Pointer(object, _) => {
                    let lent = StepKind::Lent {
                        to: calling.name.clone(),
                        assumed: summary.assumes(&root).then_some(Unseen::Callee),
                    };
                    path.tell(object, Step { kind: lent, location: calling.at });
                    if let Some(object) = path.objects.get_mut(&object) {
                        std::rc::Rc::make_mut(&mut object.story).lent_to = Some(calling.name.clone());
                    }
                    self.invalidate(path, object);
                }
                Value::Closure(_) => self.escape(path, &value),
                _ => {}
            }
        }
    }

    pub(super) fn effects(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        effects: &[Effect],
        basis: Basis,
        guard: Option<(Symbol, bool)>,
    ) {
        for (index, effect) in effects.iter().enumerate() {
            let role = Role::Filled(index as u16);
            if let EffectKind::Fill(contract) = &effect.kind {
                self.fill(path, calling, &effect.on, contract, basis, guard, role);
                continue;
            }
            let value = match self.value_at(path, calling, &effect.on) {
                Some(value) => Some(value),
                None => self.read_given(path, calling, effect),
            };
            self.give_up_concluded(path, calling, effect, value.as_ref());
            let Some(value) = value else {
                self.open_elements(path, calling, &effect.on, false);
                continue;
            };
            if effect.on.steps.is_empty() && self.crosses_by_value(calling, &effect.on) {
                self.copy_out(path, &value, &effect.kind);
                continue;
            }
            match &effect.kind {
                EffectKind::Borrow => {
                    self.lend(path, calling, &value, (basis == Basis::Guess).then_some(Unseen::Itself))
                }
                EffectKind::BorrowAssumed => {
                    self.check_contents(path, calling, &value);
                    if let Some(id) = value.object() {
                        path.assume(id);
                    }
                }
                EffectKind::Release(family) => {
                    self.check_names(path, calling, family, &value);
                    let family = match self.allocating(path, calling, family) {
                        // An arena's `free` does nothing.
                        Allocating::Scope(_) | Allocating::UnknownScope => continue,
                        Allocating::Family(family) => Some(self.released_with_length(calling, &effect.on, family)),
                        Allocating::Parameter(_) | Allocating::Unknown => None,
                    };
                    let family = self.family_of_member(path, &effect.on, &value).or(family);
                    let inside = calling.ended.iter().find(|made| made.what == effect.on).cloned();
                    let by = calling.name.clone();
                    let (at, targets) = (calling.at, calling.targets);
                    let whole = effect.on.steps.is_empty();
                    let releasing = Releasing { by, at, family, basis, inside, whole, targets };
                    self.check_type(path, calling, &effect.on, &value, &releasing);
                    self.adopting = self.before_adoption(path, calling, &value);
                    self.release(path, calling.site, &value, &releasing);
                }
                EffectKind::Adopt(family) => self.take_over(path, calling, &value, *family, basis),
                EffectKind::Drop(family) => self.drop_value(path, calling, &value, *family, basis),
                EffectKind::Disown => self.disown(path, &value),
                EffectKind::Hold(place) => self.retain(path, calling, &effect.on, place.as_ref(), &value),
                EffectKind::MayRelease(family) => self.may_release(path, calling, &effect.on, &value, *family),
                EffectKind::Escape => {
                    path.pass_on(&value);
                    self.escape(path, &value);
                }
                EffectKind::Take
                    if self.hands_address(calling) && value.object().is_some_and(|id| path.is_adopted(id)) =>
                {
                    self.given_back = self.give_back(path, &value);
                }
                EffectKind::Take => {
                    self.usage(path, &value, Usage::Pass(calling.name.clone()), calling.at);
                    if let Some(object) = value.object() {
                        path.tell(
                            object,
                            Step { kind: StepKind::Taken { by: calling.name.clone() }, location: calling.at },
                        );
                    }
                    self.let_go(path, &value, Event::Take);
                }
                EffectKind::StoreInto(target) => self.store_into(path, calling, &effect.on, target, value),
                EffectKind::ReleaseLater { by, family, key } => {
                    let inside = calling.ended.iter().find(|made| made.what == effect.on).map(|made| made.location);
                    let registration =
                        Registration { by, family: family.as_ref(), told: false, key: key.as_ref(), inside };
                    self.release_later(path, calling, &value, &registration, basis);
                }
                EffectKind::Detach => self.detach(path, &value),
                EffectKind::ReleaseAll => {
                    if let Value::Scope(scope) = value {
                        self.end_scope(path, scope, &calling.name, calling.at);
                    }
                }
                EffectKind::Fill(_) | EffectKind::Untouched => {}
            }
        }
    }

    /// What the memory that was returned holds, and what is to release what was returned.
    fn fill_result(&mut self, path: &mut Path, calling: &Calling, effects: &[Effect], basis: Basis) {
        for (index, effect) in effects.iter().enumerate().filter(|(_, effect)| effect.on.root == Root::Result) {
            match &effect.kind {
                EffectKind::Fill(contract) => {
                    self.fill(path, calling, &effect.on, contract, basis, None, Role::Filled(index as u16));
                }
                EffectKind::ReleaseLater { by, family, key } => {
                    let told = basis == Basis::Body;
                    let registration =
                        Registration { by, family: family.as_ref(), told, key: key.as_ref(), inside: None };
                    if let Some(value) = self.value_at(path, calling, &effect.on) {
                        self.release_later(path, calling, &value, &registration, basis);
                    }
                }
                _ => {}
            }
        }
    }

    fn store_into(&mut self, path: &mut Path, calling: &Calling, on: &AccessPath, target: &AccessPath, value: Value) {
        let Some((last, before)) = target.steps.split_last() else {
            self.escape(path, &value);
            return;
        };
        let owner = AccessPath { root: target.root.clone(), steps: before.iter().cloned().collect() };
        let owner = self.value_at(path, calling, &owner);
        let (object, offset, prefix) = match &owner {
            Some(Value::Pointer(object, offset)) => (*object, *offset, Name::default()),
            Some(Value::View(object, prefix)) => (*object, Offset::Start, prefix.clone()),
            _ => {
                // Memory of the caller's that was not looked at here.
                let place = self.place_of(path, calling, target);
                let made = calling.ended.iter().find(|made| made.what == *on);
                if !place.is_some_and(|place| self.keep_on(path, &place, &value, made, calling.at)) {
                    self.escape(path, &value);
                }
                return;
            }
        };
        if let Some(owner) = owner {
            self.usage(path, &owner, Usage::Write, calling.at);
        }
        let key = Self::key(calling, offset, &prefix, last);
        if let Value::View(from, part) = &value {
            self.usage(path, &value, Usage::Read, calling.at);
            let whole = part.is_empty() && key == POINTEE;
            return self.share_fields(path, *from, whole.then_some(object), calling.at);
        }
        // A new object is made of what is gone.
        if self.is_instance(object) && value.object().is_some_and(|id| path.ownership(id) == State::Released) {
            self.usage(path, &value, Usage::Pass(calling.name.clone()), calling.at);
        }
        let made = calling.ended.iter().find(|made| made.what == *on).map(|made| made.location);
        if self.keep_given(path, object, &key, &value, made.unwrap_or(calling.at)) {
            return;
        }
        // Static memory of native code.
        if self.place_of(path, calling, target).is_some_and(|place| matches!(place.root, Root::Static(_))) {
            return self.retain(path, calling, on, Some(target), &value);
        }
        self.store_told(path, object, key.clone(), value.clone(), calling.at);
        // What an object of the program keeps ends with that, or is seen in it.
        if self.is_instance(object) {
            return;
        }
        let made = calling.ended.iter().find(|made| made.what == *on).cloned();
        self.lodge(path, calling, (object, &key), &value, made);
    }

    #[allow(clippy::too_many_arguments)]
    fn fill(
        &mut self,
        path: &mut Path,
        calling: &Calling,
        place: &AccessPath,
        contract: &ResultContract,
        basis: Basis,
        guard: Option<(Symbol, bool)>,
        role: Role,
    ) {
        let Some((last, before)) = place.steps.split_last() else { return };
        let Some(last) = self.field_here(calling.site.frame, last) else { return };
        let owner = AccessPath { root: place.root.clone(), steps: before.iter().cloned().collect() };
        let (object, offset, prefix) = match self.value_at(path, calling, &owner) {
            Some(Value::Pointer(object, offset)) => (object, offset, Name::default()),
            Some(Value::View(object, prefix)) => (object, Offset::Start, prefix),
            _ => return,
        };
        let key = Self::key(calling, offset, &prefix, &last);
        let there = contract.when.as_ref().map(|test| self.test(path, calling, &test.arg, &test.test));
        if there == Some(Some(false)) {
            return;
        }
        // What a block says of itself: what it leads to lies behind.
        if let Ownership::Interior(of) = &contract.ownership
            && of.root == Root::Result
        {
            if let Some(Value::Pointer(block, _)) = self.value_at(path, calling, of) {
                path.put(object, key, Value::Pointer(block, Offset::Inside));
            }
            return;
        }
        let value = self.result(path, &calling.of(place), contract, basis, role);
        if let Some(id) = value.object() {
            let origin = &mut self.origins[id.origin as usize];
            origin.sometimes |= contract.sometimes && there != Some(Some(true));
            origin.sometimes |= calling.unsure && place.root != Root::Result;
            if basis == Basis::Body && place.root == Root::Result {
                origin.part_of = Some(object.origin);
            }
        }
        if let Some(held) = value.object().and_then(|id| path.objects.get_mut(&id)) {
            held.guard = guard;
            let story = std::rc::Rc::make_mut(&mut held.story);
            story.stored = true;
            // What a function of the program put there is a field like any other.
            if basis == Basis::Body {
                story.steps.push(Step { kind: StepKind::Stored { into: key.clone() }, location: calling.at });
            }
        }
        let open = path
            .objects
            .get(&object)
            .is_none_or(|object| object.path.is_some() || matches!(object.ownership, State::Escaped | State::Unknown));
        let open = open || self.is_kept_by_instance(path, object);
        if open && !self.is_instance(object) {
            // How many elements there are, only those know who see the array.
            match last {
                PathStep::Elements => self.escape(path, &value),
                _ => self.fill_given(path, object, &value, basis),
            }
        }
        if let Some(id) = value.object().filter(|_| self.is_instance(object) && !self.is_whole_data(path, object)) {
            self.ledger.entry(id.origin).or_default().of_object = true;
        }
        path.put(object, key, value);
    }

    /// What is put into memory that somebody else sees is his; where that is the caller's own, the caller is told what
    /// it got.
    fn fill_given(&mut self, path: &mut Path, into: ObjectId, value: &Value, basis: Basis) {
        let guard = value.object().and_then(|id| path.objects.get(&id)?.guard);
        let owned = match value {
            Value::Pointer(id, Offset::Start) => path.ownership(*id),
            _ => State::Unknown,
        };
        self.escape(path, value);
        let callers = path.objects.get(&into).and_then(|object| object.path.as_ref());
        let is_callers = callers.is_some_and(|at| matches!(at.root, Root::Param(_) | Root::Named(_)));
        let State::Owned(MemoryFamily::Known(family)) = owned else { return };
        if is_callers
            // What is only a hint stays where it is.
            && basis > Basis::MetadataDerived
            && let Some(object) = value.object().and_then(|id| path.objects.get_mut(&id))
        {
            object.given = Some(family);
            object.guard = guard;
        }
    }

    fn test(&self, path: &Path, calling: &Calling, arg: &AccessPath, test: &ValueTest) -> Option<bool> {
        let value = match calling.root(arg) {
            Some(_) => self.value_at(path, calling, arg)?,
            // Not passed.
            None => Value::Null,
        };
        Some(match (test, value) {
            (ValueTest::Has(bits), Value::Int(value)) => value & bits == *bits,
            (ValueTest::Lacks(bits), Value::Int(value)) => value & bits != *bits,
            (ValueTest::Equals(wanted), Value::Bool(value)) => i64::from(value) == *wanted,
            (ValueTest::Differs(wanted), Value::Bool(value)) => i64::from(value) != *wanted,
            (ValueTest::Equals(wanted), Value::Int(value)) => value == *wanted,
            (ValueTest::Differs(wanted), Value::Int(value)) => value != *wanted,
            (ValueTest::Null, value) if value.is_null() => true,
            (ValueTest::NonNull, value) if value.is_null() => false,
            (ValueTest::Null, Value::Pointer(object, _))
                if path.objects.get(&object).is_some_and(|object| object.non_null) =>
            {
                false
            }
            (ValueTest::NonNull, Value::Pointer(object, _))
                if path.objects.get(&object).is_some_and(|object| object.non_null) =>
            {
                true
            }
            (ValueTest::Null, value) if value.is_function() => false,
            (ValueTest::NonNull, value) if value.is_function() => true,
            _ => return None,
        })
    }
}

/// Whether a result is the argument itself or something of it: then the call does not look at what it leads to.
fn passes_through(ownership: &Ownership, root: &Root) -> bool {
    match ownership {
        // Reading what it leads to is a use.
        Ownership::Alias(path) => path.root == *root && path.steps.is_empty(),
        Ownership::Interior(path) | Ownership::Address(path) => path.root == *root,
        _ => false,
    }
}

pub(super) fn status_symbol(site: Site) -> Symbol {
    Symbol::of((site, "status"))
}
