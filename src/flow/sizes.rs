//! What numbers count: bytes or elements.
//!
//! A call may take a number of bytes, another one a number of elements. What a number was computed from, and what it is
//! used for later, tells which of the two it is.

use rustc_hash::FxHashMap;

use super::bounds::LastIndex;
use super::calls::{ArgValue, Calling};
use super::engine::{Engine, Site};
use super::path::Path;
use super::value::{Offset, Symbol, Value};
use crate::ir::{Base, Callee, LocalId, Name, Op, Operand, Place, Projection, TypeRef, written};
use crate::link::{ClassRef, Target, Ty, VarRef};
use crate::models::hints::Hint;
use crate::models::{ModelId, Size, Sizing};
use crate::source::Location;
use crate::violation::{Confidence, Miscount, Step, StepKind, Violation, ViolationKind};

/// How deep structs in structs are measured.
const MAX_DEPTH: u32 = 4;

/// What a number was computed from.
#[derive(Clone, Debug, PartialEq)]
enum Measure {
    /// The length of a Dart value, and a constant.
    Length {
        /// Of which; `None` where lengths were added, or it is not one value each time.
        of: Option<Value>,
        /// What was added.
        plus: i64,
        /// It counts what is wider than a byte, whatever the program does.
        wide: bool,
        /// The value is a string: what is counted are its UTF-16 code units.
        text: bool,
    },
    /// A multiple of `sizeOf<T>()`: the type's name, and how many bytes it is where that is a constant on every target.
    SizeOf(Name, Option<i64>),
    /// Another number, and a constant; `None` where it is not one number each time.
    Sum(Option<Symbol>, i64),
}

/// A number, as far as it is known: a constant more than another one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    /// `None` where it is a constant alone.
    pub(super) base: Option<Start>,
    pub(super) plus: i64,
}

/// What a number begins with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Start {
    /// Some number.
    Symbol(Symbol),
    /// The length of a Dart value.
    Length(Value),
}

impl Number {
    /// How much more it is than another number that begins with the same.
    pub(super) fn beyond(&self, other: &Self) -> Option<i64> {
        (self.base == other.base).then(|| self.plus.checked_sub(other.plus)).flatten()
    }

    /// The value of which it is the length.
    pub(super) fn length_of(&self) -> Option<&Value> {
        match &self.base {
            Some(Start::Length(of)) => Some(of),
            _ => None,
        }
    }

    fn begins_with(&self, value: &Value) -> bool {
        match &self.base {
            Some(Start::Symbol(symbol)) => *value == Value::Symbol(*symbol),
            Some(Start::Length(of)) => of == value,
            None => false,
        }
    }

    /// The length of a value.
    pub(super) fn length(of: Value) -> Self {
        Self { base: Some(Start::Length(of)), plus: 0 }
    }

    /// The number that is so much more.
    pub(super) fn and(self, more: i64) -> Option<Self> {
        Some(Self { plus: self.plus.checked_add(more)?, ..self })
    }
}

/// What symbols were computed from.
#[derive(Default)]
pub(super) struct Measures {
    numbers: FxHashMap<Symbol, Option<Measure>>,
    /// The string that a list of bytes encodes.
    encoded: FxHashMap<Symbol, Option<Value>>,
}

impl Measures {
    fn of(&self, value: &Value) -> Option<&Measure> {
        match value {
            Value::Symbol(symbol) => self.numbers.get(symbol)?.as_ref(),
            _ => None,
        }
    }

    /// The string that a value is the encoding of.
    pub(super) fn encodes(&self, value: &Value) -> Option<&Value> {
        match value {
            Value::Symbol(symbol) => self.encoded.get(symbol)?.as_ref(),
            _ => None,
        }
    }

    /// Notes what the operation at `site` gives. What is one thing now and another thing then is nothing.
    fn note(&mut self, site: Site, measure: Measure) {
        let known = self.numbers.entry(site_symbol(site)).or_insert_with(|| Some(measure.clone()));
        match (known, measure) {
            (
                Some(Measure::Length { of, plus: a, wide: b, text: c }),
                Measure::Length { of: from, plus: x, wide: y, text: z },
            ) if (*a, *b, *c) == (x, y, z) => {
                if *of != from {
                    *of = None;
                }
            }
            (Some(Measure::Sum(of, _)), Measure::Sum(from, _)) => {
                if *of != from {
                    *of = None;
                }
            }
            (known, measure) => {
                if known.as_ref() != Some(&measure) {
                    *known = None;
                }
            }
        }
    }

    /// A symbol stands for what the operation at `site` gives.
    pub(super) fn same(&mut self, symbol: Symbol, site: Site) {
        if let Some(measure) = self.numbers.get(&site_symbol(site)).cloned() {
            self.numbers.insert(symbol, measure);
        }
    }
}

/// The number that a block was asked for with.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) by: Name,
    pub(super) at: Location,
    pub(super) number: Value,
    /// What is known of the number.
    pub(super) count: Option<Number>,
    /// The type of the elements that the number counts; bytes where there is none.
    pub(super) elements: Option<Name>,
    /// How many bytes each of what the number counts has, where that is the same on every target.
    pub(super) unit: Option<i64>,
    /// It is the same number on every path.
    pub(super) settled: bool,
    /// It is the length of a string that may be any, or one more.
    pub(super) short_of_text: bool,
}

impl Asked {
    /// Whether the number is a value, or was made of it.
    pub(super) fn rests_on(&self, value: &Value) -> bool {
        self.number == *value || self.count.as_ref().is_some_and(|count| count.begins_with(value))
    }

    /// Puts another value in the place of one.
    pub(super) fn replace(&mut self, from: &Value, to: &Value) {
        if self.number == *from {
            self.number.clone_from(to);
        }
        if let Some(count) = self.count.as_mut().filter(|count| count.begins_with(from)) {
            count.base = Some(match (&count.base, to) {
                (Some(Start::Symbol(_)), Value::Symbol(symbol)) => Start::Symbol(*symbol),
                (Some(Start::Length(_)), to) => Start::Length(to.clone()),
                _ => Start::Symbol(Symbol::of(("no number", to))),
            });
        }
    }
}

impl Engine<'_> {
    /// A `length` is read.
    pub(super) fn note_length(&mut self, site: Site, path: &Path, from: &Place) {
        if let Some(local) = length_of(from)
            && let Some(ty) = self.resolved(site.frame).types.get(local.index())
            && let Some(wide) = self.is_wide(ty)
        {
            let text = *ty == Ty::String;
            let of = Some(self.local(site.frame, path, local));
            self.measures.note(site, Measure::Length { of, plus: 0, wide, text });
        }
    }

    /// Whether the length of a value of that type counts more than bytes; `None` when it is no such length.
    fn is_wide(&self, ty: &Ty) -> Option<bool> {
        match ty {
            Ty::String => Some(true),
            // Whole numbers in a list may well be bytes.
            Ty::Sdk(name, items) if matches!(name.as_str(), "List" | "Set" | "Iterable") => {
                Some(!matches!(items.first(), None | Some(Ty::Unknown | Ty::Scalar | Ty::Parameter(_))))
            }
            Ty::Sdk(name, _) => (name == "Map").then_some(true),
            Ty::Model(id, _) => {
                let list = self.models.ty(*id);
                let size = list.size.filter(|_| !list.pointer && list.reads_as.is_none())?;
                Some(size.least > 1)
            }
            _ => None,
        }
    }

    /// An operator of two numbers.
    pub(super) fn note_arithmetic(&mut self, site: Site, op: &str, left: &Value, right: &Value) {
        let measure = match (op, left, right) {
            ("+", Value::Int(more), other) | ("+", other, Value::Int(more)) => self.increased(other, *more),
            ("-", other, Value::Int(less)) => less.checked_neg().and_then(|more| self.increased(other, more)),
            ("*", one, other) => self.multiplied(one, other).or_else(|| self.multiplied(other, one)),
            ("+", one, other) => match (self.measures.of(one), self.measures.of(other)) {
                (Some(Measure::Length { wide: a, text: c, .. }), Some(Measure::Length { wide: b, text: d, .. })) => {
                    Some(Measure::Length { of: None, plus: 0, wide: *a && *b, text: *c && *d })
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(measure) = measure {
            self.measures.note(site, measure);
        }
    }

    /// A number and a constant.
    fn increased(&self, value: &Value, more: i64) -> Option<Measure> {
        let Value::Symbol(symbol) = value else { return None };
        match self.measures.of(value) {
            Some(Measure::Length { of, plus, wide, text }) => {
                Some(Measure::Length { of: of.clone(), plus: plus.checked_add(more)?, wide: *wide, text: *text })
            }
            Some(Measure::Sum(of, plus)) => Some(Measure::Sum(*of, plus.checked_add(more)?)),
            Some(Measure::SizeOf(..)) => None,
            None => Some(Measure::Sum(Some(*symbol), more)),
        }
    }

    /// A size, so many times.
    fn multiplied(&self, size: &Value, times: &Value) -> Option<Measure> {
        let Some(Measure::SizeOf(ty, bytes)) = self.measures.of(size) else { return None };
        let bytes = match times {
            Value::Int(times) => bytes.and_then(|bytes| bytes.checked_mul(*times)),
            _ => None,
        };
        Some(Measure::SizeOf(ty.clone(), bytes))
    }

    /// What is known of a number.
    pub(super) fn number(&self, value: &Value) -> Option<Number> {
        let number = |base, plus| Some(Number { base, plus });
        match (value, self.measures.of(value)) {
            (Value::Int(constant), _) => number(None, *constant),
            (_, Some(Measure::Length { of: Some(of), plus, .. })) => number(Some(Start::Length(of.clone())), *plus),
            (_, Some(Measure::Sum(Some(of), plus))) => number(Some(Start::Symbol(*of)), *plus),
            (Value::Symbol(symbol), _) => number(Some(Start::Symbol(*symbol)), 0),
            _ => None,
        }
    }

    /// A constant number of bytes.
    pub(super) fn bytes(&self, value: &Value) -> Option<i64> {
        match (value, self.measures.of(value)) {
            (Value::Int(bytes), _) => Some(*bytes),
            (_, Some(Measure::SizeOf(_, bytes))) => *bytes,
            _ => None,
        }
    }

    /// Whether a value is the length of a string, or of its encoding.
    pub(super) fn counts_text(&self, value: &Value) -> bool {
        match self.measures.of(value) {
            Some(Measure::Length { text, of, .. }) => {
                *text || of.as_ref().is_some_and(|of| self.measures.encodes(of).is_some())
            }
            _ => false,
        }
    }

    /// A modelled function is called.
    pub(super) fn note_call(&mut self, path: &Path, calling: &Calling, model: ModelId) {
        let function = self.models.function(model);
        if self.models.hints().says(Hint::EncodesUtf8, &function.name)
            && let Some(text) = calling.args.first()
        {
            let of = Some(text.value.clone());
            let known = self.measures.encoded.entry(site_symbol(calling.site)).or_insert_with(|| of.clone());
            if *known != of {
                *known = None;
            }
        }
        match &function.sizing {
            Some(Sizing::SizeOf) => {
                if let Some(ty) = self.type_argument(calling.site) {
                    let size = self.models.native_size(&ty).filter(|size| size.most == Some(size.least));
                    self.measures.note(calling.site, Measure::SizeOf(ty, size.map(|size| i64::from(size.least))));
                }
            }
            Some(Sizing::Elements(at)) => {
                if let Some(count) = calling.root(at).map(|arg| arg.value.clone()) {
                    self.counted(path, calling, &count);
                }
            }
            Some(Sizing::Bytes(_) | Sizing::Index(_)) | None => {}
        }
    }

    /// The first type argument of a call, as written.
    fn type_argument(&self, site: Site) -> Option<Name> {
        match self.op_at(site)? {
            Op::Call(call) => call.type_args.first().map(|ty: &TypeRef| ty.name.clone()),
            _ => None,
        }
    }

    /// A block is asked for: checks the number, and gives it where later uses may tell what it counts.
    pub(super) fn asked(&mut self, path: &Path, calling: &Calling) -> Option<Asked> {
        let (at, bytes) = match self.models.function(calling.model?).sizing.as_ref()? {
            Sizing::Bytes(at) => (at, true),
            Sizing::Elements(at) => (at, false),
            Sizing::Index(_) | Sizing::SizeOf => return None,
        };
        // `calloc<T>()` is room for one.
        let number = match calling.root(at) {
            Some(given) => given.value.clone(),
            None if bytes => return None,
            None => Value::Int(1),
        };
        let types = &self.resolved(calling.site.frame).types;
        let element = calling.result.and_then(|local| types.get(local.index())).and_then(|ty| self.pointee(ty));
        let size = element.and_then(|ty| self.size_of(ty, 0));
        let name = element.map(|ty| self.type_name(ty)).unwrap_or_default();
        let text = matches!(self.measures.of(&number), Some(Measure::Length { text: true, .. }));
        let short_of_text = text && self.is_short_of_text(calling, &number);
        if short_of_text && self.models.hints().says(Hint::Utf8Units, &name) {
            self.short_of_text(path, calling, name);
            return None;
        }
        let exact = size.filter(|size| size.most == Some(size.least)).map(|size| i64::from(size.least));
        let settled = self.gets_settled(calling.site);
        let asked = |elements: Option<Name>| {
            let unit = if elements.is_some() { exact } else { Some(1) };
            let (by, number, count) = (calling.name.clone(), number.clone(), self.number(&number));
            Some(Asked { by, at: calling.at, number, count, elements, unit, settled, short_of_text })
        };
        let (wrong, confidence) = match (&number, self.measures.of(&number), size) {
            (Value::Int(given), _, Some(size)) if bytes && *given > 0 => {
                let exact = size.most.is_some();
                if *given < i64::from(size.least) {
                    (Miscount::TooFewBytes { bytes: *given, somewhere: false }, Confidence::High)
                } else if size.most.is_some_and(|most| *given < i64::from(most)) {
                    (Miscount::TooFewBytes { bytes: *given, somewhere: true }, Confidence::Medium)
                } else if exact && given % i64::from(size.least) != 0 {
                    (Miscount::PartOfElement { bytes: *given }, Confidence::Medium)
                } else {
                    return asked(None);
                }
            }
            (_, Some(Measure::Length { wide: true, .. }), Some(size)) if bytes && size.least > 1 => {
                (Miscount::LengthAsBytes, Confidence::High)
            }
            (_, Some(Measure::SizeOf(of, _)), size) if !bytes && size.is_none_or(|size| size.least > 1) => {
                let same = name.split('<').next() == Some(of.as_str());
                if !same {
                    return asked(Some(name));
                }
                (Miscount::BytesAsElements, Confidence::Medium)
            }
            _ => return asked((!bytes).then_some(name)),
        };
        self.miscounted(path, calling, name, wrong, confidence);
        None
    }

    /// A number counts elements of what the receiver points to.
    fn counted(&mut self, path: &Path, calling: &Calling, count: &Value) {
        if let Some(receiver) = &calling.receiver {
            self.note_reached(calling.site, &receiver.value);
        }
        self.check_count(path, calling, count);
        if let Some((asked, element)) = self.elements_of(path, calling)
            && self.is_number(count, &asked)
        {
            self.elements_counted(path, calling, asked, element, Some(calling.name.clone()));
        }
    }

    /// An element is read or written: at an index, or where a pointer was moved on to.
    pub(super) fn note_index(&mut self, path: &Path, target: &Target, calling: &Calling, place: &Place) {
        let Target::Model(model) = target else { return };
        let known = self.models.function(*model);
        match (place.path.first(), &known.sizing) {
            (Some(Projection::Index(index)), Some(Sizing::Index(_))) => self.index_used(path, calling, index),
            (Some(Projection::Field(_)), None) if known.summary.uses_pointee() => {
                if let Some((moved, index)) = self.moved_on(calling, place) {
                    self.index_used(path, &moved, &index);
                }
            }
            _ => {}
        }
    }

    /// The pointer that was moved on just before to the one that a place starts at, and how far.
    fn moved_on(&self, calling: &Calling, place: &Place) -> Option<(Calling, Operand)> {
        let Base::Local(moved) = place.base else { return None };
        let Site { frame, block, op } = calling.site;
        let ops = &self.function(frame).blocks.get(block.index())?.ops;
        let before = ops.iter().take(op as usize);
        let at = before.rev().position(|statement| written(&statement.op) == Some(moved))?;
        let at = (op as usize).checked_sub(at + 1)?;
        let (from, index) = match &ops.get(at)?.op {
            Op::Binary { left: Operand::Local(from), right, .. } => (*from, right),
            Op::Call(call) => match (&call.callee, call.args.first()) {
                (Callee::Method { receiver: Operand::Local(from), .. }, Some(arg)) => (*from, &arg.value),
                _ => return None,
            },
            _ => return None,
        };
        let by = Site { frame, block, op: at as u32 };
        let moves = matches!(self.target(by), Target::Model(model)
            if matches!(self.models.function(*model).sizing, Some(Sizing::Index(_))));
        let Some(Value::Pointer(id, _)) = calling.receiver.as_ref().map(|moved| &moved.value) else { return None };
        if !moves || !self.suspects.moves_from_start(by) {
            return None;
        }
        let ty = self.resolved(frame).types.get(from.index()).cloned();
        let receiver = Some(ArgValue { name: None, value: Value::Pointer(*id, Offset::Start), ty });
        let call = Calling::new(calling.site, calling.name.clone(), calling.at, calling.access);
        Some((Calling { receiver, ..call }, index.clone()))
    }

    /// What is at an index is read or written.
    fn index_used(&mut self, path: &Path, calling: &Calling, index: &Operand) {
        let Some(receiver) = calling.receiver.as_ref().map(|receiver| receiver.value.clone()) else { return };
        self.note_reached(calling.site, &receiver);
        let asked = |id| path.objects.get(&id).is_some_and(|object| object.story.asked.is_some());
        if !receiver.object().is_some_and(asked) {
            return;
        }
        let last = self.last_index(path, calling, index);
        if let Some((asked, element)) = self.elements_of(path, calling)
            && last.as_ref().is_some_and(|last| is_as_many(last, &asked))
        {
            return self.elements_counted(path, calling, asked, element, None);
        }
        self.check_index(path, calling, index, last);
    }

    /// How the block that the receiver points to was asked for, and the type of its elements, which are wider than a byte.
    fn elements_of(&self, path: &Path, calling: &Calling) -> Option<(Asked, Name)> {
        let receiver = calling.receiver.as_ref()?;
        let Value::Pointer(id, Offset::Start) = receiver.value else { return None };
        let asked = path.objects.get(&id)?.story.asked.clone().filter(|asked| asked.elements.is_none())?;
        let element = self.pointee(receiver.ty.as_ref()?)?;
        self.size_of(element, 0).filter(|size| size.least > 1)?;
        Some((asked, self.type_name(element)))
    }

    fn elements_counted(&mut self, path: &Path, calling: &Calling, asked: Asked, element: Name, by: Option<Name>) {
        let lengths = asked.count.as_ref().and_then(|count| count.length_of().cloned());
        let violation = Violation {
            kind: ViolationKind::Miscounted { call: asked.by, element, wrong: Miscount::ElementsAsBytes },
            function: self.root,
            at: asked.at,
            trace: vec![Step { kind: StepKind::Counted { by }, location: calling.at }],
            targets: path.targets,
            confidence: Confidence::High,
        };
        self.suspect(calling.site, lengths.into_iter().collect(), violation);
    }

    /// Whether a number is the one that a block was asked for with.
    fn is_number(&self, value: &Value, asked: &Asked) -> bool {
        match (self.number(value), &asked.count) {
            (Some(number), Some(count)) => number == *count && (number.base.is_some() || number.plus > 1),
            _ => false,
        }
    }

    fn miscounted(&mut self, path: &Path, calling: &Calling, element: Name, wrong: Miscount, confidence: Confidence) {
        self.report(Violation {
            kind: ViolationKind::Miscounted { call: calling.name.clone(), element, wrong },
            function: self.root,
            at: calling.at,
            trace: Vec::new(),
            targets: path.targets,
            confidence,
        });
    }

    /// What a pointer type points to.
    pub(super) fn pointee<'t>(&self, ty: &'t Ty) -> Option<&'t Ty> {
        match ty.value_type() {
            Ty::Model(id, args) if self.models.ty(*id).pointer => args.first(),
            _ => None,
        }
    }

    /// The size of a native type; of a struct the least that its fields need.
    pub(super) fn size_of(&self, ty: &Ty, depth: u32) -> Option<Size> {
        match ty {
            Ty::Model(id, _) => self.models.ty(*id).size,
            Ty::Class(class, _) if depth < MAX_DEPTH => {
                let least = self.struct_size(*class, depth)?;
                Some(Size { least, most: None })
            }
            _ => None,
        }
    }

    fn struct_size(&self, class: ClassRef, depth: u32) -> Option<u32> {
        let unit = self.program.units.get(class.unit as usize)?;
        let layout = unit.layouts.iter().find(|layout| layout.class == class.class)?;
        let fields = &self.program.class(class).fields;
        let sizes = layout.fields.iter().map(|(name, native)| {
            let nested = fields.iter().position(|field| field.name == *name).and_then(|index| {
                let field = VarRef { unit: class.unit, class: Some(class.class), index: index as u32 };
                self.size_of(self.program.variable_type(field), depth + 1)
            });
            let size = nested.or_else(|| self.models.native_size(&native.name));
            size.map_or(0, |size| size.least)
        });
        let size = if layout.is_union { sizes.max() } else { sizes.reduce(u32::saturating_add) };
        size.filter(|size| *size > 0)
    }

    /// A type as people write it, its arguments' own arguments left out.
    pub(super) fn type_name(&self, ty: &Ty) -> Name {
        let own = |ty: &Ty| match ty {
            Ty::Model(id, _) => self.models.ty(*id).name.clone(),
            Ty::Class(class, _) => self.program.class(*class).name.clone(),
            Ty::External(name) | Ty::Parameter(name) => name.clone(),
            _ => Name::default(),
        };
        let name = own(ty);
        match ty {
            Ty::Model(_, args) => match args.first().map(own) {
                Some(arg) if !arg.is_empty() => format!("{name}<{arg}>").into(),
                _ => name,
            },
            _ => name,
        }
    }
}

/// The local whose length a place is.
pub(super) fn length_of(place: &Place) -> Option<LocalId> {
    match (&place.base, place.path.as_slice()) {
        (Base::Local(local), [Projection::Field(name)]) if name == "length" => Some(*local),
        _ => None,
    }
}

/// The symbol of what the operation at a site gives.
fn site_symbol(site: Site) -> Symbol {
    Symbol::of((site, 0_u16))
}

/// Whether a loop has as many rounds as a number says, or one more or less, as people count them.
fn is_as_many(last: &LastIndex, asked: &Asked) -> bool {
    let rounds = last.number.clone().and(1);
    let Some((rounds, number)) = rounds.as_ref().zip(asked.count.as_ref()) else { return false };
    match (rounds.beyond(number), &rounds.base) {
        (Some(0), None) => rounds.plus > 1,
        (Some(more), Some(_)) => (-1..=1).contains(&more),
        _ => false,
    }
}
