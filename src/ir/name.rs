//! Names: one word each, and mostly shared.

use std::borrow::{Borrow, Cow};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arcstr::ArcStr;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::body;
use super::recent::Recent;

/// An identifier as written.
///
/// A program has as many names as it has operations, and few different ones: a name is a pointer to a text that those
/// made lately on the same thread share.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Name(ArcStr);

/// What is longer is no identifier, and hardly comes again.
const LONGEST_SHARED: usize = 64;

thread_local! {
    static RECENT: RefCell<Recent<Name>> = RefCell::default();
}

impl Name {
    /// The name of a text.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        text.as_ref().into()
    }

    /// A name that is there before the program runs, from an [`arcstr::literal!`].
    #[must_use]
    pub const fn literal(text: ArcStr) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        match text.len() {
            0 => Self::default(),
            length if length > LONGEST_SHARED => Self(text.into()),
            _ => RECENT.with_borrow_mut(|recent| match recent.known(text) {
                Some(known) => known,
                None => recent.keep::<str>(Self(text.into())),
            }),
        }
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Cow<'_, str>> for Name {
    fn from(text: Cow<'_, str>) -> Self {
        text.as_ref().into()
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Name> for str {
    fn eq(&self, other: &Name) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Name> for &str {
    fn eq(&self, other: &Name) -> bool {
        *self == other.as_str()
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

/// As the text's: a map of names is asked with texts.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match body::place_of_name(self) {
            Some(place) => serializer.serialize_u32(place),
            None => serializer.serialize_str(self.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match body::reads() {
            true => body::name_at(u32::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no such name")),
            false => ArcStr::deserialize(deserializer).map(|text| text.as_str().into()),
        }
    }
}
