//! ffilint: memory ownership across the FFI boundary, checked statically.

pub mod ir;
pub mod language;
pub mod link;
pub mod lower;
pub mod models;
pub mod parse;
pub mod source;
pub mod summary;
pub mod target;
