//! Which cap left a file out, and how that is said.

use super::Caps;

/// Why a file that the boundary leads to is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum LeftOut {
    /// [`Caps::files`].
    Files,
    /// [`Caps::bytes`].
    Bytes,
    /// [`Caps::vendored`].
    Vendored,
    /// [`Caps::rounds`].
    Rounds,
    /// [`Caps::vendored_rounds`].
    VendoredRounds,
}

impl LeftOut {
    /// Whether it is a matter of how large the project is. The others hold for every project: calls far from the
    /// boundary say little of it.
    pub(in super::super) fn is_by_size(self) -> bool {
        matches!(self, Self::Files | Self::Bytes | Self::Vendored)
    }

    /// What holds for a single file.
    pub(in super::super) fn of_one(self, caps: &Caps) -> String {
        format!("the boundary leads to it, but {}", self.why(caps))
    }

    /// What holds for so many.
    pub(in super::super) fn of_all(self, count: usize, caps: &Caps) -> String {
        let (vendored, files) = match self {
            Self::Vendored => ("vendored ", if count == 1 { "file" } else { "files" }),
            _ => ("", if count == 1 { "file" } else { "files" }),
        };
        format!("{count} {vendored}native {files} that the boundary leads to, because {}", self.why(caps))
    }

    fn why(self, caps: &Caps) -> String {
        match self {
            Self::Files => format!("no more than {} native files are parsed", caps.files),
            Self::Bytes => format!("no more than {} of native files are parsed", size(caps.bytes)),
            Self::Vendored => {
                format!("vendored files are parsed up to {} more than the project's own have", size(caps.vendored))
            }
            Self::Rounds => format!("calls are followed {} steps from the boundary", caps.rounds),
            Self::VendoredRounds => format!("calls are followed {} steps into vendored files", caps.vendored_rounds),
        }
    }
}

fn size(bytes: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}
