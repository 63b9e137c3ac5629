//! Syntax → IR: dispatch only.

pub mod dart;
