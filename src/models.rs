//! The knowledge base: what APIs without a body here own, and which release fits which allocation.

pub mod schema;
