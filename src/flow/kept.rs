//! Where addresses are kept beyond a call: static variables, containers in them, memory of the caller's.

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::path::{Kept, Lodged, Object, Path, Retained};
use super::resets::{self, Sought};
use super::value::{ObjectId, Offset, Value};
use crate::ir::{Base, ClassId, FunctionId, FunctionKind, Name, Op, Place, TypeRef};
use crate::language::Language;
use crate::link::{FuncRef, Target, Ty, VarRef};
use crate::models::hints::{Hint, Hints};
use crate::source::Location;
use crate::state::{Event, Ownership};
use crate::summary::{AccessPath, Made, Root, Step as PathStep};
use crate::violation::{Step, StepKind, Usage, Violation, ViolationKind};

/// The step to one of many things.
const MANY: Name = Name::literal(arcstr::literal!("[]"));

impl Engine<'_> {
    /// The place that a value of a native function is or leads to, where that outlives the call.
    fn lasting(&self, path: &Path, value: &Value) -> Option<AccessPath> {
        match value {
            Value::Symbol(symbol) => self.inside.get(symbol).cloned(),
            Value::Pointer(id, _) => {
                let at = path.objects.get(id)?.path.as_deref()?;
                (matches!(at.root, Root::Static(_)) || !at.steps.is_empty()).then(|| at.clone())
            }
            _ => None,
        }
    }

    /// What the function was given, as it is or wrapped in a value of its own.
    fn given_whole(&self, path: &Path, value: &Value) -> Option<ObjectId> {
        let id = match value {
            Value::Pointer(id, Offset::Start) => *id,
            Value::Symbol(symbol) => *self.wrapped.get(symbol)?,
            _ => return None,
        };
        let object = path.objects.get(&id)?;
        let given =
            matches!(object.path.as_deref(), Some(AccessPath { root: Root::Param(_), steps }) if steps.is_empty());
        let fine = object.ownership == Ownership::Unknown
            || object.ownership == Ownership::Escaped && matches!(value, Value::Symbol(_));
        // What a smart pointer owns goes where its value goes.
        (given && fine && object.story.ends_as.is_none()).then_some(id)
    }

    /// A function of which nothing is known is called in native code: a member of a container may keep what it is given.
    /// Whether it does.
    pub(super) fn keep_in_container(&mut self, path: &mut Path, calling: &Calling) -> bool {
        if !self.is_native(calling.site.frame) {
            return false;
        }
        let name = calling.name.rsplit(['.', ':']).next().unwrap_or_default();
        let Some(place) = calling.receiver.as_ref().and_then(|receiver| self.lasting(path, &receiver.value)) else {
            return false;
        };
        if !self.models.hints().says(Hint::PutsIn, name) || !self.holds_addresses(calling.site.frame, &place) {
            return false;
        }
        let given: Vec<ObjectId> = calling.args.iter().filter_map(|arg| self.given_whole(path, &arg.value)).collect();
        for id in &given {
            self.keep_among(path, *id, &place, calling.at);
        }
        !given.is_empty()
    }

    /// Writes an element of a container, or what a lock guards. Whether that keeps what the function was given.
    pub(super) fn keep_through(
        &mut self,
        site: Site,
        path: &mut Path,
        to: &Place,
        value: &Value,
        at: Location,
    ) -> bool {
        let Base::Local(base) = &to.base else { return false };
        let base = self.local(site.frame, path, *base);
        let place = self.lasting(path, &base).filter(|_| self.is_native(site.frame) && !to.path.is_empty());
        let (Some(place), Some(id)) = (place, self.given_whole(path, value)) else { return false };
        if !self.holds_addresses(site.frame, &place) {
            return false;
        }
        self.keep_among(path, id, &place, at);
        true
    }

    /// Whether an argument is what was put into a container just now.
    pub(super) fn is_kept_whole(&self, path: &Path, value: &Value) -> bool {
        let object = self.given_whole(path, value).and_then(|id| path.objects.get(&id));
        object.is_some_and(|object| object.story.kept.is_some())
    }

    /// What the function was given and put into memory of its own, which goes into a static variable now.
    pub(super) fn given_within(
        &self,
        path: &Path,
        into: ObjectId,
        key: &Name,
        value: &Value,
    ) -> Vec<(ObjectId, AccessPath)> {
        let keeper = path.objects.get(&into).and_then(|object| object.path.as_deref());
        let keeper = keeper.filter(|at| matches!(at.root, Root::Static(_)) && self.is_native(0));
        let own = value.object().filter(|id| path.objects.get(id).is_some_and(|object| object.path.is_none()));
        let (Some(keeper), Some(own)) = (keeper, own) else { return Vec::new() };
        let held = path.held(own).filter_map(|(field, value)| {
            let mut place = keeper.clone();
            place.steps.push(super::memory::step(key));
            place.steps.push(PathStep::Field(field.clone()));
            let is_copied = self.converts(0, &place);
            Some((self.given_whole(path, value).filter(|_| !is_copied && matches!(value, Value::Pointer(..)))?, place))
        });
        held.collect()
    }

    pub(super) fn keep_among(&mut self, path: &mut Path, id: ObjectId, place: &AccessPath, at: Location) {
        if let Some(object) = path.objects.get_mut(&id) {
            object.ownership = Ownership::Unknown;
            let kept = Kept { into: place.clone(), key: MANY, at, unseen: true };
            std::rc::Rc::make_mut(&mut object.story).kept = Some(Box::new(kept));
        }
    }

    /// Whether a place is a container, a lock or an atomic in which an address stays one: a C++ container of strings copies
    /// what it is given, while Rust converts nothing.
    fn holds_addresses(&self, frame: u32, place: &AccessPath) -> bool {
        let converts = self.is_cpp(frame);
        let fits = |ty: &TypeRef| {
            is_container(self.models.hints(), ty) && (!converts || ty.args.iter().any(|arg| has_pointer(arg, 0)))
        };
        let mut declared = self.declared_at(place).into_iter().peekable();
        declared.peek().is_some()
            && declared.all(|variable| self.program.variable(variable).ty.as_ref().is_some_and(fits))
    }

    /// Whether C++ makes something else of an address that is put in a place: a `std::string` copies the text, a class
    /// has its own `operator=`.
    pub(super) fn converts(&self, frame: u32, place: &AccessPath) -> bool {
        // What a static variable points to, where the place lies there.
        let through = place.steps.iter().rev().skip(1).filter(|step| matches!(step, PathStep::Pointee)).count();
        let is_value = |variable: VarRef| {
            let Some(written) = self.program.variable(variable).ty.as_ref() else { return false };
            let (written, ty) = element(written, self.program.variable_type(variable), through);
            let is_class = matches!(ty, Ty::Class(..) | Ty::Model(..) | Ty::External(_) | Ty::String | Ty::Sdk(..));
            is_class && !has_pointer(written, 0)
        };
        if !self.is_cpp(frame) {
            return false;
        }
        let declared = self.declared_at(place);
        if !declared.is_empty() {
            return declared.into_iter().all(is_value);
        }
        // A member of a template that is not here is of a type that the template was given: `pair<string, int>::first`.
        let whole = AccessPath::root(place.root.clone());
        let templates = self.declared_at(&whole);
        let is_template = |variable: &VarRef| {
            let written = self.program.variable(*variable).ty.as_ref();
            written.is_some_and(|ty| !element(ty, &Ty::Unknown, through).0.args.is_empty())
        };
        !templates.is_empty() && templates.iter().all(is_template) && templates.into_iter().all(is_value)
    }

    /// The fields of native code, or the static variables, that a place may be by its last name.
    fn declared_at(&self, place: &AccessPath) -> Vec<VarRef> {
        let field = place.steps.iter().rev().find_map(|step| match step {
            PathStep::Field(name) => name.rsplit('.').find(|name| !name.starts_with(['[', '*'])),
            _ => None,
        });
        let mut found = Vec::new();
        for (unit, from) in (0_u32..).zip(&self.program.units).filter(|(_, unit)| unit.language.is_native()) {
            match (field, &place.root) {
                (Some(field), _) => {
                    for (class, declared) in (0_u32..).zip(&from.classes) {
                        let named = (0_u32..).zip(&declared.fields).filter(|(_, known)| known.name == field);
                        found.extend(named.map(|(index, _)| VarRef { unit, class: Some(ClassId(class)), index }));
                    }
                }
                (None, Root::Static(name)) => {
                    let named = (0_u32..).zip(&from.variables).filter(|(_, known)| known.name == *name);
                    found.extend(named.map(|(index, _)| VarRef { unit, class: None, index }));
                }
                _ => {}
            }
        }
        found
    }

    /// The result of a call of which nothing is known: what it leads into, or what it is made of.
    pub(super) fn note_result(&mut self, path: &Path, calling: &Calling, wrapped: Option<ObjectId>, result: &Value) {
        let Value::Symbol(symbol) = result else { return };
        if !self.is_native(calling.site.frame) {
            return;
        }
        let name = calling.name.rsplit(['.', ':']).next().unwrap_or_default();
        let place = calling.receiver.as_ref().filter(|_| self.models.hints().says(Hint::LeadsInto, name));
        if let Some(place) = place.and_then(|receiver| self.lasting(path, &receiver.value)) {
            self.inside.insert(*symbol, place);
        }
        if let Some(id) = wrapped {
            self.wrapped.insert(*symbol, id);
        }
    }

    /// What a Rust value is made of that is nothing but a wrapper of it: `Held(text)`.
    pub(super) fn wraps(&self, path: &Path, calling: &Calling) -> Option<ObjectId> {
        let unit = self.frames[calling.site.frame as usize].function.unit;
        let unit = self.program.units.get(unit as usize).filter(|unit| unit.language == Language::Rust)?;
        let ([arg], None) = (calling.args.as_slice(), &calling.receiver) else { return None };
        let class = unit.classes.iter().find(|class| class.name == calling.name && !class.fields.is_empty())?;
        let drops = class.members.iter().any(|member| unit.function(*member).kind == FunctionKind::Destructor);
        let id = self.given_whole(path, &arg.value)?;
        (!drops && class.fields.iter().all(|field| field.name == "0")).then_some(id)
    }

    /// A callee keeps what the function was given itself: so does the function. Whether that is so.
    pub(super) fn keep_on(
        &mut self,
        path: &mut Path,
        place: &AccessPath,
        value: &Value,
        made: Option<&Made>,
        at: Location,
    ) -> bool {
        let Some(id) = self.given_whole(path, value).filter(|_| matches!(value, Value::Pointer(..))) else {
            return false;
        };
        let mut into = place.clone();
        let key = match into.steps.pop() {
            Some(PathStep::Field(name)) => name,
            Some(PathStep::Elements) => MANY,
            Some(PathStep::Pointee) | None => super::memory::POINTEE,
        };
        if let Some(object) = path.objects.get_mut(&id) {
            let at = made.map_or(at, |made| made.location);
            std::rc::Rc::make_mut(&mut object.story).kept = Some(Box::new(Kept { into, key, at, unseen: true }));
        }
        true
    }

    /// The place that a callee keeps something in, as the function and its callers see it.
    pub(super) fn place_of(&self, path: &Path, calling: &Calling, place: &AccessPath) -> Option<AccessPath> {
        if matches!(place.root, Root::Static(_)) {
            return Some(place.clone());
        }
        let owner = &calling.root(place)?.value;
        let (id, prefix) = match owner {
            Value::Pointer(id, Offset::Start) => (id, None),
            Value::View(id, prefix) => (id, Some(prefix.clone()).filter(|prefix| !prefix.is_empty())),
            _ => return None,
        };
        let object = path.objects.get(id)?;
        let mut whole = match object.path.as_deref() {
            Some(at) => at.clone(),
            // What a function of the program hands out of its own static memory.
            None if object.ownership == Ownership::Static && self.is_native(calling.site.frame) => {
                AccessPath::root(Root::Static(self.origins[id.origin as usize].by.clone()))
            }
            None => return None,
        };
        whole.steps.extend(prefix.map(PathStep::Field));
        whole.steps.extend(place.steps.iter().cloned());
        Some(whole)
    }

    /// A call put an address into memory that this function sees: it stays there until it is written over.
    pub(super) fn lodge(
        &self,
        path: &mut Path,
        calling: &Calling,
        (within, key): (ObjectId, &Name),
        value: &Value,
        made: Option<Made>,
    ) {
        let lender = |id: ObjectId| path.objects.get(&id).and_then(|object| object.story.lent_of);
        let Some(given) = value.object() else { return };
        let id = lender(given).unwrap_or(given);
        if let Some(object) = path.objects.get_mut(&id).filter(|_| id != within)
            && matches!(object.ownership, Ownership::Owned(_) | Ownership::Managed)
        {
            let lodged = Lodged { within, key: key.clone(), by: calling.name.clone(), at: calling.at, made };
            std::rc::Rc::make_mut(&mut object.story).lodged = Some(Box::new(lodged));
            if id != given {
                path.put(within, key.clone(), Value::Pointer(id, Offset::Start));
            }
        }
    }

    /// One of many things in memory that this function sees. Whether that is so.
    pub(super) fn lodge_among(
        &self,
        path: &mut Path,
        calling: &Calling,
        place: &AccessPath,
        value: &Value,
        made: Option<Made>,
    ) -> bool {
        let within = calling.root(place).and_then(|arg| match arg.value {
            Value::Pointer(id, Offset::Start) => Some(id),
            _ => None,
        });
        let field = place.steps.iter().rev().find_map(|step| match step {
            PathStep::Field(name) => Some(name.clone()),
            _ => None,
        });
        let (Some(within), Some(field)) = (within.filter(|id| path.objects.contains_key(id)), field) else {
            return false;
        };
        let key = super::memory::join_key(&field, &MANY);
        self.lodge(path, calling, (within, &key), value, made);
        let id = value.object().filter(|id| path.objects.get(id).is_some_and(|it| it.story.lodged.is_some()));
        let Some(object) = id.and_then(|id| path.objects.get_mut(&id)) else { return false };
        // Whoever takes the container apart may release what is in it: nobody else has to.
        let retained = Retained { by: calling.name.clone(), at: calling.at, place: None, stored_at: None, stale: true };
        std::rc::Rc::make_mut(&mut object.story).retained = Some(Box::new(retained));
        path.put(within, key, value.clone());
        true
    }

    /// A call comes: it may let go of what is kept, or look at what was released although it is kept.
    pub(super) fn note_reset(&mut self, path: &mut Path, target: &Target, calling: &Calling) {
        let keeps = |object: &Object| {
            let story = &object.story;
            story.kept.is_some() || story.lodged.is_some() || story.retained.as_ref().is_some_and(|it| !it.stale)
        };
        let open: Vec<ObjectId> = path.objects.iter().filter(|(_, object)| keeps(object)).map(|(id, _)| *id).collect();
        if open.is_empty() {
            return;
        }
        let Some(callees) = self.callees(target, calling) else { return };
        let native = matches!(target, Target::Native { .. });
        let given =
            |id: &ObjectId| calling.args.iter().chain(&calling.receiver).any(|arg| arg.value.object() == Some(*id));
        for id in open {
            let Some(story) = path.objects.get(&id).map(|object| object.story.clone()) else { continue };
            let resets = |engine: &mut Self, sought: Option<Sought>| match (&callees, sought) {
                (Some(bodies), Some(sought)) => bodies.iter().any(|body| {
                    engine.may_write(*body, &sought) || resets::ends(engine.program, engine.models.hints(), *body)
                }),
                (Some(_), None) => native,
                (None, _) => {
                    resets::may_unset(self.models.hints(), &calling.name)
                        || target.symbol().is_some_and(|symbol| resets::may_unset(self.models.hints(), symbol))
                }
            };
            let mut changed = (*story).clone();
            if let Some(kept) = &story.kept
                && (kept.unseen || matches!(kept.into.root, Root::Static(_)))
                && resets(self, Some(Sought::at(&kept.place())))
            {
                changed.kept = None;
            }
            if let Some(retained) = story.retained.as_ref().filter(|retained| !retained.stale) {
                let stale = match &retained.place {
                    Some(place) => resets(self, Some(Sought::at(place))),
                    None => native && !given(&id),
                };
                changed.retained = Some(Box::new(Retained { stale, ..Retained::clone(retained) }));
            }
            if let Some(lodged) = story.lodged.as_ref().filter(|lodged| given(&lodged.within))
                && let Some(sought) = Sought::field(&lodged.key)
            {
                let released = path.ownership(id) == Ownership::Released;
                // Who takes the memory apart may look at it to see whose it is.
                if resets::may_unset(self.models.hints(), &calling.name) || resets(self, Some(sought.clone())) {
                    changed.lodged = None;
                } else if released
                    && callees
                        .iter()
                        .flatten()
                        .any(|body| resets::only_reads(self.program, self.models.hints(), *body, &sought))
                {
                    self.fault_of_lodged(path, id, lodged, calling);
                    changed.lodged = None;
                }
            }
            if let Some(object) = path.objects.get_mut(&id) {
                object.story = std::rc::Rc::new(changed);
            }
        }
    }

    /// What a call runs: bodies of the program; nothing inside where there are none to be seen. Nothing at all for what
    /// is described: that knows nothing of a program's own places.
    fn callees(&self, target: &Target, calling: &Calling) -> Option<Option<Vec<FuncRef>>> {
        let unit = self.frames[calling.site.frame as usize].function.unit;
        let bodies = match target {
            Target::Functions(functions) => functions.candidates.to_vec(),
            Target::Native { symbol: Some(symbol), model } => {
                let bodies = self.program.definitions(symbol, unit).to_vec();
                if bodies.is_empty() && model.is_some() {
                    return None;
                }
                bodies
            }
            Target::Native { symbol: None, model: None } | Target::Unknown => Vec::new(),
            _ => return None,
        };
        Some(Some(bodies).filter(|bodies| !bodies.is_empty()))
    }

    fn may_write(&mut self, function: FuncRef, sought: &Sought) -> bool {
        let key = (function, sought.clone());
        if let Some(known) = self.resets.get(&key) {
            return *known;
        }
        let writes = resets::may_write(self.program, self.models.hints(), function, sought);
        self.resets.insert(key, writes);
        writes
    }

    /// Other code runs while this waits: what some other function of the program resets may be reset. Native code that
    /// has a callback calls it meanwhile, and may be done with all that it was given then.
    pub(super) fn note_waiting(&mut self, path: &mut Path) {
        let program = self.program;
        let is_callback = |id: &ObjectId| {
            let family = self.origins.get(id.origin as usize).and_then(|origin| origin.family);
            family.is_some_and(|family| self.models.family(family).callback)
        };
        let answers = path.objects.keys().any(is_callback);
        for object in path.objects.values_mut() {
            let Some(retained) = object.story.retained.as_ref().filter(|retained| !retained.stale) else { continue };
            let still = match (&retained.place, retained.stored_at) {
                (Some(place), Some(at)) if !answers => {
                    let sought = Sought::at(place);
                    let unit = (0_u32..).zip(&program.units).find(|(_, unit)| unit.file == at.file);
                    unit.is_some_and(|(index, unit)| {
                        let functions = (0_u32..).zip(&unit.functions).filter(|(_, one)| !one.span.contains(at.span));
                        let mut functions =
                            functions.map(|(one, _)| FuncRef { unit: index, function: FunctionId(one) });
                        !functions.any(|one| resets::writes(program, self.models.hints(), one, &sought))
                    })
                }
                _ => false,
            };
            if !still && let Some(retained) = &mut std::rc::Rc::make_mut(&mut object.story).retained {
                retained.stale = true;
            }
        }
    }

    /// Whether the analysed function keeps an address only for as long as it runs: nobody reads it but the function and
    /// those that only it leads to.
    pub(super) fn keeps_for_itself(&self, place: &AccessPath) -> bool {
        let program = self.program;
        let native = |function: &FuncRef| program.units[function.unit as usize].language.is_native();
        let Some(own) = resets::reached(program, self.root).filter(|_| native(&self.root)) else { return false };
        let sought = Sought::at(place);
        let mut units: Vec<u32> = own.iter().filter(|one| native(one)).map(|one| one.unit).collect();
        units.sort_unstable();
        units.dedup();
        let functions = units.iter().flat_map(|unit| {
            let count = program.units[*unit as usize].functions.len() as u32;
            (0..count).map(|index| FuncRef { unit: *unit, function: FunctionId(index) })
        });
        let functions: Vec<FuncRef> = functions.collect();
        let readers: Vec<FuncRef> =
            functions.iter().copied().filter(|one| resets::reads(program, *one, &sought)).collect();
        let others: Vec<FuncRef> = readers.iter().copied().filter(|one| *one != self.root).collect();
        if readers.is_empty()
            || others.is_empty() && sought.of_many
            || others.iter().any(|one| !own.contains(one) || self.is_named(*one))
        {
            return false;
        }
        let outside = functions.iter().filter(|one| !own.contains(one));
        if outside.flat_map(|one| super::reach::called(program, *one)).any(|callee| others.contains(&callee)) {
            return false;
        }
        // What is passed on may be called later; a function that says so is told of something to be used then.
        let sets = self.models.hints().says(Hint::Sets, &program.function(self.root).name);
        let passed_on = own.iter().any(|one| {
            let targets = &program.resolved(*one).targets;
            targets.iter().flatten().any(|target| matches!(target, Target::TearOff(it) if others.contains(it)))
        });
        !(sets && passed_on)
    }

    /// Whether Dart code names a native function.
    fn is_named(&self, function: FuncRef) -> bool {
        let exports = &self.program.units[function.unit as usize].exports;
        let mut symbols = exports.iter().filter(|export| export.function == function.function);
        symbols.any(|export| super::exports::named_symbols(self.program).any(|symbol| *symbol == export.symbol))
    }

    /// Memory was released although a handle still leads to it, and a call looks at it there.
    fn fault_of_lodged(&mut self, path: &Path, id: ObjectId, lodged: &Lodged, calling: &Calling) {
        let Some(object) = path.objects.get(&id).filter(|_| !path.doubtful) else { return };
        let release = object.story.steps.iter().rev().find_map(|step| match &step.kind {
            StepKind::Released { by, .. } => Some((by.clone(), step.location)),
            _ => None,
        });
        let Some((release, released_at)) = release else { return };
        let at = if object.scope.is_some() { lodged.at } else { released_at };
        let mut trace = object.story.steps.clone();
        let inner = lodged.made.iter().map(|made| (made.by.clone(), made.location));
        let kept = inner
            .chain([(lodged.by.clone(), lodged.at)])
            .map(|(by, location)| Step { kind: StepKind::Kept { by }, location });
        let kept: Vec<Step> = kept
            .filter(|kept| {
                !trace.iter().any(|step| step.location == kept.location && matches!(step.kind, StepKind::Kept { .. }))
            })
            .collect();
        let last = trace.iter().rposition(|step| step.location == released_at).unwrap_or(trace.len());
        trace.splice(last..last, kept);
        trace.push(Step { kind: StepKind::Used(Usage::Pass(calling.name.clone())), location: calling.at });
        self.report(Violation {
            kind: ViolationKind::ReleasedRetained {
                subject: self.subject(id, object),
                keeper: lodged.by.clone(),
                release,
                by_dart: false,
            },
            function: self.root,
            at,
            trace,
            targets: path.targets,
            confidence: super::objects::confidence(self.origins[id.origin as usize].basis),
        });
    }

    /// A Dart callback keeps what it was passed in a variable that is read later, and native code releases it after the
    /// call.
    pub(super) fn fault_of_callback(&mut self, path: &Path, value: &Value, variable: VarRef, at: Location) {
        let Value::Pointer(id, Offset::Start) = value else { return };
        let Some(object) = path.objects.get(id).filter(|object| object.ownership == Ownership::Borrowed) else {
            return;
        };
        let Some((end, before)) = object.story.steps.split_last() else { return };
        let (StepKind::Released { by: release, .. } | StepKind::Dropped { of: release }) = &end.kind else { return };
        if path.doubtful || !self.is_callback_argument(*id) || !self.read_later(variable, at) {
            return;
        }
        let keeper = self.program.variable(variable).name.clone();
        let mut trace = before.to_vec();
        trace.push(Step { kind: StepKind::Kept { by: keeper.clone() }, location: at });
        trace.push(end.clone());
        self.report(Violation {
            kind: ViolationKind::ReleasedRetained {
                subject: self.subject(*id, object),
                keeper,
                release: release.clone(),
                by_dart: true,
            },
            function: self.root,
            at: end.location,
            trace,
            targets: path.targets.and(self.origins[id.origin as usize].targets),
            confidence: crate::violation::Confidence::High,
        });
    }

    /// Whether a variable holds on to what was put there: nothing else is put there, and functions that the analysed one
    /// does not call read it.
    fn read_later(&self, variable: VarRef, at: Location) -> bool {
        let Some(own) = resets::reached(self.program, self.root) else { return false };
        let mut read = false;
        for (unit, resolved) in (0_u32..).zip(&self.program.resolved) {
            for (index, function) in (0_u32..).zip(resolved) {
                let one = FuncRef { unit, function: FunctionId(index) };
                let body = self.program.function(one);
                let ops = body
                    .blocks
                    .iter()
                    .zip(&function.targets)
                    .flat_map(|(block, targets)| block.ops.iter().zip(targets));
                for (statement, target) in ops {
                    if !matches!(target, Target::Field(known) | Target::Static(known) if *known == variable) {
                        continue;
                    }
                    match &statement.op {
                        Op::Store { .. } => {
                            let file = self.program.units[unit as usize].file;
                            let here = Location { file, span: statement.span.absolute_from(body.base) };
                            if here != at {
                                return false;
                            }
                        }
                        Op::Load { .. } => read |= !own.contains(&one),
                        _ => {}
                    }
                }
            }
        }
        read
    }
}

impl Kept {
    /// The whole place.
    pub(super) fn place(&self) -> AccessPath {
        let mut place = self.into.clone();
        place.steps.push(super::memory::step(&self.key));
        place
    }
}

impl Object {
    /// What was let go of is no longer held against what kept it.
    pub(super) fn unlodge(&mut self, event: Event) {
        if self.story.lodged.is_some() && matches!(event, Event::Escape | Event::Take | Event::Return) {
            std::rc::Rc::make_mut(&mut self.story).lodged = None;
        }
    }
}

fn is_container(hints: &Hints, ty: &TypeRef) -> bool {
    let inner = || ty.args.first();
    match ty.name.rsplit("::").next().unwrap_or_default() {
        "*" | "&" => inner().is_some_and(|inner| is_container(hints, inner)),
        // An array of pointers.
        "[]" => inner().is_some_and(|element| has_pointer(element, 0)),
        name if hints.says(Hint::Wraps, name) => inner().is_some_and(|inner| is_container(hints, inner)),
        name => hints.says(Hint::Holds, name),
    }
}

/// The type of what a reference leads to, of the elements of an array, behind so many pointers.
fn element<'t>(mut written: &'t TypeRef, mut ty: &'t Ty, mut through: usize) -> (&'t TypeRef, &'t Ty) {
    while let Some(inner) = written.args.first() {
        match written.name.as_str() {
            "const" => {}
            "*" if through > 0 => through -= 1,
            "[]" | "&" => {}
            _ => break,
        }
        if let (Ty::Pointer(to), false) = (ty, written.name == "const") {
            ty = to;
        }
        written = inner;
    }
    (written, ty)
}

fn has_pointer(ty: &TypeRef, depth: u32) -> bool {
    ty.name == "*" || depth < 8 && ty.args.iter().any(|arg| has_pointer(arg, depth + 1))
}
