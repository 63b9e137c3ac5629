//! The only list of languages.

use serde::{Deserialize, Serialize};

/// A language ffilint knows by the name of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dart 3 and before.
    Dart,
    /// Rust.
    Rust,
    /// C.
    C,
    /// C++, and headers, which either of the two may use.
    Cpp,
}

impl Language {
    /// Every language, in the order reports list them.
    pub const ALL: &'static [Language] = &[Language::Dart, Language::Rust, Language::C, Language::Cpp];

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
            Self::Rust => &["rs"],
            Self::C => &["c"],
            Self::Cpp => &["cc", "cpp", "cxx", "c++", "h", "hh", "hpp", "hxx", "inl"],
        }
    }

    /// The word in machine-readable output: `dart`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Dart => "dart",
            Self::Rust => "rust",
            Self::C => "c",
            Self::Cpp => "cpp",
        }
    }

    /// The name for people: `Dart`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Dart => "Dart",
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
        }
    }

    /// Whether its memory is managed by hand: what the boundary leads to.
    #[must_use]
    pub fn is_native(self) -> bool {
        match self {
            Self::Dart => false,
            Self::Rust | Self::C | Self::Cpp => true,
        }
    }
}
