//! The IR as text, for snapshots and `ffilint dump-ir`.
