//! ffilint: memory ownership across the FFI boundary, checked statically.

pub mod diagnostic;
pub mod flow;
pub mod ir;
pub mod language;
pub mod link;
pub mod lower;
pub mod models;
pub mod parse;
pub mod source;
pub mod state;
pub mod summary;
pub mod target;
pub mod violation;
