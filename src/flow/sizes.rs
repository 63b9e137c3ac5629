//! What numbers count: bytes or elements.
//!
//! A call may take a number of bytes, another one a number of elements. What a number was computed from, and what it is
//! used for later, tells which of the two it is.

use rustc_hash::FxHashMap;

use super::calls::Calling;
use super::engine::{Engine, Site};
use super::path::Path;
use super::value::{Offset, Symbol, Value};
use crate::ir::{Base, LocalId, Name, Op, Operand, Place, Projection, TypeRef};
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
    /// The length of a Dart value, and constants.
    Length {
        /// Of which; `None` where constants were added.
        of: Option<Value>,
        /// It counts what is wider than a byte, whatever the program does.
        wide: bool,
        /// The value is a string: what is counted are its UTF-16 code units.
        text: bool,
    },
    /// A multiple of `sizeOf<T>()`; the type's name.
    SizeOf(Name),
}

/// What symbols were computed from.
#[derive(Default)]
pub(super) struct Measures(FxHashMap<Symbol, Option<Measure>>);

impl Measures {
    fn of(&self, value: &Value) -> Option<&Measure> {
        match value {
            Value::Symbol(symbol) => self.0.get(symbol)?.as_ref(),
            _ => None,
        }
    }

    /// Notes what the operation at `site` gives. What is one thing now and another thing then is nothing.
    fn note(&mut self, site: Site, measure: Measure) {
        let known = self.0.entry(site_symbol(site)).or_insert_with(|| Some(measure.clone()));
        let same = match (&known, &measure) {
            (Some(Measure::Length { wide: a, text: c, .. }), Measure::Length { wide: b, text: d, .. }) => {
                a == b && c == d
            }
            (Some(known), measure) => known == measure,
            (None, _) => false,
        };
        *known = same.then_some(measure);
    }

    /// A symbol stands for what the operation at `site` gives.
    pub(super) fn same(&mut self, symbol: Symbol, site: Site) {
        if let Some(measure) = self.0.get(&site_symbol(site)).cloned() {
            self.0.insert(symbol, measure);
        }
    }
}

/// The number that a block was asked for with.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) by: Name,
    pub(super) at: Location,
    pub(super) number: Value,
    /// The type of the elements that the number counts; bytes where there is none.
    pub(super) elements: Option<Name>,
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
            self.measures.note(site, Measure::Length { of, wide, text });
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
        let constant = |value: &Value| matches!(value, Value::Int(_));
        let measure = match (op, self.measures.of(left), self.measures.of(right)) {
            ("*", Some(Measure::SizeOf(ty)), _) | ("*", _, Some(Measure::SizeOf(ty))) => Measure::SizeOf(ty.clone()),
            ("+" | "-", Some(Measure::Length { wide, text, .. }), None) if constant(right) => {
                Measure::Length { of: None, wide: *wide, text: *text }
            }
            ("+", None, Some(Measure::Length { wide, text, .. })) if constant(left) => {
                Measure::Length { of: None, wide: *wide, text: *text }
            }
            ("+", Some(Measure::Length { wide: a, text: c, .. }), Some(Measure::Length { wide: b, text: d, .. })) => {
                Measure::Length { of: None, wide: *a && *b, text: *c && *d }
            }
            _ => return,
        };
        self.measures.note(site, measure);
    }

    /// A modelled function is called.
    pub(super) fn note_call(&mut self, path: &Path, calling: &Calling, model: ModelId) {
        match &self.models.function(model).sizing {
            Some(Sizing::SizeOf) => {
                if let Some(ty) = self.type_argument(calling.site) {
                    self.measures.note(calling.site, Measure::SizeOf(ty));
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
        let block = self.function(site.frame).blocks.get(site.block.index())?;
        match &block.ops.get(site.op as usize)?.op {
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
        if let Some(Measure::Length { text: true, .. }) = self.measures.of(&number)
            && self.models.hints().says(Hint::Utf8Units, &name)
        {
            self.short_of_text(path, calling, name);
            return None;
        }
        let asked = |elements: Option<Name>| {
            Some(Asked { by: calling.name.clone(), at: calling.at, number: number.clone(), elements })
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
            (_, Some(Measure::SizeOf(of)), size) if !bytes && size.is_none_or(|size| size.least > 1) => {
                let same = name.split('<').next() == Some(of.as_str());
                if !same {
                    return asked(Some(name));
                }
                (Miscount::BytesAsElements, Confidence::Medium)
            }
            _ => return asked((!bytes).then_some(name)),
        };
        self.miscounted(path, calling.name.clone(), calling.at, name, wrong, Vec::new(), confidence);
        None
    }

    /// A number counts elements of what the receiver points to.
    fn counted(&mut self, path: &Path, calling: &Calling, count: &Value) {
        self.check_count(path, calling, count);
        if let Some((asked, element)) = self.elements_of(path, calling)
            && self.same_number(count, &asked.number)
        {
            self.elements_counted(path, calling, asked, element, Some(calling.name.clone()));
        }
    }

    /// An element is read or written, at an index.
    pub(super) fn note_index(&mut self, path: &Path, target: &Target, calling: &Calling, place: &Place) {
        if let (Target::Model(model), Some(Projection::Index(index))) = (target, place.path.first())
            && matches!(self.models.function(*model).sizing, Some(Sizing::Index(_)))
        {
            self.check_index(path, calling, index);
            if let Operand::Local(index) = **index
                && let Some((asked, element)) = self.elements_of(path, calling)
                && self.ends_at(path, calling.site.frame, index, &asked.number, ["<", ">"])
            {
                self.elements_counted(path, calling, asked, element, None);
            }
        }
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

    /// Whether a loop's variable is compared with a number as its end, by an operator or its mirror image.
    pub(super) fn ends_at(
        &self,
        path: &Path,
        frame: u32,
        variable: LocalId,
        number: &Value,
        [below, above]: [&str; 2],
    ) -> bool {
        let variable = Operand::Local(variable);
        self.function(frame).blocks.iter().any(|block| {
            block.ops.iter().any(|statement| {
                let end = match &statement.op {
                    Op::Binary { op, left, right, .. } if op == below && *left == variable => right,
                    Op::Binary { op, left, right, .. } if op == above && *right == variable => left,
                    _ => return false,
                };
                match end {
                    Operand::Local(end) => {
                        // A `length` is read again in each round.
                        let read = block.ops.iter().find_map(|statement| match &statement.op {
                            Op::Load { to, from, .. } if to == end => Some(from),
                            _ => None,
                        });
                        match read.and_then(length_of) {
                            Some(of) => self.is_length_of(number, &self.local(frame, path, of)),
                            None => self.same_number(&self.local(frame, path, *end), number),
                        }
                    }
                    end => self.same_number(&self.operand(frame, path, end), number),
                }
            })
        })
    }

    fn is_length_of(&self, number: &Value, value: &Value) -> bool {
        matches!(self.measures.of(number), Some(Measure::Length { of: Some(of), .. }) if of == value)
    }

    fn elements_counted(&mut self, path: &Path, calling: &Calling, asked: Asked, element: Name, by: Option<Name>) {
        let trace = vec![Step { kind: StepKind::Counted { by }, location: calling.at }];
        let wrong = Miscount::ElementsAsBytes;
        self.miscounted(path, asked.by, asked.at, element, wrong, trace, Confidence::High);
    }

    pub(super) fn same_number(&self, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Int(a), Value::Int(b)) => a == b && *a > 1,
            (Value::Symbol(a), Value::Symbol(b)) if a == b => true,
            _ => match (self.measures.of(one), self.measures.of(other)) {
                (Some(Measure::Length { of: Some(a), .. }), Some(Measure::Length { of: Some(b), .. })) => a == b,
                _ => false,
            },
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn miscounted(
        &mut self,
        path: &Path,
        call: Name,
        at: Location,
        element: Name,
        wrong: Miscount,
        trace: Vec<Step>,
        confidence: Confidence,
    ) {
        self.report(Violation {
            kind: ViolationKind::Miscounted { call, element, wrong },
            function: self.root,
            at,
            trace,
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
fn length_of(place: &Place) -> Option<LocalId> {
    match (&place.base, place.path.as_slice()) {
        (Base::Local(local), [Projection::Field(name)]) if name == "length" => Some(*local),
        _ => None,
    }
}

/// The symbol of what the operation at a site gives.
fn site_symbol(site: Site) -> Symbol {
    Symbol::of((site, 0_u16))
}
