//! The only list of languages.

use serde::{Deserialize, Serialize};

/// A language ffilint knows by the name of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dart 3 and before.
    Dart,
    /// Rust.
    Rust,
    /// C.
    C,
    /// C++, and headers, which any of the four may use.
    Cpp,
    /// Objective-C: the functions of C in it.
    ObjC,
    /// Objective-C++: the functions of C++ in it.
    ObjCpp,
    /// TypeScript, and ArkTS, which HarmonyOS makes of it.
    TypeScript,
}

impl Language {
    /// Every language, in the order reports list them.
    pub const ALL: &'static [Language] = &[
        Language::Dart,
        Language::Rust,
        Language::C,
        Language::Cpp,
        Language::ObjC,
        Language::ObjCpp,
        Language::TypeScript,
    ];

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
            Self::ObjC => &["m"],
            Self::ObjCpp => &["mm"],
            Self::TypeScript => &["ts", "ets", "mts", "cts", "tsx"],
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
            Self::ObjC => "objc",
            Self::ObjCpp => "objcpp",
            Self::TypeScript => "typescript",
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
            Self::ObjC => "Objective-C",
            Self::ObjCpp => "Objective-C++",
            Self::TypeScript => "TypeScript",
        }
    }

    /// Whether its memory is managed by hand: what the boundary leads to.
    #[must_use]
    pub fn is_native(self) -> bool {
        match self {
            Self::Dart | Self::TypeScript => false,
            Self::Rust | Self::C | Self::Cpp | Self::ObjC | Self::ObjCpp => true,
        }
    }

    /// The language that it shares its functions with: no boundary lies between them.
    #[must_use]
    pub fn shares_with(self) -> Self {
        if self.is_plain_c() || self.is_cpp() { Self::C } else { self }
    }

    /// Whether it is C, with objects or without.
    #[must_use]
    pub fn is_plain_c(self) -> bool {
        matches!(self, Self::C | Self::ObjC)
    }

    /// Whether it is C++, with objects or without.
    #[must_use]
    pub fn is_cpp(self) -> bool {
        matches!(self, Self::Cpp | Self::ObjCpp)
    }

    /// The language that it is with objects left out.
    #[must_use]
    pub fn without_objects(self) -> Self {
        match self {
            Self::ObjC => Self::C,
            Self::ObjCpp => Self::Cpp,
            other => other,
        }
    }

    /// The family of native memory that every program of a language whose own memory is collected can release: Dart's
    /// by package:ffi.
    #[must_use]
    pub fn allocator(self) -> Option<&'static str> {
        (self == Self::Dart).then_some("dart.malloc")
    }

    /// Whether only Apple's compilers build it.
    #[must_use]
    pub fn is_objective(self) -> bool {
        matches!(self, Self::ObjC | Self::ObjCpp)
    }
}
