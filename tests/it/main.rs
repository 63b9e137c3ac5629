//! The integration tests: one binary.
// A test says what it needs by failing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod fixtures;
mod limits;
mod link;
mod links;
mod lower;
mod models;
mod order;
mod own_models;
mod pages;
mod render;
mod support;
mod tidy;
mod verdicts;
mod wording;
