//! Platforms on which a verdict holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of platforms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetSet(u8);

impl TargetSet {
    /// No platform.
    pub const NONE: Self = Self(0);
    /// Windows.
    pub const WINDOWS: Self = Self(1);
    /// Linux, without Android.
    pub const LINUX: Self = Self(1 << 1);
    /// Android.
    pub const ANDROID: Self = Self(1 << 2);
    /// macOS.
    pub const MACOS: Self = Self(1 << 3);
    /// iOS.
    pub const IOS: Self = Self(1 << 4);
    /// HarmonyOS.
    pub const OHOS: Self = Self(1 << 5);
    /// The platforms whose libc allocator `package:ffi` uses; a name for display and configuration.
    pub const POSIX: Self = Self(Self::LINUX.0 | Self::ANDROID.0 | Self::MACOS.0 | Self::IOS.0);
    /// Every platform.
    pub const ALL: Self = Self(Self::WINDOWS.0 | Self::POSIX.0 | Self::OHOS.0);

    const NAMES: [(&'static str, Self); 7] = [
        ("windows", Self::WINDOWS),
        ("posix", Self::POSIX),
        ("linux", Self::LINUX),
        ("android", Self::ANDROID),
        ("macos", Self::MACOS),
        ("ios", Self::IOS),
        ("ohos", Self::OHOS),
    ];

    /// The set a name stands for (`windows`, `posix`, `linux`, …).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, set)| set)
    }

    /// Every name that [`from_name`](Self::from_name) knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|&(name, _)| name)
    }

    /// The shortest list of names for this set: `posix` stands for its four members.
    #[must_use]
    pub fn to_names(self) -> Vec<&'static str> {
        let mut rest = self;
        let mut names = Vec::new();
        for (name, set) in Self::NAMES {
            if !rest.is_empty() && rest.contains(set) {
                names.push(name);
                rest = rest.minus(set);
            }
        }
        names
    }

    /// The platforms one by one.
    pub fn each(self) -> impl Iterator<Item = Self> {
        (0..8).map(|bit| Self(1 << bit)).filter(move |one| self.contains(*one))
    }

    /// Whether no platform is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The platforms in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The platforms in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The platforms in this set and not in `other`.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for TargetSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.to_names().join(","))
    }
}
