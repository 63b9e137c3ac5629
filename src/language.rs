//! The only list of languages.

use serde::{Deserialize, Serialize};

/// A language ffilint knows by the name of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dart 3 and before.
    Dart,
}

impl Language {
    /// Every language, in the order reports list them.
    pub const ALL: &'static [Language] = &[Language::Dart];

    /// The language of a file name; `None` for files ffilint does not read.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1;
        Self::ALL.iter().copied().find(|language| language.extensions().contains(&extension))
    }

    /// The endings of file names, without the dot.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Dart => &["dart"],
        }
    }

    /// The word in machine-readable output: `dart`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Dart => "dart",
        }
    }

    /// The name for people: `Dart`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Dart => "Dart",
        }
    }
}
