//! What functions do. There is much of it and most is looked at seldom: in an editor that rests, bodies are put away as
//! bytes, which take a small part of their room, and are there again as soon as somebody reads one.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{Block, Capture, Function, Local, Name, TypeRef, Unit};

/// What a function does, and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Parameters, `this`, captured variables, variables and temporaries.
    pub locals: Vec<Local>,
    /// For a closure: which local of the parent each captured local is. Captures are by reference.
    pub captures: Vec<Capture>,
    /// The blocks; the first is the entry. Empty when there is no body.
    pub blocks: Vec<Block>,
}

/// A [`Body`] that is there when it is read.
#[derive(Debug, Default)]
pub struct Kept {
    own: Option<Box<Body>>,
    away: Option<Away>,
    /// What is away, once somebody read it.
    again: OnceLock<Box<Body>>,
}

/// Where a body lies among those of its unit that were put away together.
#[derive(Clone, Debug)]
struct Away {
    among: Arc<Packed>,
    at: u32,
}

#[derive(Debug, Default)]
struct Packed {
    bytes: Box<[u8]>,
    bodies: Vec<Place>,
    words: Arc<Words>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    end: u32,
    has_blocks: bool,
}

/// The names and types of packed bodies, which speak of them by their places.
#[derive(Debug, Default)]
struct Words {
    names: Box<[Name]>,
    types: Box<[TypeRef]>,
}

static NOTHING: Body = Body { locals: Vec::new(), captures: Vec::new(), blocks: Vec::new() };

impl Deref for Function {
    type Target = Body;

    fn deref(&self) -> &Body {
        self.body.read()
    }
}

impl DerefMut for Function {
    fn deref_mut(&mut self) -> &mut Body {
        let Kept { own, away, again } = &mut self.body;
        let (away, again) = (away.take(), again.take());
        own.get_or_insert_with(|| again.or_else(|| Some(away?.body().into())).unwrap_or_default())
    }
}

impl Function {
    /// Whether it has blocks; a body that is put away stays there.
    #[must_use]
    pub fn has_blocks(&self) -> bool {
        match (&self.body.own, &self.body.away) {
            (Some(own), _) => !own.blocks.is_empty(),
            (None, Some(away)) => away.among.bodies.get(away.at as usize).is_some_and(|place| place.has_blocks),
            (None, None) => false,
        }
    }
}

impl Kept {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.away.is_none() && self.own.as_ref().is_none_or(|own| **own == NOTHING)
    }

    fn read(&self) -> &Body {
        match (&self.own, &self.away) {
            (Some(own), _) => own,
            (None, Some(away)) => self.again.get_or_init(|| away.body().into()),
            (None, None) => &NOTHING,
        }
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.read() == other.read()
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self { own: self.own.clone(), away: self.away.clone(), again: OnceLock::new() }
    }
}

impl Unit {
    /// Reads the bodies of all functions: nobody who looks at them later has to.
    pub fn read_bodies(&self) {
        for function in &self.functions {
            function.body.read();
        }
    }

    /// Puts the bodies of all functions away.
    pub fn put_away(&mut self) {
        let mut bodies = Vec::new();
        let mut bytes = Vec::new();
        WRITTEN.set(Some(Writing::default()));
        for function in &mut self.functions {
            function.body.again.take();
            let Some(body) = &function.body.own else { continue };
            match postcard::to_extend(&**body, std::mem::take(&mut bytes)) {
                Ok(longer) => bytes = longer,
                // Nothing of a body is what cannot be written; should it be, all of these stay where they are.
                Err(_) => {
                    WRITTEN.take();
                    return;
                }
            }
            bodies.push(Place {
                end: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                has_blocks: !body.blocks.is_empty(),
            });
        }
        let words = WRITTEN.take().map(Writing::into_words).unwrap_or_default();
        if bodies.is_empty() || bodies.last().is_some_and(|last| last.end == u32::MAX) {
            return;
        }
        bodies.shrink_to_fit();
        let among = Arc::new(Packed { bytes: bytes.into(), bodies, words: words.into() });
        let own = self.functions.iter_mut().filter(|function| function.body.own.is_some());
        for (at, function) in (0..).zip(own) {
            function.body = Kept { away: Some(Away { among: Arc::clone(&among), at }), ..Kept::default() };
        }
    }
}

impl Away {
    fn body(&self) -> Body {
        let Packed { bytes, bodies, words } = &*self.among;
        let at = self.at as usize;
        let end = |at: usize| bodies.get(at).map(|place| place.end as usize);
        let start = at.checked_sub(1).and_then(end).unwrap_or(0);
        let bytes = end(at).and_then(|end| bytes.get(start..end)).unwrap_or_default();
        let before = READ.replace(Some(Arc::clone(words)));
        // They were written here.
        let body = postcard::from_bytes(bytes).unwrap_or_default();
        READ.set(before);
        body
    }
}

/// The words of bodies that are being put away, and where each is: those that are the same lie, mostly, at one address.
#[derive(Default)]
struct Writing {
    names: Listed<Name>,
    types: Listed<TypeRef>,
}

struct Listed<T> {
    all: Vec<T>,
    places: FxHashMap<usize, u32>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { all: Vec::new(), places: FxHashMap::default() }
    }
}

impl<T: Clone> Listed<T> {
    fn place(&mut self, one: &T, address: usize) -> u32 {
        *self.places.entry(address).or_insert_with(|| {
            self.all.push(one.clone());
            self.all.len() as u32 - 1
        })
    }
}

impl Writing {
    fn into_words(self) -> Words {
        Words { names: self.names.all.into(), types: self.types.all.into() }
    }
}

thread_local! {
    static WRITTEN: RefCell<Option<Writing>> = const { RefCell::new(None) };
    static READ: RefCell<Option<Arc<Words>>> = const { RefCell::new(None) };
}

/// The place of a name among those of the bodies that are being put away; nothing where none are.
pub(super) fn place_of_name(name: &Name) -> Option<u32> {
    WRITTEN.with_borrow_mut(|writing| Some(writing.as_mut()?.names.place(name, name.as_str().as_ptr() as usize)))
}

/// The same of a type, by the address of what it consists of.
pub(super) fn place_of_type(ty: &TypeRef, address: usize) -> Option<u32> {
    WRITTEN.with_borrow_mut(|writing| Some(writing.as_mut()?.types.place(ty, address)))
}

/// Whether a body that was put away is being read.
pub(super) fn reads() -> bool {
    READ.with_borrow(Option::is_some)
}

/// The name at a place, while a body that was put away is being read.
pub(super) fn name_at(place: u32) -> Option<Name> {
    READ.with_borrow(|words| words.as_ref()?.names.get(place as usize).cloned())
}

/// The same of a type.
pub(super) fn type_at(place: u32) -> Option<TypeRef> {
    READ.with_borrow(|words| words.as_ref()?.types.get(place as usize).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::parse::Limits;
    use crate::source::FileId;

    #[test]
    fn what_is_put_away_is_there_when_it_is_read() {
        let text = "int f(int a) { final g = () => 'x$a'; for (var i = 0; i < a; i++) { use(i, g as List<int>?); } return a; }\n\
                    external int h(Pointer<Void> p);";
        let lowered = crate::lower::lower(FileId(0), Language::Dart, text, &Limits::default());
        assert!(lowered.is_ok());
        let Ok(unit) = lowered else { return };
        let mut away = unit.clone();
        away.put_away();
        assert!(away.functions.iter().all(|function| function.body.own.is_none()));
        let has_blocks = |unit: &Unit| unit.functions.iter().map(Function::has_blocks).collect::<Vec<_>>();
        assert_eq!(has_blocks(&away), has_blocks(&unit));
        assert!(away.functions.iter().all(|function| function.body.again.get().is_none()));
        assert_eq!(away, unit);
        // A change of one of them leaves the others away.
        away.functions[0].blocks.clear();
        away.put_away();
        assert!(!away.functions[0].has_blocks());
        assert_eq!(away.functions[1..], unit.functions[1..]);
    }
}
